/* Packing of weights, and the scalar readers of packed ones. Bytes move in words of 4 columns;
 * nothing is requantised. */
#include "llm/matrix.h"

#include <math.h>
#include <string.h>

#define SUPER_BLOCKS 8u /* blocks in the 256 columns of a K type */

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

bool llm_type_is_quantised(uint32_t type)
{
    return type != GGUF_TYPE_F32 && type != GGUF_TYPE_F16 && type != GGUF_TYPE_BF16;
}

static bool is_k_type(uint32_t type)
{
    return type == GGUF_TYPE_Q4_K || type == GGUF_TYPE_Q5_K || type == GGUF_TYPE_Q6_K;
}

/* Bytes of quants of a block of 16 rows x 32 columns. */
static size_t block_quants(uint32_t type)
{
    switch (type) {
    case GGUF_TYPE_Q8_0:
        return 512;
    case GGUF_TYPE_Q4_0:
    case GGUF_TYPE_Q4_K:
        return 256;
    case GGUF_TYPE_Q5_0:
    case GGUF_TYPE_Q5_K:
        return 320;
    case GGUF_TYPE_Q6_K:
        return 384;
    default:
        return 0;
    }
}

bool llm_matrix_plan(llm_matrix *m, uint32_t type, uint32_t rows, uint32_t columns)
{
    uint32_t weights, bytes;
    if (!gguf_type_block(type, &weights, &bytes) || rows == 0 || columns == 0 ||
        columns % weights != 0 || rows > UINT32_MAX - MATRIX_LANES)
        return false;
    *m = (llm_matrix){.type = type, .rows = rows, .columns = columns};
    m->groups = (rows + MATRIX_LANES - 1) / MATRIX_LANES;
    if (!llm_type_is_quantised(type)) {
        m->quant_step = (size_t)MATRIX_LANES * bytes;
        m->group_bytes = round_up(m->quant_step * columns, 64);
        return true;
    }
    m->blocks = columns / MATRIX_BLOCK;
    size_t super = 0;
    if (is_k_type(type))
        super = (size_t)m->blocks / SUPER_BLOCKS * (type == GGUF_TYPE_Q6_K ? 32 : 64);
    m->meta_at = round_up(super, 64);
    m->quant_at = m->meta_at + round_up((size_t)m->blocks * 32, 64);
    m->quant_step = block_quants(type);
    m->group_bytes = m->quant_at + m->blocks * m->quant_step;
    return true;
}

size_t llm_matrix_bytes(const llm_matrix *m)
{
    return m->groups * m->group_bytes;
}

/* --- numbers -------------------------------------------------------------------------------- */

float llm_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 31u, fraction = half & 1023u;
    union {
        uint32_t bits;
        float value;
    } u;
    if (exponent == 31)
        u.bits = sign | 0x7f800000u | fraction << 13;
    else if (exponent != 0)
        u.bits = sign | (exponent + 112) << 23 | fraction << 13;
    else {
        u.value = (float)fraction * 0x1p-24f;
        u.bits |= sign;
    }
    return u.value;
}

uint16_t llm_float_to_half(float value)
{
    union {
        float value;
        uint32_t bits;
    } u = {.value = value};
    uint32_t sign = u.bits >> 16 & 0x8000u, magnitude = u.bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) /* rounds to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) { /* subnormal: rounds at 2^-24 by the addition */
        u.bits = magnitude;
        u.value += 0.5f;
        return (uint16_t)(sign | (u.bits - 0x3f000000u));
    }
    uint32_t odd = magnitude >> 13 & 1u;
    return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + odd) >> 13);
}

static uint16_t get16(const unsigned char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t get32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static void put16(unsigned char *p, uint16_t v)
{
    memcpy(p, &v, sizeof v);
}

static void put32(unsigned char *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static bool finite_half(uint16_t half)
{
    return (half & 0x7c00u) != 0x7c00u;
}

/* --- packing -------------------------------------------------------------------------------- */

/* Where the parts of a block of one lane go. */
typedef struct target {
    unsigned char *super, *meta, *quants;
    uint32_t lane;
} target;

/* Writes nibbles: `low(g)` and `high(g)` are words of 4 columns, one nibble a byte. */
static void put_nibbles(const target *t, size_t at, uint32_t g, uint32_t low, uint32_t high)
{
    put32(t->quants + at + g * 64 + t->lane * 4, low | high << 4);
}

/* Gathers every fourth bit of a 32-bit mask, from bit i on, into 8 bits. */
static unsigned char every_fourth(uint32_t mask, uint32_t i)
{
    uint32_t x = mask >> i & 0x11111111u;
    x = (x | x >> 3) & 0x03030303u;
    x = (x | x >> 6) & 0x000f000fu;
    return (unsigned char)((x | x >> 12) & 0xffu);
}

static void put_fifth_bits(const target *t, uint32_t mask)
{
    for (uint32_t i = 0; i < 4; i++)
        t->quants[t->lane * 4 + i] = every_fourth(mask, i);
}

static bool pack_q8_0(const unsigned char *raw, const target *t)
{
    uint16_t d = get16(raw);
    put16(t->meta + t->lane * 2, d);
    for (uint32_t g = 0; g < 8; g++)
        put32(t->quants + g * 64 + t->lane * 4, get32(raw + 2 + g * 4));
    return finite_half(d);
}

/* The file's bytes hold column j in the low and j + 16 in the high nibble: they stay as they are.
 */
static bool pack_q4_0(const unsigned char *raw, const target *t)
{
    uint16_t d = get16(raw);
    put16(t->meta + t->lane * 2, d);
    for (uint32_t g = 0; g < 4; g++)
        put32(t->quants + g * 64 + t->lane * 4, get32(raw + 2 + g * 4));
    return finite_half(d);
}

static bool pack_q5_0(const unsigned char *raw, const target *t)
{
    uint16_t d = get16(raw);
    put16(t->meta + t->lane * 2, d);
    put_fifth_bits(t, get32(raw + 2));
    for (uint32_t g = 0; g < 4; g++)
        put32(t->quants + 64 + g * 64 + t->lane * 4, get32(raw + 6 + g * 4));
    return finite_half(d);
}

/* The 6-bit scale and minimum number j of Q4_K and Q5_K. */
static void k_scales(const unsigned char *p, uint32_t j, unsigned char *scale, unsigned char *min)
{
    if (j < 4) {
        *scale = p[j] & 63;
        *min = p[j + 4] & 63;
    } else {
        *scale = (unsigned char)((p[j + 4] & 15) | (p[j - 4] >> 6) << 4);
        *min = (unsigned char)(p[j + 4] >> 4 | (p[j] >> 6) << 4);
    }
}

/* Block j (of 8) of a Q4_K or Q5_K super-block; `high` is NULL or the fifth bits. */
static void pack_k_block(const unsigned char *scales, const unsigned char *high,
                         const unsigned char *low, uint32_t j, const target *t)
{
    k_scales(scales, j, t->meta + t->lane, t->meta + 16 + t->lane);
    const unsigned char *q = low + j / 2 * 32;
    uint32_t shift = j % 2 * 4;
    for (uint32_t g = 0; g < 4; g++)
        put_nibbles(t, high == NULL ? 0 : 64, g, get32(q + g * 4) >> shift & 0x0f0f0f0fu,
                    get32(q + 16 + g * 4) >> shift & 0x0f0f0f0fu);
    if (high == NULL)
        return;
    uint32_t mask = 0;
    for (uint32_t k = 0; k < 32; k++)
        mask |= (uint32_t)(high[k] >> j & 1u) << k;
    put_fifth_bits(t, mask);
}

static bool pack_k(uint32_t type, const unsigned char *raw, uint32_t j, const target *t)
{
    uint16_t d = get16(raw), dmin = get16(raw + 2);
    put16(t->super + t->lane * 2, d);
    put16(t->super + 32 + t->lane * 2, dmin);
    if (type == GGUF_TYPE_Q4_K)
        pack_k_block(raw + 4, NULL, raw + 16, j, t);
    else
        pack_k_block(raw + 4, raw + 16, raw + 48, j, t);
    return finite_half(d) && finite_half(dmin);
}

/* Block j (of 8): half n = j / 4 of the super-block, part p = j % 4 of the half. */
static bool pack_q6_k(const unsigned char *raw, uint32_t j, const target *t)
{
    uint32_t n = j / 4, part = j % 4;
    uint16_t d = get16(raw + 208);
    put16(t->super + t->lane * 2, d);
    const unsigned char *low = raw + n * 64 + part % 2 * 32, *high = raw + 128 + n * 32;
    t->meta[t->lane] = raw[192 + n * 8 + part * 2];
    t->meta[16 + t->lane] = raw[192 + n * 8 + part * 2 + 1];
    uint32_t shift = part / 2 * 4;
    uint32_t bits[2] = {0, 0}; /* of column groups 0-3 and 4-7 */
    for (uint32_t g = 0; g < 4; g++) {
        put_nibbles(t, 128, g, get32(low + g * 4) >> shift & 0x0f0f0f0fu,
                    get32(low + 16 + g * 4) >> shift & 0x0f0f0f0fu);
        bits[0] |= (get32(high + g * 4) >> part * 2 & 0x03030303u) << 2 * g;
        bits[1] |= (get32(high + 16 + g * 4) >> part * 2 & 0x03030303u) << 2 * g;
    }
    put32(t->quants + t->lane * 4, bits[0]);
    put32(t->quants + 64 + t->lane * 4, bits[1]);
    return finite_half(d);
}

static bool pack_lane_block(uint32_t type, const unsigned char *raw, uint32_t b, const target *t)
{
    switch (type) {
    case GGUF_TYPE_Q8_0:
        return pack_q8_0(raw + b * (size_t)34, t);
    case GGUF_TYPE_Q4_0:
        return pack_q4_0(raw + b * (size_t)18, t);
    case GGUF_TYPE_Q5_0:
        return pack_q5_0(raw + b * (size_t)22, t);
    case GGUF_TYPE_Q4_K:
        return pack_k(type, raw + b / 8 * (size_t)144, b % 8, t);
    case GGUF_TYPE_Q5_K:
        return pack_k(type, raw + b / 8 * (size_t)176, b % 8, t);
    default:
        return pack_q6_k(raw + b / 8 * (size_t)210, b % 8, t);
    }
}

/* Columns [from, to) of a lane, of values of 4 or of 2 bytes; gives a word that is not zero if one
 * of them has all the bits of `exponent`. */
static uint32_t pack_values(const llm_matrix *m, const unsigned char *raw, uint32_t lane,
                            uint32_t from, uint32_t to, unsigned char *out)
{
    const uint16_t exponent = m->type == GGUF_TYPE_F16 ? 0x7c00u : 0x7f80u;
    uint32_t bad = 0;
    if (m->type == GGUF_TYPE_F32)
        for (uint32_t k = from; k < to; k++) {
            uint32_t bits = get32(raw + (size_t)k * 4);
            bad |= (bits & 0x7f800000u) == 0x7f800000u;
            put32(out + (size_t)k * 64 + lane * 4, bits);
        }
    else
        for (uint32_t k = from; k < to; k++) {
            uint16_t bits = get16(raw + (size_t)k * 2);
            bad |= (bits & exponent) == exponent;
            put16(out + (size_t)k * 32 + lane * 2, bits);
        }
    return bad;
}

/* 8 values of 2 bytes. */
typedef uint16_t halves __attribute__((vector_size(16)));

/* Transposes 8 x 8: row i and row i + 4 interleaved, three times. */
static void transpose(halves rows[8])
{
    for (int stage = 0; stage < 3; stage++) {
        halves t[8];
        for (int i = 0; i < 4; i++) {
            t[2 * i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            t[2 * i + 1] =
                __builtin_shufflevector(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        memcpy(rows, t, sizeof t);
    }
}

/* Columns [from, from + 8) of 16 rows of 2-byte values; lanes of `bad` are not zero where one has
 * all bits of `exponent`. */
static halves pack_eight(const unsigned char *const raw[MATRIX_LANES], uint32_t from,
                         halves exponent, unsigned char *out)
{
    halves bad = {0};
    for (uint32_t part = 0; part < MATRIX_LANES; part += 8) {
        halves rows[8] = {{0}};
        for (uint32_t k = 0; k < 8; k++)
            if (raw[part + k] != NULL) {
                memcpy(&rows[k], raw[part + k] + (size_t)from * 2, sizeof rows[k]);
                bad |= (halves)((rows[k] & exponent) == exponent);
            }
        transpose(rows);
        for (uint32_t k = 0; k < 8; k++)
            memcpy(out + (size_t)(from + k) * 32 + part * 2, &rows[k], sizeof rows[k]);
    }
    return bad;
}

/* Packs 16 rows of a type that is not quantised. */
static bool pack_plain(const llm_matrix *m, const unsigned char *const raw[MATRIX_LANES],
                       unsigned char *out)
{
    const uint16_t e = m->type == GGUF_TYPE_F16 ? 0x7c00u : 0x7f80u;
    const halves exponent = {e, e, e, e, e, e, e, e}, none = {0};
    halves wrong = none;
    uint32_t done = 0, bad = 0;
    if (m->type != GGUF_TYPE_F32)
        for (; m->columns - done >= 8; done += 8)
            wrong |= pack_eight(raw, done, exponent, out);
    /* What is left, some columns at a time: what is written stays in the first cache. */
    for (uint32_t from = done; from < m->columns; from += 64) {
        uint32_t to = m->columns - from < 64 ? m->columns : from + 64;
        for (uint32_t lane = 0; lane < MATRIX_LANES; lane++)
            if (raw[lane] != NULL)
                bad |= pack_values(m, raw[lane], lane, from, to, out);
    }
    return bad == 0 && memcmp(&wrong, &none, sizeof none) == 0;
}

bool llm_matrix_pack(const llm_matrix *m, const unsigned char *const raw[MATRIX_LANES],
                     unsigned char *out)
{
    for (uint32_t lane = 0; lane < MATRIX_LANES; lane++)
        if (raw[lane] == NULL) {
            memset(out, 0, m->group_bytes);
            break;
        }
    if (m->blocks == 0)
        return pack_plain(m, raw, out);
    bool finite = true;
    size_t super_step = m->type == GGUF_TYPE_Q6_K ? 32 : 64;
    /* Blocks outside, lanes inside: what is written stays in the first cache. */
    for (uint32_t b = 0; b < m->blocks; b++) {
        target t = {.super = out + b / SUPER_BLOCKS * super_step,
                    .meta = out + m->meta_at + b * (size_t)32,
                    .quants = out + m->quant_at + b * m->quant_step};
        for (t.lane = 0; t.lane < MATRIX_LANES; t.lane++)
            if (raw[t.lane] != NULL && !pack_lane_block(m->type, raw[t.lane], b, &t))
                finite = false;
    }
    return finite;
}

/* --- reading -------------------------------------------------------------------------------- */

/* The nibbles (and high bits, if `high` is not NULL) of one lane. */
static void read_nibbles(const unsigned char *quants, uint32_t lane, uint32_t offset, int8_t *q)
{
    for (uint32_t k = 0; k < 16; k++) {
        unsigned char byte = quants[k / 4 * 64 + lane * 4 + k % 4];
        q[k] = (int8_t)((byte & 15) - (int)offset);
        q[k + 16] = (int8_t)((byte >> 4) - (int)offset);
    }
}

static void read_fifth_bits(const unsigned char *high, uint32_t lane, int8_t *q)
{
    for (uint32_t k = 0; k < 32; k++)
        q[k] = (int8_t)(q[k] + ((high[lane * 4 + k % 4] >> (k / 4) & 1) << 4));
}

static void read_sixth_bits(const unsigned char *high, uint32_t lane, int8_t *q)
{
    for (uint32_t k = 0; k < 32; k++) {
        unsigned char byte = high[k / 16 * 64 + lane * 4 + k % 4];
        q[k] = (int8_t)(q[k] + ((byte >> (k % 16 / 4 * 2) & 3) << 4));
    }
}

static void read_quants(const llm_matrix *m, const unsigned char *quants, uint32_t lane, int8_t *q)
{
    switch (m->type) {
    case GGUF_TYPE_Q8_0:
        for (uint32_t g = 0; g < 8; g++)
            memcpy(q + g * 4, quants + g * 64 + lane * 4, 4);
        break;
    case GGUF_TYPE_Q4_0:
        read_nibbles(quants, lane, 8, q);
        break;
    case GGUF_TYPE_Q4_K:
        read_nibbles(quants, lane, 0, q);
        break;
    case GGUF_TYPE_Q5_0:
        read_nibbles(quants + 64, lane, 16, q);
        read_fifth_bits(quants, lane, q);
        break;
    case GGUF_TYPE_Q5_K:
        read_nibbles(quants + 64, lane, 0, q);
        read_fifth_bits(quants, lane, q);
        break;
    default:
        read_nibbles(quants + 128, lane, 32, q);
        read_sixth_bits(quants, lane, q);
        break;
    }
}

void llm_matrix_lane_block(const llm_matrix *m, uint32_t group, uint32_t lane, uint32_t block,
                           llm_lane_block *out)
{
    const unsigned char *base = m->data + group * m->group_bytes;
    const unsigned char *meta = base + m->meta_at + block * (size_t)32;
    read_quants(m, base + m->quant_at + block * m->quant_step, lane, out->q);
    out->minimum = 0;
    if (!is_k_type(m->type)) {
        out->scale[0] = out->scale[1] = llm_half_to_float(get16(meta + lane * 2));
        return;
    }
    size_t super_step = m->type == GGUF_TYPE_Q6_K ? 32 : 64;
    const unsigned char *super = base + block / SUPER_BLOCKS * super_step;
    float d = llm_half_to_float(get16(super + lane * 2));
    if (m->type == GGUF_TYPE_Q6_K) {
        out->scale[0] = d * (float)(int8_t)meta[lane];
        out->scale[1] = d * (float)(int8_t)meta[16 + lane];
        return;
    }
    out->scale[0] = out->scale[1] = d * (float)meta[lane];
    out->minimum = llm_half_to_float(get16(super + 32 + lane * 2)) * (float)meta[16 + lane];
}

void llm_matrix_row(const llm_matrix *m, uint32_t row, float *out)
{
    uint32_t group = row / MATRIX_LANES, lane = row % MATRIX_LANES;
    if (m->blocks > 0) {
        llm_lane_block b;
        for (uint32_t i = 0; i < m->blocks; i++) {
            llm_matrix_lane_block(m, group, lane, i, &b);
            for (uint32_t k = 0; k < MATRIX_BLOCK; k++)
                out[i * MATRIX_BLOCK + k] = b.scale[k / 16] * (float)b.q[k] - b.minimum;
        }
        return;
    }
    const unsigned char *base = m->data + group * m->group_bytes;
    for (uint32_t k = 0; k < m->columns; k++) {
        const unsigned char *at = base + k * m->quant_step;
        if (m->type == GGUF_TYPE_F32)
            memcpy(&out[k], at + lane * 4, sizeof out[k]);
        else if (m->type == GGUF_TYPE_F16)
            out[k] = llm_half_to_float(get16(at + lane * 2));
        else
            out[k] = llm_bfloat_to_float(get16(at + lane * 2));
    }
}
