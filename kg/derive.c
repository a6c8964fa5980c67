/* What follows from the statements: labels with their grams, terms that nothing uses any more,
 * statistics of relations and classes, totals. Only what a write touched is done again. */
#include <stdio.h>
#include <stdlib.h>

#include "kg/statement_id.h"
#include "kg/write.h"

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

static status label_text(kg_write *w, uint64_t term, uint64_t literal, arena *a, str *out,
                         error *err)
{
    kg_term t;
    status code = kg_db_term(w->db, literal == 0 ? term : literal, a, &t, err);
    if (code == STATUS_OK)
        *out = kg_normalise(literal == 0 ? kg_iri_label(t.lexical, a) : t.lexical, a);
    return code;
}

#define NAME_MOST 512 /* bytes; longer labels are found exactly or as passages, not by grams */

#define GRAMS_MOST ((size_t)4 << 20) /* waiting in memory */

static int by_gram(const void *a, const void *b)
{
    const kg_gram *x = a, *y = b;
    if (x->gram != y->gram)
        return x->gram < y->gram ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

/* Grams go in in their order: neighbours land on the same page. */
static status put_grams(kg_write *w, error *err)
{
    status code = STATUS_OK;
    if (w->gram_count > 1)
        qsort(w->grams, w->gram_count, sizeof *w->grams, by_gram);
    for (size_t i = 0; i < w->gram_count && code == STATUS_OK; i++)
        code = run_for(w, "INSERT OR IGNORE INTO gram VALUES(?1,?2)", (int64_t)w->grams[i].gram,
                       (int64_t)w->grams[i].label, err);
    w->gram_count = 0;
    return code;
}

static status put_label(kg_write *w, uint64_t term, const wanted *wish, error *err)
{
    arena *a = arena_new(0);
    str normal = {0};
    uint64_t *grams = NULL;
    size_t count = 0;
    status code = a == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK)
        code = label_text(w, term, wish->literal, a, &normal, err);
    if (code == STATUS_OK && normal.length <= NAME_MOST)
        code = kg_grams(normal, a, &grams, &count, err);
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db, "INSERT INTO label(term,kind,literal,hash) VALUES(?1,?2,?3,?4)", err);
    if (stmt == NULL)
        code = STATUS_CORRUPT;
    if (code == STATUS_OK) {
        sqlite3_bind_int64(stmt, 1, (int64_t)term);
        sqlite3_bind_int(stmt, 2, wish->kind);
        sqlite3_bind_int64(stmt, 3, (int64_t)wish->literal);
        sqlite3_bind_int64(stmt, 4, (int64_t)str_hash(normal, 0));
        code = kg_db_run(w->db, stmt, err);
        w->labels++;
    }
    uint64_t label = (uint64_t)sqlite3_last_insert_rowid(w->db->handle);
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        if (kg_grow(&w->grams, w->gram_count, &w->gram_capacity, sizeof *w->grams))
            w->grams[w->gram_count++] = (kg_gram){grams[i], label};
        else
            code = error_memory(err);
    }
    if (code == STATUS_OK && w->gram_count >= GRAMS_MOST)
        code = put_grams(w, err);
    arena_free(a);
    return code;
}

static status drop_label(kg_write *w, int64_t label, uint64_t term, uint64_t literal, error *err)
{
    arena *a = arena_new(0);
    str normal = {0};
    uint64_t *grams = NULL;
    size_t count = 0;
    status code = a == NULL ? error_memory(err) : label_text(w, term, literal, a, &normal, err);
    if (code == STATUS_OK && normal.length <= NAME_MOST)
        code = kg_grams(normal, a, &grams, &count, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        code = run_for(w, "DELETE FROM gram WHERE gram=?1 AND label=?2", (int64_t)grams[i], label,
                       err);
    arena_free(a);
    w->labels--;
    return code == STATUS_OK ? run_for(w, "DELETE FROM label WHERE n=?1", label, 0, err) : code;
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

static status derive_labels(kg_write *w, error *err)
{
    label_relations relations = {.count = 0};
    wanted_list list = {0};
    old_label *old = NULL;
    size_t old_count = 0, old_capacity = 0;
    status code = find_label_relations(w, &relations, err);
    kg_id_set_sort(&w->touched);
    for (size_t i = 0; i < w->touched.count && code == STATUS_OK; i++) {
        uint64_t term = w->touched.items[i];
        int64_t kind = 0;
        code = int_for(w, "SELECT kind FROM term WHERE id=?1", (int64_t)term, 0, &kind, err);
        if (code == STATUS_OK)
            code = gather(w, &relations, term, kind == KG_TERM_IRI, &list, err);
        if (code == STATUS_OK)
            code = labels_now(w, term, &old, &old_count, &old_capacity, err);
        for (size_t j = 0; j < old_count && code == STATUS_OK; j++) {
            bool stays = false;
            for (size_t k = 0; k < list.count && !stays; k++) {
                stays =
                    list.items[k].kind == old[j].kind && list.items[k].literal == old[j].literal;
                list.items[k].there |= stays;
            }
            if (!stays)
                code = drop_label(w, old[j].n, term, old[j].literal, err);
        }
        for (size_t k = 0; k < list.count && code == STATUS_OK; k++)
            if (!list.items[k].there)
                code = put_label(w, term, &list.items[k], err);
    }
    free(list.items);
    free(old);
    return code == STATUS_OK ? put_grams(w, err) : code;
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
        code = drop_label(w, old[i].n, term, old[i].literal, err);
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
                  {"base_deleted", w->db->base_deleted}};
    for (size_t i = 0; i < CORE_COUNT(totals) && code == STATUS_OK; i++)
        code = put_total(w, totals[i].key, totals[i].value, err);
    return code;
}
