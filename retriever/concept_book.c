/* See concept_book.h. The bytes: a header, then the arrays of concept_book one behind another, each
 * padded to 8 bytes. */
#include "retriever/concept_book.h"

#include <stdlib.h>

#define MAGIC 0x31424e4f43565543ull /* another layout gets another number */
#define TOKENS_KEPT ((size_t)1 << 18)

const concept_column concept_name_columns[CONCEPT_NAME_COLUMNS] = {
    CONCEPT_EN_LABEL, CONCEPT_EN_ALIASES, CONCEPT_ZH_LABEL, CONCEPT_ZH_ALIASES};

float concept_name_weight(size_t n)
{
    return n % 2 == 0 ? 1.0f : 0.95f;
}

/* --- the table ---------------------------------------------------------------------------------
 */
status concept_list_read(str text, arena *a, concept_list *out, error *err)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    *out = (concept_list){.items = ARENA_ARRAY(a, concept, lines)};
    if (out->items == NULL)
        return error_memory(err);
    str rest = text, line;
    for (uint64_t n = 1; str_split(&rest, '\n', &line); n++) {
        if (str_empty(str_trim(line)) || line.data[0] == '#')
            continue;
        concept *c = &out->items[out->count];
        int column = 0;
        while (column < CONCEPT_COLUMNS && str_split(&line, '\t', &c->columns[column]))
            column++;
        if (column < CONCEPT_COLUMNS)
            return error_set_at(err, STATUS_SYNTAX, "concepts.tsv", n, 1,
                                "expected %d columns, found %d", CONCEPT_COLUMNS, column);
        out->count++;
    }
    return STATUS_OK;
}

bool concept_next_phrase(str *cell, str *out)
{
    str piece;
    while (str_split(cell, ';', &piece)) {
        *out = str_trim(piece);
        if (!str_empty(*out))
            return true;
    }
    return false;
}

status concept_cut(concept *c, arena *scratch, arena *a, error *err)
{
    status s = STATUS_OK;
    for (int n = CONCEPT_EN_LABEL; s == STATUS_OK && n < CONCEPT_COLUMNS; n++) {
        size_t most = 1;
        for (size_t i = 0; i < c->columns[n].length; i++)
            most += c->columns[n].data[i] == ';';
        str cell = c->columns[n], phrase;
        if (c->cut[n] != NULL)
            return STATUS_OK;
        c->cut[n] = ARENA_ARRAY(a, phrasebook_grams, most);
        if (c->cut[n] == NULL)
            return error_memory(err);
        while (s == STATUS_OK && concept_next_phrase(&cell, &phrase))
            s = phrasebook_cut(phrase, scratch, a, &c->cut[n][c->cut_count[n]++], err);
        if (arena_used(scratch) > TOKENS_KEPT)
            arena_reset(scratch);
    }
    return s;
}

/* --- making the book ---------------------------------------------------------------------------
 */
typedef struct header {
    uint64_t magic, text_hash;
    uint32_t said_texts, name_texts; /* how many texts were counted */
    uint32_t said_words, name_words, keys, ids;
} header;

typedef struct posting {
    uint64_t key;
    uint16_t id;
} posting;

typedef struct maker {
    arena *kept, *tokens;
    phrasebook *said, *names;
    concept_list list;
    buf postings;
} maker;

static void note(maker *m, phrasebook_grams grams, uint16_t id)
{
    for (size_t i = 0; i < grams.count; i++)
        for (int root = 0; root < 2; root++) {
            posting p;
            memset(&p, 0, sizeof p);
            p.key = phrasebook_key(grams, i, root == 1);
            p.id = id;
            if (p.key != 0)
                buf_add(&m->postings, str_make((const char *)&p, sizeof p));
        }
}

static status count_words(maker *m, error *err)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < m->list.count; i++) {
        concept *c = &m->list.items[i];
        s = concept_cut(c, m->tokens, m->kept, err);
        for (int n = CONCEPT_EN_LABEL; s == STATUS_OK && n < CONCEPT_COLUMNS; n++)
            for (size_t k = 0; s == STATUS_OK && k < c->cut_count[n]; k++)
                s = phrasebook_observe(m->said, c->cut[n][k], err);
        for (size_t n = 0; n < CONCEPT_NAME_COLUMNS; n++) {
            int column = (int)concept_name_columns[n];
            for (size_t k = 0; s == STATUS_OK && k < c->cut_count[column]; k++) {
                s = phrasebook_observe(m->names, c->cut[column][k], err);
                note(m, c->cut[column][k], (uint16_t)i);
            }
        }
    }
    return s == STATUS_OK && m->postings.failed ? error_memory(err) : s;
}

static int by_key(const void *x, const void *y)
{
    const posting *a = x, *b = y;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static void add_array(buf *out, const void *data, size_t bytes)
{
    buf_add(out, str_make(data, bytes));
    while (out->length % 8 != 0)
        buf_add_char(out, '\0');
}

static bool add_words(buf *out, phrasebook *pb)
{
    phrasebook_words w = {0};
    if (!phrasebook_words_of(pb, &w))
        return false;
    add_array(out, w.hashes, w.count * sizeof *w.hashes);
    add_array(out, w.counts, w.count * sizeof *w.counts);
    phrasebook_words_free(&w);
    return true;
}

/* The keys, where each begins, and the ids; header fields `keys` and `ids` with them. */
static bool add_postings(maker *m, header *h, buf *out)
{
    size_t n = m->postings.length / sizeof(posting), keys = 0, ids = 0;
    posting *all = malloc((n + 1) * sizeof *all);
    uint64_t *key = malloc((n + 1) * sizeof *key);
    uint32_t *first = malloc((n + 2) * sizeof *first);
    uint16_t *id = malloc((n + 1) * sizeof *id);
    bool ok = all != NULL && key != NULL && first != NULL && id != NULL;
    if (ok && n > 0) {
        memcpy(all, m->postings.data, n * sizeof *all);
        qsort(all, n, sizeof *all, by_key);
    }
    for (size_t i = 0; ok && i < n; i++) {
        bool new_key = i == 0 || all[i].key != all[i - 1].key;
        if (!new_key && all[i].id == all[i - 1].id)
            continue;
        if (new_key) {
            key[keys] = all[i].key;
            first[keys++] = (uint32_t)ids;
        }
        id[ids++] = all[i].id;
    }
    if (ok) {
        first[keys] = (uint32_t)ids;
        add_array(out, key, keys * sizeof *key);
        add_array(out, first, (keys + 1) * sizeof *first);
        add_array(out, id, ids * sizeof *id);
        h->keys = (uint32_t)keys;
        h->ids = (uint32_t)ids;
    }
    free(all);
    free(key);
    free(first);
    free(id);
    return ok;
}

static status write_book(maker *m, str text, buf *out, error *err)
{
    header h = {.magic = MAGIC, .text_hash = str_hash(text, 1)};
    buf arrays = {0};
    h.said_texts = phrasebook_observed(m->said, &h.said_words);
    h.name_texts = phrasebook_observed(m->names, &h.name_words);
    bool ok =
        add_words(&arrays, m->said) && add_words(&arrays, m->names) && add_postings(m, &h, &arrays);
    buf_clear(out);
    add_array(out, &h, sizeof h);
    buf_add(out, buf_str(&arrays));
    ok = ok && !arrays.failed && !out->failed;
    buf_free(&arrays);
    return ok ? STATUS_OK : error_memory(err);
}

status concept_book_make(str text, buf *out, error *err)
{
    maker m = {.kept = arena_new(0),
               .tokens = arena_new(0),
               .said = phrasebook_new(),
               .names = phrasebook_new()};
    status s = m.kept == NULL || m.tokens == NULL || m.said == NULL || m.names == NULL
                   ? error_memory(err)
                   : concept_list_read(text, m.kept, &m.list, err);
    if (s == STATUS_OK && m.list.count > UINT16_MAX)
        s = error_set(err, STATUS_LIMIT, "concepts.tsv: more than %d concepts", UINT16_MAX);
    if (s == STATUS_OK)
        s = count_words(&m, err);
    if (s == STATUS_OK)
        s = write_book(&m, text, out, err);
    buf_free(&m.postings);
    phrasebook_free(m.said);
    phrasebook_free(m.names);
    arena_free(m.kept);
    arena_free(m.tokens);
    return s;
}

/* --- reading it --------------------------------------------------------------------------------
 */
static const void *take(str *rest, size_t bytes)
{
    size_t padded = (bytes + 7) / 8 * 8;
    const void *at = rest->data;
    if (padded > rest->length) {
        *rest = (str){0}; /* nor does what follows fit */
        return NULL;
    }
    *rest = str_slice(*rest, padded, rest->length);
    return at;
}

bool concept_book_open(str bytes, str text, concept_book *out)
{
    header h;
    if (bytes.length < sizeof h || (uintptr_t)bytes.data % 8 != 0)
        return false;
    memcpy(&h, bytes.data, sizeof h);
    if (h.magic != MAGIC || h.text_hash != str_hash(text, 1))
        return false;
    str rest = bytes;
    (void)take(&rest, sizeof h);
    concept_book b = {.key_count = h.keys};
    b.said = (phrasebook_words){.count = h.said_words, .texts = h.said_texts};
    b.said.hashes = take(&rest, h.said_words * sizeof *b.said.hashes);
    b.said.counts = take(&rest, h.said_words * sizeof *b.said.counts);
    b.names = (phrasebook_words){.count = h.name_words, .texts = h.name_texts};
    b.names.hashes = take(&rest, h.name_words * sizeof *b.names.hashes);
    b.names.counts = take(&rest, h.name_words * sizeof *b.names.counts);
    b.keys = take(&rest, h.keys * sizeof *b.keys);
    b.first = take(&rest, ((size_t)h.keys + 1) * sizeof *b.first);
    b.ids = take(&rest, h.ids * sizeof *b.ids);
    if (b.first == NULL || b.ids == NULL || b.first[h.keys] != h.ids)
        return false;
    *out = b;
    return true;
}

const uint16_t *concept_book_find(const concept_book *book, uint64_t key, size_t *count)
{
    size_t low = 0, high = book->key_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (book->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < book->key_count && book->keys[low] == key;
    *count = found ? book->first[low + 1] - book->first[low] : 0;
    return found ? book->ids + book->first[low] : NULL;
}
