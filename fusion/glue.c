/* See glue.h. Each list is a hash set of words; the longest word at a place is found by trying
 * every length up to the longest of its list. */
#include "fusion/glue.h"

#include <jansson.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/json_schema.h"
#include "core/resource.h"
#include "core/utf8.h"

typedef struct word_set {
    str *slots;
    int *tags;
    size_t size; /* a power of two */
    size_t longest;
} word_set;

struct glue {
    arena *a;
    word_set words, negations, not_negations, comparatives;
    word_set statute_words, statute_not_negations;
    glue_exclusive *exclusives;
    size_t exclusive_count;
};

static bool set_new(word_set *s, size_t count, arena *a)
{
    s->size = 16;
    while (s->size < count * 2)
        s->size *= 2;
    s->slots = ARENA_ARRAY(a, str, s->size);
    s->tags = ARENA_ARRAY(a, int, s->size);
    return s->slots != NULL && s->tags != NULL;
}

static void set_add(word_set *s, str word, int tag)
{
    size_t at = str_hash(word, 1) & (s->size - 1);
    while (s->slots[at].data != NULL && !str_equal(s->slots[at], word))
        at = (at + 1) & (s->size - 1);
    s->slots[at] = word;
    s->tags[at] = tag;
    s->longest = word.length > s->longest ? word.length : s->longest;
}

static const int *set_find(const word_set *s, str word)
{
    size_t at = str_hash(word, 1) & (s->size - 1);
    for (; s->slots[at].data != NULL; at = (at + 1) & (s->size - 1))
        if (str_equal(s->slots[at], word))
            return &s->tags[at];
    return NULL;
}

static size_t size_of(const json_t *root, const char *key)
{
    size_t n = 0;
    static const char *langs[] = {"zh", "en"};
    for (size_t i = 0; i < CORE_COUNT(langs); i++) {
        json_t *value = json_object_get(json_object_get(root, langs[i]), key), *list;
        const char *op;
        n += json_array_size(value);
        json_object_foreach(value, op, list)
        {
            n += json_array_size(list);
        }
    }
    return n;
}

static void add_list(word_set *s, const json_t *list, int tag, arena *a)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        set_add(s, arena_str(a, str_from(json_string_value(json_array_get(list, i)))), tag);
}

static int operator_of(const char *name)
{
    for (int op = LF_EQ; op <= LF_IN; op++)
        if (strcmp(lf_compare_name((lf_compare)op), name) == 0)
            return op;
    return LF_EQ;
}

static bool fill(word_set *s, const json_t *root, const char *key, arena *a)
{
    static const char *langs[] = {"zh", "en"};
    if (!set_new(s, size_of(root, key) + 1, a))
        return false;
    for (size_t i = 0; i < CORE_COUNT(langs); i++) {
        json_t *value = json_object_get(json_object_get(root, langs[i]), key), *list;
        const char *op;
        add_list(s, value, 0, a);
        json_object_foreach(value, op, list)
        {
            add_list(s, list, operator_of(op), a);
        }
    }
    return true;
}

static bool fill_list(word_set *s, const json_t *list, arena *a)
{
    if (!set_new(s, json_array_size(list) + 1, a))
        return false;
    add_list(s, list, 0, a);
    return true;
}

static bool fill_exclusives(glue *g, const json_t *groups)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(groups); i++)
        n += json_array_size(json_array_get(groups, i));
    g->exclusives = ARENA_ARRAY(g->a, glue_exclusive, n + 1);
    if (g->exclusives == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(groups); i++)
        for (size_t k = 0; k < json_array_size(json_array_get(groups, i)); k++) {
            const char *word = json_string_value(json_array_get(json_array_get(groups, i), k));
            g->exclusives[g->exclusive_count++] =
                (glue_exclusive){arena_str(g->a, str_from(word)), (int)i};
        }
    return true;
}

static bool fill_statutes(glue *g, const json_t *root)
{
    return fill_list(&g->statute_words, json_object_get(root, "glue"), g->a) &&
           fill_list(&g->statute_not_negations, json_object_get(root, "not_negation"), g->a) &&
           fill_exclusives(g, json_object_get(root, "exclusive"));
}

status glue_open(glue **out, error *err)
{
    glue *g = calloc(1, sizeof *g);
    json_t *root = NULL;
    str text;
    if (g != NULL)
        g->a = arena_new(0);
    status st = g == NULL || g->a == NULL ? error_memory(err)
                                          : resource_get(STR("glue.json"), g->a, &text, err);
    if (st == STATUS_OK)
        st = json_schema_parse("glue.json", text.data, text.length, &root, err);
    if (st == STATUS_OK &&
        (!fill(&g->words, root, "glue", g->a) || !fill(&g->negations, root, "negation", g->a) ||
         !fill(&g->not_negations, root, "not_negation", g->a) ||
         !fill(&g->comparatives, root, "comparative", g->a) ||
         !fill_statutes(g, json_object_get(root, "statutes"))))
        st = error_memory(err);
    json_decref(root);
    if (st != STATUS_OK)
        glue_close(g);
    else
        *out = g;
    return st;
}

void glue_close(glue *g)
{
    if (g == NULL)
        return;
    arena_free(g->a);
    free(g);
}

static bool latin(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'';
}

/* A match may not begin or end inside a Latin word. */
static bool whole(str text, size_t at, size_t length)
{
    bool inside_left = at > 0 && latin(text.data[at]) && latin(text.data[at - 1]);
    bool inside_right = at + length < text.length && latin(text.data[at + length - 1]) &&
                        latin(text.data[at + length]);
    return !inside_left && !inside_right;
}

static size_t longest(const word_set *s, str text, size_t at, int *tag)
{
    size_t most = text.length - at < s->longest ? text.length - at : s->longest;
    for (size_t n = most; n > 0; n--) {
        const int *found = set_find(s, str_slice(text, at, at + n));
        if (found == NULL || !whole(text, at, n))
            continue;
        if (tag != NULL)
            *tag = *found;
        return n;
    }
    return 0;
}

size_t glue_word(const glue *g, str text, size_t at)
{
    return longest(&g->words, text, at, NULL);
}

size_t glue_statute_word(const glue *g, str text, size_t at)
{
    return longest(&g->statute_words, text, at, NULL);
}

size_t glue_statute_no_negation(const glue *g, str text, size_t at)
{
    return longest(&g->statute_not_negations, text, at, NULL);
}

const glue_exclusive *glue_exclusives(const glue *g, size_t *count)
{
    *count = g->exclusive_count;
    return g->exclusives;
}

size_t glue_negation(const glue *g, str text, size_t at)
{
    return longest(&g->not_negations, text, at, NULL) > 0 ? 0
                                                          : longest(&g->negations, text, at, NULL);
}

size_t glue_comparative(const glue *g, str text, size_t at, lf_compare *op)
{
    int tag = LF_EQ;
    size_t n = longest(&g->comparatives, text, at, &tag);
    if (n > 0)
        *op = (lf_compare)tag;
    return n;
}

size_t glue_number(str text, size_t at, double *out)
{
    static const char *words[] = {"zero",  "one",   "two",  "three", "four",   "five",  "six",
                                  "seven", "eight", "nine", "ten",   "eleven", "twelve"};
    static const char *digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    for (size_t i = 0; i < CORE_COUNT(words); i++) {
        str w = str_from(words[i]);
        if (str_starts(str_slice(text, at, text.length), w) && whole(text, at, w.length)) {
            *out = (double)i;
            return w.length;
        }
    }
    double value = 0, digit = 0;
    size_t n = 0;
    for (bool more = true; more && at + n + 3 <= text.length;) {
        str c = str_slice(text, at + n, at + n + 3);
        more = false;
        for (size_t i = 0; i < CORE_COUNT(digits); i++)
            if (str_equal(c, str_from(digits[i]))) {
                digit = (double)i;
                more = true;
            }
        if (str_equal(c, STR("两"))) {
            digit = 2;
            more = true;
        }
        if (str_equal(c, STR("十"))) {
            value += (digit == 0 ? 1 : digit) * 10;
            digit = 0;
            more = true;
        }
        n += more ? 3 : 0;
    }
    *out = value + digit;
    return n;
}

static str stem(str w)
{
    static const char *endings[] = {"ies", "es", "s", "ing", "ed", "'s"};
    for (size_t i = 0; i < CORE_COUNT(endings); i++) {
        str e = str_from(endings[i]);
        if (str_ends(w, e) && w.length > e.length + 2)
            return str_slice(w, 0, w.length - e.length);
    }
    return w;
}

bool glue_same_word(str a, str b)
{
    if (str_equal(a, b))
        return true;
    str x = stem(a), y = stem(b);
    if (x.length < 4 || y.length < 4)
        return str_equal(x, y);
    /* "cause" and "causing": the stems differ by a silent e. */
    str longer = x.length > y.length ? x : y, shorter = x.length > y.length ? y : x;
    return str_equal(x, y) || (longer.length == shorter.length + 1 && str_ends(longer, STR("e")) &&
                               str_starts(longer, shorter));
}
