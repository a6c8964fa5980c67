/* JSON (an array of objects, or objects in a row) and JSON Lines, through a mapping. Without one,
 * objects of subject, predicate and object are read as they stand. Duplicate keys are an error of
 * the record. */
#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/json_records.h"
#include "ingest/lines.h"
#include "ingest/rows.h"

typedef struct json_reader {
    ingest_input *input;
    const ingest_sink *sink;
    ingest_rows *rows;
    ingest_mapping *own; /* without one of the caller's */
    json_t *record;
    arena *memory; /* of one record */
    str *texts;    /* of the column asked for last */
    size_t count, capacity;
    char keys[256]; /* of the first record, for a message */
    error *err;
} json_reader;

/* --- values by column ------------------------------------------------------------------------- */
static void push_text(json_reader *r, str text)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity * 2 + 16;
        str *more = ARENA_ARRAY(r->memory, str, capacity);
        if (more == NULL)
            return;
        if (r->count > 0)
            memcpy(more, r->texts, r->count * sizeof *more);
        r->texts = more;
        r->capacity = capacity;
    }
    r->texts[r->count++] = text;
}

static void push_value(json_reader *r, const json_t *v)
{
    if (json_is_string(v))
        push_text(r, str_make(json_string_value(v), json_string_length(v)));
    else if (json_is_integer(v))
        push_text(r, str_from(arena_printf(r->memory, "%lld", (long long)json_integer_value(v))));
    else if (json_is_real(v))
        push_text(r, str_from(arena_printf(r->memory, "%.15g", json_real_value(v))));
    else if (json_is_boolean(v))
        push_text(r, json_is_true(v) ? STR("true") : STR("false"));
    else if (json_is_array(v))
        for (size_t i = 0; i < json_array_size(v); i++)
            push_value(r, json_array_get(v, i));
}

/* Follows a.b.c; through arrays, into each element. */
static void collect(json_reader *r, const json_t *v, str path)
{
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_array_size(v); i++)
            collect(r, json_array_get(v, i), path);
        return;
    }
    if (str_empty(path)) {
        push_value(r, v);
        return;
    }
    const char *whole = arena_cstr(r->memory, path);
    const json_t *direct = whole == NULL ? NULL : json_object_get(v, whole);
    if (direct != NULL) { /* a key may hold a dot itself */
        push_value(r, direct);
        return;
    }
    size_t dot = str_find(path, STR("."), 0);
    if (dot == STR_NONE)
        return;
    const char *key = arena_cstr(r->memory, str_slice(path, 0, dot));
    const json_t *inner = key == NULL ? NULL : json_object_get(v, key);
    if (inner != NULL)
        collect(r, inner, str_slice(path, dot + 1, path.length));
}

static ingest_texts values_of(void *context, const mapping_cell *cell)
{
    json_reader *r = context;
    r->texts = NULL;
    r->count = r->capacity = 0;
    if (cell->number == 0)
        collect(r, r->record, cell->column);
    else if (json_is_array(r->record))
        push_value(r, json_array_get(r->record, cell->number - 1));
    return (ingest_texts){r->texts, r->count};
}

/* The keys of the record in hand, for a message. */
static void list_keys(json_reader *r)
{
    str names[16];
    size_t count = 0;
    const char *key;
    json_t *ignored;
    json_object_foreach(r->record, key, ignored) if (count < CORE_COUNT(names)) names[count++] =
        str_from(key);
    (void)ingest_list(names, count, r->keys, sizeof r->keys);
}

static status finish(json_reader *r, error *err)
{
    if (!ingest_rows_mismatch(r->rows))
        return STATUS_OK;
    return error_set_at(err, STATUS_INVALID, ingest_source_location(r->input->source), 1, 0,
                        "no record has a key that the mapping names; the first one's keys are: %s; "
                        "is it the right --map?",
                        r->keys[0] == '\0' ? "none" : r->keys);
}

/* --- records ---------------------------------------------------------------------------------- */
static status take_record(json_reader *r, str text, uint64_t line)
{
    json_error_t je;
    size_t bad = utf8_first_invalid(text.data, text.length);
    if (bad < text.length)
        return ingest_reject(r->sink, line, bad + 1, text, r->err,
                             "the record is no valid text; see --encoding");
    r->record = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
    if (r->record == NULL)
        return ingest_reject(r->sink, line + (je.line > 1 ? (uint64_t)je.line - 1 : 0),
                             je.column > 0 ? (uint64_t)je.column : 0, text, r->err, "%s", je.text);
    status st;
    if (r->keys[0] == '\0' && json_is_object(r->record))
        list_keys(r);
    if (json_is_object(r->record) || json_is_array(r->record))
        st = ingest_rows_record(r->rows, values_of, r, line, r->err);
    else
        st = ingest_reject(r->sink, line, 0, text, r->err, "expected an object");
    json_decref(r->record);
    r->record = NULL;
    arena_reset(r->memory);
    return st;
}

static status open_reader(json_reader *r, error *err)
{
    static const char triples[] =
        "{\"subject\":{\"column\":\"subject\"},\"predicate\":{\"column\":\"predicate\"},"
        "\"object\":{\"column\":\"object\"}}";
    const char *where = ingest_source_location(r->input->source);
    r->memory = arena_new((size_t)1 << 30);
    if (r->memory == NULL)
        return error_memory(err);
    const ingest_mapping *m = r->input->mapping;
    if (m == NULL) {
        str head = ingest_source_peek(r->input->source);
        if (str_find(head, STR("\"subject\""), 0) == STR_NONE)
            return error_set_at(err, STATUS_UNSUPPORTED, where, 0, 0,
                                "needs a mapping that says what its keys are: --map "
                                "(docs/MAPPINGS.md)");
        status st = ingest_mapping_parse(STR(triples), "triples", &r->own, err);
        if (st != STATUS_OK)
            return st;
        m = r->own;
    }
    return ingest_rows_new(m, r->sink, where, &r->rows, err);
}

static void close_reader(json_reader *r)
{
    ingest_rows_free(r->rows);
    ingest_mapping_free(r->own);
    arena_free(r->memory);
}

status ingest_read_json(ingest_input *input, const ingest_sink *sink, error *err)
{
    json_reader r = {.input = input, .sink = sink, .err = err};
    status st = open_reader(&r, err);
    json_records records;
    json_records_init(&records, input->source,
                      input->mapping == NULL ? str_make(NULL, 0) : input->mapping->records);
    for (bool more = true; st == STATUS_OK;) {
        json_record record;
        st = json_records_next(&records, &record, &more, err);
        input->lines = records.line;
        if (st != STATUS_OK || !more)
            break;
        st = take_record(&r, record.text, record.line);
    }
    if (st == STATUS_OK)
        st = finish(&r, err);
    json_records_free(&records);
    close_reader(&r);
    return st;
}

status ingest_read_jsonl(ingest_input *input, const ingest_sink *sink, error *err)
{
    json_reader r = {.input = input, .sink = sink, .err = err};
    ingest_lines lines;
    ingest_lines_init(&lines, input->source);
    status st = open_reader(&r, err);
    for (bool more = true; st == STATUS_OK;) {
        ingest_line line;
        st = ingest_lines_next(&lines, &line, &more, err);
        if (st != STATUS_OK || !more)
            break;
        input->lines = line.number;
        str text = str_trim(line.text);
        if (line.too_long)
            st = ingest_reject(sink, line.number, 0, str_slice(text, 0, 80), err,
                               "the line is longer than %zu MiB", INGEST_MAX_LINE >> 20);
        else if (!str_empty(text))
            st = take_record(&r, text, line.number);
    }
    if (st == STATUS_OK)
        st = finish(&r, err);
    ingest_lines_free(&lines);
    close_reader(&r);
    return st;
}
