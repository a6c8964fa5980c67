/* Downloading to a temporary file. Reading straight from the socket would tie the transfer's
 * time-outs to the speed of the store, and could not start again in the middle. */
#include "ingest/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "core/version.h"

typedef struct fetch_state {
    CURL *curl;
    int fd;
    uint64_t have, max_bytes;
    char etag[256]; /* of the first answer; a resumed one must be of the same document */
    bool restarted; /* the server ignored the range: start over */
    bool too_large, disk_failed;
} fetch_state;

bool ingest_is_url(const char *location)
{
    return strncmp(location, "http://", 7) == 0 || strncmp(location, "https://", 8) == 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    fetch_state *f = context;
    size_t n = size * count;
    if (n > 6 && strncasecmp(data, "etag:", 5) == 0 && f->have == 0) {
        const char *from = data + 5;
        const char *end = data + n;
        while (from < end && (*from == ' ' || *from == '\t'))
            from++;
        while (end > from && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
            end--;
        if ((size_t)(end - from) < sizeof f->etag && strncmp(from, "W/", 2) != 0) {
            memcpy(f->etag, from, (size_t)(end - from));
            f->etag[end - from] = '\0';
        }
    }
    return n;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    fetch_state *f = context;
    size_t n = size * count;
    long code = 0;
    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 300)
        return n; /* the body of an error page is not the document */
    if (code == 200 && f->have > 0 && !f->restarted) {
        f->have = 0;
        if (ftruncate(f->fd, 0) != 0 || lseek(f->fd, 0, SEEK_SET) != 0)
            return 0;
    }
    f->restarted = true;
    if (f->have + n > f->max_bytes) {
        f->too_large = true;
        return 0;
    }
    for (size_t done = 0; done < n;) {
        ssize_t w = write(f->fd, data + done, n - done);
        if (w <= 0) {
            f->disk_failed = true;
            return 0;
        }
        done += (size_t)w;
    }
    f->have += n;
    return n;
}

static void set_options(fetch_state *f, const char *url, int timeout_s)
{
    CURL *c = f->curl;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "vouch/" VOUCH_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)(timeout_s < 15 ? timeout_s : 15));
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)timeout_s);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
}

static CURLcode one_try(fetch_state *f)
{
    struct curl_slist *headers = NULL;
    f->restarted = false;
    if (f->have > 0 && f->etag[0] != '\0') {
        char line[300];
        snprintf(line, sizeof line, "If-Range: %s", f->etag);
        headers = curl_slist_append(NULL, line);
    }
    curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(f->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)f->have);
    CURLcode rc = curl_easy_perform(f->curl);
    curl_slist_free_all(headers);
    return rc;
}

static status judge(const fetch_state *f, CURLcode rc, long code, bool *again, error *err)
{
    *again = false;
    if (f->too_large)
        return error_set(err, STATUS_LIMIT, "the document is larger than %llu bytes",
                         (unsigned long long)f->max_bytes);
    if (f->disk_failed)
        return error_errno(err, STATUS_IO, errno, "cannot write the temporary file");
    if (rc == CURLE_OK && code < 300)
        return STATUS_OK;
    if (code == 404 || code == 410)
        return error_set(err, STATUS_NOT_FOUND, "the server answers %ld", code);
    if (code == 401 || code == 403)
        return error_set(err, STATUS_DENIED, "the server answers %ld", code);
    if (rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_URL_MALFORMAT ||
        rc == CURLE_TOO_MANY_REDIRECTS)
        return error_set(err, STATUS_USAGE, "%s", curl_easy_strerror(rc));
    *again = code < 400 || code == 408 || code == 429 || code >= 500;
    if (rc != CURLE_OK)
        return error_set(err, STATUS_NET, "%s", curl_easy_strerror(rc));
    return error_set(err, STATUS_NET, "the server answers %ld", code);
}

static void back_off(int attempt)
{
    long ms = 250L << (attempt < 5 ? attempt : 5);
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

static int temporary_file(void)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];
    if (snprintf(path, sizeof path, "%s/vouch-XXXXXX", dir == NULL ? "/tmp" : dir) >=
        (int)sizeof path)
        return -1;
    int fd = mkstemp(path);
    if (fd >= 0)
        unlink(path);
    return fd;
}

/* Tries until the document is there, an error is final, or the retries are spent. */
static status try_all(fetch_state *f, int retries, error *err)
{
    for (int attempt = 0;; attempt++) {
        error last = {0};
        long code = 0;
        bool again;
        CURLcode rc = one_try(f);
        curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &code);
        if (code == 416) { /* the range no longer fits: the document changed, so start over */
            f->have = 0;
            f->etag[0] = '\0';
            if (ftruncate(f->fd, 0) == 0 && lseek(f->fd, 0, SEEK_SET) == 0)
                code = 500;
        }
        status st = judge(f, rc, code, &again, &last);
        if (st == STATUS_OK)
            return st;
        if (!again || attempt >= retries)
            return error_set(err, st, "%s", last.message);
        back_off(attempt);
    }
}

status ingest_fetch(const char *url, int timeout_s, int retries, uint64_t max_bytes, int *out_fd,
                    error *err)
{
    fetch_state f = {.max_bytes = max_bytes, .fd = temporary_file()};
    if (f.fd < 0)
        return error_errno(err, STATUS_IO, errno, "cannot make a temporary file");
    f.curl = curl_easy_init();
    status st = f.curl == NULL ? error_memory(err) : STATUS_OK;
    if (st == STATUS_OK) {
        set_options(&f, url, timeout_s);
        st = try_all(&f, retries, err);
        curl_easy_cleanup(f.curl);
    }
    if (st == STATUS_OK && lseek(f.fd, 0, SEEK_SET) != 0)
        st = error_errno(err, STATUS_IO, errno, "cannot rewind the temporary file");
    if (st == STATUS_OK)
        *out_fd = f.fd;
    else
        close(f.fd);
    return st;
}
