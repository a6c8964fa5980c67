/* Server-sent events (WHATWG HTML, 9.2): bytes as they arrive -> the data of each event. Tolerates
 * any cut, \r\n and comments. Bounded: an event above the limit is STATUS_LIMIT. */
#ifndef VOUCH_LLM_SSE_H
#define VOUCH_LLM_SSE_H

#include "core/buf.h"
#include "core/error.h"

typedef struct llm_sse {
    buf line, data;
    size_t limit; /* bytes of one event; 0 = 1 MiB */
    bool has_data, after_cr;
} llm_sse;

/* An event's data; any status but STATUS_OK stops the feed and is returned. */
typedef status (*llm_sse_fn)(void *user, str data, error *err);

/* Start with {0}. */
status llm_sse_feed(llm_sse *s, str bytes, llm_sse_fn fn, void *user, error *err);
/* The connection has ended: an event without its blank line still counts. */
status llm_sse_finish(llm_sse *s, llm_sse_fn fn, void *user, error *err);
void llm_sse_free(llm_sse *s);

#endif
