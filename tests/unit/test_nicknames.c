/* A pack's names for entities are found by their tokens, however they were typed. */
#include "retriever/nicknames.h"

#include "kg/pack.h"
#include "retriever/text.h"
#include "tests/unit/unit.h"

static const char PACK[] =
    "{\"name\": \"t\", \"version\": \"1\", \"title\": {\"zh\": \"试\"}, \"classes\": [], "
    "\"relations\": [], \"entities\": ["
    "{\"name\": \"民法典#第一千零七十七条\", \"aliases\": {\"zh\": [\"离婚冷静期\", \"冷静期\"]}}, "
    "{\"name\": \"Act#1\", \"aliases\": {\"en\": [\"cooling-off period\"]}}, "
    "{\"name\": \"Act#2\", \"aliases\": {\"en\": [\"cooling-off period\"]}}]}";

static uint64_t chain(const char *text, arena *a)
{
    text_tokens t = {0};
    error err = {0};
    uint64_t c = 0;
    assert_int_equal(text_tokenise(str_from(text), false, a, &t, &err), STATUS_OK);
    for (size_t i = 0; i < t.count; i++)
        c = text_chain(c, t.items[i].hash);
    return c;
}

static void finds_names_of_a_pack(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    pack *p = NULL;
    error err = {0};
    nicknames all;
    size_t count = 0;
    assert_int_equal(pack_parse(str_from(PACK), "t", &p, &err), STATUS_OK);
    assert_int_equal(nicknames_build(p, a, &all, &err), STATUS_OK);
    assert_int_equal(all.count, 4);
    assert_int_equal(all.longest, 5);
    const nickname *n = nicknames_find(&all, chain("離婚冷靜期", a), &count);
    assert_non_null(n);
    assert_int_equal(count, 1);
    assert_true(n->name == chain("民法典#第1077条", a));
    assert_non_null(nicknames_find(&all, chain("Cooling-Off Period", a), &count));
    assert_int_equal(count, 2);
    assert_null(nicknames_find(&all, chain("离婚", a), &count));
    assert_int_equal(count, 0);
    pack_close(p);
    arena_free(a);
}

static void article_numbers_meet_however_written(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    assert_true(chain("第一百三十三条之一", a) == chain("第133条之一", a));
    assert_true(chain("一百三十三条", a) == chain("133条", a));
    assert_true(chain("三条", a) != chain("3条", a)); /* a count of things is no article */
    assert_true(chain("第三条", a) == chain("第3条", a));
    arena_free(a);
}

static void no_pack_has_no_names(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    error err = {0};
    nicknames all;
    size_t count = 1;
    assert_int_equal(nicknames_build(NULL, a, &all, &err), STATUS_OK);
    assert_null(nicknames_find(&all, 7, &count));
    assert_int_equal(count, 0);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_of_a_pack),
        cmocka_unit_test(article_numbers_meet_however_written),
        cmocka_unit_test(no_pack_has_no_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
