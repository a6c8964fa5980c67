/* See premise.h. */
#include "fusion/premise.h"

#include "core/utf8.h"

static const char *const whys[] = {"为什么", "为何",     "为啥",   "凭什么",  "怎么会", "how come",
                                   "why is", "why does", "why do", "why are", "why"};
static const char *const since[] = {"既然", "因为", "由于", "since", "because", "given that", "as"};
static const char *const asking[] = {
    "什么",   "哪",      "谁",    "几",    "多少",  "多久",   "多长", "多大",   "怎么",
    "怎样",   "如何",    "吗",    "呢",    "么",    "是不是", "是否", "能不能", "会不会",
    "有没有", "?",       "？",    "what",  "which", "who",    "whom", "where",  "when",
    "how",    "tell me", "name ", "list ", "give ", "请",     "介绍", "show",   "does ",
    "is ",    "are ",    "can ",  "do ",   "did ",  "would "};

static str lower(str text, arena *a)
{
    return kg_normalise(text, a);
}

bool premise_asks(str clause)
{
    for (size_t i = 0; i < CORE_COUNT(asking); i++) {
        str w = str_from(asking[i]);
        bool verb = w.length > 1 && w.data[w.length - 1] == ' ';
        if (verb ? str_starts(clause, w) : str_find(clause, w, 0) != STR_NONE)
            return true;
    }
    return false;
}

/* The rest behind one of the words at the beginning; `text` itself when there is none. */
static str behind(str text, const char *const *words, size_t count, bool *found)
{
    *found = false;
    for (size_t i = 0; i < count; i++)
        if (str_starts(text, str_from(words[i]))) {
            *found = true;
            return str_trim(str_slice(text, strlen(words[i]), text.length));
        }
    return text;
}

/* "X为什么Y": without the word. */
static str without_why(str text, arena *a, bool *found)
{
    *found = false;
    for (size_t i = 0; i < CORE_COUNT(whys); i++) {
        str w = str_from(whys[i]);
        size_t at = str_find(text, w, 0);
        if (at == STR_NONE || (at > 0 && (unsigned char)w.data[0] < 0x80))
            continue;
        *found = true;
        return str_from(arena_printf(a, "%.*s%.*s", (int)at, text.data,
                                     STR_ARG(str_slice(text, at + w.length, text.length))));
    }
    return text;
}

static str without_mark(str text)
{
    static const char *marks[] = {"?", "？", "呢", "啊", "吗"};
    for (size_t i = 0; i < CORE_COUNT(marks); i++)
        if (str_ends(text, str_from(marks[i])))
            text = str_trim(str_slice(text, 0, text.length - strlen(marks[i])));
    return text;
}

/* "肾结石会并发白内障，那该怎么治", "X长在脚上，走路会疼吗": the clause claims, it does not tell a
 * case. */
static bool claims(str clause)
{
    static const char *const verbs[] = {"会并发", "会引起", "会导致", "会引发", "长在",
                                        "发生在", "属于",   "应该挂", "要挂"};
    for (size_t i = 0; i < CORE_COUNT(verbs); i++)
        if (str_find(clause, str_from(verbs[i]), 0) != STR_NONE)
            return true;
    return false;
}

/* What is left of `text` before one of the words that it ends with; unchanged for none. */
static str without_end(str text, const char *const *words, size_t count, bool *found)
{
    *found = false;
    for (size_t i = 0; i < count; i++)
        if (str_ends(text, str_from(words[i]))) {
            *found = true;
            return str_slice(text, 0, text.length - strlen(words[i]));
        }
    return text;
}

/* The claim of "X的并发症里那个Y要怎么查" (X的并发症有Y) or "X用的那个Y" (X用Y); empty for none. */
static str claim_between(str question, const retriever_mention *x, const retriever_mention *y,
                         arena *a)
{
    static const char *const those[] = {"那个", "那种", "那项", "那味", "这个", "这种", "这项"};
    static const char *const within[] = {"里面", "里头", "当中", "之中", "里", "中"};
    static const char *const asks[] = {"哪", "什么", "啥", "几", "谁", "，", ",", "、", "是"};
    enum { MOST = 48 }; /* bytes */
    bool shown = false, of = false, inside = false;
    if (y->start <= x->end || y->start - x->end > MOST)
        return (str){0};
    str between = str_slice(question, x->end, y->start);
    for (size_t i = 0; i < CORE_COUNT(asks); i++)
        if (str_find(between, str_from(asks[i]), 0) != STR_NONE)
            return (str){0};
    static const char *const de[] = {"的"};
    str rest = without_end(between, those, CORE_COUNT(those), &shown);
    rest = without_end(rest, de, 1, &of);
    rest = without_end(rest, within, CORE_COUNT(within), &inside);
    bool told = shown ? of || inside : of && inside;
    if (!told || str_empty(rest))
        return (str){0};
    return str_from(arena_printf(a, "%.*s%.*s%s%.*s", STR_ARG(x->text), STR_ARG(rest),
                                 inside ? "有" : "", STR_ARG(y->text)));
}

/* The first claim that two names next to each other make by what stands between them. */
static str named_claim(str question, premise_names names, arena *a)
{
    const retriever_mention *last = NULL;
    for (size_t i = 0; i < names.count; i++) {
        const retriever_mention *m = &names.items[i];
        if (m->kind != RETRIEVER_MENTION_ENTITY)
            continue;
        str claim = last == NULL ? str_make(NULL, 0) : claim_between(question, last, m, a);
        if (!str_empty(claim))
            return claim;
        last = m;
    }
    return (str){0};
}

/* Verdict of a clause that is said, not asked; SUPPORTED when nothing in it is a claim of two known
 * things. */
static status judge(const verify_context *c, str clause, bool strong, answer_verdict *out,
                    error *err)
{
    verify_clauses clauses = {0};
    status st = verify_text(c, clause, &clauses, err);
    *out = VERDICT_SUPPORTED;
    for (size_t i = 0; st == STATUS_OK && i < clauses.count; i++) {
        answer_verdict v = clauses.items[i].verdict;
        if (v == VERDICT_CONTRADICTED || (v == VERDICT_NOT_IN_GRAPH && strong))
            *out = v;
    }
    return st;
}

static bool is_of_statute(const verify_context *c, const kg_statement *s)
{
    kg_term terms[2];
    const kg_id ids[] = {s->s, s->p};
    error ignored = {0};
    return kg_terms(c->read, ids, 2, c->a, terms, &ignored) == STATUS_OK &&
           (str_starts(terms[0].lexical, STR("urn:vouch:article:")) ||
            str_equal(terms[1].lexical, STR("urn:vouch:r:text")));
}

/* Is the clause judged by articles of statutes alone, without saying which one it is about? It
 * tells a case then (试用期里想走人), it does not claim what the law says. */
static bool tells_a_case(const verify_context *c, const cite_list *cites, str clause)
{
    if (str_find(clause, STR("条"), 0) != STR_NONE ||
        str_find(clause, STR("规定"), 0) != STR_NONE || cite_count(cites) == 0)
        return false;
    for (size_t n = 1; n <= cite_count(cites); n++)
        if (!is_of_statute(c, cite_statement(cites, (int)n)))
            return false;
    return true;
}

status premise_check(const verify_context *context, str question, premise_names names,
                     premise_kind *kind, str *premise, error *err)
{
    str text = without_mark(lower(question, context->a));
    bool why = false, found = false;
    *kind = PREMISE_NONE;
    str said = without_why(text, context->a, &why);
    str named = why ? str_make(NULL, 0) : named_claim(question, names, context->a);
    if (!str_empty(named)) {
        said = named;
        found = true;
    } else if (!why) { /* the first clause, when it states and a later one asks */
        size_t comma = str_find(text, STR("，"), 0), latin = str_find(text, STR(","), 0);
        comma = latin < comma ? latin : comma;
        if (comma == STR_NONE)
            return STATUS_OK;
        said = str_trim(str_slice(text, 0, comma));
        said = behind(said, since, CORE_COUNT(since), &found);
        str rest = str_slice(text, comma, text.length);
        if (premise_asks(said) || said.length < 6 || str_ends(rest, STR("please")) ||
            str_ends(rest, STR("thanks")))
            return STATUS_OK;
        found = found || claims(said);
    }
    verify_context own = *context;
    answer_verdict verdict;
    own.cites = cite_new(context->a);
    if (own.cites == NULL)
        return error_memory(err);
    status st = judge(&own, said, why || found, &verdict, err);
    if (st != STATUS_OK)
        return st;
    if (!why && !found && tells_a_case(context, own.cites, said))
        verdict = VERDICT_SUPPORTED;
    *premise = said;
    *kind = verdict == VERDICT_CONTRADICTED   ? PREMISE_FALSE
            : verdict == VERDICT_NOT_IN_GRAPH ? PREMISE_UNKNOWN
            : why                             ? PREMISE_WHY
                                              : PREMISE_NONE;
    for (size_t n = 1; *kind != PREMISE_NONE && n <= cite_count(own.cites) && n <= 8; n++)
        (void)cite_add(context->cites, cite_statement(own.cites, (int)n));
    return STATUS_OK;
}
