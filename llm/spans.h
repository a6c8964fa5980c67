/* A constraint for free text that holds spans out of a list: after the opening marker the text must
 * be one of the entries and then the closing marker; outside of spans anything goes. With
 * `each_once` every entry comes exactly once before the text may end.
 *
 *   open "[", close "]", entries "1" and "12":   Cholera is treated with fluids [1] and rest [12].
 *
 * Without markers (both empty) the whole text is one entry: a trie of strings rather than tokens,
 * which any tokenization of an entry satisfies. */
#ifndef VOUCH_LLM_SPANS_H
#define VOUCH_LLM_SPANS_H

#include "llm/constraint.h"

typedef struct llm_spans {
    str open, close; /* both empty, or neither */
    const str *entries;
    size_t count;
    bool each_once; /* at most 64 entries then */
    bool forbid_newline;
} llm_spans;

/* Copies what it needs of `spans`; the tokenizer must outlive the constraint. STATUS_USAGE for an
 * empty entry, one that holds the closing marker, or one marker without the other. */
status llm_constraint_spans(const llm_tokenizer *t, const llm_spans *spans, llm_constraint **out,
                            error *err);

#endif
