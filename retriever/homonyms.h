/* Names that several things of the graph bear: is the chosen reading the only one that answers?
 * Internal to the retriever. */
#ifndef VOUCH_RETRIEVER_HOMONYMS_H
#define VOUCH_RETRIEVER_HOMONYMS_H

#include "retriever/execute.h"
#include "retriever/link.h"

/* The senses of one name of the question that answer the chosen form differently, the one used
 * first: `*count` is 0 where only one does, and where the question tells them apart by their
 * kinds. A primary label beats an alias: only senses matched alike are compared. Memory: arena. */
status homonyms_find(kg_read *read, const link_result *link, str question, const lf_node *form,
                     const execute_result *chosen, const execute_options *options, arena *a,
                     const retriever_sense **choices, size_t *count, error *err);

#endif
