/* A growable byte buffer, NUL-terminated behind its contents so that it prints. Zero-initialise
 * ({0}), buf_free at the end. A failed append latches `failed` and drops further appends, so a
 * writer checks once at the end. One thread at a time. */
#ifndef VOUCH_CORE_BUF_H
#define VOUCH_CORE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/compiler.h"
#include "core/str.h"

typedef struct buf {
    char *data;      /* NULL until the first append */
    size_t length;   /* bytes of content, the NUL excluded */
    size_t capacity; /* bytes allocated */
    bool failed;     /* an append ran out of memory */
} buf;

void buf_free(buf *b);
/* Empties and keeps the memory. Clears `failed`. */
void buf_clear(buf *b);
/* Room for `more` bytes behind the contents; false on failure. */
bool buf_reserve(buf *b, size_t more);
bool buf_add(buf *b, str text);
bool buf_add_cstr(buf *b, const char *text);
bool buf_add_char(buf *b, char c);
/* UTF-8 of a code point; U+FFFD for what is none. */
bool buf_add_codepoint(buf *b, uint32_t codepoint);
bool buf_printf(buf *b, const char *format, ...) CORE_PRINTF(2, 3);
bool buf_vprintf(buf *b, const char *format, va_list args);
/* The contents, borrowed until the next append. */
str buf_str(const buf *b);
/* Gives the bytes away (caller frees with free()); the buffer is empty after. Never NULL unless
 * failed. */
char *buf_take(buf *b);

#endif
