/* Each step: the step's episodes are split evenly and in order over the threads; each thread makes,
 * packs and runs its own into its own gradient; gradients are added in thread order; AdamW. */
#include "llm/train/trainer.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/clock.h"
#include "llm/modeltext.h"
#include "llm/train/adamw.h"
#include "llm/train/checkpoint.h"
#include "llm/train/dataset.h"
#include "llm/train/grow.h"
#include "llm/train/meaning.h"

enum { MICRO_TOKENS = 1536, MICRO_TARGETS = 640, MAX_THREADS = 64 };

#define MEANING_WEIGHT 0.5f

typedef struct worker {
    struct run *run;
    int number;
    pass *pass;
    batch *batch;
    float *gradient;
    episode episode;
    pass_loss loss;
    uint64_t tokens;
    double meaning;
    status result;
    error err;
} worker;

typedef struct run {
    const trainer_options *options;
    trainer_report report;
    void *context;
    concepts *concepts;
    grammar *grammar;
    vocab *vocab;
    net *net;
    float *moments;
    unsigned char *decay;
    checkpoint_state state;
    worker *workers;
    episode_source source;
    FILE *curve;
} run;

trainer_options trainer_defaults(void)
{
    return (trainer_options){
        .concepts = "schemas/concepts.tsv",
        .frames = "llm/train/frames.tsv",
        .shape = {.dim = 192,
                  .layers = 4,
                  .heads = 6,
                  .ffn = 512,
                  .context = 512,
                  .rope_base = 10000.0f,
                  .norm_eps = 1e-5f},
        .merges = 2500,
        .seed = 1,
        .threads = 2,
        .episodes = 48,
        .peak_rate = 2e-3,
        .hold_out = 0.08,
        .checkpoint_seconds = 180,
        .evaluate_seconds = 300,
        .evaluate_episodes = 600,
    };
}

static void tell(run *r, const char *format, ...) CORE_PRINTF(2, 3);
static void tell(run *r, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (r->report != NULL)
        r->report(r->context, line);
}

/* --- files of the run ------------------------------------------------------------------------- */

typedef struct run_path {
    char text[1024];
} run_path;

static run_path file_in(const char *folder, const char *name)
{
    run_path p;
    snprintf(p.text, sizeof p.text, "%s/%s", folder, name);
    return p;
}

static void corpus_of(const concepts *c, const grammar *g, buf *out)
{
    for (size_t i = 0; i < concepts_count(c); i++) {
        const concept *k = concepts_at(c, i);
        for (int lang = 0; lang < CONCEPT_LANGUAGES; lang++) {
            const phrases *lists[] = {&k->names[lang], &k->questions[lang], &k->says[lang],
                                      &k->inverse[lang], &k->inverse_np[lang]};
            for (size_t l = 0; l < CORE_COUNT(lists); l++)
                for (size_t j = 0; j < lists[l]->count; j++)
                    modeltext_add_text(out, lists[l]->items[j]);
            modeltext_add_label(out, k->class_word[lang]);
        }
    }
    for (size_t i = 0; i < grammar_count(g); i++)
        modeltext_add_text(out, grammar_at(g, i));
}

static status prepare_vocab(run *r, error *err)
{
    run_path p = file_in(r->options->folder, "vocab.tsv");
    struct stat info;
    if (stat(p.text, &info) == 0)
        return vocab_load(p.text, &r->vocab, err);
    if (r->options->grow != NULL) {
        run_path from = file_in(r->options->grow, "vocab.tsv");
        status loaded = vocab_load(from.text, &r->vocab, err);
        return loaded == STATUS_OK ? vocab_save(r->vocab, p.text, err) : loaded;
    }
    buf corpus = {0};
    corpus_of(r->concepts, r->grammar, &corpus);
    str text = buf_str(&corpus);
    status st = corpus.failed ? error_memory(err)
                              : vocab_train(&text, 1, r->options->merges, &r->vocab, err);
    buf_free(&corpus);
    return st == STATUS_OK ? vocab_save(r->vocab, p.text, err) : st;
}

/* Steps, tokens and seconds count on from the smaller model's. */
static status grow_net(run *r, const net_config *shape, error *err)
{
    run_path p = file_in(r->options->grow, "checkpoint");
    net *from = NULL;
    float *moments = NULL;
    status st = checkpoint_load(p.text, &from, &moments, &r->state, err);
    if (st == STATUS_OK)
        st = net_grow(from, moments, shape, r->state.seed, &r->net, &r->moments, err);
    net_free(from);
    free(moments);
    return st;
}

static status prepare_net(run *r, error *err)
{
    run_path p = file_in(r->options->folder, "checkpoint");
    struct stat info;
    if (stat(p.text, &info) == 0) {
        status st = checkpoint_load(p.text, &r->net, &r->moments, &r->state, err);
        if (st == STATUS_OK && (size_t)net_shape(r->net)->vocab != vocab_size(r->vocab))
            st = error_set_at(err, STATUS_CORRUPT, p.text, 0, 0,
                              "the checkpoint's vocabulary is not the folder's");
        return st;
    }
    net_config shape = r->options->shape;
    shape.vocab = (int)vocab_size(r->vocab);
    if (r->options->grow != NULL)
        return grow_net(r, &shape, err);
    r->state = (checkpoint_state){.seed = r->options->seed};
    status st = net_new(&shape, r->options->seed, &r->net, err);
    if (st == STATUS_OK) {
        r->moments = calloc(2 * net_weight_count(r->net), sizeof *r->moments);
        st = r->moments == NULL ? error_memory(err) : STATUS_OK;
    }
    return st;
}

/* Weight decay holds for matrices; not for gains, and not for the embedding, where it would slowly
 * erase tokens that are seldom met. */
static status prepare_decay(run *r, error *err)
{
    net_tensor *tensors = calloc(4096, sizeof *tensors);
    r->decay = calloc(net_weight_count(r->net), 1);
    if (tensors == NULL || r->decay == NULL) {
        free(tensors);
        return error_memory(err);
    }
    size_t n = net_list_tensors(r->net, tensors, 4096);
    for (size_t i = 0; i < n && i < 4096; i++)
        if (tensors[i].rows > 1 && tensors[i].offset != net_offset_embedding(r->net))
            memset(r->decay + tensors[i].offset, 1, tensors[i].rows * tensors[i].cols);
    free(tensors);
    return STATUS_OK;
}

static status prepare_workers(run *r, error *err)
{
    int threads = r->options->threads;
    if (threads < 1 || threads > MAX_THREADS)
        return error_set(err, STATUS_USAGE, "threads must be from 1 to %d", MAX_THREADS);
    r->workers = calloc((size_t)threads, sizeof *r->workers);
    if (r->workers == NULL)
        return error_memory(err);
    for (int i = 0; i < threads; i++) {
        worker *w = &r->workers[i];
        w->run = r;
        w->number = i;
        status st = pass_new(r->net, MICRO_TOKENS, MICRO_TARGETS, &w->pass, err);
        if (st == STATUS_OK)
            pass_set_products(w->pass, r->options->products);
        if (st == STATUS_OK)
            st = batch_new(MICRO_TOKENS, MICRO_TARGETS, r->vocab, &w->batch, err);
        w->gradient = calloc(net_weight_count(r->net), sizeof *w->gradient);
        if (st != STATUS_OK || w->gradient == NULL)
            return st != STATUS_OK ? st : error_memory(err);
    }
    return STATUS_OK;
}

static status prepare(run *r, error *err)
{
    const trainer_options *o = r->options;
    if (mkdir(o->folder, 0777) != 0 && errno != EEXIST)
        return error_errno(err, STATUS_IO, errno, o->folder);
    status st = concepts_load(o->concepts, o->hold_out, &r->concepts, err);
    if (st == STATUS_OK)
        st = grammar_load(o->frames, &r->grammar, err);
    if (st == STATUS_OK)
        st = prepare_vocab(r, err);
    if (st == STATUS_OK)
        st = prepare_net(r, err);
    if (st == STATUS_OK)
        st = prepare_decay(r, err);
    if (st == STATUS_OK)
        st = prepare_workers(r, err);
    if (st != STATUS_OK)
        return st;
    r->source = (episode_source){.concepts = r->concepts,
                                 .grammar = r->grammar,
                                 .vocab = r->vocab,
                                 .seed = r->state.seed,
                                 .merge_dropout = 0.1,
                                 .wording_share = 0.05,
                                 .unanswerable = 0.12,
                                 .min_candidates = 8,
                                 .max_candidates = 16};
    run_path p = file_in(o->folder, "curve.csv");
    struct stat info;
    bool fresh = stat(p.text, &info) != 0 || info.st_size == 0;
    r->curve = fopen(p.text, "a");
    if (r->curve == NULL)
        return error_errno(err, STATUS_IO, errno, p.text);
    if (fresh)
        fputs("step,seconds,tokens,rate,rank_loss,bce,lm_loss,train_accuracy,"
              "held_out_fit,held_out_gen,held_out_lexical,held_out_all,auroc_fit,auroc_gen,"
              "auroc_lexical\n",
              r->curve);
    return STATUS_OK;
}

static void dismiss(run *r)
{
    for (int i = 0; r->workers != NULL && i < r->options->threads; i++) {
        pass_free(r->workers[i].pass);
        batch_free(r->workers[i].batch);
        free(r->workers[i].gradient);
        episode_free(&r->workers[i].episode);
    }
    free(r->workers);
    free(r->moments);
    free(r->decay);
    net_free(r->net);
    vocab_free(r->vocab);
    grammar_free(r->grammar);
    concepts_free(r->concepts);
    if (r->curve != NULL)
        fclose(r->curve);
}

/* --- a step ----------------------------------------------------------------------------------- */

static status flush_batch(worker *w)
{
    const pass_batch *b = batch_view(w->batch);
    if (b->tokens == 0)
        return STATUS_OK;
    w->tokens += b->tokens;
    status st = pass_run(w->pass, w->run->net, b, NULL, &w->loss, w->gradient, &w->err);
    batch_clear(w->batch);
    return st;
}

/* A curriculum: names first, whole questions after, by the number of the step. */
static double simple_share(uint64_t step)
{
    double share = 1.0 - (double)step / 1000.0;
    return share < 0.25 ? 0.25 : share;
}

/* One question in so many is read with all its candidates; of the others only the right form, which
 * costs a fifth. Next tokens first, verdicts once there is something to judge by. */
static size_t whole_every(uint64_t step)
{
    return step < 700 ? 4 : 2;
}

static void *work(void *argument)
{
    worker *w = argument;
    run *r = w->run;
    size_t n = r->options->episodes, threads = (size_t)r->options->threads;
    size_t from = n * (size_t)w->number / threads, to = n * ((size_t)w->number + 1) / threads;
    float one = 1.0f / (float)n;
    episode_source source = r->source;
    source.simple_share = simple_share(r->state.step);
    size_t every = whole_every(r->state.step);
    batch_weights weights = {
        .group = (float)every * one, .form = 0.3f * one, .wording = 0.1f * one, .bce = 0.5f};
    memset(w->gradient, 0, net_weight_count(r->net) * sizeof(float));
    w->loss = (pass_loss){0};
    w->tokens = 0;
    w->result = STATUS_OK;
    batch_clear(w->batch);
    for (size_t i = from; i < to && w->result == STATUS_OK; i++) {
        w->result = episode_make(&source, r->state.step * n + i, &w->episode, &w->err);
        batch_part part = i % every == 0 ? BATCH_ALL : BATCH_RIGHT_ONLY;
        if (w->result == STATUS_OK && !batch_add(w->batch, &w->episode, part, &weights)) {
            w->result = flush_batch(w);
            batch_add(w->batch, &w->episode, part, &weights);
        }
    }
    if (w->result == STATUS_OK)
        w->result = flush_batch(w);
    if (w->number == 0 && w->result == STATUS_OK) {
        meaning_batch pairs;
        size_t embedding = net_offset_embedding(r->net);
        meaning_draw(r->concepts, r->vocab, r->source.train_on_all, r->state.seed, r->state.step,
                     &pairs);
        w->meaning = meaning_loss(&pairs, (size_t)net_shape(r->net)->dim,
                                  net_weights_const(r->net) + embedding, MEANING_WEIGHT,
                                  w->gradient + embedding);
        if (w->meaning < 0)
            w->result = error_memory(&w->err);
    }
    return NULL;
}

static double progress(const run *r)
{
    const trainer_options *o = r->options;
    double p = o->steps > 0 ? (double)r->state.step / (double)o->steps
                            : r->state.seconds / o->budget_seconds;
    return p > 1 ? 1 : p;
}

/* 100 steps of warm-up, then a cosine down to a tenth. */
static double rate_now(const run *r)
{
    double warm = ((double)r->state.step + 1) / 100.0;
    double cosine = 0.1 + 0.45 * (1.0 + cos(3.14159265358979 * progress(r)));
    return r->options->peak_rate * (warm < 1 ? warm : 1) * cosine;
}

static void apply_update(run *r)
{
    size_t count = net_weight_count(r->net);
    float *total = r->workers[0].gradient;
    for (int t = 1; t < r->options->threads; t++)
        for (size_t i = 0; i < count; i++)
            total[i] += r->workers[t].gradient[i];
    double norm = sqrt(adamw_square(total, count));
    adamw_step s = {.rate = rate_now(r),
                    .beta1 = 0.9,
                    .beta2 = 0.95,
                    .eps = 1e-8,
                    .decay = 0.1,
                    .step = r->state.step + 1,
                    .scale = norm > 1.0 ? 1.0 / norm : 1.0};
    adamw_update(&s, 0, count, net_weights(r->net), total, r->moments, r->moments + count,
                 r->decay);
}

static status one_step(run *r, pass_loss *sum, error *err)
{
    pthread_t thread[MAX_THREADS];
    bool started[MAX_THREADS] = {false};
    for (int t = 1; t < r->options->threads; t++)
        started[t] = pthread_create(&thread[t], NULL, work, &r->workers[t]) == 0;
    work(&r->workers[0]);
    for (int t = 1; t < r->options->threads; t++) {
        if (started[t])
            pthread_join(thread[t], NULL);
        else
            work(&r->workers[t]);
    }
    for (int t = 0; t < r->options->threads; t++) {
        const worker *w = &r->workers[t];
        if (w->result != STATUS_OK)
            return error_set(err, w->result, "%s", w->err.message);
        sum->rank += w->loss.rank;
        sum->rank_groups += w->loss.rank_groups;
        sum->bce += w->loss.bce;
        sum->bce_groups += w->loss.bce_groups;
        sum->lm += w->loss.lm;
        sum->lm_targets += w->loss.lm_targets;
        sum->right += w->loss.right;
        r->state.tokens += w->tokens;
    }
    apply_update(r);
    r->state.step++;
    return STATUS_OK;
}

/* --- the run ---------------------------------------------------------------------------------- */

static double per(double sum, double count)
{
    return count > 0 ? sum / count : 0;
}

episode_source trainer_held_out(const concepts *c, const grammar *g, const vocab *v)
{
    return (episode_source){.concepts = c,
                            .grammar = g,
                            .vocab = v,
                            .seed = 424242,
                            .unanswerable = 0.3,
                            .min_candidates = 20,
                            .max_candidates = 20,
                            .evaluation = true};
}

static status measure(run *r, const pass_loss *sum, error *err)
{
    evaluate_report e = {0};
    episode_source held = trainer_held_out(r->concepts, r->grammar, r->vocab);
    status st = evaluate_ranking(r->net, r->vocab, evaluate_from_source, &held,
                                 r->options->evaluate_episodes, &e, err);
    if (st != STATUS_OK)
        return st;
    double n = e.all.n;
    fprintf(r->curve,
            "%llu,%.0f,%llu,%.6f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f,%.4f\n",
            (unsigned long long)r->state.step, r->state.seconds,
            (unsigned long long)r->state.tokens, rate_now(r), per(sum->rank, sum->rank_groups),
            per(sum->bce, sum->bce_groups), per(sum->lm, sum->lm_targets),
            per(sum->right, sum->rank_groups), per(e.all.fit, n), per(e.all.gen, n),
            per(e.all.lexical, n), per(e.all.all, n), e.auroc_fit, e.auroc_gen, e.auroc_lexical);
    fflush(r->curve);
    tell(r,
         "step %llu, %.0f s, %.2fM tokens: rank %.3f (%.1f %% right), next token %.3f; held-out: "
         "fit %.1f, gen %.1f, lexical %.1f, all %.1f %%; AUROC fit %.3f gen %.3f; meaning %.3f",
         (unsigned long long)r->state.step, r->state.seconds, (double)r->state.tokens / 1e6,
         per(sum->rank, sum->rank_groups), 100 * per(sum->right, sum->rank_groups),
         per(sum->lm, sum->lm_targets), 100 * per(e.all.fit, n), 100 * per(e.all.gen, n),
         100 * per(e.all.lexical, n), 100 * per(e.all.all, n), e.auroc_fit, e.auroc_gen,
         r->workers[0].meaning);
    return STATUS_OK;
}

static status save(run *r, error *err)
{
    run_path p = file_in(r->options->folder, "checkpoint");
    return checkpoint_save(p.text, r->net, r->moments, &r->state, err);
}

static bool finished(const run *r)
{
    const trainer_options *o = r->options;
    return o->steps > 0 ? r->state.step >= o->steps : r->state.seconds >= o->budget_seconds;
}

static status loop(run *r, const volatile sig_atomic_t *stop, error *err)
{
    uint64_t last = clock_monotonic_ns();
    double saved = r->state.seconds, measured = r->state.seconds;
    pass_loss sum = {0};
    status st = STATUS_OK;
    while (st == STATUS_OK && !finished(r) && (stop == NULL || *stop == 0)) {
        st = one_step(r, &sum, err);
        r->state.seconds += clock_elapsed_ms(last) / 1000.0;
        last = clock_monotonic_ns();
        if (st == STATUS_OK && r->state.seconds - saved >= r->options->checkpoint_seconds) {
            st = save(r, err);
            saved = r->state.seconds;
        }
        if (st == STATUS_OK && r->state.seconds - measured >= r->options->evaluate_seconds) {
            st = measure(r, &sum, err);
            measured = r->state.seconds;
            sum = (pass_loss){0};
        }
    }
    if (st == STATUS_OK)
        st = save(r, err);
    if (st == STATUS_OK)
        st = measure(r, &sum, err);
    if (st == STATUS_OK && !finished(r))
        st = error_set(err, STATUS_CANCELLED, "stopped; the checkpoint is kept");
    return st;
}

status trainer_run(const trainer_options *options, const volatile sig_atomic_t *stop,
                   trainer_report report, void *context, error *err)
{
    if (options->steps == 0 && options->budget_seconds <= 0)
        return error_set(err, STATUS_USAGE, "give a number of steps or a time budget");
    run r = {.options = options, .report = report, .context = context};
    status st = prepare(&r, err);
    if (st == STATUS_OK) {
        tell(&r, "%zu weights, vocabulary %zu, %zu concepts; products: %s; from step %llu",
             net_weight_count(r.net), vocab_size(r.vocab), concepts_count(r.concepts),
             pass_products_name(r.workers[0].pass), (unsigned long long)r.state.step);
        st = loop(&r, stop, err);
    }
    dismiss(&r);
    return st;
}

status trainer_prepare(const trainer_options *options, error *err)
{
    run r = {.options = options};
    status st = prepare(&r, err);
    if (st == STATUS_OK)
        st = save(&r, err);
    dismiss(&r);
    return st;
}

static status write_episodes(run *r, FILE *f, error *err)
{
    episode e = {0};
    status st = dataset_begin(f, err);
    for (uint64_t step = 0; step < r->options->steps && st == STATUS_OK; step++) {
        episode_source source = r->source;
        source.simple_share = simple_share(step);
        for (size_t i = 0; i < r->options->episodes && st == STATUS_OK; i++) {
            st = episode_make(&source, step * r->options->episodes + i, &e, err);
            if (st == STATUS_OK)
                st = dataset_write(f, &e, err);
        }
        meaning_batch pairs;
        meaning_draw(r->concepts, r->vocab, r->source.train_on_all, r->state.seed, step, &pairs);
        if (st == STATUS_OK)
            st = dataset_write_pairs(f, &pairs, err);
    }
    episode_free(&e);
    return st;
}

status trainer_write_episodes(const trainer_options *options, const char *path, error *err)
{
    run r = {.options = options};
    status st = prepare(&r, err);
    FILE *f = st == STATUS_OK ? fopen(path, "wb") : NULL;
    if (st == STATUS_OK)
        st = f == NULL ? error_errno(err, STATUS_IO, errno, path) : write_episodes(&r, f, err);
    if (f != NULL && fclose(f) != 0 && st == STATUS_OK)
        st = error_errno(err, STATUS_IO, errno, path);
    dismiss(&r);
    return st;
}

status trainer_open(const char *folder, trainer_result *out, error *err)
{
    trainer_result r = {0};
    checkpoint_state state;
    float *moments = NULL;
    run_path p = file_in(folder, "vocab.tsv");
    status st = vocab_load(p.text, &r.vocab, err);
    p = file_in(folder, "checkpoint");
    if (st == STATUS_OK)
        st = checkpoint_load(p.text, &r.net, &moments, &state, err);
    free(moments);
    if (st != STATUS_OK) {
        trainer_close(&r);
        return st;
    }
    r.steps = state.step;
    r.tokens = state.tokens;
    r.seconds = state.seconds;
    *out = r;
    return STATUS_OK;
}

void trainer_close(trainer_result *r)
{
    net_free(r->net);
    vocab_free(r->vocab);
    *r = (trainer_result){0};
}
