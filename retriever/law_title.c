/* See law_title.h. */
#include "retriever/law_title.h"

#include "core/compiler.h"

static bool is_general(const pack_strs *general, str title)
{
    for (size_t i = 0; i < general->count; i++)
        if (str_equal(title, general->items[i]))
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

law_title law_title_fit(str question, str label, pack_strs general)
{
    static const char *const regions[] = {"香港", "澳门", "台湾"};
    static const char *const penal[] = {"判", "刑", "坐牢", "罪"};
    str state = STR("中华人民共和国"), act = STR("法");
    size_t mark = str_find(label, STR("#"), 0);
    size_t end = mark == STR_NONE ? label.length : mark;
    size_t start = str_starts(label, state) && end > state.length ? state.length : 0;
    str title = str_slice(label, start, end);
    const bool speaks_to_all = is_general(&general, title);
    if (str_ends(title, act))
        title = str_slice(title, 0, title.length - act.length);
    law_title fit = {.shared = shared_pairs(question, title)};
    fit.named = title.length >= 6 && str_find(question, title, 0) != STR_NONE;
    fit.abroad = str_holds_any(title, regions, CORE_COUNT(regions)) &&
                 !str_holds_any(question, regions, CORE_COUNT(regions));
    fit.trade = !fit.abroad && !fit.named && !speaks_to_all && fit.shared <= 0;
    fit.crimes = str_equal(title, STR("刑")) && str_holds_any(question, penal, CORE_COUNT(penal));
    return fit;
}
