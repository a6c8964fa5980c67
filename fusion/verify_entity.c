/* See verify_judge.h: one name as an object. */
#include "fusion/verify_judge.h"

/* --- one object ------------------------------------------------------------------------------ */
/* Does (s, r, o) hold in the direction that the words give, or in the other where that means the
 * same? */
static status try_relation(verify_judge *j, kg_id s, const claims_hit *h, kg_id o,
                           verify_found *found)
{
    const retriever_relation *r = h->relation;
    bool closure = r->transitive || verify_taxonomic(j->c, r->id);
    kg_id from = h->inverse ? o : s, to = h->inverse ? s : o;
    status st = verify_pair(j->c, from, r->id, to, closure, found, j->err);
    if (st == STATUS_OK && found->count == 0 && verify_reversible(r))
        st = verify_pair(j->c, to, r->id, from, false, found, j->err);
    if (st == STATUS_OK && found->count == 0 && r->inverse_of != 0)
        st = verify_pair(j->c, to, r->inverse_of, from, false, found, j->err);
    return st;
}

/* S r1 x r2 O for two relations that the clause names. */
static status try_path(verify_judge *j, kg_id s, kg_id o, verify_found *found)
{
    for (size_t a = 0; a < j->k->hit_count; a++) {
        const claims_hit *first = &j->k->hits[a];
        kg_statement middle[64];
        size_t count = 0;
        status st =
            verify_objects(j->c, s, first->relation->id, first->inverse, middle, &count, j->err);
        for (size_t b = 0; st == STATUS_OK && b < j->k->hit_count; b++) {
            if (verify_same_span(first, &j->k->hits[b]))
                continue;
            for (size_t m = 0; st == STATUS_OK && m < count && found->count == 0; m++) {
                kg_id x = first->inverse ? middle[m].s : middle[m].o;
                st = try_relation(j, x, &j->k->hits[b], o, found);
                if (st == STATUS_OK && found->count > 0 && found->count < VERIFY_CITED)
                    found->items[found->count++] = middle[m];
            }
        }
        if (st != STATUS_OK || found->count > 0)
            return st;
    }
    return STATUS_OK;
}

/* No relation is named: any that links the two, in the order of the words; backwards only where
 * that means the same or the clause is passive. */
static status try_any(verify_judge *j, kg_id s, kg_id o, verify_found *found)
{
    status st = verify_pair(j->c, s, 0, o, true, found, j->err);
    if (st != STATUS_OK || found->count > 0)
        return st;
    verify_found back = {0};
    st = verify_pair(j->c, o, 0, s, false, &back, j->err);
    for (size_t i = 0; st == STATUS_OK && i < back.count; i++) {
        const retriever_relation *r = retriever_schema_relation(j->c->schema, back.items[i].p);
        if (!verify_taxonomic(j->c, back.items[i].p) && back.items[i].s == o &&
            (j->k->passive || verify_reversible(r)))
            found->items[found->count++] = back.items[i];
    }
    return st;
}

/* A naming statement of `id` whose literal is `name`. */
static status named_so(verify_judge *j, kg_id id, str name, verify_found *found)
{
    const kg_pattern pattern = {.s = id, .limit = 512};
    kg_statement_list list = {0};
    status st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
    for (size_t i = 0; st == STATUS_OK && i < list.count && found->count == 0; i++) {
        str text;
        if (!verify_naming(j->c, list.items[i].p))
            continue;
        st = kg_labels(j->c->read, &list.items[i].o, 1, (str){0}, j->c->a, &text, j->err);
        if (st == STATUS_OK && str_equal(kg_normalise(text, j->c->a), name))
            found->items[found->count++] = list.items[i];
    }
    return st;
}

/* Two names of one entity: one is an alias of the other. */
static status same_entity(verify_judge *j, const verify_subject *s, const claims_entity *o,
                          verify_found *found)
{
    str name = str_slice(j->k->text, o->start, o->end);
    str other = s->entity == NULL ? str_make(NULL, 0)
                                  : str_slice(j->k->text, s->entity->start, s->entity->end);
    status st = STATUS_OK;
    for (size_t a = 0; st == STATUS_OK && a < s->count && found->count == 0; a++)
        st = named_so(j, s->ids[a], name, found);
    for (size_t b = 0; st == STATUS_OK && b < o->count && found->count == 0; b++)
        st = str_empty(other) ? STATUS_OK : named_so(j, o->ids[b], other, found);
    return st;
}

/* Whether the clause may speak of names: by a naming relation, or by "is". */
static bool names_relation(const verify_judge *j, const claims_hit *h)
{
    return h == NULL || verify_naming(j->c, h->relation->id);
}

/* Judges one name as an object of the subject. */
status verify_judge_entity(verify_judge *j, const verify_subject *s, const claims_hit *h,
                           const claims_entity *o)
{
    verify_found found = {0};
    status st = STATUS_OK;
    bool named = names_relation(j, h);
    for (size_t a = 0; st == STATUS_OK && a < s->count && found.count == 0; a++) {
        for (size_t b = 0; st == STATUS_OK && b < o->count && found.count == 0; b++) {
            if (h == NULL)
                st = try_any(j, s->ids[a], o->ids[b], &found);
            for (size_t i = 0; st == STATUS_OK && h != NULL && i < j->k->hit_count; i++)
                if (verify_same_span(&j->k->hits[i], h) && found.count == 0)
                    st = try_relation(j, s->ids[a], &j->k->hits[i], o->ids[b], &found);
            if (st == STATUS_OK && found.count == 0 && h != NULL)
                st = try_path(j, s->ids[a], o->ids[b], &found);
        }
    }
    if (st == STATUS_OK && found.count == 0 && named)
        st = same_entity(j, s, o, &found);
    if (st != STATUS_OK)
        return st;
    verify_cite(j, &found);
    *(found.count > 0 ? &j->supported : &j->missing) += 1;
    return STATUS_OK;
}

/* 有传染性 and 无传染性, 医保疾病 and 非医保疾病: the same but for a denying head. */
static str without_head(str label, bool *denied)
{
    static const char *denying[] = {"没有", "无", "非", "不", "未", "non-", "non", "no ", "not "};
    static const char *asserting[] = {"有", "是"};
    *denied = false;
    for (size_t i = 0; i < CORE_COUNT(denying); i++)
        if (str_starts(label, str_from(denying[i]))) {
            *denied = true;
            return str_slice(label, strlen(denying[i]), label.length);
        }
    for (size_t i = 0; i < CORE_COUNT(asserting); i++)
        if (str_starts(label, str_from(asserting[i])))
            return str_slice(label, strlen(asserting[i]), label.length);
    return label;
}

static bool opposite(str a, str b)
{
    bool no_a, no_b;
    str x = without_head(a, &no_a), y = without_head(b, &no_b);
    return no_a != no_b && str_equal(x, y);
}

/* Whether only this relation leads to things of that kind, and from things of another: then "X is
 * Y" can mean nothing else ("cholera is a class C disease"). */
static bool only_way_to(const verify_judge *j, const retriever_relation *r, kg_id class_id)
{
    if (class_id == 0 || (r->stats.domain_count > 0 && r->stats.domain[0].class_id == class_id))
        return false;
    for (size_t i = 0; i < j->c->schema->relation_count; i++) {
        const retriever_relation *other = &j->c->schema->relations[i];
        if (other != r && !other->naming && other->stats.range_count > 0 &&
            other->stats.range[0].class_id == class_id)
            return false;
    }
    return true;
}

/* What is missing is contradicted where the graph holds another value of a functional relation, or
 * the opposite; that statement is cited. */
status verify_judge_missing(verify_judge *j, const verify_subject *s, const claims_hit *h,
                            const claims_entity *o)
{
    str name = str_slice(j->k->text, o->start, o->end);
    if (s->count == 0)
        return STATUS_OK;
    const kg_pattern pattern = {.s = s->ids[0], .limit = 256};
    kg_statement_list list = {0};
    status st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
    for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
        const retriever_relation *r = retriever_schema_relation(j->c->schema, list.items[i].p);
        if (r == NULL || r->naming || (h != NULL && h->relation != r))
            continue;
        bool ranged = r->stats.range_count > 0 && r->stats.range[0].class_id == o->classes[0] &&
                      o->classes[0] != 0;
        str label;
        st = kg_labels(j->c->read, &list.items[i].o, 1, (str){0}, j->c->a, &label, j->err);
        if (st != STATUS_OK)
            return st;
        bool contrary = opposite(kg_normalise(label, j->c->a), name);
        if (!contrary &&
            !(r->functional && ranged && (h != NULL || only_way_to(j, r, o->classes[0]))))
            continue;
        verify_cite_one(j, &list.items[i]);
        j->missing--;
        j->contradicted++;
        return STATUS_OK;
    }
    return st;
}
