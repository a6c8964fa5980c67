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

void link_find_near(linker *l, const token_mask *covered)
{
    uint32_t i = 0;
    while (i < l->tokens.count) {
        if (token_mask_has(covered, i) || says_nothing(l, i)) {
            i++;
            continue;
        }
        uint32_t j = i;
        while (j + 1 < l->tokens.count && !token_mask_has(covered, j + 1) &&
               !(says_nothing(l, j + 1) && (j + 2 >= l->tokens.count || says_nothing(l, j + 2))))
            j++;
        try_near(l, name_start(l, i, covered), j);
        i = j + 1;
    }
}
