/* Everyday questions that a domain's texts answer (schemas/NAME_asked.tsv): a question is compared
 * with them where it shares no word with the text. */
#ifndef VOUCH_RETRIEVER_ASKED_H
#define VOUCH_RETRIEVER_ASKED_H

#include "core/arena.h"
#include "core/str.h"

/* One text and how near its questions are to the one asked, 0 to 1. */
typedef struct asked_text {
    str title, article; /* "中华人民共和国民法典", "第十条" */
    str questions;      /* all of its questions, '; ' between them */
    double best;        /* cosine of the nearest one with the asked one, by pairs and characters */
    double share;       /* share of the asked question that they hold together */
} asked_text;

/* The texts whose questions are nearest, best first, at most `most` into `out`. `title` not empty:
 * only texts under it. `table` is the file's text: a line "=TITLE", then lines of
 * ARTICLE <tab> QUESTION; QUESTION ..., and so on. Pairs of characters and characters are weighed
 * by how few questions hold them. */
size_t asked_find(str table, str question, str title, asked_text *out, size_t most, arena *a);

#endif
