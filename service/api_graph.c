/* Reading a graph: GET /v1/graphs/{g}, its entities, neighbours, statements and sources. Every call
 * is one consistent read; ETags come from the graph's version. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "service/api.h"

#define MOST_A_PAGE 500

/* Begins a read and answers 304 when nothing changed; NULL when the call is answered. */
static kg_read *begin(call *c)
{
    error err = {0};
    kg_read *read = NULL;
    if (kg_read_begin(c->graph->store, &read, &err) != STATUS_OK) {
        api_error_from(c, &err);
        return NULL;
    }
    if (api_etag(c, read)) {
        kg_read_end(read);
        return NULL;
    }
    return read;
}

/* Ends the read and answers with the document, or with the error. */
static void end(call *c, kg_read *read, status code, json_t *document, const error *err)
{
    kg_read_end(read);
    if (code == STATUS_OK) {
        api_json(c, 200, document);
    } else {
        json_decref(document);
        api_error_from(c, err);
    }
}

static json_t *text_json(str text)
{
    return json_stringn(text.data == NULL ? "" : text.data, text.length);
}

static str lang_of(call *c)
{
    return str_from(http_query(c->r, "lang"));
}

static json_t *day_json(clock_day day)
{
    char text[16];
    clock_day_format(day, text);
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *statement_id_json(kg_statement_id id)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, id);
    return json_string(text);
}

/* A term as {id, label, kind} with datatype and language where it has them. */
static json_t *term_json(const kg_term *term, str label)
{
    static const char *const kinds[] = {"", "iri", "blank", "literal"};
    json_t *out = json_object();
    json_object_set_new(out, "id", text_json(term->lexical));
    json_object_set_new(out, "label", text_json(label));
    json_object_set_new(out, "kind", json_string(kinds[term->kind]));
    if (term->datatype.length > 0)
        json_object_set_new(out, "datatype", text_json(term->datatype));
    if (term->lang.length > 0)
        json_object_set_new(out, "lang", text_json(term->lang));
    return out;
}

/* Terms and labels of ids, in the arena. */
static status describe(kg_read *read, const kg_id *ids, size_t count, str lang, arena *a,
                       kg_term **terms, str **labels, error *err)
{
    *terms = ARENA_ARRAY(a, kg_term, count + 1);
    *labels = ARENA_ARRAY(a, str, count + 1);
    if (*terms == NULL || *labels == NULL)
        return error_memory(err);
    status code = kg_terms(read, ids, count, a, *terms, err);
    if (code == STATUS_OK)
        code = kg_labels(read, ids, count, lang, a, *labels, err);
    for (size_t i = 0; i < count && code == STATUS_OK; i++) {
        str common =
            (*terms)[i].kind == KG_TERM_IRI ? kg_common_label((*terms)[i].lexical, lang) : STR("");
        if (!str_empty(common))
            (*labels)[i] = common;
    }
    return code;
}

/* Statements as JSON with their terms described. */
static status statements_json(kg_read *read, const kg_statement *items, size_t count, str lang,
                              arena *a, json_t *list, error *err)
{
    kg_id *ids = ARENA_ARRAY(a, kg_id, 3 * count + 1);
    kg_term *terms;
    str *labels;
    if (ids == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        ids[3 * i] = items[i].s;
        ids[3 * i + 1] = items[i].p;
        ids[3 * i + 2] = items[i].o;
    }
    status code = describe(read, ids, 3 * count, lang, a, &terms, &labels, err);
    for (size_t i = 0; code == STATUS_OK && i < count; i++) {
        json_t *out = json_object();
        json_object_set_new(out, "id", statement_id_json(items[i].id));
        json_object_set_new(out, "subject", term_json(&terms[3 * i], labels[3 * i]));
        json_object_set_new(out, "predicate", term_json(&terms[3 * i + 1], labels[3 * i + 1]));
        json_object_set_new(out, "object", term_json(&terms[3 * i + 2], labels[3 * i + 2]));
        json_object_set_new(out, "valid_from", day_json(items[i].valid_from));
        json_object_set_new(out, "valid_to", day_json(items[i].valid_to));
        json_object_set_new(out, "confidence", json_real((double)items[i].confidence));
        json_array_append_new(list, out);
    }
    return code;
}

/* {items, next_cursor}: the cursor only when there is more. */
static json_t *page_json(json_t *items, bool more, size_t next)
{
    json_t *out = json_pack("{s:o}", "items", items);
    if (more) {
        char text[24];
        snprintf(text, sizeof text, "%zu", next);
        json_object_set_new(out, "next_cursor", json_string(text));
    }
    return out;
}

/* {id, label, count} of each; ids and counts are in the arena. */
static status counted_json(kg_read *read, const kg_id *ids, const uint64_t *counts, size_t count,
                           str lang, arena *a, json_t *list, error *err)
{
    kg_term *terms = NULL;
    str *labels = NULL;
    status code = describe(read, ids, count, lang, a, &terms, &labels, err);
    for (size_t i = 0; code == STATUS_OK && i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "id", text_json(terms[i].lexical),
                                              "label", text_json(labels[i]), "count",
                                              (json_int_t)counts[i]));
    return code;
}

static status relations_json(kg_read *read, str lang, arena *a, json_t *list, error *err)
{
    kg_relation *relations;
    size_t count;
    status code = kg_relations(read, a, &relations, &count, err);
    if (code != STATUS_OK)
        return code;
    kg_id *ids = ARENA_ARRAY(a, kg_id, count + 1);
    uint64_t *counts = ARENA_ARRAY(a, uint64_t, count + 1);
    if (ids == NULL || counts == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        ids[i] = relations[i].id;
        counts[i] = relations[i].count;
    }
    code = counted_json(read, ids, counts, count, lang, a, list, err);
    for (size_t i = 0; code == STATUS_OK && i < count; i++) {
        json_t *item = json_array_get(list, i);
        json_object_set_new(item, "subjects", json_integer((json_int_t)relations[i].subjects));
        json_object_set_new(item, "objects", json_integer((json_int_t)relations[i].objects));
    }
    return code;
}

static status classes_json(kg_read *read, str lang, arena *a, json_t *list, error *err)
{
    kg_class_count *classes;
    size_t count;
    status code = kg_classes(read, a, &classes, &count, err);
    if (code != STATUS_OK)
        return code;
    kg_id *ids = ARENA_ARRAY(a, kg_id, count + 1);
    uint64_t *counts = ARENA_ARRAY(a, uint64_t, count + 1);
    if (ids == NULL || counts == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        ids[i] = classes[i].class_id;
        counts[i] = classes[i].count;
    }
    return counted_json(read, ids, counts, count, lang, a, list, err);
}

void api_graph(call *c)
{
    error err = {0};
    kg_totals t;
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    json_t *relations = json_array();
    json_t *classes = json_array();
    status code = kg_read_totals(read, &t, &err);
    if (code == STATUS_OK)
        code = relations_json(read, lang_of(c), c->r->a, relations, &err);
    if (code == STATUS_OK)
        code = classes_json(read, lang_of(c), c->r->a, classes, &err);
    json_t *out = json_pack("{s:s, s:o, s:o}", "name", c->graph_name, "relations", relations,
                            "classes", classes);
    if (code == STATUS_OK) {
        json_object_set_new(out, "statements", json_integer((json_int_t)t.statements));
        json_object_set_new(out, "terms", json_integer((json_int_t)t.terms));
        json_object_set_new(out, "entities", json_integer((json_int_t)t.entities));
        json_object_set_new(out, "sources", json_integer((json_int_t)t.sources));
        json_object_set_new(out, "passages", json_integer((json_int_t)t.passages));
        json_object_set_new(out, "version", json_integer((json_int_t)t.version));
        json_object_set_new(out, "pack", text_json(kg_meta_get(read, STR("pack"))));
        json_object_set_new(out, "role", json_string(service_role_name(c->role)));
    }
    end(c, read, code, out, &err);
}

void api_entities(call *c)
{
    error err = {0};
    size_t limit, offset, count = 0;
    kg_hit *hits = NULL;
    const char *q = http_query(c->r, "q");
    if (q == NULL || q[0] == '\0') {
        api_error(c, 422, "invalid_fields", "'q' is required: the name to look for");
        return;
    }
    if (strlen(q) > 1024) {
        api_error(c, 422, "invalid_fields", "'q' must have at most 1024 bytes");
        return;
    }
    if (!api_page(c, MOST_A_PAGE, &limit, &offset))
        return;
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    const kg_search_options options = {.lang = {0}, .limit = offset + limit + 1};
    status code = kg_label_search(read, str_from(q), &options, c->r->a, &hits, &count, &err);
    bool more = count > offset + limit;
    size_t from = offset < count ? offset : count;
    size_t shown = count - from < limit ? count - from : limit;
    kg_id *ids = ARENA_ARRAY(c->r->a, kg_id, shown + 1);
    kg_term *terms = NULL;
    str *labels = NULL;
    for (size_t i = 0; code == STATUS_OK && i < shown; i++)
        ids[i] = hits[from + i].term;
    if (code == STATUS_OK)
        code = describe(read, ids, shown, lang_of(c), c->r->a, &terms, &labels, &err);
    json_t *items = json_array();
    for (size_t i = 0; code == STATUS_OK && i < shown; i++) {
        json_t *item = term_json(&terms[i], labels[i]);
        json_object_set_new(item, "matched", text_json(hits[from + i].text));
        json_object_set_new(item, "score",
                            json_real(round(1e4 * (double)hits[from + i].score) / 1e4));
        json_array_append_new(items, item);
    }
    end(c, read, code, page_json(items, more, offset + limit), &err);
}

/* The entity of the path: an IRI, "_:label" for a blank node, or a name. 0 after a 404. */
static kg_id entity_of(call *c, kg_read *read)
{
    error err = {0};
    kg_id id = 0;
    str text = str_from(c->segments[0]);
    kg_term term = {.kind = KG_TERM_IRI, .lexical = text};
    if (str_starts(text, STR("_:"))) {
        term.kind = KG_TERM_BLANK;
        term.lexical = str_slice(text, 2, text.length);
    }
    if (kg_find(read, term, &id, &err) != STATUS_OK || id == 0) {
        kg_hit *hits = NULL;
        size_t count = 0;
        const kg_search_options exact = {.exact_only = true, .limit = 1};
        error_clear(&err);
        if (kg_label_search(read, text, &exact, c->r->a, &hits, &count, &err) == STATUS_OK &&
            count > 0)
            id = hits[0].term;
    }
    if (id == 0)
        api_not_found(c, "entity");
    return id;
}

static status labels_json(kg_read *read, kg_id id, arena *a, json_t *list, error *err)
{
    kg_label *labels;
    size_t count;
    status code = kg_label_list(read, id, a, &labels, &count, err);
    for (size_t i = 0; code == STATUS_OK && i < count; i++) {
        json_t *item = json_pack("{s:o, s:s}", "text", text_json(labels[i].text), "kind",
                                 labels[i].kind == KG_LABEL_PRIMARY ? "primary" : "alias");
        if (labels[i].lang.length > 0)
            json_object_set_new(item, "lang", text_json(labels[i].lang));
        json_array_append_new(list, item);
    }
    return code;
}

void api_entity(call *c)
{
    error err = {0};
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    kg_id id = entity_of(c, read);
    if (id == 0) {
        kg_read_end(read);
        return;
    }
    kg_term *term;
    str *label;
    kg_id_list types = {0};
    json_t *names = json_array();
    json_t *classes = json_array();
    json_t *out = NULL;
    status code = describe(read, &id, 1, lang_of(c), c->r->a, &term, &label, &err);
    if (code == STATUS_OK)
        out = term_json(term, *label);
    if (code == STATUS_OK)
        code = labels_json(read, id, c->r->a, names, &err);
    if (code == STATUS_OK)
        code = kg_types(read, id, c->r->a, &types, &err);
    if (code == STATUS_OK)
        code = describe(read, types.items, types.count, lang_of(c), c->r->a, &term, &label, &err);
    for (size_t i = 0; code == STATUS_OK && i < types.count; i++)
        json_array_append_new(classes, term_json(&term[i], label[i]));
    if (out != NULL) {
        json_object_set(out, "labels", names);
        json_object_set(out, "types", classes);
    }
    json_decref(names);
    json_decref(classes);
    end(c, read, code, out, &err);
}

void api_neighbors(call *c)
{
    error err = {0};
    size_t limit, offset;
    if (!api_page(c, MOST_A_PAGE, &limit, &offset))
        return;
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    kg_id id = entity_of(c, read);
    if (id == 0) {
        kg_read_end(read);
        return;
    }
    const kg_expand_options options = {.direction = KG_BOTH, .limit = offset + limit + 1};
    kg_statement_list found = {0};
    status code = kg_expand(read, &id, 1, &options, c->r->a, &found, &err);
    size_t from = offset < found.count ? offset : found.count;
    size_t shown = found.count - from < limit ? found.count - from : limit;
    json_t *items = json_array();
    if (code == STATUS_OK)
        code = statements_json(read, found.items + from, shown, lang_of(c), c->r->a, items, &err);
    end(c, read, code, page_json(items, found.count > offset + limit, offset + limit), &err);
}

static bool parse_statement_id(const char *text, kg_statement_id *out)
{
    char *end_of_id = NULL;
    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *out = strtoull(text, &end_of_id, 16);
    return *end_of_id == '\0';
}

static json_t *origins_json(const call *c, const kg_statement_detail *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->origin_count; i++) {
        const kg_origin *o = &d->origins[i];
        json_array_append_new(
            list,
            json_pack("{s:o, s:I, s:I, s:f, s:f}", "source",
                      text_json(c->role >= ROLE_ADMIN ? o->source : answer_source_name(o->source)),
                      "position", (json_int_t)o->line, "recorded_at", (json_int_t)o->recorded_at,
                      "confidence", (double)o->confidence, "authority", o->authority));
    }
    return list;
}

void api_statement(call *c)
{
    error err = {0};
    kg_statement_id id;
    kg_statement_detail detail = {0};
    if (!parse_statement_id(c->segments[0], &id)) {
        api_not_found(c, "statement");
        return;
    }
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    json_t *list = json_array();
    status code = kg_statement_get(read, id, c->r->a, &detail, &err);
    if (code == STATUS_NOT_FOUND) {
        json_decref(list);
        kg_read_end(read);
        api_not_found(c, "statement");
        return;
    }
    if (code == STATUS_OK)
        code = statements_json(read, &detail.statement, 1, lang_of(c), c->r->a, list, &err);
    json_t *out = json_incref(json_array_get(list, 0));
    json_decref(list);
    if (code == STATUS_OK)
        json_object_set_new(out, "sources", origins_json(c, &detail));
    end(c, read, code, out, &err);
}

void api_sources(call *c)
{
    error err = {0};
    size_t limit, offset, count = 0;
    kg_source *sources = NULL;
    if (!api_page(c, MOST_A_PAGE, &limit, &offset))
        return;
    kg_read *read = begin(c);
    if (read == NULL)
        return;
    status code = kg_sources(read, c->r->a, &sources, &count, &err);
    json_t *items = json_array();
    for (size_t i = offset; code == STATUS_OK && i < count && i < offset + limit; i++)
        json_array_append_new(
            items, json_pack("{s:o, s:o, s:I, s:I, s:f}", "id",
                             text_json(c->role >= ROLE_ADMIN ? sources[i].name
                                                             : answer_source_name(sources[i].name)),
                             "format", text_json(sources[i].format), "statements",
                             (json_int_t)sources[i].statements, "loaded_at",
                             (json_int_t)sources[i].loaded_at, "authority", sources[i].authority));
    end(c, read, code, page_json(items, count > offset + limit, offset + limit), &err);
}
