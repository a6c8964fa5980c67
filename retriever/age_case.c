/* See age_case.h. */
#include "retriever/age_case.h"

#include "core/compiler.h"
#include "kg/term.h"

typedef struct age {
    double low, high; /* 十六周岁至二十五周岁 */
    size_t start, end;
} age;

static bool next_age(str text, size_t *at, age *out)
{
    kg_value v;
    size_t start, end;
    while (*at < text.length && kg_value_find(text, *at, &v, &start, &end) && end > *at) {
        *at = end;
        if (!str_equal(v.unit, STR("year of age")))
            continue;
        *out = (age){v.low, v.high, start, end};
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

static bool is_under(str text, const age *a)
{
    static const char *const under[] = {"不满", "未满", "不足", "没满", "不到", "小于"};
    return is_before(text, a->start, under, CORE_COUNT(under)) ||
           str_starts(str_slice(text, a->end, text.length), STR("以下"));
}

/* An age for those whom the question speaks of; negative: it says none. */
static double asked_age(str question)
{
    static const struct {
        const char *word;
        double age;
    } people[] = {{"未成年", 10}, {"婴儿", 1},   {"小孩", 10}, {"孩子", 10},
                  {"儿童", 10},   {"小朋友", 8}, {"成年", 30}, {"成人", 30},
                  {"大人", 30},   {"老人", 70},  {"老年", 70}};
    size_t at = 0;
    age a;
    if (next_age(question, &at, &a))
        return is_under(question, &a) ? a.low - 1 : a.low;
    for (size_t i = 0; i < CORE_COUNT(people); i++)
        if (str_find(question, str_from(people[i].word), 0) != STR_NONE)
            return people[i].age;
    return -1;
}

double age_case_fit(str question, str condition)
{
    static const char *const from[] = {"已满", "年满", "满"};
    const double asked = asked_age(question);
    size_t at = 0, said = 0;
    bool holds = true;
    age a;
    while (asked >= 0 && next_age(condition, &at, &a)) {
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
