/* llm/ranker and llm/train: a small net with random weights, exported, gives in the engine the
 * logits and scores that it gives in the trainer; in Q8_0 nearly the same. */
#include "tests/unit/unit.h"

#include <math.h>
#include <unistd.h>

#include "llm/ranker.h"
#include "llm/session.h"
#include "llm/tokenizer_gguf.h"
#include "llm/train/export.h"
#include "llm/train/pass.h"
#include "llm/train/trainer.h"

static const str corpus[] = {
    {" who is the father of the director the mother of the film of the director", 72}};

typedef struct world {
    vocab *vocab;
    net *net;
    char path[64];
    llm_model *model;
} world;

static world make_world(export_type type)
{
    world w = {.path = "/tmp/vouch_ranker_XXXXXX"};
    error err = {0};
    assert_int_equal(vocab_train(corpus, 1, 60, &w.vocab, &err), STATUS_OK);
    net_config shape = {.dim = 64,
                        .layers = 2,
                        .heads = 2,
                        .ffn = 96,
                        .vocab = (int)vocab_size(w.vocab),
                        .context = 128,
                        .rope_base = 10000.0f,
                        .norm_eps = 1e-5f};
    assert_int_equal(net_new(&shape, 2, &w.net, &err), STATUS_OK);
    rng r = {8};
    for (size_t i = 0; i < net_weight_count(w.net); i++)
        net_weights(w.net)[i] += (float)(0.05 * rng_normal(&r));
    int fd = mkstemp(w.path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(export_write(w.path, w.net, w.vocab, "test", type, &err), STATUS_OK);
    assert_int_equal(llm_model_open(w.path, NULL, &w.model, &err), STATUS_OK);
    return w;
}

static void free_world(world *w)
{
    llm_model_close(w->model);
    net_free(w->net);
    vocab_free(w->vocab);
    unlink(w->path);
}

static const char *const texts[] = {
    "<E1> film<Q> who is the father of<E1><A><E1><+> father<ok>",
    "<Q><E1>的父亲是谁<A><E1><->父亲<|>爸爸<count>",
    "<W><en> the director of<E1> is<X1>.<A>",
    "<Q> zyx42 é <E2><V1><T1><A><E1><E2><cmp> height<gt>",
};

/* Logits of the trainer behind every token of a plain sequence. */
static void trainer_logits(const world *w, const int32_t *ids, size_t count, float *out)
{
    pass *p = NULL;
    error err = {0};
    pass_loss loss = {0};
    int32_t position[128];
    ops_span span[128] = {{0, 0, 0}};
    assert_int_equal(pass_new(w->net, 128, 4, &p, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        position[i] = (int32_t)i;
    pass_batch b = {.tokens = count, .token = ids, .position = position, .span = span};
    assert_int_equal(pass_run(p, w->net, &b, NULL, &loss, NULL, &err), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        pass_logits(p, w->net, i, out + i * vocab_size(w->vocab));
    pass_free(p);
}

static double worst_gap(world *w, str text)
{
    llm_tokenizer *t = NULL;
    llm_session *s = NULL;
    llm_tokens ids = {0};
    error err = {0};
    int32_t own[128];
    assert_int_equal(llm_tokenizer_from_gguf(llm_model_gguf(w->model), &t, &err), STATUS_OK);
    assert_int_equal(
        llm_tokenizer_encode(t, text, LLM_ENCODE_SPECIAL | LLM_ENCODE_ENDS, &ids, &err), STATUS_OK);
    size_t n = 1 + vocab_encode(w->vocab, text, 0, NULL, own + 1, 127), v = vocab_size(w->vocab);
    own[0] = VOCAB_BOS;
    assert_int_equal(ids.count, n);
    assert_memory_equal(ids.ids, own, n * sizeof *own);
    float *a = calloc(n * v, sizeof *a), *b = calloc(n * v, sizeof *b);
    trainer_logits(w, own, n, a);
    llm_session_options options = {.context = 128, .kv = LLM_KV_F32};
    assert_int_equal(llm_session_new(w->model, &options, &s, &err), STATUS_OK);
    assert_int_equal(llm_session_eval_all(s, own, n, b, &err), STATUS_OK);
    double worst = 0;
    for (size_t i = 0; i < n * v; i++)
        worst = fmax(worst, fabs((double)(a[i] - b[i])));
    free(a);
    free(b);
    llm_session_free(s);
    llm_tokens_free(&ids);
    llm_tokenizer_free(t);
    return worst;
}

static void test_same_logits(void **state)
{
    (void)state;
    world w = make_world(EXPORT_F32), q = make_world(EXPORT_Q8_0);
    for (size_t i = 0; i < CORE_COUNT(texts); i++) {
        assert_true(worst_gap(&w, str_from(texts[i])) < 1e-3);
        assert_true(worst_gap(&q, str_from(texts[i])) < 0.5);
    }
    free_world(&w);
    free_world(&q);
}

/* A hundred prompts as the data generator makes them, over held-out relations. */
static void test_hundred_prompts(void **state)
{
    (void)state;
    world w = make_world(EXPORT_F32);
    concepts *c = NULL;
    grammar *g = NULL;
    error err = {0};
    assert_int_equal(concepts_load("schemas/concepts.tsv", 0.08, &c, &err), STATUS_OK);
    assert_int_equal(grammar_load("llm/train/frames.tsv", &g, &err), STATUS_OK);
    episode_source source = trainer_held_out(c, g, w.vocab);
    episode e = {0};
    double worst = 0;
    for (uint64_t i = 0, tried = 0; tried < 100; i++) {
        assert_int_equal(episode_make(&source, i, &e, &err), STATUS_OK);
        str text =
            str_slice(buf_str(&e.text), 0, e.candidate[0].text_start + e.candidate[0].text_length);
        if (e.candidate[0].text_start != e.prefix_text_length ||
            e.prefix_length + e.candidate[0].length > 120)
            continue;
        worst = fmax(worst, worst_gap(&w, text));
        tried++;
    }
    assert_true(worst < 1e-3);
    episode_free(&e);
    grammar_free(g);
    concepts_free(c);
    free_world(&w);
}

static void test_scores(void **state)
{
    (void)state;
    world w = make_world(EXPORT_F32);
    error err = {0};
    llm_ranker *r = NULL;
    assert_int_equal(llm_ranker_new(w.model, &r, &err), STATUS_OK);
    const str forms[] = {STR("<E1><+> father"), STR("<E1><+> mother<count>")};
    llm_rank_score scores[2], alone;
    str prefix = STR("<Q> who is the father of<E1><A>");
    assert_int_equal(llm_ranker_score(r, prefix, forms, 2, scores, &err), STATUS_OK);
    assert_int_equal(llm_ranker_score(r, prefix, forms + 1, 1, &alone, &err), STATUS_OK);
    assert_true(fabs(alone.fit - scores[1].fit) < 1e-2);
    assert_true(fabs(alone.gen - scores[1].gen) < 1e-2);

    int32_t own[128];
    size_t v = vocab_size(w.vocab);
    own[0] = VOCAB_BOS;
    size_t n = 1 + vocab_encode(w.vocab, STR("<Q> who is the father of<E1><A><E1><+> father"), 0,
                                NULL, own + 1, 127);
    float *logits = calloc(n * v, sizeof *logits);
    trainer_logits(&w, own, n, logits);
    double want = (double)logits[(n - 1) * v + (size_t)vocab_find(w.vocab, STR("<ok>"))] -
                  (double)logits[(n - 1) * v + (size_t)vocab_find(w.vocab, STR("<no>"))];
    assert_true(fabs(want - scores[0].fit) < 2e-2); /* the cache is F16 */
    free(logits);

    str many[LLM_RANKER_MAX_FORMS + 1] = {{0}};
    assert_int_equal(llm_ranker_score(r, prefix, many, CORE_COUNT(many), NULL, &err), STATUS_LIMIT);
    llm_ranker_free(r);
    free_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_logits),
        cmocka_unit_test(test_hundred_prompts),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
