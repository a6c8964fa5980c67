/* Asking: the one entry that the command line and the service share.
 *
 * A fusion_engine is one graph with its pack, ranker and (optionally) model, opened once and shared
 * by threads; each question runs on the caller's thread with an arena of its own. A
 * fusion_conversation keeps what follow-ups need and belongs to one thread at a time.
 *
 * Everything derived from the graph (automaton, schema) is rebuilt when the graph's version moves
 * on; a question that has begun goes on with the state it began with. */
#ifndef VOUCH_FUSION_ENGINE_H
#define VOUCH_FUSION_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/str.h"
#include "fusion/answer.h"

typedef struct fusion_engine fusion_engine;
typedef struct fusion_conversation fusion_conversation;

typedef struct fusion_options {
    const char *graph_path;
    const char *pack;        /* name or file; NULL = the graph's own, else "general" */
    const char *model;       /* NULL = the embedded default; "none"; FILE.gguf; http(s)://... */
    const char *examples;    /* JSONL of example questions; NULL = none */
    int threads;             /* of the model; 0 = the machine's cores */
    bool local_only;         /* no outgoing connection whatever */
    const char *calibration; /* FILE instead of the calibration shipped; NULL = that one */
    bool answer_always;      /* without the threshold: to collect cases for calibration */
} fusion_options;

status fusion_open(const fusion_options *options, fusion_engine **out, error *err);
void fusion_close(fusion_engine *engine);

/* Parts of an engine, for the command line and the service: the sentences that people read, the
 * retriever (completion), the store and the pack. They live as long as the engine. */
struct template_set;
struct retriever;
struct kg_store;
struct pack;
const struct template_set *fusion_templates(const fusion_engine *engine);
struct retriever *fusion_retriever(const fusion_engine *engine);
struct kg_store *fusion_store(const fusion_engine *engine);
const struct pack *fusion_pack(const fusion_engine *engine);

fusion_conversation *fusion_conversation_new(void);
void fusion_conversation_free(fusion_conversation *c);

typedef struct fusion_request {
    str question;
    str lang;        /* "zh", "en"; empty = detected */
    clock_day as_of; /* CLOCK_DAY_UNKNOWN = now */
    bool strict, explain, all;
    bool no_model;                     /* templates and lexical ranking alone, for this question */
    bool reword;                       /* the embedded model words simple answers (reword.h) */
    bool propose;                      /* a model may read what vouch cannot (propose.h) */
    int samples;                       /* best of n; 0 or 1 = one */
    fusion_conversation *conversation; /* may be NULL */
    const atomic_bool *cancel;         /* may be NULL; set to stop early (STATUS_CANCELLED) */
    uint64_t deadline_ns; /* clock_monotonic_ns(); 0 = none; passed = template answer */
    /* Called with each whole verified sentence as soon as it may be shown, in the language of the
     * answer; may be NULL. The answer's text is these sentences, in this order. */
    void (*on_clause)(void *context, str lang, const answer_clause *clause);
    void *context;
} fusion_request;

/* STATUS_OK for every status of an answer (answered, abstained, clarify, refused); another status
 * only when asking itself failed. */
status fusion_ask(fusion_engine *engine, const fusion_request *request, arena *a, answer *out,
                  error *err);

/* Evidence only: the candidates, statements and passages that a question pulls, as JSON
 * {mentions, logical_form, statements:[citation...], passages}. */
status fusion_retrieve(fusion_engine *engine, const fusion_request *request, size_t limit,
                       json_t **out, error *err);

/* Verifies a text: {clauses, citations} of `out` are filled; status is ANSWER_ANSWERED when every
 * clause is supported, else ANSWER_ABSTAINED. */
status fusion_verify(fusion_engine *engine, str text, str lang, clock_day as_of, arena *a,
                     answer *out, error *err);

#endif
