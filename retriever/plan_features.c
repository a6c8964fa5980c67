/* What speaks for a form that follows a path: which words it explains, whether its answers are of
 * the kind asked for, whether the words stand in the order of its hops. */
#include <math.h>

#include "retriever/plan_forms.h"

/* --- features ----------------------------------------------------------------------------------
 */
const link_mention *plan_mention_of(const plan *p, const plan_path *path)
{
    return &p->in->link->mentions[path->mention];
}

void plan_mask_mention(const link_mention *m, token_mask *mask)
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
        if (h->kind != OPERATOR_TYPE && (h->kind != OPERATOR_WANT || !plan_is_unit(h->detail)))
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
void plan_explain_class(const plan *p, index_node node, token_mask *mask)
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

double plan_unexplained(const plan *p, const token_mask *mask)
{
    double left = 0;
    for (size_t i = 0; i < p->in->link->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (!token_mask_has(mask, i))
            left += (double)p->content[i];
    return left / ((double)p->content_mass + 0.4);
}

/* Does a word for a class stand where the question names the kind that it wants? */
static bool names_wanted(const plan *p, const phrasebook_hit *hit)
{
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++)
        if (token_mask_has(&hit->mask, i) && t->items[i].start >= p->want_start &&
            t->items[i].end <= p->want_end)
            return true;
    return false;
}

static double type_fit(const plan *p, const plan_path *path)
{
    str end = plan_end_type(p, path->steps[path->hops - 1]);
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
        if (index_find(p->in->index, class_id) == index_class(p->in->index, path->nodes[0]) &&
            (fit >= 0 || names_wanted(p, &p->class_hits[i])))
            fit = fit < 0.9 ? 0.9 : fit;
    }
    return fit;
}

/* In which order should the words of successive hops stand? Behind a possessive (X's a's b,
 * X的甲的乙) from left to right, else outwards from the name: "the b of the a of X". */
static double order_fit(const plan *p, const plan_path *path)
{
    const link_mention *m = plan_mention_of(p, path);
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

/* Chinese puts what is asked for behind what says which ("会咯血的病"), and a verb between subject
 * and object; so the place of a relation's words tells which way to walk. 1: this path goes that
 * way, 0.2: the other way, 1 also where the words do not tell. */
/* "X是什么科的病" asks for the department: the words for things say nothing about X there. */
static bool asked_between(const plan *p, size_t from, size_t to)
{
    str between = str_slice(p->in->question, from, to);
    return str_find(between, STR("什么"), 0) != STR_NONE ||
           str_find(between, STR("哪"), 0) != STR_NONE ||
           str_find(between, STR("啥"), 0) != STR_NONE;
}

static bool walks_to_those(const plan *p, const plan_path *path, const operator_hit *those)
{
    const link_mention *m = plan_mention_of(p, path);
    size_t end = m->shown.end;
    if (those->start < end || those->start - end > 24 || asked_between(p, end, those->start))
        return true;
    for (size_t i = 0; i < p->in->link->count; i++) {
        const retriever_mention *o = &p->in->link->mentions[i].shown;
        if (o->kind == RETRIEVER_MENTION_ENTITY && o->start >= end && o->start < those->start)
            return true;
    }
    return plan_type_is(plan_end_type(p, path->steps[0]), those->detail);
}

static bool says_backwards(str between)
{
    static const char *const words[] = {"什么病",   "哪些病",   "哪种病", "哪个病",
                                        "啥病",     "哪几种病", "何病",   "哪几个病",
                                        "什么疾病", "哪些疾病", "由",     "被"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_find(between, str_from(words[i]), 0) != STR_NONE)
            return true;
    return false;
}

/* "什么病会引起X这种并发症": a verb of the relation before the name, of which things are the
 * subject, though its noun stands behind. */
static bool verb_before(const plan *p, const link_mention *m, uint32_t step)
{
    const text_tokens *t = &p->in->link->tokens;
    for (size_t h = 0; h < p->hit_count && m->first < t->count; h++) {
        const phrasebook_hit *hit = &p->hits[h];
        size_t first = (size_t)-1, last = 0;
        for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++)
            if (token_mask_has(&hit->core, i)) {
                first = first == (size_t)-1 ? i : first;
                last = i;
            }
        if (hit->target / 2 == step / 2 && hit->quality >= 0.5f && first != (size_t)-1 &&
            last < m->first && says_backwards(str_slice(p->in->question, 0, t->items[first].start)))
            return true;
    }
    return false;
}

/* "X的并发症" is forwards; "并发X的病", "X是哪些病的并发症", "X由什么引起" are backwards. */
static bool verb_is_backwards(const plan *p, const link_mention *m, const phrasebook_hit *hit)
{
    size_t first = (size_t)-1, last = 0;
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++)
        if (token_mask_has(&hit->core, i)) {
            first = first == (size_t)-1 ? i : first;
            last = i;
        }
    if (first == (size_t)-1 || m->first >= t->count) /* what is only meant stands nowhere */
        return false;
    if (last < m->first)
        return true;
    if (first <= m->last)
        return false;
    return says_backwards(str_slice(p->in->question, m->shown.end, t->items[first].start));
}

/* "X这个症状": X is taken as a symptom, so that the walk starts where symptoms stand. */
static bool starts_at_kind(const plan *p, const plan_path *path, const operator_hit *type)
{
    size_t end = plan_mention_of(p, path)->shown.end;
    if (type->start < end + 3 || type->start - end > 12)
        return true;
    str between = str_slice(p->in->question, end, type->start);
    if (!str_starts(between, STR("这")) && !str_starts(between, STR("那")))
        return true;
    str start = plan_end_type(p, path->steps[0] ^ 1);
    return str_empty(start) || plan_type_is(start, type->detail);
}

static bool is_of(str word)
{
    return str_equal(word, STR("的")) || str_equal(word, STR("of")) || str_equal(word, STR("s"));
}

/* The same step twice is meant only where the words say it twice, 的 or "of" between them
 * (并发症的并发症).
 */
static bool said_twice(const plan *p, const plan_path *path, uint8_t i)
{
    if (path->hits[i] < 0 || path->hits[i - 1] < 0)
        return true;
    const text_tokens *t = &p->in->link->tokens;
    size_t at[2] = {(size_t)p->hits[path->hits[i - 1]].anchor,
                    (size_t)p->hits[path->hits[i]].anchor};
    size_t from = at[0] < at[1] ? at[0] : at[1], to = at[0] < at[1] ? at[1] : at[0];
    const operator_hits *ops = p->in->operators;
    for (size_t k = 0; k < ops->count; k++)
        if (str_equal(ops->items[k].detail, STR("2")))
            return true;
    for (size_t k = from; k < to && k < t->count; k++)
        if (is_of(t->items[k].norm))
            return true;
    return false;
}

/* "The grandparent of X", "two levels below X": as many steps along the hierarchy. */
static bool levels_fit(const plan *p, const plan_path *path)
{
    const operator_hits *ops = p->in->operators;
    size_t wanted = 0, steps = 0;
    for (size_t i = 0; i < ops->count; i++)
        if ((ops->items[i].kind == OPERATOR_UP || ops->items[i].kind == OPERATOR_DOWN) &&
            str_equal(ops->items[i].detail, STR("2")))
            wanted = 2;
    for (uint8_t i = 0; i < path->hops; i++)
        steps += plan_relation(p, path->steps[i])->id == p->in->knowledge->schema.subclass_relation;
    return wanted == 0 || wanted == steps;
}

static double direction_fit(const plan *p, const plan_path *path)
{
    const operator_hits *ops = p->in->operators;
    const link_mention *m = plan_mention_of(p, path);
    if (!levels_fit(p, path))
        return -0.5;
    bool zh = str_equal(p->in->lang, STR("zh"));
    for (uint8_t i = 1; i < path->hops; i++)
        if (path->steps[i] == path->steps[i - 1] &&
            (zh ||
             plan_relation(p, path->steps[i])->id == p->in->knowledge->schema.subclass_relation) &&
            !said_twice(p, path, i))
            return 0;
    if (path->hops == 0 || !zh)
        return 1;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_THOSE && !walks_to_those(p, path, &ops->items[i]))
            return -0.3;
        else if (ops->items[i].kind == OPERATOR_TYPE && !starts_at_kind(p, path, &ops->items[i]))
            return -0.3;
    for (uint8_t i = 0; i < path->hops; i++) {
        const retriever_relation *r = plan_relation(p, path->steps[i]);
        bool backwards = (path->steps[i] & 1) != 0;
        if (path->hits[i] >= 0 && !str_empty(r->subject_type) &&
            str_equal(r->subject_type, r->object_type) &&
            (verb_is_backwards(p, m, &p->hits[path->hits[i]]) ||
             (i == 0 && verb_before(p, m, path->steps[i]))) != backwards)
            return 0;
    }
    return 1;
}

/* A walk whose steps do not fit together by kind (a symptom's complications) only goes on because
 * one name means two things. */
static double chain_fit(const plan *p, const plan_path *path)
{
    for (uint8_t i = 1; i < path->hops; i++) {
        str end = plan_end_type(p, path->steps[i - 1]),
            start = plan_end_type(p, path->steps[i] ^ 1);
        if (!str_empty(end) && !str_empty(start) && !plan_type_is(end, start) &&
            !plan_type_is(start, end))
            return 0.3;
    }
    return 1;
}

/* Do any words name things of that kind? Where the graph does not tell kinds, they may. */
static bool kind_is_spoken(const plan *p, str kind)
{
    const operator_hits *ops = p->in->operators;
    bool spoken = str_empty(kind);
    for (size_t i = 0; i < ops->count; i++)
        spoken = spoken ||
                 (ops->items[i].kind == OPERATOR_TYPE && plan_type_is(kind, ops->items[i].detail));
    return spoken;
}

/* Does the first step lead back from things of the mention's own class? */
static bool of_own_class(const plan *p, const plan_path *path)
{
    const retriever_relation *r = plan_relation(p, path->steps[0]);
    kg_id own = plan_mention_of(p, path)->shown.senses[path->sense].class_id;
    return r->stats.range_count > 0 && r->stats.range[0].class_id == own;
}

/* "会咯血的病": the words for things of a kind say a step to that kind, if none else does. */
static double those_say(const plan *p, const plan_path *path)
{
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        size_t end = path->mention < 0 ? 0 : plan_mention_of(p, path)->shown.end;
        if (h->kind == OPERATOR_THOSE && path->mention >= 0 && h->start >= end &&
            h->start - end <= 24 && !asked_between(p, end, h->start) && (path->steps[0] & 1) != 0 &&
            plan_type_is(plan_end_type(p, path->steps[0]), h->detail))
            return of_own_class(p, path) ? 0.95 : 0.5;
    }
    return 0;
}

static double cycle_of(const plan *p, const plan_path *path)
{
    bool cycle = false;
    for (uint8_t i = 1; i < path->hops; i++)
        cycle = cycle || path->steps[i] == (path->steps[i - 1] ^ 1);
    bool other = p->in->operators->has[OPERATOR_OTHER];
    return cycle ? (other ? -0.5 : 2) : (other && path->hops > 1 ? 0.3 : 0);
}

/* A step may be said by verb and noun together ("引发什么并发症"): near words for the same step
 * are explained by it, unless 的 or "of" parts them, which makes two steps. */
static void mask_step(const plan *p, const plan_path *path, uint8_t i, token_mask *mask)
{
    const text_tokens *t = &p->in->link->tokens;
    const phrasebook_hit *said = &p->hits[path->hits[i]];
    token_mask_join(mask, &said->mask);
    for (size_t h = 0; h < p->hit_count; h++) {
        const phrasebook_hit *also = &p->hits[h];
        float low = also->anchor < said->anchor ? also->anchor : said->anchor;
        float high = also->anchor < said->anchor ? said->anchor : also->anchor;
        bool parted = also->target != said->target || also->quality < 0.5F || high - low > 6;
        for (size_t k = (size_t)low; !parted && k < (size_t)high && k < t->count; k++)
            parted = is_of(t->items[k].norm);
        if (!parted)
            token_mask_join(mask, &also->mask);
    }
}

static void path_mask(const plan *p, const plan_path *path, token_mask *mask)
{
    token_mask_join(mask, &p->silent);
    for (uint8_t i = 0; i < path->hops; i++)
        if (path->hits[i] >= 0)
            mask_step(p, path, i, mask);
    if (path->mention >= 0)
        plan_mask_mention(plan_mention_of(p, path), mask);
    explain_types(p, path, mask);
}

double plan_unused_mentions(const plan *p, const token_mask *mask)
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

uint64_t plan_path_signature(const plan_path *path)
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
        if (i == 0 && unsaid && path->hops == 1)
            implied = fmax(implied, those_say(p, path));
        if (i == 0 && unsaid && path->hops > 1)
            implied =
                fmax(kind_is_spoken(p, plan_end_type(p, path->steps[0])) ? implied : 0.1 * implied,
                     those_say(p, path));
        bool back = i > 0 && path->steps[i] == (path->steps[i - 1] ^ 1);
        if (unsaid && back && p->in->operators->has[OPERATOR_OTHER])
            implied = 0.9; /* what shares a parent with X */
        said += unsaid ? 0.4 * implied : (double)p->hits[path->hits[i]].quality;
        f[RETRIEVER_F_UNSAID] += unsaid ? 1 - 0.8 * implied : 0;
    }
    f[RETRIEVER_F_COVERAGE] = path->hops > 0 ? said / path->hops : 0;
    f[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &out->mask);
    f[RETRIEVER_F_TYPE_FIT] = path->hops > 0 ? type_fit(p, path) : 0.5;
    f[RETRIEVER_F_LINK] =
        path->mention < 0 ? 0.8 : (double)plan_mention_of(p, path)->shown.senses[path->sense].score;
    f[RETRIEVER_F_ANSWERS] = log(1 + (double)path->node_count);
    f[RETRIEVER_F_HOPS] = path->hops;
    f[RETRIEVER_F_ORDER] =
        path->mention < 0 ? 1 : order_fit(p, path) * direction_fit(p, path) * chain_fit(p, path);
    f[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &out->mask);
    f[RETRIEVER_F_EMPTY] = path->node_count == 0;
    f[RETRIEVER_F_CYCLE] = cycle_of(p, path);
    if (p->examples != NULL && path->hops > 0) {
        f[RETRIEVER_F_EXAMPLES] = examples_path(p->examples, path->steps, path->hops);
        f[RETRIEVER_F_NEIGHBOUR] = examples_steps(p->examples, path->steps, path->hops);
        /* What people meant when they said it so needs no words of its own. */
        double told = examples_trust(p->examples, path->steps, path->hops);
        f[RETRIEVER_F_UNSAID] *= 1 - told;
        f[RETRIEVER_F_CYCLE] *= 1 - told;
    } else if (p->examples != NULL) {
        f[RETRIEVER_F_EXAMPLES] = -10;
        f[RETRIEVER_F_NEIGHBOUR] = -2;
    }
    out->path = path;
    out->signature = plan_path_signature(path);
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

const lf_node *plan_sense_node(plan *p, int mention, int sense)
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
    const lf_node *f = path->mention < 0 ? NULL : plan_sense_node(p, path->mention, path->sense);
    const lf_node *start = f;
    bool cycle = path->hops == 2 && path->steps[1] == (path->steps[0] ^ 1);
    for (uint8_t i = 0; i < path->hops; i++)
        f = lf_hop(p->a, f, plan_step(p, path->steps[i], path->closure && i + 1 == path->hops));
    return cycle ? lf_binary(p->a, LF_MINUS, f, start) : f;
}

/* What yes-or-no, counting and the like weigh: 1 when the question's words ask for it. */
bool plan_has(const plan *p, operator_kind kind)
{
    return p->in->operators->has[kind];
}
