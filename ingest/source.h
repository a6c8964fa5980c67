/* Bytes from anywhere, as UTF-8: a file, standard input ("-") or an http(s) URL; plain, gzip or
 * zstd; UTF-8, UTF-16, GB18030/GBK (detected) or any encoding that iconv knows (named).
 *
 * Bounded: decompressed data may not exceed a fixed multiple of what was read (decompression
 * bombs), nor `max_bytes`. A source that changes while it is read is an error at its end. Bytes
 * that the encoding does not allow become the single byte 0xFF, which is no UTF-8, so that readers
 * of lines can reject the line and go on.
 *
 * Owns its handles and buffers. One thread. */
#ifndef VOUCH_INGEST_SOURCE_H
#define VOUCH_INGEST_SOURCE_H

#include "core/error.h"
#include "core/str.h"

typedef struct ingest_source ingest_source;

typedef struct ingest_source_options {
    const char *encoding; /* NULL: detect */
    uint64_t max_bytes;   /* most decoded bytes; 0 = 1 TiB */
    int timeout_s;        /* http: how long no byte may come; 0 = 30 */
    int retries;          /* http: tries behind the first; 0 = 4; negative = none */
} ingest_source_options;

/* STATUS_NOT_FOUND, STATUS_IO, STATUS_NET; STATUS_SYNTAX when the bytes are binary data or in an
 * encoding that cannot be told. */
status ingest_source_open(const char *location, const ingest_source_options *options,
                          ingest_source **out, error *err);
/* A source over bytes in memory, borrowed until close (tests, fuzzers, the service's bodies). */
status ingest_source_memory(str bytes, const ingest_source_options *options, ingest_source **out,
                            error *err);
void ingest_source_close(ingest_source *source);

/* Up to `capacity` bytes; *got 0 only at the end. STATUS_LIMIT at a bound, STATUS_INVALID when the
 * source changed meanwhile. */
status ingest_source_read(ingest_source *source, char *out, size_t capacity, size_t *got,
                          error *err);

/* The first decoded bytes (at most 256 KiB), without consuming them. Borrowed until the first read.
 */
str ingest_source_peek(const ingest_source *source);

/* Raw bytes consumed and in all (0 = unknown). */
void ingest_source_progress(const ingest_source *source, uint64_t *done, uint64_t *total);

/* The encoding in use ("UTF-8", "GB18030", ...), the place as given, and the last part of its path
 * without .gz or .zst. */
const char *ingest_source_encoding(const ingest_source *source);
const char *ingest_source_location(const ingest_source *source);
str ingest_source_base_name(const ingest_source *source);

/* Everything that is left, NUL-terminated, for formats that are read whole; the caller frees
 * out->data. STATUS_LIMIT beyond `limit` bytes. */
status ingest_source_slurp(ingest_source *source, size_t limit, str *out, error *err);

#endif
