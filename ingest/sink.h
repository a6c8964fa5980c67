/* Where readers put what they read: a narrow interface of three calls, so that a reader knows
 * nothing of the store and a test can look at what it yields. A plain value; the context belongs to
 * whoever made it and outlives the reading. One thread. Strings are borrowed for the call only.
 *
 * A problem is either rejected (the text yields no statement) or kept (the statement is loaded, the
 * problem is reported). A call that returns another status than STATUS_OK ends the reading; readers
 * pass it on unchanged. */
#ifndef VOUCH_INGEST_SINK_H
#define VOUCH_INGEST_SINK_H

#include "kg/store.h"

typedef struct ingest_problem {
    uint64_t line, column; /* 1-based; 0 = unknown */
    bool kept;             /* reported, yet loaded */
    const char *reason;    /* for people, no trailing period */
    str text;              /* the input that it is about, may be empty */
} ingest_problem;

typedef struct ingest_sink {
    void *context;
    status (*add)(void *context, const kg_new_statement *statement, error *err);
    status (*label)(void *context, kg_term term, kg_label_kind kind, str text, str lang,
                    error *err);
    status (*problem)(void *context, const ingest_problem *problem, error *err);
    /* Only for vouch's own exports, which hold many sources and the graph's metadata: what follows
     * is said by this source. NULL where a sink takes no exports. */
    status (*source)(void *context, str name, str format, double authority, error *err);
    status (*meta)(void *context, str key, str value, error *err);
} ingest_sink;

/* A statement of the default graph without validity, confidence or qualifiers. */
status ingest_add(const ingest_sink *sink, kg_term s, kg_term p, kg_term o, uint64_t line,
                  error *err);
/* The same with a period of validity (CLOCK_DAY_UNKNOWN: unbounded). */
status ingest_add_valid(const ingest_sink *sink, kg_term s, kg_term p, kg_term o, clock_day from,
                        clock_day to, uint64_t line, error *err);
status ingest_reject(const ingest_sink *sink, uint64_t line, uint64_t column, str text, error *err,
                     const char *format, ...) CORE_PRINTF(6, 7);
status ingest_note(const ingest_sink *sink, uint64_t line, uint64_t column, str text, error *err,
                   const char *format, ...) CORE_PRINTF(6, 7);

/* "a, b, c and 9 more" for a message, cut at a character; returns `out`. */
const char *ingest_list(const str *names, size_t count, char *out, size_t bytes);

/* Terms made in place; the bytes are borrowed. */
kg_term ingest_iri(str iri);
kg_term ingest_plain(str text, str lang);
kg_term ingest_typed(str text, str datatype);

#define INGEST_RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define INGEST_RDFS "http://www.w3.org/2000/01/rdf-schema#"
#define INGEST_XSD "http://www.w3.org/2001/XMLSchema#"
#define INGEST_SKOS "http://www.w3.org/2004/02/skos/core#"
#define INGEST_RELATION KG_IRI_BASE "r:"
#define INGEST_CLASS KG_IRI_BASE "c:"

#endif
