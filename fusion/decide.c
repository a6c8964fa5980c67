/* See decide.h. */
#include "fusion/decide.h"

#include <math.h>
#include <stdio.h>

#include "core/utf8.h"
#include "fusion/yes_no.h"
#include "retriever/measure.h"

#define FOCUS 0.6    /* mass at the words that ask, of which the answer says nothing (Chinese) */
#define UNSAID 0.9   /* a step of the reading that no word of the question speaks of */
#define SHORT_NAME 4 /* characters */
#define BESIDE 0.4   /* mass beside a name that makes it another name */

enum { CAN_TELL = 10, CHOICES = 8, INSTEAD = 5, HELD = 4 };

typedef struct decider {
    const decide_request *q;
    const phrase_context *c;
    const retriever_result *found;
    answer *out;
    error *err;
    buf reason; /* lines, separated by \n */
} decider;

void decide_features(const retriever_result *found, double features[CALIBRATION_FEATURES])
{
    const retriever_candidate *top = found->candidate_count > 0 ? &found->candidates[0] : NULL;
    const retriever_signals *s = &found->signals;
    features[CALIBRATION_MARGIN] = found->candidate_count > 1 ? fmin(found->margin, 5) : 5;
    features[CALIBRATION_LINK] = found->link_score;
    features[CALIBRATION_COVERAGE] = found->coverage;
    features[CALIBRATION_LOG_ANSWERS] = log1p((double)found->result.value_count);
    features[CALIBRATION_PROBABILITY] = top == NULL ? 0 : top->probability;
    features[CALIBRATION_LEFT] = s->left;
    features[CALIBRATION_LEFT_MASS] = fmin(s->left_mass, 4);
    features[CALIBRATION_LEFT_RUN] = fmin(s->left_run, 4);
    features[CALIBRATION_BESIDE] = fmin(s->beside, 4);
    features[CALIBRATION_MISSPELT] = s->misspelt;
    features[CALIBRATION_UNSAID] = s->unsaid;
    features[CALIBRATION_UNUSED] = s->unused;
    features[CALIBRATION_CLASH] = s->clash;
    features[CALIBRATION_OPERATOR] = s->operator_fit;
    features[CALIBRATION_FOCUS] = fmin(s->focus, 3);
    features[CALIBRATION_UNMET] = s->unmet;
    features[CALIBRATION_TOLD] = s->told;
    features[CALIBRATION_TOLD_RAREST] = s->told_rarest;
    features[CALIBRATION_VALUES_MISSING] = s->values_missing;
    features[CALIBRATION_ADDRESSED] = s->addressed;
    features[CALIBRATION_LEAD] = s->lead;
    features[CALIBRATION_SAID] = s->said;
    features[CALIBRATION_CHARS] = s->chars;
    features[CALIBRATION_HINTED] = s->hinted;
    features[CALIBRATION_ASKED] = s->asked;
}

/* --- lines of the reason --------------------------------------------------------------------- */
static void line(decider *d, const char *key, const template_var *vars)
{
    if (d->reason.length > 0)
        buf_add_char(&d->reason, '\n');
    template_fill(d->c->templates, key, d->c->lang, vars, &d->reason);
    buf_add(&d->reason, template_text(d->c->templates, "stop", d->c->lang));
}

static status finish(decider *d, answer_status code, const char *headline)
{
    d->out->status = code;
    d->out->text = phrase_fill(d->c, headline, NULL);
    d->out->reason = arena_str(d->c->a, buf_str(&d->reason));
    bool failed = d->reason.failed || d->out->reason.data == NULL;
    buf_free(&d->reason);
    return failed ? error_memory(d->err) : STATUS_OK;
}

static bool hidden(const decider *d, kg_id relation)
{
    const retriever_relation *r =
        d->c->schema == NULL ? NULL : retriever_schema_relation(d->c->schema, relation);
    const pack_relation *p = phrase_pack_relation(d->c, relation);
    return (p != NULL && p->hidden) || (r != NULL && r->naming && p == NULL);
}

/* "It can tell: parents (1), synonyms (2), definition." */
static void can_tell(decider *d, kg_id entity)
{
    kg_edge_kind *kinds = NULL;
    size_t count = 0, n = 0;
    str items[CAN_TELL];
    error ignored = {0};
    if (entity == 0 ||
        kg_edge_kinds(d->c->read, entity, 1000, d->c->a, &kinds, &count, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < count && n < CORE_COUNT(items); i++) {
        if (kinds[i].direction != KG_OUT || hidden(d, kinds[i].relation))
            continue;
        if (d->c->schema != NULL && kinds[i].relation == d->c->schema->type_relation)
            continue;
        const lf_name name = {.id = kinds[i].relation};
        str label = phrase_relation(d->c, &name, false);
        const retriever_relation *r =
            d->c->schema == NULL ? NULL : retriever_schema_relation(d->c->schema, name.id);
        bool plain = kinds[i].count == 1 && r != NULL && r->stats.literal_share > 0.5;
        bool seen = false;
        for (size_t k = 0; k < n; k++)
            seen = seen || str_starts(items[k], label);
        if (seen)
            continue;
        items[n++] = plain ? label
                           : str_from(arena_printf(d->c->a, "%.*s (%llu)", STR_ARG(label),
                                                   (unsigned long long)kinds[i].count));
    }
    const template_var vars[] = {{"list", phrase_join(d->c, items, n)}, {NULL, {0}}};
    if (n > 0)
        line(d, "can_tell", vars);
}

/* Is anything of its own recorded but its class and its names? */
static bool tells_anything(const decider *d, kg_id entity)
{
    kg_edge_kind *kinds = NULL;
    size_t count = 0;
    error ignored = {0};
    if (kg_edge_kinds(d->c->read, entity, 1000, d->c->a, &kinds, &count, &ignored) != STATUS_OK)
        return true;
    for (size_t i = 0; i < count; i++)
        if (kinds[i].direction == KG_OUT && !hidden(d, kinds[i].relation) &&
            (d->c->schema == NULL || kinds[i].relation != d->c->schema->type_relation))
            return true;
    return false;
}

static const retriever_sense *main_entity(const retriever_result *found)
{
    const retriever_sense *best = NULL;
    for (size_t i = 0; i < found->mention_count; i++) {
        const retriever_mention *m = &found->mentions[i];
        if (m->kind == RETRIEVER_MENTION_ENTITY && m->sense_count > 0 &&
            (best == NULL || m->senses[0].score > best->score))
            best = &m->senses[0];
    }
    return best;
}

/* "It holds: disease (520), symptom (300)." */
static void holds(decider *d)
{
    const retriever_schema *s = d->c->schema;
    const retriever_class *most[HELD] = {NULL};
    str items[HELD];
    size_t n = 0;
    for (size_t i = 0; s != NULL && i < s->class_count; i++) {
        const retriever_class *c = &s->classes[i];
        if (c->members == 0 || str_starts(c->iri, STR("http://www.w3.org/")))
            continue;
        for (size_t k = 0; k < HELD && c != NULL; k++)
            if (most[k] == NULL || most[k]->members < c->members) {
                const retriever_class *weaker = most[k];
                most[k] = c;
                c = weaker;
            }
    }
    for (; n < HELD && most[n] != NULL; n++) {
        const lf_name name = {.id = most[n]->id, .label = most[n]->label};
        items[n] = str_from(arena_printf(d->c->a, "%.*s (%llu)", STR_ARG(phrase_class(d->c, &name)),
                                         (unsigned long long)most[n]->members));
    }
    const template_var vars[] = {{"list", phrase_join(d->c, items, n)}, {NULL, {0}}};
    if (n > 0)
        line(d, "holds", vars);
}

/* --- cases ----------------------------------------------------------------------------------- */
static status unknown_name(decider *d)
{
    bool named = false;
    for (size_t i = 0; i < d->found->mention_count; i++) {
        const retriever_mention *m = &d->found->mentions[i];
        if (m->kind != RETRIEVER_MENTION_UNKNOWN)
            continue;
        const template_var vars[] = {{"name", m->text}, {NULL, {0}}};
        line(d, "unknown_name", vars);
        named = true;
        str near[CHOICES];
        size_t n = 0;
        for (; n < m->sense_count && n < CHOICES; n++)
            near[n] = m->senses[n].label;
        const template_var list[] = {{"list", phrase_join(d->c, near, n)}, {NULL, {0}}};
        if (n > 0)
            line(d, "nearest", list);
    }
    if (!named) {
        line(d, "nothing_named", NULL);
        holds(d);
    }
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

/* "There is no 'X'", with the nearest name that there is. */
static status unknown_as(decider *d, str name, str nearest)
{
    const template_var vars[] = {{"name", name}, {NULL, {0}}};
    line(d, "unknown_name", vars);
    const template_var list[] = {{"list", nearest}, {NULL, {0}}};
    if (!str_empty(nearest) && !str_equal(nearest, name))
        line(d, "nearest", list);
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

static bool linked_inside(const retriever_result *found, size_t start, size_t end)
{
    for (size_t i = 0; i < found->mention_count; i++) {
        const retriever_mention *m = &found->mentions[i];
        if ((m->kind == RETRIEVER_MENTION_ENTITY || m->kind == RETRIEVER_MENTION_CLASS) &&
            m->start < end && m->end > start && m->end - m->start > 3 && m->sense_count > 0 &&
            m->senses[0].match != RETRIEVER_MATCH_FUZZY)
            return true;
    }
    return false;
}

/* What the pack says looks like a name, and the graph has no name in it; empty when all is known.
 */
static str unheld_name(const decider *d)
{
    size_t count = 0, start = 0, end = 0;
    if (d->c->pack == NULL)
        return (str){0};
    (void)pack_name_rules(d->c->pack, &count);
    for (size_t i = 0; i < count; i++)
        if (pack_name_rule_match(d->c->pack, i, d->q->question, &start, &end, NULL) &&
            !linked_inside(d->found, start, end))
            return str_slice(d->q->question, start, end);
    return (str){0};
}

/* Does a relation of the graph have one of the names, by itself or by the pack? */
static bool holds_one(const decider *d, pack_strs names)
{
    const retriever_schema *s = d->c->schema;
    for (size_t i = 0; s != NULL && i < s->relation_count; i++)
        for (size_t n = 0; n < names.count; n++) {
            const retriever_relation *r = &s->relations[i];
            bool same = str_equal_nocase(r->label, names.items[n]);
            for (size_t k = 0; k < r->alias_count && !same; k++)
                same = r->aliases[k].weight >= 1 &&
                       str_equal_nocase(r->aliases[k].text, names.items[n]);
            if (same)
                return true;
        }
    return false;
}

static bool in_a_name(const retriever_result *found, size_t start, size_t end)
{
    for (size_t i = 0; i < found->mention_count; i++) {
        const retriever_mention *m = &found->mentions[i];
        if (m->kind == RETRIEVER_MENTION_ENTITY && m->start < end && start < m->end)
            return true;
    }
    return false;
}

/* What the pack says graphs of its kind mostly lack, and this one lacks; empty when nothing of it
 * is asked. */
static str unrecorded(const decider *d)
{
    size_t count = 0, start = 0, end = 0;
    const pack_unrecorded *rules =
        d->c->pack == NULL ? NULL : pack_unrecorded_rules(d->c->pack, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t from = 0;
             pack_unrecorded_match(d->c->pack, i, d->q->question, from, &start, &end) &&
             end > start;
             from = end)
            if (!in_a_name(d->found, start, end) && !holds_one(d, rules[i].names))
                return pack_text_in(rules[i].labels, d->c->lang);
    return (str){0};
}

static const retriever_sense *main_entity(const retriever_result *found);

/* 民法典第一千五百条: the law is known, the article is not. */
static status missing_article(decider *d)
{
    const retriever_sense *law = main_entity(d->found);
    str number = d->found->signals.missing;
    if (law == NULL)
        return unknown_as(d, number, (str){0});
    char *name = arena_printf(d->c->a, "%.*s%.*s", STR_ARG(law->label), STR_ARG(number));
    return unknown_as(d, str_from(name), law->label);
}

static status no_relation_of(decider *d, str words)
{
    const retriever_sense *e = main_entity(d->found);
    if (e == NULL)
        return unknown_name(d);
    const template_var vars[] = {
        {"name", e->label}, {"class", e->class_label}, {"words", words}, {NULL, {0}}};
    if (!str_empty(words) && !tells_anything(d, e->id)) { /* what it is, and nothing more */
        line(d, "no_words", vars);
        return finish(d, ANSWER_ABSTAINED, "abstain");
    }
    line(d,
         str_empty(words)            ? "no_relation_plain"
         : str_empty(e->class_label) ? "no_relation"
                                     : "no_relation_class",
         vars);
    can_tell(d, e->id);
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

static status no_relation(decider *d)
{
    return no_relation_of(d, d->found->unexplained_words);
}

static status set_choices(decider *d, const retriever_sense *senses, size_t count)
{
    answer_alternative *items = ARENA_ARRAY(d->c->a, answer_alternative, count);
    if (items == NULL)
        return error_memory(d->err);
    for (size_t i = 0; i < count; i++) {
        str about = senses[i].class_label;
        char *label = str_empty(about) ? arena_cstr(d->c->a, senses[i].label)
                                       : arena_printf(d->c->a, "%.*s (%.*s)",
                                                      STR_ARG(senses[i].label), STR_ARG(about));
        items[i] = (answer_alternative){.label = str_from(label), .score = (double)senses[i].score};
    }
    d->out->alternatives = items;
    d->out->alternative_count = count;
    return STATUS_OK;
}

static status ambiguous(decider *d)
{
    size_t n = d->found->choice_count < CHOICES ? d->found->choice_count : CHOICES;
    const template_var vars[] = {{"name", n > 0 ? d->found->choices[0].matched : str_make(NULL, 0)},
                                 {NULL, {0}}};
    if (n > 0)
        line(d, "ambiguous", vars);
    status st = set_choices(d, d->found->choices, n);
    status last = finish(d, ANSWER_CLARIFY, "clarify");
    return st == STATUS_OK ? last : st;
}

/* What the graph has instead: the values that were found behind the path of a yes/no question. */
static void instead(decider *d, const lf_node *form)
{
    const execute_result *r = &d->found->result;
    size_t n = r->value_count < INSTEAD ? r->value_count : INSTEAD;
    str items[INSTEAD];
    for (size_t i = 0; i < n; i++) {
        items[i] = phrase_label(d->c, r->values[i].id);
        for (size_t k = 0; k < r->values[i].witness_count; k++)
            (void)cite_add(d->q->cites, &r->statements[r->values[i].witnesses[k]]);
    }
    if (n == 0)
        return;
    const template_var list[] = {
        {"np", phrase_of(d->c, form)},
        {"list", phrase_list(d->c, items, n, r->value_count, phrase_counter(d->c, form))},
        {NULL, {0}}};
    const template_var vars[] = {{"fact", phrase_fill(d->c, "list_inside", list)}, {NULL, {0}}};
    line(d, "records_instead", vars);
}

static void other_times(decider *d, const lf_node *form)
{
    const execute_result *r = &d->found->result;
    char day[16], from[16], to[16];
    clock_day_format(d->found->as_of, day);
    const template_var vars[] = {
        {"date", str_from(day)}, {"np", phrase_of(d->c, form)}, {NULL, {0}}};
    line(d, "not_at", vars);
    str dates[INSTEAD];
    size_t n = 0;
    for (size_t i = 0; i < r->other_time_count && n < INSTEAD; i++) {
        const kg_statement *s = &r->other_times[i];
        if (s->valid_from == CLOCK_DAY_UNKNOWN && s->valid_to == CLOCK_DAY_UNKNOWN)
            continue;
        clock_day_format(s->valid_from, from);
        clock_day_format(s->valid_to, to);
        const template_var v[] = {{"from", str_from(from)}, {"to", str_from(to)}, {NULL, {0}}};
        const char *key = s->valid_from == CLOCK_DAY_UNKNOWN ? "valid_to"
                          : s->valid_to == CLOCK_DAY_UNKNOWN ? "valid_from"
                                                             : "valid_both";
        dates[n++] = phrase_fill(d->c, key, v);
        (void)cite_add(d->q->cites, s);
    }
    const template_var v[] = {{"dates", phrase_join(d->c, dates, n)}, {NULL, {0}}};
    if (n > 0)
        line(d, "other_time", v);
}

static status empty(decider *d)
{
    const lf_node *form = d->found->form;
    const retriever_sense *e = main_entity(d->found);
    if (form == NULL)
        return no_relation(d);
    while (form->op == LF_AT)
        form = form->a;
    if (d->found->result.other_time_count > 0) {
        other_times(d, form);
        return finish(d, ANSWER_ABSTAINED, "abstain");
    }
    if (form->op == LF_ASK && form->b != NULL) {
        const template_var vars[] = {{"fact", phrase_fact(d->c, form, phrase_of(d->c, form->b))},
                                     {NULL, {0}}};
        line(d, "records_no_fact", vars);
        instead(d, form->a);
    } else {
        const template_var vars[] = {{"np", phrase_of(d->c, form)}, {NULL, {0}}};
        line(d, "records_no", vars);
    }
    if (e != NULL && d->found->result.value_count == 0)
        can_tell(d, e->id);
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

/* The name of a drug, or of an article, is never corrected silently: ask. */
static const retriever_mention *misspelt_drug(const decider *d)
{
    size_t count;
    for (size_t i = 0; i < d->found->mention_count; i++) {
        const retriever_mention *m = &d->found->mentions[i];
        if (m->kind != RETRIEVER_MENTION_ENTITY || m->sense_count == 0 ||
            m->senses[0].match != RETRIEVER_MATCH_FUZZY)
            continue;
        size_t k = d->c->pack == NULL
                       ? PACK_NONE
                       : pack_class_find(d->c->pack, (str){0}, m->senses[0].class_label);
        str id = k == PACK_NONE ? str_make(NULL, 0) : pack_classes(d->c->pack, &count)[k].id;
        if (str_equal(id, STR("drug")) || str_equal(id, STR("article")))
            return m;
    }
    return NULL;
}

/* A short name that is one character away from several (高血亚: 高血压, 高血脂): nobody knows
 * which. */
static const retriever_mention *near_several(const decider *d)
{
    for (size_t i = 0; i < d->found->mention_count; i++) {
        const retriever_mention *m = &d->found->mentions[i];
        if (m->kind == RETRIEVER_MENTION_ENTITY && m->sense_count > 1 &&
            m->senses[0].match == RETRIEVER_MATCH_FUZZY && m->senses[0].id != m->senses[1].id &&
            m->senses[1].score > m->senses[0].score - 0.02F &&
            utf8_has_han(m->text.data, m->text.length) &&
            utf8_count(m->senses[0].label.data, m->senses[0].label.length) ==
                utf8_count(m->senses[1].label.data, m->senses[1].label.length) &&
            utf8_count(m->senses[0].label.data, m->senses[0].label.length) <= SHORT_NAME)
            return m;
    }
    return NULL;
}

static status ask_name(decider *d, const retriever_mention *m)
{
    const template_var vars[] = {{"name", m->text}, {"nearest", m->senses[0].label}, {NULL, {0}}};
    line(d, "unsure_name", vars);
    status st = set_choices(d, m->senses, m->sense_count);
    status last = finish(d, ANSWER_CLARIFY, "clarify");
    return st == STATUS_OK ? last : st;
}

static status unsure(decider *d)
{
    const retriever_sense *e = main_entity(d->found);
    if (d->found->signals.beside >= BESIDE / 2 && e != NULL)
        return unknown_as(d, d->found->signals.beside_text, e->label);
    if (!str_empty(d->found->unexplained_words) && d->found->unexplained > 0.4 && e != NULL)
        return no_relation(d);
    const template_var vars[] = {{"np", phrase_of(d->c, d->found->form)}, {NULL, {0}}};
    line(d, "unsure", vars);
    if (e != NULL)
        can_tell(d, e->id);
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

/* "通过什么途径传染" of what is 无传染性: the way is asked of what does not happen. */
static bool asks_way_of_nothing(const decider *d)
{
    static const char *const ways[] = {"途径", "怎么传", "如何传", "怎样传", "什么传",  "传给",
                                       "传到", "怎么染", "如何染", "怎么过", "什么渠道"};
    static const char *const no[] = {"无", "非", "不"};
    const execute_result *r = &d->found->result;
    bool way = false;
    if (d->found->form->op != LF_HOP || r->value_count == 0 || r->value_count > INSTEAD)
        return false;
    for (size_t i = 0; i < CORE_COUNT(ways) && !way; i++)
        way = str_find(d->q->question, str_from(ways[i]), 0) != STR_NONE;
    for (size_t i = 0; i < r->value_count && way; i++) {
        str label = phrase_label(d->c, r->values[i].id);
        bool denied = false;
        for (size_t k = 0; k < CORE_COUNT(no); k++)
            denied = denied || str_starts(label, str_from(no[k]));
        way = denied;
    }
    return way;
}

static status says_otherwise(decider *d)
{
    instead(d, d->found->form);
    return finish(d, ANSWER_ABSTAINED, "abstain");
}

static const calibration *model_of(const decider *d)
{
    const calibration_set *set = d->q->calibration;
    return d->found->signals.passage ? &set->passage : &set->statement;
}

static status judge(decider *d)
{
    double *features = ARENA_ARRAY(d->c->a, double, CALIBRATION_FEATURES);
    if (features == NULL)
        return error_memory(d->err);
    decide_features(d->found, features);
    d->out->features = features;
    d->out->passage = d->found->signals.passage;
    d->out->confidence = calibration_probability(model_of(d), features);
    return STATUS_OK;
}

/* Yes or no was asked of a text that was searched for, and it does not tell. */
static bool leaves_open(const decider *d)
{
    const execute_result *r = &d->found->result;
    str claim = yes_no_claim(d->q->question, d->c->a);
    measure_ask ask;
    if (d->q->glue == NULL || !d->found->signals.passage || str_empty(claim) ||
        r->value_count != 1 || d->found->form->op != LF_HOP ||
        str_find(d->q->question, STR("条"), 0) != STR_NONE || measure_asked(d->q->question, &ask))
        return false;
    str text = phrase_label(d->c, r->values[0].id);
    return yes_no_by(d->q->glue, &d->q->yes_no, claim, text, d->c->a) == YES_NO_UNSAID;
}

/* How much or how many was asked, and the text that was found holds nothing of the kind. */
static bool lacks_measure(const decider *d)
{
    static const char *const asks[] = {"多少", "几", "多久", "多长", "多远", "多大"};
    const execute_result *r = &d->found->result;
    measure_ask ask;
    if (!d->found->signals.passage || r->value_count != 1 || d->found->form->op != LF_HOP ||
        !measure_asked(d->q->question, &ask))
        return false;
    str words = str_slice(d->q->question, ask.start, ask.end);
    return str_holds_any(words, asks, CORE_COUNT(asks)) &&
           !measure_has(&ask, phrase_label(d->c, r->values[0].id));
}

status decide(const decide_request *request, answer *out, error *err)
{
    const retriever_result *found = request->found;
    decider d = {.q = request, .c = request->phrases, .found = found, .out = out, .err = err};
    out->status = ANSWER_ANSWERED;
    str unheld = unheld_name(&d);
    if (!str_empty(unheld))
        return unknown_as(&d, unheld, (str){0});
    if (!str_empty(found->signals.missing))
        return missing_article(&d);
    str lacking = found->signals.passage ? str_make(NULL, 0) : unrecorded(&d);
    if (!str_empty(lacking) && main_entity(found) != NULL)
        return no_relation_of(&d, lacking);
    switch (found->outcome) {
    case RETRIEVER_NOTHING_SAID:
        line(&d, "nothing_said", NULL);
        return finish(&d, ANSWER_ABSTAINED, "abstain");
    case RETRIEVER_NO_ENTITY:
        return unknown_name(&d);
    case RETRIEVER_NO_RELATION:
        return no_relation(&d);
    case RETRIEVER_AMBIGUOUS:
        return ambiguous(&d);
    case RETRIEVER_EMPTY:
        return empty(&d);
    case RETRIEVER_FOUND:
        break;
    }
    if (found->form == NULL)
        return no_relation(&d);
    const retriever_mention *misspelt = misspelt_drug(&d);
    if (misspelt == NULL)
        misspelt = near_several(&d);
    if (misspelt != NULL)
        return ask_name(&d, misspelt);
    const execute_result *r = &found->result;
    if (r->kind == EXECUTE_TRUTH &&
        (r->truth == EXECUTE_UNKNOWN || (r->truth == EXECUTE_NO && r->value_count == 0)))
        return empty(&d); /* a no rests on what the graph records instead, or it is none */
    if (asks_way_of_nothing(&d))
        return says_otherwise(&d);
    status st = judge(&d);
    if (st != STATUS_OK || request->answer_always)
        return st;
    const calibration *model = model_of(&d);
    const retriever_signals *signals = &found->signals;
    bool zh = str_equal(request->phrases->lang, STR("zh"));
    if (!signals->passage && signals->beside >= (zh ? BESIDE / 2 : BESIDE))
        return unsure(&d);
    if (!signals->passage && (signals->reason_asked || signals->unit_missed))
        return no_relation(&d); /* complications are no reasons, treatments no lengths of time */
    if (!signals->passage && signals->unsaid >= UNSAID)
        return unsure(&d);
    if (!signals->passage && zh && signals->focus >= FOCUS)
        return no_relation(&d);
    if (leaves_open(&d) || lacks_measure(&d))
        return unsure(&d);
    if (out->confidence < calibration_threshold(model, request->phrases->lang))
        return unsure(&d);
    return STATUS_OK;
}

status decide_empty(const decide_request *request, answer *out, error *err)
{
    decider d = {
        .q = request, .c = request->phrases, .found = request->found, .out = out, .err = err};
    return empty(&d);
}
