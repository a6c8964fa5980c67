/* Fuzzes the JSON body of each endpoint that takes one: the first byte chooses the endpoint, the
 * rest is the body. Whatever it is, an answer or an error in JSON with a code, never 500. */
#include "tests/fuzz/fuzz_service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {
        "/v1/ask",      "/v1/retrieve",          "/v1/verify", "/v1/chat/completions",
        "/v1/feedback", "/v1/graphs/med/ingest",
    };
    const fuzz_service *f = fuzz_service_get();
    buf request = {0}, reply = {0};
    if (size == 0)
        return 0;
    buf_printf(&request,
               "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
               paths[data[0] % CORE_COUNT(paths)], f->key, size - 1);
    buf_add(&request, str_make((const char *)data + 1, size - 1));
    fuzz_exchange(f, buf_str(&request), 0, &reply);
    if (fuzz_check_reply(buf_str(&reply)) == 0)
        abort();
    buf_free(&request);
    buf_free(&reply);
    return 0;
}
