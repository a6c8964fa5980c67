/* Backup and the check of every invariant. See store.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kg/internal.h"
#include "kg/statement_id.h"

status kg_db_copy(kg_db *from, const char *to, error *err)
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s-new-%ld", to, (long)getpid()) >=
        (int)sizeof temporary)
        return error_set(err, STATUS_USAGE, "%s: the path is too long", to);
    kg_db *target = NULL;
    (void)unlink(temporary);
    status code = kg_db_open(temporary, KG_DB_BUILD, 0, &target, err);
    sqlite3_backup *backup = code == STATUS_OK
                                 ? sqlite3_backup_init(target->handle, "main", from->handle, "main")
                                 : NULL;
    if (code == STATUS_OK) {
        int step = backup == NULL ? SQLITE_NOMEM : sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        if (step != SQLITE_DONE)
            code = kg_db_error(target, step, to, err);
    }
    kg_db_close(target);
    int fd = code == STATUS_OK ? open(temporary, O_RDONLY | O_CLOEXEC) : -1;
    if (code == STATUS_OK && (fd < 0 || fsync(fd) != 0))
        code = error_errno(err, STATUS_IO, errno, to);
    if (fd >= 0)
        (void)close(fd);
    if (code == STATUS_OK && link(temporary, to) != 0)
        code = error_errno(err, errno == EEXIST ? STATUS_EXISTS : STATUS_IO, errno, to);
    (void)unlink(temporary);
    return code;
}

status kg_backup(kg_store *store, const char *to, error *err)
{
    if (access(to, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "%s: exists already; name a new file", to);
    kg_read *read = NULL;
    status code = kg_check_folder(to, err);
    if (code == STATUS_OK)
        code = kg_read_begin(store, &read, err);
    if (code == STATUS_OK)
        code = kg_db_copy(read->db, to, err);
    kg_read_end(read);
    return code;
}

status kg_restore(kg_store *store, const char *to, error *err)
{
    if (access(to, F_OK) != 0)
        return kg_backup(store, to, err);
    kg_read *read = NULL;
    kg_db *target = NULL;
    int version = 0;
    status code = kg_db_open(to, KG_DB_WRITE, store->options.wait_ms, &target, err);
    if (code == STATUS_OK)
        code = kg_db_verify(target, to, &version, err);
    if (code == STATUS_OK)
        code = kg_read_begin(store, &read, err);
    sqlite3_backup *backup =
        code == STATUS_OK ? sqlite3_backup_init(target->handle, "main", read->db->handle, "main")
                          : NULL;
    if (code == STATUS_OK) {
        int step = backup == NULL ? SQLITE_NOMEM : sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        if (step != SQLITE_DONE)
            code = kg_db_error(target, step, to, err);
    }
    kg_read_end(read);
    kg_db_close(target);
    return code;
}

/* --- check -------------------------------------------------------------------------------------
 */
typedef struct check {
    kg_read *read;
    kg_check_report report;
    void *context;
    size_t violations;
} check;

static void violated(check *c, const char *what)
{
    c->violations++;
    if (c->report != NULL && c->violations <= 100)
        c->report(c->context, what);
}

/* Rules as queries: each gives the number of rows that break it. */
static const struct {
    const char *what, *sql;
} rules[] = {
    {"statements with a subject that is no IRI or blank node of the dictionary",
     "SELECT count(*) FROM statement st LEFT JOIN term t ON t.id=st.s WHERE t.kind IS NULL OR "
     "t.kind NOT IN (1,2)"},
    {"statements with a predicate that is no IRI of the dictionary",
     "SELECT count(*) FROM statement st LEFT JOIN term t ON t.id=st.p WHERE t.kind IS NOT 1"},
    {"statements with an object that the dictionary lacks",
     "SELECT count(*) FROM statement st LEFT JOIN term t ON t.id=st.o WHERE t.id IS NULL"},
    {"statements with a graph name that the dictionary lacks",
     "SELECT count(*) FROM statement st LEFT JOIN term t ON t.id=st.g WHERE st.g IS NOT NULL AND "
     "t.id IS NULL"},
    {"statements without a source",
     "SELECT count(*) FROM statement st LEFT JOIN load l ON l.id=st.load LEFT JOIN source s ON "
     "s.id=l.source WHERE s.id IS NULL"},
    {"statements outside the range of their load",
     "SELECT count(*) FROM statement st JOIN load l ON l.id=st.load WHERE st.n NOT BETWEEN "
     "l.first_n AND l.last_n"},
    {"statements whose validity ends before it begins",
     "SELECT count(*) FROM statement WHERE valid_to<=valid_from"},
    {"confidences outside 0..1",
     "SELECT count(*) FROM statement WHERE confidence NOT BETWEEN 0 AND 1"},
    {"statements that are there twice",
     "SELECT count(*) FROM (SELECT 1 FROM statement GROUP BY id HAVING count(*)>1)"},
    {"further origins of statements that are not there",
     "SELECT count(*) FROM origin o LEFT JOIN statement st ON st.n=o.statement LEFT JOIN load l ON "
     "l.id=o.load WHERE st.n IS NULL OR l.id IS NULL"},
    {"statements with one source twice",
     "SELECT count(*) FROM (SELECT 1 FROM origin o JOIN statement st ON st.n=o.statement JOIN load "
     "a ON a.id=o.load JOIN load b ON b.id=st.load WHERE a.source=b.source)"},
    {"sources whose number of statements is wrong",
     "WITH said AS (SELECT load, count(*) AS k FROM statement GROUP BY load UNION ALL SELECT load, "
     "count(*) FROM origin GROUP BY load) SELECT count(*) FROM source s WHERE s.statements<>"
     "(SELECT total(k) FROM load l JOIN said ON said.load=l.id WHERE l.source=s.id)"},
    {"qualifiers that are not there",
     "SELECT count(*) FROM statement WHERE qualifiers IS NOT NULL AND qualifiers NOT IN (SELECT "
     "list FROM qualifier)"},
    {"hashes without a term",
     "SELECT count(*) FROM term_hash h LEFT JOIN term t ON t.id=h.term WHERE t.id IS NULL"},
    {"literals with an unknown datatype",
     "SELECT count(*) FROM term WHERE datatype IS NOT NULL AND datatype NOT IN (SELECT id FROM "
     "datatype)"},
    {"values of terms that are no literals",
     "SELECT count(*) FROM term_value v LEFT JOIN term t ON t.id=v.term WHERE t.kind IS NOT 3"},
    {"labels of terms that are not there",
     "SELECT count(*) FROM label l LEFT JOIN term t ON t.id=l.term LEFT JOIN term x ON "
     "x.id=l.literal WHERE t.id IS NULL OR (l.literal<>0 AND x.id IS NULL)"},
    {"relations whose number of statements is wrong",
     "SELECT count(*) FROM (SELECT p, count(*) AS n FROM statement GROUP BY p) x LEFT JOIN "
     "relation_stat r ON r.p=x.p WHERE r.count IS NOT x.n"},
    {"statistics of relations that are not there",
     "SELECT count(*) FROM relation_stat WHERE p NOT IN (SELECT p FROM statement)"},
    {"totals: statements",
     "SELECT (SELECT count(*) FROM statement)<>(SELECT value FROM meta WHERE key='statements')+0"},
    {"totals: terms",
     "SELECT (SELECT count(*) FROM term)<>(SELECT value FROM meta WHERE key='terms')+0"},
    {"totals: labels",
     "SELECT (SELECT count(*) FROM label)<>(SELECT value FROM meta WHERE key='labels')+0"},
};

static status check_file(check *c, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(c->read->db, "PRAGMA integrity_check(20)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (text != NULL && strcmp(text, "ok") != 0)
            violated(c, text);
    }
    if (code != SQLITE_DONE)
        violated(c, sqlite3_errmsg(c->read->db->handle));
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static void check_rules(check *c)
{
    for (size_t i = 0; i < CORE_COUNT(rules); i++) {
        sqlite3_stmt *stmt = NULL;
        char text[256];
        int64_t broken = 0;
        if (sqlite3_prepare_v2(c->read->db->handle, rules[i].sql, -1, &stmt, NULL) == SQLITE_OK &&
            sqlite3_step(stmt) == SQLITE_ROW)
            broken = sqlite3_column_int64(stmt, 0);
        else
            broken = -1;
        sqlite3_finalize(stmt);
        if (broken == 0)
            continue;
        if (broken < 0)
            (void)snprintf(text, sizeof text, "cannot check: %s", rules[i].what);
        else
            (void)snprintf(text, sizeof text, "%s: %lld", rules[i].what, (long long)broken);
        violated(c, text);
    }
}

/* Every term's stored hash is that of its text, and every statement's id that of its key. */
static status term_hash_of(check *c, kg_id id, arena *a, uint64_t *out, error *err)
{
    kg_term term;
    if (id == 0) {
        *out = 0;
        return STATUS_OK;
    }
    status code = kg_db_term(c->read->db, id, a, &term, err);
    if (code == STATUS_OK)
        *out = kg_term_hash(term);
    return code;
}

static status check_ids(check *c, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        c->read->db, "SELECT s,p,o,g,valid_from,valid_to,qualifiers,id,n FROM statement", err);
    arena *a = arena_new(0);
    if (stmt == NULL || a == NULL) {
        arena_free(a);
        return error_memory(err);
    }
    size_t wrong = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        kg_statement_key key = {.valid_from = sqlite3_column_type(stmt, 4) == SQLITE_NULL
                                                  ? CLOCK_DAY_UNKNOWN
                                                  : (clock_day)sqlite3_column_int(stmt, 4),
                                .valid_to = sqlite3_column_type(stmt, 5) == SQLITE_NULL
                                                ? CLOCK_DAY_UNKNOWN
                                                : (clock_day)sqlite3_column_int(stmt, 5),
                                .qualifiers = (uint64_t)sqlite3_column_int64(stmt, 6)};
        error ignored = {0};
        arena_reset(a);
        bool ok =
            term_hash_of(c, (kg_id)sqlite3_column_int64(stmt, 0), a, &key.s, &ignored) ==
                STATUS_OK &&
            term_hash_of(c, (kg_id)sqlite3_column_int64(stmt, 1), a, &key.p, &ignored) ==
                STATUS_OK &&
            term_hash_of(c, (kg_id)sqlite3_column_int64(stmt, 2), a, &key.o, &ignored) ==
                STATUS_OK &&
            term_hash_of(c, (kg_id)sqlite3_column_int64(stmt, 3), a, &key.g, &ignored) == STATUS_OK;
        if (!ok || kg_statement_id_of(&key) != (uint64_t)sqlite3_column_int64(stmt, 7))
            wrong++;
    }
    sqlite3_reset(stmt);
    arena_free(a);
    char text[128];
    (void)snprintf(text, sizeof text, "statements whose id is not that of their key: %zu", wrong);
    if (wrong > 0)
        violated(c, text);
    return STATUS_OK;
}

status kg_check(kg_store *store, kg_check_report report, void *context, error *err)
{
    check c = {.report = report, .context = context};
    status code = kg_read_begin(store, &c.read, err);
    if (code == STATUS_OK)
        code = check_file(&c, err);
    if (code == STATUS_OK) {
        check_rules(&c);
        code = check_ids(&c, err);
    }
    kg_read_end(c.read);
    if (code == STATUS_OK && c.violations > 0)
        return error_set(err, STATUS_CORRUPT, "%s: %zu rules are broken", store->path,
                         c.violations);
    return code;
}
