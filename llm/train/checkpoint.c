/* Text header first, so that `head` tells what a file is. */
#include "llm/train/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "vouch checkpoint 1\n"

static bool write_all(FILE *f, const net *n, const float *moments, const checkpoint_state *s)
{
    const net_config *c = net_shape(n);
    size_t count = net_weight_count(n);
    fprintf(f, MAGIC "dim %d\nlayers %d\nheads %d\nffn %d\nvocab %d\ncontext %d\n", c->dim,
            c->layers, c->heads, c->ffn, c->vocab, c->context);
    fprintf(f,
            "rope_base %.9g\nnorm_eps %.9g\nseed %" PRIu64 "\nstep %" PRIu64 "\ntokens %" PRIu64
            "\nseconds %.3f\n\n",
            (double)c->rope_base, (double)c->norm_eps, s->seed, s->step, s->tokens, s->seconds);
    return fwrite(net_weights_const(n), sizeof(float), count, f) == count &&
           fwrite(moments, sizeof(float), 2 * count, f) == 2 * count && fflush(f) == 0 &&
           fsync(fileno(f)) == 0;
}

status checkpoint_save(const char *path, const net *n, const float *moments,
                       const checkpoint_state *state, error *err)
{
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return error_set(err, STATUS_LIMIT, "the path of the checkpoint is too long");
    FILE *f = fopen(beside, "wb");
    if (f == NULL)
        return error_errno(err, STATUS_IO, errno, beside);
    bool good = write_all(f, n, moments, state);
    int why = errno;
    if (fclose(f) != 0 || !good || rename(beside, path) != 0)
        return error_errno(err, STATUS_IO, good ? errno : why, path);
    return STATUS_OK;
}

static bool read_header(FILE *f, net_config *c, checkpoint_state *s)
{
    char magic[32];
    double base, eps;
    if (fgets(magic, sizeof magic, f) == NULL || strcmp(magic, MAGIC) != 0)
        return false;
    int n = fscanf(f, "dim %d layers %d heads %d ffn %d vocab %d context %d", &c->dim, &c->layers,
                   &c->heads, &c->ffn, &c->vocab, &c->context);
    int m = fscanf(f,
                   " rope_base %lf norm_eps %lf seed %" SCNu64 " step %" SCNu64 " tokens %" SCNu64
                   " seconds %lf",
                   &base, &eps, &s->seed, &s->step, &s->tokens, &s->seconds);
    c->rope_base = (float)base;
    c->norm_eps = (float)eps;
    return n == 6 && m == 6 && fgetc(f) == '\n' && fgetc(f) == '\n';
}

status checkpoint_load(const char *path, net **out, float **moments, checkpoint_state *state,
                       error *err)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return error_errno(err, STATUS_NOT_FOUND, errno, path);
    net_config config = {0};
    checkpoint_state s = {0};
    net *n = NULL;
    float *m = NULL;
    status st = STATUS_OK;
    if (!read_header(f, &config, &s))
        st = error_set_at(err, STATUS_CORRUPT, path, 1, 0, "not a checkpoint of vouch");
    if (st == STATUS_OK)
        st = net_new(&config, s.seed, &n, err);
    if (st == STATUS_OK) {
        size_t count = net_weight_count(n);
        m = malloc(2 * count * sizeof *m);
        if (m == NULL)
            st = error_memory(err);
        else if (fread(net_weights(n), sizeof(float), count, f) != count ||
                 fread(m, sizeof(float), 2 * count, f) != 2 * count || fgetc(f) != EOF)
            st = error_set_at(err, STATUS_CORRUPT, path, 0, 0, "the checkpoint is cut off");
    }
    fclose(f);
    if (st != STATUS_OK) {
        net_free(n);
        free(m);
        return st;
    }
    *out = n;
    *moments = m;
    *state = s;
    return STATUS_OK;
}
