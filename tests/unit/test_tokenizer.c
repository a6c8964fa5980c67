/* Tokenizers on small vocabularies made here: every rule once. The reference's own cases are in
 * test_tokenizer_vectors.c. */
#include "tests/unit/unit.h"

#include "core/utf8.h"
#include "llm/tokenizer.h"

#define BLOCK "\xe2\x96\x81"

/* SPM: bytes, then words; ids 0-2 are <unk> <s> </s>, 3-258 the bytes. */
typedef struct fixture {
    str tokens[300];
    float scores[300];
    int32_t types[300];
    char byte_text[256][8];
    size_t count;
} fixture;

static void add(fixture *f, const char *text, float score, int32_t type)
{
    f->tokens[f->count] = str_from(text);
    f->scores[f->count] = score;
    f->types[f->count++] = type;
}

static llm_tokenizer *spm(fixture *f, int space_prefix)
{
    *f = (fixture){0};
    add(f, "<unk>", 0, LLM_TOKEN_UNKNOWN);
    add(f, "<s>", 0, LLM_TOKEN_CONTROL);
    add(f, "</s>", 0, LLM_TOKEN_CONTROL);
    for (int i = 0; i < 256; i++) {
        snprintf(f->byte_text[i], sizeof f->byte_text[i], "<0x%02X>", i);
        add(f, f->byte_text[i], 0, LLM_TOKEN_BYTE);
    }
    const char *words[] = {BLOCK, "a", "b", "c", "ab", "bc", BLOCK "a", "abc", "\xe4\xb8\xad"};
    const float scores[] = {-9, -9, -9, -9, -3, -2, -4, -5, -9};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        add(f, words[i], scores[i], LLM_TOKEN_NORMAL);
    add(f, "<E1>", 0, LLM_TOKEN_USER_DEFINED);
    add(f, "<E10>", 0, LLM_TOKEN_USER_DEFINED);
    llm_vocab_spec spec = llm_vocab_spec_empty();
    spec.family = LLM_TOKENIZER_SPM;
    spec.count = f->count;
    spec.tokens = f->tokens;
    spec.scores = f->scores;
    spec.types = f->types;
    spec.unknown = 0, spec.bos = 1, spec.eos = 2;
    spec.add_space_prefix = space_prefix;
    llm_tokenizer *t = NULL;
    error err = {0};
    assert_int_equal(llm_tokenizer_new(&spec, &t, &err), STATUS_OK);
    return t;
}

/* Ids of the text as a line of texts, "|a|b". */
static void check(const llm_tokenizer *t, const char *text, unsigned flags, const char *want)
{
    llm_tokens ids = {0};
    error err = {0};
    buf got = {0};
    assert_int_equal(llm_tokenizer_encode(t, str_from(text), flags, &ids, &err), STATUS_OK);
    for (size_t i = 0; i < ids.count; i++)
        buf_printf(&got, "|%.*s", STR_ARG(llm_tokenizer_text(t, ids.ids[i])));
    assert_string_equal(got.data == NULL ? "" : got.data, want);
    buf_free(&got);
    llm_tokens_free(&ids);
}

static void spm_merges_best_score_first(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, 0);
    check(t, "abc", 0, "|abc"); /* bc first, then a+bc */
    check(t, "ab", 0, "|ab");
    check(t, "cab", 0, "|c|ab");
    check(t, "a a", 0, "|a|" BLOCK "a");
    check(t, "", LLM_ENCODE_ENDS, "|<s>");
    llm_tokenizer_free(t);
}

static void spm_falls_back_to_bytes(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, 0);
    check(t, "\xe4\xb8\xad", 0, "|\xe4\xb8\xad");
    check(t, "\xe6\x96\x87", 0, "|<0xE6>|<0x96>|<0x87>");
    check(t,
          "\xff"
          "a",
          0, "|<0xFF>|a");
    check(t, "\n", 0, "|<0x0A>");
    llm_tokenizer_free(t);
}

static void spm_prefixes_a_space(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, -1);
    check(t, "a", 0, "|" BLOCK "a");
    check(t, "a", LLM_ENCODE_CONTINUE, "|a");
    check(t, "a<E1>a", 0, "|" BLOCK "a|<E1>|" BLOCK "a");
    check(t, "a", LLM_ENCODE_ENDS, "|<s>|" BLOCK "a");
    llm_tokenizer_free(t);
}

static void special_tokens_only_on_request(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, 0);
    check(t, "a</s>b", LLM_ENCODE_SPECIAL, "|a|</s>|b");
    llm_tokens ids = {0};
    error err = {0};
    assert_int_equal(llm_tokenizer_encode(t, STR("a</s>b"), 0, &ids, &err), STATUS_OK);
    for (size_t i = 0; i < ids.count; i++)
        assert_int_not_equal(ids.ids[i], llm_tokenizer_eos(t));
    llm_tokens_free(&ids);
    check(t, "<E1><E10>", 0, "|<E1>|<E10>"); /* the longest wins */
    check(t, "<E1", 0, "|<0x3C>|<0x45>|<0x31>");
    check(t, "<E1>", LLM_ENCODE_NO_USER, "|<0x3C>|<0x45>|<0x31>|<0x3E>");
    assert_true(llm_tokenizer_ends(t, 2));
    assert_false(llm_tokenizer_ends(t, 1));
    assert_int_equal(llm_tokenizer_find(t, STR("<E10>")), (int)f.count - 1);
    assert_int_equal(llm_tokenizer_find(t, STR("<E11>")), LLM_TOKEN_NONE);
    llm_tokenizer_free(t);
}

/* BPE with merges a+b, ab+c, and one whose result is no token. */
static llm_tokenizer *bpe(const char *pre)
{
    static const str tokens[] = {{"a", 1},   {"b", 1},        {"c", 1},     {"ab", 2},
                                 {"abc", 3}, {"\xc4\xa0", 2}, {"<|x|>", 5}, {"\xc4\x8a", 2}};
    static const int32_t types[] = {1, 1, 1, 1, 1, 1, 3, 1};
    static const str merges[] = {{"a b", 3}, {"ab c", 4}, {"c c", 3}, {"cc c", 4}};
    llm_vocab_spec spec = llm_vocab_spec_empty();
    spec.family = LLM_TOKENIZER_BPE;
    spec.pre = str_from(pre);
    spec.count = 8;
    spec.tokens = tokens;
    spec.types = types;
    spec.merge_count = 4;
    spec.merges = merges;
    llm_tokenizer *t = NULL;
    error err = {0};
    assert_int_equal(llm_tokenizer_new(&spec, &t, &err), STATUS_OK);
    return t;
}

static void bpe_merges_by_rank(void **state)
{
    (void)state;
    llm_tokenizer *t = bpe("gpt-2");
    check(t, "abc", 0, "|abc");
    check(t, "aab", 0, "|a|ab");
    check(t, "ccc", 0, "|c|c|c"); /* merged to no token: back to its bytes */
    check(t, "ab a\n", 0, "|ab|\xc4\xa0|a|\xc4\x8a");
    check(t, "a<|x|>b", LLM_ENCODE_SPECIAL, "|a|<|x|>|b");
    error err = {0};
    llm_tokens ids = {0};
    assert_int_equal(llm_tokenizer_encode(t, STR("z"), 0, &ids, &err), STATUS_INVALID);
    assert_non_null(strstr(err.message, "0x7A"));
    llm_tokens_free(&ids);
    llm_tokenizer_free(t);
}

static void every_pretokenizer_compiles_and_keeps_the_text(void **state)
{
    (void)state;
    const char *names[] = {"gpt-2", "qwen2", "llama-bpe", "smollm", "default", "refact", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        llm_tokenizer *t = bpe(names[i]);
        const char *text = "a  b\n\n c ab abc\n";
        llm_tokens ids = {0};
        buf back = {0};
        error err = {0};
        assert_int_equal(llm_tokenizer_encode(t, str_from(text), 0, &ids, &err), STATUS_OK);
        assert_int_equal(llm_tokenizer_decode(t, ids.ids, ids.count, false, &back, &err),
                         STATUS_OK);
        assert_string_equal(back.data, text);
        buf_free(&back);
        llm_tokens_free(&ids);
        llm_tokenizer_free(t);
    }
}

static void decoding_is_valid_utf8_at_each_step(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, 0);
    const int32_t ids[] = {3 + 0xe4, 3 + 0xb8, 3 + 0xad, 3 + 0xe4, 260, 3 + 0xff, 3 + 0xf0};
    const char *after[] = {"",
                           "",
                           "\xe4\xb8\xad",
                           "\xe4\xb8\xad",
                           "\xe4\xb8\xad\xef\xbf\xbd"
                           "a",
                           "\xe4\xb8\xad\xef\xbf\xbd"
                           "a\xef\xbf\xbd",
                           "\xe4\xb8\xad\xef\xbf\xbd"
                           "a\xef\xbf\xbd"};
    llm_decoder d = {0};
    buf out = {0};
    for (size_t i = 0; i < 7; i++) {
        assert_true(llm_decoder_add(&d, t, ids[i], false, &out));
        assert_true(utf8_valid(out.data, out.length));
        assert_string_equal(out.data == NULL ? "" : out.data, after[i]);
    }
    assert_true(llm_decoder_finish(&d, &out));
    assert_string_equal(out.data + out.length - 3, "\xef\xbf\xbd");
    buf_free(&out);
    llm_tokenizer_free(t);
}

static void leading_space_is_taken_away_again(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, -1);
    llm_tokens ids = {0};
    error err = {0};
    buf out = {0};
    llm_tokenizer_encode(t, STR(" a b"), LLM_ENCODE_ENDS, &ids, &err);
    assert_int_equal(llm_tokenizer_decode(t, ids.ids, ids.count, false, &out, &err), STATUS_OK);
    assert_string_equal(out.data, " a b");
    buf_free(&out);
    llm_tokens_free(&ids);
    llm_tokenizer_free(t);
}

static void order_shares_prefixes(void **state)
{
    (void)state;
    fixture f;
    llm_tokenizer *t = spm(&f, 0);
    const llm_vocab_order *o = llm_tokenizer_order(t);
    assert_non_null(o);
    assert_ptr_equal(o, llm_tokenizer_order(t));
    assert_int_equal(o->count, f.count - 3); /* not the control and unknown tokens */
    for (size_t i = 1; i < o->count; i++) {
        str a = llm_tokenizer_piece(t, o->ids[i - 1], false);
        str b = llm_tokenizer_piece(t, o->ids[i], false);
        assert_true(str_compare(a, b) <= 0);
        assert_memory_equal(a.data, b.data, o->shared[i]);
    }
    llm_tokenizer_free(t);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    const str tokens[] = {{"a", 1}, {"b", 1}};
    const float nan_scores[] = {0, (float)(0.0 / 0.0)};
    const int32_t bad_types[] = {1, 9}, byte_types[] = {1, 6};
    const str bad_merge[] = {{"ab", 2}};
    llm_vocab_spec base = llm_vocab_spec_empty();
    base.count = 2;
    base.tokens = tokens;
    llm_vocab_spec cases[7];
    for (int i = 0; i < 7; i++)
        cases[i] = base;
    cases[0].count = 0;
    cases[1].bos = 2;
    cases[2].eos = -7;
    cases[3].scores = nan_scores;
    cases[4].types = bad_types;
    cases[5].types = byte_types;
    cases[6].family = LLM_TOKENIZER_BPE, cases[6].merges = bad_merge, cases[6].merge_count = 1;
    for (int i = 0; i < 7; i++) {
        llm_tokenizer *t = NULL;
        error err = {0};
        assert_int_equal(llm_tokenizer_new(&cases[i], &t, &err), STATUS_INVALID);
        assert_null(t);
        assert_true(err.message[0] != 0);
    }
    base.family = LLM_TOKENIZER_BPE;
    base.pre = STR("no-such");
    llm_tokenizer *t = NULL;
    error err = {0};
    assert_int_equal(llm_tokenizer_new(&base, &t, &err), STATUS_UNSUPPORTED);
    assert_non_null(strstr(err.message, "no-such"));
}

/* A megabyte without a break must not take quadratic time: the run would last for hours. */
static void long_texts_are_not_quadratic(void **state)
{
    (void)state;
    size_t n = (size_t)1 << 20;
    char *text = malloc(n);
    fixture f;
    llm_tokenizer *all[] = {spm(&f, -1), bpe("qwen2")};
    const char fill[] = {'a', ' ', '\n'};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof fill; k++) {
            memset(text, fill[k], n);
            llm_tokens ids = {0};
            error err = {0};
            assert_int_equal(llm_tokenizer_encode(all[i], str_make(text, n), 0, &ids, &err),
                             STATUS_OK);
            assert_true(ids.count > 0);
            llm_tokens_free(&ids);
        }
        llm_tokenizer_free(all[i]);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spm_merges_best_score_first),
        cmocka_unit_test(spm_falls_back_to_bytes),
        cmocka_unit_test(spm_prefixes_a_space),
        cmocka_unit_test(special_tokens_only_on_request),
        cmocka_unit_test(bpe_merges_by_rank),
        cmocka_unit_test(every_pretokenizer_compiles_and_keeps_the_text),
        cmocka_unit_test(decoding_is_valid_utf8_at_each_step),
        cmocka_unit_test(leading_space_is_taken_away_again),
        cmocka_unit_test(order_shares_prefixes),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(long_texts_are_not_quadratic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
