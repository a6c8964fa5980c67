/* See download.h. */
#include "service/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/compiler.h"

#define CONNECT_SECONDS 10L
#define STALL_SECONDS 30L
#define WHOLE_SECONDS 3600L

typedef struct sink {
    FILE *file;
    size_t bytes, most;
} sink;

static bool host_is_listed(const service_config *config, const char *host)
{
    for (size_t i = 0; i < config->ingest_host_count; i++)
        if (strcasecmp(config->ingest_hosts[i], host) == 0)
            return true;
    return false;
}

/* A part of the URL as libcurl itself will read it; NULL when it has none. curl_free it. */
static char *part_of(const char *url, CURLUPart part)
{
    char *text = NULL;
    CURLU *parsed = curl_url();
    if (parsed == NULL || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parsed, part, &text, 0) != CURLUE_OK)
        text = NULL;
    curl_url_cleanup(parsed);
    return text;
}

status service_download_allowed(const service_config *config, const char *url, error *err)
{
    char *scheme = part_of(url, CURLUPART_SCHEME);
    char *host = part_of(url, CURLUPART_HOST);
    bool web = scheme != NULL && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    bool listed = host != NULL && host_is_listed(config, host);
    curl_free(scheme);
    curl_free(host);
    if (config->local_only)
        return error_set(err, STATUS_DENIED, "this service makes no outgoing connection");
    if (!web)
        return error_set(err, STATUS_DENIED, "only http and https URLs are fetched");
    if (!listed)
        return error_set(err, STATUS_DENIED,
                         "this host is not on the service's list; upload the file instead");
    return STATUS_OK;
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    sink *s = context;
    size_t bytes = size * count;
    if (bytes > s->most - s->bytes)
        return 0;
    s->bytes += bytes;
    return fwrite(data, 1, bytes, s->file);
}

static status fetch(CURL *curl, const char *url, sink *s, error *err)
{
    long http_status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, s);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
    if (code == CURLE_WRITE_ERROR && s->bytes < s->most)
        return error_set(err, STATUS_LIMIT, "the resource is larger than %zu bytes", s->most);
    if (code != CURLE_OK)
        return error_set(err, STATUS_NET, "cannot fetch: %s", curl_easy_strerror(code));
    if (http_status != 200)
        return error_set(err, STATUS_NET, "cannot fetch: HTTP status %ld", http_status);
    return STATUS_OK;
}

status service_download(const service_config *config, const char *url, const char *path, error *err)
{
    status code = service_download_allowed(config, url, err);
    if (code != STATUS_OK)
        return code;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        code = error_errno(err, STATUS_IO, errno, "cannot keep the download");
        if (fd >= 0)
            close(fd);
        return code;
    }
    sink s = {.file = file, .most = config->upload_bytes};
    CURL *curl = curl_easy_init();
    code = curl == NULL ? error_memory(err) : fetch(curl, url, &s, err);
    curl_easy_cleanup(curl);
    if (fclose(file) != 0 && code == STATUS_OK)
        code = error_errno(err, STATUS_IO, errno, "cannot keep the download");
    if (code != STATUS_OK)
        unlink(path);
    return code;
}
