/* See resource.h. The bytes come from core/resource_data.S, the table from the build (both are
 * made by schemas/rules.mk out of the files of schemas/). */
#include "core/resource.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct resource_entry {
    const char *name;
    const char *data, *end; /* end: behind the last byte, where a NUL lies */
} resource_entry;

#include "resource_table.inc"

bool resource_name_at(size_t index, str *out)
{
    if (index >= CORE_COUNT(resource_table) - 1)
        return false;
    *out = str_from(resource_table[index].name);
    return true;
}

bool resource_embedded(str name, str *out)
{
    for (const resource_entry *e = resource_table; e->name != NULL; e++) {
        if (str_equal(str_from(e->name), name)) {
            *out = str_make(e->data, (size_t)(e->end - e->data));
            return true;
        }
    }
    return false;
}

status resource_read_file(const char *path, arena *a, str *out, error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return error_errno(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, errno, path);
    status st = STATUS_OK;
    size_t capacity = 1 << 16, length = 0;
    char *data = malloc(capacity);
    while (data != NULL) {
        size_t got = fread(data + length, 1, capacity - length - 1, file);
        length += got;
        if (got == 0)
            break;
        if (length + 1 < capacity)
            continue;
        capacity *= 2;
        char *more = capacity > RESOURCE_MAX_BYTES ? NULL : realloc(data, capacity);
        if (more == NULL)
            st = error_set(err, STATUS_LIMIT, "%s: larger than %zu MB", path,
                           RESOURCE_MAX_BYTES >> 20);
        if (more == NULL)
            break;
        data = more;
    }
    if (st == STATUS_OK && ferror(file))
        st = error_errno(err, STATUS_IO, errno, path);
    if (st == STATUS_OK && data != NULL)
        *out = arena_str(a, str_make(data, length));
    if (st == STATUS_OK && (data == NULL || out->data == NULL))
        st = error_memory(err);
    free(data);
    fclose(file);
    return st;
}

status resource_get(str name, arena *a, str *out, error *err)
{
    const char *folder = getenv("VOUCH_SCHEMAS");
    bool inside = !str_starts(name, STR("/")) && str_find(name, STR(".."), 0) == STR_NONE;
    if (folder != NULL && folder[0] != '\0' && inside) {
        char *path = arena_printf(a, "%s/%.*s", folder, STR_ARG(name));
        if (path == NULL)
            return error_memory(err);
        error ignored = {0};
        status st = resource_read_file(path, a, out, &ignored);
        if (st == STATUS_OK)
            return st;
        if (st != STATUS_NOT_FOUND)
            return error_set(err, st, "%s", ignored.message);
    }
    if (resource_embedded(name, out))
        return STATUS_OK;
    return error_set(err, STATUS_NOT_FOUND, "there is no file schemas/%.*s", STR_ARG(name));
}
