/* Attention, one piece: some tokens of the batch and one key-value head. */
#include "llm/attention.h"

#include <math.h>
#include <string.h>

/* Positions whose scores are turned into weights at a time. */
#define CHUNK (4 * KV_PAGE)

/* What a piece works on. Rows are tokens times the heads of the group, tokens outside. */
typedef struct piece {
    const attention *a;
    const kernels *k;
    uint32_t head; /* key-value head */
    uint32_t group, size, padded;
    size_t first; /* token */
    size_t rows;
    float *queries; /* [rows][size], scaled */
    float *keys;    /* [size][KV_PAGE] */
    float *values;  /* [CHUNK][padded] */
    float *scores;  /* [rows][CHUNK] */
    float *out;     /* [rows][padded], not yet divided by `sums` */
    float *maxima, *sums;
} piece;

static uint32_t padded_head(const llm_shape *s)
{
    return (s->head_size + 15) / 16 * 16;
}

uint32_t attention_tile(const llm_shape *s)
{
    uint32_t group = s->heads / s->kv_heads;
    return group >= ATTENTION_ROWS ? 1 : ATTENTION_ROWS / group;
}

/* Parts of the scratch, in floats, each a multiple of 16. */
static size_t lay_out(const llm_shape *s, float *base, piece *p)
{
    size_t rows = (size_t)attention_tile(s) * (s->heads / s->kv_heads);
    size_t size = s->head_size, padded = padded_head(s), at = 0;
    rows = (rows + 15) / 16 * 16;
    float **const parts[] = {&p->queries, &p->keys,   &p->values, &p->scores,
                             &p->out,     &p->maxima, &p->sums};
    const size_t sizes[] = {
        rows * size, size * KV_PAGE, padded * CHUNK, rows * CHUNK, rows * padded, rows, rows};
    for (size_t i = 0; i < CORE_COUNT(sizes); i++) {
        if (base != NULL)
            *parts[i] = base + at;
        at += (sizes[i] + 15) / 16 * 16;
    }
    return at;
}

size_t attention_scratch(const llm_shape *s)
{
    piece unused;
    return lay_out(s, NULL, &unused) * sizeof(float);
}

size_t attention_pieces(const attention *a)
{
    size_t tiles = (a->batch->count + a->tile_tokens - 1) / a->tile_tokens;
    return tiles * a->model->shape.kv_heads;
}

static void load_queries(piece *p)
{
    const attention *a = p->a;
    float scale = 1.0f / sqrtf((float)p->size);
    for (size_t r = 0; r < p->rows; r++) {
        size_t token = p->first + r / p->group, head = p->head * p->group + r % p->group;
        const float *from = a->queries + token * a->stride + head * p->size;
        memcpy(p->queries + r * p->size, from, p->size * sizeof *from);
        p->maxima[r] = -INFINITY;
        p->sums[r] = 0;
    }
    p->k->scale(p->queries, p->rows * p->size, scale);
    memset(p->out, 0, p->rows * p->padded * sizeof *p->out);
}

/* Turns n scores of a row into weights and rescales what the row has gathered. */
static void soften(piece *p, size_t r, float *scores, size_t n)
{
    float largest = p->k->maximum(scores, n);
    if (largest > p->maxima[r]) {
        float factor = p->sums[r] > 0 ? expf(p->maxima[r] - largest) : 0;
        p->maxima[r] = largest;
        if (p->sums[r] > 0) {
            p->sums[r] *= factor;
            p->k->scale(p->out + r * p->padded, p->padded, factor);
        }
    }
    p->sums[r] += p->k->exp_sum(scores, n, p->maxima[r]);
}

/* Positions of the chunk that starts at `start` which row r sees. */
static size_t visible(const piece *p, size_t r, size_t start)
{
    const forward_batch *b = p->a->batch;
    size_t end = b->past;
    if (b->tree == NULL)
        end += p->first + r / p->group + 1;
    if (end <= start)
        return 0;
    return end - start < CHUNK ? end - start : CHUNK;
}

/* Scores of `most` positions from `start` on, page by page, and their values. */
static void read_chunk(piece *p, size_t start, size_t most)
{
    const attention *a = p->a;
    for (size_t at = 0; at < most; at += KV_PAGE) {
        const kv_page *page = a->batch->pages[(start + at) / KV_PAGE];
        size_t n = most - at < KV_PAGE ? most - at : KV_PAGE;
        kv_read_keys(a->batch->kv, p->k, page, a->layer, p->head, p->keys);
        kv_read_values(a->batch->kv, p->k, page, a->layer, p->head, (uint32_t)n,
                       p->values + at * p->padded, p->padded);
        p->k->sgemm(p->rows, n <= 16 ? 16 : KV_PAGE, p->size, p->queries, p->size, p->keys, KV_PAGE,
                    p->scores + at, CHUNK, false);
    }
}

static void attend_chunk(piece *p, size_t start)
{
    size_t most = visible(p, p->rows - 1, start);
    read_chunk(p, start, most);
    for (size_t r = 0; r < p->rows; r++) {
        size_t n = visible(p, r, start);
        float *scores = p->scores + r * CHUNK;
        if (n > 0)
            soften(p, r, scores, n);
        for (size_t i = n; i < most; i++)
            scores[i] = 0;
    }
    p->k->sgemm(p->rows, p->padded, most, p->scores, CHUNK, p->values, p->padded, p->out, p->padded,
                true);
}

/* A tree's node sees itself and its ancestors. */
static void attend_ancestors(piece *p, size_t r)
{
    const attention *a = p->a;
    const forward_tree *t = a->batch->tree;
    size_t kv = engine_kv_size(&a->model->shape);
    const float *tail = t->tail + (size_t)a->layer * t->nodes * 2 * kv + p->head * p->size;
    int32_t node = (int32_t)(a->batch->first_node + p->first + r / p->group);
    for (; node >= 0; node = t->parents[node]) {
        const float *key = tail + (size_t)node * 2 * kv;
        float score = p->k->dot(p->queries + r * p->size, key, p->size);
        soften(p, r, &score, 1);
        p->k->add_scaled(p->out + r * p->padded, key + kv, score, p->size);
    }
}

static void store_rows(const piece *p)
{
    const attention *a = p->a;
    for (size_t r = 0; r < p->rows; r++) {
        size_t token = p->first + r / p->group, head = p->head * p->group + r % p->group;
        float *to = a->out + token * a->out_stride + head * p->size;
        const float *from = p->out + r * p->padded;
        memcpy(to, from, p->size * sizeof *to);
        p->k->scale(to, p->size, 1.0f / p->sums[r]);
    }
}

void attention_piece(void *context, size_t index, size_t worker)
{
    const attention *a = context;
    const llm_shape *s = &a->model->shape;
    piece p = {.a = a, .k = a->model->k, .group = s->heads / s->kv_heads};
    p.size = s->head_size;
    p.padded = padded_head(s);
    p.head = (uint32_t)(index % s->kv_heads);
    p.first = index / s->kv_heads * a->tile_tokens;
    size_t tokens = a->batch->count - p.first;
    p.rows = (tokens < a->tile_tokens ? tokens : a->tile_tokens) * p.group;
    lay_out(s, (float *)(void *)(a->scratch + worker * a->scratch_bytes), &p);
    if (p.padded != p.size)
        memset(p.values, 0, (size_t)p.padded * CHUNK * sizeof *p.values);
    load_queries(&p);
    for (size_t start = 0; visible(&p, p.rows - 1, start) > 0; start += CHUNK)
        attend_chunk(&p, start);
    if (a->batch->tree != NULL)
        for (size_t r = 0; r < p.rows; r++)
            attend_ancestors(&p, r);
    store_rows(&p);
}
