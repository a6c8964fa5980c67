/* Writing the packed lists of the base. See base.h for their layout. */
#include <stdio.h>
#include <stdlib.h>

#include "kg/bulk.h"

static void put32(buf *out, uint32_t v)
{
    const char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    (void)buf_add(out, str_make(bytes, 4));
}

static status put_out(kg_bulk *b, error *err)
{
    kg_tree *tree = NULL;
    buf page = {0};
    status code = kg_bulk_tree(b, KG_TREE_TABLE, "base_out", &tree, err);
    for (size_t at = 0; at <= b->terms / KG_BASE_PAGE && code == STATUS_OK; at++) {
        buf_clear(&page);
        for (size_t i = 0; i <= KG_BASE_PAGE; i++) {
            size_t id = at * KG_BASE_PAGE + i; /* = index + 1 */
            size_t index = id == 0 ? 0 : id - 1;
            put32(&page, b->first[index < b->terms ? index : b->terms] + 1);
        }
        kg_tree_null(tree);
        kg_tree_blob(tree, page.data, page.length);
        kg_tree_row(tree, (int64_t)at);
        code = page.failed ? error_memory(err) : STATUS_OK;
    }
    buf_free(&page);
    error ignored = {0};
    status ended = kg_tree_end(tree, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

/* Rows (0-based) grouped by a key below `keys`: start[k] .. start[k + 1] in `list`. */
typedef struct grouping {
    uint32_t *start, *list;
} grouping;

static bool group_rows(const kg_bulk *b, bool by_object, grouping *out)
{
    out->start = calloc(b->terms + 2, sizeof *out->start);
    out->list = malloc((b->rows + 1) * sizeof *out->list);
    if (out->start == NULL || out->list == NULL)
        return false;
    for (size_t i = 0; i < b->rows; i++)
        out->start[(by_object ? b->row[i].o : b->row[i].p) + 2]++;
    for (size_t i = 2; i < b->terms + 2; i++)
        out->start[i] += out->start[i - 1];
    for (size_t i = 0; i < b->rows; i++)
        out->list[out->start[(by_object ? b->row[i].o : b->row[i].p) + 1]++] = (uint32_t)i;
    return true;
}

static void free_grouping(grouping *g)
{
    free(g->start);
    free(g->list);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* One piece of a list: its first row, how many, the row numbers as steps. */
static void put_piece(kg_tree *tree, const uint64_t *rows, size_t count, buf *blob)
{
    buf_clear(blob);
    kg_base_pack_rows(blob, rows, count);
    kg_tree_int(tree, (uint32_t)rows[0]);
    kg_tree_int(tree, (int64_t)count);
    kg_tree_blob(tree, blob->data, blob->length);
    kg_tree_row(tree, 0);
}

static void put_hub(kg_tree *tree, size_t o, const uint64_t *keys, size_t count, buf *blob)
{
    for (size_t i = 0; i < count;) {
        size_t end = i + 1;
        while (end < count && end - i < KG_BASE_PIECE && keys[end] >> 32 == keys[i] >> 32)
            end++;
        kg_tree_int(tree, (int64_t)o + 1);
        kg_tree_int(tree, (int64_t)(keys[i] >> 32));
        put_piece(tree, keys + i, end - i, blob);
        i = end;
    }
}

/* ((p + 1) << 32 | row number) of an object's rows, ascending. */
static void object_keys(const kg_bulk *b, const grouping *g, size_t o, uint64_t *keys)
{
    size_t count = g->start[o + 1] - g->start[o];
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = g->list[g->start[o] + i];
        keys[i] = ((uint64_t)b->row[row].p + 1) << 32 | (row + 1);
        sorted &= i == 0 || keys[i - 1] < keys[i];
    }
    if (!sorted)
        qsort(keys, count, sizeof *keys, by_value);
}

/* Objects with few rows, or those with many. */
static status put_objects(kg_bulk *b, const grouping *g, bool hubs, uint64_t *keys, error *err)
{
    kg_tree *tree = NULL;
    buf blob = {0};
    status code = hubs ? kg_bulk_tree(b, KG_TREE_INDEX, "base_hub", &tree, err)
                       : kg_bulk_tree(b, KG_TREE_TABLE, "base_in", &tree, err);
    for (size_t o = 0; o < b->terms && code == STATUS_OK; o++) {
        size_t count = g->start[o + 1] - g->start[o];
        if (count == 0 || (count > KG_BASE_FEW) != hubs)
            continue;
        object_keys(b, g, o, keys);
        if (hubs) {
            put_hub(tree, o, keys, count, &blob);
            continue;
        }
        buf_clear(&blob);
        kg_base_pack_groups(&blob, keys, count);
        kg_tree_null(tree);
        kg_tree_blob(tree, blob.data, blob.length);
        kg_tree_row(tree, (int64_t)o + 1);
    }
    if (code == STATUS_OK && blob.failed)
        code = error_memory(err);
    buf_free(&blob);
    error ignored = {0};
    status ended = kg_tree_end(tree, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

static status put_in(kg_bulk *b, error *err)
{
    grouping g = {0};
    size_t longest = 0;
    status code = group_rows(b, true, &g) ? STATUS_OK : error_memory(err);
    for (size_t o = 0; o < b->terms && code == STATUS_OK; o++)
        if (g.start[o + 1] - g.start[o] > longest)
            longest = g.start[o + 1] - g.start[o];
    uint64_t *keys = malloc((longest + 1) * sizeof *keys);
    if (code == STATUS_OK && keys == NULL)
        code = error_memory(err);
    if (code == STATUS_OK)
        code = put_objects(b, &g, false, keys, err);
    if (code == STATUS_OK)
        code = put_objects(b, &g, true, keys, err);
    free(keys);
    free_grouping(&g);
    return code;
}

static status put_relations(kg_bulk *b, error *err)
{
    grouping g = {0};
    buf blob = {0};
    uint64_t rows[KG_BASE_PIECE];
    kg_tree *tree = NULL;
    status code = group_rows(b, false, &g) ? STATUS_OK : error_memory(err);
    if (code == STATUS_OK)
        code = kg_bulk_tree(b, KG_TREE_INDEX, "base_relation", &tree, err);
    for (size_t p = 0; p < b->terms && code == STATUS_OK; p++) {
        for (size_t i = g.start[p]; i < g.start[p + 1];) {
            size_t count = 0;
            while (count < KG_BASE_PIECE && i < g.start[p + 1])
                rows[count++] = g.list[i++] + 1u;
            kg_tree_int(tree, (int64_t)p + 1);
            put_piece(tree, rows, count, &blob);
        }
    }
    if (code == STATUS_OK && blob.failed)
        code = error_memory(err);
    buf_free(&blob);
    free_grouping(&g);
    error ignored = {0};
    status ended = kg_tree_end(tree, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

/* How many upper bits make buckets of about 128. */
static int bits_for(size_t count)
{
    int bits = 1;
    while (bits < 24 && count >> bits > 128)
        bits++;
    return bits;
}

/* Indexes 0..count-1 grouped by the upper bits of their hashes. */
typedef uint64_t (*hash_at)(const kg_bulk *b, size_t i);

static bool group_hashes(const kg_bulk *b, size_t count, int bits, hash_at hash, grouping *out)
{
    size_t buckets = (size_t)1 << bits;
    out->start = calloc(buckets + 2, sizeof *out->start);
    out->list = malloc((count + 1) * sizeof *out->list);
    if (out->start == NULL || out->list == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        out->start[(hash(b, i) >> (64 - bits)) + 2]++;
    for (size_t i = 2; i < buckets + 2; i++)
        out->start[i] += out->start[i - 1];
    for (size_t i = 0; i < count; i++)
        out->list[out->start[(hash(b, i) >> (64 - bits)) + 1]++] = (uint32_t)i;
    return true;
}

static uint64_t id_at(const kg_bulk *b, size_t i)
{
    return b->ids[i];
}

static uint64_t term_at(const kg_bulk *b, size_t i)
{
    return kg_dict_at(b->w->dict, i)->hash;
}

static status put_meta(kg_bulk *b, const char *key, int64_t value, error *err)
{
    char text[32];
    sqlite3_stmt *stmt = kg_db_stmt(b->w->db, "INSERT OR REPLACE INTO meta VALUES(?1,?2)", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    kg_db_bind_str(stmt, 1, str_from(key));
    kg_db_bind_str(stmt, 2, str_from(text));
    return kg_db_run(b->w->db, stmt, err);
}

static status put_buckets(kg_bulk *b, size_t count, int bits, bool ids, error *err)
{
    grouping g = {0};
    buf blob = {0};
    kg_tree *tree = NULL;
    hash_at hash = ids ? id_at : term_at;
    status code = group_hashes(b, count, bits, hash, &g) ? STATUS_OK : error_memory(err);
    if (code == STATUS_OK)
        code = kg_bulk_tree(b, KG_TREE_TABLE, ids ? "base_id" : "base_term", &tree, err);
    for (size_t k = 0; k < (size_t)1 << bits && code == STATUS_OK; k++) {
        if (g.start[k] == g.start[k + 1])
            continue;
        buf_clear(&blob);
        for (size_t i = g.start[k]; i < g.start[k + 1]; i++) {
            uint64_t h = hash(b, g.list[i]);
            if (ids)
                (void)buf_add_char(&blob, (char)(h >> (56 - bits)));
            else
                put32(&blob, (uint32_t)h);
            put32(&blob, g.list[i] + 1);
        }
        kg_tree_null(tree);
        kg_tree_blob(tree, blob.data, blob.length);
        kg_tree_row(tree, (int64_t)k);
    }
    if (code == STATUS_OK && blob.failed)
        code = error_memory(err);
    buf_free(&blob);
    free_grouping(&g);
    error ignored = {0};
    status ended = kg_tree_end(tree, code == STATUS_OK ? err : &ignored);
    return code == STATUS_OK ? ended : code;
}

status kg_bulk_indexes(kg_bulk *b, error *err)
{
    status code = put_out(b, err);
    if (code == STATUS_OK)
        code = put_in(b, err);
    if (code == STATUS_OK)
        code = put_relations(b, err);
    if (code == STATUS_OK)
        code = put_buckets(b, b->rows, bits_for(b->rows), true, err);
    return code == STATUS_OK ? put_buckets(b, b->terms, bits_for(b->terms), false, err) : code;
}

status kg_bulk_meta(kg_bulk *b, error *err)
{
    uint32_t longest = 0;
    for (size_t s = 0; s < b->terms; s++)
        if (b->first[s + 1] - b->first[s] > longest)
            longest = b->first[s + 1] - b->first[s];
    status code = put_meta(b, "base_rows", (int64_t)b->rows, err);
    if (code == STATUS_OK)
        code = put_meta(b, "base_longest", longest, err);
    if (code == STATUS_OK)
        code = put_meta(b, "base_id_bits", bits_for(b->rows), err);
    return code == STATUS_OK ? put_meta(b, "base_term_bits", bits_for(b->terms), err) : code;
}
