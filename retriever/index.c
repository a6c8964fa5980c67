/* Opening and reading the index; see index.h. The block is mapped from the cache file, or, where
 * there is none that fits, built (index_build.c) and kept in memory. */
#include "retriever/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "retriever/index_format.h"

struct graph_index {
    const index_header *header;
    const char *base;
    size_t bytes;
    bool mapped;
    buf built;
};

static const void *section(const graph_index *x, index_section s)
{
    return x->base + x->header->sections[s].offset;
}

/* --- the cache file ----------------------------------------------------------------------------
 */
static uint64_t header_checksum(const index_header *h)
{
    index_header copy = *h;
    copy.checksum = 0;
    return str_hash(str_make((const char *)&copy, sizeof copy), INDEX_MAGIC);
}

static bool header_fits(const index_header *h, size_t bytes, uint64_t version, str uuid)
{
    if (bytes < sizeof *h || h->magic != INDEX_MAGIC || h->bytes != bytes ||
        h->version != version || uuid.length != sizeof h->uuid ||
        memcmp(h->uuid, uuid.data, sizeof h->uuid) != 0 || h->checksum != header_checksum(h))
        return false;
    for (int i = 0; i < INDEX_SECTIONS; i++)
        if (h->sections[i].offset > bytes || h->sections[i].bytes > bytes - h->sections[i].offset)
            return false;
    return true;
}

static bool map_cache(const char *path, uint64_t version, str uuid, graph_index *x)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct stat st;
    void *base = MAP_FAILED;
    if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(index_header))
        base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (base == MAP_FAILED)
        return false;
    if (!header_fits(base, (size_t)st.st_size, version, uuid)) {
        munmap(base, (size_t)st.st_size);
        return false;
    }
    x->base = base;
    x->bytes = (size_t)st.st_size;
    x->header = base;
    x->mapped = true;
    return true;
}

/* Written beside and renamed, so that a reader never sees half of it. Failure is no error: the
 * index then lives in memory. */
static void write_cache(const char *path, const buf *block)
{
    char temporary[4096];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    size_t done = 0;
    while (done < block->length) {
        ssize_t wrote = write(fd, block->data + done, block->length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            break;
        done += (size_t)wrote;
    }
    bool ok = close(fd) == 0 && done == block->length && rename(temporary, path) == 0;
    if (!ok)
        unlink(temporary);
}

static status build(kg_read *read, graph_index *x, error *err)
{
    status s = index_build(read, &x->built, err);
    if (s != STATUS_OK)
        return s;
    index_header *h = (index_header *)(void *)x->built.data;
    h->checksum = header_checksum(h);
    x->base = x->built.data;
    x->bytes = x->built.length;
    x->header = h;
    return STATUS_OK;
}

status index_open(kg_store *store, kg_read *read, bool cache, graph_index **out, error *err)
{
    char path[4096];
    graph_index *x = calloc(1, sizeof *x);
    if (x == NULL)
        return error_memory(err);
    int n = snprintf(path, sizeof path, "%s.lexicon", kg_path(store));
    cache = cache && n > 0 && (size_t)n < sizeof path;
    uint64_t version = kg_read_version(read);
    str uuid = kg_graph_uuid(read);
    if (!cache || !map_cache(path, version, uuid, x)) {
        status s = build(read, x, err);
        if (s != STATUS_OK) {
            index_close(x);
            return s;
        }
        if (cache)
            write_cache(path, &x->built);
    }
    *out = x;
    return STATUS_OK;
}

void index_close(graph_index *x)
{
    if (x == NULL)
        return;
    if (x->mapped)
        munmap((void *)(uintptr_t)x->base, x->bytes);
    buf_free(&x->built);
    free(x);
}

uint64_t index_version(const graph_index *x)
{
    return x->header->version;
}

/* --- nodes and edges ---------------------------------------------------------------------------
 */
size_t index_node_count(const graph_index *x)
{
    return x->header->nodes;
}

size_t index_relation_count(const graph_index *x)
{
    return x->header->relations;
}

index_node index_find(const graph_index *x, kg_id id)
{
    const uint64_t *ids = section(x, INDEX_IDS);
    size_t low = 0, high = x->header->nodes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < x->header->nodes && ids[low] == id ? (index_node)low : INDEX_NONE;
}

kg_id index_id(const graph_index *x, index_node node)
{
    const uint64_t *ids = section(x, INDEX_IDS);
    return node < x->header->nodes ? ids[node] : 0;
}

kg_id index_relation_id(const graph_index *x, uint32_t relation)
{
    const uint64_t *ids = section(x, INDEX_RELATIONS);
    return relation < x->header->relations ? ids[relation] : 0;
}

uint32_t index_relation_find(const graph_index *x, kg_id id)
{
    const uint64_t *ids = section(x, INDEX_RELATIONS);
    for (uint32_t i = 0; i < x->header->relations; i++)
        if (ids[i] == id)
            return i;
    return INDEX_NONE;
}

bool index_is_literal(const graph_index *x, index_node node)
{
    const uint8_t *flags = section(x, INDEX_FLAGS);
    return node < x->header->nodes && (flags[node] & 1) != 0;
}

bool index_has_edges(const graph_index *x)
{
    return x->header->edges > 0;
}

const index_edge *index_edges(const graph_index *x, index_node node, bool inverse, size_t *count)
{
    *count = 0;
    if (x->header->edges == 0 || node >= x->header->nodes)
        return NULL;
    const uint32_t *starts = section(x, inverse ? INDEX_IN_STARTS : INDEX_OUT_STARTS);
    const index_edge *edges = section(x, inverse ? INDEX_IN : INDEX_OUT);
    *count = starts[node + 1] - starts[node];
    return edges + starts[node];
}

static size_t lower_bound(const index_edge *edges, size_t count, uint32_t relation)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (edges[middle].relation < relation)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const index_edge *index_edges_of(const graph_index *x, index_node node, uint32_t relation,
                                 bool inverse, size_t *count)
{
    size_t all;
    const index_edge *edges = index_edges(x, node, inverse, &all);
    *count = 0;
    if (all == 0)
        return NULL;
    size_t from = lower_bound(edges, all, relation);
    size_t to = lower_bound(edges, all, relation + 1);
    *count = to - from;
    return edges + from;
}

size_t index_degree(const graph_index *x, index_node node)
{
    size_t out, in;
    index_edges(x, node, false, &out);
    index_edges(x, node, true, &in);
    return out + in;
}

index_node index_class(const graph_index *x, index_node node)
{
    const uint32_t *classes = section(x, INDEX_CLASSES);
    return node < x->header->nodes ? classes[node] : INDEX_NONE;
}

/* --- names -------------------------------------------------------------------------------------
 */
size_t index_longest_name(const graph_index *x)
{
    return x->header->longest_name;
}

size_t index_name_count(const graph_index *x)
{
    return x->header->names;
}

static index_name read_name(const graph_index *x, const index_chain_entry *chain)
{
    const index_name_entry *names = section(x, INDEX_NAMES);
    const index_name_entry *e = &names[chain->name];
    const char *text = section(x, INDEX_TEXT);
    size_t lang = 0;
    while (lang < sizeof e->lang && e->lang[lang] != '\0')
        lang++;
    return (index_name){.node = e->node,
                        .kind = (kg_label_kind)e->kind,
                        .literal = e->literal != 0,
                        .stem = chain->stem != 0,
                        .text = str_make(text + e->text, e->length),
                        .lang = str_make(e->lang, lang)};
}

void index_names(const graph_index *x, uint64_t chain, index_name_visit visit, void *context)
{
    if (x->header->chains == 0)
        return;
    const uint32_t *buckets = section(x, INDEX_BUCKETS);
    const index_chain_entry *chains = section(x, INDEX_CHAINS);
    size_t bucket = x->header->bucket_bits == 0 ? 0 : chain >> (64 - x->header->bucket_bits);
    for (uint32_t i = buckets[bucket]; i < buckets[bucket + 1]; i++) {
        if (chains[i].chain != chain)
            continue;
        index_name name = read_name(x, &chains[i]);
        if (!visit(context, &name))
            return;
    }
}
