/* Example questions tell relations apart by their words, however few of them speak for a relation.
 */
#include "retriever/examples.h"

#include <unistd.h>

#include "tests/unit/unit.h"

enum { AUTHOR, COLOUR, RIVER, RELATIONS };

static retriever_relation relations[RELATIONS];
static const retriever_schema schema = {.relations = relations, .relation_count = RELATIONS};

static examples *open_lines(const char *lines)
{
    char path[64];
    examples *e = NULL;
    error err = {0};
    relations[AUTHOR].label = STR("author");
    relations[COLOUR].label = STR("colour");
    relations[RIVER].label = STR("river");
    snprintf(path, sizeof path, "/tmp/vouch_test_examples_%ld.jsonl", (long)getpid());
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(lines, out);
    for (int i = 0; i < 60; i++)
        fprintf(out,
                "{\"question\": \"who is the author of book %d please\", \"entity\": \"book %d\", "
                "\"gold_path\": [\"author\"]}\n",
                i, i);
    fclose(out);
    assert_int_equal(examples_open(path, &schema, &e, &err), STATUS_OK);
    unlink(path);
    return e;
}

static example_scores *score(const examples *e, const char *question, arena *a)
{
    text_tokens tokens = {0};
    example_words words = {0};
    example_scores *out = NULL;
    error err = {0};
    assert_int_equal(text_tokenise(str_from(question), false, a, &tokens, &err), STATUS_OK);
    bool *named = ARENA_ARRAY(a, bool, tokens.count + 1);
    for (size_t i = 0; i < tokens.count; i++)
        named[i] = str_equal(tokens.items[i].norm, STR("milk"));
    assert_int_equal(examples_words(&tokens, named, a, &words, &err), STATUS_OK);
    assert_int_equal(examples_score(e, &words, a, &out, &err), STATUS_OK);
    return out;
}

static const char COLOURS[] =
    "{\"question\": \"which colour is snow\", \"entity\": \"snow\", \"gold_path\": [\"colour\"]}\n"
    "{\"question\": \"which river is near X\", \"entity\": \"X\", \"gold_path\": [\"-river\"]}\n";

/* Two examples against sixty: with every word that they lack held against them, the relation that
 * people ask for most won everywhere. */
static void few_examples_are_heard_beside_many(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    examples *e = open_lines(COLOURS);
    const uint32_t author = 2 * AUTHOR, colour = 2 * COLOUR, river = 2 * RIVER + 1;
    assert_int_equal(examples_count(e), 62);
    example_scores *s = score(e, "please tell which colour is the author of milk", a);
    assert_true(examples_steps(s, &colour, 1) > 0);
    s = score(e, "who is the author of milk please", a);
    assert_true(examples_steps(s, &author, 1) > examples_steps(s, &colour, 1));
    assert_true(examples_path(s, &author, 1) == 0);
    s = score(e, "which river is near milk", a);
    assert_true(examples_path(s, &river, 1) == 0);
    assert_true(examples_steps(s, &river, 1) > examples_steps(s, &author, 1));
    examples_close(e);
    arena_free(a);
}

static void trust_grows_with_examples_and_is_none_for_the_unseen(void **state)
{
    (void)state;
    arena *a = arena_new(0);
    examples *e = open_lines(COLOURS);
    const uint32_t author = 2 * AUTHOR, colour = 2 * COLOUR, unseen[] = {2 * AUTHOR, 2 * RIVER};
    example_scores *s = score(e, "who is the author of milk please", a);
    assert_true(examples_trust(s, &author, 1) > 0.85);
    assert_true(examples_trust(s, unseen, 2) == 0);
    s = score(e, "which colour is milk", a);
    double told = examples_trust(s, &colour, 1);
    assert_true(told > 0.05 && told < 0.3); /* one example is not much */
    examples_close(e);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_examples_are_heard_beside_many),
        cmocka_unit_test(trust_grows_with_examples_and_is_none_for_the_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
