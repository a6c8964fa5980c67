/* See asked.h. The table is read once from end to end, some two million bytes in a few
 * milliseconds: a character that the question does not hold costs one look at a bit. Weights of
 * characters and of the share were chosen by how often the right article's questions are nearest
 * (docs/DECISIONS.md). */
#include "retriever/asked.h"

#include <math.h>
#include <stdlib.h>

#include "core/utf8.h"

enum { KINDS = 2, ITEMS = 64, SLOTS = 512, CHARACTERS = 1 << 16, ROOM = 1 << 12 };
enum { PAIR, ONE };

#define ONE_WEIGHT 1.5 /* of a character beside that of a pair as rare */
#define SHARE 0.8      /* weight of what all questions of a text hold, beside the nearest one */
/* Weights of an item that the asked question does not hold and of one that no other does, beside
 * the rarest one. */
#define OTHER 0.65
#define UNHEARD 0.3

typedef struct items { /* pairs and characters of the asked question, by their numbers */
    uint64_t held[KINDS];
} items;

/* A question of the table that shares something with the one asked. */
typedef struct near_question {
    items shared;
    uint32_t row;          /* where its line starts */
    uint16_t count[KINDS]; /* of its own */
} near_question;

typedef struct asked {
    uint64_t key[SLOTS]; /* 0 = free */
    uint8_t number[SLOTS];
    size_t items[KINDS];
    uint64_t known[CHARACTERS / 64]; /* characters of the question */
    double weight[KINDS][ITEMS], other[KINDS];
    near_question *near;
    size_t count, capacity;
    size_t total; /* questions read */
} asked;

/* --- what the asked question holds -------------------------------------------------------------
 */
static size_t slot_of(const asked *k, uint64_t key)
{
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 55);
    while (k->key[at] != 0 && k->key[at] != key)
        at = (at + 1) % SLOTS;
    return at;
}

static uint64_t key_of(uint32_t before, uint32_t c)
{
    return (uint64_t)before << 32 | c; /* `before` is 0 for the character alone */
}

static void want(asked *k, uint64_t key, int kind)
{
    size_t at = slot_of(k, key);
    if (k->key[at] == key || k->items[kind] == ITEMS)
        return;
    k->key[at] = key;
    k->number[at] = (uint8_t)k->items[kind]++;
}

static bool is_known(const asked *k, uint32_t c)
{
    return c < CHARACTERS && (k->known[c / 64] >> (c % 64) & 1) != 0;
}

static void want_all(asked *k, str question)
{
    uint32_t before = 0, c;
    for (size_t i = 0; i < question.length;) {
        i += utf8_decode(question.data + i, question.length - i, &c);
        bool han = utf8_is_han(c) && c < CHARACTERS;
        if (han) {
            k->known[c / 64] |= (uint64_t)1 << (c % 64);
            want(k, key_of(0, c), ONE);
        }
        if (han && before != 0)
            want(k, key_of(before, c), PAIR);
        before = han ? c : 0;
    }
}

/* --- the table ---------------------------------------------------------------------------------
 */
static void mark(const asked *k, uint64_t key, int kind, items *out)
{
    size_t at = slot_of(k, key);
    if (k->key[at] != 0)
        out->held[kind] |= (uint64_t)1 << k->number[at];
}

/* Nearly all of the table are three bytes of the common block. */
static size_t next_char(str text, size_t at, uint32_t *c, bool *han)
{
    const unsigned char *b = (const unsigned char *)text.data + at;
    if (text.length - at >= 3 && b[0] >= 0xe4 && b[0] <= 0xe9) {
        *c = (uint32_t)(b[0] & 15) << 12 | (uint32_t)(b[1] & 63) << 6 | (b[2] & 63);
        *han = *c >= 0x4e00;
        return 3;
    }
    size_t n = utf8_decode(text.data + at, text.length - at, c);
    *han = utf8_is_han(*c);
    return n;
}

static void compare(const asked *k, str text, near_question *out)
{
    uint32_t before = 0, c;
    bool han;
    for (size_t i = 0; i < text.length;) {
        i += next_char(text, i, &c, &han);
        out->count[ONE] = (uint16_t)(out->count[ONE] + han);
        out->count[PAIR] = (uint16_t)(out->count[PAIR] + (han && before != 0));
        if (han && is_known(k, c)) {
            mark(k, key_of(0, c), ONE, &out->shared);
            if (before != 0 && is_known(k, before))
                mark(k, key_of(before, c), PAIR, &out->shared);
        }
        before = han ? c : 0;
    }
}

static bool note(asked *k, const near_question *q)
{
    if (k->count == k->capacity) {
        size_t capacity = k->capacity == 0 ? ROOM : 2 * k->capacity;
        near_question *more = realloc(k->near, capacity * sizeof *more);
        if (more == NULL)
            return false;
        k->near = more;
        k->capacity = capacity;
    }
    k->near[k->count++] = *q;
    return true;
}

static bool read_row(asked *k, str table, str line)
{
    str article, rest = line, question;
    if (!str_split(&rest, '\t', &article))
        return true;
    while (str_split(&rest, ';', &question)) {
        near_question q = {.row = (uint32_t)(line.data - table.data)};
        compare(k, question, &q);
        k->total++;
        bool near = q.shared.held[PAIR] != 0 || __builtin_popcountll(q.shared.held[ONE]) > 1;
        if (near && !note(k, &q))
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

/* --- weights -----------------------------------------------------------------------------------
 */
static void weigh(asked *k)
{
    const double rarest = log(2 + (double)k->total);
    for (int kind = 0; kind < KINDS; kind++) {
        double scale = kind == ONE ? ONE_WEIGHT : 1, found[ITEMS] = {0};
        for (size_t i = 0; i < k->count; i++)
            for (uint64_t left = k->near[i].shared.held[kind]; left != 0; left &= left - 1)
                found[__builtin_ctzll(left)]++;
        for (size_t b = 0; b < k->items[kind]; b++)
            k->weight[kind][b] =
                scale * (found[b] > 0 ? log(1 + ((double)k->total + 1) / (found[b] + 1))
                                      : UNHEARD * rarest);
        /* Characters are met more often than pairs. */
        k->other[kind] = scale * rarest * (kind == ONE ? 0.7 * OTHER : OTHER);
    }
}

static double weight_of(const asked *k, const items *in)
{
    double sum = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (uint64_t left = in->held[kind]; left != 0; left &= left - 1)
            sum += k->weight[kind][__builtin_ctzll(left)];
    return sum;
}

static double cosine(const asked *k, const near_question *q, double all)
{
    double shared = weight_of(k, &q->shared), own = shared;
    for (int kind = 0; kind < KINDS; kind++) {
        int other = q->count[kind] - __builtin_popcountll(q->shared.held[kind]);
        own += fmax(other, 0) * k->other[kind];
    }
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
    return t->best + SHARE * t->share;
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
    double all = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t b = 0; b < k->items[kind]; b++)
            all += k->weight[kind][b];
    size_t count = 0;
    for (size_t i = 0; i < k->count;) {
        ranked t = {.row = k->near[i].row};
        items together = {{0}};
        for (; i < k->count && k->near[i].row == t.row; i++) {
            for (int kind = 0; kind < KINDS; kind++)
                together.held[kind] |= k->near[i].shared.held[kind];
            t.best = fmax(t.best, cosine(k, &k->near[i], all));
        }
        t.share = all > 0 ? weight_of(k, &together) / all : 0;
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
    if (k->items[PAIR] > 0 && read_table(k, table, title)) {
        weigh(k);
        count = gather(k, best, most);
    }
    free(k->near);
    for (size_t i = 0; i < count; i++)
        out[i] = text_of(table, &best[i]);
    return count;
}
