/* The normaliser: a text as tokens that compare equal however it was typed (width, case,
 * traditional or simplified, camelCase and under_scores in names, 第一千零七十七条 = 第1077条),
 * each with its place in the text as given. Labels and questions pass through the same code, so
 * that they meet. Plain values in the caller's arena; no state. */
#ifndef VOUCH_RETRIEVER_TEXT_H
#define VOUCH_RETRIEVER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"

/* More tokens than this are STATUS_LIMIT. */
#define TEXT_MAX_TOKENS 4096

typedef enum text_kind {
    TEXT_WORD = 1, /* a run of letters (and digits among them) that is not Han */
    TEXT_HAN,      /* one Han character */
    TEXT_NUMBER    /* a run of digits */
} text_kind;

typedef struct text_token {
    text_kind kind;
    bool glued;          /* nothing but spaces stands between this token and the one before */
    uint32_t start, end; /* bytes of the text as given */
    str norm;            /* normalised text */
    uint64_t hash;       /* of norm */
    uint64_t stem;       /* of norm without a plural's or verb's ending; = hash for Han */
} text_token;

typedef struct text_tokens {
    text_token *items;
    size_t count;
} text_tokens;

/* `name`: also split camelCase (names of relations and classes). Invalid bytes separate tokens. */
status text_tokenise(str text, bool name, arena *a, text_tokens *out, error *err);

/* Chains token hashes: text_chain(text_chain(0, a), b) names the sequence a b. */
uint64_t text_chain(uint64_t so_far, uint64_t token_hash);

/* "zh" when the text has Han characters worth a third of its letters, else "en". */
str text_language(const text_tokens *tokens);

/* The number that Chinese numerals spell (一千零七十七, 两百, 十二, 二〇二三); false when none do.
 */
bool text_chinese_number(str han, uint64_t *out);

/* The English word without a plural's ending; a slice of the word or text in the arena. */
str text_stem(str word, arena *a);
/* What related words share: direct for directed, director, directs; act for actor and acted. A
 * slice of the word, or a constant for a few irregular verbs. */
str text_root(str word);

#endif
