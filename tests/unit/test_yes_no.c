/* Yes or no by an article's text: which questions ask it, and what the text says. */
#include "tests/unit/unit.h"

#include "fusion/yes_no.h"

static glue *words;
static arena *memory;

static int begin(void **state)
{
    error err = {0};
    (void)state;
    memory = arena_new(0);
    return memory != NULL && glue_open(&words, &err) == STATUS_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    glue_close(words);
    arena_free(memory);
    return 0;
}

static void expect_claim(const char *question, const char *claim)
{
    str got = yes_no_claim(str_from(question), memory);
    if (!str_equal(got, str_from(claim)))
        fail_msg("%s: '%.*s', expected '%s'", question, STR_ARG(got), claim);
}

static void claims(void **state)
{
    (void)state;
    expect_claim("居住权可以继承吗？", "居住权可以继承");
    expect_claim("土地所有权能不能抵押", "土地所有权能抵押");
    expect_claim("收养是否应当登记", "收养应当登记");
    expect_claim("离婚冷静期多少天", "");
    expect_claim("第三条写的是什么", "");
    expect_claim("", "");
}

static const char synonyms[] =
    "# everyday\tof texts\n坐牢; 蹲监狱\t罪犯 服刑\n家里人\t亲属\n见面\t会见\n";

static yes_no told(const char *question, const char *article)
{
    const yes_no_words known = {STR(synonyms), str_make(NULL, 0)};
    return yes_no_by(words, &known, yes_no_claim(str_from(question), memory), str_from(article),
                     memory);
}

static void answers(void **state)
{
    (void)state;
    const char *article = "居住权不得转让、继承。设立居住权的住宅不得出租。";
    assert_int_equal(told("居住权可以继承吗", article), YES_NO_NO);
    assert_int_equal(told("居住权不能转让吗", article), YES_NO_YES);
    assert_int_equal(told("居住权能买卖和赠送吗", article), YES_NO_UNSAID);
    assert_int_equal(
        told("宅基地使用权能抵押吗", "下列财产不得抵押：（一）土地所有权；（二）宅基地使用权。"),
        YES_NO_NO);
    assert_int_equal(told("收养八周岁以上未成年人要不要征得本人同意",
                          "收养八周岁以上未成年人的，应当征得被收养人的同意。"),
                     YES_NO_YES);
    assert_int_equal(told("居住权多久", article), YES_NO_UNSAID);
    assert_int_equal(told("怀孕的妇女可以判死刑吗", "审判的时候怀孕的妇女，不适用死刑。"),
                     YES_NO_NO);
    assert_int_equal(told("用人单位能扣押劳动者的身份证吗",
                          "用人单位招用劳动者，不得扣押劳动者的居民身份证和其他证件。"),
                     YES_NO_NO);
    assert_int_equal(told("村委会成员可以连选连任吗", "村民委员会成员可以连选连任。"), YES_NO_YES);
    assert_int_equal(
        told("坐牢的人能和家里人见面吗", "罪犯在监狱服刑期间，按照规定，可以会见亲属、监护人。"),
        YES_NO_YES);
    assert_int_equal(told("坐牢的人能和选民见面吗", "主席团可以组织代表候选人与选民见面。"),
                     YES_NO_UNSAID);
    assert_int_equal(
        told("坐牢的人能炒股吗", "罪犯在监狱服刑期间，按照规定，可以会见亲属、监护人。"),
        YES_NO_UNSAID);
    assert_int_equal(told("可以泄露患者的隐私吗", "泄露患者的隐私的，应当承担侵权责任。"),
                     YES_NO_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(claims), cmocka_unit_test(answers)};
    return cmocka_run_group_tests(tests, begin, end);
}
