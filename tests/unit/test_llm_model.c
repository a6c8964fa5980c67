/* Unit tests of llm/model: what loads, and each thing that is refused, by its name. */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/engine.h"
#include "llm/session.h"
#include "tests/unit/llm_models.h"

static status open_tiny(const tiny_model *m, llm_model **out, error *err)
{
    buf b = tiny_build(m);
    llm_model_options options = {.threads = 2};
    status s = llm_model_open_memory(b.data, b.length, "tiny.gguf", &options, out, err);
    buf_free(&b); /* the weights are packed: nothing but metadata is borrowed, and read below */
    return s;
}

static void refused(const tiny_model *m, status want, const char *says)
{
    llm_model *model = NULL;
    error err = {0};
    assert_int_equal(open_tiny(m, &model, &err), want);
    assert_null(model);
    if (strstr(err.message, says) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, says);
}

static void shape_is_read(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    llm_model *m = NULL;
    error err = {0};
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_OK);
    const llm_shape *s = llm_model_shape(m);
    assert_int_equal(s->layers, 2);
    assert_int_equal(s->vocabulary, 1000);
    assert_int_equal(s->head_size, 64);
    assert_true(s->tied);
    assert_true(str_equal(s->architecture, STR("llama")));
    assert_true(llm_model_threads(m) <= pool_cores());
    llm_model_close(m);
    buf_free(&b);
}

static void bad_models_are_refused_by_name(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    t.architecture = "mamba";
    refused(&t, STATUS_UNSUPPORTED, "'mamba' is not supported");
    t = tiny_default();
    t.skip_tensor = "blk.1.ffn_up.weight";
    refused(&t, STATUS_INVALID, "no tensor 'blk.1.ffn_up.weight'");
    t = tiny_default();
    t.skip_tensor = "token_embd.weight";
    refused(&t, STATUS_INVALID, "token_embd.weight");
    t = tiny_default();
    t.extra_tensor = "blk.0.attn_sinks.weight";
    refused(&t, STATUS_UNSUPPORTED, "blk.0.attn_sinks.weight");
    t = tiny_default();
    t.skip_key = "block_count";
    refused(&t, STATUS_INVALID, "llama.block_count");
    t = tiny_default();
    t.tokens = 999;
    refused(&t, STATUS_INVALID, "999 tokens");
    t = tiny_default();
    t.heads = 0;
    refused(&t, STATUS_INVALID, "");
    t = tiny_default();
    t.kv_heads = 3;
    refused(&t, STATUS_INVALID, "make no attention");
    t = tiny_default();
    t.head_size = 0;
    refused(&t, STATUS_INVALID, "");
}

static void metadata_that_lie_are_refused(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    /* The file says 512 where the tensors have 512: make the metadata say 480. */
    char *at = NULL;
    for (size_t i = 0; i + 40 < b.length && at == NULL; i++)
        if (memcmp(b.data + i, "llama.feed_forward_length", 25) == 0)
            at = b.data + i + 25 + 4;
    assert_non_null(at);
    uint32_t wrong = 480;
    memcpy(at, &wrong, sizeof wrong);
    llm_model *m = NULL;
    error err = {0};
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_INVALID);
    assert_non_null(strstr(err.message, "blk.0.ffn_gate.weight"));
    buf_free(&b);
}

static void weights_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    for (int vector = 0; vector < 2; vector++) {
        tiny_model t = tiny_default();
        buf b = tiny_build(&t);
        gguf *g = NULL;
        error err = {0};
        assert_int_equal(gguf_open_memory(b.data, b.length, "t", &g, &err), STATUS_OK);
        const char *name = vector ? "blk.1.attn_norm.weight" : "blk.1.attn_q.weight";
        float bad = NAN;
        memcpy(b.data + gguf_find_tensor(g, name)->offset + 40, &bad, sizeof bad);
        gguf_close(g);
        llm_model *m = NULL;
        assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err),
                         STATUS_INVALID);
        assert_non_null(strstr(err.message, name));
        assert_non_null(strstr(err.message, "not finite"));
        buf_free(&b);
    }
}

static void weights_that_overflow_give_an_error(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    gguf *g = NULL;
    error err = {0};
    assert_int_equal(gguf_open_memory(b.data, b.length, "t", &g, &err), STATUS_OK);
    const gguf_tensor *down = gguf_find_tensor(g, "blk.1.ffn_down.weight");
    float huge = 3e38f;
    for (uint64_t i = 0; i < down->bytes; i += sizeof huge)
        memcpy(b.data + down->offset + i, &huge, sizeof huge);
    gguf_close(g);
    llm_model *m = NULL;
    llm_session *s = NULL;
    float logits[1000];
    int32_t token = 5;
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", NULL, &m, &err), STATUS_OK);
    assert_int_equal(llm_session_new(m, NULL, &s, &err), STATUS_OK);
    assert_int_equal(llm_session_eval(s, &token, 1, logits, &err), STATUS_INVALID);
    assert_non_null(strstr(err.message, "not finite"));
    llm_session_free(s);
    llm_model_close(m);
    buf_free(&b);
}

static void unknown_kernels_are_refused(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    buf b = tiny_build(&t);
    llm_model *m = NULL;
    error err = {0};
    llm_model_options options = {.kernels = "abacus"};
    assert_int_equal(llm_model_open_memory(b.data, b.length, "t", &options, &m, &err),
                     STATUS_USAGE);
    buf_free(&b);
}

static void files_cut_or_flipped_never_crash(void **state)
{
    (void)state;
    tiny_model t = tiny_default();
    t.embedding = 32;
    t.heads = t.kv_heads = 2;
    t.head_size = 16;
    t.feed_forward = 32;
    t.vocabulary = 20;
    t.tokens = 20;
    t.type = GGUF_TYPE_Q8_0;
    buf b = tiny_build(&t);
    uint64_t seed = 7;
    for (int round = 0; round < 400; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(seed >> 33) % (round % 2 == 0 ? 1500 : b.length);
        char kept = b.data[at];
        b.data[at] = (char)(kept ^ (1 << (seed >> 20 & 7)));
        llm_model *m = NULL;
        error err = {0};
        llm_model_options one = {.threads = 1};
        size_t length = round % 5 == 0 ? at : b.length;
        if (llm_model_open_memory(b.data, length, "t", &one, &m, &err) == STATUS_OK) {
            llm_session *s = NULL;
            float logits[20 * 2];
            int32_t tokens[2] = {1, 2};
            if (llm_session_new(m, NULL, &s, &err) == STATUS_OK)
                (void)llm_session_eval_all(s, tokens, 2, logits, &err);
            llm_session_free(s);
        }
        llm_model_close(m);
        b.data[at] = kept;
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_is_read),
        cmocka_unit_test(bad_models_are_refused_by_name),
        cmocka_unit_test(metadata_that_lie_are_refused),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(weights_that_overflow_give_an_error),
        cmocka_unit_test(unknown_kernels_are_refused),
        cmocka_unit_test(files_cut_or_flipped_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
