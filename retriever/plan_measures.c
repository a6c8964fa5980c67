/* Forms that compare: values and bounds, superlatives, two things by a measure or by how many of
 * something they have, and codes of other vocabularies. */
#include <math.h>

#include "retriever/plan_forms.h"

#define BASES 24 /* best paths that operators are put around */

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

/* Words for kinds of things tell nothing where the graph tells no kinds. */
static void explain_kinds(const plan *p, token_mask *mask)
{
    const operator_hits *ops = p->in->operators;
    const text_tokens *t = &p->in->link->tokens;
    for (size_t i = 0; p->in->knowledge->schema.class_count == 0 && i < ops->count; i++)
        for (size_t k = 0; ops->items[i].kind == OPERATOR_TYPE && k < t->count; k++)
            if (ops->items[i].start <= t->items[k].start && t->items[k].end <= ops->items[i].end)
                token_mask_set(mask, k);
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
    explain_kinds(p, &f->mask);
    f->features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f->mask);
    f->features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f->mask);
    f->signature = text_chain(f->signature, m->step + 0x1000);
}

/* What the words before or behind a value say of it as a bound: 超过 leaves it out, 不超过 takes it
 * in. */
static bool said_bound(str words, lf_compare *out, str *rest)
{
    static const struct {
        lf_compare compare;
        const char *words[12];
    } bounds[] = {
        {LF_LE,
         {"不超过", "不高于", "不多于", "不大于", "至多", "最多", "以内", "之内", "以下", "at most",
          "no more than", "up to"}},
        {LF_GE,
         {"不低于", "不少于", "不小于", "至少", "最少", "以上", "起码", "at least", "no less than",
          "no fewer than"}},
        {LF_GT, {"超过", "大于", "高于", "多于", "more than", "greater than", "over", "above"}},
        {LF_LT, {"低于", "小于", "少于", "不到", "不足", "less than", "fewer than", "under"}},
    };
    for (size_t i = 0; i < CORE_COUNT(bounds); i++)
        for (size_t k = 0; k < CORE_COUNT(bounds[i].words) && bounds[i].words[k] != NULL; k++) {
            str word = str_from(bounds[i].words[k]);
            bool before = str_starts(words, word);
            if (!before && !str_ends(words, word))
                continue;
            *out = bounds[i].compare;
            *rest = str_trim(before ? str_slice(words, word.length, words.length)
                                    : str_slice(words, 0, words.length - word.length));
            return true;
        }
    return false;
}

static lf_compare wanted_compare(const plan *p)
{
    if (plan_has(p, OPERATOR_GREATER))
        return LF_GE;
    return plan_has(p, OPERATOR_LESS) ? LF_LE : LF_EQ;
}

/* Thirty years are no more and no less than a number, a sum or a date. */
static bool measures_time_alike(const plan *p, const measure *m, const link_mention *v)
{
    const retriever_relation *r = plan_relation(p, m->step);
    return v->shown.value.kind != KG_VALUE_DURATION || r == NULL ||
           r->stats.value_kind == KG_VALUE_DURATION;
}

/* The value of a mention, and how it is compared: a value that is said as a bound is the bound. */
static lf_compare bound_of(const plan *p, const link_mention *v, kg_value *value, str *text)
{
    lf_compare said;
    *value = v->shown.value;
    *text = v->shown.text;
    if (v->shown.kind != RETRIEVER_MENTION_VALUE || !said_bound(v->shown.text, &said, text))
        return wanted_compare(p);
    if (said == LF_GT || said == LF_GE)
        value->high = value->low;
    else
        value->low = value->high;
    return said;
}

/* The sets that a filter or superlative may work on: paths, and whole classes. */
static void forms_on_set(plan *p, const lf_node *set, const plan_form *base, const measure *m)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *v = &l->mentions[i];
        if (v->shown.kind != RETRIEVER_MENTION_VALUE && v->shown.kind != RETRIEVER_MENTION_TIME)
            continue;
        if ((wanted_compare(p) == LF_EQ && !plan_has(p, OPERATOR_GREATER)) ||
            !measures_time_alike(p, m, v))
            continue;
        plan_form f = *base;
        for (uint32_t k = v->first; k <= v->last; k++)
            token_mask_set(&f.mask, k);
        use_measure(p, m, &f);
        f.features[RETRIEVER_F_COVERAGE] = (f.features[RETRIEVER_F_COVERAGE] + m->fit) / 2;
        f.features[RETRIEVER_F_OPERATOR] = 0.8;
        kg_value bound;
        str text;
        lf_compare compare = bound_of(p, v, &bound, &text);
        const lf_node *value = lf_value(p->a, bound, text, v->shown.slot);
        const lf_node *filtered =
            lf_filter(p->a, set, plan_step(p, m->step, false), compare, value);
        f.form = plan_has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, filtered) : filtered;
        f.signature = text_chain(f.signature, 0xF1);
        plan_add_form(p, f);
    }
    for (int least = 0; least < 2; least++) {
        if (!plan_has(p, least ? OPERATOR_MIN : OPERATOR_MAX))
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

/* Does the question have the beginning of the relation's name (成立 of 成立日期)? */
static bool begins_to_say(const plan *p, uint32_t step)
{
    enum { BEGINNING = 6 }; /* bytes: two Chinese characters */
    str label = plan_relation(p, step)->label;
    return label.length > BEGINNING && (unsigned char)label.data[0] >= 0x80 &&
           str_find(p->in->question, str_slice(label, 0, BEGINNING), 0) != STR_NONE;
}

static void explain_beginning(const plan *p, uint32_t step, token_mask *mask)
{
    const text_tokens *t = &p->in->link->tokens;
    str said = str_slice(plan_relation(p, step)->label, 0, 6);
    size_t at = str_find(p->in->question, said, 0);
    for (size_t k = 0; at != STR_NONE && k < t->count; k++)
        if (at <= t->items[k].start && t->items[k].end <= at + said.length)
            token_mask_set(mask, k);
}

/* A table without classes is about what its relations lead from: "哪家公司的注册资本最高" asks of
 * all that have one. */
static void forms_on_subjects(plan *p, const measure *measures, size_t count)
{
    if (p->in->knowledge->schema.class_count > 0 || p->in->link->count > 1)
        return;
    for (size_t i = 0; i < p->in->link->count; i++)
        if (p->in->link->mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY)
            return;
    plan_form base = {0};
    base.features[RETRIEVER_F_COVERAGE] = 0.9;
    base.features[RETRIEVER_F_TYPE_FIT] = 0.7;
    base.features[RETRIEVER_F_LINK] = 0.9;
    base.features[RETRIEVER_F_ORDER] = 1;
    base.features[RETRIEVER_F_HOPS] = 1;
    base.features[RETRIEVER_F_ANSWERS] = 1;
    for (size_t k = 0; k < count; k++) {
        bool begun = begins_to_say(p, measures[k].step);
        base.signature = text_chain(0x5a, measures[k].step);
        plan_form own = base;
        if (begun)
            explain_beginning(p, measures[k].step, &own.mask);
        if (begun || measures[k].hit >= 0)
            forms_on_set(p, lf_having(p->a, plan_step(p, measures[k].step, false)), &own,
                         &measures[k]);
    }
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
    forms_on_subjects(p, measures, count);
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
        if (plan_has(p, OPERATOR_COUNT)) {
            plan_form f = base;
            token_mask_join(&f.mask, &p->silent);
            f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
            f.features[RETRIEVER_F_UNUSED] = plan_unused_mentions(p, &f.mask);
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
            const lf_node *one = plan_sense_node(p, (int)x, 0);
            all = all == NULL ? one : lf_binary(p->a, LF_OR, all, one);
            plan_mask_mention(m, &f.mask);
            named++;
        }
        bool least = plan_has(p, OPERATOR_MIN),
             most = plan_has(p, OPERATOR_MAX) || plan_has(p, OPERATOR_COMPARE);
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

/* Which of two has more; where only yes or no is asked, whether the first has. */
static const lf_node *compared(plan *p, const lf_node *first, const lf_node *second, lf_step step,
                               bool less)
{
    const lf_node *cmp = lf_cmp(p->a, first, second, step, less ? LF_LT : LF_GT);
    return plan_has(p, OPERATOR_ASK) ? lf_ask(p->a, cmp, LF_EQ, first) : cmp;
}

/* Two things compared by a measure; one thing's measure against a value. */
static void forms_of_comparisons(plan *p, const measure *measures, size_t count)
{
    const link_result *l = p->in->link;
    bool compares = plan_has(p, OPERATOR_COMPARE) || plan_has(p, OPERATOR_MAX) ||
                    plan_has(p, OPERATOR_MIN) || plan_has(p, OPERATOR_GREATER) ||
                    plan_has(p, OPERATOR_LESS);
    for (size_t x = 0; x < l->count && compares; x++)
        for (size_t y = 0; y < l->count; y++) {
            const link_mention *first = &l->mentions[x], *second = &l->mentions[y];
            bool two = x < y && second->shown.kind == RETRIEVER_MENTION_ENTITY;
            bool value = second->shown.kind == RETRIEVER_MENTION_VALUE ||
                         second->shown.kind == RETRIEVER_MENTION_TIME;
            if (!two && plan_has(p, OPERATOR_OPEN) && !plan_has(p, OPERATOR_ASK))
                continue; /* "which X are above 90 %" asks for no yes */
            if (x == y || first->shown.kind != RETRIEVER_MENTION_ENTITY || (!two && !value))
                continue;
            for (size_t k = 0; k < count; k++) {
                if (!has_measure(p, first->nodes[0], measures[k].step) ||
                    (two && !has_measure(p, second->nodes[0], measures[k].step)))
                    continue;
                plan_form f = {0};
                plan_mask_mention(first, &f.mask);
                plan_mask_mention(second, &f.mask);
                use_measure(p, &measures[k], &f);
                f.features[RETRIEVER_F_COVERAGE] = measures[k].fit;
                f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
                f.features[RETRIEVER_F_LINK] = (double)first->shown.senses[0].score;
                f.features[RETRIEVER_F_HOPS] = 1;
                f.features[RETRIEVER_F_ORDER] = 1;
                f.features[RETRIEVER_F_OPERATOR] = 1;
                const lf_node *a = plan_sense_node(p, (int)x, 0);
                lf_step step = plan_step(p, measures[k].step, false);
                bool less = plan_has(p, OPERATOR_MIN) ||
                            (plan_has(p, OPERATOR_LESS) && !plan_has(p, OPERATOR_MAX));
                if (two) {
                    f.form = compared(p, a, plan_sense_node(p, (int)y, 0), step, less);
                } else {
                    kg_value bound;
                    str text;
                    lf_compare compare = bound_of(p, second, &bound, &text);
                    f.form = lf_ask(p->a, lf_hop(p->a, a, step), compare,
                                    lf_value(p->a, bound, text, second->shown.slot));
                }
                f.signature = text_chain(f.signature, two ? 0xC4 : 0xC5);
                plan_add_form(p, f);
            }
        }
}

/* --- how many ----------------------------------------------------------------------------------
 */
static bool counts_asked(const plan *p)
{
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_MEASURE && str_equal(ops->items[i].detail, STR("count")))
            return true;
    return false;
}

/* The relations that the words name, as measures of how many. */
static size_t find_counted(const plan *p, measure *out, size_t capacity)
{
    size_t n = 0;
    for (size_t h = 0; h < p->hit_count; h++) {
        uint32_t step = p->hits[h].target;
        size_t k = 0;
        while (k < n && out[k].step != step)
            k++;
        if (plan_relation(p, step)->naming)
            continue;
        if (p->hits[h].quality < 0.3f || (k == n && n == capacity))
            continue;
        if (k < n && (double)p->hits[h].quality <= out[k].fit)
            continue;
        out[k] = (measure){step, (int)h, (double)p->hits[h].quality};
        n += k == n;
    }
    return n;
}

/* A has more of something than B: "哪个并发症多", "does A have more subtypes than B". */
static void forms_of_counts(plan *p)
{
    const link_result *l = p->in->link;
    measure counted[12];
    bool compares = plan_has(p, OPERATOR_COMPARE) || plan_has(p, OPERATOR_MAX) ||
                    plan_has(p, OPERATOR_MIN) || plan_has(p, OPERATOR_GREATER) ||
                    plan_has(p, OPERATOR_LESS);
    if (!compares || !counts_asked(p))
        return;
    size_t count = find_counted(p, counted, CORE_COUNT(counted));
    bool less =
        plan_has(p, OPERATOR_MIN) || (plan_has(p, OPERATOR_LESS) && !plan_has(p, OPERATOR_MAX));
    for (size_t k = 0; k < count; k++) {
        const lf_node *all = NULL, *last = NULL, *first = NULL;
        plan_form f = {0};
        size_t named = 0;
        for (size_t x = 0; x < l->count; x++) {
            const link_mention *m = &l->mentions[x];
            if (m->shown.kind != RETRIEVER_MENTION_ENTITY ||
                !has_measure(p, m->nodes[0], counted[k].step))
                continue;
            last = plan_sense_node(p, (int)x, 0);
            first = first == NULL ? last : first;
            all = all == NULL ? last : lf_binary(p->a, LF_OR, all, last);
            plan_mask_mention(m, &f.mask);
            named++;
        }
        if (named < 2)
            continue;
        lf_step step = plan_step(p, counted[k].step, false);
        step.count = true;
        use_measure(p, &counted[k], &f);
        f.features[RETRIEVER_F_COVERAGE] = fmax(counted[k].fit, 0.8);
        f.features[RETRIEVER_F_TYPE_FIT] = 0.8;
        f.features[RETRIEVER_F_LINK] = 0.9;
        f.features[RETRIEVER_F_HOPS] = 1;
        f.features[RETRIEVER_F_ORDER] = 1;
        f.features[RETRIEVER_F_OPERATOR] = 1 + 0.3 * counted[k].fit;
        f.form = named == 2 ? compared(p, first, last, step, less)
                            : lf_arg(p->a, less ? LF_ARGMIN : LF_ARGMAX, all, step, 0);
        f.signature = text_chain(f.signature, 0xC6);
        plan_add_form(p, f);
    }
}

/* --- codes -------------------------------------------------------------------------------------
 */
static bool inside_a_name(const plan *p, const operator_hit *h)
{
    for (size_t i = 0; i < p->in->link->count; i++) {
        const retriever_mention *m = &p->in->link->mentions[i].shown;
        if (m->kind == RETRIEVER_MENTION_ENTITY && m->start < h->end && h->start < m->end)
            return true;
    }
    return false;
}

/* How the values of the path write the vocabulary: "MSH:" or, with a version behind it, "SNOMEDCT";
 * empty when no value is of it. */
static str code_prefix(const plan *p, const plan_path *path, str vocabulary)
{
    str found = {0};
    for (size_t i = 0; i < path->node_count; i++) {
        kg_id id = index_id(p->in->index, path->nodes[i]);
        str label = {0};
        error ignored = {0};
        if (kg_labels(p->in->read, &id, 1, (str){0}, p->a, &label, &ignored) != STATUS_OK ||
            !str_equal_nocase(str_slice(label, 0, vocabulary.length), vocabulary))
            continue;
        if (label.length > vocabulary.length && label.data[vocabulary.length] == ':')
            return str_slice(label, 0, vocabulary.length + 1);
        if (label.length > vocabulary.length && label.data[vocabulary.length] == '_')
            found = str_slice(label, 0, vocabulary.length);
    }
    return found;
}

/* Values like OMIM:1, MSH:D1: codes of other vocabularies. */
static bool holds_codes(const plan *p, const plan_path *path)
{
    for (size_t i = 0; i < path->node_count && i < 4; i++) {
        kg_id id = index_id(p->in->index, path->nodes[i]);
        str label = {0};
        error ignored = {0};
        size_t mark = STR_NONE;
        if (kg_labels(p->in->read, &id, 1, (str){0}, p->a, &label, &ignored) == STATUS_OK)
            mark = str_find(label, STR(":"), 0);
        if (mark == STR_NONE || mark < 2 || mark + 1 >= label.length ||
            str_find(str_slice(label, 0, mark), STR(" "), 0) != STR_NONE ||
            label.data[mark + 1] == ' ')
            return false;
    }
    return path->node_count > 0;
}

static void form_of_code(plan *p, const plan_path *path, const operator_hit *h, str prefix)
{
    plan_form f = {0};
    plan_path_features(p, path, &f);
    const text_tokens *t = &p->in->link->tokens;
    for (size_t k = 0; k < t->count; k++)
        if (h->start <= t->items[k].start && t->items[k].end <= h->end)
            token_mask_set(&f.mask, k);
    for (size_t k = 0; k < p->hit_count; k++)
        if (p->hits[k].target == path->steps[0])
            token_mask_join(&f.mask, &p->hits[k].mask);
    f.features[RETRIEVER_F_UNEXPLAINED] = plan_unexplained(p, &f.mask);
    f.features[RETRIEVER_F_COVERAGE] = 1;
    f.features[RETRIEVER_F_UNSAID] = 0;
    f.features[RETRIEVER_F_TYPE_FIT] = 0.9;
    f.features[RETRIEVER_F_OPERATOR] = 1;
    f.features[RETRIEVER_F_ORDER] = 1;
    f.features[RETRIEVER_F_EMPTY] = str_empty(code_prefix(p, path, h->detail));
    const lf_step self = {.self = true};
    const lf_node *set = lf_filter(p->a, plan_path_form(p, path), self, LF_STARTS,
                                   lf_value(p->a, (kg_value){0}, prefix, 0));
    f.form = plan_has(p, OPERATOR_COUNT) ? lf_unary(p->a, LF_COUNT, set) : set;
    f.signature = text_chain(f.signature, 0xC0DE);
    plan_add_form(p, f);
}

/* The same words may name a vocabulary by another of its names (MSH, MESH), whose codes there are.
 */
static bool held_elsewhere(const plan *p, const operator_hit *h)
{
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count; i++) {
        if (ops->items[i].kind != OPERATOR_CODE || ops->items[i].start != h->start ||
            str_equal(ops->items[i].detail, h->detail))
            continue;
        for (size_t k = 0; k < p->path_count; k++)
            if (p->paths[k].hops == 1 && (p->paths[k].steps[0] & 1) == 0 &&
                !str_empty(code_prefix(p, &p->paths[k], ops->items[i].detail)))
                return true;
    }
    return false;
}

/* "The OMIM number of X": of X's codes those of one vocabulary. */
static void forms_of_codes(plan *p)
{
    const operator_hits *ops = p->in->operators;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        if (h->kind != OPERATOR_CODE || str_empty(h->detail) || inside_a_name(p, h))
            continue;
        const plan_path *other = NULL; /* codes that the thing does have */
        bool held = false;
        for (size_t k = 0; k < p->path_count; k++) {
            const plan_path *path = &p->paths[k];
            if (path->hops != 1 || path->mention < 0 || (path->steps[0] & 1) != 0 ||
                plan_relation(p, path->steps[0])->stats.literal_share < 0.5)
                continue;
            bool seen = false; /* the same step with other words */
            for (size_t q = 0; q < k && !seen; q++)
                seen = p->paths[q].hops == 1 && p->paths[q].from == path->from &&
                       p->paths[q].steps[0] == path->steps[0];
            str prefix = {0};
            if (!seen)
                prefix = code_prefix(p, path, h->detail);
            if (!str_empty(prefix))
                form_of_code(p, path, h, prefix);
            held = held || !str_empty(prefix);
            if (!seen && holds_codes(p, path) &&
                (other == NULL || path->node_count > other->node_count))
                other = path;
        }
        if (!held && other != NULL && !held_elsewhere(p, h))
            form_of_code(p, other, h, str_from(arena_printf(p->a, "%.*s:", STR_ARG(h->detail))));
    }
}

void plan_measured_forms(plan *p)
{
    measure measures[8];
    size_t count = find_measures(p, measures, CORE_COUNT(measures));
    forms_of_comparisons(p, measures, count);
    forms_of_choices(p, measures, count);
    forms_of_counts(p);
    forms_of_codes(p);
    forms_of_sets(p, measures, count);
}
