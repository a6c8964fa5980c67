/* Reading of GGUF: one pass over the header, the metadata and the tensor table, all of it through
 * a cursor that knows how many bytes the file has. A file opened by path is read into an anonymous
 * mapping of the file's size, filled by pread as the cursor moves, so that pointers into it stay
 * valid and pages that hold tensor data are never touched. Strings of arrays are indexed once, in
 * an arena. Nothing here is shared or changed after opening. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "llm/gguf.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"

#define READ_STEP ((uint64_t)1 << 20)
#define MAX_VALUES 65536u   /* keys; real files have some dozens */
#define MAX_TENSORS 65536u  /* real files have some hundreds */
#define MAX_NAME_BYTES 256u /* ggml allows 64 */
#define MAX_ALIGNMENT ((uint32_t)1 << 20)

struct gguf {
    char *name;
    int fd;                    /* -1 for a file in memory */
    const unsigned char *data; /* the caller's bytes, or our mapping */
    uint64_t bytes;            /* of the file */
    bool mapped;               /* data is our anonymous mapping */
    uint32_t version;
    gguf_value *values;
    size_t value_count;
    gguf_tensor *tensors;
    size_t tensor_count;
    uint32_t *by_name; /* tensor indices sorted by name */
    arena *memory;
};

/* Where reading stands. `filled` bytes of the file are in memory. */
typedef struct cursor {
    gguf *file;
    uint64_t at, filled;
    error *err;
} cursor;

static const struct type_info {
    uint32_t type;
    const char *name;
    uint32_t weights, bytes;
} type_table[] = {
    {GGUF_TYPE_F32, "F32", 1, 4},       {GGUF_TYPE_F16, "F16", 1, 2},
    {GGUF_TYPE_BF16, "BF16", 1, 2},     {GGUF_TYPE_Q8_0, "Q8_0", 32, 34},
    {GGUF_TYPE_Q4_0, "Q4_0", 32, 18},   {GGUF_TYPE_Q5_0, "Q5_0", 32, 22},
    {GGUF_TYPE_Q4_K, "Q4_K", 256, 144}, {GGUF_TYPE_Q5_K, "Q5_K", 256, 176},
    {GGUF_TYPE_Q6_K, "Q6_K", 256, 210},
};

static const struct type_info *find_type(uint32_t type)
{
    for (size_t i = 0; i < CORE_COUNT(type_table); i++)
        if (type_table[i].type == type)
            return &type_table[i];
    return NULL;
}

const char *gguf_type_name(uint32_t type)
{
    const struct type_info *info = find_type(type);
    return info == NULL ? NULL : info->name;
}

bool gguf_type_block(uint32_t type, uint32_t *weights, uint32_t *bytes)
{
    const struct type_info *info = find_type(type);
    if (info == NULL)
        return false;
    *weights = info->weights;
    *bytes = info->bytes;
    return true;
}

/* --- the cursor --------------------------------------------------------------------------- */

static status fail(cursor *c, const char *what)
{
    return error_set_at(c->err, STATUS_INVALID, c->file->name, 0, c->at + 1,
                        "no sound GGUF file: %s at byte %" PRIu64, what, c->at);
}

/* Reads the file into the mapping up to `end` at least. */
static status fill(cursor *c, uint64_t end)
{
    gguf *g = c->file;
    if (!g->mapped || end <= c->filled)
        return STATUS_OK;
    uint64_t want = end + READ_STEP;
    if (want > g->bytes)
        want = g->bytes;
    unsigned char *base = (unsigned char *)(uintptr_t)g->data;
    while (c->filled < want) {
        ssize_t n = pread(g->fd, base + c->filled, want - c->filled, (off_t)c->filled);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(c->err, STATUS_IO, errno, g->name);
        if (n == 0)
            return error_set_at(c->err, STATUS_IO, g->name, 0, 0,
                                "the file shrank while it was read");
        c->filled += (uint64_t)n;
    }
    return STATUS_OK;
}

/* The next `bytes` bytes of the file, or NULL with the error set. */
static const unsigned char *take(cursor *c, uint64_t bytes)
{
    if (bytes > c->file->bytes - c->at) {
        fail(c, "it ends early");
        return NULL;
    }
    if (fill(c, c->at + bytes) != STATUS_OK)
        return NULL;
    const unsigned char *p = c->file->data + c->at;
    c->at += bytes;
    return p;
}

static bool take_u32(cursor *c, uint32_t *out)
{
    const unsigned char *p = take(c, sizeof *out);
    if (p == NULL)
        return false;
    memcpy(out, p, sizeof *out);
    return true;
}

static bool take_u64(cursor *c, uint64_t *out)
{
    const unsigned char *p = take(c, sizeof *out);
    if (p == NULL)
        return false;
    memcpy(out, p, sizeof *out);
    return true;
}

static bool take_str(cursor *c, str *out)
{
    uint64_t length = 0;
    if (!take_u64(c, &length))
        return false;
    const unsigned char *p = take(c, length);
    if (p == NULL)
        return false;
    *out = str_make((const char *)p, (size_t)length);
    return true;
}

/* --- metadata ----------------------------------------------------------------------------- */

/* Bytes of a number of that kind; 0 for strings, arrays and unknown kinds. */
static uint32_t number_bytes(uint32_t kind)
{
    static const unsigned char sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return kind < sizeof sizes ? sizes[kind] : 0;
}

static status read_array(cursor *c, gguf_value *v)
{
    uint32_t element = 0;
    if (!take_u32(c, &element) || !take_u64(c, &v->count))
        return c->err->code;
    v->element = (gguf_kind)element;
    uint64_t left = c->file->bytes - c->at;
    if (element == GGUF_STRING) {
        if (v->count > left / 8)
            return fail(c, "an array longer than the file");
        str *items = ARENA_ARRAY(c->file->memory, str, v->count);
        if (items == NULL)
            return error_memory(c->err);
        for (uint64_t i = 0; i < v->count; i++)
            if (!take_str(c, &items[i]))
                return c->err->code;
        v->data = items;
        return STATUS_OK;
    }
    uint32_t size = number_bytes(element);
    if (size == 0)
        return fail(c, "an array of a type that cannot be");
    if (v->count > left / size)
        return fail(c, "an array longer than the file");
    v->data = take(c, v->count * size);
    return v->data == NULL ? c->err->code : STATUS_OK;
}

static status read_value(cursor *c, gguf_value *v)
{
    uint32_t kind = 0;
    if (!take_str(c, &v->key) || !take_u32(c, &kind))
        return c->err->code;
    if (v->key.length == 0 || v->key.length > 65535)
        return fail(c, "a key whose length is wrong");
    v->kind = (gguf_kind)kind;
    v->count = 1;
    if (kind == GGUF_STRING)
        return take_str(c, &v->text) ? STATUS_OK : c->err->code;
    if (kind == GGUF_ARRAY)
        return read_array(c, v);
    uint32_t size = number_bytes(kind);
    if (size == 0)
        return fail(c, "a value of a type that cannot be");
    v->data = take(c, size);
    return v->data == NULL ? c->err->code : STATUS_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const gguf_value *const *x = a;
    const gguf_value *const *y = b;
    return str_compare((*x)->key, (*y)->key);
}

static status check_keys(cursor *c)
{
    gguf *g = c->file;
    const gguf_value **sorted = ARENA_ARRAY(g->memory, const gguf_value *, g->value_count);
    if (sorted == NULL)
        return error_memory(c->err);
    for (size_t i = 0; i < g->value_count; i++)
        sorted[i] = &g->values[i];
    if (g->value_count > 1)
        qsort(sorted, g->value_count, sizeof *sorted, compare_keys);
    for (size_t i = 1; i < g->value_count; i++)
        if (str_equal(sorted[i - 1]->key, sorted[i]->key))
            return error_set_at(c->err, STATUS_INVALID, g->name, 0, 0,
                                "no sound GGUF file: the key '%.*s' stands there twice",
                                STR_ARG(sorted[i]->key));
    return STATUS_OK;
}

static status read_values(cursor *c, uint64_t count)
{
    if (count > MAX_VALUES)
        return fail(c, "an absurd number of metadata keys");
    c->file->values = ARENA_ARRAY(c->file->memory, gguf_value, (size_t)count);
    if (c->file->values == NULL)
        return error_memory(c->err);
    for (uint64_t i = 0; i < count; i++) {
        status s = read_value(c, &c->file->values[i]);
        if (s != STATUS_OK)
            return s;
        c->file->value_count = (size_t)i + 1;
    }
    return check_keys(c);
}

/* --- tensors ------------------------------------------------------------------------------ */

/* Sets the tensor's bytes from its shape and type; false when that is no sound size. */
static bool size_tensor(gguf_tensor *t)
{
    uint64_t weights = 1;
    for (uint32_t d = 0; d < t->dims; d++) {
        if (t->shape[d] == 0 || weights > (UINT64_MAX >> 8) / t->shape[d])
            return false;
        weights *= t->shape[d];
    }
    const struct type_info *info = find_type(t->type);
    if (info == NULL)
        return true;
    if (t->shape[0] % info->weights != 0)
        return false;
    t->bytes = weights / info->weights * info->bytes;
    return true;
}

static status read_tensor(cursor *c, gguf_tensor *t)
{
    if (!take_str(c, &t->name) || !take_u32(c, &t->dims))
        return c->err->code;
    if (t->name.length == 0 || t->name.length > MAX_NAME_BYTES)
        return fail(c, "a tensor whose name's length is wrong");
    if (t->dims < 1 || t->dims > GGUF_MAX_DIMS)
        return fail(c, "a tensor with a wrong number of dimensions");
    for (uint32_t d = 0; d < GGUF_MAX_DIMS; d++)
        t->shape[d] = 1;
    for (uint32_t d = 0; d < t->dims; d++)
        if (!take_u64(c, &t->shape[d]))
            return c->err->code;
    if (!take_u32(c, &t->type) || !take_u64(c, &t->offset))
        return c->err->code;
    if (!size_tensor(t))
        return error_set_at(c->err, STATUS_INVALID, c->file->name, 0, c->at + 1,
                            "no sound GGUF file: the shape of tensor '%.*s' does not fit its type",
                            STR_ARG(t->name));
    return STATUS_OK;
}

/* Turns offsets within the data section into offsets within the file, checked. */
static status place_tensor(cursor *c, gguf_tensor *t, uint64_t data_start, uint32_t alignment)
{
    uint64_t room = c->file->bytes - data_start;
    if (t->offset % alignment != 0 || t->offset > room || t->bytes > room - t->offset)
        return error_set_at(c->err, STATUS_INVALID, c->file->name, 0, 0,
                            "no sound GGUF file: tensor '%.*s' (%" PRIu64 " bytes at %" PRIu64
                            ") lies outside the file's %" PRIu64
                            " bytes; it may have been cut short",
                            STR_ARG(t->name), t->bytes, t->offset, c->file->bytes);
    t->offset += data_start;
    return STATUS_OK;
}

static int compare_places(const void *a, const void *b)
{
    const gguf_tensor *const *x = a;
    const gguf_tensor *const *y = b;
    if ((*x)->offset != (*y)->offset)
        return (*x)->offset < (*y)->offset ? -1 : 1;
    return 0;
}

static status check_overlap(cursor *c)
{
    gguf *g = c->file;
    const gguf_tensor **sorted = ARENA_ARRAY(g->memory, const gguf_tensor *, g->tensor_count);
    if (sorted == NULL)
        return error_memory(c->err);
    for (size_t i = 0; i < g->tensor_count; i++)
        sorted[i] = &g->tensors[i];
    if (g->tensor_count > 1)
        qsort(sorted, g->tensor_count, sizeof *sorted, compare_places);
    for (size_t i = 1; i < g->tensor_count; i++)
        if (sorted[i]->offset - sorted[i - 1]->offset < sorted[i - 1]->bytes)
            return error_set_at(c->err, STATUS_INVALID, g->name, 0, 0,
                                "no sound GGUF file: tensors '%.*s' and '%.*s' overlap",
                                STR_ARG(sorted[i - 1]->name), STR_ARG(sorted[i]->name));
    return STATUS_OK;
}

typedef struct named {
    str name;
    uint32_t index;
} named;

static int compare_named(const void *a, const void *b)
{
    return str_compare(((const named *)a)->name, ((const named *)b)->name);
}

/* Fills by_name; refuses a name that stands there twice. */
static status sort_names(cursor *c)
{
    gguf *g = c->file;
    named *names = ARENA_ARRAY(g->memory, named, g->tensor_count);
    g->by_name = ARENA_ARRAY(g->memory, uint32_t, g->tensor_count);
    if (names == NULL || g->by_name == NULL)
        return error_memory(c->err);
    for (size_t i = 0; i < g->tensor_count; i++)
        names[i] = (named){g->tensors[i].name, (uint32_t)i};
    if (g->tensor_count > 1)
        qsort(names, g->tensor_count, sizeof *names, compare_named);
    for (size_t i = 0; i < g->tensor_count; i++) {
        if (i > 0 && str_equal(names[i - 1].name, names[i].name))
            return error_set_at(c->err, STATUS_INVALID, g->name, 0, 0,
                                "no sound GGUF file: two tensors are named '%.*s'",
                                STR_ARG(names[i].name));
        g->by_name[i] = names[i].index;
    }
    return STATUS_OK;
}

static status read_tensors(cursor *c, uint64_t count)
{
    gguf *g = c->file;
    if (count > MAX_TENSORS)
        return fail(c, "an absurd number of tensors");
    g->tensors = ARENA_ARRAY(g->memory, gguf_tensor, (size_t)count);
    if (g->tensors == NULL)
        return error_memory(c->err);
    for (uint64_t i = 0; i < count; i++) {
        status s = read_tensor(c, &g->tensors[i]);
        if (s != STATUS_OK)
            return s;
        g->tensor_count = (size_t)i + 1;
    }
    uint32_t alignment = 32;
    if (gguf_find(g, "general.alignment") != NULL &&
        (!gguf_get_u32(g, "general.alignment", &alignment) || alignment == 0 ||
         alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0))
        return fail(c, "an alignment that is no power of two");
    uint64_t start = (c->at + alignment - 1) / alignment * alignment;
    if (start > g->bytes && count > 0)
        return fail(c, "it ends before its tensors");
    for (size_t i = 0; i < g->tensor_count; i++) {
        status s = place_tensor(c, &g->tensors[i], start, alignment);
        if (s != STATUS_OK)
            return s;
    }
    status s = sort_names(c);
    return s != STATUS_OK ? s : check_overlap(c);
}

/* --- opening ------------------------------------------------------------------------------ */

static status parse(gguf *g, error *err)
{
    cursor c = {.file = g, .err = err};
    const unsigned char *magic = take(&c, 4);
    if (magic == NULL)
        return err->code;
    if (memcmp(magic, "GGUF", 4) != 0)
        return error_set_at(err, STATUS_INVALID, g->name, 0, 0,
                            "no GGUF file: it does not begin with 'GGUF'");
    uint64_t tensors = 0, values = 0;
    if (!take_u32(&c, &g->version))
        return err->code;
    if (g->version != 2 && g->version != 3)
        return error_set_at(err, STATUS_UNSUPPORTED, g->name, 0, 0,
                            "GGUF version %" PRIu32 " is not supported; versions 2 and 3 are",
                            g->version);
    if (!take_u64(&c, &tensors) || !take_u64(&c, &values))
        return err->code;
    status s = read_values(&c, values);
    return s != STATUS_OK ? s : read_tensors(&c, tensors);
}

static gguf *new_gguf(const char *name)
{
    gguf *g = calloc(1, sizeof *g);
    if (g == NULL)
        return NULL;
    g->fd = -1;
    g->name = strdup(name);
    g->memory = arena_new(0);
    if (g->name == NULL || g->memory == NULL) {
        gguf_close(g);
        return NULL;
    }
    return g;
}

/* Parses, and gives the file to the caller or closes it. */
static status finish_open(gguf *g, gguf **out, error *err)
{
    error local = {0};
    status s = parse(g, &local);
    if (s != STATUS_OK) {
        error_set_at(err, s, local.file, local.line, 0, "%s", local.message);
        gguf_close(g);
        return s;
    }
    *out = g;
    return STATUS_OK;
}

static status map_file(gguf *g, const char *path, error *err)
{
    struct stat info;
    g->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (g->fd < 0)
        return error_errno(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, errno, path);
    if (fstat(g->fd, &info) != 0)
        return error_errno(err, STATUS_IO, errno, path);
    if (!S_ISREG(info.st_mode))
        return error_set_at(err, STATUS_INVALID, path, 0, 0, "no regular file");
    if (info.st_size < 24)
        return error_set_at(err, STATUS_INVALID, path, 0, 0,
                            "no GGUF file: it is too short to be one");
    g->bytes = (uint64_t)info.st_size;
    void *base = mmap(NULL, (size_t)g->bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return error_memory(err);
    g->data = base;
    g->mapped = true;
    return STATUS_OK;
}

status gguf_open(const char *path, gguf **out, error *err)
{
    gguf *g = new_gguf(path);
    if (g == NULL)
        return error_memory(err);
    status s = map_file(g, path, err);
    if (s != STATUS_OK) {
        gguf_close(g);
        return s;
    }
    return finish_open(g, out, err);
}

status gguf_open_memory(const void *data, size_t bytes, const char *name, gguf **out, error *err)
{
    gguf *g = new_gguf(name);
    if (g == NULL)
        return error_memory(err);
    g->data = data;
    g->bytes = bytes;
    return finish_open(g, out, err);
}

void gguf_close(gguf *g)
{
    if (g == NULL)
        return;
    if (g->mapped)
        munmap((void *)(uintptr_t)g->data, (size_t)g->bytes);
    if (g->fd >= 0)
        close(g->fd);
    arena_free(g->memory);
    free(g->name);
    free(g);
}

/* --- reading ------------------------------------------------------------------------------ */

const char *gguf_name(const gguf *g)
{
    return g->name;
}

uint32_t gguf_version(const gguf *g)
{
    return g->version;
}

uint64_t gguf_file_bytes(const gguf *g)
{
    return g->bytes;
}

size_t gguf_value_count(const gguf *g)
{
    return g->value_count;
}

const gguf_value *gguf_value_at(const gguf *g, size_t index)
{
    return index < g->value_count ? &g->values[index] : NULL;
}

const gguf_value *gguf_find(const gguf *g, const char *key)
{
    str wanted = str_from(key);
    for (size_t i = 0; i < g->value_count; i++)
        if (str_equal(g->values[i].key, wanted))
            return &g->values[i];
    return NULL;
}

bool gguf_integer_at(const gguf_value *v, uint64_t index, int64_t *out)
{
    uint32_t kind = v->kind == GGUF_ARRAY ? v->element : v->kind;
    uint32_t size = number_bytes(kind);
    if (size == 0 || index >= v->count || kind == GGUF_F32 || kind == GGUF_F64)
        return false;
    const unsigned char *p = (const unsigned char *)v->data + index * size;
    uint64_t bits = 0;
    for (uint32_t i = 0; i < size; i++)
        bits |= (uint64_t)p[i] << (8 * i);
    bool is_signed = kind == GGUF_I8 || kind == GGUF_I16 || kind == GGUF_I32 || kind == GGUF_I64;
    if (is_signed && size < 8 && (bits >> (8 * size - 1)) != 0)
        bits |= ~(uint64_t)0 << (8 * size);
    if (!is_signed && bits > INT64_MAX)
        return false;
    *out = (int64_t)bits;
    return true;
}

bool gguf_number_at(const gguf_value *v, uint64_t index, double *out)
{
    uint32_t kind = v->kind == GGUF_ARRAY ? v->element : v->kind;
    int64_t integer;
    if (gguf_integer_at(v, index, &integer)) {
        *out = (double)integer;
        return true;
    }
    if (index >= v->count)
        return false;
    const unsigned char *base = v->data;
    if (kind == GGUF_F32) {
        float f;
        memcpy(&f, base + index * sizeof f, sizeof f);
        *out = (double)f;
        return true;
    }
    if (kind == GGUF_F64) {
        memcpy(out, base + index * sizeof *out, sizeof *out);
        return true;
    }
    return false;
}

bool gguf_get_u64(const gguf *g, const char *key, uint64_t *out)
{
    const gguf_value *v = gguf_find(g, key);
    int64_t i;
    if (v == NULL || v->kind == GGUF_ARRAY || !gguf_integer_at(v, 0, &i) || i < 0)
        return false;
    *out = (uint64_t)i;
    return true;
}

bool gguf_get_u32(const gguf *g, const char *key, uint32_t *out)
{
    uint64_t wide;
    if (!gguf_get_u64(g, key, &wide) || wide > UINT32_MAX)
        return false;
    *out = (uint32_t)wide;
    return true;
}

bool gguf_get_f32(const gguf *g, const char *key, float *out)
{
    const gguf_value *v = gguf_find(g, key);
    double d;
    if (v == NULL || v->kind == GGUF_ARRAY || v->kind == GGUF_BOOL || !gguf_number_at(v, 0, &d))
        return false;
    *out = (float)d;
    return true;
}

bool gguf_get_bool(const gguf *g, const char *key, bool *out)
{
    const gguf_value *v = gguf_find(g, key);
    int64_t i;
    if (v == NULL || v->kind != GGUF_BOOL || !gguf_integer_at(v, 0, &i))
        return false;
    *out = i != 0;
    return true;
}

bool gguf_get_str(const gguf *g, const char *key, str *out)
{
    const gguf_value *v = gguf_find(g, key);
    if (v == NULL || v->kind != GGUF_STRING)
        return false;
    *out = v->text;
    return true;
}

bool gguf_get_strings(const gguf *g, const char *key, const str **items, size_t *count)
{
    const gguf_value *v = gguf_find(g, key);
    if (v == NULL || v->kind != GGUF_ARRAY || v->element != GGUF_STRING)
        return false;
    *items = v->data;
    *count = (size_t)v->count;
    return true;
}

size_t gguf_tensor_count(const gguf *g)
{
    return g->tensor_count;
}

const gguf_tensor *gguf_tensor_at(const gguf *g, size_t index)
{
    return index < g->tensor_count ? &g->tensors[index] : NULL;
}

const gguf_tensor *gguf_find_tensor(const gguf *g, const char *name)
{
    str wanted = str_from(name);
    size_t low = 0, high = g->tensor_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const gguf_tensor *t = &g->tensors[g->by_name[middle]];
        int order = str_compare(t->name, wanted);
        if (order == 0)
            return t;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const void *gguf_tensor_data(const gguf *g, const gguf_tensor *t)
{
    return g->fd >= 0 ? NULL : g->data + t->offset;
}

status gguf_tensor_read(const gguf *g, const gguf_tensor *t, uint64_t from, size_t bytes, void *out,
                        error *err)
{
    if (from > t->bytes || bytes > t->bytes - from)
        return error_set_at(err, STATUS_INVALID, g->name, 0, 0, "a read outside of tensor '%.*s'",
                            STR_ARG(t->name));
    if (g->fd < 0) {
        memcpy(out, g->data + t->offset + from, bytes);
        return STATUS_OK;
    }
    size_t done = 0;
    while (done < bytes) {
        off_t at = (off_t)(t->offset + from + done);
        ssize_t n = pread(g->fd, (char *)out + done, bytes - done, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, STATUS_IO, errno, g->name);
        if (n == 0)
            return error_set_at(err, STATUS_IO, g->name, 0, 0, "the file shrank while it was read");
        done += (size_t)n;
    }
    return STATUS_OK;
}
