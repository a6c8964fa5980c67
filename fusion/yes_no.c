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
    static const char *const asks[] = {"是吗",   "对吗",   "行吗",   "可以吗", "吗", "么", "嘛",
                                       "行不行", "可以不", "对不对", "是不是", "不", "没"};
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

static const char small[] = "的了吗呢能可以会要有在是被把和与或也都还就到给对于里上中其各该";

/* The share of the claim's characters, small words left out, that the sentence says. */
static double share_of(str claim, str sentence)
{
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

/* Behind the next full stop, or semicolon: 必须免费进行检查；不符合条件的，不得采集 are two
 * rulings. */
static size_t ruling_end(str line, size_t start)
{
    size_t stop = str_find(line, STR("。"), start), other = str_find(line, STR("；"), start);
    size_t end = stop < other ? stop : other;
    return end == STR_NONE ? line.length : end + 3;
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
            end = ruling_end(line, start);
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
            end = ruling_end(line, start);
            str sentence = str_slice(line, start, end);
            if (punishes(sentence) && share_of(claim, sentence) >= 0.55)
                return true;
        }
    return false;
}

/* Whom it is claimed of stands at the head: one of its first two such characters. */
static bool says_head(str claim, str text)
{
    size_t looked = 0;
    uint32_t c;
    for (size_t at = 0; at < claim.length && looked < 2;) {
        size_t n = utf8_decode(claim.data + at, claim.length - at, &c);
        str one = str_slice(claim, at, at + n);
        at += n;
        if (!utf8_is_han(c) || str_find(STR(small), one, 0) != STR_NONE)
            continue;
        looked++;
        if (str_find(text, one, 0) != STR_NONE)
            return true;
    }
    return false;
}

/* Statutes say in other words what is asked about; what they forbid or allow tells. */
static yes_no by_duty(str claim, str article, arena *a)
{
    enum { LEAST_PERCENT = 65, SURE_PERCENT = 80 };
    static const char *const denials[] = {"不", "没", "无", "非", "未", "禁止", "拒"};
    double share;
    str sentence = best_sentence(claim, article, a, &share);
    if (share * 100 < LEAST_PERCENT)
        return YES_NO_UNSAID;
    if (lacks_it(claim, sentence, a))
        return YES_NO_NO;
    if (share * 100 < SURE_PERCENT && !says_head(claim, sentence))
        return YES_NO_UNSAID;
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

/* --- by what the article forbids or allows as such ---------------------------------------------
 */
enum { POLAR_PERCENT = 55, TIE_PERCENT = 12 };

static bool is_duty(str claim)
{
    static const char *const duty[] = {"要", "必须", "需", "应当", "应该", "该"};
    static const char *const may[] = {"可以", "能", "准许", "允许", "合法"};
    return str_holds_any(claim, duty, CORE_COUNT(duty)) &&
           !str_holds_any(claim, may, CORE_COUNT(may));
}

static bool is_leave(str claim)
{
    static const char *const may[] = {"可以", "能", "准许", "允许", "合法", "有权", "行"};
    return str_holds_any(claim, may, CORE_COUNT(may));
}

/* Both 不得 and 可以 tell nothing as long as nobody reads what each is about. */
static yes_no polarity(str claim, str sentence)
{
    static const char *const may[] = {"可以", "有权", "能够", "享有"}, *const free[] = {"不收",
                                                                                        "无需",
                                                                                        "不需",
                                                                                        "不必",
                                                                                        "免收",
                                                                                        "免予",
                                                                                        "免费"},
                             *const must[] = {"应当", "必须", "不得不"};
    bool leave = str_holds_any(sentence, may, CORE_COUNT(may)), denied = denies(sentence);
    bool bound = str_holds_any(sentence, must, CORE_COUNT(must));
    if (is_leave(claim))
        return denied == leave ? YES_NO_UNSAID : denied ? YES_NO_NO : YES_NO_YES;
    if (!is_duty(claim) || denied || leave)
        return YES_NO_UNSAID;
    bool freed = str_holds_any(sentence, free, CORE_COUNT(free));
    return freed == bound ? YES_NO_UNSAID : freed ? YES_NO_NO : YES_NO_YES;
}

/* What is claimed stands at the end: one of its last two characters, small words left out. */
static bool says_end(str claim, str text)
{
    size_t looked = 0;
    for (size_t at = claim.length; at >= 3 && looked < 2; at -= 3) {
        str one = str_slice(claim, at - 3, at);
        uint32_t c;
        if (utf8_decode(one.data, one.length, &c) != 3 || !utf8_is_han(c))
            break;
        if (str_find(STR(small), one, 0) != STR_NONE)
            continue;
        looked++;
        if (str_find(text, one, 0) != STR_NONE)
            return true;
    }
    return false;
}

/* Sentences that say about as much of the claim as the best one must agree. What the article is
 * known to be asked about counts as said by each of its sentences. */
static yes_no by_polarity(str claim, str article, str questions, arena *a)
{
    static const char *const denials[] = {"不", "没", "无", "非", "未", "禁止", "拒"};
    str rest = article, line;
    double best = 0;
    yes_no told = YES_NO_UNSAID;
    bool mixed = false;
    if (str_holds_any(claim, denials, CORE_COUNT(denials)))
        return YES_NO_UNSAID;
    while (str_split(&rest, '\n', &line))
        for (size_t start = 0, end; start < line.length; start = end) {
            end = ruling_end(line, start);
            str sentence = str_slice(line, start, end);
            const char *both = arena_printf(a, "%.*s %.*s", STR_ARG(sentence), STR_ARG(questions));
            double share = both == NULL ? 0 : share_of(claim, str_from(both));
            if (share * 100 < POLAR_PERCENT || share < best - TIE_PERCENT / 100.0 ||
                !says_end(claim, str_from(both)) || !says_head(claim, str_from(both)))
                continue;
            yes_no says = polarity(claim, sentence);
            if (share > best + TIE_PERCENT / 100.0) {
                told = says;
                mixed = false;
            }
            best = share > best ? share : best;
            mixed = mixed || (says != YES_NO_UNSAID && told != YES_NO_UNSAID && says != told);
            told = told == YES_NO_UNSAID ? says : told;
        }
    return mixed ? YES_NO_UNSAID : told;
}

/* What is asked stands behind the case that it is asked for: 奶茶店招小时工，|可以约定试用期吗. */
static str without_case(str claim)
{
    str last = claim;
    for (size_t at = 0; (at = str_find(claim, STR(","), at)) != STR_NONE; at++)
        last = str_trim(str_slice(claim, at + 1, claim.length));
    return last.length >= 12 ? last : claim;
}

yes_no yes_no_by(const glue *g, const yes_no_words *words, str claim, str article, arena *a)
{
    if (str_empty(claim))
        return YES_NO_UNSAID;
    claim = in_words_of(article, claim, words->synonyms, a);
    str normal = kg_normalise(claim, a);
    yes_no told = by_duty(normal, article, a);
    if (told == YES_NO_UNSAID)
        told = by_alignment(g, claim, article, a);
    if (told == YES_NO_UNSAID)
        told = by_duty(without_case(normal), article, a);
    if (told == YES_NO_UNSAID)
        told = by_polarity(normal, article, words->questions, a);
    return told == YES_NO_UNSAID ? by_polarity(without_case(normal), article, words->questions, a)
                                 : told;
}
