/* Patterns, expansion and intersection over the statement indexes: the bound positions of a
 * pattern choose the index. See store.h. */
#include <stdlib.h>

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

void kg_statement_of_row(sqlite3_stmt *stmt, kg_statement *out)
{
    bool stated = sqlite3_column_type(stmt, 7) != SQLITE_NULL;
    bool others = sqlite3_column_type(stmt, 12) != SQLITE_NULL;
    double confidence = stated ? sqlite3_column_double(stmt, 7) : 1;
    double other = others ? sqlite3_column_double(stmt, 12) : 1;
    if (others && (!stated || other > confidence))
        confidence = other;
    *out = (kg_statement){.s = (kg_id)sqlite3_column_int64(stmt, 1),
                          .p = (kg_id)sqlite3_column_int64(stmt, 2),
                          .o = (kg_id)sqlite3_column_int64(stmt, 3),
                          .g = (kg_id)sqlite3_column_int64(stmt, 4),
                          .valid_from = day_of(stmt, 5),
                          .valid_to = day_of(stmt, 6),
                          .confidence = (float)confidence,
                          .id = (kg_statement_id)sqlite3_column_int64(stmt, 8)};
}

static bool holds(const kg_statement *statement, kg_when when)
{
    if (!when.set)
        return true;
    return (statement->valid_from == CLOCK_DAY_UNKNOWN || statement->valid_from <= when.day) &&
           (statement->valid_to == CLOCK_DAY_UNKNOWN || when.day < statement->valid_to);
}

#define SELECT "SELECT " KG_STATEMENT_COLUMNS " FROM statement "
static const char *const pattern_sql[8] = {
    SELECT "ORDER BY n",
    SELECT "INDEXED BY statement_spo WHERE s=?1 ORDER BY p,o",
    SELECT "INDEXED BY statement_pso WHERE p=?2 ORDER BY s",
    SELECT "INDEXED BY statement_spo WHERE s=?1 AND p=?2 ORDER BY o",
    SELECT "INDEXED BY statement_ops WHERE o=?3 ORDER BY p,s",
    SELECT "INDEXED BY statement_ops WHERE o=?3 AND s=?1 ORDER BY p",
    SELECT "INDEXED BY statement_ops WHERE o=?3 AND p=?2 ORDER BY s",
    SELECT "INDEXED BY statement_spo WHERE s=?1 AND p=?2 AND o=?3",
};

static sqlite3_stmt *pattern_stmt(kg_db *db, kg_id s, kg_id p, kg_id o, error *err)
{
    unsigned shape = (s != KG_ANY ? 1u : 0u) | (p != KG_ANY ? 2u : 0u) | (o != KG_ANY ? 4u : 0u);
    sqlite3_stmt *stmt = kg_db_stmt(db, pattern_sql[shape], err);
    if (stmt == NULL)
        return NULL;
    if (s != KG_ANY)
        sqlite3_bind_int64(stmt, 1, (int64_t)s);
    if (p != KG_ANY)
        sqlite3_bind_int64(stmt, 2, (int64_t)p);
    if (o != KG_ANY)
        sqlite3_bind_int64(stmt, 3, (int64_t)o);
    return stmt;
}

status kg_match_each(kg_read *read, const kg_pattern *pattern, kg_statement_visit visit,
                     void *context, error *err)
{
    sqlite3_stmt *stmt = pattern_stmt(read->db, pattern->s, pattern->p, pattern->o, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    size_t skip = pattern->offset, given = 0;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_statement statement;
        kg_statement_of_row(stmt, &statement);
        if ((pattern->g != KG_ANY && statement.g != pattern->g) ||
            !holds(&statement, pattern->when))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        if (!visit(context, &statement) || ++given == pattern->limit) {
            code = SQLITE_DONE;
            break;
        }
    }
    status result = code == SQLITE_DONE ? STATUS_OK : kg_db_error(read->db, code, "match", err);
    sqlite3_reset(stmt);
    return result;
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

static bool count_one(void *context, const kg_statement *statement)
{
    uint64_t *count = context;
    (void)statement;
    *count += 1;
    return true;
}

status kg_count(kg_read *read, const kg_pattern *pattern, uint64_t bound, uint64_t *out, error *err)
{
    uint64_t count = 0;
    kg_pattern bounded = *pattern;
    bounded.limit = (size_t)bound;
    bounded.offset = 0;
    status code = kg_match_each(read, &bounded, count_one, &count, err);
    if (code == STATUS_OK)
        *out = count;
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

/* Skips from relation to relation through the index, so that a hub costs as little as a leaf. */
static status kinds_of(kg_read *read, kg_id node, kg_direction direction, uint64_t bound,
                       edge_kinds *kinds, error *err)
{
    const char *sql =
        direction == KG_OUT
            ? "SELECT p FROM statement INDEXED BY statement_spo WHERE s=?1 AND p>?2 LIMIT 1"
            : "SELECT p FROM statement INDEXED BY statement_ops WHERE o=?1 AND p>?2 LIMIT 1";
    kg_id relation = 0;
    for (;;) {
        sqlite3_stmt *stmt = kg_db_stmt(read->db, sql, err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        sqlite3_bind_int64(stmt, 1, (int64_t)node);
        sqlite3_bind_int64(stmt, 2, (int64_t)relation);
        int code = sqlite3_step(stmt);
        relation = code == SQLITE_ROW ? (kg_id)sqlite3_column_int64(stmt, 0) : 0;
        sqlite3_reset(stmt);
        if (code == SQLITE_DONE)
            return STATUS_OK;
        if (code != SQLITE_ROW)
            return kg_db_error(read->db, code, "edge kinds", err);
        kg_edge_kind kind = {.relation = relation, .direction = direction};
        kg_pattern pattern = {.p = relation};
        if (direction == KG_OUT)
            pattern.s = node;
        else
            pattern.o = node;
        status counted = kg_count(read, &pattern, bound, &kind.count, err);
        if (counted != STATUS_OK)
            return counted;
        if (!add_kind(kinds, kind))
            return error_memory(err);
    }
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

status kg_intersect(kg_read *read, const kg_constraint *constraints, size_t count, kg_when when,
                    size_t limit, arena *a, kg_id_list *out, error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "intersect: no constraint given");
    size_t first = 0;
    status code = rarest(read, constraints, count, when, &first, err);
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
    kg_id type = 0;
    kg_term rdf_type = {.kind = KG_TERM_IRI, .lexical = STR(KG_RDF_TYPE)};
    status code = kg_find(read, rdf_type, &type, err);
    if (code != STATUS_OK)
        return code;
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
