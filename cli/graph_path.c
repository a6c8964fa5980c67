/* `vouch graph path`: the shortest paths between two nodes, by breadth-first search over edges in
 * both directions, from FROM until TO is reached; hubs are expanded only in part. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/graph.h"

#define PATH_HOPS 6
#define PATH_NODES 200000 /* nodes visited before the search gives up */
#define PATH_FAN 2000     /* edges followed from one node */

typedef struct visit {
    kg_id node;
    kg_statement by; /* the edge that led here; unused for the start */
    size_t from;     /* the visit before */
    int hops;
} visit;

typedef struct search {
    visit *visits;
    size_t count, capacity;
    kg_id *seen; /* open addressing, 0 = free */
    int *seen_hops;
    size_t seen_size;
    size_t ends[16]; /* visits that reached the goal */
    size_t end_count;
    bool cut; /* a bound was reached */
} search;

/* Where a node stands in `seen`, or where it would. */
static size_t seen_at(const search *s, kg_id node)
{
    size_t at = (size_t)(node * 0x9E3779B97F4A7C15ull) & (s->seen_size - 1);
    while (s->seen[at] != 0 && s->seen[at] != node)
        at = (at + 1) & (s->seen_size - 1);
    return at;
}

static void add_visit(search *s, visit v, kg_id goal)
{
    size_t at = seen_at(s, v.node);
    bool new_node = s->seen[at] == 0;
    if (!new_node && (s->seen_hops[at] != v.hops || v.node != goal))
        return;
    if (s->count == s->capacity) {
        s->cut = true;
        return;
    }
    s->seen[at] = v.node;
    s->seen_hops[at] = v.hops;
    if (v.node == goal && s->end_count < CORE_COUNT(s->ends))
        s->ends[s->end_count++] = s->count;
    s->visits[s->count++] = v;
}

static status run_search(graph_view *view, kg_id from, kg_id to, search *s, error *err)
{
    arena *a = arena_new(0);
    status code = a == NULL ? error_memory(err) : STATUS_OK;
    add_visit(s, (visit){.node = from}, to);
    for (size_t i = 0; i < s->count && code == STATUS_OK; i++) {
        visit now = s->visits[i];
        if (now.hops >= PATH_HOPS || (s->end_count > 0 && now.hops >= s->visits[s->ends[0]].hops))
            break;
        kg_expand_options options = {.direction = KG_BOTH, .limit = PATH_FAN};
        kg_statement_list list = {0};
        arena_reset(a);
        code = kg_expand(view->read, &now.node, 1, &options, a, &list, err);
        s->cut |= list.more;
        for (size_t j = 0; j < list.count && code == STATUS_OK; j++) {
            kg_id next = list.items[j].s == now.node ? list.items[j].o : list.items[j].s;
            add_visit(s, (visit){next, list.items[j], i, now.hops + 1}, to);
        }
    }
    arena_free(a);
    return code;
}

static size_t steps_of(const search *s, size_t end, kg_statement out[PATH_HOPS], kg_id nodes[])
{
    size_t hops = (size_t)s->visits[end].hops;
    for (size_t i = hops; i > 0; i--) {
        out[i - 1] = s->visits[end].by;
        nodes[i] = s->visits[end].node;
        end = s->visits[end].from;
    }
    nodes[0] = s->visits[end].node;
    return hops;
}

static void print_path(graph_view *view, const kg_statement *steps, const kg_id *nodes, size_t hops)
{
    str label = graph_label(view, nodes[0]);
    printf("%.*s", STR_ARG(label));
    for (size_t i = 0; i < hops; i++) {
        bool out = steps[i].s == nodes[i];
        str relation = graph_label(view, steps[i].p), next = graph_label(view, nodes[i + 1]);
        printf(out ? " → %.*s → %.*s" : " ← %.*s ← %.*s", STR_ARG(relation), STR_ARG(next));
    }
    printf("\n");
}

static int show(graph_view *view, const search *s, bool as_json, size_t limit)
{
    json_t *paths = json_array();
    for (size_t i = 0; i < s->end_count && i < limit; i++) {
        kg_statement steps[PATH_HOPS];
        kg_id nodes[PATH_HOPS + 1];
        size_t hops = steps_of(s, s->ends[i], steps, nodes);
        json_t *path = json_array();
        for (size_t j = 0; j < hops; j++)
            json_array_append_new(path, graph_statement(view, &steps[j]));
        json_array_append_new(paths, path);
        if (!as_json)
            print_path(view, steps, nodes, hops);
    }
    if (!as_json) {
        json_decref(paths);
        if (s->end_count == 0)
            fprintf(stderr, "vouch: graph: no path of up to %d steps was found%s\n", PATH_HOPS,
                    s->cut ? "; the search was cut at its bounds" : "");
    } else {
        json_t *root = json_object();
        json_object_set_new(root, "hops",
                            s->end_count > 0 ? json_integer(s->visits[s->ends[0]].hops)
                                             : json_null());
        json_object_set_new(root, "paths", paths);
        json_object_set_new(root, "cut", json_boolean(s->cut));
        (void)graph_print_json(root);
    }
    return s->end_count > 0 ? 0 : 1;
}

int graph_path(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    kg_id from = 0, to = 0;
    status code = graph_open(arguments, &view, &err);
    if (code != STATUS_OK)
        return cli_fail(&err);
    code = graph_node(&view, arguments->words[0], &from, &err);
    if (code == STATUS_OK && from != 0)
        code = graph_node(&view, arguments->words[1], &to, &err);
    search s = {.capacity = PATH_NODES, .seen_size = (size_t)1 << 19};
    s.visits = calloc(s.capacity, sizeof *s.visits);
    s.seen = calloc(s.seen_size, sizeof *s.seen);
    s.seen_hops = calloc(s.seen_size, sizeof *s.seen_hops);
    if (s.visits == NULL || s.seen == NULL || s.seen_hops == NULL)
        code = error_memory(&err);
    int result = 1;
    if (code == STATUS_OK && from != 0 && to != 0) {
        code = run_search(&view, from, to, &s, &err);
        if (code == STATUS_OK)
            result = show(&view, &s, arguments->json, arguments->limit == 0 ? 5 : arguments->limit);
    }
    free(s.visits);
    free(s.seen);
    free(s.seen_hops);
    graph_close(&view);
    return code == STATUS_OK ? result : cli_fail(&err);
}
