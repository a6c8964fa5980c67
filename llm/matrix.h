/* Weight matrices in the one layout that every kernel reads.
 *
 * Rows are taken in groups of 16 lanes (the last group is filled up with zero rows). Within a
 * group the weights of a quantised type lie in blocks of 32 columns; in a block, 64-byte vectors
 * hold 4 neighbouring columns of each of the 16 rows (byte 4 r + i: row r, column 4 g + i of
 * column-group g), which is what a dot-product instruction wants. A group is three areas, each
 * aligned to 64 bytes:
 *   super   K types: per 256 columns, 16 halves d (Q4_K, Q5_K: and 16 halves dmin)
 *   meta    per block 32 bytes: 16 halves d, or 16 scales and 16 minima (Q4_K, Q5_K), or 16 signed
 *           scales of columns 0-15 and 16 of columns 16-31 (Q6_K)
 *   quants  per block: Q8_0 8 vectors of signed bytes; others 4 vectors of nibbles (low: column
 *           group g, high: g + 4), behind high bits: Q5 1 vector (bit g of a byte: group g), Q6 2
 *           vectors (bits 2g, 2g+1: groups 0-3 and 4-7)
 * Not quantised: for each column the 16 rows' values, in the file's type.
 *
 * A weight is scale x q - minimum. The bytes are those of the file but for their order, and the
 * 6-bit scales of the K types, which become whole bytes (+2.8 %). A matrix borrows its data. */
#ifndef VOUCH_LLM_MATRIX_H
#define VOUCH_LLM_MATRIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/gguf.h"

#define MATRIX_LANES 16u
#define MATRIX_BLOCK 32u

typedef struct llm_matrix {
    uint32_t type; /* gguf_type */
    uint32_t rows, columns;
    uint32_t groups;   /* of 16 rows */
    uint32_t blocks;   /* of 32 columns; 0 when not quantised */
    size_t meta_at;    /* offset of the meta area within a group */
    size_t quant_at;   /* of the quants */
    size_t quant_step; /* bytes of quants per block; not quantised: per column */
    size_t group_bytes;
    const unsigned char *data; /* groups x group_bytes, aligned to 64 */
} llm_matrix;

/* One row's part of a block, as the scalar code reads it. */
typedef struct llm_lane_block {
    int8_t q[MATRIX_BLOCK];
    float scale[2]; /* of columns 0-15 and 16-31 */
    float minimum;
} llm_lane_block;

/* Fills in everything but the data; false when the type is unknown or the shape does not fit. */
bool llm_matrix_plan(llm_matrix *m, uint32_t type, uint32_t rows, uint32_t columns);
size_t llm_matrix_bytes(const llm_matrix *m);

bool llm_type_is_quantised(uint32_t type);

/* Packs one group: raw[lane] is a row as in the file, or NULL for a zero row. Writes group_bytes to
 * `out`. false when a scale or weight is not finite. */
bool llm_matrix_pack(const llm_matrix *m, const unsigned char *const raw[MATRIX_LANES],
                     unsigned char *out);

/* A row as floats (an embedding). */
void llm_matrix_row(const llm_matrix *m, uint32_t row, float *out);

/* Quantised types only. */
void llm_matrix_lane_block(const llm_matrix *m, uint32_t group, uint32_t lane, uint32_t block,
                           llm_lane_block *out);

/* IEEE 754 binary16 and bfloat16. */
float llm_half_to_float(uint16_t half);
uint16_t llm_float_to_half(float value); /* to nearest even */
static inline float llm_bfloat_to_float(uint16_t value)
{
    union {
        uint32_t bits;
        float value;
    } u = {.bits = (uint32_t)value << 16};
    return u.value;
}

#endif
