/* See render.h. */
#include "fusion/render.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "fusion/wording.h"

enum { SHOWN_CITATIONS = 3, OBJECT_COLUMNS = 48 };

#define GREEN "\033[32m"
#define RED "\033[31m"
#define DIM "\033[2m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

typedef struct renderer {
    const answer *a;
    const template_set *templates;
    const render_options *o;
    buf *out;
} renderer;

static void colour(const renderer *r, const char *code)
{
    if (r->o->colour)
        buf_add_cstr(r->out, code);
}

static bool unsafe(uint32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0xfeff;
}

void render_add_safe(buf *out, str text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t c;
        i += utf8_decode(text.data + i, text.length - i, &c);
        if (c == UINT32_MAX)
            buf_add_codepoint(out, UTF8_REPLACEMENT);
        else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            buf_add_char(out, ' ');
        else if (!unsafe(c))
            buf_add_codepoint(out, c);
    }
}

static void break_line(const renderer *r, size_t indent)
{
    while (r->out->length > 0 && r->out->data[r->out->length - 1] == ' ')
        r->out->length--;
    buf_add_char(r->out, '\n');
    for (size_t k = 0; k < indent; k++)
        buf_add_char(r->out, ' ');
}

/* The bytes at `s` that stay on one line: a Latin word, the numbers of citations, one character. */
static size_t unbroken(const char *s, size_t length, uint32_t *c)
{
    size_t n = utf8_decode(s, length, c);
    uint32_t next;
    if ((*c == 0x201c || *c == 0x300a || *c == 0xff08) && n < length)
        return n + utf8_decode(s + n, length - n, &next); /* an opening mark ends no line */
    if (*c == '[') {
        const char *end = memchr(s, ']', length < 40 ? length : 40);
        if (end != NULL)
            n = (size_t)(end - s) + 1;
    }
    if (*c < 0x2e80 && *c != ' ')
        while (n < length && s[n] != ' ' && (unsigned char)s[n] < 0x80)
            n++;
    return n;
}

/* Text wrapped to the terminal with `indent` on the lines that follow. Breaks between Han
 * characters and at spaces; a full stop never begins a line. */
static size_t add_wrapped(const renderer *r, str text, size_t indent, size_t column)
{
    buf safe = {0};
    render_add_safe(&safe, text);
    size_t width = r->o->columns > 20 ? (size_t)r->o->columns : 0;
    const char *s = safe.data;
    for (size_t i = 0; i < safe.length;) {
        uint32_t c;
        size_t n = unbroken(s + i, safe.length - i, &c);
        size_t w = utf8_columns(s + i, n);
        bool closing = c == 0x3002 || c == 0xff0c || c == 0x3001 || c == 0xff1b || c == 0xff1a ||
                       c == 0x201d || c == 0xff09;
        if (width > 0 && column + w > width && column > indent && !closing) {
            break_line(r, indent);
            column = indent;
            if (c == ' ') {
                i += n;
                continue;
            }
        }
        buf_add(r->out, str_make(s + i, n));
        column += w;
        i += n;
    }
    buf_free(&safe);
    return column;
}

static void fill(const renderer *r, const char *key, const template_var *vars)
{
    template_fill(r->templates, key, r->a->lang, vars, r->out);
}

static void add_lines(const renderer *r, str lines)
{
    str line;
    while (str_split(&lines, '\n', &line)) {
        if (str_empty(line))
            continue;
        buf_add_cstr(r->out, "  ");
        (void)add_wrapped(r, line, 2, 2);
        buf_add_char(r->out, '\n');
    }
}

/* --- citations ------------------------------------------------------------------------------- */
static str cut(str text, size_t columns, char *scratch, size_t bytes)
{
    if (utf8_columns(text.data, text.length) <= columns)
        return text;
    size_t n = 0;
    while (n < text.length && utf8_columns(text.data, n) + 2 < columns) {
        uint32_t c;
        n += utf8_decode(text.data + n, text.length - n, &c);
    }
    int wrote = snprintf(scratch, bytes, "%.*s…", (int)n, text.data);
    return str_make(scratch, wrote < 0 ? 0 : (size_t)wrote >= bytes ? bytes - 1 : (size_t)wrote);
}

static void fill_to(const renderer *r, const char *key, const template_var *vars, buf *out)
{
    template_fill(r->templates, key, r->a->lang, vars, out);
}

static void add_validity(const renderer *r, const answer_citation *c, buf *out)
{
    char from[16], to[16];
    if (c->valid_from == CLOCK_DAY_UNKNOWN && c->valid_to == CLOCK_DAY_UNKNOWN)
        return;
    clock_day_format(c->valid_from, from);
    clock_day_format(c->valid_to, to);
    const template_var vars[] = {{"from", str_from(from)}, {"to", str_from(to)}, {NULL, {0}}};
    buf_add_cstr(out, " · ");
    fill_to(r,
            c->valid_from == CLOCK_DAY_UNKNOWN ? "valid_to"
            : c->valid_to == CLOCK_DAY_UNKNOWN ? "valid_from"
                                               : "valid_both",
            vars, out);
}

static void add_mark(const renderer *r, bool on, const char *key, buf *out)
{
    if (!on)
        return;
    buf_add_cstr(out, " · ");
    fill_to(r, key, NULL, out);
}

static void triple(const renderer *r, const answer_citation *c, buf *out)
{
    char s1[400], s2[400], s3[400];
    size_t room = r->o->all ? 100000 : OBJECT_COLUMNS;
    buf_printf(out, "[%d] ", c->n);
    render_add_safe(out, r->o->all ? c->subject : cut(c->subject, room, s1, sizeof s1));
    buf_add_cstr(out, " → ");
    render_add_safe(out, r->o->all ? c->predicate : cut(c->predicate, room, s2, sizeof s2));
    buf_add_cstr(out, " → ");
    render_add_safe(out, r->o->all ? c->object : cut(c->object, room, s3, sizeof s3));
}

/* Where a statement stands, when it held, and what speaks against it. */
static void origin(const renderer *r, const answer_citation *c, buf *out)
{
    render_add_safe(out, r->o->all ? c->source : answer_source_name(c->source));
    if (c->position > 0) {
        char n[24];
        snprintf(n, sizeof n, "%llu", (unsigned long long)c->position);
        const template_var vars[] = {{"n", str_from(n)}, {NULL, {0}}};
        buf_add_char(out, ' ');
        fill_to(r, "line", vars, out);
    }
    add_validity(r, c, out);
    add_mark(r, c->conflict, "mark_conflict", out);
    add_mark(r, c->old, "mark_old", out);
    add_mark(r, c->low_authority, "mark_low_authority", out);
}

/* The origin behind the statement, in a column of its own; below it where the line is too short. */
static void add_citation(const renderer *r, const answer_citation *c, size_t indent, size_t align)
{
    buf line = {0}, from = {0};
    triple(r, c, &line);
    origin(r, c, &from);
    size_t column = add_wrapped(r, buf_str(&line), indent + 4, indent);
    size_t rest = utf8_columns(from.data, from.length) + 2;
    size_t end = align > 0 && column < align ? align : column;
    if (r->o->columns > 0 && end + rest > (size_t)r->o->columns) {
        break_line(r, indent + 4);
        end = indent + 4;
    } else {
        for (size_t i = column; i < end + 2; i++)
            buf_add_char(r->out, ' ');
        end += 2;
    }
    colour(r, DIM);
    (void)add_wrapped(r, buf_str(&from), indent + 4, end);
    colour(r, PLAIN);
    buf_add_char(r->out, '\n');
    buf_free(&line);
    buf_free(&from);
}

static void add_citations(const renderer *r)
{
    const answer *a = r->a;
    size_t shown =
        r->o->all || a->citation_count <= SHOWN_CITATIONS ? a->citation_count : SHOWN_CITATIONS;
    size_t align = 0;
    for (size_t i = 0; i < shown; i++) {
        buf line = {0};
        triple(r, &a->citations[i], &line);
        size_t w = utf8_columns(line.data, line.length);
        align = w > align && w <= 64 ? w : align;
        buf_free(&line);
    }
    if (r->o->columns > 0 && align + 24 > (size_t)r->o->columns)
        align = 0; /* a narrow terminal: no columns */
    for (size_t i = 0; i < shown; i++)
        add_citation(r, &a->citations[i], 0, align);
    if (shown < a->citation_count) {
        char n[24];
        snprintf(n, sizeof n, "%zu", a->citation_count - shown);
        const template_var vars[] = {{"n", str_from(n)}, {NULL, {0}}};
        buf_add_cstr(r->out, "    ");
        fill(r, "show_all", vars);
        buf_add_char(r->out, '\n');
    }
}

/* --- whole answers --------------------------------------------------------------------------- */
static void add_verification(const renderer *r)
{
    bool all = r->a->clause_count > 0;
    for (size_t i = 0; i < r->a->clause_count; i++)
        all = all && r->a->clauses[i].verdict == VERDICT_SUPPORTED;
    colour(r, all ? GREEN : RED);
    buf_add_cstr(r->out, all ? "✓ " : "! ");
    fill(r, all ? "mark_all_supported" : "mark_some", NULL);
    colour(r, PLAIN);
    buf_add_char(r->out, '\n');
}

static void add_footer(const renderer *r)
{
    const answer *a = r->a;
    char c[16];
    snprintf(c, sizeof c, "%.2f", a->confidence);
    const template_var vars[] = {{"c", str_from(c)}, {NULL, {0}}};
    colour(r, DIM);
    if (!str_empty(a->scope_notice)) {
        size_t w = utf8_columns(a->scope_notice.data, a->scope_notice.length);
        (void)add_wrapped(r, a->scope_notice, 0, 0);
        bool narrow = r->o->columns > 0 && w + 34 > (size_t)r->o->columns;
        buf_add_cstr(r->out, narrow ? "\n" : "          ");
    }
    fill(r, "confidence", vars);
    buf_printf(r->out, " · %.*f ms · %.*s", a->timings.total < 10 ? 1 : 0, a->timings.total,
               STR_ARG(str_empty(a->model) ? STR("none") : a->model));
    colour(r, PLAIN);
    buf_add_char(r->out, '\n');
}

static void add_choices(const renderer *r)
{
    for (size_t i = 0; i < r->a->alternative_count; i++) {
        buf_printf(r->out, "  %zu. ", i + 1);
        render_add_safe(r->out, r->a->alternatives[i].label);
        buf_add_char(r->out, '\n');
    }
}

/* What stands below the text of an answer. */
static void add_evidence(const renderer *r)
{
    add_verification(r);
    if (!str_empty(r->a->reason))
        add_lines(r, r->a->reason);
    buf_add_char(r->out, '\n');
    add_citations(r);
    add_footer(r);
}

void render_answer(const answer *a, const template_set *templates, const render_options *options,
                   buf *out)
{
    renderer r = {a, templates, options, out};
    if (a->status == ANSWER_ANSWERED)
        colour(&r, BOLD);
    (void)add_wrapped(&r, a->text, 0, 0);
    if (a->status == ANSWER_ANSWERED)
        colour(&r, PLAIN);
    buf_add_char(out, '\n');
    if (a->status == ANSWER_ANSWERED) {
        add_evidence(&r);
        return;
    }
    add_lines(&r, a->reason);
    add_choices(&r);
    if (a->citation_count > 0)
        add_citations(&r);
    if (a->status == ANSWER_REFUSED && !str_empty(a->scope_notice)) {
        colour(&r, DIM);
        (void)add_wrapped(&r, a->scope_notice, 0, 0);
        colour(&r, PLAIN);
        buf_add_char(out, '\n');
    }
}

void render_clause(render_stream *s, const answer_clause *clause, buf *out)
{
    renderer r = {NULL, s->templates, &s->options, out};
    bool zh = str_equal(s->lang, STR("zh"));
    buf text = {0};
    if (s->clauses++ == 0)
        colour(&r, BOLD);
    else if (!zh)
        buf_add_char(&text, ' ');
    wording_add_clause(s->templates, s->lang, clause, &text);
    s->column = add_wrapped(&r, buf_str(&text), 0, s->column);
    buf_free(&text);
}

void render_end(const render_stream *s, const answer *a, buf *out)
{
    if (s->clauses == 0) {
        render_answer(a, s->templates, &s->options, out);
        return;
    }
    renderer r = {a, s->templates, &s->options, out};
    colour(&r, PLAIN);
    buf_add_char(out, '\n');
    add_evidence(&r);
}

void render_verdicts(const answer *a, const template_set *templates, const render_options *options,
                     buf *out)
{
    static const char *marks[] = {"✓", "✗", "?", "-"};
    static const char *keys[] = {"supported", "contradicted", "unsupported", "unparsed"};
    renderer r = {a, templates, options, out};
    for (size_t i = 0; i < a->clause_count; i++) {
        const answer_clause *c = &a->clauses[i];
        size_t v = (size_t)c->verdict < CORE_COUNT(marks) ? (size_t)c->verdict : 3;
        colour(&r, v == 0 ? GREEN : RED);
        buf_printf(out, "%s %s", marks[v], answer_verdict_name(c->verdict));
        colour(&r, PLAIN);
        buf_add_cstr(out, "  ");
        (void)add_wrapped(&r, c->text, 4, 4 + strlen(answer_verdict_name(c->verdict)));
        buf_add_cstr(out, " (");
        fill(&r, keys[v], NULL);
        buf_add_cstr(out, ")\n");
        for (size_t k = 0; k < c->citation_count; k++)
            for (size_t n = 0; n < a->citation_count; n++)
                if (a->citations[n].n == c->citations[k]) {
                    buf_add_cstr(out, "    ");
                    add_citation(&r, &a->citations[n], 4, 0);
                }
    }
}
