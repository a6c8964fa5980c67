/* See passage_match.h. Texts are read once, character by character: a hash tells which of the
 * wanted pairs and characters stand where, and all shares are taken of sets of bits. */
#include "retriever/passage_match.h"

#include <math.h>

#include "core/compiler.h"
#include "core/utf8.h"

enum { WORDS = 6, ITEMS = WORDS * 64, SLOTS = 1024, MOST = 64, ROWS = 24, ROW_WORDS = 8 };

#define UNKNOWN 1.0      /* weight of what no passage says: it may be a way of asking */
#define UNKNOWN_TERM 2.0 /* of a text's word that none says */
#define ROW_ALONE 4.0    /* weight of an everyday word of a single character */
#define NO_MEASURE (-0.3)

typedef struct bits {
    uint64_t w[WORDS];
} bits;

typedef struct row {
    bits pairs, chars; /* of the everyday words in the question */
    bool alone;        /* of one character: none of the question's pairs are its */
    bits words[ROW_WORDS];
    double weight[ROW_WORDS];
    size_t count;
} row;

struct passage_match {
    uint64_t keys[SLOTS]; /* 0 = free */
    uint16_t ids[SLOTS];
    uint64_t key[ITEMS];
    double found[ITEMS], weight[ITEMS]; /* passages with it, and what it tells */
    size_t items, passages;
    uint16_t pairs[MOST], chars[MOST], triples[MOST]; /* the question's */
    size_t pair_count, char_count, triple_count;
    row rows[ROWS];
    size_t row_count;
    const measure_ask *ask;
};

/* --- sets of bits ------------------------------------------------------------------------------
 */
static void set_bit(bits *b, size_t i)
{
    b->w[i / 64] |= (uint64_t)1 << (i % 64);
}

static bool has_bit(const bits *b, size_t i)
{
    return (b->w[i / 64] >> (i % 64) & 1) != 0;
}

static void join(bits *b, const bits *with)
{
    for (size_t i = 0; i < WORDS; i++)
        b->w[i] |= with->w[i];
}

/* --- wanted pairs and characters ---------------------------------------------------------------
 */
static uint64_t pair_key(uint32_t first, uint32_t second)
{
    return (uint64_t)first << 32 | second;
}

/* Above all pairs, whose first character leaves the top bit free. */
static uint64_t triple_key(uint32_t first, uint32_t second, uint32_t third)
{
    return (uint64_t)1 << 63 | (uint64_t)first << 42 | (uint64_t)second << 21 | third;
}

static size_t slot_of(const passage_match *m, uint64_t key)
{
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 54);
    while (m->keys[at] != 0 && m->keys[at] != key)
        at = (at + 1) % SLOTS;
    return at;
}

/* The item's number, made when it is new; ITEMS when there is no room. */
static size_t want(passage_match *m, uint64_t key)
{
    size_t at = slot_of(m, key);
    if (m->keys[at] == key)
        return m->ids[at];
    if (m->items == ITEMS)
        return ITEMS;
    m->keys[at] = key;
    m->ids[at] = (uint16_t)m->items;
    m->key[m->items] = key;
    return m->items++;
}

static void mark(const passage_match *m, uint64_t key, bits *out)
{
    size_t at = slot_of(m, key);
    if (m->keys[at] == key)
        set_bit(out, m->ids[at]);
}

/* What of the wanted the text holds. */
static void scan(const passage_match *m, str text, bits *out)
{
    uint32_t before = 0, first = 0, c;
    for (size_t i = 0; i < text.length;) {
        i += utf8_decode(text.data + i, text.length - i, &c);
        bool han = utf8_is_han(c);
        if (han) {
            mark(m, c, out);
            if (before != 0)
                mark(m, pair_key(before, c), out);
            if (first != 0 && before != 0 && m->triple_count > 0)
                mark(m, triple_key(first, before, c), out);
        }
        first = han ? before : 0;
        before = han ? c : 0;
    }
}

static void add_once(uint16_t *list, size_t *count, size_t id)
{
    for (size_t i = 0; i < *count; i++)
        if (list[i] == id)
            return;
    if (id < ITEMS && *count < MOST)
        list[(*count)++] = (uint16_t)id;
}

/* Wants each pair, and with `chars` each character, of the words. */
static void want_all(passage_match *m, str words, bool chars, bits *out)
{
    uint32_t before = 0, c;
    for (size_t i = 0; i < words.length;) {
        i += utf8_decode(words.data + i, words.length - i, &c);
        bool han = utf8_is_han(c);
        size_t pair = han && before != 0 ? want(m, pair_key(before, c)) : ITEMS;
        size_t one = han && chars ? want(m, c) : ITEMS;
        before = han ? c : 0;
        if (pair < ITEMS && out != NULL)
            set_bit(out, pair);
        if (out == NULL) {
            add_once(m->pairs, &m->pair_count, pair);
            add_once(m->chars, &m->char_count, one);
        }
    }
}

static void want_triples(passage_match *m, str words)
{
    uint32_t first = 0, before = 0, c;
    for (size_t i = 0; i < words.length;) {
        i += utf8_decode(words.data + i, words.length - i, &c);
        bool han = utf8_is_han(c);
        if (han && before != 0 && first != 0)
            add_once(m->triples, &m->triple_count, want(m, triple_key(first, before, c)));
        first = han ? before : 0;
        before = han ? c : 0;
    }
}

static void add_row(passage_match *m, const synonym_row *from)
{
    row *r = &m->rows[m->row_count];
    str words = from->words, word;
    *r = (row){.alone = true};
    scan(m, from->everyday, &r->pairs);
    r->chars = r->pairs;
    for (size_t i = 0; i < m->pair_count && r->alone; i++)
        r->alone = !has_bit(&r->pairs, m->pairs[i]);
    while (r->count < ROW_WORDS && str_split(&words, ' ', &word))
        if (!str_empty(word))
            want_all(m, word, false, &r->words[r->count++]);
    m->row_count++;
}

passage_match *passage_match_new(str words, const synonym_row *rows, size_t row_count,
                                 const measure_ask *ask, arena *a)
{
    passage_match *m = ARENA_NEW(a, passage_match);
    if (m == NULL)
        return NULL;
    *m = (passage_match){.ask = ask};
    want_all(m, words, true, NULL);
    want_triples(m, words);
    for (size_t i = 0; i < row_count && i < ROWS; i++)
        add_row(m, &rows[i]);
    return m;
}

/* --- what they tell ----------------------------------------------------------------------------
 */
static double sum_of(const passage_match *m, const bits *of, const bits *in)
{
    double sum = 0;
    for (size_t i = 0; i < m->items; i++)
        if (has_bit(of, i) && (in == NULL || has_bit(in, i)))
            sum += m->found[i] > 0 ? m->weight[i] : UNKNOWN_TERM;
    return sum;
}

void passage_match_count(passage_match *m, str text)
{
    bits held = {{0}};
    scan(m, text, &held);
    m->passages++;
    for (size_t i = 0; i < m->items; i++)
        m->found[i] += has_bit(&held, i);
}

void passage_match_weigh(passage_match *m)
{
    for (size_t i = 0; i < m->items; i++)
        if (m->found[i] > 0)
            m->weight[i] = log(1.5 + (double)m->passages / m->found[i]);
    for (size_t r = 0; r < m->row_count; r++)
        for (size_t w = 0; w < m->rows[r].count; w++)
            m->rows[r].weight[w] = sum_of(m, &m->rows[r].words[w], NULL);
}

/* Half for the word that is said best, half for all of them. */
static double row_share(const passage_match *m, const row *r, const bits *in)
{
    double all = 0, found = 0, best = 0;
    for (size_t i = 0; i < r->count; i++) {
        double said = r->weight[i] > 0 ? sum_of(m, &r->words[i], in) : 0;
        all += r->weight[i];
        found += said;
        best = fmax(best, r->weight[i] > 0 ? said / r->weight[i] : 0);
    }
    return all > 0 ? 0.5 * best + 0.5 * found / all : 0;
}

static double weight_of(const passage_match *m, size_t item)
{
    return m->found[item] > 0 ? m->weight[item] : UNKNOWN;
}

/* The share of the question's pairs that the part of a text says, itself or by a row's words. */
static double pairs_said(const passage_match *m, const bits *in, const double *rows)
{
    double all = 0, found = 0;
    for (size_t i = 0; i < m->pair_count; i++) {
        size_t item = m->pairs[i];
        double said = has_bit(in, item), w = weight_of(m, item);
        for (size_t r = 0; r < m->row_count; r++)
            if (has_bit(&m->rows[r].pairs, item))
                said = fmax(said, rows[r]);
        all += w;
        found += w * said;
    }
    for (size_t r = 0; r < m->row_count; r++)
        if (m->rows[r].alone) {
            all += ROW_ALONE;
            found += ROW_ALONE * rows[r];
        }
    return all > 0 ? found / all : 0;
}

static double chars_said(const passage_match *m, const bits *in, const double *rows)
{
    double all = 0, found = 0;
    for (size_t i = 0; i < m->char_count; i++) {
        size_t item = m->chars[i];
        double said = has_bit(in, item), w = weight_of(m, item);
        for (size_t r = 0; rows != NULL && r < m->row_count; r++)
            if (has_bit(&m->rows[r].chars, item))
                said = fmax(said, rows[r]);
        all += w;
        found += w * said;
    }
    return all > 0 ? found / all : 0;
}

/* The share of the question's runs of three characters that the text holds. */
static double triples_said(const passage_match *m, const bits *in)
{
    double all = 0, found = 0;
    for (size_t i = 0; i < m->triple_count; i++) {
        double w = weight_of(m, m->triples[i]);
        all += w;
        found += w * has_bit(in, m->triples[i]);
    }
    return all > 0 ? found / all : 0;
}

/* --- sentences ---------------------------------------------------------------------------------
 */
typedef struct reader {
    const passage_match *m;
    passage_reading *out;
    bits all, lead, named; /* of the text, the words that lead a list, its name */
    size_t sentences;
} reader;

static void read_sentence(reader *r, str text, const bits *with)
{
    double rows[ROWS] = {0};
    bits held = {{0}};
    scan(r->m, text, &held);
    join(&r->all, &held);
    if (with != NULL)
        join(&held, with);
    join(&held, &r->named);
    for (size_t i = 0; i < r->m->row_count; i++)
        rows[i] = row_share(r->m, &r->m->rows[i], &held);
    double said = pairs_said(r->m, &held, rows);
    r->out->sentence = fmax(r->out->sentence, said);
    r->out->chars = fmax(r->out->chars, chars_said(r->m, &held, rows));
    r->out->first = r->sentences++ == 0 ? said : r->out->first;
    if (r->m->ask != NULL && measure_has(r->m->ask, text))
        r->out->measured = fmax(r->out->measured, said);
}

static bool is_item(str line)
{
    str open = STR("（"), close = STR("）");
    size_t end = str_starts(line, open) ? str_find(line, close, 0) : STR_NONE;
    return end != STR_NONE && end <= open.length + 12;
}

static void read_line(reader *r, str line)
{
    static const str stop = {"。", 3};
    size_t start = 0, end = 0;
    str last = {0};
    if (is_item(line)) {
        read_sentence(r, line, &r->lead);
        return;
    }
    r->lead = (bits){{0}};
    while (start < line.length) {
        end = str_find(line, stop, start);
        end = end == STR_NONE ? line.length : end + stop.length;
        last = str_slice(line, start, end);
        read_sentence(r, last, NULL);
        start = end;
    }
    if (str_ends(line, STR("：")) || str_ends(line, STR(":")))
        scan(r->m, last, &r->lead);
}

/* "X是", "X，是", "X是指" with a pair of the question right before it. */
static bool defines(const passage_match *m, str text)
{
    str is = STR("是"), comma = STR("，");
    for (size_t at = 0; (at = str_find(text, is, at)) != STR_NONE; at += is.length) {
        str head = str_slice(text, 0, at);
        if (str_ends(head, comma))
            head = str_slice(head, 0, head.length - comma.length);
        uint32_t c, d;
        if (head.length < 6 || utf8_decode(head.data + head.length - 6, 6, &c) != 3 ||
            utf8_decode(head.data + head.length - 3, 3, &d) != 3)
            continue;
        for (size_t i = 0; i < m->pair_count; i++)
            if (m->key[m->pairs[i]] == pair_key(c, d))
                return true;
    }
    return false;
}

void passage_match_read(const passage_match *m, str title, str text, str named, str asked,
                        passage_reading *out)
{
    reader r = {.m = m, .out = out};
    double rows[ROWS] = {0};
    str rest = text, line;
    *out = (passage_reading){.measured = NO_MEASURE};
    scan(m, named, &r.named);
    r.all = r.named;
    while (str_split(&rest, '\n', &line))
        if (!str_empty(str_trim(line)))
            read_line(&r, str_trim(line));
    for (size_t i = 0; i < m->row_count; i++)
        rows[i] = row_share(m, &m->rows[i], &r.all);
    out->whole = pairs_said(m, &r.all, rows);
    out->triples = triples_said(m, &r.all);
    bits with = r.all;
    scan(m, asked, &with);
    out->asked = pairs_said(m, &with, rows);
    out->asked_chars = chars_said(m, &with, rows);
    scan(m, title, &r.all);
    out->chars_whole = chars_said(m, &r.all, NULL);
    out->defines = defines(m, text);
}

double passage_match_rest(const passage_match *m, str named, str text)
{
    bits held = {{0}}, name = {{0}};
    double all = 0, found = 0;
    scan(m, text, &held);
    scan(m, named, &name);
    for (size_t i = 0; i < m->pair_count; i++) {
        size_t item = m->pairs[i];
        if (has_bit(&name, item) || m->found[item] <= 0)
            continue;
        all += m->weight[item];
        found += m->weight[item] * has_bit(&held, item);
    }
    return all > 0 ? found / all : 1;
}
