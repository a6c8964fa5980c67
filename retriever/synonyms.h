/* Everyday words and the words that a domain's texts use for them (schemas/NAME_synonyms.tsv). */
#ifndef VOUCH_RETRIEVER_SYNONYMS_H
#define VOUCH_RETRIEVER_SYNONYMS_H

#include "core/arena.h"
#include "core/str.h"

typedef struct synonym_row {
    str everyday; /* those that the question holds, separated by spaces */
    str words;    /* the texts' words for them that it does not hold, likewise */
} synonym_row;

/* The texts' words for the everyday words that the question holds, separated by spaces and each
 * once; empty when there are none. `table` is the file's text. */
str synonyms_of(str table, str question, arena *a);
/* The rows of the table that speak to the question, at most `most`. */
size_t synonyms_rows(str table, str question, synonym_row *out, size_t most, arena *a);

#endif
