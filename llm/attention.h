/* Attention of a batch over the pages of the KV cache, and of a tree's nodes over their ancestors:
 * one pass over the pages with a running maximum (Milakov and Gimelshein, arXiv 1805.02867), so
 * that memory does not grow with the context. Query heads that share a key-value head are handled
 * together. Pure but for its output; pieces of one batch may run in any threads. */
#ifndef VOUCH_LLM_ATTENTION_H
#define VOUCH_LLM_ATTENTION_H

#include "llm/forward.h"

/* Query rows (tokens times the heads of a group) that a piece handles at most, a group apart. */
#define ATTENTION_ROWS 48u

typedef struct attention {
    const llm_model *model;
    const forward_batch *batch;
    uint32_t layer;
    const float *queries; /* row i at i * stride, rotated */
    size_t stride;
    float *out; /* row i at i * out_stride: [heads x head_size] */
    size_t out_stride;
    uint32_t tile_tokens; /* tokens in a piece */
    unsigned char *scratch;
    size_t scratch_bytes; /* for each worker */
} attention;

/* Tokens in a piece for this model. */
uint32_t attention_tile(const llm_shape *s);
/* Bytes of scratch for each worker. */
size_t attention_scratch(const llm_shape *s);
size_t attention_pieces(const attention *a);
/* A pool_task: context is an attention. */
void attention_piece(void *context, size_t index, size_t worker);

#endif
