/* Does a passage say it? A clause holds by a passage when nearly all of its content words stand in
 * one stretch of the passage, its numbers are there, and the polarity is the same. Internal to
 * verify.c. */
#ifndef VOUCH_FUSION_VERIFY_PASSAGE_H
#define VOUCH_FUSION_VERIFY_PASSAGE_H

#include "fusion/claims.h"

typedef struct passage_match {
    double coverage;   /* of the clause's content by the best stretch */
    bool numbers;      /* each number of the clause stands there */
    bool other_number; /* a number of the clause's kind stands there, another one */
    bool polarity;     /* as many negations, odd or even */
} passage_match;

/* Compares a clause (normalised, as read, glue covered) with a normalised passage. `about` spans
 * the names that led to the passage: they need not stand in it. */
status passage_compare(const verify_context *c, const claims_clause *clause, str passage,
                       bool names_given, passage_match *out, error *err);

/* SUPPORTED, CONTRADICTED or NOT_IN_GRAPH from a match. */
answer_verdict passage_verdict(const passage_match *m);

#endif
