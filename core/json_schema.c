/* See json_schema.h. */
#include "core/json_schema.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/utf8.h"

enum { MAX_DEPTH = 64 };

typedef struct checker {
    const json_t *root;
    buf pointer; /* where we are in the value */
    error *err;
    int depth;
} checker;

static bool check(checker *c, const json_t *schema, const json_t *value);

static bool breach(checker *c, const char *what, const char *detail)
{
    const char *where = c->pointer.length == 0 ? "/" : c->pointer.data;
    error_set(c->err, STATUS_INVALID, "at %s: %s%s", where, what, detail);
    return false;
}

static size_t descend(checker *c, const char *key)
{
    size_t mark = c->pointer.length;
    buf_add_char(&c->pointer, '/');
    for (const char *p = key; *p != '\0'; p++) { /* RFC 6901, section 3 */
        if (*p == '~')
            buf_add_cstr(&c->pointer, "~0");
        else if (*p == '/')
            buf_add_cstr(&c->pointer, "~1");
        else
            buf_add_char(&c->pointer, *p);
    }
    return mark;
}

static void ascend(checker *c, size_t mark)
{
    c->pointer.length = mark;
    if (c->pointer.data != NULL)
        c->pointer.data[mark] = '\0';
}

static bool is_type(const json_t *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    }
    return false;
}

static bool check_type(checker *c, const json_t *type, const json_t *value)
{
    if (json_is_string(type)) {
        if (is_type(value, json_string_value(type)))
            return true;
        return breach(c, "must be of type ", json_string_value(type));
    }
    for (size_t i = 0; i < json_array_size(type); i++)
        if (is_type(value, json_string_value(json_array_get(type, i))))
            return true;
    return breach(c, "is of a type that is not allowed here", "");
}

static bool matches(const char *pattern, const char *text, size_t length)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &offset, NULL);
    if (re == NULL)
        return false;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(re, NULL);
    int rc = data == NULL ? -1 : pcre2_match(re, (PCRE2_SPTR)text, length, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(re);
    return rc >= 0;
}

static bool check_string(checker *c, const json_t *schema, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t bytes = json_string_length(value), length = utf8_count(text, bytes);
    const json_t *j = json_object_get(schema, "minLength");
    if (j != NULL && (json_int_t)length < json_integer_value(j))
        return breach(c, length == 0 ? "must not be empty" : "is too short", "");
    j = json_object_get(schema, "maxLength");
    if (j != NULL && (json_int_t)length > json_integer_value(j))
        return breach(c, "is too long", "");
    j = json_object_get(schema, "pattern");
    if (j != NULL && !matches(json_string_value(j), text, bytes))
        return breach(c, "must match ", json_string_value(j));
    return true;
}

static bool check_number(checker *c, const json_t *schema, const json_t *value)
{
    const json_t *j = json_object_get(schema, "minimum");
    if (j != NULL && json_number_value(value) < json_number_value(j))
        return breach(c, "is below the least value allowed", "");
    j = json_object_get(schema, "maximum");
    if (j != NULL && json_number_value(value) > json_number_value(j))
        return breach(c, "is above the greatest value allowed", "");
    return true;
}

static bool check_array(checker *c, const json_t *schema, const json_t *value)
{
    const json_t *j = json_object_get(schema, "minItems");
    if (j != NULL && (json_int_t)json_array_size(value) < json_integer_value(j))
        return breach(c, "has too few items", "");
    j = json_object_get(schema, "maxItems");
    if (j != NULL && (json_int_t)json_array_size(value) > json_integer_value(j))
        return breach(c, "has too many items", "");
    const json_t *items = json_object_get(schema, "items");
    bool ok = true;
    for (size_t i = 0; ok && items != NULL && i < json_array_size(value); i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        size_t mark = descend(c, key);
        ok = check(c, items, json_array_get(value, i));
        ascend(c, mark);
    }
    return ok;
}

/* The schema of a key by patternProperties; NULL when none matches. */
static const json_t *by_pattern(const json_t *schema, const char *key)
{
    json_t *patterns = json_object_get(schema, "patternProperties");
    const char *pattern;
    json_t *sub;
    json_object_foreach(patterns, pattern, sub)
    {
        if (matches(pattern, key, strlen(key)))
            return sub;
    }
    return NULL;
}

static bool check_object(checker *c, const json_t *schema, const json_t *value)
{
    const json_t *required = json_object_get(schema, "required");
    for (size_t i = 0; i < json_array_size(required); i++) {
        const char *key = json_string_value(json_array_get(required, i));
        if (json_object_get(value, key) == NULL)
            return breach(c, "lacks the key ", key);
    }
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *additional = json_object_get(schema, "additionalProperties");
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
    {
        const json_t *sub = json_object_get(properties, key);
        if (sub == NULL)
            sub = by_pattern(schema, key);
        if (sub == NULL)
            sub = additional;
        size_t mark = descend(c, key);
        bool ok = sub == NULL || json_is_true(sub);
        if (!ok && json_is_false(sub))
            breach(c, "is a key that is not known here", "");
        else if (!ok)
            ok = check(c, sub, item);
        ascend(c, mark);
        if (!ok)
            return false;
    }
    return true;
}

/* How many of the schemas hold; errors are swallowed. */
static size_t count_valid(checker *c, const json_t *schemas, const json_t *value)
{
    error *kept = c->err;
    c->err = NULL;
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(schemas); i++)
        n += check(c, json_array_get(schemas, i), value) ? 1 : 0;
    c->err = kept;
    return n;
}

static bool check_choices(checker *c, const json_t *schema, const json_t *value)
{
    const json_t *j = json_object_get(schema, "anyOf");
    if (j != NULL && count_valid(c, j, value) == 0)
        return breach(c, "has none of the shapes that are allowed here", "");
    j = json_object_get(schema, "oneOf");
    if (j != NULL && count_valid(c, j, value) != 1)
        return breach(c, "must have exactly one of the shapes that are allowed here", "");
    j = json_object_get(schema, "allOf");
    for (size_t i = 0; i < json_array_size(j); i++)
        if (!check(c, json_array_get(j, i), value))
            return false;
    j = json_object_get(schema, "const");
    if (j != NULL && !json_equal(j, value))
        return breach(c, "is not the value that must stand here", "");
    j = json_object_get(schema, "enum");
    bool found = j == NULL;
    for (size_t i = 0; !found && i < json_array_size(j); i++)
        found = json_equal(json_array_get(j, i), value) != 0;
    return found || breach(c, "is none of the values that are allowed here", "");
}

/* "#/$defs/name" within the document. */
static const json_t *resolve(const checker *c, const char *ref)
{
    const json_t *at = c->root;
    if (ref[0] != '#')
        return NULL;
    str rest = str_from(ref[1] == '/' ? ref + 2 : NULL), part;
    while (at != NULL && str_split(&rest, '/', &part)) {
        char key[128];
        snprintf(key, sizeof key, "%.*s", STR_ARG(part));
        at = json_object_get(at, key);
    }
    return at;
}

static bool check_here(checker *c, const json_t *schema, const json_t *value)
{
    const json_t *ref = json_object_get(schema, "$ref");
    if (ref != NULL) {
        const json_t *target = resolve(c, json_string_value(ref));
        if (target == NULL)
            return breach(c, "the schema refers to nothing: ", json_string_value(ref));
        if (!check(c, target, value))
            return false;
    }
    const json_t *type = json_object_get(schema, "type");
    if (type != NULL && !check_type(c, type, value))
        return false;
    if (!check_choices(c, schema, value))
        return false;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return check_object(c, schema, value);
    case JSON_ARRAY:
        return check_array(c, schema, value);
    case JSON_STRING:
        return check_string(c, schema, value);
    case JSON_INTEGER:
    case JSON_REAL:
        return check_number(c, schema, value);
    default:
        return true;
    }
}

static bool check(checker *c, const json_t *schema, const json_t *value)
{
    if (json_is_true(schema))
        return true;
    if (!json_is_object(schema))
        return breach(c, "nothing may stand here", "");
    if (c->depth >= MAX_DEPTH)
        return breach(c, "is nested too deeply", "");
    c->depth++;
    bool ok = check_here(c, schema, value);
    c->depth--;
    return ok;
}

status json_schema_check(const json_t *schema, const json_t *value, error *err)
{
    checker c = {.root = schema, .err = err};
    bool ok = check(&c, schema, value);
    bool memory = c.pointer.failed;
    buf_free(&c.pointer);
    if (memory)
        return error_memory(err);
    return ok ? STATUS_OK : STATUS_INVALID;
}

status json_schema_parse(const char *file, const char *data, size_t length, json_t **out,
                         error *err)
{
    json_error_t at;
    json_t *value =
        json_loadb(data == NULL ? "" : data, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &at);
    if (value == NULL)
        return error_set_at(err, STATUS_SYNTAX, file, at.line > 0 ? (uint64_t)at.line : 0,
                            at.column > 0 ? (uint64_t)at.column : 0, "%s", at.text);
    *out = value;
    return STATUS_OK;
}
