/* See rank.h. */
#include "retriever/rank.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static const char *const names[RETRIEVER_FEATURES] = {
    "coverage", "unexplained", "type_fit", "link",  "examples", "neighbour", "answers", "hops",
    "order",    "operator",    "unused",   "empty", "cycle",    "passage",   "unsaid",  "model"};

const char *retriever_feature_name(retriever_feature f)
{
    return (size_t)f < CORE_COUNT(names) ? names[f] : "?";
}

static status read_set(const json_t *root, const char *where, const char *which,
                       const char *(*name)(size_t), size_t count, double *out, error *err)
{
    const json_t *set = json_object_get(root, which);
    const char *key;
    json_t *value;
    if (!json_is_object(set))
        return error_set(err, STATUS_INVALID, "%s: /%s must be an object", where, which);
    json_object_foreach((json_t *)(uintptr_t)set, key, value)
    {
        size_t i = 0;
        while (i < count && strcmp(name(i), key) != 0)
            i++;
        if (i == count || !json_is_number(value))
            return error_set(err, STATUS_INVALID, "%s: /%s/%s is no weight of a feature", where,
                             which, key);
        out[i] = json_number_value(value);
    }
    return STATUS_OK;
}

static const char *form_name(size_t i)
{
    return retriever_feature_name((retriever_feature)i);
}

static const char *passage_name(size_t i)
{
    return passage_feature_name((passage_feature)i);
}

status rank_weights_parse(str json, const char *where, rank_weights *out, error *err)
{
    json_error_t at;
    json_t *root = json_loadb(json.data, json.length, 0, &at);
    if (root == NULL)
        return error_set_at(err, STATUS_SYNTAX, where, (uint64_t)at.line, (uint64_t)at.column, "%s",
                            at.text);
    rank_weights w = {0};
    status s = read_set(root, where, "plain", form_name, RETRIEVER_FEATURES, w.plain, err);
    if (s == STATUS_OK)
        s = read_set(root, where, "examples", form_name, RETRIEVER_FEATURES, w.examples, err);
    if (s == STATUS_OK)
        s = read_set(root, where, "passages", passage_name, PASSAGE_FEATURES, w.passages, err);
    json_decref(root);
    if (s == STATUS_OK)
        *out = w;
    return s;
}

double rank_score(const double features[RETRIEVER_FEATURES],
                  const double weights[RETRIEVER_FEATURES])
{
    double score = 0;
    for (int i = 0; i < RETRIEVER_FEATURES; i++)
        score += features[i] * weights[i];
    return score;
}

static int best_form_first(const void *x, const void *y)
{
    const plan_form *a = *(plan_form *const *)x, *b = *(plan_form *const *)y;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->signature != b->signature)
        return a->signature < b->signature ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void path_words(const plan *p, const plan_path *path, buf *out)
{
    for (uint8_t i = 0; path != NULL && i < path->hops; i++) {
        if (out->length > 0)
            buf_add_cstr(out, " > ");
        if ((path->steps[i] & 1) != 0)
            buf_add_char(out, '-');
        buf_add(out, plan_relation(p, path->steps[i])->label);
    }
}

static retriever_candidate make_candidate(const plan *p, const plan_form *form, arena *a)
{
    retriever_candidate c = {.form = form->form, .score = form->score};
    buf words = {0};
    memcpy(c.features, form->features, sizeof c.features);
    path_words(p, form->path, &words);
    if (form->other != NULL)
        buf_add_cstr(&words, " & ");
    path_words(p, form->other, &words);
    c.relations = arena_str(a, buf_str(&words));
    buf_free(&words);
    return c;
}

static int best_first(const void *x, const void *y)
{
    const retriever_candidate *a = x, *b = y;
    return a->score > b->score ? -1 : a->score < b->score;
}

void rank_sort(retriever_candidate *candidates, size_t count)
{
    double sum = 0;
    /* Stable for equal scores: the order so far was total. */
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && best_first(&candidates[k - 1], &candidates[k]) > 0; k--) {
            retriever_candidate swap = candidates[k];
            candidates[k] = candidates[k - 1];
            candidates[k - 1] = swap;
        }
    for (size_t i = 0; i < count; i++)
        sum += exp(candidates[i].score - candidates[0].score);
    for (size_t i = 0; i < count; i++)
        candidates[i].probability = exp(candidates[i].score - candidates[0].score) / sum;
}

status rank_forms(plan *p, const double weights[RETRIEVER_FEATURES], size_t most, arena *a,
                  retriever_candidate **out, size_t *out_count, error *err)
{
    plan_form **order = ARENA_ARRAY(a, plan_form *, p->form_count + 1);
    retriever_candidate *candidates = ARENA_ARRAY(a, retriever_candidate, most + 1);
    if (order == NULL || candidates == NULL)
        return error_memory(err);
    for (size_t i = 0; i < p->form_count; i++) {
        p->forms[i].score = rank_score(p->forms[i].features, weights);
        order[i] = &p->forms[i];
    }
    qsort(order, p->form_count, sizeof *order, best_form_first);
    size_t n = 0;
    for (size_t i = 0; i < p->form_count && n < most; i++) {
        bool have = false;
        for (size_t k = 0; k < n && !have; k++)
            have = lf_equal(candidates[k].form, order[i]->form);
        if (!have)
            candidates[n++] = make_candidate(p, order[i], a);
    }
    rank_sort(candidates, n);
    *out = candidates;
    *out_count = n;
    return STATUS_OK;
}
