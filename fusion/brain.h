/* The model that an engine uses, whatever it is: the embedded ranker, a GGUF file, an endpoint, or
 * none. A model that cannot be had is no error: the brain is then empty and says why, and answers
 * come from templates. Thread-safe: one call at a time uses the model, the others wait. */
#ifndef VOUCH_FUSION_BRAIN_H
#define VOUCH_FUSION_BRAIN_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "llm/llm.h"
#include "retriever/retriever.h"

typedef struct brain brain;

typedef struct brain_options {
    const char *model; /* NULL = embedded, "none", a file, a URL */
    int threads;       /* 0 = the machine's cores */
    bool local_only;   /* a URL is refused */
} brain_options;

/* STATUS_USAGE for a URL where only local models may be used; STATUS_MEMORY. */
status brain_open(const brain_options *options, brain **out, error *err);
void brain_close(brain *b); /* accepts NULL */

/* Takes over a model for wording (tests, other front ends); replaces the one there was. */
void brain_set_writer(brain *b, llm *writer);

/* "none", or the model's name for answers. */
str brain_name(const brain *b);
/* Why there is no model although one was asked for; empty when all is well. */
str brain_note(const brain *b);
bool brain_ranks(const brain *b);  /* it was made to score logical forms */
bool brain_writes(const brain *b); /* it words answers freely */

/* A retriever_scorer; context is the brain. */
bool brain_score(void *context, str types, str question, const str *texts,
                 const retriever_candidate *candidates, size_t count, double *scores);

/* model_rank_reword; false without such a model. */
bool brain_reword(brain *b, str prompt, const char *const *placeholders, size_t count, buf *out);

/* llm_generate with the writer, one caller at a time. */
status brain_write(brain *b, const llm_request *request, llm_result *result, error *err);

/* The writer's tokenizer, for constraints; NULL where there is none on this machine. */
const llm_tokenizer *brain_vocabulary(const brain *b);
/* Tokens that prompt and answer may have together; 0 = not known (an endpoint). */
size_t brain_context(const brain *b);

/* Tokens of a text by the writer's tokenizer; an estimate where it has none here. */
size_t brain_count_tokens(brain *b, str text);

#endif
