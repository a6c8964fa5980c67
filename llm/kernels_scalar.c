/* The reference kernels: plain C, in the order of the formulas. Slow and obvious on purpose. */
#include "llm/kernels.h"

#include <math.h>
#include <string.h>

static void quantise_block(const float *x, int8_t *q, kernels_block *b)
{
    float largest = 0;
    for (size_t k = 0; k < MATRIX_BLOCK; k++)
        largest = largest > fabsf(x[k]) ? largest : fabsf(x[k]);
    *b = (kernels_block){.scale = largest / 127.0f};
    float inverse = largest > 0 ? 127.0f / largest : 0;
    for (size_t k = 0; k < MATRIX_BLOCK; k++) {
        float rounded = rintf(x[k] * inverse);
        int v = rounded >= -127 && rounded <= 127 ? (int)rounded : 0; /* 0 for what is no number */
        q[k] = (int8_t)v;
        b->pairs[k / 2 % 2] = (int16_t)(b->pairs[k / 2 % 2] + v);
        if (k < 16)
            b->low_pairs[k / 2 % 2] = (int16_t)(b->low_pairs[k / 2 % 2] + v);
    }
    b->scaled_sum = b->scale * (float)(b->pairs[0] + b->pairs[1]);
}

static void quantise(const float *x, size_t count, size_t step, int8_t *quants,
                     kernels_block *blocks)
{
    for (size_t b = 0; b < count; b++)
        quantise_block(x + b * MATRIX_BLOCK, quants + b * step * MATRIX_BLOCK, &blocks[b * step]);
}

static float dot_quantised(const llm_matrix *w, uint32_t group, uint32_t lane,
                           const kernels_input *x, size_t row)
{
    float total = 0;
    for (uint32_t i = 0; i < w->blocks; i++) {
        llm_lane_block b;
        llm_matrix_lane_block(w, group, lane, i, &b);
        size_t at = kernels_block_at(x->rows, w->blocks, row, i);
        const int8_t *q = x->quants + at * MATRIX_BLOCK;
        const kernels_block *xb = &x->blocks[at];
        int32_t low = 0, high = 0;
        for (size_t k = 0; k < 16; k++) {
            low += b.q[k] * q[k];
            high += b.q[k + 16] * q[k + 16];
        }
        total += xb->scale * (b.scale[0] * (float)low + b.scale[1] * (float)high) -
                 b.minimum * xb->scaled_sum;
    }
    return total;
}

static float plain_weight(const llm_matrix *w, const unsigned char *column, uint32_t lane)
{
    if (w->type == GGUF_TYPE_F32) {
        float v;
        memcpy(&v, column + lane * 4, sizeof v);
        return v;
    }
    uint16_t v;
    memcpy(&v, column + lane * 2, sizeof v);
    return w->type == GGUF_TYPE_F16 ? llm_half_to_float(v) : llm_bfloat_to_float(v);
}

static float dot_plain(const llm_matrix *w, uint32_t group, uint32_t lane, const kernels_input *x,
                       size_t row)
{
    const unsigned char *base = w->data + group * w->group_bytes;
    const float *values = x->values + row * x->stride;
    float total = 0;
    for (uint32_t k = 0; k < w->columns; k++)
        total += plain_weight(w, base + k * w->quant_step, lane) * values[k];
    return total;
}

static void multiply(const llm_matrix *w, size_t from, size_t to, const kernels_input *x,
                     float *out, size_t stride, bool add)
{
    for (size_t g = from; g < to; g++)
        for (uint32_t lane = 0; lane < MATRIX_LANES; lane++)
            for (size_t i = 0; i < x->rows; i++) {
                float *at = &out[i * stride + (g - from) * MATRIX_LANES + lane];
                float v = w->blocks > 0 ? dot_quantised(w, (uint32_t)g, lane, x, i)
                                        : dot_plain(w, (uint32_t)g, lane, x, i);
                *at = add ? *at + v : v;
            }
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float total = 0;
            for (size_t l = 0; l < k; l++)
                total += a[i * lda + l] * b[l * ldb + j];
            c[i * ldc + j] = add ? c[i * ldc + j] + total : total;
        }
}

static void rms_norm(const float *x, const float *weight, size_t n, float epsilon, float *out)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)x[i] * (double)x[i];
    float factor = 1.0f / sqrtf((float)(squares / (double)n) + epsilon);
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * factor * weight[i];
}

static void silu_multiply(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        gate[i] = gate[i] / (1.0f + expf(-gate[i])) * up[i];
}

static void rotate(float *x, const float *cosines, const float *sines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float a = x[i], b = x[i + n];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + n] = a * sines[i] + b * cosines[i];
    }
}

static float maximum(const float *x, size_t n)
{
    float largest = x[0];
    for (size_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static float exp_sum(float *x, size_t n, float bias)
{
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = expf(x[i] - bias);
        total += (double)x[i];
    }
    return (float)total;
}

static void scale(float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static float dot(const float *a, const float *b, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)a[i] * (double)b[i];
    return (float)total;
}

static void add_scaled(float *out, const float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] += factor * x[i];
}

static void to_half(const float *x, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = llm_float_to_half(x[i]);
}

static void from_half(const uint16_t *x, size_t n, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = llm_half_to_float(x[i]);
}

const kernels kernels_scalar = {
    .name = "scalar",
    .quantise = quantise,
    .multiply = multiply,
    .sgemm = sgemm,
    .rms_norm = rms_norm,
    .silu_multiply = silu_multiply,
    .rotate = rotate,
    .maximum = maximum,
    .exp_sum = exp_sum,
    .scale = scale,
    .dot = dot,
    .add_scaled = add_scaled,
    .to_half = to_half,
    .from_half = from_half,
};
