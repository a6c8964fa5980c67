/* See write.h. */
#include "fusion/write.h"

#include <math.h>

#include "llm/quoting.h"

enum { MAX_TOKENS = 384, MAX_SAMPLES = 16, MAX_SENTENCE = 900 };

typedef struct reward {
    double grounded, citation, relevance, fluency;
    bool safe; /* a gate, not a weight: nothing contradicted */
} reward;

typedef struct attempt {
    gate_result gate;
    reward reward;
    bool passed;
} attempt;

typedef struct writing {
    const write_request *q;
    write_result *out;
    error *err;
    gate_reader gate;      /* of the text that is being written */
    llm_constraint *quote; /* NULL = the model is not here, or its vocabulary cannot */
    status failed;         /* of the gate, while a text was written */
    answer_clause shown[GATE_SENTENCES];
} writing;

static bool late(const writing *w)
{
    return w->q->deadline_ns != 0 && clock_monotonic_ns() > w->q->deadline_ns;
}

/* Checks what has come. Nothing more is wanted once a sentence has failed (its repair is due), or
 * once so much has come without the end of a sentence that there will be none. */
static bool on_text(void *user, str text)
{
    writing *w = user;
    buf plain = {0};
    llm_quoting_plain(text, &plain);
    w->failed =
        plain.failed ? error_memory(w->err) : gate_feed(&w->gate, buf_str(&plain), false, w->err);
    buf_free(&plain);
    bool rambles = w->gate.text.length - w->gate.at > MAX_SENTENCE;
    bool broken = !str_empty(w->gate.result.broken) && !w->q->strict && w->q->samples <= 1;
    return w->failed == STATUS_OK && !late(w) && !rambles && !broken;
}

/* How much of the log-probability a fluent text keeps: exp of the mean, clipped to a band. */
static double fluency(const llm_result *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->said_count; i++)
        sum += (double)r->said[i].logprob;
    if (r->said_count == 0)
        return 0.5;
    double mean = sum / (double)r->said_count;
    return mean > -0.1 ? 0.9 : mean < -4 ? 0.02 : exp(mean);
}

static reward reward_of(const writing *w, const gate_result *g, const llm_result *r)
{
    reward v = {.safe = g->broken_verdict != VERDICT_CONTRADICTED};
    v.grounded = g->sentences == 0 ? 0 : (double)g->passed_count / (double)g->sentences;
    v.citation = g->cited == 0 ? 0 : (double)g->cited_right / (double)g->cited;
    v.relevance = w->q->value_count == 0 || g->complete ? 1 : 0;
    v.fluency = fluency(r);
    return v;
}

static double total(const reward *v)
{
    return (v->safe ? 10 : 0) + 4 * v->grounded + 2 * v->citation + 2 * v->relevance + v->fluency;
}

static status generate(writing *w, const prompt *p, int sample, bool logprobs, llm_result *result,
                       error *why)
{
    llm_request r = llm_request_default();
    r.messages = p->messages;
    r.message_count = p->count;
    r.max_tokens = MAX_TOKENS;
    r.cancel = w->q->cancel;
    r.logprobs = logprobs;
    r.on_text = on_text;
    r.user = w;
    r.constraint = w->quote;
    if (sample > 0) {
        r.sampling.temperature = 0.8F;
        r.sampling.top_p = 0.95F;
        r.sampling.seed = (uint64_t)sample;
    }
    uint64_t since = clock_monotonic_ns();
    status st = gate_open(&w->gate, why);
    if (st == STATUS_OK)
        st = brain_write(w->q->brain, &r, result, why);
    w->out->generate_ms += clock_elapsed_ms(since);
    w->out->prompt_tokens += result->prompt_tokens;
    w->out->completion_tokens += result->completion_tokens;
    if (st == STATUS_OK && w->failed != STATUS_OK)
        return error_set(why, w->failed, "%s", w->err->message);
    if (st == STATUS_OK && late(w))
        return error_set(why, STATUS_CANCELLED, "it took too long");
    if (st == STATUS_OK && w->q->cancel != NULL && atomic_load(w->q->cancel))
        return error_set(why, STATUS_CANCELLED, "cancelled");
    return st;
}

/* What is left of one text goes through the gate. */
static status check(writing *w, const llm_result *result, attempt *out)
{
    uint64_t since = clock_monotonic_ns();
    buf plain = {0};
    llm_quoting_plain(buf_str(&result->text), &plain);
    /* A model that shows nothing on the way (on_text never called) is read here. */
    str rest = str_slice(buf_str(&plain), w->gate.text.length, plain.length);
    status st = plain.failed ? error_memory(w->err) : gate_feed(&w->gate, rest, true, w->err);
    buf_free(&plain);
    out->gate = w->gate.result;
    w->out->verify_ms += clock_elapsed_ms(since);
    if (st != STATUS_OK)
        return st;
    bool whole = str_empty(out->gate.broken) || w->q->strict;
    out->passed = whole && out->gate.complete;
    out->reward = reward_of(w, &out->gate, result);
    return STATUS_OK;
}

static void report(writing *w, const attempt *x, const llm_result *result)
{
    if (!w->q->want_samples)
        return;
    if (w->out->samples == NULL)
        w->out->samples = json_array();
    str text = buf_str(&result->text);
    json_t *said = json_stringn(text.data == NULL ? "" : text.data, text.length);
    json_array_append_new(w->out->samples,
                          json_pack("{s:o, s:b, s:{s:f, s:f, s:f, s:f, s:b}}", "text",
                                    said == NULL ? json_string("") : said, "passed", (int)x->passed,
                                    "reward", "grounded", x->reward.grounded, "citation_precision",
                                    x->reward.citation, "relevance", x->reward.relevance, "fluency",
                                    x->reward.fluency, "safe", (int)x->reward.safe));
}

/* Sentences are shown as they pass, only when there is one text. */
static void show(void *user, const answer_clause *clause)
{
    writing *w = user;
    const write_request *q = w->q;
    for (size_t i = 0; i < w->out->clause_count; i++)
        if (str_equal(w->out->clauses[i].text, clause->text))
            return;
    if (w->out->clause_count >= CORE_COUNT(w->shown))
        return;
    w->shown[w->out->clause_count] = *clause;
    w->out->clauses = w->shown;
    w->out->clause_count = ++w->out->shown;
    q->on_clause(q->context, q->prompt.lang, clause);
}

static void take(writing *w, const attempt *x)
{
    w->out->clauses = x->gate.passed;
    w->out->clause_count = x->gate.passed_count;
}

static void fail(writing *w, const error *why)
{
    w->out->why = arena_str(w->q->verify->a, str_from(why->message));
}

/* Tells the model which sentence failed and reads its second text. */
static status repair(writing *w, const prompt *p, int sample, llm_result *result, attempt *out)
{
    error why = {0};
    str said = arena_str(w->q->verify->a, buf_str(&result->text));
    str broken = str_empty(out->gate.broken) ? said : out->gate.broken;
    prompt again = *p;
    status st = prompt_repair(&again, said, broken, w->q->prompt.lang, w->q->verify->a, w->err);
    if (st != STATUS_OK)
        return st;
    st = generate(w, &again, sample, false, result, &why);
    if (st == STATUS_OK)
        return check(w, result, out);
    fail(w, &why);
    return st;
}

/* Generates and checks one sample, with one repair when it is the only one. */
static status try_sample(writing *w, const prompt *p, int sample, bool only, attempt *out)
{
    llm_result result = {0};
    error why = {0};
    status st = generate(w, p, sample, w->q->samples > 1, &result, &why);
    if (st == STATUS_OK)
        st = check(w, &result, out);
    else
        fail(w, &why);
    if (st == STATUS_OK)
        report(w, out, &result);
    if (st == STATUS_OK && !out->passed && only && !late(w))
        st = repair(w, p, sample, &result, out);
    llm_result_free(&result);
    /* A model that fails leaves the template; only our own trouble is an error. */
    return st == STATUS_MEMORY ? st : STATUS_OK;
}

/* Names and numbers that a sentence may hold, and marks that it may cite by. */
static llm_constraint *quoting_of(const writing *w)
{
    const llm_tokenizer *t = brain_vocabulary(w->q->brain);
    const prompt_request *p = &w->q->prompt;
    size_t n = 0;
    str *entries =
        t == NULL ? NULL : ARENA_ARRAY(w->q->verify->a, str, 3 * p->fact_count + w->q->value_count);
    if (entries == NULL)
        return NULL;
    for (size_t i = 0; i < p->fact_count; i++) {
        entries[n++] = p->facts[i].subject;
        entries[n++] = p->facts[i].predicate;
        entries[n++] = p->facts[i].object;
    }
    for (size_t i = 0; i < w->q->value_count; i++)
        entries[n++] = w->q->values[i];
    const llm_quoting quoting = {entries, n, p->fact_count};
    llm_constraint *made = NULL;
    error ignored = {0};
    return llm_constraint_quoting(t, &quoting, &made, &ignored) == STATUS_OK ? made : NULL;
}

static status write_samples(writing *w, const prompt *p, int n)
{
    double best = -1;
    status st = STATUS_OK;
    for (int i = 0; st == STATUS_OK && i < n && !late(w); i++) {
        attempt x = {0};
        st = try_sample(w, p, n == 1 ? 0 : i + 1, n == 1, &x);
        if (st != STATUS_OK || !x.passed || total(&x.reward) <= best)
            continue;
        best = total(&x.reward);
        if (w->out->shown == 0)
            take(w, &x);
        w->out->complete = true;
    }
    return st;
}

status write_answer(const write_request *request, write_result *out, error *err)
{
    write_result made = {0};
    error inner = {0};
    writing *w = ARENA_ARRAY(request->verify->a, writing, 1);
    prompt p = {0};
    if (w == NULL)
        return error_memory(err);
    *w = (writing){.q = request, .out = &made, .err = &inner};
    int n = request->samples < 1             ? 1
            : request->samples > MAX_SAMPLES ? MAX_SAMPLES
                                             : request->samples;
    w->gate = (gate_reader){.context = request->verify,
                            .values = request->values,
                            .value_count = request->value_count,
                            .on_passed = n == 1 && request->on_clause != NULL ? show : NULL,
                            .user = w};
    w->quote = quoting_of(w);
    prompt_request asked = request->prompt;
    asked.quoting = w->quote != NULL;
    status st = prompt_make(&asked, request->verify->a, &p, &inner);
    if (st == STATUS_OK)
        st = write_samples(w, &p, n);
    llm_constraint_free(w->quote);
    gate_close(&w->gate);
    if (st != STATUS_OK) {
        json_decref(made.samples);
        return error_set(err, st, "%s", inner.message);
    }
    if (!made.complete && str_empty(made.why))
        made.why = STR("what it wrote was not supported by the graph");
    *out = made;
    return STATUS_OK;
}
