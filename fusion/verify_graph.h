/* Questions of fact that verification puts to the graph. Internal to verify.c. Each returns a
 * status; what was found is cited through the sink. */
#ifndef VOUCH_FUSION_VERIFY_GRAPH_H
#define VOUCH_FUSION_VERIFY_GRAPH_H

#include "fusion/claims.h"

enum { VERIFY_CITED = 32 };

typedef struct verify_found {
    kg_statement items[VERIFY_CITED];
    size_t count;
} verify_found;

/* A graph's statement (s, p, o) on the day of the context; p 0 = any relation that says something.
 * With closure, p is followed to any depth. */
status verify_pair(const verify_context *c, kg_id s, kg_id p, kg_id o, bool closure,
                   verify_found *out, error *err);

/* Statements of an entity along a relation, at most 64; inverse: towards it. */
status verify_objects(const verify_context *c, kg_id node, kg_id p, bool inverse, kg_statement *out,
                      size_t *count, error *err);

/* True when the relation may be walked from object to subject without a change of meaning: its ends
 * are of different classes, or it is symmetric. */
bool verify_reversible(const retriever_relation *r);

/* rdf:type, subclass and what a pack calls so. */
bool verify_taxonomic(const verify_context *c, kg_id relation);
/* Labels, aliases, bookkeeping. */
bool verify_naming(const verify_context *c, kg_id relation);

/* Equal within what the texts say: same kind, same unit, same bounds (0.1 %), or a whole date
 * inside a year or month that was named. */
bool verify_same_value(kg_value claimed, kg_value stored);
bool verify_comparable(kg_value a, kg_value b);
bool verify_compare(kg_value stored, lf_compare op, kg_value claimed);

#endif
