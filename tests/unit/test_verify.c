/* Verification on a small graph: FactKG's five types of claims (one hop, conjunction, existence,
 * multi-hop, negation), numbers, counts, comparisons, passages, and text that is no claim. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "fusion/engine.h"
#include "tests/unit/fusion_world.h"

#define PARENT "http://www.w3.org/2000/01/rdf-schema#subClassOf"
#define DEFINITION "http://purl.obolibrary.org/obo/IAO_0000115"

static const fusion_fact facts[] = {
    {"disease:肺结核", "symptom", "symptom:咳嗽"},
    {"disease:肺结核", "symptom", "symptom:低烧"},
    {"disease:肺结核", "department", "department:传染科"},
    {"disease:肺结核", "cure_rate", "=79%"},
    {"disease:肺结核", "period", "=3-6个月"},
    {"disease:肺结核", "complication", "disease:气胸"},
    {"disease:肺结核", "insurance", "insurance:医保疾病"},
    {"disease:气胸", "symptom", "symptom:胸痛"},
    {"disease:气胸", "department", "department:呼吸内科"},
    {"disease:气胸", "cure_rate", "=90%"},
    {"disease:高血压", "infectiousness", "infectiousness:无传染性"},
    {"disease:高血压", "department", "department:心内科"},
    {"disease:痛风", "insurance", "insurance:非医保疾病"},
    {"disease:cholera", PARENT, "disease:bacterial disease"},
    {"disease:bacterial disease", PARENT, "disease:infectious disease"},
    {"disease:cholera", "alias", "=blue death"},
    {"disease:cholera", DEFINITION,
     "=A bacterial disease that is described as an acute diarrheal illness caused by infection of "
     "the intestine with the bacterium Vibrio cholerae."},
    {"disease:gout", PARENT, "disease:arthritis"},
    {NULL, NULL, NULL}};

static fusion_world *world;

static int begin(void **state)
{
    (void)state;
    world = fusion_world_new(facts, "medical");
    return 0;
}

static int end(void **state)
{
    (void)state;
    fusion_world_free(world);
    return 0;
}

/* The worst verdict of the text's clauses. */
static answer_verdict verdict(const char *text, size_t *citations)
{
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    if (fusion_verify(world->engine, str_from(text), (str){0}, CLOCK_DAY_UNKNOWN, memory, &a,
                      &err) != STATUS_OK)
        fail_msg("%s", err.message);
    answer_verdict worst = a.clause_count == 0 ? VERDICT_UNPARSED : VERDICT_SUPPORTED;
    for (size_t i = 0; i < a.clause_count; i++)
        if (a.clauses[i].verdict != VERDICT_SUPPORTED && worst != VERDICT_CONTRADICTED)
            worst = a.clauses[i].verdict;
    *citations = a.citation_count;
    arena_free(memory);
    return worst;
}

static void expect(const char *text, answer_verdict wanted)
{
    size_t citations = 0;
    answer_verdict got = verdict(text, &citations);
    if (got != wanted)
        fail_msg("%s: %s, expected %s", text, answer_verdict_name(got),
                 answer_verdict_name(wanted));
    if (wanted == VERDICT_SUPPORTED || wanted == VERDICT_CONTRADICTED)
        assert_true(citations > 0);
}

static void one_hop(void **state)
{
    (void)state;
    expect("肺结核的症状有咳嗽。", VERDICT_SUPPORTED);
    expect("肺结核应挂传染科。", VERDICT_SUPPORTED);
    expect("肺结核的症状有胸痛。", VERDICT_NOT_IN_GRAPH);
    expect("咳嗽是肺结核的并发症。", VERDICT_NOT_IN_GRAPH);
    expect("Cholera is a bacterial disease.", VERDICT_SUPPORTED);
    expect("Cholera is a kind of infectious disease.", VERDICT_SUPPORTED);
    expect("Bacterial disease is a kind of cholera.", VERDICT_NOT_IN_GRAPH);
    expect("Cholera is also called blue death.", VERDICT_SUPPORTED);
    expect("Gout is also called blue death.", VERDICT_NOT_IN_GRAPH);
}

static void conjunction(void **state)
{
    (void)state;
    expect("肺结核的症状有咳嗽和低烧，应挂传染科。", VERDICT_SUPPORTED);
    expect("肺结核的症状有咳嗽和胸痛。", VERDICT_NOT_IN_GRAPH);
    expect("肺结核的症状有咳嗽，应挂呼吸内科。", VERDICT_NOT_IN_GRAPH);
    expect("肺结核的症状有咳嗽，还会变成隐形人。", VERDICT_NOT_IN_GRAPH);
}

static void existence(void **state)
{
    (void)state;
    expect("肺结核有并发症。", VERDICT_SUPPORTED);
    expect("高血压没有传染性。", VERDICT_SUPPORTED);
    expect("高血压有传染性。", VERDICT_CONTRADICTED);
    expect("高血压有并发症。", VERDICT_NOT_IN_GRAPH);
}

static void multi_hop(void **state)
{
    (void)state;
    expect("肺结核的并发症的症状有胸痛。", VERDICT_SUPPORTED);
    expect("肺结核的并发症的症状有脱发。", VERDICT_NOT_IN_GRAPH);
}

static void negation(void **state)
{
    (void)state;
    expect("肺结核的症状没有咳嗽。", VERDICT_CONTRADICTED);
    expect("肺结核不属于医保疾病。", VERDICT_CONTRADICTED);
    expect("痛风不属于医保疾病。", VERDICT_SUPPORTED);
    expect("痛风属于医保疾病。", VERDICT_CONTRADICTED);
    expect("Cholera is not a bacterial disease.", VERDICT_CONTRADICTED);
    expect("Gout is not a kind of cholera.", VERDICT_NOT_IN_GRAPH); /* open world */
}

static void numbers(void **state)
{
    (void)state;
    expect("肺结核的治愈率是79%。", VERDICT_SUPPORTED);
    expect("肺结核的治愈率是97%。", VERDICT_CONTRADICTED);
    expect("肺结核的治愈率超过70%。", VERDICT_SUPPORTED);
    expect("肺结核的治愈率不超过70%。", VERDICT_CONTRADICTED);
    expect("肺结核的治疗周期为3-6个月。", VERDICT_SUPPORTED);
    expect("肺结核的治疗周期为3-6年。", VERDICT_CONTRADICTED);
    expect("肺结核有2种症状。", VERDICT_SUPPORTED);
    expect("肺结核有5种症状。", VERDICT_CONTRADICTED);
    expect("气胸的治愈率高于肺结核。", VERDICT_SUPPORTED);
    expect("肺结核的治愈率高于气胸。", VERDICT_CONTRADICTED);
}

static void no_claims(void **state)
{
    (void)state;
    expect("今天天气不错。", VERDICT_UNPARSED);
    expect("....", VERDICT_UNPARSED);
    expect("'; DROP TABLE statement; -- %s%n", VERDICT_UNPARSED);
    size_t citations;
    assert_int_equal(verdict("", &citations), VERDICT_UNPARSED);
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    assert_int_equal(
        fusion_verify(world->engine, STR("a\xff"), (str){0}, CLOCK_DAY_UNKNOWN, memory, &a, &err),
        STATUS_SYNTAX);
    arena_free(memory);
}

/* Names alone, joined by commas, were one sentence however many they were: 200 KB of memory each.
 */
static void a_long_row_of_names_is_cut(void **state)
{
    (void)state;
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    buf text = {0};
    for (int i = 0; i < 1000; i++)
        buf_add_cstr(&text, "咳嗽，");
    assert_int_equal(
        fusion_verify(world->engine, buf_str(&text), (str){0}, CLOCK_DAY_UNKNOWN, memory, &a, &err),
        STATUS_OK);
    assert_true(a.clause_count >= 10 && a.clause_count <= 1000);
    for (size_t i = 0; i < a.clause_count; i++)
        assert_true(a.clauses[i].verdict != VERDICT_SUPPORTED && a.clauses[i].text.length <= 4096);
    buf_free(&text);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_row_of_names_is_cut),
        cmocka_unit_test(one_hop),
        cmocka_unit_test(conjunction),
        cmocka_unit_test(existence),
        cmocka_unit_test(multi_hop),
        cmocka_unit_test(negation),
        cmocka_unit_test(numbers),
        cmocka_unit_test(no_claims),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
