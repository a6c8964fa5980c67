/* Passages: what a text says. Articles and descriptions found by the words of the question (BM25,
 * and the share of the question that they say), narrowed by the law or the like that the question
 * names; everyday words bring the words that texts use for them, and names that the pack has for a
 * passage speak for it. Each becomes a form over the passage's owner. */
#include <math.h>

#include "core/utf8.h"
#include "retriever/measure.h"
#include "retriever/plan.h"
#include "retriever/synonyms.h"

#define PASSAGES 3
#define HITS 120
#define ARTICLES 1600 /* of one law */
#define PAIRS 64
/* A passage answers what no relation does: this much of the feature "passage" is every one's. */
#define PASSAGE_PRIOR 0.3

typedef struct passage {
    kg_id owner; /* the article */
    str label, text;
    double bm25, related; /* of the question's words, of their synonyms */
    double measured;      /* how well a measure in it fits; 0 = it has none */
    double said;          /* share of the question's content */
    double score;
    bool hinted; /* the question has a name of the pack for it */
} passage;

typedef struct pairs { /* of characters, or words of other scripts */
    str items[PAIRS];
    double weight[PAIRS];
    size_t count;
} pairs;

typedef struct finder {
    plan *p;
    const link_mention *law; /* the mention that narrows; NULL = none */
    str law_label;
    passage *found;
    size_t count, capacity;
    str words, related;
    pairs asked, meant;
    bool measured;
    measure_ask measure;
} finder;

/* --- the words to look for ---------------------------------------------------------------------
 */
static bool inside(const link_mention *m, size_t token)
{
    return m != NULL && m->first <= token && token <= m->last;
}

/* Characters that only ask or join; others, though filler elsewhere, are parts of words (转让). */
static bool is_particle(const text_token *t)
{
    static const char *const particles[] = {"的", "了", "吗", "呢", "吧", "啊", "呀", "么", "啥",
                                            "哪", "几", "是", "什", "怎", "请", "问", "我", "你",
                                            "您", "就", "才", "多", "少", "在", "和", "也", "被"};
    for (size_t i = 0; i < CORE_COUNT(particles); i++)
        if (str_equal(t->norm, str_from(particles[i])))
            return true;
    return false;
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
        bool asks = h->kind != OPERATOR_TYPE && h->kind != OPERATOR_MEASURE &&
                    h->kind != OPERATOR_NOT && h->end - h->start > t->end - t->start;
        if (asks && h->start <= t->start && t->end <= h->end)
            return true;
    }
    return is_particle(t);
}

/* Words about statutes as such: every article is one, so they tell none from another. */
static bool speaks_of_statutes(const plan *p, size_t token)
{
    static const char *const phrases[] = {"法律依据", "法律规定", "明文规定", "法律条文", "法条",
                                          "法律",     "条文",     "规定",     "依据",     "出处",
                                          "出自",     "写在",     "原文",     "有没有"};
    str q = p->in->question;
    const text_token *t = &p->in->link->tokens.items[token];
    for (size_t i = 0; i < CORE_COUNT(phrases); i++) {
        str phrase = str_from(phrases[i]);
        for (size_t at = 0; (at = str_find(q, phrase, at)) != STR_NONE; at += phrase.length)
            if (at <= t->start && t->end <= at + phrase.length)
                return true;
    }
    return false;
}

static str search_words(const finder *f)
{
    const plan *p = f->p;
    const text_tokens *t = &p->in->link->tokens;
    buf words = {0};
    for (size_t i = 0; i < t->count && i < PHRASEBOOK_TOKENS; i++) {
        bool asks = f->measured && f->measure.start <= t->items[i].start &&
                    t->items[i].end <= f->measure.end && f->measure.end - f->measure.start > 3;
        bool skip = is_silent(p, i) || inside(f->law, i) || asks || speaks_of_statutes(p, i);
        if (skip || t->items[i].kind != TEXT_HAN)
            buf_add_char(&words, ' ');
        if (!skip)
            buf_add(&words, t->items[i].norm);
    }
    str out = arena_str(p->a, str_trim(buf_str(&words)));
    buf_free(&words);
    return out;
}

static void add_pair(pairs *out, str text)
{
    for (size_t i = 0; i < out->count; i++)
        if (str_equal(out->items[i], text))
            return;
    if (out->count < PAIRS && !str_empty(text))
        out->items[out->count++] = text;
}

/* 甲乙丙 is 甲乙 and 乙丙; other words stand for themselves. */
static void cut_pairs(str words, pairs *out)
{
    str word;
    while (str_split(&words, ' ', &word)) {
        size_t before = STR_NONE;
        bool han = false;
        for (size_t i = 0; i < word.length;) {
            uint32_t c;
            size_t n = utf8_decode(word.data + i, word.length - i, &c);
            han = han || utf8_is_han(c);
            if (before != STR_NONE && han)
                add_pair(out, str_slice(word, before, i + n));
            before = i;
            i += n;
        }
        if (!han)
            add_pair(out, word);
    }
}

/* What few of the passages found say tells more. */
static void weigh_pairs(const finder *f, pairs *out)
{
    for (size_t i = 0; i < out->count; i++) {
        double n = 0;
        for (size_t k = 0; k < f->count; k++)
            n += str_find(f->found[k].text, out->items[i], 0) != STR_NONE;
        /* What none says may be a way of asking: it counts as something common. */
        out->weight[i] = n > 0 ? log(1.5 + (double)f->count / n) : 0.5;
    }
}

/* The share of the pairs' weight that the passage says; its law's title says less. */
static double share_said(const pairs *of, const passage *in)
{
    double all = 0, found = 0;
    for (size_t i = 0; i < of->count; i++) {
        all += of->weight[i];
        if (str_find(in->text, of->items[i], 0) != STR_NONE)
            found += of->weight[i];
        else if (str_find(in->label, of->items[i], 0) != STR_NONE)
            found += 0.6 * of->weight[i];
    }
    return all > 0 ? found / all : 0;
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

static void keep(finder *f, kg_id owner, str label, const kg_hit *hit, bool related)
{
    double score = (double)hit->score;
    passage *at = NULL;
    for (size_t i = 0; i < f->count && at == NULL; i++)
        if (f->found[i].owner == owner)
            at = &f->found[i];
    if (at == NULL && f->count == f->capacity)
        return;
    if (at == NULL) {
        at = &f->found[f->count++];
        *at = (passage){.owner = owner, .label = label};
    }
    if (hit->text.length > at->text.length)
        at->text = hit->text;
    at->bm25 = fmax(at->bm25, related ? 0 : score);
    at->related = fmax(at->related, related ? score : 0);
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

/* Laws of one trade (民用航空法, 海商法) speak to everyone only where the question names the trade;
 * these speak to everyone. */
static bool is_general(str title)
{
    static const char *const codes[] = {"民法典",
                                        "刑",
                                        "宪",
                                        "劳动",
                                        "劳动合同",
                                        "公司",
                                        "民事诉讼",
                                        "刑事诉讼",
                                        "行政诉讼",
                                        "行政处罚",
                                        "行政复议",
                                        "行政许可",
                                        "国家赔偿",
                                        "治安管理处罚",
                                        "道路交通安全",
                                        "消费者权益保护",
                                        "未成年人保护",
                                        "妇女权益保障",
                                        "社会保险",
                                        "个人信息保护",
                                        "义务教育",
                                        "反家庭暴力",
                                        "劳动争议调解仲裁",
                                        "著作权",
                                        "商标",
                                        "专利",
                                        "产品质量",
                                        "食品安全",
                                        "个人所得税",
                                        "兵役",
                                        "居民身份证"};
    for (size_t i = 0; i < CORE_COUNT(codes); i++)
        if (str_equal(title, str_from(codes[i])))
            return true;
    return false;
}

/* Does the question hold any two characters of the title in a row? */
static bool touches(str question, str title)
{
    for (size_t at = 0; at + 6 <= title.length; at += 3)
        if (str_find(question, str_slice(title, at, at + 6), 0) != STR_NONE)
            return true;
    return false;
}

/* A law that the question speaks of by its subject (商标 and 商标法) is likelier; a law of one
 * region is meant only where the region is named. */
static double title_fits(const finder *f, str label)
{
    static const char *const regions[] = {"香港", "澳门", "台湾"};
    str q = f->p->in->question, state = STR("中华人民共和国"), act = STR("法");
    size_t mark = str_find(label, STR("#"), 0);
    for (size_t i = 0; i < CORE_COUNT(regions); i++)
        if (str_find(label, str_from(regions[i]), 0) != STR_NONE)
            return str_find(q, str_from(regions[i]), 0) == STR_NONE ? -0.3 : 0;
    if (mark == STR_NONE || f->law != NULL)
        return 0;
    str title = str_slice(label, str_starts(label, state) ? state.length : 0, mark);
    if (str_ends(title, act))
        title = str_slice(title, 0, title.length - act.length);
    if (title.length >= 6 && str_find(q, title, 0) != STR_NONE)
        return 0.15;
    return is_general(title) || touches(q, title) ? 0 : -0.2;
}

/* The law whose subject the question names, as the passages found tell; 0 = none. */
static kg_id titled_law(finder *f)
{
    plan *p = f->p;
    kg_pattern of = {.p = relation_id(p, "urn:vouch:r:law"), .limit = 1};
    kg_statement_list list = {0};
    error ignored = {0};
    for (size_t i = 0; i < f->count; i++) {
        if (title_fits(f, f->found[i].label) <= 0)
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

/* What the question has a name for is looked at, though it may share no word with it. */
static void add_hints(finder *f)
{
    plan *p = f->p;
    kg_id text = relation_id(p, "urn:vouch:r:text");
    for (size_t i = 0; i < p->in->link->count; i++) {
        const link_mention *m = &p->in->link->mentions[i];
        if (m == f->law || m->shown.kind != RETRIEVER_MENTION_ENTITY)
            continue;
        if (f->law != NULL && !str_starts(m->shown.senses[0].label, f->law_label))
            continue;
        kg_pattern says = {.s = m->shown.senses[0].id,
                           .p = text,
                           .limit = 1,
                           .when = {.set = true, .day = p->in->as_of}};
        kg_statement_list texts = {0};
        kg_term term;
        error ignored = {0};
        if (text == 0 || kg_match(p->in->read, &says, p->a, &texts, &ignored) != STATUS_OK ||
            texts.count == 0 ||
            kg_terms(p->in->read, &texts.items[0].o, 1, p->a, &term, &ignored) != STATUS_OK)
            continue;
        keep(f, says.s, m->shown.senses[0].label, &(kg_hit){.text = term.lexical}, false);
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

static bool said_anywhere(const finder *f, str pair)
{
    for (size_t i = 0; i < f->count; i++)
        if (str_find(f->found[i].text, pair, 0) != STR_NONE)
            return true;
    return false;
}

/* The share of what the question says beside the name that the passage says too. */
static double rest_said(const finder *f, const link_mention *m, const passage *in)
{
    double all = 0, found = 0;
    for (size_t i = 0; i < f->asked.count; i++) {
        bool named = str_find(m->shown.text, f->asked.items[i], 0) != STR_NONE;
        if (named || !said_anywhere(f, f->asked.items[i]))
            continue;
        all += f->asked.weight[i];
        if (str_find(in->text, f->asked.items[i], 0) != STR_NONE)
            found += f->asked.weight[i];
    }
    return all > 0 ? found / all : 1;
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
    return (0.3 + (all > 0 ? 0.8 * named / all : 0)) * (0.4 + 0.6 * rest_said(f, m, in));
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

static void score_passages(finder *f)
{
    double best = 0, related = 0, sharpest = 0;
    weigh_pairs(f, &f->asked);
    weigh_pairs(f, &f->meant);
    for (size_t i = 0; i < f->count; i++) {
        best = fmax(best, f->found[i].bm25);
        related = fmax(related, f->found[i].related);
    }
    for (size_t i = 0; i < f->count; i++) {
        passage *a = &f->found[i];
        double own = best > 0 ? a->bm25 / best : 0, other = related > 0 ? a->related / related : 0;
        double meant = share_said(&f->meant, a);
        measure_found found = {0};
        a->said = share_said(&f->asked, a);
        a->hinted = hint_for(f, a->owner) != NULL;
        if (f->law != NULL)
            a->score = a->said + (f->meant.count > 0 ? 0.7 * meant : 0);
        else if (f->meant.count == 0)
            a->score = 0.4 * own + 0.6 * a->said;
        else
            a->score = 0.2 * own + 0.35 * a->said + 0.15 * other + 0.3 * meant;
        a->said = fmax(a->said, 0.5 * (a->said + meant));
        a->score += title_fits(f, a->label);
        if (f->measured && measure_find(&f->measure, f->words, f->related, a->text, &found))
            a->measured = fmax(found.score, 0.01);
        sharpest = fmax(sharpest, a->measured);
        a->score += a->hinted ? hint_weight(f, a) : 0;
        a->score += 0.25 * values_said(f, a->text);
    }
    for (size_t i = 0; f->measured && i < f->count; i++)
        f->found[i].score +=
            f->found[i].measured > 0 ? 0.35 * f->found[i].measured / sharpest : -0.4;
}

static void best_first(finder *f)
{
    for (size_t i = 0; i < f->count && i < PASSAGES; i++)
        for (size_t k = i + 1; k < f->count; k++)
            if (f->found[k].score > f->found[i].score) {
                passage swap = f->found[i];
                f->found[i] = f->found[k];
                f->found[k] = swap;
            }
}

static bool wants_owner(const plan *p)
{
    static const char *const asks[] = {"第几条", "哪一条", "哪条", "哪几条", "法条", "条文是"};
    for (size_t i = 0; i < CORE_COUNT(asks); i++)
        if (str_find(p->in->question, str_from(asks[i]), 0) != STR_NONE)
            return true;
    return str_equal(p->want, STR("article")) || p->in->operators->has[OPERATOR_SOURCE];
}

static void find_passages(finder *f)
{
    plan *p = f->p;
    f->measured = measure_asked(p->in->question, &f->measure) ||
                  (wants_owner(p) && measure_meant(p->in->question, &f->measure));
    f->words = search_words(f);
    f->related = synonyms_of(p->in->synonyms, p->in->question, p->a);
    cut_pairs(f->words, &f->asked);
    cut_pairs(f->related, &f->meant);
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
    score_passages(f);
    best_first(f);
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
    x[RETRIEVER_F_UNUSED] = behind > 0 ? 0.5 + behind : 0;
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
    passage own = {.owner = m->shown.senses[0].id, .said = 0.8, .score = 0.9};
    if (owns_text(p, own.owner))
        add_form(&named, &own, true, 0);
}

/* 公司法一共几条: the articles of the law are counted. */
static void count_articles(finder *f)
{
    plan *p = f->p;
    static const char *const asks[] = {"几条", "多少条", "多少个条文", "条文数"};
    const retriever_relation *r =
        retriever_schema_relation(&p->in->knowledge->schema, relation_id(p, "urn:vouch:r:law"));
    size_t at = STR_NONE;
    for (size_t i = 0; i < CORE_COUNT(asks) && at == STR_NONE; i++)
        at = str_find(p->in->question, str_from(asks[i]), 0);
    str head = at == STR_NONE ? str_make(NULL, 0) : str_slice(p->in->question, 0, at);
    if (at == STR_NONE || r == NULL || str_ends(head, STR("第")) || str_ends(head, STR("哪")))
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
        add_form(&f, &f.found[i], false, i == 0 ? 0 : f.found[0].score - f.found[i].score + 0.01);
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
        if ((is_hint(p, m) && !text) || kind)
            p->forms[i].features[RETRIEVER_F_UNUSED] += 1;
    }
}
