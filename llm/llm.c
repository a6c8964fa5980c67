/* See llm.h: what both implementations share. */
#include "llm/llm.h"

#include <stdlib.h>
#include <string.h>

const char *llm_finish_name(llm_finish finish)
{
    static const char *const names[] = {"stop", "length", "constraint", "cancelled"};
    return names[finish];
}

llm_request llm_request_default(void)
{
    return (llm_request){.sampling = llm_sampling_default()};
}

static void clear(llm_result *r)
{
    buf_clear(&r->text);
    buf_clear(&r->pieces);
    r->finish = LLM_FINISH_STOP;
    r->prompt_tokens = r->cached_tokens = r->completion_tokens = 0;
    r->said_count = r->top_count = r->top_per_token = 0;
}

void llm_result_free(llm_result *r)
{
    buf_free(&r->text);
    buf_free(&r->pieces);
    free(r->said);
    free(r->top);
    *r = (llm_result){0};
}

bool llm_result_add(llm_result *r, bool to_top, int32_t token, float logprob, str piece)
{
    llm_said **list = to_top ? &r->top : &r->said;
    size_t *count = to_top ? &r->top_count : &r->said_count;
    size_t *capacity = to_top ? &r->top_capacity : &r->said_capacity;
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 32 : *capacity * 2;
        llm_said *grown = realloc(*list, wanted * sizeof *grown);
        if (grown == NULL)
            return false;
        *list = grown;
        *capacity = wanted;
    }
    (*list)[(*count)++] = (llm_said){token, logprob, r->pieces.length, piece.length};
    return buf_add(&r->pieces, piece);
}

size_t llm_find_stop(const llm_request *request, str text, size_t from)
{
    size_t best = STR_NONE;
    for (size_t i = 0; i < request->stop_count; i++) {
        size_t back = request->stop[i].length;
        if (back == 0)
            continue;
        size_t at = str_find(text, request->stop[i], from < back ? 0 : from - back + 1);
        best = at < best ? at : best;
    }
    return best;
}

size_t llm_held_back(const llm_request *request, str text)
{
    size_t most = 0;
    for (size_t i = 0; i < request->stop_count; i++) {
        str stop = request->stop[i];
        size_t n = stop.length == 0 ? 0 : stop.length - 1;
        for (n = n < text.length ? n : text.length; n > most; n--)
            if (memcmp(text.data + text.length - n, stop.data, n) == 0)
                most = n;
    }
    return most;
}

static status check(const llm_request *request, error *err)
{
    int kinds = (request->constraint != NULL) + !str_empty(request->grammar) +
                !str_empty(request->json_schema);
    if (kinds > 1)
        return error_set(err, STATUS_USAGE,
                         "give one of a constraint, a grammar and a schema, not several");
    if (request->message_count == 0 && str_empty(request->prompt))
        return error_set(err, STATUS_USAGE, "there is neither a prompt nor a message");
    if (request->top_logprobs > 20)
        return error_set(err, STATUS_USAGE, "at most 20 log-probabilities per token");
    return llm_sampling_check(&request->sampling, err);
}

status llm_generate(llm *model, const llm_request *request, llm_result *result, error *err)
{
    clear(result);
    status s = check(request, err);
    return s == STATUS_OK ? model->ops->generate(model, request, result, err) : s;
}

void llm_cancel(llm *model)
{
    model->ops->cancel(model);
}

const llm_tokenizer *llm_vocabulary(const llm *model)
{
    return model->ops->vocabulary(model);
}

str llm_name(const llm *model)
{
    return model->ops->name(model);
}

void llm_close(llm *model)
{
    if (model != NULL)
        model->ops->close(model);
}
