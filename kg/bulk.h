/* The first load of a graph: everything is sorted in memory and written once, in order, into a file
 * that nobody else sees. Inside kg/. */
#ifndef VOUCH_KG_BULK_H
#define VOUCH_KG_BULK_H

#include "kg/base.h"
#include "kg/write.h"

/* What the parts of the build share. Terms are dictionary indexes; a term's id is its index + 1. */
typedef struct kg_bulk {
    kg_write *w;
    size_t terms, rows;
    kg_pending *row; /* distinct statements in the order (s, p, o); row n is row[n - 1] */
    uint32_t *first; /* [terms + 1] the first row (0-based) of each subject */
    uint64_t *ids;   /* statement ids */
    uint32_t type;   /* index of rdf:type; UINT32_MAX = none */
} kg_bulk;

/* Sorts and writes what is pending as the base. */
status kg_bulk_build(kg_write *w, error *err);

/* The parts, in the order in which they run. */
status kg_bulk_indexes(kg_bulk *b, error *err);    /* bulk_index.c */
status kg_bulk_terms(kg_bulk *b, error *err);      /* bulk_index.c */
status kg_bulk_statistics(kg_bulk *b, error *err); /* bulk_stat.c */
status kg_bulk_labels(kg_bulk *b, error *err);     /* bulk_label.c */

#endif
