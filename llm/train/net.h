/* The trained network: a llama-family transformer (RMSNorm, RoPE on interleaved pairs as GGUF's
 * "llama" wants it, SwiGLU, no biases, tied embeddings), its weights as one block of floats.
 *
 * A net is plain data: readers may share it between threads while nobody writes. The forward and
 * backward passes are llm/train/pass.h; layout here, arithmetic there. */
#ifndef VOUCH_LLM_TRAIN_NET_H
#define VOUCH_LLM_TRAIN_NET_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct net_config {
    int dim;     /* width; heads divide it into an even head size */
    int layers;  /* at least 1 */
    int heads;   /* key-value heads are as many */
    int ffn;     /* inner width of SwiGLU */
    int vocab;   /* tokens */
    int context; /* longest sequence that is promised to work */
    float rope_base;
    float norm_eps;
} net_config;

/* One named tensor, [rows, cols] row-major (cols is the input side); vectors have rows 1. */
typedef struct net_tensor {
    char name[48]; /* GGUF's name, "blk.0.attn_q.weight" */
    size_t offset; /* in floats into net_weights */
    size_t rows, cols;
} net_tensor;

/* Offsets of one layer's weights; q, k, v are one [3 dim, dim] matrix, gate and up one [2 ffn, dim]
 * matrix, so that each is one product. */
typedef struct net_layer {
    size_t attn_norm, qkv, attn_out, ffn_norm, gate_up, down;
} net_layer;

typedef struct net net;

/* Random weights from the seed. STATUS_INVALID names a config that makes no sense. */
status net_new(const net_config *config, uint64_t seed, net **out, error *err);
void net_free(net *n);

const net_config *net_shape(const net *n);
float *net_weights(net *n);
const float *net_weights_const(const net *n);
size_t net_weight_count(const net *n);

size_t net_offset_embedding(const net *n); /* [vocab, dim] */
size_t net_offset_final_norm(const net *n);
const net_layer *net_layer_at(const net *n, int layer);

/* Tensors in GGUF's order; at most `capacity` are written, the full number is returned. */
size_t net_list_tensors(const net *n, net_tensor *out, size_t capacity);

#endif
