/* See propose.h. */
#include "fusion/propose.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "core/json_schema.h"
#include "core/resource.h"
#include "core/utf8.h"
#include "llm/grammar.h"

enum { NAMES = 6, RELATIONS = 48, PLAN_TOKENS = 96, NAME_BYTES = 240 };

typedef struct proposal {
    const propose_request *q;
    const phrase_context *c;
    str names[NAMES], relations[RELATIONS];
    size_t name_count, relation_count;
    buf grammar, system, user;
    error *err;
} proposal;

/* Names that can stand between quotes on one line. */
static bool plain(str name)
{
    for (size_t i = 0; i < name.length; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == '"' || name.data[i] == '\\')
            return false;
    return name.length > 0 && name.length <= NAME_BYTES && utf8_valid(name.data, name.length);
}

static void add(str name, str *list, size_t most, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (str_equal(list[i], name))
            return;
    if (*count < most && plain(name))
        list[(*count)++] = name;
}

/* The relations that the entity has, either way. */
static void add_relations(proposal *p, kg_id entity)
{
    kg_edge_kind *kinds = NULL;
    size_t count = 0;
    error ignored = {0};
    if (kg_edge_kinds(p->c->read, entity, 1000, p->c->a, &kinds, &count, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        const retriever_relation *r = retriever_schema_relation(p->c->schema, kinds[i].relation);
        if (r != NULL && !r->naming)
            add(r->label, p->relations, RELATIONS, &p->relation_count);
    }
}

static void collect(proposal *p)
{
    const retriever_result *found = p->q->found;
    for (size_t i = 0; i < found->mention_count; i++) {
        const retriever_mention *m = &found->mentions[i];
        if (m->kind != RETRIEVER_MENTION_ENTITY || m->sense_count == 0 ||
            m->senses[0].match == RETRIEVER_MATCH_FUZZY)
            continue;
        add(m->senses[0].label, p->names, NAMES, &p->name_count);
        add_relations(p, m->senses[0].id);
    }
}

/* `rule ::= "\"a\"" | "\"b\""` */
static void add_rule(buf *out, const char *rule, const str *names, size_t count)
{
    buf_printf(out, "%s ::=", rule);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s \"\\\"%.*s\\\"\"", i > 0 ? " |" : "", STR_ARG(names[i]));
    buf_add_char(out, '\n');
}

static void write_grammar(proposal *p)
{
    buf_add_cstr(&p->grammar,
                 "root ::= \"NONE\" | \"DESCRIBE(\" name \")\" | set | \"COUNT(\" set \")\" | "
                 "\"ASK(\" set \", \" name \")\"\n"
                 "set ::= hop | \"AND(\" hop \", \" hop \")\"\n"
                 "hop ::= \"HOP(\" name step{1,3} \")\"\n"
                 "step ::= \", \" [+\\-] relation\n");
    add_rule(&p->grammar, "name", p->names, p->name_count);
    add_rule(&p->grammar, "relation", p->relations, p->relation_count);
}

static str text_at(const json_t *texts, const char *key, str lang)
{
    const json_t *t =
        json_object_get(json_object_get(texts, key), str_equal(lang, STR("zh")) ? "zh" : "en");
    return str_make(json_string_value(t), json_string_length(t));
}

static status write_prompt(proposal *p)
{
    str text;
    json_t *texts = NULL;
    char mark[32];
    status st = resource_get(STR("prompts/plan.json"), p->c->a, &text, p->err);
    if (st == STATUS_OK)
        st = json_schema_parse("prompts/plan.json", text.data, text.length, &texts, p->err);
    if (st != STATUS_OK)
        return st;
    snprintf(mark, sizeof mark, "###%08" PRIx32 "###",
             (uint32_t)(p->q->nonce ^ (p->q->nonce >> 32)));
    const template_var vars[] = {
        {"mark", str_from(mark)}, {"question", p->q->question}, {NULL, {0}}};
    buf_add(&p->system, text_at(texts, "system", p->c->lang));
    template_fill_text(text_at(texts, "names", p->c->lang), vars, &p->user);
    buf_printf(&p->user, "\n%s\n", mark);
    for (size_t i = 0; i < p->name_count; i++)
        buf_printf(&p->user, "\"%.*s\"\n", STR_ARG(p->names[i]));
    buf_printf(&p->user, "%.*s\n", STR_ARG(text_at(texts, "relations", p->c->lang)));
    for (size_t i = 0; i < p->relation_count; i++)
        buf_printf(&p->user, "\"%.*s\"\n", STR_ARG(p->relations[i]));
    buf_printf(&p->user, "%s\n", mark);
    template_fill_text(text_at(texts, "question", p->c->lang), vars, &p->user);
    json_decref(texts);
    return p->system.failed || p->user.failed || p->grammar.failed ? error_memory(p->err)
                                                                   : STATUS_OK;
}

static bool on_text(void *user, str text)
{
    const proposal *p = user;
    (void)text;
    return p->q->deadline_ns == 0 || clock_monotonic_ns() < p->q->deadline_ns;
}

/* The line that the model writes; empty when it fails. */
static str generate(proposal *p)
{
    error ignored = {0};
    llm_result result = {0};
    llm_request r = llm_request_default();
    const llm_message messages[] = {{STR("system"), buf_str(&p->system)},
                                    {STR("user"), buf_str(&p->user)}};
    r.messages = messages;
    r.message_count = CORE_COUNT(messages);
    r.max_tokens = PLAN_TOKENS;
    r.cancel = p->q->cancel;
    r.on_text = on_text;
    r.user = p;
    if (brain_vocabulary(p->q->brain) != NULL)
        r.grammar = buf_str(&p->grammar);
    str line = {0};
    if (brain_write(p->q->brain, &r, &result, &ignored) == STATUS_OK)
        line = arena_str(p->c->a, str_trim(buf_str(&result.text)));
    llm_result_free(&result);
    return line;
}

/* Only what the grammar holds: no other name, relation or operator. */
static bool allowed(const proposal *p, str line)
{
    llm_grammar *g = NULL;
    error ignored = {0};
    bool fits = !str_empty(line) && !str_equal(line, STR("NONE")) &&
                llm_grammar_compile(buf_str(&p->grammar), &g, &ignored) == STATUS_OK &&
                llm_grammar_match(g, line, &ignored) == STATUS_OK;
    llm_grammar_free(g);
    return fits;
}

static bool finds_something(const execute_result *r)
{
    return r->kind == EXECUTE_TRUTH      ? r->truth != EXECUTE_UNKNOWN
           : r->kind == EXECUTE_DESCRIBE ? r->statement_count > 0
                                         : r->value_count > 0;
}

static status execute(const proposal *p, str line, const lf_node **form, execute_result *result)
{
    const lf_node *parsed = NULL, *resolved = NULL;
    error ignored = {0};
    execute_result made = {0};
    const execute_options options = {.schema = p->c->schema,
                                     .as_of = p->q->found->as_of,
                                     .limits = {.deadline_ns = p->q->deadline_ns}};
    if (lf_parse(line, p->c->a, &parsed, &ignored) != STATUS_OK ||
        lf_resolve(p->c->read, parsed, p->c->a, &resolved, &ignored) != STATUS_OK)
        return STATUS_OK;
    status st = execute_form(p->c->read, resolved, &options, p->c->a, &made, p->err);
    if (st == STATUS_OK && finds_something(&made)) {
        *form = resolved;
        *result = made;
    }
    return st;
}

status propose_make(const propose_request *request, const lf_node **form, execute_result *result,
                    error *err)
{
    proposal p = {.q = request, .c = request->phrases, .err = err};
    *form = NULL;
    collect(&p);
    if (p.name_count == 0 || p.relation_count == 0)
        return STATUS_OK;
    write_grammar(&p);
    status st = write_prompt(&p);
    str line = st == STATUS_OK ? generate(&p) : (str){0};
    if (st == STATUS_OK && allowed(&p, line))
        st = execute(&p, line, form, result);
    buf_free(&p.grammar);
    buf_free(&p.system);
    buf_free(&p.user);
    return st;
}
