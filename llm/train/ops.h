/* Element-wise and attention passes of training, fused, forward and backward, over packed tokens.
 * Row-major [tokens, width]; no function allocates. Gradients of weights are added to, gradients of
 * activations are written unless said otherwise. One thread per call. */
#ifndef VOUCH_LLM_TRAIN_OPS_H
#define VOUCH_LLM_TRAIN_OPS_H

#include <stddef.h>
#include <stdint.h>

/* Which tokens token t sees: the prefix [prefix_start, prefix_start + prefix_length) and its own
 * segment [segment_start, t]. A prefix's own tokens have prefix_length 0. */
typedef struct ops_span {
    int32_t prefix_start, prefix_length, segment_start;
} ops_span;

/* y = x * inverse_rms(x) * gain; keeps the inverse in inv[tokens]. */
void ops_rmsnorm(size_t tokens, size_t dim, float eps, const float *x, const float *gain, float *y,
                 float *inv);
/* dx += gradient, dgain += gradient. */
void ops_rmsnorm_back(size_t tokens, size_t dim, const float *x, const float *gain,
                      const float *inv, const float *dy, float *dx, float *dgain);

/* Rotates pairs (2i, 2i+1) of each head of q and k inside qkv [tokens, 3 dim] by position *
 * base^(-2i/head). `sign` +1 forward, -1 for gradients. */
void ops_rope(size_t tokens, size_t dim, size_t heads, const float *table, const int32_t *position,
              float sign, float *qkv);
/* table[context][head/2][2] = cos, sin. */
void ops_rope_table(size_t context, size_t head, float base, float *table);

/* out[tokens, dim] = softmax(q k / sqrt(head)) v; lse[tokens, heads] keeps the log-sum-exp. */
void ops_attention(size_t tokens, size_t dim, size_t heads, const ops_span *span, const float *qkv,
                   float *out, float *lse, float *scratch);
/* dqkv is written. scratch: the longest visible row and 8 more, as for the forward pass. */
void ops_attention_back(size_t tokens, size_t dim, size_t heads, const ops_span *span,
                        const float *qkv, const float *out, const float *lse, const float *dout,
                        float *dqkv, float *scratch);

/* act[tokens, ffn] = silu(gate) * up, with gate_up [tokens, 2 ffn] = gate | up. */
void ops_swiglu(size_t tokens, size_t ffn, const float *gate_up, float *act);
void ops_swiglu_back(size_t tokens, size_t ffn, const float *gate_up, const float *dact,
                     float *dgate_up);

/* Softmax cross-entropy of one row in place: logits become weight * (p - onehot); gives the loss
 * -log p[target], unweighted. */
float ops_cross_entropy(size_t vocab, float *logits, size_t target, float weight);

#endif
