/* Chat templates: how a family of models wants a conversation written. The family is recognised by
 * the template text that the GGUF file carries (tokenizer.chat_template); the template itself, a
 * Jinja program, is not run.
 *
 *   chatml   <|im_start|>role ... <|im_end|>       qwen2, qwen3, smollm, and many others
 *   llama-2  [INST] <<SYS>> ... [/INST]            llama-2; without <<SYS>>: mistral
 *   llama-3  <|start_header_id|>role ... <|eot_id|>
 *   phi-3    <|user|> ... <|end|>
 *   zephyr   <|user|> ... </s>
 *   gemma    <start_of_turn>role ... <end_of_turn>
 *   plain    "User: ...\nAssistant:"               the fallback for every other template
 *
 * Only the template's own markers become control tokens; the same characters inside a message stay
 * text, so a message cannot forge a turn. */
#ifndef VOUCH_LLM_CHAT_H
#define VOUCH_LLM_CHAT_H

#include "core/buf.h"
#include "core/error.h"
#include "llm/llm.h"
#include "llm/tokenizer.h"

typedef enum llm_chat_kind {
    LLM_CHAT_PLAIN,
    LLM_CHAT_CHATML,
    LLM_CHAT_LLAMA2,
    LLM_CHAT_MISTRAL,
    LLM_CHAT_LLAMA3,
    LLM_CHAT_PHI3,
    LLM_CHAT_ZEPHYR,
    LLM_CHAT_GEMMA
} llm_chat_kind;

typedef struct llm_chat {
    llm_chat_kind kind;
    bool known;         /* false: `plain` because the template was not recognised */
    bool no_think;      /* the template can switch thinking off: answers start behind it */
    str default_system; /* that the template puts where none is given; borrowed from it */
} llm_chat;

/* By the template's text; empty text: by the markers that the vocabulary has (t may be NULL). */
llm_chat llm_chat_detect(str template_text, const llm_tokenizer *t);
const char *llm_chat_name(llm_chat_kind kind);

/* Appends the conversation's ids, BOS and the opening of the assistant's turn included.
 * STATUS_USAGE for a role that is none of system, user and assistant. */
status llm_chat_encode(const llm_chat *chat, const llm_tokenizer *t, const llm_message *messages,
                       size_t count, llm_tokens *out, error *err);
/* The same as text, for people. */
status llm_chat_render(const llm_chat *chat, const llm_message *messages, size_t count, buf *out,
                       error *err);

#endif
