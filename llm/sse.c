/* See sse.h. */
#include "llm/sse.h"

static status dispatch(llm_sse *s, llm_sse_fn fn, void *user, error *err)
{
    status code = STATUS_OK;
    if (s->has_data)
        code = fn(user, buf_str(&s->data), err);
    buf_clear(&s->data);
    s->has_data = false;
    return code;
}

static status end_line(llm_sse *s, llm_sse_fn fn, void *user, error *err)
{
    str line = buf_str(&s->line);
    status code = STATUS_OK;
    if (str_empty(line)) {
        code = dispatch(s, fn, user, err);
    } else if (str_starts(line, STR("data:"))) {
        str value = str_slice(line, 5, line.length);
        if (value.length > 0 && value.data[0] == ' ')
            value = str_slice(value, 1, value.length);
        if (s->has_data)
            buf_add_char(&s->data, '\n');
        buf_add(&s->data, value);
        s->has_data = true;
    }
    buf_clear(&s->line);
    return s->data.failed ? error_memory(err) : code;
}

status llm_sse_feed(llm_sse *s, str bytes, llm_sse_fn fn, void *user, error *err)
{
    size_t limit = s->limit == 0 ? (size_t)1 << 20 : s->limit;
    status code = STATUS_OK;
    for (size_t i = 0; code == STATUS_OK && i < bytes.length; i++) {
        char c = bytes.data[i];
        bool second = s->after_cr && c == '\n';
        s->after_cr = c == '\r';
        if (second)
            continue;
        if (c == '\n' || c == '\r')
            code = end_line(s, fn, user, err);
        else if (s->line.length + s->data.length >= limit)
            code = error_set(err, STATUS_LIMIT, "the server sent an event above %zu bytes", limit);
        else if (!buf_add_char(&s->line, c))
            code = error_memory(err);
    }
    return code;
}

status llm_sse_finish(llm_sse *s, llm_sse_fn fn, void *user, error *err)
{
    status code = s->line.length > 0 ? end_line(s, fn, user, err) : STATUS_OK;
    return code == STATUS_OK ? dispatch(s, fn, user, err) : code;
}

void llm_sse_free(llm_sse *s)
{
    buf_free(&s->line);
    buf_free(&s->data);
}
