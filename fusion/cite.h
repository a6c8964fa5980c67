/* The citations of one answer: each statement once, numbered from 1 in the order of first use, then
 * filled in with labels, source and position. Lives in the arena; one thread. */
#ifndef VOUCH_FUSION_CITE_H
#define VOUCH_FUSION_CITE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "fusion/answer.h"
#include "kg/pack.h"
#include "kg/store.h"

typedef struct cite_list cite_list;

/* NULL when out of memory. */
cite_list *cite_new(arena *a);

/* The statement's number; 0 when out of memory. */
int cite_add(cite_list *list, const kg_statement *statement);

size_t cite_count(const cite_list *list);
/* Statement number n (from 1). */
const kg_statement *cite_statement(const cite_list *list, int n);

/* Marks a number as one of several values in conflict. */
void cite_mark_conflict(cite_list *list, int n);

/* Labels in `lang`, sources and marks of all of them. `p` may be NULL. A statement that the graph
 * does not hold is STATUS_CORRUPT: it must never be cited. */
status cite_finish(cite_list *list, kg_read *read, const pack *p, str lang, answer_citation **out,
                   size_t *out_count, error *err);

/* Appends "[1-3, 7]" for ascending or unordered numbers. */
void cite_print(const int *numbers, size_t count, buf *out);

#endif
