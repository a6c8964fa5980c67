/* See cite.h. */
#include "fusion/cite.h"

#include <stdlib.h>

/* Sources below this are marked. */
#define LOW_AUTHORITY 0.3

struct cite_list {
    arena *a;
    kg_statement *items;
    bool *conflict;
    size_t count, capacity;
    uint32_t *table; /* open addressing: index + 1 */
    size_t table_size;
};

cite_list *cite_new(arena *a)
{
    cite_list *list = ARENA_NEW(a, cite_list);
    if (list != NULL)
        list->a = a;
    return list;
}

size_t cite_count(const cite_list *list)
{
    return list->count;
}

const kg_statement *cite_statement(const cite_list *list, int n)
{
    return n < 1 || (size_t)n > list->count ? NULL : &list->items[n - 1];
}

void cite_mark_conflict(cite_list *list, int n)
{
    if (n >= 1 && (size_t)n <= list->count)
        list->conflict[n - 1] = true;
}

static bool grow(cite_list *list)
{
    size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2, size = capacity * 2;
    kg_statement *items = ARENA_ARRAY(list->a, kg_statement, capacity);
    bool *conflict = ARENA_ARRAY(list->a, bool, capacity);
    uint32_t *table = ARENA_ARRAY(list->a, uint32_t, size);
    if (items == NULL || conflict == NULL || table == NULL)
        return false;
    if (list->count > 0) {
        memcpy(items, list->items, list->count * sizeof *items);
        memcpy(conflict, list->conflict, list->count * sizeof *conflict);
    }
    list->items = items;
    list->conflict = conflict;
    list->capacity = capacity;
    list->table = table;
    list->table_size = size;
    for (size_t i = 0; i < list->count; i++) {
        size_t at = items[i].id & (size - 1);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    return true;
}

int cite_add(cite_list *list, const kg_statement *statement)
{
    if (list->count == list->capacity && !grow(list))
        return 0;
    size_t at = statement->id & (list->table_size - 1);
    for (; list->table[at] != 0; at = (at + 1) & (list->table_size - 1))
        if (list->items[list->table[at] - 1].id == statement->id)
            return (int)list->table[at];
    list->items[list->count++] = *statement;
    list->table[at] = (uint32_t)list->count;
    return (int)list->count;
}

static void set_source(answer_citation *c, const kg_statement_detail *detail, const pack *p)
{
    double best = -1;
    for (size_t i = 0; i < detail->origin_count; i++) {
        const kg_origin *o = &detail->origins[i];
        double authority = p == NULL ? -1 : pack_authority(p, o->source);
        if (authority < 0)
            authority = o->authority;
        if (authority > best) {
            best = authority;
            c->source = o->source;
            c->position = o->line;
        }
    }
    c->low_authority = best >= 0 && best < LOW_AUTHORITY;
}

static bool is_old(const kg_statement *s)
{
    return s->valid_to != CLOCK_DAY_UNKNOWN && s->valid_to <= clock_today();
}

static status fill_labels(cite_list *list, kg_read *read, str lang, answer_citation *out,
                          error *err)
{
    size_t n = list->count;
    kg_id *ids = ARENA_ARRAY(list->a, kg_id, 3 * n);
    str *labels = ARENA_ARRAY(list->a, str, 3 * n);
    if (ids == NULL || labels == NULL)
        return error_memory(err);
    for (size_t i = 0; i < n; i++) {
        ids[3 * i] = list->items[i].s;
        ids[3 * i + 1] = list->items[i].p;
        ids[3 * i + 2] = list->items[i].o;
    }
    status st = kg_labels(read, ids, 3 * n, lang, list->a, labels, err);
    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        out[i].subject = labels[3 * i];
        out[i].predicate = labels[3 * i + 1];
        out[i].object = labels[3 * i + 2];
    }
    return st;
}

status cite_finish(cite_list *list, kg_read *read, const pack *p, str lang, answer_citation **out,
                   size_t *out_count, error *err)
{
    answer_citation *items = ARENA_ARRAY(list->a, answer_citation, list->count);
    if (items == NULL)
        return error_memory(err);
    status st = list->count == 0 ? STATUS_OK : fill_labels(list, read, lang, items, err);
    for (size_t i = 0; st == STATUS_OK && i < list->count; i++) {
        const kg_statement *s = &list->items[i];
        kg_statement_detail detail = {0};
        error inner = {0};
        st = kg_statement_get(read, s->id, list->a, &detail, &inner);
        if (st != STATUS_OK)
            return error_set(err, STATUS_CORRUPT, "a cited statement is not in the graph: %s",
                             inner.message);
        items[i].n = (int)i + 1;
        items[i].statement_id = s->id;
        items[i].valid_from = s->valid_from;
        items[i].valid_to = s->valid_to;
        items[i].confidence = (double)s->confidence;
        items[i].conflict = list->conflict[i];
        items[i].old = is_old(s);
        set_source(&items[i], &detail, p);
    }
    if (st == STATUS_OK) {
        *out = items;
        *out_count = list->count;
    }
    return st;
}

void cite_print(const int *numbers, size_t count, buf *out)
{
    for (size_t i = 0; i < count;) {
        size_t k = i + 1;
        while (k < count && numbers[k] == numbers[k - 1] + 1)
            k++;
        buf_add_cstr(out, i == 0 ? "[" : ", ");
        if (k - i == 1)
            buf_printf(out, "%d", numbers[i]);
        else
            buf_printf(out, k - i == 2 ? "%d, %d" : "%d-%d", numbers[i], numbers[k - 1]);
        i = k;
    }
    if (count > 0)
        buf_add_char(out, ']');
}
