/* Downloads from a server of our own on a loopback port: resumption of a broken transfer, retries,
 * what is not retried, bounds. Skipped where sockets are forbidden. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/compiler.h"
#include "core/str.h"
#include "ingest/fetch.h"
#include "tests/unit/unit.h"

#define BODY_BYTES 100000

static void send_all(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t w = send(fd, data, n, MSG_NOSIGNAL);
        if (w <= 0)
            return;
        data += w;
        n -= (size_t)w;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

/* /deaf and /moved break the first transfer in its middle; /deaf knows no ranges, /moved is another
 * document (an 'X' at its end) from the second request on, and says so by its ETag alone. */
static bool answer_odd(int fd, const char *request, const char *body, int *deaf, int *moved)
{
    char head[512];
    const char *range = strstr(request, "Range: bytes=");
    bool is_deaf = strstr(request, "GET /deaf") != NULL;
    if (!is_deaf && strstr(request, "GET /moved") == NULL)
        return false;
    int asked = is_deaf ? (*deaf)++ : (*moved)++;
    size_t from = range == NULL || is_deaf ? 0 : (size_t)strtoul(range + 13, NULL, 10);
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nETag: \"v%d\"\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             from > 0 ? "206 Partial Content" : "200 OK", is_deaf || asked == 0 ? 1 : 2,
             BODY_BYTES - from);
    send_text(fd, head);
    send_all(fd, body + from, asked == 0 ? BODY_BYTES / 2 : BODY_BYTES - from - 1);
    if (asked > 0)
        send_text(fd, "X");
    return true;
}

/* /good breaks the first transfer in its middle and resumes by range; /busy is 503 once. */
static void answer(int fd, const char *request, const char *body, int *good, int *busy)
{
    char head[512];
    const char *range = strstr(request, "Range: bytes=");
    if (strstr(request, "GET /good") != NULL) {
        size_t from = range == NULL ? 0 : (size_t)strtoul(range + 13, NULL, 10);
        snprintf(head, sizeof head,
                 "HTTP/1.1 %s\r\nETag: \"v1\"\r\nContent-Length: %zu\r\n"
                 "Content-Range: bytes %zu-%d/%d\r\nConnection: close\r\n\r\n",
                 from > 0 ? "206 Partial Content" : "200 OK", BODY_BYTES - from, from,
                 BODY_BYTES - 1, BODY_BYTES);
        send_text(fd, head);
        send_all(fd, body + from, (*good)++ == 0 ? BODY_BYTES / 2 : BODY_BYTES - from);
    } else if (strstr(request, "GET /busy") != NULL && (*busy)++ == 0) {
        send_text(fd, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy");
    } else if (strstr(request, "GET /busy") != NULL) {
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    } else if (strstr(request, "GET /file") != NULL) {
        send_text(fd, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                      "Content-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
        send_text(fd, "HTTP/1.1 404 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    }
}

static void serve(int listener)
{
    static char body[BODY_BYTES];
    for (size_t i = 0; i < BODY_BYTES; i++)
        body[i] = (char)('a' + i % 26);
    int good = 0, busy = 0, deaf = 0, moved = 0;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            _exit(0);
        char request[4096];
        ssize_t n = recv(fd, request, sizeof request - 1, 0);
        request[n > 0 ? n : 0] = '\0';
        if (!answer_odd(fd, request, body, &deaf, &moved))
            answer(fd, request, body, &good, &busy);
        close(fd);
    }
}

static pid_t start(int *port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof a;
    if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(listener, 8) != 0 || getsockname(listener, (struct sockaddr *)&a, &length) != 0)
        return -1;
    *port = ntohs(a.sin_port);
    pid_t pid = fork();
    if (pid == 0)
        serve(listener);
    close(listener);
    return pid;
}

static void test_fetch(void **state)
{
    (void)state;
    int port = 0;
    pid_t pid = start(&port);
    if (pid < 0)
        skip();
    static const struct {
        const char *path;
        uint64_t bound;
        status expected;
        off_t size;
    } cases[] = {
        {"good", 1 << 20, STATUS_OK, BODY_BYTES},  {"busy", 1 << 20, STATUS_OK, 2},
        {"none", 1 << 20, STATUS_NOT_FOUND, 0},    {"good", 1000, STATUS_LIMIT, 0},
        {"file", 1 << 20, STATUS_USAGE, 0},        {"deaf", 1 << 20, STATUS_OK, BODY_BYTES},
        {"moved", 1 << 20, STATUS_OK, BODY_BYTES},
    };
    for (size_t i = 0; i < CORE_COUNT(cases); i++) {
        char url[128];
        error err = {0};
        int fd = -1;
        snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", port, cases[i].path);
        status st = ingest_fetch(url, 5, 2, cases[i].bound, &fd, &err);
        if (st != cases[i].expected)
            print_message("%s: %s\n", cases[i].path, err.message);
        assert_int_equal(st, cases[i].expected);
        if (st != STATUS_OK)
            continue;
        assert_int_equal(lseek(fd, 0, SEEK_END), cases[i].size);
        char last;
        assert_int_equal(pread(fd, &last, 1, cases[i].size - 1), 1);
        bool good = strcmp(cases[i].path, "good") == 0;
        if (cases[i].size == BODY_BYTES)
            assert_int_equal(last, good ? 'a' + (BODY_BYTES - 1) % 26 : 'X');
        if (cases[i].size == BODY_BYTES) /* no seam */
            for (off_t at = 0; at < BODY_BYTES - 1; at += 977) {
                assert_int_equal(pread(fd, &last, 1, at), 1);
                assert_int_equal(last, 'a' + at % 26);
            }
        close(fd);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    error err = {0};
    int fd;
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/good", port);
    assert_int_equal(ingest_fetch(url, 2, 1, 1 << 20, &fd, &err), STATUS_NET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fetch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
