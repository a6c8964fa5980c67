/* Fuzzes the byte source (compression, encodings) and the telling of formats. */
#include "tests/fuzz/fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    error err = {0};
    ingest_source *source;
    ingest_source_options o = {.max_bytes = (uint64_t)4 << 20};
    if (ingest_source_memory(str_make((const char *)data, size), &o, &source, &err) != STATUS_OK)
        return 0;
    ingest_format format;
    (void)ingest_format_detect(STR("x"), ingest_source_peek(source), "x", &format, &err);
    str text;
    if (ingest_source_slurp(source, (size_t)4 << 20, &text, &err) == STATUS_OK)
        free((void *)(uintptr_t)text.data);
    ingest_source_close(source);
    return 0;
}
