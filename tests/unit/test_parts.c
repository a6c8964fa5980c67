/* Cutting several questions apart: one line a case, parts divided by "|". */
#include <stdio.h>

#include "core/buf.h"
#include "fusion/parts.h"
#include "tests/unit/unit.h"

static const struct {
    const char *question, *parts;
} cases[] = {
    {"哮喘属于哪个科室，治好的概率是多少", "哮喘属于哪个科室|治好的概率是多少"},
    {"肺炎挂什么科？有什么症状？吃什么药？", "肺炎挂什么科？|有什么症状？|吃什么药？"},
    {"What causes gout? How is it treated?", "What causes gout?|How is it treated?"},
    {"What is gout and what are its symptoms?", "What is gout|what are its symptoms?"},
    {"what is gout, and how is it treated", "what is gout|how is it treated"},
    /* one question */
    {"糖尿病和高血压，哪个更容易治好", "糖尿病和高血压，哪个更容易治好"},
    {"What causes gout, asthma, flu?", "What causes gout, asthma, flu?"},
    {"什么药治感冒，发烧？", "什么药治感冒，发烧？"},
    {"高血压是慢性病吗，还是急性病？", "高血压是慢性病吗，还是急性病？"},
    {"Which diseases affect the lung and are caused by viruses?",
     "Which diseases affect the lung and are caused by viruses?"},
    {"In adults, what causes gout?", "In adults, what causes gout?"},
    {"What's SARS short for, I mean what is it called in full?",
     "What's SARS short for, I mean what is it called in full?"},
    {"gout", "gout"},
    {"，，？？", "，，？？"},
    /* what only tells stays with what asks */
    {"这几天咳嗽，该看什么科", "这几天咳嗽，该看什么科"},
    {"得了高血压几年了，能吃什么药？", "得了高血压几年了，能吃什么药？"},
    {"挂什么科？谢谢。", "挂什么科？谢谢。"},
    {"哮喘的检查有几种，都是什么", "哮喘的检查有几种，都是什么"},
    {"肺炎会不会引出别的病，都有哪些？", "肺炎会不会引出别的病，都有哪些？"},
    /* where it stands is no question of its own */
    {"租客可以转租吗，民法典第几条", "租客可以转租吗，民法典第几条"},
    /* more than four are asked as they stand */
    {"a? b? c? d? e?", "a? b? c? d? e?"},
};

static void test_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        arena *a = arena_new(0);
        str parts[PARTS_MOST];
        size_t n = parts_split(str_from(cases[i].question), a, parts);
        buf said = {0};
        for (size_t k = 0; k < n; k++) {
            buf_add_cstr(&said, k > 0 ? "|" : "");
            buf_add(&said, parts[k]);
        }
        assert_string_equal(said.data, cases[i].parts);
        buf_free(&said);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
