/* Cutting a passage to the sentences that matter for a question. No state; any thread. */
#ifndef VOUCH_FUSION_EXCERPT_H
#define VOUCH_FUSION_EXCERPT_H

#include "core/arena.h"
#include "core/str.h"

/* The sentences of a passage that share most with the question, in their order, at most about
 * `max_bytes`, gaps shown as "……"; the whole passage when it is short. */
str excerpt_make(str passage, str question, size_t max_bytes, arena *a);

#endif
