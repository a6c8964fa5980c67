/* Entry of the `vouch` binary: finds the subcommand and runs it. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        help();
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        printf("vouch %s\n", VOUCH_VERSION);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help();
    if (strcmp(name, "help") == 0 && argc == 2)
        return help();
    if (strcmp(name, "help") == 0) {
        const command *c = find(argv[2]);
        char *arguments[] = {argv[2], (char[]){"--help"}, NULL};
        if (c != NULL)
            return c->run(2, arguments);
        name = argv[2];
    }
    const command *c = find(name);
    if (c == NULL) {
        fprintf(stderr, "vouch: there is no command '%s'; see 'vouch help'\n", name);
        return 2;
    }
    return c->run(argc - 1, argv + 1);
}
