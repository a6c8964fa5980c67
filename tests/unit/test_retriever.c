/* The retriever on a small graph: execution with witnesses, closures, time, worlds; questions with
 * answers; and questions that must not break it. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "core/buf.h"
#include "core/compiler.h"
#include "retriever/operators.h"
#include "retriever/retriever.h"

typedef struct fixture {
    char path[64];
    kg_store *store;
    kg_read *read;
    retriever *r;
    arena *a;
} fixture;

static const char *const facts[][3] = {
    {"anna", "parents", "bert"},       {"anna", "parents", "carla"},
    {"bert", "nationality", "spain"},  {"carla", "nationality", "peru"},
    {"bert", "spouse", "carla"},       {"carla", "gender", "female"},
    {"cat", "part_of", "felines"},     {"felines", "part_of", "mammals"},
    {"mammals", "part_of", "animals"}, {"你", "笔画", "seven"},
    {"员", "笔画", "eight"},           {"李白", "年龄", "sixty"}};

static void add(kg_write *w, fixture *f, const char *s, const char *p, const char *o,
                clock_day from, clock_day to)
{
    error err = {0};
    kg_new_statement st = {
        .s = {.kind = KG_TERM_IRI, .lexical = kg_iri_make((str){0}, str_from(s), f->a)},
        .p = {.kind = KG_TERM_IRI, .lexical = kg_iri_make(STR("r"), str_from(p), f->a)},
        .o = {.kind = KG_TERM_IRI, .lexical = kg_iri_make((str){0}, str_from(o), f->a)},
        .valid_from = from,
        .valid_to = to,
        .confidence = -1};
    assert_int_equal(kg_write_add(w, &st, &err), STATUS_OK);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    error err = {0};
    kg_write *w = NULL;
    kg_write_report report;
    kg_open_options options = {.create = true};
    snprintf(f->path, sizeof f->path, "/tmp/vouch_test_retriever_%ld.kg", (long)getpid());
    unlink(f->path);
    f->a = arena_new(0);
    assert_int_equal(kg_open(f->path, &options, &f->store, &err), STATUS_OK);
    assert_int_equal(kg_write_begin(f->store, &w, &err), STATUS_OK);
    assert_int_equal(kg_write_source(w, STR("test"), STR("tsv"), 0.5, &err), STATUS_OK);
    for (size_t i = 0; i < CORE_COUNT(facts); i++)
        add(w, f, facts[i][0], facts[i][1], facts[i][2], CLOCK_DAY_UNKNOWN, CLOCK_DAY_UNKNOWN);
    add(w, f, "anna", "residence", "lima", CLOCK_DAY_UNKNOWN, 10000);
    assert_int_equal(kg_write_commit(w, &report, &err), STATUS_OK);
    assert_int_equal(kg_read_begin(f->store, &f->read, &err), STATUS_OK);
    retriever_options ro = {.no_cache = true};
    assert_int_equal(retriever_open(f->store, &ro, &f->r, &err), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    retriever_close(f->r);
    kg_read_end(f->read);
    kg_close(f->store);
    unlink(f->path);
    arena_free(f->a);
    free(f);
    return 0;
}

static execute_result run(fixture *f, const char *text)
{
    error err = {0};
    const lf_node *form = NULL;
    execute_result result = {0};
    execute_options options = {.as_of = CLOCK_DAY_UNKNOWN};
    assert_int_equal(retriever_schema_of(f->r, f->read, &options.schema, &err), STATUS_OK);
    assert_int_equal(lf_parse(str_from(text), f->a, &form, &err), STATUS_OK);
    assert_int_equal(lf_resolve(f->read, form, f->a, &form, &err), STATUS_OK);
    assert_int_equal(execute_form(f->read, form, &options, f->a, &result, &err), STATUS_OK);
    return result;
}

static void forms_are_executed_with_witnesses(void **state)
{
    fixture *f = *state;
    execute_result r = run(f, "HOP(\"anna\", +parents, +nationality)");
    assert_int_equal(r.value_count, 2);
    assert_int_equal(r.values[0].witness_count, 2);
    assert_int_equal(run(f, "HOP(\"cat\", +part_of*)").value_count, 3);
    assert_int_equal(run(f, "HOP(\"animals\", -part_of*)").value_count, 3);
    assert_int_equal(run(f, "AND(HOP(\"anna\", +parents), HOP(\"bert\", +spouse))").value_count, 1);
    assert_int_equal(run(f, "MINUS(HOP(\"anna\", +parents), \"carla\")").value_count, 1);
    r = run(f, "COUNT(HOP(\"anna\", +parents))");
    assert_int_equal(r.kind, EXECUTE_COUNT);
    assert_int_equal(r.number, 2);
    assert_false(r.closed_world);
    assert_int_equal(run(f, "ASK(\"cat\", +part_of*, \"animals\")").truth, EXECUTE_YES);
    assert_int_equal(run(f, "ASK(\"cat\", +part_of, \"spain\")").truth, EXECUTE_UNKNOWN);
}

/* anna has two parents and one residence that is over; bert has one spouse. */
static void things_are_compared_by_how_many_they_have(void **state)
{
    fixture *f = *state;
    execute_result r = run(f, "CMP(\"anna\", \"bert\", #parents, >)");
    assert_int_equal(r.value_count, 0); /* bert has none recorded: nothing to compare */
    r = run(f, "CMP(\"felines\", \"mammals\", #-part_of, >)");
    assert_int_equal(r.truth, EXECUTE_YES); /* one each */
    assert_int_equal(r.value_count, 2);
    r = run(f, "ASK(CMP(\"felines\", \"mammals\", #-part_of, >), \"felines\")");
    assert_int_equal(r.truth, EXECUTE_NO); /* a tie is not more */
    r = run(f, "ARGMAX(OR(\"anna\", \"cat\"), #parents)");
    assert_int_equal(r.value_count, 1);
    assert_int_equal(r.values[0].witness_count, 2); /* both parents witness the count */
}

static void members_are_filtered_by_how_they_begin(void **state)
{
    fixture *f = *state;
    assert_int_equal(run(f, "FILTER(HOP(\"anna\", +parents), ., ^, \"ca\")").value_count, 1);
    assert_int_equal(run(f, "FILTER(HOP(\"anna\", +parents), ., ^, \"x\")").value_count, 0);
}

/* The rows that a result may hold are no bound of a count; the statements looked at are. */
static void counts_go_on_beyond_the_rows(void **state)
{
    fixture *f = *state;
    error err = {0};
    const lf_node *form = NULL;
    execute_result r = {0};
    execute_options o = {.as_of = CLOCK_DAY_UNKNOWN, .limits = {.rows = 1}};
    assert_int_equal(lf_parse(STR("COUNT(HOP(\"anna\", +parents))"), f->a, &form, &err), STATUS_OK);
    assert_int_equal(lf_resolve(f->read, form, f->a, &form, &err), STATUS_OK);
    assert_int_equal(execute_form(f->read, form, &o, f->a, &r, &err), STATUS_OK);
    assert_int_equal(r.value_count, 1);
    assert_int_equal(r.number, 2);
    assert_false(r.more);
    o.limits.statements = 1;
    assert_int_equal(execute_form(f->read, form, &o, f->a, &r, &err), STATUS_OK);
    assert_true(r.more);
    o.limits = (execute_limits){.rows = 1};
    assert_int_equal(lf_parse(STR("HOP(\"anna\", +parents)"), f->a, &form, &err), STATUS_OK);
    assert_int_equal(lf_resolve(f->read, form, f->a, &form, &err), STATUS_OK);
    assert_int_equal(execute_form(f->read, form, &o, f->a, &r, &err), STATUS_OK);
    assert_true(r.more); /* a list is cut */
}

/* A match whose groups are more than the match data holds is a match. */
static void patterns_of_many_groups_match(void **state)
{
    fixture *f = *state;
    error err = {0};
    operators *o = NULL;
    operator_hits hits = {0};
    buf text = {0};
    buf_add_cstr(&text, "count\t*\t");
    for (int i = 0; i < 60; i++)
        buf_printf(&text, "(a%d)|", i);
    buf_add_cstr(&text, "(how many)\n");
    assert_int_equal(operators_open(buf_str(&text), NULL, &o, &err), STATUS_OK);
    assert_int_equal(operators_find(o, STR("how many"), STR("en"), f->a, &hits, &err), STATUS_OK);
    assert_true(hits.has[OPERATOR_COUNT]);
    operators_close(o);
    buf_free(&text);
}

static void what_held_before_is_told(void **state)
{
    fixture *f = *state;
    execute_result r = run(f, "HOP(\"anna\", +residence)");
    assert_int_equal(r.value_count, 0);
    assert_int_equal(r.other_time_count, 1);
    assert_int_equal(run(f, "AT(HOP(\"anna\", +residence), 1990-01-01)").value_count, 1);
}

static retriever_result ask(fixture *f, str question)
{
    error err = {0};
    retriever_result result = {0};
    retriever_request q = {.question = question, .as_of = CLOCK_DAY_UNKNOWN};
    assert_int_equal(retriever_ask(f->r, f->read, &q, f->a, &result, &err), STATUS_OK);
    return result;
}

static void questions_become_forms(void **state)
{
    fixture *f = *state;
    retriever_result r = ask(f, STR("what is the nationality of Anna's parents?"));
    assert_int_equal(r.outcome, RETRIEVER_FOUND);
    assert_int_equal(r.result.value_count, 2);
    r = ask(f, STR("who is bert married to?"));
    assert_int_equal(r.outcome, RETRIEVER_FOUND);
    assert_int_equal(r.result.value_count, 1);
    r = ask(f, STR("what is the capital of Atlantis?"));
    assert_true(r.outcome != RETRIEVER_FOUND);
}

/* The graph knows characters; inside words they are no names, marked or alone they are. */
static void characters_inside_words_are_no_names(void **state)
{
    fixture *f = *state;
    retriever_result r = ask(f, STR("你们知道李白的年龄吗？"));
    assert_int_equal(r.outcome, RETRIEVER_FOUND);
    assert_int_equal(r.form->op, LF_HOP);
    assert_int_equal(r.result.value_count, 1);
    for (size_t i = 0; i < r.mention_count; i++)
        assert_false(str_equal(r.mentions[i].text, STR("你")));
    r = ask(f, STR("李白演员的年龄"));
    for (size_t i = 0; i < r.mention_count; i++)
        assert_false(str_equal(r.mentions[i].text, STR("员")));
    r = ask(f, STR("员字的笔画"));
    assert_int_equal(r.outcome, RETRIEVER_FOUND);
    assert_int_equal(r.result.value_count, 1);
}

static void bad_questions_are_survived(void **state)
{
    fixture *f = *state;
    static const char *const questions[] = {
        "",
        "   ",
        "\n\t",
        "?",
        "'; DROP TABLE statement;--",
        "SELECT * WHERE { ?s ?p ?o }",
        "%s%s%n%n",
        "\xe2\x80\xae"
        "anna\xe2\x80\xac parents",
        "\x01\x02\x03",
        "anna anna anna anna anna",
        "parents of parents of parents of parents of parents of anna anna bert carla cat"};
    for (size_t i = 0; i < CORE_COUNT(questions); i++)
        (void)ask(f, str_from(questions[i]));
    error err = {0};
    retriever_result result = {0};
    retriever_request q = {.question = STR("\xff\xfe"), .as_of = CLOCK_DAY_UNKNOWN};
    assert_int_equal(retriever_ask(f->r, f->read, &q, f->a, &result, &err), STATUS_SYNTAX);
    char *large = calloc(1, (1 << 20) + 1);
    memset(large, 'a', 1 << 20);
    error err2 = {0};
    q.question = str_make(large, 1 << 20);
    assert_int_equal(retriever_ask(f->r, f->read, &q, f->a, &result, &err2), STATUS_LIMIT);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms_are_executed_with_witnesses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(things_are_compared_by_how_many_they_have, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(members_are_filtered_by_how_they_begin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counts_go_on_beyond_the_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(patterns_of_many_groups_match, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_held_before_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(questions_become_forms, set_up, tear_down),
        cmocka_unit_test_setup_teardown(characters_inside_words_are_no_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_questions_are_survived, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
