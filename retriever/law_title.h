/* Does a law speak to a question, as its title tells? Statutes of one trade (民用航空法) speak only
 * to questions that name the trade, those of one region only where the region is named. */
#ifndef VOUCH_RETRIEVER_LAW_TITLE_H
#define VOUCH_RETRIEVER_LAW_TITLE_H

#include <stdbool.h>

#include "core/str.h"
#include "kg/pack.h"

typedef struct law_title {
    bool named;    /* the question says the law's subject (商标 and 商标法) */
    bool trade;    /* of one trade that the question does not name */
    bool abroad;   /* of a region that the question does not name */
    bool crimes;   /* the criminal law, where punishment is asked about */
    double shared; /* share of the title's pairs of characters that the question says */
} law_title;

/* `label`: of a law or of its article (X#第…条); `general`: titles of those that speak to everyone,
 * without 中华人民共和国 (pack_general). */
law_title law_title_fit(str question, str label, pack_strs general);

#endif
