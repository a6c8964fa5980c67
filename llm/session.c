/* Sessions: which tokens are held, which pages hold them, and evaluation in batches. */
#include "llm/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "llm/session_inside.h"

#define DEFAULT_CONTEXT 4096u
#define MAX_CONTEXT ((size_t)1 << 24)

static size_t pages_for(size_t tokens)
{
    return (tokens + KV_PAGE - 1) / KV_PAGE;
}

status llm_session_new(const llm_model *model, const llm_session_options *options,
                       llm_session **out, error *err)
{
    static const llm_session_options defaults = {0};
    const llm_session_options *o = options == NULL ? &defaults : options;
    size_t context = o->context;
    if (context == 0)
        context = model->shape.context < DEFAULT_CONTEXT ? model->shape.context : DEFAULT_CONTEXT;
    if (context > MAX_CONTEXT)
        return error_set(err, STATUS_LIMIT, "a context of %zu tokens is too long", context);
    llm_session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->model = model;
    s->kv = kv_plan(&model->shape, o->kv);
    s->context = context;
    s->cache = o->cache;
    s->tokens = calloc(context, sizeof *s->tokens);
    s->pages = calloc(pages_for(context), sizeof(kv_page *));
    if (s->tokens == NULL || s->pages == NULL) {
        llm_session_free(s);
        return error_memory(err);
    }
    *out = s;
    return STATUS_OK;
}

static void drop_pages(llm_session *s, size_t keep)
{
    while (s->page_count > keep)
        kv_page_drop(s->pages[--s->page_count]);
}

void llm_session_free(llm_session *s)
{
    if (s == NULL)
        return;
    drop_pages(s, 0);
    free(s->pages);
    free(s->tokens);
    free(s->logits);
    free(s);
}

/* Pages for positions [count, end) that belong to this session alone. */
static status make_pages(llm_session *s, size_t end, error *err)
{
    size_t first = s->count / KV_PAGE;
    if (first < s->page_count && kv_page_shared(s->pages[first])) {
        kv_page *copy = kv_page_copy(&s->kv, s->pages[first]);
        if (copy == NULL)
            return error_memory(err);
        kv_page_drop(s->pages[first]);
        s->pages[first] = copy;
    }
    while (s->page_count < pages_for(end)) {
        kv_page *page = kv_page_new(&s->kv);
        if (page == NULL)
            return error_memory(err);
        s->pages[s->page_count++] = page;
    }
    return STATUS_OK;
}

static status check_tokens(const llm_session *s, const int32_t *tokens, size_t count, error *err)
{
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (uint32_t)tokens[i] >= s->model->shape.vocabulary)
            return error_set(err, STATUS_INVALID,
                             "token %zu is %" PRId32 ", outside of the vocabulary of %" PRIu32, i,
                             tokens[i], s->model->shape.vocabulary);
    return STATUS_OK;
}

/* One batch. `logits` gets those of the last `rows` tokens. */
static status eval_batch(llm_session *s, const int32_t *tokens, size_t count, float *logits,
                         size_t rows, error *err)
{
    status st = make_pages(s, s->count + count, err);
    if (st != STATUS_OK)
        return st;
    forward_batch b = {.tokens = tokens,
                       .count = count,
                       .past = s->count,
                       .kv = &s->kv,
                       .pages = s->pages,
                       .cancel = &s->cancelled};
    s->logits_count = 0;
    pool_lock(s->model->threads);
    st = forward_run(s->model, &b, err);
    if (st == STATUS_OK && rows > 0)
        st = forward_logits(s->model, count - rows, rows, logits, err);
    pool_unlock(s->model->threads);
    if (st == STATUS_CANCELLED)
        atomic_store(&s->cancelled, false);
    if (st != STATUS_OK)
        return st;
    memcpy(s->tokens + s->count, tokens, count * sizeof *tokens);
    s->count += count;
    return STATUS_OK;
}

static status eval(llm_session *s, const int32_t *tokens, size_t count, float *logits, bool all,
                   error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "there are no tokens to evaluate");
    if (count > s->context - s->count)
        return error_set(err, STATUS_LIMIT,
                         "%zu tokens on top of %zu exceed the context of %zu tokens; shorten the "
                         "text or ask for a longer context",
                         count, s->count, s->context);
    status st = check_tokens(s, tokens, count, err);
    size_t stride = s->model->shape.vocabulary;
    for (size_t at = 0; at < count && st == STATUS_OK;) {
        size_t n = count - at < ENGINE_BATCH ? count - at : ENGINE_BATCH;
        size_t rows = logits == NULL ? 0 : all ? n : at + n == count;
        st = eval_batch(s, tokens + at, n, all && logits != NULL ? logits + at * stride : logits,
                        rows, err);
        at += n;
    }
    return st;
}

status llm_session_eval(llm_session *s, const int32_t *tokens, size_t count, float *logits,
                        error *err)
{
    return eval(s, tokens, count, logits, false, err);
}

status llm_session_eval_all(llm_session *s, const int32_t *tokens, size_t count, float *logits,
                            error *err)
{
    return eval(s, tokens, count, logits, true, err);
}

static void cut(llm_session *s, size_t length)
{
    s->count = length;
    s->logits_count = 0;
    drop_pages(s, pages_for(length));
}

status llm_session_rewind(llm_session *s, size_t length, error *err)
{
    if (length > s->count)
        return error_set(err, STATUS_USAGE, "cannot rewind to %zu tokens: there are %zu", length,
                         s->count);
    cut(s, length);
    return STATUS_OK;
}

/* Takes pages from the cache if they hold more of the tokens than the session does. */
static void take_from_cache(llm_session *s, const int32_t *tokens, size_t most)
{
    kv_page **pages = calloc(pages_for(most) + 1, sizeof(kv_page *));
    if (pages == NULL)
        return;
    size_t n = cache_find(s->cache, s->model, s->kv.type, tokens, most, s->count, pages);
    if (n > 0) {
        cut(s, 0);
        memcpy(s->pages, pages, n * sizeof(kv_page *));
        s->page_count = n;
        s->count = n * KV_PAGE;
        memcpy(s->tokens, tokens, s->count * sizeof *tokens);
    }
    free(pages);
}

status llm_session_set(llm_session *s, const int32_t *tokens, size_t count, float *logits,
                       size_t *reused, error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "there are no tokens to evaluate");
    if (count > s->context)
        return error_set(err, STATUS_LIMIT, "%zu tokens exceed the context of %zu tokens", count,
                         s->context);
    status st = check_tokens(s, tokens, count, err);
    if (st != STATUS_OK)
        return st;
    size_t same = 0;
    while (same < s->count && same < count - 1 && s->tokens[same] == tokens[same])
        same++;
    cut(s, same);
    if (s->cache != NULL)
        take_from_cache(s, tokens, count - 1);
    same = s->count;
    st = eval(s, tokens + same, count - same, logits, false, err);
    if (st != STATUS_OK)
        return st;
    if (s->cache != NULL)
        cache_offer(s->cache, s->model, &s->kv, s->tokens, s->count, s->pages);
    if (reused != NULL)
        *reused = same;
    return STATUS_OK;
}

const int32_t *llm_session_tokens(const llm_session *s, size_t *count)
{
    *count = s->count;
    return s->tokens;
}

size_t llm_session_context(const llm_session *s)
{
    return s->context;
}

const llm_model *llm_session_model(const llm_session *s)
{
    return s->model;
}

status llm_session_fork(const llm_session *s, llm_session **out, error *err)
{
    llm_session_options options = {.context = s->context, .kv = s->kv.type, .cache = s->cache};
    llm_session *f = NULL;
    status st = llm_session_new(s->model, &options, &f, err);
    if (st != STATUS_OK)
        return st;
    memcpy(f->tokens, s->tokens, s->count * sizeof *s->tokens);
    f->count = s->count;
    f->page_count = pages_for(s->count);
    for (size_t i = 0; i < f->page_count; i++) {
        f->pages[i] = s->pages[i];
        kv_page_keep(f->pages[i]);
    }
    *out = f;
    return STATUS_OK;
}

void llm_session_cancel(llm_session *s)
{
    atomic_store(&s->cancelled, true);
}

size_t llm_session_bytes(const llm_session *s)
{
    size_t logits = s->logits == NULL ? 0 : s->model->shape.vocabulary * sizeof *s->logits;
    return s->page_count * s->kv.page_bytes + s->context * sizeof *s->tokens + logits;
}

size_t llm_session_estimate(const llm_shape *model, size_t context, llm_kv_type type)
{
    kv_shape kv = kv_plan(model, type);
    return pages_for(context) * kv.page_bytes + context * sizeof(int32_t);
}
