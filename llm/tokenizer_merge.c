/* The merge loop of both tokenizer families: a doubly linked list of symbols and a heap of
 * candidate pairs, O(n log n) in the symbols of a piece. Which pairs merge, and which first, the
 * family's lookup says. A candidate whose symbols have changed since is recognised by its length
 * and dropped when it comes up. */
#include <stdlib.h>

#include "llm/tokenizer_internal.h"

static bool grow(void **data, size_t *capacity, size_t needed, size_t each)
{
    if (needed <= *capacity)
        return true;
    size_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < needed)
        wanted += wanted / 2;
    if (wanted > SIZE_MAX / each)
        return false;
    void *grown = realloc(*data, wanted * each);
    if (grown == NULL)
        return false;
    *data = grown;
    *capacity = wanted;
    return true;
}

bool merge_push(merge_scratch *m, uint32_t start, uint32_t length, int32_t id)
{
    if (!grow((void **)&m->symbols, &m->symbol_capacity, m->symbol_count + 1, sizeof *m->symbols))
        return false;
    int32_t at = (int32_t)m->symbol_count++;
    m->symbols[at] = (merge_symbol){at - 1, -1, start, length, id};
    if (at > 0)
        m->symbols[at - 1].next = at;
    return true;
}

static bool before(const merge_candidate *a, const merge_candidate *b)
{
    return a->key != b->key ? a->key < b->key : a->left < b->left;
}

static bool heap_push(merge_scratch *m, merge_candidate c)
{
    if (!grow((void **)&m->heap, &m->heap_capacity, m->heap_count + 1, sizeof *m->heap))
        return false;
    size_t at = m->heap_count++;
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!before(&c, &m->heap[parent]))
            break;
        m->heap[at] = m->heap[parent];
        at = parent;
    }
    m->heap[at] = c;
    return true;
}

static merge_candidate heap_pop(merge_scratch *m)
{
    merge_candidate top = m->heap[0];
    merge_candidate last = m->heap[--m->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= m->heap_count)
            break;
        if (child + 1 < m->heap_count && before(&m->heap[child + 1], &m->heap[child]))
            child++;
        if (!before(&m->heap[child], &last))
            break;
        m->heap[at] = m->heap[child];
        at = child;
    }
    m->heap[at] = last;
    return top;
}

static bool consider(merge_scratch *m, const llm_tokenizer *t, str text, merge_lookup lookup,
                     int32_t left, int32_t right)
{
    if (left < 0 || right < 0)
        return true;
    const merge_symbol *l = &m->symbols[left], *r = &m->symbols[right];
    merge_candidate c = {0, left, right, l->length + r->length, LLM_TOKEN_NONE};
    return !lookup(t, text, l, r, &c.key, &c.merged) || heap_push(m, c);
}

status merge_run(merge_scratch *m, const llm_tokenizer *t, str text, merge_lookup lookup,
                 error *err)
{
    m->heap_count = 0;
    for (size_t i = 1; i < m->symbol_count; i++)
        if (!consider(m, t, text, lookup, (int32_t)i - 1, (int32_t)i))
            return error_memory(err);
    while (m->heap_count > 0) {
        merge_candidate c = heap_pop(m);
        merge_symbol *l = &m->symbols[c.left], *r = &m->symbols[c.right];
        if (l->length == 0 || r->length == 0 || l->length + r->length != c.length)
            continue;
        l->length = c.length;
        l->id = c.merged;
        r->length = 0;
        l->next = r->next;
        if (r->next >= 0)
            m->symbols[r->next].prev = c.left;
        if (!consider(m, t, text, lookup, l->prev, c.left) ||
            !consider(m, t, text, lookup, c.left, l->next))
            return error_memory(err);
    }
    return STATUS_OK;
}

void merge_scratch_free(merge_scratch *m)
{
    free(m->symbols);
    free(m->heap);
    *m = (merge_scratch){0};
}
