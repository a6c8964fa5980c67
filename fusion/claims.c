/* See claims.h. */
#include "fusion/claims.h"

#include <math.h>

#include "core/utf8.h"

/* --- splitting ------------------------------------------------------------------------------- */
enum { MAX_PIECES = 100000 };

typedef enum stop { STOP_NONE, STOP_CLAUSE, STOP_SENTENCE } stop;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "e.g.", "3.5", "Dr." do not end a sentence: a full stop must be followed by a space or the end
 * and stand behind at least two letters. */
static bool full_stop(str text, size_t i)
{
    bool last = i + 1 == text.length;
    bool gap =
        !last && (text.data[i + 1] == ' ' || text.data[i + 1] == '\n' || text.data[i + 1] == '"');
    bool short_word = i < 2 || text.data[i - 2] == ' ' || text.data[i - 2] == '.';
    return last || (gap && !short_word);
}

static stop stop_at(str text, size_t i, uint32_t c)
{
    switch (c) {
    case 0x3002: /* 。 */
    case 0xff01: /* ！ */
    case 0xff1f: /* ？ */
    case '\n':
    case '!':
    case '?':
        return STOP_SENTENCE;
    case '.':
        return full_stop(text, i) ? STOP_SENTENCE : STOP_NONE;
    case 0xff1b: /* ； */
    case ';':
        return STOP_CLAUSE;
    case 0xff0c: /* ， */
        return STOP_CLAUSE;
    case ',': /* 10,000 is one number */
        return i > 0 && i + 1 < text.length && is_digit(text.data[i - 1]) &&
                       is_digit(text.data[i + 1])
                   ? STOP_NONE
                   : STOP_CLAUSE;
    default:
        return STOP_NONE;
    }
}

status claims_split(str text, arena *a, claims_piece **out, size_t *out_count, error *err)
{
    size_t capacity = 64, n = 0, start = 0;
    claims_piece *pieces = ARENA_ARRAY(a, claims_piece, capacity);
    bool fresh = true;
    for (size_t i = 0; pieces != NULL && i <= text.length;) {
        uint32_t c = '\n';
        size_t bytes = i < text.length ? utf8_decode(text.data + i, text.length - i, &c) : 1;
        stop s = i < text.length ? stop_at(text, i, c) : STOP_SENTENCE;
        if (s != STOP_NONE) {
            str piece = str_trim(str_slice(text, start, i));
            if (!str_empty(piece)) {
                if (n >= MAX_PIECES)
                    return error_set(err, STATUS_LIMIT, "the text has more than %d clauses",
                                     MAX_PIECES);
                if (n == capacity) {
                    claims_piece *more = ARENA_ARRAY(a, claims_piece, capacity * 2);
                    if (more == NULL)
                        return error_memory(err);
                    memcpy(more, pieces, n * sizeof *more);
                    pieces = more;
                    capacity *= 2;
                }
                pieces[n++] = (claims_piece){piece, fresh};
                fresh = false;
            }
            fresh = fresh || s == STOP_SENTENCE;
            start = i + bytes;
        }
        i += bytes;
    }
    if (pieces == NULL)
        return error_memory(err);
    *out = pieces;
    *out_count = n;
    return STATUS_OK;
}

/* --- covering -------------------------------------------------------------------------------- */
void claims_mark(claims_clause *clause, size_t start, size_t end, claims_cover what)
{
    for (size_t i = start; i < end && i < clause->text.length; i++)
        clause->cover[i] = (unsigned char)what;
}

static bool is_free(const claims_clause *clause, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++)
        if (clause->cover[i] != CLAIMS_NOTHING)
            return false;
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* --- names ----------------------------------------------------------------------------------- */
static bool literal(const verify_context *c, kg_id id)
{
    kg_term term;
    error ignored = {0};
    return kg_terms(c->read, &id, 1, c->a, &term, &ignored) == STATUS_OK &&
           term.kind == KG_TERM_LITERAL;
}

/* A name that is only a word ("is a", 管), or that cuts a negation in two (没|有传染性). */
static bool is_no_name(const verify_context *c, const claims_clause *clause,
                       const retriever_mention *m)
{
    str text = clause->text;
    bool one_han = m->end - m->start <= 3 && (unsigned char)text.data[m->start] >= 0xe0;
    bool cuts = m->start >= 3 && glue_negation(c->glue, text, m->start - 3) > 3;
    size_t words = 0;
    for (size_t at = m->start; at < m->end;) {
        size_t n = glue_word(c->glue, text, at);
        if (n == 0 && text.data[at] != ' ')
            break;
        at += n == 0 ? 1 : n;
        words = at;
    }
    return cuts || words >= m->end || (one_han && glue_word(c->glue, text, m->start) > 0);
}

/* "糖尿病患者": when the graph has both, what is said is of the disease as well. */
static void add_stripped(const verify_context *c, claims_entity *e, str text)
{
    static const char *tails[] = {"患者", "病人", "患儿", " patients", " patient"};
    for (size_t i = 0; i < CORE_COUNT(tails); i++) {
        str tail = str_from(tails[i]);
        kg_hit *hits = NULL;
        size_t count = 0;
        error ignored = {0};
        const kg_search_options options = {.exact_only = true, .limit = 3};
        if (!str_ends(text, tail) || text.length == tail.length ||
            kg_label_search(c->read, str_slice(text, 0, text.length - tail.length), &options, c->a,
                            &hits, &count, &ignored) != STATUS_OK)
            continue;
        for (size_t k = 0; k < count && e->count < CLAIMS_SENSES; k++)
            if (!literal(c, hits[k].term))
                e->ids[e->count++] = hits[k].term;
    }
}

static void add_entity(const verify_context *c, claims_clause *clause, const retriever_mention *m)
{
    if (clause->entity_count == CLAIMS_ENTITIES || m->end > clause->text.length ||
        is_no_name(c, clause, m))
        return;
    claims_entity e = {.start = m->start, .end = m->end};
    for (size_t i = 0; i < m->sense_count && e.count < CLAIMS_SENSES; i++) {
        const retriever_sense *s = &m->senses[i];
        bool named = s->match == RETRIEVER_MATCH_LABEL || s->match == RETRIEVER_MATCH_ALIAS ||
                     s->match == RETRIEVER_MATCH_FORM;
        if (!named || retriever_schema_relation(c->schema, s->id) != NULL || literal(c, s->id))
            continue;
        e.classes[e.count] = s->class_id;
        e.ids[e.count++] = s->id;
    }
    if (e.count == 0)
        return;
    add_stripped(c, &e, str_slice(clause->text, e.start, e.end));
    clause->entities[clause->entity_count++] = e;
    claims_mark(clause, e.start, e.end, CLAIMS_NAME);
}

static status read_names(const verify_context *c, claims_clause *clause, error *err)
{
    retriever_mention *mentions = NULL;
    size_t count = 0;
    str lang = clause->zh ? STR("zh") : STR("en");
    error inner = {0};
    status st = retriever_link(c->retriever, c->read, clause->text, lang, true, c->a, &mentions,
                               &count, &inner);
    if (st == STATUS_LIMIT)
        return STATUS_OK; /* too long to be read as a claim: nothing in it is known */
    if (st != STATUS_OK)
        return error_set(err, st, "%s", inner.message);
    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        if (mentions[i].kind == RETRIEVER_MENTION_ENTITY)
            add_entity(c, clause, &mentions[i]);
    for (size_t i = 0; st == STATUS_OK && i < count; i++) {
        const retriever_mention *m = &mentions[i];
        if (m->kind == RETRIEVER_MENTION_CLASS && m->sense_count > 0 &&
            clause->class_count < CLAIMS_CLASSES && m->end <= clause->text.length)
            clause->classes[clause->class_count++] =
                (claims_class){m->start, m->end, m->senses[0].id};
    }
    return st;
}

/* --- relations ------------------------------------------------------------------------------- */
/* Length of `alias` at `at`: as it stands in Chinese; word by word, whatever the ending, else. */
static size_t alias_at(str text, size_t at, str alias, bool zh)
{
    if (zh || (unsigned char)alias.data[0] >= 0x80)
        return str_starts(str_slice(text, at, text.length), alias) ? alias.length : 0;
    if (at > 0 && is_word(text.data[at - 1]))
        return 0;
    size_t i = at, k = 0;
    while (k < alias.length) {
        size_t we = k, te = i;
        while (we < alias.length && alias.data[we] != ' ')
            we++;
        while (te < text.length &&
               (is_word(text.data[te]) || text.data[te] == '\'' || text.data[te] == '-'))
            te++;
        if (te == i || !glue_same_word(str_slice(text, i, te), str_slice(alias, k, we)))
            return 0;
        i = te;
        k = we;
        if (k < alias.length) {
            if (i >= text.length || text.data[i] != ' ')
                return 0;
            i++;
            k++;
        }
    }
    return i - at;
}

static bool is_copula(str alias)
{
    static const char *words[] = {"is a", "is an", "is", "are", "means", "mean", "属于", "是"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_equal(alias, str_from(words[i])))
            return true;
    return false;
}

static void try_alias(claims_clause *clause, const retriever_relation *r, str alias, bool inverse)
{
    size_t least = (unsigned char)alias.data[0] >= 0x80 ? 6 : 3;
    if (alias.length < least || is_copula(alias))
        return;
    for (size_t at = 0; at < clause->text.length; at++) {
        if (((unsigned char)clause->text.data[at] & 0xc0) == 0x80)
            continue;
        size_t n = alias_at(clause->text, at, alias, clause->zh);
        if (n == 0 || !is_free(clause, at, at + n) || clause->hit_count == CLAIMS_HITS)
            continue;
        clause->hits[clause->hit_count++] = (claims_hit){at, at + n, r, inverse};
        at += n - 1;
    }
}

/* Longer spans win; equal spans stay side by side; a relation once per span. */
static bool beaten(const claims_hit *all, size_t count, size_t i)
{
    const claims_hit *h = &all[i];
    for (size_t k = 0; k < count; k++) {
        const claims_hit *o = &all[k];
        size_t length = h->end - h->start, other = o->end - o->start;
        bool same_span = o->start == h->start && o->end == h->end;
        if (k == i || o->start >= h->end || h->start >= o->end)
            continue;
        if (other > length || (k < i && other == length && !same_span))
            return true;
        if (k < i && same_span && o->relation == h->relation && o->inverse == h->inverse)
            return true;
    }
    return false;
}

/* Words that may mean either direction ("form of"): behind "X is", "X are" they lead from X to what
 * it is a form of, elsewhere from the whole to its forms. */
static bool faces_away(const claims_clause *clause, const claims_hit *h)
{
    bool both = false, copula = false;
    static const char *const words[] = {" is ", " are ", " was ", " were "};
    for (size_t i = 0; i < clause->hit_count; i++) {
        const claims_hit *o = &clause->hits[i];
        both = both || (o->start == h->start && o->end == h->end && o->relation == h->relation &&
                        o->inverse != h->inverse);
    }
    str before = str_slice(clause->text, 0, h->start);
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        copula = copula || str_find(before, str_from(words[i]), 0) != STR_NONE;
    copula = copula && !str_starts(before, STR("there "));
    return both && !clause->zh && h->inverse == copula;
}

static void prune_hits(claims_clause *clause)
{
    bool away[CLAIMS_HITS];
    claims_hit all[CLAIMS_HITS];
    size_t count = clause->hit_count, kept = 0;
    memcpy(all, clause->hits, sizeof all);
    for (size_t i = 0; i < count; i++)
        away[i] = faces_away(clause, &all[i]);
    for (size_t i = 0; i < count; i++)
        if (!away[i] && !beaten(all, count, i))
            clause->hits[kept++] = all[i];
    clause->hit_count = kept;
}

/* Relations of bookkeeping speak of nothing; those of names do. */
static bool speaks(const verify_context *c, const retriever_relation *r)
{
    size_t count, i = c->pack == NULL ? PACK_NONE : pack_relation_find(c->pack, r->iri, (str){0});
    return i == PACK_NONE || !pack_relations(c->pack, &count)[i].hidden ||
           str_equal(pack_relations(c->pack, &count)[i].id, STR("label"));
}

struct claims_spoken {
    const retriever_relation *relation;
    str text; /* normalised */
    bool han, inverse;
};

status claims_prepare(const verify_context *c, arena *a, claims_phrases *out, error *err)
{
    size_t most = 1, n = 0;
    for (size_t i = 0; i < c->schema->relation_count; i++)
        most += c->schema->relations[i].alias_count;
    claims_spoken *items = ARENA_ARRAY(a, claims_spoken, most);
    if (items == NULL)
        return error_memory(err);
    for (size_t i = 0; i < c->schema->relation_count; i++) {
        const retriever_relation *r = &c->schema->relations[i];
        if (r->id == c->schema->type_relation || !speaks(c, r))
            continue;
        for (size_t k = 0; k < r->alias_count; k++) {
            const retriever_alias *alias = &r->aliases[k];
            if (alias->weight < 0.9f || str_empty(alias->text))
                continue;
            str text = kg_normalise(alias->text, a);
            bool han = (unsigned char)(str_empty(text) ? 'a' : text.data[0]) >= 0x80;
            if (!str_empty(text))
                items[n++] = (claims_spoken){r, text, han, alias->inverse};
        }
    }
    *out = (claims_phrases){items, n};
    return STATUS_OK;
}

static void read_relations(const verify_context *c, claims_clause *clause)
{
    for (size_t i = 0; i < c->phrases.count; i++) {
        const claims_spoken *p = &c->phrases.items[i];
        if (p->han == clause->zh)
            try_alias(clause, p->relation, p->text, p->inverse);
    }
    prune_hits(clause);
    for (size_t i = 0; i < clause->hit_count; i++)
        claims_mark(clause, clause->hits[i].start, clause->hits[i].end, CLAIMS_RELATION);
}

/* --- values, polarity ------------------------------------------------------------------------ */
static bool is_numeral(str text)
{
    static const char *digits = "零一二三四五六七八九十百两";
    for (size_t i = 0; i + 3 <= text.length; i += 3)
        if (str_find(str_from(digits), str_slice(text, i, i + 3), 0) == STR_NONE)
            return false;
    return text.length > 0 && text.length % 3 == 0;
}

static bool counted(str text, size_t at)
{
    static const char *counters[] = {"个", "种", "项", "条", "部", "类", "名", "位",
                                     "款", "次", "倍", "章", "编", "节", "门", "人"};
    for (size_t i = 0; i < CORE_COUNT(counters); i++)
        if (str_starts(str_slice(text, at, text.length), str_from(counters[i])))
            return true;
    return false;
}

static lf_compare flipped(lf_compare op)
{
    return op == LF_GT   ? LF_LE
           : op == LF_GE ? LF_LT
           : op == LF_LT ? LF_GE
           : op == LF_LE ? LF_GT
                         : op;
}

bool claims_next_value(str text, size_t from, claims_value *out)
{
    size_t start, end;
    kg_value v;
    while (kg_value_find(text, from, &v, &start, &end) && end > start) {
        str written = str_slice(text, start, end);
        from = end;
        if (v.kind == KG_VALUE_NUMBER && str_empty(v.unit) && is_numeral(written) &&
            (!counted(text, end) || v.low <= 1))
            continue; /* 一般, 三叉神经, 同一个 */
        *out = (claims_value){.start = start, .end = end, .value = v};
        bool percent = v.kind == KG_VALUE_PERCENT && v.low < v.high;
        bool up = isinf(v.high) ||
                  (percent && v.high >= 100 && str_find(written, STR("100"), 0) == STR_NONE);
        bool down = isinf(v.low) || (!up && v.low <= 0 && v.high > 0 && v.kind != KG_VALUE_DATE &&
                                     str_find(written, STR("0-"), 0) == STR_NONE);
        if (up || down) { /* "超过二十年", "十年以下": one bound and its comparative */
            static const char *closing[] = {"以上", "以下", "以内",  "之内", "至少", "至多", "最多",
                                            "最少", "不",   "least", "most", "no ",  "up to"};
            bool closed = false;
            for (size_t i = 0; i < CORE_COUNT(closing); i++)
                closed = closed || str_find(written, str_from(closing[i]), 0) != STR_NONE;
            out->has_compare = true;
            out->compare = up ? (closed ? LF_GE : LF_GT) : closed ? LF_LE : LF_LT;
            out->value.low = out->value.high = up ? v.low : v.high;
            static const char *nots[] = {"不得", "不能", "不", "not "};
            for (size_t i = 0; i < CORE_COUNT(nots); i++) {
                str no = str_from(nots[i]);
                if (!str_ends(str_slice(text, 0, start), no))
                    continue;
                out->start = start - no.length;
                out->compare = flipped(out->compare);
                break;
            }
        }
        return true;
    }
    return false;
}

static void read_values(claims_clause *clause)
{
    claims_value v;
    for (size_t from = 0;
         clause->value_count < CLAIMS_VALUES && claims_next_value(clause->text, from, &v);
         from = v.end) {
        if (!is_free(clause, v.start, v.end))
            continue;
        clause->values[clause->value_count++] = v;
        claims_mark(clause, v.start, v.end, CLAIMS_VALUE);
    }
    for (size_t at = 0; at < clause->text.length && clause->value_count < CLAIMS_VALUES; at++) {
        double number = 0;
        size_t n = clause->cover[at] == CLAIMS_NOTHING && !clause->zh
                       ? glue_number(clause->text, at, &number)
                       : 0;
        if (n == 0 || !is_free(clause, at, at + n))
            continue;
        clause->values[clause->value_count++] =
            (claims_value){.start = at,
                           .end = at + n,
                           .value = {.kind = KG_VALUE_NUMBER, .low = number, .high = number}};
        claims_mark(clause, at, at + n, CLAIMS_VALUE);
        at += n - 1;
    }
}

/* A comparative belongs to the value nearest behind it, or right before it (以上, 以内). */
static void bind_comparative(claims_clause *clause, size_t start, size_t end, lf_compare op)
{
    claims_value *best = NULL;
    for (size_t i = 0; i < clause->value_count; i++) {
        claims_value *v = &clause->values[i];
        if (v->end == start || (v->start >= end && v->start - end <= 12)) {
            best = v;
            break;
        }
    }
    if (best == NULL) {
        clause->has_compare = true;
        clause->compare = op;
        return;
    }
    best->has_compare = true;
    best->compare = op;
}

static void read_polarity(const verify_context *c, claims_clause *clause)
{
    size_t negations = 0;
    for (size_t at = 0; at < clause->text.length;) {
        lf_compare op = LF_EQ;
        size_t n = clause->cover[at] != CLAIMS_NOTHING
                       ? 0
                       : glue_comparative(c->glue, clause->text, at, &op);
        if (n > 0 && is_free(clause, at, at + n)) {
            bind_comparative(clause, at, at + n, op);
            claims_mark(clause, at, at + n, CLAIMS_GLUE);
            at += n;
            continue;
        }
        n = clause->cover[at] != CLAIMS_NOTHING ? 0 : glue_negation(c->glue, clause->text, at);
        if (n > 0) { /* it may run into a relation word: 没有传染性, 不会并发 */
            negations++;
            for (size_t i = at; i < at + n; i++)
                if (clause->cover[i] == CLAIMS_NOTHING)
                    claims_mark(clause, i, i + 1, CLAIMS_GLUE);
            at += n;
            continue;
        }
        at++;
    }
    clause->negative = negations % 2 == 1;
    clause->passive = clause->zh ? str_find(clause->text, STR("由"), 0) != STR_NONE ||
                                       str_find(clause->text, STR("被"), 0) != STR_NONE
                                 : str_find(clause->text, STR(" by "), 0) != STR_NONE ||
                                       str_find(clause->text, STR(" due to "), 0) != STR_NONE;
}

void claims_cover_glue(const verify_context *c, claims_clause *clause)
{
    for (size_t i = 0; i < clause->class_count; i++)
        if (is_free(clause, clause->classes[i].start, clause->classes[i].end))
            claims_mark(clause, clause->classes[i].start, clause->classes[i].end, CLAIMS_GLUE);
    for (size_t at = 0; at < clause->text.length && clause->text.length <= CLAIMS_MAX_BYTES;) {
        uint32_t code;
        size_t bytes = utf8_decode(clause->text.data + at, clause->text.length - at, &code);
        size_t n = clause->cover[at] == CLAIMS_NOTHING ? glue_word(c->glue, clause->text, at) : 0;
        while (n > 0 && !is_free(clause, at, at + n)) { /* shorten to what is free */
            n--;
            while (n > 0 && ((unsigned char)clause->text.data[at + n] & 0xc0) == 0x80)
                n--;
        }
        if (n > 0) {
            claims_mark(clause, at, at + n, CLAIMS_GLUE);
            at += n;
            continue;
        }
        bool letter = utf8_is_han(code) || (code < 0x80 && is_word((char)code)) ||
                      (code >= 0xc0 && code < 0x2000);
        if (clause->cover[at] == CLAIMS_NOTHING && !letter)
            claims_mark(clause, at, at + bytes, CLAIMS_PUNCTUATION);
        at += bytes;
    }
}

size_t claims_leftover(const claims_clause *clause)
{
    size_t n = 0;
    bool in_word = false;
    for (size_t at = 0; at < clause->text.length;) {
        uint32_t code;
        size_t bytes = utf8_decode(clause->text.data + at, clause->text.length - at, &code);
        bool left = clause->cover[at] == CLAIMS_NOTHING;
        bool han = utf8_is_han(code);
        n += left && (han || !in_word) ? 1 : 0;
        in_word = left && !han;
        at += bytes;
    }
    return n;
}

status claims_read(const verify_context *c, str text, claims_clause *out, error *err)
{
    *out = (claims_clause){.text = text, .zh = utf8_has_han(text.data, text.length)};
    out->cover = arena_alloc(c->a, text.length + 1);
    if (out->cover == NULL)
        return error_memory(err);
    if (text.length > CLAIMS_MAX_BYTES)
        return STATUS_OK;
    status st = read_names(c, out, err);
    if (st != STATUS_OK)
        return st;
    read_relations(c, out);
    read_values(out);
    read_polarity(c, out);
    return STATUS_OK;
}
