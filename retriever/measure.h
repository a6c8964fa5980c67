/* Measures in a text: what a question asks for (how long, how old, how much, how many times) and
 * the value of that kind in the part of the text that shares most with the question. Statutes say
 * "三十日", "十八周岁", "五千元以下", "五年以上十年以下有期徒刑"; the value is given as it is
 * written. */
#ifndef VOUCH_RETRIEVER_MEASURE_H
#define VOUCH_RETRIEVER_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

typedef enum measure_kind {
    MEASURE_NONE = 0,
    MEASURE_DURATION,
    MEASURE_PENALTY, /* imprisonment, detention: a duration and what it is of */
    MEASURE_AGE,
    MEASURE_MONEY,
    MEASURE_TIMES,
    MEASURE_SHARE,
    MEASURE_CLOCK,  /* an hour of the day */
    MEASURE_EXTENT, /* a length, an area, a weight, a volume, a sound's level */
    MEASURE_COUNT   /* a number of what `unit` says */
} measure_kind;

typedef struct measure_ask {
    measure_kind kind;
    str unit;          /* the unit asked for; empty = any of the kind */
    size_t start, end; /* bytes of the question that ask */
} measure_ask;

typedef struct measure_found {
    str value;       /* as written; part of the text */
    str sentence;    /* that holds it */
    bool other_unit; /* than the one asked for */
    double score;    /* what the sentence shares with the question; higher is better */
} measure_found;

/* False when the question asks for no measure, or names an article by its number (then the
 * article's text is what is asked). */
bool measure_asked(str question, measure_ask *out);
/* The same for a question that asks for the article that says it (几岁能结婚，哪一条规定的). */
bool measure_meant(str question, measure_ask *out);
/* Does the text hold a value of the kind? */
bool measure_has(const measure_ask *ask, str text);
/* The best value; `more` are further words for what the question says (synonyms), separated by
 * spaces. False when the text has none of the kind. */
bool measure_find(const measure_ask *ask, str question, str more, str text, measure_found *out);
/* The values that answer: the best alone, or all of its sentence where each of several things is
 * asked about (分别, 各), or where the sentence tells men and women apart and the question does
 * not. In the text's order; 0 when it has none. */
size_t measure_find_all(const measure_ask *ask, str question, str more, str text, str *out,
                        size_t most);

#endif
