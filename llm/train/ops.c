/* Written so that the compiler vectorises the loops (this file is built with -O3 and reassociation
 * allowed, see rules.mk, and in one version per instruction set). Softmax and SiLU use a polynomial
 * exponential that is exact to about 2 ulp. */
#include "llm/train/ops.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define VERSIONS __attribute__((target_clones("arch=haswell", "default")))
#else
#define VERSIONS
#endif

/* 2^x by exponent bits and a degree-6 polynomial on [-0.5, 0.5]; clamps to the float range. */
static inline float exp_fast(float x)
{
    float y = x * 1.44269504f;
    y = y < -126.0f ? -126.0f : y > 126.0f ? 126.0f : y;
    float whole = (float)(int32_t)(y + (y < 0 ? -0.5f : 0.5f));
    float f = y - whole;
    float p =
        1.0f +
        f * (0.69314718f +
             f * (0.24022651f +
                  f * (0.05550411f + f * (0.00961813f + f * (0.00133336f + f * 0.00015404f)))));
    union {
        int32_t i;
        float f;
    } scale = {.i = ((int32_t)whole + 127) << 23};
    return p * scale.f;
}

VERSIONS void ops_rmsnorm(size_t tokens, size_t dim, float eps, const float *x, const float *gain,
                          float *y, float *inv)
{
    for (size_t t = 0; t < tokens; t++, x += dim, y += dim) {
        float sum = 0;
        for (size_t i = 0; i < dim; i++)
            sum += x[i] * x[i];
        float r = 1.0f / sqrtf(sum / (float)dim + eps);
        inv[t] = r;
        for (size_t i = 0; i < dim; i++)
            y[i] = x[i] * r * gain[i];
    }
}

VERSIONS void ops_rmsnorm_back(size_t tokens, size_t dim, const float *x, const float *gain,
                               const float *inv, const float *dy, float *dx, float *dgain)
{
    for (size_t t = 0; t < tokens; t++, x += dim, dy += dim, dx += dim) {
        float r = inv[t], dot = 0;
        for (size_t i = 0; i < dim; i++)
            dot += gain[i] * dy[i] * x[i];
        float pull = dot * r * r * r / (float)dim;
        for (size_t i = 0; i < dim; i++) {
            dx[i] += r * gain[i] * dy[i] - pull * x[i];
            dgain[i] += dy[i] * x[i] * r;
        }
    }
}

void ops_rope_table(size_t context, size_t head, float base, float *table)
{
    for (size_t p = 0; p < context; p++)
        for (size_t i = 0; i < head / 2; i++) {
            double angle = (double)p * pow((double)base, -2.0 * (double)i / (double)head);
            table[(p * (head / 2) + i) * 2] = (float)cos(angle);
            table[(p * (head / 2) + i) * 2 + 1] = (float)sin(angle);
        }
}

VERSIONS void ops_rope(size_t tokens, size_t dim, size_t heads, const float *table,
                       const int32_t *position, float sign, float *qkv)
{
    size_t half = dim / heads / 2;
    for (size_t t = 0; t < tokens; t++) {
        const float *turn = table + (size_t)position[t] * half * 2;
        float *row = qkv + t * 3 * dim;
        for (size_t h = 0; h < 2 * heads; h++, row += 2 * half)
            for (size_t i = 0; i < half; i++) {
                float c = turn[2 * i], s = sign * turn[2 * i + 1];
                float a = row[2 * i], b = row[2 * i + 1];
                row[2 * i] = a * c - b * s;
                row[2 * i + 1] = a * s + b * c;
            }
    }
}

/* The visible keys of token t in order: j-th is prefix_start + j, then the segment. */
static inline size_t key_at(const ops_span *s, size_t j)
{
    return j < (size_t)s->prefix_length ? (size_t)s->prefix_start + j
                                        : (size_t)s->segment_start + j - (size_t)s->prefix_length;
}

static inline size_t key_count(const ops_span *s, size_t t)
{
    return (size_t)s->prefix_length + t - (size_t)s->segment_start + 1;
}

static inline float dot(size_t n, const float *a, const float *b)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static inline void add_scaled(size_t n, float scale, const float *a, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] += scale * a[i];
}

VERSIONS void ops_attention(size_t tokens, size_t dim, size_t heads, const ops_span *span,
                            const float *qkv, float *out, float *lse, float *scratch)
{
    size_t head = dim / heads, line = 3 * dim;
    float scale = 1.0f / sqrtf((float)head);
    for (size_t t = 0; t < tokens; t++) {
        size_t keys = key_count(&span[t], t);
        for (size_t h = 0; h < heads; h++) {
            const float *q = qkv + t * line + h * head;
            float most = -INFINITY, sum = 0;
            for (size_t j = 0; j < keys; j++) {
                const float *k = qkv + key_at(&span[t], j) * line + dim + h * head;
                scratch[j] = scale * dot(head, q, k);
                most = scratch[j] > most ? scratch[j] : most;
            }
            for (size_t j = 0; j < keys; j++) {
                scratch[j] = exp_fast(scratch[j] - most);
                sum += scratch[j];
            }
            float *o = out + t * dim + h * head;
            memset(o, 0, head * sizeof(float));
            for (size_t j = 0; j < keys; j++)
                add_scaled(head, scratch[j] / sum,
                           qkv + key_at(&span[t], j) * line + 2 * dim + h * head, o);
            lse[t * heads + h] = most + logf(sum);
        }
    }
}

VERSIONS void ops_attention_back(size_t tokens, size_t dim, size_t heads, const ops_span *span,
                                 const float *qkv, const float *out, const float *lse,
                                 const float *dout, float *dqkv, float *scratch)
{
    size_t head = dim / heads, line = 3 * dim;
    float scale = 1.0f / sqrtf((float)head);
    memset(dqkv, 0, tokens * line * sizeof(float));
    for (size_t t = 0; t < tokens; t++) {
        size_t keys = key_count(&span[t], t);
        for (size_t h = 0; h < heads; h++) {
            const float *q = qkv + t * line + h * head;
            const float *g = dout + t * dim + h * head;
            float *dq = dqkv + t * line + h * head;
            float mean = dot(head, g, out + t * dim + h * head), top = lse[t * heads + h];
            for (size_t j = 0; j < keys; j++)
                scratch[j] =
                    scale * dot(head, q, qkv + key_at(&span[t], j) * line + dim + h * head) - top;
            for (size_t j = 0; j < keys; j++)
                scratch[j] = exp_fast(scratch[j]);
            for (size_t j = 0; j < keys; j++) {
                size_t row = key_at(&span[t], j) * line + h * head;
                const float *k = qkv + row + dim, *v = qkv + row + 2 * dim;
                float p = scratch[j], ds = p * (dot(head, g, v) - mean) * scale;
                add_scaled(head, p, g, dqkv + row + 2 * dim);
                add_scaled(head, ds, k, dq);
                add_scaled(head, ds, q, dqkv + row + dim);
            }
        }
    }
}

VERSIONS void ops_swiglu(size_t tokens, size_t ffn, const float *gate_up, float *act)
{
    for (size_t t = 0; t < tokens; t++) {
        const float *g = gate_up + t * 2 * ffn, *u = g + ffn;
        float *a = act + t * ffn;
        for (size_t i = 0; i < ffn; i++)
            a[i] = g[i] / (1.0f + exp_fast(-g[i])) * u[i];
    }
}

VERSIONS void ops_swiglu_back(size_t tokens, size_t ffn, const float *gate_up, const float *dact,
                              float *dgate_up)
{
    for (size_t t = 0; t < tokens; t++) {
        const float *g = gate_up + t * 2 * ffn, *u = g + ffn, *da = dact + t * ffn;
        float *dg = dgate_up + t * 2 * ffn, *du = dg + ffn;
        for (size_t i = 0; i < ffn; i++) {
            float s = 1.0f / (1.0f + exp_fast(-g[i]));
            du[i] = da[i] * g[i] * s;
            dg[i] = da[i] * u[i] * s * (1.0f + g[i] * (1.0f - s));
        }
    }
}

VERSIONS float ops_cross_entropy(size_t vocab, float *logits, size_t target, float weight)
{
    float most = logits[0], sum = 0, wanted = logits[target];
    for (size_t i = 1; i < vocab; i++)
        most = logits[i] > most ? logits[i] : most;
    for (size_t i = 0; i < vocab; i++) {
        logits[i] = exp_fast(logits[i] - most);
        sum += logits[i];
    }
    float scale = weight / sum;
    for (size_t i = 0; i < vocab; i++)
        logits[i] *= scale;
    logits[target] -= weight;
    return most + logf(sum) - wanted;
}
