/* The inside of a model, shared by the files that load it and those that run it. Not for others:
 * the public headers are model.h and session.h. */
#ifndef VOUCH_LLM_ENGINE_H
#define VOUCH_LLM_ENGINE_H

#include "core/arena.h"
#include "core/pool.h"
#include "llm/kernels.h"
#include "llm/matrix.h"
#include "llm/model.h"

/* Tokens that are evaluated at once. */
#define ENGINE_BATCH KERNELS_MAX_ROWS

typedef struct engine_layer {
    const float *attention_norm; /* [embedding] */
    const float *query_norm;     /* [head_size], qwen3; else NULL */
    const float *key_norm;       /* [head_size], qwen3; else NULL */
    const float *bias;           /* [query | key | value], qwen2; else NULL */
    const float *output_bias;    /* [embedding], where the file has one; else NULL */
    const float *feed_norm;      /* [embedding] */
    llm_matrix query, key, value, output, gate, up, down;
} engine_layer;

struct llm_model {
    llm_shape shape;
    const kernels *k;
    gguf *file;
    arena *memory; /* norms, biases, layers */
    engine_layer *layers;
    llm_matrix embedding; /* [vocabulary x embedding] */
    llm_matrix output;    /* the same data when tied */
    const float *output_norm;
    float *frequencies; /* [rope_size / 2], radians per position */
    float rope_gain;    /* factor of the cosines and sines (YaRN) */
    unsigned char *weights;
    size_t weight_bytes;
    pool *threads;
    struct workspace *space; /* of the evaluation that holds the pool */
};

static inline uint32_t engine_query_size(const llm_shape *s)
{
    return s->heads * s->head_size;
}

static inline uint32_t engine_kv_size(const llm_shape *s)
{
    return s->kv_heads * s->head_size;
}

/* Rounded up to whole groups of rows, as the kernels write them. */
static inline size_t engine_padded(size_t rows)
{
    return (rows + MATRIX_LANES - 1) / MATRIX_LANES * MATRIX_LANES;
}

/* Reads and checks the shape (model_shape.c). */
status engine_read_shape(const gguf *file, llm_shape *shape, error *err);
/* Fills frequencies and rope_gain (model_shape.c); the arena owns them. */
status engine_read_rope(llm_model *model, error *err);

#endif
