/* The reader of the text grammar in logical_form.h: a recursive descent that stops at
 * LF_MAX_DEPTH and LF_MAX_NODES. Names are left unresolved. */
#include "core/utf8.h"
#include "retriever/logical_form.h"

typedef struct parser {
    str text;
    size_t at;
    int depth;
    int nodes;
    arena *a;
    error *err;
} parser;

static const lf_node *parse_form(parser *p);

static const void *fail(parser *p, const char *what)
{
    size_t before = utf8_count(p->text.data, p->at < p->text.length ? p->at : p->text.length);
    error_set_at(p->err, STATUS_SYNTAX, NULL, 0, p->at + 1,
                 "logical form, character %zu: %s; see 'vouch query --help'", before + 1, what);
    return NULL;
}

static void skip_space(parser *p)
{
    while (p->at < p->text.length && (p->text.data[p->at] == ' ' || p->text.data[p->at] == '\t' ||
                                      p->text.data[p->at] == '\n' || p->text.data[p->at] == '\r'))
        p->at++;
}

static char peek(parser *p)
{
    skip_space(p);
    return p->at < p->text.length ? p->text.data[p->at] : '\0';
}

static bool take(parser *p, char c)
{
    if (peek(p) != c || p->at >= p->text.length)
        return false;
    p->at++;
    return true;
}

static bool expect(parser *p, char c)
{
    if (take(p, c))
        return true;
    char what[32] = "expected ' '";
    what[10] = c;
    fail(p, what);
    return false;
}

/* "..." with \" and \\ ; the opening quote stands at p->at. */
static bool quoted(parser *p, str *out)
{
    buf text = {0};
    for (p->at++; p->at < p->text.length && p->text.data[p->at] != '"'; p->at++) {
        if (p->text.data[p->at] == '\\' && p->at + 1 < p->text.length)
            p->at++;
        buf_add_char(&text, p->text.data[p->at]);
    }
    if (p->at >= p->text.length) {
        buf_free(&text);
        fail(p, "a text is not closed by '\"'");
        return false;
    }
    p->at++;
    *out = arena_str(p->a, buf_str(&text));
    buf_free(&text);
    if (out->data == NULL)
        error_memory(p->err);
    return out->data != NULL;
}

static bool bracketed(parser *p, str *out)
{
    size_t end = str_find(p->text, STR(">"), p->at);
    if (end == STR_NONE) {
        fail(p, "an IRI is not closed by '>'");
        return false;
    }
    *out = arena_str(p->a, str_slice(p->text, p->at + 1, end));
    p->at = end + 1;
    return out->data != NULL;
}

/* Characters up to one that the grammar uses. */
static str bare(parser *p)
{
    skip_space(p);
    size_t start = p->at;
    while (p->at < p->text.length && strchr(",()\"<>=!~^*", p->text.data[p->at]) == NULL)
        p->at++;
    return str_trim(str_slice(p->text, start, p->at));
}

static bool parse_name(parser *p, lf_name *out)
{
    *out = (lf_name){0};
    char c = peek(p);
    if (c == '"')
        return quoted(p, &out->label);
    if (c == '<')
        return bracketed(p, &out->iri);
    out->label = arena_str(p->a, bare(p));
    if (str_empty(out->label))
        fail(p, "expected a name");
    return !str_empty(out->label);
}

static bool parse_step(parser *p, lf_step *out, bool signed_step)
{
    *out = (lf_step){0};
    char c = peek(p);
    if (!signed_step && (c == '#' || c == '.')) {
        p->at++;
        out->count = c == '#';
        out->self = c == '.';
        if (out->self)
            return true;
        c = peek(p);
    }
    if (c == '+' || c == '-') {
        out->inverse = c == '-';
        p->at++;
    } else if (signed_step) {
        fail(p, "expected +relation or -relation");
        return false;
    }
    if (!parse_name(p, &out->relation))
        return false;
    out->closure = take(p, '*');
    return true;
}

static bool parse_compare(parser *p, lf_compare *out)
{
    char c = peek(p);
    static const char first[] = "=!<>~^";
    if (c == '\0' || strchr(first, c) == NULL)
        return false;
    bool equals = p->at + 1 < p->text.length && p->text.data[p->at + 1] == '=';
    if (c == '!' && !equals)
        return false;
    switch (c) {
    case '=':
        *out = LF_EQ;
        break;
    case '!':
        *out = LF_NE;
        break;
    case '<':
        *out = equals ? LF_LE : LF_LT;
        break;
    case '>':
        *out = equals ? LF_GE : LF_GT;
        break;
    case '^':
        *out = LF_STARTS;
        equals = false;
        break;
    default:
        *out = LF_IN;
        break;
    }
    p->at += equals ? 2 : 1;
    return true;
}

static const lf_node *kept(parser *p, const lf_node *node)
{
    if (node == NULL && !error_is_set(p->err))
        error_memory(p->err);
    return node;
}

/* A constant: bare text is a value, a name may turn out to be a node of the graph. */
static const lf_node *parse_constant(parser *p)
{
    char c = peek(p);
    if (c == '"' || c == '<') {
        lf_name name;
        return parse_name(p, &name) ? kept(p, lf_entity(p->a, name)) : NULL;
    }
    str text = arena_str(p->a, bare(p));
    if (str_empty(text))
        return fail(p, "expected a value");
    kg_value value = kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = text});
    return kept(p, lf_value(p->a, value, text, 0));
}

static const lf_node *parse_filter(parser *p, const lf_node *of)
{
    lf_step step;
    lf_compare compare = LF_EQ;
    if (!expect(p, ',') || !parse_step(p, &step, false) || !expect(p, ','))
        return NULL;
    bool has = parse_compare(p, &compare);
    if (has && !expect(p, ','))
        return NULL;
    const lf_node *value = parse_constant(p);
    return value == NULL ? NULL : kept(p, lf_filter(p->a, of, step, compare, value));
}

static const lf_node *parse_arg(parser *p, lf_op op, const lf_node *of)
{
    lf_step step;
    int64_t limit = 0;
    if (!expect(p, ',') || !parse_step(p, &step, false))
        return NULL;
    if (take(p, ',') && (!str_to_i64(bare(p), &limit) || limit < 0 || limit > 10000))
        return fail(p, "expected how many (0 to 10000)");
    return kept(p, lf_arg(p->a, op, of, step, (uint32_t)limit));
}

static const lf_node *parse_cmp(parser *p, const lf_node *left)
{
    lf_step step;
    lf_compare compare = LF_GT;
    if (!expect(p, ','))
        return NULL;
    const lf_node *right = parse_form(p);
    if (right == NULL || !expect(p, ',') || !parse_step(p, &step, false))
        return NULL;
    if (take(p, ',') && !parse_compare(p, &compare))
        return fail(p, "expected >, < or =");
    return kept(p, lf_cmp(p->a, left, right, step, compare));
}

/* ASK(set [, ±rel ...] [, [op] value]) */
static const lf_node *parse_ask(parser *p, const lf_node *of)
{
    const lf_node *target = NULL;
    lf_compare compare = LF_EQ;
    int steps = 0;
    while (target == NULL && take(p, ',')) {
        char c = peek(p);
        char next = p->at + 1 < p->text.length ? p->text.data[p->at + 1] : '\0';
        if ((c == '+' || c == '-') && !(next >= '0' && next <= '9')) {
            lf_step step;
            if (!parse_step(p, &step, true))
                return NULL;
            of = kept(p, lf_hop(p->a, of, step));
            if (of == NULL || ++p->nodes > LF_MAX_NODES || p->depth + ++steps >= LF_MAX_DEPTH)
                return fail(p, "too deep or too long");
            continue;
        }
        bool iri = c == '<' && next != '=' && next != ' ' &&
                   str_find(p->text, STR(">"), p->at) != STR_NONE;
        if (!iri && parse_compare(p, &compare) && !expect(p, ','))
            return NULL;
        target = parse_constant(p);
        if (target == NULL)
            return NULL;
    }
    return kept(p, lf_ask(p->a, of, compare, target));
}

static const lf_node *parse_type(parser *p)
{
    /* TYPE(class) or TYPE(set, class): the comma tells. */
    size_t start = p->at;
    lf_name name;
    if (parse_name(p, &name) && peek(p) == ')')
        return kept(p, lf_type(p->a, NULL, name));
    if (error_is_set(p->err))
        return NULL;
    p->at = start;
    const lf_node *of = parse_form(p);
    if (of == NULL || !expect(p, ',') || !parse_name(p, &name))
        return NULL;
    return kept(p, lf_type(p->a, of, name));
}

static const lf_node *parse_search(parser *p)
{
    str words;
    if (peek(p) != '"')
        return fail(p, "SEARCH takes a text in quotes first");
    if (!quoted(p, &words))
        return NULL;
    const lf_node *within = NULL;
    if (take(p, ',') && (within = parse_form(p)) == NULL)
        return NULL;
    return kept(p, lf_search(p->a, words, within));
}

static const lf_node *parse_at(parser *p, const lf_node *of)
{
    clock_day day;
    if (!expect(p, ','))
        return NULL;
    str text = peek(p) == '"' && quoted(p, &text) ? text : bare(p);
    if (!clock_day_parse(text, &day))
        return fail(p, "expected a date, YYYY-MM-DD");
    return kept(p, lf_at(p->a, of, day));
}

static const lf_node *parse_binary(parser *p, lf_op op, const lf_node *left)
{
    if (!expect(p, ','))
        return NULL;
    const lf_node *right = parse_form(p);
    if (right == NULL)
        return NULL;
    left = kept(p, lf_binary(p->a, op, left, right));
    /* AND(a, b, c) reads as AND(AND(a, b), c). */
    while (left != NULL && op != LF_MINUS && take(p, ',')) {
        right = parse_form(p);
        left = right == NULL ? NULL : kept(p, lf_binary(p->a, op, left, right));
    }
    return left;
}

static lf_op operator_named(str name)
{
    for (lf_op op = LF_HOP; op <= LF_SEARCH; op++)
        if (str_equal_nocase(name, str_from(lf_op_name(op))))
            return op;
    return 0;
}

static const lf_node *parse_arguments(parser *p, lf_op op)
{
    lf_step step;
    if (op == LF_TYPE)
        return parse_type(p);
    if (op == LF_SEARCH)
        return parse_search(p);
    if (op == LF_HAVING)
        return parse_step(p, &step, true) ? kept(p, lf_having(p->a, step)) : NULL;
    const lf_node *of = parse_form(p);
    if (of == NULL)
        return NULL;
    switch (op) {
    case LF_HOP:
        do {
            if (!expect(p, ',') || !parse_step(p, &step, true))
                return NULL;
            of = kept(p, lf_hop(p->a, of, step));
            if (of == NULL || ++p->nodes > LF_MAX_NODES)
                return fail(p, "too long");
        } while (peek(p) == ',');
        return of;
    case LF_AND:
    case LF_OR:
    case LF_MINUS:
        return parse_binary(p, op, of);
    case LF_FILTER:
        return parse_filter(p, of);
    case LF_ARGMAX:
    case LF_ARGMIN:
        return parse_arg(p, op, of);
    case LF_CMP:
        return parse_cmp(p, of);
    case LF_ASK:
        return parse_ask(p, of);
    case LF_AT:
        return parse_at(p, of);
    default:
        return kept(p, lf_unary(p->a, op, of));
    }
}

static const lf_node *parse_form(parser *p)
{
    if (++p->nodes > LF_MAX_NODES || p->depth >= LF_MAX_DEPTH)
        return fail(p, "too deep or too long");
    char c = peek(p);
    if (c == '"' || c == '<') {
        lf_name name;
        return parse_name(p, &name) ? kept(p, lf_entity(p->a, name)) : NULL;
    }
    size_t start = p->at;
    str word = bare(p);
    lf_op op = operator_named(word);
    if (op == 0 || !take(p, '(')) {
        p->at = start;
        return fail(p, "expected an operator with '(', a \"label\" or an <IRI>");
    }
    p->depth++;
    const lf_node *node = parse_arguments(p, op);
    p->depth--;
    if (node == NULL || !expect(p, ')'))
        return NULL;
    return node;
}

/* COUNT, ASK, DESCRIBE, CMP by value give no set: only AT may stand around them. */
static bool closing(lf_op op)
{
    return op == LF_COUNT || op == LF_ASK || op == LF_DESCRIBE;
}

static bool well_formed(const lf_node *form, bool top)
{
    if (form == NULL)
        return true;
    if (closing(form->op) && !top)
        return false;
    return well_formed(form->a, top && form->op == LF_AT) && well_formed(form->b, false);
}

/* Operators around the deepest leaf: HOP and ASK of many steps nest as much as if spelt out. */
static int height(const lf_node *form)
{
    if (form == NULL || (form->a == NULL && form->b == NULL))
        return 0;
    int a = height(form->a), b = height(form->b);
    return 1 + (a > b ? a : b);
}

status lf_parse(str text, arena *a, const lf_node **out, error *err)
{
    error local = {0};
    error *e = err != NULL ? err : &local;
    if (!utf8_valid(text.data == NULL ? "" : text.data, text.length))
        return error_set(e, STATUS_SYNTAX, "logical form: not valid UTF-8");
    parser p = {.text = text, .a = a, .err = e};
    const lf_node *form = parse_form(&p);
    if (form != NULL && height(form) >= LF_MAX_DEPTH)
        form = fail(&p, "too deep or too long");
    if (form != NULL && peek(&p) != '\0') {
        fail(&p, "text is left over behind the form");
        form = NULL;
    }
    if (form != NULL && p.at < p.text.length) {
        fail(&p, "text is left over behind the form");
        form = NULL;
    }
    if (form != NULL && !well_formed(form, true)) {
        p.at = 0;
        fail(&p, "COUNT, ASK and DESCRIBE may only stand outermost");
        form = NULL;
    }
    if (form == NULL)
        return error_is_set(e) ? e->code : error_memory(e);
    *out = form;
    return STATUS_OK;
}
