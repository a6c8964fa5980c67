/* The JSON lines that Neo4j's apoc.export.json writes: nodes with labels and properties, and
 * relationships between them. A node is urn:vouch:n:<id>:<hash> (apoc_nodes.h); its labels are
 * classes, its properties relations with literals; `name`, `title` or `label` is its rdfs:label. A
 * relationship's properties qualify its statement; one that comes before its nodes waits for them.
 */
#include <jansson.h>
#include <stdlib.h>

#include "core/utf8.h"
#include "ingest/apoc_nodes.h"
#include "ingest/lines.h"
#include "ingest/reader.h"

#define MAX_QUALIFIERS 64
#define WAITING_BYTES ((size_t)64 << 20) /* of relationships that wait for their nodes */

typedef struct waiting {
    struct waiting *next;
    str text;
    uint64_t line;
} waiting;

typedef struct apoc {
    const ingest_sink *sink;
    ingest_apoc_nodes *nodes;
    arena *a;    /* of one line */
    arena *kept; /* of those that wait */
    waiting *first, **last;
    bool at_end; /* nobody waits any longer */
    uint64_t line;
    error *err;
} apoc;

static str text_of(const json_t *v)
{
    return json_is_string(v) ? str_make(json_string_value(v), json_string_length(v))
                             : str_make(NULL, 0);
}

/* An id is a text, or a number in older exports. */
static str id_of(apoc *p, const json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    if (json_is_integer(id))
        return str_from(arena_printf(p->a, "%lld", (long long)json_integer_value(id)));
    return text_of(id);
}

static kg_term node_term(apoc *p, str id)
{
    return ingest_iri(ingest_apoc_nodes_iri(p->nodes, id, p->a));
}

static kg_term relation_term(apoc *p, const char *name)
{
    return ingest_iri(kg_iri_make(STR("r"), str_from(name), p->a));
}

/* False for what is no single value. */
static bool literal_of(apoc *p, const json_t *v, kg_term *out)
{
    if (json_is_string(v))
        *out = ingest_plain(text_of(v), STR(""));
    else if (json_is_integer(v))
        *out = ingest_typed(str_from(arena_printf(p->a, "%lld", (long long)json_integer_value(v))),
                            STR(INGEST_XSD "integer"));
    else if (json_is_real(v))
        *out = ingest_typed(str_from(arena_printf(p->a, "%.15g", json_real_value(v))),
                            STR(INGEST_XSD "double"));
    else if (json_is_boolean(v))
        *out =
            ingest_typed(json_is_true(v) ? STR("true") : STR("false"), STR(INGEST_XSD "boolean"));
    else
        return false;
    return true;
}

static status say_property(apoc *p, kg_term node, const char *key, const json_t *v)
{
    kg_term o;
    if (json_is_array(v)) {
        status st = STATUS_OK;
        for (size_t i = 0; st == STATUS_OK && i < json_array_size(v); i++)
            st = say_property(p, node, key, json_array_get(v, i));
        return st;
    }
    if (json_is_object(v)) { /* a point or a duration: its own JSON */
        char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
        str kept = arena_str(p->a, str_from(text));
        free(text);
        return ingest_add(p->sink, node, relation_term(p, key), ingest_plain(kept, STR("")),
                          p->line, p->err);
    }
    return literal_of(p, v, &o)
               ? ingest_add(p->sink, node, relation_term(p, key), o, p->line, p->err)
               : STATUS_OK;
}

static str name_of(const json_t *properties)
{
    static const char *const keys[] = {"name", "title", "label", "名称"};
    str name = {0};
    for (size_t i = 0; i < CORE_COUNT(keys) && str_empty(name); i++)
        name = text_of(json_object_get(properties, keys[i]));
    return name;
}

static status take_node(apoc *p, const json_t *object)
{
    str id = id_of(p, object);
    if (str_empty(id))
        return ingest_reject(p->sink, p->line, 0, STR(""), p->err, "a node without an id");
    const json_t *labels = json_object_get(object, "labels");
    const json_t *properties = json_object_get(object, "properties");
    str name = name_of(properties);
    if (!ingest_apoc_nodes_put(p->nodes, id, name, labels, properties))
        return error_memory(p->err);
    kg_term node = node_term(p, id);
    status st = str_empty(name) ? STATUS_OK
                                : ingest_add(p->sink, node, ingest_iri(STR(INGEST_RDFS "label")),
                                             ingest_plain(name, STR("")), p->line, p->err);
    for (size_t i = 0; st == STATUS_OK && i < json_array_size(labels); i++) {
        str label = text_of(json_array_get(labels, i));
        if (!str_empty(label))
            st = ingest_add(p->sink, node, ingest_iri(STR(INGEST_RDF "type")),
                            ingest_iri(kg_iri_make(STR("c"), label, p->a)), p->line, p->err);
    }
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)properties, key, v)
    {
        if (st == STATUS_OK)
            st = say_property(p, node, key, v);
    }
    return st;
}

/* Puts a relationship off until the end when a node of it was not seen; false when there is no room
 * for that. */
static bool wait_for_nodes(apoc *p, str text, str from, str to)
{
    if (p->at_end || (ingest_apoc_nodes_has(p->nodes, from) && ingest_apoc_nodes_has(p->nodes, to)))
        return false;
    waiting *w = arena_used(p->kept) > WAITING_BYTES ? NULL : ARENA_ARRAY(p->kept, waiting, 1);
    if (w == NULL)
        return false;
    *w = (waiting){.text = arena_str(p->kept, text), .line = p->line};
    *p->last = w;
    p->last = &w->next;
    return true;
}

static status take_relationship(apoc *p, const json_t *object, str text)
{
    str from = id_of(p, json_object_get(object, "start"));
    str to = id_of(p, json_object_get(object, "end"));
    str label = text_of(json_object_get(object, "label"));
    if (str_empty(from) || str_empty(to) || str_empty(label))
        return ingest_reject(p->sink, p->line, 0, STR(""), p->err,
                             "a relationship needs a label, a start and an end");
    if (wait_for_nodes(p, text, from, to))
        return STATUS_OK;
    kg_new_qualifier qualifiers[MAX_QUALIFIERS];
    kg_new_statement st = {.s = node_term(p, from),
                           .p = ingest_iri(kg_iri_make(STR("r"), label, p->a)),
                           .o = node_term(p, to),
                           .valid_from = CLOCK_DAY_UNKNOWN,
                           .valid_to = CLOCK_DAY_UNKNOWN,
                           .confidence = -1.0f,
                           .line = p->line,
                           .qualifiers = qualifiers};
    const char *key;
    json_t *v;
    json_object_foreach(json_object_get(object, "properties"), key, v)
    {
        kg_term o;
        if (st.qualifier_count < MAX_QUALIFIERS && literal_of(p, v, &o))
            qualifiers[st.qualifier_count++] = (kg_new_qualifier){relation_term(p, key), o};
    }
    return p->sink->add(p->sink->context, &st, p->err);
}

static status take_object(apoc *p, str text)
{
    json_error_t je;
    json_t *object = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &je);
    if (object == NULL)
        return ingest_reject(p->sink, p->line, je.column > 0 ? (uint64_t)je.column : 0, text,
                             p->err, "%s", je.text);
    str type = text_of(json_object_get(object, "type"));
    status st;
    if (str_equal(type, STR("node")))
        st = take_node(p, object);
    else if (str_equal(type, STR("relationship")))
        st = take_relationship(p, object, text);
    else
        st = ingest_reject(p->sink, p->line, 0, text, p->err,
                           "expected \"type\" to be \"node\" or \"relationship\"");
    json_decref(object);
    arena_reset(p->a);
    return st;
}

static status take_line(apoc *p, const ingest_line *line)
{
    str text = str_trim(line->text);
    p->line = line->number;
    if (line->too_long)
        return ingest_reject(p->sink, p->line, 0, str_slice(text, 0, 80), p->err,
                             "the line is longer than %zu MiB", INGEST_MAX_LINE >> 20);
    return str_empty(text) ? STATUS_OK : take_object(p, text);
}

static status take_waiting(apoc *p)
{
    status st = STATUS_OK;
    p->at_end = true;
    for (const waiting *w = p->first; w != NULL && st == STATUS_OK; w = w->next) {
        p->line = w->line;
        st = take_object(p, w->text);
    }
    return st;
}

status ingest_read_apoc(ingest_input *input, const ingest_sink *sink, error *err)
{
    ingest_apoc_nodes own = {0};
    apoc p = {.sink = sink,
              .nodes = input->apoc_nodes == NULL ? &own : input->apoc_nodes,
              .a = arena_new((size_t)1 << 30),
              .kept = arena_new((size_t)1 << 30),
              .err = err};
    p.last = &p.first;
    status st = p.a == NULL || p.kept == NULL ? error_memory(err) : STATUS_OK;
    ingest_lines lines;
    ingest_lines_init(&lines, input->source);
    for (bool more = true; st == STATUS_OK;) {
        ingest_line line;
        st = ingest_lines_next(&lines, &line, &more, err);
        if (st != STATUS_OK || !more)
            break;
        input->lines = line.number;
        st = take_line(&p, &line);
    }
    if (st == STATUS_OK)
        st = take_waiting(&p);
    ingest_lines_free(&lines);
    ingest_apoc_nodes_free(&own);
    arena_free(p.kept);
    arena_free(p.a);
    return st;
}
