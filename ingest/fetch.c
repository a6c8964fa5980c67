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

#include "core/str.h"
#include "core/version.h"

#define VALIDATOR_BYTES 256

typedef struct fetch_state {
    CURL *curl;
    int fd;
    uint64_t have, max_bytes;
    char seen[2][VALIDATOR_BYTES]; /* ETag and Last-Modified of the answer in hand */
    char kept[2][VALIDATOR_BYTES]; /* of the document that the file holds a part of */
    bool begun;                    /* bytes of this answer have come */
    bool changed;                  /* it is of another document than the part that is held */
    bool too_large, disk_failed;
} fetch_state;

bool ingest_is_url(const char *location)
{
    return strncmp(location, "http://", 7) == 0 || strncmp(location, "https://", 8) == 0;
}

/* The value of a header line "name: value". */
static str header_value(str line, str name)
{
    if (line.length <= name.length || !str_equal_nocase(str_slice(line, 0, name.length), name))
        return STR("");
    return str_trim(str_slice(line, name.length, line.length));
}

/* Keeps what tells one state of the document from another: its ETag (a strong one), else its date.
 * A resumed answer with another one is of another document. */
static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    fetch_state *f = context;
    str line = str_make(data, size * count);
    if (str_starts(line, STR("HTTP/"))) { /* of the next answer: a redirect came before */
        f->seen[0][0] = f->seen[1][0] = '\0';
        return line.length;
    }
    const str names[] = {STR("etag:"), STR("last-modified:")};
    for (size_t i = 0; i < 2; i++) {
        str value = header_value(line, names[i]);
        if (!str_empty(value) && value.length < VALIDATOR_BYTES && !str_starts(value, STR("W/")))
            snprintf(f->seen[i], VALIDATOR_BYTES, "%.*s", STR_ARG(value));
    }
    return line.length;
}

/* At the first bytes of an answer: is it of the document that the file holds a part of? */
static bool same_document(fetch_state *f)
{
    if (f->have == 0) {
        memcpy(f->kept, f->seen, sizeof f->kept);
        return true;
    }
    bool same = true;
    for (size_t i = 0; i < 2; i++)
        same = same && (f->kept[i][0] == '\0' || f->seen[i][0] == '\0' ||
                        strcmp(f->kept[i], f->seen[i]) == 0);
    return same;
}

static bool start_over(fetch_state *f)
{
    f->have = 0;
    return ftruncate(f->fd, 0) == 0 && lseek(f->fd, 0, SEEK_SET) == 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    fetch_state *f = context;
    size_t n = size * count;
    long code = 0;
    curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code >= 300)
        return n; /* the body of an error page is not the document */
    if (!f->begun && code == 200 && f->have > 0 && !start_over(f)) /* the range was ignored */
        return 0;
    if (!f->begun && !same_document(f)) {
        f->changed = true;
        return 0;
    }
    f->begun = true;
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
    char line[VALIDATOR_BYTES + 16], range[32];
    const char *validator = f->kept[0][0] != '\0' ? f->kept[0] : f->kept[1];
    f->begun = f->changed = false;
    if (f->have > 0 && validator[0] != '\0') {
        snprintf(line, sizeof line, "If-Range: %s", validator);
        headers = curl_slist_append(NULL, line);
    }
    /* Not CURLOPT_RESUME_FROM: it takes a server that ignores ranges for an error. */
    snprintf(range, sizeof range, "%llu-", (unsigned long long)f->have);
    curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(f->curl, CURLOPT_RANGE, f->have > 0 ? range : NULL);
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
        /* The document changed, or the range no longer fits: from the beginning. */
        if ((f->changed || code == 416) && start_over(f))
            code = 500;
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
