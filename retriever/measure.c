/* See measure.h. */
#include "retriever/measure.h"

#include <math.h>

#include <stdio.h>
#include <string.h>

#include "core/compiler.h"
#include "core/utf8.h"
#include "kg/term.h"
#include "retriever/value_case.h"

/* --- what is asked -----------------------------------------------------------------------------
 */
typedef struct cue {
    const char *text;
    measure_kind kind;
    const char *unit;
} cue;

/* Longer and more telling cues first: the first that the question holds decides. */
static const cue cues[] = {
    {"拘留多少天", MEASURE_PENALTY, "拘留"},
    {"拘留几天", MEASURE_PENALTY, "拘留"},
    {"拘留多久", MEASURE_PENALTY, "拘留"},
    {"拘留多长时间", MEASURE_PENALTY, "拘留"},
    {"关几天", MEASURE_PENALTY, "拘留"},
    {"关多少天", MEASURE_PENALTY, "拘留"},
    {"判多少年", MEASURE_PENALTY, "有期徒刑"},
    {"判几年", MEASURE_PENALTY, "有期徒刑"},
    {"判多久", MEASURE_PENALTY, "有期徒刑"},
    {"坐几年牢", MEASURE_PENALTY, "有期徒刑"},
    {"坐多少年", MEASURE_PENALTY, "有期徒刑"},
    {"坐多久牢", MEASURE_PENALTY, "有期徒刑"},
    {"几年牢", MEASURE_PENALTY, "有期徒刑"},
    {"几年有期徒刑", MEASURE_PENALTY, "有期徒刑"},
    {"多少年有期徒刑", MEASURE_PENALTY, "有期徒刑"},
    {"判什么刑", MEASURE_PENALTY, "有期徒刑"},
    {"量刑", MEASURE_PENALTY, "有期徒刑"},
    {"刑期", MEASURE_PENALTY, "有期徒刑"},
    {"蹲多久", MEASURE_PENALTY, "有期徒刑"},
    {"蹲几年", MEASURE_PENALTY, "有期徒刑"},
    {"坐多久", MEASURE_PENALTY, "有期徒刑"},
    {"坐几年", MEASURE_PENALTY, "有期徒刑"},
    {"关多久", MEASURE_PENALTY, "有期徒刑"},
    {"关几年", MEASURE_PENALTY, "有期徒刑"},
    {"判多长", MEASURE_PENALTY, "有期徒刑"},
    {"怎么判刑", MEASURE_PENALTY, "有期徒刑"},
    {"几点", MEASURE_CLOCK, ""},
    {"限速", MEASURE_EXTENT, "公里"},
    {"时速", MEASURE_EXTENT, "公里"},
    {"多大比例", MEASURE_SHARE, ""},
    {"面积比例", MEASURE_SHARE, ""},
    {"多大面积", MEASURE_SHARE, ""},
    {"多少周岁", MEASURE_AGE, ""},
    {"几周岁", MEASURE_AGE, ""},
    {"多少岁", MEASURE_AGE, ""},
    {"几岁", MEASURE_AGE, ""},
    {"多大年龄", MEASURE_AGE, ""},
    {"多大年纪", MEASURE_AGE, ""},
    {"多大", MEASURE_AGE, ""},
    {"年龄是", MEASURE_AGE, ""},
    {"多少倍", MEASURE_TIMES, ""},
    {"几倍", MEASURE_TIMES, ""},
    {"多少钱", MEASURE_MONEY, ""},
    {"多少元", MEASURE_MONEY, ""},
    {"多少罚款", MEASURE_MONEY, ""},
    {"罚款多少", MEASURE_MONEY, ""},
    {"罚多少", MEASURE_MONEY, ""},
    {"罚款金额", MEASURE_MONEY, ""},
    {"罚款数额", MEASURE_MONEY, ""},
    {"最低注册资本", MEASURE_MONEY, ""},
    {"多少平方米", MEASURE_EXTENT, "平方米"},
    {"多少平米", MEASURE_EXTENT, "平方米"},
    {"几平方米", MEASURE_EXTENT, "平方米"},
    {"多少亩", MEASURE_EXTENT, "亩"},
    {"几亩", MEASURE_EXTENT, "亩"},
    {"多少公顷", MEASURE_EXTENT, "公顷"},
    {"多少公里", MEASURE_EXTENT, "公里"},
    {"几公里", MEASURE_EXTENT, "公里"},
    {"多少海里", MEASURE_EXTENT, "海里"},
    {"几海里", MEASURE_EXTENT, "海里"},
    {"多少米", MEASURE_EXTENT, "米"},
    {"几米", MEASURE_EXTENT, "米"},
    {"多少厘米", MEASURE_EXTENT, "厘米"},
    {"几厘米", MEASURE_EXTENT, "厘米"},
    {"多少毫升", MEASURE_EXTENT, "毫升"},
    {"多少公斤", MEASURE_EXTENT, "公斤"},
    {"几公斤", MEASURE_EXTENT, "公斤"},
    {"多少千克", MEASURE_EXTENT, "千克"},
    {"多少吨", MEASURE_EXTENT, "吨"},
    {"几吨", MEASURE_EXTENT, "吨"},
    {"多少克", MEASURE_EXTENT, "克"},
    {"几克", MEASURE_EXTENT, "克"},
    {"多少分贝", MEASURE_EXTENT, "分贝"},
    {"多少千瓦", MEASURE_EXTENT, "千瓦"},
    {"多远", MEASURE_EXTENT, ""},
    {"多宽", MEASURE_EXTENT, ""},
    {"多高", MEASURE_EXTENT, ""},
    {"多重", MEASURE_EXTENT, ""},
    {"多深", MEASURE_EXTENT, ""},
    {"多少注册资本", MEASURE_MONEY, ""},
    {"多少资本", MEASURE_MONEY, ""},
    {"多少资金", MEASURE_MONEY, ""},
    {"多少本金", MEASURE_MONEY, ""},
    {"多少保证金", MEASURE_MONEY, ""},
    {"多少押金", MEASURE_MONEY, ""},
    {"人数上限", MEASURE_COUNT, "人"},
    {"人数下限", MEASURE_COUNT, "人"},
    {"人数限制", MEASURE_COUNT, "人"},
    {"人数要求", MEASURE_COUNT, "人"},
    {"百分之几", MEASURE_SHARE, ""},
    {"百分之多少", MEASURE_SHARE, ""},
    {"几个点", MEASURE_SHARE, ""},
    {"多少个点", MEASURE_SHARE, ""},
    {"税率", MEASURE_SHARE, ""},
    {"征收率", MEASURE_SHARE, ""},
    {"低于多少", MEASURE_SHARE, ""},
    {"高于多少", MEASURE_SHARE, ""},
    {"多少比例", MEASURE_SHARE, ""},
    {"什么比例", MEASURE_SHARE, ""},
    {"比例是", MEASURE_SHARE, ""},
    {"几分之几", MEASURE_SHARE, ""},
    {"多少票", MEASURE_SHARE, ""},
    {"几成", MEASURE_SHARE, ""},
    {"按多少", MEASURE_SHARE, ""},
    {"万分之几", MEASURE_SHARE, ""},
    {"千分之几", MEASURE_SHARE, ""},
    {"多少个工作日", MEASURE_DURATION, "工作日"},
    {"几个工作日", MEASURE_DURATION, "工作日"},
    {"多少天", MEASURE_DURATION, "日"},
    {"几天", MEASURE_DURATION, "日"},
    {"多少日", MEASURE_DURATION, "日"},
    {"几日", MEASURE_DURATION, "日"},
    {"多少个月", MEASURE_DURATION, "月"},
    {"几个月", MEASURE_DURATION, "月"},
    {"多少年", MEASURE_DURATION, "年"},
    {"几年", MEASURE_DURATION, "年"},
    {"多少小时", MEASURE_DURATION, "小时"},
    {"多少个小时", MEASURE_DURATION, "小时"},
    {"几个小时", MEASURE_DURATION, "小时"},
    {"几小时", MEASURE_DURATION, "小时"},
    {"多长时间", MEASURE_DURATION, ""},
    {"多长期限", MEASURE_DURATION, ""},
    {"多久", MEASURE_DURATION, ""},
    {"多长", MEASURE_DURATION, ""},
    {"时效", MEASURE_DURATION, ""},
    {"时限", MEASURE_DURATION, ""},
    {"多少时间", MEASURE_DURATION, ""},
    {"期限", MEASURE_DURATION, ""},
    {"期间", MEASURE_DURATION, ""},
    {"年限", MEASURE_DURATION, "年"},
    {"任期", MEASURE_DURATION, "年"},
    {"保护期", MEASURE_DURATION, "年"},
    {"有效期", MEASURE_DURATION, ""},
    {"how many days", MEASURE_DURATION, "day"},
    {"how many months", MEASURE_DURATION, "month"},
    {"how many years", MEASURE_DURATION, "year"},
    {"how many hours", MEASURE_DURATION, "hour"},
    {"how long", MEASURE_DURATION, ""},
    {"how old", MEASURE_AGE, ""},
};

/* Things that are counted: 几名, 多少人. */
static const char *const counters[] = {"人", "名", "次", "届", "位", "级", "份", "家", "票", "种"};

/* How people are counted, and how their names end. */
static const char *const people[] = {"人", "名", "位", "个"};
static const char *const roles[] = {"人", "员", "东", "事", "官", "代表", "孩", "子女"};

/* Questions that ask for the words, or for the article, though they speak of a term. */
static const char *const not_measures[] = {"原文",     "全文", "原话", "哪条",     "哪一条",
                                           "第几条",   "法条", "依据", "怎么规定", "如何规定",
                                           "什么规定", "内容", "哪些", "什么时候"};

static bool is_numeral(uint32_t c)
{
    static const uint32_t han[] = {0x96f6, 0x3007, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                   0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341,
                                   0x767e, 0x5343, 0x4e07, 0x4ebf, 0x4e24, 0x534a};
    for (size_t i = 0; i < CORE_COUNT(han); i++)
        if (han[i] == c)
            return true;
    return c >= '0' && c <= '9';
}

static size_t numeral_end(str text, size_t at)
{
    while (at < text.length) {
        uint32_t c;
        size_t n = utf8_decode(text.data + at, text.length - at, &c);
        if (!is_numeral(c))
            break;
        at += n;
    }
    return at;
}

static bool here(str text, size_t at, const char *word)
{
    return at <= text.length && str_starts(str_slice(text, at, text.length), str_from(word));
}

static bool before(str text, size_t at, const char *word)
{
    return str_ends(str_slice(text, 0, at), str_from(word));
}

static bool names_article(str question)
{
    for (size_t at = 0; at < question.length;) {
        size_t end = numeral_end(question, at);
        if (end > at && here(question, end, "条"))
            return true;
        uint32_t c;
        at = end > at ? end : at + utf8_decode(question.data + at, question.length - at, &c);
    }
    return false;
}

static bool asks_count(str question, measure_ask *out)
{
    static const char *const asks[] = {"多少", "几"};
    for (size_t a = 0; a < CORE_COUNT(asks); a++)
        for (size_t i = 0; i < CORE_COUNT(counters); i++)
            for (int pair = 0; pair < 2; pair++) {
                char text[24];
                int n =
                    snprintf(text, sizeof text, "%s%s%s", asks[a], pair ? "个" : "", counters[i]);
                size_t at = str_find(question, str_make(text, (size_t)n), 0);
                if (at == STR_NONE)
                    continue;
                *out = (measure_ask){MEASURE_COUNT, str_from(counters[i]), at, at + (size_t)n};
                return true;
            }
    return false;
}

static bool names_people(str text)
{
    for (size_t i = 0; i < CORE_COUNT(roles); i++)
        if (str_find(text, str_from(roles[i]), 0) != STR_NONE)
            return true;
    return false;
}

/* 几个发起人, 多少个股东; 发起人的上限是几个 */
static bool asks_people(str question, measure_ask *out)
{
    static const char *const asks[] = {"多少个", "几个", "多少位", "几位", "多少名", "几名"};
    enum { NAME = 12 };
    for (size_t i = 0; i < CORE_COUNT(asks); i++) {
        size_t at = str_find(question, str_from(asks[i]), 0), end = at + strlen(asks[i]);
        if (at == STR_NONE)
            continue;
        str tail = str_trim(str_slice(question, end, question.length));
        if (names_people(str_slice(question, end, end + NAME)) ||
            (tail.length <= 3 && names_people(str_slice(question, 0, at)))) {
            *out = (measure_ask){MEASURE_COUNT, STR("人"), at, end};
            return true;
        }
    }
    return false;
}

/* A term that is only spoken of (怀孕期间可以离婚吗) is not asked for. */
static bool only_named(str question, const measure_ask *ask)
{
    static const char *const asks[] = {"多", "几", "为", "是"};
    str words = str_slice(question, ask->start, ask->end);
    return str_find(question, STR("吗"), 0) != STR_NONE &&
           !str_holds_any(words, asks, CORE_COUNT(asks));
}

/* 几个孩子, 几处宅基地: what is counted is named behind; "几个月" and the like are other measures.
 */
static bool asks_things(str question, measure_ask *out)
{
    static const char *const asks[] = {"几个", "多少个", "几处", "多少处"};
    static const char *const other[] = {"月", "小时", "工作日", "钟头", "点",
                                        "条", "章",   "意思",   "方面", "法"};
    for (size_t i = 0; i < CORE_COUNT(asks); i++) {
        size_t at = str_find(question, str_from(asks[i]), 0), end = at + strlen(asks[i]);
        bool counts = at != STR_NONE && end < question.length;
        for (size_t k = 0; counts && k < CORE_COUNT(other); k++)
            counts = !here(question, end, other[k]);
        if (counts) {
            *out = (measure_ask){MEASURE_COUNT, str_slice(question, end - 3, end), at, end};
            return true;
        }
    }
    return false;
}

/* 成交价的多少: a share of it. */
static bool asks_part(str question, measure_ask *out)
{
    str part = STR("的多少");
    size_t at = str_find(question, part, 0), end = at + part.length;
    if (at == STR_NONE || question.length - end > strlen("？"))
        return false;
    *out = (measure_ask){MEASURE_SHARE, STR(""), at, end};
    return true;
}

bool measure_asked(str question, measure_ask *out)
{
    *out = (measure_ask){0};
    return !str_holds_any(question, not_measures, CORE_COUNT(not_measures)) &&
           measure_meant(question, out) && !only_named(question, out);
}

/* 法定年龄男的是多少: what is measured stands apart from the words that ask. */
static bool asks_apart(str question, measure_ask *out)
{
    static const cue of[] = {{"年龄", MEASURE_AGE, ""},   {"岁数", MEASURE_AGE, ""},
                             {"罚款", MEASURE_MONEY, ""}, {"金额", MEASURE_MONEY, ""},
                             {"数额", MEASURE_MONEY, ""}, {"注册资本", MEASURE_MONEY, ""},
                             {"比例", MEASURE_SHARE, ""}, {"天数", MEASURE_DURATION, "日"}};
    size_t asks = str_find(question, STR("多少"), 0);
    for (size_t i = 0; asks != STR_NONE && i < CORE_COUNT(of); i++)
        if (str_find(str_slice(question, 0, asks), str_from(of[i].text), 0) != STR_NONE) {
            *out = (measure_ask){of[i].kind, str_from(of[i].unit), asks, asks + strlen("多少")};
            return true;
        }
    return false;
}

/* "这几天", "过几年": some, not how many. */
static bool is_some(str question, size_t at)
{
    static const char *const ahead[] = {"这", "那", "好", "近"};
    if (!here(question, at, "几"))
        return false;
    for (size_t i = 0; i < CORE_COUNT(ahead); i++)
        if (before(question, at, ahead[i]))
            return true;
    return false;
}

bool measure_meant(str question, measure_ask *out)
{
    *out = (measure_ask){0};
    if (names_article(question))
        return false;
    for (size_t i = 0; i < CORE_COUNT(cues); i++) {
        size_t at = str_find(question, str_from(cues[i].text), 0);
        if (at == STR_NONE || is_some(question, at))
            continue;
        *out = (measure_ask){cues[i].kind, str_from(cues[i].unit), at, at + strlen(cues[i].text)};
        return true;
    }
    return asks_apart(question, out) || asks_people(question, out) || asks_count(question, out) ||
           asks_things(question, out) || asks_part(question, out);
}

/* --- values of a text --------------------------------------------------------------------------
 */
typedef struct value {
    size_t start, end;
    str unit;
    bool wanted_unit;
} value;

typedef struct unit {
    const char *text;
    measure_kind kind;
} unit;

static const unit units[] = {
    {"个工作日", MEASURE_DURATION}, {"个月", MEASURE_DURATION},    {"小时", MEASURE_DURATION},
    {"年", MEASURE_DURATION},       {"日", MEASURE_DURATION},      {"天", MEASURE_DURATION},
    {"时", MEASURE_CLOCK},          {"周岁", MEASURE_AGE},         {"岁", MEASURE_AGE},
    {"元", MEASURE_MONEY},          {"倍", MEASURE_TIMES},         {" days", MEASURE_DURATION},
    {" day", MEASURE_DURATION},     {" months", MEASURE_DURATION}, {" month", MEASURE_DURATION},
    {" years", MEASURE_DURATION},   {" year", MEASURE_DURATION},   {" hours", MEASURE_DURATION},
    {" hour", MEASURE_DURATION},    {" years", MEASURE_AGE},       {"平方米", MEASURE_EXTENT},
    {"平方公里", MEASURE_EXTENT},   {"立方米", MEASURE_EXTENT},    {"公里", MEASURE_EXTENT},
    {"千米", MEASURE_EXTENT},       {"海里", MEASURE_EXTENT},      {"厘米", MEASURE_EXTENT},
    {"毫米", MEASURE_EXTENT},       {"米", MEASURE_EXTENT},        {"公顷", MEASURE_EXTENT},
    {"亩", MEASURE_EXTENT},         {"毫升", MEASURE_EXTENT},      {"升", MEASURE_EXTENT},
    {"公斤", MEASURE_EXTENT},       {"千克", MEASURE_EXTENT},      {"吨", MEASURE_EXTENT},
    {"克", MEASURE_EXTENT},         {"分贝", MEASURE_EXTENT},      {"千瓦", MEASURE_EXTENT},
};

/* The end of the unit behind a number, or 0. */
static size_t unit_end(const measure_ask *ask, str text, size_t at, str *found)
{
    if (ask->kind == MEASURE_COUNT) {
        if (str_equal(ask->unit, STR("个")) &&
            (here(text, at, "个月") || here(text, at, "个工作日") || here(text, at, "个小时")))
            return 0;
        size_t from = here(text, at, "个") && !str_equal(ask->unit, STR("个")) ? at + 3 : at;
        *found = ask->unit;
        for (size_t i = 0; str_equal(ask->unit, STR("人")) && i < CORE_COUNT(people); i++)
            if (here(text, at, people[i]) && !here(text, at, "个月") &&
                !here(text, at, "个工作日")) {
                if (here(text, at, "个") || here(text, at, "位")) /* of whatever stands behind */
                    *found = STR("");
                return at + strlen(people[i]);
            }
        return str_starts(str_slice(text, from, text.length), ask->unit) ? from + ask->unit.length
                                                                         : 0;
    }
    measure_kind kind = ask->kind == MEASURE_PENALTY ? MEASURE_DURATION : ask->kind;
    for (size_t i = 0; i < CORE_COUNT(units); i++)
        if (units[i].kind == kind && here(text, at, units[i].text)) {
            *found = str_from(units[i].text);
            return at + found->length;
        }
    return 0;
}

/* Is the number a part of a date or an ordinal? */
static bool is_ordinal(str text, size_t start, size_t end, size_t behind)
{
    bool digits = text.data[start] >= '0' && text.data[start] <= '9';
    return before(text, start, "第") || before(text, start, "月") ||
           (digits && end - start >= 4 && here(text, end, "年")) ||
           (here(text, end, "年") && numeral_end(text, behind) > behind &&
            here(text, numeral_end(text, behind), "月"));
}

/* 三分之二, 百分之五: the end, or 0. */
static size_t share_end(str text, size_t end)
{
    size_t from = end + strlen("分之"), last;
    if (here(text, end, "%") || here(text, end, "％"))
        return here(text, end, "%") ? end + 1 : end + strlen("％");
    if (!here(text, end, "分之") || (last = numeral_end(text, from)) == from)
        return 0;
    return last;
}

/* A range (A以上B以下, A至B), and the bound of a fine or a penalty, belong to the value. */
static size_t with_range(const measure_ask *ask, str text, size_t end)
{
    static const char *const joins[] = {"以上", "至"};
    for (size_t i = 0; i < CORE_COUNT(joins); i++) {
        size_t from = end + strlen(joins[i]), number;
        str ignored;
        if (!here(text, end, joins[i]) || (number = numeral_end(text, from)) == from)
            continue;
        size_t last = ask->kind == MEASURE_SHARE ? share_end(text, number)
                                                 : unit_end(ask, text, number, &ignored);
        if (last > 0)
            return here(text, last, "以下") ? last + strlen("以下") : last;
    }
    bool bounded =
        ask->kind == MEASURE_PENALTY || ask->kind == MEASURE_MONEY || ask->kind == MEASURE_TIMES;
    if (bounded && (here(text, end, "以下") || here(text, end, "以上")))
        return end + strlen("以下");
    return end;
}

static bool penalty_of(const measure_ask *ask, str text, size_t *end)
{
    if (ask->kind != MEASURE_PENALTY)
        return true;
    if (!str_starts(str_slice(text, *end, text.length), ask->unit))
        return false;
    /* What a prisoner gets is named with the years; detention is what was asked about. */
    if (str_equal(ask->unit, STR("有期徒刑")))
        *end += ask->unit.length;
    return true;
}

static bool fits_unit(const measure_ask *ask, str found)
{
    if (str_empty(ask->unit) || ask->kind == MEASURE_PENALTY)
        return true;
    if (str_equal(ask->unit, STR("日")) && str_equal(found, STR("天")))
        return true;
    return str_find(found, ask->unit, 0) != STR_NONE;
}

/* The next value of the kind at or behind *at. */
static bool next_value(const measure_ask *ask, str text, size_t *at, value *out)
{
    while (*at < text.length) {
        size_t start = *at, end = numeral_end(text, start), last;
        uint32_t c;
        if (end == start) {
            *at += utf8_decode(text.data + start, text.length - start, &c);
            continue;
        }
        *at = end;
        *out = (value){.start = start};
        size_t from = here(text, end, "至") ? numeral_end(text, end + 3) : end; /* 一至二人 */
        end = from > end + 3 ? from : end;
        last = ask->kind == MEASURE_SHARE ? share_end(text, end)
                                          : unit_end(ask, text, end, &out->unit);
        if (last == 0 || is_ordinal(text, start, end, last))
            continue;
        out->end = with_range(ask, text, last);
        if (!penalty_of(ask, text, &out->end))
            continue;
        out->wanted_unit = fits_unit(ask, out->unit);
        *at = out->end;
        return true;
    }
    return false;
}

bool measure_has(const measure_ask *ask, str text)
{
    size_t at = 0;
    value ignored;
    return next_value(ask, text, &at, &ignored);
}

/* --- which of them -----------------------------------------------------------------------------
 */
static size_t span_start(str text, size_t at, bool clause)
{
    static const char *const stops[] = {"。", "；", "\n", "，", "："};
    size_t n = clause ? 5 : 3;
    while (at > 0) {
        for (size_t i = 0; i < n; i++)
            if (before(text, at, stops[i]))
                return at;
        at--;
    }
    return 0;
}

static size_t span_end(str text, size_t at, bool clause)
{
    static const char *const stops[] = {"。", "；", "\n", "，", "："};
    size_t n = clause ? 5 : 3;
    for (; at < text.length; at++)
        for (size_t i = 0; i < n; i++)
            if (here(text, at, stops[i]))
                return at;
    return text.length;
}

/* The share of the question's pairs of characters that the span says; synonyms weigh less. */
static double shared(const measure_ask *ask, str words, str span, bool skip, double weight)
{
    double found = 0;
    for (size_t i = 0; i < words.length;) {
        uint32_t c, d;
        size_t one = utf8_decode(words.data + i, words.length - i, &c);
        bool inside = skip && ask->start <= i && i < ask->end;
        if (i + one < words.length && !inside && c > 0x7f) {
            size_t two = utf8_decode(words.data + i + one, words.length - i - one, &d);
            str pair = str_slice(words, i, i + one + two);
            if (d > 0x7f && str_find(span, pair, 0) != STR_NONE)
                found += weight;
        }
        i += one;
    }
    return found;
}

/* What the span says of further words: a long one tells no more than a short one. */
static double shared_words(const measure_ask *ask, str words, str span)
{
    enum { TELLS = 2 };
    double found = 0;
    str word;
    while (str_split(&words, ' ', &word)) {
        double pairs = word.length >= 6 ? (double)(word.length / 3 - 1) : 0;
        if (pairs > 0)
            found += shared(ask, word, span, false, 0.6) * fmin(pairs, TELLS) / pairs;
    }
    return found;
}

/* Words of graver and lighter cases that the question does not speak of. */
static double foreign_cases(str question, str span)
{
    static const char *const cases[] = {"严重", "较轻", "特别", "巨大", "除外", "延长", "另有"};
    double n = 0;
    for (size_t i = 0; i < CORE_COUNT(cases); i++)
        n += str_find(span, str_from(cases[i]), 0) != STR_NONE &&
             str_find(question, str_from(cases[i]), 0) == STR_NONE;
    return n;
}

/* "The term is ten years" says it outright; "later than twenty years" is an exception. */
static double said_outright(str text, size_t at)
{
    static const char *const limits[] = {"不超过",   "不得超过", "不能超过", "不得少于",
                                         "不能少于", "不少于",   "不低于",   "届"};
    for (size_t i = 0; i < CORE_COUNT(limits); i++)
        if (before(text, at, limits[i]))
            return 0.6;
    if (before(text, at, "不受"))
        return -3;
    return before(text, at, "为") ? 1.2 : before(text, at, "超过") ? -1 : 0;
}

/* The two characters before the words that ask, and those behind them, stand close to the value in
 * the text too (折抵几天 and 折抵刑期二日). */
static double anchored(const measure_ask *ask, str question, str text, const value *v)
{
    enum { TWO = 6, NEAR = 18 };
    static const char *const bounds[] = {"最长", "最多", "最少", "最高", "最低", "至少", "要",
                                         "得",   "是",   "为",   "的",   "满",   "过",   "于"};
    size_t end = ask->start;
    double found = 0;
    for (size_t i = 0; i < CORE_COUNT(bounds); i++)
        if (before(question, end, bounds[i]))
            end -= strlen(bounds[i]);
    size_t from = v->start > NEAR ? v->start - NEAR : 0;
    size_t to = v->end + NEAR < text.length ? v->end + NEAR : text.length;
    if (end >= TWO && str_find(str_slice(text, from, v->start), str_slice(question, end - TWO, end),
                               0) != STR_NONE)
        found += 1.5;
    if (ask->end + TWO <= question.length &&
        str_find(str_slice(text, v->end, to), str_slice(question, ask->end, ask->end + TWO), 0) !=
            STR_NONE)
        found += 1;
    return found;
}

/* 一年以上不满三年的，: a case, not what is ruled for it. */
static bool tells_case(const measure_ask *ask, str text, const value *v)
{
    size_t end = span_end(text, v->end, true);
    return ask->kind == MEASURE_DURATION && before(text, end, "的") &&
           (here(text, v->end, "以上") || here(text, v->end, "不") ||
            before(text, v->start, "不满") || before(text, v->start, "不足"));
}

/* The cases that are told before the value (情况紧急的，...), as far as the question speaks of
 * them: one that it names is its own, one that it does not is another's. */
static double condition_fit(str question, str text, const value *v)
{
    size_t from = span_start(text, v->start, false), end = span_start(text, v->start, true);
    double fit = 0;
    while (from < end) {
        size_t stop = span_end(text, from, true);
        str part = str_slice(text, from, stop < end ? stop : end);
        double pairs = 0, found = 0;
        for (size_t i = 0; str_ends(part, STR("的")) && i + 9 <= part.length; i += 3) {
            pairs++;
            found += str_find(question, str_slice(part, i, i + 6), 0) != STR_NONE;
        }
        if (pairs > 0)
            fit += found / pairs >= 0.5 ? 4 * found / pairs : found > 0 ? 0 : -0.5;
        from = stop + 3;
    }
    return fit;
}

/* Men and women: one character that decides whose measure it is. */
static double whose(str question, str clause)
{
    static const char *const of[][2] = {{"男", "女"}, {"女", "男"}};
    for (size_t i = 0; i < CORE_COUNT(of); i++) {
        bool asked = str_find(question, str_from(of[i][0]), 0) != STR_NONE &&
                     str_find(question, str_from(of[i][1]), 0) == STR_NONE;
        if (asked && str_find(clause, str_from(of[i][0]), 0) != STR_NONE)
            return 2;
        if (asked && str_find(clause, str_from(of[i][1]), 0) != STR_NONE)
            return -2;
    }
    return 0;
}

/* 1: the most is asked for (at most, the longest), -1: the least, 0: neither. */
static int extreme(str question)
{
    static const char *const most[] = {"最长", "最多", "最高", "最大", "上限", "封顶"};
    static const char *const least[] = {"最短", "最少", "最低", "至少", "起码", "下限"};
    bool up = str_holds_any(question, most, CORE_COUNT(most));
    bool down = str_holds_any(question, least, CORE_COUNT(least));
    return up == down ? 0 : up ? 1 : -1;
}

static double size_of(str written)
{
    kg_value v;
    size_t start, end;
    return kg_value_find(written, 0, &v, &start, &end) ? (v.low + v.high) / 2 : 0;
}

/* 最长 and 不得超过, 最短 and 不能少于: bounds of the way that is asked for. */
static double bounded_so(str text, size_t at, int sign)
{
    static const char *const above[] = {"超过",   "最长",   "最高",  "最多",
                                        "最长为", "最高为", "最多为"};
    static const char *const below[] = {"少于", "低于", "至少", "最短", "最低", "最低为", "最短为"};
    double found = 0;
    for (size_t i = 0; sign > 0 && i < CORE_COUNT(above); i++)
        found = before(text, at, above[i]) ? 1 : found;
    for (size_t i = 0; sign < 0 && i < CORE_COUNT(below); i++)
        found = before(text, at, below[i]) ? 2 : found;
    return found;
}

typedef struct scored {
    value at;
    double score, size, clause; /* clause: what it shares with the question */
    bool given;                 /* the question says it itself */
} scored;

enum { SCORED = 64 };

/* What the question says itself, or what only tells the case, is not what it asks for. */
#define GIVEN 20
#define CASE 6

/* Of the values that speak of the same thing as the best, the greatest or the least. */
static size_t most_extreme(const scored *all, size_t count, size_t best, int sign)
{
    size_t chosen = best;
    for (size_t i = 0; i < count; i++) {
        bool same = !all[i].given && all[i].clause >= all[best].clause - 0.5 &&
                    all[i].score > all[best].score - 4 &&
                    str_equal(all[i].at.unit, all[best].at.unit);
        if (same && sign * all[i].size > sign * all[chosen].size)
            chosen = i;
    }
    return chosen;
}

/* Where what is said of the value begins: at its sentence, or behind the value before it that is
 * ruled for another case. */
static size_t case_start(const measure_ask *ask, const scored *all, size_t count, str text,
                         const value *v)
{
    size_t from = span_start(text, v->start, false);
    while (count > 0 && tells_case(ask, text, &all[count - 1].at))
        count--;
    return count > 0 && all[count - 1].at.end > from ? all[count - 1].at.end : from;
}

/* Where the most or the least is asked for, a bound of that way in the sentence of the best. */
static size_t bound_beside(const scored *all, size_t count, size_t best, str text, int sign)
{
    size_t from = span_start(text, all[best].at.start, false);
    size_t to = span_end(text, all[best].at.end, false);
    if (sign == 0 || bounded_so(text, all[best].at.start, sign) > 0)
        return best;
    for (size_t i = 0; i < count; i++)
        if (all[i].at.start >= from && all[i].at.end <= to &&
            str_equal(all[i].at.unit, all[best].at.unit) &&
            bounded_so(text, all[i].at.start, sign) > 0)
            return i;
    return best;
}

bool measure_find(const measure_ask *ask, str question, str more, str text, measure_found *out)
{
    size_t at = 0, count = 0, best = 0;
    const int sign = extreme(question);
    scored all[SCORED];
    value v;
    while (count < SCORED && next_value(ask, text, &at, &v)) {
        str clause = str_slice(text, span_start(text, v.start, true), span_end(text, v.end, true));
        /* Cases are told before their value; what follows (但合同另有约定的除外) is another. */
        str upto = str_slice(text, span_start(text, v.start, false), span_end(text, v.end, true));
        str sentence =
            str_slice(text, span_start(text, v.start, false), span_end(text, v.end, false));
        scored *s = &all[count];
        *s = (scored){.at = v, .size = size_of(str_slice(text, v.start, v.end))};
        s->clause = shared(ask, question, clause, true, 1) + shared_words(ask, more, clause);
        s->score = s->clause + whose(question, clause);
        if (ask->kind != MEASURE_AGE)
            s->score += value_case_fit(
                question, str_slice(text, case_start(ask, all, count, text, &v), v.start));
        s->score +=
            0.7 * (shared(ask, question, sentence, true, 1) + shared_words(ask, more, sentence));
        s->score += (v.wanted_unit ? 1.5 : 0) + said_outright(text, v.start);
        s->score += bounded_so(text, v.start, sign);
        s->score += anchored(ask, question, text, &v) + condition_fit(question, text, &v);
        s->score -= 0.8 * foreign_cases(question, upto) + 0.4 * (double)count;
        s->given = str_find(question, str_slice(text, v.start, v.end), 0) != STR_NONE;
        s->score -= (s->given ? GIVEN : 0) + (tells_case(ask, text, &v) ? CASE : 0);
        best = s->score > all[best].score ? count : best;
        count++;
    }
    if (count == 0)
        return false;
    double score = all[best].score;
    best = bound_beside(all, count, best, text, sign);
    best = sign == 0 || bounded_so(text, all[best].at.start, sign) > 1
               ? best
               : most_extreme(all, count, best, sign);
    v = all[best].at;
    *out = (measure_found){
        str_slice(text, v.start, v.end),
        str_trim(str_slice(text, span_start(text, v.start, false), span_end(text, v.end, false))),
        !v.wanted_unit, score};
    return true;
}

/* 男不得早于二十二周岁，女不得早于二十周岁 */
static bool tells_apart(const measure_ask *ask, str question, str sentence)
{
    str man = STR("男"), woman = STR("女");
    bool asked = str_find(question, man, 0) != STR_NONE;
    size_t at = 0, men = 0, women = 0;
    value v;
    if (asked != (str_find(question, woman, 0) != STR_NONE))
        return false;
    while (next_value(ask, sentence, &at, &v)) {
        str clause = str_slice(sentence, span_start(sentence, v.start, true), v.start);
        men += str_find(clause, man, 0) != STR_NONE;
        women += str_find(clause, woman, 0) != STR_NONE;
    }
    return men > 0 && women > 0;
}

size_t measure_find_all(const measure_ask *ask, str question, str more, str text, str *out,
                        size_t most)
{
    static const char *const each[] = {"分别", "各是", "各为", "各多少", "各几", "各需", "各要"};
    measure_found best;
    size_t at = 0, n = 0;
    value v;
    if (most == 0 || !measure_find(ask, question, more, text, &best))
        return 0;
    out[0] = best.value;
    if (!str_holds_any(question, each, CORE_COUNT(each)) &&
        !tells_apart(ask, question, best.sentence))
        return 1;
    while (n < most && next_value(ask, best.sentence, &at, &v))
        if (v.wanted_unit)
            out[n++] = str_slice(best.sentence, v.start, v.end);
    return n > 0 ? n : 1;
}
