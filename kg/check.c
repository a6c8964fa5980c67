/* The check of every invariant: the file, terms and rows here, lists and statistics in
 * check_lists.c, names in check_names.c. See store.h. Damage of any kind is told, never followed:
 * numbers out of the file are looked up, not used as places in memory. */
#include "kg/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "kg/order.h"
#include "kg/statement_id.h"
#include "kg/write.h"

void kg_violated(kg_checking *c, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->violations++;
    if (c->report != NULL && c->violations <= 100)
        c->report(c->context, text);
}

void kg_violated_count(kg_checking *c, const char *what, uint64_t count)
{
    if (count > 0)
        kg_violated(c, "%s: %llu", what, (unsigned long long)count);
}

void kg_check_rule(kg_checking *c, const char *what, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(c->db->handle, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        kg_violated_count(c, what, (uint64_t)sqlite3_column_int64(stmt, 0));
    else
        kg_violated(c, "cannot check: %s", what);
    sqlite3_finalize(stmt);
}

status kg_check_each(kg_checking *c, void *context, const char *sql, kg_check_take *take,
                     error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(c->db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        take(context, stmt);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(c->db, code, "check", err);
}

/* Rules as queries: each gives the number of rows that break it. */
static const struct {
    const char *what, *sql;
} rules[] = {
    {"further origins of statements that are not there",
     "SELECT count(*) FROM origin o LEFT JOIN statement st ON st.n=o.statement LEFT JOIN load l ON "
     "l.id=o.load WHERE st.n IS NULL OR l.id IS NULL"},
    {"statements with one source twice",
     "SELECT count(*) FROM (SELECT 1 FROM origin o JOIN statement st ON st.n=o.statement JOIN load "
     "a ON a.id=o.load JOIN load b ON b.id=st.load WHERE a.source=b.source)"},
    {"sources whose number of statements is wrong",
     "WITH said AS (SELECT load, count(*) AS k FROM statement GROUP BY load UNION ALL SELECT load, "
     "count(*) FROM origin GROUP BY load) SELECT count(*) FROM source s WHERE s.statements<>"
     "(SELECT total(k) FROM load l JOIN said ON said.load=l.id WHERE l.source=s.id)"},
    {"qualifiers that are not there",
     "SELECT count(*) FROM statement WHERE qualifiers IS NOT NULL AND qualifiers NOT IN (SELECT "
     "list FROM qualifier)"},
    {"literals with an unknown datatype",
     "SELECT count(*) FROM term WHERE datatype IS NOT NULL AND datatype NOT IN (SELECT id FROM "
     "datatype)"},
    {"totals: statements",
     "SELECT (SELECT count(*) FROM statement)<>(SELECT value FROM meta WHERE key='statements')+0"},
    {"totals: terms",
     "SELECT (SELECT count(*) FROM term)<>(SELECT value FROM meta WHERE key='terms')+0"},
    {"totals: labels",
     "SELECT (SELECT count(*) FROM label)<>(SELECT value FROM meta WHERE key='labels')+0"},
};

static status check_file(kg_checking *c, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(c->db, "PRAGMA integrity_check(20)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (text != NULL && strcmp(text, "ok") != 0)
            kg_violated(c, "%s", text);
    }
    if (code != SQLITE_DONE)
        kg_violated(c, "%s", sqlite3_errmsg(c->db->handle));
    sqlite3_reset(stmt);
    return STATUS_OK;
}

/* --- terms ----------------------------------------------------------------------------------- */
static status make_room(kg_checking *c, error *err)
{
    int64_t most = 0;
    status code = kg_db_int(c->db, "SELECT max(id) FROM term", 0, &most, err);
    if (code != STATUS_OK)
        return code;
    if (most < 0 || most > UINT32_MAX) {
        kg_violated(c, "terms with a number out of range: 1");
        most = 0;
    }
    c->terms = (size_t)most + 1;
    c->hashes = calloc(c->terms, sizeof *c->hashes);
    c->kinds = calloc(c->terms, sizeof *c->kinds);
    return c->hashes == NULL || c->kinds == NULL ? error_memory(err) : STATUS_OK;
}

/* Is the value in hand, of the term in hand, what the literal says? Goes to the next one then. */
static bool value_fits(sqlite3_stmt *values, int *code, kg_term term, int64_t id, uint64_t *orphans)
{
    while (*code == SQLITE_ROW && sqlite3_column_int64(values, 0) < id) {
        ++*orphans;
        *code = sqlite3_step(values);
    }
    bool there = *code == SQLITE_ROW && sqlite3_column_int64(values, 0) == id;
    kg_value value = {.kind = KG_VALUE_NONE};
    if (term.kind == KG_TERM_LITERAL)
        value = kg_value_of(term);
    if (!there)
        return value.kind == KG_VALUE_NONE;
    double low = sqlite3_column_double(values, 2), high = sqlite3_column_double(values, 3);
    const char *unit = (const char *)sqlite3_column_text(values, 4);
    bool fits = sqlite3_column_int(values, 1) == (int)value.kind &&
                memcmp(&low, &value.low, sizeof low) == 0 &&
                memcmp(&high, &value.high, sizeof high) == 0 &&
                str_equal(str_from(unit == NULL ? "" : unit), value.unit);
    *code = sqlite3_step(values);
    return fits;
}

static str column(sqlite3_stmt *stmt, int index)
{
    const char *text = (const char *)sqlite3_column_text(stmt, index);
    return str_make(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, index));
}

static status read_terms(kg_checking *c, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(c->db,
                   "SELECT t.id, t.kind, t.lexical, d.iri, t.lang FROM term t LEFT "
                   "JOIN datatype d ON d.id=t.datatype ORDER BY t.id",
                   err);
    sqlite3_stmt *values =
        kg_db_stmt(c->db, "SELECT term, kind, low, high, unit FROM term_value ORDER BY term", err);
    if (stmt == NULL || values == NULL)
        return STATUS_CORRUPT;
    uint64_t kinds = 0, wrong = 0, orphans = 0;
    int code, value = sqlite3_step(values);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        int kind = sqlite3_column_int(stmt, 1);
        if (id < 1 || (size_t)id >= c->terms || kind < KG_TERM_IRI || kind > KG_TERM_LITERAL) {
            kinds++;
            continue;
        }
        kg_term term = {(kg_term_kind)kind, column(stmt, 2), column(stmt, 3), column(stmt, 4)};
        int label = kind == KG_TERM_IRI ? kg_label_predicate(term.lexical) : 0;
        c->hashes[id] = kg_term_hash(term);
        c->kinds[id] = (uint8_t)(kind | (label == KG_LABEL_PRIMARY ? KG_CHECK_LABEL
                                         : label != 0              ? KG_CHECK_ALIAS
                                                                   : 0));
        wrong += !value_fits(values, &value, term, id, &orphans);
    }
    for (; value == SQLITE_ROW; value = sqlite3_step(values))
        orphans++;
    sqlite3_reset(stmt);
    sqlite3_reset(values);
    kg_violated_count(c, "terms of no kind", kinds);
    kg_violated_count(c, "literals whose comparable value (term_value) is wrong", wrong);
    kg_violated_count(c, "values (term_value) of terms that are not there", orphans);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(c->db, code, "check", err);
}

unsigned kg_check_kind(const kg_checking *c, uint64_t term)
{
    return term < c->terms ? c->kinds[term] & KG_CHECK_KIND : 0;
}

static uint64_t hash_of(const kg_checking *c, uint64_t term)
{
    return term < c->terms ? c->hashes[term] : 0;
}

/* --- rows ------------------------------------------------------------------------------------ */
typedef struct row_faults {
    uint64_t subject, predicate, object, graph, validity, confidence, id, number;
} row_faults;

static void check_row(const kg_checking *c, const kg_row *row, row_faults *f)
{
    const kg_statement *st = &row->statement;
    unsigned s = kg_check_kind(c, st->s);
    kg_statement_key key = {.s = hash_of(c, st->s),
                            .p = hash_of(c, st->p),
                            .o = hash_of(c, st->o),
                            .g = hash_of(c, st->g),
                            .valid_from = st->valid_from,
                            .valid_to = st->valid_to,
                            .qualifiers = row->qualifiers};
    f->subject += s != KG_TERM_IRI && s != KG_TERM_BLANK;
    f->predicate += kg_check_kind(c, st->p) != KG_TERM_IRI;
    f->object += kg_check_kind(c, st->o) == 0;
    f->graph += st->g != 0 && kg_check_kind(c, st->g) == 0;
    f->validity += st->valid_from != CLOCK_DAY_UNKNOWN && st->valid_to != CLOCK_DAY_UNKNOWN &&
                   st->valid_to <= st->valid_from;
    f->confidence += !(st->confidence >= 0 && st->confidence <= 1);
    f->id += kg_statement_id_of(&key) != st->id;
    f->number +=
        row->n < 1 || row->n > UINT32_MAX || (row->n < KG_LATER && row->n > c->db->base_rows);
}

static void tell_rows(kg_checking *c, const row_faults *f)
{
    kg_violated_count(c, "statements with a subject that is no IRI or blank node of the dictionary",
                      f->subject);
    kg_violated_count(c, "statements with a predicate that is no IRI of the dictionary",
                      f->predicate);
    kg_violated_count(c, "statements with an object that the dictionary lacks", f->object);
    kg_violated_count(c, "statements with a graph name that the dictionary lacks", f->graph);
    kg_violated_count(c, "statements whose validity ends before it begins", f->validity);
    kg_violated_count(c, "confidences outside 0..1", f->confidence);
    kg_violated_count(c, "statements whose id is not that of their key", f->id);
    kg_violated_count(c, "statements with a number out of range", f->number);
}

static bool add_row(kg_checking *c, const kg_row *row)
{
    if (row->n < 1 || row->n > UINT32_MAX)
        return true;
    if (!kg_grow(&c->rows, c->row_count, &c->row_capacity, sizeof *c->rows))
        return false;
    c->rows[c->row_count++] =
        (kg_check_row){(uint32_t)row->n, (uint32_t)row->statement.s, (uint32_t)row->statement.p,
                       (uint32_t)row->statement.o, row->statement.id};
    return true;
}

static status check_twice(kg_checking *c, error *err)
{
    uint64_t twice = 0;
    kg_ordered *ids = malloc((c->row_count + 1) * sizeof *ids);
    for (size_t i = 0; i < c->row_count && ids != NULL; i++)
        ids[i] = (kg_ordered){c->rows[i].id, 0};
    if (ids == NULL || !kg_order(ids, c->row_count)) {
        free(ids);
        return error_memory(err);
    }
    for (size_t i = 1; i < c->row_count; i++)
        twice += ids[i].key == ids[i - 1].key;
    free(ids);
    kg_violated_count(c, "statements that are there twice", twice);
    return STATUS_OK;
}

typedef struct load_range {
    int64_t id, first, last;
} load_range;

typedef struct load_ranges { /* of loads that have a source */
    load_range *items;
    size_t count, capacity, last;
} load_ranges;

static status read_loads(kg_checking *c, load_ranges *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(c->db,
                                    "SELECT l.id, l.first_n, l.last_n FROM load l JOIN source s ON "
                                    "s.id=l.source ORDER BY l.id",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!kg_grow(&out->items, out->count, &out->capacity, sizeof *out->items)) {
            sqlite3_reset(stmt);
            return error_memory(err);
        }
        out->items[out->count++] =
            (load_range){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                         sqlite3_column_int64(stmt, 2)};
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(c->db, code, "check", err);
}

static bool in_load(load_ranges *l, const kg_row *row)
{
    if (l->last >= l->count || l->items[l->last].id != row->load)
        for (l->last = 0; l->last < l->count && l->items[l->last].id != row->load; l->last++)
            continue;
    return l->last < l->count && row->n >= l->items[l->last].first &&
           row->n <= l->items[l->last].last;
}

static status read_rows(kg_checking *c, load_ranges *ranges, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(c->db, "SELECT " KG_STATEMENT_COLUMNS " FROM statement ORDER BY n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    row_faults faults = {0};
    uint64_t loads = 0;
    int code;
    bool room = true;
    while (room && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_row row;
        kg_row_of(stmt, &row);
        check_row(c, &row, &faults);
        loads += !in_load(ranges, &row);
        room = add_row(c, &row);
    }
    sqlite3_reset(stmt);
    if (!room)
        return error_memory(err);
    tell_rows(c, &faults);
    kg_violated_count(c, "statements without a source, or outside the range of their load", loads);
    return code == SQLITE_DONE ? check_twice(c, err) : kg_db_error(c->db, code, "check", err);
}

size_t kg_check_find(const kg_checking *c, uint64_t n)
{
    if (n > 0 && n <= c->row_count && c->rows[n - 1].n == n)
        return n - 1;
    size_t low = 0, high = c->row_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->rows[middle].n < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->row_count && c->rows[low].n == n ? low : SIZE_MAX;
}

/* --- all ------------------------------------------------------------------------------------- */
static status check_all(kg_checking *c, error *err)
{
    load_ranges ranges = {0};
    status code = check_file(c, err);
    for (size_t i = 0; i < CORE_COUNT(rules) && code == STATUS_OK; i++)
        kg_check_rule(c, rules[i].what, rules[i].sql);
    if (code == STATUS_OK)
        code = make_room(c, err);
    if (code == STATUS_OK)
        code = read_terms(c, err);
    if (code == STATUS_OK)
        code = read_loads(c, &ranges, err);
    if (code == STATUS_OK)
        code = read_rows(c, &ranges, err);
    free(ranges.items);
    if (code == STATUS_OK)
        code = kg_check_lists(c, err);
    if (code == STATUS_OK)
        code = kg_check_statistics(c, err);
    return code == STATUS_OK ? kg_check_names(c, err) : code;
}

status kg_check(kg_store *store, kg_check_report report, void *context, error *err)
{
    kg_checking c = {.store = store, .report = report, .context = context};
    error cause = {0};
    status code = kg_read_begin(store, &c.read, err);
    if (code != STATUS_OK)
        return code;
    c.db = c.read->db;
    code = check_all(&c, &cause);
    kg_read_end(c.read);
    free(c.rows);
    free(c.hashes);
    free(c.kinds);
    if (code == STATUS_CORRUPT) /* what it could not read it has told */
        kg_violated(&c, "%s", cause.message);
    else if (code != STATUS_OK)
        return error_set(err, code, "%s: %s", store->path, cause.message);
    if (c.violations > 0)
        return error_set(err, STATUS_CORRUPT, "%s: %zu rules are broken", store->path,
                         c.violations);
    return STATUS_OK;
}
