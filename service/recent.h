/* The last answers given, by id, so that feedback can refer to them without every question being
 * stored on disk. Bounded in number and bytes; the oldest go first. Safe from any thread. */
#ifndef VOUCH_SERVICE_RECENT_H
#define VOUCH_SERVICE_RECENT_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/str.h"

typedef struct service_recent service_recent;

service_recent *service_recent_new(size_t most, size_t most_bytes); /* NULL when out of memory */
void service_recent_free(service_recent *recent);

/* `client` and `graph` are who may refer to it; `json` is the record to keep. All are copied. */
void service_recent_add(service_recent *recent, str id, str client, str graph, str json);
/* A copy in `a` of the record; false when it is not there or belongs to another client. */
bool service_recent_get(service_recent *recent, str id, str client, arena *a, str *graph,
                        str *json);
/* Forgets every record whose JSON names this user. */
void service_recent_erase(service_recent *recent, str user_json);

#endif
