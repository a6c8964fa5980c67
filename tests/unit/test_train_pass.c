/* llm/train: the blocked product against plain loops, and the gradients of a tiny net against
 * central differences of its own loss. */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/train/gemm_kernels.h"
#include "llm/train/grow.h"
#include "llm/train/pass.h"
#include "llm/train/random.h"

/* Sizes that leave parts of tiles and blocks over; bfloat16 against the product of rounded factors,
 * which its sums of floats must equal. */
static void check_gemm(gemm_scratch *s, gemm_products products, rng *r, size_t least_n)
{
    size_t m = 1 + rng_below(r, 130), n = least_n + rng_below(r, 90), k = 1 + rng_below(r, 300);
    bool ta = rng_chance(r, 0.5), tb = rng_chance(r, 0.5), add = rng_chance(r, 0.5);
    float *a = calloc(m * k, 4), *b = calloc(n * k, 4), *c = calloc(m * n, 4);
    float *want = calloc(m * n, 4);
    for (size_t i = 0; i < m * k; i++)
        a[i] = (float)rng_normal(r);
    for (size_t i = 0; i < n * k; i++)
        b[i] = (float)rng_normal(r);
    for (size_t i = 0; i < m * n; i++)
        c[i] = want[i] = (float)rng_normal(r);
    gemm(s, ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, c, n, add);
    for (size_t i = 0; i < m * k && products == GEMM_BF16; i++)
        a[i] = gemm_round_bf16(a[i]);
    for (size_t i = 0; i < n * k && products == GEMM_BF16; i++)
        b[i] = gemm_round_bf16(b[i]);
    gemm_reference(ta, tb, m, n, k, a, ta ? m : k, b, tb ? k : n, want, n, add);
    for (size_t i = 0; i < m * n; i++)
        assert_true(fabsf(c[i] - want[i]) < 1e-3f);
    free(a);
    free(b);
    free(c);
    free(want);
}

static void test_gemm(void **state)
{
    (void)state;
    rng r = {7};
    gemm_scratch *s = gemm_scratch_new();
    assert_non_null(s);
    const gemm_kernel *kernels[GEMM_KERNELS];
    size_t count = gemm_kernels(kernels);
    for (size_t i = 0; i < count; i++)
        for (int round = 0; round < 25 && kernels[i]->supported(); round++) {
            gemm_use_kernel(s, kernels[i]);
            check_gemm(s, kernels[i]->products, &r, round == 0 ? 600 : 1);
        }
    gemm_scratch_free(s);
}

static void test_bf16_rounding(void **state)
{
    (void)state;
    assert_true(gemm_round_bf16(1.0f) == 1.0f);
    assert_true(gemm_round_bf16(-3.5f) == -3.5f);
    assert_true(gemm_round_bf16(1.00390625f) == 1.0f);      /* a tie, to even: down */
    assert_true(gemm_round_bf16(1.01171875f) == 1.015625f); /* a tie, to even: up */
    assert_true(gemm_round_bf16(1.0039064f) == 1.0078125f); /* just above a tie */
    assert_true(isinf(gemm_round_bf16(3.4e38f)) != 0);
    assert_true(isnan(gemm_round_bf16(NAN)) != 0);
}

/* Two groups: a prefix of 4 and 3 with 3 and 2 candidates; the second has no right one. */
static const int32_t token[] = {1, 5, 6, 3, 7, 8, 9, 7, 4, 2, 10, 1, 6, 5, 11, 4, 8, 9};
static const int32_t position[] = {0, 1, 2, 3, 4, 5, 4, 5, 6, 4, 5, 0, 1, 2, 3, 4, 3, 4};
static const ops_span span[] = {{0, 0, 0},   {0, 0, 0},   {0, 0, 0},   {0, 0, 0},   {0, 4, 4},
                                {0, 4, 4},   {0, 4, 6},   {0, 4, 6},   {0, 4, 6},   {0, 4, 9},
                                {0, 4, 9},   {11, 0, 11}, {11, 0, 11}, {11, 0, 11}, {11, 3, 14},
                                {11, 3, 14}, {11, 3, 16}, {11, 3, 16}};
static const int32_t verdict_at[] = {5, 8, 10, 15, 17};
static const uint8_t gold[] = {0, 1, 0, 0, 0};
static const int32_t group_start[] = {0, 3, 5};
static const float group_weight[] = {1.0f, 0.7f};
static const int32_t target_at[] = {3, 6, 7, 8}, target[] = {9, 7, 4, 2};
static const float target_weight[] = {0.3f, 0.3f, 0.5f, 0.2f};

static const pass_batch batch = {
    .tokens = 18,
    .token = token,
    .position = position,
    .span = span,
    .verdicts = 5,
    .verdict_at = verdict_at,
    .verdict_gold = gold,
    .groups = 2,
    .group_start = group_start,
    .group_weight = group_weight,
    .targets = 4,
    .target_at = target_at,
    .target = target,
    .target_weight = target_weight,
    .token_ok = 3,
    .token_no = 4,
    .bce_weight = 0.5f,
};

/* The scalar that pass_run differentiates. */
static double objective(pass *p, const net *n, const pass_batch *b)
{
    pass_loss loss = {0};
    error err = {0};
    assert_int_equal(pass_run(p, n, b, NULL, &loss, NULL, &err), STATUS_OK);
    double lm = 0;
    for (size_t i = 0; i < b->targets; i++) {
        pass_batch one = *b;
        one.targets = 1;
        one.target_at += i;
        one.target += i;
        pass_loss part = {0};
        assert_int_equal(pass_run(p, n, &one, NULL, &part, NULL, &err), STATUS_OK);
        lm += part.lm * (double)b->target_weight[i];
    }
    return loss.rank + (double)b->bce_weight * loss.bce + lm;
}

static void test_gradients(void **state)
{
    (void)state;
    net_config config = {.dim = 16,
                         .layers = 2,
                         .heads = 2,
                         .ffn = 24,
                         .vocab = 12,
                         .context = 16,
                         .rope_base = 10000.0f,
                         .norm_eps = 1e-5f};
    error err = {0};
    net *n = NULL;
    pass *p = NULL;
    assert_int_equal(net_new(&config, 3, &n, &err), STATUS_OK);
    assert_int_equal(pass_new(n, 32, 8, &p, &err), STATUS_OK);
    size_t count = net_weight_count(n);
    float *w = net_weights(n), *g = calloc(count, sizeof *g);
    rng r = {11};
    for (size_t i = 0; i < count; i++)
        w[i] += (float)(0.2 * rng_normal(&r));
    pass_loss loss = {0};
    assert_int_equal(pass_run(p, n, &batch, NULL, &loss, g, &err), STATUS_OK);
    double worst = 0;
    for (int i = 0; i < 400; i++) {
        size_t at = rng_below(&r, count);
        float keep = w[at], step = 5e-3f;
        w[at] = keep + step;
        double up = objective(p, n, &batch);
        w[at] = keep - step;
        double down = objective(p, n, &batch);
        w[at] = keep;
        double numeric = (up - down) / (2.0 * (double)step);
        double gap = fabs(numeric - (double)g[at]) / (0.05 + fabs(numeric));
        worst = fmax(worst, gap);
    }
    assert_true(worst < 0.02);
    free(g);
    pass_free(p);
    net_free(n);
}

static void test_sharing_a_prefix_changes_nothing(void **state)
{
    (void)state;
    net_config config = {.dim = 32,
                         .layers = 2,
                         .heads = 2,
                         .ffn = 48,
                         .vocab = 12,
                         .context = 16,
                         .rope_base = 10000.0f,
                         .norm_eps = 1e-5f};
    error err = {0};
    net *n = NULL;
    pass *p = NULL;
    assert_int_equal(net_new(&config, 5, &n, &err), STATUS_OK);
    assert_int_equal(pass_new(n, 32, 8, &p, &err), STATUS_OK);
    float packed[5], alone = 0;
    pass_loss loss = {0};
    assert_int_equal(pass_run(p, n, &batch, packed, &loss, NULL, &err), STATUS_OK);
    const int32_t line[] = {1, 5, 6, 3, 9, 7, 4}, order[] = {0, 1, 2, 3, 4, 5, 6}, at[] = {6};
    const ops_span plain[7] = {{0, 0, 0}};
    const int32_t groups[] = {0, 1};
    pass_batch single = batch;
    single.tokens = 7;
    single.token = line;
    single.position = order;
    single.span = plain;
    single.verdicts = 1;
    single.verdict_at = at;
    single.groups = 1;
    single.group_start = groups;
    single.targets = 0;
    assert_int_equal(pass_run(p, n, &single, &alone, &loss, NULL, &err), STATUS_OK);
    assert_true(fabsf(alone - packed[1]) < 1e-4f);
    pass_free(p);
    net_free(n);
}

static void test_refusals(void **state)
{
    (void)state;
    net_config odd = {.dim = 10, .layers = 1, .heads = 3, .ffn = 8, .vocab = 12, .context = 8};
    error err = {0};
    net *n = NULL;
    assert_int_equal(net_new(&odd, 1, &n, &err), STATUS_INVALID);
    assert_null(n);
    odd.heads = 5;
    error_clear(&err);
    assert_int_equal(net_new(&odd, 1, &n, &err), STATUS_OK);
    pass *p = NULL;
    assert_int_equal(pass_new(n, 4, 8, &p, &err), STATUS_OK);
    pass_loss loss = {0};
    assert_int_equal(pass_run(p, n, &batch, NULL, &loss, NULL, &err), STATUS_LIMIT);
    pass_free(p);
    net_free(n);
}

/* A grown net says what the smaller one said, and its new weights can learn. */
static void test_growth(void **state)
{
    (void)state;
    net_config config = {16, 2, 2, 24, 12, 16, 10000.0f, 1e-5f}, wider = config, other = config;
    error err = {0};
    net *small = NULL, *large = NULL, *none = NULL;
    pass *p = NULL, *q = NULL;
    assert_int_equal(net_new(&config, 3, &small, &err), STATUS_OK);
    size_t count = net_weight_count(small);
    float *moments = calloc(2 * count, sizeof *moments), *grown = NULL;
    for (size_t i = 0; i < 2 * count; i++)
        moments[i] = (float)i;
    wider.layers = 5;
    wider.ffn = 40;
    assert_int_equal(net_grow(small, moments, &wider, 9, &large, &grown, &err), STATUS_OK);
    assert_int_equal(pass_new(small, 32, 8, &p, &err), STATUS_OK);
    assert_int_equal(pass_new(large, 32, 8, &q, &err), STATUS_OK);
    assert_true(fabs(objective(p, small, &batch) - objective(q, large, &batch)) < 1e-5);
    size_t final = net_offset_final_norm(large), before = net_offset_final_norm(small);
    assert_true(grown[final] == moments[before]);
    assert_true(grown[net_weight_count(large) + final] == moments[count + before]);
    float *g = calloc(net_weight_count(large), sizeof *g), most = 0;
    pass_loss loss = {0};
    assert_int_equal(pass_run(q, large, &batch, NULL, &loss, g, &err), STATUS_OK);
    size_t added = net_layer_at(large, 1)->attn_out; /* the copy of the first */
    assert_true(net_weights(large)[added] == 0);
    for (size_t i = 0; i < 16 * 16; i++)
        most = fmaxf(most, fabsf(g[added + i]));
    assert_true(most > 1e-6f);
    other.heads = 4;
    assert_int_equal(net_grow(small, moments, &other, 9, &none, &grown, &err), STATUS_INVALID);
    free(g);
    free(grown);
    free(moments);
    pass_free(p);
    pass_free(q);
    net_free(small);
    net_free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_bf16_rounding),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_sharing_a_prefix_changes_nothing),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
