/* A service in this process on a free port, with one small graph and a key of every role: what the
 * fuzzers of HTTP share. It is started by the first input and lives until the process ends. */
#ifndef VOUCH_FUZZ_SERVICE_H
#define VOUCH_FUZZ_SERVICE_H

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/buf.h"
#include "ingest/job.h"
#include "service/keys.h"
#include "service/service.h"

typedef struct fuzz_service {
    service *service;
    char folder[64], key[SERVICE_KEY_TEXT_BYTES];
} fuzz_service;

static inline void fuzz_must(status s, const error *err)
{
    char text[1024];
    if (s == STATUS_OK)
        return;
    fprintf(stderr, "%s\n", error_describe(err, text, sizeof text));
    abort();
}

static inline void fuzz_make_graph(const char *table, const char *graph)
{
    error err = {0};
    kg_store *store = NULL;
    ingest_report report;
    FILE *f = fopen(table, "w");
    if (f == NULL)
        abort();
    fputs("肺结核\t症状\t咳嗽\n肺结核\t症状\t盗汗\n肺结核\t检查\t痰涂片检查\n"
          "肺炎\t症状\t咳嗽\ncholera\tsymptom\tdiarrhea\n",
          f);
    fclose(f);
    fuzz_must(kg_open(graph, &(kg_open_options){.create = true}, &store, &err), &err);
    fuzz_must(ingest_run(store, &table, 1,
                         &(ingest_options){.format = "tsv", .pack = "medical", .authority = -1},
                         &report, &err),
              &err);
    kg_close(store);
}

static inline void fuzz_service_start(fuzz_service *f)
{
    static const logger quiet = {.fd = -1};
    char table[128], graph[128], keys[128], spec[160];
    error err = {0};
    service_config *c = service_config_new();
    snprintf(f->folder, sizeof f->folder, "/tmp/vouch-fuzz-http-XXXXXX");
    if (c == NULL || mkdtemp(f->folder) == NULL)
        abort();
    snprintf(table, sizeof table, "%s/small.tsv", f->folder);
    snprintf(graph, sizeof graph, "%s/med.kg", f->folder);
    snprintf(keys, sizeof keys, "%s/keys.json", f->folder);
    snprintf(spec, sizeof spec, "med=%s", graph);
    fuzz_make_graph(table, graph);
    fuzz_must(service_keys_add(keys, "med", ROLE_ADMIN, "fuzz", 0, f->key, &err), &err);
    fuzz_must(service_config_add_graph(c, spec, &err), &err);
    fuzz_must(service_config_set_listen(c, "127.0.0.1:0", &err), &err);
    free(c->data_dir);
    c->data_dir = strdup(f->folder);
    c->keys = strdup(keys);
    c->graphs[0].model = strdup("none");
    c->workers = 1, c->rate_per_minute = 0;
    fuzz_must(service_open(c, &quiet, &f->service, &err), &err);
}

static inline fuzz_service *fuzz_service_get(void);

static inline void fuzz_service_stop(void)
{
    char command[96];
    fuzz_service *f = fuzz_service_get();
    service_close(f->service);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    (void)!system(command);
}

static inline fuzz_service *fuzz_service_get(void)
{
    static fuzz_service one;
    if (one.service == NULL) {
        fuzz_service_start(&one);
        (void)atexit(fuzz_service_stop);
    }
    return &one;
}

/* Sends the bytes on a connection of its own and reads to the end. Half a request: once nothing has
 * come for `quiet_ms`, says that no more comes; 0 = never, the service closes by itself. A service
 * that neither answers nor hangs up within a minute is a finding. */
static inline void fuzz_exchange(const fuzz_service *f, str request, int quiet_ms, buf *reply)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(service_port(f->service))};
    char bytes[4096];
    ssize_t n = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), left = quiet_ms;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)(void *)&to, sizeof to) != 0)
        abort();
    for (size_t sent = 0; sent < request.length && n >= 0; sent += n > 0 ? (size_t)n : 0)
        n = send(fd, request.data + sent, request.length - sent, MSG_NOSIGNAL);
    for (n = 1; n > 0;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = poll(&p, 1, left > 0 ? left : 60000);
        if (ready < 0 && errno == EINTR) { /* the fuzzer's own timer */
            continue;
        } else if (ready > 0) {
            n = recv(fd, bytes, sizeof bytes, 0);
            buf_add(reply, str_make(bytes, n > 0 ? (size_t)n : 0));
        } else if (left > 0) {
            (void)shutdown(fd, SHUT_WR);
            left = 0;
        } else {
            abort();
        }
    }
    (void)close(fd);
}

/* What holds of every answer: a status line, never 500, JSON is JSON, and an error names itself.
 * 0 when there is no answer. */
static inline unsigned fuzz_check_reply(str reply)
{
    const str type = STR("Content-Type: application/json\r\n");
    const str interim = STR("HTTP/1.1 100 Continue\r\n\r\n");
    if (str_starts(reply, interim))
        reply = str_slice(reply, interim.length, reply.length);
    size_t head = str_find(reply, STR("\r\n\r\n"), 0);
    unsigned code = 0;
    if (reply.length == 0)
        return 0;
    if (head == STR_NONE || sscanf(reply.data, "HTTP/1.%*c %u", &code) != 1 || code < 200 ||
        code > 599 || code == 500)
        abort();
    if (str_find(str_slice(reply, 0, head + 2), type, 0) == STR_NONE || head + 4 == reply.length ||
        str_starts(str_slice(reply, head + 4, reply.length), STR("HTTP/")))
        return code; /* a page, a stream, or the answer to HEAD */
    json_t *body = json_loadb(reply.data + head + 4, reply.length - head - 4,
                              JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
    if (body == NULL || (code >= 400 && json_string_value(json_object_get(
                                            json_object_get(body, "error"), "code")) == NULL))
        abort();
    json_decref(body);
    return code;
}

#endif
