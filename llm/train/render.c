/* Recursive: a noun phrase of a set contains the noun phrases of its parts. */
#include "llm/train/render.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "llm/modeltext.h"

static void noun_phrase(const renderer *r, const form *f, int at, buf *out);
static void question(const renderer *r, const form *f, int at, buf *out);

static void expand(const renderer *r, const char *kind, const grammar_slot *slots, size_t count,
                   buf *out)
{
    str text = grammar_pick(r->grammar, kind, r->language, r->evaluation, r->random);
    grammar_expand(out, text, slots, count, r->random);
}

str render_name(const renderer *r, const concept *of)
{
    const phrases *names = &of->names[r->language];
    if (names->count == 1 || rng_chance(r->random, 0.35))
        return names->items[0];
    return names->items[1 + rng_below(r->random, names->count - 1)];
}

/* A class word, in English often in the plural. */
static str class_word(const renderer *r, const str words[CONCEPT_LANGUAGES], char room[64])
{
    str word = words[r->language];
    if (str_empty(word))
        word = r->language == CONCEPT_EN ? STR("things") : STR("东西");
    bool plural = r->language == CONCEPT_EN && rng_chance(r->random, 0.5);
    int n = snprintf(room, 64, "%.*s%s", STR_ARG(word), plural ? "s" : "");
    return n > 0 && n < 64 ? str_make(room, (size_t)n) : word;
}

static const concept *concept_of(const renderer *r, const form_node *n)
{
    return r->schema->relation[n->relation].of;
}

/* "how many", which belongs to COUNT when the relation leads to entities. */
static bool counts(str phrase)
{
    return str_find(phrase, STR("how many"), 0) != STR_NONE ||
           str_find(phrase, STR("几个"), 0) != STR_NONE ||
           str_find(phrase, STR("几位"), 0) != STR_NONE ||
           str_find(phrase, STR("几种"), 0) != STR_NONE ||
           str_find(phrase, STR("几名"), 0) != STR_NONE ||
           str_find(phrase, STR("多少个"), 0) != STR_NONE;
}

/* One of the concept's phrases with {s} or {o} filled; false when there is none. */
static bool own_phrase(const renderer *r, const phrases *from, const concept *of, str fill,
                       buf *out)
{
    if (from->count == 0)
        return false;
    str text = from->items[rng_below(r->random, from->count)];
    if (of->range <= CONCEPT_PLACE && counts(text))
        return false;
    grammar_slot slots[] = {{'S', fill}, {'O', fill}};
    grammar_expand(out, text, slots, 2, r->random);
    return true;
}

static void hop_phrase(const renderer *r, const form *f, const form_node *n, const char *kind,
                       buf *out)
{
    const concept *c = concept_of(r, n);
    char room[64];
    buf inner = {0};
    noun_phrase(r, f, n->a, &inner);
    grammar_slot slots[] = {{'S', buf_str(&inner)},
                            {'R', render_name(r, c)},
                            {'D', class_word(r, c->class_word, room)}};
    expand(r, kind, slots, 3, out);
    buf_free(&inner);
}

static void inverse_phrase(const renderer *r, const form *f, const form_node *n, buf *out)
{
    const concept *c = concept_of(r, n);
    buf inner = {0};
    noun_phrase(r, f, n->a, &inner);
    if (!rng_chance(r->random, 0.5) ||
        !own_phrase(r, &c->inverse_np[r->language], c, buf_str(&inner), out))
        hop_phrase(r, f, n, "np.inv", out);
    buf_free(&inner);
}

static void pair_phrase(const renderer *r, const form *f, const form_node *n, const char *kind,
                        buf *out)
{
    buf a = {0}, b = {0};
    noun_phrase(r, f, n->a, &a);
    noun_phrase(r, f, n->b, &b);
    grammar_slot slots[] = {
        {'A', buf_str(&a)},
        {'B', buf_str(&b)},
        {'R', n->op == FORM_CMP ? render_name(r, concept_of(r, n)) : str_make(NULL, 0)}};
    expand(r, kind, slots, 3, out);
    buf_free(&a);
    buf_free(&b);
}

/* FILTER, MAX, MIN, TYPE, COUNT: one set, perhaps a relation, a value and a class word. */
static void set_phrase(const renderer *r, const form *f, const form_node *n, const char *kind,
                       buf *out)
{
    char value[8], room[64];
    buf inner = {0};
    if (n->a >= 0)
        noun_phrase(r, f, n->a, &inner);
    snprintf(value, sizeof value, "<V%d>", (int)n->slot);
    const concept *c = concept_of(r, n);
    grammar_slot slots[] = {{'S', buf_str(&inner)},
                            {'R', render_name(r, c)},
                            {'V', str_from(value)},
                            {'D', class_word(r, c->class_word, room)}};
    expand(r, kind, slots, 4, out);
    buf_free(&inner);
}

static void noun_phrase(const renderer *r, const form *f, int at, buf *out)
{
    static const char *const filters[] = {"np.eq", "np.ne", "np.lt", "np.le", "np.gt", "np.ge"};
    const form_node *n = &f->node[at];
    switch ((form_op)n->op) {
    case FORM_ENTITY:
        buf_printf(out, "<E%d>", (int)n->slot);
        break;
    case FORM_VALUE:
        buf_printf(out, "<V%d>", (int)n->slot);
        break;
    case FORM_HOP:
        if (n->inverse)
            inverse_phrase(r, f, n, out);
        else
            hop_phrase(r, f, n, "np.fwd", out);
        break;
    case FORM_AND:
        pair_phrase(r, f, n, "np.and", out);
        break;
    case FORM_OR:
        pair_phrase(r, f, n, "np.or", out);
        break;
    case FORM_MINUS:
        pair_phrase(r, f, n, "np.minus", out);
        break;
    case FORM_FILTER:
        set_phrase(r, f, n, filters[n->compare], out);
        break;
    case FORM_TYPE:
        set_phrase(r, f, n, n->a < 0 ? "np.all" : "np.type", out);
        break;
    case FORM_MAX:
    case FORM_MIN:
        set_phrase(r, f, n, n->op == FORM_MAX ? "q.max" : "q.min", out);
        break;
    default:
        question(r, f, at, out);
        break;
    }
}

static void ask_forward(const renderer *r, const form *f, const form_node *n, buf *out)
{
    static const char *const kinds[] = {"q.fwd",      "q.fwd.person", "q.fwd.place",
                                        "q.fwd.date", "q.fwd.number", "q.fwd"};
    const concept *c = concept_of(r, n);
    buf inner = {0};
    noun_phrase(r, f, n->a, &inner);
    if (!rng_chance(r->random, 0.5) ||
        !own_phrase(r, &c->questions[r->language], c, buf_str(&inner), out))
        hop_phrase(r, f, n, rng_chance(r->random, 0.5) ? kinds[c->range] : "q.fwd", out);
    buf_free(&inner);
}

static void ask_inverse(const renderer *r, const form *f, const form_node *n, buf *out)
{
    const concept *c = concept_of(r, n);
    buf inner = {0};
    noun_phrase(r, f, n->a, &inner);
    size_t draw = rng_below(r->random, 10);
    if (draw >= 4 || !own_phrase(r, &c->inverse[r->language], c, buf_str(&inner), out)) {
        if (draw < 7) {
            hop_phrase(r, f, n, "q.inv", out);
        } else {
            buf set = {0};
            inverse_phrase(r, f, n, &set);
            grammar_slot slots[] = {{'S', buf_str(&set)}};
            expand(r, "q.np", slots, 1, out);
            buf_free(&set);
        }
    }
    buf_free(&inner);
}

static void ask_count(const renderer *r, const form *f, const form_node *n, buf *out)
{
    const form_node *set = &f->node[n->a];
    if (set->op == FORM_HOP && !set->inverse && rng_chance(r->random, 0.75)) {
        hop_phrase(r, f, set, "q.count.fwd", out);
        return;
    }
    buf inner = {0};
    noun_phrase(r, f, n->a, &inner);
    grammar_slot slots[] = {{'S', buf_str(&inner)}};
    expand(r, "q.count", slots, 1, out);
    buf_free(&inner);
}

static void ask_whether(const renderer *r, const form *f, const form_node *n, buf *out)
{
    const form_node *hop = &f->node[n->a];
    const concept *c = concept_of(r, hop);
    buf from = {0}, to = {0}, said = {0};
    noun_phrase(r, f, hop->a, &from);
    noun_phrase(r, f, n->b, &to);
    const phrases *says = &c->says[r->language];
    grammar_slot slots[] = {{'S', buf_str(&from)}, {'O', buf_str(&to)}, {'R', render_name(r, c)}};
    if (says->count > 0 && rng_chance(r->random, 0.4)) {
        grammar_expand(&said, says->items[rng_below(r->random, says->count)], slots, 2, r->random);
        grammar_slot whole[] = {{'S', buf_str(&said)}};
        expand(r, "say.ask", whole, 1, out);
    } else {
        expand(r, "q.ask", slots, 3, out);
    }
    buf_free(&from);
    buf_free(&to);
    buf_free(&said);
}

static void ask_at(const renderer *r, const form *f, const form_node *n, buf *out)
{
    char time[8];
    buf inner = {0};
    snprintf(time, sizeof time, "<T%d>", (int)n->slot);
    question(r, f, n->a, &inner);
    grammar_slot slots[] = {{'Q', buf_str(&inner)}, {'T', str_from(time)}};
    expand(r, "at", slots, 2, out);
    buf_free(&inner);
}

static void ask_set(const renderer *r, const form *f, int at, const char *kind, buf *out)
{
    buf inner = {0};
    noun_phrase(r, f, at, &inner);
    grammar_slot slots[] = {{'S', buf_str(&inner)}};
    expand(r, kind, slots, 1, out);
    buf_free(&inner);
}

static void question(const renderer *r, const form *f, int at, buf *out)
{
    const form_node *n = &f->node[at];
    switch ((form_op)n->op) {
    case FORM_HOP:
        if (n->inverse)
            ask_inverse(r, f, n, out);
        else
            ask_forward(r, f, n, out);
        break;
    case FORM_COUNT:
        ask_count(r, f, n, out);
        break;
    case FORM_ASK:
        ask_whether(r, f, n, out);
        break;
    case FORM_CMP:
        pair_phrase(r, f, n,
                    n->compare == FORM_GT   ? "q.cmp.gt"
                    : n->compare == FORM_LT ? "q.cmp.lt"
                                            : "q.cmp.eq",
                    out);
        break;
    case FORM_DESCRIBE:
        ask_set(r, f, n->a, "q.desc", out);
        break;
    case FORM_AT:
        ask_at(r, f, n, out);
        break;
    case FORM_MAX:
    case FORM_MIN:
        noun_phrase(r, f, at, out);
        break;
    default:
        ask_set(r, f, at, "q.np", out);
        break;
    }
}

void render_question(const renderer *r, const form *f, buf *out)
{
    question(r, f, f->root, out);
}

void render_entity_edit(const renderer *r, int slot, buf *out)
{
    char name[8];
    snprintf(name, sizeof name, "<E%d>", slot);
    grammar_slot slots[] = {{'S', str_from(name)}};
    expand(r, "edit.entity", slots, 1, out);
}

void render_relation_edit(const renderer *r, const concept *to, buf *out)
{
    grammar_slot slots[] = {{'R', render_name(r, to)}};
    expand(r, "edit.relation", slots, 1, out);
}

void render_count_edit(const renderer *r, buf *out)
{
    expand(r, "edit.count", NULL, 0, out);
}

void render_fact(const renderer *r, const concept *of, bool phrase, buf *out)
{
    grammar_slot slots[] = {
        {'S', STR("<E1>")}, {'O', STR("<X1>")}, {'R', of->names[r->language].items[0]}};
    const phrases *says = &of->says[r->language];
    if (phrase && says->count > 0) {
        grammar_expand(out, says->items[rng_below(r->random, says->count)], slots, 2, r->random);
        buf_add(out, r->language == CONCEPT_EN ? STR(".") : STR("。"));
    } else {
        expand(r, "say.fwd", slots, 3, out);
    }
}

/* --- noise ------------------------------------------------------------------------------------ */

/* Is this byte outside placeholders, and a plain letter with letters beside it? */
static bool inside_word(const buf *text, size_t at)
{
    for (size_t i = at - 1; i <= at + 1; i++)
        if (text->data[i] < 'a' || text->data[i] > 'z')
            return false;
    return true;
}

/* One slip of the keyboard: two letters swapped, one left out, one doubled, one wrong. */
static void mistype(const renderer *r, buf *text)
{
    if (text->length < 4)
        return;
    for (int tries = 0; tries < 8; tries++) {
        size_t at = 1 + rng_below(r->random, text->length - 2);
        if (!inside_word(text, at))
            continue;
        char *p = text->data + at;
        switch (rng_below(r->random, 4)) {
        case 0: {
            char keep = p[0];
            p[0] = p[1];
            p[1] = keep;
            break;
        }
        case 1:
            memmove(p, p + 1, text->length - at);
            text->length--;
            break;
        case 2:
            if (buf_reserve(text, 1)) {
                p = text->data + at;
                memmove(p + 1, p, text->length - at + 1);
                text->length++;
            }
            break;
        default:
            p[0] = (char)('a' + (char)rng_below(r->random, 26));
            break;
        }
        return;
    }
}

void render_noise(const renderer *r, buf *text)
{
    if (rng_chance(r->random, 0.15)) {
        buf whole = {0};
        grammar_slot slots[] = {{'Q', buf_str(text)}};
        expand(r, "polite", slots, 1, &whole);
        buf_clear(text);
        buf_add(text, buf_str(&whole));
        buf_free(&whole);
    }
    if (r->language == CONCEPT_EN && rng_chance(r->random, 0.1))
        mistype(r, text);
}
