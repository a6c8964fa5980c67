/* See retriever.h. What is made from one version of the graph (index, knowledge) is a `state` that
 * questions hold by a count of references, so that a new version never pulls the ground away from
 * a question that has begun. */
#include "retriever/retriever.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/resource.h"
#include "core/utf8.h"
#include "kg/pack.h"
#include "retriever/homonyms.h"
#include "retriever/index.h"
#include "retriever/knowledge.h"
#include "retriever/link.h"
#include "retriever/operators.h"
#include "retriever/plan.h"
#include "retriever/rank.h"
#include "retriever/signals.h"
#include "retriever/synonyms.h"
#include "retriever/verdict.h"
#include "retriever/versions.h"

#define MOST_CANDIDATES 32
#define SAID_OUTRIGHT 0.85 /* coverage of a step that was asked in its own words */
#define MOST_EXECUTED 6
#define MOST_QUESTION_BYTES 8192
#define FIRST_FAMILIAR 0.30

typedef struct state {
    graph_index *index;
    knowledge *knowledge;
    examples *examples; /* NULL = none */
    uint64_t version;
    int holders;
} state;

struct retriever {
    kg_store *store;
    const struct pack *pack;
    bool cache;
    arena *texts;
    str concepts, broader, synonyms, asked;
    operators *rules;
    const char *examples; /* a path in texts; NULL = none */
    rank_weights weights;
    pthread_mutex_t lock;
    state *current;
};

/* --- state -------------------------------------------------------------------------------------
 */
static void state_drop(retriever *r, state *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    bool last = --s->holders == 0;
    pthread_mutex_unlock(&r->lock);
    if (!last)
        return;
    examples_close(s->examples);
    knowledge_free(s->knowledge);
    index_close(s->index);
    free(s);
}

static status state_make(retriever *r, kg_read *read, state **out, error *err)
{
    state *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->holders = 1;
    s->version = kg_read_version(read);
    status st = index_open(r->store, read, r->cache, &s->index, err);
    if (st == STATUS_OK)
        st = knowledge_build(read, s->index, r->pack, r->concepts, r->broader, &s->knowledge, err);
    if (st == STATUS_OK && r->examples != NULL)
        st = examples_open(r->examples, &s->knowledge->schema, &s->examples, err);
    if (st != STATUS_OK) {
        knowledge_free(s->knowledge);
        index_close(s->index);
        free(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

/* The state for this read's version; drop it after use. */
static status state_hold(retriever *r, kg_read *read, state **out, error *err)
{
    state *old = NULL;
    status st = STATUS_OK;
    pthread_mutex_lock(&r->lock);
    if (r->current == NULL || r->current->version != kg_read_version(read)) {
        state *made = NULL;
        st = state_make(r, read, &made, err);
        if (st == STATUS_OK) {
            old = r->current;
            r->current = made;
        }
    }
    if (st == STATUS_OK) {
        r->current->holders++;
        *out = r->current;
    }
    pthread_mutex_unlock(&r->lock);
    state_drop(r, old);
    return st;
}

/* --- open --------------------------------------------------------------------------------------
 */
/* A table that few packs have: "legal_synonyms.tsv". */
static status open_table(const retriever *r, const char *what, str *out, error *err)
{
    error ignored = {0};
    const char *name =
        r->pack == NULL ? NULL
                        : arena_printf(r->texts, "%.*s_%s.tsv", STR_ARG(pack_name(r->pack)), what);
    status s = name == NULL ? STATUS_OK : resource_get(str_from(name), r->texts, out, &ignored);
    return s == STATUS_OK || s == STATUS_NOT_FOUND ? STATUS_OK
                                                   : error_set(err, s, "%s", ignored.message);
}

static status open_parts(retriever *r, const retriever_options *o, error *err)
{
    str rules, weights;
    status s = resource_get(STR("concepts.tsv"), r->texts, &r->concepts, err);
    if (s == STATUS_OK)
        s = resource_get(STR("broader.tsv"), r->texts, &r->broader, err);
    if (s == STATUS_OK)
        s = resource_get(STR("operators.tsv"), r->texts, &rules, err);
    if (s == STATUS_OK)
        s = operators_open(rules, r->pack, &r->rules, err);
    if (s == STATUS_OK)
        s = o->weights != NULL ? resource_read_file(o->weights, r->texts, &weights, err)
                               : resource_get(STR("weights.json"), r->texts, &weights, err);
    if (s == STATUS_OK)
        s = rank_weights_parse(weights, o->weights != NULL ? o->weights : "weights.json",
                               &r->weights, err);
    if (s == STATUS_OK)
        s = open_table(r, "synonyms", &r->synonyms, err);
    return s == STATUS_OK ? open_table(r, "asked", &r->asked, err) : s;
}

status retriever_open(kg_store *store, const retriever_options *options, retriever **out,
                      error *err)
{
    static const retriever_options defaults = {0};
    const retriever_options *o = options != NULL ? options : &defaults;
    retriever *r = calloc(1, sizeof *r);
    if (r == NULL)
        return error_memory(err);
    pthread_mutex_init(&r->lock, NULL);
    r->store = store;
    r->pack = o->pack;
    r->cache = !o->no_cache;
    r->texts = arena_new(0);
    if (o->examples != NULL && r->texts != NULL)
        r->examples = arena_cstr(r->texts, str_from(o->examples));
    status s = r->texts == NULL ? error_memory(err) : open_parts(r, o, err);
    if (s != STATUS_OK) {
        retriever_close(r);
        return s;
    }
    *out = r;
    return STATUS_OK;
}

void retriever_close(retriever *r)
{
    if (r == NULL)
        return;
    state_drop(r, r->current);
    operators_close(r->rules);
    arena_free(r->texts);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* --- one question ------------------------------------------------------------------------------
 */
typedef struct asking {
    retriever *r;
    kg_read *read;
    const retriever_request *request;
    const state *state;
    arena *a;
    error *err;
    retriever_result *out;
    retriever_candidate *candidates;
    operator_hits operators;
    link_result link;
    version_choice version;
    plan plan;
    verdict_before by_words;
} asking;

/* A version that the question names stands above the day of the request. */
static void choose_version(asking *q)
{
    if (!versions_choose(q->read, &q->state->knowledge->schema, q->request->question, q->out->as_of,
                         &q->link, q->a, &q->version))
        return;
    q->out->as_of_asked = q->out->as_of_asked || q->version.day != q->out->as_of;
    q->out->as_of = q->version.day;
}

static status link_stage(asking *q)
{
    text_tokens tokens = {0};
    str question = q->request->question;
    status s = text_tokenise(question, false, q->a, &tokens, q->err);
    if (s != STATUS_OK)
        return s;
    q->out->lang = !str_empty(q->request->lang) ? q->request->lang : text_language(&tokens);
    q->out->normalised = kg_normalise(question, q->a);
    s = operators_find(q->r->rules, question, q->out->lang, q->a, &q->operators, q->err);
    if (s != STATUS_OK)
        return s;
    link_input in = {.read = q->read,
                     .index = q->state->index,
                     .knowledge = q->state->knowledge,
                     .question = question,
                     .lang = q->out->lang,
                     .operators = &q->operators,
                     .focus = q->request->focus,
                     .focus_count = q->request->focus_count};
    s = link_question(&in, q->a, &q->link, q->err);
    if (s != STATUS_OK)
        return s;
    choose_version(q);
    retriever_mention *shown = ARENA_ARRAY(q->a, retriever_mention, q->link.count + 1);
    if (shown == NULL)
        return error_memory(q->err);
    for (size_t i = 0; i < q->link.count; i++)
        shown[i] = q->link.mentions[i].shown;
    q->out->mentions = shown;
    q->out->mention_count = q->link.count;
    return STATUS_OK;
}

static status plan_stage(asking *q)
{
    kg_totals totals = {0};
    status s = kg_read_totals(q->read, &totals, q->err);
    if (s != STATUS_OK)
        return s;
    plan_input *in = ARENA_NEW(q->a, plan_input);
    if (in == NULL)
        return error_memory(q->err);
    *in = (plan_input){.read = q->read,
                       .index = q->state->index,
                       .knowledge = q->state->knowledge,
                       .link = &q->link,
                       .operators = &q->operators,
                       .question = q->request->question,
                       .lang = q->out->lang,
                       .as_of = q->out->as_of,
                       .examples = q->state->examples,
                       .synonyms = q->r->synonyms,
                       .asked = q->r->asked,
                       .said = &q->version.said,
                       .previous = q->request->previous,
                       .has_passages = totals.passages > 0,
                       .general = q->r->pack != NULL ? pack_general(q->r->pack) : (pack_strs){0},
                       .passage_weights = q->r->weights.passages,
                       .on_passage = q->request->on_passage,
                       .on_passage_context = q->request->on_passage_context,
                       .deadline_ns = q->request->deadline_ns};
    return plan_question(in, q->a, &q->plan, q->err);
}

static status rank_stage(asking *q)
{
    const double *weights =
        q->state->examples != NULL ? q->r->weights.examples : q->r->weights.plain;
    status s = rank_forms(&q->plan, weights, MOST_CANDIDATES, q->a, &q->candidates,
                          &q->out->candidate_count, q->err);
    if (s == STATUS_OK)
        s = verdict_add(&(verdict_input){.scorer = q->request->scorer,
                                         .scorer_context = q->request->scorer_context,
                                         .link = &q->link,
                                         .schema = &q->state->knowledge->schema,
                                         .lang = q->out->lang,
                                         .a = q->a},
                        weights, q->candidates, q->out->candidate_count, &q->by_words, q->err);
    q->out->candidates = q->candidates;
    q->out->enumerated = q->plan.enumerated;
    q->out->bounded = q->plan.bounded;
    return s;
}

static bool gives_something(const lf_node *form, const execute_result *r)
{
    (void)form;
    if (r->kind == EXECUTE_TRUTH)
        return r->truth != EXECUTE_UNKNOWN || r->value_count > 0;
    if (r->kind == EXECUTE_DESCRIBE)
        return r->statement_count > 0;
    return r->value_count > 0 || (r->kind == EXECUTE_COUNT && r->closed_world);
}

static void move_to_front(retriever_candidate *c, size_t at)
{
    retriever_candidate chosen = c[at];
    memmove(c + 1, c, at * sizeof *c);
    c[0] = chosen;
}

/* Values that deny what is asked (无传染性 where 有传染性 is asked, 非医保疾病) settle it: no. */
static bool denies(str have, str asked)
{
    static const char *const no[] = {"无", "非", "不", "没有", "no ", "not ", "non-"};
    static const char *const yes[] = {"有", "是", "属于", "可", "很", ""};
    for (size_t i = 0; i < CORE_COUNT(no); i++)
        for (size_t k = 0; str_starts(have, str_from(no[i])) && k < CORE_COUNT(yes); k++)
            if (str_starts(asked, str_from(yes[k])) &&
                str_equal(str_slice(have, strlen(no[i]), have.length),
                          str_slice(asked, strlen(yes[k]), asked.length)))
                return true;
    return false;
}

/* Is the thing a class of the hierarchy, one with others above or below it? */
static bool stands_in_hierarchy(const asking *q, kg_id thing)
{
    const graph_index *in = q->state->index;
    uint32_t relation = index_relation_find(in, q->state->knowledge->schema.subclass_relation);
    index_node node = index_find(in, thing);
    size_t up = 0, down = 0;
    if (relation == INDEX_NONE || node == INDEX_NONE)
        return false;
    index_edges_of(in, node, relation, false, &up);
    index_edges_of(in, node, relation, true, &down);
    return up + down > 0;
}

/* "Is X a kind of Y": both stand in the hierarchy, and Y is none of all that X is a kind of. A
 * question is answered no by what is recorded instead; a claim stays open (see docs/DECISIONS.md).
 */
static bool settles_kind(const asking *q, const lf_node *form, const execute_result *r)
{
    const lf_node *up = form->a;
    kg_id kinds = q->state->knowledge->schema.subclass_relation;
    return up->op == LF_HOP && kinds != 0 && up->step.relation.id == kinds && up->step.closure &&
           !up->step.inverse && up->a->op == LF_ENTITY && up->a->name.id != form->b->name.id &&
           r->value_count > 0 && stands_in_hierarchy(q, form->b->name.id);
}

static void settle_truth(asking *q, const lf_node *form, execute_result *r)
{
    error ignored = {0};
    str asked = {0};
    if (form->op != LF_ASK || form->b == NULL || form->b->op != LF_ENTITY ||
        r->truth != EXECUTE_UNKNOWN ||
        kg_labels(q->read, &form->b->name.id, 1, q->out->lang, q->a, &asked, &ignored) != STATUS_OK)
        return;
    if (settles_kind(q, form, r))
        r->truth = EXECUTE_NO;
    for (size_t i = 0; i < r->value_count && r->truth == EXECUTE_UNKNOWN; i++) {
        str have = {0};
        if (kg_labels(q->read, &r->values[i].id, 1, q->out->lang, q->a, &have, &ignored) ==
                STATUS_OK &&
            denies(have, asked))
            r->truth = EXECUTE_NO;
    }
}

/* Executes the best; where it gives nothing, the next that scores nearly as well may. */
static status execute_stage(asking *q)
{
    execute_options o = {.schema = &q->state->knowledge->schema,
                         .as_of = q->out->as_of,
                         .limits = q->request->limits};
    execute_result first = {0};
    if (o.limits.deadline_ns == 0)
        o.limits.deadline_ns = q->request->deadline_ns;
    for (size_t i = 0; i < q->out->candidate_count && i < MOST_EXECUTED; i++) {
        retriever_candidate *c = &q->candidates[i];
        execute_result result = {0};
        if (i > 0 && q->candidates[0].score - c->score > 1.2)
            break;
        /* What the graph does not record is not looked for further away: X's parents' synonyms are
         * none of X's. */
        if (i > 0 && lf_hops(c->form) > lf_hops(q->candidates[0].form))
            continue;
        /* Nor is another step of X what was asked outright. */
        if (i > 0 && q->candidates[0].features[RETRIEVER_F_EMPTY] > 0 &&
            q->candidates[0].features[RETRIEVER_F_COVERAGE] >= SAID_OUTRIGHT &&
            lf_hops(q->candidates[0].form) == 1)
            break;
        status s = execute_form(q->read, c->form, &o, q->a, &result, q->err);
        if (s != STATUS_OK)
            return s;
        c->executed = true;
        c->answers = result.value_count;
        settle_truth(q, c->form, &result);
        if (gives_something(c->form, &result)) {
            q->out->result = result;
            q->out->form = c->form;
            q->out->outcome = RETRIEVER_FOUND;
            move_to_front(q->candidates, i);
            return STATUS_OK;
        }
        c->features[RETRIEVER_F_EMPTY] = 1;
        if (i == 0)
            first = result;
    }
    q->out->result = first;
    q->out->form = q->out->candidate_count > 0 ? q->candidates[0].form : NULL;
    q->out->outcome = RETRIEVER_EMPTY;
    return STATUS_OK;
}

/* A name of several things, each of which answers in its own way: which is meant must be asked. A
 * text that was searched for, and what is known of a thing as a whole, are not told apart. */
static status homonym_stage(asking *q)
{
    execute_options o = {.schema = &q->state->knowledge->schema,
                         .as_of = q->out->as_of,
                         .limits = q->request->limits};
    const lf_node *form = q->out->form;
    if (o.limits.deadline_ns == 0)
        o.limits.deadline_ns = q->request->deadline_ns;
    if (q->out->outcome != RETRIEVER_FOUND || form == NULL || q->out->follow_up ||
        form->op == LF_SEARCH || form->op == LF_DESCRIBE)
        return STATUS_OK;
    return homonyms_find(q->read, &q->link, q->request->question, form, &q->out->result, &o, q->a,
                         &q->out->choices, &q->out->choice_count, q->err);
}

/* --- signals -----------------------------------------------------------------------------------
 */
static void tell_unexplained(asking *q)
{
    buf words = {0};
    const plan_form *chosen = NULL;
    for (size_t i = 0; i < q->plan.form_count && chosen == NULL; i++)
        if (q->plan.forms[i].form == q->out->form)
            chosen = &q->plan.forms[i];
    bool before = false;
    for (size_t i = 0; chosen != NULL && i < q->link.tokens.count && i < PHRASEBOOK_TOKENS; i++) {
        bool left = !token_mask_has(&chosen->mask, i) && q->plan.content[i] > 0.2f;
        const text_token *t = &q->link.tokens.items[i];
        if (left && words.length > 0 && (!before || t->kind != TEXT_HAN))
            buf_add_char(&words, ' ');
        if (left)
            buf_add(&words, str_slice(q->request->question, t->start, t->end));
        before = left;
    }
    q->out->synonyms = synonyms_of(q->r->synonyms, q->request->question, q->a);
    q->out->unexplained_words = arena_str(q->a, buf_str(&words));
    buf_free(&words);
}

static void tell_signals(asking *q)
{
    retriever_result *out = q->out;
    if (out->candidate_count == 0)
        return;
    const retriever_candidate *c = q->candidates;
    out->link_score = c[0].features[RETRIEVER_F_LINK];
    out->unexplained = c[0].features[RETRIEVER_F_UNEXPLAINED];
    out->coverage = c[0].features[RETRIEVER_F_COVERAGE] - 0.4 * c[0].features[RETRIEVER_F_UNSAID];
    if (out->coverage < 0)
        out->coverage = 0;
    /* How sure the words are is what the thresholds were fitted on; a model that agrees with them
     * about the best form changes nothing in it. */
    bool agreed = q->by_words.form == c[0].form && q->by_words.form != NULL;
    out->margin = verdict_margin(c, out->candidate_count);
    if (agreed) {
        out->margin = fmax(out->margin, q->by_words.margin);
        q->candidates[0].probability = fmax(c[0].probability, q->by_words.probability);
    }
    tell_unexplained(q);
    signals_measure(&q->plan, &c[0], &out->result, &out->signals);
}

static bool any_entity(const asking *q)
{
    for (size_t i = 0; i < q->link.count; i++)
        if (q->link.mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY)
            return true;
    return false;
}

static void tell_outcome(asking *q)
{
    retriever_result *out = q->out;
    if (q->link.tokens.count == 0)
        out->outcome = RETRIEVER_NOTHING_SAID;
    else if (out->candidate_count == 0)
        out->outcome = any_entity(q) ? RETRIEVER_NO_RELATION : RETRIEVER_NO_ENTITY;
    else if (out->form != NULL && out->form->op != LF_SEARCH && out->coverage < FIRST_FAMILIAR &&
             out->unexplained > 0.5)
        out->outcome = RETRIEVER_NO_RELATION;
    else if (out->outcome == RETRIEVER_FOUND && out->choice_count > 1)
        out->outcome = RETRIEVER_AMBIGUOUS;
}

static status run(asking *q)
{
    retriever_timings *t = &q->out->timings;
    uint64_t start = clock_monotonic_ns();
    status s = link_stage(q);
    t->link = clock_elapsed_ms(start);
    start = clock_monotonic_ns();
    if (s == STATUS_OK)
        s = plan_stage(q);
    t->plan = clock_elapsed_ms(start);
    start = clock_monotonic_ns();
    if (s == STATUS_OK)
        s = rank_stage(q);
    t->rank = clock_elapsed_ms(start);
    start = clock_monotonic_ns();
    if (s == STATUS_OK)
        s = execute_stage(q);
    if (s == STATUS_OK)
        s = homonym_stage(q);
    t->execute = clock_elapsed_ms(start);
    if (s == STATUS_OK) {
        tell_signals(q);
        tell_outcome(q);
    }
    return s;
}

status retriever_ask(retriever *r, kg_read *read, const retriever_request *request, arena *a,
                     retriever_result *out, error *err)
{
    state *held = NULL;
    str question = request->question;
    if (question.length > MOST_QUESTION_BYTES)
        return error_set(err, STATUS_LIMIT, "the question has %zu bytes; at most %d are read",
                         question.length, MOST_QUESTION_BYTES);
    if (!utf8_valid(question.data == NULL ? "" : question.data, question.length))
        return error_set(err, STATUS_SYNTAX, "the question is not valid UTF-8");
    status s = state_hold(r, read, &held, err);
    if (s != STATUS_OK)
        return s;
    retriever_result result = {.as_of = request->as_of,
                               .as_of_asked = request->as_of != CLOCK_DAY_UNKNOWN};
    if (!result.as_of_asked)
        result.as_of = clock_today();
    asking q = {.r = r,
                .read = read,
                .request = request,
                .state = held,
                .a = a,
                .err = err,
                .out = &result};
    s = run(&q);
    state_drop(r, held);
    if (s == STATUS_OK)
        *out = result;
    return s;
}

/* --- parts -------------------------------------------------------------------------------------
 */
static status link_text(retriever *r, const state *held, kg_read *read, str text, str lang,
                        bool exact, arena *a, link_result *out, error *err)
{
    operator_hits ops = {0};
    status s = operators_find_silent(r->rules, text, lang, a, &ops, err);
    link_input in = {.read = read,
                     .index = held->index,
                     .knowledge = held->knowledge,
                     .question = text,
                     .lang = lang,
                     .operators = &ops,
                     .exact = exact};
    return s == STATUS_OK ? link_question(&in, a, out, err) : s;
}

status retriever_link(retriever *r, kg_read *read, str text, str lang, bool exact, arena *a,
                      retriever_mention **out, size_t *out_count, error *err)
{
    state *held = NULL;
    status s = state_hold(r, read, &held, err);
    if (s != STATUS_OK)
        return s;
    link_result linked = {0};
    s = link_text(r, held, read, text, lang, exact, a, &linked, err);
    retriever_mention *mentions =
        s == STATUS_OK ? ARENA_ARRAY(a, retriever_mention, linked.count + 1) : NULL;
    state_drop(r, held);
    if (s != STATUS_OK)
        return s;
    if (mentions == NULL)
        return error_memory(err);
    for (size_t i = 0; i < linked.count; i++)
        mentions[i] = linked.mentions[i].shown;
    *out = mentions;
    *out_count = linked.count;
    return STATUS_OK;
}

status retriever_version_of(retriever *r, kg_read *read, str text, str lang, clock_day today,
                            arena *a, clock_day *day, size_t *start, size_t *end, error *err)
{
    state *held = NULL;
    link_result linked = {0};
    version_choice choice = {.day = today};
    status s = state_hold(r, read, &held, err);
    if (s != STATUS_OK)
        return s;
    s = link_text(r, held, read, text, lang, true, a, &linked, err);
    bool chosen = s == STATUS_OK &&
                  versions_choose(read, &held->knowledge->schema, text, today, &linked, a, &choice);
    state_drop(r, held);
    if (s != STATUS_OK)
        return s;
    *day = chosen ? choice.day : today;
    *start = *end = 0;
    for (size_t i = 0; chosen && i < linked.tokens.count && i < PHRASEBOOK_TOKENS; i++) {
        if (!token_mask_has(&choice.said, i))
            continue;
        *start = *end == 0 ? linked.tokens.items[i].start : *start;
        *end = linked.tokens.items[i].end;
    }
    return STATUS_OK;
}

str retriever_synonyms(const retriever *r)
{
    return r->synonyms;
}

status retriever_relations_in(retriever *r, kg_read *read, str text, str lang, arena *a,
                              retriever_relation_hit **out, size_t *out_count, error *err)
{
    state *held = NULL;
    text_tokens tokens = {0};
    phrasebook_hit *hits = NULL;
    size_t count = 0;
    (void)lang;
    status s = state_hold(r, read, &held, err);
    if (s != STATUS_OK)
        return s;
    s = text_tokenise(text, false, a, &tokens, err);
    if (s == STATUS_OK)
        s = phrasebook_match(held->knowledge->steps, &tokens, NULL, 0.2f, 2, a, &hits, &count, err);
    retriever_relation_hit *list =
        s == STATUS_OK ? ARENA_ARRAY(a, retriever_relation_hit, count + 1) : NULL;
    for (size_t i = 0; list != NULL && i < count; i++) {
        size_t first = SIZE_MAX, last = 0;
        for (size_t k = 0; k < tokens.count && k < PHRASEBOOK_TOKENS; k++)
            if (token_mask_has(&hits[i].mask, k)) {
                first = first == SIZE_MAX ? k : first;
                last = k;
            }
        list[i] = (retriever_relation_hit){
            .relation = &held->knowledge->schema.relations[hits[i].target / 2],
            .inverse = (hits[i].target & 1) != 0,
            .score = hits[i].quality,
            .start = first == SIZE_MAX ? 0 : tokens.items[first].start,
            .end = first == SIZE_MAX ? 0 : tokens.items[last].end};
    }
    state_drop(r, held);
    if (s != STATUS_OK)
        return s;
    if (list == NULL)
        return error_memory(err);
    *out = list;
    *out_count = count;
    return STATUS_OK;
}

status retriever_schema_of(retriever *r, kg_read *read, const retriever_schema **out, error *err)
{
    state *held = NULL;
    status s = state_hold(r, read, &held, err);
    if (s != STATUS_OK)
        return s;
    *out = &held->knowledge->schema;
    state_drop(r, held);
    return STATUS_OK;
}

status retriever_complete(retriever *r, kg_read *read, str prefix, size_t limit, arena *a,
                          retriever_sense **out, size_t *out_count, error *err)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.limit = limit};
    (void)r;
    status s = kg_label_search(read, prefix, &options, a, &hits, &count, err);
    if (s != STATUS_OK)
        return s;
    retriever_sense *senses = ARENA_ARRAY(a, retriever_sense, count + 1);
    if (senses == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++)
        senses[i] = (retriever_sense){.id = hits[i].term,
                                      .label = hits[i].text,
                                      .matched = hits[i].text,
                                      .score = hits[i].score};
    *out = senses;
    *out_count = count;
    return STATUS_OK;
}
