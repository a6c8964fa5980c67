/* What tells the passage that answers a question from others, and the weights of these signs (set
 * "passages" of schemas/weights.json, fitted by 'make fit-passages'). */
#ifndef VOUCH_RETRIEVER_PASSAGE_RANK_H
#define VOUCH_RETRIEVER_PASSAGE_RANK_H

#include <stdbool.h>

#include "core/str.h"

typedef enum passage_feature {
    PASSAGE_BM25,        /* of the search, beside the best */
    PASSAGE_SENTENCE,    /* share of the question that its best sentence says */
    PASSAGE_WHOLE,       /* ... that all of it says */
    PASSAGE_FIRST,       /* ... that its first sentence says */
    PASSAGE_CHARS,       /* share of the question's characters, best sentence */
    PASSAGE_TRIPLES,     /* ... of its runs of three characters, all of it */
    PASSAGE_CHARS_WHOLE, /* ... all of it with its law's title */
    PASSAGE_MEASURED,    /* share said by the best sentence with a measure as asked */
    PASSAGE_TITLE,       /* share of the title that the question says */
    PASSAGE_TRADE,       /* 1: of a trade that the question does not name */
    PASSAGE_ABROAD,      /* 1: of a region that the question does not name */
    PASSAGE_NAMED,       /* 1: the question says the law's subject */
    PASSAGE_CRIMES,      /* 1: the criminal law, where punishment is asked about */
    PASSAGE_DEFINES,     /* 1: a meaning is asked for, and it defines */
    PASSAGE_MEASURE,     /* fit of the measure in it, beside the best */
    PASSAGE_NO_MEASURE,  /* 1: a measure is asked for, and it has none */
    PASSAGE_NO_ANSWER,   /* ... and not the article's number is asked for */
    PASSAGE_UNIT_OFF,    /* 1: its measure is in another unit than the one asked for */
    PASSAGE_HINT,        /* the question has a name of the pack for it */
    PASSAGE_VALUES,      /* share of the question's values that it holds */
    PASSAGE_PENAL,       /* 1: it punishes, and nothing of the kind is asked */
    PASSAGE_LISTS,       /* 1: a list is asked for, and it lists */
    PASSAGE_LENGTH,      /* log of its characters, a fifth */
    PASSAGE_ASKED,       /* how near the question is to one that it is known to answer */
    PASSAGE_ASKED_FIRST, /* ... beside the nearest of all */
    PASSAGE_ASKED_SHARE, /* share of the question that those questions hold */
    PASSAGE_ASKED_WHOLE, /* ... that they and the text say */
    PASSAGE_FEATURES
} passage_feature;

const char *passage_feature_name(passage_feature f);

/* weights . features */
double passage_score(const double x[PASSAGE_FEATURES], const double weights[PASSAGE_FEATURES]);

/* Articles on liability repeat what others rule: they are meant where a penalty is asked. */
bool passage_is_penal(str question, str text);
/* 情形, 种类, 哪些: articles that list them are meant. */
bool passage_asks_list(str question);
bool passage_asks_meaning(str question);

#endif
