/* llm/train/vocab: merges, single Hanzi, reserved tokens, byte fallback, saving and loading. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "llm/train/vocab.h"

static const str corpus[] = {
    {" the director of the film", 25},
    {" the director of the director", 29},
    {" the film", 9},
    {"导演是谁", 12},
};

static vocab *make(void)
{
    vocab *v = NULL;
    error err = {0};
    assert_int_equal(vocab_train(corpus, 4, 40, &v, &err), STATUS_OK);
    return v;
}

static void test_encode(void **state)
{
    (void)state;
    vocab *v = make();
    int32_t ids[32];
    size_t n = vocab_encode(v, STR(" the director"), 0, NULL, ids, 32);
    assert_int_equal(n, 2);
    assert_true(str_equal(vocab_at(v, (size_t)ids[1]).text, STR("\xe2\x96\x81"
                                                                "director")));
    n = vocab_encode(v, STR("<Q>导演 x1<E1><A>"), 0, NULL, ids, 32);
    assert_int_equal(n, 8);
    assert_int_equal(ids[0], vocab_find(v, STR("<Q>")));
    assert_int_equal(ids[1], vocab_find(v, STR("导")));
    assert_int_equal(ids[6], vocab_find(v, STR("<E1>")));
    n = vocab_encode(v, STR("é<0x41>"), 0, NULL, ids, 32); /* byte tokens cannot be forged */
    assert_int_equal(ids[0], VOCAB_FIRST_BYTE + 0xc3);
    assert_int_equal(ids[1], VOCAB_FIRST_BYTE + 0xa9);
    assert_true(n > 3);
    rng r = {3};
    assert_true(vocab_encode(v, STR(" the director"), 0.9, &r, ids, 32) > 2);
    vocab_free(v);
}

static void test_file(void **state)
{
    (void)state;
    char path[] = "/tmp/vouch_vocab_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    vocab *v = make(), *w = NULL;
    error err = {0};
    assert_int_equal(vocab_save(v, path, &err), STATUS_OK);
    assert_int_equal(vocab_load(path, &w, &err), STATUS_OK);
    assert_int_equal(vocab_size(v), vocab_size(w));
    for (size_t i = 0; i < vocab_size(v); i++)
        assert_true(str_equal(vocab_at(v, i).text, vocab_at(w, i).text) &&
                    vocab_at(v, i).type == vocab_at(w, i).type);
    vocab_free(w);
    vocab_free(v);
    FILE *f = fopen(path, "w");
    fputs("nonsense\n", f);
    fclose(f);
    assert_int_equal(vocab_load(path, &w, &err), STATUS_CORRUPT);
    unlink(path);
    error_clear(&err);
    assert_int_equal(vocab_load(path, &w, &err), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
