/* A source line by line, with bounded memory: a line beyond INGEST_MAX_LINE is passed over and
 * marked. Borrows the source. */
#ifndef VOUCH_INGEST_LINES_H
#define VOUCH_INGEST_LINES_H

#include "core/buf.h"
#include "ingest/source.h"

typedef struct ingest_lines {
    ingest_source *source;
    buf held;       /* bytes read, from `at` not yet given */
    size_t at;      /* start of the next line */
    size_t scanned; /* up to here no line feed */
    bool at_end;
    uint64_t number; /* of the line given last, 1-based */
} ingest_lines;

typedef struct ingest_line {
    str text; /* without its line feed and a carriage return before it; until the next call */
    uint64_t number;
    bool too_long;   /* `text` is the first KiB of it */
    bool terminated; /* false for a last line without a line feed */
} ingest_line;

void ingest_lines_init(ingest_lines *lines, ingest_source *source);
void ingest_lines_free(ingest_lines *lines);
/* *more false at the end. */
status ingest_lines_next(ingest_lines *lines, ingest_line *out, bool *more, error *err);

#endif
