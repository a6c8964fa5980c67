/* A sink that keeps what a reader yields, for tests: statements as N-Quads-like lines, and the
 * problems' lines. Header-only, since each test is one program. */
#ifndef VOUCH_TESTS_COLLECT_H
#define VOUCH_TESTS_COLLECT_H

#include "core/buf.h"
#include "ingest/format.h"
#include "tests/unit/unit.h"

typedef struct collected {
    char **lines; /* "S P O [G] ." */
    size_t count, capacity;
    uint64_t *at; /* their source lines */
    size_t rejected, noted;
    uint64_t first_problem_line, first_problem_column;
    char first_problem[256];
} collected;

static inline void collect_term(buf *b, kg_term t)
{
    if (t.kind == KG_TERM_IRI)
        buf_printf(b, "<%.*s>", STR_ARG(t.lexical));
    else if (t.kind == KG_TERM_BLANK)
        buf_printf(b, "_:%.*s", STR_ARG(t.lexical));
    else if (t.kind == KG_TERM_LITERAL) {
        buf_printf(b, "\"%.*s\"", STR_ARG(t.lexical));
        if (t.lang.length > 0) {
            buf_add_char(b, '@');
            for (size_t i = 0; i < t.lang.length; i++)
                buf_add_char(b, t.lang.data[i] >= 'A' && t.lang.data[i] <= 'Z'
                                    ? (char)(t.lang.data[i] + 32)
                                    : t.lang.data[i]);
        } else if (t.datatype.length > 0) {
            buf_printf(b, "^^<%.*s>", STR_ARG(t.datatype));
        }
    }
    buf_add_char(b, ' ');
}

static inline status collect_add(void *context, const kg_new_statement *st, error *err)
{
    collected *c = context;
    buf b = {0};
    (void)err;
    collect_term(&b, st->s);
    collect_term(&b, st->p);
    collect_term(&b, st->o);
    if (st->g.kind != 0)
        collect_term(&b, st->g);
    if (c->count == c->capacity) {
        c->capacity = c->capacity * 2 + 64;
        c->lines = realloc(c->lines, c->capacity * sizeof *c->lines);
        c->at = realloc(c->at, c->capacity * sizeof *c->at);
    }
    c->at[c->count] = st->line;
    c->lines[c->count++] = buf_take(&b);
    return STATUS_OK;
}

static inline status collect_label(void *context, kg_term term, kg_label_kind kind, str text,
                                   str lang, error *err)
{
    (void)context, (void)term, (void)kind, (void)text, (void)lang, (void)err;
    return STATUS_OK;
}

static inline status collect_problem(void *context, const ingest_problem *p, error *err)
{
    collected *c = context;
    (void)err;
    if (c->rejected + c->noted == 0) {
        c->first_problem_line = p->line;
        c->first_problem_column = p->column;
        snprintf(c->first_problem, sizeof c->first_problem, "%s", p->reason);
    }
    if (p->kept)
        c->noted++;
    else
        c->rejected++;
    return STATUS_OK;
}

static inline void collected_free(collected *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->lines[i]);
    free(c->lines);
    free(c->at);
    *c = (collected){0};
}

static inline ingest_sink collect_sink(collected *c)
{
    return (ingest_sink){
        .context = c, .add = collect_add, .label = collect_label, .problem = collect_problem};
}

/* Reads a text; the mapping may be NULL. */
static inline status collect_text(str text, ingest_format format, const ingest_mapping *mapping,
                                  char separator, collected *c, error *err)
{
    ingest_source *source;
    ingest_source_options o = {0};
    status st = ingest_source_memory(text, &o, &source, err);
    if (st != STATUS_OK)
        return st;
    ingest_sink sink = collect_sink(c);
    ingest_input input = {.source = source,
                          .base = STR("http://example.org/doc"),
                          .separator = separator,
                          .mapping = mapping};
    st = ingest_format_reader(format)(&input, &sink, err);
    ingest_source_close(source);
    return st;
}

static inline bool collected_has(const collected *c, const char *line)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->lines[i], line) == 0)
            return true;
    return false;
}

#endif
