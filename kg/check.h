/* What the parts of `graph check` share: the graph's terms and rows in memory, read once, beside
 * which each derived structure is held. Inside kg/. */
#ifndef VOUCH_KG_CHECK_H
#define VOUCH_KG_CHECK_H

#include "core/compiler.h"
#include "kg/base.h"

typedef struct kg_check_row {
    uint32_t n, s, p, o;
    uint64_t id;
} kg_check_row;

typedef struct kg_checking {
    kg_store *store;
    kg_read *read;
    kg_db *db;
    kg_check_report report;
    void *context;
    size_t violations;
    kg_check_row *rows; /* ascending by n */
    size_t row_count, row_capacity;
    uint64_t *hashes; /* by term; 0 where there is none */
    uint8_t *kinds;   /* likewise: kg_term_kind, + 4 or 8 for predicates of labels or aliases */
    size_t terms;     /* the highest number + 1 */
} kg_checking;

enum { KG_CHECK_KIND = 3, KG_CHECK_LABEL = 4, KG_CHECK_ALIAS = 8 };

/* Reports what is broken. */
void kg_violated(kg_checking *c, const char *format, ...) CORE_PRINTF(2, 3);
/* The same, when there are any: "what: count". */
void kg_violated_count(kg_checking *c, const char *what, uint64_t count);
/* A query of one number, 0 where all is well. */
void kg_check_rule(kg_checking *c, const char *what, const char *sql);
/* Index of row n; SIZE_MAX when it is not there. */
size_t kg_check_find(const kg_checking *c, uint64_t n);
/* Gives each row of a query to `take`. */
typedef void kg_check_take(void *context, sqlite3_stmt *stmt);
status kg_check_each(kg_checking *c, void *context, const char *sql, kg_check_take *take,
                     error *err);
/* The kind of a term; 0 when there is none. */
unsigned kg_check_kind(const kg_checking *c, uint64_t term);

status kg_check_lists(kg_checking *c, error *err);      /* check_lists.c */
status kg_check_names(kg_checking *c, error *err);      /* check_names.c */
status kg_check_statistics(kg_checking *c, error *err); /* check_lists.c */

#endif
