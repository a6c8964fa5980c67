/* See verdict.h. */
#include "retriever/verdict.h"

#include <math.h>

#include "retriever/rank.h"

#define UNEXPLAINED_FULL 0.2 /* words left over from which on the model counts twice */

/* The question as the model reads it: mentions by their placeholders. */
static str model_question(const verdict_input *q)
{
    buf text = {0};
    const text_token *t = q->link->tokens.items;
    for (size_t i = 0; i < q->link->tokens.count; i++) {
        const link_mention *in = NULL;
        for (size_t k = 0; k < q->link->count; k++)
            if (q->link->mentions[k].shown.slot > 0 && q->link->mentions[k].first <= i &&
                i <= q->link->mentions[k].last)
                in = &q->link->mentions[k];
        if (in == NULL) {
            if (t[i].kind != TEXT_HAN)
                buf_add_char(&text, ' ');
            buf_add(&text, t[i].norm);
        } else if (in->first == i) {
            char kind = in->shown.kind == RETRIEVER_MENTION_ENTITY  ? 'E'
                        : in->shown.kind == RETRIEVER_MENTION_VALUE ? 'V'
                                                                    : 'T';
            buf_printf(&text, "<%c%d>", kind, in->shown.slot);
        }
    }
    str out = arena_str(q->a, buf_str(&text));
    buf_free(&text);
    return out;
}

static void add_canonical(buf *out, str text, size_t words, arena *a)
{
    text_tokens tokens = {0};
    error ignored = {0};
    if (text_tokenise(text, true, a, &tokens, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < tokens.count && i < words; i++) {
        if (tokens.items[i].kind != TEXT_HAN)
            buf_add_char(out, ' ');
        buf_add(out, tokens.items[i].norm);
    }
}

static str model_types(const verdict_input *q)
{
    buf text = {0};
    for (size_t k = 0; k < q->link->count; k++) {
        const retriever_mention *m = &q->link->mentions[k].shown;
        if (m->kind != RETRIEVER_MENTION_ENTITY || str_empty(m->senses[0].class_label))
            continue;
        buf_printf(&text, "<E%d>", m->slot);
        add_canonical(&text, m->senses[0].class_label, 3, q->a);
    }
    str out = arena_str(q->a, buf_str(&text));
    buf_free(&text);
    return out;
}

/* The relation's label in the question's language, else its main label. */
static str model_relation(void *context, const lf_name *name, arena *a)
{
    const verdict_input *q = context;
    const retriever_relation *r = retriever_schema_relation(q->schema, name->id);
    str label = name->label;
    for (size_t i = 0; r != NULL && i < r->alias_count; i++)
        if (!r->aliases[i].inverse && r->aliases[i].weight >= 0.99f &&
            str_equal(r->aliases[i].lang, q->lang) &&
            str_find(r->aliases[i].text, STR("{"), 0) == STR_NONE) {
            label = r->aliases[i].text;
            break;
        }
    buf text = {0};
    add_canonical(&text, label, 10, a);
    str out = arena_str(a, buf_str(&text));
    buf_free(&text);
    return out;
}

/* How much the model's verdict counts, from the best form without it. Twice where words of the
 * question stay unexplained: there names alone do not tell. Not at all where the best path turns
 * back along the step it came by (films of the same director) or counts are compared: the model has
 * seen no such forms and says no to them; nor where a text is read, of which it sees nothing. */
static double trust_in_model(const retriever_candidate *best)
{
    const lf_node *form = best->form->op == LF_ASK ? best->form->a : best->form;
    if (best->features[RETRIEVER_F_PASSAGE] != 0 || best->features[RETRIEVER_F_CYCLE] != 0 ||
        (form->op == LF_CMP && form->step.count))
        return 0;
    double unexplained = best->features[RETRIEVER_F_UNEXPLAINED] / UNEXPLAINED_FULL;
    return 1 + fmin(1, fmax(0, unexplained));
}

/* The same steps but for their directions ("<+>", "<->")? */
static bool same_but_direction(str a, str b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        bool sign = i > 0 && a.data[i - 1] == '<' && (a.data[i] == '+' || a.data[i] == '-') &&
                    (b.data[i] == '+' || b.data[i] == '-');
        if (a.data[i] != b.data[i] && !sign)
            return false;
    }
    return true;
}

/* Which way a step goes, names of both ways tell (kinds of, parent); the model sees one name. So
 * forms that differ in that alone share its best verdict. */
static void share_directions(const str *texts, double *scores, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (same_but_direction(texts[i], texts[k]))
                scores[i] = scores[k] = fmax(scores[i], scores[k]);
}

double verdict_margin(const retriever_candidate *c, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!str_equal(c[i].relations, c[0].relations))
            return c[0].score - c[i].score;
    return 10;
}

/* The forms as the model reads them. */
static status print_forms(const verdict_input *q, const retriever_candidate *c, size_t n,
                          str *texts, error *err)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        buf text = {0};
        verdict_input in = *q;
        s = lf_print_model(c[i].form, model_relation, &in, q->a, &text);
        texts[i] = arena_str(q->a, buf_str(&text));
        buf_free(&text);
    }
    return s == STATUS_MEMORY ? error_memory(err) : s;
}

/* It cannot see that answers are of another kind than asked for, nor that "what else has X's
 * value" takes the place of that value. */
static void hold_back(const retriever_candidate *c, size_t n, double *scores)
{
    bool step = lf_hops(c[0].form) == 1;
    for (size_t i = 1; i < n; i++)
        if (c[i].features[RETRIEVER_F_TYPE_FIT] < 0 ||
            (step && c[i].features[RETRIEVER_F_CYCLE] > 0 && lf_hops(c[i].form) == 2))
            scores[i] = fmin(scores[i], scores[0]);
}

status verdict_add(const verdict_input *q, const double *weights, retriever_candidate *c, size_t n,
                   verdict_before *before, error *err)
{
    *before = (verdict_before){0};
    if (q->scorer == NULL || n == 0)
        return STATUS_OK;
    str *texts = ARENA_ARRAY(q->a, str, n);
    double *scores = ARENA_ARRAY(q->a, double, n);
    if (texts == NULL || scores == NULL)
        return error_memory(err);
    status s = print_forms(q, c, n, texts, err);
    if (s != STATUS_OK)
        return s;
    if (!q->scorer(q->scorer_context, model_types(q), model_question(q), texts, c, n, scores))
        return STATUS_OK;
    double trust = trust_in_model(&c[0]);
    *before = (verdict_before){c[0].form, verdict_margin(c, n), c[0].probability};
    share_directions(texts, scores, n);
    hold_back(c, n, scores);
    for (size_t i = 0; i < n; i++) {
        c[i].features[RETRIEVER_F_MODEL] = trust * scores[i];
        c[i].score = rank_score(c[i].features, weights);
    }
    rank_sort(c, n);
    return STATUS_OK;
}
