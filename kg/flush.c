/* Bringing pending statements into the tables: terms get ids, statements are sorted by subject, and
 * each subject's existing statements are read once to tell new ones from known ones. */
#include <stdlib.h>

#include "kg/bulk.h"
#include "kg/statement_id.h"
#include "kg/write.h"

/* --- terms
 * ----------------------------------------------------------------------------------------- */
static status datatype_id(kg_write *w, size_t number, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT OR IGNORE INTO datatype(iri) VALUES(?1)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    kg_db_bind_str(stmt, 1, kg_dict_datatype(w->dict, number));
    status code = kg_db_run(w->db, stmt, err);
    stmt = kg_db_stmt(w->db, "SELECT id FROM datatype WHERE iri=?1", err);
    if (code != STATUS_OK || stmt == NULL)
        return code != STATUS_OK ? code : STATUS_CORRUPT;
    kg_db_bind_str(stmt, 1, kg_dict_datatype(w->dict, number));
    int step = sqlite3_step(stmt);
    w->datatype_ids[number - 1] = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return step == SQLITE_ROW ? STATUS_OK : kg_db_error(w->db, step, "datatype", err);
}

static status flush_datatypes(kg_write *w, error *err)
{
    size_t count = kg_dict_datatypes(w->dict);
    if (count == w->datatypes)
        return STATUS_OK;
    int64_t *ids = realloc(w->datatype_ids, count * sizeof *ids);
    if (ids == NULL)
        return error_memory(err);
    w->datatype_ids = ids;
    status code = STATUS_OK;
    for (; w->datatypes < count && code == STATUS_OK; w->datatypes++)
        code = datatype_id(w, w->datatypes + 1, err);
    return code;
}

static status put_value(kg_write *w, kg_term term, int64_t id, uint8_t *flags, error *err)
{
    kg_value value = kg_value_of(term);
    *flags = (uint8_t)(*flags | (unsigned)value.kind << KG_DICT_VALUE_SHIFT);
    if (value.kind == KG_VALUE_NONE)
        return STATUS_OK;
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT INTO term_value VALUES(?1,?2,?3,?4,?5)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int(stmt, 2, (int)value.kind);
    sqlite3_bind_double(stmt, 3, value.low);
    sqlite3_bind_double(stmt, 4, value.high);
    if (value.unit.length > 0)
        kg_db_bind_str(stmt, 5, value.unit);
    else
        sqlite3_bind_null(stmt, 5);
    return kg_db_run(w->db, stmt, err);
}

status kg_put_passage(kg_write *w, kg_term term, int64_t id, error *err)
{
    if (!kg_is_passage(term))
        return STATUS_OK;
    arena *a = arena_new(0);
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT INTO passage(rowid,words) VALUES(?1,?2)", err);
    status code = a == NULL || stmt == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK) {
        sqlite3_bind_int64(stmt, 1, id);
        kg_db_bind_str(stmt, 2, kg_passage_words(term.lexical, false, a));
        code = kg_db_run(w->db, stmt, err);
        w->passages++;
    }
    arena_free(a);
    return code;
}

static status put_hash(kg_write *w, uint64_t hash, int64_t id, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT INTO term_hash VALUES(?1,?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)hash);
    sqlite3_bind_int64(stmt, 2, id);
    return kg_db_run(w->db, stmt, err);
}

static status put_term(kg_write *w, size_t index, error *err)
{
    kg_dict_entry *e = kg_dict_at(w->dict, index);
    kg_term term = kg_dict_term(w->dict, index);
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT INTO term VALUES(?1,?2,?3,?4,?5)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    if (w->last_term >= UINT32_MAX - 1)
        return error_set(err, STATUS_LIMIT, "a graph holds at most 4 billion terms");
    int64_t id = ++w->last_term;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int(stmt, 2, e->kind);
    kg_db_bind_str(stmt, 3, term.lexical);
    kg_db_bind_id(stmt, 4, e->datatype == 0 ? 0 : (uint64_t)w->datatype_ids[e->datatype - 1]);
    if (e->lang != 0)
        kg_db_bind_str(stmt, 5, term.lang);
    else
        sqlite3_bind_null(stmt, 5);
    status code = kg_db_run(w->db, stmt, err);
    if (code == STATUS_OK)
        code = put_hash(w, e->hash, id, err);
    e->id = (uint32_t)id;
    w->terms++;
    if (code != STATUS_OK || e->kind != KG_TERM_LITERAL)
        return code;
    w->literals++;
    code = put_value(w, term, id, &e->flags, err);
    return code == STATUS_OK ? kg_put_passage(w, term, id, err) : code;
}

/* The first load writes its terms at its end, in the order of the dictionary. */
static status number_terms(kg_write *w, error *err)
{
    size_t count = kg_dict_count(w->dict);
    for (; w->resolved < count; w->resolved++) {
        kg_dict_entry *e = kg_dict_at(w->dict, w->resolved);
        e->id = (uint32_t)(w->last_term = (int64_t)w->resolved + 1);
        w->terms++;
        if ((e->flags & KG_DICT_TYPE) != 0)
            w->type = e->id;
        if (e->kind != KG_TERM_LITERAL)
            continue;
        w->literals++;
        kg_value value = kg_value_of(kg_dict_term(w->dict, w->resolved));
        e->flags = (uint8_t)(e->flags | (unsigned)value.kind << KG_DICT_VALUE_SHIFT);
        if (value.kind == KG_VALUE_NONE)
            continue;
        if (!kg_grow(&w->values, w->value_count, &w->value_capacity, sizeof *w->values))
            return error_memory(err);
        w->values[w->value_count++] = (kg_term_value){(uint32_t)w->resolved, value};
    }
    return STATUS_OK;
}

status kg_flush_terms(kg_write *w, error *err)
{
    status code = flush_datatypes(w, err);
    if (w->bulk && !w->built)
        return code == STATUS_OK ? number_terms(w, err) : code;
    size_t count = kg_dict_count(w->dict);
    for (; w->resolved < count && code == STATUS_OK; w->resolved++) {
        kg_dict_entry *e = kg_dict_at(w->dict, w->resolved);
        kg_id id = 0;
        if (w->first_new_term > 1)
            code = kg_db_find_term(w->db, kg_dict_term(w->dict, w->resolved), e->hash, &id, err);
        if (code == STATUS_OK && id != 0) {
            e->id = (uint32_t)id;
            e->flags |= KG_DICT_EXISTED;
        } else if (code == STATUS_OK) {
            code = put_term(w, w->resolved, err);
            if (code == STATUS_OK && e->kind != KG_TERM_LITERAL &&
                !kg_id_set_add(&w->touched, e->id))
                code = error_memory(err);
        }
        if (code == STATUS_OK && (e->flags & KG_DICT_TYPE) != 0)
            w->type = e->id;
    }
    return code;
}

/* --- statements
 * -------------------------------------------------------------------------------------- */
/* A statement with everything that its key is made of, in the graph's ids. */
typedef struct keyed {
    uint32_t s, p, o, g;
    clock_day from, to;
    uint64_t qualifiers;
    const kg_pending *pending;
} keyed;

typedef struct known { /* a row of the graph */
    uint32_t p, o, g;
    clock_day from, to;
    uint64_t qualifiers;
    int64_t n, load, line;
} known;

typedef struct known_list {
    known *items;
    size_t count, capacity;
    bool failed;
} known_list;

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

static bool add_known(void *context, const kg_row *row)
{
    known_list *out = context;
    if (!kg_grow(&out->items, out->count, &out->capacity, sizeof *out->items)) {
        out->failed = true;
        return false;
    }
    out->items[out->count++] = (known){.p = (uint32_t)row->statement.p,
                                       .o = (uint32_t)row->statement.o,
                                       .g = (uint32_t)row->statement.g,
                                       .from = row->statement.valid_from,
                                       .to = row->statement.valid_to,
                                       .qualifiers = row->qualifiers,
                                       .n = row->n,
                                       .load = row->load,
                                       .line = row->line};
    return true;
}

static int by_object(const void *a, const void *b)
{
    const known *x = a, *y = b;
    ORDER(x->p, y->p)
    ORDER(x->o, y->o)
    ORDER(x->n, y->n)
    return 0;
}

static status known_of(kg_write *w, uint32_t s, known_list *out, error *err)
{
    out->count = 0;
    status code = kg_db_match(w->db, s, KG_ANY, KG_ANY, add_known, out, err);
    if (code == STATUS_OK && out->failed)
        return error_memory(err);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_object);
    return code;
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

static void bind_day(sqlite3_stmt *stmt, int index, clock_day day)
{
    if (day == CLOCK_DAY_UNKNOWN)
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_int(stmt, index, day);
}

static void bind_confidence(sqlite3_stmt *stmt, int index, float confidence)
{
    if (confidence < 0)
        sqlite3_bind_null(stmt, index);
    else
        sqlite3_bind_double(stmt, index, (double)confidence);
}

static status insert_statement(kg_write *w, const keyed *key, error *err)
{
    const kg_attribute *a = &w->attributes[key->pending->attribute];
    kg_load *load = &w->loads[a->load];
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db,
                   "INSERT INTO statement(n,s,p,o,load,line,id,g,valid_from,valid_to,qualifiers,"
                   "confidence) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                   err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int64_t n = ++w->last_n;
    sqlite3_bind_int64(stmt, 1, n);
    sqlite3_bind_int64(stmt, 2, key->s);
    sqlite3_bind_int64(stmt, 3, key->p);
    sqlite3_bind_int64(stmt, 4, key->o);
    sqlite3_bind_int64(stmt, 5, load->id);
    kg_db_bind_id(stmt, 6, key->pending->line);
    sqlite3_bind_int64(stmt, 7, (int64_t)id_of(w, key));
    kg_db_bind_id(stmt, 8, key->g);
    bind_day(stmt, 9, key->from);
    bind_day(stmt, 10, key->to);
    kg_db_bind_id(stmt, 11, key->qualifiers);
    bind_confidence(stmt, 12, a->confidence);
    w->db->later = true;
    load->first_n = load->first_n == 0 ? n : load->first_n;
    load->last_n = n;
    w->statements++;
    w->report.added++;
    uint8_t flags = kg_dict_at(w->dict, key->pending->p)->flags;
    if ((flags & (KG_DICT_LABEL | KG_DICT_ALIAS)) != 0 && !kg_id_set_add(&w->touched, key->s))
        return error_memory(err);
    if (key->p == w->type && !kg_class_change(w, key->o, false))
        return error_memory(err);
    status code = kg_db_run(w->db, stmt, err);
    return code == STATUS_OK ? kg_count_relation(w, key->p, 1, err) : code;
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
static status flush_one(kg_write *w, const keyed *keys, size_t count, const known_list *list,
                        error *err)
{
    const known *k = find_known(list, &keys[0]);
    status code = STATUS_OK;
    size_t i = 0;
    int64_t n, first_load, line;
    if (k == NULL) {
        code = insert_statement(w, &keys[0], err);
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

static keyed *make_keys(kg_write *w)
{
    keyed *keys = malloc(w->pending_count * sizeof *keys);
    for (size_t i = 0; i < w->pending_count && keys != NULL; i++) {
        const kg_pending *p = &w->pending[i];
        const kg_attribute *a = &w->attributes[p->attribute];
        keys[i] = (keyed){.s = kg_dict_at(w->dict, p->s)->id,
                          .p = kg_dict_at(w->dict, p->p)->id,
                          .o = kg_dict_at(w->dict, p->o)->id,
                          .g = a->g == 0 ? 0 : kg_dict_at(w->dict, a->g - 1)->id,
                          .from = a->from,
                          .to = a->to,
                          .qualifiers = a->qualifiers,
                          .pending = p};
    }
    return keys;
}

status kg_flush(kg_write *w, error *err)
{
    status code = kg_flush_terms(w, err);
    if (code == STATUS_OK && w->bulk && !w->built)
        return kg_bulk_build(w, err);
    if (code != STATUS_OK || w->pending_count == 0)
        return code;
    keyed *keys = make_keys(w);
    known_list list = {0};
    if (keys == NULL)
        return error_memory(err);
    qsort(keys, w->pending_count, sizeof *keys, by_key);
    for (size_t i = 0; i < w->pending_count && code == STATUS_OK;) {
        size_t end = i + 1;
        while (end < w->pending_count && same_key(&keys[i], &keys[end]))
            end++;
        if (i == 0 || keys[i].s != keys[i - 1].s) {
            list.count = 0;
            if (w->flushed || keys[i].s < w->first_new_term)
                code = known_of(w, keys[i].s, &list, err);
        }
        if (code == STATUS_OK)
            code = flush_one(w, keys + i, end - i, &list, err);
        i = end;
    }
    free(keys);
    free(list.items);
    w->flushed = true;
    w->pending_count = 0;
    w->attribute_count = 0;
    return code;
}
