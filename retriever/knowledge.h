/* The schema of a graph together with the ways of speaking about it: built from the index, the
 * pack and the shared concepts whenever the index is. Immutable, shared by threads. */
#ifndef VOUCH_RETRIEVER_KNOWLEDGE_H
#define VOUCH_RETRIEVER_KNOWLEDGE_H

#include "core/arena.h"
#include "core/error.h"
#include "kg/store.h"
#include "retriever/index.h"
#include "retriever/nicknames.h"
#include "retriever/phrasebook.h"
#include "retriever/schema.h"

struct pack;

typedef struct knowledge {
    arena *memory;
    retriever_schema schema; /* relation i is the index's relation i */
    phrasebook *steps;       /* target = 2 * relation + inverse */
    phrasebook *classes;     /* target = class */
    nicknames nicknames;     /* what the pack calls entities */
} knowledge;

/* A step along a relation: 2 * relation + inverse. */
static inline uint32_t step_of(uint32_t relation, bool inverse)
{
    return relation * 2 + (inverse ? 1u : 0u);
}

/* `concepts`, `broader`: the texts of schemas/concepts.tsv and schemas/broader.tsv. */
status knowledge_build(kg_read *read, const graph_index *index, const struct pack *domain,
                       str concepts, str broader, knowledge **out, error *err);
void knowledge_free(knowledge *k);

#endif
