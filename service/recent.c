/* See recent.h. A ring of records and an open-addressed index of ids would be one way; a ring that
 * is searched from the newest is simpler and, at a few thousand entries, fast enough for feedback.
 */
#include "service/recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct record {
    uint64_t id;     /* hash of the answer's id */
    uint64_t client; /* hash of the client's id */
    char *text;      /* graph, NUL, json */
    size_t graph_bytes, json_bytes;
} record;

struct service_recent {
    pthread_mutex_t lock;
    record *ring;
    size_t most, next, bytes, most_bytes, oldest, count;
};

service_recent *service_recent_new(size_t most, size_t most_bytes)
{
    service_recent *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->ring = calloc(most, sizeof *r->ring);
    if (r->ring == NULL) {
        free(r);
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    r->most = most;
    r->most_bytes = most_bytes;
    return r;
}

static void drop(service_recent *r, record *x)
{
    free(x->text);
    r->bytes -= x->graph_bytes + x->json_bytes;
    memset(x, 0, sizeof *x);
}

void service_recent_free(service_recent *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->most; i++)
        free(r->ring[i].text);
    free(r->ring);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static void drop_oldest(service_recent *r)
{
    drop(r, &r->ring[r->oldest]);
    r->oldest = (r->oldest + 1) % r->most;
    r->count--;
}

void service_recent_add(service_recent *r, str id, str client, str graph, str json)
{
    size_t bytes = graph.length + json.length;
    char *text = bytes > r->most_bytes ? NULL : malloc(bytes + 2);
    if (text == NULL)
        return;
    memcpy(text, graph.data, graph.length);
    text[graph.length] = '\0';
    memcpy(text + graph.length + 1, json.data, json.length);
    text[bytes + 1] = '\0';
    pthread_mutex_lock(&r->lock);
    while (r->count > 0 && (r->count == r->most || r->bytes + bytes > r->most_bytes))
        drop_oldest(r);
    record *x = &r->ring[(r->oldest + r->count) % r->most];
    *x = (record){str_hash(id, 3), str_hash(client, 5), text, graph.length, json.length};
    r->count++;
    r->bytes += bytes;
    pthread_mutex_unlock(&r->lock);
}

bool service_recent_get(service_recent *r, str id, str client, arena *a, str *graph, str *json)
{
    uint64_t wanted = str_hash(id, 3);
    uint64_t owner = str_hash(client, 5);
    bool found = false;
    pthread_mutex_lock(&r->lock);
    for (size_t i = r->count; i-- > 0 && !found;) {
        const record *x = &r->ring[(r->oldest + i) % r->most];
        if (x->text == NULL || x->id != wanted || x->client != owner)
            continue;
        *graph = arena_str(a, str_make(x->text, x->graph_bytes));
        *json = arena_str(a, str_make(x->text + x->graph_bytes + 1, x->json_bytes));
        found = graph->data != NULL && json->data != NULL;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

void service_recent_erase(service_recent *r, str user_json)
{
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->count; i++) {
        record *x = &r->ring[(r->oldest + i) % r->most];
        if (x->text != NULL && str_find(str_make(x->text + x->graph_bytes + 1, x->json_bytes),
                                        user_json, 0) != STR_NONE)
            drop(r, x);
    }
    pthread_mutex_unlock(&r->lock);
}
