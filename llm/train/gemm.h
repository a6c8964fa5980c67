/* Single-precision matrix products for training: own blocked kernel (portable C that the compiler
 * turns into AVX2 or AVX-512 by function multiversioning), single-threaded: the trainer runs one
 * micro-batch per thread, so products never synchronise. Row-major, no aliasing of C with A or B.
 *
 * Measured against OpenBLAS 0.3.21 on the trainer's shapes by tests/bench; see docs/DECISIONS.md.
 */
#ifndef VOUCH_LLM_TRAIN_GEMM_H
#define VOUCH_LLM_TRAIN_GEMM_H

#include <stdbool.h>
#include <stddef.h>

/* Scratch for packed panels; one per thread. NULL when out of memory. */
typedef struct gemm_scratch gemm_scratch;
gemm_scratch *gemm_scratch_new(void);
void gemm_scratch_free(gemm_scratch *s);

/* C[m,n] (row stride ldc) = (accumulate ? C : 0) + op(A)[m,k] * op(B)[k,n].
 * trans_a: A is stored [k,m], else [m,k]; trans_b: B is stored [n,k], else [k,n]. lda, ldb, ldc are
 * strides in floats of the stored matrices. */
void gemm(gemm_scratch *s, bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
          size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate);

/* The same by three plain loops: the test's reference. */
void gemm_reference(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, const float *a,
                    size_t lda, const float *b, size_t ldb, float *c, size_t ldc, bool accumulate);

#endif
