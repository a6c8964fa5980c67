/* Labels of the first load and their grams. Labels are numbered from the shortest to the longest,
 * so that a gram's list gives the closest names first. */
#include <stdlib.h>

#include "kg/bulk.h"

#define NAME_MOST 512  /* bytes; longer labels are not cut into grams */
#define GRAM_PIECE 450 /* labels in one piece of a gram's list */

typedef struct pending_label {
    uint32_t term, literal; /* indexes; literal UINT32_MAX: the IRI's own */
    uint32_t length;        /* of the normalised text, at most NAME_MOST */
    uint32_t kind;
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
    pending_label label = {.term = term, .literal = literal, .kind = kind};
    arena_reset(l->a);
    str normal = text_of(l, &label);
    label.length = normal.length > NAME_MOST ? NAME_MOST : (uint32_t)normal.length;
    label.hash = str_hash(normal, 0);
    l->items[l->count++] = label;
    return true;
}

typedef struct given { /* kg_write_label, in the order of terms */
    uint32_t term, literal, kind;
} given;

static status read_names(kg_bulk *b, given **out, size_t *count, error *err)
{
    size_t capacity = 0;
    sqlite3_stmt *stmt = kg_db_stmt(
        b->w->db, "SELECT DISTINCT term, literal, kind FROM name ORDER BY term, kind, literal",
        err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        if (!kg_grow(out, *count, &capacity, sizeof **out)) {
            sqlite3_reset(stmt);
            return error_memory(err);
        }
        (*out)[(*count)++] = (given){(uint32_t)sqlite3_column_int64(stmt, 0) - 1,
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

static bool gather_term(labels *l, uint32_t term, const given *names, size_t name_count)
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
    given *names = NULL;
    size_t name_count = 0, at = 0;
    status code = read_names(l->b, &names, &name_count, err);
    for (size_t t = 0; t < l->b->terms && code == STATUS_OK; t++) {
        size_t from = at;
        while (at < name_count && names[at].term == t)
            at++;
        if (kg_dict_at(l->b->w->dict, t)->kind != KG_TERM_LITERAL &&
            !gather_term(l, (uint32_t)t, names + from, at - from))
            code = error_memory(err);
    }
    free(names);
    return code;
}

static bool sort_by_length(labels *l)
{
    size_t start[NAME_MOST + 2] = {0};
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
    kg_db *db = l->b->w->db;
    status code = kg_db_exec(db, "DROP INDEX label_term; DROP INDEX label_hash", err);
    sqlite3_stmt *stmt =
        kg_db_stmt(db, "INSERT INTO label(n,term,kind,literal,hash) VALUES(?1,?2,?3,?4,?5)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++) {
        const pending_label *label = &l->items[i];
        sqlite3_bind_int64(stmt, 1, (int64_t)i + 1);
        sqlite3_bind_int64(stmt, 2, (int64_t)label->term + 1);
        sqlite3_bind_int64(stmt, 3, label->kind);
        sqlite3_bind_int64(stmt, 4, label->literal == UINT32_MAX ? 0 : (int64_t)label->literal + 1);
        sqlite3_bind_int64(stmt, 5, (int64_t)label->hash);
        code = kg_db_run(db, stmt, err);
    }
    l->b->w->labels = (int64_t)l->count;
    return code == STATUS_OK ? kg_db_exec(db,
                                          "CREATE INDEX label_term ON label(term);"
                                          "CREATE INDEX label_hash ON label(hash)",
                                          err)
                             : code;
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

static status put_gram(kg_db *db, uint64_t gram, const uint32_t *list, size_t count, buf *blob,
                       error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "INSERT INTO base_gram VALUES(?1,?2,?3,?4)", err);
    status code = stmt == NULL ? STATUS_CORRUPT : STATUS_OK;
    for (size_t at = 0, part = 0; at < count && code == STATUS_OK; part++) {
        size_t end = at + GRAM_PIECE < count ? at + GRAM_PIECE : count;
        sqlite3_bind_int64(stmt, 1, (int64_t)gram);
        sqlite3_bind_int64(stmt, 2, (int64_t)part);
        sqlite3_bind_int64(stmt, 3, (int64_t)(end - at));
        buf_clear(blob);
        for (uint32_t last = 0; at < end; last = list[at++])
            kg_varint_put(blob, list[at] - last);
        sqlite3_bind_blob64(stmt, 4, blob->data, blob->length, SQLITE_STATIC);
        code = blob->failed ? error_memory(err) : kg_db_run(db, stmt, err);
    }
    return code;
}

typedef struct ordered {
    uint64_t gram;
    uint32_t number;
} ordered;

static int by_gram(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    return x->gram < y->gram ? -1 : x->gram > y->gram;
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
    for (size_t i = 0; i < t->count && code == STATUS_OK; i++)
        code = put_gram(l->b->w->db, order[i].gram, list + start[order[i].number],
                        t->counts[order[i].number], &blob, err);
    buf_free(&blob);
    free(start);
    free(list);
    free(order);
    return code;
}

static status index_grams(labels *l, error *err)
{
    gram_table t = {0};
    status code = STATUS_OK;
    for (size_t i = 0; i < l->count && code == STATUS_OK; i++) {
        uint64_t *grams = NULL;
        size_t count = 0;
        if (l->items[i].length >= NAME_MOST)
            continue;
        arena_reset(l->a);
        code = kg_grams(text_of(l, &l->items[i]), l->a, &grams, &count, err);
        for (size_t j = 0; j < count && code == STATUS_OK; j++)
            if (!add_pair(&t, grams[j], (uint32_t)i + 1))
                code = error_memory(err);
    }
    if (code == STATUS_OK)
        code = put_grams(l, &t, err);
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
        code = index_grams(&l, err);
    free(l.items);
    arena_free(l.a);
    return code;
}
