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

yes_no yes_no_by(const glue *g, str claim, str article, arena *a)
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
        align_lay(g, str_make(NULL, 0), &one, cut, i, i, &r);
        if (r.said - r.left > best.said - best.left || i == 0)
            best = r;
    }
    return by_piece(&best);
}
