/* Plain loops; the compiler vectorises them (rules.mk). */
#include "llm/train/adamw.h"

#include <math.h>

void adamw_update(const adamw_step *s, size_t from, size_t to, float *weights,
                  const float *gradient, float *first, float *second,
                  const unsigned char *decay_mask)
{
    float b1 = (float)s->beta1, b2 = (float)s->beta2, eps = (float)s->eps;
    float scale = (float)s->scale, decay = (float)(s->rate * s->decay);
    float fix1 = (float)(1.0 / (1.0 - pow(s->beta1, (double)s->step)));
    float fix2 = (float)(1.0 / (1.0 - pow(s->beta2, (double)s->step)));
    float rate = (float)s->rate * fix1;
    for (size_t i = from; i < to; i++) {
        float g = gradient[i] * scale;
        first[i] = b1 * first[i] + (1.0f - b1) * g;
        second[i] = b2 * second[i] + (1.0f - b2) * g * g;
        float shrink = decay_mask == NULL || decay_mask[i] ? decay : 0.0f;
        weights[i] -= rate * first[i] / (sqrtf(second[i] * fix2) + eps) + shrink * weights[i];
    }
}

double adamw_square(const float *gradient, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)gradient[i] * (double)gradient[i];
    return sum;
}
