/* The packed lists held beside the rows, and the statistics. See check.h. */
#include <stdlib.h>
#include <string.h>

#include "kg/check.h"
#include "kg/order.h"

typedef struct listing { /* how a list fares: each row once, under the right key */
    kg_checking *c;
    uint8_t *seen;
    uint64_t wrong, twice, gone, broken;
} listing;

static status begin(listing *l, kg_checking *c, size_t count, error *err)
{
    *l = (listing){.c = c, .seen = calloc(count + 1, 1)};
    return l->seen == NULL ? error_memory(err) : STATUS_OK;
}

/* Tells what is wrong and frees; `stale`: how many entries may be of rows that are gone. */
static void finish(listing *l, const char *what, size_t count, int64_t stale)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += l->seen[i] == 0;
    if (missing + l->wrong + l->twice + l->broken > 0)
        kg_violated(l->c,
                    "%s: %llu missing, %llu under a wrong key, %llu twice, %llu pieces damaged",
                    what, (unsigned long long)missing, (unsigned long long)l->wrong,
                    (unsigned long long)l->twice, (unsigned long long)l->broken);
    else if (stale >= 0 && l->gone != (uint64_t)stale)
        kg_violated(l->c, "%s: names %llu rows that are gone, the graph counts %lld", what,
                    (unsigned long long)l->gone, (long long)stale);
    free(l->seen);
}

static void see(listing *l, size_t index, bool fits)
{
    l->wrong += !fits;
    l->twice += fits && l->seen[index] != 0;
    l->seen[index] |= fits;
}

static void see_row(listing *l, uint64_t n, uint64_t p, uint64_t o)
{
    size_t i = kg_check_find(l->c, n);
    if (i == SIZE_MAX)
        l->gone++;
    else
        see(l, i, l->c->rows[i].p == p && (o == 0 || l->c->rows[i].o == o));
}

/* Rows as steps; false at damage. */
static bool see_rows(listing *l, const unsigned char **at, const unsigned char *end, uint64_t count,
                     uint64_t p, uint64_t o)
{
    uint64_t n = 0, step;
    for (uint64_t i = 0; i < count; i++) {
        if (!kg_varint_get(at, end, &step) || step > UINT32_MAX - n)
            return false;
        n += step;
        see_row(l, n, p, o);
    }
    return true;
}

typedef struct bytes {
    const unsigned char *at, *end;
} bytes;

static bytes blob(sqlite3_stmt *stmt, int column)
{
    const unsigned char *at = sqlite3_column_blob(stmt, column);
    return (bytes){at, at == NULL ? NULL : at + (size_t)sqlite3_column_bytes(stmt, column)};
}

/* The subjects behind the rows of a piece are those of the rows that are there. */
static bool subjects_fit(listing *l, const unsigned char *rows, bytes *subjects, uint64_t count)
{
    const unsigned char *end = subjects->at;
    uint64_t n = 0, s = 0, step, next;
    for (uint64_t i = 0; i < count; i++) {
        if (!kg_varint_get(&rows, end, &step) ||
            !kg_varint_get(&subjects->at, subjects->end, &next))
            return false;
        n += step;
        s += next;
        size_t row = kg_check_find(l->c, n);
        if (row != SIZE_MAX && l->c->rows[row].s != s)
            return false;
    }
    return true;
}

/* (o or 0, p, count, rows and maybe subjects) */
static void take_piece(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 3);
    const unsigned char *rows = b.at;
    uint64_t count = (uint64_t)sqlite3_column_int64(stmt, 2);
    bool ok = see_rows(l, &b.at, b.end, count, (uint64_t)sqlite3_column_int64(stmt, 1),
                       (uint64_t)sqlite3_column_int64(stmt, 0));
    if (ok && b.at != b.end)
        ok = subjects_fit(l, rows, &b, count);
    l->broken += !ok || b.at != b.end;
}

/* (o, groups) */
static void take_groups(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 1);
    uint64_t o = (uint64_t)sqlite3_column_int64(stmt, 0), p, count;
    while (b.at < b.end) {
        if (!kg_varint_get(&b.at, b.end, &p) || !kg_varint_get(&b.at, b.end, &count) ||
            count > KG_BASE_FEW || !see_rows(l, &b.at, b.end, count, p, o)) {
            l->broken++;
            return;
        }
    }
}

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void take_base_ids(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 1);
    uint64_t bucket = (uint64_t)sqlite3_column_int64(stmt, 0);
    int bits = l->c->db->id_bits;
    l->broken += (b.end - b.at) % 5 != 0;
    for (; b.end - b.at >= 5; b.at += 5) {
        size_t i = kg_check_find(l->c, get32(b.at + 1));
        uint64_t id = i == SIZE_MAX ? 0 : l->c->rows[i].id;
        l->gone += i == SIZE_MAX;
        if (i != SIZE_MAX)
            see(l, i,
                (bits == 0 ? 0 : id >> (64 - bits)) == bucket &&
                    (unsigned char)(id >> (56 - bits)) == b.at[0]);
    }
}

static void take_later_ids(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 1);
    uint64_t bucket = (uint64_t)sqlite3_column_int64(stmt, 0);
    l->broken += (b.end - b.at) % 8 != 0;
    for (; b.end - b.at >= 8; b.at += 8) {
        size_t i = kg_check_find(l->c, get32(b.at + 4));
        uint64_t id = i == SIZE_MAX ? 0 : l->c->rows[i].id;
        l->gone += i == SIZE_MAX;
        if (i != SIZE_MAX)
            see(l, i, id >> 52 == bucket && (uint32_t)(id >> 20) == get32(b.at));
    }
}

/* A page of first rows: each subject's are those up to the next one's first. */
static void take_firsts(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 1);
    uint64_t page = (uint64_t)sqlite3_column_int64(stmt, 0);
    if (b.end - b.at != (KG_BASE_PAGE + 1) * 4) {
        l->broken++;
        return;
    }
    for (size_t i = 0; i < KG_BASE_PAGE; i++, b.at += 4) {
        uint64_t first = get32(b.at), end = get32(b.at + 4);
        l->broken += first > end || end > (uint64_t)l->c->db->base_rows + 1;
        for (uint64_t n = first; n < end && end <= (uint64_t)l->c->db->base_rows + 1; n++) {
            size_t row = kg_check_find(l->c, n);
            if (row != SIZE_MAX)
                see(l, row, l->c->rows[row].s == page * KG_BASE_PAGE + i);
        }
    }
}

/* (s, n, end) */
static void take_range(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    uint64_t s = (uint64_t)sqlite3_column_int64(stmt, 0);
    int64_t n = sqlite3_column_int64(stmt, 1), end = sqlite3_column_int64(stmt, 2);
    if (n < KG_LATER || end <= n || end > (int64_t)UINT32_MAX + 1) {
        l->broken++;
        return;
    }
    size_t low = 0, high = l->c->row_count; /* the first row from n on */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (l->c->rows[middle].n < n)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < l->c->row_count && l->c->rows[low].n < end; low++)
        see(l, low, l->c->rows[low].s == s);
}

static void see_term(listing *l, uint64_t term, uint64_t hash, uint64_t mask)
{
    if (kg_check_kind(l->c, term) == 0)
        l->gone++;
    else
        see(l, term, ((l->c->hashes[term] ^ hash) & mask) == 0);
}

static void take_base_terms(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    bytes b = blob(stmt, 1);
    uint64_t bucket = (uint64_t)sqlite3_column_int64(stmt, 0);
    int bits = l->c->db->term_bits;
    uint64_t upper = bits == 0 ? 0 : bucket << (64 - bits),
             mask = bits == 0 ? 0 : UINT64_MAX << (64 - bits);
    l->broken += (b.end - b.at) % 8 != 0;
    for (; b.end - b.at >= 8; b.at += 8)
        see_term(l, get32(b.at + 4), upper | get32(b.at), mask | UINT32_MAX);
}

static void take_hash(void *context, sqlite3_stmt *stmt)
{
    listing *l = context;
    uint64_t term = (uint64_t)sqlite3_column_int64(stmt, 1);
    l->wrong += kg_check_kind(l->c, term) == 0; /* these go with their terms */
    see_term(l, term, (uint64_t)sqlite3_column_int64(stmt, 0), UINT64_MAX);
}

static status check_terms(kg_checking *c, error *err)
{
    listing l;
    status code = begin(&l, c, c->terms, err);
    if (code == STATUS_OK)
        code = kg_check_each(c, &l, "SELECT bucket, terms FROM base_term", take_base_terms, err);
    if (code == STATUS_OK)
        code = kg_check_each(c, &l, "SELECT hash, term FROM term_hash", take_hash, err);
    for (size_t i = 0; i < c->terms && l.seen != NULL; i++)
        l.seen[i] |= c->kinds[i] == 0;
    if (code != STATUS_OK)
        free(l.seen);
    else
        finish(&l, "terms by hash (base_term, term_hash)", c->terms, -1);
    return code;
}

static const struct {
    const char *what;
    bool counts; /* it names all rows that ever were, so what is gone is known */
    struct {
        const char *sql;
        kg_check_take *take;
    } parts[3];
} lists[] = {
    {"rows by subject (base_out, later_out)",
     false,
     {{"SELECT page, first FROM base_out", take_firsts},
      {"SELECT s, n, end FROM later_out", take_range}}},
    {"rows by object (base_in, base_hub, later_in)",
     true,
     {{"SELECT o, edges FROM base_in", take_groups},
      {"SELECT o, p, count, rows FROM base_hub", take_piece},
      {"SELECT o, edges FROM later_in", take_groups}}},
    {"rows by relation (base_relation)",
     true,
     {{"SELECT 0, p, count, rows FROM base_relation", take_piece}}},
    {"rows by statement id (base_id, later_id)",
     true,
     {{"SELECT bucket, rows FROM base_id", take_base_ids},
      {"SELECT bucket, rows FROM later_id", take_later_ids}}},
};

status kg_check_lists(kg_checking *c, error *err)
{
    status code = check_terms(c, err);
    for (size_t i = 0; i < CORE_COUNT(lists) && code == STATUS_OK; i++) {
        listing l;
        code = begin(&l, c, c->row_count, err);
        for (size_t k = 0; k < CORE_COUNT(lists[i].parts) && code == STATUS_OK; k++)
            if (lists[i].parts[k].sql != NULL)
                code = kg_check_each(c, &l, lists[i].parts[k].sql, lists[i].parts[k].take, err);
        if (code != STATUS_OK)
            free(l.seen);
        else
            finish(&l, lists[i].what, c->row_count, lists[i].counts ? c->db->base_deleted : -1);
    }
    return code;
}

/* --- statistics ------------------------------------------------------------------------------ */
typedef struct tally {
    int64_t count, subjects, objects, literals;
} tally;

/* Distinct subjects or objects of each relation, out of sorted pairs. */
static status count_distinct(kg_checking *c, bool objects, tally *tallies, error *err)
{
    kg_ordered *pairs = malloc((c->row_count + 1) * sizeof *pairs);
    for (size_t i = 0; i < c->row_count && pairs != NULL; i++)
        pairs[i] =
            (kg_ordered){(uint64_t)c->rows[i].p << 32 | (objects ? c->rows[i].o : c->rows[i].s), 0};
    if (pairs == NULL || !kg_order(pairs, c->row_count)) {
        free(pairs);
        return error_memory(err);
    }
    for (size_t i = 0; i < c->row_count; i++) {
        size_t p = (size_t)(pairs[i].key >> 32);
        if (p >= c->terms || (i > 0 && pairs[i].key == pairs[i - 1].key))
            continue;
        tallies[p].subjects += !objects;
        tallies[p].objects += objects;
    }
    free(pairs);
    return STATUS_OK;
}

static status compare_relations(kg_checking *c, tally *tallies, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        c->db, "SELECT p, count, changes, subjects, objects, literals FROM relation_stat", err);
    uint64_t counts = 0, distinct = 0, missing = 0;
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        uint64_t p = (uint64_t)sqlite3_column_int64(stmt, 0);
        tally *t = p < c->terms ? &tallies[p] : NULL;
        if (t == NULL || t->count != sqlite3_column_int64(stmt, 1)) {
            counts++;
        } else if (sqlite3_column_int64(stmt, 2) == 0) { /* else they were taken before */
            distinct += t->subjects != sqlite3_column_int64(stmt, 3) ||
                        t->objects != sqlite3_column_int64(stmt, 4) ||
                        t->literals != sqlite3_column_int64(stmt, 5);
        }
        if (t != NULL)
            t->count = 0;
    }
    sqlite3_reset(stmt);
    for (size_t p = 0; p < c->terms; p++)
        missing += tallies[p].count != 0;
    kg_violated_count(c, "relations whose number of statements (relation_stat) is wrong", counts);
    kg_violated_count(c, "relations whose distinct counts (relation_stat) are wrong", distinct);
    kg_violated_count(c, "relations without statistics (relation_stat)", missing);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(c->db, code, "check", err);
}

status kg_check_statistics(kg_checking *c, error *err)
{
    tally *tallies = calloc(c->terms, sizeof *tallies);
    status code = tallies == NULL ? error_memory(err) : STATUS_OK;
    for (size_t i = 0; i < c->row_count && code == STATUS_OK; i++) {
        if (c->rows[i].p >= c->terms)
            continue;
        tallies[c->rows[i].p].count++;
        tallies[c->rows[i].p].literals += kg_check_kind(c, c->rows[i].o) == KG_TERM_LITERAL;
    }
    if (code == STATUS_OK)
        code = count_distinct(c, false, tallies, err);
    if (code == STATUS_OK)
        code = count_distinct(c, true, tallies, err);
    if (code == STATUS_OK)
        code = compare_relations(c, tallies, err);
    free(tallies);
    kg_check_rule(c, "classes whose number of members (class_stat) is wrong",
                  "WITH t AS (SELECT id FROM term WHERE kind=1 AND lexical='" KG_RDF_TYPE
                  "'), x AS "
                  "(SELECT o, count(*) AS most, count(DISTINCT s) AS least FROM statement WHERE "
                  "p=(SELECT id FROM t) GROUP BY o) SELECT (SELECT count(*) FROM x LEFT JOIN "
                  "class_stat k ON k.class=x.o WHERE k.count IS NULL OR k.count NOT BETWEEN least "
                  "AND most) + (SELECT count(*) FROM class_stat WHERE class NOT IN (SELECT o FROM "
                  "x))");
    return code;
}
