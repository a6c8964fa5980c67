/* See homonyms.h. */
#include "retriever/homonyms.h"

typedef struct search {
    kg_id wanted;
    bool found;
} search;

static bool is_wanted(void *context, const lf_node *node)
{
    search *s = context;
    s->found = s->found || (node->op == LF_ENTITY && node->name.id == s->wanted);
    return !s->found;
}

static bool uses(const lf_node *form, kg_id id)
{
    search s = {.wanted = id};
    lf_each(form, is_wanted, &s);
    return s.found;
}

static bool has_value(const execute_result *r, kg_id id)
{
    for (size_t i = 0; i < r->value_count; i++)
        if (r->values[i].id == id)
            return true;
    return false;
}

static bool same_answer(const execute_result *x, const execute_result *y)
{
    if (x->kind != y->kind || x->truth != y->truth || x->number != y->number ||
        x->value_count != y->value_count)
        return false;
    for (size_t i = 0; i < x->value_count; i++)
        if (!has_value(y, x->values[i].id))
            return false;
    return true;
}

static bool answers(const execute_result *r)
{
    return r->kind == EXECUTE_TRUTH ? r->truth == EXECUTE_YES : r->value_count > 0;
}

/* Does the question name the kind that tells the two apart ("苹果这种水果")? */
static bool told_apart(str question, const retriever_sense *used, const retriever_sense *other)
{
    return !str_equal(used->class_label, other->class_label) && !str_empty(used->class_label) &&
           str_find(question, used->class_label, 0) != STR_NONE;
}

/* Names that were only near are no homonyms, nor are labels that differ in their marks. */
static bool bear_one_name(const retriever_sense *x, const retriever_sense *y)
{
    return x->match == y->match &&
           (x->match == RETRIEVER_MATCH_ALIAS ||
            (x->match == RETRIEVER_MATCH_LABEL && str_equal(x->label, y->label)));
}

static const retriever_sense *sense_used(const retriever_mention *m, const lf_node *form)
{
    for (size_t i = 0; m->kind == RETRIEVER_MENTION_ENTITY && i < m->sense_count; i++)
        if (uses(form, m->senses[i].id))
            return &m->senses[i];
    return NULL;
}

status homonyms_find(kg_read *read, const link_result *link, str question, const lf_node *form,
                     const execute_result *chosen, const execute_options *options, arena *a,
                     const retriever_sense **choices, size_t *count, error *err)
{
    *count = 0;
    for (size_t i = 0; i < link->count && *count == 0; i++) {
        const retriever_mention *m = &link->mentions[i].shown;
        const retriever_sense *used = sense_used(m, form);
        retriever_sense *found = ARENA_ARRAY(a, retriever_sense, m->sense_count + 1);
        size_t n = 1;
        if (found == NULL)
            return error_memory(err);
        for (size_t k = 0; used != NULL && k < m->sense_count; k++) {
            const retriever_sense *other = &m->senses[k];
            execute_result result = {0};
            if (other == used || !bear_one_name(used, other) || uses(form, other->id) ||
                told_apart(question, used, other))
                continue;
            lf_name to = {.id = other->id, .label = other->label, .slot = m->slot};
            const lf_node *swapped = lf_swap_entity(a, form, used->id, to);
            if (swapped == NULL)
                return error_memory(err);
            status s = execute_form(read, swapped, options, a, &result, err);
            if (s != STATUS_OK)
                return s;
            if (answers(&result) && !same_answer(&result, chosen))
                found[n++] = *other;
        }
        if (n > 1) {
            found[0] = *used;
            *choices = found;
            *count = n;
        }
    }
    return STATUS_OK;
}
