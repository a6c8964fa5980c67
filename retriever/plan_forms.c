/* Forms around paths: counts, questions of yes or no, second mentions, values, superlatives,
 * comparisons, descriptions and passages; and the features that speak for each. */
#include <math.h>

#include "retriever/plan.h"

#define BASES 24      /* best paths that operators are put around */
#define PAIR_BASES 16 /* best paths of each mention that are joined with another's */

/* --- features ----------------------------------------------------------------------------------
 */
static const link_mention *mention_of(const plan *p, const plan_path *path)
{
    return &p->in->link->mentions[path->mention];
}

static void add_mention_tokens(const link_mention *m, token_mask *mask)
{
    for (uint32_t i = m->first; i <= m->last; i++)
        token_mask_set(mask, i);
}

/* Words that name a kind of thing on the path ("films", "患者") are explained by it. */
static void explain_types(const plan *p, const plan_path *path, token_mask *mask)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        bool fits = false;
        if (h->kind != OPERATOR_TYPE)
            continue;
        for (uint8_t k = 0; k < path->hops; k++)
            fits = fits || plan_type_is(plan_end_type(p, path->steps[k]), h->detail) ||
                   plan_type_is(plan_end_type(p, path->steps[k] ^ 1), h->detail);
        for (size_t k = 0; fits && k < t->count; k++)
            if (h->start <= t->items[k].start && t->items[k].end <= h->end)
                token_mask_set(mask, k);
    }
    for (size_t i = 0; i < p->class_hit_count; i++) {
        kg_id class_id = p->in->knowledge->schema.classes[p->class_hits[i].target].id;
        index_node class_node = index_find(p->in->index, class_id);
        bool fits = index_class(p->in->index, path->from) == class_node;
        for (size_t k = 0; k < path->node_count && k < 4; k++)
            fits = fits || index_class(p->in->index, path->nodes[k]) == class_node;
        if (fits && class_node != INDEX_NONE)
            token_mask_join(mask, &p->class_hits[i].mask);
    }
}

/* Words for the kind of thing that a node itself is. */
static void explain_class(const plan *p, index_node node, token_mask *mask)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; i < p->class_hit_count; i++) {
        kg_id id = p->in->knowledge->schema.classes[p->class_hits[i].target].id;
        if (index_class(p->in->index, node) == index_find(p->in->index, id))
            token_mask_join(mask, &p->class_hits[i].mask);
    }
    for (size_t i = 0; i < ops->count; i++)
        for (size_t k = 0; ops->items[i].kind == OPERATOR_TYPE && k < t->count; k++)
            if (ops->items[i].start <= t->items[k].start && t->items[k].end <= ops->items[i].end)
                token_mask_set(mask, k);
}

static double unexplained(const plan *p, const token_mask *mask)
{
    double left = 0;
    for (size_t i = 0; i < p->in->link->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (!token_mask_has(mask, i))
            left += (double)p->content[i];
    return left / ((double)p->content_mass + 0.4);
}

static double type_fit(const plan *p, const plan_path *path)
{
    const retriever_relation *r = plan_relation(p, path->steps[path->hops - 1]);
    bool inverse = (path->steps[path->hops - 1] & 1) != 0;
    str end = inverse ? r->subject_type : r->object_type;
    double fit = 0.5;
    if (!str_empty(p->want) && !str_empty(end))
        fit = plan_type_is(end, p->want) ? 1 : p->want_kind ? -0.5 : 0;
    /* The kind named first is the kind asked for. */
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count && str_empty(p->want); i++)
        if (ops->items[i].kind == OPERATOR_TYPE && plan_type_is(end, ops->items[i].detail))
            fit = 0.8;
    for (size_t i = 0; i < p->class_hit_count && path->node_count > 0; i++) {
        kg_id class_id = p->in->knowledge->schema.classes[p->class_hits[i].target].id;
        if (index_find(p->in->index, class_id) == index_class(p->in->index, path->nodes[0]))
            fit = fit < 0.9 ? 0.9 : fit;
    }
    return fit;
}

/* In which order should the words of successive hops stand? Behind a possessive (X's a's b,
 * X的甲的乙) from left to right, else outwards from the name: "the b of the a of X". */
static double order_fit(const plan *p, const plan_path *path)
{
    const link_mention *m = mention_of(p, path);
    const text_tokens *t = &p->in->link->tokens;
    bool possessive = m->last + 1 < t->count && (str_equal(t->items[m->last + 1].norm, STR("s")) ||
                                                 str_equal(t->items[m->last + 1].norm, STR("的")));
    double good = 0, pairs = 0, before = -1;
    for (uint8_t i = 0; i < path->hops; i++) {
        if (path->hits[i] < 0)
            continue;
        double anchor = (double)p->hits[path->hits[i]].anchor;
        bool behind = anchor > m->last;
        double key = behind ? anchor - m->last : m->first - anchor;
        if (behind != possessive)
            key += 1000;
        if (before >= 0) {
            pairs++;
            good += key > before;
        }
        before = key;
    }
    return pairs > 0 ? good / pairs : 1;
}

static double cycle_of(const plan *p, const plan_path *path)
{
    bool cycle = false;
    for (uint8_t i = 1; i < path->hops; i++)
        cycle = cycle || path->steps[i] == (path->steps[i - 1] ^ 1);
    bool other = p->in->operators->has[OPERATOR_OTHER];
    return cycle ? (other ? -0.5 : 1) : (other && path->hops > 1 ? 0.3 : 0);
}

static void path_mask(const plan *p, const plan_path *path, token_mask *mask)
{
    token_mask_join(mask, &p->silent);
    for (uint8_t i = 0; i < path->hops; i++)
        if (path->hits[i] >= 0)
            token_mask_join(mask, &p->hits[path->hits[i]].mask);
    if (path->mention >= 0)
        add_mention_tokens(mention_of(p, path), mask);
    explain_types(p, path, mask);
}

static double unused_mentions(const plan *p, const token_mask *mask)
{
    double all = 0, unused = 0;
    for (size_t i = 0; i < p->in->link->count; i++) {
        const link_mention *m = &p->in->link->mentions[i];
        if (m->shown.kind == RETRIEVER_MENTION_CLASS || m->shown.kind == RETRIEVER_MENTION_UNKNOWN)
            continue;
        all++;
        unused += !token_mask_has(mask, m->first);
    }
    return all > 0 ? unused / all : 0;
}

static uint64_t path_signature(const plan_path *path)
{
    uint64_t h = 0x517cc1b7;
    for (uint8_t i = 0; i < path->hops; i++)
        h = text_chain(h, path->steps[i] + 1);
    return path->closure ? text_chain(h, 0xC105) : h;
}

void plan_path_features(plan *p, const plan_path *path, plan_form *out)
{
    double *f = out->features;
    double said = 0;
    path_mask(p, path, &out->mask);
    for (uint8_t i = 0; i < path->hops; i++) {
        double implied = i == 0 ? (double)path->implied : 0;
        bool unsaid = path->hits[i] < 0;
        said += unsaid ? 0.4 * implied : (double)p->hits[path->hits[i]].quality;
        f[RETRIEVER_F_UNSAID] += unsaid ? 1 - 0.8 * implied : 0;
    }
    f[RETRIEVER_F_COVERAGE] = path->hops > 0 ? said / path->hops : 0;
    f[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &out->mask);
    f[RETRIEVER_F_TYPE_FIT] = path->hops > 0 ? type_fit(p, path) : 0.5;
    f[RETRIEVER_F_LINK] =
        path->mention < 0 ? 0.8 : (double)mention_of(p, path)->shown.senses[path->sense].score;
    f[RETRIEVER_F_ANSWERS] = log(1 + (double)path->node_count);
    f[RETRIEVER_F_HOPS] = path->hops;
    f[RETRIEVER_F_ORDER] = path->mention < 0 ? 1 : order_fit(p, path);
    f[RETRIEVER_F_UNUSED] = unused_mentions(p, &out->mask);
    f[RETRIEVER_F_EMPTY] = path->node_count == 0;
    f[RETRIEVER_F_CYCLE] = cycle_of(p, path);
    if (p->examples != NULL && path->hops > 0) {
        f[RETRIEVER_F_EXAMPLES] = examples_path(p->examples, path->steps, path->hops);
        f[RETRIEVER_F_NEIGHBOUR] = examples_steps(p->examples, path->steps, path->hops);
    } else if (p->examples != NULL) {
        f[RETRIEVER_F_EXAMPLES] = -10;
        f[RETRIEVER_F_NEIGHBOUR] = -2;
    }
    out->path = path;
    out->signature = path_signature(path);
}

/* --- forms -------------------------------------------------------------------------------------
 */
bool plan_add_form(plan *p, plan_form form)
{
    if (form.form == NULL) {
        p->status = error_memory(p->err);
        return false;
    }
    if (p->form_count == PLAN_FORMS) {
        p->bounded = true;
        return false;
    }
    p->forms[p->form_count++] = form;
    return true;
}

static const lf_node *sense_node(plan *p, int mention, int sense)
{
    const link_mention *m = &p->in->link->mentions[mention];
    const retriever_sense *s = &m->shown.senses[sense];
    lf_name name = {.id = s->id, .label = s->label, .slot = m->shown.slot};
    kg_term term;
    error ignored = {0};
    if (kg_terms(p->in->read, &s->id, 1, p->a, &term, &ignored) == STATUS_OK &&
        term.kind == KG_TERM_IRI)
        name.iri = term.lexical;
    return lf_entity(p->a, name);
}

const lf_node *plan_path_form(plan *p, const plan_path *path)
{
    const lf_node *f = path->mention < 0 ? NULL : sense_node(p, path->mention, path->sense);
    const lf_node *start = f;
    bool cycle = path->hops == 2 && path->steps[1] == (path->steps[0] ^ 1);
    for (uint8_t i = 0; i < path->hops; i++)
        f = lf_hop(p->a, f, plan_step(p, path->steps[i], path->closure && i + 1 == path->hops));
    return cycle ? lf_binary(p->a, LF_MINUS, f, start) : f;
}

/* What yes-or-no, counting and the like weigh: 1 when the question's words ask for it. */
static bool has(const plan *p, operator_kind kind)
{
    return p->in->operators->has[kind];
}

static double plain_operator_fit(const plan *p, const plan_path *path)
{
    /* A plain list where the words ask for a count, a comparison or a yes fits less. */
    bool number = false;
    if (path->hops > 0) {
        const retriever_relation *r = plan_relation(p, path->steps[path->hops - 1]);
        number = r->stats.literal_share > 0.5 && (path->steps[path->hops - 1] & 1) == 0;
    }
    double fit = 0.5;
    if (has(p, OPERATOR_COUNT) && !number)
        fit = 0;
    if (has(p, OPERATOR_ASK) || has(p, OPERATOR_COMPARE))
        fit = 0.1;
    if (has(p, OPERATOR_DESCRIBE) && path->hops > 1)
        fit -= 0.2;
    return fit;
}

static void add_plain(plan *p, const plan_path *path)
{
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = plain_operator_fit(p, path);
    f.form = plan_path_form(p, path);
    plan_add_form(p, f);
}

static void add_wrapped(plan *p, const plan_path *path, lf_op op, double fit, uint64_t mark)
{
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = fit;
    const lf_node *inner = plan_path_form(p, path);
    f.form = op == LF_ASK ? lf_ask(p->a, inner, LF_EQ, NULL) : lf_unary(p->a, op, inner);
    f.signature = text_chain(f.signature, mark);
    plan_add_form(p, f);
}

typedef struct name_search {
    const plan *p;
    uint32_t relation;
    index_node found;
} name_search;

static bool on_value_name(void *context, const index_name *name)
{
    name_search *n = context;
    size_t count;
    index_edges_of(n->p->in->index, name->node, n->relation, true, &count);
    if (count > 0)
        n->found = name->node;
    return count == 0;
}

/* The value of the relation that is called `before` + `rest`. */
static index_node value_named(const plan *p, uint32_t relation, str before, str rest)
{
    buf text = {0};
    text_tokens tokens = {0};
    error ignored = {0};
    name_search n = {p, relation, INDEX_NONE};
    buf_add(&text, before);
    buf_add(&text, rest);
    if (text_tokenise(buf_str(&text), false, p->a, &tokens, &ignored) == STATUS_OK &&
        tokens.count > 0) {
        uint64_t chain = 0;
        for (size_t i = 0; i < tokens.count; i++)
            chain = text_chain(chain, tokens.items[i].hash);
        index_names(p->in->index, chain, on_value_name, &n);
    }
    buf_free(&text);
    return n.found;
}

/* A relation whose values say yes and no themselves (有传染性, 无传染性; 医保疾病, 非医保疾病): the
 * one that says yes, found from the value that the entity has. */
static index_node affirmative_value(const plan *p, const plan_path *path)
{
    static const char *const no[] = {"无", "非", "不", "没有", "no ", "not ", "non-"};
    static const char *const yes[] = {"", "有", "是", "属于", "可"};
    uint32_t step = path->steps[path->hops - 1];
    if ((step & 1) != 0 || path->node_count != 1)
        return INDEX_NONE;
    kg_id id = index_id(p->in->index, path->nodes[0]);
    str label;
    error ignored = {0};
    if (kg_labels(p->in->read, &id, 1, p->in->lang, p->a, &label, &ignored) != STATUS_OK)
        return INDEX_NONE;
    for (size_t i = 0; i < CORE_COUNT(no); i++)
        for (size_t k = 0; str_starts(label, str_from(no[i])) && k < CORE_COUNT(yes); k++) {
            str rest = str_slice(label, strlen(no[i]), label.length);
            index_node found = value_named(p, step / 2, str_from(yes[k]), rest);
            if (found != INDEX_NONE)
                return found;
        }
    for (size_t i = 0; i < CORE_COUNT(no); i++)
        for (size_t k = 0; k < CORE_COUNT(yes); k++) {
            if (!str_starts(label, str_from(yes[k])))
                continue;
            str rest = str_slice(label, strlen(yes[k]), label.length);
            if (value_named(p, step / 2, str_from(no[i]), rest) != INDEX_NONE)
                return path->nodes[0];
        }
    return INDEX_NONE;
}

static lf_name node_name(plan *p, index_node node, int slot)
{
    lf_name name = {.id = index_id(p->in->index, node), .slot = slot};
    kg_term term = {0};
    error ignored = {0};
    if (kg_labels(p->in->read, &name.id, 1, p->in->lang, p->a, &name.label, &ignored) !=
            STATUS_OK ||
        kg_terms(p->in->read, &name.id, 1, p->a, &term, &ignored) != STATUS_OK)
        return name;
    if (term.kind == KG_TERM_IRI)
        name.iri = term.lexical;
    return name;
}

static void add_truth(plan *p, const plan_path *path)
{
    index_node yes = affirmative_value(p, path);
    if (yes == INDEX_NONE) {
        add_wrapped(p, path, LF_ASK, 0.8, 0xA5);
        return;
    }
    plan_form f = {0};
    plan_path_features(p, path, &f);
    f.features[RETRIEVER_F_OPERATOR] = 1;
    f.form = lf_ask(p->a, plan_path_form(p, path), LF_EQ, lf_entity(p->a, node_name(p, yes, 0)));
    f.signature = text_chain(f.signature, 0xA6);
    plan_add_form(p, f);
}

static bool numeric_end(const plan *p, const plan_path *path)
{
    const retriever_relation *r = plan_relation(p, path->steps[path->hops - 1]);
    if ((path->steps[path->hops - 1] & 1) != 0)
        return false;
    if (r->stats.value_kind != KG_VALUE_NONE)
        return true;
    if (path->node_count != 1)
        return false;
    /* A graph without datatypes: "130个" is a number all the same. */
    kg_id id = index_id(p->in->index, path->nodes[0]);
    str label;
    error ignored = {0};
    if (kg_labels(p->in->read, &id, 1, (str){0}, p->a, &label, &ignored) != STATUS_OK ||
        str_empty(label))
        return false;
    return (label.data[0] >= '0' && label.data[0] <= '9') ||
           kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = label}).kind != KG_VALUE_NONE;
}

static void add_closures(plan *p, const plan_path *path)
{
    uint32_t last = path->steps[path->hops - 1];
    const retriever_relation *r = plan_relation(p, last);
    bool transitive = r->transitive || r->id == p->in->knowledge->schema.subclass_relation;
    if (!transitive || path->closure)
        return;
    plan_path *closed = ARENA_NEW(p->a, plan_path);
    if (closed == NULL)
        return;
    *closed = *path;
    closed->closure = true;
    plan_form f = {0};
    plan_path_features(p, closed, &f);
    f.features[RETRIEVER_F_OPERATOR] = has(p, OPERATOR_ALL) ? 0.7 : 0.3;
    f.form = plan_path_form(p, closed);
    plan_add_form(p, f);
}

/* Single paths with what may stand around them. */
static void forms_of_paths(plan *p)
{
    size_t limit = p->path_count < 240 ? p->path_count : 240;
    for (size_t i = 0; i < limit && p->status == STATUS_OK; i++) {
        const plan_path *path = &p->paths[i];
        add_plain(p, path);
        if (i >= BASES)
            continue;
        if (has(p, OPERATOR_COUNT) && !numeric_end(p, path))
            add_wrapped(p, path, LF_COUNT, 1, 0xC0);
        if (has(p, OPERATOR_ASK))
            add_truth(p, path);
        add_closures(p, path);
    }
}

/* --- two mentions ------------------------------------------------------------------------------
 */
static size_t shared_nodes(const plan_path *x, const plan_path *y)
{
    size_t i = 0, k = 0, n = 0;
    while (i < x->node_count && k < y->node_count) {
        if (x->nodes[i] == y->nodes[k]) {
            n++;
            i++;
            k++;
        } else if (x->nodes[i] < y->nodes[k]) {
            i++;
        } else {
            k++;
        }
    }
    return n;
}

static void join_features(plan *p, const plan_path *x, const plan_path *y, size_t shared,
                          plan_form *f)
{
    plan_form other = {0};
    plan_path_features(p, x, f);
    plan_path_features(p, y, &other);
    token_mask_join(&f->mask, &other.mask);
    double *a = f->features;
    const double *b = other.features;
    /* One phrase may speak for both: "the symptoms cough and fever". */
    double both = (a[RETRIEVER_F_COVERAGE] + b[RETRIEVER_F_COVERAGE]) / 2;
    double most = fmax(a[RETRIEVER_F_COVERAGE], b[RETRIEVER_F_COVERAGE]);
    a[RETRIEVER_F_COVERAGE] = x->steps[x->hops - 1] == y->steps[y->hops - 1] ? most : both;
    a[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f->mask);
    a[RETRIEVER_F_TYPE_FIT] = fmin(a[RETRIEVER_F_TYPE_FIT], b[RETRIEVER_F_TYPE_FIT]);
    a[RETRIEVER_F_LINK] = (a[RETRIEVER_F_LINK] + b[RETRIEVER_F_LINK]) / 2;
    a[RETRIEVER_F_ANSWERS] = log(1 + (double)shared);
    a[RETRIEVER_F_UNSAID] = fmax(a[RETRIEVER_F_UNSAID], b[RETRIEVER_F_UNSAID]);
    a[RETRIEVER_F_HOPS] = x->hops > y->hops ? x->hops : y->hops;
    a[RETRIEVER_F_UNUSED] = unused_mentions(p, &f->mask);
    a[RETRIEVER_F_EMPTY] = shared == 0;
    f->other = y;
    f->signature = text_chain(path_signature(x), path_signature(y));
}

static void add_pair(plan *p, const plan_path *x, const plan_path *y)
{
    size_t shared = shared_nodes(x, y);
    bool minus = has(p, OPERATOR_NOT), either = has(p, OPERATOR_OR);
    if (shared == 0 && !minus && !either && !x->more && !y->more)
        return;
    if (shared > 0 || x->more || y->more) {
        plan_form f = {0};
        join_features(p, x, y, shared, &f);
        f.features[RETRIEVER_F_OPERATOR] = minus || either ? 0.3 : 0.6;
        const lf_node *both = lf_binary(p->a, LF_AND, plan_path_form(p, x), plan_path_form(p, y));
        f.form = has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, both) : both;
        f.signature = text_chain(f.signature, 0xAD);
        plan_add_form(p, f);
    }
    if (minus || either) {
        bool second_first = mention_of(p, y)->first < mention_of(p, x)->first;
        const plan_path *first = second_first ? y : x, *second = second_first ? x : y;
        plan_form f = {0};
        join_features(p, first, second, first->node_count, &f);
        f.features[RETRIEVER_F_OPERATOR] = 0.8;
        const lf_node *set = lf_binary(p->a, minus ? LF_MINUS : LF_OR, plan_path_form(p, first),
                                       plan_path_form(p, second));
        f.form = has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, set) : set;
        f.signature = text_chain(f.signature, minus ? 0xDE : 0x08);
        plan_add_form(p, f);
    }
}

static bool holds_node(const plan_path *path, index_node node)
{
    for (size_t i = 0; i < path->node_count; i++)
        if (path->nodes[i] == node)
            return true;
    return false;
}

/* Is the second mention of the kind that the path ends in? */
static bool end_fits(const plan *p, const plan_path *path, index_node node)
{
    if (holds_node(path, node))
        return true;
    index_node want = index_class(p->in->index, node);
    return path->node_count > 0 && index_class(p->in->index, path->nodes[0]) == want;
}

static void add_ask_pair(plan *p, const plan_path *path, int m2, int s2)
{
    const link_mention *second = &p->in->link->mentions[m2];
    index_node node = second->nodes[s2];
    uint32_t last = path->steps[path->hops - 1];
    const retriever_relation *r = plan_relation(p, last);
    if (!end_fits(p, path, node))
        return;
    bool transitive = r->transitive || r->id == p->in->knowledge->schema.subclass_relation;
    plan_path *own = ARENA_NEW(p->a, plan_path);
    if (own == NULL)
        return;
    *own = *path;
    own->closure = transitive;
    plan_form f = {0};
    plan_path_features(p, own, &f);
    add_mention_tokens(second, &f.mask);
    f.features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f.mask);
    f.features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f.mask);
    f.features[RETRIEVER_F_TYPE_FIT] = 0.7;
    f.features[RETRIEVER_F_OPERATOR] = holds_node(path, node) ? 1 : 0.85;
    f.features[RETRIEVER_F_ANSWERS] = 0;
    /* Forwards reads better than backwards: who asks "does A have B" means A's B. */
    bool forwards = (path->steps[0] & 1) == 0;
    bool first = mention_of(p, path)->first < second->first;
    f.features[RETRIEVER_F_ORDER] = forwards ? (first ? 1 : 0.5) : 0.2;
    const retriever_sense *sense = &second->shown.senses[s2];
    lf_name name = {.id = sense->id, .label = sense->label, .slot = second->shown.slot};
    f.form = lf_ask(p->a, plan_path_form(p, own), LF_EQ, lf_entity(p->a, name));
    f.signature = text_chain(f.signature, 0xA7);
    plan_add_form(p, f);
}

static void forms_of_pairs(plan *p)
{
    const link_result *l = p->in->link;
    const plan_path *best[16][PAIR_BASES];
    size_t count[16] = {0};
    for (size_t i = 0; i < p->path_count; i++) {
        const plan_path *path = &p->paths[i];
        if (path->hops > 2 || path->mention >= 16 || count[path->mention] == PAIR_BASES)
            continue;
        best[path->mention][count[path->mention]++] = path;
    }
    for (size_t x = 0; x < 16 && x < l->count; x++)
        for (size_t y = 0; y < 16 && y < l->count && p->status == STATUS_OK; y++) {
            if (x == y || l->mentions[y].shown.kind != RETRIEVER_MENTION_ENTITY)
                continue;
            for (size_t i = 0; i < count[x]; i++) {
                for (size_t s = 0; has(p, OPERATOR_ASK) && s < l->mentions[y].shown.sense_count;
                     s++)
                    add_ask_pair(p, best[x][i], (int)y, (int)s);
                for (size_t k = 0; x < y && k < count[y]; k++)
                    add_pair(p, best[x][i], best[y][k]);
            }
        }
}

/* --- values, superlatives, comparisons ---------------------------------------------------------
 */
typedef struct measure { /* a relation with comparable values, and the words for it */
    uint32_t step;
    int hit;
    double fit;
} measure;

static const char *measure_name(kg_value_kind kind)
{
    switch (kind) {
    case KG_VALUE_MONEY:
        return "money";
    case KG_VALUE_DURATION:
        return "duration";
    case KG_VALUE_PERCENT:
        return "percent";
    case KG_VALUE_DATE:
        return "date";
    case KG_VALUE_NUMBER:
        return "number";
    default:
        return "";
    }
}

static size_t find_measures(const plan *p, measure *out, size_t capacity)
{
    const retriever_schema *schema = &p->in->knowledge->schema;
    const operator_hits *ops = p->in->operators;
    size_t n = 0;
    for (uint32_t i = 0; i < schema->relation_count && n < capacity; i++) {
        kg_value_kind kind = schema->relations[i].stats.value_kind;
        measure m = {step_of(i, false), -1, 0};
        if (kind == KG_VALUE_NONE || kind == KG_VALUE_BOOL)
            continue;
        for (size_t h = 0; h < p->hit_count; h++)
            if (p->hits[h].target == m.step &&
                (m.hit < 0 || p->hits[h].quality > p->hits[m.hit].quality))
                m.hit = (int)h;
        m.fit = m.hit >= 0 ? (double)p->hits[m.hit].quality : 0;
        for (size_t k = 0; k < ops->count; k++)
            if (ops->items[k].kind == OPERATOR_MEASURE &&
                str_equal(ops->items[k].detail, str_from(measure_name(kind)))) {
                m.fit = fmax(m.fit, 0.5) + 0.2;
                break;
            }
        if (m.fit > 0.3)
            out[n++] = m;
    }
    return n;
}

static void use_measure(plan *p, const measure *m, plan_form *f)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    if (m->hit >= 0)
        token_mask_join(&f->mask, &p->hits[m->hit].mask);
    for (size_t i = 0; i < ops->count; i++)
        for (size_t k = 0; ops->items[i].kind == OPERATOR_MEASURE && k < t->count; k++)
            if (ops->items[i].start <= t->items[k].start && t->items[k].end <= ops->items[i].end)
                token_mask_set(&f->mask, k);
    token_mask_join(&f->mask, &p->silent);
    f->features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f->mask);
    f->features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f->mask);
    f->signature = text_chain(f->signature, m->step + 0x1000);
}

static lf_compare wanted_compare(const plan *p)
{
    if (has(p, OPERATOR_GREATER))
        return LF_GE;
    return has(p, OPERATOR_LESS) ? LF_LE : LF_EQ;
}

/* The sets that a filter or superlative may work on: paths, and whole classes. */
static void forms_on_set(plan *p, const lf_node *set, const plan_form *base, const measure *m)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *v = &l->mentions[i];
        if (v->shown.kind != RETRIEVER_MENTION_VALUE && v->shown.kind != RETRIEVER_MENTION_TIME)
            continue;
        if (wanted_compare(p) == LF_EQ && !has(p, OPERATOR_GREATER))
            continue;
        plan_form f = *base;
        for (uint32_t k = v->first; k <= v->last; k++)
            token_mask_set(&f.mask, k);
        use_measure(p, m, &f);
        f.features[RETRIEVER_F_COVERAGE] = (f.features[RETRIEVER_F_COVERAGE] + m->fit) / 2;
        f.features[RETRIEVER_F_OPERATOR] = 0.8;
        const lf_node *value = lf_value(p->a, v->shown.value, v->shown.text, v->shown.slot);
        const lf_node *filtered =
            lf_filter(p->a, set, plan_step(p, m->step, false), wanted_compare(p), value);
        f.form = has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, filtered) : filtered;
        f.signature = text_chain(f.signature, 0xF1);
        plan_add_form(p, f);
    }
    for (int least = 0; least < 2; least++) {
        if (!has(p, least ? OPERATOR_MIN : OPERATOR_MAX))
            continue;
        plan_form f = *base;
        use_measure(p, m, &f);
        f.features[RETRIEVER_F_COVERAGE] = (f.features[RETRIEVER_F_COVERAGE] + m->fit) / 2;
        f.features[RETRIEVER_F_OPERATOR] = 0.9;
        f.form = lf_arg(p->a, least ? LF_ARGMIN : LF_ARGMAX, set, plan_step(p, m->step, false), 0);
        f.signature = text_chain(f.signature, least ? 0x31 : 0x3A);
        plan_add_form(p, f);
    }
}

static bool has_measure(const plan *p, index_node node, uint32_t step)
{
    size_t count;
    index_edges_of(p->in->index, node, step / 2, (step & 1) != 0, &count);
    return count > 0;
}

static void forms_of_sets(plan *p, const measure *measures, size_t count)
{
    const retriever_schema *schema = &p->in->knowledge->schema;
    size_t bases = 0;
    for (size_t i = 0; i < p->path_count && bases < BASES; i++) {
        const plan_path *path = &p->paths[i];
        plan_form base = {0};
        bool any = false;
        for (size_t k = 0; k < count; k++) {
            bool some = false;
            for (size_t n = 0; n < path->node_count && n < 16; n++)
                some = some || has_measure(p, path->nodes[n], measures[k].step);
            if (!some)
                continue;
            if (!any)
                plan_path_features(p, path, &base);
            any = true;
            forms_on_set(p, plan_path_form(p, path), &base, &measures[k]);
        }
        bases += any;
    }
    for (size_t i = 0; i < p->class_hit_count && i < 4; i++) {
        const retriever_class *c = &schema->classes[p->class_hits[i].target];
        plan_form base = {0};
        base.mask = p->class_hits[i].mask;
        base.features[RETRIEVER_F_COVERAGE] = (double)p->class_hits[i].quality;
        base.features[RETRIEVER_F_TYPE_FIT] = 0.9;
        base.features[RETRIEVER_F_LINK] = 0.9;
        base.features[RETRIEVER_F_ORDER] = 1;
        base.features[RETRIEVER_F_HOPS] = 1;
        base.features[RETRIEVER_F_ANSWERS] = 1;
        base.signature = text_chain(0x7e, c->id);
        const lf_node *all =
            lf_type(p->a, NULL, (lf_name){.id = c->id, .iri = c->iri, .label = c->label});
        for (size_t k = 0; k < count; k++)
            forms_on_set(p, all, &base, &measures[k]);
        if (has(p, OPERATOR_COUNT)) {
            plan_form f = base;
            token_mask_join(&f.mask, &p->silent);
            f.features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f.mask);
            f.features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f.mask);
            f.features[RETRIEVER_F_OPERATOR] = 0.9;
            f.form = lf_unary(p->a, LF_COUNT, all);
            plan_add_form(p, f);
        }
    }
}

/* The most or least of three things or more that the question names. */
static void forms_of_choices(plan *p, const measure *measures, size_t count)
{
    const link_result *l = p->in->link;
    for (size_t k = 0; k < count; k++) {
        const lf_node *all = NULL;
        size_t named = 0;
        plan_form f = {0};
        for (size_t x = 0; x < l->count; x++) {
            const link_mention *m = &l->mentions[x];
            if (m->shown.kind != RETRIEVER_MENTION_ENTITY ||
                !has_measure(p, m->nodes[0], measures[k].step))
                continue;
            const lf_node *one = sense_node(p, (int)x, 0);
            all = all == NULL ? one : lf_binary(p->a, LF_OR, all, one);
            add_mention_tokens(m, &f.mask);
            named++;
        }
        bool least = has(p, OPERATOR_MIN), most = has(p, OPERATOR_MAX) || has(p, OPERATOR_COMPARE);
        if (named < 3 || (!least && !most))
            continue;
        use_measure(p, &measures[k], &f);
        f.features[RETRIEVER_F_COVERAGE] = measures[k].fit;
        f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
        f.features[RETRIEVER_F_LINK] = 0.9;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_ORDER] = 1;
        f.features[RETRIEVER_F_OPERATOR] = 1;
        f.form = lf_arg(p->a, least ? LF_ARGMIN : LF_ARGMAX, all,
                        plan_step(p, measures[k].step, false), 0);
        plan_add_form(p, f);
    }
}

/* Two things compared by a measure; one thing's measure against a value. */
static void forms_of_comparisons(plan *p, const measure *measures, size_t count)
{
    const link_result *l = p->in->link;
    bool compares = has(p, OPERATOR_COMPARE) || has(p, OPERATOR_MAX) || has(p, OPERATOR_MIN) ||
                    has(p, OPERATOR_GREATER) || has(p, OPERATOR_LESS);
    for (size_t x = 0; x < l->count && compares; x++)
        for (size_t y = 0; y < l->count; y++) {
            const link_mention *first = &l->mentions[x], *second = &l->mentions[y];
            bool two = x < y && second->shown.kind == RETRIEVER_MENTION_ENTITY;
            bool value = second->shown.kind == RETRIEVER_MENTION_VALUE ||
                         second->shown.kind == RETRIEVER_MENTION_TIME;
            if (x == y || first->shown.kind != RETRIEVER_MENTION_ENTITY || (!two && !value))
                continue;
            for (size_t k = 0; k < count; k++) {
                if (!has_measure(p, first->nodes[0], measures[k].step) ||
                    (two && !has_measure(p, second->nodes[0], measures[k].step)))
                    continue;
                plan_form f = {0};
                add_mention_tokens(first, &f.mask);
                add_mention_tokens(second, &f.mask);
                use_measure(p, &measures[k], &f);
                f.features[RETRIEVER_F_COVERAGE] = measures[k].fit;
                f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
                f.features[RETRIEVER_F_LINK] = (double)first->shown.senses[0].score;
                f.features[RETRIEVER_F_HOPS] = 1;
                f.features[RETRIEVER_F_ORDER] = 1;
                f.features[RETRIEVER_F_OPERATOR] = 1;
                const lf_node *a = sense_node(p, (int)x, 0);
                lf_step step = plan_step(p, measures[k].step, false);
                bool less =
                    has(p, OPERATOR_MIN) || (has(p, OPERATOR_LESS) && !has(p, OPERATOR_MAX));
                if (two)
                    f.form = lf_cmp(p->a, a, sense_node(p, (int)y, 0), step, less ? LF_LT : LF_GT);
                else
                    f.form = lf_ask(p->a, lf_hop(p->a, a, step), wanted_compare(p),
                                    lf_value(p->a, second->shown.value, second->shown.text,
                                             second->shown.slot));
                f.signature = text_chain(f.signature, two ? 0xC4 : 0xC5);
                plan_add_form(p, f);
            }
        }
}

/* "Who is X": nothing but an article stands between the words that ask and the name. */
static bool asks_description(const plan *p, const link_mention *m)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        size_t between = 0;
        if (h->kind != OPERATOR_DESCRIBE)
            continue;
        for (size_t k = 0; k < t->count; k++) {
            size_t at = t->items[k].start;
            bool before = at >= h->end && k < m->first;
            bool behind = k > m->last && t->items[k].end <= h->start;
            between += (before || behind) && !str_equal(t->items[k].norm, STR("the")) &&
                       !str_equal(t->items[k].norm, STR("一下"));
        }
        if (between == 0)
            return true;
    }
    return false;
}

/* --- what an alias is an alias of --------------------------------------------------------------
 */
static void forms_of_names(plan *p)
{
    const link_result *l = p->in->link;
    if (!has(p, OPERATOR_NAME) && !has(p, OPERATOR_DESCRIBE))
        return;
    for (size_t m = 0; m < l->count; m++) {
        const link_mention *mention = &l->mentions[m];
        if (mention->shown.kind != RETRIEVER_MENTION_ENTITY ||
            mention->shown.senses[0].match == RETRIEVER_MATCH_LABEL)
            continue;
        plan_form f = {0};
        add_mention_tokens(mention, &f.mask);
        token_mask_join(&f.mask, &p->silent);
        explain_class(p, mention->nodes[0], &f.mask);
        f.features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f.mask);
        f.features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f.mask);
        f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
        f.features[RETRIEVER_F_LINK] = (double)mention->shown.senses[0].score;
        f.features[RETRIEVER_F_ORDER] = 1;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_OPERATOR] = has(p, OPERATOR_NAME) ? 1 : 0.3;
        f.features[RETRIEVER_F_COVERAGE] = has(p, OPERATOR_NAME) ? 0.8 : 0.3;
        f.form = sense_node(p, (int)m, 0);
        f.signature = 0x1D;
        plan_add_form(p, f);
    }
}

/* --- descriptions -----------------------------------------------------------------
 */
static void forms_of_descriptions(plan *p)
{
    const link_result *l = p->in->link;
    for (size_t m = 0; m < l->count; m++) {
        const link_mention *mention = &l->mentions[m];
        if (mention->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        plan_form f = {0};
        add_mention_tokens(mention, &f.mask);
        token_mask_join(&f.mask, &p->silent);
        f.features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f.mask);
        f.features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f.mask);
        f.features[RETRIEVER_F_TYPE_FIT] = str_empty(p->want) ? 0.5 : 0;
        f.features[RETRIEVER_F_LINK] = (double)mention->shown.senses[0].score;
        f.features[RETRIEVER_F_ORDER] = 1;
        /* "What is X" asks for a description only where nothing else is said. */
        bool asked = asks_description(p, mention) && f.features[RETRIEVER_F_UNEXPLAINED] < 0.15;
        f.features[RETRIEVER_F_OPERATOR] = asked ? 0.9 : 0;
        f.features[RETRIEVER_F_COVERAGE] = asked ? 0.4 : 0;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_UNSAID] = asked ? 0 : 2;
        f.form = lf_unary(p->a, LF_DESCRIBE, sense_node(p, (int)m, 0));
        f.signature = 0xDE5C;
        plan_add_form(p, f);
    }
}

/* --- follow-ups ---------------------------------------------------------------------------------
 */
typedef struct first_entity {
    const lf_node *found;
} first_entity;

static bool on_entity(void *context, const lf_node *node)
{
    first_entity *f = context;
    if (node->op == LF_ENTITY)
        f->found = node;
    return f->found == NULL;
}

/* "And influenza?": the last form with another entity, when no relation is said anew. */
static void forms_of_previous(plan *p)
{
    const link_result *l = p->in->link;
    first_entity first = {0};
    if (p->in->previous == NULL)
        return;
    lf_each(p->in->previous, on_entity, &first);
    for (size_t i = 0; i < l->count && first.found != NULL; i++) {
        const link_mention *m = &l->mentions[i];
        if (m->shown.kind != RETRIEVER_MENTION_ENTITY ||
            m->shown.senses[0].match == RETRIEVER_MATCH_FOCUS ||
            m->shown.senses[0].id == first.found->name.id)
            continue;
        index_node old = index_find(p->in->index, first.found->name.id);
        bool same_kind = index_class(p->in->index, old) == index_class(p->in->index, m->nodes[0]);
        plan_form f = {0};
        add_mention_tokens(m, &f.mask);
        token_mask_join(&f.mask, &p->silent);
        f.features[RETRIEVER_F_UNEXPLAINED] = unexplained(p, &f.mask);
        f.features[RETRIEVER_F_COVERAGE] = f.features[RETRIEVER_F_UNEXPLAINED] < 0.2 ? 0.9 : 0;
        f.features[RETRIEVER_F_UNUSED] = unused_mentions(p, &f.mask);
        f.features[RETRIEVER_F_TYPE_FIT] = same_kind ? 1 : 0.2;
        f.features[RETRIEVER_F_LINK] = (double)m->shown.senses[0].score;
        f.features[RETRIEVER_F_ORDER] = 1;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_OPERATOR] = 1;
        const lf_node *now = sense_node(p, (int)i, 0);
        f.form = now == NULL
                     ? NULL
                     : lf_swap_entity(p->a, p->in->previous, first.found->name.id, now->name);
        f.signature = 0xF0110;
        plan_add_form(p, f);
    }
}

void plan_make_forms(plan *p)
{
    measure measures[8];
    size_t count = find_measures(p, measures, CORE_COUNT(measures));
    forms_of_comparisons(p, measures, count);
    forms_of_choices(p, measures, count);
    forms_of_descriptions(p);
    forms_of_names(p);
    forms_of_previous(p);
    plan_passages(p);
    forms_of_pairs(p);
    forms_of_sets(p, measures, count);
    forms_of_paths(p);
    p->enumerated += p->form_count;
}
