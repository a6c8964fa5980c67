/* Grammars that a model's text must follow, in a small EBNF, and JSON by a subset of JSON Schema.
 *
 *   root   ::= answer ("," ws answer)*          # a rule: name ::= alternatives
 *   answer ::= "yes" | "no" | number
 *   number ::= "-"? [0-9]+ ("." [0-9]{1,3})?
 *   ws     ::= [ \t\n]*
 *
 * Terminals: "text" and [classes] (ranges, ^ for all others, escapes \n \r \t \" \\ \] \- \^ \xNN
 * \uNNNN \UNNNNNNNN) and . for any character; operators: | ( ) * + ? {m} {m,} {m,n}; comments from
 * # to the end of the line; a rule runs to the next `name ::=`. The text starts at `root`.
 * Matching is on bytes of UTF-8, so tokens that hold parts of characters work.
 *
 * Refused, with line and column: unknown rules, rules given twice, left recursion, repetition of
 * something that may be empty, and grammars above the bounds below.
 *
 * A grammar is immutable once compiled; any number of constraints may borrow it. */
#ifndef VOUCH_LLM_GRAMMAR_H
#define VOUCH_LLM_GRAMMAR_H

#include "core/buf.h"
#include "llm/constraint.h"

#define LLM_GRAMMAR_MAX_BYTES ((size_t)1 << 20)
#define LLM_GRAMMAR_MAX_ELEMENTS ((size_t)1 << 18) /* after repetitions are written out */
#define LLM_GRAMMAR_MAX_RULES ((size_t)4096)       /* that have a name */
#define LLM_GRAMMAR_MAX_DEPTH 64                   /* of parentheses */
#define LLM_GRAMMAR_MAX_REPEAT 1000                /* m and n of {m,n} */

typedef struct llm_grammar llm_grammar;

status llm_grammar_compile(str ebnf, llm_grammar **out, error *err);
void llm_grammar_free(llm_grammar *g);

/* Both must outlive the constraint. Room for states is bounded: text nested without end ends with
 * STATUS_LIMIT, not with all memory. */
status llm_constraint_grammar(const llm_grammar *g, const llm_tokenizer *t, llm_constraint **out,
                              error *err);

/* Does the whole text follow the grammar? STATUS_INVALID gives the column of the first byte that
 * does not, or says that the text is incomplete. */
status llm_grammar_match(const llm_grammar *g, str text, error *err);

#endif
