/* llm/train: binary16 and Q8_0 by known values, checkpoints that round-trip, and a run that is the
 * same whether or not it was interrupted. */
#include "tests/unit/unit.h"

#include <math.h>
#include <unistd.h>

#include "llm/gguf.h"
#include "llm/train/checkpoint.h"
#include "llm/train/export.h"
#include "llm/train/trainer.h"

static void test_half(void **state)
{
    (void)state;
    static const struct {
        float in;
        uint16_t out;
    } known[] = {{0.0f, 0x0000},          {-0.0f, 0x8000},        {1.0f, 0x3c00},
                 {-2.0f, 0xc000},         {65504.0f, 0x7bff},     {65520.0f, 0x7c00},
                 {1e9f, 0x7c00},          {0.333251953f, 0x3555}, {5.9604645e-8f, 0x0001},
                 {2.9802322e-8f, 0x0000}, {2.99e-8f, 0x0001},     {6.0975552e-5f, 0x03ff},
                 {6.1035156e-5f, 0x0400}, {1.00048828f, 0x3c00},  {1.00146484f, 0x3c02}};
    for (size_t i = 0; i < CORE_COUNT(known); i++)
        assert_int_equal(export_half(known[i].in), known[i].out);
}

static void test_q8(void **state)
{
    (void)state;
    float x[32] = {0};
    uint8_t block[34];
    export_quantise_q8(x, block);
    for (int i = 0; i < 34; i++)
        assert_int_equal(block[i], 0);
    x[0] = 127.0f;
    x[1] = -127.0f;
    x[2] = 3.4f;
    export_quantise_q8(x, block);
    assert_int_equal(block[0] | block[1] << 8, 0x3c00);
    assert_int_equal((int8_t)block[2], 127);
    assert_int_equal((int8_t)block[3], -127);
    assert_int_equal((int8_t)block[4], 3);
}

static char folder[] = "/tmp/vouch_train_XXXXXX";

static trainer_options tiny(const char *where, uint64_t steps)
{
    trainer_options o = trainer_defaults();
    o.folder = where;
    o.shape.dim = 32;
    o.shape.layers = 1;
    o.shape.heads = 2;
    o.shape.ffn = 32;
    o.merges = 50;
    o.episodes = 4;
    o.steps = steps;
    o.evaluate_episodes = 8;
    return o;
}

static void remove_run(const char *where)
{
    static const char *const names[] = {"checkpoint", "vocab.tsv", "curve.csv", "m.gguf"};
    char path[256];
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", where, names[i]);
        unlink(path);
    }
    rmdir(where);
}

static void stop_at_first_report(void *context, const char *text)
{
    volatile sig_atomic_t *stop = context;
    if (strncmp(text, "step ", 5) == 0)
        *stop = 1;
}

/* Three steps in one go, and one step, a stop and two more give the same weights. */
static void test_resume(void **state)
{
    (void)state;
    char a[64], b[64];
    error err = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(a, sizeof a, "%s/a", folder);
    snprintf(b, sizeof b, "%s/b", folder);
    trainer_options o = tiny(a, 3);
    assert_int_equal(trainer_run(&o, NULL, NULL, NULL, &err), STATUS_OK);
    volatile sig_atomic_t stop = 0;
    o = tiny(b, 3);
    o.evaluate_seconds = 0; /* a report behind every step */
    assert_int_equal(trainer_run(&o, &stop, stop_at_first_report, (void *)(uintptr_t)&stop, &err),
                     STATUS_CANCELLED);
    trainer_result x, y;
    error_clear(&err);
    assert_int_equal(trainer_open(b, &y, &err), STATUS_OK);
    assert_int_equal(y.steps, 1);
    trainer_close(&y);
    assert_int_equal(trainer_run(&o, NULL, NULL, NULL, &err), STATUS_OK);
    assert_int_equal(trainer_open(a, &x, &err), STATUS_OK);
    assert_int_equal(trainer_open(b, &y, &err), STATUS_OK);
    assert_int_equal(x.steps, 3);
    assert_int_equal(y.steps, 3);
    assert_memory_equal(net_weights(x.net), net_weights(y.net),
                        net_weight_count(x.net) * sizeof(float));
    trainer_close(&y);

    char path[128];
    snprintf(path, sizeof path, "%s/m.gguf", a);
    assert_int_equal(export_write(path, x.net, x.vocab, "tiny", EXPORT_Q8_0, &err), STATUS_OK);
    gguf *g = NULL;
    assert_int_equal(gguf_open(path, &g, &err), STATUS_OK);
    gguf_close(g);
    trainer_close(&x);
    remove_run(a);
    remove_run(b);
    rmdir(folder);
}

static void test_bad_checkpoints(void **state)
{
    (void)state;
    char path[] = "/tmp/vouch_checkpoint_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "vouch checkpoint 1\ndim 8\n", 25), 25);
    close(fd);
    error err = {0};
    net *n = NULL;
    float *moments = NULL;
    checkpoint_state s;
    assert_int_equal(checkpoint_load(path, &n, &moments, &s, &err), STATUS_CORRUPT);
    net_config shape = {.dim = 8, .layers = 1, .heads = 1, .ffn = 8, .vocab = 10, .context = 8};
    error_clear(&err);
    assert_int_equal(net_new(&shape, 1, &n, &err), STATUS_OK);
    moments = calloc(2 * net_weight_count(n), sizeof *moments);
    s = (checkpoint_state){.seed = 5, .step = 7, .tokens = 9, .seconds = 1.5};
    assert_int_equal(checkpoint_save(path, n, moments, &s, &err), STATUS_OK);
    net_free(n);
    free(moments);
    s = (checkpoint_state){0};
    assert_int_equal(checkpoint_load(path, &n, &moments, &s, &err), STATUS_OK);
    assert_int_equal(s.step, 7);
    net_free(n);
    free(moments);
    assert_int_equal(truncate(path, 600), 0);
    assert_int_equal(checkpoint_load(path, &n, &moments, &s, &err), STATUS_CORRUPT);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half),
        cmocka_unit_test(test_q8),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_bad_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
