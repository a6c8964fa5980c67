/* See passage_rank.h. */
#include "retriever/passage_rank.h"

#include "core/compiler.h"

static const char *const names[PASSAGE_FEATURES] = {
    "bm25",        "sentence",    "whole",      "first",      "chars",     "triples",
    "chars_whole", "measured",    "title",      "trade",      "abroad",    "named",
    "crimes",      "defines",     "measure",    "no_measure", "no_answer", "unit_off",
    "hint",        "values",      "penal",      "lists",      "length",    "asked",
    "asked_first", "asked_share", "asked_whole"};

const char *passage_feature_name(passage_feature f)
{
    return (size_t)f < CORE_COUNT(names) ? names[f] : "?";
}

double passage_score(const double x[PASSAGE_FEATURES], const double weights[PASSAGE_FEATURES])
{
    double score = 0;
    for (int i = 0; i < PASSAGE_FEATURES; i++)
        score += x[i] * weights[i];
    return score;
}

bool passage_is_penal(str question, str text)
{
    static const char *const asks[] = {"罚", "判", "刑", "责任", "拘留", "罪", "吊销", "赔", "惩"};
    if (str_holds_any(question, asks, CORE_COUNT(asks)))
        return false;
    size_t at = str_find(text, STR("违反本法"), 0);
    return at != STR_NONE && at <= 18;
}

bool passage_asks_list(str question)
{
    static const char *const asks[] = {"情形", "种类", "哪些", "条件", "哪几种", "包括", "情况下"};
    return str_holds_any(question, asks, CORE_COUNT(asks));
}

/* 多大算老年人, 什么才算工伤; not 打算, 计算, 算了. */
static bool asks_what_counts(str question)
{
    static const char *const ahead[] = {"打", "计", "结", "清", "预", "核", "换", "折"};
    static const char *const behind[] = {"了", "账", "法", "数", "出"};
    size_t at = str_find(question, STR("算"), 0);
    if (at == STR_NONE)
        return false;
    str head = str_slice(question, 0, at), tail = str_slice(question, at + 3, question.length);
    for (size_t i = 0; i < CORE_COUNT(ahead); i++)
        if (str_ends(head, str_from(ahead[i])))
            return false;
    for (size_t i = 0; i < CORE_COUNT(behind); i++)
        if (str_starts(tail, str_from(behind[i])))
            return false;
    return !str_empty(tail);
}

bool passage_asks_meaning(str question)
{
    static const char *const asks[] = {"什么意思", "定义",   "什么是", "是指",  "概念",
                                       "指什么",   "什么叫", "叫什么", "是什么"};
    return str_holds_any(question, asks, CORE_COUNT(asks)) || asks_what_counts(question);
}
