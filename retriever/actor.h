/* Who does it: the authority or person that a statute names for what a question asks about
 * ("外交护照由外交部签发", "国务院司法行政部门主管全国的社区矫正工作"). */
#ifndef VOUCH_RETRIEVER_ACTOR_H
#define VOUCH_RETRIEVER_ACTOR_H

#include <stdbool.h>

#include "core/str.h"

/* Does the question ask who, or which authority? Not when it asks for the article that says so. */
bool actor_asked(str question);
/* The part of the text that names who does what the question speaks of; `more` are further words
 * for what it says, separated by spaces. Empty when no clause tells. */
str actor_find(str question, str more, str text);

#endif
