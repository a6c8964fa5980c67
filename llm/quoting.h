/* A constraint for sentences that quote: names and numbers come out of a list, in braces, and marks
 * of citation out of the numbers 1..citations; everything else is free text without digits.
 *
 *   entries "cholera" and "95 %", citations 2:   {cholera} is cured in {95 %} of cases [2].
 *
 * llm_quoting_plain takes the braces out again. */
#ifndef VOUCH_LLM_QUOTING_H
#define VOUCH_LLM_QUOTING_H

#include "core/buf.h"
#include "llm/constraint.h"

typedef struct llm_quoting {
    const str *entries; /* empty ones, and those with '}' or a line break, are left out */
    size_t count;
    size_t citations; /* at most 1000 are offered */
} llm_quoting;

/* Copies what it needs of `quoting`; the tokenizer must outlive the constraint. */
status llm_constraint_quoting(const llm_tokenizer *t, const llm_quoting *quoting,
                              llm_constraint **out, error *err);

/* Appends the text without its braces. */
void llm_quoting_plain(str text, buf *out);

#endif
