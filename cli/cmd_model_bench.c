/* vouch model bench: prompt and generation speed per number of threads, with the share of what the
 * machine itself can do: its memory's bandwidth (a large buffer read by the same threads) and its
 * arithmetic (the engine's own product kernel on data in the first cache). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/model.h"
#include "core/clock.h"
#include "core/pool.h"
#include "llm/kernels.h"
#include "llm/session.h"

static const char help[] =
    "usage: vouch model bench M.gguf [--threads N] [--prompt N] [--generate N] [--repeat N]\n"
    "                         [--kernels NAME] [--json]\n"
    "\n"
    "Measures the speed of a model: reading a prompt (512 tokens by default, or what the context\n"
    "allows) and generating (64 tokens), for 1, 2, 4 ... threads up to all, medians of --repeat\n"
    "(5) runs. Beside each: the share of the memory bandwidth that generation draws, and of the\n"
    "peak of the product kernel that the prompt reaches, both measured here.\n"
    "\n"
    "  --kernels  scalar, avx2, avx512, neon, neon-dot (default: the best)\n"
    "  --json     {model, kernels, weights, runs: [{threads, prompt_tokens_per_s, ...}]}\n"
    "             (schemas/model-bench.schema.json)\n";

typedef struct plan {
    const char *path, *kernels;
    size_t threads, prompt, generate, repeat;
} plan;

typedef struct run {
    size_t threads;
    double load_ms, prompt, generate; /* tokens/s */
    double bandwidth;                 /* GB/s */
    double peak;                      /* 1e9 multiply-adds per second */
    size_t weights;
    uint64_t parameters;
    bool fits; /* the weights are small enough for a cache: bandwidth says little */
} run;

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

/* --- the machine ---------------------------------------------------------------------------- */

#define READ_BYTES ((size_t)256 << 20)
#define READ_PIECES 256

typedef struct reading {
    const uint64_t *data;
    uint64_t sums[READ_PIECES];
} reading;

static void read_piece(void *context, size_t index, size_t worker)
{
    reading *r = context;
    const size_t n = READ_BYTES / READ_PIECES / sizeof(uint64_t);
    const uint64_t *p = r->data + index * n;
    uint64_t a = 0, b = 0, c = 0, d = 0;
    (void)worker;
    for (size_t i = 0; i < n; i += 8) { /* one line of the cache at a time */
        a += p[i] + p[i + 4];
        b += p[i + 1] + p[i + 5];
        c += p[i + 2] + p[i + 6];
        d += p[i + 3] + p[i + 7];
    }
    r->sums[index] = a + b + c + d;
}

static double measure_bandwidth(pool *threads)
{
    static reading r;
    double best = 0;
    uint64_t *data = malloc(READ_BYTES);
    if (data == NULL)
        return 0;
    memset(data, 1, READ_BYTES);
    r.data = data;
    pool_lock(threads);
    for (int i = 0; i < 6; i++) {
        uint64_t start = clock_monotonic_ns();
        pool_run(threads, READ_PIECES, read_piece, &r);
        double speed = (double)READ_BYTES / (clock_elapsed_ms(start) * 1e6);
        best = speed > best ? speed : best;
    }
    pool_unlock(threads);
    free(data);
    return best;
}

#define PEAK_COLUMNS 256u
#define PEAK_ROWS 64u
#define PEAK_LOOPS 2000u

typedef struct peak_work {
    const kernels *k;
    llm_matrix matrix;
    unsigned char *weights;
    int8_t quants[PEAK_ROWS * PEAK_COLUMNS];
    kernels_block blocks[PEAK_ROWS * PEAK_COLUMNS / 32];
} peak_work;

static void peak_piece(void *context, size_t index, size_t worker)
{
    const peak_work *w = context;
    float out[PEAK_ROWS * MATRIX_LANES];
    kernels_input in = {
        .rows = PEAK_ROWS, .columns = PEAK_COLUMNS, .quants = w->quants, .blocks = w->blocks};
    (void)index;
    (void)worker;
    for (uint32_t i = 0; i < PEAK_LOOPS; i++)
        w->k->multiply(&w->matrix, 0, 1, &in, out, MATRIX_LANES, false);
}

/* 1e9 multiply-adds per second of the Q8_0 kernel, all threads. */
static double measure_peak(pool *threads, const char *name)
{
    static peak_work w;
    const kernels *k = kernels_find(name);
    w.k = k;
    if (k == NULL || !llm_matrix_plan(&w.matrix, GGUF_TYPE_Q8_0, MATRIX_LANES, PEAK_COLUMNS))
        return 0;
    w.weights = aligned_alloc(64, llm_matrix_bytes(&w.matrix));
    if (w.weights == NULL)
        return 0;
    memset(w.weights, 1, llm_matrix_bytes(&w.matrix));
    w.matrix.data = w.weights;
    double best = 0;
    size_t pieces = pool_threads(threads) * 4;
    pool_lock(threads);
    for (int i = 0; i < 4; i++) {
        uint64_t start = clock_monotonic_ns();
        pool_run(threads, pieces, peak_piece, &w);
        double work = (double)pieces * PEAK_LOOPS * PEAK_ROWS * PEAK_COLUMNS * MATRIX_LANES;
        double speed = work / (clock_elapsed_ms(start) * 1e6);
        best = speed > best ? speed : best;
    }
    pool_unlock(threads);
    free(w.weights);
    return best;
}

static status measure_machine(run *r, const char *name, error *err)
{
    pool *threads = NULL;
    status s = pool_new(r->threads, true, &threads, err);
    if (s != STATUS_OK)
        return s;
    r->bandwidth = measure_bandwidth(threads);
    r->peak = measure_peak(threads, name);
    pool_free(threads);
    return STATUS_OK;
}

/* --- the model ------------------------------------------------------------------------------ */

static status time_prompt(llm_session *s, const int32_t *tokens, const plan *p, double *out,
                          error *err)
{
    double speeds[64] = {0};
    status st = llm_session_eval(s, tokens, p->prompt, NULL, err); /* warms up */
    for (size_t i = 0; i < p->repeat && st == STATUS_OK; i++) {
        st = llm_session_rewind(s, 0, err);
        uint64_t start = clock_monotonic_ns();
        if (st == STATUS_OK)
            st = llm_session_eval(s, tokens, p->prompt, NULL, err);
        speeds[i] = (double)p->prompt * 1000 / clock_elapsed_ms(start);
    }
    if (st == STATUS_OK)
        *out = median(speeds, p->repeat);
    return st;
}

static status time_generation(llm_session *s, const int32_t *tokens, float *logits, const plan *p,
                              double *out, error *err)
{
    double speeds[64] = {0};
    status st = STATUS_OK;
    for (size_t i = 0; i < p->repeat && st == STATUS_OK; i++) {
        st = llm_session_rewind(s, 0, err);
        uint64_t start = clock_monotonic_ns();
        for (size_t k = 0; k < p->generate && st == STATUS_OK; k++)
            st = llm_session_eval(s, &tokens[k], 1, logits, err);
        speeds[i] = (double)p->generate * 1000 / clock_elapsed_ms(start);
    }
    if (st == STATUS_OK)
        *out = median(speeds, p->repeat);
    return st;
}

static status time_session(const llm_model *m, plan *p, run *r, error *err)
{
    const llm_shape *shape = llm_model_shape(m);
    llm_session *s = NULL;
    size_t most = p->prompt > p->generate ? p->prompt : p->generate;
    llm_session_options options = {.context = most};
    status st = llm_session_new(m, &options, &s, err);
    if (st != STATUS_OK)
        return st;
    float *logits = malloc(shape->vocabulary * sizeof *logits);
    int32_t *tokens = malloc(most * sizeof *tokens);
    if (logits == NULL || tokens == NULL)
        st = error_memory(err);
    for (size_t i = 0; st == STATUS_OK && i < most; i++)
        tokens[i] = (int32_t)((i * 2654435761u >> 7) % shape->vocabulary);
    if (st == STATUS_OK)
        st = time_prompt(s, tokens, p, &r->prompt, err);
    if (st == STATUS_OK)
        st = time_generation(s, tokens, logits, p, &r->generate, err);
    free(tokens);
    free(logits);
    llm_session_free(s);
    return st;
}

static status bench(plan *p, run *r, error *err)
{
    status s = measure_machine(r, p->kernels, err);
    if (s != STATUS_OK)
        return s;
    llm_model_options options = {.threads = r->threads, .kernels = p->kernels};
    llm_model *m = NULL;
    uint64_t start = clock_monotonic_ns();
    if ((s = llm_model_open(p->path, &options, &m, err)) != STATUS_OK)
        return s;
    r->load_ms = clock_elapsed_ms(start);
    const llm_shape *shape = llm_model_shape(m);
    r->weights = llm_model_bytes(m);
    r->parameters = shape->parameters;
    r->fits = r->weights < ((size_t)24 << 20);
    if (p->prompt > shape->context)
        p->prompt = shape->context;
    if (p->generate > shape->context)
        p->generate = shape->context;
    p->kernels = kernels_find(p->kernels)->name;
    s = time_session(m, p, r, err);
    llm_model_close(m);
    return s;
}

/* Shares in per cent. Of the parameters, the embedding is looked up and not multiplied: the figure
 * is an upper bound for the prompt. */
static double bandwidth_share(const run *r)
{
    return 100 * r->generate * (double)r->weights / (r->bandwidth * 1e9);
}

static double peak_share(const run *r)
{
    return 100 * r->prompt * (double)r->parameters / (r->peak * 1e9);
}

static void print_run(const run *r, const plan *p, bool first)
{
    if (first) {
        printf("%s: %s kernels, %.1f MB of weights, ready in %.0f ms\n\n", p->path, p->kernels,
               (double)r->weights / 1e6, r->load_ms);
        printf("threads  prompt t/s  of peak  generate t/s  of bandwidth  bandwidth GB/s  "
               "peak GMAC/s\n");
    }
    printf("%7zu  %10.1f  %6.0f%%  %12.1f  ", r->threads, r->prompt, peak_share(r), r->generate);
    if (r->fits)
        printf("%12s", "in cache");
    else
        printf("%11.0f%%", bandwidth_share(r));
    printf("  %14.1f  %11.1f\n", r->bandwidth, r->peak);
}

static json_t *run_json(const run *r)
{
    return json_pack("{s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "threads", (json_int_t)r->threads,
                     "load_ms", r->load_ms, "prompt_tokens_per_s", r->prompt,
                     "generate_tokens_per_s", r->generate, "bandwidth_gb_per_s", r->bandwidth,
                     "bandwidth_share", bandwidth_share(r) / 100, "peak_gmac_per_s", r->peak,
                     "peak_share", peak_share(r) / 100);
}

static int run_all(plan *p, bool json)
{
    json_t *runs = json_array();
    size_t cores = pool_cores(), most = p->threads > 0 && p->threads < cores ? p->threads : cores;
    size_t weights = 0;
    for (size_t n = p->threads > 0 ? most : 1; n <= most;
         n = n < most && n * 2 > most ? most : n * 2) {
        run r = {.threads = n};
        error err = {0};
        if (bench(p, &r, &err) != STATUS_OK) {
            json_decref(runs);
            return cli_fail(&err);
        }
        if (!json)
            print_run(&r, p, weights == 0);
        weights = r.weights;
        json_array_append_new(runs, run_json(&r));
    }
    json_t *root = json_pack("{s:s,s:s,s:I,s:I,s:I,s:o}", "model", p->path, "kernels", p->kernels,
                             "weights", (json_int_t)weights, "prompt", (json_int_t)p->prompt,
                             "generate", (json_int_t)p->generate, "runs", runs);
    if (json) {
        json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
        printf("\n");
    }
    json_decref(root);
    return 0;
}

int cmd_model_bench(int argc, char **argv)
{
    int threads = 0, prompt = 512, generate = 64, repeat = 5, positional, code;
    bool json = false;
    plan p = {0};
    const args_option options[] = {{"--threads", ARGS_COUNT, &threads},
                                   {"--prompt", ARGS_COUNT, &prompt},
                                   {"--generate", ARGS_COUNT, &generate},
                                   {"--repeat", ARGS_COUNT, &repeat},
                                   {"--kernels", ARGS_TEXT, &p.kernels},
                                   {"--json", ARGS_FLAG, &json},
                                   {NULL, ARGS_FLAG, NULL}};
    if (!args_parse(argc, argv, options, help, &positional, &code))
        return code;
    if (positional != 1)
        return cli_usage("model bench", "expected one GGUF file");
    if (prompt < 1 || generate < 1 || repeat < 1 || repeat > 64)
        return cli_usage("model bench", "--prompt and --generate are at least 1, --repeat 1 to 64");
    p.path = argv[1];
    p.threads = (size_t)threads;
    p.prompt = (size_t)prompt;
    p.generate = (size_t)generate;
    p.repeat = (size_t)repeat;
    if (kernels_find(p.kernels) == NULL)
        return cli_usage("model bench", "this machine has no kernels '%s'", p.kernels);
    return run_all(&p, json);
}
