/* vouch ingest: loads files, folders, standard input and URLs into a graph, in one transaction. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/progress.h"
#include "ingest/job.h"

#define SHOWN_PROBLEMS 3

static const char help[] =
    "usage: vouch ingest FILE... --graph G.kg [options]\n"
    "\n"
    "Loads files, folders (all their files), '-' (standard input) and http(s) URLs, plain, .gz or\n"
    ".zst, into one graph file, all or nothing. Loading a source again replaces what it said.\n"
    "\n"
    "  --graph G.kg        the graph; made when it does not exist\n"
    "  --format F          nt, nq, ttl, trig, rdfxml, obo, apoc (Neo4j JSON lines), csv, tsv,\n"
    "                      json, jsonl, statutes; found out by itself where not given\n"
    "  --map M             how columns become statements: a file (docs/MAPPINGS.md), or one that\n"
    "                      ships: medical_zh, medical_en\n"
    "  --separator C       between a table's columns: one character, or 'tab'\n"
    "  --pack P            domain pack: kept in the graph, and what is loaded is checked by it\n"
    "  --source NAME       the source's name; without it, the file's path as given ('-': stdin)\n"
    "  --authority X       how far the source is to be believed, 0 to 1\n"
    "  --encoding E        the text's encoding; UTF-8, UTF-16 and GB18030 are found out\n"
    "  --base IRI          what relative IRIs are relative to\n"
    "  --no-link           names in a plain table are the table's own, even where the graph has "
    "one\n"
    "                      thing of exactly that name (load an ontology before the tables that "
    "mean\n"
    "                      its things, or load the tables again after it)\n"
    "  --strict-load       fail when anything is rejected or against the pack\n"
    "  --allow-empty       a load of no statements is no error\n"
    "  --dry-run           say what would change, and change nothing\n"
    "  --rejects FILE      where rejected lines go; without it, G.kg.rejects.tsv\n"
    "  --timeout S         seconds without a byte after which a URL fails (30)\n"
    "  --retries N         how often a URL is tried again (4)\n"
    "  --json              the report as JSON (schemas/ingest.schema.json)\n"
    "  --quiet             no progress\n"
    "\n"
    "exit status: 0 loaded (rejected lines are reported), 2 usage, 3 bad data\n";

typedef struct command_ingest {
    ingest_options options;
    const char *graph;
    char *rejects_path;
    FILE *rejects;
    bool json, quiet, rejects_failed;
    unsigned shown;
    progress_meter meter;
    bool line_open; /* a progress line stands on the terminal */
} command_ingest;

/* --- while it runs ---------------------------------------------------------------------------- */
static bool on_progress(void *context, const ingest_progress *p)
{
    command_ingest *c = context;
    if (c->quiet || !progress_due(&c->meter))
        return true;
    buf line = {0};
    progress_format(&c->meter, p->storing ? "storing" : p->place, p->bytes, p->total_bytes,
                    p->statements, "statements", &line);
    if (p->count > 1)
        buf_printf(&line, "  file %zu of %zu", p->index + 1, p->count);
    fprintf(stderr, c->meter.terminal ? "\r\033[K%s" : "%s\n", buf_str(&line).data);
    fflush(stderr);
    c->line_open = c->meter.terminal;
    buf_free(&line);
    return true;
}

static void end_line(command_ingest *c)
{
    if (c->line_open)
        fputs("\r\033[K", stderr);
    c->line_open = false;
}

/* A cell of the rejects file: no tab or line feed, and not without end. */
static void write_cell(FILE *f, const char *data, size_t length)
{
    for (size_t i = 0; i < length && i < 2000; i++)
        fputc(data[i] == '\t' || data[i] == '\n' || data[i] == '\r' ? ' ' : data[i], f);
}

static void on_problem(void *context, const char *source, const ingest_problem *p)
{
    command_ingest *c = context;
    if (c->shown++ < SHOWN_PROBLEMS) {
        end_line(c);
        fprintf(stderr, "vouch: %s:%llu:%llu: %s%s\n", source, (unsigned long long)p->line,
                (unsigned long long)p->column, p->reason, p->kept ? " (kept)" : "");
    }
    if (c->options.dry_run || c->rejects_failed)
        return;
    if (c->rejects == NULL) {
        c->rejects = fopen(c->rejects_path, "w");
        if (c->rejects == NULL) {
            c->rejects_failed = true;
            return;
        }
        fputs("file\tline\tcolumn\toutcome\treason\ttext\n", c->rejects);
    }
    write_cell(c->rejects, source, strlen(source));
    fprintf(c->rejects, "\t%llu\t%llu\t%s\t", (unsigned long long)p->line,
            (unsigned long long)p->column, p->kept ? "kept" : "rejected");
    write_cell(c->rejects, p->reason, strlen(p->reason));
    fputc('\t', c->rejects);
    write_cell(c->rejects, p->text.data, p->text.length);
    fputc('\n', c->rejects);
}

/* --- the report ------------------------------------------------------------------------------- */
static void print_json(const command_ingest *c, const ingest_report *r)
{
    json_t *o = json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:b,s:s?}", "sources", (json_int_t)r->sources,
        "lines", (json_int_t)r->lines, "read", (json_int_t)r->read, "added", (json_int_t)r->added,
        "kept", (json_int_t)r->kept, "removed", (json_int_t)r->removed, "rejected",
        (json_int_t)r->rejected, "noted", (json_int_t)r->noted, "linked", (json_int_t)r->linked,
        "statements", (json_int_t)r->statements, "ms", r->ms, "dry_run", (int)c->options.dry_run,
        "rejects", c->rejects != NULL ? c->rejects_path : NULL);
    char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    if (text != NULL)
        puts(text);
    free(text);
    json_decref(o);
}

static void add_count(buf *b, const char *what, uint64_t n)
{
    buf_printf(b, "  %s ", what);
    progress_number(n, b);
}

static void print_text(const command_ingest *c, const ingest_report *r)
{
    buf b = {0};
    buf_printf(&b, "%s%s:", c->graph, c->options.dry_run ? " (dry run, nothing was changed)" : "");
    add_count(&b, "lines", r->lines);
    add_count(&b, "added", r->added);
    add_count(&b, "kept", r->kept);
    add_count(&b, "removed", r->removed);
    add_count(&b, "rejected", r->rejected);
    if (r->noted > 0)
        add_count(&b, "noted", r->noted);
    if (r->linked > 0)
        add_count(&b, "names linked", r->linked);
    add_count(&b, "in the graph", r->statements);
    puts(buf_str(&b).data);
    if (c->rejects != NULL)
        printf("rejected and noted lines: %s\n", c->rejects_path);
    buf_free(&b);
}

/* --- arguments -------------------------------------------------------------------------------- */
enum {
    OPT_GRAPH = 256,
    OPT_FORMAT,
    OPT_MAP,
    OPT_SEPARATOR,
    OPT_PACK,
    OPT_SOURCE,
    OPT_AUTHORITY,
    OPT_ENCODING,
    OPT_BASE,
    OPT_STRICT,
    OPT_NO_LINK,
    OPT_EMPTY,
    OPT_DRY,
    OPT_REJECTS,
    OPT_TIMEOUT,
    OPT_RETRIES,
    OPT_JSON,
    OPT_QUIET,
    OPT_HELP
};

static const struct option longs[] = {
    {"graph", required_argument, NULL, OPT_GRAPH},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"map", required_argument, NULL, OPT_MAP},
    {"separator", required_argument, NULL, OPT_SEPARATOR},
    {"pack", required_argument, NULL, OPT_PACK},
    {"source", required_argument, NULL, OPT_SOURCE},
    {"authority", required_argument, NULL, OPT_AUTHORITY},
    {"encoding", required_argument, NULL, OPT_ENCODING},
    {"base", required_argument, NULL, OPT_BASE},
    {"no-link", no_argument, NULL, OPT_NO_LINK},
    {"strict-load", no_argument, NULL, OPT_STRICT},
    {"allow-empty", no_argument, NULL, OPT_EMPTY},
    {"dry-run", no_argument, NULL, OPT_DRY},
    {"rejects", required_argument, NULL, OPT_REJECTS},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"retries", required_argument, NULL, OPT_RETRIES},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

/* A number option; false after a message. */
static bool number_option(const char *name, const char *text, double low, double high, double *out)
{
    double v;
    if (str_to_double(str_from(text), &v) && v >= low && v <= high) {
        *out = v;
        return true;
    }
    cli_usage("ingest", "--%s takes a number from %g to %g, not '%s'", name, low, high, text);
    return false;
}

static bool take_number(command_ingest *c, int option)
{
    double v = 0;
    if (option == OPT_AUTHORITY) {
        if (!number_option("authority", optarg, 0, 1, &v))
            return false;
        c->options.authority = v;
    } else if (option == OPT_TIMEOUT) {
        if (!number_option("timeout", optarg, 1, 86400, &v))
            return false;
        c->options.timeout_s = (int)v;
    } else {
        if (!number_option("retries", optarg, 0, 100, &v))
            return false;
        c->options.retries = v < 1 ? -1 : (int)v;
    }
    return true;
}

static bool take_separator(command_ingest *c)
{
    if (strcmp(optarg, "tab") == 0 || strcmp(optarg, "\\t") == 0)
        c->options.separator = '\t';
    else if (optarg[0] != '\0' && optarg[1] == '\0' && (optarg[0] & 0x80) == 0)
        c->options.separator = optarg[0];
    else
        return cli_usage("ingest", "--separator takes one ASCII character or 'tab'") == 0;
    return true;
}

/* Exit code to give at once; negative to go on. */
static int take_option(command_ingest *c, int option)
{
    switch (option) {
    case OPT_GRAPH:
        c->graph = optarg;
        break;
    case OPT_FORMAT:
        c->options.format = optarg;
        break;
    case OPT_MAP:
        c->options.map = optarg;
        break;
    case OPT_SEPARATOR:
        return take_separator(c) ? -1 : 2;
    case OPT_PACK:
        c->options.pack = optarg;
        break;
    case OPT_SOURCE:
        c->options.source = optarg;
        break;
    case OPT_ENCODING:
        c->options.encoding = optarg;
        break;
    case OPT_BASE:
        c->options.base = optarg;
        break;
    case OPT_STRICT:
        c->options.strict = true;
        break;
    case OPT_NO_LINK:
        c->options.no_link = true;
        break;
    case OPT_EMPTY:
        c->options.allow_empty = true;
        break;
    case OPT_DRY:
        c->options.dry_run = true;
        break;
    case OPT_REJECTS:
        free(c->rejects_path);
        c->rejects_path = strdup(optarg);
        break;
    case OPT_JSON:
        c->json = true;
        break;
    case OPT_QUIET:
        c->quiet = true;
        break;
    case OPT_HELP:
        fputs(help, stdout);
        return 0;
    case OPT_AUTHORITY:
    case OPT_TIMEOUT:
    case OPT_RETRIES:
        return take_number(c, option) ? -1 : 2;
    default:
        return cli_usage("ingest", "unknown option");
    }
    return -1;
}

/* --- the run ---------------------------------------------------------------------------------- */
static void remove_graph(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal", "-load", "-load-journal"};
    for (size_t i = 0; i < CORE_COUNT(tails); i++) {
        char name[4096];
        if (snprintf(name, sizeof name, "%s%s", path, tails[i]) < (int)sizeof name)
            unlink(name);
    }
}

static int load(command_ingest *c, const char *const *places, size_t count)
{
    error err = {0};
    bool existed = access(c->graph, F_OK) == 0;
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of the write, like a full disk */
    kg_open_options open = {.create = true};
    kg_store *store;
    if (kg_open(c->graph, &open, &store, &err) != STATUS_OK)
        return cli_fail(&err);
    cli_tell_migration(store);
    ingest_report report = {0};
    progress_start(&c->meter, isatty(STDERR_FILENO) == 1);
    if (!c->options.dry_run)
        unlink(c->rejects_path);
    status st = ingest_run(store, places, count, &c->options, &report, &err);
    end_line(c);
    kg_close(store);
    if (!existed && (st != STATUS_OK || c->options.dry_run))
        remove_graph(c->graph); /* a graph that was never loaded is not left behind */
    if (c->shown > SHOWN_PROBLEMS)
        fprintf(stderr, "vouch: ... and %u more\n", c->shown - SHOWN_PROBLEMS);
    if (c->rejects_failed || (c->rejects != NULL && fclose(c->rejects) != 0))
        fprintf(stderr, "vouch: %s: cannot write the rejected lines\n", c->rejects_path);
    if (st != STATUS_OK) {
        if (c->rejects != NULL)
            fprintf(stderr, "vouch: rejected lines: %s\n", c->rejects_path);
        return cli_fail(&err);
    }
    if (c->json)
        print_json(c, &report);
    else
        print_text(c, &report);
    return 0;
}

int cmd_ingest(int argc, char **argv)
{
    command_ingest c = {
        .options = {.authority = -1, .progress = on_progress, .problem = on_problem}};
    c.options.context = &c;
    int option, code = -1;
    opterr = 0;
    while (code < 0 && (option = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
        if (option == '?' || option == ':')
            code = cli_usage("ingest", option == ':' ? "%s needs a value" : "unknown option '%s'",
                             argv[optind - 1]);
        else
            code = take_option(&c, option);
    }
    if (code < 0 && c.graph == NULL)
        code = cli_usage("ingest", "--graph is missing");
    if (code < 0 && optind == argc)
        code = cli_usage("ingest", "nothing to load: name a file, a folder, '-' or a URL");
    if (code < 0 && c.rejects_path == NULL) {
        size_t bytes = strlen(c.graph) + 16;
        c.rejects_path = malloc(bytes);
        if (c.rejects_path != NULL)
            snprintf(c.rejects_path, bytes, "%s.rejects.tsv", c.graph);
    }
    if (code < 0)
        code = c.rejects_path == NULL
                   ? 4
                   : load(&c, (const char *const *)(argv + optind), (size_t)(argc - optind));
    free(c.rejects_path);
    return code;
}
