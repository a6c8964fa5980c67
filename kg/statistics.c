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

static status count_classes(kg_write *w, counted *c, int range, uint64_t node, error *err)
{
    if (w->type == 0)
        return STATUS_OK;
    sqlite3_stmt *stmt = kg_db_stmt(
        w->db, "SELECT o FROM statement INDEXED BY statement_spo WHERE s=?1 AND p=?2", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)node);
    sqlite3_bind_int64(stmt, 2, (int64_t)w->type);
    uint64_t last = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        uint64_t class_id = (uint64_t)sqlite3_column_int64(stmt, 0);
        if (class_id != last)
            count_class(c, range, class_id);
        last = class_id;
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

/* Subjects come in order, so runs count them; objects are gathered and sorted. */
static status scan_relation(kg_write *w, kg_id relation, counted *c, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db,
                   "SELECT st.s, st.o, t.kind, v.kind FROM statement st INDEXED BY statement_pso "
                   "JOIN term t ON t.id=st.o LEFT JOIN term_value v ON v.term=st.o "
                   "WHERE st.p=?1 ORDER BY st.s",
                   err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)relation);
    uint64_t subject = 0;
    int64_t run = 0;
    int code;
    status result = STATUS_OK;
    while (result == STATUS_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        uint64_t s = (uint64_t)sqlite3_column_int64(stmt, 0);
        if (s != subject) {
            c->single_subjects += run == 1;
            c->subjects++;
            run = 0;
            result = count_classes(w, c, 0, s, err);
        }
        subject = s;
        run++;
        if (sqlite3_column_int(stmt, 2) == KG_TERM_LITERAL) {
            int kind = sqlite3_column_int(stmt, 3);
            c->literals++;
            c->kinds[kind >= 0 && kind <= KG_VALUE_BOOL ? kind : 0]++;
        }
        if (!kg_grow(&c->object_list.items, c->object_list.count, &c->object_list.capacity,
                     sizeof(uint64_t)))
            result = error_memory(err);
        else
            c->object_list.items[c->object_list.count++] = (uint64_t)sqlite3_column_int64(stmt, 1);
    }
    c->single_subjects += run == 1;
    sqlite3_reset(stmt);
    if (result == STATUS_OK && code != SQLITE_DONE)
        result = kg_db_error(w->db, code, "statistics", err);
    return result;
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
    if (count > 0 && (count <= 2000 || changes * 5 >= count))
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

static status count_members(kg_write *w, uint64_t class_id, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db,
                   "INSERT OR REPLACE INTO class_stat SELECT ?1, count(DISTINCT s) FROM statement "
                   "INDEXED BY statement_ops WHERE o=?1 AND p=?2",
                   err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)class_id);
    sqlite3_bind_int64(stmt, 2, (int64_t)w->type);
    return kg_db_run(w->db, stmt, err);
}

status kg_derive_statistics(kg_write *w, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < w->relation_count && code == STATUS_OK; i++)
        code = change_relation(w, &w->relations[i], err);
    kg_id_set_sort(&w->classes);
    for (size_t i = 0; i < w->classes.count && code == STATUS_OK; i++)
        code = count_members(w, w->classes.items[i], err);
    return code == STATUS_OK ? kg_db_exec(w->db, "DELETE FROM class_stat WHERE count=0", err)
                             : code;
}
