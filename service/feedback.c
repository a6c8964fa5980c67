/* See feedback.h. One connection under a mutex: writes are rare and short. synchronous=FULL in WAL
 * mode makes a commit durable before it is acknowledged. */
#include "service/feedback.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>

#define REPORT_LINES 50

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA application_id=1986750050;"
    "CREATE TABLE IF NOT EXISTS interaction("
    " answer_id TEXT PRIMARY KEY, at INTEGER NOT NULL, graph TEXT NOT NULL, client TEXT, user TEXT,"
    " question TEXT NOT NULL, lang TEXT, status TEXT NOT NULL, logical_form TEXT, confidence REAL,"
    " answer TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS interaction_at ON interaction(at);"
    "CREATE INDEX IF NOT EXISTS interaction_user ON interaction(user) WHERE user IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS judgement("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, answer_id TEXT NOT NULL,"
    " graph TEXT NOT NULL, client TEXT, user TEXT, rating INTEGER NOT NULL, reason TEXT,"
    " correction TEXT);"
    "CREATE INDEX IF NOT EXISTS judgement_at ON judgement(at);"
    "CREATE INDEX IF NOT EXISTS judgement_user ON judgement(user) WHERE user IS NOT NULL;";

struct service_feedback {
    sqlite3 *db;
    pthread_mutex_t lock;
};

static status failed(service_feedback *f, error *err)
{
    int code = sqlite3_errcode(f->db);
    return error_set(err, code == SQLITE_FULL ? STATUS_IO : STATUS_INTERNAL, "feedback store: %s",
                     sqlite3_errmsg(f->db));
}

status service_feedback_open(const char *path, service_feedback **out, error *err)
{
    service_feedback *f = calloc(1, sizeof *f);
    if (f == NULL)
        return error_memory(err);
    pthread_mutex_init(&f->lock, NULL);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    status code = STATUS_OK;
    if (sqlite3_open_v2(path, &f->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(f->db, 5000) != SQLITE_OK ||
        sqlite3_exec(f->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        code = failed(f, err);
    if (code != STATUS_OK) {
        service_feedback_close(f);
        return code;
    }
    *out = f;
    return STATUS_OK;
}

void service_feedback_close(service_feedback *f)
{
    if (f == NULL)
        return;
    sqlite3_close(f->db);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void bind(sqlite3_stmt *statement, int at, str text)
{
    if (text.length == 0)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_text64(statement, at, text.data, text.length, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_required(sqlite3_stmt *statement, int at, str text)
{
    sqlite3_bind_text64(statement, at, text.data == NULL ? "" : text.data, text.length,
                        SQLITE_STATIC, SQLITE_UTF8);
}

/* Prepares; NULL after setting the error. The lock is held until `done`. */
static sqlite3_stmt *prepare(service_feedback *f, const char *sql, error *err)
{
    sqlite3_stmt *statement = NULL;
    pthread_mutex_lock(&f->lock);
    if (sqlite3_prepare_v2(f->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        failed(f, err);
        pthread_mutex_unlock(&f->lock);
        return NULL;
    }
    return statement;
}

static status done(service_feedback *f, sqlite3_stmt *statement, bool ok, error *err)
{
    status code = ok ? STATUS_OK : failed(f, err);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&f->lock);
    return code;
}

status service_feedback_add(service_feedback *f, const feedback_interaction *i, error *err)
{
    sqlite3_stmt *s = prepare(f,
                              "INSERT INTO interaction VALUES(?,?,?,?,?,?,?,?,?,?,?)"
                              " ON CONFLICT(answer_id) DO NOTHING",
                              err);
    if (s == NULL)
        return STATUS_INTERNAL;
    bind_required(s, 1, i->answer_id);
    sqlite3_bind_int64(s, 2, i->at);
    bind_required(s, 3, i->graph);
    bind(s, 4, i->client);
    bind(s, 5, i->user);
    bind_required(s, 6, i->question);
    bind(s, 7, i->lang);
    bind_required(s, 8, i->status);
    bind(s, 9, i->logical_form);
    sqlite3_bind_double(s, 10, i->confidence);
    bind_required(s, 11, i->answer_json);
    return done(f, s, sqlite3_step(s) == SQLITE_DONE, err);
}

status service_feedback_judge(service_feedback *f, const feedback_judgement *j, int64_t *id,
                              error *err)
{
    sqlite3_stmt *s = prepare(f,
                              "INSERT INTO judgement(at,answer_id,graph,client,user,rating,reason,"
                              "correction) VALUES(?,?,?,?,?,?,?,?)",
                              err);
    if (s == NULL)
        return STATUS_INTERNAL;
    sqlite3_bind_int64(s, 1, j->at);
    bind_required(s, 2, j->answer_id);
    bind_required(s, 3, j->graph);
    bind(s, 4, j->client);
    bind(s, 5, j->user);
    sqlite3_bind_int(s, 6, j->rating);
    bind(s, 7, j->reason);
    bind(s, 8, j->correction);
    bool ok = sqlite3_step(s) == SQLITE_DONE;
    if (ok)
        *id = sqlite3_last_insert_rowid(f->db);
    return done(f, s, ok, err);
}

static status erase_from(service_feedback *f, const char *sql, str user, uint64_t *erased,
                         error *err)
{
    sqlite3_stmt *s = prepare(f, sql, err);
    if (s == NULL)
        return STATUS_INTERNAL;
    bind_required(s, 1, user);
    bool ok = sqlite3_step(s) == SQLITE_DONE;
    if (ok)
        *erased += (uint64_t)sqlite3_changes64(f->db);
    return done(f, s, ok, err);
}

status service_feedback_erase(service_feedback *f, str user, uint64_t *erased, error *err)
{
    uint64_t count = 0;
    status code = erase_from(f, "DELETE FROM judgement WHERE user=?", user, &count, err);
    if (code == STATUS_OK)
        code = erase_from(f, "DELETE FROM interaction WHERE user=?", user, &count, err);
    if (code == STATUS_OK)
        *erased = count;
    return code;
}

/* The current row as an object named by its columns; NULL fields are left out. */
static json_t *row_object(sqlite3_stmt *s)
{
    json_t *row = json_object();
    for (int i = 0; row != NULL && i < sqlite3_column_count(s); i++) {
        const char *name = sqlite3_column_name(s, i);
        json_t *value = NULL;
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_INTEGER:
            value = json_integer(sqlite3_column_int64(s, i));
            break;
        case SQLITE_FLOAT:
            value = json_real(sqlite3_column_double(s, i));
            break;
        case SQLITE_TEXT:
            value = strcmp(name, "answer") == 0
                        ? json_loadb((const char *)sqlite3_column_text(s, i),
                                     (size_t)sqlite3_column_bytes(s, i), 0, NULL)
                        : json_stringn((const char *)sqlite3_column_text(s, i),
                                       (size_t)sqlite3_column_bytes(s, i));
            break;
        default:
            break;
        }
        if (value != NULL)
            json_object_set_new(row, name, value);
    }
    return row;
}

static status export_from(service_feedback *f, const char *sql, int64_t since, feedback_visit visit,
                          void *context, error *err)
{
    sqlite3_stmt *s = prepare(f, sql, err);
    if (s == NULL)
        return STATUS_INTERNAL;
    sqlite3_bind_int64(s, 1, since);
    int step;
    while ((step = sqlite3_step(s)) == SQLITE_ROW) {
        json_t *row = row_object(s);
        bool more = row != NULL && visit(context, row);
        json_decref(row);
        if (!more)
            break;
    }
    return done(f, s, step == SQLITE_DONE || step == SQLITE_ROW, err);
}

status service_feedback_export(service_feedback *f, int64_t since, feedback_visit visit,
                               void *context, error *err)
{
    status code = export_from(f,
                              "SELECT 'interaction' AS record, * FROM interaction WHERE at>=?"
                              " ORDER BY at, answer_id",
                              since, visit, context, err);
    if (code == STATUS_OK)
        code =
            export_from(f, "SELECT 'judgement' AS record, * FROM judgement WHERE at>=? ORDER BY id",
                        since, visit, context, err);
    return code;
}

/* Adds an array of {question, graph, count} for the query, whose ?1 and ?2 are the bounds. */
static status report_list(service_feedback *f, json_t *report, const char *name, const char *sql,
                          int64_t from, int64_t to, error *err)
{
    sqlite3_stmt *s = prepare(f, sql, err);
    if (s == NULL)
        return STATUS_INTERNAL;
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    sqlite3_bind_int(s, 3, REPORT_LINES);
    json_t *list = json_array();
    int step;
    while ((step = sqlite3_step(s)) == SQLITE_ROW)
        json_array_append_new(list, row_object(s));
    json_object_set_new(report, name, list);
    return done(f, s, step == SQLITE_DONE, err);
}

status service_feedback_report(service_feedback *f, int64_t from, int64_t to, json_t **out,
                               error *err)
{
    json_t *report = json_pack("{s:I, s:I}", "from", (json_int_t)from, "to", (json_int_t)to);
    if (report == NULL)
        return error_memory(err);
    status code = report_list(f, report, "totals",
                              "SELECT status, count(*) AS count FROM interaction"
                              " WHERE at>=?1 AND at<?2 GROUP BY status ORDER BY status LIMIT ?3",
                              from, to, err);
    if (code == STATUS_OK)
        code = report_list(f, report, "unanswered",
                           "SELECT question, graph, count(*) AS count FROM interaction"
                           " WHERE at>=?1 AND at<?2 AND status<>'answered'"
                           " GROUP BY question, graph ORDER BY count DESC, question LIMIT ?3",
                           from, to, err);
    if (code == STATUS_OK)
        code = report_list(f, report, "judged_wrong",
                           "SELECT i.question, i.graph, i.logical_form, count(*) AS count"
                           " FROM judgement j JOIN interaction i USING(answer_id)"
                           " WHERE j.at>=?1 AND j.at<?2 AND j.rating<0"
                           " GROUP BY i.question, i.graph ORDER BY count DESC, i.question LIMIT ?3",
                           from, to, err);
    if (code != STATUS_OK) {
        json_decref(report);
        return code;
    }
    *out = report;
    return STATUS_OK;
}
