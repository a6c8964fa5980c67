/* One interface to a language model, wherever it runs: a GGUF file on this machine (llm/local.h) or
 * any OpenAI-compatible endpoint (llm/remote.h). A request holds messages or a raw prompt, how to
 * sample, what constrains the text, and where tokens go as they come; a result holds the text, why
 * it ended, and what it cost.
 *
 * An llm serves one request at a time, from one thread; only llm_cancel may come from another. */
#ifndef VOUCH_LLM_LLM_H
#define VOUCH_LLM_LLM_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "llm/constraint.h"
#include "llm/sampler.h"

typedef struct llm llm;

typedef struct llm_message {
    str role; /* "system", "user" or "assistant" */
    str content;
} llm_message;

typedef enum llm_finish {
    LLM_FINISH_STOP,       /* the model ended its text, or a stop string came */
    LLM_FINISH_LENGTH,     /* max_tokens, or the context is full */
    LLM_FINISH_CONSTRAINT, /* the constraint left no token: the text is not complete */
    LLM_FINISH_CANCELLED
} llm_finish;

/* "stop", "length", "constraint", "cancelled" */
const char *llm_finish_name(llm_finish finish);

/* New text, valid UTF-8, as it comes; false stops with LLM_FINISH_CANCELLED. */
typedef bool (*llm_on_text)(void *user, str text);

typedef struct llm_request {
    const llm_message *messages; /* a conversation, or none and */
    size_t message_count;
    str prompt;         /* text to continue */
    bool parse_special; /* control tokens' names in `prompt` are those tokens */
    llm_sampling sampling;
    size_t max_tokens; /* 0 = as many as fit */
    /* At most one of these three. A constraint is made for llm_vocabulary's tokenizer, is reset
     * before use, and is local only, as is a grammar (llm/grammar.h). */
    llm_constraint *constraint;
    str grammar;
    str json_schema; /* llm/json_schema.h */
    const str *stop; /* the text ends before the first of these */
    size_t stop_count;
    bool logprobs;       /* log-probability of each token */
    size_t top_logprobs; /* and of the best at each step, at most 20 */
    llm_on_text on_text; /* may be NULL */
    void *user;
    const atomic_bool *cancel; /* polled at each token; may be NULL */
} llm_request;

/* Greedy, nothing else set. */
llm_request llm_request_default(void);

typedef struct llm_said {
    int32_t token;       /* LLM_TOKEN_NONE when remote */
    float logprob;       /* natural, under the model itself */
    size_t from, length; /* its bytes in llm_result.pieces */
} llm_said;

/* Zero-initialise; llm_result_free at the end. */
typedef struct llm_result {
    buf text;
    llm_finish finish;
    size_t prompt_tokens, cached_tokens, completion_tokens;
    llm_said *said; /* [said_count], when logprobs were asked for */
    size_t said_count, said_capacity;
    llm_said *top; /* [top_count], top_per_token for each of said */
    size_t top_count, top_capacity, top_per_token;
    buf pieces;
} llm_result;

void llm_result_free(llm_result *result);

/* Generates. `result` is cleared first; on failure its text is what had come by then. Errors:
 * STATUS_USAGE (the request contradicts itself), STATUS_LIMIT (the prompt does not fit),
 * STATUS_UNSUPPORTED (a constraint that this model cannot keep), STATUS_NET, STATUS_INVALID. */
status llm_generate(llm *model, const llm_request *request, llm_result *result, error *err);

/* From any thread: the request in progress ends with LLM_FINISH_CANCELLED. */
void llm_cancel(llm *model);

/* The tokenizer, for constraints and counting; NULL when remote. */
const llm_tokenizer *llm_vocabulary(const llm *model);
/* What to call the model in an answer. */
str llm_name(const llm *model);
void llm_close(llm *model);

/* --- for implementations --- */

typedef struct llm_ops {
    status (*generate)(llm *self, const llm_request *request, llm_result *result, error *err);
    void (*cancel)(llm *self);
    const llm_tokenizer *(*vocabulary)(const llm *self);
    str (*name)(const llm *self);
    void (*close)(llm *self);
} llm_ops;

struct llm {
    const llm_ops *ops;
};

/* Appends a token's log-probability; `to_top` puts it among the best of the step. */
bool llm_result_add(llm_result *result, bool to_top, int32_t token, float logprob, str piece);
/* Where the first stop string begins in text at or behind `from`, or STR_NONE. */
size_t llm_find_stop(const llm_request *request, str text, size_t from);
/* How many bytes at the end of the text may be the start of a stop string: not to be shown yet. */
size_t llm_held_back(const llm_request *request, str text);

#endif
