/* The inside of a session, shared by session.c and score.c. */
#ifndef VOUCH_LLM_SESSION_INSIDE_H
#define VOUCH_LLM_SESSION_INSIDE_H

#include <stdatomic.h>

#include "llm/engine.h"
#include "llm/forward.h"
#include "llm/kv.h"
#include "llm/session.h"

struct llm_session {
    const llm_model *model;
    kv_shape kv;
    size_t context;
    int32_t *tokens; /* [context] */
    size_t count;
    kv_page **pages; /* [pages that the context needs] */
    size_t page_count;
    llm_cache *cache;
    float *logits;       /* behind the last token, for scoring; NULL until needed */
    size_t logits_count; /* tokens held when they were computed; 0 = not valid */
    _Atomic bool cancelled;
};

/* --- the cache of prefixes (cache.c) --- */

/* Looks for the longest prefix of the tokens, in whole pages, longer than `beyond` tokens. Puts its
 * pages into `pages` (a reference each for the caller) and returns how many. */
size_t cache_find(llm_cache *c, const llm_model *model, llm_kv_type kv, const int32_t *tokens,
                  size_t count, size_t beyond, kv_page **pages);

/* Offers the whole pages of a prefix; failure to keep them is no error. */
void cache_offer(llm_cache *c, const llm_model *model, const kv_shape *kv, const int32_t *tokens,
                 size_t count, kv_page *const *pages);

#endif
