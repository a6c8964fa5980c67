/* A larger net that computes what a trained one does, to go on training with more weights.
 * Layers are added as copies of the one before with outputs of zero ("block expansion", Wu et al.
 * 2024, arXiv:2401.02415); a wider feed-forward gets fresh rows whose outputs are zero (Chen et al.
 * 2016, "Net2Net", arXiv:1511.05641). */
#ifndef VOUCH_LLM_TRAIN_GROW_H
#define VOUCH_LLM_TRAIN_GROW_H

#include "llm/train/net.h"

/* `to`: as `from`'s shape but for layers and ffn, which may be larger. moments: 2 *
 * net_weight_count(from) floats of AdamW, carried over, zero for what is new. *out and *out_moments
 * (malloc'd) are the caller's. STATUS_INVALID names what cannot grow. */
status net_grow(const net *from, const float *moments, const net_config *to, uint64_t seed,
                net **out, float **out_moments, error *err);

#endif
