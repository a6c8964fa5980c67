/* Each form is scored with </s>, <ok> and <no> behind it; the trie of llm_score computes what the
 * three share once. The first sum is the generative score, the difference of the others the
 * verdict. */
#include "llm/ranker.h"

#include <math.h>
#include <stdlib.h>

#include "llm/modeltext.h"
#include "llm/session.h"
#include "llm/tokenizer_gguf.h"

enum { CONTEXT = 512, ENDINGS = 3 };

struct llm_ranker {
    llm_session *session;
    llm_tokenizer *tokenizer;
    int32_t ending[ENDINGS]; /* </s>, <ok>, <no> */
};

static status check_format(const llm_model *model, error *err)
{
    uint32_t format = 0;
    if (!gguf_get_u32(llm_model_gguf(model), MODELTEXT_FORMAT_KEY, &format) ||
        format != MODELTEXT_FORMAT)
        return error_set(err, STATUS_UNSUPPORTED,
                         "this model was not made to rank logical forms (no " MODELTEXT_FORMAT_KEY
                         " of %d in its file)",
                         MODELTEXT_FORMAT);
    return STATUS_OK;
}

status llm_ranker_new(const llm_model *model, llm_ranker **out, error *err)
{
    status st = check_format(model, err);
    if (st != STATUS_OK)
        return st;
    llm_ranker *r = calloc(1, sizeof *r);
    if (r == NULL)
        return error_memory(err);
    st = llm_tokenizer_from_gguf(llm_model_gguf(model), &r->tokenizer, err);
    if (st == STATUS_OK) {
        r->ending[0] = llm_tokenizer_eos(r->tokenizer);
        r->ending[1] = llm_tokenizer_find(r->tokenizer, STR("<ok>"));
        r->ending[2] = llm_tokenizer_find(r->tokenizer, STR("<no>"));
        for (int i = 0; i < ENDINGS && st == STATUS_OK; i++)
            if (r->ending[i] == LLM_TOKEN_NONE)
                st = error_set(err, STATUS_UNSUPPORTED,
                               "the model's vocabulary lacks </s>, <ok> or <no>");
    }
    if (st == STATUS_OK) {
        llm_session_options options = {.context = CONTEXT};
        st = llm_session_new(model, &options, &r->session, err);
    }
    if (st == STATUS_OK)
        *out = r;
    else
        llm_ranker_free(r);
    return st;
}

void llm_ranker_free(llm_ranker *r)
{
    if (r == NULL)
        return;
    llm_session_free(r->session);
    llm_tokenizer_free(r->tokenizer);
    free(r);
}

/* The ids of all forms, each once for every ending, one behind another. */
static status encode_forms(llm_ranker *r, const str *forms, size_t count, llm_tokens *ids,
                           size_t *ends, error *err)
{
    for (size_t i = 0; i < ENDINGS * count; i++) {
        status st = llm_tokenizer_encode(r->tokenizer, forms[i / ENDINGS],
                                         LLM_ENCODE_SPECIAL | LLM_ENCODE_CONTINUE, ids, err);
        if (st != STATUS_OK)
            return st;
        llm_tokens_add(ids, r->ending[i % ENDINGS]);
        if (ids->failed)
            return error_memory(err);
        ends[i] = ids->count;
    }
    return STATUS_OK;
}

static status score(llm_ranker *r, const llm_tokens *prefix, const llm_tokens *ids,
                    const size_t *ends, size_t count, llm_rank_score *scores, error *err)
{
    llm_candidate candidates[ENDINGS * LLM_RANKER_MAX_FORMS];
    llm_candidate_score found[ENDINGS * LLM_RANKER_MAX_FORMS];
    for (size_t i = 0, from = 0; i < ENDINGS * count; from = ends[i++])
        candidates[i] = (llm_candidate){ids->ids + from, ends[i] - from};
    status st =
        llm_score(r->session, prefix->ids, prefix->count, candidates, ENDINGS * count, found, err);
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        const llm_candidate_score *s = &found[ENDINGS * i];
        scores[i].gen = s[0].logprob / pow((double)s[0].count, 0.7);
        scores[i].fit = s[1].logprob - s[2].logprob;
    }
    return st;
}

status llm_ranker_score(llm_ranker *r, str prefix, const str *forms, size_t count,
                        llm_rank_score *scores, error *err)
{
    size_t ends[ENDINGS * LLM_RANKER_MAX_FORMS];
    if (count > LLM_RANKER_MAX_FORMS)
        return error_set(err, STATUS_LIMIT, "%zu forms are more than %d", count,
                         LLM_RANKER_MAX_FORMS);
    if (count == 0)
        return STATUS_OK;
    llm_tokens head = {0}, ids = {0};
    llm_tokens_add(&head, llm_tokenizer_bos(r->tokenizer));
    status st = llm_tokenizer_encode(r->tokenizer, prefix, LLM_ENCODE_SPECIAL | LLM_ENCODE_CONTINUE,
                                     &head, err);
    if (st == STATUS_OK && head.failed)
        st = error_memory(err);
    if (st == STATUS_OK)
        st = encode_forms(r, forms, count, &ids, ends, err);
    if (st == STATUS_OK)
        st = score(r, &head, &ids, ends, count, scores, err);
    llm_tokens_free(&head);
    llm_tokens_free(&ids);
    return st;
}
