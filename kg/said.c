/* What one source says, statement by statement. See kg_source_each in store.h. */
#include "kg/internal.h"

#define SAID_COLUMNS "s.n,s.s,s.p,s.o,s.id,s.g,s.valid_from,s.valid_to,s.qualifiers"
/* First origins lie in the statement's own row, within the load's range; further ones beside. */
static const char said[] =
    "SELECT " SAID_COLUMNS ",s.line,s.confidence,l.recorded_at FROM source c "
    "JOIN load l ON l.source=c.id "
    "JOIN statement s ON s.n BETWEEN l.first_n AND l.last_n AND s.load=l.id WHERE c.name=?1 "
    "UNION ALL "
    "SELECT " SAID_COLUMNS ",x.line,x.confidence,l.recorded_at FROM source c "
    "JOIN load l ON l.source=c.id JOIN origin x ON x.load=l.id "
    "JOIN statement s ON s.n=x.statement WHERE c.name=?1";

static clock_day day_of(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt, column) == SQLITE_NULL
               ? CLOCK_DAY_UNKNOWN
               : (clock_day)sqlite3_column_int64(stmt, column);
}

static kg_said said_of_row(sqlite3_stmt *stmt)
{
    return (kg_said){
        .statement = {.id = (kg_statement_id)sqlite3_column_int64(stmt, 4),
                      .s = (kg_id)sqlite3_column_int64(stmt, 1),
                      .p = (kg_id)sqlite3_column_int64(stmt, 2),
                      .o = (kg_id)sqlite3_column_int64(stmt, 3),
                      .g = (kg_id)sqlite3_column_int64(stmt, 5),
                      .valid_from = day_of(stmt, 6),
                      .valid_to = day_of(stmt, 7),
                      .confidence = 1},
        .qualified = sqlite3_column_type(stmt, 8) != SQLITE_NULL,
        .line = (uint64_t)sqlite3_column_int64(stmt, 9),
        .confidence = sqlite3_column_type(stmt, 10) == SQLITE_NULL
                          ? -1.0f
                          : (float)sqlite3_column_double(stmt, 10),
        .recorded_at = sqlite3_column_int64(stmt, 11),
    };
}

status kg_source_each(kg_read *read, str name, kg_said_visit visit, void *context, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db, said, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_text(stmt, 1, name.data, (int)name.length, SQLITE_STATIC);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_said one = said_of_row(stmt);
        if (!visit(context, &one)) {
            code = SQLITE_DONE;
            break;
        }
    }
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(read->db, code, "source", err);
}
