/* See spans.h. The automaton's state is (place, used): the place is a byte of the opening marker
 * that was matched so far, or a node of a byte trie of `entry close`; used is the set of entries
 * that were said. Pairs are numbered as they are met. */
#include "llm/spans.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "llm/automaton.h"

#define MOST_STATES ((size_t)1 << 20)

typedef struct span_node {
    int32_t first, sibling; /* children; -1 = none */
    uint64_t below;         /* entries that end at or below this node */
    int32_t entry;          /* that ends here; -1 = none */
    uint8_t byte;
} span_node;

typedef struct span_state {
    bool inside; /* place is a trie node; else bytes of the opening marker matched */
    uint32_t place;
    uint64_t used;
} span_state;

typedef struct spans_automaton {
    str open;
    size_t *fallback;                      /* of the opening marker (Knuth, Morris, Pratt) */
    bool each_once, forbid_newline, whole; /* whole: no markers */
    uint64_t all;                          /* set of all entries */
    span_node *nodes;
    size_t node_count;
    span_state *states;
    size_t state_count, state_capacity;
    uint32_t *slots; /* hash of states: number + 1 */
    size_t mask;
    status failed;
    arena *memory;
} spans_automaton;

static size_t state_slot(const spans_automaton *a, span_state s)
{
    uint64_t key =
        ((uint64_t)s.place << 1 | s.inside) * 0x9e3779b97f4a7c15u ^ s.used * 0xc2b2ae3d27d4eb4fu;
    size_t at = (size_t)(key >> 20) & a->mask;
    for (; a->slots[at] != 0; at = (at + 1) & a->mask) {
        const span_state *o = &a->states[a->slots[at] - 1];
        if (o->inside == s.inside && o->place == s.place && o->used == s.used)
            break;
    }
    return at;
}

static bool more_states(spans_automaton *a)
{
    size_t wanted = a->state_capacity == 0 ? 64 : a->state_capacity * 2;
    span_state *states = realloc(a->states, wanted * sizeof *states);
    if (states == NULL)
        return false;
    a->states = states;
    a->state_capacity = wanted;
    uint32_t *slots = calloc(wanted * 2, sizeof *slots);
    if (slots == NULL)
        return false;
    free(a->slots);
    a->slots = slots;
    a->mask = wanted * 2 - 1;
    for (size_t i = 0; i < a->state_count; i++)
        slots[state_slot(a, a->states[i])] = (uint32_t)i + 1;
    return true;
}

static uint32_t number_of(spans_automaton *a, span_state s)
{
    if (a->state_count == a->state_capacity && !more_states(a)) {
        a->failed = STATUS_MEMORY;
        return LLM_AUTOMATON_DEAD;
    }
    size_t at = state_slot(a, s);
    if (a->slots[at] == 0) {
        if (a->state_count >= MOST_STATES) {
            a->failed = STATUS_LIMIT;
            return LLM_AUTOMATON_DEAD;
        }
        a->states[a->state_count++] = s;
        a->slots[at] = (uint32_t)a->state_count;
    }
    return a->slots[at] - 1;
}

static uint32_t spans_start(void *automaton)
{
    spans_automaton *a = automaton;
    a->failed = STATUS_OK;
    return number_of(a, (span_state){a->whole, 0, 0});
}

static int32_t child_of(const spans_automaton *a, uint32_t node, uint8_t byte)
{
    int32_t n = a->nodes[node].first;
    while (n >= 0 && a->nodes[n].byte != byte)
        n = a->nodes[n].sibling;
    return n;
}

/* Inside a span: down the trie, out of it where an entry and its closing marker are complete. */
static uint32_t step_inside(spans_automaton *a, span_state s, uint8_t byte)
{
    int32_t n = child_of(a, s.place, byte);
    if (n < 0 || (a->each_once && (a->nodes[n].below & ~s.used) == 0))
        return LLM_AUTOMATON_DEAD;
    if (!a->whole && a->nodes[n].entry >= 0) {
        uint64_t used = a->each_once ? s.used | (uint64_t)1 << a->nodes[n].entry : 0;
        return number_of(a, (span_state){false, 0, used});
    }
    return number_of(a, (span_state){true, (uint32_t)n, s.used});
}

static uint32_t spans_step(void *automaton, uint32_t state, uint8_t byte)
{
    spans_automaton *a = automaton;
    span_state s = a->states[state];
    if (s.inside)
        return step_inside(a, s, byte);
    if (a->forbid_newline && (byte == '\n' || byte == '\r'))
        return LLM_AUTOMATON_DEAD;
    size_t at = s.place;
    while (at > 0 && (uint8_t)a->open.data[at] != byte)
        at = a->fallback[at - 1];
    if ((uint8_t)a->open.data[at] == byte)
        at++;
    if (at < a->open.length)
        return number_of(a, (span_state){false, (uint32_t)at, s.used});
    /* The marker may only open what can still be said. */
    if ((a->each_once && s.used == a->all) || a->nodes[0].first < 0)
        return LLM_AUTOMATON_DEAD;
    return number_of(a, (span_state){true, 0, s.used});
}

static bool spans_accepts(const void *automaton, uint32_t state)
{
    const spans_automaton *a = automaton;
    span_state s = a->states[state];
    if (s.inside)
        return a->whole && a->nodes[s.place].entry >= 0;
    return !a->each_once || s.used == a->all;
}

static status spans_failure(const void *automaton, error *err)
{
    const spans_automaton *a = automaton;
    if (a->failed == STATUS_MEMORY)
        return error_memory(err);
    return a->failed == STATUS_OK ? STATUS_OK
                                  : error_set(err, a->failed, "the spans have too many states");
}

static uint32_t spans_compact(void *automaton, uint32_t state, bool *moved)
{
    spans_automaton *a = automaton;
    *moved = a->state_count > MOST_STATES / 2;
    if (!*moved)
        return state;
    span_state kept = a->states[state];
    a->state_count = 0;
    memset(a->slots, 0, (a->mask + 1) * sizeof *a->slots);
    return number_of(a, kept);
}

static void spans_free(void *automaton)
{
    spans_automaton *a = automaton;
    if (a == NULL)
        return;
    arena_free(a->memory);
    free(a->states);
    free(a->slots);
    free(a);
}

/* The node behind the bytes, made where it is missing; `bit` is put on all nodes of the way. */
static uint32_t descend(spans_automaton *a, uint32_t node, str bytes, uint64_t bit)
{
    for (size_t i = 0; i < bytes.length; i++) {
        int32_t next = child_of(a, node, (uint8_t)bytes.data[i]);
        if (next < 0) {
            next = (int32_t)a->node_count++;
            a->nodes[next] = (span_node){-1, a->nodes[node].first, 0, -1, (uint8_t)bytes.data[i]};
            a->nodes[node].first = next;
        }
        node = (uint32_t)next;
        a->nodes[node].below |= bit;
    }
    return node;
}

static void add_entry(spans_automaton *a, size_t entry, str text, str close)
{
    uint32_t node = descend(a, descend(a, 0, text, 0), close, 0);
    if (a->nodes[node].entry >= 0)
        return; /* given twice */
    a->nodes[node].entry = (int32_t)entry;
    if (!a->each_once)
        return;
    uint64_t bit = (uint64_t)1 << entry;
    descend(a, descend(a, 0, text, bit), close, bit);
    a->all |= bit;
}

static status check_spans(const llm_spans *spans, size_t *bytes, error *err)
{
    if (str_empty(spans->open) != str_empty(spans->close))
        return error_set(err, STATUS_USAGE, "spans need both markers or none");
    if (spans->each_once && (str_empty(spans->open) || spans->count > 64))
        return error_set(err, STATUS_USAGE,
                         "spans that come exactly once need markers and at most 64 entries");
    *bytes = 1;
    for (size_t i = 0; i < spans->count; i++) {
        if (str_empty(spans->entries[i]))
            return error_set(err, STATUS_USAGE, "entry %zu of the spans is empty", i + 1);
        if (!str_empty(spans->close) && str_find(spans->entries[i], spans->close, 0) != STR_NONE)
            return error_set(err, STATUS_USAGE, "entry %zu holds the closing marker '%.*s'", i + 1,
                             STR_ARG(spans->close));
        *bytes += spans->entries[i].length + spans->close.length;
    }
    return *bytes > INT32_MAX / 64 ? error_set(err, STATUS_LIMIT, "the spans are too long")
                                   : STATUS_OK;
}

static void find_fallbacks(spans_automaton *a)
{
    for (size_t i = 1, k = 0; i < a->open.length; i++) {
        while (k > 0 && a->open.data[i] != a->open.data[k])
            k = a->fallback[k - 1];
        k += a->open.data[i] == a->open.data[k];
        a->fallback[i] = k;
    }
}

status llm_constraint_spans(const llm_tokenizer *t, const llm_spans *spans, llm_constraint **out,
                            error *err)
{
    static const llm_automaton_ops ops = {spans_start,   spans_step,    spans_accepts,
                                          spans_failure, spans_compact, spans_free};
    size_t bytes = 0;
    status s = check_spans(spans, &bytes, err);
    if (s != STATUS_OK)
        return s;
    spans_automaton *a = calloc(1, sizeof *a);
    if (a == NULL || (a->memory = arena_new(0)) == NULL) {
        spans_free(a);
        return error_memory(err);
    }
    a->nodes = ARENA_ARRAY(a->memory, span_node, bytes);
    a->open = arena_str(a->memory, spans->open);
    a->fallback = ARENA_ARRAY(a->memory, size_t, spans->open.length + 1);
    if (a->nodes == NULL || a->fallback == NULL || a->open.data == NULL || !more_states(a)) {
        spans_free(a);
        return error_memory(err);
    }
    a->each_once = spans->each_once;
    a->forbid_newline = spans->forbid_newline;
    a->whole = str_empty(spans->open);
    a->nodes[a->node_count++] = (span_node){-1, -1, 0, -1, 0};
    for (size_t i = 0; i < spans->count; i++)
        add_entry(a, i, spans->entries[i], spans->close);
    find_fallbacks(a);
    return llm_constraint_automaton(t, &ops, a, out, err);
}
