/* Panels of A (6 rows) and B (16 columns) are packed so that the inner loop reads both straight
 * through; 6 x 16 accumulators fill the 16 AVX2 registers (12 sums, 2 of B, 2 of A). Blocks: 256
 * deep, 96 rows and 512 columns, so that the A block stays in L2 and a B panel in L1. */
#include "llm/train/gemm.h"

#include <stdlib.h>
#include <string.h>

enum { MR = 6, NR = 16, KC = 256, MC = 96, NC = 512 };

typedef float vec8 __attribute__((vector_size(32), aligned(4), may_alias));

struct gemm_scratch {
    float a[MC * KC];
    float b[NC * KC];
};

gemm_scratch *gemm_scratch_new(void)
{
    return aligned_alloc(64, (sizeof(gemm_scratch) + 63) / 64 * 64);
}

void gemm_scratch_free(gemm_scratch *s)
{
    free(s);
}

/* Packs `rows` lines of length kc as panels of `width` lines, interleaved by k; missing lines of
 * the last panel are zero. Line r, element p is src[r * line + p * step]. */
static void pack(float *dst, const float *src, size_t rows, size_t kc, size_t width, size_t line,
                 size_t step)
{
    for (size_t r0 = 0; r0 < rows; r0 += width) {
        size_t part = rows - r0 < width ? rows - r0 : width;
        const float *s = src + r0 * line;
        if (part == width && line == 1) {
            for (size_t p = 0; p < kc; p++, dst += width)
                memcpy(dst, s + p * step, width * sizeof(float));
            continue;
        }
        if (part < width)
            memset(dst, 0, kc * width * sizeof(float));
        for (size_t r = 0; r < part; r++)
            for (size_t p = 0; p < kc; p++)
                dst[p * width + r] = s[r * line + p * step];
        dst += kc * width;
    }
}

/* out[MR][NR] = sum over p of a[p][MR] * b[p][NR]. */
__attribute__((target("avx2,fma"))) static void kernel_avx2(size_t kc, const float *a,
                                                            const float *b, float *out)
{
    vec8 c[MR][2];
    for (int i = 0; i < MR; i++)
        c[i][0] = c[i][1] = (vec8){0};
    for (size_t p = 0; p < kc; p++, a += MR, b += NR) {
        vec8 b0 = *(const vec8 *)b;
        vec8 b1 = *(const vec8 *)(b + 8);
#pragma GCC unroll 6
        for (int i = 0; i < MR; i++) {
            vec8 x = a[i] - (vec8){0};
            c[i][0] += x * b0;
            c[i][1] += x * b1;
        }
    }
    for (int i = 0; i < MR; i++) {
        *(vec8 *)(out + i * NR) = c[i][0];
        *(vec8 *)(out + i * NR + 8) = c[i][1];
    }
}

static void kernel_plain(size_t kc, const float *a, const float *b, float *out)
{
    memset(out, 0, MR * NR * sizeof(float));
    for (size_t p = 0; p < kc; p++, a += MR, b += NR)
        for (int i = 0; i < MR; i++)
            for (int j = 0; j < NR; j++)
                out[i * NR + j] += a[i] * b[j];
}

typedef void kernel_fn(size_t kc, const float *a, const float *b, float *out);

static kernel_fn *choose_kernel(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return kernel_avx2;
#endif
    return kernel_plain;
}

static void add_tile(float *c, size_t ldc, const float *tile, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            c[i * ldc + j] += tile[i * NR + j];
}

void gemm(gemm_scratch *s, bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
          size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate)
{
    kernel_fn *kernel = choose_kernel();
    float tile[MR * NR] __attribute__((aligned(64)));
    if (!accumulate)
        for (size_t i = 0; i < m; i++)
            memset(c + i * ldc, 0, n * sizeof(float));
    size_t a_line = trans_a ? 1 : lda, a_step = trans_a ? lda : 1;
    size_t b_line = trans_b ? ldb : 1, b_step = trans_b ? 1 : ldb;
    for (size_t n0 = 0; n0 < n; n0 += NC) {
        size_t nc = n - n0 < NC ? n - n0 : NC;
        for (size_t k0 = 0; k0 < k; k0 += KC) {
            size_t kc = k - k0 < KC ? k - k0 : KC;
            pack(s->b, b + n0 * b_line + k0 * b_step, nc, kc, NR, b_line, b_step);
            for (size_t m0 = 0; m0 < m; m0 += MC) {
                size_t mc = m - m0 < MC ? m - m0 : MC;
                pack(s->a, a + m0 * a_line + k0 * a_step, mc, kc, MR, a_line, a_step);
                for (size_t j = 0; j < nc; j += NR)
                    for (size_t i = 0; i < mc; i += MR) {
                        kernel(kc, s->a + i * kc, s->b + j * kc, tile);
                        add_tile(c + (m0 + i) * ldc + n0 + j, ldc, tile, mc - i < MR ? mc - i : MR,
                                 nc - j < NR ? nc - j : NR);
                    }
            }
        }
    }
}

void gemm_reference(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
                    size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = accumulate ? (double)c[i * ldc + j] : 0;
            for (size_t p = 0; p < k; p++)
                sum += (double)(trans_a ? a[p * lda + i] : a[i * lda + p]) *
                       (double)(trans_b ? b[j * ldb + p] : b[p * ldb + j]);
            c[i * ldc + j] = (float)sum;
        }
}
