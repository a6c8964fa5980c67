/* Fuzzes the parser of what a remote model sends: a stream of events, cut anywhere, and the same
 * bytes as one response. */
#include "core/utf8.h"
#include "llm/remote.h"
#include "llm/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static status on_event(void *user, str data, error *err)
{
    return llm_remote_parse(user, data, err);
}

static bool on_text(void *user, str text)
{
    *(size_t *)user += text.length;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const str stop[] = {{"END", 3}, {"\n\n", 2}};
    size_t shown = 0, cut = size > 0 ? data[0] % 13 + 1u : 1;
    llm_request q = llm_request_default();
    q.stop = stop, q.stop_count = 2, q.logprobs = true, q.top_logprobs = 2;
    q.on_text = on_text, q.user = &shown;
    for (int whole = 0; whole < 2; whole++) {
        llm_result r = {0};
        llm_sse sse = {.limit = 4096};
        error err = {0};
        llm_remote_answer a = {.request = &q, .result = &r};
        status s = STATUS_OK;
        shown = 0;
        for (size_t i = 1; !whole && s == STATUS_OK && i < size; i += cut)
            s = llm_sse_feed(&sse, str_slice(str_make((const char *)data, size), i, i + cut),
                             on_event, &a, &err);
        if (whole && size > 0)
            s = llm_remote_parse(&a, str_make((const char *)data + 1, size - 1), &err);
        if (shown > r.text.length || (s != STATUS_OK && !error_is_set(&err)) ||
            r.top_count != r.said_count * r.top_per_token)
            __builtin_trap();
        if (r.text.length > 0 && !utf8_valid(r.text.data, r.text.length))
            __builtin_trap();
        llm_sse_free(&sse);
        llm_result_free(&r);
    }
    return 0;
}
