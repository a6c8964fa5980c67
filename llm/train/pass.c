/* Activations are kept for every layer (a micro-batch is a thousand tokens or so), attention
 * probabilities are computed again on the way back. */
#include "llm/train/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llm/train/gemm.h"

/* Kept per layer for the way back. Shapes in floats, T = tokens. */
typedef struct kept {
    float *x;       /* [T, dim] residual stream before attention */
    float *normed;  /* [T, dim] */
    float *inv;     /* [T] */
    float *qkv;     /* [T, 3 dim] behind RoPE */
    float *mixed;   /* [T, dim] attention's output before its projection */
    float *lse;     /* [T, heads] */
    float *middle;  /* [T, dim] residual stream before the feed-forward part */
    float *normed2; /* [T, dim] */
    float *inv2;    /* [T] */
    float *gate_up; /* [T, 2 ffn] */
    float *act;     /* [T, ffn] */
} kept;

struct pass {
    size_t max_tokens, max_targets;
    gemm_scratch *scratch;
    float *memory; /* all the arrays below */
    kept *layers;
    float *last, *hidden, *last_inv;  /* stream behind the last layer; normed; 1/rms */
    float *rope, *row, *row2;         /* table; two rows of attention scores */
    float *logits, *picked, *dpicked; /* [targets, vocab], [targets, dim] x 2 */
    float *dhidden, *dx, *dwide,
        *dinner; /* [T, dim] x 2, [T, max(3 dim, 2 ffn)], [T, max(dim, ffn)] */
};

/* First call with base NULL measures, second hands out. */
static float *take(float *base, size_t *used, size_t count)
{
    float *p = base == NULL ? NULL : base + *used;
    *used += (count + 15) / 16 * 16;
    return p;
}

static size_t arrange(pass *p, const net_config *c, float *base)
{
    size_t t = p->max_tokens, d = (size_t)c->dim, f = (size_t)c->ffn, used = 0;
    for (int i = 0; i < c->layers; i++) {
        kept *k = &p->layers[i];
        k->x = take(base, &used, t * d);
        k->normed = take(base, &used, t * d);
        k->inv = take(base, &used, t);
        k->qkv = take(base, &used, t * 3 * d);
        k->mixed = take(base, &used, t * d);
        k->lse = take(base, &used, t * (size_t)c->heads);
        k->middle = take(base, &used, t * d);
        k->normed2 = take(base, &used, t * d);
        k->inv2 = take(base, &used, t);
        k->gate_up = take(base, &used, t * 2 * f);
        k->act = take(base, &used, t * f);
    }
    p->last = take(base, &used, t * d);
    p->hidden = take(base, &used, t * d);
    p->last_inv = take(base, &used, t);
    p->rope = take(base, &used, (size_t)c->context * (d / (size_t)c->heads));
    p->row = take(base, &used, t + 16);
    p->row2 = take(base, &used, t + 16);
    p->logits = take(base, &used, p->max_targets * (size_t)c->vocab);
    p->picked = take(base, &used, p->max_targets * d);
    p->dpicked = take(base, &used, p->max_targets * d);
    p->dhidden = take(base, &used, t * d);
    p->dx = take(base, &used, t * d);
    p->dwide = take(base, &used, t * (3 * d > 2 * f ? 3 * d : 2 * f));
    p->dinner = take(base, &used, t * (d > f ? d : f));
    return used;
}

status pass_new(const net *n, size_t max_tokens, size_t max_targets, pass **out, error *err)
{
    const net_config *c = net_shape(n);
    if (max_tokens == 0 || max_tokens > 1 << 20 || max_targets > 1 << 20)
        return error_set(err, STATUS_LIMIT, "a batch of %zu tokens is out of range", max_tokens);
    pass *p = calloc(1, sizeof *p);
    if (p == NULL)
        return error_memory(err);
    p->max_tokens = max_tokens;
    p->max_targets = max_targets;
    p->layers = calloc((size_t)c->layers, sizeof *p->layers);
    p->scratch = gemm_scratch_new();
    if (p->layers != NULL) {
        size_t floats = arrange(p, c, NULL);
        p->memory = aligned_alloc(64, floats * sizeof(float));
    }
    if (p->memory == NULL || p->scratch == NULL) {
        pass_free(p);
        return error_memory(err);
    }
    arrange(p, c, p->memory);
    ops_rope_table((size_t)c->context, (size_t)(c->dim / c->heads), c->rope_base, p->rope);
    *out = p;
    return STATUS_OK;
}

void pass_free(pass *p)
{
    if (p == NULL)
        return;
    gemm_scratch_free(p->scratch);
    free(p->layers);
    free(p->memory);
    free(p);
}

void pass_set_products(pass *p, gemm_products products)
{
    gemm_set_products(p->scratch, products);
}

const char *pass_products_name(const pass *p)
{
    return gemm_kernel_name(p->scratch);
}

/* y[T, rows] = x[T, cols] w[rows, cols]^T */
static void project(pass *p, size_t t, size_t rows, size_t cols, const float *x, const float *w,
                    float *y, bool accumulate)
{
    gemm(p->scratch, false, true, t, rows, cols, x, cols, w, cols, y, rows, accumulate);
}

/* dx[T, cols] = dy[T, rows] w[rows, cols];  dw[rows, cols] += dy^T x */
static void project_back(pass *p, size_t t, size_t rows, size_t cols, const float *x,
                         const float *w, const float *dy, float *dx, float *dw)
{
    gemm(p->scratch, false, false, t, cols, rows, dy, rows, w, cols, dx, cols, false);
    gemm(p->scratch, true, false, rows, cols, t, dy, rows, x, cols, dw, cols, true);
}

static void forward(pass *p, const net *n, const pass_batch *b)
{
    const net_config *c = net_shape(n);
    const float *w = net_weights_const(n), *embedding = w + net_offset_embedding(n);
    size_t t = b->tokens, d = (size_t)c->dim, f = (size_t)c->ffn, h = (size_t)c->heads;
    for (size_t i = 0; i < t; i++)
        memcpy(p->layers[0].x + i * d, embedding + (size_t)b->token[i] * d, d * sizeof(float));
    for (int i = 0; i < c->layers; i++) {
        kept *k = &p->layers[i];
        const net_layer *l = net_layer_at(n, i);
        float *next = i + 1 < c->layers ? p->layers[i + 1].x : p->last;
        ops_rmsnorm(t, d, c->norm_eps, k->x, w + l->attn_norm, k->normed, k->inv);
        project(p, t, 3 * d, d, k->normed, w + l->qkv, k->qkv, false);
        ops_rope(t, d, h, p->rope, b->position, 1.0f, k->qkv);
        ops_attention(t, d, h, b->span, k->qkv, k->mixed, k->lse, p->row);
        memcpy(k->middle, k->x, t * d * sizeof(float));
        project(p, t, d, d, k->mixed, w + l->attn_out, k->middle, true);
        ops_rmsnorm(t, d, c->norm_eps, k->middle, w + l->ffn_norm, k->normed2, k->inv2);
        project(p, t, 2 * f, d, k->normed2, w + l->gate_up, k->gate_up, false);
        ops_swiglu(t, f, k->gate_up, k->act);
        memcpy(next, k->middle, t * d * sizeof(float));
        project(p, t, d, f, k->act, w + l->down, next, true);
    }
    ops_rmsnorm(t, d, c->norm_eps, p->last, w + net_offset_final_norm(n), p->hidden, p->last_inv);
}

static void backward(pass *p, const net *n, const pass_batch *b, float *grads)
{
    const net_config *c = net_shape(n);
    const float *w = net_weights_const(n);
    size_t t = b->tokens, d = (size_t)c->dim, f = (size_t)c->ffn, h = (size_t)c->heads;
    memset(p->dx, 0, t * d * sizeof(float));
    ops_rmsnorm_back(t, d, p->last, w + net_offset_final_norm(n), p->last_inv, p->dhidden, p->dx,
                     grads + net_offset_final_norm(n));
    for (int i = c->layers - 1; i >= 0; i--) {
        kept *k = &p->layers[i];
        const net_layer *l = net_layer_at(n, i);
        project_back(p, t, d, f, k->act, w + l->down, p->dx, p->dinner, grads + l->down);
        ops_swiglu_back(t, f, k->gate_up, p->dinner, p->dwide);
        project_back(p, t, 2 * f, d, k->normed2, w + l->gate_up, p->dwide, p->dhidden,
                     grads + l->gate_up);
        ops_rmsnorm_back(t, d, k->middle, w + l->ffn_norm, k->inv2, p->dhidden, p->dx,
                         grads + l->ffn_norm);
        project_back(p, t, d, d, k->mixed, w + l->attn_out, p->dx, p->dinner, grads + l->attn_out);
        ops_attention_back(t, d, h, b->span, k->qkv, k->mixed, k->lse, p->dinner, p->dwide, p->row);
        ops_rope(t, d, h, p->rope, b->position, -1.0f, p->dwide);
        project_back(p, t, 3 * d, d, k->normed, w + l->qkv, p->dwide, p->dhidden, grads + l->qkv);
        ops_rmsnorm_back(t, d, k->x, w + l->attn_norm, k->inv, p->dhidden, p->dx,
                         grads + l->attn_norm);
    }
    float *dembedding = grads + net_offset_embedding(n);
    for (size_t i = 0; i < t; i++) {
        float *row = dembedding + (size_t)b->token[i] * d;
        for (size_t j = 0; j < d; j++)
            row[j] += p->dx[i * d + j];
    }
}

/* d[k] of one group becomes its gradient; losses are added. */
static void group_loss(const pass_batch *b, size_t group, const float *verdicts, float *dverdicts,
                       pass_loss *loss)
{
    size_t from = (size_t)b->group_start[group], to = (size_t)b->group_start[group + 1];
    double most = -INFINITY, sum = 0, right = 0, weight = (double)b->group_weight[group];
    size_t golds = 0, best = from;
    for (size_t i = from; i < to; i++) {
        golds += b->verdict_gold[i];
        if (verdicts[i] > verdicts[best])
            best = i;
        most = fmax(most, (double)verdicts[i]);
    }
    for (size_t i = from; i < to; i++) {
        double e = exp((double)verdicts[i] - most);
        sum += e;
        right += b->verdict_gold[i] ? e : 0;
    }
    size_t wrongs = to - from - golds;
    double share_gold = golds == 0 ? 0 : (wrongs == 0 ? 1.0 : 0.5) / (double)golds;
    double share_wrong = wrongs == 0 ? 0 : (golds == 0 ? 1.0 : 0.5) / (double)wrongs;
    for (size_t i = from; i < to; i++) {
        double v = (double)verdicts[i], gold = b->verdict_gold[i], gradient = 0;
        if (golds > 0) {
            double e = exp(v - most);
            gradient = e / sum - (gold > 0 ? e / right : 0);
        }
        double s = 1.0 / (1.0 + exp(-v)), share = gold > 0 ? share_gold : share_wrong;
        gradient += (double)b->bce_weight * share * (s - gold);
        loss->bce += weight * share * (fmax(v, 0) - v * gold + log1p(exp(-fabs(v))));
        dverdicts[i] = (float)(weight * gradient);
    }
    loss->bce_groups += weight;
    if (golds > 0) {
        loss->rank += weight * (log(sum) - log(right));
        loss->rank_groups += weight;
        loss->right += b->verdict_gold[best] ? weight : 0;
    }
}

/* Verdicts at their positions; with grads, dhidden and the two embedding rows get the gradient. */
static void verdict_part(pass *p, const net *n, const pass_batch *b, float *verdicts,
                         float *dverdicts, pass_loss *loss, float *grads)
{
    size_t d = (size_t)net_shape(n)->dim;
    const float *e = net_weights_const(n) + net_offset_embedding(n);
    const float *ok = e + (size_t)b->token_ok * d, *no = e + (size_t)b->token_no * d;
    for (size_t i = 0; i < b->verdicts; i++) {
        const float *x = p->hidden + (size_t)b->verdict_at[i] * d;
        float v = 0;
        for (size_t j = 0; j < d; j++)
            v += x[j] * (ok[j] - no[j]);
        verdicts[i] = v;
    }
    for (size_t g = 0; g < b->groups; g++)
        group_loss(b, g, verdicts, dverdicts, loss);
    if (grads == NULL)
        return;
    float *dok = grads + net_offset_embedding(n) + (size_t)b->token_ok * d;
    float *dno = grads + net_offset_embedding(n) + (size_t)b->token_no * d;
    for (size_t i = 0; i < b->verdicts; i++) {
        const float *x = p->hidden + (size_t)b->verdict_at[i] * d;
        float *dx = p->dhidden + (size_t)b->verdict_at[i] * d, v = dverdicts[i];
        for (size_t j = 0; j < d; j++) {
            dx[j] += v * (ok[j] - no[j]);
            dok[j] += v * x[j];
            dno[j] -= v * x[j];
        }
    }
}

static void lm_part(pass *p, const net *n, const pass_batch *b, pass_loss *loss, float *grads)
{
    const net_config *c = net_shape(n);
    size_t d = (size_t)c->dim, v = (size_t)c->vocab, count = b->targets;
    const float *e = net_weights_const(n) + net_offset_embedding(n);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        memcpy(p->picked + i * d, p->hidden + (size_t)b->target_at[i] * d, d * sizeof(float));
    project(p, count, v, d, p->picked, e, p->logits, false);
    for (size_t i = 0; i < count; i++) {
        float part =
            ops_cross_entropy(v, p->logits + i * v, (size_t)b->target[i], b->target_weight[i]);
        if (b->target_loss != NULL)
            b->target_loss[i] = part;
        loss->lm += (double)part;
        loss->lm_targets += 1;
    }
    if (grads == NULL)
        return;
    project_back(p, count, v, d, p->picked, e, p->logits, p->dpicked,
                 grads + net_offset_embedding(n));
    for (size_t i = 0; i < count; i++) {
        float *dx = p->dhidden + (size_t)b->target_at[i] * d;
        for (size_t j = 0; j < d; j++)
            dx[j] += p->dpicked[i * d + j];
    }
}

status pass_run(pass *p, const net *n, const pass_batch *b, float *verdicts, pass_loss *loss,
                float *grads, error *err)
{
    const net_config *c = net_shape(n);
    if (b->tokens > p->max_tokens || b->targets > p->max_targets)
        return error_set(err, STATUS_LIMIT,
                         "batch of %zu tokens, %zu targets: larger than the pass", b->tokens,
                         b->targets);
    for (size_t i = 0; i < b->tokens; i++)
        if (b->token[i] < 0 || b->token[i] >= c->vocab || b->position[i] < 0 ||
            b->position[i] >= c->context)
            return error_set(err, STATUS_INVALID, "batch token %zu: id or position out of range",
                             i);
    float *work = calloc(2 * b->verdicts + 1, sizeof(float));
    if (work == NULL)
        return error_memory(err);
    forward(p, n, b);
    memset(p->dhidden, 0, b->tokens * (size_t)c->dim * sizeof(float));
    verdict_part(p, n, b, work, work + b->verdicts, loss, grads);
    lm_part(p, n, b, loss, grads);
    if (verdicts != NULL)
        memcpy(verdicts, work, b->verdicts * sizeof(float));
    free(work);
    if (grads != NULL)
        backward(p, n, b, grads);
    return STATUS_OK;
}

void pass_logits(pass *p, const net *n, size_t at, float *logits)
{
    size_t d = (size_t)net_shape(n)->dim;
    project(p, 1, (size_t)net_shape(n)->vocab, d, p->hidden + at * d,
            net_weights_const(n) + net_offset_embedding(n), logits, false);
}
