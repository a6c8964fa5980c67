/* The embedded model's tokenizer, SentencePiece-style ("llama" in GGUF): bytes, the reserved tokens
 * of llm/modeltext.h, letters, digits and punctuation, the 3,755 common Hanzi of GB 2312 level 1
 * and those of the corpus, each alone, and English pieces merged by frequency (byte-pair encoding;
 * a piece's score is minus its rank, so that the usual highest-score-first merging repeats the
 * order of training). Han characters and digits never merge. Immutable once made; any thread may
 * read. */
#ifndef VOUCH_LLM_TRAIN_VOCAB_H
#define VOUCH_LLM_TRAIN_VOCAB_H

#include <stdint.h>

#include "core/error.h"
#include "core/str.h"
#include "llm/train/random.h"

enum { VOCAB_UNKNOWN = 0, VOCAB_BOS = 1, VOCAB_EOS = 2, VOCAB_FIRST_BYTE = 3 };

/* GGUF's token types. */
typedef enum vocab_type {
    VOCAB_NORMAL = 1,
    VOCAB_TYPE_UNKNOWN = 2,
    VOCAB_CONTROL = 3,
    VOCAB_USER_DEFINED = 4,
    VOCAB_BYTE = 6
} vocab_type;

typedef struct vocab_token {
    str text; /* as GGUF writes it, U+2581 for a space; borrowed from the vocab */
    float score;
    vocab_type type;
} vocab_token;

typedef struct vocab vocab;

/* texts: canonical (modeltext). At most `merges` English pieces. */
status vocab_train(const str *texts, size_t count, size_t merges, vocab **out, error *err);
void vocab_free(vocab *v);

/* One token a line: type, score, hex of the text. */
status vocab_save(const vocab *v, const char *path, error *err);
status vocab_load(const char *path, vocab **out, error *err);

size_t vocab_size(const vocab *v);
vocab_token vocab_at(const vocab *v, size_t id);
/* The id of exactly this token text; -1 when there is none. */
int32_t vocab_find(const vocab *v, str text);

/* Ids of canonical text with reserved tokens in it, without BOS. Each merge is left out with
 * probability `dropout` (0: `r` may be NULL). Gives the number of ids that the text has; at most
 * `capacity` are written. */
size_t vocab_encode(const vocab *v, str text, double dropout, rng *r, int32_t *out,
                    size_t capacity);

#endif
