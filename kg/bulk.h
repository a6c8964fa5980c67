/* The first load of a graph: everything is sorted in memory and written once, in order, into a file
 * that nobody else sees. SQLite makes the tables and writes the small ones; the large ones are
 * written as pages (tree.h) while no connection has the file open. Inside kg/. */
#ifndef VOUCH_KG_BULK_H
#define VOUCH_KG_BULK_H

#include "kg/base.h"
#include "kg/tree.h"
#include "kg/write.h"

typedef struct kg_bulk_name { /* kg_write_label, in the order of terms */
    uint32_t term, literal, kind;
} kg_bulk_name;

/* What the parts of the build share. Terms are dictionary indexes; a term's id is its index + 1. */
typedef struct kg_bulk {
    kg_write *w;
    size_t terms, rows;
    kg_pending *row; /* distinct statements in the order (s, p, o); row n is row[n - 1] */
    uint32_t *first; /* [terms + 1] the first row (0-based) of each subject */
    uint64_t *ids;   /* statement ids */
    uint32_t type;   /* index of rdf:type; UINT32_MAX = none */
    bool named;      /* some row has a graph name or qualifiers */
    kg_bulk_name *names;
    size_t name_count;
    struct kg_bulk_tally *statistics;
    kg_pages *pages;
    struct {
        char name[32];
        int64_t page;
    } roots[64];
    size_t root_count;
} kg_bulk;

/* Sorts and writes what is pending as the base. */
status kg_bulk_build(kg_write *w, error *err);

/* Begins one of the file's tables or indexes. */
status kg_bulk_tree(kg_bulk *b, kg_tree_kind kind, const char *name, kg_tree **out, error *err);

/* By SQLite: what the rows count up to, names given beside them, how the base is laid out. */
status kg_bulk_statistics(kg_bulk *b, error *err); /* bulk_stat.c, of what was counted */
status kg_bulk_names(kg_bulk *b, error *err);      /* bulk_label.c */
status kg_bulk_meta(kg_bulk *b, error *err);       /* bulk_index.c */
/* Counts for the statistics, in a thread of its own beside the writing of pages; kg_bulk_counted
 * waits for it, and before that the rows stay as they are. */
status kg_bulk_count(kg_bulk *b, error *err);
status kg_bulk_counted(kg_bulk *b, error *err);
void kg_bulk_count_free(kg_bulk *b);
/* As pages. */
status kg_bulk_indexes(kg_bulk *b, error *err); /* bulk_index.c */
status kg_bulk_labels(kg_bulk *b, error *err);  /* bulk_label.c */

#endif
