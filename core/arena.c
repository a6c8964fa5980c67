/* See arena.h. Blocks grow geometrically from 16 KiB to 4 MiB; larger requests get a block of their
 * own. Not thread-safe by design. */
#include "core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK_BYTES ((size_t)16 << 10)
#define LARGEST_BLOCK_BYTES ((size_t)4 << 20)

typedef struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    max_align_t data[];
} block;

struct arena {
    block *head; /* the block that allocations come from */
    size_t limit;
    size_t used;
    size_t next_capacity;
};

arena *arena_new(size_t limit_bytes)
{
    arena *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->limit = limit_bytes;
    a->next_capacity = FIRST_BLOCK_BYTES;
    return a;
}

static void free_blocks(block *b)
{
    while (b != NULL) {
        block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_free(arena *a)
{
    if (a == NULL)
        return;
    free_blocks(a->head);
    free(a);
}

void arena_reset(arena *a)
{
    if (a->head != NULL) {
        free_blocks(a->head->next);
        a->head->next = NULL;
        a->head->used = 0;
    }
    a->used = 0;
}

static block *add_block(arena *a, size_t bytes)
{
    size_t capacity = a->next_capacity;
    if (a->next_capacity < LARGEST_BLOCK_BYTES)
        a->next_capacity *= 2;
    if (capacity < bytes)
        capacity = bytes;
    if (capacity > SIZE_MAX - sizeof(block))
        return NULL;
    block *b = malloc(sizeof *b + capacity);
    if (b == NULL)
        return NULL;
    b->capacity = capacity;
    b->used = 0;
    b->next = a->head;
    a->head = b;
    return b;
}

void *arena_alloc(arena *a, size_t bytes)
{
    const size_t align = sizeof(max_align_t);
    if (bytes > SIZE_MAX - align)
        return NULL;
    size_t rounded = (bytes + align - 1) / align * align;
    if (rounded == 0)
        rounded = align;
    if (a->limit != 0 && (rounded > a->limit || a->used > a->limit - rounded))
        return NULL;
    block *b = a->head;
    if (b == NULL || b->capacity - b->used < rounded)
        b = add_block(a, rounded);
    if (b == NULL)
        return NULL;
    void *memory = (char *)b->data + b->used;
    b->used += rounded;
    a->used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

void *arena_calloc(arena *a, size_t count, size_t bytes_each)
{
    if (bytes_each != 0 && count > SIZE_MAX / bytes_each)
        return NULL;
    return arena_alloc(a, count * bytes_each);
}

char *arena_cstr(arena *a, str text)
{
    if (text.length == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(a, text.length + 1);
    if (copy != NULL && text.length != 0)
        memcpy(copy, text.data, text.length);
    return copy;
}

str arena_str(arena *a, str text)
{
    char *copy = arena_cstr(a, text);
    return str_make(copy, copy == NULL ? 0 : text.length);
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : arena_alloc(a, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

size_t arena_used(const arena *a)
{
    return a->used;
}
