/* Example questions: what people asked before, and the path that answered it. Few of them tell
 * which words go with which relations; many are nearly a classifier. Two naive Bayes models over
 * the words of the delexicalised question (with pairs of words): of whole paths, and of single
 * steps, so that paths never seen are scored by their parts. Immutable after reading, shared by
 * threads.
 *
 * A line is {"question", "entity", "gold_path": ["r1", "-r2"], "lang"?} (the entity's name as it
 * stands in the question) or {"question", "relation", ...} for a path of one step. */
#ifndef VOUCH_RETRIEVER_EXAMPLES_H
#define VOUCH_RETRIEVER_EXAMPLES_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "retriever/schema.h"
#include "retriever/text.h"

typedef struct examples examples;

/* Reads a file of examples against a schema; lines whose relations the graph lacks are skipped. */
status examples_open(const char *path, const retriever_schema *schema, examples **out, error *err);
void examples_close(examples *e);
size_t examples_count(const examples *e);

/* The features of one question: chains of words outside the mentions. */
typedef struct example_words {
    uint64_t *items;
    size_t count;
} example_words;
/* `named[i]`: token i is inside a mention. */
status examples_words(const text_tokens *tokens, const bool *named, arena *a, example_words *out,
                      error *err);

/* Scores of every path class for a question, made once, then asked per candidate. */
typedef struct example_scores example_scores;
status examples_score(const examples *e, const example_words *words, arena *a, example_scores **out,
                      error *err);
/* log P(path | words) - the best path's: 0 = the best, down to about -10; what was never seen is
 * scored by its steps. `steps`: 2 * relation + inverse. */
double examples_path(const example_scores *s, const uint32_t *steps, size_t count);
/* How sure the examples are of a whole path, 0..1: its share among all, less where few examples
 * speak for it. */
double examples_trust(const example_scores *s, const uint32_t *steps, size_t count);
/* The mean over the steps of log P(step in the path | words) against its prior, -4..4. */
double examples_steps(const example_scores *s, const uint32_t *steps, size_t count);

#endif
