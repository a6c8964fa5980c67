/* Entity linking: which spans of a question name which nodes of the graph, which are classes,
 * values and times, and which look like names that the graph does not have. Internal to the
 * retriever; retriever.h shows the result. Results live in the arena. */
#ifndef VOUCH_RETRIEVER_LINK_H
#define VOUCH_RETRIEVER_LINK_H

#include "retriever/index.h"
#include "retriever/knowledge.h"
#include "retriever/operators.h"
#include "retriever/retriever.h"
#include "retriever/text.h"

#define LINK_SENSES 3

typedef struct link_mention {
    retriever_mention shown;
    uint32_t first, last; /* tokens */
    bool quoted;          /* the question marks it: "...", [...], 《...》 */
    index_node nodes[LINK_SENSES];
} link_mention;

typedef struct link_result {
    text_tokens tokens;
    link_mention *mentions; /* in order of appearance */
    size_t count;
    token_mask named; /* tokens inside entity mentions */
} link_result;

typedef struct link_input {
    kg_read *read;
    const graph_index *index;
    const knowledge *knowledge;
    str question, lang;
    const operator_hits *operators;
    bool exact;                   /* no fuzzy matching */
    const retriever_sense *focus; /* of the conversation, newest first */
    size_t focus_count;
} link_input;

status link_question(const link_input *in, arena *a, link_result *out, error *err);

/* Least edits (insert, delete, replace, swap of neighbours) between `name` and any stretch of
 * `text`, both as code points; SIZE_MAX above `most`. */
size_t link_edit_distance(str name, str text, size_t most, arena *a);

#endif
