/* The answer object: what every way of asking (command line, HTTP, tests) gives. Its JSON form is
 * schemas/answer.schema.json. All strings and arrays live in the arena that made the answer. */
#ifndef VOUCH_FUSION_ANSWER_H
#define VOUCH_FUSION_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/str.h"
#include "kg/term.h"

typedef enum answer_status {
    ANSWER_ANSWERED = 0,
    ANSWER_ABSTAINED,
    ANSWER_CLARIFY,
    ANSWER_REFUSED
} answer_status;

typedef enum answer_verdict {
    VERDICT_SUPPORTED = 0,
    VERDICT_CONTRADICTED,
    VERDICT_NOT_IN_GRAPH,
    VERDICT_UNPARSED
} answer_verdict;

/* "answered", "abstained", "clarify", "refused". */
const char *answer_status_name(answer_status s);
/* "SUPPORTED", "CONTRADICTED", "NOT_IN_GRAPH", "UNPARSED". */
const char *answer_verdict_name(answer_verdict v);

typedef struct answer_citation {
    int n; /* as it stands in [n], from 1 */
    kg_statement_id statement_id;
    str subject, predicate, object; /* labels in the answer's language */
    str source;
    uint64_t position; /* line in the source; 0 = unknown */
    clock_day valid_from, valid_to;
    double confidence;
    bool conflict, old, low_authority; /* marks shown to people */
} answer_citation;

typedef struct answer_clause {
    str text;
    answer_verdict verdict;
    const int *citations; /* the n of each */
    size_t citation_count;
} answer_clause;

typedef struct answer_alternative {
    str logical_form, label;
    double score;
} answer_alternative;

typedef struct answer_conflict {
    str relation;
    const str *values;
    const int *citations;
    size_t count; /* of values and of citations */
} answer_conflict;

typedef struct answer_timings { /* milliseconds */
    double link, plan, execute, prompt, generate, verify, total;
} answer_timings;

typedef struct answer {
    str id; /* unique per answer */
    str question, lang;
    answer_status status;
    str text; /* the `answer` field: what a person reads, with [n] */
    const str *values;
    size_t value_count;
    const answer_clause *clauses;
    size_t clause_count;
    const answer_citation *citations;
    size_t citation_count;
    str logical_form, sparql;
    const answer_alternative *alternatives; /* for clarify: the choices */
    size_t alternative_count;
    double confidence;
    str reason; /* why it abstained, what corrects a false premise */
    str scope_notice;
    const answer_conflict *conflicts;
    size_t conflict_count;
    str model; /* "none", or the model that ranked or worded */
    str graph_version, pack_version, model_version;
    uint64_t prompt_tokens, completion_tokens;
    answer_timings timings;
    /* What the confidence was computed from (CALIBRATION_FEATURES of fusion/calibration.h, in the
     * arena), NULL where nothing was found to judge; `passage` tells which model judges. */
    const double *features;
    bool passage;
    json_t *explain; /* mentions, candidates with features, ...; NULL unless asked; owned */
    json_t *samples; /* best of n with reward vectors; NULL unless asked; owned */
} answer;

/* A new JSON object (caller decref's), NULL when out of memory. */
json_t *answer_to_json(const answer *a);
/* Parts of it: arrays of clauses and of citations, one citation. New references. */
json_t *answer_clauses_to_json(const answer *a);
json_t *answer_citations_to_json(const answer *a);
json_t *answer_citation_to_json(const answer_citation *c);

/* A source's name without the folders of this machine that it may carry; URLs stay whole. */
str answer_source_name(str source);

#endif
