/* Noun phrases for logical forms ("肺结核需要做的检查", "medical tests for cholera"), names of
 * relations and classes in a language, and lists. One context per answer; strings live in its
 * arena. */
#ifndef VOUCH_FUSION_PHRASE_H
#define VOUCH_FUSION_PHRASE_H

#include "core/arena.h"
#include "core/error.h"
#include "fusion/template.h"
#include "kg/pack.h"
#include "kg/store.h"
#include "retriever/logical_form.h"
#include "retriever/schema.h"

typedef struct phrase_context {
    kg_read *read;
    const pack *pack;               /* may be NULL */
    const retriever_schema *schema; /* may be NULL */
    const template_set *templates;
    str lang;
    arena *a;
} phrase_context;

/* The pack's relation for a relation of the graph; NULL when the pack has none. */
const pack_relation *phrase_pack_relation(const phrase_context *c, kg_id relation);

/* Labels; on any failure the best text at hand, never an error: wording must go on. */
str phrase_label(const phrase_context *c, kg_id id);
str phrase_relation(const phrase_context *c, const lf_name *relation, bool inverse);
str phrase_class(const phrase_context *c, const lf_name *class_name);

/* The noun phrase of a set. */
str phrase_of(const phrase_context *c, const lf_node *form);

/* A whole clause without a full stop: subject and object stand in the relation of the form's last
 * step. */
str phrase_fact(const phrase_context *c, const lf_node *form, str object);

/* A statement as a clause ("肺结核需要做痰涂片检查"). */
str phrase_statement(const phrase_context *c, const kg_statement *statement);

/* The measure word for the values of a form ("种", "项"; empty in English). */
str phrase_counter(const phrase_context *c, const lf_node *form);

/* The class of what a hop along the relation gives, for people; empty when unknown. */
str phrase_target_class(const phrase_context *c, kg_id relation, bool inverse);

/* "A、B和C" of the first `shown` of `items`; with fewer shown than `total` the "more" template. */
str phrase_list(const phrase_context *c, const str *items, size_t shown, size_t total, str counter);

/* Joins without "and". */
str phrase_join(const phrase_context *c, const str *items, size_t count);

/* Template into the context's arena and language. */
str phrase_fill(const phrase_context *c, const char *key, const template_var *vars);

#endif
