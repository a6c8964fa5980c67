/* The graph behind a narrow interface. SQLite is its first implementation (kg/sqlite_*.c); nothing
 * above this header sees SQL, so that a remote engine can serve it too.
 *
 * Threads: a kg_store may be shared; each thread opens its own kg_read. A kg_read is one consistent
 * state of the graph from kg_read_begin to kg_read_end, never waits for a writer and never makes
 * one wait. One kg_write exists at a time per file, in one process or many (STATUS_BUSY after a
 * bounded wait).
 *
 * Memory: strings in results are allocated in the arena that the caller passes and live as long as
 * it does. Arrays in results likewise. */
#ifndef VOUCH_KG_STORE_H
#define VOUCH_KG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/str.h"
#include "kg/term.h"

typedef struct kg_store kg_store;
typedef struct kg_read kg_read;

/* --- open ------------------------------------------------------------------------------------ */
typedef struct kg_open_options {
    bool create;    /* make the file when it does not exist */
    bool read_only; /* refuse kg_write_begin */
    int wait_ms;    /* how long a writer waits for another; 0 = 5,000 */
} kg_open_options;

/* A newer schema version or a foreign file is STATUS_UNSUPPORTED / STATUS_INVALID; an older one is
 * migrated after a backup beside it (unless read_only). */
status kg_open(const char *path, const kg_open_options *options, kg_store **out, error *err);
void kg_close(kg_store *store);
const char *kg_path(const kg_store *store);
/* A file of an older schema version is brought up to date when it is opened; its copy as it was
 * lies beside it. The copy's path, the store's; NULL when nothing was to do. */
const char *kg_migrated_copy(const kg_store *store);

/* --- reading --------------------------------------------------------------------------------- */
status kg_read_begin(kg_store *store, kg_read **out, error *err);
void kg_read_end(kg_read *read);

/* Increases with each committed write; together with kg_graph_uuid it keys derived caches. */
uint64_t kg_read_version(kg_read *read);
/* Random 128 bits made with the file, as 32 hex digits. */
str kg_graph_uuid(kg_read *read);
/* The stored metadata value ("pack", ...); empty when there is none. Lives until kg_read_end. */
str kg_meta_get(kg_read *read, str key);

/* One statement. Unknown bounds of validity are CLOCK_DAY_UNKNOWN: from unknown = always was, to
 * unknown = still is. */
typedef struct kg_statement {
    kg_statement_id id;
    kg_id s, p, o, g;               /* g 0 = default graph */
    clock_day valid_from, valid_to; /* half-open */
    float confidence;               /* 0..1; 1 when no source stated one */
} kg_statement;

typedef struct kg_statement_list {
    kg_statement *items;
    size_t count;
    bool more; /* a limit cut the list */
} kg_statement_list;

/* When a statement must hold. {0} = at any time (no filter). */
typedef struct kg_when {
    bool set;
    clock_day day;
} kg_when;

/* Statements that match; KG_ANY is a wildcard. Ordered by (p, s, o) of the index that served.
 * limit 0 = no limit. */
typedef struct kg_pattern {
    kg_id s, p, o, g;
    kg_when when;
    size_t limit, offset;
} kg_pattern;
status kg_match(kg_read *read, const kg_pattern *pattern, arena *a, kg_statement_list *out,
                error *err);
/* Calls back without materialising; the callback returns false to stop and reads nothing from the
 * same kg_read meanwhile. */
typedef bool (*kg_statement_visit)(void *context, const kg_statement *statement);
status kg_match_each(kg_read *read, const kg_pattern *pattern, kg_statement_visit visit,
                     void *context, error *err);
/* How many match, counted up to `bound` (0 = exactly). */
status kg_count(kg_read *read, const kg_pattern *pattern, uint64_t bound, uint64_t *out,
                error *err);

/* Both, or either, direction around a set of nodes in one call. */
typedef enum kg_direction { KG_OUT = 1, KG_IN = 2, KG_BOTH = 3 } kg_direction;
typedef struct kg_expand_options {
    const kg_id *relations; /* only these; NULL = all */
    size_t relation_count;
    kg_direction direction;
    size_t limit_per_relation; /* per node, relation and direction; 0 = no limit */
    size_t limit;              /* in all; 0 = no limit */
    kg_when when;
} kg_expand_options;
status kg_expand(kg_read *read, const kg_id *nodes, size_t node_count,
                 const kg_expand_options *options, arena *a, kg_statement_list *out, error *err);

/* Which (relation, direction) pairs a node has, with counts up to `bound` each: the node's schema.
 */
typedef struct kg_edge_kind {
    kg_id relation;
    kg_direction direction; /* KG_OUT or KG_IN */
    uint64_t count;
} kg_edge_kind;
status kg_edge_kinds(kg_read *read, kg_id node, uint64_t bound, arena *a, kg_edge_kind **out,
                     size_t *out_count, error *err);

/* Nodes x that satisfy every constraint: (x, p, node) when direction is KG_OUT, (node, p, x) when
 * KG_IN. Driven from the rarest constraint. Ascending ids. */
typedef struct kg_constraint {
    kg_id relation, node;
    kg_direction direction;
} kg_constraint;
typedef struct kg_id_list {
    kg_id *items;
    size_t count;
    bool more;
} kg_id_list;
status kg_intersect(kg_read *read, const kg_constraint *constraints, size_t count, kg_when when,
                    size_t limit, arena *a, kg_id_list *out, error *err);

/* --- terms and names ------------------------------------------------------------------------- */
/* Ids -> terms, in order; an unknown id is STATUS_NOT_FOUND. */
status kg_terms(kg_read *read, const kg_id *ids, size_t count, arena *a, kg_term *out, error *err);
/* Term -> id; *out 0 when the graph does not hold it. */
status kg_find(kg_read *read, kg_term term, kg_id *out, error *err);
/* The comparable value kept with a literal's term. */
status kg_value_get(kg_read *read, kg_id id, arena *a, kg_value *out, error *err);

typedef enum kg_label_kind {
    KG_LABEL_PRIMARY = 1, /* rdfs:label, skos:prefLabel, schema:name, the IRI's own text, ... */
    KG_LABEL_ALIAS = 2    /* skos:altLabel, OBO synonyms, mapped aliases, ... */
} kg_label_kind;
typedef struct kg_label {
    kg_id term;
    kg_label_kind kind;
    str text;
    str lang; /* may be empty */
} kg_label;

/* The best primary label of each term in `lang` (empty = any), else in another language, else from
 * the IRI, else the lexical form. Never empty for a valid id. */
status kg_labels(kg_read *read, const kg_id *ids, size_t count, str lang, arena *a, str *out,
                 error *err);
/* All labels and aliases of one term. */
status kg_label_list(kg_read *read, kg_id id, arena *a, kg_label **out, size_t *out_count,
                     error *err);
/* Every label of the graph (entities, relations, classes), ordered by term. */
typedef bool (*kg_label_visit)(void *context, const kg_label *label);
status kg_label_each(kg_read *read, kg_label_visit visit, void *context, error *err);

/* Names for a text: exact (normalised), then word-corrected, then rare n-grams (bigrams serve
 * two-character Chinese words). Best first; score 1 = exact. */
typedef struct kg_hit {
    kg_id term;
    str text; /* the label, alias or passage that matched */
    float score;
} kg_hit;
typedef struct kg_search_options {
    str lang; /* empty = any */
    bool exact_only;
    size_t limit; /* 0 = 10 */
} kg_search_options;
status kg_label_search(kg_read *read, str text, const kg_search_options *options, arena *a,
                       kg_hit **out, size_t *out_count, error *err);

/* The form under which names are compared: NFKC, case folded, full width to half, traditional to
 * simplified Chinese, white space collapsed. Allocated in `a`. */
str kg_normalise(str text, arena *a);
/* The simplified form of a Han character; any other character is its own. */
uint32_t kg_simplified(uint32_t character);

/* BM25 over passages (long literals). The hit's term is the literal; its statements lead to the
 * article or entity that it belongs to. Scores are BM25, higher is better. */
status kg_passage_search(kg_read *read, str query, const kg_search_options *options, arena *a,
                         kg_hit **out, size_t *out_count, error *err);
/* How many passages hold the word (in Chinese: two characters); counts to `most` and no further. */
status kg_passage_count(kg_read *read, str word, uint64_t most, arena *a, uint64_t *out,
                        error *err);

/* --- schema and statistics ------------------------------------------------------------------- */
typedef struct kg_class_count {
    kg_id class_id;
    uint64_t count;
} kg_class_count;
typedef struct kg_relation {
    kg_id id;
    uint64_t count, subjects, objects; /* statements, distinct subjects, distinct objects */
    double functional;                 /* share of subjects with exactly one object */
    double inverse_functional;         /* share of objects with exactly one subject */
    double literal_share;              /* share of objects that are literals */
    kg_value_kind value_kind;          /* of most literal objects */
    kg_class_count *domain, *range;    /* most frequent first, at most 8 each */
    size_t domain_count, range_count;
} kg_relation;
/* All relations, most frequent first. Kept up to date by each load, so this is cheap. */
status kg_relations(kg_read *read, arena *a, kg_relation **out, size_t *out_count, error *err);

typedef struct kg_totals {
    uint64_t statements, terms, entities, literals, classes, relations, sources, passages, labels;
    uint64_t version;
} kg_totals;
status kg_read_totals(kg_read *read, kg_totals *out, error *err);
/* Classes by number of members, most frequent first. */
status kg_classes(kg_read *read, arena *a, kg_class_count **out, size_t *out_count, error *err);
/* Direct classes of a node. */
status kg_types(kg_read *read, kg_id node, arena *a, kg_id_list *out, error *err);

/* --- provenance ------------------------------------------------------------------------------ */
typedef struct kg_origin { /* one source's saying of one statement */
    str source;            /* the source's name */
    uint64_t line;         /* 1-based position in it; 0 = unknown */
    int64_t recorded_at;   /* Unix seconds */
    float confidence;
    double authority; /* of the source, as the pack or --authority said; 0.5 = unstated */
} kg_origin;
typedef struct kg_qualifier {
    kg_id predicate, object;
} kg_qualifier;
typedef struct kg_statement_detail {
    kg_statement statement;
    kg_origin *origins;
    size_t origin_count;
    kg_qualifier *qualifiers;
    size_t qualifier_count;
} kg_statement_detail;
/* STATUS_NOT_FOUND when the graph does not hold it. */
status kg_statement_get(kg_read *read, kg_statement_id id, arena *a, kg_statement_detail *out,
                        error *err);

typedef struct kg_source {
    str name, format;
    uint64_t statements;
    int64_t loaded_at; /* Unix seconds */
    double authority;
} kg_source;
status kg_sources(kg_read *read, arena *a, kg_source **out, size_t *out_count, error *err);

/* One source's saying of one statement, as it said it. */
typedef struct kg_said {
    kg_statement statement; /* its `confidence` is 1 */
    bool qualified;         /* it has qualifiers: kg_statement_get tells them */
    uint64_t line;          /* 0 = unknown */
    float confidence;       /* negative = unstated */
    int64_t recorded_at;
} kg_said;
/* Calls back with all that the source says, in no order; the callback returns false to stop and
 * reads nothing from the same kg_read meanwhile. A source that is not there says nothing. Reads
 * all rows of the graph's first load when the source was one of that. */
typedef bool (*kg_said_visit)(void *context, const kg_said *said);
status kg_source_each(kg_read *read, str name, kg_said_visit visit, void *context, error *err);

/* --- writing --------------------------------------------------------------------------------- */
/* One kg_write is one transaction: all of it or nothing is in the file after kg_write_commit. */
typedef struct kg_write kg_write;
status kg_write_begin(kg_store *store, kg_write **out, error *err);
void kg_write_rollback(kg_write *write); /* also frees; accepts NULL */

/* Begins a source; statements added until the next call belong to it. What it said before this
 * write and does not say again is removed at commit (re-load replaces). */
status kg_write_source(kg_write *write, str name, str format, double authority, error *err);

typedef struct kg_new_statement {
    kg_term s, p, o;
    kg_term g;                      /* kind 0 = default graph */
    clock_day valid_from, valid_to; /* CLOCK_DAY_UNKNOWN = none: set both explicitly */
    float confidence;               /* 0..1; negative = unstated */
    uint64_t line;
    int64_t recorded_at; /* 0 = now */
    const struct kg_new_qualifier *qualifiers;
    size_t qualifier_count;
} kg_new_statement;
typedef struct kg_new_qualifier {
    kg_term predicate, object;
} kg_new_qualifier;
/* Adding the same statement twice keeps one. */
status kg_write_add(kg_write *write, const kg_new_statement *statement, error *err);
/* A name that is no statement of its own (a mapped alias column may choose either). */
status kg_write_label(kg_write *write, kg_term term, kg_label_kind kind, str text, str lang,
                      error *err);
/* Forgets a source and what only it said; STATUS_NOT_FOUND when there is none of that name. */
status kg_write_delete_source(kg_write *write, str name, error *err);
status kg_write_meta(kg_write *write, str key, str value, error *err);

typedef struct kg_write_report {
    uint64_t added, kept, removed; /* statements of the sources written */
    uint64_t statements;           /* in the graph after */
} kg_write_report;
/* Durable when it returns STATUS_OK. Frees the write either way. */
status kg_write_commit(kg_write *write, kg_write_report *out, error *err);
/* What a commit would report, without committing; frees the write. */
status kg_write_dry_run(kg_write *write, kg_write_report *out, error *err);

/* --- upkeep ---------------------------------------------------------------------------------- */
/* A consistent copy while others read and write. `to` must not exist. */
status kg_backup(kg_store *store, const char *to, error *err);
/* Makes the graph at `to` hold what `store` holds, in one transaction of that file, so that its
 * readers go on with the state that they have. A file that is no graph is refused. */
status kg_restore(kg_store *store, const char *to, error *err);
/* Verifies every invariant; calls back with each violation. STATUS_CORRUPT when there was one. */
typedef void (*kg_check_report)(void *context, const char *what);
status kg_check(kg_store *store, kg_check_report report, void *context, error *err);

#endif
