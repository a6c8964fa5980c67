/* Fuzzes the GGUF reader: whatever the bytes, it gives an error or a file whose every value and
 * tensor can be read. */
#include <stdlib.h>

#include "llm/gguf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gguf *file = NULL;
    error err = {0};
    uint64_t sum = 0;
    if (gguf_open_memory(data, size, "fuzz", &file, &err) != STATUS_OK) {
        if (!error_is_set(&err) || file != NULL)
            __builtin_trap();
        return 0;
    }
    for (size_t i = 0; i < gguf_value_count(file); i++) {
        const gguf_value *v = gguf_value_at(file, i);
        const str *items = v->element == GGUF_STRING ? v->data : NULL;
        double number = 0;
        for (uint64_t k = 0; v->kind == GGUF_ARRAY && k < v->count && k < 4096; k++)
            sum += items != NULL ? str_hash(items[k], 0) : gguf_number_at(v, k, &number);
    }
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const gguf_tensor *t = gguf_tensor_at(file, i);
        size_t bytes = t->bytes > 65536 ? 65536 : (size_t)t->bytes;
        char *copy = malloc(bytes + 1);
        if (gguf_tensor_read(file, t, t->bytes - bytes, bytes, copy, &err) != STATUS_OK)
            __builtin_trap();
        sum += str_hash(str_make(copy, bytes), 1);
        free(copy);
    }
    gguf_close(file);
    (void)sum;
    return 0;
}
