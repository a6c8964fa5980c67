/* Values of literals and in free text, out of the table tests/unit/values.tsv. */
#include <math.h>

#include "kg/store.h"
#include "tests/unit/unit.h"

static const char *const kinds[] = {"none",    "number", "date", "duration",
                                    "percent", "money",  "bool"};

static double bound(str text)
{
    clock_day day;
    double value = 0;
    if (str_equal(text, STR("inf")))
        return INFINITY;
    if (text.length == 10 && clock_day_parse(text, &day))
        return day;
    if (!str_to_double(text, &value))
        fail_msg("bad number in values.tsv: %.*s", STR_ARG(text));
    return value;
}

static void expect(str what, kg_value value, str kind, str low, str high, str unit)
{
    if (strcmp(kinds[value.kind], "none") == 0 && str_equal(kind, STR("none")))
        return;
    bool ok = str_equal(str_from(kinds[value.kind]), kind) && str_equal(value.unit, unit);
    double l = bound(low), h = bound(high);
    ok = ok && fabs(value.low - l) <= 1e-9 * fabs(l);
    ok = ok && (value.high == h || fabs(value.high - h) <= 1e-9 * fabs(h));
    if (!ok)
        fail_msg("'%.*s' is %s %g..%g '%.*s', expected %.*s %.*s..%.*s '%.*s'", STR_ARG(what),
                 kinds[value.kind], value.low, value.high, STR_ARG(value.unit), STR_ARG(kind),
                 STR_ARG(low), STR_ARG(high), STR_ARG(unit));
}

/* Lines: of|find <TAB> text <TAB> datatype <TAB> kind <TAB> low <TAB> high <TAB> unit */
static void test_table(void **state)
{
    (void)state;
    char line[1024], path[1024];
    const char *root = getenv("VOUCH_ROOT");
    int count = 0;
    (void)snprintf(path, sizeof path, "%s/tests/unit/values.tsv", root == NULL ? "." : root);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        str rest = str_trim(str_from(line)), field[7] = {{0}};
        rest = str_make(line, strcspn(line, "\n"));
        if (rest.length == 0 || line[0] == '#')
            continue;
        size_t fields = 0;
        while (fields < 7 && str_split(&rest, '\t', &field[fields]))
            fields++;
        kg_value value = {.kind = KG_VALUE_NONE};
        size_t start, end;
        if (str_equal(field[0], STR("of")))
            value = kg_value_of(
                (kg_term){.kind = KG_TERM_LITERAL, .lexical = field[1], .datatype = field[2]});
        else if (!kg_value_find(field[1], 0, &value, &start, &end))
            value.kind = KG_VALUE_NONE;
        expect(field[1], value, field[3], field[4], field[5], field[6]);
        count++;
    }
    (void)fclose(file);
    assert_true(count > 40);
}

static void test_normalise(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"肺結核", "肺结核"},
                                           {"Ｔｕｂｅｒ　culosis ", "tuber culosis"},
                                           {"  a \t b  ", "a b"},
                                           {"Straße", "strasse"},
                                           {"ﬁbrosis", "fibrosis"},
                                           {"ÉCOLE", "école"},
                                           {"", ""},
                                           {"第１０７７條", "第1077条"},
                                           {"①", "1"},
                                           {"E\xcc\x81", "é"}};
    arena *a = arena_new(0);
    for (size_t i = 0; i < CORE_COUNT(pairs); i++) {
        str got = kg_normalise(str_from(pairs[i][0]), a);
        if (!str_equal(got, str_from(pairs[i][1])))
            fail_msg("'%s' became '%.*s'", pairs[i][0], STR_ARG(got));
    }
    (void)kg_normalise(STR("\xff\xfe bad \x80"), a);
    arena_free(a);
}

static void test_iri(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    static const char *const labels[][2] = {{"urn:vouch:disease:肺结核", "肺结核"},
                                            {"urn:vouch:e:a%20b%25", "a b%"},
                                            {"urn:vouch:e:a:b", "a:b"},
                                            {"http://x.org/a#Thing", "Thing"},
                                            {"http://x.org/a/", "a"},
                                            {"http://", "http"}};
    for (size_t i = 0; i < CORE_COUNT(labels); i++) {
        str got = kg_iri_label(str_from(labels[i][0]), a);
        if (!str_equal(got, str_from(labels[i][1])))
            fail_msg("'%s' is labelled '%.*s'", labels[i][0], STR_ARG(got));
    }
    static const char *const texts[] = {"肺 结核", "50% <off>", "a:b", "x\ny"};
    for (size_t i = 0; i < CORE_COUNT(texts); i++)
        assert_true(str_equal(kg_iri_label(kg_iri_make(STR("c"), str_from(texts[i]), a), a),
                              str_from(texts[i])));
    arena_free(a);
}

static void test_common_labels(void **state)
{
    (void)state;
    const str type = STR("http://www.w3.org/1999/02/22-rdf-syntax-ns#type");
    assert_true(str_equal(kg_common_label(type, STR("zh")), STR("类型")));
    assert_true(str_equal(kg_common_label(type, STR("en")), STR("type")));
    assert_true(str_empty(kg_common_label(type, STR("de"))));
    assert_true(str_empty(kg_common_label(STR("urn:x:type"), STR("zh"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common_labels), cmocka_unit_test(test_table),
        cmocka_unit_test(test_normalise), cmocka_unit_test(test_iri)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
