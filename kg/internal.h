/* What the files of the SQLite store share. Inside kg/ only. */
#ifndef VOUCH_KG_INTERNAL_H
#define VOUCH_KG_INTERNAL_H

#include <pthread.h>

#include "core/buf.h"
#include "kg/db.h"
#include "kg/store.h"

#define KG_POOL 16

struct kg_store {
    char *path;
    char copy[4096]; /* of an older file, made when it was opened; empty: none */
    kg_open_options options;
    pthread_mutex_t lock;        /* guards the pool */
    kg_db *idle[KG_POOL];        /* connections of ended reads, for the next ones */
    uint64_t idle_file[KG_POOL]; /* inode of each */
    size_t idle_count;
};

typedef struct kg_meta {
    str key, value;
} kg_meta;

struct kg_read {
    kg_store *store;
    kg_db *db;
    uint64_t file; /* inode that `db` reads */
    arena *strings;
    kg_meta *meta;
    size_t meta_count;
    uint64_t version;
    bool further_origins; /* some statement has more than one */
    kg_id type;           /* rdf:type; 0 = not looked up yet, or none */
};

/* Copies what `from` reads to a new file; STATUS_EXISTS when there is one. */
status kg_db_copy(kg_db *from, const char *to, error *err);
/* Brings an older file up to date; `copy` names the copy of it as it was (empty: nothing was to
 * do). On failure the file is as it was. */
status kg_migrate(const char *path, int wait_ms, char *copy, size_t bytes, error *err);
/* A connection to a graph of this version; an older file is brought up to date first. */
status kg_db_open_verified(const char *path, kg_db_mode mode, int wait_ms, char *copy, size_t bytes,
                           kg_db **out, error *err);

/* The folder of `path` can take a new file; else an error that names the path and the reason. */
status kg_check_folder(const char *path, error *err);

/* --- shared by readers and the writer, on a bare connection ---------------------------------- */
/* A growing array of statements in an arena-less buffer; the caller frees items. */
typedef struct kg_rows {
    kg_statement *items;
    size_t count, capacity;
} kg_rows;
bool kg_rows_add(kg_rows *rows, const kg_statement *statement);

/* Columns of a statement row, in the order that kg_row_of reads. */
#define KG_STATEMENT_COLUMNS "n,s,p,o,load,line,id,g,valid_from,valid_to,qualifiers,confidence"
typedef struct kg_row {
    kg_statement statement; /* confidence: the first origin's, 1 when it stated none */
    int64_t n, load, line;
    uint64_t qualifiers;
    bool stated; /* the first origin stated a confidence */
} kg_row;
void kg_row_of(sqlite3_stmt *stmt, kg_row *out);

/* Statements gathered up to a limit (0 = none). */
typedef struct kg_collector {
    kg_rows rows;
    size_t limit;
    bool more, failed;
} kg_collector;
bool kg_collect(void *collector, const kg_statement *statement);
/* Brings them into `a` unless `code` tells of a failure; frees the collector. */
status kg_give_list(kg_collector *c, status code, arena *a, kg_statement_list *out, error *err);

/* Rows that match s, p, o (KG_ANY is a wildcard); the callback returns false to stop. */
typedef bool (*kg_row_visit)(void *context, const kg_row *row);
status kg_db_match(kg_db *db, kg_id s, kg_id p, kg_id o, kg_row_visit visit, void *context,
                   error *err);
/* The highest confidence that any origin of a row stated; 1 when none did. */
status kg_best_confidence(kg_db *db, const kg_row *row, float *out, error *err);
/* Is there such a row? */
status kg_db_has(kg_db *db, kg_id s, kg_id p, kg_id o, bool *out, error *err);
/* The row with an id; out->n 0 when there is none. */
status kg_db_row_by_id(kg_db *db, kg_statement_id id, kg_row *out, error *err);

/* Term -> id on a connection; *out 0 when it is not there. */
status kg_db_find_term(kg_db *db, kg_term term, uint64_t hash, kg_id *out, error *err);
/* The same for many terms in the order of their hashes. The caller frees `bucket`. */
typedef struct kg_term_finder {
    kg_db *db;
    bool later; /* terms of later loads exist, or may */
    bool loaded;
    uint64_t number; /* of the bucket at hand */
    buf bucket;
} kg_term_finder;
status kg_find_next(kg_term_finder *finder, kg_term term, uint64_t hash, kg_id *out, error *err);
/* Id -> term; STATUS_NOT_FOUND. */
status kg_db_term(kg_db *db, kg_id id, arena *a, kg_term *out, error *err);

/* Recognised label predicates: the kind, or 0. */
int kg_label_predicate(str iri);
/* True for literals that the passage index holds. */
bool kg_is_passage(kg_term term);
/* The words of a text as the passage index stores them (lower case, Han bigrams), in `a`. With
 * `query`, as an FTS5 expression that matches any of them. */
str kg_passage_words(str text, bool query, arena *a);
/* Bytes; longer labels are found exactly or as passages, not by grams or near keys. */
#define KG_NAME_MOST 512
/* Character grams of a normalised text: distinct, ascending, in `a`. */
status kg_grams(str normalised, arena *a, uint64_t **out, size_t *count, error *err);

#define KG_RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define KG_RDF_TYPE KG_RDF "type"
#define KG_XSD "http://www.w3.org/2001/XMLSchema#"

/* Whether the store keeps this metadata key for itself: not written by callers, not exported. */
bool kg_meta_is_own(str key);

#endif
