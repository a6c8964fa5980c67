/* From logits to the next token. The choice is made in this order: the mask takes tokens away, the
 * repetition penalty moves logits, then temperature, top-k, top-p and min-p cut the distribution
 * and a seeded generator draws. Temperature 0 is greedy (the lowest id wins a tie) and draws
 * nothing. The same seed and the same logits give the same tokens.
 *
 * Fails closed: a mask that leaves nothing is STATUS_NOT_FOUND, never a free choice. Logits that
 * are not numbers count as impossible; when no allowed token has a number, STATUS_INVALID.
 *
 * A sampler is the state of one generation: one thread at a time. */
#ifndef VOUCH_LLM_SAMPLER_H
#define VOUCH_LLM_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct llm_sampling {
    float temperature;      /* 0 = greedy; at most 100 */
    uint32_t top_k;         /* 0 = all */
    float top_p;            /* 1 = all; of (0, 1] */
    float min_p;            /* 0 = all; share of the best token's probability; of [0, 1] */
    float repeat_penalty;   /* 1 = none; > 1 makes recent tokens less likely; of (0, 10] */
    uint32_t repeat_window; /* how many recent tokens the penalty looks at */
    uint64_t seed;
} llm_sampling;

/* Greedy, no cuts, no penalty, window 64, seed 0. */
llm_sampling llm_sampling_default(void);
/* STATUS_USAGE names the field that is out of range. */
status llm_sampling_check(const llm_sampling *s, error *err);

typedef struct llm_sampler llm_sampler;

status llm_sampler_new(const llm_sampling *sampling, size_t vocabulary, llm_sampler **out,
                       error *err);
void llm_sampler_free(llm_sampler *s);

/* Chooses a token. logits [vocabulary], unchanged; `allowed` is a mask of llm/constraint.h or NULL
 * (all); `recent` are the tokens so far, oldest first. */
status llm_sampler_choose(llm_sampler *s, const float *logits, const uint64_t *allowed,
                          const int32_t *recent, size_t recent_count, int32_t *token, error *err);

/* --- log-probabilities under the model itself (no mask, penalty or temperature), natural log ---
 */

typedef struct llm_logprob {
    int32_t token;
    float logprob;
} llm_logprob;

/* log(sum(exp(logits))), ignoring what is no number. */
double llm_log_sum_exp(const float *logits, size_t vocabulary);
/* The `count` most probable tokens, best first; fewer when the vocabulary is smaller. Gives how
 * many. */
size_t llm_top_logprobs(const float *logits, size_t vocabulary, llm_logprob *out, size_t count);

#endif
