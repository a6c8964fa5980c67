/* How well a net ranks: accuracy by kind of question and language against a lexical baseline on the
 * same candidates, and how well the highest verdict tells answerable from unanswerable. */
#ifndef VOUCH_LLM_TRAIN_EVALUATE_H
#define VOUCH_LLM_TRAIN_EVALUATE_H

#include <stdio.h>

#include "core/error.h"
#include "llm/train/batch.h"
#include "llm/train/episode.h"

/* Questions, and how many are right by: the verdict; the generative score over length^0.7; overlap
 * alone; the verdict and six times the overlap. */
typedef struct evaluate_cell {
    double n, fit, gen, lexical, all;
} evaluate_cell;

typedef struct evaluate_report {
    evaluate_cell all, kind[EPISODE_KINDS], language[CONCEPT_LANGUAGES];
    double auroc_fit, auroc_gen, auroc_lexical, auroc_all; /* answerable against unanswerable */
    double unanswerable;                                   /* questions of that sort */
    /* Of the answerable questions of a language, the share right among the 80 % whose best form
     * leads by most (verdict and six times the overlap). */
    double surest[CONCEPT_LANGUAGES];
    /* Questions whose best form has the right one's operators, whatever its relations: `fit` and so
     * on count these. */
    evaluate_cell operators;
} evaluate_report;

/* Gives question number i; STATUS_NOT_FOUND (and no message) behind the last. */
typedef status (*evaluate_next)(void *context, uint64_t i, episode *out, error *err);

/* At most `count` questions. */
status evaluate_ranking(const net *n, const vocab *v, evaluate_next next, void *context,
                        size_t count, evaluate_report *out, error *err);

/* An evaluate_next over a generator: context is the const episode_source *. */
status evaluate_from_source(void *context, uint64_t i, episode *out, error *err);

/* An evaluate_next over a file of questions (context: an evaluate_file): for each a line "kind TAB
 * prefix text", then a line per form, "TAB right TAB form" or "TAB wrong TAB form"; texts as
 * modeltext writes them. Forms beyond 32 and questions that are too long are left out. */
typedef struct evaluate_file {
    FILE *f;
    const vocab *vocab;
    char *line; /* read ahead; freed by the caller at the end */
    size_t room;
    bool ahead;
} evaluate_file;
status evaluate_from_file(void *context, uint64_t i, episode *out, error *err);

/* The baseline: words (stems of 5 letters) and Han characters of the question that the candidate's
 * relations cover, against those of the candidate, as an F measure; longer forms pay a little. */
double evaluate_overlap(str question, str candidate);

#endif
