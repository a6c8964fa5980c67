/* llm/train/meaning: the gradient against central differences; held-out relations are never drawn.
 */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/train/meaning.h"

static const str corpus[] = {{" who is the father of the director", 34}};

static void test_meaning(void **state)
{
    (void)state;
    concepts *c = NULL;
    vocab *v = NULL;
    error err = {0};
    assert_int_equal(concepts_load("schemas/concepts.tsv", 0.08, &c, &err), STATUS_OK);
    assert_int_equal(vocab_train(corpus, 1, 20, &v, &err), STATUS_OK);
    meaning_batch *b = calloc(1, sizeof *b), *again = calloc(1, sizeof *again);
    meaning_draw(c, v, false, 3, 4, b);
    meaning_draw(c, v, false, 3, 4, again);
    assert_memory_equal(b, again, sizeof *b);
    for (size_t i = 0; i < MEANING_PAIRS; i++)
        for (size_t k = 0; k < concepts_count(c); k++)
            if (concepts_at(c, k)->cluster == b->cluster[i] && concepts_at(c, k)->held_out)
                assert_true(concepts_at(c, k)->held_out_domain); /* a cluster may span domains */

    size_t dim = 8, count = vocab_size(v) * dim;
    float *e = calloc(count, sizeof *e), *g = calloc(count, sizeof *g);
    rng r = {5};
    for (size_t i = 0; i < count; i++)
        e[i] = (float)rng_normal(&r);
    double loss = meaning_loss(b, dim, e, 2.0f, g);
    assert_true(loss > 0 && loss < 50);
    for (int i = 0; i < 60; i++) {
        const meaning_phrase *p = &b->side[i % 2][rng_below(&r, MEANING_PAIRS)];
        size_t at = (size_t)p->token[rng_below(&r, p->length)] * dim + rng_below(&r, dim);
        float keep = e[at], step = 1e-2f;
        e[at] = keep + step;
        double up = meaning_loss(b, dim, e, 0, NULL);
        e[at] = keep - step;
        double down = meaning_loss(b, dim, e, 0, NULL);
        e[at] = keep;
        double numeric = 2.0 * (up - down) / (2.0 * (double)step);
        assert_true(fabs(numeric - (double)g[at]) < 0.02 * (0.2 + fabs(numeric)));
    }
    free(e);
    free(g);
    free(b);
    free(again);
    concepts_free(c);
    vocab_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_meaning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
