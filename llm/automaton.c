/* See automaton.h. */
#include "llm/automaton.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MASKS 64 /* direct-mapped by state */

typedef struct kept_mask {
    uint32_t state;
    uint64_t *bits; /* NULL = nothing kept */
} kept_mask;

typedef struct automaton_constraint {
    llm_constraint head;
    const llm_tokenizer *t;
    const llm_vocab_order *order;
    const llm_automaton_ops *ops;
    void *automaton;
    uint32_t state;
    uint32_t *path; /* state after each byte of the token being walked */
    size_t longest;
    kept_mask kept[KEPT_MASKS];
} automaton_constraint;

static void forget_masks(automaton_constraint *c)
{
    for (size_t i = 0; i < KEPT_MASKS; i++)
        c->kept[i].state = LLM_AUTOMATON_DEAD;
}

/* Steps through all tokens from the current state. */
static void walk(automaton_constraint *c, uint64_t *bits)
{
    size_t alive = 0; /* path[0..alive) are states of the last token's bytes, none of them dead */
    memset(bits, 0, llm_mask_words(c->head.vocabulary) * sizeof *bits);
    for (size_t i = 0; i < c->order->count; i++) {
        size_t shared = c->order->shared[i];
        if (shared > alive)
            continue; /* the byte that killed the last token is in this one too */
        str piece = llm_tokenizer_piece(c->t, c->order->ids[i], false);
        alive = shared;
        while (alive < piece.length) {
            uint32_t from = alive == 0 ? c->state : c->path[alive - 1];
            uint32_t to = c->ops->step(c->automaton, from, (uint8_t)piece.data[alive]);
            if (to == LLM_AUTOMATON_DEAD)
                break;
            c->path[alive++] = to;
        }
        if (alive == piece.length)
            llm_mask_set(bits, c->order->ids[i]);
    }
}

static uint64_t *mask_of_state(automaton_constraint *c, status *s, error *err)
{
    bool moved = false;
    c->state = c->ops->compact(c->automaton, c->state, &moved);
    if (moved)
        forget_masks(c);
    kept_mask *k = &c->kept[c->state % KEPT_MASKS];
    if (k->bits != NULL && k->state == c->state)
        return k->bits;
    if (k->bits == NULL)
        k->bits = malloc(llm_mask_words(c->head.vocabulary) * sizeof *k->bits);
    k->state = LLM_AUTOMATON_DEAD;
    if (k->bits == NULL) {
        *s = error_memory(err);
        return NULL;
    }
    walk(c, k->bits);
    *s = c->ops->failure(c->automaton, err);
    if (*s != STATUS_OK)
        return NULL;
    k->state = c->state;
    return k->bits;
}

static status automaton_mask(llm_constraint *self, uint64_t *allowed, error *err)
{
    automaton_constraint *c = (automaton_constraint *)self;
    size_t words = llm_mask_words(self->vocabulary);
    status s = STATUS_OK;
    const uint64_t *bits = c->state == LLM_AUTOMATON_DEAD ? NULL : mask_of_state(c, &s, err);
    for (size_t i = 0; i < words; i++)
        allowed[i] &= bits == NULL ? 0 : bits[i];
    return s;
}

static status automaton_accept(llm_constraint *self, int32_t token, error *err)
{
    automaton_constraint *c = (automaton_constraint *)self;
    str piece = llm_tokenizer_piece(c->t, token, false);
    uint32_t state = str_empty(piece) ? LLM_AUTOMATON_DEAD : c->state;
    for (size_t i = 0; i < piece.length && state != LLM_AUTOMATON_DEAD; i++)
        state = c->ops->step(c->automaton, state, (uint8_t)piece.data[i]);
    status s = c->ops->failure(c->automaton, err);
    if (s != STATUS_OK)
        return s;
    if (state == LLM_AUTOMATON_DEAD)
        return error_set(err, STATUS_INVALID, "token %d is not allowed here", (int)token);
    c->state = state;
    return STATUS_OK;
}

static bool automaton_can_end(const llm_constraint *self)
{
    const automaton_constraint *c = (const automaton_constraint *)self;
    return c->state != LLM_AUTOMATON_DEAD && c->ops->accepts(c->automaton, c->state);
}

static void automaton_reset(llm_constraint *self)
{
    automaton_constraint *c = (automaton_constraint *)self;
    c->state = c->ops->start(c->automaton);
}

static void automaton_free(llm_constraint *self)
{
    automaton_constraint *c = (automaton_constraint *)self;
    for (size_t i = 0; i < KEPT_MASKS; i++)
        free(c->kept[i].bits);
    c->ops->free(c->automaton);
    free(c->path);
    free(c);
}

status llm_constraint_automaton(const llm_tokenizer *t, const llm_automaton_ops *ops,
                                void *automaton, llm_constraint **out, error *err)
{
    static const llm_constraint_ops constraint_ops = {
        automaton_mask, automaton_accept, automaton_can_end, automaton_reset, automaton_free};
    const llm_vocab_order *order = llm_tokenizer_order(t);
    automaton_constraint *c = calloc(1, sizeof *c);
    if (order == NULL || c == NULL) {
        free(c);
        ops->free(automaton);
        return error_memory(err);
    }
    *c = (automaton_constraint){.head = {&constraint_ops, llm_tokenizer_count(t)},
                                .t = t,
                                .order = order,
                                .ops = ops,
                                .automaton = automaton};
    for (size_t i = 0; i < order->count; i++) {
        size_t length = llm_tokenizer_piece(t, order->ids[i], false).length;
        c->longest = length > c->longest ? length : c->longest;
    }
    c->path = calloc(c->longest + 1, sizeof *c->path);
    if (c->path == NULL) {
        automaton_free(&c->head);
        return error_memory(err);
    }
    forget_masks(c);
    automaton_reset(&c->head);
    *out = &c->head;
    return STATUS_OK;
}
