/* Episodes packed for one pass: prefix once, candidates behind it, targets of the language-model
 * loss on the right candidates and on wordings. Reused from micro-batch to micro-batch. */
#ifndef VOUCH_LLM_TRAIN_BATCH_H
#define VOUCH_LLM_TRAIN_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "llm/train/episode.h"
#include "llm/train/pass.h"

typedef struct batch_weights {
    float group;   /* of a question */
    float form;    /* of each token of a right form */
    float wrong;   /* of each token of a wrong one (evaluation alone: all forms are scored) */
    float wording; /* of each token of a wording */
    float bce;
} batch_weights;

/* What batch_add takes of an episode. */
typedef enum batch_part {
    BATCH_ALL,       /* verdicts on all candidates, next tokens of the right one */
    BATCH_RIGHT_ONLY /* next tokens of the right one alone: a fifth of the price */
} batch_part;

typedef struct batch batch;

status batch_new(size_t max_tokens, size_t max_targets, const vocab *v, batch **out, error *err);
void batch_free(batch *b);
void batch_clear(batch *b);
/* false when the episode does not fit behind what is there (an empty batch takes any episode that
 * the limits can hold). */
bool batch_add(batch *b, const episode *e, batch_part part, const batch_weights *w);
/* Target losses are wanted here (max_targets floats), or not (NULL). */
void batch_want_losses(batch *b, float *losses);
/* Borrowed until the next change. */
const pass_batch *batch_view(batch *b);

#endif
