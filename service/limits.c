/* See limits.h. An open-addressed table of buckets, eight probes a client: the stalest of the eight
 * is replaced when all are taken. */
#include "service/limits.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 8192u /* a power of two */
#define PROBES 8u

typedef struct bucket {
    uint64_t client; /* hash; 0 = empty */
    uint64_t seen_ns;
    double tokens;
} bucket;

struct service_limits {
    pthread_mutex_t lock;
    bucket buckets[SLOTS];
};

service_limits *service_limits_new(void)
{
    service_limits *limits = calloc(1, sizeof *limits);
    if (limits != NULL)
        pthread_mutex_init(&limits->lock, NULL);
    return limits;
}

void service_limits_free(service_limits *limits)
{
    if (limits == NULL)
        return;
    pthread_mutex_destroy(&limits->lock);
    free(limits);
}

static bucket *find(service_limits *limits, uint64_t client, unsigned per_minute, uint64_t now)
{
    bucket *oldest = NULL;
    for (unsigned i = 0; i < PROBES; i++) {
        bucket *b = &limits->buckets[(client + i) & (SLOTS - 1)];
        if (b->client == client)
            return b;
        if (oldest == NULL || b->seen_ns < oldest->seen_ns)
            oldest = b;
    }
    *oldest = (bucket){client, now, per_minute};
    return oldest;
}

bool service_limits_take(service_limits *limits, str client, unsigned per_minute, uint64_t now_ns,
                         unsigned *retry_after_s)
{
    if (per_minute == 0)
        return true;
    pthread_mutex_lock(&limits->lock);
    bucket *b = find(limits, str_hash(client, 1) | 1, per_minute, now_ns);
    double per_ns = (double)per_minute / 60e9;
    b->tokens += (double)(now_ns - b->seen_ns) * per_ns;
    if (b->tokens > per_minute)
        b->tokens = per_minute;
    b->seen_ns = now_ns;
    bool granted = b->tokens >= 1.0;
    if (granted)
        b->tokens -= 1.0;
    else
        *retry_after_s = (unsigned)((1.0 - b->tokens) / per_ns / 1e9) + 1;
    pthread_mutex_unlock(&limits->lock);
    return granted;
}
