/* Everyday words and the words that a domain's texts use for them (schemas/NAME_synonyms.tsv). */
#ifndef VOUCH_RETRIEVER_SYNONYMS_H
#define VOUCH_RETRIEVER_SYNONYMS_H

#include "core/arena.h"
#include "core/str.h"

/* The texts' words for the everyday words that the question holds, separated by spaces and each
 * once; empty when there are none. `table` is the file's text. */
str synonyms_of(str table, str question, arena *a);

#endif
