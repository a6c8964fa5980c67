/* llm/modeltext: the examples of docs/MODEL_FORMAT.md, and text that tries to forge tokens. */
#include "tests/unit/unit.h"

#include "llm/modeltext.h"

static void expect_text(const char *in, const char *want, bool label)
{
    buf out = {0};
    (label ? modeltext_add_label : modeltext_add_text)(&out, str_from(in));
    assert_false(out.failed);
    assert_string_equal(out.data == NULL ? "" : out.data, want);
    buf_free(&out);
}

static void test_text(void **state)
{
    (void)state;
    expect_text("Who is Anna's father?", " who is anna s father", false);
    expect_text("肺结核 (TB) 的检查", "肺结核 tb的检查", false);
    expect_text("ＡＢＣ１２３，好", " abc123好", false);
    expect_text("a <E1> b", " a e1 b", false);
    expect_text("", "", false);
    expect_text("?!", "", false);
    expect_text("caf\xff\xe9", " caf", false);
    expect_text("Straße", " strasse", false);
}

static void test_label(void **state)
{
    (void)state;
    expect_text("dateOfBirth", " date of birth", true);
    expect_text("date_of_birth", " date of birth", true);
    expect_text("hasDOIName", " has doi name", true);
    expect_text("/people/person/birth-place", " people person birth place", true);
    expect_text("检查项目", "检查项目", true);
}

static void test_question(void **state)
{
    (void)state;
    const char *q = "Who directed Heat?";
    modeltext_mention m = {13, 4, 'E', 1, STR("Film")};
    buf out = {0};
    modeltext_add_question(&out, (str){0}, str_from(q), &m, 1);
    assert_string_equal(out.data, "<E1> film<Q> who directed<E1><A>");
    buf_clear(&out);
    modeltext_mention wrong = {17, 9, 'E', 1, (str){0}};
    modeltext_add_question(&out, STR("<E1><+> star"), str_from(q), &wrong, 1);
    assert_string_equal(out.data, "<H><E1><+> star<Q> who directed heat<A>");
    buf_free(&out);
}

static void test_slotted(void **state)
{
    (void)state;
    buf out = {0};
    modeltext_add_slotted(&out, STR("Is <E1>'s <b> <E9>, <X1>？"), false);
    assert_string_equal(out.data, " is<E1> s b e9<X1>");
    buf_clear(&out);
    modeltext_add_slotted(&out, STR("<E1>的导演是<X1>。 Yes, <X2>."), true);
    assert_string_equal(out.data, "<E1>的导演是<X1>。 yes,<X2>.");
    buf_free(&out);
}

static void test_candidate(void **state)
{
    (void)state;
    buf out = {0};
    modeltext_add_slot(&out, 'E', 1);
    modeltext_add_hop(&out, true, STR("parents"), (str){0});
    modeltext_add_hop(&out, false, STR("P57"), STR("directed by"));
    modeltext_add_slot(&out, 'E', 7);
    modeltext_add_slot(&out, 'Z', 1);
    assert_string_equal(out.data, "<E1><+> parents<-> p57<|> directed by");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),      cmocka_unit_test(test_label),
        cmocka_unit_test(test_question),  cmocka_unit_test(test_slotted),
        cmocka_unit_test(test_candidate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
