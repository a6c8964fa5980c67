/* See json_records.h. */
#include "ingest/json_records.h"

#include "ingest/reader.h"

#define MAX_DEPTH 200

void json_records_init(json_records *r, ingest_source *source, str key)
{
    *r = (json_records){.source = source, .key = key, .line = 1};
}

void json_records_free(json_records *r)
{
    buf_free(&r->held);
}

static status wrong(json_records *r, status code, const char *what, error *err)
{
    return error_set_at(err, code, ingest_source_location(r->source), r->line, 0, "%s", what);
}

/* Makes the byte at `index` (from the buffer's start) available; false at the end. */
static status ensure(json_records *r, size_t index, bool *there, error *err)
{
    status st = STATUS_OK;
    while (index >= r->held.length && !r->at_end && st == STATUS_OK) {
        size_t got = 0;
        if (!buf_reserve(&r->held, 65537))
            return error_memory(err);
        st = ingest_source_read(r->source, r->held.data + r->held.length, 65536, &got, err);
        r->held.length += st == STATUS_OK ? got : 0;
        r->at_end = got == 0;
    }
    *there = index < r->held.length;
    return st;
}

/* Forgets what is before `at`, now and then. */
static void compact(json_records *r)
{
    if (r->at < 65536)
        return;
    memmove(r->held.data, r->held.data + r->at, r->held.length - r->at);
    r->held.length -= r->at;
    r->at = 0;
}

/* Passes over white space, and commas between elements. */
static status skip_between(json_records *r, bool *there, error *err)
{
    for (;;) {
        status st = ensure(r, r->at, there, err);
        if (st != STATUS_OK || !*there)
            return st;
        char c = r->held.data[r->at];
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != ',')
            return STATUS_OK;
        r->line += c == '\n';
        r->at++;
    }
}

/* The end of the value that begins at `at`, and the line feeds in it. */
static status value_end(json_records *r, size_t *end, uint64_t *feeds, error *err)
{
    size_t i = r->at, depth = 0;
    bool text = false, there;
    *feeds = 0;
    for (;; i++) {
        status st = ensure(r, i, &there, err);
        if (st != STATUS_OK)
            return st;
        if (!there && (depth > 0 || text))
            return wrong(r, STATUS_SYNTAX, "the document ends too early", err);
        if (!there) {
            *end = i;
            return STATUS_OK;
        }
        if (i - r->at > INGEST_MAX_LINE)
            return wrong(r, STATUS_LIMIT, "a record is larger than 16 MiB", err);
        char c = r->held.data[i];
        *feeds += c == '\n';
        if (text) {
            if (c == '\\') {
                st = ensure(r, ++i, &there, err);
                if (st != STATUS_OK)
                    return st;
            } else {
                text = c != '"';
            }
        } else if (c == '"') {
            text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH)
                return wrong(r, STATUS_LIMIT, "is nested too deeply", err);
        } else if (c == '}' || c == ']') {
            if (depth == 0) { /* the array's own end */
                *end = i;
                return STATUS_OK;
            }
            depth--;
        }
        bool closed = !text && depth == 0 && (c == '}' || c == ']' || c == '"');
        bool scalar_end = !text && depth == 0 && (c == ',' || c == '\n' || c == ' ');
        if (closed || scalar_end) {
            *end = closed ? i + 1 : i;
            if (scalar_end && c == '\n')
                (*feeds)--;
            return STATUS_OK;
        }
    }
}

/* Goes to the array under the key: passes over the values of the other keys. */
static status find_key(json_records *r, error *err)
{
    bool there;
    for (r->at++;;) { /* behind '{' */
        status st = skip_between(r, &there, err);
        if (st == STATUS_OK && (!there || r->held.data[r->at] != '"'))
            st = wrong(r, STATUS_INVALID,
                       "holds no key of the name that the mapping's \"records\" gives", err);
        size_t end;
        uint64_t feeds;
        if (st == STATUS_OK)
            st = value_end(r, &end, &feeds, err);
        if (st != STATUS_OK)
            return st;
        bool found = str_equal(str_make(r->held.data + r->at + 1, end - r->at - 2), r->key);
        r->at = end;
        do
            st = skip_between(r, &there, err);
        while (st == STATUS_OK && there && r->held.data[r->at] == ':' && r->at++ < SIZE_MAX);
        if (st != STATUS_OK || found)
            return st;
        st = value_end(r, &end, &feeds, err);
        if (st != STATUS_OK)
            return st;
        r->at = end;
        r->line += feeds;
    }
}

static status start(json_records *r, error *err)
{
    bool there;
    status st = skip_between(r, &there, err);
    r->started = true;
    if (st != STATUS_OK || !there)
        return st;
    if (r->key.length > 0 && r->held.data[r->at] == '{')
        st = find_key(r, err);
    if (st == STATUS_OK)
        st = ensure(r, r->at, &there, err);
    if (st == STATUS_OK && there && r->held.data[r->at] == '[') {
        r->in_array = true;
        r->at++;
    }
    return st;
}

status json_records_next(json_records *r, json_record *out, bool *more, error *err)
{
    bool there = false;
    *more = false;
    status st = r->started ? STATUS_OK : start(r, err);
    compact(r);
    if (st == STATUS_OK)
        st = skip_between(r, &there, err);
    if (st != STATUS_OK || r->done)
        return st;
    if (!there)
        return r->in_array ? wrong(r, STATUS_SYNTAX, "the document ends too early", err)
                           : STATUS_OK;
    if (r->in_array && r->held.data[r->at] == ']') {
        r->done = true;
        return STATUS_OK;
    }
    size_t end;
    uint64_t feeds;
    st = value_end(r, &end, &feeds, err);
    if (st != STATUS_OK)
        return st;
    if (end == r->at)
        return wrong(r, STATUS_SYNTAX, "a bracket is closed that was not opened", err);
    *out = (json_record){str_make(r->held.data + r->at, end - r->at), r->line};
    r->at = end;
    r->line += feeds;
    *more = true;
    return STATUS_OK;
}
