/* Reads the shape of a model from a file's metadata and checks that its numbers make sense; the
 * tensors are checked against it when they are loaded. Rotary embedding with its scaling variants:
 * linear, YaRN (Peng et al., arXiv 2309.00071) and Llama 3's factors (a tensor of the file). */
#define _GNU_SOURCE /* M_PI */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "llm/engine.h"

#define MAX_KEY_BYTES 128

static const struct family {
    const char *name;
    llm_rope_kind rope;
} families[] = {
    {"llama", LLM_ROPE_PAIRS},
    {"qwen2", LLM_ROPE_HALVES},
    {"qwen3", LLM_ROPE_HALVES},
};

static const char *make_key(const llm_shape *s, const char *name, char key[MAX_KEY_BYTES])
{
    snprintf(key, MAX_KEY_BYTES, "%.*s.%s", STR_ARG(s->architecture), name);
    return key;
}

/* A required number in [1, most]. */
static status need(const gguf *file, const llm_shape *s, const char *name, uint32_t most,
                   uint32_t *out, error *err)
{
    char key[MAX_KEY_BYTES];
    uint32_t v = 0;
    make_key(s, name, key);
    if (gguf_find(file, key) == NULL)
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the metadata lack the key '%s'", key);
    if (!gguf_get_u32(file, key, &v) || v < 1 || v > most)
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the metadata key '%s' is not a whole number from 1 to %" PRIu32, key,
                            most);
    *out = v;
    return STATUS_OK;
}

/* The same for a key that may be missing: *out keeps its value then. */
static status may(const gguf *file, const llm_shape *s, const char *name, uint32_t most,
                  uint32_t *out, error *err)
{
    char key[MAX_KEY_BYTES];
    if (gguf_find(file, make_key(s, name, key)) == NULL)
        return STATUS_OK;
    return need(file, s, name, most, out, err);
}

static status read_family(const gguf *file, llm_shape *s, error *err)
{
    if (!gguf_get_str(file, "general.architecture", &s->architecture))
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the metadata lack the key 'general.architecture'");
    for (size_t i = 0; i < CORE_COUNT(families); i++)
        if (str_equal(s->architecture, str_from(families[i].name))) {
            s->rope = families[i].rope;
            return STATUS_OK;
        }
    return error_set_at(err, STATUS_UNSUPPORTED, gguf_name(file), 0, 0,
                        "the architecture '%.*s' is not supported; llama, qwen2 and qwen3 are",
                        STR_ARG(s->architecture));
}

static status check_unsupported(const gguf *file, const llm_shape *s, error *err)
{
    static const char *const refused[] = {"expert_count", "attention.sliding_window",
                                          "attention.clamp_kqv", "attention.logit_softcapping"};
    char key[MAX_KEY_BYTES];
    for (size_t i = 0; i < CORE_COUNT(refused); i++) {
        float v = 0;
        if (gguf_get_f32(file, make_key(s, refused[i], key), &v) && v != 0)
            return error_set_at(err, STATUS_UNSUPPORTED, gguf_name(file), 0, 0,
                                "a model with '%s' is not supported", key);
    }
    return STATUS_OK;
}

static status read_floats(const gguf *file, llm_shape *s, error *err)
{
    char key[MAX_KEY_BYTES];
    s->norm_epsilon = 0;
    s->rope_base = 10000;
    if (!gguf_get_f32(file, make_key(s, "attention.layer_norm_rms_epsilon", key),
                      &s->norm_epsilon) ||
        !(s->norm_epsilon >= 0 && s->norm_epsilon < 1))
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the metadata key '%s' is missing or out of range", key);
    gguf_get_f32(file, make_key(s, "rope.freq_base", key), &s->rope_base);
    if (!(s->rope_base >= 1 && s->rope_base <= 1e12f))
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the metadata key '%s' is out of range", key);
    return STATUS_OK;
}

static status read_heads(const gguf *file, llm_shape *s, error *err)
{
    status st = need(file, s, "attention.head_count", 1024, &s->heads, err);
    if (st != STATUS_OK)
        return st;
    s->kv_heads = s->heads;
    s->head_size = s->embedding / s->heads;
    if ((st = may(file, s, "attention.head_count_kv", 1024, &s->kv_heads, err)) != STATUS_OK ||
        (st = may(file, s, "attention.key_length", 1024, &s->head_size, err)) != STATUS_OK)
        return st;
    uint32_t value_size = s->head_size;
    s->rope_size = s->head_size;
    if ((st = may(file, s, "attention.value_length", 1024, &value_size, err)) != STATUS_OK ||
        (st = may(file, s, "rope.dimension_count", 1024, &s->rope_size, err)) != STATUS_OK)
        return st;
    if (s->heads % s->kv_heads != 0 || s->head_size == 0 || s->head_size > 512 ||
        s->head_size % 2 != 0)
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "%" PRIu32 " heads of %" PRIu32 " over %" PRIu32
                            " key-value heads make no attention",
                            s->heads, s->head_size, s->kv_heads);
    if (value_size != s->head_size)
        return error_set_at(err, STATUS_UNSUPPORTED, gguf_name(file), 0, 0,
                            "values of another size than keys are not supported");
    if (s->rope_size > s->head_size || s->rope_size % 2 != 0)
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "rotating %" PRIu32 " dimensions of a head of %" PRIu32
                            " makes no sense",
                            s->rope_size, s->head_size);
    return STATUS_OK;
}

/* The vocabulary is what the embedding has rows for; the tokenizer's list must agree. */
static status read_vocabulary(const gguf *file, llm_shape *s, error *err)
{
    const gguf_tensor *t = gguf_find_tensor(file, "token_embd.weight");
    if (t == NULL)
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the file has no tensor 'token_embd.weight'");
    if (t->dims != 2 || t->shape[0] != s->embedding || t->shape[1] > (1u << 24))
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "tensor 'token_embd.weight' has a shape that does not fit the "
                            "metadata's embedding_length");
    s->vocabulary = (uint32_t)t->shape[1];
    s->tied = gguf_find_tensor(file, "output.weight") == NULL;
    const gguf_value *tokens = gguf_find(file, "tokenizer.ggml.tokens");
    if (tokens != NULL && (tokens->kind != GGUF_ARRAY || tokens->count != s->vocabulary))
        return error_set_at(err, STATUS_INVALID, gguf_name(file), 0, 0,
                            "the vocabulary has %" PRIu64 " tokens but the embedding %" PRIu32
                            " rows",
                            tokens->count, s->vocabulary);
    return STATUS_OK;
}

status engine_read_shape(const gguf *file, llm_shape *out, error *err)
{
    llm_shape s = {0};
    status st = read_family(file, &s, err);
    if (st != STATUS_OK || (st = check_unsupported(file, &s, err)) != STATUS_OK)
        return st;
    gguf_get_str(file, "general.name", &s.name);
    s.file_bytes = gguf_file_bytes(file);
    if ((st = need(file, &s, "block_count", 1024, &s.layers, err)) != STATUS_OK ||
        (st = need(file, &s, "embedding_length", 65536, &s.embedding, err)) != STATUS_OK ||
        (st = need(file, &s, "feed_forward_length", 1u << 20, &s.feed_forward, err)) != STATUS_OK ||
        (st = need(file, &s, "context_length", 1u << 28, &s.context, err)) != STATUS_OK ||
        (st = read_floats(file, &s, err)) != STATUS_OK ||
        (st = read_heads(file, &s, err)) != STATUS_OK ||
        (st = read_vocabulary(file, &s, err)) != STATUS_OK)
        return st;
    for (size_t i = 0; i < gguf_tensor_count(file); i++) {
        const gguf_tensor *t = gguf_tensor_at(file, i);
        s.parameters += t->shape[0] * t->shape[1] * t->shape[2] * t->shape[3];
    }
    *out = s;
    return STATUS_OK;
}

/* --- rotary embedding ----------------------------------------------------------------------- */

/* Below `low` a dimension is extrapolated, above `high` interpolated (YaRN, section 3.2). */
static double yarn_bound(const llm_shape *s, double original, double rotations)
{
    return (double)s->rope_size * log(original / (rotations * 2 * M_PI)) /
           (2 * log((double)s->rope_base));
}

static status scale_yarn(llm_model *m, double factor, error *err)
{
    const llm_shape *s = &m->shape;
    char key[MAX_KEY_BYTES];
    uint32_t original = s->context;
    float fast = 32, slow = 1, gain = 1;
    status st = may(m->file, s, "rope.scaling.original_context_length", 1u << 28, &original, err);
    if (st != STATUS_OK)
        return st;
    gguf_get_f32(m->file, make_key(s, "rope.scaling.yarn_beta_fast", key), &fast);
    gguf_get_f32(m->file, make_key(s, "rope.scaling.yarn_beta_slow", key), &slow);
    gguf_get_f32(m->file, make_key(s, "rope.scaling.attn_factor", key), &gain);
    double low = floor(yarn_bound(s, original, (double)fast));
    double high = ceil(yarn_bound(s, original, (double)slow));
    low = fmax(low, 0);
    high = fmin(high, s->rope_size - 1);
    for (uint32_t i = 0; i < s->rope_size / 2; i++) {
        double ramp = ((double)i - low) / fmax(0.001, high - low);
        double extrapolated = 1 - fmin(1, fmax(0, ramp));
        double f = (double)m->frequencies[i];
        m->frequencies[i] = (float)(f * extrapolated + f / factor * (1 - extrapolated));
    }
    m->rope_gain = (float)((double)gain * (1 + 0.1 * log(factor)));
    return STATUS_OK;
}

/* Llama 3's factors: a tensor that divides each frequency. */
static status scale_factors(llm_model *m, const gguf_tensor *t, error *err)
{
    uint32_t half = m->shape.rope_size / 2;
    float factors[512];
    if (t->type != GGUF_TYPE_F32 || t->dims != 1 || t->shape[0] != half)
        return error_set_at(err, STATUS_INVALID, gguf_name(m->file), 0, 0,
                            "tensor 'rope_freqs.weight' has a wrong shape or type");
    status st = gguf_tensor_read(m->file, t, 0, half * sizeof *factors, factors, err);
    for (uint32_t i = 0; i < half && st == STATUS_OK; i++) {
        if (!(factors[i] > 0 && factors[i] < 1e9f))
            return error_set_at(err, STATUS_INVALID, gguf_name(m->file), 0, 0,
                                "tensor 'rope_freqs.weight' holds a factor out of range");
        m->frequencies[i] /= factors[i];
    }
    return st;
}

static status scale_by_metadata(llm_model *m, error *err)
{
    const llm_shape *s = &m->shape;
    char key[MAX_KEY_BYTES];
    str kind = {0};
    float factor = 1;
    if (!gguf_get_f32(m->file, make_key(s, "rope.scaling.factor", key), &factor))
        gguf_get_f32(m->file, make_key(s, "rope.scale_linear", key), &factor);
    if (!(factor > 0 && factor < 1e6f))
        return error_set_at(err, STATUS_INVALID, gguf_name(m->file), 0, 0,
                            "the metadata key '%s' is out of range", key);
    gguf_get_str(m->file, make_key(s, "rope.scaling.type", key), &kind);
    if (str_equal(kind, STR("yarn")))
        return scale_yarn(m, (double)factor, err);
    if (!str_empty(kind) && !str_equal(kind, STR("linear")) && !str_equal(kind, STR("none")))
        return error_set_at(err, STATUS_UNSUPPORTED, gguf_name(m->file), 0, 0,
                            "rope scaling '%.*s' is not supported; linear and yarn are",
                            STR_ARG(kind));
    if (!str_equal(kind, STR("none")))
        for (uint32_t i = 0; i < s->rope_size / 2; i++)
            m->frequencies[i] /= factor;
    return STATUS_OK;
}

status engine_read_rope(llm_model *m, error *err)
{
    const llm_shape *s = &m->shape;
    uint32_t half = s->rope_size / 2;
    m->frequencies = ARENA_ARRAY(m->memory, float, half);
    if (m->frequencies == NULL)
        return error_memory(err);
    m->rope_gain = 1;
    for (uint32_t i = 0; i < half; i++)
        m->frequencies[i] = (float)pow((double)s->rope_base, -2.0 * i / s->rope_size);
    status st = scale_by_metadata(m, err);
    if (st != STATUS_OK)
        return st;
    const gguf_tensor *t = gguf_find_tensor(m->file, "rope_freqs.weight");
    return t == NULL ? STATUS_OK : scale_factors(m, t, err);
}
