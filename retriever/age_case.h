/* Cases told apart by age: 未满十六周岁的五年，十六周岁以上的十年. */
#ifndef VOUCH_RETRIEVER_AGE_CASE_H
#define VOUCH_RETRIEVER_AGE_CASE_H

#include "core/str.h"

/* Does the condition hold for whom the question speaks of (成年人, 小孩, 十五岁的)? Positive: it
 * does, negative: it does not, 0: one of them says no age. */
double age_case_fit(str question, str condition);

#endif
