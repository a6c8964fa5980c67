/* A bench tool for the retriever alone, below the wording of answers:
 *
 *   retrieve load GRAPH.kg TRIPLES SEPARATOR     a graph from three columns, objects as entities
 *   retrieve schema GRAPH.kg PACK                ways of saying each relation
 *   retrieve ask GRAPH.kg PACK "QUESTION"        candidates with features, statements
 *   retrieve eval GRAPH.kg PACK QUESTIONS.jsonl [EXAMPLES.jsonl [ERRORS]]
 *   retrieve dump GRAPH.kg PACK QUESTIONS.jsonl  features of all candidates, and which are right
 *   retrieve fit WEIGHTS.json plain|examples (GRAPH PACK QUESTIONS EXAMPLES|- WEIGHT)...
 *
 * `fit` moves the weights of a set by listwise logistic regression: the right forms among the
 * candidates of each question. `eval` takes the chosen form's values as the answer: Hits@1 counts
 * the question right when its first value is among the gold, exact when the sets are equal. Prints
 * one line, then ERRORS wrong questions. With MODEL=FILE.gguf (or MODEL=embedded) in the
 * environment the model's scores take part in the ranking. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/resource.h"
#include "fusion/model_rank.h"
#include "kg/pack.h"
#include "retriever/retriever.h"

static int die(const error *err)
{
    char text[1024];
    fprintf(stderr, "retrieve: %s\n", error_describe(err, text, sizeof text));
    return 1;
}

/* --- load --------------------------------------------------------------------------------------
 */
static status add_line(kg_write *w, str line, str separator, arena *a, error *err)
{
    size_t first = str_find(line, separator, 0);
    size_t second = first == STR_NONE ? STR_NONE : str_find(line, separator, first + 1);
    if (second == STR_NONE)
        return STATUS_OK;
    str s = str_slice(line, 0, first), p = str_slice(line, first + 1, second),
        o = str_slice(line, second + 1, line.length);
    if (str_empty(s) || str_empty(p) || str_empty(o))
        return STATUS_OK;
    kg_new_statement st = {.s = {.kind = KG_TERM_IRI, .lexical = kg_iri_make((str){0}, s, a)},
                           .p = {.kind = KG_TERM_IRI, .lexical = kg_iri_make(STR("r"), p, a)},
                           .o = {.kind = KG_TERM_IRI, .lexical = kg_iri_make((str){0}, o, a)},
                           .valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1};
    return kg_write_add(w, &st, err);
}

static int load(const char *path, const char *triples, const char *separator)
{
    error err = {0};
    arena *a = arena_new(0), *line_arena = arena_new(0);
    kg_store *store = NULL;
    kg_write *w = NULL;
    str text, line;
    kg_open_options options = {.create = true};
    kg_write_report report = {0};
    remove(path);
    status s = resource_read_file(triples, a, &text, &err);
    if (s == STATUS_OK)
        s = kg_open(path, &options, &store, &err);
    if (s == STATUS_OK)
        s = kg_write_begin(store, &w, &err);
    if (s == STATUS_OK)
        s = kg_write_source(w, str_from(triples), STR("tsv"), 0.5, &err);
    while (s == STATUS_OK && str_split(&text, '\n', &line)) {
        arena_reset(line_arena);
        s = add_line(w, str_trim(line), str_from(separator), line_arena, &err);
    }
    if (s == STATUS_OK)
        s = kg_write_commit(w, &report, &err);
    printf("%llu statements\n", (unsigned long long)report.statements);
    kg_close(store);
    arena_free(a);
    arena_free(line_arena);
    return s == STATUS_OK ? 0 : die(&err);
}

/* --- ask ---------------------------------------------------------------------------------------
 */
typedef struct session {
    kg_store *store;
    kg_read *read;
    pack *domain;
    retriever *r;
    model_rank *rank; /* of the environment's MODEL (a GGUF file, "embedded"); NULL without */
} session;

static status begin(session *s, const char *graph, const char *pack_name, const char *examples,
                    error *err)
{
    kg_open_options options = {.read_only = true};
    status st = kg_open(graph, &options, &s->store, err);
    if (st == STATUS_OK)
        st = kg_read_begin(s->store, &s->read, err);
    if (st == STATUS_OK)
        st = pack_open(pack_name, &s->domain, err);
    retriever_options o = {.pack = s->domain, .examples = examples};
    if (st == STATUS_OK)
        st = retriever_open(s->store, &o, &s->r, err);
    const char *model = getenv("MODEL");
    if (st == STATUS_OK && model != NULL)
        st = model_rank_open(strcmp(model, "embedded") == 0 ? NULL : model, 0, &s->rank, err);
    return st;
}

static void finish(session *s)
{
    model_rank_close(s->rank);
    retriever_close(s->r);
    pack_close(s->domain);
    if (s->read != NULL)
        kg_read_end(s->read);
    kg_close(s->store);
}

static void show_candidate(const retriever_candidate *c)
{
    buf text = {0};
    lf_print(c->form, false, &text);
    printf("%7.3f %s\n        ", c->score, text.data);
    for (int f = 0; f < RETRIEVER_FEATURES; f++)
        if (c->features[f] != 0)
            printf("%s=%.2f ", retriever_feature_name((retriever_feature)f), c->features[f]);
    printf("\n");
    buf_free(&text);
}

static int ask(const char *graph, const char *pack_name, const char *question)
{
    error err = {0};
    session s = {0};
    arena *a = arena_new(0);
    retriever_result result = {0};
    retriever_request q = {.question = str_from(question), .as_of = CLOCK_DAY_UNKNOWN};
    status st = begin(&s, graph, pack_name, NULL, &err);
    if (st == STATUS_OK)
        st = retriever_ask(s.r, s.read, &q, a, &result, &err);
    if (st != STATUS_OK)
        return die(&err);
    for (size_t i = 0; i < result.mention_count; i++) {
        const retriever_mention *m = &result.mentions[i];
        printf("mention %d [%.*s]", m->kind, STR_ARG(m->text));
        for (size_t k = 0; k < m->sense_count; k++)
            printf("  %.*s (%.*s) %.2f", STR_ARG(m->senses[k].label),
                   STR_ARG(m->senses[k].class_label), (double)m->senses[k].score);
        printf("\n");
    }
    for (size_t i = 0; i < result.candidate_count && i < 8; i++)
        show_candidate(&result.candidates[i]);
    printf("outcome %d, unexplained [%.*s], %zu enumerated, link %.2f plan %.2f rank %.2f execute "
           "%.2f ms\n",
           result.outcome, STR_ARG(result.unexplained_words), result.enumerated,
           result.timings.link, result.timings.plan, result.timings.rank, result.timings.execute);
    printf("kind %d truth %d number %llu:", result.result.kind, result.result.truth,
           (unsigned long long)result.result.number);
    for (size_t i = 0; i < result.result.value_count && i < 20; i++) {
        str label = {0};
        kg_labels(s.read, &result.result.values[i].id, 1, result.lang, a, &label, &err);
        printf(" | %.*s", STR_ARG(label));
    }
    printf("\n");
    finish(&s);
    arena_free(a);
    return 0;
}

/* --- eval --------------------------------------------------------------------------------------
 */
typedef struct tally {
    size_t n, hits, exact, answered, path;
    double f1;
    double *ms;
} tally;

static bool is_gold(const json_t *gold, str label, arena *a)
{
    str norm = kg_normalise(label, a);
    for (size_t i = 0; i < json_array_size(gold); i++)
        if (str_equal(norm, kg_normalise(str_from(json_string_value(json_array_get(gold, i))), a)))
            return true;
    return false;
}

static size_t values_of(session *s, const retriever_result *r, arena *a, str **out)
{
    error err = {0};
    const execute_result *e = &r->result;
    str *values = ARENA_ARRAY(a, str, e->value_count + 1);
    *out = values;
    if (e->kind == EXECUTE_COUNT) {
        values[0] = str_from(arena_printf(a, "%llu", (unsigned long long)e->number));
        return 1;
    }
    if (e->kind == EXECUTE_TRUTH) {
        bool zh = str_equal(r->lang, STR("zh"));
        values[0] =
            e->truth == EXECUTE_YES ? (zh ? STR("是") : STR("yes")) : (zh ? STR("否") : STR("no"));
        return e->truth == EXECUTE_UNKNOWN ? 0 : 1;
    }
    for (size_t i = 0; i < e->value_count; i++)
        kg_labels(s->read, &e->values[i].id, 1, (str){0}, a, &values[i], &err);
    return e->value_count;
}

static bool same_path(const retriever_result *r, const json_t *path)
{
    const lf_node *f = r->form;
    size_t n = json_array_size(path);
    while (f != NULL && (f->op == LF_MINUS || f->op == LF_AND))
        f = f->a;
    for (size_t i = n; i > 0; i--) {
        const char *want = json_string_value(json_array_get(path, i - 1));
        bool inverse = want[0] == '-';
        if (f == NULL || f->op != LF_HOP || f->step.inverse != inverse ||
            !str_equal(f->step.relation.label, str_from(want + inverse)))
            return false;
        f = f->a;
    }
    return f != NULL && f->op == LF_ENTITY;
}

static void show_error(const json_t *q, const retriever_result *r, const str *values, size_t n)
{
    char *gold = json_dumps(json_object_get(q, "gold"), JSON_ENCODE_ANY | JSON_COMPACT);
    char *path = json_dumps(json_object_get(q, "gold_path"), JSON_ENCODE_ANY | JSON_COMPACT);
    buf form = {0};
    if (r->form != NULL)
        lf_print(r->form, false, &form);
    printf("? %s\n    gold %.120s %s\n    got  %s =",
           json_string_value(json_object_get(q, "question")), gold, path == NULL ? "" : path,
           form.data == NULL ? "(nothing)" : form.data);
    for (size_t i = 0; i < n && i < 5; i++)
        printf(" %.*s;", STR_ARG(values[i]));
    printf("\n");
    free(gold);
    free(path);
    buf_free(&form);
}

static status one(session *s, const json_t *q, tally *t, size_t *errors, error *err)
{
    const json_t *gold = json_object_get(q, "gold");
    if (json_object_get(q, "question") == NULL)
        return STATUS_OK; /* of several turns: fusion's */
    arena *a = arena_new(0);
    retriever_result result = {0};
    retriever_request request = {.scorer = s->rank == NULL ? NULL : model_rank_score,
                                 .scorer_context = s->rank,
                                 .question =
                                     str_from(json_string_value(json_object_get(q, "question"))),
                                 .as_of = CLOCK_DAY_UNKNOWN};
    uint64_t start = clock_monotonic_ns();
    status st = retriever_ask(s->r, s->read, &request, a, &result, err);
    t->ms[t->n++] = clock_elapsed_ms(start);
    str *values = NULL;
    size_t n = st == STATUS_OK ? values_of(s, &result, a, &values) : 0, right = 0;
    for (size_t i = 0; i < n; i++)
        right += is_gold(gold, values[i], a);
    bool hit = n > 0 && is_gold(gold, values[0], a);
    size_t golds = json_array_size(gold);
    t->answered += n > 0;
    t->hits += hit;
    t->exact += right == n && n == golds;
    t->f1 += n + golds > 0 ? 2 * (double)right / (double)(n + golds) : 0;
    bool path = same_path(&result, json_object_get(q, "gold_path"));
    t->path += path;
    if (!hit && !path && *errors > 0) {
        (*errors)--;
        show_error(q, &result, values, n);
    }
    arena_free(a);
    return st;
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return a < b ? -1 : a > b;
}

static int eval(const char *graph, const char *pack_name, const char *questions,
                const char *examples, size_t errors)
{
    error err = {0};
    session s = {0};
    tally t = {0};
    FILE *in = fopen(questions, "r");
    char *line = NULL;
    size_t capacity = 0, total = 0;
    if (in == NULL)
        return 1;
    status st = begin(&s, graph, pack_name, examples, &err);
    t.ms = calloc(100000, sizeof *t.ms);
    while (st == STATUS_OK && getline(&line, &capacity, in) > 0 && ++total < 100000) {
        json_t *q = json_loads(line, 0, NULL);
        if (q != NULL)
            st = one(&s, q, &t, &errors, &err);
        json_decref(q);
    }
    free(line);
    fclose(in);
    if (st != STATUS_OK)
        return die(&err);
    qsort(t.ms, t.n, sizeof *t.ms, ascending);
    double n = t.n > 0 ? (double)t.n : 1;
    printf(
        "%zu questions  hits@1 %.1f  path %.1f  f1 %.1f  exact %.1f  answered %.1f  p50 %.2f p99 "
        "%.2f ms\n",
        t.n, 100 * (double)t.hits / n, 100 * (double)t.path / n, 100 * t.f1 / n,
        100 * (double)t.exact / n, 100 * (double)t.answered / n, t.ms[t.n / 2],
        t.ms[t.n * 99 / 100]);
    free(t.ms);
    finish(&s);
    return 0;
}

/* --- fit ---------------------------------------------------------------------------------------
 */
typedef struct fit_row {
    double x[RETRIEVER_FEATURES];
    bool right;
} fit_row;

typedef struct fit_question {
    fit_row *rows;
    size_t count;
    double weight;
} fit_question;

typedef struct fit_data {
    fit_question *items;
    size_t count, capacity;
} fit_data;

static bool answers_right(session *s, const lf_node *form, const json_t *gold, const char *lang,
                          arena *a)
{
    error err = {0};
    retriever_result r = {.lang = str_from(lang)};
    const retriever_schema *schema = NULL;
    execute_options options = {.as_of = CLOCK_DAY_UNKNOWN, .limits = {.rows = 3000}};
    str *values = NULL;
    if (retriever_schema_of(s->r, s->read, &schema, &err) != STATUS_OK)
        return false;
    options.schema = schema;
    if (execute_form(s->read, form, &options, a, &r.result, &err) != STATUS_OK)
        return false;
    size_t n = values_of(s, &r, a, &values), right = 0;
    for (size_t i = 0; i < n; i++)
        right += is_gold(gold, values[i], a);
    return n > 0 && right == n && n == json_array_size(gold);
}

static status add_question(session *s, const json_t *q, double weight, fit_data *data, error *err)
{
    arena *a = arena_new(0);
    retriever_result result = {0};
    const json_t *path = json_object_get(q, "gold_path");
    const char *lang = json_string_value(json_object_get(q, "lang"));
    retriever_request request = {.scorer = s->rank == NULL ? NULL : model_rank_score,
                                 .scorer_context = s->rank,
                                 .question =
                                     str_from(json_string_value(json_object_get(q, "question"))),
                                 .as_of = CLOCK_DAY_UNKNOWN};
    status st = retriever_ask(s->r, s->read, &request, a, &result, err);
    fit_row *rows = calloc(result.candidate_count + 1, sizeof *rows);
    bool any = false;
    for (size_t i = 0; rows != NULL && i < result.candidate_count; i++) {
        memcpy(rows[i].x, result.candidates[i].features, sizeof rows[i].x);
        rows[i].x[RETRIEVER_F_EMPTY] = 0;
        retriever_result one = {.form = result.candidates[i].form};
        rows[i].right = json_array_size(path) > 0
                            ? same_path(&one, path)
                            : answers_right(s, one.form, json_object_get(q, "gold"),
                                            lang == NULL ? "" : lang, a);
        any = any || rows[i].right;
    }
    if (any && data->count == data->capacity) {
        data->capacity = data->capacity == 0 ? 1024 : data->capacity * 2;
        data->items = realloc(data->items, data->capacity * sizeof *data->items);
    }
    if (any && data->items != NULL)
        data->items[data->count++] = (fit_question){rows, result.candidate_count, weight};
    else
        free(rows);
    arena_free(a);
    return st;
}

/* One line a question: its candidates with every feature, and which of them are right. */
static int dump(const char *graph, const char *pack_name, const char *questions)
{
    error err = {0};
    session s = {0};
    FILE *in = fopen(questions, "r");
    char *line = NULL;
    size_t capacity = 0;
    if (in == NULL)
        return 1;
    status st = begin(&s, graph, pack_name, NULL, &err);
    while (st == STATUS_OK && getline(&line, &capacity, in) > 0) {
        json_t *q = json_loads(line, 0, NULL), *rows = json_array();
        fit_data data = {0};
        if (json_object_get(q, "question") != NULL)
            st = add_question(&s, q, 1, &data, &err);
        for (size_t i = 0; data.count > 0 && i < data.items[0].count; i++) {
            json_t *row = json_object();
            const fit_row *r = &data.items[0].rows[i];
            for (int f = 0; f < RETRIEVER_FEATURES; f++)
                if (r->x[f] != 0)
                    json_object_set_new(row, retriever_feature_name((retriever_feature)f),
                                        json_real(r->x[f]));
            json_object_set_new(row, "right", json_boolean(r->right));
            json_array_append_new(rows, row);
        }
        (void)json_dumpf(rows, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        puts("");
        for (size_t i = 0; i < data.count; i++)
            free(data.items[i].rows);
        free(data.items);
        json_decref(rows);
        json_decref(q);
    }
    free(line);
    fclose(in);
    finish(&s);
    return st == STATUS_OK ? 0 : die(&err);
}

static double dot(const double *x, const double *w)
{
    double sum = 0;
    for (int i = 0; i < RETRIEVER_FEATURES; i++)
        sum += x[i] * w[i];
    return sum;
}

/* Adds the gradient of -log P(right) to g; returns the loss. */
static double question_gradient(const fit_question *q, const double *w, double *g)
{
    double top = -1e300, all = 0, right = 0;
    for (size_t i = 0; i < q->count; i++)
        top = fmax(top, dot(q->rows[i].x, w));
    for (size_t i = 0; i < q->count; i++) {
        double e = exp(dot(q->rows[i].x, w) - top);
        all += e;
        right += q->rows[i].right ? e : 0;
    }
    for (size_t i = 0; i < q->count; i++) {
        double e = exp(dot(q->rows[i].x, w) - top);
        double push = e / all - (q->rows[i].right ? e / right : 0);
        for (int f = 0; f < RETRIEVER_FEATURES; f++)
            g[f] += q->weight * push * q->rows[i].x[f];
    }
    return q->weight * log(all / right);
}

/* Gradient descent (Adam) from the weights that the candidates were made with. */
static void descend(const fit_data *data, double *w)
{
    double m[RETRIEVER_FEATURES] = {0}, v[RETRIEVER_FEATURES] = {0}, mass = 0;
    double prior[RETRIEVER_FEATURES];
    memcpy(prior, w, sizeof prior);
    for (size_t i = 0; i < data->count; i++)
        mass += data->items[i].weight;
    for (int step = 1; step <= 400; step++) {
        double g[RETRIEVER_FEATURES] = {0}, loss = 0;
        for (size_t i = 0; i < data->count; i++)
            loss += question_gradient(&data->items[i], w, g);
        for (int f = 0; f < RETRIEVER_FEATURES; f++) {
            double d = g[f] / mass + 0.002 * (w[f] - prior[f]);
            m[f] = 0.9 * m[f] + 0.1 * d;
            v[f] = 0.99 * v[f] + 0.01 * d * d;
            w[f] -=
                0.05 * (m[f] / (1 - pow(0.9, step))) / (sqrt(v[f] / (1 - pow(0.99, step))) + 1e-8);
        }
        if (step % 100 == 0)
            fprintf(stderr, "step %d loss %.4f over %zu questions\n", step, loss / mass,
                    data->count);
    }
}

static int write_weights(const char *path, const char *which, const double *w)
{
    json_t *root = json_load_file(path, 0, NULL);
    json_t *set = json_object();
    if (root == NULL)
        return 1;
    for (int f = 0; f < RETRIEVER_FEATURES; f++)
        json_object_set_new(set, retriever_feature_name((retriever_feature)f),
                            json_real(round(w[f] * 1000) / 1000));
    json_object_set_new(root, which, set);
    int failed = json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    return failed != 0;
}

/* fit WEIGHTS.json plain|examples (GRAPH PACK QUESTIONS EXAMPLES|- WEIGHT)... */
static int fit(int argc, char **argv)
{
    fit_data data = {0};
    error err = {0};
    double w[RETRIEVER_FEATURES] = {0};
    json_t *root = json_load_file(argv[2], 0, NULL);
    const json_t *set = json_object_get(root, argv[3]);
    for (int f = 0; f < RETRIEVER_FEATURES; f++)
        w[f] =
            json_number_value(json_object_get(set, retriever_feature_name((retriever_feature)f)));
    json_decref(root);
    for (int i = 4; i + 4 < argc; i += 5) {
        session s = {0};
        char *line = NULL;
        size_t capacity = 0;
        FILE *in = fopen(argv[i + 2], "r");
        status st = begin(&s, argv[i], argv[i + 1],
                          strcmp(argv[i + 3], "-") == 0 ? NULL : argv[i + 3], &err);
        while (st == STATUS_OK && in != NULL && getline(&line, &capacity, in) > 0) {
            json_t *q = json_loads(line, 0, NULL);
            if (json_object_get(q, "question") != NULL &&
                !json_is_false(json_object_get(q, "answerable")))
                st = add_question(&s, q, strtod(argv[i + 4], NULL), &data, &err);
            json_decref(q);
        }
        free(line);
        if (in != NULL)
            fclose(in);
        finish(&s);
        if (st != STATUS_OK)
            return die(&err);
    }
    descend(&data, w);
    int failed = write_weights(argv[2], argv[3], w);
    for (size_t i = 0; i < data.count; i++)
        free(data.items[i].rows);
    free(data.items);
    return failed;
}

/* The ways of saying each relation, for those who wonder why a question was understood so. */
static int show_schema(const char *graph, const char *pack_name)
{
    error err = {0};
    session s = {0};
    const retriever_schema *schema = NULL;
    status st = begin(&s, graph, pack_name, NULL, &err);
    if (st == STATUS_OK)
        st = retriever_schema_of(s.r, s.read, &schema, &err);
    if (st != STATUS_OK)
        return die(&err);
    for (size_t i = 0; i < schema->relation_count; i++) {
        const retriever_relation *r = &schema->relations[i];
        printf("%.*s <%.*s> %.*s -> %.*s\n", STR_ARG(r->label), STR_ARG(r->iri),
               STR_ARG(r->subject_type), STR_ARG(r->object_type));
        for (size_t k = 0; k < r->alias_count; k++)
            printf("    %s%.2f %.*s\n", r->aliases[k].inverse ? "-" : "+",
                   (double)r->aliases[k].weight, STR_ARG(r->aliases[k].text));
    }
    finish(&s);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 9 && strcmp(argv[1], "fit") == 0)
        return fit(argc, argv);
    if (argc == 4 && strcmp(argv[1], "schema") == 0)
        return show_schema(argv[2], argv[3]);
    if (argc == 5 && strcmp(argv[1], "load") == 0)
        return load(argv[2], argv[3], argv[4]);
    if (argc == 5 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], argv[3], argv[4]);
    if (argc == 5 && strcmp(argv[1], "dump") == 0)
        return dump(argv[2], argv[3], argv[4]);
    if (argc >= 5 && strcmp(argv[1], "eval") == 0)
        return eval(argv[2], argv[3], argv[4], argc > 5 && argv[5][0] ? argv[5] : NULL,
                    argc > 6 ? (size_t)strtoul(argv[6], NULL, 10) : 0);
    fprintf(stderr, "usage: retrieve load|ask|eval ...; see the file's top\n");
    return 2;
}
