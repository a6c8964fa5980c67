/* Reader of GGUF files, versions 2 and 3 (ggml's gguf.md): metadata and the table of tensors.
 *
 * Every count, length, offset and size is checked against the file before it is used, so that a
 * truncated or hostile file gives an error and never a wild read. The metadata is copied into
 * memory of its own and tensor data is copied out on demand by pread, never mapped: a file that
 * shrinks or changes while it is open gives an error, where a mapping would kill the process.
 *
 * Memory: about the size of the metadata. Threads: a gguf is immutable after opening; any number
 * of threads may read it and copy tensor data. Strings and arrays that it returns are borrowed and
 * live until gguf_close. */
#ifndef VOUCH_LLM_GGUF_H
#define VOUCH_LLM_GGUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/status.h"
#include "core/str.h"

/* Types of metadata values; the numbers are those of the file. */
typedef enum gguf_kind {
    GGUF_U8 = 0,
    GGUF_I8 = 1,
    GGUF_U16 = 2,
    GGUF_I16 = 3,
    GGUF_U32 = 4,
    GGUF_I32 = 5,
    GGUF_F32 = 6,
    GGUF_BOOL = 7,
    GGUF_STRING = 8,
    GGUF_ARRAY = 9,
    GGUF_U64 = 10,
    GGUF_I64 = 11,
    GGUF_F64 = 12
} gguf_kind;

/* Types of tensors; the numbers are those of the file (ggml_type). Files may hold others, which
 * are read as unknown: gguf_type_name gives NULL for them. */
typedef enum gguf_type {
    GGUF_TYPE_F32 = 0,
    GGUF_TYPE_F16 = 1,
    GGUF_TYPE_Q4_0 = 2,
    GGUF_TYPE_Q5_0 = 6,
    GGUF_TYPE_Q8_0 = 8,
    GGUF_TYPE_Q4_K = 12,
    GGUF_TYPE_Q5_K = 13,
    GGUF_TYPE_Q6_K = 14,
    GGUF_TYPE_BF16 = 30
} gguf_type;

#define GGUF_MAX_DIMS 4

typedef struct gguf_value {
    str key;
    gguf_kind kind;    /* GGUF_ARRAY: an array of `element` */
    gguf_kind element; /* arrays only; never GGUF_ARRAY (nested arrays are refused) */
    uint64_t count;    /* arrays only */
    const void *data;  /* numbers: little-endian, unaligned; strings of an array: const str * */
    str text;          /* GGUF_STRING only */
} gguf_value;

typedef struct gguf_tensor {
    str name;
    uint32_t type;                 /* gguf_type, or a number unknown here */
    uint32_t dims;                 /* 1..GGUF_MAX_DIMS */
    uint64_t shape[GGUF_MAX_DIMS]; /* shape[0] is the row length (contiguous); unused ones are 1 */
    uint64_t offset;               /* of the data, from the start of the file */
    uint64_t bytes;                /* of the data; 0 when the type is unknown */
} gguf_tensor;

typedef struct gguf gguf;

/* Opens a file. STATUS_NOT_FOUND or STATUS_IO when it cannot be read, STATUS_INVALID when it is no
 * sound GGUF file (the message says what and where, as a byte offset in `column`). */
status gguf_open(const char *path, gguf **out, error *err);

/* The same from bytes that the caller keeps alive and unchanged until gguf_close (a model linked
 * into the binary). `name` stands for the path in messages and is copied. */
status gguf_open_memory(const void *data, size_t bytes, const char *name, gguf **out, error *err);

void gguf_close(gguf *file);

const char *gguf_name(const gguf *file); /* the path or name that it was opened by */
uint32_t gguf_version(const gguf *file);
uint64_t gguf_file_bytes(const gguf *file);

/* Metadata, in the file's order. */
size_t gguf_value_count(const gguf *file);
const gguf_value *gguf_value_at(const gguf *file, size_t index);

/* The value of a key; NULL when there is none. */
const gguf_value *gguf_find(const gguf *file, const char *key);

/* Typed look-ups: false (out untouched) when the key is missing or its value does not fit: any
 * integer kind that is in range serves as u32 or u64, any number as f32. */
bool gguf_get_u32(const gguf *file, const char *key, uint32_t *out);
bool gguf_get_u64(const gguf *file, const char *key, uint64_t *out);
bool gguf_get_f32(const gguf *file, const char *key, float *out);
bool gguf_get_bool(const gguf *file, const char *key, bool *out);
bool gguf_get_str(const gguf *file, const char *key, str *out);

/* An array of strings: `items` has `count` elements. */
bool gguf_get_strings(const gguf *file, const char *key, const str **items, size_t *count);

/* Element `index` of an array of numbers (or the scalar itself at index 0) as a double or an
 * integer; false when it is no number, out of range, or does not fit. */
bool gguf_number_at(const gguf_value *value, uint64_t index, double *out);
bool gguf_integer_at(const gguf_value *value, uint64_t index, int64_t *out);

/* Tensors, in the file's order; NULL when there is none of that name. */
size_t gguf_tensor_count(const gguf *file);
const gguf_tensor *gguf_tensor_at(const gguf *file, size_t index);
const gguf_tensor *gguf_find_tensor(const gguf *file, const char *name);

/* Copies bytes [from, from + bytes) of a tensor's data. STATUS_INVALID when that leaves the
 * tensor, STATUS_IO when the file no longer has them. */
status gguf_tensor_read(const gguf *file, const gguf_tensor *tensor, uint64_t from, size_t bytes,
                        void *out, error *err);

/* The data where it lies, for a file opened from memory; NULL for one opened by its path. */
const void *gguf_tensor_data(const gguf *file, const gguf_tensor *tensor);

/* "Q4_K" and so on; NULL for a type that is unknown here. */
const char *gguf_type_name(uint32_t type);
/* Weights in a block of the type and its bytes; false for an unknown type. */
bool gguf_type_block(uint32_t type, uint32_t *weights, uint32_t *bytes);

#endif
