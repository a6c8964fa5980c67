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
        "margin",    "link",     "coverage", "log_answers", "probability", "left",
        "left_mass", "left_run", "beside",   "misspelt",    "unsaid",      "unused",
        "clash",     "operator", "focus", "unmet", "told",     "told_rarest", "values_missing", "addressed"};
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
            return error_set(err, STATUS_INVALID, "/%s/weights/%s of the calibration is no weight "
                             "of a feature; make it again (docs/CALIBRATION.md)", which, key);
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

static double feature(const calibration_case *c, int i)
{
    return i == 0 ? 1 : isfinite(c->features[i - 1]) ? c->features[i - 1] : 0;
}

/* One Newton step; false when it is singular. `change` gets the largest move. */
static bool newton(const calibration_case *cases, size_t count, double penalty, calibration *c,
                   double *change)
{
    double h[PARAMETERS][PARAMETERS] = {{0}}, g[PARAMETERS] = {0};
    for (size_t n = 0; n < count; n++) {
        double p = calibration_probability(c, cases[n].features), r = p * (1 - p);
        for (int i = 0; i < PARAMETERS; i++) {
            double x = feature(&cases[n], i);
            g[i] += x * ((cases[n].correct ? 1 : 0) - p);
            for (int j = 0; j < PARAMETERS; j++)
                h[i][j] += r * x * feature(&cases[n], j);
        }
    }
    for (int i = 0; i < PARAMETERS; i++) {
        g[i] -= i == 0 ? 0 : penalty * c->weights[i - 1];
        h[i][i] += i == 0 ? 1e-6 : penalty;
    }
    if (!solve(h, g))
        return false;
    *change = 0;
    for (int i = 0; i < PARAMETERS; i++) {
        double step = g[i] > 2 ? 2 : g[i] < -2 ? -2 : g[i];
        *(i == 0 ? &c->bias : &c->weights[i - 1]) += step;
        *change = fmax(*change, fabs(step));
    }
    return true;
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
    calibration c = {0};
    double change = 1;
    for (int i = 0; i < ITERATIONS && change > 1e-9; i++)
        if (!newton(cases, count, penalty, &c, &change))
            return error_set(err, STATUS_INVALID, "the features of the cases do not vary");
    c.threshold_zh = out->threshold_zh;
    c.threshold_en = out->threshold_en;
    *out = c;
    return STATUS_OK;
}

typedef struct scored {
    double p;
    bool correct;
} scored;

static int by_p(const void *x, const void *y)
{
    double a = ((const scored *)x)->p, b = ((const scored *)y)->p;
    return a < b ? -1 : a > b;
}

double calibration_conformal(const calibration *c, const calibration_case *cases, size_t count,
                             double alpha, bool *reached)
{
    scored *s = calloc(count + 1, sizeof *s);
    *reached = false;
    if (s == NULL)
        return 1;
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        s[i] = (scored){calibration_probability(c, cases[i].features), cases[i].correct};
        wrong += cases[i].correct ? 0 : 1;
    }
    qsort(s, count, sizeof *s, by_p);
    double n = (double)count, threshold = 0;
    size_t i = 0;
    /* R(t): share of all cases that are answered (p >= t) and wrong; it falls as t rises. */
    while (n / (n + 1) * ((double)wrong / fmax(n, 1)) + 1 / (n + 1) > alpha && i < count) {
        double p = s[i].p;
        for (; i < count && s[i].p == p; i++)
            wrong -= s[i].correct ? 0 : 1;
        threshold = i < count ? s[i].p : nextafter(p, 2);
    }
    *reached = n / (n + 1) * ((double)wrong / fmax(n, 1)) + 1 / (n + 1) <= alpha;
    free(s);
    return *reached ? threshold : 1;
}
