/* Several questions in one ("哮喘挂什么科，治愈率是多少？", "What causes gout? How is it
 * treated?"): cut into parts that are asked one after the other, and joined into one answer. */
#ifndef VOUCH_FUSION_PARTS_H
#define VOUCH_FUSION_PARTS_H

#include "core/error.h"
#include "fusion/answer.h"
#include "fusion/phrase.h"

enum { PARTS_MOST = 4 };

/* Cuts a question into parts that ask something each; what asks nothing stays with the part behind
 * it. Gives how many: 1 (the question) also where there are more than PARTS_MOST. Parts point into
 * the question. */
size_t parts_split(str question, arena *a, str parts[PARTS_MOST]);

/* Puts `next`, whose citations go on where those of `into` end, behind it. Takes next->explain. */
status parts_join(answer *into, answer *next, const phrase_context *phrases, error *err);

/* Says in `into` that a part was not answered, and why. */
void parts_open(answer *into, str part, const answer *failed, const phrase_context *phrases);

#endif
