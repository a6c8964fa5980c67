/* Parts of fusion that need no graph: templates, citations as text, excerpts, rendering,
 * calibration, the answer's JSON. */
#include "tests/unit/unit.h"

#include "core/json_schema.h"
#include "core/resource.h"
#include "core/utf8.h"
#include "fusion/answer.h"
#include "fusion/calibration.h"
#include "fusion/cite.h"
#include "fusion/excerpt.h"
#include "fusion/render.h"
#include "fusion/template.h"

static void templates_fill_once(void **state)
{
    (void)state;
    template_set *set = NULL;
    error err = {0};
    assert_int_equal(template_open(NULL, &set, &err), STATUS_OK);
    const template_var vars[] = {{"np", STR("the {list} of x")}, {"list", STR("a")}, {NULL, {0}}};
    buf out = {0};
    template_fill(set, "list", STR("en"), vars, &out);
    assert_string_equal(out.data, "The {list} of x: a"); /* a label cannot inject a placeholder */
    buf_clear(&out);
    template_fill(set, "list", STR("fr"), vars, &out); /* an unknown language reads English */
    assert_string_equal(out.data, "The {list} of x: a");
    assert_true(str_empty(template_text(set, "no such key", STR("en"))));
    buf_clear(&out);
    template_fill_text(STR("{S} {nope} {"), (const template_var[]){{"S", STR("s")}, {NULL, {0}}},
                       &out);
    assert_string_equal(out.data, "s {nope} {");
    buf_free(&out);
    template_close(set);
}

static void every_template_speaks_both_languages(void **state)
{
    (void)state;
    str text;
    json_t *root = NULL, *value;
    error err = {0};
    const char *key;
    assert_true(resource_embedded(STR("templates.json"), &text));
    assert_int_equal(json_schema_parse("t", text.data, text.length, &root, &err), STATUS_OK);
    json_object_foreach(root, key, value)
    {
        if (!json_is_string(json_object_get(value, "zh")) ||
            !json_is_string(json_object_get(value, "en")))
            fail_msg("%s lacks a language", key);
    }
    json_decref(root);
}

static void citations_fold_into_ranges(void **state)
{
    (void)state;
    buf out = {0};
    cite_print((const int[]){1, 2, 3, 5, 7, 8}, 6, &out);
    assert_string_equal(out.data, "[1-3, 5, 7, 8]");
    buf_clear(&out);
    cite_print(NULL, 0, &out);
    assert_int_equal(out.length, 0);
    cite_print((const int[]){4}, 1, &out);
    assert_string_equal(out.data, "[4]");
    buf_free(&out);
}

static void a_statement_is_cited_once(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    cite_list *list = cite_new(a);
    for (uint64_t i = 1; i <= 500; i++) {
        const kg_statement s = {.id = i * 64}; /* collide in the table */
        assert_int_equal(cite_add(list, &s), (int)i);
    }
    for (uint64_t i = 1; i <= 500; i++) {
        const kg_statement s = {.id = i * 64};
        assert_int_equal(cite_add(list, &s), (int)i);
    }
    assert_int_equal(cite_count(list), 500);
    assert_null(cite_statement(list, 501));
    assert_null(cite_statement(list, 0));
    arena_free(a);
}

static void excerpts_keep_what_was_asked(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    str text = STR("第一句话与此无关，说的是别的事情。离婚登记申请之日起三十日内可以撤回申请。"
                   "第三句话也没有什么关系。");
    str got = excerpt_make(text, STR("离婚登记多少天内可以撤回？"), 60, a);
    assert_true(str_find(got, STR("三十日"), 0) != STR_NONE);
    assert_true(str_find(got, STR("别的事情"), 0) == STR_NONE);
    assert_true(utf8_valid(got.data, got.length));
    assert_true(str_equal(excerpt_make(text, STR("x"), 4000, a), text));
    arena_free(a);
}

static void confidence_is_fitted_and_bounded(void **state)
{
    (void)state;
    calibration_case cases[400] = {{{0}, false, 0}};
    for (int i = 0; i < 400; i++) {
        cases[i].features[CALIBRATION_LINK] = (i % 20) / 20.0;
        cases[i].correct = (i % 20) * 7 + i / 20 % 10 > 60;
    }
    calibration c = {0};
    error err = {0};
    assert_int_equal(calibration_fit(cases, 400, 0.1, &c, &err), STATUS_OK);
    assert_true(c.weights[CALIBRATION_LINK] > 1);
    bool reached = false;
    double t = calibration_conformal(&c, cases, 400, 0.05, &reached);
    assert_true(reached);
    int answered = 0, wrong = 0;
    for (int i = 0; i < 400; i++) {
        bool speaks = calibration_probability(&c, cases[i].features) >= t;
        answered += speaks;
        wrong += speaks && !cases[i].correct;
    }
    assert_true(wrong <= 0.05 * 401 && answered > 100);
    (void)calibration_conformal(&c, cases, 4, 0.05, &reached);
    assert_false(reached); /* four cases bound nothing at 5 % */
    assert_int_equal(calibration_fit(cases, 1, 0.1, &c, &err), STATUS_INVALID);
}

/* What can only speak against an answer never comes to speak for it, whatever the cases say. */
static void weights_keep_their_sign(void **state)
{
    (void)state;
    calibration_case cases[200] = {{{0}, false, 0}};
    for (int i = 0; i < 200; i++) {
        cases[i].correct = i % 3 != 0;
        cases[i].features[CALIBRATION_LEFT] = cases[i].correct ? 1 : 0.2;
        cases[i].features[CALIBRATION_COVERAGE] = (i % 7) / 7.0;
        cases[i].weight = i % 2 ? 6 : 1;
    }
    calibration c = {0};
    error err = {0};
    assert_int_equal(calibration_fit(cases, 200, 0.1, &c, &err), STATUS_OK);
    assert_true(c.weights[CALIBRATION_LEFT] == 0);
    for (int i = 0; i < 200; i++)
        cases[i].features[CALIBRATION_LEFT] = cases[i].correct ? 0.2 : 1;
    assert_int_equal(calibration_fit(cases, 200, 0.1, &c, &err), STATUS_OK);
    assert_true(c.weights[CALIBRATION_LEFT] < -1);
}

static void terminal_gets_no_control_characters(void **state)
{
    (void)state;
    buf out = {0};
    render_add_safe(&out, STR("a\033[31mb\u202ec\x01\xff"));
    assert_string_equal(out.data, "a [31mbc \xef\xbf\xbd");
    buf_free(&out);
}

static answer sample(void)
{
    static const answer_citation cited[] = {{.n = 1,
                                             .statement_id = 7,
                                             .subject = {"肺结核", 9},
                                             .predicate = {"检查", 6},
                                             .object = {"结核菌素试验", 18},
                                             .source = {"data/disease.csv", 16},
                                             .position = 812,
                                             .valid_from = CLOCK_DAY_UNKNOWN,
                                             .valid_to = CLOCK_DAY_UNKNOWN,
                                             .confidence = 1}};
    static const int numbers[] = {1};
    static const answer_clause clauses[] = {
        {{"肺结核需要做的检查：结核菌素试验", 48}, VERDICT_SUPPORTED, numbers, 1}};
    static const str values[] = {{"结核菌素试验", 18}};
    return (answer){.id = STR("1"),
                    .question = STR("q"),
                    .lang = STR("zh"),
                    .text = STR("肺结核需要做的检查：结核菌素试验 [1]。"),
                    .values = values,
                    .value_count = 1,
                    .clauses = clauses,
                    .clause_count = 1,
                    .citations = cited,
                    .citation_count = 1,
                    .confidence = 0.97,
                    .scope_notice = STR("以上内容来自所载图谱，不能代替医生的诊断。")};
}

static void answers_look_like_the_design(void **state)
{
    (void)state;
    template_set *set = NULL;
    error err = {0};
    assert_int_equal(template_open(NULL, &set, &err), STATUS_OK);
    answer a = sample();
    buf out = {0};
    render_answer(&a, set, &(render_options){0}, &out);
    assert_string_equal(out.data, "肺结核需要做的检查：结核菌素试验 [1]。\n"
                                  "✓ 每一句都有图谱依据\n\n"
                                  "[1] 肺结核 → 检查 → 结核菌素试验  disease.csv 第 812 行\n"
                                  "以上内容来自所载图谱，不能代替医生的诊断。          "
                                  "置信 0.97 · 0.0 ms · none\n");
    for (int columns = 1; columns < 90; columns += 7) {
        buf_clear(&out);
        render_answer(&a, set, &(render_options){.columns = columns}, &out);
        assert_true(utf8_valid(out.data, out.length));
        str lines = buf_str(&out), line;
        while (columns >= 36 &&
               str_split(&lines, '\n', &line)) { /* the closing stop may hang over */
            if (utf8_columns(line.data, line.length) > (size_t)columns + 2)
                fail_msg("%d: %.*s", columns, STR_ARG(line));
            assert_false(line.length > 0 && line.data[line.length - 1] == ' ');
        }
    }
    buf_free(&out);
    template_close(set);
}

static void answers_meet_their_schema(void **state)
{
    (void)state;
    str text;
    json_t *schema = NULL;
    error err = {0};
    assert_true(resource_embedded(STR("answer.schema.json"), &text));
    assert_int_equal(json_schema_parse("s", text.data, text.length, &schema, &err), STATUS_OK);
    answer a = sample();
    json_t *j = answer_to_json(&a);
    if (json_schema_check(schema, j, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    a = (answer){.status = ANSWER_ABSTAINED, .question = {"\xff\xfe", 2}, .lang = STR("en")};
    json_t *k = answer_to_json(&a);
    if (json_schema_check(schema, k, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    json_object_del(k, "status");
    assert_int_equal(json_schema_check(schema, k, &err), STATUS_INVALID);
    json_decref(j);
    json_decref(k);
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_fill_once),
        cmocka_unit_test(every_template_speaks_both_languages),
        cmocka_unit_test(citations_fold_into_ranges),
        cmocka_unit_test(a_statement_is_cited_once),
        cmocka_unit_test(excerpts_keep_what_was_asked),
        cmocka_unit_test(confidence_is_fitted_and_bounded),
        cmocka_unit_test(weights_keep_their_sign),
        cmocka_unit_test(terminal_gets_no_control_characters),
        cmocka_unit_test(answers_look_like_the_design),
        cmocka_unit_test(answers_meet_their_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
