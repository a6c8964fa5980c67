/* See str.h. No allocation, no state. */
#include "core/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

int str_compare(str a, str b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_equal_nocase(str a, str b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool str_starts(str s, str prefix)
{
    return s.length >= prefix.length && str_equal(str_make(s.data, prefix.length), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.length >= suffix.length &&
           str_equal(str_make(s.data + (s.length - suffix.length), suffix.length), suffix);
}

size_t str_find(str s, str needle, size_t from)
{
    if (from > s.length || needle.length > s.length - from)
        return STR_NONE;
    if (needle.length == 0)
        return from;
    const char *at = s.data + from;
    const char *last = s.data + (s.length - needle.length);
    while (at <= last) {
        at = memchr(at, needle.data[0], (size_t)(last - at) + 1);
        if (at == NULL)
            return STR_NONE;
        if (memcmp(at, needle.data, needle.length) == 0)
            return (size_t)(at - s.data);
        at++;
    }
    return STR_NONE;
}

bool str_holds_any(str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_find(text, str_from(words[i]), 0) != STR_NONE)
            return true;
    return false;
}

str str_slice(str s, size_t from, size_t to)
{
    if (to > s.length)
        to = s.length;
    if (from > to)
        from = to;
    return s.data == NULL ? s : str_make(s.data + from, to - from);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str s)
{
    size_t from = 0;
    size_t to = s.length;
    while (from < to && is_space(s.data[from]))
        from++;
    while (to > from && is_space(s.data[to - 1]))
        to--;
    return str_slice(s, from, to);
}

bool str_split(str *rest, char separator, str *field)
{
    if (rest->data == NULL)
        return false;
    const char *at = rest->length == 0 ? NULL : memchr(rest->data, separator, rest->length);
    if (at == NULL) {
        *field = *rest;
        *rest = (str){0};
        return true;
    }
    size_t length = (size_t)(at - rest->data);
    *field = str_make(rest->data, length);
    *rest = str_make(at + 1, rest->length - length - 1);
    return true;
}

bool str_to_i64(str s, int64_t *out)
{
    size_t i = 0;
    bool negative = false;
    if (s.length > 0 && (s.data[0] == '-' || s.data[0] == '+')) {
        negative = s.data[0] == '-';
        i = 1;
    }
    if (i == s.length)
        return false;
    uint64_t bound = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    for (; i < s.length; i++) {
        unsigned digit = (unsigned)((unsigned char)s.data[i] - '0');
        if (digit > 9 || value > (bound - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (value == bound ? INT64_MIN : -(int64_t)value) : (int64_t)value;
    return true;
}

bool str_to_double(str s, double *out)
{
    char text[512];
    if (s.length == 0 || s.length >= sizeof text)
        return false;
    for (size_t i = 0; i < s.length; i++)
        if (strchr("+-.0123456789eE", s.data[i]) == NULL || s.data[i] == '\0')
            return false;
    memcpy(text, s.data, s.length);
    text[s.length] = '\0';
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    if (end != text + s.length || !isfinite(value))
        return false;
    *out = value;
    return true;
}

uint64_t str_hash(str s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.data == NULL ? "" : s.data, s.length, seed);
}
