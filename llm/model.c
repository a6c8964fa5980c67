/* Loading of a model: finds each tensor that the architecture has, checks its shape, and packs the
 * matrices on all threads into one buffer (llm/matrix.h). A tensor that nothing uses is refused,
 * because a model that has one would be computed wrongly.
 *
 * Query and key rows of the llama architecture, whose rotary embedding turns neighbouring
 * dimensions, are reordered within each head so that it turns halves like the other families'; the
 * products of queries and keys do not change by that. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MADV_HUGEPAGE */
#include "llm/model.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "llm/engine.h"
#include "llm/forward.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define PIECE_BYTES ((size_t)256 << 10) /* of the file that a thread packs at a time */

/* A matrix to be packed. */
typedef struct load_matrix {
    const gguf_tensor *tensor;
    llm_matrix *matrix;
    size_t at;           /* in the weight buffer */
    uint32_t head_size;  /* rows are reordered within heads of this size; 0 = not */
    uint32_t piece_rows; /* a multiple of 16 */
} load_matrix;

typedef struct load_piece {
    uint32_t matrix, row;
} load_piece;

typedef struct loader {
    llm_model *model;
    load_matrix *matrices;
    size_t matrix_count, matrix_room;
    load_piece *pieces;
    size_t piece_count;
    bool *used; /* per tensor of the file */
    size_t weight_bytes;
    unsigned char **raw; /* a buffer for each worker */
    size_t raw_bytes;
    pthread_mutex_t lock; /* guards the two below */
    error failure;
    error *err;
} loader;

/* --- finding tensors ------------------------------------------------------------------------ */

static const gguf_tensor *find(loader *l, const char *name)
{
    const gguf_tensor *t = gguf_find_tensor(l->model->file, name);
    if (t != NULL)
        l->used[t - gguf_tensor_at(l->model->file, 0)] = true;
    return t;
}

static status check_tensor(loader *l, const char *name, const gguf_tensor *t, uint64_t columns,
                           uint64_t rows)
{
    const char *file = gguf_name(l->model->file);
    if (t == NULL)
        return error_set_at(l->err, STATUS_INVALID, file, 0, 0, "the file has no tensor '%s'",
                            name);
    if (gguf_type_name(t->type) == NULL)
        return error_set_at(l->err, STATUS_UNSUPPORTED, file, 0, 0,
                            "tensor '%s' has a type (number %" PRIu32
                            ") that is not supported; F32, F16, BF16, Q8_0, Q4_0, Q5_0, Q4_K, "
                            "Q5_K and Q6_K are",
                            name, t->type);
    if (t->shape[0] != columns || t->shape[1] != rows || t->shape[2] != 1 || t->shape[3] != 1)
        return error_set_at(l->err, STATUS_INVALID, file, 0, 0,
                            "tensor '%s' is %" PRIu64 " x %" PRIu64 ", not %" PRIu64 " x %" PRIu64
                            " as the metadata say",
                            name, t->shape[0], t->shape[1], columns, rows);
    return STATUS_OK;
}

/* Plans a matrix and queues it for packing. */
static status add_matrix(loader *l, const char *name, uint32_t rows, uint32_t columns,
                         uint32_t head_size, llm_matrix *out)
{
    const gguf_tensor *t = find(l, name);
    status s = check_tensor(l, name, t, columns, rows);
    if (s != STATUS_OK)
        return s;
    if (l->matrix_count == l->matrix_room || !llm_matrix_plan(out, t->type, rows, columns))
        return error_set_at(l->err, STATUS_INVALID, gguf_name(l->model->file), 0, 0,
                            "tensor '%s' has a row length that does not fit its type", name);
    load_matrix *m = &l->matrices[l->matrix_count++];
    *m = (load_matrix){.tensor = t, .matrix = out, .head_size = head_size};
    m->at = l->weight_bytes;
    l->weight_bytes += llm_matrix_bytes(out);
    size_t row_bytes = (size_t)(t->bytes / rows);
    size_t unit = MATRIX_LANES;
    if (head_size > 0)
        while (unit % head_size != 0)
            unit += MATRIX_LANES;
    size_t units = PIECE_BYTES / (row_bytes * unit);
    m->piece_rows = (uint32_t)(unit * (units > 0 ? units : 1));
    if (m->piece_rows * row_bytes > l->raw_bytes)
        l->raw_bytes = m->piece_rows * row_bytes;
    l->piece_count += (rows + m->piece_rows - 1) / m->piece_rows;
    return STATUS_OK;
}

/* Converts `count` values at `raw` to floats; false when one is not finite. */
static bool convert(uint32_t type, const unsigned char *raw, size_t count, float *out)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t half;
        if (type == GGUF_TYPE_F32) {
            memcpy(&out[i], raw + i * 4, sizeof out[i]);
        } else {
            memcpy(&half, raw + i * 2, sizeof half);
            out[i] = type == GGUF_TYPE_F16 ? llm_half_to_float(half) : llm_bfloat_to_float(half);
        }
        if (!isfinite(out[i]))
            return false;
    }
    return true;
}

/* Reads a vector into out[0 .. count). */
static status read_vector(loader *l, const char *name, uint32_t count, float *out)
{
    const char *file = gguf_name(l->model->file);
    const gguf_tensor *t = find(l, name);
    status s = check_tensor(l, name, t, count, 1);
    if (s != STATUS_OK)
        return s;
    if (llm_type_is_quantised(t->type))
        return error_set_at(l->err, STATUS_UNSUPPORTED, file, 0, 0,
                            "tensor '%s': a quantised vector is not supported", name);
    unsigned char *raw = malloc(t->bytes);
    if (raw == NULL)
        return error_memory(l->err);
    s = gguf_tensor_read(l->model->file, t, 0, t->bytes, raw, l->err);
    if (s == STATUS_OK && !convert(t->type, raw, count, out))
        s = error_set_at(l->err, STATUS_INVALID, file, 0, 0,
                         "tensor '%s' holds a value that is not finite", name);
    free(raw);
    return s;
}

static status add_vector(loader *l, const char *name, uint32_t count, const float **out)
{
    float *values = ARENA_ARRAY(l->model->memory, float, count);
    if (values == NULL)
        return error_memory(l->err);
    status s = read_vector(l, name, count, values);
    if (s == STATUS_OK)
        *out = values;
    return s;
}

/* The biases of query, key and value, one behind the other; they come together or not at all. */
static status add_biases(loader *l, uint32_t layer, engine_layer *out)
{
    const llm_shape *s = &l->model->shape;
    const uint32_t sizes[3] = {engine_query_size(s), engine_kv_size(s), engine_kv_size(s)};
    static const char *const names[3] = {"attn_q", "attn_k", "attn_v"};
    char name[64];
    snprintf(name, sizeof name, "blk.%" PRIu32 ".attn_q.bias", layer);
    if (gguf_find_tensor(l->model->file, name) == NULL)
        return STATUS_OK;
    size_t total = engine_padded(sizes[0]) + 2 * engine_padded(sizes[1]);
    float *bias = ARENA_ARRAY(l->model->memory, float, total);
    if (bias == NULL)
        return error_memory(l->err);
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "blk.%" PRIu32 ".%s.bias", layer, names[i]);
        status st = read_vector(l, name, sizes[i], bias + at);
        if (st != STATUS_OK)
            return st;
        at += engine_padded(sizes[i]);
    }
    if (s->rope == LLM_ROPE_PAIRS)
        return error_set_at(l->err, STATUS_UNSUPPORTED, gguf_name(l->model->file), 0, 0,
                            "a llama model with attention biases is not supported");
    out->bias = bias;
    return STATUS_OK;
}

static status add_layer(loader *l, uint32_t i, engine_layer *out)
{
    const llm_shape *s = &l->model->shape;
    const uint32_t e = s->embedding, f = s->feed_forward, q = engine_query_size(s),
                   kv = engine_kv_size(s), h = s->rope == LLM_ROPE_PAIRS ? s->head_size : 0;
    const struct {
        const char *name;
        uint32_t rows, columns, head_size;
        llm_matrix *out;
    } matrices[] = {
        {"attn_q", q, e, h, &out->query},  {"attn_k", kv, e, h, &out->key},
        {"attn_v", kv, e, 0, &out->value}, {"attn_output", e, q, 0, &out->output},
        {"ffn_gate", f, e, 0, &out->gate}, {"ffn_up", f, e, 0, &out->up},
        {"ffn_down", e, f, 0, &out->down},
    };
    struct {
        const char *name;
        uint32_t count;
        bool needed;
        const float **out;
    } vectors[] = {
        {"attn_norm.weight", e, true, &out->attention_norm},
        {"ffn_norm.weight", e, true, &out->feed_norm},
        {"attn_q_norm.weight", s->head_size, false, &out->query_norm},
        {"attn_k_norm.weight", s->head_size, false, &out->key_norm},
        {"attn_output.bias", e, false, &out->output_bias},
    };
    bool qwen3 = str_equal(s->architecture, STR("qwen3"));
    char name[64];
    status st;
    for (size_t m = 0; m < CORE_COUNT(matrices); m++) {
        snprintf(name, sizeof name, "blk.%" PRIu32 ".%s.weight", i, matrices[m].name);
        st = add_matrix(l, name, matrices[m].rows, matrices[m].columns, matrices[m].head_size,
                        matrices[m].out);
        if (st != STATUS_OK)
            return st;
    }
    for (size_t v = 0; v < CORE_COUNT(vectors); v++) {
        snprintf(name, sizeof name, "blk.%" PRIu32 ".%s", i, vectors[v].name);
        bool norm = v == 2 || v == 3; /* of queries and keys: qwen3's alone */
        if (norm ? !qwen3 : !vectors[v].needed && gguf_find_tensor(l->model->file, name) == NULL)
            continue;
        if ((st = add_vector(l, name, vectors[v].count, vectors[v].out)) != STATUS_OK)
            return st;
    }
    return add_biases(l, i, out);
}

static status find_tensors(loader *l)
{
    llm_model *m = l->model;
    const llm_shape *s = &m->shape;
    status st = add_matrix(l, "token_embd.weight", s->vocabulary, s->embedding, 0, &m->embedding);
    if (st == STATUS_OK && !s->tied)
        st = add_matrix(l, "output.weight", s->vocabulary, s->embedding, 0, &m->output);
    if (st == STATUS_OK)
        st = add_vector(l, "output_norm.weight", s->embedding, &m->output_norm);
    for (uint32_t i = 0; i < s->layers && st == STATUS_OK; i++)
        st = add_layer(l, i, &m->layers[i]);
    if (st != STATUS_OK)
        return st;
    (void)find(l, "rope_freqs.weight");
    for (size_t i = 0; i < gguf_tensor_count(m->file); i++)
        if (!l->used[i])
            return error_set_at(l->err, STATUS_UNSUPPORTED, gguf_name(m->file), 0, 0,
                                "tensor '%.*s' is not part of a %.*s model as vouch knows it",
                                STR_ARG(gguf_tensor_at(m->file, i)->name),
                                STR_ARG(s->architecture));
    return STATUS_OK;
}

/* --- packing -------------------------------------------------------------------------------- */

/* The row of the file that becomes row `r`. */
static uint32_t source_row(const load_matrix *m, uint32_t rope_size, uint32_t r)
{
    if (m->head_size == 0)
        return r;
    uint32_t head = r / m->head_size * m->head_size, i = r - head, half = rope_size / 2;
    if (i >= rope_size)
        return r;
    return head + (i < half ? 2 * i : 2 * (i - half) + 1);
}

static void note_failure(loader *l, const error *failure)
{
    pthread_mutex_lock(&l->lock);
    if (!error_is_set(&l->failure))
        l->failure = *failure;
    pthread_mutex_unlock(&l->lock);
}

static void pack_piece(void *context, size_t index, size_t worker)
{
    loader *l = context;
    const load_piece *p = &l->pieces[index];
    const load_matrix *m = &l->matrices[p->matrix];
    const llm_matrix *out = m->matrix;
    uint32_t end = out->rows - p->row < m->piece_rows ? out->rows : p->row + m->piece_rows;
    size_t row_bytes = (size_t)(m->tensor->bytes / out->rows);
    const unsigned char *raw = gguf_tensor_data(l->model->file, m->tensor);
    error failure = {0};
    if (raw != NULL) {
        raw += p->row * row_bytes;
    } else {
        raw = l->raw[worker];
        if (gguf_tensor_read(l->model->file, m->tensor, p->row * row_bytes,
                             (end - p->row) * row_bytes, l->raw[worker], &failure) != STATUS_OK) {
            note_failure(l, &failure);
            return;
        }
    }
    for (uint32_t r = p->row; r < end; r += MATRIX_LANES) {
        const unsigned char *lanes[MATRIX_LANES] = {0};
        for (uint32_t k = 0; k < MATRIX_LANES && r + k < end; k++) {
            uint32_t source = source_row(m, l->model->shape.rope_size, r + k);
            lanes[k] = raw + (source - p->row) * row_bytes;
        }
        unsigned char *to = l->model->weights + m->at + r / MATRIX_LANES * out->group_bytes;
        if (!llm_matrix_pack(out, lanes, to)) {
            error_set_at(&failure, STATUS_INVALID, gguf_name(l->model->file), 0, 0,
                         "tensor '%.*s' holds a value that is not finite in rows %" PRIu32
                         " to %" PRIu32,
                         STR_ARG(m->tensor->name), r, r + MATRIX_LANES - 1);
            note_failure(l, &failure);
            return;
        }
    }
}

/* The buffer of all matrices, on huge pages where the system gives them. */
static status map_weights(loader *l)
{
    llm_model *m = l->model;
    size_t bytes = (l->weight_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE;
    unsigned char *base =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return error_memory(l->err);
    /* Cut to a whole number of aligned huge pages. */
    size_t ahead = (HUGE_PAGE - (uintptr_t)base % HUGE_PAGE) % HUGE_PAGE;
    if (ahead > 0)
        munmap(base, ahead);
    munmap(base + bytes - (HUGE_PAGE - ahead), HUGE_PAGE - ahead);
    m->weights = base + ahead;
    m->weight_bytes = bytes - HUGE_PAGE;
    (void)madvise(m->weights, m->weight_bytes, MADV_HUGEPAGE);
    return STATUS_OK;
}

static status run_pieces(loader *l)
{
    size_t n = 0;
    for (uint32_t i = 0; i < l->matrix_count; i++) {
        const load_matrix *m = &l->matrices[i];
        m->matrix->data = l->model->weights + m->at;
        for (uint32_t row = 0; row < m->matrix->rows; row += m->piece_rows)
            l->pieces[n++] = (load_piece){i, row};
    }
    pool *threads = l->model->threads;
    pool_lock(threads);
    for (size_t from = 0; from < n; from += POOL_MAX_PIECES) {
        l->pieces += from > 0 ? POOL_MAX_PIECES : 0;
        pool_run(threads, n - from < POOL_MAX_PIECES ? n - from : POOL_MAX_PIECES, pack_piece, l);
    }
    pool_unlock(threads);
    if (error_is_set(&l->failure))
        return error_set_at(l->err, l->failure.code, l->failure.file, 0, 0, "%s",
                            l->failure.message);
    return STATUS_OK;
}

static status pack_all(loader *l)
{
    size_t workers = pool_threads(l->model->threads);
    status s = map_weights(l);
    if (s != STATUS_OK)
        return s;
    load_piece *pieces = malloc(l->piece_count * sizeof *pieces);
    l->raw = calloc(workers, sizeof *l->raw);
    bool whole = pieces != NULL && l->raw != NULL;
    for (size_t i = 0; i < workers && whole; i++)
        whole = (l->raw[i] = malloc(l->raw_bytes)) != NULL;
    l->pieces = pieces;
    s = whole ? run_pieces(l) : error_memory(l->err);
    for (size_t i = 0; i < workers && l->raw != NULL; i++)
        free(l->raw[i]);
    free(l->raw);
    free(pieces);
    return s;
}

/* --- opening -------------------------------------------------------------------------------- */

/* Finds all tensors, and packs them unless `weight_bytes` asks for their size alone. */
static status load_tensors(llm_model *m, size_t *weight_bytes, error *err)
{
    loader l = {.model = m, .err = err};
    size_t count = gguf_tensor_count(m->file);
    l.matrix_room = (size_t)m->shape.layers * 7 + 2;
    l.matrices = calloc(l.matrix_room, sizeof *l.matrices);
    l.used = calloc(count + 1, sizeof *l.used);
    pthread_mutex_init(&l.lock, NULL);
    status s = l.matrices == NULL || l.used == NULL ? error_memory(err) : find_tensors(&l);
    if (s == STATUS_OK && weight_bytes == NULL)
        s = pack_all(&l);
    if (s == STATUS_OK && weight_bytes != NULL)
        *weight_bytes = l.weight_bytes;
    if (s == STATUS_OK && m->shape.tied)
        m->output = m->embedding;
    pthread_mutex_destroy(&l.lock);
    free(l.matrices);
    free(l.used);
    return s;
}

/* Shape, layers and rotary frequencies: all but the tensors. */
static status read_metadata(llm_model *m, error *err)
{
    status s = engine_read_shape(m->file, &m->shape, err);
    if (s != STATUS_OK)
        return s;
    m->memory = arena_new(0);
    if (m->memory == NULL)
        return error_memory(err);
    m->layers = ARENA_ARRAY(m->memory, engine_layer, m->shape.layers);
    return m->layers == NULL ? error_memory(err) : engine_read_rope(m, err);
}

status llm_model_inspect(gguf *file, llm_shape *shape, size_t *weight_bytes, error *err)
{
    llm_model m = {.file = file};
    size_t bytes = 0;
    status s = read_metadata(&m, err);
    if (s == STATUS_OK)
        s = load_tensors(&m, &bytes, err);
    arena_free(m.memory);
    if (s != STATUS_OK)
        return s;
    *shape = m.shape;
    *weight_bytes = bytes;
    return STATUS_OK;
}

static status build(llm_model *m, const llm_model_options *options, error *err)
{
    static const llm_model_options defaults = {0};
    const llm_model_options *o = options == NULL ? &defaults : options;
    m->k = kernels_find(o->kernels);
    if (m->k == NULL)
        return error_set(err, STATUS_USAGE, "this machine has no kernels '%s'; see 'vouch doctor'",
                         o->kernels);
    status s = read_metadata(m, err);
    if (s != STATUS_OK || (s = pool_new(o->threads, !o->no_pin, &m->threads, err)) != STATUS_OK ||
        (s = load_tensors(m, NULL, err)) != STATUS_OK)
        return s;
    return workspace_new(m, &m->space, err);
}

/* Takes the file over, also on failure. */
static status open_model(gguf *file, const llm_model_options *options, llm_model **out, error *err)
{
    llm_model *m = calloc(1, sizeof *m);
    if (m == NULL) {
        gguf_close(file);
        return error_memory(err);
    }
    m->file = file;
    status s = build(m, options, err);
    if (s != STATUS_OK) {
        llm_model_close(m);
        return s;
    }
    *out = m;
    return STATUS_OK;
}

status llm_model_open(const char *path, const llm_model_options *options, llm_model **out,
                      error *err)
{
    gguf *file = NULL;
    status s = gguf_open(path, &file, err);
    return s != STATUS_OK ? s : open_model(file, options, out, err);
}

status llm_model_open_memory(const void *data, size_t bytes, const char *name,
                             const llm_model_options *options, llm_model **out, error *err)
{
    gguf *file = NULL;
    status s = gguf_open_memory(data, bytes, name, &file, err);
    return s != STATUS_OK ? s : open_model(file, options, out, err);
}

void llm_model_close(llm_model *m)
{
    if (m == NULL)
        return;
    workspace_free(m->space);
    pool_free(m->threads);
    if (m->weights != NULL)
        munmap(m->weights, m->weight_bytes);
    arena_free(m->memory);
    gguf_close(m->file);
    free(m);
}

const llm_shape *llm_model_shape(const llm_model *m)
{
    return &m->shape;
}

const gguf *llm_model_gguf(const llm_model *m)
{
    return m->file;
}

const char *llm_model_kernels(const llm_model *m)
{
    return m->k->name;
}

size_t llm_model_threads(const llm_model *m)
{
    return pool_threads(m->threads);
}

size_t llm_model_bytes(const llm_model *m)
{
    return m->weight_bytes;
}
