/* See asked.h. The table is read once from end to end, some two million bytes in a few
 * milliseconds: a character that the question does not hold costs one look at a bit. */
#include "retriever/asked.h"

#include <math.h>
#include <stdlib.h>

#include "core/utf8.h"

enum { PAIRS = 64, SLOTS = 256, CHARACTERS = 1 << 16, ROOM = 1 << 12 };

/* Weight of a pair that the question does not hold, beside the rarest one. */
#define UNKNOWN_SHARE 0.65

/* A question of the table that shares a pair with the one asked. */
typedef struct near_question {
    uint64_t pairs; /* those of the asked question that it holds */
    uint32_t row;   /* where its line starts */
    uint16_t count; /* of its own pairs */
} near_question;

typedef struct asked {
    uint64_t key[SLOTS]; /* pairs of the question; 0 = free */
    uint8_t number[SLOTS];
    size_t pairs;
    uint64_t first[CHARACTERS / 64]; /* characters that begin a pair */
    double weight[PAIRS], unknown;
    near_question *near;
    size_t count, capacity;
    size_t total; /* questions read */
} asked;

static size_t slot_of(const asked *k, uint64_t key)
{
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 56);
    while (k->key[at] != 0 && k->key[at] != key)
        at = (at + 1) % SLOTS;
    return at;
}

static void want(asked *k, uint32_t first, uint32_t second)
{
    uint64_t key = (uint64_t)first << 32 | second;
    size_t at = slot_of(k, key);
    if (k->key[at] == key || k->pairs == PAIRS || first >= CHARACTERS)
        return;
    k->key[at] = key;
    k->number[at] = (uint8_t)k->pairs++;
    k->first[first / 64] |= (uint64_t)1 << (first % 64);
}

static void want_all(asked *k, str question)
{
    uint32_t before = 0, c;
    for (size_t i = 0; i < question.length;) {
        i += utf8_decode(question.data + i, question.length - i, &c);
        bool han = utf8_is_han(c);
        if (han && before != 0)
            want(k, before, c);
        before = han ? c : 0;
    }
}

/* The pairs of the asked question that the text holds; *count: of all of its own. */
static uint64_t held(const asked *k, str text, uint16_t *count)
{
    uint64_t out = 0;
    uint32_t before = 0, c;
    uint16_t n = 0;
    for (size_t i = 0; i < text.length;) {
        i += utf8_decode(text.data + i, text.length - i, &c);
        if (!utf8_is_han(c)) {
            before = 0;
            continue;
        }
        n = (uint16_t)(n + (before != 0));
        if (before != 0 && before < CHARACTERS &&
            (k->first[before / 64] >> (before % 64) & 1) != 0) {
            size_t at = slot_of(k, (uint64_t)before << 32 | c);
            if (k->key[at] != 0)
                out |= (uint64_t)1 << k->number[at];
        }
        before = c;
    }
    *count = n;
    return out;
}

static bool note(asked *k, near_question q)
{
    if (k->count == k->capacity) {
        size_t capacity = k->capacity == 0 ? ROOM : 2 * k->capacity;
        near_question *more = realloc(k->near, capacity * sizeof *more);
        if (more == NULL)
            return false;
        k->near = more;
        k->capacity = capacity;
    }
    k->near[k->count++] = q;
    return true;
}

static bool read_row(asked *k, str table, str line)
{
    str article, rest = line, question;
    if (!str_split(&rest, '\t', &article))
        return true;
    while (str_split(&rest, ';', &question)) {
        near_question q = {.row = (uint32_t)(line.data - table.data)};
        q.pairs = held(k, question, &q.count);
        k->total++;
        if (q.pairs != 0 && !note(k, q))
            return false;
    }
    return true;
}

static bool read_table(asked *k, str table, str title)
{
    str rest = table, line;
    bool under = false;
    while (str_split(&rest, '\n', &line)) {
        if (str_starts(line, STR("=")))
            under = str_empty(title) || str_equal(str_slice(line, 1, line.length), title);
        else if (under && !str_starts(line, STR("#")) && !read_row(k, table, line))
            return false;
    }
    return true;
}

static void weigh(asked *k)
{
    k->unknown = UNKNOWN_SHARE * log(2 + (double)k->total);
    double found[PAIRS] = {0};
    for (size_t i = 0; i < k->count; i++)
        for (size_t b = 0; b < k->pairs; b++)
            found[b] += (double)(k->near[i].pairs >> b & 1);
    for (size_t b = 0; b < k->pairs; b++)
        k->weight[b] = found[b] > 0 ? log(1 + ((double)k->total + 1) / (found[b] + 1))
                                    : 0.5 * k->unknown; /* most often it spans two words */
}

static double weight_of(const asked *k, uint64_t pairs)
{
    double sum = 0;
    for (size_t b = 0; b < k->pairs; b++)
        if ((pairs >> b & 1) != 0)
            sum += k->weight[b];
    return sum;
}

static double cosine(const asked *k, const near_question *q, double all)
{
    double shared = weight_of(k, q->pairs);
    int other = q->count - __builtin_popcountll(q->pairs);
    double own = shared + fmax(other, 0) * k->unknown;
    return all > 0 && own > 0 ? shared / sqrt(all * own) : 0;
}

/* --- the best ----------------------------------------------------------------------------------
 */
typedef struct ranked {
    size_t row;
    double best, share;
} ranked;

static double rank_of(const ranked *t)
{
    return t->best + 0.25 * t->share;
}

static size_t insert(ranked *out, size_t count, size_t most, ranked t)
{
    size_t at = count;
    while (at > 0 && rank_of(&out[at - 1]) < rank_of(&t))
        at--;
    if (at == most)
        return count;
    size_t last = count < most ? count : most - 1;
    for (size_t i = last; i > at; i--)
        out[i] = out[i - 1];
    out[at] = t;
    return last + 1;
}

/* Questions of a row lie side by side. */
static size_t gather(const asked *k, ranked *out, size_t most)
{
    double all = weight_of(k, k->pairs == PAIRS ? UINT64_MAX : ((uint64_t)1 << k->pairs) - 1);
    size_t count = 0;
    for (size_t i = 0; i < k->count;) {
        ranked t = {.row = k->near[i].row};
        uint64_t together = 0;
        for (; i < k->count && k->near[i].row == t.row; i++) {
            together |= k->near[i].pairs;
            t.best = fmax(t.best, cosine(k, &k->near[i], all));
        }
        t.share = all > 0 ? weight_of(k, together) / all : 0;
        count = insert(out, count, most, t);
    }
    return count;
}

/* The line "=TITLE" above the row. */
static str title_above(str table, size_t row)
{
    while (row > 0) {
        size_t start = row - 1;
        while (start > 0 && table.data[start - 1] != '\n')
            start--;
        if (table.data[start] == '=')
            return str_slice(table, start + 1, row - 1);
        row = start;
    }
    return str_make(NULL, 0);
}

static asked_text text_of(str table, const ranked *t)
{
    asked_text out = {.title = title_above(table, t->row), .best = t->best, .share = t->share};
    str rest = str_slice(table, t->row, table.length);
    if (str_split(&rest, '\n', &out.questions))
        str_split(&out.questions, '\t', &out.article);
    return out;
}

size_t asked_find(str table, str question, str title, asked_text *out, size_t most, arena *a)
{
    asked *k = ARENA_NEW(a, asked);
    ranked *best = ARENA_ARRAY(a, ranked, most);
    size_t count = 0;
    if (k == NULL || best == NULL || most == 0)
        return 0;
    *k = (asked){.count = 0};
    want_all(k, question);
    if (k->pairs > 0 && read_table(k, table, title)) {
        weigh(k);
        count = gather(k, best, most);
    }
    free(k->near);
    for (size_t i = 0; i < count; i++)
        out[i] = text_of(table, &best[i]);
    return count;
}
