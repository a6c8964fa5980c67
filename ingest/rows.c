/* Applies a mapping to records. See rows.h. */
#include "ingest/rows.h"

#include <stdlib.h>

#include "core/buf.h"
#include "ingest/seen.h"

#define CELL_MAX 64 /* cells that a mapping may name */

typedef struct bound_cell {
    const mapping_cell *cell;
    size_t index; /* of the table's column, from 0 */
} bound_cell;

struct ingest_rows {
    const ingest_mapping *m;
    const ingest_sink *sink;
    const char *where;
    bool bound;
    bound_cell cells[CELL_MAX];
    size_t cell_count;
    size_t named_columns; /* of the header: those beyond have no name */
    ingest_seen typed;    /* entities whose class was said */
    bool named;           /* labels of relations and classes were said */
    arena *memory;        /* of one record */
    uint64_t line;
    error *err;
    uint64_t records, matched; /* all; values in columns of the mapping */
    uint64_t listed;           /* rows whose relation the mapping lists */
    size_t widest;             /* cells of a row */
    char first_row[256];       /* its cells, for a message */
    /* the record in hand */
    const str *row;
    size_t row_count;
    ingest_values values;
    void *values_context;
    clock_day from, to;
    float confidence;
};

typedef struct value_list {
    str *items;
    size_t count, capacity;
} value_list;

status ingest_rows_new(const ingest_mapping *mapping, const ingest_sink *sink, const char *where,
                       ingest_rows **out, error *err)
{
    ingest_rows *r = calloc(1, sizeof *r);
    arena *memory = arena_new((size_t)1 << 30);
    if (r == NULL || memory == NULL) {
        free(r);
        arena_free(memory);
        return error_memory(err);
    }
    r->m = mapping;
    r->sink = sink;
    r->where = where;
    r->memory = memory;
    *out = r;
    return STATUS_OK;
}

void ingest_rows_free(ingest_rows *r)
{
    if (r == NULL)
        return;
    ingest_seen_free(&r->typed);
    arena_free(r->memory);
    free(r);
}

/* --- the header ------------------------------------------------------------------------------- */
static status no_column(ingest_rows *r, const mapping_cell *cell, const str *header, size_t count,
                        uint64_t line)
{
    char names[256];
    return error_set_at(r->err, STATUS_INVALID, r->where, line, 0,
                        "has no column '%.*s', which the mapping names; its columns are: %s; is it "
                        "the right --map, --separator and --encoding?",
                        STR_ARG(cell->column), ingest_list(header, count, names, sizeof names));
}

static status bind_cell(ingest_rows *r, const mapping_cell *cell, const str *header, size_t count,
                        uint64_t line)
{
    if (r->cell_count == CELL_MAX)
        return error_set_at(r->err, STATUS_LIMIT, r->where, line, 0,
                            "the mapping names more than %d columns", CELL_MAX);
    size_t index = cell->number - 1;
    if (cell->number == 0) {
        for (index = 0; index < count; index++)
            if (str_equal(str_trim(header[index]), cell->column))
                break;
        if (index == count)
            return no_column(r, cell, header, count, line);
    }
    r->cells[r->cell_count++] = (bound_cell){cell, index};
    return STATUS_OK;
}

static bool cell_used(const mapping_cell *cell)
{
    return cell->number > 0 || !str_empty(cell->column);
}

static status bind_table(ingest_rows *r, const str *header, size_t count, uint64_t line)
{
    const ingest_mapping *m = r->m;
    const mapping_cell *fixed[] = {&m->subject.cell, &m->predicate, &m->object.cell,
                                   &m->valid_from,   &m->valid_to,  &m->confidence};
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < CORE_COUNT(fixed); i++)
        if (cell_used(fixed[i]))
            st = bind_cell(r, fixed[i], header, count, line);
    for (size_t i = 0; st == STATUS_OK && i < m->column_count; i++)
        st = bind_cell(r, &m->columns[i].cell, header, count, line);
    for (size_t i = 0; i < count; i++)
        if (!str_empty(str_trim(header[i])))
            r->named_columns = i + 1;
    if (!m->header)
        r->named_columns = SIZE_MAX;
    r->bound = true;
    return st;
}

static size_t cell_index(const ingest_rows *r, const mapping_cell *cell)
{
    for (size_t i = 0; i < r->cell_count; i++)
        if (r->cells[i].cell == cell)
            return r->cells[i].index;
    return STR_NONE;
}

/* --- cells to values -------------------------------------------------------------------------- */
/* Without white space at both ends, the ideographic space included. */
static str trim_wide(str s)
{
    static const str wide = {"\xe3\x80\x80", 3};
    for (;;) {
        str t = str_trim(s);
        if (str_starts(t, wide))
            t = str_slice(t, 3, t.length);
        if (str_ends(t, wide))
            t.length -= 3;
        if (t.length == s.length)
            return t;
        s = t;
    }
}

/* All `from` in `text` become `to`. */
static str substitute(str text, str from, str to, arena *a)
{
    size_t at = str_find(text, from, 0);
    if (at == STR_NONE)
        return text;
    buf b = {0};
    size_t start = 0;
    for (; at != STR_NONE; at = str_find(text, from, start)) {
        buf_add(&b, str_slice(text, start, at));
        buf_add(&b, to);
        start = at + from.length;
    }
    buf_add(&b, str_slice(text, start, text.length));
    str out = b.failed ? text : arena_str(a, buf_str(&b));
    buf_free(&b);
    return out;
}

static bool listed(const mapping_strs *list, str text)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_equal(list->items[i], text))
            return true;
    return false;
}

static bool bare_number(str s)
{
    double unused;
    return str_to_double(s, &unused);
}

static status push_value(ingest_rows *r, value_list *list, str value)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity * 2 + 16;
        str *more = ARENA_ARRAY(r->memory, str, capacity);
        if (more == NULL)
            return error_memory(r->err);
        if (list->count > 0)
            memcpy(more, list->items, list->count * sizeof *more);
        list->items = more;
        list->capacity = capacity;
    }
    list->items[list->count++] = value;
    return STATUS_OK;
}

static const char *cell_name(const ingest_rows *r, const mapping_cell *cell)
{
    return str_empty(cell->column) ? arena_printf(r->memory, "%zu", cell->number)
                                   : arena_cstr(r->memory, cell->column);
}

static status take_value(ingest_rows *r, const mapping_cell *cell, str text, value_list *out)
{
    text = trim_wide(text);
    for (size_t i = 0; i < cell->strip_ending.count; i++)
        while (str_ends(text, cell->strip_ending.items[i]))
            text = trim_wide(str_slice(text, 0, text.length - cell->strip_ending.items[i].length));
    if (str_empty(text) || listed(&cell->drop, text))
        return STATUS_OK;
    for (size_t i = 0; i < cell->reject_ending.count; i++)
        if (str_ends(text, cell->reject_ending.items[i])) {
            size_t index = cell_index(r, cell);
            return ingest_reject(r->sink, r->line, index == STR_NONE ? 0 : index + 1, text, r->err,
                                 "column '%s': the value was cut off ('%.*s')", cell_name(r, cell),
                                 STR_ARG(cell->reject_ending.items[i]));
        }
    for (size_t i = 0; i + 1 < cell->replace.count; i += 2)
        text = substitute(text, cell->replace.items[i], cell->replace.items[i + 1], r->memory);
    text = trim_wide(text);
    if (!str_empty(cell->unit) && bare_number(text)) {
        const char *with =
            arena_printf(r->memory, "%.*s%s%.*s", STR_ARG(text),
                         (cell->unit.data[0] & 0x80) != 0 ? "" : " ", STR_ARG(cell->unit));
        text = str_from(with);
    }
    return str_empty(text) ? STATUS_OK : push_value(r, out, text);
}

/* Where the next separator begins and how long it is. */
static size_t next_separator(const mapping_cell *cell, str text, size_t from, size_t *length)
{
    for (size_t i = from; i < text.length; i++)
        for (size_t k = 0; k < cell->split.count; k++)
            if (str_starts(str_slice(text, i, text.length), cell->split.items[k])) {
                *length = cell->split.items[k].length;
                return i;
            }
    *length = 0;
    return text.length;
}

static status split_text(ingest_rows *r, const mapping_cell *cell, str text, value_list *out)
{
    for (size_t i = 0; i < cell->strip.count; i++)
        text = substitute(text, cell->strip.items[i], STR(""), r->memory);
    text = trim_wide(text);
    if (str_empty(text) || listed(&cell->drop, text))
        return STATUS_OK;
    if (cell->split.count == 0)
        return take_value(r, cell, text, out);
    status st = STATUS_OK;
    for (size_t start = 0; st == STATUS_OK && start <= text.length;) {
        size_t length;
        size_t end = next_separator(cell, text, start, &length);
        st = take_value(r, cell, str_slice(text, start, end), out);
        if (length == 0)
            break;
        start = end + length;
    }
    return st;
}

static status values_of(ingest_rows *r, const mapping_cell *cell, value_list *out)
{
    *out = (value_list){0};
    if (r->values == NULL) {
        size_t index = cell_index(r, cell);
        return index < r->row_count ? split_text(r, cell, r->row[index], out) : STATUS_OK;
    }
    ingest_texts texts = r->values(r->values_context, cell);
    r->matched += texts.count > 0;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < texts.count; i++)
        st = split_text(r, cell, texts.items[i], out);
    return st;
}

/* --- values to statements --------------------------------------------------------------------- */
static status emit_names(ingest_rows *r);

static status emit(ingest_rows *r, kg_term s, kg_term p, kg_term o)
{
    status named = r->named ? STATUS_OK : emit_names(r);
    if (named != STATUS_OK)
        return named;
    kg_new_statement st = {.s = s,
                           .p = p,
                           .o = o,
                           .valid_from = r->from,
                           .valid_to = r->to,
                           .confidence = r->confidence,
                           .line = r->line};
    return r->sink->add(r->sink->context, &st, r->err);
}

static status emit_type(ingest_rows *r, kg_term node, str class_name)
{
    if (str_empty(class_name))
        return STATUS_OK;
    uint64_t h = str_hash(node.lexical, str_hash(class_name, 0));
    if (!ingest_seen_add(&r->typed, h))
        return STATUS_OK;
    str iri = kg_iri_make(STR("c"), class_name, r->memory);
    return ingest_add(r->sink, node, ingest_iri(STR(INGEST_RDF "type")), ingest_iri(iri), r->line,
                      r->err);
}

static status make_entity(ingest_rows *r, str text, str class_name, str space, kg_term *out)
{
    *out = ingest_iri(kg_iri_make(space, text, r->memory));
    if (out->lexical.data == NULL)
        return error_memory(r->err);
    return emit_type(r, *out, class_name);
}

/* A value in the midst of other words (根据不同医院…约（5000——10000元）) gets the datatype of its
 * kind, by which the store finds it. */
static status make_literal(ingest_rows *r, const mapping_column *c, str text, kg_term *out)
{
    static const char *const names[] = {"",        "number", "date", "duration",
                                        "percent", "money",  "bool"};
    bool plain = c->value == KG_VALUE_NONE || !str_empty(c->datatype);
    *out = str_empty(c->datatype) ? ingest_plain(text, plain ? c->lang : STR(""))
                                  : ingest_typed(text, c->datatype);
    if (c->value == KG_VALUE_NONE || kg_value_of(*out).kind == c->value)
        return STATUS_OK;
    kg_term typed = ingest_typed(
        text, str_from(arena_printf(r->memory, KG_DATATYPE_BASE "%s", names[c->value])));
    if (!plain && kg_value_of(typed).kind == c->value) {
        *out = typed;
        return STATUS_OK;
    }
    size_t index = cell_index(r, &c->cell);
    return ingest_note(r->sink, r->line, index == STR_NONE ? 0 : index + 1, text, r->err,
                       "column '%s': no %s could be read; kept as text", cell_name(r, &c->cell),
                       names[c->value]);
}

static status emit_value(ingest_rows *r, kg_term subject, const mapping_column *c, str text)
{
    kg_term o = {0};
    status st = STATUS_OK;
    if (c->object == MAPPING_ENTITY)
        st = make_entity(r, text, c->class_name, c->space, &o);
    else if (c->object == MAPPING_IRI)
        o = ingest_iri(text);
    else
        st = make_literal(r, c, text, &o);
    /* The store takes the objects of urn:vouch:r:alias for aliases by itself. */
    if (st == STATUS_OK && c->object == MAPPING_ALIAS &&
        !str_equal(c->relation, STR(INGEST_RELATION "alias")))
        st = r->sink->label(r->sink->context, subject, KG_LABEL_ALIAS, text, c->lang, r->err);
    return st == STATUS_OK ? emit(r, subject, ingest_iri(c->relation), o) : st;
}

/* Names of the mapping's relations and classes, once and before the first value: a table that gives
 * none leaves nothing. */
static status emit_names(ingest_rows *r)
{
    status st = STATUS_OK;
    r->named = true;
    for (size_t i = 0; st == STATUS_OK && i < r->m->name_count; i++) {
        const mapping_name *n = &r->m->names[i];
        str p = n->alias ? STR(INGEST_SKOS "altLabel") : STR(INGEST_RDFS "label");
        st = ingest_add(r->sink, ingest_iri(n->iri), ingest_iri(p), ingest_plain(n->text, n->lang),
                        0, r->err);
    }
    return st;
}

static status side_values(ingest_rows *r)
{
    const mapping_cell *cells[] = {&r->m->valid_from, &r->m->valid_to};
    clock_day *days[] = {&r->from, &r->to};
    r->from = r->to = CLOCK_DAY_UNKNOWN;
    r->confidence = -1.0f;
    value_list v;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < 2; i++) {
        if (!cell_used(cells[i]))
            continue;
        st = values_of(r, cells[i], &v);
        if (st == STATUS_OK && v.count > 0 && !clock_day_parse(v.items[0], days[i]))
            st = ingest_note(r->sink, r->line, 0, v.items[0], r->err,
                             "column '%s': no date could be read", cell_name(r, cells[i]));
    }
    if (st != STATUS_OK || !cell_used(&r->m->confidence))
        return st;
    st = values_of(r, &r->m->confidence, &v);
    double c;
    if (st == STATUS_OK && v.count > 0) {
        if (str_to_double(v.items[0], &c) && c >= 0 && c <= 1)
            r->confidence = (float)c;
        else
            st = ingest_note(r->sink, r->line, 0, v.items[0], r->err,
                             "column '%s': no confidence from 0 to 1",
                             cell_name(r, &r->m->confidence));
    }
    return st;
}

static const mapping_predicate *find_predicate(const ingest_mapping *m, str name)
{
    for (size_t i = 0; i < m->predicate_count; i++)
        if (str_equal(m->predicates[i].name, name))
            return &m->predicates[i];
    return NULL;
}

/* The columns' values as statements about one subject. */
static status emit_columns(ingest_rows *r, kg_term subject)
{
    value_list values;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < r->m->column_count; i++) {
        const mapping_column *c = &r->m->columns[i];
        st = values_of(r, &c->cell, &values);
        for (size_t j = 0; st == STATUS_OK && j < values.count; j++)
            st = emit_value(r, subject, c, values.items[j]);
    }
    return st;
}

/* A record of subject, predicate and object. */
static status take_triple(ingest_rows *r)
{
    value_list s, p, o;
    status st = values_of(r, &r->m->subject.cell, &s);
    if (st == STATUS_OK)
        st = values_of(r, &r->m->predicate, &p);
    if (st == STATUS_OK)
        st = values_of(r, &r->m->object.cell, &o);
    if (st != STATUS_OK)
        return st;
    if (s.count == 0 || p.count == 0 || o.count == 0)
        return ingest_reject(r->sink, r->line,
                             s.count == 0   ? 1
                             : p.count == 0 ? 2
                                            : 3,
                             STR(""), r->err, "the %s is empty",
                             s.count == 0   ? "subject"
                             : p.count == 0 ? "relation"
                                            : "object");
    size_t index = cell_index(r, &r->m->predicate);
    str raw = r->values == NULL && index < r->row_count ? str_trim(r->row[index]) : p.items[0];
    const mapping_predicate *known = find_predicate(r->m, raw);
    r->listed += known != NULL;
    mapping_column c = r->m->object;
    c.relation = known != NULL ? known->relation : kg_iri_make(STR("r"), p.items[0], r->memory);
    if (known != NULL && known->object != 0)
        c.object = known->object;
    if (known != NULL && known->class_name.data != NULL) {
        c.class_name = known->class_name;
        c.space = known->space;
    }
    if (known != NULL)
        c.value = known->value;
    bool other = known != NULL && known->subject_class.data != NULL;
    kg_term subject;
    st = make_entity(r, s.items[0], other ? known->subject_class : r->m->subject.class_name,
                     other ? known->subject_space : r->m->subject.space, &subject);
    for (size_t i = 0; st == STATUS_OK && i < o.count; i++)
        st = emit_value(r, subject, &c, o.items[i]);
    return st == STATUS_OK ? emit_columns(r, subject) : st;
}

static status take_columns(ingest_rows *r)
{
    value_list subjects;
    status st = values_of(r, &r->m->subject.cell, &subjects);
    if (st != STATUS_OK)
        return st;
    if (subjects.count == 0)
        return ingest_reject(r->sink, r->line, 0, STR(""), r->err, "column '%s' is empty",
                             cell_name(r, &r->m->subject.cell));
    for (size_t k = 0; st == STATUS_OK && k < subjects.count; k++) {
        kg_term subject = ingest_iri(subjects.items[k]);
        if (r->m->subject.object != MAPPING_IRI)
            st = make_entity(r, subjects.items[k], r->m->subject.class_name, r->m->subject.space,
                             &subject);
        if (st == STATUS_OK)
            st = emit_columns(r, subject);
    }
    return st;
}

static status take_record(ingest_rows *r, uint64_t line)
{
    r->line = line;
    r->records++;
    status st = side_values(r);
    if (st == STATUS_OK)
        st = r->m->has_predicate ? take_triple(r) : take_columns(r);
    arena_reset(r->memory);
    return st;
}

status ingest_rows_table(ingest_rows *r, const str *cells, size_t count, uint64_t line, error *err)
{
    r->err = err;
    r->values = NULL;
    if (!r->bound) {
        status st = bind_table(r, cells, count, line);
        if (st != STATUS_OK || r->m->header)
            return st;
    }
    for (size_t i = r->named_columns; r->m->reject_extra && i < count; i++)
        if (!str_empty(str_trim(cells[i])))
            return ingest_reject(r->sink, line, i + 1, cells[i], err,
                                 "the row has text in column %zu, which has no name: its cells are "
                                 "shifted",
                                 i + 1);
    r->row = cells;
    r->row_count = count;
    r->widest = count > r->widest ? count : r->widest;
    if (r->records == 0)
        (void)ingest_list(cells, count, r->first_row, sizeof r->first_row);
    return take_record(r, line);
}

status ingest_rows_record(ingest_rows *r, ingest_values values, void *context, uint64_t line,
                          error *err)
{
    r->err = err;
    r->values = values;
    r->values_context = context;
    return take_record(r, line);
}

bool ingest_rows_mismatch(const ingest_rows *r)
{
    return r->records > 0 && r->matched == 0;
}

status ingest_rows_finish(ingest_rows *r, error *err)
{
    size_t used = 0;
    if (!r->bound && r->values == NULL && r->m->header)
        return error_set_at(err, STATUS_SYNTAX, r->where, 1, 0, "the table has no header row");
    for (size_t i = 0; i < r->cell_count; i++)
        used = r->cells[i].index + 1 > used ? r->cells[i].index + 1 : used;
    if (!r->m->header && r->m->predicate_count > 0 && r->records > 0 && r->listed == 0 &&
        r->widest > used)
        return error_set_at(err, STATUS_INVALID, r->where, 1, 0,
                            "has %zu columns (%s), the mapping is for %zu, and no row has a "
                            "relation that it lists; is it the right --map and --separator?",
                            r->widest, r->first_row, used);
    return STATUS_OK;
}
