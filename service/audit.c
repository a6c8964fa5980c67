/* See audit.h. Rewriting (expiry, erasure) goes through a new file, fsync and rename under the same
 * lock that appends take. */
#include "service/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/log.h"

struct service_audit {
    pthread_mutex_t lock;
    char path[PATH_MAX];
    unsigned days;
    int fd;
};

static status open_file(service_audit *audit, error *err)
{
    audit->fd = open(audit->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return audit->fd >= 0 ? STATUS_OK
                          : error_errno(err, STATUS_IO, errno, "cannot open the audit log");
}

status service_audit_open(const char *path, unsigned retention_days, service_audit **out,
                          error *err)
{
    service_audit *audit = calloc(1, sizeof *audit);
    if (audit == NULL)
        return error_memory(err);
    audit->days = retention_days;
    pthread_mutex_init(&audit->lock, NULL);
    status code = STATUS_OK;
    if (snprintf(audit->path, sizeof audit->path, "%s", path) >= (int)sizeof audit->path - 8)
        code = error_set(err, STATUS_USAGE, "the audit log's name is too long");
    if (code == STATUS_OK)
        code = open_file(audit, err);
    if (code != STATUS_OK) {
        free(audit);
        return code;
    }
    *out = audit;
    return STATUS_OK;
}

void service_audit_close(service_audit *audit)
{
    if (audit == NULL)
        return;
    if (audit->fd >= 0)
        close(audit->fd);
    pthread_mutex_destroy(&audit->lock);
    free(audit);
}

static void add_field(buf *line, const char *name, str value)
{
    if (value.length == 0)
        return;
    buf_printf(line, ",\"%s\":", name);
    log_json_string(line, value);
}

status service_audit_append(service_audit *audit, const audit_entry *e, error *err)
{
    buf line = {0};
    buf_printf(&line, "{\"at\":%lld", (long long)clock_unix_seconds());
    add_field(&line, "request_id", e->request_id);
    add_field(&line, "client", e->client);
    add_field(&line, "user", e->user);
    add_field(&line, "graph", e->graph);
    add_field(&line, "action", e->action);
    add_field(&line, "detail", e->detail);
    add_field(&line, "outcome", e->outcome);
    buf_add_cstr(&line, "}\n");
    status code = line.failed ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK) {
        pthread_mutex_lock(&audit->lock);
        bool ok = write(audit->fd, line.data, line.length) == (ssize_t)line.length &&
                  fdatasync(audit->fd) == 0;
        int saved = errno;
        pthread_mutex_unlock(&audit->lock);
        if (!ok)
            code = error_errno(err, STATUS_IO, saved, "cannot write the audit log");
    }
    buf_free(&line);
    return code;
}

/* Whether a line stays: newer than `oldest` and not of `user` (when one is given). */
static bool keeps(const char *line, size_t length, int64_t oldest, str user)
{
    json_t *entry = json_loadb(line, length, 0, NULL);
    if (entry == NULL)
        return true; /* a torn last line is evidence too */
    const char *who = json_string_value(json_object_get(entry, "user"));
    bool keep = json_integer_value(json_object_get(entry, "at")) >= oldest &&
                (user.length == 0 || who == NULL || !str_equal(str_from(who), user));
    json_decref(entry);
    return keep;
}

static status copy_kept(FILE *in, FILE *out, int64_t oldest, str user, uint64_t *dropped)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    while ((length = getline(&line, &capacity, in)) > 0) {
        if (!keeps(line, (size_t)length, oldest, user))
            (*dropped)++;
        else if (fwrite(line, 1, (size_t)length, out) != (size_t)length)
            break;
    }
    free(line);
    return ferror(in) || ferror(out) || fflush(out) != 0 || fsync(fileno(out)) != 0 ? STATUS_IO
                                                                                    : STATUS_OK;
}

static status rewrite(service_audit *audit, int64_t oldest, str user, uint64_t *dropped, error *err)
{
    char fresh[PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", audit->path);
    pthread_mutex_lock(&audit->lock);
    FILE *in = fopen(audit->path, "re");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    status code = in == NULL || out == NULL ? STATUS_IO : copy_kept(in, out, oldest, user, dropped);
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
    else if (fd >= 0)
        close(fd);
    if (code == STATUS_OK && *dropped > 0 && rename(fresh, audit->path) == 0) {
        close(audit->fd);
        code = open_file(audit, err);
    } else {
        unlink(fresh);
    }
    pthread_mutex_unlock(&audit->lock);
    return code == STATUS_OK ? code : error_set(err, code, "cannot rewrite the audit log");
}

status service_audit_expire(service_audit *audit, int64_t now, error *err)
{
    uint64_t dropped = 0;
    if (audit->days == 0)
        return STATUS_OK;
    return rewrite(audit, now - (int64_t)audit->days * 86400, (str){0}, &dropped, err);
}

status service_audit_erase(service_audit *audit, str user, uint64_t *erased, error *err)
{
    *erased = 0;
    return rewrite(audit, INT64_MIN, user, erased, err);
}
