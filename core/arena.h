/* A bump allocator: many small allocations, one free. One arena serves one request, load or file
 * and is used by one thread at a time. Memory is zeroed, aligned for any type, and lives until
 * arena_free or arena_reset. An optional byte bound turns runaway input into STATUS_LIMIT-style
 * failure (NULL) instead of exhausting the machine. */
#ifndef VOUCH_CORE_ARENA_H
#define VOUCH_CORE_ARENA_H

#include <stddef.h>

#include "core/compiler.h"
#include "core/str.h"

typedef struct arena arena;

/* limit_bytes: most bytes the arena may hold in all; 0 = no bound. NULL when out of memory. */
arena *arena_new(size_t limit_bytes);
void arena_free(arena *a);

/* Forgets all allocations and keeps the first block for reuse. */
void arena_reset(arena *a);

/* Zeroed bytes, or NULL (out of memory, bound reached, or size overflow). bytes 0 gives a valid
 * unique pointer. */
void *arena_alloc(arena *a, size_t bytes) CORE_NODISCARD;
void *arena_calloc(arena *a, size_t count, size_t bytes_each) CORE_NODISCARD;

/* Copies with a NUL added behind, so that the copy also serves as a C string. On failure the
 * slice's data is NULL and its length 0. */
str arena_str(arena *a, str text);
char *arena_cstr(arena *a, str text) CORE_NODISCARD;
char *arena_printf(arena *a, const char *format, ...) CORE_PRINTF(2, 3) CORE_NODISCARD;

/* Bytes handed out so far, headers excluded. */
size_t arena_used(const arena *a);

#define ARENA_NEW(a, type) ((type *)arena_calloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_calloc((a), (count), sizeof(type)))

#endif
