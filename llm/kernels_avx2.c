/* Kernels for AVX2 with FMA and F16C.
 *
 * Integer products are vpmaddubsw: unsigned times signed bytes, pairs added in 16 bits. Weights of
 * less than 8 bits are the unsigned side, as stored (0..15, 0..31 or 0..63), and a whole scale's
 * run of columns is added up in 16 bits: such additions wrap, but once the offset of the weights
 * (8, 16 or 32 times the sum of the activations, known per block) is subtracted the true sum fits
 * again, so nothing is lost and only one widening is paid per run. For Q8_0 the signs of the
 * weights are moved to the activations, and each product is widened at once. vpsignb does that, but
 * on the ports that multiply; many rows use an exclusive or with the weights' signs, x ^ -1 =
 * -x - 1, and a start of the sum that makes up for the 1.
 *
 * One row of activations is multiplied straight from the packed weights. Several rows take a
 * slice of 16 weight rows at a time, unpacked to bytes in the first cache, in tiles of 4 rows. */
#if defined(__x86_64__)

#include "llm/kernels.h"

#include <immintrin.h>

#include "llm/kernels_x86.h"

#define VECTOR_LANES 8
#include "llm/kernels_vector.h"

#define INLINE static inline __attribute__((always_inline))
#define SLICE 16u /* blocks of 32 columns that are unpacked at a time */
#define TILE KERNELS_TILE
#define MANY_ROWS 32u /* rows that make it worth to unpack Q8_0 */

/* A slice of 16 rows, unpacked: bytes in the order of the column groups, scales and minima as
 * floats. Q8_0: magnitudes, signs (0 or -1), and for each row the sum of what is negative. */
typedef struct slice {
    _Alignas(64) uint8_t quants[SLICE * 512];
    _Alignas(64) int8_t signs[SLICE * 512];
    _Alignas(64) int32_t negatives[SLICE * MATRIX_LANES];
    _Alignas(64) float scales[SLICE * 2 * MATRIX_LANES]; /* Q6_K: two runs per block; others one */
    _Alignas(64) float minima[SLICE * MATRIX_LANES];
} slice;

INLINE __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

/* Keeps a sum in its register: otherwise the compiler moves additions to the end of an unrolled
 * loop and spills every product on the way. */
#define KEEP(v) __asm__("" : "+x"(v))

/* Nothing is read through p before v is computed: what is read early has to be spilled. */
#define READ_AFTER(p, v) __asm__("" : "+r"(p), "+x"(v))

/* Four neighbouring activations in each 32-bit lane. */
INLINE __m256i spread(const void *four_bytes)
{
    int32_t v;
    memcpy(&v, four_bytes, sizeof v);
    return _mm256_set1_epi32(v);
}

INLINE __m256 halves(const unsigned char *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

INLINE __m256 unsigned_bytes(const unsigned char *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

INLINE __m256 signed_bytes(const unsigned char *p)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

/* The eight int32 that pairs of int16 add up to, as floats. */
INLINE __m256 widen(__m256i words)
{
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(words, _mm256_set1_epi16(1)));
}

/* --- activations ---------------------------------------------------------------------------- */

INLINE float largest_of(__m256 v)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

/* Sums of 16 signed bytes over columns 0, 1 and over columns 2, 3 modulo 4. */
INLINE void add_pairs(__m128i bytes, int16_t pairs[2])
{
    __m128i words = _mm_maddubs_epi16(_mm_set1_epi8(1), bytes); /* pairs 0 1 0 1 0 1 0 1 */
    words = _mm_add_epi16(words, _mm_srli_si128(words, 8));
    words = _mm_add_epi16(words, _mm_srli_si128(words, 4));
    int32_t both = _mm_cvtsi128_si32(words);
    memcpy(pairs, &both, sizeof both);
}

void kernels_avx2_quantise(const float *x, size_t count, size_t step, int8_t *quants,
                           kernels_block *blocks)
{
    const __m256 positive = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (size_t i = 0; i < count; i++, x += MATRIX_BLOCK) {
        __m256 v[4];
        __m256 m = _mm256_setzero_ps();
        for (int k = 0; k < 4; k++) {
            v[k] = _mm256_loadu_ps(x + 8 * k);
            m = _mm256_max_ps(m, _mm256_and_ps(v[k], positive));
        }
        float largest = largest_of(m);
        __m256 inverse = _mm256_set1_ps(largest > 0 ? 127.0f / largest : 0);
        __m256i w[4];
        for (int k = 0; k < 4; k++)
            w[k] = _mm256_cvtps_epi32(_mm256_mul_ps(v[k], inverse));
        __m256i q =
            _mm256_packs_epi16(_mm256_packs_epi32(w[0], w[1]), _mm256_packs_epi32(w[2], w[3]));
        q = _mm256_permutevar8x32_epi32(q, order);
        _mm256_storeu_si256((__m256i *)(quants + i * step * MATRIX_BLOCK), q);
        kernels_block *b = &blocks[i * step];
        int16_t high[2];
        add_pairs(_mm256_castsi256_si128(q), b->low_pairs);
        add_pairs(_mm256_extracti128_si256(q, 1), high);
        b->pairs[0] = (int16_t)(b->low_pairs[0] + high[0]);
        b->pairs[1] = (int16_t)(b->low_pairs[1] + high[1]);
        b->scale = largest / 127.0f;
        b->scaled_sum = b->scale * (float)(b->pairs[0] + b->pairs[1]);
    }
}

/* --- unpacking ------------------------------------------------------------------------------ */

/* Bytes before the nibbles of a block. */
INLINE size_t nibbles_at(uint32_t type)
{
    switch (type) {
    case GGUF_TYPE_Q5_0:
    case GGUF_TYPE_Q5_K:
        return 64;
    case GGUF_TYPE_Q6_K:
        return 128;
    default:
        return 0;
    }
}

INLINE __m256i fifth_bit(__m256i bits, int group)
{
    __m256i v =
        group <= 4 ? _mm256_slli_epi16(bits, 4 - group) : _mm256_srli_epi16(bits, group - 4);
    return _mm256_and_si256(v, _mm256_set1_epi8(0x10));
}

INLINE __m256i sixth_bits(__m256i bits, int group)
{
    __m256i v = group <= 2 ? _mm256_slli_epi16(bits, 4 - 2 * group) : _mm256_srli_epi16(bits, 2);
    return _mm256_and_si256(v, _mm256_set1_epi8(0x30));
}

/* Column groups g and g + 4 of rows 8 h .. 8 h + 7, as unsigned bytes. */
INLINE void unpack_pair(uint32_t type, const unsigned char *quants, int g, int h, __m256i *low,
                        __m256i *high)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i v = load(quants + nibbles_at(type) + g * 64 + h * 32);
    *low = _mm256_and_si256(v, nibble);
    *high = _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble);
    if (type == GGUF_TYPE_Q5_0 || type == GGUF_TYPE_Q5_K) {
        __m256i bits = load(quants + h * 32);
        *low = _mm256_or_si256(*low, fifth_bit(bits, g));
        *high = _mm256_or_si256(*high, fifth_bit(bits, g + 4));
    }
    if (type == GGUF_TYPE_Q6_K) {
        *low = _mm256_or_si256(*low, sixth_bits(load(quants + h * 32), g));
        *high = _mm256_or_si256(*high, sixth_bits(load(quants + 64 + h * 32), g));
    }
}

INLINE bool has_minimum(uint32_t type)
{
    return type == GGUF_TYPE_Q4_K || type == GGUF_TYPE_Q5_K;
}

/* log2 of the offset of the stored weights; 0 = none. Q5_K's is put into its minimum. */
INLINE int offset_shift(uint32_t type)
{
    switch (type) {
    case GGUF_TYPE_Q4_0:
        return 3;
    case GGUF_TYPE_Q5_0:
    case GGUF_TYPE_Q5_K:
        return 4;
    case GGUF_TYPE_Q6_K:
        return 5;
    default:
        return 0;
    }
}

/* The scales (Q6_K: of both halves) and minima of rows 8 h .. 8 h + 7 of block b. */
INLINE void read_scales(uint32_t type, const unsigned char *group, size_t meta_at, uint32_t b,
                        int h, __m256 scale[2], __m256 *minimum)
{
    const unsigned char *meta = group + meta_at + b * (size_t)32;
    if (type == GGUF_TYPE_Q6_K) {
        __m256 d = halves(group + b / 8 * (size_t)32 + h * 16);
        scale[0] = _mm256_mul_ps(d, signed_bytes(meta + h * 8));
        scale[1] = _mm256_mul_ps(d, signed_bytes(meta + 16 + h * 8));
    } else if (has_minimum(type)) {
        const unsigned char *super = group + b / 8 * (size_t)64 + h * 16;
        scale[0] = _mm256_mul_ps(halves(super), unsigned_bytes(meta + h * 8));
        *minimum = _mm256_mul_ps(halves(super + 32), unsigned_bytes(meta + 16 + h * 8));
        if (type == GGUF_TYPE_Q5_K)
            *minimum = _mm256_fnmadd_ps(scale[0], _mm256_set1_ps(16), *minimum);
    } else {
        scale[0] = halves(meta + h * 16);
    }
}

/* --- one row of activations ----------------------------------------------------------------- */

/* 16 rows of weights of a type below 8 bits times one row; sums of rows 0-7 and 8-15. */
INLINE void row_of_nibbles(uint32_t type, const llm_matrix *w, const unsigned char *group,
                           const int8_t *x, const kernels_block *xb, __m256 sum[2])
{
    const int shift = offset_shift(type);
    const bool halved = type == GGUF_TYPE_Q6_K;
    const unsigned char *quants = group + w->quant_at;
    const size_t step = w->quant_step;
    sum[0] = sum[1] = _mm256_setzero_ps();
    for (uint32_t b = 0; b < w->blocks; b++, quants += step, x += MATRIX_BLOCK, xb++) {
        _mm_prefetch((const char *)quants + 1536, _MM_HINT_T0);
        _mm_prefetch((const char *)quants + 1536 + 64, _MM_HINT_T0);
        _mm_prefetch((const char *)quants + 1536 + 128, _MM_HINT_T0);
        _mm_prefetch((const char *)quants + 1536 + 192, _MM_HINT_T0);
        const __m256 xs = _mm256_set1_ps(xb->scale);
        for (int h = 0; h < 2; h++) {
            __m256i low_acc = _mm256_setzero_si256(), high_acc = _mm256_setzero_si256();
#pragma GCC unroll 4
            for (int g = 0; g < 4; g++) {
                __m256i low, high;
                unpack_pair(type, quants, g, h, &low, &high);
                low_acc = _mm256_add_epi16(low_acc, _mm256_maddubs_epi16(low, spread(x + 4 * g)));
                high_acc =
                    _mm256_add_epi16(high_acc, _mm256_maddubs_epi16(high, spread(x + 16 + 4 * g)));
                KEEP(low_acc);
                KEEP(high_acc);
            }
            __m256 scale[2], minimum;
            read_scales(type, group, w->meta_at, b, h, scale, &minimum);
            if (halved) {
                __m256i low_pairs = spread(xb->low_pairs);
                __m256i high_pairs = _mm256_sub_epi16(spread(xb->pairs), low_pairs);
                low_acc = _mm256_sub_epi16(low_acc, _mm256_slli_epi16(low_pairs, shift));
                high_acc = _mm256_sub_epi16(high_acc, _mm256_slli_epi16(high_pairs, shift));
                __m256 part = _mm256_mul_ps(widen(low_acc), scale[0]);
                part = _mm256_fmadd_ps(widen(high_acc), scale[1], part);
                sum[h] = _mm256_fmadd_ps(part, xs, sum[h]);
                continue;
            }
            low_acc = _mm256_add_epi16(low_acc, high_acc);
            if (shift != 0)
                low_acc = _mm256_sub_epi16(low_acc, _mm256_slli_epi16(spread(xb->pairs), shift));
            sum[h] = _mm256_fmadd_ps(widen(low_acc), _mm256_mul_ps(scale[0], xs), sum[h]);
            if (has_minimum(type))
                sum[h] = _mm256_fnmadd_ps(minimum, _mm256_set1_ps(xb->scaled_sum), sum[h]);
        }
    }
}

INLINE __m256i add_signed(__m256i acc, __m256i w, __m256i x)
{
    __m256i words = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
}

INLINE void row_of_bytes(const llm_matrix *w, const unsigned char *group, const int8_t *x,
                         const kernels_block *xb, __m256 sum[2])
{
    const unsigned char *quants = group + w->quant_at, *meta = group + w->meta_at;
    sum[0] = sum[1] = _mm256_setzero_ps();
    for (uint32_t b = 0; b < w->blocks; b++, quants += 512, meta += 32, x += MATRIX_BLOCK, xb++) {
        __m256i acc0 = _mm256_setzero_si256(), acc1 = acc0;
#pragma GCC unroll 8
        for (int g = 0; g < 8; g++) {
            _mm_prefetch((const char *)quants + 2048 + g * 64, _MM_HINT_T0);
            __m256i v = spread(x + 4 * g);
            acc0 = add_signed(acc0, load(quants + g * 64), v);
            acc1 = add_signed(acc1, load(quants + g * 64 + 32), v);
            KEEP(acc0);
            KEEP(acc1);
        }
        const __m256 xs = _mm256_set1_ps(xb->scale);
        sum[0] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc0), _mm256_mul_ps(halves(meta), xs), sum[0]);
        sum[1] =
            _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc1), _mm256_mul_ps(halves(meta + 16), xs), sum[1]);
    }
}

/* 16 values of a column that is not quantised. */
INLINE void read_plain(uint32_t type, const unsigned char *p, __m256 v[2])
{
    if (type == GGUF_TYPE_F32) {
        v[0] = _mm256_loadu_ps((const float *)p);
        v[1] = _mm256_loadu_ps((const float *)p + 8);
    } else if (type == GGUF_TYPE_F16) {
        v[0] = halves(p);
        v[1] = halves(p + 16);
    } else {
        for (int h = 0; h < 2; h++) {
            __m256i words = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p + h));
            v[h] = _mm256_castsi256_ps(_mm256_slli_epi32(words, 16));
        }
    }
}

INLINE void row_of_plain(uint32_t type, const llm_matrix *w, const unsigned char *group,
                         const float *x, __m256 sum[2])
{
    __m256 acc[4][2];
    for (int i = 0; i < 4; i++)
        acc[i][0] = acc[i][1] = _mm256_setzero_ps();
    const size_t step = w->quant_step;
    uint32_t k = 0;
    for (; k + 4 <= w->columns; k += 4, group += 4 * step) {
        _mm_prefetch((const char *)group + 2048, _MM_HINT_T0);
        _mm_prefetch((const char *)group + 2048 + 64, _MM_HINT_T0);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            __m256 v[2], xv = _mm256_broadcast_ss(x + k + (uint32_t)i);
            read_plain(type, group + (size_t)i * step, v);
            acc[i][0] = _mm256_fmadd_ps(v[0], xv, acc[i][0]);
            acc[i][1] = _mm256_fmadd_ps(v[1], xv, acc[i][1]);
        }
    }
    for (; k < w->columns; k++, group += step) {
        __m256 v[2], xv = _mm256_broadcast_ss(x + k);
        read_plain(type, group, v);
        acc[0][0] = _mm256_fmadd_ps(v[0], xv, acc[0][0]);
        acc[0][1] = _mm256_fmadd_ps(v[1], xv, acc[0][1]);
    }
    for (int h = 0; h < 2; h++)
        sum[h] =
            _mm256_add_ps(_mm256_add_ps(acc[0][h], acc[1][h]), _mm256_add_ps(acc[2][h], acc[3][h]));
}

INLINE void put_sums(float *out, const __m256 sum[2], bool add)
{
    for (int h = 0; h < 2; h++) {
        __m256 v = sum[h];
        if (add)
            v = _mm256_add_ps(v, _mm256_loadu_ps(out + 8 * h));
        _mm256_storeu_ps(out + 8 * h, v);
    }
}

INLINE void multiply_row(uint32_t type, const llm_matrix *w, size_t from, size_t to,
                         const kernels_input *x, float *out, bool add)
{
    for (size_t g = from; g < to; g++, out += MATRIX_LANES) {
        const unsigned char *group = w->data + g * w->group_bytes;
        __m256 sum[2];
        if (type == GGUF_TYPE_Q8_0)
            row_of_bytes(w, group, x->quants, x->blocks, sum);
        else if (type == GGUF_TYPE_F32 || type == GGUF_TYPE_F16 || type == GGUF_TYPE_BF16)
            row_of_plain(type, w, group, x->values, sum);
        else
            row_of_nibbles(type, w, group, x->quants, x->blocks, sum);
        put_sums(out, sum, add);
    }
}

/* --- several rows --------------------------------------------------------------------------- */

/* Rows 8 h .. 8 h + 7 of a block of Q8_0. */
INLINE void unpack_bytes(const unsigned char *quants, int h, uint8_t *magnitudes, int8_t *signs,
                         int32_t *negatives)
{
    __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        const int at = g * 64 + h * 32;
        __m256i w = load(quants + at), magnitude = _mm256_abs_epi8(w);
        __m256i sign = _mm256_cmpgt_epi8(_mm256_setzero_si256(), w);
        _mm256_store_si256((__m256i *)(magnitudes + at), magnitude);
        _mm256_store_si256((__m256i *)(signs + at), sign);
        sum = _mm256_add_epi16(
            sum, _mm256_maddubs_epi16(_mm256_and_si256(magnitude, sign), _mm256_set1_epi8(1)));
    }
    sum = _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
    _mm256_store_si256((__m256i *)(negatives + h * 8), sum);
}

/* Unpacks blocks [from, from + count) of a group; for few rows Q8_0's bytes stay where they are. */
INLINE void unpack_slice(uint32_t type, const llm_matrix *w, const unsigned char *group,
                         uint32_t from, uint32_t count, bool many, slice *s)
{
    const uint32_t runs = type == GGUF_TYPE_Q6_K ? 2 : 1;
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *quants = group + w->quant_at + (from + i) * w->quant_step;
        for (int h = 0; h < 2; h++) {
            __m256 scale[2], minimum;
            read_scales(type, group, w->meta_at, from + i, h, scale, &minimum);
            for (uint32_t r = 0; r < runs; r++)
                _mm256_store_ps(s->scales + (i * runs + r) * MATRIX_LANES + h * 8, scale[r]);
            if (has_minimum(type))
                _mm256_store_ps(s->minima + i * MATRIX_LANES + h * 8, minimum);
            if (type == GGUF_TYPE_Q8_0) {
                if (many)
                    unpack_bytes(quants, h, s->quants + i * 512, s->signs + i * 512,
                                 s->negatives + i * MATRIX_LANES);
                continue;
            }
#pragma GCC unroll 4
            for (int g = 0; g < 4; g++) {
                __m256i low, high;
                unpack_pair(type, quants, g, h, &low, &high);
                uint8_t *to = s->quants + i * 512 + g * 64 + h * 32;
                _mm256_store_si256((__m256i *)to, low);
                _mm256_store_si256((__m256i *)(to + 256), high);
            }
        }
    }
}

/* A tile's activations from a block on, and its sums: 16 for each row. */
typedef struct tile {
    const int8_t *x;
    const kernels_block *xb;
    float *sums;
} tile;

/* Adds a tile's products, as floats, to its sums. */
INLINE void add_to_sums(float *c, __m256 product0, __m256 product1, __m256 s0, __m256 s1, float xs)
{
    __m256 v = _mm256_set1_ps(xs);
    _mm256_store_ps(c, _mm256_fmadd_ps(product0, _mm256_mul_ps(s0, v), _mm256_load_ps(c)));
    _mm256_store_ps(c + 8, _mm256_fmadd_ps(product1, _mm256_mul_ps(s1, v), _mm256_load_ps(c + 8)));
}

/* A run of columns whose 16-bit sums share a scale: 8 column groups from `first` on, or 4. */
INLINE void tile_run(int shift, uint32_t count, int groups, int first, const uint8_t *w,
                     const float *scales, const tile *t)
{
    __m256i acc[TILE][2];
    for (uint32_t i = 0; i < count; i++)
        acc[i][0] = acc[i][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int g = 0; g < groups; g++) {
        __m256i w0 = load(w + g * 64), w1 = load(w + g * 64 + 32);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < count; i++) {
            __m256i v = spread(t->x + i * MATRIX_BLOCK + 4 * (first + g));
            acc[i][0] = _mm256_add_epi16(acc[i][0], _mm256_maddubs_epi16(w0, v));
            acc[i][1] = _mm256_add_epi16(acc[i][1], _mm256_maddubs_epi16(w1, v));
            KEEP(acc[i][0]);
            KEEP(acc[i][1]);
        }
    }
    const kernels_block *blocks = t->xb;
    READ_AFTER(scales, acc[count - 1][1]);
    READ_AFTER(blocks, acc[count - 1][1]);
    const __m256 s0 = _mm256_load_ps(scales), s1 = _mm256_load_ps(scales + 8);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++) {
        const kernels_block *xb = &blocks[i];
        if (shift != 0) {
            __m256i pairs = spread(groups == 8 ? xb->pairs : xb->low_pairs);
            if (groups != 8 && first != 0)
                pairs = _mm256_sub_epi16(spread(xb->pairs), pairs);
            pairs = _mm256_slli_epi16(pairs, shift);
            acc[i][0] = _mm256_sub_epi16(acc[i][0], pairs);
            acc[i][1] = _mm256_sub_epi16(acc[i][1], pairs);
        }
        add_to_sums(t->sums + i * MATRIX_LANES, widen(acc[i][0]), widen(acc[i][1]), s0, s1,
                    xb->scale);
    }
}

INLINE void tile_minimum(uint32_t count, const float *minima, const tile *t)
{
    const __m256 m0 = _mm256_load_ps(minima), m1 = _mm256_load_ps(minima + 8);
    for (uint32_t i = 0; i < count; i++) {
        __m256 sum = _mm256_set1_ps(t->xb[i].scaled_sum);
        float *c = t->sums + i * MATRIX_LANES;
        _mm256_store_ps(c, _mm256_fnmadd_ps(m0, sum, _mm256_load_ps(c)));
        _mm256_store_ps(c + 8, _mm256_fnmadd_ps(m1, sum, _mm256_load_ps(c + 8)));
    }
}

/* Adds a tile's 32-bit sums to its floats. */
INLINE void finish_bytes(uint32_t count, __m256i acc[TILE][2], const float *scales, const tile *t)
{
    const kernels_block *xb = t->xb;
    READ_AFTER(scales, acc[count - 1][1]);
    READ_AFTER(xb, acc[count - 1][1]);
    const __m256 s0 = _mm256_load_ps(scales), s1 = _mm256_load_ps(scales + 8);
#pragma GCC unroll 4
    for (uint32_t i = 0; i < count; i++)
        add_to_sums(t->sums + i * MATRIX_LANES, _mm256_cvtepi32_ps(acc[i][0]),
                    _mm256_cvtepi32_ps(acc[i][1]), s0, s1, xb[i].scale);
}

/* A block of Q8_0: signed bytes, widened product by product. */
INLINE void tile_bytes(uint32_t count, const unsigned char *w, const float *scales, const tile *t)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i acc[TILE][2];
    for (uint32_t i = 0; i < count; i++)
        acc[i][0] = acc[i][1] = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        __m256i w0 = load(w + g * 64), w1 = load(w + g * 64 + 32);
        __m256i a0 = _mm256_abs_epi8(w0), a1 = _mm256_abs_epi8(w1);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < count; i++) {
            __m256i v = spread(t->x + i * MATRIX_BLOCK + 4 * g);
            __m256i p0 = _mm256_maddubs_epi16(a0, _mm256_sign_epi8(v, w0));
            __m256i p1 = _mm256_maddubs_epi16(a1, _mm256_sign_epi8(v, w1));
            acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(p0, ones));
            acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(p1, ones));
            KEEP(acc[i][0]);
            KEEP(acc[i][1]);
        }
    }
    finish_bytes(count, acc, scales, t);
}

INLINE __m256i add_flipped(__m256i acc, __m256i magnitude, __m256i sign, __m256i x)
{
    __m256i words = _mm256_maddubs_epi16(magnitude, _mm256_xor_si256(x, sign));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
}

/* The same for a block that is unpacked. */
INLINE void tile_magnitudes(uint32_t count, const slice *s, uint32_t block, const tile *t)
{
    const uint8_t *w = s->quants + block * 512;
    const int8_t *signs = s->signs + block * 512;
    const int32_t *negatives = s->negatives + block * MATRIX_LANES;
    const int8_t *x = t->x;
    __m256i acc[TILE][2];
    for (uint32_t i = 0; i < count; i++) {
        acc[i][0] = load(negatives);
        acc[i][1] = load(negatives + 8);
    }
#pragma GCC unroll 8
    for (int g = 0; g < 8; g++) {
        __m256i w0 = load(w + g * 64), w1 = load(w + g * 64 + 32);
        __m256i s0 = load(signs + g * 64), s1 = load(signs + g * 64 + 32);
        READ_AFTER(x, acc[0][0]);
#pragma GCC unroll 4
        for (uint32_t i = 0; i < count; i++) {
            __m256i v = spread(x + i * MATRIX_BLOCK + 4 * g);
            acc[i][0] = add_flipped(acc[i][0], w0, s0, v);
            acc[i][1] = add_flipped(acc[i][1], w1, s1, v);
            KEEP(acc[i][0]);
            KEEP(acc[i][1]);
        }
    }
    finish_bytes(count, acc, s->scales + block * MATRIX_LANES, t);
}

/* A slice of n blocks, and where the sums of a row come from and go to: sums[16 * row], or, before
 * the first slice, nothing, and behind the last one out[stride * row]. */
typedef struct step {
    const unsigned char *packed; /* Q8_0's bytes; NULL when they are unpacked */
    uint32_t from, n;
    bool first, last, add;
    float *sums, *out;
    size_t stride;
} step;

/* The slice times a tile of `count` rows, of which the first is row `row`. */
INLINE void multiply_tile(uint32_t type, uint32_t count, const slice *s, const step *p,
                          const kernels_input *x, size_t row)
{
    const int shift = offset_shift(type);
    const size_t blocks = x->columns / MATRIX_BLOCK;
    _Alignas(64) float sums[TILE * MATRIX_LANES];
    if (p->first)
        memset(sums, 0, count * MATRIX_LANES * sizeof *sums);
    else
        memcpy(sums, p->sums + row * MATRIX_LANES, count * MATRIX_LANES * sizeof *sums);
    size_t at = kernels_block_at(x->rows, blocks, row, p->from);
    tile t = {x->quants + at * MATRIX_BLOCK, x->blocks + at, sums};
    for (uint32_t i = 0; i < p->n; i++, t.x += count * MATRIX_BLOCK, t.xb += count) {
        const uint8_t *w = s->quants + i * 512;
        if (type == GGUF_TYPE_Q8_0 && p->packed == NULL) {
            tile_magnitudes(count, s, i, &t);
        } else if (type == GGUF_TYPE_Q8_0) {
            tile_bytes(count, p->packed + (size_t)i * 512, s->scales + i * MATRIX_LANES, &t);
        } else if (type == GGUF_TYPE_Q6_K) {
            const float *scales = s->scales + i * 2 * MATRIX_LANES;
            tile_run(shift, count, 4, 0, w, scales, &t);
            tile_run(shift, count, 4, 4, w + 256, scales + MATRIX_LANES, &t);
        } else {
            tile_run(shift, count, 8, 0, w, s->scales + i * MATRIX_LANES, &t);
        }
        if (has_minimum(type))
            tile_minimum(count, s->minima + i * MATRIX_LANES, &t);
    }
    if (!p->last) {
        memcpy(p->sums + row * MATRIX_LANES, sums, count * MATRIX_LANES * sizeof *sums);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        __m256 v[2] = {_mm256_load_ps(sums + i * MATRIX_LANES),
                       _mm256_load_ps(sums + i * MATRIX_LANES + 8)};
        put_sums(p->out + (row + i) * p->stride, v, p->add);
    }
}

/* One group of 16 weight rows times all rows of x; `sums` is room for 16 floats per row of x. */
INLINE void multiply_group(uint32_t type, const llm_matrix *w, const unsigned char *group,
                           const kernels_input *x, float *sums, float *out, size_t stride, bool add)
{
    slice s;
    const bool many = x->rows >= MANY_ROWS;
    step p = {.add = add, .sums = sums, .out = out, .stride = stride};
    for (; p.from < w->blocks; p.from += SLICE) {
        p.n = w->blocks - p.from < SLICE ? w->blocks - p.from : SLICE;
        p.first = p.from == 0;
        p.last = p.from + p.n == w->blocks;
        p.packed = many ? NULL : group + w->quant_at + p.from * w->quant_step;
        unpack_slice(type, w, group, p.from, p.n, many, &s);
        for (size_t row = 0; row < x->rows; row += TILE) {
            switch (kernels_tile_rows(x->rows, row)) {
            case 4:
                multiply_tile(type, 4, &s, &p, x, row);
                break;
            case 3:
                multiply_tile(type, 3, &s, &p, x, row);
                break;
            case 2:
                multiply_tile(type, 2, &s, &p, x, row);
                break;
            default:
                multiply_tile(type, 1, &s, &p, x, row);
                break;
            }
        }
    }
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add);

/* The same for weights that are not quantised: slices of columns as floats. */
INLINE void multiply_plain_group(uint32_t type, const llm_matrix *w, const unsigned char *group,
                                 const kernels_input *x, float *sums)
{
    enum { COLUMNS = 256 };
    _Alignas(64) float b[COLUMNS * MATRIX_LANES];
    for (uint32_t from = 0; from < w->columns; from += COLUMNS) {
        uint32_t n = w->columns - from < COLUMNS ? w->columns - from : COLUMNS;
        for (uint32_t k = 0; k < n; k++) {
            __m256 v[2];
            read_plain(type, group + (from + k) * w->quant_step, v);
            _mm256_store_ps(b + k * MATRIX_LANES, v[0]);
            _mm256_store_ps(b + k * MATRIX_LANES + 8, v[1]);
        }
        sgemm(x->rows, MATRIX_LANES, n, x->values + from, x->stride, b, MATRIX_LANES, sums,
              MATRIX_LANES, from > 0);
    }
}

INLINE void multiply_rows(uint32_t type, const llm_matrix *w, size_t from, size_t to,
                          const kernels_input *x, float *out, size_t stride, bool add)
{
    _Alignas(64) float sums[KERNELS_MAX_ROWS * MATRIX_LANES];
    for (size_t g = from; g < to; g++, out += MATRIX_LANES) {
        const unsigned char *group = w->data + g * w->group_bytes;
        if (type != GGUF_TYPE_F32 && type != GGUF_TYPE_F16 && type != GGUF_TYPE_BF16) {
            multiply_group(type, w, group, x, sums, out, stride, add);
            continue;
        }
        multiply_plain_group(type, w, group, x, sums);
        for (size_t i = 0; i < x->rows; i++) {
            __m256 v[2] = {_mm256_load_ps(sums + i * MATRIX_LANES),
                           _mm256_load_ps(sums + i * MATRIX_LANES + 8)};
            put_sums(out + i * stride, v, add);
        }
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
INLINE void sgemm_tile(int rows, size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                       float *c, size_t ldc, bool add)
{
    __m256 acc[6][2];
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < 2; h++)
            acc[i][h] = add ? _mm256_loadu_ps(c + (size_t)i * ldc + 8 * h) : _mm256_setzero_ps();
    for (size_t l = 0; l < k; l++, b += ldb) {
        __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
            __m256 v = _mm256_broadcast_ss(a + (size_t)i * lda + l);
            acc[i][0] = _mm256_fmadd_ps(v, b0, acc[i][0]);
            acc[i][1] = _mm256_fmadd_ps(v, b1, acc[i][1]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < 2; h++)
            _mm256_storeu_ps(c + (size_t)i * ldc + 8 * h, acc[i][h]);
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                  size_t ldb, float *c, size_t ldc, bool add)
{
    for (size_t j = 0; j < n; j += 16) {
        size_t i = 0;
        for (; i + 6 <= m; i += 6)
            sgemm_tile(6, k, a + i * lda, lda, b + j, ldb, c + i * ldc + j, ldc, add);
        const float *at = a + i * lda;
        float *ct = c + i * ldc + j;
        switch (m - i) {
        case 5:
            sgemm_tile(5, k, at, lda, b + j, ldb, ct, ldc, add);
            break;
        case 4:
            sgemm_tile(4, k, at, lda, b + j, ldb, ct, ldc, add);
            break;
        case 3:
            sgemm_tile(3, k, at, lda, b + j, ldb, ct, ldc, add);
            break;
        case 2:
            sgemm_tile(2, k, at, lda, b + j, ldb, ct, ldc, add);
            break;
        case 1:
            sgemm_tile(1, k, at, lda, b + j, ldb, ct, ldc, add);
            break;
        default:
            break;
        }
    }
}

void kernels_avx2_to_half(const float *x, size_t n, uint16_t *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(out + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < n; i++)
        out[i] = _cvtss_sh(x[i], _MM_FROUND_TO_NEAREST_INT);
}

void kernels_avx2_from_half(const uint16_t *x, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, halves((const unsigned char *)(x + i)));
    for (; i < n; i++)
        out[i] = _cvtsh_ss(x[i]);
}

const kernels kernels_avx2 = {
    .name = "avx2",
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
typedef int kernels_avx2_not_built; /* C wants a translation unit not to be empty */
#endif
