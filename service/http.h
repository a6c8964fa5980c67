/* HTTP over libmicrohttpd: connections, bodies, a bounded queue, workers, streams. It knows nothing
 * of graphs or keys: service/router.c gives it two calls.
 *
 * A request's way: headers read -> on_headers (HTTP thread: may refuse, chooses limits) -> body
 * read into memory or a file -> queued -> on_request (worker thread: fills the response, or writes
 * a stream)
 * -> sent. Requests marked `quick` run on the HTTP thread and must not block.
 *
 * While a request is queued or runs, its connection is suspended. A watch thread looks for clients
 * that hung up and for deadlines that passed, and sets `cancel`. */
#ifndef VOUCH_SERVICE_HTTP_H
#define VOUCH_SERVICE_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/error.h"
#include "core/log.h"
#include "core/str.h"

typedef struct http_server http_server;

#define HTTP_ID_BYTES 33
#define HTTP_HEADERS_OUT 16

typedef struct http_header {
    const char *name;
    const char *value; /* in the request's arena, or static */
} http_header;

typedef struct http_request {
    /* What the client sent. Strings live as long as the request. */
    const char *method; /* "GET", "POST", ... */
    const char *path;   /* raw, without the query */
    char id[HTTP_ID_BYTES];
    char address[64]; /* of the client */
    arena *a;
    str body; /* complete when on_request runs; empty when it went to a file */
    char
        *body_path; /* the uploaded file; the handler may unlink or rename it, else it is removed */
    uint64_t body_bytes;
    uint64_t begun_ns, deadline_ns;
    atomic_bool cancel; /* the client hung up, the deadline passed, or the server stops */
    atomic_bool timed_out;

    /* What on_headers decides. */
    bool quick;            /* run on the HTTP thread */
    size_t body_limit;     /* 0 = a body is refused */
    const char *spool_dir; /* not NULL: write the body to a file there */
    unsigned route;        /* the router's own */
    void *context;         /* the router's own, in the arena */

    /* The answer. status 0 = none yet. */
    unsigned status;
    const char *content_type; /* default application/json */
    buf out;
    const void *fixed; /* instead of `out`: bytes that outlive the server */
    size_t fixed_bytes;
    http_header headers[HTTP_HEADERS_OUT];
    size_t header_count;
} http_request;

/* A request header or query parameter, NULL when absent; on_headers and quick requests only for
 * headers; parameters at any time until the request ends. Decoded; borrowed. */
const char *http_header_in(http_request *r, const char *name);
const char *http_query(http_request *r, const char *name);

/* The text with %XX decoded, in `a`; NULL when the result is not UTF-8 or holds a NUL. */
const char *http_percent_decode(str text, arena *a);

/* Adds a response header. More than HTTP_HEADERS_OUT are dropped. */
void http_header_out(http_request *r, const char *name, const char *value);

/* Begins a streamed response (status, headers, content_type as set so far); STATUS_CANCELLED when
 * the client has gone. Then http_stream_write any number of times; the stream ends when on_request
 * returns. A slow reader blocks the writer at 1 MiB of backlog. */
status http_stream_begin(http_request *r);
status http_stream_write(http_request *r, str bytes);

typedef struct http_options {
    const char *address;
    uint16_t port; /* 0 = any; see http_port */
    unsigned threads, workers, queue, connections;
    unsigned idle_timeout_s, request_timeout_s;
    const logger *log;
    void *context;
    void (*on_headers)(void *context, http_request *r);
    void (*on_request)(void *context, unsigned worker, http_request *r);
    void (*on_done)(void *context, const http_request *r, double milliseconds);
    void (*on_queue)(void *context, int change);
    /* Fills the answer of a refusal: status 413 (too large), 400 (a body where none belongs, or two
     * ways to tell its end), else 503. */
    void (*on_refuse)(void *context, http_request *r);
} http_options;

status http_open(const http_options *options, http_server **out, error *err);
uint16_t http_port(const http_server *server);
/* Stops accepting, lets requests finish for up to grace_ms, then cancels them; frees. */
void http_close(http_server *server, unsigned grace_ms);
/* Requests queued or running. */
unsigned http_in_flight(http_server *server);

#endif
