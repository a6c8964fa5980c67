/* See brain.h. */
#include "fusion/brain.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fusion/model_rank.h"
#include "llm/local.h"
#include "llm/remote.h"

struct brain {
    pthread_mutex_t lock;
    model_rank *rank; /* NULL = it does not rank */
    llm *writer;      /* NULL = it does not write */
    bool local;       /* the writer is a file on this machine */
    char name[128], note[ERROR_MESSAGE_BYTES];
};

static void set_name(brain *b, str name)
{
    snprintf(b->name, sizeof b->name, "%.*s", STR_ARG(name));
}

static bool is_url(const char *model)
{
    return strncmp(model, "http://", 7) == 0 || strncmp(model, "https://", 8) == 0;
}

/* A model made to rank takes that role; any other file, and every endpoint, writes. */
static status open_any(brain *b, const brain_options *o, error *err)
{
    if (o->model != NULL && (strcmp(o->model, "none") == 0 || o->model[0] == '\0'))
        return STATUS_OK;
    status st = model_rank_open(o->model, o->threads, &b->rank, err);
    if (st != STATUS_OK || b->rank != NULL || o->model == NULL) {
        if (b->rank != NULL)
            set_name(b, model_rank_name(b->rank));
        return st;
    }
    const llm_model_options model = {.threads = o->threads < 0 ? 0 : (size_t)o->threads,
                                     .no_pin = true};
    st = is_url(o->model) ? llm_remote_open(str_from(o->model), NULL, &b->writer, err)
                          : llm_local_open(o->model, &model, NULL, &b->writer, err);
    b->local = st == STATUS_OK && !is_url(o->model);
    if (st == STATUS_OK)
        set_name(b, llm_name(b->writer));
    return st;
}

status brain_open(const brain_options *options, brain **out, error *err)
{
    if (options->local_only && options->model != NULL && is_url(options->model))
        return error_set(err, STATUS_USAGE, "a model behind a URL is not allowed here");
    brain *b = calloc(1, sizeof *b);
    if (b == NULL)
        return error_memory(err);
    pthread_mutex_init(&b->lock, NULL);
    error why = {0};
    if (open_any(b, options, &why) != STATUS_OK)
        (void)error_describe(&why, b->note, sizeof b->note);
    *out = b;
    return STATUS_OK;
}

void brain_close(brain *b)
{
    if (b == NULL)
        return;
    model_rank_close(b->rank);
    if (b->writer != NULL)
        llm_close(b->writer);
    pthread_mutex_destroy(&b->lock);
    free(b);
}

void brain_set_writer(brain *b, llm *writer)
{
    pthread_mutex_lock(&b->lock);
    if (b->writer != NULL)
        llm_close(b->writer);
    b->writer = writer;
    b->local = false;
    set_name(b, writer == NULL ? STR("none") : llm_name(writer));
    pthread_mutex_unlock(&b->lock);
}

str brain_name(const brain *b)
{
    return b->name[0] == '\0' ? STR("none") : str_from(b->name);
}

str brain_note(const brain *b)
{
    return str_from(b->note);
}

bool brain_ranks(const brain *b)
{
    return b->rank != NULL;
}

bool brain_writes(const brain *b)
{
    return b->writer != NULL;
}

bool brain_score(void *context, str types, str question, const str *texts,
                 const retriever_candidate *candidates, size_t count, double *scores)
{
    brain *b = context;
    return b->rank != NULL &&
           model_rank_score(b->rank, types, question, texts, candidates, count, scores);
}

bool brain_reword(brain *b, str prompt, const char *const *placeholders, size_t count, buf *out)
{
    return b->rank != NULL && model_rank_reword(b->rank, prompt, placeholders, count, out);
}

status brain_write(brain *b, const llm_request *request, llm_result *result, error *err)
{
    pthread_mutex_lock(&b->lock);
    status st = b->writer == NULL ? error_set(err, STATUS_NOT_FOUND, "there is no model")
                                  : llm_generate(b->writer, request, result, err);
    pthread_mutex_unlock(&b->lock);
    return st;
}

const llm_tokenizer *brain_vocabulary(const brain *b)
{
    return b->local ? llm_vocabulary(b->writer) : NULL;
}

size_t brain_context(const brain *b)
{
    return b->local ? llm_local_context(b->writer) : 0;
}

size_t brain_count_tokens(brain *b, str text)
{
    /* A byte-level vocabulary spends about a token on three bytes of either language; counted by
     * the tokenizer itself where there is one. */
    const llm_tokenizer *t = b->writer == NULL ? NULL : llm_vocabulary(b->writer);
    if (t == NULL)
        return text.length / 3 + 1;
    llm_tokens tokens = {0};
    error ignored = {0};
    status st = llm_tokenizer_encode(t, text, LLM_ENCODE_NO_USER, &tokens, &ignored);
    size_t count = st == STATUS_OK && !tokens.failed ? tokens.count : text.length / 3 + 1;
    llm_tokens_free(&tokens);
    return count;
}
