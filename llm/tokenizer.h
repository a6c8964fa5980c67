/* Tokenizers: text to token ids and back, as the vocabulary of a GGUF file says. Two families:
 * "llama" (SentencePiece: merges by score, byte fallback) and "gpt2" (byte-level BPE: merges by
 * rank inside the pieces that a pre-tokenizer cuts). Ids are exactly those of the reference
 * tokenizers; both families are O(n log n) in the text.
 *
 * A tokenizer is immutable once made: any number of threads may share it. It copies what it needs
 * from its specification. It refuses vocabularies that contradict themselves; text need not be
 * valid UTF-8 (bytes that are none are encoded as bytes and come back as they were). */
#ifndef VOUCH_LLM_TOKENIZER_H
#define VOUCH_LLM_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/str.h"

#define LLM_TOKEN_NONE (-1)

typedef enum llm_token_type {
    LLM_TOKEN_NORMAL = 1,
    LLM_TOKEN_UNKNOWN = 2,
    LLM_TOKEN_CONTROL = 3,      /* <s>, <|im_end|>: matched in text only on request */
    LLM_TOKEN_USER_DEFINED = 4, /* matched in any text before everything else */
    LLM_TOKEN_UNUSED = 5,
    LLM_TOKEN_BYTE = 6 /* "<0x0A>": one byte, for what no other token spells */
} llm_token_type;

typedef enum llm_tokenizer_family { LLM_TOKENIZER_SPM, LLM_TOKENIZER_BPE } llm_tokenizer_family;

/* A vocabulary in plain values, borrowed for the call that takes it. */
typedef struct llm_vocab_spec {
    llm_tokenizer_family family;
    str pre; /* BPE: name of the pre-tokenizer; empty = gpt-2 */
    size_t count;
    const str *tokens;                      /* [count]; BPE: in GPT-2's printable alphabet */
    const float *scores;                    /* [count] or NULL (SPM: then 0) */
    const int32_t *types;                   /* [count] of llm_token_type, or NULL (all normal) */
    size_t merge_count;                     /* BPE */
    const str *merges;                      /* [merge_count] "left right" */
    int32_t bos, eos, eot, unknown, pad;    /* ids or LLM_TOKEN_NONE */
    int add_bos, add_eos, add_space_prefix; /* 0, 1, or -1: what the family does by default */
} llm_vocab_spec;

typedef struct llm_tokenizer llm_tokenizer;

/* All ids NONE, all switches -1, nothing else set. */
llm_vocab_spec llm_vocab_spec_empty(void);

/* STATUS_INVALID for a vocabulary that contradicts itself (says where), STATUS_UNSUPPORTED for a
 * pre-tokenizer that vouch does not have. */
status llm_tokenizer_new(const llm_vocab_spec *spec, llm_tokenizer **out, error *err);
void llm_tokenizer_free(llm_tokenizer *t);

/* A growable list of ids. Zero-initialise; llm_tokens_free at the end. */
typedef struct llm_tokens {
    int32_t *ids;
    size_t count;
    size_t capacity;
    bool failed; /* an append ran out of memory */
} llm_tokens;

bool llm_tokens_add(llm_tokens *list, int32_t id);
void llm_tokens_clear(llm_tokens *list);
void llm_tokens_free(llm_tokens *list);

/* Flags of llm_tokenizer_encode. */
#define LLM_ENCODE_SPECIAL 1u  /* control tokens' text in the input becomes that token */
#define LLM_ENCODE_ENDS 2u     /* add BOS and EOS where the vocabulary says so */
#define LLM_ENCODE_CONTINUE 4u /* the text continues a text: no space is put before it */
#define LLM_ENCODE_NO_USER 8u  /* not even user-defined tokens are matched: plain text only */

/* Appends the text's ids to `out`. On failure `out` may have grown. */
status llm_tokenizer_encode(const llm_tokenizer *t, str text, unsigned flags, llm_tokens *out,
                            error *err);

/* The bytes that a token stands for: empty for control tokens unless `special`. Borrowed; lives as
 * long as the tokenizer. Empty for ids outside the vocabulary. */
str llm_tokenizer_piece(const llm_tokenizer *t, int32_t id, bool special);

/* Appends the text of the ids: valid UTF-8 (a byte that completes no character becomes U+FFFD). The
 * space that encoding put before the text is taken away again. */
status llm_tokenizer_decode(const llm_tokenizer *t, const int32_t *ids, size_t count, bool special,
                            buf *out, error *err);

/* Decoding token by token: what is appended is always valid UTF-8; a character that is still
 * incomplete waits. A plain value; start with {0}. */
typedef struct llm_decoder {
    char pending[4];
    unsigned pending_length;
    bool started;      /* something was decoded: a leading space is no longer dropped */
    bool keep_leading; /* set before the first token: keep the text's leading space */
} llm_decoder;

bool llm_decoder_add(llm_decoder *d, const llm_tokenizer *t, int32_t id, bool special, buf *out);
/* As llm_decoder_add, for bytes that are no token's. */
bool llm_decoder_add_bytes(llm_decoder *d, str bytes, buf *out);
/* What still waits, as U+FFFD. */
bool llm_decoder_finish(llm_decoder *d, buf *out);

/* Facts about the vocabulary. Ids are LLM_TOKEN_NONE where there is none. */
size_t llm_tokenizer_count(const llm_tokenizer *t);
llm_tokenizer_family llm_tokenizer_kind(const llm_tokenizer *t);
int32_t llm_tokenizer_bos(const llm_tokenizer *t);
int32_t llm_tokenizer_eos(const llm_tokenizer *t);
bool llm_tokenizer_adds_bos(const llm_tokenizer *t);
bool llm_tokenizer_adds_eos(const llm_tokenizer *t);
/* SPM: encoding puts a space before a text. */
bool llm_tokenizer_prefixes_space(const llm_tokenizer *t);
llm_token_type llm_tokenizer_type(const llm_tokenizer *t, int32_t id);
/* True for each token that ends a turn or a text (EOS, EOT, <|im_end|>, <|eot_id|>, ...). */
bool llm_tokenizer_ends(const llm_tokenizer *t, int32_t id);
/* All of these, in ascending order; lives as long as the tokenizer. */
const int32_t *llm_tokenizer_ending(const llm_tokenizer *t, size_t *count);
/* The token whose text in the file is exactly this ("<|im_end|>", "<E1>"), or LLM_TOKEN_NONE. */
int32_t llm_tokenizer_find(const llm_tokenizer *t, str text);
/* The token's text as the file has it. */
str llm_tokenizer_text(const llm_tokenizer *t, int32_t id);

/* The vocabulary in the order of its bytes, for walks that check each token against an automaton:
 * tokens with the same first bytes are neighbours, so a dead prefix is skipped at once. Control,
 * unknown, unused and empty tokens are left out. Made on first use, then shared. */
typedef struct llm_vocab_order {
    size_t count;
    const int32_t *ids;     /* [count] sorted by llm_tokenizer_piece */
    const uint16_t *shared; /* [count] bytes that a piece has in common with the one before */
} llm_vocab_order;

/* NULL when out of memory. */
const llm_vocab_order *llm_tokenizer_order(const llm_tokenizer *t);

#endif
