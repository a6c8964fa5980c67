/* See utf8.h. No state, no allocation. */
#include "core/utf8.h"

#include <utf8proc.h>

static bool continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t utf8_decode(const char *data, size_t length, uint32_t *codepoint)
{
    if (length == 0)
        return 0;
    const unsigned char *s = (const unsigned char *)data;
    *codepoint = UINT32_MAX;
    if (s[0] < 0x80) {
        *codepoint = s[0];
        return 1;
    }
    size_t need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || length < need)
        return 1;
    uint32_t value = s[0] & (0xFFu >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if (!continuation(s[i]))
            return 1;
        value = value << 6 | (s[i] & 0x3Fu);
    }
    if ((need == 3 && value < 0x800) || (need == 4 && value < 0x10000) || value > 0x10FFFF ||
        (value >= 0xD800 && value <= 0xDFFF))
        return 1;
    *codepoint = value;
    return need;
}

size_t utf8_encode(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = UTF8_REPLACEMENT;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

size_t utf8_first_invalid(const char *data, size_t length)
{
    size_t at = 0;
    while (at < length) {
        uint32_t codepoint;
        size_t bytes = utf8_decode(data + at, length - at, &codepoint);
        if (codepoint == UINT32_MAX)
            return at;
        at += bytes;
    }
    return length;
}

bool utf8_valid(const char *data, size_t length)
{
    return utf8_first_invalid(data, length) == length;
}

size_t utf8_count(const char *data, size_t length)
{
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        uint32_t codepoint;
        at += utf8_decode(data + at, length - at, &codepoint);
    }
    return count;
}

size_t utf8_floor(const char *data, size_t length, size_t offset)
{
    if (offset >= length)
        return length;
    while (offset > 0 && continuation((unsigned char)data[offset]))
        offset--;
    return offset;
}

bool utf8_is_han(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || c == 0x3007 ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x323AF);
}

bool utf8_has_han(const char *data, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint32_t codepoint;
        at += utf8_decode(data + at, length - at, &codepoint);
        if (utf8_is_han(codepoint))
            return true;
    }
    return false;
}

size_t utf8_columns(const char *data, size_t length)
{
    size_t columns = 0;
    for (size_t at = 0; at < length;) {
        uint32_t codepoint;
        at += utf8_decode(data + at, length - at, &codepoint);
        if (codepoint == UINT32_MAX) {
            columns++;
            continue;
        }
        int width = utf8proc_charwidth((utf8proc_int32_t)codepoint);
        columns += width > 0 ? (size_t)width : 0;
    }
    return columns;
}
