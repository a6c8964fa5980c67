/* Names and passages for a text. A name is looked up exactly (its normalised form), then one edit
 * away (near.h), then by the rarest of its grams, whose candidates are ordered by edit distance.
 * See store.h. */
#include <stdlib.h>

#include "core/utf8.h"
#include "kg/base.h"
#include "kg/near.h"
#include "kg/order.h"

#define GRAMS_USED 8        /* the rarest grams that the search follows */
#define POSTINGS_USED 20000 /* labels taken from one gram */
#define CANDIDATES_USED 200 /* labels compared character by character */
#define NEAR_USED 1000      /* labels compared that may be one edit away */
#define NEAR_LEAST 4        /* letters, or 3 Han; of fewer, everything is one edit away */
#define BEARERS_MOST 64     /* terms of one name that are counted */

typedef struct found {
    uint64_t label;
    unsigned grams;
} found;

typedef struct hits {
    kg_hit *items;
    size_t count, capacity;
} hits;

#define LABEL_SQL                                                                                  \
    "SELECT l.term, l.literal, t.lexical, t.lang FROM label l JOIN term t "                        \
    "ON t.id = CASE l.literal WHEN 0 THEN l.term ELSE l.literal END "

static bool lang_ok(sqlite3_stmt *stmt, int column, str wanted)
{
    const char *lang = (const char *)sqlite3_column_text(stmt, column);
    if (wanted.length == 0 || lang == NULL)
        return true;
    return strncmp(lang, wanted.data, wanted.length) == 0;
}

static str text_of_row(sqlite3_stmt *stmt, arena *a)
{
    str text = kg_db_str(stmt, 2, a);
    return sqlite3_column_int64(stmt, 1) == 0 ? kg_iri_label(text, a) : text;
}

/* Adds a hit, or raises the one that its term has. */
static void add_hit(hits *h, kg_id term, str text, float score)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->items[i].term != term)
            continue;
        if (score > h->items[i].score)
            h->items[i] = (kg_hit){term, text, score};
        return;
    }
    if (h->count < h->capacity)
        h->items[h->count++] = (kg_hit){term, text, score};
}

/* One kind of label: in the order of the index, so that a name of thousands stops early. */
static status search_exact_kind(kg_read *read, str normal, kg_label_kind kind,
                                const kg_search_options *options, size_t limit, arena *a, hits *h,
                                error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, LABEL_SQL "WHERE l.hash=?1 AND l.kind=?2 ORDER BY l.n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)str_hash(normal, 0));
    sqlite3_bind_int(stmt, 2, (int)kind);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW && h->count < limit) {
        str text = text_of_row(stmt, a);
        if (lang_ok(stmt, 3, options->lang) && str_equal(kg_normalise(text, a), normal))
            add_hit(h, (kg_id)sqlite3_column_int64(stmt, 0), text, 1);
    }
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(read->db, code, "search", err);
}

static status search_exact(kg_read *read, str normal, const kg_search_options *options,
                           size_t limit, arena *a, hits *h, error *err)
{
    status code = search_exact_kind(read, normal, KG_LABEL_PRIMARY, options, limit, a, h, err);
    if (code != STATUS_OK || h->count >= limit)
        return code;
    return search_exact_kind(read, normal, KG_LABEL_ALIAS, options, limit, a, h, err);
}

typedef struct gram_size {
    uint64_t gram;
    int64_t labels;
} gram_size;

static int by_size(const void *a, const void *b)
{
    const gram_size *x = a, *y = b;
    return x->labels < y->labels ? -1 : x->labels > y->labels;
}

static status gram_labels(kg_read *read, uint64_t gram, int64_t *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db,
                                    "SELECT (SELECT total(count) FROM base_gram WHERE gram=?1) + "
                                    "(SELECT total(count) FROM later_gram WHERE gram=?1)",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)gram);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    *out = *out > POSTINGS_USED ? POSTINGS_USED : *out;
    return code == SQLITE_ROW ? STATUS_OK : kg_db_error(read->db, code, "search", err);
}

/* Appends up to `room` labels that hold the gram, the shortest of each load first. */
static status labels_of_gram(kg_read *read, uint64_t gram, size_t room, kg_ordered *labels,
                             size_t *n, error *err)
{
    size_t last = *n + room;
    sqlite3_stmt *stmt = kg_db_stmt(read->db,
                                    "SELECT labels FROM base_gram WHERE gram=?1 UNION ALL "
                                    "SELECT labels FROM later_gram WHERE gram=?1",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)gram);
    while (*n < last && sqlite3_step(stmt) == SQLITE_ROW) {
        const unsigned char *at = sqlite3_column_blob(stmt, 0);
        const unsigned char *end = at == NULL ? NULL : at + (size_t)sqlite3_column_bytes(stmt, 0);
        uint64_t label = 0, step;
        while (*n < last && kg_varint_get(&at, end, &step))
            labels[(*n)++] = (kg_ordered){label += step, 0};
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static int by_grams(const void *a, const void *b)
{
    const found *x = a, *y = b;
    if (x->grams != y->grams)
        return x->grams > y->grams ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

/* Moves the candidates with the most grams to the front, in their order; how many there are. */
static size_t take_most(found *list, size_t count)
{
    size_t with[GRAMS_USED + 1] = {0}, sum = 0;
    unsigned least = GRAMS_USED;
    for (size_t i = 0; i < count; i++)
        with[list[i].grams <= GRAMS_USED ? list[i].grams : GRAMS_USED]++;
    while (least > 1 && sum + with[least] < CANDIDATES_USED)
        sum += with[least--];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].grams >= least)
            list[kept++] = list[i];
    if (kept > 1)
        qsort(list, kept, sizeof *list, by_grams);
    return kept > CANDIDATES_USED ? CANDIDATES_USED : kept;
}

/* Labels that hold some of the rarest grams, most grams first. */
static status candidates_of(kg_read *read, const uint64_t *grams, size_t count, arena *a,
                            found **out, size_t *out_count, error *err)
{
    gram_size *sizes = ARENA_ARRAY(a, gram_size, count + 1);
    size_t known = 0, total = 0, n = 0;
    if (sizes == NULL)
        return error_memory(err);
    /* Single characters serve only where there is nothing longer. */
    size_t single = 0;
    while (single < count && grams[single] < (uint64_t)1 << 21)
        single++;
    for (size_t i = single < count ? single : 0; i < count; i++) {
        int64_t labels = 0;
        status code = gram_labels(read, grams[i], &labels, err);
        if (code != STATUS_OK)
            return code;
        if (labels > 0)
            sizes[known++] = (gram_size){grams[i], labels};
    }
    qsort(sizes, known, sizeof *sizes, by_size);
    if (known == 1 && sizes[0].labels > CANDIDATES_USED)
        sizes[0].labels = CANDIDATES_USED; /* the shortest names are the closest */
    known = known > GRAMS_USED ? GRAMS_USED : known;
    for (size_t i = 0; i < known; i++)
        total += (size_t)sizes[i].labels;
    kg_ordered *labels = ARENA_ARRAY(a, kg_ordered, total + 1);
    found *list = ARENA_ARRAY(a, found, total + 1);
    if (labels == NULL || list == NULL)
        return error_memory(err);
    for (size_t i = 0; i < known; i++) {
        status code = labels_of_gram(read, sizes[i].gram, (size_t)sizes[i].labels, labels, &n, err);
        if (code != STATUS_OK)
            return code;
    }
    if (!kg_order(labels, n))
        return error_memory(err);
    size_t distinct = 0;
    for (size_t i = 0; i < n; i++) {
        if (distinct == 0 || list[distinct - 1].label != labels[i].key)
            list[distinct++] = (found){labels[i].key, 0};
        list[distinct - 1].grams++;
    }
    *out = list;
    *out_count = take_most(list, distinct);
    return STATUS_OK;
}

static uint32_t *points_of(str text, arena *a, size_t *count)
{
    uint32_t *points = ARENA_ARRAY(a, uint32_t, text.length + 1);
    *count = 0;
    for (size_t i = 0; points != NULL && i < text.length;)
        i += utf8_decode(text.data + i, text.length - i, &points[(*count)++]);
    return points;
}

/* Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment). */
static size_t edit_distance(const uint32_t *x, size_t nx, const uint32_t *y, size_t ny, arena *a)
{
    size_t *rows = ARENA_ARRAY(a, size_t, 3 * (ny + 1));
    if (rows == NULL)
        return nx > ny ? nx : ny;
    size_t *before = rows, *last = rows + ny + 1, *now = rows + 2 * (ny + 1);
    for (size_t j = 0; j <= ny; j++)
        last[j] = j;
    for (size_t i = 1; i <= nx; i++) {
        now[0] = i;
        for (size_t j = 1; j <= ny; j++) {
            size_t best = last[j - 1] + (x[i - 1] != y[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[ny];
}

/* 1 - distance over the longer length; a name that holds the text counts by its share of it. */
static float similarity(str wanted, str have, arena *a)
{
    size_t nw, nh;
    uint32_t *w = points_of(wanted, a, &nw), *h = points_of(have, a, &nh);
    if (w == NULL || h == NULL || nw == 0 || nh == 0 || nw > 512 || nh > 512)
        return 0;
    size_t longer = nw > nh ? nw : nh;
    float edit = 1 - (float)edit_distance(w, nw, h, nh, a) / (float)longer;
    bool inside = nh >= nw && str_find(have, wanted, 0) != STR_NONE;
    float contained = inside ? 0.5f + 0.45f * (float)nw / (float)nh : 0;
    float best = edit > contained ? edit : contained;
    return best > 0.99f ? 0.99f : best;
}

/* --- one edit away -----------------------------------------------------------------------------
 */
typedef struct near_name {
    str text, normal;
    int64_t bearers; /* how many terms have the name */
} near_name;

static status name_of(kg_read *read, uint32_t label, str normal, const uint32_t *points,
                      size_t count, arena *a, near_name *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db, LABEL_SQL "WHERE l.n=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, label);
    *out = (near_name){.bearers = 0};
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t length = 0;
        out->text = text_of_row(stmt, a);
        out->normal = kg_normalise(out->text, a);
        uint32_t *have = points_of(out->normal, a, &length);
        bool near = have != NULL && length <= count + 1 && length + 1 >= count &&
                    !str_equal(out->normal, normal) &&
                    edit_distance(points, count, have, length, a) == 1;
        out->bearers = near ? 1 : 0;
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static status count_bearers(kg_read *read, near_name *name, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        read->db, "SELECT count(*) FROM (SELECT 1 FROM label WHERE hash=?1 LIMIT ?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)str_hash(name->normal, 0));
    sqlite3_bind_int64(stmt, 2, BEARERS_MOST);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        name->bearers = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static int by_bearers(const void *a, const void *b)
{
    const near_name *x = a, *y = b;
    if (x->bearers != y->bearers)
        return x->bearers > y->bearers ? -1 : 1;
    int order = str_compare(x->normal, y->normal);
    return order;
}

static status near_names(kg_read *read, str normal, arena *a, near_name **out, size_t *out_count,
                         error *err)
{
    uint32_t *labels = NULL;
    size_t count = 0, points_count = 0, n = 0;
    status code = kg_near_find(read, normal, a, &labels, &count, err);
    const uint32_t *points = points_of(normal, a, &points_count);
    count = count > NEAR_USED ? NEAR_USED : count;
    near_name *names = ARENA_ARRAY(a, near_name, count + 1);
    if (code == STATUS_OK && (points == NULL || names == NULL))
        code = error_memory(err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        code = name_of(read, labels[i], normal, points, points_count, a, &names[n], err);
        if (code == STATUS_OK && names[n].bearers > 0)
            code = count_bearers(read, &names[n++], err);
    }
    if (n > 1)
        qsort(names, n, sizeof *names, by_bearers);
    *out = names;
    *out_count = n;
    return code;
}

/* Adds up to `most` terms of one name, with the score that it has. */
static status add_bearers(kg_read *read, const near_name *name, const kg_search_options *options,
                          size_t most, float score, arena *a, hits *h, error *err)
{
    hits own = {.capacity = most, .items = ARENA_ARRAY(a, kg_hit, most)};
    if (own.items == NULL)
        return error_memory(err);
    status code = search_exact(read, name->normal, options, most, a, &own, err);
    for (size_t i = 0; i < own.count && code == STATUS_OK; i++)
        add_hit(h, own.items[i].term, own.items[i].text, score);
    return code;
}

/* Different names come before further bearers of one: whoever mistypes means a name first. Names
 * that more things have are meant more often. */
static status search_near(kg_read *read, str normal, const kg_search_options *options, size_t limit,
                          arena *a, hits *h, error *err)
{
    near_name *names = NULL;
    size_t count = 0, length = utf8_count(normal.data, normal.length);
    float score = 1 - 1 / (float)(length + 1);
    if (length + utf8_has_han(normal.data, normal.length) < NEAR_LEAST)
        return STATUS_OK;
    status code = near_names(read, normal, a, &names, &count, err);
    size_t least = h->count;
    for (size_t most = 1; code == STATUS_OK && h->count < limit; most = limit) {
        for (size_t i = 0; i < count && h->count < limit && code == STATUS_OK; i++)
            code = add_bearers(read, &names[i], options, most, score, a, h, err);
        if (most == limit || h->count == least)
            break;
    }
    return code;
}

static int by_score(const void *a, const void *b)
{
    const kg_hit *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term;
}

static status search_similar(kg_read *read, str normal, const kg_search_options *options, arena *a,
                             hits *h, error *err)
{
    uint64_t *grams = NULL;
    size_t gram_count = 0, count = 0;
    found *list = NULL;
    status code = kg_grams(normal, a, &grams, &gram_count, err);
    if (code == STATUS_OK)
        code = candidates_of(read, grams, gram_count, a, &list, &count, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        sqlite3_stmt *stmt = kg_db_stmt(read->db, LABEL_SQL "WHERE l.n=?1", err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, (int64_t)list[i].label);
        if (sqlite3_step(stmt) == SQLITE_ROW && lang_ok(stmt, 3, options->lang)) {
            str text = text_of_row(stmt, a);
            float score = similarity(normal, kg_normalise(text, a), a);
            if (score > 0.3f)
                add_hit(h, (kg_id)sqlite3_column_int64(stmt, 0), text, score);
        }
        sqlite3_reset(stmt);
    }
    return code;
}

status kg_label_search(kg_read *read, str text, const kg_search_options *options, arena *a,
                       kg_hit **out, size_t *out_count, error *err)
{
    kg_search_options wanted = {0};
    if (options != NULL)
        wanted = *options;
    size_t limit = wanted.limit == 0 ? 10 : wanted.limit;
    hits h = {.capacity = limit + CANDIDATES_USED};
    h.items = ARENA_ARRAY(a, kg_hit, h.capacity);
    if (h.items == NULL)
        return error_memory(err);
    str normal = kg_normalise(text, a);
    status code = STATUS_OK;
    if (normal.length > 0)
        code = search_exact(read, normal, &wanted, limit, a, &h, err);
    bool further = !wanted.exact_only && normal.length > 0 && normal.length < 4096;
    if (code == STATUS_OK && further && h.count < limit)
        code = search_near(read, normal, &wanted, limit, a, &h, err);
    size_t first = h.count; /* in their order already */
    if (code == STATUS_OK && further && h.count < limit)
        code = search_similar(read, normal, &wanted, a, &h, err);
    if (code != STATUS_OK)
        return code;
    qsort(h.items + first, h.count - first, sizeof *h.items, by_score);
    *out = h.items;
    *out_count = h.count > limit ? limit : h.count;
    return STATUS_OK;
}

status kg_passage_search(kg_read *read, str query, const kg_search_options *options, arena *a,
                         kg_hit **out, size_t *out_count, error *err)
{
    size_t limit = options == NULL || options->limit == 0 ? 10 : options->limit;
    str lang = options == NULL ? str_make(NULL, 0) : options->lang;
    str words = kg_passage_words(str_slice(query, 0, 4096), true, a);
    kg_hit *items = ARENA_ARRAY(a, kg_hit, limit);
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db,
                   "SELECT p.rowid, 0, t.lexical, t.lang, -p.rank FROM passage p JOIN term t "
                   "ON t.id=p.rowid WHERE passage MATCH ?1 ORDER BY p.rank LIMIT ?2",
                   err);
    if (items == NULL || stmt == NULL)
        return error_memory(err);
    size_t count = 0;
    int code = SQLITE_DONE;
    if (words.length > 0) {
        kg_db_bind_str(stmt, 1, words);
        sqlite3_bind_int64(stmt, 2, (int64_t)(lang.length > 0 ? limit * 4 : limit));
        while (count < limit && (code = sqlite3_step(stmt)) == SQLITE_ROW)
            if (lang_ok(stmt, 3, lang))
                items[count++] =
                    (kg_hit){(kg_id)sqlite3_column_int64(stmt, 0), kg_db_str(stmt, 2, a),
                             (float)sqlite3_column_double(stmt, 4)};
    }
    sqlite3_reset(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return kg_db_error(read->db, code, "passages", err);
    *out = items;
    *out_count = count;
    return STATUS_OK;
}

status kg_passage_count(kg_read *read, str word, uint64_t most, arena *a, uint64_t *out, error *err)
{
    str words = kg_passage_words(str_slice(word, 0, 256), true, a);
    sqlite3_stmt *stmt = kg_db_stmt(
        read->db,
        "SELECT count(*) FROM (SELECT rowid FROM passage WHERE passage MATCH ?1 LIMIT ?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    if (words.length == 0) {
        *out = 0;
        return STATUS_OK;
    }
    kg_db_bind_str(stmt, 1, words);
    sqlite3_bind_int64(stmt, 2, (int64_t)most);
    int code = sqlite3_step(stmt);
    uint64_t n = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    if (code != SQLITE_ROW)
        return kg_db_error(read->db, code, "passages", err);
    *out = n;
    return STATUS_OK;
}
