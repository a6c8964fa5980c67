/* See apoc_nodes.h. An id is known by its hash of 64 bits. */
#include "ingest/apoc_nodes.h"

#include <inttypes.h>
#include <stdlib.h>

#include "kg/term.h"

struct ingest_apoc_node {
    uint64_t id; /* hash; 0 = free */
    uint32_t mark;
};

void ingest_apoc_nodes_free(ingest_apoc_nodes *nodes)
{
    free(nodes->slots);
    *nodes = (ingest_apoc_nodes){0};
}

static uint64_t hash_of(str id)
{
    uint64_t hash = str_hash(id, 0);
    return hash + (hash == 0);
}

static struct ingest_apoc_node *slot_of(struct ingest_apoc_node *slots, size_t capacity,
                                        uint64_t id)
{
    size_t i = (size_t)id & (capacity - 1);
    while (slots[i].id != 0 && slots[i].id != id)
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

static bool grow(ingest_apoc_nodes *nodes)
{
    size_t capacity = nodes->capacity == 0 ? 1024 : nodes->capacity * 2;
    struct ingest_apoc_node *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < nodes->capacity; i++)
        if (nodes->slots[i].id != 0)
            *slot_of(slots, capacity, nodes->slots[i].id) = nodes->slots[i];
    free(nodes->slots);
    nodes->slots = slots;
    nodes->capacity = capacity;
    return true;
}

/* The same for every order of the labels and of the properties. */
static bool mark_of(str name, const json_t *labels, const json_t *properties, uint32_t *out)
{
    uint64_t mark = str_hash(name, 1);
    for (size_t i = 0; i < json_array_size(labels); i++) {
        const json_t *label = json_array_get(labels, i);
        if (json_is_string(label))
            mark += str_hash(str_make(json_string_value(label), json_string_length(label)), 2);
    }
    if (str_empty(name) && json_object_size(properties) > 0) {
        char *text = json_dumps(properties, JSON_COMPACT | JSON_SORT_KEYS);
        if (text == NULL)
            return false;
        mark += str_hash(str_from(text), 3);
        free(text);
    }
    *out = (uint32_t)(mark ^ mark >> 32);
    return true;
}

bool ingest_apoc_nodes_put(ingest_apoc_nodes *nodes, str id, str name, const json_t *labels,
                           const json_t *properties)
{
    uint32_t mark;
    if (!mark_of(name, labels, properties, &mark) ||
        (nodes->count * 2 >= nodes->capacity && !grow(nodes)))
        return false;
    struct ingest_apoc_node *slot = slot_of(nodes->slots, nodes->capacity, hash_of(id));
    nodes->count += slot->id == 0;
    *slot = (struct ingest_apoc_node){hash_of(id), mark};
    return true;
}

bool ingest_apoc_nodes_has(const ingest_apoc_nodes *nodes, str id)
{
    return nodes->capacity > 0 && slot_of(nodes->slots, nodes->capacity, hash_of(id))->id != 0;
}

str ingest_apoc_nodes_iri(const ingest_apoc_nodes *nodes, str id, arena *a)
{
    if (!ingest_apoc_nodes_has(nodes, id))
        return kg_iri_make(STR("n"), id, a);
    uint32_t mark = slot_of(nodes->slots, nodes->capacity, hash_of(id))->mark;
    const char *text = arena_printf(a, "%.*s:%08" PRIx32, STR_ARG(id), mark);
    if (text == NULL)
        return (str){0};
    return kg_iri_make(STR("n"), str_from(text), a);
}
