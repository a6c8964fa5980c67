/* Helpers of the endpoints: errors, JSON in and out, field checks, graph access, paging, ETags. */
#include "service/api.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

void api_json(call *c, unsigned http_status, json_t *document)
{
    char *text =
        document == NULL
            ? NULL
            : json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII * 0 | JSON_REAL_PRECISION(9));
    json_decref(document);
    if (text == NULL) {
        api_error(c, 503, "busy", "out of memory; try again soon");
        return;
    }
    buf_clear(&c->r->out);
    buf_add_cstr(&c->r->out, text);
    buf_add_char(&c->r->out, '\n');
    free(text);
    c->r->content_type = "application/json";
    c->r->status = http_status;
    if (!c->may_be_kept)
        http_header_out(c->r, "Cache-Control", "no-store");
}

/* Nothing may keep an error, even where the answer could have been kept. */
static void forbid_keeping(http_request *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, "ETag") != 0 &&
            strcmp(r->headers[i].name, "Cache-Control") != 0)
            r->headers[kept++] = r->headers[i];
    r->header_count = kept;
    http_header_out(r, "Cache-Control", "no-store");
}

void api_error(call *c, unsigned http_status, const char *code, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    buf *out = &c->r->out;
    buf_clear(out);
    buf_printf(out, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    log_json_string(out, str_from(message));
    buf_printf(out, ",\"request_id\":\"%s\"}}\n", c->r->id);
    c->r->content_type = "application/json";
    c->r->status = http_status;
    forbid_keeping(c->r);
}

void api_not_found(call *c, const char *what)
{
    api_error(c, 404, "not_found", "there is no such %s", what);
}

void api_forbidden(call *c, service_role role)
{
    api_error(c, 403, "forbidden", "this needs the role '%s' on the graph; %s '%s'",
              service_role_name(c->needed),
              c->key == NULL ? "without keys everybody has" : "the key has",
              service_role_name(role));
}

/* What a client may read of a failure: its kind always, its text only when it is about the request.
 */
void api_error_from(call *c, const error *err)
{
    LOG(c->s->log, LOG_WARN_LEVEL, "request_failed", LOG_CSTR("id", c->r->id),
        LOG_CSTR("code", status_name(err->code)), LOG_CSTR("message", err->message));
    switch (err->code) {
    case STATUS_USAGE:
    case STATUS_SYNTAX:
    case STATUS_INVALID:
    case STATUS_UNSUPPORTED:
        api_error(c, 422, status_name(err->code), "%s", err->message);
        return;
    case STATUS_NOT_FOUND:
        api_not_found(c, "thing");
        return;
    case STATUS_EXISTS:
        api_error(c, 409, "conflict", "%s", err->message);
        return;
    case STATUS_LIMIT:
        api_error(c, 413, "limit", "%s", err->message);
        return;
    case STATUS_DENIED:
        api_error(c, 403, "forbidden", "%s", err->message);
        return;
    case STATUS_BUSY:
    case STATUS_CANCELLED:
    case STATUS_MEMORY:
        http_header_out(c->r, "Retry-After", "1");
        api_error(c, 503, "busy", "the service could not finish this now; try again soon");
        return;
    default:
        api_error(c, 500, "internal", "the service failed; its log names this request's id");
    }
}

json_t *api_body(call *c)
{
    json_error_t problem;
    if (c->r->body.length == 0) {
        api_error(c, 400, "malformed", "a JSON body is needed");
        return NULL;
    }
    json_t *body = json_loadb(c->r->body.data, c->r->body.length, JSON_REJECT_DUPLICATES, &problem);
    if (body == NULL) {
        api_error(c, 400, "malformed", "the body is not valid JSON: line %d, column %d: %s",
                  problem.line, problem.column, problem.text);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        api_error(c, 422, "invalid", "the body must be a JSON object");
        return NULL;
    }
    return body;
}

/* Why a value does not fit its field; NULL when it does. */
static const char *misfit(const api_field *f, json_t *value, char *out, size_t bytes)
{
    clock_day day;
    switch (f->kind) {
    case API_TEXT: {
        size_t most = f->most > 0 ? (size_t)f->most : 65536;
        if (!json_is_string(value))
            return "must be a string";
        if (json_string_length(value) < (size_t)f->least)
            return "must not be empty";
        if (json_string_length(value) > most) {
            snprintf(out, bytes, "must have at most %zu bytes", most);
            return out;
        }
        return NULL;
    }
    case API_BOOL:
        return json_is_boolean(value) ? NULL : "must be true or false";
    case API_INTEGER:
        if (json_is_integer(value) && json_integer_value(value) >= f->least &&
            json_integer_value(value) <= f->most)
            return NULL;
        snprintf(out, bytes, "must be a whole number from %" PRId64 " to %" PRId64, f->least,
                 f->most);
        return out;
    case API_DATE:
        return json_is_string(value) &&
                       clock_day_parse(
                           str_make(json_string_value(value), json_string_length(value)), &day)
                   ? NULL
                   : "must be a date as 2024-07-01";
    case API_ARRAY:
        return json_is_array(value) ? NULL : "must be an array";
    case API_OBJECT:
        return json_is_object(value) ? NULL : "must be an object";
    }
    return "is of no known kind";
}

static const api_field *field_of(const char *name, const api_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool api_check(call *c, json_t *body, const api_field *fields, size_t count)
{
    buf problems = {0};
    char text[96];
    const char *name;
    json_t *value;
    json_object_foreach(body, name, value)
    {
        const api_field *f = field_of(name, fields, count);
        const char *why = f == NULL ? "is not known here" : NULL;
        if (f != NULL && !(json_is_null(value) && !f->required))
            why = misfit(f, value, text, sizeof text);
        if (why != NULL && problems.length < 400)
            buf_printf(&problems, "%s'%.60s' %s", problems.length > 0 ? "; " : "", name, why);
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && json_object_get(body, fields[i].name) == NULL)
            buf_printf(&problems, "%s'%s' is required", problems.length > 0 ? "; " : "",
                       fields[i].name);
    bool fine = problems.length == 0 && !problems.failed;
    if (!fine)
        api_error(c, 422, "invalid_fields", "%s", problems.data == NULL ? "" : problems.data);
    buf_free(&problems);
    return fine;
}

str api_text(json_t *body, const char *name)
{
    json_t *value = json_object_get(body, name);
    return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value))
                                 : str_make(NULL, 0);
}

void api_hide_folders(json_t *document)
{
    const char *name;
    json_t *value;
    size_t i;
    json_array_foreach(document, i, value)
    {
        api_hide_folders(value);
    }
    json_object_foreach(document, name, value)
    {
        if (strcmp(name, "source") != 0 || !json_is_string(value)) {
            api_hide_folders(value);
            continue;
        }
        str shown = answer_source_name(api_text(document, name));
        json_object_set_new(document, name, json_stringn(shown.data, shown.length));
    }
}

json_t *api_answer(const answer *a)
{
    json_t *document = answer_to_json(a);
    api_hide_folders(document);
    return document;
}

service_role api_role(const call *c, const char *graph)
{
    if (c->settings->keys == NULL)
        return ROLE_ASK; /* loopback without keys may only ask */
    return c->key == NULL ? ROLE_NONE : service_key_role(c->key, graph);
}

bool api_may_see(const call *c, const char *graph)
{
    return api_role(c, graph) >= ROLE_ASK;
}

bool api_use_graph(call *c, const char *name)
{
    service_role role = api_role(c, name);
    if (role < ROLE_ASK) {
        api_not_found(c, "graph");
        return false;
    }
    c->graph = service_graphs_acquire(c->s->graphs, name);
    if (c->graph == NULL) {
        api_not_found(c, "graph");
        return false;
    }
    c->role = role;
    c->graph_name = c->graph->name;
    if (role < c->needed) {
        api_forbidden(c, role);
        return false;
    }
    return true;
}

bool api_page(call *c, size_t most, size_t *limit, size_t *offset)
{
    const char *limit_text = http_query(c->r, "limit");
    const char *cursor = http_query(c->r, "cursor");
    int64_t value = 20;
    int64_t from = 0;
    if (limit_text != NULL &&
        (!str_to_i64(str_from(limit_text), &value) || value < 1 || (uint64_t)value > most)) {
        api_error(c, 422, "invalid_fields", "'limit' must be a whole number from 1 to %zu", most);
        return false;
    }
    if (cursor != NULL && (!str_to_i64(str_from(cursor), &from) || from < 0 || from > 1000000000)) {
        api_error(c, 422, "invalid_fields", "'cursor' is not one that this service gave");
        return false;
    }
    *limit = (size_t)value;
    *offset = (size_t)from;
    return true;
}

bool api_etag(call *c, kg_read *read)
{
    /* What a client sees depends on its role too. A file put back by hand may hold other statements
     * under a version that was there before, so the file counts. */
    char *tag =
        arena_printf(c->r->a, "\"%.*s-%" PRIx64 "-%" PRIx64 "-%d\"", STR_ARG(kg_graph_uuid(read)),
                     kg_read_version(read), c->graph->file, (int)c->role);
    if (tag == NULL)
        return false;
    http_header_out(c->r, "ETag", tag);
    http_header_out(c->r, "Cache-Control", "private, no-cache");
    http_header_out(c->r, "Vary", "Authorization, X-Api-Key");
    c->may_be_kept = true;
    if (c->if_none_match == NULL || strstr(c->if_none_match, tag) == NULL)
        return false;
    c->r->status = 304;
    return true;
}
