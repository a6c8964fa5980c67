/* Expands folders to the files in them, in order of their names. */
#ifndef VOUCH_INGEST_PLACES_H
#define VOUCH_INGEST_PLACES_H

#include "core/arena.h"
#include "core/error.h"

typedef struct ingest_places {
    const char **items;
    size_t count, capacity;
} ingest_places;

/* Files, "-" and URLs as they are; a folder's files at any depth (hidden ones, links to folders and
 * `_index.md` left out; with `markdown`, only *.md). Strings live in `a`. STATUS_NOT_FOUND when a
 * folder holds none. */
status ingest_places_expand(const char *const *given, size_t count, bool markdown, arena *a,
                            ingest_places *out, error *err);

#endif
