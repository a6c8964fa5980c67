/* The state of a run in one file: written beside and renamed, so that a crash leaves the old one.
 * Layout: the header below as text lines, one blank line, then weights and both moments of AdamW as
 * little-endian floats. The PyTorch script llm/train/train_gpu.py reads and writes the same. */
#ifndef VOUCH_LLM_TRAIN_CHECKPOINT_H
#define VOUCH_LLM_TRAIN_CHECKPOINT_H

#include <stdint.h>

#include "core/error.h"
#include "llm/train/net.h"

typedef struct checkpoint_state {
    uint64_t seed, step, tokens;
    double seconds; /* of training so far */
} checkpoint_state;

/* moments: 2 * net_weight_count floats, first then second. */
status checkpoint_save(const char *path, const net *n, const float *moments,
                       const checkpoint_state *state, error *err);

/* Makes the net of the file's shape; *moments is malloc'd, the caller frees both. */
status checkpoint_load(const char *path, net **n, float **moments, checkpoint_state *state,
                       error *err);

#endif
