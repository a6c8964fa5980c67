/* vouch eval: asks a file of questions, compares the answers with the gold ones, and reports. What
 * is compared: the answer's `values` with `gold`, normalised as names are (width, case, script). */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/eval_calibrate.h"
#include "core/buf.h"
#include "fusion/engine.h"
#include "kg/store.h"

static const char help[] =
    "usage: vouch eval QUESTIONS.jsonl --graph G.kg [OPTIONS]\n"
    "\n"
    "Asks each question and compares the answer with the gold one. A line of the file is\n"
    "{\"id\", \"question\" or \"turns\": [...], \"gold\": [...], \"answerable\": true, \"lang\"?, "
    "\"as_of\"?}.\n"
    "\n"
    "  --graph G.kg      the graph\n"
    "  --pack P          domain pack (default: the graph's own)\n"
    "  --model M         'none', a GGUF file or an endpoint (default: the embedded model)\n"
    "  --examples F      example questions (JSON Lines)\n"
    "  --report F        write summary and every answer as JSON (schemas/eval.schema.json)\n"
    "  --limit N         only the first N questions\n"
    "  --price P         price of a core-hour, for the cost of a thousand questions\n"
    "  --calibrate OUT   fit p(correct) and the thresholds, write them (docs/CALIBRATION.md)\n"
    "  --cases F         with --calibrate: append this run's cases to F, fit on all of F;\n"
    "                    alone: append only\n"
    "  --weight W        how many cases each case of this run counts as (default 1)\n"
    "  --alpha A         risk of a wrong answer that the thresholds allow (default 0.1)\n"
    "  --calibration F   judge by this file instead of the calibration shipped\n"
    "  --wrong           print the questions that were answered wrong\n"
    "  --json            print the summary as JSON\n"
    "\n"
    "exit status: 0 done, 2 usage, 3 bad data\n";

typedef struct eval_options {
    fusion_options engine;
    const char *report, *price, *calibrate, *cases, *alpha, *weight;
    double case_weight;
    int limit;
    bool wrong, json;
} eval_options;

enum { STAGES = 7 };
static const char *const stage_names[STAGES] = {"link",     "plan",   "execute", "prompt",
                                                "generate", "verify", "total"};

typedef struct tally {
    size_t n, answerable, answered, answered_answerable, hits, exact, wrong, abstained,
        unanswerable, citations, good_citations, unsupported;
    double f1;
    uint64_t prompt_tokens, completion_tokens;
    double *times[STAGES];
    struct surety {
        double confidence, f1; /* -1 and 0: not answered */
    } * sureties;              /* of the answerable questions; as many as times[] */
    size_t capacity;
    json_t *questions;
    eval_cases *cases; /* NULL when none are kept */
} tally;

/* --- comparing ---------------------------------------------------------------------------------
 */
static bool is_gold(const json_t *gold, str value, arena *a)
{
    str norm = kg_normalise(value, a);
    for (size_t i = 0; i < json_array_size(gold); i++) {
        const json_t *g = json_array_get(gold, i);
        char number[64];
        str text = str_from(json_string_value(g));
        if (json_is_integer(g)) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(g));
            text = str_from(number);
        }
        if (str_equal(norm, kg_normalise(text, a)))
            return true;
    }
    return false;
}

static bool compare(tally *t, const json_t *gold, bool answerable, const answer *made, arena *a)
{
    size_t right = 0, golds = json_array_size(gold);
    bool answered = made->status == ANSWER_ANSWERED;
    for (size_t i = 0; i < made->value_count; i++)
        right += is_gold(gold, made->values[i], a);
    bool exact = answered && right == made->value_count && right == golds && golds > 0;
    t->answered += answered;
    if (!answerable) {
        t->unanswerable++;
        t->abstained += !answered;
        t->wrong += answered;
        return !answered;
    }
    double f1 = answered && made->value_count + golds > 0
                    ? 2 * (double)right / (double)(made->value_count + golds)
                    : 0;
    t->sureties[t->answerable] = (struct surety){answered ? made->confidence : -1, f1};
    t->answerable++;
    t->answered_answerable += answered;
    t->exact += exact;
    t->wrong += answered && (right < made->value_count || right == 0);
    if (answered && made->value_count > 0)
        t->hits += is_gold(gold, made->values[0], a);
    t->f1 += f1;
    return exact;
}

/* Said by the clause, or one of the values that it cuts short ("and 37 more"). */
static bool is_told(str label, const answer_clause *c, const answer *made)
{
    bool told = !str_empty(label) && str_find(c->text, label, 0) != STR_NONE;
    for (size_t i = 0; i < made->value_count && !told; i++)
        told = str_equal(made->values[i], label);
    return told;
}

/* The cited statement supports the clause that cites it: the clause was verified, and it speaks of
 * what the statement says (a text is quoted in part). */
static bool supports(const answer *made, const answer_clause *c, int n)
{
    for (size_t i = 0; i < made->citation_count; i++)
        if (made->citations[i].n == n)
            return c->verdict == VERDICT_SUPPORTED &&
                   (is_told(made->citations[i].subject, c, made) ||
                    is_told(made->citations[i].object, c, made));
    return false;
}

static void count_citations(tally *t, const answer *made)
{
    if (made->status != ANSWER_ANSWERED)
        return;
    for (size_t i = 0; i < made->clause_count; i++) {
        const answer_clause *c = &made->clauses[i];
        bool good = c->verdict == VERDICT_SUPPORTED;
        t->citations += c->citation_count;
        for (size_t k = 0; k < c->citation_count; k++)
            t->good_citations += supports(made, c, c->citations[k]);
        t->unsupported += !good;
    }
}

static bool note_times(tally *t, const answer *made)
{
    const double ms[STAGES] = {made->timings.link,   made->timings.plan,     made->timings.execute,
                               made->timings.prompt, made->timings.generate, made->timings.verify,
                               made->timings.total};
    if (t->n == t->capacity) {
        size_t more = t->capacity == 0 ? 256 : t->capacity * 2;
        for (int i = 0; i < STAGES; i++) {
            double *grown = realloc(t->times[i], more * sizeof *grown);
            if (grown == NULL)
                return false;
            t->times[i] = grown;
        }
        struct surety *grown = realloc(t->sureties, more * sizeof *grown);
        if (grown == NULL)
            return false;
        t->sureties = grown;
        t->capacity = more;
    }
    for (int i = 0; i < STAGES; i++)
        t->times[i][t->n] = ms[i];
    t->n++;
    t->prompt_tokens += made->prompt_tokens;
    t->completion_tokens += made->completion_tokens;
    return true;
}

/* --- one question ------------------------------------------------------------------------------
 */
static void record(tally *t, const json_t *q, const answer *made, bool correct)
{
    json_t *whole = answer_to_json(made);
    json_t *j = json_object();
    const json_t *id = json_object_get(q, "id");
    static const char *const fields[] = {"status",    "values",       "answer", "clauses",
                                         "citations", "logical_form", "reason", "timings_ms"};
    json_object_set(j, "id", (json_t *)(uintptr_t)id);
    json_object_set_new(j, "correct", json_boolean(correct));
    for (size_t i = 0; i < CORE_COUNT(fields); i++)
        json_object_set(j, fields[i], json_object_get(whole, fields[i]));
    json_array_append_new(t->questions, j);
    json_decref(whole);
}

/* For calibration: a value that is no gold answer. A passage that holds the answer is right. */
static bool is_wrong(const json_t *q, const answer *made, arena *a)
{
    const json_t *gold = json_object_get(q, "gold");
    bool any = false;
    for (size_t i = 0; i < made->value_count; i++) {
        bool good = is_gold(gold, made->values[i], a);
        for (size_t k = 0; made->passage && !good && k < json_array_size(gold); k++) {
            const char *g = json_string_value(json_array_get(gold, k));
            good = g != NULL && str_find(made->values[i], str_from(g), 0) != STR_NONE;
        }
        if (!good)
            return true;
        any = true;
    }
    return !any || json_is_false(json_object_get(q, "answerable"));
}

static void show_wrong(const json_t *q, const answer *made)
{
    char *asked = json_dumps(json_object_get(q, "turns") != NULL ? json_object_get(q, "turns")
                                                                 : json_object_get(q, "question"),
                             JSON_ENCODE_ANY);
    char *gold = json_dumps(json_object_get(q, "gold"), JSON_ENCODE_ANY | JSON_COMPACT);
    printf("? %s %s\n  gold %s\n  got  %s %.*s =", json_string_value(json_object_get(q, "id")),
           asked, gold, answer_status_name(made->status), STR_ARG(made->logical_form));
    for (size_t i = 0; i < made->value_count && i < 8; i++)
        printf(" %.*s;", STR_ARG(made->values[i]));
    printf(" %.*s\n", STR_ARG(made->reason));
    free(asked);
    free(gold);
}

static status ask_turns(fusion_engine *engine, const json_t *q, const json_t *turns, arena *a,
                        answer *out, error *err)
{
    fusion_conversation *conversation = turns != NULL ? fusion_conversation_new() : NULL;
    size_t n = turns != NULL ? json_array_size(turns) : 1;
    status s = STATUS_OK;
    clock_day as_of = CLOCK_DAY_UNKNOWN;
    const char *day = json_string_value(json_object_get(q, "as_of"));
    if (day != NULL && !clock_day_parse(str_from(day), &as_of))
        return error_set(err, STATUS_INVALID, "'as_of' is no date: %s", day);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        const json_t *text =
            turns != NULL ? json_array_get(turns, i) : json_object_get(q, "question");
        const fusion_request request = {
            .question = str_make(json_string_value(text), json_string_length(text)),
            .lang = str_from(json_string_value(json_object_get(q, "lang"))),
            .as_of = as_of,
            .conversation = conversation};
        s = fusion_ask(engine, &request, a, out, err);
    }
    fusion_conversation_free(conversation);
    return s;
}

static status one(fusion_engine *engine, const json_t *q, const char *path, const eval_options *o,
                  tally *t, error *err)
{
    arena *a = arena_new(0);
    answer made = {0};
    const json_t *turns = json_object_get(q, "turns");
    const json_t *answerable = json_object_get(q, "answerable");
    if (a == NULL)
        return error_memory(err);
    status s = ask_turns(engine, q, json_is_array(turns) ? turns : NULL, a, &made, err);
    if (s == STATUS_OK && !note_times(t, &made))
        s = error_memory(err);
    if (s == STATUS_OK) {
        bool correct = compare(t, json_object_get(q, "gold"), !json_is_false(answerable), &made, a);
        count_citations(t, &made);
        record(t, q, &made, correct);
        if (t->cases != NULL)
            s = eval_cases_add(t->cases, path, &made, is_wrong(q, &made, a), o->case_weight, err);
        if (o->wrong && !correct)
            show_wrong(q, &made);
    }
    json_decref(made.explain);
    json_decref(made.samples);
    arena_free(a);
    return s;
}

static status check_line(const json_t *q, const char *path, uint64_t line, error *err)
{
    const json_t *turns = json_object_get(q, "turns");
    bool asked = json_is_string(json_object_get(q, "question")) ||
                 (json_is_array(turns) && json_array_size(turns) > 0);
    for (size_t i = 0; i < json_array_size(turns); i++)
        asked = asked && json_is_string(json_array_get(turns, i));
    if (!json_is_object(q) || !asked)
        return error_set_at(err, STATUS_INVALID, path, line, 1,
                            "expected an object with 'question' or 'turns'");
    const json_t *gold = json_object_get(q, "gold");
    if (!json_is_false(json_object_get(q, "answerable")) && !json_is_array(gold))
        return error_set_at(err, STATUS_INVALID, path, line, 1, "'gold' must be a list of answers");
    return STATUS_OK;
}

static status all(fusion_engine *engine, const char *path, const eval_options *o, tally *t,
                  error *err)
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    status s = STATUS_OK;
    if (in == NULL)
        return error_errno(err, STATUS_NOT_FOUND, errno, path);
    for (uint64_t n = 1; s == STATUS_OK && (length = getline(&line, &capacity, in)) >= 0; n++) {
        json_error_t at;
        if (str_empty(str_trim(str_make(line, (size_t)length))))
            continue;
        if (o->limit > 0 && t->n >= (size_t)o->limit)
            break;
        json_t *q = json_loadb(line, (size_t)length, 0, &at);
        s = q == NULL
                ? error_set_at(err, STATUS_SYNTAX, path, n, (uint64_t)at.column, "%s", at.text)
                : check_line(q, path, n, err);
        if (s == STATUS_OK)
            s = one(engine, q, path, o, t, err);
        json_decref(q);
    }
    free(line);
    fclose(in);
    if (s == STATUS_OK && t->n == 0)
        return error_set(err, STATUS_INVALID, "%s: holds no questions", path);
    return s;
}

/* --- reporting ---------------------------------------------------------------------------------
 */
static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static double percentile(const double *sorted, size_t n, double share)
{
    size_t at = (size_t)((double)n * share);
    return sorted[at < n ? at : n - 1];
}

static json_t *latency(const tally *t, int stage)
{
    const double *ms = t->times[stage];
    return json_pack("{s:f, s:f, s:f}", "p50", percentile(ms, t->n, 0.5), "p95",
                     percentile(ms, t->n, 0.95), "p99", percentile(ms, t->n, 0.99));
}

static int surest_first(const void *x, const void *y)
{
    const struct surety *a = x, *b = y;
    return (a->confidence < b->confidence) - (a->confidence > b->confidence);
}

/* F1 of the answerable questions whose answers are surest, a share of them all. */
static double f1_at(tally *t, double coverage)
{
    size_t most = (size_t)((double)t->answerable * coverage + 0.5);
    double sum = 0;
    if (most == 0)
        return 0;
    qsort(t->sureties, t->answerable, sizeof *t->sureties, surest_first);
    for (size_t i = 0; i < most; i++)
        sum += t->sureties[i].f1;
    return sum / (double)most;
}

static double share(size_t part, size_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static json_t *summarise(tally *t, const char *price)
{
    double total = 0, per_hour = 0;
    for (int i = 0; i < STAGES; i++)
        qsort(t->times[i], t->n, sizeof(double), ascending);
    for (size_t i = 0; i < t->n; i++)
        total += t->times[STAGES - 1][i];
    json_t *stages = json_object();
    for (int i = 0; i < STAGES - 1; i++)
        json_object_set_new(stages, stage_names[i], latency(t, i));
    json_t *j = json_pack(
        "{s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:f, s:I, s:o, s:o, s:{s:I, s:I}}", "n",
        (json_int_t)t->n, "answerable", (json_int_t)t->answerable, "unanswerable",
        (json_int_t)t->unanswerable, "answered", share(t->answered_answerable, t->answerable),
        "hits_at_1", share(t->hits, t->answerable), "f1",
        t->answerable > 0 ? t->f1 / (double)t->answerable : 0.0, "f1_at_80_coverage", f1_at(t, 0.8),
        "exact", share(t->exact, t->answerable), "wrong_among_answered",
        share(t->wrong, t->answered), "abstained_on_unanswerable",
        t->unanswerable > 0 ? json_real(share(t->abstained, t->unanswerable)) : json_null(),
        "citation_precision", t->citations > 0 ? share(t->good_citations, t->citations) : 1.0,
        "unsupported_clauses", (json_int_t)t->unsupported, "latency_ms", latency(t, STAGES - 1),
        "stages_ms", stages, "tokens", "prompt", (json_int_t)t->prompt_tokens, "completion",
        (json_int_t)t->completion_tokens);
    if (price != NULL && str_to_double(str_from(price), &per_hour))
        json_object_set_new(j, "cost_per_thousand",
                            json_real(total / 3600000.0 * per_hour * 1000 / (double)t->n));
    return j;
}

static double number(const json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void print_latency(const char *name, const json_t *j)
{
    printf("  %-9s %8.2f %8.2f %8.2f\n", name, number(j, "p50"), number(j, "p95"),
           number(j, "p99"));
}

static void print_summary(const json_t *s)
{
    const json_t *abstained = json_object_get(s, "abstained_on_unanswerable");
    const json_t *cost = json_object_get(s, "cost_per_thousand");
    printf("questions             %lld (%lld answerable)\n",
           (long long)json_integer_value(json_object_get(s, "n")),
           (long long)json_integer_value(json_object_get(s, "answerable")));
    printf("answered              %5.1f %%\n", 100 * number(s, "answered"));
    printf("Hits@1                %5.1f %%\n", 100 * number(s, "hits_at_1"));
    printf("F1                    %5.1f %%\n", 100 * number(s, "f1"));
    printf("  of the surest 80 %%  %5.1f %%\n", 100 * number(s, "f1_at_80_coverage"));
    printf("exact set             %5.1f %%\n", 100 * number(s, "exact"));
    printf("wrong among answered  %5.1f %%\n", 100 * number(s, "wrong_among_answered"));
    if (json_is_number(abstained))
        printf("abstained, unanswerable %3.1f %%\n", 100 * json_number_value(abstained));
    printf("citation precision    %5.1f %%\n", 100 * number(s, "citation_precision"));
    printf("unsupported clauses   %lld\n",
           (long long)json_integer_value(json_object_get(s, "unsupported_clauses")));
    printf("milliseconds            p50      p95      p99\n");
    for (int i = 0; i < STAGES - 1; i++)
        print_latency(stage_names[i],
                      json_object_get(json_object_get(s, "stages_ms"), stage_names[i]));
    print_latency("total", json_object_get(s, "latency_ms"));
    if (cost != NULL)
        printf("cost of 1000 questions %.6f\n", json_number_value(cost));
}

static status finish(tally *t, const eval_options *o, error *err)
{
    json_t *summary = summarise(t, o->price);
    status s = STATUS_OK;
    if (o->report != NULL) {
        json_t *report = json_pack("{s:O, s:O}", "summary", summary, "questions", t->questions);
        if (json_dump_file(report, o->report, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) != 0)
            s = error_set(err, STATUS_IO, "%s: cannot be written", o->report);
        json_decref(report);
    }
    if (o->json)
        json_dumpf(summary, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    else
        print_summary(summary);
    if (o->json)
        putchar('\n');
    json_decref(summary);
    return s;
}

int cmd_eval(int argc, char **argv)
{
    eval_options o = {0};
    const args_option options[] = {{"--graph", ARGS_TEXT, &o.engine.graph_path},
                                   {"--pack", ARGS_TEXT, &o.engine.pack},
                                   {"--model", ARGS_TEXT, &o.engine.model},
                                   {"--examples", ARGS_TEXT, &o.engine.examples},
                                   {"--report", ARGS_TEXT, &o.report},
                                   {"--price", ARGS_TEXT, &o.price},
                                   {"--calibrate", ARGS_TEXT, &o.calibrate},
                                   {"--cases", ARGS_TEXT, &o.cases},
                                   {"--alpha", ARGS_TEXT, &o.alpha},
                                   {"--weight", ARGS_TEXT, &o.weight},
                                   {"--calibration", ARGS_TEXT, &o.engine.calibration},
                                   {"--limit", ARGS_COUNT, &o.limit},
                                   {"--wrong", ARGS_FLAG, &o.wrong},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count < 1)
        return cli_usage("eval", "a file of questions, please");
    double alpha = 0.1;
    o.case_weight = 1;
    if (o.weight != NULL &&
        (!str_to_double(str_from(o.weight), &o.case_weight) || o.case_weight <= 0))
        return cli_usage("eval", "--weight is a number above 0");
    if (o.alpha != NULL && (!str_to_double(str_from(o.alpha), &alpha) || alpha <= 0 || alpha >= 1))
        return cli_usage("eval", "--alpha is a share between 0 and 1");
    if (o.engine.graph_path == NULL)
        return cli_usage("eval", "--graph is missing");
    error err = {0};
    fusion_engine *engine = NULL;
    tally t = {.questions = json_array()};
    o.engine.answer_always = o.calibrate != NULL || o.cases != NULL;
    if (o.engine.answer_always)
        t.cases = eval_cases_new();
    status s = fusion_open(&o.engine, &engine, &err);
    for (int i = 1; s == STATUS_OK && i <= count; i++)
        s = all(engine, argv[i], &o, &t, &err);
    if (s == STATUS_OK && t.cases != NULL)
        s = eval_cases_join(t.cases, o.cases, &err);
    if (s == STATUS_OK && o.calibrate != NULL)
        s = eval_cases_fit(t.cases, alpha, o.calibrate, &err);
    if (s == STATUS_OK)
        s = finish(&t, &o, &err);
    fusion_close(engine);
    eval_cases_free(t.cases);
    for (int i = 0; i < STAGES; i++)
        free(t.times[i]);
    free(t.sureties);
    json_decref(t.questions);
    return s == STATUS_OK ? 0 : cli_fail(&err);
}
