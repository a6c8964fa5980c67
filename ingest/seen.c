/* Open addressing, linear probing, at most half full. See seen.h. */
#include "ingest/seen.h"

#include <stdlib.h>

void ingest_seen_free(ingest_seen *s)
{
    free(s->slots);
    *s = (ingest_seen){0};
}

static size_t find_slot(const uint64_t *slots, size_t capacity, uint64_t hash)
{
    size_t i = (size_t)hash & (capacity - 1);
    while (slots[i] != 0 && slots[i] != hash)
        i = (i + 1) & (capacity - 1);
    return i;
}

static bool grow(ingest_seen *s)
{
    size_t capacity = s->capacity == 0 ? 1024 : s->capacity * 2;
    uint64_t *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < s->capacity; i++)
        if (s->slots[i] != 0)
            slots[find_slot(slots, capacity, s->slots[i])] = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->capacity = capacity;
    return true;
}

bool ingest_seen_has(const ingest_seen *s, uint64_t hash)
{
    hash += hash == 0;
    return s->capacity > 0 && s->slots[find_slot(s->slots, s->capacity, hash)] == hash;
}

bool ingest_seen_add(ingest_seen *s, uint64_t hash)
{
    hash += hash == 0;
    if (s->count * 2 >= s->capacity && !grow(s))
        return true;
    size_t i = find_slot(s->slots, s->capacity, hash);
    if (s->slots[i] == hash)
        return false;
    s->slots[i] = hash;
    s->count++;
    return true;
}
