/* Matrix products for training, single-threaded: the trainer runs one micro-batch per thread, so
 * products never synchronise. Row-major, no aliasing of C with A or B. Sums are always float; the
 * factors are float, or rounded to bfloat16 (8 bits of mantissa) where speed counts more: with
 * AVX512_BF16 two products a lane and step, without it about as quick as float.
 *
 * Measured against OpenBLAS 0.3.21 on the trainer's shapes; see docs/DECISIONS.md. */
#ifndef VOUCH_LLM_TRAIN_GEMM_H
#define VOUCH_LLM_TRAIN_GEMM_H

#include <stdbool.h>
#include <stddef.h>

typedef enum gemm_products { GEMM_F32, GEMM_BF16 } gemm_products;

/* Scratch for packed panels; one per thread. NULL when out of memory. */
typedef struct gemm_scratch gemm_scratch;
gemm_scratch *gemm_scratch_new(void);
void gemm_scratch_free(gemm_scratch *s);
/* GEMM_F32 until told otherwise. */
void gemm_set_products(gemm_scratch *s, gemm_products products);
/* The instructions in use: "avx512 bf16", "avx2", ... */
const char *gemm_kernel_name(const gemm_scratch *s);

/* C[m,n] (row stride ldc) = (accumulate ? C : 0) + op(A)[m,k] * op(B)[k,n].
 * trans_a: A is stored [k,m], else [m,k]; trans_b: B is stored [n,k], else [k,n]. lda, ldb, ldc are
 * strides in floats of the stored matrices. */
void gemm(gemm_scratch *s, bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
          size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate);

/* The nearest bfloat16, ties to even; a NaN stays one. */
float gemm_round_bf16(float x);

/* The same by three plain loops: the test's reference. */
void gemm_reference(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
                    size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate);

/* Uses that kernel (gemm_kernels.h) from now on: for tests. */
struct gemm_kernel;
void gemm_use_kernel(gemm_scratch *s, const struct gemm_kernel *kernel);

#endif
