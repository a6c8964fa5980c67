/* Pages of a KV cache: the keys and values of KV_PAGE positions in all layers. Pages are counted
 * references: sessions and prefix caches share them, and a page that is shared is never written.
 * Keys lie transposed (dimension by position) and values position by position, as attention reads
 * them. Types: F16, F32, or Q8_0 (blocks of 32 dimensions of a position with a scale). */
#ifndef VOUCH_LLM_KV_H
#define VOUCH_LLM_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llm/kernels.h"
#include "llm/session.h"

#define KV_PAGE 32u

typedef struct kv_shape {
    llm_kv_type type;
    uint32_t layers, heads, head_size;
    size_t head_bytes; /* of the keys (or values) of one head in one layer */
    size_t page_bytes;
} kv_shape;

typedef struct kv_page kv_page;

kv_shape kv_plan(const llm_shape *model, llm_kv_type type);

/* A zeroed page with one reference; NULL when out of memory. */
kv_page *kv_page_new(const kv_shape *s);
kv_page *kv_page_copy(const kv_shape *s, const kv_page *page);
void kv_page_keep(kv_page *page);
void kv_page_drop(kv_page *page);
bool kv_page_shared(const kv_page *page);

/* Stores `count` positions from `first` on, for one head of one layer. Keys and values of a
 * position are head_size floats; those of the next are `stride` floats further. */
void kv_store(const kv_shape *s, const kernels *k, kv_page *page, uint32_t layer, uint32_t head,
              uint32_t first, uint32_t count, const float *keys, const float *values,
              size_t stride);

/* out[dimension * KV_PAGE + position] */
void kv_read_keys(const kv_shape *s, const kernels *k, const kv_page *page, uint32_t layer,
                  uint32_t head, float *out);
/* out[position * stride + dimension] for the first `count` positions */
void kv_read_values(const kv_shape *s, const kernels *k, const kv_page *page, uint32_t layer,
                    uint32_t head, uint32_t count, float *out, size_t stride);

#endif
