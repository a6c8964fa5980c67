/* Between the plan*.c that make forms: features of paths, and small questions about the plan. */
#ifndef VOUCH_RETRIEVER_PLAN_FORMS_H
#define VOUCH_RETRIEVER_PLAN_FORMS_H

#include "retriever/plan.h"

/* --- plan_features.c ------------------------------------------------------------------------ */
const link_mention *plan_mention_of(const plan *p, const plan_path *path);
void plan_mask_mention(const link_mention *m, token_mask *mask);
/* Words for the kind of thing that a node itself is are explained by it. */
void plan_explain_class(const plan *p, index_node node, token_mask *mask);
/* Share of the question's content that the mask leaves out. */
double plan_unexplained(const plan *p, const token_mask *mask);
double plan_unused_mentions(const plan *p, const token_mask *mask);
uint64_t plan_path_signature(const plan_path *path);
const lf_node *plan_sense_node(plan *p, int mention, int sense);
/* Whether the question's words ask for the operator. */
bool plan_has(const plan *p, operator_kind kind);

/* --- plan_measures.c ------------------------------------------------------------------------ */
void plan_measured_forms(plan *p);

/* --- plan_follow.c -------------------------------------------------------------------------- */
/* Forms made of the conversation's last one; none at its beginning. */
void plan_follow_ups(plan *p);

#endif
