/* See yes_no.h. */
#include "fusion/yes_no.h"

#include "core/utf8.h"
#include "fusion/align.h"
#include "kg/store.h"

static bool drop_end(str *text, const char *end)
{
    str tail = str_from(end);
    if (!str_ends(*text, tail))
        return false;
    *text = str_trim(str_slice(*text, 0, text->length - tail.length));
    return true;
}

/* Question marks and particles at the end; true when one of them asks yes or no. */
static bool drop_tail(str *text)
{
    static const char *const marks[] = {"?", "？", "。", "呢", "啊", "呀", "吧", " "};
    static const char *const asks[] = {"是吗", "对吗",   "行吗",   "可以吗", "吗",    "么",
                                       "嘛",   "行不行", "可以不", "对不对", "是不是"};
    bool asked = false;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < CORE_COUNT(marks); i++)
            more = drop_end(text, marks[i]) || more;
        for (size_t i = 0; i < CORE_COUNT(asks) && !asked; i++)
            if (!str_ends(*text, STR("什么")) && !str_ends(*text, STR("怎么")) &&
                drop_end(text, asks[i]))
                asked = more = true;
    }
    return asked;
}

str yes_no_claim(str question, arena *a)
{
    static const char *const forms[][2] = {
        {"能不能够", "能够"}, {"能不能", "能"},     {"可不可以", "可以"}, {"是不是", "是"},
        {"要不要", "要"},     {"需不需要", "需要"}, {"会不会", "会"},     {"有没有权", "有权"},
        {"算不算", "算"},     {"是否", ""},         {"能否", "能"},       {"可否", "可以"},
        {"应否", "应当"},     {"该不该", "应该"}};
    str text = kg_normalise(question, a);
    bool asked = drop_tail(&text);
    buf out = {0};
    for (size_t i = 0; i < text.length;) {
        size_t n = 0;
        for (size_t k = 0; k < CORE_COUNT(forms) && n == 0; k++)
            if (str_starts(str_slice(text, i, text.length), str_from(forms[k][0]))) {
                n = strlen(forms[k][0]);
                buf_add_cstr(&out, forms[k][1]);
                asked = true;
            }
        if (n == 0) {
            uint32_t c;
            n = utf8_decode(text.data + i, text.length - i, &c);
            buf_add(&out, str_slice(text, i, i + n));
        }
        i += n;
    }
    str claim = asked && !out.failed ? arena_str(a, buf_str(&out)) : str_make(NULL, 0);
    buf_free(&out);
    return claim.length <= CLAIMS_MAX_BYTES ? claim : str_make(NULL, 0);
}

static yes_no by_piece(const align_result *r)
{
    double content = r->said + r->left;
    if (r->said < 4 || r->said < 0.7 * content || r->apart)
        return YES_NO_UNSAID;
    if (r->denied)
        return YES_NO_NO;
    return r->numbers == ALIGN_OTHER || r->numbers == ALIGN_ABSENT ? YES_NO_UNSAID : YES_NO_YES;
}

/* --- by what a sentence forbids or allows ------------------------------------------------------
 */
static bool denies(str text)
{
    static const char *const bounds[] = {"不得超过", "不得少于", "不得低于", "不得高于",
                                         "不得早于", "不得迟于", "不得多于"};
    static const char *const words[] = {"不得",   "不适用", "禁止",   "不能",   "不予",   "不可以",
                                        "无效",   "不承担", "不负",   "无权",   "不享有", "不准",
                                        "不应当", "不构成", "不承认", "不受理", "不视为", "不属于"};
    return str_holds_any(text, words, CORE_COUNT(words)) &&
           !str_holds_any(text, bounds, CORE_COUNT(bounds));
}

static bool allows(str text)
{
    static const char *const words[] = {"可以", "有权", "应当", "必须",   "享有",  "承担",
                                        "有效", "属于", "视为", "的权利", "的义务"};
    return str_holds_any(text, words, CORE_COUNT(words));
}

/* 应当承担侵权责任, 处五千元以下罚款: what is punished may not be done. */
static bool punishes(str text)
{
    static const char *const words[] = {"责任", "罚款", "处分", "处罚", "拘留", "徒刑", "责令"};
    return str_holds_any(text, words, CORE_COUNT(words));
}

/* The share of the claim's characters, small words left out, that the sentence says. */
static double share_of(str claim, str sentence)
{
    static const char small[] = "的了吗呢能可以会要有在是被把和与或也都还就到给对于里上中其各该";
    double all = 0, found = 0;
    for (size_t i = 0; i < claim.length;) {
        uint32_t c;
        size_t n = utf8_decode(claim.data + i, claim.length - i, &c);
        str one = str_slice(claim, i, i + n);
        if (utf8_is_han(c) && str_find(STR(small), one, 0) == STR_NONE) {
            all++;
            found += str_find(sentence, one, 0) != STR_NONE;
        }
        i += n;
    }
    return all > 0 ? found / all : 0;
}

/* The sentence that says most of the claim, an item of a list with the words that lead it. */
static str best_sentence(str claim, str article, arena *a, double *share)
{
    str rest = article, line, best = {0}, lead = {0};
    *share = 0;
    while (str_split(&rest, '\n', &line)) {
        bool item = str_starts(line, STR("（"));
        lead = item ? lead : (str){0};
        for (size_t start = 0, end; start < line.length; start = end) {
            end = str_find(line, STR("。"), start);
            end = end == STR_NONE ? line.length : end + 3;
            str sentence = str_slice(line, start, end);
            if (item && !str_empty(lead))
                sentence = str_from(arena_printf(a, "%.*s%.*s", STR_ARG(lead), STR_ARG(sentence)));
            double said = share_of(claim, sentence);
            if (said > *share) {
                *share = said;
                best = sentence;
            }
            if (!item)
                lead = str_slice(line, start, end);
        }
    }
    return best;
}

/* Without its exception (；但是，能够证明…的，不承担责任), where what is left still says the claim.
 */
static str without_exception(str claim, str sentence, double least)
{
    static const char *const marks[] = {"；但是", "，但是", "；但", "，但"};
    for (size_t i = 0; i < CORE_COUNT(marks); i++) {
        size_t at = str_find(sentence, str_from(marks[i]), 0);
        if (at != STR_NONE && share_of(claim, str_slice(sentence, 0, at)) >= least)
            return str_slice(sentence, 0, at);
    }
    return sentence;
}

/* 视为有利息 and 视为没有利息: the last thing that the claim has, the sentence has not. */
static bool lacks_it(str claim, str sentence, arena *a)
{
    size_t at = STR_NONE;
    for (size_t next = 0; (next = str_find(claim, STR("有"), next)) != STR_NONE; next += 3)
        if (!str_ends(str_slice(claim, 0, next), STR("没")) &&
            !str_ends(str_slice(claim, 0, next), STR("具")))
            at = next;
    str thing = at == STR_NONE ? str_make(NULL, 0) : str_slice(claim, at + 3, claim.length);
    if (thing.length < 6 || thing.length > 12)
        return false;
    str none = str_from(arena_printf(a, "没有%.*s", STR_ARG(thing)));
    return str_find(sentence, none, 0) != STR_NONE;
}

/* Some sentence that says more than half of the claim punishes it. */
static bool punished_somewhere(str claim, str article)
{
    str rest = article, line;
    while (str_split(&rest, '\n', &line))
        for (size_t start = 0, end; start < line.length; start = end) {
            end = str_find(line, STR("。"), start);
            end = end == STR_NONE ? line.length : end + 3;
            str sentence = str_slice(line, start, end);
            if (punishes(sentence) && share_of(claim, sentence) >= 0.55)
                return true;
        }
    return false;
}

/* Statutes say in other words what is asked about; what they forbid or allow tells. */
static yes_no by_duty(str claim, str article, arena *a)
{
    enum { LEAST_PERCENT = 65 };
    static const char *const denials[] = {"不", "没", "无", "非", "未", "禁止", "拒"};
    double share;
    str sentence = best_sentence(claim, article, a, &share);
    if (share * 100 < LEAST_PERCENT)
        return YES_NO_UNSAID;
    if (lacks_it(claim, sentence, a))
        return YES_NO_NO;
    if (str_holds_any(claim, denials, CORE_COUNT(denials)))
        return YES_NO_UNSAID;
    sentence = without_exception(claim, sentence, LEAST_PERCENT / 100.0);
    static const char *const may[] = {"可以", "能", "准许", "允许"};
    if (str_holds_any(claim, may, CORE_COUNT(may)) && !punishes(claim) &&
        punished_somewhere(claim, article))
        return YES_NO_NO;
    return denies(sentence) ? YES_NO_NO : allows(sentence) ? YES_NO_YES : YES_NO_UNSAID;
}

static yes_no by_alignment(const glue *g, str claim, str article, arena *a)
{
    claims_clause *clause = ARENA_NEW(a, claims_clause);
    align_text *cut = ARENA_NEW(a, align_text);
    unsigned char *known = arena_alloc(a, claim.length + 1);
    if (clause == NULL || cut == NULL || known == NULL || str_empty(claim))
        return YES_NO_UNSAID;
    memset(known, 0, claim.length + 1);
    *clause = (claims_clause){.text = claim, .zh = true};
    claims_value v;
    for (size_t at = 0; clause->value_count < CLAIMS_VALUES && claims_next_value(claim, at, &v);
         at = v.end)
        clause->values[clause->value_count++] = v;
    align_cut(kg_normalise(article, a), str_make(NULL, 0), cut);
    align_result best = {0};
    for (size_t i = 0; i < align_segments(cut); i++) {
        const align_clause one = {clause, known};
        align_result r;
        align_lay(g, str_make(NULL, 0), &one, cut, i, &r);
        if (r.said - r.left > best.said - best.left || i == 0)
            best = r;
    }
    return by_piece(&best);
}

static str with_replaced(str text, str word, str by, arena *a)
{
    size_t at = str_find(text, word, 0);
    const char *made = arena_printf(a, "%.*s%.*s%.*s", STR_ARG(str_slice(text, 0, at)), STR_ARG(by),
                                    STR_ARG(str_slice(text, at + word.length, text.length)));
    return made == NULL ? text : str_from(made);
}

/* The first word of the line that the article holds; empty = none. */
static str word_of_text(str words, str article)
{
    str word;
    while (str_split(&words, ' ', &word))
        if (word.length >= 6 && str_find(article, word, 0) != STR_NONE)
            return word;
    return (str){0};
}

/* The claim with the article's own words for everyday ones that it does not hold. */
static str in_words_of(str article, str claim, str synonyms, arena *a)
{
    str line, everyday, word;
    while (str_split(&synonyms, '\n', &line)) {
        if (str_empty(line) || line.data[0] == '#' || !str_split(&line, '\t', &everyday))
            continue;
        while (str_split(&everyday, ';', &word)) {
            word = str_trim(word);
            if (word.length < 6 || str_find(claim, word, 0) == STR_NONE ||
                str_find(article, word, 0) != STR_NONE)
                continue;
            str by = word_of_text(str_trim(line), article);
            if (!str_empty(by))
                claim = with_replaced(claim, word, by, a);
        }
    }
    return claim;
}

yes_no yes_no_by(const glue *g, str synonyms, str claim, str article, arena *a)
{
    if (str_empty(claim))
        return YES_NO_UNSAID;
    claim = in_words_of(article, claim, synonyms, a);
    yes_no told = by_duty(kg_normalise(claim, a), article, a);
    return told == YES_NO_UNSAID ? by_alignment(g, claim, article, a) : told;
}
