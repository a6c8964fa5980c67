/* The parser of completions: chunks of a stream and whole responses, chat and plain. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "llm/remote.h"

static str string_of(const json_t *value)
{
    return json_is_string(value) ? str_make(json_string_value(value), json_string_length(value))
                                 : (str){NULL, 0};
}

static status report(const json_t *error_value, error *err)
{
    str message = string_of(json_object_get(error_value, "message"));
    if (str_empty(message))
        message = string_of(error_value);
    return error_set(err, STATUS_NET, "the server says: %.*s",
                     message.length > 300 ? 300 : STR_ARG(message));
}

/* Gives on_text what can no longer be part of a stop string. */
static void show(llm_remote_answer *a, bool all)
{
    str text = buf_str(&a->result->text);
    size_t stop = llm_find_stop(a->request, text, a->shown);
    if (stop != STR_NONE) {
        a->result->text.length = stop;
        a->result->text.data[stop] = 0;
        a->result->finish = a->finish = LLM_FINISH_STOP;
        a->stopped = a->saw_finish = true;
        text = buf_str(&a->result->text);
        all = true;
    }
    size_t end = text.length - (all ? 0 : llm_held_back(a->request, text));
    if (end <= a->shown)
        return;
    str fresh = str_slice(text, a->shown, end);
    a->shown = end;
    if (a->request->on_text != NULL && !a->request->on_text(a->request->user, fresh)) {
        a->finish = LLM_FINISH_CANCELLED;
        a->stopped = a->saw_finish = true;
    }
}

static bool add_logprob(llm_remote_answer *a, bool top, const json_t *entry)
{
    const json_t *value = json_object_get(entry, "logprob");
    double logprob = json_is_number(value) ? json_number_value(value) : -INFINITY;
    return llm_result_add(a->result, top, LLM_TOKEN_NONE, (float)logprob,
                          string_of(json_object_get(entry, "token")));
}

/* "logprobs": {"content": [{"token", "logprob", "top_logprobs": [...]}]} */
static bool add_logprobs(llm_remote_answer *a, const json_t *logprobs)
{
    size_t i, k;
    const json_t *entry, *other;
    size_t wanted = a->request->top_logprobs;
    a->result->top_per_token = wanted;
    json_array_foreach(json_object_get(logprobs, "content"), i, entry)
    {
        if (!add_logprob(a, false, entry))
            return false;
        const json_t *top = json_object_get(entry, "top_logprobs");
        size_t n = 0;
        json_array_foreach((json_t *)top, k, other) if (n < wanted && add_logprob(a, true, other))
            n++;
        for (; n < wanted; n++) /* a server may give fewer: keep the rows equal */
            if (!llm_result_add(a->result, true, LLM_TOKEN_NONE, -INFINITY, STR("")))
                return false;
    }
    return true;
}

static void read_usage(llm_remote_answer *a, const json_t *usage)
{
    const json_t *prompt = json_object_get(usage, "prompt_tokens");
    const json_t *completion = json_object_get(usage, "completion_tokens");
    const json_t *details = json_object_get(usage, "prompt_tokens_details");
    const json_t *cached = json_object_get(details, "cached_tokens");
    if (json_is_integer(prompt) && json_integer_value(prompt) >= 0)
        a->result->prompt_tokens = (size_t)json_integer_value(prompt);
    if (json_is_integer(completion) && json_integer_value(completion) >= 0)
        a->result->completion_tokens = (size_t)json_integer_value(completion);
    if (json_is_integer(cached) && json_integer_value(cached) >= 0)
        a->result->cached_tokens = (size_t)json_integer_value(cached);
}

static status read_choice(llm_remote_answer *a, const json_t *choice, error *err)
{
    const json_t *part = json_object_get(choice, "delta");
    if (!json_is_object(part))
        part = json_object_get(choice, "message");
    str text = string_of(json_is_object(part) ? json_object_get(part, "content")
                                              : json_object_get(choice, "text"));
    buf_add(&a->result->text, text);
    if (a->request->logprobs && !add_logprobs(a, json_object_get(choice, "logprobs")))
        return error_memory(err);
    str finish = string_of(json_object_get(choice, "finish_reason"));
    if (!str_empty(finish)) {
        a->saw_finish = true;
        a->finish = str_equal(finish, STR("length"))           ? LLM_FINISH_LENGTH
                    : str_equal(finish, STR("content_filter")) ? LLM_FINISH_CONSTRAINT
                                                               : LLM_FINISH_STOP;
    }
    if (a->result->text.failed)
        return error_memory(err);
    show(a, a->saw_finish);
    return STATUS_OK;
}

static status read_answer(llm_remote_answer *a, const json_t *root, error *err)
{
    const json_t *problem = json_object_get(root, "error");
    if (problem != NULL && !json_is_null(problem))
        return report(problem, err);
    const json_t *usage = json_object_get(root, "usage");
    if (json_is_object(usage))
        read_usage(a, usage);
    const json_t *choices = json_object_get(root, "choices");
    if (!json_is_array(choices))
        return json_is_object(usage)
                   ? STATUS_OK
                   : error_set(err, STATUS_NET, "the server sent JSON that is no completion");
    if (json_array_size(choices) == 0 || a->stopped || a->saw_finish) /* behind its end */
        return STATUS_OK;
    return read_choice(a, json_array_get(choices, 0), err);
}

status llm_remote_parse(llm_remote_answer *a, str json, error *err)
{
    if (str_equal(str_trim(json), STR("[DONE]"))) {
        a->saw_done = true;
        return STATUS_OK;
    }
    json_error_t where;
    json_t *root = json_loadb(json.data == NULL ? "" : json.data, json.length, 0, &where);
    if (root == NULL)
        return error_set(err, STATUS_NET, "the server sent what is not JSON: %s", where.text);
    status s = read_answer(a, root, err);
    json_decref(root);
    return s;
}
