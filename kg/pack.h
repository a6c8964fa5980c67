/* Domain packs (schemas/NAME.json): what a field's people know about its classes and relations that
 * a graph does not say, and how answers in that field are worded. A pack only suggests: every fact
 * of an answer comes from the graph.
 *
 * A pack is immutable once opened and shared by threads. Everything reached from it lives until
 * pack_close. Texts come as (text, language, ...) in the order of the file; the first of a language
 * is the label. Errors name the JSON pointer of what is wrong. docs/PACKS.md is the manual. */
#ifndef VOUCH_KG_PACK_H
#define VOUCH_KG_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/term.h"

typedef struct pack pack;

#define PACK_NONE SIZE_MAX /* no such index */

typedef struct pack_text {
    str text;
    str lang; /* "zh", "en", ... */
} pack_text;

typedef struct pack_texts {
    const pack_text *items;
    size_t count;
} pack_texts;

typedef struct pack_strs {
    const str *items;
    size_t count;
} pack_strs;

typedef struct pack_class {
    str id;
    pack_strs iris;     /* which classes of a graph this is */
    pack_texts labels;  /* one per language */
    pack_texts aliases; /* others, labels excluded */
    pack_texts counter; /* the measure word: zh "种", "项" */
} pack_class;

typedef struct pack_relation {
    str id;
    pack_strs iris; /* which relations of a graph this is */
    pack_texts labels, aliases;
    pack_texts inverse_labels, inverse_aliases; /* said from the object's side */
    /* Noun phrases for answers: {S} is the subject ("{S}需要做的检查"); the inverse has {O}. Empty
     * = made from the label. `sentence`: a whole clause with {S} and {O}. */
    pack_texts phrase, inverse_phrase, sentence;
    const size_t *domain; /* indexes into pack_classes */
    size_t domain_count;
    const size_t *range;
    size_t range_count;
    kg_value_kind value; /* of literal objects; KG_VALUE_NONE = not said */
    bool text;           /* objects are free text (passages) */
    str unit;            /* unit of bare numbers */
    size_t inverse;      /* index of the inverse relation, PACK_NONE = none */
    bool functional, symmetric, transitive;
    bool complete;               /* closed world: what the graph does not record is not so */
    bool hidden;                 /* bookkeeping: never an answer by itself */
    pack_texts examples;         /* questions, {S} for the subject; answer: the objects */
    pack_texts inverse_examples; /* questions, {O} for the object; answer: the subjects */
} pack_relation;

typedef struct pack_operator {
    str name; /* count, max, min, greater, less, compare, ask, not, or, and, describe, when,
                 how_many, filler */
    str lang; /* empty = any */
    str pattern;
} pack_operator;

/* An example question of any form: names as {E1}.. {V1}.. and a logical form with the same. */
typedef struct pack_example {
    str question, lang, form;
} pack_example;

/* Names that people use and the graph does not, for one entity of the graph. */
typedef struct pack_entity {
    str name; /* its exact label (or IRI when it has a colon and no spaces) */
    pack_texts aliases;
} pack_entity;

/* What people ask of such graphs and this kind of graph mostly lacks (预后, incubation period): a
 * question whose words speak of it is not answered with something near, unless the graph has a
 * relation of one of those names. */
typedef struct pack_unrecorded {
    pack_texts labels;
    pack_strs names; /* of relations that would hold it */
} pack_unrecorded;

typedef enum pack_refusal_kind { PACK_UNSAFE = 1, PACK_OUT_OF_SCOPE } pack_refusal_kind;

typedef struct pack_refusal {
    str id;
    pack_refusal_kind kind;
    pack_texts message;
} pack_refusal;

/* What looks like a name of a kind of thing (宠物保护法): when the graph links nothing in it, the
 * question is about something that the graph does not have. */
typedef struct pack_name_rule {
    str class_id;
    str lang; /* empty = any */
} pack_name_rule;

/* `name_or_path`: "medical" (VOUCH_SCHEMAS, then the packs linked in) or a file (what ends in
 * .json or has a slash); NULL or "" = "general". */
status pack_open(const char *name_or_path, pack **out, error *err);
/* From text; `name` for messages. */
status pack_parse(str json, const char *name, pack **out, error *err);
void pack_close(pack *p); /* accepts NULL */

str pack_name(const pack *p);
str pack_version(const pack *p); /* "medical 1 (16 hex digits of the file's hash)" */

const pack_class *pack_classes(const pack *p, size_t *count);
const pack_relation *pack_relations(const pack *p, size_t *count);
const pack_operator *pack_operators(const pack *p, size_t *count);
const pack_example *pack_examples(const pack *p, size_t *count);
const pack_entity *pack_entities(const pack *p, size_t *count);
const pack_refusal *pack_refusals(const pack *p, size_t *count);

/* The pack's relation for a relation of a graph: by IRI, else by a label (compared case-folded)
 * that is the label or alias in any language; PACK_NONE when there is none. `label` may be empty.
 */
size_t pack_relation_find(const pack *p, str iri, str label);
size_t pack_class_find(const pack *p, str iri, str label);

/* The text in `lang`, else in English, else the first; empty when there is none. */
str pack_text_in(pack_texts texts, str lang);
/* The text in exactly `lang`; empty when there is none. */
str pack_text_only(pack_texts texts, str lang);

/* The notice that stands under answers; empty when there is none. */
str pack_scope_notice(const pack *p, str lang);

/* Titles of the texts that speak to everyone. */
pack_strs pack_general(const pack *p);

/* A template by key ("list", "count", ...); empty when the pack has none. */
str pack_template(const pack *p, str key, str lang);

/* Authority of a source by its name, 0..1; negative when the pack says nothing of it. */
double pack_authority(const pack *p, str source);

/* The first refusal rule that the question meets; NULL when none does. A pattern that exceeds its
 * match limit does not match, and *limited (may be NULL) is set. */
const pack_refusal *pack_refuse(const pack *p, str question, bool *limited);

const pack_name_rule *pack_name_rules(const pack *p, size_t *count);
/* True when the name rule `index` matches; the name's span in [*start, *end). */
bool pack_name_rule_match(const pack *p, size_t index, str question, size_t *start, size_t *end,
                          bool *limited);

const pack_unrecorded *pack_unrecorded_rules(const pack *p, size_t *count);
/* True when the rule `index` matches at byte `from` or behind it; its span in [*start, *end). */
bool pack_unrecorded_match(const pack *p, size_t index, str question, size_t from, size_t *start,
                           size_t *end);

/* True when the operator rule `index` matches at byte `from` or behind it; its span in [*start,
 * *end). */
bool pack_operator_match(const pack *p, size_t index, str question, size_t from, size_t *start,
                         size_t *end, bool *limited);

#endif
