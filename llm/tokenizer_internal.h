/* What the files of the tokenizer share; nobody else includes this. */
#ifndef VOUCH_LLM_TOKENIZER_INTERNAL_H
#define VOUCH_LLM_TOKENIZER_INTERNAL_H

#include <pthread.h>

#include "core/arena.h"
#include "llm/pretokenizer.h"
#include "llm/tokenizer.h"

/* Bytes -> token id; open addressing, power of two. */
typedef struct token_map {
    int32_t *slots; /* token id + 1; 0 = free */
    size_t mask;
    size_t longest; /* bytes of the longest key */
} token_map;

/* A BPE merge: the pair of symbols and what it becomes. Symbols below the vocabulary's count are
 * tokens; those above are strings that only occur inside merges. */
typedef struct merge_slot {
    uint64_t pair; /* left << 32 | right */
    uint32_t rank;
    int32_t merged; /* symbol; -1 = free slot */
} merge_slot;

typedef struct merge_map {
    merge_slot *slots;
    size_t mask;
} merge_map;

struct llm_tokenizer {
    arena *memory; /* owns all strings and tables below, the maps aside */
    llm_tokenizer_family family;
    size_t count;
    str *texts;  /* as the file has them */
    str *pieces; /* the bytes they stand for */
    float *scores;
    uint8_t *types;
    uint8_t *ends;   /* 1 = ends generation */
    int32_t *ending; /* the ids whose `ends` is 1 */
    size_t ending_count;
    token_map by_piece; /* normal tokens (SPM: user-defined too) by their bytes */
    token_map by_text;  /* all tokens by the file's text */
    int32_t *specials;  /* control, user-defined, unknown: sorted by text */
    size_t special_count;
    uint8_t special_first[256]; /* 1 = some special starts with this byte */
    int32_t byte_token[256];    /* LLM_TOKEN_NONE where the vocabulary lacks it */
    int32_t bos, eos, eot, unknown, pad;
    bool add_bos, add_eos, add_space_prefix;
    /* BPE only */
    llm_pretokenizer *pre;
    merge_map merges;
    int32_t byte_symbol[256]; /* what a single byte starts as when merging */
    /* made on first use */
    pthread_mutex_t order_lock;
    llm_vocab_order order;
    int32_t *order_ids;
    uint16_t *order_shared;
};

/* --- token_map: `keys` is the array that the indices in the map point into --- */
bool token_map_init(token_map *m, size_t entries);
void token_map_free(token_map *m);
/* The last index put for a key wins. Never grows: give token_map_init the true count. */
void token_map_put(token_map *m, const str *keys, int32_t index);
int32_t token_map_find(const token_map *m, const str *keys, str key);

/* --- merging: the loop that both families share --- */
typedef struct merge_symbol {
    int32_t prev, next;     /* -1 at the ends */
    uint32_t start, length; /* bytes of the piece; length 0 = merged into its left neighbour */
    int32_t id;             /* token or symbol; LLM_TOKEN_NONE where nothing spells it */
} merge_symbol;

typedef struct merge_candidate {
    uint32_t key; /* the smallest is merged first; equal ones from the left */
    int32_t left, right;
    uint32_t length; /* of both when it was found: else it is stale */
    int32_t merged;
} merge_candidate;

/* Grows as needed; reused from piece to piece. */
typedef struct merge_scratch {
    merge_symbol *symbols;
    size_t symbol_count, symbol_capacity;
    merge_candidate *heap;
    size_t heap_count, heap_capacity;
} merge_scratch;

/* May the two neighbours become one symbol? */
typedef bool (*merge_lookup)(const llm_tokenizer *t, str text, const merge_symbol *left,
                             const merge_symbol *right, uint32_t *key, int32_t *merged);

/* Appends a symbol behind the last one; false when out of memory. */
bool merge_push(merge_scratch *m, uint32_t start, uint32_t length, int32_t id);
/* Merges until nothing merges: O(n log n). */
status merge_run(merge_scratch *m, const llm_tokenizer *t, str text, merge_lookup lookup,
                 error *err);
void merge_scratch_free(merge_scratch *m);

/* --- the families --- */
/* Encode one fragment without special tokens. `text` of SPM has its spaces replaced already. */
status tokenizer_spm_encode(const llm_tokenizer *t, str text, llm_tokens *out, error *err);
status tokenizer_bpe_encode(const llm_tokenizer *t, str text, llm_tokens *out, error *err);

/* Fill the pieces, types and maps that the family needs; texts are there already. */
status tokenizer_spm_load(llm_tokenizer *t, error *err);
status tokenizer_bpe_load(llm_tokenizer *t, const llm_vocab_spec *spec, error *err);

/* Emits the bytes one by one as byte tokens, or as the unknown token; STATUS_INVALID when the
 * vocabulary has neither. */
status tokenizer_add_bytes(const llm_tokenizer *t, str bytes, llm_tokens *out, error *err);

#endif
