/* A trie of token sequences, and the constraint that lets a model say one of them and nothing else.
 * Each sequence carries a number of the caller's, by which the one that was said is known.
 *
 * A trie is built by one thread; once built it is immutable for any number of constraints, which
 * borrow it. */
#ifndef VOUCH_LLM_TRIE_H
#define VOUCH_LLM_TRIE_H

#include "llm/constraint.h"

#define LLM_TRIE_ROOT 0
#define LLM_TRIE_NONE (-1)

typedef struct llm_trie llm_trie;

/* `vocabulary`: tokens must be below it. */
status llm_trie_new(size_t vocabulary, llm_trie **out, error *err);
void llm_trie_free(llm_trie *trie);

/* Adds a sequence of at least one token. A sequence that is there already keeps its first value. */
status llm_trie_add(llm_trie *trie, const int32_t *tokens, size_t count, uint32_t value,
                    error *err);
/* Adds the text as the tokenizer writes it, `flags` as of llm_tokenizer_encode. */
status llm_trie_add_text(llm_trie *trie, const llm_tokenizer *t, str text, unsigned flags,
                         uint32_t value, error *err);

/* Walking: nodes are numbers from LLM_TRIE_ROOT on. */
int32_t llm_trie_step(const llm_trie *trie, int32_t node, int32_t token);
/* True when a sequence ends at the node; then *value is its number. */
bool llm_trie_ends(const llm_trie *trie, int32_t node, uint32_t *value);
/* The node's children: first, then each one's next sibling; *token is the token that leads there.
 */
int32_t llm_trie_child(const llm_trie *trie, int32_t node, int32_t *token);
int32_t llm_trie_sibling(const llm_trie *trie, int32_t child, int32_t *token);
size_t llm_trie_nodes(const llm_trie *trie);

/* One sequence of the trie. An empty trie allows nothing, not even an empty text. */
status llm_constraint_trie(const llm_trie *trie, llm_constraint **out, error *err);
/* The number of the sequence that was said; false when none is complete. `c` must come from
 * llm_constraint_trie. */
bool llm_constraint_trie_value(const llm_constraint *c, uint32_t *value);

#endif
