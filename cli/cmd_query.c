/* vouch query: runs one logical form that a person wrote. Reads only, under bounds of rows, time
 * and memory. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/names.h"
#include "core/arena.h"
#include "kg/pack.h"
#include "retriever/execute.h"
#include "retriever/retriever.h"

static const char help[] =
    "usage: vouch query 'LOGICAL FORM' --graph G.kg [OPTIONS]\n"
    "\n"
    "Runs a logical form on a graph, read-only, and shows its values and the statements that\n"
    "derive them. Names are written \"label\" or <IRI>; docs/LOGICAL_FORM.md has the grammar.\n"
    "\n"
    "  HOP(\"cholera\", +\"symptom\")                what cholera leads to along symptom\n"
    "  HOP(\"fever\", -symptom)                    what leads to fever along symptom\n"
    "  HOP(\"x\", +\"is a\"*)                        one step or more\n"
    "  AND(a, b)  OR(a, b)  MINUS(a, b)  TYPE(class)  TYPE(a, class)  COUNT(a)\n"
    "  FILTER(a, relation, >=, 5)  ARGMAX(a, relation)  ARGMIN(a, relation, 3)\n"
    "  CMP(a, b, relation, >)  ASK(a, +relation, b)  DESCRIBE(a)  AT(a, 2020-01-31)\n"
    "  SEARCH(\"words\", a)                        passages, best first\n"
    "\n"
    "  --graph G.kg    the graph\n"
    "  --pack P        domain pack (default: the graph's own)\n"
    "  --as-of DATE    what held on that day (default: today)\n"
    "  --any-time      whatever held at some time\n"
    "  --lang L        names in this language (default: the form's, the locale's, the graph's)\n"
    "  --rows N        at most N values (default 10000)\n"
    "  --time MS       at most MS milliseconds (default 10000)\n"
    "  --memory MB     at most MB megabytes (default 512)\n"
    "  --sparql        only print the form as SPARQL\n"
    "  --json          as JSON (schemas/query.schema.json)\n"
    "\n"
    "exit status: 0 done, 1 no value, 2 usage, 3 bad form or unknown name\n";

typedef struct query_options {
    const char *graph, *pack, *lang;
    clock_day as_of;
    bool any_time, sparql, json;
    int rows, time_ms, memory_mb;
} query_options;

typedef struct query {
    const query_options *o;
    kg_store *store;
    kg_read *read;
    pack *domain;
    retriever *retriever;
    cli_names names;
    arena *a;
    error err;
    const lf_node *form;
    execute_result result;
} query;

static str label_of(query *q, kg_id id)
{
    return cli_names_of(&q->names, id, q->a);
}

/* --- printing ----------------------------------------------------------------------------------
 */
static json_t *text(str s)
{
    return json_stringn(s.data == NULL ? "" : s.data, s.length);
}

static json_t *form_text(const lf_node *form, bool sparql)
{
    buf out = {0};
    if (sparql)
        lf_print_sparql(form, &out);
    else
        lf_print(form, true, &out);
    json_t *j = text(buf_str(&out));
    buf_free(&out);
    return j;
}

static json_t *json_statement(query *q, const kg_statement *st)
{
    char id[32], from[16], to[16];
    snprintf(id, sizeof id, "%016llx", (unsigned long long)st->id);
    clock_day_format(st->valid_from, from);
    clock_day_format(st->valid_to, to);
    return json_pack("{s:s, s:o, s:o, s:o, s:s?, s:s?}", "id", id, "subject",
                     text(label_of(q, st->s)), "predicate", text(label_of(q, st->p)), "object",
                     text(label_of(q, st->o)), "valid_from", from[0] == 0 ? NULL : from, "valid_to",
                     to[0] == 0 ? NULL : to);
}

static json_t *json_value(query *q, const execute_value *v)
{
    kg_term term = {0};
    error ignored = {0};
    json_t *witnesses = json_array();
    for (size_t i = 0; i < v->witness_count; i++)
        json_array_append_new(witnesses, json_integer((json_int_t)v->witnesses[i]));
    kg_terms(q->read, &v->id, 1, q->a, &term, &ignored);
    json_t *j = json_pack("{s:o, s:o, s:o}", "label", text(label_of(q, v->id)), "term",
                          text(term.lexical), "witnesses", witnesses);
    if (v->has_order)
        json_object_set_new(j, "order", json_real(v->order));
    return j;
}

static const char *kind_name(execute_kind kind)
{
    static const char *const names[] = {"", "set", "count", "truth", "description"};
    return names[kind];
}

static const char *truth_name(execute_truth truth)
{
    static const char *const names[] = {"no", "yes", "unknown"};
    return names[truth];
}

static void print_json(query *q)
{
    const execute_result *r = &q->result;
    json_t *values = json_array(), *statements = json_array();
    for (size_t i = 0; i < r->value_count; i++)
        json_array_append_new(values, json_value(q, &r->values[i]));
    for (size_t i = 0; i < r->statement_count; i++)
        json_array_append_new(statements, json_statement(q, &r->statements[i]));
    json_t *j =
        json_pack("{s:o, s:o, s:s, s:o, s:o, s:b, s:b, s:I}", "logical_form",
                  form_text(q->form, false), "sparql", form_text(q->form, true), "kind",
                  kind_name(r->kind), "values", values, "statements", statements, "complete",
                  (int)r->closed_world, "more", (int)r->more, "visited", (json_int_t)r->visited);
    if (r->kind == EXECUTE_COUNT)
        json_object_set_new(j, "number", json_integer((json_int_t)r->number));
    if (r->kind == EXECUTE_TRUTH)
        json_object_set_new(j, "truth", json_string(truth_name(r->truth)));
    char *out = json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    if (out != NULL)
        puts(out);
    free(out);
    json_decref(j);
}

static void print_text(query *q)
{
    const execute_result *r = &q->result;
    if (r->kind == EXECUTE_COUNT)
        printf("%s%llu\n", r->closed_world ? "" : "at least ", (unsigned long long)r->number);
    else if (r->kind == EXECUTE_TRUTH)
        printf("%s\n", truth_name(r->truth));
    else
        for (size_t i = 0; i < r->value_count; i++)
            printf("%.*s\n", STR_ARG(label_of(q, r->values[i].id)));
    if (r->more)
        printf("... (bounded; --rows, --time and --memory widen)\n");
    for (size_t i = 0; i < r->statement_count && i < 20; i++) {
        const kg_statement *st = &r->statements[i];
        printf("  [%zu] %.*s -> %.*s -> %.*s\n", i + 1, STR_ARG(label_of(q, st->s)),
               STR_ARG(label_of(q, st->p)), STR_ARG(label_of(q, st->o)));
    }
    if (r->statement_count > 20)
        printf("  ... and %zu more statements (--json shows all)\n", r->statement_count - 20);
    if (r->value_count == 0 && r->other_time_count > 0)
        printf("  nothing holds on that day; %zu statements hold at another (--any-time)\n",
               r->other_time_count);
}

/* --- running -----------------------------------------------------------------------------------
 */
static status open_graph(query *q)
{
    const kg_open_options read_only = {.read_only = true};
    char name[256] = "";
    status s = kg_open(q->o->graph, &read_only, &q->store, &q->err);
    if (s == STATUS_OK)
        s = kg_read_begin(q->store, &q->read, &q->err);
    if (s != STATUS_OK)
        return s;
    str own = kg_meta_get(q->read, STR("pack"));
    snprintf(name, sizeof name, "%.*s", STR_ARG(own));
    s = pack_open(q->o->pack != NULL ? q->o->pack : name, &q->domain, &q->err);
    if (s != STATUS_OK)
        return s;
    const retriever_options options = {.pack = q->domain};
    return retriever_open(q->store, &options, &q->retriever, &q->err);
}

/* The names that the form holds between quotes: they tell the language. */
static const char *quoted(const query *q, str form)
{
    buf out = {0};
    bool inside = false;
    for (size_t i = 0; i < form.length; i++) {
        inside = form.data[i] == '"' ? !inside : inside;
        if (inside && form.data[i] != '"')
            buf_add_char(&out, form.data[i]);
    }
    const char *names = arena_cstr(q->a, buf_str(&out));
    buf_free(&out);
    return names == NULL ? "" : names;
}

static status run(query *q, str form)
{
    const lf_node *parsed = NULL;
    execute_options options = {.as_of = q->o->as_of, .any_time = q->o->any_time};
    options.limits.rows = q->o->rows > 0 ? (size_t)q->o->rows : 0;
    options.limits.deadline_ns = clock_monotonic_ns() + (uint64_t)q->o->time_ms * 1000000u;
    status s = lf_parse(form, q->a, &parsed, &q->err);
    if (s == STATUS_OK)
        s = open_graph(q);
    const char *names = quoted(q, form);
    if (s == STATUS_OK)
        cli_names_open(q->read, q->o->lang, &names, 1, q->o->pack, q->a, &q->names);
    if (s == STATUS_OK)
        s = lf_resolve(q->read, parsed, q->a, &q->form, &q->err);
    if (s != STATUS_OK || q->o->sparql)
        return s;
    s = retriever_schema_of(q->retriever, q->read, &options.schema, &q->err);
    if (s == STATUS_OK)
        s = execute_form(q->read, q->form, &options, q->a, &q->result, &q->err);
    return s;
}

static int show(query *q)
{
    if (q->o->sparql) {
        buf out = {0};
        lf_print_sparql(q->form, &out);
        printf("%.*s\n", STR_ARG(buf_str(&out)));
        buf_free(&out);
        return 0;
    }
    if (q->o->json)
        print_json(q);
    else
        print_text(q);
    return q->result.value_count == 0 && q->result.kind == EXECUTE_SET;
}

int cmd_query(int argc, char **argv)
{
    query_options o = {.as_of = CLOCK_DAY_UNKNOWN, .time_ms = 10000, .memory_mb = 512};
    const args_option options[] = {{"--graph", ARGS_TEXT, &o.graph},
                                   {"--pack", ARGS_TEXT, &o.pack},
                                   {"--as-of", ARGS_DATE, &o.as_of},
                                   {"--any-time", ARGS_FLAG, &o.any_time},
                                   {"--rows", ARGS_COUNT, &o.rows},
                                   {"--time", ARGS_COUNT, &o.time_ms},
                                   {"--memory", ARGS_COUNT, &o.memory_mb},
                                   {"--sparql", ARGS_FLAG, &o.sparql},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {"--lang", ARGS_TEXT, &o.lang},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count != 1)
        return cli_usage("query", count == 0 ? "a logical form is missing"
                                             : "one logical form at a time; put it in quotes");
    if (o.graph == NULL)
        return cli_usage("query", "--graph is missing");
    query q = {.o = &o, .a = arena_new((size_t)o.memory_mb << 20)};
    status s = q.a == NULL ? error_memory(&q.err) : run(&q, str_from(argv[1]));
    code = s == STATUS_OK ? show(&q) : cli_fail(&q.err);
    retriever_close(q.retriever);
    cli_names_close(&q.names);
    pack_close(q.domain);
    if (q.read != NULL)
        kg_read_end(q.read);
    kg_close(q.store);
    arena_free(q.a);
    return code;
}
