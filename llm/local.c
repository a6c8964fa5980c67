/* See local.h. The loop of generation: mask, sample, accept, show, evaluate. */
#include "llm/local.h"

#include <stdlib.h>
#include <string.h>

#include "llm/grammar.h"
#include "llm/json_schema.h"
#include "llm/remote.h"
#include "llm/tokenizer_gguf.h"

typedef struct local {
    llm head;
    llm_model *owned_model; /* NULL when borrowed */
    llm_tokenizer *owned_tokenizer;
    const llm_model *model;
    const llm_tokenizer *t;
    llm_session *session;
    llm_chat chat;
    char *name;
    size_t vocabulary; /* logits per position: the model's, at least the tokenizer's */
    float *logits;
    uint64_t *mask;
    atomic_bool cancelled;
} local;

/* What one request needs beside the model. */
typedef struct run {
    local *m;
    const llm_request *q;
    llm_result *result;
    llm_tokens tokens; /* prompt and answer */
    llm_sampler *sampler;
    llm_constraint *constraint; /* the request's, or own */
    llm_grammar *own_grammar;
    llm_constraint *own_constraint;
    llm_decoder decoder;
    size_t shown;
    bool done;
} run;

/* --- preparing --- */

static status compile_own(run *r, str grammar, error *err)
{
    status s = llm_grammar_compile(grammar, &r->own_grammar, err);
    if (s == STATUS_OK)
        s = llm_constraint_grammar(r->own_grammar, r->m->t, &r->own_constraint, err);
    r->constraint = r->own_constraint;
    return s;
}

static status prepare_constraint(run *r, error *err)
{
    r->constraint = r->q->constraint;
    if (r->constraint != NULL && r->constraint->vocabulary > r->m->vocabulary)
        return error_set(err, STATUS_USAGE, "the constraint is for another vocabulary");
    if (!str_empty(r->q->grammar))
        return compile_own(r, r->q->grammar, err);
    if (!str_empty(r->q->json_schema)) {
        buf text = {0};
        status s = llm_json_schema_to_grammar(r->q->json_schema, &text, err);
        if (s == STATUS_OK)
            s = compile_own(r, buf_str(&text), err);
        buf_free(&text);
        return s;
    }
    llm_constraint_reset(r->constraint);
    return STATUS_OK;
}

static status prepare_prompt(run *r, error *err)
{
    const llm_tokenizer *t = r->m->t;
    unsigned flags = LLM_ENCODE_ENDS | (r->q->parse_special ? LLM_ENCODE_SPECIAL : 0);
    if (r->q->message_count > 0)
        return llm_chat_encode(&r->m->chat, t, r->q->messages, r->q->message_count, &r->tokens,
                               err);
    status s = llm_tokenizer_encode(t, r->q->prompt, flags, &r->tokens, err);
    /* An EOS that the vocabulary puts behind each text would end the answer before it began. */
    if (s == STATUS_OK && llm_tokenizer_adds_eos(t) && r->tokens.count > 0)
        r->tokens.count--;
    r->decoder.keep_leading = true; /* the text goes on */
    return s;
}

static status prepare(run *r, error *err)
{
    status s = prepare_prompt(r, err);
    if (s == STATUS_OK && r->tokens.count == 0)
        s = error_set(err, STATUS_USAGE, "the prompt is empty");
    if (s == STATUS_OK && r->tokens.count >= llm_session_context(r->m->session))
        s = error_set(err, STATUS_LIMIT,
                      "the prompt has %zu tokens, which leave no room in a context of %zu",
                      r->tokens.count, llm_session_context(r->m->session));
    if (s == STATUS_OK)
        s = prepare_constraint(r, err);
    if (s == STATUS_OK)
        s = llm_sampler_new(&r->q->sampling, r->m->vocabulary, &r->sampler, err);
    r->result->prompt_tokens = r->tokens.count;
    r->result->top_per_token = r->q->logprobs ? r->q->top_logprobs : 0;
    return s;
}

/* --- one step --- */

static bool is_cancelled(const run *r)
{
    return atomic_load(&r->m->cancelled) || (r->q->cancel != NULL && atomic_load(r->q->cancel));
}

/* The tokens that may come. Those that end the text are let in and kept out by can_end alone. */
static status make_mask(run *r, error *err)
{
    local *m = r->m;
    size_t words = llm_mask_words(m->vocabulary);
    size_t known = llm_tokenizer_count(m->t);
    memset(m->mask, 0, words * sizeof *m->mask);
    llm_mask_fill(m->mask, known);
    status s = llm_constraint_mask(r->constraint, m->mask, err);
    if (s != STATUS_OK || r->constraint == NULL)
        return s;
    bool may_end = llm_constraint_can_end(r->constraint);
    size_t count;
    const int32_t *ends = llm_tokenizer_ending(m->t, &count);
    for (size_t i = 0; i < count; i++) {
        llm_mask_drop(m->mask, ends[i]);
        if (may_end)
            llm_mask_set(m->mask, ends[i]);
    }
    return STATUS_OK;
}

static bool mask_is_empty(const local *m)
{
    for (size_t i = 0; i < llm_mask_words(m->vocabulary); i++)
        if (m->mask[i] != 0)
            return false;
    return true;
}

static status add_logprobs(run *r, int32_t token, error *err)
{
    const local *m = r->m;
    llm_logprob top[20];
    if (!r->q->logprobs)
        return STATUS_OK;
    double norm = llm_log_sum_exp(m->logits, m->vocabulary);
    bool ok = llm_result_add(r->result, false, token, (float)((double)m->logits[token] - norm),
                             llm_tokenizer_piece(m->t, token, true));
    size_t n = llm_top_logprobs(m->logits, m->vocabulary, top, r->q->top_logprobs);
    for (size_t i = 0; ok && i < r->q->top_logprobs; i++)
        ok = i < n ? llm_result_add(r->result, true, top[i].token, top[i].logprob,
                                    llm_tokenizer_piece(m->t, top[i].token, true))
                   : llm_result_add(r->result, true, LLM_TOKEN_NONE, -1e30f, STR(""));
    return ok ? STATUS_OK : error_memory(err);
}

/* Gives on_text what can no longer be part of a stop string. */
static void show(run *r, bool all)
{
    str text = buf_str(&r->result->text);
    size_t stop = llm_find_stop(r->q, text, r->shown);
    if (stop != STR_NONE) {
        r->result->text.length = stop;
        r->result->text.data[stop] = 0;
        r->result->finish = LLM_FINISH_STOP;
        r->done = all = true;
        text = buf_str(&r->result->text);
    }
    size_t end = text.length - (all ? 0 : llm_held_back(r->q, text));
    if (end <= r->shown)
        return;
    str fresh = str_slice(text, r->shown, end);
    r->shown = end;
    if (r->q->on_text != NULL && !r->q->on_text(r->q->user, fresh)) {
        r->result->finish = LLM_FINISH_CANCELLED;
        r->done = true;
    }
}

static void finish(run *r, llm_finish why)
{
    r->result->finish = why;
    r->done = true;
}

/* Chooses the next token from the logits; sets r->done when there is none. */
static status choose(run *r, int32_t *token, error *err)
{
    status s = make_mask(r, err);
    if (s != STATUS_OK)
        return s;
    if (mask_is_empty(r->m)) {
        /* Nothing may follow: the text is whole, or it cannot be made whole. */
        finish(r, llm_constraint_can_end(r->constraint) ? LLM_FINISH_STOP : LLM_FINISH_CONSTRAINT);
        return STATUS_OK;
    }
    s = llm_sampler_choose(r->sampler, r->m->logits, r->m->mask, r->tokens.ids, r->tokens.count,
                           token, err);
    if (s != STATUS_OK)
        return s;
    if (llm_tokenizer_ends(r->m->t, *token)) {
        finish(r, LLM_FINISH_STOP);
        return STATUS_OK;
    }
    s = llm_constraint_accept(r->constraint, *token, err);
    return s == STATUS_OK ? add_logprobs(r, *token, err) : s;
}

/* Room and budget: true when one more token may be evaluated. */
static bool may_go_on(const run *r)
{
    size_t said = r->result->completion_tokens;
    return (r->q->max_tokens == 0 || said < r->q->max_tokens) &&
           r->tokens.count < llm_session_context(r->m->session);
}

/* The constraint allows the end and nothing else: the text is whole. */
static bool nothing_follows(run *r)
{
    size_t words = llm_mask_words(r->m->vocabulary);
    memset(r->m->mask, 0, words * sizeof *r->m->mask);
    llm_mask_fill(r->m->mask, llm_tokenizer_count(r->m->t));
    return llm_constraint_mask(r->constraint, r->m->mask, NULL) == STATUS_OK && mask_is_empty(r->m);
}

static status step(run *r, error *err)
{
    int32_t token = LLM_TOKEN_NONE;
    if (is_cancelled(r)) {
        finish(r, LLM_FINISH_CANCELLED);
        return STATUS_OK;
    }
    status s = choose(r, &token, err);
    if (s != STATUS_OK || r->done)
        return s;
    r->result->completion_tokens++;
    if (!llm_tokens_add(&r->tokens, token) ||
        !llm_decoder_add(&r->decoder, r->m->t, token, false, &r->result->text))
        return error_memory(err);
    show(r, false);
    if (r->done)
        return STATUS_OK;
    if (!may_go_on(r)) {
        bool whole =
            r->constraint != NULL && llm_constraint_can_end(r->constraint) && nothing_follows(r);
        finish(r, whole ? LLM_FINISH_STOP : LLM_FINISH_LENGTH);
        return STATUS_OK;
    }
    return llm_session_eval(r->m->session, &token, 1, r->m->logits, err);
}

static status generate(run *r, error *err)
{
    status s = prepare(r, err);
    if (s != STATUS_OK)
        return s;
    if (is_cancelled(r)) {
        finish(r, LLM_FINISH_CANCELLED);
        return STATUS_OK;
    }
    s = llm_session_set(r->m->session, r->tokens.ids, r->tokens.count, r->m->logits,
                        &r->result->cached_tokens, err);
    while (s == STATUS_OK && !r->done)
        s = step(r, err);
    if (s == STATUS_CANCELLED) {
        if (err != NULL)
            error_clear(err);
        finish(r, LLM_FINISH_CANCELLED);
        s = STATUS_OK;
    }
    llm_decoder_finish(&r->decoder, &r->result->text);
    llm_finish why = r->result->finish;
    if (s == STATUS_OK && why != LLM_FINISH_CANCELLED)
        show(r, true);
    return s == STATUS_OK && r->result->text.failed ? error_memory(err) : s;
}

static status local_generate(llm *self, const llm_request *q, llm_result *result, error *err)
{
    run r = {.m = (local *)self, .q = q, .result = result};
    status s = generate(&r, err);
    atomic_store(&r.m->cancelled, false);
    llm_tokens_free(&r.tokens);
    llm_sampler_free(r.sampler);
    llm_constraint_free(r.own_constraint);
    llm_grammar_free(r.own_grammar);
    return s;
}

/* --- opening --- */

static void local_cancel(llm *self)
{
    local *m = (local *)self;
    atomic_store(&m->cancelled, true);
    llm_session_cancel(m->session);
}

static const llm_tokenizer *local_vocabulary(const llm *self)
{
    return ((const local *)self)->t;
}

static str local_name(const llm *self)
{
    return str_from(((const local *)self)->name);
}

static void local_close(llm *self)
{
    local *m = (local *)self;
    llm_session_free(m->session);
    llm_tokenizer_free(m->owned_tokenizer);
    if (m->owned_model != NULL)
        llm_model_close(m->owned_model);
    free(m->name);
    free(m->logits);
    free(m->mask);
    free(m);
}

size_t llm_local_context(const llm *self)
{
    return llm_session_context(((const local *)self)->session);
}

llm_chat llm_local_chat(const llm *self)
{
    return ((const local *)self)->chat;
}

/* general.name, else the file's name without its folder. */
static char *name_of(const llm_model *model)
{
    str name = llm_model_shape(model)->name;
    if (str_empty(name)) {
        const char *path = gguf_name(llm_model_gguf(model));
        const char *slash = strrchr(path, '/');
        name = str_from(slash == NULL ? path : slash + 1);
    }
    buf b = {0};
    buf_add(&b, name);
    return buf_take(&b);
}

static status set_up(local *m, const llm_session_options *options, error *err)
{
    size_t known = llm_tokenizer_count(m->t);
    m->vocabulary = llm_model_shape(m->model)->vocabulary;
    if (known > m->vocabulary)
        return error_set(err, STATUS_INVALID,
                         "the tokenizer has %zu tokens, but the model only %zu", known,
                         m->vocabulary);
    str template_text = {NULL, 0};
    gguf_get_str(llm_model_gguf(m->model), "tokenizer.chat_template", &template_text);
    m->chat = llm_chat_detect(template_text, m->t);
    m->name = name_of(m->model);
    m->logits = malloc(m->vocabulary * sizeof *m->logits);
    m->mask = malloc(llm_mask_words(m->vocabulary) * sizeof *m->mask);
    if (m->name == NULL || m->logits == NULL || m->mask == NULL)
        return error_memory(err);
    return llm_session_new(m->model, options, &m->session, err);
}

status llm_local_new(const llm_model *model, const llm_tokenizer *t,
                     const llm_session_options *options, llm **out, error *err)
{
    static const llm_ops ops = {local_generate, local_cancel, local_vocabulary, local_name,
                                local_close};
    local *m = calloc(1, sizeof *m);
    if (m == NULL)
        return error_memory(err);
    m->head.ops = &ops;
    m->model = model;
    m->t = t;
    status s = set_up(m, options, err);
    if (s != STATUS_OK) {
        local_close(&m->head);
        return s;
    }
    *out = &m->head;
    return STATUS_OK;
}

status llm_local_open(const char *path, const llm_model_options *model_options,
                      const llm_session_options *session_options, llm **out, error *err)
{
    llm_model *model = NULL;
    llm_tokenizer *t = NULL;
    llm *made = NULL;
    status s = llm_model_open(path, model_options, &model, err);
    if (s == STATUS_OK)
        s = llm_tokenizer_from_gguf(llm_model_gguf(model), &t, err);
    if (s == STATUS_OK)
        s = llm_local_new(model, t, session_options, &made, err);
    if (s != STATUS_OK) {
        llm_tokenizer_free(t);
        if (model != NULL)
            llm_model_close(model);
        return s;
    }
    ((local *)made)->owned_model = model;
    ((local *)made)->owned_tokenizer = t;
    *out = made;
    return STATUS_OK;
}

status llm_open(str where, llm **out, error *err)
{
    if (str_starts(where, STR("http://")) || str_starts(where, STR("https://")))
        return llm_remote_open(where, NULL, out, err);
    buf path = {0};
    status s =
        buf_add(&path, where) ? llm_local_open(path.data, NULL, NULL, out, err) : error_memory(err);
    buf_free(&path);
    return s;
}
