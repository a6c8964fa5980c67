/* Finds the names of a parsed logical form in the graph: relations and classes among the graph's
 * relations and classes by label or by the tail of their IRI; everything else by exact label, an
 * exact primary label before an alias, and as a literal's own text last. */
#include "retriever/logical_form.h"

typedef struct resolver {
    kg_read *read;
    arena *a;
    error *err;
    kg_relation *relations;
    str *relation_labels;
    kg_term *relation_terms;
    size_t relation_count;
} resolver;

static status load_relations(resolver *r)
{
    if (r->relations != NULL)
        return STATUS_OK;
    status s = kg_relations(r->read, r->a, &r->relations, &r->relation_count, r->err);
    if (s != STATUS_OK || r->relation_count == 0)
        return s;
    kg_id *ids = ARENA_ARRAY(r->a, kg_id, r->relation_count);
    r->relation_labels = ARENA_ARRAY(r->a, str, r->relation_count);
    r->relation_terms = ARENA_ARRAY(r->a, kg_term, r->relation_count);
    if (ids == NULL || r->relation_labels == NULL || r->relation_terms == NULL)
        return error_memory(r->err);
    for (size_t i = 0; i < r->relation_count; i++)
        ids[i] = r->relations[i].id;
    s = kg_labels(r->read, ids, r->relation_count, (str){0}, r->a, r->relation_labels, r->err);
    if (s == STATUS_OK)
        s = kg_terms(r->read, ids, r->relation_count, r->a, r->relation_terms, r->err);
    return s;
}

static status resolve_iri(resolver *r, lf_name *name)
{
    kg_term term = {.kind = KG_TERM_IRI, .lexical = name->iri};
    status s = kg_find(r->read, term, &name->id, r->err);
    if (s != STATUS_OK)
        return s;
    if (name->id == 0)
        return error_set(r->err, STATUS_NOT_FOUND, "the graph does not hold <%.*s>",
                         STR_ARG(name->iri));
    return kg_labels(r->read, &name->id, 1, (str){0}, r->a, &name->label, r->err);
}

static status unknown(resolver *r, const char *what, str label)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.limit = 3};
    error ignored = {0};
    if (kg_label_search(r->read, label, &options, r->a, &hits, &count, &ignored) == STATUS_OK &&
        count > 0)
        return error_set(r->err, STATUS_NOT_FOUND,
                         "the graph has no %s \"%.*s\"; the nearest name is \"%.*s\"", what,
                         STR_ARG(label), STR_ARG(hits[0].text));
    return error_set(r->err, STATUS_NOT_FOUND, "the graph has no %s \"%.*s\"", what,
                     STR_ARG(label));
}

static status resolve_relation(resolver *r, lf_name *name)
{
    if (name->id != 0)
        return STATUS_OK;
    if (!str_empty(name->iri))
        return resolve_iri(r, name);
    status s = load_relations(r);
    if (s != STATUS_OK)
        return s;
    str wanted = kg_normalise(name->label, r->a);
    for (size_t i = 0; i < r->relation_count; i++) {
        str tail = kg_iri_label(r->relation_terms[i].lexical, r->a);
        if (!str_equal(kg_normalise(r->relation_labels[i], r->a), wanted) &&
            !str_equal(kg_normalise(tail, r->a), wanted))
            continue;
        name->id = r->relations[i].id;
        name->iri = r->relation_terms[i].lexical;
        name->label = r->relation_labels[i];
        return STATUS_OK;
    }
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.exact_only = true, .limit = 50};
    s = kg_label_search(r->read, name->label, &options, r->a, &hits, &count, r->err);
    for (size_t h = 0; s == STATUS_OK && h < count; h++)
        for (size_t i = 0; i < r->relation_count; i++)
            if (r->relations[i].id == hits[h].term) {
                name->id = hits[h].term;
                name->iri = r->relation_terms[i].lexical;
                return STATUS_OK;
            }
    return s != STATUS_OK ? s : unknown(r, "relation", name->label);
}

/* Fills iri and label of a node whose id is known. */
static status describe(resolver *r, lf_name *name)
{
    kg_term term;
    status s = kg_terms(r->read, &name->id, 1, r->a, &term, r->err);
    if (s != STATUS_OK)
        return s;
    if (term.kind == KG_TERM_IRI)
        name->iri = term.lexical;
    return kg_labels(r->read, &name->id, 1, (str){0}, r->a, &name->label, r->err);
}

static status ambiguous(resolver *r, str label, kg_id first, kg_id second)
{
    kg_id ids[2] = {first, second};
    kg_term terms[2];
    status s = kg_terms(r->read, ids, 2, r->a, terms, r->err);
    if (s != STATUS_OK)
        return s;
    return error_set(r->err, STATUS_NOT_FOUND,
                     "\"%.*s\" names several: <%.*s>, <%.*s>; use the <IRI>", STR_ARG(label),
                     STR_ARG(terms[0].lexical), STR_ARG(terms[1].lexical));
}

/* Picks the node that `label` names: a primary label beats an alias; two of the same kind are
 * ambiguous. *out 0 when there is none. */
static status named_node(resolver *r, str label, bool class_place, kg_id *out)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.exact_only = true, .limit = 20};
    status s = kg_label_search(r->read, label, &options, r->a, &hits, &count, r->err);
    if (s != STATUS_OK)
        return s;
    kg_id best = 0;
    kg_id rival = 0;
    int best_rank = -1;
    for (size_t i = 0; i < count; i++) {
        str primary;
        s = kg_labels(r->read, &hits[i].term, 1, (str){0}, r->a, &primary, r->err);
        if (s != STATUS_OK)
            return s;
        int rank = str_equal(kg_normalise(primary, r->a), kg_normalise(label, r->a)) ? 1 : 0;
        if (rank > best_rank) {
            best = hits[i].term;
            best_rank = rank;
            rival = 0;
        } else if (rank == best_rank && hits[i].term != best) {
            rival = hits[i].term;
        }
    }
    if (rival != 0 && !class_place)
        return ambiguous(r, label, best, rival);
    *out = best;
    if (best != 0)
        return STATUS_OK;
    return kg_find(r->read, (kg_term){.kind = KG_TERM_LITERAL, .lexical = label}, out, r->err);
}

static status resolve_entity(resolver *r, lf_name *name, bool class_place)
{
    if (name->id != 0)
        return STATUS_OK;
    if (!str_empty(name->iri))
        return resolve_iri(r, name);
    kg_id id = 0;
    status s = named_node(r, name->label, class_place, &id);
    if (s != STATUS_OK)
        return s;
    if (id == 0)
        return unknown(r, class_place ? "class" : "entity", name->label);
    name->id = id;
    return describe(r, name);
}

/* A constant in FILTER or ASK may be a node, or only a value. */
static status resolve_constant(resolver *r, lf_node *node)
{
    error local = {0};
    error *outer = r->err;
    r->err = &local;
    status s = resolve_entity(r, &node->name, false);
    r->err = outer;
    if (s == STATUS_OK)
        return STATUS_OK;
    if (s != STATUS_NOT_FOUND || !str_empty(node->name.iri))
        return error_set(outer, s, "%s", local.message);
    node->op = LF_VALUE;
    node->value = kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = node->name.label});
    return STATUS_OK;
}

static const lf_node *resolve(resolver *r, const lf_node *form, bool constant, status *s)
{
    if (form == NULL || *s != STATUS_OK)
        return form;
    lf_node *node = ARENA_NEW(r->a, lf_node);
    if (node == NULL) {
        *s = error_memory(r->err);
        return NULL;
    }
    *node = *form;
    if (form->op == LF_ENTITY)
        *s = constant ? resolve_constant(r, node) : resolve_entity(r, &node->name, false);
    else if (form->op == LF_TYPE)
        *s = resolve_entity(r, &node->name, true);
    else if (!str_empty(form->step.relation.iri) || !str_empty(form->step.relation.label))
        *s = resolve_relation(r, &node->step.relation);
    node->a = resolve(r, form->a, false, s);
    node->b = resolve(r, form->b, form->op == LF_FILTER || form->op == LF_ASK, s);
    return node;
}

status lf_resolve(kg_read *read, const lf_node *form, arena *a, const lf_node **out, error *err)
{
    resolver r = {.read = read, .a = a, .err = err};
    status s = STATUS_OK;
    const lf_node *resolved = resolve(&r, form, false, &s);
    if (s == STATUS_OK)
        *out = resolved;
    return s;
}
