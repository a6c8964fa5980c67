/* One parsed statute to statements. docs/GRAPH_TERMS.md lists the terms. What a version of a law
 * says holds from its effective date until the next change; what a law is (its title, its dates)
 * holds always. */
#include <stdio.h>

#include "ingest/statute_text.h"

typedef struct emitter {
    const ingest_statutes *all;
    const statute_file *f;
    const ingest_sink *sink;
    arena *a;
    kg_term law, version;
    str *divisions; /* their IRIs */
    error *err;
} emitter;

/* --- terms ------------------------------------------------------------------------------------ */
static str scoped_iri(const char *space, const statute_file *f, str name, arena *a)
{
    const char *text = arena_printf(a, "%.*s#%.*s", STR_ARG(f->title), STR_ARG(name));
    return kg_iri_make(str_from(space), str_from(text), a);
}

str statute_article_iri(const statute_file *f, const statute_article *art, arena *a)
{
    return scoped_iri(f->is_act ? "clause" : "article", f, art->label, a);
}

str statute_paragraph_iri(const statute_file *f, const statute_article *art, size_t index, arena *a)
{
    char number[64];
    snprintf(number, sizeof number, "%zu", index + 1);
    str ordinal = statute_article_label((unsigned)index + 1, 0, a); /* 第…条 */
    ordinal.length -= 3;
    const char *name = arena_printf(a, "%.*s%.*s款", STR_ARG(art->label), STR_ARG(ordinal));
    return scoped_iri("paragraph", f, str_from(name), a);
}

static kg_term relation_term(const char *name, char *held, size_t bytes)
{
    snprintf(held, bytes, INGEST_RELATION "%s", name);
    return ingest_iri(str_from(held));
}

status statute_add(const statute_file *f, const ingest_sink *sink, kg_term s, const char *relation,
                   kg_term o, uint64_t line, error *err)
{
    char held[64];
    return ingest_add_valid(sink, s, relation_term(relation, held, sizeof held), o, f->from, f->to,
                            line, err);
}

/* Without validity. */
static status add_always(emitter *e, kg_term s, const char *relation, kg_term o, uint64_t line)
{
    char held[64];
    return ingest_add(e->sink, s, relation_term(relation, held, sizeof held), o, line, e->err);
}

static status add_type(emitter *e, kg_term s, const char *class_name, uint64_t line)
{
    char held[64];
    snprintf(held, sizeof held, INGEST_CLASS "%s", class_name);
    return ingest_add(e->sink, s, ingest_iri(STR(INGEST_RDF "type")), ingest_iri(str_from(held)),
                      line, e->err);
}

static status add_alias(emitter *e, kg_term s, str text, uint64_t line)
{
    return ingest_add(e->sink, s, ingest_iri(STR(INGEST_SKOS "altLabel")),
                      ingest_plain(text, STR("zh")), line, e->err);
}

static kg_term date_term(emitter *e, clock_day day)
{
    char text[16];
    clock_day_format(day, text);
    return ingest_typed(arena_str(e->a, str_from(text)), STR(INGEST_XSD "date"));
}

static kg_term number_term(emitter *e, unsigned number)
{
    return ingest_typed(str_from(arena_printf(e->a, "%u", number)), STR(INGEST_XSD "integer"));
}

/* --- names of classes and relations ----------------------------------------------------------- */
static status emit_names(emitter *e)
{
    static const struct {
        const char *name; /* c: class, r: relation */
        const char *zh, *en;
    } names[] = {
        {"c:law", "法律", "law"},
        {"c:amending_act", "修正案", "amending act"},
        {"c:law_version", "法律版本", "version of a law"},
        {"c:part", "编", "part"},
        {"c:subpart", "分编", "subpart"},
        {"c:chapter", "章", "chapter"},
        {"c:section", "节", "section"},
        {"c:annex", "附件", "annex"},
        {"c:article", "条", "article"},
        {"c:clause", "修正条款", "amending clause"},
        {"c:paragraph", "款", "paragraph"},
        {"r:law", "所属法律", "law"},
        {"r:part_of", "所属", "part of"},
        {"r:article_number", "条号", "article number"},
        {"r:sub_number", "之几", "sub-number"},
        {"r:paragraph_number", "款号", "paragraph number"},
        {"r:heading", "标题", "heading"},
        {"r:text", "条文", "text"},
        {"r:cites", "引用", "cites"},
        {"r:adopted", "通过日期", "adopted"},
        {"r:amended", "修改日期", "amended"},
        {"r:effective", "施行日期", "effective"},
        {"r:repealed", "废止日期", "repealed"},
        {"r:history", "沿革", "history"},
        {"r:has_version", "版本", "version"},
        {"r:version_of", "所属法律", "version of"},
        {"r:follows", "前一版本", "follows"},
        {"r:amended_by", "修正案", "amended by"},
        {"r:amends", "修改的法律", "amends"},
        {"r:amends_article", "修改的条文", "amends article"},
        {"r:has_clause", "修正条款", "clause"},
        {"r:text_missing", "缺少文本的期间", "period without text"},
    };
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < CORE_COUNT(names); i++) {
        const char *iri = arena_printf(e->a, KG_IRI_BASE "%s", names[i].name);
        kg_term s = ingest_iri(str_from(iri)), p = ingest_iri(STR(INGEST_RDFS "label"));
        st = ingest_add(e->sink, s, p, ingest_plain(str_from(names[i].zh), STR("zh")), 0, e->err);
        if (st == STATUS_OK)
            st = ingest_add(e->sink, s, p, ingest_plain(str_from(names[i].en), STR("en")), 0,
                            e->err);
    }
    return st;
}

/* --- the law and its versions ----------------------------------------------------------------- */
static kg_term version_term(emitter *e, str title, clock_day day)
{
    char text[16];
    clock_day_format(day, text);
    const char *name = arena_printf(e->a, "%.*s@%s", STR_ARG(title), text);
    return ingest_iri(kg_iri_make(STR("version"), str_from(name), e->a));
}

static status emit_event(emitter *e, const statute_event *ev)
{
    /* When it came into force is said by emit_law, with the version's validity. */
    static const char *const names[] = {"", "adopted", "amended", "", ""};
    status st = STATUS_OK;
    if (names[ev->kind][0] != '\0')
        st = add_always(e, e->law, names[ev->kind], date_term(e, ev->day), ev->line);
    char day[16];
    clock_day_format(ev->day, day);
    const char *text = arena_printf(e->a, "%s %.*s", day, STR_ARG(ev->text));
    if (st == STATUS_OK)
        st = add_always(e, e->law, "history", ingest_plain(str_from(text), STR("zh")), ev->line);
    if (st == STATUS_OK && !str_empty(ev->act)) {
        kg_term act = ingest_iri(kg_iri_make(STR("law"), statute_full_title(ev->act, e->a), e->a));
        st = add_always(e, e->law, "amended_by", act, ev->line);
    }
    return st;
}

static status emit_gap(emitter *e, clock_day from, clock_day to)
{
    char a[16], b[16], held[64];
    clock_day_format(from, a);
    clock_day_format(to, b);
    str text = str_from(arena_printf(e->a, "%s/%s", a, b));
    return ingest_add_valid(e->sink, e->law, relation_term("text_missing", held, sizeof held),
                            ingest_plain(text, STR("")), from, to, e->f->title_line, e->err);
}

/* The periods in which the law was in force in a text that is not held: before the first version,
 * and between an amendment and the version after it. */
static status emit_gaps(emitter *e)
{
    const statute_file *f = e->f;
    status st = STATUS_OK;
    if (f->first_version && f->from != CLOCK_DAY_UNKNOWN) {
        clock_day first = CLOCK_DAY_UNKNOWN;
        for (size_t i = 0; i < f->event_count; i++)
            if (f->events[i].kind == STATUTE_ADOPTED &&
                (first == CLOCK_DAY_UNKNOWN || f->events[i].day < first))
                first = f->events[i].day;
        if (first != CLOCK_DAY_UNKNOWN && first < f->day && first < f->from)
            st = emit_gap(e, first, f->from);
    }
    clock_day next = CLOCK_DAY_UNKNOWN;
    for (size_t i = 0; i < e->all->count; i++) {
        const statute_file *g = e->all->files[i];
        if (str_equal(g->title, f->title) && g->day > f->day && g->from != CLOCK_DAY_UNKNOWN &&
            (next == CLOCK_DAY_UNKNOWN || g->from < next))
            next = g->from;
    }
    if (st == STATUS_OK && f->to != CLOCK_DAY_UNKNOWN && next != CLOCK_DAY_UNKNOWN && next > f->to)
        st = emit_gap(e, f->to, next);
    return st;
}

static status emit_version(emitter *e)
{
    const statute_file *f = e->f;
    if (f->day == CLOCK_DAY_UNKNOWN)
        return STATUS_OK;
    uint64_t line = f->title_line;
    status st = add_type(e, e->version, "law_version", line);
    if (st == STATUS_OK)
        st = add_always(e, e->version, "version_of", e->law, line);
    if (st == STATUS_OK)
        st = add_always(e, e->law, "has_version", e->version, line);
    if (st == STATUS_OK)
        st = add_always(e, e->version, "adopted", date_term(e, f->day), line);
    if (st == STATUS_OK && f->from != CLOCK_DAY_UNKNOWN)
        st = add_always(e, e->version, "effective", date_term(e, f->from), line);
    if (st == STATUS_OK && f->previous != CLOCK_DAY_UNKNOWN)
        st = add_always(e, e->version, "follows", version_term(e, f->title, f->previous), line);
    return st == STATUS_OK ? emit_gaps(e) : st;
}

static status emit_law(emitter *e)
{
    const statute_file *f = e->f;
    uint64_t line = f->title_line;
    status st = add_type(e, e->law, "law", line);
    if (st == STATUS_OK && f->is_act)
        st = add_type(e, e->law, "amending_act", line);
    if (st == STATUS_OK && !str_equal(f->short_title, f->title))
        st = add_alias(e, e->law, f->short_title, line);
    for (size_t i = 0; st == STATUS_OK && i < f->event_count; i++)
        st = emit_event(e, &f->events[i]);
    if (st == STATUS_OK && f->effective != CLOCK_DAY_UNKNOWN)
        st = statute_add(f, e->sink, e->law, "effective", date_term(e, f->effective),
                         f->effective_line, e->err);
    if (st == STATUS_OK && f->repealed != CLOCK_DAY_UNKNOWN)
        st = add_always(e, e->law, "repealed", date_term(e, f->repealed), line);
    if (st == STATUS_OK && f->is_act) {
        kg_term amended = ingest_iri(kg_iri_make(STR("law"), f->amended_title, e->a));
        st = add_always(e, e->law, "amends", amended, line);
        if (st == STATUS_OK)
            st = add_always(e, amended, "amended_by", e->law, line);
    }
    return st == STATUS_OK ? emit_version(e) : st;
}

/* --- divisions -------------------------------------------------------------------------------- */
/* Headings repeat (第一章 in each part), so that the IRI names the whole way. */
static str division_path(emitter *e, size_t index)
{
    const statute_division *d = &e->f->divisions[index];
    if (d->parent == STATUTE_NONE)
        return d->heading;
    return str_from(
        arena_printf(e->a, "%.*s %.*s", STR_ARG(division_path(e, d->parent)), STR_ARG(d->heading)));
}

static status emit_division(emitter *e, size_t index)
{
    static const char *const classes[] = {"", "part", "subpart", "chapter", "section", "annex"};
    const statute_division *d = &e->f->divisions[index];
    e->divisions[index] = scoped_iri(classes[d->rank], e->f, division_path(e, index), e->a);
    kg_term self = ingest_iri(e->divisions[index]);
    kg_term parent = d->parent == STATUTE_NONE ? e->law : ingest_iri(e->divisions[d->parent]);
    status st = add_type(e, self, classes[d->rank], d->line);
    if (st == STATUS_OK)
        st = statute_add(e->f, e->sink, self, "part_of", parent, d->line, e->err);
    if (st == STATUS_OK)
        st = statute_add(e->f, e->sink, self, "heading", ingest_plain(d->heading, STR("zh")),
                         d->line, e->err);
    if (st == STATUS_OK && d->text.length > 0)
        st = statute_add(e->f, e->sink, self, "text", ingest_plain(buf_str(&d->text), STR("zh")),
                         d->line, e->err);
    return st;
}

/* --- articles --------------------------------------------------------------------------------- */
static status emit_paragraphs(emitter *e, const statute_article *art, kg_term self)
{
    const statute_file *f = e->f;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && art->count > 1 && i < art->count; i++) {
        const statute_paragraph *p = &f->paragraphs[art->first + i];
        kg_term term = ingest_iri(statute_paragraph_iri(f, art, i, e->a));
        st = add_type(e, term, "paragraph", p->line);
        if (st == STATUS_OK)
            st = statute_add(f, e->sink, term, "part_of", self, p->line, e->err);
        if (st == STATUS_OK)
            st = statute_add(f, e->sink, term, "paragraph_number", number_term(e, (unsigned)i + 1),
                             p->line, e->err);
        if (st == STATUS_OK)
            st = statute_add(f, e->sink, term, "text", ingest_plain(p->text, STR("zh")), p->line,
                             e->err);
    }
    return st;
}

static status emit_text(emitter *e, const statute_article *art, kg_term self)
{
    buf text = {0};
    for (size_t i = 0; i < art->count; i++) {
        if (i > 0)
            buf_add_char(&text, '\n');
        buf_add(&text, e->f->paragraphs[art->first + i].text);
    }
    status st = STATUS_OK;
    if (text.failed)
        st = error_memory(e->err);
    else if (text.length > 0)
        st = statute_add(e->f, e->sink, self, "text", ingest_plain(buf_str(&text), STR("zh")),
                         art->line, e->err);
    buf_free(&text);
    return st;
}

static status emit_article(emitter *e, size_t index)
{
    const statute_file *f = e->f;
    const statute_article *art = &f->articles[index];
    kg_term self = ingest_iri(statute_article_iri(f, art, e->a));
    kg_term owner =
        art->division == STATUTE_NONE ? e->law : ingest_iri(e->divisions[art->division]);
    status st = add_type(e, self, "article", art->line);
    if (st == STATUS_OK)
        st = statute_add(f, e->sink, self, "law", e->law, art->line, e->err);
    if (st == STATUS_OK)
        st = statute_add(f, e->sink, self, "part_of", owner, art->line, e->err);
    if (st == STATUS_OK)
        st = statute_add(f, e->sink, self, "article_number", number_term(e, art->number), art->line,
                         e->err);
    if (st == STATUS_OK && art->sub > 0)
        st = statute_add(f, e->sink, self, "sub_number", number_term(e, art->sub), art->line,
                         e->err);
    if (st == STATUS_OK) {
        const char *name =
            arena_printf(e->a, "%.*s%.*s", STR_ARG(f->short_title), STR_ARG(art->label));
        st = add_alias(e, self, str_from(name), art->line);
    }
    if (st == STATUS_OK)
        st = emit_text(e, art, self);
    if (st == STATUS_OK)
        st = emit_paragraphs(e, art, self);
    for (size_t p = art->first; st == STATUS_OK && p < art->first + art->count; p++)
        st = statute_cite(e->all, f, index, p, e->sink, e->a, e->err);
    return st;
}

/* --- clauses of amending acts ----------------------------------------------------------------- */
/* Articles that a clause changes stand before the first quotation:
 * 将刑法第一百五十一条第三款修改为：“ */
static status emit_targets(emitter *e, const statute_article *art, kg_term self)
{
    const statute_file *f = e->f;
    status st = STATUS_OK;
    for (size_t p = art->first; p < art->first + art->count; p++) {
        str text = f->paragraphs[p].text;
        size_t quote = str_find(text, STR("“"), 0);
        text = str_slice(text, 0, quote == STR_NONE ? text.length : quote);
        if (p > art->first && quote == 0)
            continue;
        for (size_t i = 0; st == STATUS_OK && i < text.length;) {
            unsigned number, sub;
            size_t n = statute_article_at(text, i, &number, &sub);
            if (n == 0) {
                i++;
                continue;
            }
            const char *name = arena_printf(e->a, "%.*s#%.*s", STR_ARG(f->amended_title),
                                            STR_ARG(statute_article_label(number, sub, e->a)));
            kg_term target = ingest_iri(kg_iri_make(STR("article"), str_from(name), e->a));
            st = add_always(e, self, "amends_article", target, f->paragraphs[p].line);
            i += n;
        }
    }
    return st;
}

static status emit_clause(emitter *e, size_t index)
{
    const statute_article *art = &e->f->articles[index];
    kg_term self = ingest_iri(statute_article_iri(e->f, art, e->a));
    status st = add_type(e, self, "clause", art->line);
    if (st == STATUS_OK)
        st = statute_add(e->f, e->sink, self, "part_of", e->law, art->line, e->err);
    if (st == STATUS_OK)
        st = statute_add(e->f, e->sink, e->law, "has_clause", self, art->line, e->err);
    if (st == STATUS_OK)
        st = emit_text(e, art, self);
    return st == STATUS_OK ? emit_targets(e, art, self) : st;
}

status statute_emit_linked(const ingest_statutes *all, statute_file *f, const ingest_sink *sink,
                           arena *a, error *err)
{
    emitter e = {.all = all, .f = f, .sink = sink, .a = a, .err = err};
    e.law = ingest_iri(kg_iri_make(STR("law"), f->title, a));
    e.version = version_term(&e, f->title, f->day);
    status st = emit_version(&e);
    if (st == STATUS_OK && f->effective != f->held->effective)
        st = statute_add(f, sink, e.law, "effective", date_term(&e, f->effective), 0, err);
    if (st == STATUS_OK && f->repealed != CLOCK_DAY_UNKNOWN)
        st = add_always(&e, e.law, "repealed", date_term(&e, f->repealed), f->title_line);
    return st;
}

status ingest_statutes_emit(ingest_statutes *all, size_t index, const ingest_sink *sink, error *err)
{
    statute_file *f = all->files[index];
    arena *a = arena_new(0);
    if (a == NULL)
        return error_memory(err);
    emitter e = {.all = all, .f = f, .sink = sink, .a = a, .err = err};
    e.law = ingest_iri(kg_iri_make(STR("law"), f->title, a));
    e.version = version_term(&e, f->title, f->day);
    e.divisions = ARENA_ARRAY(a, str, f->division_count + 1);
    status st = e.divisions == NULL ? error_memory(err) : emit_names(&e);
    if (st == STATUS_OK)
        st = emit_law(&e);
    for (size_t i = 0; st == STATUS_OK && i < f->division_count; i++)
        st = emit_division(&e, i);
    for (size_t i = 0; st == STATUS_OK && i < f->article_count; i++)
        st = f->is_act ? emit_clause(&e, i) : emit_article(&e, i);
    arena_free(a);
    return st;
}
