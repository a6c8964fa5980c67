/* Answers by a small general model in a file: it writes no usable sentence, and is not meant to.
 * What counts: names, numbers and citations come out of the evidence while it decodes, nothing
 * unsupported is shown, and the template answers with a note. */
#include <unistd.h>

#include "tests/unit/fusion_world.h"
#include "tests/unit/unit.h"

#include "fusion/internal.h"
#include "llm/local.h"
#include "llm/quoting.h"

static const fusion_fact facts[] = {
    {"disease:cholera", "symptom", "symptom:diarrhoea"},
    {"disease:cholera", "symptom", "symptom:vomiting"},
    {"disease:霍乱", "症状", "symptom:腹泻"},
    {"disease:霍乱", "治愈率", "=95%"},
    {NULL, NULL, NULL},
};

static bool model_path(const char *name, char out[512])
{
    const char *data = getenv("VOUCH_DATA");
    snprintf(out, 512, "%s/models/%s", data == NULL ? "../shared/data" : data, name);
    return access(out, R_OK) == 0;
}

static void ask(fusion_engine *e, const char *question, int samples, int64_t within_ms)
{
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    const fusion_request request = {
        .question = str_from(question),
        .as_of = CLOCK_DAY_UNKNOWN,
        .samples = samples,
        .deadline_ns = within_ms == 0 ? 0 : clock_monotonic_ns() + (uint64_t)within_ms * 1000000};
    if (fusion_ask(e, &request, memory, &a, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    if (within_ms > 0 && a.status == ANSWER_ABSTAINED) { /* a slow machine had no time at all */
        arena_free(memory);
        return;
    }
    assert_int_equal(a.status, ANSWER_ANSWERED);
    assert_false(str_empty(a.reason)); /* the note */
    assert_true(str_equal(a.model, STR("none")));
    assert_true(a.clause_count > 0);
    for (size_t i = 0; i < a.clause_count; i++)
        assert_int_equal(a.clauses[i].verdict, VERDICT_SUPPORTED);
    json_decref(a.samples);
    arena_free(memory);
}

static void a_small_model_leaves_the_template(void **state)
{
    static const char *models[] = {"stories260K-f32.gguf", "stories260K-q8_0.gguf"};
    (void)state;
    char path[512];
    if (!model_path(models[0], path))
        skip();
    fusion_world *w = fusion_world_new(facts, "medical");
    for (size_t i = 0; i < CORE_COUNT(models); i++) {
        error err = {0};
        fusion_engine *e = NULL;
        assert_true(model_path(models[i], path));
        const fusion_options options = {.graph_path = w->path, .model = path, .threads = 1};
        if (fusion_open(&options, &e, &err) != STATUS_OK)
            fail_msg("%s", err.message);
        assert_true(brain_writes(e->brain));
        assert_int_equal(brain_context(e->brain), 512);
        ask(e, "What are the symptoms of cholera?", 0, 0);
        ask(e, "霍乱的治愈率是多少？", 0, 0);
        ask(e, "What are the symptoms of cholera?", 3, 0);
        ask(e, "What are the symptoms of cholera?", 0, 1);
        fusion_close(e);
    }
    fusion_world_free(w);
}

/* Every brace and bracket holds an entry, and no digit stands elsewhere. */
static void check_quotes(str text, const str *entries, size_t count, size_t *quotes)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        assert_false(c >= '0' && c <= '9');
        if (c != '{' && c != '[')
            continue;
        size_t end = str_find(text, c == '{' ? STR("}") : STR("]"), i);
        if (end == STR_NONE)
            return; /* cut off at max_tokens */
        str inside = str_slice(text, i + 1, end);
        bool known = c == '[' && str_equal(inside, STR("1"));
        for (size_t k = 0; k < count && c == '{'; k++)
            known = known || str_equal(inside, entries[k]);
        if (!known)
            fail_msg("quoted: %.*s", STR_ARG(inside));
        (*quotes)++;
        i = end;
    }
}

static void names_decode_under_the_evidence(void **state)
{
    (void)state;
    char path[512];
    if (!model_path("stories260K-q8_0.gguf", path))
        skip();
    llm *model = NULL;
    llm_constraint *c = NULL;
    error err = {0};
    const str entries[] = {STR("cholera"), STR("oral rehydration"), STR("95%"), STR("霍乱")};
    const llm_quoting quoting = {entries, 4, 1};
    const llm_model_options one = {.threads = 1, .no_pin = true};
    size_t quotes = 0;
    assert_int_equal(llm_local_open(path, &one, NULL, &model, &err), STATUS_OK);
    assert_int_equal(llm_constraint_quoting(llm_vocabulary(model), &quoting, &c, &err), STATUS_OK);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        llm_result result = {0};
        llm_request r = llm_request_default();
        r.prompt = STR("Once upon a time");
        r.constraint = c;
        r.max_tokens = 48;
        r.sampling.temperature = 50.0F;
        r.sampling.seed = seed;
        assert_int_equal(llm_generate(model, &r, &result, &err), STATUS_OK);
        check_quotes(buf_str(&result.text), entries, 4, &quotes);
        llm_result_free(&result);
    }
    assert_true(quotes > 0);
    llm_constraint_free(c);
    llm_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_model_leaves_the_template),
        cmocka_unit_test(names_decode_under_the_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
