/* See excerpt.h. */
#include "fusion/excerpt.h"

#include "core/buf.h"
#include "core/compiler.h"
#include "core/utf8.h"

typedef struct sentence {
    str text;
    double score;
    bool kept;
} sentence;

static bool ends_sentence(uint32_t c)
{
    return c == 0x3002 || c == 0xff1b || c == '\n' || c == 0xff01 || c == 0xff1f;
}

static size_t split_sentences(str text, sentence *out, size_t capacity)
{
    size_t n = 0, start = 0;
    for (size_t i = 0; i < text.length && n < capacity;) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        bool stop =
            ends_sentence(c) || (c == '.' && i + 1 < text.length && text.data[i + 1] == ' ');
        i += bytes;
        if (!stop && i < text.length)
            continue;
        str s = str_trim(str_slice(text, start, i));
        if (!str_empty(s))
            out[n++] = (sentence){.text = s};
        start = i;
    }
    return n;
}

/* Share of the question's character pairs (words for Latin script come out alike) in the text. */
static double overlap(str question, str text)
{
    size_t hits = 0, all = 0;
    for (size_t i = 0; i < question.length;) {
        uint32_t c;
        size_t one = utf8_decode(question.data + i, question.length - i, &c);
        size_t two = i + one < question.length
                         ? utf8_decode(question.data + i + one, question.length - i - one, &c)
                         : 0;
        size_t three = one + two == 2 && i + 2 < question.length ? 1 : 0;
        str pair = str_slice(question, i, i + one + two + three);
        all++;
        hits += two > 0 && str_find(text, pair, 0) != STR_NONE ? 1 : 0;
        i += one;
    }
    return all == 0 ? 0 : (double)hits / (double)all;
}

str excerpt_make(str passage, str question, size_t max_bytes, arena *a)
{
    sentence s[96];
    if (passage.length <= max_bytes)
        return passage;
    size_t n = split_sentences(passage, s, CORE_COUNT(s)), used = 0;
    for (size_t i = 0; i < n; i++)
        s[i].score = overlap(question, s[i].text) + (i == 0 ? 0.05 : 0);
    for (;;) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!s[i].kept && (best == n || s[i].score > s[best].score))
                best = i;
        if (best == n || (used > 0 && used + s[best].text.length > max_bytes))
            break;
        s[best].kept = true;
        used += s[best].text.length;
    }
    buf out = {0};
    for (size_t i = 0, last = 0; i < n; i++) {
        if (!s[i].kept)
            continue;
        if (out.length > 0)
            buf_add_cstr(&out, i == last + 1 ? "" : "……");
        buf_add(&out, s[i].text);
        last = i;
    }
    str copy = out.failed ? passage : arena_str(a, buf_str(&out));
    buf_free(&out);
    return copy;
}
