/* See pack.h. The JSON is checked against schemas/pack.schema.json first, so the readers below
 * meet only the shapes that it allows; what a schema cannot say (references, patterns) they check
 * themselves. */
#include "kg/pack.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <inttypes.h>
#include <pcre2.h>
#include <stdlib.h>

#include "core/json_schema.h"
#include "core/resource.h"

/* Bounds on one match of a pack's pattern: a pattern that runs away is one that does not match. */
enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, HEAP_LIMIT_KB = 4096 };

typedef struct pack_pattern {
    pcre2_code *code;
} pack_pattern;

typedef struct pack_template_entry {
    str key;
    pack_texts texts;
} pack_template_entry;

typedef struct pack_authority_entry {
    str source;
    pack_pattern pattern;
    double value;
} pack_authority_entry;

struct pack {
    arena *arena;
    str name, version;
    pack_class *classes;
    pack_relation *relations;
    pack_operator *operators;
    pack_pattern *operator_patterns;
    pack_example *examples;
    pack_entity *entities;
    pack_refusal *refusals;
    pack_pattern *refusal_patterns;
    pack_name_rule *names;
    pack_pattern *name_patterns;
    size_t name_count;
    pack_unrecorded *unrecorded;
    pack_pattern *unrecorded_patterns;
    size_t unrecorded_count;
    pack_authority_entry *authority;
    pack_template_entry *templates;
    size_t class_count, relation_count, operator_count, example_count, entity_count, refusal_count,
        authority_count, template_count;
    pack_texts scope_notice;
    pack_strs general;
    pcre2_match_context *match;
};

/* What the readers share while a pack is read. */
typedef struct reader {
    pack *p;
    error *err;
    const char *file;
    bool memory; /* an allocation failed */
} reader;

static str text_of(reader *r, const json_t *value)
{
    str copy =
        arena_str(r->p->arena, str_make(json_string_value(value), json_string_length(value)));
    r->memory |= json_is_string(value) && copy.data == NULL;
    return copy;
}

static str field(reader *r, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value == NULL ? str_make(NULL, 0) : text_of(r, value);
}

static void *array_of(reader *r, size_t count, size_t bytes)
{
    void *items = arena_calloc(r->p->arena, count, bytes);
    r->memory |= items == NULL;
    return items;
}

/* {"zh": "..."} or {"zh": ["...", ...]}. */
static pack_texts read_texts(reader *r, const json_t *object, const char *key)
{
    json_t *by_lang = json_object_get(object, key), *value;
    const char *lang;
    size_t count = 0, n = 0;
    json_object_foreach(by_lang, lang, value)
    {
        count += json_is_array(value) ? json_array_size(value) : 1;
    }
    pack_text *items = array_of(r, count, sizeof *items);
    if (items == NULL)
        return (pack_texts){0};
    json_object_foreach(by_lang, lang, value)
    {
        str tag = arena_str(r->p->arena, str_from(lang));
        if (json_is_string(value))
            items[n++] = (pack_text){text_of(r, value), tag};
        for (size_t i = 0; i < json_array_size(value); i++)
            items[n++] = (pack_text){text_of(r, json_array_get(value, i)), tag};
    }
    return (pack_texts){items, n};
}

static pack_strs read_strs(reader *r, const json_t *object, const char *key)
{
    const json_t *list = json_object_get(object, key);
    size_t count = json_array_size(list);
    str *items = array_of(r, count, sizeof *items);
    for (size_t i = 0; items != NULL && i < count; i++)
        items[i] = text_of(r, json_array_get(list, i));
    return (pack_strs){items, items == NULL ? 0 : count};
}

static bool flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static status fail(reader *r, const char *what, str detail, const char *section, size_t index,
                   const char *key)
{
    return error_set_at(r->err, STATUS_INVALID, r->file, 0, 0, "at /%s/%zu/%s: %s '%.*s'", section,
                        index, key, what, STR_ARG(detail));
}

static status compile(reader *r, str pattern, pack_pattern *out, const char *section, size_t index)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    out->code =
        pcre2_compile((PCRE2_SPTR)pattern.data, pattern.length,
                      PCRE2_UTF | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
    if (out->code != NULL)
        return STATUS_OK;
    PCRE2_UCHAR message[160];
    pcre2_get_error_message(code, message, sizeof message);
    return error_set_at(r->err, STATUS_INVALID, r->file, 0, 0,
                        "at /%s/%zu/pattern: %s at offset %zu", section, index,
                        (const char *)message, (size_t)offset);
}

static status read_classes(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "classes");
    size_t count = json_array_size(list);
    r->p->classes = array_of(r, count, sizeof *r->p->classes);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        r->p->classes[i] = (pack_class){.id = field(r, j, "id"),
                                        .iris = read_strs(r, j, "iris"),
                                        .labels = read_texts(r, j, "labels"),
                                        .aliases = read_texts(r, j, "aliases"),
                                        .counter = read_texts(r, j, "counter")};
        for (size_t k = 0; k < i; k++)
            if (str_equal(r->p->classes[k].id, r->p->classes[i].id))
                return fail(r, "there are two classes", r->p->classes[i].id, "classes", i, "id");
        r->p->class_count = i + 1;
    }
    return STATUS_OK;
}

static size_t class_by_id(const pack *p, str id)
{
    for (size_t i = 0; i < p->class_count; i++)
        if (str_equal(p->classes[i].id, id))
            return i;
    return PACK_NONE;
}

static bool value_kind(str name, kg_value_kind *kind, bool *text)
{
    static const struct {
        const char *name;
        kg_value_kind kind;
    } kinds[] = {{"number", KG_VALUE_NUMBER},     {"date", KG_VALUE_DATE},
                 {"duration", KG_VALUE_DURATION}, {"percent", KG_VALUE_PERCENT},
                 {"money", KG_VALUE_MONEY},       {"boolean", KG_VALUE_BOOL}};
    for (size_t i = 0; i < CORE_COUNT(kinds); i++) {
        if (str_equal(name, str_from(kinds[i].name))) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    *text |= str_equal(name, STR("text"));
    return str_equal(name, STR("text"));
}

/* Class ids to indexes; words for literal kinds go to `relation` (ranges only). */
static status read_class_refs(reader *r, const json_t *j, const char *key, size_t index,
                              pack_relation *relation, const size_t **out, size_t *out_count)
{
    const json_t *list = json_object_get(j, key);
    size_t count = json_array_size(list), n = 0;
    size_t *items = array_of(r, count, sizeof *items);
    for (size_t i = 0; items != NULL && i < count; i++) {
        str id = text_of(r, json_array_get(list, i));
        size_t found = class_by_id(r->p, id);
        if (found != PACK_NONE)
            items[n++] = found;
        else if (relation == NULL || !value_kind(id, &relation->value, &relation->text))
            return fail(r, "there is no class", id, "relations", index, key);
    }
    *out = items;
    *out_count = n;
    return STATUS_OK;
}

static status read_relation(reader *r, const json_t *j, size_t index, pack_relation *out)
{
    *out = (pack_relation){.id = field(r, j, "id"),
                           .iris = read_strs(r, j, "iris"),
                           .labels = read_texts(r, j, "labels"),
                           .aliases = read_texts(r, j, "aliases"),
                           .inverse_labels = read_texts(r, j, "inverse_labels"),
                           .inverse_aliases = read_texts(r, j, "inverse_aliases"),
                           .phrase = read_texts(r, j, "phrase"),
                           .inverse_phrase = read_texts(r, j, "inverse_phrase"),
                           .sentence = read_texts(r, j, "sentence"),
                           .unit = field(r, j, "unit"),
                           .inverse = PACK_NONE,
                           .functional = flag(j, "functional"),
                           .symmetric = flag(j, "symmetric"),
                           .transitive = flag(j, "transitive"),
                           .complete = flag(j, "complete"),
                           .hidden = flag(j, "hidden"),
                           .examples = read_texts(r, j, "examples"),
                           .inverse_examples = read_texts(r, j, "inverse_examples")};
    status st = read_class_refs(r, j, "domain", index, NULL, &out->domain, &out->domain_count);
    if (st == STATUS_OK)
        st = read_class_refs(r, j, "range", index, out, &out->range, &out->range_count);
    return st;
}

static size_t relation_by_id(const pack *p, str id)
{
    for (size_t i = 0; i < p->relation_count; i++)
        if (str_equal(p->relations[i].id, id))
            return i;
    return PACK_NONE;
}

static status read_relations(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "relations");
    size_t count = json_array_size(list);
    r->p->relations = array_of(r, count, sizeof *r->p->relations);
    for (size_t i = 0; !r->memory && i < count; i++) {
        status st = read_relation(r, json_array_get(list, i), i, &r->p->relations[i]);
        if (st != STATUS_OK)
            return st;
        if (relation_by_id(r->p, r->p->relations[i].id) != PACK_NONE)
            return fail(r, "there are two relations", r->p->relations[i].id, "relations", i, "id");
        r->p->relation_count = i + 1;
    }
    for (size_t i = 0; i < r->p->relation_count; i++) {
        str id = field(r, json_array_get(list, i), "inverse");
        if (str_empty(id))
            continue;
        r->p->relations[i].inverse = relation_by_id(r->p, id);
        if (r->p->relations[i].inverse == PACK_NONE)
            return fail(r, "there is no relation", id, "relations", i, "inverse");
    }
    return STATUS_OK;
}

static status read_operators(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "operators");
    size_t count = json_array_size(list);
    r->p->operators = array_of(r, count, sizeof *r->p->operators);
    r->p->operator_patterns = array_of(r, count, sizeof *r->p->operator_patterns);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        r->p->operators[i] = (pack_operator){.name = field(r, j, "operator"),
                                             .lang = field(r, j, "lang"),
                                             .pattern = field(r, j, "pattern")};
        status st =
            compile(r, r->p->operators[i].pattern, &r->p->operator_patterns[i], "operators", i);
        if (st != STATUS_OK)
            return st;
        r->p->operator_count = i + 1;
    }
    return STATUS_OK;
}

static status read_names(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "names");
    size_t count = json_array_size(list);
    r->p->names = array_of(r, count, sizeof *r->p->names);
    r->p->name_patterns = array_of(r, count, sizeof *r->p->name_patterns);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        r->p->names[i] = (pack_name_rule){field(r, j, "class"), field(r, j, "lang")};
        status st = compile(r, field(r, j, "pattern"), &r->p->name_patterns[i], "names", i);
        if (st != STATUS_OK)
            return st;
        r->p->name_count = i + 1;
    }
    return STATUS_OK;
}

static status read_unrecorded(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "unrecorded");
    size_t count = json_array_size(list);
    r->p->unrecorded = array_of(r, count, sizeof *r->p->unrecorded);
    r->p->unrecorded_patterns = array_of(r, count, sizeof *r->p->unrecorded_patterns);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        r->p->unrecorded[i] =
            (pack_unrecorded){read_texts(r, j, "labels"), read_strs(r, j, "names")};
        status st =
            compile(r, field(r, j, "pattern"), &r->p->unrecorded_patterns[i], "unrecorded", i);
        if (st != STATUS_OK)
            return st;
        r->p->unrecorded_count = i + 1;
    }
    return STATUS_OK;
}

static status read_refusals(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "refusals");
    size_t count = json_array_size(list);
    r->p->refusals = array_of(r, count, sizeof *r->p->refusals);
    r->p->refusal_patterns = array_of(r, count, sizeof *r->p->refusal_patterns);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        bool unsafe = str_equal(field(r, j, "kind"), STR("unsafe"));
        r->p->refusals[i] = (pack_refusal){.id = field(r, j, "id"),
                                           .kind = unsafe ? PACK_UNSAFE : PACK_OUT_OF_SCOPE,
                                           .message = read_texts(r, j, "message")};
        status st = compile(r, field(r, j, "pattern"), &r->p->refusal_patterns[i], "refusals", i);
        if (st != STATUS_OK)
            return st;
        r->p->refusal_count = i + 1;
    }
    return STATUS_OK;
}

static status read_authority(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "authority");
    size_t count = json_array_size(list);
    r->p->authority = array_of(r, count, sizeof *r->p->authority);
    for (size_t i = 0; !r->memory && i < count; i++) {
        const json_t *j = json_array_get(list, i);
        r->p->authority[i].source = field(r, j, "source");
        r->p->authority[i].value = json_number_value(json_object_get(j, "value"));
        status st =
            compile(r, r->p->authority[i].source, &r->p->authority[i].pattern, "authority", i);
        if (st != STATUS_OK)
            return st;
        r->p->authority_count = i + 1;
    }
    return STATUS_OK;
}

static void read_rest(reader *r, const json_t *root)
{
    const json_t *list = json_object_get(root, "examples");
    r->p->examples = array_of(r, json_array_size(list), sizeof *r->p->examples);
    for (size_t i = 0; !r->memory && i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        r->p->examples[r->p->example_count++] =
            (pack_example){field(r, j, "question"), field(r, j, "lang"), field(r, j, "form")};
    }
    list = json_object_get(root, "entities");
    r->p->entities = array_of(r, json_array_size(list), sizeof *r->p->entities);
    for (size_t i = 0; !r->memory && i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        r->p->entities[r->p->entity_count++] =
            (pack_entity){field(r, j, "name"), read_texts(r, j, "aliases")};
    }
    json_t *templates = json_object_get(root, "templates"), *value;
    const char *key;
    r->p->templates = array_of(r, json_object_size(templates), sizeof *r->p->templates);
    json_object_foreach(templates, key, value)
    {
        if (r->memory)
            break;
        r->p->templates[r->p->template_count++] = (pack_template_entry){
            arena_str(r->p->arena, str_from(key)), read_texts(r, templates, key)};
    }
    r->p->scope_notice = read_texts(r, root, "scope_notice");
    r->p->general = read_strs(r, root, "general");
}

static status check_shape(const json_t *root, const char *name, error *err)
{
    str text;
    if (!resource_embedded(STR("pack.schema.json"), &text))
        return error_set(err, STATUS_INTERNAL, "the pack's schema is missing from this build");
    json_t *schema = NULL;
    status st = json_schema_parse("pack.schema.json", text.data, text.length, &schema, err);
    if (st != STATUS_OK)
        return st;
    error inner = {0};
    st = json_schema_check(schema, root, &inner);
    json_decref(schema);
    if (st != STATUS_OK)
        return error_set_at(err, st, name, 0, 0, "%s", inner.message);
    return STATUS_OK;
}

static status read_all(reader *r, const json_t *root, str json)
{
    pack *p = r->p;
    p->name = field(r, root, "name");
    p->version.data =
        arena_printf(p->arena, "%.*s %s (%016" PRIx64 ")", STR_ARG(p->name),
                     json_string_value(json_object_get(root, "version")), str_hash(json, 0));
    p->version = str_from(p->version.data);
    p->match = pcre2_match_context_create(NULL);
    if (p->match == NULL)
        return error_memory(r->err);
    pcre2_set_match_limit(p->match, MATCH_LIMIT);
    pcre2_set_depth_limit(p->match, DEPTH_LIMIT);
    pcre2_set_heap_limit(p->match, HEAP_LIMIT_KB);
    status st = read_classes(r, root);
    if (st == STATUS_OK)
        st = read_relations(r, root);
    if (st == STATUS_OK)
        st = read_operators(r, root);
    if (st == STATUS_OK)
        st = read_refusals(r, root);
    if (st == STATUS_OK)
        st = read_names(r, root);
    if (st == STATUS_OK)
        st = read_unrecorded(r, root);
    if (st == STATUS_OK)
        st = read_authority(r, root);
    if (st == STATUS_OK)
        read_rest(r, root);
    if (st == STATUS_OK && (r->memory || p->version.data == NULL))
        st = error_memory(r->err);
    return st;
}

status pack_parse(str json, const char *name, pack **out, error *err)
{
    json_t *root = NULL;
    status st = json_schema_parse(name, json.data, json.length, &root, err);
    if (st != STATUS_OK)
        return st;
    st = check_shape(root, name, err);
    pack *p = st == STATUS_OK ? calloc(1, sizeof *p) : NULL;
    if (p != NULL)
        p->arena = arena_new(0);
    if (st == STATUS_OK && (p == NULL || p->arena == NULL))
        st = error_memory(err);
    if (st == STATUS_OK) {
        reader r = {.p = p, .err = err, .file = name};
        st = read_all(&r, root, json);
    }
    json_decref(root);
    if (st != STATUS_OK)
        pack_close(p);
    else
        *out = p;
    return st;
}

status pack_open(const char *name_or_path, pack **out, error *err)
{
    const char *name = name_or_path == NULL || name_or_path[0] == '\0' ? "general" : name_or_path;
    bool is_file = str_ends(str_from(name), STR(".json")) || strchr(name, '/') != NULL;
    arena *a = arena_new(0);
    if (a == NULL)
        return error_memory(err);
    str text = {0};
    status st;
    if (is_file) {
        st = resource_read_file(name, a, &text, err);
    } else {
        error ignored = {0};
        char *file = arena_printf(a, "%s.json", name);
        st = file == NULL ? error_memory(err) : resource_get(str_from(file), a, &text, &ignored);
        if (st == STATUS_NOT_FOUND)
            error_set(
                err, st,
                "there is no pack '%s'; general, medical and legal ship, or give a .json file",
                name);
    }
    if (st == STATUS_OK)
        st = pack_parse(text, name, out, err);
    arena_free(a);
    return st;
}

static void free_patterns(pack_pattern *patterns, size_t count)
{
    for (size_t i = 0; patterns != NULL && i < count; i++)
        pcre2_code_free(patterns[i].code);
}

void pack_close(pack *p)
{
    if (p == NULL)
        return;
    free_patterns(p->operator_patterns, p->operator_count);
    free_patterns(p->refusal_patterns, p->refusal_count);
    free_patterns(p->name_patterns, p->name_count);
    free_patterns(p->unrecorded_patterns, p->unrecorded_count);
    for (size_t i = 0; i < p->authority_count; i++)
        free_patterns(&p->authority[i].pattern, 1);
    pcre2_match_context_free(p->match);
    arena_free(p->arena);
    free(p);
}

str pack_name(const pack *p)
{
    return p->name;
}

str pack_version(const pack *p)
{
    return p->version;
}

const pack_class *pack_classes(const pack *p, size_t *count)
{
    *count = p->class_count;
    return p->classes;
}

const pack_relation *pack_relations(const pack *p, size_t *count)
{
    *count = p->relation_count;
    return p->relations;
}

const pack_operator *pack_operators(const pack *p, size_t *count)
{
    *count = p->operator_count;
    return p->operators;
}

const pack_example *pack_examples(const pack *p, size_t *count)
{
    *count = p->example_count;
    return p->examples;
}

const pack_entity *pack_entities(const pack *p, size_t *count)
{
    *count = p->entity_count;
    return p->entities;
}

const pack_refusal *pack_refusals(const pack *p, size_t *count)
{
    *count = p->refusal_count;
    return p->refusals;
}

static bool in_strs(pack_strs list, str text)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i], text))
            return true;
    return false;
}

static bool in_texts(pack_texts list, str text)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_equal_nocase(list.items[i].text, text))
            return true;
    return false;
}

typedef struct naming { /* by what a class or a relation is found */
    str id;
    pack_strs iris;
    pack_texts labels, aliases;
} naming;

static naming class_naming(const pack *p, size_t i)
{
    const pack_class *c = &p->classes[i];
    return (naming){c->id, c->iris, c->labels, c->aliases};
}

static naming relation_naming(const pack *p, size_t i)
{
    const pack_relation *r = &p->relations[i];
    return (naming){r->id, r->iris, r->labels, r->aliases};
}

/* By IRI, else by id or label, else by alias. */
static size_t find_named(const pack *p, size_t count, naming (*at)(const pack *, size_t), str iri,
                         str label)
{
    for (size_t i = 0; i < count && !str_empty(iri); i++)
        if (in_strs(at(p, i).iris, iri))
            return i;
    for (size_t i = 0; i < count && !str_empty(label); i++)
        if (str_equal_nocase(at(p, i).id, label) || in_texts(at(p, i).labels, label))
            return i;
    for (size_t i = 0; i < count && !str_empty(label); i++)
        if (in_texts(at(p, i).aliases, label))
            return i;
    return PACK_NONE;
}

size_t pack_relation_find(const pack *p, str iri, str label)
{
    return find_named(p, p->relation_count, relation_naming, iri, label);
}

size_t pack_class_find(const pack *p, str iri, str label)
{
    return find_named(p, p->class_count, class_naming, iri, label);
}

str pack_text_only(pack_texts texts, str lang)
{
    for (size_t i = 0; i < texts.count; i++)
        if (str_equal(texts.items[i].lang, lang))
            return texts.items[i].text;
    return (str){0};
}

str pack_text_in(pack_texts texts, str lang)
{
    str found = pack_text_only(texts, lang);
    if (str_empty(found))
        found = pack_text_only(texts, STR("en"));
    if (str_empty(found) && texts.count > 0)
        found = texts.items[0].text;
    return found;
}

str pack_scope_notice(const pack *p, str lang)
{
    return pack_text_in(p->scope_notice, lang);
}

pack_strs pack_general(const pack *p)
{
    return p->general;
}

str pack_template(const pack *p, str key, str lang)
{
    for (size_t i = 0; i < p->template_count; i++)
        if (str_equal(p->templates[i].key, key))
            return pack_text_only(p->templates[i].texts, lang);
    return (str){0};
}

static bool pattern_match_from(const pack *p, const pack_pattern *pattern, str text, size_t from,
                               size_t *start, size_t *end, bool *limited)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (data == NULL)
        return false;
    const char *bytes = text.data == NULL ? "" : text.data;
    int rc = pcre2_match(pattern->code, (PCRE2_SPTR)bytes, text.length, from, 0, data, p->match);
    if (rc >= 0 && start != NULL)
        *start = pcre2_get_ovector_pointer(data)[0];
    if (rc >= 0 && end != NULL)
        *end = pcre2_get_ovector_pointer(data)[1];
    if (limited != NULL && (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
                            rc == PCRE2_ERROR_HEAPLIMIT))
        *limited = true;
    pcre2_match_data_free(data);
    return rc >= 0;
}

static bool pattern_match(const pack *p, const pack_pattern *pattern, str text, size_t *start,
                          size_t *end, bool *limited)
{
    return pattern_match_from(p, pattern, text, 0, start, end, limited);
}

double pack_authority(const pack *p, str source)
{
    for (size_t i = 0; i < p->authority_count; i++)
        if (pattern_match(p, &p->authority[i].pattern, source, NULL, NULL, NULL))
            return p->authority[i].value;
    return -1;
}

const pack_refusal *pack_refuse(const pack *p, str question, bool *limited)
{
    for (size_t i = 0; i < p->refusal_count; i++)
        if (pattern_match(p, &p->refusal_patterns[i], question, NULL, NULL, limited))
            return &p->refusals[i];
    return NULL;
}

const pack_name_rule *pack_name_rules(const pack *p, size_t *count)
{
    *count = p->name_count;
    return p->names;
}

bool pack_name_rule_match(const pack *p, size_t index, str question, size_t *start, size_t *end,
                          bool *limited)
{
    return index < p->name_count &&
           pattern_match(p, &p->name_patterns[index], question, start, end, limited);
}

const pack_unrecorded *pack_unrecorded_rules(const pack *p, size_t *count)
{
    *count = p->unrecorded_count;
    return p->unrecorded;
}

bool pack_unrecorded_match(const pack *p, size_t index, str question, size_t from, size_t *start,
                           size_t *end)
{
    return index < p->unrecorded_count && from <= question.length &&
           pattern_match_from(p, &p->unrecorded_patterns[index], question, from, start, end, NULL);
}

bool pack_operator_match(const pack *p, size_t index, str question, size_t from, size_t *start,
                         size_t *end, bool *limited)
{
    return index < p->operator_count && from <= question.length &&
           pattern_match_from(p, &p->operator_patterns[index], question, from, start, end, limited);
}
