/* See calibration.h. */
#include "fusion/calibration.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/json_schema.h"
#include "core/resource.h"

enum { PARAMETERS = CALIBRATION_FEATURES + 1, ITERATIONS = 60 };

const char *calibration_feature_name(calibration_feature f)
{
    static const char *const names[] = {
        "margin",   "link",   "coverage", "log_answers", "probability",    "left",      "left_mass",
        "left_run", "beside", "misspelt", "unsaid",      "unused",         "clash",     "operator",
        "focus",    "unmet",  "told",     "told_rarest", "values_missing", "addressed", "lead",
        "said",     "chars",  "hinted",   "asked"};
    return (size_t)f < CALIBRATION_FEATURES ? names[f] : "";
}

static double number(const json_t *object, const char *key, double otherwise)
{
    const json_t *j = json_object_get(object, key);
    return json_is_number(j) ? json_number_value(j) : otherwise;
}

/* An unknown feature is an error: it was fitted for another version. */
static status read_model(const json_t *root, const char *which, calibration *out, error *err)
{
    const json_t *model = json_object_get(root, which);
    const json_t *weights = json_object_get(model, "weights");
    const json_t *threshold = json_object_get(model, "threshold");
    const char *key;
    json_t *value;
    if (!json_is_object(weights) || !json_is_object(threshold))
        return error_set(err, STATUS_INVALID,
                         "/%s of the calibration needs weights and a threshold", which);
    *out = (calibration){.bias = number(model, "bias", 0),
                         .threshold_zh = number(threshold, "zh", 0.5),
                         .threshold_en = number(threshold, "en", 0.5)};
    json_object_foreach((json_t *)(uintptr_t)weights, key, value)
    {
        int f = 0;
        while (f < CALIBRATION_FEATURES &&
               strcmp(calibration_feature_name((calibration_feature)f), key) != 0)
            f++;
        if (f == CALIBRATION_FEATURES || !json_is_number(value))
            return error_set(err, STATUS_INVALID,
                             "/%s/weights/%s of the calibration is no weight "
                             "of a feature; make it again (docs/CALIBRATION.md)",
                             which, key);
        out->weights[f] = json_number_value(value);
    }
    return STATUS_OK;
}

status calibration_open(const char *path, calibration_set *out, error *err)
{
    arena *a = arena_new(0);
    str text;
    json_t *root = NULL;
    calibration_set set = {0};
    status st = a == NULL      ? error_memory(err)
                : path == NULL ? resource_get(STR("calibration.json"), a, &text, err)
                               : resource_read_file(path, a, &text, err);
    if (st == STATUS_OK)
        st = json_schema_parse(path == NULL ? "calibration.json" : path, text.data, text.length,
                               &root, err);
    if (st == STATUS_OK)
        st = read_model(root, "statement", &set.statement, err);
    if (st == STATUS_OK)
        st = read_model(root, "passage", &set.passage, err);
    if (st == STATUS_OK)
        *out = set;
    json_decref(root);
    arena_free(a);
    return st;
}

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

double calibration_probability(const calibration *c, const double features[CALIBRATION_FEATURES])
{
    double sum = c->bias;
    for (int f = 0; f < CALIBRATION_FEATURES; f++)
        if (isfinite(features[f]))
            sum += c->weights[f] * features[f];
    return sigmoid(sum);
}

double calibration_threshold(const calibration *c, str lang)
{
    return str_equal(lang, STR("zh")) ? c->threshold_zh : c->threshold_en;
}

/* Solves m x = b in place by Gaussian elimination with pivoting; m is symmetric positive definite
 * thanks to the penalty. */
static bool solve(double m[PARAMETERS][PARAMETERS], double b[PARAMETERS])
{
    for (int k = 0; k < PARAMETERS; k++) {
        int pivot = k;
        for (int i = k + 1; i < PARAMETERS; i++)
            if (fabs(m[i][k]) > fabs(m[pivot][k]))
                pivot = i;
        if (fabs(m[pivot][k]) < 1e-12)
            return false;
        for (int j = 0; j < PARAMETERS; j++) {
            double t = m[k][j];
            m[k][j] = m[pivot][j];
            m[pivot][j] = t;
        }
        double t = b[k];
        b[k] = b[pivot];
        b[pivot] = t;
        for (int i = k + 1; i < PARAMETERS; i++) {
            double f = m[i][k] / m[k][k];
            for (int j = k; j < PARAMETERS; j++)
                m[i][j] -= f * m[k][j];
            b[i] -= f * b[k];
        }
    }
    for (int k = PARAMETERS - 1; k >= 0; k--) {
        for (int j = k + 1; j < PARAMETERS; j++)
            b[k] -= m[k][j] * b[j];
        b[k] /= m[k][k];
    }
    return true;
}

/* Which way a feature may speak: 1 for the answer, -1 against it, 0 either way. */
static int expected_sign(int feature)
{
    switch ((calibration_feature)feature) {
    case CALIBRATION_LOG_ANSWERS:
    case CALIBRATION_OPERATOR:
        return 0;
    case CALIBRATION_MARGIN:
    case CALIBRATION_LINK:
    case CALIBRATION_COVERAGE:
    case CALIBRATION_PROBABILITY:
    case CALIBRATION_TOLD:
    case CALIBRATION_TOLD_RAREST:
    case CALIBRATION_ADDRESSED:
    case CALIBRATION_LEAD:
    case CALIBRATION_SAID:
    case CALIBRATION_CHARS:
    case CALIBRATION_HINTED:
    case CALIBRATION_ASKED:
        return 1;
    default:
        return -1;
    }
}

typedef struct fitting {
    const calibration_case *cases;
    size_t count;
    double penalty;
    bool held[CALIBRATION_FEATURES]; /* weights held at 0 */
} fitting;

static double feature(const fitting *f, const calibration_case *c, int i)
{
    return i == 0 ? 1 : f->held[i - 1] || !isfinite(c->features[i - 1]) ? 0 : c->features[i - 1];
}

static double weight_of(const calibration_case *c)
{
    return c->weight > 0 ? c->weight : 1;
}

/* Penalised log-likelihood, which the fit makes as large as it can be. */
static double objective(const fitting *f, const calibration *c)
{
    double sum = 0;
    for (size_t n = 0; n < f->count; n++) {
        double p = calibration_probability(c, f->cases[n].features);
        sum += weight_of(&f->cases[n]) * log(fmax(f->cases[n].correct ? p : 1 - p, 1e-300));
    }
    for (int i = 0; i < CALIBRATION_FEATURES; i++)
        sum -= 0.5 * f->penalty * c->weights[i] * c->weights[i];
    return sum;
}

/* Moves by the step, or by the part of it that makes the objective larger. */
static double move(const fitting *f, calibration *c, const double step[PARAMETERS])
{
    const double before = objective(f, c);
    const calibration from = *c;
    double largest = 0;
    for (double part = 1; part > 1e-6; part /= 2) {
        largest = 0;
        for (int i = 0; i < PARAMETERS; i++) {
            double by = part * step[i];
            *(i == 0 ? &c->bias : &c->weights[i - 1]) =
                (i == 0 ? from.bias : from.weights[i - 1]) + by;
            largest = fmax(largest, fabs(by));
        }
        if (objective(f, c) >= before)
            return largest;
    }
    *c = from;
    return 0;
}

/* One Newton step; false when it is singular. `change` gets the largest move. */
static bool newton(const fitting *f, calibration *c, double *change)
{
    double h[PARAMETERS][PARAMETERS] = {{0}}, g[PARAMETERS] = {0};
    for (size_t n = 0; n < f->count; n++) {
        const calibration_case *item = &f->cases[n];
        double w = weight_of(item), p = calibration_probability(c, item->features);
        for (int i = 0; i < PARAMETERS; i++) {
            double x = feature(f, item, i);
            g[i] += w * x * ((item->correct ? 1 : 0) - p);
            for (int j = 0; j < PARAMETERS; j++)
                h[i][j] += w * p * (1 - p) * x * feature(f, item, j);
        }
    }
    for (int i = 0; i < PARAMETERS; i++) {
        g[i] -= i == 0 ? 0 : f->penalty * c->weights[i - 1];
        h[i][i] += i == 0 ? 1e-6 : f->penalty;
    }
    if (!solve(h, g))
        return false;
    *change = move(f, c, g);
    return true;
}

/* Holds at 0 what came out with the wrong sign; false when nothing did. */
static bool hold_wrong_signs(fitting *f, const calibration *c)
{
    bool any = false;
    for (int i = 0; i < CALIBRATION_FEATURES; i++) {
        double against = -expected_sign(i) * c->weights[i];
        if (!f->held[i] && against > 1e-9)
            any = f->held[i] = true;
    }
    return any;
}

status calibration_fit(const calibration_case *cases, size_t count, double penalty,
                       calibration *out, error *err)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++)
        right += cases[i].correct ? 1 : 0;
    if (right < 2 || count - right < 2)
        return error_set(err, STATUS_INVALID,
                         "fitting needs right and wrong answers, at least two of each; there are "
                         "%zu right and %zu wrong",
                         right, count - right);
    fitting f = {.cases = cases, .count = count, .penalty = penalty};
    calibration c = {0};
    do {
        double change = 1;
        c = (calibration){0};
        for (int i = 0; i < ITERATIONS && change > 1e-9; i++)
            if (!newton(&f, &c, &change))
                return error_set(err, STATUS_INVALID, "the features of the cases do not vary");
    } while (hold_wrong_signs(&f, &c));
    c.threshold_zh = out->threshold_zh;
    c.threshold_en = out->threshold_en;
    *out = c;
    return STATUS_OK;
}

typedef struct scored {
    double p, weight;
    bool correct;
} scored;

static int by_p(const void *x, const void *y)
{
    double a = ((const scored *)x)->p, b = ((const scored *)y)->p;
    return a < b ? -1 : a > b;
}

/* The bound on the risk when `wrong` of `all` (by weight) are answered wrong. */
static double risk_bound(size_t count, double wrong, double all)
{
    double n = (double)count;
    return n / (n + 1) * (all > 0 ? wrong / all : 0) + 1 / (n + 1);
}

double calibration_conformal(const calibration *c, const calibration_case *cases, size_t count,
                             double alpha, bool *reached)
{
    scored *s = calloc(count + 1, sizeof *s);
    *reached = false;
    if (s == NULL)
        return 1;
    double wrong = 0, all = 0, threshold = 0;
    for (size_t i = 0; i < count; i++) {
        s[i] = (scored){calibration_probability(c, cases[i].features), weight_of(&cases[i]),
                        cases[i].correct};
        all += s[i].weight;
        wrong += s[i].correct ? 0 : s[i].weight;
    }
    qsort(s, count, sizeof *s, by_p);
    size_t i = 0;
    /* R(t): share of all cases that are answered (p >= t) and wrong; it falls as t rises. */
    while (risk_bound(count, wrong, all) > alpha && i < count) {
        double p = s[i].p;
        for (; i < count && s[i].p == p; i++)
            wrong -= s[i].correct ? 0 : s[i].weight;
        threshold = i < count ? s[i].p : nextafter(p, 2);
    }
    *reached = risk_bound(count, fmax(wrong, 0), all) <= alpha;
    free(s);
    return *reached ? threshold : 1;
}
