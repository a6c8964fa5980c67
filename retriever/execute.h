/* Executes a logical form on the graph, exactly, and records why: each value comes with the
 * statements that derive it (its witnesses), which are the evidence that an answer cites.
 *
 * Bounds (rows, statements visited, time) stop a form that would run away: the result is then what
 * was found so far with `more` set, never a silent cut. Reads only. Memory: results live in the
 * arena. One thread per kg_read. */
#ifndef VOUCH_RETRIEVER_EXECUTE_H
#define VOUCH_RETRIEVER_EXECUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "kg/store.h"
#include "retriever/logical_form.h"
#include "retriever/schema.h"

typedef struct execute_limits {
    size_t rows;          /* most values; 0 = 10,000 */
    size_t statements;    /* most statements visited; 0 = 2,000,000 */
    uint64_t deadline_ns; /* clock_monotonic_ns(); 0 = none */
} execute_limits;

typedef struct execute_options {
    const retriever_schema *schema; /* complete, functional, transitive ... ; NULL = none known */
    clock_day as_of;                /* validity to assume; CLOCK_DAY_UNKNOWN = today */
    bool any_time;                  /* no filter by validity */
    execute_limits limits;
} execute_options;

typedef enum execute_kind {
    EXECUTE_SET = 1, /* values */
    EXECUTE_COUNT,   /* number; values are what was counted */
    EXECUTE_TRUTH,   /* truth; values are what was found behind the path */
    EXECUTE_DESCRIBE /* statements about the entity, both directions */
} execute_kind;

typedef enum execute_truth { EXECUTE_NO = 0, EXECUTE_YES, EXECUTE_UNKNOWN } execute_truth;

typedef struct execute_value {
    kg_id id;
    kg_statement_id best; /* the last statement of its derivation; 0 = none (the entity itself) */
    const size_t *witnesses; /* indexes into execute_result.statements: one whole derivation, from
                                the question's entity to the value */
    size_t witness_count;
    double order; /* the measure that ARGMAX, ARGMIN and CMP compared; passages: BM25 */
    bool has_order;
} execute_value;

/* A functional relation with several live values at the same time. */
typedef struct execute_conflict {
    kg_id subject, relation;
    const size_t *statements; /* indexes; best first: authority, then validity, then recorded */
    size_t count;
} execute_conflict;

typedef struct execute_result {
    execute_kind kind;
    execute_value *values;
    size_t value_count;
    bool more; /* a bound cut the values */
    uint64_t number;
    execute_truth truth;
    /* Every relation used is complete (closed world): "no", MINUS and COUNT are exact. Else the
     * graph only records: "at least". */
    bool closed_world;
    kg_statement *statements; /* witnesses, each once */
    size_t statement_count;
    execute_conflict *conflicts;
    size_t conflict_count;
    /* When nothing holds at the date asked, but something holds at another: those statements. */
    kg_statement *other_times;
    size_t other_time_count;
    uint64_t visited; /* statements looked at */
    bool limit_hit;   /* rows, statements or time */
} execute_result;

/* `form` must be resolved. */
status execute_form(kg_read *read, const lf_node *form, const execute_options *options, arena *a,
                    execute_result *out, error *err);

#endif
