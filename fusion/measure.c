/* See measure.h. */
#include "fusion/measure.h"

#include "core/compiler.h"
#include "core/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define NUMERAL "(?:[0-9][0-9,.]*|[零〇一二三四五六七八九十百千万亿两]+)"
#define UNIT "(?:个?月|年|日|天|周岁|岁|小时|倍|万元|元|届|次|days?|months?|years?|hours?)"

/* "十日以上十五日以下", "三年以上十年以下有期徒刑", "百分之二十", "30 days" */
static const char measure_pattern[] = "(?:百分之" NUMERAL "|" NUMERAL "\\s?%|" NUMERAL "\\s?" UNIT
                                      "(?:以上" NUMERAL "\\s?" UNIT "以下)?(?:有期徒刑)?)";

static const char asked_pattern[] =
    "(多少|几)(个?月|天|日|年|周岁|岁|小时|倍|元|钱|百分|届)|多久|多长|多大|期限|年限|时效|任期|"
    "有效期|(判|罚|关|拘留)(多少|几)|最迟|最长|最多|最低|提前|\\bhow (long|old|many "
    "(days|months|years))\\b";

static const char article_pattern[] =
    "哪(一|几)?条|第几条|几条|法条|依据是|哪部法|\\bwhich article\\b";

static bool find(const char *pattern, str text, size_t from, size_t *start, size_t *end)
{
    int code;
    PCRE2_SIZE offset;
    bool found = false;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                   PCRE2_UTF | PCRE2_CASELESS, &code, &offset, NULL);
    pcre2_match_data *data = re == NULL ? NULL : pcre2_match_data_create(1, NULL);
    if (data != NULL && text.data != NULL && from <= text.length &&
        pcre2_match(re, (PCRE2_SPTR)text.data, text.length, from, PCRE2_NO_UTF_CHECK, data, NULL) >=
            0) {
        *start = pcre2_get_ovector_pointer(data)[0];
        *end = pcre2_get_ovector_pointer(data)[1];
        found = *end > *start;
    }
    pcre2_match_data_free(data);
    pcre2_code_free(re);
    return found;
}

bool measure_asks_article(str question)
{
    size_t start, end;
    return utf8_valid(question.data, question.length) &&
           find(article_pattern, question, 0, &start, &end);
}

bool measure_asked(str question)
{
    size_t start, end;
    return utf8_valid(question.data, question.length) && !measure_asks_article(question) &&
           find(asked_pattern, question, 0, &start, &end);
}

/* Does the measure have the unit that the question names? 0 none named, 1 it has, -1 it has not. */
static int unit_fits(str question, str measure)
{
    static const struct {
        const char *asked, *unit, *other;
    } units[] = {{"天", "日", "天"},     {"日", "日", "天"},   {"岁", "岁", "岁"},
                 {"多大", "岁", "岁"},   {"个月", "月", "月"}, {"几年", "年", "年"},
                 {"多少年", "年", "年"}, {"元", "元", "元"},   {"钱", "元", "元"},
                 {"倍", "倍", "倍"},     {"届", "届", "届"},   {"判", "年", "月"}};
    int fits = 0;
    for (size_t i = 0; i < CORE_COUNT(units); i++) {
        if (str_find(question, str_from(units[i].asked), 0) == STR_NONE)
            continue;
        if (str_find(measure, str_from(units[i].unit), 0) != STR_NONE ||
            str_find(measure, str_from(units[i].other), 0) != STR_NONE)
            return 1;
        fits = -1;
    }
    return fits;
}

/* Share of the question's character pairs that stand in the text. */
static double shared(str question, str text)
{
    size_t hits = 0, all = 0;
    for (size_t i = 0; i < question.length;) {
        uint32_t c;
        size_t one = utf8_decode(question.data + i, question.length - i, &c), two = 0;
        if (i + one < question.length)
            two = utf8_decode(question.data + i + one, question.length - i - one, &c);
        all++;
        hits += two > 0 && str_find(text, str_slice(question, i, i + one + two), 0) != STR_NONE;
        i += one;
    }
    return all == 0 ? 0 : (double)hits / (double)all;
}

static bool ends_part(uint32_t c)
{
    return c == 0x3002 || c == 0xff1b || c == '\n' || c == '.';
}

str measure_find(str passage, str question)
{
    str best = {0};
    double most = -1;
    size_t start = 0, order = 0;
    if (!utf8_valid(passage.data, passage.length))
        return best;
    for (size_t i = 0; i < passage.length;) {
        uint32_t c;
        i += utf8_decode(passage.data + i, passage.length - i, &c);
        if (!ends_part(c) && i < passage.length)
            continue;
        str part = str_slice(passage, start, i);
        size_t from = 0, at, end;
        double overlap = shared(question, part) - 0.01 * (double)order++;
        for (size_t n = 0; find(measure_pattern, part, from, &at, &end); from = end, n++) {
            str found = str_slice(part, at, end);
            double score = overlap + 0.5 * unit_fits(question, found) - 0.02 * (double)n;
            if (score > most) {
                most = score;
                best = found;
            }
        }
        start = i;
    }
    return unit_fits(question, best) < 0 ? (str){0} : best;
}
