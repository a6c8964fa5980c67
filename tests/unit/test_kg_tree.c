/* Pages written without SQLite: SQLite's own check passes and every row reads back, at the sizes
 * where a level is added or a cell spills over. */
#include "kg/tree.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const path = "/tmp/vouch-test-kg-tree.db";

typedef struct shape {
    int64_t rows;
    size_t length; /* of the text in row i: up to this, by i */
} shape;

static size_t length_of(const shape *s, int64_t i)
{
    return s->length == 0 ? 0 : (size_t)(i * 7919) % (s->length + 1);
}

static int64_t number_of(int64_t i)
{
    return i < 300 ? i : i * 1000003;
}

static void make_file(void)
{
    sqlite3 *db = NULL;
    (void)unlink(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA journal_mode=OFF;"
                                  "CREATE TABLE plain(n INTEGER PRIMARY KEY, a INTEGER, b TEXT, "
                                  "c REAL, d BLOB, e INTEGER);"
                                  "CREATE INDEX plain_a ON plain(a);"
                                  "CREATE TABLE keyed(a INTEGER, b TEXT, PRIMARY KEY(a, b)) "
                                  "WITHOUT ROWID;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

static int64_t one_int(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static int64_t root_of(const char *name)
{
    sqlite3 *db = NULL;
    char sql[100];
    (void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name='%s'", name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int64_t root = one_int(db, sql);
    sqlite3_close(db);
    return root;
}

static void write_trees(const shape *s, const char *text)
{
    kg_pages *pages = NULL;
    kg_tree *tree = NULL;
    error err = {0};
    int64_t roots[] = {root_of("plain"), root_of("plain_a"), root_of("keyed")};
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    assert_int_equal(kg_pages_begin(file, &pages, &err), STATUS_OK);
    assert_int_equal(kg_tree_begin(pages, KG_TREE_TABLE, roots[0], &tree, &err), STATUS_OK);
    for (int64_t i = 0; i < s->rows; i++) {
        kg_tree_null(tree);
        kg_tree_int(tree, number_of(i) - 150);
        kg_tree_text(tree, text, length_of(s, i));
        if (i % 2 == 0) { /* else the rest is null */
            kg_tree_real(tree, (double)i + 0.25);
            kg_tree_blob(tree, text, 3);
        }
        kg_tree_row(tree, number_of(i));
    }
    assert_int_equal(kg_tree_end(tree, &err), STATUS_OK);
    for (size_t t = 1; t < 3; t++) {
        assert_int_equal(kg_tree_begin(pages, KG_TREE_INDEX, roots[t], &tree, &err), STATUS_OK);
        for (int64_t i = 0; i < s->rows; i++) {
            kg_tree_int(tree, number_of(i) - 150);
            if (t == 1)
                kg_tree_int(tree, number_of(i));
            else
                kg_tree_text(tree, text, length_of(s, i));
            kg_tree_row(tree, 0);
        }
        assert_int_equal(kg_tree_end(tree, &err), STATUS_OK);
    }
    assert_int_equal(kg_pages_end(pages, &err), STATUS_OK);
    (void)close(file);
}

static void check_rows(const shape *s, const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(stmt, 0), "ok");
    sqlite3_finalize(stmt);
    assert_int_equal(one_int(db, "SELECT count(*) FROM plain"), s->rows);
    assert_int_equal(
        one_int(db, "SELECT count(*) FROM plain p JOIN keyed k ON k.a=p.a AND k.b=p.b"), s->rows);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT n,a,b,c,d,e FROM plain ORDER BY n", -1, &stmt, NULL),
        SQLITE_OK);
    for (int64_t i = 0; i < s->rows; i++) {
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int64(stmt, 0), number_of(i));
        assert_int_equal(sqlite3_column_int64(stmt, 1), number_of(i) - 150);
        assert_int_equal(sqlite3_column_bytes(stmt, 2), length_of(s, i));
        assert_memory_equal(sqlite3_column_blob(stmt, 2) == NULL ? ""
                                                                 : sqlite3_column_blob(stmt, 2),
                            text, length_of(s, i));
        assert_int_equal(sqlite3_column_type(stmt, 3), i % 2 == 0 ? SQLITE_FLOAT : SQLITE_NULL);
        assert_int_equal(sqlite3_column_type(stmt, 5), SQLITE_NULL);
    }
    sqlite3_finalize(stmt);
    /* It goes on as any other file. */
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO plain(a,b) VALUES(7,'later');"
                                  "UPDATE plain SET e=1; DELETE FROM keyed WHERE a%3=0;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(one_int(db, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                 "integrity_check='ok'"),
                     1);
    sqlite3_close(db);
}

static void sqlite_reads_what_was_written(void **state)
{
    (void)state;
    static const shape shapes[] = {{0, 0},     {1, 0},       {1, 9000},  {100, 0},
                                   {150, 0},   {290, 0},     {500, 10},  {3000, 40},
                                   {700, 900}, {400, 12000}, {60000, 3}, {3000, 2000}};
    char *text = malloc(20000);
    assert_non_null(text);
    for (size_t i = 0; i < 20000; i++)
        text[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        make_file();
        write_trees(&shapes[i], text);
        check_rows(&shapes[i], text);
    }
    for (int64_t rows = 140; rows < 420; rows += 7) { /* around one and two leaves */
        make_file();
        write_trees(&(shape){rows, 5}, text);
        check_rows(&(shape){rows, 5}, text);
    }
    free(text);
    (void)unlink(path);
}

/* SQLite never uses the page at 1 GiB, which it locks by. */
static void the_page_at_one_gigabyte_stays_free(void **state)
{
    (void)state;
    char *text = malloc(20000);
    assert_non_null(text);
    memset(text, 'x', 20000);
    for (unsigned back = 1; back < 9; back++) {
        make_file();
        int file = open(path, O_RDWR);
        unsigned count = 0x40000000u / 4096 - back;
        unsigned char bytes[4] = {(unsigned char)(count >> 24), (unsigned char)(count >> 16),
                                  (unsigned char)(count >> 8), (unsigned char)count};
        assert_int_equal(pwrite(file, bytes, 4, 28), 4);
        assert_int_equal(ftruncate(file, (off_t)count * 4096), 0); /* unused pages: a hole */
        (void)close(file);
        write_trees(&(shape){40, 12000}, text);
        sqlite3 *db = NULL;
        assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
        assert_int_equal(one_int(db, "SELECT count(*) FROM plain WHERE length(b)>0"), 39);
        assert_int_equal(one_int(db, "SELECT count(*) FROM pragma_integrity_check(2000) WHERE "
                                     "integrity_check NOT LIKE '%never used%'"),
                         0);
        sqlite3_close(db);
    }
    free(text);
    (void)unlink(path);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    kg_pages *pages = NULL;
    error err = {0};
    int file = open("/dev/null", O_RDWR);
    assert_int_equal(kg_pages_begin(file, &pages, &err), STATUS_INTERNAL);
    (void)close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sqlite_reads_what_was_written),
                                       cmocka_unit_test(the_page_at_one_gigabyte_stays_free),
                                       cmocka_unit_test(another_file_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
