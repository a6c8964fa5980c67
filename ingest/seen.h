/* A set of 64-bit hashes: what was said already, so that it need not be said again. Forgetting is
 * harmless (the store keeps one of two equal statements), so a full memory only costs time. One
 * thread; zero-initialise, ingest_seen_free at the end. */
#ifndef VOUCH_INGEST_SEEN_H
#define VOUCH_INGEST_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ingest_seen {
    uint64_t *slots; /* 0 = empty */
    size_t capacity; /* a power of two, or 0 */
    size_t count;
} ingest_seen;

void ingest_seen_free(ingest_seen *seen);
/* True when the hash is new; it is in the set afterwards. */
bool ingest_seen_add(ingest_seen *seen, uint64_t hash);
bool ingest_seen_has(const ingest_seen *seen, uint64_t hash);

#endif
