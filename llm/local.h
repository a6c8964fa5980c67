/* The model interface (llm/llm.h) over a GGUF file on this machine: model, tokenizer, chat
 * template, session and sampler put together. */
#ifndef VOUCH_LLM_LOCAL_H
#define VOUCH_LLM_LOCAL_H

#include "llm/chat.h"
#include "llm/llm.h"
#include "llm/session.h"

/* Over a model and a tokenizer that the caller keeps alive and may share: one llm per thread.
 * `options` of the session may be NULL. */
status llm_local_new(const llm_model *model, const llm_tokenizer *t,
                     const llm_session_options *options, llm **out, error *err);

/* Opens the file with all that belongs to it. options NULL = defaults. */
status llm_local_open(const char *path, const llm_model_options *model_options,
                      const llm_session_options *session_options, llm **out, error *err);

/* `--model`'s argument: a URL is remote (llm/remote.h), anything else a file. */
status llm_open(str where, llm **out, error *err);

/* The chat template in use. `known` false: the fallback, say so to the user. */
llm_chat llm_local_chat(const llm *local);
/* Most tokens of prompt and answer together. */
size_t llm_local_context(const llm *local);

#endif
