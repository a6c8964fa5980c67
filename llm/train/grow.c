#include "llm/train/grow.h"

#include <stdlib.h>
#include <string.h>

/* The same copy for the weights and both moments. */
typedef struct growth {
    const net *from, *to;
    const float *source;
    float *target;
} growth;

static void copy(const growth *g, size_t target, size_t source, size_t count)
{
    memcpy(g->target + target, g->source + source, count * sizeof(float));
}

static void clear(const growth *g, size_t target, size_t count)
{
    memset(g->target + target, 0, count * sizeof(float));
}

/* One layer; `added`: a copy that adds nothing yet. */
static void grow_layer(const growth *g, int target, int source, bool added)
{
    const net_layer *t = net_layer_at(g->to, target), *s = net_layer_at(g->from, source);
    size_t d = (size_t)net_shape(g->to)->dim, wide = (size_t)net_shape(g->to)->ffn,
           narrow = (size_t)net_shape(g->from)->ffn;
    copy(g, t->attn_norm, s->attn_norm, d);
    copy(g, t->qkv, s->qkv, 3 * d * d);
    copy(g, t->attn_out, s->attn_out, d * d);
    copy(g, t->ffn_norm, s->ffn_norm, d);
    copy(g, t->gate_up, s->gate_up, narrow * d);
    copy(g, t->gate_up + wide * d, s->gate_up + narrow * d, narrow * d);
    for (size_t row = 0; row < d; row++) {
        copy(g, t->down + row * wide, s->down + row * narrow, narrow);
        clear(g, t->down + row * wide + narrow, wide - narrow);
    }
    if (added) {
        clear(g, t->attn_out, d * d);
        clear(g, t->down, d * wide);
    }
}

static void grow_block(const growth *g)
{
    const net_config *to = net_shape(g->to), *from = net_shape(g->from);
    copy(g, net_offset_embedding(g->to), net_offset_embedding(g->from),
         (size_t)to->vocab * (size_t)to->dim);
    copy(g, net_offset_final_norm(g->to), net_offset_final_norm(g->from), (size_t)to->dim);
    for (int i = 0, before = -1; i < to->layers; i++) {
        int source = i * from->layers / to->layers;
        grow_layer(g, i, source, source == before);
        before = source;
    }
}

static status check(const net_config *from, const net_config *to, error *err)
{
    if (to->dim != from->dim || to->heads != from->heads || to->vocab != from->vocab)
        return error_set(err, STATUS_INVALID,
                         "a model of width %d with %d heads and %d tokens cannot grow to width %d "
                         "with %d heads and %d tokens; choose a size of the same width",
                         from->dim, from->heads, from->vocab, to->dim, to->heads, to->vocab);
    if (to->layers < from->layers || to->ffn < from->ffn)
        return error_set(err, STATUS_INVALID,
                         "a model of %d layers and inner width %d cannot shrink to %d and %d",
                         from->layers, from->ffn, to->layers, to->ffn);
    return STATUS_OK;
}

status net_grow(const net *from, const float *moments, const net_config *to, uint64_t seed,
                net **out, float **out_moments, error *err)
{
    net *n = NULL;
    status st = check(net_shape(from), to, err);
    if (st == STATUS_OK)
        st = net_new(to, seed, &n, err);
    if (st != STATUS_OK)
        return st;
    size_t count = net_weight_count(n), few = net_weight_count(from);
    float *m = calloc(2 * count, sizeof *m);
    if (m == NULL) {
        net_free(n);
        return error_memory(err);
    }
    grow_block(&(growth){from, n, net_weights_const(from), net_weights(n)});
    for (size_t i = 0; i < 2; i++)
        grow_block(&(growth){from, n, moments + i * few, m + i * count});
    *out = n;
    *out_moments = m;
    return STATUS_OK;
}
