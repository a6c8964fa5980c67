/* From an automaton over bytes to a constraint over tokens: a token may come next when all of its
 * bytes can be stepped through. The vocabulary is walked in the order of its bytes, so common
 * prefixes are stepped once and dead ones skipped; masks of recent states are kept. Grammars and
 * spans are such automata.
 *
 * States are small numbers of the automaton's. A step that fails for want of memory or room gives
 * the dead state and is told by `failure`: the constraint then fails closed. */
#ifndef VOUCH_LLM_AUTOMATON_H
#define VOUCH_LLM_AUTOMATON_H

#include "llm/constraint.h"

#define LLM_AUTOMATON_DEAD UINT32_MAX

typedef struct llm_automaton_ops {
    uint32_t (*start)(void *automaton);
    uint32_t (*step)(void *automaton, uint32_t state, uint8_t byte);
    bool (*accepts)(const void *automaton, uint32_t state);
    /* STATUS_OK, or why a step since the last reset could not be done. */
    status (*failure)(const void *automaton, error *err);
    /* May forget all states but this one and renumber it; called between tokens. *moved tells
     * whether numbers changed. */
    uint32_t (*compact)(void *automaton, uint32_t state, bool *moved);
    void (*free)(void *automaton);
} llm_automaton_ops;

/* Takes the automaton over, also on failure. The tokenizer must outlive the constraint. */
status llm_constraint_automaton(const llm_tokenizer *t, const llm_automaton_ops *ops,
                                void *automaton, llm_constraint **out, error *err);

#endif
