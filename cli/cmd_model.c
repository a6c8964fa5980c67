/* vouch model: finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/model.h"

static const command subcommands[] = {
    {"info", "what a model file holds, and the memory that it needs", 0, cmd_model_info},
    {"bench", "speed of a model on this machine, per number of threads", 0, cmd_model_bench},
    {"tokenize", "show the tokens of a text", 0, cmd_model_tokenize},
    {"generate", "let a model (a file or a URL) go on with a text, or answer", 0,
     cmd_model_generate},
    {"train", "make the embedded model: data, training, export", 0, cmd_model_train},
    {NULL, NULL, 0, NULL},
};

int cmd_model(int argc, char **argv)
{
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    for (const command *c = subcommands; argc > 1 && c->name != NULL; c++)
        if (strcmp(c->name, argv[1]) == 0) {
            char name[32]; /* as messages call it */
            (void)snprintf(name, sizeof name, "model %s", c->name);
            argv[1] = name;
            return c->run(argc - 1, argv + 1);
        }
    if (argc > 1 && !help)
        return cli_usage("model", "there is no subcommand '%s'", argv[1]);
    printf("usage: vouch model SUBCOMMAND ...\n\n");
    for (const command *c = subcommands; c->name != NULL; c++)
        printf("  %-10s %s\n", c->name, c->summary);
    printf("\n'vouch model SUBCOMMAND --help' tells more\n\n"
           "exit status: 0 done, 2 usage, 3 bad data (no model, or a broken one)\n");
    return help ? 0 : 2;
}
