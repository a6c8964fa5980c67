/* See intake.h. Blocks of copied statements go round: one is filled, others wait or are taken. */
#include "kg/intake.h"

#include <pthread.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)512 << 10)
#define BLOCKS 3

typedef struct record {  /* the texts follow: s, p, o, datatype, lang, g */
    kg_new_statement st; /* its pointers are not used */
    size_t length[6];
} record;

typedef struct block {
    char *bytes;
    size_t used;
} block;

struct kg_intake {
    kg_intake_take take;
    void *context;
    block blocks[BLOCKS];
    size_t filling; /* the putter's alone */
    bool started;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    size_t first, full; /* blocks first .. first + full - 1 wait or are being taken */
    bool stop;
    status code;
    error err;
};

kg_intake *kg_intake_new(kg_intake_take take, void *context)
{
    kg_intake *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->take = take;
    in->context = context;
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->changed, NULL);
    return in;
}

static str next_text(const char **at, size_t length)
{
    str text = str_make(*at, length);
    *at += length;
    return text;
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

static status take_block(kg_intake *in, const block *b, error *err)
{
    status code = STATUS_OK;
    for (size_t at = 0; at < b->used && code == STATUS_OK;) {
        record r;
        memcpy(&r, b->bytes + at, sizeof r);
        const char *texts = b->bytes + at + sizeof r, *begin = texts;
        r.st.s.lexical = next_text(&texts, r.length[0]);
        r.st.p.lexical = next_text(&texts, r.length[1]);
        r.st.o.lexical = next_text(&texts, r.length[2]);
        r.st.o.datatype = next_text(&texts, r.length[3]);
        r.st.o.lang = next_text(&texts, r.length[4]);
        r.st.g.lexical = next_text(&texts, r.length[5]);
        at += padded(sizeof r + (size_t)(texts - begin));
        code = in->take(in->context, &r.st, err);
    }
    return code;
}

static void *run(void *context)
{
    kg_intake *in = context;
    (void)pthread_mutex_lock(&in->lock);
    for (;;) {
        while (in->full == 0 && !in->stop)
            (void)pthread_cond_wait(&in->changed, &in->lock);
        if (in->full == 0)
            break;
        block *b = &in->blocks[in->first];
        bool skip = in->stop || in->code != STATUS_OK;
        (void)pthread_mutex_unlock(&in->lock);
        error err = {0};
        status code = skip ? STATUS_OK : take_block(in, b, &err);
        b->used = 0;
        (void)pthread_mutex_lock(&in->lock);
        if (code != STATUS_OK) {
            in->code = code;
            in->err = err;
        }
        in->first = (in->first + 1) % BLOCKS;
        in->full--;
        (void)pthread_cond_broadcast(&in->changed);
    }
    (void)pthread_mutex_unlock(&in->lock);
    return NULL;
}

static status told(kg_intake *in, error *err)
{
    if (in->code != STATUS_OK && err != NULL)
        *err = in->err;
    return in->code;
}

/* Takes the block in hand here and now: there is no thread. */
static status take_here(kg_intake *in, error *err)
{
    block *b = &in->blocks[in->filling];
    status code = in->code;
    if (code == STATUS_OK) {
        code = take_block(in, b, &in->err);
        in->code = code;
    }
    b->used = 0;
    return told(in, err);
}

/* Gives the block in hand to the thread and waits until the next one is free. */
static status hand_over(kg_intake *in, error *err)
{
    if (!in->started)
        in->started = pthread_create(&in->thread, NULL, run, in) == 0;
    if (!in->started)
        return take_here(in, err);
    (void)pthread_mutex_lock(&in->lock);
    in->full++;
    (void)pthread_cond_broadcast(&in->changed);
    while (in->full == BLOCKS)
        (void)pthread_cond_wait(&in->changed, &in->lock);
    in->filling = (in->filling + 1) % BLOCKS;
    status code = told(in, err);
    (void)pthread_mutex_unlock(&in->lock);
    return code;
}

static char *add_text(char *at, str text)
{
    if (text.length > 0)
        memcpy(at, text.data, text.length);
    return at + text.length;
}

status kg_intake_put(kg_intake *in, const kg_new_statement *st, error *err)
{
    record r = {.st = *st,
                .length = {st->s.lexical.length, st->p.lexical.length, st->o.lexical.length,
                           st->o.datatype.length, st->o.lang.length, st->g.lexical.length}};
    size_t bytes = sizeof r;
    for (size_t i = 0; i < CORE_COUNT(r.length); i++)
        bytes += r.length[i];
    status code = STATUS_OK;
    if (bytes > BLOCK_BYTES - 8) { /* one large text: in its turn, but not copied */
        code = kg_intake_drain(in, err);
        return code == STATUS_OK ? in->take(in->context, st, err) : code;
    }
    if (in->blocks[in->filling].used + padded(bytes) > BLOCK_BYTES)
        code = hand_over(in, err);
    block *b = &in->blocks[in->filling];
    if (code == STATUS_OK && b->bytes == NULL && (b->bytes = malloc(BLOCK_BYTES)) == NULL)
        code = error_memory(err);
    if (code != STATUS_OK)
        return code;
    char *at = b->bytes + b->used;
    memcpy(at, &r, sizeof r);
    at = add_text(at + sizeof r, st->s.lexical);
    at = add_text(at, st->p.lexical);
    at = add_text(at, st->o.lexical);
    at = add_text(at, st->o.datatype);
    at = add_text(at, st->o.lang);
    (void)add_text(at, st->g.lexical);
    b->used += padded(bytes);
    return STATUS_OK;
}

status kg_intake_drain(kg_intake *in, error *err)
{
    if (!in->started)
        return take_here(in, err);
    if (in->blocks[in->filling].used > 0) {
        status code = hand_over(in, err);
        if (code != STATUS_OK)
            return code;
    }
    (void)pthread_mutex_lock(&in->lock);
    while (in->full > 0)
        (void)pthread_cond_wait(&in->changed, &in->lock);
    status code = told(in, err);
    (void)pthread_mutex_unlock(&in->lock);
    return code;
}

void kg_intake_free(kg_intake *in)
{
    if (in == NULL)
        return;
    if (in->started) {
        (void)pthread_mutex_lock(&in->lock);
        in->stop = true;
        (void)pthread_cond_broadcast(&in->changed);
        (void)pthread_mutex_unlock(&in->lock);
        (void)pthread_join(in->thread, NULL);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        free(in->blocks[i].bytes);
    pthread_cond_destroy(&in->changed);
    pthread_mutex_destroy(&in->lock);
    free(in);
}
