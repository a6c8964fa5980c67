/* See verify_statute.h. The articles come from what the sentence names (an article, a law, a name
 * that the pack has for an article) and from a search by its words. The piece of an article that
 * says most decides: its clauses are supported by it, or contradicted, or stay open. */
#include "fusion/verify_statute.h"

#include <math.h>

#include "core/utf8.h"
#include "fusion/align.h"

enum { FOUND = 24, HITS = 24, OF_LAW = 2000, PIECES = 240, OTHER_LAW = 8, SPAN = 4 };

typedef struct candidate {
    kg_statement statement; /* article, text, the words */
    str text, title;        /* normalised */
    bool cited;             /* the sentence names this very article by its number */
    bool hinted;            /* by a name that the pack has for it, which stands there: */
    size_t clause, start, end;
} candidate;

typedef struct cell cell;

typedef struct reading {
    const verify_context *c;
    verify_sentence *s;
    error *err;
    clock_day day;
    kg_id text, law;                       /* relations */
    kg_id laws[OTHER_LAW], cited, missing; /* named: laws; an article by number */
    size_t law_count;
    unsigned char *known[VERIFY_CLAUSES]; /* per clause: bytes of names and versions */
    candidate *found;
    size_t count, capacity;
    str synonyms;    /* lines whose everyday words the sentence holds */
    align_text *cut; /* the article at hand */
    cell *cells;     /* [clause][segment of it] */
} reading;

typedef struct outcome {
    answer_verdict verdicts[VERIFY_CLAUSES];
    const candidate *by;
    double score;
    size_t supported, contradicted;
    bool all;
} outcome;

static kg_id relation(const verify_context *c, const char *iri)
{
    for (size_t i = 0; i < c->schema->relation_count; i++)
        if (str_equal(c->schema->relations[i].iri, str_from(iri)))
            return c->schema->relations[i].id;
    return 0;
}

bool verify_holds_statutes(const verify_context *c)
{
    return relation(c, "urn:vouch:r:text") != 0 && relation(c, "urn:vouch:r:law") != 0;
}

static kg_when when(const reading *r)
{
    return (kg_when){.set = true, .day = r->day};
}

static str iri_of(const verify_context *c, kg_id id)
{
    kg_term term;
    error ignored = {0};
    if (kg_terms(c->read, &id, 1, c->a, &term, &ignored) != STATUS_OK || term.kind != KG_TERM_IRI)
        return (str){0};
    return term.lexical;
}

static str label_of(const reading *r, kg_id id)
{
    str label = {0};
    error ignored = {0};
    if (kg_labels(r->c->read, &id, 1, (str){0}, r->c->a, &label, &ignored) != STATUS_OK)
        return (str){0};
    return label;
}

/* --- what the sentence names --------------------------------------------------------------------
 */
static void know(reading *r, size_t clause, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        r->known[clause][i] = ALIGN_NAME;
}

static void add_law(reading *r, kg_id law)
{
    for (size_t i = 0; i < r->law_count; i++)
        if (r->laws[i] == law)
            return;
    if (r->law_count < OTHER_LAW)
        r->laws[r->law_count++] = law;
}

static kg_id law_of(const reading *r, kg_id article)
{
    const kg_pattern pattern = {.s = article, .p = r->law, .limit = 1};
    kg_statement_list list = {0};
    error ignored = {0};
    if (kg_match(r->c->read, &pattern, r->c->a, &list, &ignored) != STATUS_OK || list.count == 0)
        return 0;
    return list.items[0].o;
}

static candidate *keep(reading *r, const kg_statement *statement, str text, bool cited, bool hinted)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->found[i].statement.s == statement->s) {
            r->found[i].cited = r->found[i].cited || cited;
            r->found[i].hinted = r->found[i].hinted || hinted;
            return &r->found[i];
        }
    if (r->count == r->capacity)
        return NULL;
    str label = label_of(r, statement->s);
    size_t mark = str_find(label, STR("#"), 0);
    r->found[r->count++] = (candidate){
        .statement = *statement,
        .text = kg_normalise(text, r->c->a),
        .title = kg_normalise(mark == STR_NONE ? label : str_slice(label, 0, mark), r->c->a),
        .cited = cited,
        .hinted = hinted};
    return &r->found[r->count - 1];
}

/* The article's text on the day. */
static candidate *keep_article(reading *r, kg_id article, bool cited, bool hinted)
{
    error ignored = {0};
    candidate *kept = NULL;
    const kg_pattern pattern = {.s = article, .p = r->text, .limit = 4, .when = when(r)};
    kg_statement_list list = {0};
    status st = kg_match(r->c->read, &pattern, r->c->a, &list, &ignored);
    for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
        kg_term term;
        st = kg_terms(r->c->read, &list.items[i].o, 1, r->c->a, &term, &ignored);
        if (st == STATUS_OK && term.kind == KG_TERM_LITERAL)
            kept = keep(r, &list.items[i], term.lexical, cited, hinted);
    }
    return kept;
}

/* 第八十二条 behind a law's name that has no such article: the number stays unlinked. */
static bool number_follows(str text, size_t at)
{
    if (!str_starts(str_slice(text, at, text.length), STR("第")))
        return false;
    str rest = str_slice(text, at, text.length);
    size_t end = str_find(rest, STR("条"), 0);
    return end != STR_NONE && end <= 24;
}

static void read_entity(reading *r, size_t clause, const claims_entity *e)
{
    const claims_clause *k = r->s->read[clause];
    for (size_t i = 0; i < e->count; i++) {
        str iri = iri_of(r->c, e->ids[i]);
        if (str_starts(iri, STR("urn:vouch:law:"))) {
            bool first = r->law_count == 0;
            add_law(r, e->ids[i]);
            size_t end = e->end;
            if (str_starts(str_slice(k->text, end, k->text.length), STR("》")))
                end += 3;
            if (number_follows(k->text, end)) {
                size_t stop = str_find(k->text, STR("条"), end) + 3;
                r->missing = e->ids[i];
                know(r, clause, e->start, stop);
            }
            if (first) /* another law is something that the article must say itself */
                know(r, clause, e->start, e->end);
            return;
        }
        if (!str_starts(iri, STR("urn:vouch:article:")))
            continue;
        str name = str_slice(k->text, e->start, e->end);
        bool numbered = str_ends(name, STR("条")) || str_find(name, STR("条之"), 0) != STR_NONE;
        candidate *at = keep_article(r, e->ids[i], numbered, !numbered);
        if (at != NULL && !numbered) {
            at->clause = clause;
            at->start = e->start;
            at->end = e->end;
        }
        if (!numbered)
            continue;
        r->cited = e->ids[i];
        add_law(r, law_of(r, e->ids[i]));
        know(r, clause, e->start, e->end);
        return;
    }
}

static void read_names(reading *r)
{
    for (size_t i = 0; i < r->s->count; i++)
        for (size_t e = 0; e < r->s->read[i]->entity_count; e++)
            read_entity(r, i, &r->s->read[i]->entities[e]);
}

static status read_day(reading *r)
{
    for (size_t i = 0; i < r->s->count; i++) {
        size_t length = r->s->read[i]->text.length + 1;
        r->known[i] = arena_alloc(r->c->a, length);
        if (r->known[i] == NULL)
            return error_memory(r->err);
        memset(r->known[i], 0, length);
    }
    clock_day today = r->c->as_of == CLOCK_DAY_UNKNOWN ? clock_today() : r->c->as_of;
    r->day = today;
    for (size_t i = 0; i < r->s->count; i++) {
        size_t start = 0, end = 0;
        str text = r->s->read[i]->text;
        error ignored = {0};
        clock_day day;
        if (retriever_version_of(r->c->retriever, r->c->read, text, STR("zh"), today, r->c->a, &day,
                                 &start, &end, &ignored) != STATUS_OK)
            continue; /* too long to be linked: nothing is named in it */
        know(r, i, start, end);
        if (day != today)
            r->day = day;
    }
    return STATUS_OK;
}

/* --- articles to look at -------------------------------------------------------------------------
 */
static bool of_named_law(const reading *r, kg_id article)
{
    if (r->law_count == 0)
        return true;
    kg_id law = law_of(r, article);
    for (size_t i = 0; i < r->law_count; i++)
        if (r->laws[i] == law)
            return true;
    return false;
}

static status search(reading *r, str words)
{
    kg_hit *hits = NULL;
    size_t count = 0;
    const kg_search_options options = {.limit = HITS};
    if (str_empty(words))
        return STATUS_OK;
    status st = kg_passage_search(r->c->read, words, &options, r->c->a, &hits, &count, r->err);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const kg_pattern pattern = {.p = r->text, .o = hits[i].term, .when = when(r), .limit = 2};
        kg_statement_list list = {0};
        st = kg_match(r->c->read, &pattern, r->c->a, &list, r->err);
        for (size_t k = 0; st == STATUS_OK && k < list.count; k++)
            if (of_named_law(r, list.items[k].s))
                keep(r, &list.items[k], hits[i].text, false, false);
    }
    return st;
}

/* Pairs of characters of the sentence that a text holds. */
static size_t shared(const reading *r, str text)
{
    size_t n = 0;
    for (size_t i = 0; i < r->s->count; i++) {
        str clause = r->s->read[i]->text;
        for (size_t at = 0; at + 6 <= clause.length; at++)
            if ((unsigned char)clause.data[at] >= 0xe0 && !r->known[i][at] &&
                str_find(text, str_slice(clause, at, at + 6), 0) != STR_NONE)
                n++;
    }
    return n;
}

/* The articles of the first law named that share most with the sentence. */
static status search_law(reading *r)
{
    const kg_pattern pattern = {.p = r->law, .o = r->laws[0], .limit = OF_LAW, .when = when(r)};
    kg_statement_list list = {0};
    kg_statement best[FOUND];
    size_t worth[FOUND], count = 0;
    str texts[FOUND];
    status st = kg_match(r->c->read, &pattern, r->c->a, &list, r->err);
    for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
        const kg_pattern says = {.s = list.items[i].s, .p = r->text, .limit = 1, .when = when(r)};
        kg_statement_list text = {0};
        kg_term term;
        st = kg_match(r->c->read, &says, r->c->a, &text, r->err);
        if (st != STATUS_OK || text.count == 0)
            continue;
        st = kg_terms(r->c->read, &text.items[0].o, 1, r->c->a, &term, r->err);
        size_t n = st == STATUS_OK ? shared(r, term.lexical) : 0;
        size_t at = count < FOUND ? count : FOUND - 1;
        if (n == 0 || (count == FOUND && n <= worth[at]))
            continue;
        for (; at > 0 && worth[at - 1] < n; at--) {
            best[at] = best[at - 1];
            worth[at] = worth[at - 1];
            texts[at] = texts[at - 1];
        }
        best[at] = text.items[0];
        worth[at] = n;
        texts[at] = term.lexical;
        count += count < FOUND ? 1 : 0;
    }
    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        keep(r, &best[i], texts[i], false, false);
    return st;
}

/* The lines of the pack's table that the sentence needs, and the statutes' words in them. */
static void read_synonyms(reading *r, str *words)
{
    str table = retriever_synonyms(r->c->retriever), line;
    buf lines = {0}, said = {0};
    while (str_split(&table, '\n', &line)) {
        str everyday, rest = line, word;
        bool used = false;
        if (str_empty(line) || line.data[0] == '#' || !str_split(&rest, '\t', &everyday))
            continue;
        while (!used && str_split(&everyday, ';', &word))
            for (size_t i = 0; i < r->s->count && !used; i++)
                used = !str_empty(str_trim(word)) &&
                       str_find(r->s->read[i]->text, str_trim(word), 0) != STR_NONE;
        if (!used)
            continue;
        buf_add(&lines, line);
        buf_add_char(&lines, '\n');
        buf_add(&said, str_trim(rest));
        buf_add_char(&said, ' ');
    }
    r->synonyms = arena_str(r->c->a, buf_str(&lines));
    *words = arena_str(r->c->a, buf_str(&said));
    buf_free(&lines);
    buf_free(&said);
}

static status gather(reading *r)
{
    str words = {0};
    read_synonyms(r, &words);
    str text = verify_joined(r->s->texts[0], r->s->texts[r->s->count - 1]);
    if (r->law_count > 0) {
        status st = search_law(r);
        if (st != STATUS_OK)
            return st;
    }
    status st = search(r, text);
    for (size_t i = 0; st == STATUS_OK && r->s->count > 1 && i < r->s->count; i++)
        st = search(r, r->s->read[i]->text);
    return st == STATUS_OK ? search(r, words) : st;
}

/* --- a piece of an article -----------------------------------------------------------------------
 */
static answer_verdict verdict_of(const align_result *a, const candidate *by)
{
    double content = a->said + a->left, share = content > 0 ? a->said / content : 1;
    bool little = a->left < 0.5 && !a->borrowed;
    bool hinted = by->hinted || by->cited;
    bool enough = (a->trusted ? by->cited : a->said >= 2) || (by->hinted && by->cited) ||
                  (hinted && a->numbers == ALIGN_SAME);
    if (!enough && !(hinted && a->numbers == ALIGN_OTHER))
        return VERDICT_NOT_IN_GRAPH;
    if ((a->apart || a->denied) && share >= 0.6 && a->said >= 3)
        return VERDICT_CONTRADICTED;
    if (a->numbers == ALIGN_OTHER && share >= 0.7)
        return VERDICT_CONTRADICTED;
    if (a->apart || a->denied || a->numbers == ALIGN_OTHER || a->numbers == ALIGN_ABSENT)
        return VERDICT_NOT_IN_GRAPH;
    return little ? VERDICT_SUPPORTED : VERDICT_NOT_IN_GRAPH;
}

#define WORTH_SUPPORTED 60
#define WORTH_CONTRADICTED 30

/* What one clause is worth beside one segment. */
struct cell {
    answer_verdict verdict; /* UNPARSED: it claims nothing here */
    double worth;
    bool first;    /* the segment's first part says most of it */
    bool verbatim; /* the segment says it word for word */
};

static cell weigh_clause(const reading *r, const candidate *by, const align_text *t, size_t clause,
                         size_t segment)
{
    const align_clause k = {r->s->read[clause], r->known[clause]};
    align_result a;
    align_lay(r->c->glue, r->synonyms, &k, t, segment, &a);
    bool nothing = a.said + a.left < 1 && !(by->hinted && by->cited) &&
                   (a.numbers == ALIGN_NO_NUMBERS || a.verbatim); /* 为一千元 */
    cell c = {.verdict = nothing ? VERDICT_UNPARSED : verdict_of(&a, by),
              .first = a.place == 0,
              .verbatim = a.verbatim};
    if (nothing && by->hinted && by->clause == clause) /* it only names what the article is about */
        c.verdict = VERDICT_SUPPORTED;
    c.worth = a.said + (a.numbers == ALIGN_SAME ? 3 : 0) - 0.5 * a.left +
              (c.verdict == VERDICT_SUPPORTED      ? WORTH_SUPPORTED
               : c.verdict == VERDICT_CONTRADICTED ? WORTH_CONTRADICTED
                                                   : 0);
    return c;
}

/* A case that one segment names word for word (数量巨大的) is not the one that another names with
 * more words (数量特别巨大的). */
static void prefer_verbatim(cell *row, size_t segments)
{
    bool any = false;
    for (size_t k = 0; k < segments; k++)
        any = any || row[k].verbatim;
    for (size_t k = 0; any && k < segments; k++)
        if (!row[k].verbatim && row[k].verdict == VERDICT_SUPPORTED) {
            row[k].verdict = VERDICT_NOT_IN_GRAPH;
            row[k].worth -= WORTH_SUPPORTED;
        }
}

/* The clauses of a sentence follow the segments of the article: each stands in the segment of the
 * one before it or in the next, SPAN segments at most. A segment that is about a case of its own
 * can only be entered by that case. */
typedef struct route {
    size_t segment[VERIFY_CLAUSES];
    double worth;
} route;

static bool may_enter(const align_text *t, size_t segment, const cell *c)
{
    return c->first || !align_has_condition(t, segment);
}

/* The best route that begins in segment `from`; cells are [clause][segment]. */
static route best_route(const cell *cells, size_t clauses, const align_text *t, size_t segments,
                        size_t from)
{
    route at[SPAN], next[SPAN];
    size_t span = segments - from < SPAN ? segments - from : SPAN;
    for (size_t k = 0; k < span; k++)
        at[k].worth = k == 0 ? cells[from].worth : -INFINITY;
    at[0].segment[0] = from;
    for (size_t i = 1; i < clauses; i++) {
        const cell *row = cells + i * segments + from;
        for (size_t k = 0; k < span; k++) {
            bool step =
                k > 0 && at[k - 1].worth - 0.3 > at[k].worth && may_enter(t, from + k, &row[k]);
            next[k] = at[step ? k - 1 : k];
            next[k].worth += row[k].worth - (step ? 0.3 : 0);
            next[k].segment[i] = from + k;
        }
        memcpy(at, next, sizeof at);
    }
    size_t best = 0;
    for (size_t k = 1; k < span; k++)
        best = at[k].worth > at[best].worth ? k : best;
    return at[best];
}

static void take_route(reading *r, const candidate *by, const cell *cells, size_t segments,
                       const route *way, outcome *best)
{
    outcome o = {.by = by};
    size_t open = 0;
    for (size_t i = 0; i < r->s->count; i++) {
        o.verdicts[i] = cells[i * segments + way->segment[i]].verdict;
        o.supported += o.verdicts[i] == VERDICT_SUPPORTED;
        o.contradicted += o.verdicts[i] == VERDICT_CONTRADICTED;
        open += o.verdicts[i] == VERDICT_UNPARSED;
    }
    o.all = o.supported + open == r->s->count && o.supported > 0;
    o.score = way->worth + (by->cited ? 20 : 0) + (by->hinted ? 1 : 0) + (o.all ? 1000 : 0);
    for (size_t i = 0; i < r->s->count; i++) /* a clause that claims nothing goes with the rest */
        if (o.verdicts[i] == VERDICT_UNPARSED && o.all)
            o.verdicts[i] = VERDICT_SUPPORTED;
    if (best->by == NULL || o.score > best->score)
        *best = o;
}

/* The pack's name for the article need not stand in it. */
static void name_hint(reading *r, const candidate *by, unsigned char known)
{
    for (size_t i = by->start; i < by->end; i++)
        r->known[by->clause][i] = known;
}

static void weigh_article(reading *r, const candidate *by, outcome *best)
{
    align_text *t = r->cut;
    align_cut(by->text, by->title, t);
    size_t n = align_segments(t) < PIECES ? align_segments(t) : PIECES;
    if (by->hinted)
        name_hint(r, by, ALIGN_HINT);
    for (size_t i = 0; i < r->s->count; i++) {
        for (size_t k = 0; k < n; k++)
            r->cells[i * n + k] = weigh_clause(r, by, t, i, k);
        prefer_verbatim(r->cells + i * n, n);
    }
    for (size_t k = 0; k < n; k++) {
        route way = best_route(r->cells, r->s->count, t, n, k);
        take_route(r, by, r->cells, n, &way, best);
    }
    if (by->hinted)
        name_hint(r, by, 0);
}

/* --- the sentence
 * ---------------------------------------------------------------------------------
 */
static void settle(reading *r, const outcome *o, bool wrong_place)
{
    for (size_t i = 0; i < r->s->count; i++) {
        answer_verdict had = r->s->verdicts[i], v = o->verdicts[i];
        if (had == VERDICT_SUPPORTED || had == VERDICT_CONTRADICTED)
            continue;
        if (v == VERDICT_SUPPORTED && wrong_place)
            v = VERDICT_CONTRADICTED;
        if (v == VERDICT_UNPARSED)
            v = o->supported + o->contradicted > 0 ? VERDICT_NOT_IN_GRAPH : had;
        if (v != VERDICT_SUPPORTED && v != VERDICT_CONTRADICTED) {
            r->s->verdicts[i] = had == VERDICT_UNPARSED ? VERDICT_NOT_IN_GRAPH : had;
            continue;
        }
        r->s->verdicts[i] = v;
        r->s->judges[i].cite_count = 0;
        verify_cite_one(&r->s->judges[i], &o->by->statement);
    }
}

static bool names_article(const verify_context *c, const claims_clause *k)
{
    for (size_t e = 0; e < k->entity_count; e++)
        if (k->entities[e].count > 0 &&
            str_starts(iri_of(c, k->entities[e].ids[0]), STR("urn:vouch:article:")))
            return true;
    return false;
}

/* Triples say of an article where it stands and what its number is: when its name is only a word
 * of a clause, they decide nothing, there or in the clauses behind that go on about it. */
void verify_reopen(const verify_context *c, verify_sentence *s)
{
    bool named = false;
    for (size_t i = 0; i < s->count; i++) {
        named = named || names_article(c, s->read[i]);
        if (!named)
            continue;
        s->verdicts[i] = VERDICT_NOT_IN_GRAPH;
        s->judges[i].cite_count = 0;
    }
}

static bool any_open(const verify_sentence *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->verdicts[i] == VERDICT_UNPARSED || s->verdicts[i] == VERDICT_NOT_IN_GRAPH)
            return true;
    return false;
}

/* An article that its law does not have: whatever is said to stand there does not. */
static void settle_missing(reading *r)
{
    for (size_t i = 0; i < r->s->count; i++)
        if (r->s->verdicts[i] != VERDICT_SUPPORTED)
            r->s->verdicts[i] = VERDICT_CONTRADICTED;
}

status verify_by_statutes(const verify_context *c, verify_sentence *s, error *err)
{
    reading r = {.c = c,
                 .s = s,
                 .err = err,
                 .text = relation(c, "urn:vouch:r:text"),
                 .law = relation(c, "urn:vouch:r:law"),
                 .capacity = FOUND * 4};
    size_t length = s->count == 0 ? 0 : verify_joined(s->texts[0], s->texts[s->count - 1]).length;
    verify_reopen(c, s);
    if (!any_open(s) || length == 0 || length > CLAIMS_MAX_BYTES)
        return STATUS_OK;
    r.found = ARENA_ARRAY(c->a, candidate, r.capacity);
    r.cut = ARENA_NEW(c->a, align_text);
    r.cells = ARENA_ARRAY(c->a, cell, s->count * PIECES);
    if (r.found == NULL || r.cut == NULL || r.cells == NULL)
        return error_memory(err);
    status st = read_day(&r);
    if (st == STATUS_OK)
        read_names(&r);
    if (st == STATUS_OK && r.missing != 0) {
        settle_missing(&r);
        return STATUS_OK;
    }
    if (st == STATUS_OK)
        st = gather(&r);
    if (st != STATUS_OK)
        return st;
    outcome named = {0}, best = {0};
    for (size_t i = 0; i < r.count; i++)
        weigh_article(&r, &r.found[i], r.found[i].cited ? &named : &best);
    if (r.cited != 0 && named.by != NULL && (named.supported + named.contradicted > 0))
        settle(&r, &named, false);
    else if (r.cited != 0)
        settle(&r, best.all ? &best : &named, best.all);
    else if (best.by != NULL)
        settle(&r, &best, false);
    return STATUS_OK;
}
