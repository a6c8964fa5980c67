/* Labels held beside the statements, their grams and near keys, and the passages. See check.h. */
#include <stdlib.h>
#include <unistd.h>

#include "kg/check.h"
#include "kg/near.h"
#include "kg/order.h"
#include "kg/write.h"

typedef struct name { /* a label; sums over its entries, as they should be and as they are */
    uint64_t n, hash, grams, grams_there, near, near_there;
    bool first; /* of those that have its text */
} name;

typedef struct names {
    kg_checking *c;
    name *items; /* ascending by n */
    size_t count, capacity;
    kg_ordered *said, *given; /* names that statements say; labels that are there */
    size_t said_count, said_capacity, given_count, given_capacity;
    uint8_t *primary; /* by term */
    uint64_t terms, hashes, damaged;
} names;

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15ull ^ (b + 0xD1B54A32D192ED03ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static bool add_key(kg_ordered **list, size_t *count, size_t *capacity, uint64_t term,
                    uint64_t literal, int kind)
{
    if (!kg_grow(list, *count, capacity, sizeof **list))
        return false;
    (*list)[(*count)++] = (kg_ordered){mix(term << 32 | literal, (uint64_t)kind), 0};
    return true;
}

/* --- what should be there --------------------------------------------------------------------- */
static status gather_said(names *l, error *err)
{
    kg_checking *c = l->c;
    bool ok = true;
    for (size_t i = 0; i < c->row_count && ok; i++) {
        const kg_check_row *row = &c->rows[i];
        unsigned flags = row->p < c->terms ? c->kinds[row->p] : 0;
        if ((flags & (KG_CHECK_LABEL | KG_CHECK_ALIAS)) != 0 &&
            kg_check_kind(c, row->o) == KG_TERM_LITERAL)
            ok = add_key(&l->said, &l->said_count, &l->said_capacity, row->s, row->o,
                         (flags & KG_CHECK_LABEL) != 0 ? KG_LABEL_PRIMARY : KG_LABEL_ALIAS);
    }
    sqlite3_stmt *stmt = kg_db_stmt(c->db, "SELECT term, literal, kind FROM name", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    while (ok && sqlite3_step(stmt) == SQLITE_ROW)
        ok = add_key(&l->said, &l->said_count, &l->said_capacity,
                     (uint64_t)sqlite3_column_int64(stmt, 0),
                     (uint64_t)sqlite3_column_int64(stmt, 1), sqlite3_column_int(stmt, 2));
    sqlite3_reset(stmt);
    return ok ? STATUS_OK : error_memory(err);
}

static size_t distinct(kg_ordered *items, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (n == 0 || items[n - 1].key != items[i].key)
            items[n++] = items[i];
    return n;
}

static status compare_said(names *l, error *err)
{
    if (!kg_order(l->said, l->said_count) || !kg_order(l->given, l->given_count))
        return error_memory(err);
    size_t said = distinct(l->said, l->said_count), i = 0, k = 0;
    uint64_t missing = 0, extra = 0;
    while (i < said || k < l->given_count) {
        bool left = k == l->given_count || (i < said && l->said[i].key <= l->given[k].key);
        bool right = i == said || (k < l->given_count && l->given[k].key <= l->said[i].key);
        missing += left && !right;
        extra += right && !left;
        i += left;
        k += right;
    }
    kg_violated_count(l->c, "names that statements give and labels (label) lack", missing);
    kg_violated_count(l->c, "labels (label) that no statement gives", extra);
    return STATUS_OK;
}

/* --- labels ---------------------------------------------------------------------------------- */
static status take_label(names *l, sqlite3_stmt *stmt, arena *a, error *err)
{
    uint64_t term = (uint64_t)sqlite3_column_int64(stmt, 1);
    uint64_t literal = (uint64_t)sqlite3_column_int64(stmt, 3);
    int kind = sqlite3_column_int(stmt, 2);
    if (!kg_grow(&l->items, l->count, &l->capacity, sizeof *l->items) ||
        (literal != 0 &&
         !add_key(&l->given, &l->given_count, &l->given_capacity, term, literal, kind)))
        return error_memory(err);
    name *item = &l->items[l->count++];
    *item = (name){.n = (uint64_t)sqlite3_column_int64(stmt, 0)};
    if (kg_check_kind(l->c, term) == 0 || sqlite3_column_type(stmt, 5) == SQLITE_NULL) {
        l->terms++;
        return STATUS_OK;
    }
    if (kind == KG_LABEL_PRIMARY)
        l->primary[term] = 1;
    str text = kg_db_str(stmt, 5, a);
    str normal = kg_normalise(literal == 0 ? kg_iri_label(text, a) : text, a);
    item->hash = str_hash(normal, 0);
    l->hashes += item->hash != (uint64_t)sqlite3_column_int64(stmt, 4);
    uint64_t *grams = NULL, near[KG_NEAR_KEYS];
    size_t count = 0;
    status code =
        normal.length < KG_NAME_MOST ? kg_grams(normal, a, &grams, &count, err) : STATUS_OK;
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        item->grams += mix(grams[i], 1);
    count = kg_near_keys(normal, near);
    for (size_t i = 0; i < count; i++)
        item->near += mix(near[i] >> (48 - KG_NEAR_BITS), 2);
    return code;
}

static status read_labels(names *l, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(l->c->db,
                                    "SELECT l.n, l.term, l.kind, l.literal, l.hash, t.lexical FROM "
                                    "label l LEFT JOIN term t ON t.id = CASE l.literal WHEN 0 THEN "
                                    "l.term ELSE l.literal END ORDER BY l.n",
                                    err);
    arena *a = arena_new(0);
    status code = stmt == NULL || a == NULL ? error_memory(err) : STATUS_OK;
    int step = SQLITE_DONE;
    while (code == STATUS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        arena_reset(a);
        code = take_label(l, stmt, a, err);
    }
    sqlite3_reset(stmt);
    arena_free(a);
    if (code == STATUS_OK && step != SQLITE_DONE)
        return kg_db_error(l->c->db, step, "check", err);
    kg_violated_count(l->c, "labels (label) of terms that are not there", l->terms);
    kg_violated_count(l->c, "labels (label) whose hash is not that of their text", l->hashes);
    return code;
}

static status mark_first(names *l, error *err)
{
    kg_ordered *order = malloc((l->count + 1) * sizeof *order);
    for (size_t i = 0; i < l->count && order != NULL; i++)
        order[i] = (kg_ordered){l->items[i].hash, i};
    if (order == NULL || !kg_order(order, l->count)) {
        free(order);
        return error_memory(err);
    }
    for (size_t i = 0; i < l->count; i++)
        l->items[order[i].at].first = i == 0 || order[i].key != order[i - 1].key;
    free(order);
    return STATUS_OK;
}

static name *find(names *l, uint64_t n)
{
    size_t low = 0, high = l->count;
    if (n > 0 && n <= l->count && l->items[n - 1].n == n)
        return &l->items[n - 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->items[middle].n < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->items[low].n == n ? &l->items[low] : NULL;
}

/* --- grams and near keys -----------------------------------------------------------------------
 */
static void take_gram(void *context, sqlite3_stmt *stmt)
{
    names *l = context;
    const unsigned char *at = sqlite3_column_blob(stmt, 2);
    const unsigned char *end = at == NULL ? NULL : at + (size_t)sqlite3_column_bytes(stmt, 2);
    uint64_t sum = mix((uint64_t)sqlite3_column_int64(stmt, 0), 1), label = 0, step;
    int64_t count = 0;
    for (; kg_varint_get(&at, end, &step); count++) {
        name *item = find(l, label += step);
        if (item != NULL)
            item->grams_there += sum;
    }
    l->damaged += at != end || count != sqlite3_column_int64(stmt, 1) ||
                  (at != NULL && count > 0 && at[-1] >= 0x80); /* cut within a number */
}

static void take_near(void *context, sqlite3_stmt *stmt)
{
    names *l = context;
    const unsigned char *at = sqlite3_column_blob(stmt, 2);
    size_t bytes = at == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, 2);
    uint64_t bucket = (uint64_t)sqlite3_column_int64(stmt, 0);
    for (size_t i = 0; i + 6 <= bytes; i += 6) {
        uint64_t label = (uint64_t)at[i + 2] | (uint64_t)at[i + 3] << 8 |
                         (uint64_t)at[i + 4] << 16 | (uint64_t)at[i + 5] << 24;
        name *item = find(l, label);
        if (item != NULL)
            item->near_there += mix(bucket << 16 | (uint64_t)(at[i] | at[i + 1] << 8), 2);
    }
    l->damaged += bytes % 6 != 0;
}

static status check_indexes(names *l, error *err)
{
    uint64_t grams = 0, near = 0;
    status code =
        kg_check_each(l->c, l, "SELECT gram, count, labels FROM base_gram", take_gram, err);
    if (code == STATUS_OK)
        code = kg_check_each(l->c, l, "SELECT gram, count, labels FROM later_gram", take_gram, err);
    kg_violated_count(l->c, "damaged pieces of grams (base_gram, later_gram)", l->damaged);
    l->damaged = 0;
    if (code == STATUS_OK)
        code = kg_check_each(l->c, l, "SELECT bucket, part, labels FROM base_near", take_near, err);
    if (code == STATUS_OK)
        code =
            kg_check_each(l->c, l, "SELECT bucket, part, labels FROM later_near", take_near, err);
    kg_violated_count(l->c, "damaged pieces of near keys (base_near, later_near)", l->damaged);
    for (size_t i = 0; i < l->count; i++) {
        grams += l->items[i].grams != l->items[i].grams_there;
        near += (l->items[i].first ? l->items[i].near : 0) != l->items[i].near_there;
    }
    kg_violated_count(l->c, "labels whose grams (base_gram, later_gram) are wrong", grams);
    kg_violated_count(l->c, "labels whose near keys (base_near, later_near) are wrong", near);
    return code;
}

/* --- passages -------------------------------------------------------------------------------- */
/* The text index checks itself, by a command that is a write: in a transaction that is taken back,
 * where the file may be written and nobody else does. */
static void check_text_index(kg_checking *c)
{
    kg_db *db = NULL;
    error ignored = {0};
    if (access(c->store->path, W_OK) != 0 ||
        kg_db_open(c->store->path, KG_DB_WRITE, 0, &db, &ignored) != STATUS_OK)
        return;
    int code = sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db->handle,
                            "INSERT INTO passage(passage) VALUES('integrity-check'); ROLLBACK",
                            NULL, NULL, NULL);
    if ((code & 0xff) == SQLITE_CORRUPT)
        kg_violated(c, "the text index (passage) is damaged");
    kg_db_close(db);
}

static status check_passages(kg_checking *c, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(c->db,
                   "SELECT t.lexical, t.datatype IS NOT NULL, EXISTS(SELECT 1 FROM "
                   "passage_docsize d WHERE d.id=t.id) FROM term t WHERE t.kind=3 "
                   "AND length(CAST(t.lexical AS BLOB))>=36",
                   err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    uint64_t wrong = 0;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        kg_term term = {.kind = KG_TERM_LITERAL,
                        .lexical = str_make(text, (size_t)sqlite3_column_bytes(stmt, 0))};
        if (sqlite3_column_int(stmt, 1) != 0)
            term.datatype = STR("?");
        wrong += kg_is_passage(term) != (sqlite3_column_int(stmt, 2) != 0);
    }
    sqlite3_reset(stmt);
    kg_violated_count(c, "long texts that the text index (passage) lacks or has in vain", wrong);
    kg_check_rule(c, "passages of terms that are not there",
                  "SELECT count(*) FROM passage_docsize WHERE id NOT IN (SELECT id FROM term)");
    check_text_index(c);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(c->db, code, "check", err);
}

status kg_check_names(kg_checking *c, error *err)
{
    names l = {.c = c, .primary = calloc(c->terms, 1)};
    uint64_t bare = 0;
    status code = l.primary == NULL ? error_memory(err) : gather_said(&l, err);
    if (code == STATUS_OK)
        code = read_labels(&l, err);
    for (size_t i = 0; i < c->terms && code == STATUS_OK; i++)
        bare += kg_check_kind(c, i) == KG_TERM_IRI && l.primary[i] == 0;
    kg_violated_count(c, "IRIs without a primary label (label)", bare);
    if (code == STATUS_OK)
        code = compare_said(&l, err);
    if (code == STATUS_OK)
        code = mark_first(&l, err);
    if (code == STATUS_OK)
        code = check_indexes(&l, err);
    free(l.items);
    free(l.said);
    free(l.given);
    free(l.primary);
    return code == STATUS_OK ? check_passages(c, err) : code;
}
