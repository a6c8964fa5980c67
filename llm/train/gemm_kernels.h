/* The innermost products of gemm.c: a tile of C from packed panels, one per processor and kind of
 * product. Internal to gemm*.c and its test. */
#ifndef VOUCH_LLM_TRAIN_GEMM_KERNELS_H
#define VOUCH_LLM_TRAIN_GEMM_KERNELS_H

#include "llm/train/gemm.h"

enum { GEMM_MOST_ROWS = 12, GEMM_MOST_COLUMNS = 32, GEMM_KERNELS = 8 };

/* Panels: for each step of the depth the `rows` values of A, and the `columns` values of B. A step
 * of GEMM_F32 is one float a value; of GEMM_BF16 two neighbours of the depth as bfloat16 in one
 * 32-bit word, the first in the low half (the depth's odd end is padded with zero). */
typedef struct gemm_kernel {
    const char *name;
    gemm_products products;
    size_t rows, columns; /* of a tile */
    bool (*supported)(void);
    /* out[rows][columns] = sum over the steps of a[step][rows] * b[step][columns] */
    void (*run)(size_t steps, const void *a, const void *b, float *out);
} gemm_kernel;

/* All kernels, the quickest of each kind of product first; those of an instruction set that this
 * processor lacks come with supported() false, and once more in plain vectors under another name.
 */
size_t gemm_kernels(const gemm_kernel *out[GEMM_KERNELS]);

#endif
