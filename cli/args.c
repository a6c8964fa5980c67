/* See args.h. */
#include "cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"

static const args_option *find(const args_option *options, const char *text, size_t length)
{
    for (; options->name != NULL; options++)
        if (strlen(options->name) == length && strncmp(options->name, text, length) == 0)
            return options;
    return NULL;
}

/* 0, or the exit code of wrong usage. */
static int set(const char *command_name, const args_option *o, const char *value)
{
    int64_t number;
    clock_day day;
    switch (o->kind) {
    case ARGS_FLAG:
        *(bool *)o->value = true;
        return 0;
    case ARGS_TEXT:
        *(const char **)o->value = value;
        return 0;
    case ARGS_COUNT:
        if (!str_to_i64(str_from(value), &number) || number < 0 || number > 1000000000)
            return cli_usage(command_name, "%s needs a number of 0 or more, not '%s'", o->name,
                             value);
        *(int *)o->value = (int)number;
        return 0;
    case ARGS_DATE:
        if (!clock_day_parse(str_from(value), &day))
            return cli_usage(command_name, "%s needs a date such as 2024-01-31, not '%s'", o->name,
                             value);
        *(clock_day *)o->value = day;
        return 0;
    }
    return 0;
}

/* Handles the option at argv[*i]; 0 or an exit code. */
static int take(int argc, char **argv, int *i, const args_option *options)
{
    const char *text = argv[*i], *equals = strchr(text, '=');
    size_t length = equals == NULL ? strlen(text) : (size_t)(equals - text);
    const args_option *o = find(options, text, length);
    if (o == NULL)
        return cli_usage(argv[0], "there is no option %.*s", (int)length, text);
    if (o->kind == ARGS_FLAG)
        return equals == NULL ? set(argv[0], o, "")
                              : cli_usage(argv[0], "%s takes no value", o->name);
    if (equals != NULL)
        return set(argv[0], o, equals + 1);
    if (*i + 1 >= argc)
        return cli_usage(argv[0], "%s needs a value", o->name);
    return set(argv[0], o, argv[++*i]);
}

bool args_parse(int argc, char **argv, const args_option *options, const char *help,
                int *positional, int *exit_code)
{
    int kept = 0;
    bool only_positional = false;
    for (int i = 1; i < argc; i++) {
        char *text = argv[i];
        if (!only_positional && strcmp(text, "--") == 0) {
            only_positional = true;
        } else if (!only_positional && (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0)) {
            fputs(help, stdout);
            *exit_code = 0;
            return false;
        } else if (!only_positional && text[0] == '-' && text[1] != '\0') {
            int code = take(argc, argv, &i, options);
            if (code != 0) {
                *exit_code = code;
                return false;
            }
        } else {
            argv[1 + kept++] = text;
        }
    }
    *positional = kept;
    return true;
}

bool args_read_stdin(const char *command_name, size_t limit, char **out, size_t *out_length)
{
    size_t capacity = 1 << 16, length = 0;
    char *data = malloc(capacity);
    while (data != NULL) {
        size_t got = fread(data + length, 1, capacity - length, stdin);
        length += got;
        if (got == 0 || length > limit)
            break;
        if (length < capacity)
            continue;
        char *more = realloc(data, capacity *= 2);
        if (more == NULL)
            free(data);
        data = more;
    }
    if (data == NULL || length > limit || ferror(stdin)) {
        const char *why = data == NULL     ? "out of memory"
                          : length > limit ? "the text is too long"
                                           : "cannot be read";
        fprintf(stderr, "vouch: %s: standard input: %s\n", command_name, why);
        free(data);
        return false;
    }
    *out = data;
    *out_length = length;
    return true;
}

int args_columns(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

bool args_colours(void)
{
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}
