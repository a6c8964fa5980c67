/* What the readers' fuzzers share: one input through one reader into a sink that looks at every
 * byte it is given. */
#ifndef VOUCH_FUZZ_READER_H
#define VOUCH_FUZZ_READER_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/format.h"
#include "ingest/mapping.h"

static inline void fuzz_term(kg_term t)
{
    if (!utf8_valid(t.lexical.data, t.lexical.length) ||
        !utf8_valid(t.datatype.data, t.datatype.length) || !utf8_valid(t.lang.data, t.lang.length))
        abort(); /* no reader lets through what is no text */
}

static inline status fuzz_add(void *context, const kg_new_statement *st, error *err)
{
    (void)context, (void)err;
    fuzz_term(st->s);
    fuzz_term(st->p);
    fuzz_term(st->o);
    if (st->s.kind == KG_TERM_LITERAL || st->p.kind != KG_TERM_IRI)
        abort();
    for (size_t i = 0; i < st->qualifier_count; i++)
        fuzz_term(st->qualifiers[i].object);
    return STATUS_OK;
}

static inline status fuzz_label(void *context, kg_term term, kg_label_kind kind, str text, str lang,
                                error *err)
{
    (void)context, (void)kind, (void)text, (void)lang, (void)err;
    fuzz_term(term);
    return STATUS_OK;
}

static inline status fuzz_problem(void *context, const ingest_problem *p, error *err)
{
    (void)context, (void)err;
    return p->reason[0] == '\0' ? STATUS_INTERNAL : STATUS_OK;
}

static inline status fuzz_source(void *context, str name, str format, double authority, error *err)
{
    (void)context, (void)name, (void)format, (void)authority, (void)err;
    return STATUS_OK;
}

static inline status fuzz_meta(void *context, str key, str value, error *err)
{
    (void)context, (void)key, (void)value, (void)err;
    return STATUS_OK;
}

static inline ingest_sink fuzz_sink(void)
{
    return (ingest_sink){NULL, fuzz_add, fuzz_label, fuzz_problem, fuzz_source, fuzz_meta};
}

static inline int fuzz_read(const uint8_t *data, size_t size, ingest_format format,
                            const ingest_mapping *mapping)
{
    error err = {0};
    ingest_source *source;
    ingest_source_options o = {.max_bytes = (uint64_t)16 << 20};
    if (ingest_source_memory(str_make((const char *)data, size), &o, &source, &err) != STATUS_OK)
        return 0;
    ingest_sink sink = fuzz_sink();
    ingest_input in = {.source = source, .base = STR("http://example.org/"), .mapping = mapping};
    (void)ingest_format_reader(format)(&in, &sink, &err);
    ingest_source_close(source);
    return 0;
}

#define FUZZ_MAP                                                                                   \
    "{\"lang\":\"zh\",\"cells\":{\"strip\":\"[x]\",\"drop\":\"none\"},\"subject\":{\"column\":"    \
    "\"a\",\"class\":\"c\"},\"columns\":[{\"column\":\"b\",\"relation\":\"r\",\"split\":[\" "      \
    "\",\","                                                                                       \
    "\"],\"reject_ending\":\"...\"},{\"column\":\"d\",\"relation\":\"v\",\"object\":\"literal\","  \
    "\"value\":\"money\",\"unit\":\"cm\"},{\"column\":\"e\",\"relation\":\"n\",\"object\":"        \
    "\"alias\"}]}"

static inline int fuzz_read_mapped(const uint8_t *data, size_t size, ingest_format format)
{
    error err = {0};
    ingest_mapping *m = NULL;
    if (ingest_mapping_parse(STR(FUZZ_MAP), "fuzz", &m, &err) != STATUS_OK)
        abort();
    fuzz_read(data, size, format, m);
    ingest_mapping_free(m);
    return 0;
}

#endif
