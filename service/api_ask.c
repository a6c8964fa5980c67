/* POST /v1/ask, /v1/retrieve and /v1/verify. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "service/api.h"

#define QUESTION_BYTES 8192 /* as much as a question may have */

static const api_field ask_fields[] = {
    {"graph", API_TEXT, true, 1, 128},      {"question", API_TEXT, true, 0, QUESTION_BYTES},
    {"lang", API_TEXT, false, 0, 8},        {"session", API_TEXT, false, 1, 128},
    {"as_of", API_DATE, false, 0, 0},       {"strict", API_BOOL, false, 0, 0},
    {"samples", API_INTEGER, false, 1, 16}, {"model", API_TEXT, false, 0, 256},
    {"stream", API_BOOL, false, 0, 0},      {"explain", API_BOOL, false, 0, 0},
    {"propose", API_BOOL, false, 0, 0},     {"reword", API_BOOL, false, 0, 0},
    {"user", API_TEXT, false, 1, 128},
};

static clock_day day_of(json_t *body)
{
    clock_day day = CLOCK_DAY_UNKNOWN;
    str text = api_text(body, "as_of");
    if (text.length > 0)
        clock_day_parse(text, &day);
    return day;
}

static bool lang_is_known(call *c, str lang)
{
    if (lang.length == 0 || str_equal(lang, STR("zh")) || str_equal(lang, STR("en")))
        return true;
    api_error(c, 422, "invalid_fields", "'lang' must be \"zh\" or \"en\"");
    return false;
}

/* A graph has one model; a request may name it, or ask for none. */
static bool model_is_served(call *c, str model)
{
    if (model.length == 0 || str_equal(model, STR("none")) || str_equal(model, STR("default")) ||
        str_equal(model, str_from(c->graph_name)))
        return true;
    api_error(c, 422, "invalid_fields", "'model' must be \"default\" or \"none\" here");
    return false;
}

/* --- server-sent events
 * --------------------------------------------------------------------------- */
static void send_event(call *c, const char *event, json_t *data)
{
    char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(data);
    buf out = {0};
    buf_printf(&out, "event: %s\ndata: %s\n\n", event, text == NULL ? "null" : text);
    free(text);
    if (!out.failed && http_stream_write(c->r, buf_str(&out)) != STATUS_OK)
        atomic_store(&c->r->cancel, true);
    buf_free(&out);
}

static json_t *clause_json(const answer_clause *clause)
{
    json_t *citations = json_array();
    for (size_t i = 0; i < clause->citation_count; i++)
        json_array_append_new(citations, json_integer(clause->citations[i]));
    return json_pack("{s:s%, s:s, s:o}", "text", clause->text.data == NULL ? "" : clause->text.data,
                     clause->text.length, "verdict", answer_verdict_name(clause->verdict),
                     "citations", citations);
}

static void on_clause(void *context, str lang, const answer_clause *clause)
{
    (void)lang;
    send_event(context, "clause", clause_json(clause));
}

/* The answer as an event; an error as an event too, since the 200 has left already. */
static void finish_stream(call *c, status code, const answer *a, const error *err)
{
    if (code == STATUS_OK) {
        send_event(c, "answer", api_answer(a));
    } else {
        send_event(c, "error",
                   json_pack("{s:{s:s, s:s, s:s}}", "error", "code", status_name(err->code),
                             "message", "the answer could not be finished", "request_id",
                             c->r->id));
    }
    http_stream_write(c->r, STR("event: done\ndata: [DONE]\n\n"));
}

/* --- recording
 * -------------------------------------------------------------------------------------- */
static void store_interaction(call *c, const answer *a, str question, str user, str json)
{
    const char *policy = c->settings->config->feedback_store;
    if (c->s->feedback == NULL || strcmp(policy, "all") != 0)
        return;
    error err = {0};
    feedback_interaction i = {.answer_id = a->id,
                              .graph = str_from(c->graph_name),
                              .client = str_from(c->client),
                              .user = user,
                              .question = question,
                              .lang = a->lang,
                              .status = str_from(answer_status_name(a->status)),
                              .logical_form =
                                  service_mask_apply(c->settings->mask, a->logical_form, c->r->a),
                              .confidence = a->confidence,
                              .answer_json = json,
                              .at = clock_unix_seconds()};
    if (service_feedback_add(c->s->feedback, &i, &err) != STATUS_OK)
        LOG(c->s->log, LOG_ERROR_LEVEL, "feedback_store_failed", LOG_CSTR("why", err.message));
}

/* Masks every text in the document that may repeat the question; what comes from the graph stays.
 */
static void mask_texts(call *c, json_t *document)
{
    static const char *const of_the_graph[] = {"id",        "values",    "clauses",
                                               "citations", "conflicts", "versions"};
    const char *name;
    json_t *value;
    size_t i;
    json_array_foreach(document, i, value)
    {
        mask_texts(c, value);
    }
    json_object_foreach(document, name, value)
    {
        bool keep = false;
        for (size_t k = 0; k < CORE_COUNT(of_the_graph); k++)
            keep = keep || strcmp(of_the_graph[k], name) == 0;
        if (!keep && json_is_string(value)) {
            str masked = service_mask_apply(c->settings->mask, api_text(document, name), c->r->a);
            json_object_set_new(document, name, json_stringn(masked.data, masked.length));
        } else if (!keep) {
            mask_texts(c, value);
        }
    }
}

/* The record that feedback refers to: the answer, masked. */
static str record_json(call *c, const answer *a, str question, str user)
{
    json_t *document = api_answer(a);
    json_object_del(document, "explain");
    json_object_del(document, "samples");
    mask_texts(c, document);
    json_object_set_new(document, "question", json_stringn(question.data, question.length));
    if (user.length > 0)
        json_object_set_new(document, "user", json_stringn(user.data, user.length));
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(document);
    str copy = text == NULL ? STR("{}") : arena_str(c->r->a, str_from(text));
    free(text);
    return copy;
}

static void log_slow(call *c, const answer *a, str question)
{
    const service_config *config = c->settings->config;
    if (config->slow_ms == 0 || a->timings.total < config->slow_ms)
        return;
    LOG(c->s->log, LOG_WARN_LEVEL, "slow_question", LOG_CSTR("id", c->r->id),
        LOG_CSTR("graph", c->graph_name), LOG_NUM("ms", a->timings.total),
        LOG_NUM("plan_ms", a->timings.plan), LOG_NUM("generate_ms", a->timings.generate),
        LOG_STR("question", config->log_questions ? question : STR("-")));
}

void api_record(call *c, const answer *a, const char *action, str user)
{
    str question = service_mask_apply(c->settings->mask, a->question, c->r->a);
    service_metrics_answer(c->s->metrics, a);
    log_slow(c, a, question);
    if (c->settings->config->log_questions)
        LOG(c->s->log, LOG_INFO_LEVEL, "question", LOG_CSTR("id", c->r->id),
            LOG_CSTR("graph", c->graph_name), LOG_STR("question", question),
            LOG_CSTR("status", answer_status_name(a->status)));
    if (c->s->feedback != NULL) {
        str json = record_json(c, a, question, user);
        service_recent_add(c->s->recent, a->id, str_from(c->client), str_from(c->graph_name), json);
        store_interaction(c, a, question, user, json);
    }
    if (c->s->audit == NULL)
        return;
    error err = {0};
    audit_entry entry = {.request_id = str_from(c->r->id),
                         .client = str_from(c->client),
                         .user = user,
                         .graph = str_from(c->graph_name),
                         .action = str_from(action),
                         .detail = question,
                         .outcome = str_from(answer_status_name(a->status))};
    if (service_audit_append(c->s->audit, &entry, &err) != STATUS_OK)
        LOG(c->s->log, LOG_ERROR_LEVEL, "audit_failed", LOG_CSTR("why", err.message));
}

/* --- endpoints
 * -------------------------------------------------------------------------------------- */
static fusion_request make_request(call *c, json_t *body)
{
    return (fusion_request){
        .question = api_text(body, "question"),
        .lang = api_text(body, "lang"),
        .as_of = day_of(body),
        .strict = json_is_true(json_object_get(body, "strict")),
        .explain = json_is_true(json_object_get(body, "explain")),
        .samples = (int)json_integer_value(json_object_get(body, "samples")),
        .propose = json_is_true(json_object_get(body, "propose")),
        .reword = json_is_true(json_object_get(body, "reword")),
        .no_model = str_equal(api_text(body, "model"), STR("none")),
        .cancel = &c->r->cancel,
        .deadline_ns = c->r->deadline_ns,
    };
}

static void ask(call *c, json_t *body)
{
    error err = {0};
    answer a = {0};
    str user = api_text(body, "user");
    fusion_request request = make_request(c, body);
    str session_name = api_text(body, "session");
    service_session *session = NULL;
    bool stream = json_is_true(json_object_get(body, "stream"));
    if (session_name.length > 0) {
        session = service_session_acquire(c->s->sessions, str_from(c->client),
                                          str_from(c->graph_name), session_name);
        request.conversation = service_session_conversation(session);
    }
    if (stream) {
        c->r->status = 200;
        c->r->content_type = "text/event-stream; charset=utf-8";
        request.on_clause = on_clause;
        request.context = c;
        stream = http_stream_begin(c->r) == STATUS_OK;
    }
    status code = fusion_ask(c->graph->engine, &request, c->r->a, &a, &err);
    service_session_release(c->s->sessions, session);
    if (code == STATUS_OK)
        api_record(c, &a, "ask", user);
    if (request.on_clause != NULL) {
        if (stream)
            finish_stream(c, code, &a, &err);
    } else if (code == STATUS_OK) {
        api_json(c, 200, api_answer(&a));
    } else {
        api_error_from(c, &err);
    }
    json_decref(a.explain);
    json_decref(a.samples);
}

void api_ask(call *c)
{
    json_t *body = api_body(c);
    if (body == NULL)
        return;
    if (api_check(c, body, ask_fields, CORE_COUNT(ask_fields)) &&
        lang_is_known(c, api_text(body, "lang")) &&
        api_use_graph(c, json_string_value(json_object_get(body, "graph"))) &&
        model_is_served(c, api_text(body, "model")))
        ask(c, body);
    json_decref(body);
}

void api_retrieve(call *c)
{
    static const api_field fields[] = {
        {"graph", API_TEXT, true, 1, 128},      {"question", API_TEXT, true, 0, QUESTION_BYTES},
        {"lang", API_TEXT, false, 0, 8},        {"as_of", API_DATE, false, 0, 0},
        {"limit", API_INTEGER, false, 1, 1000}, {"user", API_TEXT, false, 1, 128},
    };
    json_t *body = api_body(c);
    if (body == NULL)
        return;
    if (api_check(c, body, fields, CORE_COUNT(fields)) &&
        lang_is_known(c, api_text(body, "lang")) &&
        api_use_graph(c, json_string_value(json_object_get(body, "graph")))) {
        error err = {0};
        json_t *found = NULL;
        fusion_request request = make_request(c, body);
        json_int_t limit = json_integer_value(json_object_get(body, "limit"));
        if (fusion_retrieve(c->graph->engine, &request, limit > 0 ? (size_t)limit : 50, &found,
                            &err) == STATUS_OK) {
            api_hide_folders(found);
            api_json(c, 200, found);
        } else {
            api_error_from(c, &err);
        }
    }
    json_decref(body);
}

void api_verify(call *c)
{
    static const api_field fields[] = {
        {"graph", API_TEXT, true, 1, 128}, {"text", API_TEXT, true, 0, 1 << 20},
        {"lang", API_TEXT, false, 0, 8},   {"as_of", API_DATE, false, 0, 0},
        {"user", API_TEXT, false, 1, 128},
    };
    json_t *body = api_body(c);
    if (body == NULL)
        return;
    if (api_check(c, body, fields, CORE_COUNT(fields)) &&
        lang_is_known(c, api_text(body, "lang")) &&
        api_use_graph(c, json_string_value(json_object_get(body, "graph")))) {
        error err = {0};
        answer a = {0};
        if (fusion_verify(c->graph->engine, api_text(body, "text"), api_text(body, "lang"),
                          day_of(body), c->r->a, &a, &err) == STATUS_OK) {
            json_t *whole = api_answer(&a);
            json_t *out = json_pack("{s:O, s:O}", "clauses", json_object_get(whole, "clauses"),
                                    "citations", json_object_get(whole, "citations"));
            json_decref(whole);
            api_json(c, 200, out);
        } else {
            api_error_from(c, &err);
        }
    }
    json_decref(body);
}
