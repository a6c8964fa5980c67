/* The whole way of one question as JSON (mentions, candidates with their features, the chosen form,
 * timings), and the same readable in a terminal. */
#ifndef VOUCH_FUSION_EXPLAIN_H
#define VOUCH_FUSION_EXPLAIN_H

#include <jansson.h>

#include "core/buf.h"
#include "fusion/answer.h"
#include "retriever/retriever.h"

/* A new object; NULL when out of memory. `candidates` bounds how many are told. */
json_t *explain_make(const retriever_result *found, size_t candidates);

/* Mentions as JSON (part of the above). */
json_t *explain_mentions(const retriever_result *found);

/* Lines for a terminal of what `a->explain` holds, and of the answer's form, verdicts, timings. */
void explain_print(const answer *a, buf *out);

#endif
