/* `vouch graph delete-source|export|backup|restore|check`. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/graph.h"
#include "kg/export.h"

int graph_delete_source(const graph_arguments *arguments)
{
    error err = {0};
    kg_store *store = NULL;
    kg_write *write = NULL;
    kg_write_report report = {0};
    status code = kg_open(arguments->path, NULL, &store, &err);
    if (code == STATUS_OK)
        code = kg_write_begin(store, &write, &err);
    if (code == STATUS_OK) {
        code = kg_write_delete_source(write, str_from(arguments->words[0]), &err);
        if (code == STATUS_OK)
            code = kg_write_commit(write, &report, &err);
        else
            kg_write_rollback(write);
    }
    kg_close(store);
    if (code != STATUS_OK)
        return cli_fail(&err);
    if (!arguments->json) {
        printf("removed %" PRIu64 " statements, %" PRIu64 " are left\n", report.removed,
               report.statements);
        return 0;
    }
    json_t *root = json_object();
    json_object_set_new(root, "source", graph_text(str_from(arguments->words[0])));
    json_object_set_new(root, "removed", json_integer((json_int_t)report.removed));
    json_object_set_new(root, "statements", json_integer((json_int_t)report.statements));
    return graph_print_json(root);
}

static bool write_out(void *context, str bytes)
{
    return fwrite(bytes.data, 1, bytes.length, context) == bytes.length;
}

int graph_export(const graph_arguments *arguments)
{
    error err = {0};
    graph_view view = {0};
    if (arguments->json)
        return cli_usage("graph", "export writes N-Quads, it has no --json");
    if (graph_open(arguments, &view, &err) != STATUS_OK)
        return cli_fail(&err);
    status code = kg_export(view.read, write_out, stdout, &err);
    if (code == STATUS_OK && fflush(stdout) != 0)
        code = error_errno(&err, STATUS_IO, errno, "standard output");
    graph_close(&view);
    return code == STATUS_OK ? 0 : cli_fail(&err);
}

static int copied(const graph_arguments *arguments, const char *from, const char *to)
{
    if (!arguments->json) {
        printf("%s is a copy of %s\n", to, from);
        return 0;
    }
    json_t *root = json_object();
    json_object_set_new(root, "from", graph_text(str_from(from)));
    json_object_set_new(root, "to", graph_text(str_from(to)));
    return graph_print_json(root);
}

int graph_backup(const graph_arguments *arguments)
{
    error err = {0};
    kg_store *store = NULL;
    status code = kg_open(arguments->path, &(kg_open_options){.read_only = true}, &store, &err);
    if (code == STATUS_OK)
        code = kg_backup(store, arguments->words[0], &err);
    kg_close(store);
    return code == STATUS_OK ? copied(arguments, arguments->path, arguments->words[0])
                             : cli_fail(&err);
}

int graph_restore(const graph_arguments *arguments)
{
    error err = {0};
    kg_store *store = NULL;
    status code = kg_open(arguments->words[0], &(kg_open_options){.read_only = true}, &store, &err);
    if (code == STATUS_OK)
        code = kg_check(store, NULL, NULL, &err);
    if (code == STATUS_OK)
        code = arguments->force ? kg_restore(store, arguments->path, &err)
                                : kg_backup(store, arguments->path, &err);
    kg_close(store);
    if (code == STATUS_EXISTS)
        return cli_usage("graph", "%s exists already; --force replaces it", arguments->path);
    return code == STATUS_OK ? copied(arguments, arguments->words[0], arguments->path)
                             : cli_fail(&err);
}

typedef struct findings {
    json_t *list;
    size_t count;
} findings;

static void found(void *context, const char *what)
{
    findings *f = context;
    f->count++;
    if (f->list != NULL)
        json_array_append_new(f->list, graph_text(str_from(what)));
    else
        printf("%s\n", what);
}

int graph_check(const graph_arguments *arguments)
{
    error err = {0};
    kg_store *store = NULL;
    findings f = {.list = arguments->json ? json_array() : NULL};
    status code = kg_open(arguments->path, &(kg_open_options){.read_only = true}, &store, &err);
    bool opened = code == STATUS_OK;
    if (opened)
        cli_tell_migration(store);
    if (opened)
        code = kg_check(store, found, &f, &err);
    kg_close(store);
    if (!opened || (code != STATUS_OK && code != STATUS_CORRUPT)) {
        json_decref(f.list);
        return cli_fail(&err);
    }
    if (arguments->json) {
        json_t *root = json_object();
        json_object_set_new(root, "ok", json_boolean(code == STATUS_OK));
        json_object_set_new(root, "violations", f.list);
        (void)graph_print_json(root);
    } else if (code == STATUS_OK) {
        printf("%s: every rule holds\n", arguments->path);
    }
    return code == STATUS_OK ? 0 : cli_fail(&err);
}
