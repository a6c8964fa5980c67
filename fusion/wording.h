/* Wording by templates: an executed logical form becomes clauses, each with the citations that its
 * statements get, and the complete values. Nothing here decides whether to answer. */
#ifndef VOUCH_FUSION_WORDING_H
#define VOUCH_FUSION_WORDING_H

#include "fusion/answer.h"
#include "fusion/cite.h"
#include "fusion/phrase.h"
#include "fusion/yes_no.h"
#include "retriever/execute.h"

/* Values that a sentence shows before "and 37 more". */
#define WORDING_SHOWN 10
/* Statements that one clause cites at most. */
#define WORDING_CITED 1000

typedef struct wording {
    answer_clause *clauses;
    size_t clause_count, clause_capacity;
    str *values;
    size_t value_count;
    answer_conflict *conflicts;
    size_t conflict_count;
    str list; /* of a clause that only lists a set: the names as it joins them; else empty */
} wording;

typedef struct wording_request {
    const phrase_context *phrases;
    const lf_node *form;
    const execute_result *result;
    str question;
    str synonyms; /* texts' words for those of the question */
    yes_no_words yes_no;
    clock_day as_of; /* named in the answer when `as_of_asked` */
    bool as_of_asked;
    bool all; /* show every value */
    cite_list *cites;
    const struct glue *glue; /* for yes or no by a text; NULL = the text alone */
} wording_request;

/* STATUS_NOT_FOUND when the result holds nothing to say (the caller abstains). */
status wording_make(const wording_request *request, wording *out, error *err);

/* The clauses as one text with [n] behind each, in the arena. */
str wording_text(const phrase_context *c, const answer_clause *clauses, size_t count);

/* Appends one clause with [n] and its full stop. */
void wording_add_clause(const template_set *templates, str lang, const answer_clause *clause,
                        buf *out);

/* Appends a clause; false when out of memory. */
bool wording_add(wording *w, arena *a, str text, const int *citations, size_t count);

#endif
