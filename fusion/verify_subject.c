/* See verify_judge.h: whom a clause speaks of. */
#include "fusion/verify_judge.h"

void verify_cite(verify_judge *j, const verify_found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        int n = cite_add(j->c->cites, &found->items[i]);
        bool seen = n == 0;
        for (size_t k = 0; k < j->cite_count; k++)
            seen = seen || j->cites[k] == n;
        if (!seen && j->cite_count < VERIFY_NUMBERS)
            j->cites[j->cite_count++] = n;
    }
}

void verify_cite_one(verify_judge *j, const kg_statement *s)
{
    verify_found one = {.count = 1};
    one.items[0] = *s;
    verify_cite(j, &one);
}

/* --- subjects and objects -------------------------------------------------------------------- */
static bool only_glue_between(const verify_judge *j, size_t from, size_t to)
{
    if (to < from || to - from > 24)
        return false;
    for (size_t i = from; i < to; i++)
        if (j->k->cover[i] == CLAIMS_NAME || j->k->cover[i] == CLAIMS_VALUE)
            return false;
    return true;
}

verify_subject verify_subject_named(const claims_entity *e)
{
    return (verify_subject){e->ids, e->count, e};
}

static bool overlaps(const claims_entity *e, size_t start, size_t end)
{
    return e->start < end && start < e->end;
}

/* "X的并发症", "complications of X", "X's symptoms": the name that the relation word belongs to. */
static const claims_entity *owner(const verify_judge *j, const claims_hit *h)
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

verify_subject verify_subject_of(const verify_judge *j, const claims_hit *h)
{
    const claims_entity *own = h == NULL ? NULL : owner(j, h);
    if (own != NULL)
        return verify_subject_named(own);
    for (size_t i = 0; i < j->k->entity_count; i++) {
        const claims_entity *e = &j->k->entities[i];
        if (h == NULL || (e->end <= h->start))
            return verify_subject_named(e);
    }
    if (j->before->count > 0)
        return (verify_subject){j->before->ids, j->before->count, NULL};
    if (j->k->entity_count > 0)
        return verify_subject_named(&j->k->entities[0]);
    return (verify_subject){0};
}

/* The span of hits that a place in the clause belongs to: the nearest before it, else behind it. */
const claims_hit *verify_hit_for(const verify_judge *j, size_t start)
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

bool verify_same_span(const claims_hit *a, const claims_hit *b)
{
    return a != NULL && b != NULL && a->start == b->start && a->end == b->end;
}

/* "A和B都…", "A and B are …": the names joined to the subject in front of everything else. */
static bool coordinated(const verify_judge *j, const claims_entity *a, const claims_entity *b)
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

/* Names that stand for the subject too; objects must then hold for each of them. */
size_t verify_other_subjects(verify_judge *j, const verify_subject *s, const claims_entity **out)
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
