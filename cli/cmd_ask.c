/* vouch ask: one question, one answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "fusion/engine.h"
#include "fusion/explain.h"
#include "fusion/render.h"

static const char help[] =
    "usage: vouch ask \"QUESTION\" --graph G.kg [OPTIONS]\n"
    "\n"
    "Answers a question from a graph; each sentence is tied to the statements that support it.\n"
    "QUESTION '-' reads it from standard input.\n"
    "\n"
    "  --graph G.kg      the graph (vouch ingest makes one)\n"
    "  --pack P          domain pack: general, medical, legal or a file (default: the graph's "
    "own)\n"
    "  --model M         'none', a GGUF file or an http(s) endpoint (default: the embedded model)\n"
    "  --lang zh|en      language of the answer (default: the question's)\n"
    "  --as-of DATE      what held on that day (default: today)\n"
    "  --strict          drop what the graph does not support instead of marking it\n"
    "  --samples N       best of N wordings of the model\n"
    "  --reword          let the embedded model word simple answers; kept only if verified "
    "(slower\n"
    "                    and, so far, not better than the templates)\n"
    "  --propose         where vouch cannot read the question, let the model propose a query; run\n"
    "                    only if the names and relations are the graph's, and told\n"
    "  --examples F      example questions (JSON Lines) that guide the ranking\n"
    "  --all             show every value and every citation\n"
    "  --explain         show the whole way: names, candidates, form, statements, verdicts, times\n"
    "  --json            the answer as JSON (schemas/answer.schema.json)\n"
    "\n"
    "exit status: 0 answered, 1 no answer (abstained, asked back or refused), 2 usage, 3 bad "
    "data\n";

typedef struct ask_options {
    fusion_options engine;
    const char *lang;
    clock_day as_of;
    bool strict, all, explain, json, reword, propose;
    int samples;
} ask_options;

static void print_json(const answer *a)
{
    json_t *j = answer_to_json(a);
    char *text = j == NULL ? NULL : json_dumps(j, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    if (text != NULL)
        puts(text);
    free(text);
    json_decref(j);
}

static void flush(buf *out)
{
    fwrite(out->data == NULL ? "" : out->data, 1, out->length, stdout);
    fflush(stdout);
    buf_free(out);
}

/* Prints each sentence as soon as it is verified. */
static void on_clause(void *context, str lang, const answer_clause *clause)
{
    buf out = {0};
    render_stream *s = context;
    s->lang = lang;
    render_clause(s, clause, &out);
    flush(&out);
}

static void print_text(const render_stream *s, const answer *a, const ask_options *o)
{
    buf out = {0};
    if (o->explain && a->explain != NULL)
        explain_print(a, &out);
    render_end(s, a, &out);
    flush(&out);
}

static int ask(fusion_engine *engine, str question, const ask_options *o)
{
    error err = {0};
    arena *a = arena_new(0);
    answer made = {0};
    render_stream stream = {
        .templates = fusion_templates(engine),
        .options = {.columns = args_columns(), .colour = args_colours(), .all = o->all}};
    const fusion_request request = {.question = question,
                                    .lang = str_from(o->lang),
                                    .as_of = o->as_of,
                                    .strict = o->strict,
                                    .explain = o->explain,
                                    .all = o->all,
                                    .samples = o->samples,
                                    .reword = o->reword,
                                    .propose = o->propose,
                                    .on_clause = o->json || o->explain ? NULL : on_clause,
                                    .context = &stream};
    status st = a == NULL ? error_memory(&err) : fusion_ask(engine, &request, a, &made, &err);
    int code = st == STATUS_OK ? made.status != ANSWER_ANSWERED : cli_fail(&err);
    if (st == STATUS_OK && o->json)
        print_json(&made);
    else if (st == STATUS_OK)
        print_text(&stream, &made, o);
    json_decref(made.explain);
    json_decref(made.samples);
    arena_free(a);
    return code;
}

static int open_and_ask(str question, const ask_options *o)
{
    error err = {0};
    fusion_engine *engine = NULL;
    if (fusion_open(&o->engine, &engine, &err) != STATUS_OK)
        return cli_fail(&err);
    int code = ask(engine, question, o);
    fusion_close(engine);
    return code;
}

int cmd_ask(int argc, char **argv)
{
    ask_options o = {.as_of = CLOCK_DAY_UNKNOWN};
    const args_option options[] = {{"--graph", ARGS_TEXT, &o.engine.graph_path},
                                   {"--pack", ARGS_TEXT, &o.engine.pack},
                                   {"--model", ARGS_TEXT, &o.engine.model},
                                   {"--examples", ARGS_TEXT, &o.engine.examples},
                                   {"--lang", ARGS_TEXT, &o.lang},
                                   {"--as-of", ARGS_DATE, &o.as_of},
                                   {"--samples", ARGS_COUNT, &o.samples},
                                   {"--propose", ARGS_FLAG, &o.propose},
                                   {"--reword", ARGS_FLAG, &o.reword},
                                   {"--strict", ARGS_FLAG, &o.strict},
                                   {"--all", ARGS_FLAG, &o.all},
                                   {"--explain", ARGS_FLAG, &o.explain},
                                   {"--json", ARGS_FLAG, &o.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count != 1)
        return cli_usage("ask", count == 0 ? "a question is missing"
                                           : "one question at a time; put it in quotes");
    if (o.engine.graph_path == NULL)
        return cli_usage("ask", "--graph is missing");
    if (o.lang != NULL && strcmp(o.lang, "zh") != 0 && strcmp(o.lang, "en") != 0)
        return cli_usage("ask", "--lang is zh or en, not '%s'", o.lang);
    if (strcmp(argv[1], "-") != 0)
        return open_and_ask(str_from(argv[1]), &o);
    char *text = NULL;
    size_t length = 0;
    if (!args_read_stdin("ask", (size_t)1 << 20, &text, &length))
        return 2;
    code = open_and_ask(str_trim(str_make(text, length)), &o);
    free(text);
    return code;
}
