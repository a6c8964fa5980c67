/* See write.h. */
#include "fusion/write.h"

#include <math.h>

enum { MAX_TOKENS = 384, MAX_SAMPLES = 16 };

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
} writing;

static bool late(const writing *w)
{
    return w->q->deadline_ns != 0 && clock_monotonic_ns() > w->q->deadline_ns;
}

typedef struct watch {
    const writing *w;
} watch;

static bool on_text(void *user, str text)
{
    const watch *x = user;
    (void)text;
    return !late(x->w);
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
    const watch watching = {w};
    llm_request r = llm_request_default();
    r.messages = p->messages;
    r.message_count = p->count;
    r.max_tokens = MAX_TOKENS;
    r.cancel = w->q->cancel;
    r.logprobs = logprobs;
    r.on_text = on_text;
    r.user = (void *)(uintptr_t)&watching;
    if (sample > 0) {
        r.sampling.temperature = 0.8F;
        r.sampling.top_p = 0.95F;
        r.sampling.seed = (uint64_t)sample;
    }
    uint64_t since = clock_monotonic_ns();
    status st = brain_write(w->q->brain, &r, result, why);
    w->out->generate_ms += clock_elapsed_ms(since);
    w->out->prompt_tokens += result->prompt_tokens;
    w->out->completion_tokens += result->completion_tokens;
    if (st == STATUS_OK && result->finish == LLM_FINISH_CANCELLED)
        return error_set(why, STATUS_CANCELLED, late(w) ? "it took too long" : "cancelled");
    return st;
}

/* One text through the gate. */
static status check(writing *w, const llm_result *result, attempt *out)
{
    uint64_t since = clock_monotonic_ns();
    str text = arena_str(w->q->verify->a, buf_str(&result->text));
    status st = gate_check(w->q->verify, text, w->q->values, w->q->value_count, &out->gate, w->err);
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

static void take(writing *w, const attempt *x)
{
    w->out->clauses = x->gate.passed;
    w->out->clause_count = x->gate.passed_count;
}

/* Generates and checks one sample, with one repair when it is the only one. */
static status try_sample(writing *w, prompt *p, int sample, bool repair, attempt *out)
{
    llm_result result = {0};
    error why = {0};
    status st = generate(w, p, sample, w->q->samples > 1, &result, &why);
    if (st == STATUS_OK)
        st = check(w, &result, out);
    else
        w->out->why = arena_str(w->q->verify->a, str_from(why.message));
    if (st == STATUS_OK)
        report(w, out, &result);
    if (st == STATUS_OK && !out->passed && repair && !late(w)) {
        str said = arena_str(w->q->verify->a, buf_str(&result.text));
        str broken = str_empty(out->gate.broken) ? said : out->gate.broken;
        prompt again = *p;
        st = prompt_repair(&again, said, broken, w->q->prompt.lang, w->q->verify->a, w->err);
        if (st == STATUS_OK)
            st = generate(w, &again, sample, false, &result, &why);
        if (st == STATUS_OK)
            st = check(w, &result, out);
        else
            w->out->why = arena_str(w->q->verify->a, str_from(why.message));
    }
    llm_result_free(&result);
    /* A model that fails leaves the template; only our own trouble is an error. */
    return st == STATUS_MEMORY ? st : STATUS_OK;
}

status write_answer(const write_request *request, write_result *out, error *err)
{
    write_result made = {0};
    error inner = {0};
    writing w = {.q = request, .out = &made, .err = &inner};
    prompt p = {0};
    status st = prompt_make(&request->prompt, request->verify->a, &p, err);
    if (st != STATUS_OK)
        return st;
    int n = request->samples < 1             ? 1
            : request->samples > MAX_SAMPLES ? MAX_SAMPLES
                                             : request->samples;
    double best = -1;
    for (int i = 0; st == STATUS_OK && i < n && !late(&w); i++) {
        attempt x = {0};
        st = try_sample(&w, &p, n == 1 ? 0 : i + 1, n == 1, &x);
        if (st != STATUS_OK || !x.passed || total(&x.reward) <= best)
            continue;
        best = total(&x.reward);
        take(&w, &x);
    }
    if (st != STATUS_OK) {
        json_decref(made.samples);
        return error_set(err, st, "%s", inner.message);
    }
    if (made.clause_count == 0 && str_empty(made.why))
        made.why = STR("what it wrote was not supported by the graph");
    *out = made;
    return STATUS_OK;
}
