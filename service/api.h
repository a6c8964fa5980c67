/* Inside of service/: the state that endpoints share, one call as an endpoint sees it, and the
 * helpers that make answers. Each endpoint is `void api_NAME(call *c)`, runs on a worker thread,
 * and leaves exactly one answer in c->r. */
#ifndef VOUCH_SERVICE_API_H
#define VOUCH_SERVICE_API_H

#include <jansson.h>
#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "service/audit.h"
#include "service/feedback.h"
#include "service/graphs.h"
#include "service/http.h"
#include "service/jobs.h"
#include "service/keys.h"
#include "service/limits.h"
#include "service/mask.h"
#include "service/metrics.h"
#include "service/recent.h"
#include "service/service.h"
#include "service/sessions.h"

/* What SIGHUP replaces as one: a call keeps the one that it began with. A changed key file alone
 * brings settings with new keys, which borrow the rest from `base`. */
typedef struct service_settings {
    service_config *config;
    service_keys *keys; /* NULL: no keys at all */
    service_mask *mask;
    struct service_settings *base; /* NULL: config and mask are its own */
    struct timespec keys_changed;  /* the key file's, before it was read */
    ino_t keys_file;
    unsigned references; /* under service.lock */
} service_settings;

struct service {
    const logger *log;
    pthread_mutex_t lock;
    service_settings *settings;
    service_graphs *graphs;
    service_sessions *sessions;
    service_limits *limits;
    service_metrics *metrics;
    service_feedback *feedback; /* NULL: switched off */
    service_audit *audit;       /* NULL: switched off */
    service_recent *recent;
    service_jobs *jobs;
    http_server *http;
    char *upload_dir;
    uint64_t ticks;
};

#define CALL_SEGMENTS 8
typedef struct call {
    service *s;
    http_request *r;
    service_settings *settings;
    const service_key *key;              /* NULL: no key was given and none is needed */
    const char *client;                  /* the key's id, or "-" */
    const char *graph_name;              /* {g} of the path, or NULL until the body names it */
    service_graph *graph;                /* acquired; released after the endpoint */
    service_role role;                   /* on that graph */
    service_role needed;                 /* by the endpoint */
    const char *segments[CALL_SEGMENTS]; /* decoded variable segments of the path, in order */
    const char *idempotency_key, *if_none_match, *content_type;
    bool may_be_kept; /* the answer has its own Cache-Control */
} call;

/* --- answers ------------------------------------------------------------------------------------
 */
/* {error: {code, message, request_id}}; `code` is stable and part of the API. */
void api_error(call *c, unsigned http_status, const char *code, const char *format, ...)
    CORE_PRINTF(4, 5);
/* From a status of a library call. Internal details stay in the log. */
void api_error_from(call *c, const error *err);
void api_not_found(call *c, const char *what);
/* The client's role on the graph is too small. */
void api_forbidden(call *c, service_role role);
/* Sends and consumes `document`. */
void api_json(call *c, unsigned http_status, json_t *document);

/* --- requests
 * ------------------------------------------------------------------------------------- */
/* The body as a JSON object; NULL after answering 400 (malformed) or 422 (not an object). */
json_t *api_body(call *c);

typedef enum api_kind { API_TEXT, API_BOOL, API_INTEGER, API_DATE, API_ARRAY, API_OBJECT } api_kind;
typedef struct api_field {
    const char *name;
    api_kind kind;
    bool required;
    int64_t least, most; /* of integers; of texts the length in bytes (most 0 = 65,536) */
} api_field;
/* Answers 422, naming every field that is unknown, missing or wrong; true when all is well. */
bool api_check(call *c, json_t *body, const api_field *fields, size_t count);
/* The text of a field; empty when absent or null. */
str api_text(json_t *body, const char *name);

/* Gives each "source" in the document, at any depth, its name without folders (answer_source_name).
 */
void api_hide_folders(json_t *document);
/* The answer as JSON, with such names. */
json_t *api_answer(const answer *a);

/* Acquires the graph and checks the role; answers 404 or 403 when it may not. */
bool api_use_graph(call *c, const char *name);
/* ?limit= and ?cursor= (an offset); answers 422 when they are off. */
bool api_page(call *c, size_t most, size_t *limit, size_t *offset);
/* Sets ETag from the state that is read and answers 304 when the client has it; true = answered. */
bool api_etag(call *c, kg_read *read);
/* The client's role on that graph; ROLE_NONE when it may not see it at all. */
service_role api_role(const call *c, const char *graph);
bool api_may_see(const call *c, const char *graph);

/* --- endpoints
 * ------------------------------------------------------------------------------------ */
void api_ask(call *c);
void api_retrieve(call *c);
void api_verify(call *c);
void api_chat_completions(call *c);
void api_models(call *c);
void api_model(call *c);
void api_graph(call *c);
void api_entities(call *c);
void api_entity(call *c);
void api_neighbors(call *c);
void api_statement(call *c);
void api_sources(call *c);
void api_ingest(call *c);
void api_job(call *c);
void api_delete_source(call *c);
void api_feedback(call *c);
void api_feedback_export(call *c);
void api_feedback_report(call *c);
void api_erase_user(call *c);
void api_healthz(call *c);
void api_readyz(call *c);
void api_metrics(call *c);
void api_openapi(call *c);
void api_page_asset(call *c);

/* Shared by ask and chat: records an answer for feedback, audit and metrics. */
void api_record(call *c, const answer *a, const char *action, str user);

/* The routes' names for /metrics, in the order of their numbers. */
extern const char *const api_route_names[];
extern const unsigned api_route_count;

/* The router's two calls for http_options. */
void router_headers(void *context, http_request *r);
void router_request(void *context, unsigned worker, http_request *r);
void router_refuse(void *context, http_request *r);
void router_done(void *context, const http_request *r, double milliseconds);

service_settings *service_settings_acquire(service *s);
void service_settings_release(service *s, service_settings *settings);

#endif
