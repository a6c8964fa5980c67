/* Kernels over vectors of 16 lanes, one lane a row of a group, for inclusion by the kernels of one
 * instruction set. The includer has defined the simd_* operations (llm/simd512.h, llm/simd_neon.h),
 * SIMD_SGEMM_ROWS, and SIMD_DOT_UNSIGNED: 1 when simd_dot takes the weights as unsigned bytes.
 *
 * The weights are taken as stored, with their offset (Q4_0: 8, Q5_0: 16, Q6_K: 32, and, where dots
 * want unsigned bytes, Q8_0: 128 by flipping its sign bit); the offset times the sum of the
 * activations is subtracted by starting the sum there. Sums are of 32 bits: nothing can overflow. K
 * types subtract their minima as floats. */
#ifndef VOUCH_LLM_KERNELS_WIDE_H
#define VOUCH_LLM_KERNELS_WIDE_H

#include "llm/kernels.h"

#ifndef SIMD_SGEMM_ROWS
#define SIMD_SGEMM_ROWS 4
#define SIMD_DOT_UNSIGNED 1
#include "llm/simd512.h"
#endif

#define SLICE 16u /* blocks of 32 columns that are unpacked at a time */
#define TILE KERNELS_TILE

/* A slice of 16 rows: unsigned bytes in the order of the column groups, scales and minima. */
typedef struct slice {
    _Alignas(64) uint8_t quants[SLICE * 512];
    _Alignas(64) float scales[SLICE * 2 * MATRIX_LANES]; /* Q6_K: two runs per block; others one */
    _Alignas(64) float minima[SLICE * MATRIX_LANES];
} slice;

/* --- unpacking ------------------------------------------------------------------------------ */

SIMD size_t nibbles_at(uint32_t type)
{
    if (type == GGUF_TYPE_Q6_K)
        return 128;
    return type == GGUF_TYPE_Q5_0 || type == GGUF_TYPE_Q5_K ? 64 : 0;
}

SIMD simd_int fifth_bit(simd_int bits, int group)
{
    simd_int v = group <= 4 ? simd_left(bits, 4 - group) : simd_right(bits, group - 4);
    return simd_and(v, simd_bytes(0x10));
}

SIMD simd_int sixth_bits(simd_int bits, int group)
{
    simd_int v = group <= 2 ? simd_left(bits, 4 - 2 * group) : simd_right(bits, 2);
    return simd_and(v, simd_bytes(0x30));
}

/* Column groups g and g + 4 of 16 rows, as unsigned bytes. */
SIMD void unpack_pair(uint32_t type, const unsigned char *quants, int g, simd_int *low,
                      simd_int *high)
{
    if (type == GGUF_TYPE_Q8_0) {
        *low = simd_load(quants + g * 64);
        *high = simd_load(quants + 256 + g * 64);
#if SIMD_DOT_UNSIGNED
        *low = simd_xor(*low, simd_bytes(0x80));
        *high = simd_xor(*high, simd_bytes(0x80));
#endif
        return;
    }
    simd_int v = simd_load(quants + nibbles_at(type) + g * 64);
    *low = simd_and(v, simd_bytes(15));
    *high = simd_and(simd_right(v, 4), simd_bytes(15));
    if (type == GGUF_TYPE_Q5_0 || type == GGUF_TYPE_Q5_K) {
        simd_int bits = simd_load(quants);
        *low = simd_or(*low, fifth_bit(bits, g));
        *high = simd_or(*high, fifth_bit(bits, g + 4));
    }
    if (type == GGUF_TYPE_Q6_K) {
        *low = simd_or(*low, sixth_bits(simd_load(quants), g));
        *high = simd_or(*high, sixth_bits(simd_load(quants + 64), g));
    }
}

SIMD bool has_minimum(uint32_t type)
{
    return type == GGUF_TYPE_Q4_K || type == GGUF_TYPE_Q5_K;
}

/* What was added to the weights to make them unsigned. */
SIMD int offset_of(uint32_t type)
{
    switch (type) {
    case GGUF_TYPE_Q8_0:
        return SIMD_DOT_UNSIGNED ? 128 : 0;
    case GGUF_TYPE_Q4_0:
        return 8;
    case GGUF_TYPE_Q5_0:
        return 16;
    case GGUF_TYPE_Q6_K:
        return 32;
    default:
        return 0;
    }
}

SIMD void read_scales(uint32_t type, const unsigned char *group, size_t meta_at, uint32_t b,
                      simd_float scale[2], simd_float *minimum)
{
    const unsigned char *meta = group + meta_at + b * (size_t)32;
    if (type == GGUF_TYPE_Q6_K) {
        simd_float d = simd_from_halves(group + b / 8 * (size_t)32);
        scale[0] = simd_mul(d, simd_from_signed(meta));
        scale[1] = simd_mul(d, simd_from_signed(meta + 16));
    } else if (has_minimum(type)) {
        const unsigned char *super = group + b / 8 * (size_t)64;
        scale[0] = simd_mul(simd_from_halves(super), simd_from_unsigned(meta));
        *minimum = simd_mul(simd_from_halves(super + 32), simd_from_unsigned(meta + 16));
    } else {
        scale[0] = simd_from_halves(meta);
    }
}

/* Minus the offset times the sum of the activations of a run, to start from: all 32 columns, the
 * first 16 or the last 16. */
SIMD simd_int start_all(uint32_t type, const kernels_block *xb)
{
    return simd_pair_sum(simd_spread(xb->pairs), -offset_of(type));
}

SIMD simd_int start_low(uint32_t type, const kernels_block *xb)
{
    return simd_pair_sum(simd_spread(xb->low_pairs), -offset_of(type));
}

/* --- one row of activations ----------------------------------------------------------------- */

SIMD simd_float row_of_quants(uint32_t type, const llm_matrix *w, const unsigned char *group,
                              const int8_t *x, const kernels_block *xb)
{
    const unsigned char *quants = group + w->quant_at;
    const size_t step = w->quant_step;
    simd_float sum = simd_all(0);
    for (uint32_t b = 0; b < w->blocks; b++, quants += step, x += MATRIX_BLOCK, xb++) {
        simd_int low_acc = simd_zero(), high_acc = simd_zero();
        for (unsigned i = 0; i < step / 64; i++)
            simd_prefetch(quants + 2048 + i * 64);
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++) {
            simd_int low, high;
            unpack_pair(type, quants, g, &low, &high);
            low_acc = simd_dot(low_acc, low, simd_spread(x + 4 * g));
            high_acc = simd_dot(high_acc, high, simd_spread(x + 16 + 4 * g));
        }
        simd_float scale[2], minimum, xs = simd_all(xb->scale);
        read_scales(type, group, w->meta_at, b, scale, &minimum);
        if (type == GGUF_TYPE_Q6_K) {
            simd_int low_start = start_low(type, xb);
            high_acc = simd_add32(high_acc, simd_sub32(start_all(type, xb), low_start));
            low_acc = simd_add32(low_acc, low_start);
            simd_float part = simd_mul(simd_to_float(low_acc), scale[0]);
            sum = simd_fma(simd_fma(simd_to_float(high_acc), scale[1], part), xs, sum);
            continue;
        }
        low_acc = simd_add32(low_acc, high_acc);
        if (offset_of(type) != 0)
            low_acc = simd_add32(low_acc, start_all(type, xb));
        sum = simd_fma(simd_to_float(low_acc), simd_mul(scale[0], xs), sum);
        if (has_minimum(type))
            sum = simd_fnma(minimum, simd_all(xb->scaled_sum), sum);
    }
    return sum;
}

SIMD simd_float read_plain(uint32_t type, const unsigned char *p)
{
    if (type == GGUF_TYPE_F32)
        return simd_load_floats((const float *)(const void *)p);
    return type == GGUF_TYPE_F16 ? simd_from_halves(p) : simd_from_bfloats(p);
}

SIMD simd_float row_of_plain(uint32_t type, const llm_matrix *w, const unsigned char *group,
                             const float *x)
{
    const size_t step = w->quant_step;
    simd_float acc[4] = {simd_all(0), simd_all(0), simd_all(0), simd_all(0)};
    uint32_t k = 0;
    for (; k + 4 <= w->columns; k += 4, group += 4 * step) {
        simd_prefetch(group + 2048);
        simd_prefetch(group + 2048 + 64);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < 4; i++)
            acc[i] = simd_fma(read_plain(type, group + i * step), simd_all(x[k + i]), acc[i]);
    }
    for (; k < w->columns; k++, group += step)
        acc[0] = simd_fma(read_plain(type, group), simd_all(x[k]), acc[0]);
    return simd_add(simd_add(acc[0], acc[1]), simd_add(acc[2], acc[3]));
}

SIMD bool is_plain(uint32_t type)
{
    return type == GGUF_TYPE_F32 || type == GGUF_TYPE_F16 || type == GGUF_TYPE_BF16;
}

SIMD void put_sum(float *out, simd_float sum, bool add)
{
    simd_store_floats(out, add ? simd_add(sum, simd_load_floats(out)) : sum);
}

SIMD void multiply_row(uint32_t type, const llm_matrix *w, size_t from, size_t to,
                       const kernels_input *x, float *out, bool add)
{
    for (size_t g = from; g < to; g++, out += MATRIX_LANES) {
        const unsigned char *group = w->data + g * w->group_bytes;
        if (is_plain(type))
            put_sum(out, row_of_plain(type, w, group, x->values), add);
        else
            put_sum(out, row_of_quants(type, w, group, x->quants, x->blocks), add);
    }
}

/* --- several rows --------------------------------------------------------------------------- */

SIMD void unpack_slice(uint32_t type, const llm_matrix *w, const unsigned char *group,
                       uint32_t from, uint32_t count, slice *s)
{
    const uint32_t runs = type == GGUF_TYPE_Q6_K ? 2 : 1;
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *quants = group + w->quant_at + (from + i) * w->quant_step;
        simd_float scale[2], minimum;
        read_scales(type, group, w->meta_at, from + i, scale, &minimum);
        for (uint32_t r = 0; r < runs; r++)
            simd_store_floats(s->scales + (i * runs + r) * MATRIX_LANES, scale[r]);
        if (has_minimum(type))
            simd_store_floats(s->minima + i * MATRIX_LANES, minimum);
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++) {
            simd_int low, high;
            unpack_pair(type, quants, g, &low, &high);
            simd_store(s->quants + i * 512 + g * 64, low);
            simd_store(s->quants + i * 512 + 256 + g * 64, high);
        }
    }
}

/* `groups` column groups from `w` and `x` on, added to acc. */
SIMD void tile_dots(uint32_t count, unsigned groups, const uint8_t *w, const int8_t *x,
                    simd_int acc[TILE])
{
#pragma GCC unroll 8
    for (unsigned g = 0; g < groups; g++) {
        simd_int v = simd_load(w + g * 64);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < count; i++)
            acc[i] = simd_dot(acc[i], v, simd_spread(x + i * MATRIX_BLOCK + 4 * g));
    }
}

/* A slice of n blocks times a tile of `count` rows, added to sums (16 for each row). */
SIMD void multiply_tile(uint32_t type, uint32_t count, const slice *s, const int8_t *x,
                        const kernels_block *xb, float *sums, uint32_t n)
{
    simd_float c[TILE];
    for (uint32_t i = 0; i < count; i++)
        c[i] = simd_load_floats(sums + i * MATRIX_LANES);
    for (uint32_t b = 0; b < n; b++, x += count * MATRIX_BLOCK, xb += count) {
        const uint8_t *w = s->quants + b * 512;
        simd_int acc[TILE], high[TILE];
        if (type == GGUF_TYPE_Q6_K) {
            for (uint32_t i = 0; i < count; i++) {
                acc[i] = start_low(type, &xb[i]);
                high[i] = simd_sub32(start_all(type, &xb[i]), acc[i]);
            }
            tile_dots(count, 4, w, x, acc);
            tile_dots(count, 4, w + 256, x + 16, high);
            simd_float s0 = simd_load_floats(s->scales + b * 2 * MATRIX_LANES);
            simd_float s1 = simd_load_floats(s->scales + (b * 2 + 1) * MATRIX_LANES);
            for (uint32_t i = 0; i < count; i++) {
                simd_float part = simd_mul(simd_to_float(acc[i]), s0);
                part = simd_fma(simd_to_float(high[i]), s1, part);
                c[i] = simd_fma(part, simd_all(xb[i].scale), c[i]);
            }
            continue;
        }
        for (uint32_t i = 0; i < count; i++)
            acc[i] = offset_of(type) != 0 ? start_all(type, &xb[i]) : simd_zero();
        tile_dots(count, 8, w, x, acc);
        simd_float scale = simd_load_floats(s->scales + b * MATRIX_LANES);
        for (uint32_t i = 0; i < count; i++)
            c[i] = simd_fma(simd_to_float(acc[i]), simd_mul(scale, simd_all(xb[i].scale)), c[i]);
        if (has_minimum(type)) {
            simd_float minimum = simd_load_floats(s->minima + b * MATRIX_LANES);
            for (uint32_t i = 0; i < count; i++)
                c[i] = simd_fnma(minimum, simd_all(xb[i].scaled_sum), c[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++)
        simd_store_floats(sums + i * MATRIX_LANES, c[i]);
}

SIMD void multiply_group(uint32_t type, const llm_matrix *w, const unsigned char *group,
                         const kernels_input *x, float *sums)
{
    slice s;
    memset(sums, 0, x->rows * MATRIX_LANES * sizeof *sums);
    for (uint32_t from = 0; from < w->blocks; from += SLICE) {
        uint32_t n = w->blocks - from < SLICE ? w->blocks - from : SLICE;
        unpack_slice(type, w, group, from, n, &s);
        for (size_t row = 0; row < x->rows; row += TILE) {
            size_t at = kernels_block_at(x->rows, w->blocks, row, from);
            const int8_t *q = x->quants + at * MATRIX_BLOCK;
            const kernels_block *xb = x->blocks + at;
            float *to = sums + row * MATRIX_LANES;
            switch (kernels_tile_rows(x->rows, row)) {
            case 4:
                multiply_tile(type, 4, &s, q, xb, to, n);
                break;
            case 3:
                multiply_tile(type, 3, &s, q, xb, to, n);
                break;
            case 2:
                multiply_tile(type, 2, &s, q, xb, to, n);
                break;
            default:
                multiply_tile(type, 1, &s, q, xb, to, n);
                break;
            }
        }
    }
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add);

SIMD void multiply_plain_group(uint32_t type, const llm_matrix *w, const unsigned char *group,
                               const kernels_input *x, float *sums)
{
    enum { COLUMNS = 256 };
    _Alignas(64) float b[COLUMNS * MATRIX_LANES];
    for (uint32_t from = 0; from < w->columns; from += COLUMNS) {
        uint32_t n = w->columns - from < COLUMNS ? w->columns - from : COLUMNS;
        for (uint32_t k = 0; k < n; k++)
            simd_store_floats(b + k * MATRIX_LANES,
                              read_plain(type, group + (from + k) * w->quant_step));
        sgemm(x->rows, MATRIX_LANES, n, x->values + from, x->stride, b, MATRIX_LANES, sums,
              MATRIX_LANES, from > 0);
    }
}

SIMD void multiply_rows(uint32_t type, const llm_matrix *w, size_t from, size_t to,
                        const kernels_input *x, float *out, size_t stride, bool add)
{
    _Alignas(64) float sums[KERNELS_MAX_ROWS * MATRIX_LANES];
    for (size_t g = from; g < to; g++, out += MATRIX_LANES) {
        const unsigned char *group = w->data + g * w->group_bytes;
        if (is_plain(type))
            multiply_plain_group(type, w, group, x, sums);
        else
            multiply_group(type, w, group, x, sums);
        for (size_t i = 0; i < x->rows; i++)
            put_sum(out + i * stride, simd_load_floats(sums + i * MATRIX_LANES), add);
    }
}

#define FOR_TYPE(NAME, TYPE)                                                                       \
    static void multiply_##NAME(const llm_matrix *w, size_t from, size_t to,                       \
                                const kernels_input *x, float *out, size_t stride, bool add)       \
    {                                                                                              \
        if (x->rows == 1)                                                                          \
            multiply_row(TYPE, w, from, to, x, out, add);                                          \
        else                                                                                       \
            multiply_rows(TYPE, w, from, to, x, out, stride, add);                                 \
    }
KERNELS_FOR_EACH_TYPE(FOR_TYPE)

static void multiply(const llm_matrix *w, size_t from, size_t to, const kernels_input *x,
                     float *out, size_t stride, bool add)
{
    KERNELS_MULTIPLY_BY_TYPE(w, from, to, x, out, stride, add);
}

/* --- floats --------------------------------------------------------------------------------- */

/* `rows` rows of a times 16 columns of b. */
SIMD void sgemm_tile(uint32_t rows, size_t k, const float *a, size_t lda, const float *b,
                     size_t ldb, float *c, size_t ldc, bool add)
{
    simd_float acc[SIMD_SGEMM_ROWS];
    for (uint32_t i = 0; i < rows; i++)
        acc[i] = add ? simd_load_floats(c + i * ldc) : simd_all(0);
    for (size_t l = 0; l < k; l++, b += ldb) {
        simd_float v = simd_load_floats(b);
#pragma GCC unroll 16
        for (uint32_t i = 0; i < rows; i++)
            acc[i] = simd_fma(simd_all(a[i * lda + l]), v, acc[i]);
    }
    for (uint32_t i = 0; i < rows; i++)
        simd_store_floats(c + i * ldc, acc[i]);
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add)
{
    for (size_t j = 0; j < n; j += 16) {
        size_t i = 0;
        for (; i + SIMD_SGEMM_ROWS <= m; i += SIMD_SGEMM_ROWS)
            sgemm_tile(SIMD_SGEMM_ROWS, k, a + i * lda, lda, b + j, ldb, c + i * ldc + j, ldc, add);
        for (; i + 4 <= m; i += 4)
            sgemm_tile(4, k, a + i * lda, lda, b + j, ldb, c + i * ldc + j, ldc, add);
        for (; i < m; i++)
            sgemm_tile(1, k, a + i * lda, lda, b + j, ldb, c + i * ldc + j, ldc, add);
    }
}

#endif
