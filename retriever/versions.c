/* See versions.h. */
#include "retriever/versions.h"

#include <string.h>

#define MOST_VERSIONS 32

typedef struct version {
    clock_day adopted, effective;
} version;

typedef struct chooser {
    kg_read *read;
    const retriever_schema *schema;
    str question;
    clock_day today;
    arena *a;
    version versions[MOST_VERSIONS];
    size_t count;
} chooser;

/* --- the graph ---------------------------------------------------------------------------------
 */
static kg_id relation(const chooser *c, const char *iri)
{
    for (size_t i = 0; i < c->schema->relation_count; i++)
        if (str_equal(c->schema->relations[i].iri, str_from(iri)))
            return c->schema->relations[i].id;
    return 0;
}

static size_t objects(const chooser *c, kg_id s, const char *iri, kg_statement_list *out)
{
    kg_pattern pattern = {.s = s, .p = relation(c, iri), .limit = MOST_VERSIONS};
    error ignored = {0};
    *out = (kg_statement_list){0};
    if (pattern.p == 0 || kg_match(c->read, &pattern, c->a, out, &ignored) != STATUS_OK)
        return 0;
    return out->count;
}

static clock_day day_of(const chooser *c, kg_id version_id, const char *iri)
{
    kg_statement_list list;
    kg_term term;
    clock_day day;
    error ignored = {0};
    if (objects(c, version_id, iri, &list) == 0 ||
        kg_terms(c->read, &list.items[0].o, 1, c->a, &term, &ignored) != STATUS_OK ||
        !clock_day_parse(term.lexical, &day))
        return CLOCK_DAY_UNKNOWN;
    return day;
}

/* The law that the mention is, or that its article belongs to; 0 = neither. */
static kg_id law_of(const chooser *c, const link_mention *m)
{
    kg_term term;
    kg_statement_list list;
    error ignored = {0};
    if (m->shown.kind != RETRIEVER_MENTION_ENTITY || m->shown.sense_count == 0 ||
        kg_terms(c->read, &m->shown.senses[0].id, 1, c->a, &term, &ignored) != STATUS_OK)
        return 0;
    if (str_starts(term.lexical, STR("urn:vouch:law:")))
        return m->shown.senses[0].id;
    if (str_starts(term.lexical, STR("urn:vouch:article:")) &&
        objects(c, m->shown.senses[0].id, "urn:vouch:r:law", &list) > 0)
        return list.items[0].o;
    return 0;
}

/* In order of their coming into force. */
static void read_versions(chooser *c, kg_id law)
{
    kg_statement_list list;
    size_t n = objects(c, law, "urn:vouch:r:has_version", &list);
    c->count = 0;
    for (size_t i = 0; i < n && c->count < MOST_VERSIONS; i++) {
        version v = {day_of(c, list.items[i].o, "urn:vouch:r:adopted"),
                     day_of(c, list.items[i].o, "urn:vouch:r:effective")};
        if (v.adopted == CLOCK_DAY_UNKNOWN)
            continue;
        if (v.effective == CLOCK_DAY_UNKNOWN)
            v.effective = v.adopted;
        size_t at = c->count++;
        for (; at > 0 && c->versions[at - 1].effective > v.effective; at--)
            c->versions[at] = c->versions[at - 1];
        c->versions[at] = v;
    }
}

/* --- the words ---------------------------------------------------------------------------------
 */
static bool starts_at(str text, size_t at, const char *word)
{
    return str_starts(str_slice(text, at, text.length), str_from(word));
}

/* Behind `at`: what belongs to the naming of a version (年版的, 年修订, ）). */
static size_t skip_tail(str text, size_t at)
{
    static const char *const tails[] = {"年",   "时候", "那会儿", "那时", "那会", "当时",
                                        "版本", "版",   "修订",   "修正", "通过", "起",
                                        "的",   "那",   "）",     ")",    "》",   " "};
    for (size_t i = 0; i < CORE_COUNT(tails);)
        if (starts_at(text, at, tails[i])) {
            at += strlen(tails[i]);
            i = 0;
        } else {
            i++;
        }
    return at;
}

static size_t skip_head(str text, size_t at)
{
    static const char *const heads[] = {"（", "(", "》", " ", "的"};
    for (size_t i = 0; i < CORE_COUNT(heads);)
        if (str_ends(str_slice(text, 0, at), str_from(heads[i]))) {
            at -= strlen(heads[i]);
            i = 0;
        } else {
            i++;
        }
    return at;
}

/* A year that stands right before or behind the mention, with no month behind it. */
static int year_beside(const chooser *c, const link_mention *m, size_t *start, size_t *end)
{
    str q = c->question;
    for (size_t i = 0; i + 4 <= q.length; i++) {
        int64_t year;
        bool inside = m->shown.start <= i && i < m->shown.end;
        bool more = (i > 0 && q.data[i - 1] >= '0' && q.data[i - 1] <= '9') ||
                    (i + 4 < q.length && q.data[i + 4] >= '0' && q.data[i + 4] <= '9');
        if (more || !str_to_i64(str_slice(q, i, i + 4), &year) || year < 1949 || year > 2100)
            continue;
        size_t tail = skip_tail(q, i + 4);
        bool month = tail < q.length && q.data[tail] >= '0' && q.data[tail] <= '9' &&
                     starts_at(q, i + 4, "年");
        bool near = inside || tail == m->shown.start || skip_head(q, i) == m->shown.end ||
                    starts_at(q, i + 4, "版") || starts_at(q, i + 4, "年版");
        if (month || !near)
            continue;
        *start = i;
        *end = tail;
        return (int)year;
    }
    return 0;
}

/* -1 the version before the one in force, 1 the one in force, 0 unsaid. */
static int era_beside(const chooser *c, const link_mention *m, size_t *start, size_t *end)
{
    static const struct {
        const char *word;
        int era;
        bool beside; /* only right before the law's name */
    } words[] = {
        {"以前的", -1, false}, {"之前的", -1, true},  {"修订前", -1, false}, {"修改前", -1, false},
        {"修正前", -1, false}, {"旧法", -1, false},   {"老法", -1, false},   {"旧版", -1, false},
        {"老版", -1, false},   {"上一版", -1, false}, {"旧", -1, true},      {"老", -1, true},
        {"原", -1, true},      {"现行", 1, false},    {"修订后", 1, false},  {"最新", 1, false},
        {"新版", 1, false},    {"新修订", 1, false},  {"现在的", 1, true},   {"新", 1, true}};
    for (size_t i = 0; i < CORE_COUNT(words); i++) {
        size_t at = str_find(c->question, str_from(words[i].word), 0);
        if (at == STR_NONE)
            continue;
        *start = at;
        *end = skip_tail(c->question, at + strlen(words[i].word));
        if (!words[i].beside || *end == m->shown.start)
            return words[i].era;
    }
    return 0;
}

/* --- the choice --------------------------------------------------------------------------------
 */
static clock_day day_of_year(const chooser *c, int year)
{
    clock_day first, last;
    if (!clock_day_from_civil(year, 1, 1, &first) || !clock_day_from_civil(year, 12, 31, &last))
        return CLOCK_DAY_UNKNOWN;
    for (size_t i = c->count; i > 0; i--)
        if (first <= c->versions[i - 1].adopted && c->versions[i - 1].adopted <= last)
            return c->versions[i - 1].effective;
    return last < c->today ? last : c->today;
}

static clock_day day_of_era(const chooser *c, int era)
{
    size_t current = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->versions[i].effective <= c->today)
            current = i;
    if (era > 0 || current == 0)
        return c->today;
    return c->versions[current].effective - 1;
}

static void mark(link_result *link, size_t start, size_t end, token_mask *said)
{
    size_t kept = 0;
    for (size_t i = 0; i < link->tokens.count && i < PHRASEBOOK_TOKENS; i++)
        if (start <= link->tokens.items[i].start && link->tokens.items[i].end <= end)
            token_mask_set(said, i);
    for (size_t i = 0; i < link->count; i++) {
        const retriever_mention *m = &link->mentions[i].shown;
        bool value = m->kind == RETRIEVER_MENTION_VALUE || m->kind == RETRIEVER_MENTION_TIME;
        if (!value || m->start < start || m->end > end)
            link->mentions[kept++] = link->mentions[i];
    }
    link->count = kept;
}

bool versions_choose(kg_read *read, const retriever_schema *schema, str question, clock_day today,
                     link_result *link, arena *a, version_choice *out)
{
    chooser c = {.read = read, .schema = schema, .question = question, .today = today, .a = a};
    for (size_t i = 0; i < link->count; i++) {
        size_t start = 0, end = 0;
        kg_id law = law_of(&c, &link->mentions[i]);
        if (law == 0)
            continue;
        int year = year_beside(&c, &link->mentions[i], &start, &end);
        int era = year == 0 ? era_beside(&c, &link->mentions[i], &start, &end) : 0;
        if (year == 0 && era == 0)
            continue;
        read_versions(&c, law);
        if (c.count == 0)
            continue;
        *out = (version_choice){.day = year != 0 ? day_of_year(&c, year) : day_of_era(&c, era)};
        mark(link, start, end, &out->said);
        return out->day != CLOCK_DAY_UNKNOWN;
    }
    return false;
}
