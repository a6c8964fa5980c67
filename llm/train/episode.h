/* The data generator: episode number i of a seed is always the same. An episode is one question
 * over a schema drawn for it alone, with 8-32 logical forms of which one (or, where its relation
 * was removed, none) is right; or a wording pair, which has no candidates.
 *
 * A source owns nothing but borrows concepts, grammar and vocabulary; any thread may make episodes
 * from it, each into its own episode. */
#ifndef VOUCH_LLM_TRAIN_EPISODE_H
#define VOUCH_LLM_TRAIN_EPISODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "llm/train/concepts.h"
#include "llm/train/grammar.h"
#include "llm/train/vocab.h"

enum { EPISODE_PREFIX = 128, EPISODE_CANDIDATES = 32, EPISODE_CANDIDATE_TOKENS = 56 };

typedef enum episode_kind {
    EPISODE_HOP1 = 0,
    EPISODE_INVERSE,
    EPISODE_HOP2,
    EPISODE_HOP3,
    EPISODE_SETS, /* AND, OR, MINUS */
    EPISODE_FILTER,
    EPISODE_COUNT,
    EPISODE_ARG, /* greatest, smallest */
    EPISODE_CMP,
    EPISODE_ASK,
    EPISODE_DESCRIBE,
    EPISODE_TYPE,
    EPISODE_AT,
    EPISODE_EDIT, /* follow-up */
    EPISODE_WORDING,
    EPISODE_KINDS
} episode_kind;

const char *episode_kind_name(episode_kind kind);

typedef struct episode_source {
    const concepts *concepts;
    const grammar *grammar;
    const vocab *vocab;
    uint64_t seed;
    double merge_dropout; /* 0.1 in training, 0 in evaluation */
    double wording_share; /* of episodes */
    double unanswerable;  /* share of episodes whose right form is removed */
    double simple_share; /* of questions: a bare name of one relation among many, short and dense */
    size_t min_candidates, max_candidates;
    bool evaluation;   /* held-out relations asked for, held-out templates used */
    bool train_on_all; /* no relation is held out of training */
} episode_source;

typedef struct episode_candidate {
    size_t start, length; /* into episode.candidate_tokens */
    bool gold;
    size_t text_start, text_length; /* into episode.text */
} episode_candidate;

typedef struct episode {
    episode_kind kind;
    int language;
    bool answerable;
    int32_t prefix[EPISODE_PREFIX]; /* BOS first */
    size_t prefix_length;
    size_t output_from; /* of a wording: where the target starts in prefix; else 0 */
    int32_t candidate_tokens[EPISODE_CANDIDATES * EPISODE_CANDIDATE_TOKENS];
    episode_candidate candidate[EPISODE_CANDIDATES];
    size_t candidates;
    buf text; /* the prefix's text, then the candidates' */
    size_t prefix_text_length;
} episode;

/* Fills *out (zeroed the first time; its buffer is used again). */
status episode_make(const episode_source *source, uint64_t index, episode *out, error *err);
void episode_free(episode *e);

#endif
