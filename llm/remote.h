/* A language model behind any OpenAI-compatible endpoint (/chat/completions, /completions), by
 * libcurl: streamed, with time-outs, retries that respect Retry-After, and a bound on what is read.
 *
 * Security: the key comes from an environment variable only, goes only into the Authorization
 * header, never into messages, and is not sent over plain http except to this machine; TLS is
 * verified; redirects are not followed.
 *
 * A retry happens only while nothing has been shown. An answer that breaks off is STATUS_NET, never
 * a shorter answer. Constraints and grammars are STATUS_UNSUPPORTED; a JSON schema is passed on,
 * and what comes back is checked against it (LLM_FINISH_CONSTRAINT when it does not fit). */
#ifndef VOUCH_LLM_REMOTE_H
#define VOUCH_LLM_REMOTE_H

#include "llm/llm.h"

typedef struct llm_remote_options {
    str model;           /* name sent; empty: the part of the URL behind '#', else "default" */
    const char *key_env; /* NULL = VOUCH_API_KEY */
    long connect_ms;     /* to connect; 0 = 10,000 */
    long idle_ms;        /* longest silence; 0 = 60,000; in whole seconds */
    long total_ms;       /* everything, retries included; 0 = 600,000 */
    long backoff_ms;     /* before the first retry, doubled each time; 0 = 500 */
    int retries;         /* 0 = 3; -1 = none */
    size_t max_bytes;    /* of one response; 0 = 16 MiB */
} llm_remote_options;

/* `url`: the base, as http://127.0.0.1:8081/v1 or https://api.example.com/v1#model-name. NULL
 * options = all defaults. Does not connect yet. */
status llm_remote_open(str url, const llm_remote_options *options, llm **out, error *err);

/* --- the parser of what a server sends, for tests and fuzzing --- */

typedef struct llm_remote_answer {
    bool saw_finish, saw_done;
    llm_finish finish;
    const llm_request *request;
    llm_result *result;
    size_t shown; /* bytes of the text that were given to on_text */
    bool stopped; /* a stop string came, or on_text said stop */
} llm_remote_answer;

/* One event's data, or a whole response: appends to the result. */
status llm_remote_parse(llm_remote_answer *a, str json, error *err);

#endif
