/* Names that are misspelt: what no exact name covers is compared with the nearest labels of the
 * graph, within as many edits as their length allows. Internal to link.h. */
#include "retriever/link_spans.h"

#include "core/utf8.h"

#define FAR_BETTER_KNOWN 4 /* times as many statements */

static size_t code_points(str text, uint32_t *out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < text.length && n < capacity;)
        i += utf8_decode(text.data + i, text.length - i, &out[n++]);
    return n;
}

size_t link_edit_distance(str name, str text, size_t most, arena *a)
{
    enum { LONGEST = 96 };
    uint32_t x[LONGEST], y[LONGEST];
    size_t n = code_points(name, x, LONGEST), m = code_points(text, y, LONGEST);
    size_t rows[3][LONGEST + 1];
    (void)a;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = 0; /* the name may begin anywhere in the text */
    for (size_t i = 1; i <= n; i++) {
        size_t *now = rows[i % 3], *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t d = up[j - 1] + (x[i - 1] != y[j - 1]);
            d = up[j] + 1 < d ? up[j] + 1 : d;
            d = now[j - 1] + 1 < d ? now[j - 1] + 1 : d;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                up2[j - 2] + 1 < d)
                d = up2[j - 2] + 1;
            now[j] = d;
        }
    }
    size_t best = SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        best = rows[n % 3][j] < best ? rows[n % 3][j] : best;
    return best <= most ? best : SIZE_MAX;
}

/* In a short Chinese name the first character tells things apart (鼠叮咬, 蜱叮咬; 甲肝, 乙肝):
 * another one there is another thing. */
static bool other_head(str name, str text)
{
    uint32_t head = 0;
    size_t bytes = utf8_decode(name.data, name.length, &head);
    if (!utf8_is_han(head) || utf8_count(name.data, name.length) > 4)
        return false;
    return str_find(text, str_slice(name, 0, bytes), 0) == STR_NONE;
}

/* A misspelt English name stands for whole words, and begins as they do: Hansen is no HANE. */
static bool fits_words(str name, str text, size_t edits)
{
    uint32_t head = 0;
    size_t bytes = utf8_decode(name.data, name.length, &head);
    if (utf8_is_han(head))
        return true;
    for (size_t at = 0; at + bytes <= text.length; at++) {
        bool begins = at == 0 || text.data[at - 1] == ' ' || text.data[at - 1] == '-';
        if (!begins || memcmp(text.data + at, name.data, bytes) != 0)
            continue;
        for (size_t end = at + 1; end <= text.length; end++) {
            size_t length = end - at;
            bool ends = end == text.length || text.data[end] == ' ' || text.data[end] == '-' ||
                        text.data[end] == '\'';
            if (ends && length <= name.length + edits && name.length <= length + edits)
                return true;
        }
    }
    return false;
}

static size_t allowed_edits(str name)
{
    size_t n = utf8_count(name.data, name.length);
    uint32_t first = 0;
    utf8_decode(name.data, name.length, &first);
    if (utf8_is_han(first))
        return n >= 3 ? 1 : 0;
    return n >= 8 ? 2 : n >= 4 ? 1 : 0;
}

static bool says_nothing(const linker *l, uint32_t i)
{
    const text_token *t = &l->tokens.items[i];
    for (size_t k = 0; k < l->in->operators->count; k++) {
        const operator_hit *h = &l->in->operators->items[k];
        if (h->start <= t->start && t->end <= h->end)
            return true;
    }
    return phrasebook_content(l->in->knowledge->steps, &l->tokens, i) < 0.25f;
}

/* ... or speaks of a relation ("homocystinurea definition"): no part of a misspelt English name. */
static bool is_no_name(const linker *l, uint32_t i)
{
    bool relation = i < PHRASEBOOK_TOKENS && l->tokens.items[i].kind == TEXT_WORD &&
                    token_mask_has(&l->said, i);
    return relation || says_nothing(l, i);
}

/* Of names that are equally near, the one that the graph speaks of most by far is meant. */
static void prefer_known(span *s)
{
    size_t best = 0, most_other = 0;
    for (size_t i = 1; i < s->sense_count && s->senses[i].score > s->senses[0].score - 0.02f; i++)
        if (s->senses[i].degree > s->senses[best].degree)
            best = i;
    for (size_t i = 0; i < s->sense_count; i++)
        if (i != best && s->senses[i].degree > most_other)
            most_other = s->senses[i].degree;
    if (s->sense_count < 2 || s->senses[best].degree < FAR_BETTER_KNOWN * most_other)
        return;
    s->senses[0] = s->senses[best];
    s->nodes[0] = s->nodes[best];
    s->sense_count = 1;
}

/* The nearest names for a stretch that nothing covers. */
static void try_near(linker *l, uint32_t first, uint32_t last)
{
    str text = str_slice(l->in->question, l->tokens.items[first].start, l->tokens.items[last].end);
    kg_hit *hits = NULL;
    size_t count = 0;
    kg_search_options options = {.limit = 20};
    error ignored = {0};
    if (l->span_count == LINK_MOST_SPANS || text.length > 200)
        return;
    if (kg_label_search(l->in->read, text, &options, l->a, &hits, &count, &ignored) != STATUS_OK)
        return;
    span *s = &l->spans[l->span_count];
    memset(s, 0, sizeof *s);
    s->first = first;
    s->last = last;
    str norm = kg_normalise(text, l->a);
    for (size_t i = 0; i < count; i++) {
        str name = kg_normalise(hits[i].text, l->a);
        size_t edits = link_edit_distance(name, norm, allowed_edits(name), l->a);
        index_node node = index_find(l->in->index, hits[i].term);
        if (edits == SIZE_MAX || edits == 0 || node == INDEX_NONE || link_is_class(l, node) ||
            other_head(name, norm) || !fits_words(name, norm, edits))
            continue;
        size_t length = utf8_count(name.data, name.length);
        retriever_sense sense = {.id = hits[i].term,
                                 .matched = hits[i].text,
                                 .match = RETRIEVER_MATCH_FUZZY,
                                 .score = 0.8f - 0.12f * (float)edits +
                                          0.004f * (float)(length > 20 ? 20 : length),
                                 .degree = index_degree(l->in->index, node)};
        link_insert_sense(s, sense, node);
    }
    prefer_known(s);
    s->weight = link_span_weight(l, first, last);
    if (s->sense_count > 0)
        l->span_count++;
}

/* A misspelt name may begin with a character that also measures (高血亚). */
static uint32_t name_start(const linker *l, uint32_t first, const token_mask *covered)
{
    uint32_t at = first;
    while (at > 0 && first - at < 2 && l->tokens.items[at].glued &&
           l->tokens.items[at - 1].kind == TEXT_HAN && !token_mask_has(covered, at - 1) &&
           !link_filler_at(l, at - 1))
        at--;
    return at;
}

/* ... and end with one that names a kind (氯雷他啶片). */
static uint32_t name_end(const linker *l, uint32_t last, const token_mask *covered)
{
    uint32_t next = last + 1;
    bool more = next < l->tokens.count && l->tokens.items[next].glued &&
                l->tokens.items[next].kind == TEXT_HAN && !token_mask_has(covered, next) &&
                !link_filler_at(l, next);
    return more ? next : last;
}

void link_find_near(linker *l, const token_mask *covered)
{
    uint32_t i = 0;
    while (i < l->tokens.count) {
        if (token_mask_has(covered, i) || is_no_name(l, i)) {
            i++;
            continue;
        }
        uint32_t j = i;
        while (j + 1 < l->tokens.count && !token_mask_has(covered, j + 1) &&
               !(is_no_name(l, j + 1) && (j + 2 >= l->tokens.count || is_no_name(l, j + 2))))
            j++;
        try_near(l, name_start(l, i, covered), name_end(l, j, covered));
        i = j + 1;
    }
}

/* --- around what is named ----------------------------------------------------------------------
 */
enum { MOST_SEARCHES = 24, WINDOW = 9, SHORTEST_HAN = 5, SHORTEST_LATIN = 8, STRANGE_LETTERS = 5 };

typedef struct around {
    linker *l;
    size_t searches;
    span best; /* sense_count 0 = none yet */
    size_t best_length;
    size_t letters; /* of the strange word */
} around;

/* The span of at least two tokens that covers token `i`; -1 for none. A character by itself in a
 * longer word is no name. */
static int solid_span(const linker *l, uint32_t i)
{
    for (size_t k = 0; k < l->span_count; k++)
        if (l->spans[k].first <= i && i <= l->spans[k].last &&
            (l->spans[k].last > l->spans[k].first || l->tokens.items[i].kind != TEXT_HAN))
            return (int)k;
    return -1;
}

/* A word that neither a name, nor a relation, nor an operator explains. */
static bool is_strange(const linker *l, uint32_t i)
{
    const text_token *t = &l->tokens.items[i];
    bool word =
        t->kind == TEXT_HAN || (t->kind == TEXT_WORD && t->end - t->start >= STRANGE_LETTERS);
    return word && !token_mask_has(&l->said, i) && !says_nothing(l, i) && solid_span(l, i) < 0;
}

static bool same_digits(str a, str b)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a.length && (a.data[i] < '0' || a.data[i] > '9'))
            i++;
        while (k < b.length && (b.data[k] < '0' || b.data[k] > '9'))
            k++;
        if (i == a.length || k == b.length)
            return i == a.length && k == b.length;
        if (a.data[i] != b.data[k])
            return false;
    }
}

/* The same with both ends held: what stands before the name costs as much as what it lacks behind.
 */
static size_t whole_distance(const linker *l, str name, str text, size_t most)
{
    str held = str_from(arena_printf(l->a, "\x02%.*s\x03", STR_ARG(name)));
    str within = str_from(arena_printf(l->a, "\x02%.*s\x03", STR_ARG(text)));
    return link_edit_distance(held, within, most, l->a);
}

/* Is the whole of `text` the name, but for as many slips as its length and the strange word's (in
 * letters) allow? */
static size_t slips(const linker *l, str name, str text, size_t letters)
{
    bool han = utf8_has_han(name.data, name.length);
    size_t most = allowed_edits(name);
    most = !han && letters < 8 && most > 1 ? 1 : most;
    size_t edits = link_edit_distance(name, text, most, l->a);
    if (edits == SIZE_MAX || edits == 0 || link_edit_distance(text, name, most, l->a) == SIZE_MAX ||
        whole_distance(l, name, text, most) == SIZE_MAX)
        return SIZE_MAX;
    bool long_enough = utf8_count(name.data, name.length) >= (han ? SHORTEST_HAN : SHORTEST_LATIN);
    return long_enough && same_digits(name, text) && fits_words(name, text, edits) ? edits
                                                                                   : SIZE_MAX;
}

/* The one name that the window is nearest to; several equally near are none. */
static void try_window(around *s, uint32_t first, uint32_t last)
{
    linker *l = s->l;
    str text = str_slice(l->in->question, l->tokens.items[first].start, l->tokens.items[last].end);
    str norm = kg_normalise(text, l->a);
    kg_hit *hits = NULL;
    size_t count = 0, least = SIZE_MAX;
    kg_search_options options = {.limit = 20};
    error ignored = {0};
    span found = {.first = first, .last = last};
    if (s->searches++ >= MOST_SEARCHES ||
        kg_label_search(l->in->read, text, &options, l->a, &hits, &count, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        str name = kg_normalise(hits[i].text, l->a);
        size_t edits = slips(l, name, norm, s->letters);
        index_node node = index_find(l->in->index, hits[i].term);
        if (edits == SIZE_MAX || edits > least || node == INDEX_NONE || link_is_class(l, node))
            continue;
        if (edits < least)
            found.sense_count = 0;
        least = edits;
        retriever_sense sense = {.id = hits[i].term,
                                 .matched = hits[i].text,
                                 .match = RETRIEVER_MATCH_FUZZY,
                                 .score = 0.8f - 0.12f * (float)edits + 0.004f * 20,
                                 .degree = index_degree(l->in->index, node)};
        link_insert_sense(&found, sense, node);
    }
    prefer_known(&found);
    if (found.sense_count != 1 || norm.length <= s->best_length)
        return;
    s->best = found;
    s->best_length = norm.length;
}

/* May token `i` belong to a name that stands around a strange one? */
static bool joins(const linker *l, uint32_t i)
{
    const text_token *t = &l->tokens.items[i];
    if (solid_span(l, i) >= 0)
        return true;
    return (t->kind == TEXT_HAN || t->kind == TEXT_WORD) && !link_filler_at(l, i);
}

/* A window neither cuts a name in two nor leaves the strange word alone. */
static bool cuts(const linker *l, uint32_t first, uint32_t last)
{
    for (size_t k = 0; k < l->span_count; k++) {
        const span *n = &l->spans[k];
        bool meets = n->first <= last && first <= n->last;
        bool within = first <= n->first && n->last <= last;
        if (meets && (!within || n->quoted || (n->first == first && n->last == last)))
            return true;
    }
    return false;
}

static void try_around(around *s, uint32_t strange)
{
    const linker *l = s->l;
    bool han = l->tokens.items[strange].kind == TEXT_HAN;
    uint32_t reach = han ? WINDOW : 3, low = strange, high = strange;
    s->letters = l->tokens.items[strange].end - l->tokens.items[strange].start;
    while (low > 0 && strange - low < reach && joins(l, low - 1) &&
           (!han || l->tokens.items[low].glued))
        low--;
    if (han && low > 0 && l->tokens.items[low].glued && l->tokens.items[low - 1].kind == TEXT_HAN)
        low--; /* a name may begin with a number (一氧化碳) */
    while (high + 1 < l->tokens.count && high - strange < reach && joins(l, high + 1) &&
           (!han || l->tokens.items[high + 1].glued))
        high++;
    for (uint32_t first = low; first <= strange; first++)
        for (uint32_t last = high;; last--) {
            uint32_t n = last - first + 1;
            if (n >= (han ? SHORTEST_HAN - 1 : 2) && n <= WINDOW && !cuts(l, first, last))
                try_window(s, first, last);
            if (last == strange)
                break;
        }
}

void link_find_around(linker *l)
{
    around s = {.l = l};
    for (uint32_t i = 0; i < l->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (is_strange(l, i))
            try_around(&s, i);
    if (s.best.sense_count == 0 || l->span_count >= LINK_MOST_SPANS)
        return;
    size_t kept = 0;
    for (size_t k = 0; k < l->span_count; k++)
        if (l->spans[k].last < s.best.first || l->spans[k].first > s.best.last)
            l->spans[kept++] = l->spans[k];
    s.best.weight = link_span_weight(l, s.best.first, s.best.last);
    l->spans[kept++] = s.best;
    l->span_count = kept;
}
