/* POST /v1/graphs/{g}/ingest, GET /v1/jobs/{id}, DELETE /v1/graphs/{g}/sources/{id}, and the run of
 * one load for the job queue. */
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ingest/job.h"
#include "service/api.h"
#include "service/download.h"
#include "service/ingest_job.h"

#define URL_REQUEST_BYTES 65536
#define MOST_TRIES 8 /* of a load whose graph file is replaced meanwhile */

/* The formats that a content type says; others are detected. */
static const char *format_of_type(const char *content_type)
{
    static const struct {
        const char *type, *format;
    } known[] = {
        {"text/csv", "csv"},
        {"text/tab-separated-values", "tsv"},
        {"application/n-triples", "ntriples"},
        {"application/n-quads", "nquads"},
        {"text/turtle", "turtle"},
        {"application/trig", "trig"},
        {"application/rdf+xml", "rdfxml"},
        {"application/x-ndjson", "jsonl"},
        {"application/jsonl", "jsonl"},
    };
    for (size_t i = 0; content_type != NULL && i < CORE_COUNT(known); i++)
        if (strncasecmp(content_type, known[i].type, strlen(known[i].type)) == 0)
            return known[i].format;
    return NULL;
}

static bool is_json(const char *content_type)
{
    return content_type != NULL && strncasecmp(content_type, "application/json", 16) == 0;
}

/* A file's name as a source's name may be given: no folder of this machine can be named. */
static bool name_is_fine(const char *name)
{
    size_t length = name == NULL ? 0 : strlen(name);
    return name == NULL || (length > 0 && length <= 512);
}

/* Mappings by the name of one that ships, never by a path of this machine. */
static bool map_is_fine(const char *map)
{
    return map == NULL ||
           (strspn(map, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(map) && map[0] != '\0');
}

static bool flag(call *c, const char *name)
{
    const char *text = http_query(c->r, name);
    return text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

static void hex_hash(const unsigned char *hash, char out[65])
{
    sodium_bin2hex(out, 65, hash, 32);
}

/* BLAKE2b over the request's parameters and the upload's bytes, for the idempotency key. */
static bool fingerprint(const job_request *r, char out[65])
{
    crypto_generichash_state state;
    unsigned char hash[32];
    unsigned char piece[65536];
    const char *const texts[] = {r->graph, r->url, r->source, r->format, r->map, r->encoding};
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    for (size_t i = 0; i < CORE_COUNT(texts); i++)
        crypto_generichash_update(&state, (const unsigned char *)(texts[i] == NULL ? "" : texts[i]),
                                  texts[i] == NULL ? 1 : strlen(texts[i]) + 1);
    const unsigned char flags[3] = {r->strict, r->allow_empty, r->dry_run};
    crypto_generichash_update(&state, flags, sizeof flags);
    FILE *f = r->file == NULL ? NULL : fopen(r->file, "re");
    size_t bytes;
    while (f != NULL && (bytes = fread(piece, 1, sizeof piece, f)) > 0)
        crypto_generichash_update(&state, piece, bytes);
    bool ok = r->file == NULL || (f != NULL && !ferror(f));
    if (f != NULL)
        fclose(f);
    crypto_generichash_final(&state, hash, sizeof hash);
    hex_hash(hash, out);
    return ok;
}

static void add_job(call *c, job_request *r)
{
    error err = {0};
    char id[33];
    char print[65];
    if (!name_is_fine(r->source) || !map_is_fine(r->map)) {
        api_error(c, 422, "invalid_fields",
                  "'source' must be a name, and 'map' the name of a mapping that ships");
        return;
    }
    if (c->idempotency_key != NULL && strlen(c->idempotency_key) > 255) {
        api_error(c, 422, "invalid_fields", "Idempotency-Key must have at most 255 bytes");
        return;
    }
    r->graph = c->graph_name;
    r->client = c->client;
    r->idempotency_key = c->idempotency_key;
    r->fingerprint = print;
    if (!fingerprint(r, print)) {
        api_error(c, 503, "busy", "the upload could not be kept; try again");
        return;
    }
    if (service_jobs_add(c->s->jobs, r, id, &err) != STATUS_OK) {
        api_error_from(c, &err);
        return;
    }
    c->r->body_path = NULL; /* the job has it now */
    http_header_out(c->r, "Location", arena_printf(c->r->a, "/v1/jobs/%s", id));
    api_json(c, 202, json_pack("{s:s, s:s}", "id", id, "status", "queued"));
}

static const char *text_or_null(json_t *body, const char *name)
{
    return json_string_value(json_object_get(body, name));
}

/* A JSON body asks for a URL. */
static void ingest_url(call *c)
{
    static const api_field fields[] = {
        {"url", API_TEXT, true, 1, 4096},       {"source", API_TEXT, false, 1, 512},
        {"format", API_TEXT, false, 1, 32},     {"map", API_TEXT, false, 1, 64},
        {"encoding", API_TEXT, false, 1, 32},   {"strict", API_BOOL, false, 0, 0},
        {"allow_empty", API_BOOL, false, 0, 0}, {"dry_run", API_BOOL, false, 0, 0},
    };
    char text[URL_REQUEST_BYTES];
    FILE *f = c->r->body_path == NULL ? NULL : fopen(c->r->body_path, "re");
    size_t bytes = f == NULL ? 0 : fread(text, 1, sizeof text, f);
    if (f != NULL)
        fclose(f);
    c->r->body = arena_str(c->r->a, str_make(text, bytes));
    json_t *body = api_body(c);
    if (body == NULL)
        return;
    error err = {0};
    if (!api_check(c, body, fields, CORE_COUNT(fields))) {
        json_decref(body);
        return;
    }
    const char *url = text_or_null(body, "url");
    if (service_download_allowed(c->settings->config, url, &err) == STATUS_OK) {
        job_request r = {.url = url,
                         .source = text_or_null(body, "source"),
                         .format = text_or_null(body, "format"),
                         .map = text_or_null(body, "map"),
                         .encoding = text_or_null(body, "encoding"),
                         .strict = json_is_true(json_object_get(body, "strict")),
                         .allow_empty = json_is_true(json_object_get(body, "allow_empty")),
                         .dry_run = json_is_true(json_object_get(body, "dry_run"))};
        if (r.source == NULL)
            r.source = url;
        add_job(c, &r);
    } else {
        api_error_from(c, &err);
    }
    json_decref(body);
}

void api_ingest(call *c)
{
    if (is_json(c->content_type)) {
        ingest_url(c);
        return;
    }
    if (c->r->body_path == NULL) {
        api_error(c, 400, "malformed", "the upload is empty; send the file's bytes as the body");
        return;
    }
    job_request r = {.file = c->r->body_path,
                     .source = http_query(c->r, "source"),
                     .format = http_query(c->r, "format"),
                     .map = http_query(c->r, "map"),
                     .encoding = http_query(c->r, "encoding"),
                     .strict = flag(c, "strict"),
                     .allow_empty = flag(c, "allow_empty"),
                     .dry_run = flag(c, "dry_run")};
    if (r.format == NULL && r.map == NULL)
        r.format = format_of_type(c->content_type);
    if (r.source == NULL)
        r.source = arena_printf(c->r->a, "upload-%s", c->r->id);
    add_job(c, &r);
}

void api_job(call *c)
{
    error err = {0};
    json_t *job = NULL;
    if (service_jobs_get(c->s->jobs, c->segments[0], &job, &err) != STATUS_OK) {
        api_not_found(c, "job");
        return;
    }
    /* Who may not see the job's graph does not learn that there is a job. */
    const char *graph = json_string_value(json_object_get(job, "graph"));
    service_role role = graph == NULL ? ROLE_NONE : api_role(c, graph);
    if (role < c->needed) {
        if (role == ROLE_NONE)
            api_not_found(c, "job");
        else
            api_forbidden(c, role);
        json_decref(job);
        return;
    }
    json_object_del(job, "client");
    api_json(c, 200, job);
}

/* --- running a load ------------------------------------------------------------------------------
 */
static json_t *report_json(const ingest_report *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "lines", (json_int_t)r->lines,
                     "read", (json_int_t)r->read, "added", (json_int_t)r->added, "kept",
                     (json_int_t)r->kept, "removed", (json_int_t)r->removed, "rejected",
                     (json_int_t)r->rejected, "statements", (json_int_t)r->statements, "ms", r->ms);
}

static status load_file(service *s, service_graph *graph, const job_request *job, const char *file,
                        json_t **report, error *err)
{
    ingest_report result = {0};
    const ingest_options options = {.format = job->format,
                                    .map = job->map,
                                    .source = job->source,
                                    .encoding = job->encoding,
                                    .authority = -1,
                                    .strict = job->strict,
                                    .dry_run = job->dry_run,
                                    .allow_empty = job->allow_empty};
    const char *places[] = {file};
    status code = ingest_run(graph->store, places, 1, &options, &result, err);
    *report = report_json(&result);
    if (code != STATUS_OK) /* the message may name the upload's path, which is the server's own */
        LOG(s->log, LOG_WARN_LEVEL, "load_failed", LOG_CSTR("graph", graph->name),
            LOG_CSTR("file", err->file), LOG_CSTR("why", err->message));
    return code;
}

/* Loads into the graph as its file is now. A file that was replaced while the load ran took the
 * load with it, so that it runs again; loading a source twice is loading it once. */
static status load_current(service *s, const job_request *job, const char *file, json_t **report,
                           error *err)
{
    for (int tries = 0;; tries++) {
        service_graph *graph = NULL;
        status code = service_graphs_acquire_current(s->graphs, job->graph, &graph, err);
        if (code != STATUS_OK)
            return code;
        json_decref(*report);
        *report = NULL;
        code = load_file(s, graph, job, file, report, err);
        bool current = service_graph_is_current(graph);
        service_graphs_release(s->graphs, graph);
        if (code != STATUS_OK || current)
            return code;
        if (tries == MOST_TRIES)
            return error_set(err, STATUS_BUSY, "the graph's file was replaced again and again");
    }
}

static status fetch(service *s, const job_request *job, char path[PATH_MAX], error *err)
{
    unsigned char random[8];
    char name[17];
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    snprintf(path, PATH_MAX, "%s/fetch-%s", s->upload_dir, name);
    service_settings *settings = service_settings_acquire(s);
    status code = service_download(settings->config, job->url, path, err);
    service_settings_release(s, settings);
    return code;
}

status ingest_job_run(void *context, const job_request *job, json_t **report, error *err)
{
    service *s = context;
    char downloaded[PATH_MAX];
    const char *file = job->file;
    if (job->graph == NULL || (file == NULL && job->url == NULL))
        return error_set(err, STATUS_CORRUPT, "the job's record is damaged");
    status code = STATUS_OK;
    if (file == NULL) {
        code = fetch(s, job, downloaded, err);
        file = downloaded;
    }
    if (code == STATUS_OK)
        code = load_current(s, job, file, report, err);
    if (file == downloaded)
        unlink(downloaded);
    return code;
}

/* --- deleting a source
 * ----------------------------------------------------------------------------- */
static void audit_delete(call *c, const char *source)
{
    error err = {0};
    audit_entry entry = {.request_id = str_from(c->r->id),
                         .client = str_from(c->client),
                         .graph = str_from(c->graph_name),
                         .action = STR("delete_source"),
                         .detail = str_from(source),
                         .outcome = STR("done")};
    if (c->s->audit != NULL && service_audit_append(c->s->audit, &entry, &err) != STATUS_OK)
        LOG(c->s->log, LOG_ERROR_LEVEL, "audit_failed", LOG_CSTR("why", err.message));
}

static status delete_source(service_graph *graph, str source, kg_write_report *report, error *err)
{
    kg_write *write = NULL;
    status code = kg_write_begin(graph->store, &write, err);
    if (code == STATUS_OK)
        code = kg_write_delete_source(write, source, err);
    if (code != STATUS_OK) {
        kg_write_rollback(write);
        return code;
    }
    return kg_write_commit(write, report, err);
}

void api_delete_source(call *c)
{
    error err = {0};
    service_graph *graph = NULL;
    kg_write_report report = {0};
    const char *source = c->segments[0];
    status code = service_graphs_acquire_current(c->s->graphs, c->graph_name, &graph, &err);
    if (code == STATUS_OK)
        code = delete_source(graph, str_from(source), &report, &err);
    service_graphs_release(c->s->graphs, graph);
    if (code == STATUS_NOT_FOUND) {
        api_not_found(c, "source");
    } else if (code != STATUS_OK) {
        api_error_from(c, &err);
    } else {
        audit_delete(c, source);
        api_json(c, 200,
                 json_pack("{s:s, s:I, s:I}", "source", source, "removed",
                           (json_int_t)report.removed, "statements",
                           (json_int_t)report.statements));
    }
}
