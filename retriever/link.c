/* See link.h. Spans are looked up by the hash of their tokens; overlaps are settled by weighted
 * interval scheduling; what nothing covers is tried against near names (link_near.c). */
#include "retriever/link.h"

#include <math.h>
#include <stdlib.h>

#include "retriever/link_spans.h"

#define LEAST_WEIGHT 0.10f
#define QUOTED_BONUS 4.0f

/* --- spans by name -----------------------------------------------------------------------------
 */
static float match_score(const index_name *name, bool form)
{
    float base = name->literal ? 0.86f : name->kind == KG_LABEL_PRIMARY ? 1.0f : 0.95f;
    return form ? base - 0.08f : base;
}

bool link_is_class(const linker *l, index_node node)
{
    return retriever_schema_class(&l->in->knowledge->schema, index_id(l->in->index, node)) != NULL;
}

void link_insert_sense(span *s, retriever_sense sense, index_node node)
{
    size_t at = 0;
    for (size_t i = 0; i < s->sense_count; i++)
        if (s->nodes[i] == node) {
            if (s->senses[i].score >= sense.score)
                return;
            memmove(&s->senses[i], &s->senses[i + 1], (s->sense_count - i - 1) * sizeof *s->senses);
            memmove(&s->nodes[i], &s->nodes[i + 1], (s->sense_count - i - 1) * sizeof *s->nodes);
            s->sense_count--;
            break;
        }
    while (at < s->sense_count && s->senses[at].score >= sense.score)
        at++;
    if (at == LINK_SENSES)
        return;
    size_t moved = s->sense_count - at;
    if (s->sense_count == LINK_SENSES)
        moved--;
    else
        s->sense_count++;
    memmove(&s->senses[at + 1], &s->senses[at], moved * sizeof *s->senses);
    memmove(&s->nodes[at + 1], &s->nodes[at], moved * sizeof *s->nodes);
    s->senses[at] = sense;
    s->nodes[at] = node;
}

static bool on_name(void *context, const index_name *name)
{
    linker *l = context;
    bool nick = l->nickname.length > 0;
    if (nick && (name->kind != KG_LABEL_PRIMARY || name->literal))
        return true;
    /* What a crawl cut (强直性脊柱炎...) is not the name itself. */
    bool cut = str_ends(name->text, STR("...")) || str_ends(name->text, STR("…"));
    bool form = name->stem || l->current_stem || cut;
    size_t degree = index_degree(l->in->index, name->node);
    float prior = 0.012f * logf(1 + (float)degree);
    float score =
        match_score(name, form) - (nick ? 0.05f : 0.0f) - 0.12f + (prior > 0.12f ? 0.12f : prior);
    retriever_match match = form                                      ? RETRIEVER_MATCH_FORM
                            : name->kind == KG_LABEL_PRIMARY && !nick ? RETRIEVER_MATCH_LABEL
                                                                      : RETRIEVER_MATCH_ALIAS;
    retriever_sense sense = {.id = index_id(l->in->index, name->node),
                             .matched = nick ? l->nickname : name->text,
                             .match = match,
                             .score = score,
                             .degree = degree};
    link_insert_sense(l->current, sense, name->node);
    return true;
}

float link_span_weight(const linker *l, uint32_t first, uint32_t last)
{
    float weight = 0;
    for (uint32_t i = first; i <= last; i++)
        weight += (i > first ? 0.06f : 0.01f) +
                  phrasebook_content(l->in->knowledge->steps, &l->tokens, i);
    return weight;
}

static bool is_open_mark(str question, size_t before)
{
    static const char *const marks[] = {"[", "\"", "《", "“", "「", "『", "'", "‘", "【"};
    for (size_t i = 0; i < CORE_COUNT(marks); i++)
        if (str_ends(str_slice(question, 0, before), str_from(marks[i])))
            return true;
    return false;
}

static bool is_close_mark(str question, size_t after)
{
    static const char *const marks[] = {"]", "\"", "》", "”", "」", "』", "'", "’", "】"};
    for (size_t i = 0; i < CORE_COUNT(marks); i++)
        if (str_starts(str_slice(question, after, question.length), str_from(marks[i])))
            return true;
    return false;
}

static bool is_quoted(const linker *l, uint32_t first, uint32_t last)
{
    return is_open_mark(l->in->question, l->tokens.items[first].start) &&
           is_close_mark(l->in->question, l->tokens.items[last].end);
}

static bool is_word(const linker *l, uint32_t i, const char *word)
{
    return i < l->tokens.count && str_equal(l->tokens.items[i].norm, str_from(word));
}

/* "a", "i": words, whatever has them for a name; a name of one letter is written as one. */
static bool is_letter(const linker *l, const span *s)
{
    const text_token *t = &l->tokens.items[s->first];
    char c = l->in->question.data[t->start];
    return s->first == s->last && t->end - t->start == 1 && c >= 'a' && c <= 'z';
}

/* CM of "ICD-10-CM" is part of the vocabulary's name. */
static bool in_a_code(const linker *l, const span *s)
{
    size_t start = l->tokens.items[s->first].start, end = l->tokens.items[s->last].end;
    for (size_t i = 0; i < l->in->operators->count; i++) {
        const operator_hit *h = &l->in->operators->items[i];
        if (h->kind == OPERATOR_CODE && h->start <= start && end <= h->end &&
            h->end - h->start > end - start)
            return true;
    }
    return false;
}

/* 传不传染: 不传染 is half of a question there, no name. */
static bool is_doubled_verb(const linker *l, const span *s)
{
    return s->first > 0 && is_word(l, s->first, "不") && s->first + 1 < l->tokens.count &&
           str_equal(l->tokens.items[s->first - 1].norm, l->tokens.items[s->first + 1].norm);
}

/* A name of common words only ("act", "病") is no mention unless marked. */
static bool too_common(const linker *l, const span *s)
{
    if (s->quoted)
        return false;
    if (s->first == s->last && l->tokens.items[s->first].kind == TEXT_NUMBER &&
        (is_word(l, s->last + 1, "条") || is_word(l, s->last + 1, "款")))
        return true;
    if (is_letter(l, s) || in_a_code(l, s) || is_doubled_verb(l, s))
        return true;
    bool one_han = s->first == s->last && l->tokens.items[s->first].kind == TEXT_HAN;
    return s->weight < LEAST_WEIGHT || (one_han && s->senses[0].match != RETRIEVER_MATCH_LABEL);
}

/* What the pack calls an entity of the graph. */
static void try_nicknames(linker *l, uint64_t chain)
{
    size_t count = 0;
    const nickname *n = nicknames_find(&l->in->knowledge->nicknames, chain, &count);
    for (size_t i = 0; i < count; i++) {
        l->nickname = n[i].text;
        index_names(l->in->index, n[i].name, on_name, l);
    }
    l->nickname = (str){0};
}

/* "糖尿病患者要查什么" asks about 糖尿病, though who gets a disease may be told as 糖尿病患者; only
 * where that is asked are the patients meant. */
static bool is_patients_of_another(const linker *l, const span *s)
{
    static const char *const meant[] = {"多发", "高发", "易感", "易患", "容易得", "人群", "常见于"};
    if (s->last < s->first + 2 || !((is_word(l, s->last - 1, "患") && is_word(l, s->last, "者")) ||
                                    (is_word(l, s->last - 1, "病") && is_word(l, s->last, "人"))))
        return false;
    for (size_t i = 0; i < CORE_COUNT(meant); i++)
        if (str_find(l->in->question, str_from(meant[i]), 0) != STR_NONE)
            return false;
    for (size_t i = 0; i < l->span_count; i++)
        if (l->spans[i].first == s->first && l->spans[i].last == s->last - 2)
            return true;
    return false;
}

static span *try_span(linker *l, uint32_t first, uint32_t last, uint64_t exact, uint64_t stem)
{
    if (l->span_count == LINK_MOST_SPANS)
        return NULL;
    span *s = &l->spans[l->span_count];
    memset(s, 0, sizeof *s);
    s->first = first;
    s->last = last;
    l->current = s;
    l->current_stem = false;
    index_names(l->in->index, exact, on_name, l);
    if (stem != exact) {
        l->current_stem = true;
        index_names(l->in->index, stem, on_name, l);
        l->current_stem = false;
    }
    try_nicknames(l, exact);
    if (s->sense_count == 0)
        return NULL;
    /* An exact primary label beats aliases. */
    for (size_t i = 1; s->senses[0].match == RETRIEVER_MATCH_LABEL && i < s->sense_count; i++)
        if (s->senses[i].match != RETRIEVER_MATCH_LABEL)
            s->sense_count = i;
    s->quoted = is_quoted(l, first, last);
    s->weight = link_span_weight(l, first, last) + (s->quoted ? QUOTED_BONUS : 0);
    if (s->senses[0].match == RETRIEVER_MATCH_FORM)
        s->weight *= 0.9f;
    if (too_common(l, s) || is_patients_of_another(l, s))
        return NULL;
    l->span_count++;
    return s;
}

/* A number at token `i`, in digits or Chinese numerals; the token behind it, or 0. */
static uint32_t read_number(const linker *l, uint32_t i, uint64_t *out)
{
    char joined[64];
    size_t length = 0;
    int64_t digits;
    if (i >= l->tokens.count)
        return 0;
    if (l->tokens.items[i].kind == TEXT_NUMBER) {
        if (!str_to_i64(l->tokens.items[i].norm, &digits))
            return 0;
        *out = (uint64_t)digits;
        return i + 1;
    }
    uint32_t end = i;
    uint64_t value = 0;
    for (; end < l->tokens.count && end - i < 12; end++) {
        str c = l->tokens.items[end].norm;
        if (l->tokens.items[end].kind != TEXT_HAN || !text_chinese_number(c, &value))
            break;
        memcpy(joined + length, c.data, c.length);
        length += c.length;
    }
    if (end == i || !text_chinese_number(str_make(joined, length), out))
        return 0;
    return end;
}

/* 第N条, N条, 第N条之M, 第N条第M款 at token `at`: its text as labels have it; the last token, or 0.
 */
static uint32_t read_article(const linker *l, uint32_t at, buf *label)
{
    uint64_t number;
    bool ordinal = is_word(l, at, "第");
    uint32_t end = read_number(l, ordinal ? at + 1 : at, &number);
    if (end == 0 || !is_word(l, end, "条"))
        return 0;
    buf_printf(label, "第%llu条", (unsigned long long)number);
    uint32_t last = end;
    uint64_t further;
    uint32_t behind = is_word(l, last + 1, "之") ? read_number(l, last + 2, &further) : 0;
    if (behind > 0 && further < 10) {
        static const char *const digits[] = {"零", "一", "二", "三", "四",
                                             "五", "六", "七", "八", "九"};
        buf_printf(label, "之%s", digits[further]);
        last = behind - 1;
    }
    behind = is_word(l, last + 1, "第") ? read_number(l, last + 2, &further) : 0;
    if (behind > 0 && is_word(l, behind, "款")) {
        buf_printf(label, "第%llu款", (unsigned long long)further);
        last = behind;
    }
    return last;
}

/* The node named `before` + the article's text. */
static span *try_article(linker *l, str before, uint32_t first, uint32_t last, str article)
{
    buf name = {0};
    text_tokens tokens = {0};
    error ignored = {0};
    buf_add(&name, before);
    buf_add_char(&name, '#');
    buf_add(&name, article);
    bool ok = text_tokenise(buf_str(&name), false, l->a, &tokens, &ignored) == STATUS_OK;
    buf_free(&name);
    uint64_t chain = 0;
    for (size_t i = 0; ok && i < tokens.count; i++)
        chain = text_chain(chain, tokens.items[i].hash);
    span *s = ok ? try_span(l, first, last, chain, chain) : NULL;
    if (s != NULL)
        s->weight += 1.5f; /* a number of an article is never by chance */
    return s;
}

/* Between a law's name and an article's number: what tells the version, and small words. */
static bool only_version_between(const linker *l, uint32_t from, uint32_t to)
{
    static const char *const words[] = {"年", "版", "本", "的", "修", "订", "正",
                                        "通", "过", "里", "中", "起", "现", "行"};
    for (uint32_t i = from; i < to; i++) {
        bool known = l->tokens.items[i].kind == TEXT_NUMBER;
        for (size_t k = 0; k < CORE_COUNT(words) && !known; k++)
            known = is_word(l, i, words[k]);
        if (!known)
            return false;
    }
    return true;
}

/* 民法典(的, 》, （2023年修订）...)第1077条: the article of the law named just before. */
static void try_numbered(linker *l, const span *base)
{
    for (uint32_t at = base->last + 1; at < l->tokens.count && at <= base->last + 10; at++) {
        buf article = {0};
        uint32_t last = read_article(l, at, &article);
        bool whole = last > 0 && only_version_between(l, base->last + 1, at);
        for (size_t i = 0; last > 0 && i < base->sense_count; i++) {
            str label;
            error ignored = {0};
            if (kg_labels(l->in->read, &base->senses[i].id, 1, (str){0}, l->a, &label, &ignored) !=
                STATUS_OK)
                continue;
            span *s = try_article(l, label, whole ? base->first : at, last, buf_str(&article));
            if (s == NULL)
                continue;
            s->weight += whole && base->quoted ? QUOTED_BONUS : 0;
            break;
        }
        buf_free(&article);
        if (last > 0)
            return;
    }
}

/* 第七十条呢: an article of the law that the conversation is about. */
static void try_focus_articles(linker *l)
{
    for (uint32_t at = 0; at < l->tokens.count; at++) {
        buf article = {0};
        uint32_t last = read_article(l, at, &article);
        for (size_t i = 0; last > 0 && i < l->in->focus_count; i++) {
            str label = l->in->focus[i].label;
            size_t mark = str_find(label, STR("#"), 0);
            if (mark != STR_NONE)
                label = str_slice(label, 0, mark);
            if (try_article(l, label, at, last, buf_str(&article)))
                break;
        }
        buf_free(&article);
    }
}

/* "MeSH id D015004", "code A95 in ICD10CM": the code with its vocabulary's mark before it, as
 * graphs keep it (MSH:D015004). The words that name the vocabulary become part of the name. */
static void try_code(linker *l, const operator_hit *h, uint32_t first, uint32_t last)
{
    buf name = {0};
    text_tokens tokens = {0};
    error ignored = {0};
    const text_token *t = l->tokens.items;
    str code = str_slice(l->in->question, t[first].start, t[last].end);
    buf_add(&name, h->detail);
    buf_add_char(&name, ':');
    buf_add(&name, code);
    bool ok = text_tokenise(buf_str(&name), false, l->a, &tokens, &ignored) == STATUS_OK;
    buf_free(&name);
    uint64_t chain = 0;
    for (size_t i = 0; ok && i < tokens.count; i++)
        chain = text_chain(chain, tokens.items[i].hash);
    uint32_t from = first, to = last;
    while (from > 0 && t[from - 1].start >= h->start && t[first].start >= h->end)
        from--;
    while (to + 1 < l->tokens.count && t[to + 1].end <= h->end && t[last].end <= h->start)
        to++;
    bool apart = from < first && first > 0 && t[first].start - h->end > 12;
    span *s = ok ? try_span(l, apart ? first : from, to, chain, chain) : NULL;
    if (s != NULL)
        s->weight += 2; /* a code is never by chance */
}

static bool has_digit(str text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9')
            return true;
    return false;
}

static void try_codes(linker *l)
{
    const operator_hits *ops = l->in->operators;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        if (h->kind != OPERATOR_CODE)
            continue;
        for (uint32_t k = 0; k < l->tokens.count; k++) {
            bool outside = l->tokens.items[k].start >= h->end || l->tokens.items[k].end <= h->start;
            if (!outside || !has_digit(l->tokens.items[k].norm))
                continue;
            for (uint32_t to = k; to < l->tokens.count && to < k + 3; to++)
                try_code(l, h, k, to);
        }
    }
}

/* A clause ends between two Chinese characters, or a list of short words goes on: no name reaches
 * over it (儿科看病、症状里 names no 病症; 肝、胆、脾CT is a name). */
static bool is_cut(const linker *l, uint32_t first, uint32_t at)
{
    static const char *const ends[] = {"，", "。", "；", "？", "！"};
    const text_token *t = &l->tokens.items[at];
    str gap = str_slice(l->in->question, t[-1].end, t->start);
    if (t->kind != TEXT_HAN || t[-1].kind != TEXT_HAN || str_empty(gap))
        return false;
    for (size_t i = 0; i < CORE_COUNT(ends); i++)
        if (str_find(gap, str_from(ends[i]), 0) != STR_NONE)
            return true;
    bool short_list = at - first == 1 && (at + 1 >= l->tokens.count || t[1].glued);
    return short_list && str_find(gap, STR("、"), 0) != STR_NONE;
}

static void collect_spans(linker *l)
{
    size_t longest = index_longest_name(l->in->index);
    if (l->in->knowledge->nicknames.longest > longest)
        longest = l->in->knowledge->nicknames.longest;
    for (uint32_t i = 0; i < l->tokens.count; i++) {
        uint64_t exact = 0, stem = 0;
        for (uint32_t j = i; j < l->tokens.count && j - i < longest; j++) {
            if (j > i && is_cut(l, i, j))
                break;
            exact = text_chain(exact, l->tokens.items[j].hash);
            stem = text_chain(stem, l->tokens.items[j].stem);
            try_span(l, i, j, exact, stem);
        }
    }
    size_t found = l->span_count;
    for (size_t i = 0; i < found; i++)
        try_numbered(l, &l->spans[i]);
    try_focus_articles(l);
    try_codes(l);
}

/* --- overlaps ----------------------------------------------------------------------------------
 */
static int by_last(const void *x, const void *y)
{
    const span *a = x, *b = y;
    if (a->last != b->last)
        return a->last < b->last ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

/* Chooses the spans of greatest total weight that do not overlap; they move to the front. */
static void schedule(linker *l)
{
    size_t n = l->span_count;
    if (n == 0)
        return;
    qsort(l->spans, n, sizeof *l->spans, by_last);
    float *best = ARENA_ARRAY(l->a, float, n + 1);
    bool *taken = ARENA_ARRAY(l->a, bool, n + 1);
    size_t *before = ARENA_ARRAY(l->a, size_t, n + 1);
    if (best == NULL || taken == NULL || before == NULL) {
        l->status = error_memory(l->err);
        return;
    }
    for (size_t i = 1; i <= n; i++) {
        size_t k = i - 1;
        while (k > 0 && l->spans[k - 1].last >= l->spans[i - 1].first)
            k--;
        before[i] = k;
        float with = best[k] + l->spans[i - 1].weight;
        taken[i] = with > best[i - 1];
        best[i] = taken[i] ? with : best[i - 1];
    }
    size_t kept = 0;
    span *chosen = ARENA_ARRAY(l->a, span, n);
    for (size_t i = n; chosen != NULL && i > 0;) {
        if (!taken[i]) {
            i--;
            continue;
        }
        chosen[kept++] = l->spans[i - 1];
        i = before[i];
    }
    for (size_t i = 0; i < kept; i++)
        l->spans[i] = chosen[kept - 1 - i];
    l->span_count = kept;
}

/* --- relation words that are also names --------------------------------------------------------
 */
static bool any_quoted(const linker *l)
{
    for (size_t i = 0; i < l->span_count; i++)
        if (l->spans[i].quoted)
            return true;
    return false;
}

bool link_filler_at(const linker *l, uint32_t i)
{
    const text_token *t = &l->tokens.items[i];
    for (size_t k = 0; k < l->in->operators->count; k++) {
        const operator_hit *h = &l->in->operators->items[k];
        bool silent = h->kind == OPERATOR_FILLER || h->kind == OPERATOR_OPEN;
        if (silent && h->start <= t->start && t->end <= h->end)
            return true;
    }
    return false;
}

/* Beside token `i`, on the side of `by`, stands a Han character that is no name and says something:
 * then both are one word. */
static bool joined_to(const linker *l, uint32_t i, int by, const token_mask *named)
{
    if ((by < 0 && i == 0) || (by > 0 && i + 1 >= l->tokens.count))
        return false;
    uint32_t next = by < 0 ? i - 1 : i + 1, behind = by < 0 ? i : next;
    return l->tokens.items[next].kind == TEXT_HAN && l->tokens.items[behind].glued &&
           !token_mask_has(named, next) && !link_filler_at(l, next);
}

/* A graph of everything knows 你, 是, 几, 员 as characters: in 你知道, 几次, 演员 they are no
 * names. */
static bool is_word_part(const linker *l, const span *s, const token_mask *named)
{
    if (s->quoted || l->tokens.items[s->first].kind != TEXT_HAN || is_word(l, s->last + 1, "字"))
        return false;
    bool silent = true;
    for (uint32_t i = s->first; i <= s->last; i++)
        silent = silent && link_filler_at(l, i);
    return silent || (s->first == s->last &&
                      (joined_to(l, s->first, -1, named) || joined_to(l, s->first, 1, named)));
}

/* A short unmarked name whose every word also says a relation ("director", 检查) gives way when
 * something else is named, now or in the conversation. */
static void drop_relation_words(linker *l)
{
    phrasebook_hit *hits = NULL;
    size_t count = 0, kept = 0;
    token_mask said = {{0}};
    bool quoted = false, solid = l->in->focus_count > 0;
    if (phrasebook_match(l->in->knowledge->steps, &l->tokens, NULL, 0.45f, 2, l->a, &hits, &count,
                         l->err) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++)
        token_mask_join(&said, &hits[i].mask);
    l->said = said;
    bool *weak = ARENA_ARRAY(l->a, bool, l->span_count + 1);
    token_mask named = {{0}};
    for (size_t i = 0; i < l->span_count; i++)
        for (uint32_t k = l->spans[i].first; k <= l->spans[i].last; k++)
            token_mask_set(&named, k);
    for (size_t i = 0; weak != NULL && i < l->span_count; i++) {
        const span *s = &l->spans[i];
        size_t words = s->last - s->first + 1;
        const text_token *t = &l->tokens.items[s->first];
        bool han = t->kind == TEXT_HAN;
        char written = l->in->question.data[t->start], label = s->senses[0].matched.data[0];
        bool lowered = !han && written >= 'a' && written <= 'z' && label >= 'A' && label <= 'Z';
        weak[i] = !s->quoted && words <= (han ? 2u : 1u) && !link_is_class(l, s->nodes[0]);
        bool spoken = true;
        for (uint32_t k = s->first; k <= s->last; k++)
            spoken = spoken && token_mask_has(&said, k);
        bool marked_elsewhere = !han && any_quoted(l);
        weak[i] = weak[i] && (spoken || lowered || marked_elsewhere || is_word_part(l, s, &named));
        quoted = quoted || s->quoted;
        solid = solid || (!weak[i] && !link_is_class(l, s->nodes[0]));
    }
    for (size_t i = 0; weak != NULL && i < l->span_count; i++)
        if (!((quoted || solid) && weak[i]))
            l->spans[kept++] = l->spans[i];
    l->span_count = weak != NULL ? kept : l->span_count;
}

/* --- values ------------------------------------------------------------------------------------
 */
static uint32_t token_at(const linker *l, size_t byte)
{
    uint32_t i = 0;
    while (i + 1 < l->tokens.count && l->tokens.items[i].end <= byte)
        i++;
    return i;
}

static bool overlaps(const linker *l, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < l->span_count; i++)
        if (l->spans[i].first <= last && first <= l->spans[i].last &&
            !(l->spans[i].first >= first && l->spans[i].last <= last))
            return true;
    return false;
}

static void find_values(linker *l, link_mention *out, size_t *count)
{
    size_t from = 0, start = 0, end = 0;
    kg_value value;
    while (*count < 16 && kg_value_find(l->in->question, from, &value, &start, &end) &&
           end > from) {
        from = end;
        if (l->tokens.count == 0 || value.kind == KG_VALUE_BOOL)
            continue;
        uint32_t first = token_at(l, start), last = token_at(l, end - 1);
        bool named = false; /* "ICD-10": the name of a vocabulary */
        for (size_t i = 0; i < l->in->operators->count; i++) {
            const operator_hit *h = &l->in->operators->items[i];
            named = named || (h->kind == OPERATOR_CODE && h->start <= start && start < h->end);
        }
        bool ordinal =
            named || (first > 0 && str_equal(l->tokens.items[first - 1].norm, STR("第")));
        bool particle = str_starts(str_slice(l->in->question, start, l->in->question.length),
                                   STR("一下")); /* 介绍一下 */
        if (ordinal || particle || overlaps(l, first, last))
            continue;
        out[(*count)++] =
            (link_mention){.shown = {.kind = value.kind == KG_VALUE_DATE ? RETRIEVER_MENTION_TIME
                                                                         : RETRIEVER_MENTION_VALUE,
                                     .start = start,
                                     .end = end,
                                     .text = str_slice(l->in->question, start, end),
                                     .value = value},
                           .first = first,
                           .last = last};
    }
}

/* --- whole -------------------------------------------------------------------------------------
 */
static status describe_senses(linker *l, span *s)
{
    kg_id ids[LINK_SENSES];
    str labels[LINK_SENSES];
    for (size_t i = 0; i < s->sense_count; i++)
        ids[i] = s->senses[i].id;
    status st = kg_labels(l->in->read, ids, s->sense_count, l->in->lang, l->a, labels, l->err);
    for (size_t i = 0; st == STATUS_OK && i < s->sense_count; i++) {
        s->senses[i].label = labels[i];
        index_node c = index_class(l->in->index, s->nodes[i]);
        if (c == INDEX_NONE)
            continue;
        s->senses[i].class_id = index_id(l->in->index, c);
        st = kg_labels(l->in->read, &s->senses[i].class_id, 1, l->in->lang, l->a,
                       &s->senses[i].class_label, l->err);
    }
    return st;
}

static status add_span(linker *l, span *s, link_mention *out)
{
    status st = describe_senses(l, s);
    retriever_sense *senses = ARENA_ARRAY(l->a, retriever_sense, s->sense_count + 1);
    if (st != STATUS_OK || senses == NULL)
        return st != STATUS_OK ? st : error_memory(l->err);
    memcpy(senses, s->senses, s->sense_count * sizeof *senses);
    size_t start = l->tokens.items[s->first].start, end = l->tokens.items[s->last].end;
    *out =
        (link_mention){.shown = {.kind = link_is_class(l, s->nodes[0]) ? RETRIEVER_MENTION_CLASS
                                                                       : RETRIEVER_MENTION_ENTITY,
                                 .start = start,
                                 .end = end,
                                 .text = str_slice(l->in->question, start, end),
                                 .senses = senses,
                                 .sense_count = s->sense_count},
                       .first = s->first,
                       .last = s->last,
                       .quoted = s->quoted};
    memcpy(out->nodes, s->nodes, sizeof out->nodes);
    return STATUS_OK;
}

/* "Is it a kind of arthritis?", 它会并发肺炎吗: the conversation's subject beside a name behind it.
 */
static bool speaks_of_both(const linker *l, const link_mention *mentions, size_t count)
{
    static const char *const subjects[] = {"它", "它们", "这病", "那病", "该病", "it", "they"};
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY && mentions[i].first < first)
            first = mentions[i].first;
    for (uint32_t i = 0; i < l->tokens.count && i < first; i++)
        for (size_t k = 0; k < CORE_COUNT(subjects); k++)
            if (is_word(l, i, subjects[k]))
                return true;
    return false;
}

/* The first subject of the conversation that the question does not name by itself. */
static const retriever_sense *unnamed_focus(const linker *l, const link_mention *m, size_t count)
{
    for (size_t i = 0; i < l->in->focus_count; i++) {
        bool named = false;
        for (size_t k = 0; k < count && !named; k++)
            named = m[k].shown.kind == RETRIEVER_MENTION_ENTITY && m[k].shown.sense_count > 0 &&
                    m[k].shown.senses[0].id == l->in->focus[i].id;
        if (!named)
            return &l->in->focus[i];
    }
    return NULL;
}

/* "it", 那, 它, or nothing at all: what the conversation is about, when nothing else is named. */
static status add_focus(linker *l, link_mention *mentions, size_t *count)
{
    static const char *const pronouns[] = {"它", "他",  "她",   "这病", "那病", "这个",  "那个",
                                           "it", "its", "that", "this", "they", "their", "them"};
    for (size_t i = 0; i < *count; i++)
        if (mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY &&
            !speaks_of_both(l, mentions, *count))
            return STATUS_OK;
    const retriever_sense *focus = unnamed_focus(l, mentions, *count);
    if (focus == NULL)
        return STATUS_OK;
    span s = {.first = (uint32_t)l->tokens.count, .last = (uint32_t)l->tokens.count};
    for (uint32_t i = 0; i < l->tokens.count && s.first == l->tokens.count; i++)
        for (size_t k = 0; k < CORE_COUNT(pronouns); k++)
            if (is_word(l, i, pronouns[k]))
                s.first = s.last = i;
    s.senses[0] = *focus;
    s.senses[0].match = RETRIEVER_MATCH_FOCUS;
    s.senses[0].score = 0.85f;
    s.nodes[0] = index_find(l->in->index, s.senses[0].id);
    s.sense_count = 1;
    if (s.nodes[0] == INDEX_NONE)
        return STATUS_OK;
    bool pronoun = s.first < l->tokens.count;
    size_t end = l->in->question.length;
    retriever_sense *senses = ARENA_ARRAY(l->a, retriever_sense, 1);
    status st = describe_senses(l, &s);
    if (st != STATUS_OK || senses == NULL)
        return st != STATUS_OK ? st : error_memory(l->err);
    senses[0] = s.senses[0];
    size_t start = pronoun ? l->tokens.items[s.first].start : end;
    end = pronoun ? l->tokens.items[s.first].end : end;
    mentions[*count] = (link_mention){.shown = {.kind = RETRIEVER_MENTION_ENTITY,
                                                .start = start,
                                                .end = end,
                                                .text = str_slice(l->in->question, start, end),
                                                .senses = senses,
                                                .sense_count = 1},
                                      .first = s.first,
                                      .last = s.last};
    mentions[*count].nodes[0] = s.nodes[0];
    (*count)++;
    return STATUS_OK;
}

/* "脚气… 不对，我想问疥疮": what was named by mistake is dropped where another name follows. */
static void drop_retracted(const linker *l, link_mention *m, size_t *count)
{
    const operator_hits *ops = l->in->operators;
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        bool before = false, behind = false;
        size_t kept = 0;
        for (size_t k = 0; h->kind == OPERATOR_RETRACT && k < *count; k++) {
            bool name = m[k].shown.kind == RETRIEVER_MENTION_ENTITY;
            before = before || (name && m[k].shown.end <= h->start);
            behind = behind || (name && m[k].shown.start >= h->end);
        }
        if (!before || !behind)
            continue;
        for (size_t k = 0; k < *count; k++)
            if (m[k].shown.end > h->start)
                m[kept++] = m[k];
        *count = kept;
    }
}

static int by_start(const void *x, const void *y)
{
    const link_mention *a = x, *b = y;
    return a->shown.start < b->shown.start ? -1 : a->shown.start > b->shown.start;
}

static void number_slots(link_mention *m, size_t count)
{
    int entities = 0, values = 0, times = 0;
    for (size_t i = 0; i < count; i++) {
        if (m[i].shown.kind == RETRIEVER_MENTION_ENTITY)
            m[i].shown.slot = ++entities;
        else if (m[i].shown.kind == RETRIEVER_MENTION_VALUE)
            m[i].shown.slot = ++values;
        else if (m[i].shown.kind == RETRIEVER_MENTION_TIME)
            m[i].shown.slot = ++times;
    }
}

static void drop_covered_values(const linker *l, link_mention *m, size_t *count, size_t spans)
{
    /* A value that a longer name holds is no value; a name inside a value is no name. */
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool inside = false;
        for (size_t k = 0; k < *count; k++) {
            bool value_i = i >= spans, value_k = k >= spans;
            if (k == i || value_i == value_k)
                continue;
            bool within = m[k].first <= m[i].first && m[i].last <= m[k].last;
            bool same = m[k].first == m[i].first && m[k].last == m[i].last;
            inside = inside || (within && (!same || value_i));
        }
        if (!inside)
            m[kept++] = m[i];
    }
    (void)l;
    *count = kept;
}

status link_question(const link_input *in, arena *a, link_result *out, error *err)
{
    linker l = {.in = in, .a = a, .err = err};
    status s = text_tokenise(in->question, false, a, &l.tokens, err);
    if (s != STATUS_OK)
        return s;
    l.spans = ARENA_ARRAY(a, span, LINK_MOST_SPANS + 1);
    if (l.spans == NULL)
        return error_memory(err);
    collect_spans(&l);
    schedule(&l);
    drop_relation_words(&l);
    if (!in->exact && l.status == STATUS_OK)
        link_find_around(&l);
    token_mask covered = {{0}};
    bool named = false;
    for (size_t i = 0; i < l.span_count; i++) {
        named = named || !link_is_class(&l, l.spans[i].nodes[0]);
        for (uint32_t k = l.spans[i].first; k <= l.spans[i].last; k++)
            token_mask_set(&covered, k);
    }
    if (!in->exact && !named && in->focus_count == 0 && l.status == STATUS_OK)
        link_find_near(&l, &covered);
    link_mention *mentions = ARENA_ARRAY(a, link_mention, l.span_count + 18);
    if (mentions == NULL || l.status != STATUS_OK)
        return l.status != STATUS_OK ? l.status : error_memory(err);
    size_t count = l.span_count;
    for (size_t i = 0; s == STATUS_OK && i < l.span_count; i++)
        s = add_span(&l, &l.spans[i], &mentions[i]);
    if (s != STATUS_OK)
        return s;
    if (s == STATUS_OK)
        s = add_focus(&l, mentions, &count);
    size_t names = count;
    find_values(&l, mentions, &count);
    drop_covered_values(&l, mentions, &count, names);
    drop_retracted(&l, mentions, &count);
    qsort(mentions, count, sizeof *mentions, by_start);
    number_slots(mentions, count);
    link_result result = {.tokens = l.tokens, .mentions = mentions, .count = count};
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = mentions[i].first;
             mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY && k <= mentions[i].last; k++)
            token_mask_set(&result.named, k);
    *out = result;
    return STATUS_OK;
}
