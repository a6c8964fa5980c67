/* Generation by a local model: the small real model of the shared data (skipped without it). */
#include "tests/unit/unit.h"

#include "core/utf8.h"
#include "llm/local.h"
#include "llm/spans.h"
#include "llm/trie.h"

static llm *model; /* shared by the tests; NULL without the data */

static int open_model(void **state)
{
    (void)state;
    char path[1024];
    const char *data = getenv("VOUCH_DATA");
    snprintf(path, sizeof path, "%s/models/stories260K-f32.gguf",
             data != NULL ? data : "../shared/data");
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return 0;
    fclose(f);
    error err = {0};
    if (llm_local_open(path, NULL, NULL, &model, &err) != STATUS_OK) {
        print_error("%s\n", err.message);
        return 1;
    }
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    llm_close(model);
    return 0;
}

static llm_request story(void)
{
    llm_request q = llm_request_default();
    q.prompt = STR("Once upon a time");
    q.max_tokens = 24;
    return q;
}

static char *generate(const llm_request *q, llm_finish *finish)
{
    llm_result r = {0};
    error err = {0};
    status s = llm_generate(model, q, &r, &err);
    if (s != STATUS_OK)
        fail_msg("%s: %s", status_name(s), err.message);
    *finish = r.finish;
    assert_true(utf8_valid(r.text.data, r.text.length));
    assert_int_equal(r.prompt_tokens > 0, 1);
    buf text = {0};
    buf_add(&text, buf_str(&r.text));
    llm_result_free(&r);
    return buf_take(&text); /* "" when there is none */
}

#define NEEDS_MODEL                                                                                \
    do {                                                                                           \
        (void)state;                                                                               \
        if (model == NULL)                                                                         \
            skip();                                                                                \
    } while (0)

static void tells_a_story(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    char *text = generate(&q, &finish);
    assert_non_null(strstr(text, "there was a little girl named"));
    assert_int_equal(finish, LLM_FINISH_LENGTH);
    free(text);
}

static void the_same_seed_gives_the_same_text(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    q.sampling.temperature = 1.2f;
    q.sampling.seed = 7;
    char *a = generate(&q, &finish), *b = generate(&q, &finish);
    q.sampling.seed = 8;
    char *c = generate(&q, &finish);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    free(a);
    free(b);
    free(c);
}

typedef struct seen {
    buf text;
    int calls, stop_after;
} seen;

static bool collect(void *user, str text)
{
    seen *s = user;
    assert_true(utf8_valid(text.data, text.length));
    buf_add(&s->text, text);
    return ++s->calls != s->stop_after;
}

static void streams_what_it_returns(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    seen s = {0};
    q.on_text = collect;
    q.user = &s;
    char *text = generate(&q, &finish);
    assert_string_equal(text, s.text.data);
    assert_true(s.calls > 5);
    free(text);
    buf_clear(&s.text);
    s.calls = 0, s.stop_after = 3;
    text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_CANCELLED);
    assert_int_equal(s.calls, 3);
    free(text);
    buf_free(&s.text);
    atomic_bool cancel = true;
    q.cancel = &cancel;
    text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_CANCELLED);
    assert_string_equal(text, "");
    free(text);
}

static void stops_before_a_stop_string(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    const str stop[] = {STR("zzz"), STR("girl named")};
    seen s = {0};
    q.on_text = collect;
    q.user = &s;
    q.stop = stop, q.stop_count = 2;
    char *text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_STOP);
    assert_null(strstr(text, "girl named"));
    assert_non_null(strstr(text, "little"));
    assert_string_equal(text, s.text.data);
    free(text);
    buf_free(&s.text);
}

static void follows_a_grammar(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    q.grammar = STR("root ::= \" there were \" [0-9]{2} (\" cats\" | \" dogs\") \".\"");
    char *text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_STOP);
    assert_int_equal(strlen(text), strlen(" there were 12 cats."));
    assert_memory_equal(text, " there were ", 12);
    free(text);
    q.max_tokens = 3;
    text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_LENGTH);
    free(text);
}

static void follows_a_schema_under_sampling(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    q.max_tokens = 200;
    q.sampling.temperature = 1.5f;
    q.json_schema = STR("{\"type\":\"object\",\"properties\":{\"n\":{\"enum\":[1,2]},"
                        "\"ok\":{\"type\":\"boolean\"}},\"required\":[\"n\",\"ok\"]}");
    for (uint64_t seed = 0; seed < 3; seed++) {
        q.sampling.seed = seed;
        char *text = generate(&q, &finish);
        assert_int_equal(finish, LLM_FINISH_STOP);
        assert_non_null(strstr(text, "\"ok\":"));
        assert_int_equal(text[strlen(text) - 1], '}');
        free(text);
    }
}

static void says_one_entry_of_a_trie(void **state)
{
    NEEDS_MODEL;
    const llm_tokenizer *t = llm_vocabulary(model);
    llm_trie *trie = NULL;
    llm_request q = story();
    llm_finish finish;
    error err = {0};
    assert_int_equal(llm_trie_new(llm_tokenizer_count(t), &trie, &err), STATUS_OK);
    const char *entries[] = {" a dragon slept", " nothing happened", " there was a king"};
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(
            llm_trie_add_text(trie, t, str_from(entries[i]), LLM_ENCODE_CONTINUE, i, &err),
            STATUS_OK);
    assert_int_equal(llm_constraint_trie(trie, &q.constraint, &err), STATUS_OK);
    char *text = generate(&q, &finish);
    uint32_t value = 9;
    assert_int_equal(finish, LLM_FINISH_STOP);
    assert_true(llm_constraint_trie_value(q.constraint, &value));
    assert_string_equal(text, entries[value]);
    free(text);
    llm_constraint_free(q.constraint);
    llm_trie_free(trie);
}

static void an_empty_set_ends_generation(void **state)
{
    NEEDS_MODEL;
    llm_trie *trie = NULL;
    llm_request q = story();
    llm_finish finish;
    error err = {0};
    llm_trie_new(llm_tokenizer_count(llm_vocabulary(model)), &trie, &err);
    assert_int_equal(llm_constraint_trie(trie, &q.constraint, &err), STATUS_OK);
    char *text = generate(&q, &finish);
    assert_int_equal(finish, LLM_FINISH_CONSTRAINT);
    assert_string_equal(text, "");
    free(text);
    llm_constraint_free(q.constraint);
    llm_trie_free(trie);
}

static void names_only_what_is_listed(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_finish finish;
    error err = {0};
    const str names[] = {STR("Bob"), STR("Anna")};
    const llm_spans spans = {
        .open = STR("named "), .close = STR("."), .entries = names, .count = 2};
    assert_int_equal(llm_constraint_spans(llm_vocabulary(model), &spans, &q.constraint, &err),
                     STATUS_OK);
    char *text = generate(&q, &finish);
    const char *at = strstr(text, "named ");
    assert_non_null(at);
    assert_true(strncmp(at + 6, "Bob.", 4) == 0 || strncmp(at + 6, "Anna.", 5) == 0);
    free(text);
    llm_constraint_free(q.constraint);
}

static void logprobs_are_the_models_own(void **state)
{
    NEEDS_MODEL;
    llm_request q = story();
    llm_result r = {0};
    error err = {0};
    q.logprobs = true;
    q.top_logprobs = 3;
    q.max_tokens = 5;
    assert_int_equal(llm_generate(model, &q, &r, &err), STATUS_OK);
    assert_int_equal(r.completion_tokens, 5);
    assert_int_equal(r.said_count, 5);
    assert_int_equal(r.top_count, 15);
    for (size_t i = 0; i < 5; i++) { /* greedy: the best is the one that was said */
        assert_int_equal(r.said[i].token, r.top[3 * i].token);
        assert_true(r.said[i].logprob <= 0);
        assert_true(r.top[3 * i].logprob >= r.top[3 * i + 1].logprob);
    }
    /* Asked again, the prompt is in the session already. */
    assert_int_equal(llm_generate(model, &q, &r, &err), STATUS_OK);
    assert_true(r.cached_tokens > 0);
    llm_result_free(&r);
}

static void wrong_requests_are_refused(void **state)
{
    NEEDS_MODEL;
    llm_result r = {0};
    llm_request q[5];
    for (int i = 0; i < 5; i++)
        q[i] = story();
    const status want[] = {STATUS_USAGE, STATUS_USAGE, STATUS_USAGE, STATUS_LIMIT, STATUS_SYNTAX};
    q[0].prompt = STR("");
    q[1].sampling.temperature = -1;
    q[2].grammar = STR("root ::= \"a\""), q[2].json_schema = STR("{}");
    char *big = malloc(1 << 20);
    memset(big, 'a', 1 << 20);
    q[3].prompt = str_make(big, 1 << 20);
    q[4].grammar = STR("root ::= (");
    for (int i = 0; i < 5; i++) {
        error err = {0};
        assert_int_equal(llm_generate(model, &q[i], &r, &err), want[i]);
        assert_true(err.message[0] != 0);
    }
    llm_result_free(&r);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_story),
        cmocka_unit_test(the_same_seed_gives_the_same_text),
        cmocka_unit_test(streams_what_it_returns),
        cmocka_unit_test(stops_before_a_stop_string),
        cmocka_unit_test(follows_a_grammar),
        cmocka_unit_test(follows_a_schema_under_sampling),
        cmocka_unit_test(says_one_entry_of_a_trie),
        cmocka_unit_test(an_empty_set_ends_generation),
        cmocka_unit_test(names_only_what_is_listed),
        cmocka_unit_test(logprobs_are_the_models_own),
        cmocka_unit_test(wrong_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
