/* Checks statements against a domain pack on their way to a sink: relations that the pack does not
 * know, subjects and objects of a class outside the relation's domain and range, values that cannot
 * be read. Each is a problem that is kept, or, when strict, one that rejects the statement.
 *
 * A class is known from an rdf:type that came before; a node without one is not judged. Borrows all
 * it is given; one thread. */
#ifndef VOUCH_INGEST_VALIDATE_H
#define VOUCH_INGEST_VALIDATE_H

#include "ingest/sink.h"
#include "kg/pack.h"

typedef struct ingest_validator ingest_validator;

status ingest_validator_new(const pack *pack, bool strict, const ingest_sink *to,
                            ingest_validator **out, error *err);
void ingest_validator_free(ingest_validator *validator);
/* The sink to give to readers. */
const ingest_sink *ingest_validator_sink(const ingest_validator *validator);

#endif
