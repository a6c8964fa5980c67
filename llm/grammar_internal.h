/* What the compiler and the matcher of grammars share; nobody else includes this. */
#ifndef VOUCH_LLM_GRAMMAR_INTERNAL_H
#define VOUCH_LLM_GRAMMAR_INTERNAL_H

#include "llm/grammar.h"

typedef enum grammar_kind {
    GRAMMAR_END, /* of an alternative */
    GRAMMAR_SET, /* a byte out of sets[value] */
    GRAMMAR_RULE /* rules[value] */
} grammar_kind;

typedef struct grammar_element {
    uint32_t kind : 2;
    uint32_t value : 30;
} grammar_element;

typedef struct grammar_set {
    uint64_t bits[4];
} grammar_set;

/* Alternatives: positions in elements, alternatives[first .. first + count). */
typedef struct grammar_rule {
    uint32_t first, count;
} grammar_rule;

struct llm_grammar {
    grammar_element *elements;
    size_t element_count;
    grammar_set *sets;
    size_t set_count;
    grammar_rule *rules;
    size_t rule_count;
    uint32_t *alternatives;
    size_t alternative_count;
    uint32_t root;
};

static inline bool grammar_set_has(const grammar_set *set, uint8_t byte)
{
    return (set->bits[byte / 64] >> (byte % 64) & 1) != 0;
}

#endif
