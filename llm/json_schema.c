/* See json_schema.h. Each subschema becomes a rule n0, n1, ...; definitions become rules by their
 * place in the schema, so that recursion through $ref works. */
#include "llm/json_schema.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compiler.h"

#define MOST_DEPTH 64
#define MOST_RULES 2000
#define MOST_REFERENCES 256
#define POINTER_BYTES 256

#define JSON_RULES                                                                                 \
    "value ::= object | array | string | number | boolean | null\n"                                \
    "object ::= \"{\" ws (string \":\" ws value (\",\" ws string \":\" ws value)*)? ws \"}\"\n"    \
    "array ::= \"[\" ws (value (\",\" ws value)*)? ws \"]\"\n"                                     \
    "string ::= \"\\\"\" char* \"\\\"\"\n"                                                         \
    "char ::= [^\"\\\\\\x00-\\x1f\\x7f] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" hex)\n"                 \
    "hex ::= [0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2} | [dD] [89abAB] "          \
    "[0-9a-fA-F]{2} \"\\\\u\" [dD] [c-fC-F] [0-9a-fA-F]{2}\n"                                      \
    "integer ::= \"-\"? (\"0\" | [1-9] [0-9]{0,17})\n"                                             \
    "number ::= integer (\".\" [0-9]{1,17})? ([eE] [-+]? [0-9]{1,3})?\n"                           \
    "boolean ::= \"true\" | \"false\"\n"                                                           \
    "null ::= \"null\"\n"                                                                          \
    "ws ::= (\" \" | \"\\n\" [ \\t]{0,20})?\n"

str llm_json_grammar(void)
{
    return STR("root ::= value\n" JSON_RULES);
}

typedef struct reference {
    const json_t *target;
    char pointer[POINTER_BYTES];
} reference;

typedef struct writer {
    const json_t *root;
    buf *out;
    int rules;
    reference references[MOST_REFERENCES];
    size_t reference_count;
    error *err;
} writer;

/* Where in the schema we are, for messages. */
typedef struct place {
    const struct place *parent;
    const char *key; /* NULL: an index */
    size_t index;
    int depth;
} place;

static void add_pointer(const place *p, char *out, size_t size)
{
    if (p == NULL || p->parent == NULL)
        return;
    add_pointer(p->parent, out, size);
    size_t n = strlen(out);
    if (p->key != NULL)
        snprintf(out + n, size - n, "/%.60s", p->key);
    else
        snprintf(out + n, size - n, "/%zu", p->index);
}

static status refuse(writer *w, const place *p, status code, const char *what)
{
    char pointer[POINTER_BYTES] = "#";
    add_pointer(p, pointer, sizeof pointer);
    return error_set(w->err, code, "schema: %s: %s", pointer, what);
}

/* Writes the rule of a schema and gives its number. */
static status write_schema(writer *w, const json_t *schema, const place *p, int *rule);

static status next_rule(writer *w, const place *p, int *rule)
{
    if (w->rules >= MOST_RULES || p->depth > MOST_DEPTH)
        return refuse(w, p, STATUS_LIMIT, "the schema is too large or nested too deeply");
    *rule = w->rules++;
    return STATUS_OK;
}

/* A JSON value as a terminal: "\"a\"". */
static status add_constant(writer *w, const json_t *value, buf *to)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text == NULL)
        return error_memory(w->err);
    buf_add_char(to, '"');
    for (const char *c = text; *c != 0; c++) {
        if (*c == '"' || *c == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, *c);
    }
    buf_add_char(to, '"');
    free(text);
    return STATUS_OK;
}

static status write_enum(writer *w, const json_t *values, const place *p, int rule)
{
    if (!json_is_array(values) || json_array_size(values) == 0)
        return refuse(w, p, STATUS_INVALID, "enum must be a list that is not empty");
    buf line = {0};
    buf_printf(&line, "n%d ::= ", rule);
    status s = STATUS_OK;
    size_t i;
    const json_t *value;
    json_array_foreach((json_t *)values, i, value)
    {
        buf_add_cstr(&line, i == 0 ? "" : " | ");
        if (s == STATUS_OK)
            s = add_constant(w, value, &line);
    }
    buf_printf(w->out, "%s\n", line.data);
    buf_free(&line);
    return s;
}

/* Writes the rules of a list of schemas, and their names behind one another to `line`. */
static status write_each(writer *w, const json_t *list, const place *p, const char *between,
                         buf *line)
{
    status s = STATUS_OK;
    size_t i;
    const json_t *schema;
    json_array_foreach((json_t *)list, i, schema)
    {
        place below = {p, NULL, i, p->depth + 1};
        int part = 0;
        if (s == STATUS_OK)
            s = write_schema(w, schema, &below, &part);
        buf_printf(line, "%sn%d", i == 0 ? "" : between, part);
    }
    return s;
}

static status write_any_of(writer *w, const json_t *list, const place *p, int rule)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        return refuse(w, p, STATUS_INVALID, "expected a list of schemas");
    buf line = {0};
    status s = write_each(w, list, p, " | ", &line);
    buf_printf(w->out, "n%d ::= %s\n", rule, line.data);
    buf_free(&line);
    return s;
}

/* --- objects --- */

static bool is_required(const json_t *schema, const char *name)
{
    size_t i;
    const json_t *value;
    json_array_foreach(json_object_get(schema, "required"), i,
                       value) if (json_is_string(value) &&
                                  strcmp(json_string_value(value), name) == 0) return true;
    return false;
}

static status check_required(writer *w, const json_t *schema, const place *p)
{
    size_t i;
    const json_t *value, *properties = json_object_get(schema, "properties");
    json_array_foreach(
        json_object_get(schema, "required"), i,
        value) if (!json_is_string(value) ||
                   json_object_get(properties, json_string_value(value)) ==
                       NULL) return refuse(w, p, STATUS_UNSUPPORTED,
                                           "a required property that is not among the properties");
    return STATUS_OK;
}

/* Behind property i, with or without one before it: two rules per property, rest and first. The
 * rules are written from the last property on:
 *   n1 ::= "," ws p3 n2 | n2      (something came before)
 *   n0 ::= p3 n2' | n0'           (nothing came before) */
static status write_properties(writer *w, const json_t *schema, const place *p, int rule)
{
    const json_t *properties = json_object_get(schema, "properties");
    size_t count = json_object_size(properties);
    const char *names[512];
    int parts[512];
    if (count > CORE_COUNT(names))
        return refuse(w, p, STATUS_LIMIT, "more than 512 properties");
    place list = {p, "properties", 0, p->depth + 1};
    status s = check_required(w, schema, p);
    size_t n = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)properties, name, value)
    {
        place below = {&list, name, 0, p->depth + 2};
        names[n] = name;
        if (s == STATUS_OK)
            s = write_schema(w, value, &below, &parts[n++]);
    }
    int begun = 0, fresh = 0;
    if (s == STATUS_OK)
        s = next_rule(w, p, &begun);
    if (s == STATUS_OK)
        s = next_rule(w, p, &fresh);
    if (s != STATUS_OK)
        return s;
    buf_printf(w->out, "n%d ::= ws \"}\"\nn%d ::= \"}\"\n", begun, fresh);
    for (size_t i = n; s == STATUS_OK && i-- > 0;) {
        bool required = is_required(schema, names[i]);
        int after = begun, none = fresh;
        json_t *key = json_string(names[i]);
        buf quoted = {0};
        s = key == NULL ? error_memory(w->err) : add_constant(w, key, &quoted);
        json_decref(key);
        if (s == STATUS_OK)
            s = next_rule(w, p, &begun);
        if (s == STATUS_OK)
            s = next_rule(w, p, &fresh);
        if (s == STATUS_OK) {
            buf_printf(w->out, "n%d ::= \",\" ws %s \":\" ws n%d n%d", begun, quoted.data, parts[i],
                       after);
            buf_printf(w->out, required ? "\n" : " | n%d\n", after);
            buf_printf(w->out, "n%d ::= %s \":\" ws n%d n%d", fresh, quoted.data, parts[i], after);
            buf_printf(w->out, required ? "\n" : " | n%d\n", none);
        }
        buf_free(&quoted);
    }
    buf_printf(w->out, "n%d ::= \"{\" ws n%d\n", rule, fresh);
    return s;
}

static status write_object(writer *w, const json_t *schema, const place *p, int rule)
{
    const json_t *properties = json_object_get(schema, "properties");
    if (properties != NULL && !json_is_object(properties))
        return refuse(w, p, STATUS_INVALID, "properties must be an object");
    if (properties != NULL)
        return write_properties(w, schema, p, rule);
    if (json_array_size(json_object_get(schema, "required")) > 0)
        return check_required(w, schema, p);
    if (json_is_false(json_object_get(schema, "additionalProperties")))
        buf_printf(w->out, "n%d ::= \"{\" ws \"}\"\n", rule);
    else
        buf_printf(w->out, "n%d ::= object\n", rule);
    return STATUS_OK;
}

/* --- arrays and strings --- */

static status bounds(writer *w, const json_t *schema, const place *p, const char *least_key,
                     const char *most_key, long *least, long *most)
{
    const json_t *low = json_object_get(schema, least_key);
    const json_t *high = json_object_get(schema, most_key);
    *least = low == NULL ? 0 : (long)json_integer_value(low);
    *most = high == NULL ? -1 : (long)json_integer_value(high);
    if ((low != NULL && !json_is_integer(low)) || (high != NULL && !json_is_integer(high)) ||
        *least < 0 || *least > 1000 || *most > 1000 || (high != NULL && *most < *least))
        return refuse(w, p, STATUS_UNSUPPORTED, "lengths must be whole numbers up to 1000");
    return STATUS_OK;
}

static status write_tuple(writer *w, const json_t *list, const place *p, int rule)
{
    buf line = {0};
    status s = write_each(w, list, p, " \",\" ws ", &line);
    buf_printf(w->out, "n%d ::= \"[\" ws %s ws \"]\"\n", rule, line.data == NULL ? "" : line.data);
    buf_free(&line);
    return s;
}

static status write_array(writer *w, const json_t *schema, const place *p, int rule)
{
    const json_t *items = json_object_get(schema, "items");
    const json_t *tuple = json_object_get(schema, "prefixItems");
    if (tuple != NULL) {
        place below = {p, "prefixItems", 0, p->depth + 1};
        if (!json_is_array(tuple) || !json_is_false(items))
            return refuse(w, &below, STATUS_UNSUPPORTED, "needs \"items\": false beside it");
        return write_tuple(w, tuple, &below, rule);
    }
    long least, most;
    int part = -1;
    status s = bounds(w, schema, p, "minItems", "maxItems", &least, &most);
    place below = {p, "items", 0, p->depth + 1};
    if (s == STATUS_OK && items != NULL)
        s = write_schema(w, items, &below, &part);
    if (s != STATUS_OK)
        return s;
    char item[32] = "value";
    if (part >= 0)
        snprintf(item, sizeof item, "n%d", part);
    buf_printf(w->out, "n%d ::= \"[\" ws ", rule);
    if (most == 0) {
        buf_add_cstr(w->out, "\"]\"\n");
        return STATUS_OK;
    }
    buf_printf(w->out, "(%s (\",\" ws %s){%ld,", item, item, least > 0 ? least - 1 : 0);
    if (most > 0)
        buf_printf(w->out, "%ld", most - 1);
    buf_printf(w->out, "})%s ws \"]\"\n", least == 0 ? "?" : "");
    return STATUS_OK;
}

static status write_string(writer *w, const json_t *schema, const place *p, int rule)
{
    long least, most;
    status s = bounds(w, schema, p, "minLength", "maxLength", &least, &most);
    if (s != STATUS_OK)
        return s;
    buf_printf(w->out, "n%d ::= \"\\\"\" char{%ld,", rule, least);
    if (most >= 0)
        buf_printf(w->out, "%ld", most);
    buf_add_cstr(w->out, "} \"\\\"\"\n");
    return STATUS_OK;
}

/* --- references --- */

static const json_t *resolve(const json_t *root, const char *pointer)
{
    const json_t *at = root;
    if (*pointer++ != '#')
        return NULL;
    while (*pointer == '/' && at != NULL) {
        char key[128];
        size_t n = 0;
        for (pointer++; *pointer != 0 && *pointer != '/' && n + 1 < sizeof key; pointer++) {
            if (*pointer == '~' && (pointer[1] == '0' || pointer[1] == '1'))
                key[n++] = *++pointer == '0' ? '~' : '/';
            else
                key[n++] = *pointer;
        }
        key[n] = 0;
        at = json_object_get(at, key);
    }
    return *pointer == 0 ? at : NULL;
}

/* A reference becomes the target's rule; targets are written once, after the rest. */
static status write_reference(writer *w, const json_t *ref, const place *p, int rule)
{
    const json_t *target = json_is_string(ref) ? resolve(w->root, json_string_value(ref)) : NULL;
    if (target == NULL)
        return refuse(w, p, STATUS_UNSUPPORTED,
                      "$ref must name a part of this schema, as #/$defs/x");
    size_t i = 0;
    while (i < w->reference_count && w->references[i].target != target)
        i++;
    if (i == w->reference_count) {
        if (i == MOST_REFERENCES)
            return refuse(w, p, STATUS_LIMIT, "too many definitions");
        reference *r = &w->references[w->reference_count++];
        *r = (reference){.target = target};
        snprintf(r->pointer, sizeof r->pointer, "%s", json_string_value(ref));
    }
    buf_printf(w->out, "n%d ::= d%zu\n", rule, i);
    return STATUS_OK;
}

static status write_definitions(writer *w)
{
    status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < w->reference_count; i++) {
        place top = {NULL, NULL, 0, 0}, p = {&top, w->references[i].pointer, 0, 1};
        int rule = 0;
        s = write_schema(w, w->references[i].target, &p, &rule);
        buf_printf(w->out, "d%zu ::= n%d\n", i, rule);
    }
    return s;
}

/* --- schemas --- */

static status check_keywords(writer *w, const json_t *schema, const place *p)
{
    static const char *const known[] = {
        "type",        "properties",  "required",  "items",
        "prefixItems", "minItems",    "maxItems",  "minLength",
        "maxLength",   "enum",        "const",     "anyOf",
        "oneOf",       "$ref",        "$defs",     "definitions",
        "title",       "description", "default",   "examples",
        "$schema",     "$id",         "$comment",  "format",
        "deprecated",  "readOnly",    "writeOnly", "additionalProperties"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)schema, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < CORE_COUNT(known) && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found) {
            place at = {p, key, 0, p->depth + 1};
            return refuse(w, &at, STATUS_UNSUPPORTED, "this keyword is not supported");
        }
    }
    value = json_object_get(schema, "additionalProperties");
    if (json_is_object(value)) {
        place at = {p, "additionalProperties", 0, p->depth + 1};
        return refuse(w, &at, STATUS_UNSUPPORTED, "a schema for other properties is not supported");
    }
    return STATUS_OK;
}

static status write_type(writer *w, const json_t *schema, const char *type, const place *p,
                         int rule)
{
    if (strcmp(type, "object") == 0)
        return write_object(w, schema, p, rule);
    if (strcmp(type, "array") == 0)
        return write_array(w, schema, p, rule);
    if (strcmp(type, "string") == 0)
        return write_string(w, schema, p, rule);
    const char *const simple[] = {"number", "integer", "boolean", "null"};
    for (size_t i = 0; i < CORE_COUNT(simple); i++)
        if (strcmp(type, simple[i]) == 0) {
            buf_printf(w->out, "n%d ::= %s\n", rule, type);
            return STATUS_OK;
        }
    return refuse(w, p, STATUS_INVALID, "an unknown type");
}

static status write_types(writer *w, const json_t *schema, const json_t *types, const place *p,
                          int rule)
{
    buf line = {0};
    buf_printf(&line, "n%d ::= ", rule);
    status s = json_array_size(types) > 0
                   ? STATUS_OK
                   : refuse(w, p, STATUS_INVALID, "type must be a name or a list of names");
    size_t i;
    const json_t *type;
    json_array_foreach((json_t *)types, i, type)
    {
        int part = 0;
        if (s == STATUS_OK && !json_is_string(type))
            s = refuse(w, p, STATUS_INVALID, "type must be a name or a list of names");
        if (s == STATUS_OK)
            s = next_rule(w, p, &part);
        if (s == STATUS_OK)
            s = write_type(w, schema, json_string_value(type), p, part);
        buf_printf(&line, "%sn%d", i == 0 ? "" : " | ", part);
    }
    buf_printf(w->out, "%s\n", line.data);
    buf_free(&line);
    return s;
}

static status write_keywords(writer *w, const json_t *schema, const place *p, int rule)
{
    const json_t *value;
    status s = check_keywords(w, schema, p);
    if (s != STATUS_OK)
        return s;
    if ((value = json_object_get(schema, "$ref")) != NULL)
        return write_reference(w, value, p, rule);
    if ((value = json_object_get(schema, "const")) != NULL) {
        buf_printf(w->out, "n%d ::= ", rule);
        s = add_constant(w, value, w->out);
        buf_add_char(w->out, '\n');
        return s;
    }
    if ((value = json_object_get(schema, "enum")) != NULL)
        return write_enum(w, value, p, rule);
    const char *key = json_object_get(schema, "anyOf") != NULL ? "anyOf" : "oneOf";
    if ((value = json_object_get(schema, key)) != NULL) {
        place below = {p, key, 0, p->depth + 1};
        return write_any_of(w, value, &below, rule);
    }
    value = json_object_get(schema, "type");
    if (json_is_string(value))
        return write_type(w, schema, json_string_value(value), p, rule);
    if (value != NULL)
        return write_types(w, schema, value, p, rule);
    if (json_object_get(schema, "properties") != NULL)
        return write_object(w, schema, p, rule);
    if (json_object_get(schema, "items") != NULL || json_object_get(schema, "prefixItems") != NULL)
        return write_array(w, schema, p, rule);
    buf_printf(w->out, "n%d ::= value\n", rule);
    return STATUS_OK;
}

static status write_schema(writer *w, const json_t *schema, const place *p, int *rule)
{
    status s = next_rule(w, p, rule);
    if (s != STATUS_OK)
        return s;
    if (json_is_true(schema)) {
        buf_printf(w->out, "n%d ::= value\n", *rule);
        return STATUS_OK;
    }
    if (!json_is_object(schema))
        return refuse(w, p, STATUS_INVALID, "a schema is an object or true");
    return write_keywords(w, schema, p, *rule);
}

status llm_json_schema_to_grammar(str schema, buf *out, error *err)
{
    json_error_t where;
    json_t *root = json_loadb(schema.data == NULL ? "" : schema.data, schema.length,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (root == NULL)
        return error_set_at(err, STATUS_SYNTAX, "schema",
                            (uint64_t)(where.line > 0 ? where.line : 0),
                            (uint64_t)(where.column > 0 ? where.column : 0), "%s", where.text);
    writer w = {.root = root, .out = out, .err = err};
    place top = {NULL, NULL, 0, 0};
    int rule = 0;
    status s = write_schema(&w, root, &top, &rule);
    if (s == STATUS_OK)
        s = write_definitions(&w);
    if (s == STATUS_OK) {
        buf_printf(out, "root ::= n%d\n", rule);
        buf_add_cstr(out, JSON_RULES);
    }
    json_decref(root);
    return s == STATUS_OK && out->failed ? error_memory(err) : s;
}
