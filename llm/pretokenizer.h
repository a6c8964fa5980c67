/* Pre-tokenizers of byte-level BPE: cut a text into the pieces inside which merges happen, by
 * PCRE2 patterns known by the name that a GGUF file carries (tokenizer.ggml.pre). Immutable after
 * creation; shared by threads. */
#ifndef VOUCH_LLM_PRETOKENIZER_H
#define VOUCH_LLM_PRETOKENIZER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/str.h"

typedef struct llm_pretokenizer llm_pretokenizer;

/* STATUS_UNSUPPORTED names the pre-tokenizers that exist. An empty name is "gpt-2". */
status llm_pretokenizer_new(str name, llm_pretokenizer **out, error *err);
void llm_pretokenizer_free(llm_pretokenizer *p);

/* llama-bpe looks a whole piece up in the vocabulary before it merges. */
bool llm_pretokenizer_whole_pieces(const llm_pretokenizer *p);
/* llama-bpe vocabularies start with BOS unless the file says otherwise. */
bool llm_pretokenizer_adds_bos(const llm_pretokenizer *p);

/* Called for each piece, in order; the pieces laid end to end are the text. A status other than
 * STATUS_OK stops the walk and is returned. */
typedef status (*llm_piece_fn)(void *user, str piece, error *err);

/* `text` need not be valid UTF-8: runs of invalid bytes are pieces of their own. Linear time for
 * the patterns here, whatever the text. */
status llm_pretokenizer_split(const llm_pretokenizer *p, str text, llm_piece_fn fn, void *user,
                              error *err);

#endif
