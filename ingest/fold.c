/* See fold.h. The state is one statement or name in hand, and the sources' table. */
#include "ingest/fold.h"

#include <stdlib.h>

#define X KG_IRI_BASE "export:"
#define STATEMENT KG_IRI_BASE "statement:"
#define MAX_PARTS 256 /* origins or qualifiers of one statement */

typedef struct fold_source {
    str name, format;
    double authority;
} fold_source;

typedef struct fold_origin {
    size_t source;
    uint64_t line;
    int64_t recorded_at;
    float confidence;
} fold_origin;

struct ingest_fold {
    const ingest_sink *sink;
    const char *where;
    arena *whole; /* sources */
    arena *a;     /* the item in hand */
    fold_source *sources;
    size_t source_count, source_capacity;
    kg_new_statement st; /* p.kind 0: none in hand */
    kg_new_qualifier qualifiers[MAX_PARTS];
    fold_origin origins[MAX_PARTS];
    size_t origin_count;
    kg_term name_term;
    kg_term name_text;
    kg_label_kind name_kind;
    uint64_t folded, declared;
    bool tail;
};

bool ingest_fold_looks(str head)
{
    return str_starts(head, STR("<" X "graph> <" X "format> "));
}

status ingest_fold_new(const ingest_sink *sink, const char *where, ingest_fold **out, error *err)
{
    if (sink->source == NULL || sink->meta == NULL)
        return error_set_at(err, STATUS_UNSUPPORTED, where, 0, 0,
                            "is an export of a graph, which can only be loaded into one");
    ingest_fold *f = calloc(1, sizeof *f);
    if (f == NULL)
        return error_memory(err);
    f->sink = sink;
    f->where = where;
    f->whole = arena_new((size_t)1 << 30);
    f->a = arena_new((size_t)1 << 30);
    if (f->whole == NULL || f->a == NULL) {
        ingest_fold_free(f);
        return error_memory(err);
    }
    *out = f;
    return STATUS_OK;
}

void ingest_fold_free(ingest_fold *f)
{
    if (f == NULL)
        return;
    arena_free(f->whole);
    arena_free(f->a);
    free(f);
}

static status wrong(const ingest_fold *f, uint64_t line, const char *what, error *err)
{
    return error_set_at(err, STATUS_SYNTAX, f->where, line, 0, "%s", what);
}

static kg_term keep(ingest_fold *f, kg_term t)
{
    t.lexical = arena_str(f->a, t.lexical);
    t.datatype = arena_str(f->a, t.datatype);
    t.lang = arena_str(f->a, t.lang);
    return t;
}

/* --- giving ----------------------------------------------------------------------------------- */
static status give_statement(ingest_fold *f, error *err)
{
    if (f->st.p.kind == 0)
        return STATUS_OK;
    f->st.qualifiers = f->qualifiers;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < f->origin_count; i++) {
        const fold_origin *o = &f->origins[i];
        if (o->source == 0 || o->source > f->source_count)
            return wrong(f, f->st.line, "an origin names a source that the export does not list",
                         err);
        const fold_source *s = &f->sources[o->source - 1];
        kg_new_statement one = f->st;
        one.line = o->line;
        one.recorded_at = o->recorded_at;
        one.confidence = o->confidence;
        st = f->sink->source(f->sink->context, s->name, s->format, s->authority, err);
        if (st == STATUS_OK)
            st = f->sink->add(f->sink->context, &one, err);
    }
    f->folded++;
    f->st = (kg_new_statement){0};
    f->origin_count = 0;
    arena_reset(f->a);
    return st;
}

/* --- taking ----------------------------------------------------------------------------------- */
static size_t number_of(str text)
{
    int64_t n;
    return str_to_i64(text, &n) && n > 0 ? (size_t)n : 0;
}

/* The K of x:origin/ID/K; 0 when it is none. */
static size_t part_index(str iri)
{
    size_t slash = iri.length;
    while (slash > 0 && iri.data[slash - 1] != '/')
        slash--;
    return number_of(str_slice(iri, slash, iri.length));
}

static bool is(str iri, const char *wanted)
{
    return str_equal(iri, str_from(wanted));
}

static status take_graph(ingest_fold *f, const kg_new_statement *l, error *err)
{
    str p = l->p.lexical, o = l->o.lexical;
    if (is(p, X "format") && !is(o, "1"))
        return error_set_at(err, STATUS_UNSUPPORTED, f->where, l->line, 0,
                            "is an export of a newer vouch (format %.*s)", STR_ARG(o));
    if (is(p, X "statements")) {
        f->tail = true;
        f->declared = number_of(o);
        return give_statement(f, err);
    }
    str meta = STR(X "meta/");
    if (str_starts(p, meta))
        return f->sink->meta(f->sink->context, str_slice(p, meta.length, p.length), o, err);
    return STATUS_OK;
}

static status take_source(ingest_fold *f, const kg_new_statement *l, error *err)
{
    size_t n = part_index(l->s.lexical);
    if (n == 0 || n > f->source_count + 1 || n > 10000000)
        return wrong(f, l->line, "sources are not numbered in turn", err);
    if (n > f->source_capacity) {
        size_t capacity = f->source_capacity * 2 + 64;
        fold_source *more = ARENA_ARRAY(f->whole, fold_source, capacity);
        if (more == NULL)
            return error_memory(err);
        if (f->source_count > 0)
            memcpy(more, f->sources, f->source_count * sizeof *more);
        f->sources = more;
        f->source_capacity = capacity;
    }
    if (n > f->source_count) {
        f->source_count = n;
        f->sources[n - 1] = (fold_source){.authority = 0.5};
    }
    fold_source *s = &f->sources[n - 1];
    double authority;
    if (is(l->p.lexical, X "name"))
        s->name = arena_str(f->whole, l->o.lexical);
    else if (is(l->p.lexical, X "sourceFormat"))
        s->format = arena_str(f->whole, l->o.lexical);
    else if (is(l->p.lexical, X "authority") && str_to_double(l->o.lexical, &authority))
        s->authority = authority;
    return STATUS_OK;
}

static status take_name(ingest_fold *f, const kg_new_statement *l, error *err)
{
    str p = l->p.lexical;
    if (is(p, X "term"))
        f->name_term = keep(f, l->o);
    else if (is(p, X "label"))
        f->name_text = keep(f, l->o);
    else if (is(p, X "labelKind"))
        f->name_kind = is(l->o.lexical, "primary") ? KG_LABEL_PRIMARY : KG_LABEL_ALIAS;
    if (!is(p, X "source"))
        return STATUS_OK;
    size_t n = part_index(l->o.lexical);
    if (n == 0 || n > f->source_count || f->name_term.kind == 0)
        return wrong(f, l->line, "a name without a term or a source", err);
    const fold_source *s = &f->sources[n - 1];
    status st = f->sink->source(f->sink->context, s->name, s->format, s->authority, err);
    if (st == STATUS_OK)
        st = f->sink->label(f->sink->context, f->name_term, f->name_kind, f->name_text.lexical,
                            f->name_text.lang, err);
    f->name_term = f->name_text = (kg_term){0};
    arena_reset(f->a);
    return st;
}

static status take_statement(ingest_fold *f, const kg_new_statement *l, error *err)
{
    str p = l->p.lexical;
    if (is(p, INGEST_RDF "type")) {
        status st = give_statement(f, err);
        f->st = (kg_new_statement){
            .valid_from = CLOCK_DAY_UNKNOWN, .valid_to = CLOCK_DAY_UNKNOWN, .line = l->line};
        return st;
    }
    if (is(p, INGEST_RDF "subject"))
        f->st.s = keep(f, l->o);
    else if (is(p, INGEST_RDF "predicate"))
        f->st.p = keep(f, l->o);
    else if (is(p, INGEST_RDF "object"))
        f->st.o = keep(f, l->o);
    else if (is(p, X "graphName"))
        f->st.g = keep(f, l->o);
    else if ((is(p, X "validFrom") && !clock_day_parse(l->o.lexical, &f->st.valid_from)) ||
             (is(p, X "validTo") && !clock_day_parse(l->o.lexical, &f->st.valid_to)))
        return wrong(f, l->line, "a date cannot be read", err);
    return STATUS_OK;
}

static status take_origin(ingest_fold *f, const kg_new_statement *l, error *err)
{
    size_t k = part_index(l->s.lexical);
    if (k == 0 || k > MAX_PARTS || k > f->origin_count + 1)
        return wrong(f, l->line, "origins are not numbered in turn, or too many", err);
    fold_origin *o = &f->origins[k - 1];
    if (k > f->origin_count) {
        f->origin_count = k;
        *o = (fold_origin){.confidence = -1.0f};
    }
    int64_t n = 0;
    double c;
    if (is(l->p.lexical, X "source"))
        o->source = part_index(l->o.lexical);
    else if (is(l->p.lexical, X "line"))
        o->line = number_of(l->o.lexical);
    else if (is(l->p.lexical, X "recordedAt") && str_to_i64(l->o.lexical, &n))
        o->recorded_at = n;
    else if (is(l->p.lexical, X "confidence") && str_to_double(l->o.lexical, &c))
        o->confidence = (float)c;
    return STATUS_OK;
}

static status take_qualifier(ingest_fold *f, const kg_new_statement *l, error *err)
{
    size_t k = part_index(l->s.lexical);
    if (k == 0 || k > MAX_PARTS || k > f->st.qualifier_count + 1)
        return wrong(f, l->line, "qualifiers are not numbered in turn, or too many", err);
    if (k > f->st.qualifier_count)
        f->st.qualifier_count = k;
    if (is(l->p.lexical, INGEST_RDF "predicate"))
        f->qualifiers[k - 1].predicate = keep(f, l->o);
    else if (is(l->p.lexical, INGEST_RDF "object"))
        f->qualifiers[k - 1].object = keep(f, l->o);
    return STATUS_OK;
}

status ingest_fold_take(ingest_fold *f, const kg_new_statement *l, error *err)
{
    if (l->g.kind != KG_TERM_IRI || !is(l->g.lexical, X))
        return STATUS_OK;
    str s = l->s.lexical;
    if (is(s, X "graph"))
        return take_graph(f, l, err);
    if (str_starts(s, STR(X "source/")))
        return take_source(f, l, err);
    if (str_starts(s, STR(X "name/")))
        return take_name(f, l, err);
    if (str_starts(s, STR(STATEMENT)))
        return take_statement(f, l, err);
    if (str_starts(s, STR(X "origin/")))
        return take_origin(f, l, err);
    if (str_starts(s, STR(X "qualifier/")))
        return take_qualifier(f, l, err);
    return STATUS_OK;
}

status ingest_fold_finish(ingest_fold *f, error *err)
{
    status st = give_statement(f, err);
    if (st != STATUS_OK)
        return st;
    if (!f->tail)
        return wrong(f, 0, "the export is cut: its last line is missing", err);
    if (f->declared != f->folded)
        return error_set_at(err, STATUS_SYNTAX, f->where, 0, 0,
                            "the export holds %llu statements, but says %llu",
                            (unsigned long long)f->folded, (unsigned long long)f->declared);
    return STATUS_OK;
}
