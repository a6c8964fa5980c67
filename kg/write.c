/* Taking statements in: one kg_write is one SQLite transaction; statements wait in memory, sorted
 * and brought into the tables in large batches (flush.c). See store.h. */
#include "kg/write.h"

#include <stdio.h>
#include <stdlib.h>

#include "kg/base.h"
#include "kg/names.h"
#include "kg/statement_id.h"

#define PENDING_MOST ((size_t)2 << 20)  /* statements in memory before a batch is flushed */
#define PENDING_BULK ((size_t)24 << 20) /* in the first load of a graph */

bool kg_grow(void *items, size_t count, size_t *capacity, size_t bytes)
{
    void **array = items;
    if (count < *capacity)
        return true;
    size_t wider = *capacity == 0 ? 64 : *capacity + *capacity / 2;
    void *grown = realloc(*array, wider * bytes);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = wider;
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

bool kg_id_set_add(kg_id_set *set, uint64_t id)
{
    if (set->count > 0 && set->items[set->count - 1] == id)
        return true;
    if (!kg_grow(&set->items, set->count, &set->capacity, sizeof id))
        return false;
    set->items[set->count++] = id;
    return true;
}

void kg_id_set_sort(kg_id_set *set)
{
    if (set->count == 0)
        return;
    qsort(set->items, set->count, sizeof *set->items, by_value);
    size_t n = 1;
    for (size_t i = 1; i < set->count; i++)
        if (set->items[i] != set->items[n - 1])
            set->items[n++] = set->items[i];
    set->count = n;
}

bool kg_id_set_has(const kg_id_set *set, uint64_t id)
{
    return set->count > 0 && bsearch(&id, set->items, set->count, sizeof id, by_value) != NULL;
}

static void free_write(kg_write *w)
{
    if (w == NULL)
        return;
    kg_intake_free(w->intake);
    for (size_t i = 0; i < w->source_count; i++)
        free(w->sources[i].kept);
    kg_dict_free(w->dict);
    arena_free(w->strings);
    free(w->pending);
    free(w->attributes);
    free(w->loads);
    free(w->sources);
    free(w->datatype_ids);
    free(w->source_of_load);
    free(w->touched.items);
    free(w->dropped.items);
    free(w->dropped_lists.items);
    free(w->classes.items);
    free(w->relations);
    free(w->named);
    kg_names_free(w->names);
    free(w->values);
    kg_db_close(w->db);
    free(w);
}

static status meta_int(kg_write *w, const char *sql, int64_t *out, error *err)
{
    return kg_db_int(w->db, sql, 0, out, err);
}

static status load_sources(kg_write *w, error *err)
{
    status code = meta_int(w, "SELECT max(id) FROM load", &w->last_load, err);
    if (code != STATUS_OK)
        return code;
    w->old_load = w->last_load;
    w->source_of_load = calloc((size_t)w->last_load + 1, sizeof *w->source_of_load);
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT id, source FROM load", err);
    if (w->source_of_load == NULL || stmt == NULL)
        return error_memory(err);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        if (id >= 0 && id <= w->last_load)
            w->source_of_load[id] = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static status load_state(kg_write *w, error *err)
{
    kg_term rdf_type = {.kind = KG_TERM_IRI, .lexical = STR(KG_RDF_TYPE)};
    kg_id type_id = 0;
    status code = meta_int(w, "SELECT value FROM meta WHERE key='last_row'", &w->last_n, err);
    if (w->last_n < KG_LATER)
        w->last_n = KG_LATER - 1;
    if (code == STATUS_OK)
        code = kg_base_load(w->db, err);
    if (code == STATUS_OK)
        code = meta_int(w, "SELECT max(id) FROM term", &w->last_term, err);
    w->first_new_term = w->last_term + 1;
    static const char *const totals[] = {"SELECT value FROM meta WHERE key='statements'",
                                         "SELECT value FROM meta WHERE key='terms'",
                                         "SELECT value FROM meta WHERE key='literals'",
                                         "SELECT value FROM meta WHERE key='labels'",
                                         "SELECT value FROM meta WHERE key='passages'",
                                         "SELECT value FROM meta WHERE key='last_label'",
                                         "SELECT value FROM meta WHERE key='labels_gone'",
                                         "SELECT value FROM meta WHERE key='later_gone'"};
    int64_t *const values[] = {&w->statements, &w->terms,      &w->literals,    &w->labels,
                               &w->passages,   &w->last_label, &w->labels_gone, &w->later_gone};
    for (size_t i = 0; i < CORE_COUNT(totals) && code == STATUS_OK; i++)
        code = meta_int(w, totals[i], values[i], err);
    if (code == STATUS_OK)
        code = load_sources(w, err);
    if (code == STATUS_OK)
        code = kg_db_find_term(w->db, rdf_type, kg_term_hash(rdf_type), &type_id, err);
    w->type = type_id;
    return code;
}

static status add_statement(void *context, const kg_new_statement *st, error *err);

status kg_write_begin(kg_store *store, kg_write **out, error *err)
{
    if (store->options.read_only)
        return error_set(err, STATUS_DENIED, "%s: was opened for reading only", store->path);
    kg_write *w = calloc(1, sizeof *w);
    if (w == NULL)
        return error_memory(err);
    w->store = store;
    w->source = SIZE_MAX;
    w->lock = -1;
    w->now = clock_unix_seconds();
    w->dict = kg_dict_new();
    w->strings = arena_new(0);
    w->intake = kg_intake_new(add_statement, w);
    status code =
        w->dict == NULL || w->strings == NULL || w->intake == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK && store->options.create)
        code = kg_bulk_begin(w, err);
    char copy[4096];
    if (code == STATUS_OK && !w->bulk)
        code = kg_db_open_verified(store->path, KG_DB_WRITE, store->options.wait_ms, copy,
                                   sizeof copy, &w->db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(w->db, w->bulk ? "BEGIN" : "BEGIN IMMEDIATE", err);
    if (code == STATUS_OK)
        code = load_state(w, err);
    if (code != STATUS_OK) {
        kg_bulk_rollback(w);
        free_write(w);
        return code;
    }
    *out = w;
    return STATUS_OK;
}

void kg_write_rollback(kg_write *write)
{
    if (write == NULL)
        return;
    kg_intake_free(write->intake);
    write->intake = NULL;
    for (size_t i = 0; i < KG_DB_CACHE && write->db != NULL; i++)
        if (write->db->cache[i].stmt != NULL)
            sqlite3_reset(write->db->cache[i].stmt);
    if (!write->bulk && write->db != NULL)
        sqlite3_exec(write->db->handle, "ROLLBACK", NULL, NULL, NULL);
    kg_bulk_rollback(write);
    free_write(write);
}

/* --- sources
 * -------------------------------------------------------------------------------------- */
static status add_load(kg_write *w, int64_t source, int64_t recorded_at, size_t *out, error *err)
{
    for (size_t i = w->load_count; i-- > 0;) {
        if (w->loads[i].source == source && w->loads[i].recorded_at == recorded_at) {
            *out = i;
            return STATUS_OK;
        }
    }
    if (!kg_grow(&w->loads, w->load_count, &w->load_capacity, sizeof *w->loads))
        return error_memory(err);
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "INSERT INTO load VALUES(?1,?2,?3,0,0)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    kg_load load = {.id = ++w->last_load, .source = source, .recorded_at = recorded_at};
    sqlite3_bind_int64(stmt, 1, load.id);
    sqlite3_bind_int64(stmt, 2, source);
    sqlite3_bind_int64(stmt, 3, recorded_at);
    w->loads[w->load_count] = load;
    *out = w->load_count++;
    return kg_db_run(w->db, stmt, err);
}

static status find_source(kg_write *w, str name, int64_t *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT id FROM source WHERE name=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    kg_db_bind_str(stmt, 1, name);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(w->db, code, "source", err);
}

static status put_source(kg_write *w, kg_source_state *source, str format, double authority,
                         error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        w->db,
        source->existed ? "UPDATE source SET format=?2, authority=?3, loaded_at=?4 WHERE name=?1"
                        : "INSERT INTO source(name,format,authority,loaded_at,statements) "
                          "VALUES(?1,?2,?3,?4,0)",
        err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    kg_db_bind_str(stmt, 1, source->name);
    kg_db_bind_str(stmt, 2, format);
    sqlite3_bind_double(stmt, 3, authority);
    sqlite3_bind_int64(stmt, 4, w->now);
    status code = kg_db_run(w->db, stmt, err);
    if (code == STATUS_OK && !source->existed)
        source->id = sqlite3_last_insert_rowid(w->db->handle);
    return code;
}

status kg_write_source(kg_write *write, str name, str format, double authority, error *err)
{
    kg_write *w = write;
    status code = kg_intake_drain(w->intake, err);
    if (code != STATUS_OK)
        return code;
    (void)snprintf(w->scope, sizeof w->scope, "b%08x_", (unsigned)(str_hash(name, 0) >> 32));
    for (size_t i = 0; i < w->source_count; i++) {
        if (str_equal(w->sources[i].name, name)) {
            w->source = i;
            return STATUS_OK;
        }
    }
    if (str_empty(name))
        return error_set(err, STATUS_USAGE, "a source needs a name");
    if (!(authority >= 0 && authority <= 1))
        return error_set(err, STATUS_USAGE, "the authority of a source lies between 0 and 1");
    if (!kg_grow(&w->sources, w->source_count, &w->source_capacity, sizeof *w->sources))
        return error_memory(err);
    kg_source_state source = {.name = arena_str(w->strings, name)};
    code = find_source(w, name, &source.id, err);
    source.existed = source.id != 0;
    if (code == STATUS_OK)
        code = put_source(w, &source, format, authority, err);
    if (code == STATUS_OK) {
        w->source = w->source_count;
        w->sources[w->source_count++] = source;
    }
    return code;
}

/* --- statements
 * ------------------------------------------------------------------------------------ */
static bool is_scoped(str label)
{
    if (label.length < 11 || label.data[0] != 'b' || label.data[9] != '_')
        return false;
    for (size_t i = 1; i < 9; i++)
        if (strchr("0123456789abcdef", label.data[i]) == NULL)
            return false;
    return true;
}

/* A blank node is its source's own: its label carries the source, unless it does so already (it
 * comes from an export). */
static size_t add_term(kg_write *w, kg_term term, uint8_t flags)
{
    char small[256];
    size_t scope = strlen(w->scope);
    if (term.kind == KG_TERM_BLANK && !is_scoped(term.lexical)) {
        size_t length = scope + term.lexical.length;
        char *text = length <= sizeof small ? small : arena_alloc(w->strings, length);
        if (text == NULL)
            return SIZE_MAX;
        memcpy(text, w->scope, scope);
        if (term.lexical.length > 0)
            memcpy(text + scope, term.lexical.data, term.lexical.length);
        term.lexical = str_make(text, length);
    }
    size_t index = kg_dict_add(w->dict, term);
    if (index != SIZE_MAX && flags != 0)
        kg_dict_at(w->dict, index)->flags |= flags;
    return index;
}

static status add_qualifiers(kg_write *w, const kg_new_statement *st, uint64_t *out, error *err)
{
    uint64_t(*pairs)[2] = malloc(st->qualifier_count * sizeof *pairs);
    uint32_t(*terms)[2] = malloc(st->qualifier_count * sizeof *terms);
    status code = pairs == NULL || terms == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < st->qualifier_count && code == STATUS_OK; i++) {
        size_t p = add_term(w, st->qualifiers[i].predicate, 0);
        size_t o = add_term(w, st->qualifiers[i].object, 0);
        if (p == SIZE_MAX || o == SIZE_MAX) {
            code = error_memory(err);
            break;
        }
        pairs[i][0] = kg_dict_at(w->dict, p)->hash;
        pairs[i][1] = kg_dict_at(w->dict, o)->hash;
        terms[i][0] = (uint32_t)p;
        terms[i][1] = (uint32_t)o;
    }
    if (code == STATUS_OK)
        code = kg_flush_terms(w, err);
    if (code == STATUS_OK)
        *out = kg_qualifiers_hash(pairs, st->qualifier_count);
    sqlite3_stmt *stmt =
        code == STATUS_OK
            ? kg_db_stmt(w->db, "INSERT OR IGNORE INTO qualifier VALUES(?1,?2,?3)", err)
            : NULL;
    for (size_t i = 0; i < st->qualifier_count && stmt != NULL && code == STATUS_OK; i++) {
        sqlite3_bind_int64(stmt, 1, (int64_t)*out);
        sqlite3_bind_int64(stmt, 2, kg_dict_at(w->dict, terms[i][0])->id);
        sqlite3_bind_int64(stmt, 3, kg_dict_at(w->dict, terms[i][1])->id);
        code = kg_db_run(w->db, stmt, err);
    }
    free(pairs);
    free(terms);
    return code;
}

static bool same_attribute(const kg_attribute *a, const kg_attribute *b)
{
    return a->load == b->load && a->g == b->g && a->from == b->from && a->to == b->to &&
           a->qualifiers == b->qualifiers && memcmp(&a->confidence, &b->confidence, 4) == 0;
}

/* Statements that follow one another mostly share their attribute: look back a little. */
static status attribute_number(kg_write *w, const kg_attribute *attribute, uint32_t *out,
                               error *err)
{
    size_t last = w->attribute_count;
    for (size_t i = 0; i < 8 && i < last; i++) {
        if (same_attribute(&w->attributes[last - 1 - i], attribute)) {
            *out = (uint32_t)(last - 1 - i);
            return STATUS_OK;
        }
    }
    if (last >= UINT32_MAX ||
        !kg_grow(&w->attributes, last, &w->attribute_capacity, sizeof *w->attributes))
        return error_memory(err);
    w->attributes[w->attribute_count++] = *attribute;
    *out = (uint32_t)last;
    return STATUS_OK;
}

static status check_statement(const kg_write *w, const kg_new_statement *st, error *err)
{
    if (w->source == SIZE_MAX)
        return error_set(err, STATUS_USAGE, "a statement needs a source");
    if (st->p.kind != KG_TERM_IRI)
        return error_set(err, STATUS_INVALID, "the predicate of a statement is an IRI");
    if (st->s.kind != KG_TERM_IRI && st->s.kind != KG_TERM_BLANK)
        return error_set(err, STATUS_INVALID, "the subject of a statement is no literal");
    if (st->g.kind == KG_TERM_LITERAL)
        return error_set(err, STATUS_INVALID, "the graph name of a statement is no literal");
    if (st->o.kind < KG_TERM_IRI || st->o.kind > KG_TERM_LITERAL)
        return error_set(err, STATUS_INVALID, "a statement needs an object");
    if (st->valid_from != CLOCK_DAY_UNKNOWN && st->valid_to != CLOCK_DAY_UNKNOWN &&
        st->valid_to <= st->valid_from)
        return error_set(err, STATUS_INVALID, "a statement's validity ends before it begins");
    if (st->confidence > 1)
        return error_set(err, STATUS_INVALID, "the confidence of a statement is above 1");
    return STATUS_OK;
}

/* Gives the terms their numbers and lets the statement wait for its batch. */
static status add_statement(void *context, const kg_new_statement *st, error *err)
{
    kg_write *w = context;
    status code = STATUS_OK;
    kg_attribute attribute = {.from = st->valid_from,
                              .to = st->valid_to,
                              .confidence = st->confidence >= 0 ? st->confidence : -1};
    size_t load = 0;
    code = add_load(w, w->sources[w->source].id, st->recorded_at == 0 ? w->now : st->recorded_at,
                    &load, err);
    if (code == STATUS_OK && st->qualifier_count > 0)
        code = add_qualifiers(w, st, &attribute.qualifiers, err);
    if (code != STATUS_OK)
        return code;
    size_t g = st->g.kind == 0 ? 0 : add_term(w, st->g, 0);
    size_t s = add_term(w, st->s, KG_DICT_NODE), p = add_term(w, st->p, KG_DICT_NODE),
           o = add_term(w, st->o, KG_DICT_NODE);
    if (s == SIZE_MAX || p == SIZE_MAX || o == SIZE_MAX || g == SIZE_MAX ||
        !kg_grow(&w->pending, w->pending_count, &w->pending_capacity, sizeof *w->pending))
        return error_memory(err);
    attribute.load = (uint32_t)load;
    attribute.g = st->g.kind == 0 ? 0 : (uint32_t)g + 1;
    kg_pending pending = {(uint32_t)s, (uint32_t)p, (uint32_t)o, 0,
                          st->line > UINT32_MAX ? 0 : (uint32_t)st->line};
    code = attribute_number(w, &attribute, &pending.attribute, err);
    if (code != STATUS_OK)
        return code;
    w->pending[w->pending_count++] = pending;
    return w->pending_count >= (w->bulk && !w->built ? PENDING_BULK : PENDING_MOST)
               ? kg_flush(w, err)
               : STATUS_OK;
}

status kg_write_add(kg_write *write, const kg_new_statement *st, error *err)
{
    status code = check_statement(write, st, err);
    if (code != STATUS_OK)
        return code;
    if (st->qualifier_count == 0)
        return kg_intake_put(write->intake, st, err);
    code = kg_intake_drain(write->intake, err);
    return code == STATUS_OK ? add_statement(write, st, err) : code;
}

status kg_write_label(kg_write *write, kg_term term, kg_label_kind kind, str text, str lang,
                      error *err)
{
    kg_write *w = write;
    if (w->source == SIZE_MAX || text.length == 0)
        return error_set(err, STATUS_USAGE, "a label needs a source and a text");
    kg_term literal = {.kind = KG_TERM_LITERAL, .lexical = text, .lang = lang};
    status code = kg_intake_drain(w->intake, err);
    if (code != STATUS_OK)
        return code;
    size_t t = add_term(w, term, KG_DICT_NODE), l = add_term(w, literal, 0), load = 0;
    if (t == SIZE_MAX || l == SIZE_MAX)
        return error_memory(err);
    code = add_load(w, w->sources[w->source].id, w->now, &load, err);
    if (code == STATUS_OK)
        code = kg_flush_terms(w, err);
    sqlite3_stmt *stmt =
        code == STATUS_OK ? kg_db_stmt(w->db, "INSERT OR IGNORE INTO name VALUES(?1,?2,?3,?4)", err)
                          : NULL;
    if (stmt == NULL)
        return code == STATUS_OK ? STATUS_CORRUPT : code;
    kg_id id = kg_dict_at(w->dict, t)->id;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    sqlite3_bind_int(stmt, 2, (int)kind);
    sqlite3_bind_int64(stmt, 3, kg_dict_at(w->dict, l)->id);
    sqlite3_bind_int64(stmt, 4, w->loads[load].id);
    if (!kg_id_set_add(&w->touched, id))
        return error_memory(err);
    return kg_db_run(w->db, stmt, err);
}

bool kg_meta_is_own(str key)
{
    static const char *const own[] = {"uuid",       "version",     "statements", "terms",
                                      "literals",   "labels",      "passages",   "last_row",
                                      "last_label", "labels_gone", "later_gone"};
    for (size_t i = 0; i < CORE_COUNT(own); i++)
        if (str_equal(key, str_from(own[i])))
            return true;
    return str_starts(key, STR("base_"));
}

status kg_write_meta(kg_write *write, str key, str value, error *err)
{
    if (kg_meta_is_own(key))
        return error_set(err, STATUS_USAGE, "the graph keeps '%.*s' itself", STR_ARG(key));
    status code = kg_intake_drain(write->intake, err);
    if (code != STATUS_OK)
        return code;
    sqlite3_stmt *stmt = kg_db_stmt(write->db, "INSERT OR REPLACE INTO meta VALUES(?1,?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    kg_db_bind_str(stmt, 1, key);
    kg_db_bind_str(stmt, 2, value);
    return kg_db_run(write->db, stmt, err);
}

status kg_write_delete_source(kg_write *write, str name, error *err)
{
    int64_t source = 0;
    status code = kg_intake_drain(write->intake, err);
    if (code == STATUS_OK)
        code = kg_flush(write, err);
    if (code == STATUS_OK)
        code = find_source(write, name, &source, err);
    if (code == STATUS_OK && source == 0)
        return error_set(err, STATUS_NOT_FOUND,
                         "the graph has no source '%.*s'; 'vouch graph sources' lists them",
                         STR_ARG(name));
    for (size_t i = 0; i < write->source_count; i++)
        if (write->sources[i].id == source)
            return error_set(err, STATUS_USAGE, "a source is written and deleted in one go");
    return code == STATUS_OK ? kg_remove_source(write, source, err) : code;
}

/* --- the end
 * ------------------------------------------------------------------------------------------ */
static status put_sources(kg_write *w, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < w->source_count && code == STATUS_OK; i++) {
        sqlite3_stmt *stmt =
            kg_db_stmt(w->db, "UPDATE source SET statements=statements+?2 WHERE id=?1", err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, w->sources[i].id);
        sqlite3_bind_int64(stmt, 2, w->sources[i].delta);
        code = kg_db_run(w->db, stmt, err);
    }
    for (size_t i = 0; i < w->load_count && code == STATUS_OK; i++) {
        sqlite3_stmt *stmt =
            kg_db_stmt(w->db, "UPDATE load SET first_n=?2, last_n=?3 WHERE id=?1", err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, w->loads[i].id);
        sqlite3_bind_int64(stmt, 2, w->loads[i].first_n);
        sqlite3_bind_int64(stmt, 3, w->loads[i].last_n);
        code = kg_db_run(w->db, stmt, err);
    }
    return code;
}

static status finish(kg_write *w, error *err)
{
    status code = kg_intake_drain(w->intake, err);
    if (code == STATUS_OK)
        code = kg_flush(w, err);
    if (code == STATUS_OK)
        code = kg_flush_terms(w, err);
    if (code == STATUS_OK)
        code = put_sources(w, err);
    if (code == STATUS_OK)
        code = kg_remove_unsaid(w, err);
    if (code == STATUS_OK)
        code = kg_derive(w, err);
    w->report.statements = (uint64_t)w->statements;
    return code;
}

status kg_write_commit(kg_write *write, kg_write_report *out, error *err)
{
    status code = finish(write, err);
    if (code == STATUS_OK)
        code = kg_db_exec(write->db, "COMMIT", err);
    if (code == STATUS_OK && write->bulk)
        code = kg_bulk_commit(write, err);
    if (code != STATUS_OK) {
        kg_write_rollback(write);
        return code;
    }
    if (out != NULL)
        *out = write->report;
    if (write->bulk) {
        free_write(write);
        return STATUS_OK;
    }
    /* What readers still need stays in the log; the next commit tries again. */
    sqlite3_busy_timeout(write->db->handle, 0);
    sqlite3_wal_checkpoint_v2(write->db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    free_write(write);
    return STATUS_OK;
}

status kg_write_dry_run(kg_write *write, kg_write_report *out, error *err)
{
    status code = finish(write, err);
    if (code == STATUS_OK && out != NULL)
        *out = write->report;
    kg_write_rollback(write);
    return code;
}
