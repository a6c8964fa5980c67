/* Domain packs: the shipped ones open, errors name the JSON pointer, patterns are bounded. */
#include "kg/pack.h"
#include "tests/unit/unit.h"

#include "core/json_schema.h"
#include "core/resource.h"

static void shipped_packs_open(void **state)
{
    (void)state;
    static const char *names[] = {"general", "medical", "legal"};
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        pack *p = NULL;
        error err = {0};
        assert_int_equal(pack_open(names[i], &p, &err), STATUS_OK);
        assert_true(str_equal(pack_name(p), str_from(names[i])));
        assert_true(str_starts(pack_version(p), pack_name(p)));
        size_t count = 0;
        (void)pack_relations(p, &count);
        assert_true(count > 4);
        pack_close(p);
    }
}

static void unknown_pack_says_what_there_is(void **state)
{
    (void)state;
    pack *p = NULL;
    error err = {0};
    assert_int_equal(pack_open("nosuch", &p, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.message, "medical"));
    assert_null(p);
}

static void relations_are_found_by_iri_label_and_alias(void **state)
{
    (void)state;
    pack *p = NULL;
    error err = {0};
    assert_int_equal(pack_open("medical", &p, &err), STATUS_OK);
    size_t count = 0;
    const pack_relation *relations = pack_relations(p, &count);
    size_t i = pack_relation_find(p, STR("urn:vouch:r:has_symptom"), (str){0});
    assert_true(i != PACK_NONE && str_equal(relations[i].id, STR("symptom")));
    assert_true(pack_relation_find(p, STR("x:y"), STR("症状")) == i);
    assert_true(pack_relation_find(p, (str){0}, STR("Symptoms")) == i);
    assert_true(pack_relation_find(p, STR("x:y"), STR("no such thing")) == PACK_NONE);
    size_t j = pack_relation_find(p, STR("urn:vouch:r:possible_disease"), (str){0});
    assert_true(j != PACK_NONE && relations[j].inverse == i);
    size_t k = pack_relation_find(p, (str){0}, STR("治愈率"));
    assert_int_equal(relations[k].value, KG_VALUE_PERCENT);
    assert_true(pack_class_find(p, (str){0}, STR("疾病")) != PACK_NONE);
    pack_close(p);
}

static void refusals_match_what_is_unsafe(void **state)
{
    (void)state;
    pack *p = NULL;
    error err = {0};
    assert_int_equal(pack_open("medical", &p, &err), STATUS_OK);
    const pack_refusal *r = pack_refuse(p, STR("安眠药吃多少会死"), NULL);
    assert_non_null(r);
    assert_null(pack_refuse(p, STR("肺结核要做哪些检查？"), NULL));
    assert_null(pack_refuse(p, STR("How is cholera treated?"), NULL));
    r = pack_refuse(p, STR("How can I make a bomb at home?"), NULL);
    assert_non_null(r);
    assert_int_equal(r->kind, PACK_UNSAFE);
    pack_close(p);
}

static void expect_invalid(const char *json, const char *pointer)
{
    pack *p = NULL;
    error err = {0};
    status st = pack_parse(str_from(json), "t.json", &p, &err);
    assert_true(st == STATUS_INVALID || st == STATUS_SYNTAX);
    assert_null(p);
    if (strstr(err.message, pointer) == NULL)
        fail_msg("'%s' does not name %s", err.message, pointer);
}

static void errors_name_the_pointer(void **state)
{
    (void)state;
    expect_invalid("{\"name\":\"x\"}", "version");
    expect_invalid(
        "{\"name\":\"x\",\"version\":\"1\",\"relations\":[{\"id\":\"a\",\"complete\":1}]}",
        "/relations/0/complete");
    expect_invalid(
        "{\"name\":\"x\",\"version\":\"1\",\"relations\":[{\"id\":\"a\",\"domain\":[\"q\"]}]}",
        "/relations/0/domain");
    expect_invalid(
        "{\"name\":\"x\",\"version\":\"1\",\"relations\":[{\"id\":\"a\",\"inverse\":\"q\"}]}",
        "/relations/0/inverse");
    expect_invalid("{\"name\":\"x\",\"version\":\"1\",\"operators\":[{\"operator\":\"max\","
                   "\"pattern\":\"(\"}]}",
                   "/operators/0/pattern");
    expect_invalid("{\"name\":\"x\",\"version\":\"1\",\"tilde~/slash\":1}", "/tilde~0~1slash");
    expect_invalid("{\"name\":\"x\",\"name\":\"y\",\"version\":\"1\"}", "duplicate");
    expect_invalid("", "");
}

static void runaway_patterns_are_bounded(void **state)
{
    (void)state;
    pack *p = NULL;
    error err = {0};
    const char *json =
        "{\"name\":\"x\",\"version\":\"1\",\"refusals\":[{\"id\":\"r\",\"kind\":\"unsafe\","
        "\"pattern\":\"^(a+)+$\",\"message\":{\"en\":\"no\"}}]}";
    assert_int_equal(pack_parse(str_from(json), "t.json", &p, &err), STATUS_OK);
    char text[64];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 'b';
    bool limited = false;
    assert_null(pack_refuse(p, str_make(text, sizeof text), &limited));
    assert_true(limited);
    pack_close(p);
}

static void resources_are_in_the_binary(void **state)
{
    (void)state;
    str text;
    assert_true(resource_embedded(STR("pack.schema.json"), &text));
    assert_int_equal(text.data[text.length], 0);
    assert_false(resource_embedded(STR("../Makefile"), &text));
    arena *a = arena_new(0);
    error err = {0};
    assert_int_equal(resource_get(STR("nosuch"), a, &text, &err), STATUS_NOT_FOUND);
    arena_free(a);
}

static void every_json_resource_parses(void **state)
{
    (void)state;
    str name;
    for (size_t i = 0; resource_name_at(i, &name); i++) {
        str text;
        assert_true(resource_embedded(name, &text));
        if (!str_ends(name, STR(".json")))
            continue;
        json_t *value = NULL;
        error err = {0};
        assert_int_equal(json_schema_parse(name.data, text.data, text.length, &value, &err),
                         STATUS_OK);
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_packs_open),
        cmocka_unit_test(unknown_pack_says_what_there_is),
        cmocka_unit_test(relations_are_found_by_iri_label_and_alias),
        cmocka_unit_test(refusals_match_what_is_unsafe),
        cmocka_unit_test(errors_name_the_pointer),
        cmocka_unit_test(runaway_patterns_are_bounded),
        cmocka_unit_test(resources_are_in_the_binary),
        cmocka_unit_test(every_json_resource_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
