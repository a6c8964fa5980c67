/* Trees in an array, children by index. */
#include "llm/train/form.h"

#include "llm/modeltext.h"

static int add(form *f, form_node node)
{
    if (f->count >= FORM_NODES)
        return -1;
    f->node[f->count] = node;
    f->root = f->count;
    return f->count++;
}

int form_entity(form *f, int slot)
{
    return add(f, (form_node){.op = FORM_ENTITY, .slot = (uint8_t)slot, .a = -1, .b = -1});
}

int form_value(form *f, int slot)
{
    return add(f, (form_node){.op = FORM_VALUE, .slot = (uint8_t)slot, .a = -1, .b = -1});
}

int form_hop(form *f, int a, int relation, bool inverse)
{
    return add(f, (form_node){.op = FORM_HOP,
                              .a = (int8_t)a,
                              .b = -1,
                              .relation = (int16_t)relation,
                              .inverse = inverse});
}

int form_unary(form *f, form_op op, int a)
{
    return add(f, (form_node){.op = (uint8_t)op, .a = (int8_t)a, .b = -1});
}

int form_binary(form *f, form_op op, int a, int b)
{
    return add(f, (form_node){.op = (uint8_t)op, .a = (int8_t)a, .b = (int8_t)b});
}

int form_filter(form *f, int a, int relation, form_compare compare, int slot)
{
    return add(f, (form_node){.op = FORM_FILTER,
                              .a = (int8_t)a,
                              .b = -1,
                              .relation = (int16_t)relation,
                              .compare = (uint8_t)compare,
                              .slot = (uint8_t)slot});
}

int form_arg(form *f, form_op op, int a, int relation)
{
    return add(
        f, (form_node){.op = (uint8_t)op, .a = (int8_t)a, .b = -1, .relation = (int16_t)relation});
}

int form_cmp(form *f, int a, int b, int relation, form_compare compare)
{
    return add(f, (form_node){.op = FORM_CMP,
                              .a = (int8_t)a,
                              .b = (int8_t)b,
                              .relation = (int16_t)relation,
                              .compare = (uint8_t)compare});
}

int form_type(form *f, int a, int relation)
{
    return add(
        f, (form_node){.op = FORM_TYPE, .a = (int8_t)a, .b = -1, .relation = (int16_t)relation});
}

int form_at(form *f, int a, int slot)
{
    return add(f, (form_node){.op = FORM_AT, .a = (int8_t)a, .b = -1, .slot = (uint8_t)slot});
}

static void print_relation(const form_schema *s, const form_node *n, buf *out)
{
    const form_relation *r = &s->relation[n->relation];
    modeltext_add_relation(out, str_from(r->label), str_from(r->gloss));
}

static void print_node(const form *f, int at, const form_schema *s, buf *out)
{
    static const char *const compare[] = {"<eq>", "<ne>", "<lt>", "<le>", "<gt>", "<ge>"};
    if (at < 0)
        return;
    const form_node *n = &f->node[at];
    print_node(f, n->a, s, out);
    print_node(f, n->b, s, out);
    switch ((form_op)n->op) {
    case FORM_ENTITY:
        modeltext_add_slot(out, 'E', n->slot);
        break;
    case FORM_VALUE:
        modeltext_add_slot(out, 'V', n->slot);
        break;
    case FORM_HOP: {
        const form_relation *r = &s->relation[n->relation];
        modeltext_add_hop(out, n->inverse == r->flipped, str_from(r->label), str_from(r->gloss));
        break;
    }
    case FORM_FILTER:
        buf_add_cstr(out, "<flt>");
        print_relation(s, n, out);
        buf_add_cstr(out, compare[n->compare]);
        modeltext_add_slot(out, 'V', n->slot);
        break;
    case FORM_TYPE:
        buf_add_cstr(out, "<type>");
        modeltext_add_label(out, s->relation[n->relation].of->class_word[s->label_language]);
        break;
    case FORM_MAX:
    case FORM_MIN:
        buf_add_cstr(out, n->op == FORM_MAX ? "<max>" : "<min>");
        print_relation(s, n, out);
        break;
    case FORM_CMP:
        buf_add_cstr(out, "<cmp>");
        print_relation(s, n, out);
        buf_add_cstr(out, compare[n->compare]);
        break;
    case FORM_AT:
        buf_add_cstr(out, "<at>");
        modeltext_add_slot(out, 'T', n->slot);
        break;
    case FORM_AND:
        buf_add_cstr(out, "<and>");
        break;
    case FORM_OR:
        buf_add_cstr(out, "<or>");
        break;
    case FORM_MINUS:
        buf_add_cstr(out, "<minus>");
        break;
    case FORM_COUNT:
        buf_add_cstr(out, "<count>");
        break;
    case FORM_ASK:
        buf_add_cstr(out, "<ask>");
        break;
    case FORM_DESCRIBE:
        buf_add_cstr(out, "<desc>");
        break;
    }
}

void form_print(const form *f, const form_schema *schema, buf *out)
{
    print_node(f, f->root, schema, out);
}

int form_hops(const form *f)
{
    int hops = 0;
    for (int i = 0; i < f->count; i++)
        hops += f->node[i].op == FORM_HOP;
    return hops;
}

/* --- wrong neighbours ------------------------------------------------------------------------- */

static bool has_relation(const form_node *n)
{
    return n->op == FORM_HOP || n->op == FORM_FILTER || n->op == FORM_MAX || n->op == FORM_MIN ||
           n->op == FORM_CMP;
}

/* A node that `wanted` accepts, by chance; -1 when there is none. */
static int pick_node(const form *f, rng *r, bool (*wanted)(const form_node *))
{
    int found[FORM_NODES], n = 0;
    for (int i = 0; i < f->count; i++)
        if (wanted(&f->node[i]))
            found[n++] = i;
    return n == 0 ? -1 : found[rng_below(r, (size_t)n)];
}

static bool is_hop(const form_node *n)
{
    return n->op == FORM_HOP;
}

/* Another relation in its place: of the same subject class where the schema has one. */
static bool swap_relation(form *f, const form_schema *s, rng *r)
{
    int at = pick_node(f, r, has_relation);
    if (at < 0 || s->count < 2)
        return false;
    form_node *n = &f->node[at];
    const concept *old = s->relation[n->relation].of;
    bool literal = n->op != FORM_HOP;
    for (int tries = 0; tries < 12; tries++) {
        size_t pick = rng_below(r, s->count);
        const concept *other = s->relation[pick].of;
        if (other == old)
            continue;
        bool kin = n->inverse ? other->range_number == old->range_number
                              : other->class_number == old->class_number;
        bool fits = !literal || other->range_number < 0;
        if ((kin && fits) || tries > 7) {
            n->relation = (int16_t)pick;
            return true;
        }
    }
    return false;
}

static bool flip_direction(form *f, const form_schema *s, rng *r)
{
    int at = pick_node(f, r, is_hop);
    if (at < 0 || s->relation[f->node[at].relation].of->symmetric)
        return false;
    f->node[at].inverse = !f->node[at].inverse;
    return true;
}

/* Leaves out one hop: its parent takes its child. */
static bool drop_hop(form *f, rng *r)
{
    int at = pick_node(f, r, is_hop);
    if (at < 0 || form_hops(f) < 2)
        return false;
    int8_t child = f->node[at].a;
    for (int i = 0; i < f->count; i++) {
        if (f->node[i].a == at)
            f->node[i].a = child;
        if (f->node[i].b == at)
            f->node[i].b = child;
    }
    if (f->root == at)
        f->root = child;
    f->node[at].op = FORM_ENTITY; /* unreachable now; no longer counted as a hop */
    return true;
}

static bool is_closing(uint8_t op)
{
    return op == FORM_COUNT || op == FORM_ASK || op == FORM_CMP || op == FORM_DESCRIBE ||
           op == FORM_AT;
}

static bool add_hop(form *f, const form_schema *s, rng *r)
{
    if (is_closing(f->node[f->root].op))
        return false;
    const form_node *top = &f->node[f->root];
    size_t pick = rng_below(r, s->count);
    bool inverse = rng_chance(r, 0.35);
    if (top->op == FORM_HOP) /* prefer one whose class fits */
        for (int tries = 0; tries < 10; tries++) {
            const concept *c = s->relation[top->relation].of;
            int here = top->inverse ? c->class_number : c->range_number;
            const concept *next = s->relation[pick].of;
            if ((inverse ? next->range_number : next->class_number) == here)
                break;
            pick = rng_below(r, s->count);
            inverse = rng_chance(r, 0.35);
        }
    return form_hop(f, f->root, (int)pick, inverse) >= 0;
}

static bool swap_hops(form *f, rng *r)
{
    int a = pick_node(f, r, is_hop), b = pick_node(f, r, is_hop);
    if (a < 0 || a == b || f->node[a].relation == f->node[b].relation)
        return false;
    int16_t keep = f->node[a].relation;
    f->node[a].relation = f->node[b].relation;
    f->node[b].relation = keep;
    return true;
}

static bool change_operator(form *f, const form_schema *s, rng *r)
{
    form_node *n = &f->node[f->root];
    switch ((form_op)n->op) {
    case FORM_MAX:
        n->op = FORM_MIN;
        return true;
    case FORM_MIN:
        n->op = FORM_MAX;
        return true;
    case FORM_AND:
    case FORM_OR:
    case FORM_MINUS: {
        uint8_t old = n->op;
        n->op = (uint8_t)(FORM_AND + rng_below(r, 3));
        return n->op != old;
    }
    case FORM_FILTER: {
        uint8_t old = n->compare;
        n->compare = (uint8_t)rng_below(r, 6);
        return n->compare != old;
    }
    case FORM_CMP: {
        static const uint8_t choice[] = {FORM_EQ, FORM_LT, FORM_GT};
        uint8_t old = n->compare;
        n->compare = choice[rng_below(r, 3)];
        return n->compare != old;
    }
    case FORM_COUNT:
    case FORM_AT:
    case FORM_ASK:
        f->root = n->a;
        return f->node[f->root].op != FORM_ENTITY;
    case FORM_DESCRIBE:
        return form_hop(f, n->a, (int)rng_below(r, s->count), rng_chance(r, 0.3)) >= 0;
    default:
        return rng_chance(r, 0.7) ? form_unary(f, FORM_COUNT, f->root) >= 0 : false;
    }
}

/* DESCRIBE of the first entity: the tempting short cut. */
static bool describe(form *f)
{
    if (f->node[f->root].op == FORM_DESCRIBE)
        return false;
    for (int i = 0; i < f->count; i++)
        if (f->node[i].op == FORM_ENTITY && f->node[i].slot == 1)
            return form_unary(f, FORM_DESCRIBE, i) >= 0;
    return false;
}

static bool swap_entities(form *f)
{
    const form_node *top = &f->node[f->root];
    bool matters = top->op == FORM_MINUS || top->op == FORM_ASK;
    bool seen = false;
    for (int i = 0; matters && i < f->count; i++)
        if (f->node[i].op == FORM_ENTITY && f->node[i].slot <= 2) {
            seen = seen || f->node[i].slot == 2;
            f->node[i].slot = (uint8_t)(3 - f->node[i].slot);
        }
    return seen;
}

bool form_mutate(form *f, const form_schema *schema, rng *r)
{
    size_t draw = rng_below(r, 100);
    if (draw < 55)
        return swap_relation(f, schema, r);
    if (draw < 66)
        return flip_direction(f, schema, r);
    if (draw < 74)
        return add_hop(f, schema, r);
    if (draw < 82)
        return drop_hop(f, r);
    if (draw < 87)
        return swap_hops(f, r);
    if (draw < 96)
        return change_operator(f, schema, r);
    return draw < 98 ? describe(f) : swap_entities(f);
}
