/* What a passage says of a question: sentences, lists with the words that lead them, everyday words
 * said by the words of texts, names. */
#include "retriever/passage_match.h"

#include "tests/unit/unit.h"

static arena *a;

static int open_arena(void **state)
{
    (void)state;
    a = arena_new(0);
    return a == NULL;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static passage_reading read_as(const char *words, const synonym_row *rows, size_t row_count,
                               const measure_ask *ask, const char *text, const char *named)
{
    passage_reading out = {0};
    passage_match *m = passage_match_new(str_from(words), rows, row_count, ask, a);
    assert_non_null(m);
    passage_match_count(m, str_from(text));
    passage_match_count(m, STR("企业应当依法纳税。"));
    passage_match_weigh(m);
    passage_match_read(m, STR("中华人民共和国某法#第一条"), str_from(text), str_from(named),
                       str_make(NULL, 0), &out);
    return out;
}

static void a_sentence_says_it(void **state)
{
    (void)state;
    passage_reading whole = read_as("租赁期限", NULL, 0, NULL, "租赁期限不得超过二十年。", "");
    passage_reading apart =
        read_as("租赁期限", NULL, 0, NULL, "出租人交付租赁物。诉讼有期限。", "");
    assert_true(whole.sentence > 0.99 && whole.chars > 0.99);
    assert_true(apart.sentence < 0.7 && apart.chars < whole.chars);
    assert_true(apart.whole > apart.sentence);
}

static void an_item_keeps_its_lead(void **state)
{
    (void)state;
    const char *text = "有下列情形之一的，劳动者可以解除合同：\n（一）未及时足额支付劳动报酬的；\n"
                       "（二）未依法缴纳社会保险费的。";
    passage_reading r = read_as("解除合同 社会保险费", NULL, 0, NULL, text, "");
    assert_true(r.sentence > 0.99);
    assert_true(r.first < 0.7);
}

static void everyday_words_and_names(void **state)
{
    (void)state;
    const synonym_row rows[] = {{STR("官司"), STR("诉讼")}};
    const char *text = "当事人可以提起诉讼。";
    passage_reading bare = read_as("打官司", NULL, 0, NULL, text, "");
    passage_reading meant = read_as("打官司", rows, 1, NULL, text, "");
    passage_reading named = read_as("打官司", NULL, 0, NULL, text, "打官司");
    assert_true(bare.sentence < 0.01 && meant.sentence > 0.4);
    assert_true(named.sentence > 0.99);
}

static void measures_and_meanings(void **state)
{
    (void)state;
    measure_ask ask;
    assert_true(measure_asked(STR("租赁期限多少年"), &ask));
    passage_reading with = read_as("租赁期限", NULL, 0, &ask, "租赁期限不得超过二十年。", "");
    passage_reading without = read_as("租赁期限", NULL, 0, &ask, "租赁期限由当事人约定。", "");
    assert_true(with.measured > 0.99 && without.measured < 0);
    assert_true(read_as("保险", NULL, 0, NULL, "本法所称保险，是指商业保险行为。", "").defines);
    assert_false(read_as("保险", NULL, 0, NULL, "保险人应当赔偿。", "").defines);
}

static void what_is_beside_a_name(void **state)
{
    (void)state;
    passage_match *m = passage_match_new(STR("试用期工资"), NULL, 0, NULL, a);
    assert_non_null(m);
    passage_match_count(m, STR("试用期的工资不得低于百分之八十。"));
    passage_match_weigh(m);
    assert_true(passage_match_rest(m, STR("试用期"), STR("试用期最长六个月。")) < 0.01);
    assert_true(passage_match_rest(m, STR("试用期"), STR("试用期的工资。")) > 0.99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_says_it),       cmocka_unit_test(an_item_keeps_its_lead),
        cmocka_unit_test(everyday_words_and_names), cmocka_unit_test(measures_and_meanings),
        cmocka_unit_test(what_is_beside_a_name),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
