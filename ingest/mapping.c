/* Reads mappings. Every key is checked: a key that is not known is an error with its JSON pointer,
 * because a misspelt one would silently lose data. */
#include "ingest/mapping.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct loader {
    ingest_mapping *m;
    const char *where;
    error *err;
    mapping_cell defaults;
    size_t name_capacity;
} loader;

static status wrong(loader *l, const char *pointer, const char *what)
{
    return error_set_at(l->err, STATUS_INVALID, l->where, 0, 0, "%s: %s; see docs/MAPPINGS.md",
                        pointer, what);
}

static const char *pointer_of(loader *l, const char *base, const char *key)
{
    const char *p = arena_printf(l->m->memory, "%s/%s", base, key);
    return p == NULL ? base : p;
}

/* All keys of the object must be among `known`. */
static status check_keys(loader *l, json_t *object, const char *pointer, const char *const *known)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object))
        return wrong(l, pointer, "must be an object");
    json_object_foreach(object, key, value)
    {
        bool found = key[0] == '$';
        for (size_t i = 0; known[i] != NULL && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found)
            return wrong(l, pointer_of(l, pointer, key), "is not known here");
    }
    return STATUS_OK;
}

static status get_text(loader *l, json_t *object, const char *base, const char *key, str *out)
{
    json_t *v = json_object_get(object, key);
    if (v == NULL)
        return STATUS_OK;
    if (!json_is_string(v))
        return wrong(l, pointer_of(l, base, key), "must be a text");
    *out = arena_str(l->m->memory, str_make(json_string_value(v), json_string_length(v)));
    return out->data == NULL ? error_memory(l->err) : STATUS_OK;
}

static status get_flag(loader *l, json_t *object, const char *key, bool *out)
{
    json_t *v = json_object_get(object, key);
    if (v == NULL)
        return STATUS_OK;
    if (!json_is_boolean(v))
        return wrong(l, pointer_of(l, "", key), "must be true or false");
    *out = json_is_true(v);
    return STATUS_OK;
}

/* An array of texts; one text stands for an array of one. Puts them behind those of `out`. */
static status get_list(loader *l, json_t *object, const char *base, const char *key,
                       mapping_strs *out)
{
    json_t *v = json_object_get(object, key);
    if (v == NULL)
        return STATUS_OK;
    const char *pointer = pointer_of(l, base, key);
    size_t n = json_is_string(v) ? 1 : json_array_size(v);
    str *items = ARENA_ARRAY(l->m->memory, str, out->count + n + 1);
    if (items == NULL)
        return error_memory(l->err);
    for (size_t i = 0; i < out->count; i++)
        items[i] = out->items[i];
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_is_string(v) ? v : json_array_get(v, i);
        if (!json_is_string(item) || json_string_length(item) == 0)
            return wrong(l, pointer, "must hold texts that are not empty");
        items[out->count + i] =
            arena_str(l->m->memory, str_make(json_string_value(item), json_string_length(item)));
    }
    if (n == 0)
        return wrong(l, pointer, "must be a text or an array of texts");
    *out = (mapping_strs){items, out->count + n};
    return STATUS_OK;
}

static status get_pairs(loader *l, json_t *object, const char *base, mapping_strs *out)
{
    json_t *v = json_object_get(object, "replace");
    if (v == NULL)
        return STATUS_OK;
    const char *pointer = pointer_of(l, base, "replace");
    str *items = ARENA_ARRAY(l->m->memory, str, 2 * json_object_size(v) + 1);
    if (items == NULL)
        return error_memory(l->err);
    size_t n = 0;
    const char *key;
    json_t *value;
    json_object_foreach(v, key, value)
    {
        if (!json_is_string(value) || key[0] == '\0')
            return wrong(l, pointer, "must pair texts with texts");
        items[n++] = arena_str(l->m->memory, str_from(key));
        items[n++] = arena_str(l->m->memory, str_from(json_string_value(value)));
    }
    if (n == 0)
        return wrong(l, pointer, "must be an object that is not empty");
    *out = (mapping_strs){items, n};
    return STATUS_OK;
}

#define CELL_KEYS                                                                                  \
    "column", "split", "strip", "strip_ending", "drop", "reject_ending", "replace", "unit"

static status read_cell(loader *l, json_t *object, const char *pointer, mapping_cell *out)
{
    *out = l->defaults;
    json_t *column = json_object_get(object, "column");
    if (json_is_integer(column) && json_integer_value(column) > 0)
        out->number = (size_t)json_integer_value(column);
    else if (column != NULL && !(json_is_string(column) && json_string_length(column) > 0))
        return wrong(l, pointer_of(l, pointer, "column"),
                     "must be a column's name or its number, from 1");
    status st =
        json_is_string(column) ? get_text(l, object, pointer, "column", &out->column) : STATUS_OK;
    if (st == STATUS_OK)
        st = get_list(l, object, pointer, "split", &out->split);
    if (st == STATUS_OK)
        st = get_list(l, object, pointer, "strip", &out->strip);
    if (st == STATUS_OK)
        st = get_list(l, object, pointer, "strip_ending", &out->strip_ending);
    if (st == STATUS_OK)
        st = get_list(l, object, pointer, "drop", &out->drop);
    if (st == STATUS_OK)
        st = get_list(l, object, pointer, "reject_ending", &out->reject_ending);
    if (st == STATUS_OK)
        st = get_pairs(l, object, pointer, &out->replace);
    return st == STATUS_OK ? get_text(l, object, pointer, "unit", &out->unit) : st;
}

static status need_column(loader *l, const mapping_cell *cell, const char *pointer)
{
    if (str_empty(cell->column) && cell->number == 0)
        return wrong(l, pointer, "needs a \"column\"");
    return STATUS_OK;
}

static status get_kind(loader *l, json_t *object, const char *base, mapping_object *out)
{
    static const char *const names[] = {"entity", "literal", "iri", "alias"};
    str text = {0};
    status st = get_text(l, object, base, "object", &text);
    if (st != STATUS_OK || text.data == NULL)
        return st;
    for (size_t i = 0; i < CORE_COUNT(names); i++)
        if (str_equal(text, str_from(names[i]))) {
            *out = (mapping_object)(i + 1);
            return STATUS_OK;
        }
    return wrong(l, pointer_of(l, base, "object"), "must be entity, literal, iri or alias");
}

static status get_value_kind(loader *l, json_t *object, const char *base, kg_value_kind *out)
{
    static const char *const names[] = {"number", "date", "duration", "percent", "money", "bool"};
    str text = {0};
    status st = get_text(l, object, base, "value", &text);
    if (st != STATUS_OK || text.data == NULL)
        return st;
    for (size_t i = 0; i < CORE_COUNT(names); i++)
        if (str_equal(text, str_from(names[i]))) {
            *out = (kg_value_kind)(i + 1);
            return STATUS_OK;
        }
    return wrong(l, pointer_of(l, base, "value"),
                 "must be number, date, duration, percent, money or bool");
}

/* The IRI of a relation or class: a name of ours, or an IRI as it is. */
static str name_iri(loader *l, str name, const char *base)
{
    if (str_find(name, STR(":"), 0) != STR_NONE)
        return name;
    return kg_iri_make(str_from(base), name, l->m->memory);
}

static status read_column(loader *l, json_t *object, const char *pointer, mapping_column *out)
{
    static const char *const keys[] = {CELL_KEYS, "object", "relation", "class", "namespace",
                                       "lang",    "value",  "datatype", NULL};
    *out = (mapping_column){.object = MAPPING_ENTITY, .lang = l->m->lang};
    status st = check_keys(l, object, pointer, keys);
    if (st == STATUS_OK)
        st = read_cell(l, object, pointer, &out->cell);
    if (st == STATUS_OK)
        st = need_column(l, &out->cell, pointer);
    if (st == STATUS_OK)
        st = get_kind(l, object, pointer, &out->object);
    if (st == STATUS_OK)
        st = get_text(l, object, pointer, "relation", &out->relation);
    if (st == STATUS_OK)
        st = get_text(l, object, pointer, "class", &out->class_name);
    out->space = out->class_name;
    if (st == STATUS_OK)
        st = get_text(l, object, pointer, "namespace", &out->space);
    if (st == STATUS_OK)
        st = get_text(l, object, pointer, "lang", &out->lang);
    if (st == STATUS_OK)
        st = get_text(l, object, pointer, "datatype", &out->datatype);
    if (st == STATUS_OK)
        st = get_value_kind(l, object, pointer, &out->value);
    if (st == STATUS_OK && !str_empty(out->relation))
        out->relation = name_iri(l, out->relation, "r");
    return st;
}

static status read_columns(loader *l, json_t *root)
{
    json_t *list = json_object_get(root, "columns");
    size_t n = json_array_size(list);
    if (list != NULL && !json_is_array(list))
        return wrong(l, "/columns", "must be an array");
    l->m->columns = ARENA_ARRAY(l->m->memory, mapping_column, n + 1);
    if (l->m->columns == NULL)
        return error_memory(l->err);
    for (size_t i = 0; i < n; i++) {
        char pointer[40];
        snprintf(pointer, sizeof pointer, "/columns/%zu", i);
        status st = read_column(l, json_array_get(list, i), pointer, &l->m->columns[i]);
        if (st != STATUS_OK)
            return st;
        if (str_empty(l->m->columns[i].relation))
            return wrong(l, pointer, "needs a \"relation\"");
    }
    l->m->column_count = n;
    return STATUS_OK;
}

static status read_one_predicate(loader *l, const char *key, json_t *v, mapping_predicate *p)
{
    static const char *const keys[] = {
        "relation",          "object", "class", "namespace", "subject_class",
        "subject_namespace", "value",  NULL};
    const char *pointer = pointer_of(l, "/predicate/relations", key);
    p->name = arena_str(l->m->memory, str_from(key));
    status st = check_keys(l, v, pointer, keys);
    if (st == STATUS_OK)
        st = get_text(l, v, pointer, "relation", &p->relation);
    if (st == STATUS_OK)
        st = get_kind(l, v, pointer, &p->object);
    if (st == STATUS_OK)
        st = get_text(l, v, pointer, "class", &p->class_name);
    p->space = p->class_name;
    if (st == STATUS_OK)
        st = get_text(l, v, pointer, "namespace", &p->space);
    if (st == STATUS_OK)
        st = get_text(l, v, pointer, "subject_class", &p->subject_class);
    p->subject_space = p->subject_class;
    if (st == STATUS_OK)
        st = get_text(l, v, pointer, "subject_namespace", &p->subject_space);
    if (st == STATUS_OK)
        st = get_value_kind(l, v, pointer, &p->value);
    p->relation = name_iri(l, str_empty(p->relation) ? p->name : p->relation, "r");
    return st;
}

static status read_predicate(loader *l, json_t *root)
{
    static const char *const keys[] = {CELL_KEYS, "relations", NULL};
    json_t *v = json_object_get(root, "predicate");
    if (v == NULL)
        return STATUS_OK;
    status st = check_keys(l, v, "/predicate", keys);
    if (st == STATUS_OK)
        st = read_cell(l, v, "/predicate", &l->m->predicate);
    if (st == STATUS_OK)
        st = need_column(l, &l->m->predicate, "/predicate");
    json_t *relations = json_object_get(v, "relations");
    l->m->predicates =
        ARENA_ARRAY(l->m->memory, mapping_predicate, json_object_size(relations) + 1);
    if (st == STATUS_OK && l->m->predicates == NULL)
        st = error_memory(l->err);
    const char *key;
    json_t *one;
    json_object_foreach(relations, key, one)
    {
        if (st == STATUS_OK)
            st = read_one_predicate(l, key, one, &l->m->predicates[l->m->predicate_count++]);
    }
    l->m->has_predicate = true;
    json_t *object = json_object_get(root, "object");
    if (st == STATUS_OK && object == NULL)
        return wrong(l, "/predicate", "needs an \"object\" beside it");
    return st == STATUS_OK ? read_column(l, object, "/object", &l->m->object) : st;
}

static status add_name(loader *l, mapping_name name)
{
    ingest_mapping *m = l->m;
    if (m->name_count == l->name_capacity) {
        size_t capacity = l->name_capacity * 2 + 64;
        mapping_name *more = ARENA_ARRAY(m->memory, mapping_name, capacity);
        if (more == NULL)
            return error_memory(l->err);
        if (m->name_count > 0)
            memcpy(more, m->names, m->name_count * sizeof *more);
        m->names = more;
        l->name_capacity = capacity;
    }
    m->names[m->name_count++] = name;
    return STATUS_OK;
}

/* {"zh": "..."} or {"zh": ["...", ...]} as names of `iri`. */
static status read_texts(loader *l, json_t *object, const char *pointer, mapping_name base)
{
    if (object != NULL && !json_is_object(object))
        return wrong(l, pointer, "must pair languages with texts");
    const char *lang;
    json_t *v;
    json_object_foreach(object, lang, v)
    {
        mapping_strs texts = {0};
        status st = get_list(l, object, pointer, lang, &texts);
        for (size_t i = 0; st == STATUS_OK && i < texts.count; i++) {
            mapping_name n = base;
            n.text = texts.items[i];
            n.lang = arena_str(l->m->memory, str_from(lang));
            st = add_name(l, n);
        }
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static status read_names(loader *l, json_t *root, const char *section, const char *iri_class)
{
    static const char *const keys[] = {"label", "alias", NULL};
    json_t *list = json_object_get(root, section);
    const char *base = pointer_of(l, "", section);
    if (list != NULL && !json_is_object(list))
        return wrong(l, base, "must be an object");
    const char *key;
    json_t *v;
    json_object_foreach(list, key, v)
    {
        const char *pointer = pointer_of(l, base, key);
        mapping_name n = {.iri = name_iri(l, arena_str(l->m->memory, str_from(key)), iri_class),
                          .is_class = iri_class[0] == 'c'};
        status st = check_keys(l, v, pointer, keys);
        if (st == STATUS_OK)
            st = read_texts(l, json_object_get(v, "label"), pointer_of(l, pointer, "label"), n);
        n.alias = true;
        if (st == STATUS_OK)
            st = read_texts(l, json_object_get(v, "alias"), pointer_of(l, pointer, "alias"), n);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static status read_extra_cells(loader *l, json_t *root)
{
    str extra = {0}, separator = {0};
    status st = get_text(l, root, "", "extra_cells", &extra);
    if (st == STATUS_OK && extra.data != NULL && !str_equal(extra, STR("reject")) &&
        !str_equal(extra, STR("ignore")))
        return wrong(l, "/extra_cells", "must be reject or ignore");
    l->m->reject_extra = str_equal(extra, STR("reject"));
    if (st == STATUS_OK)
        st = get_text(l, root, "", "separator", &separator);
    if (st == STATUS_OK && separator.length > 1)
        return wrong(l, "/separator", "must be one ASCII character");
    l->m->separator = separator.length == 1 ? separator.data[0] : '\0';
    return st;
}

static status read_side_cell(loader *l, json_t *root, const char *key, mapping_cell *out)
{
    static const char *const keys[] = {CELL_KEYS, NULL};
    json_t *v = json_object_get(root, key);
    if (v == NULL)
        return STATUS_OK;
    const char *pointer = pointer_of(l, "", key);
    status st = check_keys(l, v, pointer, keys);
    if (st == STATUS_OK)
        st = read_cell(l, v, pointer, out);
    return st == STATUS_OK ? need_column(l, out, pointer) : st;
}

static status read_root(loader *l, json_t *root)
{
    static const char *const keys[] = {
        "mapping",   "description", "pack",     "lang",       "header", "extra_cells", "separator",
        "records",   "cells",       "subject",  "predicate",  "object", "columns",     "classes",
        "relations", "valid_from",  "valid_to", "confidence", NULL};
    ingest_mapping *m = l->m;
    m->header = true;
    status st = check_keys(l, root, "", keys);
    if (st == STATUS_OK)
        st = get_text(l, root, "", "mapping", &m->name);
    if (st == STATUS_OK)
        st = get_text(l, root, "", "pack", &m->pack);
    if (st == STATUS_OK)
        st = get_text(l, root, "", "lang", &m->lang);
    if (st == STATUS_OK)
        st = get_text(l, root, "", "records", &m->records);
    if (st == STATUS_OK)
        st = get_flag(l, root, "header", &m->header);
    if (st == STATUS_OK)
        st = read_extra_cells(l, root);
    json_t *cells = json_object_get(root, "cells");
    if (st == STATUS_OK && cells != NULL)
        st = read_cell(l, cells, "/cells", &l->defaults);
    json_t *subject = json_object_get(root, "subject");
    if (st == STATUS_OK && subject == NULL)
        st = wrong(l, "/subject", "is missing");
    if (st == STATUS_OK)
        st = read_column(l, subject, "/subject", &m->subject);
    if (st == STATUS_OK)
        st = read_predicate(l, root);
    if (st == STATUS_OK)
        st = read_columns(l, root);
    if (st == STATUS_OK)
        st = read_side_cell(l, root, "valid_from", &m->valid_from);
    if (st == STATUS_OK)
        st = read_side_cell(l, root, "valid_to", &m->valid_to);
    if (st == STATUS_OK)
        st = read_side_cell(l, root, "confidence", &m->confidence);
    if (st == STATUS_OK)
        st = read_names(l, root, "classes", "c");
    return st == STATUS_OK ? read_names(l, root, "relations", "r") : st;
}

static ingest_mapping *mapping_new(void)
{
    arena *memory = arena_new((size_t)64 << 20);
    ingest_mapping *m = memory == NULL ? NULL : ARENA_NEW(memory, ingest_mapping);
    if (m == NULL) {
        arena_free(memory);
        return NULL;
    }
    m->memory = memory;
    return m;
}

status ingest_mapping_parse(str json, const char *where, ingest_mapping **out, error *err)
{
    json_error_t je;
    json_t *root = json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, &je);
    if (root == NULL)
        return error_set_at(err, STATUS_SYNTAX, where, (uint64_t)(je.line > 0 ? je.line : 0),
                            (uint64_t)(je.column > 0 ? je.column : 0), "%s", je.text);
    ingest_mapping *m = mapping_new();
    if (m == NULL) {
        json_decref(root);
        return error_memory(err);
    }
    loader l = {.m = m, .where = where, .err = err};
    status st = read_root(&l, root);
    json_decref(root);
    if (st != STATUS_OK) {
        ingest_mapping_free(m);
        return st;
    }
    *out = m;
    return STATUS_OK;
}

status ingest_mapping_open(const char *path, ingest_mapping **out, error *err)
{
    ingest_source *source;
    ingest_source_options options = {0};
    status st = ingest_source_open(path, &options, &source, err);
    if (st != STATUS_OK)
        return st;
    str text;
    st = ingest_source_slurp(source, (size_t)16 << 20, &text, err);
    ingest_source_close(source);
    if (st != STATUS_OK)
        return st;
    st = ingest_mapping_parse(text, path, out, err);
    free((void *)(uintptr_t)text.data);
    return st;
}

void ingest_mapping_free(ingest_mapping *m)
{
    if (m != NULL)
        arena_free(m->memory);
}

status ingest_mapping_triples(ingest_mapping **out, error *err)
{
    static const char text[] = "{\"header\":false,\"subject\":{\"column\":1},"
                               "\"predicate\":{\"column\":2},\"object\":{\"column\":3}}";
    return ingest_mapping_parse(STR(text), "three columns", out, err);
}
