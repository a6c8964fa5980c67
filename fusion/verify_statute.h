/* A sentence by the articles of statutes: whole sentences of an article are laid beside its clauses
 * (align.h). Internal to verification. */
#ifndef VOUCH_FUSION_VERIFY_STATUTE_H
#define VOUCH_FUSION_VERIFY_STATUTE_H

#include "fusion/verify_judge.h"

/* Does the graph hold statutes (docs/GRAPH_TERMS.md)? */
bool verify_holds_statutes(const verify_context *c);

/* Takes back what triples say of clauses in which an article's name is only a word. */
void verify_reopen(const verify_context *c, verify_sentence *s);

/* Decides the clauses that triples left open. */
status verify_by_statutes(const verify_context *c, verify_sentence *s, error *err);

#endif
