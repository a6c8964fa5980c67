/* OBO 1.2 and 1.4 (the flat file format of ontologies), with the IRIs that the OWL translation of
 * OBO gives: terms under purl.obolibrary.org, oboInOwl for synonyms and cross-references, so that a
 * .obo and its .owl load to the same names. An obsolete term keeps its label and `owl:deprecated`;
 * its class and parents are not said, so that no answer lists it by chance.
 *
 * Memory: one line. */
#include "core/utf8.h"
#include "ingest/lines.h"
#include "ingest/reader.h"

#define OBO "http://purl.obolibrary.org/obo/"
#define OIO "http://www.geneontology.org/formats/oboInOwl#"
#define OWL "http://www.w3.org/2002/07/owl#"

typedef enum stanza { STANZA_HEADER, STANZA_TERM, STANZA_TYPEDEF, STANZA_OTHER } stanza;

/* A stanza is gathered before it is said: is_obsolete stands at its end. */
typedef struct obo_tag {
    str name, value;
    uint64_t line;
} obo_tag;

typedef struct obo {
    const ingest_sink *sink;
    arena *a; /* of the stanza */
    arena *whole;
    stanza kind;
    uint64_t line;
    obo_tag *tags;
    size_t count, capacity;
    str name_space; /* default-namespace */
    bool named;     /* relations' labels were said */
    error *err;
} obo;

/* --- pieces ----------------------------------------------------------------------------------- */
/* DOID:4 -> http://purl.obolibrary.org/obo/DOID_4; an IRI stays; a bare name is a relation's. */
static str obo_iri(obo *o, str id)
{
    size_t colon = str_find(id, STR(":"), 0);
    if (str_starts(id, STR("http:")) || str_starts(id, STR("https:")))
        return id;
    str safe = kg_iri_make(STR("x"), id, o->a);
    size_t start = sizeof(KG_IRI_BASE "x:") - 1;
    safe = str_slice(safe, start, safe.length);
    if (colon == STR_NONE || colon == 0)
        return str_from(arena_printf(o->a, OBO "%.*s", STR_ARG(safe)));
    colon = str_find(safe, STR(":"), 0);
    if (colon == STR_NONE)
        return str_from(arena_printf(o->a, OBO "%.*s", STR_ARG(safe)));
    return str_from(arena_printf(o->a, OBO "%.*s_%.*s", STR_ARG(str_slice(safe, 0, colon)),
                                 STR_ARG(str_slice(safe, colon + 1, safe.length))));
}

static str word(str *rest)
{
    *rest = str_trim(*rest);
    size_t n = 0;
    while (n < rest->length && rest->data[n] != ' ' && rest->data[n] != '\t')
        n++;
    str w = str_slice(*rest, 0, n);
    *rest = str_trim(str_slice(*rest, n, rest->length));
    return w;
}

/* Undoes \n, \", \: and their like. */
static str unescape(obo *o, str s)
{
    if (s.length == 0 || memchr(s.data, '\\', s.length) == NULL)
        return s;
    char *out = arena_alloc(o->a, s.length);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.length; i++) {
        char c = s.data[i];
        if (c == '\\' && i + 1 < s.length) {
            c = s.data[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'W' ? ' ' : c;
        }
        out[n++] = c;
    }
    return out == NULL ? s : str_make(out, n);
}

/* "..." at the start of `rest`, unescaped; `rest` goes on behind it. False when there is none. */
static bool quoted(obo *o, str *rest, str *out)
{
    if (!str_starts(*rest, STR("\"")))
        return false;
    size_t end = 1;
    while (end < rest->length && rest->data[end] != '"')
        end += rest->data[end] == '\\' ? 2 : 1;
    if (end >= rest->length)
        return false;
    *out = unescape(o, str_slice(*rest, 1, end));
    *rest = str_trim(str_slice(*rest, end + 1, rest->length));
    return true;
}

/* Without a trailing comment (" ! name") and trailing modifiers ({...}). */
static str bare(str value)
{
    for (size_t i = 0; i + 1 < value.length; i++)
        if (value.data[i] == ' ' && (value.data[i + 1] == '!' || value.data[i + 1] == '{'))
            return str_trim(str_slice(value, 0, i));
    return str_trim(value);
}

static status say(obo *o, kg_term s, const char *p, kg_term obj, uint64_t line)
{
    return ingest_add(o->sink, s, ingest_iri(str_from(p)), obj, line, o->err);
}

/* --- labels of the vocabulary ----------------------------------------------------------------- */
static status say_names(obo *o)
{
    static const struct {
        const char *iri, *en, *zh;
    } names[] = {
        {INGEST_RDFS "subClassOf", "parent", "上位概念"},
        {OBO "IAO_0000115", "definition", "定义"},
        {OIO "hasExactSynonym", "synonym", "同义词"},
        {OIO "hasNarrowSynonym", "narrow synonym", "下位同义词"},
        {OIO "hasBroadSynonym", "broad synonym", "上位同义词"},
        {OIO "hasRelatedSynonym", "related synonym", "相关同义词"},
        {OIO "hasDbXref", "cross-reference", "交叉引用"},
        {OIO "inSubset", "subset", "子集"},
        {OIO "hasAlternativeId", "alternative id", "其他编号"},
        {OIO "id", "id", "编号"},
        {INGEST_RDFS "comment", "comment", "备注"},
        {OWL "deprecated", "obsolete", "已废弃"},
        {OBO "IAO_0100001", "replaced by", "替代为"},
        {OIO "consider", "consider", "可考虑"},
    };
    o->named = true;
    status st = STATUS_OK;
    for (size_t i = 0; st == STATUS_OK && i < CORE_COUNT(names); i++) {
        kg_term s = ingest_iri(str_from(names[i].iri));
        st = say(o, s, INGEST_RDFS "label", ingest_plain(str_from(names[i].en), STR("en")), 0);
        if (st == STATUS_OK)
            st = say(o, s, INGEST_RDFS "label", ingest_plain(str_from(names[i].zh), STR("zh")), 0);
    }
    return st;
}

/* disease_ontology -> disease, symptoms -> symptom: the class of the namespace's terms. */
static str class_name(str name_space)
{
    if (str_ends(name_space, STR("_ontology")))
        name_space.length -= 9;
    if (name_space.length > 4 && str_ends(name_space, STR("s")) &&
        !str_ends(name_space, STR("ss")) && !str_ends(name_space, STR("is")))
        name_space.length--;
    return name_space;
}

/* --- a stanza --------------------------------------------------------------------------------- */
static str tag_value(const obo *o, str name)
{
    for (size_t i = 0; i < o->count; i++)
        if (str_equal(o->tags[i].name, name))
            return o->tags[i].value;
    return (str){0};
}

static status say_synonym(obo *o, kg_term self, const obo_tag *t)
{
    str rest = t->value, text;
    if (!quoted(o, &rest, &text))
        return ingest_reject(o->sink, t->line, 10, t->value, o->err,
                             "a synonym without a quoted text");
    str scope = word(&rest);
    const char *p = str_equal(scope, STR("EXACT"))    ? OIO "hasExactSynonym"
                    : str_equal(scope, STR("NARROW")) ? OIO "hasNarrowSynonym"
                    : str_equal(scope, STR("BROAD"))  ? OIO "hasBroadSynonym"
                                                      : OIO "hasRelatedSynonym";
    return say(o, self, p, ingest_plain(str_trim(text), STR("en")), t->line);
}

static status say_definition(obo *o, kg_term self, const obo_tag *t)
{
    str rest = t->value, text;
    if (!quoted(o, &rest, &text))
        return ingest_reject(o->sink, t->line, 6, t->value, o->err,
                             "a definition without a quoted text");
    return say(o, self, OBO "IAO_0000115", ingest_plain(text, STR("en")), t->line);
}

/* relationship: REL TARGET */
static status say_relationship(obo *o, kg_term self, const obo_tag *t)
{
    str rest = bare(t->value);
    str relation = word(&rest), target = word(&rest);
    if (str_empty(relation) || str_empty(target))
        return ingest_reject(o->sink, t->line, 15, t->value, o->err,
                             "expected a relation and a term");
    return ingest_add(o->sink, self, ingest_iri(obo_iri(o, relation)),
                      ingest_iri(obo_iri(o, target)), t->line, o->err);
}

static status say_plain_tag(obo *o, kg_term self, const obo_tag *t, bool obsolete)
{
    static const struct {
        const char *tag, *iri;
        bool node;
    } plain[] = {
        {"xref", OIO "hasDbXref", false},          {"subset", OIO "inSubset", true},
        {"alt_id", OIO "hasAlternativeId", false}, {"comment", INGEST_RDFS "comment", false},
        {"replaced_by", OBO "IAO_0100001", true},  {"consider", OIO "consider", true},
    };
    if (str_equal(t->name, STR("is_a")))
        return obsolete ? STATUS_OK
                        : say(o, self, INGEST_RDFS "subClassOf",
                              ingest_iri(obo_iri(o, bare(t->value))), t->line);
    for (size_t i = 0; i < CORE_COUNT(plain); i++) {
        if (!str_equal(t->name, str_from(plain[i].tag)))
            continue;
        str v = unescape(o, plain[i].iri[0] != '\0' && str_equal(t->name, STR("comment"))
                                ? t->value
                                : bare(t->value));
        kg_term obj = plain[i].node ? ingest_iri(obo_iri(o, v)) : ingest_plain(v, STR(""));
        if (str_equal(t->name, STR("subset"))) {
            str iri = str_from(arena_printf(o->a, "%s%.*s", OBO "subset#", STR_ARG(v)));
            obj = ingest_iri(iri);
        }
        return str_empty(v) ? STATUS_OK : say(o, self, plain[i].iri, obj, t->line);
    }
    return STATUS_OK;
}

static status say_tag(obo *o, kg_term self, const obo_tag *t, bool obsolete)
{
    if (str_equal(t->name, STR("name")))
        return say(o, self, INGEST_RDFS "label",
                   ingest_plain(unescape(o, bare(t->value)), STR("en")), t->line);
    if (str_equal(t->name, STR("synonym")))
        return say_synonym(o, self, t);
    if (str_equal(t->name, STR("def")))
        return say_definition(o, self, t);
    if (str_equal(t->name, STR("relationship")))
        return obsolete ? STATUS_OK : say_relationship(o, self, t);
    return say_plain_tag(o, self, t, obsolete);
}

static status say_head(obo *o, kg_term self, str id, bool obsolete)
{
    status st = STATUS_OK;
    if (o->kind == STANZA_TYPEDEF)
        return say(o, self, INGEST_RDF "type", ingest_iri(STR(OWL "ObjectProperty")), o->line);
    st = say(o, self, OIO "id", ingest_plain(id, STR("")), o->line);
    if (st == STATUS_OK && obsolete)
        return say(o, self, OWL "deprecated", ingest_typed(STR("true"), STR(INGEST_XSD "boolean")),
                   o->line);
    str ns = tag_value(o, STR("namespace"));
    str name = class_name(str_empty(ns) ? o->name_space : ns);
    if (st != STATUS_OK || str_empty(name))
        return st;
    return say(o, self, INGEST_RDF "type", ingest_iri(kg_iri_make(STR("c"), name, o->a)), o->line);
}

static status end_stanza(obo *o)
{
    status st = STATUS_OK;
    if (o->kind == STANZA_TERM || o->kind == STANZA_TYPEDEF) {
        str id = bare(tag_value(o, STR("id")));
        bool obsolete = str_equal(bare(tag_value(o, STR("is_obsolete"))), STR("true"));
        if (str_empty(id))
            st = ingest_reject(o->sink, o->line, 0, STR(""), o->err, "a stanza without an id");
        if (st == STATUS_OK && !str_empty(id)) {
            kg_term self = ingest_iri(obo_iri(o, id));
            st = o->named ? STATUS_OK : say_names(o);
            if (st == STATUS_OK)
                st = say_head(o, self, id, obsolete);
            for (size_t i = 0; st == STATUS_OK && i < o->count; i++)
                st = say_tag(o, self, &o->tags[i], obsolete);
        }
    }
    o->count = o->capacity = 0;
    o->tags = NULL;
    arena_reset(o->a);
    return st;
}

/* --- lines ------------------------------------------------------------------------------------ */
static status take_tag(obo *o, str text, uint64_t line)
{
    size_t colon = str_find(text, STR(":"), 0);
    if (colon == STR_NONE)
        return ingest_reject(o->sink, line, 1, text, o->err, "expected 'tag: value' or '[Stanza]'");
    if (o->count == o->capacity) {
        size_t capacity = o->capacity * 2 + 32;
        obo_tag *more = ARENA_ARRAY(o->a, obo_tag, capacity);
        if (more == NULL)
            return error_memory(o->err);
        if (o->count > 0)
            memcpy(more, o->tags, o->count * sizeof *more);
        o->tags = more;
        o->capacity = capacity;
    }
    str name = arena_str(o->a, str_trim(str_slice(text, 0, colon)));
    str value = arena_str(o->a, str_trim(str_slice(text, colon + 1, text.length)));
    if (o->kind == STANZA_HEADER && str_equal(name, STR("default-namespace")))
        o->name_space = arena_str(o->whole, bare(value));
    o->tags[o->count++] = (obo_tag){name, value, line};
    return STATUS_OK;
}

static status take_line(obo *o, const ingest_line *line)
{
    str text = str_trim(line->text);
    if (line->too_long)
        return ingest_reject(o->sink, line->number, 0, str_slice(text, 0, 80), o->err,
                             "the line is longer than %zu MiB", INGEST_MAX_LINE >> 20);
    size_t bad = utf8_first_invalid(text.data, text.length);
    if (bad < text.length)
        return ingest_reject(o->sink, line->number, bad + 1, text, o->err,
                             "the line is no valid text; see --encoding");
    if (str_empty(text) || text.data[0] == '!')
        return STATUS_OK;
    if (text.data[0] != '[')
        return take_tag(o, text, line->number);
    status st = end_stanza(o);
    o->kind = str_equal(text, STR("[Term]"))      ? STANZA_TERM
              : str_equal(text, STR("[Typedef]")) ? STANZA_TYPEDEF
                                                  : STANZA_OTHER;
    o->line = line->number;
    return st;
}

status ingest_read_obo(ingest_input *input, const ingest_sink *sink, error *err)
{
    obo o = {.sink = sink,
             .a = arena_new((size_t)1 << 30),
             .whole = arena_new((size_t)1 << 20),
             .err = err};
    ingest_lines lines;
    ingest_lines_init(&lines, input->source);
    status st = o.a == NULL || o.whole == NULL ? error_memory(err) : STATUS_OK;
    for (bool more = true; st == STATUS_OK;) {
        ingest_line line;
        st = ingest_lines_next(&lines, &line, &more, err);
        if (st != STATUS_OK || !more)
            break;
        input->lines = line.number;
        st = take_line(&o, &line);
    }
    if (st == STATUS_OK)
        st = end_stanza(&o);
    ingest_lines_free(&lines);
    arena_free(o.a);
    arena_free(o.whole);
    return st;
}
