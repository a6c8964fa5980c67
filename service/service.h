/* The service as a whole: opens graphs, keys, stores and the HTTP server from a configuration, and
 * runs until it is told to stop. Used by `vouch serve`. */
#ifndef VOUCH_SERVICE_SERVICE_H
#define VOUCH_SERVICE_SERVICE_H

#include <stdint.h>

#include "core/error.h"
#include "core/log.h"
#include "service/config.h"

typedef struct service service;

/* Takes ownership of the configuration, also on failure. An address other than loopback without a
 * key file that holds a key is STATUS_USAGE. */
status service_open(service_config *config, const logger *log, service **out, error *err);
uint16_t service_port(const service *s);
/* Puts a new configuration in force: graphs, keys, limits, logging. What needs a restart (listen,
 * threads, data_dir) is named in a warning of the log. On failure the old one stays. Takes
 * ownership. */
status service_reload(service *s, service_config *config, error *err);
/* Housekeeping; call about once a second from one thread. */
void service_tick(service *s);
/* Stops within about ten seconds: requests finish, or fail with 503; then frees. */
void service_close(service *s);

#endif
