/* See verify_judge.h: a clause is judged by what its relations say of its subject, and by what
 * links its names where no relation is named. */
#include "fusion/verify_judge.h"

/* --- a clause by its triples -------------------------------------------------------------------
 */
static status judge_object(verify_judge *j, const verify_subject *s, const claims_hit *h,
                           claims_entity *o)
{
    size_t had = j->missing;
    status st = verify_judge_entity(j, s, h, o);
    if (st == STATUS_OK && j->missing > had)
        st = verify_judge_missing(j, s, h, o);
    if (st == STATUS_OK && j->missing > had && h != NULL && h->relation->complete)
        j->complete = true;
    return st;
}

static status judge_objects(verify_judge *j, const verify_subject *s, const claims_hit *h,
                            size_t *judged)
{
    claims_clause *k = j->k;
    const claims_entity *others[CLAIMS_ENTITIES];
    size_t other_count = verify_other_subjects(j, s, others);
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < k->entity_count; i++) {
        claims_entity *o = &k->entities[i];
        bool is_subject = o == s->entity;
        for (size_t n = 0; n < other_count; n++)
            is_subject = is_subject || o == others[n];
        if (is_subject || o->used ||
            (h != NULL && !verify_same_span(verify_hit_for(j, o->start), h)))
            continue;
        o->used = true;
        st = judge_object(j, s, h, o);
        for (size_t n = 0; st == STATUS_OK && n < other_count; n++) {
            const verify_subject other = verify_subject_named(others[n]);
            st = judge_object(j, &other, h, o);
        }
        ++*judged;
    }
    for (size_t i = 0; st == STATUS_OK && i < k->value_count; i++) {
        claims_value *v = &k->values[i];
        if (v->used || (h != NULL && !verify_same_span(verify_hit_for(j, v->start), h)))
            continue;
        v->used = true;
        st = verify_judge_value(j, s, h, v);
        ++*judged;
    }
    return st;
}

status verify_judge_triples(verify_judge *j)
{
    bool done = false;
    status st = verify_judge_comparison(j, &done);
    if (st != STATUS_OK || done)
        return st;
    verify_subject first = verify_subject_of(j, NULL);
    if (first.count == 0)
        return STATUS_OK;
    if (j->before->count > 0 && j->k->entity_count > 0 && j->k->hit_count == 0 &&
        j->k->entity_count + j->k->value_count == 1)
        first = (verify_subject){j->before->ids, j->before->count, NULL};
    size_t had = j->supported, judged = 0;
    st = verify_judge_literals(j, &first);
    judged += j->supported - had;
    if (st == STATUS_OK && j->k->hit_count == 0)
        return judge_objects(j, &first, NULL, &judged);
    for (size_t i = 0; st == STATUS_OK && i < j->k->hit_count; i++) {
        const claims_hit *h = &j->k->hits[i];
        bool seen = false;
        for (size_t n = 0; n < i; n++)
            seen = seen || verify_same_span(&j->k->hits[n], h);
        if (seen)
            continue;
        verify_subject s = verify_subject_of(j, h);
        st = s.count == 0 ? STATUS_OK : judge_objects(j, &s, h, &judged);
    }
    if (st == STATUS_OK && judged == 0 && j->k->entity_count > 1)
        j->missing++;
    else if (st == STATUS_OK && judged == 0) {
        verify_subject s = verify_subject_of(j, &j->k->hits[0]);
        if (s.count > 0)
            st = verify_judge_existence(j, &s, &j->k->hits[0]);
    }
    return st;
}

/* --- a clause ----------------------------------------------------------------------------------
 */
answer_verdict verify_sum_up(const verify_judge *j, size_t leftover)
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
