/* The arithmetic of the transformer, once per instruction set, behind one table of functions:
 * "scalar" (plain C, the reference that the others are tested against), "avx2" (with FMA and
 * F16C), "avx512" (with VNNI and BF16), "neon" and "neon-dot" (with the dot-product extension).
 * The best one that the CPU runs is chosen once, when a model is opened.
 *
 * Products with quantised weights are integer products: activations are quantised to 8 bits per
 * block of 32 with a scale of their own, once per row, whatever the weights' type. All functions
 * are pure; any thread may call them. */
#ifndef VOUCH_LLM_KERNELS_H
#define VOUCH_LLM_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/matrix.h"

/* Rows of activations that are multiplied at once at most. */
#define KERNELS_MAX_ROWS 256u

/* A quantised block of 32 activations: value = scale x q. The sums serve the offsets and minima of
 * the weights; pairs are sums over columns whose index modulo 4 is 0 or 1, and 2 or 3. */
typedef struct kernels_block {
    float scale;
    float scaled_sum;     /* scale x sum of q */
    int16_t pairs[2];     /* of all 32 */
    int16_t low_pairs[2]; /* of columns 0-15 */
} kernels_block;

/* Rows of activations. `values` (row-major) serves weights that are not quantised; `quants` and
 * `blocks` serve the others. Those lie in tiles of KERNELS_TILE rows (the last may have fewer): a
 * tile holds block 0 of each of its rows, then block 1 of each, and so on, so that a kernel reads
 * it in one stream. */
#define KERNELS_TILE 4u

typedef struct kernels_input {
    size_t rows, columns;
    const float *values;
    size_t stride;               /* of values, in floats */
    const int8_t *quants;        /* rows x columns */
    const kernels_block *blocks; /* rows x (columns / 32) */
} kernels_input;

/* Rows in the tile that row belongs to. */
static inline size_t kernels_tile_rows(size_t rows, size_t row)
{
    size_t first = row / KERNELS_TILE * KERNELS_TILE;
    return rows - first < KERNELS_TILE ? rows - first : KERNELS_TILE;
}

/* Index of block `b` of a row (of `blocks` blocks) in `blocks`; 32 times that in `quants`. The next
 * block of the row is kernels_tile_rows further. */
static inline size_t kernels_block_at(size_t rows, size_t blocks, size_t row, size_t b)
{
    size_t first = row / KERNELS_TILE * KERNELS_TILE;
    return first * blocks + b * kernels_tile_rows(rows, row) + (row - first);
}

typedef struct kernels {
    const char *name;

    /* Quantises `count` blocks of 32 floats. Block b goes to quants + 32 b step and blocks[b step].
     */
    void (*quantise)(const float *x, size_t count, size_t step, int8_t *quants,
                     kernels_block *blocks);

    /* out[i * stride + 16 (g - from) + lane] = row (16 g + lane) of w times row i of x, for the
     * groups [from, to); with `add`, added to what is there. x->rows is at most KERNELS_MAX_ROWS.
     * Lanes behind the matrix's last row are written too (as zero, or left with `add`). */
    void (*multiply)(const llm_matrix *w, size_t from, size_t to, const kernels_input *x,
                     float *out, size_t stride, bool add);

    /* c (m x n) = a (m x k) times b (k x n), row-major; with `add`, added to c. n is a multiple of
     * 16. */
    void (*sgemm)(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add);

    /* out[i] = x[i] weight[i] / sqrt(mean(x^2) + epsilon); out may be x. */
    void (*rms_norm)(const float *x, const float *weight, size_t n, float epsilon, float *out);

    /* gate[i] = gate[i] sigmoid(gate[i]) up[i] */
    void (*silu_multiply)(float *gate, const float *up, size_t n);

    /* Rotates the pairs (x[i], x[i + n]) by the angles whose cosines and sines are given. */
    void (*rotate)(float *x, const float *cosines, const float *sines, size_t n);

    float (*maximum)(const float *x, size_t n); /* n > 0 */
    /* x[i] = exp(x[i] - bias), and their sum; no x[i] is above bias + 88. */
    float (*exp_sum)(float *x, size_t n, float bias);
    void (*scale)(float *x, size_t n, float factor);

    float (*dot)(const float *a, const float *b, size_t n);
    /* out[i] += factor * x[i] */
    void (*add_scaled)(float *out, const float *x, float factor, size_t n);

    void (*to_half)(const float *x, size_t n, uint16_t *out);
    void (*from_half)(const uint16_t *x, size_t n, float *out);
} kernels;

/* The kernels of that name, or the best for this CPU (NULL); NULL when the CPU or the build does
 * not have them. */
const kernels *kernels_find(const char *name);

/* Names of those that run on this CPU, best first; `names` has room for KERNELS_MAX. */
#define KERNELS_MAX 4
size_t kernels_list(const char *names[KERNELS_MAX]);

extern const kernels kernels_scalar;
#if defined(__x86_64__)
extern const kernels kernels_avx2, kernels_avx512;
#elif defined(__aarch64__)
extern const kernels kernels_neon, kernels_neon_dot;
#endif

/* For kernel files: FOR(name, type) for each weight type, and the choice among the functions
 * multiply_NAME that it made. */
#define KERNELS_FOR_EACH_TYPE(FOR)                                                                 \
    FOR(f32, GGUF_TYPE_F32)                                                                        \
    FOR(f16, GGUF_TYPE_F16)                                                                        \
    FOR(bf16, GGUF_TYPE_BF16)                                                                      \
    FOR(q8_0, GGUF_TYPE_Q8_0)                                                                      \
    FOR(q4_0, GGUF_TYPE_Q4_0)                                                                      \
    FOR(q5_0, GGUF_TYPE_Q5_0)                                                                      \
    FOR(q4_k, GGUF_TYPE_Q4_K)                                                                      \
    FOR(q5_k, GGUF_TYPE_Q5_K)                                                                      \
    FOR(q6_k, GGUF_TYPE_Q6_K)

#define KERNELS_CASE_(NAME, TYPE)                                                                  \
    case TYPE:                                                                                     \
        multiply_##NAME(w_, from_, to_, x_, out_, stride_, add_);                                  \
        break;

#define KERNELS_MULTIPLY_BY_TYPE(w, from, to, x, out, stride, add)                                 \
    do {                                                                                           \
        const llm_matrix *w_ = (w);                                                                \
        const kernels_input *x_ = (x);                                                             \
        size_t from_ = (from), to_ = (to), stride_ = (stride);                                     \
        float *out_ = (out);                                                                       \
        bool add_ = (add);                                                                         \
        switch (w_->type) {                                                                        \
            KERNELS_FOR_EACH_TYPE(KERNELS_CASE_)                                                   \
        default:                                                                                   \
            break;                                                                                 \
        }                                                                                          \
    } while (0)

#endif
