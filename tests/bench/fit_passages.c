/* Fits the set "passages" of schemas/weights.json:
 *
 *   fit_passages WEIGHTS.json (GRAPH PACK QUESTIONS.jsonl)...
 *
 * A question's line names the articles that answer it ("articles"); they are to come first of all
 * that the retriever looked at. Listwise logistic regression from nothing, with a ridge. Prints how
 * often an answer comes first, before, after, and with the weights of the other four fifths of the
 * questions, which is what to expect of new ones. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kg/pack.h"
#include "retriever/passage_rank.h"
#include "retriever/retriever.h"

enum { FOLDS = 5, STEPS = 600 };
#define RIDGE 0.005

typedef struct choice { /* one question: its passages, the first of them right or not */
    double (*x)[PASSAGE_FEATURES];
    bool *right;
    size_t count, capacity;
    const json_t *articles;
} choice;

typedef struct choices {
    choice *items;
    size_t count, capacity;
} choices;

static int die(const error *err)
{
    char text[1024];
    fprintf(stderr, "fit_passages: %s\n", error_describe(err, text, sizeof text));
    return 1;
}

static void *must(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "fit_passages: out of memory\n");
        exit(1);
    }
    return memory;
}

static void note(void *context, str label, const double *features)
{
    choice *c = context;
    if (c->count == c->capacity) {
        c->capacity = c->capacity == 0 ? 128 : 2 * c->capacity;
        c->x = must(realloc(c->x, c->capacity * sizeof *c->x));
        c->right = must(realloc(c->right, c->capacity));
    }
    bool right = false;
    for (size_t i = 0; i < json_array_size(c->articles); i++)
        right =
            right || str_equal(label, str_from(json_string_value(json_array_get(c->articles, i))));
    memcpy(c->x[c->count], features, sizeof *c->x);
    c->right[c->count++] = right;
}

static void drop(choice *c)
{
    free(c->x);
    free(c->right);
    *c = (choice){0};
}

/* Questions whose right passage is not looked at teach nothing. */
static void add(choices *all, choice *c)
{
    size_t right = 0;
    for (size_t i = 0; i < c->count; i++)
        right += c->right[i];
    if (right == 0 || right == c->count) {
        drop(c);
        return;
    }
    if (all->count == all->capacity) {
        all->capacity = all->capacity == 0 ? 128 : 2 * all->capacity;
        all->items = must(realloc(all->items, all->capacity * sizeof *all->items));
    }
    all->items[all->count++] = *c;
}

static status read_questions(retriever *r, kg_read *read, FILE *in, choices *all, error *err)
{
    char *line = NULL;
    size_t capacity = 0;
    status s = STATUS_OK;
    while (s == STATUS_OK && getline(&line, &capacity, in) > 0) {
        json_t *q = json_loads(line, 0, NULL);
        arena *a = must(arena_new(0));
        choice c = {.articles = json_object_get(q, "articles")};
        retriever_result result = {0};
        retriever_request request = {
            .question = str_from(json_string_value(json_object_get(q, "question"))),
            .as_of = CLOCK_DAY_UNKNOWN,
            .on_passage = note,
            .on_passage_context = &c};
        if (json_array_size(c.articles) > 0 && request.question.length > 0)
            s = retriever_ask(r, read, &request, a, &result, err);
        add(all, &c);
        arena_free(a);
        json_decref(q);
    }
    free(line);
    return s;
}

static status read_set(char **set, choices *all, error *err)
{
    kg_store *store = NULL;
    kg_read *read = NULL;
    pack *domain = NULL;
    retriever *r = NULL;
    FILE *in = fopen(set[2], "r");
    kg_open_options options = {.read_only = true};
    status s = in == NULL ? error_set(err, STATUS_NOT_FOUND, "%s: cannot be read", set[2])
                          : kg_open(set[0], &options, &store, err);
    if (s == STATUS_OK)
        s = kg_read_begin(store, &read, err);
    if (s == STATUS_OK)
        s = pack_open(set[1], &domain, err);
    if (s == STATUS_OK)
        s = retriever_open(store, &(retriever_options){.pack = domain}, &r, err);
    if (s == STATUS_OK)
        s = read_questions(r, read, in, all, err);
    retriever_close(r);
    pack_close(domain);
    if (read != NULL)
        kg_read_end(read);
    kg_close(store);
    if (in != NULL)
        fclose(in);
    return s;
}

/* --- fitting -----------------------------------------------------------------------------------
 */
/* Adds the gradient of -log P(right) to g. */
static void add_gradient(const choice *c, const double *w, double *g)
{
    double top = -1e300, all = 0, right = 0;
    for (size_t i = 0; i < c->count; i++)
        top = fmax(top, passage_score(c->x[i], w));
    for (size_t i = 0; i < c->count; i++) {
        double e = exp(passage_score(c->x[i], w) - top);
        all += e;
        right += c->right[i] ? e : 0;
    }
    if (right <= 0)
        right = 1e-300;
    for (size_t i = 0; i < c->count; i++) {
        double e = exp(passage_score(c->x[i], w) - top);
        double push = e / all - (c->right[i] ? e / right : 0);
        for (int f = 0; f < PASSAGE_FEATURES && push != 0; f++)
            g[f] += push * c->x[i][f];
    }
}

/* Adam; `without`: the fold left out, FOLDS = none. */
static void descend(const choices *all, size_t without, double *w)
{
    double m[PASSAGE_FEATURES] = {0}, v[PASSAGE_FEATURES] = {0};
    for (int step = 1; step <= STEPS; step++) {
        double g[PASSAGE_FEATURES] = {0}, n = 0;
        for (size_t i = 0; i < all->count; i++)
            if (i % FOLDS != without) {
                add_gradient(&all->items[i], w, g);
                n++;
            }
        for (int f = 0; f < PASSAGE_FEATURES && n > 0; f++) {
            double d = g[f] / n + RIDGE * w[f];
            m[f] = 0.9 * m[f] + 0.1 * d;
            v[f] = 0.99 * v[f] + 0.01 * d * d;
            w[f] -=
                0.03 * (m[f] / (1 - pow(0.9, step))) / (sqrt(v[f] / (1 - pow(0.99, step))) + 1e-8);
        }
    }
}

static bool first_is_right(const choice *c, const double *w)
{
    size_t best = 0;
    for (size_t i = 1; i < c->count; i++)
        if (passage_score(c->x[i], w) > passage_score(c->x[best], w))
            best = i;
    return c->right[best];
}

static size_t count_first(const choices *all, size_t fold, const double *w)
{
    size_t right = 0;
    for (size_t i = 0; i < all->count; i++)
        if (fold == FOLDS || i % FOLDS == fold)
            right += first_is_right(&all->items[i], w);
    return right;
}

static int write_weights(json_t *root, const char *path, const double *w)
{
    json_t *set = json_object();
    for (int f = 0; f < PASSAGE_FEATURES; f++)
        json_object_set_new(set, passage_feature_name((passage_feature)f),
                            json_real(round(w[f] * 1000) / 1000));
    json_object_set_new(root, "passages", set);
    return json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0;
}

int main(int argc, char **argv)
{
    choices all = {0};
    error err = {0};
    double before[PASSAGE_FEATURES] = {0}, after[PASSAGE_FEATURES];
    json_t *root = argc >= 5 && argc % 3 == 2 ? json_load_file(argv[1], 0, NULL) : NULL;
    if (root == NULL) {
        fprintf(stderr, "usage: fit_passages WEIGHTS.json (GRAPH PACK QUESTIONS.jsonl)...\n");
        return 2;
    }
    for (int f = 0; f < PASSAGE_FEATURES; f++)
        before[f] = json_number_value(json_object_get(json_object_get(root, "passages"),
                                                      passage_feature_name((passage_feature)f)));
    for (int i = 2; i + 2 < argc; i += 3)
        if (read_set(&argv[i], &all, &err) != STATUS_OK)
            return die(&err);
    size_t folds = 0;
    for (size_t fold = 0; fold < FOLDS; fold++) {
        double w[PASSAGE_FEATURES];
        memset(w, 0, sizeof w);
        descend(&all, fold, w);
        folds += count_first(&all, fold, w);
    }
    memset(after, 0, sizeof after);
    descend(&all, FOLDS, after);
    printf("%zu questions, right passage first: %zu before, %zu after, %zu of folds left out\n",
           all.count, count_first(&all, FOLDS, before), count_first(&all, FOLDS, after), folds);
    int failed = write_weights(root, argv[1], after);
    for (size_t i = 0; i < all.count; i++)
        drop(&all.items[i]);
    free(all.items);
    json_decref(root);
    return failed;
}
