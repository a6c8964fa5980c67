/* What the kernels of x86-64 share. */
#ifndef VOUCH_LLM_KERNELS_X86_H
#define VOUCH_LLM_KERNELS_X86_H

#include "llm/kernels.h"

void kernels_avx2_quantise(const float *x, size_t count, size_t step, int8_t *quants,
                           kernels_block *blocks);
void kernels_avx2_to_half(const float *x, size_t n, uint16_t *out);
void kernels_avx2_from_half(const uint16_t *x, size_t n, float *out);

#endif
