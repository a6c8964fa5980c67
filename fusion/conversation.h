/* What a follow-up needs of the turns before it: the last logical form and the entities in focus.
 * The form is kept as text (IRIs), so that it outlives the reader that made it. One thread at a
 * time. The public part (new, free) is in engine.h. */
#ifndef VOUCH_FUSION_CONVERSATION_H
#define VOUCH_FUSION_CONVERSATION_H

#include "fusion/engine.h"
#include "retriever/retriever.h"

/* Puts the last form and the focus into a retriever's request; what no longer resolves in this
 * graph is left out. `c` may be NULL. */
void conversation_recall(const fusion_conversation *c, kg_read *read, arena *a,
                         retriever_request *request);

/* Keeps the turn that was just answered: its form, its entities, its answers. */
status conversation_keep(fusion_conversation *c, const retriever_result *found, error *err);

/* The turns so far as "question\tanswer" pairs, newest last, for prompts. */
size_t conversation_turns(const fusion_conversation *c, const str **questions, const str **answers);
status conversation_keep_text(fusion_conversation *c, str question, str reply, error *err);

/* The question that a text answered, written out whole; empty where the last turn was another. */
str conversation_whole(const fusion_conversation *c);
status conversation_keep_whole(fusion_conversation *c, str question, error *err);

/* A number of the conversation's own, 0 at first; NULL without a conversation. */
uint64_t *conversation_nonce(fusion_conversation *c);

#endif
