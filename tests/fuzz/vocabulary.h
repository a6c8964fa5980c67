/* For the tokenizer fuzzers: a vocabulary out of the first lines of the input, the text behind it.
 * A line is a token: its first byte gives its type, the rest its text; an empty line ends the
 * vocabulary. Lines that start with 'm' are merges. */
#ifndef VOUCH_TESTS_FUZZ_VOCABULARY_H
#define VOUCH_TESTS_FUZZ_VOCABULARY_H

#include "core/utf8.h"
#include "llm/tokenizer.h"

#define FUZZ_MOST_TOKENS 512

static inline void fuzz_encode(const llm_tokenizer *t, str text, unsigned flags)
{
    llm_tokens ids = {0};
    buf back = {0};
    error err = {0};
    if (llm_tokenizer_encode(t, text, flags, &ids, &err) == STATUS_OK) {
        for (size_t i = 0; i < ids.count; i++)
            if (ids.ids[i] < 0 || (size_t)ids.ids[i] >= llm_tokenizer_count(t))
                __builtin_trap();
        if (llm_tokenizer_decode(t, ids.ids, ids.count, true, &back, &err) == STATUS_OK &&
            !utf8_valid(back.data, back.length))
            __builtin_trap();
    }
    buf_free(&back);
    llm_tokens_free(&ids);
}

static inline void fuzz_tokenizer(llm_tokenizer_family family, const char *pre, str input)
{
    static const float scores[FUZZ_MOST_TOKENS] = {-1, -2, 0, -1, -3, 4, -1, 0.5f};
    str tokens[FUZZ_MOST_TOKENS], merges[FUZZ_MOST_TOKENS], line;
    int32_t types[FUZZ_MOST_TOKENS];
    llm_vocab_spec spec = llm_vocab_spec_empty();
    spec.family = family;
    spec.pre = str_from(pre);
    while (str_split(&input, '\n', &line) && !str_empty(line)) {
        if (line.data[0] == 'm' && spec.merge_count < FUZZ_MOST_TOKENS)
            merges[spec.merge_count++] = str_slice(line, 1, line.length);
        else if (spec.count < FUZZ_MOST_TOKENS) {
            types[spec.count] = line.data[0] % 7;
            tokens[spec.count++] = str_slice(line, 1, line.length);
        }
    }
    spec.tokens = tokens, spec.types = types, spec.scores = scores, spec.merges = merges;
    spec.bos = spec.count > 0 ? 0 : LLM_TOKEN_NONE;
    spec.unknown = spec.count > 1 ? 1 : LLM_TOKEN_NONE;
    llm_tokenizer *t = NULL;
    error err = {0};
    if (llm_tokenizer_new(&spec, &t, &err) != STATUS_OK)
        return;
    str text = input.data == NULL ? STR("") : input;
    fuzz_encode(t, text, 0);
    fuzz_encode(t, text, LLM_ENCODE_SPECIAL | LLM_ENCODE_ENDS);
    const llm_vocab_order *order = llm_tokenizer_order(t);
    for (size_t i = 0; order != NULL && i < order->count; i++)
        if (order->shared[i] > llm_tokenizer_piece(t, order->ids[i], false).length)
            __builtin_trap();
    llm_tokenizer_free(t);
}

#endif
