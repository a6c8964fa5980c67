/* A ranker's session serves one thread at a time, so a lock stands before it; a question takes a
 * few milliseconds. */
#include "fusion/model_rank.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/buf.h"
#include "llm/embedded.h"
#include "llm/local.h"
#include "llm/modeltext.h"
#include "llm/ranker.h"
#include "llm/tokenizer_gguf.h"

enum { WORDING_TOKENS = 48, MOST_PLACEHOLDERS = 16 };

struct model_rank {
    llm_model *model;
    llm_ranker *ranker;
    llm_tokenizer *tokenizer; /* with the writer; both NULL until they are needed */
    llm *writer;
    pthread_mutex_t lock;
};

static status open_model(const char *path, int threads, llm_model **out, error *err)
{
    llm_model_options options = {.threads = threads > 0 ? (size_t)threads : 0, .no_pin = true};
    const void *data;
    size_t bytes;
    if (path != NULL)
        return llm_model_open(path, &options, out, err);
    if (!llm_embedded_model(&data, &bytes))
        return STATUS_OK;
    return llm_model_open_memory(data, bytes, "the embedded model", &options, out, err);
}

static bool is_no_file(const char *model)
{
    str m = str_from(model);
    return str_equal(m, STR("none")) || str_starts(m, STR("http://")) ||
           str_starts(m, STR("https://"));
}

status model_rank_open(const char *path, int threads, model_rank **out, error *err)
{
    llm_model *model = NULL;
    llm_ranker *ranker = NULL;
    error no_ranker = {0};
    *out = NULL;
    if (path != NULL && is_no_file(path))
        return STATUS_OK;
    status st = open_model(path, threads, &model, err);
    if (st != STATUS_OK || model == NULL)
        return st;
    st = llm_ranker_new(model, &ranker, &no_ranker);
    model_rank *m = st == STATUS_OK ? calloc(1, sizeof *m) : NULL;
    if (m == NULL) {
        llm_ranker_free(ranker);
        llm_model_close(model);
        if (st == STATUS_UNSUPPORTED)
            return STATUS_OK;
        return st == STATUS_OK ? error_memory(err) : error_set(err, st, "%s", no_ranker.message);
    }
    m->model = model;
    m->ranker = ranker;
    pthread_mutex_init(&m->lock, NULL);
    *out = m;
    return STATUS_OK;
}

void model_rank_close(model_rank *m)
{
    if (m == NULL)
        return;
    if (m->writer != NULL)
        llm_close(m->writer);
    llm_tokenizer_free(m->tokenizer);
    llm_ranker_free(m->ranker);
    llm_model_close(m->model);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

str model_rank_name(const model_rank *m)
{
    str name = llm_model_shape(m->model)->name;
    return str_empty(name) ? STR("a model without a name") : name;
}

bool model_rank_score(void *context, str types, str question, const str *texts,
                      const retriever_candidate *candidates, size_t count, double *scores)
{
    (void)candidates;
    model_rank *m = context;
    llm_rank_score found[LLM_RANKER_MAX_FORMS];
    error err = {0};
    buf prefix = {0};
    buf_add(&prefix, types);
    buf_add_cstr(&prefix, "<Q>");
    buf_add(&prefix, question);
    buf_add_cstr(&prefix, "<A>");
    bool done = false;
    if (!prefix.failed && count <= LLM_RANKER_MAX_FORMS) {
        pthread_mutex_lock(&m->lock);
        done =
            llm_ranker_score(m->ranker, buf_str(&prefix), texts, count, found, &err) == STATUS_OK;
        pthread_mutex_unlock(&m->lock);
    }
    for (size_t i = 0; i < count && done; i++) {
        double fit = found[i].fit;
        scores[i] = fit > 8 ? 8 : fit < -8 ? -8 : fit;
    }
    buf_free(&prefix);
    return done;
}

/* --- wording --------------------------------------------------------------------------------- */
/* Takes away the reserved tokens that are no placeholders of this sentence. */
typedef struct plain_words {
    llm_constraint head;
    uint64_t *never;
} plain_words;

static status plain_mask(llm_constraint *self, uint64_t *allowed, error *err)
{
    const plain_words *c = (const plain_words *)self;
    (void)err;
    for (size_t i = 0; i < llm_mask_words(self->vocabulary); i++)
        allowed[i] &= ~c->never[i];
    return STATUS_OK;
}

static status plain_accept(llm_constraint *self, int32_t token, error *err)
{
    const plain_words *c = (const plain_words *)self;
    if (token < 0 || (size_t)token >= self->vocabulary || llm_mask_has(c->never, token))
        return error_set(err, STATUS_INVALID, "token %d is not allowed here", (int)token);
    return STATUS_OK;
}

static bool plain_can_end(const llm_constraint *self)
{
    (void)self;
    return true;
}

static void plain_reset(llm_constraint *self)
{
    (void)self;
}

static void plain_free(llm_constraint *self)
{
    free(((plain_words *)self)->never);
    free(self);
}

static status plain_new(const llm_tokenizer *t, const int32_t *slots, size_t count,
                        llm_constraint **out, error *err)
{
    static const llm_constraint_ops ops = {plain_mask, plain_accept, plain_can_end, plain_reset,
                                           plain_free};
    plain_words *c = calloc(1, sizeof *c);
    size_t vocabulary = llm_tokenizer_count(t);
    if (c == NULL)
        return error_memory(err);
    *c = (plain_words){{&ops, vocabulary}, calloc(llm_mask_words(vocabulary), sizeof(uint64_t))};
    if (c->never == NULL) {
        free(c);
        return error_memory(err);
    }
    for (size_t i = 0; modeltext_reserved[i] != NULL; i++) {
        int32_t token = llm_tokenizer_find(t, str_from(modeltext_reserved[i]));
        bool slot = token == LLM_TOKEN_NONE;
        for (size_t k = 0; k < count; k++)
            slot = slot || slots[k] == token;
        if (!slot)
            llm_mask_set(c->never, token);
    }
    *out = &c->head;
    return STATUS_OK;
}

static bool open_writer(model_rank *m)
{
    error ignored = {0};
    if (m->writer != NULL)
        return true;
    const llm_session_options options = {.context = 256};
    if (m->tokenizer == NULL &&
        llm_tokenizer_from_gguf(llm_model_gguf(m->model), &m->tokenizer, &ignored) != STATUS_OK)
        return false;
    return llm_local_new(m->model, m->tokenizer, &options, &m->writer, &ignored) == STATUS_OK;
}

static bool reword(model_rank *m, str prompt, const int32_t *slots, size_t count, buf *out)
{
    error ignored = {0};
    llm_constraint *once = NULL, *plain = NULL, *both = NULL;
    llm_result result = {0};
    llm_request r = llm_request_default();
    bool made = llm_constraint_once(m->tokenizer, slots, count, &once, &ignored) == STATUS_OK &&
                plain_new(m->tokenizer, slots, count, &plain, &ignored) == STATUS_OK;
    if (!made) {
        llm_constraint_free(once);
        return false;
    }
    if (llm_constraint_both(once, plain, &both, &ignored) != STATUS_OK)
        return false;
    r.prompt = prompt;
    r.parse_special = true;
    r.max_tokens = WORDING_TOKENS;
    r.constraint = both;
    bool whole = llm_generate(m->writer, &r, &result, &ignored) == STATUS_OK &&
                 result.finish == LLM_FINISH_STOP;
    if (whole)
        buf_add(out, buf_str(&result.text));
    llm_constraint_free(both);
    llm_result_free(&result);
    return whole && !out->failed;
}

bool model_rank_reword(model_rank *m, str prompt, const char *const *placeholders, size_t count,
                       buf *out)
{
    int32_t slots[MOST_PLACEHOLDERS];
    pthread_mutex_lock(&m->lock);
    bool whole = count <= MOST_PLACEHOLDERS && open_writer(m);
    for (size_t i = 0; i < count && whole; i++) {
        slots[i] = llm_tokenizer_find(m->tokenizer, str_from(placeholders[i]));
        whole = slots[i] != LLM_TOKEN_NONE;
    }
    whole = whole && reword(m, prompt, slots, count, out);
    pthread_mutex_unlock(&m->lock);
    return whole;
}
