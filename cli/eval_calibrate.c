/* See eval_calibrate.h. */
#include "cli/eval_calibrate.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fusion/calibration.h"

#define PENALTY 1.0 /* of the weights, in units of one case */
#define FEW 20      /* fewer cases of a language make no threshold of its own */
#define LEAST 0.5   /* nothing is said that is likelier wrong than right */

typedef struct kept {
    calibration_case item;
    bool given, passage, zh;
} kept;

struct eval_cases {
    kept *items;
    size_t count, capacity;
    json_t *lines;
};

eval_cases *eval_cases_new(void)
{
    eval_cases *c = calloc(1, sizeof *c);
    if (c != NULL && (c->lines = json_array()) == NULL) {
        free(c);
        return NULL;
    }
    return c;
}

void eval_cases_free(eval_cases *c)
{
    if (c == NULL)
        return;
    json_decref(c->lines);
    free(c->items);
    free(c);
}

status eval_cases_add(eval_cases *c, const char *set, const answer *made, bool wrong, double weight,
                      error *err)
{
    bool given = made->status == ANSWER_ANSWERED && made->features != NULL;
    json_t *line = json_pack("{s:s, s:f, s:s, s:b, s:b, s:b}", "set", set, "weight", weight, "lang",
                             str_equal(made->lang, STR("zh")) ? "zh" : "en", "given", given,
                             "passage", made->passage, "right", given && !wrong);
    json_t *features = json_object();
    for (int f = 0; given && f < CALIBRATION_FEATURES; f++)
        json_object_set_new(features, calibration_feature_name((calibration_feature)f),
                            json_real(made->features[f]));
    json_object_set_new(line, "features", features);
    if (json_array_append_new(c->lines, line) != 0)
        return error_memory(err);
    return STATUS_OK;
}

static status read_case(eval_cases *c, const json_t *line, error *err)
{
    if (c->count == c->capacity) {
        size_t more = c->capacity == 0 ? 1024 : c->capacity * 2;
        kept *grown = realloc(c->items, more * sizeof *grown);
        if (grown == NULL)
            return error_memory(err);
        c->items = grown;
        c->capacity = more;
    }
    kept k = {.given = json_is_true(json_object_get(line, "given")),
              .passage = json_is_true(json_object_get(line, "passage"))};
    const char *lang = json_string_value(json_object_get(line, "lang"));
    const json_t *features = json_object_get(line, "features");
    k.item.weight = json_number_value(json_object_get(line, "weight"));
    k.item.correct = json_is_true(json_object_get(line, "right"));
    k.zh = lang != NULL && strcmp(lang, "zh") == 0;
    for (int f = 0; f < CALIBRATION_FEATURES; f++)
        k.item.features[f] = json_number_value(
            json_object_get(features, calibration_feature_name((calibration_feature)f)));
    c->items[c->count++] = k;
    return STATUS_OK;
}

static status read_lines(eval_cases *c, FILE *in, const char *path, error *err)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    status s = STATUS_OK;
    for (uint64_t n = 1; s == STATUS_OK && (length = getline(&text, &capacity, in)) >= 0; n++) {
        json_error_t at;
        json_t *line = json_loadb(text, (size_t)length, 0, &at);
        s = line == NULL
                ? error_set_at(err, STATUS_SYNTAX, path, n, (uint64_t)at.column, "%s", at.text)
                : read_case(c, line, err);
        json_decref(line);
    }
    free(text);
    return s;
}

status eval_cases_join(eval_cases *c, const char *path, error *err)
{
    status s = STATUS_OK;
    size_t i;
    json_t *line;
    if (path == NULL) {
        json_array_foreach(c->lines, i, line) s = s == STATUS_OK ? read_case(c, line, err) : s;
        return s;
    }
    FILE *f = fopen(path, "a+");
    if (f == NULL)
        return error_set(err, STATUS_IO, "%s: cannot be written", path);
    json_array_foreach(c->lines, i, line)
    {
        bool ok = json_dumpf(line, f, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0;
        if (!ok || fputc('\n', f) == EOF)
            s = error_set(err, STATUS_IO, "%s: cannot be written", path);
    }
    rewind(f);
    if (s == STATUS_OK)
        s = read_lines(c, f, path, err);
    if (fclose(f) != 0 && s == STATUS_OK)
        s = error_set(err, STATUS_IO, "%s: cannot be written", path);
    return s;
}

/* --- fitting -----------------------------------------------------------------------------------
 */
static size_t select_cases(const eval_cases *c, bool passage, int zh, calibration_case *out)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++) {
        const kept *k = &c->items[i];
        if (k->given && k->passage == passage && (zh < 0 || k->zh == (zh != 0)))
            out[n++] = k->item;
    }
    return n;
}

static size_t right_of(const calibration_case *cases, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += cases[i].correct;
    return n;
}

static json_t *model_json(const calibration *m)
{
    json_t *weights = json_object();
    for (int f = 0; f < CALIBRATION_FEATURES; f++)
        json_object_set_new(weights, calibration_feature_name((calibration_feature)f),
                            json_real(m->weights[f]));
    return json_pack("{s:f, s:o, s:{s:f, s:f}}", "bias", m->bias, "weights", weights, "threshold",
                     "zh", m->threshold_zh, "en", m->threshold_en);
}

/* One model and its two thresholds; `note` gets the counts. */
static status fit_kind(const eval_cases *c, bool passage, double alpha, calibration_case *space,
                       json_t *root, json_t *note, error *err)
{
    calibration m = {0};
    const char *kind = passage ? "passage" : "statement";
    size_t n = select_cases(c, passage, -1, space);
    status s = calibration_fit(space, n, PENALTY, &m, err);
    if (s != STATUS_OK)
        return s;
    json_t *counts = json_object();
    for (int zh = 0; zh < 2; zh++) {
        bool reached = false;
        size_t count = select_cases(c, passage, zh, space);
        size_t own = count;
        if (count < FEW) /* of the other language too: better than never to answer */
            own = select_cases(c, passage, -1, space);
        double t = calibration_conformal(&m, space, own, alpha, &reached);
        t = t < LEAST ? LEAST : t;
        count = select_cases(c, passage, zh, space);
        *(zh ? &m.threshold_zh : &m.threshold_en) = t;
        json_object_set_new(counts, zh ? "zh" : "en",
                            json_pack("{s:I, s:I, s:b}", "given", (json_int_t)count, "right",
                                      (json_int_t)right_of(space, count), "bounded", reached));
    }
    json_object_set_new(root, kind, model_json(&m));
    json_object_set_new(note, kind, counts);
    return STATUS_OK;
}

status eval_cases_fit(const eval_cases *c, double alpha, const char *path, error *err)
{
    calibration_case *space = calloc(c->count + 1, sizeof *space);
    json_t *root = json_object(), *note = json_object();
    status s = space == NULL ? error_memory(err) : STATUS_OK;
    json_object_set_new(
        root, "description",
        json_string("p(correct) of an answer: one logistic model for statements of the graph and "
                    "one for texts that were searched, and the least probability at which vouch "
                    "answers. Made by tests/bench/calibrate.sh, see docs/CALIBRATION.md; the "
                    "guarantee holds for questions like those that it was fitted on."));
    for (int passage = 0; s == STATUS_OK && passage < 2; passage++)
        s = fit_kind(c, passage != 0, alpha, space, root, note, err);
    json_object_set_new(root, "alpha", json_real(alpha));
    json_object_set_new(note, "questions", json_integer((json_int_t)c->count));
    json_object_set_new(root, "fitted", note);
    if (s == STATUS_OK && json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(5)) != 0)
        s = error_set(err, STATUS_IO, "%s: cannot be written", path);
    json_decref(root);
    free(space);
    return s;
}
