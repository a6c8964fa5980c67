/* Passages: what a text says. Articles and descriptions found by the words of the question (BM25),
 * narrowed by the law or the like that the question names, and those that the pack's everyday names
 * point to; each becomes a form over the passage's owner. */
#include <math.h>

#include "core/utf8.h"
#include "retriever/plan.h"

#define PASSAGES 3
#define HITS 120
#define HITS_WITHIN 1200

typedef struct passage {
    kg_id owner; /* the article */
    double bm25, coverage, score;
} passage;

typedef struct finder {
    plan *p;
    const link_mention *law; /* the mention that narrows; NULL = none */
    str law_label;
    passage *found;
    size_t count, capacity;
} finder;

/* --- the words to look for ---------------------------------------------------------------------
 */
static bool inside(const link_mention *m, size_t token)
{
    return m != NULL && m->first <= token && token <= m->last;
}

static str search_words(const finder *f)
{
    const plan *p = f->p;
    const text_tokens *t = &p->in->link->tokens;
    buf words = {0};
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        bool skip = token_mask_has(&p->silent, i) || inside(f->law, i);
        if (skip || t->items[i].kind != TEXT_HAN)
            buf_add_char(&words, ' ');
        if (!skip)
            buf_add(&words, t->items[i].norm);
    }
    str out = arena_str(p->a, str_trim(buf_str(&words)));
    buf_free(&words);
    return out;
}

/* The share of the question's content that the text says, by pairs of characters and words. */
static double coverage_of(const finder *f, str text)
{
    const plan *p = f->p;
    const text_tokens *t = &p->in->link->tokens;
    text_tokens said = {0};
    error ignored = {0};
    double all = 0, found = 0;
    if (text_tokenise(text, false, p->a, &said, &ignored) != STATUS_OK)
        return 0;
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        if (token_mask_has(&p->silent, i) || inside(f->law, i))
            continue;
        bool pair = t->items[i].kind == TEXT_HAN && i + 1 < t->count &&
                    t->items[i + 1].kind == TEXT_HAN && !token_mask_has(&p->silent, i + 1);
        double best = 0;
        for (size_t k = 0; k < said.count && best < 1; k++) {
            if (said.items[k].stem != t->items[i].stem)
                continue;
            bool both =
                pair && k + 1 < said.count && said.items[k + 1].stem == t->items[i + 1].stem;
            best = fmax(best, t->items[i].kind != TEXT_HAN || both ? 1 : 0.4);
        }
        double weight = t->items[i].kind == TEXT_HAN ? 0.5 : 1;
        all += weight;
        found += weight * best;
    }
    return all > 0 ? found / all : 0;
}

/* --- owners ------------------------------------------------------------------------------------
 */
/* A paragraph's article: the node above it whose name begins its name. */
static kg_id roll_up(const finder *f, kg_id node, str label)
{
    const plan *p = f->p;
    kg_pattern pattern = {.s = node, .limit = 20};
    kg_statement_list list = {0};
    error ignored = {0};
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return node;
    for (size_t i = 0; i < list.count; i++) {
        str above;
        if (kg_labels(p->in->read, &list.items[i].o, 1, (str){0}, p->a, &above, &ignored) !=
            STATUS_OK)
            continue;
        if (above.length > 0 && above.length < label.length && str_starts(label, above) &&
            str_find(above, STR("#第"), 0) != STR_NONE)
            return list.items[i].o;
    }
    return node;
}

static void keep(finder *f, kg_id owner, double bm25, double coverage)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->found[i].owner == owner) {
            f->found[i].bm25 = fmax(f->found[i].bm25, bm25);
            f->found[i].coverage = fmax(f->found[i].coverage, coverage);
            return;
        }
    if (f->count < f->capacity)
        f->found[f->count++] = (passage){.owner = owner, .bm25 = bm25, .coverage = coverage};
}

static void add_hit(finder *f, const kg_hit *hit)
{
    const plan *p = f->p;
    kg_pattern pattern = {.o = hit->term, .limit = 8, .when = {.set = true, .day = p->in->as_of}};
    kg_statement_list list = {0};
    error ignored = {0};
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return;
    double coverage = coverage_of(f, hit->text);
    for (size_t i = 0; i < list.count; i++) {
        str label;
        if (kg_labels(p->in->read, &list.items[i].s, 1, (str){0}, p->a, &label, &ignored) !=
            STATUS_OK)
            continue;
        if (f->law != NULL && !str_starts(label, f->law_label))
            continue;
        keep(f, roll_up(f, list.items[i].s, label), (double)hit->score, coverage);
    }
}

static void find_passages(finder *f)
{
    plan *p = f->p;
    kg_hit *hits = NULL;
    size_t count = 0, within = 0;
    error ignored = {0};
    str words = search_words(f);
    kg_search_options options = {.limit = f->law != NULL ? HITS_WITHIN : HITS};
    if (str_empty(words) ||
        kg_passage_search(p->in->read, words, &options, p->a, &hits, &count, &ignored) != STATUS_OK)
        return;
    double best = 0, most = 0;
    for (size_t i = 0; i < count && within < HITS; i++) {
        size_t before = f->count;
        add_hit(f, &hits[i]);
        within += f->count > before;
    }
    for (size_t i = 0; i < f->count; i++)
        best = fmax(best, f->found[i].bm25);
    for (size_t i = 0; i < f->count; i++) {
        f->found[i].score =
            0.5 * (best > 0 ? f->found[i].bm25 / best : 0) + 0.5 * f->found[i].coverage;
        most = fmax(most, f->found[i].score);
    }
    for (size_t i = 0; i < f->count && i < PASSAGES; i++)
        for (size_t k = i + 1; k < f->count; k++)
            if (f->found[k].score > f->found[i].score) {
                passage swap = f->found[i];
                f->found[i] = f->found[k];
                f->found[k] = swap;
            }
}

/* --- forms -------------------------------------------------------------------------------------
 */
static lf_name owner_name(plan *p, kg_id id)
{
    lf_name name = {.id = id};
    kg_term term = {0};
    error ignored = {0};
    kg_labels(p->in->read, &id, 1, p->in->lang, p->a, &name.label, &ignored);
    if (kg_terms(p->in->read, &id, 1, p->a, &term, &ignored) == STATUS_OK &&
        term.kind == KG_TERM_IRI)
        name.iri = term.lexical;
    return name;
}

/* The relation that leads from the owner to its text: the one with the longest literals. */
static const retriever_relation *text_relation(const plan *p, kg_id owner, size_t *length)
{
    kg_pattern pattern = {.s = owner, .limit = 60};
    kg_statement_list list = {0};
    error ignored = {0};
    const retriever_relation *best = NULL;
    *length = 0;
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < list.count; i++) {
        kg_term term;
        if (kg_terms(p->in->read, &list.items[i].o, 1, p->a, &term, &ignored) != STATUS_OK ||
            term.kind != KG_TERM_LITERAL || term.lexical.length <= *length)
            continue;
        *length = term.lexical.length;
        best = retriever_schema_relation(&p->in->knowledge->schema, list.items[i].p);
    }
    return best;
}

/* What statutes are loaded as (docs/GRAPH_TERMS.md): texts that answer by what they say. A
 * definition or a remark is an answer only when it is asked for. */
static bool is_statute_text(const retriever_relation *r)
{
    return r != NULL && str_equal(r->iri, STR("urn:vouch:r:text"));
}

static bool wants_owner(const plan *p)
{
    return str_equal(p->want, STR("article")) || p->in->operators->has[OPERATOR_SOURCE];
}

static void add_forms(finder *f, const passage *found, bool named)
{
    plan *p = f->p;
    size_t length;
    const retriever_relation *text = text_relation(p, found->owner, &length);
    if (!is_statute_text(text))
        return;
    plan_form base = {0};
    token_mask_join(&base.mask, &p->silent);
    if (f->law != NULL)
        for (uint32_t i = f->law->first; i <= f->law->last; i++)
            token_mask_set(&base.mask, i);
    bool other_names = false;
    for (size_t i = 0; i < p->in->link->count; i++) {
        const link_mention *m = &p->in->link->mentions[i];
        other_names = other_names || (m->shown.kind == RETRIEVER_MENTION_ENTITY && m != f->law);
    }
    double *x = base.features;
    x[RETRIEVER_F_UNEXPLAINED] = 0.6 * (1 - found->coverage);
    x[RETRIEVER_F_COVERAGE] = 0.25 + 0.45 * found->score;
    x[RETRIEVER_F_TYPE_FIT] = 0.5;
    x[RETRIEVER_F_LINK] = 0.8;
    x[RETRIEVER_F_ORDER] = 1;
    x[RETRIEVER_F_HOPS] = 1;
    x[RETRIEVER_F_OPERATOR] = 0.5;
    x[RETRIEVER_F_PASSAGE] = found->score;
    x[RETRIEVER_F_UNUSED] = named || !other_names ? 0 : 0.6;
    x[RETRIEVER_F_ANSWERS] = log(2);
    lf_name name = owner_name(p, found->owner);
    bool owner = wants_owner(p);
    plan_form search = base;
    search.features[RETRIEVER_F_TYPE_FIT] = owner ? 1 : 0.1;
    search.form = lf_search(p->a, search_words(f), lf_entity(p->a, name));
    search.signature = 0x5EA;
    plan_add_form(p, search);
    if (text == NULL || length < 24)
        return;
    plan_form quote = base;
    quote.features[RETRIEVER_F_TYPE_FIT] = owner ? 0.1 : 0.9;
    lf_step step = {.relation = {.id = text->id, .iri = text->iri, .label = text->label}};
    quote.form = lf_hop(p->a, lf_entity(p->a, name), step);
    quote.signature = 0x5EB;
    plan_add_form(p, quote);
}

/* A mention that a passage's owners belong to, by their names (X#第...). */
static const link_mention *narrowing(plan *p, str *label)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *m = &l->mentions[i];
        if (m->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        kg_id id = m->shown.senses[0].id;
        kg_term term;
        error ignored = {0};
        if (kg_terms(p->in->read, &id, 1, p->a, &term, &ignored) == STATUS_OK &&
            str_starts(term.lexical, STR("urn:vouch:law:")) &&
            kg_labels(p->in->read, &id, 1, (str){0}, p->a, label, &ignored) == STATUS_OK)
            return m;
    }
    return NULL;
}

/* Does the pack say that the node's text is there to be quoted? */
static bool owns_text(const plan *p, kg_id id)
{
    size_t length;
    const retriever_relation *r = text_relation(p, id, &length);
    return is_statute_text(r) && length >= 24;
}

void plan_passages(plan *p)
{
    const link_result *l = p->in->link;
    finder f = {.p = p, .capacity = HITS};
    if (!p->in->has_passages)
        return;
    f.found = ARENA_ARRAY(p->a, passage, f.capacity + 1);
    if (f.found == NULL)
        return;
    /* What the question names itself may be the passage's owner. */
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *m = &l->mentions[i];
        if (m->shown.kind != RETRIEVER_MENTION_ENTITY || !owns_text(p, m->shown.senses[0].id))
            continue;
        finder named = {.p = p, .law = m};
        passage own = {.owner = m->shown.senses[0].id, .coverage = 0.8, .score = 0.9};
        add_forms(&named, &own, true);
    }
    bool other = false;
    f.law = narrowing(p, &f.law_label);
    for (size_t i = 0; i < l->count; i++)
        other = other ||
                (l->mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY && &l->mentions[i] != f.law);
    if (other)
        return;
    find_passages(&f);
    for (size_t i = 0; i < f.count && i < PASSAGES; i++)
        add_forms(&f, &f.found[i], false);
}
