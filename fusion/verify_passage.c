/* See verify_passage.h. Content is compared as pairs of Han characters and as Latin words. */
#include "fusion/verify_passage.h"

#include "core/utf8.h"
#include "fusion/verify_graph.h"

enum { TOKENS = 256, STRETCHES = 256 };

#define COVER_SUPPORTED 0.78
#define COVER_RELATED 0.6

typedef struct tokens {
    str items[TOKENS];
    bool pair[TOKENS]; /* two Han characters; else one Latin word */
    size_t count;
} tokens;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What counts as content of a clause: what no glue, value or (given) name covers. */
static bool content(const claims_clause *clause, size_t at, bool names_given)
{
    unsigned char what = clause->cover[at];
    return what == CLAIMS_NOTHING || what == CLAIMS_RELATION ||
           (what == CLAIMS_NAME && !names_given);
}

static void add_token(tokens *t, str item, bool pair)
{
    if (t->count == TOKENS)
        return;
    t->pair[t->count] = pair;
    t->items[t->count++] = item;
}

static void read_tokens(const claims_clause *clause, bool names_given, tokens *out)
{
    str text = clause->text;
    size_t last = SIZE_MAX, run = 0; /* the Han character before, content characters in a row */
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = utf8_decode(text.data + i, text.length - i, &c);
        bool counts = content(clause, i, names_given);
        if (counts && utf8_is_han(c)) {
            if (last != SIZE_MAX)
                add_token(out, str_slice(text, last, i + n), true);
            run++;
            last = i;
            i += n;
            continue;
        }
        if (run == 1 && last != SIZE_MAX) /* a lone character counts by itself */
            add_token(out, str_slice(text, last, last + 3), true);
        last = SIZE_MAX;
        run = 0;
        if (counts && is_word(text.data[i])) {
            size_t end = i;
            while (end < text.length && is_word(text.data[end]))
                end++;
            add_token(out, str_slice(text, i, end), false);
            n = end - i;
        }
        i += n;
    }
    if (run == 1 && last != SIZE_MAX)
        add_token(out, str_slice(text, last, last + 3), true);
}

static bool holds_word(str stretch, str word)
{
    for (size_t i = 0; i < stretch.length;) {
        size_t end = i;
        while (end < stretch.length && is_word(stretch.data[end]))
            end++;
        if (end > i && glue_same_word(str_slice(stretch, i, end), word))
            return true;
        i = end > i ? end : i + 1;
    }
    return false;
}

static double coverage(const tokens *t, str stretch)
{
    size_t hits = 0;
    for (size_t i = 0; i < t->count; i++)
        hits += (t->pair[i] ? str_find(stretch, t->items[i], 0) != STR_NONE
                            : holds_word(stretch, t->items[i]))
                    ? 1
                    : 0;
    return t->count == 0 ? 0 : (double)hits / (double)t->count;
}

/* Stretches: clauses of the passage, and each with the one behind it. */
static size_t split(str passage, bool fine, str *out, size_t capacity)
{
    size_t n = 0, start = 0;
    for (size_t i = 0; i < passage.length && n < capacity;) {
        uint32_t c;
        size_t bytes = utf8_decode(passage.data + i, passage.length - i, &c);
        bool stop = c == 0x3002 || c == 0xff1b || c == ';' || c == '\n' ||
                    (c == '.' && i + 1 < passage.length && passage.data[i + 1] == ' ') ||
                    (fine && (c == 0xff0c || c == ','));
        i += bytes;
        if (!stop && i < passage.length)
            continue;
        out[n++] = str_slice(passage, start, i);
        start = i;
    }
    return n;
}

static size_t negations(const verify_context *c, str text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.length;) {
        lf_compare ignored;
        size_t n = glue_comparative(c->glue, text, at, &ignored);
        if (n == 0) {
            n = glue_negation(c->glue, text, at);
            count += n > 0 ? 1 : 0;
        }
        at += n > 0 ? n : 1;
    }
    return count;
}

/* Do the numbers of the clause stand in the stretch? */
static void compare_numbers(const claims_clause *clause, str stretch, passage_match *m)
{
    m->numbers = true;
    for (size_t i = 0; i < clause->value_count; i++) {
        bool same = false, other = false;
        size_t from = 0, start, end;
        kg_value v;
        while (kg_value_find(stretch, from, &v, &start, &end) && end > start) {
            same = same || verify_same_value(clause->values[i].value, v);
            other = other || verify_comparable(clause->values[i].value, v);
            from = end;
        }
        str written = str_slice(clause->text, clause->values[i].start, clause->values[i].end);
        size_t at = str_find(stretch, written, 0);
        if (!same && !other && at != STR_NONE)
            same = true; /* a number that is no value of its own ("三倍") stands as written */
        m->numbers = m->numbers && same;
        m->other_number = m->other_number || (!same && other);
    }
}

status passage_compare(const verify_context *c, const claims_clause *clause, str passage,
                       bool names_given, passage_match *out, error *err)
{
    str parts[STRETCHES];
    tokens *t = ARENA_NEW(c->a, tokens);
    if (t == NULL)
        return error_memory(err);
    read_tokens(clause, names_given, t);
    passage_match best = {.coverage = -1};
    for (int pass = 0; pass < 2; pass++) {
        size_t n = split(passage, pass == 0, parts, STRETCHES);
        for (size_t i = 0; i < n; i++) {
            for (size_t width = 1; width <= 2 && i + width <= n; width++) {
                const char *start = parts[i].data;
                str stretch = str_make(start, (size_t)(parts[i + width - 1].data - start) +
                                                  parts[i + width - 1].length);
                passage_match m = {.coverage = coverage(t, stretch)};
                compare_numbers(clause, stretch, &m);
                m.polarity = (negations(c, stretch) % 2 == 1) == clause->negative;
                double gain = m.coverage + (m.numbers ? 0.3 : 0) + (m.polarity ? 0.05 : 0);
                double had = best.coverage + (best.numbers ? 0.3 : 0) + (best.polarity ? 0.05 : 0);
                if (gain > had + 1e-9)
                    best = m;
            }
        }
    }
    if (t->count == 0) /* nothing but names and numbers: the numbers decide */
        best.coverage = clause->value_count > 0 ? 1 : 0;
    *out = best;
    return STATUS_OK;
}

answer_verdict passage_verdict(const passage_match *m)
{
    if (m->coverage >= COVER_SUPPORTED && m->numbers && m->polarity)
        return VERDICT_SUPPORTED;
    if (m->coverage >= COVER_RELATED && m->other_number)
        return VERDICT_CONTRADICTED;
    if (m->coverage >= COVER_SUPPORTED && m->numbers && !m->polarity)
        return VERDICT_CONTRADICTED;
    return VERDICT_NOT_IN_GRAPH;
}
