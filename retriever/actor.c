/* See actor.h. A clause tells by 由 A does, or by A does at its head; of several the one that
 * shares most with the question. */
#include "retriever/actor.h"

#include "core/compiler.h"
#include "core/utf8.h"

enum { LONGEST = 26 * 3, SHORTEST = 2 * 3 };

/* What is done: the longer of two that begin alike first. */
static const char *const deeds[] = {
    "统一领导", "统筹协调", "主管", "负责", "管辖", "审批", "批准", "核准", "决定", "签发",
    "颁发",     "发给",     "核发", "承担", "受理", "登记", "制定", "规定", "组织", "责令",
    "给予",     "吊销",     "没收", "监督", "管理", "办理", "实施", "裁决", "任命", "选举",
    "选定",     "支付",     "赔偿", "缴纳", "行使", "作出", "确定", "认定", "保管", "执行",
    "侦查",     "审理",     "审查", "公布", "处以", "收取", "赡养", "抚养", "召集", "主持"};

static const char *const ends[] = {"部门", "机关", "机构", "委员会", "部", "院", "署",  "局",
                                   "政府", "人",   "者",   "会",     "社", "司", "方",  "组织",
                                   "单位", "银行", "站",   "所",     "员", "长", "企业"};

bool actor_asked(str question)
{
    static const char *const asks[] = {"谁",       "哪个部门", "哪个机关", "什么部门", "什么机关",
                                       "哪个单位", "哪一级",   "哪级",     "哪个法院", "哪家法院",
                                       "哪个机构", "什么机构", "什么单位", "哪些部门"};
    static const char *const other[] = {"哪条", "哪一条", "第几条", "法条",
                                        "谁的", "是谁",   "谁是",   "吗"};
    return str_holds_any(question, asks, CORE_COUNT(asks)) &&
           !str_holds_any(question, other, CORE_COUNT(other));
}

static size_t pairs_in(str words, str clause)
{
    size_t n = 0;
    for (size_t i = 0; i + 6 <= words.length; i++)
        n += (unsigned char)words.data[i] >= 0xe0 && (unsigned char)words.data[i + 3] >= 0xe0 &&
             str_find(clause, str_slice(words, i, i + 6), 0) != STR_NONE;
    return n;
}

/* The next deed behind `from`; 主管 of 主管部门 is none. */
static size_t deed_at(str clause, size_t from)
{
    static const char *const parts[] = {"部门", "机关", "机构", "单位", "委员会", "人"};
    size_t first = STR_NONE;
    for (size_t i = 0; i < CORE_COUNT(deeds); i++)
        for (size_t at = from; (at = str_find(clause, str_from(deeds[i]), at)) < first; at += 3) {
            str behind = str_slice(clause, at + strlen(deeds[i]), clause.length);
            bool part = false;
            for (size_t k = 0; k < CORE_COUNT(parts); k++)
                part = part || str_starts(behind, str_from(parts[k]));
            if (!part) {
                first = at;
                break;
            }
        }
    return first;
}

/* Without what stands between the name and the deed (应当, 依法, 予以). */
static str trimmed(str name)
{
    static const char *const tails[] = {"应当", "可以", "依法", "予以", "统一", "具体", "依照",
                                        "负责", "分别", "全面", "共同", "按照", "有权"};
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < CORE_COUNT(tails); i++)
            if (str_ends(name, str_from(tails[i]))) {
                name = str_slice(name, 0, name.length - strlen(tails[i]));
                more = true;
            }
    }
    return name;
}

static bool is_name(str name)
{
    for (size_t i = 0; i < CORE_COUNT(ends); i++)
        if (name.length >= SHORTEST && name.length <= LONGEST && str_ends(name, str_from(ends[i])))
            return true;
    return false;
}

/* The name between `from` and the first deed that one stands before. */
static str name_before_deed(str clause, size_t from)
{
    for (size_t at = from; (at = deed_at(clause, at)) != STR_NONE; at += 3) {
        str name = trimmed(str_slice(clause, from, at));
        if (is_name(name))
            return name;
    }
    return (str){0};
}

static str named_in(str clause)
{
    str by = STR("由");
    for (size_t at = 0; (at = str_find(clause, by, at)) != STR_NONE; at += by.length) {
        str head = str_slice(clause, 0, at);
        bool word =
            str_ends(head, STR("自")) || str_ends(head, STR("理")) || str_ends(head, STR("事"));
        str name = word ? str_make(NULL, 0) : name_before_deed(clause, at + by.length);
        if (!str_empty(name))
            return name;
    }
    return name_before_deed(clause, 0);
}

str actor_find(str question, str more, str text)
{
    static const char *const stops[] = {"。", "；", "，", "\n"};
    str best = {0};
    size_t most = 1; /* one shared pair may be chance */
    for (size_t start = 0; start < text.length;) {
        size_t end = text.length, stop = 0;
        for (size_t i = 0; i < CORE_COUNT(stops); i++) {
            size_t at = str_find(text, str_from(stops[i]), start);
            stop = at < end ? strlen(stops[i]) : stop;
            end = at < end ? at : end;
        }
        str clause = str_slice(text, start, end), name = named_in(clause);
        size_t shared = 2 * pairs_in(question, clause) + pairs_in(more, clause);
        if (!str_empty(name) && shared > most) {
            most = shared;
            best = name;
        }
        start = end + (stop > 0 ? stop : 1);
    }
    return best;
}
