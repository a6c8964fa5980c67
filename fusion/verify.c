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

/* Two names of one entity: the statement that names it, when there is one. */
static status same_entity(judge *j, const subject *s, const claims_entity *o, verify_found *found)
{
    for (size_t a = 0; a < s->count; a++) {
        for (size_t b = 0; b < o->count; b++) {
            if (s->ids[a] != o->ids[b])
                continue;
            const kg_pattern pattern = {.s = s->ids[a], .limit = 512};
            kg_statement_list list = {0};
            status st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
            str name = str_slice(j->k->text, o->start, o->end);
            str other = s->entity == NULL ? (str){0}
                                          : str_slice(j->k->text, s->entity->start, s->entity->end);
            for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
                str text;
                st = kg_labels(j->c->read, &list.items[i].o, 1, (str){0}, j->c->a, &text, j->err);
                if (st != STATUS_OK)
                    return st;
                text = kg_normalise(text, j->c->a);
                if (str_equal(text, name) || str_equal(text, other)) {
                    found->items[0] = list.items[i];
                    found->count = 1;
                    return STATUS_OK;
                }
            }
            return st;
        }
    }
    return STATUS_OK;
}

static bool names_relation(const judge *j, const claims_hit *h)
{
    return h == NULL || verify_naming(j->c, h->relation->id) ||
           kg_normalise(h->relation->label, j->c->a).length == 0;
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
    if (st == STATUS_OK && found.count == 0)
        st = same_entity(j, s, o, &found);
    (void)named;
    if (st != STATUS_OK)
        return st;
    cite(j, &found);
    *(found.count > 0 ? &j->supported : &j->missing) += 1;
    return STATUS_OK;
}

/* A functional relation with another value contradicts; its statement is cited. */
static status judge_missing(judge *j, const subject *s, const claims_entity *o)
{
    if (s->count == 0 || o->count == 0 || o->classes[0] == 0)
        return STATUS_OK;
    for (size_t i = 0; i < j->c->schema->relation_count; i++) {
        const retriever_relation *r = &j->c->schema->relations[i];
        if (!r->functional || r->stats.range_count == 0 ||
            r->stats.range[0].class_id != o->classes[0])
            continue;
        kg_statement held[64];
        size_t count = 0;
        status st = verify_objects(j->c, s->ids[0], r->id, false, held, &count, j->err);
        if (st != STATUS_OK)
            return st;
        if (count > 0) {
            cite_one(j, &held[0]);
            j->missing--;
            j->contradicted++;
            return STATUS_OK;
        }
    }
    return STATUS_OK;
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

static status judge_count(judge *j, const subject *s, const claims_hit *h, const claims_value *v,
                          bool *done)
{
    for (size_t i = 0; h != NULL && i < j->k->hit_count; i++) {
        const claims_hit *x = &j->k->hits[i];
        if (!same_span(x, h) || v->value.kind != KG_VALUE_NUMBER || s->count == 0)
            continue;
        kg_pattern pattern = {.p = x->relation->id};
        *(x->inverse ? &pattern.o : &pattern.s) = s->ids[0];
        uint64_t n = 0;
        status st = kg_count(j->c->read, &pattern, 100000, &n, j->err);
        if (st != STATUS_OK || n == 0)
            return st;
        kg_value counted = {.kind = KG_VALUE_NUMBER, .low = (double)n, .high = (double)n};
        bool holds = verify_compare(counted, v->has_compare ? v->compare : LF_EQ, v->value);
        kg_statement held[64];
        size_t count = 0;
        st = verify_objects(j->c, s->ids[0], x->relation->id, x->inverse, held, &count, j->err);
        for (size_t k = 0; st == STATUS_OK && k < count; k++)
            cite_one(j, &held[k]);
        *(holds ? &j->supported : &j->contradicted) += 1;
        *done = true;
        return st;
    }
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
            const claims_hit *h = hit_for(j, at);
            if (h != NULL && h->relation->id != list.items[i].p &&
                !verify_naming(j->c, list.items[i].p)) {
                bool any = false;
                for (size_t n = 0; n < j->k->hit_count; n++)
                    any = any || j->k->hits[n].relation->id == list.items[i].p;
                if (!any && j->k->hit_count > 0)
                    continue; /* the clause names another relation */
            }
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
    if (yes + no == 0)
        j->missing++;
    else if (no > 0 && yes == 0)
        *(j->k->negative ? &j->contradicted : &j->contradicted) += 1;
    else
        j->supported++;
    if (no > 0 && yes > 0)
        j->supported += 0;
    return STATUS_OK;
}

/* "A's cure rate is higher than B's": the only relation with two subjects. */
static status judge_comparison(judge *j, bool *done)
{
    claims_clause *k = j->k;
    if (!k->has_compare || k->entity_count < 2 || k->hit_count == 0 || k->value_count > 0)
        return STATUS_OK;
    const kg_value any = {.kind = KG_VALUE_NUMBER};
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
    (void)any;
    double a = (sides[0].low + sides[0].high) / 2, b = (sides[1].low + sides[1].high) / 2;
    bool more = k->compare == LF_GT || k->compare == LF_GE;
    *((more ? a > b : a < b) ? &j->supported : &j->contradicted) += 1;
    *done = true;
    return STATUS_OK;
}

/* --- a clause by its triples -------------------------------------------------------------------
 */
static status judge_objects(judge *j, const subject *s, const claims_hit *h, size_t *judged)
{
    claims_clause *k = j->k;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < k->entity_count; i++) {
        claims_entity *o = &k->entities[i];
        if (o == s->entity || o->used || (h != NULL && !same_span(hit_for(j, o->start), h)))
            continue;
        o->used = true;
        size_t had = j->missing;
        st = judge_entity(j, s, h, o);
        if (st == STATUS_OK && j->missing > had && h == NULL)
            st = judge_missing(j, s, o);
        else if (st == STATUS_OK && j->missing > had && h->relation->functional)
            st = judge_missing(j, s, o);
        if (st == STATUS_OK && j->missing > had && h != NULL && h->relation->complete)
            j->complete = true;
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
    if (st == STATUS_OK && judged == 0) {
        subject s = subject_of(j, &j->k->hits[0]);
        if (s.count > 0)
            st = judge_existence(j, &s, &j->k->hits[0]);
    }
    return st;
}

/* --- a clause by passages ----------------------------------------------------------------------
 */
typedef struct best_passage {
    answer_verdict verdict;
    double coverage;
    kg_statement statement;
    bool found;
} best_passage;

static bool better(answer_verdict v, double coverage, const best_passage *b)
{
    if (!b->found)
        return true;
    bool now = v == VERDICT_SUPPORTED, had = b->verdict == VERDICT_SUPPORTED;
    return now != had ? now : coverage > b->coverage;
}

static status weigh(judge *j, const kg_statement *s, str text, bool names_given, best_passage *best)
{
    passage_match m = {0};
    status st = passage_compare(j->c, j->k, kg_normalise(text, j->c->a), names_given, &m, j->err);
    if (st != STATUS_OK)
        return st;
    answer_verdict v = passage_verdict(&m);
    if (better(v, m.coverage, best))
        *best = (best_passage){v, m.coverage, *s, true};
    return STATUS_OK;
}

static status own_passages(judge *j, const subject *s, best_passage *best)
{
    for (size_t a = 0; a < s->count; a++) {
        const kg_pattern pattern = {.s = s->ids[a], .limit = 200};
        kg_statement_list list = {0};
        status st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
        for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
            kg_term term;
            st = kg_terms(j->c->read, &list.items[i].o, 1, j->c->a, &term, j->err);
            if (st == STATUS_OK && term.kind == KG_TERM_LITERAL && term.lexical.length > 40)
                st = weigh(j, &list.items[i], term.lexical, true, best);
        }
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static status searched_passages(judge *j, best_passage *best)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    const kg_search_options options = {.limit = PASSAGES};
    clock_day day = j->c->as_of == CLOCK_DAY_UNKNOWN ? clock_today() : j->c->as_of;
    status st = kg_passage_search(j->c->read, j->k->text, &options, j->c->a, &hits, &count, j->err);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const kg_pattern pattern = {
            .o = hits[i].term, .when = {.set = true, .day = day}, .limit = 1};
        kg_statement_list list = {0};
        st = kg_match(j->c->read, &pattern, j->c->a, &list, j->err);
        if (st == STATUS_OK && list.count > 0)
            st = weigh(j, &list.items[0], hits[i].text, false, best);
    }
    return st;
}

static status judge_passages(judge *j, answer_verdict *verdict)
{
    best_passage best = {0};
    const subject s = subject_of(j, NULL);
    status st = own_passages(j, &s, &best);
    bool own = best.found && best.verdict != VERDICT_NOT_IN_GRAPH;
    if (st == STATUS_OK && !own)
        st = searched_passages(j, &best);
    if (st != STATUS_OK || !best.found || best.verdict == VERDICT_NOT_IN_GRAPH)
        return st;
    j->cite_count = 0;
    cite_one(j, &best.statement);
    *verdict = best.verdict;
    return STATUS_OK;
}

/* --- a clause ----------------------------------------------------------------------------------
 */
static answer_verdict sum_up(const judge *j, size_t leftover)
{
    size_t understood = j->supported + j->contradicted + j->missing;
    size_t allowed = j->k->zh ? 1 : 0;
    if (understood == 0)
        return VERDICT_UNPARSED;
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

static status verify_clause(const verify_context *c, str text, carried *before, answer_clause *out,
                            error *err)
{
    claims_clause *k = ARENA_NEW(c->a, claims_clause);
    if (k == NULL)
        return error_memory(err);
    status st = claims_read(c, kg_normalise(text, c->a), k, err);
    if (st != STATUS_OK)
        return st;
    judge j = {.c = c, .k = k, .before = before, .err = err};
    bool fresh = before->count == 0;
    st = judge_triples(&j);
    claims_cover_glue(c, k);
    answer_verdict verdict = sum_up(&j, claims_leftover(k));
    if (st == STATUS_OK && (verdict == VERDICT_NOT_IN_GRAPH || verdict == VERDICT_UNPARSED))
        st = judge_passages(&j, &verdict);
    if (st != STATUS_OK)
        return st;
    int *numbers = ARENA_ARRAY(c->a, int, j.cite_count);
    if (numbers == NULL)
        return error_memory(err);
    memcpy(numbers, j.cites, j.cite_count * sizeof *numbers);
    *out = (answer_clause){text, verdict, numbers, j.cite_count};
    if (fresh)
        carry(k, before);
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
    str copy = out.failed ? (str){0} : arena_str(a, str_trim(buf_str(&out)));
    buf_free(&out);
    return copy;
}

/* Clauses are joined while nothing can be judged alone: a piece that only names a subject, or only
 * lists more names. */
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
    answer_clause *items = ARENA_ARRAY(context->a, answer_clause, count);
    if (items == NULL)
        return error_memory(err);
    carried before = {0};
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].new_start)
            before.count = 0;
        st = verify_clause(context, pieces[i].text, &before, &items[n], err);
        if (st != STATUS_OK)
            return st;
        n++;
    }
    *out = (verify_clauses){items, n};
    return STATUS_OK;
}
