/* How well a net ranks: accuracy by kind of question and language against a lexical baseline on the
 * same candidates, and how well the highest verdict tells answerable from unanswerable. */
#ifndef VOUCH_LLM_TRAIN_EVALUATE_H
#define VOUCH_LLM_TRAIN_EVALUATE_H

#include "core/error.h"
#include "llm/train/batch.h"
#include "llm/train/episode.h"

/* Questions, and how many are right by: the verdict; the generative score over length^0.7; overlap
 * alone; overlap with both model scores at fixed weights. */
typedef struct evaluate_cell {
    double n, fit, gen, lexical, all;
} evaluate_cell;

typedef struct evaluate_report {
    evaluate_cell all, kind[EPISODE_KINDS], language[CONCEPT_LANGUAGES];
    double auroc_fit, auroc_gen, auroc_lexical; /* answerable against unanswerable */
    double unanswerable;                        /* questions of that sort */
} evaluate_report;

/* Episodes [from, from + count) of the source. */
status evaluate_ranking(const net *n, const episode_source *source, uint64_t from, size_t count,
                        evaluate_report *out, error *err);

/* The baseline: words (stems of 5 letters) and Han characters of the question that the candidate's
 * relations cover, against those of the candidate, as an F measure; longer forms pay a little. */
double evaluate_overlap(str question, str candidate);

#endif
