/* Ingest jobs: one thread takes them in order, so that two loads never fight for a graph. A job is
 * remembered (in jobs.db of the data folder) until a day after its end, also across restarts: one
 * that was accepted but not finished when the service died is run again, which is safe since a load
 * is atomic and a re-load replaces.
 *
 * Idempotency: the same key with the same request gives the same job; with another request it is a
 * conflict. Safe from any thread. */
#ifndef VOUCH_SERVICE_JOBS_H
#define VOUCH_SERVICE_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/log.h"
#include "core/str.h"

typedef struct service_jobs service_jobs;

typedef struct job_request {
    const char *graph;  /* the served graph's name */
    const char *client; /* who asked */
    const char *file;   /* the upload, moved into the job's keeping; NULL with url */
    const char *url;    /* NULL with file */
    const char *source, *format, *map, *encoding; /* NULL = default */
    bool strict, allow_empty, dry_run;
    const char *idempotency_key; /* NULL = none */
    const char *fingerprint;     /* hash of the request, for the key */
} job_request;

/* Runs one load; fills the report (an object, owned by the caller). On the jobs' thread. */
typedef status (*job_run)(void *context, const job_request *job, json_t **report, error *err);

status service_jobs_open(const char *data_dir, job_run run, void *context, const logger *log,
                         service_jobs **out, error *err);
/* Waits for the running load (it is atomic); the rest stays queued on disk. */
void service_jobs_close(service_jobs *jobs);

/* Durable when it returns. STATUS_EXISTS: the idempotency key was used for another request;
 * STATUS_BUSY: too many wait. `id` gets 33 bytes. */
status service_jobs_add(service_jobs *jobs, const job_request *request, char id[33], error *err);
/* {id, graph, status: "queued"|"running"|"done"|"failed", report?, error?, created_at, ...};
 * STATUS_NOT_FOUND when there is none of that id that this client started on a graph. */
status service_jobs_get(service_jobs *jobs, const char *id, json_t **out, error *err);

#endif
