/* See link.h. Each name is looked up once: answers are kept by its hash. */
#include "ingest/link.h"

#include <stdlib.h>

#define CANDIDATES 32 /* a name of more nodes than that is not clear anyway */

typedef struct answer {
    uint64_t hash; /* 0 = free */
    str iri;
} answer;

struct ingest_linker {
    kg_read *read;
    arena *kept, *work;
    kg_id *predicates;
    size_t predicate_count;
    kg_class_count *classes;
    size_t class_count;
    answer *answers; /* open addressing, at most half full */
    size_t capacity, count;
    uint64_t linked;
};

static status take_schema(ingest_linker *l, error *err)
{
    kg_relation *relations = NULL;
    status st = kg_relations(l->read, l->kept, &relations, &l->predicate_count, err);
    if (st == STATUS_OK)
        st = kg_classes(l->read, l->kept, &l->classes, &l->class_count, err);
    if (st != STATUS_OK)
        return st;
    l->predicates = ARENA_ARRAY(l->kept, kg_id, l->predicate_count + 1);
    if (l->predicates == NULL)
        return error_memory(err);
    for (size_t i = 0; i < l->predicate_count; i++)
        l->predicates[i] = relations[i].id;
    return STATUS_OK;
}

status ingest_linker_new(kg_read *read, ingest_linker **out, error *err)
{
    ingest_linker *l = calloc(1, sizeof *l);
    if (l == NULL)
        return error_memory(err);
    *l = (ingest_linker){.read = read, .kept = arena_new(0), .work = arena_new(0)};
    status st = l->kept == NULL || l->work == NULL ? error_memory(err) : take_schema(l, err);
    if (st != STATUS_OK) {
        ingest_linker_free(l);
        return st;
    }
    *out = l;
    return STATUS_OK;
}

void ingest_linker_free(ingest_linker *l)
{
    if (l == NULL)
        return;
    arena_free(l->kept);
    arena_free(l->work);
    free(l->answers);
    free(l);
}

static bool is_predicate(const ingest_linker *l, kg_id id)
{
    for (size_t i = 0; i < l->predicate_count; i++)
        if (l->predicates[i] == id)
            return true;
    return false;
}

static bool is_class(const ingest_linker *l, kg_id id)
{
    for (size_t i = 0; i < l->class_count; i++)
        if (l->classes[i].class_id == id)
            return true;
    return false;
}

/* Is the hit the node's own name, and no alias? */
static bool is_primary(ingest_linker *l, const kg_hit *hit)
{
    kg_label *labels = NULL;
    size_t count = 0;
    error ignored = {0};
    if (kg_label_list(l->read, hit->term, l->work, &labels, &count, &ignored) != STATUS_OK)
        return false;
    for (size_t i = 0; i < count; i++)
        if (labels[i].kind == KG_LABEL_PRIMARY && str_equal(labels[i].text, hit->text))
            return true;
    return false;
}

/* An IRI that a plain table made of a name: it is no other thing than that name, so that a table
 * with two spellings does not link one to the other when it is loaded again. */
static bool is_made(const ingest_linker *l, str iri, str own, str text)
{
    size_t space = 0; /* the end of urn:vouch:e: or urn:vouch:r: */
    for (size_t colons = 0; space < own.length && colons < 3; space++)
        colons += own.data[space] == ':';
    return str_starts(iri, str_slice(own, 0, space)) && str_equal(kg_iri_label(iri, l->work), text);
}

/* The one IRI of that name among the predicates, or among the other nodes; empty = none, several.
 */
static str look_up(ingest_linker *l, str name, str own, bool predicate)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_id found = 0;
    str iri = {0};
    error ignored = {0};
    const kg_search_options exact = {.exact_only = true, .limit = CANDIDATES};
    if (kg_label_search(l->read, name, &exact, l->work, &hits, &count, &ignored) != STATUS_OK ||
        count == CANDIDATES)
        return iri;
    for (size_t i = 0; i < count; i++) {
        kg_id id = hits[i].term;
        kg_term term = {0};
        if (id == found || is_predicate(l, id) != predicate || (!predicate && is_class(l, id)) ||
            !is_primary(l, &hits[i]) ||
            kg_terms(l->read, &id, 1, l->work, &term, &ignored) != STATUS_OK ||
            term.kind != KG_TERM_IRI || is_made(l, term.lexical, own, hits[i].text))
            continue;
        if (found != 0)
            return (str){0};
        found = id;
        iri = term.lexical;
    }
    return str_empty(iri) ? iri : arena_str(l->kept, iri);
}

static size_t slot_of(const answer *answers, size_t capacity, uint64_t hash)
{
    size_t i = (size_t)hash & (capacity - 1);
    while (answers[i].hash != 0 && answers[i].hash != hash)
        i = (i + 1) & (capacity - 1);
    return i;
}

static bool grow(ingest_linker *l)
{
    size_t capacity = l->capacity == 0 ? 1024 : l->capacity * 2;
    answer *answers = calloc(capacity, sizeof *answers);
    if (answers == NULL)
        return false;
    for (size_t i = 0; i < l->capacity; i++)
        if (l->answers[i].hash != 0)
            answers[slot_of(answers, capacity, l->answers[i].hash)] = l->answers[i];
    free(l->answers);
    l->answers = answers;
    l->capacity = capacity;
    return true;
}

static str ask(ingest_linker *l, str name, str own, bool predicate)
{
    uint64_t hash = str_hash(name, predicate ? 1 : 0);
    hash += hash == 0;
    if (l->count * 2 >= l->capacity && !grow(l))
        return (str){0};
    answer *a = &l->answers[slot_of(l->answers, l->capacity, hash)];
    if (a->hash == 0) {
        *a = (answer){hash, look_up(l, name, own, predicate)};
        arena_reset(l->work);
        l->count++;
        l->linked += !str_empty(a->iri);
    }
    return a->iri;
}

str ingest_linker_node(ingest_linker *l, str name, str own)
{
    return ask(l, name, own, false);
}

str ingest_linker_relation(ingest_linker *l, str name, str own)
{
    return ask(l, name, own, true);
}

uint64_t ingest_linker_count(const ingest_linker *l)
{
    return l->linked;
}
