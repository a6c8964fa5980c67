/* See ellipsis.h. Things named in one breath are written alike: of the same length (发明专利 and
 * 外观设计, 城市 and 农村), with the same end (男的 and 女的), or stand between the same words in
 * the text that answered (不服判决的, 不服裁定的). */
#include "fusion/ellipsis.h"

#include "core/compiler.h"
#include "core/utf8.h"
#include "retriever/measure.h"

enum { LEAST = 3, LONGEST = 36 }; /* bytes of the thing */

static bool drop_start(str *text, const char *word)
{
    if (!str_starts(*text, str_from(word)))
        return false;
    *text = str_trim(str_slice(*text, strlen(word), text->length));
    return true;
}

static bool drop_end(str *text, const char *word)
{
    if (!str_ends(*text, str_from(word)))
        return false;
    *text = str_trim(str_slice(*text, 0, text->length - strlen(word)));
    return true;
}

/* The thing that the follow-up names; empty when it asks more. */
static str thing_of(str question)
{
    static const char *const heads[] = {"那么", "那", "如果是", "要是", "换成", "如果", "，", ","};
    static const char *const marks[] = {"？", "?", "。", " ", "啊", "呀"};
    static const char *const asks[] = {"几", "多", "什么", "怎", "谁",
                                       "哪", "吗", "条",   "啥", "何"};
    str text = str_trim(question);
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < CORE_COUNT(marks); i++)
            more = drop_end(&text, marks[i]) || more;
    }
    if (!drop_end(&text, "呢"))
        return (str){0};
    for (size_t i = 0; i < CORE_COUNT(heads); i++)
        drop_start(&text, heads[i]);
    bool whole = text.length >= LEAST && text.length <= LONGEST &&
                 !str_holds_any(text, asks, CORE_COUNT(asks));
    return whole && utf8_has_han(text.data, text.length) ? text : str_make(NULL, 0);
}

static str replaced(str before, size_t start, size_t end, str thing, arena *a)
{
    return str_from(arena_printf(a, "%.*s%.*s%.*s", STR_ARG(str_slice(before, 0, start)),
                                 STR_ARG(thing), STR_ARG(str_slice(before, end, before.length))));
}

/* A reading asks what the question before asked: a measure where that asked for one. */
static void add(str before, str text, str out[ELLIPSIS_MOST], size_t *count)
{
    measure_ask ask;
    if (*count < ELLIPSIS_MOST && text.data != NULL &&
        (!measure_asked(before, &ask) || measure_asked(text, &ask)))
        out[(*count)++] = text;
}

/* Where the last two characters, or the last one, of the thing stand in the question before. */
static size_t same_end(str before, str thing)
{
    for (size_t n = 6; n >= 3; n -= 3) {
        size_t at = thing.length > n
                        ? str_find(before, str_slice(thing, thing.length - n, thing.length), 0)
                        : STR_NONE;
        if (at != STR_NONE && at + n >= thing.length)
            return at + n;
    }
    return STR_NONE;
}

/* The word of the question before that stands in the answer between the same characters as the
 * thing; empty = none. */
static str same_frame(str before, str answer, str thing)
{
    enum { ONE = 3, TWO = 6, WIDEST = 24 };
    for (size_t at = 0; (at = str_find(answer, thing, at)) != STR_NONE; at += thing.length) {
        size_t end = at + thing.length;
        if (at < TWO || end + ONE > answer.length)
            continue;
        str ahead = str_slice(answer, at - TWO, at), behind = str_slice(answer, end, end + ONE);
        for (size_t k = 0; (k = str_find(answer, ahead, k)) != STR_NONE; k += TWO) {
            size_t stop = str_find(answer, behind, k + TWO);
            str word = stop == STR_NONE ? str_make(NULL, 0) : str_slice(answer, k + TWO, stop);
            if (word.length >= TWO && word.length <= WIDEST && !str_equal(word, thing) &&
                str_find(before, word, 0) != STR_NONE)
                return word;
        }
    }
    return str_make(NULL, 0);
}

/* What the question before begins with, up to where it goes on to ask. */
static size_t head_end(str before)
{
    static const char *const bounds[] = {"最", "多", "几",   "要",   "能", "可以", "是", "的",
                                         "有", "怎", "什么", "应当", "判", "罚",   "，", "，"};
    size_t end = before.length;
    for (size_t i = 0; i < CORE_COUNT(bounds); i++) {
        size_t at = str_find(before, str_from(bounds[i]), 0);
        end = at != STR_NONE && at >= 6 && at < end ? at : end;
    }
    return end;
}

size_t ellipsis_expand(str before, str answer, str question, arena *a, str out[ELLIPSIS_MOST])
{
    str thing = thing_of(question);
    size_t count = 0;
    if (str_empty(thing) || before.length <= thing.length || str_find(before, thing, 0) != STR_NONE)
        return 0;
    str word = same_frame(before, answer, thing);
    size_t from = str_empty(word) ? STR_NONE : str_find(before, word, 0);
    if (from != STR_NONE)
        add(before, replaced(before, from, from + word.length, thing, a), out, &count);
    size_t end = same_end(before, thing);
    if (end != STR_NONE)
        add(before, replaced(before, end - thing.length, end, thing, a), out, &count);
    uint32_t c;
    size_t head = head_end(before);
    bool cuts = utf8_decode(before.data + thing.length, before.length - thing.length, &c) < 1;
    if (end != thing.length && !cuts)
        add(before, replaced(before, 0, thing.length, thing, a), out, &count);
    if (head != thing.length && head < before.length && head <= LONGEST)
        add(before, replaced(before, 0, head, thing, a), out, &count);
    return count;
}
