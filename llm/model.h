/* A transformer loaded from a GGUF file: architectures llama, qwen2 and qwen3.
 *
 * Loading checks shapes and metadata, then copies the weights into one buffer in the layout of the
 * kernels (llm/matrix.h), on huge pages where the system grants them; the file is not needed
 * afterwards, but for its metadata. A model is immutable and shared by any number of sessions
 * (llm/session.h) in any threads; its compute threads serve one evaluation at a time, so that no
 * more threads run than the model was given. Free the sessions before the model.
 *
 * Refuses: other architectures, mixtures of experts, tensor types that it does not know (each by
 * name), shapes that disagree, a vocabulary that does not match, weights that are not finite. */
#ifndef VOUCH_LLM_MODEL_H
#define VOUCH_LLM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/status.h"
#include "llm/gguf.h"

typedef struct llm_model llm_model;

typedef struct llm_model_options {
    size_t threads;      /* compute threads; 0 = the cores this process may use; never more */
    const char *kernels; /* "scalar", "avx2", "avx512", "neon"; NULL = the best for this CPU */
    bool no_pin;         /* leave the placing of threads to the system */
} llm_model_options;

typedef enum llm_rope_kind {
    LLM_ROPE_PAIRS, /* rotates (2i, 2i+1): llama */
    LLM_ROPE_HALVES /* rotates (i, i + dim/2): qwen2, qwen3 */
} llm_rope_kind;

/* What the file says, checked. */
typedef struct llm_shape {
    str architecture; /* "llama", "qwen2", "qwen3" */
    str name;         /* general.name; may be empty */
    uint32_t layers;
    uint32_t embedding; /* width of the residual stream */
    uint32_t heads;     /* query heads */
    uint32_t kv_heads;  /* key and value heads; divides heads */
    uint32_t head_size; /* of a key, a query and a value */
    uint32_t feed_forward;
    uint32_t vocabulary;
    uint32_t context;   /* the longest context that the model was trained for */
    uint32_t rope_size; /* dimensions of a head that are rotated */
    llm_rope_kind rope;
    float rope_base;
    float norm_epsilon;
    bool tied; /* the output matrix is the embedding */
    uint64_t parameters;
    uint64_t file_bytes;
} llm_shape;

/* Checks without loading the weights: reads the shape and finds every tensor. Gives the bytes of
 * memory that the weights will take. The shape borrows from the file. Fails as llm_model_open. */
status llm_model_inspect(gguf *file, llm_shape *shape, size_t *weight_bytes, error *err);

/* Opens a model file. options NULL = all defaults. STATUS_UNSUPPORTED names what is not supported;
 * STATUS_INVALID a file that is damaged or disagrees with itself. */
status llm_model_open(const char *path, const llm_model_options *options, llm_model **out,
                      error *err);

/* The same from bytes in memory that outlive the model (the embedded model). */
status llm_model_open_memory(const void *data, size_t bytes, const char *name,
                             const llm_model_options *options, llm_model **out, error *err);

void llm_model_close(llm_model *model);

const llm_shape *llm_model_shape(const llm_model *model);
/* The file's metadata, for tokenizers and templates; lives as long as the model. */
const gguf *llm_model_gguf(const llm_model *model);

const char *llm_model_kernels(const llm_model *model); /* the name of those in use */
size_t llm_model_threads(const llm_model *model);
/* Bytes of memory that the weights take. */
size_t llm_model_bytes(const llm_model *model);

#endif
