/* The gate: what a model wrote, sentence by sentence, against the graph. Only a sentence passes
 * whose every clause is SUPPORTED by statements of the evidence and that cites at least one of the
 * statements that support it; the citations shown are those that support it, not those written. */
#ifndef VOUCH_FUSION_GATE_H
#define VOUCH_FUSION_GATE_H

#include "fusion/verify.h"

typedef struct gate_result {
    answer_clause *passed; /* SUPPORTED, cited by numbers of the evidence */
    size_t passed_count;
    size_t sentences; /* written in all */
    str broken;       /* the first sentence that did not pass; empty = all passed */
    answer_verdict broken_verdict;
    size_t cited, cited_right; /* marks written, and those that support their sentence */
    bool complete;             /* every value that had to be named is named in what passed */
} gate_result;

/* `context->cites` holds the evidence, numbered as the model saw it; statements found on the way
 * are looked up there and never added. `values` must all be named (at most `value_count`). */
status gate_check(const verify_context *context, str text, const str *values, size_t value_count,
                  gate_result *out, error *err);

/* The same while a text is being written: each sentence is checked as soon as it is whole. Set the
 * first fields, zero the rest; one thread. */
enum { GATE_SENTENCES = 64 }; /* what follows the last of them is not read */

typedef struct gate_reader {
    const verify_context *context;
    const str *values;
    size_t value_count;
    /* A sentence has passed: it may be shown. May be NULL. */
    void (*on_passed)(void *user, const answer_clause *clause);
    void *user;
    gate_result result; /* so far; `complete` is set by the last feed */
    buf text;
    size_t at; /* read so far */
} gate_reader;

/* Begins, or begins again with an empty text. */
status gate_open(gate_reader *g, error *err);
status gate_feed(gate_reader *g, str more, bool last, error *err);
/* Every value is named in what has passed. */
bool gate_complete(const gate_reader *g);
void gate_close(gate_reader *g);

#endif
