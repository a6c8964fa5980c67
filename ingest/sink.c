/* The small calls around the sink interface. See sink.h. */
#include "ingest/sink.h"

#include <stdio.h>

#include "core/buf.h"
#include "core/utf8.h"

status ingest_add_valid(const ingest_sink *sink, kg_term s, kg_term p, kg_term o, clock_day from,
                        clock_day to, uint64_t line, error *err)
{
    kg_new_statement st = {.s = s,
                           .p = p,
                           .o = o,
                           .valid_from = from,
                           .valid_to = to,
                           .confidence = -1.0f,
                           .line = line};
    return sink->add(sink->context, &st, err);
}

status ingest_add(const ingest_sink *sink, kg_term s, kg_term p, kg_term o, uint64_t line,
                  error *err)
{
    return ingest_add_valid(sink, s, p, o, CLOCK_DAY_UNKNOWN, CLOCK_DAY_UNKNOWN, line, err);
}

static status report(const ingest_sink *sink, ingest_problem p, error *err, const char *format,
                     va_list args)
{
    char reason[ERROR_MESSAGE_BYTES];
    vsnprintf(reason, sizeof reason, format, args);
    p.reason = reason;
    return sink->problem(sink->context, &p, err);
}

status ingest_reject(const ingest_sink *sink, uint64_t line, uint64_t column, str text, error *err,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ingest_problem p = {.line = line, .column = column, .kept = false, .text = text};
    status st = report(sink, p, err, format, args);
    va_end(args);
    return st;
}

status ingest_note(const ingest_sink *sink, uint64_t line, uint64_t column, str text, error *err,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    ingest_problem p = {.line = line, .column = column, .kept = true, .text = text};
    status st = report(sink, p, err, format, args);
    va_end(args);
    return st;
}

kg_term ingest_iri(str iri)
{
    return (kg_term){.kind = KG_TERM_IRI, .lexical = iri};
}

kg_term ingest_plain(str text, str lang)
{
    return (kg_term){.kind = KG_TERM_LITERAL, .lexical = text, .lang = lang};
}

kg_term ingest_typed(str text, str datatype)
{
    return (kg_term){.kind = KG_TERM_LITERAL, .lexical = text, .datatype = datatype};
}

const char *ingest_list(const str *names, size_t count, char *out, size_t bytes)
{
    static const size_t most = 160, one = 40; /* bytes of all, of each */
    buf b = {0};
    size_t i = 0;
    while (count > 0 && str_empty(str_trim(names[count - 1])))
        count--; /* what a spreadsheet leaves behind the last column */
    for (; i < count && b.length < most; i++) {
        str name = str_trim(names[i]);
        size_t end = name.length > one ? utf8_floor(name.data, name.length, one) : name.length;
        buf_printf(&b, "%s%.*s%s", i == 0 ? "" : ", ", (int)end, name.data,
                   end < name.length ? "…" : "");
    }
    if (i < count)
        buf_printf(&b, " and %zu more", count - i);
    size_t end = b.length < bytes ? b.length : utf8_floor(b.data, b.length, bytes - 1);
    (void)snprintf(out, bytes, "%.*s", (int)end, b.data == NULL ? "" : b.data);
    buf_free(&b);
    return out;
}
