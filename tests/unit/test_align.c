/* A clause beside an article: words, numbers where their words stand, denial, duty and leave,
 * words that exclude one another, lists and their leads. */
#include "tests/unit/unit.h"

#include "fusion/align.h"

static glue *words;

static int begin(void **state)
{
    error err = {0};
    (void)state;
    return glue_open(&words, &err) == STATUS_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    glue_close(words);
    return 0;
}

static const char *const synonyms = "房东\t出租人\n上班\t工作\n";

/* The best of the article's segments for the clause. */
static align_result lay(const char *text, const char *article)
{
    static unsigned char known[CLAIMS_MAX_BYTES];
    static align_text cut;
    claims_clause *clause = calloc(1, sizeof *clause);
    align_result best = {0};
    assert_non_null(clause);
    clause->text = str_from(text);
    clause->zh = true;
    claims_value v;
    for (size_t at = 0; claims_next_value(clause->text, at, &v); at = v.end)
        clause->values[clause->value_count++] = v;
    align_cut(str_from(article), STR("租赁法"), &cut);
    for (size_t i = 0; i < align_segments(&cut); i++) {
        align_result a;
        const align_clause one = {clause, known};
        align_lay(words, str_from(synonyms), &one, &cut, i, &a);
        if (i == 0 || a.said - a.left > best.said - best.left)
            best = a;
    }
    free(clause);
    return best;
}

static void cutting(void **state)
{
    (void)state;
    static align_text cut;
    align_cut(STR("有下列情形之一的,不得抵押:(一)土地所有权;(二)宅基地。抵押应当登记。"), STR(""),
              &cut);
    assert_int_equal(align_segments(&cut), 3);
    const align_part *last = &cut.parts[cut.count - 1], *item = &cut.parts[cut.count - 2];
    assert_int_equal(last->lead_end - last->lead_start, 0);
    str lead = str_slice(cut.text, item->lead_start, item->lead_end);
    assert_true(str_equal(lead, STR("有下列情形之一的,不得抵押")));
    align_cut(STR(""), STR(""), &cut);
    assert_int_equal(align_segments(&cut), 0);
}

static void words_said(void **state)
{
    (void)state;
    const char *article = "出租人应当按照约定将租赁物交付承租人。";
    align_result a = lay("出租人要将租赁物交付承租人", article);
    assert_true(a.left < 0.5 && !a.denied && !a.apart);
    a = lay("房东应当将租赁物交付承租人", article);
    assert_true(a.left < 0.5 && !a.apart);
    a = lay("出租人应当将租赁物交付承租人并打扫厨房", article);
    assert_true(a.left >= 4 && a.longest >= 4);
    a = lay("承租人应当按照约定将租赁物交付", article);
    assert_true(a.apart);
}

static void numbers(void **state)
{
    (void)state;
    const char *terms = "发明的期限为二十年,实用新型的期限为十年,均自申请日起计算。";
    assert_int_equal(lay("发明的期限是二十年", terms).numbers, ALIGN_SAME);
    assert_int_equal(lay("实用新型的期限是二十年", terms).numbers, ALIGN_OTHER);
    assert_int_equal(lay("实用新型的期限是十年", terms).numbers, ALIGN_SAME);
    assert_int_equal(lay("发明的期限为三千元", terms).numbers, ALIGN_ABSENT);
    assert_int_equal(lay("自申请日起计算", terms).numbers, ALIGN_NO_NUMBERS);
    const char *limit = "租赁期限不得超过二十年。";
    assert_int_equal(lay("租赁期限最长二十年", limit).numbers, ALIGN_SAME);
    assert_int_equal(lay("租赁期限不得低于二十年", limit).numbers, ALIGN_OTHER);
}

static void denial(void **state)
{
    (void)state;
    const char *article = "居住权不得转让、继承。设立居住权的住宅不得出租。";
    assert_false(lay("居住权不能转让", article).denied);
    assert_true(lay("居住权可以继承", article).denied);
    assert_true(lay("居住权不得转让、继承", article).left < 0.5);
    assert_true(lay("当事人可以不登记", "当事人应当登记。").denied);
    assert_true(lay("当事人可以登记", "当事人应当登记。").denied);
    assert_true(lay("当事人必须登记", "当事人可以登记。").denied);
    assert_false(lay("当事人应当登记", "当事人应当登记,未成年人除外。").denied);
    assert_true(lay("宅基地可以抵押", "下列财产不得抵押:(一)土地所有权;(二)宅基地。").denied);
    assert_false(lay("宅基地不得抵押", "下列财产不得抵押:(一)土地所有权;(二)宅基地。").denied);
    /* What a case tells of is no denial, and another sentence's denial is not this one's. */
    const char *appeal =
        "对处罚决定不服的,可以依法申请行政复议。对派出机构的决定不服的,向国家统计局申请行政复议。";
    assert_true(lay("不得依法申请行政复议", appeal).denied);
    assert_false(lay("可以依法申请行政复议", appeal).denied);
    assert_true(
        lay("被审计单位可以不执行", "被审计单位应当执行;被审计单位拒不执行的,应当通报。").denied);
    assert_false(lay("不服处罚决定的可以申请行政复议", appeal).denied);
    assert_true(lay("招标人无权自行选择代理机构", "招标人有权自行选择代理机构。").denied);
    assert_true(lay("可以接收和购进", "不符合要求的,不得接收或者购进。").denied);
    /* Before a number it is a bound, before anything else it forbids. */
    assert_true(lay("机动车可以超过标准排放", "机动车不得超过标准排放。").denied);
    assert_false(lay("租赁期限可以是二十年", "租赁期限不得超过二十年。").denied);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cutting), cmocka_unit_test(words_said),
                                       cmocka_unit_test(numbers), cmocka_unit_test(denial)};
    return cmocka_run_group_tests(tests, begin, end);
}
