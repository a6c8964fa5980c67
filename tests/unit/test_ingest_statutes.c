/* Statutes: structure, time, citations, amending acts, on small texts. */
#include "ingest/statutes.h"
#include "tests/unit/collect.h"

#define A "urn:vouch:article:"
#define R "urn:vouch:r:"
#define LAW "中华人民共和国甲法"

static ingest_statutes *read_files(const char *const *texts, size_t count, size_t *index)
{
    error err = {0};
    ingest_statutes *s = NULL;
    assert_int_equal(ingest_statutes_new(&s, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        ingest_source *source;
        ingest_source_options o = {0};
        uint64_t lines;
        assert_int_equal(ingest_source_memory(str_from(texts[i]), &o, &source, &err), STATUS_OK);
        assert_int_equal(ingest_statutes_add(s, source, &index[i], &lines, &err), STATUS_OK);
        ingest_source_close(source);
    }
    ingest_statutes_link(s);
    return s;
}

/* Validity of each statement, beside its line: "line [from,to)". */
static status add_with_time(void *context, const kg_new_statement *st, error *err)
{
    collected *c = context;
    status code = collect_add(c, st, err);
    char from[16], to[16];
    clock_day_format(st->valid_from, from);
    clock_day_format(st->valid_to, to);
    buf b = {0};
    buf_printf(&b, "%s[%s,%s)", c->lines[c->count - 1], from, to);
    free(c->lines[c->count - 1]);
    c->lines[c->count - 1] = buf_take(&b);
    return code;
}

static collected emit(ingest_statutes *s, size_t index)
{
    collected c = {0};
    error err = {0};
    ingest_sink sink = collect_sink(&c);
    sink.add = add_with_time;
    assert_int_equal(ingest_statutes_emit(s, index, &sink, &err), STATUS_OK);
    return c;
}

static const char old_version[] =
    "# 中华人民共和国甲法\n\n1993年12月29日 某会议通过\n\n2018年10月26日 "
    "某会议《决定》第一次修正\n\n"
    "<!-- INFO END -->\n\n## 第一章　总　则\n\n第一条 旧文。\n\n第二条 依照本法第一条办理。\n";
static const char new_version[] =
    "# 中华人民共和国甲法\n\n1993年12月29日 某会议通过\n\n2018年10月26日 某会议第一次修正\n\n"
    "2020年1月1日 某会议第二次修正\n\n2023年12月29日 某会议修订\n\n<!-- INFO END -->\n\n"
    "## 第一章 总则\n\n### 第一节 一般\n\n第一条 新文：\n\n（一）甲项；\n\n（二）乙项。\n\n"
    "前款规定另行公布，第一款除外。\n\n第一条之一 "
    "依照《中华人民共和国乙法》第三条至第五条、第九条办理。\n\n"
    "第二条 前条规定的情形。\n\n第三条 "
    "本法自2024年7月1日起施行。《中华人民共和国丙法》同时废止。\n";
static const char repealed[] =
    "# 中华人民共和国丙法\n\n2000年1月1日 某会议通过\n\n<!-- INFO END -->\n\n第一条 丙。\n";
static const char act[] =
    "# 中华人民共和国甲法修正案（二）\n\n2020年1月1日 某会议通过\n\n<!-- INFO END -->\n\n"
    "一、将甲法第十条第二款修改为：“第九十条 引文。”\n\n"
    "二、本修正案自公布之日起施行。\n";

static void test_versions(void **state)
{
    (void)state;
    const char *texts[] = {old_version, new_version, repealed, act};
    size_t index[4];
    ingest_statutes *s = read_files(texts, 4, index);
    collected c = emit(s, index[0]);
    assert_true(
        collected_has(&c, "<" A LAW "#第一条> <" R "text> \"旧文。\"@zh [2018-10-26,2020-01-01)"));
    assert_true(collected_has(&c,
                              "<urn:vouch:law:" LAW "> <" R
                              "text_missing> \"1993-12-29/2018-10-26\" [1993-12-29,2018-10-26)"));
    assert_true(collected_has(&c,
                              "<urn:vouch:law:" LAW "> <" R
                              "text_missing> \"2020-01-01/2024-07-01\" [2020-01-01,2024-07-01)"));
    assert_true(collected_has(&c, "<" A LAW "#第二条> <" R "cites> <" A LAW
                                  "#第一条> [2018-10-26,2020-01-01)"));
    collected_free(&c);
    c = emit(s, index[2]);
    assert_true(collected_has(&c, "<" A "中华人民共和国丙法#第一条> <" R
                                  "text> \"丙。\"@zh [2000-01-01,2024-07-01)"));
    collected_free(&c);
    ingest_statutes_free(s);
}

static void test_structure(void **state)
{
    (void)state;
    const char *texts[] = {new_version};
    size_t index[1];
    ingest_statutes *s = read_files(texts, 1, index);
    collected c = emit(s, index[0]);
#define T " [2024-07-01,)"
    assert_true(collected_has(&c, "<" A LAW "#第一条> <" R
                                  "text> \"新文：\n（一）甲项；\n（二）乙项。\n"
                                  "前款规定另行公布，第一款除外。\"@zh" T));
    assert_true(collected_has(&c, "<urn:vouch:paragraph:" LAW "#第一条第一款> <" R
                                  "text> \"新文：\n（一）甲项；\n（二）乙项。\"@zh" T));
    assert_true(collected_has(&c, "<urn:vouch:paragraph:" LAW "#第一条第二款> <" R
                                  "cites> <urn:vouch:paragraph:" LAW "#第一条第一款>" T));
    assert_true(collected_has(&c, "<" A LAW "#第一条> <" R "part_of> <urn:vouch:section:" LAW
                                  "#第一章%20总则%20第一节%20一般>" T));
    assert_true(collected_has(&c, "<" A LAW "#第一条之一> <" R "sub_number> \"1\"^^<" INGEST_XSD
                                  "integer>" T));
    for (const char *const *n = (const char *const[]){"三", "四", "五", "九", NULL}; *n != NULL;
         n++) {
        char line[512];
        snprintf(line, sizeof line,
                 "<" A LAW "#第一条之一> <" R "cites> <" A "中华人民共和国乙法#第%s条>" T, *n);
        assert_true(collected_has(&c, line));
    }
    assert_true(collected_has(&c, "<" A LAW "#第二条> <" R "cites> <" A LAW "#第一条之一>" T));
    assert_true(
        collected_has(&c, "<" A LAW "#第二条> <" INGEST_SKOS "altLabel> \"甲法第二条\"@zh [,)"));
#undef T
    collected_free(&c);
    ingest_statutes_free(s);
}

static void test_amending_act(void **state)
{
    (void)state;
    const char *texts[] = {act};
    size_t index[1];
    ingest_statutes *s = read_files(texts, 1, index);
    collected c = emit(s, index[0]);
    assert_true(collected_has(&c, "<urn:vouch:law:" LAW "修正案（二）> <" R
                                  "amends> <urn:vouch:law:" LAW "> [,)"));
    assert_true(collected_has(&c, "<urn:vouch:clause:" LAW "修正案（二）#一> <" R
                                  "amends_article> <" A LAW "#第十条> [,)"));
    for (size_t i = 0; i < c.count; i++) { /* no article of the law that it amends */
        assert_false(strncmp(c.lines[i], "<" A LAW "#", strlen("<" A LAW "#")) == 0);
        assert_null(strstr(c.lines[i], "#第九十条>"));
    }
    collected_free(&c);
    ingest_statutes_free(s);
}

static void test_no_law(void **state)
{
    (void)state;
    static const char *const texts[] = {"---\nbookCollapseSection: true\n---\n", "", "# 标题\n",
                                        "第一条 无题。\n"};
    for (size_t i = 0; i < CORE_COUNT(texts); i++) {
        error err = {0};
        ingest_statutes *s;
        ingest_source *source;
        ingest_source_options o = {0};
        size_t index;
        uint64_t lines;
        assert_int_equal(ingest_statutes_new(&s, &err), STATUS_OK);
        assert_int_equal(ingest_source_memory(str_from(texts[i]), &o, &source, &err), STATUS_OK);
        assert_int_equal(ingest_statutes_add(s, source, &index, &lines, &err), STATUS_SYNTAX);
        ingest_source_close(source);
        ingest_statutes_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_amending_act),
        cmocka_unit_test(test_no_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
