/* Runs a load. Files are opened and read one after the other; statutes are gathered first, since
 * their files speak of each other, and stored behind the rest. See job.h. */
#include "ingest/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/resource.h"
#include "ingest/apoc_nodes.h"
#include "ingest/fetch.h"
#include "ingest/fold.h"
#include "ingest/format.h"
#include "ingest/link.h"
#include "ingest/mapping.h"
#include "ingest/places.h"
#include "ingest/statutes.h"
#include "ingest/validate.h"

#define PROGRESS_EVERY 4096

typedef struct held_statute {
    const char *place;
    size_t index;
} held_statute;

typedef struct job {
    kg_store *store;
    kg_write *write;
    const ingest_options *o;
    ingest_report *report;
    arena *memory;
    ingest_places places;
    ingest_sink store_sink; /* counts, and hands on to the store */
    const ingest_sink *sink;
    pack *pack;
    ingest_validator *validator;
    ingest_mapping *mapping; /* named by --map */
    ingest_statutes *statutes;
    held_statute *held;
    size_t held_count;
    kg_read *before; /* the graph as it was, for the linker */
    ingest_linker *linker;
    ingest_apoc_nodes apoc_nodes;
    str source_pack; /* what mappings and formats suggest */
    /* the place in hand */
    const char *place;
    str source;
    ingest_source *bytes;
    ingest_input input;
    size_t index;
    uint64_t lines_before;
} job;

/* --- the sink of the store -------------------------------------------------------------------- */
static status tell_progress(job *j, bool storing, error *err)
{
    if (j->o->progress == NULL)
        return STATUS_OK;
    ingest_progress p = {.place = j->place,
                         .index = j->index,
                         .count = j->places.count,
                         .lines = j->lines_before + j->input.lines,
                         .statements = j->report->read,
                         .storing = storing};
    if (j->bytes != NULL)
        ingest_source_progress(j->bytes, &p.bytes, &p.total_bytes);
    return j->o->progress(j->o->context, &p) ? STATUS_OK
                                             : error_set(err, STATUS_CANCELLED, "stopped");
}

static status job_add(void *context, const kg_new_statement *st, error *err)
{
    job *j = context;
    if (++j->report->read % PROGRESS_EVERY == 0) {
        status code = tell_progress(j, false, err);
        if (code != STATUS_OK)
            return code;
    }
    return kg_write_add(j->write, st, err);
}

static status job_label(void *context, kg_term term, kg_label_kind kind, str text, str lang,
                        error *err)
{
    return kg_write_label(((job *)context)->write, term, kind, text, lang, err);
}

static status job_problem(void *context, const ingest_problem *problem, error *err)
{
    job *j = context;
    (void)err;
    if (problem->kept)
        j->report->noted++;
    else
        j->report->rejected++;
    if (j->o->problem != NULL) {
        char name[4096];
        snprintf(name, sizeof name, "%.*s", STR_ARG(j->source));
        j->o->problem(j->o->context, name, problem);
    }
    return STATUS_OK;
}

static status job_source(void *context, str name, str format, double authority, error *err)
{
    job *j = context;
    if (!str_equal(j->source, name)) {
        j->source = arena_str(j->memory, name);
        if (j->source.data == NULL)
            return error_memory(err);
    }
    return kg_write_source(j->write, name, format, authority, err);
}

static status job_meta(void *context, str key, str value, error *err)
{
    job *j = context;
    if (!str_equal(key, STR("pack")))
        return kg_write_meta(j->write, key, value, err);
    j->source_pack = arena_str(j->memory, value);
    return STATUS_OK;
}

/* --- names ------------------------------------------------------------------------------------ */
static str source_name(const job *j, const char *place)
{
    if (j->o->source != NULL)
        return str_from(j->o->source);
    return strcmp(place, "-") == 0 ? STR("stdin") : str_from(place);
}

/* Relative IRIs are resolved against the document's own place; of a local file only the name
 * counts, so that a graph does not depend on the folder it was loaded from. */
static str base_iri(const job *j, const char *place, const ingest_source *source)
{
    if (j->o->base != NULL)
        return str_from(j->o->base);
    if (ingest_is_url(place))
        return str_from(place);
    str name = kg_iri_make(STR("x"), ingest_source_base_name(source), j->memory);
    size_t start = sizeof(KG_IRI_BASE "x:") - 1;
    return str_from(
        arena_printf(j->memory, "file:///%.*s", STR_ARG(str_slice(name, start, name.length))));
}

static double source_authority(const job *j)
{
    if (j->o->authority >= 0)
        return j->o->authority;
    double a = j->pack == NULL ? -1 : pack_authority(j->pack, j->source);
    return a >= 0 ? a : 0.5;
}

/* --- mappings --------------------------------------------------------------------------------- */
static status open_mapping(const char *name, arena *a, ingest_mapping **out, error *err)
{
    str s = str_from(name);
    if (str_find(s, STR("/"), 0) != STR_NONE || str_ends(s, STR(".json")))
        return ingest_mapping_open(name, out, err);
    const char *resource = arena_printf(a, "mappings/%s.json", name);
    str text;
    error local = {0};
    status st = resource == NULL ? error_memory(&local)
                                 : resource_get(str_from(resource), a, &text, &local);
    if (st != STATUS_OK)
        return error_set_at(err, STATUS_NOT_FOUND, name, 0, 0,
                            "no mapping of that name ships with vouch; give the path of one");
    return ingest_mapping_parse(text, name, out, err);
}

/* A mapping that ships and names just the columns that the table's first line has. */
static bool header_fits(const ingest_mapping *m, str line)
{
    if (!m->header || m->has_predicate || m->column_count == 0)
        return false;
    for (size_t i = 0; i <= m->column_count; i++) {
        const mapping_cell *c = i == 0 ? &m->subject.cell : &m->columns[i - 1].cell;
        str rest = line, field;
        bool found = false;
        while (!found && str_split(&rest, ',', &field))
            found = str_equal(str_trim(field), c->column);
        if (!found)
            return false;
    }
    return true;
}

static status guess_mapping(job *j, const ingest_source *source, ingest_mapping **out, error *err)
{
    str head = ingest_source_peek(source), line, name;
    *out = NULL;
    if (!str_split(&head, '\n', &line))
        return STATUS_OK;
    for (size_t i = 0; resource_name_at(i, &name); i++) {
        if (!str_starts(name, STR("mappings/")) || !str_ends(name, STR(".json")))
            continue;
        str text;
        ingest_mapping *m;
        if (resource_get(name, j->memory, &text, err) != STATUS_OK)
            return err->code;
        status st = ingest_mapping_parse(text, "mapping", &m, err);
        if (st != STATUS_OK)
            return st;
        if (header_fits(m, line)) {
            *out = m;
            return STATUS_OK;
        }
        ingest_mapping_free(m);
    }
    return STATUS_OK;
}

/* --- one place -------------------------------------------------------------------------------- */
static status choose_format(job *j, const ingest_source *source, ingest_format *out, error *err)
{
    status st = STATUS_OK;
    if (j->o->format != NULL)
        *out = ingest_format_named(str_from(j->o->format));
    else
        st = ingest_format_detect(ingest_source_base_name(source), ingest_source_peek(source),
                                  j->place, out, err);
    if (st == STATUS_OK && *out == INGEST_JSONLD)
        st = error_set_at(err, STATUS_UNSUPPORTED, j->place, 0, 0,
                          "is JSON-LD, which vouch does not read; convert it to N-Quads or Turtle "
                          "first, e.g. with 'riot --output=nquads' or rdflib");
    return st;
}

static bool is_json(ingest_format f)
{
    return f == INGEST_JSON || f == INGEST_JSONL;
}

/* A table of names is linked to what the graph has; a graph that is not there yet has nothing. */
static status open_linker(job *j, error *err)
{
    if (j->linker != NULL || j->o->no_link || access(kg_path(j->store), F_OK) != 0)
        return STATUS_OK;
    status st = kg_read_begin(j->store, &j->before, err);
    return st == STATUS_OK ? ingest_linker_new(j->before, &j->linker, err) : st;
}

static void close_linker(job *j)
{
    if (j->linker != NULL)
        j->report->linked = ingest_linker_count(j->linker);
    ingest_linker_free(j->linker);
    kg_read_end(j->before);
    j->linker = NULL;
    j->before = NULL;
}

static status read_with(job *j, ingest_source *source, ingest_format format, error *err)
{
    ingest_mapping *guessed = NULL;
    status st = STATUS_OK;
    bool table = format == INGEST_CSV || format == INGEST_TSV;
    const ingest_mapping *m = table || is_json(format) ? j->mapping : NULL;
    if (m == NULL && format == INGEST_CSV)
        st = guess_mapping(j, source, &guessed, err);
    m = m == NULL ? guessed : m;
    if (st == STATUS_OK && table && m == NULL)
        st = open_linker(j, err);
    if (m != NULL && !str_empty(m->pack))
        j->source_pack = arena_str(j->memory, m->pack);
    j->input = (ingest_input){.source = source,
                              .base = base_iri(j, j->place, source),
                              .separator = j->o->separator,
                              .mapping = m,
                              .linker = j->linker,
                              .apoc_nodes = &j->apoc_nodes};
    bool export = format == INGEST_NQUADS && ingest_fold_looks(ingest_source_peek(source));
    if (st == STATUS_OK && !export)
        st = kg_write_source(j->write, j->source, str_from(ingest_format_name(format)),
                             source_authority(j), err);
    if (st == STATUS_OK)
        st = ingest_format_reader(format)(&j->input, j->sink, err);
    ingest_mapping_free(guessed);
    j->lines_before += j->input.lines;
    j->input.lines = 0;
    j->report->sources++;
    return st;
}

/* A statute that does not parse is a problem of that file; the others are still loaded. */
static status hold_statute(job *j, ingest_source *source, error *err)
{
    status st = STATUS_OK;
    if (j->statutes == NULL) {
        st = ingest_statutes_new(&j->statutes, err);
        j->held = ARENA_ARRAY(j->memory, held_statute, j->places.count);
        if (st == STATUS_OK && j->held == NULL)
            st = error_memory(err);
    }
    if (st != STATUS_OK)
        return st;
    error local = {0};
    uint64_t lines = 0;
    size_t index;
    st = ingest_statutes_add(j->statutes, source, &index, &lines, &local);
    j->lines_before += lines;
    if (st == STATUS_OK) {
        j->held[j->held_count++] = (held_statute){j->place, index};
        return STATUS_OK;
    }
    if (st != STATUS_SYNTAX) {
        *err = local;
        return st;
    }
    return ingest_reject(&j->store_sink, local.line, 0, STR(""), err, "%s", local.message);
}

static status read_place(job *j, error *err)
{
    ingest_source_options so = {
        .encoding = j->o->encoding, .timeout_s = j->o->timeout_s, .retries = j->o->retries};
    ingest_format format = INGEST_UNKNOWN;
    j->source = source_name(j, j->place);
    status st = ingest_source_open(j->place, &so, &j->bytes, err);
    if (st == STATUS_OK)
        st = choose_format(j, j->bytes, &format, err);
    if (st == STATUS_OK)
        st = format == INGEST_STATUTES ? hold_statute(j, j->bytes, err)
                                       : read_with(j, j->bytes, format, err);
    if (st == STATUS_OK)
        st = tell_progress(j, false, err);
    ingest_source_close(j->bytes);
    j->bytes = NULL;
    return st;
}

/* What the graph holds of statutes from earlier loads; *read is NULL where there is no graph yet (a
 * read would make its file before the load). */
static status hold_statutes(job *j, kg_read **read, error *err)
{
    *read = NULL;
    if (access(kg_path(j->store), F_OK) != 0)
        return STATUS_OK;
    str *names = ARENA_ARRAY(j->memory, str, j->held_count);
    status st = names == NULL ? error_memory(err) : kg_read_begin(j->store, read, err);
    for (size_t i = 0; st == STATUS_OK && i < j->held_count; i++)
        names[i] = source_name(j, j->held[i].place);
    return st == STATUS_OK ? ingest_statutes_hold(j->statutes, *read, names, j->held_count, err)
                           : st;
}

/* Statutes of earlier loads whose dates this one changes say again what they said. */
static status relink_statutes(job *j, kg_read *read, error *err)
{
    status st = STATUS_OK;
    double authority;
    for (size_t i = 0; st == STATUS_OK && i < ingest_statutes_count(j->statutes); i++) {
        if (!ingest_statutes_held(j->statutes, i, &j->source, &authority))
            continue;
        st = kg_write_source(j->write, j->source, STR("statutes"), authority, err);
        if (st == STATUS_OK)
            st = ingest_statutes_relink(j->statutes, i, read, j->sink, err);
    }
    return st;
}

static status emit_statutes(job *j, error *err)
{
    if (str_empty(j->source_pack))
        j->source_pack = STR("legal");
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < j->held_count; i++) {
        j->place = j->held[i].place;
        j->source = source_name(j, j->place);
        st = kg_write_source(j->write, j->source, STR("statutes"), source_authority(j), err);
        if (st == STATUS_OK)
            st = ingest_statutes_emit(j->statutes, j->held[i].index, j->sink, err);
        j->report->sources++;
    }
    return st;
}

static status store_statutes(job *j, error *err)
{
    kg_read *read = NULL;
    if (j->held_count == 0)
        return STATUS_OK;
    status st = hold_statutes(j, &read, err);
    if (st == STATUS_OK) {
        ingest_statutes_link(j->statutes);
        st = emit_statutes(j, err);
    }
    if (st == STATUS_OK)
        st = relink_statutes(j, read, err);
    kg_read_end(read);
    return st;
}

/* --- the whole -------------------------------------------------------------------------------- */
static status check_options(const ingest_options *o, size_t count, error *err)
{
    if (count == 0)
        return error_set(err, STATUS_USAGE, "nothing to load: name a file, a folder, '-' or a URL");
    if (o->format != NULL && ingest_format_named(str_from(o->format)) == INGEST_UNKNOWN)
        return error_set(err, STATUS_USAGE,
                         "unknown format '%s'; one of nt, nq, ttl, trig, rdfxml, obo, apoc, csv, "
                         "tsv, json, jsonl, statutes",
                         o->format);
    return STATUS_OK;
}

static status prepare(job *j, const char *const *places, size_t count, error *err)
{
    status st = check_options(j->o, count, err);
    bool statutes =
        j->o->format != NULL && ingest_format_named(str_from(j->o->format)) == INGEST_STATUTES;
    if (st == STATUS_OK)
        st = ingest_places_expand(places, count, statutes, j->memory, &j->places, err);
    if (st == STATUS_OK && j->o->source != NULL && j->places.count > 1)
        st = error_set(err, STATUS_USAGE,
                       "--source names one source, but there are %zu files; load them one by one",
                       j->places.count);
    if (st == STATUS_OK && j->o->map != NULL)
        st = open_mapping(j->o->map, j->memory, &j->mapping, err);
    if (st == STATUS_OK && j->o->pack != NULL)
        st = pack_open(j->o->pack, &j->pack, err);
    j->store_sink = (ingest_sink){j, job_add, job_label, job_problem, job_source, job_meta};
    j->sink = &j->store_sink;
    if (st == STATUS_OK && j->pack != NULL) {
        st = ingest_validator_new(j->pack, j->o->strict, &j->store_sink, &j->validator, err);
        if (st == STATUS_OK)
            j->sink = ingest_validator_sink(j->validator);
    }
    return st;
}

/* The pack's name goes into the graph: the one asked for, else the one suggested where the graph
 * has none yet. */
static status keep_pack(job *j, error *err)
{
    str name = j->o->pack != NULL ? str_from(j->o->pack) : j->source_pack;
    if (str_empty(name))
        return STATUS_OK;
    /* A graph that is not there yet has none, and reading would make the file before its load. */
    if (j->o->pack == NULL && access(kg_path(j->store), F_OK) == 0) {
        kg_read *read;
        status st = kg_read_begin(j->store, &read, err);
        if (st != STATUS_OK)
            return st;
        bool has = !str_empty(kg_meta_get(read, STR("pack")));
        kg_read_end(read);
        if (has)
            return STATUS_OK;
    }
    return kg_write_meta(j->write, STR("pack"), name, err);
}

static status verdict(const job *j, error *err)
{
    const ingest_report *r = j->report;
    if (j->o->strict && r->rejected > 0)
        return error_set(err, STATUS_INVALID,
                         "%llu rejected, so nothing was loaded (--strict-load)",
                         (unsigned long long)r->rejected);
    if (r->read == 0 && !j->o->allow_empty)
        return error_set(err, STATUS_INVALID,
                         "%s%sno statement was read (%llu lines, %llu rejected); the graph is "
                         "unchanged (--allow-empty permits that)",
                         j->places.count == 1 ? j->places.items[0] : "",
                         j->places.count == 1 ? ": " : "", (unsigned long long)r->lines,
                         (unsigned long long)r->rejected);
    return STATUS_OK;
}

static status run(job *j, error *err)
{
    status st = kg_write_begin(j->store, &j->write, err);
    for (j->index = 0; st == STATUS_OK && j->index < j->places.count; j->index++) {
        j->place = j->places.items[j->index];
        st = read_place(j, err);
    }
    j->index = j->places.count - 1;
    close_linker(j);
    if (st == STATUS_OK)
        st = store_statutes(j, err);
    j->report->lines = j->lines_before;
    if (st == STATUS_OK)
        st = verdict(j, err);
    if (st == STATUS_OK)
        st = keep_pack(j, err);
    if (st == STATUS_OK)
        st = tell_progress(j, true, err);
    if (st != STATUS_OK) {
        kg_write_rollback(j->write);
        return st;
    }
    kg_write_report w = {0};
    st = j->o->dry_run ? kg_write_dry_run(j->write, &w, err) : kg_write_commit(j->write, &w, err);
    j->report->added = w.added;
    j->report->kept = w.kept;
    j->report->removed = w.removed;
    j->report->statements = w.statements;
    return st;
}

status ingest_run(kg_store *store, const char *const *places, size_t count,
                  const ingest_options *options, ingest_report *out, error *err)
{
    uint64_t start = clock_monotonic_ns();
    *out = (ingest_report){0};
    arena *memory = arena_new(0);
    if (memory == NULL)
        return error_memory(err);
    job j = {.store = store, .o = options, .report = out, .memory = memory};
    status st = prepare(&j, places, count, err);
    if (st == STATUS_OK)
        st = run(&j, err);
    out->ms = clock_elapsed_ms(start);
    ingest_validator_free(j.validator);
    pack_close(j.pack);
    ingest_mapping_free(j.mapping);
    ingest_statutes_free(j.statutes);
    ingest_apoc_nodes_free(&j.apoc_nodes);
    arena_free(memory);
    return st;
}
