/* See synonyms.h. The table has a few hundred lines; it is read anew for each question that looks
 * for passages, which takes less than a search. */
#include "retriever/synonyms.h"

#include "core/buf.h"

enum { HITS = 64 };

typedef struct hits { /* where the question holds everyday words */
    size_t start[HITS], end[HITS], count;
} hits;

static void find_words(str words, str question, hits *out)
{
    str word;
    while (str_split(&words, ';', &word)) {
        word = str_trim(word);
        for (size_t at = 0; !str_empty(word) && out->count < HITS &&
                            (at = str_find(question, word, at)) != STR_NONE;
             at += word.length) {
            out->start[out->count] = at;
            out->end[out->count++] = at + word.length;
        }
    }
}

/* A word inside a longer one is not meant (公司 in 股份公司, 偷 in 偷渡). */
static hits all_words(str table, str question)
{
    hits all = {.count = 0}, out = {.count = 0};
    str line, words;
    while (str_split(&table, '\n', &line))
        if (!str_empty(line) && line.data[0] != '#' && str_split(&line, '\t', &words))
            find_words(words, question, &all);
    for (size_t i = 0; i < all.count; i++) {
        bool inside = false;
        for (size_t k = 0; k < all.count && !inside; k++)
            inside = all.start[k] <= all.start[i] && all.end[i] <= all.end[k] &&
                     all.end[k] - all.start[k] > all.end[i] - all.start[i];
        if (inside)
            continue;
        out.start[out.count] = all.start[i];
        out.end[out.count++] = all.end[i];
    }
    return out;
}

static bool is_meant(const hits *h, str question, str word)
{
    for (size_t i = 0; i < h->count; i++)
        if (str_equal(str_slice(question, h->start[i], h->end[i]), word))
            return true;
    return false;
}

static void add_words(buf *out, str words, str question)
{
    str word;
    while (str_split(&words, ' ', &word)) {
        if (str_empty(word) || str_find(question, word, 0) != STR_NONE ||
            str_find(buf_str(out), word, 0) != STR_NONE)
            continue;
        if (out->length > 0)
            buf_add_char(out, ' ');
        buf_add(out, word);
    }
}

/* Those of the everyday words that are meant, separated by spaces. */
static str meant_words(str words, const hits *h, str question, arena *a)
{
    buf out = {0};
    str word;
    while (str_split(&words, ';', &word)) {
        word = str_trim(word);
        if (str_empty(word) || !is_meant(h, question, word))
            continue;
        if (out.length > 0)
            buf_add_char(&out, ' ');
        buf_add(&out, word);
    }
    str found = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return found;
}

size_t synonyms_rows(str table, str question, synonym_row *out, size_t most, arena *a)
{
    const hits h = all_words(table, question);
    size_t n = 0;
    str line, words;
    while (h.count > 0 && n < most && str_split(&table, '\n', &line)) {
        if (str_empty(line) || line.data[0] == '#' || !str_split(&line, '\t', &words))
            continue;
        str everyday = meant_words(words, &h, question, a);
        buf meant = {0};
        if (!str_empty(everyday))
            add_words(&meant, str_trim(line), question);
        if (meant.length > 0 && !meant.failed)
            out[n++] = (synonym_row){everyday, arena_str(a, buf_str(&meant))};
        buf_free(&meant);
    }
    return n;
}

str synonyms_of(str table, str question, arena *a)
{
    synonym_row rows[HITS];
    size_t n = synonyms_rows(table, question, rows, HITS, a);
    buf out = {0};
    for (size_t i = 0; i < n; i++)
        add_words(&out, rows[i].words, question);
    str found = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return found;
}
