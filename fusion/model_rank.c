/* A ranker's session serves one thread at a time, so a lock stands before it; a question takes a
 * few milliseconds. */
#include "fusion/model_rank.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/buf.h"
#include "llm/embedded.h"
#include "llm/ranker.h"

struct model_rank {
    llm_model *model;
    llm_ranker *ranker;
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
