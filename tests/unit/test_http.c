/* Unit tests of the HTTP layer with a router of three lines: bodies, limits, a full queue, streams,
 * clients that hang up, closing with requests under way. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "service/connections.h"
#include "service/http.h"

static atomic_int cancelled, done, queue_depth;

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

static void on_headers(void *context, http_request *r)
{
    (void)context;
    r->body_limit = 1000;
    r->quick = strcmp(r->path, "/quick") == 0;
    if (strcmp(r->path, "/refused") == 0) {
        r->status = 401;
        buf_add_cstr(&r->out, "no");
    }
}

static void stream_numbers(http_request *r)
{
    char text[16];
    r->status = 200;
    r->content_type = "text/event-stream";
    status code = http_stream_begin(r);
    for (int i = 0; i < 200 && code == STATUS_OK; i++) {
        snprintf(text, sizeof text, "n%d;", i);
        code = http_stream_write(r, str_from(text));
    }
    if (code != STATUS_OK)
        atomic_fetch_add(&cancelled, 1);
}

static void on_request(void *context, unsigned worker, http_request *r)
{
    (void)context, (void)worker;
    if (strcmp(r->path, "/stream") == 0) {
        stream_numbers(r);
        return;
    }
    if (strcmp(r->path, "/slow") == 0) {
        for (int i = 0; i < 100 && !atomic_load(&r->cancel); i++)
            pause_ms(10);
        if (atomic_load(&r->cancel))
            atomic_fetch_add(&cancelled, 1);
    }
    r->status = 200;
    const char *q = http_query(r, "q");
    buf_printf(&r->out, "%s %s [%.*s] q=%s", r->method, r->path, STR_ARG(r->body),
               q == NULL ? "-" : q);
}

static void on_done(void *context, const http_request *r, double ms)
{
    (void)context, (void)r, (void)ms;
    atomic_fetch_add(&done, 1);
}

static void on_queue(void *context, int change)
{
    (void)context;
    atomic_fetch_add(&queue_depth, change);
}

static void on_full(void *context, http_request *r)
{
    (void)context;
    if (r->status == 0)
        r->status = 503;
}

static http_server *start(unsigned workers, unsigned queue)
{
    error err = {0};
    http_server *s = NULL;
    const http_options options = {.address = "127.0.0.1",
                                  .threads = 1,
                                  .workers = workers,
                                  .queue = queue,
                                  .connections = 64,
                                  .idle_timeout_s = 5,
                                  .request_timeout_s = 5,
                                  .on_headers = on_headers,
                                  .on_request = on_request,
                                  .on_done = on_done,
                                  .on_queue = on_queue,
                                  .on_refuse = on_full};
    assert_int_equal(http_open(&options, &s, &err), STATUS_OK);
    return s;
}

static int connect_to(http_server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(http_port(s))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Everything until the server closes; the request must ask for that. */
static char *hear(int fd)
{
    buf all = {0};
    char piece[4096];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(&all, str_make(piece, (size_t)n));
    close(fd);
    return buf_take(&all);
}

static char *exchange(http_server *s, const char *request)
{
    int fd = connect_to(s);
    say(fd, request);
    return hear(fd);
}

static void expect(http_server *s, const char *request, const char *part)
{
    char *reply = exchange(s, request);
    if (strstr(reply, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, reply);
    free(reply);
}

static void answers_and_bodies(void **state)
{
    (void)state;
    http_server *s = start(2, 8);
    expect(s, "GET /a%2Fb?q=%E6%B3%95+x%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
           "GET /a%2Fb [] q=法 x%zz");
    expect(s, "GET /quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /quick []");
    expect(s, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
           "POST /p [hello]");
    expect(s,
           "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
           "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
           "POST /p [abcde]");
    expect(s, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n",
           "413");
    expect(s, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n", "413");
    expect(s, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 5\r\n\r\nhello",
           "400");
    expect(
        s,
        "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        "401");
    expect(s, "GET /refused HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "401");
    http_close(s, 1000);
    assert_int_equal(atomic_load(&queue_depth), 0);
}

/* Connections that send no complete headers are cut; those that rest between requests or are served
 * are not. */
static void slow_headers_are_cut(void **state)
{
    (void)state;
    int pair[2][2];
    const struct sockaddr_in client = {.sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connections *list = connections_new();
    connection_note *notes[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
        notes[i] = connections_add(list, (const struct sockaddr *)&client, pair[i][0], 1000);
        assert_string_equal(connection_address(notes[i]), "127.0.0.1");
    }
    assert_int_equal(connections_cut_slow(list, 1500, 500), 0);
    connection_begins(notes[0]);
    assert_int_equal(connections_cut_slow(list, 1501, 500), 1);
    char byte;
    assert_int_equal(recv(pair[1][1], &byte, 1, MSG_DONTWAIT), 0); /* its end was told */
    assert_int_equal(recv(pair[0][1], &byte, 1, MSG_DONTWAIT), -1);
    connections_remove(list, notes[1]);
    connection_rests(notes[0], 2000);
    assert_int_equal(connections_cut_slow(list, 2500, 500), 0);
    assert_int_equal(connections_cut_slow(list, 2501, 500), 1);
    connections_free(list);
    for (int i = 0; i < 4; i++)
        close(pair[i / 2][i % 2]);
}

/* An end of sending that comes together with half a request, or right behind a whole one, is seen,
 * long before the idle time-out of five seconds. */
static void half_requests_end_at_once(void **state)
{
    (void)state;
    static const char *const sent[] = {
        "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"gra",
        "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        "GET /p HTTP/1.1\r\nHos",
        "GET /quick HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    http_server *s = start(2, 8);
    int fd[CORE_COUNT(sent)];
    for (size_t i = 0; i < CORE_COUNT(sent); i++) {
        fd[i] = connect_to(s);
        say(fd[i], sent[i]);
        shutdown(fd[i], SHUT_WR);
    }
    uint64_t begun = clock_monotonic_ns();
    for (size_t i = 0; i < CORE_COUNT(sent); i++)
        free(hear(fd[i]));
    assert_true(clock_elapsed_ms(begun) < 3000);
    http_close(s, 1000);
}

/* Reads to the end, which must come soon. */
static void hear_refusal(int fd, const char *status_line)
{
    char text[2048];
    size_t length = 0;
    ssize_t n = 1;
    const struct timeval most = {.tv_sec = 3};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    while (n > 0 && length < sizeof text - 1) {
        n = read(fd, text + length, sizeof text - 1 - length);
        length += n > 0 ? (size_t)n : 0;
    }
    text[length] = '\0';
    if (n < 0)
        fail_msg("not closed: %s", text);
    assert_non_null(strstr(text, status_line));
    assert_non_null(strstr(text, "Connection: close"));
}

/* A refusal does not wait for a long body, and reaches also a client that reads only after it sent
 * everything. */
static void refusals_leave_before_long_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *head, *status;
    } cases[] = {
        {"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n", " 401 "},
        {"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n", " 413 "},
        {"POST /refused HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7A1200\r\n",
         " 401 "},
        {"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7A1200\r\n", " 413 "},
    };
    char *body = calloc(1, 2000);
    http_server *s = start(2, 8);
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        for (int all = 0; all < 2; all++) {
            int fd = connect_to(s);
            say(fd, cases[i].head);
            for (size_t sent = 0; sent < (all ? 8000000u : 2000u); sent += 2000)
                assert_int_equal(send(fd, body, 2000, MSG_NOSIGNAL), 2000);
            hear_refusal(fd, cases[i].status);
            close(fd);
        }
    }
    uint64_t begun = clock_monotonic_ns();
    http_close(s, 1000);
    assert_true(clock_elapsed_ms(begun) < 3000);
    free(body);
}

static void streams_arrive_whole(void **state)
{
    (void)state;
    http_server *s = start(2, 8);
    for (int i = 0; i < 20; i++) {
        char *reply = exchange(s, "GET /stream HTTP/1.0\r\nHost: x\r\nConnection: close\r\n\r\n");
        assert_non_null(strstr(reply, "n0;n1;"));
        assert_non_null(strstr(reply, "n198;n199;"));
        free(reply);
    }
    http_close(s, 1000);
}

static void keep_alive_serves_many(void **state)
{
    (void)state;
    http_server *s = start(2, 8);
    int fd = connect_to(s);
    for (int i = 0; i < 50; i++)
        say(fd, "GET /k HTTP/1.1\r\nHost: x\r\n\r\n");
    say(fd, "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    char *reply = hear(fd);
    int count = 0;
    for (const char *at = reply; (at = strstr(at, "200 OK")) != NULL; at++)
        count++;
    assert_int_equal(count, 51);
    free(reply);
    http_close(s, 1000);
}

static void a_full_queue_turns_away(void **state)
{
    (void)state;
    http_server *s = start(1, 1);
    int slow[2];
    for (int i = 0; i < 2; i++) {
        slow[i] = connect_to(s);
        say(slow[i], "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        pause_ms(60);
    }
    expect(s, "GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "503");
    expect(s, "GET /quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK");
    for (int i = 0; i < 2; i++) {
        char *reply = hear(slow[i]);
        assert_non_null(strstr(reply, "200 OK"));
        free(reply);
    }
    http_close(s, 1000);
}

static void a_client_that_hangs_up_cancels(void **state)
{
    (void)state;
    atomic_store(&cancelled, 0);
    http_server *s = start(2, 8);
    for (int i = 0; i < 3; i++) {
        int fd = connect_to(s);
        say(fd, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
        pause_ms(20);
        close(fd);
    }
    uint64_t begun = clock_monotonic_ns();
    while (atomic_load(&cancelled) < 3 && clock_elapsed_ms(begun) < 3000)
        pause_ms(10);
    assert_int_equal(atomic_load(&cancelled), 3);
    http_close(s, 1000);
}

static void closing_finishes_or_cancels(void **state)
{
    (void)state;
    atomic_store(&cancelled, 0);
    http_server *s = start(1, 8);
    int fd[3];
    for (int i = 0; i < 3; i++) {
        fd[i] = connect_to(s);
        say(fd[i], "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    pause_ms(100);
    uint64_t begun = clock_monotonic_ns();
    http_close(s, 300);
    assert_true(clock_elapsed_ms(begun) < 3000);
    assert_true(atomic_load(&cancelled) >= 1);
    for (int i = 0; i < 3; i++) {
        char *reply = hear(fd[i]);
        assert_non_null(strstr(reply, "200 OK"));
        free(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_bodies),
        cmocka_unit_test(slow_headers_are_cut),
        cmocka_unit_test(half_requests_end_at_once),
        cmocka_unit_test(refusals_leave_before_long_bodies),
        cmocka_unit_test(streams_arrive_whole),
        cmocka_unit_test(keep_alive_serves_many),
        cmocka_unit_test(a_full_queue_turns_away),
        cmocka_unit_test(a_client_that_hangs_up_cancels),
        cmocka_unit_test(closing_finishes_or_cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
