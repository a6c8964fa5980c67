/* Depth of XML elements, whatever else holds brackets, and wherever the bytes are cut. */
#include "core/compiler.h"
#include "ingest/xml_depth.h"
#include "tests/unit/unit.h"

static void depth_is_that_of_elements(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t deepest, depth;
    } cases[] = {
        {"<a><b/><c></c></a>", 2, 0},
        {"<a x='>' y=\"</a>\"><b></b></a>", 2, 0},
        {"<?xml version='1.0'?><!-- <a><b><c> --><a/>", 0, 0},
        {"<!DOCTYPE r [<!ENTITY x \"<a><b>\"> <!ELEMENT r ANY>]><r><s>t</s></r>", 2, 0},
        {"<a><![CDATA[<b><c>]]></a>", 1, 0},
        {"<a><b><c><d>", 4, 4},
        {"</a></b><a>", 1, 1},
        {"", 0, 0},
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        xml_depth whole = {0}, cut = {0};
        str text = str_from(cases[i].text);
        xml_depth_feed(&whole, text);
        for (size_t k = 0; k < text.length; k++)
            xml_depth_feed(&cut, str_slice(text, k, k + 1));
        assert_int_equal(whole.deepest, cases[i].deepest);
        assert_int_equal(whole.depth, cases[i].depth);
        assert_int_equal(cut.deepest, cases[i].deepest);
    }
}

static void runs_end_at_tags(void **state)
{
    (void)state;
    xml_depth d = {0};
    xml_depth_feed(&d, STR("<a>1234567<!-- 12 --><![CDATA[12]]>345<b>12</b></a>"));
    assert_int_equal(d.longest, sizeof "1234567<!-- 12 --><![CDATA[12]]>345<b" - 1);
    assert_int_equal(d.run, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(depth_is_that_of_elements),
                                       cmocka_unit_test(runs_end_at_tags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
