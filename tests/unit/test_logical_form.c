/* Logical forms: text in, the same text out; bad text refused with a place; edits and SPARQL. */
#include "tests/unit/unit.h"

#include "retriever/logical_form.h"

static void expect_round_trip(const char *text, const char *printed)
{
    arena *a = arena_new(0);
    error err = {0};
    const lf_node *form = NULL;
    assert_int_equal(lf_parse(str_from(text), a, &form, &err), STATUS_OK);
    buf out = {0};
    lf_print(form, true, &out);
    assert_string_equal(out.data, printed);
    const lf_node *again = NULL;
    assert_int_equal(lf_parse(buf_str(&out), a, &again, &err), STATUS_OK);
    assert_true(lf_equal(form, again));
    buf_free(&out);
    arena_free(a);
}

static void forms_round_trip(void **state)
{
    (void)state;
    static const char *const same[] = {
        "\"肺结核\"",
        "HOP(\"肺结核\", +\"检查\")",
        "HOP(<http://a/b>, -<http://a/r>*)",
        "COUNT(AND(HOP(\"a\", -\"r\"), TYPE(\"city\")))",
        "MINUS(HOP(\"a\", +\"r\"), OR(\"b\", \"c\"))",
        "ARGMAX(TYPE(\"city\"), \"population\", 3)",
        "ARGMIN(HOP(\"x\", +\"r\"), \"age\")",
        "ASK(\"France\", +\"capital\", \"Paris\")",
        "ASK(\"France\", +\"a\", -\"b\", >=, 5)",
        "ASK(\"France\", +\"a\")",
        "AT(HOP(\"a\", +\"r\"), 2020-01-02)",
        "SEARCH(\"离婚 协议\", TYPE(\"law\"))",
        "DESCRIBE(\"a \\\"b\\\" \\\\\")",
        "FILTER(TYPE(\"drug\"), \"dose\", >, 5 mg)",
        "FILTER(TYPE(\"drug\"), \"note\", ~, \"a, b\")",
        "CMP(\"a\", \"b\", \"height\", >)",
        "CMP(\"a\", \"b\", #\"symptom\", >)",
        "CMP(\"a\", \"b\", #-\"is_a\", <)",
        "ASK(CMP(\"a\", \"b\", #\"symptom\", >), \"a\")",
        "ARGMAX(OR(\"a\", \"b\"), #-\"is_a\")",
        "FILTER(HOP(\"a\", +\"xref\"), ., ^, OMIM:)",
    };
    for (size_t i = 0; i < CORE_COUNT(same); i++)
        expect_round_trip(same[i], same[i]);
    expect_round_trip(" hop( \"a\" ,+r one , - r2 * ) ", "HOP(HOP(\"a\", +\"r one\"), -\"r2\"*)");
    expect_round_trip("AND(\"a\",\"b\",\"c\")", "AND(AND(\"a\", \"b\"), \"c\")");
}

static void bad_text_is_refused_with_a_column(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "   ",
        "HOP",
        "HOP(",
        "HOP(\"a\"",
        "HOP(\"a\", r)",
        "HOP(\"a\", +)",
        "\"a",
        "<a",
        "FOO(\"a\")",
        "\"a\" \"b\"",
        "COUNT(COUNT(\"a\"))",
        "AND(\"a\")",
        "AT(\"a\", tomorrow)",
        "ARGMAX(\"a\", r, -1)",
        "HOP(DESCRIBE(\"a\"), +r)",
        "\xff",
        "CMP(\"a\", \"b\", r, !)",
    };
    for (size_t i = 0; i < CORE_COUNT(bad); i++) {
        arena *a = arena_new(0);
        error err = {0};
        const lf_node *form = NULL;
        assert_int_equal(lf_parse(str_from(bad[i]), a, &form, &err), STATUS_SYNTAX);
        assert_null(form);
        assert_true(error_is_set(&err));
        arena_free(a);
    }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    buf text = {0};
    for (int i = 0; i < 100000; i++)
        buf_add_cstr(&text, "COUNT(");
    arena *a = arena_new(0);
    error err = {0};
    const lf_node *form = NULL;
    assert_int_equal(lf_parse(buf_str(&text), a, &form, &err), STATUS_SYNTAX);
    buf_free(&text);
    arena_free(a);
}

static void sparql_says_the_same(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    error err = {0};
    const lf_node *form = NULL;
    assert_int_equal(lf_parse(STR("HOP(<urn:e>, +<urn:r>, -<urn:s>*)"), a, &form, &err), STATUS_OK);
    buf out = {0};
    lf_print_sparql(form, &out);
    assert_non_null(strstr(out.data, "?v2 <urn:r> ?v1"));
    assert_non_null(strstr(out.data, "?x <urn:s>+ ?v1"));
    buf_clear(&out);
    assert_int_equal(lf_parse(STR("COUNT(<urn:e>)"), a, &form, &err), STATUS_OK);
    lf_print_sparql(form, &out);
    assert_non_null(strstr(out.data, "COUNT(DISTINCT ?x)"));
    buf_free(&out);
    arena_free(a);
}

static void model_text_follows_the_format(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    lf_name e1 = {.id = 1, .label = STR("Anna"), .slot = 1};
    lf_step parents = {.relation = {.id = 2, .label = STR(" parents")}};
    lf_step nation = {.relation = {.id = 3, .label = STR(" nationality")}, .inverse = true};
    const lf_node *form = lf_hop(a, lf_hop(a, lf_entity(a, e1), parents), nation);
    buf out = {0};
    assert_int_equal(lf_print_model(lf_unary(a, LF_COUNT, form), NULL, NULL, a, &out), STATUS_OK);
    assert_string_equal(out.data, "<E1><+> parents<-> nationality<count>");
    buf_free(&out);
    arena_free(a);
}

static void edits_replace_names(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    lf_name one = {.id = 1, .label = STR("one")};
    lf_name two = {.id = 2, .label = STR("two")};
    lf_step r = {.relation = {.id = 7, .label = STR("r")}};
    lf_step s = {.relation = {.id = 8, .label = STR("s")}, .inverse = true};
    const lf_node *form = lf_hop(a, lf_entity(a, one), r);
    const lf_node *other = lf_swap_entity(a, form, 1, two);
    assert_int_equal(other->a->name.id, 2);
    assert_int_equal(form->a->name.id, 1);
    other = lf_swap_relation(a, form, 7, s);
    assert_true(other->step.inverse && other->step.relation.id == 8);
    assert_int_equal(lf_hops(form), 1);
    assert_int_equal(lf_size(form), 2);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_round_trip),
        cmocka_unit_test(bad_text_is_refused_with_a_column),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(sparql_says_the_same),
        cmocka_unit_test(model_text_follows_the_format),
        cmocka_unit_test(edits_replace_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
