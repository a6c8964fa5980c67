/* See graphs.h. The table is an array of pointers under one mutex; slots are reference-counted, the
 * table holding one count. Opening happens outside the lock. */
#include "service/graphs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct slot {
    service_graph graph; /* first: a service_graph is its slot */
    service_graph_config config;
    bool local_only;
    unsigned references; /* under the table's lock */
    dev_t device;
    ino_t inode;
} slot;

struct service_graphs {
    pthread_mutex_t opening; /* taken before `lock`, while a replaced file is opened */
    pthread_mutex_t lock;
    slot **items;
    size_t count;
    const logger *log;
};

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

static void slot_free(slot *s)
{
    if (s == NULL)
        return;
    fusion_close(s->graph.engine);
    kg_close(s->graph.store);
    free(s->config.path);
    free(s->config.pack);
    free(s->config.model);
    free(s->config.examples);
    free(s);
}

static void note_file(slot *s)
{
    struct stat st;
    if (stat(s->config.path, &st) == 0) {
        s->device = st.st_dev;
        s->inode = st.st_ino;
        s->graph.file = st.st_ino;
    }
}

static status slot_open(const service_graph_config *config, bool local_only, slot **out, error *err)
{
    slot *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    memcpy(s->config.name, config->name, sizeof s->config.name);
    s->config.path = copy_text(config->path);
    s->config.pack = copy_text(config->pack);
    s->config.model = copy_text(config->model);
    s->config.examples = copy_text(config->examples);
    s->local_only = local_only;
    s->references = 1;
    s->graph.name = s->config.name;
    s->graph.path = s->config.path;
    note_file(s);
    const kg_open_options open_options = {.read_only = false};
    const fusion_options options = {.graph_path = s->config.path,
                                    .pack = s->config.pack,
                                    .model = s->config.model,
                                    .examples = s->config.examples,
                                    .local_only = local_only};
    status code = kg_open(s->config.path, &open_options, &s->graph.store, err);
    if (code == STATUS_OK)
        code = fusion_open(&options, &s->graph.engine, err);
    if (code != STATUS_OK) {
        slot_free(s);
        return code;
    }
    *out = s;
    return STATUS_OK;
}

static void drop(service_graphs *graphs, slot *s)
{
    pthread_mutex_lock(&graphs->lock);
    bool last = --s->references == 0;
    pthread_mutex_unlock(&graphs->lock);
    if (last)
        slot_free(s);
}

status service_graphs_open(const service_config *config, const logger *log, service_graphs **out,
                           error *err)
{
    service_graphs *graphs = calloc(1, sizeof *graphs);
    if (graphs == NULL)
        return error_memory(err);
    pthread_mutex_init(&graphs->lock, NULL);
    pthread_mutex_init(&graphs->opening, NULL);
    graphs->log = log;
    status code = service_graphs_reload(graphs, config, err);
    if (code != STATUS_OK) {
        service_graphs_close(graphs);
        return code;
    }
    *out = graphs;
    return STATUS_OK;
}

void service_graphs_close(service_graphs *graphs)
{
    if (graphs == NULL)
        return;
    for (size_t i = 0; i < graphs->count; i++)
        drop(graphs, graphs->items[i]);
    free(graphs->items);
    pthread_mutex_destroy(&graphs->lock);
    pthread_mutex_destroy(&graphs->opening);
    free(graphs);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The open slot that already serves this configuration, with a count taken; NULL when none does. */
static slot *reusable(service_graphs *graphs, const service_graph_config *c, bool local_only)
{
    slot *found = NULL;
    pthread_mutex_lock(&graphs->lock);
    for (size_t i = 0; i < graphs->count && found == NULL; i++) {
        slot *s = graphs->items[i];
        if (strcmp(s->config.name, c->name) == 0 && same_text(s->config.path, c->path) &&
            same_text(s->config.pack, c->pack) && same_text(s->config.model, c->model) &&
            same_text(s->config.examples, c->examples) && s->local_only == local_only)
            found = s;
    }
    if (found != NULL)
        found->references++;
    pthread_mutex_unlock(&graphs->lock);
    return found;
}

status service_graphs_reload(service_graphs *graphs, const service_config *config, error *err)
{
    slot **items = calloc(config->graph_count + 1, sizeof(slot *));
    if (items == NULL)
        return error_memory(err);
    status code = STATUS_OK;
    size_t count = 0;
    for (; code == STATUS_OK && count < config->graph_count; count++) {
        const service_graph_config *c = &config->graphs[count];
        items[count] = reusable(graphs, c, config->local_only);
        if (items[count] == NULL)
            code = slot_open(c, config->local_only, &items[count], err);
        if (code != STATUS_OK)
            break;
    }
    if (code == STATUS_OK) {
        pthread_mutex_lock(&graphs->lock);
        slot **old = graphs->items;
        size_t old_count = graphs->count;
        graphs->items = items;
        graphs->count = count;
        pthread_mutex_unlock(&graphs->lock);
        items = old;
        count = old_count;
    }
    for (size_t i = 0; i < count; i++)
        drop(graphs, items[i]);
    free(items);
    return code;
}

static bool was_replaced(const slot *s)
{
    struct stat st;
    return stat(s->config.path, &st) == 0 && (st.st_dev != s->device || st.st_ino != s->inode);
}

/* Opens the file anew and puts it in the old one's place, whose readers finish with what they have.
 * On failure (a file that is half copied, say) the old one stays. */
static status replace(service_graphs *graphs, slot *old, error *err)
{
    slot *fresh = NULL;
    status code = slot_open(&old->config, old->local_only, &fresh, err);
    if (code != STATUS_OK) {
        LOG(graphs->log, LOG_WARN_LEVEL, "graph_reopen_failed", LOG_CSTR("graph", old->config.name),
            LOG_CSTR("why", err->message));
        return code;
    }
    slot *dropped = fresh;
    pthread_mutex_lock(&graphs->lock);
    for (size_t i = 0; i < graphs->count; i++) {
        if (graphs->items[i] == old) {
            graphs->items[i] = fresh;
            dropped = old;
        }
    }
    pthread_mutex_unlock(&graphs->lock);
    LOG(graphs->log, LOG_INFO_LEVEL, "graph_reopened", LOG_CSTR("graph", old->config.name));
    drop(graphs, dropped);
    return STATUS_OK;
}

/* Re-opens one graph if its file was replaced. One thread at a time, so that a tick and a load do
 * not both do it. */
static status refresh(service_graphs *graphs, slot *s, error *err)
{
    status code = STATUS_OK;
    if (!was_replaced(s))
        return code;
    pthread_mutex_lock(&graphs->opening);
    bool served = false;
    pthread_mutex_lock(&graphs->lock);
    for (size_t i = 0; i < graphs->count; i++)
        served = served || graphs->items[i] == s;
    pthread_mutex_unlock(&graphs->lock);
    if (served)
        code = replace(graphs, s, err);
    pthread_mutex_unlock(&graphs->opening);
    return code;
}

void service_graphs_refresh(service_graphs *graphs)
{
    service_graph **all;
    size_t count = service_graphs_all(graphs, &all);
    for (size_t i = 0; i < count; i++) {
        error err = {0};
        (void)refresh(graphs, (slot *)(void *)all[i], &err); /* logged; the next tick tries again */
        service_graphs_release(graphs, all[i]);
    }
    free(all);
}

bool service_graph_is_current(const service_graph *graph)
{
    struct stat st;
    const slot *s = (const slot *)(const void *)graph;
    return stat(s->config.path, &st) == 0 && !was_replaced(s);
}

status service_graphs_acquire_current(service_graphs *graphs, const char *name, service_graph **out,
                                      error *err)
{
    service_graph *found = service_graphs_acquire(graphs, name);
    if (found == NULL)
        return error_set(err, STATUS_NOT_FOUND, "the graph is not served any more");
    if (service_graph_is_current(found)) {
        *out = found;
        return STATUS_OK;
    }
    status code = refresh(graphs, (slot *)(void *)found, err);
    service_graphs_release(graphs, found);
    if (code == STATUS_OK)
        found = service_graphs_acquire(graphs, name);
    if (code != STATUS_OK)
        return code;
    if (found == NULL || !service_graph_is_current(found)) {
        service_graphs_release(graphs, found);
        return error_set(err, STATUS_IO, "the graph's file is missing");
    }
    *out = found;
    return STATUS_OK;
}

service_graph *service_graphs_acquire(service_graphs *graphs, const char *name)
{
    slot *found = NULL;
    pthread_mutex_lock(&graphs->lock);
    for (size_t i = 0; i < graphs->count && found == NULL; i++)
        if (strcmp(graphs->items[i]->config.name, name) == 0)
            found = graphs->items[i];
    if (found != NULL)
        found->references++;
    pthread_mutex_unlock(&graphs->lock);
    return found == NULL ? NULL : &found->graph;
}

void service_graphs_release(service_graphs *graphs, service_graph *graph)
{
    if (graph != NULL)
        drop(graphs, (slot *)(void *)graph);
}

size_t service_graphs_all(service_graphs *graphs, service_graph ***out)
{
    pthread_mutex_lock(&graphs->lock);
    size_t count = 0;
    service_graph **all = calloc(graphs->count + 1, sizeof(service_graph *));
    for (size_t i = 0; all != NULL && i < graphs->count; i++) {
        graphs->items[i]->references++;
        all[count++] = &graphs->items[i]->graph;
    }
    pthread_mutex_unlock(&graphs->lock);
    *out = all;
    return count;
}
