/* Statistics of relations and classes. A relation's count is always exact; its distinct counts,
 * classes and kinds are taken anew when a fifth of its statements have changed since, so that
 * loading costs a bounded number of visits per statement. */
#include <stdlib.h>

#include "kg/write.h"

status kg_count_relation(kg_write *w, kg_id relation, int added, error *err)
{
    for (size_t i = w->relation_count; i-- > 0;) {
        if (w->relations[i].relation != relation)
            continue;
        w->relations[i].added += added > 0;
        w->relations[i].removed += added < 0;
        return STATUS_OK;
    }
    if (!kg_grow(&w->relations, w->relation_count, &w->relation_capacity, sizeof *w->relations))
        return error_memory(err);
    w->relations[w->relation_count++] =
        (kg_relation_change){relation, added > 0 ? 1 : 0, added < 0 ? 1 : 0};
    return STATUS_OK;
}

bool kg_class_change(kg_write *w, kg_id class_id, bool gone)
{
    kg_id_set *changes = &w->classes;
    if (!kg_grow(&changes->items, changes->count, &changes->capacity, sizeof *changes->items))
        return false;
    changes->items[changes->count++] = class_id * 2 + gone;
    return true;
}

typedef struct counted { /* of one relation */
    int64_t subjects, objects, single_subjects, single_objects, literals;
    int64_t kinds[KG_VALUE_BOOL + 1];
    kg_id_set object_list;
    struct {
        uint64_t class_id;
        int64_t count;
    } classes[2][64];
    size_t class_count[2];
} counted;

static void count_class(counted *c, int range, uint64_t class_id)
{
    size_t n = c->class_count[range];
    for (size_t i = 0; i < n; i++) {
        if (c->classes[range][i].class_id == class_id) {
            c->classes[range][i].count++;
            return;
        }
    }
    if (n < CORE_COUNT(c->classes[range])) {
        c->classes[range][n].class_id = class_id;
        c->classes[range][n].count = 1;
        c->class_count[range]++;
    }
}

typedef struct class_visit {
    counted *c;
    int range;
    uint64_t last;
} class_visit;

static bool visit_class(void *context, const kg_row *row)
{
    class_visit *v = context;
    if (row->statement.o != v->last)
        count_class(v->c, v->range, row->statement.o);
    v->last = row->statement.o;
    return true;
}

static status count_classes(kg_write *w, counted *c, int range, uint64_t node, error *err)
{
    class_visit v = {c, range, 0};
    return w->type == 0 ? STATUS_OK
                        : kg_db_match(w->db, node, w->type, KG_ANY, visit_class, &v, err);
}

typedef struct pair {
    uint64_t s, o;
} pair;

typedef struct pairs {
    pair *items;
    size_t count, capacity;
    bool failed;
} pairs;

static bool add_pair(void *context, const kg_row *row)
{
    pairs *list = context;
    list->failed = !kg_grow(&list->items, list->count, &list->capacity, sizeof *list->items);
    if (!list->failed)
        list->items[list->count++] = (pair){row->statement.s, row->statement.o};
    return !list->failed;
}

static int by_subject(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->s != y->s)
        return x->s < y->s ? -1 : 1;
    return x->o < y->o ? -1 : x->o > y->o;
}

static status count_literal(kg_write *w, counted *c, uint64_t o, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db,
                                    "SELECT t.kind, v.kind FROM term t LEFT JOIN term_value v ON "
                                    "v.term=t.id WHERE t.id=?1",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)o);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW && sqlite3_column_int(stmt, 0) == KG_TERM_LITERAL) {
        int kind = sqlite3_column_int(stmt, 1);
        c->literals++;
        c->kinds[kind >= 0 && kind <= KG_VALUE_BOOL ? kind : 0]++;
    }
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(w->db, code, "statistics", err);
}

/* Runs of sorted subjects count them; objects are gathered and sorted in turn. */
static status scan_relation(kg_write *w, kg_id relation, counted *c, error *err)
{
    pairs list = {0};
    status code = kg_db_match(w->db, KG_ANY, relation, KG_ANY, add_pair, &list, err);
    if (code == STATUS_OK && list.failed)
        code = error_memory(err);
    if (list.count > 1)
        qsort(list.items, list.count, sizeof *list.items, by_subject);
    for (size_t i = 0; i < list.count && code == STATUS_OK;) {
        size_t end = i;
        for (; end < list.count && list.items[end].s == list.items[i].s && code == STATUS_OK;
             end++) {
            code = count_literal(w, c, list.items[end].o, err);
            if (!kg_grow(&c->object_list.items, c->object_list.count, &c->object_list.capacity,
                         sizeof(uint64_t)))
                code = error_memory(err);
            else
                c->object_list.items[c->object_list.count++] = list.items[end].o;
        }
        c->subjects++;
        c->single_subjects += end == i + 1;
        if (code == STATUS_OK)
            code = count_classes(w, c, 0, list.items[i].s, err);
        i = end;
    }
    free(list.items);
    return code;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static status count_objects(kg_write *w, counted *c, error *err)
{
    kg_id_set *list = &c->object_list;
    status code = STATUS_OK;
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, by_value);
    for (size_t i = 0; i < list->count && code == STATUS_OK;) {
        size_t end = i + 1;
        while (end < list->count && list->items[end] == list->items[i])
            end++;
        c->objects++;
        c->single_objects += end == i + 1;
        if (c->literals < (int64_t)list->count)
            code = count_classes(w, c, 1, list->items[i], err);
        i = end;
    }
    return code;
}

static status put_classes(kg_write *w, kg_id relation, const counted *c, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "DELETE FROM relation_class WHERE p=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)relation);
    status code = kg_db_run(w->db, stmt, err);
    for (int range = 0; range < 2; range++) {
        for (size_t i = 0; i < c->class_count[range] && code == STATUS_OK; i++) {
            stmt = kg_db_stmt(w->db, "INSERT INTO relation_class VALUES(?1,?2,?3,?4)", err);
            if (stmt == NULL)
                return STATUS_CORRUPT;
            sqlite3_bind_int64(stmt, 1, (int64_t)relation);
            sqlite3_bind_int(stmt, 2, range);
            sqlite3_bind_int64(stmt, 3, (int64_t)c->classes[range][i].class_id);
            sqlite3_bind_int64(stmt, 4, c->classes[range][i].count);
            code = kg_db_run(w->db, stmt, err);
        }
    }
    return code;
}

static status put_counts(kg_write *w, kg_id relation, int64_t count, const counted *c, error *err)
{
    int kind = 0;
    for (int k = 1; k <= KG_VALUE_BOOL; k++)
        if (c->kinds[k] > c->kinds[kind])
            kind = k;
    sqlite3_stmt *stmt = kg_db_stmt(
        w->db, "INSERT OR REPLACE INTO relation_stat VALUES(?1,?2,0,?3,?4,?5,?6,?7,?8)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    const int64_t values[] = {
        (int64_t)relation, count,       c->subjects, c->objects, c->single_subjects,
        c->single_objects, c->literals, kind};
    for (size_t i = 0; i < CORE_COUNT(values); i++)
        sqlite3_bind_int64(stmt, (int)i + 1, values[i]);
    return kg_db_run(w->db, stmt, err);
}

static status recount(kg_write *w, kg_id relation, int64_t count, error *err)
{
    counted *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_memory(err);
    status code = scan_relation(w, relation, c, err);
    if (code == STATUS_OK)
        code = count_objects(w, c, err);
    if (code == STATUS_OK)
        code = put_counts(w, relation, count, c, err);
    if (code == STATUS_OK)
        code = put_classes(w, relation, c, err);
    free(c->object_list.items);
    free(c);
    return code;
}

static status change_relation(kg_write *w, const kg_relation_change *change, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db, "SELECT count, changes FROM relation_stat WHERE p=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)change->relation);
    int64_t count = 0, changes = 0;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        count = sqlite3_column_int64(stmt, 0);
        changes = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    count += change->added - change->removed;
    changes += change->added + change->removed;
    if (count > 0 && changes * 5 >= count)
        return recount(w, change->relation, count, err);
    stmt = kg_db_stmt(w->db,
                      count > 0 ? "UPDATE relation_stat SET count=?2, changes=?3 WHERE p=?1"
                                : "DELETE FROM relation_stat WHERE p=?1 AND ?2<=0 AND ?3>0",
                      err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)change->relation);
    sqlite3_bind_int64(stmt, 2, count);
    sqlite3_bind_int64(stmt, 3, changes);
    status code = kg_db_run(w->db, stmt, err);
    if (code != STATUS_OK || count > 0)
        return code;
    stmt = kg_db_stmt(w->db, "DELETE FROM relation_class WHERE p=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)change->relation);
    return kg_db_run(w->db, stmt, err);
}

/* Each change is a class's id * 2, + 1 when a member went. */
static status change_class(kg_write *w, uint64_t class_id, int64_t by, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db,
                                    "INSERT INTO class_stat VALUES(?1,?2) ON CONFLICT(class) DO "
                                    "UPDATE SET count=count+excluded.count",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)class_id);
    sqlite3_bind_int64(stmt, 2, by);
    return kg_db_run(w->db, stmt, err);
}

static status change_classes(kg_write *w, error *err)
{
    kg_id_set *changes = &w->classes;
    status code = STATUS_OK;
    if (changes->count > 1)
        qsort(changes->items, changes->count, sizeof *changes->items, by_value);
    for (size_t i = 0; i < changes->count && code == STATUS_OK;) {
        uint64_t class_id = changes->items[i] / 2;
        int64_t by = 0;
        for (; i < changes->count && changes->items[i] / 2 == class_id; i++)
            by += changes->items[i] % 2 == 0 ? 1 : -1;
        code = change_class(w, class_id, by, err);
    }
    return code;
}

status kg_derive_statistics(kg_write *w, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < w->relation_count && code == STATUS_OK; i++)
        code = change_relation(w, &w->relations[i], err);
    if (code == STATUS_OK)
        code = change_classes(w, err);
    return code == STATUS_OK ? kg_db_exec(w->db, "DELETE FROM class_stat WHERE count=0", err)
                             : code;
}
