/* See feed.h. An eponymous virtual table of the columns c0..c11, whose hidden argument is a pointer
 * to the kg_feed. */
#include "kg/feed.h"

#include <stdlib.h>

#define POINTER "kg_feed"

typedef struct cursor {
    sqlite3_vtab_cursor base;
    const kg_feed *feed;
    bool more;
    sqlite3_int64 row;
} cursor;

static int connect(sqlite3 *db, void *unused, int argc, const char *const *argv, sqlite3_vtab **out,
                   char **message)
{
    (void)unused;
    (void)argc;
    (void)argv;
    (void)message;
    int code = sqlite3_declare_vtab(
        db, "CREATE TABLE x(c0,c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,feed HIDDEN)");
    if (code != SQLITE_OK)
        return code;
    *out = sqlite3_malloc(sizeof **out);
    if (*out == NULL)
        return SQLITE_NOMEM;
    **out = (sqlite3_vtab){0};
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != KG_FEED_COLUMNS || !info->aConstraint[i].usable ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->idxNum = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    cursor *c = calloc(1, sizeof *c);
    if (c == NULL)
        return SQLITE_NOMEM;
    *out = &c->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *self)
{
    free(self);
    return SQLITE_OK;
}

static int go_on(sqlite3_vtab_cursor *self)
{
    cursor *c = (cursor *)self;
    c->more = c->feed != NULL && c->feed->next(c->feed->context);
    c->row++;
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *self, int number, const char *text, int argc,
                  sqlite3_value **argv)
{
    cursor *c = (cursor *)self;
    (void)number;
    (void)text;
    c->feed = argc > 0 ? sqlite3_value_pointer(argv[0], POINTER) : NULL;
    return go_on(self);
}

static int at_end(sqlite3_vtab_cursor *self)
{
    return !((cursor *)self)->more;
}

static int give_column(sqlite3_vtab_cursor *self, sqlite3_context *out, int column)
{
    const cursor *c = (const cursor *)self;
    if (column < KG_FEED_COLUMNS)
        c->feed->column(c->feed->context, column, out);
    return SQLITE_OK;
}

static int give_row(sqlite3_vtab_cursor *self, sqlite3_int64 *out)
{
    *out = ((cursor *)self)->row;
    return SQLITE_OK;
}

static const sqlite3_module module = {.xConnect = connect,
                                      .xBestIndex = best_index,
                                      .xDisconnect = disconnect,
                                      .xOpen = open_cursor,
                                      .xClose = close_cursor,
                                      .xFilter = filter,
                                      .xNext = go_on,
                                      .xEof = at_end,
                                      .xColumn = give_column,
                                      .xRowid = give_row};

status kg_feed_run(kg_db *db, const char *sql, const kg_feed *feed, error *err)
{
    if (!db->feeds) {
        int code = sqlite3_create_module(db->handle, "kg_feed", &module, NULL);
        if (code != SQLITE_OK)
            return kg_db_error(db, code, "graph", err);
        db->feeds = true;
    }
    sqlite3_stmt *stmt = kg_db_stmt(db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_pointer(stmt, 1, (void *)(uintptr_t)feed, POINTER, NULL);
    return kg_db_run(db, stmt, err);
}

void kg_feed_id(sqlite3_context *out, uint64_t id)
{
    if (id == 0)
        sqlite3_result_null(out);
    else
        sqlite3_result_int64(out, (int64_t)id);
}

void kg_feed_bytes(sqlite3_context *out, str bytes, bool as_text)
{
    const char *data = bytes.data == NULL ? "" : bytes.data;
    if (as_text)
        sqlite3_result_text64(out, data, bytes.length, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_result_blob64(out, data, bytes.length, SQLITE_STATIC);
}
