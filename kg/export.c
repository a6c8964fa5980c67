/* See export.h. Lines gather in a buffer that goes to the sink in large pieces. */
#include "kg/export.h"

#include <stdio.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "kg/internal.h"

#define X "urn:vouch:export:"
#define SINK_BYTES ((size_t)256 << 10)

typedef struct exporter {
    kg_read *read;
    kg_sink sink;
    void *context;
    buf out;
    arena *a;
    uint64_t statements;
} exporter;

static void add_escaped(buf *out, str text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '\n')
            (void)buf_add_cstr(out, "\\n");
        else if (c == '\r')
            (void)buf_add_cstr(out, "\\r");
        else if (c == '"' || c == '\\')
            (void)(buf_add_char(out, '\\') && buf_add_char(out, c));
        else
            (void)buf_add_char(out, c);
    }
}

/* RFC 3987's forbidden characters can stand in an IRI only as UCHAR escapes. */
static void add_iri(buf *out, str iri)
{
    (void)buf_add_char(out, '<');
    for (size_t i = 0; i < iri.length; i++) {
        unsigned char c = (unsigned char)iri.data[i];
        if (c <= 0x20 || strchr("<>\"{}|^`\\", c) != NULL)
            (void)buf_printf(out, "\\u%04X", c);
        else
            (void)buf_add_char(out, (char)c);
    }
    (void)buf_add_char(out, '>');
}

static void add_term(buf *out, kg_term term)
{
    if (term.kind == KG_TERM_IRI) {
        add_iri(out, term.lexical);
    } else if (term.kind == KG_TERM_BLANK) {
        (void)(buf_add_cstr(out, "_:") && buf_add(out, term.lexical));
    } else {
        (void)buf_add_char(out, '"');
        add_escaped(out, term.lexical);
        (void)buf_add_char(out, '"');
        if (term.lang.length > 0) {
            (void)(buf_add_char(out, '@') && buf_add(out, term.lang));
        } else if (term.datatype.length > 0) {
            (void)buf_add_cstr(out, "^^");
            add_iri(out, term.datatype);
        }
    }
}

/* "<subject> <predicate> " of a bookkeeping line. */
static void open_line(exporter *e, const char *subject, const char *predicate)
{
    (void)buf_printf(&e->out, "<%s> <%s> ", subject, predicate);
}

static void close_line(exporter *e)
{
    (void)buf_add_cstr(&e->out, " <" X "> .\n");
}

static void line_term(exporter *e, const char *subject, const char *predicate, kg_term term)
{
    open_line(e, subject, predicate);
    add_term(&e->out, term);
    close_line(e);
}

static void line_iri(exporter *e, const char *subject, const char *predicate, const char *object)
{
    open_line(e, subject, predicate);
    (void)buf_printf(&e->out, "<%s>", object);
    close_line(e);
}

static void line_text(exporter *e, const char *subject, const char *predicate, str text,
                      const char *type)
{
    line_term(e, subject, predicate,
              (kg_term){.kind = KG_TERM_LITERAL, .lexical = text, .datatype = str_from(type)});
}

static void line_int(exporter *e, const char *subject, const char *predicate, int64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    line_text(e, subject, predicate, str_from(text), KG_XSD "integer");
}

static void line_real(exporter *e, const char *subject, const char *predicate, double value)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.9f", value);
    size_t n = strlen(text);
    while (n > 3 && text[n - 1] == '0' && text[n - 2] != '.')
        text[--n] = 0;
    line_text(e, subject, predicate, str_from(text), KG_XSD "decimal");
}

static void line_day(exporter *e, const char *subject, const char *predicate, clock_day day)
{
    char text[16];
    if (day == CLOCK_DAY_UNKNOWN)
        return;
    clock_day_format(day, text);
    line_text(e, subject, predicate, str_from(text), KG_XSD "date");
}

static status drain(exporter *e, bool all, error *err)
{
    if (e->out.failed)
        return error_memory(err);
    if (!all && e->out.length < SINK_BYTES)
        return STATUS_OK;
    bool ok = e->sink(e->context, buf_str(&e->out));
    buf_clear(&e->out);
    return ok ? STATUS_OK : error_set(err, STATUS_IO, "export: cannot write the output");
}

static void export_head(exporter *e)
{
    line_text(e, X "graph", X "format", STR("1"), "");
    for (size_t i = 0; i < e->read->meta_count; i++) {
        bool own = kg_meta_is_own(e->read->meta[i].key);
        char *predicate =
            own ? NULL : arena_printf(e->a, X "meta/%.*s", STR_ARG(e->read->meta[i].key));
        if (predicate != NULL)
            line_text(e, X "graph", predicate, e->read->meta[i].value, "");
    }
}

static status export_sources(exporter *e, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(
        e->read->db, "SELECT id, name, format, authority, loaded_at FROM source ORDER BY id", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        char subject[64];
        (void)snprintf(subject, sizeof subject, X "source/%lld",
                       (long long)sqlite3_column_int64(stmt, 0));
        line_text(e, subject, X "name", kg_db_str(stmt, 1, e->a), "");
        line_text(e, subject, X "sourceFormat", kg_db_str(stmt, 2, e->a), "");
        line_real(e, subject, X "authority", sqlite3_column_double(stmt, 3));
        line_int(e, subject, X "loadedAt", sqlite3_column_int64(stmt, 4));
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(e->read->db, code, "export", err);
}

static status export_names(exporter *e, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(e->read->db,
                                    "SELECT n.term, n.kind, n.literal, l.source FROM name n JOIN "
                                    "load l ON l.id=n.load ORDER BY n.term, n.literal",
                                    err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    status code = STATUS_OK;
    uint64_t number = 0;
    while (code == STATUS_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        char subject[64], source[64];
        kg_term term, literal;
        arena_reset(e->a);
        (void)snprintf(subject, sizeof subject, X "name/%llu", (unsigned long long)++number);
        (void)snprintf(source, sizeof source, X "source/%lld",
                       (long long)sqlite3_column_int64(stmt, 3));
        bool primary = sqlite3_column_int(stmt, 1) == KG_LABEL_PRIMARY;
        code = kg_db_term(e->read->db, (kg_id)sqlite3_column_int64(stmt, 0), e->a, &term, err);
        if (code == STATUS_OK)
            code =
                kg_db_term(e->read->db, (kg_id)sqlite3_column_int64(stmt, 2), e->a, &literal, err);
        if (code != STATUS_OK)
            break;
        line_term(e, subject, X "term", term);
        line_term(e, subject, X "label", literal);
        line_text(e, subject, X "labelKind", primary ? STR("primary") : STR("alias"), "");
        line_iri(e, subject, X "source", source);
        code = drain(e, false, err);
    }
    sqlite3_reset(stmt);
    return code;
}

static status export_qualifiers(exporter *e, int64_t list, kg_statement_id id, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(e->read->db, "SELECT predicate, object FROM qualifier WHERE list=?1", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, list);
    status code = STATUS_OK;
    char statement[64], node[96];
    (void)snprintf(statement, sizeof statement, "urn:vouch:statement:%016llx",
                   (unsigned long long)id);
    for (int k = 1; code == STATUS_OK && sqlite3_step(stmt) == SQLITE_ROW; k++) {
        kg_term term;
        (void)snprintf(node, sizeof node, X "qualifier/%016llx/%d", (unsigned long long)id, k);
        line_iri(e, statement, X "qualifier", node);
        code = kg_db_term(e->read->db, (kg_id)sqlite3_column_int64(stmt, 0), e->a, &term, err);
        if (code == STATUS_OK)
            line_term(e, node, KG_RDF "predicate", term);
        if (code == STATUS_OK)
            code = kg_db_term(e->read->db, (kg_id)sqlite3_column_int64(stmt, 1), e->a, &term, err);
        if (code == STATUS_OK)
            line_term(e, node, KG_RDF "object", term);
    }
    sqlite3_reset(stmt);
    return code;
}

static status export_origins(exporter *e, int64_t n, kg_statement_id id, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(e->read->db,
                   "SELECT l.source, x.line, l.recorded_at, x.confidence FROM (SELECT load, line, "
                   "confidence FROM statement WHERE n=?1 UNION ALL SELECT load, line, confidence "
                   "FROM origin WHERE statement=?1) x JOIN load l ON l.id=x.load",
                   err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    sqlite3_bind_int64(stmt, 1, n);
    char statement[64], node[96], source[64];
    int code;
    (void)snprintf(statement, sizeof statement, "urn:vouch:statement:%016llx",
                   (unsigned long long)id);
    for (int k = 1; (code = sqlite3_step(stmt)) == SQLITE_ROW; k++) {
        (void)snprintf(node, sizeof node, X "origin/%016llx/%d", (unsigned long long)id, k);
        (void)snprintf(source, sizeof source, X "source/%lld",
                       (long long)sqlite3_column_int64(stmt, 0));
        line_iri(e, statement, X "origin", node);
        line_iri(e, node, X "source", source);
        if (sqlite3_column_int64(stmt, 1) > 0)
            line_int(e, node, X "line", sqlite3_column_int64(stmt, 1));
        line_int(e, node, X "recordedAt", sqlite3_column_int64(stmt, 2));
        if (sqlite3_column_type(stmt, 3) != SQLITE_NULL)
            line_real(e, node, X "confidence", sqlite3_column_double(stmt, 3));
    }
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? STATUS_OK : kg_db_error(e->read->db, code, "export", err);
}

static void plain_line(exporter *e, const kg_term *terms, bool named)
{
    for (size_t i = 0; i < (named ? 4u : 3u); i++) {
        add_term(&e->out, terms[i]);
        (void)buf_add_char(&e->out, ' ');
    }
    (void)buf_add_cstr(&e->out, ".\n");
}

static status export_statement(exporter *e, sqlite3_stmt *row, error *err)
{
    kg_row whole;
    kg_term terms[4];
    kg_row_of(row, &whole);
    const kg_statement st = whole.statement;
    const kg_id ids[] = {st.s, st.p, st.o, st.g};
    status code = kg_terms(e->read, ids, st.g == 0 ? 3 : 4, e->a, terms, err);
    if (code != STATUS_OK)
        return code;
    char subject[64];
    (void)snprintf(subject, sizeof subject, "urn:vouch:statement:%016llx",
                   (unsigned long long)st.id);
    plain_line(e, terms, st.g != 0);
    line_iri(e, subject, KG_RDF_TYPE, KG_RDF "Statement");
    line_term(e, subject, KG_RDF "subject", terms[0]);
    line_term(e, subject, KG_RDF "predicate", terms[1]);
    line_term(e, subject, KG_RDF "object", terms[2]);
    if (st.g != 0)
        line_term(e, subject, X "graphName", terms[3]);
    line_day(e, subject, X "validFrom", st.valid_from);
    line_day(e, subject, X "validTo", st.valid_to);
    int64_t list = (int64_t)whole.qualifiers;
    if (list != 0)
        code = export_qualifiers(e, list, st.id, err);
    if (code == STATUS_OK)
        code = export_origins(e, whole.n, st.id, err);
    e->statements++;
    return code == STATUS_OK ? drain(e, false, err) : code;
}

static status export_statements(exporter *e, error *err)
{
    sqlite3_stmt *stmt =
        kg_db_stmt(e->read->db, "SELECT " KG_STATEMENT_COLUMNS " FROM statement ORDER BY n", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    status code = STATUS_OK;
    int step = SQLITE_DONE;
    while (code == STATUS_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        arena_reset(e->a);
        code = export_statement(e, stmt, err);
    }
    if (code == STATUS_OK && step != SQLITE_DONE)
        code = kg_db_error(e->read->db, step, "export", err);
    sqlite3_reset(stmt);
    return code;
}

status kg_export(kg_read *read, kg_sink sink, void *context, error *err)
{
    exporter e = {.read = read, .sink = sink, .context = context, .a = arena_new(0)};
    if (e.a == NULL)
        return error_memory(err);
    export_head(&e);
    status code = export_sources(&e, err);
    if (code == STATUS_OK)
        code = export_names(&e, err);
    if (code == STATUS_OK)
        code = export_statements(&e, err);
    if (code == STATUS_OK) {
        line_int(&e, X "graph", X "statements", (int64_t)e.statements);
        code = drain(&e, true, err);
    }
    buf_free(&e.out);
    arena_free(e.a);
    return code;
}
