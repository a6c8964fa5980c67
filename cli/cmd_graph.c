/* `vouch graph`: looking into a graph and keeping it. This file reads the arguments and holds what
 * the subcommands share; they lie in graph_show.c, graph_path.c and graph_keep.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/graph.h"

static const struct {
    const char *name, *arguments, *summary;
    int words; /* behind the graph file */
    int (*run)(const graph_arguments *arguments);
} subcommands[] = {
    {"stats", "G.kg", "how many statements, terms, relations, classes, sources", 0, graph_stats},
    {"entity", "G.kg NAME", "all that is known about one entity", 1, graph_entity},
    {"neighbors", "G.kg NAME", "what an entity is connected with, by relation", 1, graph_neighbors},
    {"path", "G.kg FROM TO", "the shortest paths between two entities", 2, graph_path},
    {"sources", "G.kg", "what the graph was loaded from", 0, graph_sources},
    {"delete-source", "G.kg SOURCE", "forget a source and what only it said", 1,
     graph_delete_source},
    {"export", "G.kg", "write N-Quads with provenance to standard output", 0, graph_export},
    {"backup", "G.kg FILE", "a consistent copy, while others read and write", 1, graph_backup},
    {"restore", "G.kg FILE", "make G.kg from a backup (--force to replace it)", 1, graph_restore},
    {"check", "G.kg", "verify every invariant, name what is broken", 0, graph_check},
};

static int help(void)
{
    printf("usage: vouch graph SUBCOMMAND G.kg [ARGUMENTS] [--json] [--limit N] [--lang L]\n\n");
    for (size_t i = 0; i < CORE_COUNT(subcommands); i++)
        printf("  %-13s %-13s %s\n", subcommands[i].name, subcommands[i].arguments,
               subcommands[i].summary);
    printf("\nNAME is a label, an alias, an <IRI> or a blank node's _:label.\n"
           "\n"
           "  --json     as JSON (schemas/graph.schema.json)\n"
           "  --limit N  at most N of each list\n"
           "  --lang L   names in this language where there are any, such as zh or en; without it\n"
           "             the language of NAME, else the locale's, else the graph's own\n"
           "\n"
           "exit status: 0 done, 1 the graph holds no such name or path, 2 usage, 3 bad data\n");
    return 0;
}

/* 0, or the exit code of wrong usage. */
static int take_option(int argc, char **argv, int *i, graph_arguments *out)
{
    const char *option = argv[*i];
    bool valued = strcmp(option, "--graph") == 0 || strcmp(option, "--lang") == 0 ||
                  strcmp(option, "--limit") == 0;
    if (strcmp(option, "--json") == 0)
        out->json = true;
    else if (strcmp(option, "--force") == 0)
        out->force = true;
    else if (!valued)
        return cli_usage("graph", "there is no option %s", option);
    if (!valued)
        return 0;
    if (*i + 1 >= argc)
        return cli_usage("graph", "%s needs a value", option);
    const char *value = argv[++*i];
    int64_t limit = 0;
    if (strcmp(option, "--graph") == 0)
        out->path = value;
    else if (strcmp(option, "--lang") == 0)
        out->lang = value;
    else if (!str_to_i64(str_from(value), &limit) || limit < 1)
        return cli_usage("graph", "--limit needs a number of 1 or more, not '%s'", value);
    else
        out->limit = (size_t)limit;
    return 0;
}

int cmd_graph(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        (void)help();
        return argc < 2 ? 2 : 0;
    }
    size_t which = 0;
    while (which < CORE_COUNT(subcommands) && strcmp(subcommands[which].name, argv[1]) != 0)
        which++;
    if (which == CORE_COUNT(subcommands))
        return cli_usage("graph", "there is no subcommand '%s'", argv[1]);
    graph_arguments arguments = {.lang = ""};
    bool plain = false;
    for (int i = 2; i < argc; i++) {
        if (!plain && strcmp(argv[i], "--") == 0)
            plain = true;
        else if (!plain && strcmp(argv[i], "--help") == 0)
            return help();
        else if (!plain && argv[i][0] == '-' && argv[i][1] == '-') {
            int code = take_option(argc, argv, &i, &arguments);
            if (code != 0)
                return code;
        } else if (arguments.path == NULL)
            arguments.path = argv[i];
        else if (arguments.word_count < (int)CORE_COUNT(arguments.words))
            arguments.words[arguments.word_count++] = argv[i];
        else
            return cli_usage("graph", "too many arguments");
    }
    if (arguments.path == NULL || arguments.word_count != subcommands[which].words)
        return cli_usage("graph", "%s needs %s", argv[1], subcommands[which].arguments);
    return subcommands[which].run(&arguments);
}

status graph_open(const graph_arguments *arguments, graph_view *out, error *err)
{
    graph_view view = {.a = arena_new(0), .json = arguments->json};
    status code = view.a == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK)
        code = kg_open(arguments->path, &(kg_open_options){.read_only = true}, &view.store, err);
    if (code == STATUS_OK)
        cli_tell_migration(view.store);
    if (code == STATUS_OK)
        code = kg_read_begin(view.store, &view.read, err);
    if (code != STATUS_OK) {
        graph_close(&view);
        return code;
    }
    cli_names_open(view.read, arguments->lang, arguments->words, (size_t)arguments->word_count,
                   NULL, view.a, &view.names);
    *out = view;
    return STATUS_OK;
}

void graph_close(graph_view *view)
{
    cli_names_close(&view->names);
    kg_read_end(view->read);
    kg_close(view->store);
    arena_free(view->a);
}

#define NEAREST 5

static int print_unknown(str text, const str *nearest, size_t count)
{
    json_t *names = json_array(), *what = json_object(), *root = json_object();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, graph_text(nearest[i]));
    json_object_set_new(what, "code", json_string("not_found"));
    json_object_set_new(what, "name", graph_text(text));
    json_object_set_new(what, "nearest", names);
    json_object_set_new(root, "error", what);
    return graph_print_json(root);
}

/* Says that there is no such name, and which ones are like it. */
static status suggest(graph_view *view, str text, error *err)
{
    kg_hit *hits = NULL;
    size_t count = 0, kept = 0;
    str nearest[NEAREST];
    status code = kg_label_search(view->read, text, &(kg_search_options){.limit = 4 * NEAREST},
                                  view->a, &hits, &count, err);
    if (code != STATUS_OK)
        return code;
    for (size_t i = 0; i < count && kept < NEAREST; i++) {
        bool known = false; /* one name of several nodes is shown once */
        for (size_t k = 0; k < kept; k++)
            known = known || str_equal(nearest[k], hits[i].text);
        if (!known)
            nearest[kept++] = hits[i].text;
    }
    if (view->json)
        (void)print_unknown(text, nearest, kept);
    fprintf(stderr, "vouch: graph: it holds nothing called '%.*s'", STR_ARG(text));
    for (size_t i = 0; i < kept; i++)
        fprintf(stderr, "%s%.*s", i == 0 ? "; nearest: " : ", ", STR_ARG(nearest[i]));
    fprintf(stderr, "\n");
    return STATUS_OK;
}

status graph_node(graph_view *view, const char *text, kg_id *out, error *err)
{
    str name = str_trim(str_from(text));
    kg_term term = {.kind = KG_TERM_IRI, .lexical = name};
    if (str_starts(name, STR("<")) && str_ends(name, STR(">")))
        term.lexical = str_slice(name, 1, name.length - 1);
    if (str_starts(name, STR("_:")))
        term = (kg_term){.kind = KG_TERM_BLANK, .lexical = str_slice(name, 2, name.length)};
    *out = 0;
    status code = kg_find(view->read, term, out, err);
    if (code != STATUS_OK || *out != 0)
        return code;
    kg_hit *hits = NULL;
    size_t count = 0;
    code = kg_label_search(view->read, name, &(kg_search_options){.exact_only = true}, view->a,
                           &hits, &count, err);
    if (code == STATUS_OK && count > 0) {
        *out = hits[0].term;
        return STATUS_OK;
    }
    return code == STATUS_OK ? suggest(view, name, err) : code;
}

str graph_label(graph_view *view, kg_id id)
{
    return cli_names_of(&view->names, id, view->a);
}

json_t *graph_text(str text)
{
    json_t *value = json_stringn(text.data == NULL ? "" : text.data, text.length);
    return value != NULL ? value : json_string("\xef\xbf\xbd");
}

json_t *graph_term(graph_view *view, kg_id id)
{
    kg_term term = {.kind = KG_TERM_IRI};
    error ignored = {0};
    json_t *object = json_object();
    if (kg_terms(view->read, &id, 1, view->a, &term, &ignored) != STATUS_OK)
        return object;
    static const char *const kinds[] = {"", "iri", "blank", "literal"};
    str text = term.lexical;
    if (term.kind == KG_TERM_BLANK)
        text = str_from(arena_printf(view->a, "_:%.*s", STR_ARG(text)));
    json_object_set_new(object, "id", graph_text(text));
    json_object_set_new(object, "kind", json_string(kinds[term.kind]));
    json_object_set_new(object, "label", graph_text(graph_label(view, id)));
    if (term.lang.length > 0)
        json_object_set_new(object, "lang", graph_text(term.lang));
    if (term.datatype.length > 0)
        json_object_set_new(object, "datatype", graph_text(term.datatype));
    return object;
}

static void set_day(json_t *object, const char *key, clock_day day)
{
    char text[16];
    clock_day_format(day, text);
    json_object_set_new(object, key, text[0] == 0 ? json_null() : json_string(text));
}

json_t *graph_statement(graph_view *view, const kg_statement *statement)
{
    char id[24];
    (void)snprintf(id, sizeof id, "%016llx", (unsigned long long)statement->id);
    json_t *object = json_object();
    json_object_set_new(object, "statement_id", json_string(id));
    json_object_set_new(object, "subject", graph_term(view, statement->s));
    json_object_set_new(object, "predicate", graph_term(view, statement->p));
    json_object_set_new(object, "object", graph_term(view, statement->o));
    json_object_set_new(object, "graph",
                        statement->g == 0 ? json_null() : graph_term(view, statement->g));
    set_day(object, "valid_from", statement->valid_from);
    set_day(object, "valid_to", statement->valid_to);
    json_object_set_new(object, "confidence", json_real((double)statement->confidence));
    return object;
}

int graph_print_json(json_t *root)
{
    int failed = root == NULL || json_dumpf(root, stdout, JSON_INDENT(2)) != 0;
    printf("\n");
    json_decref(root);
    return failed ? 4 : 0;
}
