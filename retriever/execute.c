/* See execute.h. A set is an insertion-ordered hash set of items; each item points to a proof, a
 * small tree of statements that is shared between items and flattened only for the values that
 * leave (execute_set.c). Operators that compare values are in execute_measure.c. */
#include "retriever/execute.h"

#include "retriever/execute_run.h"

#define CHUNK 256
#define DEFAULT_ROWS 10000
#define DEFAULT_STATEMENTS 2000000
#define SEARCH_HITS 60
#define DESCRIBE_STATEMENTS 200

/* --- bounds ------------------------------------------------------------------------------------
 */
bool execute_exhausted(execute_run *r)
{
    uint64_t deadline = r->options->limits.deadline_ns;
    if (r->out->visited >= r->statements || (deadline != 0 && clock_monotonic_ns() > deadline))
        r->out->limit_hit = true;
    return r->out->limit_hit;
}

status execute_add(execute_run *r, execute_set *set, execute_item item)
{
    if (set->count >= r->rows) {
        r->out->limit_hit = true;
        return STATUS_OK;
    }
    return execute_set_add(set, item, r->a) ? STATUS_OK : error_memory(r->err);
}

const execute_proof *execute_prove(execute_run *r, const kg_statement *st,
                                   const execute_proof *before)
{
    execute_proof *p = ARENA_NEW(r->a, execute_proof);
    if (p != NULL)
        *p = (execute_proof){.has_statement = true, .statement = *st, .left = before};
    return p;
}

const execute_proof *execute_prove_both(execute_run *r, const execute_proof *x,
                                        const execute_proof *y)
{
    if (x == NULL || y == NULL)
        return x == NULL ? y : x;
    execute_proof *p = ARENA_NEW(r->a, execute_proof);
    if (p != NULL)
        *p = (execute_proof){.left = x, .right = y};
    return p;
}

/* --- hops --------------------------------------------------------------------------------------
 */
const retriever_relation *execute_known(execute_run *r, kg_id id)
{
    return r->options->schema == NULL ? NULL : retriever_schema_relation(r->options->schema, id);
}

void execute_note_world(execute_run *r, kg_id relation)
{
    const retriever_relation *info = execute_known(r, relation);
    if (info == NULL || !info->complete)
        r->open_world = true;
}

/* Expands one relation in one direction from a slice of `from`. */
static status expand_slice(execute_run *r, const execute_set *from, size_t start, size_t count,
                           kg_id relation, kg_direction direction, execute_set *out)
{
    kg_id nodes[CHUNK];
    for (size_t i = 0; i < count; i++)
        nodes[i] = from->items[start + i].id;
    size_t left = r->statements > r->out->visited ? r->statements - r->out->visited : 1;
    /* Of one node's edges few lead to the same end: a hub need not be read whole to fill the rows.
     */
    size_t enough = (r->rows - out->count) * 4 + 1000;
    left = count == 1 && enough < left ? enough : left;
    kg_expand_options o = {.relations = &relation,
                           .relation_count = 1,
                           .direction = direction,
                           .limit = left,
                           .when = r->when};
    kg_statement_list list = {0};
    status s = kg_expand(r->read, nodes, count, &o, r->a, &list, r->err);
    for (size_t i = 0; s == STATUS_OK && i < list.count; i++) {
        const kg_statement *st = &list.items[i];
        const execute_item *source = execute_set_find(from, direction == KG_OUT ? st->s : st->o);
        kg_id reached = direction == KG_OUT ? st->o : st->s;
        if (source == NULL || execute_set_find(out, reached) != NULL)
            continue;
        const execute_proof *p = execute_prove(r, st, source->proof);
        s = p == NULL ? error_memory(r->err)
                      : execute_add(r, out, (execute_item){.id = reached, .proof = p});
    }
    r->out->visited += list.count;
    if (list.more)
        r->out->limit_hit = true;
    return s;
}

static status expand(execute_run *r, const execute_set *from, kg_id relation, bool inverse,
                     execute_set *out)
{
    status s = STATUS_OK;
    const retriever_relation *info = execute_known(r, relation);
    for (size_t i = 0; s == STATUS_OK && i < from->count && !execute_exhausted(r); i += CHUNK) {
        size_t n = from->count - i < CHUNK ? from->count - i : CHUNK;
        s = expand_slice(r, from, i, n, relation, inverse ? KG_IN : KG_OUT, out);
        if (s == STATUS_OK && info != NULL && info->symmetric)
            s = expand_slice(r, from, i, n, relation, inverse ? KG_OUT : KG_IN, out);
        if (s == STATUS_OK && info != NULL && info->inverse_of != 0 && info->inverse_of != relation)
            s = expand_slice(r, from, i, n, info->inverse_of, inverse ? KG_OUT : KG_IN, out);
    }
    return s;
}

static status step_from(execute_run *r, const execute_set *from, const lf_step *step,
                        execute_set *out)
{
    kg_id relation = step->relation.id;
    execute_note_world(r, relation);
    if (!step->closure)
        return expand(r, from, relation, step->inverse, out);
    /* Breadth first; the frontier is the tail of `out` that was added last. */
    status s = expand(r, from, relation, step->inverse, out);
    size_t done = 0;
    while (s == STATUS_OK && done < out->count && !execute_exhausted(r)) {
        execute_set frontier = {0};
        size_t upto = out->count;
        for (; s == STATUS_OK && done < upto; done++)
            s = execute_set_add(&frontier, out->items[done], r->a) ? STATUS_OK
                                                                   : error_memory(r->err);
        if (s == STATUS_OK)
            s = expand(r, &frontier, relation, step->inverse, out);
    }
    return s;
}

/* --- sets --------------------------------------------------------------------------------------
 */
static status eval_binary(execute_run *r, const lf_node *f, execute_set *out)
{
    execute_set left = {0}, right = {0};
    status s = execute_eval(r, f->a, &left);
    if (s == STATUS_OK && (f->op == LF_OR || left.count > 0))
        s = execute_eval(r, f->b, &right);
    for (size_t i = 0; s == STATUS_OK && i < left.count; i++) {
        execute_item item = left.items[i];
        const execute_item *other = execute_set_find(&right, item.id);
        if (f->op == LF_AND && other == NULL)
            continue;
        if (f->op == LF_MINUS && other != NULL)
            continue;
        if (f->op == LF_AND)
            item.proof = execute_prove_both(r, item.proof, other->proof);
        s = execute_add(r, out, item);
    }
    for (size_t i = 0; s == STATUS_OK && f->op == LF_OR && i < right.count; i++)
        if (execute_set_find(out, right.items[i].id) == NULL)
            s = execute_add(r, out, right.items[i]);
    return s;
}

/* The class that a form names and the classes below it. */
static status classes_of(execute_run *r, const lf_node *f, execute_set *out)
{
    const retriever_schema *schema = r->options->schema;
    execute_set below = {0};
    status s = execute_set_add(out, (execute_item){.id = f->name.id}, r->a) ? STATUS_OK
                                                                            : error_memory(r->err);
    if (s == STATUS_OK && schema->subclass_relation != 0) {
        lf_step down = {
            .relation = {.id = schema->subclass_relation}, .inverse = true, .closure = true};
        s = step_from(r, out, &down, &below);
        for (size_t i = 0; s == STATUS_OK && i < below.count; i++)
            s = execute_set_add(out, below.items[i], r->a) ? STATUS_OK : error_memory(r->err);
    }
    return s;
}

/* What a relation leads from, or to: what a table without classes is about. */
static status eval_having(execute_run *r, const lf_node *f, execute_set *out)
{
    kg_pattern pattern = {.p = f->step.relation.id, .when = r->when, .limit = r->rows + 1};
    kg_statement_list list = {0};
    if (f->step.relation.id == 0)
        return error_set(r->err, STATUS_USAGE, "a relation was not resolved");
    status s = kg_match(r->read, &pattern, r->a, &list, r->err);
    r->out->visited += list.count;
    for (size_t i = 0; s == STATUS_OK && i < list.count && !execute_exhausted(r); i++) {
        kg_id id = f->step.inverse ? list.items[i].o : list.items[i].s;
        if (execute_set_find(out, id) == NULL)
            s = execute_add(
                r, out, (execute_item){.id = id, .proof = execute_prove(r, &list.items[i], NULL)});
    }
    return s;
}

static status eval_type(execute_run *r, const lf_node *f, execute_set *out)
{
    const retriever_schema *schema = r->options->schema;
    if (schema == NULL || schema->type_relation == 0)
        return STATUS_OK;
    execute_set classes = {0}, members = {0};
    bool open_world = r->open_world;
    status s = classes_of(r, f, &classes);
    if (s != STATUS_OK)
        return s;
    if (f->a == NULL) {
        s = expand(r, &classes, schema->type_relation, true, out);
        r->open_world = open_world;
        return s;
    }
    s = execute_eval(r, f->a, &members);
    for (size_t i = 0; s == STATUS_OK && i < members.count; i++) {
        kg_id_list types = {0};
        s = kg_types(r->read, members.items[i].id, r->a, &types, r->err);
        bool member = false;
        for (size_t k = 0; s == STATUS_OK && k < types.count; k++)
            member = member || execute_set_find(&classes, types.items[k]) != NULL;
        if (s == STATUS_OK && member)
            s = execute_add(r, out, members.items[i]);
    }
    return s;
}

/* Within a few nodes nothing need be searched: each one's longest text is its passage. */
static status search_few(execute_run *r, const execute_set *within, execute_set *out)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < within->count; i++) {
        const execute_item *item = &within->items[i];
        kg_pattern pattern = {.s = item->id, .when = r->when, .limit = 100};
        kg_statement_list list = {0};
        const kg_statement *best = NULL;
        size_t longest = 0;
        s = kg_match(r->read, &pattern, r->a, &list, r->err);
        r->out->visited += list.count;
        for (size_t k = 0; s == STATUS_OK && k < list.count; k++) {
            kg_term term;
            s = kg_terms(r->read, &list.items[k].o, 1, r->a, &term, r->err);
            if (s == STATUS_OK && term.kind == KG_TERM_LITERAL && term.lexical.length > longest) {
                longest = term.lexical.length;
                best = &list.items[k];
            }
        }
        if (s != STATUS_OK || best == NULL)
            continue;
        const execute_proof *p = execute_prove(r, best, item->proof);
        s = p == NULL ? error_memory(r->err)
                      : execute_add(r, out, (execute_item){.id = item->id, .proof = p});
    }
    r->open_world = true;
    return s;
}

static status eval_search(execute_run *r, const lf_node *f, execute_set *out)
{
    execute_set within = {0};
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.limit = f->a == NULL ? SEARCH_HITS : SEARCH_HITS * 20};
    status s = f->a == NULL ? STATUS_OK : execute_eval(r, f->a, &within);
    if (s == STATUS_OK && f->a != NULL && within.count <= 16)
        return search_few(r, &within, out);
    if (s == STATUS_OK)
        s = kg_passage_search(r->read, f->name.label, &options, r->a, &hits, &count, r->err);
    for (size_t i = 0; s == STATUS_OK && i < count && !execute_exhausted(r); i++) {
        kg_pattern pattern = {.o = hits[i].term, .when = r->when, .limit = 20};
        kg_statement_list list = {0};
        s = kg_match(r->read, &pattern, r->a, &list, r->err);
        r->out->visited += list.count;
        for (size_t k = 0; s == STATUS_OK && k < list.count; k++) {
            kg_id subject = list.items[k].s;
            const execute_item *base = execute_set_find(&within, subject);
            if ((f->a != NULL && base == NULL) || execute_set_find(out, subject) != NULL)
                continue;
            const execute_proof *p =
                execute_prove(r, &list.items[k], base == NULL ? NULL : base->proof);
            s = execute_add(
                r, out,
                (execute_item){
                    .id = subject, .proof = p, .has_order = true, .order = (double)hits[i].score});
        }
    }
    r->open_world = true;
    return s;
}

static status eval_at(execute_run *r, const lf_node *f, execute_set *out)
{
    kg_when outer = r->when;
    r->when = (kg_when){.set = true, .day = f->day};
    status s = execute_eval(r, f->a, out);
    r->when = outer;
    return s;
}

status execute_eval(execute_run *r, const lf_node *f, execute_set *out)
{
    status s = STATUS_OK;
    execute_set from = {0};
    if (f == NULL)
        return STATUS_OK;
    if (++r->depth > LF_MAX_DEPTH + LF_MAX_NODES)
        return error_set(r->err, STATUS_LIMIT, "logical form is too deep");
    switch (f->op) {
    case LF_ENTITY:
        s = f->name.id == 0 ? error_set(r->err, STATUS_USAGE, "a name was not resolved")
                            : execute_add(r, out, (execute_item){.id = f->name.id});
        break;
    case LF_VALUE:
        break; /* a constant that is no node of the graph: the empty set */
    case LF_HOP:
        s = execute_eval(r, f->a, &from);
        if (s == STATUS_OK)
            s = step_from(r, &from, &f->step, out);
        break;
    case LF_AND:
    case LF_OR:
    case LF_MINUS:
        s = eval_binary(r, f, out);
        break;
    case LF_FILTER:
        s = execute_filter(r, f, out);
        break;
    case LF_TYPE:
        s = eval_type(r, f, out);
        break;
    case LF_HAVING:
        s = eval_having(r, f, out);
        break;
    case LF_ARGMAX:
    case LF_ARGMIN:
        s = execute_greatest(r, f, out);
        break;
    case LF_CMP:
        s = execute_compare(r, f, out);
        break;
    case LF_SEARCH:
        s = eval_search(r, f, out);
        break;
    case LF_AT:
        s = eval_at(r, f, out);
        break;
    case LF_COUNT:
    case LF_ASK:
    case LF_DESCRIBE:
        s = execute_eval(r, f->a, out);
        break;
    }
    r->depth--;
    return s;
}

/* --- results -----------------------------------------------------------------------------------
 */
static status ask(execute_run *r, const lf_node *f, const execute_set *found, execute_set *matching)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < found->count && !execute_exhausted(r); i++) {
        bool match = f->b == NULL;
        if (!match)
            s = execute_node_matches(r, found->items[i].id, f->compare, f->b, &match);
        if (s == STATUS_OK && match)
            s = execute_add(r, matching, found->items[i]);
    }
    /* A comparison that fails on what is there is a "no" that the graph supports. */
    bool measured_no = found->count > 0 && f->b != NULL && f->compare != LF_EQ;
    /* So is another value of a relation that has one value at a time. */
    if (f->a->op == LF_HOP && !f->a->step.inverse && !f->a->step.closure && f->b != NULL) {
        const retriever_relation *info = execute_known(r, f->a->step.relation.id);
        measured_no = measured_no || (found->count == 1 && info != NULL && info->functional);
    }
    /* "Has A more than B": of the two, A alone must have more. */
    bool compared = f->a->op == LF_CMP && f->a->compare != LF_EQ && found->count > 0;
    if (compared && found->count > 1)
        matching->count = 0;
    measured_no = measured_no || compared;
    r->out->truth = matching->count > 0             ? EXECUTE_YES
                    : !r->open_world || measured_no ? EXECUTE_NO
                                                    : EXECUTE_UNKNOWN;
    return s;
}

static status describe(execute_run *r, const execute_set *found)
{
    kg_id nodes[16];
    size_t n = found->count < 16 ? found->count : 16;
    for (size_t i = 0; i < n; i++)
        nodes[i] = found->items[i].id;
    kg_expand_options o = {.direction = KG_BOTH,
                           .limit_per_relation = 20,
                           .limit = DESCRIBE_STATEMENTS,
                           .when = r->when};
    kg_statement_list list = {0};
    status s = kg_expand(r->read, nodes, n, &o, r->a, &list, r->err);
    if (s != STATUS_OK)
        return s;
    r->out->statements = list.items;
    r->out->statement_count = list.count;
    r->out->more = list.more;
    return STATUS_OK;
}

static status find_conflicts(execute_run *r, const lf_node *f)
{
    while (f != NULL && (f->op == LF_AT || f->op == LF_ASK))
        f = f->a;
    if (f == NULL || f->op != LF_HOP || f->step.inverse || f->step.closure)
        return STATUS_OK;
    const retriever_relation *info = execute_known(r, f->step.relation.id);
    if (info == NULL || !info->functional)
        return STATUS_OK;
    return execute_conflicts(r->read, f->step.relation.id, r->a, r->out, r->err);
}

/* What would hold at another time, when nothing holds at the time asked. */
static status look_at_other_times(execute_run *r, const lf_node *f)
{
    if (!r->when.set && f->op != LF_AT)
        return STATUS_OK;
    while (f->op == LF_AT)
        f = f->a;
    execute_set found = {0};
    execute_result ignored = {0};
    execute_run other = *r;
    other.when = (kg_when){0};
    other.out = &ignored;
    status s = execute_eval(&other, f, &found);
    if (s != STATUS_OK || found.count == 0)
        return s;
    s = execute_flatten(&found, r->rows, r->a, &ignored, r->err);
    r->out->other_times = ignored.statements;
    r->out->other_time_count = ignored.statement_count;
    return s;
}

/* The bound of rows cut what is counted: the members of a class and the ends of a step are counted
 * all the same. */
static status count_beyond(execute_run *r, const lf_node *counted, uint64_t *number)
{
    execute_set from = {0};
    lf_step step = counted->step;
    status s = STATUS_OK;
    if (counted->op == LF_HOP && !step.closure) {
        r->out->limit_hit = false;
        s = execute_eval(r, counted->a, &from);
    } else if (counted->op == LF_TYPE && counted->a == NULL && r->options->schema != NULL) {
        step = (lf_step){.relation = {.id = r->options->schema->type_relation}, .inverse = true};
        s = classes_of(r, counted, &from);
    } else {
        return STATUS_OK;
    }
    if (s == STATUS_OK && !r->out->limit_hit)
        s = execute_count_ends(r, &from, &step, number);
    return s;
}

static status finish(execute_run *r, const lf_node *form, const lf_node *top, execute_set *found)
{
    execute_set matching = {0};
    execute_result *out = r->out;
    status s = STATUS_OK;
    out->kind = top->op == LF_COUNT      ? EXECUTE_COUNT
                : top->op == LF_ASK      ? EXECUTE_TRUTH
                : top->op == LF_DESCRIBE ? EXECUTE_DESCRIBE
                                         : EXECUTE_SET;
    if (top->op == LF_ASK) {
        s = ask(r, top, found, &matching);
        if (s == STATUS_OK && matching.count > 0)
            found = &matching;
    }
    if (s == STATUS_OK)
        s = execute_flatten(found, r->rows, r->a, out, r->err);
    if (s == STATUS_OK && top->op == LF_DESCRIBE)
        s = describe(r, found);
    if (s != STATUS_OK)
        return s;
    out->number = found->count;
    if (top->op == LF_COUNT && out->limit_hit && found->count >= r->rows)
        s = count_beyond(r, top->a, &out->number);
    if (s != STATUS_OK)
        return s;
    out->more = (out->more && top->op != LF_COUNT) || out->limit_hit;
    out->closed_world = !r->open_world;
    if (out->value_count == 0)
        return look_at_other_times(r, form);
    return find_conflicts(r, form);
}

status execute_form(kg_read *read, const lf_node *form, const execute_options *options, arena *a,
                    execute_result *out, error *err)
{
    static const execute_options defaults = {.as_of = CLOCK_DAY_UNKNOWN};
    if (form == NULL)
        return error_set(err, STATUS_USAGE, "there is no logical form");
    options = options != NULL ? options : &defaults;
    execute_result result = {.truth = EXECUTE_UNKNOWN};
    execute_run r = {.read = read, .options = options, .a = a, .err = err, .out = &result};
    r.rows = options->limits.rows > 0 ? options->limits.rows : DEFAULT_ROWS;
    r.statements = options->limits.statements > 0 ? options->limits.statements : DEFAULT_STATEMENTS;
    if (!options->any_time) {
        r.when.set = true;
        r.when.day = options->as_of != CLOCK_DAY_UNKNOWN ? options->as_of : clock_today();
    }
    const lf_node *top = form;
    while (top->op == LF_AT) {
        r.when = (kg_when){.set = true, .day = top->day};
        top = top->a;
    }
    execute_set found = {0};
    status s = execute_eval(&r, top, &found);
    if (s == STATUS_OK)
        s = finish(&r, form, top, &found);
    if (s == STATUS_OK)
        *out = result;
    return s;
}
