/* Weights of the features (schemas/weights.json) and the order that they give. */
#ifndef VOUCH_RETRIEVER_RANK_H
#define VOUCH_RETRIEVER_RANK_H

#include "core/error.h"
#include "retriever/passage_rank.h"
#include "retriever/plan.h"
#include "retriever/retriever.h"

typedef struct rank_weights {
    double plain[RETRIEVER_FEATURES];    /* without example questions */
    double examples[RETRIEVER_FEATURES]; /* with */
    double passages[PASSAGE_FEATURES];
} rank_weights;

/* Reads {"plain": {feature: weight}, "examples": {...}, "passages": {...}}; an unknown or missing
 * feature is an error. `where` names the text in messages. */
status rank_weights_parse(str json, const char *where, rank_weights *out, error *err);

double rank_score(const double features[RETRIEVER_FEATURES],
                  const double weights[RETRIEVER_FEATURES]);

/* Scores, sorts and deduplicates the plan's forms; the best `most` become candidates. */
status rank_forms(plan *p, const double weights[RETRIEVER_FEATURES], size_t most, arena *a,
                  retriever_candidate **out, size_t *out_count, error *err);
/* Sorts candidates by score and sets their probabilities. */
void rank_sort(retriever_candidate *candidates, size_t count);

#endif
