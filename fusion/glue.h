/* Words that carry no claim of their own (particles, auxiliaries, hedges, list words), negations
 * and comparatives, per language: schemas/glue.json. Immutable after opening; shared by threads.
 *
 * All texts given here are normalised (kg_normalise). */
#ifndef VOUCH_FUSION_GLUE_H
#define VOUCH_FUSION_GLUE_H

#include <stdbool.h>

#include "core/error.h"
#include "core/str.h"
#include "retriever/logical_form.h"

typedef struct glue glue;

status glue_open(glue **out, error *err);
void glue_close(glue *g);

/* Bytes of the longest glue word at `at` (Chinese: at any character; else a whole word); 0 = none.
 */
size_t glue_word(const glue *g, str text, size_t at);
/* The same for a word that negates. */
size_t glue_negation(const glue *g, str text, size_t at);
/* The same for a comparative ("超过", "at least"); its operator in *op. */
size_t glue_comparative(const glue *g, str text, size_t at, lf_compare *op);

/* The same three for texts of statutes, which use fewer words that claim nothing, and words that
 * look like a denial and are none (未成年人, 无期徒刑). */
size_t glue_statute_word(const glue *g, str text, size_t at);
size_t glue_statute_no_negation(const glue *g, str text, size_t at);

/* Words of statutes of which one excludes the others of its group: 有偿 and 无偿, 出租人 and
 * 承租人. */
typedef struct glue_exclusive {
    str word;
    int group;
} glue_exclusive;
const glue_exclusive *glue_exclusives(const glue *g, size_t *count);

/* A small number written as a word in English ("four"), or 0..99 in Chinese numerals; bytes read in
 * the result, 0 = none. */
size_t glue_number(str text, size_t at, double *out);

/* English words compared without their plural and verb endings. */
bool glue_same_word(str a, str b);

#endif
