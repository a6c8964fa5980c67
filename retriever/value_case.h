/* Cases told apart by a value: 未满十六周岁的五年，十六周岁以上的十年; 累计缴费满五年不足十年的,
 * the longest term is eighteen months. */
#ifndef VOUCH_RETRIEVER_VALUE_CASE_H
#define VOUCH_RETRIEVER_VALUE_CASE_H

#include "core/str.h"

/* Does the condition hold for the age (成年人, 小孩, 十五岁的), the time or the sum that the
 * question speaks of? Positive: it does, negative: it does not, 0: one of them says none. */
double value_case_fit(str question, str condition);

#endif
