/* Recognising the pieces of a statute's text. See statute_text.h. */
#include "ingest/statute_text.h"

#include "ingest/chinese_number.h"

void *statute_grow(arena *a, void *items, size_t count, size_t *capacity, size_t bytes_each)
{
    if (count < *capacity)
        return items;
    size_t more = *capacity * 2 + 16;
    void *bigger = arena_calloc(a, more, bytes_each);
    if (bigger == NULL)
        return NULL;
    if (count > 0)
        memcpy(bigger, items, count * bytes_each);
    *capacity = more;
    return bigger;
}

static bool literal_at(str text, size_t at, str wanted)
{
    return str_starts(str_slice(text, at, text.length), wanted);
}

size_t statute_ordinal_at(str text, size_t at, str unit, unsigned *number)
{
    if (!literal_at(text, at, STR("第")))
        return 0;
    unsigned value;
    size_t n = chinese_number_read(text, at + 3, &value);
    if (n == 0 || !literal_at(text, at + 3 + n, unit))
        return 0;
    *number = value;
    return 3 + n + unit.length;
}

size_t statute_article_at(str text, size_t at, unsigned *number, unsigned *sub)
{
    size_t n = statute_ordinal_at(text, at, STR("条"), number);
    *sub = 0;
    if (n == 0 || !literal_at(text, at + n, STR("之")))
        return n;
    size_t m = chinese_number_read(text, at + n + 3, sub);
    if (m == 0)
        *sub = 0;
    return m == 0 ? n : n + 3 + m;
}

size_t statute_date_at(str text, size_t at, clock_day *out)
{
    unsigned part[3];
    static const char *const marks[] = {"年", "月", "日"};
    size_t i = at;
    for (size_t k = 0; k < 3; k++) {
        size_t n = chinese_number_read(text, i, &part[k]);
        if (n == 0 || text.data[i] < '0' || text.data[i] > '9' ||
            !literal_at(text, i + n, str_from(marks[k])))
            return 0;
        i += n + 3;
    }
    return clock_day_from_civil((int)part[0], (int)part[1], (int)part[2], out) ? i - at : 0;
}

str statute_article_label(unsigned number, unsigned sub, arena *a)
{
    char main[40], rest[40] = "";
    chinese_number_write(number, main);
    if (sub > 0)
        chinese_number_write(sub, rest);
    return str_from(arena_printf(a, "第%s条%s%s", main, sub > 0 ? "之" : "", rest));
}

#define COUNTRY "中华人民共和国"

str statute_short_title(str title)
{
    return str_starts(title, STR(COUNTRY)) ? str_slice(title, sizeof(COUNTRY) - 1, title.length)
                                           : title;
}

str statute_full_title(str title, arena *a)
{
    if (str_starts(title, STR(COUNTRY)) || str_starts(title, STR("全国人民代表大会")))
        return title;
    return str_from(arena_printf(a, COUNTRY "%.*s", STR_ARG(title)));
}

/* Bytes of white space or an invisible mark at `at`; 0 = none. */
static size_t blank_at(str text, size_t at)
{
    static const char *const marks[] = {
        " ", "\t", "\r", "\xe3\x80\x80", "\xe2\x80\x8b", "\xc2\xa0", "\xef\xbb\xbf"};
    for (size_t i = 0; i < CORE_COUNT(marks); i++)
        if (literal_at(text, at, str_from(marks[i])))
            return strlen(marks[i]);
    return 0;
}

str statute_squeeze(str text, arena *a)
{
    char *out = arena_alloc(a, text.length + 1);
    if (out == NULL)
        return (str){0};
    size_t n = 0;
    for (size_t i = 0; i < text.length;) {
        size_t skip = blank_at(text, i);
        if (skip == 0)
            out[n++] = text.data[i++];
        i += skip;
    }
    return str_make(out, n);
}
