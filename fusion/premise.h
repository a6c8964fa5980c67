/* What a question takes for granted ("为什么疥疮要挂心血管内科", "since gout is a kind of cancer,
 * which group is it in?"): a premise that the graph contradicts, or knows nothing of, is no ground
 * for an answer. */
#ifndef VOUCH_FUSION_PREMISE_H
#define VOUCH_FUSION_PREMISE_H

#include "fusion/verify.h"

typedef enum premise_kind {
    PREMISE_NONE = 0, /* nothing is taken for granted, or it holds */
    PREMISE_FALSE,    /* the graph says otherwise */
    PREMISE_UNKNOWN,  /* two known things are said to stand in a relation that is not recorded */
    PREMISE_WHY       /* it holds, but the question asks for a reason */
} premise_kind;

/* Whether a clause (kg_normalise'd) asks something: by a question word, a particle or a mark. */
bool premise_asks(str clause);

/* The names that were linked in a question, with their places in it. */
typedef struct premise_names {
    const retriever_mention *items;
    size_t count;
} premise_names;

/* Cites what decides through context->cites. `premise` gets the clause. */
status premise_check(const verify_context *context, str question, premise_names names,
                     premise_kind *kind, str *premise, error *err);

#endif
