/* See verify_judge.h: numbers, dates, literals, existence, comparisons. */
#include "fusion/verify_judge.h"

enum { LITERALS = 64 };

/* --- values ---------------------------------------------------------------------------------- */
typedef struct measured {
    kg_statement items[LITERALS];
    kg_value values[LITERALS];
    size_t count;
} measured;

/* The subject's literals that may be compared with the claim; of the hit's relations, or of all. */
static status measures(verify_judge *j, const verify_subject *s, const claims_hit *h,
                       kg_value claimed, measured *out)
{
    kg_statement held[64];
    for (size_t a = 0; a < s->count; a++) {
        for (size_t i = 0; i < (h == NULL ? 1 : j->k->hit_count); i++) {
            if (h != NULL && !verify_same_span(&j->k->hits[i], h))
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
static status judge_count(verify_judge *j, const verify_subject *s, const claims_hit *h,
                          const claims_value *v, bool *done)
{
    bool holds = false;
    for (size_t i = 0; h != NULL && i < j->k->hit_count && !holds; i++) {
        const claims_hit *x = &j->k->hits[i];
        if (!verify_same_span(x, h) || v->value.kind != KG_VALUE_NUMBER || s->count == 0)
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
            verify_cite_one(j, &held[k]);
        *done = true;
    }
    if (*done)
        *(holds ? &j->supported : &j->contradicted) += 1;
    return STATUS_OK;
}

status verify_judge_value(verify_judge *j, const verify_subject *s, const claims_hit *h,
                          claims_value *v)
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
        verify_cite_one(j, &m.items[i]);
        j->supported++;
        return STATUS_OK;
    }
    for (size_t i = 0; i < m.count && i < 4; i++)
        verify_cite_one(j, &m.items[i]);
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
static bool spoken_of(const verify_judge *j, kg_id relation)
{
    bool naming = verify_naming(j->c, relation);
    for (size_t n = 0; n < j->k->hit_count; n++)
        if (j->k->hits[n].relation->id == relation ||
            (naming && verify_naming(j->c, j->k->hits[n].relation->id)))
            return true;
    return j->k->hit_count == 0;
}

/* Literals of the subject (codes, synonyms, periods) found in the text count as objects. */
status verify_judge_literals(verify_judge *j, const verify_subject *s)
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
            verify_cite_one(j, &list.items[i]);
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

status verify_judge_existence(verify_judge *j, const verify_subject *s, const claims_hit *h)
{
    size_t yes = 0, no = 0;
    verify_found found = {0};
    for (size_t a = 0; a < s->count; a++) {
        for (size_t i = 0; i < j->k->hit_count; i++) {
            kg_statement held[64];
            size_t count = 0;
            if (!verify_same_span(&j->k->hits[i], h))
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
    verify_cite(j, &found);
    *(yes + no == 0 ? &j->missing : yes > 0 ? &j->supported : &j->contradicted) += 1;
    return STATUS_OK;
}

/* "A's cure rate is higher than B's": the only relation with two subjects. */
status verify_judge_comparison(verify_judge *j, bool *done)
{
    claims_clause *k = j->k;
    if (!k->has_compare || k->entity_count < 2 || k->hit_count == 0 || k->value_count > 0)
        return STATUS_OK;
    kg_value sides[2];
    for (size_t e = 0; e < 2; e++) {
        const verify_subject s = verify_subject_named(&k->entities[e]);
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
                verify_cite_one(j, &held[i]);
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
