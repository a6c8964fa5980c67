/* Lines out of a byte source. See lines.h. */
#include "ingest/lines.h"

#include "ingest/reader.h"

#define READ_BYTES ((size_t)65536)

void ingest_lines_init(ingest_lines *l, ingest_source *source)
{
    *l = (ingest_lines){.source = source};
}

void ingest_lines_free(ingest_lines *l)
{
    buf_free(&l->held);
}

/* Moves what is unread to the front and reads more behind it. */
static status lines_fill(ingest_lines *l, error *err)
{
    if (l->at > 0) {
        memmove(l->held.data, l->held.data + l->at, l->held.length - l->at);
        l->held.length -= l->at;
        l->scanned -= l->at;
        l->at = 0;
    }
    if (!buf_reserve(&l->held, READ_BYTES + 1))
        return error_memory(err);
    size_t got = 0;
    status st = ingest_source_read(l->source, l->held.data + l->held.length, READ_BYTES, &got, err);
    if (st != STATUS_OK)
        return st;
    l->held.length += got;
    l->at_end = got == 0;
    return STATUS_OK;
}

/* Passes over the rest of a line that is too long; its first KiB stays in front of the buffer. */
static status lines_skip(ingest_lines *l, error *err)
{
    const size_t keep = 1024;
    for (;;) {
        char *feed = memchr(l->held.data + l->scanned, '\n', l->held.length - l->scanned);
        if (feed != NULL) {
            l->scanned = (size_t)(feed - l->held.data);
            return STATUS_OK;
        }
        l->held.length = l->scanned = l->at + keep;
        if (l->at_end)
            return STATUS_OK;
        status st = lines_fill(l, err);
        if (st != STATUS_OK)
            return st;
    }
}

static void lines_give(ingest_lines *l, size_t end, bool terminated, ingest_line *out)
{
    str text = str_make(l->held.data + l->at, end - l->at);
    if (text.length > 0 && text.data[text.length - 1] == '\r')
        text.length--;
    l->at = l->scanned = end + (terminated ? 1 : 0);
    *out = (ingest_line){.text = text, .number = ++l->number, .terminated = terminated};
}

status ingest_lines_next(ingest_lines *l, ingest_line *out, bool *more, error *err)
{
    for (;;) {
        char *feed = l->held.length == l->scanned
                         ? NULL
                         : memchr(l->held.data + l->scanned, '\n', l->held.length - l->scanned);
        if (feed != NULL) {
            lines_give(l, (size_t)(feed - l->held.data), true, out);
            *more = true;
            return STATUS_OK;
        }
        l->scanned = l->held.length;
        if (l->scanned - l->at > INGEST_MAX_LINE) {
            size_t start = l->at;
            status st = lines_skip(l, err);
            if (st != STATUS_OK)
                return st;
            start = l->at;
            bool terminated = l->scanned < l->held.length;
            lines_give(l, l->scanned, terminated, out);
            out->text = str_make(l->held.data + start, 1024);
            out->too_long = true;
            *more = true;
            return STATUS_OK;
        }
        if (l->at_end) {
            *more = l->at < l->held.length;
            if (*more)
                lines_give(l, l->held.length, false, out);
            return STATUS_OK;
        }
        status st = lines_fill(l, err);
        if (st != STATUS_OK)
            return st;
    }
}
