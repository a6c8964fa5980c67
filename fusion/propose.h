/* A plan proposed by a model that writes, for a question that the retriever could not read: one
 * logical form, from the names of the question and the relations that those names have, under a
 * grammar that holds nothing else. A model in a file decodes under that grammar; what an endpoint
 * writes must match it. The form is then resolved and executed like any other; what it finds is
 * answered by the template, with a note that says how the question was read. */
#ifndef VOUCH_FUSION_PROPOSE_H
#define VOUCH_FUSION_PROPOSE_H

#include <stdatomic.h>

#include "fusion/brain.h"
#include "fusion/phrase.h"
#include "retriever/retriever.h"

typedef struct propose_request {
    const phrase_context *phrases;
    brain *brain;
    const retriever_result *found; /* its mentions, its day */
    str question;
    uint64_t nonce, deadline_ns; /* deadline 0 = none */
    const atomic_bool *cancel;   /* may be NULL */
} propose_request;

/* *form is NULL, without an error, when the model proposes nothing, nothing that is allowed, or
 * something that finds nothing; strings and forms live in the phrases' arena. */
status propose_make(const propose_request *request, const lf_node **form, execute_result *result,
                    error *err);

#endif
