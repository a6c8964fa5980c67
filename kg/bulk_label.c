/* Labels of the first load and their grams. Labels are numbered from the shortest to the longest,
 * so that a gram's list gives the closest names first. */
#include <stdlib.h>

#include "kg/bulk.h"
#include "kg/near.h"

#define GRAM_PIECE 450 /* labels in one piece of a gram's list */

typedef struct pending_label {
    uint32_t term, literal; /* indexes; literal UINT32_MAX: the IRI's own */
    uint32_t length;        /* of the normalised text, at most KG_NAME_MOST */
    uint16_t kind;
    bool first; /* of all that have its text */
    uint64_t hash;
} pending_label;

typedef struct labels {
    kg_bulk *b;
    pending_label *items;
    size_t count, capacity;
    arena *a;
} labels;

static str text_of(labels *l, const pending_label *label)
{
    bool own = label->literal == UINT32_MAX;
    str text = kg_dict_term(l->b->w->dict, own ? label->term : label->literal).lexical;
    return kg_normalise(own ? kg_iri_label(text, l->a) : text, l->a);
}

static bool add_label(labels *l, uint32_t term, uint32_t literal, uint32_t kind)
{
    if (!kg_grow(&l->items, l->count, &l->capacity, sizeof *l->items))
        return false;
    pending_label label = {.term = term, .literal = literal, .kind = (uint16_t)kind};
    arena_reset(l->a);
    str normal = text_of(l, &label);
    label.length = normal.length > KG_NAME_MOST ? KG_NAME_MOST : (uint32_t)normal.length;
    label.hash = str_hash(normal, 0);
    l->items[l->count++] = label;
    return true;
}

status kg_bulk_names(kg_bulk *b, error *err)
{
    size_t capacity = 0;
    sqlite3_stmt *stmt = kg_db_stmt(
        b->w->db, "SELECT DISTINCT term, literal, kind FROM name ORDER BY term, kind, literal",
        err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        if (!kg_grow(&b->names, b->name_count, &capacity, sizeof *b->names)) {
            sqlite3_reset(stmt);
            return error_memory(err);
        }
        b->names[b->name_count++] = (kg_bulk_name){(uint32_t)sqlite3_column_int64(stmt, 0) - 1,
                                                   (uint32_t)sqlite3_column_int64(stmt, 1) - 1,
                                                   (uint32_t)sqlite3_column_int(stmt, 2)};
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static bool has_label(const labels *l, size_t from, uint32_t literal, uint32_t kind)
{
    for (size_t i = from; i < l->count; i++)
        if (l->items[i].literal == literal && l->items[i].kind == kind)
            return true;
    return false;
}

static bool gather_term(labels *l, uint32_t term, const kg_bulk_name *names, size_t name_count)
{
    const kg_bulk *b = l->b;
    kg_dict *dict = b->w->dict;
    size_t from = l->count;
    bool primary = false, ok = true;
    for (size_t i = b->first[term]; i < b->first[term + 1] && ok; i++) {
        uint8_t flags = kg_dict_at(dict, b->row[i].p)->flags;
        uint32_t kind = (flags & KG_DICT_LABEL) != 0   ? KG_LABEL_PRIMARY
                        : (flags & KG_DICT_ALIAS) != 0 ? KG_LABEL_ALIAS
                                                       : 0;
        if (kind == 0 || kg_dict_at(dict, b->row[i].o)->kind != KG_TERM_LITERAL ||
            has_label(l, from, b->row[i].o, kind))
            continue;
        primary |= kind == KG_LABEL_PRIMARY;
        ok = add_label(l, term, b->row[i].o, kind);
    }
    for (size_t i = 0; i < name_count && ok; i++) {
        primary |= names[i].kind == KG_LABEL_PRIMARY;
        if (!has_label(l, from, names[i].literal, names[i].kind))
            ok = add_label(l, term, names[i].literal, names[i].kind);
    }
    if (ok && !primary && kg_dict_at(dict, term)->kind == KG_TERM_IRI)
        ok = add_label(l, term, UINT32_MAX, KG_LABEL_PRIMARY);
    return ok;
}

static status gather(labels *l, error *err)
{
    const kg_bulk *b = l->b;
    size_t at = 0;
    status code = STATUS_OK;
    for (size_t t = 0; t < b->terms && code == STATUS_OK; t++) {
        size_t from = at;
        while (at < b->name_count && b->names[at].term == t)
            at++;
        if (kg_dict_at(b->w->dict, t)->kind != KG_TERM_LITERAL &&
            !gather_term(l, (uint32_t)t, at > from ? b->names + from : NULL, at - from))
            code = error_memory(err);
    }
    return code;
}

static bool sort_by_length(labels *l)
{
    size_t start[KG_NAME_MOST + 2] = {0};
    pending_label *sorted = malloc((l->count + 1) * sizeof *sorted);
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < l->count; i++)
        start[l->items[i].length + 1]++;
    for (size_t i = 1; i < CORE_COUNT(start); i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < l->count; i++)
        sorted[start[l->items[i].length]++] = l->items[i];
    free(l->items);
    l->items = sorted;
    return true;
}

static status put_labels(labels *l, error *err)
{
    kg_tree *tree = NULL;
    status code = kg_bulk_tree(l->b, KG_TREE_TABLE, "label", &tree, err);
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++) {
        const pending_label *label = &l->items[i];
        kg_tree_null(tree);
        kg_tree_int(tree, (int64_t)label->term + 1);
        kg_tree_int(tree, label->kind);
        kg_tree_int(tree, label->literal == UINT32_MAX ? 0 : (int64_t)label->literal + 1);
        kg_tree_int(tree, (int64_t)label->hash);
        kg_tree_row(tree, (int64_t)i + 1);
    }
    l->b->w->labels = l->b->w->last_label = (int64_t)l->count;
    return code == STATUS_OK ? kg_tree_end(tree, err) : code;
}

typedef struct label_key {
    int64_t key;
    uint32_t n;
} label_key;

static int by_key(const void *a, const void *b)
{
    const label_key *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* The first label of each text gets near keys. */
static void mark_texts(labels *l, const label_key *keys)
{
    for (size_t i = 0; i < l->count; i++)
        l->items[keys[i].n - 1].first = i == 0 || keys[i].key != keys[i - 1].key;
}

/* An index of labels: by term, or by the hash of their text. */
static status put_label_index(labels *l, const char *name, bool hashes, error *err)
{
    label_key *keys = malloc((l->count + 1) * sizeof *keys);
    kg_tree *tree = NULL;
    status code =
        keys == NULL ? error_memory(err) : kg_bulk_tree(l->b, KG_TREE_INDEX, name, &tree, err);
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++)
        keys[i] = (label_key){hashes ? (int64_t)l->items[i].hash : (int64_t)l->items[i].term + 1,
                              (uint32_t)i + 1};
    if (code == STATUS_OK && l->count > 1)
        qsort(keys, l->count, sizeof *keys, by_key);
    if (code == STATUS_OK && hashes)
        mark_texts(l, keys);
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++) {
        kg_tree_int(tree, keys[i].key);
        kg_tree_int(tree, keys[i].n);
        kg_tree_row(tree, 0);
    }
    free(keys);
    return code == STATUS_OK ? kg_tree_end(tree, err) : code;
}

/* --- grams -------------------------------------------------------------------------------------
 */
typedef struct gram_table {
    uint64_t *grams;  /* by number */
    uint32_t *counts; /* labels that hold it */
    size_t count, capacity, capacity_counts;
    uint32_t *slots; /* number + 1 */
    size_t size;
    uint32_t *pairs; /* gram number, label number, ... */
    size_t pair_count, pair_capacity;
} gram_table;

static size_t slot_of(const gram_table *t, uint64_t gram)
{
    size_t at = (size_t)(gram * 0x9E3779B97F4A7C15ull >> 24) & (t->size - 1);
    while (t->slots[at] != 0 && t->grams[t->slots[at] - 1] != gram)
        at = (at + 1) & (t->size - 1);
    return at;
}

static bool widen(gram_table *t)
{
    free(t->slots);
    t->size = t->size == 0 ? 1 << 16 : t->size * 2;
    t->slots = calloc(t->size, sizeof *t->slots);
    for (size_t i = 0; i < t->count && t->slots != NULL; i++)
        t->slots[slot_of(t, t->grams[i])] = (uint32_t)i + 1;
    return t->slots != NULL;
}

static bool add_pair(gram_table *t, uint64_t gram, uint32_t label)
{
    if (t->count * 2 >= t->size && !widen(t))
        return false;
    size_t at = slot_of(t, gram);
    if (t->slots[at] == 0) {
        if (!kg_grow(&t->grams, t->count, &t->capacity, sizeof *t->grams) ||
            !kg_grow(&t->counts, t->count, &t->capacity_counts, sizeof *t->counts))
            return false;
        t->grams[t->count] = gram;
        t->counts[t->count++] = 0;
        t->slots[at] = (uint32_t)t->count;
    }
    uint32_t number = t->slots[at] - 1;
    t->counts[number]++;
    if (!kg_grow(&t->pairs, t->pair_count, &t->pair_capacity, 2 * sizeof *t->pairs))
        return false;
    t->pairs[2 * t->pair_count] = number;
    t->pairs[2 * t->pair_count++ + 1] = label;
    return true;
}

static void put_gram(kg_tree *tree, uint64_t gram, const uint32_t *list, size_t count, buf *blob)
{
    for (size_t at = 0, part = 0; at < count; part++) {
        size_t end = at + GRAM_PIECE < count ? at + GRAM_PIECE : count;
        kg_tree_int(tree, (int64_t)gram);
        kg_tree_int(tree, (int64_t)part);
        kg_tree_int(tree, (int64_t)(end - at));
        buf_clear(blob);
        for (uint32_t last = 0; at < end; last = list[at++])
            kg_varint_put(blob, list[at] - last);
        kg_tree_blob(tree, blob->data, blob->length);
        kg_tree_row(tree, 0);
    }
}

typedef struct ordered {
    uint64_t gram;
    uint32_t number;
} ordered;

static int by_gram(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    int64_t one = (int64_t)x->gram, two = (int64_t)y->gram; /* as SQLite orders them */
    return one < two ? -1 : one > two;
}

/* The pairs, grouped by gram (labels ascending), written in the order of the grams. */
static status put_grams(labels *l, gram_table *t, error *err)
{
    size_t *start = calloc(t->count + 2, sizeof *start);
    uint32_t *list = malloc((t->pair_count + 1) * sizeof *list);
    ordered *order = malloc((t->count + 1) * sizeof *order);
    buf blob = {0};
    status code = start == NULL || list == NULL || order == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < t->count && code == STATUS_OK; i++) {
        start[i + 2] = start[i + 1] + t->counts[i];
        order[i] = (ordered){t->grams[i], (uint32_t)i};
    }
    for (size_t i = 0; i < t->pair_count && code == STATUS_OK; i++)
        list[start[t->pairs[2 * i] + 1]++] = t->pairs[2 * i + 1];
    free(t->pairs);
    t->pairs = NULL;
    if (code == STATUS_OK && t->count > 1)
        qsort(order, t->count, sizeof *order, by_gram);
    kg_tree *tree = NULL;
    if (code == STATUS_OK)
        code = kg_bulk_tree(l->b, KG_TREE_INDEX, "base_gram", &tree, err);
    for (size_t i = 0; i < t->count && code == STATUS_OK; i++)
        put_gram(tree, order[i].gram, list + start[order[i].number], t->counts[order[i].number],
                 &blob);
    if (code == STATUS_OK)
        code = blob.failed ? error_memory(err) : kg_tree_end(tree, err);
    buf_free(&blob);
    free(start);
    free(list);
    free(order);
    return code;
}

/* --- near keys ------------------------------------------------------------------------------- */
typedef struct near_list {
    uint64_t *items; /* what counts of the key, then the label */
    size_t count, capacity;
} near_list;

static bool add_near(near_list *list, str normal, uint32_t label)
{
    uint64_t keys[KG_NEAR_KEYS];
    size_t count = kg_near_keys(normal, keys);
    for (size_t i = 0; i < count; i++) {
        if (!kg_grow(&list->items, list->count, &list->capacity, sizeof *list->items))
            return false;
        list->items[list->count++] = keys[i] >> 32 << 32 | label;
    }
    return true;
}

/* Grouped by bucket; the labels of a bucket stay ascending. */
static bool sort_near(near_list *list)
{
    size_t buckets = (size_t)1 << KG_NEAR_BITS;
    size_t *start = calloc(buckets + 1, sizeof *start);
    uint64_t *sorted = malloc((list->count + 1) * sizeof *sorted);
    if (start == NULL || sorted == NULL) {
        free(start);
        free(sorted);
        return false;
    }
    for (size_t i = 0; i < list->count; i++)
        start[(list->items[i] >> (64 - KG_NEAR_BITS)) + 1]++;
    for (size_t i = 1; i <= buckets; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < list->count; i++)
        sorted[start[list->items[i] >> (64 - KG_NEAR_BITS)]++] = list->items[i];
    free(start);
    free(list->items);
    list->items = sorted;
    return true;
}

static status put_near(labels *l, near_list *list, error *err)
{
    kg_tree *tree = NULL;
    buf blob = {0};
    status code = sort_near(list) ? kg_bulk_tree(l->b, KG_TREE_INDEX, "base_near", &tree, err)
                                  : error_memory(err);
    uint64_t last = UINT64_MAX, part = 0;
    for (size_t i = 0; i < list->count && code == STATUS_OK;) {
        uint64_t bucket = list->items[i] >> (64 - KG_NEAR_BITS);
        part = bucket == last ? part + 1 : 0;
        last = bucket;
        buf_clear(&blob);
        for (size_t n = 0; i < list->count && n < KG_NEAR_PIECE &&
                           list->items[i] >> (64 - KG_NEAR_BITS) == bucket;
             i++, n++)
            kg_near_pack(&blob, list->items[i], (uint32_t)list->items[i]);
        kg_tree_int(tree, (int64_t)bucket);
        kg_tree_int(tree, (int64_t)part);
        kg_tree_blob(tree, blob.data, blob.length);
        kg_tree_row(tree, 0);
        code = blob.failed ? error_memory(err) : STATUS_OK;
    }
    buf_free(&blob);
    error ignored = {0};
    status ended = kg_tree_end(tree, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

static status index_grams(labels *l, error *err)
{
    gram_table t = {0};
    near_list near = {0};
    status code = STATUS_OK;
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++) {
        uint64_t *grams = NULL;
        size_t count = 0;
        if (l->items[i].length >= KG_NAME_MOST)
            continue;
        arena_reset(l->a);
        str normal = text_of(l, &l->items[i]);
        if (l->items[i].first && !add_near(&near, normal, (uint32_t)i + 1))
            code = error_memory(err);
        if (code == STATUS_OK)
            code = kg_grams(normal, l->a, &grams, &count, err);
        for (size_t j = 0; j < count && code == STATUS_OK; j++)
            if (!add_pair(&t, grams[j], (uint32_t)i + 1))
                code = error_memory(err);
    }
    if (code == STATUS_OK)
        code = put_near(l, &near, err);
    if (code == STATUS_OK)
        code = put_grams(l, &t, err);
    free(near.items);
    free(t.grams);
    free(t.counts);
    free(t.slots);
    free(t.pairs);
    return code;
}

status kg_bulk_labels(kg_bulk *b, error *err)
{
    labels l = {.b = b, .a = arena_new(0)};
    status code = l.a == NULL ? error_memory(err) : gather(&l, err);
    free(b->row); /* the largest piece of memory, not needed any more */
    b->row = NULL;
    if (code == STATUS_OK && !sort_by_length(&l))
        code = error_memory(err);
    if (code == STATUS_OK)
        code = put_labels(&l, err);
    if (code == STATUS_OK)
        code = put_label_index(&l, "label_term", false, err);
    if (code == STATUS_OK)
        code = put_label_index(&l, "label_hash", true, err);
    if (code == STATUS_OK)
        code = index_grams(&l, err);
    free(l.items);
    arena_free(l.a);
    return code;
}
