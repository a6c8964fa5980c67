/* The graph store: writing, re-loading, deleting, reading, searching. */
#include <unistd.h>

#include "kg/statement_id.h"
#include "kg/store.h"
#include "tests/unit/unit.h"

typedef struct fixture {
    char path[64];
    kg_store *store;
    arena *a;
} fixture;

static kg_term iri(const char *text)
{
    return (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(text)};
}

static kg_term text(const char *lexical, const char *lang)
{
    return (kg_term){.kind = KG_TERM_LITERAL, .lexical = str_from(lexical), .lang = str_from(lang)};
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    error err = {0};
    (void)snprintf(f->path, sizeof f->path, "/tmp/vouch-test-%ld.kg", (long)getpid());
    (void)unlink(f->path);
    f->a = arena_new(0);
    *state = f;
    return kg_open(f->path, &(kg_open_options){.create = true}, &f->store, &err);
}

static int teardown(void **state)
{
    fixture *f = *state;
    kg_close(f->store);
    (void)unlink(f->path);
    arena_free(f->a);
    free(f);
    return 0;
}

static void add(kg_write *w, kg_term s, const char *p, kg_term o, uint64_t line)
{
    error err = {0};
    kg_new_statement st = {.s = s,
                           .p = iri(p),
                           .o = o,
                           .valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1,
                           .line = line};
    assert_int_equal(kg_write_add(w, &st, &err), STATUS_OK);
}

static kg_write *begin(fixture *f, const char *source)
{
    error err = {0};
    kg_write *w = NULL;
    if (kg_write_begin(f->store, &w, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(kg_write_source(w, str_from(source), STR("test"), 0.5, &err), STATUS_OK);
    return w;
}

static kg_write_report commit(kg_write *w)
{
    error err = {0};
    kg_write_report report = {0};
    if (kg_write_commit(w, &report, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    return report;
}

static void complain(void *context, const char *what)
{
    (void)context;
    print_message("check: %s\n", what);
}

static void check(fixture *f)
{
    error err = {0};
    assert_int_equal(kg_check(f->store, complain, NULL, &err), STATUS_OK);
}

#define LABEL "http://www.w3.org/2000/01/rdf-schema#label"
#define TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

static void load_sample(fixture *f)
{
    kg_write *w = begin(f, "a.ttl");
    add(w, iri("urn:x:tb"), LABEL, text("肺结核", "zh"), 1);
    add(w, iri("urn:x:tb"), LABEL, text("tuberculosis", "en"), 2);
    add(w, iri("urn:x:tb"), TYPE, iri("urn:vouch:c:disease"), 3);
    add(w, iri("urn:x:tb"), "urn:vouch:r:symptom", iri("urn:vouch:symptom:咳嗽"), 4);
    add(w, iri("urn:x:tb"), "urn:vouch:r:symptom", iri("urn:vouch:symptom:发热"), 5);
    add(w, iri("urn:x:flu"), "urn:vouch:r:symptom", iri("urn:vouch:symptom:发热"), 6);
    add(w, iri("urn:x:flu"), LABEL, text("influenza", "en"), 7);
    add(w, iri("urn:x:flu"), "urn:vouch:r:duration", text("1-2周", ""), 8);
    kg_write_report r = commit(w);
    assert_int_equal(r.added, 8);
    assert_int_equal(r.statements, 8);
}

static kg_id find(kg_read *read, kg_term term)
{
    kg_id id = 0;
    error err = {0};
    assert_int_equal(kg_find(read, term, &id, &err), STATUS_OK);
    return id;
}

static void test_match(void **state)
{
    fixture *f = *state;
    error err = {0};
    kg_read *read = NULL;
    load_sample(f);
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    kg_id tb = find(read, iri("urn:x:tb")), fever = find(read, iri("urn:vouch:symptom:发热"));
    kg_id symptom = find(read, iri("urn:vouch:r:symptom"));
    assert_true(tb != 0 && fever != 0 && symptom != 0);
    assert_int_equal(find(read, iri("urn:x:none")), 0);
    kg_statement_list list;
    const struct {
        kg_pattern pattern;
        size_t count;
    } cases[] = {{{.s = tb}, 5},
                 {{.o = fever}, 2},
                 {{.p = symptom}, 3},
                 {{.s = tb, .p = symptom}, 2},
                 {{.p = symptom, .o = fever}, 2},
                 {{.s = tb, .o = fever}, 1},
                 {{.s = tb, .p = symptom, .o = fever}, 1},
                 {{.s = 0}, 8}};
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        assert_int_equal(kg_match(read, &cases[i].pattern, f->a, &list, &err), STATUS_OK);
        assert_int_equal(list.count, cases[i].count);
    }
    kg_constraint both[] = {
        {symptom, fever, KG_OUT},
        {find(read, iri(TYPE)), find(read, iri("urn:vouch:c:disease")), KG_OUT}};
    kg_id_list ids;
    assert_int_equal(kg_intersect(read, both, 2, (kg_when){0}, 0, f->a, &ids, &err), STATUS_OK);
    assert_int_equal(ids.count, 1);
    assert_int_equal(ids.items[0], tb);
    kg_expand_options around = {.direction = KG_BOTH};
    assert_int_equal(kg_expand(read, &tb, 1, &around, f->a, &list, &err), STATUS_OK);
    assert_int_equal(list.count, 5);
    kg_edge_kind *kinds;
    size_t count;
    assert_int_equal(kg_edge_kinds(read, fever, 10, f->a, &kinds, &count, &err), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(kinds[0].count, 2);
    assert_int_equal(kinds[0].direction, KG_IN);
    str label;
    assert_int_equal(kg_labels(read, &tb, 1, STR("zh"), f->a, &label, &err), STATUS_OK);
    assert_true(str_equal(label, STR("肺结核")));
    kg_read_end(read);
    check(f);
}

/* Subjects i with R<k> -> C<k> wherever i is a multiple of k + 1: who has several? */
static void add_multiples(kg_write *w, int from, int to, unsigned relations)
{
    for (int i = from; i < to; i++) {
        char subject[64], relation[64], object[64];
        (void)snprintf(subject, sizeof subject, "urn:vouch:m:%04d", i);
        for (int k = 0; k < 7; k++) {
            (void)snprintf(relation, sizeof relation, "urn:vouch:r:k%d", k);
            (void)snprintf(object, sizeof object, "urn:vouch:c:k%d", k);
            if (i % (k + 1) == 0 && (relations >> k & 1) != 0)
                add(w, iri(subject), relation, iri(object), (uint64_t)i + 1);
        }
        add(w, iri(subject), "urn:vouch:r:next", iri("urn:vouch:c:k0"), 0);
    }
}

static void check_multiples(fixture *f, int total)
{
    error err = {0};
    kg_read *read = NULL;
    char name[64];
    kg_id relations[7], objects[7];
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    for (int k = 0; k < 7; k++) {
        (void)snprintf(name, sizeof name, "urn:vouch:r:k%d", k);
        relations[k] = find(read, iri(name));
        (void)snprintf(name, sizeof name, "urn:vouch:c:k%d", k);
        objects[k] = find(read, iri(name));
    }
    for (unsigned set = 1; set < 128; set++) {
        kg_constraint wanted[7];
        kg_id_list ids;
        size_t count = 0, expected = 0;
        for (int k = 6; k >= 0; k--)
            if ((set >> k & 1) != 0)
                wanted[count++] = (kg_constraint){relations[k], objects[k], KG_OUT};
        for (int i = 0; i < total; i++) {
            bool all = true;
            for (int k = 0; k < 7; k++)
                all &= (set >> k & 1) == 0 || i % (k + 1) == 0;
            expected += all;
        }
        assert_int_equal(kg_intersect(read, wanted, count, (kg_when){0}, 0, f->a, &ids, &err),
                         STATUS_OK);
        assert_int_equal(ids.count, expected);
        assert_false(ids.more);
        for (size_t i = 1; i < ids.count; i++)
            assert_true(ids.items[i - 1] < ids.items[i]);
        assert_int_equal(kg_intersect(read, wanted, count, (kg_when){0}, 3, f->a, &ids, &err),
                         STATUS_OK);
        assert_int_equal(ids.count, expected < 3 ? expected : 3);
        assert_int_equal(ids.more, expected > 3);
    }
    kg_read_end(read);
}

/* Over the packed lists of a first load, and over both them and the indexes of later loads. */
static void test_intersect(void **state)
{
    fixture *f = *state;
    kg_write *w = begin(f, "first");
    add_multiples(w, 0, 2000, 127);
    commit(w);
    check_multiples(f, 2000);
    w = begin(f, "second");
    add_multiples(w, 2000, 2300, 127);
    commit(w);
    check_multiples(f, 2300);
    check(f);
}

/* What one subject has comes from the first load and from two later ones. */
static void test_intersect_over_loads(void **state)
{
    fixture *f = *state;
    const char *const loads[] = {"first", "second", "third"};
    const unsigned relations[] = {0x15, 0x0a, 0x60};
    for (size_t i = 0; i < CORE_COUNT(loads); i++) {
        kg_write *w = begin(f, loads[i]);
        add_multiples(w, 0, 1500, relations[i]);
        if (i > 0)
            add_multiples(w, 1500, 2000, relations[i]);
        if (i == 2)
            add_multiples(w, 1500, 2000, relations[0]);
        commit(w);
    }
    check_multiples(f, 2000);
    check(f);
}

static void test_search(void **state)
{
    fixture *f = *state;
    error err = {0};
    kg_read *read = NULL;
    load_sample(f);
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    const struct {
        const char *query, *found;
        float least;
    } cases[] = {{"肺結核", "肺结核", 1},
                 {"Tuberculosis", "tuberculosis", 1},
                 {"tubercolosis", "tuberculosis", 0.8f},
                 {"结核", "肺结核", 0.5f},
                 {"influenca", "influenza", 0.8f},
                 {"发热", "发热", 1}};
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        kg_hit *hits;
        size_t count;
        assert_int_equal(
            kg_label_search(read, str_from(cases[i].query), NULL, f->a, &hits, &count, &err),
            STATUS_OK);
        assert_true(count > 0);
        assert_true(str_equal(hits[0].text, str_from(cases[i].found)));
        assert_true(hits[0].score >= cases[i].least);
    }
    kg_read_end(read);
}

typedef struct said_sum {
    size_t count;
    uint64_t lines;
    bool stop;
} said_sum;

static bool sum_said(void *context, const kg_said *said)
{
    said_sum *sum = context;
    sum->count++;
    sum->lines += said->line;
    return !sum->stop;
}

static void test_source_each(void **state)
{
    fixture *f = *state;
    error err = {0};
    load_sample(f);
    kg_write *w = begin(f, "b.ttl"); /* one of a.ttl's, one of its own */
    add(w, iri("urn:x:tb"), LABEL, text("tuberculosis", "en"), 10);
    add(w, iri("urn:x:tb"), "urn:vouch:r:check", text("X-ray", "en"), 20);
    commit(w);
    kg_read *read = NULL;
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    said_sum b = {0}, a = {0}, none = {0}, first = {.stop = true};
    assert_int_equal(kg_source_each(read, STR("b.ttl"), sum_said, &b, &err), STATUS_OK);
    assert_int_equal(b.count, 2);
    assert_int_equal(b.lines, 30);
    assert_int_equal(kg_source_each(read, STR("a.ttl"), sum_said, &a, &err), STATUS_OK);
    assert_int_equal(a.count, 8);
    assert_int_equal(kg_source_each(read, STR("no.ttl"), sum_said, &none, &err), STATUS_OK);
    assert_int_equal(none.count, 0);
    assert_int_equal(kg_source_each(read, STR("a.ttl"), sum_said, &first, &err), STATUS_OK);
    assert_int_equal(first.count, 1);
    kg_read_end(read);
}

static void test_reload_and_delete(void **state)
{
    fixture *f = *state;
    error err = {0};
    load_sample(f);
    kg_write *w = begin(f, "b.ttl");
    add(w, iri("urn:x:tb"), LABEL, text("tuberculosis", "en"), 1);
    add(w, iri("urn:x:tb"), "urn:vouch:r:check", text("X-ray", "en"), 2);
    kg_write_report r = commit(w);
    assert_int_equal(r.added, 1);
    assert_int_equal(r.kept, 1);
    check(f);
    w = begin(f, "a.ttl"); /* says only one thing now */
    add(w, iri("urn:x:tb"), LABEL, text("肺结核", "zh"), 9);
    r = commit(w);
    assert_int_equal(r.added, 0);
    assert_int_equal(r.kept, 1);
    assert_int_equal(r.removed, 6); /* tuberculosis stays, b.ttl says it */
    assert_int_equal(r.statements, 3);
    check(f);
    assert_int_equal(kg_write_begin(f->store, &w, &err), STATUS_OK);
    assert_int_equal(kg_write_delete_source(w, STR("b.ttl"), &err), STATUS_OK);
    assert_int_equal(commit(w).statements, 1);
    check(f);
    kg_read *read = NULL;
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    assert_int_equal(find(read, iri("urn:x:flu")), 0);
    kg_totals totals;
    assert_int_equal(kg_read_totals(read, &totals, &err), STATUS_OK);
    assert_int_equal(totals.statements, 1);
    assert_int_equal(totals.sources, 1);
    assert_int_equal(totals.terms, 3);
    assert_int_equal(totals.labels, 2); /* the disease's, and rdfs:label's own */
    kg_read_end(read);
}

static void test_detail(void **state)
{
    fixture *f = *state;
    error err = {0};
    kg_write *w = begin(f, "q.nq");
    kg_new_qualifier q[] = {{iri("urn:q:dose"), text("5 mg", "")},
                            {iri("urn:q:route"), iri("urn:q:oral")}};
    kg_new_statement st = {.s = iri("urn:x:a"),
                           .p = iri("urn:x:p"),
                           .o = text("5", ""),
                           .g = iri("urn:x:g"),
                           .valid_from = 100,
                           .valid_to = 200,
                           .confidence = 0.75f,
                           .line = 12,
                           .recorded_at = 1000,
                           .qualifiers = q,
                           .qualifier_count = 2};
    assert_int_equal(kg_write_add(w, &st, &err), STATUS_OK);
    (void)commit(w);
    kg_read *read = NULL;
    assert_int_equal(kg_read_begin(f->store, &read, &err), STATUS_OK);
    kg_statement_list list;
    assert_int_equal(kg_match(read, &(kg_pattern){.when = {true, 150}}, f->a, &list, &err),
                     STATUS_OK);
    assert_int_equal(list.count, 1);
    kg_statement_detail d;
    assert_int_equal(kg_statement_get(read, list.items[0].id, f->a, &d, &err), STATUS_OK);
    assert_int_equal(d.origin_count, 1);
    assert_int_equal(d.origins[0].line, 12);
    assert_int_equal(d.origins[0].recorded_at, 1000);
    assert_int_equal(d.qualifier_count, 2);
    assert_true(d.statement.confidence > 0.74f && d.statement.confidence < 0.76f);
    assert_int_equal(kg_match(read, &(kg_pattern){.when = {true, 200}}, f->a, &list, &err),
                     STATUS_OK);
    assert_int_equal(list.count, 0);
    kg_read_end(read);
    check(f);
}

static void test_snapshot(void **state)
{
    fixture *f = *state;
    error err = {0};
    kg_read *before = NULL, *after = NULL;
    assert_int_equal(kg_read_begin(f->store, &before, &err), STATUS_OK);
    load_sample(f);
    assert_int_equal(kg_read_begin(f->store, &after, &err), STATUS_OK);
    uint64_t count = 7;
    assert_int_equal(kg_count(before, &(kg_pattern){0}, 0, &count, &err), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(kg_count(after, &(kg_pattern){0}, 0, &count, &err), STATUS_OK);
    assert_int_equal(count, 8);
    assert_true(kg_read_version(after) > kg_read_version(before));
    kg_read_end(before);
    kg_read_end(after);
}

static void test_busy(void **state)
{
    fixture *f = *state;
    error err = {0};
    kg_store *other = NULL;
    kg_write *w = begin(f, "a"), *second = NULL;
    kg_store *maker = NULL; /* two first loads of one graph */
    assert_int_equal(
        kg_open(f->path, &(kg_open_options){.create = true, .wait_ms = 50}, &maker, &err),
        STATUS_OK);
    assert_int_equal(kg_write_begin(maker, &second, &err), STATUS_BUSY);
    error_clear(&err);
    kg_close(maker);
    add(w, iri("urn:x:a"), "urn:x:p", iri("urn:x:b"), 1);
    (void)commit(w);
    w = begin(f, "b");
    assert_int_equal(kg_open(f->path, &(kg_open_options){.wait_ms = 50}, &other, &err), STATUS_OK);
    assert_int_equal(kg_write_begin(other, &second, &err), STATUS_BUSY);
    kg_write_rollback(w);
    error_clear(&err);
    assert_int_equal(kg_write_begin(other, &second, &err), STATUS_OK);
    kg_write_rollback(second);
    kg_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_match, setup, teardown),
        cmocka_unit_test_setup_teardown(test_intersect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_intersect_over_loads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reload_and_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
