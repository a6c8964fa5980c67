/* Tokens live in one arena; a hash table finds ids by text. Training merges within words only: a
 * word is U+2581 and the letters behind it. */
#include "llm/train/vocab.h"

#include <errno.h>
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/utf8.h"
#include "llm/modeltext.h"

#define SPACE "\xe2\x96\x81"
enum { MAX_TOKENS = 1 << 16, MAX_WORD = 48 };

struct vocab {
    arena *memory;
    vocab_token *tokens;
    size_t count, capacity;
    int32_t *slots; /* hash table of ids, -1 = empty */
    size_t slot_count;
};

static vocab *vocab_new(void)
{
    vocab *v = calloc(1, sizeof *v);
    if (v == NULL)
        return NULL;
    v->memory = arena_new(0);
    v->capacity = MAX_TOKENS;
    v->slot_count = 2 * MAX_TOKENS;
    v->tokens = calloc(v->capacity, sizeof *v->tokens);
    v->slots = malloc(v->slot_count * sizeof *v->slots);
    if (v->memory == NULL || v->tokens == NULL || v->slots == NULL) {
        vocab_free(v);
        return NULL;
    }
    memset(v->slots, 0xff, v->slot_count * sizeof *v->slots);
    return v;
}

void vocab_free(vocab *v)
{
    if (v == NULL)
        return;
    arena_free(v->memory);
    free(v->tokens);
    free(v->slots);
    free(v);
}

static size_t slot_of(const vocab *v, str text)
{
    size_t at = (size_t)str_hash(text, 1) & (v->slot_count - 1);
    while (v->slots[at] >= 0 && !str_equal(v->tokens[v->slots[at]].text, text))
        at = (at + 1) & (v->slot_count - 1);
    return at;
}

int32_t vocab_find(const vocab *v, str text)
{
    return v->slots[slot_of(v, text)];
}

/* The token's id, new or not; -1 when full. */
static int32_t add(vocab *v, str text, float score, vocab_type type)
{
    size_t slot = slot_of(v, text);
    if (v->slots[slot] >= 0)
        return v->slots[slot];
    str kept = arena_str(v->memory, text);
    if (v->count == v->capacity || kept.data == NULL)
        return -1;
    v->tokens[v->count] = (vocab_token){kept, score, type};
    v->slots[slot] = (int32_t)v->count;
    return (int32_t)v->count++;
}

size_t vocab_size(const vocab *v)
{
    return v->count;
}

vocab_token vocab_at(const vocab *v, size_t id)
{
    return v->tokens[id];
}

/* GB 2312 rows 16-55: the common characters, in the standard's order. */
static status add_common_hanzi(vocab *v, error *err)
{
    iconv_t convert = iconv_open("UTF-8", "GB2312");
    if (convert == (iconv_t)-1)
        return error_errno(err, STATUS_UNSUPPORTED, errno, "conversion from GB2312");
    for (int row = 16; row <= 55; row++)
        for (int cell = 1; cell <= 94; cell++) {
            char in[2] = {(char)(row + 0xa0), (char)(cell + 0xa0)}, out[8];
            char *from = in, *to = out;
            size_t left = 2, room = sizeof out;
            if (iconv(convert, &from, &left, &to, &room) != (size_t)-1)
                add(v, str_make(out, sizeof out - room), 0, VOCAB_NORMAL);
        }
    iconv_close(convert);
    return STATUS_OK;
}

static status add_fixed(vocab *v, error *err)
{
    add(v, STR("<unk>"), 0, VOCAB_TYPE_UNKNOWN);
    add(v, STR("<s>"), 0, VOCAB_CONTROL);
    add(v, STR("</s>"), 0, VOCAB_CONTROL);
    for (int b = 0; b < 256; b++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", b);
        add(v, str_from(name), 0, VOCAB_BYTE);
    }
    for (size_t i = 0; modeltext_reserved[i] != NULL; i++)
        add(v, str_from(modeltext_reserved[i]), 0, VOCAB_USER_DEFINED);
    add(v, STR(SPACE), 0, VOCAB_NORMAL);
    const char *singles = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-%/";
    for (const char *c = singles; *c != 0; c++)
        add(v, str_make(c, 1), 0, VOCAB_NORMAL);
    str marks = STR("，。、；：！？“”（）《》％");
    for (size_t i = 0; i < marks.length; i += 3)
        add(v, str_slice(marks, i, i + 3), 0, VOCAB_NORMAL);
    return add_common_hanzi(v, err);
}

/* --- training --------------------------------------------------------------------------------- */

/* A distinct word as ids of its current pieces. */
typedef struct word {
    int32_t piece[MAX_WORD];
    size_t length;
    uint64_t count;
} word;

typedef struct pair_count {
    uint64_t key; /* left id << 32 | right id, +1 so that 0 is empty */
    uint64_t count;
} pair_count;

typedef struct trainer {
    vocab *v;
    arena *memory;
    word *words;
    str *texts; /* of words, for finding them */
    size_t count, capacity;
    int32_t *slots;
    size_t slot_count;
    pair_count *pairs;
    size_t pair_slots;
} trainer;

static void count_word(trainer *t, str text)
{
    size_t at = (size_t)str_hash(text, 2) & (t->slot_count - 1);
    while (t->slots[at] >= 0 && !str_equal(t->texts[t->slots[at]], text))
        at = (at + 1) & (t->slot_count - 1);
    if (t->slots[at] >= 0) {
        t->words[t->slots[at]].count++;
        return;
    }
    if (t->count == t->capacity || text.length + 1 > MAX_WORD)
        return;
    word *w = &t->words[t->count];
    *w = (word){.count = 1};
    w->piece[w->length++] = vocab_find(t->v, STR(SPACE));
    for (size_t i = 0; i < text.length; i++)
        w->piece[w->length++] = vocab_find(t->v, str_slice(text, i, i + 1));
    t->texts[t->count] = text;
    t->slots[at] = (int32_t)t->count++;
}

/* Words of ASCII letters; Han characters that GB 2312 level 1 lacks become tokens. */
static void read_text(trainer *t, str text)
{
    for (size_t i = 0; i < text.length;) {
        size_t j = i;
        while (j < text.length && text.data[j] >= 'a' && text.data[j] <= 'z')
            j++;
        if (j > i) {
            count_word(t, str_slice(text, i, j));
            i = j;
            continue;
        }
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        if (c != UINT32_MAX && utf8_is_han(c))
            add(t->v, str_slice(text, i, i + bytes), 0, VOCAB_NORMAL);
        i += bytes == 0 ? 1 : bytes;
    }
}

static void count_pairs(trainer *t)
{
    memset(t->pairs, 0, t->pair_slots * sizeof *t->pairs);
    for (size_t i = 0; i < t->count; i++) {
        const word *w = &t->words[i];
        for (size_t j = 0; j + 1 < w->length; j++) {
            uint64_t key = ((uint64_t)w->piece[j] << 32 | (uint64_t)w->piece[j + 1]) + 1;
            size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 40) & (t->pair_slots - 1);
            while (t->pairs[at].key != 0 && t->pairs[at].key != key)
                at = (at + 1) & (t->pair_slots - 1);
            t->pairs[at].key = key;
            t->pairs[at].count += w->count;
        }
    }
}

static void apply_merge(trainer *t, int32_t left, int32_t right, int32_t merged)
{
    for (size_t i = 0; i < t->count; i++) {
        word *w = &t->words[i];
        size_t out = 0;
        for (size_t j = 0; j < w->length; j++) {
            bool hit = j + 1 < w->length && w->piece[j] == left && w->piece[j + 1] == right;
            w->piece[out++] = hit ? merged : w->piece[j];
            j += hit;
        }
        w->length = out;
    }
}

/* Most frequent pair first; ties go to the smaller key, so that the result is the same anywhere. */
static void merge_words(trainer *t, size_t merges)
{
    for (size_t rank = 1; rank <= merges; rank++) {
        count_pairs(t);
        pair_count best = {0};
        for (size_t i = 0; i < t->pair_slots; i++) {
            const pair_count *p = &t->pairs[i];
            if (p->count > best.count || (p->count == best.count && p->key < best.key))
                best = *p;
        }
        if (best.count < 2)
            return;
        int32_t left = (int32_t)((best.key - 1) >> 32),
                right = (int32_t)((best.key - 1) & 0xffffffff);
        str a = t->v->tokens[left].text, b = t->v->tokens[right].text;
        char *text = arena_printf(t->memory, "%.*s%.*s", STR_ARG(a), STR_ARG(b));
        if (text == NULL)
            return;
        apply_merge(t, left, right, add(t->v, str_from(text), -(float)rank, VOCAB_NORMAL));
    }
}

status vocab_train(const str *texts, size_t count, size_t merges, vocab **out, error *err)
{
    trainer t = {.v = vocab_new(), .memory = arena_new(0)};
    t.capacity = 1 << 16;
    t.slot_count = t.pair_slots = 1 << 17;
    t.words = calloc(t.capacity, sizeof *t.words);
    t.texts = calloc(t.capacity, sizeof *t.texts);
    t.slots = malloc(t.slot_count * sizeof *t.slots);
    t.pairs = calloc(t.pair_slots, sizeof *t.pairs);
    status st = STATUS_OK;
    if (t.v == NULL || t.memory == NULL || t.words == NULL || t.texts == NULL || t.slots == NULL ||
        t.pairs == NULL)
        st = error_memory(err);
    if (st == STATUS_OK)
        st = add_fixed(t.v, err);
    if (st == STATUS_OK) {
        memset(t.slots, 0xff, t.slot_count * sizeof *t.slots);
        for (size_t i = 0; i < count; i++)
            read_text(&t, texts[i]);
        merge_words(&t, merges);
        *out = t.v;
        t.v = NULL;
    }
    vocab_free(t.v);
    arena_free(t.memory);
    free(t.words);
    free(t.texts);
    free(t.slots);
    free(t.pairs);
    return st;
}

/* --- files ------------------------------------------------------------------------------------ */

status vocab_save(const vocab *v, const char *path, error *err)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return error_errno(err, STATUS_IO, errno, path);
    for (size_t i = 0; i < v->count; i++) {
        fprintf(f, "%d\t%.9g\t", (int)v->tokens[i].type, (double)v->tokens[i].score);
        for (size_t j = 0; j < v->tokens[i].text.length; j++)
            fprintf(f, "%02x", (unsigned)(unsigned char)v->tokens[i].text.data[j]);
        fputc('\n', f);
    }
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return error_errno(err, STATUS_IO, errno, path);
    return STATUS_OK;
}

status vocab_load(const char *path, vocab **out, error *err)
{
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return error_errno(err, STATUS_NOT_FOUND, errno, path);
    vocab *v = vocab_new();
    char line[512], hex[256], text[128];
    int type;
    float score;
    uint64_t number = 0;
    status st = v == NULL ? error_memory(err) : STATUS_OK;
    while (st == STATUS_OK && fgets(line, sizeof line, f) != NULL) {
        number++;
        size_t length = 0;
        bool fine = sscanf(line, "%d\t%f\t%255s", &type, &score, hex) == 3;
        for (size_t i = 0; fine && hex[i] != 0 && hex[i + 1] != 0; i += 2) {
            unsigned byte;
            fine = sscanf(hex + i, "%2x", &byte) == 1;
            text[length++] = (char)byte;
        }
        if (!fine || add(v, str_make(text, length), score, (vocab_type)type) != (int32_t)number - 1)
            st = error_set_at(err, STATUS_CORRUPT, path, number, 0, "not a token of a vocabulary");
    }
    fclose(f);
    if (st == STATUS_OK)
        *out = v;
    else
        vocab_free(v);
    return st;
}

/* --- encoding --------------------------------------------------------------------------------- */

typedef struct encoder {
    const vocab *v;
    double dropout;
    rng *r;
    int32_t *out;
    size_t count, capacity;
} encoder;

static void put(encoder *e, int32_t id)
{
    if (e->count < e->capacity)
        e->out[e->count] = id;
    e->count++;
}

/* One word (a space and what follows, or a part of one): merges by score, best first. */
static void encode_word(encoder *e, str text)
{
    str piece[MAX_WORD * 3];
    size_t n = 0;
    for (size_t i = 0; i < text.length && n < CORE_COUNT(piece);) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        piece[n++] = str_slice(text, i, i + bytes);
        i += bytes;
    }
    for (;;) {
        size_t best = n;
        float score = 0;
        for (size_t i = 0; i + 1 < n; i++) {
            str joined = {piece[i].data, piece[i].length + piece[i + 1].length};
            int32_t id = vocab_find(e->v, joined);
            if (id < 0 || (e->dropout > 0 && rng_chance(e->r, e->dropout)))
                continue;
            if (best == n || e->v->tokens[id].score > score) {
                best = i;
                score = e->v->tokens[id].score;
            }
        }
        if (best == n)
            break;
        piece[best].length += piece[best + 1].length;
        memmove(piece + best + 1, piece + best + 2, (n - best - 2) * sizeof *piece);
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        int32_t id = vocab_find(e->v, piece[i]);
        if (id >= 0)
            put(e, id);
        for (size_t j = 0; id < 0 && j < piece[i].length; j++)
            put(e, VOCAB_FIRST_BYTE + (int32_t)(unsigned char)piece[i].data[j]);
    }
}

/* The reserved token at the head of the text; empty when there is none. */
static str reserved_at(const vocab *v, str text)
{
    size_t end = str_find(text, STR(">"), 0);
    if (text.length == 0 || text.data[0] != '<' || end == STR_NONE || end > 9)
        return (str){0};
    int32_t id = vocab_find(v, str_slice(text, 0, end + 1));
    if (id < 0 || v->tokens[id].type == VOCAB_BYTE || v->tokens[id].type == VOCAB_TYPE_UNKNOWN)
        return (str){0};
    return str_slice(text, 0, end + 1);
}

size_t vocab_encode(const vocab *v, str text, double dropout, rng *r, int32_t *out, size_t capacity)
{
    encoder e = {v, r == NULL ? 0 : dropout, r, out, 0, capacity};
    buf part = {0};
    for (size_t i = 0; i < text.length;) {
        str token = reserved_at(v, str_slice(text, i, text.length));
        bool space = text.data[i] == ' ', high = (unsigned char)text.data[i] >= 0x80;
        if ((token.length > 0 || space || high || part.length > 3 * MAX_WORD - 8) &&
            part.length > 0) {
            encode_word(&e, buf_str(&part));
            buf_clear(&part);
        }
        if (token.length > 0) {
            put(&e, vocab_find(v, token));
            i += token.length;
            continue;
        }
        uint32_t c;
        size_t bytes = utf8_decode(text.data + i, text.length - i, &c);
        buf_add(&part, space ? STR(SPACE) : str_slice(text, i, i + bytes));
        i += bytes;
    }
    if (part.length > 0)
        encode_word(&e, buf_str(&part));
    buf_free(&part);
    return e.count;
}
