/* One forward and backward pass over a packed batch: sequences that share a prefix lie behind one
 * another without padding, each token knowing what it sees. Losses:
 *   - verdict: at the last token of each candidate, d = logit(<ok>) - logit(<no>); per group
 *     cross-entropy of the right candidates among all (where there is a right one) plus
 *     bce_weight times balanced binary cross-entropy;
 *   - language model: cross-entropy of the next token at chosen positions.
 * A pass owns the activations of one thread; the net is only read, gradients go to the caller's
 * block. */
#ifndef VOUCH_LLM_TRAIN_PASS_H
#define VOUCH_LLM_TRAIN_PASS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "llm/train/gemm.h"
#include "llm/train/net.h"
#include "llm/train/ops.h"

/* Borrowed arrays. Verdict positions of group g are verdict_at[group_start[g]..group_start[g+1]).
 */
typedef struct pass_batch {
    size_t tokens;
    const int32_t *token, *position;
    const ops_span *span;
    size_t verdicts;
    const int32_t *verdict_at;
    const uint8_t *verdict_gold; /* 1 = this candidate is right */
    size_t groups;
    const int32_t *group_start;
    const float *group_weight;
    size_t targets;
    const int32_t *target_at, *target;
    const float *target_weight;
    float *target_loss; /* -log p of each target is written here, unless NULL */
    int32_t token_ok, token_no;
    float bce_weight;
} pass_batch;

/* Sums over the batch; the caller divides. */
typedef struct pass_loss {
    double rank,
        rank_groups; /* weighted cross-entropy over candidates, groups that have a right one */
    double bce, bce_groups;
    double lm, lm_targets;
    double right; /* groups whose highest verdict is right */
} pass_loss;

typedef struct pass pass;

status pass_new(const net *n, size_t max_tokens, size_t max_targets, pass **out, error *err);
void pass_free(pass *p);
/* What its matrix products are made of; GEMM_F32 until told otherwise. */
void pass_set_products(pass *p, gemm_products products);
/* The instructions in use for them: "avx2", "avx512 bf16", ... */
const char *pass_products_name(const pass *p);

/* Runs the batch forward. verdicts (may be NULL) gets d for each verdict position; losses are added
 * to *loss; with grads (net_weight_count floats, or NULL) the gradient of
 * sum(rank + bce_weight * bce + target_weight * lm) is added there. */
status pass_run(pass *p, const net *n, const pass_batch *batch, float *verdicts, pass_loss *loss,
                float *grads, error *err);

/* Logits [vocab] at one position of the batch last run (for tests and export vectors). */
void pass_logits(pass *p, const net *n, size_t at, float *logits);

#endif
