/* The operators of execute.h that look at values: FILTER, ARGMAX, ARGMIN, CMP. */
#include <math.h>
#include <stdlib.h>

#include "retriever/execute_run.h"

#define FEW 512 /* up to so many items are expanded; more: the relation is scanned once */

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
status execute_node_matches(execute_run *r, kg_id node, lf_compare compare, const lf_node *constant,
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
    execute_run *r;
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
    if (execute_exhausted(m->r))
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

static status measures(execute_run *r, const execute_set *from, const lf_step *step,
                       kg_statement_list *out)
{
    execute_note_world(r, step->relation.id);
    if (from->count <= FEW) {
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
static status filter_members(execute_run *r, const lf_node *f, const execute_set *from,
                             execute_set *out)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < from->count && !execute_exhausted(r); i++) {
        bool match = false;
        s = execute_node_matches(r, from->items[i].id, f->compare, f->b, &match);
        if (s == STATUS_OK && match)
            s = execute_add(r, out, from->items[i]);
    }
    return s;
}

status execute_filter(execute_run *r, const lf_node *f, execute_set *out)
{
    execute_set from = {0};
    kg_statement_list list = {0};
    status s = execute_eval(r, f->a, &from);
    if (s == STATUS_OK && f->step.self)
        return filter_members(r, f, &from, out);
    if (s == STATUS_OK)
        s = measures(r, &from, &f->step, &list);
    for (size_t i = 0; s == STATUS_OK && i < list.count && !execute_exhausted(r); i++) {
        const kg_statement *st = &list.items[i];
        kg_id subject = f->step.inverse ? st->o : st->s;
        const execute_item *item = execute_set_find(&from, subject);
        bool match = false;
        if (item == NULL || execute_set_find(out, subject) != NULL)
            continue;
        s = execute_node_matches(r, f->step.inverse ? st->s : st->o, f->compare, f->b, &match);
        if (s != STATUS_OK || !match)
            continue;
        const execute_proof *p = execute_prove(r, st, item->proof);
        s = p == NULL ? error_memory(r->err)
                      : execute_add(r, out, (execute_item){.id = subject, .proof = p});
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
static status count_all(execute_run *r, const execute_set *from, const lf_step *step,
                        measured **out, size_t *count)
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
    for (size_t i = 0; i < list.count && !execute_exhausted(r); i++) {
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
        m->item.proof = execute_prove(r, st, m->item.proof);
    }
    if (n > 1)
        qsort(found, n, sizeof *found, by_middle);
    *out = found;
    *count = n;
    return STATUS_OK;
}

/* Items with a comparable measure, ascending. The kind of the first value found decides. */
static status measure_all(execute_run *r, const execute_set *from, const lf_step *step,
                          measured **out, size_t *count)
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
    const retriever_relation *info = execute_known(r, step->relation.id);
    bool share = info != NULL && info->stats.value_kind == KG_VALUE_PERCENT;
    for (size_t i = 0; i < list.count && !execute_exhausted(r); i++) {
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
                                         .proof = execute_prove(r, st, item->proof),
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

status execute_greatest(execute_run *r, const lf_node *f, execute_set *out)
{
    execute_set from = {0};
    measured *found = NULL;
    size_t n = 0;
    status s = execute_eval(r, f->a, &from);
    if (s == STATUS_OK)
        s = measure_all(r, &from, &f->step, &found, &n);
    size_t wanted = f->limit == 0 ? n : f->limit;
    bool most = f->op == LF_ARGMAX;
    for (size_t i = 0; s == STATUS_OK && i < n && out->count < wanted; i++) {
        const measured *m = &found[most ? n - 1 - i : i];
        double best = found[most ? n - 1 : 0].middle;
        if (f->limit == 0 && m->middle != best)
            break;
        s = execute_add(r, out, m->item);
    }
    return s;
}

status execute_compare(execute_run *r, const lf_node *f, execute_set *out)
{
    execute_set both = {0};
    measured *found = NULL;
    size_t n = 0;
    status s = execute_eval(r, f->a, &both);
    if (s == STATUS_OK)
        s = execute_eval(r, f->b, &both);
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
        s = execute_add(r, out, found[0].item);
        return s == STATUS_OK ? execute_add(r, out, found[n - 1].item) : s;
    }
    bool most = f->compare == LF_GT || f->compare == LF_GE;
    const measured *winner = &found[most ? n - 1 : 0];
    const measured *loser = &found[most ? 0 : n - 1];
    execute_item item = winner->item;
    item.proof = execute_prove_both(r, winner->item.proof, loser->item.proof);
    return execute_add(r, out, item);
}
