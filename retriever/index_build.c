/* Builds the index block from a graph: reads every statement and every label once, sorts, and lays
 * the sections out behind one another. Memory: about 60 bytes a statement and 100 a name while it
 * runs. */
#include <stdlib.h>

#include "retriever/index.h"
#include "retriever/index_format.h"
#include "retriever/text.h"

#define RDF_TYPE "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
#define NAME_MAX_BYTES 240 /* longer texts are passages, not names */
#define NAME_MAX_TOKENS 40
#define TERM_BATCH 4096

typedef struct raw_edge {
    kg_id s, p, o;
} raw_edge;

typedef struct edge3 {
    uint32_t from, relation, to;
} edge3;

typedef struct vector { /* a growable array of fixed-size items */
    char *data;
    size_t count, capacity, each;
} vector;

typedef struct builder {
    kg_read *read;
    error *err;
    status status;
    arena *scratch;   /* reset between batches */
    vector raw;       /* raw_edge */
    vector ids;       /* uint64_t, sorted, unique */
    vector flags;     /* uint8_t per node */
    vector named;     /* uint8_t per node */
    vector classes;   /* uint32_t per node */
    vector relations; /* uint64_t */
    vector edges;     /* edge3 */
    vector names;     /* index_name_entry */
    vector chains;    /* index_chain_entry */
    buf text;
    size_t longest;
    uint32_t type_relation;
} builder;

static void *vector_push(vector *v, size_t count)
{
    if (v->count + count > v->capacity) {
        size_t capacity = v->capacity < 64 ? 64 : v->capacity * 2;
        while (capacity < v->count + count)
            capacity *= 2;
        char *grown = realloc(v->data, capacity * v->each);
        if (grown == NULL)
            return NULL;
        v->data = grown;
        v->capacity = capacity;
    }
    void *at = v->data + v->count * v->each;
    memset(at, 0, count * v->each);
    v->count += count;
    return at;
}

static bool failed(builder *b, status s)
{
    if (b->status == STATUS_OK && s != STATUS_OK)
        b->status = s;
    return b->status != STATUS_OK;
}

static bool out_of_memory(builder *b)
{
    failed(b, error_memory(b->err));
    return false;
}

/* --- nodes -------------------------------------------------------------------------------------
 */
static bool collect(void *context, const kg_statement *st)
{
    builder *b = context;
    raw_edge *e = vector_push(&b->raw, 1);
    if (e == NULL)
        return out_of_memory(b);
    *e = (raw_edge){st->s, st->p, st->o};
    return true;
}

static int compare_u64(const void *x, const void *y)
{
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

static size_t unique_u64(uint64_t *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || items[kept - 1] != items[i])
            items[kept++] = items[i];
    return kept;
}

static bool number_nodes(builder *b)
{
    const raw_edge *raw = (const raw_edge *)(void *)b->raw.data;
    uint64_t *ids = vector_push(&b->ids, b->raw.count * 2 + 1);
    if (ids == NULL)
        return out_of_memory(b);
    for (size_t i = 0; i < b->raw.count; i++) {
        ids[2 * i] = raw[i].s;
        ids[2 * i + 1] = raw[i].o;
    }
    b->ids.count = b->raw.count * 2;
    qsort(ids, b->ids.count, sizeof *ids, compare_u64);
    b->ids.count = unique_u64(ids, b->ids.count);
    size_t n = b->ids.count + 1;
    if (vector_push(&b->flags, n) == NULL || vector_push(&b->named, n) == NULL ||
        vector_push(&b->classes, n) == NULL)
        return out_of_memory(b);
    memset(b->classes.data, 0xff, n * sizeof(uint32_t));
    return true;
}

static uint32_t find_id(const vector *v, uint64_t id)
{
    const uint64_t *ids = (const uint64_t *)(void *)v->data;
    const uint64_t *at = v->count == 0 ? NULL : bsearch(&id, ids, v->count, sizeof id, compare_u64);
    return at == NULL ? INDEX_NONE : (uint32_t)(at - ids);
}

static bool number_relations(builder *b)
{
    kg_relation *relations = NULL;
    size_t count = 0;
    if (failed(b, kg_relations(b->read, b->scratch, &relations, &count, b->err)))
        return false;
    uint64_t *ids = vector_push(&b->relations, count + 1);
    if (ids == NULL)
        return out_of_memory(b);
    for (size_t i = 0; i < count; i++)
        ids[i] = relations[i].id;
    b->relations.count = count;
    qsort(ids, count, sizeof *ids, compare_u64);
    kg_id type = 0;
    kg_term term = {.kind = KG_TERM_IRI, .lexical = STR(RDF_TYPE)};
    if (failed(b, kg_find(b->read, term, &type, b->err)))
        return false;
    b->type_relation = type == 0 ? INDEX_NONE : find_id(&b->relations, type);
    arena_reset(b->scratch);
    return true;
}

/* --- edges -------------------------------------------------------------------------------------
 */
static int compare_edges(const void *x, const void *y)
{
    const edge3 *a = x, *b = y;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->relation != b->relation)
        return a->relation < b->relation ? -1 : 1;
    return a->to < b->to ? -1 : a->to > b->to;
}

/* Names and bookkeeping: what they lead to is no value. */
static size_t naming_relations(builder *b, uint32_t *out, size_t capacity)
{
    static const char *const iris[] = {
        "http://www.w3.org/2000/01/rdf-schema#label",
        "http://www.w3.org/2004/02/skos/core#prefLabel",
        "http://www.w3.org/2004/02/skos/core#altLabel",
        "http://schema.org/name",
        "https://schema.org/name",
        "http://www.geneontology.org/formats/oboInOwl#hasExactSynonym",
        "http://www.geneontology.org/formats/oboInOwl#hasRelatedSynonym",
        "http://www.geneontology.org/formats/oboInOwl#hasNarrowSynonym",
        "http://www.geneontology.org/formats/oboInOwl#hasBroadSynonym"};
    size_t n = 0;
    for (size_t i = 0; i < CORE_COUNT(iris) && n < capacity; i++) {
        kg_id id = 0;
        kg_term term = {.kind = KG_TERM_IRI, .lexical = str_from(iris[i])};
        if (failed(b, kg_find(b->read, term, &id, b->err)))
            return 0;
        uint32_t relation = id == 0 ? INDEX_NONE : find_id(&b->relations, id);
        if (relation != INDEX_NONE)
            out[n++] = relation;
    }
    return n;
}

static void mark_value(builder *b, const edge3 *e, const uint32_t *naming, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (naming[i] == e->relation)
            return;
    b->flags.data[e->to] |= 2;
}

static bool number_edges(builder *b)
{
    uint32_t naming[16];
    size_t naming_count = naming_relations(b, naming, CORE_COUNT(naming));
    const raw_edge *raw = (const raw_edge *)(void *)b->raw.data;
    edge3 *edges = vector_push(&b->edges, b->raw.count + 1);
    if (edges == NULL)
        return out_of_memory(b);
    size_t kept = 0;
    for (size_t i = 0; i < b->raw.count; i++) {
        edge3 e = {find_id(&b->ids, raw[i].s), find_id(&b->relations, raw[i].p),
                   find_id(&b->ids, raw[i].o)};
        if (e.relation == INDEX_NONE)
            continue;
        mark_value(b, &e, naming, naming_count);
        edges[kept++] = e;
    }
    b->edges.count = kept;
    free(b->raw.data);
    b->raw = (vector){.each = sizeof(raw_edge)};
    return true;
}

/* Each node's class: the rarest of those that it has. */
static bool assign_classes(builder *b)
{
    if (b->type_relation == INDEX_NONE)
        return true;
    uint32_t *members = calloc(b->ids.count + 1, sizeof *members);
    if (members == NULL)
        return out_of_memory(b);
    const edge3 *edges = (const edge3 *)(void *)b->edges.data;
    uint32_t *classes = (uint32_t *)(void *)b->classes.data;
    for (size_t i = 0; i < b->edges.count; i++)
        if (edges[i].relation == b->type_relation)
            members[edges[i].to]++;
    for (size_t i = 0; i < b->edges.count; i++) {
        if (edges[i].relation != b->type_relation)
            continue;
        uint32_t *own = &classes[edges[i].from];
        if (*own == INDEX_NONE || members[edges[i].to] < members[*own])
            *own = edges[i].to;
    }
    free(members);
    return true;
}

/* --- names -------------------------------------------------------------------------------------
 */
static bool add_chain(builder *b, uint64_t chain, uint32_t name, bool stem)
{
    index_chain_entry *e = vector_push(&b->chains, 1);
    if (e == NULL)
        return out_of_memory(b);
    *e = (index_chain_entry){.chain = chain, .name = name, .stem = stem};
    return true;
}

static bool add_name(builder *b, uint32_t node, kg_label_kind kind, bool literal, str text,
                     str lang)
{
    if (text.length > NAME_MAX_BYTES || text.length == 0)
        return true;
    text_tokens tokens = {0};
    error ignored = {0};
    if (text_tokenise(text, false, b->scratch, &tokens, &ignored) != STATUS_OK)
        return true;
    if (tokens.count == 0 || tokens.count > NAME_MAX_TOKENS)
        return true;
    uint64_t exact = 0, stem = 0;
    for (size_t i = 0; i < tokens.count; i++) {
        exact = text_chain(exact, tokens.items[i].hash);
        stem = text_chain(stem, tokens.items[i].stem);
    }
    index_name_entry *e = vector_push(&b->names, 1);
    if (e == NULL || b->text.length > UINT32_MAX - 1024)
        return out_of_memory(b);
    *e = (index_name_entry){.node = node,
                            .text = (uint32_t)b->text.length,
                            .length = (uint16_t)text.length,
                            .kind = (uint8_t)kind,
                            .literal = literal};
    memcpy(e->lang, lang.data == NULL ? "" : lang.data, lang.length < 4 ? lang.length : 4);
    buf_add(&b->text, text);
    if (tokens.count > b->longest)
        b->longest = tokens.count;
    uint32_t name = (uint32_t)(b->names.count - 1);
    return add_chain(b, exact, name, false) && (stem == exact || add_chain(b, stem, name, true));
}

static bool on_label(void *context, const kg_label *label)
{
    builder *b = context;
    uint32_t node = find_id(&b->ids, label->term);
    if (node == INDEX_NONE || find_id(&b->relations, label->term) != INDEX_NONE)
        return true;
    if (label->kind == KG_LABEL_PRIMARY)
        b->named.data[node] = 1;
    bool ok = add_name(b, node, label->kind, false, label->text, label->lang);
    if (arena_used(b->scratch) > (1u << 20))
        arena_reset(b->scratch);
    return ok;
}

/* Nodes that no label names are named by their own text (a literal's, an IRI's tail). */
static bool name_the_rest(builder *b)
{
    const uint64_t *ids = (const uint64_t *)(void *)b->ids.data;
    kg_term *terms = malloc(TERM_BATCH * sizeof *terms);
    if (terms == NULL)
        return out_of_memory(b);
    for (size_t from = 0; from < b->ids.count && b->status == STATUS_OK; from += TERM_BATCH) {
        size_t n = b->ids.count - from < TERM_BATCH ? b->ids.count - from : TERM_BATCH;
        arena_reset(b->scratch);
        if (failed(b, kg_terms(b->read, ids + from, n, b->scratch, terms, b->err)))
            break;
        for (size_t i = 0; i < n; i++) {
            bool literal = terms[i].kind == KG_TERM_LITERAL;
            bool value = (b->flags.data[from + i] & 2) != 0 || b->edges.count == 0;
            b->flags.data[from + i] = (char)(literal ? 1 : 0);
            if (b->named.data[from + i] || terms[i].kind == KG_TERM_BLANK || (literal && !value))
                continue;
            str text = literal ? terms[i].lexical : kg_iri_label(terms[i].lexical, b->scratch);
            if (!add_name(b, (uint32_t)(from + i), KG_LABEL_PRIMARY, literal, text, terms[i].lang))
                break;
        }
    }
    free(terms);
    return b->status == STATUS_OK;
}

static int compare_chains(const void *x, const void *y)
{
    const index_chain_entry *a = x, *b = y;
    if (a->chain != b->chain)
        return a->chain < b->chain ? -1 : 1;
    return a->name < b->name ? -1 : a->name > b->name;
}

/* --- writing -----------------------------------------------------------------------------------
 */
static void begin(buf *out, index_section s)
{
    while (out->length % 8 != 0)
        buf_add_char(out, '\0');
    if (out->failed)
        return;
    index_header *h = (index_header *)(void *)out->data;
    h->sections[s].offset = out->length;
}

static void end(buf *out, index_section s)
{
    if (out->failed)
        return;
    index_header *h = (index_header *)(void *)out->data;
    h->sections[s].bytes = out->length - h->sections[s].offset;
}

static void write_section(buf *out, index_section s, const void *data, size_t bytes)
{
    begin(out, s);
    buf_add(out, str_make(data, bytes));
    end(out, s);
}

static bool write_edges(builder *b, buf *out, bool inverse)
{
    edge3 *edges = (edge3 *)(void *)b->edges.data;
    size_t nodes = b->ids.count;
    if (inverse)
        for (size_t i = 0; i < b->edges.count; i++)
            edges[i] = (edge3){edges[i].to, edges[i].relation, edges[i].from};
    qsort(edges, b->edges.count, sizeof *edges, compare_edges);
    uint32_t *starts = calloc(nodes + 2, sizeof *starts);
    if (starts == NULL)
        return out_of_memory(b);
    for (size_t i = 0; i < b->edges.count; i++)
        starts[edges[i].from + 1]++;
    for (size_t i = 0; i < nodes; i++)
        starts[i + 1] += starts[i];
    write_section(out, inverse ? INDEX_IN_STARTS : INDEX_OUT_STARTS, starts,
                  (nodes + 1) * sizeof *starts);
    free(starts);
    index_section s = inverse ? INDEX_IN : INDEX_OUT;
    begin(out, s);
    for (size_t i = 0; i < b->edges.count; i++) {
        index_edge e = {edges[i].relation, edges[i].to};
        buf_add(out, str_make((const char *)&e, sizeof e));
    }
    end(out, s);
    return true;
}

static bool write_buckets(builder *b, buf *out, uint32_t bits)
{
    const index_chain_entry *chains = (const index_chain_entry *)(void *)b->chains.data;
    size_t buckets = (size_t)1 << bits;
    uint32_t *starts = calloc(buckets + 1, sizeof *starts);
    if (starts == NULL)
        return out_of_memory(b);
    for (size_t i = 0; i < b->chains.count; i++)
        starts[(bits == 0 ? 0 : chains[i].chain >> (64 - bits)) + 1]++;
    for (size_t i = 0; i < buckets; i++)
        starts[i + 1] += starts[i];
    write_section(out, INDEX_BUCKETS, starts, (buckets + 1) * sizeof *starts);
    free(starts);
    return true;
}

static bool write_block(builder *b, buf *out)
{
    index_header header = {.magic = INDEX_MAGIC,
                           .version = kg_read_version(b->read),
                           .nodes = b->ids.count,
                           .relations = b->relations.count,
                           .names = b->names.count,
                           .chains = b->chains.count,
                           .edges = b->edges.count,
                           .longest_name = (uint32_t)b->longest};
    str uuid = kg_graph_uuid(b->read);
    memcpy(header.uuid, uuid.data, uuid.length < 32 ? uuid.length : 32);
    while (((size_t)1 << header.bucket_bits) < b->chains.count && header.bucket_bits < 24)
        header.bucket_bits++;
    buf_add(out, str_make((const char *)&header, sizeof header));
    write_section(out, INDEX_IDS, b->ids.data, b->ids.count * 8);
    write_section(out, INDEX_FLAGS, b->flags.data, b->ids.count);
    write_section(out, INDEX_CLASSES, b->classes.data, b->ids.count * 4);
    write_section(out, INDEX_RELATIONS, b->relations.data, b->relations.count * 8);
    if (!write_edges(b, out, false) || !write_edges(b, out, true))
        return false;
    if (b->chains.count > 1)
        qsort(b->chains.data, b->chains.count, sizeof(index_chain_entry), compare_chains);
    write_section(out, INDEX_NAMES, b->names.data, b->names.count * sizeof(index_name_entry));
    write_section(out, INDEX_CHAINS, b->chains.data, b->chains.count * sizeof(index_chain_entry));
    if (!write_buckets(b, out, header.bucket_bits))
        return false;
    write_section(out, INDEX_TEXT, b->text.data, b->text.length);
    if (out->failed)
        return out_of_memory(b);
    ((index_header *)(void *)out->data)->bytes = out->length;
    return true;
}

static bool run(builder *b, buf *out)
{
    kg_totals totals = {0};
    if (failed(b, kg_read_totals(b->read, &totals, b->err)))
        return false;
    kg_pattern all = {0};
    if (failed(b, kg_match_each(b->read, &all, collect, b, b->err)) || !number_nodes(b) ||
        !number_relations(b))
        return false;
    if (totals.statements <= INDEX_MAX_EDGES && (!number_edges(b) || !assign_classes(b)))
        return false;
    if (failed(b, kg_label_each(b->read, on_label, b, b->err)) || !name_the_rest(b))
        return false;
    return write_block(b, out);
}

status index_build(kg_read *read, buf *out, error *err)
{
    builder b = {.read = read, .err = err, .scratch = arena_new(0)};
    b.raw.each = sizeof(raw_edge);
    b.ids.each = b.relations.each = sizeof(uint64_t);
    b.flags.each = b.named.each = 1;
    b.classes.each = sizeof(uint32_t);
    b.edges.each = sizeof(edge3);
    b.names.each = sizeof(index_name_entry);
    b.chains.each = sizeof(index_chain_entry);
    if (b.scratch == NULL)
        return error_memory(err);
    run(&b, out);
    vector *all[] = {&b.raw,       &b.ids,   &b.flags, &b.named, &b.classes,
                     &b.relations, &b.edges, &b.names, &b.chains};
    for (size_t i = 0; i < CORE_COUNT(all); i++)
        free(all[i]->data);
    buf_free(&b.text);
    arena_free(b.scratch);
    if (b.status != STATUS_OK)
        buf_free(out);
    return b.status;
}
