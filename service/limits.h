/* Rate limits: a token bucket per client (key id, or address when there are no keys), refilled
 * evenly over a minute. Bounded: the least recently seen client is forgotten when the table is
 * full. Safe from any thread. */
#ifndef VOUCH_SERVICE_LIMITS_H
#define VOUCH_SERVICE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

typedef struct service_limits service_limits;

service_limits *service_limits_new(void); /* NULL when out of memory */
void service_limits_free(service_limits *limits);

/* Takes one request of `per_minute` (0 = unlimited: always true). When false, *retry_after_s says
 * after how many seconds there will be room. */
bool service_limits_take(service_limits *limits, str client, unsigned per_minute, uint64_t now_ns,
                         unsigned *retry_after_s);

#endif
