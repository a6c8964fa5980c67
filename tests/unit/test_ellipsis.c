/* Follow-ups that name another thing are written out as whole questions. */
#include "fusion/ellipsis.h"

#include "tests/unit/unit.h"

static bool reads(const char *before, const char *question, const char *whole)
{
    arena *a = arena_new(0);
    str out[ELLIPSIS_MOST];
    size_t n = ellipsis_expand(str_from(before), (str){0}, str_from(question), a, out);
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found = found || str_equal(out[i], str_from(whole));
    arena_free(a);
    return found;
}

static void frames_of_the_answer_tell(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    str out[ELLIPSIS_MOST];
    size_t n = ellipsis_expand(STR("不服刑事判决上诉期几天"),
                               STR("不服判决的上诉期限为十日，不服裁定的上诉期限为五日"),
                               STR("那裁定呢"), a, out);
    assert_true(n > 0);
    assert_true(str_equal(out[0], STR("不服刑事裁定上诉期几天")));
    arena_free(a);
}

static size_t count(const char *before, const char *question)
{
    arena *a = arena_new(0);
    str out[ELLIPSIS_MOST];
    size_t n = ellipsis_expand(str_from(before), (str){0}, str_from(question), a, out);
    arena_free(a);
    return n;
}

static void things_take_places(void **state)
{
    (void)state;
    assert_true(reads("发明专利保护几年", "外观设计呢？", "外观设计保护几年"));
    assert_true(reads("城市迁户口几天内要登记", "那农村呢", "农村迁户口几天内要登记"));
    assert_true(reads("男的几岁能结婚", "女的呢?", "女的几岁能结婚"));
    assert_true(reads("有期徒刑最长多少年", "拘役呢", "拘役最长多少年"));
    assert_true(reads("设立商业银行最低多少钱", "农村银行呢", "设立农村银行最低多少钱"));
}

static void what_asks_itself_stays(void **state)
{
    (void)state;
    assert_int_equal(count("离婚冷静期多少天", "哪条规定的"), 0);
    assert_int_equal(count("离婚冷静期多少天", "那第1078条呢"), 0);
    assert_int_equal(count("离婚冷静期多少天", "试用期最长几个月呢"), 0);
    assert_int_equal(count("", "外观设计呢"), 0);
    assert_int_equal(count("发明专利保护几年", "呢"), 0);
    assert_int_equal(count("发明专利保护几年", ""), 0);
    assert_int_equal(count("发明专利保护几年", "发明专利呢"), 0);
}

/* A reading that no longer asks for the measure is none. */
static void measures_stay_asked(void **state)
{
    (void)state;
    assert_false(reads("故意杀人判几年", "过失致人死亡呢", "过失致人死亡年"));
    assert_true(reads("故意杀人判几年", "过失致人死亡呢", "过失致人死亡判几年"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_take_places), cmocka_unit_test(frames_of_the_answer_tell),
        cmocka_unit_test(what_asks_itself_stays), cmocka_unit_test(measures_stay_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
