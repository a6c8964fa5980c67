/* See triples.h. */
#include "ingest/triples.h"

#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/seen.h"

#define HELD_BYTES ((size_t)512 << 20)
#define CHUNK_ROWS ((size_t)4096)
#define PASSAGE_BYTES 150

typedef struct held_row {
    str cells[3];
    uint64_t line;
} held_row;

typedef struct chunk {
    struct chunk *next;
    size_t count;
    held_row rows[CHUNK_ROWS];
} chunk;

struct ingest_triples {
    const ingest_sink *sink;
    ingest_linker *linker; /* NULL: none */
    arena *held;
    arena *made; /* IRIs of one row */
    chunk *first, *last;
    ingest_seen subjects;
    uint64_t rows, refused; /* of another width */
    size_t width;           /* of the first one refused */
    char refused_row[256];  /* its cells, for a message */
};

status ingest_triples_new(const ingest_sink *sink, ingest_linker *linker, ingest_triples **out,
                          error *err)
{
    ingest_triples *t = calloc(1, sizeof *t);
    if (t == NULL)
        return error_memory(err);
    t->sink = sink;
    t->linker = linker;
    t->held = arena_new(0);
    t->made = arena_new((size_t)1 << 30);
    if (t->held == NULL || t->made == NULL) {
        ingest_triples_free(t);
        return error_memory(err);
    }
    *out = t;
    return STATUS_OK;
}

void ingest_triples_free(ingest_triples *t)
{
    if (t == NULL)
        return;
    arena_free(t->held);
    arena_free(t->made);
    ingest_seen_free(&t->subjects);
    free(t);
}

/* Numbers, dates and the like: digits with at most a few signs between them. */
static bool looks_measured(str s)
{
    bool digit = false;
    for (size_t i = 0; i < s.length;) {
        uint32_t c;
        size_t n = utf8_decode(s.data + i, s.length - i, &c);
        bool is_digit = c >= '0' && c <= '9';
        bool sign = (c < 0x80 && strchr("+-./:,% ", (int)c) != NULL) || c == 0x5e74 ||
                    c == 0x6708 || c == 0x65e5; /* 年月日 */
        if (!is_digit && !sign)
            return false;
        digit = digit || is_digit;
        i += n;
    }
    return digit;
}

/* A value with its unit: 500万元, 3-6个月, 79%, 5 mg. A bare word for a number may be a name. */
static bool looks_valued(str s)
{
    kg_value v = kg_value_of((kg_term){.kind = KG_TERM_LITERAL, .lexical = s});
    return v.kind != KG_VALUE_NONE && v.kind != KG_VALUE_BOOL &&
           (v.kind != KG_VALUE_NUMBER || !str_empty(v.unit));
}

static bool looks_like_text(str s)
{
    return s.length > PASSAGE_BYTES || str_find(s, STR("\xe3\x80\x82"), 0) != STR_NONE;
}

/* A first row is a header when each cell is a word that people put above such a column. */
static bool is_header(const str *cells)
{
    static const char *const words[3][14] = {
        {"subject", "s", "head", "entity", "source", "name", "item", "主语", "主体", "头实体",
         "实体", "名称", "姓名", "对象"},
        {"predicate", "p", "relation", "relationship", "property", "attribute", "field", "谓语",
         "关系", "属性", "字段", "项目"},
        {"object", "o", "tail", "value", "target", "entity", "宾语", "客体", "尾实体", "实体", "值",
         "内容", "取值"},
    };
    for (size_t k = 0; k < 3; k++) {
        bool known = false;
        for (size_t i = 0; i < CORE_COUNT(words[k]) && words[k][i] != NULL; i++)
            known = known || str_equal_nocase(cells[k], str_from(words[k][i]));
        if (!known)
            return false;
    }
    return true;
}

static kg_term make_node(ingest_triples *t, str name)
{
    str own = kg_iri_make(STR(""), name, t->made);
    str known = t->linker == NULL ? STR("") : ingest_linker_node(t->linker, name, own);
    return ingest_iri(str_empty(known) ? own : known);
}

static kg_term make_relation(ingest_triples *t, str name)
{
    str own = kg_iri_make(STR("r"), name, t->made);
    str known = t->linker == NULL ? STR("") : ingest_linker_relation(t->linker, name, own);
    return ingest_iri(str_empty(known) ? own : known);
}

static status emit_row(ingest_triples *t, const held_row *row, error *err)
{
    kg_term s = make_node(t, row->cells[0]), p = make_relation(t, row->cells[1]);
    kg_term o = ingest_plain(row->cells[2], STR(""));
    bool literal = looks_measured(row->cells[2]) || looks_valued(row->cells[2]) ||
                   looks_like_text(row->cells[2]);
    if (!literal || ingest_seen_has(&t->subjects, str_hash(row->cells[2], 0)))
        o = make_node(t, row->cells[2]);
    if (s.lexical.data == NULL || p.lexical.data == NULL || o.lexical.data == NULL)
        return error_memory(err);
    status st = ingest_add(t->sink, s, p, o, row->line, err);
    arena_reset(t->made);
    return st;
}

static status flush(ingest_triples *t, error *err)
{
    status st = STATUS_OK;
    for (chunk *c = t->first; st == STATUS_OK && c != NULL; c = c->next)
        for (size_t i = 0; st == STATUS_OK && i < c->count; i++)
            st = emit_row(t, &c->rows[i], err);
    t->first = t->last = NULL;
    arena_reset(t->held);
    return st;
}

static status hold(ingest_triples *t, const held_row *row, error *err)
{
    if (t->last == NULL || t->last->count == CHUNK_ROWS) {
        chunk *c = ARENA_NEW(t->held, chunk);
        if (c == NULL)
            return error_memory(err);
        if (t->last != NULL)
            t->last->next = c;
        else
            t->first = c;
        t->last = c;
    }
    held_row *kept = &t->last->rows[t->last->count++];
    *kept = *row;
    for (size_t k = 0; k < 3; k++) {
        kept->cells[k] = arena_str(t->held, row->cells[k]);
        if (kept->cells[k].data == NULL)
            return error_memory(err);
    }
    return arena_used(t->held) > HELD_BYTES ? flush(t, err) : STATUS_OK;
}

status ingest_triples_row(ingest_triples *t, const str *cells, size_t count, uint64_t line,
                          error *err)
{
    if (count != 3 && t->refused++ == 0) {
        t->width = count;
        (void)ingest_list(cells, count, t->refused_row, sizeof t->refused_row);
    }
    if (count != 3)
        return ingest_reject(t->sink, line, 0, count > 0 ? cells[0] : STR(""), err,
                             "expected 3 columns, found %zu; name the separator with --separator, "
                             "or the columns with --map",
                             count);
    held_row row = {.line = line};
    for (size_t k = 0; k < 3; k++) {
        row.cells[k] = str_trim(cells[k]);
        if (str_empty(row.cells[k]))
            return ingest_reject(t->sink, line, k + 1, cells[(k + 1) % 3], err, "the %s is empty",
                                 k == 0   ? "subject"
                                 : k == 1 ? "relation"
                                          : "object");
    }
    if (t->rows++ == 0 && is_header(row.cells))
        return STATUS_OK;
    ingest_seen_add(&t->subjects, str_hash(row.cells[0], 0));
    return hold(t, &row, err);
}

status ingest_triples_finish(ingest_triples *t, const char *where, error *err)
{
    if (t->rows == 0 && t->refused > 0)
        return error_set_at(
            err, STATUS_INVALID, where, 0, 0,
            "has %zu column%s (%s), not three (subject, relation, object); --map says "
            "what columns mean (docs/MAPPINGS.md), --separator what parts them",
            t->width, t->width == 1 ? "" : "s", t->refused_row);
    return flush(t, err);
}
