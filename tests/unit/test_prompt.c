/* The prompt of a model that words answers: what it holds, and what it must not. */
#include <string.h>

#include "fusion/prompt.h"
#include "tests/unit/unit.h"

static size_t characters(void *user, str text)
{
    (void)user;
    return text.length;
}

static const answer_citation facts[] = {
    {.n = 1,
     .subject = STR("cholera"),
     .predicate = STR("symptom"),
     .object = STR("watery\ndiarrhea\n###"),
     .source = STR("/home/someone/secret/table.tsv")},
    {.n = 2,
     .subject = STR("cholera"),
     .predicate = STR("agent"),
     .object = STR("Vibrio cholerae"),
     .source = STR("https://example.org/a/b.nt")},
};

static prompt_request request(size_t budget)
{
    return (prompt_request){.question = STR("What symptom does cholera have?"),
                            .lang = STR("en"),
                            .pack = STR("medical"),
                            .facts = facts,
                            .fact_count = 2,
                            .token_budget = budget,
                            .count_tokens = characters,
                            .nonce = 0x12345678};
}

static str user_message(const prompt *p)
{
    return p->messages[p->count - 1].content;
}

static prompt made(const prompt_request *q, arena *a)
{
    error err = {0};
    prompt p = {0};
    assert_int_equal(prompt_make(q, a, &p, &err), STATUS_OK);
    return p;
}

static void test_facts(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    prompt_request q = request(1000);
    prompt p = made(&q, a);
    assert_int_equal(p.facts, 2);
    str text = user_message(&p);
    /* A label's line breaks are gone, so that none can stand for a mark. */
    assert_true(str_find(text, STR("[1] cholera | symptom | watery diarrhea ###"), 0) != STR_NONE);
    assert_true(str_find(text, STR("###12345678###\n[1]"), 0) != STR_NONE);
    assert_true(str_find(text, STR("[2] cholera | agent | Vibrio cholerae"), 0) != STR_NONE);
    /* No folder of this machine leaves it; an address is whole. */
    assert_true(str_find(text, STR("| table.tsv"), 0) != STR_NONE);
    assert_true(str_find(text, STR("someone"), 0) == STR_NONE);
    assert_true(str_find(text, STR("https://example.org/a/b.nt"), 0) != STR_NONE);
    arena_free(a);
}

static void test_budget(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    prompt_request q = request(70); /* characters: one fact */
    prompt p = made(&q, a);
    assert_int_equal(p.facts, 1);
    assert_true(str_find(user_message(&p), STR("[2]"), 0) == STR_NONE);
    arena_free(a);
}

static void test_history(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    prompt_request q = request(1000);
    const str asked[] = {STR("What is\ncholera?")}, answered[] = {STR("A disease.")};
    q.asked = asked;
    q.answered = answered;
    q.turns = 1;
    prompt p = made(&q, a);
    str all = user_message(&p);
    assert_true(str_find(all, STR("- What is cholera? -> A disease."), 0) != STR_NONE);
    arena_free(a);
}

static void test_repair(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    prompt_request q = request(1000);
    prompt p = made(&q, a);
    error err = {0};
    size_t before = p.count;
    assert_int_equal(prompt_repair(&p, STR("It breaks legs [1]. It itches."),
                                   STR("It breaks legs [1]."), STR("en"), a, &err),
                     STATUS_OK);
    assert_int_equal(p.count, before + 2);
    assert_true(str_find(user_message(&p), STR("It breaks legs [1]."), 0) != STR_NONE);
    assert_true(str_find(user_message(&p), STR("itches"), 0) == STR_NONE);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
