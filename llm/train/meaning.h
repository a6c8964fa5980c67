/* Meaning of words, learned cheaply beside the transformer: two phrases for one relation (any of
 * its names and questions, in either language) shall have similar sums of token embeddings, phrases
 * for different relations not: cross-entropy over the other pairs of the batch. It costs about a
 * hundredth of a step and moves only the embedding, which the transformer reads and writes words
 * with. Pairs are drawn from relations that are not held out. */
#ifndef VOUCH_LLM_TRAIN_MEANING_H
#define VOUCH_LLM_TRAIN_MEANING_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "llm/train/concepts.h"
#include "llm/train/random.h"
#include "llm/train/vocab.h"

enum { MEANING_PAIRS = 192, MEANING_TOKENS = 24 };

/* One side of a pair. */
typedef struct meaning_phrase {
    int32_t token[MEANING_TOKENS];
    size_t length;
} meaning_phrase;

typedef struct meaning_batch {
    meaning_phrase side[2][MEANING_PAIRS];
    int32_t cluster[MEANING_PAIRS]; /* pairs of one cluster are not each other's wrong answers */
} meaning_batch;

/* all: draw from held-out relations too. The same (seed, step) gives the same batch. */
void meaning_draw(const concepts *c, const vocab *v, bool all, uint64_t seed, uint64_t step,
                  meaning_batch *out);

/* The loss (mean over pairs, both directions); with gradient != NULL, weight * d loss / d embedding
 * is added there. embedding: [vocab, dim]. Negative when out of memory. */
double meaning_loss(const meaning_batch *b, size_t dim, const float *embedding, float weight,
                    float *gradient);

#endif
