/* Decompression (zlib, zstd) and recoding (iconv) as stages of a byte stream. Each stage keeps one
 * input buffer and no output buffer; bounds on expansion are checked as bytes come out. */
#include "ingest/codec.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define STAGE_BYTES ((size_t)65536)
#define BOMB_FLOOR ((uint64_t)256 << 20)
#define BOMB_RATIO 300u

/* --- bytes put back --------------------------------------------------------------------------- */
typedef struct unread_stage {
    ingest_stage stage;
    ingest_stage *below;
    size_t at, length;
    char data[];
} unread_stage;

static status unread_read(ingest_stage *self, char *out, size_t capacity, size_t *got, error *err)
{
    unread_stage *s = (unread_stage *)self;
    if (s->at == s->length)
        return s->below->read(s->below, out, capacity, got, err);
    size_t n = s->length - s->at < capacity ? s->length - s->at : capacity;
    memcpy(out, s->data + s->at, n);
    s->at += n;
    *got = n;
    return STATUS_OK;
}

static void unread_close(ingest_stage *self)
{
    unread_stage *s = (unread_stage *)self;
    s->below->close(s->below);
    free(s);
}

ingest_stage *ingest_stage_unread(ingest_stage *below, str head)
{
    unread_stage *s = malloc(sizeof *s + head.length);
    if (s == NULL)
        return NULL;
    *s =
        (unread_stage){.stage = {unread_read, unread_close}, .below = below, .length = head.length};
    if (head.length > 0)
        memcpy(s->data, head.data, head.length);
    return &s->stage;
}

/* --- decompression ---------------------------------------------------------------------------- */
typedef struct unpack_stage {
    ingest_stage stage;
    ingest_stage *below;
    bool is_zstd;
    z_stream zlib;
    ZSTD_DStream *zstd;
    ZSTD_inBuffer in;
    bool at_end;  /* the stage below gave its last byte */
    bool between; /* at a frame's end: more frames may follow */
    uint64_t in_bytes, out_bytes;
    char input[STAGE_BYTES];
} unpack_stage;

static status unpack_fill(unpack_stage *s, error *err)
{
    size_t got = 0;
    status st = s->below->read(s->below, s->input, sizeof s->input, &got, err);
    if (st != STATUS_OK)
        return st;
    s->at_end = got == 0;
    s->in_bytes += got;
    s->in = (ZSTD_inBuffer){s->input, got, 0};
    return STATUS_OK;
}

/* One step of either library: *made bytes more in `out`. */
static status unpack_step(unpack_stage *s, char *out, size_t capacity, size_t *made, error *err)
{
    if (s->is_zstd) {
        ZSTD_outBuffer o = {out, capacity, 0};
        size_t r = ZSTD_decompressStream(s->zstd, &o, &s->in);
        if (ZSTD_isError(r))
            return error_set(err, STATUS_SYNTAX, "damaged zstd data: %s", ZSTD_getErrorName(r));
        s->between = r == 0;
        *made = o.pos;
        return STATUS_OK;
    }
    if (s->between && s->in.pos < s->in.size)
        inflateReset(&s->zlib);
    s->zlib.next_in = (Bytef *)((uintptr_t)s->in.src + s->in.pos);
    s->zlib.avail_in = (uInt)(s->in.size - s->in.pos);
    s->zlib.next_out = (Bytef *)out;
    s->zlib.avail_out = (uInt)capacity;
    int r = inflate(&s->zlib, Z_NO_FLUSH);
    s->in.pos = s->in.size - s->zlib.avail_in;
    *made = capacity - s->zlib.avail_out;
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
        return error_set(err, STATUS_SYNTAX, "damaged gzip data: %s",
                         s->zlib.msg == NULL ? "unknown" : s->zlib.msg);
    s->between = r == Z_STREAM_END;
    return STATUS_OK;
}

static status unpack_read(ingest_stage *self, char *out, size_t capacity, size_t *got, error *err)
{
    unpack_stage *s = (unpack_stage *)self;
    size_t room = capacity < (1u << 30) ? capacity : (1u << 30);
    for (;;) {
        if (s->in.pos == s->in.size && !s->at_end) {
            status st = unpack_fill(s, err);
            if (st != STATUS_OK)
                return st;
        }
        if (s->at_end && s->in.pos == s->in.size && s->between) {
            *got = 0;
            return STATUS_OK;
        }
        size_t before = s->in.pos, made = 0;
        status st = unpack_step(s, out, room, &made, err);
        if (st != STATUS_OK)
            return st;
        s->out_bytes += made;
        if (s->out_bytes > BOMB_FLOOR && s->out_bytes / BOMB_RATIO > s->in_bytes)
            return error_set(err, STATUS_LIMIT,
                             "decompresses to more than %u times its size; unpack it yourself "
                             "if that is meant",
                             BOMB_RATIO);
        if (made > 0) {
            *got = made;
            return STATUS_OK;
        }
        if (s->at_end && s->in.pos == before && !s->between)
            return error_set(err, STATUS_SYNTAX, "compressed data ends too early");
    }
}

static void unpack_close(ingest_stage *self)
{
    unpack_stage *s = (unpack_stage *)self;
    s->below->close(s->below);
    if (s->is_zstd)
        ZSTD_freeDStream(s->zstd);
    else
        inflateEnd(&s->zlib);
    free(s);
}

static ingest_stage *unpack_new(ingest_stage *below, bool is_zstd)
{
    unpack_stage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->stage = (ingest_stage){unpack_read, unpack_close};
    s->below = below;
    s->is_zstd = is_zstd;
    bool ok;
    if (is_zstd) {
        s->zstd = ZSTD_createDStream();
        /* A window of at most 128 MiB: what `zstd --long=27` needs, and no more memory. */
        ok = s->zstd != NULL &&
             !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, 27));
    } else {
        ok = inflateInit2(&s->zlib, 15 + 16) == Z_OK;
    }
    if (!ok) {
        ZSTD_freeDStream(s->zstd);
        free(s);
        return NULL;
    }
    return &s->stage;
}

ingest_stage *ingest_stage_gzip(ingest_stage *below)
{
    return unpack_new(below, false);
}

ingest_stage *ingest_stage_zstd(ingest_stage *below)
{
    return unpack_new(below, true);
}

/* --- recoding --------------------------------------------------------------------------------- */
typedef struct recode_stage {
    ingest_stage stage;
    ingest_stage *below;
    iconv_t iconv;
    bool at_end;
    size_t at, length; /* what of `input` is left */
    char input[STAGE_BYTES];
} recode_stage;

static status recode_fill(recode_stage *s, error *err)
{
    memmove(s->input, s->input + s->at, s->length - s->at);
    s->length -= s->at;
    s->at = 0;
    size_t got = 0;
    status st =
        s->below->read(s->below, s->input + s->length, sizeof s->input - s->length, &got, err);
    if (st != STATUS_OK)
        return st;
    s->at_end = got == 0;
    s->length += got;
    return STATUS_OK;
}

static status recode_read(ingest_stage *self, char *out, size_t capacity, size_t *got, error *err)
{
    recode_stage *s = (recode_stage *)self;
    char *to = out;
    size_t room = capacity;
    while (to == out && room > 8) {
        if (s->length - s->at < 16 && !s->at_end) {
            status st = recode_fill(s, err);
            if (st != STATUS_OK)
                return st;
        }
        if (s->at == s->length)
            break;
        char *from = s->input + s->at;
        size_t left = s->length - s->at;
        size_t r = iconv(s->iconv, &from, &left, &to, &room);
        int why = r == (size_t)-1 ? errno : 0;
        s->at = s->length - left;
        if (why == EILSEQ || (why == EINVAL && s->at_end)) {
            if (room == 0)
                break;
            *to++ = '\xff'; /* no UTF-8: the line that holds it is rejected */
            room--;
            s->at++;
            iconv(s->iconv, NULL, NULL, NULL, NULL);
        }
    }
    *got = (size_t)(to - out);
    return STATUS_OK;
}

static void recode_close(ingest_stage *self)
{
    recode_stage *s = (recode_stage *)self;
    s->below->close(s->below);
    iconv_close(s->iconv);
    free(s);
}

status ingest_stage_recode(ingest_stage *below, const char *encoding, ingest_stage **out,
                           error *err)
{
    recode_stage *s = calloc(1, sizeof *s);
    if (s == NULL)
        return error_memory(err);
    s->iconv = iconv_open("UTF-8", encoding);
    if (s->iconv == (iconv_t)-1) {
        free(s);
        return error_set(err, STATUS_USAGE,
                         "unknown encoding '%s'; 'iconv -l' lists the known ones", encoding);
    }
    s->stage = (ingest_stage){recode_read, recode_close};
    s->below = below;
    *out = &s->stage;
    return STATUS_OK;
}
