/* What libmicrohttpd leaves to its user of reading a request: the framing of bodies. (The decoding
 * of percent signs, declared in http.h, stands here too.) */
#ifndef VOUCH_SERVICE_HTTP_PARSE_H
#define VOUCH_SERVICE_HTTP_PARSE_H

#include <microhttpd.h>
#include <stdbool.h>

/* Whether a proxy in front could see another end of this request than libmicrohttpd does (RFC 9112,
 * section 6.3): a second request could be smuggled in behind it. */
bool http_framing_is_ambiguous(struct MHD_Connection *connection);

#endif
