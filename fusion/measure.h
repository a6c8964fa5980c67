/* The measure that a question asks for, out of the passage that answers it: "离婚冷静期多少天" and
 * the article's text give "三十日", as it is written there. No state; any thread. */
#ifndef VOUCH_FUSION_MEASURE_H
#define VOUCH_FUSION_MEASURE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/str.h"

/* Does the question ask for a length of time, an age, an amount? (Not for the article itself.) */
bool measure_asked(str question);

/* The measure in the sentence of the passage that shares most with the question, in the unit asked
 * for; borrowed from the passage. Empty when there is none. */
str measure_find(str passage, str question);

/* Does the question ask which article says it? */
bool measure_asks_article(str question);

#endif
