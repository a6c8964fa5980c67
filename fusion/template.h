/* Sentences as data: schemas/templates.json, keyed, one text per language, with {placeholders}; a
 * domain pack may override any of them. Immutable after opening, shared by threads. */
#ifndef VOUCH_FUSION_TEMPLATE_H
#define VOUCH_FUSION_TEMPLATE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/pack.h"

typedef struct template_set template_set;

/* What stands for {name}; {Name} gives it with its first letter upper-case. */
typedef struct template_var {
    const char *name; /* NULL ends a list */
    str text;
} template_var;

/* `p` may be NULL; it must outlive the set. */
status template_open(const pack *p, template_set **out, error *err);
void template_close(template_set *set);

/* The raw text in `lang` (else English); empty for an unknown key. */
str template_text(const template_set *set, const char *key, str lang);

/* Appends the filled text; an unknown placeholder stays as it stands. Text of a variable is never
 * scanned for placeholders again. */
void template_fill(const template_set *set, const char *key, str lang, const template_var *vars,
                   buf *out);
/* The same for a text that is no template of the set (a phrase of a pack). */
void template_fill_text(str text, const template_var *vars, buf *out);
/* Into the arena; empty when out of memory. */
str template_str(const template_set *set, const char *key, str lang, const template_var *vars,
                 arena *a);

#endif
