/* Fuzzes the statutes: two files cut from the input, linked and emitted. */
#include "ingest/statutes.h"
#include "tests/fuzz/fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(ingest_statutes *s, str text, size_t *index, size_t *count)
{
    error err = {0};
    ingest_source *source;
    ingest_source_options o = {.encoding = "UTF-8"};
    uint64_t lines;
    if (ingest_source_memory(text, &o, &source, &err) != STATUS_OK)
        return;
    if (ingest_statutes_add(s, source, &index[*count], &lines, &err) == STATUS_OK)
        ++*count;
    ingest_source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    error err = {0};
    ingest_statutes *s;
    str text = str_make((const char *)data, size);
    size_t cut = str_find(text, STR("\f"), 0), index[2], count = 0;
    if (ingest_statutes_new(&s, &err) != STATUS_OK)
        return 0;
    add(s, str_slice(text, 0, cut == STR_NONE ? size : cut), index, &count);
    if (cut != STR_NONE)
        add(s, str_slice(text, cut + 1, size), index, &count);
    ingest_statutes_link(s);
    ingest_sink sink = fuzz_sink();
    for (size_t i = 0; i < count; i++)
        (void)ingest_statutes_emit(s, index[i], &sink, &err);
    ingest_statutes_free(s);
    return 0;
}
