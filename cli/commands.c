/* The table of subcommands: a new command is one line here and one file cmd_NAME.c. */
#include "cli/commands.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

const command command_table[] = {
    {"ask", "answer a question from a graph, with citations", 1, cmd_ask},
    {"chat", "ask in turn; follow-ups build on what was said", 1, cmd_chat},
    {"ingest", "load files into a graph", 1, cmd_ingest},
    {"serve", "HTTP API and web page", 1, cmd_serve},
    {"key", "make, list and revoke API keys", 0, cmd_key},
    {"graph", "look into a graph and keep it: stats, entity, path, export, check ...", 0,
     cmd_graph},
    {"query", "run a logical form, read-only", 0, cmd_query},
    {"eval", "ask a file of questions and compare with the gold answers", 0, cmd_eval},
    {"doctor", "check the machine, the libraries, the disk, a graph", 0, cmd_doctor},
    {"verify", "check each clause of a text against a graph", 0, cmd_verify},
    {"pack", "check a domain pack, induce one from a graph", 0, cmd_pack},
    {"model", "look at, measure and make language models", 0, cmd_model},
    {NULL, NULL, 0, NULL},
};

int cli_fail(const error *err)
{
    char text[ERROR_FILE_BYTES + ERROR_MESSAGE_BYTES + 64];
    fprintf(stderr, "vouch: %s\n", error_describe(err, text, sizeof text));
    return status_exit_code(err->code);
}

int cli_usage(const char *command_name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "vouch: %s: ", command_name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see 'vouch %s --help'\n", command_name);
    va_end(args);
    return 2;
}

void cli_tell_migration(const kg_store *store)
{
    const char *copy = kg_migrated_copy(store);
    if (copy != NULL)
        fprintf(stderr,
                "vouch: %s: was made by an older vouch and is brought up to date; as it was "
                "it lies in %s\n",
                kg_path(store), copy);
}
