/* Patterns, expansion and intersection over the statement indexes: the bound positions of a
 * pattern choose the index. See store.h. */
#include <stdlib.h>

#include "kg/base.h"
#include "kg/internal.h"

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
#define LATER "n > 2147483647 "

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

static status match_base_out(matching *m)
{
    int64_t first, end, last;
    status code = kg_base_out(m->db, m->s, &first, &end, m->err);
    if (code != STATUS_OK || first >= end)
        return code;
    last = end;
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
        if (row.n != 0 && (m->s == KG_ANY || row.statement.s == m->s) &&
            (m->o == KG_ANY || row.statement.o == m->o))
            m->stopped = !m->visit(m->context, &row);
    }
    return !m->stopped && m->code == STATUS_OK;
}

static status match_base(matching *m)
{
    status code = STATUS_OK;
    if (m->db->base_rows == 0)
        return STATUS_OK;
    if (m->s != KG_ANY) {
        code = match_base_out(m);
    } else if (m->o != KG_ANY) {
        code = kg_base_in(m->db, m->o, m->p, false, visit_group, m, m->err);
    } else if (m->p != KG_ANY) {
        code = kg_base_relation(m->db, m->p, false, visit_group, m, m->err);
    } else {
        sqlite3_stmt *stmt = kg_db_take(m->db, ROWS "WHERE n<=2147483647 ORDER BY n", m->err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        code = visit_rows(m, stmt);
    }
    return code == STATUS_OK ? m->code : code;
}

static const char *const later_sql[8] = {
    ROWS "WHERE " LATER "ORDER BY n",
    ROWS "INDEXED BY statement_spo WHERE " LATER "AND s=?1 ORDER BY p,o",
    ROWS "INDEXED BY statement_pso WHERE " LATER "AND p=?2 ORDER BY s",
    ROWS "INDEXED BY statement_spo WHERE " LATER "AND s=?1 AND p=?2 ORDER BY o",
    ROWS "INDEXED BY statement_ops WHERE " LATER "AND o=?3 ORDER BY p,s",
    ROWS "INDEXED BY statement_ops WHERE " LATER "AND o=?3 AND s=?1 ORDER BY p",
    ROWS "INDEXED BY statement_ops WHERE " LATER "AND o=?3 AND p=?2 ORDER BY s",
    ROWS "INDEXED BY statement_spo WHERE " LATER "AND s=?1 AND p=?2 AND o=?3",
};

static status match_later(matching *m)
{
    unsigned shape =
        (m->s != KG_ANY ? 1u : 0u) | (m->p != KG_ANY ? 2u : 0u) | (m->o != KG_ANY ? 4u : 0u);
    sqlite3_stmt *stmt = kg_db_take(m->db, later_sql[shape], m->err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    if (m->s != KG_ANY)
        sqlite3_bind_int64(stmt, 1, (int64_t)m->s);
    if (m->p != KG_ANY)
        sqlite3_bind_int64(stmt, 2, (int64_t)m->p);
    if (m->o != KG_ANY)
        sqlite3_bind_int64(stmt, 3, (int64_t)m->o);
    return visit_rows(m, stmt);
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
    sqlite3_stmt *stmt =
        kg_db_stmt(db, ROWS "INDEXED BY statement_id WHERE " LATER "AND id=?1 LIMIT 1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)id);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        kg_row_of(stmt, out);
    sqlite3_reset(stmt);
    return step == SQLITE_ROW || step == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, step, "statement", err);
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

typedef struct collector {
    kg_rows rows;
    size_t limit;
    bool more, failed;
} collector;

static bool collect(void *context, const kg_statement *statement)
{
    collector *c = context;
    if (c->limit > 0 && c->rows.count == c->limit) {
        c->more = true;
        return false;
    }
    c->failed = !kg_rows_add(&c->rows, statement);
    return !c->failed;
}

static status give_list(collector *c, status code, arena *a, kg_statement_list *out, error *err)
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
    collector c = {.limit = pattern->limit};
    kg_pattern all = *pattern;
    all.limit = 0;
    status code = kg_match_each(read, &all, collect, &c, err);
    return give_list(&c, code, a, out, err);
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
        if (code == STATUS_OK && (bound == 0 || c.count < bound) && read->db->later)
            code = match_later(&m);
    }
    if (code == STATUS_OK)
        *out = bound > 0 && c.count > bound ? bound : c.count;
    return code;
}

/* --- expansion ------------------------------------------------------------------------------- */
typedef struct expansion {
    collector all;
    const kg_expand_options *options;
    kg_id node, relation; /* of the run that is being counted */
    bool in;
    size_t run;
} expansion;

static bool expand_one(void *context, const kg_statement *statement)
{
    expansion *e = context;
    if (statement->p != e->relation) {
        e->relation = statement->p;
        e->run = 0;
    }
    if (e->options->limit_per_relation > 0 && e->run == e->options->limit_per_relation) {
        e->all.more = true;
        return e->options->relations == NULL; /* other relations follow in the same scan */
    }
    /* A loop (s = o) is given once, on the way out. */
    if (e->in && statement->s == statement->o && (e->options->direction & KG_OUT) != 0)
        return true;
    e->run++;
    return collect(&e->all, statement);
}

static bool full(const expansion *e)
{
    return e->all.failed || (e->all.limit > 0 && e->all.more && e->all.rows.count == e->all.limit);
}

static status expand_node(kg_read *read, kg_id node, bool in, expansion *e, error *err)
{
    size_t count = e->options->relations == NULL ? 1 : e->options->relation_count;
    status code = STATUS_OK;
    for (size_t i = 0; i < count && code == STATUS_OK && !full(e); i++) {
        kg_pattern pattern = {.when = e->options->when};
        pattern.p = e->options->relations == NULL ? KG_ANY : e->options->relations[i];
        if (in)
            pattern.o = node;
        else
            pattern.s = node;
        e->node = node;
        e->in = in;
        e->relation = KG_ANY;
        e->run = 0;
        code = kg_match_each(read, &pattern, expand_one, e, err);
    }
    return code;
}

status kg_expand(kg_read *read, const kg_id *nodes, size_t node_count,
                 const kg_expand_options *options, arena *a, kg_statement_list *out, error *err)
{
    expansion e = {.all = {.limit = options->limit}, .options = options};
    status code = STATUS_OK;
    for (size_t i = 0; i < node_count && code == STATUS_OK && !full(&e); i++) {
        if ((options->direction & KG_OUT) != 0)
            code = expand_node(read, nodes[i], false, &e, err);
        if (code == STATUS_OK && (options->direction & KG_IN) != 0 && !full(&e))
            code = expand_node(read, nodes[i], true, &e, err);
    }
    return give_list(&e.all, code, a, out, err);
}

/* --- the relations of a node ------------------------------------------------------------------ */
typedef struct edge_kinds {
    kg_edge_kind *items;
    size_t count, capacity;
} edge_kinds;

static bool add_kind(edge_kinds *kinds, kg_edge_kind kind)
{
    if (kinds->count == kinds->capacity) {
        size_t wider = kinds->capacity == 0 ? 16 : kinds->capacity * 2;
        kg_edge_kind *items = realloc(kinds->items, wider * sizeof *items);
        if (items == NULL)
            return false;
        kinds->items = items;
        kinds->capacity = wider;
    }
    kinds->items[kinds->count++] = kind;
    return true;
}

typedef struct kinds_in {
    edge_kinds *kinds;
    kg_direction direction;
    uint64_t bound;
    bool failed;
} kinds_in;

static bool count_kind(kinds_in *k, kg_id relation, uint64_t count)
{
    edge_kinds *kinds = k->kinds;
    for (size_t i = kinds->count; i-- > 0;) {
        kg_edge_kind *kind = &kinds->items[i];
        if (kind->relation != relation || kind->direction != k->direction)
            continue;
        kind->count += count;
        if (k->bound > 0 && kind->count > k->bound)
            kind->count = k->bound;
        return true;
    }
    if (k->bound > 0 && count > k->bound)
        count = k->bound;
    k->failed = !add_kind(kinds, (kg_edge_kind){relation, k->direction, count});
    return !k->failed;
}

static bool kind_of_row(void *context, const kg_row *row)
{
    return count_kind(context, row->statement.p, 1);
}

static bool kind_of_group(void *context, const kg_base_group *group)
{
    return count_kind(context, group->p, group->count);
}

static status kinds_of(kg_read *read, kg_id node, kg_direction direction, uint64_t bound,
                       edge_kinds *kinds, error *err)
{
    kinds_in k = {.kinds = kinds, .direction = direction, .bound = bound};
    bool out = direction == KG_OUT;
    matching m = {.db = read->db, .visit = kind_of_row, .context = &k, .err = err};
    m.s = out ? node : KG_ANY;
    m.o = out ? KG_ANY : node;
    status code = !out && read->db->base_deleted == 0
                      ? kg_base_in(read->db, node, KG_ANY, true, kind_of_group, &k, err)
                      : match_base(&m);
    if (code == STATUS_OK && read->db->later)
        code = match_later(&m);
    return code == STATUS_OK && k.failed ? error_memory(err) : code;
}

status kg_edge_kinds(kg_read *read, kg_id node, uint64_t bound, arena *a, kg_edge_kind **out,
                     size_t *out_count, error *err)
{
    edge_kinds kinds = {0};
    status code = kinds_of(read, node, KG_OUT, bound, &kinds, err);
    if (code == STATUS_OK)
        code = kinds_of(read, node, KG_IN, bound, &kinds, err);
    kg_edge_kind *items = code == STATUS_OK ? ARENA_ARRAY(a, kg_edge_kind, kinds.count) : NULL;
    if (code == STATUS_OK && items == NULL)
        code = error_memory(err);
    if (code == STATUS_OK) {
        if (kinds.count > 0)
            memcpy(items, kinds.items, kinds.count * sizeof *items);
        *out = items;
        *out_count = kinds.count;
    }
    free(kinds.items);
    return code;
}

/* --- intersection ------------------------------------------------------------------------------
 */
static kg_pattern pattern_of(const kg_constraint *constraint, kg_id x, kg_when when)
{
    kg_pattern pattern = {.p = constraint->relation, .when = when};
    pattern.o = constraint->direction == KG_OUT ? constraint->node : x;
    pattern.s = constraint->direction == KG_OUT ? x : constraint->node;
    return pattern;
}

/* The constraint with the fewest matches; counts grow together, so a hub is never counted out. */
static status rarest(kg_read *read, const kg_constraint *constraints, size_t count, kg_when when,
                     size_t *out, error *err)
{
    *out = 0;
    for (uint64_t bound = 64; count > 1; bound *= 8) {
        uint64_t least = UINT64_MAX;
        for (size_t i = 0; i < count; i++) {
            kg_pattern pattern = pattern_of(&constraints[i], KG_ANY, when);
            uint64_t matches = 0;
            status code = kg_count(read, &pattern, bound, &matches, err);
            if (code != STATUS_OK)
                return code;
            if (matches < least) {
                least = matches;
                *out = i;
            }
        }
        if (least < bound)
            break;
    }
    return STATUS_OK;
}

typedef struct candidates {
    kg_id *items;
    size_t count, capacity;
    bool in, failed;
} candidates;

static bool add_candidate(void *context, const kg_statement *statement)
{
    candidates *c = context;
    kg_id x = c->in ? statement->o : statement->s;
    if (c->count > 0 && c->items[c->count - 1] == x)
        return true;
    if (c->count == c->capacity) {
        size_t wider = c->capacity == 0 ? 64 : c->capacity * 2;
        kg_id *items = realloc(c->items, wider * sizeof *items);
        c->failed = items == NULL;
        if (c->failed)
            return false;
        c->items = items;
        c->capacity = wider;
    }
    c->items[c->count++] = x;
    return true;
}

static int by_id(const void *a, const void *b)
{
    kg_id x = *(const kg_id *)a, y = *(const kg_id *)b;
    return x < y ? -1 : x > y;
}

static status satisfies(kg_read *read, const kg_constraint *constraints, size_t count, size_t skip,
                        kg_id x, kg_when when, bool *out, error *err)
{
    *out = true;
    for (size_t i = 0; i < count && *out; i++) {
        if (i == skip)
            continue;
        kg_pattern pattern = pattern_of(&constraints[i], x, when);
        uint64_t matches = 0;
        status code = kg_count(read, &pattern, 1, &matches, err);
        if (code != STATUS_OK)
            return code;
        *out = matches > 0;
    }
    return STATUS_OK;
}

/* --- the same over the packed lists of the base, without reading the rows of hubs ---------------
 */
#define LISTS_MOST 8
#define LIST_WORTH 1000 /* decoding so many rows of a list costs what looking one up does */

typedef struct row_list {
    uint32_t *rows; /* ascending */
    size_t count, capacity;
    bool failed;
} row_list;

static bool gather_rows(void *context, const kg_base_group *group)
{
    row_list *list = context;
    if (list->count + group->count > list->capacity) {
        size_t wider = (list->count + group->count) * 2;
        uint32_t *rows = realloc(list->rows, wider * sizeof *rows);
        list->failed = rows == NULL;
        if (list->failed)
            return false;
        list->rows = rows;
        list->capacity = wider;
    }
    memcpy(list->rows + list->count, group->rows, group->count * sizeof *group->rows);
    list->count += group->count;
    return true;
}

/* Has the list a row in [first, end)? */
static bool has_between(const row_list *list, int64_t first, int64_t end)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((int64_t)list->rows[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && (int64_t)list->rows[low] < end;
}

static status subject_of(kg_db *db, int64_t n, kg_id *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT s FROM statement WHERE n=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    int code = sqlite3_step(stmt);
    *out = code == SQLITE_ROW ? (kg_id)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "match", err);
}

/* A subject's rows lie side by side, so a row of the rarest list counts only where every other list
 * has one near, at most the longest subject away. */
static bool all_between(const row_list *lists, size_t count, size_t skip, int64_t first,
                        int64_t end)
{
    bool all = true;
    for (size_t i = 0; i < count && all; i++)
        all = i == skip || has_between(&lists[i], first, end);
    return all;
}

static status walk_lists(kg_db *db, const row_list *lists, size_t count, size_t rarest_list,
                         size_t room, kg_id_list *out, error *err)
{
    const row_list *driver = &lists[rarest_list];
    status code = STATUS_OK;
    int64_t done = 0; /* rows up to here belong to subjects that were looked at */
    for (size_t i = 0; i < driver->count && code == STATUS_OK && !out->more; i++) {
        int64_t row = driver->rows[i], first = 0, end = 0;
        kg_id subject = 0;
        if (row < done ||
            !all_between(lists, count, rarest_list, row - db->longest, row + db->longest + 1))
            continue;
        code = subject_of(db, row, &subject, err);
        if (code == STATUS_OK && subject != 0)
            code = kg_base_out(db, subject, &first, &end, err);
        if (code != STATUS_OK || first >= end)
            continue;
        done = end;
        if (!all_between(lists, count, rarest_list, first, end))
            continue;
        if (out->count == room)
            out->more = true;
        else
            out->items[out->count++] = subject;
    }
    return code;
}

/* Are all constraints lists of the base, and none so much longer than the rarest one that looking
 * its candidates up costs less? */
static status packed_serves(kg_read *read, const kg_constraint *constraints, size_t count,
                            size_t rarest_one, kg_when when, uint64_t *least, bool *out, error *err)
{
    kg_pattern pattern = pattern_of(&constraints[rarest_one], KG_ANY, when);
    *out = count > 1 && count <= LISTS_MOST && !when.set && read->db->base_rows > 0 &&
           read->db->base_deleted == 0 && !read->db->later;
    for (size_t i = 0; i < count && *out; i++)
        *out = constraints[i].direction == KG_OUT && constraints[i].node != KG_ANY &&
               constraints[i].relation != KG_ANY;
    status code = *out ? kg_count(read, &pattern, 0, least, err) : STATUS_OK;
    uint64_t most = (*least + 4) * LIST_WORTH;
    for (size_t i = 0; i < count && *out && code == STATUS_OK; i++) {
        uint64_t matches = 0;
        pattern = pattern_of(&constraints[i], KG_ANY, when);
        code = kg_count(read, &pattern, most, &matches, err);
        *out = matches < most;
    }
    return code;
}

static status intersect_packed(kg_read *read, const kg_constraint *constraints, size_t count,
                               size_t rarest_one, uint64_t least, size_t limit, arena *a,
                               kg_id_list *out, error *err)
{
    row_list lists[LISTS_MOST] = {0};
    size_t room = limit > 0 && limit < least ? limit : (size_t)least;
    kg_id_list list = {.items = ARENA_ARRAY(a, kg_id, room)};
    status code = list.items == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        code = kg_base_in(read->db, constraints[i].node, constraints[i].relation, false,
                          gather_rows, &lists[i], err);
        if (code == STATUS_OK && lists[i].failed)
            code = error_memory(err);
    }
    if (code == STATUS_OK)
        code = walk_lists(read->db, lists, count, rarest_one, room, &list, err);
    for (size_t i = 0; i < count; i++)
        free(lists[i].rows);
    if (code == STATUS_OK)
        *out = list;
    return code;
}

status kg_intersect(kg_read *read, const kg_constraint *constraints, size_t count, kg_when when,
                    size_t limit, arena *a, kg_id_list *out, error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "intersect: no constraint given");
    size_t first = 0;
    uint64_t least = 0;
    bool packed = false;
    status code = rarest(read, constraints, count, when, &first, err);
    if (code == STATUS_OK)
        code = packed_serves(read, constraints, count, first, when, &least, &packed, err);
    if (packed && code == STATUS_OK)
        return intersect_packed(read, constraints, count, first, least, limit, a, out, err);
    candidates c = {.in = constraints[first].direction == KG_IN};
    if (code == STATUS_OK) {
        kg_pattern pattern = pattern_of(&constraints[first], KG_ANY, when);
        code = kg_match_each(read, &pattern, add_candidate, &c, err);
    }
    if (code == STATUS_OK && c.failed)
        code = error_memory(err);
    if (code == STATUS_OK && c.count > 0)
        qsort(c.items, c.count, sizeof *c.items, by_id);
    kg_id_list list = {0};
    size_t room = limit > 0 && limit < c.count ? limit : c.count;
    list.items = code == STATUS_OK ? ARENA_ARRAY(a, kg_id, room) : NULL;
    if (code == STATUS_OK && list.items == NULL)
        code = error_memory(err);
    for (size_t i = 0; i < c.count && code == STATUS_OK && !list.more; i++) {
        bool ok = false;
        if (i > 0 && c.items[i] == c.items[i - 1])
            continue;
        code = satisfies(read, constraints, count, first, c.items[i], when, &ok, err);
        if (ok && list.count == room)
            list.more = true;
        else if (ok)
            list.items[list.count++] = c.items[i];
    }
    free(c.items);
    if (code == STATUS_OK)
        *out = list;
    return code;
}

status kg_types(kg_read *read, kg_id node, arena *a, kg_id_list *out, error *err)
{
    kg_term rdf_type = {.kind = KG_TERM_IRI, .lexical = STR(KG_RDF_TYPE)};
    status code = STATUS_OK;
    if (read->type == 0)
        code = kg_find(read, rdf_type, &read->type, err);
    if (code != STATUS_OK)
        return code;
    kg_id type = read->type;
    kg_statement_list list = {0};
    kg_pattern pattern = {.s = node, .p = type};
    if (type != 0)
        code = kg_match(read, &pattern, a, &list, err);
    kg_id *items = code == STATUS_OK ? ARENA_ARRAY(a, kg_id, list.count) : NULL;
    if (code == STATUS_OK && items == NULL)
        code = error_memory(err);
    if (code != STATUS_OK)
        return code;
    size_t n = 0;
    for (size_t i = 0; i < list.count; i++)
        if (n == 0 || items[n - 1] != list.items[i].o)
            items[n++] = list.items[i].o;
    *out = (kg_id_list){items, n, false};
    return STATUS_OK;
}
