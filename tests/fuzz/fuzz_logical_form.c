/* Fuzzes the reader of logical forms: what parses prints, and prints to what parses the same. */
#include "retriever/logical_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new((size_t)64 << 20);
    const lf_node *form = NULL, *again = NULL;
    error err = {0};
    buf out = {0};
    if (lf_parse(str_make((const char *)data, size), a, &form, &err) == STATUS_OK) {
        lf_print(form, true, &out);
        if (lf_parse(buf_str(&out), a, &again, &err) != STATUS_OK)
            __builtin_trap();
        lf_print_sparql(form, &out);
        (void)lf_print_model(form, NULL, NULL, a, &out);
    }
    buf_free(&out);
    arena_free(a);
    return 0;
}
