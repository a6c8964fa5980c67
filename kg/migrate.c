/* Bringing a file of an older schema version up to date, in one transaction, with a copy of it as
 * it was beside it. See db.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kg/later.h"
#include "kg/names.h"

/* Version 2: packed lists for later loads in place of B-trees over their rows, keys of names one
 * edit away, numbers that are never given twice. */
static const char to_2[] =
    "CREATE TABLE later_out(s INTEGER NOT NULL, n INTEGER NOT NULL, end INTEGER NOT NULL,"
    " PRIMARY KEY(s, n)) WITHOUT ROWID;"
    "CREATE TABLE later_in(o INTEGER NOT NULL, n INTEGER NOT NULL, edges BLOB NOT NULL,"
    " PRIMARY KEY(o, n)) WITHOUT ROWID;"
    "CREATE TABLE later_id(bucket INTEGER NOT NULL, n INTEGER NOT NULL, rows BLOB NOT NULL,"
    " PRIMARY KEY(bucket, n)) WITHOUT ROWID;"
    "CREATE TABLE base_near(bucket INTEGER NOT NULL, part INTEGER NOT NULL, labels BLOB NOT NULL,"
    " PRIMARY KEY(bucket, part)) WITHOUT ROWID;"
    "CREATE TABLE later_gram(gram INTEGER NOT NULL, part INTEGER NOT NULL, count INTEGER NOT NULL,"
    " labels BLOB NOT NULL, PRIMARY KEY(gram, part)) WITHOUT ROWID;"
    "CREATE TABLE later_near(bucket INTEGER NOT NULL, part INTEGER NOT NULL, labels BLOB NOT NULL,"
    " PRIMARY KEY(bucket, part)) WITHOUT ROWID;"
    "DROP TABLE gram;"
    "DROP INDEX statement_spo; DROP INDEX statement_ops;"
    "DROP INDEX statement_pso; DROP INDEX statement_id;"
    "INSERT OR REPLACE INTO meta VALUES"
    " ('last_row', (SELECT max(2147483647, coalesce(max(n), 0)) FROM statement)),"
    " ('last_label', (SELECT coalesce(max(n), 0) FROM label)),"
    " ('labels_gone', '0'), ('later_gone', '0');"
    "PRAGMA user_version=2;";

static status change_to_2(kg_db *db, error *err)
{
    kg_write w = {.db = db}; /* what rebuilding names looks at */
    status code = kg_db_exec(db, to_2, err);
    if (code == STATUS_OK)
        code = kg_later_rebuild(db, err);
    return code == STATUS_OK ? kg_names_rebuild(&w, err) : code;
}

/* The copy beside the file: NAME.kg.v1, or with a number where that is taken. */
static status keep_copy(kg_db *db, const char *path, int version, char *to, size_t bytes,
                        error *err)
{
    for (int i = 1; i < 1000; i++) {
        int length = i == 1 ? snprintf(to, bytes, "%s.v%d", path, version)
                            : snprintf(to, bytes, "%s.v%d.%d", path, version, i);
        if (length >= (int)bytes)
            return error_set(err, STATUS_USAGE, "%s: the path is too long", path);
        if (access(to, F_OK) != 0)
            return kg_db_copy(db, to, err);
    }
    return error_set(err, STATUS_EXISTS, "%s: there are too many copies of it", path);
}

status kg_migrate(const char *path, int wait_ms, char *copy, size_t bytes, error *err)
{
    kg_db *db = NULL, *before = NULL;
    int version = 0;
    status code = kg_db_open(path, KG_DB_WRITE, wait_ms, &db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(db, "BEGIN IMMEDIATE", err);
    if (code == STATUS_OK)
        code = kg_db_verify(db, path, &version, err);
    copy[0] = 0;
    bool needed = code == STATUS_OK && version < KG_DB_SCHEMA_VERSION; /* nobody did it meanwhile */
    if (needed) {
        code = kg_db_open(path, KG_DB_READ, wait_ms, &before, err);
        if (code == STATUS_OK)
            code = keep_copy(before, path, version, copy, bytes, err);
        kg_db_close(before);
    }
    if (needed && code == STATUS_OK)
        code = change_to_2(db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(db, "COMMIT", err);
    if (code == STATUS_OK)
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    kg_db_close(db); /* rolls back what was not committed */
    if (code != STATUS_OK)
        copy[0] = 0;
    return code;
}
