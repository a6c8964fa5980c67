/* Opening and reading a damaged .kg file: whatever the bytes, an error or an answer, no crash. */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "kg/export.h"
#include "kg/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool drop(void *context, str bytes)
{
    size_t *total = context;
    *total += bytes.length;
    return *total < 1 << 20;
}

static void look(kg_read *read, arena *a)
{
    error err = {0};
    kg_statement_list list;
    kg_statement_detail detail;
    kg_edge_kind *kinds;
    kg_relation *relations;
    kg_hit *hits;
    size_t count, total = 0;
    if (kg_match(read, &(kg_pattern){.limit = 50}, a, &list, &err) == STATUS_OK)
        for (size_t i = 0; i < list.count; i++) {
            kg_statement st = list.items[i];
            (void)kg_statement_get(read, st.id, a, &detail, &err);
            (void)kg_edge_kinds(read, st.o, 10, a, &kinds, &count, &err);
            (void)kg_match(read, &(kg_pattern){.p = st.p, .o = st.o, .limit = 5}, a, &list, &err);
        }
    (void)kg_relations(read, a, &relations, &count, &err);
    (void)kg_label_search(read, STR("tuberculosos"), NULL, a, &hits, &count, &err);
    (void)kg_passage_search(read, STR("lung disease"), NULL, a, &hits, &count, &err);
    (void)kg_export(read, drop, &total, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    error err = {0};
    kg_store *store = NULL;
    kg_read *read = NULL;
    arena *a = arena_new((size_t)256 << 20);
    (void)snprintf(path, sizeof path, "/tmp/vouch-fuzz-%ld.kg", (long)getpid());
    FILE *file = fopen(path, "wb");
    if (file != NULL) {
        (void)fwrite(data, 1, size, file);
        (void)fclose(file);
        if (kg_open(path, &(kg_open_options){.read_only = true}, &store, &err) == STATUS_OK) {
            if (kg_read_begin(store, &read, &err) == STATUS_OK)
                look(read, a);
            kg_read_end(read);
            error_clear(&err);
            (void)kg_check(store, NULL, NULL, &err);
        }
        kg_close(store);
        static const char *const tails[] = {"", "-wal", "-shm", ".v1"};
        for (size_t i = 0; i < CORE_COUNT(tails); i++) {
            char name[80];
            (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
            (void)unlink(name);
        }
    }
    arena_free(a);
    return 0;
}
