/* See later.h. */
#include "kg/later.h"

#include <stdlib.h>

#include "kg/feed.h"
#include "kg/order.h"

#define ID_BITS 12
#define ID_PIECE 110 /* entries of a blob: stays on its page */
#define REBUILD_ROWS ((size_t)1 << 20)

typedef struct batch { /* what the lists of one batch share */
    kg_db *db;
    const kg_later_row *rows;
    size_t count, at, end; /* rows [at, end) of the order are in hand */
    kg_ordered *order;
    uint64_t *keys; /* of the object in hand: p << 32 | row */
    buf blob;
} batch;

static bool next_subject(void *context)
{
    batch *b = context;
    b->at = b->end;
    while (b->end < b->count && b->rows[b->end].s == b->rows[b->at].s)
        b->end++;
    return b->at < b->count;
}

static void subject_column(void *context, int column, sqlite3_context *out)
{
    const batch *b = context;
    sqlite3_result_int64(out, column == 0   ? (int64_t)b->rows[b->at].s
                              : column == 1 ? (int64_t)b->rows[b->at].n
                                            : (int64_t)b->rows[b->end - 1].n + 1);
}

static status put_subjects(batch *b, error *err)
{
    kg_feed feed = {b, next_subject, subject_column};
    b->at = b->end = 0;
    return kg_feed_run(b->db, "INSERT INTO later_out SELECT c0,c1,c2 FROM kg_feed(?1)", &feed, err);
}

/* Pieces of one relation's rows, ascending; `o` 0: of base_relation, else of base_hub, with the
 * subjects of the rows behind them (intersections need them, and reading a row for each is slow).
 */
static status put_pieces(kg_db *db, uint32_t o, uint32_t p, const uint64_t *rows,
                         const uint64_t *subjects, size_t count, buf *blob, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < count && code == STATUS_OK;) {
        size_t n = count - i < KG_BASE_PIECE ? count - i : KG_BASE_PIECE;
        sqlite3_stmt *stmt =
            o == 0 ? kg_db_stmt(db, "INSERT INTO base_relation VALUES(?1,?2,?3,?4)", err)
                   : kg_db_stmt(db, "INSERT INTO base_hub VALUES(?5,?1,?2,?3,?4)", err);
        if (stmt == NULL)
            return STATUS_CORRUPT;
        buf_clear(blob);
        kg_base_pack_rows(blob, rows + i, n);
        if (subjects != NULL)
            kg_base_pack_rows(blob, subjects + i, n);
        if (blob->failed)
            return error_memory(err);
        sqlite3_bind_int64(stmt, 1, p);
        sqlite3_bind_int64(stmt, 2, (int64_t)(uint32_t)rows[i]);
        sqlite3_bind_int64(stmt, 3, (int64_t)n);
        sqlite3_bind_blob64(stmt, 4, blob->data, blob->length, SQLITE_STATIC);
        if (o != 0)
            sqlite3_bind_int64(stmt, 5, o);
        code = kg_db_run(db, stmt, err);
        i += n;
    }
    return code;
}

/* The rows of the next object; false at the end. */
static bool take_object(batch *b)
{
    b->at = b->end;
    if (b->at == b->count)
        return false;
    uint64_t o = b->order[b->at].key >> 32;
    for (; b->end < b->count && b->order[b->end].key >> 32 == o; b->end++)
        b->keys[b->end - b->at] = b->order[b->end].key << 32 | b->rows[b->order[b->end].at].n;
    return true;
}

static bool next_object(void *context)
{
    batch *b = context;
    do {
        if (!take_object(b))
            return false;
    } while (b->end - b->at > KG_BASE_FEW);
    buf_clear(&b->blob);
    kg_base_pack_groups(&b->blob, b->keys, b->end - b->at);
    return !b->blob.failed;
}

static void object_column(void *context, int column, sqlite3_context *out)
{
    const batch *b = context;
    if (column == 2)
        kg_feed_bytes(out, buf_str(&b->blob), false);
    else
        sqlite3_result_int64(out, column == 0 ? (int64_t)(b->order[b->at].key >> 32)
                                              : (int64_t)(uint32_t)b->keys[0]);
}

static status put_hub(batch *b, error *err)
{
    uint32_t o = (uint32_t)(b->order[b->at].key >> 32);
    size_t count = b->end - b->at;
    uint64_t *subjects = malloc(count * sizeof *subjects);
    status code = subjects == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < count && subjects != NULL; i++)
        subjects[i] = b->rows[b->order[b->at + i].at].s;
    for (size_t i = 0, end; i < count && code == STATUS_OK; i = end) {
        for (end = i + 1; end < count && b->keys[end] >> 32 == b->keys[i] >> 32; end++)
            continue;
        code = put_pieces(b->db, o, (uint32_t)(b->keys[i] >> 32), b->keys + i, subjects + i,
                          end - i, &b->blob, err);
    }
    free(subjects);
    return code;
}

static status put_objects(batch *b, error *err)
{
    kg_feed feed = {b, next_object, object_column};
    for (size_t i = 0; i < b->count; i++)
        b->order[i] = (kg_ordered){(uint64_t)b->rows[i].o << 32 | b->rows[i].p, i};
    if (!kg_order(b->order, b->count))
        return error_memory(err);
    b->at = b->end = 0;
    status code =
        kg_feed_run(b->db, "INSERT INTO later_in SELECT c0,c1,c2 FROM kg_feed(?1)", &feed, err);
    b->at = b->end = 0;
    while (code == STATUS_OK && take_object(b))
        if (b->end - b->at > KG_BASE_FEW)
            code = put_hub(b, err);
    return code;
}

static status put_relations(batch *b, error *err)
{
    status code = STATUS_OK;
    for (size_t i = 0; i < b->count; i++)
        b->order[i] = (kg_ordered){b->rows[i].p, b->rows[i].n};
    if (!kg_order(b->order, b->count))
        return error_memory(err);
    for (size_t i = 0; i < b->count && code == STATUS_OK;) {
        uint64_t p = b->order[i].key;
        size_t n = 0;
        for (; i < b->count && b->order[i].key == p; i++)
            b->keys[n++] = b->order[i].at;
        code = put_pieces(b->db, 0, (uint32_t)p, b->keys, NULL, n, &b->blob, err);
    }
    return code;
}

static void put32(buf *out, uint32_t v)
{
    const char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    (void)buf_add(out, str_make(bytes, 4));
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool next_ids(void *context)
{
    batch *b = context;
    b->at = b->end;
    buf_clear(&b->blob);
    for (; b->end < b->count && b->order[b->end].key == b->order[b->at].key &&
           b->end - b->at < ID_PIECE;
         b->end++) {
        const kg_later_row *row = &b->rows[b->order[b->end].at];
        put32(&b->blob, (uint32_t)(row->id >> (32 - ID_BITS)));
        put32(&b->blob, row->n);
    }
    return b->at < b->count && !b->blob.failed;
}

static void ids_column(void *context, int column, sqlite3_context *out)
{
    const batch *b = context;
    if (column == 2)
        kg_feed_bytes(out, buf_str(&b->blob), false);
    else
        sqlite3_result_int64(out, column == 0 ? (int64_t)b->order[b->at].key
                                              : (int64_t)b->rows[b->order[b->at].at].n);
}

static status put_ids(batch *b, error *err)
{
    kg_feed feed = {b, next_ids, ids_column};
    for (size_t i = 0; i < b->count; i++)
        b->order[i] = (kg_ordered){b->rows[i].id >> (64 - ID_BITS), i};
    if (!kg_order(b->order, b->count))
        return error_memory(err);
    b->at = b->end = 0;
    return kg_feed_run(b->db, "INSERT INTO later_id SELECT c0,c1,c2 FROM kg_feed(?1)", &feed, err);
}

status kg_later_put(kg_db *db, const kg_later_row *rows, size_t count, error *err)
{
    if (count == 0)
        return STATUS_OK;
    batch b = {.db = db, .rows = rows, .count = count};
    b.order = malloc(count * sizeof *b.order);
    b.keys = malloc(count * sizeof *b.keys);
    status code = b.order == NULL || b.keys == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK)
        code = put_subjects(&b, err);
    if (code == STATUS_OK)
        code = put_objects(&b, err);
    if (code == STATUS_OK)
        code = put_relations(&b, err);
    if (code == STATUS_OK)
        code = put_ids(&b, err);
    if (code == STATUS_OK && b.blob.failed)
        code = error_memory(err);
    free(b.order);
    free(b.keys);
    buf_free(&b.blob);
    return code;
}

/* --- anew ------------------------------------------------------------------------------------ */
static bool in_order(const kg_later_row *a, const kg_later_row *b)
{
    if (a->s != b->s)
        return a->s < b->s;
    return a->p != b->p ? a->p < b->p : a->o <= b->o;
}

/* Reads rows behind `last` as far as they are in order; *count 0 at the end. */
static status read_run(kg_db *db, int64_t last, kg_later_row *rows, size_t *count, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        db, "SELECT n, s, p, o, id FROM statement WHERE n>max(?1, 2147483647) ORDER BY n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, last);
    size_t n = 0;
    int code = SQLITE_DONE;
    while (n < REBUILD_ROWS && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        rows[n] = (kg_later_row){.n = (uint32_t)sqlite3_column_int64(stmt, 0),
                                 .s = (uint32_t)sqlite3_column_int64(stmt, 1),
                                 .p = (uint32_t)sqlite3_column_int64(stmt, 2),
                                 .o = (uint32_t)sqlite3_column_int64(stmt, 3),
                                 .id = (uint64_t)sqlite3_column_int64(stmt, 4)};
        if (n > 0 && !in_order(&rows[n - 1], &rows[n]))
            break;
        n++;
    }
    sqlite3_reset(stmt);
    *count = n;
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "graph", err);
}

status kg_later_rebuild(kg_db *db, error *err)
{
    status code = kg_db_exec(db,
                             "DELETE FROM later_out; DELETE FROM later_in; DELETE FROM later_id;"
                             "DELETE FROM base_relation WHERE n>2147483647;"
                             "DELETE FROM base_hub WHERE n>2147483647;",
                             err);
    kg_later_row *rows = malloc(REBUILD_ROWS * sizeof *rows);
    if (code == STATUS_OK && rows == NULL)
        code = error_memory(err);
    size_t count = code == STATUS_OK;
    for (int64_t last = 0; count > 0 && code == STATUS_OK;) {
        code = read_run(db, last, rows, &count, err);
        if (code == STATUS_OK)
            code = kg_later_put(db, rows, count, err);
        if (count > 0)
            last = rows[count - 1].n;
    }
    free(rows);
    return code;
}

/* --- reading --------------------------------------------------------------------------------- */
status kg_later_out(kg_db *db, kg_id s, kg_later_visit visit, void *context, error *err)
{
    sqlite3_stmt *stmt = kg_db_take(db, "SELECT n, end FROM later_out WHERE s=?1 ORDER BY n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)s);
    int code;
    bool go = true;
    while (go && (code = sqlite3_step(stmt)) == SQLITE_ROW)
        go = visit(context, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1));
    kg_db_give(db, stmt);
    return !go || code == SQLITE_DONE ? STATUS_OK : kg_db_error(db, code, "graph", err);
}

status kg_later_id(kg_db *db, kg_statement_id id, uint32_t *rows, size_t most, size_t *count,
                   error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT rows FROM later_id WHERE bucket=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)(id >> (64 - ID_BITS)));
    uint32_t tag = (uint32_t)(id >> (32 - ID_BITS));
    int code;
    *count = 0;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const unsigned char *at = sqlite3_column_blob(stmt, 0);
        size_t bytes = at == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, 0);
        for (size_t i = 0; i + 8 <= bytes && *count < most; i += 8)
            if (get32(at + i) == tag)
                rows[(*count)++] = get32(at + i + 4);
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(db, code, "graph", err);
}
