/* Making, comparing and editing logical forms. Parsing lies in form_parse.c, printing in
 * form_print.c, finding names in the graph in form_resolve.c. All recursion is over trees whose
 * depth the constructors' callers bound (LF_MAX_DEPTH). */
#include "retriever/logical_form.h"

static const lf_node *keep(arena *a, lf_node node)
{
    lf_node *out = ARENA_NEW(a, lf_node);
    if (out != NULL)
        *out = node;
    return out;
}

const lf_node *lf_entity(arena *a, lf_name name)
{
    return keep(a, (lf_node){.op = LF_ENTITY, .name = name});
}

const lf_node *lf_value(arena *a, kg_value value, str text, int slot)
{
    return keep(a,
                (lf_node){.op = LF_VALUE, .value = value, .name = {.label = text, .slot = slot}});
}

const lf_node *lf_hop(arena *a, const lf_node *from, lf_step step)
{
    if (from == NULL)
        return NULL;
    return keep(a, (lf_node){.op = LF_HOP, .a = from, .step = step});
}

const lf_node *lf_binary(arena *a, lf_op op, const lf_node *left, const lf_node *right)
{
    if (left == NULL || right == NULL)
        return NULL;
    return keep(a, (lf_node){.op = op, .a = left, .b = right});
}

const lf_node *lf_unary(arena *a, lf_op op, const lf_node *of)
{
    if (of == NULL)
        return NULL;
    return keep(a, (lf_node){.op = op, .a = of});
}

const lf_node *lf_filter(arena *a, const lf_node *of, lf_step step, lf_compare compare,
                         const lf_node *value)
{
    if (of == NULL || value == NULL)
        return NULL;
    return keep(a,
                (lf_node){.op = LF_FILTER, .a = of, .b = value, .step = step, .compare = compare});
}

const lf_node *lf_having(arena *a, lf_step step)
{
    return keep(a, (lf_node){.op = LF_HAVING, .step = step});
}

const lf_node *lf_type(arena *a, const lf_node *of, lf_name class_name)
{
    return keep(a, (lf_node){.op = LF_TYPE, .a = of, .name = class_name});
}

const lf_node *lf_arg(arena *a, lf_op op, const lf_node *of, lf_step step, uint32_t limit)
{
    if (of == NULL)
        return NULL;
    return keep(a, (lf_node){.op = op, .a = of, .step = step, .limit = limit});
}

const lf_node *lf_cmp(arena *a, const lf_node *left, const lf_node *right, lf_step step,
                      lf_compare compare)
{
    if (left == NULL || right == NULL)
        return NULL;
    return keep(a,
                (lf_node){.op = LF_CMP, .a = left, .b = right, .step = step, .compare = compare});
}

const lf_node *lf_ask(arena *a, const lf_node *of, lf_compare compare, const lf_node *target)
{
    if (of == NULL)
        return NULL;
    return keep(a, (lf_node){.op = LF_ASK, .a = of, .b = target, .compare = compare});
}

const lf_node *lf_at(arena *a, const lf_node *of, clock_day day)
{
    if (of == NULL)
        return NULL;
    return keep(a, (lf_node){.op = LF_AT, .a = of, .day = day});
}

const lf_node *lf_search(arena *a, str words, const lf_node *within)
{
    return keep(a, (lf_node){.op = LF_SEARCH, .a = within, .name = {.label = words}});
}

size_t lf_size(const lf_node *form)
{
    return form == NULL ? 0 : 1 + lf_size(form->a) + lf_size(form->b);
}

int lf_hops(const lf_node *form)
{
    if (form == NULL)
        return 0;
    int left = lf_hops(form->a);
    int right = lf_hops(form->b);
    return (left > right ? left : right) + (form->op == LF_HOP ? 1 : 0);
}

static bool same_name(const lf_name *x, const lf_name *y)
{
    if (x->id != 0 || y->id != 0)
        return x->id == y->id;
    return str_equal(x->iri, y->iri) && str_equal(x->label, y->label);
}

static bool same_step(const lf_step *x, const lf_step *y)
{
    return x->inverse == y->inverse && x->closure == y->closure && x->count == y->count &&
           x->self == y->self && same_name(&x->relation, &y->relation);
}

bool lf_equal(const lf_node *x, const lf_node *y)
{
    if (x == NULL || y == NULL)
        return x == y;
    if (x->op != y->op || x->compare != y->compare || x->limit != y->limit ||
        (x->op == LF_AT && x->day != y->day))
        return false;
    return same_name(&x->name, &y->name) && same_step(&x->step, &y->step) && lf_equal(x->a, y->a) &&
           lf_equal(x->b, y->b);
}

/* Copies the tree, letting `edit` change each copied node. */
static const lf_node *copy_with(arena *a, const lf_node *form,
                                void (*edit)(void *context, lf_node *node), void *context)
{
    if (form == NULL)
        return NULL;
    lf_node node = *form;
    node.a = copy_with(a, form->a, edit, context);
    node.b = copy_with(a, form->b, edit, context);
    if ((form->a != NULL && node.a == NULL) || (form->b != NULL && node.b == NULL))
        return NULL;
    edit(context, &node);
    return keep(a, node);
}

typedef struct entity_swap {
    kg_id from;
    lf_name to;
} entity_swap;

static void edit_entity(void *context, lf_node *node)
{
    const entity_swap *swap = context;
    if (node->op == LF_ENTITY && node->name.id == swap->from)
        node->name = swap->to;
}

const lf_node *lf_swap_entity(arena *a, const lf_node *form, kg_id from, lf_name to)
{
    entity_swap swap = {from, to};
    return copy_with(a, form, edit_entity, &swap);
}

typedef struct relation_swap {
    kg_id from;
    lf_step to;
} relation_swap;

static void edit_relation(void *context, lf_node *node)
{
    const relation_swap *swap = context;
    if (node->step.relation.id != 0 && node->step.relation.id == swap->from)
        node->step = swap->to;
}

const lf_node *lf_swap_relation(arena *a, const lf_node *form, kg_id from, lf_step to)
{
    relation_swap swap = {from, to};
    return copy_with(a, form, edit_relation, &swap);
}

static bool each(const lf_node *form, lf_visit visit, void *context)
{
    if (form == NULL)
        return true;
    return visit(context, form) && each(form->a, visit, context) && each(form->b, visit, context);
}

void lf_each(const lf_node *form, lf_visit visit, void *context)
{
    each(form, visit, context);
}

const char *lf_op_name(lf_op op)
{
    switch (op) {
    case LF_ENTITY:
        return "ENTITY";
    case LF_VALUE:
        return "VALUE";
    case LF_HOP:
        return "HOP";
    case LF_AND:
        return "AND";
    case LF_OR:
        return "OR";
    case LF_MINUS:
        return "MINUS";
    case LF_FILTER:
        return "FILTER";
    case LF_TYPE:
        return "TYPE";
    case LF_COUNT:
        return "COUNT";
    case LF_ARGMAX:
        return "ARGMAX";
    case LF_ARGMIN:
        return "ARGMIN";
    case LF_CMP:
        return "CMP";
    case LF_ASK:
        return "ASK";
    case LF_DESCRIBE:
        return "DESCRIBE";
    case LF_AT:
        return "AT";
    case LF_HAVING:
        return "HAVING";
    case LF_SEARCH:
        return "SEARCH";
    }
    return "?";
}

const char *lf_compare_name(lf_compare c)
{
    static const char *const names[] = {"=", "!=", "<", "<=", ">", ">=", "~", "^"};
    return (size_t)c < sizeof names / sizeof names[0] ? names[c] : "?";
}
