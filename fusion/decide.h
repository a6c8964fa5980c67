/* Whether to answer, and what to say when not: unknown name, relation not in the graph, ambiguous,
 * out of scope, unsafe, not sure enough. Everything said comes from the graph or its pack. */
#ifndef VOUCH_FUSION_DECIDE_H
#define VOUCH_FUSION_DECIDE_H

#include "fusion/answer.h"
#include "fusion/calibration.h"
#include "fusion/cite.h"
#include "fusion/glue.h"
#include "fusion/phrase.h"
#include "fusion/yes_no.h"
#include "retriever/retriever.h"

typedef struct decide_request {
    const phrase_context *phrases;
    const retriever_result *found;
    const calibration_set *calibration;
    str question;
    bool answer_always; /* whatever the confidence */
    const glue *glue;   /* NULL = yes and no are not read from texts */
    yes_no_words yes_no;
    cite_list *cites; /* facts that correct or complete the refusal */
} decide_request;

/* What p(correct) is computed from. */
void decide_features(const retriever_result *found, double features[CALIBRATION_FEATURES]);

/* Fills status, reason and alternatives of `out` when there is nothing to answer or vouch should
 * not; leaves status ANSWER_ANSWERED otherwise. */
status decide(const decide_request *request, answer *out, error *err);

/* The reason for an executed form that gave nothing ("the graph records no ..."). */
status decide_empty(const decide_request *request, answer *out, error *err);

#endif
