/* Scoring of candidate continuations: the candidates become a trie, and each inner node is
 * evaluated once, in batches in which parents come before their children. The first tokens are
 * read off the prefix's own logits; a candidate's last token needs no evaluation at all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llm/session_inside.h"

typedef struct node {
    int32_t token;
    int32_t parent; /* -1: the prefix */
    int32_t first_child, next_sibling;
    uint32_t depth;
    int32_t row; /* among the nodes that are evaluated; -1 for a leaf */
    double logprob;
} node;

typedef struct trie {
    node *nodes;
    size_t count;
    int32_t first_root;
    int32_t *last; /* the last node of each candidate; -1 when it is empty */
} trie;

static void free_trie(trie *t)
{
    free(t->nodes);
    free(t->last);
}

static int32_t find_or_add(trie *t, int32_t parent, int32_t token)
{
    int32_t *link = parent < 0 ? &t->first_root : &t->nodes[parent].first_child;
    while (*link >= 0) {
        if (t->nodes[*link].token == token)
            return *link;
        link = &t->nodes[*link].next_sibling;
    }
    *link = (int32_t)t->count;
    node *n = &t->nodes[t->count++];
    *n = (node){.token = token, .parent = parent, .first_child = -1, .next_sibling = -1, .row = -1};
    n->depth = parent < 0 ? 0 : t->nodes[parent].depth + 1;
    return (int32_t)t->count - 1;
}

static status check_candidates(const llm_session *s, size_t prefix, const llm_candidate *candidates,
                               size_t count, size_t *total, error *err)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].count > s->context - prefix)
            return error_set(err, STATUS_LIMIT,
                             "candidate %zu of %zu tokens behind a prefix of %zu exceeds the "
                             "context of %zu tokens",
                             i, candidates[i].count, prefix, s->context);
        for (size_t k = 0; k < candidates[i].count; k++)
            if (candidates[i].tokens[k] < 0 ||
                (uint32_t)candidates[i].tokens[k] >= s->model->shape.vocabulary)
                return error_set(err, STATUS_INVALID,
                                 "candidate %zu has a token outside of the vocabulary", i);
        sum += candidates[i].count;
        if (sum > INT32_MAX / 2)
            return error_set(err, STATUS_LIMIT, "too many tokens in the candidates");
    }
    *total = sum;
    return STATUS_OK;
}

static status build(trie *t, const llm_candidate *candidates, size_t count, size_t total,
                    error *err)
{
    *t = (trie){.first_root = -1};
    t->nodes = malloc((total + 1) * sizeof *t->nodes);
    t->last = malloc((count + 1) * sizeof *t->last);
    if (t->nodes == NULL || t->last == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        int32_t at = -1;
        for (size_t k = 0; k < candidates[i].count; k++)
            at = find_or_add(t, at, candidates[i].tokens[k]);
        t->last[i] = at;
    }
    return STATUS_OK;
}

/* --- the prefix ----------------------------------------------------------------------------- */

static bool holds(const llm_session *s, const int32_t *prefix, size_t count)
{
    return s->logits != NULL && s->logits_count == count && s->count == count &&
           memcmp(s->tokens, prefix, count * sizeof *prefix) == 0;
}

/* Evaluates the prefix unless the session holds it with its logits. */
static status set_prefix(llm_session *s, const int32_t *prefix, size_t count, error *err)
{
    if (holds(s, prefix, count))
        return STATUS_OK;
    if (s->logits == NULL)
        s->logits = malloc(s->model->shape.vocabulary * sizeof *s->logits);
    if (s->logits == NULL)
        return error_memory(err);
    status st = llm_session_set(s, prefix, count, s->logits, NULL, err);
    if (st == STATUS_OK)
        s->logits_count = count;
    return st;
}

static status score_roots(llm_session *s, trie *t, error *err)
{
    const kernels *k = s->model->k;
    size_t vocabulary = s->model->shape.vocabulary;
    float *copy = malloc(vocabulary * sizeof *copy);
    if (copy == NULL)
        return error_memory(err);
    memcpy(copy, s->logits, vocabulary * sizeof *copy);
    float largest = k->maximum(copy, vocabulary);
    double sum = (double)largest + log((double)k->exp_sum(copy, vocabulary, largest));
    free(copy);
    for (int32_t n = t->first_root; n >= 0; n = t->nodes[n].next_sibling)
        t->nodes[n].logprob = (double)s->logits[t->nodes[n].token] - sum;
    return STATUS_OK;
}

/* --- the inner nodes ------------------------------------------------------------------------ */

/* The nodes that are evaluated, and what a batch of them needs. */
typedef struct inner {
    size_t count;
    int32_t *tokens, *parents;
    uint32_t *depths;
    size_t *nodes; /* which node of the trie each is */
    float *tail;
    forward_target *targets; /* of one batch */
    uint32_t *rows;          /* 0, 1, 2, ... */
} inner;

static void free_inner(inner *in)
{
    free(in->tokens);
    free(in->parents);
    free(in->depths);
    free(in->nodes);
    free(in->tail);
    free(in->targets);
    free(in->rows);
}

static status list_inner(const llm_session *s, trie *t, inner *in, error *err)
{
    const llm_shape *shape = &s->model->shape;
    *in = (inner){0};
    for (size_t i = 0; i < t->count; i++)
        if (t->nodes[i].first_child >= 0)
            t->nodes[i].row = (int32_t)in->count++;
    size_t n = in->count + 1;
    in->tokens = malloc(n * sizeof *in->tokens);
    in->parents = malloc(n * sizeof *in->parents);
    in->depths = malloc(n * sizeof *in->depths);
    in->nodes = malloc(n * sizeof *in->nodes);
    in->rows = malloc(n * sizeof *in->rows);
    in->targets = malloc((t->count + 1) * sizeof *in->targets);
    in->tail = malloc(n * 2 * engine_kv_size(shape) * shape->layers * sizeof *in->tail);
    if (in->tokens == NULL || in->parents == NULL || in->depths == NULL || in->nodes == NULL ||
        in->rows == NULL || in->targets == NULL || in->tail == NULL)
        return error_memory(err);
    for (size_t i = 0; i < t->count; i++) {
        const node *at = &t->nodes[i];
        if (at->row < 0)
            continue;
        in->tokens[at->row] = at->token;
        in->parents[at->row] = at->parent < 0 ? -1 : t->nodes[at->parent].row;
        in->depths[at->row] = at->depth;
        in->nodes[at->row] = i;
        in->rows[at->row] = (uint32_t)at->row;
    }
    return STATUS_OK;
}

static int compare_targets(const void *a, const void *b)
{
    int32_t x = ((const forward_target *)a)->token, y = ((const forward_target *)b)->token;
    return (x > y) - (x < y);
}

/* Evaluates nodes [first, first + count) and scores their children. */
static status score_batch(llm_session *s, trie *t, inner *in, size_t first, size_t count,
                          error *err)
{
    forward_tree tree = {in->parents, in->depths, in->tail, in->count};
    forward_batch b = {.tokens = in->tokens + first,
                       .count = count,
                       .past = s->count,
                       .kv = &s->kv,
                       .pages = s->pages,
                       .tree = &tree,
                       .first_node = first,
                       .cancel = &s->cancelled};
    size_t targets = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t child = t->nodes[in->nodes[first + i]].first_child;
        for (; child >= 0; child = t->nodes[child].next_sibling)
            in->targets[targets++] =
                (forward_target){t->nodes[child].token, (uint32_t)i, &t->nodes[child].logprob};
    }
    qsort(in->targets, targets, sizeof *in->targets, compare_targets);
    pool_lock(s->model->threads);
    status st = forward_run(s->model, &b, err);
    if (st == STATUS_OK)
        st = forward_logprobs(s->model, in->rows, count, in->targets, targets, err);
    pool_unlock(s->model->threads);
    if (st == STATUS_CANCELLED)
        atomic_store(&s->cancelled, false);
    return st;
}

static status score_inner(llm_session *s, trie *t, error *err)
{
    inner in;
    status st = list_inner(s, t, &in, err);
    for (size_t at = 0; at < in.count && st == STATUS_OK; at += ENGINE_BATCH) {
        size_t n = in.count - at < ENGINE_BATCH ? in.count - at : ENGINE_BATCH;
        st = score_batch(s, t, &in, at, n, err);
    }
    free_inner(&in);
    return st;
}

static void add_up(const trie *t, const llm_candidate *candidates, size_t count,
                   llm_candidate_score *scores)
{
    for (size_t i = 0; i < count; i++) {
        scores[i] = (llm_candidate_score){.count = candidates[i].count};
        for (int32_t n = t->last[i]; n >= 0; n = t->nodes[n].parent) {
            scores[i].logprob += t->nodes[n].logprob;
            scores[i].first = t->nodes[n].logprob;
        }
    }
}

status llm_score(llm_session *s, const int32_t *prefix, size_t prefix_count,
                 const llm_candidate *candidates, size_t candidate_count,
                 llm_candidate_score *scores, error *err)
{
    size_t total = 0;
    trie t = {0};
    if (prefix_count == 0)
        return error_set(err, STATUS_USAGE, "a prefix to score behind must have a token");
    if (prefix_count > s->context)
        return error_set(err, STATUS_LIMIT, "%zu tokens exceed the context of %zu tokens",
                         prefix_count, s->context);
    status st = check_candidates(s, prefix_count, candidates, candidate_count, &total, err);
    if (st == STATUS_OK)
        st = set_prefix(s, prefix, prefix_count, err);
    if (st == STATUS_OK)
        st = build(&t, candidates, candidate_count, total, err);
    if (st == STATUS_OK)
        st = score_roots(s, &t, err);
    if (st == STATUS_OK)
        st = score_inner(s, &t, err);
    if (st == STATUS_OK)
        add_up(&t, candidates, candidate_count, scores);
    free_trie(&t);
    return st;
}
