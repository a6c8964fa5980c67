/* Fetches a URL into a file for an ingest job: only http and https, only from an exact host of the
 * allow-list, never through a redirect or a proxy of the environment, bounded in bytes and time. */
#ifndef VOUCH_SERVICE_DOWNLOAD_H
#define VOUCH_SERVICE_DOWNLOAD_H

#include <stddef.h>

#include "core/error.h"
#include "service/config.h"

/* STATUS_DENIED when the configuration does not allow it (host, scheme, local_only). */
status service_download_allowed(const service_config *config, const char *url, error *err);
/* Writes the resource to `path` (made, not replaced); removes it again on failure. */
status service_download(const service_config *config, const char *url, const char *path,
                        error *err);

#endif
