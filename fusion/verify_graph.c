/* See verify_graph.h. */
#include "fusion/verify_graph.h"

#include <math.h>

enum { DEPTH = 14, FRONTIER = 256 };

static kg_when when_of(const verify_context *c)
{
    clock_day day = c->as_of == CLOCK_DAY_UNKNOWN ? clock_today() : c->as_of;
    return (kg_when){.set = true, .day = day};
}

static void keep(verify_found *out, const kg_statement *s)
{
    if (out->count < VERIFY_CITED)
        out->items[out->count++] = *s;
}

bool verify_naming(const verify_context *c, kg_id relation)
{
    const retriever_relation *r = retriever_schema_relation(c->schema, relation);
    if (r == NULL || r->naming)
        return r != NULL;
    size_t count, i = c->pack == NULL ? PACK_NONE : pack_relation_find(c->pack, r->iri, (str){0});
    str id = i == PACK_NONE ? str_make(NULL, 0) : pack_relations(c->pack, &count)[i].id;
    return str_equal(id, STR("alias")) || str_equal(id, STR("synonym")) ||
           str_equal(id, STR("label"));
}

bool verify_taxonomic(const verify_context *c, kg_id relation)
{
    return relation != 0 &&
           (relation == c->schema->type_relation || relation == c->schema->subclass_relation);
}

bool verify_reversible(const retriever_relation *r)
{
    if (r == NULL || r->symmetric)
        return true;
    if (r->stats.domain_count == 0 || r->stats.range_count == 0)
        return false;
    return r->stats.domain[0].class_id != r->stats.range[0].class_id;
}

static status direct(const verify_context *c, kg_id s, kg_id p, kg_id o, verify_found *out,
                     error *err)
{
    const kg_pattern pattern = {.s = s, .p = p, .o = o, .when = when_of(c), .limit = 8};
    kg_statement_list list = {0};
    status st = kg_match(c->read, &pattern, c->a, &list, err);
    for (size_t i = 0; st == STATUS_OK && i < list.count; i++)
        if (p != 0 || !verify_naming(c, list.items[i].p))
            keep(out, &list.items[i]);
    return st;
}

typedef struct climb {
    kg_statement via[FRONTIER * 4];
    kg_id node[FRONTIER * 4];
    size_t parent[FRONTIER * 4];
    size_t count;
} climb;

static bool seen(const climb *k, kg_id node)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->node[i] == node)
            return true;
    return false;
}

/* Breadth first along p from s; on meeting o its path is kept. */
static status closure_of(const verify_context *c, kg_id s, kg_id p, kg_id o, verify_found *out,
                         error *err)
{
    climb *k = ARENA_NEW(c->a, climb);
    if (k == NULL)
        return error_memory(err);
    k->node[k->count++] = s;
    size_t done = 0;
    for (int depth = 0; depth < DEPTH && done < k->count; depth++) {
        size_t upto = k->count, first = done;
        const kg_expand_options options = {.relations = &p,
                                           .relation_count = 1,
                                           .direction = KG_OUT,
                                           .limit = 1024,
                                           .when = when_of(c)};
        kg_statement_list list = {0};
        status st = kg_expand(c->read, k->node + first, upto - first, &options, c->a, &list, err);
        if (st != STATUS_OK)
            return st;
        for (size_t i = 0; i < list.count && k->count < CORE_COUNT(k->node); i++) {
            size_t parent = first;
            while (parent < upto && k->node[parent] != list.items[i].s)
                parent++;
            if (parent == upto || seen(k, list.items[i].o))
                continue;
            size_t at = k->count++;
            k->node[at] = list.items[i].o;
            k->via[at] = list.items[i];
            k->parent[at] = parent;
            if (list.items[i].o != o)
                continue;
            for (; at != 0; at = k->parent[at])
                keep(out, &k->via[at]);
            return STATUS_OK;
        }
        done = upto;
    }
    return STATUS_OK;
}

status verify_pair(const verify_context *c, kg_id s, kg_id p, kg_id o, bool closure,
                   verify_found *out, error *err)
{
    status st = direct(c, s, p, o, out, err);
    if (st != STATUS_OK || out->count > 0 || s == o)
        return st;
    if (p != 0 && closure)
        return closure_of(c, s, p, o, out, err);
    if (p == 0 && c->schema->subclass_relation != 0)
        return closure_of(c, s, c->schema->subclass_relation, o, out, err);
    return st;
}

status verify_objects(const verify_context *c, kg_id node, kg_id p, bool inverse, kg_statement *out,
                      size_t *count, error *err)
{
    kg_pattern pattern = {.p = p, .when = when_of(c), .limit = 64};
    *(inverse ? &pattern.o : &pattern.s) = node;
    kg_statement_list list = {0};
    status st = kg_match(c->read, &pattern, c->a, &list, err);
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i < list.count && i < 64; i++)
        out[i] = list.items[i];
    *count = list.count < 64 ? list.count : 64;
    return STATUS_OK;
}

bool verify_comparable(kg_value a, kg_value b)
{
    if (a.kind == KG_VALUE_NONE || b.kind == KG_VALUE_NONE)
        return false;
    if (a.kind != b.kind)
        return (a.kind == KG_VALUE_NUMBER && str_empty(a.unit) && b.kind != KG_VALUE_DATE &&
                b.kind != KG_VALUE_DURATION) ||
               (b.kind == KG_VALUE_NUMBER && str_empty(b.unit) && a.kind == KG_VALUE_MONEY);
    return a.kind == KG_VALUE_DURATION || str_empty(a.unit) || str_empty(b.unit) ||
           str_equal(a.unit, b.unit);
}

/* Equal up to what arithmetic loses. A month is no whole number of days: durations of different
 * units are given a thousandth. */
static bool near(kg_value claimed, kg_value stored, double a, double b)
{
    if (claimed.kind == KG_VALUE_DATE || isinf(a) || isinf(b)) /* ">120天" ends nowhere */
        return a == b;
    bool converted = claimed.kind == KG_VALUE_DURATION && !str_equal(claimed.unit, stored.unit);
    return fabs(a - b) <= (converted ? 1e-3 : 1e-9) * fmax(fabs(a), fabs(b));
}

bool verify_same_value(kg_value claimed, kg_value stored)
{
    if (!verify_comparable(claimed, stored))
        return false;
    if (claimed.kind == KG_VALUE_DATE && claimed.low <= stored.low && stored.high <= claimed.high)
        return true;
    return near(claimed, stored, claimed.low, stored.low) &&
           near(claimed, stored, claimed.high, stored.high);
}

bool verify_compare(kg_value stored, lf_compare op, kg_value claimed)
{
    switch (op) {
    case LF_LT:
        return stored.high < claimed.low;
    case LF_LE:
        return stored.high <= claimed.high || near(claimed, stored, stored.high, claimed.high);
    case LF_GT:
        return stored.low > claimed.high || (isinf(stored.high) && stored.low >= claimed.high);
    case LF_GE:
        return stored.low >= claimed.low || near(claimed, stored, stored.low, claimed.low);
    case LF_NE:
        return !verify_same_value(claimed, stored);
    case LF_EQ:
    case LF_IN:
    case LF_STARTS:
        return verify_same_value(claimed, stored);
    }
    return false;
}
