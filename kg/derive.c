/* What follows from the statements: labels with their grams, terms that nothing uses any more,
 * statistics of relations and classes, totals. Only what a write touched is done again. */
#include <stdio.h>
#include <stdlib.h>

#include "kg/later.h"
#include "kg/names.h"
#include "kg/statement_id.h"

static status run_for(kg_write *w, const char *sql, int64_t first, int64_t second, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, first);
    if (sqlite3_bind_parameter_count(stmt) > 1)
        sqlite3_bind_int64(stmt, 2, second);
    return kg_db_run(w->db, stmt, err);
}

static status int_for(kg_write *w, const char *sql, int64_t first, int64_t second, int64_t *out,
                      error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, first);
    if (sqlite3_bind_parameter_count(stmt) > 1)
        sqlite3_bind_int64(stmt, 2, second);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(w->db, code, "load", err);
}

/* --- labels
 * -------------------------------------------------------------------------------------------- */
#define TIDY_LEAST 10000 /* entries of lists that may always be stale */

typedef struct wanted {
    int kind;
    uint64_t literal;
    bool there;
} wanted;

typedef struct wanted_list {
    wanted *items;
    size_t count, capacity;
    bool primary;
} wanted_list;

static bool want(wanted_list *list, int kind, uint64_t literal)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].kind == kind && list->items[i].literal == literal)
            return true;
    if (!kg_grow(&list->items, list->count, &list->capacity, sizeof *list->items))
        return false;
    list->primary |= kind == KG_LABEL_PRIMARY;
    list->items[list->count++] = (wanted){kind, literal, false};
    return true;
}

static status want_names(kg_write *w, uint64_t term, wanted_list *list, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT literal, kind FROM name WHERE term=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)term);
    int code = SQLITE_DONE;
    bool ok = true;
    while (ok && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        ok = want(list, sqlite3_column_int(stmt, 1), (uint64_t)sqlite3_column_int64(stmt, 0));
    sqlite3_reset(stmt);
    if (!ok)
        return error_memory(err);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(w->db, code, "labels", err);
}

typedef struct label_relation {
    int64_t id;
    int kind;
} label_relation;

typedef struct label_relations {
    label_relation items[64];
    size_t count;
} label_relations;

/* The label predicates among the graph's relations. */
static status find_label_relations(kg_write *w, label_relations *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        w->db, "SELECT t.id, t.lexical FROM relation_stat r JOIN term t ON t.id=r.p", err);
    arena *a = arena_new(0);
    if (stmt == NULL || a == NULL) {
        arena_free(a);
        return error_memory(err);
    }
    while (sqlite3_step(stmt) == SQLITE_ROW && out->count < CORE_COUNT(out->items)) {
        int kind = kg_label_predicate(kg_db_str(stmt, 1, a));
        if (kind != 0)
            out->items[out->count++] = (label_relation){sqlite3_column_int64(stmt, 0), kind};
        arena_reset(a);
    }
    sqlite3_reset(stmt);
    arena_free(a);
    return STATUS_OK;
}

typedef struct labelling {
    kg_write *w;
    wanted_list *list;
    int kind;
    status code;
    error *err;
} labelling;

static bool want_row(void *context, const kg_row *row)
{
    labelling *l = context;
    int64_t kind = 0;
    l->code = int_for(l->w, "SELECT kind FROM term WHERE id=?1", (int64_t)row->statement.o, 0,
                      &kind, l->err);
    if (l->code == STATUS_OK && kind == KG_TERM_LITERAL &&
        !want(l->list, l->kind, row->statement.o))
        l->code = error_memory(l->err);
    return l->code == STATUS_OK;
}

static status gather(kg_write *w, const label_relations *relations, uint64_t term, bool iri,
                     wanted_list *list, error *err)
{
    status code = STATUS_OK;
    list->count = 0;
    list->primary = false;
    for (size_t i = 0; i < relations->count && code == STATUS_OK; i++) {
        labelling l = {w, list, relations->items[i].kind, STATUS_OK, err};
        code = kg_db_match(w->db, term, (kg_id)relations->items[i].id, KG_ANY, want_row, &l, err);
        code = code == STATUS_OK ? l.code : code;
    }
    if (code == STATUS_OK)
        code = want_names(w, term, list, err);
    if (code == STATUS_OK && iri && !list->primary && !want(list, KG_LABEL_PRIMARY, 0))
        code = error_memory(err);
    return code;
}

typedef struct old_label {
    int64_t n;
    int kind;
    uint64_t literal;
} old_label;

static status labels_now(kg_write *w, uint64_t term, old_label **items, size_t *count,
                         size_t *capacity, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT n, kind, literal FROM label WHERE term=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)term);
    *count = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        if (!kg_grow(items, *count, capacity, sizeof **items)) {
            sqlite3_reset(stmt);
            return error_memory(err);
        }
        (*items)[(*count)++] =
            (old_label){sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1),
                        (uint64_t)sqlite3_column_int64(stmt, 2)};
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

/* Makes the labels of one term those that it should have. */
static status settle(kg_write *w, uint64_t term, wanted_list *list, const old_label *old,
                     size_t old_count, arena *a, error *err)
{
    status code = STATUS_OK;
    for (size_t j = 0; j < old_count && code == STATUS_OK; j++) {
        bool stays = false;
        for (size_t k = 0; k < list->count && !stays; k++) {
            stays = list->items[k].kind == old[j].kind && list->items[k].literal == old[j].literal;
            list->items[k].there |= stays;
        }
        if (!stays)
            code = kg_names_drop(w, old[j].n, err);
    }
    for (size_t k = 0; k < list->count && code == STATUS_OK; k++) {
        const wanted *wish = &list->items[k];
        kg_term text;
        if (wish->there)
            continue;
        arena_reset(a);
        code = kg_db_term(w->db, wish->literal == 0 ? term : wish->literal, a, &text, err);
        if (code == STATUS_OK)
            code =
                kg_names_add(w, term, (kg_label_kind)wish->kind, wish->literal, text.lexical, err);
    }
    return code;
}

/* Terms that lost statements or were given names: their labels are gathered anew. */
static status derive_touched(kg_write *w, error *err)
{
    label_relations relations = {.count = 0};
    wanted_list list = {0};
    old_label *old = NULL;
    size_t old_count = 0, old_capacity = 0;
    arena *a = arena_new(0);
    status code = a == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK && w->touched.count > 0)
        code = find_label_relations(w, &relations, err);
    for (size_t i = 0; i < w->touched.count && code == STATUS_OK; i++) {
        uint64_t term = w->touched.items[i];
        int64_t kind = 0;
        code = int_for(w, "SELECT kind FROM term WHERE id=?1", (int64_t)term, 0, &kind, err);
        if (code == STATUS_OK)
            code = gather(w, &relations, term, kind == KG_TERM_IRI, &list, err);
        if (code == STATUS_OK)
            code = labels_now(w, term, &old, &old_count, &old_capacity, err);
        if (code == STATUS_OK)
            code = settle(w, term, &list, old, old_count, a, err);
    }
    free(list.items);
    free(old);
    arena_free(a);
    return code;
}

bool kg_note_label(kg_write *w, uint32_t term, uint32_t literal, kg_label_kind kind)
{
    if (!kg_grow(&w->named, w->named_count, &w->named_capacity, sizeof *w->named))
        return false;
    w->named[w->named_count++] = (kg_named){term, literal, (uint8_t)kind};
    return true;
}

static int by_term(const void *a, const void *b)
{
    const kg_named *x = a, *y = b;
    if (x->term != y->term)
        return x->term < y->term ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->literal < y->literal ? -1 : x->literal > y->literal;
}

/* Adds what new statements name, beside what is there; an IRI's own label makes way for a primary
 * one. */
static status add_named(kg_write *w, const kg_named *items, size_t count, const old_label *old,
                        size_t old_count, error *err)
{
    status code = STATUS_OK;
    for (size_t j = 0; j < old_count && code == STATUS_OK; j++)
        if (old[j].literal == 0 && items[0].kind == KG_LABEL_PRIMARY)
            code = kg_names_drop(w, old[j].n, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        const kg_dict_entry *e = kg_dict_at(w->dict, items[i].literal);
        bool there = i > 0 && by_term(&items[i], &items[i - 1]) == 0;
        for (size_t j = 0; j < old_count && !there; j++)
            there = old[j].literal == e->id && old[j].kind == items[i].kind;
        if (!there)
            code = kg_names_add(w, items[i].term, (kg_label_kind)items[i].kind, e->id,
                                str_make(e->text, e->length), err);
    }
    return code;
}

/* New statements only add: what they name needs no look at the others of the term. */
static status derive_named(kg_write *w, error *err)
{
    old_label *old = NULL;
    size_t old_count = 0, old_capacity = 0;
    status code = STATUS_OK;
    if (w->named_count > 1)
        qsort(w->named, w->named_count, sizeof *w->named, by_term);
    for (size_t i = 0, end; i < w->named_count && code == STATUS_OK; i = end) {
        uint32_t term = w->named[i].term;
        for (end = i + 1; end < w->named_count && w->named[end].term == term; end++)
            continue;
        if (kg_id_set_has(&w->touched, term))
            continue;
        old_count = 0;
        if (term < w->first_new_term)
            code = labels_now(w, term, &old, &old_count, &old_capacity, err);
        if (code == STATUS_OK)
            code = add_named(w, w->named + i, end - i, old, old_count, err);
    }
    free(old);
    return code;
}

static bool has_primary(const kg_write *w, uint32_t term)
{
    size_t low = 0, high = w->named_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->named[middle].term < term)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->named_count && w->named[low].term == term &&
           w->named[low].kind == KG_LABEL_PRIMARY;
}

/* New IRIs without a primary label carry their own. */
static status derive_own(kg_write *w, error *err)
{
    status code = STATUS_OK;
    size_t count = kg_dict_count(w->dict);
    for (size_t i = 0; i < count && i < w->resolved && code == STATUS_OK; i++) {
        const kg_dict_entry *e = kg_dict_at(w->dict, i);
        if (e->kind == KG_TERM_IRI && e->id >= w->first_new_term && !has_primary(w, e->id) &&
            !kg_id_set_has(&w->touched, e->id))
            code = kg_names_add(w, e->id, KG_LABEL_PRIMARY, 0, str_make(e->text, e->length), err);
    }
    return code;
}

static status derive_labels(kg_write *w, error *err)
{
    kg_id_set_sort(&w->touched);
    status code = derive_touched(w, err);
    if (code == STATUS_OK)
        code = derive_named(w, err);
    if (code == STATUS_OK)
        code = derive_own(w, err);
    return code == STATUS_OK ? kg_names_flush(w, err) : code;
}

/* --- terms that nothing uses
 * ---------------------------------------------------------------------------- */
static status drop_lists(kg_write *w, error *err)
{
    status code = STATUS_OK;
    kg_id_set_sort(&w->dropped_lists);
    for (size_t i = 0; i < w->dropped_lists.count && code == STATUS_OK; i++) {
        int64_t list = (int64_t)w->dropped_lists.items[i], used = 0;
        code = int_for(w, "SELECT EXISTS(SELECT 1 FROM statement WHERE qualifiers=?1)", list, 0,
                       &used, err);
        if (code != STATUS_OK || used != 0)
            continue;
        sqlite3_stmt *stmt =
            kg_db_stmt(w->db, "SELECT predicate, object FROM qualifier WHERE list=?1", err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, list);
        while (sqlite3_step(stmt) == SQLITE_ROW)
            if (!kg_id_set_add(&w->dropped, (uint64_t)sqlite3_column_int64(stmt, 0)) ||
                !kg_id_set_add(&w->dropped, (uint64_t)sqlite3_column_int64(stmt, 1)))
                code = error_memory(err);
        sqlite3_reset(stmt);
        if (code == STATUS_OK)
            code = run_for(w, "DELETE FROM qualifier WHERE list=?1", list, 0, err);
    }
    return code;
}

static status drop_passage(kg_write *w, uint64_t id, kg_term term, arena *a, error *err)
{
    if (!kg_is_passage(term))
        return STATUS_OK;
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db, "INSERT INTO passage(passage,rowid,words) VALUES('delete',?1,?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    kg_db_bind_str(stmt, 2, kg_passage_words(term.lexical, false, a));
    w->passages--;
    return kg_db_run(w->db, stmt, err);
}

static status drop_labels(kg_write *w, uint64_t term, error *err)
{
    old_label *old = NULL;
    size_t count = 0, capacity = 0;
    status code = labels_now(w, term, &old, &count, &capacity, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        code = kg_names_drop(w, old[i].n, err);
    free(old);
    return code;
}

static status drop_term(kg_write *w, uint64_t id, arena *a, error *err)
{
    int64_t used = 0;
    kg_term term;
    status code = int_for(w,
                          "SELECT EXISTS(SELECT 1 FROM statement WHERE g=?1) OR "
                          "EXISTS(SELECT 1 FROM qualifier WHERE object=?1) OR "
                          "EXISTS(SELECT 1 FROM qualifier WHERE predicate=?1) OR "
                          "EXISTS(SELECT 1 FROM name WHERE term=?1) OR "
                          "EXISTS(SELECT 1 FROM name WHERE literal=?1)",
                          (int64_t)id, 0, &used, err);
    const kg_id positions[3][3] = {{id, 0, 0}, {0, id, 0}, {0, 0, id}};
    bool has = used != 0;
    for (size_t i = 0; i < 3 && code == STATUS_OK && !has; i++)
        code = kg_db_has(w->db, positions[i][0], positions[i][1], positions[i][2], &has, err);
    if (code != STATUS_OK || has)
        return code;
    code = drop_labels(w, id, err);
    if (code == STATUS_OK)
        code = kg_db_term(w->db, id, a, &term, err);
    if (code == STATUS_OK)
        code = drop_passage(w, id, term, a, err);
    if (code != STATUS_OK)
        return code;
    static const char *const deletes[] = {"DELETE FROM term_hash WHERE hash=?2 AND term=?1",
                                          "DELETE FROM term_value WHERE term=?1",
                                          "DELETE FROM term WHERE id=?1"};
    for (size_t i = 0; i < CORE_COUNT(deletes) && code == STATUS_OK; i++)
        code = run_for(w, deletes[i], (int64_t)id, (int64_t)kg_term_hash(term), err);
    w->terms--;
    w->literals -= term.kind == KG_TERM_LITERAL;
    return code;
}

static status drop_terms(kg_write *w, error *err)
{
    arena *a = arena_new(0);
    status code = a == NULL ? error_memory(err) : STATUS_OK;
    kg_id_set_sort(&w->dropped);
    for (size_t i = 0; i < w->dropped.count && code == STATUS_OK; i++) {
        arena_reset(a);
        code = drop_term(w, w->dropped.items[i], a, err);
    }
    arena_free(a);
    return code;
}

/* Lists that mostly name what is gone are made anew. Those of the first load are not, they are
 * part of its rows' order. */
static status tidy_lists(kg_write *w, error *err)
{
    status code = STATUS_OK;
    if (w->later_gone > TIDY_LEAST && w->later_gone * 2 > w->last_n - (KG_LATER - 1)) {
        code = kg_later_rebuild(w->db, err);
        w->db->base_deleted -= w->later_gone;
        w->later_gone = 0;
    }
    if (code == STATUS_OK && w->labels_gone > TIDY_LEAST && w->labels_gone > w->labels)
        code = kg_names_rebuild(w, err);
    return code;
}

static status put_total(kg_write *w, const char *key, int64_t value, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT OR REPLACE INTO meta VALUES(?1,?2)", err);
    char text[32];
    if (stmt == NULL)
        return STATUS_CORRUPT;
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    kg_db_bind_str(stmt, 1, str_from(key));
    kg_db_bind_str(stmt, 2, str_from(text));
    return kg_db_run(w->db, stmt, err);
}

status kg_derive(kg_write *w, error *err)
{
    int64_t version = 0;
    status code = kg_derive_statistics(w, err);
    if (code == STATUS_OK)
        code = derive_labels(w, err);
    if (code == STATUS_OK)
        code = drop_lists(w, err);
    if (code == STATUS_OK)
        code = drop_terms(w, err);
    if (code == STATUS_OK)
        code = tidy_lists(w, err);
    if (code == STATUS_OK)
        code = kg_db_int(w->db, "SELECT value FROM meta WHERE key='version'", 0, &version, err);
    const struct {
        const char *key;
        int64_t value;
    } totals[] = {{"version", version + 1},
                  {"statements", w->statements},
                  {"terms", w->terms},
                  {"literals", w->literals},
                  {"labels", w->labels},
                  {"passages", w->passages},
                  {"base_deleted", w->db->base_deleted},
                  {"last_row", w->last_n},
                  {"last_label", w->last_label},
                  {"labels_gone", w->labels_gone},
                  {"later_gone", w->later_gone}};
    for (size_t i = 0; i < CORE_COUNT(totals) && code == STATUS_OK; i++)
        code = put_total(w, totals[i].key, totals[i].value, err);
    return code;
}
