/* How well a passage says what a question says. The question is cut into pairs of characters and
 * characters, weighed by how few of the passages at hand hold them; everyday words are also said
 * by the words that texts use for them. Passages are read sentence by sentence, an item of a list
 * together with the words that lead it. */
#ifndef VOUCH_RETRIEVER_PASSAGE_MATCH_H
#define VOUCH_RETRIEVER_PASSAGE_MATCH_H

#include "core/arena.h"
#include "core/str.h"
#include "retriever/measure.h"
#include "retriever/synonyms.h"

typedef struct passage_match passage_match;

/* Shares of the question, 0 to 1. */
typedef struct passage_reading {
    double sentence;     /* said by the best sentence */
    double whole, first; /* by the passage, by its first sentence */
    double chars;        /* of its characters, by the best sentence */
    double triples;      /* of its runs of three characters, by the passage */
    double chars_whole;  /* by the passage and the title of its law */
    double asked;        /* by the passage and the questions that it is known to answer */
    double asked_chars;  /* of its characters, likewise */
    double measured;     /* by the best sentence that holds a measure as asked; -0.3 = none does */
    bool defines;        /* it says what a word of the question is (X，是指) */
} passage_reading;

/* `words`: of the question, separated by spaces where they are apart; `ask`: the measure asked for,
 * NULL = none. NULL when memory ran out. */
passage_match *passage_match_new(str words, const synonym_row *rows, size_t row_count,
                                 const measure_ask *ask, arena *a);
/* All passages are counted and then what is wanted is weighed before the first is read. */
void passage_match_count(passage_match *m, str text);
void passage_match_weigh(passage_match *m);
/* `named`: words of the question that are a name for this passage; they count as said. `asked`:
 * questions that it is known to answer. */
void passage_match_read(const passage_match *m, str title, str text, str named, str asked,
                        passage_reading *out);
/* The share of what the question says beside the words `named` that the text says; 1 when that is
 * nothing that any passage says. */
double passage_match_rest(const passage_match *m, str named, str text);

#endif
