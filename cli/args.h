/* Options of a command as a table: "--name VALUE", "--name=VALUE", flags, and "--" before
 * positional arguments that begin with a dash. Prints nothing but through cli_usage. */
#ifndef VOUCH_CLI_ARGS_H
#define VOUCH_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/clock.h"
#include "core/str.h"

typedef enum args_kind {
    ARGS_FLAG,  /* bool */
    ARGS_TEXT,  /* const char * */
    ARGS_COUNT, /* int, 0 or more */
    ARGS_DATE   /* clock_day */
} args_kind;

typedef struct args_option {
    const char *name; /* "--graph" */
    args_kind kind;
    void *value; /* where it goes; untouched when the option is absent */
} args_option;

/* Parses argv[1..argc); positional arguments are moved to the front of argv[1..] and counted in
 * *positional. *exit_code is set and false returned on wrong usage (2, message printed) and on
 * --help (0, `help` printed). The table ends with a NULL name. */
bool args_parse(int argc, char **argv, const args_option *options, const char *help,
                int *positional, int *exit_code);

/* Standard input as one text up to `limit` bytes; false (message printed) beyond it or on an error.
 * The caller frees *out. */
bool args_read_stdin(const char *command_name, size_t limit, char **out, size_t *out_length);

/* Width of the terminal on standard output; 0 when it is none. */
int args_columns(void);
/* Colours on standard output: a terminal, NO_COLOR unset, TERM not "dumb". */
bool args_colours(void);

#endif
