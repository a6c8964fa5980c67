/* Stages of a byte stream: raw bytes, decompression, recoding. Each stage owns the one below it.
 * Used by source.c alone. */
#ifndef VOUCH_INGEST_CODEC_H
#define VOUCH_INGEST_CODEC_H

#include "core/error.h"
#include "core/str.h"

typedef struct ingest_stage ingest_stage;
struct ingest_stage {
    /* Up to `capacity` bytes into `out`; *got 0 at the end. */
    status (*read)(ingest_stage *self, char *out, size_t capacity, size_t *got, error *err);
    void (*close)(ingest_stage *self); /* closes the stage below too */
};

/* The first bytes of a stage below, put in front of it again. Takes `below`; `head` is copied.
 * NULL when out of memory (then `below` stays the caller's; so for the others). */
ingest_stage *ingest_stage_unread(ingest_stage *below, str head);
/* Decompression. Expansion beyond 1:300 behind the first 256 MiB is STATUS_LIMIT, a truncated or
 * damaged stream STATUS_SYNTAX. */
ingest_stage *ingest_stage_gzip(ingest_stage *below);
ingest_stage *ingest_stage_zstd(ingest_stage *below);
/* Recoding to UTF-8; STATUS_USAGE when iconv does not know the encoding. */
status ingest_stage_recode(ingest_stage *below, const char *encoding, ingest_stage **out,
                           error *err);

/* The encoding of a text that begins with `head`: static text such as "UTF-8", "UTF-16LE",
 * "GB18030"; NULL when it cannot be told; "binary" when it is no text. *skip is the length of a
 * byte order mark. `whole` says that nothing follows. */
const char *ingest_detect_encoding(str head, bool whole, size_t *skip);

#endif
