/* See db.h. */
#include "kg/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "kg/sidecar.h"

static const char schema_sql[] =
#include "kg_schema.inc"
    ;

static status status_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return STATUS_CORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return STATUS_DENIED;
    case SQLITE_NOMEM:
        return STATUS_MEMORY;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return STATUS_IO;
    case SQLITE_INTERRUPT:
        return STATUS_CANCELLED;
    case SQLITE_TOOBIG:
        return STATUS_LIMIT;
    default:
        return STATUS_INTERNAL;
    }
}

static const char *hint_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
        return "; another load is writing, try again when it is done";
    case SQLITE_CORRUPT:
        return "; the file is damaged: restore a backup, or load the sources again";
    case SQLITE_FULL:
        return "; make room on the disk, nothing was changed";
    case SQLITE_READONLY:
        return "; the file or its folder is not writable";
    default:
        return "";
    }
}

status kg_db_error(kg_db *db, int code, const char *doing, error *err)
{
    const char *text = db != NULL && db->handle != NULL && sqlite3_errcode(db->handle) != SQLITE_OK
                           ? sqlite3_errmsg(db->handle)
                           : sqlite3_errstr(code);
    return error_set(err, status_of(code), "%s: %s%s", doing, text, hint_of(code));
}

static status tune(kg_db *db, const char *path, kg_db_mode mode, error *err)
{
    static const char *const read_sql = "PRAGMA mmap_size=68719476736; PRAGMA cache_size=-4000;"
                                        "PRAGMA trusted_schema=OFF; PRAGMA query_only=ON;";
    static const char *const write_sql =
        "PRAGMA mmap_size=68719476736; PRAGMA cache_size=-64000; PRAGMA trusted_schema=OFF;"
        "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0;";
    static const char *const build_sql =
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
        "PRAGMA cache_size=-48000; PRAGMA temp_store=MEMORY;";
    const char *sql = mode == KG_DB_READ ? read_sql : mode == KG_DB_WRITE ? write_sql : build_sql;
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    if (code == SQLITE_NOTADB)
        return error_set(err, STATUS_CORRUPT, "%s: is no vouch graph; 'vouch ingest' makes one",
                         path);
    return code == SQLITE_OK ? STATUS_OK : kg_db_error(db, code, path, err);
}

/* A WAL file in a folder that we may not write: SQLite can read it only as immutable. */
static bool needs_immutable(const char *path)
{
    char folder[4096], wal[4096];
    struct stat info;
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    return access(folder, W_OK) != 0 && stat(wal, &info) != 0;
}

static void uri_of(const char *path, bool immutable, buf *out)
{
    (void)buf_add_cstr(out, "file:");
    for (const char *c = path; *c != 0; c++) {
        if (strchr("%?#", *c) != NULL)
            (void)buf_printf(out, "%%%02X", (unsigned)(unsigned char)*c);
        else
            (void)buf_add_char(out, *c);
    }
    if (immutable)
        (void)buf_add_cstr(out, "?immutable=1");
}

static status open_handle(kg_db *db, const char *path, kg_db_mode mode, error *err)
{
    struct stat info;
    if (mode != KG_DB_BUILD && stat(path, &info) != 0)
        return error_set(err, errno == EACCES ? STATUS_DENIED : STATUS_NOT_FOUND,
                         "%s: %s; 'vouch ingest FILE --graph %s' makes it", path, strerror(errno),
                         path);
    if (mode != KG_DB_BUILD && !S_ISREG(info.st_mode))
        return error_set(err, STATUS_INVALID, "%s: is no regular file", path);
    if (mode != KG_DB_BUILD && access(path, R_OK) != 0)
        return error_errno(err, STATUS_DENIED, errno, path);
    int flags = mode == KG_DB_READ    ? SQLITE_OPEN_READONLY
                : mode == KG_DB_WRITE ? SQLITE_OPEN_READWRITE
                                      : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (mode != KG_DB_BUILD) {
        status cleared = kg_sidecar_clear(path, &info, err);
        if (cleared != STATUS_OK)
            return cleared;
        db->device = info.st_dev;
        db->inode = info.st_ino;
    }
    buf uri = {0};
    uri_of(path, mode == KG_DB_READ && needs_immutable(path), &uri);
    if (uri.failed)
        return error_memory(err);
    int code =
        sqlite3_open_v2(uri.data, &db->handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    buf_free(&uri);
    return code == SQLITE_OK ? STATUS_OK : kg_db_error(db, code, path, err);
}

status kg_db_open(const char *path, kg_db_mode mode, int wait_ms, kg_db **out, error *err)
{
    kg_db *db = calloc(1, sizeof *db);
    if (db == NULL)
        return error_memory(err);
    status code = open_handle(db, path, mode, err);
    if (code == STATUS_OK) {
        sqlite3_busy_timeout(db->handle, wait_ms);
        sqlite3_extended_result_codes(db->handle, 0);
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        code = tune(db, path, mode, err);
    }
    if (code != STATUS_OK) {
        kg_db_close(db);
        return code;
    }
    *out = db;
    return STATUS_OK;
}

void kg_db_close(kg_db *db)
{
    if (db == NULL)
        return;
    for (size_t i = 0; i < KG_DB_CACHE; i++)
        sqlite3_finalize(db->cache[i].stmt);
    sqlite3_close_v2(db->handle);
    free(db);
}

status kg_db_exec(kg_db *db, const char *sql, error *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? STATUS_OK : kg_db_error(db, code, "graph", err);
}

sqlite3_stmt *kg_db_stmt(kg_db *db, const char *sql, error *err)
{
    size_t at = ((uintptr_t)sql >> 3) % KG_DB_CACHE;
    for (size_t probe = 0; probe < KG_DB_CACHE; probe++, at = (at + 1) % KG_DB_CACHE) {
        if (db->cache[at].sql == sql) {
            sqlite3_reset(db->cache[at].stmt);
            return db->cache[at].stmt;
        }
        if (db->cache[at].sql != NULL)
            continue;
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (code != SQLITE_OK) {
            (void)kg_db_error(db, code, "graph", err);
            return NULL;
        }
        db->cache[at].sql = sql;
        db->cache[at].stmt = stmt;
        return stmt;
    }
    (void)error_set(err, STATUS_INTERNAL, "graph: too many kinds of query");
    return NULL;
}

sqlite3_stmt *kg_db_take(kg_db *db, const char *sql, error *err)
{
    size_t at = ((uintptr_t)sql >> 3) % KG_DB_CACHE;
    for (size_t probe = 0; probe < KG_DB_CACHE; probe++, at = (at + 1) % KG_DB_CACHE) {
        if (db->cache[at].sql != sql)
            continue;
        if (sqlite3_stmt_busy(db->cache[at].stmt) == 0)
            break;
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
        if (code != SQLITE_OK)
            (void)kg_db_error(db, code, "graph", err);
        return stmt;
    }
    return kg_db_stmt(db, sql, err);
}

void kg_db_give(kg_db *db, sqlite3_stmt *stmt)
{
    for (size_t i = 0; i < KG_DB_CACHE && stmt != NULL; i++) {
        if (db->cache[i].stmt == stmt) {
            sqlite3_reset(stmt);
            return;
        }
    }
    sqlite3_finalize(stmt);
}

status kg_db_run(kg_db *db, sqlite3_stmt *stmt, error *err)
{
    int code = sqlite3_step(stmt);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        (void)kg_db_error(db, code, "graph", err);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE || code == SQLITE_ROW ? STATUS_OK : status_of(code);
}

status kg_db_int(kg_db *db, const char *sql, int64_t fallback, int64_t *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, sql, err);
    if (stmt == NULL)
        return error_set(err, STATUS_INTERNAL, "graph: query failed");
    int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status failed = kg_db_error(db, code, "graph", err);
        sqlite3_reset(stmt);
        return failed;
    }
    *out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : fallback;
    sqlite3_reset(stmt);
    return STATUS_OK;
}

void kg_db_bind_str(sqlite3_stmt *stmt, int index, str text)
{
    sqlite3_bind_text64(stmt, index, text.data == NULL ? "" : text.data, text.length, SQLITE_STATIC,
                        SQLITE_UTF8);
}

void kg_db_bind_id(sqlite3_stmt *stmt, int index, uint64_t id)
{
    if (id == 0)
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_int64(stmt, index, (int64_t)id);
}

str kg_db_str(sqlite3_stmt *stmt, int column, arena *a)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    if (text == NULL)
        return str_make("", 0);
    return arena_str(a, str_make(text, (size_t)sqlite3_column_bytes(stmt, column)));
}

static status pragma_int(kg_db *db, const char *sql, int64_t *out, error *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    else
        (void)kg_db_error(db, code, "graph", err);
    sqlite3_finalize(stmt);
    return code == SQLITE_ROW ? STATUS_OK : status_of(code);
}

status kg_db_verify(kg_db *db, const char *path, int *version, error *err)
{
    int64_t application = 0, schema = 0, tables = 0;
    error inner = {0};
    status code = pragma_int(db, "PRAGMA application_id", &application, &inner);
    if (code == STATUS_OK)
        code = pragma_int(db, "PRAGMA user_version", &schema, &inner);
    if (code == STATUS_CORRUPT && application == 0)
        return error_set(err, STATUS_INVALID, "%s: is no vouch graph (%s)", path, inner.message);
    if (code != STATUS_OK)
        return error_set(err, code, "%s: %s", path, inner.message);
    if (application != KG_DB_APPLICATION_ID)
        return error_set(err, STATUS_INVALID,
                         "%s: is no vouch graph (its application id is %lld); 'vouch ingest' makes "
                         "one",
                         path, (long long)application);
    if (schema > KG_DB_SCHEMA_VERSION)
        return error_set(err, STATUS_UNSUPPORTED,
                         "%s: has schema version %lld, this vouch reads up to %d; use a newer "
                         "vouch",
                         path, (long long)schema, KG_DB_SCHEMA_VERSION);
    if (schema < 1)
        return error_set(err, STATUS_CORRUPT, "%s: has no schema version; the file is damaged",
                         path);
    code = pragma_int(db,
                      "SELECT count(*) FROM sqlite_schema WHERE name IN "
                      "('meta','term','statement','source','load','origin','label','base_out')",
                      &tables, err);
    if (code == STATUS_OK && tables != 8)
        return error_set(err, STATUS_CORRUPT, "%s: tables are missing; the file is damaged", path);
    *version = (int)schema;
    struct stat file = {.st_dev = db->device, .st_ino = db->inode};
    if (code == STATUS_OK && db->inode != 0)
        kg_sidecar_mark(path, &file);
    return code;
}

status kg_db_create_schema(kg_db *db, error *err)
{
    unsigned char random[16];
    char sql[256];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return error_errno(err, STATUS_IO, errno, "getrandom");
    char hex[33];
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", random[i]);
    status code = kg_db_exec(db, schema_sql, err);
    if (code != STATUS_OK)
        return code;
    (void)snprintf(sql, sizeof sql,
                   "PRAGMA application_id=%d; PRAGMA user_version=%d;"
                   "INSERT INTO meta VALUES('uuid','%s'),('version','0');",
                   KG_DB_APPLICATION_ID, KG_DB_SCHEMA_VERSION, hex);
    return kg_db_exec(db, sql, err);
}
