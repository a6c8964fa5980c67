/* See validate.h. Types are kept as 64-bit hashes of (node, class index). */
#include "ingest/validate.h"

#include <stdlib.h>

#include "ingest/seen.h"

#define RELATION_SLOTS                                                                             \
    ((size_t)1024) /* relations of a graph whose place in the pack is remembered */

typedef struct known_relation {
    uint64_t hash; /* of its IRI; 0 = empty */
    size_t index;  /* in the pack; PACK_NONE = unknown */
} known_relation;

struct ingest_validator {
    ingest_sink sink; /* its context is this */
    const ingest_sink *to;
    const pack *pack;
    bool strict;
    known_relation relations[RELATION_SLOTS];
    ingest_seen types;    /* (node, class) */
    ingest_seen typed;    /* nodes of a class that the pack knows */
    ingest_seen reported; /* (what, relation, class) said once */
};

static bool bookkeeping(str iri)
{
    return str_starts(iri, STR(INGEST_RDF)) || str_starts(iri, STR(INGEST_RDFS)) ||
           str_starts(iri, STR(INGEST_SKOS)) ||
           str_starts(iri, STR("http://www.w3.org/2002/07/owl#"));
}

static size_t find_relation(ingest_validator *v, str iri)
{
    uint64_t h = str_hash(iri, 0) | 1;
    known_relation *slot = &v->relations[h % RELATION_SLOTS];
    if (slot->hash == h)
        return slot->index;
    arena *a = arena_new((size_t)1 << 16);
    str label = a == NULL ? str_make(NULL, 0) : kg_iri_label(iri, a);
    *slot = (known_relation){h, pack_relation_find(v->pack, iri, label)};
    arena_free(a);
    return slot->index;
}

/* Remembers an rdf:type statement. */
static void learn(ingest_validator *v, const kg_new_statement *st)
{
    size_t index = pack_class_find(v->pack, st->o.lexical, (str){0});
    if (index == PACK_NONE)
        return;
    uint64_t node = str_hash(st->s.lexical, 0);
    ingest_seen_add(&v->typed, node);
    ingest_seen_add(&v->types, node ^ (0x9e3779b97f4a7c15u * (index + 1)));
}

/* Is the node of one of the classes? A node that the pack cannot place is not judged. */
static bool fits(const ingest_validator *v, str node, const size_t *classes, size_t count)
{
    uint64_t h = str_hash(node, 0);
    if (count == 0 || !ingest_seen_has(&v->typed, h))
        return true;
    for (size_t i = 0; i < count; i++)
        if (ingest_seen_has(&v->types, h ^ (0x9e3779b97f4a7c15u * (classes[i] + 1))))
            return true;
    return false;
}

static const char *judge(ingest_validator *v, const kg_new_statement *st, bool *once)
{
    *once = false;
    size_t index = find_relation(v, st->p.lexical);
    if (index == PACK_NONE) {
        *once = true;
        return "the pack does not know the relation";
    }
    size_t count;
    const pack_relation *r = &pack_relations(v->pack, &count)[index];
    if (!fits(v, st->s.lexical, r->domain, r->domain_count))
        return "the subject's class is outside the relation's domain";
    if (st->o.kind != KG_TERM_LITERAL && !fits(v, st->o.lexical, r->range, r->range_count))
        return "the object's class is outside the relation's range";
    if (r->value != KG_VALUE_NONE && st->o.kind == KG_TERM_LITERAL &&
        kg_value_of(st->o).kind != r->value)
        return "the value cannot be read as what the relation holds";
    return NULL;
}

static status validator_add(void *context, const kg_new_statement *st, error *err)
{
    ingest_validator *v = context;
    bool once = false;
    const char *wrong = NULL;
    if (str_equal(st->p.lexical, STR(INGEST_RDF "type")))
        learn(v, st);
    else if (!bookkeeping(st->p.lexical))
        wrong = judge(v, st, &once);
    if (wrong == NULL)
        return v->to->add(v->to->context, st, err);
    bool say = v->strict || !once || ingest_seen_add(&v->reported, str_hash(st->p.lexical, 1));
    if (say) {
        str text = once ? st->p.lexical : st->o.lexical;
        status code = v->strict ? ingest_reject(v->to, st->line, 0, text, err, "%s: %.*s", wrong,
                                                STR_ARG(st->p.lexical))
                                : ingest_note(v->to, st->line, 0, text, err, "%s: %.*s", wrong,
                                              STR_ARG(st->p.lexical));
        if (code != STATUS_OK)
            return code;
    }
    return v->strict ? STATUS_OK : v->to->add(v->to->context, st, err);
}

static status validator_label(void *context, kg_term term, kg_label_kind kind, str text, str lang,
                              error *err)
{
    const ingest_validator *v = context;
    return v->to->label(v->to->context, term, kind, text, lang, err);
}

static status validator_problem(void *context, const ingest_problem *problem, error *err)
{
    const ingest_validator *v = context;
    return v->to->problem(v->to->context, problem, err);
}

static status validator_source(void *context, str name, str format, double authority, error *err)
{
    const ingest_validator *v = context;
    return v->to->source(v->to->context, name, format, authority, err);
}

static status validator_meta(void *context, str key, str value, error *err)
{
    const ingest_validator *v = context;
    return v->to->meta(v->to->context, key, value, err);
}

status ingest_validator_new(const pack *p, bool strict, const ingest_sink *to,
                            ingest_validator **out, error *err)
{
    ingest_validator *v = calloc(1, sizeof *v);
    if (v == NULL)
        return error_memory(err);
    v->sink = (ingest_sink){v,
                            validator_add,
                            validator_label,
                            validator_problem,
                            to->source == NULL ? NULL : validator_source,
                            to->meta == NULL ? NULL : validator_meta};
    v->to = to;
    v->pack = p;
    v->strict = strict;
    *out = v;
    return STATUS_OK;
}

void ingest_validator_free(ingest_validator *v)
{
    if (v == NULL)
        return;
    ingest_seen_free(&v->types);
    ingest_seen_free(&v->typed);
    ingest_seen_free(&v->reported);
    free(v);
}

const ingest_sink *ingest_validator_sink(const ingest_validator *v)
{
    return &v->sink;
}
