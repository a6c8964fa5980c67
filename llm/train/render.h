/* Questions from forms: a form becomes text by the paraphrase grammar and the concepts' own
 * phrases, with placeholders `<E1>` for what was linked, then noise (courtesy, typing errors). */
#ifndef VOUCH_LLM_TRAIN_RENDER_H
#define VOUCH_LLM_TRAIN_RENDER_H

#include <stdbool.h>

#include "core/buf.h"
#include "llm/train/form.h"
#include "llm/train/grammar.h"
#include "llm/train/random.h"

typedef struct renderer {
    const grammar *grammar;
    const form_schema *schema;
    int language;
    bool evaluation;
    rng *random;
} renderer;

/* The whole question. */
void render_question(const renderer *r, const form *f, buf *out);
/* A follow-up that changes the entity, the relation (of the root's last hop) or asks to count. */
void render_entity_edit(const renderer *r, int slot, buf *out);
void render_relation_edit(const renderer *r, const concept *to, buf *out);
void render_count_edit(const renderer *r, buf *out);
/* A fact as a sentence, <E1> to <X1>; `phrase` prefers the concept's own. */
void render_fact(const renderer *r, const concept *of, bool phrase, buf *out);
/* Courtesy and typing errors, now and then, in place. */
void render_noise(const renderer *r, buf *text);
/* A name of the concept in the renderer's language: the label, or often an alias. */
str render_name(const renderer *r, const concept *of);

#endif
