/* The table of routes and what happens before an endpoint runs: matching, size limits, keys, rate
 * limits, CORS. Refusals never tell whether a graph exists. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "service/api.h"

enum route_flags {
    QUICK = 1,  /* runs on the HTTP thread; must not block */
    OPEN = 2,   /* needs no key even when there are keys */
    BODY = 4,   /* takes a JSON body */
    UPLOAD = 8, /* takes a large body into a file */
    PAGE = 16   /* an asset of the web page */
};

typedef struct route {
    const char *method;
    const char *pattern; /* "{g}" is a graph's name, "{}" any one segment */
    void (*run)(call *c);
    service_role role;
    unsigned flags;
} route;

static const route routes[] = {
    {"POST", "/v1/ask", api_ask, ROLE_ASK, BODY},
    {"POST", "/v1/chat/completions", api_chat_completions, ROLE_ASK, BODY},
    {"GET", "/v1/models", api_models, ROLE_ASK, 0},
    {"GET", "/v1/models/{g}", api_model, ROLE_ASK, 0},
    {"POST", "/v1/retrieve", api_retrieve, ROLE_ASK, BODY},
    {"POST", "/v1/verify", api_verify, ROLE_ASK, BODY},
    {"GET", "/v1/graphs", api_models, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}", api_graph, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}/entities", api_entities, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}/entities/{}", api_entity, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}/entities/{}/neighbors", api_neighbors, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}/statements/{}", api_statement, ROLE_ASK, 0},
    {"GET", "/v1/graphs/{g}/sources", api_sources, ROLE_ASK, 0},
    {"POST", "/v1/graphs/{g}/ingest", api_ingest, ROLE_INGEST, UPLOAD},
    {"DELETE", "/v1/graphs/{g}/sources/{}", api_delete_source, ROLE_ADMIN, 0},
    {"GET", "/v1/jobs/{}", api_job, ROLE_INGEST, 0},
    {"POST", "/v1/feedback", api_feedback, ROLE_ASK, BODY},
    {"GET", "/v1/feedback", api_feedback_export, ROLE_ADMIN, 0},
    {"GET", "/v1/feedback/report", api_feedback_report, ROLE_ADMIN, 0},
    {"DELETE", "/v1/users/{}", api_erase_user, ROLE_ADMIN, 0},
    {"GET", "/healthz", api_healthz, ROLE_NONE, QUICK | OPEN},
    {"GET", "/readyz", api_readyz, ROLE_NONE, QUICK | OPEN},
    {"GET", "/metrics", api_metrics, ROLE_NONE, OPEN},
    {"GET", "/openapi.json", api_openapi, ROLE_NONE, QUICK | OPEN},
    {"GET", "/", api_page_asset, ROLE_NONE, QUICK | OPEN | PAGE},
    {"GET", "/assets/{}", api_page_asset, ROLE_NONE, QUICK | OPEN | PAGE},
};
#define ROUTES (sizeof routes / sizeof routes[0])
#define ROUTE_NONE ((unsigned)ROUTES)
#define ALLOWED_BYTES 64

const char *const api_route_names[] = {
    "ask",       "chat",      "models",          "model",           "retrieve",
    "verify",    "graphs",    "graph",           "entities",        "entity",
    "neighbors", "statement", "sources",         "ingest",          "delete_source",
    "job",       "feedback",  "feedback_export", "feedback_report", "erase_user",
    "healthz",   "readyz",    "metrics",         "openapi",         "page",
    "asset",     "none",
};
const unsigned api_route_count = sizeof api_route_names / sizeof api_route_names[0];
_Static_assert(sizeof api_route_names / sizeof api_route_names[0] == ROUTES + 1,
               "each route has a name");
_Static_assert(ROUTES + 1 <= SERVICE_METRICS_ROUTES, "metrics has room for every route");

service_settings *service_settings_acquire(service *s)
{
    pthread_mutex_lock(&s->lock);
    service_settings *settings = s->settings;
    settings->references++;
    pthread_mutex_unlock(&s->lock);
    return settings;
}

void service_settings_release(service *s, service_settings *settings)
{
    pthread_mutex_lock(&s->lock);
    bool last = --settings->references == 0;
    pthread_mutex_unlock(&s->lock);
    if (!last)
        return;
    service_keys_free(settings->keys);
    if (settings->base != NULL) {
        service_settings_release(s, settings->base);
    } else {
        service_config_free(settings->config);
        service_mask_free(settings->mask);
    }
    free(settings);
}

/* Does `path` fit `pattern`? Collects decoded variable segments; the graph's name apart. */
static bool match(call *c, const char *pattern, const char *path)
{
    size_t filled = 0;
    c->graph_name = NULL;
    if (path[0] != '/')
        return false;
    for (size_t i = 0; pattern[i] != '\0' && pattern[i] != '{'; i++)
        if (pattern[i] != path[i]) /* where most patterns end */
            return false;
    str want = str_from(pattern + 1);
    str have = str_from(path + 1);
    str w, h;
    bool more_want = str_split(&want, '/', &w);
    bool more_have = str_split(&have, '/', &h);
    while (more_want && more_have) {
        bool graph = str_equal(w, STR("{g}"));
        if (graph || str_equal(w, STR("{}"))) {
            const char *decoded = h.length == 0 ? NULL : http_percent_decode(h, c->r->a);
            if (decoded == NULL || filled == CALL_SEGMENTS)
                return false;
            if (graph)
                c->graph_name = decoded;
            else
                c->segments[filled++] = decoded;
        } else if (!str_equal(w, h)) {
            return false;
        }
        more_want = str_split(&want, '/', &w);
        more_have = str_split(&have, '/', &h);
    }
    return more_want == more_have;
}

/* The route's number; ROUTE_NONE after a 404 or 405. `allowed` gets the path's methods, as far as
 * they were looked at. */
static unsigned find_route(call *c, char allowed[ALLOWED_BYTES])
{
    const char *method = strcmp(c->r->method, "HEAD") == 0 ? "GET" : c->r->method;
    allowed[0] = '\0';
    for (unsigned i = 0; i < ROUTES; i++) {
        if (!match(c, routes[i].pattern, c->r->path))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return i;
        const char *name = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
        if (strlen(allowed) + strlen(name) + 3 < ALLOWED_BYTES) {
            strcat(allowed, allowed[0] == '\0' ? "" : ", ");
            strcat(allowed, name);
        }
    }
    if (allowed[0] == '\0') {
        api_not_found(c, "endpoint");
        return ROUTE_NONE;
    }
    http_header_out(c->r, "Allow", arena_cstr(c->r->a, str_from(allowed)));
    api_error(c, 405, "method_not_allowed", "this endpoint takes %s", allowed);
    return ROUTE_NONE;
}

/* The text of "Authorization: Bearer ..." or "X-Api-Key: ...". */
static str bearer(http_request *r)
{
    const char *authorization = http_header_in(r, "Authorization");
    if (authorization != NULL) {
        str text = str_from(authorization);
        if (text.length > 7 && str_equal_nocase(str_slice(text, 0, 7), STR("bearer ")))
            return str_trim(str_slice(text, 7, text.length));
        return text;
    }
    return str_from(http_header_in(r, "X-Api-Key"));
}

/* Finds out who asks. false after a 401. */
static bool authenticate(call *c, bool needs_key)
{
    const service_keys *keys = c->settings->keys;
    c->client = "-";
    if (keys == NULL)
        return true;
    str text = bearer(c->r);
    c->key = text.length == 0 ? NULL : service_keys_find(keys, text);
    if (c->key != NULL)
        c->client = service_key_id(c->key);
    if (c->key == NULL && (needs_key || text.length > 0)) {
        http_header_out(c->r, "WWW-Authenticate", "Bearer realm=\"vouch\"");
        api_error(c, 401, "unauthorized", "a valid key is needed: Authorization: Bearer vk_...");
        return false;
    }
    return true;
}

static bool within_rate(call *c)
{
    unsigned rate = c->settings->config->rate_per_minute;
    if (c->key != NULL && service_key_rate(c->key) > 0)
        rate = service_key_rate(c->key);
    unsigned wait = 0;
    const char *who = c->key == NULL ? c->r->address : c->client;
    if (service_limits_take(c->s->limits, str_from(who), rate, clock_monotonic_ns(), &wait))
        return true;
    http_header_out(c->r, "Retry-After", arena_printf(c->r->a, "%u", wait));
    service_metrics_rejected(c->s->metrics, false);
    api_error(c, 429, "rate_limited", "too many requests; try again in %u s", wait);
    return false;
}

static bool origin_is_listed(const call *c, const char *origin)
{
    const service_config *config = c->settings->config;
    for (size_t i = 0; origin != NULL && i < config->cors_count; i++)
        if (strcmp(config->cors_origins[i], origin) == 0)
            return true;
    return false;
}

/* Answers OPTIONS: what the endpoint takes, and to a page of a listed origin what it may send. */
static void answer_options(call *c, const char *origin, bool listed)
{
    char allowed[ALLOWED_BYTES] = "";
    if (strcmp(c->r->path, "*") != 0 && find_route(c, allowed) == ROUTE_NONE && c->r->status == 404)
        return;
    if (origin != NULL && !listed) {
        api_error(c, 403, "forbidden", "pages of this origin may not call this service");
        return;
    }
    buf_clear(&c->r->out);
    c->r->header_count = 0;
    c->r->status = 204;
    http_header_out(c->r, "Allow",
                    arena_printf(c->r->a, "%s%sOPTIONS", allowed, allowed[0] == '\0' ? "" : ", "));
    if (!listed)
        return;
    http_header_out(c->r, "Access-Control-Allow-Methods", "GET, POST, DELETE");
    http_header_out(c->r, "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, X-Api-Key, Idempotency-Key, If-None-Match");
    http_header_out(c->r, "Access-Control-Max-Age", "600");
}

/* Adds the CORS headers of an allowed origin; true when the request was an OPTIONS, which is then
 * answered. */
static bool cors(call *c)
{
    const char *origin = http_header_in(c->r, "Origin");
    bool listed = origin_is_listed(c, origin);
    bool options = strcmp(c->r->method, "OPTIONS") == 0;
    if (options)
        answer_options(c, origin, listed);
    if (listed) {
        http_header_out(c->r, "Access-Control-Allow-Origin", arena_cstr(c->r->a, str_from(origin)));
        http_header_out(c->r, "Access-Control-Expose-Headers",
                        "ETag, Location, Retry-After, X-Request-Id");
        http_header_out(c->r, "Vary", "Origin");
    }
    return options;
}

/* The host of "host:port" or "[::1]:port". */
static str host_of(str text)
{
    bool bracket = text.length > 0 && text.data[0] == '[';
    size_t end = str_find(text, bracket ? STR("]") : STR(":"), 0);
    if (end == STR_NONE)
        return text;
    return str_slice(text, bracket ? 1 : 0, end);
}

/* Without keys whoever reaches loopback may ask. A page of the web can do that from a browser on
 * this machine, if its own name resolves to 127.0.0.1 (DNS rebinding); Host then holds that name.
 * Names of the web have a dot. false after a 403. */
static bool is_for_this_machine(call *c)
{
    char host[256];
    str name = host_of(str_from(http_header_in(c->r, "Host")));
    if (c->settings->keys != NULL || name.length == 0)
        return true;
    bool fits = name.length < sizeof host;
    if (fits) {
        memcpy(host, name.data, name.length);
        host[name.length] = '\0';
        bool address = strspn(host, "0123456789.") == name.length || strchr(host, ':') != NULL;
        fits = address ? service_address_is_loopback(host) : strchr(host, '.') == NULL;
    }
    if (!fits)
        api_error(
            c, 403, "forbidden",
            "without keys this service is for its own machine, as localhost; see 'vouch key'");
    return fits;
}

/* What a JSON body may be called: curl's and fetch's defaults stand for "nothing was said". */
static bool is_json_type(const char *type)
{
    static const char *const known[] = {"application/json", "text/json", "text/plain",
                                        "application/x-www-form-urlencoded"};
    str name = str_from(type);
    size_t end = str_find(name, STR(";"), 0);
    name = str_trim(end == STR_NONE ? name : str_slice(name, 0, end));
    for (size_t i = 0; i < CORE_COUNT(known); i++)
        if (str_equal_nocase(name, str_from(known[i])))
            return true;
    return name.length == 0 ||
           (name.length > 5 &&
            str_equal_nocase(str_slice(name, name.length - 5, name.length), STR("+json")));
}

/* false after a 415. */
static bool body_is_readable(call *c, const route *t)
{
    const char *coding = http_header_in(c->r, "Content-Encoding");
    if ((t->flags & BODY) == 0)
        return true;
    if (coding != NULL && strcasecmp(coding, "identity") != 0)
        api_error(c, 415, "unsupported_media_type",
                  "this endpoint takes bodies as they are, not '%.40s'", coding);
    else if (!is_json_type(c->content_type))
        api_error(c, 415, "unsupported_media_type", "this endpoint takes application/json");
    return c->r->status == 0;
}

static void choose_limits(call *c, const route *t)
{
    const service_config *config = c->settings->config;
    c->r->quick = (t->flags & QUICK) != 0;
    if ((t->flags & BODY) != 0)
        c->r->body_limit = config->body_bytes;
    if ((t->flags & UPLOAD) != 0) {
        c->r->body_limit = config->upload_bytes;
        c->r->spool_dir = c->s->upload_dir;
    }
}

static void admit(call *c)
{
    if (cors(c))
        return;
    char allowed[ALLOWED_BYTES];
    unsigned number = find_route(c, allowed);
    c->r->route = number;
    if (number == ROUTE_NONE)
        return;
    const route *t = &routes[number];
    c->needed = t->role;
    choose_limits(c, t);
    if ((t->flags & OPEN) == 0 && !is_for_this_machine(c))
        return;
    if (!authenticate(c, (t->flags & OPEN) == 0))
        return;
    if ((t->flags & OPEN) == 0 && !within_rate(c))
        return;
    if ((t->flags & (BODY | UPLOAD)) != 0) {
        c->content_type = arena_cstr(c->r->a, str_from(http_header_in(c->r, "Content-Type")));
        c->idempotency_key = http_header_in(c->r, "Idempotency-Key");
        if (c->idempotency_key != NULL)
            c->idempotency_key = arena_cstr(c->r->a, str_from(c->idempotency_key));
        if (!body_is_readable(c, t))
            return;
    }
    /* Who may not see a graph learns nothing before the body is read, nor from its size. */
    if (c->graph_name != NULL && !api_use_graph(c, c->graph_name))
        return;
    c->if_none_match = http_header_in(c->r, "If-None-Match");
    if (c->if_none_match != NULL)
        c->if_none_match = arena_cstr(c->r->a, str_from(c->if_none_match));
}

void router_headers(void *context, http_request *r)
{
    service *s = context;
    call *c = ARENA_NEW(r->a, call);
    r->route = ROUTE_NONE;
    if (c == NULL) {
        r->status = 503;
        return;
    }
    r->context = c;
    c->s = s;
    c->r = r;
    c->settings = service_settings_acquire(s);
    if (strlen(r->path) > 4096)
        api_error(c, 414, "uri_too_long", "the path is longer than 4096 bytes");
    else
        admit(c);
}

void router_request(void *context, unsigned worker, http_request *r)
{
    (void)context;
    (void)worker;
    call *c = r->context;
    if (c == NULL || r->route >= ROUTES)
        return;
    routes[r->route].run(c);
    if (r->status == 0)
        api_error(c, 500, "internal", "the request was not answered");
}

/* The HTTP layer turns a request away: framed in two ways, too large, or no room in the queue. */
void router_refuse(void *context, http_request *r)
{
    service *s = context;
    call *c = r->context;
    if (c == NULL) {
        r->status = 503;
        return;
    }
    if (r->status == 413) {
        api_error(c, 413, "too_large", "the body is larger than %zu bytes", r->body_limit);
        return;
    }
    if (r->status == 400) {
        api_error(
            c, 400, "malformed",
            r->route < ROUTES && r->body_limit == 0
                ? "this endpoint takes no body"
                : "Content-Length and Transfer-Encoding tell the end of the body in two ways");
        return;
    }
    service_metrics_rejected(s->metrics, true);
    http_header_out(r, "Retry-After", "1");
    api_error(c, 503, "busy", "the service has more requests than it can take; try again soon");
}

static void log_request(service *s, const http_request *r, const call *c, double milliseconds,
                        bool probe)
{
    LOG(s->log, probe ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL, "request", LOG_CSTR("id", r->id),
        LOG_CSTR("method", r->method),
        LOG_CSTR("route", api_route_names[r->route < api_route_count ? r->route : ROUTES]),
        LOG_INT("status", r->status), LOG_NUM("ms", milliseconds),
        LOG_CSTR("client", c == NULL || c->client == NULL ? "-" : c->client),
        LOG_CSTR("address", r->address));
}

void router_done(void *context, const http_request *r, double milliseconds)
{
    service *s = context;
    call *c = r->context;
    service_metrics_request(s->metrics, r->route, r->status, milliseconds);
    /* Probes come every second and say nothing. */
    bool probe = r->route < ROUTES && (routes[r->route].flags & QUICK) != 0 && r->status < 400;
    if (!probe || s->log->least <= LOG_DEBUG_LEVEL)
        log_request(s, r, c, milliseconds, probe);
    if (c == NULL)
        return;
    service_graphs_release(s->graphs, c->graph);
    service_settings_release(s, c->settings);
}
