/* See phrasebook.h. A phrase is a row of grams: the stem of an English word (with its root
 * as a weaker stand-in) or a pair of Han characters. Postings lead from a gram's hash to
 * the phrases that have it. */
#include "retriever/phrasebook.h"

#include <math.h>
#include <stdlib.h>

#define MAX_GRAMS 24 /* of a phrase; longer phrases are cut */
#define MAX_OCCURRENCES 4
#define MOST_TOUCHED (1u << 15) /* phrases of which a question has a gram */
#define PREFIX_WORTH 0.75f
#define SMALL_WORTH 0.4f
#define NO_POSITION UINT16_MAX

struct phrasebook_gram {
    uint64_t hash, prefix; /* prefix 0 = none */
    uint16_t first, last;  /* tokens that it covers */
    bool small;            /* one of its characters only holds a question together */
};
typedef phrasebook_gram gram;

typedef struct phrase {
    uint32_t target, first_gram;
    uint16_t gram_count;
    float weight, mass;
} phrase;

typedef struct posting {
    uint64_t hash;
    uint32_t phrase;
    uint16_t slot;
    uint16_t prefix; /* 1: by the root only */
} posting;

typedef struct frequency {
    uint64_t hash;
    uint32_t count;
    uint32_t last; /* the text that was counted last, so that each text counts once */
} frequency;

struct phrasebook {
    phrase *phrases;
    size_t phrase_count, phrase_capacity;
    gram *grams;
    float *gram_mass;
    size_t gram_count, gram_capacity;
    posting *postings;
    size_t posting_count;
    frequency *table;
    size_t table_size, table_used;
    uint32_t observed;
};

phrasebook *phrasebook_new(void)
{
    phrasebook *pb = calloc(1, sizeof *pb);
    if (pb == NULL)
        return NULL;
    pb->table_size = 1 << 12;
    pb->table = calloc(pb->table_size, sizeof *pb->table);
    if (pb->table == NULL) {
        phrasebook_free(pb);
        return NULL;
    }
    return pb;
}

void phrasebook_free(phrasebook *pb)
{
    if (pb == NULL)
        return;
    free(pb->phrases);
    free(pb->grams);
    free(pb->gram_mass);
    free(pb->postings);
    free(pb->table);
    free(pb);
}

/* --- grams -------------------------------------------------------------------------------------
 */
static uint64_t pair_hash(const text_token *x, const text_token *y)
{
    return text_chain(text_chain(0x5f3759df, x->hash), y->hash);
}

static bool pairs_with_next(const text_tokens *t, size_t i)
{
    return i + 1 < t->count && t->items[i].kind == TEXT_HAN && t->items[i + 1].kind == TEXT_HAN &&
           t->items[i + 1].glued;
}

static uint64_t prefix_of(const text_token *t)
{
    if (t->kind != TEXT_WORD || t->norm.length < 3)
        return 0;
    return str_hash(text_root(t->norm), 77);
}

/* 率是 of "…率是多少" is rare, and tells nothing about which rate. */
static bool holds_together(const text_token *t)
{
    static const char words[][4] = {"的", "是", "吗", "呢", "了"};
    if (t->norm.length != 3)
        return false;
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (memcmp(t->norm.data, words[i], 3) == 0)
            return true;
    return false;
}

/* The grams of a row of tokens. A Han character alone is a gram only where no neighbour pairs. */
static size_t make_grams(const text_tokens *t, gram *out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count && n < capacity && i < UINT16_MAX; i++) {
        const text_token *k = &t->items[i];
        if (k->kind != TEXT_HAN) {
            out[n++] = (gram){k->stem, prefix_of(k), (uint16_t)i, (uint16_t)i, false};
            continue;
        }
        bool paired_before = i > 0 && pairs_with_next(t, i - 1);
        if (pairs_with_next(t, i))
            out[n++] = (gram){pair_hash(k, k + 1), 0, (uint16_t)i, (uint16_t)(i + 1),
                              holds_together(k) != holds_together(k + 1)};
        else if (!paired_before)
            out[n++] = (gram){k->hash, 0, (uint16_t)i, (uint16_t)i, false};
    }
    return n;
}

/* --- idf ---------------------------------------------------------------------------------------
 */
static frequency *slot_for(frequency *table, size_t size, uint64_t hash)
{
    size_t at = (size_t)(hash >> 17) & (size - 1);
    while (table[at].hash != 0 && table[at].hash != hash)
        at = (at + 1) & (size - 1);
    return &table[at];
}

static bool count_gram(phrasebook *pb, uint64_t hash)
{
    if (pb->table_used * 2 >= pb->table_size) {
        frequency *bigger = calloc(pb->table_size * 2, sizeof *bigger);
        if (bigger == NULL)
            return false;
        for (size_t i = 0; i < pb->table_size; i++)
            if (pb->table[i].hash != 0)
                *slot_for(bigger, pb->table_size * 2, pb->table[i].hash) = pb->table[i];
        free(pb->table);
        pb->table = bigger;
        pb->table_size *= 2;
    }
    frequency *f = slot_for(pb->table, pb->table_size, hash);
    if (f->hash == 0) {
        f->hash = hash;
        pb->table_used++;
    }
    if (f->last != pb->observed) {
        f->last = pb->observed;
        f->count++;
    }
    return true;
}

status phrasebook_preset(phrasebook *pb, const phrasebook_words *words, error *err)
{
    size_t size = pb->table_size;
    while (words->count * 2 >= size)
        size *= 2;
    frequency *table = calloc(size, sizeof *table);
    if (table == NULL)
        return error_memory(err);
    for (size_t i = 0; i < words->count; i++)
        *slot_for(table, size, words->hashes[i]) =
            (frequency){.hash = words->hashes[i], .count = words->counts[i]};
    free(pb->table);
    pb->table = table;
    pb->table_size = size;
    pb->table_used = words->count;
    pb->observed = words->texts;
    return STATUS_OK;
}

uint32_t phrasebook_observed(const phrasebook *pb, uint32_t *words)
{
    *words = (uint32_t)pb->table_used;
    return pb->observed;
}

static int by_word(const void *x, const void *y)
{
    const frequency *a = x, *b = y;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

bool phrasebook_words_of(const phrasebook *pb, phrasebook_words *out)
{
    frequency *all = malloc((pb->table_used + 1) * sizeof *all);
    uint64_t *hashes = malloc((pb->table_used + 1) * sizeof *hashes);
    uint32_t *counts = malloc((pb->table_used + 1) * sizeof *counts);
    size_t n = 0;
    bool ok = all != NULL && hashes != NULL && counts != NULL;
    for (size_t i = 0; ok && i < pb->table_size; i++)
        if (pb->table[i].hash != 0)
            all[n++] = pb->table[i];
    if (ok)
        qsort(all, n, sizeof *all, by_word);
    for (size_t i = 0; ok && i < n; i++) {
        hashes[i] = all[i].hash;
        counts[i] = all[i].count;
    }
    free(all);
    *out = (phrasebook_words){hashes, counts, n, pb->observed};
    if (!ok)
        phrasebook_words_free(out);
    return ok;
}

void phrasebook_words_free(phrasebook_words *words)
{
    free((void *)(uintptr_t)words->hashes);
    free((void *)(uintptr_t)words->counts);
    *words = (phrasebook_words){0};
}

/* Smoothed, and 1 for what was never seen. */
static float idf_of(const phrasebook *pb, uint64_t hash)
{
    const frequency *f = slot_for(pb->table, pb->table_size, hash);
    double n = (double)pb->observed + 50;
    double count = f->hash == 0 ? 0 : (double)f->count;
    double top = log(n / 0.5);
    return (float)(log(n / (count + 0.5)) / top);
}

/* Words in more than a fiftieth of all phrases say next to nothing. */
static float sharpen(float idf)
{
    float low = 0.30f;
    return idf <= low ? 0.02f : (idf - low) / (1 - low);
}

static float gram_weight(const phrasebook *pb, uint64_t hash)
{
    float w = sharpen(idf_of(pb, hash));
    return w < 0.02f ? 0.02f : w;
}

/* "{s}" and "{o}" become a separator. */
static str without_slots(str text, arena *a)
{
    char *copy = arena_cstr(a, text);
    if (copy == NULL)
        return text;
    for (size_t i = 0; i + 2 < text.length; i++)
        if (copy[i] == '{' && copy[i + 2] == '}')
            copy[i] = copy[i + 1] = copy[i + 2] = '|';
    return str_make(copy, text.length);
}

status phrasebook_cut(str text, arena *scratch, arena *a, phrasebook_grams *out, error *err)
{
    text_tokens tokens = {0};
    gram grams[PHRASEBOOK_TOKENS];
    status s = text_tokenise(without_slots(text, scratch), true, scratch, &tokens, err);
    if (s != STATUS_OK)
        return s;
    size_t count = make_grams(&tokens, grams, PHRASEBOOK_TOKENS);
    gram *kept = ARENA_ARRAY(a, gram, count + 1);
    if (kept == NULL)
        return error_memory(err);
    memcpy(kept, grams, count * sizeof *kept);
    *out = (phrasebook_grams){kept, count};
    return STATUS_OK;
}

phrasebook_grams phrasebook_join(const phrasebook_grams *parts, size_t count, arena *a)
{
    size_t n = 0;
    gram *out = ARENA_ARRAY(a, gram, PHRASEBOOK_TOKENS);
    for (size_t i = 0; out != NULL && i < count; i++)
        for (size_t k = 0; k < parts[i].count && n < PHRASEBOOK_TOKENS; k++)
            out[n++] = parts[i].items[k];
    return (phrasebook_grams){out, n};
}

static size_t of_phrase(phrasebook_grams grams)
{
    return grams.count < MAX_GRAMS ? grams.count : MAX_GRAMS;
}

status phrasebook_observe(phrasebook *pb, phrasebook_grams grams, error *err)
{
    pb->observed++;
    for (size_t i = 0; i < of_phrase(grams); i++)
        if (!count_gram(pb, grams.items[i].hash))
            return error_memory(err);
    return STATUS_OK;
}

static bool reserve(void **data, size_t *capacity, size_t wanted, size_t each)
{
    if (wanted <= *capacity)
        return true;
    size_t more = *capacity < 256 ? 256 : *capacity * 2;
    while (more < wanted)
        more *= 2;
    void *grown = realloc(*data, more * each);
    if (grown == NULL)
        return false;
    *data = grown;
    *capacity = more;
    return true;
}

uint64_t phrasebook_key(phrasebook_grams grams, size_t i, bool root)
{
    return root ? grams.items[i].prefix : grams.items[i].hash;
}

status phrasebook_place(phrasebook *pb, uint32_t target, float weight, phrasebook_grams grams,
                        error *err)
{
    size_t count = of_phrase(grams);
    if (count == 0)
        return STATUS_OK;
    if (!reserve((void **)&pb->phrases, &pb->phrase_capacity, pb->phrase_count + 1,
                 sizeof *pb->phrases) ||
        !reserve((void **)&pb->grams, &pb->gram_capacity, pb->gram_count + count,
                 sizeof *pb->grams))
        return error_memory(err);
    pb->phrases[pb->phrase_count++] = (phrase){.target = target,
                                               .first_gram = (uint32_t)pb->gram_count,
                                               .gram_count = (uint16_t)count,
                                               .weight = weight};
    memcpy(pb->grams + pb->gram_count, grams.items, count * sizeof *pb->grams);
    pb->gram_count += count;
    return STATUS_OK;
}

status phrasebook_add(phrasebook *pb, uint32_t target, float weight, phrasebook_grams grams,
                      error *err)
{
    status s = phrasebook_observe(pb, grams, err);
    return s == STATUS_OK ? phrasebook_place(pb, target, weight, grams, err) : s;
}

static int by_hash(const void *x, const void *y)
{
    const posting *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->phrase < b->phrase ? -1 : a->phrase > b->phrase;
}

/* By hash, then phrase: postings come in the order of phrases, so they are dealt into buckets by
 * the hash's upper bits first, which leaves next to nothing to sort. */
static bool sort_postings(phrasebook *pb)
{
    enum { BITS = 16, BUCKETS = 1 << BITS };
    size_t n = pb->posting_count;
    posting *dealt = malloc((n + 1) * sizeof *dealt);
    uint32_t *end = calloc(BUCKETS + 1, sizeof *end);
    bool ok = dealt != NULL && end != NULL;
    for (size_t i = 0; ok && i < n; i++)
        end[(pb->postings[i].hash >> (64 - BITS)) + 1]++;
    for (size_t k = 1; ok && k <= BUCKETS; k++)
        end[k] += end[k - 1];
    for (size_t i = 0; ok && i < n; i++)
        dealt[end[pb->postings[i].hash >> (64 - BITS)]++] = pb->postings[i];
    for (size_t start = 0, i = 1; ok && i <= n; i++) {
        if (i < n && dealt[i].hash >> (64 - BITS) == dealt[start].hash >> (64 - BITS))
            continue;
        bool sorted = true;
        for (size_t k = start + 1; k < i && sorted; k++)
            sorted = by_hash(&dealt[k - 1], &dealt[k]) <= 0;
        if (!sorted)
            qsort(dealt + start, i - start, sizeof *dealt, by_hash);
        start = i;
    }
    free(end);
    if (!ok) {
        free(dealt);
        return false;
    }
    free(pb->postings);
    pb->postings = dealt;
    return true;
}

status phrasebook_seal(phrasebook *pb, error *err)
{
    pb->gram_mass = malloc((pb->gram_count + 1) * sizeof *pb->gram_mass);
    pb->postings = malloc((pb->gram_count * 2 + 1) * sizeof *pb->postings);
    if (pb->gram_mass == NULL || pb->postings == NULL)
        return error_memory(err);
    for (size_t p = 0; p < pb->phrase_count; p++) {
        phrase *ph = &pb->phrases[p];
        for (uint16_t i = 0; i < ph->gram_count; i++) {
            const gram *g = &pb->grams[ph->first_gram + i];
            float mass = gram_weight(pb, g->hash) * (g->small ? SMALL_WORTH : 1);
            pb->gram_mass[ph->first_gram + i] = mass;
            ph->mass += mass;
            pb->postings[pb->posting_count++] = (posting){g->hash, (uint32_t)p, i, 0};
            if (g->prefix != 0)
                pb->postings[pb->posting_count++] = (posting){g->prefix, (uint32_t)p, i, 1};
        }
    }
    return sort_postings(pb) ? STATUS_OK : error_memory(err);
}

/* --- matching ----------------------------------------------------------------------------------
 */
typedef struct found_gram { /* where one gram of a phrase stands in the question */
    uint16_t positions[MAX_OCCURRENCES];
    uint8_t prefix[MAX_OCCURRENCES];
    uint8_t count;
} found_gram;

typedef struct touched {
    uint32_t phrase;
    found_gram *grams;
} touched;

typedef struct matcher {
    const phrasebook *pb;
    arena *a;
    const gram *question;
    size_t question_count;
    touched *items;
    size_t count, capacity;
    uint32_t *slots; /* open addressing by phrase: index + 1 */
    size_t slot_count;
    phrasebook_hit *hits;
    size_t hit_count, hit_capacity;
    float least;
} matcher;

static touched *touch(matcher *m, uint32_t ph)
{
    size_t at = (ph * 2654435761u) & (m->slot_count - 1);
    while (m->slots[at] != 0 && m->items[m->slots[at] - 1].phrase != ph)
        at = (at + 1) & (m->slot_count - 1);
    if (m->slots[at] != 0)
        return &m->items[m->slots[at] - 1];
    if (m->count == m->capacity)
        return NULL;
    found_gram *grams = ARENA_ARRAY(m->a, found_gram, m->pb->phrases[ph].gram_count);
    if (grams == NULL)
        return NULL;
    m->items[m->count++] = (touched){ph, grams};
    m->slots[at] = (uint32_t)m->count;
    return &m->items[m->count - 1];
}

static void note_gram(matcher *m, const posting *p, size_t gram_index)
{
    touched *t = touch(m, p->phrase);
    if (t == NULL)
        return;
    found_gram *f = &t->grams[p->slot];
    for (uint8_t i = 0; i < f->count; i++)
        if (f->positions[i] == gram_index) {
            f->prefix[i] = f->prefix[i] && p->prefix;
            return;
        }
    if (f->count == MAX_OCCURRENCES)
        return;
    f->positions[f->count] = (uint16_t)gram_index;
    f->prefix[f->count++] = (uint8_t)p->prefix;
}

/* Postings of one gram of the question. */
typedef struct posting_run {
    size_t first, end;
    uint16_t gram;
    bool prefix;
} posting_run;

static size_t find_run(const phrasebook *pb, uint64_t hash, bool prefix, size_t gram_index,
                       posting_run *out)
{
    const posting *all = pb->postings;
    size_t low = 0, high = pb->posting_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (all[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < pb->posting_count && all[end].hash == hash)
        end++;
    *out = (posting_run){low, end, (uint16_t)gram_index, prefix};
    return end - low;
}

static void note_run(matcher *m, const posting_run *run)
{
    for (size_t i = run->first; i < run->end; i++)
        if ((m->pb->postings[i].prefix != 0) == run->prefix)
            note_gram(m, &m->pb->postings[i], run->gram);
}

/* Room for as many phrases as the postings can touch, and no more: most questions touch few of
 * many thousand. */
static bool make_room(matcher *m, size_t postings)
{
    m->capacity = postings < m->pb->phrase_count ? postings : m->pb->phrase_count;
    m->capacity = m->capacity < MOST_TOUCHED ? m->capacity : MOST_TOUCHED;
    m->slot_count = 4;
    while (m->slot_count < m->capacity * 2)
        m->slot_count *= 2;
    m->items = ARENA_ARRAY(m->a, touched, m->capacity + 1);
    m->slots = ARENA_ARRAY(m->a, uint32_t, m->slot_count);
    return m->items != NULL && m->slots != NULL;
}

static bool add_hit(matcher *m, phrasebook_hit hit)
{
    for (size_t i = 0; i < m->hit_count; i++) {
        phrasebook_hit *h = &m->hits[i];
        if (h->target != hit.target || h->anchor != hit.anchor)
            continue;
        if (hit.quality > h->quality)
            *h = hit;
        return true;
    }
    if (m->hit_count == m->hit_capacity) {
        size_t more = m->hit_capacity == 0 ? 64 : m->hit_capacity * 2;
        phrasebook_hit *grown = ARENA_ARRAY(m->a, phrasebook_hit, more);
        if (grown == NULL)
            return false;
        if (m->hit_count > 0)
            memcpy(grown, m->hits, m->hit_count * sizeof *grown);
        m->hits = grown;
        m->hit_capacity = more;
    }
    m->hits[m->hit_count++] = hit;
    return true;
}

static void cover(phrasebook_hit *hit, const gram *g, bool telling)
{
    for (size_t i = g->first; i <= g->last; i++) {
        token_mask_set(&hit->mask, i);
        if (telling)
            token_mask_set(&hit->core, i);
    }
}

/* One reading of the phrase around the occurrence `anchor` of its most telling gram. */
static bool instance(matcher *m, const touched *t, uint16_t best, uint8_t occurrence)
{
    const phrase *ph = &m->pb->phrases[t->phrase];
    const float *mass = m->pb->gram_mass + ph->first_gram;
    uint16_t anchor = t->grams[best].positions[occurrence];
    phrasebook_hit hit = {.target = ph->target, .anchor = (float)m->question[anchor].first};
    float found = 0;
    for (uint16_t i = 0; i < ph->gram_count; i++) {
        const found_gram *f = &t->grams[i];
        int nearest = -1;
        for (uint8_t k = 0; k < f->count; k++)
            if (nearest < 0 || abs(f->positions[k] - anchor) < abs(f->positions[nearest] - anchor))
                nearest = k;
        if (i == best)
            nearest = occurrence;
        if (nearest < 0)
            continue;
        found += mass[i] * (f->prefix[nearest] ? PREFIX_WORTH : 1);
        cover(&hit, &m->question[f->positions[nearest]], mass[i] >= 0.5f * mass[best]);
    }
    float share = found / ph->mass;
    hit.quality = ph->weight * share * sqrtf(share) * (found / (found + 0.12f));
    return hit.quality < m->least || add_hit(m, hit);
}

static bool read_phrase(matcher *m, const touched *t)
{
    const phrase *ph = &m->pb->phrases[t->phrase];
    uint16_t best = UINT16_MAX;
    for (uint16_t i = 0; i < ph->gram_count; i++)
        if (t->grams[i].count > 0 &&
            (best == UINT16_MAX ||
             m->pb->gram_mass[ph->first_gram + i] > m->pb->gram_mass[ph->first_gram + best]))
            best = i;
    if (best == UINT16_MAX)
        return true;
    for (uint8_t k = 0; k < t->grams[best].count; k++)
        if (!instance(m, t, best, k))
            return false;
    return true;
}

static int best_hit_first(const void *x, const void *y)
{
    const phrasebook_hit *a = x, *b = y;
    if (a->quality != b->quality)
        return a->quality > b->quality ? -1 : 1;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return a->anchor < b->anchor ? -1 : a->anchor > b->anchor;
}

static size_t cut_per_target(phrasebook_hit *hits, size_t count, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < kept; k++)
            same += hits[k].target == hits[i].target;
        if (same < most)
            hits[kept++] = hits[i];
    }
    return kept;
}

status phrasebook_match(const phrasebook *pb, const text_tokens *tokens, const token_mask *taken,
                        float least, size_t per_target, arena *a, phrasebook_hit **out,
                        size_t *out_count, error *err)
{
    text_tokens seen = *tokens;
    if (seen.count > PHRASEBOOK_TOKENS)
        seen.count = PHRASEBOOK_TOKENS;
    gram question[PHRASEBOOK_TOKENS];
    size_t n = make_grams(&seen, question, PHRASEBOOK_TOKENS);
    matcher m = {.pb = pb, .a = a, .question = question, .question_count = n, .least = least};
    posting_run runs[2 * PHRASEBOOK_TOKENS];
    size_t run_count = 0, postings = 0;
    for (size_t i = 0; i < n; i++) {
        if (taken != NULL &&
            (token_mask_has(taken, question[i].first) || token_mask_has(taken, question[i].last)))
            continue;
        postings += find_run(pb, question[i].hash, false, i, &runs[run_count++]);
        if (question[i].prefix != 0)
            postings += find_run(pb, question[i].prefix, true, i, &runs[run_count++]);
    }
    if (!make_room(&m, postings))
        return error_memory(err);
    for (size_t i = 0; i < run_count; i++)
        note_run(&m, &runs[i]);
    for (size_t i = 0; i < m.count; i++)
        if (!read_phrase(&m, &m.items[i]))
            return error_memory(err);
    if (m.hit_count > 1)
        qsort(m.hits, m.hit_count, sizeof *m.hits, best_hit_first);
    *out = m.hits;
    *out_count = cut_per_target(m.hits, m.hit_count, per_target);
    return STATUS_OK;
}

float phrasebook_content(const phrasebook *pb, const text_tokens *tokens, size_t at)
{
    const text_token *t = &tokens->items[at];
    if (t->kind != TEXT_HAN)
        return sharpen(idf_of(pb, t->stem));
    float after = 1, before = 1;
    bool any = false;
    if (pairs_with_next(tokens, at)) {
        after = sharpen(idf_of(pb, pair_hash(t, t + 1)));
        any = true;
    }
    if (at > 0 && pairs_with_next(tokens, at - 1)) {
        before = sharpen(idf_of(pb, pair_hash(t - 1, t)));
        any = true;
    }
    if (!any)
        return 0.5f * sharpen(idf_of(pb, t->hash));
    return 0.5f * (after < before ? after : before);
}

float phrasebook_cover(const phrasebook *pb, phrasebook_grams x, phrasebook_grams y)
{
    float shared = 0, all = 0;
    for (size_t i = 0; i < of_phrase(x); i++) {
        const gram *g = &x.items[i];
        float w = gram_weight(pb, g->hash), best = 0;
        for (size_t k = 0; k < y.count && best < 1; k++) {
            if (g->hash == y.items[k].hash)
                best = 1;
            else if (g->prefix != 0 && g->prefix == y.items[k].prefix)
                best = 0.85f;
        }
        shared += w * best;
        all += w;
    }
    return all > 0 ? shared / all : 0;
}
