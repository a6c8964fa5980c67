/* The relation concepts of schemas/concepts.tsv: what graphs record, with names and phrases in both
 * languages, split for training by cluster (concepts that share a name are one cluster) and by
 * whole domains that are held out. Immutable once loaded. */
#ifndef VOUCH_LLM_TRAIN_CONCEPTS_H
#define VOUCH_LLM_TRAIN_CONCEPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/str.h"

enum { CONCEPT_EN = 0, CONCEPT_ZH = 1, CONCEPT_LANGUAGES = 2 };

typedef struct phrases {
    const str *items;
    size_t count;
} phrases;

typedef enum concept_range {
    CONCEPT_ENTITY = 0,
    CONCEPT_PERSON,
    CONCEPT_PLACE,
    CONCEPT_DATE,
    CONCEPT_NUMBER, /* also money, durations */
    CONCEPT_TEXT    /* also booleans */
} concept_range;

typedef struct concept {
    str id;
    str class_word[CONCEPT_LANGUAGES]; /* of the subject */
    str range_word[CONCEPT_LANGUAGES]; /* of the object; empty for literals */
    int class_number, range_number;    /* interned class words; range -1 for literals */
    concept_range range;
    phrases names[CONCEPT_LANGUAGES];      /* preferred label first */
    phrases questions[CONCEPT_LANGUAGES];  /* ask forward: {s} in, {o} not */
    phrases says[CONCEPT_LANGUAGES];       /* state: {s} and {o} */
    phrases inverse[CONCEPT_LANGUAGES];    /* questions from {o} */
    phrases inverse_np[CONCEPT_LANGUAGES]; /* noun phrases from {o} */
    bool symmetric;
    int cluster;
    bool held_out;        /* by cluster or domain: never trained on in the measured split */
    bool held_out_domain; /* its whole domain is held out */
}
concept;

typedef struct concepts concepts;

/* hold_out: share of clusters held out (0: none; the domains too then stay in). */
status concepts_load(const char *path, double hold_out, concepts **out, error *err);
void concepts_free(concepts *c);

size_t concepts_count(const concepts *c);
const concept *concepts_at(const concepts *c, size_t i);
/* How many distinct subject class words there are; the concepts of one. */
size_t concepts_classes(const concepts *c);
const int *concepts_of_class(const concepts *c, int class_number, size_t *count);
/* Do the two share a name in any language? */
bool concepts_share_name(const concept *a, const concept *b);

#endif
