/* See constraint.h: masks, dispatch, conjunction, and tokens that come exactly once. */
#include "llm/constraint.h"

#include <stdlib.h>
#include <string.h>

void llm_mask_fill(uint64_t *mask, size_t vocabulary)
{
    size_t words = llm_mask_words(vocabulary);
    memset(mask, 0xff, words * sizeof *mask);
    if (vocabulary % 64 != 0)
        mask[words - 1] = ((uint64_t)1 << (vocabulary % 64)) - 1;
}

size_t llm_mask_count(const uint64_t *mask, size_t vocabulary)
{
    size_t n = 0;
    for (size_t i = 0; i < llm_mask_words(vocabulary); i++)
        for (uint64_t word = mask[i]; word != 0; word &= word - 1)
            n++;
    return n;
}

status llm_constraint_mask(llm_constraint *c, uint64_t *allowed, error *err)
{
    return c == NULL ? STATUS_OK : c->ops->mask(c, allowed, err);
}

status llm_constraint_accept(llm_constraint *c, int32_t token, error *err)
{
    return c == NULL ? STATUS_OK : c->ops->accept(c, token, err);
}

bool llm_constraint_can_end(const llm_constraint *c)
{
    return c == NULL || c->ops->can_end(c);
}

void llm_constraint_reset(llm_constraint *c)
{
    if (c != NULL)
        c->ops->reset(c);
}

void llm_constraint_free(llm_constraint *c)
{
    if (c != NULL)
        c->ops->free(c);
}

/* --- both --- */

typedef struct both {
    llm_constraint head;
    llm_constraint *a, *b;
} both;

static status both_mask(llm_constraint *self, uint64_t *allowed, error *err)
{
    both *c = (both *)self;
    status s = c->a->ops->mask(c->a, allowed, err);
    return s == STATUS_OK ? c->b->ops->mask(c->b, allowed, err) : s;
}

static bool allows(llm_constraint *c, int32_t token, uint64_t *scratch, status *s, error *err)
{
    llm_mask_fill(scratch, c->vocabulary);
    *s = c->ops->mask(c, scratch, err);
    return *s == STATUS_OK && llm_mask_has(scratch, token);
}

/* The second is asked first, so that neither moves when it refuses. */
static status both_accept(llm_constraint *self, int32_t token, error *err)
{
    both *c = (both *)self;
    if (token < 0 || (size_t)token >= self->vocabulary)
        return error_set(err, STATUS_INVALID, "token %d is outside of the vocabulary", (int)token);
    uint64_t *scratch = malloc(llm_mask_words(self->vocabulary) * sizeof *scratch);
    if (scratch == NULL)
        return error_memory(err);
    status s;
    bool fits = allows(c->b, token, scratch, &s, err);
    free(scratch);
    if (s != STATUS_OK)
        return s;
    if (!fits)
        return error_set(err, STATUS_INVALID, "token %d is not allowed here", (int)token);
    s = c->a->ops->accept(c->a, token, err);
    return s == STATUS_OK ? c->b->ops->accept(c->b, token, err) : s;
}

static bool both_can_end(const llm_constraint *self)
{
    const both *c = (const both *)self;
    return c->a->ops->can_end(c->a) && c->b->ops->can_end(c->b);
}

static void both_reset(llm_constraint *self)
{
    both *c = (both *)self;
    c->a->ops->reset(c->a);
    c->b->ops->reset(c->b);
}

static void both_free(llm_constraint *self)
{
    both *c = (both *)self;
    llm_constraint_free(c->a);
    llm_constraint_free(c->b);
    free(c);
}

status llm_constraint_both(llm_constraint *a, llm_constraint *b, llm_constraint **out, error *err)
{
    static const llm_constraint_ops ops = {both_mask, both_accept, both_can_end, both_reset,
                                           both_free};
    if (a == NULL || b == NULL) {
        *out = a == NULL ? b : a;
        return STATUS_OK;
    }
    status s = STATUS_OK;
    both *c = NULL;
    if (a->vocabulary != b->vocabulary)
        s = error_set(err, STATUS_USAGE, "the two constraints are for different vocabularies");
    else if ((c = calloc(1, sizeof *c)) == NULL)
        s = error_memory(err);
    if (s != STATUS_OK) {
        llm_constraint_free(a);
        llm_constraint_free(b);
        return s;
    }
    *c = (both){{&ops, a->vocabulary}, a, b};
    *out = &c->head;
    return STATUS_OK;
}

/* --- each exactly once --- */

typedef struct once {
    llm_constraint head;
    const llm_tokenizer *t;
    uint64_t *never;  /* control tokens that are not listed */
    uint64_t *listed; /* the tokens that must come */
    uint64_t *used;   /* those that came */
} once;

static status once_mask(llm_constraint *self, uint64_t *allowed, error *err)
{
    (void)err;
    once *c = (once *)self;
    for (size_t i = 0; i < llm_mask_words(self->vocabulary); i++)
        allowed[i] &= ~(c->used[i] | c->never[i]);
    return STATUS_OK;
}

static status once_accept(llm_constraint *self, int32_t token, error *err)
{
    once *c = (once *)self;
    if (token < 0 || (size_t)token >= self->vocabulary || llm_mask_has(c->used, token) ||
        llm_mask_has(c->never, token))
        return error_set(err, STATUS_INVALID, "token %d is not allowed here", (int)token);
    if (llm_mask_has(c->listed, token))
        llm_mask_set(c->used, token);
    return STATUS_OK;
}

static bool once_can_end(const llm_constraint *self)
{
    const once *c = (const once *)self;
    size_t bytes = llm_mask_words(self->vocabulary) * sizeof *c->used;
    return memcmp(c->used, c->listed, bytes) == 0;
}

static void once_reset(llm_constraint *self)
{
    once *c = (once *)self;
    memset(c->used, 0, llm_mask_words(self->vocabulary) * sizeof *c->used);
}

static void once_free(llm_constraint *self)
{
    once *c = (once *)self;
    free(c->never);
    free(c->listed);
    free(c->used);
    free(c);
}

static status once_fill(once *c, const int32_t *tokens, size_t count, error *err)
{
    for (size_t i = 0; i < c->head.vocabulary; i++) {
        llm_token_type type = llm_tokenizer_type(c->t, (int32_t)i);
        if (type == LLM_TOKEN_CONTROL || type == LLM_TOKEN_UNKNOWN || type == LLM_TOKEN_UNUSED)
            llm_mask_set(c->never, (int32_t)i);
    }
    for (size_t i = 0; i < count; i++) {
        if (tokens[i] < 0 || (size_t)tokens[i] >= c->head.vocabulary ||
            llm_tokenizer_ends(c->t, tokens[i]))
            return error_set(err, STATUS_USAGE, "token %d cannot be a placeholder", (int)tokens[i]);
        llm_mask_set(c->listed, tokens[i]);
        llm_mask_drop(c->never, tokens[i]);
    }
    return STATUS_OK;
}

status llm_constraint_once(const llm_tokenizer *t, const int32_t *tokens, size_t count,
                           llm_constraint **out, error *err)
{
    static const llm_constraint_ops ops = {once_mask, once_accept, once_can_end, once_reset,
                                           once_free};
    once *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_memory(err);
    size_t vocabulary = llm_tokenizer_count(t), words = llm_mask_words(vocabulary);
    *c = (once){.head = {&ops, vocabulary},
                .t = t,
                .never = calloc(words, sizeof(uint64_t)),
                .listed = calloc(words, sizeof(uint64_t)),
                .used = calloc(words, sizeof(uint64_t))};
    status s = c->never == NULL || c->listed == NULL || c->used == NULL
                   ? error_memory(err)
                   : once_fill(c, tokens, count, err);
    if (s != STATUS_OK) {
        once_free(&c->head);
        return s;
    }
    *out = &c->head;
    return STATUS_OK;
}
