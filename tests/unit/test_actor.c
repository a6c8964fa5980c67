/* retriever/actor: whom a statute names. */
#include "tests/unit/unit.h"

#include "retriever/actor.h"

static void expect(const char *question, const char *text, const char *who)
{
    assert_true(actor_asked(str_from(question)));
    str found = actor_find(str_from(question), str_make(NULL, 0), str_from(text));
    if (!str_equal(found, str_from(who)))
        fail_msg("%s: '%.*s', not '%s'", question, STR_ARG(found), who);
}

static void finds(void **state)
{
    (void)state;
    expect("外交护照由谁签发",
           "普通护照由公安部出入境管理机构签发。外交护照由外交部签发。公务护照由外交部、驻外使馆签"
           "发。",
           "外交部");
    expect("全国的社区矫正工作归哪个部门主管",
           "国务院司法行政部门主管全国的社区矫正工作。县级以上地方人民政府司法行政部门主管本行政区"
           "域内的"
           "社区矫正工作。",
           "国务院司法行政部门");
    expect("全国疫苗监督管理归哪个部门负责",
           "国务院药品监督管理部门负责全国疫苗监督管理工作。设区的市级、县级人民政府负责本行政区域"
           "疫苗监督管"
           "理工作。",
           "国务院药品监督管理部门");
    expect("全国的测绘工作由谁监督管理",
           "国务院测绘地理信息主管部门负责全国测绘工作的统一监督管理。军队测绘部门负责管理军事部门"
           "的测绘工作。",
           "国务院测绘地理信息主管部门");
    expect("退货的运费谁承担", "消费者退货的商品应当完好。退回商品的运费由消费者承担。", "消费者");
    expect("离婚案件归哪个法院管辖", "对公民提起的民事诉讼，由被告住所地人民法院管辖。",
           "被告住所地人民法院");
    expect("谁可以罚款", "违反规定的，处二万元以下罚款。", "");
}

static void asked(void **state)
{
    (void)state;
    assert_false(actor_asked(STR("谁可以立遗嘱，民法典哪条")));
    assert_false(actor_asked(STR("护照有效期多少年")));
    assert_false(actor_asked(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds), cmocka_unit_test(asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
