/* A load: some places into one graph, in one transaction. The command line and the service both run
 * loads through this. Nothing is printed; progress and problems are called back. */
#ifndef VOUCH_INGEST_JOB_H
#define VOUCH_INGEST_JOB_H

#include "ingest/sink.h"

typedef struct ingest_progress {
    const char *place;           /* being read */
    size_t index, count;         /* of all places, from 0 */
    uint64_t bytes, total_bytes; /* of this place, as stored; total 0 = unknown */
    uint64_t lines, statements;  /* so far, of all */
    bool storing;                /* all is read; the store works */
} ingest_progress;

typedef struct ingest_options {
    const char *format;     /* NULL: detect */
    const char *map;        /* a mapping's file or the name of one that ships; NULL: detect, none */
    const char *source;     /* the source's name; NULL: the place as given. One place only */
    const char *encoding;   /* NULL: detect */
    const char *base;       /* base IRI; NULL: from the place */
    const char *pack;       /* a domain pack to keep in the graph and validate by; NULL: none */
    char separator;         /* tables; 0 = the format's own */
    double authority;       /* of the sources, 0..1; negative = the pack's, or 0.5 */
    bool strict;            /* anything rejected, or against the pack, fails the load */
    bool dry_run;           /* report only */
    bool no_link;           /* plain tables: do not link names to nodes of the graph (link.h) */
    bool allow_empty;       /* a load of no statements is no error */
    int timeout_s, retries; /* http; 0 = the usual */
    /* Returns false to stop (STATUS_CANCELLED). Called often; NULL = none. */
    bool (*progress)(void *context, const ingest_progress *progress);
    /* NULL = only counted. */
    void (*problem)(void *context, const char *source, const ingest_problem *problem);
    void *context;
} ingest_options;

typedef struct ingest_report {
    uint64_t sources, lines;
    uint64_t read;     /* statements that readers gave, repetitions included */
    uint64_t rejected; /* lines, cells or records that gave none */
    uint64_t noted;    /* problems that were kept */
    uint64_t linked;   /* names of plain tables that the graph had a node or relation of */
    uint64_t added, kept, removed;
    uint64_t statements; /* in the graph afterwards */
    double ms;
} ingest_report;

/* `places`: files, folders (all their files), "-" and URLs. On failure the graph is what it was;
 * `out` then still counts what was read and rejected. STATUS_INVALID when nothing was kept, or with
 * `strict` something rejected. */
status ingest_run(kg_store *store, const char *const *places, size_t count,
                  const ingest_options *options, ingest_report *out, error *err);

#endif
