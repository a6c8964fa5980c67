/* A clause laid beside a piece of a statute: which of its characters the piece says, in the same
 * words, in words that the pack holds to mean the same, or not at all; whether its numbers stand
 * where its words do, and whether both affirm or deny. Pure functions over normalised texts; no
 * memory of their own. Internal to verification. */
#ifndef VOUCH_FUSION_ALIGN_H
#define VOUCH_FUSION_ALIGN_H

#include "fusion/claims.h"

enum { ALIGN_PARTS = 400, ALIGN_VALUES = 600 };

typedef struct align_part { /* of an article: what stands between commas */
    size_t start, end;
    size_t segment; /* shared by the parts up to a full stop or a semicolon */
    /* What introduces the list that it is an item of, or the head of the sentence that it goes on
     * with behind a semicolon; may be empty. */
    size_t lead_start, lead_end;
} align_part;

typedef struct align_value {
    claims_value value; /* places are into its part */
    size_t part;
} align_value;

typedef struct align_text {
    str text, title; /* the article; the name of its law */
    align_part parts[ALIGN_PARTS];
    size_t count;
    align_value values[ALIGN_VALUES]; /* of the parts, in order; those behind are not known */
    size_t value_count;
} align_text;

void align_cut(str text, str title, align_text *out);
/* Segments of the text: 0 .. this - 1. */
size_t align_segments(const align_text *t);

typedef enum align_numbers {
    ALIGN_NO_NUMBERS = 0, /* the clause has none */
    ALIGN_SAME,
    ALIGN_OTHER, /* another of the kind stands there */
    ALIGN_ABSENT /* none of the kind stands there */
} align_numbers;

/* What is known of a byte of the clause. */
enum {
    ALIGN_NAME = 1, /* the law, the article, a version */
    ALIGN_HINT = 2  /* a name that the pack has for this article */
};

typedef struct align_clause {
    const claims_clause *read;
    const unsigned char *known; /* per byte */
} align_clause;

typedef struct align_result {
    double said;    /* characters of content that the piece says */
    double left;    /* characters of content that it does not say */
    size_t longest; /* the longest stretch of what is left, in characters */
    bool borrowed;  /* most of what is said stands at the head of the article, not here */
    bool trusted;   /* a name of the pack stands for the article, which does not say it */
    bool apart;     /* the clause has a word that excludes one which stands there */
    bool denied;    /* one of both denies, forbids or binds where the other does not */
    align_numbers numbers;
    bool verbatim; /* it stands between two stops of the segment, word for word */
    size_t place;  /* of the segment's parts, the one that says most: 0 = the first */
} align_result;

/* Does the segment begin with the case that it is about ("Where ..., ")? */
bool align_has_condition(const align_text *t, size_t segment);

/* Lays the clause beside a segment of the article. `synonyms`: lines of everyday words, a tab, and
 * the words of statutes; may be empty. */
void align_lay(const glue *g, str synonyms, const align_clause *clause, const align_text *t,
               size_t segment, align_result *out);

#endif
