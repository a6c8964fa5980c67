/* `vouch graph stats|entity|neighbors|sources`. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/graph.h"

static int done(graph_view *view, status code, const error *err)
{
    graph_close(view);
    return code == STATUS_OK ? 0 : cli_fail(err);
}

/* --- stats -------------------------------------------------------------------------------------
 */
static const char *value_name(kg_value_kind kind)
{
    static const char *const names[] = {"none",    "number", "date",   "duration",
                                        "percent", "money",  "boolean"};
    return names[kind];
}

static json_t *class_list(graph_view *view, const kg_class_count *classes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = graph_term(view, classes[i].class_id);
        json_object_set_new(item, "count", json_integer((json_int_t)classes[i].count));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *relation_json(graph_view *view, const kg_relation *r)
{
    json_t *item = graph_term(view, r->id);
    json_object_set_new(item, "count", json_integer((json_int_t)r->count));
    json_object_set_new(item, "subjects", json_integer((json_int_t)r->subjects));
    json_object_set_new(item, "objects", json_integer((json_int_t)r->objects));
    json_object_set_new(item, "functional", json_real(r->functional));
    json_object_set_new(item, "inverse_functional", json_real(r->inverse_functional));
    json_object_set_new(item, "literal_share", json_real(r->literal_share));
    json_object_set_new(item, "value_kind", json_string(value_name(r->value_kind)));
    json_object_set_new(item, "domain", class_list(view, r->domain, r->domain_count));
    json_object_set_new(item, "range", class_list(view, r->range, r->range_count));
    return item;
}

typedef struct overview {
    kg_totals totals;
    kg_relation *relations;
    kg_class_count *classes;
    size_t relation_count, class_count;
} overview;

static int stats_json(graph_view *view, const overview *o)
{
    json_t *relations = json_array();
    for (size_t i = 0; i < o->relation_count; i++)
        json_array_append_new(relations, relation_json(view, &o->relations[i]));
    const struct {
        const char *key;
        uint64_t value;
    } totals[] = {{"statements", o->totals.statements}, {"terms", o->totals.terms},
                  {"entities", o->totals.entities},     {"literals", o->totals.literals},
                  {"sources", o->totals.sources},       {"passages", o->totals.passages},
                  {"labels", o->totals.labels},         {"version", o->totals.version}};
    json_t *root = json_object();
    for (size_t i = 0; i < CORE_COUNT(totals); i++)
        json_object_set_new(root, totals[i].key, json_integer((json_int_t)totals[i].value));
    json_object_set_new(root, "relations", relations);
    json_object_set_new(root, "classes", class_list(view, o->classes, o->class_count));
    json_object_set_new(root, "graph_uuid", graph_text(kg_graph_uuid(view->read)));
    json_object_set_new(root, "pack", graph_text(kg_meta_get(view->read, STR("pack"))));
    return graph_print_json(root);
}

static void stats_text(graph_view *view, const overview *o, size_t limit)
{
    const kg_totals *t = &o->totals;
    printf("statements %" PRIu64 "\nterms      %" PRIu64 " (%" PRIu64 " entities, %" PRIu64
           " literals)\nlabels     %" PRIu64 "\npassages   %" PRIu64 "\nsources    %" PRIu64
           "\nversion    %" PRIu64 "\n",
           t->statements, t->terms, t->entities, t->literals, t->labels, t->passages, t->sources,
           t->version);
    printf("\nrelations  %zu\n", o->relation_count);
    for (size_t i = 0; i < o->relation_count && i < limit; i++) {
        str label = graph_label(view, o->relations[i].id);
        printf("  %10" PRIu64 "  %.*s\n", o->relations[i].count, STR_ARG(label));
    }
    if (o->relation_count > limit)
        printf("  and %zu more (--limit N)\n", o->relation_count - limit);
    printf("\nclasses    %zu\n", o->class_count);
    for (size_t i = 0; i < o->class_count && i < limit; i++) {
        str label = graph_label(view, o->classes[i].class_id);
        printf("  %10" PRIu64 "  %.*s\n", o->classes[i].count, STR_ARG(label));
    }
    if (o->class_count > limit)
        printf("  and %zu more (--limit N)\n", o->class_count - limit);
}

int graph_stats(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    overview o = {0};
    status code = graph_open(arguments, &view, &err);
    if (code != STATUS_OK)
        return cli_fail(&err);
    code = kg_read_totals(view.read, &o.totals, &err);
    if (code == STATUS_OK)
        code = kg_relations(view.read, view.a, &o.relations, &o.relation_count, &err);
    if (code == STATUS_OK)
        code = kg_classes(view.read, view.a, &o.classes, &o.class_count, &err);
    if (code == STATUS_OK && arguments->json)
        (void)stats_json(&view, &o);
    else if (code == STATUS_OK)
        stats_text(&view, &o, arguments->limit == 0 ? 20 : arguments->limit);
    return done(&view, code, &err);
}

/* --- entity and neighbors
 * ------------------------------------------------------------------------- */
static void print_validity(const kg_statement *st)
{
    char from[16], to[16];
    clock_day_format(st->valid_from, from);
    clock_day_format(st->valid_to, to);
    if (from[0] != 0 || to[0] != 0)
        printf("  [%s, %s)", from, to);
}

static void print_statement(graph_view *view, const kg_statement *st)
{
    str s = graph_label(view, st->s), p = graph_label(view, st->p), o = graph_label(view, st->o);
    printf("  %.*s → %.*s → %.*s", STR_ARG(s), STR_ARG(p), STR_ARG(o));
    print_validity(st);
    printf("  #%016llx\n", (unsigned long long)st->id);
}

static json_t *label_list(const kg_label *labels, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "text", graph_text(labels[i].text));
        json_object_set_new(item, "lang", graph_text(labels[i].lang));
        json_object_set_new(item, "kind",
                            json_string(labels[i].kind == KG_LABEL_PRIMARY ? "primary" : "alias"));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *statement_list(graph_view *view, const kg_statement_list *list)
{
    json_t *items = json_array();
    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(items, graph_statement(view, &list->items[i]));
    return items;
}

typedef struct portrait {
    kg_id node;
    kg_label *labels;
    size_t label_count;
    kg_id_list types;
    kg_statement_list statements;
} portrait;

static int entity_json(graph_view *view, const portrait *p)
{
    json_t *root = graph_term(view, p->node), *types = json_array();
    for (size_t i = 0; i < p->types.count; i++)
        json_array_append_new(types, graph_term(view, p->types.items[i]));
    json_object_set_new(root, "labels", label_list(p->labels, p->label_count));
    json_object_set_new(root, "types", types);
    json_object_set_new(root, "statements", statement_list(view, &p->statements));
    json_object_set_new(root, "more", json_boolean(p->statements.more));
    return graph_print_json(root);
}

static void entity_text(graph_view *view, const portrait *p)
{
    kg_term term = {.kind = KG_TERM_IRI};
    error ignored = {0};
    str label = graph_label(view, p->node);
    (void)kg_terms(view->read, &p->node, 1, view->a, &term, &ignored);
    printf("%.*s  %s%.*s%s\n", STR_ARG(label),
           term.kind == KG_TERM_IRI ? "<" : "_:", STR_ARG(term.lexical),
           term.kind == KG_TERM_IRI ? ">" : "");
    for (size_t i = 0; i < p->label_count; i++)
        printf("  %s: %.*s%s%.*s\n", p->labels[i].kind == KG_LABEL_PRIMARY ? "label" : "alias",
               STR_ARG(p->labels[i].text), p->labels[i].lang.length > 0 ? "@" : "",
               STR_ARG(p->labels[i].lang));
    for (size_t i = 0; i < p->statements.count; i++)
        print_statement(view, &p->statements.items[i]);
    if (p->statements.more)
        printf("  and more (--limit N)\n");
}

int graph_entity(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    portrait p = {0};
    status code = graph_open(arguments, &view, &err);
    if (code != STATUS_OK)
        return cli_fail(&err);
    code = graph_node(&view, arguments->words[0], &p.node, &err);
    if (code == STATUS_OK && p.node == 0) {
        graph_close(&view);
        return 1;
    }
    kg_expand_options around = {.direction = KG_BOTH,
                                .limit = arguments->limit == 0 ? 100 : arguments->limit};
    if (code == STATUS_OK)
        code = kg_label_list(view.read, p.node, view.a, &p.labels, &p.label_count, &err);
    if (code == STATUS_OK)
        code = kg_types(view.read, p.node, view.a, &p.types, &err);
    if (code == STATUS_OK)
        code = kg_expand(view.read, &p.node, 1, &around, view.a, &p.statements, &err);
    if (code == STATUS_OK && arguments->json)
        (void)entity_json(&view, &p);
    else if (code == STATUS_OK)
        entity_text(&view, &p);
    return done(&view, code, &err);
}

/* The node at the other end, with the statement that leads there. */
static json_t *neighbor_json(graph_view *view, const kg_statement *st, bool out)
{
    json_t *node = graph_term(view, out ? st->o : st->s), *edge = graph_statement(view, st);
    static const char *const keys[] = {"statement_id", "valid_from", "valid_to"};
    for (size_t i = 0; i < CORE_COUNT(keys); i++)
        json_object_set(node, keys[i], json_object_get(edge, keys[i]));
    json_decref(edge);
    return node;
}

static status print_kind(graph_view *view, kg_id node, const kg_edge_kind *kind, size_t limit,
                         json_t *list, error *err)
{
    kg_expand_options options = {.relations = &kind->relation,
                                 .relation_count = 1,
                                 .direction = kind->direction,
                                 .limit = limit};
    kg_statement_list found = {0};
    status code = kg_expand(view->read, &node, 1, &options, view->a, &found, err);
    if (code != STATUS_OK)
        return code;
    bool out = kind->direction == KG_OUT;
    if (list != NULL) {
        json_t *item = json_object(), *nodes = json_array();
        json_object_set_new(item, "relation", graph_term(view, kind->relation));
        json_object_set_new(item, "direction", json_string(out ? "out" : "in"));
        json_object_set_new(item, "count", json_integer((json_int_t)kind->count));
        for (size_t i = 0; i < found.count; i++)
            json_array_append_new(nodes, neighbor_json(view, &found.items[i], out));
        json_object_set_new(item, "nodes", nodes);
        json_array_append_new(list, item);
        return STATUS_OK;
    }
    str relation = graph_label(view, kind->relation);
    printf("%s %.*s (%" PRIu64 ")\n", out ? "→" : "←", STR_ARG(relation), kind->count);
    for (size_t i = 0; i < found.count; i++) {
        str label = graph_label(view, out ? found.items[i].o : found.items[i].s);
        printf("    %.*s", STR_ARG(label));
        print_validity(&found.items[i]);
        printf("\n");
    }
    if (found.count < kind->count)
        printf("    and %" PRIu64 " more (--limit N)\n", kind->count - found.count);
    return STATUS_OK;
}

int graph_neighbors(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    kg_id node = 0;
    kg_edge_kind *kinds = NULL;
    size_t count = 0;
    status code = graph_open(arguments, &view, &err);
    if (code != STATUS_OK)
        return cli_fail(&err);
    code = graph_node(&view, arguments->words[0], &node, &err);
    if (code == STATUS_OK && node == 0) {
        graph_close(&view);
        return 1;
    }
    if (code == STATUS_OK)
        code = kg_edge_kinds(view.read, node, 1000000, view.a, &kinds, &count, &err);
    json_t *list = arguments->json ? json_array() : NULL;
    for (size_t i = 0; i < count && code == STATUS_OK; i++)
        code = print_kind(&view, node, &kinds[i], arguments->limit == 0 ? 10 : arguments->limit,
                          list, &err);
    if (list != NULL && code == STATUS_OK) {
        json_t *root = graph_term(&view, node);
        json_object_set_new(root, "neighbors", list);
        (void)graph_print_json(root);
    } else {
        json_decref(list);
    }
    return done(&view, code, &err);
}

/* --- sources
 * ---------------------------------------------------------------------------------------- */
static void source_text(const kg_source *source)
{
    char when[32] = "";
    time_t seconds = (time_t)source->loaded_at;
    struct tm parts;
    if (gmtime_r(&seconds, &parts) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M", &parts);
    printf("%10" PRIu64 "  %s  %-8.*s  authority %.2f  %.*s\n", source->statements, when,
           STR_ARG(source->format), source->authority, STR_ARG(source->name));
}

int graph_sources(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    kg_source *sources = NULL;
    size_t count = 0;
    status code = graph_open(arguments, &view, &err);
    if (code != STATUS_OK)
        return cli_fail(&err);
    code = kg_sources(view.read, view.a, &sources, &count, &err);
    json_t *list = arguments->json ? json_array() : NULL;
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        if (list == NULL) {
            source_text(&sources[i]);
            continue;
        }
        json_t *item = json_object();
        json_object_set_new(item, "name", graph_text(sources[i].name));
        json_object_set_new(item, "format", graph_text(sources[i].format));
        json_object_set_new(item, "statements", json_integer((json_int_t)sources[i].statements));
        json_object_set_new(item, "loaded_at", json_integer((json_int_t)sources[i].loaded_at));
        json_object_set_new(item, "authority", json_real(sources[i].authority));
        json_array_append_new(list, item);
    }
    if (list != NULL && code == STATUS_OK) {
        json_t *root = json_object();
        json_object_set_new(root, "sources", list);
        (void)graph_print_json(root);
    } else {
        json_decref(list);
    }
    return done(&view, code, &err);
}
