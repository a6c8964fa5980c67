/* The text that the embedded model reads: docs/MODEL_FORMAT.md in code. The data generator and the
 * retriever build questions and logical forms by these functions alone, so that training and use
 * cannot drift apart. Pure functions that append to a buffer; a failed append (out of memory)
 * latches buf.failed, which the caller checks once at the end. No state, any thread. */
#ifndef VOUCH_LLM_MODELTEXT_H
#define VOUCH_LLM_MODELTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/str.h"

/* The value of the GGUF key `vouch.format` that this header writes. */
#define MODELTEXT_FORMAT 1
#define MODELTEXT_FORMAT_KEY "vouch.format"

/* All reserved tokens in the order of their ids (a NULL ends the list). */
extern const char *const modeltext_reserved[];

/* Appends the canonical form of free text: NFKC, case-folded, letters, digits and Han only, one
 * space before each run that is not Han. Invalid UTF-8 is dropped. */
void modeltext_add_text(buf *out, str text);

/* The same for the label of a relation or class: camelCase, snake_case and the like are split. */
void modeltext_add_label(buf *out, str label);

/* A placeholder token, `<E1>`: kind is 'E', 'V', 'T' or 'X', number counts from 1. Nothing is
 * appended for a number that has no token. */
void modeltext_add_slot(buf *out, char kind, int number);

/* Text that holds placeholders already (`<E1>`, `<X2>`, ...): they are kept, the rest becomes
 * canonical. With `punctuation` (the wording task) the common marks of both languages stay too. */
void modeltext_add_slotted(buf *out, str text, bool punctuation);

/* A mention in the question, by byte offsets; mentions come in order and do not overlap. */
typedef struct modeltext_mention {
    size_t start, length;
    char kind;  /* 'E', 'V' or 'T' */
    int number; /* from 1 */
    str type;   /* class label, or empty */
} modeltext_mention;

/* The shared prefix, without BOS: [<H>history][<Ei> type...]<Q>question<A>. `history` is the last
 * logical form as modeltext wrote it, or empty. Mentions out of range or order are left as text. */
void modeltext_add_question(buf *out, str history, str question, const modeltext_mention *mentions,
                            size_t count);

/* The relation's text: label, and `<|>` alias unless alias is empty. */
void modeltext_add_relation(buf *out, str label, str alias);

/* `<+>` or `<->` and the relation's text. */
void modeltext_add_hop(buf *out, bool forward, str label, str alias);

#endif
