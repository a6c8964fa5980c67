/* Giving ids to a load's terms: those of the graph are found in the order of their hashes, new ones
 * are numbered as they came. */
#include <stdlib.h>

#include "kg/feed.h"
#include "kg/order.h"
#include "kg/write.h"

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

/* Looks the unresolved entries up; `order` names them by hash. */
static status find_terms(kg_write *w, const kg_ordered *order, size_t count, error *err)
{
    kg_term_finder finder = {.db = w->db};
    int64_t later = 0;
    status code = kg_db_int(w->db, "SELECT EXISTS(SELECT 1 FROM term_hash)", 0, &later, err);
    finder.later = later != 0;
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        kg_dict_entry *e = kg_dict_at(w->dict, order[i].at);
        kg_id id = 0;
        code = kg_find_next(&finder, kg_dict_term(w->dict, order[i].at), e->hash, &id, err);
        if (code == STATUS_OK && id != 0) {
            e->id = (uint32_t)id;
            e->flags |= KG_DICT_EXISTED;
        }
    }
    buf_free(&finder.bucket);
    return code;
}

typedef struct term_feed {
    kg_write *w;
    const kg_ordered *order; /* of hashes; NULL: of the dictionary */
    size_t at, end;          /* at: 1 + the row's */
} term_feed;

static const kg_dict_entry *fed_entry(const term_feed *f)
{
    size_t row = f->at - 1;
    return kg_dict_at(f->w->dict, f->order == NULL ? row : f->order[row].at);
}

static bool next_new(void *context)
{
    term_feed *f = context;
    while (++f->at <= f->end)
        if ((fed_entry(f)->flags & KG_DICT_EXISTED) == 0)
            return true;
    return false;
}

static void term_column(void *context, int column, sqlite3_context *out)
{
    const term_feed *f = context;
    const kg_dict_entry *e = fed_entry(f);
    if (column == 0)
        sqlite3_result_int64(out, e->id);
    else if (column == 1)
        sqlite3_result_int(out, e->kind);
    else if (column == 2)
        kg_feed_bytes(out, str_make(e->text, e->length), true);
    else if (column == 3)
        kg_feed_id(out, e->datatype == 0 ? 0 : (uint64_t)f->w->datatype_ids[e->datatype - 1]);
    else if (e->lang != 0)
        kg_feed_bytes(out, kg_dict_term(f->w->dict, f->at - 1).lang, true);
}

static void hash_column(void *context, int column, sqlite3_context *out)
{
    const kg_dict_entry *e = fed_entry(context);
    sqlite3_result_int64(out, column == 0 ? (int64_t)e->hash : (int64_t)e->id);
}

/* Numbers the new terms in the dictionary's order. */
static status number_new(kg_write *w, size_t count, error *err)
{
    for (size_t i = w->resolved; i < count; i++) {
        kg_dict_entry *e = kg_dict_at(w->dict, i);
        if ((e->flags & KG_DICT_EXISTED) == 0) {
            if (w->last_term >= UINT32_MAX - 1)
                return error_set(err, STATUS_LIMIT, "a graph holds at most 4 billion terms");
            e->id = (uint32_t)++w->last_term;
            w->terms++;
        }
        if ((e->flags & KG_DICT_TYPE) != 0)
            w->type = e->id;
    }
    return STATUS_OK;
}

static status put_literals(kg_write *w, size_t count, error *err)
{
    status code = STATUS_OK;
    for (size_t i = w->resolved; i < count && code == STATUS_OK; i++) {
        kg_dict_entry *e = kg_dict_at(w->dict, i);
        if (e->kind != KG_TERM_LITERAL || (e->flags & KG_DICT_EXISTED) != 0)
            continue;
        kg_term term = kg_dict_term(w->dict, i);
        w->literals++;
        code = put_value(w, term, e->id, &e->flags, err);
        if (code == STATUS_OK)
            code = kg_put_passage(w, term, e->id, err);
    }
    return code;
}

static status put_new_terms(kg_write *w, const kg_ordered *order, size_t count, error *err)
{
    term_feed rows = {w, NULL, w->resolved, count}, hashes = {w, order, 0, count - w->resolved};
    kg_feed row_feed = {&rows, next_new, term_column}, hash_feed = {&hashes, next_new, hash_column};
    status code = number_new(w, count, err);
    if (code == STATUS_OK)
        code = kg_feed_run(w->db, "INSERT INTO term SELECT c0,c1,c2,c3,c4 FROM kg_feed(?1)",
                           &row_feed, err);
    if (code == STATUS_OK)
        code = kg_feed_run(w->db, "INSERT INTO term_hash SELECT c0,c1 FROM kg_feed(?1)", &hash_feed,
                           err);
    return code == STATUS_OK ? put_literals(w, count, err) : code;
}

status kg_flush_terms(kg_write *w, error *err)
{
    status code = flush_datatypes(w, err);
    if (w->bulk && !w->built)
        return code == STATUS_OK ? number_terms(w, err) : code;
    size_t count = kg_dict_count(w->dict), fresh = count - w->resolved;
    if (fresh == 0 || code != STATUS_OK)
        return code;
    kg_ordered *order = malloc(fresh * sizeof *order);
    for (size_t i = 0; i < fresh && order != NULL; i++)
        order[i] = (kg_ordered){kg_dict_at(w->dict, w->resolved + i)->hash, w->resolved + i};
    if (order == NULL || !kg_order(order, fresh)) {
        free(order);
        return error_memory(err);
    }
    if (w->first_new_term > 1)
        code = find_terms(w, order, fresh, err);
    if (code == STATUS_OK)
        code = put_new_terms(w, order, count, err);
    free(order);
    w->resolved = count;
    return code;
}
