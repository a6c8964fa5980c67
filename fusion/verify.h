/* Verification: is each clause of a text what the graph says? No model takes part.
 *
 * A text is split into sentences and clauses; in each clause names, values, relations, polarity and
 * comparatives are found; the graph decides:
 *   SUPPORTED     the triple, its inverse, a short path, an aggregate, or a passage holds
 *   CONTRADICTED  the graph holds the opposite: another value of a measured or functional relation,
 *                 what is denied, another count, a comparison that fails
 *   NOT_IN_GRAPH  understood, absent
 *   UNPARSED      nothing in it was understood
 * What is not understood is never SUPPORTED: every word must be a name, a relation, a value or a
 * word that claims nothing (schemas/glue.json). */
#ifndef VOUCH_FUSION_VERIFY_H
#define VOUCH_FUSION_VERIFY_H

#include "fusion/answer.h"
#include "fusion/cite.h"
#include "fusion/glue.h"
#include "retriever/retriever.h"

/* How relations are spoken of (claims_prepare). */
typedef struct claims_spoken claims_spoken;
typedef struct claims_phrases {
    const claims_spoken *items;
    size_t count;
} claims_phrases;

typedef struct verify_context {
    kg_read *read;
    retriever *retriever;
    const retriever_schema *schema;
    const pack *pack; /* may be NULL */
    const glue *glue;
    clock_day as_of; /* CLOCK_DAY_UNKNOWN = today */
    arena *a;
    cite_list *cites;
    uint64_t passages_until; /* monotonic ns; set by verify_text */
    claims_phrases phrases;  /* set by verify_text */
} verify_context;

typedef struct verify_clauses {
    answer_clause *items;
    size_t count;
} verify_clauses;

/* Looking up sentences in passages ends after this long; those behind it keep what triples say of
 * them, which never makes them SUPPORTED wrongly. */
#define VERIFY_PASSAGES_SECONDS 20

/* Texts longer than this are refused (STATUS_LIMIT). */
#define VERIFY_MAX_BYTES ((size_t)1 << 20)

/* Clauses with verdicts; their citations are numbers of context->cites. */
status verify_text(const verify_context *context, str text, verify_clauses *out, error *err);

#endif
