/* Constraints on what a model may say next. A constraint is asked for a mask before each token is
 * sampled and told which token was chosen. It works by taking tokens away, so constraints compose:
 * what several of them leave is what all of them allow. Nothing ever puts a token back: when no
 * token is left and the text may not end here, generation stops with LLM_FINISH_CONSTRAINT.
 *
 * Ending is not a token's business: tokens that end generation (llm_tokenizer_ends) are let
 * through by the generator exactly when can_end says so.
 *
 * A constraint holds the state of one generation: one thread at a time. Kinds: a trie of token
 * sequences (llm/trie.h), a grammar (llm/grammar.h), free text with spans out of a list
 * (llm/spans.h), the two below, and whatever implements llm_constraint_ops. */
#ifndef VOUCH_LLM_CONSTRAINT_H
#define VOUCH_LLM_CONSTRAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "llm/tokenizer.h"

typedef struct llm_constraint llm_constraint;

typedef struct llm_constraint_ops {
    /* Clears the bits of tokens that may not come next; never sets one. */
    status (*mask)(llm_constraint *self, uint64_t *allowed, error *err);
    /* The token was chosen. STATUS_INVALID, state unchanged, when it may not come here. */
    status (*accept)(llm_constraint *self, int32_t token, error *err);
    /* May the text end here? */
    bool (*can_end)(const llm_constraint *self);
    /* Back to the beginning. */
    void (*reset)(llm_constraint *self);
    void (*free)(llm_constraint *self);
} llm_constraint_ops;

/* The head of every kind; implementations embed it first. */
struct llm_constraint {
    const llm_constraint_ops *ops;
    size_t vocabulary; /* tokens; masks have llm_mask_words of it */
};

/* --- masks: bit i of word i / 64 is token i --- */
static inline size_t llm_mask_words(size_t vocabulary)
{
    return (vocabulary + 63) / 64;
}
static inline bool llm_mask_has(const uint64_t *mask, int32_t token)
{
    return (mask[(size_t)token / 64] >> ((size_t)token % 64) & 1) != 0;
}
static inline void llm_mask_set(uint64_t *mask, int32_t token)
{
    mask[(size_t)token / 64] |= (uint64_t)1 << ((size_t)token % 64);
}
static inline void llm_mask_drop(uint64_t *mask, int32_t token)
{
    mask[(size_t)token / 64] &= ~((uint64_t)1 << ((size_t)token % 64));
}
/* All tokens allowed; bits behind the last token are 0. */
void llm_mask_fill(uint64_t *mask, size_t vocabulary);
size_t llm_mask_count(const uint64_t *mask, size_t vocabulary);

/* --- calls; a NULL constraint allows everything --- */
status llm_constraint_mask(llm_constraint *c, uint64_t *allowed, error *err);
status llm_constraint_accept(llm_constraint *c, int32_t token, error *err);
bool llm_constraint_can_end(const llm_constraint *c);
void llm_constraint_reset(llm_constraint *c);
void llm_constraint_free(llm_constraint *c);

/* What both allow. Takes both over, also on failure. Either may be NULL. */
status llm_constraint_both(llm_constraint *a, llm_constraint *b, llm_constraint **out, error *err);

/* Free text in which each of these tokens (placeholders, usually) comes exactly once: a used one
 * is masked, and the text may end only when all were used. Other control tokens are masked. The
 * ids are copied; a repeated id counts once. The tokenizer must outlive the constraint. */
status llm_constraint_once(const llm_tokenizer *t, const int32_t *tokens, size_t count,
                           llm_constraint **out, error *err);

#endif
