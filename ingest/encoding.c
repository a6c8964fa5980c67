/* Which encoding a text is in. UTF-8 is proved, not guessed; UTF-16 by its byte order mark or by
 * where its zero bytes stand; the rest by uchardet, and believed only where iconv agrees. */
#include <iconv.h>
#include <stdlib.h>
#include <uchardet/uchardet.h>

#include "core/compiler.h"
#include "core/utf8.h"
#include "ingest/codec.h"

/* Valid characters of several bytes, and invalid bytes; a character cut at the end counts as
 * neither unless the text is whole. */
static void utf8_survey(str s, bool whole, size_t *wide, size_t *bad)
{
    *wide = *bad = 0;
    for (size_t i = 0; i < s.length;) {
        uint32_t c;
        size_t n = utf8_decode(s.data + i, s.length - i, &c);
        if (c == UINT32_MAX) {
            if (!whole && s.length - i < 4)
                return;
            (*bad)++;
        } else if (n > 1) {
            (*wide)++;
        }
        i += n;
    }
}

static bool decodes_as(str s, const char *encoding)
{
    iconv_t ic = iconv_open("UTF-8", encoding);
    if (ic == (iconv_t)-1)
        return false;
    char out[4096];
    char *from = (char *)(uintptr_t)s.data;
    size_t left = s.length;
    bool ok = true;
    while (ok && left > 8) {
        char *to = out;
        size_t room = sizeof out, before = left;
        iconv(ic, &from, &left, &to, &room);
        ok = left < before;
    }
    iconv_close(ic);
    return ok;
}

/* How much of the bytes, read as UTF-16 whose high byte stands at `high` of each pair, is ordinary
 * text: printable ASCII, line ends, Han and the punctuation and letters that go with it. */
static double utf16_share(str s, size_t high)
{
    size_t good = 0, pairs = s.length / 2;
    for (size_t i = 0; i < pairs; i++) {
        unsigned h = (unsigned char)s.data[2 * i + high];
        unsigned l = (unsigned char)s.data[2 * i + 1 - high];
        unsigned c = h << 8 | l;
        good += (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t' ||
                (c >= 0xa0 && c < 0x530) || (c >= 0x2010 && c < 0x2040) ||
                (c >= 0x3000 && c < 0x3100) || (c >= 0x3400 && c < 0xa000) ||
                (c >= 0xac00 && c < 0xe000) || (c >= 0xff00 && c < 0xfff0);
    }
    return pairs == 0 ? 0 : (double)good / (double)pairs;
}

static const char *by_uchardet(str s)
{
    static const char *const known[] = {"GB18030",   "UTF-16LE", "UTF-16BE", "UTF-16", "BIG5",
                                        "SHIFT_JIS", "EUC-JP",   "EUC-KR",   "EUC-TW", "UHC"};
    uchardet_t u = uchardet_new();
    if (u == NULL)
        return NULL;
    const char *found = NULL;
    if (uchardet_handle_data(u, s.data, s.length) == 0) {
        uchardet_data_end(u);
        const char *name = uchardet_get_charset(u);
        for (size_t i = 0; i < CORE_COUNT(known); i++)
            if (str_equal_nocase(str_from(name), str_from(known[i])))
                found = known[i];
    }
    uchardet_delete(u);
    return found;
}

const char *ingest_detect_encoding(str head, bool whole, size_t *skip)
{
    *skip = 0;
    if (str_starts(head, STR("\xef\xbb\xbf"))) {
        *skip = 3;
        return "UTF-8";
    }
    if (str_starts(head, STR("\xff\xfe")) || str_starts(head, STR("\xfe\xff"))) {
        *skip = 2;
        return head.data[0] == '\xff' ? "UTF-16LE" : "UTF-16BE";
    }
    size_t zeros = 0;
    for (size_t i = 0; i < head.length; i++)
        zeros += head.data[i] == '\0';
    if (zeros > 0) {
        double little = utf16_share(head, 1), big = utf16_share(head, 0);
        if (little > 0.9 && little > big && decodes_as(head, "UTF-16LE"))
            return "UTF-16LE";
        if (big > 0.9 && big > little && decodes_as(head, "UTF-16BE"))
            return "UTF-16BE";
        if (zeros > 1)
            return "binary";
    }
    size_t wide, bad;
    utf8_survey(head, whole, &wide, &bad);
    if (bad == 0 || wide > bad * 10)
        return "UTF-8";
    const char *guess = by_uchardet(head);
    if (guess == NULL && decodes_as(head, "GB18030"))
        guess = "GB18030";
    return guess != NULL && decodes_as(head, guess) ? guess : NULL;
}
