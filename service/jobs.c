/* See jobs.h. jobs.db keeps one row a job; the request is a JSON document in it. The one connection
 * is under the mutex; the jobs' thread holds it only to fetch work and to write results. */
#include "service/jobs.h"

#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

#define MOST_WAITING 256
#define KEEP_SECONDS 86400

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS job("
    " id TEXT PRIMARY KEY, seq INTEGER NOT NULL, graph TEXT NOT NULL, client TEXT NOT NULL,"
    " status TEXT NOT NULL, request TEXT NOT NULL, report TEXT, error TEXT,"
    " created_at INTEGER NOT NULL, finished_at INTEGER,"
    " idempotency_key TEXT, fingerprint TEXT);"
    "CREATE UNIQUE INDEX IF NOT EXISTS job_key ON job(client, idempotency_key)"
    " WHERE idempotency_key IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS job_waiting ON job(seq) WHERE status IN ('queued','running');"
    "UPDATE job SET status='queued' WHERE status='running';";

struct service_jobs {
    sqlite3 *db;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    bool started, stopping;
    job_run run;
    void *context;
    const logger *log;
};

static status failed(service_jobs *j, error *err)
{
    return error_set(err, STATUS_INTERNAL, "job store: %s", sqlite3_errmsg(j->db));
}

static void bind(sqlite3_stmt *s, int at, const char *text)
{
    if (text == NULL)
        sqlite3_bind_null(s, at);
    else
        sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

static const char *column(sqlite3_stmt *s, int at)
{
    return (const char *)sqlite3_column_text(s, at);
}

/* --- the jobs' thread
 * ----------------------------------------------------------------------------- */
typedef struct taken_job {
    char id[33];
    json_t *request;
} taken_job;

/* Marks the oldest waiting job as running; false when none waits. Under the lock. */
static bool take(service_jobs *j, taken_job *out)
{
    sqlite3_stmt *s = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(j->db,
                           "UPDATE job SET status='running' WHERE id=(SELECT id FROM job WHERE"
                           " status='queued' ORDER BY seq LIMIT 1) RETURNING id, request",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        snprintf(out->id, sizeof out->id, "%s", column(s, 0));
        out->request = json_loads(column(s, 1), 0, NULL);
        found = true;
        while (sqlite3_step(s) == SQLITE_ROW)
            ;
    }
    sqlite3_finalize(s);
    return found;
}

static const char *text_of(json_t *request, const char *name)
{
    return json_string_value(json_object_get(request, name));
}

static job_request request_of(json_t *r)
{
    return (job_request){.graph = text_of(r, "graph"),
                         .client = text_of(r, "client"),
                         .file = text_of(r, "file"),
                         .url = text_of(r, "url"),
                         .source = text_of(r, "source"),
                         .format = text_of(r, "format"),
                         .map = text_of(r, "map"),
                         .encoding = text_of(r, "encoding"),
                         .strict = json_is_true(json_object_get(r, "strict")),
                         .allow_empty = json_is_true(json_object_get(r, "allow_empty")),
                         .dry_run = json_is_true(json_object_get(r, "dry_run"))};
}

static void write_result(service_jobs *j, const char *id, json_t *report, const char *why)
{
    sqlite3_stmt *s = NULL;
    char *text = report == NULL ? NULL : json_dumps(report, JSON_COMPACT);
    if (sqlite3_prepare_v2(j->db,
                           "UPDATE job SET status=?, report=?, error=?, finished_at=? WHERE id=?",
                           -1, &s, NULL) == SQLITE_OK) {
        bind(s, 1, why == NULL ? "done" : "failed");
        bind(s, 2, text);
        bind(s, 3, why);
        sqlite3_bind_int64(s, 4, clock_unix_seconds());
        bind(s, 5, id);
        if (sqlite3_step(s) != SQLITE_DONE)
            LOG(j->log, LOG_ERROR_LEVEL, "job_store_failed", LOG_CSTR("job", id),
                LOG_CSTR("why", sqlite3_errmsg(j->db)));
    }
    sqlite3_finalize(s);
    free(text);
}

static void run_one(service_jobs *j, taken_job *t)
{
    error err = {0};
    json_t *report = NULL;
    job_request request = request_of(t->request);
    status code = t->request == NULL
                      ? error_set(&err, STATUS_CORRUPT, "the job's record is damaged")
                      : j->run(j->context, &request, &report, &err);
    pthread_mutex_lock(&j->lock);
    write_result(j, t->id, report, code == STATUS_OK ? NULL : err.message);
    pthread_mutex_unlock(&j->lock);
    if (request.file != NULL)
        unlink(request.file);
    LOG(j->log, LOG_INFO_LEVEL, "job", LOG_CSTR("job", t->id), LOG_CSTR("graph", request.graph),
        LOG_CSTR("status", code == STATUS_OK ? "done" : status_name(code)),
        LOG_CSTR("why", code == STATUS_OK ? "" : err.message));
    json_decref(report);
    json_decref(t->request);
}

static void forget_old(service_jobs *j)
{
    char sql[128];
    snprintf(sql, sizeof sql, "DELETE FROM job WHERE finished_at < %lld",
             (long long)(clock_unix_seconds() - KEEP_SECONDS));
    sqlite3_exec(j->db, sql, NULL, NULL, NULL);
}

static void *run_jobs(void *context)
{
    service_jobs *j = context;
    pthread_mutex_lock(&j->lock);
    while (!j->stopping) {
        taken_job t = {0};
        if (!take(j, &t)) {
            forget_old(j);
            pthread_cond_wait(&j->changed, &j->lock);
            continue;
        }
        pthread_mutex_unlock(&j->lock);
        run_one(j, &t);
        pthread_mutex_lock(&j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* --- open, add, get
 * --------------------------------------------------------------------------------- */
status service_jobs_open(const char *data_dir, job_run run, void *context, const logger *log,
                         service_jobs **out, error *err)
{
    char path[4096];
    service_jobs *j = calloc(1, sizeof *j);
    if (j == NULL)
        return error_memory(err);
    j->run = run;
    j->context = context;
    j->log = log;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    status code = STATUS_OK;
    if (snprintf(path, sizeof path, "%s/jobs.db", data_dir) >= (int)sizeof path)
        code = error_set(err, STATUS_USAGE, "data_dir is too long");
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (code == STATUS_OK && (sqlite3_open_v2(path, &j->db, flags, NULL) != SQLITE_OK ||
                              sqlite3_busy_timeout(j->db, 5000) != SQLITE_OK ||
                              sqlite3_exec(j->db, schema, NULL, NULL, NULL) != SQLITE_OK))
        code = failed(j, err);
    if (code == STATUS_OK) {
        j->started = pthread_create(&j->thread, NULL, run_jobs, j) == 0;
        if (!j->started)
            code = error_set(err, STATUS_INTERNAL, "cannot start a thread");
    }
    if (code != STATUS_OK) {
        service_jobs_close(j);
        return code;
    }
    *out = j;
    return STATUS_OK;
}

void service_jobs_close(service_jobs *j)
{
    if (j == NULL)
        return;
    pthread_mutex_lock(&j->lock);
    j->stopping = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    if (j->started)
        pthread_join(j->thread, NULL);
    sqlite3_close(j->db);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->changed);
    free(j);
}

static json_t *document_of(const job_request *r)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:b}", "graph",
                     r->graph, "client", r->client, "file", r->file, "url", r->url, "source",
                     r->source, "format", r->format, "map", r->map, "encoding", r->encoding,
                     "strict", r->strict, "allow_empty", r->allow_empty, "dry_run", r->dry_run);
}

static int64_t count_waiting(service_jobs *j)
{
    sqlite3_stmt *s = NULL;
    int64_t count = 0;
    if (sqlite3_prepare_v2(j->db, "SELECT count(*) FROM job WHERE status IN ('queued','running')",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        count = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return count;
}

/* The job that this key already made: STATUS_OK with its id, STATUS_EXISTS when the request
 * differs, STATUS_NOT_FOUND when the key is new. */
static status find_by_key(service_jobs *j, const job_request *r, char id[33])
{
    sqlite3_stmt *s = NULL;
    status code = STATUS_NOT_FOUND;
    if (r->idempotency_key == NULL)
        return code;
    if (sqlite3_prepare_v2(j->db,
                           "SELECT id, fingerprint FROM job WHERE client=? AND idempotency_key=?",
                           -1, &s, NULL) == SQLITE_OK) {
        bind(s, 1, r->client);
        bind(s, 2, r->idempotency_key);
        if (sqlite3_step(s) == SQLITE_ROW) {
            snprintf(id, 33, "%s", column(s, 0));
            code = strcmp(column(s, 1), r->fingerprint) == 0 ? STATUS_OK : STATUS_EXISTS;
        }
    }
    sqlite3_finalize(s);
    return code;
}

static status insert(service_jobs *j, const job_request *r, const char *id, error *err)
{
    sqlite3_stmt *s = NULL;
    json_t *document = document_of(r);
    char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
    json_decref(document);
    status code = text == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK &&
        sqlite3_prepare_v2(j->db,
                           "INSERT INTO job(id,seq,graph,client,status,request,created_at,"
                           "idempotency_key,fingerprint) VALUES(?,(SELECT coalesce(max(seq),0)+1"
                           " FROM job),?,?,'queued',?,?,?,?)",
                           -1, &s, NULL) != SQLITE_OK)
        code = failed(j, err);
    if (code == STATUS_OK) {
        bind(s, 1, id);
        bind(s, 2, r->graph);
        bind(s, 3, r->client);
        bind(s, 4, text);
        sqlite3_bind_int64(s, 5, clock_unix_seconds());
        bind(s, 6, r->idempotency_key);
        bind(s, 7, r->fingerprint);
        if (sqlite3_step(s) != SQLITE_DONE)
            code = failed(j, err);
    }
    sqlite3_finalize(s);
    free(text);
    return code;
}

status service_jobs_add(service_jobs *j, const job_request *r, char id[33], error *err)
{
    unsigned char random[16];
    pthread_mutex_lock(&j->lock);
    status code = find_by_key(j, r, id);
    if (code == STATUS_EXISTS) {
        error_set(err, STATUS_EXISTS, "this Idempotency-Key was used for another request");
    } else if (code == STATUS_NOT_FOUND && count_waiting(j) >= MOST_WAITING) {
        code = error_set(err, STATUS_BUSY, "too many loads wait");
    } else if (code == STATUS_NOT_FOUND) {
        randombytes_buf(random, sizeof random);
        sodium_bin2hex(id, 33, random, sizeof random);
        code = insert(j, r, id, err);
        pthread_cond_signal(&j->changed);
    } else if (r->file != NULL) {
        unlink(r->file); /* the first upload is the one that counts */
    }
    pthread_mutex_unlock(&j->lock);
    return code;
}

status service_jobs_get(service_jobs *j, const char *id, json_t **out, error *err)
{
    sqlite3_stmt *s = NULL;
    status code = STATUS_OK;
    json_t *job = NULL;
    pthread_mutex_lock(&j->lock);
    if (sqlite3_prepare_v2(j->db,
                           "SELECT id, graph, client, status, report, error, created_at,"
                           " finished_at FROM job WHERE id=?",
                           -1, &s, NULL) != SQLITE_OK) {
        code = failed(j, err);
    } else {
        bind(s, 1, id);
        if (sqlite3_step(s) != SQLITE_ROW) {
            code = error_set(err, STATUS_NOT_FOUND, "there is no such job");
        } else {
            job = json_pack("{s:s, s:s, s:s, s:s, s:I}", "id", column(s, 0), "graph", column(s, 1),
                            "client", column(s, 2), "status", column(s, 3), "created_at",
                            (json_int_t)sqlite3_column_int64(s, 6));
            if (column(s, 4) != NULL)
                json_object_set_new(job, "report", json_loads(column(s, 4), 0, NULL));
            if (column(s, 5) != NULL)
                json_object_set_new(job, "error", json_string(column(s, 5)));
            if (sqlite3_column_type(s, 7) != SQLITE_NULL)
                json_object_set_new(job, "finished_at", json_integer(sqlite3_column_int64(s, 7)));
        }
    }
    sqlite3_finalize(s);
    pthread_mutex_unlock(&j->lock);
    if (code == STATUS_OK)
        *out = job;
    return code;
}
