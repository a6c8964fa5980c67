/* One execution under way, shared by execute*.c alone. */
#ifndef VOUCH_RETRIEVER_EXECUTE_RUN_H
#define VOUCH_RETRIEVER_EXECUTE_RUN_H

#include "retriever/execute_set.h"

typedef struct execute_run {
    kg_read *read;
    const execute_options *options;
    arena *a;
    error *err;
    execute_result *out;
    kg_when when;
    size_t rows, statements;
    bool open_world; /* a relation was used that is not complete */
    int depth;
} execute_run;

/* True, and noted in the result, once a bound is met. */
bool execute_exhausted(execute_run *r);
/* Adds within the bound of rows. */
status execute_add(execute_run *r, execute_set *set, execute_item item);
/* NULL when out of memory. */
const execute_proof *execute_prove(execute_run *r, const kg_statement *st,
                                   const execute_proof *before);
const execute_proof *execute_prove_both(execute_run *r, const execute_proof *x,
                                        const execute_proof *y);
/* What the schema knows of the relation; NULL = nothing. */
const retriever_relation *execute_known(execute_run *r, kg_id id);
/* Notes whether the relation is complete. */
void execute_note_world(execute_run *r, kg_id relation);

status execute_eval(execute_run *r, const lf_node *f, execute_set *out);
/* Does the node satisfy the comparison with a constant (LF_ENTITY or a value)? */
status execute_node_matches(execute_run *r, kg_id node, lf_compare compare, const lf_node *constant,
                            bool *out);
/* The operators that compare: FILTER; ARGMAX and ARGMIN; CMP. */
status execute_filter(execute_run *r, const lf_node *f, execute_set *out);
status execute_greatest(execute_run *r, const lf_node *f, execute_set *out);
status execute_compare(execute_run *r, const lf_node *f, execute_set *out);

/* How many a step leads to from `from`, each once, however many: only the bounds of statements and
 * time hold (out->limit_hit tells). */
status execute_count_ends(execute_run *r, const execute_set *from, const lf_step *step,
                          uint64_t *out);

#endif
