/* See induce.h. */
#include "fusion/induce.h"

#include <ctype.h>
#include <stdio.h>

#include "core/compiler.h"

/* A relation is suggested functional when this share of at least so many subjects has one object.
 */
#define FUNCTIONAL_SHARE 0.98
#define FUNCTIONAL_SUBJECTS 20

typedef struct inducer {
    kg_read *read;
    arena *a;
    json_t *pack, *relations, *classes, *suggestions;
    error *err;
} inducer;

static json_t *text(str s)
{
    json_t *j = json_stringn(s.data == NULL ? "" : s.data, s.length);
    return j == NULL ? json_string("?") : j;
}

/* The IRI's own name as an id; unique among `taken` (an array of objects with "id"). */
static void make_id(str iri, const json_t *taken, arena *a, char out[128])
{
    str label = kg_iri_label(iri, a);
    snprintf(out, 128, "%.*s", STR_ARG(str_slice(label, 0, 100)));
    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x80 && !isalnum((unsigned char)*p))
            *p = '_';
    for (int n = 2;; n++) {
        bool free_id = true;
        for (size_t i = 0; i < json_array_size(taken); i++)
            if (strcmp(json_string_value(json_object_get(json_array_get(taken, i), "id")), out) ==
                0)
                free_id = false;
        if (free_id)
            return;
        snprintf(out + strlen(out), 128 - strlen(out), "_%d", n);
    }
}

static status iri_of(inducer *d, kg_id id, str *out)
{
    kg_term term;
    status st = kg_terms(d->read, &id, 1, d->a, &term, d->err);
    if (st == STATUS_OK)
        *out = term.lexical;
    return st;
}

/* {"zh": primary, ...} and {"zh": [aliases]} of a term; labels without a language count as en. */
static void add_names(inducer *d, kg_id id, json_t *j)
{
    kg_label *labels = NULL;
    size_t count = 0;
    error ignored = {0};
    json_t *primary = json_object(), *aliases = json_object();
    if (kg_label_list(d->read, id, d->a, &labels, &count, &ignored) != STATUS_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        char lang[16];
        str tag = str_empty(labels[i].lang) ? STR("en") : labels[i].lang;
        snprintf(lang, sizeof lang, "%.*s", STR_ARG(str_slice(tag, 0, 15)));
        if (str_empty(labels[i].text))
            continue;
        if (labels[i].kind == KG_LABEL_PRIMARY && json_object_get(primary, lang) == NULL) {
            json_object_set_new(primary, lang, text(labels[i].text));
            continue;
        }
        if (json_object_get(aliases, lang) == NULL)
            json_object_set_new(aliases, lang, json_array());
        json_array_append_new(json_object_get(aliases, lang), text(labels[i].text));
    }
    str iri = {0};
    if (json_object_size(primary) == 0 && iri_of(d, id, &iri) == STATUS_OK) {
        str own = kg_iri_label(iri, d->a);
        if (!str_empty(own))
            json_object_set_new(primary, "en", text(own));
    }
    json_object_set_new(j, "labels", primary);
    json_object_set_new(j, "aliases", aliases);
}

static status add_classes(inducer *d)
{
    kg_class_count *classes = NULL;
    size_t count = 0;
    status st = kg_classes(d->read, d->a, &classes, &count, d->err);
    for (size_t i = 0; st == STATUS_OK && i < count && i < 500; i++) {
        str iri = {0};
        char id[128];
        st = iri_of(d, classes[i].class_id, &iri);
        if (st != STATUS_OK)
            return st;
        make_id(iri, d->classes, d->a, id);
        json_t *j = json_object(), *iris = json_array();
        json_array_append_new(iris, text(iri));
        json_object_set_new(j, "id", json_string(id));
        json_object_set_new(j, "iris", iris);
        add_names(d, classes[i].class_id, j);
        json_array_append_new(d->classes, j);
    }
    return st;
}

/* Class ids of the pack for the graph's most frequent classes of a relation's end. */
static json_t *class_refs(inducer *d, const kg_class_count *classes, size_t count)
{
    json_t *refs = json_array();
    for (size_t i = 0; i < count && i < 3; i++) {
        str iri = {0};
        error ignored = {0};
        inducer quiet = *d;
        quiet.err = &ignored;
        if (classes[i].count * 10 < classes[0].count ||
            iri_of(&quiet, classes[i].class_id, &iri) != STATUS_OK)
            continue;
        for (size_t k = 0; k < json_array_size(d->classes); k++) {
            const json_t *c = json_array_get(d->classes, k);
            const char *own = json_string_value(json_array_get(json_object_get(c, "iris"), 0));
            if (own != NULL && str_equal(str_from(own), iri))
                json_array_append(refs, json_object_get(c, "id"));
        }
    }
    return refs;
}

static const char *value_name(kg_value_kind kind)
{
    static const char *names[] = {"text",    "number", "date",   "duration",
                                  "percent", "money",  "boolean"};
    return (size_t)kind < CORE_COUNT(names) ? names[kind] : "text";
}

static void suggest(inducer *d, const char *relation, const kg_relation *r)
{
    if (r->functional < FUNCTIONAL_SHARE || r->subjects < FUNCTIONAL_SUBJECTS)
        return;
    json_array_append_new(d->suggestions, json_pack("{s:s, s:s, s:f, s:I}", "relation", relation,
                                                    "suggest", "functional", "share", r->functional,
                                                    "subjects", (json_int_t)r->subjects));
}

static status add_relation(inducer *d, const kg_relation *r)
{
    str iri = {0};
    char id[128];
    status st = iri_of(d, r->id, &iri);
    if (st != STATUS_OK)
        return st;
    make_id(iri, d->relations, d->a, id);
    json_t *j = json_object(), *iris = json_array();
    json_array_append_new(iris, text(iri));
    json_object_set_new(j, "id", json_string(id));
    json_object_set_new(j, "iris", iris);
    add_names(d, r->id, j);
    json_object_set_new(j, "domain", class_refs(d, r->domain, r->domain_count));
    json_t *range = class_refs(d, r->range, r->range_count);
    if (r->literal_share > 0.5)
        json_array_append_new(range, json_string(value_name(r->value_kind)));
    json_object_set_new(j, "range", range);
    json_object_set_new(j, "statistics",
                        json_pack("{s:I, s:I, s:I, s:f, s:f}", "statements", (json_int_t)r->count,
                                  "subjects", (json_int_t)r->subjects, "objects",
                                  (json_int_t)r->objects, "functional", r->functional,
                                  "inverse_functional", r->inverse_functional));
    suggest(d, id, r);
    json_array_append_new(d->relations, j);
    return STATUS_OK;
}

status induce_pack(kg_read *read, const char *name, json_t **out, error *err)
{
    inducer d = {.read = read, .a = arena_new(0), .err = err};
    if (d.a == NULL)
        return error_memory(err);
    d.relations = json_array();
    d.classes = json_array();
    d.suggestions = json_array();
    d.pack = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "$schema", "pack.schema.json", "name",
                       name, "version", "1", "classes", d.classes, "relations", d.relations,
                       "suggestions", d.suggestions);
    kg_relation *relations = NULL;
    size_t count = 0;
    status st = d.pack == NULL ? error_memory(err) : add_classes(&d);
    if (st == STATUS_OK)
        st = kg_relations(read, d.a, &relations, &count, err);
    for (size_t i = 0; st == STATUS_OK && i < count; i++)
        st = add_relation(&d, &relations[i]);
    arena_free(d.a);
    if (st != STATUS_OK)
        json_decref(d.pack);
    else
        *out = d.pack;
    return st;
}
