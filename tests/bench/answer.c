/* make bench-answer: how long a person waits. Questions over disease.csv, warm, with the embedded
 * model and without any: time to the first verified sentence and to the whole answer. Then a model
 * of the shape of Qwen2.5-0.5B in Q4_0 with random weights (time does not depend on them): a
 * prompt with 300 tokens of evidence up to the end of a first sentence, and a follow-up on the same
 * evidence with and without what was read already.
 *
 *   answer GRAPH QUESTIONS.jsonl OUT.json [MODEL.gguf, made when it is not there] */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/clock.h"
#include "fusion/engine.h"
#include "llm/local.h"
#include "llm/quoting.h"
#include "tests/unit/llm_models.h"

enum { MOST = 1024, INSTRUCTIONS = 120, EVIDENCE = 300, QUESTION = 20, SENTENCE = 16, TURNS = 3 };

static void die(const char *why)
{
    fprintf(stderr, "bench-answer: %s\n", why);
    exit(1);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double share(double *values, size_t n, double of)
{
    qsort(values, n, sizeof *values, by_value);
    return n == 0 ? 0 : values[(size_t)((double)(n - 1) * of)];
}

/* --- questions ------------------------------------------------------------------------------- */
typedef struct watch {
    uint64_t began;
    double first; /* ms to the first sentence; -1 = none yet */
} watch;

static void on_clause(void *context, str lang, const answer_clause *clause)
{
    watch *w = context;
    (void)lang;
    (void)clause;
    if (w->first < 0)
        w->first = clock_elapsed_ms(w->began);
}

typedef struct times {
    double first[MOST], total[MOST], cpu[MOST];
    size_t firsts, n;
} times;

static void ask(fusion_engine *e, const char *question, times *t)
{
    error err = {0};
    answer a = {0};
    arena *memory = arena_new(0);
    watch w = {clock_monotonic_ns(), -1};
    const fusion_request q = {.question = str_from(question),
                              .as_of = CLOCK_DAY_UNKNOWN,
                              .on_clause = on_clause,
                              .context = &w};
    double cpu = cpu_ms();
    if (fusion_ask(e, &q, memory, &a, &err) != STATUS_OK)
        die(err.message);
    if (t != NULL && t->n < MOST) {
        t->cpu[t->n] = cpu_ms() - cpu;
        t->total[t->n++] = clock_elapsed_ms(w.began);
        if (w.first >= 0)
            t->first[t->firsts++] = w.first;
    }
    arena_free(memory);
}

static size_t read_questions(const char *path, char *out[MOST])
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, n = 0;
    if (f == NULL)
        die("the questions cannot be read");
    while (n < MOST && getline(&line, &room, f) >= 0) {
        json_t *j = json_loads(line, 0, NULL);
        const char *q = json_string_value(json_object_get(j, "question"));
        if (q != NULL)
            out[n++] = strdup(q);
        json_decref(j);
    }
    free(line);
    fclose(f);
    return n;
}

static json_t *questions_of(const char *graph, const char *model, char **questions, size_t n)
{
    error err = {0};
    fusion_engine *e = NULL;
    const fusion_options o = {.graph_path = graph, .model = model};
    times *t = calloc(1, sizeof *t);
    if (t == NULL || fusion_open(&o, &e, &err) != STATUS_OK)
        die(err.message);
    for (size_t i = 0; i < n; i += 8) /* warm */
        ask(e, questions[i], NULL);
    for (size_t i = 0; i < n; i++)
        ask(e, questions[i], t);
    fusion_close(e);
    double first50 = share(t->first, t->firsts, 0.5), first95 = share(t->first, t->firsts, 0.95);
    double p50 = share(t->total, t->n, 0.5), p95 = share(t->total, t->n, 0.95);
    double cpu50 = share(t->cpu, t->n, 0.5), cpu95 = share(t->cpu, t->n, 0.95);
    printf("%-9s %5zu %10.1f %10.1f %10.1f %10.1f %10.1f %10.1f\n", model ? model : "embedded",
           t->n, first50, first95, p50, p95, cpu50, cpu95);
    free(t);
    return json_pack("{s:s,s:I,s:f,s:f,s:f,s:f,s:f,s:f}", "model", model ? model : "embedded",
                     "questions", (json_int_t)n, "first_p50_ms", first50, "first_p95_ms", first95,
                     "p50_ms", p50, "p95_ms", p95, "cpu_p50_ms", cpu50, "cpu_p95_ms", cpu95);
}

/* --- wording by the embedded model ----------------------------------------------------------- */
/* What the model made of each sentence that it was given, and how often the gate kept it. Prints
 * the pairs with SHOW in the environment. */
static void reword(const char *graph, const char *model, char **questions, size_t n)
{
    error err = {0};
    fusion_engine *e = NULL;
    size_t given = 0, whole = 0, kept = 0;
    const fusion_options o = {.graph_path = graph, .model = model, .answer_always = true};
    if (fusion_open(&o, &e, &err) != STATUS_OK)
        die(err.message);
    for (size_t i = 0; i < n; i++) {
        answer a = {0};
        arena *memory = arena_new(0);
        const fusion_request q = {.question = str_from(questions[i]),
                                  .as_of = CLOCK_DAY_UNKNOWN,
                                  .explain = true,
                                  .reword = true};
        if (fusion_ask(e, &q, memory, &a, &err) != STATUS_OK)
            die(err.message);
        const json_t *w = json_object_get(a.explain, "wording");
        const char *said = json_string_value(json_object_get(w, "model"));
        bool good = json_is_true(json_object_get(w, "kept"));
        given += w != NULL;
        whole += said != NULL && said[0] != '\0';
        kept += good;
        if (w != NULL && getenv("SHOW") != NULL)
            printf("%s %s\n     %s\n", good ? "kept" : "  no",
                   json_string_value(json_object_get(w, "template")), said);
        json_decref(a.explain);
        arena_free(memory);
    }
    printf(
        "wording by the embedded model: %zu sentences given, %zu came with each placeholder once, "
        "%zu kept by the gate\n",
        given, whole, kept);
    fusion_close(e);
}

/* --- a model of half a billion weights ------------------------------------------------------- */
static void make_file(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return;
    const tiny_model m = {.architecture = "qwen2",
                          .layers = 24,
                          .embedding = 896,
                          .heads = 14,
                          .kv_heads = 2,
                          .head_size = 64,
                          .feed_forward = 4864,
                          .vocabulary = 151936,
                          .context = 32768,
                          .type = GGUF_TYPE_Q4_0,
                          .sentencepiece = true,
                          .mixed = true,
                          .seed = 1};
    buf b = tiny_build(&m);
    FILE *f = fopen(path, "wb");
    if (f == NULL || b.failed || fwrite(b.data, 1, b.length, f) != b.length || fclose(f) != 0)
        die("cannot write the model's file");
    buf_free(&b);
}

/* Byte tokens, `n` of them, another text for each seed. */
static void filler(buf *out, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(out, (char)('a' + (i * 7 + seed * 11 + i * i * seed) % 26));
}

/* What one answer costs up to its first word and up to the end of a sentence, as wall clock and as
 * CPU time of all threads: on a busy machine the latter is what compares. */
typedef struct cost {
    double began_cpu, first_cpu, cpu, wall;
} cost;

static bool on_text(void *user, str text)
{
    cost *c = user;
    (void)text;
    if (c->first_cpu == 0)
        c->first_cpu = cpu_ms() - c->began_cpu;
    return true;
}

static cost generate(llm *m, llm_constraint *c, str prompt)
{
    error err = {0};
    llm_result result = {0};
    llm_request r = llm_request_default();
    cost of = {.began_cpu = cpu_ms()};
    r.prompt = prompt;
    r.max_tokens = SENTENCE;
    r.constraint = c;
    r.on_text = on_text;
    r.user = &of;
    uint64_t began = clock_monotonic_ns();
    if (llm_generate(m, &r, &result, &err) != STATUS_OK)
        die(err.message);
    of.wall = clock_elapsed_ms(began);
    of.cpu = cpu_ms() - of.began_cpu;
    llm_result_free(&result);
    return of;
}

static json_t *median_row(const char *what, cost of[TURNS])
{
    double wall[TURNS], cpu[TURNS], first[TURNS];
    for (size_t i = 0; i < TURNS; i++)
        wall[i] = of[i].wall, cpu[i] = of[i].cpu, first[i] = of[i].first_cpu;
    double w = share(wall, TURNS, 0.5), c = share(cpu, TURNS, 0.5), f = share(first, TURNS, 0.5);
    printf("%-38s %10.0f %10.0f %14.0f\n", what, w, c, f);
    return json_pack("{s:s,s:f,s:f,s:f}", "what", what, "wall_ms", w, "cpu_ms", c,
                     "first_word_cpu_ms", f);
}

/* Turn `i`: a question, a follow-up on the same evidence, and the follow-up with nothing read. */
static void turn(llm *m, llm_constraint *c, unsigned i, cost *first, cost *again, cost *anew)
{
    buf prompt = {0}, other = {0}, forget = {0};
    filler(&prompt, INSTRUCTIONS + EVIDENCE, i + 1);
    buf_add(&other, buf_str(&prompt));
    filler(&prompt, QUESTION, i + 77);
    filler(&other, SENTENCE + 2 * QUESTION, i + 99);
    filler(&forget, 8, i + 55);
    *first = generate(m, c, buf_str(&prompt));
    *again = generate(m, c, buf_str(&other));
    (void)generate(m, c, buf_str(&forget));
    *anew = generate(m, c, buf_str(&other));
    buf_free(&prompt);
    buf_free(&other);
    buf_free(&forget);
}

static json_t *large(const char *path)
{
    error err = {0};
    llm *m = NULL;
    llm_constraint *c = NULL;
    const llm_model_options options = {.no_pin = true};
    const str names[] = {STR("cholera"), STR("diarrhoea"), STR("95 %")};
    const llm_quoting quoting = {names, 3, 12};
    cost first[TURNS], again[TURNS], anew[TURNS];
    make_file(path);
    if (llm_local_open(path, &options, NULL, &m, &err) != STATUS_OK ||
        llm_constraint_quoting(llm_vocabulary(m), &quoting, &c, &err) != STATUS_OK)
        die(err.message);
    for (unsigned i = 0; i < TURNS; i++)
        turn(m, c, i, &first[i], &again[i], &anew[i]);
    llm_constraint_free(c);
    llm_close(m);
    printf(
        "\n0.5B Q4_0, %d tokens of evidence, a sentence of %d tokens (aims: 4,000 ms; follow-up 3x "
        "faster)\n%-38s %10s %10s %14s\n",
        EVIDENCE, SENTENCE, "medians", "ms", "CPU ms", "to first word");
    json_t *rows = json_array();
    json_array_append_new(rows, median_row("first sentence", first));
    json_array_append_new(rows, median_row("follow-up on the same evidence", again));
    json_array_append_new(rows, median_row("the same without what was read", anew));
    return rows;
}

int main(int argc, char **argv)
{
    char *questions[MOST];
    if (argc < 4)
        die("GRAPH QUESTIONS OUT are missing");
    size_t n = read_questions(argv[2], questions);
    printf("milliseconds, warm; aims: first sentence 80, p50 100, p95 250; without a model 5\n"
           "%-9s %5s %10s %10s %10s %10s %10s %10s\n",
           "model", "n", "first p50", "first p95", "p50", "p95", "CPU p50", "CPU p95");
    json_t *out = json_object(), *rows = json_array();
    json_array_append_new(rows, questions_of(argv[1], "none", questions, n));
    json_array_append_new(rows, questions_of(argv[1], NULL, questions, n));
    json_object_set_new(out, "questions", rows);
    reword(argv[1], getenv("MODEL"), questions, n);
    if (argc > 4)
        json_object_set_new(out, "large", large(argv[4]));
    if (json_dump_file(out, argv[3], JSON_INDENT(1)) != 0)
        die("the report cannot be written");
    json_decref(out);
    for (size_t i = 0; i < n; i++)
        free(questions[i]);
    return 0;
}
