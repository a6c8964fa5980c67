/* The model's verdict on ranked forms: question, types and forms as it reads them
 * (docs/MODEL_FORMAT.md), and how far its scores count. */
#ifndef VOUCH_RETRIEVER_VERDICT_H
#define VOUCH_RETRIEVER_VERDICT_H

#include "retriever/link.h"
#include "retriever/retriever.h"

typedef struct verdict_input {
    retriever_scorer scorer; /* NULL = no model: nothing changes */
    void *scorer_context;
    const link_result *link;
    const retriever_schema *schema;
    str lang;
    arena *a;
} verdict_input;

/* The best form by words alone; form is NULL when no model was asked. */
typedef struct verdict_before {
    const lf_node *form;
    double margin, probability;
} verdict_before;

/* Adds the verdict to the candidates' features and sorts them anew by `weights`. */
status verdict_add(const verdict_input *in, const double *weights, retriever_candidate *candidates,
                   size_t count, verdict_before *before, error *err);
/* Score from the best form to the best of other relations; 10 when there is no other. */
double verdict_margin(const retriever_candidate *candidates, size_t count);

#endif
