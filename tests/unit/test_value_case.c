/* Whose case a clause is, by age. */
#include "retriever/value_case.h"

#include "tests/unit/unit.h"

static void ages_decide(void **state)
{
    (void)state;
    str young = STR("未满十六周岁的"), old = STR("十六周岁以上的");
    assert_true(value_case_fit(STR("成年人护照几年有效"), old) > 0);
    assert_true(value_case_fit(STR("成年人护照几年有效"), young) < 0);
    assert_true(value_case_fit(STR("小孩的护照几年有效"), young) > 0);
    assert_true(value_case_fit(STR("未成年人的护照几年有效"), old) < 0);
    assert_true(value_case_fit(STR("十五岁的护照几年有效"), young) > 0);
    assert_true(value_case_fit(STR("16岁办的护照管几年"), old) > 0);
    assert_true(value_case_fit(STR("不满16岁办的护照管几年"), old) < 0);
    assert_true(value_case_fit(STR("二十岁"), STR("十六周岁至二十五周岁的")) > 0);
    assert_true(value_case_fit(STR("交了六年"), STR("满五年不足十年的")) > 0);
    assert_true(value_case_fit(STR("交了六年"), STR("满一年不足五年的")) < 0);
    assert_true(value_case_fit(STR("交了六年"), STR("十年以上的")) < 0);
    assert_true(value_case_fit(STR("价款八百元"), STR("不足一千元的")) > 0);
    assert_true(value_case_fit(STR("领多久"), STR("十年以上的")) == 0);
    assert_true(value_case_fit(STR("三十岁"), STR("十六周岁至二十五周岁的")) < 0);
}

static void no_age_says_nothing(void **state)
{
    (void)state;
    assert_true(value_case_fit(STR("护照几年有效"), STR("未满十六周岁的")) == 0);
    assert_true(value_case_fit(STR("成年人"), STR("普通护照")) == 0);
    assert_true(value_case_fit((str){0}, (str){0}) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ages_decide),
                                       cmocka_unit_test(no_age_says_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
