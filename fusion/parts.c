/* See parts.h. */
#include "fusion/parts.h"

#include <string.h>

#include "fusion/premise.h"
#include "fusion/wording.h"
#include "kg/store.h"

/* Ends of sentences; a comma counts where both sides ask. */
static const char *const stops[] = {"？", "?", "；", ";", "。", "！", "!", "\n"};
static const char *const commas[] = {"，", ", and ", ", "};
/* Behind a comma these go on with what was asked. */
static const char *const goes_on[] = {"还是", "或者", "或", "并且", "而且", "并", "且", "以及"};
/* English: behind a comma or "and" a question of its own begins with one of these. */
static const char *const begins[] = {"what ", "how ", "who ", "where ", "when "};

/* Bytes of the first of `words` that the text begins with; 0 when none. */
static size_t begins_with(str text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_starts(text, str_from(words[i])))
            return strlen(words[i]);
    return 0;
}

typedef struct piece {
    size_t end, next; /* its end, and where the next one begins */
    bool comma;       /* what follows stands behind a comma or "and" */
} piece;

static piece piece_of(str text)
{
    for (size_t i = 0; i < text.length; i++) {
        str rest = str_slice(text, i, text.length);
        size_t mark = begins_with(rest, stops, CORE_COUNT(stops));
        if (mark > 0)
            return (piece){i + mark, i + mark, false};
        mark = begins_with(rest, commas, CORE_COUNT(commas));
        if (mark == 0 && i > 0 && text.data[i - 1] == ' ' && str_starts(rest, STR("and ")))
            mark = strlen("and ");
        str behind = str_trim(str_slice(rest, mark, rest.length));
        bool english = rest.data[0] == ',' || rest.data[0] == 'a';
        if (mark > 0 && (english ? begins_with(behind, begins, CORE_COUNT(begins)) > 0
                                 : begins_with(behind, goes_on, CORE_COUNT(goes_on)) == 0))
            return (piece){i, i + mark, true};
    }
    return (piece){text.length, text.length, false};
}

/* A number left open that asks nothing ("这几天", "几年了"). */
static bool tells(str part)
{
    static const char *const some[] = {"这几", "那几", "好几", "近几"};
    bool found = str_ends(part, STR("了"));
    for (size_t i = 0; i < CORE_COUNT(some) && !found; i++)
        found = str_find(part, str_from(some[i]), 0) != STR_NONE;
    return found;
}

/* "…吗，都有哪些", "有几种，都是什么": goes on asking for the same. */
static bool asks_on(str part)
{
    static const char *const words[] = {"哪些", "什么", "分别", "具体", "名字", "都",
                                        "有",   "是",   "叫",   "各",   "啥",   "呢",
                                        "哪",   "几",   "种",   "个",   "又"};
    while (!str_empty(part)) {
        size_t n = begins_with(part, words, CORE_COUNT(words));
        if (n == 0)
            return false;
        part = str_slice(part, n, part.length);
    }
    return true;
}

/* Behind a comma a question mark alone may end a list: words must ask. What ends at a comma may
 * only tell what the question is about. */
static bool asks(str part, bool before_comma, bool behind_comma, arena *a)
{
    if (before_comma && tells(part))
        return false;
    for (bool more = behind_comma; more;) {
        more = false;
        for (size_t i = 0; i < CORE_COUNT(stops); i++)
            if (str_ends(part, str_from(stops[i]))) {
                part = str_slice(part, 0, part.length - strlen(stops[i]));
                more = true;
            }
    }
    return !(behind_comma && asks_on(part)) && premise_asks(kg_normalise(part, a));
}

/* 民法典第几条, 法条是哪条: where what was asked stands is no question of its own. */
static bool asks_source(str part)
{
    static const char *const words[] = {"第几条", "哪条", "哪一条", "哪几条",
                                        "法条",   "条文", "依据",   "出处"};
    for (size_t i = 0; i < CORE_COUNT(words); i++)
        if (str_find(part, str_from(words[i]), 0) != STR_NONE)
            return true;
    return false;
}

size_t parts_split(str question, arena *a, str parts[PARTS_MOST])
{
    size_t n = 0, from = 0;
    bool comma = false;
    for (size_t at = 0; at < question.length;) {
        piece p = piece_of(str_slice(question, at, question.length));
        str part = str_trim(str_slice(question, from, at + p.end));
        at += p.next;
        if (asks(part, p.comma, comma, a)) {
            if (n > 0 && comma && asks_source(part)) {
                parts[n - 1].length = (size_t)(part.data + part.length - parts[n - 1].data);
                from = at;
                comma = p.comma;
                continue;
            }
            if (n == PARTS_MOST) {
                parts[0] = question;
                return 1;
            }
            parts[n++] = part;
            from = at;
        }
        comma = p.comma;
    }
    str rest = str_trim(str_slice(question, from, question.length));
    if (n == 0)
        parts[n++] = question;
    else if (!str_empty(rest)) /* what follows the last question belongs to it */
        parts[n - 1].length = (size_t)(rest.data + rest.length - parts[n - 1].data);
    return n;
}

static status join_clauses(answer *into, const answer *next, arena *a)
{
    size_t n = into->clause_count + next->clause_count;
    answer_clause *clauses = ARENA_ARRAY(a, answer_clause, n + 1);
    str *values = ARENA_ARRAY(a, str, into->value_count + next->value_count + 1);
    answer_conflict *conflicts =
        ARENA_ARRAY(a, answer_conflict, into->conflict_count + next->conflict_count + 1);
    if (clauses == NULL || values == NULL || conflicts == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < n; i++)
        clauses[i] =
            i < into->clause_count ? into->clauses[i] : next->clauses[i - into->clause_count];
    for (size_t i = 0; i < into->value_count + next->value_count; i++)
        values[i] = i < into->value_count ? into->values[i] : next->values[i - into->value_count];
    for (size_t i = 0; i < into->conflict_count + next->conflict_count; i++)
        conflicts[i] = i < into->conflict_count ? into->conflicts[i]
                                                : next->conflicts[i - into->conflict_count];
    into->clauses = clauses;
    into->clause_count = n;
    into->values = values;
    into->value_count += next->value_count;
    into->conflicts = conflicts;
    into->conflict_count += next->conflict_count;
    return STATUS_OK;
}

static str join_lines(str first, str second, arena *a)
{
    buf text = {0};
    buf_add(&text, first);
    buf_add_char(&text, '\n');
    buf_add(&text, second);
    str joined = arena_str(a, buf_str(&text));
    buf_free(&text);
    return joined;
}

static void add_timings(answer_timings *into, const answer_timings *t)
{
    into->link += t->link;
    into->plan += t->plan;
    into->execute += t->execute;
    into->prompt += t->prompt;
    into->generate += t->generate;
    into->verify += t->verify;
}

status parts_join(answer *into, answer *next, const phrase_context *phrases, error *err)
{
    arena *a = phrases->a;
    if (join_clauses(into, next, a) != STATUS_OK)
        return error_memory(err);
    into->text = wording_text(phrases, into->clauses, into->clause_count);
    into->citations = next->citations;
    into->citation_count = next->citation_count;
    into->logical_form = join_lines(into->logical_form, next->logical_form, a);
    into->sparql = join_lines(into->sparql, next->sparql, a);
    into->confidence = next->confidence < into->confidence ? next->confidence : into->confidence;
    into->prompt_tokens += next->prompt_tokens;
    into->completion_tokens += next->completion_tokens;
    add_timings(&into->timings, &next->timings);
    if (!str_empty(next->reason))
        into->reason =
            str_empty(into->reason) ? next->reason : join_lines(into->reason, next->reason, a);
    if (into->explain != NULL && next->explain != NULL)
        (void)json_object_set_new(into->explain, "next", next->explain);
    else
        json_decref(next->explain);
    next->explain = NULL;
    return STATUS_OK;
}

void parts_open(answer *into, str part, const answer *failed, const phrase_context *phrases)
{
    str why = str_empty(failed->reason) ? failed->text : failed->reason;
    size_t end = str_find(why, STR("\n"), 0);
    const template_var vars[] = {{"part", part},
                                 {"why", str_slice(why, 0, end == STR_NONE ? why.length : end)},
                                 {NULL, {0}}};
    str open = phrase_fill(phrases, "part_open", vars);
    into->reason = str_empty(into->reason) ? open : join_lines(into->reason, open, phrases->a);
}
