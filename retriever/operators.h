/* Rules over a question's words (schemas/operators.tsv and the pack's): which operators it asks
 * for, what kind of answer it wants, which words name kinds of things, which say nothing. Compiled
 * once, immutable, shared by threads. Patterns run under a match limit; one that exceeds it does
 * not match. */
#ifndef VOUCH_RETRIEVER_OPERATORS_H
#define VOUCH_RETRIEVER_OPERATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"

typedef struct operators operators;
struct pack;

typedef enum operator_kind {
    OPERATOR_COUNT = 0,
    OPERATOR_MAX,
    OPERATOR_MIN,
    OPERATOR_GREATER,
    OPERATOR_LESS,
    OPERATOR_COMPARE,
    OPERATOR_ASK,
    OPERATOR_NOT,
    OPERATOR_AND,
    OPERATOR_OR,
    OPERATOR_DESCRIBE,
    OPERATOR_OTHER,   /* other, same: an answer that is not the entity itself */
    OPERATOR_ALL,     /* of any depth */
    OPERATOR_OPEN,    /* who, what, how many: not a question of yes or no */
    OPERATOR_LIST,    /* the things themselves, not how many */
    OPERATOR_NAME,    /* what an alias is an alias of */
    OPERATOR_SOURCE,  /* which article says so */
    OPERATOR_DOWN,    /* kinds of X; detail "2": two steps */
    OPERATOR_UP,      /* what X is a kind of; detail "2": two steps */
    OPERATOR_CODE,    /* detail: the vocabulary whose code is meant (OMIM, MSH) */
    OPERATOR_THOSE,   /* "things that X": what stands before says which; detail: their kind */
    OPERATOR_WANT,    /* detail: the kind of answer */
    OPERATOR_TYPE,    /* detail: the kind of thing named */
    OPERATOR_MEASURE, /* detail: money, duration, percent, date, number */
    OPERATOR_FILLER,
    OPERATOR_ASIDE, /* since when, by the way (这几天): asks for nothing and names no relation */
    OPERATOR_AMONG, /* of those that were just told */
    OPERATOR_RETRACT, /* what stands before was said by mistake */
    OPERATOR_KINDS
} operator_kind;

typedef struct operator_hit {
    operator_kind kind;
    str detail;
    size_t start, end; /* bytes of the question */
} operator_hit;

typedef struct operator_hits {
    operator_hit *items;
    size_t count;
    bool has[OPERATOR_KINDS];
    bool limited; /* a pattern ran into its match limit */
} operator_hits;

/* `text`: the table; the pack's operators are added (NULL = none). A pattern that does not compile
 * is STATUS_SYNTAX with its line. */
status operators_open(str text, const struct pack *domain, operators **out, error *err);
void operators_close(operators *o);

status operators_find(const operators *o, str question, str lang, arena *a, operator_hits *out,
                      error *err);
/* Of a statement, not a question: codes, and words that say nothing. A quarter of the patterns. */
status operators_find_silent(const operators *o, str text, str lang, arena *a, operator_hits *out,
                             error *err);

#endif
