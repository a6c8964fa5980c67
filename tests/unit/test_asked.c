/* retriever/asked: the questions of a table nearest to one that is asked. */
#include "tests/unit/unit.h"

#include "retriever/asked.h"

static const char *const table = "# comment\n"
                                 "=房屋法\n"
                                 "第一条\t房东不退押金怎么办; 退租押金拿不回来\n"
                                 "第二条\t房东涨房租要提前多久说; 租金能随便涨吗\n"
                                 "=劳动法\n"
                                 "第三条\t老板不退押金; 入职收押金合法吗\n"
                                 "第四条\t加班费怎么算";

static size_t find(arena *a, const char *question, const char *title, asked_text *out, size_t most)
{
    return asked_find(str_from(table), str_from(question), str_from(title), out, most, a);
}

static void test_nearest_first(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    asked_text out[8];
    size_t n = find(a, "房东一直不退我押金", "", out, 8);
    assert_true(n == 3);
    assert_true(str_equal(out[0].title, STR("房屋法")));
    assert_true(str_equal(out[0].article, STR("第一条")));
    assert_true(str_equal(out[0].questions, STR("房东不退押金怎么办; 退租押金拿不回来")));
    assert_true(out[0].best > out[1].best && out[1].best >= out[2].best);
    assert_true(out[0].best < 1 && out[0].share > out[1].share && out[0].share < 1);
    arena_free(a);
}

static void test_a_question_of_the_table_is_itself(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    asked_text out[2];
    assert_int_equal(find(a, "加班费怎么算", "", out, 2), 2); /* 怎么 stands in another one */
    assert_true(str_equal(out[0].article, STR("第四条")));
    assert_true(out[0].best > 0.999 && out[0].share > 0.999);
    assert_true(out[1].best < 0.5);
    arena_free(a);
}

static void test_only_under_a_title(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    asked_text out[8];
    assert_int_equal(find(a, "不退押金", "劳动法", out, 8), 1);
    assert_true(str_equal(out[0].article, STR("第三条")));
    assert_int_equal(find(a, "不退押金", "宪法", out, 8), 0);
    arena_free(a);
}

static void test_bounded(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    asked_text out[1];
    assert_int_equal(find(a, "不退押金", "", out, 1), 1);
    assert_int_equal(find(a, "不退押金", "", out, 0), 0);
    assert_int_equal(find(a, "", "", out, 1), 0);
    assert_int_equal(find(a, "rent", "", out, 1), 0);
    assert_int_equal(asked_find(str_make(NULL, 0), STR("押金"), str_make(NULL, 0), out, 1, a), 0);
    assert_int_equal(asked_find(STR("第一条\t押金"), STR("押金"), str_make(NULL, 0), out, 1, a), 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_first),
        cmocka_unit_test(test_a_question_of_the_table_is_itself),
        cmocka_unit_test(test_only_under_a_title),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
