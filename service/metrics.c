/* See metrics.h. */
#include "service/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/version.h"

/* Upper bounds of the latency buckets in milliseconds; the last bucket is +Inf. */
static const double bounds[] = {0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};
#define BUCKETS (sizeof bounds / sizeof bounds[0] + 1)
#define STATUS_CLASSES 6 /* 1xx..5xx at 1..5 */

enum {
    STAGE_LINK,
    STAGE_PLAN,
    STAGE_EXECUTE,
    STAGE_PROMPT,
    STAGE_GENERATE,
    STAGE_VERIFY,
    STAGE_TOTAL,
    STAGES
};
static const char *const stage_names[STAGES] = {"link",     "plan",   "execute", "prompt",
                                                "generate", "verify", "total"};

typedef struct histogram {
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t micros; /* sum */
} histogram;

struct service_metrics {
    _Atomic uint64_t requests[SERVICE_METRICS_ROUTES][STATUS_CLASSES];
    histogram routes[SERVICE_METRICS_ROUTES];
    histogram stages[STAGES];
    _Atomic uint64_t answers[4], verdicts[4];
    _Atomic uint64_t prompt_tokens, completion_tokens;
    _Atomic uint64_t queue_full, rate_limited;
    _Atomic int64_t queued;
};

service_metrics *service_metrics_new(void)
{
    return calloc(1, sizeof(service_metrics));
}

void service_metrics_free(service_metrics *metrics)
{
    free(metrics);
}

static void add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void observe(histogram *h, double milliseconds)
{
    size_t i = 0;
    while (i < BUCKETS - 1 && milliseconds > bounds[i])
        i++;
    add(&h->buckets[i], 1);
    add(&h->micros, milliseconds > 0 ? (uint64_t)(milliseconds * 1000) : 0);
}

void service_metrics_request(service_metrics *m, unsigned route, unsigned http_status,
                             double milliseconds)
{
    if (route >= SERVICE_METRICS_ROUTES)
        route = SERVICE_METRICS_ROUTES - 1;
    unsigned class = http_status / 100;
    add(&m->requests[route][class < STATUS_CLASSES ? class : 5], 1);
    observe(&m->routes[route], milliseconds);
}

void service_metrics_answer(service_metrics *m, const answer *a)
{
    add(&m->answers[a->status], 1);
    for (size_t i = 0; i < a->clause_count; i++)
        add(&m->verdicts[a->clauses[i].verdict], 1);
    add(&m->prompt_tokens, a->prompt_tokens);
    add(&m->completion_tokens, a->completion_tokens);
    const answer_timings *t = &a->timings;
    const double stages[STAGES] = {t->link,     t->plan,   t->execute, t->prompt,
                                   t->generate, t->verify, t->total};
    for (int i = 0; i < STAGES; i++)
        observe(&m->stages[i], stages[i]);
}

void service_metrics_rejected(service_metrics *m, bool queue_full)
{
    add(queue_full ? &m->queue_full : &m->rate_limited, 1);
}

void service_metrics_queue(service_metrics *m, int change)
{
    atomic_fetch_add_explicit(&m->queued, change, memory_order_relaxed);
}

static void print_head(buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_histogram(buf *out, const char *name, const char *label, const char *value,
                            const histogram *h)
{
    uint64_t total = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        total += get(&h->buckets[i]);
        if (i < BUCKETS - 1)
            buf_printf(out, "%s_bucket{%s=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, label, value,
                       bounds[i] / 1000, total);
        else
            buf_printf(out, "%s_bucket{%s=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, label, value,
                       total);
    }
    buf_printf(out, "%s_sum{%s=\"%s\"} %.6f\n", name, label, value, (double)get(&h->micros) / 1e6);
    buf_printf(out, "%s_count{%s=\"%s\"} %" PRIu64 "\n", name, label, value, total);
}

static void print_requests(const service_metrics *m, const char *const *names, unsigned count,
                           buf *out)
{
    print_head(out, "vouch_http_requests_total", "counter", "HTTP requests by route and status.");
    for (unsigned r = 0; r < count; r++)
        for (unsigned c = 1; c < STATUS_CLASSES; c++)
            if (get(&m->requests[r][c]) > 0)
                buf_printf(out,
                           "vouch_http_requests_total{route=\"%s\",status=\"%uxx\"} %" PRIu64 "\n",
                           names[r], c, get(&m->requests[r][c]));
    print_head(out, "vouch_http_request_seconds", "histogram", "Duration of HTTP requests.");
    for (unsigned r = 0; r < count; r++)
        if (get(&m->requests[r][2]) + get(&m->requests[r][4]) + get(&m->requests[r][5]) > 0)
            print_histogram(out, "vouch_http_request_seconds", "route", names[r], &m->routes[r]);
}

static void print_answers(const service_metrics *m, buf *out)
{
    print_head(out, "vouch_answers_total", "counter", "Answers by status.");
    for (int i = 0; i < 4; i++)
        buf_printf(out, "vouch_answers_total{status=\"%s\"} %" PRIu64 "\n",
                   answer_status_name((answer_status)i), get(&m->answers[i]));
    print_head(out, "vouch_clauses_total", "counter", "Clauses of answers by verdict.");
    for (int i = 0; i < 4; i++)
        buf_printf(out, "vouch_clauses_total{verdict=\"%s\"} %" PRIu64 "\n",
                   answer_verdict_name((answer_verdict)i), get(&m->verdicts[i]));
    print_head(out, "vouch_tokens_total", "counter", "Tokens read and written by the model.");
    buf_printf(out, "vouch_tokens_total{kind=\"prompt\"} %" PRIu64 "\n", get(&m->prompt_tokens));
    buf_printf(out, "vouch_tokens_total{kind=\"completion\"} %" PRIu64 "\n",
               get(&m->completion_tokens));
    print_head(out, "vouch_stage_seconds", "histogram", "Duration of each stage of an answer.");
    for (int i = 0; i < STAGES; i++)
        print_histogram(out, "vouch_stage_seconds", "stage", stage_names[i], &m->stages[i]);
}

void service_metrics_print(const service_metrics *m, const char *const *route_names,
                           unsigned route_count, const service_graph_gauge *graphs,
                           size_t graph_count, buf *out)
{
    print_head(out, "vouch_build_info", "gauge", "The release that runs.");
    buf_printf(out, "vouch_build_info{version=\"%s\"} 1\n", VOUCH_VERSION);
    print_requests(m, route_names, route_count, out);
    print_answers(m, out);
    print_head(out, "vouch_rejected_total", "counter", "Requests turned away.");
    buf_printf(out, "vouch_rejected_total{reason=\"queue_full\"} %" PRIu64 "\n",
               get(&m->queue_full));
    buf_printf(out, "vouch_rejected_total{reason=\"rate_limit\"} %" PRIu64 "\n",
               get(&m->rate_limited));
    print_head(out, "vouch_queue_length", "gauge", "Requests that wait for a worker.");
    buf_printf(out, "vouch_queue_length %" PRId64 "\n",
               atomic_load_explicit(&m->queued, memory_order_relaxed));
    print_head(out, "vouch_graphs", "gauge", "Graphs that are served.");
    buf_printf(out, "vouch_graphs %zu\n", graph_count);
    print_head(out, "vouch_graph_statements", "gauge", "Statements in a graph.");
    for (size_t i = 0; i < graph_count; i++)
        if (graphs[i].name != NULL)
            buf_printf(out, "vouch_graph_statements{graph=\"%s\"} %" PRIu64 "\n", graphs[i].name,
                       graphs[i].statements);
}
