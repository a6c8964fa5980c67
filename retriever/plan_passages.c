/* Passages: what a text says. Articles and descriptions found by the words of the question (BM25,
 * and the share of the question that they say), narrowed by the law or the like that the question
 * names; everyday words bring the words that texts use for them, and names that the pack has for a
 * passage speak for it. Each becomes a form over the passage's owner. */
#include <math.h>

#include "core/utf8.h"
#include "retriever/asked.h"
#include "retriever/law_title.h"
#include "retriever/measure.h"
#include "retriever/passage_match.h"
#include "retriever/passage_rank.h"
#include "retriever/plan.h"
#include "retriever/synonyms.h"

#define PASSAGES 3
#define SORTED 8 /* the best, in order */
#define HITS 120
#define SYNONYM_ROWS 24
#define ARTICLES 1600 /* of one law */
#define ASKED 48      /* texts whose known questions are nearest */
/* A passage answers what no relation does: this much of the feature "passage" is every one's. */
#define PASSAGE_PRIOR 0.3

typedef struct passage {
    kg_id owner; /* the article */
    str label, text;
    double bm25, related; /* of the question's words, of their synonyms */
    double measured;      /* how well a measure in it fits; 0 = it has none */
    str value;            /* the measure that fits best */
    bool unit_off;        /* it is in another unit than the one asked for */
    double lead;          /* over the next with another answer */
    double chars;         /* share of the question's characters */
    double said;          /* share of the question's content */
    double score;
    bool hinted;             /* the question has a name of the pack for it */
    bool latest;             /* its text has not ended */
    const asked_text *asked; /* questions that it is known to answer; NULL = none is near */
} passage;

typedef struct finder {
    plan *p;
    const link_mention *law; /* the mention that narrows; NULL = none */
    str law_label;
    passage *found;
    size_t count, capacity;
    str words, related;
    passage_match *match;
    bool measured;
    measure_ask measure;
    double asked_best; /* of the known question that is nearest */
} finder;

/* --- the words to look for ---------------------------------------------------------------------
 */
static bool inside(const link_mention *m, size_t token)
{
    return m != NULL && m->first <= token && token <= m->last;
}

static bool stand_in_word(const text_tokens *t, size_t i)
{
    static const char *const words[] = {
        "和解", "被告", "被害", "被保", "被执", "被监", "被继", "被申", "被扶", "被收", "被选",
        "就业", "就医", "就读", "减少", "至少", "最少", "多数", "少数", "少年", "最多", "存在",
        "现在", "在职", "在校", "在逃", "请求", "申请", "邀请", "请假", "聘请", "问题", "询问",
        "讯问", "访问", "顾问", "自我", "标的", "目的", "人才", "才能", "了解", "了结", "是否"};
    for (size_t k = 0; k < CORE_COUNT(words); k++) {
        str word = str_from(words[k]), first = str_slice(word, 0, 3),
            second = str_slice(word, 3, 6);
        bool starts = i + 1 < t->count && t->items[i + 1].start == t->items[i].end &&
                      str_equal(t->items[i].norm, first) && str_equal(t->items[i + 1].norm, second);
        bool ends = i > 0 && t->items[i - 1].end == t->items[i].start &&
                    str_equal(t->items[i - 1].norm, first) && str_equal(t->items[i].norm, second);
        if (starts || ends)
            return true;
    }
    return false;
}

/* Characters that only ask or join; others, though filler elsewhere, are parts of words (转让). */
static bool is_particle(const text_tokens *t, size_t i)
{
    static const char *const particles[] = {"的", "了", "吗", "呢", "吧", "啊", "呀", "么", "啥",
                                            "哪", "几", "是", "什", "怎", "请", "问", "我", "你",
                                            "您", "就", "才", "多", "少", "在", "和", "也", "被"};
    for (size_t k = 0; k < CORE_COUNT(particles); k++)
        if (str_equal(t->items[i].norm, str_from(particles[k])))
            return !stand_in_word(t, i);
    return false;
}

/* Others (最长, 共同, 以后) are words of statutes too. */
static bool only_asks(operator_kind kind)
{
    return kind == OPERATOR_COUNT || kind == OPERATOR_ASK || kind == OPERATOR_DESCRIBE ||
           kind == OPERATOR_OPEN || kind == OPERATOR_LIST || kind == OPERATOR_SOURCE ||
           kind == OPERATOR_WANT;
}

/* Words that ask, and words that chose the version, are not looked for. */
static bool is_silent(const plan *p, size_t token)
{
    const operator_hits *ops = p->in->operators;
    const text_token *t = &p->in->link->tokens.items[token];
    if (p->in->said != NULL && token_mask_has(p->in->said, token))
        return true;
    if (t->kind != TEXT_HAN)
        return token_mask_has(&p->silent, token);
    for (size_t i = 0; i < ops->count; i++) {
        const operator_hit *h = &ops->items[i];
        if (only_asks(h->kind) && h->end - h->start > t->end - t->start && h->start <= t->start &&
            t->end <= h->end)
            return true;
    }
    return is_particle(&p->in->link->tokens, token);
}

static bool stands_in(const plan *p, size_t token, const char *const *phrases, size_t count)
{
    str q = p->in->question;
    const text_token *t = &p->in->link->tokens.items[token];
    for (size_t i = 0; i < count; i++) {
        str phrase = str_from(phrases[i]);
        for (size_t at = 0; (at = str_find(q, phrase, at)) != STR_NONE; at += phrase.length)
            if (at <= t->start && t->end <= at + phrase.length)
                return true;
    }
    return false;
}

/* Words about statutes as such: every article is one, so they tell none from another. */
static bool speaks_of_statutes(const plan *p, size_t token)
{
    static const char *const phrases[] = {"法律依据", "法律规定", "明文规定", "法律条文", "法条",
                                          "法律",     "条文",     "规定",     "依据",     "出处",
                                          "出自",     "写在",     "原文",     "有没有",   "定义",
                                          "概念",     "什么意思", "的意思",   "含义",     "到底",
                                          "究竟",     "具体",     "一般",     "通常",     "按照"};
    return stands_in(p, token, phrases, CORE_COUNT(phrases));
}

/* Statutes put bounds in other words (最长 and 不超过). */
static bool is_bound(const plan *p, size_t token)
{
    static const char *const bounds[] = {"最长", "最短", "最多", "最少",   "最高",    "最低",
                                         "至少", "起码", "顶多", "不超过", "不能超过"};
    return stands_in(p, token, bounds, CORE_COUNT(bounds));
}

/* 刑法里, 刑法中 */
static bool is_beside_law(const finder *f, size_t token)
{
    const text_token *t = &f->p->in->link->tokens.items[token];
    return f->law != NULL && token == (size_t)f->law->last + 1 &&
           (str_equal(t->norm, STR("里")) || str_equal(t->norm, STR("中")) ||
            str_equal(t->norm, STR("上")));
}

static str search_words(const finder *f)
{
    const plan *p = f->p;
    const text_tokens *t = &p->in->link->tokens;
    buf words = {0};
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        bool asks = f->measured && f->measure.start <= t->items[i].start &&
                    t->items[i].end <= f->measure.end && f->measure.end - f->measure.start > 3;
        bool skip = is_silent(p, i) || inside(f->law, i) || asks || speaks_of_statutes(p, i) ||
                    is_beside_law(f, i) || (f->measured && is_bound(p, i));
        if (skip || t->items[i].kind != TEXT_HAN)
            buf_add_char(&words, ' ');
        if (!skip)
            buf_add(&words, t->items[i].norm);
    }
    str out = arena_str(p->a, str_trim(buf_str(&words)));
    buf_free(&words);
    return out;
}

/* --- owners ------------------------------------------------------------------------------------
 */
/* A paragraph's article: the node above it whose name begins its name. */
static kg_id roll_up(const finder *f, kg_id node, str *label)
{
    const plan *p = f->p;
    kg_pattern pattern = {.s = node, .limit = 20};
    kg_statement_list list = {0};
    error ignored = {0};
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return node;
    for (size_t i = 0; i < list.count; i++) {
        str above;
        if (kg_labels(p->in->read, &list.items[i].o, 1, (str){0}, p->a, &above, &ignored) !=
            STATUS_OK)
            continue;
        if (above.length > 0 && above.length < label->length && str_starts(*label, above) &&
            str_find(above, STR("#第"), 0) != STR_NONE) {
            *label = above;
            return list.items[i].o;
        }
    }
    return node;
}

static passage *keep(finder *f, kg_id owner, str label, const kg_hit *hit, bool related)
{
    double score = (double)hit->score;
    passage *at = NULL;
    for (size_t i = 0; i < f->count && at == NULL; i++)
        if (f->found[i].owner == owner)
            at = &f->found[i];
    if (at == NULL && f->count == f->capacity)
        return NULL;
    if (at == NULL) {
        at = &f->found[f->count++];
        *at = (passage){.owner = owner, .label = label};
    }
    if (hit->text.length > at->text.length)
        at->text = hit->text;
    at->bm25 = fmax(at->bm25, related ? 0 : score);
    at->related = fmax(at->related, related ? score : 0);
    return at;
}

static void add_hit(finder *f, const kg_hit *hit, bool related)
{
    const plan *p = f->p;
    kg_pattern pattern = {.o = hit->term, .limit = 8, .when = {.set = true, .day = p->in->as_of}};
    kg_statement_list list = {0};
    error ignored = {0};
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < list.count; i++) {
        str label;
        if (kg_labels(p->in->read, &list.items[i].s, 1, (str){0}, p->a, &label, &ignored) !=
                STATUS_OK ||
            str_find(label, STR("#第"), 0) == STR_NONE)
            continue;
        kg_id owner = str_find(label, STR("款"), 0) == STR_NONE
                          ? list.items[i].s
                          : roll_up(f, list.items[i].s, &label);
        keep(f, owner, label, hit, related);
    }
}

static void search(finder *f, str words, bool related)
{
    plan *p = f->p;
    kg_hit *hits = NULL;
    size_t count = 0;
    error ignored = {0};
    kg_search_options options = {.limit = HITS};
    if (str_empty(words) ||
        kg_passage_search(p->in->read, words, &options, p->a, &hits, &count, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++)
        add_hit(f, &hits[i], related);
}

static kg_id relation_id(const plan *p, const char *iri)
{
    const retriever_schema *schema = &p->in->knowledge->schema;
    for (size_t i = 0; i < schema->relation_count; i++)
        if (str_equal(schema->relations[i].iri, str_from(iri)))
            return schema->relations[i].id;
    return 0;
}

/* The law whose subject the question names, as the passages found tell; 0 = none. */
static kg_id titled_law(finder *f)
{
    plan *p = f->p;
    kg_pattern of = {.p = relation_id(p, "urn:vouch:r:law"), .limit = 1};
    kg_statement_list list = {0};
    error ignored = {0};
    for (size_t i = 0; i < f->count; i++) {
        if (f->law != NULL ||
            !law_title_fit(p->in->question, f->found[i].label, p->in->general).named)
            continue;
        of.s = f->found[i].owner;
        if (of.p != 0 && kg_match(p->in->read, &of, p->a, &list, &ignored) == STATUS_OK &&
            list.count > 0)
            return list.items[0].o;
    }
    return 0;
}

/* All articles that the law has on the day asked. */
static void read_law(finder *f, kg_id law)
{
    plan *p = f->p;
    kg_pattern of = {.p = relation_id(p, "urn:vouch:r:law"),
                     .o = law,
                     .limit = ARTICLES,
                     .when = {.set = true, .day = p->in->as_of}};
    kg_id text = relation_id(p, "urn:vouch:r:text");
    kg_statement_list list = {0};
    error ignored = {0};
    if (of.p == 0 || text == 0 || kg_match(p->in->read, &of, p->a, &list, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < list.count && f->count < f->capacity; i++) {
        kg_pattern says = {.s = list.items[i].s, .p = text, .limit = 1, .when = of.when};
        kg_statement_list texts = {0};
        kg_term term;
        str label;
        if (kg_match(p->in->read, &says, p->a, &texts, &ignored) != STATUS_OK || texts.count == 0 ||
            kg_terms(p->in->read, &texts.items[0].o, 1, p->a, &term, &ignored) != STATUS_OK ||
            kg_labels(p->in->read, &says.s, 1, (str){0}, p->a, &label, &ignored) != STATUS_OK)
            continue;
        keep(f, says.s, label, &(kg_hit){.text = term.lexical}, false);
    }
}

/* An article that is known by other words than its text's; NULL when it has no text on the day
 * asked. */
static passage *keep_article(finder *f, kg_id article, str label)
{
    plan *p = f->p;
    kg_pattern says = {.s = article,
                       .p = relation_id(p, "urn:vouch:r:text"),
                       .limit = 1,
                       .when = {.set = true, .day = p->in->as_of}};
    kg_statement_list texts = {0};
    kg_term term;
    error ignored = {0};
    if (says.p == 0 || kg_match(p->in->read, &says, p->a, &texts, &ignored) != STATUS_OK ||
        texts.count == 0 ||
        kg_terms(p->in->read, &texts.items[0].o, 1, p->a, &term, &ignored) != STATUS_OK)
        return NULL;
    passage *kept = keep(f, article, label, &(kg_hit){.text = term.lexical}, false);
    if (kept != NULL)
        kept->latest = texts.items[0].valid_to == CLOCK_DAY_UNKNOWN;
    return kept;
}

/* What the question has a name for is looked at, though it may share no word with it. */
static void add_hints(finder *f)
{
    for (size_t i = 0; i < f->p->in->link->count; i++) {
        const link_mention *m = &f->p->in->link->mentions[i];
        if (m == f->law || m->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        if (f->law == NULL || str_starts(m->shown.senses[0].label, f->law_label))
            keep_article(f, m->shown.senses[0].id, m->shown.senses[0].label);
    }
}

/* The question without the law that it names. */
static str question_beside_law(const finder *f)
{
    str q = f->p->in->question;
    if (f->law == NULL)
        return q;
    str head = str_slice(q, 0, f->law->shown.start),
        tail = str_slice(q, f->law->shown.end, q.length);
    const char *text = arena_printf(f->p->a, "%.*s %.*s", STR_ARG(head), STR_ARG(tail));
    return text == NULL ? q : str_from(text);
}

/* Articles that are known to answer questions like this one, by their latest text. */
static void add_asked(finder *f)
{
    plan *p = f->p;
    asked_text *texts = ARENA_ARRAY(p->a, asked_text, ASKED);
    if (texts == NULL || str_empty(p->in->asked))
        return;
    size_t count =
        asked_find(p->in->asked, question_beside_law(f), f->law_label, texts, ASKED, p->a);
    for (size_t i = 0; i < count; i++) {
        const char *iri = arena_printf(p->a, "urn:vouch:article:%.*s#%.*s", STR_ARG(texts[i].title),
                                       STR_ARG(texts[i].article));
        kg_id article = 0;
        error ignored = {0};
        if (iri == NULL ||
            kg_find(p->in->read, (kg_term){.kind = KG_TERM_IRI, .lexical = str_from(iri)}, &article,
                    &ignored) != STATUS_OK ||
            article == 0)
            continue;
        str label = str_slice(str_from(iri), strlen("urn:vouch:article:"), SIZE_MAX);
        passage *kept = keep_article(f, article, label);
        if (kept == NULL || !kept->latest)
            continue;
        kept->asked = &texts[i];
        f->asked_best = fmax(f->asked_best, texts[i].best);
    }
}

static const link_mention *hint_for(const finder *f, kg_id owner)
{
    const link_result *l = f->p->in->link;
    for (size_t i = 0; i < l->count; i++)
        if (l->mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY &&
            l->mentions[i].shown.senses[0].id == owner)
            return &l->mentions[i];
    return NULL;
}

/* The more of the question's words the name takes, the more it speaks for the passage; where more
 * is asked, the passage must say that too. */
static double hint_weight(const finder *f, const passage *in)
{
    const text_tokens *t = &f->p->in->link->tokens;
    const link_mention *m = hint_for(f, in->owner);
    double all = 0, named = 0;
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        if (is_silent(f->p, i) || inside(f->law, i) || speaks_of_statutes(f->p, i))
            continue;
        all++;
        named += inside(m, i);
    }
    return (0.3 + (all > 0 ? 0.8 * named / all : 0)) *
           (0.4 + 0.6 * passage_match_rest(f->match, m->shown.text, in->text));
}

/* Values that the question names and the passage holds: 六岁 and 年满六周岁. */
static double values_said(const finder *f, str text)
{
    const link_result *l = f->p->in->link;
    double asked = 0, found = 0;
    for (size_t i = 0; i < l->count; i++) {
        const retriever_mention *m = &l->mentions[i].shown;
        kg_value v;
        size_t start, end;
        bool has = false;
        if (m->kind != RETRIEVER_MENTION_VALUE || m->value.kind == KG_VALUE_NONE ||
            (m->value.kind == KG_VALUE_NUMBER && str_empty(m->value.unit)))
            continue;
        for (size_t at = 0; !has && kg_value_find(text, at, &v, &start, &end) && end > at; at = end)
            has = v.kind == m->value.kind &&
                  (fabs(v.low - m->value.low) < 1e-6 || fabs(v.high - m->value.high) < 1e-6);
        asked++;
        found += has;
    }
    return asked > 0 ? found / asked : 0;
}

static bool wants_owner(const plan *p)
{
    static const char *const asks[] = {"第几条", "哪一条", "哪条", "哪几条", "法条", "条文是"};
    for (size_t i = 0; i < CORE_COUNT(asks); i++)
        if (str_find(p->in->question, str_from(asks[i]), 0) != STR_NONE)
            return true;
    return str_equal(p->want, STR("article")) || p->in->operators->has[OPERATOR_SOURCE];
}

static void describe(finder *f, passage *a, double best, double x[PASSAGE_FEATURES])
{
    str question = f->p->in->question;
    passage_reading said;
    const link_mention *hint = hint_for(f, a->owner);
    str named = hint == NULL ? str_make(NULL, 0) : hint->shown.text;
    str asked = a->asked == NULL ? str_make(NULL, 0) : a->asked->questions;
    passage_match_read(f->match, a->label, a->text, named, asked, &said);
    const law_title title = law_title_fit(question, a->label, f->p->in->general);
    const bool open = f->law == NULL;
    a->said = fmax(fmax(said.sentence, said.whole), said.asked);
    a->chars = a->asked == NULL ? said.chars : fmax(said.chars, said.asked_chars);
    a->hinted = hint != NULL;
    x[PASSAGE_BM25] = best > 0 ? a->bm25 / best : 0;
    x[PASSAGE_SENTENCE] = said.sentence;
    x[PASSAGE_WHOLE] = said.whole;
    x[PASSAGE_FIRST] = said.first;
    x[PASSAGE_CHARS] = said.chars;
    x[PASSAGE_TRIPLES] = said.triples;
    x[PASSAGE_CHARS_WHOLE] = said.chars_whole;
    x[PASSAGE_MEASURED] = f->measured ? said.measured : 0;
    x[PASSAGE_TITLE] = open ? title.shared : 0;
    x[PASSAGE_TRADE] = open && title.trade;
    x[PASSAGE_ABROAD] = open && title.abroad;
    x[PASSAGE_NAMED] = open && title.named;
    x[PASSAGE_CRIMES] = open && title.crimes;
    x[PASSAGE_DEFINES] = passage_asks_meaning(question) && said.defines;
    x[PASSAGE_HINT] = a->hinted ? hint_weight(f, a) : 0;
    x[PASSAGE_VALUES] = values_said(f, a->text);
    x[PASSAGE_LISTS] =
        passage_asks_list(question) && str_find(a->text, STR("（二）"), 0) != STR_NONE;
    x[PASSAGE_PENAL] = passage_is_penal(question, a->text);
    x[PASSAGE_ASKED] = a->asked == NULL ? 0 : a->asked->best;
    x[PASSAGE_ASKED_FIRST] = a->asked == NULL ? 0 : a->asked->best / f->asked_best;
    x[PASSAGE_ASKED_SHARE] = a->asked == NULL ? 0 : a->asked->share;
    x[PASSAGE_ASKED_WHOLE] = said.asked;
    x[PASSAGE_LENGTH] = log(1 + (double)utf8_count(a->text.data, a->text.length)) / 5;
}

static passage with_measure(passage a, const measure_found *found)
{
    a.measured = fmax(found->score, 0.01);
    a.value = found->value;
    a.unit_off = found->other_unit;
    return a;
}

static void score_passages(finder *f)
{
    double best = 0, sharpest = 0;
    const plan_input *in = f->p->in;
    str question = in->question;
    for (size_t i = 0; i < f->count; i++) {
        measure_found found = {0};
        passage *a = &f->found[i];
        passage_match_count(f->match, a->text);
        best = fmax(best, a->bm25);
        if (f->measured && measure_find(&f->measure, question, f->related, a->text, &found))
            *a = with_measure(*a, &found);
        sharpest = fmax(sharpest, a->measured);
    }
    passage_match_weigh(f->match);
    for (size_t i = 0; i < f->count; i++) {
        passage *a = &f->found[i];
        double x[PASSAGE_FEATURES] = {0};
        describe(f, a, best, x);
        x[PASSAGE_MEASURE] = a->measured > 0 ? a->measured / sharpest : 0;
        x[PASSAGE_UNIT_OFF] = a->measured > 0 && a->unit_off;
        x[PASSAGE_NO_MEASURE] = f->measured && a->measured <= 0;
        x[PASSAGE_NO_ANSWER] = x[PASSAGE_NO_MEASURE] > 0 && !wants_owner(f->p);
        a->score = passage_score(x, in->passage_weights);
        if (in->on_passage != NULL)
            in->on_passage(in->on_passage_context, a->label, x);
    }
}

static void best_first(finder *f)
{
    for (size_t i = 0; i < f->count && i < SORTED; i++)
        for (size_t k = i + 1; k < f->count; k++)
            if (f->found[k].score > f->found[i].score) {
                passage swap = f->found[i];
                f->found[i] = f->found[k];
                f->found[k] = swap;
            }
}

/* How far the next passage with another answer is behind the best. */
static double lead_of(const finder *f)
{
    const passage *best = &f->found[0];
    bool valued = f->measured && !wants_owner(f->p) && !str_empty(best->value);
    for (size_t i = 1; i < f->count && i < SORTED; i++)
        if (valued ? !str_equal(f->found[i].value, best->value)
                   : !str_equal(f->found[i].label, best->label))
            return best->score - f->found[i].score;
    return f->count > 1
               ? best->score - f->found[f->count < SORTED ? f->count - 1 : SORTED - 1].score
               : 6;
}

static void find_passages(finder *f)
{
    plan *p = f->p;
    f->measured = measure_asked(p->in->question, &f->measure) ||
                  (wants_owner(p) && measure_meant(p->in->question, &f->measure));
    f->words = search_words(f);
    f->related = synonyms_of(p->in->synonyms, p->in->question, p->a);
    synonym_row rows[SYNONYM_ROWS];
    size_t row_count =
        synonyms_rows(p->in->synonyms, p->in->question, rows, CORE_COUNT(rows), p->a);
    f->match = passage_match_new(f->words, rows, row_count, f->measured ? &f->measure : NULL, p->a);
    if (f->match == NULL)
        return;
    if (f->law != NULL) {
        read_law(f, f->law->shown.senses[0].id);
    } else {
        search(f, f->words, false);
        search(f, f->related, true);
        kg_id titled = titled_law(f);
        if (titled != 0)
            read_law(f, titled);
    }
    add_hints(f);
    add_asked(f);
    score_passages(f);
    best_first(f);
    if (f->count > 0)
        f->found[0].lead = lead_of(f);
}

/* --- forms -------------------------------------------------------------------------------------
 */
static lf_name owner_name(plan *p, kg_id id)
{
    lf_name name = {.id = id};
    kg_term term = {0};
    error ignored = {0};
    kg_labels(p->in->read, &id, 1, p->in->lang, p->a, &name.label, &ignored);
    if (kg_terms(p->in->read, &id, 1, p->a, &term, &ignored) == STATUS_OK &&
        term.kind == KG_TERM_IRI)
        name.iri = term.lexical;
    return name;
}

/* The relation that leads from the owner to its text: the one with the longest literals. */
static const retriever_relation *text_relation(const plan *p, kg_id owner, size_t *length)
{
    kg_pattern pattern = {.s = owner, .limit = 60};
    kg_statement_list list = {0};
    error ignored = {0};
    const retriever_relation *best = NULL;
    *length = 0;
    if (kg_match(p->in->read, &pattern, p->a, &list, &ignored) != STATUS_OK)
        return NULL;
    for (size_t i = 0; i < list.count; i++) {
        kg_term term;
        if (kg_terms(p->in->read, &list.items[i].o, 1, p->a, &term, &ignored) != STATUS_OK ||
            term.kind != KG_TERM_LITERAL || term.lexical.length <= *length)
            continue;
        *length = term.lexical.length;
        best = retriever_schema_relation(&p->in->knowledge->schema, list.items[i].p);
    }
    return best;
}

/* What statutes are loaded as (docs/GRAPH_TERMS.md): texts that answer by what they say. A
 * definition or a remark is an answer only when it is asked for. */
static bool is_statute_text(const retriever_relation *r)
{
    return r != NULL && str_equal(r->iri, STR("urn:vouch:r:text"));
}

/* `behind`: by how much a better passage beats it. */
static void add_form(finder *f, const passage *found, bool named, double behind)
{
    plan *p = f->p;
    size_t length;
    const retriever_relation *text = text_relation(p, found->owner, &length);
    if (!is_statute_text(text))
        return;
    plan_form form = {.signature = 0x5EA};
    token_mask_join(&form.mask, &p->silent);
    const link_mention *hint = named ? NULL : hint_for(f, found->owner);
    for (uint32_t i = 0; i < p->in->link->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (inside(f->law, i) || inside(hint, i))
            token_mask_set(&form.mask, i);
    double *x = form.features;
    double said = fmin(1, found->said + (found->hinted ? 0.4 : 0));
    x[RETRIEVER_F_UNEXPLAINED] = 0.8 * (1 - said);
    x[RETRIEVER_F_COVERAGE] = 0.25 + 0.45 * said;
    bool foreign = !str_empty(p->want) && !wants_owner(p) && !str_equal(p->want, STR("number"));
    x[RETRIEVER_F_TYPE_FIT] = foreign ? 0.1 : 0.9;
    x[RETRIEVER_F_LINK] = 0.8;
    x[RETRIEVER_F_ORDER] = 1;
    x[RETRIEVER_F_HOPS] = 1;
    x[RETRIEVER_F_OPERATOR] = 0.5;
    x[RETRIEVER_F_PASSAGE] = PASSAGE_PRIOR;
    x[RETRIEVER_F_ANSWERS] = log(2);
    form.passage = (plan_passage){
        .lead = found->lead, .said = found->said, .chars = found->chars, .hinted = found->hinted};
    if (found->asked != NULL) {
        form.passage.asked = found->asked->best;
        form.passage.questions = found->asked->questions;
    }
    x[RETRIEVER_F_UNUSED] = behind > 0 ? 0.3 + 0.2 * behind : 0;
    const lf_node *owner = lf_entity(p->a, owner_name(p, found->owner));
    lf_step step = {.relation = {.id = text->id, .iri = text->iri, .label = text->label}};
    if (wants_owner(p))
        form.form = lf_search(p->a, f->words.length > 0 ? f->words : search_words(f), owner);
    else
        form.form = lf_hop(p->a, owner, step);
    plan_add_form(p, form);
}

static str iri_of(plan *p, const link_mention *m)
{
    kg_term term;
    error ignored = {0};
    if (m->shown.kind != RETRIEVER_MENTION_ENTITY || m->shown.sense_count == 0 ||
        kg_terms(p->in->read, &m->shown.senses[0].id, 1, p->a, &term, &ignored) != STATUS_OK)
        return (str){0};
    return term.lexical;
}

/* A law's name that only nearly stands in the question (商标连续 for 商标法) is no law named. */
static bool is_guessed_law(plan *p, const link_mention *m)
{
    return str_starts(iri_of(p, m), STR("urn:vouch:law:")) &&
           m->shown.senses[0].match == RETRIEVER_MATCH_FUZZY;
}

/* A mention that a passage's owners belong to, by their names (X#第...). */
static const link_mention *narrowing(plan *p, str *label)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *m = &l->mentions[i];
        error ignored = {0};
        if (!is_guessed_law(p, m) && str_starts(iri_of(p, m), STR("urn:vouch:law:")) &&
            kg_labels(p->in->read, &m->shown.senses[0].id, 1, (str){0}, p->a, label, &ignored) ==
                STATUS_OK)
            return m;
    }
    return NULL;
}

/* A name that the pack has for an article (离婚冷静期): it speaks for the article, but the question
 * may be about another that uses the word. */
static bool is_hint(plan *p, const link_mention *m)
{
    return str_starts(iri_of(p, m), STR("urn:vouch:article:")) &&
           m->shown.senses[0].match == RETRIEVER_MATCH_ALIAS;
}

/* Does the pack say that the node's text is there to be quoted? */
static bool owns_text(const plan *p, kg_id id)
{
    size_t length;
    const retriever_relation *r = text_relation(p, id, &length);
    return is_statute_text(r) && length >= 24;
}

/* What the question names itself may be the passage's owner. */
static void named_owner(plan *p, const link_mention *m)
{
    finder named = {.p = p, .law = m};
    passage own = {.owner = m->shown.senses[0].id, .said = 0.8, .chars = 1, .score = 0.9};
    if (owns_text(p, own.owner))
        add_form(&named, &own, true, 0);
}

/* 某法一共几条: its articles are counted, if there is such a law. */
static bool asks_articles(str question)
{
    static const char *const asks[] = {"几条", "多少条", "多少个条文", "条文数"};
    static const char *const statutes[] = {"法", "条例", "办法", "规定", "细则", "解释"};
    size_t at = STR_NONE;
    for (size_t i = 0; i < CORE_COUNT(asks) && at == STR_NONE; i++)
        at = str_find(question, str_from(asks[i]), 0);
    str head = at == STR_NONE ? str_make(NULL, 0) : str_slice(question, 0, at);
    return str_holds_any(head, statutes, CORE_COUNT(statutes)) && !str_ends(head, STR("第")) &&
           !str_ends(head, STR("哪"));
}

/* 公司法一共几条: the articles of the law are counted. */
static void count_articles(finder *f)
{
    plan *p = f->p;
    const retriever_relation *r =
        retriever_schema_relation(&p->in->knowledge->schema, relation_id(p, "urn:vouch:r:law"));
    if (!asks_articles(p->in->question) || r == NULL)
        return;
    plan_form form = {.signature = 0x5EC};
    form.mask = p->silent;
    for (uint32_t i = f->law->first; i <= f->law->last; i++)
        token_mask_set(&form.mask, i);
    double *x = form.features;
    x[RETRIEVER_F_COVERAGE] = x[RETRIEVER_F_TYPE_FIT] = x[RETRIEVER_F_ORDER] = 1;
    x[RETRIEVER_F_LINK] = (double)f->law->shown.senses[0].score;
    x[RETRIEVER_F_HOPS] = 1;
    x[RETRIEVER_F_OPERATOR] = 1;
    lf_step step = {.relation = {.id = r->id, .iri = r->iri, .label = r->label}, .inverse = true};
    const lf_node *law = lf_entity(p->a, owner_name(p, f->law->shown.senses[0].id));
    form.form = lf_unary(p->a, LF_COUNT, lf_hop(p->a, law, step));
    plan_add_form(p, form);
}

static bool is_linked(const plan *p, size_t start, size_t end)
{
    const link_result *l = p->in->link;
    for (size_t i = 0; i < l->count; i++)
        if (l->mentions[i].shown.kind == RETRIEVER_MENTION_ENTITY &&
            l->mentions[i].shown.start < end && start < l->mentions[i].shown.end)
            return true;
    return false;
}

/* A law named in 《》, or with an article's number behind it, that the graph does not have: other
 * laws' articles are no answer. */
static bool names_unknown_law(const plan *p)
{
    static const char *const kinds[] = {"法", "条例", "法典", "办法", "规定", "细则", "解释"};
    str q = p->in->question;
    for (size_t at = 0; (at = str_find(q, STR("《"), at)) != STR_NONE; at += 3) {
        size_t end = str_find(q, STR("》"), at);
        str title = end == STR_NONE ? str_make(NULL, 0) : str_slice(q, at + 3, end);
        for (size_t i = 0; i < CORE_COUNT(kinds); i++)
            if (str_ends(title, str_from(kinds[i])) && !is_linked(p, at, end))
                return true;
    }
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; (at = str_find(q, str_from(kinds[i]), at)) != STR_NONE; at += 3) {
            size_t end = at + strlen(kinds[i]);
            if (str_starts(str_slice(q, end, q.length), STR("第")) && !is_linked(p, at, end))
                return true;
        }
    return false;
}

void plan_passages(plan *p)
{
    const link_result *l = p->in->link;
    finder f = {.p = p, .capacity = ARTICLES};
    bool other = false;
    if (!p->in->has_passages || names_unknown_law(p))
        return;
    f.found = ARENA_ARRAY(p->a, passage, f.capacity + 1);
    if (f.found == NULL)
        return;
    f.law = narrowing(p, &f.law_label);
    if (f.law != NULL)
        count_articles(&f);
    else if (asks_articles(p->in->question))
        return;
    for (size_t i = 0; i < l->count; i++) {
        const link_mention *m = &l->mentions[i];
        if (m->shown.kind != RETRIEVER_MENTION_ENTITY || m == f.law || is_hint(p, m) ||
            is_guessed_law(p, m))
            continue;
        other = true;
        named_owner(p, m);
    }
    if (other)
        return;
    find_passages(&f);
    for (size_t i = 0; i < f.count && i < PASSAGES; i++)
        if (i == 0) {
            add_form(&f, &f.found[i], false, 0);
        } else { /* in the order found, whatever else the form scores */
            f.found[i].said = fmin(f.found[i].said, f.found[0].said);
            f.found[i].hinted = f.found[i].hinted && f.found[0].hinted;
            add_form(&f, &f.found[i], false, f.found[0].score - f.found[i].score + 0.01);
        }
}

/* A name that the pack has for an article asks for what it says, not for its number or chapter; no
 * one asks what an article is. */
void plan_prefer_texts(plan *p)
{
    kg_id type = p->in->knowledge->schema.type_relation;
    if (!p->in->has_passages || relation_id(p, "urn:vouch:r:text") == 0)
        return;
    for (size_t i = 0; i < p->form_count; i++) {
        const plan_path *path = p->forms[i].path;
        if (path == NULL || path->mention < 0 || path->hops == 0)
            continue;
        const link_mention *m = &p->in->link->mentions[path->mention];
        const retriever_relation *first = plan_relation(p, path->steps[0]);
        bool text = first != NULL && str_equal(first->iri, STR("urn:vouch:r:text"));
        bool kind = first != NULL && first->id == type &&
                    str_starts(iri_of(p, m), STR("urn:vouch:article:"));
        const plan_path *also = p->forms[i].other;
        bool beside =
            also != NULL && also->mention >= 0 && is_hint(p, &p->in->link->mentions[also->mention]);
        /* 第几条 asks for one article, not for all of the law. */
        bool every =
            first != NULL && str_equal(first->iri, STR("urn:vouch:r:law")) && wants_owner(p);
        if ((is_hint(p, m) && !text) || kind || every || beside || is_guessed_law(p, m))
            p->forms[i].features[RETRIEVER_F_UNUSED] += 1;
    }
}
