/* What lies around nodes: expansion of a frontier, the relations of a node, its classes. See
 * store.h. */
#include <stdlib.h>

#include "kg/base.h"
#include "kg/internal.h"

/* --- expansion ------------------------------------------------------------------------------- */
typedef struct expansion {
    kg_collector all;
    const kg_expand_options *options;
    bool in;
    kg_edge_kind *runs; /* how many of each relation the node in hand gave */
    size_t run_count, run_capacity, run;
} expansion;

/* The run of a relation, which may come again: rows of later loads follow those of the first. */
static kg_edge_kind *run_of(expansion *e, kg_id relation)
{
    if (e->run < e->run_count && e->runs[e->run].relation == relation)
        return &e->runs[e->run];
    for (e->run = 0; e->run < e->run_count; e->run++)
        if (e->runs[e->run].relation == relation)
            return &e->runs[e->run];
    if (e->run_count == e->run_capacity) {
        size_t wider = e->run_capacity == 0 ? 16 : e->run_capacity * 2;
        kg_edge_kind *runs = realloc(e->runs, wider * sizeof *runs);
        if (runs == NULL)
            return NULL;
        e->runs = runs;
        e->run_capacity = wider;
    }
    e->runs[e->run_count++] = (kg_edge_kind){.relation = relation};
    return &e->runs[e->run];
}

static bool expand_one(void *context, const kg_statement *statement)
{
    expansion *e = context;
    kg_edge_kind *run = run_of(e, statement->p);
    e->all.failed |= run == NULL;
    if (run == NULL)
        return false;
    if (e->options->limit_per_relation > 0 && run->count == e->options->limit_per_relation) {
        e->all.more = true;
        return e->options->relations == NULL; /* other relations follow in the same scan */
    }
    /* A loop (s = o) is given once, on the way out. */
    if (e->in && statement->s == statement->o && (e->options->direction & KG_OUT) != 0)
        return true;
    run->count++;
    return kg_collect(&e->all, statement);
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
        e->in = in;
        e->run_count = 0;
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
    free(e.runs);
    return kg_give_list(&e.all, code, a, out, err);
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
    /* While no row is gone, lists know their lengths. */
    status code = !out && read->db->base_deleted == 0
                      ? kg_base_in(read->db, node, KG_ANY, true, kind_of_group, &k, err)
                      : kg_db_match(read->db, out ? node : KG_ANY, KG_ANY, out ? KG_ANY : node,
                                    kind_of_row, &k, err);
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

/* --- classes --------------------------------------------------------------------------------- */
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
