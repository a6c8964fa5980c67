/* Connections whose answer left before their request had come whole. Closing such a socket resets
 * it, and the client may never read why it was refused; so what it still sends is read and
 * forgotten, until it ends, or for a bounded time and size. */
#ifndef VOUCH_SERVICE_LINGERING_H
#define VOUCH_SERVICE_LINGERING_H

#include <stddef.h>

typedef struct lingering lingering;

#define LINGERING_MOST 64 /* sockets at a time */
#define LINGERING_SECONDS 5
#define LINGERING_BYTES ((size_t)64 << 20) /* of one client */

lingering *lingering_open(void); /* NULL when out of memory or threads */
void lingering_close(lingering *l);

/* Takes a socket on which nothing more is sent, and closes it in the end; at once when there are
 * LINGERING_MOST already. */
void lingering_take(lingering *l, int fd);

#endif
