/* Measures asked for, and taken out of the text of statutes. */
#include "retriever/measure.h"

#include "tests/unit/unit.h"

static void expect(const char *question, const char *more, const char *text, const char *value)
{
    measure_ask ask;
    measure_found found;
    assert_true(measure_asked(str_from(question), &ask));
    assert_true(measure_find(&ask, str_from(question), str_from(more), str_from(text), &found));
    if (!str_equal(found.value, str_from(value)))
        fail_msg("%s: %.*s, not %s", question, STR_ARG(found.value), value);
}

static void takes_the_value_asked_for(void **state)
{
    (void)state;
    expect("离婚冷静期多少天", "",
           "自婚姻登记机关收到离婚登记申请之日起三十日内，任何一方不愿意离婚的，可以撤回。",
           "三十日");
    expect(
        "外观设计专利的年限", "",
        "发明专利权的期限为二十年，实用新型专利权的期限为十年，外观设计专利权的期限为十五年，均自"
        "申请日起计算。",
        "十五年");
    expect(
        "试用期里辞职，提前几天说", "通知用人单位",
        "劳动者提前三十日以书面形式通知用人单位，可以解除劳动合同。劳动者在试用期内提前三日通知用人"
        "单位，可以解除劳动合同。",
        "三日");
    expect("满多少岁算成年人", "", "十八周岁以上的自然人为成年人。", "十八周岁");
    expect("食品赔几倍", "", "可以要求支付价款十倍或者损失三倍的赔偿金，赔偿食品价款。", "十倍");
    expect("警示牌要放多远", "", "警告标志应当设置在故障车来车方向一百五十米以外。", "一百五十米");
    expect("一次献血最多多少毫升", "", "每次采集血液量一般为二百毫升，最多不得超过四百毫升。",
           "四百毫升");
    expect("设立银行要多少注册资本", "", "注册资本最低限额为十亿元人民币。", "十亿元");
    expect("网络游戏几点以后不能玩", "", "不得在每日二十二时至次日八时向未成年人提供网络游戏服务。",
           "二十二时");
    expect("电动自行车限速多少", "", "电动自行车最高时速不得超过十五公里。", "十五公里");
    expect("滞纳金每天按多少算", "", "按日加收滞纳税款万分之五的滞纳金。", "万分之五");
    expect("佣金最多是成交价的多少", "", "可以收取不超过拍卖成交价百分之五的佣金。", "百分之五");
    expect("宝宝出生要在什么时限内报户口", "", "婴儿出生后一个月以内，申报出生登记。", "一个月");
    expect("出生登记的时限", "", "婴儿出生后一个月以内，申报出生登记。", "一个月");
    const char *term =
        "累计缴费满一年不足五年的，领取失业保险金的期限最长为十二个月；累计缴费满五年不足"
        "十年的，领取失业保险金的期限最长为十八个月；累计缴费十年以上的，领取失业保险金的"
        "期限最长为二十四个月。";
    expect("失业保险交了六年，最长能领几个月", "", term, "十八个月");
    expect("失业保险交了十二年，最长能领几个月", "", term, "二十四个月");
    expect("失业金最长能领几个月", "", term, "二十四个月");
    expect("股东人数上限", "", "有限责任公司由一个以上五十个以下股东出资设立。",
           "一个以上五十个以下");
    expect("修改宪法要多大比例", "", "宪法的修改，由全体代表的三分之二以上的多数通过。",
           "三分之二");
}

static void extremes_and_whose(void **state)
{
    (void)state;
    const char *trial =
        "劳动合同期限三个月以上不满一年的，试用期不得超过一个月；劳动合同期限一年以上不满三年的，"
        "试用期不得超过二个月；三年以上固定期限的劳动合同，试用期不得超过六个月。";
    expect("试用期最长是几个月", "", trial, "六个月");
    expect("试用期上限多少个月", "", trial, "六个月");
    expect("三年以上的固定期限劳动合同，试用期最多多久", "", trial, "六个月");
    expect("紧急的情况多长时间内作出保护令", "",
           "应当在七十二小时内作出人身安全保护令或者驳回申请；情况紧急的，应当在二十四小时内作出。",
           "二十四小时");
    expect("法定评估业务的档案保存多少年", "",
           "评估档案的保存期限不少于十五年，属于法定评估业务的，保存期限不少于三十年。", "三十年");
    expect("多少人应当成立工会", "",
           "用人单位有会员二十五人以上的，应当建立基层工会委员会；不足二十五人的，可以由两个以上单"
           "位的会员"
           "联合建立。",
           "二十五人");
    const char *age = "结婚年龄，男不得早于二十二周岁，女不得早于二十周岁。";
    expect("男的几岁能结婚", "", age, "二十二周岁");
    expect("女的几岁能结婚", "", age, "二十周岁");
    expect("试用期工资不能低于多少", "", "试用期的工资不得低于约定工资的百分之八十。",
           "百分之八十");
    expect("企业所得税税率是多少", "", "企业所得税的税率为25％。", "25％");
}

static void keeps_ranges_of_penalties_and_fines(void **state)
{
    (void)state;
    const char *theft =
        "盗窃公私财物，数额较大的，处三年以下有期徒刑、拘役或者管制，并处或者单处罚金；"
        "数额巨大的，处三年以上十年以下有期徒刑，并处罚金。";
    expect("盗窃判几年", "", theft, "三年以下有期徒刑");
    expect("盗窃数额巨大判几年", "", theft, "三年以上十年以下有期徒刑");
    expect("卖淫拘留多少天", "", "卖淫、嫖娼的，处十日以上十五日以下拘留，可以并处五千元以下罚款。",
           "十日以上十五日以下");
    expect("卖淫罚多少", "", "卖淫、嫖娼的，处十日以上十五日以下拘留，可以并处五千元以下罚款。",
           "五千元以下");
}

static void expect_all(const char *question, const char *text, size_t count, const char *last)
{
    measure_ask ask;
    str found[4];
    assert_true(measure_asked(str_from(question), &ask));
    assert_int_equal(measure_find_all(&ask, str_from(question), (str){0}, str_from(text), found, 4),
                     count);
    assert_true(str_equal(found[count - 1], str_from(last)));
}

static void several_are_said_where_several_answer(void **state)
{
    (void)state;
    const char *age = "结婚年龄，男不得早于二十二周岁，女不得早于二十周岁。";
    expect_all("法定婚龄是多少岁", age, 2, "二十周岁");
    expect_all("男女各是多少岁结婚", age, 2, "二十周岁");
    expect_all("女的多少岁结婚", age, 1, "二十周岁");
    expect_all(
        "三种专利的期限分别是几年",
        "发明专利权的期限为二十年，实用新型专利权的期限为十年，外观设计专利权的期限为十五年。", 3,
        "十五年");
    expect("结婚的法定年龄男的是多少", "", age, "二十二周岁");
}

static void numbers_stand_by_their_words(void **state)
{
    (void)state;
    expect("羁押一天折抵几天", "", "羁押一日折抵刑期二日。", "二日");
    expect("可以委托几个人当代理人", "", "可以委托一至二人作为诉讼代理人。", "一至二人");
    expect("最多几个发起人", "", "应当有一人以上二百人以下为发起人。", "一人以上二百人以下");
    expect("罚款是价值的几倍", "", "可以处青苗价值五倍以下罚款。", "五倍以下");
    measure_ask ask;
    assert_false(measure_asked(STR("怀孕期间可以离婚吗"), &ask));
    assert_true(measure_has(&(measure_ask){.kind = MEASURE_AGE}, STR("年满十八周岁")));
    assert_false(measure_has(&(measure_ask){.kind = MEASURE_AGE}, STR("三十日内")));
}

static void dates_and_ordinals_are_no_measures(void **state)
{
    (void)state;
    measure_ask ask;
    measure_found found;
    assert_true(measure_asked(STR("保存多久"), &ask));
    assert_false(measure_find(&ask, STR("保存多久"), (str){0},
                              STR("本法自2007年1月1日起施行，第三年度除外。十二月三十一日止。"),
                              &found));
}

static void the_article_itself_is_no_measure(void **state)
{
    (void)state;
    measure_ask ask;
    assert_false(measure_asked(STR("劳动合同法第19条试用期多久"), &ask));
    assert_false(measure_asked(STR("试用期多久，法条是哪条"), &ask));
    assert_true(measure_meant(STR("试用期多久，法条是哪条"), &ask));
    assert_false(measure_asked(STR("公司的义务"), &ask));
    assert_false(measure_asked(STR("这几天能解除合同吗"), &ask));
    assert_true(measure_asked(STR("解除合同要提前几天"), &ask));
    assert_false(measure_asked((str){0}, &ask));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_value_asked_for),
        cmocka_unit_test(extremes_and_whose),
        cmocka_unit_test(keeps_ranges_of_penalties_and_fines),
        cmocka_unit_test(several_are_said_where_several_answer),
        cmocka_unit_test(numbers_stand_by_their_words),
        cmocka_unit_test(dates_and_ordinals_are_no_measures),
        cmocka_unit_test(the_article_itself_is_no_measure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
