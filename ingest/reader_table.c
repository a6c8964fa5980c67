/* CSV through libcsv (RFC 4180 quoting) and TSV line by line (IANA text/tab-separated-values: no
 * quoting inside; a cell that is quoted as a whole loses its quotes, since many writers add them).
 * Rows go to a mapping, or, three columns wide, are triples as they stand. */
#include <csv.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "ingest/lines.h"
#include "ingest/rows.h"
#include "ingest/triples.h"

#define MAX_CELLS ((size_t)4096)
#define CSV_IN_FIELD 2 /* libcsv's FIELD_BEGUN */

typedef struct table {
    ingest_input *input;
    const ingest_sink *sink;
    ingest_rows *rows; /* one of the two */
    ingest_triples *triples;
    buf text; /* the cells of a row, one behind the other */
    size_t ends[MAX_CELLS];
    str cells[MAX_CELLS];
    size_t count;
    bool too_wide;
    uint64_t line;  /* where the row in hand begins */
    uint64_t feeds; /* line feeds within the row */
    bool after_return;
    status failed;
    error *err;
} table;

static status table_open(table *t, ingest_input *input, const ingest_sink *sink, error *err)
{
    t->input = input;
    t->sink = sink;
    t->err = err;
    t->line = 1;
    const char *where = ingest_source_location(input->source);
    return input->mapping != NULL ? ingest_rows_new(input->mapping, sink, where, &t->rows, err)
                                  : ingest_triples_new(sink, input->linker, &t->triples, err);
}

static void table_close(table *t)
{
    ingest_rows_free(t->rows);
    ingest_triples_free(t->triples);
    buf_free(&t->text);
    free(t);
}

static char separator_of(const ingest_input *input, char usual)
{
    if (input->separator != '\0')
        return input->separator;
    if (input->mapping != NULL && input->mapping->separator != '\0')
        return input->mapping->separator;
    return usual;
}

static status give_row(table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        size_t bad = utf8_first_invalid(t->cells[i].data, t->cells[i].length);
        if (bad < t->cells[i].length)
            return ingest_reject(t->sink, t->line, i + 1, t->cells[i], t->err,
                                 "the cell is no valid text; see --encoding");
    }
    if (t->too_wide)
        return ingest_reject(t->sink, t->line, MAX_CELLS, STR(""), t->err, "more than %zu columns",
                             MAX_CELLS);
    return t->rows != NULL ? ingest_rows_table(t->rows, t->cells, t->count, t->line, t->err)
                           : ingest_triples_row(t->triples, t->cells, t->count, t->line, t->err);
}

static status finish(table *t)
{
    return t->rows != NULL ? ingest_rows_finish(t->rows, t->err)
                           : ingest_triples_finish(
                                 t->triples, ingest_source_location(t->input->source), t->err);
}

/* --- CSV -------------------------------------------------------------------------------------- */
static void on_cell(void *data, size_t length, void *context)
{
    table *t = context;
    if (t->failed != STATUS_OK)
        return;
    if (t->text.length + length > INGEST_MAX_LINE) {
        t->failed = error_set_at(t->err, STATUS_LIMIT, ingest_source_location(t->input->source),
                                 t->line, 0, "a row is longer than %zu MiB; is a quote not closed?",
                                 INGEST_MAX_LINE >> 20);
        return;
    }
    const char *p = data;
    for (size_t i = 0; i < length; i++)
        t->feeds += p[i] == '\n';
    if (t->count == MAX_CELLS) {
        t->too_wide = true;
        return;
    }
    buf_add(&t->text, str_make(data, length));
    t->ends[t->count++] = t->text.length;
}

/* Called at each line's end, also of empty lines (CSV_REPALL_NL), and at the file's (-1). */
static void on_row(int end, void *context)
{
    table *t = context;
    if (t->failed == STATUS_OK && t->count > 0) {
        size_t start = 0;
        for (size_t i = 0; i < t->count; i++) {
            t->cells[i] = str_make(t->text.data + start, t->ends[i] - start);
            start = t->ends[i];
        }
        t->failed = t->text.failed ? error_memory(t->err) : give_row(t);
    }
    if (end == '\n' || end == '\r')
        t->line += t->feeds + (end == '\r' || !t->after_return || t->count > 0 ? 1 : 0);
    t->after_return = end == '\r';
    t->input->lines = end == -1 && t->count > 0 ? t->line + t->feeds : t->line - 1;
    t->feeds = 0;
    t->count = 0;
    t->too_wide = false;
    buf_clear(&t->text);
}

static status parse_csv(table *t, struct csv_parser *p)
{
    static const size_t step = 65536;
    char *chunk = malloc(step);
    if (chunk == NULL)
        return error_memory(t->err);
    status st = STATUS_OK;
    for (size_t got = 1; st == STATUS_OK && got > 0;) {
        st = ingest_source_read(t->input->source, chunk, step, &got, t->err);
        if (st != STATUS_OK || got == 0)
            break;
        if (csv_parse(p, chunk, got, on_cell, on_row, t) != got)
            st = error_memory(t->err);
        if (st == STATUS_OK && p->entry_pos > INGEST_MAX_LINE)
            st = error_set_at(t->err, STATUS_LIMIT, ingest_source_location(t->input->source),
                              t->line, 0, "a cell is longer than %zu MiB; is a quote not closed?",
                              INGEST_MAX_LINE >> 20);
        if (t->failed != STATUS_OK)
            st = t->failed;
    }
    free(chunk);
    if (st != STATUS_OK)
        return st;
    /* libcsv tells an open quote at the end only in its strict mode, which refuses stray quotes. */
    bool open = p->quoted != 0 && p->pstate == CSV_IN_FIELD;
    if (open || csv_fini(p, on_cell, on_row, t) != 0)
        return error_set_at(t->err, STATUS_SYNTAX, ingest_source_location(t->input->source),
                            t->line, 0, "the row that begins here has a quote that is not closed");
    return t->failed;
}

status ingest_read_csv(ingest_input *input, const ingest_sink *sink, error *err)
{
    table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_memory(err);
    struct csv_parser p;
    status st = table_open(t, input, sink, err);
    if (st == STATUS_OK && csv_init(&p, CSV_REPALL_NL) != 0)
        st = error_memory(err);
    if (st == STATUS_OK) {
        csv_set_delim(&p, (unsigned char)separator_of(input, ','));
        st = parse_csv(t, &p);
        csv_free(&p);
    }
    if (st == STATUS_OK)
        st = finish(t);
    table_close(t);
    return st;
}

/* --- TSV -------------------------------------------------------------------------------------- */
static str unquote(str cell)
{
    if (cell.length < 2 || cell.data[0] != '"' || cell.data[cell.length - 1] != '"')
        return cell;
    str inner = str_slice(cell, 1, cell.length - 1);
    return str_find(inner, STR("\""), 0) == STR_NONE ? inner : cell;
}

static status take_line(table *t, const ingest_line *line, char separator)
{
    t->line = t->input->lines = line->number;
    if (line->too_long)
        return ingest_reject(t->sink, line->number, 0, str_slice(line->text, 0, 80), t->err,
                             "the line is longer than %zu MiB", INGEST_MAX_LINE >> 20);
    if (str_empty(str_trim(line->text)))
        return STATUS_OK;
    str rest = line->text, cell;
    t->count = 0;
    t->too_wide = false;
    while (str_split(&rest, separator, &cell)) {
        if (t->count == MAX_CELLS) {
            t->too_wide = true;
            break;
        }
        t->cells[t->count++] = unquote(cell);
    }
    return give_row(t);
}

status ingest_read_tsv(ingest_input *input, const ingest_sink *sink, error *err)
{
    table *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_memory(err);
    ingest_lines lines;
    ingest_lines_init(&lines, input->source);
    status st = table_open(t, input, sink, err);
    char separator = separator_of(input, '\t');
    for (bool more = true; st == STATUS_OK;) {
        ingest_line line;
        st = ingest_lines_next(&lines, &line, &more, err);
        if (st != STATUS_OK || !more)
            break;
        st = take_line(t, &line, separator);
    }
    if (st == STATUS_OK)
        st = finish(t);
    ingest_lines_free(&lines);
    table_close(t);
    return st;
}
