/* Fault injection: a stub model words answers and inserts wrong entities, wrong numbers, negations,
 * wrong citations, extra claims and text that is no answer, at a set rate. Whatever it says,
 * nothing that it made up may be shown. VOUCH_FAULTS sets how many answers are asked for (800).
 */
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "core/compiler.h"
#include "fusion/brain.h"
#include "fusion/engine.h"
#include "fusion/internal.h"
#include "kg/store.h"

enum { DISEASES = 12, PER = 3 };

static const char *diseases[DISEASES] = {"肺结核", "乙肝",   "痛风",   "癫痫", "疥疮", "水痘",
                                         "中暑",   "胃溃疡", "白癜风", "龋齿", "沙眼", "面瘫"};
static const char *symptoms[] = {"咳嗽", "乏力", "低烧", "关节痛", "抽搐", "瘙痒",
                                 "皮疹", "头晕", "腹痛", "脱色",   "牙痛", "流泪"};
static const char *departments[] = {"传染科", "消化内科", "风湿科", "神经内科", "皮肤科"};

typedef struct world {
    char folder[64], path[96];
    fusion_engine *engine;
} world;

static void add(kg_write *w, const char *s, const char *p, kg_term o, error *err)
{
    char subject[96], relation[64];
    snprintf(subject, sizeof subject, "urn:vouch:disease:%s", s);
    snprintf(relation, sizeof relation, "urn:vouch:r:%s", p);
    const kg_new_statement n = {.s = {.kind = KG_TERM_IRI, .lexical = str_from(subject)},
                                .p = {.kind = KG_TERM_IRI, .lexical = str_from(relation)},
                                .o = o,
                                .valid_from = CLOCK_DAY_UNKNOWN,
                                .valid_to = CLOCK_DAY_UNKNOWN,
                                .confidence = 1,
                                .line = 1};
    assert_int_equal(kg_write_add(w, &n, err), STATUS_OK);
}

static void add_entity(kg_write *w, const char *s, const char *p, const char *class_name,
                       const char *o, error *err)
{
    char iri[96], type[96];
    snprintf(iri, sizeof iri, "urn:vouch:%s:%s", class_name, o);
    add(w, s, p, (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(iri)}, err);
    snprintf(type, sizeof type, "urn:vouch:c:%s", class_name);
    const kg_new_statement n = {
        .s = {.kind = KG_TERM_IRI, .lexical = str_from(iri)},
        .p = {.kind = KG_TERM_IRI,
              .lexical = STR("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")},
        .o = {.kind = KG_TERM_IRI, .lexical = str_from(type)},
        .valid_from = CLOCK_DAY_UNKNOWN,
        .valid_to = CLOCK_DAY_UNKNOWN,
        .confidence = 1,
        .line = 1};
    assert_int_equal(kg_write_add(w, &n, err), STATUS_OK);
}

static const char *symptom_of(int d, int i)
{
    return symptoms[(d * 5 + i * 2 + d / 4) % (int)CORE_COUNT(symptoms)];
}

static const char *department_of(int d)
{
    return departments[d % (int)CORE_COUNT(departments)];
}

static int rate_of(int d)
{
    return 40 + d * 3;
}

static int make_world(void **state)
{
    world *w = calloc(1, sizeof *w);
    error err = {0};
    kg_store *store = NULL;
    kg_write *write = NULL;
    snprintf(w->folder, sizeof w->folder, "/tmp/vouch-faults-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/g.kg", w->folder);
    const kg_open_options create = {.create = true};
    assert_int_equal(kg_open(w->path, &create, &store, &err), STATUS_OK);
    assert_int_equal(kg_write_begin(store, &write, &err), STATUS_OK);
    assert_int_equal(kg_write_source(write, STR("t.csv"), STR("csv"), 0.5, &err), STATUS_OK);
    for (int d = 0; d < DISEASES; d++) {
        char rate[16];
        for (int i = 0; i < PER; i++)
            add_entity(write, diseases[d], "symptom", "symptom", symptom_of(d, i), &err);
        add_entity(write, diseases[d], "department", "department", department_of(d), &err);
        snprintf(rate, sizeof rate, "%d%%", rate_of(d));
        add(write, diseases[d], "cure_rate",
            (kg_term){.kind = KG_TERM_LITERAL, .lexical = str_from(rate)}, &err);
    }
    assert_int_equal(kg_write_meta(write, STR("pack"), STR("medical"), &err), STATUS_OK);
    kg_write_report report;
    assert_int_equal(kg_write_commit(write, &report, &err), STATUS_OK);
    kg_close(store);
    const fusion_options options = {.graph_path = w->path, .model = "none"};
    if (fusion_open(&options, &w->engine, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    *state = w;
    return 0;
}

static int drop_world(void **state)
{
    world *w = *state;
    char command[128];
    fusion_close(w->engine);
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    if (system(command) != 0)
        return -1;
    free(w);
    return 0;
}

/* --- the stub -------------------------------------------------------------------------------- */
typedef struct stub {
    llm base;
    uint64_t random;
    int disease, kind; /* what is asked */
    char faulty[8][256];
    size_t faulty_count;
    size_t faults;
    bool fail, hang_up;
} stub;

static uint64_t draw(stub *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random;
}

/* A sentence about the disease asked, true or with one fault; faults are remembered. */
static void say(stub *s, buf *out, const char *fact, int number, bool may_fail)
{
    char text[256], truth[200];
    int d = s->disease, other = (d + 1 + (int)(draw(s) % (DISEASES - 1))) % DISEASES;
    snprintf(truth, sizeof truth, "%s", fact);
    unsigned fault = may_fail && draw(s) % 100 < 60 ? 1 + (unsigned)(draw(s) % 6) : 0;
    snprintf(text, sizeof text, "%s", truth);
    switch (fault) {
    case 1: /* another entity: is it true by chance? */
        snprintf(text, sizeof text, "%s的症状有%s", diseases[d], "骨折");
        break;
    case 2:
        snprintf(text, sizeof text, "%s的治愈率是%d%%", diseases[d], rate_of(d) + 1 + number);
        break;
    case 3:
        snprintf(text, sizeof text, "%s不应挂%s", diseases[d], department_of(d));
        break;
    case 4:
        number += 400; /* a citation of nothing */
        break;
    case 5:
        snprintf(text, sizeof text, "%s，而且只要喝白酒就能痊愈", truth);
        break;
    case 6:
        snprintf(text, sizeof text, "%s的治愈率是%d%%", diseases[other],
                 rate_of(other) + 1 + number);
        break;
    default:
        break;
    }
    if (fault > 0 && s->faulty_count < CORE_COUNT(s->faulty)) {
        s->faults++;
        if (fault != 4) /* there the sentence is true, its citation is not */
            snprintf(s->faulty[s->faulty_count++], sizeof s->faulty[0], "%s", text);
    }
    buf_printf(out, "%s [%d]。", text, number);
}

/* As a model would: a few bytes at a time, until nobody listens any more. */
static void show_pieces(const llm_request *request, llm_result *result)
{
    str all = buf_str(&result->text);
    for (size_t at = 0, end; request->on_text != NULL && at < all.length; at = end) {
        end = at + 7 < all.length ? at + 7 : all.length;
        while (end < all.length && ((unsigned char)all.data[end] & 0xc0) == 0x80)
            end++;
        if (!request->on_text(request->user, str_slice(all, at, end))) {
            result->text.length = end;
            result->text.data[end] = 0;
            result->finish = LLM_FINISH_CANCELLED;
            return;
        }
    }
}

static status stub_generate(llm *self, const llm_request *request, llm_result *result, error *err)
{
    stub *s = (stub *)self;
    char fact[200];
    llm_result_free(result);
    *result = (llm_result){.finish = LLM_FINISH_STOP, .prompt_tokens = 10, .completion_tokens = 10};
    if (s->fail)
        return error_set(err, STATUS_NET, "the line went dead");
    if (s->hang_up) {
        buf_add_cstr(&result->text, "〓〓 !!! [[[ {}} \xf0\x9f\x98\x80 SELECT * FROM x; [1");
        return STATUS_OK;
    }
    s->faulty_count = 0;
    if (s->kind == 0)
        for (int i = 0; i < PER; i++) {
            snprintf(fact, sizeof fact, "%s的症状有%s", diseases[s->disease],
                     symptom_of(s->disease, i));
            say(s, &result->text, fact, i + 1, true);
        }
    else if (s->kind == 1) {
        snprintf(fact, sizeof fact, "%s应挂%s", diseases[s->disease], department_of(s->disease));
        say(s, &result->text, fact, 1, true);
    } else {
        snprintf(fact, sizeof fact, "%s的治愈率是%d%%", diseases[s->disease], rate_of(s->disease));
        say(s, &result->text, fact, 1, true);
    }
    show_pieces(request, result);
    return STATUS_OK;
}

static void stub_cancel(llm *self)
{
    (void)self;
}

static const llm_tokenizer *stub_vocabulary(const llm *self)
{
    (void)self;
    return NULL;
}

static str stub_name(const llm *self)
{
    (void)self;
    return STR("stub");
}

static void stub_close(llm *self)
{
    free(self);
}

static const llm_ops stub_ops = {stub_generate, stub_cancel, stub_vocabulary, stub_name,
                                 stub_close};

static stub *put_stub(world *w)
{
    stub *s = calloc(1, sizeof *s);
    s->base.ops = &stub_ops;
    s->random = 0x9e3779b97f4a7c15u;
    brain_set_writer(w->engine->brain, &s->base);
    return s;
}

static void question_of(const stub *s, char out[128])
{
    if (s->kind == 0)
        snprintf(out, 128, "%s有什么症状？", diseases[s->disease]);
    else if (s->kind == 1)
        snprintf(out, 128, "%s挂什么科？", diseases[s->disease]);
    else
        snprintf(out, 128, "%s的治愈率是多少？", diseases[s->disease]);
}

/* What a person saw before the answer was finished. */
typedef struct seen {
    char text[64][300];
    size_t count;
    stub *s;
} seen;

static void see(void *context, str lang, const answer_clause *clause)
{
    seen *x = context;
    (void)lang;
    assert_int_equal(clause->verdict, VERDICT_SUPPORTED);
    assert_true(clause->citation_count > 0);
    assert_true(x->count < CORE_COUNT(x->text));
    for (size_t f = 0; f < x->s->faulty_count; f++)
        if (str_find(clause->text, str_from(x->s->faulty[f]), 0) != STR_NONE)
            fail_msg("shown: %s", x->s->faulty[f]);
    snprintf(x->text[x->count++], sizeof x->text[0], "%.*s", STR_ARG(clause->text));
}

static void saw_the_answer(const seen *x, const answer *a)
{
    assert_int_equal(x->count, a->clause_count);
    for (size_t i = 0; i < x->count; i++)
        assert_true(str_equal(a->clauses[i].text, str_from(x->text[i])));
}

/* --- tests ----------------------------------------------------------------------------------- */
static void nothing_made_up_is_shown(void **state)
{
    world *w = *state;
    stub *s = put_stub(w);
    const char *wanted = getenv("VOUCH_FAULTS");
    int n = wanted == NULL ? 800 : atoi(wanted), worded = 0, clauses = 0;
    for (int i = 0; i < n; i++) {
        char question[128];
        error err = {0};
        answer a = {0};
        arena *memory = arena_new(0);
        s->disease = (int)(draw(s) % DISEASES);
        s->kind = (int)(draw(s) % 3);
        question_of(s, question);
        seen x = {.s = s};
        const fusion_request request = {.question = str_from(question),
                                        .as_of = CLOCK_DAY_UNKNOWN,
                                        .strict = i % 2 == 0,
                                        .on_clause = i % 3 == 0 ? NULL : see,
                                        .context = &x};
        if (fusion_ask(w->engine, &request, memory, &a, &err) != STATUS_OK)
            fail_msg("%s", err.message);
        worded += str_equal(a.model, STR("stub"));
        if (request.on_clause != NULL)
            saw_the_answer(&x, &a);
        for (size_t k = 0; k < a.clause_count; k++) {
            const answer_clause *c = &a.clauses[k];
            clauses++;
            assert_int_equal(c->verdict, VERDICT_SUPPORTED);
            assert_true(c->citation_count > 0);
            for (size_t m = 0; m < c->citation_count; m++)
                assert_in_range(c->citations[m], 1, a.citation_count);
            for (size_t f = 0; f < s->faulty_count; f++)
                if (str_find(c->text, str_from(s->faulty[f]), 0) != STR_NONE)
                    fail_msg("shown: %s", s->faulty[f]);
        }
        json_decref(a.samples);
        arena_free(memory);
    }
    print_message("# %d answers, %zu faults inserted, %d answers worded by the stub, %d clauses\n",
                  n, s->faults, worded, clauses);
    assert_true(worded > n / 20); /* the gate lets truth through */
    assert_true((int)s->faults > n / 2);
}

static void a_broken_model_leaves_the_template(void **state)
{
    world *w = *state;
    stub *s = put_stub(w);
    for (int mode = 0; mode < 2; mode++) {
        error err = {0};
        answer a = {0};
        arena *memory = arena_new(0);
        s->fail = mode == 0;
        s->hang_up = mode == 1;
        const fusion_request request = {.question = STR("肺结核挂什么科？"),
                                        .as_of = CLOCK_DAY_UNKNOWN};
        assert_int_equal(fusion_ask(w->engine, &request, memory, &a, &err), STATUS_OK);
        assert_int_equal(a.status, ANSWER_ANSWERED);
        assert_true(str_find(a.text, STR("传染科"), 0) != STR_NONE);
        assert_true(str_equal(a.model, STR("none")));
        assert_false(str_empty(a.reason)); /* the note */
        arena_free(memory);
    }
}

static void best_of_n_reports_rewards(void **state)
{
    world *w = *state;
    stub *s = put_stub(w);
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    s->kind = 1;
    const fusion_request request = {
        .question = STR("肺结核挂什么科？"), .as_of = CLOCK_DAY_UNKNOWN, .samples = 6};
    assert_int_equal(fusion_ask(w->engine, &request, memory, &a, &err), STATUS_OK);
    assert_int_equal(json_array_size(a.samples), 6);
    const json_t *reward = json_object_get(json_array_get(a.samples, 0), "reward");
    assert_non_null(json_object_get(reward, "grounded"));
    assert_non_null(json_object_get(reward, "citation_precision"));
    json_decref(a.samples);
    arena_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_made_up_is_shown),
        cmocka_unit_test(a_broken_model_leaves_the_template),
        cmocka_unit_test(best_of_n_reports_rewards),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
