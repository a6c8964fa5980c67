/* See verify_judge.h: a sentence by passages. */
#include "fusion/verify_judge.h"
#include "fusion/verify_passage.h"

enum { PASSAGES = 8 };

str verify_joined(str first, str last)
{
    return str_make(first.data, (size_t)(last.data - first.data) + last.length);
}

/* --- a sentence by passages --------------------------------------------------------------------
 */
#define CLAUSE_COVER 0.5
#define WORD_COVER 0.4 /* of each content word: none may be left out */
#define SENTENCE_COVER 0.75
#define ANCHORED_COVER 0.6 /* where a number of the sentence stands in the passage */
#define RELATED_COVER 0.55

typedef struct passage_verdict_of {
    answer_verdict verdict;
    double coverage;
    kg_statement statement;
    bool found;
} passage_verdict_of;

/* The name that led here need not stand in its own passage. */
static void skipped(const claims_clause *k, kg_id subject_id, size_t *start, size_t *end)
{
    *start = *end = 0;
    for (size_t i = 0; i < k->entity_count; i++)
        for (size_t n = 0; n < k->entities[i].count; n++)
            if (subject_id != 0 && k->entities[i].ids[n] == subject_id && *end == 0) {
                *start = k->entities[i].start;
                *end = k->entities[i].end;
            }
}

static status weigh(const verify_context *c, const verify_sentence *s, const kg_statement *from,
                    str text, passage_verdict_of *best, error *err)
{
    double covered = 0, tokens = 0;
    bool each = true, numbers = true, other = false, polarity = true, anchored = false;
    str passage = kg_normalise(text, c->a);
    for (size_t i = 0; i < s->count; i++) {
        passage_match m = {0};
        size_t start, end;
        skipped(s->read[i], from->s, &start, &end);
        status st = passage_compare(c, s->read[i], passage, start, end, &m, err);
        if (st != STATUS_OK)
            return st;
        covered += m.coverage * (double)m.tokens;
        tokens += (double)m.tokens;
        each = each && (m.tokens == 0 || (m.coverage >= CLAUSE_COVER && m.weakest >= WORD_COVER));
        numbers = numbers && m.numbers;
        anchored = anchored || (s->read[i]->value_count > 0 && m.numbers);
        other = other || m.other_number;
        polarity = polarity && m.polarity;
    }
    bool named = s->before.count > 0 && from->s == s->before.ids[0];
    double coverage = tokens == 0 ? (named ? 1 : 0) : covered / tokens;
    double least = anchored ? ANCHORED_COVER : SENTENCE_COVER;
    answer_verdict v = VERDICT_NOT_IN_GRAPH;
    if (tokens + (anchored || other ? 2 : 0) < 2)
        return STATUS_OK; /* too little is said to find it by words */
    if (each && coverage >= least && numbers && polarity)
        v = VERDICT_SUPPORTED;
    else if (coverage >= RELATED_COVER && other)
        v = VERDICT_CONTRADICTED;
    else if (each && coverage >= least && numbers && !polarity)
        v = VERDICT_CONTRADICTED;
    double bonus = (named ? 0.3 : 0) + (v == VERDICT_SUPPORTED ? 0.1 : 0);
    if (!best->found || coverage + bonus > best->coverage)
        *best = (passage_verdict_of){v, coverage + bonus, *from, true};
    return STATUS_OK;
}

static status own_passages(const verify_context *c, const verify_sentence *s,
                           passage_verdict_of *best, error *err)
{
    for (size_t a = 0; a < s->before.count; a++) {
        const kg_pattern pattern = {.s = s->before.ids[a], .limit = 200};
        kg_statement_list list = {0};
        status st = kg_match(c->read, &pattern, c->a, &list, err);
        for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
            kg_term term;
            st = kg_terms(c->read, &list.items[i].o, 1, c->a, &term, err);
            if (st == STATUS_OK && term.kind == KG_TERM_LITERAL && term.lexical.length > 40)
                st = weigh(c, s, &list.items[i], term.lexical, best, err);
        }
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static status searched_passages(const verify_context *c, const verify_sentence *s,
                                passage_verdict_of *best, error *err)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    const kg_search_options options = {.limit = PASSAGES};
    clock_day day = c->as_of == CLOCK_DAY_UNKNOWN ? clock_today() : c->as_of;
    str text = verify_joined(s->texts[0], s->texts[s->count - 1]);
    status st = kg_passage_search(c->read, text, &options, c->a, &hits, &count, err);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const kg_pattern pattern = {
            .o = hits[i].term, .when = {.set = true, .day = day}, .limit = 1};
        kg_statement_list list = {0};
        st = kg_match(c->read, &pattern, c->a, &list, err);
        if (st == STATUS_OK && list.count > 0)
            st = weigh(c, s, &list.items[0], hits[i].text, best, err);
    }
    return st;
}

/* Two names are a claim for triples: passages that happen to hold both must not decide it. */
static bool for_triples(const verify_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->read[i]->entity_count >= 2 && s->judges[i].supported + s->judges[i].missing > 0)
            return true;
    return false;
}

status verify_by_passages(const verify_context *c, verify_sentence *s, error *err)
{
    bool open = false;
    for (size_t i = 0; i < s->count; i++)
        open = open || s->verdicts[i] == VERDICT_UNPARSED || s->verdicts[i] == VERDICT_NOT_IN_GRAPH;
    size_t length = s->count == 0 ? 0 : verify_joined(s->texts[0], s->texts[s->count - 1]).length;
    if (!open || for_triples(s) || length == 0 || length > 2 * CLAIMS_MAX_BYTES)
        return STATUS_OK;
    passage_verdict_of best = {0};
    status st = own_passages(c, s, &best, err);
    if (st == STATUS_OK && (!best.found || best.verdict == VERDICT_NOT_IN_GRAPH))
        st = searched_passages(c, s, &best, err);
    if (st != STATUS_OK || !best.found || best.verdict == VERDICT_NOT_IN_GRAPH)
        return st;
    for (size_t i = 0; i < s->count; i++) {
        if (s->verdicts[i] == VERDICT_SUPPORTED && best.verdict == VERDICT_CONTRADICTED)
            continue;
        s->verdicts[i] = best.verdict;
        s->judges[i].cite_count = 0;
        verify_cite_one(&s->judges[i], &best.statement);
    }
    return STATUS_OK;
}
