/* See explain.h. */
#include "fusion/explain.h"

#include "core/utf8.h"

static json_t *text(str s)
{
    json_t *j = json_stringn(s.data == NULL ? "" : s.data, s.length);
    return j == NULL ? json_string("") : j;
}

static const char *match_name(retriever_match m)
{
    static const char *names[] = {"", "label", "alias", "form", "fuzzy", "abbreviation", "focus"};
    return (size_t)m < CORE_COUNT(names) ? names[m] : "";
}

static const char *kind_name(retriever_mention_kind k)
{
    static const char *names[] = {"", "entity", "class", "value", "time", "unknown"};
    return (size_t)k < CORE_COUNT(names) ? names[k] : "";
}

static const char *outcome_name(retriever_outcome o)
{
    static const char *names[] = {"",          "found", "nothing_said", "no_entity", "no_relation",
                                  "ambiguous", "empty"};
    return (size_t)o < CORE_COUNT(names) ? names[o] : "";
}

json_t *explain_mentions(const retriever_result *found)
{
    json_t *list = json_array();
    for (size_t i = 0; i < found->mention_count; i++) {
        const retriever_mention *m = &found->mentions[i];
        json_t *j = json_object(), *senses = json_array();
        json_object_set_new(j, "kind", json_string(kind_name(m->kind)));
        json_object_set_new(j, "text", text(m->text));
        json_object_set_new(j, "start", json_integer((json_int_t)m->start));
        json_object_set_new(j, "end", json_integer((json_int_t)m->end));
        for (size_t k = 0; k < m->sense_count; k++) {
            const retriever_sense *s = &m->senses[k];
            json_t *sense = json_object();
            json_object_set_new(sense, "label", text(s->label));
            json_object_set_new(sense, "class", text(s->class_label));
            json_object_set_new(sense, "match", json_string(match_name(s->match)));
            json_object_set_new(sense, "score", json_real((double)s->score));
            json_array_append_new(senses, sense);
        }
        json_object_set_new(j, "senses", senses);
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *form_text(const lf_node *form)
{
    buf out = {0};
    if (form != NULL)
        lf_print(form, false, &out);
    json_t *j = text(buf_str(&out));
    buf_free(&out);
    return j;
}

static json_t *candidates(const retriever_result *found, size_t limit)
{
    json_t *list = json_array();
    for (size_t i = 0; i < found->candidate_count && i < limit; i++) {
        const retriever_candidate *c = &found->candidates[i];
        json_t *j = json_object(), *features = json_object();
        json_object_set_new(j, "logical_form", form_text(c->form));
        json_object_set_new(j, "score", json_real(c->score));
        json_object_set_new(j, "probability", json_real(c->probability));
        for (int f = 0; f < RETRIEVER_FEATURES; f++)
            if (c->features[f] != 0)
                json_object_set_new(features, retriever_feature_name((retriever_feature)f),
                                    json_real(c->features[f]));
        json_object_set_new(j, "features", features);
        json_array_append_new(list, j);
    }
    return list;
}

json_t *explain_make(const retriever_result *found, size_t limit)
{
    json_t *j = json_object();
    if (j == NULL)
        return NULL;
    json_object_set_new(j, "outcome", json_string(outcome_name(found->outcome)));
    json_object_set_new(j, "normalised", text(found->normalised));
    json_object_set_new(j, "mentions", explain_mentions(found));
    json_object_set_new(j, "enumerated", json_integer((json_int_t)found->enumerated));
    json_object_set_new(j, "bounded", json_boolean(found->bounded));
    json_object_set_new(j, "follow_up", json_boolean(found->follow_up));
    json_object_set_new(j, "candidates", candidates(found, limit));
    json_t *d = json_object();
    json_object_set_new(d, "margin", json_real(found->margin));
    json_object_set_new(d, "link_score", json_real(found->link_score));
    json_object_set_new(d, "unexplained", json_real(found->unexplained));
    json_object_set_new(d, "coverage", json_real(found->coverage));
    json_object_set_new(d, "unexplained_words", text(found->unexplained_words));
    json_object_set_new(j, "decision", d);
    json_t *t = json_object();
    json_object_set_new(t, "link", json_real(found->timings.link));
    json_object_set_new(t, "plan", json_real(found->timings.plan));
    json_object_set_new(t, "rank", json_real(found->timings.rank));
    json_object_set_new(t, "execute", json_real(found->timings.execute));
    json_object_set_new(j, "retriever_ms", t);
    return j;
}

/* --- for a terminal -------------------------------------------------------------------------- */
static const char *string_at(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s == NULL ? "" : s;
}

static double real_at(const json_t *j, const char *key)
{
    return json_number_value(json_object_get(j, key));
}

static void print_mentions(const json_t *mentions, buf *out)
{
    buf_add_cstr(out, "mentions\n");
    for (size_t i = 0; i < json_array_size(mentions); i++) {
        const json_t *m = json_array_get(mentions, i), *senses = json_object_get(m, "senses");
        buf_printf(out, "  %s '%s'", string_at(m, "kind"), string_at(m, "text"));
        for (size_t k = 0; k < json_array_size(senses); k++) {
            const json_t *s = json_array_get(senses, k);
            buf_printf(out, "%s %s (%s, %s, %.2f)", k == 0 ? " =" : " |", string_at(s, "label"),
                       string_at(s, "class"), string_at(s, "match"), real_at(s, "score"));
        }
        buf_add_char(out, '\n');
    }
}

static void print_candidates(const json_t *list, buf *out)
{
    buf_add_cstr(out, "candidates (score, probability, form)\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i);
        buf_printf(out, "  %6.2f %5.3f  %s\n", real_at(c, "score"), real_at(c, "probability"),
                   string_at(c, "logical_form"));
        buf_add_cstr(out, "               ");
        const char *key;
        json_t *value;
        json_object_foreach(json_object_get(c, "features"), key, value)
        {
            buf_printf(out, " %s=%.3g", key, json_number_value(value));
        }
        buf_add_char(out, '\n');
    }
}

void explain_print(const answer *a, buf *out)
{
    const json_t *e = a->explain;
    print_mentions(json_object_get(e, "mentions"), out);
    buf_printf(out, "forms looked at: %lld%s\n",
               (long long)json_integer_value(json_object_get(e, "enumerated")),
               json_is_true(json_object_get(e, "bounded")) ? " (stopped at the bound)" : "");
    print_candidates(json_object_get(e, "candidates"), out);
    if (!str_empty(a->logical_form))
        buf_printf(out, "chosen\n  %.*s\n", STR_ARG(a->logical_form));
    if (!str_empty(a->sparql))
        buf_printf(out, "sparql\n%.*s\n", STR_ARG(a->sparql));
    buf_add_cstr(out, "statements\n");
    for (size_t i = 0; i < a->citation_count && i < 20; i++)
        buf_printf(
            out, "  [%d] %016llx %.*s | %.*s | %.*s\n", a->citations[i].n,
            (unsigned long long)a->citations[i].statement_id, STR_ARG(a->citations[i].subject),
            STR_ARG(a->citations[i].predicate),
            STR_ARG(str_slice(a->citations[i].object, 0,
                              utf8_floor(a->citations[i].object.data, a->citations[i].object.length,
                                         a->citations[i].object.length < 120
                                             ? a->citations[i].object.length
                                             : 120))));
    buf_add_cstr(out, "verdicts\n");
    for (size_t i = 0; i < a->clause_count; i++)
        buf_printf(out, "  %s: %.*s\n", answer_verdict_name(a->clauses[i].verdict),
                   STR_ARG(a->clauses[i].text));
    const answer_timings *t = &a->timings;
    buf_printf(out,
               "milliseconds\n  link %.2f, plan %.2f, execute %.2f, prompt %.2f, generate %.2f, "
               "verify %.2f, total %.2f\n",
               t->link, t->plan, t->execute, t->prompt, t->generate, t->verify, t->total);
}
