/* A document of the web as a local file: http(s) through libcurl, with time-outs, retries with
 * back-off, and resumption where the transfer broke. */
#ifndef VOUCH_INGEST_FETCH_H
#define VOUCH_INGEST_FETCH_H

#include "core/error.h"

bool ingest_is_url(const char *location);

/* Downloads into an unnamed temporary file; *out_fd, positioned at its start, belongs to the
 * caller. STATUS_NOT_FOUND for 404 and 410, STATUS_DENIED for 401 and 403, else STATUS_NET. Nothing
 * but http and https is spoken, also behind redirects (at most 5). */
status ingest_fetch(const char *url, int timeout_s, int retries, uint64_t max_bytes, int *out_fd,
                    error *err);

#endif
