/* Fuzzes the normaliser: offsets stay inside the text and in order. */
#include "retriever/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new((size_t)64 << 20);
    text_tokens t = {0};
    error err = {0};
    if (size < 65536 &&
        text_tokenise(str_make((const char *)data, size), size % 2 == 0, a, &t, &err) == STATUS_OK)
        for (size_t i = 0; i < t.count; i++)
            if (t.items[i].end > size || t.items[i].start >= t.items[i].end ||
                (i > 0 && t.items[i].start < t.items[i - 1].start))
                __builtin_trap();
    arena_free(a);
    return 0;
}
