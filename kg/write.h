/* What the files of the writer share: write.c takes statements in, flush.c brings them into the
 * tables, remove.c takes sources out, derive.c keeps labels and statistics. Inside kg/. */
#ifndef VOUCH_KG_WRITE_H
#define VOUCH_KG_WRITE_H

#include "kg/dict.h"
#include "kg/intake.h"
#include "kg/internal.h"

/* A statement as it waits: dictionary indexes, and what is rare behind `attribute`. */
typedef struct kg_pending {
    uint32_t s, p, o;
    uint32_t attribute;
    uint32_t line; /* 0 = unknown */
} kg_pending;

typedef struct kg_attribute {
    uint32_t load; /* index of kg_write.loads */
    uint32_t g;    /* dictionary index + 1; 0 = default graph */
    clock_day from, to;
    float confidence;    /* negative = unstated */
    uint64_t qualifiers; /* kg_qualifiers_hash; 0 = none */
} kg_attribute;

typedef struct kg_load {
    int64_t id;     /* load.id */
    int64_t source; /* source.id */
    int64_t recorded_at;
    int64_t first_n, last_n; /* 0 = no statement of it yet */
} kg_load;

typedef struct kg_source_state {
    int64_t id; /* source.id */
    str name;
    bool existed;   /* the graph held it before: what is not said again goes */
    int64_t delta;  /* statements that it states, more or fewer */
    uint64_t *kept; /* statement.n that it said before and says again */
    size_t kept_count, kept_capacity;
} kg_source_state;

typedef struct kg_id_set { /* sorted and made distinct when it is used */
    uint64_t *items;
    size_t count, capacity;
} kg_id_set;

typedef struct kg_relation_change {
    kg_id relation;
    int64_t added, removed;
} kg_relation_change;

typedef struct kg_named {   /* a new statement that gives a name */
    uint32_t term, literal; /* the graph's id; the dictionary's index */
    uint8_t kind;
} kg_named;

typedef struct kg_term_value { /* a literal's, until the first load writes it */
    uint32_t term;
    kg_value value;
} kg_term_value;

struct kg_write {
    kg_store *store;
    kg_db *db;
    kg_dict *dict;
    kg_intake *intake; /* its thread owns the rest between a put and the next drain */
    arena *strings;
    kg_pending *pending;
    size_t pending_count, pending_capacity;
    kg_attribute *attributes;
    size_t attribute_count, attribute_capacity;
    kg_load *loads;
    size_t load_count, load_capacity;
    kg_source_state *sources;
    size_t source_count, source_capacity;
    size_t source; /* the current one; SIZE_MAX before the first */
    int64_t now, last_n, last_term, first_new_term;
    size_t resolved;         /* dictionary entries that have an id */
    size_t datatypes;        /* of the dictionary that have an id */
    int64_t *datatype_ids;   /* by dictionary number - 1 */
    int64_t *source_of_load; /* by load.id, for loads from before */
    int64_t last_load;       /* load.id */
    int64_t old_load;        /* loads up to this id are from before this write */
    bool bulk;               /* the first load of a graph, into a file of its own */
    bool built;              /* its base is written */
    int lock;                /* descriptor of that file, locked; -1 = none */
    char building[4096];     /* its path */
    bool flushed;            /* a batch of this write lies in the tables already */
    kg_id_set touched;       /* terms whose labels may have changed */
    kg_id_set dropped;       /* terms that may be unused now */
    kg_id_set dropped_lists; /* qualifier lists likewise */
    kg_id_set classes;       /* id * 2 of each member that came, + 1 for one that went */
    kg_named *named;         /* in later loads; a first one writes its labels itself */
    size_t named_count, named_capacity;
    struct kg_names *names; /* labels that wait to be written (names.h) */
    kg_term_value *values;
    size_t value_count, value_capacity;
    kg_relation_change *relations;
    size_t relation_count, relation_capacity;
    kg_id type; /* rdf:type, 0 when the graph has none */
    kg_write_report report;
    int64_t terms, literals, labels, passages, statements; /* totals, kept as the write goes */
    int64_t last_label, labels_gone; /* numbers given; those that lists still hold, but are gone */
    int64_t later_gone;              /* rows of later loads likewise */
    char scope[16];                  /* prefix of the source's blank nodes */
};

bool kg_note_label(kg_write *w, uint32_t term, uint32_t literal, kg_label_kind kind);
bool kg_id_set_add(kg_id_set *set, uint64_t id);
void kg_id_set_sort(kg_id_set *set);                   /* ascending, distinct */
bool kg_id_set_has(const kg_id_set *set, uint64_t id); /* sorted sets only */
/* Grows *items (of `bytes` each) to hold one more; false when out of memory. */
bool kg_grow(void *items, size_t count, size_t *capacity, size_t bytes);

/* Begins the first load of a graph that is not there yet; w->bulk stays false when it is. */
status kg_bulk_begin(kg_write *w, error *err);
/* Puts the finished file into its place; never over another. */
status kg_bulk_commit(kg_write *w, error *err);
/* Forgets the file. */
void kg_bulk_rollback(kg_write *w);

/* Brings what is pending into the tables. */
status kg_flush(kg_write *w, error *err);
/* Gives ids to the dictionary's new terms. */
status kg_flush_terms(kg_write *w, error *err);
/* Brings a literal into the passage index if it is long enough. */
status kg_put_passage(kg_write *w, kg_term term, int64_t id, error *err);
/* Notes that a class won or lost a member; false when out of memory. */
bool kg_class_change(kg_write *w, kg_id class_id, bool gone);
/* Counts a statement of `relation` that came or went. */
status kg_count_relation(kg_write *w, kg_id relation, int added, error *err);
/* Takes out what each re-loaded source said and did not say again. */
status kg_remove_unsaid(kg_write *w, error *err);
/* Takes out all that the loads of one source said. */
status kg_remove_source(kg_write *w, int64_t source, error *err);
/* Counts of relations and classes that the write touched. */
status kg_derive_statistics(kg_write *w, error *err);
/* Labels, grams, unused terms, statistics, totals. */
status kg_derive(kg_write *w, error *err);

#endif
