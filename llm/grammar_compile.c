/* The grammar compiler: EBNF text -> rules over sets of bytes. Groups, repetitions and characters
 * of several bytes become rules of their own. While parsing, a rule's alternatives are lists of
 * elements in one arena; at the end they are laid out flat and checked for left recursion. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/utf8.h"
#include "llm/grammar_internal.h"

#define MOST_CODEPOINT 0x10ffffu
#define NO_MAXIMUM UINT32_MAX

typedef struct item { /* an element in the making */
    struct item *next;
    grammar_element element;
} item;

typedef struct sequence {
    struct sequence *next; /* the next alternative */
    item *first, *last;
} sequence;

typedef struct draft_rule {
    str name; /* empty for rules made by the compiler */
    sequence *first, *last;
    bool defined;
    size_t seen_at; /* where it was first named */
} draft_rule;

typedef struct range {
    uint32_t low, high;
} range;

typedef struct compiler {
    str text;
    size_t at;
    unsigned depth;
    arena *memory;
    draft_rule *rules;
    size_t rule_count, rule_capacity;
    grammar_set *sets;
    size_t set_count, set_capacity;
    size_t elements;                       /* made so far, to bound them */
    uint32_t named[LLM_GRAMMAR_MAX_RULES]; /* rules that have a name */
    size_t named_count;
    range *ranges; /* of the class being read */
    size_t range_count, range_capacity;
    error *err;
} compiler;

/* --- errors and room --- */

static status fail_at(compiler *c, size_t at, status code, const char *what)
{
    uint64_t line = 1, column = 1;
    for (size_t i = 0; i < at && i < c->text.length; i++) {
        column = c->text.data[i] == '\n' ? 1 : column + 1;
        line += c->text.data[i] == '\n';
    }
    return error_set_at(c->err, code, "grammar", line, column, "%s", what);
}

static status syntax(compiler *c, const char *what)
{
    return fail_at(c, c->at, STATUS_SYNTAX, what);
}

static bool room(void **data, size_t *capacity, size_t count, size_t each)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 32 : *capacity * 2;
    void *grown = realloc(*data, wanted * each);
    if (grown == NULL)
        return false;
    *data = grown;
    *capacity = wanted;
    return true;
}

/* --- making rules --- */

static status new_rule(compiler *c, str name, uint32_t *id)
{
    if (!room((void **)&c->rules, &c->rule_capacity, c->rule_count, sizeof *c->rules))
        return error_memory(c->err);
    if (c->rule_count >= LLM_GRAMMAR_MAX_ELEMENTS ||
        (!str_empty(name) && c->named_count == LLM_GRAMMAR_MAX_RULES))
        return fail_at(c, c->at, STATUS_LIMIT, "the grammar has too many rules");
    c->rules[c->rule_count] = (draft_rule){name, NULL, NULL, str_empty(name), c->at};
    *id = (uint32_t)c->rule_count++;
    if (!str_empty(name))
        c->named[c->named_count++] = *id;
    return STATUS_OK;
}

/* The rule of this name, made when it is met first. */
static status rule_named(compiler *c, str name, uint32_t *id)
{
    for (size_t i = 0; i < c->named_count; i++)
        if (str_equal(c->rules[c->named[i]].name, name)) {
            *id = c->named[i];
            return STATUS_OK;
        }
    return new_rule(c, name, id);
}

static status new_sequence(compiler *c, uint32_t rule, sequence **out)
{
    sequence *s = ARENA_NEW(c->memory, sequence);
    if (s == NULL)
        return error_memory(c->err);
    draft_rule *r = &c->rules[rule];
    if (r->last == NULL)
        r->first = s;
    else
        r->last->next = s;
    r->last = s;
    *out = s;
    return STATUS_OK;
}

static status add_element(compiler *c, sequence *s, grammar_kind kind, uint32_t value)
{
    if (++c->elements > LLM_GRAMMAR_MAX_ELEMENTS)
        return fail_at(c, c->at, STATUS_LIMIT,
                       "the grammar is too large once its repetitions are written out");
    item *i = ARENA_NEW(c->memory, item);
    if (i == NULL)
        return error_memory(c->err);
    i->element.kind = (unsigned)kind & 3u;
    i->element.value = value & 0x3fffffffu;
    if (s->last == NULL)
        s->first = i;
    else
        s->last->next = i;
    s->last = i;
    return STATUS_OK;
}

static status set_id(compiler *c, const grammar_set *set, uint32_t *id)
{
    for (size_t i = c->set_count; i-- > 0 && i + 64 > c->set_count;)
        if (memcmp(&c->sets[i], set, sizeof *set) == 0) {
            *id = (uint32_t)i;
            return STATUS_OK;
        }
    if (!room((void **)&c->sets, &c->set_capacity, c->set_count, sizeof *c->sets))
        return error_memory(c->err);
    c->sets[c->set_count] = *set;
    *id = (uint32_t)c->set_count++;
    return STATUS_OK;
}

static status add_bytes(compiler *c, sequence *s, uint8_t low, uint8_t high)
{
    grammar_set set = {{0}};
    uint32_t id = 0;
    for (unsigned b = low; b <= high; b++)
        set.bits[b / 64] |= (uint64_t)1 << (b % 64);
    status code = set_id(c, &set, &id);
    return code == STATUS_OK ? add_element(c, s, GRAMMAR_SET, id) : code;
}

/* --- character classes --- */

static status add_range(compiler *c, uint32_t low, uint32_t high)
{
    if (!room((void **)&c->ranges, &c->range_capacity, c->range_count, sizeof *c->ranges))
        return error_memory(c->err);
    c->ranges[c->range_count++] = (range){low, high};
    return STATUS_OK;
}

static int compare_ranges(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

/* Sorts and merges the class's ranges; turns them round for [^...]. */
static status normalise_ranges(compiler *c, bool negated)
{
    if (c->range_count > 1)
        qsort(c->ranges, c->range_count, sizeof *c->ranges, compare_ranges);
    size_t n = 0;
    for (size_t i = 0; i < c->range_count; i++) {
        range r = c->ranges[i];
        if (n > 0 && r.low <= c->ranges[n - 1].high + 1) {
            if (r.high > c->ranges[n - 1].high)
                c->ranges[n - 1].high = r.high;
        } else {
            c->ranges[n++] = r;
        }
    }
    c->range_count = n;
    if (!negated)
        return STATUS_OK;
    uint32_t low = 0;
    for (size_t i = 0; i < n; i++) { /* n ranges leave at most n + 1 gaps */
        range r = c->ranges[i];
        c->ranges[i] = (range){low, r.low == 0 ? 0 : r.low - 1};
        if (r.low == low)
            c->ranges[i] = (range){1, 0}; /* an empty gap */
        low = r.high + 1;
    }
    return low <= MOST_CODEPOINT ? add_range(c, low, MOST_CODEPOINT) : STATUS_OK;
}

/* Alternatives for the code points [low, high], whose encodings have the same length: bytes that
 * both ends share, then ranges. Splits so that each piece is a product of byte ranges. */
static status add_encoded(compiler *c, uint32_t rule, uint32_t low, uint32_t high)
{
    char a[4], b[4];
    size_t length = utf8_encode(low, a);
    utf8_encode(high, b);
    for (size_t i = 1; i < length; i++) {
        uint32_t m = ((uint32_t)1 << (6 * i)) - 1; /* what the last i bytes hold */
        if ((low & ~m) == (high & ~m))
            continue;
        status s = STATUS_OK;
        if ((low & m) != 0) {
            s = add_encoded(c, rule, low, low | m);
            return s == STATUS_OK ? add_encoded(c, rule, (low | m) + 1, high) : s;
        }
        if ((high & m) != m) {
            s = add_encoded(c, rule, low, (high & ~m) - 1);
            return s == STATUS_OK ? add_encoded(c, rule, high & ~m, high) : s;
        }
    }
    sequence *q = NULL;
    status s = new_sequence(c, rule, &q);
    for (size_t i = 0; s == STATUS_OK && i < length; i++)
        s = add_bytes(c, q, (uint8_t)a[i], (uint8_t)b[i]);
    return s;
}

/* The part of a range above ASCII, cut where encodings change their length, less surrogates. */
static status add_wide(compiler *c, uint32_t rule, range r)
{
    static const range parts[] = {
        {0x80, 0x7ff}, {0x800, 0xd7ff}, {0xe000, 0xffff}, {0x10000, MOST_CODEPOINT}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint32_t low = r.low > parts[i].low ? r.low : parts[i].low;
        uint32_t high = r.high < parts[i].high ? r.high : parts[i].high;
        status s = low <= high ? add_encoded(c, rule, low, high) : STATUS_OK;
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Appends one character out of the class's ranges to the sequence. */
static status add_class(compiler *c, sequence *out, bool negated)
{
    grammar_set ascii = {{0}};
    bool any_ascii = false, any_wide = false;
    status s = normalise_ranges(c, negated);
    for (size_t i = 0; s == STATUS_OK && i < c->range_count; i++) {
        for (uint32_t b = c->ranges[i].low; b <= c->ranges[i].high && b < 0x80; b++) {
            ascii.bits[b / 64] |= (uint64_t)1 << (b % 64);
            any_ascii = true;
        }
        any_wide = any_wide || (c->ranges[i].high >= 0x80 && c->ranges[i].low <= c->ranges[i].high);
    }
    uint32_t id = 0, rule = 0;
    if (s == STATUS_OK && !any_ascii && !any_wide)
        return syntax(c, "a character class that nothing can match");
    if (s == STATUS_OK && any_ascii)
        s = set_id(c, &ascii, &id);
    if (s != STATUS_OK || !any_wide)
        return s == STATUS_OK ? add_element(c, out, GRAMMAR_SET, id) : s;
    s = new_rule(c, STR(""), &rule);
    sequence *q = NULL;
    if (s == STATUS_OK && any_ascii && (s = new_sequence(c, rule, &q)) == STATUS_OK)
        s = add_element(c, q, GRAMMAR_SET, id);
    for (size_t i = 0; s == STATUS_OK && i < c->range_count; i++)
        if (c->ranges[i].low <= c->ranges[i].high)
            s = add_wide(c, rule, c->ranges[i]);
    return s == STATUS_OK ? add_element(c, out, GRAMMAR_RULE, rule) : s;
}

/* --- reading --- */

static int peek(const compiler *c)
{
    return c->at < c->text.length ? (unsigned char)c->text.data[c->at] : -1;
}

static void skip_space(compiler *c)
{
    for (int ch; (ch = peek(c)) >= 0; c->at++) {
        if (ch == '#')
            while (peek(c) >= 0 && peek(c) != '\n')
                c->at++;
        else if (ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r')
            return;
        if (peek(c) < 0)
            return;
    }
}

static bool name_char(int ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
           ch == '_' || ch == '-';
}

static str read_name(compiler *c)
{
    size_t from = c->at;
    while (name_char(peek(c)))
        c->at++;
    return str_slice(c->text, from, c->at);
}

/* Is there `name ::=` at the cursor? */
static bool at_definition(compiler *c)
{
    size_t from = c->at;
    bool named = !str_empty(read_name(c));
    skip_space(c);
    bool found = named && str_starts(str_slice(c->text, c->at, c->text.length), STR("::="));
    c->at = from;
    return found;
}

static status read_hex(compiler *c, unsigned digits, uint32_t *out)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < digits; i++, c->at++) {
        int ch = peek(c);
        uint32_t d = ch >= '0' && ch <= '9'   ? (uint32_t)(ch - '0')
                     : ch >= 'a' && ch <= 'f' ? (uint32_t)(ch - 'a') + 10
                     : ch >= 'A' && ch <= 'F' ? (uint32_t)(ch - 'A') + 10
                                              : 16;
        if (d == 16 || value > MOST_CODEPOINT)
            return syntax(c, "an escape that is no character; \\xNN, \\uNNNN or \\UNNNNNNNN");
        value = value * 16 + d;
    }
    if (value > MOST_CODEPOINT || (value >= 0xd800 && value <= 0xdfff))
        return syntax(c, "an escape that is no character");
    *out = value;
    return STATUS_OK;
}

static status read_character(compiler *c, uint32_t *out)
{
    size_t n = utf8_decode(c->text.data + c->at, c->text.length - c->at, out);
    if (n == 0 || *out == UINT32_MAX)
        return syntax(c, n == 0 ? "the grammar ends inside a terminal" : "invalid UTF-8");
    c->at += n;
    if (*out != '\\')
        return STATUS_OK;
    int ch = peek(c);
    c->at += ch >= 0;
    switch (ch) {
    case 'n':
        *out = '\n';
        return STATUS_OK;
    case 'r':
        *out = '\r';
        return STATUS_OK;
    case 't':
        *out = '\t';
        return STATUS_OK;
    case 'x':
        return read_hex(c, 2, out);
    case 'u':
        return read_hex(c, 4, out);
    case 'U':
        return read_hex(c, 8, out);
    case '"':
    case '\\':
    case ']':
    case '[':
    case '-':
    case '^':
    case '/':
        *out = (uint32_t)ch;
        return STATUS_OK;
    default:
        return syntax(c, "an unknown escape; a backslash is written \\\\");
    }
}

static status read_text(compiler *c, sequence *out)
{
    c->at++; /* the quote */
    while (peek(c) != '"') {
        uint32_t ch;
        char bytes[4];
        status s = read_character(c, &ch);
        if (s != STATUS_OK)
            return s;
        size_t n = utf8_encode(ch, bytes);
        for (size_t i = 0; i < n; i++)
            if ((s = add_bytes(c, out, (uint8_t)bytes[i], (uint8_t)bytes[i])) != STATUS_OK)
                return s;
    }
    c->at++;
    return STATUS_OK;
}

static status read_class(compiler *c, sequence *out)
{
    c->at++; /* the bracket */
    bool negated = peek(c) == '^';
    c->at += negated;
    c->range_count = 0;
    while (peek(c) != ']') {
        uint32_t low, high;
        status s = read_character(c, &low);
        high = low;
        if (s == STATUS_OK && peek(c) == '-' && c->at + 1 < c->text.length &&
            c->text.data[c->at + 1] != ']') {
            c->at++;
            s = read_character(c, &high);
            if (s == STATUS_OK && high < low)
                return syntax(c, "a range whose end lies before its start");
        }
        if (s == STATUS_OK)
            s = add_range(c, low, high);
        if (s != STATUS_OK)
            return s;
    }
    c->at++;
    return add_class(c, out, negated);
}

static status read_reference(compiler *c, sequence *out)
{
    size_t from = c->at, known = c->named_count;
    uint32_t id = 0;
    status s = rule_named(c, read_name(c), &id);
    if (s != STATUS_OK)
        return s;
    if (c->named_count > known)
        c->rules[id].seen_at = from;
    return add_element(c, out, GRAMMAR_RULE, id);
}

static status read_alternatives(compiler *c, uint32_t rule);

static status read_group(compiler *c, sequence *out)
{
    size_t from = c->at++;
    if (++c->depth > LLM_GRAMMAR_MAX_DEPTH)
        return syntax(c, "parentheses are nested too deeply");
    uint32_t rule = 0;
    status s = new_rule(c, STR(""), &rule);
    if (s == STATUS_OK)
        s = read_alternatives(c, rule);
    if (s != STATUS_OK)
        return s;
    if (peek(c) != ')')
        return fail_at(c, from, STATUS_SYNTAX, "this parenthesis is not closed");
    c->at++;
    c->depth--;
    return add_element(c, out, GRAMMAR_RULE, rule);
}

/* --- repetition --- */

static status copy_items(compiler *c, sequence *to, const item *first)
{
    status s = STATUS_OK;
    for (const item *i = first; s == STATUS_OK && i != NULL; i = i->next)
        s = add_element(c, to, i->element.kind, i->element.value);
    return s;
}

/* x{0,}: r ::= x r | ;  x{0,n}: r ::= x r' | , nested n deep. */
static status add_optional(compiler *c, sequence *out, const item *first, uint32_t most)
{
    uint32_t rule = 0;
    sequence *q = NULL, *empty = NULL;
    status s = STATUS_OK;
    sequence *tail = out;
    uint32_t rounds = most == NO_MAXIMUM ? 1 : most;
    for (uint32_t i = 0; s == STATUS_OK && i < rounds; i++) {
        s = new_rule(c, STR(""), &rule);
        if (s == STATUS_OK)
            s = add_element(c, tail, GRAMMAR_RULE, rule);
        if (s == STATUS_OK)
            s = new_sequence(c, rule, &q);
        if (s == STATUS_OK)
            s = copy_items(c, q, first);
        if (s == STATUS_OK)
            s = new_sequence(c, rule, &empty);
        tail = q;
    }
    if (s == STATUS_OK && most == NO_MAXIMUM)
        s = add_element(c, tail, GRAMMAR_RULE, rule);
    return s;
}

static status read_count(compiler *c, uint32_t *out)
{
    uint32_t value = 0;
    if (peek(c) < '0' || peek(c) > '9')
        return syntax(c, "a number is missing in {m,n}");
    for (; peek(c) >= '0' && peek(c) <= '9'; c->at++)
        if ((value = value * 10 + (uint32_t)(peek(c) - '0')) > LLM_GRAMMAR_MAX_REPEAT)
            return fail_at(c, c->at, STATUS_LIMIT, "more than 1000 repetitions");
    *out = value;
    return STATUS_OK;
}

/* {m} {m,} {m,n} behind the brace. */
static status read_counts(compiler *c, uint32_t *least, uint32_t *most)
{
    status s = read_count(c, least);
    *most = *least;
    if (s == STATUS_OK && peek(c) == ',') {
        c->at++;
        *most = NO_MAXIMUM;
        if (peek(c) != '}')
            s = read_count(c, most);
    }
    if (s != STATUS_OK)
        return s;
    if (peek(c) != '}')
        return syntax(c, "'}' is missing");
    if (*most < *least)
        return syntax(c, "{m,n} with n below m");
    c->at++;
    return STATUS_OK;
}

/* Applies * + ? {} to what was added behind `before`. */
static status read_repeat(compiler *c, sequence *out, item *before)
{
    uint32_t least = 0, most = NO_MAXIMUM;
    int ch = peek(c);
    if (ch != '*' && ch != '+' && ch != '?' && ch != '{')
        return STATUS_OK;
    c->at++;
    if (ch == '{') {
        status s = read_counts(c, &least, &most);
        if (s != STATUS_OK)
            return s;
    }
    least = ch == '+' ? 1 : least;
    most = ch == '?' ? 1 : most;
    item *repeated = before == NULL ? out->first : before->next;
    out->last = before;
    if (before == NULL)
        out->first = NULL;
    else
        before->next = NULL;
    status s = STATUS_OK;
    for (uint32_t i = 0; s == STATUS_OK && i < least; i++)
        s = copy_items(c, out, repeated);
    if (s == STATUS_OK && most > least)
        s = add_optional(c, out, repeated, most == NO_MAXIMUM ? most : most - least);
    skip_space(c);
    ch = peek(c);
    if (s == STATUS_OK && (ch == '*' || ch == '+' || ch == '?' || ch == '{'))
        return syntax(c, "two repetitions in a row; use parentheses");
    return s;
}

static status read_sequence(compiler *c, sequence *out)
{
    for (;;) {
        skip_space(c);
        int ch = peek(c);
        if (ch < 0 || ch == '|' || ch == ')' || (name_char(ch) && at_definition(c)))
            return STATUS_OK;
        item *before = out->last;
        status s;
        if (ch == '"')
            s = read_text(c, out);
        else if (ch == '[')
            s = read_class(c, out);
        else if (ch == '(')
            s = read_group(c, out);
        else if (ch == '.') {
            c->at++;
            c->range_count = 0;
            s = add_class(c, out, true);
        } else if (name_char(ch))
            s = read_reference(c, out);
        else
            s = syntax(c, "expected \"text\", [class], (group) or the name of a rule");
        if (s != STATUS_OK)
            return s;
        skip_space(c);
        s = read_repeat(c, out, before);
        if (s != STATUS_OK)
            return s;
    }
}

static status read_alternatives(compiler *c, uint32_t rule)
{
    for (;;) {
        sequence *q = NULL;
        status s = new_sequence(c, rule, &q);
        if (s == STATUS_OK)
            s = read_sequence(c, q);
        if (s != STATUS_OK)
            return s;
        if (peek(c) != '|')
            return STATUS_OK;
        c->at++;
    }
}

static status read_rules(compiler *c)
{
    for (skip_space(c); peek(c) >= 0; skip_space(c)) {
        if (!at_definition(c))
            return syntax(c, "expected a rule: name ::= ...");
        size_t from = c->at;
        str name = read_name(c);
        skip_space(c);
        c->at += 3;
        uint32_t id = 0;
        status s = rule_named(c, name, &id);
        if (s != STATUS_OK)
            return s;
        if (c->rules[id].defined)
            return fail_at(c, from, STATUS_SYNTAX, "this rule was given before");
        c->rules[id].defined = true;
        c->rules[id].seen_at = from;
        s = read_alternatives(c, id);
        if (s == STATUS_OK && peek(c) == ')')
            s = syntax(c, "')' without '('");
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* --- laying out and checking --- */

static status check_defined(compiler *c)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (!c->rules[i].defined) {
            char what[96];
            snprintf(what, sizeof what, "there is no rule '%.*s'",
                     c->rules[i].name.length > 40 ? 40 : STR_ARG(c->rules[i].name));
            return fail_at(c, c->rules[i].seen_at, STATUS_INVALID, what);
        }
    return STATUS_OK;
}

/* Which rules may be empty: to a fixed point. */
static void find_empty(const compiler *c, bool *may_be_empty)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < c->rule_count; i++)
            for (const sequence *q = c->rules[i].first; q != NULL && !may_be_empty[i];
                 q = q->next) {
                const item *e = q->first;
                while (e != NULL && e->element.kind == GRAMMAR_RULE &&
                       may_be_empty[e->element.value])
                    e = e->next;
                if (e == NULL)
                    may_be_empty[i] = changed = true;
            }
    }
}

typedef struct frame { /* of the depth-first search over leftmost rules */
    uint32_t rule;
    const sequence *alternative;
    const item *next;
} frame;

/* The next rule that may stand leftmost in the frame's rule; false when there is none. */
static bool next_leftmost(frame *f, const bool *may_be_empty, uint32_t *rule)
{
    while (f->alternative != NULL) {
        const item *e = f->next;
        if (e != NULL && e->element.kind == GRAMMAR_RULE) {
            *rule = e->element.value;
            f->next = may_be_empty[*rule] ? e->next : NULL;
            if (f->next == NULL) {
                f->alternative = f->alternative->next;
                f->next = f->alternative == NULL ? NULL : f->alternative->first;
            }
            return true;
        }
        f->alternative = f->alternative->next;
        f->next = f->alternative == NULL ? NULL : f->alternative->first;
    }
    return false;
}

static bool left_recursive(const compiler *c, const bool *may_be_empty, uint8_t *colour,
                           frame *stack, uint32_t *culprit)
{
    for (uint32_t root = 0; root < c->rule_count; root++) {
        if (colour[root] != 0)
            continue;
        size_t depth = 1;
        const sequence *first = c->rules[root].first;
        stack[0] = (frame){root, first, first == NULL ? NULL : first->first};
        colour[root] = 1;
        while (depth > 0) {
            uint32_t rule;
            if (!next_leftmost(&stack[depth - 1], may_be_empty, &rule)) {
                colour[stack[--depth].rule] = 2;
            } else if (colour[rule] == 1) {
                *culprit = rule;
                return true;
            } else if (colour[rule] == 0) {
                const sequence *q = c->rules[rule].first;
                colour[rule] = 1;
                stack[depth++] = (frame){rule, q, q == NULL ? NULL : q->first};
            }
        }
    }
    return false;
}

static status check_recursion(compiler *c)
{
    bool *may_be_empty = calloc(c->rule_count, sizeof *may_be_empty);
    uint8_t *colour = calloc(c->rule_count, 1);
    frame *stack = calloc(c->rule_count, sizeof *stack);
    status s = STATUS_OK;
    uint32_t culprit = 0;
    if (may_be_empty == NULL || colour == NULL || stack == NULL) {
        s = error_memory(c->err);
    } else {
        find_empty(c, may_be_empty);
        if (left_recursive(c, may_be_empty, colour, stack, &culprit))
            s = fail_at(c, c->rules[culprit].seen_at, STATUS_INVALID,
                        "left recursion, or a repetition of something that may be empty; the rule "
                        "must start with something else than itself");
    }
    free(may_be_empty);
    free(colour);
    free(stack);
    return s;
}

static status lay_out(compiler *c, llm_grammar *g)
{
    size_t sequences = 0;
    for (size_t i = 0; i < c->rule_count; i++)
        for (const sequence *q = c->rules[i].first; q != NULL; q = q->next)
            sequences++;
    g->elements = calloc(c->elements + sequences + 1, sizeof *g->elements);
    g->alternatives = calloc(sequences + 1, sizeof *g->alternatives);
    g->rules = calloc(c->rule_count, sizeof *g->rules);
    if (g->elements == NULL || g->alternatives == NULL || g->rules == NULL)
        return error_memory(c->err);
    for (size_t i = 0; i < c->rule_count; i++) {
        g->rules[i].first = (uint32_t)g->alternative_count;
        for (const sequence *q = c->rules[i].first; q != NULL; q = q->next) {
            g->alternatives[g->alternative_count++] = (uint32_t)g->element_count;
            for (const item *e = q->first; e != NULL; e = e->next)
                g->elements[g->element_count++] = e->element;
            g->elements[g->element_count++].kind = GRAMMAR_END;
        }
        g->rules[i].count = (uint32_t)g->alternative_count - g->rules[i].first;
    }
    g->rule_count = c->rule_count;
    g->sets = c->sets;
    g->set_count = c->set_count;
    c->sets = NULL;
    return STATUS_OK;
}

static status compile(compiler *c, llm_grammar *g)
{
    status s = read_rules(c);
    if (s == STATUS_OK)
        s = check_defined(c);
    if (s != STATUS_OK)
        return s;
    while (g->root < c->rule_count && !str_equal(c->rules[g->root].name, STR("root")))
        g->root++;
    if (g->root == c->rule_count)
        return fail_at(c, 0, STATUS_INVALID, "there is no rule 'root', where a text starts");
    s = check_recursion(c);
    return s == STATUS_OK ? lay_out(c, g) : s;
}

status llm_grammar_compile(str ebnf, llm_grammar **out, error *err)
{
    if (ebnf.length > LLM_GRAMMAR_MAX_BYTES)
        return error_set(err, STATUS_LIMIT, "a grammar of %zu bytes is too long", ebnf.length);
    compiler *c = calloc(1, sizeof *c);
    llm_grammar *g = calloc(1, sizeof *g);
    status s = STATUS_OK;
    if (c == NULL || g == NULL || (c->memory = arena_new(0)) == NULL)
        s = error_memory(err);
    if (s == STATUS_OK) {
        c->text = ebnf;
        c->err = err;
        s = compile(c, g);
    }
    if (c != NULL) {
        arena_free(c->memory);
        free(c->rules);
        free(c->sets);
        free(c->ranges);
    }
    free(c);
    if (s != STATUS_OK) {
        llm_grammar_free(g);
        return s;
    }
    *out = g;
    return STATUS_OK;
}

void llm_grammar_free(llm_grammar *g)
{
    if (g == NULL)
        return;
    free(g->elements);
    free(g->sets);
    free(g->rules);
    free(g->alternatives);
    free(g);
}
