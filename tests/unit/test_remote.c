/* The remote client against a server that misbehaves: a thread that answers each connection with
 * the next step of a script. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "llm/remote.h"

/* What the server does with one connection. */
typedef struct step {
    const char *head; /* sent once, first */
    const char *send; /* after the request was read */
    int repeat;       /* send it so many times (0 = once), until the client goes */
    int silence_ms;   /* then say nothing for so long, and close */
    int slow_ms;      /* wait so long before sending */
} step;

typedef struct server {
    int listener;
    int port;
    const step *steps;
    size_t count;
    size_t served;
    char request[8192]; /* the last one */
    pthread_t thread;
} server;

static void wait_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
}

/* Reads headers and a body of the announced length. */
static void read_request(server *s, int fd)
{
    size_t n = 0;
    for (;;) {
        ssize_t got = recv(fd, s->request + n, sizeof s->request - 1 - n, 0);
        if (got <= 0)
            return;
        n += (size_t)got;
        s->request[n] = 0;
        const char *end = strstr(s->request, "\r\n\r\n");
        const char *length = strstr(s->request, "Content-Length: ");
        if (end != NULL && length != NULL &&
            n >= (size_t)(end + 4 - s->request) + (size_t)atol(length + 16))
            return;
    }
}

static void *serve(void *user)
{
    server *s = user;
    while (s->served < s->count) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        const step *p = &s->steps[s->served++];
        read_request(s, fd);
        wait_ms(p->slow_ms);
        if (p->head != NULL)
            (void)send(fd, p->head, strlen(p->head), MSG_NOSIGNAL);
        for (int i = 0; i <= p->repeat; i++)
            if (p->send != NULL && send(fd, p->send, strlen(p->send), MSG_NOSIGNAL) < 0)
                break;
        for (int waited = 0; waited < p->silence_ms; waited += 20) {
            char c;
            if (recv(fd, &c, 1, MSG_DONTWAIT) == 0)
                break;
            wait_ms(20);
        }
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    return NULL;
}

static void start(server *s, const step *steps, size_t count)
{
    *s = (server){.steps = steps, .count = count};
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &size), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    close(s->listener);
    pthread_join(s->thread, NULL);
}

static llm *open_model(const server *s, llm_remote_options o)
{
    char url[64];
    llm *m = NULL;
    error err = {0};
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1#tiny", s->port);
    o.backoff_ms = o.backoff_ms == 0 ? 10 : o.backoff_ms;
    o.total_ms = o.total_ms == 0 ? 20000 : o.total_ms;
    assert_int_equal(llm_remote_open(str_from(url), &o, &m, &err), STATUS_OK);
    return m;
}

static const llm_message hello = {{"user", 4}, {"hello", 5}};

typedef struct outcome {
    status code;
    llm_result result;
    error err;
    size_t served;
    char request[8192];
} outcome;

static outcome talk(const step *steps, size_t count, llm_remote_options o, const llm_request *q)
{
    server s;
    outcome out = {0};
    llm_request own = llm_request_default();
    if (q == NULL) {
        own.messages = &hello;
        own.message_count = 1;
        q = &own;
    }
    start(&s, steps, count);
    llm *m = open_model(&s, o);
    out.code = llm_generate(m, q, &out.result, &out.err);
    llm_close(m);
    stop(&s);
    out.served = s.served;
    memcpy(out.request, s.request, sizeof out.request);
    return out;
}

#define HEAD(code, type) "HTTP/1.1 " code "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"
#define STREAM HEAD("200 OK", "text/event-stream")
#define JSON HEAD("200 OK", "application/json")
#define DELTA(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define END                                                                                        \
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"                          \
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n"           \
    "data: [DONE]\n\n"
#define GOOD STREAM ": hello\n" DELTA("good") DELTA(" day") END

static void streams(void **state)
{
    (void)state;
    const step steps[] = {{.send = GOOD}};
    outcome o = talk(steps, 1, (llm_remote_options){0}, NULL);
    assert_int_equal(o.code, STATUS_OK);
    assert_string_equal(o.result.text.data, "good day");
    assert_int_equal(o.result.finish, LLM_FINISH_STOP);
    assert_int_equal(o.result.prompt_tokens, 7);
    assert_int_equal(o.result.completion_tokens, 2);
    assert_non_null(strstr(o.request, "POST /v1/chat/completions "));
    assert_non_null(strstr(o.request, "\"model\":\"tiny\""));
    assert_null(strstr(o.request, "Authorization"));
    llm_result_free(&o.result);
}

static void takes_whole_responses_and_plain_completions(void **state)
{
    (void)state;
    const step steps[] = {{.send = JSON "{\"choices\":[{\"text\":\"abc\",\"finish_reason\":"
                                        "\"length\"}],\"usage\":{\"completion_tokens\":3}}"}};
    llm_request q = llm_request_default();
    q.prompt = STR("x");
    q.max_tokens = 3;
    outcome o = talk(steps, 1, (llm_remote_options){0}, &q);
    assert_int_equal(o.code, STATUS_OK);
    assert_string_equal(o.result.text.data, "abc");
    assert_int_equal(o.result.finish, LLM_FINISH_LENGTH);
    assert_non_null(strstr(o.request, "POST /v1/completions "));
    assert_non_null(strstr(o.request, "\"max_tokens\":3"));
    llm_result_free(&o.result);
}

static void reads_logprobs(void **state)
{
    (void)state;
    const step steps[] = {
        {.send = JSON "{\"choices\":[{\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\","
                      "\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,"
                      "\"top_logprobs\":[{\"token\":\"a\",\"logprob\":-0.5}]}]}}]}"}};
    llm_request q = llm_request_default();
    q.messages = &hello, q.message_count = 1;
    q.logprobs = true, q.top_logprobs = 2;
    outcome o = talk(steps, 1, (llm_remote_options){0}, &q);
    assert_int_equal(o.code, STATUS_OK);
    assert_int_equal(o.result.said_count, 1);
    assert_int_equal(o.result.top_count, 2);
    assert_true(o.result.said[0].logprob < -0.49 && o.result.said[0].logprob > -0.51);
    llm_result_free(&o.result);
}

static void tries_again(void **state)
{
    (void)state;
    const step steps[] = {{.send = HEAD("500 Oops", "text/plain") "no"},
                          {.send = NULL}, /* closed at once */
                          {.send = "HTTP/1.1 429 Slow down\r\nRetry-After: 1\r\n"
                                   "Content-Length: 0\r\nConnection: close\r\n\r\n"},
                          {.send = GOOD}};
    uint64_t began = clock_monotonic_ns();
    outcome o = talk(steps, 4, (llm_remote_options){0}, NULL);
    assert_int_equal(o.code, STATUS_OK);
    assert_string_equal(o.result.text.data, "good day");
    assert_int_equal(o.served, 4);
    assert_true(clock_elapsed_ms(began) >= 1000); /* Retry-After was respected */
    llm_result_free(&o.result);
}

static void gives_up(void **state)
{
    (void)state;
    const step steps[] = {{.send = HEAD("503 No", "text/plain")},
                          {.send = HEAD("503 No", "text/plain")},
                          {.send = HEAD("503 No", "text/plain")}};
    outcome o = talk(steps, 3, (llm_remote_options){.retries = 2}, NULL);
    assert_int_equal(o.code, STATUS_NET);
    assert_int_equal(o.served, 3);
    assert_non_null(strstr(o.err.message, "HTTP 503"));
    llm_result_free(&o.result);
}

static void fails(const char *send, status want, const char *message)
{
    const step steps[] = {{.send = send}};
    outcome o = talk(steps, 1, (llm_remote_options){.retries = -1}, NULL);
    if (o.code != want || strstr(o.err.message, message) == NULL)
        fail_msg("%s: %s: %s", send, status_name(o.code), o.err.message);
    assert_int_equal(o.served, 1);
    llm_result_free(&o.result);
}

static void wrong_answers(void **state)
{
    (void)state;
    fails(STREAM DELTA("half"), STATUS_NET, "broke off");
    fails(STREAM "data: {\"choices\":[{\"delta\"\n\n", STATUS_NET, "not JSON");
    fails(JSON "<html>", STATUS_NET, "not JSON");
    fails(JSON "[1]", STATUS_NET, "no completion");
    fails(JSON "{\"choices\":[{\"message\":{\"content\":\"x\"}}]}", STATUS_NET, "broke off");
    fails(STREAM "data: {\"error\":{\"message\":\"overloaded\"}}\n\n", STATUS_NET, "overloaded");
    fails(HEAD("401 No", "application/json") "{\"error\":{\"message\":\"bad key\"}}", STATUS_DENIED,
          "bad key");
    fails(HEAD("404 No", "text/plain") "x", STATUS_NOT_FOUND, "HTTP 404");
    fails(HEAD("400 No", "application/json") "{\"error\":\"bad field\"}", STATUS_INVALID,
          "bad field");
    fails("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
          STATUS_NET, "redirects");
    fails("garbage\r\n\r\n", STATUS_NET, "");
    fails("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n"
          "data: {}",
          STATUS_NET, "");
}

static void nothing_shown_is_said_twice(void **state)
{
    (void)state;
    /* The stream breaks off after text was shown: no retry, although some are left. */
    const step steps[] = {{.send = STREAM DELTA("half")}, {.send = GOOD}};
    llm_request q = llm_request_default();
    q.messages = &hello, q.message_count = 1;
    server s;
    start(&s, steps, 1);
    llm *m = open_model(&s, (llm_remote_options){0});
    llm_result r = {0};
    error err = {0};
    assert_int_equal(llm_generate(m, &q, &r, &err), STATUS_NET);
    assert_int_equal(s.served, 1);
    llm_result_free(&r);
    llm_close(m);
    stop(&s);
}

static void endless_answers_are_bounded(void **state)
{
    (void)state;
    const step chunks[] = {
        {.head = STREAM, .send = DELTA("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), .repeat = 1000000}};
    const step one[] = {{.head = STREAM,
                         .send = "data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                         .repeat = 1000000}};
    const step *all[] = {chunks, one};
    for (int i = 0; i < 2; i++) {
        outcome o = talk(all[i], 1, (llm_remote_options){.retries = -1, .max_bytes = 65536}, NULL);
        assert_int_equal(o.code, STATUS_LIMIT);
        assert_true(o.result.text.length < 65536);
        llm_result_free(&o.result);
    }
    const step body[] = {{.send = STREAM DELTA("a") DELTA("b") DELTA("c") DELTA("d") DELTA("e")
                              DELTA("f") DELTA("g") DELTA("h"),
                          .silence_ms = 500}};
    outcome o = talk(body, 1, (llm_remote_options){.retries = -1, .max_bytes = 100}, NULL);
    assert_int_equal(o.code, STATUS_LIMIT);
    llm_result_free(&o.result);
}

static void slow_servers_time_out(void **state)
{
    (void)state;
    const step silent[] = {{.send = STREAM DELTA("a"), .silence_ms = 8000}};
    uint64_t began = clock_monotonic_ns();
    outcome o = talk(silent, 1, (llm_remote_options){.retries = -1, .total_ms = 700}, NULL);
    assert_int_equal(o.code, STATUS_NET);
    assert_true(clock_elapsed_ms(began) < 5000);
    llm_result_free(&o.result);
}

static bool stop_at_once(void *user, str text)
{
    (void)text;
    ++*(int *)user;
    return false;
}

static void cancels(void **state)
{
    (void)state;
    const step steps[] = {{.send = STREAM DELTA("a") DELTA("b"), .silence_ms = 3000}};
    llm_request q = llm_request_default();
    int calls = 0;
    q.messages = &hello, q.message_count = 1;
    q.on_text = stop_at_once, q.user = &calls;
    outcome o = talk(steps, 1, (llm_remote_options){0}, &q);
    assert_int_equal(o.code, STATUS_OK);
    assert_int_equal(o.result.finish, LLM_FINISH_CANCELLED);
    assert_int_equal(calls, 1);
    llm_result_free(&o.result);
}

static void *cancel_soon(void *user)
{
    wait_ms(300);
    llm_cancel(user);
    return NULL;
}

static void cancels_from_another_thread(void **state)
{
    (void)state;
    const step steps[] = {{.send = STREAM, .silence_ms = 20000}};
    server s;
    start(&s, steps, 1);
    llm *m = open_model(&s, (llm_remote_options){0});
    llm_request q = llm_request_default();
    q.messages = &hello, q.message_count = 1;
    llm_result r = {0};
    error err = {0};
    pthread_t thread;
    uint64_t began = clock_monotonic_ns();
    pthread_create(&thread, NULL, cancel_soon, m);
    assert_int_equal(llm_generate(m, &q, &r, &err), STATUS_OK);
    assert_int_equal(r.finish, LLM_FINISH_CANCELLED);
    assert_true(clock_elapsed_ms(began) < 8000);
    pthread_join(thread, NULL);
    llm_result_free(&r);
    llm_close(m);
    stop(&s);
}

static void stop_strings_hold_across_chunks(void **state)
{
    (void)state;
    const step steps[] = {{.send = STREAM DELTA("one EN") DELTA("D two") END}};
    const str stop_at = STR("END");
    llm_request q = llm_request_default();
    q.messages = &hello, q.message_count = 1;
    q.stop = &stop_at, q.stop_count = 1;
    outcome o = talk(steps, 1, (llm_remote_options){0}, &q);
    assert_int_equal(o.code, STATUS_OK);
    assert_string_equal(o.result.text.data, "one ");
    llm_result_free(&o.result);
}

static void schemas_are_checked_here(void **state)
{
    (void)state;
    const step steps[] = {{.send = STREAM DELTA("{\\\"a\\\": 1}") END},
                          {.send = STREAM DELTA("{\\\"a\\\": \\\"x\\\"}") END}};
    llm_request q = llm_request_default();
    q.messages = &hello, q.message_count = 1;
    q.json_schema = STR("{\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\"]}");
    for (int i = 0; i < 2; i++) {
        outcome o = talk(&steps[i], 1, (llm_remote_options){0}, &q);
        assert_int_equal(o.code, STATUS_OK);
        assert_int_equal(o.result.finish, i == 0 ? LLM_FINISH_STOP : LLM_FINISH_CONSTRAINT);
        assert_non_null(strstr(o.request, "json_schema"));
        llm_result_free(&o.result);
    }
}

static void the_key_stays_where_it_belongs(void **state)
{
    (void)state;
    setenv("VOUCH_TEST_KEY", "secret-1", 1);
    const step steps[] = {{.send = GOOD}};
    llm_remote_options o = {.key_env = "VOUCH_TEST_KEY"};
    outcome out = talk(steps, 1, o, NULL);
    assert_int_equal(out.code, STATUS_OK);
    assert_non_null(strstr(out.request, "Authorization: Bearer secret-1\r\n"));
    llm_result_free(&out.result);
    llm *m = NULL;
    error err = {0};
    assert_int_equal(llm_remote_open(STR("http://example.com/v1"), &o, &m, &err), STATUS_DENIED);
    assert_null(strstr(err.message, "secret-1"));
    err = (error){0};
    assert_int_equal(llm_remote_open(STR("https://u:p@example.com/v1"), &o, &m, &err),
                     STATUS_USAGE);
    err = (error){0};
    assert_int_equal(llm_remote_open(STR("ftp://example.com"), &o, &m, &err), STATUS_USAGE);
    setenv("VOUCH_TEST_KEY", "a\r\nX: y", 1);
    err = (error){0};
    assert_int_equal(llm_remote_open(STR("http://127.0.0.1/v1"), &o, &m, &err), STATUS_USAGE);
    unsetenv("VOUCH_TEST_KEY");
}

static void constraints_are_refused(void **state)
{
    (void)state;
    llm *m = NULL;
    error err = {0};
    llm_result r = {0};
    llm_request q = llm_request_default();
    q.prompt = STR("x");
    q.grammar = STR("root ::= \"a\"");
    assert_int_equal(llm_remote_open(STR("http://127.0.0.1:9/v1"), NULL, &m, &err), STATUS_OK);
    assert_int_equal(llm_generate(m, &q, &r, &err), STATUS_UNSUPPORTED);
    assert_null(llm_vocabulary(m));
    llm_result_free(&r);
    llm_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams),
        cmocka_unit_test(takes_whole_responses_and_plain_completions),
        cmocka_unit_test(reads_logprobs),
        cmocka_unit_test(tries_again),
        cmocka_unit_test(gives_up),
        cmocka_unit_test(wrong_answers),
        cmocka_unit_test(nothing_shown_is_said_twice),
        cmocka_unit_test(endless_answers_are_bounded),
        cmocka_unit_test(slow_servers_time_out),
        cmocka_unit_test(cancels),
        cmocka_unit_test(cancels_from_another_thread),
        cmocka_unit_test(stop_strings_hold_across_chunks),
        cmocka_unit_test(schemas_are_checked_here),
        cmocka_unit_test(the_key_stays_where_it_belongs),
        cmocka_unit_test(constraints_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
