/* vouch key: API keys of the service. A key is printed once, when it is made. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "service/keys.h"

static const char usage[] = "usage: vouch key add --graph NAME --role ask|ingest|admin [--note "
                            "TEXT] [--rate N] [--keys FILE]\n"
                            "       vouch key list [--keys FILE] [--json]\n"
                            "       vouch key revoke ID [--keys FILE]\n\n"
                            "Keys lie hashed in FILE (default vouch-keys.json). A new key is "
                            "printed once and never again.\n"
                            "NAME may be '*' for every graph. Each role includes the ones before "
                            "it. --rate is in requests\n"
                            "a minute. A running service sees a change within seconds. --json is "
                            "as schemas/keys.schema.json says.\n\n"
                            "exit status: 0 done, 2 usage, 3 bad data (no such file or key)\n";

typedef struct key_arguments {
    const char *graph, *role, *note, *rate, *keys, *id;
    int json;
} key_arguments;

static int parse(int argc, char **argv, key_arguments *a)
{
    a->keys = "vouch-keys.json";
    for (int i = 2; i < argc; i++) {
        const struct {
            const char *name;
            const char **slot;
        } options[] = {{"--graph", &a->graph},
                       {"--role", &a->role},
                       {"--note", &a->note},
                       {"--rate", &a->rate},
                       {"--keys", &a->keys}};
        const char **slot = NULL;
        for (size_t o = 0; o < CORE_COUNT(options); o++)
            if (strcmp(options[o].name, argv[i]) == 0)
                slot = options[o].slot;
        if (strcmp(argv[i], "--json") == 0)
            a->json = 1;
        else if (slot != NULL && i + 1 == argc)
            return cli_usage("key", "%s needs a value", argv[i]);
        else if (slot != NULL)
            *slot = argv[++i];
        else if (argv[i][0] != '-' && a->id == NULL)
            a->id = argv[i];
        else
            return cli_usage("key", "there is no option '%s'", argv[i]);
    }
    return 0;
}

static int add(const key_arguments *a)
{
    error err = {0};
    service_role role;
    int64_t rate = 0;
    char text[SERVICE_KEY_TEXT_BYTES];
    if (a->graph == NULL || a->role == NULL)
        return cli_usage("key", "add needs --graph and --role");
    if (!service_role_parse(a->role, &role))
        return cli_usage("key", "--role must be ask, ingest or admin");
    if (a->rate != NULL && (!str_to_i64(str_from(a->rate), &rate) || rate < 0 || rate > 10000000))
        return cli_usage("key", "--rate must be a number of requests a minute");
    if (service_keys_add(a->keys, a->graph, role, a->note, (unsigned)rate, text, &err) != STATUS_OK)
        return cli_fail(&err);
    printf("%s\n", text);
    fprintf(stderr, "vouch: this key is shown once; keep it safe\n");
    return 0;
}

static void print_key(json_t *key)
{
    const char *graph;
    json_t *role;
    printf("%s  %s", json_string_value(json_object_get(key, "id")),
           json_object_get(key, "revoked_at") == NULL ? "live   " : "revoked");
    json_object_foreach(json_object_get(key, "grants"), graph, role)
    {
        printf("  %s:%s", graph, json_string_value(role));
    }
    const char *note = json_string_value(json_object_get(key, "note"));
    printf("%s%s\n", note == NULL ? "" : "  ", note == NULL ? "" : note);
}

static int list(const key_arguments *a)
{
    error err = {0};
    json_t *keys = NULL;
    if (service_keys_list(a->keys, &keys, &err) != STATUS_OK)
        return cli_fail(&err);
    if (a->json) {
        json_dumpf(keys, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        size_t i;
        json_t *key;
        json_array_foreach(keys, i, key)
        {
            print_key(key);
        }
    }
    json_decref(keys);
    return 0;
}

static int revoke(const key_arguments *a)
{
    error err = {0};
    if (a->id == NULL)
        return cli_usage("key", "revoke needs the key's id");
    if (service_keys_revoke(a->keys, a->id, &err) != STATUS_OK)
        return cli_fail(&err);
    printf("revoked %s; a running service refuses it within seconds\n", a->id);
    return 0;
}

int cmd_key(int argc, char **argv)
{
    key_arguments a = {0};
    if (argc < 2)
        return cli_usage("key", "add, list or revoke is missing");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 0;
        }
    int code = parse(argc, argv, &a);
    if (code != 0)
        return code;
    if (strcmp(argv[1], "add") == 0)
        return add(&a);
    if (strcmp(argv[1], "list") == 0)
        return list(&a);
    if (strcmp(argv[1], "revoke") == 0)
        return revoke(&a);
    return cli_usage("key", "there is no 'key %s'", argv[1]);
}
