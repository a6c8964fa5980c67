/* Opening a graph and beginning reads. A read borrows a connection from the store's pool, so that
 * a question costs no opening; the connection's snapshot is its BEGIN. See store.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kg/base.h"
#include "kg/internal.h"

static uint64_t file_number(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_ino : 0;
}

static status open_any(const char *path, kg_db_mode mode, int wait_ms, int *version, kg_db **out,
                       error *err)
{
    kg_db *db = NULL;
    status code = kg_db_open(path, mode, wait_ms, &db, err);
    if (code == STATUS_OK)
        code = kg_db_verify(db, path, version, err);
    if (code != STATUS_OK) {
        kg_db_close(db);
        return code;
    }
    *out = db;
    return STATUS_OK;
}

status kg_db_open_verified(const char *path, kg_db_mode mode, int wait_ms, char *copy, size_t bytes,
                           kg_db **out, error *err)
{
    int version = 0;
    kg_db *db = NULL;
    status code = open_any(path, mode, wait_ms, &version, &db, err);
    if (code == STATUS_OK && version < KG_DB_SCHEMA_VERSION) {
        error cause = {0};
        kg_db_close(db);
        db = NULL;
        code = kg_migrate(path, wait_ms, copy, bytes, &cause);
        if (code != STATUS_OK)
            return error_set(err, code,
                             "%s: has schema version %d, this vouch writes %d, and it cannot be "
                             "brought up to date (%s); nothing was changed",
                             path, version, KG_DB_SCHEMA_VERSION, cause.message);
        code = open_any(path, mode, wait_ms, &version, &db, err);
    }
    if (code == STATUS_OK)
        *out = db;
    return code;
}

static status open_verified(kg_store *store, kg_db_mode mode, kg_db **out, error *err)
{
    char copy[4096] = "";
    return kg_db_open_verified(store->path, mode, store->options.wait_ms, copy, sizeof copy, out,
                               err);
}

/* A new, empty graph: made beside and linked into place, so that no reader sees half of it and no
 * existing file is replaced. */
static status create_empty(const char *path, error *err)
{
    char temporary[4096];
    kg_db *db = NULL;
    if (snprintf(temporary, sizeof temporary, "%s-new-%ld", path, (long)getpid()) >=
        (int)sizeof temporary)
        return error_set(err, STATUS_USAGE, "%s: the path is too long", path);
    (void)unlink(temporary);
    status code = kg_db_open(temporary, KG_DB_BUILD, 0, &db, err);
    if (code == STATUS_OK)
        code = kg_db_create_schema(db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(db, "PRAGMA journal_mode=WAL", err);
    kg_db_close(db);
    if (code == STATUS_OK && link(temporary, path) != 0 && errno != EEXIST)
        code = error_errno(err, errno == EACCES ? STATUS_DENIED : STATUS_IO, errno, path);
    (void)unlink(temporary);
    return code;
}

status kg_check_folder(const char *path, error *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
                   slash == NULL ? "." : path);
    if (access(folder, W_OK | X_OK) == 0)
        return STATUS_OK;
    return error_set(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_DENIED,
                     "%s: cannot be made in its folder: %s", path, strerror(errno));
}

status kg_open(const char *path, const kg_open_options *options, kg_store **out, error *err)
{
    kg_open_options wanted = {0};
    if (options != NULL)
        wanted = *options;
    if (wanted.wait_ms == 0)
        wanted.wait_ms = 5000;
    wanted.create = wanted.create && !wanted.read_only;
    kg_store *store = calloc(1, sizeof *store);
    if (store == NULL || (store->path = strdup(path)) == NULL) {
        free(store);
        return error_memory(err);
    }
    store->options = wanted;
    /* A file that is to be made comes with the first commit, or with the first read. */
    bool later = wanted.create && file_number(path) == 0 && errno == ENOENT;
    kg_db *db = NULL;
    status code = later ? kg_check_folder(path, err)
                        : kg_db_open_verified(path, KG_DB_READ, wanted.wait_ms, store->copy,
                                              sizeof store->copy, &db, err);
    if (code != STATUS_OK) {
        free(store->path);
        free(store);
        return code;
    }
    pthread_mutex_init(&store->lock, NULL);
    if (db != NULL) {
        store->idle[0] = db;
        store->idle_file[0] = file_number(path);
        store->idle_count = 1;
    }
    *out = store;
    return STATUS_OK;
}

const char *kg_migrated_copy(const kg_store *store)
{
    return store->copy[0] == 0 ? NULL : store->copy;
}

void kg_close(kg_store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->idle_count; i++)
        kg_db_close(store->idle[i]);
    pthread_mutex_destroy(&store->lock);
    free(store->path);
    free(store);
}

const char *kg_path(const kg_store *store)
{
    return store->path;
}

/* An idle connection to the file that lies at the path now; others (the file was replaced) go. */
static kg_db *take_idle(kg_store *store, uint64_t file)
{
    kg_db *found = NULL;
    pthread_mutex_lock(&store->lock);
    while (store->idle_count > 0 && found == NULL) {
        size_t last = --store->idle_count;
        if (store->idle_file[last] == file)
            found = store->idle[last];
        else
            kg_db_close(store->idle[last]);
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}

static void give_idle(kg_store *store, kg_db *db, uint64_t file)
{
    pthread_mutex_lock(&store->lock);
    if (store->idle_count < KG_POOL) {
        store->idle[store->idle_count] = db;
        store->idle_file[store->idle_count++] = file;
        db = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    kg_db_close(db);
}

static status load_meta(kg_read *read, error *err)
{
    sqlite3_stmt *stmt = kg_db_stmt(read->db, "SELECT key, value FROM meta ORDER BY key", err);
    if (stmt == NULL)
        return STATUS_CORRUPT;
    size_t capacity = 0;
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (read->meta_count == capacity) {
            size_t wider = capacity == 0 ? 16 : capacity * 2;
            kg_meta *meta = ARENA_ARRAY(read->strings, kg_meta, wider);
            if (meta == NULL)
                break;
            if (capacity > 0)
                memcpy(meta, read->meta, capacity * sizeof *meta);
            read->meta = meta;
            capacity = wider;
        }
        read->meta[read->meta_count++] =
            (kg_meta){kg_db_str(stmt, 0, read->strings), kg_db_str(stmt, 1, read->strings)};
    }
    status result = code == SQLITE_DONE  ? STATUS_OK
                    : code == SQLITE_ROW ? error_memory(err)
                                         : kg_db_error(read->db, code, read->store->path, err);
    sqlite3_reset(stmt);
    return result;
}

status kg_read_begin(kg_store *store, kg_read **out, error *err)
{
    kg_read *read = calloc(1, sizeof *read);
    if (read == NULL)
        return error_memory(err);
    read->store = store;
    read->strings = arena_new(0);
    status code = read->strings == NULL ? error_memory(err) : STATUS_OK;
    if (code == STATUS_OK && store->options.create && access(store->path, F_OK) != 0)
        code = create_empty(store->path, err);
    read->file = file_number(store->path);
    read->db = take_idle(store, read->file);
    if (code == STATUS_OK && read->db == NULL)
        code = open_verified(store, KG_DB_READ, &read->db, err);
    if (code == STATUS_OK)
        code = kg_db_exec(read->db, "BEGIN", err);
    if (code == STATUS_OK)
        code = load_meta(read, err);
    int64_t version = 0, further = 0;
    if (code == STATUS_OK)
        code = kg_base_load(read->db, err);
    if (code == STATUS_OK)
        code = kg_db_int(read->db, "SELECT EXISTS(SELECT 1 FROM origin)", 0, &further, err);
    read->further_origins = further != 0;
    if (code == STATUS_OK && (!str_to_i64(kg_meta_get(read, STR("version")), &version) ||
                              kg_graph_uuid(read).length != 32))
        code = error_set(err, STATUS_CORRUPT, "%s: has no version or uuid; the file is damaged",
                         store->path);
    read->version = (uint64_t)version;
    if (code != STATUS_OK) {
        kg_db_close(read->db);
        arena_free(read->strings);
        free(read);
        return code;
    }
    *out = read;
    return STATUS_OK;
}

void kg_read_end(kg_read *read)
{
    if (read == NULL)
        return;
    for (size_t i = 0; i < KG_DB_CACHE; i++)
        if (read->db->cache[i].stmt != NULL)
            sqlite3_reset(read->db->cache[i].stmt);
    if (sqlite3_exec(read->db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        give_idle(read->store, read->db, read->file);
    else
        kg_db_close(read->db);
    arena_free(read->strings);
    free(read);
}

uint64_t kg_read_version(kg_read *read)
{
    return read->version;
}

str kg_meta_get(kg_read *read, str key)
{
    for (size_t i = 0; i < read->meta_count; i++)
        if (str_equal(read->meta[i].key, key))
            return read->meta[i].value;
    return str_make("", 0);
}

str kg_graph_uuid(kg_read *read)
{
    return kg_meta_get(read, STR("uuid"));
}

static uint64_t meta_count(kg_read *read, str key)
{
    int64_t value = 0;
    return str_to_i64(kg_meta_get(read, key), &value) && value > 0 ? (uint64_t)value : 0;
}

status kg_read_totals(kg_read *read, kg_totals *out, error *err)
{
    kg_totals t = {.statements = meta_count(read, STR("statements")),
                   .terms = meta_count(read, STR("terms")),
                   .literals = meta_count(read, STR("literals")),
                   .labels = meta_count(read, STR("labels")),
                   .passages = meta_count(read, STR("passages")),
                   .version = read->version};
    int64_t relations = 0, classes = 0, both = 0, sources = 0;
    status code = kg_db_int(read->db, "SELECT count(*) FROM relation_stat", 0, &relations, err);
    if (code == STATUS_OK)
        code = kg_db_int(read->db, "SELECT count(*) FROM class_stat", 0, &classes, err);
    if (code == STATUS_OK)
        code =
            kg_db_int(read->db, "SELECT count(*) FROM relation_stat JOIN class_stat ON class = p",
                      0, &both, err);
    if (code == STATUS_OK)
        code = kg_db_int(read->db, "SELECT count(*) FROM source", 0, &sources, err);
    if (code != STATUS_OK)
        return code;
    t.relations = (uint64_t)relations;
    t.classes = (uint64_t)classes;
    t.sources = (uint64_t)sources;
    uint64_t nodes = t.terms - t.literals, schema = (uint64_t)(relations + classes - both);
    t.entities = nodes > schema ? nodes - schema : 0;
    *out = t;
    return STATUS_OK;
}

status kg_sources(kg_read *read, arena *a, kg_source **out, size_t *out_count, error *err)
{
    int64_t count = 0;
    status code = kg_db_int(read->db, "SELECT count(*) FROM source", 0, &count, err);
    if (code != STATUS_OK)
        return code;
    kg_source *items = ARENA_ARRAY(a, kg_source, (size_t)count);
    sqlite3_stmt *stmt = kg_db_stmt(
        read->db, "SELECT name, format, statements, loaded_at, authority FROM source ORDER BY name",
        err);
    if (items == NULL || stmt == NULL)
        return error_memory(err);
    size_t n = 0;
    int step = SQLITE_DONE;
    while (n < (size_t)count && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        items[n++] = (kg_source){.name = kg_db_str(stmt, 0, a),
                                 .format = kg_db_str(stmt, 1, a),
                                 .statements = (uint64_t)sqlite3_column_int64(stmt, 2),
                                 .loaded_at = sqlite3_column_int64(stmt, 3),
                                 .authority = sqlite3_column_double(stmt, 4)};
    sqlite3_reset(stmt);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return kg_db_error(read->db, step, "sources", err);
    *out = items;
    *out_count = n;
    return STATUS_OK;
}
