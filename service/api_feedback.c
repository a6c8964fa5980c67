/* POST /v1/feedback; for administrators its export, the daily report, and the erasure of a user. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "service/api.h"

static const api_field feedback_fields[] = {
    {"answer_id", API_TEXT, true, 1, 64}, {"rating", API_INTEGER, true, -1, 1},
    {"reason", API_TEXT, false, 0, 4000}, {"correction", API_TEXT, false, 0, 4000},
    {"user", API_TEXT, false, 1, 128},    {"logical_form", API_TEXT, false, 0, 8192},
};

static bool enabled(call *c)
{
    if (c->s->feedback != NULL)
        return true;
    api_error(c, 404, "not_found", "feedback is switched off here");
    return false;
}

/* Keeps the judged answer for good, unless every answer is kept anyway. */
static status keep_answer(call *c, str graph, str json, error *err)
{
    json_t *a = json_loadb(json.data, json.length, 0, NULL);
    feedback_interaction i = {
        .answer_id = api_text(a, "id"),
        .graph = graph,
        .client = str_from(c->client),
        .user = api_text(a, "user"),
        .question = api_text(a, "question"),
        .lang = api_text(a, "lang"),
        .status = api_text(a, "status"),
        .logical_form = api_text(a, "logical_form"),
        .confidence = json_number_value(json_object_get(a, "confidence")),
        .answer_json = json,
        .at = clock_unix_seconds(),
    };
    status code = service_feedback_add(c->s->feedback, &i, err);
    json_decref(a);
    return code;
}

static void judge(call *c, json_t *body)
{
    error err = {0};
    str graph, json;
    int64_t id = 0;
    str answer_id = api_text(body, "answer_id");
    json_int_t rating = json_integer_value(json_object_get(body, "rating"));
    if (rating == 0) {
        api_error(c, 422, "invalid_fields", "'rating' must be 1 or -1");
        return;
    }
    if (!service_recent_get(c->s->recent, answer_id, str_from(c->client), c->r->a, &graph, &json) ||
        !api_may_see(c, graph.data)) {
        api_not_found(c, "answer");
        return;
    }
    const service_mask *mask = c->settings->mask;
    feedback_judgement j = {.answer_id = answer_id,
                            .graph = graph,
                            .client = str_from(c->client),
                            .user = api_text(body, "user"),
                            .reason = service_mask_apply(mask, api_text(body, "reason"), c->r->a),
                            .correction =
                                service_mask_apply(mask, api_text(body, "correction"), c->r->a),
                            .rating = (int)rating,
                            .at = clock_unix_seconds()};
    status code = keep_answer(c, graph, json, &err);
    if (code == STATUS_OK)
        code = service_feedback_judge(c->s->feedback, &j, &id, &err);
    if (code == STATUS_OK)
        api_json(c, 201, json_pack("{s:I, s:s}", "id", (json_int_t)id, "status", "stored"));
    else
        api_error_from(c, &err);
}

void api_feedback(call *c)
{
    if (!enabled(c))
        return;
    json_t *body = api_body(c);
    if (body == NULL)
        return;
    if (api_check(c, body, feedback_fields, CORE_COUNT(feedback_fields)))
        judge(c, body);
    json_decref(body);
}

/* Reading and erasing span all graphs, so they need the role on all ("*"). */
static bool is_admin(call *c)
{
    if (c->key != NULL && service_key_role(c->key, "*") >= ROLE_ADMIN)
        return true;
    api_error(c, 403, "forbidden", "this needs a key with the role 'admin' on every graph");
    return false;
}

static bool send_record(void *context, json_t *record)
{
    call *c = context;
    char *text = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
    buf line = {0};
    buf_printf(&line, "%s\n", text == NULL ? "{}" : text);
    free(text);
    bool more = http_stream_write(c->r, buf_str(&line)) == STATUS_OK;
    buf_free(&line);
    return more;
}

void api_feedback_export(call *c)
{
    error err = {0};
    int64_t since = 0;
    if (!is_admin(c) || !enabled(c))
        return;
    const char *text = http_query(c->r, "since");
    if (text != NULL && !str_to_i64(str_from(text), &since)) {
        api_error(c, 422, "invalid_fields", "'since' must be Unix seconds");
        return;
    }
    c->r->status = 200;
    c->r->content_type = "application/x-ndjson";
    if (http_stream_begin(c->r) == STATUS_OK &&
        service_feedback_export(c->s->feedback, since, send_record, c, &err) != STATUS_OK)
        LOG(c->s->log, LOG_ERROR_LEVEL, "feedback_export_failed", LOG_CSTR("why", err.message));
}

void api_feedback_report(call *c)
{
    error err = {0};
    json_t *report = NULL;
    if (!is_admin(c) || !enabled(c))
        return;
    clock_day day = clock_today();
    const char *text = http_query(c->r, "day");
    if (text != NULL && !clock_day_parse(str_from(text), &day)) {
        api_error(c, 422, "invalid_fields", "'day' must be a date as 2024-07-01");
        return;
    }
    int64_t from = (int64_t)day * 86400;
    if (service_feedback_report(c->s->feedback, from, from + 86400, &report, &err) == STATUS_OK)
        api_json(c, 200, report);
    else
        api_error_from(c, &err);
}

void api_erase_user(call *c)
{
    error err = {0};
    uint64_t records = 0;
    uint64_t lines = 0;
    if (!is_admin(c))
        return;
    str user = str_from(c->segments[0]);
    buf named = {0};
    buf_add_cstr(&named, "\"user\":");
    json_t *name = json_stringn(user.data, user.length);
    char *quoted = name == NULL ? NULL : json_dumps(name, JSON_ENCODE_ANY);
    json_decref(name);
    buf_add_cstr(&named, quoted);
    free(quoted);
    service_recent_erase(c->s->recent, buf_str(&named));
    buf_free(&named);
    status code = STATUS_OK;
    if (c->s->feedback != NULL)
        code = service_feedback_erase(c->s->feedback, user, &records, &err);
    if (code == STATUS_OK && c->s->audit != NULL)
        code = service_audit_erase(c->s->audit, user, &lines, &err);
    if (code == STATUS_OK)
        api_json(c, 200,
                 json_pack("{s:I, s:I}", "feedback_records", (json_int_t)records, "audit_lines",
                           (json_int_t)lines));
    else
        api_error_from(c, &err);
}
