/* What planning needs of one version of a graph, in one flat block: names by hash, adjacency,
 * classes. It is derived from the graph alone, kept beside it
 * (NAME.kg.lexicon) and mapped; it is made again when the graph's version differs, and stays in
 * memory where it cannot be written. Immutable after opening, shared by threads. Planning only:
 * answers always come from the graph itself, with validity. */
#ifndef VOUCH_RETRIEVER_INDEX_H
#define VOUCH_RETRIEVER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/str.h"
#include "kg/store.h"

/* A node's dense number inside the index. */
typedef uint32_t index_node;
#define INDEX_NONE UINT32_MAX

typedef struct graph_index graph_index;

/* `cache`: NAME.kg.lexicon may be read and written. */
status index_open(kg_store *store, kg_read *read, bool cache, graph_index **out, error *err);
void index_close(graph_index *index);
uint64_t index_version(const graph_index *index);

size_t index_node_count(const graph_index *index);
size_t index_relation_count(const graph_index *index);
index_node index_find(const graph_index *index, kg_id id); /* INDEX_NONE when unknown */
kg_id index_id(const graph_index *index, index_node node);
kg_id index_relation_id(const graph_index *index, uint32_t relation);
uint32_t index_relation_find(const graph_index *index, kg_id id);
bool index_is_literal(const graph_index *index, index_node node);
/* Whether adjacency is there (graphs above 16 million statements go without). */
bool index_has_edges(const graph_index *index);

typedef struct index_edge {
    uint32_t relation;
    index_node node;
} index_edge;
/* Edges of a node, ordered by (relation, node); inverse: those that end in it. */
const index_edge *index_edges(const graph_index *index, index_node node, bool inverse,
                              size_t *count);
/* Those of one relation. */
const index_edge *index_edges_of(const graph_index *index, index_node node, uint32_t relation,
                                 bool inverse, size_t *count);
size_t index_degree(const graph_index *index, index_node node);
/* Most specific class (the rarest that the node has), INDEX_NONE without. */
index_node index_class(const graph_index *index, index_node node);

typedef struct index_name {
    index_node node;
    kg_label_kind kind;
    bool literal; /* the name is a literal's own text */
    bool stem;    /* matched without its ending */
    str text;
    str lang;
} index_name;
/* Names whose token chain (text_chain over hashes, or over stems) is `chain`; calls back until
 * false. */
typedef bool (*index_name_visit)(void *context, const index_name *name);
void index_names(const graph_index *index, uint64_t chain, index_name_visit visit, void *context);
/* Longest name in tokens. */
size_t index_longest_name(const graph_index *index);
/* How many names hold the token (by stem), for idf; names in all. */
size_t index_name_count(const graph_index *index);

#endif
