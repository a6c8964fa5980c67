/* Training runs: a folder that holds the vocabulary, the configuration, the last checkpoint and the
 * curves, so that a run continues exactly where it stopped, and several runs of at most two hours
 * make one model.
 *
 * Exactness: with the same seed, number of threads and number of steps (not a time budget) the same
 * machine makes the same weights; the learning rate of a run with a budget follows the clock. */
#ifndef VOUCH_LLM_TRAIN_TRAINER_H
#define VOUCH_LLM_TRAIN_TRAINER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "llm/train/evaluate.h"
#include "llm/train/gemm.h"
#include "llm/train/net.h"

typedef struct trainer_options {
    const char *folder;   /* of the run; made when missing */
    const char *concepts; /* schemas/concepts.tsv */
    const char *frames;   /* llm/train/frames.tsv */
    const char *grow;     /* folder of a smaller model to start from; NULL = from random weights */
    net_config shape;     /* vocab 0: as the tokenizer gives; ignored on resume */
    size_t merges;        /* English pieces of the tokenizer */
    uint64_t seed;
    uint64_t steps;         /* total; 0 = by budget */
    double budget_seconds;  /* of this and all earlier runs of the folder together; 0 = by steps */
    gemm_products products; /* of the matrices */
    int threads;            /* one micro-batch each */
    size_t episodes;        /* a step */
    double peak_rate;       /* learning rate */
    double hold_out;        /* share of relation clusters kept for evaluation */
    double checkpoint_seconds, evaluate_seconds;
    size_t evaluate_episodes;
} trainer_options;

/* What is sensible without further thought. */
trainer_options trainer_defaults(void);

/* Told about progress; text is one line without a newline. */
typedef void (*trainer_report)(void *context, const char *text);

/* Trains until the budget or steps are used up or *stop becomes nonzero (then a checkpoint is
 * written and STATUS_CANCELLED returned). Starts from the folder's checkpoint where there is one.
 */
status trainer_run(const trainer_options *options, const volatile sig_atomic_t *stop,
                   trainer_report report, void *context, error *err);

/* Only prepares the folder (vocabulary, checkpoint of step 0 or the one that is there). */
status trainer_prepare(const trainer_options *options, error *err);

/* Prepares the folder and writes the episodes of all options->steps steps to a file
 * (llm/train/dataset.h), for another trainer. */
status trainer_write_episodes(const trainer_options *options, const char *path, error *err);

/* The measured set: held-out relations and templates, 20 candidates, 30 % unanswerable. */
episode_source trainer_held_out(const concepts *c, const grammar *g, const vocab *v);

/* What export and evaluation need of a finished or running folder. */
typedef struct trainer_result {
    net *net;
    vocab *vocab;
    uint64_t steps, tokens;
    double seconds;
} trainer_result;
status trainer_open(const char *folder, trainer_result *out, error *err);
void trainer_close(trainer_result *r);

#endif
