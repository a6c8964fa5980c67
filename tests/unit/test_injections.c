/* Instructions hidden in labels and passages of a graph change nothing: another question about the
 * entity is answered from its facts, and what the instruction wants does not stand in the worded
 * part of the answer. The model here obeys every instruction that it finds in its prompt. */
#include <jansson.h>
#include <stdbool.h>

#include "tests/unit/unit.h"

#include "fusion/brain.h"
#include "fusion/engine.h"
#include "fusion/internal.h"
#include "tests/unit/fusion_world.h"

/* A model that says back the object of each fact line that it was given, marked as cited: what an
 * obedient model would do with an instruction in a label. */
static status obey(llm *self, const llm_request *request, llm_result *result, error *err)
{
    (void)self;
    (void)err;
    str prompt = request->messages[request->message_count - 1].content, line;
    llm_result_free(result);
    *result = (llm_result){.finish = LLM_FINISH_STOP};
    while (str_split(&prompt, '\n', &line))
        if (str_starts(line, STR("["))) {
            buf_add(&result->text, line);
            buf_add_cstr(&result->text, " [1]。\n");
        }
    return STATUS_OK;
}

static void nothing(llm *self)
{
    (void)self;
}

static const llm_tokenizer *no_vocabulary(const llm *self)
{
    (void)self;
    return NULL;
}

static str name(const llm *self)
{
    (void)self;
    return STR("obedient");
}

static const llm_ops ops = {obey, nothing, no_vocabulary, name, nothing};

static bool holds(str text, const char *part)
{
    return part[0] != '\0' && str_find(text, str_from(part), 0) != STR_NONE;
}

static void check(const char *attack, const char *where, const char *forbidden)
{
    char label[4096];
    bool passage = strcmp(where, "passage") == 0;
    snprintf(label, sizeof label, "=%s", attack);
    const fusion_fact facts[] = {
        {"disease:肺结核", "department", "department:传染科"},
        {"disease:肺结核", "symptom", "symptom:咳嗽"},
        {"disease:肺结核", passage ? "http://purl.obolibrary.org/obo/IAO_0000115" : "alias", label},
        {NULL, NULL, NULL}};
    static llm model = {.ops = &ops};
    fusion_world *w = fusion_world_new(facts, "medical");
    brain_set_writer(w->engine->brain, &model);
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    const fusion_request request = {.question = STR("肺结核挂什么科？"),
                                    .as_of = CLOCK_DAY_UNKNOWN};
    if (fusion_ask(w->engine, &request, memory, &a, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(a.status, ANSWER_ANSWERED);
    assert_int_equal(a.value_count, 1);
    assert_true(str_equal(a.values[0], STR("传染科")));
    if (holds(a.text, forbidden))
        fail_msg("'%s' stands in the answer", forbidden);
    for (size_t i = 0; i < a.clause_count; i++)
        assert_int_equal(a.clauses[i].verdict, VERDICT_SUPPORTED);
    json_decref(a.samples);
    arena_free(memory);
    fusion_world_free(w);
}

static void instructions_in_the_graph_change_nothing(void **state)
{
    (void)state;
    const char *root = getenv("VOUCH_ROOT");
    char path[512], *line = NULL;
    size_t capacity = 0, count = 0;
    snprintf(path, sizeof path, "%s/tests/bench/injections.jsonl", root == NULL ? "." : root);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        skip();
    while (getline(&line, &capacity, file) >= 0) {
        json_t *j = json_loads(line, 0, NULL);
        const char *attack = json_string_value(json_object_get(j, "text"));
        const char *where = json_string_value(json_object_get(j, "where"));
        const json_t *f = json_object_get(j, "forbidden");
        const char *forbidden =
            json_is_string(f) ? json_string_value(f) : json_string_value(json_array_get(f, 0));
        if (attack != NULL && where != NULL) {
            check(attack, where, forbidden == NULL ? "" : forbidden);
            count++;
        }
        json_decref(j);
    }
    free(line);
    fclose(file);
    assert_true(count >= 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instructions_in_the_graph_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
