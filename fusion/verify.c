/* See verify.h. A clause is judged in this order: what its relations say of its subject, what links
 * its names when no relation is named, then passages. */
#include "fusion/verify.h"

#include "core/utf8.h"
#include "fusion/claims.h"
#include "fusion/verify_graph.h"
#include "fusion/verify_passage.h"

enum { MAX_NUMBERS = 64, LITERALS = 64, PASSAGES = 8 };

/* What is carried from clause to clause of one sentence. */
typedef struct carried {
    kg_id ids[CLAIMS_SENSES];
    kg_id classes[CLAIMS_SENSES];
    size_t count;
} carried;

typedef struct judge {
    const verify_context *c;
    claims_clause *k;
    const carried *before;
    error *err;
    int cites[MAX_NUMBERS];
    size_t cite_count;
    size_t supported, contradicted, missing; /* claims of each kind */
    bool complete;                           /* the relations of what is missing are complete */
} judge;

/* One subject: its possible senses. */
typedef struct subject {
    const kg_id *ids;
    size_t count;
    const claims_entity *entity; /* NULL = carried */
} subject;

static void cite(judge *j, const verify_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        int n = cite_add(j->c->cites, &found->items[i]);
        bool seen = n == 0;
        for (size_t k = 0; k < j->cite_count; k++)
            seen = seen || j->cites[k] == n;
        if (!seen && j->cite_count < MAX_NUMBERS)
            j->cites[j->cite_count++] = n;
    }
}

static void cite_one(judge *j, const kg_statement *s)
{
    verify_found one = {.count = 1};
    one.items[0] = *s;
    cite(j, &one);
}

/* --- subjects and objects -------------------------------------------------------------------- */
static bool only_glue_between(const judge *j, size_t from, size_t to)
{
    if (to < from || to - from > 24)
        return false;
    for (size_t i = from; i < to; i++)
        if (j->k->cover[i] == CLAIMS_NAME || j->k->cover[i] == CLAIMS_VALUE)
            return false;
    return true;
}

static subject of_entity(const claims_entity *e)
{
    return (subject){e->ids, e->count, e};
}

static bool overlaps(const claims_entity *e, size_t start, size_t end)
{
    return e->start < end && start < e->end;
}

/* "X的并发症", "complications of X", "X's symptoms": the name that the relation word belongs to. */
static const claims_entity *owner(const judge *j, const claims_hit *h)
{
    const claims_clause *k = j->k;
    for (size_t i = k->entity_count; i-- > 0;) {
        const claims_entity *e = &k->entities[i];
        if (overlaps(e, h->start, h->end))
            continue;
        if (k->zh && e->end <= h->start &&
            str_find(str_slice(k->text, e->end, h->start), STR("的"), 0) != STR_NONE &&
            only_glue_between(j, e->end, h->start))
            return e;
        if (!k->zh && e->start >= h->end) {
            str gap = str_slice(k->text, h->end, e->start);
            if (gap.length <= 16 && (str_starts(gap, STR(" of ")) || str_starts(gap, STR(" for "))))
                return e;
        }
        if (!k->zh && e->end <= h->start &&
            str_starts(str_slice(k->text, e->end, h->start), STR("'")))
            return e;
    }
    return NULL;
}

static subject subject_of(const judge *j, const claims_hit *h)
{
    const claims_entity *own = h == NULL ? NULL : owner(j, h);
    if (own != NULL)
        return of_entity(own);
    for (size_t i = 0; i < j->k->entity_count; i++) {
        const claims_entity *e = &j->k->entities[i];
        if (h == NULL || (e->end <= h->start))
            return of_entity(e);
    }
    if (j->before->count > 0)
        return (subject){j->before->ids, j->before->count, NULL};
    if (j->k->entity_count > 0)
        return of_entity(&j->k->entities[0]);
    return (subject){0};
}

/* The span of hits that a place in the clause belongs to: the nearest before it, else behind it. */
static const claims_hit *hit_for(const judge *j, size_t start)
{
    const claims_hit *before = NULL, *after = NULL;
    for (size_t i = 0; i < j->k->hit_count; i++) {
        const claims_hit *h = &j->k->hits[i];
        if (h->end <= start && (before == NULL || h->start > before->start))
            before = h;
        if (h->start >= start && (after == NULL || h->start < after->start))
            after = h;
    }
    return before != NULL ? before : after;
}

static bool same_span(const claims_hit *a, const claims_hit *b)
{
    return a != NULL && b != NULL && a->start == b->start && a->end == b->end;
}

/* --- one object ------------------------------------------------------------------------------ */
/* Does (s, r, o) hold in the direction that the words give, or in the other where that means the
 * same? */
static status try_relation(judge *j, kg_id s, const claims_hit *h, kg_id o, verify_found *found)
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
static status try_path(judge *j, kg_id s, kg_id o, verify_found *found)
{
    for (size_t a = 0; a < j->k->hit_count; a++) {
        const claims_hit *first = &j->k->hits[a];
        kg_statement middle[64];
        size_t count = 0;
        status st =
            verify_objects(j->c, s, first->relation->id, first->inverse, middle, &count, j->err);
        for (size_t b = 0; st == STATUS_OK && b < j->k->hit_count; b++) {
            if (same_span(first, &j->k->hits[b]))
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
static status try_any(judge *j, kg_id s, kg_id o, verify_found *found)
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
static status named_so(judge *j, kg_id id, str name, verify_found *found)
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
static status same_entity(judge *j, const subject *s, const claims_entity *o, verify_found *found)
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
static bool names_relation(const judge *j, const claims_hit *h)
{
    return h == NULL || verify_naming(j->c, h->relation->id);
}

/* Judges one name as an object of the subject. */
static status judge_entity(judge *j, const subject *s, const claims_hit *h, const claims_entity *o)
{
    verify_found found = {0};
    status st = STATUS_OK;
    bool named = names_relation(j, h);
    for (size_t a = 0; st == STATUS_OK && a < s->count && found.count == 0; a++) {
        for (size_t b = 0; st == STATUS_OK && b < o->count && found.count == 0; b++) {
            if (h == NULL)
                st = try_any(j, s->ids[a], o->ids[b], &found);
            for (size_t i = 0; st == STATUS_OK && h != NULL && i < j->k->hit_count; i++)
                if (same_span(&j->k->hits[i], h) && found.count == 0)
                    st = try_relation(j, s->ids[a], &j->k->hits[i], o->ids[b], &found);
            if (st == STATUS_OK && found.count == 0 && h != NULL)
                st = try_path(j, s->ids[a], o->ids[b], &found);
        }
    }
    if (st == STATUS_OK && found.count == 0 && named)
        st = same_entity(j, s, o, &found);
    if (st != STATUS_OK)
        return st;
    cite(j, &found);
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
static bool only_way_to(const judge *j, const retriever_relation *r, kg_id class_id)
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
static status judge_missing(judge *j, const subject *s, const claims_hit *h, const claims_entity *o)
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
        cite_one(j, &list.items[i]);
        j->missing--;
        j->contradicted++;
        return STATUS_OK;
    }
    return st;
}

/* --- values ---------------------------------------------------------------------------------- */
typedef struct measured {
    kg_statement items[LITERALS];
    kg_value values[LITERALS];
    size_t count;
} measured;

/* The subject's literals that may be compared with the claim; of the hit's relations, or of all. */
static status measures(judge *j, const subject *s, const claims_hit *h, kg_value claimed,
                       measured *out)
{
    kg_statement held[64];
    for (size_t a = 0; a < s->count; a++) {
        for (size_t i = 0; i < (h == NULL ? 1 : j->k->hit_count); i++) {
            if (h != NULL && !same_span(&j->k->hits[i], h))
                continue;
            size_t count = 0;
            kg_id relation = h == NULL ? 0 : j->k->hits[i].relation->id;
            status st = verify_objects(j->c, s->ids[a], relation, false, held, &count, j->err);
            if (st != STATUS_OK)
                return st;
            for (size_t n = 0; n < count && out->count < LITERALS; n++) {
                kg_value v = {0};
                error ignored = {0};
                if (kg_value_get(j->c->read, held[n].o, j->c->a, &v, &ignored) != STATUS_OK ||
                    !verify_comparable(claimed, v))
                    continue;
                out->values[out->count] = v;
                out->items[out->count++] = held[n];
            }
        }
    }
    return STATUS_OK;
}

/* "three kinds of X": as many as the graph records, along any relation that the words may mean. */
static status judge_count(judge *j, const subject *s, const claims_hit *h, const claims_value *v,
                          bool *done)
{
    bool holds = false;
    for (size_t i = 0; h != NULL && i < j->k->hit_count && !holds; i++) {
        const claims_hit *x = &j->k->hits[i];
        if (!same_span(x, h) || v->value.kind != KG_VALUE_NUMBER || s->count == 0)
            continue;
        kg_pattern pattern = {.p = x->relation->id};
        *(x->inverse ? &pattern.o : &pattern.s) = s->ids[0];
        uint64_t n = 0;
        status st = kg_count(j->c->read, &pattern, 100000, &n, j->err);
        if (st != STATUS_OK)
            return st;
        if (n == 0)
            continue;
        kg_value counted = {.kind = KG_VALUE_NUMBER, .low = (double)n, .high = (double)n};
        holds = verify_compare(counted, v->has_compare ? v->compare : LF_EQ, v->value);
        kg_statement held[64];
        size_t count = 0;
        st = verify_objects(j->c, s->ids[0], x->relation->id, x->inverse, held, &count, j->err);
        if (st != STATUS_OK)
            return st;
        j->cite_count = holds ? 0 : j->cite_count;
        for (size_t k = 0; k < count; k++)
            cite_one(j, &held[k]);
        *done = true;
    }
    if (*done)
        *(holds ? &j->supported : &j->contradicted) += 1;
    return STATUS_OK;
}

static status judge_value(judge *j, const subject *s, const claims_hit *h, claims_value *v)
{
    measured m = {0};
    status st = measures(j, s, h, v->value, &m);
    if (st == STATUS_OK && m.count == 0 && h != NULL) {
        bool done = false;
        st = judge_count(j, s, h, v, &done);
        if (st != STATUS_OK || done)
            return st;
        st = v->value.kind == KG_VALUE_NUMBER ? STATUS_OK : measures(j, s, NULL, v->value, &m);
    }
    if (st != STATUS_OK)
        return st;
    lf_compare op = v->has_compare ? v->compare : LF_EQ;
    for (size_t i = 0; i < m.count; i++) {
        if (!verify_compare(m.values[i], op, v->value))
            continue;
        cite_one(j, &m.items[i]);
        j->supported++;
        return STATUS_OK;
    }
    for (size_t i = 0; i < m.count && i < 4; i++)
        cite_one(j, &m.items[i]);
    *(m.count > 0 ? &j->contradicted : &j->missing) += 1;
    return STATUS_OK;
}

/* --- literals that stand in the clause as written ----------------------------------------------
 */
static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static size_t find_whole(str text, str part)
{
    for (size_t at = str_find(text, part, 0); at != STR_NONE; at = str_find(text, part, at + 1)) {
        bool left = at > 0 && is_word(part.data[0]) && is_word(text.data[at - 1]);
        size_t end = at + part.length;
        bool right =
            end < text.length && is_word(part.data[part.length - 1]) && is_word(text.data[end]);
        if (!left && !right)
            return at;
    }
    return STR_NONE;
}

static bool covered_by_value(const claims_clause *k, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (k->cover[i] == CLAIMS_NAME || k->cover[i] == CLAIMS_RELATION)
            return false;
    return true;
}

/* A clause that names relations speaks of these alone; names are spoken of by any naming relation.
 */
static bool spoken_of(const judge *j, kg_id relation)
{
    bool naming = verify_naming(j->c, relation);
    for (size_t n = 0; n < j->k->hit_count; n++)
        if (j->k->hits[n].relation->id == relation ||
            (naming && verify_naming(j->c, j->k->hits[n].relation->id)))
            return true;
    return j->k->hit_count == 0;
}

/* Literals of the subject (codes, synonyms, periods) found in the text count as objects. */
static status judge_literals(judge *j, const subject *s)
{
    for (size_t a = 0; a < s->count; a++) {
        const kg_pattern pattern = {.s = s->ids[a], .limit = 512};
        kg_statement_list list = {0};
        status st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
        for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
            kg_term term;
            st = kg_terms(j->c->read, &list.items[i].o, 1, j->c->a, &term, j->err);
            if (st != STATUS_OK || term.kind != KG_TERM_LITERAL || term.lexical.length > 256)
                continue;
            str text = kg_normalise(term.lexical, j->c->a);
            size_t at = text.length < 2 ? STR_NONE : find_whole(j->k->text, text);
            if (at == STR_NONE || !covered_by_value(j->k, at, at + text.length))
                continue;
            if (!spoken_of(j, list.items[i].p))
                continue; /* the clause names another relation */
            claims_mark(j->k, at, at + text.length, CLAIMS_NAME);
            for (size_t v = 0; v < j->k->value_count; v++)
                if (j->k->values[v].start >= at && j->k->values[v].end <= at + text.length)
                    j->k->values[v].used = true;
            cite_one(j, &list.items[i]);
            j->supported++;
        }
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

/* --- existence ------------------------------------------------------------------------------- */
/* 无传染性, 非…, "no ..." deny what their relation names. */
static bool denies(str label)
{
    static const char *heads[] = {"无", "非", "不", "未", "没有", "no ", "not ", "non"};
    for (size_t i = 0; i < CORE_COUNT(heads); i++)
        if (str_starts(label, str_from(heads[i])))
            return true;
    return false;
}

static status judge_existence(judge *j, const subject *s, const claims_hit *h)
{
    size_t yes = 0, no = 0;
    verify_found found = {0};
    for (size_t a = 0; a < s->count; a++) {
        for (size_t i = 0; i < j->k->hit_count; i++) {
            kg_statement held[64];
            size_t count = 0;
            if (!same_span(&j->k->hits[i], h))
                continue;
            status st = verify_objects(j->c, s->ids[a], j->k->hits[i].relation->id,
                                       j->k->hits[i].inverse, held, &count, j->err);
            for (size_t n = 0; st == STATUS_OK && n < count; n++) {
                str label;
                st = kg_labels(j->c->read, &held[n].o, 1, (str){0}, j->c->a, &label, j->err);
                bool denied = st == STATUS_OK && denies(kg_normalise(label, j->c->a));
                *(denied ? &no : &yes) += 1;
                if (n < 8 && found.count < VERIFY_CITED)
                    found.items[found.count++] = held[n];
            }
            if (st != STATUS_OK)
                return st;
        }
    }
    cite(j, &found);
    *(yes + no == 0 ? &j->missing : yes > 0 ? &j->supported : &j->contradicted) += 1;
    return STATUS_OK;
}

/* "A's cure rate is higher than B's": the only relation with two subjects. */
static status judge_comparison(judge *j, bool *done)
{
    claims_clause *k = j->k;
    if (!k->has_compare || k->entity_count < 2 || k->hit_count == 0 || k->value_count > 0)
        return STATUS_OK;
    kg_value sides[2];
    for (size_t e = 0; e < 2; e++) {
        const subject s = of_entity(&k->entities[e]);
        kg_statement held[64];
        size_t count = 0;
        bool got = false;
        status st =
            verify_objects(j->c, s.ids[0], k->hits[0].relation->id, false, held, &count, j->err);
        if (st != STATUS_OK)
            return st;
        for (size_t i = 0; i < count && !got; i++) {
            error ignored = {0};
            got = kg_value_get(j->c->read, held[i].o, j->c->a, &sides[e], &ignored) == STATUS_OK &&
                  sides[e].kind != KG_VALUE_NONE;
            if (got)
                cite_one(j, &held[i]);
        }
        if (!got)
            return STATUS_OK;
    }
    double a = (sides[0].low + sides[0].high) / 2, b = (sides[1].low + sides[1].high) / 2;
    bool more = k->compare == LF_GT || k->compare == LF_GE;
    *((more ? a > b : a < b) ? &j->supported : &j->contradicted) += 1;
    *done = true;
    return STATUS_OK;
}

/* "A和B都…", "A and B are …": the names joined to the subject in front of everything else. */
static bool coordinated(const judge *j, const claims_entity *a, const claims_entity *b)
{
    if (a == NULL || b->start < a->end)
        return false;
    str gap = str_trim(str_slice(j->k->text, a->end, b->start));
    static const char *joints[] = {"和", "与", "及", "、", "以及", "and", "or", "&", ", and"};
    for (size_t i = 0; i < CORE_COUNT(joints); i++)
        if (str_equal(gap, str_from(joints[i])))
            return true;
    return false;
}

/* --- a clause by its triples -------------------------------------------------------------------
 */
static status judge_object(judge *j, const subject *s, const claims_hit *h, claims_entity *o)
{
    size_t had = j->missing;
    status st = judge_entity(j, s, h, o);
    if (st == STATUS_OK && j->missing > had)
        st = judge_missing(j, s, h, o);
    if (st == STATUS_OK && j->missing > had && h != NULL && h->relation->complete)
        j->complete = true;
    return st;
}

/* Names that stand for the subject too; objects must then hold for each of them. */
static size_t other_subjects(judge *j, const subject *s, const claims_entity **out)
{
    claims_clause *k = j->k;
    const claims_entity *last = s->entity;
    size_t n = 0, rest = 0;
    for (size_t i = 0; i < k->entity_count; i++)
        if (coordinated(j, last, &k->entities[i])) {
            out[n++] = &k->entities[i];
            last = &k->entities[i];
        }
    for (size_t i = 0; last != NULL && i < k->entity_count; i++)
        rest += k->entities[i].start >= last->end ? 1 : 0;
    rest += k->value_count;
    return rest == 0 ? 0 : n; /* "A和B是同一个病": B is the object */
}

static status judge_objects(judge *j, const subject *s, const claims_hit *h, size_t *judged)
{
    claims_clause *k = j->k;
    const claims_entity *others[CLAIMS_ENTITIES];
    size_t other_count = other_subjects(j, s, others);
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < k->entity_count; i++) {
        claims_entity *o = &k->entities[i];
        bool is_subject = o == s->entity;
        for (size_t n = 0; n < other_count; n++)
            is_subject = is_subject || o == others[n];
        if (is_subject || o->used || (h != NULL && !same_span(hit_for(j, o->start), h)))
            continue;
        o->used = true;
        st = judge_object(j, s, h, o);
        for (size_t n = 0; st == STATUS_OK && n < other_count; n++) {
            const subject other = of_entity(others[n]);
            st = judge_object(j, &other, h, o);
        }
        ++*judged;
    }
    for (size_t i = 0; st == STATUS_OK && i < k->value_count; i++) {
        claims_value *v = &k->values[i];
        if (v->used || (h != NULL && !same_span(hit_for(j, v->start), h)))
            continue;
        v->used = true;
        st = judge_value(j, s, h, v);
        ++*judged;
    }
    return st;
}

static status judge_triples(judge *j)
{
    bool done = false;
    status st = judge_comparison(j, &done);
    if (st != STATUS_OK || done)
        return st;
    subject first = subject_of(j, NULL);
    if (first.count == 0)
        return STATUS_OK;
    if (j->before->count > 0 && j->k->entity_count > 0 && j->k->hit_count == 0 &&
        j->k->entity_count + j->k->value_count == 1)
        first = (subject){j->before->ids, j->before->count, NULL};
    size_t had = j->supported, judged = 0;
    st = judge_literals(j, &first);
    judged += j->supported - had;
    if (st == STATUS_OK && j->k->hit_count == 0)
        return judge_objects(j, &first, NULL, &judged);
    for (size_t i = 0; st == STATUS_OK && i < j->k->hit_count; i++) {
        const claims_hit *h = &j->k->hits[i];
        bool seen = false;
        for (size_t n = 0; n < i; n++)
            seen = seen || same_span(&j->k->hits[n], h);
        if (seen)
            continue;
        subject s = subject_of(j, h);
        st = s.count == 0 ? STATUS_OK : judge_objects(j, &s, h, &judged);
    }
    if (st == STATUS_OK && judged == 0 && j->k->entity_count > 1)
        j->missing++;
    else if (st == STATUS_OK && judged == 0) {
        subject s = subject_of(j, &j->k->hits[0]);
        if (s.count > 0)
            st = judge_existence(j, &s, &j->k->hits[0]);
    }
    return st;
}

/* --- a clause ----------------------------------------------------------------------------------
 */
static answer_verdict sum_up(const judge *j, size_t leftover)
{
    size_t understood = j->supported + j->contradicted + j->missing;
    const size_t allowed = 0;
    if (understood == 0)
        return j->k->entity_count + j->before->count > 0 ? VERDICT_NOT_IN_GRAPH : VERDICT_UNPARSED;
    if (j->k->negative) {
        if (j->supported > 0)
            return VERDICT_CONTRADICTED;
        if (j->contradicted > 0 && j->missing == 0)
            return leftover > allowed ? VERDICT_NOT_IN_GRAPH : VERDICT_SUPPORTED;
        return j->complete && leftover <= allowed ? VERDICT_SUPPORTED : VERDICT_NOT_IN_GRAPH;
    }
    if (j->contradicted > 0)
        return VERDICT_CONTRADICTED;
    if (j->missing > 0)
        return j->complete ? VERDICT_CONTRADICTED : VERDICT_NOT_IN_GRAPH;
    return leftover > allowed ? VERDICT_NOT_IN_GRAPH : VERDICT_SUPPORTED;
}

static void carry(const claims_clause *k, carried *before)
{
    if (k->entity_count == 0)
        return;
    before->count = k->entities[0].count;
    for (size_t i = 0; i < before->count; i++) {
        before->ids[i] = k->entities[0].ids[i];
        before->classes[i] = k->entities[0].classes[i];
    }
}

/* --- sentences ---------------------------------------------------------------------------------
 */
enum { SENTENCE_CLAUSES = 24 };

typedef struct sentence {
    str texts[SENTENCE_CLAUSES]; /* as given */
    claims_clause *read[SENTENCE_CLAUSES];
    judge judges[SENTENCE_CLAUSES];
    answer_verdict verdicts[SENTENCE_CLAUSES];
    size_t count;
    carried before;
} sentence;

static status read_clause(const verify_context *c, str text, claims_clause **out, error *err)
{
    claims_clause *k = ARENA_NEW(c->a, claims_clause);
    if (k == NULL)
        return error_memory(err);
    *out = k;
    return claims_read(c, kg_normalise(text, c->a), k, err);
}

/* Nothing is claimed: a name, and at most a word that joins it to what stands beside it. */
static bool is_fragment(const claims_clause *k)
{
    static const char *joints[] = {"",     "和",   "与",     "及",           "以及", "还有",
                                   "或",   "或者", "等",     "根据",         "依据", "按照",
                                   "依照", "对于", "关于",   "在",           "or",   "and",
                                   "in",   "for",  "as for", "according to", "under"};
    if (k->hit_count > 0 || k->value_count > 0 || k->entity_count != 1 || k->negative)
        return false;
    str before = str_trim(str_slice(k->text, 0, k->entities[0].start));
    str after = str_trim(str_slice(k->text, k->entities[0].end, k->text.length));
    bool joined_before = false, joined_after = str_empty(after) || str_equal(after, STR("等")) ||
                                               str_equal(after, STR("中"));
    for (size_t i = 0; i < CORE_COUNT(joints); i++)
        joined_before = joined_before || str_equal(before, str_from(joints[i]));
    return joined_before && joined_after;
}

static str joined(str first, str last)
{
    return str_make(first.data, (size_t)(last.data - first.data) + last.length);
}

/* Gathers the clauses of one sentence; fragments join the clause behind them, else before. */
static status gather(const verify_context *c, const claims_piece *pieces, size_t count, sentence *s,
                     size_t *used, error *err)
{
    str open = {0};
    size_t i = 0;
    for (; i < count && (i == 0 || !pieces[i].new_start) && s->count < SENTENCE_CLAUSES; i++) {
        claims_clause *k = NULL;
        str text = open.data == NULL ? pieces[i].text : joined(open, pieces[i].text);
        status st = read_clause(c, pieces[i].text, &k, err);
        if (st != STATUS_OK)
            return st;
        open = text;
        if (is_fragment(k))
            continue;
        s->texts[s->count++] = text;
        open = (str){0};
    }
    if (open.data != NULL && s->count > 0)
        s->texts[s->count - 1] = joined(s->texts[s->count - 1], open);
    else if (open.data != NULL)
        s->texts[s->count++] = open;
    *used = i;
    return STATUS_OK;
}

static status judge_clause(const verify_context *c, sentence *s, size_t i, error *err)
{
    judge *j = &s->judges[i];
    status st = read_clause(c, s->texts[i], &s->read[i], err);
    if (st != STATUS_OK)
        return st;
    *j = (judge){.c = c, .k = s->read[i], .before = &s->before, .err = err};
    bool fresh = s->before.count == 0;
    st = judge_triples(j);
    claims_cover_glue(c, s->read[i]);
    s->verdicts[i] = sum_up(j, claims_leftover(s->read[i]));
    if (fresh)
        carry(s->read[i], &s->before);
    return st;
}

/* --- a sentence by passages --------------------------------------------------------------------
 */
#define CLAUSE_COVER 0.5
#define WORD_COVER 0.4 /* of each content word: none may be left out */
#define SENTENCE_COVER 0.75
#define ANCHORED_COVER 0.6 /* where a number of the sentence stands in the passage */
#define RELATED_COVER 0.55

typedef struct passage_verdict_of {
    answer_verdict verdict;
    double coverage;
    kg_statement statement;
    bool found;
} passage_verdict_of;

/* The name that led here need not stand in its own passage. */
static void skipped(const claims_clause *k, kg_id subject_id, size_t *start, size_t *end)
{
    *start = *end = 0;
    for (size_t i = 0; i < k->entity_count; i++)
        for (size_t n = 0; n < k->entities[i].count; n++)
            if (subject_id != 0 && k->entities[i].ids[n] == subject_id && *end == 0) {
                *start = k->entities[i].start;
                *end = k->entities[i].end;
            }
}

static status weigh(const verify_context *c, const sentence *s, const kg_statement *from, str text,
                    passage_verdict_of *best, error *err)
{
    double covered = 0, tokens = 0;
    bool each = true, numbers = true, other = false, polarity = true, anchored = false;
    str passage = kg_normalise(text, c->a);
    for (size_t i = 0; i < s->count; i++) {
        passage_match m = {0};
        size_t start, end;
        skipped(s->read[i], from->s, &start, &end);
        status st = passage_compare(c, s->read[i], passage, start, end, &m, err);
        if (st != STATUS_OK)
            return st;
        covered += m.coverage * (double)m.tokens;
        tokens += (double)m.tokens;
        each = each && (m.tokens == 0 || (m.coverage >= CLAUSE_COVER && m.weakest >= WORD_COVER));
        numbers = numbers && m.numbers;
        anchored = anchored || (s->read[i]->value_count > 0 && m.numbers);
        other = other || m.other_number;
        polarity = polarity && m.polarity;
    }
    bool named = s->before.count > 0 && from->s == s->before.ids[0];
    double coverage = tokens == 0 ? (named ? 1 : 0) : covered / tokens;
    double least = anchored ? ANCHORED_COVER : SENTENCE_COVER;
    answer_verdict v = VERDICT_NOT_IN_GRAPH;
    if (tokens + (anchored || other ? 2 : 0) < 2)
        return STATUS_OK; /* too little is said to find it by words */
    if (each && coverage >= least && numbers && polarity)
        v = VERDICT_SUPPORTED;
    else if (coverage >= RELATED_COVER && other)
        v = VERDICT_CONTRADICTED;
    else if (each && coverage >= least && numbers && !polarity)
        v = VERDICT_CONTRADICTED;
    double bonus = (named ? 0.3 : 0) + (v == VERDICT_SUPPORTED ? 0.1 : 0);
    if (!best->found || coverage + bonus > best->coverage)
        *best = (passage_verdict_of){v, coverage + bonus, *from, true};
    return STATUS_OK;
}

static status own_passages(const verify_context *c, const sentence *s, passage_verdict_of *best,
                           error *err)
{
    for (size_t a = 0; a < s->before.count; a++) {
        const kg_pattern pattern = {.s = s->before.ids[a], .limit = 200};
        kg_statement_list list = {0};
        status st = kg_match(c->read, &pattern, c->a, &list, err);
        for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
            kg_term term;
            st = kg_terms(c->read, &list.items[i].o, 1, c->a, &term, err);
            if (st == STATUS_OK && term.kind == KG_TERM_LITERAL && term.lexical.length > 40)
                st = weigh(c, s, &list.items[i], term.lexical, best, err);
        }
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static status searched_passages(const verify_context *c, const sentence *s,
                                passage_verdict_of *best, error *err)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    const kg_search_options options = {.limit = PASSAGES};
    clock_day day = c->as_of == CLOCK_DAY_UNKNOWN ? clock_today() : c->as_of;
    str text = joined(s->texts[0], s->texts[s->count - 1]);
    status st = kg_passage_search(c->read, text, &options, c->a, &hits, &count, err);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const kg_pattern pattern = {
            .o = hits[i].term, .when = {.set = true, .day = day}, .limit = 1};
        kg_statement_list list = {0};
        st = kg_match(c->read, &pattern, c->a, &list, err);
        if (st == STATUS_OK && list.count > 0)
            st = weigh(c, s, &list.items[0], hits[i].text, best, err);
    }
    return st;
}

/* Two names are a claim for triples: passages that happen to hold both must not decide it. */
static bool for_triples(const sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->read[i]->entity_count >= 2 && s->judges[i].supported + s->judges[i].missing > 0)
            return true;
    return false;
}

static status judge_passages(const verify_context *c, sentence *s, error *err)
{
    bool open = false;
    for (size_t i = 0; i < s->count; i++)
        open = open || s->verdicts[i] == VERDICT_UNPARSED || s->verdicts[i] == VERDICT_NOT_IN_GRAPH;
    size_t length = s->count == 0 ? 0 : joined(s->texts[0], s->texts[s->count - 1]).length;
    if (!open || for_triples(s) || length == 0 || length > 2 * CLAIMS_MAX_BYTES)
        return STATUS_OK;
    passage_verdict_of best = {0};
    status st = own_passages(c, s, &best, err);
    if (st == STATUS_OK && (!best.found || best.verdict == VERDICT_NOT_IN_GRAPH))
        st = searched_passages(c, s, &best, err);
    if (st != STATUS_OK || !best.found || best.verdict == VERDICT_NOT_IN_GRAPH)
        return st;
    for (size_t i = 0; i < s->count; i++) {
        if (s->verdicts[i] == VERDICT_SUPPORTED && best.verdict == VERDICT_CONTRADICTED)
            continue;
        s->verdicts[i] = best.verdict;
        s->judges[i].cite_count = 0;
        cite_one(&s->judges[i], &best.statement);
    }
    return STATUS_OK;
}

static status finish(arena *a, const sentence *s, answer_clause *out, error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const judge *j = &s->judges[i];
        int *numbers = ARENA_ARRAY(a, int, j->cite_count);
        if (numbers == NULL)
            return error_memory(err);
        memcpy(numbers, j->cites, j->cite_count * sizeof *numbers);
        out[i] = (answer_clause){s->texts[i], s->verdicts[i], numbers, j->cite_count};
    }
    return STATUS_OK;
}

/* Citation marks of the text itself are no content. */
static str without_marks(str text, arena *a)
{
    buf out = {0};
    for (size_t i = 0; i < text.length;) {
        size_t k = i + 1;
        while (text.data[i] == '[' && k < text.length &&
               ((text.data[k] >= '0' && text.data[k] <= '9') || text.data[k] == ',' ||
                text.data[k] == ' ' || text.data[k] == '-'))
            k++;
        if (text.data[i] == '[' && k > i + 1 && k < text.length && text.data[k] == ']') {
            i = k + 1;
            continue;
        }
        buf_add_char(&out, text.data[i++]);
    }
    str copy = out.failed ? str_make(NULL, 0) : arena_str(a, str_trim(buf_str(&out)));
    buf_free(&out);
    return copy;
}

/* One sentence; its clauses' citations are kept in `kept`. */
static status verify_sentence(const verify_context *c, arena *kept, const claims_piece *pieces,
                              size_t count, answer_clause *out, size_t *added, size_t *used,
                              error *err)
{
    sentence *s = ARENA_NEW(c->a, sentence);
    if (s == NULL)
        return error_memory(err);
    status st = gather(c, pieces, count, s, used, err);
    for (size_t k = 0; st == STATUS_OK && k < s->count; k++)
        st = judge_clause(c, s, k, err);
    if (st == STATUS_OK)
        st = judge_passages(c, s, err);
    if (st == STATUS_OK)
        st = finish(kept, s, out, err);
    if (st == STATUS_OK)
        *added = s->count;
    return st;
}

status verify_text(const verify_context *context, str text, verify_clauses *out, error *err)
{
    claims_piece *pieces = NULL;
    size_t count = 0, n = 0;
    if (text.length > VERIFY_MAX_BYTES)
        return error_set(err, STATUS_LIMIT, "the text is %zu bytes long; at most %zu are verified",
                         text.length, VERIFY_MAX_BYTES);
    status st = claims_split(without_marks(text, context->a), context->a, &pieces, &count, err);
    if (st != STATUS_OK)
        return st;
    answer_clause *items = ARENA_ARRAY(context->a, answer_clause, count + 1);
    if (items == NULL)
        return error_memory(err);
    /* What one sentence needs is forgotten with it: a long text takes no more than a short one. */
    verify_context own = *context;
    own.a = arena_new(0);
    if (own.a == NULL)
        return error_memory(err);
    for (size_t i = 0; st == STATUS_OK && i < count;) {
        size_t used = 1, added = 0;
        st =
            verify_sentence(&own, context->a, pieces + i, count - i, items + n, &added, &used, err);
        n += added;
        i += used;
        arena_reset(own.a);
    }
    arena_free(own.a);
    if (st != STATUS_OK)
        return st;
    *out = (verify_clauses){items, n};
    return STATUS_OK;
}
