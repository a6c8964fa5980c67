/* The prompt of a model that words answers: the pack's instructions, the conversation, numbered
 * facts within a token budget, the question. Texts of prompts are data (schemas/prompts/).
 *
 * What comes from the graph is data: it stands between two marks that hold a number drawn for this
 * prompt, which no label can know, with line breaks and control characters taken out. */
#ifndef VOUCH_FUSION_PROMPT_H
#define VOUCH_FUSION_PROMPT_H

#include "core/arena.h"
#include "core/error.h"
#include "fusion/answer.h"
#include "llm/llm.h"

typedef struct prompt_request {
    str question, lang, pack;
    const answer_citation *facts; /* most useful first; numbered by their n */
    size_t fact_count;
    const str *asked, *answered; /* turns so far, oldest first */
    size_t turns;
    size_t token_budget; /* for the facts */
    size_t context;      /* tokens of prompt and answer together; 0 = not known */
    bool quoting;        /* names and numbers are written in braces (llm/quoting.h) */
    size_t (*count_tokens)(void *user, str text);
    void *user;
    uint64_t nonce; /* drawn by the caller; the same one over a conversation keeps its prefix */
} prompt_request;

typedef struct prompt {
    llm_message messages[4]; /* room for a repair */
    size_t count;
    size_t facts; /* how many fitted */
} prompt;

status prompt_make(const prompt_request *request, arena *a, prompt *out, error *err);

/* Adds what was said and why it will not do. */
status prompt_repair(prompt *p, str said, str sentence, str lang, arena *a, error *err);

#endif
