/* A small SentencePiece vocabulary for tests of constraints and generation: <unk> <s> </s>, the 256
 * bytes (id = 3 + byte), then the words below. */
#ifndef VOUCH_TESTS_SMALL_VOCAB_H
#define VOUCH_TESTS_SMALL_VOCAB_H

#include <stdio.h>

#include "llm/tokenizer.h"

#define SMALL_EOS 2
#define SMALL_BYTE(c) (3 + (int32_t)(unsigned char)(c))
#define SMALL_WORD 259 /* id of the first word */

/* NULL when it cannot be made. `words` are normal tokens, those that start with '<' user-defined.
 */
static inline llm_tokenizer *small_vocab(const char *const *words, size_t count)
{
    str tokens[512];
    float scores[512] = {0};
    int32_t types[512];
    char bytes[256][8];
    size_t n = 0;
    const char *const control[] = {"<unk>", "<s>", "</s>"};
    for (int i = 0; i < 3; i++) {
        types[n] = i == 0 ? LLM_TOKEN_UNKNOWN : LLM_TOKEN_CONTROL;
        tokens[n++] = str_from(control[i]);
    }
    for (int i = 0; i < 256; i++) {
        snprintf(bytes[i], sizeof bytes[i], "<0x%02X>", i);
        types[n] = LLM_TOKEN_BYTE;
        tokens[n++] = str_from(bytes[i]);
    }
    for (size_t i = 0; i < count && n < 512; i++) {
        types[n] = words[i][0] == '<' ? LLM_TOKEN_USER_DEFINED : LLM_TOKEN_NORMAL;
        scores[n] = -(float)i;
        tokens[n++] = str_from(words[i]);
    }
    llm_vocab_spec spec = llm_vocab_spec_empty();
    spec.family = LLM_TOKENIZER_SPM;
    spec.count = n;
    spec.tokens = tokens;
    spec.scores = scores;
    spec.types = types;
    spec.unknown = 0, spec.bos = 1, spec.eos = 2;
    spec.add_space_prefix = 0;
    llm_tokenizer *t = NULL;
    error err = {0};
    return llm_tokenizer_new(&spec, &t, &err) == STATUS_OK ? t : NULL;
}

#endif
