/* "外观设计呢？" after "发明专利保护几年": the whole questions that a follow-up may stand for. */
#ifndef VOUCH_FUSION_ELLIPSIS_H
#define VOUCH_FUSION_ELLIPSIS_H

#include <stddef.h>

#include "core/arena.h"
#include "core/str.h"

enum { ELLIPSIS_MOST = 3 };

/* Writes the readings of `question` as the question `before`, which `answer` answered, with another
 * thing, likeliest first; 0 where it asks something of its own. */
size_t ellipsis_expand(str before, str answer, str question, arena *a, str out[ELLIPSIS_MOST]);

#endif
