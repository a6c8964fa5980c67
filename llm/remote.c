/* See remote.h. One curl handle per model, so connections are kept alive between requests. */
#include "llm/remote.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/clock.h"
#include "llm/grammar.h"
#include "llm/json_schema.h"
#include "llm/sse.h"

#define LONGEST_WAIT_MS 60000

typedef struct remote {
    llm head;
    char *base;  /* without a slash at the end */
    char *model; /* name sent */
    char *key;   /* "Authorization: Bearer ..."; NULL without one */
    llm_remote_options options;
    CURL *curl;
    atomic_bool cancelled;
} remote;

/* One attempt. */
typedef struct attempt {
    remote *r;
    llm_remote_answer answer;
    llm_sse sse;
    buf body; /* of a response that is no stream */
    size_t received;
    bool streamed;
    status failed;
    error *err;
    uint64_t began_ns; /* of the whole request */
} attempt;

/* --- receiving --- */

static status on_event(void *user, str data, error *err)
{
    attempt *a = user;
    return llm_remote_parse(&a->answer, data, err);
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    attempt *a = user;
    static const char name[] = "content-type: text/event-stream";
    if (size * count >= sizeof name - 1 && strncasecmp(data, name, sizeof name - 1) == 0)
        a->streamed = true;
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    attempt *a = user;
    size_t n = size * count;
    long code = 0;
    a->received += n;
    if (a->received > a->r->options.max_bytes) {
        a->failed = error_set(a->err, STATUS_LIMIT, "the server sent more than %zu bytes",
                              a->r->options.max_bytes);
        return 0;
    }
    curl_easy_getinfo(a->r->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 200 && a->streamed)
        a->failed = llm_sse_feed(&a->sse, str_make(data, n), on_event, a, a->err);
    else if (!buf_add(&a->body, str_make(data, n)))
        a->failed = error_memory(a->err);
    return a->failed == STATUS_OK && !a->answer.stopped ? n : 0;
}

static bool is_cancelled(const remote *r, const llm_request *request)
{
    return atomic_load(&r->cancelled) || (request->cancel != NULL && atomic_load(request->cancel));
}

static int on_progress(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    attempt *at = user;
    return is_cancelled(at->r, at->answer.request);
}

/* --- the request's JSON --- */

static json_t *text_value(str s)
{
    return json_stringn(s.data == NULL ? "" : s.data, s.length);
}

static json_t *messages_value(const llm_request *q)
{
    json_t *list = json_array();
    for (size_t i = 0; i < q->message_count; i++) {
        json_t *m = json_object();
        json_object_set_new(m, "role", text_value(q->messages[i].role));
        json_object_set_new(m, "content", text_value(q->messages[i].content));
        json_array_append_new(list, m);
    }
    return list;
}

static status add_schema(json_t *body, str schema, error *err)
{
    json_error_t where;
    json_t *value = json_loadb(schema.data, schema.length, 0, &where);
    if (value == NULL)
        return error_set(err, STATUS_SYNTAX, "schema: %s", where.text);
    json_object_set_new(body, "response_format",
                        json_pack("{s:s,s:{s:s,s:b,s:o}}", "type", "json_schema", "json_schema",
                                  "name", "answer", "strict", 1, "schema", value));
    return STATUS_OK;
}

static void add_sampling(json_t *body, const llm_request *q)
{
    const llm_sampling *s = &q->sampling;
    json_object_set_new(body, "temperature", json_real((double)s->temperature));
    json_object_set_new(body, "seed", json_integer((json_int_t)(s->seed & INT64_MAX)));
    if (s->top_p < 1)
        json_object_set_new(body, "top_p", json_real((double)s->top_p));
    /* What OpenAI itself does not know is sent only when set: others do. */
    if (s->top_k > 0)
        json_object_set_new(body, "top_k", json_integer(s->top_k));
    if (s->min_p > 0)
        json_object_set_new(body, "min_p", json_real((double)s->min_p));
    if (s->repeat_penalty < 1 || s->repeat_penalty > 1)
        json_object_set_new(body, "repeat_penalty", json_real((double)s->repeat_penalty));
    if (q->max_tokens > 0)
        json_object_set_new(body, "max_tokens", json_integer((json_int_t)q->max_tokens));
}

static status make_body(const remote *r, const llm_request *q, char **out, error *err)
{
    json_t *body = json_object();
    bool chat = q->message_count > 0;
    json_object_set_new(body, "model", json_string(r->model));
    json_object_set_new(body, "stream", json_true());
    json_object_set_new(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
    if (chat)
        json_object_set_new(body, "messages", messages_value(q));
    else
        json_object_set_new(body, "prompt", text_value(q->prompt));
    add_sampling(body, q);
    if (q->stop_count > 0) {
        json_t *stop = json_array();
        for (size_t i = 0; i < q->stop_count && i < 4; i++)
            json_array_append_new(stop, text_value(q->stop[i]));
        json_object_set_new(body, "stop", stop);
    }
    if (q->logprobs && chat) {
        json_object_set_new(body, "logprobs", json_true());
        json_object_set_new(body, "top_logprobs", json_integer((json_int_t)q->top_logprobs));
    }
    status s = str_empty(q->json_schema) ? STATUS_OK : add_schema(body, q->json_schema, err);
    *out = s == STATUS_OK ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (s == STATUS_OK && *out == NULL)
        return error_set(err, STATUS_INVALID, "the prompt is not valid UTF-8");
    return s;
}

/* --- one attempt --- */

static long time_left_ms(const attempt *a)
{
    return a->r->options.total_ms - (long)clock_elapsed_ms(a->began_ns);
}

static void set_up(attempt *a, const char *url, const char *body, struct curl_slist *headers)
{
    CURL *c = a->r->curl;
    const llm_remote_options *o = &a->r->options;
    long left = time_left_ms(a);
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, o->connect_ms);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left > 0 ? left : 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (o->idle_ms + 999) / 1000);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, a);
}

static bool worth_a_retry(long code)
{
    return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 || code == 504;
}

static status http_problem(attempt *a, long code, bool *retry)
{
    *retry = worth_a_retry(code);
    llm_remote_answer ignored = a->answer;
    error said = {0};
    str body = buf_str(&a->body);
    if (!str_empty(body) && str_trim(body).length > 0 && str_trim(body).data[0] == '{')
        llm_remote_parse(&ignored, body, &said);
    status kind = code == 401 || code == 403   ? STATUS_DENIED
                  : code == 404                ? STATUS_NOT_FOUND
                  : code == 400 || code == 422 ? STATUS_INVALID
                                               : STATUS_NET;
    const char *hint = code == 401 || code == 403 ? "; is the key in VOUCH_API_KEY right?"
                       : code == 404 ? "; is the URL's path right (it usually ends in /v1)?"
                       : code >= 300 && code < 400 ? "; redirects are not followed"
                                                   : "";
    return error_set(a->err, kind, "HTTP %ld%s%s%s", code, error_is_set(&said) ? ", " : "",
                     said.message, hint);
}

/* What a transfer that ended means. *retry: it may be tried again if nothing was shown. */
static status conclude(attempt *a, CURLcode done, bool *retry)
{
    long code = 0;
    *retry = false;
    curl_easy_getinfo(a->r->curl, CURLINFO_RESPONSE_CODE, &code);
    if (a->failed != STATUS_OK)
        return a->failed;
    if (a->answer.stopped)
        return STATUS_OK;
    if (done == CURLE_ABORTED_BY_CALLBACK) {
        a->answer.finish = LLM_FINISH_CANCELLED;
        return STATUS_OK;
    }
    if (done != CURLE_OK) {
        *retry = done != CURLE_PEER_FAILED_VERIFICATION && done != CURLE_URL_MALFORMAT;
        return error_set(a->err, STATUS_NET, "%s", curl_easy_strerror(done));
    }
    if (code != 200)
        return http_problem(a, code, retry);
    status s = a->streamed ? llm_sse_finish(&a->sse, on_event, a, a->err)
                           : llm_remote_parse(&a->answer, buf_str(&a->body), a->err);
    if (s != STATUS_OK)
        return s;
    if (!a->answer.saw_finish) {
        *retry = true;
        return error_set(a->err, STATUS_NET, "the answer broke off before its end");
    }
    return STATUS_OK;
}

/* --- retries --- */

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Sleeps before the next attempt; false when cancelled or out of time. */
static bool wait_for_retry(attempt *a, int round)
{
    curl_off_t asked = 0;
    long wait = a->r->options.backoff_ms << (round < 6 ? round : 6);
    curl_easy_getinfo(a->r->curl, CURLINFO_RETRY_AFTER, &asked);
    if (asked > 0)
        wait = asked > LONGEST_WAIT_MS / 1000 ? LONGEST_WAIT_MS : (long)asked * 1000;
    if (wait >= time_left_ms(a))
        return false;
    for (; wait > 0; wait -= 50) {
        if (is_cancelled(a->r, a->answer.request))
            return true; /* the next attempt ends at once */
        pause_ms(wait < 50 ? wait : 50);
    }
    return true;
}

static void begin_attempt(attempt *a)
{
    buf_clear(&a->body);
    llm_sse_free(&a->sse);
    llm_result *r = a->answer.result;
    buf_clear(&r->text);
    buf_clear(&r->pieces);
    r->said_count = r->top_count = 0;
    a->sse = (llm_sse){.limit = a->r->options.max_bytes};
    a->answer = (llm_remote_answer){.request = a->answer.request, .result = r};
    a->received = 0;
    a->streamed = false;
    a->failed = STATUS_OK;
}

static status perform(attempt *a, const char *url, const char *body, struct curl_slist *headers,
                      error *err)
{
    for (int round = 0;; round++) {
        error now = {0};
        bool retry;
        begin_attempt(a);
        a->err = &now;
        if (is_cancelled(a->r, a->answer.request)) {
            a->answer.finish = LLM_FINISH_CANCELLED;
            return STATUS_OK;
        }
        set_up(a, url, body, headers);
        status s = conclude(a, curl_easy_perform(a->r->curl), &retry);
        if (s == STATUS_OK)
            return STATUS_OK;
        bool again = retry && a->answer.shown == 0 && round < a->r->options.retries &&
                     wait_for_retry(a, round);
        if (!again)
            return error_set(err, s, "%s: %s%s", a->r->base, now.message,
                             round > 0 ? " (after retries)" : "");
    }
}

/* The schema was passed on, but it is checked here: a server may ignore it. */
static status check_schema(attempt *a, str schema, error *err)
{
    buf text = {0};
    llm_grammar *g = NULL;
    status s = llm_json_schema_to_grammar(schema, &text, err);
    if (s == STATUS_OK)
        s = llm_grammar_compile(buf_str(&text), &g, err);
    buf_free(&text);
    if (s != STATUS_OK)
        return s;
    str answer = buf_str(&a->answer.result->text);
    json_t *value =
        json_loadb(answer.data == NULL ? "" : answer.data, answer.length, JSON_DECODE_ANY, NULL);
    char *compact = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    error ignored = {0};
    if (compact == NULL || llm_grammar_match(g, str_from(compact), &ignored) != STATUS_OK)
        a->answer.finish = LLM_FINISH_CONSTRAINT;
    free(compact);
    json_decref(value);
    llm_grammar_free(g);
    return STATUS_OK;
}

static status remote_generate(llm *self, const llm_request *q, llm_result *result, error *err)
{
    remote *r = (remote *)self;
    if (q->constraint != NULL || !str_empty(q->grammar))
        return error_set(err, STATUS_UNSUPPORTED,
                         "a remote model cannot keep a constraint or a grammar; use a local model "
                         "or a JSON schema");
    char *body = NULL;
    status s = make_body(r, q, &body, err);
    if (s != STATUS_OK)
        return s;
    buf url = {0};
    buf_printf(&url, "%s%s", r->base, q->message_count > 0 ? "/chat/completions" : "/completions");
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, "Accept: text/event-stream, application/json");
    headers = curl_slist_append(headers, "Expect:");
    if (r->key != NULL)
        headers = curl_slist_append(headers, r->key);
    attempt a = {.r = r, .began_ns = clock_monotonic_ns()};
    a.answer.request = q;
    a.answer.result = result;
    s = url.failed || headers == NULL ? error_memory(err)
                                      : perform(&a, url.data, body, headers, err);
    if (s == STATUS_OK && !str_empty(q->json_schema) && a.answer.finish == LLM_FINISH_STOP)
        s = check_schema(&a, q->json_schema, err);
    result->finish = a.answer.finish;
    atomic_store(&r->cancelled, false);
    curl_slist_free_all(headers);
    buf_free(&url);
    buf_free(&a.body);
    llm_sse_free(&a.sse);
    free(body);
    return s;
}

/* --- opening --- */

static void remote_cancel(llm *self)
{
    atomic_store(&((remote *)self)->cancelled, true);
}

static const llm_tokenizer *remote_vocabulary(const llm *self)
{
    (void)self;
    return NULL;
}

static str remote_name(const llm *self)
{
    return str_from(((const remote *)self)->model);
}

static void remote_close(llm *self)
{
    remote *r = (remote *)self;
    curl_easy_cleanup(r->curl);
    if (r->key != NULL)
        memset(r->key, 0, strlen(r->key));
    free(r->key);
    free(r->base);
    free(r->model);
    free(r);
}

static char *copy(str s)
{
    char *c = malloc(s.length + 1);
    if (c != NULL && s.length > 0)
        memcpy(c, s.data, s.length);
    if (c != NULL)
        c[s.length] = 0;
    return c;
}

/* Is the host of an http URL this machine? */
static bool is_loopback(const char *url)
{
    CURLU *u = curl_url();
    char *host = NULL;
    bool yes = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
               curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
               (strcmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
                strcmp(host, "[::1]") == 0);
    curl_free(host);
    curl_url_cleanup(u);
    return yes;
}

static status load_key(remote *r, error *err)
{
    const char *name = r->options.key_env == NULL ? "VOUCH_API_KEY" : r->options.key_env;
    const char *key = getenv(name);
    if (key == NULL || *key == 0)
        return STATUS_OK;
    if (strpbrk(key, "\r\n") != NULL)
        return error_set(err, STATUS_USAGE, "the key in %s holds a line break", name);
    if (strncasecmp(r->base, "http://", 7) == 0 && !is_loopback(r->base))
        return error_set(err, STATUS_DENIED,
                         "the key in %s is not sent over plain http to another machine; use https",
                         name);
    buf header = {0};
    buf_printf(&header, "Authorization: Bearer %s", key);
    r->key = buf_take(&header);
    return r->key == NULL ? error_memory(err) : STATUS_OK;
}

static void fill_defaults(llm_remote_options *o)
{
    o->connect_ms = o->connect_ms > 0 ? o->connect_ms : 10000;
    o->idle_ms = o->idle_ms > 0 ? o->idle_ms : 60000;
    o->total_ms = o->total_ms > 0 ? o->total_ms : 600000;
    o->backoff_ms = o->backoff_ms > 0 ? o->backoff_ms : 500;
    o->retries = o->retries == 0 ? 3 : o->retries < 0 ? 0 : o->retries;
    o->max_bytes = o->max_bytes > 0 ? o->max_bytes : (size_t)16 << 20;
}

static status check_url(str url, error *err)
{
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
        return error_set(err, STATUS_USAGE, "a model's URL starts with http:// or https://");
    if (str_find(url, STR("@"), 0) < str_find(url, STR("/"), 8))
        return error_set(err, STATUS_USAGE,
                         "a URL must not hold a password; the key comes from VOUCH_API_KEY");
    return STATUS_OK;
}

status llm_remote_open(str url, const llm_remote_options *options, llm **out, error *err)
{
    static const llm_ops ops = {remote_generate, remote_cancel, remote_vocabulary, remote_name,
                                remote_close};
    status s = check_url(url, err);
    if (s != STATUS_OK)
        return s;
    remote *r = calloc(1, sizeof *r);
    if (r == NULL)
        return error_memory(err);
    r->head.ops = &ops;
    if (options != NULL)
        r->options = *options;
    fill_defaults(&r->options);
    size_t hash = str_find(url, STR("#"), 0);
    str model = hash == STR_NONE ? STR("default") : str_slice(url, hash + 1, url.length);
    url = hash == STR_NONE ? url : str_slice(url, 0, hash);
    while (url.length > 0 && url.data[url.length - 1] == '/')
        url.length--;
    r->base = copy(url);
    r->model = copy(str_empty(r->options.model) ? model : r->options.model);
    r->options.model = (str){NULL, 0};
    r->curl = curl_easy_init();
    if (r->base == NULL || r->model == NULL || r->curl == NULL)
        s = error_memory(err);
    else
        s = load_key(r, err);
    if (s != STATUS_OK) {
        remote_close(&r->head);
        return s;
    }
    *out = &r->head;
    return STATUS_OK;
}
