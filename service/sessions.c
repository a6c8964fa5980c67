/* See sessions.h. A doubly linked list in order of use, searched through a hash of the name in a
 * small open table of chains. */
#include "service/sessions.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/clock.h"

#define CHAINS 4096u
#define LIFETIME_NS ((uint64_t)3600 * 1000000000u)

struct service_session {
    uint64_t key[2];
    fusion_conversation *conversation;
    unsigned users; /* holds it or waits for it */
    bool busy;
    uint64_t used_ns;
    service_session *chain;
    service_session *older, *newer;
};

struct service_sessions {
    pthread_mutex_t lock;
    pthread_cond_t freed;
    service_session *chains[CHAINS];
    service_session *newest, *oldest;
    size_t count, most;
};

service_sessions *service_sessions_new(size_t most)
{
    service_sessions *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->freed, NULL);
    s->most = most;
    return s;
}

static void unlink_use(service_sessions *s, service_session *x)
{
    *(x->newer == NULL ? &s->newest : &x->newer->older) = x->older;
    *(x->older == NULL ? &s->oldest : &x->older->newer) = x->newer;
    x->newer = x->older = NULL;
}

static void link_newest(service_sessions *s, service_session *x)
{
    x->older = s->newest;
    *(s->newest == NULL ? &s->oldest : &s->newest->newer) = x;
    s->newest = x;
}

static void forget(service_sessions *s, service_session *x)
{
    service_session **at = &s->chains[x->key[0] % CHAINS];
    while (*at != x)
        at = &(*at)->chain;
    *at = x->chain;
    unlink_use(s, x);
    fusion_conversation_free(x->conversation);
    free(x);
    s->count--;
}

void service_sessions_free(service_sessions *s)
{
    if (s == NULL)
        return;
    while (s->oldest != NULL)
        forget(s, s->oldest);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->freed);
    free(s);
}

static void make_room(service_sessions *s, uint64_t now)
{
    service_session *x = s->oldest;
    while (x != NULL && (s->count >= s->most || now - x->used_ns > LIFETIME_NS)) {
        service_session *next = x->newer;
        if (x->users == 0)
            forget(s, x);
        x = next;
    }
}

static service_session *find_or_add(service_sessions *s, const uint64_t key[2])
{
    service_session **chain = &s->chains[key[0] % CHAINS];
    for (service_session *x = *chain; x != NULL; x = x->chain)
        if (x->key[0] == key[0] && x->key[1] == key[1])
            return x;
    service_session *x = calloc(1, sizeof *x);
    if (x == NULL || (x->conversation = fusion_conversation_new()) == NULL) {
        free(x);
        return NULL;
    }
    x->key[0] = key[0];
    x->key[1] = key[1];
    x->chain = *chain;
    *chain = x;
    link_newest(s, x);
    s->count++;
    return x;
}

service_session *service_session_acquire(service_sessions *s, str client, str graph, str name)
{
    /* Two independent 64-bit hashes stand for the name; a client cannot reach another's session by
     * guessing, since the client's own id is hashed in. */
    uint64_t key[2];
    for (uint64_t i = 0; i < 2; i++)
        key[i] = str_hash(name, str_hash(graph, str_hash(client, i + 17)));
    pthread_mutex_lock(&s->lock);
    uint64_t now = clock_monotonic_ns();
    make_room(s, now);
    service_session *x = find_or_add(s, key);
    if (x != NULL) {
        x->users++;
        while (x->busy)
            pthread_cond_wait(&s->freed, &s->lock);
        x->busy = true;
        x->used_ns = now;
        unlink_use(s, x);
        link_newest(s, x);
    }
    pthread_mutex_unlock(&s->lock);
    return x;
}

fusion_conversation *service_session_conversation(service_session *session)
{
    return session == NULL ? NULL : session->conversation;
}

void service_session_release(service_sessions *s, service_session *x)
{
    if (x == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    x->busy = false;
    x->users--;
    pthread_cond_broadcast(&s->freed);
    pthread_mutex_unlock(&s->lock);
}
