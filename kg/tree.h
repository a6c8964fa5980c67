/* Writes whole tables and indexes of a new SQLite file as pages, in key order, without SQLite: the
 * first load of a graph (bulk.h) has everything sorted, and an INSERT costs far more than
 * the bytes that it makes. The file is one that SQLite made and closed, with its tables empty; what
 * is written is SQLite's documented format, so any SQLite reads it and checks it. Inside kg/ only.
 *
 * Failures (disk, memory) are kept and told by kg_tree_end and kg_pages_end. */
#ifndef VOUCH_KG_TREE_H
#define VOUCH_KG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct kg_pages kg_pages; /* the file */
typedef struct kg_tree kg_tree;   /* one table or index of it */

/* `file` is open for reading and writing and stays the caller's; no connection has it open until
 * kg_pages_end, which frees `pages` either way. */
status kg_pages_begin(int file, kg_pages **out, error *err);
status kg_pages_end(kg_pages *pages, error *err);

typedef enum kg_tree_kind {
    KG_TREE_TABLE, /* rows by ascending number */
    KG_TREE_INDEX  /* an index, or a table WITHOUT ROWID: rows by ascending columns */
} kg_tree_kind;

/* `root` is the table's root page, as sqlite_schema tells it; one tree at a time. */
status kg_tree_begin(kg_pages *pages, kg_tree_kind kind, int64_t root, kg_tree **out, error *err);
/* The columns of a row, in their order, at most 40. A table's INTEGER PRIMARY KEY is null; nulls
 * at the end may be left out in tables. */
void kg_tree_null(kg_tree *tree);
void kg_tree_int(kg_tree *tree, int64_t value);
void kg_tree_real(kg_tree *tree, double value);
void kg_tree_text(kg_tree *tree, const char *data, size_t length);
void kg_tree_blob(kg_tree *tree, const void *data, size_t length);
/* The row is complete. `number` is its rowid; indexes ignore it. */
void kg_tree_row(kg_tree *tree, int64_t number);
/* Writes what remains and frees. */
status kg_tree_end(kg_tree *tree, error *err);

#endif
