/* See trie.h. Nodes lie in one array; a node's children are a linked list for walking and an edge
 * hash for stepping, so both are cheap for the root's thousands of children. */
#include "llm/trie.h"

#include <stdlib.h>
#include <string.h>

typedef struct trie_node {
    int32_t token; /* that leads here */
    int32_t parent;
    int32_t first, last, sibling; /* children; next child of the same parent */
    uint32_t value;
    bool ends;
} trie_node;

struct llm_trie {
    size_t vocabulary;
    trie_node *nodes;
    size_t count, capacity;
    int32_t *edges; /* hash of (parent, token): node + 1; 0 = free */
    size_t edge_mask;
};

static size_t edge_slot(const llm_trie *trie, int32_t parent, int32_t token)
{
    uint64_t h = ((uint64_t)(uint32_t)parent << 32 | (uint32_t)token) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(h >> 24) & trie->edge_mask;
    for (; trie->edges[at] != 0; at = (at + 1) & trie->edge_mask) {
        const trie_node *n = &trie->nodes[trie->edges[at] - 1];
        if (n->parent == parent && n->token == token)
            break;
    }
    return at;
}

static bool rehash(llm_trie *trie, size_t slots)
{
    int32_t *edges = calloc(slots, sizeof *edges);
    if (edges == NULL)
        return false;
    free(trie->edges);
    trie->edges = edges;
    trie->edge_mask = slots - 1;
    for (size_t i = 1; i < trie->count; i++)
        edges[edge_slot(trie, trie->nodes[i].parent, trie->nodes[i].token)] = (int32_t)i + 1;
    return true;
}

status llm_trie_new(size_t vocabulary, llm_trie **out, error *err)
{
    llm_trie *trie = calloc(1, sizeof *trie);
    if (trie == NULL)
        return error_memory(err);
    trie->vocabulary = vocabulary;
    trie->capacity = 64;
    trie->nodes = calloc(trie->capacity, sizeof *trie->nodes);
    trie->count = 1;
    if (trie->nodes == NULL || !rehash(trie, 256)) {
        llm_trie_free(trie);
        return error_memory(err);
    }
    trie->nodes[0] = (trie_node){
        LLM_TRIE_NONE, LLM_TRIE_NONE, LLM_TRIE_NONE, LLM_TRIE_NONE, LLM_TRIE_NONE, 0, false};
    *out = trie;
    return STATUS_OK;
}

void llm_trie_free(llm_trie *trie)
{
    if (trie == NULL)
        return;
    free(trie->nodes);
    free(trie->edges);
    free(trie);
}

static int32_t add_child(llm_trie *trie, int32_t parent, int32_t token)
{
    if (trie->count >= INT32_MAX / 4)
        return LLM_TRIE_NONE;
    if (trie->count == trie->capacity) {
        trie_node *grown = realloc(trie->nodes, trie->capacity * 2 * sizeof *grown);
        if (grown == NULL)
            return LLM_TRIE_NONE;
        trie->nodes = grown;
        trie->capacity *= 2;
    }
    if (trie->count * 2 > trie->edge_mask && !rehash(trie, (trie->edge_mask + 1) * 2))
        return LLM_TRIE_NONE;
    int32_t id = (int32_t)trie->count++;
    trie->nodes[id] =
        (trie_node){token, parent, LLM_TRIE_NONE, LLM_TRIE_NONE, LLM_TRIE_NONE, 0, false};
    trie_node *p = &trie->nodes[parent];
    if (p->first == LLM_TRIE_NONE)
        p->first = id;
    else
        trie->nodes[p->last].sibling = id;
    p->last = id;
    trie->edges[edge_slot(trie, parent, token)] = id + 1;
    return id;
}

status llm_trie_add(llm_trie *trie, const int32_t *tokens, size_t count, uint32_t value, error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "an empty sequence cannot be in a trie");
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= trie->vocabulary)
            return error_set(err, STATUS_INVALID, "token %d is outside of the vocabulary",
                             (int)tokens[i]);
    int32_t node = LLM_TRIE_ROOT;
    for (size_t i = 0; i < count; i++) {
        int32_t next = llm_trie_step(trie, node, tokens[i]);
        if (next == LLM_TRIE_NONE)
            next = add_child(trie, node, tokens[i]);
        if (next == LLM_TRIE_NONE)
            return error_memory(err);
        node = next;
    }
    if (!trie->nodes[node].ends) {
        trie->nodes[node].ends = true;
        trie->nodes[node].value = value;
    }
    return STATUS_OK;
}

status llm_trie_add_text(llm_trie *trie, const llm_tokenizer *t, str text, unsigned flags,
                         uint32_t value, error *err)
{
    llm_tokens ids = {0};
    status s = llm_tokenizer_encode(t, text, flags, &ids, err);
    if (s == STATUS_OK)
        s = llm_trie_add(trie, ids.ids, ids.count, value, err);
    llm_tokens_free(&ids);
    return s;
}

int32_t llm_trie_step(const llm_trie *trie, int32_t node, int32_t token)
{
    if (node < 0 || (size_t)node >= trie->count)
        return LLM_TRIE_NONE;
    return trie->edges[edge_slot(trie, node, token)] - 1;
}

bool llm_trie_ends(const llm_trie *trie, int32_t node, uint32_t *value)
{
    if (node < 0 || (size_t)node >= trie->count || !trie->nodes[node].ends)
        return false;
    if (value != NULL)
        *value = trie->nodes[node].value;
    return true;
}

static int32_t give(const llm_trie *trie, int32_t node, int32_t *token)
{
    if (node != LLM_TRIE_NONE && token != NULL)
        *token = trie->nodes[node].token;
    return node;
}

int32_t llm_trie_child(const llm_trie *trie, int32_t node, int32_t *token)
{
    return give(trie, trie->nodes[node].first, token);
}

int32_t llm_trie_sibling(const llm_trie *trie, int32_t child, int32_t *token)
{
    return give(trie, trie->nodes[child].sibling, token);
}

size_t llm_trie_nodes(const llm_trie *trie)
{
    return trie->count;
}

/* --- the constraint --- */

typedef struct trie_constraint {
    llm_constraint head;
    const llm_trie *trie;
    int32_t node;
} trie_constraint;

static status trie_mask(llm_constraint *self, uint64_t *allowed, error *err)
{
    (void)err;
    trie_constraint *c = (trie_constraint *)self;
    size_t words = llm_mask_words(self->vocabulary);
    uint64_t *kept = calloc(words, sizeof *kept);
    if (kept == NULL) {
        memset(allowed, 0, words * sizeof *allowed);
        return error_memory(err);
    }
    int32_t token = 0;
    for (int32_t n = llm_trie_child(c->trie, c->node, &token); n != LLM_TRIE_NONE;
         n = llm_trie_sibling(c->trie, n, &token))
        if (llm_mask_has(allowed, token))
            llm_mask_set(kept, token);
    memcpy(allowed, kept, words * sizeof *allowed);
    free(kept);
    return STATUS_OK;
}

static status trie_accept(llm_constraint *self, int32_t token, error *err)
{
    trie_constraint *c = (trie_constraint *)self;
    int32_t next = llm_trie_step(c->trie, c->node, token);
    if (next == LLM_TRIE_NONE)
        return error_set(err, STATUS_INVALID, "token %d is not allowed here", (int)token);
    c->node = next;
    return STATUS_OK;
}

static bool trie_can_end(const llm_constraint *self)
{
    return llm_constraint_trie_value(self, NULL);
}

static void trie_reset(llm_constraint *self)
{
    ((trie_constraint *)self)->node = LLM_TRIE_ROOT;
}

static void trie_free(llm_constraint *self)
{
    free(self);
}

bool llm_constraint_trie_value(const llm_constraint *self, uint32_t *value)
{
    const trie_constraint *c = (const trie_constraint *)self;
    return llm_trie_ends(c->trie, c->node, value);
}

status llm_constraint_trie(const llm_trie *trie, llm_constraint **out, error *err)
{
    static const llm_constraint_ops ops = {trie_mask, trie_accept, trie_can_end, trie_reset,
                                           trie_free};
    trie_constraint *c = calloc(1, sizeof *c);
    if (c == NULL)
        return error_memory(err);
    *c = (trie_constraint){{&ops, trie->vocabulary}, trie, LLM_TRIE_ROOT};
    *out = &c->head;
    return STATUS_OK;
}
