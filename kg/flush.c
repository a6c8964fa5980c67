/* Bringing pending statements into the tables: they are sorted by subject, and each subject's
 * existing statements are read once to tell new ones from known ones. */
#include <stdlib.h>

#include "kg/bulk.h"
#include "kg/feed.h"
#include "kg/later.h"
#include "kg/order.h"
#include "kg/statement_id.h"
#include "kg/write.h"

/* A statement with everything that its key is made of, in the graph's ids. */
typedef struct keyed {
    uint32_t s, p, o, g;
    clock_day from, to;
    uint64_t qualifiers;
    const kg_pending *pending;
} keyed;

typedef struct known { /* a row of the graph that some key of its subject may be */
    uint32_t p, o, g;
    clock_day from, to;
    uint64_t qualifiers;
    int64_t n, load, line;
} known;

typedef struct known_list {
    known *items;
    size_t count, capacity;
} known_list;

typedef struct fresh_row {
    uint32_t g;
    const kg_pending *pending;
} fresh_row;

typedef struct flushing {
    kg_write *w;
    known_list known;
    kg_later_row *fresh; /* rows that come */
    fresh_row *rest;     /* of each */
    size_t fresh_count, fresh_capacity, rest_capacity;
    size_t fed; /* 1 + the one that is being inserted */
    error *err;
    status code;
    const keyed *keys; /* of the subject in hand */
    size_t count;
} flushing;

#define ORDER(x, y)                                                                                \
    if ((x) != (y))                                                                                \
        return (x) < (y) ? -1 : 1;

static int by_key(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    ORDER(x->s, y->s)
    ORDER(x->p, y->p)
    ORDER(x->o, y->o)
    ORDER(x->g, y->g)
    ORDER(x->from, y->from)
    ORDER(x->to, y->to)
    ORDER(x->qualifiers, y->qualifiers)
    ORDER(x->pending, y->pending) /* the order in which they were said */
    return 0;
}

static bool same_key(const keyed *x, const keyed *y)
{
    return x->s == y->s && x->p == y->p && x->o == y->o && x->g == y->g && x->from == y->from &&
           x->to == y->to && x->qualifiers == y->qualifiers;
}

static bool wanted(const flushing *f, size_t *at, uint32_t p, uint32_t o)
{
    while (*at < f->count && (f->keys[*at].p < p || (f->keys[*at].p == p && f->keys[*at].o < o)))
        (*at)++;
    return *at < f->count && f->keys[*at].p == p && f->keys[*at].o == o;
}

static clock_day day_of(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL
               ? CLOCK_DAY_UNKNOWN
               : (clock_day)sqlite3_column_int(stmt, column);
}

/* Reads one range of the subject's rows, which lie in the order of the keys: only those that a key
 * has (p, o) of are looked at further. */
static bool read_range(void *context, int64_t first, int64_t end)
{
    flushing *f = context;
    size_t at = 0;
    sqlite3_stmt *stmt =
        kg_db_stmt(f->w->db,
                   "SELECT p,o,n,load,line,g,valid_from,valid_to,qualifiers FROM statement "
                   "WHERE n>=?1 AND n<?2 ORDER BY n",
                   f->err);
    if (stmt == NULL) {
        f->code = STATUS_CORRUPT;
        return false;
    }
    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, end);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW && f->code == STATUS_OK) {
        known k = {.p = (uint32_t)sqlite3_column_int64(stmt, 0),
                   .o = (uint32_t)sqlite3_column_int64(stmt, 1)};
        if (!wanted(f, &at, k.p, k.o))
            continue;
        k.n = sqlite3_column_int64(stmt, 2);
        k.load = sqlite3_column_int64(stmt, 3);
        k.line = sqlite3_column_int64(stmt, 4);
        k.g = (uint32_t)sqlite3_column_int64(stmt, 5);
        k.from = day_of(stmt, 6);
        k.to = day_of(stmt, 7);
        k.qualifiers = (uint64_t)sqlite3_column_int64(stmt, 8);
        known_list *out = &f->known;
        if (kg_grow(&out->items, out->count, &out->capacity, sizeof *out->items))
            out->items[out->count++] = k;
        else
            f->code = error_memory(f->err);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        f->code = kg_db_error(f->w->db, code, "load", f->err);
    sqlite3_reset(stmt);
    return f->code == STATUS_OK;
}

static int by_object(const void *a, const void *b)
{
    const known *x = a, *y = b;
    ORDER(x->p, y->p)
    ORDER(x->o, y->o)
    ORDER(x->n, y->n)
    return 0;
}

static status read_known(flushing *f)
{
    int64_t first = 0, end = 0;
    uint32_t s = f->keys[0].s;
    f->known.count = 0;
    if (!f->w->flushed && s >= f->w->first_new_term)
        return STATUS_OK;
    status code = kg_base_out(f->w->db, s, &first, &end, f->err);
    if (code == STATUS_OK && first < end)
        (void)read_range(f, first, end);
    if (code == STATUS_OK && f->code == STATUS_OK && f->w->db->later)
        code = kg_later_out(f->w->db, s, read_range, f, f->err);
    if (f->known.count > 1)
        qsort(f->known.items, f->known.count, sizeof *f->known.items, by_object);
    return code == STATUS_OK ? f->code : code;
}

static const known *find_known(const known_list *list, const keyed *key)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const known *k = &list->items[middle];
        if (k->p < key->p || (k->p == key->p && k->o < key->o))
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < list->count && list->items[low].p == key->p && list->items[low].o == key->o;
         low++) {
        const known *k = &list->items[low];
        if (k->g == key->g && k->from == key->from && k->to == key->to &&
            k->qualifiers == key->qualifiers)
            return k;
    }
    return NULL;
}

static uint64_t hash_of(kg_write *w, uint32_t index)
{
    return kg_dict_at(w->dict, index)->hash;
}

static kg_statement_id id_of(kg_write *w, const keyed *key)
{
    const kg_attribute *a = &w->attributes[key->pending->attribute];
    kg_statement_key k = {.s = hash_of(w, key->pending->s),
                          .p = hash_of(w, key->pending->p),
                          .o = hash_of(w, key->pending->o),
                          .g = a->g == 0 ? 0 : hash_of(w, a->g - 1),
                          .valid_from = key->from,
                          .valid_to = key->to,
                          .qualifiers = key->qualifiers};
    return kg_statement_id_of(&k);
}

static void bind_confidence(sqlite3_stmt *stmt, int index, float confidence)
{
    if (confidence < 0)
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_double(stmt, index, (double)confidence);
}

static bool add_fresh(flushing *f, const keyed *key, int64_t n, uint64_t id)
{
    if (!kg_grow(&f->fresh, f->fresh_count, &f->fresh_capacity, sizeof *f->fresh) ||
        !kg_grow(&f->rest, f->fresh_count, &f->rest_capacity, sizeof *f->rest))
        return false;
    f->rest[f->fresh_count] = (fresh_row){key->g, key->pending};
    f->fresh[f->fresh_count++] = (kg_later_row){key->s, key->p, key->o, (uint32_t)n, id};
    return true;
}

/* What follows from a new statement is done at the end of the load (derive.c). */
static status note_statement(kg_write *w, const keyed *key, error *err)
{
    uint8_t flags = kg_dict_at(w->dict, key->pending->p)->flags;
    bool ok = true;
    if ((flags & (KG_DICT_LABEL | KG_DICT_ALIAS)) != 0 &&
        kg_dict_at(w->dict, key->pending->o)->kind == KG_TERM_LITERAL)
        ok = kg_note_label(w, key->s, key->pending->o,
                           (flags & KG_DICT_LABEL) != 0 ? KG_LABEL_PRIMARY : KG_LABEL_ALIAS);
    if (key->p == w->type)
        ok = ok && kg_class_change(w, key->o, false);
    return ok ? kg_count_relation(w, key->p, 1, err) : error_memory(err);
}

/* A new statement, to be inserted with the others of the batch. */
static status add_statement(flushing *f, const keyed *key, error *err)
{
    kg_write *w = f->w;
    kg_load *load = &w->loads[w->attributes[key->pending->attribute].load];
    if (w->last_n >= UINT32_MAX)
        return error_set(err, STATUS_LIMIT,
                         "a graph takes at most 2 billion statements after its first load");
    int64_t n = ++w->last_n;
    load->first_n = load->first_n == 0 ? n : load->first_n;
    load->last_n = n;
    w->statements++;
    w->report.added++;
    if (!add_fresh(f, key, n, id_of(w, key)))
        return error_memory(err);
    return note_statement(w, key, err);
}

static bool next_fresh(void *context)
{
    flushing *f = context;
    return ++f->fed <= f->fresh_count;
}

static void give_day(sqlite3_context *out, clock_day day)
{
    if (day != CLOCK_DAY_UNKNOWN)
        sqlite3_result_int(out, day);
}

static void rare_column(const kg_attribute *a, int column, sqlite3_context *out)
{
    if (column == 8)
        give_day(out, a->from);
    else if (column == 9)
        give_day(out, a->to);
    else if (column == 10)
        kg_feed_id(out, a->qualifiers);
    else if (a->confidence >= 0)
        sqlite3_result_double(out, (double)a->confidence);
}

static void statement_column(void *context, int column, sqlite3_context *out)
{
    const flushing *f = context;
    const kg_later_row *row = &f->fresh[f->fed - 1];
    const fresh_row *rest = &f->rest[f->fed - 1];
    const kg_attribute *a = &f->w->attributes[rest->pending->attribute];
    if (column < 4)
        sqlite3_result_int64(out, column == 0   ? row->n
                                  : column == 1 ? row->s
                                  : column == 2 ? row->p
                                                : row->o);
    else if (column == 4)
        sqlite3_result_int64(out, f->w->loads[a->load].id);
    else if (column == 5)
        kg_feed_id(out, rest->pending->line);
    else if (column == 6)
        sqlite3_result_int64(out, (int64_t)row->id);
    else if (column == 7)
        kg_feed_id(out, rest->g);
    else
        rare_column(a, column, out);
}

static status insert_fresh(flushing *f, error *err)
{
    kg_feed feed = {f, next_fresh, statement_column};
    status code = kg_feed_run(f->w->db,
                              "INSERT INTO statement SELECT c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11 "
                              "FROM kg_feed(?1)",
                              &feed, err);
    return code == STATUS_OK ? kg_later_put(f->w->db, f->fresh, f->fresh_count, err) : code;
}

static kg_source_state *source_of(kg_write *w, const keyed *key)
{
    int64_t id = w->loads[w->attributes[key->pending->attribute].load].source;
    for (size_t i = 0; i < w->source_count; i++)
        if (w->sources[i].id == id)
            return &w->sources[i];
    return NULL;
}

/* What another source than the first says of a statement goes to `origin`. */
static status insert_origin(kg_write *w, int64_t n, const keyed *key, error *err)
{
    const kg_attribute *a = &w->attributes[key->pending->attribute];
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT OR IGNORE INTO origin VALUES(?1,?2,?3,?4)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    sqlite3_bind_int64(stmt, 2, w->loads[a->load].id);
    kg_db_bind_id(stmt, 3, key->pending->line);
    bind_confidence(stmt, 4, a->confidence);
    return kg_db_run(w->db, stmt, err);
}

/* Has `source` an origin of statement n already? Tells its load, 0 if not. */
static status origin_load(kg_write *w, int64_t n, int64_t first_load, int64_t source, int64_t *out,
                          error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db,
                                    "SELECT l.id FROM load l WHERE l.source=?2 AND (l.id=?3 OR "
                                    "l.id IN (SELECT load FROM origin WHERE statement=?1)) LIMIT 1",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    sqlite3_bind_int64(stmt, 2, source);
    sqlite3_bind_int64(stmt, 3, first_load);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(w->db, code, "load", err);
}

/* A re-loaded source says it at another line now. */
static status update_line(kg_write *w, int64_t n, int64_t load, const keyed *key, error *err)
{
    static const char *const updates[] = {
        "UPDATE statement SET line=?3, confidence=?4 WHERE n=?1 AND load=?2",
        "UPDATE origin SET line=?3, confidence=?4 WHERE statement=?1 AND load=?2"};
    for (size_t i = 0; i < CORE_COUNT(updates); i++) {
        sqlite3_stmt *stmt = kg_db_stmt(w->db, updates[i], err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, n);
        sqlite3_bind_int64(stmt, 2, load);
        kg_db_bind_id(stmt, 3, key->pending->line);
        bind_confidence(stmt, 4, w->attributes[key->pending->attribute].confidence);
        status code = kg_db_run(w->db, stmt, err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

static bool keep(kg_source_state *source, int64_t n)
{
    if (!kg_grow(&source->kept, source->kept_count, &source->kept_capacity, sizeof *source->kept))
        return false;
    source->kept[source->kept_count++] = (uint64_t)n;
    return true;
}

/* `key`'s source says statement n, which is there. */
static status say_again(kg_write *w, int64_t n, int64_t first_load, int64_t line, const keyed *key,
                        error *err)
{
    kg_source_state *source = source_of(w, key);
    int64_t load = 0;
    if (source == NULL)
        return error_set(err, STATUS_INTERNAL, "load: a statement without a source");
    status code = STATUS_OK;
    if (first_load <= w->old_load && w->source_of_load[first_load] == source->id)
        load = first_load;
    else
        code = origin_load(w, n, first_load, source->id, &load, err);
    if (code != STATUS_OK)
        return code;
    if (load == 0) {
        source->delta++;
        return insert_origin(w, n, key, err);
    }
    if (load > w->old_load)
        return STATUS_OK; /* said twice in this write: the first line stays */
    if (!keep(source, n))
        return error_memory(err);
    if (load == first_load && line == (int64_t)key->pending->line &&
        w->attributes[key->pending->attribute].confidence < 0)
        return STATUS_OK;
    return update_line(w, n, load, key, err);
}

/* One statement: all sayings of it in this batch, first to last. */
static status flush_one(flushing *f, const keyed *keys, size_t count, error *err)
{
    kg_write *w = f->w;
    const known *k = find_known(&f->known, &keys[0]);
    status code = STATUS_OK;
    size_t i = 0;
    int64_t n, first_load, line;
    if (k == NULL) {
        code = add_statement(f, &keys[0], err);
        kg_source_state *source = source_of(w, &keys[0]);
        if (source != NULL)
            source->delta++;
        n = w->last_n;
        first_load = w->loads[w->attributes[keys[0].pending->attribute].load].id;
        line = (int64_t)keys[0].pending->line;
        i = 1;
    } else {
        n = k->n;
        first_load = k->load;
        line = k->line;
        w->report.kept++;
    }
    int64_t last_source = 0;
    for (; i < count && code == STATUS_OK; i++) {
        int64_t source = w->loads[w->attributes[keys[i].pending->attribute].load].source;
        int64_t first = w->loads[w->attributes[keys[0].pending->attribute].load].source;
        if (source == last_source || (k == NULL && source == first))
            continue;
        last_source = source;
        code = say_again(w, n, first_load, line, &keys[i], err);
    }
    return code;
}

/* The pending statements in the order of their subjects' ids. */
static kg_ordered *order_pending(kg_write *w)
{
    kg_ordered *order = malloc((w->pending_count + 1) * sizeof *order);
    for (size_t i = 0; i < w->pending_count && order != NULL; i++)
        order[i] = (kg_ordered){kg_dict_at(w->dict, w->pending[i].s)->id, i};
    if (order != NULL && !kg_order(order, w->pending_count)) {
        free(order);
        return NULL;
    }
    return order;
}

static keyed key_of(kg_write *w, size_t index)
{
    const kg_pending *p = &w->pending[index];
    const kg_attribute *a = &w->attributes[p->attribute];
    return (keyed){.s = kg_dict_at(w->dict, p->s)->id,
                   .p = kg_dict_at(w->dict, p->p)->id,
                   .o = kg_dict_at(w->dict, p->o)->id,
                   .g = a->g == 0 ? 0 : kg_dict_at(w->dict, a->g - 1)->id,
                   .from = a->from,
                   .to = a->to,
                   .qualifiers = a->qualifiers,
                   .pending = p};
}

/* All that is said of one subject: f->keys. */
static status flush_subject(flushing *f, error *err)
{
    status code = read_known(f);
    for (size_t i = 0, end; i < f->count && code == STATUS_OK; i = end) {
        for (end = i + 1; end < f->count && same_key(&f->keys[i], &f->keys[end]); end++)
            continue;
        code = flush_one(f, f->keys + i, end - i, err);
    }
    return code;
}

static status flush_ordered(flushing *f, const kg_ordered *order, error *err)
{
    kg_write *w = f->w;
    keyed *keys = NULL;
    size_t capacity = 0;
    status code = STATUS_OK;
    for (size_t i = 0; i < w->pending_count && code == STATUS_OK;) {
        uint64_t s = order[i].key;
        for (f->count = 0; i < w->pending_count && order[i].key == s; i++) {
            if (!kg_grow(&keys, f->count, &capacity, sizeof *keys)) {
                free(keys);
                return error_memory(err);
            }
            keys[f->count++] = key_of(w, order[i].at);
        }
        if (f->count > 1)
            qsort(keys, f->count, sizeof *keys, by_key);
        f->keys = keys;
        code = flush_subject(f, err);
    }
    free(keys);
    return code;
}

status kg_flush(kg_write *w, error *err)
{
    status code = kg_flush_terms(w, err);
    if (code == STATUS_OK && w->bulk && !w->built)
        return kg_bulk_build(w, err);
    if (code != STATUS_OK || w->pending_count == 0)
        return code;
    flushing f = {.w = w, .err = err};
    bool later = w->db->later;
    kg_ordered *order = order_pending(w);
    code = order == NULL ? error_memory(err) : flush_ordered(&f, order, err);
    free(order);
    if (code == STATUS_OK)
        code = insert_fresh(&f, err);
    w->db->later = later || f.fresh_count > 0;
    free(f.known.items);
    free(f.fresh);
    free(f.rest);
    w->flushed = true;
    w->pending_count = 0;
    w->attribute_count = 0;
    return code;
}
