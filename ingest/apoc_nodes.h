/* Which node an id of a Neo4j export means: ids are numbers of one database, so that two exports
 * give the same id to different things. A node is its id with its labels and its name (or, where it
 * has no name, all its properties); relationships know the id alone, and this map the rest. It
 * lives as long as a command, whose files may be one export in parts. Zero-initialise. */
#ifndef VOUCH_INGEST_APOC_NODES_H
#define VOUCH_INGEST_APOC_NODES_H

#include <jansson.h>

#include "core/arena.h"
#include "core/str.h"

typedef struct ingest_apoc_nodes {
    struct ingest_apoc_node *slots; /* open addressing, at most half full */
    size_t capacity, count;
} ingest_apoc_nodes;

void ingest_apoc_nodes_free(ingest_apoc_nodes *nodes);

/* Notes the node that a line of the export describes; false when out of memory. */
bool ingest_apoc_nodes_put(ingest_apoc_nodes *nodes, str id, str name, const json_t *labels,
                           const json_t *properties);
bool ingest_apoc_nodes_has(const ingest_apoc_nodes *nodes, str id);
/* The node's IRI, urn:vouch:n:ID:HASH; without the hash for an id that no line described. */
str ingest_apoc_nodes_iri(const ingest_apoc_nodes *nodes, str id, arena *a);

#endif
