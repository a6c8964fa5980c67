/* llm/train: concepts, grammar, forms and episodes: what they promise about each other. Needs the
 * repository's own schemas/concepts.tsv and llm/train/frames.tsv (tests run at its root). */
#include "tests/unit/unit.h"

#include "llm/modeltext.h"
#include "llm/train/episode.h"
#include "llm/train/evaluate.h"
#include "llm/train/form.h"

typedef struct world {
    concepts *concepts;
    grammar *grammar;
    vocab *vocab;
    episode_source source;
} world;

static world make_world(void)
{
    world w = {0};
    error err = {0};
    assert_int_equal(concepts_load("schemas/concepts.tsv", 0.08, &w.concepts, &err), STATUS_OK);
    assert_int_equal(grammar_load("llm/train/frames.tsv", &w.grammar, &err), STATUS_OK);
    const str corpus = STR(" what is the name of the film who is the director");
    assert_int_equal(vocab_train(&corpus, 1, 30, &w.vocab, &err), STATUS_OK);
    w.source = (episode_source){.concepts = w.concepts,
                                .grammar = w.grammar,
                                .vocab = w.vocab,
                                .seed = 9,
                                .merge_dropout = 0.1,
                                .wording_share = 0.05,
                                .unanswerable = 0.2,
                                .min_candidates = 8,
                                .max_candidates = 16};
    return w;
}

static void free_world(world *w)
{
    concepts_free(w->concepts);
    grammar_free(w->grammar);
    vocab_free(w->vocab);
}

static void test_concepts(void **state)
{
    (void)state;
    world w = make_world();
    size_t held = 0, n = concepts_count(w.concepts);
    for (size_t i = 0; i < n; i++) {
        const concept *c = concepts_at(w.concepts, i);
        held += c->held_out;
        assert_true(c->names[CONCEPT_EN].count > 0 && c->names[CONCEPT_ZH].count > 0);
        for (size_t j = 0; j < i; j++)
            if (concepts_share_name(c, concepts_at(w.concepts, j)))
                assert_int_equal(c->cluster, concepts_at(w.concepts, j)->cluster);
    }
    assert_true(held > n / 50 && held < n / 4);
    free_world(&w);
    error err = {0};
    concepts *none = NULL;
    assert_int_equal(concepts_load("llm/train/frames.tsv", 0, &none, &err), STATUS_SYNTAX);
    assert_null(none);
}

static void test_grammar(void **state)
{
    (void)state;
    world w = make_world();
    rng r = {1};
    grammar_slot slots[] = {{'S', STR("<E1>")}, {'R', STR("father")}};
    buf out = {0};
    grammar_expand(&out, STR("{who is|who's} {the {R} of {S}|{s}'s {r}}{X}"), slots, 2, &r);
    assert_true(str_find(buf_str(&out), STR("father"), 0) != STR_NONE);
    assert_true(str_find(buf_str(&out), STR("<E1>"), 0) != STR_NONE);
    assert_true(str_find(buf_str(&out), STR("{"), 0) == STR_NONE);
    assert_true(str_empty(grammar_pick(w.grammar, "no.such", 0, false, &r)));
    buf_free(&out);
    free_world(&w);
}

static void check_episode(const episode *e)
{
    size_t golds = 0;
    assert_int_equal(e->prefix[0], VOCAB_BOS);
    for (size_t i = 0; i < e->candidates; i++) {
        golds += e->candidate[i].gold;
        assert_true(e->candidate[i].length > 0);
        for (size_t j = 0; j < i; j++)
            assert_false(str_equal(
                str_make(e->text.data + e->candidate[i].text_start, e->candidate[i].text_length),
                str_make(e->text.data + e->candidate[j].text_start, e->candidate[j].text_length)));
    }
    if (e->kind == EPISODE_WORDING) {
        assert_int_equal(e->candidates, 0);
        assert_true(e->output_from > 0 && e->output_from < e->prefix_length);
    } else {
        assert_int_equal(golds, e->answerable ? 1 : 0);
        assert_true(e->candidates >= 2);
    }
}

static void test_episodes(void **state)
{
    (void)state;
    world w = make_world();
    episode a = {0}, b = {0};
    error err = {0};
    size_t seen[EPISODE_KINDS] = {0};
    for (uint64_t i = 0; i < 600; i++) {
        assert_int_equal(episode_make(&w.source, i, &a, &err), STATUS_OK);
        check_episode(&a);
        seen[a.kind]++;
    }
    for (int k = 0; k < EPISODE_KINDS; k++)
        assert_true(seen[k] > 0);
    assert_int_equal(episode_make(&w.source, 17, &a, &err), STATUS_OK);
    assert_int_equal(episode_make(&w.source, 17, &b, &err), STATUS_OK);
    assert_true(str_equal(buf_str(&a.text), buf_str(&b.text)));
    assert_memory_equal(a.prefix, b.prefix, a.prefix_length * sizeof a.prefix[0]);
    episode_free(&a);
    episode_free(&b);
    free_world(&w);
}

/* The names of held-out relations are never those of a right form in training. */
static void test_held_out_stays_out(void **state)
{
    (void)state;
    world w = make_world();
    episode e = {0};
    error err = {0};
    buf label = {0};
    for (uint64_t i = 0; i < 300; i++) {
        assert_int_equal(episode_make(&w.source, i, &e, &err), STATUS_OK);
        for (size_t k = 0; k < concepts_count(w.concepts); k++) {
            const concept *c = concepts_at(w.concepts, k);
            if (!c->held_out || c->names[CONCEPT_ZH].items[0].length < 15)
                continue; /* short names may be parts of others */
            buf_clear(&label);
            modeltext_add_label(&label, c->names[CONCEPT_ZH].items[0]);
            assert_true(str_find(buf_str(&e.text), buf_str(&label), 0) == STR_NONE);
        }
    }
    buf_free(&label);
    episode_free(&e);
    free_world(&w);
}

static void test_form(void **state)
{
    (void)state;
    world w = make_world();
    form_schema s = {.count = 2};
    s.relation[0] = (form_relation){.of = concepts_at(w.concepts, 0), .label = "birthPlace"};
    s.relation[1] = (form_relation){
        .of = concepts_at(w.concepts, 5), .label = "spouse of", .flipped = true, .gloss = "wife"};
    form f = {0};
    int e = form_entity(&f, 1);
    form_unary(&f, FORM_COUNT, form_hop(&f, form_hop(&f, e, 0, false), 1, false));
    buf out = {0};
    form_print(&f, &s, &out);
    assert_string_equal(out.data, "<E1><+> birth place<-> spouse of<|> wife<count>");
    rng r = {4};
    for (int i = 0; i < 200; i++) {
        form g = f;
        for (int k = 0; k < 6; k++)
            form_mutate(&g, &s, &r);
        buf_clear(&out);
        form_print(&g, &s, &out);
        assert_false(out.failed);
    }
    buf_free(&out);
    free_world(&w);
}

static void test_overlap(void **state)
{
    (void)state;
    str q = STR("<Q> who is the father of<E1><A>");
    assert_true(evaluate_overlap(q, STR("<E1><+> father")) >
                evaluate_overlap(q, STR("<E1><+> mother")));
    assert_true(evaluate_overlap(q, STR("<E1><+> father")) >
                evaluate_overlap(q, STR("<E1><+> father<+> father")));
    str z = STR("<Q><E1>的父亲是谁<A>");
    assert_true(evaluate_overlap(z, STR("<E1><+>父亲")) > evaluate_overlap(z, STR("<E1><+>母亲")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concepts), cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_episodes), cmocka_unit_test(test_held_out_stays_out),
        cmocka_unit_test(test_form),     cmocka_unit_test(test_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
