/* vouch verify: is each clause of a text what the graph says? */
#include <stdio.h>
#include <stdlib.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "fusion/engine.h"
#include "fusion/render.h"
#include "fusion/verify.h"

static const char help[] =
    "usage: vouch verify --graph G.kg [--pack P] [--as-of DATE] [--lang zh|en] [--json] [TEXT]\n"
    "\n"
    "Reads a text (from standard input when none is given) and says of each clause whether the\n"
    "graph supports it: SUPPORTED, CONTRADICTED, NOT_IN_GRAPH or UNPARSED, with the statements\n"
    "that decide it. No model takes part.\n"
    "\n"
    "  --graph G.kg      the graph\n"
    "  --pack P          domain pack (default: the graph's own)\n"
    "  --as-of DATE      what held on that day (default: today)\n"
    "  --lang zh|en      the text's language (default: found out)\n"
    "  --lines           each line is a text of its own; with --json one document a line\n"
    "  --json            as JSON (schemas/verify.schema.json)\n"
    "\n"
    "exit status: 0 every clause is supported, 1 not every one, 2 usage, 3 bad data\n";

typedef struct verify_options {
    fusion_options engine;
    const char *lang;
    clock_day as_of;
    bool json, lines;
} verify_options;

static void print(fusion_engine *engine, const answer *a, const verify_options *o)
{
    if (o->json) {
        json_t *j = json_object();
        json_object_set_new(j, "clauses", answer_clauses_to_json(a));
        json_object_set_new(j, "citations", answer_citations_to_json(a));
        char *text = json_dumps(j, o->lines ? JSON_COMPACT : JSON_INDENT(2));
        if (text != NULL)
            puts(text);
        free(text);
        json_decref(j);
        return;
    }
    if (a->clause_count == 0)
        fprintf(stderr, "vouch: verify: the text holds no clause to check\n");
    buf out = {0};
    const render_options r = {.columns = args_columns(), .colour = args_colours()};
    render_verdicts(a, fusion_templates(engine), &r, &out);
    if (out.length > 0)
        fwrite(out.data, 1, out.length, stdout);
    buf_free(&out);
}

static int verify_one(fusion_engine *engine, str text, const verify_options *o)
{
    error err = {0};
    arena *a = arena_new(0);
    answer made = {0};
    status st = a == NULL
                    ? error_memory(&err)
                    : fusion_verify(engine, text, str_from(o->lang), o->as_of, a, &made, &err);
    int code = st == STATUS_OK ? made.status != ANSWER_ANSWERED : cli_fail(&err);
    if (st == STATUS_OK)
        print(engine, &made, o);
    arena_free(a);
    return code;
}

static int verify_all(fusion_engine *engine, str text, const verify_options *o)
{
    if (!o->lines)
        return verify_one(engine, text, o);
    int worst = 0;
    str line;
    while (str_split(&text, '\n', &line)) {
        if (str_empty(str_trim(line)))
            continue;
        int code = verify_one(engine, line, o);
        worst = code > worst ? code : worst;
    }
    return worst;
}

int cmd_verify(int argc, char **argv)
{
    verify_options o = {.as_of = CLOCK_DAY_UNKNOWN};
    const args_option options[] = {{"--graph", ARGS_TEXT, &o.engine.graph_path},
                                   {"--pack", ARGS_TEXT, &o.engine.pack},
                                   {"--lang", ARGS_TEXT, &o.lang},
                                   {"--as-of", ARGS_DATE, &o.as_of},
                                   {"--lines", ARGS_FLAG, &o.lines},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    error err = {0};
    fusion_engine *engine = NULL;
    char *text = NULL;
    size_t length = 0;
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count > 1)
        return cli_usage("verify", "one text at a time; put it in quotes");
    if (o.engine.graph_path == NULL)
        return cli_usage("verify", "--graph is missing");
    o.engine.model = "none";
    if (fusion_open(&o.engine, &engine, &err) != STATUS_OK)
        return cli_fail(&err);
    if (count == 1)
        code = verify_all(engine, str_from(argv[1]), &o);
    else if (args_read_stdin("verify", VERIFY_MAX_BYTES, &text, &length))
        code = verify_all(engine, str_make(text, length), &o);
    else
        code = 2;
    free(text);
    fusion_close(engine);
    return code;
}
