/* Plans that a model proposes: executed when the names of the question and the relations of the
 * graph are all that they hold, and dropped otherwise. The model is a script. */
#include <unistd.h>

#include "tests/unit/fusion_world.h"
#include "tests/unit/unit.h"

#include "fusion/internal.h"
#include "llm/local.h"

static const fusion_fact facts[] = {
    {"disease:cholera", "symptom", "symptom:diarrhoea"},
    {"disease:cholera", "symptom", "symptom:vomiting"},
    {"disease:cholera", "carrier", "thing:water"},
    {"disease:plague", "carrier", "thing:flea"},
    {NULL, NULL, NULL},
};

typedef struct script {
    llm base;
    const char *line; /* NULL = it fails */
    size_t calls;
    bool told_all; /* the names and relations stood in the prompt */
} script;

static status script_generate(llm *self, const llm_request *r, llm_result *result, error *err)
{
    script *s = (script *)self;
    str user = r->messages[r->message_count - 1].content;
    llm_result_free(result);
    *result = (llm_result){.finish = LLM_FINISH_STOP};
    s->calls++;
    s->told_all = str_find(user, STR("\"cholera\""), 0) != STR_NONE &&
                  str_find(user, STR("\"carrier\""), 0) != STR_NONE &&
                  str_find(user, STR("\"flea\""), 0) == STR_NONE;
    if (s->line == NULL)
        return error_set(err, STATUS_NET, "the line went dead");
    buf_add_cstr(&result->text, s->line);
    return STATUS_OK;
}

static void script_cancel(llm *self)
{
    (void)self;
}

static const llm_tokenizer *script_vocabulary(const llm *self)
{
    (void)self;
    return NULL;
}

static str script_name(const llm *self)
{
    (void)self;
    return STR("script");
}

static void script_close(llm *self)
{
    (void)self;
}

static const llm_ops ops = {script_generate, script_cancel, script_vocabulary, script_name,
                            script_close};

static const char question[] = "By which vehicle is cholera conveyed hither?";

static bool answered(fusion_world *w, bool propose, const char *value)
{
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    const fusion_request q = {
        .question = str_from(question), .as_of = CLOCK_DAY_UNKNOWN, .propose = propose};
    if (fusion_ask(w->engine, &q, memory, &a, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    bool done = a.status == ANSWER_ANSWERED;
    if (done) {
        assert_int_equal(a.value_count, 1);
        assert_true(str_equal(a.values[0], str_from(value)));
        assert_true(str_find(a.reason, STR("as the model read"), 0) != STR_NONE);
        for (size_t i = 0; i < a.clause_count; i++)
            assert_int_equal(a.clauses[i].verdict, VERDICT_SUPPORTED);
    }
    arena_free(memory);
    return done;
}

static void only_what_the_schema_allows_is_executed(void **state)
{
    (void)state;
    static const struct {
        const char *line, *value;
    } lines[] = {
        {"HOP(\"cholera\", +\"carrier\")", "water"},
        {" COUNT(HOP(\"cholera\", +\"symptom\"))\n", "2"},
        {"HOP(\"plague\", +\"carrier\")", NULL}, /* a name that the question does not hold */
        {"HOP(\"cholera\", +\"cure\")", NULL},
        {"HOP(\"cholera\", +\"carrier\"", NULL},
        {"SEARCH(\"secrets\")", NULL},
        {"HOP(\"cholera\", -\"carrier\")", NULL}, /* finds nothing */
        {"NONE", NULL},
        {"", NULL},
        {"I think that it is water.", NULL},
        {NULL, NULL},
    };
    fusion_world *w = fusion_world_new(facts, "medical");
    script s = {.base = {.ops = &ops}};
    brain_set_writer(w->engine->brain, &s.base);
    assert_false(answered(w, false, ""));
    assert_int_equal(s.calls, 0);
    for (size_t i = 0; i < CORE_COUNT(lines); i++) {
        s.line = lines[i].line;
        bool done = answered(w, true, lines[i].value);
        if (done != (lines[i].value != NULL))
            fail_msg("%s: %s", lines[i].line, done ? "answered" : "not answered");
        assert_true(s.told_all);
    }
    brain_set_writer(w->engine->brain, NULL);
    fusion_world_free(w);
}

/* A model in a file cannot write anything else; this one has no idea what it writes. */
static void a_local_model_decodes_under_the_grammar(void **state)
{
    (void)state;
    char path[512];
    const char *data = getenv("VOUCH_DATA");
    snprintf(path, sizeof path, "%s/models/stories260K-q8_0.gguf",
             data == NULL ? "../shared/data" : data);
    if (access(path, R_OK) != 0)
        skip();
    fusion_world *w = fusion_world_new(facts, "medical");
    const fusion_options options = {.graph_path = w->path, .model = path, .threads = 1};
    fusion_engine *e = NULL;
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    const fusion_request q = {
        .question = str_from(question), .as_of = CLOCK_DAY_UNKNOWN, .propose = true};
    assert_int_equal(fusion_open(&options, &e, &err), STATUS_OK);
    assert_int_equal(fusion_ask(e, &q, memory, &a, &err), STATUS_OK);
    for (size_t i = 0; i < a.clause_count; i++)
        assert_int_equal(a.clauses[i].verdict, VERDICT_SUPPORTED);
    fusion_close(e);
    arena_free(memory);
    fusion_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_schema_allows_is_executed),
        cmocka_unit_test(a_local_model_decodes_under_the_grammar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
