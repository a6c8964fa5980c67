/* The service's configuration: a JSON document (schemas/config.schema.json) and what the command
 * line adds. Immutable after reading; SIGHUP reads a new one beside it. */
#ifndef VOUCH_SERVICE_CONFIG_H
#define VOUCH_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/str.h"

#define SERVICE_NAME_BYTES 64 /* of a graph's name, the NUL included */

typedef struct service_graph_config {
    char name[SERVICE_NAME_BYTES]; /* letters, digits, '.', '_', '-' */
    char *path;
    char *pack;     /* NULL = the graph's own */
    char *model;    /* NULL = the embedded default */
    char *examples; /* NULL = none */
} service_graph_config;

typedef struct service_config {
    char *listen;   /* "ADDRESS:PORT"; default 127.0.0.1:8080 */
    char *keys;     /* the key file; NULL = none */
    char *data_dir; /* feedback, uploads, jobs; default "vouch-data" */
    service_graph_config *graphs;
    size_t graph_count;

    unsigned workers;           /* threads that answer; 0 = the machine's cores */
    unsigned http_threads;      /* default 1 */
    unsigned queue;             /* requests that may wait; default 64 */
    unsigned request_timeout_s; /* default 30 */
    unsigned idle_timeout_s;    /* slow clients are cut; default 20 */
    unsigned connections;       /* default 1024 */
    size_t body_bytes;          /* of a JSON request; default 1 MiB */
    size_t upload_bytes;        /* of an ingest upload; default 256 MiB */
    unsigned rate_per_minute;   /* per key (or address without keys); 0 = no limit */

    char **cors_origins; /* exact origins; none by default */
    size_t cors_count;
    char **ingest_hosts; /* hosts that ingest may fetch from; none by default */
    size_t ingest_host_count;

    bool local_only;      /* no outgoing connection whatever */
    bool log_questions;   /* default false */
    unsigned slow_ms;     /* log questions slower than this; 0 = never */
    char *feedback_store; /* "judged" (default), "all" or "off" */
    char *audit_file;     /* NULL = no audit log */
    unsigned audit_days;  /* retention; 0 = for ever */
    char **mask_patterns; /* further PCRE2 patterns to mask before storing */
    size_t mask_count;
} service_config;

/* A configuration with every default set and no graphs; NULL when out of memory. */
service_config *service_config_new(void);
void service_config_free(service_config *config);

/* Reads a file. Relative paths in it are taken from the file's folder. An error names the JSON
 * pointer of what is wrong. */
status service_config_read(const char *path, service_config **out, error *err);
/* Adds or replaces a graph given as "NAME=FILE.kg" (or "FILE.kg": named after the file). */
status service_config_add_graph(service_config *config, const char *spec, error *err);
status service_config_set_listen(service_config *config, const char *listen, error *err);

/* "ADDRESS:PORT", "[v6]:PORT" or ":PORT" -> address text and port. */
status service_listen_parse(const char *listen, char address[64], uint16_t *port, error *err);
/* True for 127.0.0.0/8 and ::1 (and "localhost"). */
bool service_address_is_loopback(const char *address);

#endif
