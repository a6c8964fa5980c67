/* Fuzzes the reading of mappings. */
#include "tests/fuzz/fuzz_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    error err = {0};
    ingest_mapping *m;
    if (ingest_mapping_parse(str_make((const char *)data, size), "fuzz", &m, &err) == STATUS_OK)
        ingest_mapping_free(m);
    return 0;
}
