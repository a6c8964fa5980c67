/* What judging passes around, and its steps: subjects and objects (verify_subject.c,
 * verify_entity.c), values and literals (verify_value.c), a clause by its triples
 * (verify_clause.c), a sentence by passages (verify_sentence.c). Internal to verification. */
#ifndef VOUCH_FUSION_VERIFY_JUDGE_H
#define VOUCH_FUSION_VERIFY_JUDGE_H

#include "fusion/claims.h"
#include "fusion/verify_graph.h"

enum { VERIFY_NUMBERS = 64, VERIFY_CLAUSES = 24 };

/* What is carried from clause to clause of one sentence. */
typedef struct verify_carried {
    kg_id ids[CLAIMS_SENSES];
    kg_id classes[CLAIMS_SENSES];
    size_t count;
} verify_carried;

typedef struct verify_judge {
    const verify_context *c;
    claims_clause *k;
    const verify_carried *before;
    error *err;
    int cites[VERIFY_NUMBERS];
    size_t cite_count;
    size_t supported, contradicted, missing; /* claims of each kind */
    bool complete;                           /* the relations of what is missing are complete */
} verify_judge;

/* One subject: its possible senses. */
typedef struct verify_subject {
    const kg_id *ids;
    size_t count;
    const claims_entity *entity; /* NULL = carried */
} verify_subject;

/* A sentence: its clauses as given, as read, and what was found of each. */
typedef struct verify_sentence {
    str texts[VERIFY_CLAUSES];
    claims_clause *read[VERIFY_CLAUSES];
    verify_judge judges[VERIFY_CLAUSES];
    answer_verdict verdicts[VERIFY_CLAUSES];
    size_t count;
    verify_carried before;
} verify_sentence;

/* --- verify_subject.c ------------------------------------------------------------------------ */
/* Adds what was found to the citations of the clause. */
void verify_cite(verify_judge *j, const verify_found *found);
void verify_cite_one(verify_judge *j, const kg_statement *s);

/* Whom the clause, or the relation word h in it, speaks of; count 0 = nobody. */
verify_subject verify_subject_of(const verify_judge *j, const claims_hit *h);
verify_subject verify_subject_named(const claims_entity *e);
/* Names joined to the subject ("A and B are ..."); as many as are put into out[CLAIMS_ENTITIES]. */
size_t verify_other_subjects(verify_judge *j, const verify_subject *s, const claims_entity **out);

/* The relation words that a place belongs to: the nearest before it, else behind it. */
const claims_hit *verify_hit_for(const verify_judge *j, size_t start);
bool verify_same_span(const claims_hit *a, const claims_hit *b);

/* --- verify_entity.c: is o what h says of s? Counts into supported or missing. ---------------- */
status verify_judge_entity(verify_judge *j, const verify_subject *s, const claims_hit *h,
                           const claims_entity *o);
/* Turns what is missing into a contradiction where the graph holds the opposite. */
status verify_judge_missing(verify_judge *j, const verify_subject *s, const claims_hit *h,
                            const claims_entity *o);

/* --- verify_value.c -------------------------------------------------------------------------- */
status verify_judge_value(verify_judge *j, const verify_subject *s, const claims_hit *h,
                          claims_value *v);
/* Literals of the subject (codes, synonyms, periods) found in the text count as objects. */
status verify_judge_literals(verify_judge *j, const verify_subject *s);
/* "X is infectious": does s have any of h at all? */
status verify_judge_existence(verify_judge *j, const verify_subject *s, const claims_hit *h);
/* "A's cure rate is higher than B's": the only claim with two subjects. */
status verify_judge_comparison(verify_judge *j, bool *done);

/* --- verify_clause.c ------------------------------------------------------------------------- */
status verify_judge_triples(verify_judge *j);
answer_verdict verify_sum_up(const verify_judge *j, size_t leftover);

/* --- verify_sentence.c: what triples left open is looked up in passages ---------------------- */
status verify_by_passages(const verify_context *c, verify_sentence *s, error *err);

/* From the start of the first to the end of the last: both are parts of one text. */
str verify_joined(str first, str last);

#endif
