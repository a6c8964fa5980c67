/* See prompt.h. */
#include "fusion/prompt.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "core/buf.h"
#include "core/json_schema.h"
#include "core/resource.h"
#include "core/utf8.h"
#include "fusion/template.h"

enum { FRAME_TOKENS = 64 }; /* of the chat template and the marks around the facts */

static status open_texts(json_t **out, arena *a, error *err)
{
    str text;
    status st = resource_get(STR("prompts/answer.json"), a, &text, err);
    return st != STATUS_OK
               ? st
               : json_schema_parse("prompts/answer.json", text.data, text.length, out, err);
}

static str text_at(const json_t *texts, const char *key, str lang)
{
    const json_t *t =
        json_object_get(json_object_get(texts, key), str_equal(lang, STR("zh")) ? "zh" : "en");
    return str_make(json_string_value(t), json_string_length(t));
}

/* One line, nothing that steers: control characters and line separators become spaces. */
static void add_plain(buf *out, str text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        i += utf8_decode(text.data + i, text.length - i, &c);
        bool steers = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
                      (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
                      c == UINT32_MAX;
        if (steers)
            buf_add_char(out, ' ');
        else
            buf_add_codepoint(out, c);
    }
}

static void add_fact(buf *out, const answer_citation *c)
{
    char from[16], to[16];
    clock_day_format(c->valid_from, from);
    clock_day_format(c->valid_to, to);
    buf_printf(out, "[%d] ", c->n);
    add_plain(out, c->subject);
    buf_add_cstr(out, " | ");
    add_plain(out, c->predicate);
    buf_add_cstr(out, " | ");
    add_plain(out, c->object);
    if (from[0] != '\0' || to[0] != '\0')
        buf_printf(out, " | %s..%s", from, to);
    buf_add_cstr(out, " | ");
    add_plain(out, answer_source_name(c->source)); /* it may go to another machine */
    buf_add_char(out, '\n');
}

static void add_history(const prompt_request *q, const json_t *texts, buf *out)
{
    if (q->turns == 0)
        return;
    buf_add(out, text_at(texts, "history", q->lang));
    buf_add_char(out, '\n');
    for (size_t i = 0; i < q->turns; i++) {
        buf_add_cstr(out, "- ");
        add_plain(out, str_slice(q->asked[i], 0, 300));
        buf_add_cstr(out, " -> ");
        add_plain(out, str_slice(q->answered[i], 0, 300));
        buf_add_char(out, '\n');
    }
}

static size_t add_facts(const prompt_request *q, const json_t *texts, size_t budget, buf *out)
{
    char mark[32];
    snprintf(mark, sizeof mark, "###%08" PRIx32 "###", (uint32_t)(q->nonce ^ (q->nonce >> 32)));
    const template_var vars[] = {{"mark", str_from(mark)}, {NULL, {0}}};
    template_fill_text(text_at(texts, "facts", q->lang), vars, out);
    buf_printf(out, "\n%s\n", mark);
    size_t used = 0, n = 0;
    for (; n < q->fact_count; n++) {
        buf line = {0};
        add_fact(&line, &q->facts[n]);
        used += q->count_tokens(q->user, buf_str(&line));
        bool fits = n == 0 || used <= budget;
        if (fits)
            buf_add(out, buf_str(&line));
        buf_free(&line);
        if (!fits)
            break;
    }
    buf_printf(out, "%s\n", mark);
    return n;
}

/* What a model of a small context leaves for the facts: a third of it is for the answer. */
static size_t facts_budget(const prompt_request *q, str system, str question)
{
    size_t rest = q->context - q->context / 3;
    size_t frame =
        q->count_tokens(q->user, system) + q->count_tokens(q->user, question) + FRAME_TOKENS;
    size_t room = q->context == 0 ? q->token_budget : rest > frame ? rest - frame : 0;
    return room < q->token_budget ? room : q->token_budget;
}

/* What stays the same over a conversation stands first, so that a model's cache of prefixes can
 * serve a follow-up: instructions, facts, then what was said, then the question. */
status prompt_make(const prompt_request *q, arena *a, prompt *out, error *err)
{
    json_t *texts = NULL;
    status st = open_texts(&texts, a, err);
    if (st != STATUS_OK)
        return st;
    buf system = {0}, user = {0}, question = {0};
    char field[64];
    snprintf(field, sizeof field, "%.*s", STR_ARG(q->pack));
    buf_add(&system, text_at(texts, "system", q->lang));
    if (q->quoting)
        buf_add(&system, text_at(texts, "quoting", q->lang));
    buf_add(&system, text_at(json_object_get(texts, "pack"), field, q->lang));
    const template_var vars[] = {{"question", q->question}, {NULL, {0}}};
    add_history(q, texts, &question);
    template_fill_text(text_at(texts, "question", q->lang), vars, &question);
    prompt made = {.count = 2};
    made.facts = add_facts(q, texts, facts_budget(q, buf_str(&system), buf_str(&question)), &user);
    buf_add(&user, buf_str(&question));
    made.messages[0] = (llm_message){STR("system"), arena_str(a, buf_str(&system))};
    made.messages[1] = (llm_message){STR("user"), arena_str(a, buf_str(&user))};
    bool failed =
        system.failed || user.failed || question.failed || made.messages[1].content.data == NULL;
    buf_free(&system);
    buf_free(&user);
    buf_free(&question);
    json_decref(texts);
    if (failed)
        return error_memory(err);
    *out = made;
    return STATUS_OK;
}

status prompt_repair(prompt *p, str said, str sentence, str lang, arena *a, error *err)
{
    json_t *texts = NULL;
    status st = open_texts(&texts, a, err);
    if (st != STATUS_OK)
        return st;
    buf ask = {0};
    const template_var vars[] = {{"sentence", sentence}, {NULL, {0}}};
    template_fill_text(text_at(texts, "repair", lang), vars, &ask);
    json_decref(texts);
    p->messages[2] = (llm_message){STR("assistant"), arena_str(a, said)};
    p->messages[3] = (llm_message){STR("user"), arena_str(a, buf_str(&ask))};
    p->count = 4;
    bool failed = ask.failed || p->messages[3].content.data == NULL;
    buf_free(&ask);
    return failed ? error_memory(err) : STATUS_OK;
}
