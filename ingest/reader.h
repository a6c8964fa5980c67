/* What every reader takes and how it is called. A reader turns one source into statements and
 * problems for a sink; it never sees the store. One reader lies in one file, reader_NAME.c. */
#ifndef VOUCH_INGEST_READER_H
#define VOUCH_INGEST_READER_H

#include "ingest/sink.h"
#include "ingest/source.h"

/* The longest line, cell or record that is read; longer ones are rejected without being held. */
#define INGEST_MAX_LINE ((size_t)16 << 20)

typedef struct ingest_mapping ingest_mapping; /* ingest/mapping.h */

typedef struct ingest_input {
    ingest_source *source; /* borrowed */
    str base;              /* the base IRI of relative ones */
    str blank_prefix;      /* put before blank node labels, so that two sources keep apart */
    char separator;        /* tables; 0 = the format's own */
    const ingest_mapping *mapping;        /* tables and JSON; NULL = none */
    struct ingest_linker *linker;         /* tables of triples; NULL = names are their own */
    struct ingest_apoc_nodes *apoc_nodes; /* of the files before; NULL = there were none */
    uint64_t lines;                       /* out: lines read so far */
} ingest_input;

typedef status (*ingest_reader)(ingest_input *input, const ingest_sink *sink, error *err);

status ingest_read_ntriples(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_nquads(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_turtle(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_trig(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_rdfxml(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_obo(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_apoc(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_csv(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_tsv(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_json(ingest_input *input, const ingest_sink *sink, error *err);
status ingest_read_jsonl(ingest_input *input, const ingest_sink *sink, error *err);

#endif
