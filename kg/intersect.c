/* Who satisfies several constraints: the rarest one drives; where all are packed lists, they are
 * walked without reading rows. See store.h. */
#include <stdlib.h>

#include "kg/base.h"
#include "kg/internal.h"

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

/* --- the same over the packed lists, without reading the rows of hubs ---------------
 */
#define LISTS_MOST 8
#define LIST_WORTH 1000 /* decoding so many rows of a list costs what looking one up does */

typedef struct numbers {
    uint32_t *items; /* ascending once they are gathered */
    size_t count, capacity;
} numbers;

typedef struct row_list {
    numbers rows;     /* of the base */
    numbers subjects; /* of later rows */
    numbers unread;   /* later rows whose subjects the list does not hold */
    size_t next;      /* of subjects, while all lists' are walked together */
    bool failed;
} row_list;

static bool append(numbers *n, const uint32_t *items, size_t count)
{
    if (n->count + count > n->capacity) {
        size_t wider = (n->count + count) * 2;
        uint32_t *wide = realloc(n->items, wider * sizeof *wide);
        if (wide == NULL)
            return false;
        n->items = wide;
        n->capacity = wider;
    }
    memcpy(n->items + n->count, items, count * sizeof *items);
    n->count += count;
    return true;
}

/* A group is of the first load or of one later load, never of both. */
static bool gather_rows(void *context, const kg_base_group *group)
{
    row_list *list = context;
    if (group->count == 0)
        return true;
    if (group->rows[0] < KG_LATER)
        list->failed = !append(&list->rows, group->rows, group->count);
    else if (group->subjects != NULL)
        list->failed = !append(&list->subjects, group->subjects, group->count);
    else
        list->failed = !append(&list->unread, group->rows, group->count);
    return !list->failed;
}

/* Has the list a row in [first, end)? */
static bool has_between(const numbers *list, int64_t first, int64_t end)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if ((int64_t)list->items[middle] < first)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && (int64_t)list->items[low] < end;
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
        all = i == skip || has_between(&lists[i].rows, first, end);
    return all;
}

/* Into the list of at most `room`, or a note that there are more. */
static void keep_subject(kg_id_list *out, size_t room, kg_id subject)
{
    if (out->count == room)
        out->more = true;
    else
        out->items[out->count++] = subject;
}

static status walk_lists(kg_db *db, const row_list *lists, size_t count, size_t rarest_list,
                         size_t room, kg_id_list *out, error *err)
{
    const numbers *driver = &lists[rarest_list].rows;
    status code = STATUS_OK;
    int64_t done = 0; /* rows up to here belong to subjects that were looked at */
    for (size_t i = 0; i < driver->count && code == STATUS_OK && !out->more; i++) {
        int64_t row = driver->items[i], first = 0, end = 0;
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
        keep_subject(out, room, subject);
    }
    return code;
}

/* --- later loads -------------------------------------------------------------------------------
 */
static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Brings the subjects of all later rows of a list together, ascending. */
static status gather_subjects(kg_db *db, row_list *list, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < list->unread.count && code == STATUS_OK; i++) {
        kg_id s = 0;
        code = subject_of(db, list->unread.items[i], &s, err);
        uint32_t subject = (uint32_t)s;
        if (code == STATUS_OK && s != 0 && !append(&list->subjects, &subject, 1))
            code = error_memory(err);
    }
    bool ascending = true;
    for (size_t i = 1; i < list->subjects.count && ascending; i++)
        ascending = list->subjects.items[i - 1] <= list->subjects.items[i];
    if (!ascending)
        qsort(list->subjects.items, list->subjects.count, sizeof *list->subjects.items, by_number);
    return code;
}

/* The least subject at which a list stands; UINT32_MAX at their end. */
static uint32_t least_subject(const row_list *lists, size_t count)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (lists[i].next < lists[i].subjects.count &&
            lists[i].subjects.items[lists[i].next] < least)
            least = lists[i].subjects.items[lists[i].next];
    return least;
}

/* Does the subject satisfy every list by a row of either kind? Moves the lists past it. */
static bool in_all(row_list *lists, size_t count, uint32_t subject, int64_t first, int64_t end)
{
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        row_list *list = &lists[i];
        bool later =
            list->next < list->subjects.count && list->subjects.items[list->next] == subject;
        while (list->next < list->subjects.count && list->subjects.items[list->next] == subject)
            list->next++;
        all = all && (later || has_between(&list->rows, first, end));
    }
    return all;
}

/* Subjects that satisfy a constraint by a later row and the others by any: every subject of later
 * rows, and its rows of the base by pages, since many subjects share one. */
static status walk_later(kg_db *db, row_list *lists, size_t count, size_t room, kg_id_list *out,
                         error *err)
{
    uint32_t firsts[KG_BASE_PAGE + 1] = {0}, subject;
    uint64_t page = UINT64_MAX;
    status code = STATUS_OK;
    while (!out->more && (subject = least_subject(lists, count)) != UINT32_MAX) {
        if (subject / KG_BASE_PAGE != page) {
            page = subject / KG_BASE_PAGE;
            code = kg_base_firsts(db, page, firsts, err);
            if (code != STATUS_OK)
                return code;
        }
        size_t at = subject % KG_BASE_PAGE;
        if (!in_all(lists, count, subject, firsts[at], firsts[at + 1]))
            continue;
        keep_subject(out, room, subject);
    }
    return code;
}

/* Two ascending lists into one of at most `room`. */
static void merge(const kg_id_list *a, const kg_id_list *b, size_t room, kg_id_list *out)
{
    size_t i = 0, j = 0;
    out->more = a->more || b->more;
    while (i < a->count || j < b->count) {
        bool left = j == b->count || (i < a->count && a->items[i] <= b->items[j]);
        kg_id x = left ? a->items[i++] : b->items[j++];
        if (out->count > 0 && out->items[out->count - 1] == x)
            continue;
        if (out->count == room) {
            out->more = true;
            return;
        }
        out->items[out->count++] = x;
    }
}

static status add_later(kg_db *db, row_list *lists, size_t count, size_t room, arena *a,
                        kg_id_list *list, error *err)
{
    kg_id_list further = {.items = ARENA_ARRAY(a, kg_id, room)};
    kg_id_list both = {.items = ARENA_ARRAY(a, kg_id, room)};
    status code = further.items == NULL || both.items == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        code = gather_subjects(db, &lists[i], err);
    if (code == STATUS_OK)
        code = walk_later(db, lists, count, room, &further, err);
    if (code == STATUS_OK) {
        merge(list, &further, room, &both);
        *list = both;
    }
    return code;
}

/* Are all constraints packed lists, and none so much longer than the rarest one that looking
 * its candidates up costs less? */
static status packed_serves(kg_read *read, const kg_constraint *constraints, size_t count,
                            size_t rarest_one, kg_when when, uint64_t *least, bool *out, error *err)
{
    kg_pattern pattern = pattern_of(&constraints[rarest_one], KG_ANY, when);
    *out = count > 1 && count <= LISTS_MOST && !when.set && read->db->base_rows > 0 &&
           read->db->base_deleted == 0;
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
    if (code == STATUS_OK && read->db->later)
        code = add_later(read->db, lists, count, room, a, &list, err);
    for (size_t i = 0; i < count; i++) {
        free(lists[i].rows.items);
        free(lists[i].subjects.items);
        free(lists[i].unread.items);
    }
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
