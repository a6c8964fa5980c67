/* The forward pass over a batch of tokens: from token ids to hidden states, logits or
 * log-probabilities. The caller holds the model's pool (pool_lock); the workspace of the model is
 * used by whoever holds it.
 *
 * A batch is a chain (row i stands at position past + i, and its keys and values are written to
 * the pages), or part of a tree of continuations (each row sees the whole past and its own
 * ancestors; keys and values go to the tree's own buffer). */
#ifndef VOUCH_LLM_FORWARD_H
#define VOUCH_LLM_FORWARD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "llm/engine.h"
#include "llm/kv.h"

typedef struct workspace workspace;

status workspace_new(const llm_model *model, workspace **out, error *err);
void workspace_free(workspace *w);
size_t workspace_bytes(const workspace *w);

/* The keys and values of a tree's nodes. */
typedef struct forward_tree {
    const int32_t *parents; /* of each node; -1 = continues the past. Parents come first */
    const uint32_t *depths; /* 0 for a node without a parent */
    float *tail;            /* [layer][node][key | value], each kv size */
    size_t nodes;
} forward_tree;

typedef struct forward_batch {
    const int32_t *tokens;
    size_t count; /* 1 .. ENGINE_BATCH */
    size_t past;  /* positions in the pages that all rows see */
    const kv_shape *kv;
    kv_page *const *pages;      /* for a chain also those that the batch fills, not shared */
    forward_tree *tree;         /* NULL = a chain */
    size_t first_node;          /* the tree's node that is row 0 */
    const _Atomic bool *cancel; /* checked before each layer; may be NULL */
} forward_batch;

/* Computes the hidden states of the batch, which stay in the workspace until the next run.
 * STATUS_CANCELLED when the flag was seen. */
status forward_run(const llm_model *m, const forward_batch *b, error *err);

/* Logits of rows [first, first + count) of the last batch: count x vocabulary floats. */
status forward_logits(const llm_model *m, size_t first, size_t count, float *out, error *err);

/* A token whose log-probability behind a row is wanted. */
typedef struct forward_target {
    int32_t token;
    uint32_t row; /* of the batch */
    double *out;
} forward_target;

/* Log-probabilities over the whole vocabulary. `rows` lists the rows that targets name, ascending,
 * each once; targets are sorted by token. */
status forward_logprobs(const llm_model *m, const uint32_t *rows, size_t row_count,
                        const forward_target *targets, size_t target_count, error *err);

#endif
