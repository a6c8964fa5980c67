/* See operators.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "retriever/operators.h"

#include <pcre2.h>
#include <stdlib.h>

#include "kg/pack.h"

#define MATCH_LIMIT 20000
#define MAX_HITS 512

typedef struct rule {
    operator_kind kind;
    str detail;
    char lang[4];
    pcre2_code *code;
} rule;

struct operators {
    rule *rules;
    size_t count;
    arena *texts;
    pcre2_match_context *context;
    const struct pack *pack;
};

static const char *const kind_names[OPERATOR_KINDS] = {
    "count",    "max",   "min",  "greater", "less",   "compare", "ask",    "not",    "and", "or",
    "describe", "other", "all",  "open",    "list",   "name",    "source", "down",   "up",  "code",
    "those",    "want",  "type", "measure", "filler", "aside",   "among",  "retract"};

static bool kind_of(str name, operator_kind *kind, str *detail)
{
    size_t colon = str_find(name, STR(":"), 0);
    str head = colon == STR_NONE ? name : str_slice(name, 0, colon);
    *detail = colon == STR_NONE ? str_make(NULL, 0) : str_slice(name, colon + 1, name.length);
    for (int i = 0; i < OPERATOR_KINDS; i++)
        if (str_equal(head, str_from(kind_names[i]))) {
            *kind = (operator_kind)i;
            return true;
        }
    return false;
}

void operators_close(operators *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->count; i++)
        pcre2_code_free(o->rules[i].code);
    free(o->rules);
    arena_free(o->texts);
    pcre2_match_context_free(o->context);
    free(o);
}

static status add_rule(operators *o, str name, str lang, str pattern, uint64_t line, error *err)
{
    rule r = {0};
    int code = 0;
    PCRE2_SIZE offset = 0;
    if (!kind_of(name, &r.kind, &r.detail))
        return error_set_at(err, STATUS_SYNTAX, "operators", line, 1, "unknown operator '%.*s'",
                            STR_ARG(name));
    if (!str_empty(lang) && !str_equal(lang, STR("*")))
        memcpy(r.lang, lang.data, lang.length < 3 ? lang.length : 3);
    r.code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length,
                           PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &code, &offset, NULL);
    if (r.code == NULL) {
        char message[120] = "";
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof message);
        return error_set_at(err, STATUS_SYNTAX, "operators", line, offset + 1, "bad pattern: %s",
                            message);
    }
    rule *grown = realloc(o->rules, (o->count + 1) * sizeof *grown);
    if (grown == NULL) {
        pcre2_code_free(r.code);
        return error_memory(err);
    }
    o->rules = grown;
    o->rules[o->count++] = r;
    return STATUS_OK;
}

static status add_table(operators *o, str text, error *err)
{
    str rest = arena_str(o->texts, text), line;
    status s = rest.data == NULL ? error_memory(err) : STATUS_OK;
    for (uint64_t n = 1; s == STATUS_OK && str_split(&rest, '\n', &line); n++) {
        str name, lang;
        if (str_empty(line) || line.data[0] == '#')
            continue;
        if (!str_split(&line, '\t', &name) || !str_split(&line, '\t', &lang) || str_empty(line))
            return error_set_at(err, STATUS_SYNTAX, "operators", n, 1, "expected three columns");
        s = add_rule(o, name, lang, line, n, err);
    }
    return s;
}

status operators_open(str text, const struct pack *domain, operators **out, error *err)
{
    operators *o = calloc(1, sizeof *o);
    if (o == NULL)
        return error_memory(err);
    o->texts = arena_new(0);
    o->context = pcre2_match_context_create(NULL);
    o->pack = domain;
    status s = o->texts == NULL || o->context == NULL ? error_memory(err) : STATUS_OK;
    if (s == STATUS_OK) {
        pcre2_set_match_limit(o->context, MATCH_LIMIT);
        s = add_table(o, text, err);
    }
    if (s != STATUS_OK) {
        operators_close(o);
        return s;
    }
    *out = o;
    return STATUS_OK;
}

static status add_hit(operator_hits *out, operator_hit hit, arena *a, size_t *capacity, error *err)
{
    if (out->count >= MAX_HITS)
        return STATUS_OK;
    if (out->count == *capacity) {
        size_t more = *capacity == 0 ? 32 : *capacity * 2;
        operator_hit *grown = ARENA_ARRAY(a, operator_hit, more);
        if (grown == NULL)
            return error_memory(err);
        if (out->count > 0)
            memcpy(grown, out->items, out->count * sizeof *grown);
        out->items = grown;
        *capacity = more;
    }
    out->items[out->count++] = hit;
    out->has[hit.kind] = true;
    return STATUS_OK;
}

static status run_rule(const operators *o, const rule *r, str question, pcre2_match_data *data,
                       arena *a, operator_hits *out, size_t *capacity, error *err)
{
    PCRE2_SIZE at = 0;
    status s = STATUS_OK;
    while (s == STATUS_OK && at <= question.length) {
        int n = pcre2_match(r->code, (PCRE2_SPTR)question.data, question.length, at,
                            PCRE2_NO_UTF_CHECK, data, o->context);
        if (n == PCRE2_ERROR_MATCHLIMIT)
            out->limited = true;
        if (n < 0) /* 0: more groups than the data holds, and a match all the same */
            break;
        const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        if (ends[1] <= ends[0])
            break;
        operator_hit hit = {r->kind, r->detail, ends[0], ends[1]};
        s = add_hit(out, hit, a, capacity, err);
        at = ends[1];
    }
    return s;
}

/* The pack's own rules, by its names for them. */
static status run_pack(const operators *o, str question, str lang, arena *a, operator_hits *out,
                       size_t *capacity, error *err)
{
    size_t count = 0;
    if (o->pack == NULL)
        return STATUS_OK;
    const pack_operator *rules = pack_operators(o->pack, &count);
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        operator_hit hit = {0};
        str name = rules[i].name;
        if (!str_empty(rules[i].lang) && !str_equal(rules[i].lang, lang))
            continue;
        if (str_equal(name, STR("when")))
            name = STR("want:time");
        else if (str_equal(name, STR("how_many")))
            name = STR("count");
        bool limited = false, known = kind_of(name, &hit.kind, &hit.detail);
        while (known && s == STATUS_OK &&
               pack_operator_match(o->pack, i, question, hit.end, &hit.start, &hit.end, &limited) &&
               hit.end > hit.start)
            s = add_hit(out, hit, a, capacity, err);
        out->limited = out->limited || limited;
    }
    return s;
}

/* Within a longer hit of that kind. */
static bool lies_in(const operator_hits *hits, operator_kind kind, const operator_hit *h)
{
    for (size_t i = 0; i < hits->count; i++)
        if (hits->items[i].kind == kind && hits->items[i].start <= h->start &&
            h->end <= hits->items[i].end &&
            h->end - h->start < hits->items[i].end - hits->items[i].start)
            return true;
    return false;
}

static bool meets_code(const operator_hits *hits, const operator_hit *h)
{
    for (size_t i = 0; i < hits->count; i++)
        if (hits->items[i].kind == OPERATOR_CODE && hits->items[i].start < h->end &&
            h->start < hits->items[i].end)
            return true;
    return false;
}

/* What stands in an aside asks for nothing (几 of 这几天), "on the form" is no form of a thing, and
 * the number of a vocabulary is none to count ("the OMIM number of"). */
static void drop_misread(operator_hits *hits)
{
    size_t kept = 0;
    memset(hits->has, 0, sizeof hits->has);
    operator_hits all = *hits;
    bool *drop = all.count == 0 ? NULL : calloc(all.count, sizeof *drop);
    for (size_t i = 0; i < all.count && drop != NULL; i++) {
        const operator_hit *h = &all.items[i];
        bool way = h->kind == OPERATOR_UP || h->kind == OPERATOR_DOWN;
        drop[i] =
            (h->kind != OPERATOR_ASIDE && lies_in(&all, OPERATOR_ASIDE, h)) ||
            (way && lies_in(&all, OPERATOR_FILLER, h)) ||
            (h->kind == OPERATOR_COUNT && (meets_code(&all, h) || lies_in(&all, OPERATOR_WANT, h)));
    }
    for (size_t i = 0; i < all.count; i++)
        if (drop == NULL || !drop[i]) {
            hits->has[all.items[i].kind] = true;
            hits->items[kept++] = all.items[i];
        }
    hits->count = kept;
    free(drop);
}

/* "..., right?" asks for a yes whatever stands before. */
static bool ends_in_asking(const operator_hits *hits, str question)
{
    if ((unsigned char)question.data[question.length - 1] >= 0x80)
        return false;
    for (size_t i = 0; i < hits->count; i++)
        if (hits->items[i].kind == OPERATOR_ASK && hits->items[i].end + 2 >= question.length &&
            hits->items[i].start * 2 > question.length &&
            hits->items[i].end > hits->items[i].start + 3)
            return true;
    return false;
}

typedef bool rule_test(const rule *r);

static bool any_rule(const rule *r)
{
    (void)r;
    return true;
}

static bool is_silent(const rule *r)
{
    return r->kind == OPERATOR_FILLER || r->kind == OPERATOR_ASIDE || r->kind == OPERATOR_OPEN ||
           r->kind == OPERATOR_CODE;
}

/* The rules of the language that pass the test; *capacity is that of hits->items. */
static status run_rules(const operators *o, rule_test *test, str text, str lang, arena *a,
                        operator_hits *hits, size_t *capacity, error *err)
{
    pcre2_match_data *data = pcre2_match_data_create(32, NULL);
    if (data == NULL)
        return error_memory(err);
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < o->count && text.length > 0; i++) {
        const rule *r = &o->rules[i];
        if (test(r) &&
            (r->lang[0] == '\0' || str_empty(lang) || str_equal(str_from(r->lang), lang)))
            s = run_rule(o, r, text, data, a, hits, capacity, err);
    }
    pcre2_match_data_free(data);
    return s;
}

status operators_find_silent(const operators *o, str text, str lang, arena *a, operator_hits *out,
                             error *err)
{
    operator_hits hits = {0};
    size_t capacity = 0;
    status s = run_rules(o, is_silent, text, lang, a, &hits, &capacity, err);
    if (s == STATUS_OK)
        *out = hits;
    return s;
}

status operators_find(const operators *o, str question, str lang, arena *a, operator_hits *out,
                      error *err)
{
    operator_hits hits = {0};
    size_t capacity = 0;
    status s = run_rules(o, any_rule, question, lang, a, &hits, &capacity, err);
    if (s == STATUS_OK)
        s = run_pack(o, question, lang, a, &hits, &capacity, err);
    drop_misread(&hits);
    if (hits.has[OPERATOR_OPEN] && !ends_in_asking(&hits, question))
        hits.has[OPERATOR_ASK] = false;
    if (hits.has[OPERATOR_LIST])
        hits.has[OPERATOR_COUNT] = false;
    if (s == STATUS_OK)
        *out = hits;
    return s;
}
