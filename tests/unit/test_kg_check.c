/* `graph check` names each kind of structure that is damaged; loads of many shapes pass it. */
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kg/store.h"
#include "tests/unit/unit.h"

#define LABEL "http://www.w3.org/2000/01/rdf-schema#label"
#define TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

static kg_term iri(const char *text)
{
    return (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(text)};
}

static void say(kg_write *w, const char *s, const char *p, kg_term o)
{
    error err = {0};
    kg_new_statement st = {.s = iri(s),
                           .p = iri(p),
                           .o = o,
                           .valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1,
                           .line = 1};
    if (kg_write_add(w, &st, &err) != STATUS_OK)
        fail_msg("%s", err.message);
}

static kg_term text(const char *lexical)
{
    return (kg_term){.kind = KG_TERM_LITERAL, .lexical = str_from(lexical)};
}

/* Things from..to-1: a type, a name (each third two), a number, a link, some a long text. */
static void say_things(kg_write *w, int from, int to, int step)
{
    for (int i = from; i < to; i += step) {
        char s[64], value[128];
        (void)snprintf(s, sizeof s, "urn:x:thing%d", i);
        say(w, s, TYPE, iri(i % 5 == 0 ? "urn:x:Rare" : "urn:x:Thing"));
        (void)snprintf(value, sizeof value, "thing number %d", i / 2);
        say(w, s, LABEL, text(value));
        if (i % 3 == 0)
            say(w, s, LABEL, text("a name of many"));
        (void)snprintf(value, sizeof value, "%d", i);
        say(w, s, "urn:x:number", text(value));
        (void)snprintf(value, sizeof value, "urn:x:thing%d", i / 7);
        say(w, s, "urn:x:link", iri(value));
        (void)snprintf(value, sizeof value,
                       "The thing of the number %d is described by a text that is long enough.", i);
        if (i % 10 == 0)
            say(w, s, "urn:x:note", text(value));
    }
}

static void load(const char *path, const char *source, int from, int to, int step)
{
    error err = {0};
    kg_store *store = NULL;
    kg_write *w = NULL;
    if (kg_open(path, &(kg_open_options){.create = true}, &store, &err) != STATUS_OK ||
        kg_write_begin(store, &w, &err) != STATUS_OK ||
        kg_write_source(w, str_from(source), STR("test"), 0.5, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    say_things(w, from, to, step);
    if (kg_write_commit(w, NULL, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    kg_close(store);
}

static void unsay(const char *path, const char *source)
{
    error err = {0};
    kg_store *store = NULL;
    kg_write *w = NULL;
    if (kg_open(path, NULL, &store, &err) != STATUS_OK ||
        kg_write_begin(store, &w, &err) != STATUS_OK ||
        kg_write_delete_source(w, str_from(source), &err) != STATUS_OK ||
        kg_write_commit(w, NULL, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    kg_close(store);
}

typedef struct findings {
    char text[8192];
    size_t length;
} findings;

static void note(void *context, const char *what)
{
    findings *f = context;
    int n = snprintf(f->text + f->length, sizeof f->text - f->length, "%s\n", what);
    f->length += n > 0 && (size_t)n < sizeof f->text - f->length ? (size_t)n : 0;
}

static status check(const char *path, findings *f)
{
    error err = {0};
    kg_store *store = NULL;
    *f = (findings){.length = 0};
    if (kg_open(path, &(kg_open_options){.read_only = true}, &store, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    status code = kg_check(store, note, f, &err);
    kg_close(store);
    return code;
}

static void must_pass(const char *path)
{
    findings f;
    if (check(path, &f) != STATUS_OK)
        fail_msg("%s", f.text);
}

static void clean(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-load"};
    char name[128];
    for (size_t i = 0; i < CORE_COUNT(tails); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

static const char *path_of(char *out, size_t bytes, const char *name)
{
    (void)snprintf(out, bytes, "/tmp/vouch-check-%ld-%s.kg", (long)getpid(), name);
    clean(out);
    return out;
}

static const struct {
    const char *damage, *named;
} cases[] = {
    {"UPDATE statement SET o=o+1 WHERE n=5", "id is not that of their key"},
    {"UPDATE statement SET s=999999 WHERE n=5", "subject"},
    {"UPDATE statement SET confidence=2 WHERE n=5", "confidences"},
    {"UPDATE statement SET load=77 WHERE n=5", "source"},
    {"DELETE FROM statement WHERE n=5", "totals: statements"},
    {"UPDATE term SET lexical=lexical||'x' WHERE id=1", "terms by hash"},
    {"DELETE FROM term_hash WHERE term=(SELECT max(term) FROM term_hash)", "terms by hash"},
    {"UPDATE base_term SET terms=zeroblob(length(terms)) WHERE bucket=(SELECT max(bucket) FROM "
     "base_term)",
     "base_term"},
    {"UPDATE term_value SET low=low+1 WHERE term=(SELECT min(term) FROM term_value)", "term_value"},
    {"UPDATE base_out SET first=zeroblob(length(first)) WHERE page=0", "base_out"},
    {"DELETE FROM later_out WHERE s=(SELECT max(s) FROM later_out)", "later_out"},
    {"UPDATE base_in SET edges=x'0101' WHERE o=(SELECT max(o) FROM base_in)", "base_in"},
    {"UPDATE base_hub SET rows=substr(rows, 1, length(rows)-1)", "base_hub"},
    {"DELETE FROM later_in WHERE o=(SELECT max(o) FROM later_in)", "later_in"},
    {"UPDATE base_relation SET rows=rows||x'01'", "base_relation"},
    {"DELETE FROM base_relation WHERE n>2147483647", "base_relation"},
    {"DELETE FROM base_id WHERE bucket=0", "base_id"},
    {"DELETE FROM later_id WHERE bucket=(SELECT max(bucket) FROM later_id)", "later_id"},
    {"DELETE FROM base_gram WHERE part=0 AND gram=(SELECT max(gram) FROM base_gram)", "base_gram"},
    {"UPDATE later_gram SET labels=labels||x'80'", "damaged pieces of grams"},
    {"DELETE FROM base_near WHERE bucket=(SELECT max(bucket) FROM base_near)", "base_near"},
    {"DELETE FROM later_near WHERE bucket=(SELECT max(bucket) FROM later_near)", "later_near"},
    {"UPDATE label SET hash=hash+1 WHERE n=3", "hash is not that of their text"},
    {"DELETE FROM label WHERE n=3", "label"},
    {"UPDATE relation_stat SET count=count+1 WHERE p=(SELECT max(p) FROM relation_stat)",
     "relation_stat"},
    {"UPDATE relation_stat SET subjects=subjects+1, changes=0", "relation_stat"},
    {"UPDATE class_stat SET count=count+1", "class_stat"},
    {"UPDATE source SET statements=statements+1", "sources whose number"},
    {"UPDATE meta SET value=value+1 WHERE key='base_deleted'", "rows that are gone"},
    {"DELETE FROM passage_docsize WHERE id=(SELECT max(id) FROM passage_docsize)", "passage"},
    {"UPDATE passage_data SET block=zeroblob(8) WHERE id>10", "text index (passage)"},
};

/* false when nothing was changed. */
static bool damage(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    int changes = sqlite3_changes(db);
    sqlite3_close(db);
    return code == SQLITE_OK && changes > 0;
}

static void test_damage(void **unused)
{
    char whole[96], broken[96];
    findings f;
    error err = {0};
    int missed = 0;
    (void)unused;
    path_of(whole, sizeof whole, "whole");
    path_of(broken, sizeof broken, "broken");
    load(whole, "a", 0, 2000, 1);
    load(whole, "b", 1000, 3000, 2);
    must_pass(whole);
    kg_store *store = NULL;
    assert_int_equal(kg_open(whole, &(kg_open_options){.read_only = true}, &store, &err),
                     STATUS_OK);
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        clean(broken);
        assert_int_equal(kg_backup(store, broken, &err), STATUS_OK);
        if (!damage(broken, cases[i].damage))
            fail_msg("did no damage: %s", cases[i].damage);
        if (check(broken, &f) == STATUS_CORRUPT && strstr(f.text, cases[i].named) != NULL)
            continue;
        print_message("%s\ntold: %s", cases[i].damage, f.text);
        missed++;
    }
    assert_int_equal(missed, 0);
    kg_close(store);
    clean(whole);
    clean(broken);
}

/* Loads, re-loads and deletions, large enough that stale lists are made anew. */
static void test_shapes(void **unused)
{
    char path[96];
    (void)unused;
    path_of(path, sizeof path, "shapes");
    load(path, "a", 0, 1000, 1);
    must_pass(path);
    for (int i = 0; i < 12; i++) { /* crumbs */
        load(path, i % 2 == 0 ? "b" : "c", 990 + i * 3, 1010 + i * 5, 1);
        must_pass(path);
    }
    load(path, "d", 500, 9000, 1);
    must_pass(path);
    load(path, "d", 8990, 9010, 1);
    must_pass(path);
    load(path, "a", 0, 1000, 3);
    must_pass(path);
    unsay(path, "d");
    must_pass(path);
    unsay(path, "b");
    unsay(path, "c");
    must_pass(path);
    load(path, "d", 100, 400, 1);
    must_pass(path);
    unsay(path, "a");
    unsay(path, "d");
    must_pass(path);
    clean(path);
}

/* Opens and checks in a process of its own, as another program would. */
static bool opens_elsewhere(const char *path, uint64_t statements)
{
    pid_t child = fork();
    if (child == 0) {
        error err = {0};
        kg_store *store = NULL;
        kg_read *read = NULL;
        uint64_t count = 0;
        bool ok = kg_open(path, NULL, &store, &err) == STATUS_OK &&
                  kg_check(store, NULL, NULL, &err) == STATUS_OK &&
                  kg_read_begin(store, &read, &err) == STATUS_OK &&
                  kg_count(read, &(kg_pattern){0}, 0, &count, &err) == STATUS_OK;
        _exit(ok && count == statements ? 0 : 1);
    }
    int result = 0;
    return waitpid(child, &result, 0) == child && WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

static uint64_t count_all(kg_read *read)
{
    error err = {0};
    uint64_t count = 0;
    assert_int_equal(kg_count(read, &(kg_pattern){0}, 0, &count, &err), STATUS_OK);
    return count;
}

/* A graph is replaced by rename while a reader and a log of the old one are there. */
static void test_replaced(void **unused)
{
    char path[96], other[96], log[128], kept[128];
    error err = {0};
    kg_store *store = NULL;
    kg_read *read = NULL;
    (void)unused;
    path_of(path, sizeof path, "replaced");
    path_of(other, sizeof other, "other");
    (void)snprintf(log, sizeof log, "%s-wal", path);
    (void)snprintf(kept, sizeof kept, "%s-wal.replaced", path);
    load(path, "a", 0, 3000, 1);
    assert_int_equal(kg_open(path, NULL, &store, &err), STATUS_OK);
    assert_int_equal(kg_read_begin(store, &read, &err), STATUS_OK);
    uint64_t before = count_all(read);
    load(path, "b", 3000, 3300, 1); /* stays in the log while the reader is there */
    load(other, "c", 0, 100, 1);
    kg_store *fresh = NULL;
    kg_read *view = NULL;
    assert_int_equal(kg_open(other, NULL, &fresh, &err), STATUS_OK);
    assert_int_equal(kg_read_begin(fresh, &view, &err), STATUS_OK);
    uint64_t wanted = count_all(view);
    kg_read_end(view);
    kg_close(fresh);
    assert_int_equal(rename(other, path), 0);
    for (int i = 0; i < 5; i++)
        assert_true(opens_elsewhere(path, wanted));
    assert_int_equal(count_all(read), before); /* the old file, as it was */
    kg_read_end(read);
    assert_int_equal(kg_read_begin(store, &read, &err), STATUS_OK);
    assert_int_equal(count_all(read), wanted);
    kg_read_end(read);
    kg_close(store);
    load(path, "d", 200, 220, 1);
    must_pass(path);
    clean(path);
    clean(other);
    (void)unlink(log);
    (void)unlink(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replaced),
                                       cmocka_unit_test(test_damage),
                                       cmocka_unit_test(test_shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
