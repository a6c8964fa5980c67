/* Plain tables speak of things by name only. Where the graph already has one node of exactly that
 * name (and a predicate of that name for the relation), the table means that one; with none or
 * several, the table's own `urn:vouch:e:<name>` is made. Names are compared as the store compares
 * them (case, width, traditional and simplified); aliases do not count, nor what other plain tables
 * made of a name.
 *
 * Looks at the graph as it was before the load. Borrows the read; one thread. */
#ifndef VOUCH_INGEST_LINK_H
#define VOUCH_INGEST_LINK_H

#include "kg/store.h"

typedef struct ingest_linker ingest_linker;

status ingest_linker_new(kg_read *read, ingest_linker **out, error *err);
void ingest_linker_free(ingest_linker *linker); /* accepts NULL */

/* The IRI of the node, or of the relation, that the name means; empty = none that is clear. Lives
 * as long as the linker. `own`: the IRI that the table would make, which is no other node. */
str ingest_linker_node(ingest_linker *linker, str name, str own);
str ingest_linker_relation(ingest_linker *linker, str name, str own);

/* How many names were linked. */
uint64_t ingest_linker_count(const ingest_linker *linker);

#endif
