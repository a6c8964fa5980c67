/* What speaks for and against the chosen reading of a question, for the decision to answer or not.
 * Everything is measured on the question's own words: a reading that the ranker likes, but that
 * leaves what was asked unexplained, must show here. Internal to the retriever; no state. */
#ifndef VOUCH_RETRIEVER_SIGNALS_H
#define VOUCH_RETRIEVER_SIGNALS_H

#include "retriever/plan.h"
#include "retriever/retriever.h"

/* `chosen`: the candidate that was executed; its plan form may be missing (NULL form: all zero). */
void signals_measure(const plan *p, const retriever_candidate *chosen, const execute_result *result,
                     retriever_signals *out);

#endif
