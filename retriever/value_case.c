/* See value_case.h. */
#include "retriever/value_case.h"

#include "core/compiler.h"
#include "kg/term.h"

typedef enum case_kind { BY_AGE, BY_TIME, BY_SUM, CASE_KINDS } case_kind;

typedef struct bound {
    double low, high; /* 十六周岁至二十五周岁 */
    size_t start, end;
} bound;

static bool is_of(case_kind kind, const kg_value *v)
{
    bool age = str_equal(v->unit, STR("year of age"));
    return kind == BY_AGE    ? age
           : kind == BY_TIME ? v->kind == KG_VALUE_DURATION && !age
                             : v->kind == KG_VALUE_MONEY;
}

static bool next_bound(case_kind kind, str text, size_t *at, bound *out)
{
    kg_value v;
    size_t start, end;
    while (*at < text.length && kg_value_find(text, *at, &v, &start, &end) && end > *at) {
        *at = end;
        if (!is_of(kind, &v))
            continue;
        *out = (bound){v.low, v.high, start, end};
        return true;
    }
    return false;
}

static bool is_before(str text, size_t at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_ends(str_slice(text, 0, at), str_from(words[i])))
            return true;
    return false;
}

static bool is_under(str text, const bound *a)
{
    static const char *const under[] = {"不满", "未满", "不足", "没满", "不到", "小于"};
    return is_before(text, a->start, under, CORE_COUNT(under)) ||
           str_starts(str_slice(text, a->end, text.length), STR("以下"));
}

/* An age for those whom the question speaks of; negative: it says none. */
static double age_of_people(str question)
{
    static const struct {
        const char *word;
        double age;
    } people[] = {{"未成年", 10}, {"婴儿", 1},   {"小孩", 10}, {"孩子", 10},
                  {"儿童", 10},   {"小朋友", 8}, {"成年", 30}, {"成人", 30},
                  {"大人", 30},   {"老人", 70},  {"老年", 70}};
    for (size_t i = 0; i < CORE_COUNT(people); i++)
        if (str_find(question, str_from(people[i].word), 0) != STR_NONE)
            return people[i].age;
    return -1;
}

/* What the question says of the kind; negative: nothing. */
static double asked_value(case_kind kind, str question)
{
    size_t at = 0;
    bound a;
    if (!next_bound(kind, question, &at, &a))
        return kind == BY_AGE ? age_of_people(question) : -1;
    return is_under(question, &a) ? a.low * 0.95 : a.low;
}

static double fit_by(case_kind kind, str question, str condition)
{
    static const char *const from[] = {"已满", "年满", "满"};
    const double asked = asked_value(kind, question);
    size_t at = 0, said = 0;
    bool holds = true;
    bound a;
    while (asked >= 0 && next_bound(kind, condition, &at, &a)) {
        if (is_under(condition, &a))
            holds = holds && asked < a.low;
        else if (a.high > a.low)
            holds = holds && a.low <= asked && asked <= a.high;
        else if (str_starts(str_slice(condition, a.end, condition.length), STR("以上")) ||
                 is_before(condition, a.start, from, CORE_COUNT(from)))
            holds = holds && asked >= a.low;
        else
            continue;
        said++;
    }
    return said == 0 ? 0 : holds ? 2.5 : -3;
}

double value_case_fit(str question, str condition)
{
    double fit = 0;
    for (int kind = 0; kind < CASE_KINDS && fit == 0; kind++)
        fit = fit_by((case_kind)kind, question, condition);
    return fit;
}
