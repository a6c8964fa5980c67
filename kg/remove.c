/* Taking out what a source said: a statement goes when its last origin goes. */
#include <stdlib.h>

#include "kg/base.h"
#include "kg/write.h"

static status collect_ids(kg_write *w, sqlite3_stmt *stmt, const kg_id_set *kept, kg_id_set *out,
                          error *err)
{
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 0);
        if ((kept == NULL || !kg_id_set_has(kept, n)) && !kg_id_set_add(out, n)) {
            sqlite3_reset(stmt);
            return error_memory(err);
        }
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(w->db, code, "delete", err);
}

typedef struct row {
    int64_t s, p, o, g, qualifiers;
} row;

static status read_row(kg_write *w, int64_t n, row *out, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db, "SELECT s,p,o,g,qualifiers FROM statement WHERE n=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        *out = (row){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                     sqlite3_column_int64(stmt, 2), sqlite3_column_int64(stmt, 3),
                     sqlite3_column_int64(stmt, 4)};
    sqlite3_reset(stmt);
    return code == SQLITE_ROW
               ? STATUS_OK
               : error_set(err, STATUS_CORRUPT, "statement %lld is gone", (long long)n);
}

static status delete_statement(kg_write *w, int64_t n, error *err)
{
    row r = {0};
    status code = read_row(w, n, &r, err);
    if (code != STATUS_OK)
        return code;
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "DELETE FROM statement WHERE n=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    code = kg_db_run(w->db, stmt, err);
    w->statements--;
    w->db->base_deleted++;
    w->later_gone += n >= KG_LATER;
    w->report.removed++;
    bool ok =
        kg_id_set_add(&w->dropped, (uint64_t)r.s) && kg_id_set_add(&w->dropped, (uint64_t)r.p) &&
        kg_id_set_add(&w->dropped, (uint64_t)r.o) && kg_id_set_add(&w->touched, (uint64_t)r.s) &&
        (r.g == 0 || kg_id_set_add(&w->dropped, (uint64_t)r.g)) &&
        (r.qualifiers == 0 || kg_id_set_add(&w->dropped_lists, (uint64_t)r.qualifiers)) &&
        ((kg_id)r.p != w->type || kg_class_change(w, (uint64_t)r.o, true));
    if (!ok)
        return error_memory(err);
    return code == STATUS_OK ? kg_count_relation(w, (kg_id)r.p, -1, err) : code;
}

static status run_for(kg_write *w, const char *sql, int64_t first, int64_t second, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, first);
    if (sqlite3_bind_parameter_count(stmt) > 1)
        sqlite3_bind_int64(stmt, 2, second);
    return kg_db_run(w->db, stmt, err);
}

/* The first origin of statement n goes: another one takes its place, or the statement goes too. */
static status drop_first_origin(kg_write *w, int64_t n, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT min(load) FROM origin WHERE statement=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    int step = sqlite3_step(stmt);
    int64_t other = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    if (step != SQLITE_ROW)
        return kg_db_error(w->db, step, "delete", err);
    if (other == 0)
        return delete_statement(w, n, err);
    status code =
        run_for(w,
                "UPDATE statement SET (load,line,confidence)=(SELECT load,line,confidence "
                "FROM origin WHERE statement=?1 AND load=?2) WHERE n=?1",
                n, other, err);
    if (code == STATUS_OK)
        code = run_for(w, "DELETE FROM origin WHERE statement=?1 AND load=?2", n, other, err);
    if (code == STATUS_OK)
        code = run_for(w,
                       "UPDATE load SET first_n=CASE WHEN first_n=0 THEN ?1 ELSE min(first_n,?1) "
                       "END, last_n=max(last_n,?1) WHERE id=?2",
                       n, other, err);
    return code;
}

static status drop_names(kg_write *w, int64_t load, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(w->db, "SELECT term FROM name WHERE load=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, load);
    status code = collect_ids(w, stmt, NULL, &w->touched, err);
    stmt =
        kg_db_stmt(w->db,
                   "SELECT literal FROM name WHERE load=?1 UNION ALL SELECT term FROM name WHERE "
                   "load=?1",
                   err);
    if (code != STATUS_OK || stmt == NULL)
        return code != STATUS_OK ? code : STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, load);
    code = collect_ids(w, stmt, NULL, &w->dropped, err);
    return code == STATUS_OK ? run_for(w, "DELETE FROM name WHERE load=?1", load, 0, err) : code;
}

/* Takes out what one load said, but for `kept`; counts what went in *gone and what stays. */
static status drop_load(kg_write *w, int64_t load, const kg_id_set *kept, int64_t *gone, bool *used,
                        error *err)
{
    kg_id_set first = {0}, further = {0};
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db,
                   "SELECT n FROM statement WHERE load=?1 AND n BETWEEN (SELECT first_n FROM load "
                   "WHERE id=?1) AND (SELECT last_n FROM load WHERE id=?1)",
                   err);
    status code = stmt == NULL ? STATUS_CORRUPT : STATUS_OK;
    if (code == STATUS_OK) {
        sqlite3_bind_int64(stmt, 1, load);
        code = collect_ids(w, stmt, kept, &first, err);
    }
    stmt = code == STATUS_OK ? kg_db_stmt(w->db, "SELECT statement FROM origin WHERE load=?1", err)
                             : NULL;
    if (stmt != NULL) {
        sqlite3_bind_int64(stmt, 1, load);
        code = collect_ids(w, stmt, kept, &further, err);
    }
    for (size_t i = 0; i < first.count && code == STATUS_OK; i++)
        code = drop_first_origin(w, (int64_t)first.items[i], err);
    for (size_t i = 0; i < further.count && code == STATUS_OK; i++)
        code = run_for(w, "DELETE FROM origin WHERE statement=?1 AND load=?2",
                       (int64_t)further.items[i], load, err);
    *gone += (int64_t)(first.count + further.count);
    free(first.items);
    free(further.items);
    if (code == STATUS_OK)
        code = drop_names(w, load, err);
    *used = kept != NULL && kept->count > 0;
    return code;
}

static status loads_of(kg_write *w, int64_t source, int64_t last, kg_id_set *out, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(w->db, "SELECT id FROM load WHERE source=?1 AND id<=?2 ORDER BY id", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, source);
    sqlite3_bind_int64(stmt, 2, last);
    return collect_ids(w, stmt, NULL, out, err);
}

static status drop_loads(kg_write *w, int64_t source, int64_t last, const kg_id_set *kept,
                         int64_t *gone, error *err)
{
    kg_id_set loads = {0};
    status code = loads_of(w, source, last, &loads, err);
    for (size_t i = 0; i < loads.count && code == STATUS_OK; i++) {
        bool used = false;
        code = drop_load(w, (int64_t)loads.items[i], kept, gone, &used, err);
        if (code == STATUS_OK && !used)
            code = run_for(w, "DELETE FROM load WHERE id=?1", (int64_t)loads.items[i], 0, err);
    }
    free(loads.items);
    return code;
}

status kg_remove_unsaid(kg_write *w, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < w->source_count && code == STATUS_OK; i++) {
        kg_source_state *source = &w->sources[i];
        if (!source->existed)
            continue;
        kg_id_set kept = {source->kept, source->kept_count, source->kept_capacity};
        int64_t gone = 0;
        kg_id_set_sort(&kept);
        code = drop_loads(w, source->id, w->old_load, &kept, &gone, err);
        if (code == STATUS_OK)
            code = run_for(w, "UPDATE source SET statements=statements-?2 WHERE id=?1", source->id,
                           gone, err);
    }
    return code;
}

status kg_remove_source(kg_write *w, int64_t source, error *err)
{
    int64_t gone = 0;
    status code = drop_loads(w, source, w->last_load, NULL, &gone, err);
    return code == STATUS_OK ? run_for(w, "DELETE FROM source WHERE id=?1", source, 0, err) : code;
}
