/* The input formats: their names, their readers, and how one is told from another. */
#ifndef VOUCH_INGEST_FORMAT_H
#define VOUCH_INGEST_FORMAT_H

#include "ingest/reader.h"

typedef enum ingest_format {
    INGEST_UNKNOWN = 0,
    INGEST_NTRIPLES,
    INGEST_NQUADS,
    INGEST_TURTLE,
    INGEST_TRIG,
    INGEST_RDFXML,
    INGEST_OBO,
    INGEST_APOC,
    INGEST_CSV,
    INGEST_TSV,
    INGEST_JSON,
    INGEST_JSONL,
    INGEST_STATUTES,
    INGEST_JSONLD /* known, and refused */
} ingest_format;

/* "nt", "nq", "ttl", "trig", "rdfxml", "obo", "apoc", "csv", "tsv", "json", "jsonl", "statutes",
 * "jsonld". */
const char *ingest_format_name(ingest_format format);
/* The format of that name or file extension; INGEST_UNKNOWN when there is none. */
ingest_format ingest_format_named(str name);
/* NULL for statutes (read together, ingest/statutes.h) and JSON-LD. */
ingest_reader ingest_format_reader(ingest_format format);

/* By the file's name and its first text. STATUS_UNSUPPORTED with a hint when it is none of them, or
 * when the text contradicts the name. */
status ingest_format_detect(str file_name, str head, const char *where, ingest_format *out,
                            error *err);

#endif
