/* Draws a schema, a right form, its question, and wrong forms; everything from one stream of random
 * numbers, in a fixed order. */
#include "llm/train/episode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "llm/modeltext.h"
#include "llm/train/form.h"
#include "llm/train/render.h"

/* What making one episode passes around. */
typedef struct maker {
    const episode_source *source;
    rng random;
    form_schema schema;
    renderer render;
    form gold;
    form history; /* count 0 = none */
    buf question; /* raw, with placeholders */
    bool alias_mode, alias_random;
    episode *out;
} maker;

static const char *const kind_names[EPISODE_KINDS] = {
    "hop1", "inverse", "hop2", "hop3", "sets", "filter", "count",  "arg",
    "cmp",  "ask",     "desc", "type", "at",   "edit",   "wording"};

/* Shares of the kinds in percent, wording apart. */
static const unsigned char kind_share[EPISODE_WORDING] = {30, 12, 18, 8, 4, 5, 5,
                                                          4,  3,  4,  1, 1, 1, 4};

const char *episode_kind_name(episode_kind kind)
{
    return kind < EPISODE_KINDS ? kind_names[kind] : "?";
}

void episode_free(episode *e)
{
    buf_free(&e->text);
}

/* --- schema ----------------------------------------------------------------------------------- */

static bool allowed(const maker *m, const concept *c)
{
    return m->source->evaluation || m->source->train_on_all || !c->held_out;
}

static bool may_join(const maker *m, const concept *c)
{
    if (!allowed(m, c) || m->schema.count >= FORM_RELATIONS)
        return false;
    for (size_t i = 0; i < m->schema.count; i++)
        if (m->schema.relation[i].of == c || concepts_share_name(m->schema.relation[i].of, c))
            return false;
    return true;
}

static int join(maker *m, const concept *c)
{
    if (!may_join(m, c))
        return -1;
    m->schema.relation[m->schema.count] = (form_relation){.of = c};
    return (int)m->schema.count++;
}

/* Up to `most` relations whose subject is of the class. */
static void join_class(maker *m, int class_number, size_t most)
{
    size_t n;
    const int *members = concepts_of_class(m->source->concepts, class_number, &n);
    for (size_t i = 0; i < 2 * most && n > 0 && most > 0; i++)
        if (join(m, concepts_at(m->source->concepts, (size_t)members[rng_below(&m->random, n)])) >=
            0)
            most--;
}

/* Characters (Han) or letter pairs that the two labels share, as a share. */
static double resemblance(str a, str b)
{
    size_t hits = 0, all = 0;
    for (size_t i = 0; i + 1 < a.length; i++) {
        all++;
        if (str_find(b, str_slice(a, i, i + 2), 0) != STR_NONE)
            hits++;
    }
    return all == 0 ? 0 : (double)hits / (double)all;
}

/* The most look-alike of some relations drawn by chance. */
static void join_lookalike(maker *m, const concept *like)
{
    const concepts *all = m->source->concepts;
    const concept *best = NULL;
    double most = 0.15;
    int lang = m->schema.label_language;
    for (int i = 0; i < 60; i++) {
        const concept *c = concepts_at(all, rng_below(&m->random, concepts_count(all)));
        double x = resemblance(c->names[lang].items[0], like->names[lang].items[0]);
        if (x > most && may_join(m, c)) {
            best = c;
            most = x;
        }
    }
    if (best != NULL)
        join(m, best);
}

static const concept *draw_main(maker *m)
{
    const concepts *all = m->source->concepts;
    for (int tries = 0; tries < 10000; tries++) {
        const concept *c = concepts_at(all, rng_below(&m->random, concepts_count(all)));
        if (m->source->evaluation ? c->held_out : allowed(m, c))
            return c;
    }
    return concepts_at(all, 0);
}

static void name_nonsense(maker *m, form_relation *r, str meaning)
{
    static const char *const syllables[] = {"ka",  "zo",  "mel", "tri", "vex", "lu",
                                            "pon", "qua", "rin", "dax", "wug", "fep"};
    if (rng_chance(&m->random, 0.5))
        snprintf(r->label, sizeof r->label, "%c%d", "pr"[rng_below(&m->random, 2)],
                 (int)rng_below(&m->random, 2000));
    else
        snprintf(r->label, sizeof r->label, "%s%s%s", syllables[rng_below(&m->random, 12)],
                 syllables[rng_below(&m->random, 12)], syllables[rng_below(&m->random, 12)]);
    snprintf(r->gloss, sizeof r->gloss, "%.*s", STR_ARG(meaning));
    r->nonsense = true;
}

/* This schema's own label for the relation. */
static void name_relation(maker *m, form_relation *r)
{
    int lang = m->schema.label_language;
    const phrases *names = &r->of->names[lang];
    str name = rng_chance(&m->random, 0.6) ? names->items[0]
                                           : names->items[rng_below(&m->random, names->count)];
    r->flipped = r->of->range <= CONCEPT_PLACE && !r->of->symmetric && rng_chance(&m->random, 0.08);
    if (rng_chance(&m->random, 0.1)) {
        name_nonsense(m, r, name);
        r->flipped = false;
        return;
    }
    const char *format = "%.*s";
    if (r->flipped)
        format = lang == CONCEPT_EN ? "%.*s of" : "作为%.*s的";
    else if (lang == CONCEPT_EN && rng_chance(&m->random, 0.08))
        format = "has %.*s";
    snprintf(r->label, sizeof r->label, format, STR_ARG(name));
}

static void draw_schema(maker *m, const concept *main)
{
    join(m, main);
    join_class(m, main->class_number, 3 + rng_below(&m->random, 12));
    if (main->range_number >= 0)
        join_class(m, main->range_number, rng_below(&m->random, 7));
    join_lookalike(m, main);
    join_lookalike(m, main);
    const concepts *all = m->source->concepts;
    for (size_t i = rng_below(&m->random, 8) + 2; i > 0; i--)
        join(m, concepts_at(all, rng_below(&m->random, concepts_count(all))));
}

/* A relation of the schema other than the main one (0) that a test accepts; falls back to any
 * other, which widens the schema when it has only one. */
typedef bool relation_test(const concept *c, const concept *main);

static bool after_main(const concept *c, const concept *main)
{
    return main->range_number >= 0 && c->class_number == main->range_number;
}

static bool before_main(const concept *c, const concept *main)
{
    return c->range_number >= 0 && c->range_number == main->class_number;
}

static bool beside_main(const concept *c, const concept *main)
{
    return c->class_number == main->class_number;
}

static bool same_range(const concept *c, const concept *main)
{
    return c->range_number >= 0 && c->range_number == main->range_number;
}

static bool is_number(const concept *c, const concept *main)
{
    (void)main;
    return c->range == CONCEPT_NUMBER || c->range == CONCEPT_DATE;
}

static bool number_beside_main(const concept *c, const concept *main)
{
    return is_number(c, main) && beside_main(c, main);
}

static int find_relation(maker *m, relation_test *test)
{
    const concept *main = m->schema.relation[0].of;
    int found[FORM_RELATIONS], n = 0;
    for (size_t i = 1; i < m->schema.count; i++)
        if (test(m->schema.relation[i].of, main))
            found[n++] = (int)i;
    return n == 0 ? -1 : found[rng_below(&m->random, (size_t)n)];
}

static int find_or_any(maker *m, relation_test *test)
{
    int at = find_relation(m, test);
    if (at >= 0)
        return at;
    return m->schema.count < 2 ? 0 : 1 + (int)rng_below(&m->random, m->schema.count - 1);
}

/* A numeric or date relation, the main one's class preferred; joined when the schema has none. */
static int find_number(maker *m)
{
    const concepts *all = m->source->concepts;
    if (is_number(m->schema.relation[0].of, NULL))
        return 0;
    int at = find_relation(m, number_beside_main);
    for (int i = 0; at < 0 && i < 400; i++) {
        const concept *c = concepts_at(all, rng_below(&m->random, concepts_count(all)));
        if (is_number(c, NULL) && (i > 200 || beside_main(c, m->schema.relation[0].of)))
            at = join(m, c);
    }
    return at < 0 ? find_or_any(m, is_number) : at;
}

/* --- right forms ------------------------------------------------------------------------------ */

static int two_hops(maker *m, form *f)
{
    int e = form_entity(f, 1);
    switch (rng_below(&m->random, 6)) {
    case 0:
    case 1: /* main first, then on */
        return form_hop(f, form_hop(f, e, 0, false), find_or_any(m, after_main), false);
    case 2:
    case 3: /* to the main one */
        return form_hop(f, form_hop(f, e, find_or_any(m, before_main), false), 0, false);
    case 4: /* back, then to a sibling */
        return form_hop(f, form_hop(f, e, 0, true), find_or_any(m, beside_main), false);
    default: /* forward, then back along the same or one of the same range */
        return form_hop(f, form_hop(f, e, 0, false),
                        rng_chance(&m->random, 0.5) ? 0 : find_or_any(m, same_range), true);
    }
}

static int three_hops(maker *m, form *f)
{
    int a = two_hops(m, f);
    const form_node *top = &f->node[a];
    const concept *last = m->schema.relation[top->relation].of;
    int here = top->inverse ? last->class_number : last->range_number;
    for (int tries = 0; tries < 20; tries++) {
        size_t pick = rng_below(&m->random, m->schema.count);
        const concept *c = m->schema.relation[pick].of;
        if (c->class_number == here)
            return form_hop(f, a, (int)pick, false);
        if (c->range_number >= 0 && c->range_number == here)
            return form_hop(f, a, (int)pick, true);
    }
    return form_hop(f, a, (int)rng_below(&m->random, m->schema.count), false);
}

/* A set that filters and superlatives start from. */
static int some_set(maker *m, form *f)
{
    if (rng_chance(&m->random, 0.3))
        return form_type(f, -1, 0);
    bool number = is_number(m->schema.relation[0].of, NULL);
    int relation = number ? find_or_any(m, before_main) : 0;
    return form_hop(f, form_entity(f, 1), relation, !number);
}

static void make_sets(maker *m, form *f)
{
    form_op op = (form_op)(FORM_AND + rng_below(&m->random, 3));
    bool forward = rng_chance(&m->random, 0.4);
    int other =
        rng_chance(&m->random, 0.5) ? 0 : find_or_any(m, forward ? same_range : beside_main);
    int a = form_hop(f, form_entity(f, 1), 0, !forward);
    int b = form_hop(f, form_entity(f, 2), other, !forward);
    form_binary(f, op, a, b);
}

static void make_ask(maker *m, form *f)
{
    int from = form_entity(f, 1);
    if (rng_chance(&m->random, 0.2))
        from = form_hop(f, from, find_or_any(m, before_main), false);
    int hop = form_hop(f, from, 0, false);
    bool entity = m->schema.relation[0].of->range <= CONCEPT_PLACE;
    form_binary(f, FORM_ASK, hop, entity ? form_entity(f, 2) : form_value(f, 1));
}

static void make_gold(maker *m, episode_kind kind)
{
    static const form_compare orders[] = {FORM_EQ, FORM_LT, FORM_GT};
    form *f = &m->gold;
    switch (kind) {
    case EPISODE_HOP1:
        form_hop(f, form_entity(f, 1), 0, false);
        break;
    case EPISODE_INVERSE:
        form_hop(f, form_entity(f, 1), 0, true);
        break;
    case EPISODE_HOP2:
        two_hops(m, f);
        break;
    case EPISODE_HOP3:
        three_hops(m, f);
        break;
    case EPISODE_SETS:
        make_sets(m, f);
        break;
    case EPISODE_FILTER:
        form_filter(f, some_set(m, f), find_number(m), (form_compare)rng_below(&m->random, 6), 1);
        break;
    case EPISODE_COUNT:
        form_unary(f, FORM_COUNT,
                   rng_chance(&m->random, 0.25)
                       ? form_filter(f, some_set(m, f), find_number(m), FORM_GT, 1)
                       : form_hop(f, form_entity(f, 1), 0, rng_chance(&m->random, 0.5)));
        break;
    case EPISODE_ARG:
        form_arg(f, rng_chance(&m->random, 0.5) ? FORM_MAX : FORM_MIN, some_set(m, f),
                 find_number(m));
        break;
    case EPISODE_CMP: {
        int a = form_entity(f, 1), b = form_entity(f, 2);
        form_cmp(f, a, b, find_number(m), orders[rng_below(&m->random, 3)]);
        break;
    }
    case EPISODE_ASK:
        make_ask(m, f);
        break;
    case EPISODE_DESCRIBE:
        form_unary(f, FORM_DESCRIBE, form_entity(f, 1));
        break;
    case EPISODE_TYPE:
        form_type(f, form_hop(f, form_entity(f, 1), find_or_any(m, before_main), false), 0);
        break;
    default: /* AT */
        form_at(f, form_hop(f, form_entity(f, 1), 0, rng_chance(&m->random, 0.3)), 1);
        break;
    }
}

/* A follow-up: the last form in the history, the new one right. */
static void make_edit(maker *m)
{
    int old = find_or_any(m, beside_main);
    switch (rng_below(&m->random, 3)) {
    case 0: /* another entity */
        form_hop(&m->history, form_entity(&m->history, 2), 0, false);
        form_hop(&m->gold, form_entity(&m->gold, 1), 0, false);
        render_entity_edit(&m->render, 1, &m->question);
        break;
    case 1: /* another relation */
        form_hop(&m->history, form_entity(&m->history, 1), old, false);
        form_hop(&m->gold, form_entity(&m->gold, 1), 0, false);
        render_relation_edit(&m->render, m->schema.relation[0].of, &m->question);
        break;
    default: /* how many of them */
        form_hop(&m->history, form_entity(&m->history, 1), 0, rng_chance(&m->random, 0.5));
        m->gold = m->history;
        form_unary(&m->gold, FORM_COUNT, m->gold.root);
        render_count_edit(&m->render, &m->question);
        break;
    }
}

/* Placeholders are numbered as they stand in the question: swaps <E1> and <E2> where needed. */
static void renumber(maker *m)
{
    str text = buf_str(&m->question);
    size_t one = str_find(text, STR("<E1>"), 0), two = str_find(text, STR("<E2>"), 0);
    if (two == STR_NONE || (one != STR_NONE && one < two))
        return;
    for (size_t i = 0; i + 3 < m->question.length; i++)
        if (memcmp(m->question.data + i, "<E", 2) == 0 && m->question.data[i + 3] == '>')
            m->question.data[i + 2] = m->question.data[i + 2] == '1' ? '2' : '1';
    for (int i = 0; i < m->gold.count; i++)
        if (m->gold.node[i].op == FORM_ENTITY)
            m->gold.node[i].slot = (uint8_t)(3 - m->gold.node[i].slot);
}

/* --- aliases, types --------------------------------------------------------------------------- */

/* How much of the name the question says: words of English, characters of Chinese. */
static double said(str name, str question)
{
    size_t hits = 0, all = 0;
    for (size_t i = 0; i < name.length;) {
        uint32_t c;
        size_t bytes = utf8_decode(name.data + i, name.length - i, &c);
        if (bytes == 1) {
            size_t end = i;
            while (end < name.length && name.data[end] > ' ')
                end++;
            bytes = end == i ? 1 : end - i;
            if (end - i < 3) {
                i += bytes;
                continue;
            }
        }
        all++;
        hits += str_find(question, str_slice(name, i, i + bytes), 0) != STR_NONE;
        i += bytes;
    }
    return all == 0 ? 0 : (double)hits / (double)all;
}

/* The alias that says more of the question than the label does. */
static void choose_aliases(maker *m)
{
    str question = buf_str(&m->question);
    for (size_t i = 0; i < m->schema.count; i++) {
        form_relation *r = &m->schema.relation[i];
        const phrases *names = &r->of->names[m->schema.label_language];
        if (r->nonsense)
            continue;
        str best = {0};
        double most = said(str_from(r->label), question);
        for (size_t j = 0; j < names->count && m->alias_mode; j++)
            if (said(names->items[j], question) > most) {
                best = names->items[j];
                most = said(best, question);
            }
        if (m->alias_random && names->count > 1)
            best = names->items[rng_below(&m->random, names->count)];
        if (str_equal_nocase(best, str_from(r->label)))
            best = (str){0};
        snprintf(r->gloss, sizeof r->gloss, "%.*s", STR_ARG(best));
    }
}

/* The class word of what stands in <E1>: what the hop that starts there expects. */
static str entity_type(const maker *m, int slot)
{
    int lang = m->schema.label_language;
    for (int i = 0; i < m->gold.count; i++) {
        const form_node *n = &m->gold.node[i];
        if (n->op != FORM_HOP || n->a < 0)
            continue;
        const form_node *from = &m->gold.node[n->a];
        const concept *c = m->schema.relation[n->relation].of;
        if (from->op == FORM_ENTITY && from->slot == slot)
            return n->inverse ? c->range_word[lang] : c->class_word[lang];
    }
    return (str){0};
}

static void write_prefix(maker *m)
{
    buf *out = &m->out->text;
    if (m->history.count > 0) {
        buf_add_cstr(out, "<H>");
        form_print(&m->history, &m->schema, out);
    }
    for (int slot = 1; slot <= 2; slot++) {
        str type = entity_type(m, slot);
        if (str_empty(type) || !rng_chance(&m->random, 0.4))
            continue;
        modeltext_add_slot(out, 'E', slot);
        modeltext_add_label(out, type);
    }
    buf_add_cstr(out, "<Q>");
    modeltext_add_slotted(out, buf_str(&m->question), false);
    buf_add_cstr(out, "<A>");
}

/* --- candidates ------------------------------------------------------------------------------- */

static bool add_candidate(maker *m, const form *f, bool gold)
{
    episode *e = m->out;
    size_t from = e->text.length;
    form_print(f, &m->schema, &e->text);
    str text = str_slice(buf_str(&e->text), from, e->text.length);
    episode_candidate *c = &e->candidate[e->candidates];
    c->start = e->candidates * EPISODE_CANDIDATE_TOKENS;
    c->gold = gold;
    c->text_start = from;
    c->text_length = text.length;
    bool seen = false;
    for (size_t i = 0; i < e->candidates; i++)
        seen = seen || str_equal(text, str_make(e->text.data + e->candidate[i].text_start,
                                                e->candidate[i].text_length));
    c->length = vocab_encode(m->source->vocab, text, m->source->merge_dropout, &m->random,
                             e->candidate_tokens + c->start, EPISODE_CANDIDATE_TOKENS);
    if (seen || c->length == 0 || c->length > EPISODE_CANDIDATE_TOKENS) {
        e->text.length = from;
        return false;
    }
    e->candidates++;
    return true;
}

/* The right form's text, so that no wrong neighbour repeats it when it was removed. */
static bool same_text(maker *m, const form *a, const form *b)
{
    buf x = {0}, y = {0};
    form_print(a, &m->schema, &x);
    form_print(b, &m->schema, &y);
    bool same = str_equal(buf_str(&x), buf_str(&y));
    buf_free(&x);
    buf_free(&y);
    return same;
}

static void shuffle(maker *m)
{
    episode *e = m->out;
    for (size_t i = e->candidates; i > 1; i--) {
        size_t j = rng_below(&m->random, i);
        episode_candidate keep = e->candidate[i - 1];
        e->candidate[i - 1] = e->candidate[j];
        e->candidate[j] = keep;
    }
}

/* An unanswerable question: no candidate may use the relation that it asks for. */
static bool uses_main(const form *f)
{
    for (int i = 0; i < f->count; i++) {
        uint8_t op = f->node[i].op;
        if ((op == FORM_HOP || op == FORM_FILTER || op == FORM_MAX || op == FORM_MIN ||
             op == FORM_CMP) &&
            f->node[i].relation == 0)
            return true;
    }
    return false;
}

static bool make_candidates(maker *m)
{
    const episode_source *s = m->source;
    size_t wanted =
        s->min_candidates + rng_below(&m->random, s->max_candidates - s->min_candidates + 1);
    if (m->out->answerable && !add_candidate(m, &m->gold, true))
        return false;
    for (int tries = 0; tries < 200 && m->out->candidates < wanted; tries++) {
        form f = m->gold;
        bool changed = form_mutate(&f, &m->schema, &m->random);
        if (rng_chance(&m->random, 0.25))
            changed = form_mutate(&f, &m->schema, &m->random) || changed;
        if (changed && !same_text(m, &f, &m->gold) && (m->out->answerable || !uses_main(&f)))
            add_candidate(m, &f, false);
    }
    shuffle(m);
    return m->out->candidates >= 2;
}

/* --- episodes --------------------------------------------------------------------------------- */

static episode_kind draw_kind(maker *m)
{
    size_t draw = rng_below(&m->random, 100);
    for (int k = 0; k < EPISODE_WORDING; k++) {
        if (draw < kind_share[k])
            return (episode_kind)k;
        draw -= kind_share[k];
    }
    return EPISODE_HOP1;
}

/* Tokens of the prefix text behind BOS; false when it is too long. */
static bool encode_prefix(maker *m)
{
    episode *e = m->out;
    e->prefix[0] = VOCAB_BOS;
    e->prefix_text_length = e->text.length;
    size_t n = vocab_encode(m->source->vocab, buf_str(&e->text), m->source->merge_dropout,
                            &m->random, e->prefix + 1, EPISODE_PREFIX - 1);
    e->prefix_length = n + 1;
    return n > 0 && n < EPISODE_PREFIX;
}

static bool make_wording(maker *m, const concept *main)
{
    episode *e = m->out;
    buf in = {0}, said_as = {0};
    render_fact(&m->render, main, false, &in);
    render_fact(&m->render, main, true, &said_as);
    buf_add_cstr(&e->text, m->render.language == CONCEPT_EN ? "<W><en>" : "<W><zh>");
    modeltext_add_slotted(&e->text, buf_str(&in), true);
    buf_add_cstr(&e->text, "<A>");
    bool fits = encode_prefix(m);
    e->output_from = e->prefix_length;
    modeltext_add_slotted(&e->text, buf_str(&said_as), true);
    buf_add_cstr(&e->text, "</s>");
    fits = fits && encode_prefix(m);
    buf_free(&in);
    buf_free(&said_as);
    return fits;
}

/* Matching names and nothing else: the relation, often by the very label that the question says,
 * among relations drawn from anywhere. Short, so that much of it fits into a budget; the first
 * thing that a model must learn. */
static bool make_simple(maker *m, const concept *main)
{
    const concepts *all = m->source->concepts;
    episode *e = m->out;
    e->kind = EPISODE_HOP1;
    join(m, main);
    join_lookalike(m, main);
    for (size_t i = 0; i < 24 && m->schema.count < m->source->max_candidates; i++)
        join(m, concepts_at(all, rng_below(&m->random, concepts_count(all))));
    for (size_t i = 0; i < m->schema.count; i++) {
        form_relation *r = &m->schema.relation[i];
        const phrases *names = &r->of->names[m->schema.label_language];
        str name =
            names->items[rng_chance(&m->random, 0.5) ? 0 : rng_below(&m->random, names->count)];
        snprintf(r->label, sizeof r->label, "%.*s", STR_ARG(name));
    }
    bool same = m->schema.label_language == m->out->language && rng_chance(&m->random, 0.4);
    str name = same ? str_from(m->schema.relation[0].label) : render_name(&m->render, main);
    grammar_slot slots[] = {{'S', STR("<E1>")}, {'R', name}};
    str text =
        grammar_pick(m->source->grammar, "q.fwd", e->language, m->source->evaluation, &m->random);
    grammar_expand(&m->question, text, slots, 2, &m->random);
    for (size_t i = 0; i < m->schema.count; i++) {
        form f = {0};
        form_hop(&f, form_entity(&f, 1), (int)i, false);
        if (i == 0) {
            m->gold = f;
            write_prefix(m);
            if (!encode_prefix(m))
                return false;
        }
        if (!add_candidate(m, &f, i == 0) && i == 0)
            return false;
    }
    shuffle(m);
    return e->candidates >= 2;
}

static bool make_question(maker *m, const concept *main)
{
    episode *e = m->out;
    draw_schema(m, main);
    for (size_t i = 0; i < m->schema.count; i++)
        name_relation(m, &m->schema.relation[i]);
    e->kind = draw_kind(m);
    if (e->kind == EPISODE_EDIT) {
        make_edit(m);
    } else {
        make_gold(m, e->kind);
        render_question(&m->render, &m->gold, &m->question);
        renumber(m);
    }
    for (size_t i = 0; i < m->schema.count; i++) /* joined while drawing the form */
        if (m->schema.relation[i].label[0] == 0)
            name_relation(m, &m->schema.relation[i]);
    render_noise(&m->render, &m->question);
    choose_aliases(m);
    e->answerable = !uses_main(&m->gold) || !rng_chance(&m->random, m->source->unanswerable);
    write_prefix(m);
    return encode_prefix(m) && make_candidates(m);
}

/* One attempt; false when what was drawn does not fit. */
static bool attempt(const episode_source *source, rng random, episode *out)
{
    maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return false;
    m->source = source;
    m->random = random;
    m->out = out;
    out->language = (int)rng_below(&m->random, CONCEPT_LANGUAGES);
    m->schema.label_language = rng_chance(&m->random, 0.15) ? 1 - out->language : out->language;
    m->render =
        (renderer){source->grammar, &m->schema, out->language, source->evaluation, &m->random};
    double alias = rng_unit(&m->random);
    m->alias_mode = alias < 0.4;
    m->alias_random = alias >= 0.4 && alias < 0.5;
    buf_clear(&out->text);
    out->candidates = out->output_from = 0;
    out->answerable = true;
    const concept *main = draw_main(m);
    bool fits;
    if (rng_chance(&m->random, source->wording_share)) {
        out->kind = EPISODE_WORDING;
        fits = make_wording(m, main);
    } else if (rng_chance(&m->random, source->simple_share)) {
        fits = make_simple(m, main);
    } else {
        fits = make_question(m, main);
    }
    fits = fits && !out->text.failed && !m->question.failed;
    buf_free(&m->question);
    free(m);
    return fits;
}

status episode_make(const episode_source *source, uint64_t index, episode *out, error *err)
{
    for (uint64_t tries = 0; tries < 50; tries++)
        if (attempt(source, rng_stream(source->seed, index * 64 + tries), out))
            return STATUS_OK;
    return error_set(err, STATUS_INVALID,
                     "episode %llu: no draw fits; the concepts or frames are too few",
                     (unsigned long long)index);
}
