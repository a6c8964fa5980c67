/* Strings as (pointer, length). A `str` borrows its bytes: whoever made them owns them. No NUL is
 * promised behind the last byte. Contents are UTF-8 wherever the text has passed a reader. */
#ifndef VOUCH_CORE_STR_H
#define VOUCH_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
    const char *data; /* may be NULL when length is 0 */
    size_t length;    /* bytes */
} str;

/* A string literal as a str. */
#define STR(literal) ((str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". Cut at INT_MAX. */
#define STR_ARG(s)                                                                                 \
    ((s).length > 0x7fffffff ? 0x7fffffff : (int)(s).length), ((s).data ? (s).data : "")

/* NULL gives the empty string. */
static inline str str_from(const char *cstr)
{
    return (str){cstr, cstr == NULL ? 0 : strlen(cstr)};
}

static inline str str_make(const char *data, size_t length)
{
    return (str){data, length};
}

static inline bool str_empty(str s)
{
    return s.length == 0;
}

static inline bool str_equal(str a, str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Bytewise order; a prefix sorts first. */
int str_compare(str a, str b);
bool str_equal_nocase(str a, str b); /* ASCII letters only */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);

/* Offset of the first `needle` at or behind `from`; STR_NONE when there is none. */
#define STR_NONE SIZE_MAX
size_t str_find(str s, str needle, size_t from);
/* Whether the text holds one of the words. */
bool str_holds_any(str text, const char *const *words, size_t count);

/* The part [from, to); offsets past the end are clamped. */
str str_slice(str s, size_t from, size_t to);
/* Without ASCII white space at both ends. */
str str_trim(str s);

/* Splits off the text before `separator`; `rest` becomes what is behind it. false when `rest` was
 * exhausted before the call (rest->data NULL). An empty last field is given once. */
bool str_split(str *rest, char separator, str *field);

/* Whole-string decimal integer; false (out untouched) when it is anything else or overflows. */
bool str_to_i64(str s, int64_t *out);
/* Whole-string decimal number as strtod in the C locale, no hex, inf or nan. */
bool str_to_double(str s, double *out);

/* XXH3 64 bits of the bytes. */
uint64_t str_hash(str s, uint64_t seed);

#endif
