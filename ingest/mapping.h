/* A mapping: which column of a table, or key of a JSON object, is which term (docs/MAPPINGS.md,
 * schemas/mapping.schema.json). Immutable once read; everything in it lives until
 * ingest_mapping_free. Errors name the JSON pointer of what is wrong. */
#ifndef VOUCH_INGEST_MAPPING_H
#define VOUCH_INGEST_MAPPING_H

#include "ingest/reader.h"

typedef enum mapping_object {
    MAPPING_ENTITY = 1, /* urn:vouch:<namespace>:<text> */
    MAPPING_LITERAL,
    MAPPING_IRI,  /* the cell is an IRI itself */
    MAPPING_ALIAS /* a name of the subject: an alias, and a literal of the relation */
} mapping_object;

typedef struct mapping_strs {
    str *items;
    size_t count;
} mapping_strs;

/* How the text of a cell becomes values. */
typedef struct mapping_cell {
    str column;         /* a header's name, a JSON key (a.b for nested ones); empty = by number */
    size_t number;      /* 1-based; 0 = by name */
    mapping_strs split; /* separators between values; none = one value */
    mapping_strs strip; /* residue that is removed wherever it stands */
    mapping_strs strip_ending;
    mapping_strs drop;          /* fillers: a value that equals one is no value */
    mapping_strs reject_ending; /* a value that ends so was cut off: reported, not loaded */
    mapping_strs replace;       /* pairs: from, to */
    str unit;                   /* put behind a bare number */
} mapping_cell;

typedef struct mapping_column {
    mapping_cell cell;
    mapping_object object;
    str relation;          /* its IRI */
    str class_name, space; /* of entities; `space` is the class unless "namespace" says otherwise */
    str lang, datatype;
    kg_value_kind value; /* what a literal should hold; NONE = anything */
} mapping_column;

/* What one value of the predicate's column means. */
typedef struct mapping_predicate {
    str name;
    str relation; /* its IRI */
    mapping_object object;
    str class_name, space, subject_class, subject_space;
    kg_value_kind value;
} mapping_predicate;

typedef struct mapping_name {
    str iri, text, lang;
    bool alias, is_class;
} mapping_name;

struct ingest_mapping {
    arena *memory;
    str name, pack, lang;
    bool header;            /* the first row names the columns */
    bool reject_extra;      /* a row with text in columns that have no name is shifted */
    char separator;         /* 0 = the format's own */
    str records;            /* JSON: key of the array of records; empty = the document */
    mapping_column subject; /* column, class, space */
    bool has_predicate;
    mapping_cell predicate;
    mapping_predicate *predicates;
    size_t predicate_count;
    mapping_column object; /* with a predicate only */
    mapping_column *columns;
    size_t column_count;
    mapping_cell valid_from, valid_to, confidence; /* column empty and number 0 = none */
    mapping_name *names;                           /* labels of relations and classes */
    size_t name_count;
};

/* From a JSON text; `where` names it in errors. */
status ingest_mapping_parse(str json, const char *where, ingest_mapping **out, error *err);
status ingest_mapping_open(const char *path, ingest_mapping **out, error *err);
void ingest_mapping_free(ingest_mapping *mapping);

/* The mapping of a table of subject, relation, object without one of its own. */
status ingest_mapping_triples(ingest_mapping **out, error *err);

#endif
