/* Planning: the logical forms that a question may mean and the graph's shape allows, each with the
 * words that speak for it. Paths are walked on the index, relations by relations, best first and
 * bounded; operators, second mentions, values and passages are put around them. Internal to the
 * retriever; everything lives in the question's arena. */
#ifndef VOUCH_RETRIEVER_PLAN_H
#define VOUCH_RETRIEVER_PLAN_H

#include "kg/pack.h"
#include "retriever/examples.h"
#include "retriever/knowledge.h"
#include "retriever/link.h"
#include "retriever/operators.h"
#include "retriever/retriever.h"

#define PLAN_HOPS 3
#define PLAN_BEAM 64
#define PLAN_FRONTIER 256 /* nodes kept of a path's end */
#define PLAN_PATHS 2000   /* paths kept */
#define PLAN_FORMS 800    /* forms kept before ranking */

typedef struct plan_path { /* a walk from one sense of one mention */
    int mention, sense;    /* of link_result.mentions; mention -1: from a class */
    index_node from;
    uint8_t hops;
    uint32_t steps[PLAN_HOPS]; /* step_of() */
    int hits[PLAN_HOPS];       /* index into plan.hits, -1 = unsaid */
    index_node *nodes;         /* its end: at most PLAN_FRONTIER, ascending */
    size_t node_count;
    bool more;     /* the end was cut */
    bool closure;  /* the last step is transitive */
    float implied; /* share of what is known of `from` that the first step is */
    float said;    /* sum of the hits' quality */
} plan_path;

/* What is known of the passage that a form quotes. */
typedef struct plan_passage {
    double lead;        /* its score minus that of the next with another answer */
    double said, chars; /* shares of the question that its best sentence says */
    bool hinted;        /* the question has a name of the pack for it */
    double asked;       /* how near the question is to one that it is known to answer */
    str questions;      /* all that it is known to answer */
} plan_passage;

typedef struct plan_form {
    const lf_node *form;
    const plan_path *path, *other; /* NULL where none */
    token_mask mask;               /* tokens that it explains */
    double features[RETRIEVER_FEATURES];
    double score;
    uint64_t signature; /* of its shape: steps and operators, entities left out */
    plan_passage passage;
} plan_form;

typedef struct plan_input {
    kg_read *read;
    const graph_index *index;
    const knowledge *knowledge;
    const link_result *link;
    const operator_hits *operators;
    str question, lang;
    clock_day as_of;
    const struct examples *examples; /* NULL = none */
    const lf_node *previous;         /* the conversation's last form; NULL = none */
    str synonyms;                    /* the pack's table of everyday words; may be empty */
    str asked;                       /* ... of questions that texts answer; may be empty */
    const token_mask *said;          /* tokens that chose the version; may be NULL */
    bool has_passages;
    pack_strs general;               /* the pack's titles that speak to everyone */
    const double *passage_weights;   /* PASSAGE_FEATURES of them */
    retriever_on_passage on_passage; /* may be NULL */
    void *on_passage_context;
    uint64_t deadline_ns;
} plan_input;

typedef struct plan {
    const plan_input *in;
    arena *a;
    error *err;
    status status;
    phrasebook_hit *hits; /* steps said */
    size_t hit_count;
    phrasebook_hit *class_hits;
    size_t class_hit_count;
    plan_path *paths;
    size_t path_count;
    plan_form *forms;
    size_t form_count;
    size_t enumerated;
    bool bounded;
    token_mask silent;               /* tokens that say nothing: filler, operators */
    struct example_scores *examples; /* what the examples say of this question; NULL = none */
    float *content;                  /* per token */
    float content_mass;              /* of what is not a name */
    bool want_kind;                  /* the question names the kind itself ("which films") */
    str want;                        /* kind of answer wanted, empty = not said */
    size_t want_start, want_end;     /* bytes that name it, where want_kind */
} plan;

/* Fills out->forms (unranked: features are set, scores not). */
status plan_question(const plan_input *in, arena *a, plan *out, error *err);

/* --- between plan*.c ---------------------------------------------------------------------------
 */
void plan_walk_paths(plan *p);
void plan_make_forms(plan *p);
void plan_passages(plan *p);
/* Sets back forms about an article as a node (its number, its chapter, its class) where its text is
 * what is asked for. */
void plan_prefer_texts(plan *p);
bool plan_add_form(plan *p, plan_form form);
/* The logical form of a path; its steps' last may be a closure. */
const lf_node *plan_path_form(plan *p, const plan_path *path);
void plan_path_features(plan *p, const plan_path *path, plan_form *out);
const retriever_relation *plan_relation(const plan *p, uint32_t step);
lf_step plan_step(const plan *p, uint32_t step, bool closure);
/* The kind of thing at the end of a step ("person", "date", a class's label); may be empty. */
str plan_end_type(const plan *p, uint32_t step);
bool plan_is_unit(str kind);                 /* duration, money, percent */
bool plan_has_unit(const plan *p, str kind); /* ... and the graph has values of it */
bool plan_type_is(str type, str wanted);

#endif
