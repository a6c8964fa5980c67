/* What the files of the SQLite store share. Inside kg/ only. */
#ifndef VOUCH_KG_INTERNAL_H
#define VOUCH_KG_INTERNAL_H

#include <pthread.h>

#include "kg/db.h"
#include "kg/store.h"

#define KG_POOL 16

struct kg_store {
    char *path;
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
};

/* --- shared by readers and the writer, on a bare connection ---------------------------------- */
/* A growing array of statements in an arena-less buffer; the caller frees items. */
typedef struct kg_rows {
    kg_statement *items;
    size_t count, capacity;
} kg_rows;
bool kg_rows_add(kg_rows *rows, const kg_statement *statement);

/* Columns of a statement row, in the order of KG_STATEMENT_COLUMNS. */
#define KG_STATEMENT_COLUMNS                                                                       \
    "n,s,p,o,g,valid_from,valid_to,confidence,id,qualifiers,load,line,"                            \
    "(SELECT max(confidence) FROM origin WHERE statement=n)"
void kg_statement_of_row(sqlite3_stmt *stmt, kg_statement *out);

/* Term -> id on a connection; *out 0 when it is not there. */
status kg_db_find_term(kg_db *db, kg_term term, uint64_t hash, kg_id *out, error *err);
/* Id -> term; STATUS_NOT_FOUND. */
status kg_db_term(kg_db *db, kg_id id, arena *a, kg_term *out, error *err);

/* Recognised label predicates: the kind, or 0. */
int kg_label_predicate(str iri);
/* True for literals that the passage index holds. */
bool kg_is_passage(kg_term term);
/* The words of a text as the passage index stores them (lower case, Han bigrams), in `a`. With
 * `query`, as an FTS5 expression that matches any of them. */
str kg_passage_words(str text, bool query, arena *a);
/* Character grams of a normalised text: distinct, ascending, in `a`. */
status kg_grams(str normalised, arena *a, uint64_t **out, size_t *count, error *err);

#define KG_RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define KG_RDF_TYPE KG_RDF "type"
#define KG_XSD "http://www.w3.org/2001/XMLSchema#"

#endif
