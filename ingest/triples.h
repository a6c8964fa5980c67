/* Tables of three columns (subject, relation, object) that have no mapping.
 *
 * Subjects and objects become entities: the one that the graph has of that name (link.h), else
 * `urn:vouch:e:<text>`; an object that looks like a number or
 * date, or is a long text, and is nowhere a subject becomes a literal. To know the latter, rows are
 * held until the end, up to a bound; beyond it, what was seen so far decides. */
#ifndef VOUCH_INGEST_TRIPLES_H
#define VOUCH_INGEST_TRIPLES_H

#include "ingest/link.h"
#include "ingest/sink.h"

typedef struct ingest_triples ingest_triples;

/* `linker` NULL: names are the table's own. */
status ingest_triples_new(const ingest_sink *sink, ingest_linker *linker, ingest_triples **out,
                          error *err);
void ingest_triples_free(ingest_triples *triples);
/* A row with another number of cells, or an empty one, is rejected. The first row is passed over
 * when it is a header (subject, predicate, object; head, relation, tail; 主语, 谓语, 宾语; ...). */
status ingest_triples_row(ingest_triples *triples, const str *cells, size_t count, uint64_t line,
                          error *err);
/* STATUS_INVALID (of the file `where`) when there were rows and none had three cells. */
status ingest_triples_finish(ingest_triples *triples, const char *where, error *err);

#endif
