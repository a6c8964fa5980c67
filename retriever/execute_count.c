/* Counting beyond the rows that a result may hold: the ends of one step, each once, without keeping
 * what proves them. */
#include <stdlib.h>

#include "retriever/execute_run.h"

#define LOOK_EVERY 4096 /* statements between looks at the clock */

typedef struct tally {
    execute_run *r;
    kg_id *slots; /* open addressing; 0 = free */
    size_t slot_count, count;
    bool inverse, failed;
} tally;

static void put(kg_id *slots, size_t slot_count, kg_id id)
{
    size_t at = (size_t)(id * 0x9E3779B97F4A7C15u >> 20) & (slot_count - 1);
    while (slots[at] != 0 && slots[at] != id)
        at = (at + 1) & (slot_count - 1);
    slots[at] = id;
}

static bool has(const tally *t, kg_id id)
{
    size_t at = (size_t)(id * 0x9E3779B97F4A7C15u >> 20) & (t->slot_count - 1);
    while (t->slots[at] != 0 && t->slots[at] != id)
        at = (at + 1) & (t->slot_count - 1);
    return t->slots[at] == id;
}

static bool grow(tally *t)
{
    size_t more = t->slot_count == 0 ? 1 << 15 : t->slot_count * 2;
    kg_id *slots = calloc(more, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->slot_count; i++)
        if (t->slots[i] != 0)
            put(slots, more, t->slots[i]);
    free(t->slots);
    t->slots = slots;
    t->slot_count = more;
    return true;
}

static bool on_statement(void *context, const kg_statement *st)
{
    tally *t = context;
    kg_id end = t->inverse ? st->s : st->o;
    t->failed = t->count * 2 >= t->slot_count && !grow(t);
    if (t->failed)
        return false;
    if (!has(t, end)) {
        put(t->slots, t->slot_count, end);
        t->count++;
    }
    t->r->out->visited++;
    bool look = t->r->out->visited >= t->r->statements || t->r->out->visited % LOOK_EVERY == 0;
    return !look || !execute_exhausted(t->r);
}

static status tally_step(tally *t, const execute_set *from, kg_id relation, bool inverse)
{
    status s = STATUS_OK;
    t->inverse = inverse;
    for (size_t i = 0; s == STATUS_OK && i < from->count && !t->r->out->limit_hit; i++) {
        kg_pattern pattern = {.p = relation, .when = t->r->when};
        *(inverse ? &pattern.o : &pattern.s) = from->items[i].id;
        s = kg_match_each(t->r->read, &pattern, on_statement, t, t->r->err);
    }
    return s == STATUS_OK && t->failed ? error_memory(t->r->err) : s;
}

status execute_count_ends(execute_run *r, const execute_set *from, const lf_step *step,
                          uint64_t *out)
{
    const retriever_relation *info = execute_known(r, step->relation.id);
    tally t = {.r = r};
    r->out->limit_hit = false;
    status s =
        grow(&t) ? tally_step(&t, from, step->relation.id, step->inverse) : error_memory(r->err);
    if (s == STATUS_OK && info != NULL && info->symmetric)
        s = tally_step(&t, from, step->relation.id, !step->inverse);
    if (s == STATUS_OK && info != NULL && info->inverse_of != 0 &&
        info->inverse_of != step->relation.id)
        s = tally_step(&t, from, info->inverse_of, !step->inverse);
    *out = t.count;
    free(t.slots);
    return s;
}
