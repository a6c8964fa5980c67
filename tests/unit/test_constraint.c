/* Constraints: tries, spans, tokens that come once, and their conjunction, each failing closed. */
#include "tests/unit/unit.h"

#include "llm/constraint.h"
#include "llm/quoting.h"
#include "llm/spans.h"
#include "llm/trie.h"
#include "tests/unit/small_vocab.h"

static size_t allowed(llm_constraint *c, uint64_t *mask)
{
    error err = {0};
    llm_mask_fill(mask, c->vocabulary);
    assert_int_equal(llm_constraint_mask(c, mask, &err), STATUS_OK);
    return llm_mask_count(mask, c->vocabulary);
}

/* Says the text byte by byte; false at the first byte that is refused. The mask must agree. */
static bool say(llm_constraint *c, const char *text)
{
    uint64_t mask[16];
    for (; *text != 0; text++) {
        error err = {0};
        allowed(c, mask);
        status s = llm_constraint_accept(c, SMALL_BYTE(*text), &err);
        assert_int_equal(s == STATUS_OK, llm_mask_has(mask, SMALL_BYTE(*text)));
        if (s != STATUS_OK)
            return false;
    }
    return true;
}

static void trie_of_tokens(void **state)
{
    (void)state;
    llm_trie *trie = NULL;
    llm_constraint *c = NULL;
    error err = {0};
    uint64_t mask[2];
    uint32_t value = 99;
    const int32_t one[] = {5, 6, 7}, two[] = {5, 6}, three[] = {100}, bad[] = {101};
    assert_int_equal(llm_trie_new(101, &trie, &err), STATUS_OK);
    assert_int_equal(llm_constraint_trie(trie, &c, &err), STATUS_OK);
    assert_int_equal(allowed(c, mask), 0); /* an empty trie allows nothing */
    assert_false(llm_constraint_can_end(c));
    assert_int_equal(llm_trie_add(trie, one, 3, 1, &err), STATUS_OK);
    assert_int_equal(llm_trie_add(trie, two, 2, 2, &err), STATUS_OK);
    assert_int_equal(llm_trie_add(trie, three, 1, 3, &err), STATUS_OK);
    assert_int_equal(llm_trie_add(trie, two, 2, 4, &err), STATUS_OK);
    assert_int_equal(llm_trie_nodes(trie), 5);
    assert_int_equal(allowed(c, mask), 2);
    assert_true(llm_mask_has(mask, 5) && llm_mask_has(mask, 100));
    llm_constraint_accept(c, 5, &err);
    assert_false(llm_constraint_trie_value(c, &value));
    llm_constraint_accept(c, 6, &err);
    assert_true(llm_constraint_trie_value(c, &value));
    assert_int_equal(value, 2);
    assert_int_equal(allowed(c, mask), 1);
    assert_int_equal(llm_constraint_accept(c, 5, &err), STATUS_INVALID);
    err = (error){0};
    llm_constraint_accept(c, 7, &err);
    assert_int_equal(allowed(c, mask), 0);
    assert_true(llm_constraint_can_end(c));
    llm_constraint_reset(c);
    assert_int_equal(allowed(c, mask), 2);
    assert_int_equal(llm_trie_add(trie, bad, 1, 5, &err), STATUS_INVALID);
    err = (error){0};
    assert_int_equal(llm_trie_add(trie, bad, 0, 5, &err), STATUS_USAGE);
    llm_constraint_free(c);
    llm_trie_free(trie);
}

static void trie_of_many(void **state)
{
    (void)state;
    llm_trie *trie = NULL;
    error err = {0};
    assert_int_equal(llm_trie_new(1000, &trie, &err), STATUS_OK);
    for (int32_t i = 0; i < 20000; i++) {
        const int32_t ids[] = {i % 1000, i / 1000, i % 7};
        assert_int_equal(llm_trie_add(trie, ids, 3, (uint32_t)i, &err), STATUS_OK);
    }
    for (int32_t i = 0; i < 20000; i++) {
        int32_t n = llm_trie_step(trie, LLM_TRIE_ROOT, i % 1000);
        n = llm_trie_step(trie, llm_trie_step(trie, n, i / 1000), i % 7);
        uint32_t value = 0;
        assert_true(llm_trie_ends(trie, n, &value));
        assert_int_equal(value, i);
    }
    llm_trie_free(trie);
}

static llm_constraint *spans(const llm_tokenizer *t, llm_spans s)
{
    llm_constraint *c = NULL;
    error err = {0};
    assert_int_equal(llm_constraint_spans(t, &s, &c, &err), STATUS_OK);
    return c;
}

static void spans_come_out_of_the_list(void **state)
{
    (void)state;
    const char *words[] = {"a [", "[1", "12]", "] b", "[x"};
    llm_tokenizer *t = small_vocab(words, 5);
    const str entries[] = {STR("1"), STR("12")};
    llm_constraint *c =
        spans(t, (llm_spans){.open = STR("["), .close = STR("]"), .entries = entries, .count = 2});
    uint64_t mask[8];
    assert_true(say(c, "free text: "));
    assert_true(llm_constraint_can_end(c));
    allowed(c, mask);
    assert_true(llm_mask_has(mask, SMALL_WORD) && llm_mask_has(mask, SMALL_WORD + 1));
    assert_false(llm_mask_has(mask, SMALL_WORD + 4)); /* "[x" */
    assert_true(say(c, "["));
    assert_false(llm_constraint_can_end(c));
    assert_int_equal(allowed(c, mask), 2); /* "1" and "12]" */
    assert_true(say(c, "1"));
    assert_int_equal(allowed(c, mask), 3); /* "]", "2" and "] b" */
    assert_true(say(c, "2] and [1] and [1]."));
    assert_true(llm_constraint_can_end(c));
    assert_false(say(c, " [3]"));
    llm_constraint_free(c);
    llm_tokenizer_free(t);
}

static void spans_each_once(void **state)
{
    (void)state;
    const char *words[] = {"<E1>"};
    llm_tokenizer *t = small_vocab(words, 1);
    const str entries[] = {STR("E1"), STR("E2"), STR("E1")};
    llm_constraint *c = spans(t, (llm_spans){.open = STR("{{"),
                                             .close = STR("}}"),
                                             .entries = entries,
                                             .count = 3,
                                             .each_once = true,
                                             .forbid_newline = true});
    assert_false(say(c, "\n"));
    assert_true(say(c, "a { b {{E2}} {"));
    assert_false(llm_constraint_can_end(c));
    assert_true(say(c, "{E"));
    assert_false(say(c, "2"));
    assert_true(say(c, "1}}"));
    assert_true(llm_constraint_can_end(c));
    assert_true(say(c, " done {"));
    assert_false(say(c, "{")); /* nothing is left to open */
    assert_true(llm_constraint_can_end(c));
    llm_constraint_reset(c);
    assert_false(llm_constraint_can_end(c));
    llm_constraint_free(c);
    llm_tokenizer_free(t);
}

static void spans_without_markers_are_one_entry(void **state)
{
    (void)state;
    llm_tokenizer *t = small_vocab(NULL, 0);
    const str entries[] = {STR("ab"), STR("abc"), STR("x")};
    llm_constraint *c = spans(t, (llm_spans){.entries = entries, .count = 3});
    uint64_t mask[8];
    assert_int_equal(allowed(c, mask), 2);
    assert_true(say(c, "ab"));
    assert_true(llm_constraint_can_end(c));
    assert_true(say(c, "c"));
    assert_true(llm_constraint_can_end(c));
    assert_int_equal(allowed(c, mask), 0);
    llm_constraint_free(c);
    error err = {0};
    const str bad[] = {STR("a]")};
    llm_spans wrong[] = {
        {.open = STR("["), .entries = entries, .count = 3},
        {.open = STR("["), .close = STR("]"), .entries = bad, .count = 1},
        {.entries = &(str){"", 0}, .count = 1},
        {.entries = entries, .count = 3, .each_once = true},
    };
    for (int i = 0; i < 4; i++) {
        err = (error){0};
        assert_int_equal(llm_constraint_spans(t, &wrong[i], &c, &err), STATUS_USAGE);
    }
    llm_tokenizer_free(t);
}

static void each_token_once(void **state)
{
    (void)state;
    const char *words[] = {"<E1>", "<E2>"};
    llm_tokenizer *t = small_vocab(words, 2);
    const int32_t ids[] = {SMALL_WORD, SMALL_WORD + 1, SMALL_WORD};
    llm_constraint *c = NULL;
    error err = {0};
    uint64_t mask[8];
    assert_int_equal(llm_constraint_once(t, ids, 3, &c, &err), STATUS_OK);
    assert_int_equal(allowed(c, mask), 258); /* all but <unk>, <s> and </s> */
    assert_false(llm_mask_has(mask, 1));
    assert_false(llm_constraint_can_end(c));
    assert_int_equal(llm_constraint_accept(c, ids[1], &err), STATUS_OK);
    assert_true(say(c, "is"));
    allowed(c, mask);
    assert_false(llm_mask_has(mask, ids[1]));
    assert_int_equal(llm_constraint_accept(c, ids[1], &err), STATUS_INVALID);
    err = (error){0};
    assert_false(llm_constraint_can_end(c));
    assert_int_equal(llm_constraint_accept(c, ids[0], &err), STATUS_OK);
    assert_true(llm_constraint_can_end(c));
    llm_constraint_reset(c);
    assert_false(llm_constraint_can_end(c));
    llm_constraint_free(c);
    const int32_t eos = SMALL_EOS;
    assert_int_equal(llm_constraint_once(t, &eos, 1, &c, &err), STATUS_USAGE);
    llm_tokenizer_free(t);
}

static void both_is_what_each_allows(void **state)
{
    (void)state;
    const char *words[] = {"<E1>", "<E2>"};
    llm_tokenizer *t = small_vocab(words, 2);
    const int32_t ids[] = {SMALL_WORD, SMALL_WORD + 1};
    const str entries[] = {STR("<E1>a<E2>"), STR("<E1>a<E1>")};
    llm_constraint *once = NULL, *c = NULL;
    error err = {0};
    uint64_t mask[8];
    assert_int_equal(llm_constraint_once(t, ids, 2, &once, &err), STATUS_OK);
    llm_constraint *list = spans(t, (llm_spans){.entries = entries, .count = 2});
    assert_int_equal(llm_constraint_both(list, once, &c, &err), STATUS_OK);
    assert_int_equal(llm_constraint_accept(c, ids[0], &err), STATUS_OK);
    assert_true(say(c, "a"));
    allowed(c, mask);
    assert_true(llm_mask_has(mask, ids[1]));
    assert_false(llm_mask_has(mask, ids[0]));
    assert_int_equal(llm_constraint_accept(c, ids[0], &err), STATUS_INVALID);
    err = (error){0};
    assert_int_equal(llm_constraint_accept(c, ids[1], &err), STATUS_OK); /* neither had moved */
    assert_true(llm_constraint_can_end(c));
    llm_constraint_free(c);
    llm_tokenizer_free(t);
}

static void quotes_come_out_of_the_evidence(void **state)
{
    (void)state;
    const char *words[] = {" {ch", "95", "] {"};
    llm_tokenizer *t = small_vocab(words, 3);
    const str entries[] = {STR("cholera"), STR("95 %"), STR(""), STR("a}b")};
    const llm_quoting quoting = {entries, 4, 2};
    llm_constraint *c = NULL;
    error err = {0};
    uint64_t mask[8];
    assert_int_equal(llm_constraint_quoting(t, &quoting, &c, &err), STATUS_OK);
    assert_true(say(c, "the cure of "));
    allowed(c, mask);
    assert_true(llm_mask_has(mask, SMALL_WORD));      /* " {ch" */
    assert_false(llm_mask_has(mask, SMALL_WORD + 1)); /* a number outside of braces */
    assert_false(llm_mask_has(mask, SMALL_BYTE(']')));
    assert_true(say(c, "{"));
    assert_false(llm_constraint_can_end(c));
    assert_int_equal(allowed(c, mask), 3); /* "c", "9" and "95" */
    assert_true(say(c, "cholera} is {95 %} [2][1]."));
    assert_true(llm_constraint_can_end(c));
    assert_false(say(c, "{a"));
    llm_constraint_reset(c);
    assert_false(say(c, "[3"));
    llm_constraint_free(c);
    const llm_quoting nothing = {NULL, 0, 0};
    assert_int_equal(llm_constraint_quoting(t, &nothing, &c, &err), STATUS_OK);
    assert_true(say(c, "words"));
    assert_false(say(c, "{"));
    llm_constraint_free(c);
    buf plain = {0};
    llm_quoting_plain(STR("{cholera}: {95 %} [1]"), &plain);
    assert_true(str_equal(buf_str(&plain), STR("cholera: 95 % [1]")));
    buf_free(&plain);
    llm_tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trie_of_tokens),
        cmocka_unit_test(trie_of_many),
        cmocka_unit_test(spans_come_out_of_the_list),
        cmocka_unit_test(spans_each_once),
        cmocka_unit_test(spans_without_markers_are_one_entry),
        cmocka_unit_test(each_token_once),
        cmocka_unit_test(quotes_come_out_of_the_evidence),
        cmocka_unit_test(both_is_what_each_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
