/* See answer.h. */
#include "fusion/answer.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/buf.h"
#include "core/compiler.h"
#include "core/utf8.h"
#include "core/version.h"

const char *answer_status_name(answer_status s)
{
    static const char *names[] = {"answered", "abstained", "clarify", "refused"};
    return (size_t)s < CORE_COUNT(names) ? names[s] : "abstained";
}

const char *answer_verdict_name(answer_verdict v)
{
    static const char *names[] = {"SUPPORTED", "CONTRADICTED", "NOT_IN_GRAPH", "UNPARSED"};
    return (size_t)v < CORE_COUNT(names) ? names[v] : "UNPARSED";
}

/* Labels of a graph may hold bytes that are no UTF-8; jansson refuses them, people get U+FFFD. */
static json_t *text(str s)
{
    json_t *j = json_stringn(s.data == NULL ? "" : s.data, s.length);
    if (j != NULL)
        return j;
    buf clean = {0};
    for (size_t i = 0; i < s.length;) {
        uint32_t c;
        i += utf8_decode(s.data + i, s.length - i, &c);
        buf_add_codepoint(&clean, c);
    }
    j = json_stringn(clean.data == NULL ? "" : clean.data, clean.length);
    buf_free(&clean);
    return j;
}

static json_t *day(clock_day d)
{
    char out[16];
    clock_day_format(d, out);
    return d == CLOCK_DAY_UNKNOWN ? json_null() : json_string(out);
}

static json_t *optional(str s)
{
    return str_empty(s) ? json_null() : text(s);
}

static json_t *numbers(const int *items, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(items[i]));
    return list;
}

json_t *answer_citation_to_json(const answer_citation *c)
{
    char id[20];
    snprintf(id, sizeof id, "%016" PRIx64, c->statement_id);
    json_t *j = json_object();
    json_object_set_new(j, "n", json_integer(c->n));
    json_object_set_new(j, "statement_id", json_string(id));
    json_object_set_new(j, "subject", text(c->subject));
    json_object_set_new(j, "predicate", text(c->predicate));
    json_object_set_new(j, "object", text(c->object));
    json_object_set_new(j, "source", text(c->source));
    json_object_set_new(j, "position",
                        c->position == 0 ? json_null() : json_integer((json_int_t)c->position));
    json_object_set_new(j, "valid_from", day(c->valid_from));
    json_object_set_new(j, "valid_to", day(c->valid_to));
    json_object_set_new(j, "confidence", json_real(c->confidence));
    json_t *marks = json_array();
    if (c->conflict)
        json_array_append_new(marks, json_string("conflict"));
    if (c->old)
        json_array_append_new(marks, json_string("old"));
    if (c->low_authority)
        json_array_append_new(marks, json_string("low_authority"));
    json_object_set_new(j, "marks", marks);
    return j;
}

json_t *answer_clauses_to_json(const answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->clause_count; i++) {
        const answer_clause *c = &a->clauses[i];
        json_t *j = json_object();
        json_object_set_new(j, "text", text(c->text));
        json_object_set_new(j, "verdict", json_string(answer_verdict_name(c->verdict)));
        json_object_set_new(j, "citations", numbers(c->citations, c->citation_count));
        json_array_append_new(list, j);
    }
    return list;
}

json_t *answer_citations_to_json(const answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->citation_count; i++)
        json_array_append_new(list, answer_citation_to_json(&a->citations[i]));
    return list;
}

static json_t *alternatives(const answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->alternative_count; i++) {
        json_t *j = json_object();
        json_object_set_new(j, "label", text(a->alternatives[i].label));
        json_object_set_new(j, "logical_form", optional(a->alternatives[i].logical_form));
        json_object_set_new(j, "score", json_real(a->alternatives[i].score));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *conflicts(const answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->conflict_count; i++) {
        const answer_conflict *c = &a->conflicts[i];
        json_t *j = json_object(), *values = json_array();
        for (size_t k = 0; k < c->count; k++)
            json_array_append_new(values, text(c->values[k]));
        json_object_set_new(j, "relation", text(c->relation));
        json_object_set_new(j, "values", values);
        json_object_set_new(j, "citations", numbers(c->citations, c->count));
        json_array_append_new(list, j);
    }
    return list;
}

static double round3(double x)
{
    return (double)(int64_t)(x * 1000 + (x < 0 ? -0.5 : 0.5)) / 1000;
}

static json_t *timings(const answer_timings *t)
{
    json_t *j = json_object();
    json_object_set_new(j, "link", json_real(round3(t->link)));
    json_object_set_new(j, "plan", json_real(round3(t->plan)));
    json_object_set_new(j, "execute", json_real(round3(t->execute)));
    json_object_set_new(j, "prompt", json_real(round3(t->prompt)));
    json_object_set_new(j, "generate", json_real(round3(t->generate)));
    json_object_set_new(j, "verify", json_real(round3(t->verify)));
    json_object_set_new(j, "total", json_real(round3(t->total)));
    return j;
}

static void add_versions(json_t *j, const answer *a)
{
    json_t *v = json_object();
    json_object_set_new(v, "vouch", json_string(VOUCH_VERSION));
    json_object_set_new(v, "graph", optional(a->graph_version));
    json_object_set_new(v, "pack", optional(a->pack_version));
    json_object_set_new(v, "model", optional(a->model_version));
    json_object_set_new(j, "versions", v);
    json_t *usage = json_object();
    json_object_set_new(usage, "prompt_tokens", json_integer((json_int_t)a->prompt_tokens));
    json_object_set_new(usage, "completion_tokens", json_integer((json_int_t)a->completion_tokens));
    json_object_set_new(j, "usage", usage);
}

json_t *answer_to_json(const answer *a)
{
    json_t *j = json_object(), *values = json_array();
    if (j == NULL || values == NULL) {
        json_decref(j);
        json_decref(values);
        return NULL;
    }
    for (size_t i = 0; i < a->value_count; i++)
        json_array_append_new(values, text(a->values[i]));
    json_object_set_new(j, "id", text(a->id));
    json_object_set_new(j, "question", text(a->question));
    json_object_set_new(j, "lang", text(a->lang));
    json_object_set_new(j, "status", json_string(answer_status_name(a->status)));
    json_object_set_new(j, "answer", text(a->text));
    json_object_set_new(j, "values", values);
    json_object_set_new(j, "clauses", answer_clauses_to_json(a));
    json_object_set_new(j, "citations", answer_citations_to_json(a));
    json_object_set_new(j, "logical_form", optional(a->logical_form));
    json_object_set_new(j, "sparql", optional(a->sparql));
    json_object_set_new(j, "alternatives", alternatives(a));
    json_object_set_new(j, "confidence", json_real(round3(a->confidence)));
    json_object_set_new(j, "reason", optional(a->reason));
    json_object_set_new(j, "scope_notice", optional(a->scope_notice));
    json_object_set_new(j, "conflicts", conflicts(a));
    json_object_set_new(j, "model", text(str_empty(a->model) ? STR("none") : a->model));
    add_versions(j, a);
    json_object_set_new(j, "timings_ms", timings(&a->timings));
    if (a->explain != NULL)
        json_object_set(j, "explain", a->explain);
    if (a->samples != NULL)
        json_object_set(j, "samples", a->samples);
    return j;
}

str answer_source_name(str source)
{
    if (str_find(source, STR("://"), 0) != STR_NONE)
        return source;
    size_t from = source.length;
    while (from > 0 && source.data[from - 1] != '/')
        from--;
    return from == source.length ? source : str_slice(source, from, source.length);
}
