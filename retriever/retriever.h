/* From a question to ranked logical forms, executed: the retriever's one entry.
 *
 * A retriever is one graph with its pack, lexicon, weights and examples; it is shared by threads.
 * Each question brings its own kg_read and arena. When the read's version is not the one that the
 * lexicon was made for, the lexicon is made again (once; other threads wait). The lexicon is kept
 * beside the graph (NAME.kg.lexicon) and mapped; where the folder is read-only it is kept in
 * memory.
 *
 * What it decides: which spans mean what, which forms the schema allows, their order, their
 * results. What it does not: whether to answer (fusion/), wording (fusion/). */
#ifndef VOUCH_RETRIEVER_RETRIEVER_H
#define VOUCH_RETRIEVER_RETRIEVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/store.h"
#include "retriever/execute.h"
#include "retriever/logical_form.h"
#include "retriever/schema.h"

typedef struct retriever retriever;
struct pack; /* kg/pack.h */

typedef struct retriever_options {
    const struct pack *pack; /* must outlive the retriever; NULL = induced from the graph alone */
    const char *examples;    /* JSON Lines of example questions; NULL = none but the pack's */
    const char *weights;     /* fitted weights (JSON file); NULL = the ones shipped */
    bool no_cache;           /* neither read nor write NAME.kg.lexicon */
} retriever_options;

status retriever_open(kg_store *store, const retriever_options *options, retriever **out,
                      error *err);
void retriever_close(retriever *r);

/* --- mentions ----------------------------------------------------------------------------------
 */
typedef enum retriever_match {
    RETRIEVER_MATCH_LABEL = 1, /* the primary label */
    RETRIEVER_MATCH_ALIAS,
    RETRIEVER_MATCH_FORM,  /* plural, case, spacing, an article number's other spelling */
    RETRIEVER_MATCH_FUZZY, /* misspelt */
    RETRIEVER_MATCH_ABBREVIATION,
    RETRIEVER_MATCH_FOCUS /* it, that one, 它, 那: from the conversation */
} retriever_match;

typedef struct retriever_sense { /* one entity that a mention may mean */
    kg_id id;
    str label;   /* primary label */
    str matched; /* the name that matched */
    retriever_match match;
    float score;    /* 0..1 */
    kg_id class_id; /* its most specific class, 0 = none */
    str class_label;
    uint64_t degree; /* bounded count */
} retriever_sense;

typedef enum retriever_mention_kind {
    RETRIEVER_MENTION_ENTITY = 1,
    RETRIEVER_MENTION_CLASS, /* "diseases", "films" */
    RETRIEVER_MENTION_VALUE, /* number, duration, money, percent */
    RETRIEVER_MENTION_TIME,
    RETRIEVER_MENTION_UNKNOWN /* looks like a name, but the graph has none such */
} retriever_mention_kind;

typedef struct retriever_mention {
    retriever_mention_kind kind;
    size_t start, end;             /* bytes of the question as given */
    str text;                      /* those bytes */
    int slot;                      /* E1.., V1.., T1..: numbered by kind in order of appearance */
    const retriever_sense *senses; /* entities, classes: best first, at most 3 (UNKNOWN: nearest) */
    size_t sense_count;
    kg_value value;
} retriever_mention;

/* --- candidates --------------------------------------------------------------------------------
 */
typedef enum retriever_feature {
    RETRIEVER_F_COVERAGE = 0, /* share of the relations' words that the question says */
    RETRIEVER_F_UNEXPLAINED,  /* share of the question's idf mass that nothing explains */
    RETRIEVER_F_TYPE_FIT,     /* who, where, when, how many, which CLASS against the answers */
    RETRIEVER_F_LINK,         /* mean score of the senses chosen */
    RETRIEVER_F_EXAMPLES,     /* example questions speak for this form */
    RETRIEVER_F_NEIGHBOUR,    /* the nearest example question has this form */
    RETRIEVER_F_ANSWERS,      /* log(1 + answers) */
    RETRIEVER_F_HOPS,
    RETRIEVER_F_ORDER,    /* the words stand in the order of the hops */
    RETRIEVER_F_OPERATOR, /* the form's operator is what the question's words ask for */
    RETRIEVER_F_UNUSED,   /* share of the mentions that the form does not use */
    RETRIEVER_F_EMPTY,    /* 1: no answer */
    RETRIEVER_F_CYCLE,    /* 1: a path that walks back over the same relation */
    RETRIEVER_F_PASSAGE,  /* BM25 of the passage, scaled to 0..1 */
    RETRIEVER_F_UNSAID,   /* hops that no word speaks of */
    RETRIEVER_F_MODEL,    /* what the callback gave, times the trust in it; 0 without */
    RETRIEVER_FEATURES
} retriever_feature;
const char *retriever_feature_name(retriever_feature f);

typedef struct retriever_candidate {
    const lf_node *form;
    double features[RETRIEVER_FEATURES];
    double score;       /* weights . features */
    double probability; /* softmax over the candidates */
    str relations;      /* the relation labels, for people: "parents > nationality" */
    bool executed;
    size_t answers; /* when executed; bounded */
} retriever_candidate;

/* A model's scores for the best candidates (at most 32), written to scores[i]; false = no scores
 * (missing, late, broken), and the ranking stands as it is. `texts[i]` is the postfix text of
 * docs/MODEL_FORMAT.md, `question` the delexicalised question behind <Q>, `types` the type words
 * before it. */
typedef bool (*retriever_scorer)(void *context, str types, str question, const str *texts,
                                 const retriever_candidate *candidates, size_t count,
                                 double *scores);

/* Told of each passage that was looked at, with its passage_feature's (retriever/passage_rank.h).
 */
typedef void (*retriever_on_passage)(void *context, str label, const double *features);

/* --- one question ------------------------------------------------------------------------------
 */
typedef struct retriever_request {
    str question;
    str lang;        /* "zh", "en"; empty = detected */
    clock_day as_of; /* CLOCK_DAY_UNKNOWN = today */
    /* The conversation so far: the last form, and the entities in focus, newest first. */
    const lf_node *previous;
    const retriever_sense *focus;
    size_t focus_count;
    retriever_scorer scorer; /* may be NULL */
    void *scorer_context;
    retriever_on_passage on_passage; /* may be NULL; for fitting and looking */
    void *on_passage_context;
    execute_limits limits;
    uint64_t deadline_ns; /* 0 = none */
} retriever_request;

typedef enum retriever_outcome {
    RETRIEVER_FOUND = 1,    /* the chosen candidate gave an answer (or a truth value) */
    RETRIEVER_NOTHING_SAID, /* no question in it: empty, blank, only greetings */
    RETRIEVER_NO_ENTITY,   /* no span is a name of the graph; mentions of kind UNKNOWN tell which */
    RETRIEVER_NO_RELATION, /* entities, but no relation of theirs is what is asked */
    RETRIEVER_AMBIGUOUS,   /* several senses of one name do equally well: `choices` */
    RETRIEVER_EMPTY        /* the form fits, and the graph records nothing for it */
} retriever_outcome;

typedef struct retriever_timings {
    double link, plan, rank, execute; /* milliseconds; the model's time is in rank */
} retriever_timings;

/* What speaks for and against the chosen reading, beside the ranker's own features: abstention is
 * decided by these. Shares are 0..1; masses count content words (a Chinese character about 0.3). */
typedef struct retriever_signals {
    bool passage;        /* the answer is a text that was searched for, not a statement asked for */
    bool addressed;      /* that text, or its law, is named by the question */
    double left;         /* share of the content that neither the form nor its text explains */
    double left_mass;    /* its mass */
    double left_run;     /* mass of its longest unbroken stretch */
    double beside;       /* mass of what stands unexplained right at a name that the form uses */
    double misspelt;     /* names of the form that are no exact names of the graph */
    double unsaid;       /* hops that no word speaks of */
    double unused;       /* share of the mentions that the form leaves out */
    double clash;        /* 1: the answers are of another kind than the one asked for */
    double operator_fit; /* as the ranker's */
    double focus;        /* mass left unexplained right at the words that ask (哪个厂家) */
    double unmet;        /* operators asked for (most, not, how many ...) that the form lacks */
    double told;         /* passages: share of the question's idf mass that the text says */
    double told_rarest;  /* passages: 1 when the text says the rarest word of the question */
    double lead;         /* passages: how far the next with another answer is behind, at most 6 */
    double said, chars;  /* passages: share of the question that the best sentence says */
    bool hinted;         /* passages: the question has a name of the pack for it */
    double asked;        /* passages: how near the question is to one that it is known to answer */
    str questions;       /* passages: all that it is known to answer */
    double values_missing; /* numbers of the question that the text does not hold */
    bool unit_missed;      /* a time, a sum or a share is asked for, and the answer is none */
    bool reason_asked;     /* why, how come; and no step of the form is called so */
    str missing;           /* an article's number that no article linked has; empty = none */
    str beside_text;       /* the whole name as the question has it: what is beside and the name */
} retriever_signals;

typedef struct retriever_result {
    retriever_outcome outcome;
    str lang; /* as given or detected */
    str normalised;
    const retriever_mention *mentions;
    size_t mention_count;
    const retriever_candidate *candidates; /* best first, at most 32 */
    size_t candidate_count;
    size_t enumerated;     /* forms looked at before the cut */
    bool bounded;          /* the enumeration stopped at its bound */
    const lf_node *form;   /* the chosen form = candidates[0].form; NULL = none */
    execute_result result; /* of the chosen form; kind 0 when none was executed */
    /* What fusion decides by. */
    double margin;         /* score of the first minus the second with other answers */
    double link_score;     /* of the senses used, 0..1 */
    double unexplained;    /* share of the question's content that nothing explains, 0..1 */
    double coverage;       /* share of the chosen relations' words said, 0..1 */
    str unexplained_words; /* the words, for "the graph holds no relation about ..." */
    str synonyms;          /* texts' words for everyday words of the question */
    const retriever_sense *choices; /* for RETRIEVER_AMBIGUOUS */
    size_t choice_count;
    retriever_signals signals;
    clock_day as_of;  /* the day that was used (from the question's words, the request, today) */
    bool as_of_asked; /* the question itself, or the request, named a day */
    bool follow_up;   /* the form was made by editing `previous` */
    retriever_timings timings;
} retriever_result;

status retriever_ask(retriever *r, kg_read *read, const retriever_request *request, arena *a,
                     retriever_result *out, error *err);

/* --- parts that fusion's verifier and the command line use -------------------------------------
 */
/* Links the names, values and times of any text; no fuzzy matching when `exact`. */
status retriever_link(retriever *r, kg_read *read, str text, str lang, bool exact, arena *a,
                      retriever_mention **out, size_t *out_count, error *err);
/* The day that a text speaks of by naming the version of a law ("2018年的公司法"), and the bytes
 * that name it; `today` and an empty span where it names none. */
status retriever_version_of(retriever *r, kg_read *read, str text, str lang, clock_day today,
                            arena *a, clock_day *day, size_t *start, size_t *end, error *err);
/* The pack's everyday words and the texts' words for them (retriever/synonyms.h): the whole table;
 * empty where it has none. Valid until retriever_close. */
str retriever_synonyms(const retriever *r);
/* The relations that a stretch of text may speak of, best first; score 0..1. */
typedef struct retriever_relation_hit {
    const retriever_relation *relation;
    bool inverse;
    float score;
    size_t start, end; /* bytes of the text that speak of it */
} retriever_relation_hit;
status retriever_relations_in(retriever *r, kg_read *read, str text, str lang, arena *a,
                              retriever_relation_hit **out, size_t *out_count, error *err);
/* The schema for this read; valid until retriever_close or the next version. */
status retriever_schema_of(retriever *r, kg_read *read, const retriever_schema **out, error *err);
/* Names that begin with `prefix`, best first (completion). */
status retriever_complete(retriever *r, kg_read *read, str prefix, size_t limit, arena *a,
                          retriever_sense **out, size_t *out_count, error *err);

#endif
