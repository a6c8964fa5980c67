/* RDF/XML through raptor2. raptor may fetch nothing: neither the network nor files that an entity
 * names. A syntax error ends the document. */
#include <raptor2.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "ingest/rdftext.h"
#include "ingest/reader.h"
#include "ingest/xml_depth.h"

#define MAX_DEPTH 1000 /* of elements; real documents have ten */

typedef struct rdfxml {
    ingest_input *input;
    const ingest_sink *sink;
    raptor_parser *parser;
    buf blank[2];
    status failed; /* of the sink */
    char reason[ERROR_MESSAGE_BYTES];
    uint64_t line, column;
    bool wrong;
    error *err;
} rdfxml;

static void on_log(void *context, raptor_log_message *m)
{
    rdfxml *x = context;
    if (m->level < RAPTOR_LOG_LEVEL_ERROR || x->wrong)
        return;
    x->wrong = true;
    snprintf(x->reason, sizeof x->reason, "%s", m->text);
    raptor_locator *at = m->locator != NULL ? m->locator : raptor_parser_get_locator(x->parser);
    if (at != NULL) {
        x->line = at->line > 0 ? (uint64_t)at->line : 0;
        x->column = at->column > 0 ? (uint64_t)at->column : 0;
    }
}

static str uri_text(raptor_uri *uri)
{
    size_t length = 0;
    const char *text =
        uri == NULL ? NULL : (const char *)raptor_uri_as_counted_string(uri, &length);
    return str_make(text, length);
}

static bool make_term(rdfxml *x, const raptor_term *t, buf *blank, kg_term *out)
{
    *out = (kg_term){0};
    if (t->type == RAPTOR_TERM_TYPE_URI) {
        *out = ingest_iri(uri_text(t->value.uri));
        for (size_t i = 0; i < out->lexical.length; i++)
            if (!rdftext_iri_char((unsigned char)out->lexical.data[i]))
                return false;
        return rdftext_absolute(out->lexical);
    }
    if (t->type == RAPTOR_TERM_TYPE_BLANK) {
        buf_clear(blank);
        buf_add(blank, x->input->blank_prefix);
        buf_add(blank, str_make((const char *)t->value.blank.string, t->value.blank.string_len));
        *out = (kg_term){.kind = KG_TERM_BLANK, .lexical = buf_str(blank)};
        return true;
    }
    out->kind = KG_TERM_LITERAL;
    out->lexical = str_make((const char *)t->value.literal.string, t->value.literal.string_len);
    out->lang = str_make((const char *)t->value.literal.language,
                         t->value.literal.language == NULL ? 0 : t->value.literal.language_len);
    out->datatype = uri_text(t->value.literal.datatype);
    if (str_equal(out->datatype, STR(INGEST_XSD "string")) || out->lang.length > 0)
        out->datatype = (str){0};
    return true;
}

static void on_statement(void *context, raptor_statement *s)
{
    rdfxml *x = context;
    if (x->failed != STATUS_OK || x->wrong)
        return;
    kg_term subject, predicate, object;
    raptor_locator *at = raptor_parser_get_locator(x->parser);
    uint64_t line = at != NULL && at->line > 0 ? (uint64_t)at->line : 0;
    x->input->lines = line;
    if (make_term(x, s->subject, &x->blank[0], &subject) &&
        make_term(x, s->predicate, NULL, &predicate) &&
        make_term(x, s->object, &x->blank[1], &object))
        x->failed = ingest_add(x->sink, subject, predicate, object, line, x->err);
    else
        x->failed = ingest_reject(x->sink, line, 0, uri_text(s->predicate->value.uri), x->err,
                                  "an IRI is relative or holds a character that is not allowed");
}

static status check_bounds(rdfxml *x, const xml_depth *d)
{
    const char *where = ingest_source_location(x->input->source);
    if (d->deepest > MAX_DEPTH)
        return error_set_at(x->err, STATUS_LIMIT, where, 0, 0, "elements are nested deeper than %d",
                            MAX_DEPTH);
    return d->longest <= INGEST_MAX_LINE
               ? STATUS_OK
               : error_set_at(x->err, STATUS_LIMIT, where, 0, 0,
                              "a text or tag is longer than %zu MiB", INGEST_MAX_LINE >> 20);
}

static status feed(rdfxml *x)
{
    static const size_t step = 65536;
    unsigned char *chunk = malloc(step);
    if (chunk == NULL)
        return error_memory(x->err);
    status st = STATUS_OK;
    xml_depth depth = {0};
    for (size_t got = 1; st == STATUS_OK && got > 0 && !x->wrong && x->failed == STATUS_OK;) {
        st = ingest_source_read(x->input->source, (char *)chunk, step, &got, x->err);
        if (st == STATUS_OK) {
            xml_depth_feed(&depth, str_make((const char *)chunk, got));
            st = check_bounds(x, &depth);
        }
        if (st == STATUS_OK && raptor_parser_parse_chunk(x->parser, chunk, got, got == 0) != 0 &&
            !x->wrong) {
            x->wrong = true;
            snprintf(x->reason, sizeof x->reason, "the XML cannot be read");
        }
    }
    free(chunk);
    if (st != STATUS_OK)
        return st;
    if (x->failed != STATUS_OK)
        return x->failed;
    return x->wrong ? error_set_at(x->err, STATUS_SYNTAX, ingest_source_location(x->input->source),
                                   x->line, x->column, "%s", x->reason)
                    : STATUS_OK;
}

static status parse(rdfxml *x, raptor_world *world)
{
    buf base = {0};
    buf_add(&base, x->input->base);
    raptor_uri *uri = base.failed || base.data == NULL
                          ? NULL
                          : raptor_new_uri(world, (const unsigned char *)base.data);
    x->parser = raptor_new_parser(world, "rdfxml");
    status st = x->parser == NULL || uri == NULL ? error_memory(x->err) : STATUS_OK;
    if (st == STATUS_OK) {
        raptor_parser_set_statement_handler(x->parser, x, on_statement);
        raptor_parser_set_option(x->parser, RAPTOR_OPTION_NO_NET, NULL, 1);
        raptor_parser_set_option(x->parser, RAPTOR_OPTION_NO_FILE, NULL, 1);
        raptor_parser_set_option(x->parser, RAPTOR_OPTION_LOAD_EXTERNAL_ENTITIES, NULL, 0);
        raptor_parser_set_option(x->parser, RAPTOR_OPTION_STRICT, NULL, 1);
        st = raptor_parser_parse_start(x->parser, uri) == 0 ? feed(x) : error_memory(x->err);
    }
    raptor_free_parser(x->parser);
    raptor_free_uri(uri);
    buf_free(&base);
    return st;
}

status ingest_read_rdfxml(ingest_input *input, const ingest_sink *sink, error *err)
{
    rdfxml x = {.input = input, .sink = sink, .err = err};
    raptor_world *world = raptor_new_world();
    if (world == NULL)
        return error_memory(err);
    raptor_world_set_log_handler(world, &x, on_log);
    status st = raptor_world_open(world) == 0 ? parse(&x, world) : error_memory(err);
    raptor_free_world(world);
    buf_free(&x.blank[0]);
    buf_free(&x.blank[1]);
    return st;
}
