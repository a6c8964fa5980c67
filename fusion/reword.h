/* Wording by the embedded model: a sentence whose names are placeholders goes in, another one comes
 * out, each placeholder exactly once by constraint; names are put back, the gate verifies it, and
 * unless all of it is supported the template's sentence stands. Off unless asked for: the model
 * that is shipped words worse than the templates do (llm/models/README.md). */
#ifndef VOUCH_FUSION_REWORD_H
#define VOUCH_FUSION_REWORD_H

#include "fusion/brain.h"
#include "fusion/gate.h"

typedef struct reword_request {
    const verify_context *verify;
    brain *brain;
    str lang, subject, relation, list; /* the relation of the subject is the list */
    const str *values;                 /* that must be named */
    size_t value_count;
    const answer_clause *clause; /* the template's */
} reword_request;

typedef struct reword_result {
    bool kept;
    answer_clause clause; /* when kept */
    str said;             /* what the model wrote, names put back; empty = nothing whole */
} reword_result;

status reword_make(const reword_request *request, reword_result *out, error *err);

#endif
