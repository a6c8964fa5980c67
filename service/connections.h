/* The open connections of the HTTP server: each client's address as text, and since when it has
 * been sending a request's headers, so that one that drips them can be cut. libmicrohttpd's own
 * time-out starts again with every byte. And since it is told of new bytes by edges only, it never
 * sees an end that came together with the bytes before it: connections_tell_ended repeats it. */
#ifndef VOUCH_SERVICE_CONNECTIONS_H
#define VOUCH_SERVICE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct connections connections;
typedef struct connection_note connection_note;

connections *connections_new(void); /* NULL when out of memory */
void connections_free(connections *list);

/* Notes a new connection; NULL when out of memory. Removed before its socket is closed. */
connection_note *connections_add(connections *list, const struct sockaddr *client, int fd,
                                 uint64_t now_ns);
void connections_remove(connections *list, connection_note *note);

/* The client's IP address; as long as the note. "" for a NULL note. */
const char *connection_address(const connection_note *note);

/* A request's headers are complete / the request has ended. NULL notes are ignored. */
void connection_begins(connection_note *note);
void connection_rests(connection_note *note, uint64_t now_ns);

/* The answer to this connection's request leaves before the request has come whole; read again when
 * the connection is closed. */
void connection_answers_early(connection_note *note);
bool connection_answered_early(const connection_note *note);

/* Shuts down each connection that has sent no complete headers for longer than most_ns; how many.
 */
size_t connections_cut_slow(connections *list, uint64_t now_ns, uint64_t most_ns);

/* Makes an event of each client's end of sending, whether or not it was one already; how many. */
size_t connections_tell_ended(connections *list);

#endif
