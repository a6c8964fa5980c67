/* See base.h. */
#include "kg/base.h"

#include <stdlib.h>

void kg_varint_put(buf *out, uint64_t value)
{
    char bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (char)(value | 0x80);
    bytes[n++] = (char)value;
    (void)buf_add(out, str_make(bytes, n));
}

bool kg_varint_get(const unsigned char **at, const unsigned char *end, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

void kg_base_pack_rows(buf *out, const uint64_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kg_varint_put(out, (uint32_t)rows[i] - (i == 0 ? 0 : (uint32_t)rows[i - 1]));
}

void kg_base_pack_groups(buf *out, const uint64_t *keys, size_t count)
{
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && keys[end] >> 32 == keys[i] >> 32; end++)
            continue;
        kg_varint_put(out, keys[i] >> 32);
        kg_varint_put(out, end - i);
        kg_base_pack_rows(out, keys + i, end - i);
    }
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

status kg_base_load(kg_db *db, error *err)
{
    int64_t id_bits = 0, term_bits = 0, last = 0;
    status code =
        kg_db_int(db, "SELECT value FROM meta WHERE key='base_rows'", 0, &db->base_rows, err);
    if (code == STATUS_OK)
        code = kg_db_int(db, "SELECT value FROM meta WHERE key='base_deleted'", 0,
                         &db->base_deleted, err);
    if (code == STATUS_OK)
        code = kg_db_int(db, "SELECT value FROM meta WHERE key='base_longest'", KG_LATER,
                         &db->longest, err);
    if (code == STATUS_OK)
        code = kg_db_int(db, "SELECT value FROM meta WHERE key='base_id_bits'", 0, &id_bits, err);
    if (code == STATUS_OK)
        code =
            kg_db_int(db, "SELECT value FROM meta WHERE key='base_term_bits'", 0, &term_bits, err);
    if (code == STATUS_OK)
        code = kg_db_int(db, "SELECT max(n) FROM statement", 0, &last, err);
    if (code == STATUS_OK && (db->base_rows < 0 || db->longest < 0 || db->longest > KG_LATER ||
                              db->base_rows >= KG_LATER || id_bits < 0 || id_bits > 30 ||
                              term_bits < 0 || term_bits > 30))
        return error_set(err, STATUS_CORRUPT, "the graph's base is damaged; restore a backup");
    db->id_bits = (int)id_bits;
    db->term_bits = (int)term_bits;
    db->later = last >= KG_LATER;
    return code;
}

status kg_base_out(kg_db *db, kg_id s, int64_t *first, int64_t *end, error *err)
{
    *first = *end = 0;
    if (db->base_rows == 0)
        return STATUS_OK;
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT first FROM base_out WHERE page=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)(s / KG_BASE_PAGE));
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (KG_BASE_PAGE + 1) * 4) {
        const unsigned char *page = sqlite3_column_blob(stmt, 0);
        *first = get32(page + 4 * (s % KG_BASE_PAGE));
        *end = get32(page + 4 * (s % KG_BASE_PAGE + 1));
    }
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "graph", err);
}

status kg_base_firsts(kg_db *db, uint64_t page, uint32_t firsts[KG_BASE_PAGE + 1], error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(db, "SELECT first FROM base_out WHERE page=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)page);
    int code = sqlite3_step(stmt);
    bool whole = code == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (KG_BASE_PAGE + 1) * 4;
    const unsigned char *at = whole ? sqlite3_column_blob(stmt, 0) : NULL;
    for (size_t i = 0; i <= KG_BASE_PAGE; i++)
        firsts[i] = at == NULL ? 0 : get32(at + 4 * i);
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "graph", err);
}

/* Decodes `count` rows, the first absolute, the others as steps; false at damage. */
static bool get_rows(const unsigned char **at, const unsigned char *end, size_t count,
                     uint32_t *rows)
{
    uint64_t n = 0, step;
    for (size_t i = 0; i < count; i++) {
        if (!kg_varint_get(at, end, &step) || step > UINT32_MAX - n)
            return false;
        n += step;
        rows[i] = (uint32_t)n;
    }
    return true;
}

/* One blob of base_in: groups of (p, count, rows). */
static bool visit_groups(const unsigned char *at, const unsigned char *end, kg_id p,
                         kg_base_visit visit, void *context, bool *go)
{
    uint32_t rows[KG_BASE_FEW];
    uint64_t relation, count;
    while (at < end && *go) {
        if (!kg_varint_get(&at, end, &relation) || !kg_varint_get(&at, end, &count) ||
            count > KG_BASE_FEW || !get_rows(&at, end, (size_t)count, rows))
            return false;
        kg_base_group group = {relation, (size_t)count, rows, NULL};
        if (p == KG_ANY || p == relation)
            *go = visit(context, &group);
        if (p != KG_ANY && relation >= p)
            return true;
    }
    return true;
}

static status damaged(error *err)
{
    return error_set(err, STATUS_CORRUPT,
                     "the graph's base is damaged; restore a backup, or load the sources again");
}

/* Pieces (p, n, count, rows) of base_hub or base_relation. Behind the rows may stand their
 * subjects, packed alike. */
static status visit_pieces(kg_db *db, sqlite3_stmt *stmt, bool counts_only, kg_base_visit visit,
                           void *context, bool *go, error *err)
{
    uint32_t rows[KG_BASE_PIECE], subjects[KG_BASE_PIECE];
    int code = SQLITE_DONE;
    bool ok = true;
    while (*go && ok && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        kg_base_group group = {(kg_id)sqlite3_column_int64(stmt, 0),
                               (size_t)sqlite3_column_int64(stmt, 1), NULL, NULL};
        if (!counts_only) {
            const unsigned char *at = sqlite3_column_blob(stmt, 2);
            const unsigned char *end =
                at == NULL ? NULL : at + (size_t)sqlite3_column_bytes(stmt, 2);
            ok = group.count <= KG_BASE_PIECE && get_rows(&at, end, group.count, rows);
            group.rows = rows;
            if (ok && at < end) {
                ok = get_rows(&at, end, group.count, subjects);
                group.subjects = subjects;
            }
        }
        if (ok)
            *go = visit(context, &group);
    }
    kg_db_give(db, stmt);
    if (!ok)
        return damaged(err);
    return !*go || code == SQLITE_DONE ? STATUS_OK : kg_db_error(db, code, "graph", err);
}

/* Blobs of groups; `found` (may be NULL) tells whether there was one. */
static status visit_blobs(kg_db *db, const char *sql, kg_id o, kg_id p, kg_base_visit visit,
                          void *context, bool *found, bool *go, error *err)
{
    sqlite3_stmt *stmt = kg_db_take(db, sql, err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)o);
    int code = SQLITE_DONE;
    bool ok = true;
    while (ok && *go && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const unsigned char *at = sqlite3_column_blob(stmt, 0);
        const unsigned char *end = at == NULL ? NULL : at + (size_t)sqlite3_column_bytes(stmt, 0);
        ok = visit_groups(at, end, p, visit, context, go);
        if (found != NULL)
            *found = true;
    }
    kg_db_give(db, stmt);
    if (!ok)
        return damaged(err);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(db, code, "graph", err);
}

static status visit_hub(kg_db *db, kg_id o, kg_id p, bool counts_only, kg_base_visit visit,
                        void *context, bool *go, error *err)
{
    sqlite3_stmt *stmt =
        p == KG_ANY
            ? kg_db_take(db, "SELECT p, count, rows FROM base_hub WHERE o=?1 ORDER BY p, n", err)
            : kg_db_take(db, "SELECT p, count, rows FROM base_hub WHERE o=?1 AND p=?2 ORDER BY n",
                         err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)o);
    if (p != KG_ANY)
        sqlite3_bind_int64(stmt, 2, (int64_t)p);
    return visit_pieces(db, stmt, counts_only, visit, context, go, err);
}

status kg_base_in(kg_db *db, kg_id o, kg_id p, bool counts_only, kg_base_visit visit, void *context,
                  error *err)
{
    bool found = false, go = true;
    status code = STATUS_OK;
    if (db->base_rows > 0)
        code = visit_blobs(db, "SELECT edges FROM base_in WHERE o=?1", o, p, visit, context, &found,
                           &go, err);
    /* Few rows of the first load: then the hub's pieces, if any, are of later ones. */
    if (code == STATUS_OK && go && (db->later || (db->base_rows > 0 && !found)))
        code = visit_hub(db, o, p, counts_only, visit, context, &go, err);
    if (code == STATUS_OK && go && db->later)
        code = visit_blobs(db, "SELECT edges FROM later_in WHERE o=?1 ORDER BY n", o, p, visit,
                           context, NULL, &go, err);
    return code;
}

status kg_base_relation(kg_db *db, kg_id p, bool counts_only, kg_base_visit visit, void *context,
                        error *err)
{
    bool go = true;
    if (db->base_rows == 0 && !db->later)
        return STATUS_OK;
    sqlite3_stmt *stmt =
        kg_db_take(db, "SELECT p, count, rows FROM base_relation WHERE p=?1 ORDER BY n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)p);
    return visit_pieces(db, stmt, counts_only, visit, context, &go, err);
}

/* The bytes of a bucket, borrowed until the statement is reset; NULL when it is empty. */
static const unsigned char *bucket_of(kg_db *db, const char *sql, uint64_t hash, int bits,
                                      sqlite3_stmt **stmt, size_t *bytes, error *err)
{
    *stmt = kg_db_stmt(db, sql, err);
    if (*stmt == NULL)
        return NULL;
    sqlite3_bind_int64(*stmt, 1, bits == 0 ? 0 : (int64_t)(hash >> (64 - bits)));
    if (sqlite3_step(*stmt) != SQLITE_ROW)
        return NULL;
    *bytes = (size_t)sqlite3_column_bytes(*stmt, 0);
    return sqlite3_column_blob(*stmt, 0);
}

status kg_base_id(kg_db *db, kg_statement_id id, uint32_t *rows, size_t most, size_t *count,
                  error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t bytes = 0;
    *count = 0;
    if (db->base_rows == 0)
        return STATUS_OK;
    const unsigned char *at = bucket_of(db, "SELECT rows FROM base_id WHERE bucket=?1", id,
                                        db->id_bits, &stmt, &bytes, err);
    /* Each entry: 8 further bits of the id, then the row. */
    unsigned tag = (unsigned)(id >> (56 - db->id_bits)) & 0xff;
    for (size_t i = 0; at != NULL && i + 5 <= bytes && *count < most; i += 5)
        if (at[i] == tag)
            rows[(*count)++] = get32(at + i + 1);
    sqlite3_reset(stmt);
    return stmt == NULL ? STATUS_CORRUPT : STATUS_OK;
}

status kg_base_term_bucket(kg_db *db, uint64_t hash, buf *out, error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t bytes = 0;
    const unsigned char *at = bucket_of(db, "SELECT terms FROM base_term WHERE bucket=?1", hash,
                                        db->term_bits, &stmt, &bytes, err);
    buf_clear(out);
    bool ok = at == NULL || buf_add(out, str_make((const char *)at, bytes));
    sqlite3_reset(stmt);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    return ok ? STATUS_OK : error_memory(err);
}

size_t kg_base_bucket_terms(str bucket, uint64_t hash, kg_id *terms, size_t most)
{
    const unsigned char *at = (const unsigned char *)bucket.data;
    size_t count = 0;
    for (size_t i = 0; i + 8 <= bucket.length && count < most; i += 8)
        if (get32(at + i) == (uint32_t)hash)
            terms[count++] = get32(at + i + 4);
    return count;
}
