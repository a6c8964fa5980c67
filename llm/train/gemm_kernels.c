/* Tiles: AVX2 has 16 registers, so 6 rows of 16 columns (12 sums, 2 of B, 1 of A); AVX-512 has 32,
 * so 12 rows of 32 (24, 2, 1). A bfloat16 is the upper half of a float; VDPBF16PS (Intel SDM, vol.
 * 2) multiplies the two pairs of each 32-bit lane and adds both to a float. */
#include "llm/train/gemm_kernels.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define TARGET(x) __attribute__((target(x)))
#endif

typedef float floats8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef float floats16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t words8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t words16 __attribute__((vector_size(64), aligned(4), may_alias));

/* A tile of ROWS by two vectors. STEP adds one step: sum[i][j] += a's row i times b's vector j. */
#define TILE(NAME, ATTRIBUTES, FLOATS, PANEL, ROWS, STEP)                                          \
    ATTRIBUTES static void NAME(size_t steps, const void *a_panel, const void *b_panel,            \
                                float *out)                                                        \
    {                                                                                              \
        enum { LANES = sizeof(FLOATS) / sizeof(float) };                                           \
        const PANEL *restrict a = a_panel, *restrict b = b_panel;                                  \
        FLOATS sum[ROWS][2];                                                                       \
        for (int i = 0; i < ROWS; i++)                                                             \
            sum[i][0] = sum[i][1] = (FLOATS){0};                                                   \
        for (size_t p = 0; p < steps; p++, a += ROWS, b += 2 * LANES) {                            \
            STEP(ROWS, LANES)                                                                      \
        }                                                                                          \
        for (int i = 0; i < ROWS; i++)                                                             \
            memcpy(out + i * 2 * LANES, sum[i], sizeof sum[i]);                                    \
    }

#define STEP_F32(FLOATS, ROWS, LANES)                                                              \
    FLOATS b0 = *(const FLOATS *)b, b1 = *(const FLOATS *)(b + (LANES));                           \
    _Pragma("GCC unroll 12") for (int i = 0; i < (ROWS); i++)                                      \
    {                                                                                              \
        FLOATS x = a[i] - (FLOATS){0};                                                             \
        sum[i][0] += x * b0;                                                                       \
        sum[i][1] += x * b1;                                                                       \
    }
#define STEP_F32_8(ROWS, LANES) STEP_F32(floats8, ROWS, LANES)
#define STEP_F32_16(ROWS, LANES) STEP_F32(floats16, ROWS, LANES)

/* The halves of each word as floats. */
#define LOW(FLOATS, w) ((FLOATS)((w) << 16))
#define HIGH(FLOATS, w) ((FLOATS)((w)&0xffff0000u))
#define STEP_BF16(FLOATS, WORDS, ROWS, LANES)                                                      \
    WORDS b0 = *(const WORDS *)b, b1 = *(const WORDS *)(b + (LANES));                              \
    FLOATS low0 = LOW(FLOATS, b0), low1 = LOW(FLOATS, b1);                                         \
    FLOATS high0 = HIGH(FLOATS, b0), high1 = HIGH(FLOATS, b1);                                     \
    _Pragma("GCC unroll 12") for (int i = 0; i < (ROWS); i++)                                      \
    {                                                                                              \
        WORDS x = a[i] - (WORDS){0};                                                               \
        FLOATS low = LOW(FLOATS, x), high = HIGH(FLOATS, x);                                       \
        sum[i][0] += low * low0;                                                                   \
        sum[i][1] += low * low1;                                                                   \
        sum[i][0] += high * high0;                                                                 \
        sum[i][1] += high * high1;                                                                 \
    }
#define STEP_BF16_8(ROWS, LANES) STEP_BF16(floats8, words8, ROWS, LANES)
#define STEP_BF16_16(ROWS, LANES) STEP_BF16(floats16, words16, ROWS, LANES)

TILE(f32_plain, , floats16, float, 12, STEP_F32_16)
TILE(bf16_plain, , floats16, uint32_t, 12, STEP_BF16_16)
TILE(f32_plain_narrow, , floats8, float, 6, STEP_F32_8)

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
TILE(f32_avx2, TARGET("avx2,fma"), floats8, float, 6, STEP_F32_8)
TILE(bf16_avx2, TARGET("avx2,fma"), floats8, uint32_t, 6, STEP_BF16_8)
TILE(f32_avx512, TARGET("avx512f"), floats16, float, 12, STEP_F32_16)

#define STEP_DOT(ROWS, LANES)                                                                      \
    __m512bh b0 = (__m512bh)_mm512_loadu_si512(b), b1 = (__m512bh)_mm512_loadu_si512(b + (LANES)); \
    _Pragma("GCC unroll 12") for (int i = 0; i < (ROWS); i++)                                      \
    {                                                                                              \
        __m512bh x = (__m512bh)_mm512_set1_epi32((int)a[i]);                                       \
        sum[i][0] = (floats16)_mm512_dpbf16_ps((__m512)sum[i][0], x, b0);                          \
        sum[i][1] = (floats16)_mm512_dpbf16_ps((__m512)sum[i][1], x, b1);                          \
    }
TILE(bf16_avx512, TARGET("avx512f,avx512bf16"), floats16, uint32_t, 12, STEP_DOT)

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_bf16(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16");
}
#endif

size_t gemm_kernels(const gemm_kernel *out[GEMM_KERNELS])
{
    static const gemm_kernel all[] = {
#if defined(__x86_64__)
        {"avx512 bf16", GEMM_BF16, 12, 32, has_bf16, bf16_avx512},
        {"avx2 bf16", GEMM_BF16, 6, 16, has_avx2, bf16_avx2},
        {"avx512", GEMM_F32, 12, 32, has_avx512, f32_avx512},
        {"avx2", GEMM_F32, 6, 16, has_avx2, f32_avx2},
#endif
        {"plain bf16", GEMM_BF16, 12, 32, always, bf16_plain},
        {"plain", GEMM_F32, 12, 32, always, f32_plain},
        {"plain narrow", GEMM_F32, 6, 16, always, f32_plain_narrow},
    };
    size_t n = sizeof all / sizeof all[0];
    for (size_t i = 0; i < n; i++)
        out[i] = &all[i];
    return n;
}
