/* See signals.h. */
#include "retriever/signals.h"

#include <math.h>

#include "core/utf8.h"

#define VERB_OF_UNIT 0.4 /* mass of a word that says what takes so long */
#define COUNT_MOST 2000  /* passages counted for a word's idf */
#define WORDS_MOST 48    /* words of a question whose idf is looked up */
#define TEXT_LEAST 24    /* bytes: a literal this long is a text */

typedef struct meter {
    const plan *p;
    const text_tokens *tokens;
    const retriever_candidate *chosen;
    token_mask told; /* tokens that the form or its text explains */
    retriever_signals *out;
} meter;

static const plan_form *form_of(const plan *p, const lf_node *form)
{
    for (size_t i = 0; i < p->form_count; i++)
        if (p->forms[i].form == form)
            return &p->forms[i];
    return NULL;
}

/* --- entities of the form ----------------------------------------------------------------------
 */
typedef struct form_search {
    kg_id id;
    str label; /* of an article: begins with its law's title */
    bool found, part;
} form_search;

static bool on_node(void *context, const lf_node *node)
{
    form_search *s = context;
    bool named = node->op == LF_ENTITY || node->op == LF_SEARCH;
    if (named && node->op == LF_ENTITY) {
        s->found = s->found || node->name.id == s->id;
        s->part = s->part ||
                  (!str_empty(s->label) && str_starts(node->name.label, s->label) &&
                   str_starts(str_slice(node->name.label, s->label.length, node->name.label.length),
                              STR("#")));
    }
    return true;
}

static form_search uses(const meter *m, const retriever_sense *sense)
{
    form_search s = {.id = sense->id, .label = sense->label};
    lf_each(m->chosen->form, on_node, &s);
    return s;
}

static bool is_used(const meter *m, const link_mention *mention)
{
    bool used = false;
    for (size_t i = 0; i < mention->shown.sense_count && !used; i++) {
        form_search s = uses(m, &mention->shown.senses[i]);
        used = s.found || s.part;
    }
    return used;
}

typedef struct step_search {
    kg_id relation;
    bool found;
} step_search;

static bool on_step(void *context, const lf_node *node)
{
    step_search *s = context;
    s->found = s->found || node->step.relation.id == s->relation;
    return true;
}

/* Whatever words speak of a relation that the form walks are explained. */
static void explain_relations(meter *m)
{
    for (size_t i = 0; i < m->p->hit_count; i++) {
        step_search s = {.relation = plan_relation(m->p, m->p->hits[i].target)->id};
        lf_each(m->chosen->form, on_step, &s);
        if (s.found)
            token_mask_join(&m->told, &m->p->hits[i].mask);
    }
}

/* --- the text of a passage ---------------------------------------------------------------------
 */
static bool long_text(str text)
{
    return text.length >= TEXT_LEAST;
}

/* The longest text among the answers, else among the statements that carry them. */
static str answer_text(const meter *m, const execute_result *r)
{
    str best = {0};
    error ignored = {0};
    for (size_t i = 0; i < r->value_count && i < 4; i++) {
        kg_term term = {0};
        if (r->values[i].id != 0 &&
            kg_terms(m->p->in->read, &r->values[i].id, 1, m->p->a, &term, &ignored) == STATUS_OK &&
            term.kind == KG_TERM_LITERAL && term.lexical.length > best.length)
            best = term.lexical;
    }
    for (size_t i = 0; i < r->statement_count && i < 8; i++) {
        kg_term term = {0};
        if (kg_terms(m->p->in->read, &r->statements[i].o, 1, m->p->a, &term, &ignored) ==
                STATUS_OK &&
            term.kind == KG_TERM_LITERAL && term.lexical.length > best.length)
            best = term.lexical;
    }
    if (best.length > 0 || r->value_count == 0)
        return best;
    /* An article itself is the answer: what it says. */
    kg_pattern pattern = {.s = r->values[0].id, .limit = 40};
    kg_statement_list list = {0};
    if (kg_match(m->p->in->read, &pattern, m->p->a, &list, &ignored) != STATUS_OK)
        return best;
    for (size_t i = 0; i < list.count; i++) {
        kg_term term = {0};
        if (kg_terms(m->p->in->read, &list.items[i].o, 1, m->p->a, &term, &ignored) == STATUS_OK &&
            term.kind == KG_TERM_LITERAL && term.lexical.length > best.length)
            best = term.lexical;
    }
    return best;
}

/* A word of the search: an English word, or two Chinese characters side by side. */
static size_t word_tokens(const meter *m, size_t i)
{
    const text_token *t = m->tokens->items;
    if (token_mask_has(&m->p->silent, i))
        return 0;
    if (t[i].kind != TEXT_HAN)
        return 1;
    bool pair = i + 1 < m->tokens->count && t[i + 1].kind == TEXT_HAN && t[i + 1].glued &&
                !token_mask_has(&m->p->silent, i + 1);
    return pair ? 2 : 0;
}

static bool text_says(const text_tokens *said, const text_token *word, size_t tokens)
{
    for (size_t k = 0; k + tokens <= said->count; k++) {
        bool same = said->items[k].stem == word[0].stem;
        if (same && (tokens == 1 || said->items[k + 1].stem == word[1].stem))
            return true;
    }
    return false;
}

static double word_idf(const meter *m, size_t i, size_t tokens, double all)
{
    const text_token *t = m->tokens->items;
    uint64_t count = 0;
    error ignored = {0};
    str word = str_slice(m->p->in->question, t[i].start, t[i + tokens - 1].end);
    if (kg_passage_count(m->p->in->read, word, COUNT_MOST, m->p->a, &count, &ignored) != STATUS_OK)
        return 0;
    return log((all + 1) / ((double)count + 1));
}

/* What a passage is known to answer, it says. */
static str with_questions(const meter *m, str text, str questions)
{
    const char *both = str_empty(questions)
                           ? NULL
                           : arena_printf(m->p->a, "%.*s\n%.*s", STR_ARG(text), STR_ARG(questions));
    return both == NULL ? text : str_from(both);
}

static void read_passage(meter *m, const execute_result *result, str questions)
{
    text_tokens said = {0};
    kg_totals totals = {0};
    error ignored = {0};
    str text = answer_text(m, result);
    double all = 0, found = 0, rarest = 0;
    size_t looked = 0;
    if (!long_text(text) || kg_read_totals(m->p->in->read, &totals, &ignored) != STATUS_OK ||
        text_tokenise(with_questions(m, str_slice(text, 0, 8192), questions), false, m->p->a, &said,
                      &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < m->tokens->count && i < PHRASEBOOK_TOKENS && looked < WORDS_MOST; i++) {
        size_t n = word_tokens(m, i);
        bool named = token_mask_has(&m->p->in->link->named, i);
        if (n == 0 || named)
            continue;
        bool says = text_says(&said, &m->tokens->items[i], n);
        double idf = word_idf(m, i, n, (double)totals.passages);
        looked++;
        all += idf;
        found += says ? idf : 0;
        for (size_t k = i; says && k < i + n; k++)
            token_mask_set(&m->told, k);
        if (idf > rarest) {
            rarest = idf;
            m->out->told_rarest = says;
        }
    }
    m->out->told = all > 0 ? found / all : 0;
}

/* --- names -------------------------------------------------------------------------------------
 */
static double content_at(const meter *m, size_t i)
{
    if (i >= m->tokens->count || i >= PHRASEBOOK_TOKENS || token_mask_has(&m->told, i))
        return 0;
    return (double)m->p->content[i];
}

/* What stands unexplained right at the name: "Harkonnen palsy", 木卫二流感. */
static double name_like_at(const meter *m, size_t i)
{
    for (size_t h = 0; h < m->p->hit_count; h++)
        if (m->p->hits[h].quality >= 0.3f && token_mask_has(&m->p->hits[h].mask, i))
            return 0; /* speaks of a relation, if not of the one chosen */
    return content_at(m, i);
}

static void read_beside(meter *m, const link_mention *mention)
{
    const text_token *t = m->tokens->items;
    size_t first = mention->first, last = mention->last;
    double mass = 0;
    if (mention->shown.senses[0].match == RETRIEVER_MATCH_FOCUS || last >= m->tokens->count)
        return;
    while (first > 0 && t[first].glued && name_like_at(m, first - 1) > 0)
        mass += name_like_at(m, --first);
    while (last + 1 < m->tokens->count && t[last + 1].kind == TEXT_HAN &&
           t[last].kind == TEXT_HAN && t[last + 1].glued && name_like_at(m, last + 1) > 0 &&
           first < mention->first)
        mass += name_like_at(m, ++last);
    if (mass <= m->out->beside)
        return;
    m->out->beside = mass;
    m->out->beside_text = str_slice(m->p->in->question, t[first].start, t[last].end);
}

/* Characters of a misspelt Chinese name's span that stand before the name that it was taken for:
 * 克鲁维纳综合征 is no misspelt 特纳综合征. */
static size_t before_near_name(str span, str name)
{
    size_t n = utf8_count(name.data, name.length), at = 0, end = 0, i = 0, last = 0;
    uint32_t c = 0, tail = 0;
    while (last < name.length)
        last += utf8_decode(name.data + last, name.length - last, &tail);
    if (!utf8_is_han(tail))
        return 0;
    for (; i < span.length; at++) {
        i += utf8_decode(span.data + i, span.length - i, &c);
        end = c == tail ? at + 1 : end;
    }
    return end > n ? end - n : 0;
}

static void read_near_name(meter *m, const link_mention *mention)
{
    const retriever_sense *s = &mention->shown.senses[0];
    size_t before =
        s->match == RETRIEVER_MATCH_FUZZY ? before_near_name(mention->shown.text, s->matched) : 0;
    m->out->misspelt += s->match == RETRIEVER_MATCH_FUZZY;
    if (before == 0)
        return;
    m->out->beside += 0.5 * (double)before;
    m->out->beside_text = mention->shown.text;
}

static void read_names(meter *m)
{
    const link_result *l = m->p->in->link;
    double all = 0, unused = 0;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *mention = &l->mentions[i];
        bool entity = mention->shown.kind == RETRIEVER_MENTION_ENTITY;
        if (!entity && mention->shown.kind != RETRIEVER_MENTION_VALUE &&
            mention->shown.kind != RETRIEVER_MENTION_TIME)
            continue;
        bool used = entity ? is_used(m, mention) : token_mask_has(&m->told, mention->first);
        all++;
        unused += !used;
        if (!used || !entity)
            continue;
        m->out->addressed = true;
        read_beside(m, mention);
        read_near_name(m, mention);
    }
    m->out->unused = all > 0 ? unused / all : 0;
}

static void read_left(meter *m)
{
    double run = 0;
    for (size_t i = 0; i < m->tokens->count && i < PHRASEBOOK_TOKENS; i++) {
        double mass = content_at(m, i);
        run = mass > 0 ? run + mass : 0;
        m->out->left_mass += mass;
        m->out->left_run = fmax(m->out->left_run, run);
    }
    m->out->left = m->out->left_mass / ((double)m->p->content_mass + 0.4);
}

/* --- operators and what they ask about ---------------------------------------------------------
 */
static bool asks(operator_kind kind)
{
    return kind == OPERATOR_OPEN || kind == OPERATOR_WANT || kind == OPERATOR_COUNT;
}

/* Tokens of an operator's words: [*first, *last]. */
static bool tokens_of(const meter *m, const operator_hit *h, size_t *first, size_t *last)
{
    bool any = false;
    for (size_t i = 0; i < m->tokens->count; i++)
        if (h->start <= m->tokens->items[i].start && m->tokens->items[i].end <= h->end) {
            *first = any ? *first : i;
            *last = i;
            any = true;
        }
    return any;
}

/* A word of no weight (个 of 哪个) may stand between. */
static bool silent_at(const meter *m, size_t i)
{
    return i < m->tokens->count && i < PHRASEBOOK_TOKENS && token_mask_has(&m->p->silent, i);
}

/* "哮喘的发病原理": a Chinese question that ends in its topic. */
static double trailing(const meter *m)
{
    const text_token *t = m->tokens->items;
    size_t end = m->tokens->count < PHRASEBOOK_TOKENS ? m->tokens->count : PHRASEBOOK_TOKENS;
    double mass = 0;
    while (end > 0 && silent_at(m, end - 1))
        end--;
    size_t last = end;
    for (; end > 0 && t[end - 1].kind == TEXT_HAN && content_at(m, end - 1) > 0; end--)
        mass += content_at(m, end - 1);
    return last - end >= 2 ? mass : 0; /* one character is a verb that says little */
}

/* What stands right at the words that ask is what is asked for. */
static void read_focus(meter *m)
{
    const operator_hits *ops = m->p->in->operators;
    const text_token *t = m->tokens->items;
    for (size_t i = 0; i < ops->count; i++) {
        size_t first = 0, last = 0;
        double before = 0, behind = 0;
        if (!asks(ops->items[i].kind) || !tokens_of(m, &ops->items[i], &first, &last))
            continue;
        if (first > 0 && silent_at(m, first - 1))
            first--;
        if (silent_at(m, last + 1))
            last++;
        for (size_t k = first; k > 0 && t[k].kind == TEXT_HAN && content_at(m, k - 1) > 0; k--)
            before += content_at(m, k - 1);
        /* "活多久", "打多久": what takes so long is asked, however common the verb. */
        if (before > 0 && ops->items[i].kind == OPERATOR_WANT &&
            plan_has_unit(m->p, ops->items[i].detail))
            before = fmax(before, VERB_OF_UNIT);
        for (size_t k = last + 1; k < m->tokens->count && content_at(m, k) > 0; k++)
            behind += content_at(m, k);
        m->out->focus = fmax(m->out->focus, fmax(before, behind));
    }
    m->out->focus = fmax(m->out->focus, trailing(m));
}

typedef struct shape {
    bool has[LF_SEARCH + 1];
} shape;

static bool on_shape(void *context, const lf_node *node)
{
    ((shape *)context)->has[node->op] = true;
    return true;
}

/* "Not" inside the words of another operator (是不是) denies nothing. */
static bool denied(const operator_hits *ops)
{
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *n = &ops->items[i];
        bool inside = n->kind != OPERATOR_NOT;
        for (size_t k = 0; k < ops->count && !inside; k++)
            inside = ops->items[k].kind != OPERATOR_NOT && ops->items[k].start <= n->start + 3 &&
                     n->end <= ops->items[k].end + 3 && ops->items[k].kind == OPERATOR_ASK;
        if (!inside)
            return true;
    }
    return false;
}

/* "属于哪个科，做什么检查": a clause of its own speaks of a relation that the form does not walk.
 */
static bool two_questions(const meter *m)
{
    for (size_t h = 0; h < m->p->hit_count; h++) {
        const phrasebook_hit *hit = &m->p->hits[h];
        size_t first = SIZE_MAX, content = 0;
        if (hit->quality < 0.7f || token_mask_meets(&hit->core, &m->told))
            continue;
        for (size_t i = 0; i < m->tokens->count && i < PHRASEBOOK_TOKENS; i++)
            if (token_mask_has(&hit->core, i)) {
                first = first == SIZE_MAX ? i : first;
                content += m->p->content[i] > 0;
            }
        if (first == SIZE_MAX || content == 0)
            continue;
        return true;
    }
    return false;
}

static void read_operators(meter *m)
{
    const operator_hits *ops = m->p->in->operators;
    shape s = {{false}};
    lf_each(m->chosen->form, on_shape, &s);
    bool arg = s.has[LF_ARGMAX] || s.has[LF_ARGMIN] || s.has[LF_CMP];
    double unmet = 0;
    unmet += (ops->has[OPERATOR_MAX] || ops->has[OPERATOR_MIN]) && !arg;
    unmet += denied(ops) && !s.has[LF_MINUS] && !s.has[LF_ASK];
    unmet += ops->has[OPERATOR_COMPARE] && !arg && !s.has[LF_ASK] && !s.has[LF_COUNT];
    unmet += ops->has[OPERATOR_ASK] && !ops->has[OPERATOR_OPEN] && !s.has[LF_ASK] && !arg;
    m->out->unmet = unmet + (two_questions(m) ? 1 : 0);
}

/* 民法典第一千五百条: the number of an article that no name linked has. */
static void read_articles(meter *m)
{
    const text_token *t = m->tokens->items;
    for (size_t i = 1; i < m->tokens->count && i < PHRASEBOOK_TOKENS; i++) {
        size_t first = i;
        uint64_t number;
        if (!str_equal(t[i].norm, STR("条")) || token_mask_has(&m->p->in->link->named, i))
            continue;
        while (first > 0 && t[first - 1].kind == TEXT_HAN &&
               text_chinese_number(str_slice(m->p->in->question, t[first - 1].start, t[i].start),
                                   &number))
            first--;
        if (first == i && t[i - 1].kind == TEXT_NUMBER)
            first--;
        bool ordinal = first > 0 && str_equal(t[first - 1].norm, STR("第"));
        if (first < i && ordinal)
            m->out->missing = str_slice(m->p->in->question, t[first - 1].start, t[i].end);
    }
}

/* --- kinds -------------------------------------------------------------------------------------
 */
/* A step of the form is called so ("是什么原因", "what causes"). */
static bool path_says(const meter *m, const plan_path *path, const operator_hit *h)
{
    for (uint8_t i = 0; path != NULL && i < path->hops; i++)
        for (size_t k = 0; path->hits[i] >= 0 && k < m->tokens->count && k < PHRASEBOOK_TOKENS; k++)
            if (h->start <= m->tokens->items[k].start && m->tokens->items[k].end <= h->end &&
                token_mask_has(&m->p->hits[path->hits[i]].core, k))
                return true;
    return false;
}

static bool says_reason(const meter *m, const operator_hit *h)
{
    const plan_form *form = form_of(m->p, m->chosen->form);
    return path_says(m, form->path, h) || path_says(m, form->other, h);
}

static void read_kinds(meter *m)
{
    const operator_hits *ops = m->p->in->operators;
    const double *f = m->chosen->features;
    for (size_t i = 0; i < ops->count; i++)
        if (ops->items[i].kind == OPERATOR_WANT && str_equal(ops->items[i].detail, STR("reason")) &&
            !says_reason(m, &ops->items[i]))
            m->out->reason_asked = true;
    m->out->clash = !str_empty(m->p->want) && f[RETRIEVER_F_TYPE_FIT] <= 0;
    m->out->unit_missed = m->out->clash > 0 && plan_has_unit(m->p, m->p->want);
    m->out->operator_fit = f[RETRIEVER_F_OPERATOR];
    m->out->unsaid = f[RETRIEVER_F_UNSAID];
}

/* Numbers that the question gives and the quoted text does not have. */
static void read_values(meter *m, const execute_result *result)
{
    const link_result *l = m->p->in->link;
    str text = answer_text(m, result);
    for (size_t i = 0; i < l->count && long_text(text); i++) {
        const retriever_mention *v = &l->mentions[i].shown;
        size_t from = 0, start = 0, end = 0;
        kg_value value;
        bool found = false;
        if (v->kind != RETRIEVER_MENTION_VALUE)
            continue;
        while (!found && kg_value_find(text, from, &value, &start, &end) && end > from) {
            from = end;
            found = value.kind == v->value.kind && value.low == v->value.low &&
                    value.high == v->value.high;
        }
        m->out->values_missing += !found;
    }
}

void signals_measure(const plan *p, const retriever_candidate *chosen, const execute_result *result,
                     retriever_signals *out)
{
    const plan_form *form = chosen == NULL ? NULL : form_of(p, chosen->form);
    meter m = {.p = p, .tokens = &p->in->link->tokens, .chosen = chosen, .out = out};
    *out = (retriever_signals){0};
    if (form == NULL)
        return;
    m.told = form->mask;
    explain_relations(&m);
    read_kinds(&m);
    out->passage = chosen->features[RETRIEVER_F_PASSAGE] > 0;
    if (out->passage) {
        read_passage(&m, result, form->passage.questions);
        out->lead = fmin(form->passage.lead, 6);
        out->said = form->passage.said;
        out->chars = form->passage.chars;
        out->hinted = form->passage.hinted;
        out->asked = form->passage.asked;
        out->questions = form->passage.questions;
        read_values(&m, result);
    }
    read_names(&m);
    read_left(&m);
    read_focus(&m);
    read_operators(&m);
    read_articles(&m);
}
