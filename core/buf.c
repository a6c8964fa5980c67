/* See buf.h. */
#include "core/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

void buf_free(buf *b)
{
    if (b == NULL)
        return;
    free(b->data);
    *b = (buf){0};
}

void buf_clear(buf *b)
{
    b->length = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

bool buf_reserve(buf *b, size_t more)
{
    if (b->failed || more > SIZE_MAX / 2 - b->length - 1) {
        b->failed = true;
        return false;
    }
    size_t needed = b->length + more + 1;
    if (needed <= b->capacity)
        return true;
    size_t capacity = b->capacity < 64 ? 64 : b->capacity + b->capacity / 2;
    if (capacity < needed)
        capacity = needed;
    char *data = realloc(b->data, capacity);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    data[b->length] = '\0';
    b->data = data;
    b->capacity = capacity;
    return true;
}

bool buf_add(buf *b, str text)
{
    if (!buf_reserve(b, text.length))
        return false;
    if (text.length != 0)
        memcpy(b->data + b->length, text.data, text.length);
    b->length += text.length;
    b->data[b->length] = '\0';
    return true;
}

bool buf_add_cstr(buf *b, const char *text)
{
    return buf_add(b, str_from(text));
}

bool buf_add_char(buf *b, char c)
{
    return buf_add(b, str_make(&c, 1));
}

bool buf_add_codepoint(buf *b, uint32_t codepoint)
{
    char bytes[4];
    return buf_add(b, str_make(bytes, utf8_encode(codepoint, bytes)));
}

bool buf_vprintf(buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    bool ok = length >= 0 && buf_reserve(b, (size_t)length);
    if (ok) {
        vsnprintf(b->data + b->length, (size_t)length + 1, format, again);
        b->length += (size_t)length;
    } else {
        b->failed = true;
    }
    va_end(again);
    return ok;
}

bool buf_printf(buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = buf_vprintf(b, format, args);
    va_end(args);
    return ok;
}

str buf_str(const buf *b)
{
    return str_make(b->data, b->length);
}

char *buf_take(buf *b)
{
    if (b->failed || (b->data == NULL && !buf_reserve(b, 0)))
        return NULL;
    char *data = b->data;
    *b = (buf){0};
    return data;
}
