/* See keys.h. Writers take an exclusive lock on "<file>.lock", so two `vouch key add` at once keep
 * both keys; the file itself is replaced by rename after fsync. */
#include "service/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"

#define ID_BYTES 6
#define SECRET_BYTES 32
#define HASH_BYTES 32
#define ID_CHARS (2 * ID_BYTES)
#define SECRET_CHARS 43 /* unpadded base64url of 32 bytes */

typedef struct grant {
    char *graph;
    service_role role;
} grant;

struct service_key {
    char id[ID_CHARS + 1];
    unsigned char hash[HASH_BYTES];
    bool revoked;
    unsigned rate;
    grant *grants;
    size_t grant_count;
};

struct service_keys {
    service_key *items;
    size_t count;
};

static const char *const role_names[] = {"none", "ask", "ingest", "admin"};

const char *service_role_name(service_role role)
{
    return role_names[role];
}

bool service_role_parse(const char *name, service_role *out)
{
    for (int i = ROLE_ASK; i <= ROLE_ADMIN; i++) {
        if (name != NULL && strcmp(name, role_names[i]) == 0) {
            *out = (service_role)i;
            return true;
        }
    }
    return false;
}

void service_keys_free(service_keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; i < keys->count; i++) {
        for (size_t g = 0; g < keys->items[i].grant_count; g++)
            free(keys->items[i].grants[g].graph);
        free(keys->items[i].grants);
    }
    free(keys->items);
    free(keys);
}

static status damaged(const char *path, size_t index, error *err)
{
    return error_set_at(err, STATUS_INVALID, path, 0, 0,
                        "/keys/%zu is damaged; revoke it with 'vouch key revoke' or remove it",
                        index);
}

static bool read_grants(service_key *key, json_t *grants)
{
    const char *graph;
    json_t *role;
    key->grants = calloc(json_object_size(grants) + 1, sizeof *key->grants);
    if (key->grants == NULL)
        return false;
    json_object_foreach(grants, graph, role)
    {
        grant *g = &key->grants[key->grant_count];
        g->graph = strdup(graph);
        if (g->graph == NULL)
            return false;
        key->grant_count++;
        if (!service_role_parse(json_string_value(role), &g->role))
            return false;
    }
    return true;
}

static bool read_key(service_key *key, json_t *entry)
{
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    size_t bytes = 0;
    if (id == NULL || strlen(id) != ID_CHARS || hash == NULL ||
        sodium_hex2bin(key->hash, HASH_BYTES, hash, strlen(hash), NULL, &bytes, NULL) != 0 ||
        bytes != HASH_BYTES)
        return false;
    memcpy(key->id, id, ID_CHARS);
    key->revoked = json_object_get(entry, "revoked_at") != NULL;
    json_int_t rate = json_integer_value(json_object_get(entry, "rate_per_minute"));
    key->rate = rate > 0 && rate <= INT_MAX ? (unsigned)rate : 0;
    return read_grants(key, json_object_get(entry, "grants"));
}

/* The file as JSON; *root is a fresh empty document when it does not exist and `create` is set. */
static status load(const char *path, bool create, json_t **root, error *err)
{
    json_error_t problem;
    if (sodium_init() < 0)
        return error_set(err, STATUS_INTERNAL, "libsodium does not start");
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        if (!create)
            return error_set_at(err, STATUS_NOT_FOUND, path, 0, 0,
                                "there is no key file; make one with 'vouch key add'");
        *root = json_pack("{s:i, s:[]}", "version", 1, "keys");
        return *root == NULL ? error_memory(err) : STATUS_OK;
    }
    json_t *loaded = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (loaded == NULL)
        return error_set_at(err, STATUS_SYNTAX, path, problem.line < 0 ? 0 : (uint64_t)problem.line,
                            0, "%s", problem.text);
    if (!json_is_array(json_object_get(loaded, "keys"))) {
        json_decref(loaded);
        return error_set_at(err, STATUS_INVALID, path, 0, 0, "this is no vouch key file");
    }
    *root = loaded;
    return STATUS_OK;
}

status service_keys_read(const char *path, service_keys **out, error *err)
{
    json_t *root = NULL;
    status code = load(path, false, &root, err);
    if (code != STATUS_OK)
        return code;
    json_t *entries = json_object_get(root, "keys");
    service_keys *keys = calloc(1, sizeof *keys);
    if (keys != NULL)
        keys->items = calloc(json_array_size(entries) + 1, sizeof *keys->items);
    if (keys == NULL || keys->items == NULL)
        code = error_memory(err);
    for (size_t i = 0; code == STATUS_OK && i < json_array_size(entries); i++) {
        keys->count++;
        if (!read_key(&keys->items[i], json_array_get(entries, i)))
            code = damaged(path, i, err);
    }
    json_decref(root);
    if (code != STATUS_OK) {
        service_keys_free(keys);
        return code;
    }
    *out = keys;
    return STATUS_OK;
}

static void hash_secret(const char *secret, unsigned char hash[HASH_BYTES])
{
    crypto_generichash(hash, HASH_BYTES, (const unsigned char *)secret, SECRET_CHARS, NULL, 0);
}

const service_key *service_keys_find(const service_keys *keys, str text)
{
    if (keys == NULL || text.length != 3 + ID_CHARS + 1 + SECRET_CHARS ||
        memcmp(text.data, "vk_", 3) != 0 || text.data[3 + ID_CHARS] != '_')
        return NULL;
    unsigned char hash[HASH_BYTES];
    hash_secret(text.data + 3 + ID_CHARS + 1, hash);
    for (size_t i = 0; i < keys->count; i++) {
        const service_key *key = &keys->items[i];
        if (memcmp(key->id, text.data + 3, ID_CHARS) == 0)
            return sodium_memcmp(key->hash, hash, HASH_BYTES) == 0 && !key->revoked ? key : NULL;
    }
    return NULL;
}

service_role service_key_role(const service_key *key, const char *graph)
{
    service_role any = ROLE_NONE;
    for (size_t i = 0; i < key->grant_count; i++) {
        if (strcmp(key->grants[i].graph, graph) == 0)
            return key->grants[i].role;
        if (strcmp(key->grants[i].graph, "*") == 0)
            any = key->grants[i].role;
    }
    return any;
}

const char *service_key_id(const service_key *key)
{
    return key->id;
}

unsigned service_key_rate(const service_key *key)
{
    return key->rate;
}

/* Writes `root` beside the file, syncs, renames over it. */
static status save(const char *path, json_t *root, error *err)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary)
        return error_set(err, STATUS_USAGE, "the key file's name is too long");
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_errno(err, STATUS_IO, errno, path);
    bool ok =
        json_dumpfd(root, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    int saved = errno;
    ok = close(fd) == 0 && ok && rename(temporary, path) == 0;
    if (!ok) {
        unlink(temporary);
        return error_errno(err, STATUS_IO, saved, path);
    }
    return STATUS_OK;
}

/* An exclusive lock held while the returned descriptor is open; negative on failure. */
static int lock_file(const char *path)
{
    char name[PATH_MAX];
    if (snprintf(name, sizeof name, "%s.lock", path) >= (int)sizeof name)
        return -1;
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd >= 0 && fcntl(fd, F_SETLKW, &whole) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static json_t *new_entry(const char *graph, service_role role, const char *note, unsigned rate,
                         char text[SERVICE_KEY_TEXT_BYTES])
{
    unsigned char id[ID_BYTES];
    unsigned char secret[SECRET_BYTES];
    unsigned char hash[HASH_BYTES];
    char id_text[ID_CHARS + 1];
    char secret_text[sodium_base64_ENCODED_LEN(SECRET_BYTES, sodium_base64_VARIANT_URLSAFE)];
    char hash_text[2 * HASH_BYTES + 1];
    randombytes_buf(id, sizeof id);
    randombytes_buf(secret, sizeof secret);
    sodium_bin2hex(id_text, sizeof id_text, id, sizeof id);
    sodium_bin2base64(secret_text, sizeof secret_text, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    hash_secret(secret_text, hash);
    sodium_bin2hex(hash_text, sizeof hash_text, hash, sizeof hash);
    snprintf(text, SERVICE_KEY_TEXT_BYTES, "vk_%s_%s", id_text, secret_text);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(secret_text, sizeof secret_text);
    json_t *entry =
        json_pack("{s:s, s:s, s:{s:s}, s:I}", "id", id_text, "hash", hash_text, "grants", graph,
                  service_role_name(role), "created_at", (json_int_t)clock_unix_seconds());
    if (entry != NULL && note != NULL)
        json_object_set_new(entry, "note", json_string(note));
    if (entry != NULL && rate > 0)
        json_object_set_new(entry, "rate_per_minute", json_integer(rate));
    return entry;
}

status service_keys_add(const char *path, const char *graph, service_role role, const char *note,
                        unsigned rate_per_minute, char text[SERVICE_KEY_TEXT_BYTES], error *err)
{
    int lock = lock_file(path);
    if (lock < 0)
        return error_errno(err, STATUS_IO, errno, path);
    json_t *root = NULL;
    status code = load(path, true, &root, err);
    if (code == STATUS_OK) {
        json_t *entry = new_entry(graph, role, note, rate_per_minute, text);
        if (entry == NULL || json_array_append_new(json_object_get(root, "keys"), entry) != 0)
            code = error_memory(err);
    }
    if (code == STATUS_OK)
        code = save(path, root, err);
    json_decref(root);
    close(lock);
    return code;
}

status service_keys_revoke(const char *path, const char *id, error *err)
{
    int lock = lock_file(path);
    if (lock < 0)
        return error_errno(err, STATUS_IO, errno, path);
    json_t *root = NULL;
    status code = load(path, false, &root, err);
    json_t *entry;
    size_t i;
    bool found = false;
    json_array_foreach(json_object_get(root, "keys"), i, entry)
    {
        const char *entry_id = json_string_value(json_object_get(entry, "id"));
        if (entry_id != NULL && strcmp(entry_id, id) == 0) {
            json_object_set_new(entry, "revoked_at", json_integer(clock_unix_seconds()));
            found = true;
        }
    }
    if (code == STATUS_OK && !found)
        code = error_set(err, STATUS_NOT_FOUND, "there is no key '%s'; see 'vouch key list'", id);
    if (code == STATUS_OK)
        code = save(path, root, err);
    json_decref(root);
    close(lock);
    return code;
}

status service_keys_list(const char *path, json_t **out, error *err)
{
    json_t *root = NULL;
    status code = load(path, false, &root, err);
    if (code != STATUS_OK)
        return code;
    json_t *entries = json_incref(json_object_get(root, "keys"));
    json_t *entry;
    size_t i;
    json_array_foreach(entries, i, entry)
    {
        json_object_del(entry, "hash");
    }
    json_decref(root);
    *out = entries;
    return STATUS_OK;
}
