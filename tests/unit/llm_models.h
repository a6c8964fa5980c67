/* Small random models for tests of the engine: GGUF files made in memory, of any architecture and
 * weight type. The same seed gives the same bytes. */
#ifndef VOUCH_TESTS_LLM_MODELS_H
#define VOUCH_TESTS_LLM_MODELS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "llm/gguf.h"

typedef struct tiny_model {
    const char *architecture; /* llama, qwen2 or qwen3 */
    uint32_t layers, embedding, heads, kv_heads, head_size, feed_forward, vocabulary, context;
    uint32_t type; /* gguf_type of the matrices */
    bool untied;
    uint64_t seed;
    const char *skip_tensor;  /* left out, or NULL */
    const char *extra_tensor; /* added, or NULL */
    const char *skip_key;     /* metadata key (behind the architecture) left out, or NULL */
    uint32_t tokens;          /* length of the tokenizer's list; 0 = no list */
    bool sentencepiece;       /* with a tokenizer that other engines load, for all the vocabulary */
    bool mixed;               /* as llama.cpp mixes types: Q6_K for the output matrix, and with Q4_K
                                 for some of attn_v and ffn_down; else all of `type` */
} tiny_model;

/* A sound model: llama, 2 layers, grouped heads. */
tiny_model tiny_default(void);
/* The file's bytes; the caller frees them by buf_free. */
buf tiny_build(const tiny_model *m);

#endif
