/* Patterns over the packed lists: the bound positions of a pattern choose the list, whose rows are
 * then read and compared, because a list may name rows that are gone. See store.h. */
#include <stdlib.h>

#include "kg/internal.h"
#include "kg/later.h"

bool kg_rows_add(kg_rows *rows, const kg_statement *statement)
{
    if (rows->count == rows->capacity) {
        size_t wider = rows->capacity == 0 ? 32 : rows->capacity * 2;
        kg_statement *items = realloc(rows->items, wider * sizeof *items);
        if (items == NULL)
            return false;
        rows->items = items;
        rows->capacity = wider;
    }
    rows->items[rows->count++] = *statement;
    return true;
}

static clock_day day_of(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL
               ? CLOCK_DAY_UNKNOWN
               : (clock_day)sqlite3_column_int(stmt, column);
}

void kg_row_of(sqlite3_stmt *stmt, kg_row *out)
{
    bool stated = sqlite3_column_type(stmt, 11) != SQLITE_NULL;
    *out =
        (kg_row){.statement = {.s = (kg_id)sqlite3_column_int64(stmt, 1),
                               .p = (kg_id)sqlite3_column_int64(stmt, 2),
                               .o = (kg_id)sqlite3_column_int64(stmt, 3),
                               .id = (kg_statement_id)sqlite3_column_int64(stmt, 6),
                               .g = (kg_id)sqlite3_column_int64(stmt, 7),
                               .valid_from = day_of(stmt, 8),
                               .valid_to = day_of(stmt, 9),
                               .confidence = stated ? (float)sqlite3_column_double(stmt, 11) : 1},
                 .n = sqlite3_column_int64(stmt, 0),
                 .load = sqlite3_column_int64(stmt, 4),
                 .line = sqlite3_column_int64(stmt, 5),
                 .qualifiers = (uint64_t)sqlite3_column_int64(stmt, 10),
                 .stated = stated};
}

/* --- rows of the base and of later loads ----------------------------------------------------- */
#define ROWS "SELECT " KG_STATEMENT_COLUMNS " FROM statement "

typedef struct matching {
    kg_db *db;
    kg_id s, p, o;
    kg_row_visit visit;
    void *context;
    bool stopped;
    status code;
    error *err;
} matching;

/* Visits the rows that a bound statement gives, but for those that differ in p or o. */
static status visit_rows(matching *m, sqlite3_stmt *stmt)
{
    int code = SQLITE_DONE;
    while (!m->stopped && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_row row;
        kg_row_of(stmt, &row);
        if ((m->s == KG_ANY || row.statement.s == m->s) &&
            (m->p == KG_ANY || row.statement.p == m->p) &&
            (m->o == KG_ANY || row.statement.o == m->o))
            m->stopped = !m->visit(m->context, &row);
    }
    kg_db_give(m->db, stmt);
    return m->stopped || code == SQLITE_DONE ? STATUS_OK
                                             : kg_db_error(m->db, code, "match", m->err);
}

/* The first row in [first, end) that is not before (p, o): subjects' rows lie in that order. */
static status seek(matching *m, kg_id p, kg_id o, int64_t *first, int64_t end)
{
    int64_t low = *first, high = end;
    while (high - low > 16) {
        int64_t middle = low + (high - low) / 2;
        sqlite3_stmt *stmt = kg_db_stmt(
            m->db, "SELECT p, o FROM statement WHERE n>=?1 AND n<?2 ORDER BY n LIMIT 1", m->err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, middle);
        sqlite3_bind_int64(stmt, 2, high);
        bool before = false;
        if (sqlite3_step(stmt) == SQLITE_ROW) {
            kg_id row_p = (kg_id)sqlite3_column_int64(stmt, 0);
            kg_id row_o = (kg_id)sqlite3_column_int64(stmt, 1);
            before = row_p < p || (row_p == p && row_o < o);
        }
        sqlite3_reset(stmt);
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    return STATUS_OK;
}

/* The rows [first, end) are one subject's, in the order (p, o). */
static status match_range(matching *m, int64_t first, int64_t end)
{
    int64_t last = end;
    status code = STATUS_OK;
    if (m->p != KG_ANY) {
        code = seek(m, m->p, m->o, &first, end);
        last = first;
        if (code == STATUS_OK)
            code = seek(m, m->o == KG_ANY ? m->p + 1 : m->p, m->o == KG_ANY ? 0 : m->o + 1, &last,
                        end);
        last = last + 16 < end ? last + 16 : end;
    }
    sqlite3_stmt *stmt = code == STATUS_OK
                             ? kg_db_take(m->db, ROWS "WHERE n>=?1 AND n<?2 ORDER BY n", m->err)
                             : NULL;
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, last);
    return visit_rows(m, stmt);
}

static status match_base_out(matching *m)
{
    int64_t first, end;
    status code = kg_base_out(m->db, m->s, &first, &end, m->err);
    return code != STATUS_OK || first >= end ? code : match_range(m, first, end);
}

static bool visit_group(void *context, const kg_base_group *group)
{
    matching *m = context;
    for (size_t i = 0; i < group->count && !m->stopped && m->code == STATUS_OK; i++) {
        kg_row row = {.n = 0};
        sqlite3_stmt *stmt = kg_db_stmt(m->db, ROWS "WHERE n=?1", m->err);
        if (stmt == NULL) {
            m->code = STATUS_CORRUPT;
            break;
        }
        sqlite3_bind_int64(stmt, 1, group->rows[i]);
        int code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            kg_row_of(stmt, &row);
        else if (code != SQLITE_DONE)
            m->code = kg_db_error(m->db, code, "match", m->err);
        sqlite3_reset(stmt);
        if (row.n != 0 && row.statement.p == group->p &&
            (m->s == KG_ANY || row.statement.s == m->s) &&
            (m->o == KG_ANY || row.statement.o == m->o))
            m->stopped = !m->visit(m->context, &row);
    }
    return !m->stopped && m->code == STATUS_OK;
}

static status match_base(matching *m)
{
    status code = STATUS_OK;
    if (m->s != KG_ANY) {
        code = match_base_out(m);
    } else if (m->o != KG_ANY) {
        code = kg_base_in(m->db, m->o, m->p, false, visit_group, m, m->err);
    } else if (m->p != KG_ANY) {
        code = kg_base_relation(m->db, m->p, false, visit_group, m, m->err);
    } else {
        sqlite3_stmt *stmt = kg_db_take(m->db, ROWS "ORDER BY n", m->err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        code = visit_rows(m, stmt);
    }
    return code == STATUS_OK ? m->code : code;
}

static bool visit_range(void *context, int64_t first, int64_t end)
{
    matching *m = context;
    m->code = match_range(m, first, end);
    return m->code == STATUS_OK && !m->stopped;
}

/* Rows of later loads: lists of objects and relations hold them beside those of the base. */
static status match_later(matching *m)
{
    if (m->s == KG_ANY)
        return STATUS_OK;
    status code = kg_later_out(m->db, m->s, visit_range, m, m->err);
    return code == STATUS_OK ? m->code : code;
}

status kg_db_match(kg_db *db, kg_id s, kg_id p, kg_id o, kg_row_visit visit, void *context,
                   error *err)
{
    matching m = {.db = db, .s = s, .p = p, .o = o, .visit = visit, .context = context, .err = err};
    status code = match_base(&m);
    return code == STATUS_OK && !m.stopped && db->later ? match_later(&m) : code;
}

static bool stop_at_first(void *context, const kg_row *row)
{
    (void)row;
    *(bool *)context = true;
    return false;
}

status kg_db_has(kg_db *db, kg_id s, kg_id p, kg_id o, bool *out, error *err)
{
    *out = false;
    return kg_db_match(db, s, p, o, stop_at_first, out, err);
}

static status row_at(kg_db *db, int64_t n, kg_statement_id id, kg_row *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, ROWS "WHERE n=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        kg_row_of(stmt, out);
    sqlite3_reset(stmt);
    if (code == SQLITE_ROW && out->statement.id != id)
        out->n = 0;
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "statement", err);
}

status kg_db_row_by_id(kg_db *db, kg_statement_id id, kg_row *out, error *err)
{
    uint32_t rows[64];
    size_t count = 0;
    *out = (kg_row){.n = 0};
    status code = kg_base_id(db, id, rows, CORE_COUNT(rows), &count, err);
    for (size_t i = 0; i < count && code == STATUS_OK && out->n == 0; i++)
        code = row_at(db, rows[i], id, out, err);
    if (code != STATUS_OK || out->n != 0 || !db->later)
        return code;
    code = kg_later_id(db, id, rows, CORE_COUNT(rows), &count, err);
    for (size_t i = 0; i < count && code == STATUS_OK && out->n == 0; i++)
        code = row_at(db, rows[i], id, out, err);
    return code;
}

/* The highest confidence that any origin stated. */
status kg_best_confidence(kg_db *db, const kg_row *row, float *out, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(db, "SELECT max(confidence) FROM origin WHERE statement=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, row->n);
    int code = sqlite3_step(stmt);
    *out = row->statement.confidence;
    if (code == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        float other = (float)sqlite3_column_double(stmt, 0);
        if (!row->stated || other > *out)
            *out = other;
    }
    sqlite3_reset(stmt);
    return code == SQLITE_ROW ? STATUS_OK : kg_db_error(db, code, "match", err);
}

static bool holds(const kg_statement *statement, kg_when when)
{
    if (!when.set)
        return true;
    return (statement->valid_from == CLOCK_DAY_UNKNOWN || statement->valid_from <= when.day) &&
           (statement->valid_to == CLOCK_DAY_UNKNOWN || when.day < statement->valid_to);
}

typedef struct filter {
    kg_read *read;
    const kg_pattern *pattern;
    kg_statement_visit visit;
    void *context;
    size_t skip, given;
    status code;
    error *err;
} filter;

static bool filter_row(void *context, const kg_row *row)
{
    filter *f = context;
    const kg_pattern *pattern = f->pattern;
    if ((pattern->g != KG_ANY && row->statement.g != pattern->g) ||
        !holds(&row->statement, pattern->when))
        return true;
    if (f->skip > 0) {
        f->skip--;
        return true;
    }
    kg_statement statement = row->statement;
    if (f->read->further_origins)
        f->code = kg_best_confidence(f->read->db, row, &statement.confidence, f->err);
    return f->code == STATUS_OK && f->visit(f->context, &statement) && ++f->given != pattern->limit;
}

status kg_match_each(kg_read *read, const kg_pattern *pattern, kg_statement_visit visit,
                     void *context, error *err)
{
    filter f = {.read = read,
                .pattern = pattern,
                .visit = visit,
                .context = context,
                .skip = pattern->offset,
                .err = err};
    status code = kg_db_match(read->db, pattern->s, pattern->p, pattern->o, filter_row, &f, err);
    return code == STATUS_OK ? f.code : code;
}

bool kg_collect(void *context, const kg_statement *statement)
{
    kg_collector *c = context;
    if (c->limit > 0 && c->rows.count == c->limit) {
        c->more = true;
        return false;
    }
    c->failed = !kg_rows_add(&c->rows, statement);
    return !c->failed;
}

status kg_give_list(kg_collector *c, status code, arena *a, kg_statement_list *out, error *err)
{
    kg_statement *items = NULL;
    if (code == STATUS_OK && !c->failed)
        items = ARENA_ARRAY(a, kg_statement, c->rows.count);
    if (code == STATUS_OK && items == NULL)
        code = error_memory(err);
    if (code == STATUS_OK) {
        if (c->rows.count > 0)
            memcpy(items, c->rows.items, c->rows.count * sizeof *items);
        *out = (kg_statement_list){items, c->rows.count, c->more};
    }
    free(c->rows.items);
    return code;
}

status kg_match(kg_read *read, const kg_pattern *pattern, arena *a, kg_statement_list *out,
                error *err)
{
    kg_collector c = {.limit = pattern->limit};
    kg_pattern all = *pattern;
    all.limit = 0;
    status code = kg_match_each(read, &all, kg_collect, &c, err);
    return kg_give_list(&c, code, a, out, err);
}

typedef struct counting {
    uint64_t count, bound;
} counting;

static bool count_one(void *context, const kg_row *row)
{
    counting *c = context;
    (void)row;
    return ++c->count != c->bound;
}

static bool count_filtered(void *context, const kg_statement *statement)
{
    (void)statement;
    counting *c = context;
    return ++c->count != c->bound;
}

static bool count_group(void *context, const kg_base_group *group)
{
    counting *c = context;
    c->count += group->count;
    return c->bound == 0 || c->count < c->bound;
}

/* Counts of the base that need no row: while none is gone, lists know their lengths. */
static status count_packed(kg_db *db, const kg_pattern *p, counting *c, bool *done, error *err)
{
    *done = db->base_deleted == 0 && (p->s == KG_ANY) != (p->o == KG_ANY && p->p == KG_ANY);
    if (!*done || (p->s != KG_ANY && (p->p != KG_ANY || p->o != KG_ANY))) {
        *done = false;
        return STATUS_OK;
    }
    int64_t first, end;
    if (p->s != KG_ANY) {
        status code = kg_base_out(db, p->s, &first, &end, err);
        c->count += (uint64_t)(end - first);
        return code;
    }
    if (p->o != KG_ANY)
        return kg_base_in(db, p->o, p->p, true, count_group, c, err);
    return kg_base_relation(db, p->p, true, count_group, c, err);
}

status kg_count(kg_read *read, const kg_pattern *pattern, uint64_t bound, uint64_t *out, error *err)
{
    counting c = {.bound = bound};
    bool done = false;
    status code = STATUS_OK;
    if (pattern->g != KG_ANY || pattern->when.set) {
        kg_pattern all = *pattern;
        all.limit = all.offset = 0;
        code = kg_match_each(read, &all, count_filtered, &c, err);
    } else {
        code = count_packed(read->db, pattern, &c, &done, err);
        matching m = {.db = read->db,
                      .s = pattern->s,
                      .p = pattern->p,
                      .o = pattern->o,
                      .visit = count_one,
                      .context = &c,
                      .err = err};
        if (code == STATUS_OK && !done)
            code = match_base(&m);
        if (code == STATUS_OK && (bound == 0 || c.count < bound) && read->db->later &&
            (!done || pattern->s != KG_ANY))
            code = match_later(&m);
    }
    if (code == STATUS_OK)
        *out = bound > 0 && c.count > bound ? bound : c.count;
    return code;
}
