/* The operations of llm/kernels_wide.h on NEON: a vector is four registers. With the dot-product
 * extension simd_dot is one instruction each, without it a widening product and two pairwise
 * additions. Elsewhere than on AArch64 this header is empty. */
#ifndef VOUCH_LLM_SIMD_NEON_H
#define VOUCH_LLM_SIMD_NEON_H

#if defined(__aarch64__)

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define SIMD static inline __attribute__((always_inline))
#define SIMD_EACH for (int i = 0; i < 4; i++)

typedef struct simd_int {
    int8x16_t v[4];
} simd_int;

typedef struct simd_float {
    float32x4_t v[4];
} simd_float;

SIMD simd_int simd_load(const void *p)
{
    simd_int r;
    SIMD_EACH r.v[i] = vld1q_s8((const int8_t *)p + 16 * i);
    return r;
}

SIMD void simd_store(void *p, simd_int a)
{
    SIMD_EACH vst1q_s8((int8_t *)p + 16 * i, a.v[i]);
}

SIMD simd_int simd_spread(const void *p)
{
    int32_t x;
    simd_int r;
    memcpy(&x, p, sizeof x);
    SIMD_EACH r.v[i] = vreinterpretq_s8_s32(vdupq_n_s32(x));
    return r;
}

SIMD simd_int simd_bytes(int x)
{
    simd_int r;
    SIMD_EACH r.v[i] = vdupq_n_s8((int8_t)x);
    return r;
}

SIMD simd_int simd_zero(void)
{
    return simd_bytes(0);
}

SIMD simd_int simd_and(simd_int a, simd_int b)
{
    SIMD_EACH a.v[i] = vandq_s8(a.v[i], b.v[i]);
    return a;
}

SIMD simd_int simd_or(simd_int a, simd_int b)
{
    SIMD_EACH a.v[i] = vorrq_s8(a.v[i], b.v[i]);
    return a;
}

SIMD simd_int simd_left(simd_int a, int n)
{
    SIMD_EACH a.v[i] =
        vreinterpretq_s8_u16(vshlq_u16(vreinterpretq_u16_s8(a.v[i]), vdupq_n_s16((int16_t)n)));
    return a;
}

SIMD simd_int simd_right(simd_int a, int n)
{
    return simd_left(a, -n);
}

SIMD int32x4_t simd_dot4(int32x4_t acc, int8x16_t a, int8x16_t b)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(acc, a, b);
#else
    int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    int16x8_t high = vmull_s8(vget_high_s8(a), vget_high_s8(b));
    return vaddq_s32(acc, vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high)));
#endif
}

/* Per 32-bit lane: acc + the sum of four signed bytes times four signed ones. */
SIMD simd_int simd_dot(simd_int acc, simd_int a, simd_int b)
{
    SIMD_EACH acc.v[i] =
        vreinterpretq_s8_s32(simd_dot4(vreinterpretq_s32_s8(acc.v[i]), a.v[i], b.v[i]));
    return acc;
}

SIMD simd_int simd_pair_sum(simd_int words, int factor)
{
    SIMD_EACH words.v[i] =
        vreinterpretq_s8_s32(vmulq_n_s32(vpaddlq_s16(vreinterpretq_s16_s8(words.v[i])), factor));
    return words;
}

SIMD simd_int simd_add32(simd_int a, simd_int b)
{
    SIMD_EACH a.v[i] =
        vreinterpretq_s8_s32(vaddq_s32(vreinterpretq_s32_s8(a.v[i]), vreinterpretq_s32_s8(b.v[i])));
    return a;
}

SIMD simd_int simd_sub32(simd_int a, simd_int b)
{
    SIMD_EACH a.v[i] =
        vreinterpretq_s8_s32(vsubq_s32(vreinterpretq_s32_s8(a.v[i]), vreinterpretq_s32_s8(b.v[i])));
    return a;
}

SIMD simd_float simd_to_float(simd_int a)
{
    simd_float r;
    SIMD_EACH r.v[i] = vcvtq_f32_s32(vreinterpretq_s32_s8(a.v[i]));
    return r;
}

SIMD simd_float simd_load_floats(const float *p)
{
    simd_float r;
    SIMD_EACH r.v[i] = vld1q_f32(p + 4 * i);
    return r;
}

SIMD void simd_store_floats(float *p, simd_float a)
{
    SIMD_EACH vst1q_f32(p + 4 * i, a.v[i]);
}

SIMD simd_float simd_all(float x)
{
    simd_float r;
    SIMD_EACH r.v[i] = vdupq_n_f32(x);
    return r;
}

SIMD simd_float simd_add(simd_float a, simd_float b)
{
    SIMD_EACH a.v[i] = vaddq_f32(a.v[i], b.v[i]);
    return a;
}

SIMD simd_float simd_mul(simd_float a, simd_float b)
{
    SIMD_EACH a.v[i] = vmulq_f32(a.v[i], b.v[i]);
    return a;
}

/* a b + c */
SIMD simd_float simd_fma(simd_float a, simd_float b, simd_float c)
{
    SIMD_EACH c.v[i] = vfmaq_f32(c.v[i], a.v[i], b.v[i]);
    return c;
}

/* c - a b */
SIMD simd_float simd_fnma(simd_float a, simd_float b, simd_float c)
{
    SIMD_EACH c.v[i] = vfmsq_f32(c.v[i], a.v[i], b.v[i]);
    return c;
}

SIMD simd_float simd_from_halves(const void *p)
{
    simd_float r;
    SIMD_EACH
    {
        uint16x4_t h = vld1_u16((const uint16_t *)p + 4 * i);
        r.v[i] = vcvt_f32_f16(vreinterpret_f16_u16(h));
    }
    return r;
}

SIMD simd_float simd_from_bfloats(const void *p)
{
    simd_float r;
    SIMD_EACH r.v[i] =
        vreinterpretq_f32_u32(vshll_n_u16(vld1_u16((const uint16_t *)p + 4 * i), 16));
    return r;
}

SIMD simd_float simd_from_words(int16x8_t low, int16x8_t high)
{
    simd_float r;
    r.v[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(low)));
    r.v[1] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(low)));
    r.v[2] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(high)));
    r.v[3] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(high)));
    return r;
}

SIMD simd_float simd_from_unsigned(const void *p)
{
    uint8x16_t b = vld1q_u8(p);
    return simd_from_words(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(b))),
                           vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(b))));
}

SIMD simd_float simd_from_signed(const void *p)
{
    int8x16_t b = vld1q_s8(p);
    return simd_from_words(vmovl_s8(vget_low_s8(b)), vmovl_s8(vget_high_s8(b)));
}

SIMD void simd_prefetch(const void *p)
{
    __builtin_prefetch(p);
}

#endif
#endif
