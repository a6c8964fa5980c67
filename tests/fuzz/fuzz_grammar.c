/* Fuzzes the grammar compiler and matcher: a grammar, a NUL, a text. What matches byte by byte must
 * match through the masks too, and nothing that is masked may be accepted. */
#include "llm/grammar.h"
#include "tests/unit/small_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(const llm_grammar *g, const llm_tokenizer *t, str text)
{
    llm_constraint *c = NULL;
    error err = {0};
    uint64_t mask[8];
    if (llm_constraint_grammar(g, t, &c, &err) != STATUS_OK)
        return;
    for (size_t i = 0; i < text.length && i < 64; i++) {
        llm_mask_fill(mask, c->vocabulary);
        if (llm_constraint_mask(c, mask, &err) != STATUS_OK)
            break;
        bool allowed = llm_mask_has(mask, SMALL_BYTE(text.data[i]));
        error refused = {0};
        status s = llm_constraint_accept(c, SMALL_BYTE(text.data[i]), &refused);
        if (s == STATUS_LIMIT || s == STATUS_MEMORY)
            break;
        if ((s == STATUS_OK) != allowed)
            __builtin_trap();
        if (s != STATUS_OK)
            break;
    }
    llm_constraint_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"ab", "a\xe4", "\"}", "12", ", "};
    str input = str_make((const char *)data, size);
    size_t end = str_find(input, (str){"", 1}, 0);
    llm_grammar *g = NULL;
    error err = {0};
    if (llm_grammar_compile(str_slice(input, 0, end), &g, &err) != STATUS_OK) {
        if (!error_is_set(&err) || g != NULL)
            __builtin_trap();
        return 0;
    }
    str text = end == STR_NONE ? STR("") : str_slice(input, end + 1, size);
    llm_grammar_match(g, text, &err);
    llm_tokenizer *t = small_vocab(words, 5);
    follow(g, t, text);
    llm_tokenizer_free(t);
    llm_grammar_free(g);
    return 0;
}
