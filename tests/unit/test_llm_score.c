/* Unit tests of llm_score: each score equals the sum of log-probabilities that evaluation token by
 * token gives, whatever the candidates share. */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/session.h"
#include "tests/unit/llm_models.h"

#define VOCABULARY 1000
#define CANDIDATES 40
#define LONGEST 12

static double logprob(const float *logits, int32_t token)
{
    double largest = (double)logits[0], sum = 0;
    for (size_t i = 1; i < VOCABULARY; i++)
        largest = fmax(largest, (double)logits[i]);
    for (size_t i = 0; i < VOCABULARY; i++)
        sum += exp((double)logits[i] - largest);
    return (double)logits[token] - largest - log(sum);
}

static double score_by_steps(llm_session *s, const int32_t *prefix, size_t n,
                             const llm_candidate *c, double *first)
{
    float logits[VOCABULARY];
    error err = {0};
    double sum = 0;
    assert_int_equal(llm_session_set(s, prefix, n, logits, NULL, &err), STATUS_OK);
    for (size_t i = 0; i < c->count; i++) {
        double p = logprob(logits, c->tokens[i]);
        sum += p;
        if (i == 0)
            *first = p;
        assert_int_equal(llm_session_eval(s, &c->tokens[i], 1, logits, &err), STATUS_OK);
    }
    return sum;
}

/* Candidates that share beginnings, repeat one another, and continue one another. */
static void make_candidates(int32_t tokens[CANDIDATES][LONGEST], llm_candidate *c)
{
    for (int32_t i = 0; i < CANDIDATES; i++) {
        for (int32_t k = 0; k < LONGEST; k++)
            tokens[i][k] = (k < 2 ? i / 8 : k < 5 ? i / 2 : i) * 31 % 900 + k;
        c[i] = (llm_candidate){tokens[i], (size_t)(i % LONGEST)};
    }
    c[7] = c[6];
    c[9] = (llm_candidate){tokens[8], 1};
    c[10] = (llm_candidate){tokens[8], 11};
}

static void check(const tiny_model *t, size_t prefix_count, llm_kv_type kv, double tolerance)
{
    static int32_t prefix[200], tokens[CANDIDATES][LONGEST];
    llm_candidate candidates[CANDIDATES];
    llm_candidate_score scores[CANDIDATES];
    buf b = tiny_build(t);
    llm_model *m = NULL;
    llm_session *s = NULL, *steps = NULL;
    error err = {0};
    llm_session_options options = {.context = 256, .kv = kv};
    size_t held;
    for (size_t i = 0; i < 200; i++)
        prefix[i] = (int32_t)(i * 37 % VOCABULARY);
    make_candidates(tokens, candidates);
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, &options, &s, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, &options, &steps, &err), STATUS_OK);
    for (int round = 0; round < 2; round++) { /* the second finds the prefix in place */
        assert_int_equal(llm_score(s, prefix, prefix_count, candidates, CANDIDATES, scores, &err),
                         STATUS_OK);
        assert_memory_equal(llm_session_tokens(s, &held), prefix, prefix_count * sizeof *prefix);
        assert_int_equal(held, prefix_count);
    }
    for (size_t i = 0; i < CANDIDATES; i++) {
        double first = 0;
        double want = score_by_steps(steps, prefix, prefix_count, &candidates[i], &first);
        assert_int_equal(scores[i].count, candidates[i].count);
        if (!(fabs(scores[i].logprob - want) <= tolerance) ||
            !(fabs(scores[i].first - first) <= tolerance))
            fail_msg("%s prefix %zu candidate %zu: %g, not %g", t->architecture, prefix_count, i,
                     scores[i].logprob, want);
    }
    llm_session_free(s);
    llm_session_free(steps);
    llm_model_close(m);
    buf_free(&b);
}

static void scores_equal_steps(void **state)
{
    (void)state;
    static const char *const architectures[] = {"llama", "qwen2", "qwen3"};
    for (size_t a = 0; a < 3; a++) {
        tiny_model t = tiny_default();
        t.architecture = architectures[a];
        check(&t, 1, LLM_KV_F32, 2e-3);
        check(&t, 32, LLM_KV_F16, 5e-3);
        check(&t, 100, LLM_KV_F16, 5e-3);
        t.type = GGUF_TYPE_Q8_0;
        check(&t, 61, LLM_KV_F16, 0.2);
    }
}

static void many_candidates_take_several_batches(void **state)
{
    (void)state;
    enum { MANY = 600 };
    static int32_t tokens[MANY][3];
    static llm_candidate candidates[MANY];
    static llm_candidate_score scores[MANY];
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    llm_model *m = NULL;
    llm_session *s = NULL, *steps = NULL;
    error err = {0};
    int32_t prefix[3] = {5, 6, 7};
    for (int32_t i = 0; i < MANY; i++) {
        tokens[i][0] = i;
        tokens[i][1] = 999 - i;
        tokens[i][2] = i / 2;
        candidates[i] = (llm_candidate){tokens[i], 3};
    }
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, NULL, &s, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, NULL, &steps, &err), STATUS_OK);
    assert_int_equal(llm_score(s, prefix, 3, candidates, MANY, scores, &err), STATUS_OK);
    for (size_t i = 0; i < MANY; i += 53) {
        double first = 0, want = score_by_steps(steps, prefix, 3, &candidates[i], &first);
        assert_true(fabs(scores[i].logprob - want) <= 5e-3);
    }
    llm_session_free(s);
    llm_session_free(steps);
    llm_model_close(m);
    buf_free(&b);
}

static void bad_candidates_are_refused(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    llm_model *m = NULL;
    llm_session *s = NULL;
    error err = {0};
    int32_t prefix[3] = {5, 6, 7}, bad = VOCABULARY, many[40] = {0};
    llm_candidate c = {&bad, 1};
    llm_candidate_score score;
    llm_session_options options = {.context = 32};
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, &options, &s, &err), STATUS_OK);
    assert_int_equal(llm_score(s, prefix, 0, &c, 1, &score, &err), STATUS_USAGE);
    error_clear(&err);
    assert_int_equal(llm_score(s, prefix, 3, &c, 1, &score, &err), STATUS_INVALID);
    error_clear(&err);
    c = (llm_candidate){many, 40};
    assert_int_equal(llm_score(s, prefix, 3, &c, 1, &score, &err), STATUS_LIMIT);
    error_clear(&err);
    assert_int_equal(llm_score(s, prefix, 3, NULL, 0, NULL, &err), STATUS_OK);
    llm_session_free(s);
    llm_model_close(m);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_steps),
        cmocka_unit_test(many_candidates_take_several_batches),
        cmocka_unit_test(bad_candidates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
