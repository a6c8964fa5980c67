/* A statement with everything that is known about it, and the graph's statistics. See store.h. */
#include <stdlib.h>

#include "kg/internal.h"

static status origins_of(kg_read *read, int64_t n, arena *a, kg_statement_detail *out, error *err)
{
    int64_t others = 0;
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, "SELECT count(*) FROM origin WHERE statement=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        others = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    out->origins = ARENA_ARRAY(a, kg_origin, (size_t)others + 1);
    stmt = kg_db_stmt(
        read->db,
        "SELECT src.name, x.line, l.recorded_at, x.confidence, src.authority FROM "
        "(SELECT load, line, confidence FROM statement WHERE n=?1 UNION ALL "
        "SELECT load, line, confidence FROM origin WHERE statement=?1) x "
        "JOIN load l ON l.id=x.load JOIN source src ON src.id=l.source ORDER BY src.name",
        err);
    if (out->origins == NULL || stmt == NULL)
        return error_memory(err);
    sqlite3_bind_int64(stmt, 1, n);
    while (out->origin_count < (size_t)others + 1 && sqlite3_step(stmt) == SQLITE_ROW)
        out->origins[out->origin_count++] =
            (kg_origin){.source = kg_db_str(stmt, 0, a),
                        .line = (uint64_t)sqlite3_column_int64(stmt, 1),
                        .recorded_at = sqlite3_column_int64(stmt, 2),
                        .confidence = sqlite3_column_type(stmt, 3) == SQLITE_NULL
                                          ? 1
                                          : (float)sqlite3_column_double(stmt, 3),
                        .authority = sqlite3_column_double(stmt, 4)};
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static status qualifiers_of(kg_read *read, int64_t list, arena *a, kg_statement_detail *out,
                            error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, "SELECT predicate, object FROM qualifier WHERE list=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, list);
    size_t capacity = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        if (out->qualifier_count == capacity) {
            capacity = capacity == 0 ? 4 : capacity * 2;
            kg_qualifier *wider = ARENA_ARRAY(a, kg_qualifier, capacity);
            if (wider == NULL) {
                sqlite3_reset(stmt);
                return error_memory(err);
            }
            if (out->qualifier_count > 0)
                memcpy(wider, out->qualifiers, out->qualifier_count * sizeof *wider);
            out->qualifiers = wider;
        }
        out->qualifiers[out->qualifier_count++] = (kg_qualifier){
            (kg_id)sqlite3_column_int64(stmt, 0), (kg_id)sqlite3_column_int64(stmt, 1)};
    }
    sqlite3_reset(stmt);
    return STATUS_OK;
}

status kg_statement_get(kg_read *read, kg_statement_id id, arena *a, kg_statement_detail *out,
                        error *err)
{
    kg_row row;
    status result = kg_db_row_by_id(read->db, id, &row, err);
    if (result != STATUS_OK)
        return result;
    if (row.n == 0)
        return error_set(err, STATUS_NOT_FOUND, "the graph has no statement %016llx",
                         (unsigned long long)id);
    kg_statement_detail detail = {.statement = row.statement};
    result = origins_of(read, row.n, a, &detail, err);
    if (result == STATUS_OK)
        result = kg_best_confidence(read->db, &row, &detail.statement.confidence, err);
    if (result == STATUS_OK && row.qualifiers != 0)
        result = qualifiers_of(read, (int64_t)row.qualifiers, a, &detail, err);
    if (result == STATUS_OK)
        *out = detail;
    return result;
}

/* --- statistics ---------------------------------------------------------------------------------
 */
static status classes_of(kg_read *read, kg_id relation, int range, arena *a, kg_class_count **out,
                         size_t *out_count, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db,
                                    "SELECT class, count FROM relation_class WHERE p=?1 AND "
                                    "range=?2 ORDER BY count DESC, class LIMIT 8",
                                    err);
    *out = ARENA_ARRAY(a, kg_class_count, 8);
    *out_count = 0;
    if (stmt == NULL || *out == NULL)
        return error_memory(err);
    sqlite3_bind_int64(stmt, 1, (int64_t)relation);
    sqlite3_bind_int(stmt, 2, range);
    while (*out_count < 8 && sqlite3_step(stmt) == SQLITE_ROW)
        (*out)[(*out_count)++] = (kg_class_count){(kg_id)sqlite3_column_int64(stmt, 0),
                                                  (uint64_t)sqlite3_column_int64(stmt, 1)};
    sqlite3_reset(stmt);
    return STATUS_OK;
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void relation_of_row(sqlite3_stmt *stmt, kg_relation *out)
{
    int64_t count = sqlite3_column_int64(stmt, 1), subjects = sqlite3_column_int64(stmt, 2);
    int64_t objects = sqlite3_column_int64(stmt, 3);
    int kind = sqlite3_column_int(stmt, 7);
    *out = (kg_relation){.id = (kg_id)sqlite3_column_int64(stmt, 0),
                         .count = (uint64_t)count,
                         .subjects = (uint64_t)subjects,
                         .objects = (uint64_t)objects,
                         .functional = share(sqlite3_column_int64(stmt, 4), subjects),
                         .inverse_functional = share(sqlite3_column_int64(stmt, 5), objects),
                         .literal_share = share(sqlite3_column_int64(stmt, 6), count),
                         .value_kind = kind >= 0 && kind <= KG_VALUE_BOOL ? (kg_value_kind)kind
                                                                          : KG_VALUE_NONE};
}

status kg_relations(kg_read *read, arena *a, kg_relation **out, size_t *out_count, error *err)
{
    int64_t count = 0;
    status code = kg_db_int(read->db, "SELECT count(*) FROM relation_stat", 0, &count, err);
    if (code != STATUS_OK)
        return code;
    kg_relation *items = ARENA_ARRAY(a, kg_relation, (size_t)count);
    sqlite3_stmt *stmt = kg_db_stmt(read->db,
                                    "SELECT p, count, subjects, objects, single_subjects, "
                                    "single_objects, literals, value_kind FROM relation_stat "
                                    "ORDER BY count DESC, p",
                                    err);
    if (items == NULL || stmt == NULL)
        return error_memory(err);
    size_t n = 0;
    while (n < (size_t)count && sqlite3_step(stmt) == SQLITE_ROW)
        relation_of_row(stmt, &items[n++]);
    sqlite3_reset(stmt);
    for (size_t i = 0; i < n && code == STATUS_OK; i++) {
        code = classes_of(read, items[i].id, 0, a, &items[i].domain, &items[i].domain_count, err);
        if (code == STATUS_OK)
            code = classes_of(read, items[i].id, 1, a, &items[i].range, &items[i].range_count, err);
    }
    if (code == STATUS_OK) {
        *out = items;
        *out_count = n;
    }
    return code;
}

status kg_classes(kg_read *read, arena *a, kg_class_count **out, size_t *out_count, error *err)
{
    int64_t count = 0;
    status code = kg_db_int(read->db, "SELECT count(*) FROM class_stat", 0, &count, err);
    if (code != STATUS_OK)
        return code;
    kg_class_count *items = ARENA_ARRAY(a, kg_class_count, (size_t)count);
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, "SELECT class, count FROM class_stat ORDER BY count DESC, class", err);
    if (items == NULL || stmt == NULL)
        return error_memory(err);
    size_t n = 0;
    while (n < (size_t)count && sqlite3_step(stmt) == SQLITE_ROW)
        items[n++] = (kg_class_count){(kg_id)sqlite3_column_int64(stmt, 0),
                                      (uint64_t)sqlite3_column_int64(stmt, 1)};
    sqlite3_reset(stmt);
    *out = items;
    *out_count = n;
    return STATUS_OK;
}
