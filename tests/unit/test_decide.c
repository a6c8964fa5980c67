/* What is answered, asked back, refused and left open, out of the table tests/unit/decisions.tsv:
 * the whole way from a question, or several turns, to the decision, without a model. */
#include <stdio.h>
#include <stdlib.h>

#include "core/resource.h"
#include "tests/unit/fusion_world.h"
#include "tests/unit/unit.h"

enum { MOST_FACTS = 200, COLUMNS = 5 };

typedef struct table {
    arena *a;
    str text;
    fusion_world *zh, *en;
} table;

static bool next_row(table *t, str *rest, str column[COLUMNS])
{
    str line;
    while (str_split(rest, '\n', &line)) {
        size_t n = 0;
        if (str_empty(line) || line.data[0] == '#')
            continue;
        while (n < COLUMNS - 1 && str_split(&line, '\t', &column[n]))
            n++;
        column[n++] = line;
        if (n != COLUMNS)
            fail_msg("decisions.tsv: a row of %zu columns", n);
        return true;
    }
    (void)t;
    return false;
}

static fusion_world *make_world(table *t, const char *graph)
{
    fusion_fact *facts = ARENA_ARRAY(t->a, fusion_fact, MOST_FACTS + 1);
    str rest = t->text, column[COLUMNS];
    size_t n = 0;
    while (next_row(t, &rest, column))
        if (str_equal(column[0], STR("fact")) && str_equal(column[1], str_from(graph)) &&
            n < MOST_FACTS)
            facts[n++] = (fusion_fact){arena_cstr(t->a, column[2]), arena_cstr(t->a, column[3]),
                                       arena_cstr(t->a, column[4])};
    return fusion_world_new(facts, "medical");
}

static int set_up(void **state)
{
    table *t = calloc(1, sizeof *t);
    char path[512];
    error err = {0};
    const char *root = getenv("VOUCH_ROOT");
    t->a = arena_new(0);
    (void)snprintf(path, sizeof path, "%s/tests/unit/decisions.tsv", root == NULL ? "." : root);
    if (resource_read_file(path, t->a, &t->text, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    t->zh = make_world(t, "zh");
    t->en = make_world(t, "en");
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    table *t = *state;
    fusion_world_free(t->zh);
    fusion_world_free(t->en);
    arena_free(t->a);
    free(t);
    return 0;
}

/* All turns; the answer of the last one. */
static answer ask(fusion_world *w, str turns, arena *a)
{
    fusion_conversation *c = fusion_conversation_new();
    answer out = {0};
    error err = {0};
    while (!str_empty(turns)) {
        size_t end = str_find(turns, STR(" => "), 0);
        str turn = str_slice(turns, 0, end == STR_NONE ? turns.length : end);
        turns = end == STR_NONE ? (str){0} : str_slice(turns, end + 4, turns.length);
        const fusion_request q = {
            .question = turn, .as_of = CLOCK_DAY_UNKNOWN, .all = true, .conversation = c};
        if (fusion_ask(w->engine, &q, a, &out, &err) != STATUS_OK)
            fail_msg("%.*s: %s", STR_ARG(turn), err.message);
    }
    fusion_conversation_free(c);
    return out;
}

static bool has_value(const answer *out, str value)
{
    for (size_t i = 0; i < out->value_count; i++)
        if (str_equal(out->values[i], value))
            return true;
    return false;
}

static bool values_are(const answer *out, str wanted)
{
    str value;
    size_t n = 0;
    bool all = true;
    while (str_split(&wanted, ';', &value)) {
        all = all && has_value(out, value);
        n++;
    }
    return all && n == out->value_count;
}

static const char *word_for(answer_status s)
{
    return s == ANSWER_ANSWERED    ? "answered"
           : s == ANSWER_ABSTAINED ? "abstained"
           : s == ANSWER_CLARIFY   ? "clarify"
                                   : "refused";
}

static void questions_are_decided(void **state)
{
    table *t = *state;
    str rest = t->text, column[COLUMNS];
    size_t wrong = 0, asked = 0;
    while (next_row(t, &rest, column)) {
        if (!str_equal(column[0], STR("ask")))
            continue;
        answer out = ask(str_equal(column[1], STR("zh")) ? t->zh : t->en, column[4], t->a);
        bool answered = out.status == ANSWER_ANSWERED;
        bool right = str_equal(column[2], str_from(word_for(out.status))) &&
                     (answered ? values_are(&out, column[3])
                               : str_find(out.reason, column[3], 0) != STR_NONE);
        asked++;
        wrong += !right;
        if (!right)
            print_error("%.*s: %s, %zu values, first '%.*s', reason '%.*s'\n", STR_ARG(column[4]),
                        word_for(out.status), out.value_count,
                        STR_ARG(out.value_count > 0 ? out.values[0] : STR("")),
                        STR_ARG(out.reason));
    }
    assert_true(asked > 30);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(questions_are_decided)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
