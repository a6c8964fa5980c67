/* Runs one load for the job queue. */
#ifndef VOUCH_SERVICE_INGEST_JOB_H
#define VOUCH_SERVICE_INGEST_JOB_H

#include "service/jobs.h"

/* `context` is the service. See job_run. */
status ingest_job_run(void *context, const job_request *job, json_t **report, error *err);

#endif
