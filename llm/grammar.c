/* The matcher of grammars. A pushdown automaton over bytes, run on all its stacks at once: a stack
 * is a node (what is expected, the node to return to), nodes are shared, and a set of nodes is a
 * state. Steps between states are kept, so the same text costs the same automaton once. Everything
 * is numbered; `compact` starts the numbering again when it has grown too far. */
#include "llm/grammar.h"

#include <stdlib.h>
#include <string.h>

#include "llm/automaton.h"
#include "llm/grammar_internal.h"

#define MOST_NODES ((size_t)1 << 20)
#define MOST_STATES ((size_t)1 << 18)
#define MOST_MEMBERS ((size_t)1 << 22) /* of all states together */
#define MOST_STEPS ((size_t)1 << 21)
#define BOTTOM UINT32_MAX /* below the last stack entry */

typedef struct stack_node {
    uint32_t element; /* position in the grammar: a set, or where to go on after a rule */
    uint32_t below;
} stack_node;

typedef struct match_state {
    uint32_t first, count; /* members: nodes whose element is a set */
    bool accepts;
} match_state;

typedef struct step_slot {
    uint32_t state; /* number + 1; 0 = free */
    uint32_t to;
    uint8_t byte;
} step_slot;

/* A hash of numbers whose keys lie elsewhere. */
typedef struct number_set {
    uint32_t *slots; /* number + 1 */
    size_t mask, count;
} number_set;

typedef struct matcher {
    const llm_grammar *g;
    stack_node *nodes;
    size_t node_count, node_capacity;
    number_set node_set;
    match_state *states;
    size_t state_count, state_capacity;
    number_set state_set;
    uint32_t *members;
    size_t member_count, member_capacity;
    step_slot *steps;
    size_t step_mask, step_count;
    /* the state in the making */
    uint32_t *work;
    size_t work_count, work_capacity;
    uint32_t *seen; /* by node: the closure that met it last */
    size_t seen_capacity;
    uint32_t closure;
    size_t floor; /* what the last compaction could not forget */
    bool accepts;
    status failed;
} matcher;

static bool room(void **data, size_t *capacity, size_t count, size_t each)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 256 : *capacity * 2;
    void *grown = realloc(*data, wanted * each);
    if (grown == NULL)
        return false;
    *data = grown;
    *capacity = wanted;
    return true;
}

static size_t mix(uint64_t key)
{
    key *= 0x9e3779b97f4a7c15u;
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93u;
    return (size_t)(key ^ key >> 32);
}

/* --- nodes --- */

static size_t node_slot(const matcher *m, stack_node n)
{
    size_t at = mix((uint64_t)n.element << 32 | n.below) & m->node_set.mask;
    for (uint32_t id; (id = m->node_set.slots[at]) != 0; at = (at + 1) & m->node_set.mask)
        if (m->nodes[id - 1].element == n.element && m->nodes[id - 1].below == n.below)
            break;
    return at;
}

static bool grow_nodes(matcher *m)
{
    size_t slots = m->node_set.slots == NULL ? 1024 : (m->node_set.mask + 1) * 2;
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (fresh == NULL)
        return false;
    free(m->node_set.slots);
    m->node_set.slots = fresh;
    m->node_set.mask = slots - 1;
    for (size_t i = 0; i < m->node_count; i++)
        fresh[node_slot(m, m->nodes[i])] = (uint32_t)i + 1;
    return true;
}

static uint32_t node_of(matcher *m, uint32_t element, uint32_t below)
{
    stack_node n = {element, below};
    if (m->failed != STATUS_OK)
        return BOTTOM;
    if (m->node_count * 2 >= m->node_set.mask && !grow_nodes(m)) {
        m->failed = STATUS_MEMORY;
        return BOTTOM;
    }
    size_t at = node_slot(m, n);
    if (m->node_set.slots[at] != 0)
        return m->node_set.slots[at] - 1;
    bool fits = m->node_count < MOST_NODES;
    if (!fits || !room((void **)&m->nodes, &m->node_capacity, m->node_count, sizeof n) ||
        !room((void **)&m->seen, &m->seen_capacity, m->node_count, sizeof *m->seen)) {
        m->failed = fits ? STATUS_MEMORY : STATUS_LIMIT;
        return BOTTOM;
    }
    m->nodes[m->node_count] = n;
    m->seen[m->node_count] = 0;
    m->node_set.slots[at] = (uint32_t)++m->node_count;
    return (uint32_t)m->node_count - 1;
}

/* --- the closure: from "go on at element, over below" to nodes that expect a byte --- */

static void push_work(matcher *m, uint32_t element, uint32_t below)
{
    uint32_t node = node_of(m, element, below);
    if (node == BOTTOM || m->seen[node] == m->closure)
        return;
    if (!room((void **)&m->work, &m->work_capacity, m->work_count, sizeof *m->work)) {
        m->failed = STATUS_MEMORY;
        return;
    }
    m->seen[node] = m->closure;
    m->work[m->work_count++] = node;
}

static void expand(matcher *m, stack_node n)
{
    const llm_grammar *g = m->g;
    grammar_element e = g->elements[n.element];
    if (e.kind == GRAMMAR_END) {
        if (n.below == BOTTOM)
            m->accepts = true;
        else
            push_work(m, m->nodes[n.below].element, m->nodes[n.below].below);
        return;
    }
    /* A rule at the end of its alternative returns where the alternative would: without this,
     * x* would make the stack one deeper each round. */
    uint32_t below = n.below;
    if (g->elements[n.element + 1].kind != GRAMMAR_END)
        below = node_of(m, n.element + 1, n.below);
    if (m->failed != STATUS_OK)
        return;
    const grammar_rule *r = &g->rules[e.value];
    for (uint32_t i = 0; i < r->count; i++)
        push_work(m, g->alternatives[r->first + i], below);
}

/* Turns the work list into the members of a state, in place. */
static void close_work(matcher *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->work_count && m->failed == STATUS_OK; i++) {
        uint32_t node = m->work[i];
        if (m->g->elements[m->nodes[node].element].kind == GRAMMAR_SET)
            m->work[kept++] = node; /* kept <= i */
        else
            expand(m, m->nodes[node]);
    }
    m->work_count = kept;
}

/* --- states --- */

static uint64_t hash_members(const uint32_t *members, size_t count, bool accepts)
{
    return str_hash(str_make((const char *)members, count * sizeof *members), accepts);
}

static bool state_is(const matcher *m, uint32_t id, const uint32_t *members, size_t count,
                     bool accepts)
{
    const match_state *s = &m->states[id];
    return s->count == count && s->accepts == accepts &&
           (count == 0 || memcmp(m->members + s->first, members, count * sizeof *members) == 0);
}

static size_t state_slot(const matcher *m, const uint32_t *members, size_t count, bool accepts)
{
    size_t at = (size_t)hash_members(members, count, accepts) & m->state_set.mask;
    for (uint32_t id; (id = m->state_set.slots[at]) != 0; at = (at + 1) & m->state_set.mask)
        if (state_is(m, id - 1, members, count, accepts))
            break;
    return at;
}

static bool grow_states(matcher *m)
{
    size_t slots = m->state_set.slots == NULL ? 256 : (m->state_set.mask + 1) * 2;
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (fresh == NULL)
        return false;
    free(m->state_set.slots);
    m->state_set.slots = fresh;
    m->state_set.mask = slots - 1;
    for (size_t i = 0; i < m->state_count; i++) {
        const match_state *s = &m->states[i];
        fresh[state_slot(m, m->members + s->first, s->count, s->accepts)] = (uint32_t)i + 1;
    }
    return true;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool keep_members(matcher *m)
{
    for (size_t i = 0; i < m->work_count; i++) {
        if (!room((void **)&m->members, &m->member_capacity, m->member_count, sizeof(uint32_t)))
            return false;
        m->members[m->member_count++] = m->work[i];
    }
    return true;
}

/* The number of the state whose members are the work list. */
static uint32_t state_of_work(matcher *m)
{
    if (m->failed != STATUS_OK || (m->work_count == 0 && !m->accepts))
        return LLM_AUTOMATON_DEAD;
    if (m->work_count > 1)
        qsort(m->work, m->work_count, sizeof *m->work, compare_numbers);
    if (m->state_count * 2 >= m->state_set.mask && !grow_states(m)) {
        m->failed = STATUS_MEMORY;
        return LLM_AUTOMATON_DEAD;
    }
    size_t at = state_slot(m, m->work, m->work_count, m->accepts);
    if (m->state_set.slots[at] != 0)
        return m->state_set.slots[at] - 1;
    if (m->state_count >= MOST_STATES || m->member_count + m->work_count > MOST_MEMBERS) {
        m->failed = STATUS_LIMIT;
        return LLM_AUTOMATON_DEAD;
    }
    size_t first = m->member_count;
    if (!room((void **)&m->states, &m->state_capacity, m->state_count, sizeof *m->states) ||
        !keep_members(m)) {
        m->failed = STATUS_MEMORY;
        return LLM_AUTOMATON_DEAD;
    }
    m->states[m->state_count] = (match_state){(uint32_t)first, (uint32_t)m->work_count, m->accepts};
    m->state_set.slots[at] = (uint32_t)++m->state_count;
    return (uint32_t)m->state_count - 1;
}

static void begin_closure(matcher *m)
{
    m->work_count = 0;
    m->accepts = false;
    if (++m->closure == 0) {
        memset(m->seen, 0, m->seen_capacity * sizeof *m->seen);
        m->closure = 1;
    }
}

static uint32_t grammar_start(void *automaton)
{
    matcher *m = automaton;
    m->failed = STATUS_OK;
    begin_closure(m);
    const grammar_rule *r = &m->g->rules[m->g->root];
    for (uint32_t i = 0; i < r->count; i++)
        push_work(m, m->g->alternatives[r->first + i], BOTTOM);
    close_work(m);
    return state_of_work(m);
}

/* --- steps --- */

static size_t step_at(const matcher *m, uint32_t state, uint8_t byte)
{
    size_t at = mix((uint64_t)state << 8 | byte) & m->step_mask;
    while (m->steps[at].state != 0 &&
           (m->steps[at].state != state + 1 || m->steps[at].byte != byte))
        at = (at + 1) & m->step_mask;
    return at;
}

static bool grow_steps(matcher *m)
{
    step_slot *old = m->steps;
    size_t count = old == NULL ? 0 : m->step_mask + 1, slots = count == 0 ? 4096 : count * 2;
    m->steps = calloc(slots, sizeof *m->steps);
    if (m->steps == NULL) {
        m->steps = old;
        return false;
    }
    m->step_mask = slots - 1;
    for (size_t i = 0; i < count; i++)
        if (old[i].state != 0)
            m->steps[step_at(m, old[i].state - 1, old[i].byte)] = old[i];
    free(old);
    return true;
}

static uint32_t compute_step(matcher *m, uint32_t state, uint8_t byte)
{
    begin_closure(m);
    match_state s = m->states[state];
    for (uint32_t i = 0; i < s.count; i++) {
        stack_node n = m->nodes[m->members[s.first + i]];
        if (grammar_set_has(&m->g->sets[m->g->elements[n.element].value], byte))
            push_work(m, n.element + 1, n.below);
    }
    close_work(m);
    return state_of_work(m);
}

static uint32_t grammar_step(void *automaton, uint32_t state, uint8_t byte)
{
    matcher *m = automaton;
    if (m->failed != STATUS_OK)
        return LLM_AUTOMATON_DEAD;
    if (m->step_count * 2 >= m->step_mask && m->step_count < MOST_STEPS && !grow_steps(m)) {
        m->failed = STATUS_MEMORY;
        return LLM_AUTOMATON_DEAD;
    }
    size_t at = step_at(m, state, byte);
    if (m->steps[at].state != 0)
        return m->steps[at].to;
    uint32_t to = compute_step(m, state, byte);
    if (m->failed == STATUS_OK && m->step_count < MOST_STEPS) {
        m->steps[at] = (step_slot){state + 1, to, byte};
        m->step_count++;
    }
    return to;
}

static bool grammar_accepts(const void *automaton, uint32_t state)
{
    return ((const matcher *)automaton)->states[state].accepts;
}

static status grammar_failure(const void *automaton, error *err)
{
    const matcher *m = automaton;
    if (m->failed == STATUS_MEMORY)
        return error_memory(err);
    return m->failed == STATUS_OK
               ? STATUS_OK
               : error_set(err, m->failed,
                           "the grammar needs too many states here; it is too ambiguous, or the "
                           "text is nested too deeply");
}

/* --- compaction --- */

/* Marks the nodes that the state can reach (below is always older than its node). */
static void mark_nodes(const matcher *m, uint32_t state, uint8_t *used)
{
    const match_state *s = &m->states[state];
    for (uint32_t i = 0; i < s->count; i++)
        used[m->members[s->first + i]] = 1;
    for (size_t i = m->node_count; i-- > 0;)
        if (used[i] && m->nodes[i].below != BOTTOM)
            used[m->nodes[i].below] = 1;
}

static void renumber(matcher *m, uint32_t state, const uint8_t *used, uint32_t *number)
{
    size_t n = 0;
    for (size_t i = 0; i < m->node_count; i++) {
        if (!used[i])
            continue;
        number[i] = (uint32_t)n;
        stack_node node = m->nodes[i];
        m->nodes[n++] =
            (stack_node){node.element, node.below == BOTTOM ? BOTTOM : number[node.below]};
    }
    m->node_count = n;
    match_state kept = m->states[state];
    for (uint32_t i = 0; i < kept.count; i++)
        m->members[i] = number[m->members[kept.first + i]];
    m->member_count = kept.count;
    m->states[0] = (match_state){0, kept.count, kept.accepts};
    m->state_count = 1;
    memset(m->node_set.slots, 0, (m->node_set.mask + 1) * sizeof *m->node_set.slots);
    for (size_t i = 0; i < n; i++)
        m->node_set.slots[node_slot(m, m->nodes[i])] = (uint32_t)i + 1;
    memset(m->state_set.slots, 0, (m->state_set.mask + 1) * sizeof *m->state_set.slots);
    m->state_set.slots[state_slot(m, m->members, kept.count, kept.accepts)] = 1;
    memset(m->steps, 0, (m->step_mask + 1) * sizeof *m->steps);
    m->step_count = 0;
    memset(m->seen, 0, m->seen_capacity * sizeof *m->seen);
    m->closure = 0;
}

static uint32_t grammar_compact(void *automaton, uint32_t state, bool *moved)
{
    matcher *m = automaton;
    *moved = false;
    /* A state that needs most of the room itself must not be compacted at each byte. */
    if (m->node_count + m->member_count + m->state_count < m->floor + MOST_NODES / 4 &&
        m->step_count < MOST_STEPS)
        return state;
    if (m->node_count < MOST_NODES / 2 && m->state_count < MOST_STATES / 2 &&
        m->member_count < MOST_MEMBERS / 2 && m->step_count < MOST_STEPS)
        return state;
    uint8_t *used = calloc(m->node_count + 1, 1);
    uint32_t *number = calloc(m->node_count + 1, sizeof *number);
    if (used != NULL && number != NULL) {
        mark_nodes(m, state, used);
        renumber(m, state, used, number);
        m->floor = m->node_count + m->member_count + m->state_count;
        *moved = true;
        state = 0;
    }
    free(used);
    free(number);
    return state;
}

static void grammar_free(void *automaton)
{
    matcher *m = automaton;
    if (m == NULL)
        return;
    free(m->nodes);
    free(m->node_set.slots);
    free(m->states);
    free(m->state_set.slots);
    free(m->members);
    free(m->steps);
    free(m->work);
    free(m->seen);
    free(m);
}

static matcher *new_matcher(const llm_grammar *g)
{
    matcher *m = calloc(1, sizeof *m);
    if (m != NULL) {
        m->g = g;
        if (grow_nodes(m) && grow_states(m) && grow_steps(m))
            return m;
    }
    grammar_free(m);
    return NULL;
}

status llm_constraint_grammar(const llm_grammar *g, const llm_tokenizer *t, llm_constraint **out,
                              error *err)
{
    static const llm_automaton_ops ops = {grammar_start,   grammar_step,    grammar_accepts,
                                          grammar_failure, grammar_compact, grammar_free};
    matcher *m = new_matcher(g);
    if (m == NULL)
        return error_memory(err);
    return llm_constraint_automaton(t, &ops, m, out, err);
}

static status match(matcher *m, str text, error *err)
{
    uint32_t state = grammar_start(m);
    for (size_t i = 0; i < text.length && state != LLM_AUTOMATON_DEAD; i++) {
        bool moved;
        state = grammar_compact(m, state, &moved);
        state = grammar_step(m, state, (uint8_t)text.data[i]);
        if (state == LLM_AUTOMATON_DEAD && m->failed == STATUS_OK)
            return error_set_at(err, STATUS_INVALID, NULL, 0, i + 1,
                                "byte %zu does not follow the grammar", i + 1);
    }
    status s = grammar_failure(m, err);
    if (s != STATUS_OK)
        return s;
    return state != LLM_AUTOMATON_DEAD && m->states[state].accepts
               ? STATUS_OK
               : error_set(err, STATUS_INVALID, "the text is incomplete for the grammar");
}

status llm_grammar_match(const llm_grammar *g, str text, error *err)
{
    matcher *m = new_matcher(g);
    if (m == NULL)
        return error_memory(err);
    status s = match(m, text, err);
    grammar_free(m);
    return s;
}
