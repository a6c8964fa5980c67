/* See service.h. */
#include "service/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "service/api.h"
#include "service/ingest_job.h"

#define GRACE_MS 8000
#define SESSIONS 4096
#define RECENT_ANSWERS 4096
#define RECENT_BYTES ((size_t)32 << 20)

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (unsigned)n;
}

/* Reads the key file, and notes first which state of it that is. */
static status read_keys(service_settings *settings, const char *path, error *err)
{
    struct stat st;
    if (path == NULL)
        return STATUS_OK;
    if (stat(path, &st) == 0) {
        settings->keys_changed = st.st_mtim;
        settings->keys_file = st.st_ino;
    }
    return service_keys_read(path, &settings->keys, err);
}

/* Reads keys and patterns of a configuration into new settings, which own it. */
static status make_settings(service_config *config, service_settings **out, error *err)
{
    service_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL)
        return error_memory(err);
    status code = service_mask_new((const char *const *)config->mask_patterns, config->mask_count,
                                   &settings->mask, err);
    if (code == STATUS_OK)
        code = read_keys(settings, config->keys, err);
    if (code != STATUS_OK) {
        service_mask_free(settings->mask);
        free(settings);
        return code;
    }
    settings->config = config;
    settings->references = 1;
    *out = settings;
    return STATUS_OK;
}

static status check_address(const service_config *config, char address[64], uint16_t *port,
                            error *err)
{
    status code = service_listen_parse(config->listen, address, port, err);
    if (code == STATUS_OK && config->keys == NULL && !service_address_is_loopback(address))
        return error_set(
            err, STATUS_USAGE,
            "listening on %s without keys would let anyone ask; make a key with 'vouch "
            "key add' and name its file with --keys, or listen on 127.0.0.1",
            config->listen);
    return code;
}

static status make_folders(service *s, const service_config *config, error *err)
{
    size_t bytes = strlen(config->data_dir) + 16;
    s->upload_dir = malloc(bytes);
    if (s->upload_dir == NULL)
        return error_memory(err);
    snprintf(s->upload_dir, bytes, "%s/uploads", config->data_dir);
    if ((mkdir(config->data_dir, 0700) != 0 && errno != EEXIST) ||
        (mkdir(s->upload_dir, 0700) != 0 && errno != EEXIST))
        return error_errno(err, STATUS_IO, errno, config->data_dir);
    return STATUS_OK;
}

static status open_stores(service *s, const service_config *config, error *err)
{
    char path[4096];
    status code = make_folders(s, config, err);
    snprintf(path, sizeof path, "%s/feedback.db", config->data_dir);
    if (code == STATUS_OK && strcmp(config->feedback_store, "off") != 0)
        code = service_feedback_open(path, &s->feedback, err);
    if (code == STATUS_OK && config->audit_file != NULL)
        code = service_audit_open(config->audit_file, config->audit_days, &s->audit, err);
    if (code == STATUS_OK)
        code = service_jobs_open(config->data_dir, ingest_job_run, s, s->log, &s->jobs, err);
    return code;
}

static void on_queue(void *context, int change)
{
    service *s = context;
    service_metrics_queue(s->metrics, change);
}

static status open_http(service *s, const service_config *config, const char *address,
                        uint16_t port, error *err)
{
    const http_options options = {
        .address = address,
        .port = port,
        .threads = config->http_threads,
        .workers = config->workers == 0 ? cores() : config->workers,
        .queue = config->queue,
        .connections = config->connections,
        .idle_timeout_s = config->idle_timeout_s,
        .request_timeout_s = config->request_timeout_s,
        .log = s->log,
        .context = s,
        .on_headers = router_headers,
        .on_request = router_request,
        .on_done = router_done,
        .on_queue = on_queue,
        .on_refuse = router_refuse,
    };
    return http_open(&options, &s->http, err);
}

status service_open(service_config *config, const logger *log, service **out, error *err)
{
    char address[64];
    uint16_t port;
    service *s = calloc(1, sizeof *s);
    status code = s == NULL ? error_memory(err) : check_address(config, address, &port, err);
    if (code != STATUS_OK) {
        service_config_free(config);
        free(s);
        return code;
    }
    s->log = log;
    pthread_mutex_init(&s->lock, NULL);
    s->sessions = service_sessions_new(SESSIONS);
    s->limits = service_limits_new();
    s->metrics = service_metrics_new();
    s->recent = service_recent_new(RECENT_ANSWERS, RECENT_BYTES);
    if (s->sessions == NULL || s->limits == NULL || s->metrics == NULL || s->recent == NULL)
        code = error_memory(err);
    if (code == STATUS_OK)
        code = make_settings(config, &s->settings, err);
    if (s->settings == NULL)
        service_config_free(config);
    if (code == STATUS_OK)
        code = service_graphs_open(config, log, &s->graphs, err);
    if (code == STATUS_OK)
        code = open_stores(s, config, err);
    if (code == STATUS_OK)
        code = open_http(s, config, address, port, err);
    if (code != STATUS_OK) {
        service_close(s);
        return code;
    }
    *out = s;
    return STATUS_OK;
}

uint16_t service_port(const service *s)
{
    return http_port(s->http);
}

static bool differs(const char *a, const char *b)
{
    return (a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0);
}

/* Names what the new configuration asks for and only a restart can give. */
static void warn_restart(service *s, const service_config *old, const service_config *new)
{
    const struct {
        const char *name;
        bool changed;
    } fixed[] = {
        {"listen", differs(old->listen, new->listen)},
        {"data_dir", differs(old->data_dir, new->data_dir)},
        {"workers", old->workers != new->workers},
        {"http_threads", old->http_threads != new->http_threads},
        {"queue", old->queue != new->queue},
        {"connections", old->connections != new->connections},
        {"audit_file", differs(old->audit_file, new->audit_file)},
        {"feedback_store",
         (strcmp(old->feedback_store, "off") == 0) != (strcmp(new->feedback_store, "off") == 0)},
    };
    for (size_t i = 0; i < CORE_COUNT(fixed); i++)
        if (fixed[i].changed)
            LOG(s->log, LOG_WARN_LEVEL, "restart_needed", LOG_CSTR("setting", fixed[i].name));
}

static void use_settings(service *s, service_settings *fresh)
{
    pthread_mutex_lock(&s->lock);
    service_settings *old = s->settings;
    s->settings = fresh;
    pthread_mutex_unlock(&s->lock);
    service_settings_release(s, old);
}

/* A key that was added or revoked counts from the next tick on. A key file that cannot be read
 * leaves the keys as they were, and is complained about once. */
static void refresh_keys(service *s)
{
    struct stat st;
    error err = {0};
    service_settings *now = s->settings; /* only this thread replaces them */
    const char *path = now->config->keys;
    if (path == NULL || stat(path, &st) != 0 ||
        (st.st_ino == now->keys_file && st.st_mtim.tv_sec == now->keys_changed.tv_sec &&
         st.st_mtim.tv_nsec == now->keys_changed.tv_nsec))
        return;
    service_settings *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL)
        return;
    if (read_keys(fresh, path, &err) != STATUS_OK) {
        now->keys_changed = st.st_mtim;
        now->keys_file = st.st_ino;
        free(fresh);
        LOG(s->log, LOG_ERROR_LEVEL, "keys_failed", LOG_CSTR("why", err.message));
        return;
    }
    fresh->config = now->config;
    fresh->mask = now->mask;
    fresh->references = 1;
    fresh->base = now->base != NULL ? now->base : now;
    pthread_mutex_lock(&s->lock);
    fresh->base->references++;
    pthread_mutex_unlock(&s->lock);
    use_settings(s, fresh);
    LOG(s->log, LOG_INFO_LEVEL, "keys_read", LOG_CSTR("file", path));
}

status service_reload(service *s, service_config *config, error *err)
{
    char address[64];
    uint16_t port;
    service_settings *fresh = NULL;
    status code = check_address(config, address, &port, err);
    if (code == STATUS_OK)
        code = make_settings(config, &fresh, err);
    if (code == STATUS_OK)
        code = service_graphs_reload(s->graphs, config, err);
    if (code != STATUS_OK) {
        if (fresh != NULL) {
            service_keys_free(fresh->keys);
            service_mask_free(fresh->mask);
            free(fresh);
        }
        service_config_free(config);
        return code;
    }
    warn_restart(s, s->settings->config, config);
    use_settings(s, fresh);
    LOG(s->log, LOG_INFO_LEVEL, "reloaded", LOG_INT("graphs", config->graph_count));
    return STATUS_OK;
}

void service_tick(service *s)
{
    error err = {0};
    service_graphs_refresh(s->graphs);
    refresh_keys(s);
    if (s->audit != NULL && s->ticks++ % 3600 == 0 &&
        service_audit_expire(s->audit, clock_unix_seconds(), &err) != STATUS_OK)
        LOG(s->log, LOG_ERROR_LEVEL, "audit_failed", LOG_CSTR("why", err.message));
}

void service_close(service *s)
{
    if (s == NULL)
        return;
    http_close(s->http, GRACE_MS);
    service_jobs_close(s->jobs);
    service_graphs_close(s->graphs);
    service_feedback_close(s->feedback);
    service_audit_close(s->audit);
    service_sessions_free(s->sessions);
    service_limits_free(s->limits);
    service_metrics_free(s->metrics);
    service_recent_free(s->recent);
    if (s->settings != NULL)
        service_settings_release(s, s->settings);
    free(s->upload_dir);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
