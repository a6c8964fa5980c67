/* Records (rows of a table, objects of JSON) to statements, as a mapping says. Borrows the mapping
 * and the sink; one per source; one thread. */
#ifndef VOUCH_INGEST_ROWS_H
#define VOUCH_INGEST_ROWS_H

#include "ingest/mapping.h"

typedef struct ingest_rows ingest_rows;

status ingest_rows_new(const ingest_mapping *mapping, const ingest_sink *sink, const char *where,
                       ingest_rows **out, error *err);
void ingest_rows_free(ingest_rows *rows);

/* The next row of a table; the first is the header where the mapping says so (STATUS_INVALID when a
 * column that the mapping names is not there). */
status ingest_rows_table(ingest_rows *rows, const str *cells, size_t count, uint64_t line,
                         error *err);

/* A record whose values are asked for by column: the texts under a name, borrowed until the next
 * call. */
typedef struct ingest_texts {
    const str *items;
    size_t count;
} ingest_texts;
typedef ingest_texts (*ingest_values)(void *context, const mapping_cell *cell);
status ingest_rows_record(ingest_rows *rows, ingest_values values, void *context, uint64_t line,
                          error *err);

/* Records were given, but none held anything in a column that the mapping names. */
bool ingest_rows_mismatch(const ingest_rows *rows);

/* Behind the last record of a table. STATUS_INVALID when the table is none that the mapping could
 * mean: it is wider, and no row's relation is one that the mapping lists. */
status ingest_rows_finish(ingest_rows *rows, error *err);

#endif
