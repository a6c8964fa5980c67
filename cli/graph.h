/* What the subcommands of `vouch graph` share. */
#ifndef VOUCH_CLI_GRAPH_H
#define VOUCH_CLI_GRAPH_H

#include <jansson.h>
#include <stdbool.h>

#include "cli/names.h"

typedef struct graph_arguments {
    const char *path;     /* the graph file */
    const char *words[4]; /* what stands behind it */
    int word_count;
    bool json, force;
    size_t limit; /* 0 = the subcommand's own */
    const char *lang;
} graph_arguments;

typedef struct graph_view { /* an open graph with one consistent read */
    kg_store *store;
    kg_read *read;
    arena *a;
    cli_names names;
    bool json; /* also of what goes wrong */
} graph_view;

status graph_open(const graph_arguments *arguments, graph_view *out, error *err);
void graph_close(graph_view *view);

/* A node by IRI (with or without <>), blank label (_:x) or name; *out 0 when there is none, and
 * the nearest names have been printed: to standard error, or with --json as {error} to standard
 * output. */
status graph_node(graph_view *view, const char *text, kg_id *out, error *err);
str graph_label(graph_view *view, kg_id id);
json_t *graph_text(str text);
/* {term, label} of a node: the IRI, "_:x", or for a literal its text. */
json_t *graph_term(graph_view *view, kg_id id);
json_t *graph_statement(graph_view *view, const kg_statement *statement);
/* Prints and frees; the exit code. */
int graph_print_json(json_t *root);

int graph_stats(const graph_arguments *arguments);
int graph_entity(const graph_arguments *arguments);
int graph_neighbors(const graph_arguments *arguments);
int graph_path(const graph_arguments *arguments);
int graph_sources(const graph_arguments *arguments);
int graph_delete_source(const graph_arguments *arguments);
int graph_export(const graph_arguments *arguments);
int graph_backup(const graph_arguments *arguments);
int graph_restore(const graph_arguments *arguments);
int graph_check(const graph_arguments *arguments);

#endif
