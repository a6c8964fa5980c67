/* Counters and latency histograms, printed in Prometheus' text exposition format 0.0.4. Updates are
 * lock-free; reading while others write gives each number at some moment near now. */
#ifndef VOUCH_SERVICE_METRICS_H
#define VOUCH_SERVICE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "fusion/answer.h"

typedef struct service_metrics service_metrics;

service_metrics *service_metrics_new(void); /* NULL when out of memory */
void service_metrics_free(service_metrics *metrics);

/* A finished HTTP request: its route as the router names it, its status code and duration. */
void service_metrics_request(service_metrics *m, unsigned route, unsigned http_status,
                             double milliseconds);
/* An answer: its status, verdicts, tokens and stage timings. */
void service_metrics_answer(service_metrics *m, const answer *a);
void service_metrics_rejected(service_metrics *m, bool queue_full); /* else: rate limit */
void service_metrics_queue(service_metrics *m, int change);         /* +1 queued, -1 taken */

typedef struct service_graph_gauge {
    const char *name; /* NULL: unnamed (the caller has no key) */
    uint64_t statements, version;
} service_graph_gauge;

/* `route_names` has `route_count` entries. */
void service_metrics_print(const service_metrics *m, const char *const *route_names,
                           unsigned route_count, const service_graph_gauge *graphs,
                           size_t graph_count, buf *out);

#define SERVICE_METRICS_ROUTES 32

#endif
