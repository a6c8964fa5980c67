/* Statistics of the first load, out of the sorted rows. Subjects are counted by runs of (s, p);
 * objects by one sorted pass over (p, o). */
#include <pthread.h>
#include <stdlib.h>

#include "kg/bulk.h"

#define THREAD_LEAST 10000 /* rows that are worth a thread */

typedef struct tally { /* (relation, side, class) -> count; open addressing */
    uint64_t *keys;    /* 0 = free */
    uint32_t *counts;
    size_t size, used;
} tally;

static bool tally_add(tally *t, uint32_t p, int range, uint32_t class_id)
{
    if (t->used * 2 >= t->size) {
        tally wider = {.size = t->size == 0 ? 4096 : t->size * 2};
        wider.keys = calloc(wider.size, sizeof *wider.keys);
        wider.counts = calloc(wider.size, sizeof *wider.counts);
        if (wider.keys == NULL || wider.counts == NULL) {
            free(wider.keys);
            free(wider.counts);
            return false;
        }
        for (size_t i = 0; i < t->size; i++) {
            if (t->keys[i] == 0)
                continue;
            size_t at = (size_t)(t->keys[i] * 0x9E3779B97F4A7C15ull >> 20) & (wider.size - 1);
            while (wider.keys[at] != 0)
                at = (at + 1) & (wider.size - 1);
            wider.keys[at] = t->keys[i];
            wider.counts[at] = t->counts[i];
        }
        wider.used = t->used;
        free(t->keys);
        free(t->counts);
        *t = wider;
    }
    uint64_t key = ((uint64_t)(p + 1) << 32 | (class_id + 1)) * 2 + (uint64_t)range;
    size_t at = (size_t)(key * 0x9E3779B97F4A7C15ull >> 20) & (t->size - 1);
    while (t->keys[at] != 0 && t->keys[at] != key)
        at = (at + 1) & (t->size - 1);
    t->used += t->keys[at] == 0;
    t->keys[at] = key;
    t->counts[at]++;
    return true;
}

typedef struct relation_tally {
    uint32_t p;
    int64_t count, subjects, single_subjects, objects, single_objects, literals;
    int64_t kinds[KG_VALUE_BOOL + 1];
} relation_tally;

typedef struct kg_bulk_tally {
    kg_bulk *b;
    pthread_t thread;
    bool threaded, counted;
    uint32_t *number; /* [terms] of a predicate's relation_tally, + 1 */
    relation_tally *relations;
    size_t count, capacity;
    tally classes;
    uint32_t *members; /* [terms] */
} statistics;

static relation_tally *relation_of(statistics *s, uint32_t p)
{
    if (s->number[p] == 0) {
        if (!kg_grow(&s->relations, s->count, &s->capacity, sizeof *s->relations))
            return NULL;
        s->relations[s->count] = (relation_tally){.p = p};
        s->number[p] = (uint32_t)++s->count;
    }
    return &s->relations[s->number[p] - 1];
}

/* Tallies the classes of `node`, as subject or object of p. */
static bool tally_classes(statistics *s, uint32_t p, int range, uint32_t node)
{
    const kg_bulk *b = s->b;
    for (size_t i = b->first[node]; i < b->first[node + 1] && b->row[i].p <= b->type; i++)
        if (b->row[i].p == b->type && !tally_add(&s->classes, p, range, b->row[i].o))
            return false;
    return true;
}

static bool count_subjects(statistics *s)
{
    const kg_bulk *b = s->b;
    for (size_t i = 0; i < b->rows;) {
        size_t end = i;
        bool one = true;
        for (; end < b->rows && b->row[end].s == b->row[i].s && b->row[end].p == b->row[i].p; end++)
            one &= b->row[end].o == b->row[i].o;
        relation_tally *r = relation_of(s, b->row[i].p);
        if (r == NULL || !tally_classes(s, b->row[i].p, 0, b->row[i].s))
            return false;
        r->subjects++;
        r->single_subjects += one;
        r->count += (int64_t)(end - i);
        for (size_t j = i; j < end; j++) {
            const kg_dict_entry *o = kg_dict_at(b->w->dict, b->row[j].o);
            if (b->row[j].p == b->type && (j == i || b->row[j].o != b->row[j - 1].o))
                s->members[b->row[j].o]++;
            if (o->kind != KG_TERM_LITERAL)
                continue;
            r->literals++;
            r->kinds[o->flags >> KG_DICT_VALUE_SHIFT]++;
        }
        i = end;
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Runs of one object's sorted (relation, subject) pairs. */
static bool count_runs(statistics *s, uint32_t o, const uint64_t *pairs, size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && pairs[end] >> 32 == pairs[i] >> 32)
            end++;
        relation_tally *r = relation_of(s, (uint32_t)(pairs[i] >> 32));
        if (r == NULL ||
            (s->b->type != UINT32_MAX && !tally_classes(s, (uint32_t)(pairs[i] >> 32), 1, o)))
            return false;
        r->objects++;
        r->single_objects += pairs[end - 1] == pairs[i];
        i = end;
    }
    return true;
}

static bool count_objects(statistics *s)
{
    const kg_bulk *b = s->b;
    uint32_t *start = calloc(b->terms + 2, sizeof *start);
    uint64_t *pairs = malloc((b->rows + 1) * sizeof *pairs);
    bool ok = start != NULL && pairs != NULL;
    for (size_t i = 0; i < b->rows && ok; i++)
        start[b->row[i].o + 2]++;
    for (size_t i = 2; i < b->terms + 2 && ok; i++)
        start[i] += start[i - 1];
    for (size_t i = 0; i < b->rows && ok; i++)
        pairs[start[b->row[i].o + 1]++] = (uint64_t)b->row[i].p << 32 | b->row[i].s;
    for (size_t o = 0; o < b->terms && ok; o++) {
        size_t count = start[o + 1] - start[o];
        if (count > 1)
            qsort(pairs + start[o], count, sizeof *pairs, by_value);
        ok = count_runs(s, (uint32_t)o, pairs + start[o], count);
    }
    free(start);
    free(pairs);
    return ok;
}

static status put_relation(kg_bulk *b, const relation_tally *r, error *err)
{
    int kind = 0;
    for (int k = 1; k <= KG_VALUE_BOOL; k++)
        if (r->kinds[k] > r->kinds[kind])
            kind = k;
    sqlite3_stmt *stmt =
        kg_db_stmt(b->w->db, "INSERT INTO relation_stat VALUES(?1,?2,0,?3,?4,?5,?6,?7,?8)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    const int64_t values[] = {(int64_t)r->p + 1,  r->count,          r->subjects, r->objects,
                              r->single_subjects, r->single_objects, r->literals, kind};
    for (size_t i = 0; i < CORE_COUNT(values); i++)
        sqlite3_bind_int64(stmt, (int)i + 1, values[i]);
    return kg_db_run(b->w->db, stmt, err);
}

static status put_classes(kg_bulk *b, const tally *t, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(b->w->db, "INSERT INTO relation_class VALUES(?1,?2,?3,?4)", err);
    status code = stmt == NULL ? STATUS_CORRUPT : STATUS_OK;
    for (size_t i = 0; i < t->size && code == STATUS_OK; i++) {
        if (t->keys[i] == 0)
            continue;
        uint64_t key = t->keys[i] / 2;
        sqlite3_bind_int64(stmt, 1, (int64_t)(key >> 32));
        sqlite3_bind_int64(stmt, 2, (int64_t)(t->keys[i] & 1));
        sqlite3_bind_int64(stmt, 3, (int64_t)(uint32_t)key);
        sqlite3_bind_int64(stmt, 4, t->counts[i]);
        code = kg_db_run(b->w->db, stmt, err);
    }
    return code;
}

static status put_members(const statistics *s, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(s->b->w->db, "INSERT INTO class_stat VALUES(?1,?2)", err);
    status code = stmt == NULL ? STATUS_CORRUPT : STATUS_OK;
    for (size_t i = 0; i < s->b->terms && code == STATUS_OK; i++) {
        if (s->members[i] == 0)
            continue;
        sqlite3_bind_int64(stmt, 1, (int64_t)i + 1);
        sqlite3_bind_int64(stmt, 2, s->members[i]);
        code = kg_db_run(s->b->w->db, stmt, err);
    }
    return code;
}

static void *count_all(void *context)
{
    statistics *s = context;
    s->counted = s->number != NULL && s->members != NULL && count_subjects(s) && count_objects(s);
    return NULL;
}

status kg_bulk_count(kg_bulk *b, error *err)
{
    statistics *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->b = b;
    s->number = calloc(b->terms + 1, sizeof *s->number);
    s->members = calloc(b->terms + 1, sizeof *s->members);
    s->threaded = b->rows >= THREAD_LEAST && pthread_create(&s->thread, NULL, count_all, s) == 0;
    if (!s->threaded)
        count_all(s);
    b->statistics = s;
    return STATUS_OK;
}

status kg_bulk_counted(kg_bulk *b, error *err)
{
    statistics *s = b->statistics;
    if (s != NULL && s->threaded)
        (void)pthread_join(s->thread, NULL);
    if (s != NULL)
        s->threaded = false;
    return s == NULL || s->counted ? STATUS_OK : error_memory(err);
}

status kg_bulk_statistics(kg_bulk *b, error *err)
{
    statistics *s = b->statistics;
    status code = kg_bulk_counted(b, err);
    for (size_t i = 0; i < s->count && code == STATUS_OK; i++)
        code = put_relation(b, &s->relations[i], err);
    if (code == STATUS_OK)
        code = put_classes(b, &s->classes, err);
    return code == STATUS_OK ? put_members(s, err) : code;
}

void kg_bulk_count_free(kg_bulk *b)
{
    statistics *s = b->statistics;
    error ignored = {0};
    if (s == NULL)
        return;
    (void)kg_bulk_counted(b, &ignored);
    free(s->number);
    free(s->members);
    free(s->relations);
    free(s->classes.keys);
    free(s->classes.counts);
    free(s);
    b->statistics = NULL;
}
