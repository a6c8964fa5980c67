/* The subcommands. Each lies in its own file, cmd_NAME.c, parses its own arguments (argv[0] is its
 * name), prints to standard output, prints errors by cli_fail, and returns the process exit code:
 * 0 answered or done, 1 no answer, 2 usage, 3 bad data, 4 internal. */
#ifndef VOUCH_CLI_COMMANDS_H
#define VOUCH_CLI_COMMANDS_H

#include "core/error.h"
#include "kg/store.h"

typedef int (*command_run)(int argc, char **argv);

typedef struct command {
    const char *name;
    const char *summary; /* one line for `vouch help` */
    int first;           /* 1: shown first in `vouch help`; 0: under 'more' */
    command_run run;
} command;

/* The table, ended by an entry whose name is NULL. */
extern const command command_table[];

/* The commands, in the order of their files' names. */
int cmd_doctor(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_chat(int argc, char **argv);
int cmd_ingest(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_model(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_query(int argc, char **argv);
int cmd_verify(int argc, char **argv);

/* Prints "vouch: where: what; hint" to standard error; gives the status's exit code. */
int cli_fail(const error *err);
/* The same for wrong usage: always exit code 2. */
int cli_usage(const char *command_name, const char *format, ...) CORE_PRINTF(2, 3);

/* Tells that an older graph was brought up to date, and where its copy is. */
void cli_tell_migration(const kg_store *store);

#endif
