/* See execute_set.h. */
#include "retriever/execute_set.h"

#include <stdlib.h>

#define MAX_WITNESSES 64 /* of one value */

static size_t slot_of(const execute_set *set, kg_id id)
{
    uint64_t h = id * 0x9E3779B97F4A7C15ull;
    size_t at = (size_t)(h >> 20) & (set->slot_count - 1);
    while (set->slots[at] != 0 && set->items[set->slots[at] - 1].id != id)
        at = (at + 1) & (set->slot_count - 1);
    return at;
}

static bool grow(execute_set *set, arena *a)
{
    size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
    execute_item *items = ARENA_ARRAY(a, execute_item, capacity);
    uint32_t *slots = ARENA_ARRAY(a, uint32_t, capacity * 2);
    if (items == NULL || slots == NULL)
        return false;
    if (set->count > 0)
        memcpy(items, set->items, set->count * sizeof *items);
    set->items = items;
    set->slots = slots;
    set->capacity = capacity;
    set->slot_count = capacity * 2;
    for (size_t i = 0; i < set->count; i++)
        slots[slot_of(set, items[i].id)] = (uint32_t)(i + 1);
    return true;
}

const execute_item *execute_set_find(const execute_set *set, kg_id id)
{
    if (set->count == 0)
        return NULL;
    size_t at = slot_of(set, id);
    return set->slots[at] == 0 ? NULL : &set->items[set->slots[at] - 1];
}

bool execute_set_add(execute_set *set, execute_item item, arena *a)
{
    if (execute_set_find(set, item.id) != NULL)
        return true;
    if (set->count == set->capacity && !grow(set, a))
        return false;
    set->items[set->count++] = item;
    set->slots[slot_of(set, item.id)] = (uint32_t)set->count;
    return true;
}

/* --- flattening proofs -------------------------------------------------------------------------
 */
typedef struct flattener {
    arena *a;
    execute_result *out;
    size_t capacity;
    execute_set seen; /* statement id -> position, through the item's order */
    size_t own[MAX_WITNESSES];
    size_t own_count;
    bool failed;
} flattener;

static size_t keep_statement(flattener *f, const kg_statement *st)
{
    const execute_item *have = execute_set_find(&f->seen, st->id);
    if (have != NULL)
        return (size_t)have->order;
    execute_result *out = f->out;
    if (out->statement_count == f->capacity) {
        size_t capacity = f->capacity == 0 ? 32 : f->capacity * 2;
        kg_statement *grown = ARENA_ARRAY(f->a, kg_statement, capacity);
        f->failed = f->failed || grown == NULL;
        if (grown == NULL)
            return 0;
        if (out->statement_count > 0)
            memcpy(grown, out->statements, out->statement_count * sizeof *grown);
        out->statements = grown;
        f->capacity = capacity;
    }
    size_t at = out->statement_count++;
    out->statements[at] = *st;
    execute_item item = {.id = st->id, .order = (double)at};
    f->failed = !execute_set_add(&f->seen, item, f->a) || f->failed;
    return at;
}

/* Depth first, what came first in the derivation first. A closure's chain may be long, so the left
 * spine is walked by a loop. */
static void flatten_proof(flattener *f, const execute_proof *p, int depth)
{
    const execute_proof *spine[MAX_WITNESSES];
    size_t n = 0;
    for (; p != NULL && n < MAX_WITNESSES; p = p->left)
        spine[n++] = p;
    while (n > 0) {
        const execute_proof *q = spine[--n];
        if (q->right != NULL && depth < LF_MAX_DEPTH)
            flatten_proof(f, q->right, depth + 1);
        if (!q->has_statement || f->own_count >= MAX_WITNESSES)
            continue;
        size_t at = keep_statement(f, &q->statement);
        bool have = false;
        for (size_t i = 0; i < f->own_count; i++)
            have = have || f->own[i] == at;
        if (!have)
            f->own[f->own_count++] = at;
    }
}

status execute_flatten(const execute_set *set, size_t rows, arena *a, execute_result *out,
                       error *err)
{
    flattener f = {.a = a, .out = out};
    size_t count = set->count < rows ? set->count : rows;
    execute_value *values = ARENA_ARRAY(a, execute_value, count + 1);
    if (values == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count && !f.failed; i++) {
        const execute_item *item = &set->items[i];
        f.own_count = 0;
        flatten_proof(&f, item->proof, 0);
        size_t *own = ARENA_ARRAY(a, size_t, f.own_count + 1);
        if (own == NULL)
            return error_memory(err);
        memcpy(own, f.own, f.own_count * sizeof *own);
        values[i] = (execute_value){.id = item->id,
                                    .witnesses = own,
                                    .witness_count = f.own_count,
                                    .order = item->order,
                                    .has_order = item->has_order};
        if (item->proof != NULL && item->proof->has_statement)
            values[i].best = item->proof->statement.id;
    }
    if (f.failed)
        return error_memory(err);
    out->values = values;
    out->value_count = count;
    out->more = count < set->count;
    return STATUS_OK;
}

/* --- conflicts ---------------------------------------------------------------------------------
 */
typedef struct contender {
    size_t statement;
    double authority;
    clock_day valid_from;
    int64_t recorded;
} contender;

static int best_first(const void *x, const void *y)
{
    const contender *a = x, *b = y;
    if (a->authority != b->authority)
        return a->authority > b->authority ? -1 : 1;
    if (a->valid_from != b->valid_from)
        return a->valid_from > b->valid_from ? -1 : 1;
    if (a->recorded != b->recorded)
        return a->recorded > b->recorded ? -1 : 1;
    return a->statement < b->statement ? -1 : a->statement > b->statement;
}

static status rank_contenders(kg_read *read, const execute_result *out, contender *list,
                              size_t count, arena *a, error *err)
{
    for (size_t i = 0; i < count; i++) {
        const kg_statement *st = &out->statements[list[i].statement];
        kg_statement_detail detail = {0};
        status s = kg_statement_get(read, st->id, a, &detail, err);
        if (s != STATUS_OK)
            return s;
        list[i].valid_from = st->valid_from;
        for (size_t k = 0; k < detail.origin_count; k++) {
            if (detail.origins[k].authority > list[i].authority)
                list[i].authority = detail.origins[k].authority;
            if (detail.origins[k].recorded_at > list[i].recorded)
                list[i].recorded = detail.origins[k].recorded_at;
        }
    }
    qsort(list, count, sizeof *list, best_first);
    return STATUS_OK;
}

static status add_conflict(kg_read *read, kg_id subject, kg_id relation, contender *list,
                           size_t count, arena *a, execute_result *out, error *err)
{
    status s = rank_contenders(read, out, list, count, a, err);
    if (s != STATUS_OK)
        return s;
    execute_conflict *grown = ARENA_ARRAY(a, execute_conflict, out->conflict_count + 1);
    size_t *statements = ARENA_ARRAY(a, size_t, count);
    if (grown == NULL || statements == NULL)
        return error_memory(err);
    if (out->conflict_count > 0)
        memcpy(grown, out->conflicts, out->conflict_count * sizeof *grown);
    for (size_t i = 0; i < count; i++)
        statements[i] = list[i].statement;
    grown[out->conflict_count++] = (execute_conflict){
        .subject = subject, .relation = relation, .statements = statements, .count = count};
    out->conflicts = grown;
    return STATUS_OK;
}

/* Whether the values differ: "14天" and "治疗周期14天" are one duration. */
static status values_differ(kg_read *read, const execute_result *out, const contender *list,
                            size_t count, arena *a, bool *differ, error *err)
{
    kg_value first = {0};
    *differ = false;
    for (size_t i = 0; i < count && !*differ; i++) {
        const kg_statement *st = &out->statements[list[i].statement];
        kg_value v = {0};
        status s = kg_value_get(read, st->o, a, &v, err);
        if (s != STATUS_OK)
            return s;
        if (i == 0)
            first = v;
        *differ = v.kind == KG_VALUE_NONE || v.kind != first.kind || v.low < first.low ||
                  v.low > first.low || v.high < first.high || v.high > first.high ||
                  (v.kind != KG_VALUE_DURATION && !str_equal(v.unit, first.unit));
    }
    return STATUS_OK;
}

status execute_conflicts(kg_read *read, kg_id relation, arena *a, execute_result *out, error *err)
{
    enum { MOST_SUBJECTS = 16, MOST_VALUES = 32 };
    kg_id subjects[MOST_SUBJECTS];
    size_t subject_count = 0;
    for (size_t i = 0; i < out->statement_count && subject_count < MOST_SUBJECTS; i++) {
        const kg_statement *st = &out->statements[i];
        bool have = st->p != relation;
        for (size_t k = 0; k < subject_count; k++)
            have = have || subjects[k] == st->s;
        if (!have)
            subjects[subject_count++] = st->s;
    }
    for (size_t k = 0; k < subject_count; k++) {
        contender list[MOST_VALUES] = {0};
        size_t count = 0;
        for (size_t i = 0; i < out->statement_count && count < MOST_VALUES; i++)
            if (out->statements[i].p == relation && out->statements[i].s == subjects[k])
                list[count++].statement = i;
        bool differ = false;
        status s = count < 2 ? STATUS_OK : values_differ(read, out, list, count, a, &differ, err);
        if (s != STATUS_OK)
            return s;
        if (!differ)
            continue;
        s = add_conflict(read, subjects[k], relation, list, count, a, out, err);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}
