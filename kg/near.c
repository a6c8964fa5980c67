/* See near.h. */
#include "kg/near.h"

#include <stdlib.h>

#include "core/utf8.h"

#define FOUND_MOST 4000 /* labels that one search takes in */

typedef struct cut { /* a text and where its characters begin; at[count] is its end */
    str text;
    size_t count;
    size_t at[KG_NEAR_MOST + 2];
} cut;

/* false when the text is too short or too long. */
static bool cut_text(str text, size_t least, cut *out)
{
    out->text = text;
    out->count = 0;
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        if (out->count > KG_NEAR_MOST)
            return false;
        out->at[out->count++] = i;
        i += utf8_decode(text.data + i, text.length - i, &c);
    }
    out->at[out->count] = text.length;
    return out->count >= least;
}

static str part_of(const cut *c, size_t from, size_t to)
{
    return str_slice(c->text, c->at[from], c->at[to]);
}

/* The key of a text of n characters without its part `left_out`; what lies behind that part is
 * `shift` characters further on in `c`. */
static uint64_t key_of(const cut *c, size_t n, size_t left_out, ptrdiff_t shift)
{
    size_t one = n / 3, two = 2 * n / 3;
    size_t tail = (size_t)((ptrdiff_t)(left_out == 0 ? one : two) + shift);
    uint64_t key = n * 4 + left_out;
    if (left_out > 0)
        key = str_hash(part_of(c, 0, left_out == 1 ? one : two), key);
    if (left_out < 2)
        key = str_hash(part_of(c, tail, c->count), key);
    return key;
}

size_t kg_near_keys(str normal, uint64_t *keys)
{
    cut c;
    if (normal.length >= KG_NAME_MOST || !cut_text(normal, KG_NEAR_KEYS, &c) ||
        c.count > KG_NEAR_MOST)
        return 0;
    for (size_t i = 0; i < KG_NEAR_KEYS; i++)
        keys[i] = key_of(&c, c.count, i, 0);
    return KG_NEAR_KEYS;
}

static uint16_t tag_of(uint64_t key)
{
    return (uint16_t)(key >> (48 - KG_NEAR_BITS));
}

void kg_near_pack(buf *out, uint64_t key, uint32_t label)
{
    uint16_t tag = tag_of(key);
    const char bytes[6] = {(char)tag,          (char)(tag >> 8),    (char)label,
                           (char)(label >> 8), (char)(label >> 16), (char)(label >> 24)};
    (void)buf_add(out, str_make(bytes, sizeof bytes));
}

typedef struct found {
    uint32_t labels[FOUND_MOST];
    size_t count;
} found;

static status look_up(kg_read *read, uint64_t key, found *out, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db,
                                    "SELECT labels FROM base_near WHERE bucket=?1 UNION ALL "
                                    "SELECT labels FROM later_near WHERE bucket=?1",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, (int64_t)(key >> (64 - KG_NEAR_BITS)));
    unsigned tag = tag_of(key);
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        const unsigned char *at = sqlite3_column_blob(stmt, 0);
        size_t bytes = at == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, 0);
        for (size_t i = 0; i + 6 <= bytes && out->count < FOUND_MOST; i += 6)
            if ((unsigned)(at[i] | at[i + 1] << 8) == tag)
                out->labels[out->count++] = (uint32_t)at[i + 2] | (uint32_t)at[i + 3] << 8 |
                                            (uint32_t)at[i + 4] << 16 | (uint32_t)at[i + 5] << 24;
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(read->db, code, "search", err);
}

/* Two characters swapped where two parts meet spoil both: the text is tried as it was before. */
static status swap_at(kg_read *read, const cut *c, size_t i, arena *a, found *out, error *err)
{
    str one = part_of(c, i - 1, i), two = part_of(c, i, i + 1);
    char *text = arena_alloc(a, c->text.length + 1);
    sqlite3_stmt *stmt =
        kg_db_stmt(read->db, "SELECT n FROM label WHERE hash=?1 ORDER BY n LIMIT 1", err);
    if (text == NULL || stmt == NULL)
        return error_memory(err);
    memcpy(text, c->text.data, c->text.length);
    memcpy(text + c->at[i - 1], two.data, two.length);
    memcpy(text + c->at[i - 1] + two.length, one.data, one.length);
    sqlite3_bind_int64(stmt, 1, (int64_t)str_hash(str_make(text, c->text.length), 0));
    int code = sqlite3_step(stmt);
    if (code == SQLITE_ROW && out->count < FOUND_MOST)
        out->labels[out->count++] = (uint32_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
                                                     : kg_db_error(read->db, code, "search", err);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

status kg_near_find(kg_read *read, str normal, arena *a, uint32_t **out, size_t *count, error *err)
{
    found *f = ARENA_NEW(a, found);
    cut c;
    *count = 0;
    if (f == NULL)
        return error_memory(err);
    if (!cut_text(normal, 2, &c))
        return STATUS_OK;
    status code = STATUS_OK;
    f->count = 0;
    for (size_t n = c.count - 1; n <= c.count + 1 && code == STATUS_OK; n++)
        for (size_t i = 0; i < KG_NEAR_KEYS && n >= KG_NEAR_KEYS && code == STATUS_OK; i++)
            code = look_up(read, key_of(&c, n, i, (ptrdiff_t)c.count - (ptrdiff_t)n), f, err);
    for (size_t i = 1; i <= 2 && c.count >= KG_NEAR_KEYS && code == STATUS_OK; i++)
        code = swap_at(read, &c, i * c.count / 3, a, f, err);
    if (f->count > 1)
        qsort(f->labels, f->count, sizeof *f->labels, by_number);
    size_t distinct = 0;
    for (size_t i = 0; i < f->count; i++)
        if (distinct == 0 || f->labels[distinct - 1] != f->labels[i])
            f->labels[distinct++] = f->labels[i];
    *out = f->labels;
    *count = distinct;
    return code;
}
