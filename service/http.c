/* See http.h. Each request is reference-counted: one count is libmicrohttpd's until its completed
 * callback, one is the worker's while it runs. `lock` of a request guards its connection, state and
 * stream. libmicrohttpd closes a connection whose answer is queued at the first handler call, so
 * that happens only for refusals. */
#include "service/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "service/connections.h"
#include "service/http_parse.h"
#include "service/lingering.h"

#define STREAM_BACKLOG ((size_t)1 << 20)
#define WATCH_INTERVAL_MS 50
#define SECOND_NS ((uint64_t)1000000000)
#define DRAINED_BYTES 8192 /* so short a body is read before a refusal: the connection goes on */
#define SLOWEST_BODY ((uint64_t)16384) /* bytes a second, after the first time-out */
#define ARENA_LIMIT ((size_t)512 << 20)
#ifdef __SANITIZE_ADDRESS__
#define SPARE_EXCHANGES 0 /* a sanitizer sees what is used after its end only when it is freed */
#else
#define SPARE_EXCHANGES 64
#endif
/* A request's line and headers fit in this. libmicrohttpd zeroes it once and a half for each
 * request, which at its default of 32 KiB is a seventh of a small request's time. */
#define CONNECTION_BYTES ((size_t)16384)
#define SPARE_ARENA_BYTES 8192 /* such an arena never grew past its first block */

typedef enum exchange_state {
    READING, /* the body comes in */
    WORKING, /* queued or with a worker; connection suspended */
    STREAMING,
    FINISHED /* the answer is complete */
} exchange_state;

typedef struct exchange {
    http_request r; /* first: an exchange is its request */
    http_server *server;
    struct MHD_Connection *connection; /* NULL once it is gone; under lock */
    atomic_uint references;
    pthread_mutex_t lock;
    pthread_cond_t drained;
    exchange_state state;
    bool suspended;
    bool answered; /* a response was queued */
    int spool_fd;
    size_t stream_sent;               /* bytes of r.out that were handed over */
    struct exchange *next_queued;     /* also the list of those that wait to be used again */
    struct exchange *previous, *next; /* the watch list */
} exchange;

struct http_server {
    http_options options;
    struct MHD_Daemon *daemon;
    connections *connections;
    lingering *lingering;
    pthread_t *workers;
    unsigned worker_count;
    pthread_t watch;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work, idle, watching;
    exchange *queue_head, *queue_tail;
    unsigned queued, in_flight;
    exchange *watched; /* queued or running */
    exchange *spare;   /* ended; kept with a small arena for the next request */
    unsigned spare_count;
    bool stopping;
    uint64_t seed;
    _Atomic uint64_t requests;
};

typedef struct worker_start {
    http_server *server;
    unsigned index;
} worker_start;

/* --- life of an exchange -----------------------------------------------------------------------
 */
static void destroy(exchange *x)
{
    arena_free(x->r.a);
    pthread_mutex_destroy(&x->lock);
    pthread_cond_destroy(&x->drained);
    free(x);
}

/* Keeps an ended exchange for the next request, when there is room and its arena is small. */
static bool keep_spare(http_server *s, exchange *x)
{
    if (arena_used(x->r.a) > SPARE_ARENA_BYTES)
        return false;
    arena_reset(x->r.a);
    pthread_mutex_lock(&s->lock);
    bool room = s->spare_count + 1 <= SPARE_EXCHANGES;
    if (room) {
        x->next_queued = s->spare;
        s->spare = x;
        s->spare_count++;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

static void release(exchange *x)
{
    if (atomic_fetch_sub(&x->references, 1) != 1)
        return;
    if (x->spool_fd >= 0)
        close(x->spool_fd);
    if (x->r.body_path != NULL)
        unlink(x->r.body_path);
    buf_free(&x->r.out);
    if (!keep_spare(x->server, x))
        destroy(x);
}

static exchange *make_exchange(http_server *server)
{
    exchange *x = calloc(1, sizeof *x);
    arena *a = x == NULL ? NULL : arena_new(ARENA_LIMIT);
    if (a == NULL) {
        free(x);
        return NULL;
    }
    x->r.a = a;
    x->server = server;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->drained, NULL);
    return x;
}

/* A spare exchange with all that its last request left set back; a new one when there is none. */
static exchange *take_exchange(http_server *s)
{
    pthread_mutex_lock(&s->lock);
    exchange *x = s->spare;
    if (x != NULL) {
        s->spare = x->next_queued;
        s->spare_count--;
    }
    pthread_mutex_unlock(&s->lock);
    if (x == NULL)
        return make_exchange(s);
    arena *a = x->r.a;
    memset(&x->r, 0, sizeof x->r);
    x->r.a = a;
    x->state = READING;
    x->suspended = x->answered = false;
    x->stream_sent = 0;
    x->next_queued = x->previous = x->next = NULL;
    return x;
}

static connection_note *note_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* libmicrohttpd is about to close the socket of a client that still sends: a duplicate keeps it. */
static void outlive(http_server *s, int fd)
{
    int kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (kept < 0)
        return;
    shutdown(kept, SHUT_WR);
    lingering_take(s->lingering, kept);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **slot,
                               enum MHD_ConnectionNotificationCode what)
{
    http_server *s = context;
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (fd != NULL && connection_answered_early(*slot))
            outlive(s, fd->connect_fd);
        connections_remove(s->connections, *slot);
        *slot = NULL;
        return;
    }
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (fd != NULL)
        *slot = connections_add(s->connections, address == NULL ? NULL : address->client_addr,
                                fd->connect_fd, clock_monotonic_ns());
}

/* Unique, not secret: a hash of the server's random number and a counter. */
static void set_id(http_server *server, exchange *x)
{
    uint64_t count = atomic_fetch_add(&server->requests, 1);
    const char *bytes = (const char *)&count;
    uint64_t id[2] = {str_hash(str_make(bytes, sizeof count), server->seed), server->seed ^ count};
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < HTTP_ID_BYTES - 1; i++)
        x->r.id[i] = digits[id[i / 16] >> (60 - 4 * (i % 16)) & 15];
    x->r.id[HTTP_ID_BYTES - 1] = '\0';
}

static exchange *begin(http_server *server, struct MHD_Connection *connection, const char *method,
                       const char *path)
{
    exchange *x = take_exchange(server);
    if (x == NULL)
        return NULL;
    x->spool_fd = -1;
    x->connection = connection;
    atomic_init(&x->references, 1);
    x->r.method = arena_cstr(x->r.a, str_from(method));
    x->r.path = x->r.method == NULL ? NULL : arena_cstr(x->r.a, str_from(path));
    if (x->r.path == NULL) {
        release(x);
        return NULL;
    }
    set_id(server, x);
    x->r.begun_ns = clock_monotonic_ns();
    x->r.deadline_ns = x->r.begun_ns + SECOND_NS * server->options.request_timeout_s;
    connection_note *note = note_of(connection);
    connection_begins(note);
    memcpy(x->r.address, connection_address(note), strlen(connection_address(note)) + 1);
    return x;
}

const char *http_header_in(http_request *r, const char *name)
{
    exchange *x = (exchange *)(void *)r;
    return x->connection == NULL
               ? NULL
               : MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

const char *http_query(http_request *r, const char *name)
{
    exchange *x = (exchange *)(void *)r;
    const char *raw = x->connection == NULL
                          ? NULL
                          : MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, name);
    return raw == NULL ? NULL : http_percent_decode(str_from(raw), r->a);
}

/* libmicrohttpd would decode the path before it is split; paths and parameters are decoded by
 * http_percent_decode instead, so that an encoded '/' inside an entity's IRI stays one segment. */
static size_t keep_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

void http_header_out(http_request *r, const char *name, const char *value)
{
    if (r->header_count < HTTP_HEADERS_OUT && value != NULL)
        r->headers[r->header_count++] = (http_header){name, value};
}

/* --- sending ------------------------------------------------------------------------------------
 */
static void add_headers(struct MHD_Response *response, const http_request *r)
{
    if (r->status != 204 && r->status != 304)
        MHD_add_response_header(response, "Content-Type",
                                r->content_type == NULL ? "application/json" : r->content_type);
    MHD_add_response_header(response, "X-Request-Id", r->id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < r->header_count; i++)
        MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
}

/* Queues the finished answer. */
static enum MHD_Result send_answer(exchange *x)
{
    http_request *r = &x->r;
    if (r->status == 0)
        r->status = 500;
    struct MHD_Response *response;
    if (r->fixed != NULL) {
        response = MHD_create_response_from_buffer(r->fixed_bytes, (void *)(uintptr_t)r->fixed,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        response =
            MHD_create_response_from_buffer(r->out.length, r->out.data, MHD_RESPMEM_PERSISTENT);
    }
    if (response == NULL)
        return MHD_NO;
    add_headers(response, r);
    enum MHD_Result result = MHD_queue_response(x->connection, r->status, response);
    MHD_destroy_response(response);
    x->answered = true;
    return result;
}

/* libmicrohttpd asks for more of a stream: copies what is there, or suspends until there is more.
 */
static ssize_t read_stream(void *context, uint64_t position, char *out, size_t most)
{
    exchange *x = context;
    (void)position;
    pthread_mutex_lock(&x->lock);
    size_t waiting = x->r.out.length - x->stream_sent;
    ssize_t result = 0;
    if (waiting > 0) {
        size_t bytes = waiting < most ? waiting : most;
        memcpy(out, x->r.out.data + x->stream_sent, bytes);
        x->stream_sent += bytes;
        if (x->stream_sent == x->r.out.length) {
            buf_clear(&x->r.out);
            x->stream_sent = 0;
        }
        pthread_cond_signal(&x->drained);
        result = (ssize_t)bytes;
    } else if (x->state == FINISHED) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (x->connection != NULL) {
        x->suspended = true;
        MHD_suspend_connection(x->connection);
    }
    pthread_mutex_unlock(&x->lock);
    return result;
}

static enum MHD_Result send_stream(exchange *x)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream, x, NULL);
    if (response == NULL)
        return MHD_NO;
    add_headers(response, &x->r);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    enum MHD_Result result =
        MHD_queue_response(x->connection, x->r.status == 0 ? 200 : x->r.status, response);
    MHD_destroy_response(response);
    x->answered = true;
    return result;
}

/* Lets libmicrohttpd look at the connection again. Under x->lock. */
static void resume(exchange *x)
{
    if (x->suspended && x->connection != NULL) {
        x->suspended = false;
        MHD_resume_connection(x->connection);
    }
}

status http_stream_begin(http_request *r)
{
    exchange *x = (exchange *)(void *)r;
    pthread_mutex_lock(&x->lock);
    bool alive = x->connection != NULL && !atomic_load(&r->cancel);
    if (alive) {
        buf_clear(&r->out);
        x->state = STREAMING;
        resume(x);
    }
    pthread_mutex_unlock(&x->lock);
    return alive ? STATUS_OK : STATUS_CANCELLED;
}

status http_stream_write(http_request *r, str bytes)
{
    exchange *x = (exchange *)(void *)r;
    pthread_mutex_lock(&x->lock);
    while (r->out.length - x->stream_sent > STREAM_BACKLOG && x->connection != NULL &&
           !atomic_load(&r->cancel)) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1;
        pthread_cond_timedwait(&x->drained, &x->lock, &until);
    }
    status code = x->connection == NULL || atomic_load(&r->cancel) ? STATUS_CANCELLED : STATUS_OK;
    if (code == STATUS_OK && !buf_add(&r->out, bytes))
        code = STATUS_MEMORY;
    resume(x);
    pthread_mutex_unlock(&x->lock);
    return code;
}

/* --- queue and workers --------------------------------------------------------------------------
 */
static void watch_add(http_server *s, exchange *x)
{
    x->next = s->watched;
    if (s->watched != NULL)
        s->watched->previous = x;
    s->watched = x;
}

static void watch_remove(http_server *s, exchange *x)
{
    if (x->previous != NULL)
        x->previous->next = x->next;
    else
        s->watched = x->next;
    if (x->next != NULL)
        x->next->previous = x->previous;
    x->previous = x->next = NULL;
}

/* Suspends and queues; false when the queue is full or the server stops. */
static bool enqueue(http_server *s, exchange *x)
{
    pthread_mutex_lock(&s->lock);
    bool room = !s->stopping && s->queued < s->options.queue;
    if (room) {
        x->state = WORKING;
        x->suspended = true;
        MHD_suspend_connection(x->connection);
        atomic_fetch_add(&x->references, 1);
        if (s->queue_tail == NULL)
            s->queue_head = x;
        else
            s->queue_tail->next_queued = x;
        s->queue_tail = x;
        s->queued++;
        s->in_flight++;
        watch_add(s, x);
        pthread_cond_signal(&s->watching);
        pthread_cond_signal(&s->work);
    }
    pthread_mutex_unlock(&s->lock);
    if (room)
        s->options.on_queue(s->options.context, 1);
    return room;
}

static exchange *dequeue(http_server *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->queue_head == NULL && !s->stopping)
        pthread_cond_wait(&s->work, &s->lock);
    exchange *x = s->queue_head;
    if (x != NULL) {
        s->queue_head = x->next_queued;
        if (s->queue_head == NULL)
            s->queue_tail = NULL;
        s->queued--;
    }
    pthread_mutex_unlock(&s->lock);
    return x;
}

static void finish(http_server *s, exchange *x)
{
    pthread_mutex_lock(&s->lock);
    watch_remove(s, x);
    s->in_flight--;
    if (s->in_flight == 0)
        pthread_cond_broadcast(&s->idle);
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_lock(&x->lock);
    x->state = FINISHED;
    resume(x);
    pthread_mutex_unlock(&x->lock);
    release(x);
}

static void *work(void *context)
{
    worker_start *start = context;
    http_server *s = start->server;
    unsigned index = start->index;
    free(start);
    exchange *x;
    while ((x = dequeue(s)) != NULL) {
        s->options.on_queue(s->options.context, -1);
        if (clock_monotonic_ns() >= x->r.deadline_ns)
            s->options.on_refuse(s->options.context, &x->r);
        else
            s->options.on_request(s->options.context, index, &x->r);
        finish(s, x);
    }
    return NULL;
}

static bool client_has_gone(const exchange *x)
{
    if (x->connection == NULL)
        return true;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL)
        return false;
    struct pollfd p = {.fd = info->connect_fd, .events = POLLIN};
    char byte;
    return poll(&p, 1, 0) > 0 && ((p.revents & (POLLERR | POLLHUP)) != 0 ||
                                  recv(p.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0);
}

/* Marks what passed its deadline or lost its client. Under the server's lock. */
static void look_at_watched(http_server *s, uint64_t now)
{
    for (exchange *x = s->watched; x != NULL; x = x->next) {
        if (now >= x->r.deadline_ns)
            atomic_store(&x->r.timed_out, true);
        pthread_mutex_lock(&x->lock);
        if (client_has_gone(x))
            atomic_store(&x->r.cancel, true);
        pthread_mutex_unlock(&x->lock);
    }
}

static struct timespec after_ms(long milliseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return until;
}

/* Twenty times a second while requests run, else once: slow headers are cut even then. */
static void *watch(void *context)
{
    http_server *s = context;
    uint64_t swept = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping || s->in_flight > 0) {
        uint64_t now = clock_monotonic_ns();
        look_at_watched(s, now);
        if (now - swept >= SECOND_NS) {
            /* A client may rest for one time-out and then take another for its headers. */
            connections_cut_slow(s->connections, now, 2 * SECOND_NS * s->options.idle_timeout_s);
            connections_tell_ended(s->connections);
            swept = now;
        }
        struct timespec until = after_ms(s->watched != NULL ? WATCH_INTERVAL_MS : 1000);
        pthread_cond_timedwait(s->watched != NULL ? &s->idle : &s->watching, &s->lock, &until);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* --- libmicrohttpd's callbacks
 * -------------------------------------------------------------------- */
/* Whether a refusal is worth reading the body first. A client that waits for leave to send it has
 * not sent it. */
static bool drains_body(exchange *x, const char *length, int64_t bytes)
{
    return http_header_in(&x->r, "Expect") == NULL && length != NULL && bytes >= 0 &&
           bytes <= DRAINED_BYTES;
}

/* Answers a request of which no more is read. libmicrohttpd closes the connection then. */
static enum MHD_Result answer_early(exchange *x)
{
    connection_answers_early(note_of(x->connection));
    http_header_out(&x->r, "Connection", "close");
    return send_answer(x);
}

/* Headers are in: lets the router decide. */
static enum MHD_Result first_call(http_server *s, struct MHD_Connection *connection,
                                  const char *path, const char *method, void **slot)
{
    exchange *x = begin(s, connection, method, path);
    if (x == NULL)
        return MHD_NO;
    *slot = x;
    s->options.on_headers(s->options.context, &x->r);
    const char *length = http_header_in(&x->r, "Content-Length");
    const char *coding = http_header_in(&x->r, "Transfer-Encoding");
    bool has_body = coding != NULL || (length != NULL && strcmp(length, "0") != 0);
    int64_t bytes = 0;
    if ((length != NULL || coding != NULL) && http_framing_is_ambiguous(connection)) {
        x->r.status = 400;
        s->options.on_refuse(s->options.context, &x->r);
        return answer_early(x);
    }
    if (x->r.status == 0 && has_body && x->r.body_limit == 0) {
        x->r.status = 400;
        s->options.on_refuse(s->options.context, &x->r);
    }
    if (length != NULL && !str_to_i64(str_from(length), &bytes))
        bytes = INT64_MAX;
    if (x->r.status == 0 && (uint64_t)bytes > x->r.body_limit) {
        x->r.status = 413;
        s->options.on_refuse(s->options.context, &x->r);
    }
    return x->r.status != 0 && has_body && !drains_body(x, length, bytes) ? answer_early(x)
                                                                          : MHD_YES;
}

static bool spool(exchange *x, const char *data, size_t bytes)
{
    http_request *r = &x->r;
    if (x->spool_fd < 0) {
        r->body_path = arena_printf(r->a, "%s/upload-%s", r->spool_dir, r->id);
        x->spool_fd = r->body_path == NULL
                          ? -1
                          : open(r->body_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (x->spool_fd < 0)
            return false;
    }
    while (bytes > 0) {
        ssize_t written = write(x->spool_fd, data, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        bytes -= (size_t)written;
    }
    return true;
}

/* A body without a length has passed its limit: answers in the middle of it. */
static enum MHD_Result refuse_rest(exchange *x)
{
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    buf_clear(&x->r.out);
    x->r.status = 413;
    x->server->options.on_refuse(x->server->options.context, &x->r);
    connection_answers_early(note_of(x->connection));
    if (fd != NULL)
        http_answer_raw(fd->connect_fd, &x->r);
    return MHD_NO;
}

/* Takes a piece of the body; MHD_NO cuts the connection. */
static enum MHD_Result take_body(exchange *x, const char *data, size_t *bytes)
{
    http_request *r = &x->r;
    size_t count = *bytes;
    *bytes = 0;
    r->body_bytes += count;
    if (clock_monotonic_ns() > r->deadline_ns + r->body_bytes * (SECOND_NS / SLOWEST_BODY))
        return MHD_NO;  /* it drips */
    if (r->status != 0) /* refused: a little is read and forgotten */
        return MHD_YES;
    if (r->body_bytes > r->body_limit)
        return refuse_rest(x);
    bool ok =
        r->spool_dir != NULL ? spool(x, data, count) : buf_add(&r->out, str_make(data, count));
    return ok ? MHD_YES : MHD_NO;
}

/* The body is complete: moves it out of `out`, which the answer needs. */
static bool settle_body(exchange *x)
{
    http_request *r = &x->r;
    if (x->spool_fd >= 0) {
        bool ok = fsync(x->spool_fd) == 0;
        close(x->spool_fd);
        x->spool_fd = -1;
        return ok;
    }
    r->body = arena_str(r->a, buf_str(&r->out));
    bool ok = r->body.data != NULL;
    buf_free(&r->out);
    return ok;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *bytes, void **slot)
{
    (void)version;
    http_server *s = context;
    exchange *x = *slot;
    if (x == NULL)
        return first_call(s, connection, path, method, slot);
    if (*bytes > 0)
        return take_body(x, data, bytes);
    if (x->answered)
        return MHD_YES;
    pthread_mutex_lock(&x->lock);
    exchange_state state = x->state;
    pthread_mutex_unlock(&x->lock);
    if (state == STREAMING)
        return send_stream(x);
    if (state == FINISHED || x->r.status != 0)
        return send_answer(x);
    if (state == WORKING) { /* resumed for no reason of ours */
        pthread_mutex_lock(&x->lock);
        x->suspended = true;
        MHD_suspend_connection(connection);
        pthread_mutex_unlock(&x->lock);
        return MHD_YES;
    }
    if (!settle_body(x))
        return MHD_NO;
    if (x->r.body_bytes > 0) /* a long upload does not take from the time for its answer */
        x->r.deadline_ns = clock_monotonic_ns() + SECOND_NS * s->options.request_timeout_s;
    if (x->r.quick) {
        s->options.on_request(s->options.context, 0, &x->r);
        return send_answer(x);
    }
    if (!enqueue(s, x)) {
        x->r.status = 503;
        s->options.on_refuse(s->options.context, &x->r);
        return send_answer(x);
    }
    return MHD_YES;
}

static void completed(void *context, struct MHD_Connection *connection, void **slot,
                      enum MHD_RequestTerminationCode why)
{
    http_server *s = context;
    exchange *x = *slot;
    connection_rests(note_of(connection), clock_monotonic_ns());
    if (x == NULL)
        return;
    pthread_mutex_lock(&x->lock);
    x->connection = NULL;
    if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        atomic_store(&x->r.cancel, true);
    pthread_cond_signal(&x->drained);
    pthread_mutex_unlock(&x->lock);
    s->options.on_done(s->options.context, &x->r, clock_elapsed_ms(x->r.begun_ns));
    *slot = NULL;
    release(x);
}

/* --- open and close --------------------------------------------------------------------------- */
static status start_daemon(http_server *s, error *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(s->options.port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(s->options.port)};
    bool is_v6 = inet_pton(AF_INET6, s->options.address, &v6.sin6_addr) == 1;
    if (!is_v6 && inet_pton(AF_INET, s->options.address, &v4.sin_addr) != 1)
        return error_set(err, STATUS_USAGE, "'%s' is no IP address", s->options.address);
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     (is_v6 ? MHD_USE_IPv6 : 0u);
    errno = 0;
    s->daemon = MHD_start_daemon(
        flags, s->options.port, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR,
        is_v6 ? (struct sockaddr *)(void *)&v6 : (struct sockaddr *)(void *)&v4,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s, MHD_OPTION_CONNECTION_TIMEOUT,
        s->options.idle_timeout_s, MHD_OPTION_CONNECTION_LIMIT, s->options.connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_LISTENING_ADDRESS_REUSE,
        1u, s->options.threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END,
        s->options.threads, MHD_OPTION_END);
    if (s->daemon == NULL) {
        char what[128];
        snprintf(what, sizeof what, "cannot listen on %s port %u", s->options.address,
                 s->options.port);
        return error_errno(err, STATUS_IO, errno == 0 ? EADDRINUSE : errno, what);
    }
    return STATUS_OK;
}

static status start_threads(http_server *s, error *err)
{
    s->workers = calloc(s->options.workers, sizeof *s->workers);
    if (s->workers == NULL)
        return error_memory(err);
    if (pthread_create(&s->watch, NULL, watch, s) != 0)
        return error_set(err, STATUS_INTERNAL, "cannot start a thread");
    for (unsigned i = 0; i < s->options.workers; i++) {
        worker_start *start = malloc(sizeof *start);
        if (start == NULL)
            break;
        *start = (worker_start){s, i};
        if (pthread_create(&s->workers[i], NULL, work, start) != 0) {
            free(start);
            break;
        }
        s->worker_count++;
    }
    return s->worker_count > 0 ? STATUS_OK
                               : error_set(err, STATUS_INTERNAL, "cannot start a thread");
}

status http_open(const http_options *options, http_server **out, error *err)
{
    if (sodium_init() < 0)
        return error_set(err, STATUS_INTERNAL, "libsodium does not start");
    http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->options = *options;
    randombytes_buf(&s->seed, sizeof s->seed);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, NULL);
    pthread_cond_init(&s->idle, NULL);
    pthread_cond_init(&s->watching, NULL);
    s->connections = connections_new();
    s->lingering = lingering_open();
    status code =
        s->connections == NULL || s->lingering == NULL ? error_memory(err) : start_threads(s, err);
    if (code == STATUS_OK)
        code = start_daemon(s, err);
    if (code != STATUS_OK) {
        http_close(s, 0);
        return code;
    }
    *out = s;
    return STATUS_OK;
}

uint16_t http_port(const http_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info == NULL ? server->options.port : info->port;
}

unsigned http_in_flight(http_server *server)
{
    pthread_mutex_lock(&server->lock);
    unsigned count = server->in_flight;
    pthread_mutex_unlock(&server->lock);
    return count;
}

static void drain(http_server *s, unsigned grace_ms)
{
    uint64_t until = clock_monotonic_ns() + (uint64_t)grace_ms * 1000000u;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->work);
    while (s->in_flight > 0) {
        if (clock_monotonic_ns() >= until)
            for (exchange *x = s->watched; x != NULL; x = x->next)
                atomic_store(&x->r.cancel, true);
        struct timespec soon = after_ms(20);
        pthread_cond_timedwait(&s->idle, &s->lock, &soon);
    }
    pthread_cond_broadcast(&s->idle);
    pthread_cond_broadcast(&s->watching);
    pthread_mutex_unlock(&s->lock);
}

void http_close(http_server *s, unsigned grace_ms)
{
    if (s == NULL)
        return;
    MHD_socket listening = MHD_INVALID_SOCKET;
    if (s->daemon != NULL)
        listening = MHD_quiesce_daemon(s->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
    drain(s, grace_ms);
    for (unsigned i = 0; i < s->worker_count; i++)
        pthread_join(s->workers[i], NULL);
    if (s->workers != NULL)
        pthread_join(s->watch, NULL);
    if (s->daemon != NULL) {
        /* Answers that are queued but not yet written get a moment to leave. */
        struct timespec moment = {0, 100 * 1000000L};
        nanosleep(&moment, NULL);
        MHD_stop_daemon(s->daemon);
    }
    for (exchange *x = s->spare, *next; x != NULL; x = next) {
        next = x->next_queued;
        destroy(x);
    }
    lingering_close(s->lingering);
    connections_free(s->connections);
    free(s->workers);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->idle);
    pthread_cond_destroy(&s->watching);
    free(s);
}
