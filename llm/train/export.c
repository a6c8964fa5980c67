/* Layout: header, metadata, tensor table, padding, tensor data, each tensor aligned to 32 bytes
 * (ggml's gguf.md). The head is built in memory, data is streamed. Little-endian machines only. */
#include "llm/train/export.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "llm/modeltext.h"

enum {
    ALIGNMENT = 32,
    KIND_U32 = 4,
    KIND_I32 = 5,
    KIND_F32 = 6,
    KIND_BOOL = 7,
    KIND_TEXT = 8,
    KIND_ARRAY = 9,
    TENSOR_F32 = 0,
    TENSOR_Q8_0 = 8,
    BLOCK = 32,
    BLOCK_BYTES = 34
};

uint16_t export_half(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000, mantissa = bits & 0x7fffff;
    int exponent = (int)(bits >> 23 & 0xff) - 127;
    if (exponent == 128)
        return (uint16_t)(sign | 0x7c00 | (mantissa != 0 ? 0x200 : 0));
    if (exponent > 15)
        return (uint16_t)(sign | 0x7c00);
    if (exponent < -25)
        return (uint16_t)sign;
    uint32_t shift = exponent < -14 ? (uint32_t)(-exponent - 1) : 13;
    uint32_t whole = mantissa | 0x800000;
    uint32_t kept = whole >> shift, rest = whole & ((1u << shift) - 1), middle = 1u << (shift - 1);
    if (rest > middle || (rest == middle && (kept & 1) != 0))
        kept++;
    /* A normal number's leading bit adds one to the exponent; a carry does the right thing too. */
    uint32_t base = exponent < -14 ? 0 : (uint32_t)(exponent + 14) << 10;
    return (uint16_t)(sign | (base + kept));
}

void export_quantise_q8(const float *x, uint8_t out[34])
{
    float most = 0;
    for (int i = 0; i < BLOCK; i++)
        most = fmaxf(most, fabsf(x[i]));
    float scale = most / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0;
    uint16_t half = export_half(scale);
    memcpy(out, &half, 2);
    for (int i = 0; i < BLOCK; i++)
        out[2 + i] = (uint8_t)(int8_t)lrintf(x[i] * inverse);
}

static void put(buf *out, const void *data, size_t bytes)
{
    buf_add(out, str_make(data, bytes));
}

static void put_u32(buf *out, uint32_t x)
{
    put(out, &x, sizeof x);
}

static void put_u64(buf *out, uint64_t x)
{
    put(out, &x, sizeof x);
}

static void put_text(buf *out, str text)
{
    put_u64(out, text.length);
    buf_add(out, text);
}

/* Metadata under construction. */
typedef struct head {
    buf bytes;
    uint64_t keys;
} head;

static void key(head *h, const char *name, uint32_t kind)
{
    put_text(&h->bytes, str_from(name));
    put_u32(&h->bytes, kind);
    h->keys++;
}

static void key_u32(head *h, const char *name, int value)
{
    key(h, name, KIND_U32);
    put_u32(&h->bytes, (uint32_t)value);
}

static void key_f32(head *h, const char *name, float value)
{
    key(h, name, KIND_F32);
    put(&h->bytes, &value, sizeof value);
}

static void key_bool(head *h, const char *name, bool value)
{
    key(h, name, KIND_BOOL);
    buf_add_char(&h->bytes, value ? 1 : 0);
}

static void key_text(head *h, const char *name, const char *value)
{
    key(h, name, KIND_TEXT);
    put_text(&h->bytes, str_from(value));
}

static void key_array(head *h, const char *name, uint32_t kind, size_t count)
{
    key(h, name, KIND_ARRAY);
    put_u32(&h->bytes, kind);
    put_u64(&h->bytes, count);
}

static void add_shape(head *h, const net_config *c, const char *name, export_type type)
{
    key_text(h, "general.architecture", "llama");
    key_text(h, "general.name", name);
    key_text(h, "general.license", "same as vouch");
    key_u32(h, "general.file_type", type == EXPORT_F32 ? 0 : 7);
    key_u32(h, "general.quantization_version", 2);
    key_u32(h, "llama.context_length", c->context);
    key_u32(h, "llama.embedding_length", c->dim);
    key_u32(h, "llama.block_count", c->layers);
    key_u32(h, "llama.feed_forward_length", c->ffn);
    key_u32(h, "llama.attention.head_count", c->heads);
    key_u32(h, "llama.attention.head_count_kv", c->heads);
    key_f32(h, "llama.attention.layer_norm_rms_epsilon", c->norm_eps);
    key_u32(h, "llama.rope.dimension_count", c->dim / c->heads);
    key_f32(h, "llama.rope.freq_base", c->rope_base);
    key_u32(h, "llama.vocab_size", c->vocab);
    key_u32(h, MODELTEXT_FORMAT_KEY, MODELTEXT_FORMAT);
}

static void add_vocab(head *h, const vocab *v)
{
    size_t n = vocab_size(v);
    key_text(h, "tokenizer.ggml.model", "llama");
    key_text(h, "tokenizer.ggml.pre", "default");
    key_array(h, "tokenizer.ggml.tokens", KIND_TEXT, n);
    for (size_t i = 0; i < n; i++)
        put_text(&h->bytes, vocab_at(v, i).text);
    key_array(h, "tokenizer.ggml.scores", KIND_F32, n);
    for (size_t i = 0; i < n; i++) {
        float score = vocab_at(v, i).score;
        put(&h->bytes, &score, sizeof score);
    }
    key_array(h, "tokenizer.ggml.token_type", KIND_I32, n);
    for (size_t i = 0; i < n; i++)
        put_u32(&h->bytes, (uint32_t)vocab_at(v, i).type);
    key_u32(h, "tokenizer.ggml.bos_token_id", VOCAB_BOS);
    key_u32(h, "tokenizer.ggml.eos_token_id", VOCAB_EOS);
    key_u32(h, "tokenizer.ggml.unknown_token_id", VOCAB_UNKNOWN);
    key_bool(h, "tokenizer.ggml.add_bos_token", true);
    key_bool(h, "tokenizer.ggml.add_eos_token", false);
    key_bool(h, "tokenizer.ggml.add_space_prefix", false);
}

static bool quantised(const net_tensor *t, export_type type)
{
    return type == EXPORT_Q8_0 && t->rows > 1 && t->cols % BLOCK == 0;
}

static uint64_t data_bytes(const net_tensor *t, export_type type)
{
    size_t count = t->rows * t->cols;
    return quantised(t, type) ? count / BLOCK * BLOCK_BYTES : count * sizeof(float);
}

static uint64_t aligned(uint64_t x)
{
    return (x + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void add_tensors(buf *out, const net_tensor *tensors, size_t count, export_type type)
{
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const net_tensor *t = &tensors[i];
        put_text(out, str_from(t->name));
        put_u32(out, t->rows > 1 ? 2 : 1);
        put_u64(out, t->cols);
        if (t->rows > 1)
            put_u64(out, t->rows);
        put_u32(out, quantised(t, type) ? TENSOR_Q8_0 : TENSOR_F32);
        put_u64(out, at);
        at = aligned(at + data_bytes(t, type));
    }
}

/* binary16 back to float; normal numbers and zero, which scales are. */
static float from_half(uint16_t half)
{
    int exponent = half >> 10 & 31;
    float mantissa = (float)(half & 1023) / 1024.0f;
    float size = exponent == 0 ? ldexpf(mantissa, -14) : ldexpf(1.0f + mantissa, exponent - 15);
    return (half & 0x8000) != 0 ? -size : size;
}

static void round_q8_0(float *w)
{
    uint8_t block[BLOCK_BYTES];
    export_quantise_q8(w, block);
    float scale = from_half((uint16_t)(block[0] | block[1] << 8));
    for (size_t k = 0; k < BLOCK; k++)
        w[k] = scale * (float)(int8_t)block[2 + k];
}

/* As ggml's reference: the scale comes from the weight of the greatest size, with its sign. */
static void round_q4_0(float *w)
{
    float most = 0;
    for (size_t k = 0; k < BLOCK; k++)
        if (fabsf(w[k]) > fabsf(most))
            most = w[k];
    float scale = most / -8.0f, inverse = scale == 0 ? 0 : 1.0f / scale;
    float stored = from_half(export_half(scale));
    for (size_t k = 0; k < BLOCK; k++)
        w[k] = stored * (fminf(15, floorf(w[k] * inverse + 8.5f)) - 8.0f);
}

static void round_f16(float *w)
{
    for (size_t k = 0; k < BLOCK; k++)
        w[k] = from_half(export_half(w[k]));
}

bool export_round_trip(net *n, const char *type)
{
    static const struct {
        const char *name;
        void (*round)(float *block);
    } types[] = {{"f16", round_f16}, {"q8_0", round_q8_0}, {"q4_0", round_q4_0}};
    net_tensor tensors[512];
    size_t count = net_list_tensors(n, tensors, 512), kind = 0;
    while (kind < CORE_COUNT(types) && strcmp(types[kind].name, type) != 0)
        kind++;
    for (size_t i = 0; kind < CORE_COUNT(types) && i < count && i < 512; i++) {
        const net_tensor *t = &tensors[i];
        for (size_t j = 0; quantised(t, EXPORT_Q8_0) && j < t->rows * t->cols; j += BLOCK)
            types[kind].round(net_weights(n) + t->offset + j);
    }
    return kind < CORE_COUNT(types);
}

static bool write_zeros(FILE *f, uint64_t count)
{
    static const char zeros[ALIGNMENT];
    return fwrite(zeros, 1, (size_t)count, f) == count;
}

static bool write_tensor(FILE *f, const net_tensor *t, const float *w, export_type type)
{
    uint64_t bytes = data_bytes(t, type);
    if (!quantised(t, type))
        return fwrite(w, 1, bytes, f) == bytes && write_zeros(f, aligned(bytes) - bytes);
    for (size_t i = 0; i < t->rows * t->cols; i += BLOCK) {
        uint8_t block[BLOCK_BYTES];
        export_quantise_q8(w + i, block);
        if (fwrite(block, 1, sizeof block, f) != sizeof block)
            return false;
    }
    return write_zeros(f, aligned(bytes) - bytes);
}

static bool write_file(FILE *f, const buf *top, const net *n, const net_tensor *tensors,
                       size_t count, export_type type)
{
    bool good = fwrite(top->data, 1, top->length, f) == top->length &&
                write_zeros(f, aligned(top->length) - top->length);
    for (size_t i = 0; i < count && good; i++)
        good = write_tensor(f, &tensors[i], net_weights_const(n) + tensors[i].offset, type);
    return good;
}

static status store(const char *path, const buf *top, const net *n, const net_tensor *tensors,
                    size_t count, export_type type, error *err)
{
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return error_set(err, STATUS_LIMIT, "the path of the model is too long");
    FILE *f = fopen(beside, "wb");
    if (f == NULL)
        return error_errno(err, STATUS_IO, errno, beside);
    bool good = write_file(f, top, n, tensors, count, type);
    if (fclose(f) != 0 || !good || rename(beside, path) != 0)
        return error_errno(err, STATUS_IO, errno, path);
    return STATUS_OK;
}

status export_write(const char *path, const net *n, const vocab *v, const char *name,
                    export_type type, error *err)
{
    if ((size_t)net_shape(n)->vocab != vocab_size(v))
        return error_set(err, STATUS_INVALID, "the net's vocabulary is not this one");
    size_t count = net_list_tensors(n, NULL, 0);
    net_tensor *tensors = calloc(count, sizeof *tensors);
    head h = {0};
    buf top = {0};
    status st = tensors == NULL ? error_memory(err) : STATUS_OK;
    if (st == STATUS_OK) {
        net_list_tensors(n, tensors, count);
        add_shape(&h, net_shape(n), name, type);
        add_vocab(&h, v);
        buf_add_cstr(&top, "GGUF");
        put_u32(&top, 3);
        put_u64(&top, count);
        put_u64(&top, h.keys);
        buf_add(&top, buf_str(&h.bytes));
        add_tensors(&top, tensors, count, type);
        st = top.failed || h.bytes.failed ? error_memory(err)
                                          : store(path, &top, n, tensors, count, type, err);
    }
    buf_free(&h.bytes);
    buf_free(&top);
    free(tensors);
    return st;
}
