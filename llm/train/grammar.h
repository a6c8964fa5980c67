/* The paraphrase grammar of llm/train/frames.tsv: templates by kind and language.
 *
 * Kinds: q.fwd(.person|.date|.place|.number) asks for the {R} of {S}; q.inv for what has {S} as
 * {R}; np.fwd, np.inv the same as noun phrases; q.np asks for a noun phrase; q.count, q.count.fwd,
 * q.max, q.min, q.ask, q.cmp.gt|lt|eq, q.desc the operators; np.gt..np.ne filters; np.and, np.or,
 * np.minus, np.type, np.all sets; at wraps a question with a time; edit.* follow-ups; polite wraps
 * any question; say.ask makes a question of a statement; say.fwd states a fact.
 *
 * A seventh of the templates (by hash) is kept for evaluation only, so that no model is tested on a
 * template that it was trained on. Immutable once loaded. */
#ifndef VOUCH_LLM_TRAIN_GRAMMAR_H
#define VOUCH_LLM_TRAIN_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/str.h"
#include "llm/train/random.h"

typedef struct grammar grammar;

status grammar_load(const char *path, grammar **out, error *err);
void grammar_free(grammar *g);

/* All templates, for the tokenizer's corpus. */
size_t grammar_count(const grammar *g);
str grammar_at(const grammar *g, size_t i);

/* A template of the kind; of the evaluation's share if asked (or, where the kind has none there,
 * any); empty when the kind is unknown. */
str grammar_pick(const grammar *g, const char *kind, int language, bool evaluation, rng *r);

typedef struct grammar_slot {
    char name; /* upper case; {s} and {S} are the same */
    str text;
} grammar_slot;

/* Chooses alternatives and fills slots; an unknown slot is left out. */
void grammar_expand(buf *out, str text, const grammar_slot *slots, size_t count, rng *r);

#endif
