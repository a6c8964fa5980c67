/* What is known about the relations and classes of one graph, joined from the graph's own
 * statistics, its domain pack and the shared list of relation concepts (schemas/concepts.tsv).
 * Made once per graph version, immutable afterwards, shared by threads. */
#ifndef VOUCH_RETRIEVER_SCHEMA_H
#define VOUCH_RETRIEVER_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/str.h"
#include "kg/store.h"

/* One way of saying a relation. */
typedef struct retriever_alias {
    str text;     /* as written */
    str lang;     /* may be empty */
    bool inverse; /* said from the object's side ("directed" for directed_by) */
    float weight; /* 1 = the label itself or the pack's alias; lower = inherited */
} retriever_alias;

typedef struct retriever_relation {
    kg_id id;
    str iri, label; /* main label */
    const retriever_alias *aliases;
    size_t alias_count;
    kg_relation stats;
    kg_id inverse_of; /* 0 = none known */
    bool complete, functional, symmetric, transitive;
    bool naming;                   /* labels, types, bookkeeping: never an answer by itself */
    str subject_type, object_type; /* kinds of thing ("person", "film", "date"); may be empty */
} retriever_relation;

typedef struct retriever_class {
    kg_id id;
    str iri, label;
    const retriever_alias *aliases;
    size_t alias_count;
    uint64_t members;
} retriever_class;

typedef struct retriever_schema {
    const retriever_relation *relations; /* by ascending id */
    size_t relation_count;
    const retriever_class *classes;
    size_t class_count;
    kg_id type_relation;     /* rdf:type in this graph, 0 = none */
    kg_id subclass_relation; /* rdfs:subClassOf or is_a, 0 = none */
} retriever_schema;

/* NULL when there is none. */
const retriever_relation *retriever_schema_relation(const retriever_schema *schema, kg_id id);
const retriever_class *retriever_schema_class(const retriever_schema *schema, kg_id id);

#endif
