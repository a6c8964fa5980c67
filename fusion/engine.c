/* See engine.h. One question runs: check -> refuse -> retrieve -> decide -> word -> verify -> cite.
 * The model's part (ranking, wording) joins in fusion/model_*.c. */
#include "fusion/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "fusion/calibration.h"
#include "fusion/cite.h"
#include "fusion/conversation.h"
#include "fusion/decide.h"
#include "fusion/ellipsis.h"
#include "fusion/explain.h"
#include "fusion/internal.h"
#include "fusion/parts.h"
#include "fusion/phrase.h"
#include "fusion/premise.h"
#include "fusion/propose.h"
#include "fusion/reword.h"
#include "fusion/wording.h"
#include "fusion/write.h"

/* A question longer than this is no question. */
#define QUESTION_BYTES 8192
/* Tokens of evidence in a prompt. */
#define FACT_TOKENS 1200
/* A plan that a model proposes: what may stand unexplained beside a name, and what its answer is
 * given as confidence, since no calibration covers it. */
#define PROPOSE_BESIDE 0.4
#define PROPOSED_CONFIDENCE 0.5
/* What a reading of a follow-up must be surer by than the likelier one before it. */
#define READING_BEHIND 0.1
/* A model that has not worded an answer by then leaves it to the template (60 s). */
#define WRITE_NS ((uint64_t)60 * 1000000000)

/* --- opening --------------------------------------------------------------------------------- */
static status open_pack(fusion_engine *e, const fusion_options *o, error *err)
{
    if (o->pack != NULL && o->pack[0] != '\0')
        return pack_open(o->pack, &e->pack, err);
    kg_read *read = NULL;
    status st = kg_read_begin(e->store, &read, err);
    if (st != STATUS_OK)
        return st;
    char name[256];
    str own = kg_meta_get(read, STR("pack"));
    snprintf(name, sizeof name, "%.*s", STR_ARG(own));
    kg_read_end(read);
    error ignored = {0};
    st = pack_open(name, &e->pack, &ignored);
    if (st == STATUS_OK)
        return st;
    /* A pack that the graph names but this machine lacks must not lock the graph away. */
    return pack_open(NULL, &e->pack, err);
}

status fusion_open(const fusion_options *options, fusion_engine **out, error *err)
{
    fusion_engine *e = calloc(1, sizeof *e);
    if (e == NULL)
        return error_memory(err);
    const kg_open_options read_only = {.read_only = true};
    status st = kg_open(options->graph_path, &read_only, &e->store, err);
    if (st == STATUS_OK)
        st = open_pack(e, options, err);
    e->answer_always = options->answer_always;
    if (st == STATUS_OK)
        st = template_open(e->pack, &e->templates, err);
    if (st == STATUS_OK)
        st = glue_open(&e->glue, err);
    if (st == STATUS_OK)
        st = calibration_open(options->calibration, &e->calibration, err);
    const brain_options b = {
        .model = options->model, .threads = options->threads, .local_only = options->local_only};
    if (st == STATUS_OK)
        st = brain_open(&b, &e->brain, err);
    const retriever_options r = {.pack = e->pack, .examples = options->examples};
    if (st == STATUS_OK)
        st = retriever_open(e->store, &r, &e->retriever, err);
    if (st != STATUS_OK)
        fusion_close(e);
    else
        *out = e;
    return st;
}

void fusion_close(fusion_engine *engine)
{
    if (engine == NULL)
        return;
    retriever_close(engine->retriever);
    template_close(engine->templates);
    glue_close(engine->glue);
    brain_close(engine->brain);
    pack_close(engine->pack);
    kg_close(engine->store);
    free(engine);
}

const template_set *fusion_templates(const fusion_engine *engine)
{
    return engine->templates;
}

retriever *fusion_retriever(const fusion_engine *engine)
{
    return engine->retriever;
}

kg_store *fusion_store(const fusion_engine *engine)
{
    return engine->store;
}

const pack *fusion_pack(const fusion_engine *engine)
{
    return engine->pack;
}

/* --- one question ---------------------------------------------------------------------------- */
typedef struct asking {
    fusion_engine *e;
    const fusion_request *q;
    kg_read *read;
    arena *a;
    answer *out;
    error *err;
    retriever_result found;
    phrase_context phrases;
    cite_list *cites;
    size_t cited; /* by the parts before this one */
    uint64_t began;
    json_t *reworded; /* for `explain` */
    str whole;        /* what a follow-up stands for */
    size_t shown;     /* clauses that on_clause had while the model wrote */
} asking;

static status check_text(str text, size_t limit, const char *what, error *err)
{
    if (text.length > limit)
        return error_set(err, STATUS_LIMIT, "%s is %zu bytes long; at most %zu are read", what,
                         text.length, limit);
    size_t bad = utf8_first_invalid(text.data == NULL ? "" : text.data, text.length);
    if (bad < text.length)
        return error_set_at(err, STATUS_SYNTAX, what, 1, bad + 1,
                            "not UTF-8; convert it first (iconv -t UTF-8)");
    return STATUS_OK;
}

static void identify(asking *k)
{
    uint64_t seed = clock_monotonic_ns() ^ ((uint64_t)(uintptr_t)k->a << 16);
    k->out->id = str_from(arena_printf(k->a, "%016" PRIx64, str_hash(k->q->question, seed)));
    str uuid = kg_graph_uuid(k->read);
    k->out->graph_version =
        str_from(arena_printf(k->a, "%.*s:%" PRIu64, STR_ARG(uuid), kg_read_version(k->read)));
    k->out->pack_version = arena_str(k->a, pack_version(k->e->pack));
    k->out->question = arena_str(k->a, k->q->question);
    k->out->model = STR("none");
}

static str detect(str text)
{
    return utf8_has_han(text.data, text.length) ? STR("zh") : STR("en");
}

/* True when a refusal rule was met. */
static bool refuse(asking *k)
{
    const pack_refusal *rule = pack_refuse(k->e->pack, k->q->question, NULL);
    if (rule == NULL)
        return false;
    k->out->status = ANSWER_REFUSED;
    k->out->text = template_str(k->e->templates, "refused", k->out->lang, NULL, k->a);
    k->out->reason = arena_str(k->a, pack_text_in(rule->message, k->out->lang));
    return true;
}

static status retrieve(asking *k)
{
    retriever_request r = {.question = k->q->question,
                           .lang = k->out->lang,
                           .as_of = k->q->as_of,
                           .deadline_ns = k->q->deadline_ns};
    if (brain_ranks(k->e->brain) && !k->q->no_model) {
        r.scorer = brain_score;
        r.scorer_context = k->e->brain;
        k->out->model = k->out->model_version = brain_name(k->e->brain);
    }
    conversation_recall(k->q->conversation, k->read, k->a, &r);
    status st = retriever_ask(k->e->retriever, k->read, &r, k->a, &k->found, k->err);
    if (st != STATUS_OK)
        return st;
    if (!str_empty(k->found.lang))
        k->out->lang = k->found.lang;
    k->phrases.lang = k->out->lang;
    k->out->timings.link = k->found.timings.link;
    k->out->timings.plan = k->found.timings.plan + k->found.timings.rank;
    k->out->timings.execute = k->found.timings.execute;
    return retriever_schema_of(k->e->retriever, k->read, &k->phrases.schema, k->err);
}

static void print_forms(asking *k)
{
    if (k->found.form == NULL)
        return;
    buf text = {0};
    lf_print(k->found.form, false, &text);
    k->out->logical_form = arena_str(k->a, buf_str(&text));
    buf_clear(&text);
    lf_print_sparql(k->found.form, &text);
    k->out->sparql = arena_str(k->a, buf_str(&text));
    buf_free(&text);
}

/* Templates say only what the executed form gave, so a clause holds when each statement that it
 * cites is in the graph and valid on the day asked; exact counts and closed-world denials hold by
 * the execution itself. */
static answer_verdict verdict_of(const asking *k, const answer_clause *c)
{
    for (size_t i = 0; i < c->citation_count; i++) {
        const kg_statement *s = cite_statement(k->cites, c->citations[i]);
        if (s == NULL)
            return VERDICT_UNPARSED;
        bool begun = s->valid_from == CLOCK_DAY_UNKNOWN || s->valid_from <= k->found.as_of;
        bool over = s->valid_to != CLOCK_DAY_UNKNOWN && s->valid_to <= k->found.as_of;
        if ((!begun || over) && k->found.as_of != CLOCK_DAY_UNKNOWN)
            return VERDICT_CONTRADICTED;
    }
    const execute_result *r = &k->found.result;
    bool by_execution = r->closed_world && (r->kind == EXECUTE_COUNT || r->kind == EXECUTE_TRUTH);
    return c->citation_count > 0 || by_execution || r->kind == EXECUTE_COUNT ? VERDICT_SUPPORTED
                                                                             : VERDICT_NOT_IN_GRAPH;
}

static verify_context context_of(const asking *k)
{
    return (verify_context){.read = k->read,
                            .retriever = k->e->retriever,
                            .schema = k->phrases.schema,
                            .pack = k->e->pack,
                            .glue = k->e->glue,
                            .as_of = k->found.as_of,
                            .a = k->a,
                            .cites = k->cites};
}

/* The answer to one step from one entity, worded by the embedded model where the gate lets it. */
static status say_otherwise(asking *k, const wording *said)
{
    const lf_node *form = k->found.form;
    bool simple = form->op == LF_HOP && form->a->op == LF_ENTITY && !form->step.inverse &&
                  said->clause_count == 1 && !str_empty(said->list) &&
                  said->value_count <= WORDING_SHOWN && !k->found.as_of_asked;
    if (!simple)
        return STATUS_OK;
    const verify_context verify = context_of(k);
    const reword_request q = {.verify = &verify,
                              .brain = k->e->brain,
                              .lang = k->out->lang,
                              .subject = phrase_of(&k->phrases, form->a),
                              .relation = phrase_relation(&k->phrases, &form->step.relation, false),
                              .list = said->list,
                              .values = said->values,
                              .value_count = said->value_count,
                              .clause = &said->clauses[0]};
    reword_result made;
    uint64_t since = clock_monotonic_ns();
    status st = reword_make(&q, &made, k->err);
    k->out->timings.generate = clock_elapsed_ms(since);
    if (st != STATUS_OK)
        return st;
    if (k->q->explain)
        k->reworded = json_pack("{s:s%, s:s%, s:b}", "template", said->clauses[0].text.data,
                                said->clauses[0].text.length, "model",
                                str_empty(made.said) ? "" : made.said.data, made.said.length,
                                "kept", (int)made.kept);
    if (made.kept) {
        said->clauses[0] = made.clause;
        k->out->text = wording_text(&k->phrases, said->clauses, 1);
    }
    return STATUS_OK;
}

static yes_no_words words_of(const asking *k)
{
    return (yes_no_words){retriever_synonyms(k->e->retriever), k->found.signals.questions};
}

static status word(asking *k)
{
    const wording_request w = {.phrases = &k->phrases,
                               .form = k->found.form,
                               .result = &k->found.result,
                               .question = k->q->question,
                               .synonyms = k->found.synonyms,
                               .yes_no = words_of(k),
                               .as_of = k->found.as_of,
                               .as_of_asked = k->found.as_of_asked,
                               .all = k->q->all,
                               .cites = k->cites,
                               .glue = k->e->glue};
    wording said = {0};
    status st = wording_make(&w, &said, k->err);
    if (st != STATUS_OK)
        return st;
    uint64_t since = clock_monotonic_ns();
    for (size_t i = 0; i < said.clause_count; i++)
        said.clauses[i].verdict = verdict_of(k, &said.clauses[i]);
    k->out->timings.verify = clock_elapsed_ms(since);
    k->out->clauses = said.clauses;
    k->out->clause_count = said.clause_count;
    k->out->values = said.values;
    k->out->value_count = said.value_count;
    k->out->conflicts = said.conflicts;
    k->out->conflict_count = said.conflict_count;
    k->out->text = wording_text(&k->phrases, said.clauses, said.clause_count);
    return k->q->reword && !k->q->no_model ? say_otherwise(k, &said) : STATUS_OK;
}

/* --- a model's wording -------------------------------------------------------------------------
 */
static size_t count_tokens(void *context, str text)
{
    return brain_count_tokens(context, text);
}

static void note(asking *k, str why)
{
    const template_var vars[] = {{"why", why}, {NULL, {0}}};
    k->out->reason = phrase_fill(&k->phrases, "model_note", vars);
}

/* The model's sentences; where they are not the whole answer, the template's follow. */
static status take_wording(asking *k, const write_result *said)
{
    size_t more = said->complete ? 0 : k->out->clause_count;
    answer_clause *all = ARENA_ARRAY(k->a, answer_clause, said->clause_count + more);
    if (all == NULL)
        return error_memory(k->err);
    memcpy(all, said->clauses, said->clause_count * sizeof *all);
    if (more > 0)
        memcpy(all + said->clause_count, k->out->clauses, more * sizeof *all);
    k->out->clauses = all;
    k->out->clause_count = said->clause_count + more;
    k->out->text = wording_text(&k->phrases, all, k->out->clause_count);
    return STATUS_OK;
}

/* Drawn once a conversation, so that what its prompts begin with stays the same. */
static uint64_t nonce_of(const asking *k)
{
    uint64_t *kept = conversation_nonce(k->q->conversation);
    if (kept == NULL)
        return str_hash(k->out->id, k->began);
    if (*kept == 0)
        *kept = str_hash(k->out->id, k->began) | 1;
    return *kept;
}

/* Lets the model word what the template has said; the template stands unless all of it passes. */
static status write(asking *k)
{
    brain *b = k->e->brain;
    if (k->q->no_model || !brain_writes(b)) {
        if (!str_empty(brain_note(b)) && !k->q->no_model)
            note(k, brain_note(b));
        return STATUS_OK;
    }
    const verify_context verify = context_of(k);
    /* A long list, a yes or no, a description: the template says it best. */
    execute_kind kind = k->found.result.kind;
    if (k->out->value_count > WORDING_SHOWN || (kind != EXECUTE_SET && kind != EXECUTE_COUNT))
        return STATUS_OK;
    write_request w = {.verify = &verify,
                       .brain = b,
                       .prompt = {.question = k->q->question,
                                  .lang = k->out->lang,
                                  .pack = pack_name(k->e->pack),
                                  .token_budget = FACT_TOKENS,
                                  .count_tokens = count_tokens,
                                  .user = b,
                                  .context = brain_context(b),
                                  .nonce = nonce_of(k)},
                       .values = k->out->values,
                       .value_count = k->out->value_count,
                       .strict = k->q->strict,
                       .samples = k->q->samples,
                       .want_samples = k->q->samples > 1,
                       .deadline_ns = k->q->deadline_ns != 0 ? k->q->deadline_ns
                                                             : clock_monotonic_ns() + WRITE_NS,
                       .cancel = k->q->cancel,
                       .on_clause = k->q->on_clause,
                       .context = k->q->context};
    answer_citation *facts = NULL;
    uint64_t since = clock_monotonic_ns();
    status st = cite_finish(k->cites, k->read, k->e->pack, k->out->lang, &facts,
                            &w.prompt.fact_count, k->err);
    w.prompt.facts = facts;
    w.prompt.turns = conversation_turns(k->q->conversation, &w.prompt.asked, &w.prompt.answered);
    k->out->timings.prompt = clock_elapsed_ms(since);
    write_result said = {0};
    if (st == STATUS_OK)
        st = write_answer(&w, &said, k->err);
    if (st != STATUS_OK)
        return st;
    k->out->timings.generate = said.generate_ms;
    k->out->timings.verify += said.verify_ms;
    k->out->prompt_tokens = said.prompt_tokens;
    k->out->completion_tokens = said.completion_tokens;
    k->out->samples = said.samples;
    k->shown = said.shown;
    if (!said.complete)
        note(k, said.why);
    if (said.clause_count == 0 || (!said.complete && said.shown == 0))
        return STATUS_OK;
    k->out->model = k->out->model_version = brain_name(b);
    return take_wording(k, &said);
}

/* Abstains on a premise that does not hold, with the facts that correct it; *stop tells. */
static status check_premise(asking *k, bool *stop)
{
    static const char *keys[] = {"", "false_premise", "unknown_premise", "no_reason"};
    const verify_context verify = context_of(k);
    premise_kind kind = PREMISE_NONE;
    str premise = {0};
    uint64_t since = clock_monotonic_ns();
    const premise_names names = {k->found.mentions, k->found.mention_count};
    status st = premise_check(&verify, k->q->question, names, &kind, &premise, k->err);
    k->out->timings.verify += clock_elapsed_ms(since);
    *stop = st == STATUS_OK && kind != PREMISE_NONE;
    if (!*stop)
        return st;
    const template_var vars[] = {{"premise", premise}, {NULL, {0}}};
    buf reason = {0};
    template_fill(k->e->templates, keys[kind], k->out->lang, vars, &reason);
    for (size_t n = k->cited + 1; n <= cite_count(k->cites) && n <= k->cited + 3; n++) {
        const template_var fact[] = {
            {"fact", phrase_statement(&k->phrases, cite_statement(k->cites, (int)n))}, {NULL, {0}}};
        buf_add_char(&reason, '\n');
        template_fill(k->e->templates, "records_instead", k->out->lang, fact, &reason);
        buf_add(&reason, template_text(k->e->templates, "stop", k->out->lang));
    }
    k->out->status = ANSWER_ABSTAINED;
    k->out->text = phrase_fill(&k->phrases, "abstain", NULL);
    k->out->reason = arena_str(k->a, buf_str(&reason));
    buf_free(&reason);
    return STATUS_OK;
}

/* The question has its names, and what is asked of them was not understood. */
static bool may_propose(const asking *k)
{
    const retriever_result *f = &k->found;
    bool readable = f->outcome == RETRIEVER_NO_RELATION || f->outcome == RETRIEVER_EMPTY ||
                    f->outcome == RETRIEVER_FOUND;
    for (size_t i = 0; i < f->mention_count; i++)
        readable = readable && f->mentions[i].kind != RETRIEVER_MENTION_UNKNOWN;
    return k->q->propose && !k->q->no_model && brain_writes(k->e->brain) && readable &&
           k->out->status == ANSWER_ABSTAINED && str_empty(f->signals.missing) &&
           f->signals.beside <= PROPOSE_BESIDE;
}

/* Puts the model's reading in the place of the one that was not sure enough; *found tells. */
static status propose(asking *k, bool *found)
{
    const lf_node *form = NULL;
    const propose_request q = {
        .phrases = &k->phrases,
        .brain = k->e->brain,
        .found = &k->found,
        .question = k->q->question,
        .nonce = nonce_of(k),
        .deadline_ns = k->q->deadline_ns != 0 ? k->q->deadline_ns : clock_monotonic_ns() + WRITE_NS,
        .cancel = k->q->cancel};
    uint64_t since = clock_monotonic_ns();
    status st = propose_make(&q, &form, &k->found.result, k->err);
    k->out->timings.generate += clock_elapsed_ms(since);
    *found = st == STATUS_OK && form != NULL;
    if (!*found)
        return st;
    k->found.form = form;
    k->cites = cite_new(k->a);
    k->out->status = ANSWER_ANSWERED;
    k->out->alternatives = NULL;
    k->out->alternative_count = 0;
    k->out->confidence = PROPOSED_CONFIDENCE;
    k->out->features = NULL;
    k->out->model = k->out->model_version = brain_name(k->e->brain);
    const template_var vars[] = {{"np", phrase_of(&k->phrases, form)}, {NULL, {0}}};
    k->out->reason = phrase_fill(&k->phrases, "proposed", vars);
    return k->cites == NULL ? error_memory(k->err) : STATUS_OK;
}

/* A name that was misspelt is answered for the nearest one, and the answer says so. */
static void say_taken_as(asking *k)
{
    for (size_t i = 0; i < k->found.mention_count; i++) {
        const retriever_mention *m = &k->found.mentions[i];
        if (m->kind != RETRIEVER_MENTION_ENTITY || m->sense_count == 0 ||
            m->senses[0].match != RETRIEVER_MATCH_FUZZY)
            continue;
        const template_var vars[] = {
            {"name", m->text}, {"label", m->senses[0].matched}, {NULL, {0}}};
        k->out->reason = phrase_fill(&k->phrases, "taken_as", vars);
        return;
    }
}

static status answer_it(asking *k)
{
    bool stop = false;
    status premise = check_premise(k, &stop);
    if (premise != STATUS_OK || stop)
        return premise;
    const decide_request d = {.phrases = &k->phrases,
                              .found = &k->found,
                              .calibration = &k->e->calibration,
                              .question = k->q->question,
                              .answer_always = k->e->answer_always,
                              .glue = k->e->glue,
                              .yes_no = words_of(k),
                              .cites = k->cites};
    status st = decide(&d, k->out, k->err);
    bool proposed = false;
    if (st == STATUS_OK && may_propose(k))
        st = propose(k, &proposed);
    if (st != STATUS_OK || k->out->status != ANSWER_ANSWERED)
        return st;
    error inner = {0};
    asking attempt = *k;
    attempt.err = &inner;
    st = word(&attempt);
    k->reworded = attempt.reworded;
    if (st == STATUS_NOT_FOUND)
        return decide_empty(&d, k->out, k->err);
    if (st != STATUS_OK)
        return error_set(k->err, st, "%s", inner.message);
    k->out->scope_notice = pack_scope_notice(k->e->pack, k->out->lang);
    st = proposed ? STATUS_OK : write(k);
    if (st == STATUS_OK && k->out->status == ANSWER_ANSWERED && str_empty(k->out->reason))
        say_taken_as(k);
    if (k->q->on_clause == NULL || st != STATUS_OK)
        return st;
    for (size_t i = k->shown; i < k->out->clause_count; i++)
        k->q->on_clause(k->q->context, k->out->lang, &k->out->clauses[i]);
    return st;
}

/* Is it a statute's text that the form gives? */
static bool says_text(const lf_node *form)
{
    while (form != NULL && (form->op == LF_AT || form->op == LF_ASK))
        form = form->a;
    return form != NULL &&
           (form->op == LF_SEARCH || (form->op == LF_HOP && !form->step.inverse &&
                                      str_equal(form->step.relation.iri, STR("urn:vouch:r:text"))));
}

static status finish(asking *k)
{
    answer_citation *citations = NULL;
    size_t count = 0;
    status st =
        cite_finish(k->cites, k->read, k->e->pack, k->out->lang, &citations, &count, k->err);
    if (st != STATUS_OK)
        return st;
    k->out->citations = citations;
    k->out->citation_count = count;
    print_forms(k);
    if (k->q->explain)
        k->out->explain = explain_make(&k->found, 8);
    if (k->reworded != NULL && json_object_set_new(k->out->explain, "wording", k->reworded) == 0)
        k->reworded = NULL;
    str whole = arena_str(k->a, str_empty(k->whole) ? k->out->question : k->whole);
    st = conversation_keep(k->q->conversation, &k->found, k->err);
    if (st == STATUS_OK)
        st = conversation_keep_text(k->q->conversation, k->out->question, k->out->text, k->err);
    if (st == STATUS_OK && says_text(k->found.form))
        st = conversation_keep_whole(k->q->conversation, whole, k->err);
    return st;
}

/* All but finish(). */
static status run(asking *k)
{
    identify(k);
    k->out->lang = str_empty(k->q->lang) ? detect(k->q->question) : arena_str(k->a, k->q->lang);
    if (k->cites == NULL)
        k->cites = cite_new(k->a);
    if (k->cites == NULL)
        return error_memory(k->err);
    k->phrases = (phrase_context){.read = k->read,
                                  .pack = k->e->pack,
                                  .templates = k->e->templates,
                                  .lang = k->out->lang,
                                  .a = k->a};
    if (refuse(k))
        return STATUS_OK;
    status st = retrieve(k);
    return st == STATUS_OK ? answer_it(k) : st;
}

static void drop(answer *a)
{
    json_decref(a->explain);
    json_decref(a->samples);
}

static bool cancelled(const fusion_request *q)
{
    return q->cancel != NULL && atomic_load(q->cancel);
}

/* One part, in the light of those before it; *answered tells. */
static status ask_part(asking *k, bool *answered)
{
    status st = run(k);
    *answered = st == STATUS_OK && k->out->status == ANSWER_ANSWERED && k->found.form != NULL &&
                k->found.form->op != LF_ENTITY; /* a name alone answers no part */
    return st == STATUS_OK && k->out->status != ANSWER_REFUSED ? finish(k) : st;
}

/* Asks the parts of a question in turn. *joined tells whether there is an answer: at least one part
 * has one, and none is a text's passage, which the whole question finds better. */
static status ask_parts(asking *whole, const str *parts, size_t count, bool *joined)
{
    answer made[PARTS_MOST] = {0};
    bool answered[PARTS_MOST] = {false}, passage = false;
    fusion_conversation *own = NULL;
    fusion_request part = *whole->q;
    part.on_clause = NULL;
    part.propose = false;
    if (part.conversation == NULL)
        part.conversation = own = fusion_conversation_new();
    status st = part.conversation == NULL ? error_memory(whole->err) : STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK && !passage; i++) {
        asking k = *whole;
        k.q = &part;
        k.out = &made[i];
        k.cites = whole->cites;
        k.cited = k.cites == NULL ? 0 : cite_count(k.cites);
        part.question = parts[i];
        st = ask_part(&k, &answered[i]);
        passage = answered[i] && made[i].passage;
        if (answered[i]) {
            whole->cites = k.cites;
            whole->phrases = k.phrases;
        }
    }
    fusion_conversation_free(own);
    *joined = false;
    for (size_t i = 0; i < count && st == STATUS_OK && !passage; i++) {
        if (answered[i] && *joined)
            st = parts_join(whole->out, &made[i], &whole->phrases, whole->err);
        else if (answered[i])
            *whole->out = made[i];
        *joined = *joined || answered[i];
        if (answered[i])
            made[i].explain = made[i].samples = NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (*joined && !answered[i])
            parts_open(whole->out, parts[i], &made[i], &whole->phrases);
        drop(&made[i]);
    }
    return st;
}

/* The reading of a follow-up about texts that is answered most surely, else the likeliest; empty
 * where it is no follow-up. */
static status choose_reading(const asking *k, str *out)
{
    str readings[ELLIPSIS_MOST];
    const str *asked = NULL, *answered = NULL;
    size_t turns = conversation_turns(k->q->conversation, &asked, &answered);
    str last = turns > 0 ? answered[turns - 1] : str_make(NULL, 0);
    size_t count = ellipsis_expand(conversation_whole(k->q->conversation), last, k->q->question,
                                   k->a, readings);
    fusion_request request = *k->q;
    request.on_clause = NULL;
    request.conversation = NULL;
    request.no_model = true;
    double surest = -1;
    if (count > 0)
        *out = readings[0];
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        answer made = {0};
        asking one = {.e = k->e,
                      .q = &request,
                      .read = k->read,
                      .a = k->a,
                      .out = &made,
                      .err = k->err,
                      .began = k->began};
        request.question = readings[i];
        st = run(&one);
        if (st == STATUS_OK && made.status == ANSWER_ANSWERED &&
            made.confidence - READING_BEHIND * (double)i > surest) {
            surest = made.confidence - READING_BEHIND * (double)i;
            *out = readings[i];
        }
        drop(&made);
    }
    return st;
}

/* "外观设计呢？" after a text's answer is asked as the whole question that it stands for. */
static status ask_reading(asking *k)
{
    const fusion_request *asked = k->q;
    fusion_request request = *asked;
    request.question = k->whole;
    request.conversation = NULL;
    k->q = &request;
    status st = run(k);
    k->q = asked;
    k->out->question = arena_str(k->a, asked->question);
    return st == STATUS_OK ? finish(k) : st;
}

static status ask_whole(asking *k)
{
    str parts[PARTS_MOST];
    status chosen = choose_reading(k, &k->whole);
    if (chosen != STATUS_OK || !str_empty(k->whole))
        return chosen != STATUS_OK ? chosen : ask_reading(k);
    size_t count = parts_split(k->q->question, k->a, parts);
    bool joined = false;
    status st = count > 1 ? ask_parts(k, parts, count, &joined) : STATUS_OK;
    if (st != STATUS_OK)
        return st;
    if (joined) {
        k->out->question = arena_str(k->a, k->q->question);
        for (size_t i = 0; k->q->on_clause != NULL && i < k->out->clause_count; i++)
            k->q->on_clause(k->q->context, k->out->lang, &k->out->clauses[i]);
        return STATUS_OK;
    }
    k->cites = NULL;
    st = run(k);
    return st == STATUS_OK && k->out->status != ANSWER_REFUSED ? finish(k) : st;
}

status fusion_ask(fusion_engine *engine, const fusion_request *request, arena *a, answer *out,
                  error *err)
{
    status st = check_text(request->question, QUESTION_BYTES, "the question", err);
    if (st != STATUS_OK)
        return st;
    if (cancelled(request))
        return error_set(err, STATUS_CANCELLED, "cancelled");
    answer made = {0};
    asking k = {
        .e = engine, .q = request, .a = a, .out = &made, .err = err, .began = clock_monotonic_ns()};
    st = kg_read_begin(engine->store, &k.read, err);
    if (st != STATUS_OK)
        return st;
    st = ask_whole(&k);
    kg_read_end(k.read);
    made.timings.total = clock_elapsed_ms(k.began);
    if (st == STATUS_OK)
        *out = made;
    else
        drop(&made);
    return st;
}

/* --- evidence alone -------------------------------------------------------------------------- */
status fusion_retrieve(fusion_engine *engine, const fusion_request *request, size_t limit,
                       json_t **out, error *err)
{
    status st = check_text(request->question, QUESTION_BYTES, "the question", err);
    if (st != STATUS_OK)
        return st;
    arena *a = arena_new(0);
    if (a == NULL)
        return error_memory(err);
    answer made = {0};
    asking k = {.e = engine, .q = request, .a = a, .out = &made, .err = err};
    st = kg_read_begin(engine->store, &k.read, err);
    if (st == STATUS_OK) {
        made.lang = str_empty(request->lang) ? detect(request->question) : request->lang;
        k.cites = cite_new(a);
        k.phrases = (phrase_context){.read = k.read,
                                     .pack = engine->pack,
                                     .templates = engine->templates,
                                     .lang = made.lang,
                                     .a = a};
        st = k.cites == NULL ? error_memory(err) : retrieve(&k);
        answer_citation *citations = NULL;
        size_t count = 0;
        const execute_result *r = &k.found.result;
        for (size_t i = 0; st == STATUS_OK && i < r->statement_count; i++)
            if (limit == 0 || cite_count(k.cites) < limit)
                (void)cite_add(k.cites, &r->statements[i]);
        if (st == STATUS_OK)
            st = cite_finish(k.cites, k.read, engine->pack, made.lang, &citations, &count, err);
        if (st == STATUS_OK) {
            made.citations = citations;
            made.citation_count = count;
            print_forms(&k);
            *out = json_pack("{s:o, s:s#, s:o, s:o}", "mentions", explain_mentions(&k.found),
                             "logical_form",
                             made.logical_form.data == NULL ? "" : made.logical_form.data,
                             (size_t)made.logical_form.length, "statements",
                             answer_citations_to_json(&made), "passages", json_array());
            if (*out == NULL)
                st = error_memory(err);
        }
        kg_read_end(k.read);
    }
    arena_free(a);
    return st;
}
