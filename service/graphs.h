/* The graphs that are served: each an engine (graph, pack, model) under a name. A request acquires
 * a graph and keeps it through its whole life; a reload or a replaced file brings a new engine
 * beside the old one, which is closed when its last request has ended: there is no gap. */
#ifndef VOUCH_SERVICE_GRAPHS_H
#define VOUCH_SERVICE_GRAPHS_H

#include <stddef.h>

#include "core/error.h"
#include "core/log.h"
#include "fusion/engine.h"
#include "kg/store.h"
#include "service/config.h"

typedef struct service_graphs service_graphs;

typedef struct service_graph {
    const char *name;
    const char *path;
    fusion_engine *engine;
    kg_store *store; /* for reading beside the engine, and for loads */
    uint64_t file;   /* which file lies behind it; another when it is replaced */
} service_graph;

/* Opens every graph of the configuration; all or nothing. */
status service_graphs_open(const service_config *config, const logger *log, service_graphs **out,
                           error *err);
void service_graphs_close(service_graphs *graphs);

/* Opens what the new configuration adds or changes, then swaps; on an error nothing changes. */
status service_graphs_reload(service_graphs *graphs, const service_config *config, error *err);
/* Re-opens graphs whose file was replaced (restored) since. Called now and then by one thread. */
void service_graphs_refresh(service_graphs *graphs);

/* NULL when there is none of that name. */
service_graph *service_graphs_acquire(service_graphs *graphs, const char *name);
/* As acquire, but opens the graph again first when its file was replaced: for a write, which must
 * not go to a file that has no name any more. STATUS_NOT_FOUND: there is none; others: it does not
 * open. */
status service_graphs_acquire_current(service_graphs *graphs, const char *name, service_graph **out,
                                      error *err);
/* Whether the graph's file is still the one at its path. */
bool service_graph_is_current(const service_graph *graph);
void service_graphs_release(service_graphs *graphs, service_graph *graph);

/* Acquires all; the caller releases each and frees the array. */
size_t service_graphs_all(service_graphs *graphs, service_graph ***out);

#endif
