/* Follow-ups: the conversation's last form about another thing ("and influenza?"), how many it gave
 * ("how many is that?"), and those of its answers for which something else holds ("which of them
 * are treated by ophthalmology?"). */
#include <math.h>

#include "retriever/plan_forms.h"

typedef struct first_entity {
    const lf_node *found; /* the entity that the last form begins at */
    const lf_node *hop;   /* the step from it, NULL where none is walked */
} first_entity;

static bool on_entity(void *context, const lf_node *node)
{
    first_entity *f = context;
    if (node->op == LF_ENTITY)
        f->found = node;
    else if (node->op == LF_HOP && node->a != NULL && node->a->op == LF_ENTITY)
        f->hop = node;
    return f->found == NULL;
}

static bool is_named_anew(const link_mention *m)
{
    return m->shown.kind == RETRIEVER_MENTION_ENTITY &&
           m->shown.senses[0].match != RETRIEVER_MATCH_FOCUS;
}

/* What was asked of one thing can be asked of the other: both are of one kind, or the other has
 * that step too (a symptom that is a disease in its own right). */
static bool takes_its_place(const plan *p, const first_entity *first, index_node other)
{
    index_node old = index_find(p->in->index, first->found->name.id);
    index_node was = old == INDEX_NONE ? INDEX_NONE : index_class(p->in->index, old);
    index_node is = index_class(p->in->index, other);
    if (was == is || was == INDEX_NONE || is == INDEX_NONE)
        return true;
    if (first->hop == NULL)
        return false;
    uint32_t relation = index_relation_find(p->in->index, first->hop->step.relation.id);
    size_t count = 0;
    if (relation != INDEX_NONE)
        index_edges_of(p->in->index, other, relation, first->hop->step.inverse, &count);
    return count > 0;
}

/* The features of a form that says what the last one said. */
static plan_form as_before(plan *p, const token_mask *mask, double link)
{
    plan_form f = {.mask = *mask};
    token_mask_join(&f.mask, &p->silent);
    f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
    f.features[RETRIEVER_F_COVERAGE] = f.features[RETRIEVER_F_UNEXPLAINED] < 0.2 ? 0.9 : 0;
    f.features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f.mask);
    f.features[RETRIEVER_F_TYPE_FIT] = 1;
    f.features[RETRIEVER_F_LINK] = link;
    f.features[RETRIEVER_F_ORDER] = 1;
    f.features[RETRIEVER_F_HOPS] = 1;
    f.features[RETRIEVER_F_OPERATOR] = 1;
    return f;
}

static bool on_named(void *context, const lf_node *node)
{
    first_entity *f = context; /* found: what is looked for, NULL once it was met */
    if (f->found != NULL && node->op == LF_ENTITY && node->name.id == f->found->name.id)
        f->found = NULL;
    return f->found != NULL;
}

/* "Is it a cancer?" after a form that ends at cancer: cancer does not take another's place. */
static bool speaks_of(const lf_node *form, const lf_node *entity)
{
    first_entity f = {.found = entity};
    lf_each(form, on_named, &f);
    return f.found == NULL;
}

/* "And influenza?": the last form with another entity, when no relation is said anew. */
static void with_another(plan *p, const first_entity *first)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *m = &l->mentions[i];
        if (!is_named_anew(m) || m->shown.senses[0].id == first->found->name.id ||
            !takes_its_place(p, first, m->nodes[0]))
            continue;
        token_mask mask = {{0}};
        plan_mask_mention(m, &mask);
        plan_form f = as_before(p, &mask, (double)m->shown.senses[0].score);
        const lf_node *now = plan_sense_node(p, (int)i, 0);
        if (now != NULL && speaks_of(p->in->previous, now))
            continue;
        f.form = now == NULL
                     ? NULL
                     : lf_swap_entity(p->a, p->in->previous, first->found->name.id, now->name);
        f.signature = 0xF0110;
        plan_add_form(p, f);
    }
}

static bool gives_a_set(const lf_node *form)
{
    return form->op == LF_HOP || form->op == LF_AND || form->op == LF_OR || form->op == LF_MINUS ||
           form->op == LF_FILTER || form->op == LF_TYPE;
}

/* "How many is that?" names nothing anew. */
static void how_many(plan *p)
{
    const link_result *l = p->in->link;
    token_mask mask = {{0}};
    for (size_t i = 0; i < l->count; i++) {
        if (is_named_anew(&l->mentions[i]))
            return;
        if (l->mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY)
            plan_mask_mention(&l->mentions[i], &mask);
    }
    if (!plan_has(p, OPERATOR_COUNT) || !gives_a_set(p->in->previous))
        return;
    plan_form f = as_before(p, &mask, 0.9);
    f.form = lf_unary(p->a, LF_COUNT, p->in->previous);
    f.signature = 0xF0111;
    plan_add_form(p, f);
}

/* "Which of them ...": what is said now holds for some of the last answers. */
static void among_them(plan *p)
{
    size_t named = 0;
    for (size_t i = 0; i < p->in->link->count; i++)
        named += is_named_anew(&p->in->link->mentions[i]);
    if (!plan_has(p, OPERATOR_AMONG) || named != 1 || !gives_a_set(p->in->previous))
        return;
    for (size_t i = 0; i < p->path_count; i++) {
        const plan_path *path = &p->paths[i];
        if (path->hops != 1 || path->node_count == 0 || path->mention < 0)
            continue;
        plan_form f = {0};
        plan_path_features(p, path, &f);
        f.features[RETRIEVER_F_OPERATOR] = 1.2;
        f.features[RETRIEVER_F_UNSAID] = 0;
        f.form = lf_binary(p->a, LF_AND, p->in->previous, plan_path_form(p, path));
        f.signature = text_chain(f.signature, 0xF0112);
        plan_add_form(p, f);
    }
}

void plan_follow_ups(plan *p)
{
    first_entity first = {0};
    if (p->in->previous == NULL)
        return;
    lf_each(p->in->previous, on_entity, &first);
    if (first.found != NULL)
        with_another(p, &first);
    how_many(p);
    among_them(p);
}
