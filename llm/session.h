/* A session: a sequence of tokens with its KV cache, evaluated by a model.
 *
 * A session belongs to one thread at a time; only llm_session_cancel may come from another. Several
 * sessions of one model may run in several threads: they take turns on the model's compute threads.
 * The KV cache is kept in pages of 32 positions that sessions share until one of them writes, so a
 * fork, a prefix taken from the cache, and scoring copy no more than one page.
 *
 * Positions count from 0. A call that would exceed the session's context changes nothing and
 * returns STATUS_LIMIT: tokens are never dropped. A failed or cancelled call leaves the tokens that
 * were complete before it. A token outside the vocabulary is STATUS_INVALID. */
#ifndef VOUCH_LLM_SESSION_H
#define VOUCH_LLM_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/status.h"
#include "llm/model.h"

typedef struct llm_session llm_session;
typedef struct llm_cache llm_cache;

typedef enum llm_kv_type {
    LLM_KV_F16 = 0, /* the default */
    LLM_KV_Q8_0,    /* half of the memory, slightly less exact */
    LLM_KV_F32      /* for cross-checks */
} llm_kv_type;

typedef struct llm_session_options {
    size_t context;   /* most tokens; 0 = the model's own, at most 4096 */
    llm_kv_type kv;   /* type of the KV cache; sessions that share a cache must agree */
    llm_cache *cache; /* prefixes to reuse across sessions; NULL = none; must outlive the session */
} llm_session_options;

/* options NULL = all defaults. */
status llm_session_new(const llm_model *model, const llm_session_options *options,
                       llm_session **out, error *err);
void llm_session_free(llm_session *session);

/* Appends `count` tokens and evaluates them, many at a time. Writes the logits behind the last
 * token to `logits` (vocabulary floats), or leaves them unwritten when NULL. count 0 is
 * STATUS_USAGE. */
status llm_session_eval(llm_session *session, const int32_t *tokens, size_t count, float *logits,
                        error *err);

/* The same with the logits behind each token: count x vocabulary floats. */
status llm_session_eval_all(llm_session *session, const int32_t *tokens, size_t count,
                            float *logits, error *err);

/* Makes the session hold exactly these tokens, evaluating only what neither the session nor its
 * cache holds already; the last token is always evaluated, so that its logits are there. Offers
 * the result to the cache. *reused (may be NULL) gets the tokens that were not evaluated. */
status llm_session_set(llm_session *session, const int32_t *tokens, size_t count, float *logits,
                       size_t *reused, error *err);

/* Forgets all tokens from position `length` on; STATUS_USAGE when it holds fewer. */
status llm_session_rewind(llm_session *session, size_t length, error *err);

/* The tokens held, borrowed until the next call on the session. */
const int32_t *llm_session_tokens(const llm_session *session, size_t *count);
size_t llm_session_context(const llm_session *session);
const llm_model *llm_session_model(const llm_session *session);

/* A second session that continues independently from the same tokens; the KV cache is shared. */
status llm_session_fork(const llm_session *session, llm_session **out, error *err);

/* From any thread: the evaluation in progress, or the next one, stops within about one layer with
 * STATUS_CANCELLED. The flag is cleared by the call that it stopped. */
void llm_session_cancel(llm_session *session);

/* Bytes of KV cache and working memory that the session holds; shared pages count in each. */
size_t llm_session_bytes(const llm_session *session);
/* Bytes that a session of `context` tokens takes when full. */
size_t llm_session_estimate(const llm_shape *model, size_t context, llm_kv_type kv);

/* --- scoring ------------------------------------------------------------------------------- */

typedef struct llm_candidate {
    const int32_t *tokens;
    size_t count; /* 0 is allowed and scores 0 */
} llm_candidate;

typedef struct llm_candidate_score {
    double logprob; /* sum of natural-log probabilities of its tokens behind the prefix */
    size_t count;   /* its tokens */
    double first;   /* log-probability of the first token alone (0 when count is 0) */
} llm_candidate_score;

/* Scores continuations of the prefix in one batched pass: the prefix is evaluated as by
 * llm_session_set (so a repeated prefix costs one token), the candidates are laid into a trie and
 * each distinct continuation token is computed once. The session then holds the prefix.
 * The prefix must not be empty. A candidate that would exceed the context is STATUS_LIMIT. */
status llm_score(llm_session *session, const int32_t *prefix, size_t prefix_count,
                 const llm_candidate *candidates, size_t candidate_count,
                 llm_candidate_score *scores, error *err);

/* --- prefixes shared across sessions -------------------------------------------------------- */

/* A cache of evaluated prefixes with a bound in bytes; the least recently used one leaves first.
 * Thread-safe. Prefixes are shared, not copied: whole pages of 32 tokens. */
status llm_cache_new(size_t limit_bytes, llm_cache **out, error *err);
void llm_cache_free(llm_cache *cache);

typedef struct llm_cache_stats {
    size_t bytes, limit_bytes, prefixes;
    uint64_t hits, misses, evicted; /* look-ups that found at least one page, that found none */
} llm_cache_stats;
void llm_cache_get_stats(llm_cache *cache, llm_cache_stats *out);

#endif
