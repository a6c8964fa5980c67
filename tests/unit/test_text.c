/* The normaliser: what compares equal, where it stood, and what must not break it. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "core/compiler.h"
#include "retriever/text.h"

static text_tokens tokens_of(arena *a, const char *text, bool name)
{
    text_tokens t = {0};
    error err = {0};
    assert_int_equal(text_tokenise(str_from(text), name, a, &t, &err), STATUS_OK);
    return t;
}

static uint64_t chain_of(const text_tokens *t)
{
    uint64_t chain = 0;
    for (size_t i = 0; i < t->count; i++)
        chain = text_chain(chain, t->items[i].hash);
    return chain;
}

static void assert_same(const char *x, const char *y, bool name)
{
    arena *a = arena_new(0);
    text_tokens tx = tokens_of(a, x, name), ty = tokens_of(a, y, name);
    assert_int_equal(tx.count, ty.count);
    assert_true(chain_of(&tx) == chain_of(&ty));
    arena_free(a);
}

static void what_is_typed_otherwise_is_the_same(void **state)
{
    (void)state;
    assert_same("ＡＢＣ　１２３", "abc 123", false);
    assert_same("frederica_of_mecklenburg-strelitz", "Frederica of Mecklenburg Strelitz", false);
    assert_same("dateOfBirth", "date of birth", true);
    assert_same("肺結核", "肺结核", false);
    assert_same("民法典第一千零七十七条", "民法典第1077条", false);
    assert_same("民法典 第一千零七十七條", "民法典第1077条", false);
    assert_same("Cafe\xcc\x81", "CAF\xc3\x89", false);
}

static void offsets_point_into_the_text_as_given(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    const char *text = "  ＴＢ肺結核第十二条?";
    text_tokens t = tokens_of(a, text, false);
    for (size_t i = 0; i < t.count; i++) {
        assert_true(t.items[i].start < t.items[i].end);
        assert_true(t.items[i].end <= strlen(text));
        assert_true(i == 0 || t.items[i].start >= t.items[i - 1].end);
    }
    assert_true(str_equal(t.items[0].norm, STR("tb")));
    assert_int_equal(t.items[0].start, 2);
    assert_int_equal(t.items[5].kind, TEXT_NUMBER);
    assert_true(str_equal(t.items[5].norm, STR("12")));
    arena_free(a);
}

static void numerals_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *han;
        uint64_t value;
    } good[] = {{"十二", 12},  {"一百三十三", 133}, {"一千零七十七", 1077},
                {"两百", 200}, {"二〇二三", 2023},  {"三万五千", 35000}};
    uint64_t value = 0;
    for (size_t i = 0; i < CORE_COUNT(good); i++) {
        assert_true(text_chinese_number(str_from(good[i].han), &value));
        assert_true(value == good[i].value);
    }
    assert_false(text_chinese_number(STR("天"), &value));
    assert_false(text_chinese_number(STR(""), &value));
}

static void bad_text_is_bounded(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    text_tokens t = {0};
    error err = {0};
    buf many = {0};
    for (int i = 0; i < TEXT_MAX_TOKENS + 10; i++)
        buf_add_cstr(&many, "字");
    assert_int_equal(text_tokenise(buf_str(&many), false, a, &t, &err), STATUS_LIMIT);
    buf_free(&many);
    t = tokens_of(a, "a\xff\xfe b\x01\xe2\x80\xae c", false);
    assert_int_equal(t.count, 3);
    t = tokens_of(a, "", false);
    assert_int_equal(t.count, 0);
    t = tokens_of(a, "%s%n'; DROP TABLE x;--", false);
    assert_true(t.count > 3);
    arena_free(a);
}

static void related_words_share_a_root(void **state)
{
    (void)state;
    assert_true(str_equal(text_root(STR("directed")), text_root(STR("director"))));
    assert_true(str_equal(text_root(STR("acted")), text_root(STR("actor"))));
    assert_true(str_equal(text_root(STR("wrote")), text_root(STR("writer"))));
    assert_false(str_equal(text_root(STR("actor")), text_root(STR("author"))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_otherwise_is_the_same),
        cmocka_unit_test(offsets_point_into_the_text_as_given),
        cmocka_unit_test(numerals_are_read),
        cmocka_unit_test(bad_text_is_bounded),
        cmocka_unit_test(related_words_share_a_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
