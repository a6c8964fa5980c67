/* What the parts of the statutes reader share: the parsed file, and how headings, articles and
 * dates are recognised. Private to statute*.c; memory belongs to the arena of ingest_statutes. */
#ifndef VOUCH_INGEST_STATUTE_TEXT_H
#define VOUCH_INGEST_STATUTE_TEXT_H

#include "core/buf.h"
#include "ingest/seen.h"
#include "ingest/statutes.h"

#define STATUTE_NONE SIZE_MAX

typedef enum statute_rank {
    STATUTE_PART = 1, /* 编 */
    STATUTE_SUBPART,  /* 分编 */
    STATUTE_CHAPTER,  /* 章 */
    STATUTE_SECTION,  /* 节 */
    STATUTE_ANNEX     /* 附件, 附表, ... */
} statute_rank;

typedef struct statute_paragraph {
    str text;
    uint64_t line;
} statute_paragraph;

typedef struct statute_division {
    statute_rank rank;
    str heading;   /* as written, inner white space dropped: 第一章 总则 */
    size_t parent; /* STATUTE_NONE: the law itself */
    uint64_t line;
    buf text; /* of a preamble or annex */
} statute_division;

typedef struct statute_article {
    unsigned number, sub; /* 第一百三十三条之一: 133, 1; clauses of acts too */
    str label;            /* 第一百三十三条之一 */
    size_t first, count;  /* paragraphs */
    size_t division;      /* the lowest; STATUTE_NONE */
    uint64_t line;
} statute_article;

typedef enum statute_event_kind {
    STATUTE_ADOPTED = 1,
    STATUTE_AMENDED,
    STATUTE_EFFECTIVE,
    STATUTE_OTHER
} statute_event_kind;

typedef struct statute_event {
    clock_day day;
    statute_event_kind kind;
    str text; /* behind the date */
    str act;  /* title of an amending act (…修正案…) named there, else empty */
    uint64_t line;
} statute_event;

typedef struct statute_citing { /* an article that names a law loaded later */
    str article, law;           /* IRIs */
    uint64_t line;
    struct statute_citing *next;
} statute_citing;

typedef struct statute_held { /* a version that the graph holds from an earlier load */
    str source;
    double authority;
    clock_day from, to, effective, repealed; /* as the graph has them */
    bool relink;                             /* something in this load bears on it */
    statute_citing *citing;
} statute_held;

typedef struct statute_file {
    str title, short_title;
    uint64_t title_line;
    bool is_act;
    str amended_title; /* of the law that an act amends */
    statute_event *events;
    size_t event_count, event_capacity;
    statute_division *divisions;
    size_t division_count, division_capacity;
    statute_article *articles; /* or clauses */
    size_t article_count, article_capacity;
    statute_paragraph *paragraphs;
    size_t paragraph_count, paragraph_capacity;
    clock_day day;       /* of its last adoption or amendment */
    clock_day effective; /* as its text or header says */
    uint64_t effective_line;
    /* from linking */
    clock_day from, to; /* when its text is in force */
    clock_day previous; /* day of the version before; CLOCK_DAY_UNKNOWN = none */
    bool first_version; /* the oldest text of the law that is held */
    clock_day repealed;
    statute_held *held; /* NULL: read in this load; else only titles, dates and events are here */
} statute_file;

struct ingest_statutes {
    arena *memory;
    statute_file **files;
    size_t count, capacity;
};

/* A growing array in an arena; NULL when out of memory. */
void *statute_grow(arena *a, void *items, size_t count, size_t *capacity, size_t bytes_each);

/* 第N条 or 第N条之M at `at`: bytes, 0 = none. */
size_t statute_article_at(str text, size_t at, unsigned *number, unsigned *sub);
/* 第N<unit> at `at`, such as 第三款. */
size_t statute_ordinal_at(str text, size_t at, str unit, unsigned *number);
/* YYYY年M月D日 at `at`. */
size_t statute_date_at(str text, size_t at, clock_day *out);
/* 第N条[之M] in Chinese numerals, in `a`. */
str statute_article_label(unsigned number, unsigned sub, arena *a);
/* The full title: 中华人民共和国 in front where it is a law's short title. */
str statute_full_title(str title, arena *a);
str statute_short_title(str title);
/* The same without white space, zero-width marks and 〈〉 made 《》 by the caller's need. */
str statute_squeeze(str text, arena *a);

/* Parses a file's text into `file`; STATUS_SYNTAX as ingest_statutes_add says. */
status statute_parse(str text, str base_name, const char *where, arena *a, statute_file *file,
                     uint64_t *lines, error *err);

/* Citations in one paragraph (statute_cite.c). */
status statute_cite(const ingest_statutes *all, const statute_file *file, size_t article,
                    size_t paragraph, const ingest_sink *sink, arena *a, error *err);

/* What linking finds out about a held version (statute_emit.c). */
status statute_emit_linked(const ingest_statutes *all, statute_file *file, const ingest_sink *sink,
                           arena *a, error *err);

/* The IRIs of an article and of a paragraph of it. */
str statute_article_iri(const statute_file *file, const statute_article *article, arena *a);
str statute_paragraph_iri(const statute_file *file, const statute_article *article, size_t index,
                          arena *a);
status statute_add(const statute_file *file, const ingest_sink *sink, kg_term s,
                   const char *relation, kg_term o, uint64_t line, error *err);

#endif
