/* A small seeded generator (splitmix64, S. Vigna, public domain): the same seed gives the same
 * stream on every machine. A plain value; each thread or episode has its own. */
#ifndef VOUCH_LLM_TRAIN_RANDOM_H
#define VOUCH_LLM_TRAIN_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct rng {
    uint64_t state;
} rng;

static inline uint64_t rng_next(rng *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* An independent stream for each (seed, index). */
static inline rng rng_stream(uint64_t seed, uint64_t index)
{
    rng r = {seed};
    r.state = rng_next(&r) ^ (index * 0xd1342543de82ef95u);
    rng_next(&r);
    return r;
}

/* Uniform in [0, n); 0 for n = 0. */
static inline size_t rng_below(rng *r, size_t n)
{
    return n == 0 ? 0 : (size_t)(rng_next(r) % n);
}

/* Uniform in [0, 1). */
static inline double rng_unit(rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

static inline bool rng_chance(rng *r, double p)
{
    return rng_unit(r) < p;
}

static inline double rng_normal(rng *r)
{
    double u = rng_unit(r), v = rng_unit(r);
    return sqrt(-2.0 * log(u + 1e-300)) * cos(6.283185307179586 * v);
}

#endif
