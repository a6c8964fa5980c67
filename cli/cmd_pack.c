/* vouch pack: checks a domain pack, induces one from a graph. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "fusion/induce.h"
#include "kg/pack.h"
#include "kg/store.h"

static const char help[] =
    "usage: vouch pack check PACK [--graph G.kg] [--json]\n"
    "       vouch pack induce --graph G.kg [--name NAME]\n"
    "\n"
    "check   reads a pack (a name such as medical, or a .json file); an error names the JSON\n"
    "        pointer; with --graph it also tells which relations of the graph the pack does not\n"
    "        know and which of its own the graph does not hold\n"
    "induce  prints a pack made from a graph: classes, relations, labels, domains, ranges,\n"
    "        statistics, and suggestions, which are never applied by themselves\n"
    "\n"
    "exit status: 0 sound, 2 usage, 3 the pack or the graph is bad\n";

typedef struct pack_options {
    const char *graph, *name;
    bool json;
} pack_options;

/* Which relations of the graph the pack knows. */
static status compare(const pack *p, kg_read *read, json_t *report, error *err)
{
    arena *a = arena_new(0);
    kg_relation *relations = NULL;
    size_t count = 0, known = 0;
    status st = a == NULL ? error_memory(err) : kg_relations(read, a, &relations, &count, err);
    size_t own_count;
    const pack_relation *own = pack_relations(p, &own_count);
    bool *met = calloc(own_count + 1, sizeof *met);
    json_t *unknown = json_array(), *unused = json_array();
    for (size_t i = 0; st == STATUS_OK && met != NULL && i < count; i++) {
        kg_term term;
        str label;
        st = kg_terms(read, &relations[i].id, 1, a, &term, err);
        if (st == STATUS_OK)
            st = kg_labels(read, &relations[i].id, 1, (str){0}, a, &label, err);
        if (st != STATUS_OK)
            break;
        size_t found = pack_relation_find(p, term.lexical, label);
        known += found != PACK_NONE ? 1 : 0;
        if (found != PACK_NONE)
            met[found] = true;
        else
            json_array_append_new(unknown, json_stringn(term.lexical.data, term.lexical.length));
    }
    for (size_t i = 0; met != NULL && i < own_count; i++)
        if (!met[i])
            json_array_append_new(unused, json_stringn(own[i].id.data, own[i].id.length));
    json_object_set_new(report, "known", json_integer((json_int_t)known));
    json_object_set_new(report, "not_in_pack", unknown);
    json_object_set_new(report, "not_in_graph", unused);
    free(met);
    arena_free(a);
    return st;
}

static status compare_graph(const pack *p, const char *path, json_t *report, error *err)
{
    kg_store *store = NULL;
    kg_read *read = NULL;
    const kg_open_options options = {.read_only = true};
    status st = kg_open(path, &options, &store, err);
    if (st == STATUS_OK)
        st = kg_read_begin(store, &read, err);
    if (st == STATUS_OK)
        st = compare(p, read, report, err);
    kg_read_end(read);
    kg_close(store);
    return st;
}

static void print_names(const json_t *report, const char *key, const char *title)
{
    const json_t *list = json_object_get(report, key);
    if (json_array_size(list) == 0)
        return;
    printf("%s\n", title);
    for (size_t i = 0; i < json_array_size(list); i++)
        printf("  %s\n", json_string_value(json_array_get(list, i)));
}

static void print_report(const json_t *report, bool as_json)
{
    if (as_json) {
        json_dumpf(report, stdout, JSON_INDENT(2));
        putchar('\n');
        return;
    }
    printf("%s: sound: %lld classes, %lld relations, %lld operators, %lld names, %lld refusals\n",
           json_string_value(json_object_get(report, "version")),
           (long long)json_integer_value(json_object_get(report, "classes")),
           (long long)json_integer_value(json_object_get(report, "relations")),
           (long long)json_integer_value(json_object_get(report, "operators")),
           (long long)json_integer_value(json_object_get(report, "entities")),
           (long long)json_integer_value(json_object_get(report, "refusals")));
    if (json_object_get(report, "known") != NULL)
        printf("it knows %lld relations of the graph\n",
               (long long)json_integer_value(json_object_get(report, "known")));
    print_names(report, "not_in_pack", "relations of the graph that the pack does not know:");
    print_names(report, "not_in_graph", "relations of the pack that the graph does not hold:");
}

static int check(const char *name, const pack_options *o)
{
    error err = {0};
    pack *p = NULL;
    status st = pack_open(name, &p, &err);
    if (st != STATUS_OK)
        return cli_fail(&err) == 2 ? 2 : 3;
    size_t classes, relations, operators, entities, refusals;
    (void)pack_classes(p, &classes);
    (void)pack_relations(p, &relations);
    (void)pack_operators(p, &operators);
    (void)pack_entities(p, &entities);
    (void)pack_refusals(p, &refusals);
    str version = pack_version(p);
    json_t *report = json_pack("{s:s#, s:I, s:I, s:I, s:I, s:I}", "version", version.data,
                               version.length, "classes", (json_int_t)classes, "relations",
                               (json_int_t)relations, "operators", (json_int_t)operators,
                               "entities", (json_int_t)entities, "refusals", (json_int_t)refusals);
    if (o->graph != NULL)
        st = compare_graph(p, o->graph, report, &err);
    if (st == STATUS_OK)
        print_report(report, o->json);
    json_decref(report);
    pack_close(p);
    return st == STATUS_OK ? 0 : cli_fail(&err);
}

static int induce(const pack_options *o)
{
    error err = {0};
    kg_store *store = NULL;
    kg_read *read = NULL;
    json_t *made = NULL;
    const kg_open_options options = {.read_only = true};
    if (o->graph == NULL)
        return cli_usage("pack", "--graph is missing");
    status st = kg_open(o->graph, &options, &store, &err);
    if (st == STATUS_OK)
        st = kg_read_begin(store, &read, &err);
    if (st == STATUS_OK)
        st = induce_pack(read, o->name == NULL ? "induced" : o->name, &made, &err);
    if (st == STATUS_OK) {
        json_dumpf(made, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(made);
    kg_read_end(read);
    kg_close(store);
    return st == STATUS_OK ? 0 : cli_fail(&err);
}

int cmd_pack(int argc, char **argv)
{
    pack_options o = {0};
    const args_option options[] = {{"--graph", ARGS_TEXT, &o.graph},
                                   {"--name", ARGS_TEXT, &o.name},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count == 2 && strcmp(argv[1], "check") == 0)
        return check(argv[2], &o);
    if (count == 1 && strcmp(argv[1], "induce") == 0)
        return induce(&o);
    return cli_usage("pack", "say 'check PACK' or 'induce --graph G.kg'");
}
