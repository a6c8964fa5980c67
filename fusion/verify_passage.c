/* See verify_passage.h. Content is compared as pairs of Han characters and as Latin words. */
#include "fusion/verify_passage.h"

#include "core/utf8.h"
#include "fusion/verify_graph.h"

enum { TOKENS = 256, STRETCHES = 256 };

typedef struct tokens {
    str items[TOKENS];
    bool pair[TOKENS];  /* two Han characters; else one Latin word */
    size_t run[TOKENS]; /* tokens of one unbroken stretch of content share a number */
    size_t runs;
    size_t count;
} tokens;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What counts as content of a clause: what no glue and no value covers, but the name skipped. */
static bool content(const claims_clause *clause, size_t at, size_t skip_start, size_t skip_end)
{
    unsigned char what = clause->cover[at];
    return (what == CLAIMS_NOTHING || what == CLAIMS_RELATION || what == CLAIMS_NAME) &&
           (at < skip_start || at >= skip_end);
}

static void add_token(tokens *t, str item, bool pair)
{
    if (t->count == TOKENS)
        return;
    t->pair[t->count] = pair;
    t->run[t->count] = t->runs;
    t->items[t->count++] = item;
}

static void read_tokens(const claims_clause *clause, size_t skip_start, size_t skip_end,
                        tokens *out)
{
    str text = clause->text;
    size_t last = SIZE_MAX, run = 0; /* the Han character before, content characters in a row */
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        size_t n = utf8_decode(text.data + i, text.length - i, &c);
        bool counts = content(clause, i, skip_start, skip_end);
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
        out->runs += last != SIZE_MAX ? 1 : 0;
        last = SIZE_MAX;
        run = 0;
        if (counts && is_word(text.data[i])) {
            size_t end = i;
            while (end < text.length && is_word(text.data[end]))
                end++;
            add_token(out, str_slice(text, i, end), false);
            out->runs++;
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

/* Pairs of characters count whole where they stand together, and half where both stand apart, so
 * that another order of the same words is not lost. */
static double coverage(const tokens *t, str stretch, double *weakest)
{
    double hits = 0, run_hits = 0, run_size = 0;
    *weakest = 1;
    for (size_t i = 0; i < t->count; i++) {
        str item = t->items[i];
        bool whole =
            t->pair[i] ? str_find(stretch, item, 0) != STR_NONE : holds_word(stretch, item);
        size_t half = item.length / 2;
        bool apart = t->pair[i] && !whole &&
                     str_find(stretch, str_slice(item, 0, half), 0) != STR_NONE &&
                     str_find(stretch, str_slice(item, half, item.length), 0) != STR_NONE;
        double hit = whole ? 1 : apart ? 0.5 : 0;
        hits += hit;
        run_hits += hit;
        run_size += 1;
        if (i + 1 < t->count && t->run[i + 1] == t->run[i])
            continue;
        *weakest = run_hits / run_size < *weakest ? run_hits / run_size : *weakest;
        run_hits = run_size = 0;
    }
    return t->count == 0 ? 0 : hits / (double)t->count;
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

static bool claimed_elsewhere(const claims_clause *clause, const claims_value *v)
{
    for (size_t i = 0; i < clause->value_count; i++)
        if (verify_same_value(clause->values[i].value, v->value))
            return true;
    return false;
}

static bool same_claim(const claims_value *a, const claims_value *b)
{
    return verify_same_value(a->value, b->value) && a->has_compare == b->has_compare &&
           (!a->has_compare || a->compare == b->compare);
}

/* Do the numbers of the clause stand in the stretch? In a wide one that holds other numbers of the
 * kind too, the number may belong to something else: that does not count. */
static void compare_numbers(const claims_clause *clause, str stretch, bool wide, passage_match *m)
{
    m->numbers = true;
    for (size_t i = 0; i < clause->value_count; i++) {
        const claims_value *claimed = &clause->values[i];
        bool same = false, other = false;
        claims_value v;
        for (size_t from = 0; claims_next_value(stretch, from, &v); from = v.end) {
            bool equal = same_claim(claimed, &v);
            same = same || equal;
            other = other || (!equal && verify_comparable(claimed->value, v.value) &&
                              !claimed_elsewhere(clause, &v));
        }
        str written = str_slice(clause->text, claimed->start, claimed->end);
        if (!same && !other && str_find(stretch, written, 0) != STR_NONE)
            same = true; /* a number that is no value of its own ("三倍") stands as written */
        m->numbers = m->numbers && same && !(wide && other);
        m->other_number = m->other_number || (!same && other);
    }
}

static bool ends_sentence(str part)
{
    static const char *ends[] = {"。", "；", ";", "\n", ". "};
    for (size_t i = 0; i < CORE_COUNT(ends); i++)
        if (str_ends(part, str_from(ends[i])))
            return true;
    return false;
}

/* How well a stretch fits; a longer one must earn its length. */
static double fit(const passage_match *m, int pass, size_t width)
{
    return m->coverage + (m->numbers ? 0.1 : 0) - 0.06 * (double)(width - 1) - 0.05 * pass;
}

status passage_compare(const verify_context *c, const claims_clause *clause, str passage,
                       size_t skip_start, size_t skip_end, passage_match *out, error *err)
{
    str parts[STRETCHES];
    tokens *t = ARENA_NEW(c->a, tokens);
    if (t == NULL)
        return error_memory(err);
    read_tokens(clause, skip_start, skip_end, t);
    passage_match best = {.coverage = 0, .tokens = t->count};
    double score = -1;
    for (int pass = 0; pass < 2; pass++) {
        size_t n = split(passage, pass == 0, parts, STRETCHES);
        for (size_t i = 0; i < n; i++) {
            for (size_t width = 1; width <= (pass == 0 ? 3 : 1) && i + width <= n; width++) {
                if (width > 1 && ends_sentence(parts[i + width - 2]))
                    break; /* wider than a sentence: its words may speak of different things */
                const char *start = parts[i].data;
                str stretch = str_make(start, (size_t)(parts[i + width - 1].data - start) +
                                                  parts[i + width - 1].length);
                passage_match m = {.tokens = t->count};
                m.coverage = coverage(t, stretch, &m.weakest);
                compare_numbers(clause, stretch, pass > 0 || width > 1, &m);
                m.polarity = (negations(c, stretch) % 2 == 1) == clause->negative;
                if (t->count == 0) /* nothing but names and numbers: the numbers decide */
                    m.coverage = clause->value_count > 0 ? 1 : 0;
                if (fit(&m, pass, width) <= score + 1e-9)
                    continue;
                score = fit(&m, pass, width);
                best = m;
            }
        }
    }
    *out = best;
    return STATUS_OK;
}
