/* Element-wise kernels in the compiler's vector extension, VECTOR_LANES floats wide, for inclusion
 * by the kernels of one instruction set, which are compiled for it. */
#ifndef VOUCH_LLM_KERNELS_VECTOR_H
#define VOUCH_LLM_KERNELS_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef VECTOR_LANES
#define VECTOR_LANES 4
#endif

typedef float vf __attribute__((vector_size(VECTOR_LANES * 4)));
typedef int32_t vi __attribute__((vector_size(VECTOR_LANES * 4)));

static inline __attribute__((always_inline)) vf vf_load(const float *p)
{
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) void vf_store(float *p, vf v)
{
    memcpy(p, &v, sizeof v);
}

static inline __attribute__((always_inline)) vf vf_choose(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

/* The instruction where there is one: compilers make a comparison and three logical ones of it. */
#if defined(__AVX512F__) && VECTOR_LANES == 16
#define VF_MAX(a, b) (vf) _mm512_max_ps((__m512)(a), (__m512)(b))
#define VF_MIN(a, b) (vf) _mm512_min_ps((__m512)(a), (__m512)(b))
#elif defined(__AVX2__) && VECTOR_LANES == 8
#define VF_MAX(a, b) (vf) _mm256_max_ps((__m256)(a), (__m256)(b))
#define VF_MIN(a, b) (vf) _mm256_min_ps((__m256)(a), (__m256)(b))
#else
#define VF_MAX(a, b) vf_choose((a) > (b), a, b)
#define VF_MIN(a, b) vf_choose((a) < (b), a, b)
#endif

static inline __attribute__((always_inline)) vf vf_max(vf a, vf b)
{
    return VF_MAX(a, b);
}

static inline __attribute__((always_inline)) vf vf_min(vf a, vf b)
{
    return VF_MIN(a, b);
}

/* The lanes' halves are added to each other until one is left: few steps behind one another. */
static inline __attribute__((always_inline)) float vf_sum(vf v)
{
    float lanes[VECTOR_LANES];
    memcpy(lanes, &v, sizeof v);
#pragma GCC unroll 4
    for (int n = VECTOR_LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            lanes[i] += lanes[i + n];
    return lanes[0];
}

/* exp to about 2 units in the last place (Cephes' polynomial) for -87.3 <= x <= 88.3. */
static inline __attribute__((always_inline)) vf vf_exp_within(vf x)
{
    /* Adding 1.5 x 2^23 rounds to an integer; with 127 more its low bits are a float's exponent. */
    const float rounds = 12582912.0f + 127.0f;
    vf n = x * 1.44269504f + rounds;
    vf power = (vf)((vi)n << 23);
    n = n - rounds;
    vf r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return p * power;
}

/* Below -87.3 it stays at exp(-87.3), above 88.3 at exp(88.3). */
static inline __attribute__((always_inline)) vf vf_exp(vf x)
{
    const vf zero = {0};
    return vf_exp_within(vf_min(vf_max(x, zero - 87.3f), zero + 88.3f));
}

static inline float vector_exp1(float x)
{
    vf v = {0};
    return vf_exp(v + x)[0];
}

static void vector_rms_norm(const float *x, const float *weight, size_t n, float epsilon,
                            float *out)
{
    vf a = {0}, b = {0};
    size_t i = 0;
    for (; i + 2 * VECTOR_LANES <= n; i += 2 * VECTOR_LANES) {
        vf u = vf_load(x + i), v = vf_load(x + i + VECTOR_LANES);
        a += u * u;
        b += v * v;
    }
    float squares = vf_sum(a + b);
    for (; i < n; i++)
        squares += x[i] * x[i];
    float factor = 1.0f / sqrtf(squares / (float)n + epsilon);
    for (i = 0; i + VECTOR_LANES <= n; i += VECTOR_LANES)
        vf_store(out + i, vf_load(x + i) * factor * vf_load(weight + i));
    for (; i < n; i++)
        out[i] = x[i] * factor * weight[i];
}

static void vector_silu_multiply(float *gate, const float *up, size_t n)
{
    const vf zero = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        vf g = vf_load(gate + i);
        vf_store(gate + i, g / (1.0f + vf_exp(zero - g)) * vf_load(up + i));
    }
    for (; i < n; i++)
        gate[i] = gate[i] / (1.0f + vector_exp1(-gate[i])) * up[i];
}

static void vector_rotate(float *x, const float *cosines, const float *sines, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        vf a = vf_load(x + i), b = vf_load(x + i + n);
        vf c = vf_load(cosines + i), s = vf_load(sines + i);
        vf_store(x + i, a * c - b * s);
        vf_store(x + i + n, a * s + b * c);
    }
    for (; i < n; i++) {
        float a = x[i], b = x[i + n];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + n] = a * sines[i] + b * cosines[i];
    }
}

static float vector_maximum(const float *x, size_t n)
{
    size_t i = 0;
    float largest = x[0];
    if (n >= VECTOR_LANES) {
        vf v = vf_load(x);
        for (i = VECTOR_LANES; i + VECTOR_LANES <= n; i += VECTOR_LANES)
            v = vf_max(vf_load(x + i), v);
        for (int k = 0; k < VECTOR_LANES; k++)
            largest = v[k] > largest ? v[k] : largest;
    }
    for (; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    return largest;
}

static float vector_exp_sum(float *x, size_t n, float bias)
{
    const vf zero = {0};
    vf total = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        vf e = vf_exp_within(vf_max(vf_load(x + i) - bias, zero - 87.3f));
        vf_store(x + i, e);
        total += e;
    }
    float sum = vf_sum(total);
    for (; i < n; i++) {
        x[i] = vector_exp1(x[i] - bias);
        sum += x[i];
    }
    return sum;
}

static void vector_scale(float *x, size_t n, float factor)
{
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES)
        vf_store(x + i, vf_load(x + i) * factor);
    for (; i < n; i++)
        x[i] *= factor;
}

static float vector_dot(const float *a, const float *b, size_t n)
{
    vf total = {0};
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES)
        total += vf_load(a + i) * vf_load(b + i);
    float sum = vf_sum(total);
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void vector_add_scaled(float *out, const float *x, float factor, size_t n)
{
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES)
        vf_store(out + i, vf_load(out + i) + vf_load(x + i) * factor);
    for (; i < n; i++)
        out[i] += x[i] * factor;
}

#endif
