/* Everyday words bring the words of texts, once each, and only those that are not said already. */
#include "retriever/synonyms.h"

#include "core/resource.h"
#include "tests/unit/unit.h"

static void brings_the_words_of_texts(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    str table =
        STR("# note\n老板; 公司\t用人单位\n辞退; 开除\t解除劳动合同 用人单位\n\n员工\t劳动者\n");
    assert_true(str_equal(synonyms_of(table, STR("老板开除我"), a), STR("用人单位 解除劳动合同")));
    assert_true(str_equal(synonyms_of(table, STR("用人单位辞退"), a), STR("解除劳动合同")));
    assert_int_equal(synonyms_of(table, STR("天气"), a).length, 0);
    /* A word within a longer one is not meant. */
    table = STR("公司\t用人单位\n股份公司\t股份有限公司\n");
    synonym_row rows[4];
    assert_int_equal(synonyms_rows(table, STR("股份公司的股东"), rows, 4, a), 1);
    assert_true(str_equal(rows[0].everyday, STR("股份公司")));
    assert_true(str_equal(rows[0].words, STR("股份有限公司")));
    assert_int_equal(synonyms_rows(table, STR("股份公司和公司"), rows, 4, a), 2);
    assert_int_equal(synonyms_of((str){0}, STR("老板"), a).length, 0);
    arena_free(a);
}

static void the_shipped_table_has_two_columns(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    error err = {0};
    str table, line, left;
    size_t n = 0;
    assert_int_equal(resource_get(STR("legal_synonyms.tsv"), a, &table, &err), STATUS_OK);
    while (str_split(&table, '\n', &line)) {
        if (str_empty(line) || line.data[0] == '#')
            continue;
        assert_true(str_split(&line, '\t', &left));
        assert_false(str_empty(left));
        assert_false(str_empty(line));
        assert_true(str_find(line, STR("\t"), 0) == STR_NONE);
        n++;
    }
    assert_true(n >= 150);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_the_words_of_texts),
        cmocka_unit_test(the_shipped_table_has_two_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
