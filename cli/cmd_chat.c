/* vouch chat: a conversation with one graph. Follow-ups ("and its symptoms?", 那它挂什么科？) build
 * on the turns before them. On a terminal with history and completion of names (libedit); else the
 * questions are read line by line. */
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "fusion/engine.h"
#include "fusion/explain.h"
#include "fusion/render.h"
#include "kg/store.h"
#include "retriever/retriever.h"

static const char help[] =
    "usage: vouch chat --graph G.kg [--pack P] [--model M] [--lang zh|en] [--as-of DATE]\n"
    "                  [--examples F] [--strict] [--json]\n"
    "\n"
    "Asks and answers in turn; a follow-up builds on what was said before. Tab completes names.\n"
    "\n"
    "  /new      forget the conversation        /explain  show how the last answer came about\n"
    "  /all      show all of the last answer    /quit     leave (or end of input)\n"
    "\n"
    "exit status: 0 done, 2 usage, 3 bad data\n";

typedef struct chat {
    fusion_options engine_options;
    const char *lang;
    clock_day as_of;
    bool strict, json;
    fusion_engine *engine;
    fusion_conversation *conversation;
    arena *last_arena; /* of the last answer */
    answer last;
} chat;

/* libedit's completion has no context pointer: the one chat of this process. */
static const chat *completing;

static void forget_last(chat *c)
{
    json_decref(c->last.explain);
    json_decref(c->last.samples);
    c->last = (answer){0};
    arena_free(c->last_arena);
    c->last_arena = NULL;
}

static void show(const chat *c, bool all, bool explain)
{
    buf out = {0};
    if (c->last_arena == NULL)
        return;
    if (c->json) {
        json_t *j = answer_to_json(&c->last);
        char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6));
        if (text != NULL)
            puts(text);
        free(text);
        json_decref(j);
    } else {
        const render_options r = {.columns = args_columns(), .colour = args_colours(), .all = all};
        if (explain && c->last.explain != NULL)
            explain_print(&c->last, &out);
        else
            render_answer(&c->last, fusion_templates(c->engine), &r, &out);
        fwrite(out.data == NULL ? "" : out.data, 1, out.length, stdout);
    }
    fflush(stdout);
    buf_free(&out);
}

/* Prints each sentence as soon as it is verified. */
static void on_clause(void *context, str lang, const answer_clause *clause)
{
    buf out = {0};
    render_stream *s = context;
    s->lang = lang;
    render_clause(s, clause, &out);
    fwrite(out.data == NULL ? "" : out.data, 1, out.length, stdout);
    fflush(stdout);
    buf_free(&out);
}

static void show_rest(const chat *c, const render_stream *s)
{
    buf out = {0};
    render_end(s, &c->last, &out);
    fwrite(out.data == NULL ? "" : out.data, 1, out.length, stdout);
    fflush(stdout);
    buf_free(&out);
}

static void ask(chat *c, str question)
{
    render_stream stream = {.templates = fusion_templates(c->engine),
                            .options = {.columns = args_columns(), .colour = args_colours()}};
    error err = {0};
    answer made = {0};
    arena *a = arena_new(0);
    const fusion_request request = {.question = question,
                                    .lang = str_from(c->lang),
                                    .as_of = c->as_of,
                                    .strict = c->strict,
                                    .explain = true,
                                    .conversation = c->conversation,
                                    .on_clause = c->json ? NULL : on_clause,
                                    .context = &stream};
    status st = a == NULL ? error_memory(&err) : fusion_ask(c->engine, &request, a, &made, &err);
    if (st != STATUS_OK) {
        (void)cli_fail(&err);
        arena_free(a);
        return;
    }
    forget_last(c);
    c->last_arena = a;
    c->last = made;
    if (c->json) { /* one line an answer; how it came about is asked for by /explain */
        json_decref(c->last.explain);
        c->last.explain = NULL;
        show(c, false, false);
    } else {
        show_rest(c, &stream);
    }
}

/* false at /quit. */
static bool take(chat *c, str line)
{
    if (str_empty(line))
        return true;
    if (line.data[0] != '/') {
        ask(c, line);
        return true;
    }
    if (str_equal(line, STR("/quit")) || str_equal(line, STR("/exit")))
        return false;
    if (str_equal(line, STR("/new"))) {
        fusion_conversation_free(c->conversation);
        c->conversation = fusion_conversation_new();
    } else if (str_equal(line, STR("/all"))) {
        show(c, true, false);
    } else if (str_equal(line, STR("/explain"))) {
        show(c, false, true);
    } else {
        puts("/new  /all  /explain  /quit");
    }
    return true;
}

/* --- completion ------------------------------------------------------------------------------ */
static char *next_name(const char *prefix, int state)
{
    error err = {0};
    kg_read *read = NULL;
    retriever_sense *found = NULL;
    size_t count = 0;
    char *name = NULL;
    arena *a = arena_new(0);
    if (a != NULL && kg_read_begin(fusion_store(completing->engine), &read, &err) == STATUS_OK &&
        retriever_complete(fusion_retriever(completing->engine), read, str_from(prefix), 20, a,
                           &found, &count, &err) == STATUS_OK &&
        (size_t)state < count)
        name = strndup(found[state].label.data, found[state].label.length);
    kg_read_end(read);
    arena_free(a);
    return name;
}

static char **complete(const char *text, int start, int end)
{
    (void)start;
    (void)end;
    return text[0] == '\0' ? NULL : rl_completion_matches(text, next_name);
}

static void talk(chat *c)
{
    completing = c;
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(500);
    for (char *line; (line = readline("? ")) != NULL; free(line)) {
        str text = str_trim(str_from(line));
        if (!str_empty(text))
            add_history(line);
        if (!take(c, text)) {
            free(line);
            return;
        }
    }
    putchar('\n');
}

static void read_lines(chat *c)
{
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t n; (n = getline(&line, &capacity, stdin)) >= 0;)
        if (!take(c, str_trim(str_make(line, (size_t)n))))
            break;
    free(line);
}

int cmd_chat(int argc, char **argv)
{
    chat c = {.as_of = CLOCK_DAY_UNKNOWN};
    const args_option options[] = {{"--graph", ARGS_TEXT, &c.engine_options.graph_path},
                                   {"--pack", ARGS_TEXT, &c.engine_options.pack},
                                   {"--model", ARGS_TEXT, &c.engine_options.model},
                                   {"--examples", ARGS_TEXT, &c.engine_options.examples},
                                   {"--lang", ARGS_TEXT, &c.lang},
                                   {"--as-of", ARGS_DATE, &c.as_of},
                                   {"--strict", ARGS_FLAG, &c.strict},
                                   {"--json", ARGS_FLAG, &c.json},
                                   {NULL, ARGS_FLAG, NULL}};
    int count = 0, code = 0;
    error err = {0};
    if (!args_parse(argc, argv, options, help, &count, &code))
        return code;
    if (count > 0)
        return cli_usage("chat", "there is nothing to say before the conversation");
    if (c.engine_options.graph_path == NULL)
        return cli_usage("chat", "--graph is missing");
    if (fusion_open(&c.engine_options, &c.engine, &err) != STATUS_OK)
        return cli_fail(&err);
    c.conversation = fusion_conversation_new();
    if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
        talk(&c);
    else
        read_lines(&c);
    forget_last(&c);
    fusion_conversation_free(c.conversation);
    fusion_close(c.engine);
    return 0;
}
