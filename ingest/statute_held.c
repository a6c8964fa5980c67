/* The statutes that a graph holds from earlier loads, so that laws loaded by separate commands are
 * linked as those loaded together: versions follow each other, an amending act moves a start, a law
 * repeals another, a title in an older text becomes a citation.
 *
 * Only what linking needs is taken from the graph (titles, dates, events); the text stays there.
 * What an older source said is then said again by it, with its new dates (statute_relink). */
#include <stdlib.h>

#include "ingest/statute_text.h"

typedef struct holder {
    ingest_statutes *all;
    size_t fresh; /* files of this load lie before this index */
    kg_read *read;
    const str *loading; /* sources of this load */
    size_t loading_count;
    kg_source *sources;
    size_t source_count;
    arena *a; /* that of `all` */
    error *err;
} holder;

static kg_id find_iri(holder *h, str iri)
{
    kg_id id = 0;
    error ignored = {0};
    (void)kg_find(h->read, ingest_iri(iri), &id, &ignored);
    return id;
}

static kg_id find_relation(holder *h, const char *name)
{
    return find_iri(h, str_from(arena_printf(h->a, INGEST_RELATION "%s", name)));
}

static kg_id find_law(holder *h, str title)
{
    return find_iri(h, kg_iri_make(STR("law"), title, h->a));
}

/* The objects of (s, relation, ?); none where either is unknown. */
static kg_statement_list objects(holder *h, kg_id s, const char *relation)
{
    kg_statement_list list = {0};
    error ignored = {0};
    kg_id p = find_relation(h, relation);
    if (s != 0 && p != 0)
        (void)kg_match(h->read, &(kg_pattern){.s = s, .p = p}, h->a, &list, &ignored);
    return list;
}

static str text_of(holder *h, kg_id id)
{
    kg_term term = {0};
    error ignored = {0};
    return kg_terms(h->read, &id, 1, h->a, &term, &ignored) == STATUS_OK ? term.lexical : STR("");
}

static clock_day day_of(holder *h, kg_id id)
{
    clock_day day;
    return clock_day_parse(text_of(h, id), &day) ? day : CLOCK_DAY_UNKNOWN;
}

/* --- one held version ------------------------------------------------------------------------- */
static void take_events(holder *h, statute_file *f, kg_id law, const char *relation,
                        statute_event_kind kind)
{
    kg_statement_list list = objects(h, law, relation);
    for (size_t i = 0; i < list.count; i++) {
        f->events =
            statute_grow(h->a, f->events, f->event_count, &f->event_capacity, sizeof *f->events);
        if (f->events == NULL) {
            f->event_count = 0;
            return;
        }
        f->events[f->event_count++] =
            (statute_event){.day = day_of(h, list.items[i].o), .kind = kind};
    }
}

typedef struct period {
    kg_id part_of;
    clock_day from, to;
} period;

static bool first_period(void *context, const kg_said *said)
{
    period *p = context;
    if (said->statement.p != p->part_of)
        return true;
    p->from = said->statement.valid_from;
    p->to = said->statement.valid_to;
    return false;
}

/* Its dates as the graph has them. */
static status take_dates(holder *h, statute_file *f)
{
    statute_held *held = f->held;
    kg_id law = find_law(h, f->title);
    char day[16];
    clock_day_format(f->day, day);
    const char *name = arena_printf(h->a, "%.*s@%s", STR_ARG(f->title), day);
    kg_id version = find_iri(h, kg_iri_make(STR("version"), str_from(name), h->a));
    kg_statement_list list = objects(h, version, "effective");
    f->from = list.count > 0 ? day_of(h, list.items[0].o) : f->day;
    take_events(h, f, law, "adopted", STATUTE_ADOPTED);
    take_events(h, f, law, "amended", STATUTE_AMENDED);
    list = objects(h, law, "effective");
    for (size_t i = 0; i < list.count; i++)
        if (day_of(h, list.items[i].o) == f->from)
            f->effective = f->from;
    if (f->from > f->day)
        f->effective = f->from;
    held->effective = f->effective;
    list = objects(h, law, "repealed");
    held->repealed = list.count > 0 ? day_of(h, list.items[0].o) : CLOCK_DAY_UNKNOWN;
    period p = {
        .part_of = find_relation(h, "part_of"), .from = CLOCK_DAY_UNKNOWN, .to = CLOCK_DAY_UNKNOWN};
    status st = kg_source_each(h->read, held->source, first_period, &p, h->err);
    held->from = p.from;
    held->to = p.to;
    return st;
}

static bool quotes(const statute_file *f, str title)
{
    if (f->article_count == 0)
        return false;
    const statute_article *last = &f->articles[f->article_count - 1];
    for (size_t p = last->first; p < last->first + last->count; p++)
        if (str_find(f->paragraphs[p].text, title, 0) != STR_NONE)
            return true;
    return false;
}

/* Does something in this load bear on the dates of a held version, or it on theirs? */
static bool related(const holder *h, const statute_file *f)
{
    for (size_t i = 0; i < h->fresh; i++) {
        const statute_file *g = h->all->files[i];
        if (!str_empty(g->title) &&
            (str_equal(g->title, f->title) ||
             (g->is_act && str_equal(g->amended_title, f->title)) ||
             (f->is_act && str_equal(f->amended_title, g->title)) || quotes(g, f->title)))
            return true;
    }
    return false;
}

static double authority_of(const holder *h, str source)
{
    for (size_t i = 0; i < h->source_count; i++)
        if (str_equal(h->sources[i].name, source))
            return h->sources[i].authority;
    return 0.5;
}

static status take_version(holder *h, str title, clock_day day, str source)
{
    for (size_t i = 0; i < h->loading_count; i++)
        if (str_equal(h->loading[i], source))
            return STATUS_OK; /* is said anew */
    ingest_statutes *s = h->all;
    s->files = statute_grow(h->a, s->files, s->count, &s->capacity, sizeof(statute_file *));
    statute_file *f = ARENA_NEW(h->a, statute_file);
    statute_held *held = ARENA_NEW(h->a, statute_held);
    if (s->files == NULL || f == NULL || held == NULL)
        return error_memory(h->err);
    s->files[s->count++] = f;
    f->title = title;
    f->short_title = statute_short_title(title);
    f->day = f->from = day;
    f->effective = f->to = f->previous = CLOCK_DAY_UNKNOWN;
    *held = (statute_held){.source = source, .authority = authority_of(h, source)};
    held->from = held->to = held->repealed = CLOCK_DAY_UNKNOWN;
    f->held = held;
    kg_statement_list amends = objects(h, find_law(h, title), "amends");
    if (amends.count > 0) {
        f->is_act = true;
        f->amended_title = kg_iri_label(text_of(h, amends.items[0].o), h->a);
    }
    held->relink = related(h, f);
    return held->relink ? take_dates(h, f) : STATUS_OK;
}

/* "<title>@<day>" of a version's IRI, and who said it. */
static status take_versions(holder *h)
{
    kg_statement_list list = {0};
    kg_id p = find_relation(h, "has_version");
    if (p == 0)
        return STATUS_OK;
    status st = kg_match(h->read, &(kg_pattern){.p = p}, h->a, &list, h->err);
    for (size_t i = 0; st == STATUS_OK && i < list.count; i++) {
        str name = kg_iri_label(text_of(h, list.items[i].o), h->a);
        size_t at = str_find(name, STR("@"), 0);
        clock_day day;
        if (at == STR_NONE || !clock_day_parse(str_slice(name, at + 1, name.length), &day))
            continue;
        kg_statement_detail detail = {0};
        st = kg_statement_get(h->read, list.items[i].id, h->a, &detail, h->err);
        for (size_t k = 0; st == STATUS_OK && k < detail.origin_count; k++)
            st = take_version(h, str_slice(name, 0, at), day, detail.origins[k].source);
    }
    return st;
}

/* --- older texts that name a law of this load ------------------------------------------------- */
static statute_file *held_by(const holder *h, str source)
{
    for (size_t i = h->fresh; i < h->all->count; i++)
        if (str_equal(h->all->files[i]->held->source, source))
            return h->all->files[i];
    return NULL;
}

/* `f` says in the text of an article: 《title》. */
static status note_citation(holder *h, statute_file *f, kg_id article, str law, uint64_t line)
{
    statute_citing *c = ARENA_NEW(h->a, statute_citing);
    if (c == NULL)
        return error_memory(h->err);
    *c = (statute_citing){.article = text_of(h, article),
                          .law = kg_iri_make(STR("law"), law, h->a),
                          .line = line,
                          .next = f->held->citing};
    f->held->citing = c;
    if (f->held->relink)
        return STATUS_OK;
    f->held->relink = true;
    return take_dates(h, f);
}

/* A law that repeals: its last article is what repeal() looks at. */
static status hold_repeal(holder *h, statute_file *f, str text)
{
    if (str_find(text, STR("废止"), 0) == STR_NONE || f->article_count > 0)
        return STATUS_OK;
    f->articles = ARENA_NEW(h->a, statute_article);
    f->paragraphs = ARENA_NEW(h->a, statute_paragraph);
    if (f->articles == NULL || f->paragraphs == NULL)
        return error_memory(h->err);
    f->articles->count = 1;
    f->article_count = f->paragraph_count = 1;
    f->paragraphs->text = text;
    return STATUS_OK;
}

static status look_at_text(holder *h, const kg_statement *statement, str text)
{
    status st = STATUS_OK;
    for (size_t open = str_find(text, STR("《"), 0); st == STATUS_OK && open != STR_NONE;
         open = str_find(text, STR("《"), open + 3)) {
        size_t close = str_find(text, STR("》"), open);
        if (close == STR_NONE)
            break;
        str quoted = statute_squeeze(str_slice(text, open + 3, close), h->a);
        str title = statute_full_title(quoted, h->a);
        bool here = false;
        for (size_t i = 0; i < h->fresh; i++)
            here = here || (!str_empty(title) && str_equal(h->all->files[i]->title, title));
        if (!here)
            continue;
        kg_statement_detail detail = {0};
        st = kg_statement_get(h->read, statement->id, h->a, &detail, h->err);
        for (size_t k = 0; st == STATUS_OK && k < detail.origin_count; k++) {
            statute_file *f = held_by(h, detail.origins[k].source);
            if (f == NULL || str_equal(f->title, title))
                continue;
            st = note_citation(h, f, statement->s, title, detail.origins[k].line);
            if (st == STATUS_OK)
                st = hold_repeal(h, f, text);
        }
    }
    return st;
}

static status take_citations(holder *h)
{
    kg_statement_list texts = {0};
    kg_id p = find_relation(h, "text");
    arena *a = arena_new(0);
    status st = a == NULL ? error_memory(h->err) : STATUS_OK;
    if (st == STATUS_OK && p != 0)
        st = kg_match(h->read, &(kg_pattern){.p = p}, a, &texts, h->err);
    for (size_t i = 0; st == STATUS_OK && i < texts.count; i++) {
        kg_term terms[2];
        kg_id ids[2] = {texts.items[i].s, texts.items[i].o};
        st = kg_terms(h->read, ids, 2, a, terms, h->err);
        if (st == STATUS_OK && str_starts(terms[0].lexical, STR(KG_IRI_BASE "article:")) &&
            str_find(terms[1].lexical, STR("《"), 0) != STR_NONE) {
            str text = arena_str(h->a, terms[1].lexical);
            st = look_at_text(h, &texts.items[i], text);
        }
    }
    arena_free(a);
    return st;
}

status ingest_statutes_hold(ingest_statutes *all, kg_read *read, const str *loading, size_t count,
                            error *err)
{
    holder h = {.all = all,
                .fresh = all->count,
                .read = read,
                .loading = loading,
                .loading_count = count,
                .a = all->memory,
                .err = err};
    status st = kg_sources(read, h.a, &h.sources, &h.source_count, err);
    if (st == STATUS_OK)
        st = take_versions(&h);
    return st == STATUS_OK && all->count > h.fresh ? take_citations(&h) : st;
}

/* --- saying it again -------------------------------------------------------------------------- */
typedef struct copy {
    arena *a;
    kg_said *items;
    size_t count, capacity;
    bool failed;
} copy;

static bool keep_said(void *context, const kg_said *said)
{
    copy *c = context;
    c->items = statute_grow(c->a, c->items, c->count, &c->capacity, sizeof *c->items);
    c->failed = c->items == NULL || said->qualified;
    if (c->failed)
        return false;
    c->items[c->count++] = *said;
    return true;
}

/* What linking finds out anew: said by statute_emit_version. */
static bool is_linked(const statute_file *f, str s, str p)
{
    static const char *const names[] = {"follows", "text_missing"};
    for (size_t i = 0; i < CORE_COUNT(names); i++)
        if (str_starts(p, STR(INGEST_RELATION)) &&
            str_equal(str_slice(p, sizeof INGEST_RELATION - 1, p.length), str_from(names[i])))
            return true;
    return f->from != CLOCK_DAY_UNKNOWN && str_equal(p, STR(INGEST_RELATION "effective")) &&
           str_starts(s, STR(KG_IRI_BASE "version:"));
}

static status say_again(const statute_file *f, kg_read *read, const kg_said *said,
                        const ingest_sink *sink, arena *a, error *err)
{
    const kg_statement *st = &said->statement;
    kg_id ids[3] = {st->s, st->p, st->o};
    kg_term t[3];
    status code = kg_terms(read, ids, 3, a, t, err);
    if (code != STATUS_OK || is_linked(f, t[0].lexical, t[1].lexical))
        return code;
    bool text = st->valid_from == f->held->from && st->valid_to == f->held->to &&
                (st->valid_from != CLOCK_DAY_UNKNOWN || st->valid_to != CLOCK_DAY_UNKNOWN);
    return sink->add(sink->context,
                     &(kg_new_statement){.s = t[0],
                                         .p = t[1],
                                         .o = t[2],
                                         .valid_from = text ? f->from : st->valid_from,
                                         .valid_to = text ? f->to : st->valid_to,
                                         .confidence = said->confidence,
                                         .line = said->line,
                                         .recorded_at = said->recorded_at},
                     err);
}

static uint64_t title_line(const copy *c, kg_read *read)
{
    kg_id p = 0;
    error ignored = {0};
    (void)kg_find(read, ingest_iri(STR(INGEST_RELATION "has_version")), &p, &ignored);
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].statement.p == p)
            return c->items[i].line;
    return 0;
}

status ingest_statutes_relink(ingest_statutes *all, size_t index, kg_read *read,
                              const ingest_sink *sink, error *err)
{
    statute_file *f = all->files[index];
    arena *a = arena_new(0), *row = arena_new(0);
    copy c = {.a = a};
    status st = a == NULL || row == NULL
                    ? error_memory(err)
                    : kg_source_each(read, f->held->source, keep_said, &c, err);
    if (st == STATUS_OK && c.failed)
        st = error_memory(err);
    for (size_t i = 0; st == STATUS_OK && i < c.count; i++) {
        st = say_again(f, read, &c.items[i], sink, row, err);
        arena_reset(row);
    }
    if (st == STATUS_OK) {
        f->title_line = title_line(&c, read);
        st = statute_emit_linked(all, f, sink, a, err);
    }
    for (const statute_citing *k = f->held->citing; st == STATUS_OK && k != NULL; k = k->next)
        st =
            statute_add(f, sink, ingest_iri(k->article), "cites", ingest_iri(k->law), k->line, err);
    arena_free(row);
    arena_free(a);
    return st;
}

size_t ingest_statutes_count(const ingest_statutes *all)
{
    return all->count;
}

bool ingest_statutes_held(const ingest_statutes *all, size_t index, str *source, double *authority)
{
    const statute_held *held = all->files[index]->held;
    if (held == NULL || !held->relink)
        return false;
    *source = held->source;
    *authority = held->authority;
    return true;
}
