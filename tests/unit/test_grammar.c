/* Grammars: what they accept, what the compiler refuses and where, JSON schemas, and the masks. */
#include "tests/unit/unit.h"

#include "llm/grammar.h"
#include "llm/json_schema.h"
#include "tests/unit/small_vocab.h"

static llm_grammar *compile(const char *text)
{
    llm_grammar *g = NULL;
    error err = {0};
    if (llm_grammar_compile(str_from(text), &g, &err) != STATUS_OK)
        fail_msg("%d:%d: %s in\n%s", (int)err.line, (int)err.column, err.message, text);
    return g;
}

static bool matches(const llm_grammar *g, const char *text)
{
    error err = {0};
    status s = llm_grammar_match(g, str_from(text), &err);
    assert_true(s == STATUS_OK || s == STATUS_INVALID);
    return s == STATUS_OK;
}

static void check(const char *grammar, const char *const *yes, const char *const *no)
{
    llm_grammar *g = compile(grammar);
    for (; *yes != NULL; yes++)
        if (!matches(g, *yes))
            fail_msg("'%s' does not take '%s'", grammar, *yes);
    for (; *no != NULL; no++)
        if (matches(g, *no))
            fail_msg("'%s' takes '%s'", grammar, *no);
    llm_grammar_free(g);
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void operators(void **state)
{
    (void)state;
    check("root ::= \"a\" | \"bc\"", LIST("a", "bc"), LIST("", "b", "ab", "bcc"));
    check("root ::= \"a\"* \"b\"+ \"c\"?", LIST("b", "aaabbc"), LIST("", "a", "acc", "bcc"));
    check("root ::= [a-c]{2,3}", LIST("ab", "ccc"), LIST("a", "abca", "ad"));
    check("root ::= [0-9]{2}", LIST("42"), LIST("4", "424"));
    check("root ::= (\"a\" | \"b\"){2,}", LIST("ab", "babab"), LIST("a", "abc"));
    check("root ::= \"a\" \"b\"{0} \"c\"", LIST("ac"), LIST("abc"));
    check("root ::= x \",\" x # twice\nx ::= [^,]+\n", LIST("a,b", "\xe4\xb8\xad,x"),
          LIST("a", ",", "a,b,c"));
    check("root ::= \"(\" root \")\" | \"\"", LIST("", "(((())))"), LIST("(", "(()", "())"));
    check("root ::=", LIST(""), LIST("a"));
}

static void characters(void **state)
{
    (void)state;
    check("root ::= [\\u4e00-\\u9fff]+", LIST("\xe4\xb8\xad\xe6\x96\x87"),
          LIST("a", "\xe4\xb8", "\xe3\x81\x82"));
    check("root ::= .", LIST("a", "\n", "\xf0\x9f\x98\x80"),
          LIST("", "ab", "\xff", "\xed\xa0\x80"));
    check("root ::= [^\\x00-\\x7f]", LIST("\xc3\xa9", "\xf4\x8f\xbf\xbf"), LIST("e", "\xc3"));
    check("root ::= [\\U0001F600-\\U0001F64F]", LIST("\xf0\x9f\x98\x80"), LIST("\xf0\x9f\x99\x90"));
    check("root ::= \"\\\"\\\\\\n\\t\" [\\]\\-^]", LIST("\"\\\n\t]", "\"\\\n\t-", "\"\\\n\t^"),
          LIST("\"\\\n\tx"));
    check("root ::= [a-]", LIST("a", "-"), LIST("b"));
}

static void refuse(const char *text, status want, uint64_t line, uint64_t column)
{
    llm_grammar *g = NULL;
    error err = {0};
    assert_int_equal(llm_grammar_compile(str_from(text), &g, &err), want);
    assert_null(g);
    assert_true(err.message[0] != 0);
    if (err.line != line || err.column != column)
        fail_msg("%s: the error is at %d:%d: %s", text, (int)err.line, (int)err.column,
                 err.message);
}

static void refusals_have_their_place(void **state)
{
    (void)state;
    refuse("", STATUS_INVALID, 1, 1);
    refuse("a ::= \"x\"", STATUS_INVALID, 1, 1);
    refuse("root ::= \"x", STATUS_SYNTAX, 1, 12);
    refuse("root ::= b", STATUS_INVALID, 1, 10);
    refuse("root ::= \"a\"\nroot ::= \"b\"", STATUS_SYNTAX, 2, 1);
    refuse("root ::= (\"a\"", STATUS_SYNTAX, 1, 10);
    refuse("root ::= \"a\")", STATUS_SYNTAX, 1, 13);
    refuse("root ::= [b-a]", STATUS_SYNTAX, 1, 14);
    refuse("root ::= \"a\"{3,2}", STATUS_SYNTAX, 1, 17);
    refuse("root ::= \"a\"{2000}", STATUS_LIMIT, 1, 17);
    refuse("root ::= \"a\"**", STATUS_SYNTAX, 1, 14);
    refuse("root ::= \"\\q\"", STATUS_SYNTAX, 1, 13);
    refuse("root ::= []", STATUS_SYNTAX, 1, 12);
    refuse("root ::= \"\xff\"", STATUS_SYNTAX, 1, 11);
    refuse("root ::= root \"a\" | \"b\"", STATUS_INVALID, 1, 1);
    refuse("root ::= a\na ::= b \"x\" | \"y\"\nb ::= \"\" a", STATUS_INVALID, 2, 1);
    refuse("root ::= (\"a\"?)*", STATUS_INVALID, 1, 17);
}

static void size_is_bounded(void **state)
{
    (void)state;
    buf b = {0};
    buf_add_cstr(&b, "root ::= ");
    for (int i = 0; i < 100000; i++)
        buf_add_char(&b, '(');
    llm_grammar *g = NULL;
    error err = {0};
    assert_int_equal(llm_grammar_compile(buf_str(&b), &g, &err), STATUS_SYNTAX);
    buf_clear(&b);
    buf_add_cstr(&b, "root ::= ");
    for (int i = 0; i < 300; i++)
        buf_add_cstr(&b, "[a-z]{1000} ");
    err = (error){0};
    assert_int_equal(llm_grammar_compile(buf_str(&b), &g, &err), STATUS_LIMIT);
    buf_free(&b);
}

static void json(void **state)
{
    (void)state;
    llm_grammar *g = NULL;
    error err = {0};
    assert_int_equal(llm_grammar_compile(llm_json_grammar(), &g, &err), STATUS_OK);
    const char *yes[] = {
        "1",      "-0.5e+10", "\"a\\n\\u00e9\\ud83d\\ude00\"",     "[]",
        "[1, 2]", "{}",       "{\"a\":{\"b\":[true,false,null]}}", "\"\xe4\xb8\xad\""};
    const char *no[] = {"",    "01",      "[1,]",        "{\"a\"}", "\"\n\"",
                        "tru", "\"\\x\"", "\"\\ud800\"", "nul"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(matches(g, yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(matches(g, no[i]));
    llm_grammar_free(g);
}

static llm_grammar *from_schema(const char *schema)
{
    buf text = {0};
    error err = {0};
    if (llm_json_schema_to_grammar(str_from(schema), &text, &err) != STATUS_OK)
        fail_msg("%s: %s", schema, err.message);
    llm_grammar *g = compile(text.data);
    buf_free(&text);
    return g;
}

static void check_schema(const char *schema, const char *const *yes, const char *const *no)
{
    llm_grammar *g = from_schema(schema);
    for (; *yes != NULL; yes++)
        if (!matches(g, *yes))
            fail_msg("%s does not take %s", schema, *yes);
    for (; *no != NULL; no++)
        if (matches(g, *no))
            fail_msg("%s takes %s", schema, *no);
    llm_grammar_free(g);
}

static void schemas(void **state)
{
    (void)state;
    check_schema("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},"
                 "\"b\":{\"enum\":[\"x\",\"y\\\"\",1]},\"c\":{\"type\":\"boolean\"}},"
                 "\"required\":[\"b\"]}",
                 LIST("{\"a\":1,\"b\":\"x\"}", "{\"b\":1}", "{\"b\": \"y\\\"\", \"c\": true}",
                      "{ \"a\": -3, \"b\":\"x\", \"c\":false }"),
                 LIST("{}", "{\"a\":1}", "{\"b\":\"z\"}", "{\"a\":1.5,\"b\":\"x\"}",
                      "{\"b\":\"x\",}", "{,\"b\":1}", "{\"b\":1,\"d\":2}"));
    check_schema("{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":2},"
                 "\"minItems\":1,\"maxItems\":2}",
                 LIST("[\"\"]", "[\"ab\", \"\xe4\xb8\xad\xe6\x96\x87\"]"),
                 LIST("[]", "[\"abc\"]", "[\"a\",\"b\",\"c\"]", "[1]"));
    check_schema(
        "{\"$ref\":\"#/$defs/tree\",\"$defs\":{\"tree\":{\"type\":\"object\",\"properties\":"
        "{\"kids\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tree\"}}},"
        "\"required\":[\"kids\"]}}}",
        LIST("{\"kids\":[]}", "{\"kids\":[{\"kids\":[]},{\"kids\":[]}]}"),
        LIST("{}", "{\"kids\":[1]}"));
    check_schema("{\"anyOf\":[{\"type\":[\"null\",\"number\"]},{\"const\":{\"k\":[1]}}]}",
                 LIST("null", "2.5", "{\"k\":[1]}"), LIST("true", "{\"k\":[2]}"));
    check_schema("{\"prefixItems\":[{\"const\":1},{\"type\":\"null\"}],\"items\":false}",
                 LIST("[1, null]"), LIST("[1]", "[1,null,1]"));
    check_schema("{\"type\":\"array\",\"maxItems\":0}", LIST("[]"), LIST("[1]"));
    check_schema("true", LIST("[{}]"), LIST("x"));
}

static void schemas_are_never_loosened(void **state)
{
    (void)state;
    const struct {
        const char *schema, *pointer;
        status code;
    } cases[] = {
        {"{\"type\":\"integer\",\"minimum\":3}", "#/minimum", STATUS_UNSUPPORTED},
        {"{\"properties\":{\"a\":{\"pattern\":\"x\"}}}", "#/properties/a/pattern",
         STATUS_UNSUPPORTED},
        {"{\"type\":\"thing\"}", "#", STATUS_INVALID},
        {"{\"enum\":[]}", "#", STATUS_INVALID},
        {"{\"$ref\":\"http://x/y\"}", "#", STATUS_UNSUPPORTED},
        {"{\"$ref\":\"#/$defs/none\"}", "#", STATUS_UNSUPPORTED},
        {"{\"properties\":{},\"required\":[\"z\"]}", "#", STATUS_UNSUPPORTED},
        {"{\"anyOf\":[{\"type\":\"null\"},3]}", "#/anyOf/1", STATUS_INVALID},
        {"{\"type\":\"string\",\"maxLength\":99999}", "#", STATUS_UNSUPPORTED},
        {"{", "", STATUS_SYNTAX},
        {"", "", STATUS_SYNTAX},
        {"{\"type\":\"object\",\"additionalProperties\":{}}", "#/additionalProperties",
         STATUS_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf out = {0};
        error err = {0};
        assert_int_equal(llm_json_schema_to_grammar(str_from(cases[i].schema), &out, &err),
                         cases[i].code);
        if (strstr(err.message, cases[i].pointer) == NULL)
            fail_msg("%s: %s", cases[i].schema, err.message);
        buf_free(&out);
    }
}

/* --- masks --- */

static void mask_is_exactly_what_may_come(void **state)
{
    (void)state;
    const char *words[] = {"ab", "abc", "b1", "1", "x\xe4", "<E1>", "ab1x"};
    llm_tokenizer *t = small_vocab(words, 7);
    llm_grammar *g = compile("root ::= \"ab\" [0-9]+ (\"x\" \"\xe4\xb8\xad\")?");
    llm_constraint *c = NULL;
    error err = {0};
    assert_int_equal(llm_constraint_grammar(g, t, &c, &err), STATUS_OK);
    uint64_t mask[8];
    const int32_t first[] = {SMALL_BYTE('a'), SMALL_WORD + 0, SMALL_WORD + 6};
    llm_mask_fill(mask, c->vocabulary);
    assert_int_equal(llm_constraint_mask(c, mask, &err), STATUS_OK);
    assert_int_equal(llm_mask_count(mask, c->vocabulary), 3);
    for (int i = 0; i < 3; i++)
        assert_true(llm_mask_has(mask, first[i]));
    assert_int_equal(llm_constraint_accept(c, SMALL_WORD + 1, &err), STATUS_INVALID); /* "abc" */
    err = (error){0};
    assert_int_equal(llm_constraint_accept(c, SMALL_BYTE('a'), &err), STATUS_OK);
    assert_int_equal(llm_constraint_accept(c, SMALL_WORD + 2, &err), STATUS_OK); /* "b1" */
    assert_true(llm_constraint_can_end(c));
    assert_int_equal(llm_constraint_accept(c, SMALL_WORD + 4, &err), STATUS_OK); /* half a char */
    assert_false(llm_constraint_can_end(c));
    llm_mask_fill(mask, c->vocabulary);
    assert_int_equal(llm_constraint_mask(c, mask, &err), STATUS_OK);
    assert_int_equal(llm_mask_count(mask, c->vocabulary), 1);
    assert_true(llm_mask_has(mask, SMALL_BYTE('\xb8')));
    llm_constraint_accept(c, SMALL_BYTE('\xb8'), &err);
    llm_constraint_accept(c, SMALL_BYTE('\xad'), &err);
    assert_true(llm_constraint_can_end(c));
    llm_mask_fill(mask, c->vocabulary);
    assert_int_equal(llm_constraint_mask(c, mask, &err), STATUS_OK);
    assert_int_equal(llm_mask_count(mask, c->vocabulary), 0); /* nothing may follow */
    llm_constraint_reset(c);
    assert_false(llm_constraint_can_end(c));
    llm_constraint_free(c);
    llm_grammar_free(g);
    llm_tokenizer_free(t);
}

/* For every state that the text passes: each allowed token can really be matched, and the text's
 * own byte is allowed. */
static void masks_agree_with_matching(void **state)
{
    (void)state;
    const char *words[] = {"{\"", "\":", "\",", "[[", "]]", "true", ",\""};
    llm_tokenizer *t = small_vocab(words, 7);
    llm_grammar *g = NULL;
    llm_constraint *c = NULL;
    error err = {0};
    llm_grammar_compile(llm_json_grammar(), &g, &err);
    assert_int_equal(llm_constraint_grammar(g, t, &c, &err), STATUS_OK);
    const char *text = "{\"a\":[[true]],\"b\": {\"c\":-1.5e3}}";
    uint64_t mask[8];
    for (size_t i = 0; text[i] != 0; i++) {
        llm_mask_fill(mask, c->vocabulary);
        assert_int_equal(llm_constraint_mask(c, mask, &err), STATUS_OK);
        assert_true(llm_mask_has(mask, SMALL_BYTE(text[i])));
        for (int32_t id = 3; id < SMALL_WORD + 7; id++) {
            str piece = llm_tokenizer_piece(t, id, false);
            buf b = {0};
            buf_add(&b, str_make(text, i));
            buf_add(&b, piece);
            error e = {0};
            status s = llm_grammar_match(g, buf_str(&b), &e);
            bool possible = s == STATUS_OK || strstr(e.message, "incomplete") != NULL;
            assert_int_equal(possible, llm_mask_has(mask, id));
            buf_free(&b);
        }
        assert_int_equal(llm_constraint_accept(c, SMALL_BYTE(text[i]), &err), STATUS_OK);
    }
    assert_true(llm_constraint_can_end(c));
    llm_constraint_free(c);
    llm_grammar_free(g);
    llm_tokenizer_free(t);
}

static void endless_nesting_ends_in_an_error_or_goes_on(void **state)
{
    (void)state;
    llm_grammar *g = compile("root ::= \"[\" root \"]\" | \"x\"");
    size_t n = 1200000;
    char *text = malloc(n);
    memset(text, '[', n);
    error err = {0};
    status s = llm_grammar_match(g, str_make(text, n), &err);
    assert_true(s == STATUS_LIMIT || s == STATUS_INVALID);
    free(text);
    llm_grammar_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators),
        cmocka_unit_test(characters),
        cmocka_unit_test(refusals_have_their_place),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(json),
        cmocka_unit_test(schemas),
        cmocka_unit_test(schemas_are_never_loosened),
        cmocka_unit_test(mask_is_exactly_what_may_come),
        cmocka_unit_test(masks_agree_with_matching),
        cmocka_unit_test(endless_nesting_ends_in_an_error_or_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
