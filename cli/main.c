/* Entry of the `vouch` binary: finds the subcommand and runs it. */
#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/version.h"

static void print_commands(int first)
{
    for (const command *c = command_table; c->name != NULL; c++)
        if (c->first == first)
            printf("  %-10s %s\n", c->name, c->summary);
}

static int help(void)
{
    printf(
        "vouch %s: answers from a knowledge graph, each sentence tied to the facts that "
        "support it\n\nusage: vouch COMMAND [ARGUMENTS]    (vouch COMMAND --help tells more)\n\n",
        VOUCH_VERSION);
    print_commands(1);
    printf("\nmore:\n");
    print_commands(0);
    return 0;
}

static const command *find(const char *name)
{
    for (const command *c = command_table; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* What was printed is an answer only when it has arrived: a full disk is an error, a reader that
 * has left (vouch ... | head) is none. */
static int finish(int code)
{
    bool failed = fflush(stdout) != 0;
    const char *why = failed ? strerror(errno) : "not all of it could be written";
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (!failed && !ferror(stdout))
        return code;
    if (poll(&out, 1, 0) > 0 && (out.revents & POLLERR) != 0)
        return code;
    fprintf(stderr, "vouch: standard output: %s\n", why);
    return code == 0 || code == 1 ? 3 : code;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help();
        return finish(2);
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        printf("vouch %s\n", VOUCH_VERSION);
        return finish(0);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return finish(help());
    if (strcmp(name, "help") == 0 && argc == 2)
        return finish(help());
    if (strcmp(name, "help") == 0) {
        const command *c = find(argv[2]);
        char *arguments[] = {argv[2], (char[]){"--help"}, NULL};
        if (c != NULL)
            return finish(c->run(2, arguments));
        name = argv[2];
    }
    const command *c = find(name);
    if (c == NULL) {
        fprintf(stderr, "vouch: there is no command '%s'; see 'vouch help'\n", name);
        return 2;
    }
    return finish(c->run(argc - 1, argv + 1));
}
