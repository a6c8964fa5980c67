/* An answer as a person reads it in a terminal (the layout of DESIGN.md): the answer, the mark of
 * verification, citations as short lines, scope notice, confidence, time and model. */
#ifndef VOUCH_FUSION_RENDER_H
#define VOUCH_FUSION_RENDER_H

#include <stdbool.h>

#include "core/buf.h"
#include "fusion/answer.h"
#include "fusion/template.h"

typedef struct render_options {
    int columns; /* of the terminal; 0 = not a terminal, nothing is folded or padded to it */
    bool colour;
    bool all; /* every citation */
} render_options;

void render_answer(const answer *a, const template_set *templates, const render_options *options,
                   buf *out);

/* The same answer in pieces, as its clauses come: together they print what render_answer would.
 * Set the first fields, zero the rest. */
typedef struct render_stream {
    const template_set *templates;
    render_options options;
    str lang;
    size_t clauses, column;
} render_stream;

void render_clause(render_stream *stream, const answer_clause *clause, buf *out);
/* The rest; the whole answer when no clause came. */
void render_end(const render_stream *stream, const answer *a, buf *out);

/* A report of verification: each clause with its verdict and the statements that decide it. */
void render_verdicts(const answer *a, const template_set *templates, const render_options *options,
                     buf *out);

/* Appends text with control characters (other than those of `keep`) as spaces, so that a label
 * cannot drive the terminal; bidirectional overrides are dropped. */
void render_add_safe(buf *out, str text);

#endif
