/* The byte source: opens the place, stacks the stages that the first bytes call for, and watches
 * that a file stays what it was. See source.h. */
#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "ingest/codec.h"
#include "ingest/fetch.h"

#define PEEK_BYTES ((size_t)256 << 10)
#define DEFAULT_MAX_BYTES ((uint64_t)1 << 40)

/* The lowest stage: a descriptor, or bytes in memory. */
typedef struct file_stage {
    ingest_stage stage;
    int fd;
    bool regular, keep_open;
    struct stat before;
    uint64_t done;
    str memory; /* data NULL: read fd */
} file_stage;

struct ingest_source {
    file_stage file;
    ingest_stage *top;
    char *location;
    const char *encoding;
    char *head; /* what was decoded for the peek */
    size_t head_length, head_at, head_capacity;
    bool head_whole;
    uint64_t given, max_bytes;
};

/* --- the lowest stage ------------------------------------------------------------------------- */
static status file_unchanged(const file_stage *f, error *err)
{
    struct stat now;
    if (!f->regular)
        return STATUS_OK;
    if (fstat(f->fd, &now) != 0)
        return error_errno(err, STATUS_IO, errno, "cannot look at the file");
    if (now.st_size != f->before.st_size || f->done != (uint64_t)now.st_size ||
        now.st_mtim.tv_sec != f->before.st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != f->before.st_mtim.tv_nsec)
        return error_set(err, STATUS_INVALID,
                         "the file changed while it was read; load it again when it is complete");
    return STATUS_OK;
}

static status file_read(ingest_stage *self, char *out, size_t capacity, size_t *got, error *err)
{
    file_stage *f = (file_stage *)self;
    if (f->memory.data != NULL) {
        str rest = str_slice(f->memory, (size_t)f->done, f->memory.length);
        *got = rest.length < capacity ? rest.length : capacity;
        memcpy(out, rest.data, *got);
        f->done += *got;
        return STATUS_OK;
    }
    ssize_t n;
    do
        n = read(f->fd, out, capacity);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, STATUS_IO, errno, "cannot read");
    if (n == 0) {
        status st = file_unchanged(f, err);
        if (st != STATUS_OK)
            return st;
    }
    f->done += (uint64_t)n;
    *got = (size_t)n;
    return STATUS_OK;
}

static void file_close(ingest_stage *self)
{
    file_stage *f = (file_stage *)self;
    if (f->fd >= 0 && !f->keep_open)
        close(f->fd);
}

static status file_open(ingest_source *s, const ingest_source_options *o, error *err)
{
    file_stage *f = &s->file;
    if (f->memory.data != NULL)
        return STATUS_OK;
    if (strcmp(s->location, "-") == 0) {
        f->fd = STDIN_FILENO;
        f->keep_open = true;
        return STATUS_OK;
    }
    if (ingest_is_url(s->location)) {
        int retries = o->retries == 0 ? 4 : o->retries;
        status st = ingest_fetch(s->location, o->timeout_s > 0 ? o->timeout_s : 30,
                                 retries < 0 ? 0 : retries, s->max_bytes, &f->fd, err);
        if (st != STATUS_OK)
            return st;
    } else {
        f->fd = open(s->location, O_RDONLY | O_CLOEXEC);
        if (f->fd < 0)
            return error_errno(err, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, errno,
                               "cannot open");
    }
    if (fstat(f->fd, &f->before) != 0)
        return error_errno(err, STATUS_IO, errno, "cannot look at the file");
    if (S_ISDIR(f->before.st_mode))
        return error_set(err, STATUS_USAGE, "is a folder, not a file");
    f->regular = S_ISREG(f->before.st_mode);
    return STATUS_OK;
}

/* --- stacking the stages ---------------------------------------------------------------------- */
static status read_head(ingest_stage *stage, char *out, size_t capacity, size_t *length,
                        bool *whole, error *err)
{
    *length = 0;
    *whole = false;
    while (*length < capacity) {
        size_t got = 0;
        status st = stage->read(stage, out + *length, capacity - *length, &got, err);
        if (st != STATUS_OK)
            return st;
        if (got == 0) {
            *whole = true;
            break;
        }
        *length += got;
        if (capacity - *length < 16) /* a recoding stage wants room for a character */
            break;
    }
    return STATUS_OK;
}

static status stack_codec(ingest_source *s, error *err)
{
    char magic[32];
    size_t n;
    bool whole;
    status st = read_head(s->top, magic, sizeof magic, &n, &whole, err);
    if (st != STATUS_OK)
        return st;
    ingest_stage *back = ingest_stage_unread(s->top, str_make(magic, n));
    if (back == NULL)
        return error_memory(err);
    s->top = back;
    ingest_stage *codec = back;
    if (n >= 2 && memcmp(magic, "\x1f\x8b", 2) == 0)
        codec = ingest_stage_gzip(back);
    else if (n >= 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
        codec = ingest_stage_zstd(back);
    if (codec == NULL)
        return error_memory(err);
    s->top = codec;
    return STATUS_OK;
}

/* The encoding's name, and how long its byte order mark is. */
static status choose_encoding(ingest_source *s, const char *named, size_t *skip, error *err)
{
    const char *found =
        ingest_detect_encoding(str_make(s->head, s->head_length), s->head_whole, skip);
    s->encoding = named != NULL ? named : found;
    if (s->encoding == NULL)
        return error_set(err, STATUS_SYNTAX,
                         "cannot tell the text's encoding; name it with --encoding");
    if (strcmp(s->encoding, "binary") == 0)
        return error_set(err, STATUS_SYNTAX,
                         "holds binary data, not text; see 'vouch ingest --help' for the formats");
    if (named != NULL && found != NULL && strcmp(named, found) != 0 && *skip != 3)
        *skip = 0; /* iconv itself reads a mark that belongs to the named encoding */
    return STATUS_OK;
}

static status stack_encoding(ingest_source *s, const char *named, error *err)
{
    status st = read_head(s->top, s->head, s->head_capacity, &s->head_length, &s->head_whole, err);
    size_t skip = 0;
    if (st == STATUS_OK)
        st = choose_encoding(s, named, &skip, err);
    if (st != STATUS_OK)
        return st;
    s->head_at = skip;
    if (str_equal_nocase(str_from(s->encoding), STR("UTF-8")))
        return STATUS_OK;
    ingest_stage *back =
        ingest_stage_unread(s->top, str_make(s->head + skip, s->head_length - skip));
    if (back == NULL)
        return error_memory(err);
    s->top = back;
    ingest_stage *recode;
    st = ingest_stage_recode(back, s->encoding, &recode, err);
    if (st != STATUS_OK)
        return st;
    s->top = recode;
    s->head_at = 0;
    return read_head(s->top, s->head, s->head_capacity, &s->head_length, &s->head_whole, err);
}

static status open_any(const char *location, str memory, const ingest_source_options *options,
                       ingest_source **out, error *err)
{
    ingest_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->file.fd = -1;
    s->file.stage = (ingest_stage){file_read, file_close};
    s->file.memory = memory;
    s->top = &s->file.stage;
    s->max_bytes = options->max_bytes == 0 ? DEFAULT_MAX_BYTES : options->max_bytes;
    s->location = strdup(location);
    s->head_capacity = PEEK_BYTES;
    if (memory.data != NULL && memory.length < PEEK_BYTES / 4) /* a small text needs no more */
        s->head_capacity = memory.length * 4 + 64;
    s->head = malloc(s->head_capacity);
    error local = {0};
    status st = s->location == NULL || s->head == NULL ? error_memory(&local) : STATUS_OK;
    if (st == STATUS_OK)
        st = file_open(s, options, &local);
    if (st == STATUS_OK)
        st = stack_codec(s, &local);
    if (st == STATUS_OK)
        st = stack_encoding(s, options->encoding, &local);
    if (st != STATUS_OK) {
        error_set_at(err, st, location, 0, 0, "%s", local.message);
        ingest_source_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

status ingest_source_open(const char *location, const ingest_source_options *options,
                          ingest_source **out, error *err)
{
    return open_any(location, (str){0}, options, out, err);
}

status ingest_source_memory(str bytes, const ingest_source_options *options, ingest_source **out,
                            error *err)
{
    return open_any("memory", bytes.data == NULL ? STR("") : bytes, options, out, err);
}

void ingest_source_close(ingest_source *s)
{
    if (s == NULL)
        return;
    s->top->close(s->top);
    free(s->location);
    free(s->head);
    free(s);
}

/* --- reading ---------------------------------------------------------------------------------- */
status ingest_source_read(ingest_source *s, char *out, size_t capacity, size_t *got, error *err)
{
    size_t n = 0;
    if (s->head_at < s->head_length) {
        n = s->head_length - s->head_at < capacity ? s->head_length - s->head_at : capacity;
        memcpy(out, s->head + s->head_at, n);
        s->head_at += n;
    } else if (!s->head_whole) {
        error local = {0};
        status st = s->top->read(s->top, out, capacity, &n, &local);
        if (st != STATUS_OK)
            return error_set_at(err, st, s->location, 0, 0, "%s", local.message);
    }
    s->given += n;
    if (s->given > s->max_bytes)
        return error_set_at(err, STATUS_LIMIT, s->location, 0, 0, "more than %llu bytes of text",
                            (unsigned long long)s->max_bytes);
    *got = n;
    return STATUS_OK;
}

status ingest_source_slurp(ingest_source *s, size_t limit, str *out, error *err)
{
    buf b = {0};
    status st = STATUS_OK;
    for (size_t got = 1; st == STATUS_OK && got > 0;) {
        if (b.length > limit)
            st = error_set_at(err, STATUS_LIMIT, s->location, 0, 0,
                              "larger than %zu MiB, which this format cannot be", limit >> 20);
        else if (!buf_reserve(&b, (size_t)65537))
            st = error_memory(err);
        if (st == STATUS_OK)
            st = ingest_source_read(s, b.data + b.length, 65536, &got, err);
        if (st == STATUS_OK)
            b.length += got;
    }
    if (st != STATUS_OK) {
        buf_free(&b);
        return st;
    }
    b.data[b.length] = '\0';
    out->length = b.length;
    out->data = buf_take(&b);
    return STATUS_OK;
}

str ingest_source_peek(const ingest_source *s)
{
    return str_make(s->head + s->head_at, s->head_length - s->head_at);
}

void ingest_source_progress(const ingest_source *s, uint64_t *done, uint64_t *total)
{
    *done = s->file.done;
    *total = s->file.regular ? (uint64_t)s->file.before.st_size : 0;
}

const char *ingest_source_encoding(const ingest_source *s)
{
    return s->encoding;
}

const char *ingest_source_location(const ingest_source *s)
{
    return s->location;
}

str ingest_source_base_name(const ingest_source *s)
{
    str name = str_from(s->location);
    if (ingest_is_url(s->location)) {
        size_t query = str_find(name, STR("?"), 0);
        name = str_slice(name, 0, query == STR_NONE ? name.length : query);
    }
    size_t slash;
    while ((slash = str_find(name, STR("/"), 0)) != STR_NONE)
        name = str_slice(name, slash + 1, name.length);
    if (str_ends(name, STR(".gz")))
        name.length -= 3;
    else if (str_ends(name, STR(".zst")))
        name.length -= 4;
    return name;
}
