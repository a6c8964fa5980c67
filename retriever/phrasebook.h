/* Ways of saying things, matched against a question: each phrase says one target (a step along a
 * relation, or a class), and matches by the idf-weighted share of its words that the question has.
 * English words match by stem, then by their first letters; Chinese by pairs of characters. The
 * idf comes from all phrases observed, so that "what is the" weighs little.
 *
 * Built once (add, observe, seal), then immutable and shared by threads. Owns its memory. */
#ifndef VOUCH_RETRIEVER_PHRASEBOOK_H
#define VOUCH_RETRIEVER_PHRASEBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"
#include "retriever/text.h"

#define PHRASEBOOK_TOKENS 256 /* tokens of a question that are looked at */

/* A set of token positions. */
typedef struct token_mask {
    uint64_t bits[PHRASEBOOK_TOKENS / 64];
} token_mask;

static inline void token_mask_set(token_mask *m, size_t i)
{
    if (i < PHRASEBOOK_TOKENS)
        m->bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static inline bool token_mask_has(const token_mask *m, size_t i)
{
    return i < PHRASEBOOK_TOKENS && (m->bits[i / 64] >> (i % 64) & 1) != 0;
}

static inline void token_mask_join(token_mask *m, const token_mask *with)
{
    for (size_t i = 0; i < PHRASEBOOK_TOKENS / 64; i++)
        m->bits[i] |= with->bits[i];
}

static inline bool token_mask_meets(const token_mask *x, const token_mask *y)
{
    for (size_t i = 0; i < PHRASEBOOK_TOKENS / 64; i++)
        if ((x->bits[i] & y->bits[i]) != 0)
            return true;
    return false;
}

typedef struct phrasebook phrasebook;

phrasebook *phrasebook_new(void); /* NULL when out of memory */
void phrasebook_free(phrasebook *pb);

/* A text as the rows of grams that phrases are compared by. */
typedef struct phrasebook_gram phrasebook_gram;
typedef struct phrasebook_grams {
    const phrasebook_gram *items;
    size_t count;
} phrasebook_grams;
/* Into `a`; `scratch` (may be `a`) holds what is needed on the way. `{s}` and `{o}` are no words.
 */
status phrasebook_cut(str text, arena *scratch, arena *a, phrasebook_grams *out, error *err);

/* Several texts as one, at most PHRASEBOOK_TOKENS long; empty when memory is out. */
phrasebook_grams phrasebook_join(const phrasebook_grams *parts, size_t count, arena *a);

/* Counts a text's words for idf. */
status phrasebook_observe(phrasebook *pb, phrasebook_grams grams, error *err);
/* A phrase for `target`; also observed. */
status phrasebook_add(phrasebook *pb, uint32_t target, float weight, phrasebook_grams grams,
                      error *err);
/* A phrase whose words were counted already. */
status phrasebook_place(phrasebook *pb, uint32_t target, float weight, phrasebook_grams grams,
                        error *err);
/* The hash by which gram i is found, or that of its root; 0 = it has none. */
uint64_t phrasebook_key(phrasebook_grams grams, size_t i, bool root);

/* What was counted: words, in how many texts each, and how many texts there were. */
typedef struct phrasebook_words {
    const uint64_t *hashes; /* ascending */
    const uint32_t *counts;
    size_t count;
    uint32_t texts;
} phrasebook_words;
/* Starts the count of an empty book from what another had counted. */
status phrasebook_preset(phrasebook *pb, const phrasebook_words *words, error *err);
/* How many texts were counted, and how many words they have. */
uint32_t phrasebook_observed(const phrasebook *pb, uint32_t *words);
/* The counts, for phrasebook_words_free; false when out of memory. */
bool phrasebook_words_of(const phrasebook *pb, phrasebook_words *out);
void phrasebook_words_free(phrasebook_words *words);
/* No more phrases; computes weights. */
status phrasebook_seal(phrasebook *pb, error *err);

typedef struct phrasebook_hit {
    uint32_t target;
    float quality;   /* 0..1: weight x share of the phrase's words found, less for words that say
                        little */
    float anchor;    /* position of the most telling word */
    token_mask core; /* of these, those that the telling words stand in */
    token_mask mask; /* the question's tokens that say it */
} phrasebook_hit;
/* Hits with quality at least `least`, at most `per_target` of each target, best first. Tokens in
 * `taken` (may be NULL: the entities' own) do not count. */
status phrasebook_match(const phrasebook *pb, const text_tokens *tokens, const token_mask *taken,
                        float least, size_t per_target, arena *a, phrasebook_hit **out,
                        size_t *out_count, error *err);

/* How much a token of a question says, 0 (a function word) to 1 (never seen in any phrase). */
float phrasebook_content(const phrasebook *pb, const text_tokens *tokens, size_t at);

/* The idf-weighted share of the words of `x` that `y` has, 0..1. Before or after sealing. */
float phrasebook_cover(const phrasebook *pb, phrasebook_grams x, phrasebook_grams y);

#endif
