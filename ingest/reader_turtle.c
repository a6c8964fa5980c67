/* Turtle and TriG through serd. serd reads byte by byte from a guard that stands before it: the
 * guard knows which line a statement stands on, and refuses what serd 0.30 lets through (numeric
 * escapes of surrogates or beyond U+10FFFF, characters that no IRI may hold, bytes that are no
 * UTF-8). A syntax error ends the document: there is no telling where the next statement begins.
 *
 * Memory: serd's stack (bounded nesting) and one buffer per term. */
#include <serd/serd.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "ingest/rdftext.h"
#include "ingest/reader.h"

#define GUARD_BYTES ((size_t)65536)
#define MAX_DEPTH 400

typedef enum guard_state {
    GUARD_TEXT,
    GUARD_COMMENT,
    GUARD_IRI,
    GUARD_OPENING, /* behind one or two quotes: '' or ''' ? */
    GUARD_STRING,
    GUARD_LONG,
    GUARD_SKIP /* behind a backslash in a prefixed name */
} guard_state;

typedef struct guard {
    ingest_source *source;
    char data[GUARD_BYTES];
    size_t at, length;
    guard_state state;
    char quote;
    unsigned quotes;   /* in a row */
    size_t run;        /* bytes of the text, IRI or name in hand, which serd keeps whole */
    unsigned depth;    /* of [ ( { */
    unsigned escape;   /* bytes of an escape behind its backslash, 0 = in none */
    char escaped[10];  /* them */
    unsigned more;     /* bytes that the character still needs */
    char character[4]; /* its bytes so far */
    unsigned have;
    uint64_t line, column; /* of the byte given last */
    uint64_t next_line, next_column;
    char pending; /* to be given before anything else is read; 0 = none */
    const char *wrong;
    status failed; /* of the source */
    error *err;
} guard;

static bool guard_fail(guard *g, const char *what)
{
    if (g->wrong == NULL)
        g->wrong = what;
    return false;
}

/* UTF-8 as it passes by. */
static bool guard_utf8(guard *g, unsigned char c)
{
    if (g->more == 0) {
        g->have = 0;
        g->more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (g->more > 0)
            g->character[g->have++] = (char)c;
        return true;
    }
    g->character[g->have++] = (char)c;
    if (--g->more > 0)
        return true;
    return utf8_valid(g->character, g->have)
               ? true
               : guard_fail(g, "bytes that are no UTF-8; see --encoding");
}

/* One byte of an escape; the backslash itself came before. */
static bool guard_escape(guard *g, char c)
{
    bool iri = g->state == GUARD_IRI;
    unsigned n = g->escape++ - 1;
    if (n == 0 && c != 'u' && c != 'U') {
        g->escape = 0;
        return !iri && c != '\0' && strchr("tbnrf\"'\\", c) != NULL
                   ? true
                   : guard_fail(g, "there is no such escape");
    }
    g->escaped[n] = c;
    unsigned digits = g->escaped[0] == 'U' ? 8 : 4;
    if (n < digits)
        return true;
    g->escape = 0;
    uint32_t code;
    if (!rdftext_numeric_escape(str_make(g->escaped, n + 1), 1, digits, &code))
        return guard_fail(g, "a numeric escape names no character");
    return !iri || rdftext_iri_char(code)
               ? true
               : guard_fail(g, "an IRI holds an escape that is not allowed there");
}

static bool guard_text(guard *g, char c)
{
    switch (c) {
    case '#':
        g->state = GUARD_COMMENT;
        break;
    case '<':
        g->state = GUARD_IRI;
        break;
    case '"':
    case '\'':
        g->state = GUARD_OPENING;
        g->quote = c;
        g->quotes = 1;
        break;
    case '\\':
        g->state = GUARD_SKIP;
        break;
    case '[':
    case '(':
        if (++g->depth > MAX_DEPTH)
            return guard_fail(g, "brackets are nested too deeply");
        break;
    case ']':
    case ')':
        g->depth -= g->depth > 0;
        break;
    default:
        break;
    }
    return true;
}

static bool guard_opening(guard *g, char c)
{
    if (c == g->quote && g->quotes == 2) {
        g->state = GUARD_LONG;
        g->quotes = 0;
        return true;
    }
    if (c == g->quote) {
        g->quotes++;
        return true;
    }
    if (g->quotes == 2) { /* an empty text */
        g->state = GUARD_TEXT;
        return guard_text(g, c);
    }
    g->state = GUARD_STRING;
    if (c == '\\')
        g->escape = 1;
    return true;
}

static bool guard_run(guard *g, char c)
{
    bool between = g->state == GUARD_COMMENT ||
                   (g->state == GUARD_TEXT && (c == ' ' || c == '\t' || c == '\n' || c == '\r'));
    g->run = between ? 0 : g->run + 1;
    return g->run <= INGEST_MAX_LINE ? true : guard_fail(g, "a text or name is longer than 16 MiB");
}

static bool guard_step(guard *g, char c)
{
    if (!guard_utf8(g, (unsigned char)c) || !guard_run(g, c))
        return false;
    if (g->escape > 0)
        return guard_escape(g, c);
    switch (g->state) {
    case GUARD_TEXT:
        return guard_text(g, c);
    case GUARD_COMMENT:
        if (c == '\n' || c == '\r')
            g->state = GUARD_TEXT;
        return true;
    case GUARD_IRI:
        if (c == '>')
            g->state = GUARD_TEXT;
        else if (c == '\\')
            g->escape = 1;
        else if (!rdftext_iri_char((unsigned char)c))
            return guard_fail(g, "an IRI holds a character that is not allowed there");
        return true;
    case GUARD_OPENING:
        return guard_opening(g, c);
    case GUARD_STRING:
        if (c == g->quote)
            g->state = GUARD_TEXT;
        else if (c == '\\')
            g->escape = 1;
        return true;
    case GUARD_LONG:
        g->quotes = c == g->quote ? g->quotes + 1 : 0;
        if (g->quotes == 3)
            g->state = GUARD_TEXT;
        else if (c == '\\')
            g->escape = 1;
        return true;
    case GUARD_SKIP:
        g->state = GUARD_TEXT;
        return true;
    }
    return true;
}

/* Makes at least `want` bytes available behind `at`, unless the source ends before. */
static bool guard_fill(guard *g, size_t want)
{
    while (g->failed == STATUS_OK && g->length - g->at < want) {
        memmove(g->data, g->data + g->at, g->length - g->at);
        g->length -= g->at;
        g->at = 0;
        size_t got = 0;
        g->failed = ingest_source_read(g->source, g->data + g->length, sizeof g->data - g->length,
                                       &got, g->err);
        if (g->failed == STATUS_OK && got == 0)
            break;
        g->length += g->failed == STATUS_OK ? got : 0;
    }
    return g->failed == STATUS_OK && g->at < g->length;
}

/* serd 0.30 takes the character behind a quote within a long text literally, be it a backslash;
 * so a quote that does not close the text is given to serd escaped. */
static bool lone_quote(guard *g, char c, bool escaped)
{
    if (escaped || g->state != GUARD_LONG || c != g->quote || g->quotes == 0)
        return false;
    unsigned run = g->quotes;
    guard_fill(g, 2);
    for (size_t i = g->at; i < g->length && g->data[i] == g->quote && run < 3; i++)
        run++;
    return run < 3;
}

/* What serd calls for its next byte. */
static size_t guard_read(void *out, size_t size, size_t count, void *context)
{
    guard *g = context;
    (void)size;
    (void)count;
    if (g->pending != '\0') {
        *(char *)out = g->pending;
        g->pending = '\0';
        return 1;
    }
    if (g->wrong != NULL || g->failed != STATUS_OK)
        return 0;
    if (g->at == g->length && !guard_fill(g, 1)) {
        if (g->failed == STATUS_OK && g->more > 0)
            guard_fail(g, "the text ends within a character");
        return 0;
    }
    char c = g->data[g->at++];
    g->line = g->next_line;
    g->column = g->next_column++;
    if (c == '\n') {
        g->next_line++;
        g->next_column = 1;
    }
    bool escaped = g->escape > 0;
    if (!guard_step(g, c))
        return 0;
    if (lone_quote(g, c, escaped)) {
        g->pending = c;
        c = '\\';
    }
    *(char *)out = c;
    return 1;
}

static int guard_error(void *context)
{
    const guard *g = context;
    return g->wrong != NULL || g->failed != STATUS_OK;
}

/* --- statements ------------------------------------------------------------------------------- */
typedef struct turtle {
    guard guard;
    SerdReader *reader;
    SerdEnv *env;
    const ingest_sink *sink;
    ingest_input *input;
    buf held[5];
    status failed; /* of the sink */
    char reason[ERROR_MESSAGE_BYTES];
    uint64_t wrong_line, wrong_column;
    error *err;
} turtle;

static size_t append_chunk(const void *data, size_t length, void *context)
{
    buf_add(context, str_make(data, length));
    return length;
}

/* Removes . and .. from the path of an absolute IRI (RFC 3986, section 5.2.4); serd's resolution
 * leaves those that stand behind the first segment of a reference. */
static void remove_dots(buf *iri)
{
    SerdURI uri;
    if (strstr(iri->data, "/.") == NULL ||
        serd_uri_parse((const uint8_t *)iri->data, &uri) != SERD_SUCCESS || uri.path.len == 0)
        return;
    size_t start = (size_t)((const char *)uri.path.buf - iri->data), end = start + uri.path.len;
    size_t out = start;
    for (size_t i = start; i < end;) {
        size_t next = i + 1;
        while (next < end && iri->data[next] != '/')
            next++;
        str segment = str_make(iri->data + i, next - i);
        bool one = str_equal(segment, STR("/.")), two = str_equal(segment, STR("/.."));
        while (two && out > start && iri->data[--out] != '/')
            ;
        if ((one || two) && next == end)
            iri->data[out++] = '/';
        else if (!one && !two) {
            memmove(iri->data + out, segment.data, segment.length);
            out += segment.length;
        }
        i = next;
    }
    memmove(iri->data + out, iri->data + end, iri->length - end + 1);
    iri->length -= end - out;
}

/* The absolute IRI of a node; borrowed from the node or from `held`. */
static bool absolute_iri(turtle *t, const SerdNode *node, buf *held, str *out)
{
    str text = str_make((const char *)node->buf, node->n_bytes);
    buf_clear(held);
    if (node->type == SERD_CURIE) {
        SerdChunk head, tail;
        if (serd_env_expand(t->env, node, &head, &tail) != SERD_SUCCESS)
            return false;
        buf_add(held, str_make((const char *)head.buf, head.len));
        buf_add(held, str_make((const char *)tail.buf, tail.len));
        *out = buf_str(held);
        return rdftext_absolute(*out);
    }
    if (rdftext_absolute(text)) {
        *out = text;
        return true;
    }
    SerdURI base, ref, absolute;
    serd_env_get_base_uri(t->env, &base);
    if (serd_uri_parse(node->buf, &ref) != SERD_SUCCESS)
        return false;
    serd_uri_resolve(&ref, &base, &absolute);
    serd_uri_serialise(&absolute, append_chunk, held);
    if (held->failed || held->data == NULL)
        return false;
    remove_dots(held);
    *out = buf_str(held);
    return rdftext_absolute(*out);
}

static bool node_term(turtle *t, const SerdNode *node, buf *held, kg_term *out)
{
    *out = (kg_term){0};
    if (node->type == SERD_BLANK) {
        out->kind = KG_TERM_BLANK;
        out->lexical = str_make((const char *)node->buf, node->n_bytes);
        return true;
    }
    if (node->type == SERD_LITERAL) {
        out->kind = KG_TERM_LITERAL;
        out->lexical = str_make((const char *)node->buf, node->n_bytes);
        return true;
    }
    out->kind = KG_TERM_IRI;
    return absolute_iri(t, node, held, &out->lexical);
}

static SerdStatus on_statement(void *context, SerdStatementFlags flags, const SerdNode *graph,
                               const SerdNode *subject, const SerdNode *predicate,
                               const SerdNode *object, const SerdNode *datatype,
                               const SerdNode *lang)
{
    turtle *t = context;
    (void)flags;
    kg_new_statement st = {.valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1.0f,
                           .line = t->guard.line};
    bool ok = node_term(t, subject, &t->held[0], &st.s) &&
              node_term(t, predicate, &t->held[1], &st.p) &&
              node_term(t, object, &t->held[2], &st.o);
    if (ok && graph != NULL && graph->buf != NULL)
        ok = node_term(t, graph, &t->held[3], &st.g);
    if (ok && datatype != NULL && datatype->buf != NULL) {
        ok = absolute_iri(t, datatype, &t->held[4], &st.o.datatype);
        if (str_equal(st.o.datatype, STR(INGEST_XSD "string")))
            st.o.datatype = STR("");
    }
    if (lang != NULL && lang->buf != NULL)
        st.o.lang = str_make((const char *)lang->buf, lang->n_bytes);
    if (!ok) {
        guard_fail(&t->guard, "a name has no declared prefix, or an IRI no base");
        return SERD_ERR_BAD_CURIE;
    }
    t->failed = t->sink->add(t->sink->context, &st, t->err);
    return t->failed == STATUS_OK ? SERD_SUCCESS : SERD_ERR_INTERNAL;
}

static SerdStatus on_base(void *context, const SerdNode *uri)
{
    return serd_env_set_base_uri(((turtle *)context)->env, uri);
}

static SerdStatus on_prefix(void *context, const SerdNode *name, const SerdNode *uri)
{
    return serd_env_set_prefix(((turtle *)context)->env, name, uri);
}

static SerdStatus on_error(void *context, const SerdError *e)
{
    turtle *t = context;
    if (t->reason[0] != '\0')
        return SERD_SUCCESS;
    va_list args;
    va_copy(args, *e->args);
    vsnprintf(t->reason, sizeof t->reason, e->fmt, args);
    va_end(args);
    t->reason[strcspn(t->reason, "\n")] = '\0';
    t->wrong_line = t->guard.line;
    t->wrong_column = t->guard.column;
    return SERD_SUCCESS;
}

/* One status from the many places where reading can end. */
static status outcome(turtle *t, SerdStatus serd)
{
    guard *g = &t->guard;
    const char *file = ingest_source_location(t->input->source);
    t->input->lines = g->column == 0 ? 0 : g->line;
    if (t->failed != STATUS_OK)
        return t->failed;
    if (g->failed != STATUS_OK)
        return g->failed;
    if (g->wrong != NULL)
        return error_set_at(t->err, STATUS_SYNTAX, file, g->line, g->column, "%s", g->wrong);
    if (t->reason[0] != '\0')
        return error_set_at(t->err, STATUS_SYNTAX, file, t->wrong_line, t->wrong_column, "%s",
                            t->reason);
    if (serd > SERD_FAILURE)
        return error_set_at(t->err, STATUS_SYNTAX, file, g->line, g->column, "%s",
                            (const char *)serd_strerror(serd));
    if (g->state != GUARD_TEXT && g->state != GUARD_COMMENT)
        return error_set_at(t->err, STATUS_SYNTAX, file, g->line, g->column,
                            "the text ends within a term");
    return STATUS_OK;
}

static status read_document(ingest_input *input, SerdSyntax syntax, const ingest_sink *sink,
                            error *err)
{
    turtle *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_memory(err);
    t->guard = (guard){.source = input->source, .next_line = 1, .next_column = 1, .err = err};
    t->sink = sink;
    t->input = input;
    t->err = err;
    buf base = {0};
    buf_add(&base, input->base);
    SerdNode base_node = serd_node_from_string(SERD_URI, (const uint8_t *)base.data);
    t->env = serd_env_new(&base_node);
    t->reader = serd_reader_new(syntax, t, NULL, on_base, on_prefix, on_statement, NULL);
    buf prefix = {0};
    buf_add(&prefix, input->blank_prefix);
    serd_reader_set_strict(t->reader, true);
    serd_reader_set_error_sink(t->reader, on_error, t);
    if (prefix.length > 0)
        serd_reader_add_blank_prefix(t->reader, (const uint8_t *)prefix.data);
    SerdStatus serd =
        serd_reader_read_source(t->reader, guard_read, guard_error, &t->guard, NULL, 1);
    status st = outcome(t, serd);
    serd_reader_free(t->reader);
    serd_env_free(t->env);
    for (size_t i = 0; i < CORE_COUNT(t->held); i++)
        buf_free(&t->held[i]);
    buf_free(&base);
    buf_free(&prefix);
    free(t);
    return st;
}

status ingest_read_turtle(ingest_input *input, const ingest_sink *sink, error *err)
{
    return read_document(input, SERD_TURTLE, sink, err);
}

status ingest_read_trig(ingest_input *input, const ingest_sink *sink, error *err)
{
    return read_document(input, SERD_TRIG, sink, err);
}
