/* See quoting.h. The state is a node of one byte trie that holds "{entry}" and "[number]"; its root
 * is free text. */
#include "llm/quoting.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"
#include "llm/automaton.h"

enum { MOST_CITATIONS = 1000, CITATION_BYTES = 8 };

typedef struct quote_node {
    int32_t first, sibling; /* children; -1 = none */
    uint8_t byte;
    bool ends;
} quote_node;

typedef struct quote_automaton {
    arena *memory;
    quote_node *nodes; /* nodes[0]: outside */
    size_t count;
} quote_automaton;

static int32_t child_of(const quote_automaton *a, uint32_t node, uint8_t byte)
{
    int32_t n = a->nodes[node].first;
    while (n >= 0 && a->nodes[n].byte != byte)
        n = a->nodes[n].sibling;
    return n;
}

static uint32_t quote_start(void *automaton)
{
    (void)automaton;
    return 0;
}

static uint32_t quote_step(void *automaton, uint32_t state, uint8_t byte)
{
    const quote_automaton *a = automaton;
    int32_t next = child_of(a, state, byte);
    if (next >= 0)
        return a->nodes[next].ends ? 0 : (uint32_t)next;
    bool marked = byte == '{' || byte == '}' || byte == '[' || byte == ']';
    bool digit = byte >= '0' && byte <= '9';
    return state == 0 && !marked && !digit ? 0 : LLM_AUTOMATON_DEAD;
}

static bool quote_accepts(const void *automaton, uint32_t state)
{
    (void)automaton;
    return state == 0;
}

static status quote_failure(const void *automaton, error *err)
{
    (void)automaton;
    (void)err;
    return STATUS_OK;
}

static uint32_t quote_compact(void *automaton, uint32_t state, bool *moved)
{
    (void)automaton;
    *moved = false;
    return state;
}

static void quote_free(void *automaton)
{
    quote_automaton *a = automaton;
    if (a == NULL)
        return;
    arena_free(a->memory);
    free(a);
}

static uint32_t add_byte(quote_automaton *a, uint32_t node, char byte)
{
    int32_t next = child_of(a, node, (uint8_t)byte);
    if (next < 0) {
        next = (int32_t)a->count++;
        a->nodes[next] = (quote_node){-1, a->nodes[node].first, (uint8_t)byte, false};
        a->nodes[node].first = next;
    }
    return (uint32_t)next;
}

static void add_marked(quote_automaton *a, char open, str text, char close)
{
    uint32_t node = add_byte(a, 0, open);
    for (size_t i = 0; i < text.length; i++)
        node = add_byte(a, node, text.data[i]);
    a->nodes[add_byte(a, node, close)].ends = true;
}

static bool may_be_quoted(str entry)
{
    for (size_t i = 0; i < entry.length; i++)
        if (entry.data[i] == '}' || entry.data[i] == '\n' || entry.data[i] == '\r')
            return false;
    return !str_empty(entry);
}

static void build(quote_automaton *a, const llm_quoting *q, size_t citations)
{
    a->nodes[a->count++] = (quote_node){-1, -1, 0, false};
    for (size_t i = 0; i < q->count; i++)
        if (may_be_quoted(q->entries[i]))
            add_marked(a, '{', q->entries[i], '}');
    for (size_t n = 1; n <= citations; n++) {
        char text[CITATION_BYTES];
        snprintf(text, sizeof text, "%zu", n);
        add_marked(a, '[', str_from(text), ']');
    }
}

status llm_constraint_quoting(const llm_tokenizer *t, const llm_quoting *quoting,
                              llm_constraint **out, error *err)
{
    static const llm_automaton_ops ops = {quote_start,   quote_step,    quote_accepts,
                                          quote_failure, quote_compact, quote_free};
    size_t citations = quoting->citations > MOST_CITATIONS ? MOST_CITATIONS : quoting->citations;
    size_t bytes = 1 + citations * CITATION_BYTES;
    for (size_t i = 0; i < quoting->count; i++)
        bytes += quoting->entries[i].length + 2;
    if (bytes > INT32_MAX / 64)
        return error_set(err, STATUS_LIMIT, "the evidence is too long to be quoted");
    quote_automaton *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->memory = arena_new(0);
    if (a != NULL && a->memory != NULL)
        a->nodes = ARENA_ARRAY(a->memory, quote_node, bytes);
    if (a == NULL || a->nodes == NULL) {
        quote_free(a);
        return error_memory(err);
    }
    build(a, quoting, citations);
    return llm_constraint_automaton(t, &ops, a, out, err);
}

void llm_quoting_plain(str text, buf *out)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] != '{' && text.data[i] != '}')
            buf_add_char(out, text.data[i]);
}
