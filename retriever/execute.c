/* See execute.h. A set is an insertion-ordered hash set of items; each item points to a proof, a
 * small tree of statements that is shared between items and flattened only for the values that
 * leave (execute_witness.c's work, at the end of this file). */
#include "retriever/execute.h"

#include <math.h>
#include <stdlib.h>

#include "retriever/execute_set.h"

#define CHUNK 256
#define DEFAULT_ROWS 10000
#define DEFAULT_STATEMENTS 2000000
#define SEARCH_HITS 60
#define DESCRIBE_STATEMENTS 200

typedef struct run {
    kg_read *read;
    const execute_options *options;
    arena *a;
    error *err;
    execute_result *out;
    kg_when when;
    size_t rows, statements;
    bool open_world; /* a relation was used that is not complete */
    int depth;
} run;

static status eval(run *r, const lf_node *f, execute_set *out);

/* --- bounds ------------------------------------------------------------------------------------
 */
static bool exhausted(run *r)
{
    uint64_t deadline = r->options->limits.deadline_ns;
    if (r->out->visited >= r->statements || (deadline != 0 && clock_monotonic_ns() > deadline))
        r->out->limit_hit = true;
    return r->out->limit_hit;
}

static status add(run *r, execute_set *set, execute_item item)
{
    if (set->count >= r->rows) {
        r->out->limit_hit = true;
        return STATUS_OK;
    }
    return execute_set_add(set, item, r->a) ? STATUS_OK : error_memory(r->err);
}

static const execute_proof *prove(run *r, const kg_statement *st, const execute_proof *before)
{
    execute_proof *p = ARENA_NEW(r->a, execute_proof);
    if (p != NULL)
        *p = (execute_proof){.has_statement = true, .statement = *st, .left = before};
    return p;
}

static const execute_proof *prove_both(run *r, const execute_proof *x, const execute_proof *y)
{
    if (x == NULL || y == NULL)
        return x == NULL ? y : x;
    execute_proof *p = ARENA_NEW(r->a, execute_proof);
    if (p != NULL)
        *p = (execute_proof){.left = x, .right = y};
    return p;
}

/* --- hops --------------------------------------------------------------------------------------
 */
static const retriever_relation *known(run *r, kg_id id)
{
    return r->options->schema == NULL ? NULL : retriever_schema_relation(r->options->schema, id);
}

static void note_world(run *r, kg_id relation)
{
    const retriever_relation *info = known(r, relation);
    if (info == NULL || !info->complete)
        r->open_world = true;
}

/* Expands one relation in one direction from a slice of `from`. */
static status expand_slice(run *r, const execute_set *from, size_t start, size_t count,
                           kg_id relation, kg_direction direction, execute_set *out)
{
    kg_id nodes[CHUNK];
    for (size_t i = 0; i < count; i++)
        nodes[i] = from->items[start + i].id;
    size_t left = r->statements > r->out->visited ? r->statements - r->out->visited : 1;
    kg_expand_options o = {.relations = &relation,
                           .relation_count = 1,
                           .direction = direction,
                           .limit = left,
                           .when = r->when};
    kg_statement_list list = {0};
    status s = kg_expand(r->read, nodes, count, &o, r->a, &list, r->err);
    for (size_t i = 0; s == STATUS_OK && i < list.count; i++) {
        const kg_statement *st = &list.items[i];
        const execute_item *source = execute_set_find(from, direction == KG_OUT ? st->s : st->o);
        kg_id reached = direction == KG_OUT ? st->o : st->s;
        if (source == NULL || execute_set_find(out, reached) != NULL)
            continue;
        const execute_proof *p = prove(r, st, source->proof);
        s = p == NULL ? error_memory(r->err)
                      : add(r, out, (execute_item){.id = reached, .proof = p});
    }
    r->out->visited += list.count;
    if (list.more)
        r->out->limit_hit = true;
    return s;
}

static status expand(run *r, const execute_set *from, kg_id relation, bool inverse,
                     execute_set *out)
{
    status s = STATUS_OK;
    const retriever_relation *info = known(r, relation);
    for (size_t i = 0; s == STATUS_OK && i < from->count && !exhausted(r); i += CHUNK) {
        size_t n = from->count - i < CHUNK ? from->count - i : CHUNK;
        s = expand_slice(r, from, i, n, relation, inverse ? KG_IN : KG_OUT, out);
        if (s == STATUS_OK && info != NULL && info->symmetric)
            s = expand_slice(r, from, i, n, relation, inverse ? KG_OUT : KG_IN, out);
        if (s == STATUS_OK && info != NULL && info->inverse_of != 0 && info->inverse_of != relation)
            s = expand_slice(r, from, i, n, info->inverse_of, inverse ? KG_OUT : KG_IN, out);
    }
    return s;
}

static status step_from(run *r, const execute_set *from, const lf_step *step, execute_set *out)
{
    kg_id relation = step->relation.id;
    note_world(r, relation);
    if (!step->closure)
        return expand(r, from, relation, step->inverse, out);
    /* Breadth first; the frontier is the tail of `out` that was added last. */
    status s = expand(r, from, relation, step->inverse, out);
    size_t done = 0;
    while (s == STATUS_OK && done < out->count && !exhausted(r)) {
        execute_set frontier = {0};
        size_t upto = out->count;
        for (; s == STATUS_OK && done < upto; done++)
            s = execute_set_add(&frontier, out->items[done], r->a) ? STATUS_OK
                                                                   : error_memory(r->err);
        if (s == STATUS_OK)
            s = expand(r, &frontier, relation, step->inverse, out);
    }
    return s;
}

/* --- comparing values --------------------------------------------------------------------------
 */
static bool comparable(kg_value x, kg_value y)
{
    if (x.kind == KG_VALUE_NONE || y.kind == KG_VALUE_NONE)
        return false;
    if (x.kind == y.kind)
        return str_empty(x.unit) || str_empty(y.unit) || x.kind == KG_VALUE_DURATION ||
               str_equal(x.unit, y.unit);
    return x.kind == KG_VALUE_NUMBER ? str_empty(x.unit)
                                     : y.kind == KG_VALUE_NUMBER && str_empty(y.unit);
}

static bool holds(kg_value found, lf_compare compare, kg_value wanted)
{
    if (!comparable(found, wanted))
        return false;
    switch (compare) {
    case LF_EQ:
    case LF_IN:
        return found.low <= wanted.high && wanted.low <= found.high;
    case LF_NE:
        return found.low > wanted.high || wanted.low > found.high;
    case LF_LT:
        return found.high < wanted.low;
    case LF_LE:
        return found.high <= wanted.high;
    case LF_GT:
        return found.low > wanted.high;
    case LF_GE:
        return found.low >= wanted.low;
    case LF_STARTS:
        return false; /* of texts */
    }
    return false;
}

/* Does the node satisfy `compare` against the constant? */
static status node_matches(run *r, kg_id node, lf_compare compare, const lf_node *constant,
                           bool *out)
{
    bool same = constant->op == LF_ENTITY && constant->name.id == node;
    if (same || (constant->op == LF_ENTITY && compare == LF_EQ)) {
        *out = same ? compare == LF_EQ || compare == LF_IN || compare == LF_GE || compare == LF_LE
                    : false;
        return STATUS_OK;
    }
    kg_value found = {0};
    error ignored = {0};
    if (kg_value_get(r->read, node, r->a, &found, &ignored) != STATUS_OK)
        found.kind = KG_VALUE_NONE;
    kg_value wanted = constant->value;
    if (constant->op == LF_ENTITY)
        wanted = kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = constant->name.label});
    if (compare < LF_IN && comparable(found, wanted)) {
        *out = holds(found, compare, wanted);
        return STATUS_OK;
    }
    str label;
    status s = kg_labels(r->read, &node, 1, (str){0}, r->a, &label, r->err);
    if (s != STATUS_OK)
        return s;
    str have = kg_normalise(label, r->a);
    str want = kg_normalise(constant->name.label, r->a);
    bool equal = str_equal(have, want);
    *out = compare == LF_IN       ? str_find(have, want, 0) != STR_NONE
           : compare == LF_STARTS ? str_starts(have, want)
           : compare == LF_NE     ? !equal
                                  : compare == LF_EQ && equal;
    return STATUS_OK;
}

/* --- filters and superlatives ------------------------------------------------------------------
 */
/* The statements that carry the measure of each item: by expanding the set, or, when the set is
 * large, by one scan of the relation. */
typedef struct measure_scan {
    run *r;
    const execute_set *from;
    bool inverse;
    kg_statement_list list;
    size_t capacity;
    bool failed;
} measure_scan;

static bool keep_measure(void *context, const kg_statement *st)
{
    measure_scan *m = context;
    m->r->out->visited++;
    if (exhausted(m->r))
        return false;
    if (execute_set_find(m->from, m->inverse ? st->o : st->s) == NULL)
        return true;
    if (m->list.count == m->capacity) {
        size_t more = m->capacity == 0 ? 256 : m->capacity * 2;
        kg_statement *grown = ARENA_ARRAY(m->r->a, kg_statement, more);
        m->failed = grown == NULL;
        if (m->failed)
            return false;
        if (m->list.count > 0)
            memcpy(grown, m->list.items, m->list.count * sizeof *grown);
        m->list.items = grown;
        m->capacity = more;
    }
    m->list.items[m->list.count++] = *st;
    return true;
}

static status measures(run *r, const execute_set *from, const lf_step *step, kg_statement_list *out)
{
    note_world(r, step->relation.id);
    if (from->count <= 2 * CHUNK) {
        kg_id *nodes = ARENA_ARRAY(r->a, kg_id, from->count + 1);
        if (nodes == NULL)
            return error_memory(r->err);
        for (size_t i = 0; i < from->count; i++)
            nodes[i] = from->items[i].id;
        kg_expand_options o = {.relations = &step->relation.id,
                               .relation_count = 1,
                               .direction = step->inverse ? KG_IN : KG_OUT,
                               .when = r->when};
        status s = kg_expand(r->read, nodes, from->count, &o, r->a, out, r->err);
        r->out->visited += s == STATUS_OK ? out->count : 0;
        return s;
    }
    measure_scan m = {.r = r, .from = from, .inverse = step->inverse};
    kg_pattern pattern = {.p = step->relation.id, .when = r->when};
    status s = kg_match_each(r->read, &pattern, keep_measure, &m, r->err);
    if (s == STATUS_OK && m.failed)
        s = error_memory(r->err);
    *out = m.list;
    return s;
}

/* FILTER(set, ., op, value): the member itself is compared. */
static status filter_members(run *r, const lf_node *f, const execute_set *from, execute_set *out)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < from->count && !exhausted(r); i++) {
        bool match = false;
        s = node_matches(r, from->items[i].id, f->compare, f->b, &match);
        if (s == STATUS_OK && match)
            s = add(r, out, from->items[i]);
    }
    return s;
}

static status eval_filter(run *r, const lf_node *f, execute_set *out)
{
    execute_set from = {0};
    kg_statement_list list = {0};
    status s = eval(r, f->a, &from);
    if (s == STATUS_OK && f->step.self)
        return filter_members(r, f, &from, out);
    if (s == STATUS_OK)
        s = measures(r, &from, &f->step, &list);
    for (size_t i = 0; s == STATUS_OK && i < list.count && !exhausted(r); i++) {
        const kg_statement *st = &list.items[i];
        kg_id subject = f->step.inverse ? st->o : st->s;
        const execute_item *item = execute_set_find(&from, subject);
        bool match = false;
        if (item == NULL || execute_set_find(out, subject) != NULL)
            continue;
        s = node_matches(r, f->step.inverse ? st->s : st->o, f->compare, f->b, &match);
        if (s != STATUS_OK || !match)
            continue;
        const execute_proof *p = prove(r, st, item->proof);
        s = p == NULL ? error_memory(r->err)
                      : add(r, out, (execute_item){.id = subject, .proof = p});
    }
    return s;
}

typedef struct measured {
    execute_item item;
    kg_value value;
    double middle;
} measured;

static int by_middle(const void *x, const void *y)
{
    double a = ((const measured *)x)->middle, b = ((const measured *)y)->middle;
    return a < b ? -1 : a > b;
}

static kg_id measured_of(const lf_step *step, const kg_statement *st)
{
    return step->inverse ? st->o : st->s;
}

static int by_measured(const void *x, const void *y)
{
    const kg_statement *a = x, *b = y;
    if (a->s != b->s)
        return a->s < b->s ? -1 : 1;
    return a->o < b->o ? -1 : a->o > b->o;
}

static int by_measured_inverse(const void *x, const void *y)
{
    const kg_statement *a = x, *b = y;
    if (a->o != b->o)
        return a->o < b->o ? -1 : 1;
    return a->s < b->s ? -1 : a->s > b->s;
}

/* #rel: how many different things the relation leads to is the measure; all of them witness it. */
static status count_all(run *r, const execute_set *from, const lf_step *step, measured **out,
                        size_t *count)
{
    kg_statement_list list = {0};
    status s = measures(r, from, step, &list);
    measured *found = s == STATUS_OK ? ARENA_ARRAY(r->a, measured, list.count + 1) : NULL;
    if (found == NULL)
        return s == STATUS_OK ? error_memory(r->err) : s;
    size_t n = 0;
    if (list.count > 1)
        qsort(list.items, list.count, sizeof *list.items,
              step->inverse ? by_measured_inverse : by_measured);
    kg_id last = 0, value = 0;
    for (size_t i = 0; i < list.count && !exhausted(r); i++) {
        const kg_statement *st = &list.items[i];
        kg_id subject = measured_of(step, st), other = step->inverse ? st->s : st->o;
        const execute_item *item = execute_set_find(from, subject);
        if (item == NULL || (n > 0 && subject == last && other == value))
            continue;
        if (n == 0 || subject != last)
            found[n++] =
                (measured){.item = {.id = subject, .proof = item->proof, .has_order = true}};
        last = subject;
        value = other;
        measured *m = &found[n - 1];
        m->middle += 1;
        m->item.order = m->middle;
        m->item.proof = prove(r, st, m->item.proof);
    }
    if (n > 1)
        qsort(found, n, sizeof *found, by_middle);
    *out = found;
    *count = n;
    return STATUS_OK;
}

/* Items with a comparable measure, ascending. The kind of the first value found decides. */
static status measure_all(run *r, const execute_set *from, const lf_step *step, measured **out,
                          size_t *count)
{
    kg_statement_list list = {0};
    if (step->count)
        return count_all(r, from, step, out, count);
    status s = measures(r, from, step, &list);
    if (s != STATUS_OK)
        return s;
    measured *found = ARENA_ARRAY(r->a, measured, list.count + 1);
    if (found == NULL)
        return error_memory(r->err);
    size_t n = 0;
    const retriever_relation *info = known(r, step->relation.id);
    bool share = info != NULL && info->stats.value_kind == KG_VALUE_PERCENT;
    for (size_t i = 0; i < list.count && !exhausted(r); i++) {
        const kg_statement *st = &list.items[i];
        kg_id subject = step->inverse ? st->o : st->s;
        const execute_item *item = execute_set_find(from, subject);
        kg_value value = {0};
        error ignored = {0};
        if (item == NULL || kg_value_get(r->read, step->inverse ? st->s : st->o, r->a, &value,
                                         &ignored) != STATUS_OK)
            continue;
        if (value.kind == KG_VALUE_NONE || (n > 0 && !comparable(found[0].value, value)))
            continue;
        double middle = (value.low + value.high) / 2;
        if (!isfinite(middle) || (share && value.high > 100))
            continue; /* a share above the whole is a slip of the source's (705 for 70.5) */
        found[n++] = (measured){.item = {.id = subject,
                                         .proof = prove(r, st, item->proof),
                                         .has_order = true,
                                         .order = middle},
                                .value = value,
                                .middle = middle};
    }
    qsort(found, n, sizeof *found, by_middle);
    *out = found;
    *count = n;
    return STATUS_OK;
}

static status eval_arg(run *r, const lf_node *f, execute_set *out)
{
    execute_set from = {0};
    measured *found = NULL;
    size_t n = 0;
    status s = eval(r, f->a, &from);
    if (s == STATUS_OK)
        s = measure_all(r, &from, &f->step, &found, &n);
    size_t wanted = f->limit == 0 ? n : f->limit;
    bool most = f->op == LF_ARGMAX;
    for (size_t i = 0; s == STATUS_OK && i < n && out->count < wanted; i++) {
        const measured *m = &found[most ? n - 1 - i : i];
        double best = found[most ? n - 1 : 0].middle;
        if (f->limit == 0 && m->middle != best)
            break;
        s = add(r, out, m->item);
    }
    return s;
}

static status eval_cmp(run *r, const lf_node *f, execute_set *out)
{
    execute_set both = {0};
    measured *found = NULL;
    size_t n = 0;
    status s = eval(r, f->a, &both);
    if (s == STATUS_OK)
        s = eval(r, f->b, &both);
    if (s == STATUS_OK)
        s = measure_all(r, &both, &f->step, &found, &n);
    if (s != STATUS_OK || n == 0)
        return s;
    bool two_sides = found[0].item.id != found[n - 1].item.id;
    bool equal = two_sides && found[0].middle == found[n - 1].middle;
    r->out->truth = !two_sides ? EXECUTE_UNKNOWN : equal ? EXECUTE_YES : EXECUTE_NO;
    if (!two_sides)
        return STATUS_OK; /* one side has no measure: nothing to compare */
    if (f->compare == LF_EQ || equal) {
        s = add(r, out, found[0].item);
        return s == STATUS_OK ? add(r, out, found[n - 1].item) : s;
    }
    bool most = f->compare == LF_GT || f->compare == LF_GE;
    const measured *winner = &found[most ? n - 1 : 0];
    const measured *loser = &found[most ? 0 : n - 1];
    execute_item item = winner->item;
    item.proof = prove_both(r, winner->item.proof, loser->item.proof);
    return add(r, out, item);
}

/* --- sets --------------------------------------------------------------------------------------
 */
static status eval_binary(run *r, const lf_node *f, execute_set *out)
{
    execute_set left = {0}, right = {0};
    status s = eval(r, f->a, &left);
    if (s == STATUS_OK && (f->op == LF_OR || left.count > 0))
        s = eval(r, f->b, &right);
    for (size_t i = 0; s == STATUS_OK && i < left.count; i++) {
        execute_item item = left.items[i];
        const execute_item *other = execute_set_find(&right, item.id);
        if (f->op == LF_AND && other == NULL)
            continue;
        if (f->op == LF_MINUS && other != NULL)
            continue;
        if (f->op == LF_AND)
            item.proof = prove_both(r, item.proof, other->proof);
        s = add(r, out, item);
    }
    for (size_t i = 0; s == STATUS_OK && f->op == LF_OR && i < right.count; i++)
        if (execute_set_find(out, right.items[i].id) == NULL)
            s = add(r, out, right.items[i]);
    return s;
}

static status eval_type(run *r, const lf_node *f, execute_set *out)
{
    const retriever_schema *schema = r->options->schema;
    if (schema == NULL || schema->type_relation == 0)
        return STATUS_OK;
    execute_set classes = {0}, members = {0}, below = {0};
    status s = execute_set_add(&classes, (execute_item){.id = f->name.id}, r->a)
                   ? STATUS_OK
                   : error_memory(r->err);
    bool open_world = r->open_world;
    if (s == STATUS_OK && schema->subclass_relation != 0) {
        lf_step down = {
            .relation = {.id = schema->subclass_relation}, .inverse = true, .closure = true};
        s = step_from(r, &classes, &down, &below);
        for (size_t i = 0; s == STATUS_OK && i < below.count; i++)
            s = execute_set_add(&classes, below.items[i], r->a) ? STATUS_OK : error_memory(r->err);
    }
    if (s != STATUS_OK)
        return s;
    if (f->a == NULL) {
        s = expand(r, &classes, schema->type_relation, true, out);
        r->open_world = open_world;
        return s;
    }
    s = eval(r, f->a, &members);
    for (size_t i = 0; s == STATUS_OK && i < members.count; i++) {
        kg_id_list types = {0};
        s = kg_types(r->read, members.items[i].id, r->a, &types, r->err);
        bool member = false;
        for (size_t k = 0; s == STATUS_OK && k < types.count; k++)
            member = member || execute_set_find(&classes, types.items[k]) != NULL;
        if (s == STATUS_OK && member)
            s = add(r, out, members.items[i]);
    }
    return s;
}

/* Within a few nodes nothing need be searched: each one's longest text is its passage. */
static status search_few(run *r, const execute_set *within, execute_set *out)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < within->count; i++) {
        const execute_item *item = &within->items[i];
        kg_pattern pattern = {.s = item->id, .when = r->when, .limit = 100};
        kg_statement_list list = {0};
        const kg_statement *best = NULL;
        size_t longest = 0;
        s = kg_match(r->read, &pattern, r->a, &list, r->err);
        r->out->visited += list.count;
        for (size_t k = 0; s == STATUS_OK && k < list.count; k++) {
            kg_term term;
            s = kg_terms(r->read, &list.items[k].o, 1, r->a, &term, r->err);
            if (s == STATUS_OK && term.kind == KG_TERM_LITERAL && term.lexical.length > longest) {
                longest = term.lexical.length;
                best = &list.items[k];
            }
        }
        if (s != STATUS_OK || best == NULL)
            continue;
        const execute_proof *p = prove(r, best, item->proof);
        s = p == NULL ? error_memory(r->err)
                      : add(r, out, (execute_item){.id = item->id, .proof = p});
    }
    r->open_world = true;
    return s;
}

static status eval_search(run *r, const lf_node *f, execute_set *out)
{
    execute_set within = {0};
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.limit = f->a == NULL ? SEARCH_HITS : SEARCH_HITS * 20};
    status s = f->a == NULL ? STATUS_OK : eval(r, f->a, &within);
    if (s == STATUS_OK && f->a != NULL && within.count <= 16)
        return search_few(r, &within, out);
    if (s == STATUS_OK)
        s = kg_passage_search(r->read, f->name.label, &options, r->a, &hits, &count, r->err);
    for (size_t i = 0; s == STATUS_OK && i < count && !exhausted(r); i++) {
        kg_pattern pattern = {.o = hits[i].term, .when = r->when, .limit = 20};
        kg_statement_list list = {0};
        s = kg_match(r->read, &pattern, r->a, &list, r->err);
        r->out->visited += list.count;
        for (size_t k = 0; s == STATUS_OK && k < list.count; k++) {
            kg_id subject = list.items[k].s;
            const execute_item *base = execute_set_find(&within, subject);
            if ((f->a != NULL && base == NULL) || execute_set_find(out, subject) != NULL)
                continue;
            const execute_proof *p = prove(r, &list.items[k], base == NULL ? NULL : base->proof);
            s = add(
                r, out,
                (execute_item){
                    .id = subject, .proof = p, .has_order = true, .order = (double)hits[i].score});
        }
    }
    r->open_world = true;
    return s;
}

static status eval_at(run *r, const lf_node *f, execute_set *out)
{
    kg_when outer = r->when;
    r->when = (kg_when){.set = true, .day = f->day};
    status s = eval(r, f->a, out);
    r->when = outer;
    return s;
}

static status eval(run *r, const lf_node *f, execute_set *out)
{
    status s = STATUS_OK;
    execute_set from = {0};
    if (f == NULL)
        return STATUS_OK;
    if (++r->depth > LF_MAX_DEPTH + LF_MAX_NODES)
        return error_set(r->err, STATUS_LIMIT, "logical form is too deep");
    switch (f->op) {
    case LF_ENTITY:
        s = f->name.id == 0 ? error_set(r->err, STATUS_USAGE, "a name was not resolved")
                            : add(r, out, (execute_item){.id = f->name.id});
        break;
    case LF_VALUE:
        break; /* a constant that is no node of the graph: the empty set */
    case LF_HOP:
        s = eval(r, f->a, &from);
        if (s == STATUS_OK)
            s = step_from(r, &from, &f->step, out);
        break;
    case LF_AND:
    case LF_OR:
    case LF_MINUS:
        s = eval_binary(r, f, out);
        break;
    case LF_FILTER:
        s = eval_filter(r, f, out);
        break;
    case LF_TYPE:
        s = eval_type(r, f, out);
        break;
    case LF_ARGMAX:
    case LF_ARGMIN:
        s = eval_arg(r, f, out);
        break;
    case LF_CMP:
        s = eval_cmp(r, f, out);
        break;
    case LF_SEARCH:
        s = eval_search(r, f, out);
        break;
    case LF_AT:
        s = eval_at(r, f, out);
        break;
    case LF_COUNT:
    case LF_ASK:
    case LF_DESCRIBE:
        s = eval(r, f->a, out);
        break;
    }
    r->depth--;
    return s;
}

/* --- results -----------------------------------------------------------------------------------
 */
static status ask(run *r, const lf_node *f, const execute_set *found, execute_set *matching)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < found->count && !exhausted(r); i++) {
        bool match = f->b == NULL;
        if (!match)
            s = node_matches(r, found->items[i].id, f->compare, f->b, &match);
        if (s == STATUS_OK && match)
            s = add(r, matching, found->items[i]);
    }
    /* A comparison that fails on what is there is a "no" that the graph supports. */
    bool measured_no = found->count > 0 && f->b != NULL && f->compare != LF_EQ;
    /* So is another value of a relation that has one value at a time. */
    if (f->a->op == LF_HOP && !f->a->step.inverse && !f->a->step.closure && f->b != NULL) {
        const retriever_relation *info = known(r, f->a->step.relation.id);
        measured_no = measured_no || (found->count == 1 && info != NULL && info->functional);
    }
    /* "Has A more than B": of the two, A alone must have more. */
    bool compared = f->a->op == LF_CMP && f->a->compare != LF_EQ && found->count > 0;
    if (compared && found->count > 1)
        matching->count = 0;
    measured_no = measured_no || compared;
    r->out->truth = matching->count > 0             ? EXECUTE_YES
                    : !r->open_world || measured_no ? EXECUTE_NO
                                                    : EXECUTE_UNKNOWN;
    return s;
}

static status describe(run *r, const execute_set *found)
{
    kg_id nodes[16];
    size_t n = found->count < 16 ? found->count : 16;
    for (size_t i = 0; i < n; i++)
        nodes[i] = found->items[i].id;
    kg_expand_options o = {.direction = KG_BOTH,
                           .limit_per_relation = 20,
                           .limit = DESCRIBE_STATEMENTS,
                           .when = r->when};
    kg_statement_list list = {0};
    status s = kg_expand(r->read, nodes, n, &o, r->a, &list, r->err);
    if (s != STATUS_OK)
        return s;
    r->out->statements = list.items;
    r->out->statement_count = list.count;
    r->out->more = list.more;
    return STATUS_OK;
}

static status find_conflicts(run *r, const lf_node *f)
{
    while (f != NULL && (f->op == LF_AT || f->op == LF_ASK))
        f = f->a;
    if (f == NULL || f->op != LF_HOP || f->step.inverse || f->step.closure)
        return STATUS_OK;
    const retriever_relation *info = known(r, f->step.relation.id);
    if (info == NULL || !info->functional)
        return STATUS_OK;
    return execute_conflicts(r->read, f->step.relation.id, r->a, r->out, r->err);
}

/* What would hold at another time, when nothing holds at the time asked. */
static status look_at_other_times(run *r, const lf_node *f)
{
    if (!r->when.set && f->op != LF_AT)
        return STATUS_OK;
    while (f->op == LF_AT)
        f = f->a;
    execute_set found = {0};
    execute_result ignored = {0};
    run other = *r;
    other.when = (kg_when){0};
    other.out = &ignored;
    status s = eval(&other, f, &found);
    if (s != STATUS_OK || found.count == 0)
        return s;
    s = execute_flatten(&found, r->rows, r->a, &ignored, r->err);
    r->out->other_times = ignored.statements;
    r->out->other_time_count = ignored.statement_count;
    return s;
}

static status finish(run *r, const lf_node *form, const lf_node *top, execute_set *found)
{
    execute_set matching = {0};
    execute_result *out = r->out;
    status s = STATUS_OK;
    out->kind = top->op == LF_COUNT      ? EXECUTE_COUNT
                : top->op == LF_ASK      ? EXECUTE_TRUTH
                : top->op == LF_DESCRIBE ? EXECUTE_DESCRIBE
                                         : EXECUTE_SET;
    if (top->op == LF_ASK) {
        s = ask(r, top, found, &matching);
        if (s == STATUS_OK && matching.count > 0)
            found = &matching;
    }
    if (s == STATUS_OK)
        s = execute_flatten(found, r->rows, r->a, out, r->err);
    if (s == STATUS_OK && top->op == LF_DESCRIBE)
        s = describe(r, found);
    if (s != STATUS_OK)
        return s;
    out->number = found->count;
    out->more = out->more || out->limit_hit;
    out->closed_world = !r->open_world;
    if (out->value_count == 0)
        return look_at_other_times(r, form);
    return find_conflicts(r, form);
}

status execute_form(kg_read *read, const lf_node *form, const execute_options *options, arena *a,
                    execute_result *out, error *err)
{
    static const execute_options defaults = {.as_of = CLOCK_DAY_UNKNOWN};
    if (form == NULL)
        return error_set(err, STATUS_USAGE, "there is no logical form");
    options = options != NULL ? options : &defaults;
    execute_result result = {.truth = EXECUTE_UNKNOWN};
    run r = {.read = read, .options = options, .a = a, .err = err, .out = &result};
    r.rows = options->limits.rows > 0 ? options->limits.rows : DEFAULT_ROWS;
    r.statements = options->limits.statements > 0 ? options->limits.statements : DEFAULT_STATEMENTS;
    if (!options->any_time) {
        r.when.set = true;
        r.when.day = options->as_of != CLOCK_DAY_UNKNOWN ? options->as_of : clock_today();
    }
    const lf_node *top = form;
    while (top->op == LF_AT) {
        r.when = (kg_when){.set = true, .day = top->day};
        top = top->a;
    }
    execute_set found = {0};
    status s = eval(&r, top, &found);
    if (s == STATUS_OK)
        s = finish(&r, form, top, &found);
    if (s == STATUS_OK)
        *out = result;
    return s;
}
