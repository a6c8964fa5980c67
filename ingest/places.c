/* See places.h. */
#include "ingest/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ingest/fetch.h"

#define MAX_DEPTH 32

static bool push(ingest_places *p, const char *place, arena *a)
{
    if (p->count == p->capacity) {
        size_t capacity = p->capacity * 2 + 64;
        const char **more = ARENA_ARRAY(a, const char *, capacity);
        if (more == NULL)
            return false;
        if (p->count > 0)
            memcpy(more, p->items, p->count * sizeof *more);
        p->items = more;
        p->capacity = capacity;
    }
    p->items[p->count++] = place;
    return place != NULL;
}

static bool wanted(const char *name, bool markdown)
{
    if (name[0] == '.' || strcmp(name, "_index.md") == 0)
        return false;
    str s = str_from(name);
    return !markdown || str_ends(s, STR(".md")) || str_ends(s, STR(".md.gz")) ||
           str_ends(s, STR(".md.zst"));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static status expand(const char *folder, bool markdown, int depth, arena *a, ingest_places *out,
                     error *err)
{
    DIR *dir = depth > MAX_DEPTH ? NULL : opendir(folder);
    if (dir == NULL)
        return depth > MAX_DEPTH
                   ? error_set_at(err, STATUS_LIMIT, folder, 0, 0, "folders are nested too deeply")
                   : error_set_at(err, STATUS_IO, folder, 0, 0, "cannot open the folder: %s",
                                  strerror(errno));
    ingest_places names = {0};
    status st = STATUS_OK;
    for (struct dirent *e; st == STATUS_OK && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        str base = str_from(folder);
        bool slash = str_ends(base, STR("/"));
        if (!push(&names, arena_printf(a, "%s%s%s", folder, slash ? "" : "/", e->d_name), a))
            st = error_memory(err);
    }
    closedir(dir);
    if (st == STATUS_OK && names.count > 0)
        qsort(names.items, names.count, sizeof *names.items, by_name);
    for (size_t i = 0; st == STATUS_OK && i < names.count; i++) {
        struct stat s;
        if (lstat(names.items[i], &s) == 0 && S_ISDIR(s.st_mode))
            st = expand(names.items[i], markdown, depth + 1, a, out, err);
        else if (wanted(strrchr(names.items[i], '/') + 1, markdown) &&
                 stat(names.items[i], &s) == 0 && S_ISREG(s.st_mode) &&
                 !push(out, names.items[i], a))
            st = error_memory(err);
    }
    return st;
}

status ingest_places_expand(const char *const *given, size_t count, bool markdown, arena *a,
                            ingest_places *out, error *err)
{
    *out = (ingest_places){0};
    for (size_t i = 0; i < count; i++) {
        struct stat s;
        bool folder = strcmp(given[i], "-") != 0 && !ingest_is_url(given[i]) &&
                      stat(given[i], &s) == 0 && S_ISDIR(s.st_mode);
        size_t before = out->count;
        if (!folder && !push(out, arena_cstr(a, str_from(given[i])), a))
            return error_memory(err);
        if (!folder)
            continue;
        status st = expand(given[i], markdown, 0, a, out, err);
        if (st != STATUS_OK)
            return st;
        if (out->count == before)
            return error_set_at(err, STATUS_NOT_FOUND, given[i], 0, 0, "the folder holds no %sfile",
                                markdown ? "*.md " : "");
    }
    return STATUS_OK;
}
