/* Unit tests of llm/session: the engine against a plain model of the formulas in doubles, against
 * itself (batched, step by step, rewound, forked, cached), and from eight threads. */
#include "tests/unit/unit.h"

#include <math.h>
#include <pthread.h>

#include "llm/engine.h"
#include "llm/kv.h"
#include "llm/session.h"
#include "tests/unit/llm_models.h"

/* Minutes of arithmetic, in which ThreadSanitizer has nothing to find. */
#if defined(__SANITIZE_THREAD__)
#define SKIP_UNDER_TSAN() skip()
#else
#define SKIP_UNDER_TSAN() (void)0
#endif

typedef struct fixture {
    buf bytes;
    llm_model *model;
} fixture;

static fixture open_tiny(const tiny_model *t, const char *names, size_t threads)
{
    fixture f = {.bytes = tiny_build(t)};
    llm_model_options options = {.threads = threads, .kernels = names};
    error err = {0};
    if (llm_model_open_memory(f.bytes.data, f.bytes.length, "tiny", &options, &f.model, &err) !=
        STATUS_OK)
        fail_msg("%s", err.message);
    return f;
}

static void close_tiny(fixture *f)
{
    llm_model_close(f->model);
    buf_free(&f->bytes);
}

static llm_session *new_session(const fixture *f, size_t context, llm_kv_type kv, llm_cache *cache)
{
    llm_session_options options = {.context = context, .kv = kv, .cache = cache};
    llm_session *s = NULL;
    error err = {0};
    assert_int_equal(llm_session_new(f->model, &options, &s, &err), STATUS_OK);
    return s;
}

static void eval(llm_session *s, const int32_t *tokens, size_t n, float *logits)
{
    error err = {0};
    if (llm_session_eval(s, tokens, n, logits, &err) != STATUS_OK)
        fail_msg("%s", err.message);
}

static float worst(const float *a, const float *b, size_t n)
{
    float d = 0;
    for (size_t i = 0; i < n; i++)
        d = fmaxf(d, fabsf(a[i] - b[i]));
    return d;
}

#define VOCABULARY 1000
#define TOKENS 300
static int32_t sample[TOKENS];

static int make_sample(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TOKENS; i++)
        sample[i] = (int32_t)(i * 7919u % VOCABULARY);
    return 0;
}

/* --- a plain model in doubles --------------------------------------------------------------- */

typedef struct plain {
    const llm_shape *s;
    const gguf *g;
    double *keys, *values; /* [layer][position][kv size] */
    size_t room;
} plain;

static const float *weights(const plain *p, const char *format, uint32_t layer)
{
    char name[64];
    (void)snprintf(name, sizeof name, format, layer);
    const gguf_tensor *t = gguf_find_tensor(p->g, name);
    return t == NULL ? NULL : (const float *)gguf_tensor_data(p->g, t);
}

static void plain_multiply(const float *w, size_t rows, size_t columns, const double *x,
                           const float *bias, double *out)
{
    for (size_t r = 0; r < rows; r++) {
        out[r] = bias == NULL ? 0 : (double)bias[r];
        for (size_t c = 0; c < columns; c++)
            out[r] += (double)w[r * columns + c] * x[c];
    }
}

static void plain_norm(const double *x, const float *w, size_t n, double *out)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    double factor = 1 / sqrt(sum / (double)n + 1e-5);
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] * factor * (double)w[i];
}

/* Rotates neighbouring dimensions (llama) or halves (the others), straight from the formula. */
static void plain_rotate(const llm_shape *s, double *x, size_t position)
{
    for (uint32_t i = 0; i < s->head_size / 2; i++) {
        double angle = (double)position * pow(10000, -2.0 * i / s->head_size);
        uint32_t a = s->rope == LLM_ROPE_PAIRS ? 2 * i : i;
        uint32_t b = s->rope == LLM_ROPE_PAIRS ? 2 * i + 1 : i + s->head_size / 2;
        double u = x[a], v = x[b];
        x[a] = u * cos(angle) - v * sin(angle);
        x[b] = u * sin(angle) + v * cos(angle);
    }
}

static void plain_heads(const plain *p, double *x, uint32_t heads, const float *norm,
                        size_t position)
{
    for (uint32_t h = 0; h < heads; h++) {
        if (norm != NULL)
            plain_norm(x + h * p->s->head_size, norm, p->s->head_size, x + h * p->s->head_size);
        plain_rotate(p->s, x + h * p->s->head_size, position);
    }
}

static void plain_attend(const plain *p, uint32_t layer, size_t position, const double *q,
                         double *out)
{
    const llm_shape *s = p->s;
    size_t kv = engine_kv_size(s);
    double weight[TOKENS];
    for (uint32_t h = 0; h < s->heads; h++) {
        size_t at = h / (s->heads / s->kv_heads) * s->head_size;
        double total = 0;
        for (size_t t = 0; t <= position; t++) {
            const double *key = p->keys + (layer * p->room + t) * kv + at;
            double dot = 0;
            for (uint32_t d = 0; d < s->head_size; d++)
                dot += q[h * s->head_size + d] * key[d];
            weight[t] = exp(dot / sqrt((double)s->head_size));
            total += weight[t];
        }
        for (uint32_t d = 0; d < s->head_size; d++) {
            double sum = 0;
            for (size_t t = 0; t <= position; t++)
                sum += weight[t] / total * p->values[(layer * p->room + t) * kv + at + d];
            out[h * s->head_size + d] = sum;
        }
    }
}

static void plain_layer(const plain *p, uint32_t i, size_t position, double *x)
{
    static double n[1024], q[1024], a[1024], out[1024], gate[2048], up[2048];
    const llm_shape *s = p->s;
    size_t e = s->embedding, kv = engine_kv_size(s), qs = engine_query_size(s);
    double *key = p->keys + (i * p->room + position) * kv;
    plain_norm(x, weights(p, "blk.%u.attn_norm.weight", i), e, n);
    plain_multiply(weights(p, "blk.%u.attn_q.weight", i), qs, e, n,
                   weights(p, "blk.%u.attn_q.bias", i), q);
    plain_multiply(weights(p, "blk.%u.attn_k.weight", i), kv, e, n,
                   weights(p, "blk.%u.attn_k.bias", i), key);
    plain_multiply(weights(p, "blk.%u.attn_v.weight", i), kv, e, n,
                   weights(p, "blk.%u.attn_v.bias", i), p->values + (i * p->room + position) * kv);
    plain_heads(p, q, s->heads, weights(p, "blk.%u.attn_q_norm.weight", i), position);
    plain_heads(p, key, s->kv_heads, weights(p, "blk.%u.attn_k_norm.weight", i), position);
    plain_attend(p, i, position, q, a);
    plain_multiply(weights(p, "blk.%u.attn_output.weight", i), e, qs, a, NULL, out);
    for (size_t k = 0; k < e; k++)
        x[k] += out[k];
    plain_norm(x, weights(p, "blk.%u.ffn_norm.weight", i), e, n);
    plain_multiply(weights(p, "blk.%u.ffn_gate.weight", i), s->feed_forward, e, n, NULL, gate);
    plain_multiply(weights(p, "blk.%u.ffn_up.weight", i), s->feed_forward, e, n, NULL, up);
    for (size_t k = 0; k < s->feed_forward; k++)
        gate[k] = gate[k] / (1 + exp(-gate[k])) * up[k];
    plain_multiply(weights(p, "blk.%u.ffn_down.weight", i), e, s->feed_forward, gate, NULL, out);
    for (size_t k = 0; k < e; k++)
        x[k] += out[k];
}

static void plain_logits(const plain *p, const int32_t *tokens, size_t n, double *logits)
{
    static double x[1024];
    const float *embedding = weights(p, "token_embd.weight", 0);
    const float *output = weights(p, "output.weight", 0);
    size_t e = p->s->embedding;
    for (size_t t = 0; t < n; t++) {
        for (size_t k = 0; k < e; k++)
            x[k] = (double)embedding[(size_t)tokens[t] * e + k];
        for (uint32_t i = 0; i < p->s->layers; i++)
            plain_layer(p, i, t, x);
    }
    plain_norm(x, weights(p, "output_norm.weight", 0), e, x);
    plain_multiply(output == NULL ? embedding : output, p->s->vocabulary, e, x, NULL, logits);
}

static void check_against_formulas(const tiny_model *t, const char *name)
{
    static double want[VOCABULARY];
    float got[VOCABULARY];
    enum { N = 40 };
    fixture f = open_tiny(t, name, 2);
    plain p = {llm_model_shape(f.model), llm_model_gguf(f.model), NULL, NULL, N};
    size_t cells = (size_t)p.s->layers * N * engine_kv_size(p.s);
    p.keys = calloc(cells, sizeof *p.keys);
    p.values = calloc(cells, sizeof *p.values);
    plain_logits(&p, sample, N, want);
    llm_session *s = new_session(&f, 64, LLM_KV_F32, NULL);
    eval(s, sample, N, got);
    for (size_t i = 0; i < VOCABULARY; i++)
        if (!(fabs((double)got[i] - want[i]) <= 2e-4))
            fail_msg("%s %s: logit %zu is %g, not %g", t->architecture, name, i, (double)got[i],
                     want[i]);
    free(p.keys);
    free(p.values);
    llm_session_free(s);
    close_tiny(&f);
}

static void logits_are_those_of_the_formulas(void **state)
{
    SKIP_UNDER_TSAN();
    (void)state;
    static const char *const architectures[] = {"llama", "qwen2", "qwen3"};
    const char *names[KERNELS_MAX];
    size_t n = kernels_list(names);
    for (size_t a = 0; a < 3; a++)
        for (size_t k = 0; k < n; k++) {
            tiny_model t = tiny_default();
            t.architecture = architectures[a];
            t.untied = a == 1;
            check_against_formulas(&t, names[k]);
            t.head_size = 40; /* shapes that fill no vector */
            t.feed_forward = 172;
            t.embedding = 200;
            t.vocabulary = 999;
            if (a != 1)
                check_against_formulas(&t, names[k]);
        }
}

/* --- the engine against itself -------------------------------------------------------------- */

static void steps_equal_batches(void **state)
{
    SKIP_UNDER_TSAN();
    (void)state;
    static const uint32_t types[] = {GGUF_TYPE_F32,  GGUF_TYPE_F16,  GGUF_TYPE_BF16,
                                     GGUF_TYPE_Q8_0, GGUF_TYPE_Q4_0, GGUF_TYPE_Q5_0,
                                     GGUF_TYPE_Q4_K, GGUF_TYPE_Q5_K, GGUF_TYPE_Q6_K};
    static float a[VOCABULARY], b[VOCABULARY], c[VOCABULARY];
    for (size_t i = 0; i < CORE_COUNT(types); i++)
        for (llm_kv_type kv = LLM_KV_F16; kv <= LLM_KV_F32; kv++) {
            tiny_model t = tiny_default();
            t.type = types[i];
            fixture f = open_tiny(&t, NULL, 2);
            llm_session *s = new_session(&f, 400, kv, NULL);
            eval(s, sample, TOKENS, a);
            llm_session_free(s);
            s = new_session(&f, 400, kv, NULL);
            for (size_t k = 0; k < 70; k++)
                eval(s, sample + k, 1, b);
            for (size_t k = 70; k < TOKENS; k += 23)
                eval(s, sample + k, TOKENS - k < 23 ? TOKENS - k : 23, b);
            /* Rounding of activations to 8 bits may differ by the order of float sums. */
            float tolerance = llm_type_is_quantised(types[i]) || kv == LLM_KV_Q8_0 ? 0.15f : 0.02f;
            if (!(worst(a, b, VOCABULARY) <= tolerance))
                fail_msg("%s kv %d: %g", gguf_type_name(types[i]), (int)kv,
                         (double)worst(a, b, VOCABULARY));
            llm_session_free(s);
            close_tiny(&f);
            f = open_tiny(&t, "scalar", 1);
            s = new_session(&f, 400, kv, NULL);
            eval(s, sample, 33, c);
            llm_session_free(s);
            close_tiny(&f);
            f = open_tiny(&t, NULL, 1);
            s = new_session(&f, 400, kv, NULL);
            eval(s, sample, 33, b);
            assert_true(worst(c, b, VOCABULARY) <= tolerance);
            llm_session_free(s);
            close_tiny(&f);
        }
}

static void quantised_cache_stays_near(void **state)
{
    (void)state;
    static float a[VOCABULARY], b[VOCABULARY];
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 2);
    llm_session *s = new_session(&f, 400, LLM_KV_F32, NULL);
    llm_session *q = new_session(&f, 400, LLM_KV_Q8_0, NULL);
    eval(s, sample, 200, a);
    eval(q, sample, 200, b);
    assert_true(worst(a, b, VOCABULARY) < 0.3f);
    assert_true(worst(a, b, VOCABULARY) > 0);
    assert_true(llm_session_bytes(q) < llm_session_bytes(s) / 2);
    llm_session_free(s);
    llm_session_free(q);
    close_tiny(&f);
}

static void all_logits_are_given(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 2);
    llm_session *s = new_session(&f, 400, LLM_KV_F16, NULL);
    float *all = malloc(TOKENS * VOCABULARY * sizeof *all), one[VOCABULARY];
    error err = {0};
    assert_int_equal(llm_session_eval_all(s, sample, TOKENS, all, &err), STATUS_OK);
    for (size_t n = 1; n <= TOKENS; n += 61) {
        assert_int_equal(llm_session_rewind(s, 0, &err), STATUS_OK);
        eval(s, sample, n, one);
        assert_true(worst(one, all + (n - 1) * VOCABULARY, VOCABULARY) < 0.02f);
    }
    free(all);
    llm_session_free(s);
    close_tiny(&f);
}

static void rewinding_and_forking_change_nothing_else(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 2);
    llm_session *s = new_session(&f, 400, LLM_KV_F16, NULL), *fork = NULL;
    float want[VOCABULARY], got[VOCABULARY];
    int32_t other[50];
    error err = {0};
    size_t n;
    for (size_t i = 0; i < 50; i++)
        other[i] = (int32_t)(i * 13 % VOCABULARY);
    eval(s, sample, 100, NULL);
    assert_int_equal(llm_session_fork(s, &fork, &err), STATUS_OK);
    eval(fork, other, 50, NULL);
    eval(s, sample + 100, 30, want);
    assert_int_equal(llm_session_rewind(s, 77, &err), STATUS_OK);
    eval(s, other, 40, NULL);
    assert_int_equal(llm_session_rewind(s, 77, &err), STATUS_OK);
    eval(s, sample + 77, 53, got);
    assert_true(worst(want, got, VOCABULARY) < 0.02f);
    assert_int_equal(llm_session_rewind(fork, 100, &err), STATUS_OK);
    eval(fork, sample + 100, 30, got);
    assert_true(worst(want, got, VOCABULARY) < 0.02f);
    assert_memory_equal(llm_session_tokens(fork, &n), sample, 130 * sizeof *sample);
    assert_int_equal(n, 130);
    assert_int_equal(llm_session_rewind(s, 131, &err), STATUS_USAGE);
    llm_session_free(fork);
    llm_session_free(s);
    close_tiny(&f);
}

static void prefixes_are_reused(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 2);
    llm_cache *cache = NULL;
    llm_cache_stats stats;
    error err = {0};
    float want[VOCABULARY], got[VOCABULARY];
    size_t reused = 99;
    kv_shape kv = kv_plan(llm_model_shape(f.model), LLM_KV_F16);
    assert_int_equal(llm_cache_new(10 * kv.page_bytes, &cache, &err), STATUS_OK);
    llm_session *s = new_session(&f, 400, LLM_KV_F16, cache);
    assert_int_equal(llm_session_set(s, sample, 150, want, &reused, &err), STATUS_OK);
    assert_int_equal(reused, 0);
    llm_session *second = new_session(&f, 400, LLM_KV_F16, cache);
    assert_int_equal(llm_session_set(second, sample, 150, got, &reused, &err), STATUS_OK);
    assert_int_equal(reused, 128); /* whole pages */
    assert_true(worst(want, got, VOCABULARY) < 0.02f);
    assert_int_equal(llm_session_set(second, sample, 150, got, &reused, &err), STATUS_OK);
    assert_int_equal(reused, 149); /* its own tokens */
    assert_int_equal(llm_session_set(second, sample, 140, got, &reused, &err), STATUS_OK);
    assert_int_equal(reused, 139);
    llm_session_free(s); /* the cache and the second session still hold the pages */
    for (int32_t round = 0; round < 5; round++) {
        int32_t tokens[100];
        for (int32_t i = 0; i < 100; i++)
            tokens[i] = i + round;
        assert_int_equal(llm_session_set(second, tokens, 100, got, &reused, &err), STATUS_OK);
        llm_cache_get_stats(cache, &stats);
        assert_true(stats.bytes <= stats.limit_bytes);
    }
    assert_true(stats.evicted > 0 && stats.hits == 1);
    llm_session_free(second);
    llm_cache_free(cache);
    close_tiny(&f);
}

/* --- bad input ------------------------------------------------------------------------------ */

static void overflow_is_an_error_and_loses_nothing(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 1);
    llm_session *s = new_session(&f, 64, LLM_KV_F16, NULL);
    float logits[VOCABULARY];
    error err = {0};
    size_t n;
    eval(s, sample, 60, logits);
    assert_int_equal(llm_session_eval(s, sample, 5, logits, &err), STATUS_LIMIT);
    assert_non_null(strstr(err.message, "context"));
    error_clear(&err);
    assert_int_equal(llm_session_eval(s, sample, 0, logits, &err), STATUS_USAGE);
    error_clear(&err);
    int32_t bad[2] = {1, VOCABULARY};
    assert_int_equal(llm_session_eval(s, bad, 2, logits, &err), STATUS_INVALID);
    error_clear(&err);
    bad[0] = -1;
    assert_int_equal(llm_session_eval(s, bad, 1, logits, &err), STATUS_INVALID);
    error_clear(&err);
    (void)llm_session_tokens(s, &n);
    assert_int_equal(n, 60);
    eval(s, sample, 4, logits);
    assert_int_equal(llm_session_eval(s, sample, 1, logits, &err), STATUS_LIMIT);
    error_clear(&err);
    size_t many = (size_t)10 << 20; /* a prompt of 10 MB */
    int32_t *prompt = calloc(many, sizeof *prompt);
    assert_int_equal(llm_session_set(s, prompt, many, logits, NULL, &err), STATUS_LIMIT);
    free(prompt);
    llm_session_free(s);
    close_tiny(&f);
}

static void cancelling_stops_once(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    fixture f = open_tiny(&t, NULL, 1);
    llm_session *s = new_session(&f, 400, LLM_KV_F16, NULL);
    error err = {0};
    size_t n;
    eval(s, sample, 10, NULL);
    llm_session_cancel(s);
    assert_int_equal(llm_session_eval(s, sample, 10, NULL, &err), STATUS_CANCELLED);
    (void)llm_session_tokens(s, &n);
    assert_int_equal(n, 10);
    eval(s, sample + 10, 10, NULL);
    (void)llm_session_tokens(s, &n);
    assert_int_equal(n, 20);
    llm_session_free(s);
    close_tiny(&f);
}

/* --- threads -------------------------------------------------------------------------------- */

typedef struct user {
    const fixture *f;
    llm_cache *cache;
    const float *want;
    float worst;
    status result;
} user;

static void *use_session(void *argument)
{
    user *u = argument;
    float got[VOCABULARY];
    error err = {0};
    for (int round = 0; round < 3 && u->result == STATUS_OK; round++) {
        llm_session_options options = {.context = 400, .cache = u->cache};
        llm_session *s = NULL;
        u->result = llm_session_new(u->f->model, &options, &s, &err);
        if (u->result == STATUS_OK)
            u->result = llm_session_set(s, sample, 90, NULL, NULL, &err);
        for (size_t i = 90; i < 100 && u->result == STATUS_OK; i++)
            u->result = llm_session_eval(s, sample + i, 1, got, &err);
        u->worst = fmaxf(u->worst, worst(got, u->want, VOCABULARY));
        llm_session_free(s);
    }
    return NULL;
}

static void eight_sessions_in_eight_threads(void **state)
{
    (void)state;
    static user users[8];
    static float want[VOCABULARY];
    pthread_t threads[8];
    error err = {0};
    tiny_model t = tiny_default();
    t.type = GGUF_TYPE_Q8_0;
    t.embedding = t.feed_forward = 64; /* small: under ThreadSanitizer each access costs */
    t.heads = t.kv_heads = 2;
    t.head_size = 32;
    fixture f = open_tiny(&t, NULL, 2);
    llm_cache *cache = NULL;
    assert_int_equal(llm_cache_new((size_t)64 << 20, &cache, &err), STATUS_OK);
    llm_session *s = new_session(&f, 400, LLM_KV_F16, NULL);
    eval(s, sample, 100, want);
    llm_session_free(s);
    for (size_t i = 0; i < 8; i++) {
        users[i] = (user){.f = &f, .cache = i % 2 == 0 ? cache : NULL, .want = want};
        assert_int_equal(pthread_create(&threads[i], NULL, use_session, &users[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(users[i].result, STATUS_OK);
        assert_true(users[i].worst < 0.15f);
    }
    llm_cache_free(cache);
    close_tiny(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_the_formulas),
        cmocka_unit_test(steps_equal_batches),
        cmocka_unit_test(quantised_cache_stays_near),
        cmocka_unit_test(all_logits_are_given),
        cmocka_unit_test(rewinding_and_forking_change_nothing_else),
        cmocka_unit_test(prefixes_are_reused),
        cmocka_unit_test(overflow_is_an_error_and_loses_nothing),
        cmocka_unit_test(cancelling_stops_once),
        cmocka_unit_test(eight_sessions_in_eight_threads),
    };
    return cmocka_run_group_tests(tests, make_sample, NULL);
}
