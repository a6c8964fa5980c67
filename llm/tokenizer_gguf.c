/* See tokenizer_gguf.h. */
#include "llm/tokenizer_gguf.h"

#include <stdlib.h>

#define KEY(name) "tokenizer.ggml." name

static status at_file(const gguf *file, error *err, status code, const char *what)
{
    return error_set_at(err, code, gguf_name(file), 0, 0, "%s", what);
}

static int switch_of(const gguf *file, const char *key)
{
    bool value;
    return gguf_get_bool(file, key, &value) ? (int)value : -1;
}

static int32_t id_of(const gguf *file, const char *key)
{
    uint32_t value;
    if (!gguf_get_u32(file, key, &value) || value == UINT32_MAX)
        return LLM_TOKEN_NONE; /* some writers put -1 for "none" */
    return value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static status read_family(const gguf *file, llm_vocab_spec *spec, error *err)
{
    str model;
    if (!gguf_get_str(file, KEY("model"), &model))
        return at_file(file, err, STATUS_INVALID,
                       "the file has no tokenizer (" KEY("model") " is missing)");
    if (str_equal(model, STR("llama")))
        spec->family = LLM_TOKENIZER_SPM;
    else if (str_equal(model, STR("gpt2")))
        spec->family = LLM_TOKENIZER_BPE;
    else
        return error_set_at(err, STATUS_UNSUPPORTED, gguf_name(file), 0, 0,
                            "the tokenizer '%.*s' is not supported; vouch has llama and gpt2",
                            model.length > 64 ? 64 : STR_ARG(model));
    if (spec->family == LLM_TOKENIZER_BPE && !gguf_get_str(file, KEY("pre"), &spec->pre))
        spec->pre = STR("");
    return STATUS_OK;
}

/* One number per token; *out stays NULL when the file has no such array. */
static status read_scores(const gguf *file, llm_vocab_spec *spec, float **out, error *err)
{
    const gguf_value *v = gguf_find(file, KEY("scores"));
    if (v == NULL)
        return STATUS_OK;
    if (v->kind != GGUF_ARRAY || v->count != spec->count)
        return at_file(file, err, STATUS_INVALID, "scores and tokens differ in number");
    *out = malloc(spec->count * sizeof **out);
    if (*out == NULL)
        return error_memory(err);
    for (size_t i = 0; i < spec->count; i++) {
        double value;
        if (!gguf_number_at(v, i, &value))
            return at_file(file, err, STATUS_INVALID, KEY("scores") " holds no numbers");
        (*out)[i] = (float)value;
    }
    spec->scores = *out;
    return STATUS_OK;
}

static status read_types(const gguf *file, llm_vocab_spec *spec, int32_t **out, error *err)
{
    const gguf_value *v = gguf_find(file, KEY("token_type"));
    if (v == NULL)
        return STATUS_OK;
    if (v->kind != GGUF_ARRAY || v->count != spec->count)
        return at_file(file, err, STATUS_INVALID, "token types and tokens differ in number");
    *out = malloc(spec->count * sizeof **out);
    if (*out == NULL)
        return error_memory(err);
    for (size_t i = 0; i < spec->count; i++) {
        int64_t value;
        if (!gguf_integer_at(v, i, &value) || value < 0 || value > LLM_TOKEN_BYTE)
            return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                                "the type of token %zu is none of 1 to 6", i);
        (*out)[i] = value == 0 ? LLM_TOKEN_NORMAL : (int32_t)value; /* 0: undefined */
    }
    spec->types = *out;
    return STATUS_OK;
}

static status read_spec(const gguf *file, llm_vocab_spec *spec, float **scores, int32_t **types,
                        error *err)
{
    status s = read_family(file, spec, err);
    if (s != STATUS_OK)
        return s;
    if (!gguf_get_strings(file, KEY("tokens"), &spec->tokens, &spec->count))
        return at_file(file, err, STATUS_INVALID,
                       "the file has no vocabulary (" KEY("tokens") " is missing)");
    if (spec->family == LLM_TOKENIZER_BPE &&
        !gguf_get_strings(file, KEY("merges"), &spec->merges, &spec->merge_count))
        return at_file(file, err, STATUS_INVALID,
                       "the tokenizer gpt2 needs " KEY("merges") ", which is missing");
    spec->bos = id_of(file, KEY("bos_token_id"));
    spec->eos = id_of(file, KEY("eos_token_id"));
    spec->eot = id_of(file, KEY("eot_token_id"));
    spec->unknown = id_of(file, KEY("unknown_token_id"));
    spec->pad = id_of(file, KEY("padding_token_id"));
    spec->add_bos = switch_of(file, KEY("add_bos_token"));
    spec->add_eos = switch_of(file, KEY("add_eos_token"));
    spec->add_space_prefix = switch_of(file, KEY("add_space_prefix"));
    s = read_scores(file, spec, scores, err);
    return s == STATUS_OK ? read_types(file, spec, types, err) : s;
}

status llm_tokenizer_from_gguf(const gguf *file, llm_tokenizer **out, error *err)
{
    llm_vocab_spec spec = llm_vocab_spec_empty();
    float *scores = NULL;
    int32_t *types = NULL;
    error inner = {0};
    status s = read_spec(file, &spec, &scores, &types, &inner);
    if (s == STATUS_OK)
        s = llm_tokenizer_new(&spec, out, &inner);
    if (s != STATUS_OK)
        error_set_at(err, s, gguf_name(file), 0, 0, "%s", inner.message);
    free(scores);
    free(types);
    return s;
}
