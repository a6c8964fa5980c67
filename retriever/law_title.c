/* See law_title.h. */
#include "retriever/law_title.h"

#include "core/compiler.h"

/* Laws that speak to everyone, without 法. */
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
                                    "居民身份证",
                                    "税收征收管理",
                                    "保险",
                                    "土地管理",
                                    "城市房地产管理",
                                    "农村土地承包",
                                    "旅游",
                                    "广告",
                                    "电子商务",
                                    "药品管理",
                                    "安全生产",
                                    "环境保护",
                                    "消防",
                                    "禁毒",
                                    "监狱",
                                    "公务员",
                                    "教育",
                                    "教师",
                                    "律师",
                                    "公证",
                                    "护照",
                                    "出境入境管理",
                                    "企业破产",
                                    "合伙企业",
                                    "招标投标",
                                    "反不正当竞争",
                                    "反垄断",
                                    "网络安全",
                                    "数据安全",
                                    "仲裁",
                                    "法律援助",
                                    "社区矫正",
                                    "行政强制",
                                    "传染病防治",
                                    "职业病防治",
                                    "就业促进",
                                    "老年人权益保障",
                                    "残疾人保障",
                                    "预防未成年人犯罪",
                                    "村民委员会组织",
                                    "医师",
                                    "献血",
                                    "精神卫生",
                                    "反电信网络诈骗",
                                    "全国人民代表大会组织",
                                    "国籍",
                                    "票据",
                                    "证券",
                                    "工会",
                                    "慈善"};

static bool is_general(str title)
{
    for (size_t i = 0; i < CORE_COUNT(codes); i++)
        if (str_equal(title, str_from(codes[i])))
            return true;
    return false;
}

/* Of any two characters of the title in a row, the share that the question holds. */
static double shared_pairs(str question, str title)
{
    double all = 0, found = 0;
    for (size_t at = 0; at + 6 <= title.length; at += 3) {
        all++;
        found += str_find(question, str_slice(title, at, at + 6), 0) != STR_NONE;
    }
    return all > 0 ? found / all : 0;
}

law_title law_title_fit(str question, str label)
{
    static const char *const regions[] = {"香港", "澳门", "台湾"};
    static const char *const penal[] = {"判", "刑", "坐牢", "罪"};
    str state = STR("中华人民共和国"), act = STR("法");
    size_t mark = str_find(label, STR("#"), 0);
    size_t end = mark == STR_NONE ? label.length : mark;
    size_t start = str_starts(label, state) && end > state.length ? state.length : 0;
    str title = str_slice(label, start, end);
    if (str_ends(title, act))
        title = str_slice(title, 0, title.length - act.length);
    law_title fit = {.shared = shared_pairs(question, title)};
    fit.named = title.length >= 6 && str_find(question, title, 0) != STR_NONE;
    fit.abroad = str_holds_any(title, regions, CORE_COUNT(regions)) &&
                 !str_holds_any(question, regions, CORE_COUNT(regions));
    fit.trade = !fit.abroad && !fit.named && !is_general(title) && fit.shared <= 0;
    fit.crimes = str_equal(title, STR("刑")) && str_holds_any(question, penal, CORE_COUNT(penal));
    return fit;
}
