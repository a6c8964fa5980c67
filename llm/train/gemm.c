/* Panels of A and B (a tile's rows and columns) are packed so that the inner loop reads both
 * straight through. Blocks: 256 deep, 96 rows and 512 columns, so that the A block stays in L2 and
 * a B panel in L1. */
#include "llm/train/gemm.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llm/train/gemm_kernels.h"

enum { KC = 256, MC = 96, NC = 512 }; /* multiples of every kernel's tile */

struct gemm_scratch {
    float a[MC * KC]; /* or as many 32-bit words, two bfloat16 each */
    float b[NC * KC];
    const gemm_kernel *kernel;
};

gemm_scratch *gemm_scratch_new(void)
{
    gemm_scratch *s = aligned_alloc(64, (sizeof(gemm_scratch) + 63) / 64 * 64);
    if (s != NULL)
        gemm_set_products(s, GEMM_F32);
    return s;
}

void gemm_set_products(gemm_scratch *s, gemm_products products)
{
    const gemm_kernel *all[GEMM_KERNELS];
    for (size_t i = gemm_kernels(all); i-- > 0;)
        if (all[i]->products == products && all[i]->supported())
            s->kernel = all[i];
}

void gemm_scratch_free(gemm_scratch *s)
{
    free(s);
}

const char *gemm_kernel_name(const gemm_scratch *s)
{
    return s->kernel->name;
}

void gemm_use_kernel(gemm_scratch *s, const gemm_kernel *kernel)
{
    s->kernel = kernel;
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

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* In the upper half of the word. Without branches, so that loops become vectors; the NaN
 * that arithmetic makes (quiet, no payload) stays one. */
static uint32_t rounded(float x)
{
    uint32_t bits = bits_of(x);
    return bits + 0x7fff + (bits >> 16 & 1);
}

float gemm_round_bf16(float x)
{
    uint32_t bits = (x != x ? bits_of(x) | 0x400000 : rounded(x)) & 0xffff0000u;
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

static uint32_t pair(float low, float high)
{
    return rounded(low) >> 16 | (rounded(high) & 0xffff0000u);
}

/* As pack(), two neighbours of the depth in one word. */
static void pack_pairs(uint32_t *dst, const float *src, size_t rows, size_t kc, size_t width,
                       size_t line, size_t step)
{
    size_t steps = (kc + 1) / 2;
    for (size_t r0 = 0; r0 < rows; r0 += width, dst += steps * width) {
        size_t part = rows - r0 < width ? rows - r0 : width;
        const float *s = src + r0 * line;
        if (part < width)
            memset(dst, 0, steps * width * sizeof *dst);
        for (size_t p = 0; p < kc / 2; p++)
            for (size_t r = 0; r < part; r++)
                dst[p * width + r] =
                    pair(s[r * line + 2 * p * step], s[r * line + (2 * p + 1) * step]);
        if (kc % 2 == 1)
            for (size_t r = 0; r < part; r++)
                dst[kc / 2 * width + r] = pair(s[r * line + (kc - 1) * step], 0);
    }
}

static void pack_for(const gemm_kernel *kernel, float *dst, const float *src, size_t rows,
                     size_t kc, size_t width, size_t line, size_t step)
{
    if (kernel->products == GEMM_BF16)
        pack_pairs((uint32_t *)(void *)dst, src, rows, kc, width, line, step);
    else
        pack(dst, src, rows, kc, width, line, step);
}

static void add_tile(float *c, size_t ldc, const float *tile, size_t width, size_t rows,
                     size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            c[i * ldc + j] += tile[i * width + j];
}

/* C[mc,nc] += the packed blocks' product. */
static void multiply(const gemm_scratch *s, size_t mc, size_t nc, size_t kc, float *c, size_t ldc)
{
    const gemm_kernel *k = s->kernel;
    float tile[GEMM_MOST_ROWS * GEMM_MOST_COLUMNS] __attribute__((aligned(64)));
    size_t steps = k->products == GEMM_BF16 ? (kc + 1) / 2 : kc;
    for (size_t j = 0; j < nc; j += k->columns)
        for (size_t i = 0; i < mc; i += k->rows) {
            k->run(steps, s->a + i * steps, s->b + j * steps, tile);
            add_tile(c + i * ldc + j, ldc, tile, k->columns, mc - i < k->rows ? mc - i : k->rows,
                     nc - j < k->columns ? nc - j : k->columns);
        }
}

void gemm(gemm_scratch *s, bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
          size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate)
{
    if (!accumulate)
        for (size_t i = 0; i < m; i++)
            memset(c + i * ldc, 0, n * sizeof(float));
    size_t a_line = trans_a ? 1 : lda, a_step = trans_a ? lda : 1;
    size_t b_line = trans_b ? ldb : 1, b_step = trans_b ? 1 : ldb;
    for (size_t n0 = 0; n0 < n; n0 += NC) {
        size_t nc = n - n0 < NC ? n - n0 : NC;
        for (size_t k0 = 0; k0 < k; k0 += KC) {
            size_t kc = k - k0 < KC ? k - k0 : KC;
            pack_for(s->kernel, s->b, b + n0 * b_line + k0 * b_step, nc, kc, s->kernel->columns,
                     b_line, b_step);
            for (size_t m0 = 0; m0 < m; m0 += MC) {
                size_t mc = m - m0 < MC ? m - m0 : MC;
                pack_for(s->kernel, s->a, a + m0 * a_line + k0 * a_step, mc, kc, s->kernel->rows,
                         a_line, a_step);
                multiply(s, mc, nc, kc, c + m0 * ldc + n0, ldc);
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
