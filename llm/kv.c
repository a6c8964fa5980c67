/* KV pages. The block of one head in one layer: keys, then values; for Q8_0 each is followed by
 * its scales (a float for each position and 32 dimensions, in the order of the quants). */
#include "llm/kv.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct kv_page {
    _Alignas(64) _Atomic uint32_t references;
    _Alignas(64) unsigned char data[];
};

static uint32_t scale_blocks(const kv_shape *s)
{
    return (s->head_size + 31) / 32;
}

kv_shape kv_plan(const llm_shape *model, llm_kv_type type)
{
    kv_shape s = {.type = type,
                  .layers = model->layers,
                  .heads = model->kv_heads,
                  .head_size = model->head_size};
    size_t cells = (size_t)KV_PAGE * s.head_size;
    if (type == LLM_KV_Q8_0)
        s.head_bytes = cells + (size_t)KV_PAGE * scale_blocks(&s) * sizeof(float);
    else
        s.head_bytes = cells * (type == LLM_KV_F32 ? sizeof(float) : sizeof(uint16_t));
    s.head_bytes = (s.head_bytes + 63) / 64 * 64;
    s.page_bytes = s.head_bytes * 2 * s.heads * s.layers;
    return s;
}

kv_page *kv_page_new(const kv_shape *s)
{
    size_t bytes = (sizeof(kv_page) + s->page_bytes + 63) / 64 * 64;
    kv_page *p = aligned_alloc(64, bytes);
    if (p == NULL)
        return NULL;
    memset(p->data, 0, s->page_bytes);
    atomic_init(&p->references, 1);
    return p;
}

kv_page *kv_page_copy(const kv_shape *s, const kv_page *page)
{
    kv_page *p = kv_page_new(s);
    if (p != NULL)
        memcpy(p->data, page->data, s->page_bytes);
    return p;
}

void kv_page_keep(kv_page *page)
{
    atomic_fetch_add(&page->references, 1);
}

void kv_page_drop(kv_page *page)
{
    if (page != NULL && atomic_fetch_sub(&page->references, 1) == 1)
        free(page);
}

bool kv_page_shared(const kv_page *page)
{
    return atomic_load(&page->references) > 1;
}

static size_t place(const kv_shape *s, uint32_t layer, uint32_t head, bool values)
{
    return (((size_t)layer * s->heads + head) * 2 + values) * s->head_bytes;
}

static float *scales_of(const kv_shape *s, unsigned char *block)
{
    return (float *)(void *)(block + (size_t)KV_PAGE * s->head_size);
}

/* Quantises one position's vector; element d goes to q[d * step], the scale of block b to
 * scales[b * scale_step]. */
static void store_quantised(const float *x, uint32_t size, int8_t *q, size_t step, float *scales,
                            size_t scale_step)
{
    for (uint32_t from = 0; from < size; from += 32) {
        uint32_t to = size - from < 32 ? size : from + 32;
        float largest = 0;
        for (uint32_t d = from; d < to; d++)
            largest = fmaxf(largest, fabsf(x[d]));
        float inverse = largest > 0 && largest < INFINITY ? 127.0f / largest : 0;
        scales[from / 32 * scale_step] = largest / 127.0f;
        for (uint32_t d = from; d < to; d++)
            q[d * step] = (int8_t)lrintf(x[d] * inverse);
    }
}

static void store_q8(const kv_shape *s, unsigned char *keys_at, unsigned char *values_at,
                     uint32_t position, const float *key, const float *value)
{
    int8_t *k = (int8_t *)keys_at + position;
    int8_t *v = (int8_t *)values_at + (size_t)position * s->head_size;
    uint32_t blocks = scale_blocks(s);
    store_quantised(key, s->head_size, k, KV_PAGE, scales_of(s, keys_at) + position, KV_PAGE);
    store_quantised(value, s->head_size, v, 1, scales_of(s, values_at) + position * blocks, 1);
}

/* Keys of up to 32 positions, transposed through a buffer so that whole rows are converted. */
static void store_keys(const kv_shape *s, const kernels *k, unsigned char *at, uint32_t first,
                       uint32_t count, const float *keys, size_t stride)
{
    float row[KV_PAGE];
    for (uint32_t d = 0; d < s->head_size; d++) {
        for (uint32_t p = 0; p < count; p++)
            row[p] = keys[p * stride + d];
        size_t to = (size_t)d * KV_PAGE + first;
        if (s->type == LLM_KV_F32)
            memcpy(at + to * sizeof(float), row, count * sizeof(float));
        else
            k->to_half(row, count, (uint16_t *)(void *)at + to);
    }
}

void kv_store(const kv_shape *s, const kernels *k, kv_page *page, uint32_t layer, uint32_t head,
              uint32_t first, uint32_t count, const float *keys, const float *values, size_t stride)
{
    unsigned char *keys_at = page->data + place(s, layer, head, false);
    unsigned char *values_at = page->data + place(s, layer, head, true);
    if (s->type == LLM_KV_Q8_0) {
        for (uint32_t p = 0; p < count; p++)
            store_q8(s, keys_at, values_at, first + p, keys + p * stride, values + p * stride);
        return;
    }
    store_keys(s, k, keys_at, first, count, keys, stride);
    for (uint32_t p = 0; p < count; p++) {
        size_t to = (size_t)(first + p) * s->head_size;
        if (s->type == LLM_KV_F32)
            memcpy(values_at + to * sizeof(float), values + p * stride,
                   s->head_size * sizeof(float));
        else
            k->to_half(values + p * stride, s->head_size, (uint16_t *)(void *)values_at + to);
    }
}

void kv_read_keys(const kv_shape *s, const kernels *k, const kv_page *page, uint32_t layer,
                  uint32_t head, float *out)
{
    const unsigned char *at = page->data + place(s, layer, head, false);
    size_t cells = (size_t)KV_PAGE * s->head_size;
    if (s->type == LLM_KV_F32) {
        memcpy(out, at, cells * sizeof *out);
    } else if (s->type == LLM_KV_F16) {
        k->from_half((const uint16_t *)(const void *)at, cells, out);
    } else {
        const int8_t *q = (const int8_t *)at;
        const float *scales = (const float *)(const void *)(at + cells);
        for (uint32_t d = 0; d < s->head_size; d++)
            for (uint32_t p = 0; p < KV_PAGE; p++)
                out[d * KV_PAGE + p] = (float)q[d * KV_PAGE + p] * scales[d / 32 * KV_PAGE + p];
    }
}

void kv_read_values(const kv_shape *s, const kernels *k, const kv_page *page, uint32_t layer,
                    uint32_t head, uint32_t count, float *out, size_t stride)
{
    const unsigned char *at = page->data + place(s, layer, head, true);
    const float *scales = (const float *)(const void *)(at + (size_t)KV_PAGE * s->head_size);
    uint32_t blocks = scale_blocks(s);
    for (uint32_t p = 0; p < count; p++) {
        size_t from = (size_t)p * s->head_size;
        float *to = out + p * stride;
        if (s->type == LLM_KV_F32)
            memcpy(to, at + from * sizeof *out, s->head_size * sizeof *out);
        else if (s->type == LLM_KV_F16)
            k->from_half((const uint16_t *)(const void *)at + from, s->head_size, to);
        else
            for (uint32_t d = 0; d < s->head_size; d++)
                to[d] = (float)((const int8_t *)at)[from + d] * scales[p * blocks + d / 32];
    }
}
