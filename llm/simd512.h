/* The few 512-bit operations that kernels_avx512.c is made of: each is one instruction of AVX-512
 * (F, BW, DQ, VNNI), or, with KERNELS_EMULATE defined, the same in plain C, so that the kernels'
 * logic is tested on machines that lack the instructions. */
#ifndef VOUCH_LLM_SIMD512_H
#define VOUCH_LLM_SIMD512_H

#include <stdint.h>
#include <string.h>

#ifdef KERNELS_EMULATE /* one call each: inlined, the sanitizers' checks take gcc minutes to       \
                          compile */
#define SIMD static __attribute__((noinline, unused))
#else
#define SIMD static inline __attribute__((always_inline))
#endif

#if !defined(KERNELS_EMULATE) && defined(__AVX512VNNI__) && defined(__AVX512BW__)

#include <immintrin.h>

typedef __m512i simd_int;
typedef __m512 simd_float;

SIMD simd_int simd_load(const void *p)
{
    return _mm512_loadu_si512(p);
}

SIMD void simd_store(void *p, simd_int v)
{
    _mm512_storeu_si512(p, v);
}

/* The four bytes at p in every 32-bit lane. */
SIMD simd_int simd_spread(const void *p)
{
    int32_t v;
    memcpy(&v, p, sizeof v);
    return _mm512_set1_epi32(v);
}

SIMD simd_int simd_bytes(int v)
{
    return _mm512_set1_epi8((char)v);
}

SIMD simd_int simd_zero(void)
{
    return _mm512_setzero_si512();
}

SIMD simd_int simd_and(simd_int a, simd_int b)
{
    return _mm512_and_si512(a, b);
}

SIMD simd_int simd_or(simd_int a, simd_int b)
{
    return _mm512_or_si512(a, b);
}

SIMD simd_int simd_xor(simd_int a, simd_int b)
{
    return _mm512_xor_si512(a, b);
}

/* Shifts of 16-bit words. Clang's take an unsigned count, gcc's an int. */
#ifdef __clang__
typedef unsigned simd_count;
#else
typedef int simd_count;
#endif
SIMD simd_int simd_left(simd_int a, int n)
{
    return _mm512_slli_epi16(a, (simd_count)n);
}

SIMD simd_int simd_right(simd_int a, int n)
{
    return _mm512_srli_epi16(a, (simd_count)n);
}

/* Per 32-bit lane: acc + the sum of four unsigned bytes times four signed ones. */
SIMD simd_int simd_dot(simd_int acc, simd_int unsigned_bytes, simd_int signed_bytes)
{
    return _mm512_dpbusd_epi32(acc, unsigned_bytes, signed_bytes);
}

/* Per 32-bit lane: factor times the sum of its two 16-bit words. */
SIMD simd_int simd_pair_sum(simd_int words, int factor)
{
    return _mm512_madd_epi16(words, _mm512_set1_epi16((short)factor));
}

SIMD simd_int simd_add32(simd_int a, simd_int b)
{
    return _mm512_add_epi32(a, b);
}

SIMD simd_int simd_sub32(simd_int a, simd_int b)
{
    return _mm512_sub_epi32(a, b);
}

SIMD simd_float simd_to_float(simd_int a)
{
    return _mm512_cvtepi32_ps(a);
}

SIMD simd_float simd_load_floats(const float *p)
{
    return _mm512_loadu_ps(p);
}

SIMD void simd_store_floats(float *p, simd_float v)
{
    _mm512_storeu_ps(p, v);
}

SIMD simd_float simd_all(float v)
{
    return _mm512_set1_ps(v);
}

SIMD simd_float simd_add(simd_float a, simd_float b)
{
    return _mm512_add_ps(a, b);
}

SIMD simd_float simd_mul(simd_float a, simd_float b)
{
    return _mm512_mul_ps(a, b);
}

/* a b + c */
SIMD simd_float simd_fma(simd_float a, simd_float b, simd_float c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* c - a b */
SIMD simd_float simd_fnma(simd_float a, simd_float b, simd_float c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

SIMD simd_float simd_from_halves(const void *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

SIMD simd_float simd_from_bfloats(const void *p)
{
    __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
}

SIMD simd_float simd_from_unsigned(const void *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

SIMD simd_float simd_from_signed(const void *p)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

SIMD void simd_prefetch(const void *p)
{
    _mm_prefetch((const char *)p, _MM_HINT_T0);
}

#else

#include "llm/matrix.h"

typedef union simd_int {
    int8_t i8[64];
    uint8_t u8[64];
    int16_t i16[32];
    uint16_t u16[32];
    int32_t i32[16];
} simd_int;

typedef struct simd_float {
    float f[16];
} simd_float;

#define SIMD_EACH(n) for (int i = 0; i < (n); i++)

SIMD simd_int simd_load(const void *p)
{
    simd_int v;
    memcpy(&v, p, sizeof v);
    return v;
}

SIMD void simd_store(void *p, simd_int v)
{
    memcpy(p, &v, sizeof v);
}

SIMD simd_int simd_spread(const void *p)
{
    simd_int v;
    SIMD_EACH(16) memcpy(&v.i32[i], p, 4);
    return v;
}

SIMD simd_int simd_bytes(int b)
{
    simd_int v;
    memset(&v, b, sizeof v);
    return v;
}

SIMD simd_int simd_zero(void)
{
    return simd_bytes(0);
}

SIMD simd_int simd_and(simd_int a, simd_int b)
{
    SIMD_EACH(64) a.u8[i] &= b.u8[i];
    return a;
}

SIMD simd_int simd_or(simd_int a, simd_int b)
{
    SIMD_EACH(64) a.u8[i] |= b.u8[i];
    return a;
}

SIMD simd_int simd_xor(simd_int a, simd_int b)
{
    SIMD_EACH(64) a.u8[i] ^= b.u8[i];
    return a;
}

SIMD simd_int simd_left(simd_int a, int n)
{
    SIMD_EACH(32) a.u16[i] = (uint16_t)(a.u16[i] << n);
    return a;
}

SIMD simd_int simd_right(simd_int a, int n)
{
    SIMD_EACH(32) a.u16[i] = (uint16_t)(a.u16[i] >> n);
    return a;
}

SIMD simd_int simd_dot(simd_int acc, simd_int unsigned_bytes, simd_int signed_bytes)
{
    SIMD_EACH(64) acc.i32[i / 4] += unsigned_bytes.u8[i] * signed_bytes.i8[i];
    return acc;
}

SIMD simd_int simd_pair_sum(simd_int words, int factor)
{
    simd_int v;
    SIMD_EACH(16) v.i32[i] = factor * (words.i16[2 * i] + words.i16[2 * i + 1]);
    return v;
}

SIMD simd_int simd_add32(simd_int a, simd_int b)
{
    SIMD_EACH(16) a.i32[i] += b.i32[i];
    return a;
}

SIMD simd_int simd_sub32(simd_int a, simd_int b)
{
    SIMD_EACH(16) a.i32[i] -= b.i32[i];
    return a;
}

SIMD simd_float simd_to_float(simd_int a)
{
    simd_float v;
    SIMD_EACH(16) v.f[i] = (float)a.i32[i];
    return v;
}

SIMD simd_float simd_load_floats(const float *p)
{
    simd_float v;
    memcpy(&v, p, sizeof v);
    return v;
}

SIMD void simd_store_floats(float *p, simd_float v)
{
    memcpy(p, &v, sizeof v);
}

SIMD simd_float simd_all(float x)
{
    simd_float v;
    SIMD_EACH(16) v.f[i] = x;
    return v;
}

SIMD simd_float simd_add(simd_float a, simd_float b)
{
    SIMD_EACH(16) a.f[i] += b.f[i];
    return a;
}

SIMD simd_float simd_mul(simd_float a, simd_float b)
{
    SIMD_EACH(16) a.f[i] *= b.f[i];
    return a;
}

SIMD simd_float simd_fma(simd_float a, simd_float b, simd_float c)
{
    SIMD_EACH(16) c.f[i] += a.f[i] * b.f[i];
    return c;
}

SIMD simd_float simd_fnma(simd_float a, simd_float b, simd_float c)
{
    SIMD_EACH(16) c.f[i] -= a.f[i] * b.f[i];
    return c;
}

SIMD simd_float simd_from_halves(const void *p)
{
    uint16_t h[16];
    simd_float v;
    memcpy(h, p, sizeof h);
    SIMD_EACH(16) v.f[i] = llm_half_to_float(h[i]);
    return v;
}

SIMD simd_float simd_from_bfloats(const void *p)
{
    uint16_t h[16];
    simd_float v;
    memcpy(h, p, sizeof h);
    SIMD_EACH(16) v.f[i] = llm_bfloat_to_float(h[i]);
    return v;
}

SIMD simd_float simd_from_unsigned(const void *p)
{
    simd_float v;
    SIMD_EACH(16) v.f[i] = (float)((const uint8_t *)p)[i];
    return v;
}

SIMD simd_float simd_from_signed(const void *p)
{
    simd_float v;
    SIMD_EACH(16) v.f[i] = (float)((const int8_t *)p)[i];
    return v;
}

SIMD void simd_prefetch(const void *p)
{
    (void)p;
}

#endif
#endif
