/* Whether a law speaks to a question, as its title tells. */
#include "retriever/law_title.h"

#include "tests/unit/unit.h"

static void titles_speak(void **state)
{
    (void)state;
    static const str titles[] = {{"民法典", 9}, {"商标法", 9}, {"刑法", 6}};
    const pack_strs general = {titles, 3};
    assert_true(
        law_title_fit(STR("商标几年不用"), STR("中华人民共和国商标法#第四十九条"), general).named);
    assert_true(law_title_fit(STR("合同多久"), STR("中华人民共和国海商法#第四条"), general).trade);
    assert_false(
        law_title_fit(STR("海商合同多久"), STR("中华人民共和国海商法#第四条"), general).trade);
    assert_false(law_title_fit(STR("合同多久"), STR("中华人民共和国民法典#第四条"), general).trade);
    assert_true(law_title_fit(STR("居民"), STR("香港特别行政区基本法#第一条"), general).abroad);
    assert_false(
        law_title_fit(STR("香港居民"), STR("香港特别行政区基本法#第一条"), general).abroad);
    assert_true(law_title_fit(STR("抢劫判几年"), STR("中华人民共和国刑法#第一条"), general).crimes);
    assert_false(law_title_fit(STR("抢劫"), STR("中华人民共和国刑法#第一条"), general).crimes);
    assert_true(law_title_fit(STR("问"), STR(""), general).shared <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(titles_speak)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
