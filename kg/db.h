/* One connection to a graph file: opening, schema, prepared statements, errors. Inside kg/ only;
 * nothing above kg/store.h sees it. A kg_db belongs to one thread at a time. */
#ifndef VOUCH_KG_DB_H
#define VOUCH_KG_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/term.h"

#define KG_DB_APPLICATION_ID 0x564b4731 /* 'VKG1' */
#define KG_DB_SCHEMA_VERSION 2

/* Prepared statements are kept by the address of their SQL text: pass string literals only. */
#define KG_DB_CACHE 128

typedef struct kg_db {
    sqlite3 *handle;
    dev_t device; /* of the file that was opened; inode 0: being built */
    ino_t inode;
    int64_t base_rows;      /* statements 1..base_rows lie in the packed base */
    int64_t base_deleted;   /* of them are gone */
    int64_t longest;        /* the most rows that one subject has in the base */
    int id_bits, term_bits; /* upper bits of a hash that choose its bucket; 0 = no base */
    bool feeds;             /* kg_feed is known to it */
    bool later;             /* statements of later loads exist, or may */
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
    } cache[KG_DB_CACHE];
} kg_db;

typedef enum kg_db_mode {
    KG_DB_READ,  /* reads only */
    KG_DB_WRITE, /* reads and writes an existing file, in WAL */
    KG_DB_BUILD  /* makes a new file that nobody else sees: no journal, no syncs */
} kg_db_mode;

/* STATUS_NOT_FOUND when there is no file (KG_DB_BUILD makes it). Does not look at the contents. */
status kg_db_open(const char *path, kg_db_mode mode, int wait_ms, kg_db **out, error *err);
void kg_db_close(kg_db *db); /* accepts NULL */

/* Application id, schema version, and the tables that must be there. */
status kg_db_verify(kg_db *db, const char *path, int *version, error *err);
/* Makes the tables, meta rows (uuid, version 0) and marks in an empty file. */
status kg_db_create_schema(kg_db *db, error *err);

/* The error of the connection's last failure, or of `code`, put behind `doing`. */
status kg_db_error(kg_db *db, int code, const char *doing, error *err);

status kg_db_exec(kg_db *db, const char *sql, error *err);
/* A prepared statement, reset and with bindings kept; NULL when it cannot be prepared. */
sqlite3_stmt *kg_db_stmt(kg_db *db, const char *sql, error *err);
/* The same for a loop that calls out: a second taker of the same SQL gets a statement of its own.
 * Every take ends with a give. */
sqlite3_stmt *kg_db_take(kg_db *db, const char *sql, error *err);
void kg_db_give(kg_db *db, sqlite3_stmt *stmt); /* accepts NULL */
/* Steps and resets a statement that gives no rows. */
status kg_db_run(kg_db *db, sqlite3_stmt *stmt, error *err);
/* The first column of the first row, or `fallback` when there is no row. */
status kg_db_int(kg_db *db, const char *sql, int64_t fallback, int64_t *out, error *err);

/* Shorthands: text is bound without copying; it must live until the statement is reset. */
void kg_db_bind_str(sqlite3_stmt *stmt, int index, str text);
void kg_db_bind_id(sqlite3_stmt *stmt, int index, uint64_t id); /* 0 binds NULL */
/* A text column, copied into `a` (empty for NULL). */
str kg_db_str(sqlite3_stmt *stmt, int column, arena *a);

#endif
