/* The forward pass: a fixed sequence of parallel loops over one layer after another.
 *
 * Weight matrices are handed out in pieces of whole groups of rows; what is small is done by the
 * caller alone, without waking anyone. Products of gate and up are taken piece by piece, so that
 * the wide hidden state exists only as quantised activations. */
#include "llm/forward.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llm/attention.h"

#define PIECE_FLOATS 32768u     /* results that a worker keeps at a time */
#define PIECE_BYTES (32u << 10) /* weights that make it worth to wake a helper */
#define PIECES_PER_THREAD 4u
#define ROWS_PER_PIECE 8u

/* Activations as the kernels take them. */
typedef struct acts {
    float *values; /* [rows][stride] */
    size_t stride;
    int8_t *quants;
    kernels_block *blocks;
    bool want_values, want_quants;
} acts;

struct workspace {
    size_t room;  /* rows that there is room for */
    float *x;     /* [room][width]: the residual stream */
    size_t width; /* padded embedding */
    float *qkv;   /* [room][qkv_width]: query, key and value, each padded */
    size_t qkv_width, key_at, value_at;
    float *cosines, *sines; /* [room][rope_size / 2] */
    acts in;                /* normalised x */
    acts attended;          /* of query size */
    acts hidden;            /* of feed-forward size */
    float *pieces;          /* [threads][2][PIECE_FLOATS] */
    unsigned char *scratch; /* [threads][scratch_bytes] of attention */
    size_t scratch_bytes;
    float *parts; /* [pieces of the vocabulary][room][2]: maxima and sums */
    size_t part_room;
    size_t bytes;
};

/* What the loops see. */
typedef struct pass {
    const llm_model *m;
    const kernels *k;
    workspace *w;
    const forward_batch *b;
    const engine_layer *layer;
    uint32_t index; /* of the layer */
    size_t rows;
    const float *norm; /* for normalise */
    const acts *input; /* for quantise and multiply */
    size_t columns;    /* of the input */
    const llm_matrix *const *matrices;
    float *const *outs; /* for each matrix, row 0 */
    size_t matrix_count;
    size_t stride; /* of outs */
    bool add;
    size_t piece_groups;
    const uint32_t *row_list; /* for output */
    float *logits;
    const forward_target *targets;
    size_t target_count;
} pass;

/* --- workspace ------------------------------------------------------------------------------ */

static void free_acts(acts *a)
{
    free(a->values);
    free(a->quants);
    free(a->blocks);
    a->values = NULL;
    a->quants = NULL;
    a->blocks = NULL;
}

static void free_rows(workspace *w)
{
    free(w->x);
    free(w->qkv);
    free(w->cosines);
    free(w->sines);
    free_acts(&w->in);
    free_acts(&w->attended);
    free_acts(&w->hidden);
    w->x = w->qkv = w->cosines = w->sines = NULL;
    w->room = 0;
    w->bytes = 0;
}

void workspace_free(workspace *w)
{
    if (w == NULL)
        return;
    free_rows(w);
    free(w->pieces);
    free(w->scratch);
    free(w->parts);
    free(w);
}

size_t workspace_bytes(const workspace *w)
{
    return w->bytes;
}

static void *take(workspace *w, size_t bytes, bool *failed)
{
    size_t rounded = (bytes + 63) / 64 * 64;
    void *p = aligned_alloc(64, rounded);
    if (p == NULL)
        *failed = true;
    else
        memset(p, 0, rounded);
    w->bytes += rounded;
    return p;
}

static void take_acts(workspace *w, acts *a, size_t rows, size_t columns, bool values, bool *failed)
{
    a->stride = engine_padded(columns);
    if (values || a->want_values)
        a->values = take(w, rows * a->stride * sizeof(float), failed);
    if (!a->want_quants)
        return;
    a->quants = take(w, rows * columns, failed);
    a->blocks = take(w, rows * (columns / MATRIX_BLOCK) * sizeof(kernels_block), failed);
}

/* Makes room for `rows` rows. */
static status reserve(const llm_model *m, workspace *w, size_t rows, error *err)
{
    const llm_shape *s = &m->shape;
    bool failed = false;
    if (rows <= w->room)
        return STATUS_OK;
    free_rows(w);
    w->x = take(w, rows * w->width * sizeof(float), &failed);
    w->qkv = take(w, rows * w->qkv_width * sizeof(float), &failed);
    w->cosines = take(w, rows * (s->rope_size / 2) * sizeof(float), &failed);
    w->sines = take(w, rows * (s->rope_size / 2) * sizeof(float), &failed);
    take_acts(w, &w->in, rows, s->embedding, true, &failed);
    take_acts(w, &w->attended, rows, engine_query_size(s), true, &failed);
    take_acts(w, &w->hidden, rows, s->feed_forward, false, &failed);
    if (failed) {
        free_rows(w);
        return error_memory(err);
    }
    w->room = rows;
    return STATUS_OK;
}

static void want(acts *a, const llm_matrix *consumer)
{
    if (consumer->blocks > 0)
        a->want_quants = true;
    else
        a->want_values = true;
}

status workspace_new(const llm_model *m, workspace **out, error *err)
{
    const llm_shape *s = &m->shape;
    size_t threads = pool_threads(m->threads);
    workspace *w = calloc(1, sizeof *w);
    if (w == NULL)
        return error_memory(err);
    w->width = engine_padded(s->embedding);
    w->key_at = engine_padded(engine_query_size(s));
    w->value_at = w->key_at + engine_padded(engine_kv_size(s));
    w->qkv_width = w->value_at + engine_padded(engine_kv_size(s));
    for (uint32_t i = 0; i < s->layers; i++) {
        const engine_layer *l = &m->layers[i];
        const llm_matrix *const in[] = {&l->query, &l->key, &l->value, &l->gate, &l->up};
        for (size_t k = 0; k < CORE_COUNT(in); k++)
            want(&w->in, in[k]);
        want(&w->attended, &l->output);
        want(&w->hidden, &l->down);
    }
    want(&w->in, &m->output);
    w->scratch_bytes = (attention_scratch(s) + 63) / 64 * 64;
    w->pieces = aligned_alloc(64, threads * 2 * PIECE_FLOATS * sizeof(float));
    w->scratch = aligned_alloc(64, threads * w->scratch_bytes);
    if (w->pieces == NULL || w->scratch == NULL) {
        workspace_free(w);
        return error_memory(err);
    }
    *out = w;
    return STATUS_OK;
}

/* --- loops over rows ------------------------------------------------------------------------ */

static void run_rows(const pass *p, pool_task task)
{
    pool_run(p->m->threads, (p->rows + ROWS_PER_PIECE - 1) / ROWS_PER_PIECE, task,
             (void *)(uintptr_t)p);
}

static size_t rows_end(const pass *p, size_t piece)
{
    size_t end = (piece + 1) * ROWS_PER_PIECE;
    return end < p->rows ? end : p->rows;
}

/* Quantises blocks [from, from + count) of a row. */
static void quantise_row(const pass *p, const acts *a, size_t columns, size_t row, size_t from,
                         size_t count, const float *values)
{
    size_t at = kernels_block_at(p->rows, columns / MATRIX_BLOCK, row, from);
    p->k->quantise(values, count, kernels_tile_rows(p->rows, row), a->quants + at * MATRIX_BLOCK,
                   a->blocks + at);
}

static size_t position_of(const forward_batch *b, size_t row)
{
    return b->past + (b->tree == NULL ? row : b->tree->depths[b->first_node + row]);
}

static void embed_rows(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    const uint32_t half = p->m->shape.rope_size / 2;
    (void)worker;
    for (size_t i = piece * ROWS_PER_PIECE; i < rows_end(p, piece); i++) {
        llm_matrix_row(&p->m->embedding, (uint32_t)p->b->tokens[i], p->w->x + i * p->w->width);
        float position = (float)position_of(p->b, i);
        for (uint32_t d = 0; d < half; d++) {
            float angle = position * p->m->frequencies[d];
            p->w->cosines[i * half + d] = cosf(angle) * p->m->rope_gain;
            p->w->sines[i * half + d] = sinf(angle) * p->m->rope_gain;
        }
    }
}

static void normalise_rows(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    workspace *w = p->w;
    const uint32_t e = p->m->shape.embedding;
    (void)worker;
    for (size_t i = piece * ROWS_PER_PIECE; i < rows_end(p, piece); i++) {
        size_t from = p->row_list == NULL ? i : p->row_list[i];
        float *out = w->in.values + i * w->in.stride;
        p->k->rms_norm(w->x + from * w->width, p->norm, e, p->m->shape.norm_epsilon, out);
        if (w->in.want_quants)
            quantise_row(p, &w->in, e, i, 0, e / MATRIX_BLOCK, out);
    }
}

static void normalise(pass *p, const float *norm)
{
    p->norm = norm;
    run_rows(p, normalise_rows);
}

static void quantise_attended(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    const acts *a = &p->w->attended;
    uint32_t size = engine_query_size(&p->m->shape);
    (void)worker;
    for (size_t i = piece * ROWS_PER_PIECE; i < rows_end(p, piece); i++)
        quantise_row(p, a, size, i, 0, size / MATRIX_BLOCK, a->values + i * a->stride);
}

/* Norms (qwen3) and rotates `heads` heads of a row. */
static void turn_heads(const pass *p, size_t row, float *x, uint32_t heads, const float *norm)
{
    const llm_shape *s = &p->m->shape;
    const uint32_t half = s->rope_size / 2;
    for (uint32_t h = 0; h < heads; h++, x += s->head_size) {
        if (norm != NULL)
            p->k->rms_norm(x, norm, s->head_size, s->norm_epsilon, x);
        p->k->rotate(x, p->w->cosines + row * half, p->w->sines + row * half, half);
    }
}

/* A node's key and value go to the tree's buffer, rounded as the cache would round them. */
static void store_node(const pass *p, size_t row)
{
    const forward_batch *b = p->b;
    size_t kv = engine_kv_size(&p->m->shape), node = b->first_node + row;
    float *to = b->tree->tail + ((size_t)p->index * b->tree->nodes + node) * 2 * kv;
    const float *from = p->w->qkv + row * p->w->qkv_width;
    memcpy(to, from + p->w->key_at, kv * sizeof *to);
    memcpy(to + kv, from + p->w->value_at, kv * sizeof *to);
    if (b->kv->type == LLM_KV_F32)
        return;
    uint16_t half[64];
    for (size_t i = 0; i < 2 * kv; i += CORE_COUNT(half)) {
        size_t n = 2 * kv - i < CORE_COUNT(half) ? 2 * kv - i : CORE_COUNT(half);
        p->k->to_half(to + i, n, half);
        p->k->from_half(half, n, to + i);
    }
}

/* Rows [from, to), which lie in one page if the batch is a chain. */
static void prepare_rows(const pass *p, size_t from, size_t to)
{
    const llm_shape *s = &p->m->shape;
    const workspace *w = p->w;
    const forward_batch *b = p->b;
    for (size_t i = from; i < to; i++) {
        float *x = w->qkv + i * w->qkv_width;
        if (p->layer->bias != NULL)
            p->k->add_scaled(x, p->layer->bias, 1, w->qkv_width);
        turn_heads(p, i, x, s->heads, p->layer->query_norm);
        turn_heads(p, i, x + w->key_at, s->kv_heads, p->layer->key_norm);
        if (b->tree != NULL)
            store_node(p, i);
    }
    if (b->tree != NULL)
        return;
    size_t position = b->past + from;
    const float *x = w->qkv + from * w->qkv_width;
    for (uint32_t h = 0; h < s->kv_heads; h++)
        kv_store(b->kv, p->k, b->pages[position / KV_PAGE], p->index, h,
                 (uint32_t)(position % KV_PAGE), (uint32_t)(to - from),
                 x + w->key_at + (size_t)h * s->head_size,
                 x + w->value_at + (size_t)h * s->head_size, w->qkv_width);
}

/* One page's rows (of a tree: as many). */
static void prepare_page(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    size_t offset = p->b->tree == NULL ? p->b->past % KV_PAGE : 0;
    size_t from = piece * KV_PAGE, to = from + KV_PAGE;
    (void)worker;
    from = from < offset ? 0 : from - offset;
    to = to - offset < p->rows ? to - offset : p->rows;
    prepare_rows(p, from, to);
}

static void prepare(const pass *p)
{
    size_t offset = p->b->tree == NULL ? p->b->past % KV_PAGE : 0;
    size_t pages = (offset + p->rows + KV_PAGE - 1) / KV_PAGE;
    pool_run(p->m->threads, pages, prepare_page, (void *)(uintptr_t)p);
}

/* --- loops over weights --------------------------------------------------------------------- */

static kernels_input input_of(const pass *p)
{
    return (kernels_input){.rows = p->rows,
                           .columns = p->columns,
                           .values = p->input->values,
                           .stride = p->input->stride,
                           .quants = p->input->quants,
                           .blocks = p->input->blocks};
}

/* Groups in a piece: enough weights to be worth a hand-over, not more than evens the load; even
 * numbers, so that a piece's results are whole blocks of 32. */
static size_t choose_piece(const pass *p, size_t groups, size_t group_bytes, size_t most)
{
    size_t threads = pool_threads(p->m->threads);
    if (threads == 1)
        return groups < most ? groups : most;
    size_t share = groups / (threads * PIECES_PER_THREAD);
    size_t least = PIECE_BYTES / (group_bytes * p->rows);
    size_t n = share > least ? share : least;
    n = (n + 1) / 2 * 2;
    n = n < 2 ? 2 : n;
    return n < most ? n : most;
}

static void multiply_piece(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    kernels_input in = input_of(p);
    size_t from = piece * p->piece_groups, to = from + p->piece_groups, base = 0;
    (void)worker;
    for (size_t i = 0; i < p->matrix_count; i++) {
        const llm_matrix *w = p->matrices[i];
        size_t a = from > base ? from - base : 0, b = to > base ? to - base : 0;
        a = a < w->groups ? a : w->groups;
        b = b < w->groups ? b : w->groups;
        if (a < b)
            p->k->multiply(w, a, b, &in, p->outs[i] + a * MATRIX_LANES, p->stride, p->add);
        base += w->groups;
    }
}

/* outs[i] (+)= matrices[i] times the input, for all rows. */
static void multiply(pass *p, const acts *input, size_t columns, const llm_matrix *const *matrices,
                     float *const *outs, size_t count, size_t stride, bool add)
{
    size_t groups = 0;
    p->input = input;
    p->columns = columns;
    p->matrices = matrices;
    p->outs = outs;
    p->matrix_count = count;
    p->stride = stride;
    p->add = add;
    for (size_t i = 0; i < count; i++)
        groups += matrices[i]->groups;
    p->piece_groups = choose_piece(p, groups, matrices[0]->group_bytes, groups);
    pool_run(p->m->threads, (groups + p->piece_groups - 1) / p->piece_groups, multiply_piece, p);
}

static void feed_piece(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    const engine_layer *l = p->layer;
    kernels_input in = input_of(p);
    size_t from = piece * p->piece_groups, to = from + p->piece_groups;
    to = to < l->gate.groups ? to : l->gate.groups;
    size_t width = (to - from) * MATRIX_LANES;
    float *gate = p->w->pieces + worker * 2 * PIECE_FLOATS, *up = gate + PIECE_FLOATS;
    p->k->multiply(&l->gate, from, to, &in, gate, width, false);
    p->k->multiply(&l->up, from, to, &in, up, width, false);
    p->k->silu_multiply(gate, up, width * p->rows);
    const acts *hidden = &p->w->hidden;
    for (size_t i = 0; i < p->rows; i++) {
        if (l->down.blocks > 0)
            quantise_row(p, hidden, p->m->shape.feed_forward, i, from * MATRIX_LANES / MATRIX_BLOCK,
                         width / MATRIX_BLOCK, gate + i * width);
        else
            memcpy(hidden->values + i * hidden->stride + from * MATRIX_LANES, gate + i * width,
                   width * sizeof *gate);
    }
}

static void feed_forward(pass *p)
{
    const engine_layer *l = p->layer;
    const llm_matrix *const down[] = {&l->down};
    float *const out[] = {p->w->x};
    p->input = &p->w->in;
    p->columns = p->m->shape.embedding;
    size_t most = PIECE_FLOATS / (MATRIX_LANES * p->rows) / 2 * 2;
    p->piece_groups = choose_piece(p, l->gate.groups, 2 * l->gate.group_bytes, most);
    pool_run(p->m->threads, (l->gate.groups + p->piece_groups - 1) / p->piece_groups, feed_piece,
             p);
    multiply(p, &p->w->hidden, p->m->shape.feed_forward, down, out, 1, p->w->width, true);
}

/* --- a layer -------------------------------------------------------------------------------- */

static void attend(pass *p)
{
    workspace *w = p->w;
    const llm_shape *s = &p->m->shape;
    const engine_layer *l = p->layer;
    const llm_matrix *const in[] = {&l->query, &l->key, &l->value};
    float *const outs[] = {w->qkv, w->qkv + w->key_at, w->qkv + w->value_at};
    multiply(p, &w->in, s->embedding, in, outs, 3, w->qkv_width, false);
    prepare(p);
    attention a = {.model = p->m,
                   .batch = p->b,
                   .layer = p->index,
                   .queries = w->qkv,
                   .stride = w->qkv_width,
                   .out = w->attended.values,
                   .out_stride = w->attended.stride,
                   .tile_tokens = attention_tile(s),
                   .scratch = w->scratch,
                   .scratch_bytes = w->scratch_bytes};
    pool_run(p->m->threads, attention_pieces(&a), attention_piece, &a);
    if (w->attended.want_quants)
        run_rows(p, quantise_attended);
    const llm_matrix *const output[] = {&l->output};
    float *const x[] = {w->x};
    multiply(p, &w->attended, engine_query_size(s), output, x, 1, w->width, true);
    if (l->output_bias != NULL)
        for (size_t i = 0; i < p->rows; i++)
            p->k->add_scaled(w->x + i * w->width, l->output_bias, 1, s->embedding);
}

static pass make_pass(const llm_model *m, size_t rows)
{
    return (pass){.m = m, .k = m->k, .w = m->space, .rows = rows};
}

status forward_run(const llm_model *m, const forward_batch *b, error *err)
{
    status s = reserve(m, m->space, b->count, err);
    if (s != STATUS_OK)
        return s;
    pass p = make_pass(m, b->count);
    p.b = b;
    run_rows(&p, embed_rows);
    for (uint32_t i = 0; i < m->shape.layers; i++) {
        if (b->cancel != NULL && atomic_load(b->cancel))
            return error_set(err, STATUS_CANCELLED, "the evaluation was cancelled");
        p.index = i;
        p.layer = &m->layers[i];
        normalise(&p, p.layer->attention_norm);
        attend(&p);
        normalise(&p, p.layer->feed_norm);
        feed_forward(&p);
    }
    return STATUS_OK;
}

/* --- the vocabulary ------------------------------------------------------------------------- */

/* A piece of the output matrix for all rows, in the worker's buffer; gives its first token and its
 * width. */
static float *output_piece(const pass *p, size_t piece, size_t worker, size_t *first, size_t *width)
{
    const llm_matrix *w = &p->m->output;
    kernels_input in = input_of(p);
    size_t from = piece * p->piece_groups, to = from + p->piece_groups;
    to = to < w->groups ? to : w->groups;
    float *out = p->w->pieces + worker * 2 * PIECE_FLOATS;
    *first = from * MATRIX_LANES;
    *width = (to - from) * MATRIX_LANES;
    p->k->multiply(w, from, to, &in, out, *width, false);
    return out;
}

/* Tokens of the piece that are in the vocabulary (the last group may be filled up). */
static size_t real_width(const pass *p, size_t first, size_t width)
{
    size_t left = p->m->shape.vocabulary - first;
    return left < width ? left : width;
}

static void logits_piece(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    size_t first, width;
    const float *out = output_piece(p, piece, worker, &first, &width);
    for (size_t i = 0; i < p->rows; i++)
        memcpy(p->logits + i * p->m->shape.vocabulary + first, out + i * width,
               real_width(p, first, width) * sizeof *out);
}

static size_t plan_output(pass *p)
{
    const llm_matrix *w = &p->m->output;
    p->input = &p->w->in;
    p->columns = p->m->shape.embedding;
    size_t most = 2 * PIECE_FLOATS / (MATRIX_LANES * p->rows);
    p->piece_groups = choose_piece(p, w->groups, w->group_bytes, most);
    return (w->groups + p->piece_groups - 1) / p->piece_groups;
}

/* A hidden state that is no number makes every logit one. */
static status check_rows(const pass *p, error *err)
{
    for (size_t i = 0; i < p->rows; i++)
        if (!isfinite(p->w->in.values[i * p->w->in.stride]))
            return error_set(err, STATUS_INVALID,
                             "the model computes values that are not finite; its weights are "
                             "damaged or out of range");
    return STATUS_OK;
}

status forward_logits(const llm_model *m, size_t first, size_t count, float *out, error *err)
{
    uint32_t rows[ENGINE_BATCH];
    pass p = make_pass(m, count);
    for (size_t i = 0; i < count; i++)
        rows[i] = (uint32_t)(first + i);
    p.row_list = rows;
    p.logits = out;
    normalise(&p, m->output_norm);
    status s = check_rows(&p, err);
    if (s != STATUS_OK)
        return s;
    size_t pieces = plan_output(&p);
    pool_run(m->threads, pieces, logits_piece, &p);
    return STATUS_OK;
}

/* The first target whose token is at least `token`. */
static size_t first_target(const pass *p, size_t token)
{
    size_t low = 0, high = p->target_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((size_t)p->targets[middle].token < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t index_of_row(const pass *p, uint32_t row)
{
    size_t low = 0, high = p->rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->row_list[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void logprob_piece(void *context, size_t piece, size_t worker)
{
    const pass *p = context;
    size_t first, width;
    float *out = output_piece(p, piece, worker, &first, &width);
    size_t real = real_width(p, first, width);
    float *parts = p->w->parts + piece * p->rows * 2;
    for (size_t t = first_target(p, first);
         t < p->target_count && (size_t)p->targets[t].token < first + real; t++)
        *p->targets[t].out = (double)
            out[index_of_row(p, p->targets[t].row) * width + ((size_t)p->targets[t].token - first)];
    for (size_t i = 0; i < p->rows; i++) {
        parts[i * 2] = p->k->maximum(out + i * width, real);
        parts[i * 2 + 1] = p->k->exp_sum(out + i * width, real, parts[i * 2]);
    }
}

/* log of the sum of exponentials of row i, from its pieces. */
static double log_sum(const pass *p, size_t pieces, size_t i)
{
    double largest = -INFINITY, sum = 0;
    for (size_t k = 0; k < pieces; k++)
        largest = fmax(largest, (double)p->w->parts[(k * p->rows + i) * 2]);
    for (size_t k = 0; k < pieces; k++) {
        const float *part = p->w->parts + (k * p->rows + i) * 2;
        sum += (double)part[1] * exp((double)part[0] - largest);
    }
    return sum > 0 ? largest + log(sum) : largest;
}

static status finish_logprobs(const pass *p, size_t pieces, error *err)
{
    double *sums = malloc(p->rows * sizeof *sums);
    if (sums == NULL)
        return error_memory(err);
    for (size_t i = 0; i < p->rows; i++)
        sums[i] = log_sum(p, pieces, i);
    for (size_t t = 0; t < p->target_count; t++)
        *p->targets[t].out -= sums[index_of_row(p, p->targets[t].row)];
    free(sums);
    return STATUS_OK;
}

status forward_logprobs(const llm_model *m, const uint32_t *rows, size_t row_count,
                        const forward_target *targets, size_t target_count, error *err)
{
    if (row_count == 0)
        return STATUS_OK;
    pass p = make_pass(m, row_count);
    workspace *w = p.w;
    p.row_list = rows;
    p.targets = targets;
    p.target_count = target_count;
    normalise(&p, m->output_norm);
    status s = check_rows(&p, err);
    if (s != STATUS_OK)
        return s;
    size_t pieces = plan_output(&p), room = pieces * row_count * 2;
    if (room > w->part_room) {
        float *parts = realloc(w->parts, room * sizeof *parts);
        if (parts == NULL)
            return error_memory(err);
        w->parts = parts;
        w->part_room = room;
    }
    pool_run(m->threads, pieces, logprob_piece, &p);
    return finish_logprobs(&p, pieces, err);
}
