/* Random models: matrices of Gaussian-like weights, quantised here by the simplest rounding that
 * each block format allows. */
#include "tests/unit/llm_models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/matrix.h"

tiny_model tiny_default(void)
{
    return (tiny_model){.architecture = "llama",
                        .layers = 2,
                        .embedding = 256,
                        .heads = 4,
                        .kv_heads = 2,
                        .head_size = 64,
                        .feed_forward = 512,
                        .vocabulary = 1000,
                        .context = 512,
                        .type = GGUF_TYPE_F32,
                        .seed = 1};
}

static void add_bytes(buf *b, const void *data, size_t bytes)
{
    buf_add(b, str_make(data, bytes));
}

static void add_u32(buf *b, uint32_t v)
{
    add_bytes(b, &v, sizeof v);
}

static void add_u64(buf *b, uint64_t v)
{
    add_bytes(b, &v, sizeof v);
}

static void add_str(buf *b, const char *text)
{
    add_u64(b, strlen(text));
    buf_add_cstr(b, text);
}

/* --- weights -------------------------------------------------------------------------------- */

static float random_weight(uint64_t *seed)
{
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        *seed = *seed * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(*seed >> 40) / 16777216.0f - 0.5f;
    }
    return sum * 1.7f;
}

static float largest_of(const float *x, size_t n)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmaxf(largest, fabsf(x[i]));
    return largest;
}

static int rounded(float x, int low, int high)
{
    long v = lrintf(x);
    return v < low ? low : v > high ? high : (int)v;
}

static void add_half(buf *b, float x)
{
    uint16_t h = llm_float_to_half(x);
    add_bytes(b, &h, sizeof h);
}

static void add_simple_block(buf *b, uint32_t type, const float *x)
{
    int offset = type == GGUF_TYPE_Q4_0 ? 8 : 16;
    float d = largest_of(x, 32) / (float)(type == GGUF_TYPE_Q8_0 ? 127 : offset - 1);
    float inverse = d > 0 ? 1 / d : 0;
    uint32_t high = 0;
    add_half(b, d);
    if (type == GGUF_TYPE_Q8_0) {
        for (int i = 0; i < 32; i++)
            buf_add_char(b, (char)rounded(x[i] * inverse, -127, 127));
        return;
    }
    int q[32];
    for (int i = 0; i < 32; i++) {
        q[i] = rounded(x[i] * inverse, -offset, offset - 1) + offset;
        high |= (uint32_t)(q[i] >> 4) << i;
    }
    if (type == GGUF_TYPE_Q5_0)
        add_u32(b, high);
    for (int i = 0; i < 16; i++)
        buf_add_char(b, (char)((q[i] & 15) | (q[i + 16] & 15) << 4));
}

/* Q4_K and Q5_K with one scale for all: every sub-block has scale 1 and minimum 1. */
static void add_k_block(buf *b, uint32_t type, const float *x)
{
    int levels = type == GGUF_TYPE_Q4_K ? 15 : 31;
    float largest = largest_of(x, 256), d = 2 * largest / (float)levels;
    unsigned char high[32] = {0}, low[128];
    add_half(b, d);
    add_half(b, largest);
    for (int i = 0; i < 8; i++)
        buf_add_char(b, 1);
    for (int i = 0; i < 4; i++)
        buf_add_char(b, 0x11);
    int q[256];
    for (int i = 0; i < 256; i++)
        q[i] = rounded((x[i] + largest) / (d > 0 ? d : 1), 0, levels);
    for (int i = 0; i < 256; i++)
        high[i % 32] |= (unsigned char)((q[i] >> 4) << (i / 32));
    for (int i = 0; i < 128; i++) {
        int at = i / 32 * 64 + i % 32;
        low[i] = (unsigned char)((q[at] & 15) | (q[at + 32] & 15) << 4);
    }
    if (type == GGUF_TYPE_Q5_K)
        add_bytes(b, high, sizeof high);
    add_bytes(b, low, sizeof low);
}

static void add_q6_block(buf *b, const float *x)
{
    float d = largest_of(x, 256) / 31;
    unsigned char low[128] = {0}, high[64] = {0};
    for (int i = 0; i < 256; i++) {
        int q = rounded(d > 0 ? x[i] / d : 0, -32, 31) + 32;
        int n = i / 128, part = i % 128 / 32, l = i % 32;
        low[n * 64 + part % 2 * 32 + l] |= (unsigned char)((q & 15) << (part / 2 * 4));
        high[n * 32 + l] |= (unsigned char)((q >> 4) << (part * 2));
    }
    add_bytes(b, low, sizeof low);
    add_bytes(b, high, sizeof high);
    for (int i = 0; i < 16; i++)
        buf_add_char(b, 1);
    add_half(b, d);
}

static void add_block(buf *b, uint32_t type, const float *x)
{
    uint32_t bits;
    switch (type) {
    case GGUF_TYPE_F32:
        add_bytes(b, x, sizeof *x);
        break;
    case GGUF_TYPE_F16:
        add_half(b, *x);
        break;
    case GGUF_TYPE_BF16:
        memcpy(&bits, x, sizeof bits);
        bits = (bits + 0x8000) >> 16;
        add_bytes(b, &bits, 2);
        break;
    case GGUF_TYPE_Q4_K:
    case GGUF_TYPE_Q5_K:
        add_k_block(b, type, x);
        break;
    case GGUF_TYPE_Q6_K:
        add_q6_block(b, x);
        break;
    default:
        add_simple_block(b, type, x);
        break;
    }
}

/* --- the file ------------------------------------------------------------------------------- */

typedef struct tensor {
    char name[64];
    uint32_t columns, rows, type; /* rows 0: a vector */
} tensor;

#define MAX_TENSORS 512

/* The type of a matrix: that of the model, or what llama.cpp's quantiser makes of it. */
static uint32_t matrix_type(const tiny_model *m, const char *name, uint32_t columns, uint32_t layer)
{
    uint32_t type = m->type, n = m->layers;
    bool output = strcmp(name, m->untied ? "output.weight" : "token_embd.weight") == 0;
    bool more = layer < n / 8 || layer >= 7 * n / 8 || (layer - n / 8) % 3 == 2;
    bool sensitive = strstr(name, "attn_v") != NULL || strstr(name, "ffn_down") != NULL;
    if (m->mixed && (type == GGUF_TYPE_Q4_0 || type == GGUF_TYPE_Q4_K) &&
        (output || (type == GGUF_TYPE_Q4_K && sensitive && more)))
        type = GGUF_TYPE_Q6_K;
    if (columns % 256 != 0 && type == GGUF_TYPE_Q4_K)
        type = GGUF_TYPE_Q5_0;
    if (columns % 256 != 0 && type == GGUF_TYPE_Q6_K)
        type = GGUF_TYPE_Q8_0;
    return type;
}

static void list(tensor *t, size_t *n, const tiny_model *m, uint32_t columns, uint32_t rows,
                 const char *format, uint32_t layer)
{
    char name[64];
    snprintf(name, sizeof name, format, layer);
    if (m->skip_tensor != NULL && strcmp(m->skip_tensor, name) == 0)
        return;
    uint32_t type = rows > 0 ? matrix_type(m, name, columns, layer) : GGUF_TYPE_F32;
    t[*n] = (tensor){.columns = columns, .rows = rows, .type = type};
    memcpy(t[(*n)++].name, name, sizeof name);
}

static void list_layer(tensor *t, size_t *n, const tiny_model *m, uint32_t i)
{
    uint32_t q = m->heads * m->head_size, kv = m->kv_heads * m->head_size, e = m->embedding;
    list(t, n, m, e, 0, "blk.%u.attn_norm.weight", i);
    list(t, n, m, e, q, "blk.%u.attn_q.weight", i);
    list(t, n, m, e, kv, "blk.%u.attn_k.weight", i);
    list(t, n, m, e, kv, "blk.%u.attn_v.weight", i);
    if (strcmp(m->architecture, "qwen2") == 0) {
        list(t, n, m, q, 0, "blk.%u.attn_q.bias", i);
        list(t, n, m, kv, 0, "blk.%u.attn_k.bias", i);
        list(t, n, m, kv, 0, "blk.%u.attn_v.bias", i);
    }
    if (strcmp(m->architecture, "qwen3") == 0) {
        list(t, n, m, m->head_size, 0, "blk.%u.attn_q_norm.weight", i);
        list(t, n, m, m->head_size, 0, "blk.%u.attn_k_norm.weight", i);
    }
    list(t, n, m, q, e, "blk.%u.attn_output.weight", i);
    list(t, n, m, e, 0, "blk.%u.ffn_norm.weight", i);
    list(t, n, m, e, m->feed_forward, "blk.%u.ffn_gate.weight", i);
    list(t, n, m, e, m->feed_forward, "blk.%u.ffn_up.weight", i);
    list(t, n, m, m->feed_forward, e, "blk.%u.ffn_down.weight", i);
}

static void add_key(buf *b, const tiny_model *m, const char *name, uint32_t kind, uint64_t *count)
{
    char key[96];
    (void)snprintf(key, sizeof key, "%s.%s", m->architecture, name);
    add_str(b, key);
    add_u32(b, kind);
    (*count)++;
}

static void add_array(buf *b, const char *key, uint32_t kind, uint64_t n, uint64_t *count)
{
    add_str(b, key);
    add_u32(b, GGUF_ARRAY);
    add_u32(b, kind);
    add_u64(b, n);
    (*count)++;
}

static void add_sentencepiece(buf *b, uint32_t n, uint64_t *count)
{
    static const char *const special[] = {"<unk>", "<s>", "</s>"};
    char text[32];
    add_str(b, "tokenizer.ggml.model");
    add_u32(b, GGUF_STRING);
    add_str(b, "llama");
    (*count)++;
    add_array(b, "tokenizer.ggml.tokens", GGUF_STRING, n, count);
    for (uint32_t i = 0; i < n; i++) {
        if (i < 3)
            (void)snprintf(text, sizeof text, "%s", special[i]);
        else if (i < 259)
            (void)snprintf(text, sizeof text, "<0x%02X>", i - 3);
        else
            (void)snprintf(text, sizeof text, "t%u", i);
        add_str(b, text);
    }
    add_array(b, "tokenizer.ggml.scores", GGUF_F32, n, count);
    for (uint32_t i = 0; i < n; i++) {
        float score = -(float)i;
        add_bytes(b, &score, sizeof score);
    }
    add_array(b, "tokenizer.ggml.token_type", GGUF_I32, n, count);
    for (uint32_t i = 0; i < n; i++)
        add_u32(b, i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1);
}

static void add_metadata(buf *b, const tiny_model *m, uint64_t *count)
{
    const struct {
        const char *name;
        uint32_t value;
    } numbers[] = {
        {"block_count", m->layers},
        {"context_length", m->context},
        {"embedding_length", m->embedding},
        {"feed_forward_length", m->feed_forward},
        {"attention.head_count", m->heads},
        {"attention.head_count_kv", m->kv_heads},
        {"attention.key_length", m->head_size},
        {"attention.value_length", m->head_size},
        {"rope.dimension_count", m->head_size},
    };
    float epsilon = 1e-5f;
    add_str(b, "general.architecture");
    add_u32(b, GGUF_STRING);
    add_str(b, m->architecture);
    (*count)++;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (m->skip_key != NULL && strcmp(m->skip_key, numbers[i].name) == 0)
            continue;
        add_key(b, m, numbers[i].name, GGUF_U32, count);
        add_u32(b, numbers[i].value);
    }
    add_key(b, m, "attention.layer_norm_rms_epsilon", GGUF_F32, count);
    add_bytes(b, &epsilon, sizeof epsilon);
    if (m->sentencepiece)
        add_sentencepiece(b, m->vocabulary, count);
    if (m->tokens == 0)
        return;
    add_str(b, "tokenizer.ggml.tokens");
    add_u32(b, GGUF_ARRAY);
    add_u32(b, GGUF_STRING);
    add_u64(b, m->tokens);
    for (uint32_t i = 0; i < m->tokens; i++)
        add_str(b, "t");
    (*count)++;
}

static void add_data(buf *b, const tensor *t, uint64_t *seed)
{
    uint32_t weights = 1, bytes = 4;
    float block[256], gain = t->rows > 0 ? 1.5f / sqrtf((float)t->columns) : 0.1f;
    size_t total = (size_t)t->columns * (t->rows > 0 ? t->rows : 1);
    (void)gguf_type_block(t->type, &weights, &bytes);
    for (size_t i = 0; i < total; i += weights) {
        for (uint32_t k = 0; k < weights; k++)
            block[k] = random_weight(seed) * gain +
                       (t->rows == 0 && strstr(t->name, "norm") != NULL ? 1 : 0);
        add_block(b, t->type, block);
    }
    while (b->length % 32 != 0)
        buf_add_char(b, 0);
}

buf tiny_build(const tiny_model *m)
{
    static tensor tensors[MAX_TENSORS];
    size_t n = 0;
    uint64_t values = 0, offset = 0, seed = m->seed;
    buf metadata = {0}, out = {0};
    add_metadata(&metadata, m, &values);
    list(tensors, &n, m, m->embedding, m->vocabulary, "token_embd.weight", 0);
    for (uint32_t i = 0; i < m->layers; i++)
        list_layer(tensors, &n, m, i);
    list(tensors, &n, m, m->embedding, 0, "output_norm.weight", 0);
    if (m->untied)
        list(tensors, &n, m, m->embedding, m->vocabulary, "output.weight", 0);
    if (m->extra_tensor != NULL) {
        list(tensors, &n, m, m->embedding, 0, "x", 0);
        (void)snprintf(tensors[n - 1].name, sizeof tensors->name, "%s", m->extra_tensor);
    }
    buf_add_cstr(&out, "GGUF");
    add_u32(&out, 3);
    add_u64(&out, n);
    add_u64(&out, values);
    buf_add(&out, buf_str(&metadata));
    for (size_t i = 0; i < n; i++) {
        uint32_t weights = 1, bytes = 4, rows = tensors[i].rows > 0 ? tensors[i].rows : 1;
        (void)gguf_type_block(tensors[i].type, &weights, &bytes);
        add_str(&out, tensors[i].name);
        add_u32(&out, tensors[i].rows > 0 ? 2 : 1);
        add_u64(&out, tensors[i].columns);
        if (tensors[i].rows > 0)
            add_u64(&out, tensors[i].rows);
        add_u32(&out, tensors[i].type);
        add_u64(&out, offset);
        offset += ((uint64_t)tensors[i].columns * rows / weights * bytes + 31) / 32 * 32;
    }
    while (out.length % 32 != 0)
        buf_add_char(&out, 0);
    for (size_t i = 0; i < n; i++)
        add_data(&out, &tensors[i], &seed);
    buf_free(&metadata);
    return out;
}
