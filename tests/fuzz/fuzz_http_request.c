/* Fuzzes the HTTP service with whole requests as bytes: request lines, headers, lengths, chunks,
 * paths, parameters, several requests on one connection. "@KEY@" in an input stands for a key of
 * the graph "med" with every role. */
#include "tests/fuzz/fuzz_service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fuzz_service *f = fuzz_service_get();
    buf request = {0}, reply = {0};
    str in = str_make((const char *)data, size);
    size_t from = 0, at;
    while ((at = str_find(in, STR("@KEY@"), from)) != STR_NONE) {
        buf_add(&request, str_slice(in, from, at));
        buf_add_cstr(&request, f->key);
        from = at + 5;
    }
    buf_add(&request, str_slice(in, from, in.length));
    fuzz_exchange(f, buf_str(&request), 5, &reply);
    (void)fuzz_check_reply(buf_str(&reply));
    buf_free(&request);
    buf_free(&reply);
    return 0;
}
