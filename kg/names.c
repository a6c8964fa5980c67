/* See names.h. */
#include "kg/names.h"

#include <stdlib.h>

#include "kg/base.h"
#include "kg/feed.h"
#include "kg/near.h"
#include "kg/order.h"

#define WAIT_MOST ((size_t)1 << 18)
#define GRAM_PIECE 450 /* labels in one piece of a gram's list */
#define GRAM_FEW 32    /* labels that are added to a piece that is there */

typedef struct waiting {
    uint64_t term, literal, hash;
    kg_label_kind kind;
    str normal;
} waiting;

struct kg_names {
    waiting *items;
    size_t count, capacity;
    arena *texts;
};

/* Keys and the labels that they lead to, until they are written in order. */
typedef struct listing {
    kg_ordered *items;
    size_t count, capacity;
} listing;

static bool list_add(listing *l, uint64_t key, uint64_t at)
{
    if (!kg_grow(&l->items, l->count, &l->capacity, sizeof *l->items))
        return false;
    l->items[l->count++] = (kg_ordered){key, at};
    return true;
}

void kg_names_free(struct kg_names *names)
{
    if (names == NULL)
        return;
    free(names->items);
    arena_free(names->texts);
    free(names);
}

/* --- grams ----------------------------------------------------------------------------------- */
typedef struct piece { /* the last one of a gram's list */
    int64_t part, count;
    uint64_t last; /* label in it */
    buf labels;
} piece;

static status last_piece(kg_db *db, uint64_t gram, piece *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        db, "SELECT part, count, labels FROM later_gram WHERE gram=?1 ORDER BY part DESC LIMIT 1",
        err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)gram);
    buf_clear(&out->labels);
    out->part = -1;
    out->count = GRAM_PIECE;
    out->last = 0;
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW) {
        const unsigned char *at = sqlite3_column_blob(stmt, 2);
        size_t bytes = at == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, 2);
        const unsigned char *end = at == NULL ? NULL : at + bytes;
        uint64_t step;
        out->part = sqlite3_column_int64(stmt, 0);
        out->count = sqlite3_column_int64(stmt, 1);
        (void)buf_add(&out->labels, str_make((const char *)at, bytes));
        while (kg_varint_get(&at, end, &step))
            out->last += step;
    }
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "labels", err);
}

static status put_piece(kg_db *db, uint64_t gram, const piece *p, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(db, "INSERT OR REPLACE INTO later_gram VALUES(?1,?2,?3,?4)", err);
    if (stmt == NULL || p->labels.failed)
        return error_memory(err);
    sqlite3_bind_int64(stmt, 1, (int64_t)gram);
    sqlite3_bind_int64(stmt, 2, p->part);
    sqlite3_bind_int64(stmt, 3, p->count);
    sqlite3_bind_blob64(stmt, 4, p->labels.data, p->labels.length, SQLITE_STATIC);
    return kg_db_run(db, stmt, err);
}

/* What is being fed: keys in order, blob by blob. */
typedef struct blob_feed {
    kg_db *db;
    const kg_ordered *items;
    size_t count, at, end;
    uint64_t group; /* of the blob: a gram, or a bucket */
    int64_t part;
    buf blob;
    status code;
    error *err;
} blob_feed;

static int64_t last_part(blob_feed *f, const char *sql)
{
    int64_t part = -1;
    sqlite3_stmt *stmt = kg_db_stmt(f->db, sql, f->err);
    if (stmt == NULL) {
        f->code = STATUS_CORRUPT;
        return part;
    }
    sqlite3_bind_int64(stmt, 1, (int64_t)f->group);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        part = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return part;
}

static bool next_gram(void *context)
{
    blob_feed *f = context;
    uint64_t last = 0;
    f->at = f->end;
    if (f->at == f->count || f->code != STATUS_OK)
        return false;
    f->part++;
    if (f->at == 0 || f->items[f->at].key != f->group) {
        f->group = f->items[f->at].key;
        f->part = 1 + last_part(f, "SELECT coalesce(max(part), -1) FROM later_gram WHERE gram=?1");
    }
    buf_clear(&f->blob);
    for (; f->end < f->count && f->items[f->end].key == f->group && f->end - f->at < GRAM_PIECE;
         f->end++) {
        kg_varint_put(&f->blob, f->items[f->end].at - last);
        last = f->items[f->end].at;
    }
    return f->code == STATUS_OK && !f->blob.failed;
}

static void blob_column(void *context, int column, sqlite3_context *out)
{
    const blob_feed *f = context;
    if (column == 3)
        kg_feed_bytes(out, buf_str(&f->blob), false);
    else
        sqlite3_result_int64(out, column == 0   ? (int64_t)f->group
                                  : column == 1 ? f->part
                                                : (int64_t)(f->end - f->at));
}

static status run_blobs(blob_feed *f, const char *sql, bool (*next)(void *), error *err)
{
    kg_feed feed = {f, next, blob_column};
    status code = kg_feed_run(f->db, sql, &feed, err);
    if (code == STATUS_OK && f->code != STATUS_OK)
        code = f->code;
    if (code == STATUS_OK && f->blob.failed)
        code = error_memory(err);
    buf_free(&f->blob);
    return code;
}

/* Labels of one gram, ascending, behind those of its last piece while that has room. */
static status fill_piece(kg_db *db, const kg_ordered *items, size_t count, piece *p, size_t *taken,
                         error *err)
{
    status code = last_piece(db, items[0].key, p, err);
    *taken = 0;
    if (code != STATUS_OK || p->part < 0 || p->count + (int64_t)count > GRAM_PIECE)
        return code;
    for (; *taken < count; (*taken)++, p->count++) {
        kg_varint_put(&p->labels, items[*taken].at - p->last);
        p->last = items[*taken].at;
    }
    return put_piece(db, items[0].key, p, err);
}

/* Small loads fill the last pieces up, so that many of them leave no crumbs. */
static status fill_pieces(kg_db *db, listing *l, error *err)
{
    piece p = {0};
    size_t kept = 0;
    status code = STATUS_OK;
    for (size_t i = 0, end; i < l->count && code == STATUS_OK; i = end) {
        size_t taken = 0;
        for (end = i + 1; end < l->count && l->items[end].key == l->items[i].key; end++)
            continue;
        if (end - i < GRAM_FEW)
            code = fill_piece(db, l->items + i, end - i, &p, &taken, err);
        for (size_t j = i + taken; j < end; j++)
            l->items[kept++] = l->items[j];
    }
    l->count = kept;
    buf_free(&p.labels);
    return code;
}

static status put_grams(kg_db *db, listing *l, error *err)
{
    status code = kg_order(l->items, l->count) ? STATUS_OK : error_memory(err);
    if (code == STATUS_OK)
        code = fill_pieces(db, l, err);
    blob_feed f = {.db = db, .items = l->items, .count = l->count, .err = err};
    return code == STATUS_OK
               ? run_blobs(&f, "INSERT INTO later_gram SELECT c0,c1,c2,c3 FROM kg_feed(?1)",
                           next_gram, err)
               : code;
}

/* --- near keys ------------------------------------------------------------------------------- */
static bool next_near(void *context)
{
    blob_feed *f = context;
    f->at = f->end;
    if (f->at == f->count || f->code != STATUS_OK)
        return false;
    uint64_t bucket = f->items[f->at].key >> (64 - KG_NEAR_BITS);
    f->part++;
    if (f->at == 0 || bucket != f->group) {
        f->group = bucket;
        f->part =
            1 + last_part(f, "SELECT coalesce(max(part), -1) FROM later_near WHERE bucket=?1");
    }
    buf_clear(&f->blob);
    for (; f->end < f->count && f->items[f->end].key >> (64 - KG_NEAR_BITS) == bucket &&
           f->end - f->at < KG_NEAR_PIECE;
         f->end++)
        kg_near_pack(&f->blob, f->items[f->end].key, (uint32_t)f->items[f->end].at);
    return f->code == STATUS_OK && !f->blob.failed;
}

static status put_near(kg_db *db, listing *l, error *err)
{
    blob_feed f = {.db = db, .items = l->items, .count = l->count, .err = err};
    if (!kg_order(l->items, l->count))
        return error_memory(err);
    return run_blobs(&f, "INSERT INTO later_near SELECT c0,c1,c3 FROM kg_feed(?1)", next_near, err);
}

static bool list_near(listing *l, str normal, uint64_t label)
{
    uint64_t keys[KG_NEAR_KEYS];
    size_t count = kg_near_keys(normal, keys);
    bool ok = true;
    for (size_t i = 0; i < count && ok; i++)
        ok = list_add(l, keys[i], label);
    return ok;
}

static status list_grams(listing *l, str normal, uint64_t label, arena *a, error *err)
{
    uint64_t *grams = NULL;
    size_t count = 0;
    if (normal.length >= KG_NAME_MOST)
        return STATUS_OK;
    arena_reset(a);
    status code = kg_grams(normal, a, &grams, &count, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        if (!list_add(l, grams[i], label))
            code = error_memory(err);
    return code;
}

/* --- labels ---------------------------------------------------------------------------------- */
static status hash_there(kg_db *db, uint64_t hash, bool *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT 1 FROM label WHERE hash=?1 LIMIT 1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)hash);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW;
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "labels", err);
}

static int by_length(const void *a, const void *b)
{
    const waiting *x = a, *y = b;
    if (x->normal.length != y->normal.length)
        return x->normal.length < y->normal.length ? -1 : 1;
    if (x->term != y->term)
        return x->term < y->term ? -1 : 1;
    return x->literal < y->literal ? -1 : x->literal > y->literal;
}

/* Texts that no label had so far, by the first label here that has each. */
static status list_new_texts(kg_write *w, listing *near, error *err)
{
    struct kg_names *names = w->names;
    kg_ordered *order = malloc((names->count + 1) * sizeof *order);
    status code = order == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < names->count && code == STATUS_OK; i++)
        order[i] = (kg_ordered){names->items[i].hash, i};
    if (code == STATUS_OK && !kg_order(order, names->count))
        code = error_memory(err);
    for (size_t i = 0; i < names->count && code == STATUS_OK; i++) {
        bool there = i > 0 && order[i].key == order[i - 1].key;
        if (!there)
            code = hash_there(w->db, order[i].key, &there, err);
        if (code == STATUS_OK && !there &&
            !list_near(near, names->items[order[i].at].normal,
                       (uint64_t)w->last_label + 1 + order[i].at))
            code = error_memory(err);
    }
    free(order);
    return code;
}

typedef struct label_feed {
    const waiting *items;
    size_t count, at; /* at: 1 + the row's */
    int64_t first;
} label_feed;

static bool next_label(void *context)
{
    label_feed *f = context;
    return ++f->at <= f->count;
}

static void label_column(void *context, int column, sqlite3_context *out)
{
    const label_feed *f = context;
    const waiting *label = &f->items[f->at - 1];
    const int64_t values[] = {f->first + (int64_t)f->at - 1, (int64_t)label->term, label->kind,
                              (int64_t)label->literal, (int64_t)label->hash};
    if ((size_t)column < CORE_COUNT(values))
        sqlite3_result_int64(out, values[column]);
}

static status insert_labels(kg_write *w, error *err)
{
    label_feed f = {w->names->items, w->names->count, 0, w->last_label + 1};
    kg_feed feed = {&f, next_label, label_column};
    if (w->last_label + (int64_t)f.count > UINT32_MAX)
        return error_set(err, STATUS_LIMIT, "a graph takes at most 4 billion names");
    w->labels += (int64_t)f.count;
    w->last_label += (int64_t)f.count;
    return kg_feed_run(w->db, "INSERT INTO label SELECT c0,c1,c2,c3,c4 FROM kg_feed(?1)", &feed,
                       err);
}

status kg_names_flush(kg_write *w, error *err)
{
    struct kg_names *names = w->names;
    if (names == NULL || names->count == 0)
        return STATUS_OK;
    listing grams = {0}, near = {0};
    arena *a = arena_new(0);
    /* A gram's list gives the shortest names first. */
    qsort(names->items, names->count, sizeof *names->items, by_length);
    status code = a == NULL ? error_memory(err) : list_new_texts(w, &near, err);
    for (size_t i = 0; i < names->count && code == STATUS_OK; i++)
        code = list_grams(&grams, names->items[i].normal, (uint64_t)w->last_label + 1 + i, a, err);
    if (code == STATUS_OK)
        code = insert_labels(w, err);
    if (code == STATUS_OK)
        code = put_grams(w->db, &grams, err);
    if (code == STATUS_OK)
        code = put_near(w->db, &near, err);
    free(grams.items);
    free(near.items);
    arena_free(a);
    names->count = 0;
    arena_reset(names->texts);
    return code;
}

status kg_names_add(kg_write *w, uint64_t term, kg_label_kind kind, uint64_t literal, str text,
                    error *err)
{
    if (w->names == NULL)
        w->names = calloc(1, sizeof *w->names);
    if (w->names != NULL && w->names->texts == NULL)
        w->names->texts = arena_new((size_t)4 << 30);
    struct kg_names *names = w->names;
    if (names == NULL || names->texts == NULL ||
        !kg_grow(&names->items, names->count, &names->capacity, sizeof *names->items))
        return error_memory(err);
    str own = literal == 0 ? kg_iri_label(text, names->texts) : text;
    str normal = kg_normalise(own, names->texts);
    names->items[names->count++] = (waiting){term, literal, str_hash(normal, 0), kind, normal};
    return names->count >= WAIT_MOST ? kg_names_flush(w, err) : STATUS_OK;
}

/* --- labels that go -------------------------------------------------------------------------- */
#define TEXT_SQL                                                                                   \
    "SELECT l.n, l.literal, l.hash, t.lexical FROM label l JOIN term t ON t.id = CASE l.literal "  \
    "WHEN 0 THEN l.term ELSE l.literal END "

static str normal_of_row(sqlite3_stmt *stmt, arena *a)
{
    str text = kg_db_str(stmt, 3, a);
    return kg_normalise(sqlite3_column_int64(stmt, 1) == 0 ? kg_iri_label(text, a) : text, a);
}

static status drop_row(kg_write *w, int64_t label, int64_t *hash, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "DELETE FROM label WHERE n=?1 RETURNING hash", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, label);
    int code = sqlite3_step(stmt);
    *hash = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    w->labels--;
    w->labels_gone++;
    return code == SQLITE_ROW ? STATUS_OK : kg_db_error(w->db, code, "labels", err);
}

/* The next label of the text takes over its near keys, if the one that went had them. */
static status hand_over(kg_write *w, int64_t label, int64_t hash, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, TEXT_SQL "WHERE l.hash=?1 ORDER BY l.n LIMIT 1", err);
    arena *a = arena_new(0);
    status code = stmt == NULL || a == NULL ? error_memory(err) : STATUS_OK;
    listing near = {0};
    if (code == STATUS_OK) {
        sqlite3_bind_int64(stmt, 1, hash);
        if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0) > label &&
            !list_near(&near, normal_of_row(stmt, a), (uint64_t)sqlite3_column_int64(stmt, 0)))
            code = error_memory(err);
        sqlite3_reset(stmt);
    }
    if (code == STATUS_OK)
        code = put_near(w->db, &near, err);
    free(near.items);
    arena_free(a);
    return code;
}

status kg_names_drop(kg_write *w, int64_t label, error *err)
{
    int64_t hash = 0;
    status code = drop_row(w, label, &hash, err);
    return code == STATUS_OK ? hand_over(w, label, hash, err) : code;
}

/* Lists of the labels from `first` on, a batch of them; *next 0 at the end. */
static status rebuild_batch(kg_write *w, int64_t first, int64_t *next, arena *a, arena *scratch,
                            error *err)
{
    listing grams = {0}, near = {0};
    status code = STATUS_OK;
    sqlite3_stmt *stmt = kg_db_stmt(w->db,
                                    "SELECT l.n, l.literal, l.hash, t.lexical, (SELECT min(n) FROM "
                                    "label x WHERE x.hash=l.hash) FROM label l JOIN term t ON t.id "
                                    "= CASE l.literal WHEN 0 THEN l.term ELSE l.literal END WHERE "
                                    "l.n>=?1 ORDER BY l.n LIMIT ?2",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, (int64_t)WAIT_MOST);
    *next = 0;
    int step = SQLITE_DONE;
    while (code == STATUS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t label = sqlite3_column_int64(stmt, 0);
        arena_reset(a);
        str normal = normal_of_row(stmt, a);
        code = list_grams(&grams, normal, (uint64_t)label, scratch, err);
        if (code == STATUS_OK && sqlite3_column_int64(stmt, 4) == label &&
            !list_near(&near, normal, (uint64_t)label))
            code = error_memory(err);
        *next = label + 1;
    }
    sqlite3_reset(stmt);
    if (code == STATUS_OK && step != SQLITE_DONE)
        code = kg_db_error(w->db, step, "labels", err);
    if (code == STATUS_OK)
        code = put_grams(w->db, &grams, err);
    if (code == STATUS_OK)
        code = put_near(w->db, &near, err);
    free(grams.items);
    free(near.items);
    return code;
}

status kg_names_rebuild(kg_write *w, error *err)
{
    arena *a = arena_new(0), *scratch = arena_new(0);
    status code = a == NULL || scratch == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK)
        code = kg_db_exec(w->db,
                          "DELETE FROM base_gram; DELETE FROM base_near;"
                          "DELETE FROM later_gram; DELETE FROM later_near",
                          err);
    for (int64_t next = 1; next > 0 && code == STATUS_OK;)
        code = rebuild_batch(w, next, &next, a, scratch, err);
    w->labels_gone = 0;
    arena_free(a);
    arena_free(scratch);
    return code;
}
