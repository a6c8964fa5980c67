/* Cutting text for the indexes: character grams of names, words of passages. Inside kg/. */
#include <stdlib.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "kg/internal.h"

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Three code points of 21 bits; a shorter gram has zeros above. */
static uint64_t pack(uint32_t a, uint32_t b, uint32_t c)
{
    return (uint64_t)a << 42 | (uint64_t)b << 21 | c;
}

status kg_grams(str text, arena *a, uint64_t **out, size_t *count, error *err)
{
    size_t length = utf8_count(text.data, text.length), n = 0, found = 0;
    uint32_t *points = ARENA_ARRAY(a, uint32_t, length + 3);
    uint64_t *grams = ARENA_ARRAY(a, uint64_t, 2 * length + 3);
    if (points == NULL || grams == NULL)
        return error_memory(err);
    points[n++] = ' ';
    for (size_t i = 0; i < text.length;) {
        i += utf8_decode(text.data + i, text.length - i, &points[n]);
        points[n] = points[n] == UINT32_MAX ? UTF8_REPLACEMENT : points[n];
        n++;
    }
    points[n++] = ' ';
    for (size_t i = 1; i + 1 < n; i++) {
        bool han = utf8_is_han(points[i]);
        if (han)
            grams[found++] = pack(0, 0, points[i]);
        if (han && utf8_is_han(points[i + 1]))
            grams[found++] = pack(0, points[i], points[i + 1]);
        if (!han && points[i] != ' ' && !utf8_is_han(points[i - 1]) && !utf8_is_han(points[i + 1]))
            grams[found++] = pack(points[i - 1], points[i], points[i + 1]);
    }
    qsort(grams, found, sizeof *grams, by_value);
    size_t distinct = 0;
    for (size_t i = 0; i < found; i++)
        if (distinct == 0 || grams[distinct - 1] != grams[i])
            grams[distinct++] = grams[i];
    *out = grams;
    *count = distinct;
    return STATUS_OK;
}

#define PASSAGE_HAN 12   /* characters from which a Chinese literal is a passage */
#define PASSAGE_BYTES 60 /* bytes from which another one is */

bool kg_is_passage(kg_term term)
{
    if (term.kind != KG_TERM_LITERAL || term.datatype.length > 0 || term.lexical.length < 36)
        return false;
    size_t han = 0;
    for (size_t i = 0; i < term.lexical.length && han < PASSAGE_HAN;) {
        uint32_t c;
        i += utf8_decode(term.lexical.data + i, term.lexical.length - i, &c);
        han += utf8_is_han(c);
    }
    return han >= PASSAGE_HAN || (term.lexical.length >= PASSAGE_BYTES &&
                                  memchr(term.lexical.data, ' ', term.lexical.length) != NULL);
}

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 0x80 && c != UINT32_MAX && !(c >= 0x2000 && c <= 0x303f) &&
            !(c >= 0xff00 && c <= 0xff0f) && c != 0xb7);
}

static void add_word(buf *out, str word, bool query)
{
    if (word.length == 0 || (query && word.length > 256))
        return;
    if (out->length > 0)
        (void)buf_add_cstr(out, query ? " OR " : " ");
    if (query)
        (void)buf_add_char(out, '"');
    (void)buf_add(out, word);
    if (query)
        (void)buf_add_char(out, '"');
}

str kg_passage_words(str text, bool query, arena *a)
{
    str normal = kg_normalise(text, a);
    buf out = {0};
    size_t start = 0, i = 0, previous = STR_NONE; /* of the Han character before */
    while (i < normal.length) {
        uint32_t c;
        size_t n = utf8_decode(normal.data + i, normal.length - i, &c);
        bool han = utf8_is_han(c), word = is_word(c) && !han;
        if (!word) {
            add_word(&out, str_slice(normal, start, i), query);
            start = i + n;
        }
        if (han && previous != STR_NONE)
            add_word(&out, str_slice(normal, previous, i + n), query);
        previous = han ? i : STR_NONE;
        i += n;
    }
    add_word(&out, str_slice(normal, start, normal.length), query);
    str result = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return result;
}
