/* kg_normalise: the form under which names are compared. ASCII and Han text, which is nearly all,
 * takes a short path; anything else goes through utf8proc (Unicode UAX #15 NFKC, UAX #31 case
 * folding). Traditional characters map one by one by the table that scripts/gen_t2s.c draws from
 * OpenCC's data at build time. No state, no locks. */
#include <stdlib.h>
#include <utf8proc.h>

#include "core/arena.h"
#include "core/compiler.h"
#include "core/utf8.h"
#include "kg/store.h"

static const uint32_t simplified_of[][2] = {
#include "kg_t2s.inc"
};

uint32_t kg_simplified(uint32_t c)
{
    size_t low = 0, high = CORE_COUNT(simplified_of);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (simplified_of[middle][0] < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < CORE_COUNT(simplified_of) && simplified_of[low][0] == c ? simplified_of[low][1]
                                                                         : c;
}

static bool is_plain(str text)
{
    for (size_t i = 0; i < text.length;) {
        unsigned char b = (unsigned char)text.data[i];
        if (b < 0x80) {
            i++;
            continue;
        }
        uint32_t c;
        size_t n = utf8_decode(text.data + i, text.length - i, &c);
        if (!(c >= 0x3400 && c <= 0x9fff) && !(c >= 0x20000 && c <= 0x2f7ff))
            return false;
        i += n;
    }
    return true;
}

/* Case, width and compatibility forms; NULL where the text is no UTF-8. Caller frees. */
static char *fold(str text, size_t *length)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n = utf8proc_map(
        (const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.length, &out,
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    if (n < 0)
        return NULL;
    *length = (size_t)n;
    return (char *)out;
}

static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* Lower case (ASCII), simplified characters, single inner spaces; `out` holds 2 * length + 1. */
static size_t finish(str text, char *out)
{
    size_t n = 0;
    bool space = false;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        if (is_space(c)) {
            space = n > 0;
            i += bytes;
            continue;
        }
        if (space)
            out[n++] = ' ';
        space = false;
        if (c < 0x80) {
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        } else if (c >= 0x3400 && c != UINT32_MAX && utf8_is_han(c)) {
            n += utf8_encode(kg_simplified(c), out + n);
        } else {
            memcpy(out + n, text.data + i, bytes);
            n += bytes;
        }
        i += bytes;
    }
    return n;
}

str kg_normalise(str text, arena *a)
{
    size_t length = text.length;
    char *folded = text.length == 0 || is_plain(text) ? NULL : fold(text, &length);
    str source = folded != NULL ? str_make(folded, length) : text;
    str result = {NULL, 0};
    char *out = source.length > SIZE_MAX / 4 ? NULL : arena_alloc(a, source.length * 2 + 1);
    if (out != NULL)
        result = str_make(out, finish(source, out));
    free(folded);
    return result;
}
