/* Questions about the statutes of samples/legal: which version is meant, which day is answered for,
 * and the signals by which answers are given or withheld. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "core/compiler.h"
#include "ingest/job.h"
#include "kg/pack.h"
#include "retriever/retriever.h"

typedef struct fixture {
    char path[64];
    kg_store *store;
    kg_read *read;
    pack *domain;
    retriever *r;
    arena *a;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    error err = {0};
    static const char *const places[] = {"samples/legal"};
    const ingest_options load = {.format = "statutes", .pack = "legal", .authority = -1};
    ingest_report report;
    const kg_open_options create = {.create = true};
    snprintf(f->path, sizeof f->path, "/tmp/vouch_test_statutes_%ld.kg", (long)getpid());
    unlink(f->path);
    f->a = arena_new(0);
    assert_int_equal(kg_open(f->path, &create, &f->store, &err), STATUS_OK);
    assert_int_equal(ingest_run(f->store, places, 1, &load, &report, &err), STATUS_OK);
    assert_int_equal(kg_read_begin(f->store, &f->read, &err), STATUS_OK);
    assert_int_equal(pack_open("legal", &f->domain, &err), STATUS_OK);
    const retriever_options o = {.pack = f->domain, .no_cache = true};
    assert_int_equal(retriever_open(f->store, &o, &f->r, &err), STATUS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    fixture *f = *state;
    retriever_close(f->r);
    pack_close(f->domain);
    kg_read_end(f->read);
    kg_close(f->store);
    for (size_t i = 0; i < CORE_COUNT(ends); i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
        unlink(path);
    }
    arena_free(f->a);
    free(f);
    return 0;
}

static clock_day day(const char *iso)
{
    clock_day d = CLOCK_DAY_UNKNOWN;
    assert_true(clock_day_parse(str_from(iso), &d));
    return d;
}

static retriever_result ask(fixture *f, const char *question, clock_day as_of)
{
    error err = {0};
    retriever_result found = {0};
    const retriever_request q = {.question = str_from(question), .as_of = as_of};
    assert_int_equal(retriever_ask(f->r, f->read, &q, f->a, &found, &err), STATUS_OK);
    return found;
}

/* The first value's text, as it starts. */
static bool answers(fixture *f, const retriever_result *found, const char *start)
{
    error err = {0};
    str text = {0};
    if (found->result.value_count != 1)
        return false;
    assert_int_equal(
        kg_labels(f->read, &found->result.values[0].id, 1, (str){0}, f->a, &text, &err), STATUS_OK);
    return str_starts(text, str_from(start));
}

/* --- versions ----------------------------------------------------------------------------------
 */
static const char *const board = "董事会会议由董事长召集和主持", *const capital =
                                                                     "有限责任公司的注册资本";

static void a_version_that_is_named_is_quoted(void **state)
{
    fixture *f = *state;
    const clock_day now = day("2026-01-01");
    retriever_result old = ask(f, "2018年版公司法第四十七条怎么说", now);
    assert_true(old.as_of_asked);
    assert_true(old.as_of >= day("2018-10-26") && old.as_of < day("2024-07-01"));
    assert_true(answers(f, &old, board));
    retriever_result parenthesis = ask(f, "公司法（2018）第四十七条", now);
    assert_true(answers(f, &parenthesis, board));
    retriever_result before = ask(f, "旧公司法第四十七条", now);
    assert_true(answers(f, &before, board));
    retriever_result named = ask(f, "2023年的公司法第四十七条", now);
    assert_true(answers(f, &named, capital));
}

static void without_a_version_the_day_decides(void **state)
{
    fixture *f = *state;
    retriever_result now = ask(f, "公司法第四十七条", day("2026-01-01"));
    assert_true(answers(f, &now, capital));
    assert_int_equal(now.as_of, day("2026-01-01"));
    retriever_result then = ask(f, "公司法第四十七条", day("2020-05-05"));
    assert_true(answers(f, &then, board));
    retriever_result said = ask(f, "2020年的时候公司法第四十七条怎么说", day("2026-01-01"));
    assert_true(answers(f, &said, board));
    assert_true(said.as_of_asked);
}

/* A new law is adopted before it takes effect: until that day the old text holds. */
static void a_version_holds_from_its_first_day(void **state)
{
    fixture *f = *state;
    retriever_result last = ask(f, "公司法第四十七条", day("2024-06-30"));
    assert_true(answers(f, &last, board));
    retriever_result first = ask(f, "公司法第四十七条", day("2024-07-01"));
    assert_true(answers(f, &first, capital));
    retriever_result early = ask(f, "公司法第四十七条", day("1980-01-01"));
    assert_int_equal(early.result.value_count, 0);
}

static void the_words_of_a_version_are_found(void **state)
{
    fixture *f = *state;
    error err = {0};
    clock_day chosen = CLOCK_DAY_UNKNOWN;
    size_t start = 0, end = 0;
    const str text = STR("2018年的公司法第三条");
    assert_int_equal(retriever_version_of(f->r, f->read, text, STR("zh"), day("2026-01-01"), f->a,
                                          &chosen, &start, &end, &err),
                     STATUS_OK);
    assert_true(chosen < day("2024-07-01"));
    assert_true(end > start && str_starts(str_slice(text, start, end), STR("2018")));
    assert_int_equal(retriever_version_of(f->r, f->read, STR("公司法第三条"), STR("zh"),
                                          day("2026-01-01"), f->a, &chosen, &start, &end, &err),
                     STATUS_OK);
    assert_int_equal(chosen, day("2026-01-01"));
    assert_int_equal(start, end);
}

/* --- signals -----------------------------------------------------------------------------------
 */
static void a_text_that_was_searched_for_says_so(void **state)
{
    fixture *f = *state;
    retriever_result found = ask(f, "女方分娩后多久以内男方不得提出离婚", day("2026-01-01"));
    const retriever_signals *s = &found.signals;
    assert_int_equal(found.outcome, RETRIEVER_FOUND);
    assert_true(answers(f, &found, "女方在怀孕期间"));
    assert_true(s->passage);
    assert_true(s->said > 0.6 && s->said <= 1);
    assert_true(s->chars > 0.6 && s->chars <= 1);
    assert_true(s->lead > 0.5 && s->lead <= 6);
    assert_false(s->reason_asked);
    assert_true(str_empty(s->missing));
}

static void a_statement_is_no_searched_text(void **state)
{
    fixture *f = *state;
    retriever_result found = ask(f, "民法典第一千零四十七条", day("2026-01-01"));
    assert_true(found.signals.lead <= 0);
    assert_true(str_empty(found.signals.missing));
    assert_true(found.signals.left_mass < 0.1);
}

static void what_speaks_against_shows(void **state)
{
    fixture *f = *state;
    const clock_day now = day("2026-01-01");
    retriever_result none = ask(f, "公司法第五百条写了什么", now);
    assert_false(str_empty(none.signals.missing));
    retriever_result reason = ask(f, "为什么女方怀孕期间男方不得提出离婚", now);
    assert_true(reason.signals.reason_asked);
    retriever_result value = ask(f, "收养人要年满九十九周岁，那结婚呢", now);
    assert_true(value.signals.values_missing > 0);
    retriever_result far = ask(f, "火星上的居民怎样登记卫星轨道", now);
    assert_true(far.outcome != RETRIEVER_FOUND || far.signals.said < 0.5);
}

static void a_name_of_the_pack_hints(void **state)
{
    fixture *f = *state;
    retriever_result found = ask(f, "离婚冷静期是多少天", day("2026-01-01"));
    assert_true(answers(f, &found, "自婚姻登记机关收到离婚登记申请之日起三十日内"));
    assert_true(found.signals.hinted || found.signals.addressed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_version_that_is_named_is_quoted),
                                       cmocka_unit_test(without_a_version_the_day_decides),
                                       cmocka_unit_test(a_version_holds_from_its_first_day),
                                       cmocka_unit_test(the_words_of_a_version_are_found),
                                       cmocka_unit_test(a_text_that_was_searched_for_says_so),
                                       cmocka_unit_test(a_statement_is_no_searched_text),
                                       cmocka_unit_test(what_speaks_against_shows),
                                       cmocka_unit_test(a_name_of_the_pack_hints)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
