/* AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with the gradient clipped to a norm. */
#ifndef VOUCH_LLM_TRAIN_ADAMW_H
#define VOUCH_LLM_TRAIN_ADAMW_H

#include <stddef.h>
#include <stdint.h>

typedef struct adamw_step {
    double rate, beta1, beta2, eps, decay;
    uint64_t step; /* from 1 */
    double scale;  /* the gradient is multiplied by this (clipping) */
} adamw_step;

/* decay_mask: NULL decays all, else 1 where weights decay. Updates [from, to). */
void adamw_update(const adamw_step *s, size_t from, size_t to, float *weights,
                  const float *gradient, float *first, float *second,
                  const unsigned char *decay_mask);

/* Sum of squares. */
double adamw_square(const float *gradient, size_t count);

#endif
