/* The tokenizer that a GGUF file describes (its keys tokenizer.ggml.*). Refuses arrays whose
 * lengths disagree, families other than "llama" and "gpt2", and unknown pre-tokenizers, by name.
 * The tokenizer keeps nothing of the file. */
#ifndef VOUCH_LLM_TOKENIZER_GGUF_H
#define VOUCH_LLM_TOKENIZER_GGUF_H

#include "llm/gguf.h"
#include "llm/tokenizer.h"

status llm_tokenizer_from_gguf(const gguf *file, llm_tokenizer **out, error *err);

#endif
