/* Does a passage say it? A clause holds by a passage when nearly all of its content words stand in
 * one stretch of the passage, its numbers are there, and the polarity is the same. Internal to
 * verify.c. */
#ifndef VOUCH_FUSION_VERIFY_PASSAGE_H
#define VOUCH_FUSION_VERIFY_PASSAGE_H

#include "fusion/claims.h"

typedef struct passage_match {
    size_t tokens;     /* how much content there was */
    double coverage;   /* of the clause's content by the best stretch */
    double weakest;    /* coverage of the content word that is covered least */
    bool numbers;      /* each number of the clause stands there */
    bool other_number; /* a number of the clause's kind stands there, another one */
    bool polarity;     /* as many negations, odd or even */
} passage_match;

/* Compares a clause (normalised, as read, glue covered) with a normalised passage. The span
 * [skip_start, skip_end) is the name that led to the passage: it need not stand in it. */
status passage_compare(const verify_context *c, const claims_clause *clause, str passage,
                       size_t skip_start, size_t skip_end, passage_match *out, error *err);

#endif
