/* Kernels for NEON; compiled twice, without and (KERNELS_NEON_DOT) with the dot-product extension.
 */
#if defined(__aarch64__)

#include "llm/kernels.h"

#include "llm/simd_neon.h"

#define VECTOR_LANES 4
#include "llm/kernels_vector.h"

#define SIMD_SGEMM_ROWS 4
#define SIMD_DOT_UNSIGNED 0
#include "llm/kernels_wide.h"

static int16_t pair_sum(const int8_t *q, size_t first)
{
    int sum = 0;
    for (size_t k = 0; k < 16; k += 4)
        sum += q[k + first] + q[k + first + 1];
    return (int16_t)sum;
}

static void quantise(const float *x, size_t count, size_t step, int8_t *quants,
                     kernels_block *blocks)
{
    for (size_t i = 0; i < count; i++, x += MATRIX_BLOCK) {
        float32x4_t v[8], m = vdupq_n_f32(0);
        for (int k = 0; k < 8; k++) {
            v[k] = vld1q_f32(x + 4 * k);
            m = vmaxq_f32(m, vabsq_f32(v[k]));
        }
        float largest = vmaxvq_f32(m), inverse = largest > 0 ? 127.0f / largest : 0;
        int8_t *q = quants + i * step * MATRIX_BLOCK;
        for (int k = 0; k < 8; k++) {
            int16x4_t words = vmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(v[k], inverse)));
            int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
            int32_t four = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
            memcpy(q + 4 * k, &four, sizeof four);
        }
        kernels_block *b = &blocks[i * step];
        b->low_pairs[0] = pair_sum(q, 0);
        b->low_pairs[1] = pair_sum(q, 2);
        b->pairs[0] = (int16_t)(b->low_pairs[0] + pair_sum(q + 16, 0));
        b->pairs[1] = (int16_t)(b->low_pairs[1] + pair_sum(q + 16, 2));
        b->scale = largest / 127.0f;
        b->scaled_sum = b->scale * (float)(b->pairs[0] + b->pairs[1]);
    }
}

static void to_half(const float *x, size_t n, uint16_t *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    for (; i < n; i++)
        out[i] = llm_float_to_half(x[i]);
}

static void from_half(const uint16_t *x, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        vst1q_f32(out + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x + i))));
    for (; i < n; i++)
        out[i] = llm_half_to_float(x[i]);
}

#if defined(KERNELS_NEON_DOT)
const kernels kernels_neon_dot = {
    .name = "neon-dot",
#else
const kernels kernels_neon = {
    .name = "neon",
#endif
    .quantise = quantise,
    .multiply = multiply,
    .sgemm = sgemm,
    .rms_norm = vector_rms_norm,
    .silu_multiply = vector_silu_multiply,
    .rotate = vector_rotate,
    .maximum = vector_maximum,
    .exp_sum = vector_exp_sum,
    .scale = vector_scale,
    .dot = vector_dot,
    .add_scaled = vector_add_scaled,
    .to_half = to_half,
    .from_half = from_half,
};

#else
typedef int kernels_neon_not_built; /* C wants a translation unit not to be empty */
#endif
