/* See config.h. A table of fields drives the reader, so that a setting is one line. */
#include "service/config.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum field_kind { FIELD_TEXT, FIELD_PATH, FIELD_COUNT, FIELD_BYTES, FIELD_BOOL } field_kind;

typedef struct field {
    const char *name;
    field_kind kind;
    size_t offset;
    uint64_t least, most; /* of counts and bytes */
} field;

#define AT(member) offsetof(service_config, member)
static const field fields[] = {
    {"listen", FIELD_TEXT, AT(listen), 0, 0},
    {"keys", FIELD_PATH, AT(keys), 0, 0},
    {"data_dir", FIELD_PATH, AT(data_dir), 0, 0},
    {"workers", FIELD_COUNT, AT(workers), 0, 256},
    {"http_threads", FIELD_COUNT, AT(http_threads), 1, 64},
    {"queue", FIELD_COUNT, AT(queue), 1, 100000},
    {"request_timeout_s", FIELD_COUNT, AT(request_timeout_s), 1, 3600},
    {"idle_timeout_s", FIELD_COUNT, AT(idle_timeout_s), 1, 3600},
    {"connections", FIELD_COUNT, AT(connections), 1, 100000},
    {"body_bytes", FIELD_BYTES, AT(body_bytes), 1024, (uint64_t)1 << 30},
    {"upload_bytes", FIELD_BYTES, AT(upload_bytes), 1024, (uint64_t)1 << 40},
    {"rate_per_minute", FIELD_COUNT, AT(rate_per_minute), 0, 10000000},
    {"local_only", FIELD_BOOL, AT(local_only), 0, 0},
    {"log_questions", FIELD_BOOL, AT(log_questions), 0, 0},
    {"slow_ms", FIELD_COUNT, AT(slow_ms), 0, 3600000},
    {"feedback_store", FIELD_TEXT, AT(feedback_store), 0, 0},
    {"audit_file", FIELD_PATH, AT(audit_file), 0, 0},
    {"audit_days", FIELD_COUNT, AT(audit_days), 0, 36500},
};

static bool set_text(char **slot, const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    free(*slot);
    *slot = copy;
    return true;
}

service_config *service_config_new(void)
{
    service_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->http_threads = 1;
    c->queue = 64;
    c->request_timeout_s = 30;
    c->idle_timeout_s = 20;
    c->connections = 1024;
    c->body_bytes = (size_t)1 << 20;
    c->upload_bytes = (size_t)256 << 20;
    if (!set_text(&c->listen, "127.0.0.1:8080") || !set_text(&c->data_dir, "vouch-data") ||
        !set_text(&c->feedback_store, "judged")) {
        service_config_free(c);
        return NULL;
    }
    return c;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static void free_graph(service_graph_config *g)
{
    free(g->path);
    free(g->pack);
    free(g->model);
    free(g->examples);
}

void service_config_free(service_config *c)
{
    if (c == NULL)
        return;
    free(c->listen);
    free(c->keys);
    free(c->data_dir);
    free(c->feedback_store);
    free(c->audit_file);
    for (size_t i = 0; i < c->graph_count; i++)
        free_graph(&c->graphs[i]);
    free(c->graphs);
    free_texts(c->cors_origins, c->cors_count);
    free_texts(c->ingest_hosts, c->ingest_host_count);
    free_texts(c->mask_patterns, c->mask_count);
    free(c);
}

/* `path` as seen from the folder of the configuration file `base`; URLs and absolute paths stay. */
static char *resolve(const char *base, const char *path)
{
    const char *slash = base == NULL ? NULL : strrchr(base, '/');
    if (path[0] == '/' || slash == NULL || strstr(path, "://") != NULL)
        return strdup(path);
    size_t folder = (size_t)(slash - base) + 1;
    char *joined = malloc(folder + strlen(path) + 1);
    if (joined != NULL) {
        memcpy(joined, base, folder);
        strcpy(joined + folder, path);
    }
    return joined;
}

static status wrong(const char *file, const char *pointer, const char *expected, error *err)
{
    return error_set_at(err, STATUS_INVALID, file, 0, 0, "%s: expected %s", pointer, expected);
}

static status read_field(service_config *c, const field *f, json_t *value, const char *file,
                         error *err)
{
    char pointer[128];
    char *slot = (char *)c + f->offset;
    snprintf(pointer, sizeof pointer, "/%s", f->name);
    if (f->kind == FIELD_BOOL) {
        if (!json_is_boolean(value))
            return wrong(file, pointer, "true or false", err);
        *(bool *)(void *)slot = json_is_true(value);
        return STATUS_OK;
    }
    if (f->kind == FIELD_TEXT || f->kind == FIELD_PATH) {
        if (!json_is_string(value))
            return wrong(file, pointer, "a string", err);
        const char *text = json_string_value(value);
        char *copy = f->kind == FIELD_PATH ? resolve(file, text) : strdup(text);
        if (copy == NULL)
            return error_memory(err);
        free(*(char **)(void *)slot);
        *(char **)(void *)slot = copy;
        return STATUS_OK;
    }
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || (uint64_t)number < f->least || (uint64_t)number > f->most) {
        char expected[80];
        snprintf(expected, sizeof expected, "a whole number from %llu to %llu",
                 (unsigned long long)f->least, (unsigned long long)f->most);
        return wrong(file, pointer, expected, err);
    }
    if (f->kind == FIELD_BYTES)
        *(size_t *)(void *)slot = (size_t)number;
    else
        *(unsigned *)(void *)slot = (unsigned)number;
    return STATUS_OK;
}

static status read_texts(json_t *value, const char *name, const char *file, char ***out,
                         size_t *out_count, error *err)
{
    char pointer[128];
    snprintf(pointer, sizeof pointer, "/%s", name);
    if (!json_is_array(value))
        return wrong(file, pointer, "an array of strings", err);
    size_t count = json_array_size(value);
    char **texts = calloc(count + 1, sizeof *texts);
    if (texts == NULL)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(value, i));
        texts[i] = text == NULL ? NULL : strdup(text);
        if (texts[i] == NULL) {
            free_texts(texts, i);
            return wrong(file, pointer, "an array of strings", err);
        }
    }
    free_texts(*out, *out_count);
    *out = texts;
    *out_count = count;
    return STATUS_OK;
}

static bool name_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length < SERVICE_NAME_BYTES && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
               length;
}

/* The entry for `name`, made when there is none. */
static service_graph_config *graph_slot(service_config *c, const char *name)
{
    for (size_t i = 0; i < c->graph_count; i++)
        if (strcmp(c->graphs[i].name, name) == 0)
            return &c->graphs[i];
    service_graph_config *grown = realloc(c->graphs, (c->graph_count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    c->graphs = grown;
    service_graph_config *g = &grown[c->graph_count++];
    memset(g, 0, sizeof *g);
    strcpy(g->name, name);
    return g;
}

static status read_graph_text(json_t *entry, const char *key, const char *file, bool is_path,
                              const char *pointer, char **out, error *err)
{
    json_t *value = json_object_get(entry, key);
    if (value == NULL)
        return STATUS_OK;
    if (!json_is_string(value)) {
        char where[160];
        snprintf(where, sizeof where, "%s/%s", pointer, key);
        return wrong(file, where, "a string", err);
    }
    free(*out);
    *out = is_path ? resolve(file, json_string_value(value)) : strdup(json_string_value(value));
    return *out == NULL ? error_memory(err) : STATUS_OK;
}

/* A pack or model is a file when it looks like one, else a name. */
static bool looks_like_path(json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text != NULL && (strchr(text, '/') != NULL || strchr(text, '.') != NULL);
}

static bool is_graph_key(const char *key)
{
    static const char *const keys[] = {"name", "path", "pack", "model", "examples"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static status read_graph(service_config *c, json_t *entry, size_t index, const char *file,
                         error *err)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/graphs/%zu", index);
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *path = json_string_value(json_object_get(entry, "path"));
    if (name == NULL || path == NULL)
        return wrong(file, pointer, "an object with the strings 'name' and 'path'", err);
    if (!name_is_valid(name))
        return wrong(file, pointer, "a name of letters, digits, '.', '_' and '-'", err);
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value)
    {
        if (!is_graph_key(key))
            return error_set_at(err, STATUS_INVALID, file, 0, 0, "%s: unknown field '%s'", pointer,
                                key);
    }
    service_graph_config *g = graph_slot(c, name);
    if (g == NULL)
        return error_memory(err);
    status code = read_graph_text(entry, "path", file, true, pointer, &g->path, err);
    if (code == STATUS_OK)
        code = read_graph_text(entry, "pack", file, looks_like_path(entry, "pack"), pointer,
                               &g->pack, err);
    if (code == STATUS_OK)
        code = read_graph_text(entry, "model", file, looks_like_path(entry, "model"), pointer,
                               &g->model, err);
    if (code == STATUS_OK)
        code = read_graph_text(entry, "examples", file, true, pointer, &g->examples, err);
    return code;
}

static status read_graphs(service_config *c, json_t *value, const char *file, error *err)
{
    if (!json_is_array(value))
        return wrong(file, "/graphs", "an array", err);
    for (size_t i = 0; i < json_array_size(value); i++) {
        status code = read_graph(c, json_array_get(value, i), i, file, err);
        if (code != STATUS_OK)
            return code;
    }
    return STATUS_OK;
}

static status read_entry(service_config *c, const char *key, json_t *value, const char *file,
                         error *err)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].name, key) == 0)
            return read_field(c, &fields[i], value, file, err);
    if (strcmp(key, "graphs") == 0)
        return read_graphs(c, value, file, err);
    if (strcmp(key, "cors_origins") == 0)
        return read_texts(value, key, file, &c->cors_origins, &c->cors_count, err);
    if (strcmp(key, "ingest_hosts") == 0)
        return read_texts(value, key, file, &c->ingest_hosts, &c->ingest_host_count, err);
    if (strcmp(key, "mask_patterns") == 0)
        return read_texts(value, key, file, &c->mask_patterns, &c->mask_count, err);
    return error_set_at(err, STATUS_INVALID, file, 0, 0, "/%s: there is no such setting", key);
}

static status check_whole(const service_config *c, const char *file, error *err)
{
    char address[64];
    uint16_t port;
    if (service_listen_parse(c->listen, address, &port, err) != STATUS_OK)
        return err == NULL ? STATUS_INVALID : err->code;
    const char *store = c->feedback_store;
    if (strcmp(store, "judged") != 0 && strcmp(store, "all") != 0 && strcmp(store, "off") != 0)
        return wrong(file, "/feedback_store", "\"judged\", \"all\" or \"off\"", err);
    return STATUS_OK;
}

status service_config_read(const char *path, service_config **out, error *err)
{
    json_error_t problem;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (root == NULL)
        return error_set_at(err, problem.line < 0 ? STATUS_NOT_FOUND : STATUS_SYNTAX, path,
                            problem.line < 0 ? 0 : (uint64_t)problem.line,
                            problem.column < 0 ? 0 : (uint64_t)problem.column, "%s", problem.text);
    service_config *c = service_config_new();
    status code = c == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK && !json_is_object(root))
        code = wrong(path, "/", "an object", err);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        if (code == STATUS_OK)
            code = read_entry(c, key, value, path, err);
    }
    if (code == STATUS_OK)
        code = check_whole(c, path, err);
    json_decref(root);
    if (code != STATUS_OK) {
        service_config_free(c);
        return code;
    }
    *out = c;
    return STATUS_OK;
}

status service_config_add_graph(service_config *c, const char *spec, error *err)
{
    char name[SERVICE_NAME_BYTES];
    const char *equals = strchr(spec, '=');
    const char *path = equals == NULL ? spec : equals + 1;
    const char *start = spec;
    size_t length;
    if (equals != NULL) {
        length = (size_t)(equals - spec);
    } else {
        const char *slash = strrchr(spec, '/');
        start = slash == NULL ? spec : slash + 1;
        length = strlen(start);
        if (length > 3 && strcmp(start + length - 3, ".kg") == 0)
            length -= 3;
    }
    if (length < sizeof name) {
        memcpy(name, start, length);
        name[length] = '\0';
    }
    if (length >= sizeof name || !name_is_valid(name) || path[0] == '\0')
        return error_set(err, STATUS_USAGE,
                         "--graph %s: expected NAME=FILE.kg with a name of letters, digits, '.', "
                         "'_' and '-'",
                         spec);
    service_graph_config *g = graph_slot(c, name);
    char *copy = strdup(path);
    if (g == NULL || copy == NULL) {
        free(copy);
        return error_memory(err);
    }
    free(g->path);
    g->path = copy;
    return STATUS_OK;
}

status service_config_set_listen(service_config *c, const char *listen, error *err)
{
    char address[64];
    uint16_t port;
    status code = service_listen_parse(listen, address, &port, err);
    if (code != STATUS_OK)
        return code;
    return set_text(&c->listen, listen) ? STATUS_OK : error_memory(err);
}

status service_listen_parse(const char *listen, char address[64], uint16_t *port, error *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t number = -1;
    size_t length = colon == NULL ? 0 : (size_t)(colon - listen);
    const char *start = listen;
    if (length >= 2 && listen[0] == '[' && listen[length - 1] == ']') {
        start++;
        length -= 2;
    }
    if (colon == NULL || length >= 64 || !str_to_i64(str_from(colon + 1), &number) || number < 0 ||
        number > 65535)
        return error_set(err, STATUS_USAGE, "listen '%s': expected ADDRESS:PORT, as 127.0.0.1:8080",
                         listen);
    char text[64];
    memcpy(text, start, length);
    text[length] = '\0';
    if (length == 0)
        strcpy(text, "0.0.0.0");
    else if (strcmp(text, "localhost") == 0)
        strcpy(text, "127.0.0.1");
    unsigned char binary[16];
    if (inet_pton(AF_INET, text, binary) != 1 && inet_pton(AF_INET6, text, binary) != 1)
        return error_set(err, STATUS_USAGE, "listen '%s': '%s' is no IP address", listen, text);
    strcpy(address, text);
    *port = (uint16_t)number;
    return STATUS_OK;
}

bool service_address_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
