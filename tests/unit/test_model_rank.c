/* fusion/model_rank: what there is nothing to rank with, a file that is missing, and scores from a
 * model made on the spot. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "fusion/model_rank.h"
#include "llm/train/export.h"

static void test_without(void **state)
{
    (void)state;
    error err = {0};
    model_rank *m = NULL;
    assert_int_equal(model_rank_open("none", 1, &m, &err), STATUS_OK);
    assert_null(m);
    assert_int_equal(model_rank_open("http://127.0.0.1:9/v1", 1, &m, &err), STATUS_OK);
    assert_null(m);
    assert_int_not_equal(model_rank_open("/no/such/file.gguf", 1, &m, &err), STATUS_OK);
    assert_null(m);
    model_rank_close(NULL);
}

static size_t occurrences(str text, const char *part)
{
    size_t n = 0, at = 0;
    for (; (at = str_find(text, str_from(part), at)) != STR_NONE; at++)
        n++;
    return n;
}

/* What comes to an end holds each placeholder once and no other reserved token. */
static void test_reword(model_rank *m)
{
    static const char *const slots[] = {"<E1>", "<X1>"}, *const none[] = {"<nothing>"};
    buf out = {0};
    if (model_rank_reword(m, STR("<W><en> the father of<E1> is<X1>.<A>"), slots, 2, &out)) {
        assert_int_equal(occurrences(buf_str(&out), "<E1>"), 1);
        assert_int_equal(occurrences(buf_str(&out), "<X1>"), 1);
        assert_int_equal(occurrences(buf_str(&out), "<"), 2);
    }
    assert_false(model_rank_reword(m, STR("<W>"), none, 1, &out));
    assert_false(model_rank_reword(m, STR(""), slots, 40, &out));
    buf_free(&out);
}

static void test_scores(void **state)
{
    (void)state;
    const str corpus = STR(" who is the father of the director of the film");
    char path[] = "/tmp/vouch_rank_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    error err = {0};
    vocab *v = NULL;
    net *n = NULL;
    assert_int_equal(vocab_train(&corpus, 1, 30, &v, &err), STATUS_OK);
    net_config shape = {.dim = 32,
                        .layers = 1,
                        .heads = 2,
                        .ffn = 32,
                        .vocab = (int)vocab_size(v),
                        .context = 64,
                        .rope_base = 10000.0f,
                        .norm_eps = 1e-5f};
    assert_int_equal(net_new(&shape, 2, &n, &err), STATUS_OK);
    assert_int_equal(export_write(path, n, v, "vouch-test", EXPORT_F32, &err), STATUS_OK);
    model_rank *m = NULL;
    assert_int_equal(model_rank_open(path, 1, &m, &err), STATUS_OK);
    assert_non_null(m);
    assert_true(str_equal(model_rank_name(m), STR("vouch-test")));
    const str texts[] = {STR("<E1><+> father"), STR("<E1><-> director")};
    double scores[2] = {99, 99};
    assert_true(
        model_rank_score(m, (str){0}, STR(" who is the father of<E1>"), texts, NULL, 2, scores));
    for (int i = 0; i < 2; i++)
        assert_true(scores[i] >= -8 && scores[i] <= 8);
    test_reword(m);
    model_rank_close(m);
    net_free(n);
    vocab_free(v);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
