/* Layout and initial weights. A small budget does not suffice to find out that ranking is matching
 * words, so attention starts as what "mimetic initialisation" (Trockman and Kolter 2023,
 * arXiv:2305.09828) finds in trained models: the output matrix is the transposed value matrix, so
 * that attention passes on what was read and, the embeddings being tied, words of the question are
 * likely next words; in one head keys are queries, so that like attends to like. Other matrices
 * start at a standard deviation of 0.8 / sqrt(inputs), feed-forward outputs far below that. */
#include "llm/train/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/train/random.h"

struct net {
    net_config config;
    net_layer *layers;
    size_t embedding, final_norm, count;
    float *weights;
};

static status check(const net_config *c, error *err)
{
    if (c->dim < 2 || c->layers < 1 || c->heads < 1 || c->ffn < 1 || c->vocab < 3 || c->context < 1)
        return error_set(err, STATUS_INVALID, "model shape: every size must be positive");
    if (c->dim % c->heads != 0 || c->dim / c->heads % 2 != 0)
        return error_set(err, STATUS_INVALID,
                         "model shape: width %d does not split into %d heads of even size", c->dim,
                         c->heads);
    if (c->dim > 1 << 14 || c->layers > 256 || c->ffn > 1 << 16 || c->vocab > 1 << 20 ||
        c->context > 1 << 16)
        return error_set(err, STATUS_LIMIT, "model shape: larger than this trainer serves");
    return STATUS_OK;
}

static void lay_out(net *n)
{
    size_t d = (size_t)n->config.dim, f = (size_t)n->config.ffn, at = 0;
    n->embedding = at;
    at += (size_t)n->config.vocab * d;
    for (int i = 0; i < n->config.layers; i++) {
        net_layer *l = &n->layers[i];
        l->attn_norm = at;
        l->qkv = l->attn_norm + d;
        l->attn_out = l->qkv + 3 * d * d;
        l->ffn_norm = l->attn_out + d * d;
        l->gate_up = l->ffn_norm + d;
        l->down = l->gate_up + 2 * f * d;
        at = l->down + d * f;
    }
    n->final_norm = at;
    n->count = at + d;
}

static void fill_normal(float *w, size_t count, double deviation, rng *r)
{
    for (size_t i = 0; i < count; i++)
        w[i] = (float)(deviation * rng_normal(r));
}

static void fill_ones(float *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w[i] = 1.0f;
}

static void initialise(net *n, uint64_t seed)
{
    rng r = rng_stream(seed, 0x6e6574);
    size_t d = (size_t)n->config.dim, f = (size_t)n->config.ffn;
    double residual = 0.35 / sqrt(2.0 * n->config.layers), in_d = 0.8 / sqrt((double)d);
    fill_normal(n->weights + n->embedding, (size_t)n->config.vocab * d, 0.1, &r);
    for (int i = 0; i < n->config.layers; i++) {
        const net_layer *l = &n->layers[i];
        fill_ones(n->weights + l->attn_norm, d);
        fill_normal(n->weights + l->qkv, 3 * d * d, in_d, &r);
        size_t tied = d / (size_t)n->config.heads;
        memcpy(n->weights + l->qkv + d * d, n->weights + l->qkv, tied * d * sizeof(float));
        const float *value = n->weights + l->qkv + 2 * d * d;
        for (size_t o = 0; o < d; o++)
            for (size_t j = 0; j < d; j++)
                n->weights[l->attn_out + o * d + j] = 0.5f * value[j * d + o];
        fill_ones(n->weights + l->ffn_norm, d);
        fill_normal(n->weights + l->gate_up, 2 * f * d, in_d, &r);
        fill_normal(n->weights + l->down, d * f, 0.8 / sqrt((double)f) * residual, &r);
    }
    fill_ones(n->weights + n->final_norm, d);
}

status net_new(const net_config *config, uint64_t seed, net **out, error *err)
{
    status st = check(config, err);
    if (st != STATUS_OK)
        return st;
    net *n = calloc(1, sizeof *n);
    if (n == NULL)
        return error_memory(err);
    n->config = *config;
    n->layers = calloc((size_t)config->layers, sizeof *n->layers);
    if (n->layers != NULL) {
        lay_out(n);
        n->weights = aligned_alloc(64, (n->count * sizeof(float) + 63) / 64 * 64);
    }
    if (n->weights == NULL) {
        net_free(n);
        return error_memory(err);
    }
    initialise(n, seed);
    *out = n;
    return STATUS_OK;
}

void net_free(net *n)
{
    if (n == NULL)
        return;
    free(n->layers);
    free(n->weights);
    free(n);
}

const net_config *net_shape(const net *n)
{
    return &n->config;
}

float *net_weights(net *n)
{
    return n->weights;
}

const float *net_weights_const(const net *n)
{
    return n->weights;
}

size_t net_weight_count(const net *n)
{
    return n->count;
}

size_t net_offset_embedding(const net *n)
{
    return n->embedding;
}

size_t net_offset_final_norm(const net *n)
{
    return n->final_norm;
}

const net_layer *net_layer_at(const net *n, int layer)
{
    return &n->layers[layer];
}

/* Where net_list_tensors writes next. */
typedef struct tensor_list {
    net_tensor *out;
    size_t capacity, count;
} tensor_list;

static void list_add(tensor_list *list, int layer, const char *name, size_t offset, size_t rows,
                     size_t cols)
{
    if (list->count < list->capacity) {
        net_tensor *t = &list->out[list->count];
        *t = (net_tensor){.offset = offset, .rows = rows, .cols = cols};
        if (layer < 0)
            snprintf(t->name, sizeof t->name, "%s.weight", name);
        else
            snprintf(t->name, sizeof t->name, "blk.%d.%s.weight", layer, name);
    }
    list->count++;
}

size_t net_list_tensors(const net *n, net_tensor *out, size_t capacity)
{
    tensor_list list = {out, capacity, 0};
    size_t d = (size_t)n->config.dim, f = (size_t)n->config.ffn;
    list_add(&list, -1, "token_embd", n->embedding, (size_t)n->config.vocab, d);
    for (int i = 0; i < n->config.layers; i++) {
        const net_layer *l = &n->layers[i];
        list_add(&list, i, "attn_norm", l->attn_norm, 1, d);
        list_add(&list, i, "attn_q", l->qkv, d, d);
        list_add(&list, i, "attn_k", l->qkv + d * d, d, d);
        list_add(&list, i, "attn_v", l->qkv + 2 * d * d, d, d);
        list_add(&list, i, "attn_output", l->attn_out, d, d);
        list_add(&list, i, "ffn_norm", l->ffn_norm, 1, d);
        list_add(&list, i, "ffn_gate", l->gate_up, f, d);
        list_add(&list, i, "ffn_up", l->gate_up + f * d, f, d);
        list_add(&list, i, "ffn_down", l->down, d, f);
    }
    list_add(&list, -1, "output_norm", n->final_norm, 1, d);
    return list.count;
}
