/* Sets of nodes with proofs, and what an execution's result is made of. Internal to execute*.c.
 * Everything lives in the arena of the execution. */
#ifndef VOUCH_RETRIEVER_EXECUTE_SET_H
#define VOUCH_RETRIEVER_EXECUTE_SET_H

#include "retriever/execute.h"

/* Why an item is in a set: a statement behind what proves its start, or two proofs joined. */
typedef struct execute_proof {
    bool has_statement;
    kg_statement statement;
    const struct execute_proof *left, *right;
} execute_proof;

typedef struct execute_item {
    kg_id id;
    const execute_proof *proof; /* NULL: the question's own entity */
    double order;
    bool has_order;
} execute_item;

typedef struct execute_set { /* zero-initialise; insertion order is kept */
    execute_item *items;
    size_t count, capacity;
    uint32_t *slots; /* item index + 1 by hash of the id */
    size_t slot_count;
} execute_set;

/* Adds unless it is there; false when out of memory. */
bool execute_set_add(execute_set *set, execute_item item, arena *a);
const execute_item *execute_set_find(const execute_set *set, kg_id id);

/* Fills values and statements of the result from at most `rows` items. */
status execute_flatten(const execute_set *set, size_t rows, arena *a, execute_result *out,
                       error *err);
/* Finds subjects with several live values of a functional relation among the witnesses. */
status execute_conflicts(kg_read *read, kg_id relation, arena *a, execute_result *out, error *err);

#endif
