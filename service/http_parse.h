/* What libmicrohttpd leaves to its user: the framing of bodies, and an answer in the middle of one.
 * (The decoding of percent signs, declared in http.h, stands here too.) */
#ifndef VOUCH_SERVICE_HTTP_PARSE_H
#define VOUCH_SERVICE_HTTP_PARSE_H

#include <microhttpd.h>
#include <stdbool.h>

#include "service/http.h"

/* Whether a proxy in front could see another end of this request than libmicrohttpd does (RFC 9112,
 * section 6.3): a second request could be smuggled in behind it. */
bool http_framing_is_ambiguous(struct MHD_Connection *connection);

/* Writes the finished answer to a socket on which nothing of this request was answered yet, and
 * says that the connection closes. libmicrohttpd takes no answer while a body comes in. */
void http_answer_raw(int fd, const http_request *r);

#endif
