/* N-Triples and N-Quads (RDF 1.1), line by line. Our own because each rejected line needs its
 * position and must not cost the next one, and because serd accepts numeric escapes that the
 * grammar forbids; a line-based grammar of two pages is checked more simply than around a parser.
 *
 * Memory: one line and one buffer per term. */
#include "core/utf8.h"
#include "ingest/fold.h"
#include "ingest/lines.h"
#include "ingest/rdftext.h"
#include "ingest/reader.h"

typedef struct nq_line {
    str text;
    size_t at;
    str blank_prefix;
    const char *wrong; /* what is wrong at `at` */
    buf held[4];       /* unescaped or prefixed bytes of each term */
    buf datatype;
} nq_line;

static bool fail(nq_line *l, const char *what)
{
    l->wrong = what;
    return false;
}

static void skip_space(nq_line *l)
{
    while (l->at < l->text.length && (l->text.data[l->at] == ' ' || l->text.data[l->at] == '\t'))
        l->at++;
}

static bool next_is(const nq_line *l, char c)
{
    return l->at < l->text.length && l->text.data[l->at] == c;
}

/* <...>: the bytes are borrowed from the line unless an escape had to be undone. */
static bool read_iri(nq_line *l, buf *held, str *out)
{
    size_t start = ++l->at;
    bool escaped = false;
    buf_clear(held);
    while (l->at < l->text.length && l->text.data[l->at] != '>') {
        char c = l->text.data[l->at];
        if (c == '\\') {
            if (!escaped)
                buf_add(held, str_slice(l->text, start, l->at));
            escaped = true;
            size_t digits = l->at + 1 < l->text.length && l->text.data[l->at + 1] == 'U' ? 8 : 4;
            uint32_t code;
            if (l->at + 1 >= l->text.length ||
                (l->text.data[l->at + 1] != 'u' && l->text.data[l->at + 1] != 'U') ||
                !rdftext_numeric_escape(l->text, l->at + 2, digits, &code) ||
                !rdftext_iri_char(code))
                return fail(l, "an IRI holds an escape that is not allowed there");
            buf_add_codepoint(held, code);
            l->at += 2 + digits;
            continue;
        }
        if (!rdftext_iri_char((unsigned char)c))
            return fail(l, "an IRI holds a character that is not allowed there");
        if (escaped)
            buf_add_char(held, c);
        l->at++;
    }
    if (l->at >= l->text.length)
        return fail(l, "an IRI is not closed with '>'");
    *out = escaped ? buf_str(held) : str_slice(l->text, start, l->at);
    l->at++;
    return rdftext_absolute(*out) ? true : fail(l, "an IRI is not absolute");
}

static bool read_blank(nq_line *l, buf *held, str *out)
{
    size_t start = l->at + 2, end = start, i = start;
    if (start > l->text.length || l->text.data[l->at + 1] != ':')
        return fail(l, "expected '_:'");
    while (i < l->text.length) {
        uint32_t c;
        size_t n = utf8_decode(l->text.data + i, l->text.length - i, &c);
        bool ok = i == start ? rdftext_label_first(c) : rdftext_label_later(c);
        if (!ok && (c != '.' || i == start))
            break;
        i += n;
        if (ok)
            end = i;
    }
    l->at = end;
    if (end == start)
        return fail(l, "a blank node has no label");
    str label = str_slice(l->text, start, end);
    if (l->blank_prefix.length > 0) {
        buf_clear(held);
        buf_add(held, l->blank_prefix);
        buf_add(held, label);
        label = buf_str(held);
    }
    *out = label;
    return true;
}

static bool read_escape(nq_line *l, buf *held)
{
    static const char from[] = "tbnrf\"'\\", to[] = "\t\b\n\r\f\"'\\";
    if (l->at + 1 >= l->text.length)
        return fail(l, "a text ends in '\\'");
    char c = l->text.data[l->at + 1];
    if (c == 'u' || c == 'U') {
        size_t digits = c == 'U' ? 8 : 4;
        uint32_t code;
        if (!rdftext_numeric_escape(l->text, l->at + 2, digits, &code))
            return fail(l, "a numeric escape names no character");
        buf_add_codepoint(held, code);
        l->at += 2 + digits;
        return true;
    }
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found == NULL)
        return fail(l, "there is no such escape");
    buf_add_char(held, to[found - from]);
    l->at += 2;
    return true;
}

static bool read_string(nq_line *l, buf *held, str *out)
{
    size_t start = ++l->at;
    bool escaped = false;
    buf_clear(held);
    while (l->at < l->text.length && l->text.data[l->at] != '"') {
        if (l->text.data[l->at] == '\\') {
            if (!escaped)
                buf_add(held, str_slice(l->text, start, l->at));
            escaped = true;
            if (!read_escape(l, held))
                return false;
        } else {
            if (l->text.data[l->at] == '\r')
                return fail(l, "a text holds a bare carriage return");
            if (escaped)
                buf_add_char(held, l->text.data[l->at]);
            l->at++;
        }
    }
    if (l->at >= l->text.length)
        return fail(l, "a text is not closed with '\"'");
    *out = escaped ? buf_str(held) : str_slice(l->text, start, l->at);
    l->at++;
    return true;
}

static bool read_language(nq_line *l, str *out)
{
    size_t start = ++l->at;
    bool first = true;
    while (l->at < l->text.length) {
        char c = l->text.data[l->at];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (c == '-' && l->at > start && l->text.data[l->at - 1] != '-')
            first = false;
        else if (!letter && (first || !digit))
            break;
        l->at++;
    }
    *out = str_slice(l->text, start, l->at);
    return out->length > 0 && out->data[out->length - 1] != '-'
               ? true
               : fail(l, "a language tag is not well formed");
}

static bool read_literal(nq_line *l, buf *held, kg_term *out)
{
    *out = (kg_term){.kind = KG_TERM_LITERAL};
    if (!read_string(l, held, &out->lexical))
        return false;
    if (next_is(l, '@'))
        return read_language(l, &out->lang);
    if (!next_is(l, '^'))
        return true;
    if (l->at + 2 >= l->text.length || l->text.data[l->at + 1] != '^' ||
        l->text.data[l->at + 2] != '<')
        return fail(l, "expected '^^<datatype>'");
    l->at += 2;
    if (!read_iri(l, &l->datatype, &out->datatype))
        return false;
    if (str_equal(out->datatype, STR(INGEST_XSD "string")))
        out->datatype = STR("");
    return true;
}

static bool read_term(nq_line *l, size_t index, bool literal, kg_term *out)
{
    skip_space(l);
    if (next_is(l, '<')) {
        *out = (kg_term){.kind = KG_TERM_IRI};
        return read_iri(l, &l->held[index], &out->lexical);
    }
    if (next_is(l, '_') && index != 1) {
        *out = (kg_term){.kind = KG_TERM_BLANK};
        return read_blank(l, &l->held[index], &out->lexical);
    }
    if (literal && next_is(l, '"'))
        return read_literal(l, &l->held[index], out);
    static const char *const wanted[] = {
        "expected a subject: <IRI> or _:blank", "expected a predicate: <IRI>",
        "expected an object: <IRI>, _:blank or \"literal\"", "expected a graph name or '.'"};
    return fail(l, wanted[index]);
}

/* *blank true when the line holds no statement. */
static bool read_line(nq_line *l, bool quads, kg_new_statement *st, bool *blank)
{
    skip_space(l);
    *blank = l->at == l->text.length || next_is(l, '#');
    if (*blank)
        return true;
    if (!read_term(l, 0, false, &st->s) || !read_term(l, 1, false, &st->p) ||
        !read_term(l, 2, true, &st->o))
        return false;
    skip_space(l);
    if (quads && !next_is(l, '.') && !read_term(l, 3, false, &st->g))
        return false;
    skip_space(l);
    if (!next_is(l, '.'))
        return fail(l, quads ? "expected '.'" : "expected '.'; with a graph name it is N-Quads");
    l->at++;
    skip_space(l);
    return l->at == l->text.length || next_is(l, '#') ? true
                                                      : fail(l, "expected nothing behind '.'");
}

static status take_line(nq_line *l, const ingest_line *line, bool quads, ingest_fold *fold,
                        const ingest_sink *sink, error *err)
{
    if (line->too_long)
        return ingest_reject(sink, line->number, 0, str_slice(line->text, 0, 80), err,
                             "the line is longer than %zu MiB", INGEST_MAX_LINE >> 20);
    size_t bad = utf8_first_invalid(line->text.data, line->text.length);
    if (bad < line->text.length)
        return ingest_reject(sink, line->number, bad + 1, line->text, err,
                             "the line is no valid text; see --encoding");
    l->text = line->text;
    l->at = 0;
    kg_new_statement st = {.valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1.0f,
                           .line = line->number};
    bool blank;
    if (!read_line(l, quads, &st, &blank))
        return ingest_reject(sink, line->number, l->at + 1, line->text, err, "%s", l->wrong);
    if (blank)
        return STATUS_OK;
    return fold == NULL ? sink->add(sink->context, &st, err) : ingest_fold_take(fold, &st, err);
}

static status read_lines(ingest_input *input, bool quads, const ingest_sink *sink, error *err)
{
    ingest_lines lines;
    ingest_lines_init(&lines, input->source);
    nq_line l = {.blank_prefix = input->blank_prefix};
    ingest_fold *fold = NULL;
    status st = STATUS_OK;
    if (quads && ingest_fold_looks(ingest_source_peek(input->source)))
        st = ingest_fold_new(sink, ingest_source_location(input->source), &fold, err);
    for (bool more = true; st == STATUS_OK;) {
        ingest_line line;
        st = ingest_lines_next(&lines, &line, &more, err);
        if (st != STATUS_OK || !more)
            break;
        input->lines = line.number;
        st = take_line(&l, &line, quads, fold, sink, err);
    }
    if (st == STATUS_OK && fold != NULL)
        st = ingest_fold_finish(fold, err);
    ingest_fold_free(fold);
    for (size_t i = 0; i < 4; i++)
        buf_free(&l.held[i]);
    buf_free(&l.datatype);
    ingest_lines_free(&lines);
    return st;
}

status ingest_read_ntriples(ingest_input *input, const ingest_sink *sink, error *err)
{
    return read_lines(input, false, sink, err);
}

status ingest_read_nquads(ingest_input *input, const ingest_sink *sink, error *err)
{
    return read_lines(input, true, sink, err);
}
