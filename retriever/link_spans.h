/* What the linker's parts share: spans of the question with the things that they may name.
 * link.c finds exact names and settles overlaps, link_near.c names that are misspelt. Internal. */
#ifndef VOUCH_RETRIEVER_LINK_SPANS_H
#define VOUCH_RETRIEVER_LINK_SPANS_H

#include "retriever/link.h"

#define LINK_MOST_SPANS 512

typedef struct span {
    uint32_t first, last;
    float weight;
    bool quoted;
    retriever_sense senses[LINK_SENSES];
    index_node nodes[LINK_SENSES];
    size_t sense_count;
} span;

typedef struct linker {
    const link_input *in;
    arena *a;
    error *err;
    status status;
    text_tokens tokens;
    span *spans;
    size_t span_count;
    span *current;
    bool current_stem;
    token_mask said; /* tokens that speak of a relation */
    str nickname;    /* the pack's own name through which the current one was found */
} linker;

/* Keeps the senses in order of their scores, each node once. */
void link_insert_sense(span *s, retriever_sense sense, index_node node);
float link_span_weight(const linker *l, uint32_t first, uint32_t last);
bool link_is_class(const linker *l, index_node node);
/* Token `i` is one of the words that say nothing, or that ask. */
bool link_filler_at(const linker *l, uint32_t i);

/* Adds spans of near names where nothing is covered (link_near.c). */
void link_find_near(linker *l, const token_mask *covered);
/* Names of which a part is misspelt and another part may be a name by itself (过敏性鼻焱,
 * "palmoplanter keratosis"): they take the place of the names inside them. */
void link_find_around(linker *l);

#endif
