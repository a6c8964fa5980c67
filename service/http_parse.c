/* See http_parse.h. */
#include "service/http_parse.h"

#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/utf8.h"
#include "service/http.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *http_percent_decode(str text, arena *a)
{
    char *out = arena_alloc(a, text.length + 1);
    size_t length = 0;
    for (size_t i = 0; out != NULL && i < text.length; i++) {
        int high = text.data[i] == '%' && text.length - i > 2 ? hex_digit(text.data[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
        if (low >= 0) {
            out[length++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[length++] = text.data[i];
        }
    }
    return out == NULL || memchr(out, '\0', length) != NULL || !utf8_valid(out, length) ? NULL
                                                                                        : out;
}

typedef struct framing {
    unsigned lengths, codings; /* how many such headers */
    bool odd;                  /* a coding other than "chunked" */
} framing;

static enum MHD_Result note_framing(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    (void)kind;
    framing *f = context;
    if (strcasecmp(name, "Content-Length") == 0)
        f->lengths++;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        f->codings++;
        f->odd = f->odd || value == NULL || strcasecmp(value, "chunked") != 0;
    }
    return MHD_YES;
}

bool http_framing_is_ambiguous(struct MHD_Connection *connection)
{
    framing f = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, note_framing, &f);
    return f.odd || f.lengths + f.codings > 1;
}

void http_answer_raw(int fd, const http_request *r)
{
    buf out = {0};
    buf_printf(&out,
               "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\nX-Request-Id: %s\r\n"
               "X-Content-Type-Options: nosniff\r\nContent-Length: %zu\r\n",
               r->status, MHD_get_reason_phrase_for(r->status),
               r->content_type == NULL ? "application/json" : r->content_type, r->id,
               r->out.length);
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(&out, "%s: %s\r\n", r->headers[i].name, r->headers[i].value);
    buf_add_cstr(&out, "\r\n");
    buf_add(&out, buf_str(&r->out));
    /* Nothing else waits in the socket's buffer, so it takes these few bytes or has no reader. */
    if (!out.failed)
        (void)!send(fd, out.data, out.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_free(&out);
}
