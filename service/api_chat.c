/* POST /v1/chat/completions and GET /v1/models: the OpenAI-compatible face. Each graph is a model.
 * The conversation is in the request: earlier user messages are asked again, without a model, to
 * bring the follow-up's context; the last user message is answered. What an OpenAI client does not
 * know (citations, verdicts) stands in the extra field "vouch". */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "fusion/wording.h"
#include "service/api.h"

#define REPLAYED_TURNS 4

static const api_field chat_fields[] = {
    {"model", API_TEXT, true, 1, 128}, {"messages", API_ARRAY, true, 0, 0},
    {"stream", API_BOOL, false, 0, 0}, {"stream_options", API_OBJECT, false, 0, 0},
    {"user", API_TEXT, false, 1, 128},
};

/* Only what changes the answer here is checked; other OpenAI fields are accepted and ignored. */
static bool check_chat(call *c, json_t *body)
{
    json_t *known = json_object();
    for (size_t i = 0; i < CORE_COUNT(chat_fields); i++) {
        json_t *value = json_object_get(body, chat_fields[i].name);
        if (value != NULL)
            json_object_set(known, chat_fields[i].name, value);
    }
    bool fine = api_check(c, known, chat_fields, CORE_COUNT(chat_fields));
    json_decref(known);
    json_t *n = json_object_get(body, "n");
    if (fine && n != NULL && !json_is_null(n) && json_integer_value(n) != 1) {
        api_error(c, 422, "invalid_fields", "'n' must be 1");
        return false;
    }
    return fine;
}

/* The text of a message: a string, or the text parts of an array joined. In the arena. */
static str message_text(call *c, json_t *message)
{
    json_t *content = json_object_get(message, "content");
    if (json_is_string(content))
        return str_make(json_string_value(content), json_string_length(content));
    buf joined = {0};
    size_t i;
    json_t *part;
    json_array_foreach(content, i, part)
    {
        const char *text = json_string_value(json_object_get(part, "text"));
        if (text != NULL)
            buf_printf(&joined, "%s%s", joined.length > 0 ? "\n" : "", text);
    }
    str text = arena_str(c->r->a, buf_str(&joined));
    buf_free(&joined);
    return text;
}

static bool is_user(json_t *message)
{
    const char *role = json_string_value(json_object_get(message, "role"));
    return role != NULL && strcmp(role, "user") == 0;
}

/* The index of the last user message; false after a 422. */
static bool last_question(call *c, json_t *messages, size_t *out)
{
    size_t count = json_array_size(messages);
    for (size_t i = 0; i < count; i++) {
        json_t *message = json_array_get(messages, i);
        if (!json_is_string(json_object_get(message, "role"))) {
            api_error(c, 422, "invalid_fields", "'messages/%zu' needs a 'role' and 'content'", i);
            return false;
        }
    }
    for (size_t i = count; i-- > 0;) {
        if (is_user(json_array_get(messages, i))) {
            *out = i;
            return true;
        }
    }
    api_error(c, 422, "invalid_fields", "'messages' holds no message of the user");
    return false;
}

/* Asks the earlier questions again, so that the conversation knows what "it" is. */
static void replay(call *c, json_t *messages, size_t last, fusion_conversation *conversation)
{
    size_t turns = 0;
    size_t from = last;
    while (from > 0 && turns < REPLAYED_TURNS) {
        from--;
        if (is_user(json_array_get(messages, from)))
            turns++;
    }
    for (size_t i = from; i < last; i++) {
        json_t *message = json_array_get(messages, i);
        if (!is_user(message))
            continue;
        error err = {0};
        answer a = {0};
        fusion_request request = {.question = message_text(c, message),
                                  .as_of = CLOCK_DAY_UNKNOWN,
                                  .no_model = true,
                                  .conversation = conversation,
                                  .cancel = &c->r->cancel,
                                  .deadline_ns = c->r->deadline_ns};
        (void)fusion_ask(c->graph->engine, &request, c->r->a, &a, &err);
        json_decref(a.explain);
        json_decref(a.samples);
    }
}

/* What a chat client shows: the answer, or why there is none; then notice and sources. */
static char *content_of(call *c, const answer *a)
{
    buf text = {0};
    buf_add(&text, a->text.length > 0 ? a->text : a->reason);
    if (a->text.length > 0 && a->reason.length > 0 && a->status != ANSWER_ANSWERED) {
        buf_add_char(&text, '\n');
        buf_add(&text, a->reason);
    }
    for (size_t i = 0; i < a->citation_count; i++) {
        const answer_citation *t = &a->citations[i];
        buf_printf(&text, "%s[%d] %.*s → %.*s → %.*s (%.*s", i == 0 ? "\n\n" : "\n", t->n,
                   STR_ARG(t->subject), STR_ARG(t->predicate), STR_ARG(t->object),
                   STR_ARG(answer_source_name(t->source)));
        if (t->position > 0)
            buf_printf(&text, ":%llu", (unsigned long long)t->position);
        buf_add_char(&text, ')');
    }
    if (a->scope_notice.length > 0)
        buf_printf(&text, "\n\n%.*s", STR_ARG(a->scope_notice));
    char *copy = arena_cstr(c->r->a, buf_str(&text));
    buf_free(&text);
    return copy == NULL ? (char *)(uintptr_t) "" : copy;
}

static json_t *usage_json(const answer *a)
{
    return json_pack("{s:I, s:I, s:I}", "prompt_tokens", (json_int_t)a->prompt_tokens,
                     "completion_tokens", (json_int_t)a->completion_tokens, "total_tokens",
                     (json_int_t)(a->prompt_tokens + a->completion_tokens));
}

static json_t *completion(call *c, const answer *a)
{
    return json_pack("{s:s+, s:s, s:I, s:s, s:[{s:i, s:{s:s, s:s, s:n}, s:s, s:n}], s:o, s:o}",
                     "id", "chatcmpl-", c->r->id, "object", "chat.completion", "created",
                     (json_int_t)clock_unix_seconds(), "model", c->graph_name, "choices", "index",
                     0, "message", "role", "assistant", "content", content_of(c, a), "refusal",
                     "finish_reason", "stop", "logprobs", "usage", usage_json(a), "vouch",
                     api_answer(a));
}

/* --- streaming
 * ---------------------------------------------------------------------------------------- */
typedef struct chat_stream {
    call *c;
    buf said; /* the sentences so far, as the answer's text has them */
} chat_stream;

/* Sends and consumes one event. */
static void send_document(call *c, json_t *document)
{
    char *text =
        document == NULL ? NULL : json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(document);
    buf out = {0};
    buf_printf(&out, "data: %s\n\n", text == NULL ? "{}" : text);
    free(text);
    if (!out.failed && http_stream_write(c->r, buf_str(&out)) != STATUS_OK)
        atomic_store(&c->r->cancel, true);
    buf_free(&out);
}

static void send_chunk(call *c, json_t *delta, const char *finish, json_t *extra)
{
    json_t *chunk = json_pack("{s:s+, s:s, s:I, s:s, s:[{s:i, s:o, s:s?}]}", "id", "chatcmpl-",
                              c->r->id, "object", "chat.completion.chunk", "created",
                              (json_int_t)clock_unix_seconds(), "model", c->graph_name, "choices",
                              "index", 0, "delta", delta, "finish_reason", finish);
    if (extra != NULL)
        json_object_set_new(chunk, "vouch", extra);
    send_document(c, chunk);
}

static void on_clause(void *context, str lang, const answer_clause *clause)
{
    chat_stream *s = context;
    size_t before = s->said.length;
    if (before > 0 && !str_equal(lang, STR("zh")))
        buf_add_char(&s->said, ' ');
    wording_add_clause(fusion_templates(s->c->graph->engine), lang, clause, &s->said);
    if (s->said.failed)
        return;
    send_chunk(s->c, json_pack("{s:s%}", "content", s->said.data + before, s->said.length - before),
               NULL, NULL);
}

/* OpenAI's last chunk of a stream for a client that asked for it: the usage, and no choice. */
static void send_usage(call *c, const answer *a)
{
    send_document(c, json_pack("{s:s+, s:s, s:I, s:s, s:[], s:o}", "id", "chatcmpl-", c->r->id,
                               "object", "chat.completion.chunk", "created",
                               (json_int_t)clock_unix_seconds(), "model", c->graph_name, "choices",
                               "usage", usage_json(a)));
}

/* What the sentences did not say yet: the citations, or the whole text when nothing was streamed.
 */
static void finish_stream(chat_stream *s, const answer *a, bool with_usage)
{
    const char *content = content_of(s->c, a);
    str said = buf_str(&s->said);
    bool begun = said.length > 0 && str_starts(str_from(content), said);
    send_chunk(s->c, json_pack("{s:s}", "content", content + (begun ? said.length : 0)), NULL,
               NULL);
    send_chunk(s->c, json_object(), "stop", api_answer(a));
    if (with_usage)
        send_usage(s->c, a);
    http_stream_write(s->c->r, STR("data: [DONE]\n\n"));
}

static void complete(call *c, json_t *body, size_t last)
{
    json_t *messages = json_object_get(body, "messages");
    chat_stream stream = {.c = c};
    error err = {0};
    answer a = {0};
    fusion_conversation *conversation = last > 0 ? fusion_conversation_new() : NULL;
    fusion_request request = {.question = message_text(c, json_array_get(messages, last)),
                              .as_of = CLOCK_DAY_UNKNOWN,
                              .conversation = conversation,
                              .cancel = &c->r->cancel,
                              .deadline_ns = c->r->deadline_ns};
    bool streaming = json_is_true(json_object_get(body, "stream"));
    if (conversation != NULL)
        replay(c, messages, last, conversation);
    if (streaming) {
        c->r->status = 200;
        c->r->content_type = "text/event-stream; charset=utf-8";
        if (http_stream_begin(c->r) == STATUS_OK)
            send_chunk(c, json_pack("{s:s, s:s}", "role", "assistant", "content", ""), NULL, NULL);
        request.on_clause = on_clause;
        request.context = &stream;
    }
    status code = fusion_ask(c->graph->engine, &request, c->r->a, &a, &err);
    fusion_conversation_free(conversation);
    if (code == STATUS_OK)
        api_record(c, &a, "chat", api_text(body, "user"));
    if (streaming && code == STATUS_OK)
        finish_stream(&stream, &a,
                      json_is_true(json_object_get(json_object_get(body, "stream_options"),
                                                   "include_usage")));
    else if (streaming)
        send_document(c, json_pack("{s:{s:s, s:s, s:s}}", "error", "code", status_name(err.code),
                                   "message", "the answer could not be finished", "request_id",
                                   c->r->id));
    else if (code == STATUS_OK)
        api_json(c, 200, completion(c, &a));
    else
        api_error_from(c, &err);
    buf_free(&stream.said);
    json_decref(a.explain);
    json_decref(a.samples);
}

void api_chat_completions(call *c)
{
    json_t *body = api_body(c);
    size_t last = 0;
    if (body == NULL)
        return;
    if (check_chat(c, body) && last_question(c, json_object_get(body, "messages"), &last) &&
        api_use_graph(c, json_string_value(json_object_get(body, "model"))))
        complete(c, body, last);
    json_decref(body);
}

static json_t *model_json(const char *name)
{
    return json_pack("{s:s, s:s, s:I, s:s}", "id", name, "object", "model", "created",
                     (json_int_t)0, "owned_by", "vouch");
}

/* The graphs that this client may ask, as models (/v1/models) and as graphs (/v1/graphs). */
void api_models(call *c)
{
    service_graph **all;
    size_t count = service_graphs_all(c->s->graphs, &all);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (api_may_see(c, all[i]->name))
            json_array_append_new(list, model_json(all[i]->name));
        service_graphs_release(c->s->graphs, all[i]);
    }
    free(all);
    api_json(c, 200, json_pack("{s:s, s:o}", "object", "list", "data", list));
}

void api_model(call *c)
{
    api_json(c, 200, model_json(c->graph_name));
}
