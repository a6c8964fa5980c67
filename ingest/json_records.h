/* The records of a JSON document one by one, so that an array of any length is read with the memory
 * of its largest element: a scanner finds where each element of the outermost array (or each of
 * several documents in a row) begins and ends; jansson parses it. Borrows the source. */
#ifndef VOUCH_INGEST_JSON_RECORDS_H
#define VOUCH_INGEST_JSON_RECORDS_H

#include <jansson.h>

#include "core/buf.h"
#include "ingest/source.h"

typedef struct json_records {
    ingest_source *source;
    str key; /* read the array under this key of the outermost object; empty: the document */
    buf held;
    size_t at;
    bool at_end, started, in_array, done;
    uint64_t line; /* of the byte at `at` */
} json_records;

typedef struct json_record {
    str text;      /* borrowed until the next call */
    uint64_t line; /* where it begins */
} json_record;

void json_records_init(json_records *records, ingest_source *source, str key);
void json_records_free(json_records *records);
/* *more false at the end. STATUS_SYNTAX when brackets do not match, STATUS_LIMIT for a record
 * beyond INGEST_MAX_LINE or nested beyond 200. */
status json_records_next(json_records *records, json_record *out, bool *more, error *err);

#endif
