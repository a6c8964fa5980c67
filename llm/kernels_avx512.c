/* Kernels for AVX-512 with VNNI: vpdpbusd multiplies unsigned by signed bytes and adds fours in 32
 * bits, so all 16 rows of a group fit one register. Conversions and quantisation of activations are
 * AVX2's. */
#if defined(__x86_64__)

#include "llm/kernels.h"

#include "llm/kernels_x86.h"
#include "llm/simd512.h"

#if defined(KERNELS_EMULATE)
#define VECTOR_LANES 8
#else
#define VECTOR_LANES 16
#endif
#include "llm/kernels_vector.h"

#define SIMD_SGEMM_ROWS 12
#define SIMD_DOT_UNSIGNED 1
#include "llm/kernels_wide.h"

#if defined(KERNELS_EMULATE)
const kernels kernels_avx512_emulated = {
#else
const kernels kernels_avx512 = {
#endif
    .name = "avx512",
    .quantise = kernels_avx2_quantise,
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
    .to_half = kernels_avx2_to_half,
    .from_half = kernels_avx2_from_half,
};

#else
typedef int kernels_avx512_not_built; /* C wants a translation unit not to be empty */
#endif
