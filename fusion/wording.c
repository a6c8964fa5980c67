/* See wording.h. */
#include "fusion/wording.h"

#include "fusion/yes_no.h"

#include "fusion/excerpt.h"

#include "retriever/actor.h"
#include "retriever/measure.h"

#include <stdio.h>
#include <stdlib.h>

/* A literal longer than this is quoted, not listed. */
#define LONG_TEXT 160
#define EXCERPT_BYTES 720

typedef struct writer {
    const wording_request *q;
    const phrase_context *c;
    wording *out;
    error *err;
    str *labels; /* of result->values */
    int *cited;  /* scratch: numbers of one clause */
    size_t cited_count, cited_capacity;
} writer;

/* --- clauses and citations ------------------------------------------------------------------- */
bool wording_add(wording *w, arena *a, str text, const int *citations, size_t count)
{
    if (w->clause_count == w->clause_capacity) {
        size_t capacity = w->clause_capacity == 0 ? 4 : w->clause_capacity * 2;
        answer_clause *grown = ARENA_ARRAY(a, answer_clause, capacity);
        if (grown == NULL)
            return false;
        if (w->clause_count > 0)
            memcpy(grown, w->clauses, w->clause_count * sizeof *grown);
        w->clauses = grown;
        w->clause_capacity = capacity;
    }
    int *copy = ARENA_ARRAY(a, int, count);
    if (copy == NULL || text.data == NULL)
        return false;
    if (count > 0)
        memcpy(copy, citations, count * sizeof *copy);
    w->clauses[w->clause_count++] = (answer_clause){
        .text = text, .verdict = VERDICT_UNPARSED, .citations = copy, .citation_count = count};
    return true;
}

static bool cite(writer *w, const kg_statement *s)
{
    if (w->cited_count >= WORDING_CITED)
        return true;
    int n = cite_add(w->q->cites, s);
    for (size_t i = 0; i < w->cited_count; i++)
        if (w->cited[i] == n)
            return true;
    if (w->cited_count == w->cited_capacity) {
        size_t capacity = w->cited_capacity == 0 ? 16 : w->cited_capacity * 2;
        int *grown = ARENA_ARRAY(w->c->a, int, capacity);
        if (grown == NULL)
            return false;
        if (w->cited_count > 0)
            memcpy(grown, w->cited, w->cited_count * sizeof *grown);
        w->cited = grown;
        w->cited_capacity = capacity;
    }
    if (n > 0)
        w->cited[w->cited_count++] = n;
    return n > 0;
}

static bool cite_value(writer *w, const execute_value *v)
{
    bool ok = true;
    for (size_t i = 0; ok && i < v->witness_count; i++)
        ok = cite(w, &w->q->result->statements[v->witnesses[i]]);
    return ok;
}

static status close_clause(writer *w, str text)
{
    bool ok = wording_add(w->out, w->c->a, text, w->cited, w->cited_count);
    w->cited_count = 0;
    return ok ? STATUS_OK : error_memory(w->err);
}

static str number(const writer *w, uint64_t n)
{
    return str_from(arena_printf(w->c->a, "%llu", (unsigned long long)n));
}

static str fill(const writer *w, const char *key, const template_var *vars)
{
    return phrase_fill(w->c, key, vars);
}

static status set_values(writer *w, const str *values, size_t count)
{
    w->out->values = ARENA_ARRAY(w->c->a, str, count);
    if (w->out->values == NULL)
        return error_memory(w->err);
    if (count > 0)
        memcpy(w->out->values, values, count * sizeof *values);
    w->out->value_count = count;
    return STATUS_OK;
}

/* --- sets ------------------------------------------------------------------------------------ */
static const kg_statement *statement_of(const execute_result *r, const execute_value *v)
{
    for (size_t i = 0; i < v->witness_count; i++)
        if (r->statements[v->witnesses[i]].id == v->best)
            return &r->statements[v->witnesses[i]];
    return v->witness_count == 0 ? NULL : &r->statements[v->witnesses[v->witness_count - 1]];
}

static str label_other(const writer *w, const kg_statement *s, kg_id value)
{
    return s == NULL ? str_make(NULL, 0) : phrase_label(w->c, s->s == value ? s->o : s->s);
}

static status list_clause(writer *w, const char *key, str np, const str *items, size_t count)
{
    bool all = w->q->all || count <= WORDING_SHOWN;
    str counter = phrase_counter(w->c, w->q->form);
    size_t shown = all ? count : WORDING_SHOWN - 2;
    str list = phrase_list(w->c, items, shown, count, counter);
    if (w->q->result->more) { /* a bound cut the values: nobody knows how many there are */
        const template_var least[] = {{"list", phrase_join(w->c, items, shown)},
                                      {"n", number(w, count)},
                                      {"rest", number(w, count - shown)},
                                      {"counter", counter},
                                      {NULL, {0}}};
        list = fill(w, "more_least", least);
    }
    const template_var vars[] = {
        {"np", np}, {"list", list}, {"n", number(w, count)}, {"counter", counter}, {NULL, {0}}};
    w->out->list = list;
    return close_clause(w, fill(w, key, vars));
}

static bool long_texts(const writer *w)
{
    const execute_result *r = w->q->result;
    const lf_node *form = w->q->form;
    while (form->op == LF_AT)
        form = form->a;
    const pack_relation *p =
        form->op == LF_HOP ? phrase_pack_relation(w->c, form->step.relation.id) : NULL;
    bool text = p != NULL && p->text && !form->step.inverse;
    return r->value_count > 0 && r->value_count <= 8 && (text || w->labels[0].length > LONG_TEXT);
}

static status quote(writer *w, str np, str text, const char *key)
{
    size_t max = w->q->all ? SIZE_MAX : EXCERPT_BYTES;
    const template_var vars[] = {
        {"np", np}, {"text", excerpt_make(text, w->q->question, max, w->c->a)}, {NULL, {0}}};
    return close_clause(w, fill(w, key, vars));
}

/* 是 or 否 where the question asks that and the text tells; else empty. */
static str truth_of(const writer *w, str passage)
{
    if (w->q->glue == NULL)
        return (str){0};
    str claim = yes_no_claim(w->q->question, w->c->a);
    yes_no told = yes_no_by(w->q->glue, &w->q->yes_no, claim, passage, w->c->a);
    return told == YES_NO_YES ? STR("是") : told == YES_NO_NO ? STR("否") : str_make(NULL, 0);
}

/* What a person asked for out of the passage: its measure where one was asked, yes or no where that
 * may be it, else `whole`. */
static status set_passage_value(writer *w, str passage, str whole, bool may_be_truth)
{
    enum { MEASURES = 8 };
    measure_ask ask;
    str values[MEASURES] = {{0}};
    size_t n = 0;
    if (measure_asked(w->q->question, &ask))
        n = measure_find_all(&ask, w->q->question, w->q->synonyms, passage, values, MEASURES);
    str measure = n > 0 ? phrase_join(w->c, values, n) : str_make(NULL, 0);
    if (n == 0 && may_be_truth)
        measure = actor_asked(w->q->question) ? actor_find(w->q->question, w->q->synonyms, passage)
                                              : truth_of(w, passage);
    if (n == 0)
        values[n++] = str_empty(measure) ? whole : measure;
    if (!str_empty(measure) && w->out->clause_count > 0) {
        answer_clause *first = &w->out->clauses[0];
        const template_var vars[] = {{"value", measure}, {"text", first->text}, {NULL, {0}}};
        first->text = fill(w, "measured", vars);
    }
    return set_values(w, values, n);
}

static status say_texts(writer *w)
{
    const execute_result *r = w->q->result;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < r->value_count; i++) {
        if (!cite_value(w, &r->values[i]))
            return error_memory(w->err);
        st = quote(w, phrase_of(w->c, w->q->form), w->labels[i], "text");
    }
    if (st == STATUS_OK && r->value_count == 1)
        st = set_passage_value(w, w->labels[0], w->labels[0], true);
    return st;
}

/* The best passage, and others only when they score as well. */
static status say_search(writer *w)
{
    const execute_result *r = w->q->result;
    size_t n = 1;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        const execute_value *v = &r->values[i];
        str text = label_other(w, statement_of(r, v), v->id);
        if (!cite_value(w, v))
            return error_memory(w->err);
        st = quote(w, w->labels[i], text, "quote");
        if (st == STATUS_OK)
            st = set_passage_value(w, text, w->labels[i], false);
    }
    return st;
}

/* "A: 6" for each thing whose values were counted, with the statements that were counted. */
static status counted_pairs(writer *w, const lf_step *step, const char *key, str *pairs, size_t *n)
{
    const execute_result *r = w->q->result;
    for (size_t i = 0; i < r->statement_count; i++) {
        const kg_statement *s = &r->statements[i];
        kg_id of = step->inverse ? s->o : s->s;
        size_t count = 0;
        bool first = s->p == step->relation.id;
        if (s->p == step->relation.id && !cite(w, s))
            return error_memory(w->err);
        for (size_t k = 0; first && k < r->statement_count; k++) {
            const kg_statement *other = &r->statements[k];
            bool same =
                other->p == step->relation.id && (step->inverse ? other->o : other->s) == of;
            first = !(same && k < i);
            count += same;
        }
        const template_var vars[] = {
            {"label", phrase_label(w->c, of)}, {"value", number(w, count)}, {NULL, {0}}};
        if (first)
            pairs[(*n)++] = fill(w, key, vars);
    }
    return STATUS_OK;
}

static status say_superlative(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    str *pairs = ARENA_ARRAY(w->c->a, str, r->value_count + r->statement_count);
    if (pairs == NULL)
        return error_memory(w->err);
    if (form->step.count) {
        size_t n = 0;
        status st = counted_pairs(w, &form->step, "superlative_pair", pairs, &n);
        return st != STATUS_OK ? st
                               : list_clause(w, "superlative", phrase_of(w->c, form), pairs, n);
    }
    for (size_t i = 0; i < r->value_count; i++) {
        const execute_value *v = &r->values[i];
        const template_var vars[] = {{"label", w->labels[i]},
                                     {"value", label_other(w, statement_of(r, v), v->id)},
                                     {NULL, {0}}};
        pairs[i] = fill(w, "superlative_pair", vars);
        if (!cite_value(w, v))
            return error_memory(w->err);
    }
    return list_clause(w, "superlative", phrase_of(w->c, w->q->form), pairs, r->value_count);
}

/* "A: 85%" for each statement of the measure. */
static status measured_pairs(writer *w, const lf_step *step, str *pairs, size_t *n)
{
    const execute_result *r = w->q->result;
    for (size_t i = 0; i < r->statement_count; i++) {
        const kg_statement *s = &r->statements[i];
        if (s->p != step->relation.id)
            continue;
        const template_var vars[] = {{"label", phrase_label(w->c, step->inverse ? s->o : s->s)},
                                     {"value", phrase_label(w->c, step->inverse ? s->s : s->o)},
                                     {NULL, {0}}};
        pairs[(*n)++] = fill(w, "compare_pair", vars);
        if (!cite(w, s))
            return error_memory(w->err);
    }
    return STATUS_OK;
}

/* Durations are long, dates late, other measures high. */
static const char *compare_word(const writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    bool greater = form->compare == LF_GT || form->compare == LF_GE;
    if (form->step.count)
        return greater ? "word_more" : "word_fewer";
    kg_value value = {0};
    size_t start, end;
    for (size_t i = 0; i < r->statement_count && value.kind == KG_VALUE_NONE; i++) {
        const kg_statement *s = &r->statements[i];
        str text = s->p == form->step.relation.id
                       ? phrase_label(w->c, form->step.inverse ? s->s : s->o)
                       : str_make(NULL, 0);
        if (!kg_value_find(text, 0, &value, &start, &end))
            value.kind = KG_VALUE_NONE;
    }
    if (value.kind == KG_VALUE_DURATION)
        return greater ? "word_longer" : "word_shorter";
    if (value.kind == KG_VALUE_DATE)
        return greater ? "word_later" : "word_earlier";
    return greater ? "word_greater" : "word_less";
}

/* What was compared, a phrase each: "A: 80 %". */
static status compared_pairs(writer *w, const lf_node *form, str **out, size_t *count)
{
    *count = 0;
    *out = ARENA_ARRAY(w->c->a, str, w->q->result->statement_count + 1);
    if (*out == NULL)
        return error_memory(w->err);
    return form->step.count ? counted_pairs(w, &form->step, "compare_pair", *out, count)
                            : measured_pairs(w, &form->step, *out, count);
}

static status say_compare(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    bool inverse = form->step.inverse, equal = r->truth == EXECUTE_YES;
    str *pairs;
    size_t n;
    status st = compared_pairs(w, form, &pairs, &n);
    if (st != STATUS_OK)
        return st;
    const template_var vars[] = {
        {"winner", w->labels[0]},
        {"relation", phrase_relation(w->c, &form->step.relation, inverse && form->step.count)},
        {"word", template_text(w->c->templates, compare_word(w, form), w->c->lang)},
        {"list", phrase_join(w->c, pairs, n)},
        {NULL, {0}}};
    st = close_clause(w, fill(w, equal ? "compare_equal" : "compare", vars));
    if (st == STATUS_OK && form->compare == LF_EQ) {
        str value = template_text(w->c->templates, equal ? "yes_value" : "no_value", w->c->lang);
        st = set_values(w, &value, 1);
    }
    return st;
}

static status say_conflicts(writer *w)
{
    const execute_result *r = w->q->result;
    w->out->conflicts = ARENA_ARRAY(w->c->a, answer_conflict, r->conflict_count);
    if (w->out->conflicts == NULL)
        return error_memory(w->err);
    for (size_t i = 0; i < r->conflict_count; i++) {
        const execute_conflict *x = &r->conflicts[i];
        str *values = ARENA_ARRAY(w->c->a, str, x->count);
        int *numbers = ARENA_ARRAY(w->c->a, int, x->count);
        if (values == NULL || numbers == NULL)
            return error_memory(w->err);
        for (size_t k = 0; k < x->count; k++) {
            const kg_statement *s = &r->statements[x->statements[k]];
            values[k] = phrase_label(w->c, s->o);
            numbers[k] = cite_add(w->q->cites, s);
            cite_mark_conflict(w->q->cites, numbers[k]);
            if (!cite(w, s))
                return error_memory(w->err);
        }
        const lf_name relation = {.id = x->relation};
        w->out->conflicts[i] =
            (answer_conflict){phrase_relation(w->c, &relation, false), values, numbers, x->count};
        w->out->conflict_count = i + 1;
        const template_var of[] = {{"S", phrase_label(w->c, x->subject)},
                                   {"relation", w->out->conflicts[i].relation},
                                   {NULL, {0}}};
        const template_var vars[] = {{"np", fill(w, "np_out", of)},
                                     {"list", phrase_join(w->c, values, x->count)},
                                     {NULL, {0}}};
        status st = close_clause(w, fill(w, "conflict", vars));
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static bool naming(const writer *w, kg_id relation)
{
    const retriever_relation *r =
        w->c->schema == NULL ? NULL : retriever_schema_relation(w->c->schema, relation);
    const pack_relation *p = phrase_pack_relation(w->c, relation);
    return (r != NULL && r->naming) || (p != NULL && p->hidden);
}

/* Says another name of its subject. */
static bool names_subject(const writer *w, kg_id relation)
{
    const pack_relation *p = phrase_pack_relation(w->c, relation);
    return naming(w, relation) ||
           (p != NULL && (str_equal(p->id, STR("alias")) || str_equal(p->id, STR("synonym"))));
}

/* The naming statement of an entity whose text stands in the question, the longest one; false when
 * there is none. */
static bool named_by(writer *w, kg_id entity, kg_statement *out, str *name)
{
    const kg_pattern pattern = {.s = entity, .limit = 256};
    kg_statement_list list = {0};
    error ignored = {0};
    str question = kg_normalise(w->q->question, w->c->a);
    *name = (str){0};
    if (kg_match(w->c->read, &pattern, w->c->a, &list, &ignored) != STATUS_OK)
        return false;
    for (size_t i = 0; i < list.count; i++) {
        str text = phrase_label(w->c, list.items[i].o);
        bool literal =
            list.items[i].o != entity && text.length > name->length && text.length <= LONG_TEXT;
        if (literal && names_subject(w, list.items[i].p) &&
            str_find(question, kg_normalise(text, w->c->a), 0) != STR_NONE) {
            *out = list.items[i];
            *name = text;
        }
    }
    return !str_empty(*name);
}

/* The form is a name alone: the question asks what it names. */
static status say_entity(writer *w, const lf_node *form)
{
    kg_statement statement;
    str name;
    if (!named_by(w, form->name.id, &statement, &name))
        return error_set(w->err, STATUS_NOT_FOUND, "the graph has no other name of it");
    if (!cite(w, &statement))
        return error_memory(w->err);
    const template_var vars[] = {{"alias", name}, {"label", w->labels[0]}, {NULL, {0}}};
    return close_clause(w, fill(w, "also", vars));
}

static status say_set(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    if (r->value_count == 0)
        return error_set(w->err, STATUS_NOT_FOUND, "the graph records nothing for this");
    status st = set_values(w, w->labels, r->value_count);
    if (st != STATUS_OK)
        return st;
    if (form->op == LF_ENTITY)
        return say_entity(w, form);
    if (form->op == LF_SEARCH)
        return say_search(w);
    if (form->op == LF_CMP)
        return say_compare(w, form);
    if (form->op == LF_ARGMAX || form->op == LF_ARGMIN)
        return say_superlative(w, form);
    if (r->conflict_count > 0)
        return say_conflicts(w);
    if (long_texts(w))
        return say_texts(w);
    for (size_t i = 0; i < r->value_count; i++)
        if (!cite_value(w, &r->values[i]))
            return error_memory(w->err);
    return list_clause(w, "list", phrase_of(w->c, form), w->labels, r->value_count);
}

/* --- counts and truth ------------------------------------------------------------------------ */
static status say_count(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    for (size_t i = 0; i < r->value_count; i++)
        if (!cite_value(w, &r->values[i]))
            return error_memory(w->err);
    str n = number(w, r->number);
    const template_var vars[] = {{"np", phrase_of(w->c, form->a)},
                                 {"n", n},
                                 {"counter", phrase_counter(w->c, form->a)},
                                 {NULL, {0}}};
    const char *key = r->more ? "count_least" : r->closed_world ? "count" : "count_open";
    status st = close_clause(w, fill(w, key, vars));
    return st == STATUS_OK ? set_values(w, &n, 1) : st;
}

static status say_yes(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    for (size_t i = 0; i < r->value_count; i++)
        if (!cite_value(w, &r->values[i]))
            return error_memory(w->err);
    if (form->b == NULL)
        return list_clause(w, "yes_exists", phrase_of(w->c, form->a), w->labels, r->value_count);
    const template_var vars[] = {
        {"fact",
         phrase_fact(w->c, form, r->value_count == 1 ? w->labels[0] : phrase_of(w->c, form->b))},
        {NULL, {0}}};
    return close_clause(w, fill(w, "yes", vars));
}

/* What was asked for: the value, or the bound ("不超过500万元", "above 90%"). */
static str asked_value(writer *w, const lf_node *form)
{
    static const char *const keys[] = {"", "", "op_lt", "op_le", "op_gt", "op_ge"};
    str value = phrase_of(w->c, form->b);
    if (form->compare < LF_LT || form->compare > LF_GE)
        return value;
    bool spaced = !str_equal(w->c->lang, STR("zh"));
    str op = template_text(w->c->templates, keys[form->compare], w->c->lang);
    return str_from(
        arena_printf(w->c->a, "%.*s%s%.*s", STR_ARG(op), spaced ? " " : "", STR_ARG(value)));
}

static status say_no(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    for (size_t i = 0; i < r->value_count; i++)
        if (!cite_value(w, &r->values[i]))
            return error_memory(w->err);
    str np = phrase_of(w->c, form->a);
    size_t shown = r->value_count < 5 ? r->value_count : 5;
    const template_var vars[] = {
        {"np", np},
        {"object", form->b == NULL ? str_make(NULL, 0) : asked_value(w, form)},
        {"list", phrase_list(w->c, w->labels, shown, r->value_count, (str){0})},
        {NULL, {0}}};
    const char *key = form->b == NULL ? "no_exists" : r->value_count > 0 ? "no_other" : "no";
    return close_clause(w, fill(w, key, vars));
}

/* "Has A more than B?": yes or no, and what was compared. */
static status say_compared(writer *w, const lf_node *form, bool yes)
{
    str *pairs;
    size_t n;
    status st = compared_pairs(w, form, &pairs, &n);
    if (st != STATUS_OK)
        return st;
    const template_var vars[] = {
        {"relation",
         phrase_relation(w->c, &form->step.relation, form->step.inverse && form->step.count)},
        {"list", phrase_join(w->c, pairs, n)},
        {NULL, {0}}};
    st = close_clause(w, fill(w, yes ? "compared_yes" : "compared_no", vars));
    str value = template_text(w->c->templates, yes ? "yes_value" : "no_value", w->c->lang);
    return st == STATUS_OK ? set_values(w, &value, 1) : st;
}

static status say_truth(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    if (r->truth == EXECUTE_UNKNOWN)
        return error_set(w->err, STATUS_NOT_FOUND, "the graph does not record it");
    bool yes = r->truth == EXECUTE_YES;
    if (form->a->op == LF_CMP && form->a->compare != LF_EQ)
        return say_compared(w, form->a, yes);
    status st = yes ? say_yes(w, form) : say_no(w, form);
    str value = template_text(w->c->templates, yes ? "yes_value" : "no_value", w->c->lang);
    return st == STATUS_OK ? set_values(w, &value, 1) : st;
}

/* --- descriptions ---------------------------------------------------------------------------- */
/* One clause per relation of the entity, its own statements only. */
static status say_relation(writer *w, kg_id subject, size_t first, str *values, size_t *count)
{
    const execute_result *r = w->q->result;
    kg_id relation = r->statements[first].p;
    str items[64];
    size_t n = 0;
    for (size_t i = first; i < r->statement_count && n < CORE_COUNT(items); i++) {
        const kg_statement *s = &r->statements[i];
        if (s->p != relation || s->s != subject)
            continue;
        str label = phrase_label(w->c, s->o);
        values[(*count)++] = label;
        items[n++] = excerpt_make(label, w->q->question, EXCERPT_BYTES / 2, w->c->a);
        if (!cite(w, s))
            return error_memory(w->err);
    }
    const lf_name name = {.id = relation};
    size_t shown = w->q->all || n <= 5 ? n : 5;
    const template_var vars[] = {
        {"label", phrase_label(w->c, subject)},
        {"relation", phrase_relation(w->c, &name, false)},
        {"list",
         phrase_list(w->c, items, shown, n, template_text(w->c->templates, "counter", w->c->lang))},
        {NULL, {0}}};
    return close_clause(w, fill(w, w->out->clause_count == 0 ? "describe" : "describe_next", vars));
}

static status say_description(writer *w, const lf_node *form)
{
    const execute_result *r = w->q->result;
    const lf_node *of = form->a;
    kg_id subject = r->value_count > 0 ? r->values[0].id : of->name.id;
    str *values = ARENA_ARRAY(w->c->a, str, r->statement_count);
    size_t count = 0;
    status st = values == NULL ? error_memory(w->err) : STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < r->statement_count; i++) {
        const kg_statement *s = &r->statements[i];
        bool seen = s->s != subject || naming(w, s->p);
        for (size_t k = 0; !seen && k < i; k++)
            seen = r->statements[k].p == s->p && r->statements[k].s == subject;
        if (!seen && (w->q->all || w->out->clause_count < 8))
            st = say_relation(w, subject, i, values, &count);
    }
    if (st == STATUS_OK && w->out->clause_count == 0)
        return error_set(w->err, STATUS_NOT_FOUND, "the graph records nothing about it");
    return st == STATUS_OK ? set_values(w, values, count) : st;
}

/* --- entry ----------------------------------------------------------------------------------- */
static status fetch_labels(writer *w)
{
    const execute_result *r = w->q->result;
    kg_id *ids = ARENA_ARRAY(w->c->a, kg_id, r->value_count);
    w->labels = ARENA_ARRAY(w->c->a, str, r->value_count);
    if (ids == NULL || w->labels == NULL)
        return error_memory(w->err);
    for (size_t i = 0; i < r->value_count; i++)
        ids[i] = r->values[i].id;
    if (r->value_count == 0)
        return STATUS_OK;
    return kg_labels(w->c->read, ids, r->value_count, w->c->lang, w->c->a, w->labels, w->err);
}

/* "As of 2020-01-01, " before the first clause when a date was asked for. */
static status add_date(writer *w)
{
    if (!w->q->as_of_asked || w->out->clause_count == 0)
        return STATUS_OK;
    char day[16];
    clock_day_format(w->q->as_of, day);
    const template_var vars[] = {{"date", str_from(day)}, {NULL, {0}}};
    str head = fill(w, "as_of", vars);
    char *joined =
        arena_printf(w->c->a, "%.*s%.*s", STR_ARG(head), STR_ARG(w->out->clauses[0].text));
    if (joined == NULL)
        return error_memory(w->err);
    w->out->clauses[0].text = str_from(joined);
    return STATUS_OK;
}

status wording_make(const wording_request *request, wording *out, error *err)
{
    wording made = {0};
    writer w = {.q = request, .c = request->phrases, .out = &made, .err = err};
    const lf_node *form = request->form;
    while (form->op == LF_AT)
        form = form->a;
    status st = fetch_labels(&w);
    if (st != STATUS_OK)
        return st;
    switch (request->result->kind) {
    case EXECUTE_SET:
        st = say_set(&w, form);
        break;
    case EXECUTE_COUNT:
        st = say_count(&w, form);
        break;
    case EXECUTE_TRUTH:
        st = say_truth(&w, form);
        break;
    case EXECUTE_DESCRIBE:
        st = say_description(&w, form);
        break;
    default:
        st = error_set(err, STATUS_NOT_FOUND, "nothing was executed");
    }
    if (st == STATUS_OK)
        st = add_date(&w);
    if (st == STATUS_OK)
        *out = made;
    return st;
}

void wording_add_clause(const template_set *templates, str lang, const answer_clause *clause,
                        buf *out)
{
    buf_add(out, clause->text);
    if (clause->citation_count > 0)
        buf_add_char(out, ' ');
    cite_print(clause->citations, clause->citation_count, out);
    buf_add(out, template_text(templates, "stop", lang));
}

str wording_text(const phrase_context *c, const answer_clause *clauses, size_t count)
{
    buf out = {0};
    bool zh = str_equal(c->lang, STR("zh"));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && !zh)
            buf_add_char(&out, ' ');
        wording_add_clause(c->templates, c->lang, &clauses[i], &out);
    }
    str copy = out.failed ? str_make(NULL, 0) : arena_str(c->a, buf_str(&out));
    buf_free(&out);
    return copy;
}
