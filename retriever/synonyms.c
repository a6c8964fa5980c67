/* See synonyms.h. The table has a few hundred lines; it is read anew for each question that looks
 * for passages, which takes less than a search. */
#include "retriever/synonyms.h"

#include "core/buf.h"

static bool says_any(str words, str question)
{
    str word;
    while (str_split(&words, ';', &word)) {
        word = str_trim(word);
        if (!str_empty(word) && str_find(question, word, 0) != STR_NONE)
            return true;
    }
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

str synonyms_of(str table, str question, arena *a)
{
    buf out = {0};
    str line, words;
    while (str_split(&table, '\n', &line)) {
        if (str_empty(line) || line.data[0] == '#' || !str_split(&line, '\t', &words))
            continue;
        if (says_any(words, question))
            add_words(&out, str_trim(line), question);
    }
    str found = out.failed ? str_make(NULL, 0) : arena_str(a, buf_str(&out));
    buf_free(&out);
    return found;
}
