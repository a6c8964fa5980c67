/* p(correct): a logistic model over what is known about an answer before a person sees it, and the
 * threshold below which vouch abstains. Weights and thresholds are data (schemas/calibration.json).
 *
 * The threshold is chosen by conformal risk control (Angelopoulos et al., "Conformal Risk Control",
 * 2022) on the loss 1[answered and wrong]: the smallest t with n/(n+1) R(t) + 1/(n+1) <= alpha.
 * The guarantee holds for questions exchangeable with the calibration set, and lapses on a new
 * schema. Immutable after opening. */
#ifndef VOUCH_FUSION_CALIBRATION_H
#define VOUCH_FUSION_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/str.h"

typedef enum calibration_feature {
    CALIBRATION_MARGIN = 0,  /* score of the first form minus the second, at most 5 */
    CALIBRATION_LINK,        /* of the names, 0..1 */
    CALIBRATION_COVERAGE,    /* share of the relations' words said */
    CALIBRATION_LOG_ANSWERS, /* log(1 + answers) */
    CALIBRATION_PROBABILITY, /* of the form among the candidates */
    /* The rest as in retriever_signals. */
    CALIBRATION_LEFT,
    CALIBRATION_LEFT_MASS,
    CALIBRATION_LEFT_RUN,
    CALIBRATION_BESIDE,
    CALIBRATION_MISSPELT,
    CALIBRATION_UNSAID,
    CALIBRATION_UNUSED,
    CALIBRATION_CLASH,
    CALIBRATION_OPERATOR,
    CALIBRATION_FOCUS,
    CALIBRATION_UNMET,
    CALIBRATION_TOLD,
    CALIBRATION_TOLD_RAREST,
    CALIBRATION_VALUES_MISSING,
    CALIBRATION_ADDRESSED,
    CALIBRATION_LEAD,
    CALIBRATION_SAID,
    CALIBRATION_CHARS,
    CALIBRATION_HINTED,
    CALIBRATION_ASKED,
    CALIBRATION_FEATURES
} calibration_feature;

/* One model. A statement of the graph and a text that was searched for are different kinds of
 * answers: what speaks for the one says little about the other, so each has its own. */
typedef struct calibration {
    double bias, weights[CALIBRATION_FEATURES];
    double threshold_zh, threshold_en;
} calibration;

typedef struct calibration_set {
    calibration statement, passage;
} calibration_set;

const char *calibration_feature_name(calibration_feature f);

/* From schemas/calibration.json, or from `path` when it is not NULL. */
status calibration_open(const char *path, calibration_set *out, error *err);

double calibration_probability(const calibration *c, const double features[CALIBRATION_FEATURES]);
double calibration_threshold(const calibration *c, str lang);

/* One answered question of a calibration set. */
typedef struct calibration_case {
    double features[CALIBRATION_FEATURES];
    bool correct;
    double weight; /* how many cases it counts as; 0 reads as 1 */
} calibration_case;

/* Logistic regression with an L2 penalty on the weights (Newton's method); deterministic. What can
 * only speak against an answer (words left unexplained) never gets a weight that speaks for it, and
 * the other way round: such a weight is held at 0. Fewer than two cases of either kind is
 * STATUS_INVALID. */
status calibration_fit(const calibration_case *cases, size_t count, double penalty,
                       calibration *out, error *err);

/* The threshold for `alpha` by conformal risk control; `reached` false when no threshold bounds the
 * risk (then 1 is given: never answer). */
double calibration_conformal(const calibration *c, const calibration_case *cases, size_t count,
                             double alpha, bool *reached);

#endif
