/* vouch serve: the HTTP service. Runs until SIGINT or SIGTERM; SIGHUP re-reads the configuration.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "core/log.h"
#include "service/service.h"

static const char usage[] =
    "usage: vouch serve [--config FILE.json] [--listen 127.0.0.1:8080] [--graph NAME=G.kg]...\n"
    "                   [--keys FILE] [--data-dir DIR] [--model M] [--pack P] [--log FILE]\n\n"
    "Serves graphs over HTTP: POST /v1/ask, an OpenAI-compatible /v1/chat/completions, and a web\n"
    "page at /. The whole API stands in /openapi.json.\n\n"
    "  --config FILE    settings as JSON (schemas/config.schema.json); SIGHUP reads it again\n"
    "  --listen A:P     address and port; another address than loopback needs --keys\n"
    "  --graph NAME=F   serve the graph file F under NAME; may be given again\n"
    "  --keys FILE      the key file that 'vouch key add' made\n"
    "  --data-dir DIR   where feedback, uploads and jobs are kept (default vouch-data)\n"
    "  --model M        for every graph given by --graph: none, FILE.gguf or a URL\n"
    "  --pack P         for every graph given by --graph\n"
    "  --log FILE       append log lines there instead of standard error\n\n"
    "exit status: 0 stopped by SIGINT or SIGTERM, 2 usage (an unsafe address too), 3 bad data\n";

typedef struct serve_arguments {
    const char *config, *listen, *keys, *data_dir, *model, *pack, *log;
    const char *graphs[64];
    size_t graph_count;
} serve_arguments;

/* Which option an argument is; NULL when it is none that takes a value. */
static const char **slot_of(serve_arguments *a, const char *name)
{
    const struct {
        const char *name;
        const char **slot;
    } options[] = {{"--config", &a->config}, {"--listen", &a->listen},
                   {"--keys", &a->keys},     {"--data-dir", &a->data_dir},
                   {"--model", &a->model},   {"--pack", &a->pack},
                   {"--log", &a->log}};
    if (strcmp(name, "--graph") == 0)
        return a->graph_count < CORE_COUNT(a->graphs) ? &a->graphs[a->graph_count++] : NULL;
    for (size_t i = 0; i < CORE_COUNT(options); i++)
        if (strcmp(options[i].name, name) == 0)
            return options[i].slot;
    return NULL;
}

/* 0 = go on, else the exit code plus one. */
static int parse(int argc, char **argv, serve_arguments *a)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            return 1;
        }
        const char **slot = slot_of(a, argv[i]);
        if (slot == NULL)
            return cli_usage("serve", "there is no option '%s'", argv[i]) + 1;
        if (i + 1 == argc)
            return cli_usage("serve", "%s needs a value", argv[i]) + 1;
        *slot = argv[++i];
    }
    return 0;
}

static status set_copy(char **slot, const char *text, error *err)
{
    if (text == NULL)
        return STATUS_OK;
    char *copy = strdup(text);
    if (copy == NULL)
        return error_memory(err);
    free(*slot);
    *slot = copy;
    return STATUS_OK;
}

/* The configuration that file and options give together. */
static status configure(const serve_arguments *a, service_config **out, error *err)
{
    service_config *c = NULL;
    status code = STATUS_OK;
    if (a->config != NULL)
        code = service_config_read(a->config, &c, err);
    else if ((c = service_config_new()) == NULL)
        code = error_memory(err);
    if (code == STATUS_OK && a->listen != NULL)
        code = service_config_set_listen(c, a->listen, err);
    if (code == STATUS_OK)
        code = set_copy(&c->keys, a->keys, err);
    if (code == STATUS_OK)
        code = set_copy(&c->data_dir, a->data_dir, err);
    for (size_t i = 0; code == STATUS_OK && i < a->graph_count; i++) {
        code = service_config_add_graph(c, a->graphs[i], err);
        service_graph_config *g = &c->graphs[c->graph_count - 1];
        if (code == STATUS_OK)
            code = set_copy(&g->model, a->model, err);
        if (code == STATUS_OK)
            code = set_copy(&g->pack, a->pack, err);
    }
    if (code == STATUS_OK && c->graph_count == 0)
        code = error_set(err, STATUS_USAGE,
                         "serve: no graph to serve; give --graph NAME=FILE.kg or a configuration");
    if (code != STATUS_OK) {
        service_config_free(c);
        return code;
    }
    *out = c;
    return STATUS_OK;
}

static void reload(service *s, const serve_arguments *a, const logger *log)
{
    error err = {0};
    char text[1024];
    service_config *fresh = NULL;
    if (configure(a, &fresh, &err) != STATUS_OK || service_reload(s, fresh, &err) != STATUS_OK)
        LOG(log, LOG_ERROR_LEVEL, "reload_failed",
            LOG_CSTR("why", error_describe(&err, text, sizeof text)));
}

/* Waits for signals; ticks once a second between them. */
static void run(service *s, const serve_arguments *a, const logger *log, const sigset_t *signals)
{
    for (;;) {
        const struct timespec second = {1, 0};
        int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number == SIGHUP)
            reload(s, a, log);
        else if (signal_number == SIGINT || signal_number == SIGTERM)
            return;
        else if (signal_number < 0 && errno != EAGAIN && errno != EINTR)
            return;
        else
            service_tick(s);
    }
}

int cmd_serve(int argc, char **argv)
{
    serve_arguments a = {0};
    int code = parse(argc, argv, &a);
    if (code != 0)
        return code - 1;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before any thread starts */
    logger log = {.fd = STDERR_FILENO, .least = LOG_INFO_LEVEL};
    if (a.log != NULL &&
        (log.fd = open(a.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) {
        error err = {0};
        error_errno(&err, STATUS_IO, errno, a.log);
        return cli_fail(&err);
    }
    error err = {0};
    service_config *config = NULL;
    service *s = NULL;
    if (configure(&a, &config, &err) != STATUS_OK)
        return cli_fail(&err);
    char *listen = strdup(config->listen);
    if (service_open(config, &log, &s, &err) != STATUS_OK) {
        free(listen);
        return cli_fail(&err);
    }
    char *colon = listen == NULL ? NULL : strrchr(listen, ':');
    printf("vouch: listening on http://%.*s:%u/\n", colon == NULL ? 0 : (int)(colon - listen),
           listen, service_port(s));
    fflush(stdout);
    free(listen);
    LOG(&log, LOG_INFO_LEVEL, "started", LOG_INT("port", service_port(s)));
    run(s, &a, &log, &signals);
    LOG(&log, LOG_INFO_LEVEL, "stopping", LOG_INT("port", service_port(s)));
    service_close(s);
    return 0;
}
