/* Fuzzes the translation of JSON Schemas: what it accepts must be a grammar that compiles. */
#include "llm/grammar.h"
#include "llm/json_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf text = {0};
    error err = {0};
    llm_grammar *g = NULL;
    if (llm_json_schema_to_grammar(str_make((const char *)data, size), &text, &err) == STATUS_OK) {
        status s = llm_grammar_compile(buf_str(&text), &g, &err);
        if (s != STATUS_OK && s != STATUS_LIMIT)
            __builtin_trap();
        llm_grammar_free(g);
    } else if (!error_is_set(&err)) {
        __builtin_trap();
    }
    buf_free(&text);
    return 0;
}
