/* Which version of a law a question means: "2018年版公司法", "旧公司法", "反洗钱法（2006）". The
 * words that choose it say nothing else. */
#ifndef VOUCH_RETRIEVER_VERSIONS_H
#define VOUCH_RETRIEVER_VERSIONS_H

#include "retriever/link.h"

typedef struct version_choice {
    clock_day day;   /* on which the version was in force */
    token_mask said; /* the words that choose it */
} version_choice;

/* Chooses by the words beside the laws and articles that `link` found; false when there are none.
 * Values that only choose a version are taken out of `link`. `schema` has the relations. */
bool versions_choose(kg_read *read, const retriever_schema *schema, str question, clock_day today,
                     link_result *link, arena *a, version_choice *out);

#endif
