/* The sampler: each cut alone, determinism, logits that are no numbers, masks that leave nothing.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/constraint.h"
#include "llm/sampler.h"

#define N 8
static const float logits[N] = {0.5f, 3.0f, 2.0f, -1.0f, 3.0f, 1.0f, -2.0f, 0.0f};

static int32_t choose(llm_sampler *s, const float *l, const uint64_t *mask)
{
    int32_t token = -1;
    error err = {0};
    assert_int_equal(llm_sampler_choose(s, l, mask, NULL, 0, &token, &err), STATUS_OK);
    return token;
}

static llm_sampler *make(llm_sampling p)
{
    llm_sampler *s = NULL;
    error err = {0};
    assert_int_equal(llm_sampler_new(&p, N, &s, &err), STATUS_OK);
    return s;
}

/* How often each token comes in `draws`. */
static void histogram(llm_sampling p, const uint64_t *mask, int draws, int *count)
{
    llm_sampler *s = make(p);
    memset(count, 0, N * sizeof *count);
    for (int i = 0; i < draws; i++)
        count[choose(s, logits, mask)]++;
    llm_sampler_free(s);
}

static void greedy_takes_the_lowest_of_the_best(void **state)
{
    (void)state;
    llm_sampler *s = make(llm_sampling_default());
    assert_int_equal(choose(s, logits, NULL), 1);
    uint64_t mask = 1u << 3 | 1u << 5 | 1u << 6;
    assert_int_equal(choose(s, logits, &mask), 5);
    llm_sampler_free(s);
}

static void temperature_follows_the_softmax(void **state)
{
    (void)state;
    llm_sampling p = llm_sampling_default();
    p.temperature = 1.5f;
    int count[N];
    histogram(p, NULL, 40000, count);
    double norm = 0;
    for (int i = 0; i < N; i++)
        norm += exp(logits[i] / 1.5);
    for (int i = 0; i < N; i++)
        assert_true(fabs(count[i] / 40000.0 - exp(logits[i] / 1.5) / norm) < 0.01);
}

static void cuts(void **state)
{
    (void)state;
    int count[N];
    llm_sampling p = llm_sampling_default();
    p.temperature = 5;
    p.top_k = 3;
    histogram(p, NULL, 2000, count);
    assert_true(count[1] && count[4] && count[2]);
    assert_int_equal(count[1] + count[4] + count[2], 2000);
    p.top_k = 0;
    p.temperature = 1;
    p.top_p = 0.7f; /* 0.37 + 0.37: the first two */
    histogram(p, NULL, 2000, count);
    assert_int_equal(count[1] + count[4], 2000);
    p.top_p = 1;
    p.min_p = 0.2f; /* e^-1 = 0.37 stays, e^-2 = 0.14 goes */
    histogram(p, NULL, 2000, count);
    assert_true(count[2] > 0);
    assert_int_equal(count[1] + count[4] + count[2], 2000);
    p.min_p = 0;
    p.top_p = 1e-6f;
    histogram(p, NULL, 100, count);
    assert_int_equal(count[1], 100);
}

static void mask_holds_under_sampling(void **state)
{
    (void)state;
    int count[N];
    llm_sampling p = llm_sampling_default();
    p.temperature = 2;
    uint64_t mask = 1u << 0 | 1u << 6;
    histogram(p, &mask, 2000, count);
    assert_true(count[0] > 0 && count[6] > 0);
    assert_int_equal(count[0] + count[6], 2000);
}

static void seeds(void **state)
{
    (void)state;
    llm_sampling p = llm_sampling_default();
    p.temperature = 1;
    p.seed = 42;
    llm_sampler *a = make(p), *b = make(p);
    p.seed = 43;
    llm_sampler *c = make(p);
    int same = 0;
    for (int i = 0; i < 200; i++) {
        int32_t x = choose(a, logits, NULL);
        assert_int_equal(x, choose(b, logits, NULL));
        same += x == choose(c, logits, NULL);
    }
    assert_true(same < 150);
    llm_sampler_free(a);
    llm_sampler_free(b);
    llm_sampler_free(c);
}

static void penalty_counts_a_token_once(void **state)
{
    (void)state;
    llm_sampling p = llm_sampling_default();
    p.repeat_penalty = 1.4f; /* 3.0 / 1.4 = 2.14 > 2.0, / 1.96 would be less */
    llm_sampler *s = make(p);
    const int32_t recent[] = {1, 4, 4};
    int32_t token;
    error err = {0};
    llm_sampler_choose(s, logits, NULL, recent, 3, &token, &err);
    assert_int_equal(token, 1);
    const int32_t one[] = {1};
    llm_sampler_choose(s, logits, NULL, one, 1, &token, &err);
    assert_int_equal(token, 4);
    llm_sampler_free(s);
}

static void fails_closed(void **state)
{
    (void)state;
    llm_sampling p = llm_sampling_default();
    for (int round = 0; round < 2; round++) {
        p.temperature = (float)round;
        llm_sampler *s = make(p);
        uint64_t none = 0;
        int32_t token = -7;
        error err = {0};
        assert_int_equal(llm_sampler_choose(s, logits, &none, NULL, 0, &token, &err),
                         STATUS_NOT_FOUND);
        float bad[N];
        for (int i = 0; i < N; i++)
            bad[i] = NAN;
        err = (error){0};
        assert_int_equal(llm_sampler_choose(s, bad, NULL, NULL, 0, &token, &err), STATUS_INVALID);
        assert_int_equal(token, -7);
        bad[3] = -5;
        assert_int_equal(choose(s, bad, NULL), 3);
        bad[6] = INFINITY;
        assert_int_equal(choose(s, bad, NULL), 6);
        llm_sampler_free(s);
    }
}

static void options_are_checked(void **state)
{
    (void)state;
    llm_sampling bad[6];
    for (int i = 0; i < 6; i++)
        bad[i] = llm_sampling_default();
    bad[0].temperature = -1;
    bad[1].temperature = NAN;
    bad[2].top_p = 0;
    bad[3].min_p = 2;
    bad[4].repeat_penalty = 0;
    bad[5].top_p = NAN;
    for (int i = 0; i < 6; i++) {
        llm_sampler *s = NULL;
        error err = {0};
        assert_int_equal(llm_sampler_new(&bad[i], N, &s, &err), STATUS_USAGE);
        assert_null(s);
    }
}

static void logprobs(void **state)
{
    (void)state;
    llm_logprob top[3];
    assert_int_equal(llm_top_logprobs(logits, N, top, 3), 3);
    assert_int_equal(top[0].token, 1);
    assert_int_equal(top[1].token, 4);
    assert_int_equal(top[2].token, 2);
    double sum = 0, norm = llm_log_sum_exp(logits, N);
    for (int i = 0; i < N; i++)
        sum += exp(logits[i] - norm);
    assert_true(fabs(sum - 1) < 1e-9);
    assert_true(fabs(top[2].logprob - (2.0 - norm)) < 1e-5);
    llm_logprob all[20];
    assert_int_equal(llm_top_logprobs(logits, N, all, 20), N);
    assert_int_equal(llm_top_logprobs(logits, N, all, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_lowest_of_the_best),
        cmocka_unit_test(temperature_follows_the_softmax),
        cmocka_unit_test(cuts),
        cmocka_unit_test(mask_holds_under_sampling),
        cmocka_unit_test(seeds),
        cmocka_unit_test(penalty_counts_a_token_once),
        cmocka_unit_test(fails_closed),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(logprobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
