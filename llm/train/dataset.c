/* One buffered write per field; errors show at the end of each episode. */
#include "llm/train/dataset.h"

#include <errno.h>

static void put_u8(FILE *f, size_t x)
{
    fputc((int)(x & 0xff), f);
}

static void put_u16(FILE *f, size_t x)
{
    put_u8(f, x);
    put_u8(f, x >> 8);
}

status dataset_begin(FILE *f, error *err)
{
    return fputs("vouch episodes 1\n", f) < 0 ? error_errno(err, STATUS_IO, errno, "episodes")
                                              : STATUS_OK;
}

status dataset_write(FILE *f, const episode *e, error *err)
{
    put_u16(f, e->prefix_length);
    put_u16(f, e->output_from);
    put_u8(f, (size_t)e->kind);
    put_u8(f, e->candidates);
    for (size_t i = 0; i < e->prefix_length; i++)
        put_u16(f, (size_t)e->prefix[i]);
    for (size_t i = 0; i < e->candidates; i++) {
        const episode_candidate *c = &e->candidate[i];
        put_u8(f, c->length);
        put_u8(f, c->gold);
        for (size_t j = 0; j < c->length; j++)
            put_u16(f, (size_t)e->candidate_tokens[c->start + j]);
    }
    return ferror(f) ? error_errno(err, STATUS_IO, errno, "episodes") : STATUS_OK;
}

status dataset_write_pairs(FILE *f, const meaning_batch *b, error *err)
{
    put_u16(f, MEANING_PAIRS);
    for (size_t i = 0; i < MEANING_PAIRS; i++) {
        put_u16(f, (size_t)b->cluster[i]);
        for (int side = 0; side < 2; side++) {
            const meaning_phrase *p = &b->side[side][i];
            put_u8(f, p->length);
            for (size_t j = 0; j < p->length; j++)
                put_u16(f, (size_t)p->token[j]);
        }
    }
    return ferror(f) ? error_errno(err, STATUS_IO, errno, "episodes") : STATUS_OK;
}
