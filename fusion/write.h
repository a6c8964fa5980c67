/* Wording by a model that writes freely: prompt, generate, gate, one repair; best of n by a vector
 * of rewards. What it gives has passed the gate whole, or it gives nothing and the template
 * stands. */
#ifndef VOUCH_FUSION_WRITE_H
#define VOUCH_FUSION_WRITE_H

#include <jansson.h>

#include "fusion/brain.h"
#include "fusion/gate.h"
#include "fusion/prompt.h"

typedef struct write_request {
    const verify_context *verify; /* its cites are the evidence */
    brain *brain;
    prompt_request prompt;
    const str *values; /* that must be named */
    size_t value_count;
    bool strict;          /* drop sentences that fail instead of falling back */
    int samples;          /* best of n; 0 or 1 = one, greedy */
    bool want_samples;    /* report them all */
    uint64_t deadline_ns; /* 0 = none */
    const atomic_bool *cancel;
    /* Called with each sentence that has passed while the model still writes the next one; may be
     * NULL. Not with samples: those are compared first. */
    void (*on_clause)(void *context, str lang, const answer_clause *clause);
    void *context;
} write_request;

typedef struct write_result {
    /* What has passed. Unless `complete`, it is not the whole answer: the template must follow, or
     * stand alone where nothing was shown. */
    answer_clause *clauses;
    size_t clause_count, shown; /* the first `shown` went to on_clause already */
    bool complete;
    str why; /* why it is not complete */
    uint64_t prompt_tokens, completion_tokens;
    double generate_ms, verify_ms;
    json_t *samples; /* owned; NULL unless wanted */
} write_result;

/* A model's failure is no error of the call: `why` tells. */
status write_answer(const write_request *request, write_result *out, error *err);

#endif
