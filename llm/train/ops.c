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

/* Into each version, so that helpers are compiled for its instruction set too. */
#define INLINE static inline __attribute__((always_inline))

typedef float vec8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t int8v __attribute__((vector_size(32), aligned(4), may_alias));

/* 2^x by exponent bits and a degree-6 polynomial on [-0.5, 0.5]; clamps to the float range. Eight
 * at a time, in place. */
INLINE void exp_eight(vec8 *x)
{
    vec8 y = *x * 1.44269504f;
    for (int i = 0; i < 8; i++) {
        y[i] = y[i] < -126.0f ? -126.0f : y[i];
        y[i] = y[i] > 126.0f ? 126.0f : y[i];
    }
    /* Conversion truncates; y + 127.5 is positive, so this rounds to the nearest. */
    int8v whole = __builtin_convertvector(y + 127.5f, int8v) - 127;
    vec8 f = y - __builtin_convertvector(whole, vec8);
    vec8 p = f * 0.00015404f + 0.00133336f;
    p = f * p + 0.00961813f;
    p = f * p + 0.05550411f;
    p = f * p + 0.24022651f;
    p = f * p + 0.69314718f;
    p = f * p + 1.0f;
    int8v bits = (whole + 127) << 23;
    *x = p * (vec8)bits;
}

/* x[i] = exp(x[i] - shift), n rounded up to eight: rows have room for it. */
INLINE void exp_row(size_t n, float shift, float *x)
{
    for (size_t i = 0; i < n; i += 8) {
        vec8 v = *(vec8 *)(x + i) - shift;
        exp_eight(&v);
        *(vec8 *)(x + i) = v;
    }
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

/* The visible keys of a token as two runs of rows: the prefix, then its own segment. */
typedef struct key_run {
    size_t from, count;
} key_run;

INLINE void key_runs(const ops_span *s, size_t t, key_run run[2])
{
    run[0] = (key_run){(size_t)s->prefix_start, (size_t)s->prefix_length};
    run[1] = (key_run){(size_t)s->segment_start, t - (size_t)s->segment_start + 1};
}

INLINE float dot(size_t n, const float *restrict a, const float *restrict b)
{
    vec8 wide = {0};
    float sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        wide += *(const vec8 *)(a + i) * *(const vec8 *)(b + i);
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum + ((wide[0] + wide[4]) + (wide[1] + wide[5])) +
           ((wide[2] + wide[6]) + (wide[3] + wide[7]));
}

INLINE void add_scaled(size_t n, float scale, const float *restrict a, float *restrict out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        *(vec8 *)(out + i) += scale * *(const vec8 *)(a + i);
    for (; i < n; i++)
        out[i] += scale * a[i];
}

VERSIONS void ops_attention(size_t tokens, size_t dim, size_t heads, const ops_span *span,
                            const float *qkv, float *out, float *lse, float *scratch)
{
    size_t head = dim / heads, line = 3 * dim;
    float scale = 1.0f / sqrtf((float)head);
    for (size_t t = 0; t < tokens; t++) {
        key_run run[2];
        key_runs(&span[t], t, run);
        size_t keys = run[0].count + run[1].count;
        for (size_t h = 0; h < heads; h++) {
            const float *q = qkv + t * line + h * head;
            float most = -INFINITY, sum = 0, *score = scratch;
            for (int part = 0; part < 2; part++) {
                const float *k = qkv + run[part].from * line + dim + h * head;
                for (size_t j = 0; j < run[part].count; j++, k += line)
                    *score++ = scale * dot(head, q, k);
            }
            for (size_t j = 0; j < keys; j++)
                most = scratch[j] > most ? scratch[j] : most;
            exp_row(keys, most, scratch);
            for (size_t j = 0; j < keys; j++)
                sum += scratch[j];
            float *o = out + t * dim + h * head, share = 1.0f / sum;
            memset(o, 0, head * sizeof(float));
            score = scratch;
            for (int part = 0; part < 2; part++) {
                const float *v = qkv + run[part].from * line + 2 * dim + h * head;
                for (size_t j = 0; j < run[part].count; j++, v += line)
                    add_scaled(head, *score++ * share, v, o);
            }
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
        key_run run[2];
        key_runs(&span[t], t, run);
        size_t keys = run[0].count + run[1].count;
        for (size_t h = 0; h < heads; h++) {
            const float *q = qkv + t * line + h * head, *g = dout + t * dim + h * head;
            float *dq = dqkv + t * line + h * head, *score = scratch;
            float mean = dot(head, g, out + t * dim + h * head), top = lse[t * heads + h];
            for (int part = 0; part < 2; part++) {
                const float *k = qkv + run[part].from * line + dim + h * head;
                for (size_t j = 0; j < run[part].count; j++, k += line)
                    *score++ = scale * dot(head, q, k);
            }
            exp_row(keys, top, scratch);
            score = scratch;
            for (int part = 0; part < 2; part++) {
                size_t row = run[part].from * line + h * head;
                for (size_t j = 0; j < run[part].count; j++, row += line) {
                    const float *k = qkv + row + dim, *v = qkv + row + 2 * dim;
                    float p = *score++, ds = p * (dot(head, g, v) - mean) * scale;
                    add_scaled(head, p, g, dqkv + row + 2 * dim);
                    add_scaled(head, ds, k, dq);
                    add_scaled(head, ds, q, dqkv + row + dim);
                }
            }
        }
    }
}

/* sigmoid of up to eight gates; missing ones are anything. */
INLINE void sigmoid_eight(const float *gate, size_t count, vec8 *out)
{
    vec8 x = {0};
    memcpy(&x, gate, (count < 8 ? count : 8) * sizeof(float));
    x = -x;
    exp_eight(&x);
    *out = 1.0f / (1.0f + x);
}

VERSIONS void ops_swiglu(size_t tokens, size_t ffn, const float *gate_up, float *act)
{
    for (size_t t = 0; t < tokens; t++) {
        const float *g = gate_up + t * 2 * ffn, *u = g + ffn;
        float *a = act + t * ffn;
        size_t i = 0;
        vec8 s;
        for (; i + 8 <= ffn; i += 8) {
            sigmoid_eight(g + i, 8, &s);
            *(vec8 *)(a + i) = *(const vec8 *)(g + i) * s * *(const vec8 *)(u + i);
        }
        sigmoid_eight(g + i, ffn - i, &s);
        for (size_t j = 0; i + j < ffn; j++)
            a[i + j] = g[i + j] * s[j] * u[i + j];
    }
}

/* Eight (or fewer) columns of the gradient. */
INLINE void swiglu_back_part(size_t count, const float *g, const float *u, const float *da,
                             float *dg, float *du)
{
    vec8 s;
    sigmoid_eight(g, count, &s);
    if (count == 8) {
        vec8 vg = *(const vec8 *)g, vu = *(const vec8 *)u, vd = *(const vec8 *)da;
        *(vec8 *)du = vd * vg * s;
        *(vec8 *)dg = vd * vu * s * (1.0f + vg * (1.0f - s));
        return;
    }
    for (size_t j = 0; j < count; j++) {
        du[j] = da[j] * g[j] * s[j];
        dg[j] = da[j] * u[j] * s[j] * (1.0f + g[j] * (1.0f - s[j]));
    }
}

VERSIONS void ops_swiglu_back(size_t tokens, size_t ffn, const float *gate_up, const float *dact,
                              float *dgate_up)
{
    for (size_t t = 0; t < tokens; t++) {
        const float *g = gate_up + t * 2 * ffn, *u = g + ffn, *da = dact + t * ffn;
        float *dg = dgate_up + t * 2 * ffn, *du = dg + ffn;
        size_t i = 0;
        for (; i + 8 <= ffn; i += 8)
            swiglu_back_part(8, g + i, u + i, da + i, dg + i, du + i);
        if (i < ffn)
            swiglu_back_part(ffn - i, g + i, u + i, da + i, dg + i, du + i);
    }
}

VERSIONS float ops_cross_entropy(size_t vocab, float *logits, size_t target, float weight)
{
    float most = logits[0], sum = 0, wanted = logits[target];
    for (size_t i = 1; i < vocab; i++)
        most = logits[i] > most ? logits[i] : most;
    size_t whole = vocab / 8 * 8;
    float tail[8] = {0};
    memcpy(tail, logits + whole, (vocab - whole) * sizeof(float));
    exp_row(whole, most, logits);
    exp_row(8, most, tail);
    memcpy(logits + whole, tail, (vocab - whole) * sizeof(float));
    for (size_t i = 0; i < vocab; i++)
        sum += logits[i];
    float scale = weight / sum;
    for (size_t i = 0; i < vocab; i++)
        logits[i] *= scale;
    logits[target] -= weight;
    return most + logf(sum) - wanted;
}
