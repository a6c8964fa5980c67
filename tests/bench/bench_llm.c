/* make bench-llm: this engine beside llama.cpp on random models of given shapes and types, and on
 * a real tiny one for agreement. Each engine runs in a process of its own and is asked in turn, so
 * that both meet the same machine; a ratio is the median of the turns' ratios.
 *
 * llama.cpp is the prebuilt shared library of the npm package node-llama-cpp, opened at run time.
 * Its parameter structs are passed as blobs larger than they are, of which only leading fields that
 * have kept their place are set. */
#define _GNU_SOURCE /* RTLD_*, glob */
#include <dlfcn.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/pool.h"
#include "llm/session.h"
#include "tests/unit/llm_models.h"

#define CONTEXT 1024
#define MOST_TOKENS 512

static void die(const char *what)
{
    fprintf(stderr, "bench_llm: %s\n", what);
    exit(4);
}

/* Milliseconds; with CPU_TIME set those that the process itself has computed, which serves one
 * thread (THREADS=1) on a machine that others use too. */
static double now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(getenv("CPU_TIME") != NULL ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
                        &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* --- an engine, as a process sees it -------------------------------------------------------- */

typedef struct engine {
    bool theirs;
    size_t threads;
    uint32_t vocabulary;
    double load_ms;   /* from the file to the first token's logits */
    llm_model *model; /* ours */
    llm_session *session;
    float *logits;
    void *context, *memory; /* llama.cpp's */
} engine;

typedef struct blob {
    uint32_t words[128];
} blob;

typedef struct theirs_batch {
    int32_t count;
    int32_t *tokens;
    float *embeddings;
    int32_t *positions, *sequence_counts;
    int32_t **sequences;
    int8_t *wanted;
} theirs_batch;

static struct {
    void (*load_backends)(const char *);
    void (*init)(void);
    void (*set_log)(void *, void *);
    blob (*model_defaults)(void);
    blob (*context_defaults)(void);
    void *(*load)(const char *, blob);
    void *(*new_context)(void *, blob);
    theirs_batch (*get_one)(int32_t *, int32_t);
    int32_t (*decode)(void *, theirs_batch);
    void (*synchronize)(void *);
    float *(*logits)(void *, int32_t);
    void *(*get_memory)(void *);
    void (*clear)(void *, bool);
    const void *(*get_vocabulary)(const void *);
    int32_t (*count_tokens)(const void *);
} theirs;

static void open_library(const char *folder, const char *pattern)
{
    char path[1024];
    glob_t found;
    (void)snprintf(path, sizeof path, "%s/%s", folder, pattern);
    if (glob(path, 0, NULL, &found) != 0 ||
        dlopen(found.gl_pathv[0], RTLD_LAZY | RTLD_GLOBAL) == NULL)
        die("llama.cpp's library cannot be opened");
    globfree(&found);
}

static void *symbol(const char *name)
{
    void *p = dlsym(RTLD_DEFAULT, name);
    if (p == NULL)
        die(name);
    return p;
}

static void quiet(int level, const char *text, void *data)
{
    (void)level;
    (void)text;
    (void)data;
}

/* dlsym gives object pointers; POSIX allows this way to functions. */
#define BIND(field, name) *(void **)(void *)&theirs.field = symbol(name)

static void bind_theirs(const char *folder)
{
    open_library(folder, "libggml-base.so");
    open_library(folder, "libggml.*so");
    open_library(folder, "libllama.*so");
    BIND(load_backends, "ggml_backend_load_all_from_path");
    BIND(init, "llama_backend_init");
    BIND(set_log, "llama_log_set");
    BIND(model_defaults, "llama_model_default_params");
    BIND(context_defaults, "llama_context_default_params");
    BIND(load, "llama_model_load_from_file");
    BIND(new_context, "llama_init_from_model");
    BIND(get_one, "llama_batch_get_one");
    BIND(decode, "llama_decode");
    BIND(synchronize, "llama_synchronize");
    BIND(logits, "llama_get_logits_ith");
    BIND(get_memory, "llama_get_memory");
    BIND(clear, "llama_memory_clear");
    BIND(get_vocabulary, "llama_model_get_vocab");
    BIND(count_tokens, "llama_vocab_n_tokens");
    theirs.set_log((void *)(uintptr_t)quiet, NULL);
    theirs.load_backends(folder);
    theirs.init();
}

static void open_theirs(engine *e, const char *path)
{
    void *model = theirs.load(path, theirs.model_defaults());
    if (model == NULL)
        die("llama.cpp cannot load the model");
    blob p = theirs.context_defaults();
    p.words[0] = CONTEXT;
    p.words[1] = p.words[2] = MOST_TOKENS; /* batch, micro-batch */
    p.words[7] = p.words[8] = (uint32_t)e->threads;
    e->context = theirs.new_context(model, p);
    if (e->context == NULL)
        die("llama.cpp gives no context");
    e->memory = theirs.get_memory(e->context);
    e->vocabulary = (uint32_t)theirs.count_tokens(theirs.get_vocabulary(model));
}

static void open_ours(engine *e, const char *path)
{
    error err = {0};
    llm_model_options options = {.threads = e->threads, .kernels = getenv("KERNELS")};
    llm_session_options session = {.context = CONTEXT};
    if (llm_model_open(path, &options, &e->model, &err) != STATUS_OK ||
        llm_session_new(e->model, &session, &e->session, &err) != STATUS_OK)
        die(err.message);
    e->vocabulary = llm_model_shape(e->model)->vocabulary;
}

static void forget(engine *e)
{
    error err = {0};
    if (e->theirs)
        theirs.clear(e->memory, true);
    else if (llm_session_rewind(e->session, 0, &err) != STATUS_OK)
        die(err.message);
}

static void evaluate(engine *e, int32_t *tokens, size_t n)
{
    error err = {0};
    if (e->theirs) {
        if (theirs.decode(e->context, theirs.get_one(tokens, (int32_t)n)) != 0)
            die("llama.cpp cannot decode");
        theirs.synchronize(e->context);
    } else if (llm_session_eval(e->session, tokens, n, e->logits, &err) != STATUS_OK) {
        die(err.message);
    }
}

/* --- a worker's tasks ----------------------------------------------------------------------- */

static int32_t tokens[MOST_TOKENS];

static double run_prompt(engine *e, size_t n)
{
    forget(e);
    double start = now_ms();
    evaluate(e, tokens, n);
    return (double)n * 1000 / (now_ms() - start);
}

static double run_generation(engine *e)
{
    forget(e);
    double start = now_ms();
    for (size_t i = 0; i < 64; i++)
        evaluate(e, &tokens[i], 1);
    return 64 * 1000 / (now_ms() - start);
}

/* Milliseconds for 32 candidates of 8 tokens behind a prefix of 256; ours alone. */
static double run_score(engine *e)
{
    llm_candidate candidates[32];
    llm_candidate_score scores[32];
    error err = {0};
    for (size_t i = 0; i < 32; i++)
        candidates[i] = (llm_candidate){tokens + 250 + 8 * i, 8};
    forget(e);
    double start = now_ms();
    if (llm_score(e->session, tokens, 256, candidates, 32, scores, &err) != STATUS_OK)
        die(err.message);
    return (now_ms() - start);
}

static double resident_mb(void)
{
    char line[256];
    double kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = atof(line + 6);
    if (f != NULL)
        fclose(f);
    return kb / 1024;
}

/* Writes the logits of every position to a file; gives the number of positions. */
static double write_logits(engine *e, const char *path)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        die("cannot write the logits");
    forget(e);
    size_t n = MOST_TOKENS;
    static int8_t wanted[MOST_TOKENS];
    memset(wanted, 1, sizeof wanted);
    if (e->theirs) {
        theirs_batch b = theirs.get_one(tokens, (int32_t)n);
        b.wanted = wanted;
        if (theirs.decode(e->context, b) != 0)
            die("llama.cpp cannot decode");
        theirs.synchronize(e->context);
        for (size_t i = 0; i < n; i++)
            fwrite(theirs.logits(e->context, (int32_t)i), sizeof(float), e->vocabulary, f);
    } else {
        error err = {0};
        float *all = malloc(n * e->vocabulary * sizeof *all);
        if (all == NULL || llm_session_eval_all(e->session, tokens, n, all, &err) != STATUS_OK)
            die(err.message);
        fwrite(all, sizeof *all, n * e->vocabulary, f);
        free(all);
    }
    fclose(f);
    return (double)n;
}

/* Takes half as much again as the file's bytes from the system and gives them back. The first use
 * of a page that a virtual machine has not used before costs its host's time (0.3 GB/s was seen,
 * and 9 GB/s the second time): whoever loads first would pay for both. */
static void warm_memory(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        die("no such model");
    size_t bytes = (size_t)info.st_size / 2 * 3;
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        die("no memory");
    (void)madvise(p, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < bytes; i += 4096)
        p[i] = 1;
    (void)munmap(p, bytes);
}

/* Reads commands, one a line, and answers each with a number. */
static int worker(const char *kind, const char *path, const char *threads, const char *folder)
{
    char line[1200];
    engine e = {.theirs = strcmp(kind, "theirs") == 0, .threads = (size_t)atoi(threads)};
    if (e.theirs)
        bind_theirs(folder);
    warm_memory(path);
    double start = now_ms();
    (e.theirs ? open_theirs : open_ours)(&e, path);
    e.logits = malloc(e.vocabulary * sizeof *e.logits);
    for (size_t i = 0; i < MOST_TOKENS; i++)
        tokens[i] = (int32_t)((i * 2654435761u >> 5) % e.vocabulary);
    evaluate(&e, tokens, 1);
    e.load_ms = now_ms() - start;
    while (fgets(line, sizeof line, stdin) != NULL) {
        double value = 0;
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "pp", 2) == 0)
            value = run_prompt(&e, (size_t)atoi(line + 2));
        else if (strcmp(line, "tg") == 0)
            value = run_generation(&e);
        else if (strcmp(line, "score") == 0)
            value = run_score(&e);
        else if (strcmp(line, "load") == 0)
            value = e.load_ms;
        else if (strcmp(line, "rss") == 0)
            value = resident_mb();
        else if (strncmp(line, "logits ", 7) == 0)
            value = write_logits(&e, line + 7);
        printf("%.9g\n", value);
        fflush(stdout);
    }
    return 0;
}

/* --- the driver ----------------------------------------------------------------------------- */

typedef struct peer {
    FILE *to, *from;
    pid_t pid;
} peer;

static const char *self, *folder;
static char threads_text[16];

static peer start(const char *kind, const char *path)
{
    int in[2], out[2];
    peer p = {0};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die("cannot make pipes");
    p.pid = fork();
    if (p.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(self, self, "worker", kind, path, threads_text, folder, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    p.to = fdopen(in[1], "w");
    p.from = fdopen(out[0], "r");
    return p;
}

static double ask(peer *p, const char *command)
{
    char line[64];
    fprintf(p->to, "%s\n", command);
    fflush(p->to);
    if (fgets(line, sizeof line, p->from) == NULL)
        die("an engine's process ended early");
    return atof(line);
}

static void stop(peer *p)
{
    fclose(p->to);
    fclose(p->from);
    waitpid(p->pid, NULL, 0);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t n)
{
    double sorted[64];
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, compare);
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

typedef struct pair {
    double ours, theirs, ratio;
} pair;

static pair ask_in_turn(peer *ours, peer *theirs_peer, const char *command, size_t turns)
{
    double a[64], b[64], r[64];
    (void)ask(ours, command);
    (void)ask(theirs_peer, command);
    for (size_t i = 0; i < turns; i++) {
        if (i % 2 == 0)
            a[i] = ask(ours, command);
        b[i] = ask(theirs_peer, command);
        if (i % 2 == 1)
            a[i] = ask(ours, command);
        r[i] = a[i] / b[i];
    }
    return (pair){median(a, turns), median(b, turns), median(r, turns)};
}

/* Each turn in a process of its own: "ready" is from the file, in the page cache, to the first
 * token. */
static pair load_in_turn(const char *path, size_t turns)
{
    double v[2][64], r[64];
    for (size_t i = 0; i < turns; i++) {
        for (size_t k = 0; k < 2; k++) {
            size_t theirs_turn = (i + k) % 2;
            peer p = start(theirs_turn ? "theirs" : "ours", path);
            v[theirs_turn][i] = ask(&p, "load");
            stop(&p);
        }
        r[i] = v[1][i] / v[0][i];
    }
    return (pair){median(v[0], turns), median(v[1], turns), median(r, turns)};
}

static json_t *pair_json(const pair *p)
{
    return json_pack("{s:f,s:f,s:f}", "ours", p->ours, "llamacpp", p->theirs, "ratio", p->ratio);
}

/* --- models --------------------------------------------------------------------------------- */

typedef struct shape {
    const char *name;
    tiny_model model;
} shape;

static const shape shapes[] = {
    {"llama-15m", {"llama", 6, 288, 6, 6, 48, 768, 32000, 2048, .sentencepiece = true}},
    {"llama-60m", {"llama", 12, 512, 8, 8, 64, 1536, 32000, 2048, .sentencepiece = true}},
    {"qwen2.5-0.5b", {"qwen2", 24, 896, 14, 2, 64, 4864, 151936, 32768, .sentencepiece = true}},
};

static const struct {
    const char *name;
    uint32_t type;
    double prompt_target, generate_target, cached_target; /* ratios that are aimed at */
} types[] = {
    {"q8_0", GGUF_TYPE_Q8_0, 2.2, 1.2, 2.0},
    {"q4_0", GGUF_TYPE_Q4_0, 1.6, 1.2, 2.0},
    {"q4_k_m", GGUF_TYPE_Q4_K, 2.2, 1.2, 2.0},
    {"f16", GGUF_TYPE_F16, 1.5, 0.95, 2.0},
};

/* Writes the model's file unless it is there. */
static void make_file(const shape *s, uint32_t type, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0)
        return;
    tiny_model m = s->model;
    m.type = type;
    m.mixed = true;
    m.seed = 1;
    buf b = tiny_build(&m);
    FILE *f = fopen(path, "wb");
    if (f == NULL || b.failed || fwrite(b.data, 1, b.length, f) != b.length || fclose(f) != 0)
        die("cannot write a model's file");
    buf_free(&b);
}

static bool chosen(const char *variable, const char *name)
{
    const char *list = getenv(variable);
    return list == NULL || *list == 0 || strstr(list, name) != NULL;
}

/* --- measurements --------------------------------------------------------------------------- */

/* Speed beside processes that keep every core busy, as a share of the undisturbed speed. */
static double busy_share(peer *ours, double undisturbed)
{
    pid_t hogs[64];
    double v[5];
    size_t n = pool_cores() < 64 ? pool_cores() : 64;
    for (size_t i = 0; i < n; i++)
        if ((hogs[i] = fork()) == 0)
            for (volatile uint64_t spin = 0;; spin++) {
            }
    for (size_t i = 0; i < 5; i++)
        v[i] = ask(ours, "tg");
    for (size_t i = 0; i < n; i++) {
        kill(hogs[i], SIGKILL);
        waitpid(hogs[i], NULL, 0);
    }
    return median(v, 5) / undisturbed;
}

static json_t *measure(const shape *s, size_t t, const char *path, size_t turns)
{
    pair load = load_in_turn(path, turns);
    peer a = start("ours", path), b = start("theirs", path);
    pair pp128 = ask_in_turn(&a, &b, "pp128", turns), pp512 = ask_in_turn(&a, &b, "pp512", turns);
    pair tg = ask_in_turn(&a, &b, "tg", turns);
    double scores[5], prompts[5], ratio[5];
    size_t rounds = turns < 5 ? turns : 5;
    for (size_t i = 0; i < rounds; i++) {
        scores[i] = ask(&a, "score");
        prompts[i] = 512 * 1000 / ask(&a, "pp512");
        ratio[i] = scores[i] / prompts[i];
    }
    pair memory = {ask(&a, "rss"), ask(&b, "rss"), 0};
    struct stat info;
    double file_mb = stat(path, &info) == 0 ? (double)info.st_size / 1048576 : 0;
    double busy = getenv("CPU_TIME") == NULL ? busy_share(&a, tg.ours) : 0;
    stop(&a);
    stop(&b);
    memory.ratio = memory.theirs / memory.ours;
    bool small = file_mb < 24;
    printf("%-13s %-7s pp128 %8.1f %8.1f %5.2fx  pp512 %8.1f %8.1f %5.2fx (aim %.2g)  "
           "tg %7.1f %7.1f %5.2fx (aim %.2g)  ready ms %5.0f %5.0f %4.2fx  MB %5.0f %5.0f (file "
           "%.0f)  "
           "score/pp512 %.2f  busy %.2f\n",
           s->name, types[t].name, pp128.ours, pp128.theirs, pp128.ratio, pp512.ours, pp512.theirs,
           pp512.ratio, types[t].prompt_target, tg.ours, tg.theirs, tg.ratio,
           small ? types[t].cached_target : types[t].generate_target, load.ours, load.theirs,
           load.ratio, memory.ours, memory.theirs, file_mb, median(ratio, rounds), busy);
    fflush(stdout);
    return json_pack("{s:s,s:s,s:f,s:o,s:o,s:o,s:o,s:o,s:f,s:f}", "shape", s->name, "type",
                     types[t].name, "file_mb", file_mb, "pp128", pair_json(&pp128), "pp512",
                     pair_json(&pp512), "tg64", pair_json(&tg), "ready_ms", pair_json(&load),
                     "resident_mb", pair_json(&memory), "score_over_pp512", median(ratio, rounds),
                     "busy_share", busy);
}

/* --- agreement ------------------------------------------------------------------------------ */

static float *read_logits(const char *path, const char *kind, const char *model, size_t *width)
{
    char command[1100];
    (void)snprintf(command, sizeof command, "logits %s", path);
    peer p = start(kind, model);
    (void)ask(&p, command);
    stop(&p);
    struct stat info;
    FILE *f = fopen(path, "rb");
    if (f == NULL || stat(path, &info) != 0)
        die("cannot read the logits");
    float *all = malloc((size_t)info.st_size);
    if (all == NULL || fread(all, 1, (size_t)info.st_size, f) != (size_t)info.st_size)
        die("cannot read the logits");
    fclose(f);
    *width = (size_t)info.st_size / sizeof *all / MOST_TOKENS;
    return all;
}

static double log_sum(const float *x, size_t n)
{
    double largest = (double)x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        largest = fmax(largest, (double)x[i]);
    for (size_t i = 0; i < n; i++)
        sum += exp((double)x[i] - largest);
    return largest + log(sum);
}

/* Mean over positions of the divergence of q from p. */
static double divergence(const float *p, const float *q, size_t width)
{
    double total = 0;
    for (size_t i = 0; i < MOST_TOKENS; i++) {
        const float *a = p + i * width, *b = q + i * width;
        double za = log_sum(a, width), zb = log_sum(b, width);
        for (size_t k = 0; k < width; k++)
            total += exp((double)a[k] - za) * (((double)a[k] - za) - ((double)b[k] - zb));
    }
    return total / MOST_TOKENS;
}

static size_t argmax(const float *x, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

static double same_argmax(const float *a, const float *b, size_t width)
{
    size_t same = 0;
    for (size_t i = 0; i < MOST_TOKENS; i++)
        same += argmax(a + i * width, width) == argmax(b + i * width, width);
    return (double)same / MOST_TOKENS;
}

static json_t *agree(const char *data)
{
    char f32[1024], q8[1024];
    size_t width;
    (void)snprintf(f32, sizeof f32, "%s/models/stories260K-f32.gguf", data);
    (void)snprintf(q8, sizeof q8, "%s/models/stories260K-q8_0.gguf", data);
    if (access(f32, R_OK) != 0 || access(q8, R_OK) != 0) {
        printf("agreement: skipped, there is no %s\n", f32);
        return json_null();
    }
    const char *temporary = "build/bench/logits.tmp";
    float *a = read_logits(temporary, "ours", f32, &width);
    float *b = read_logits(temporary, "theirs", f32, &width);
    float *c = read_logits(temporary, "ours", q8, &width);
    float *d = read_logits(temporary, "theirs", q8, &width);
    double same = same_argmax(a, b, width), ours = divergence(a, c, width),
           theirs_kl = divergence(b, d, width), worst = 0;
    for (size_t i = 0; i < MOST_TOKENS * width; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    (void)unlink(temporary);
    printf("agreement on stories260K, %d positions: F32 same argmax as llama.cpp %.1f %% (aim 99), "
           "largest difference %.2g; Q8_0 divergence from F32 ours %.3g, llama.cpp %.3g\n",
           MOST_TOKENS, same * 100, worst, ours, theirs_kl);
    free(a);
    free(b);
    free(c);
    free(d);
    return json_pack("{s:f,s:f,s:f,s:f}", "same_argmax", same, "largest_difference", worst,
                     "kl_ours", ours, "kl_llamacpp", theirs_kl);
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "worker") == 0)
        return worker(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "");
    if (argc != 2) {
        fprintf(stderr, "usage: bench_llm FOLDER_OF_LLAMACPP\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    self = argv[0];
    folder = argv[1];
    const char *data = getenv("VOUCH_DATA"), *text = getenv("TURNS");
    size_t turns = text != NULL ? (size_t)atoi(text) : 5;
    if (turns < 1 || turns > 64)
        die("TURNS is 1 to 64");
    const char *threads = getenv("THREADS");
    (void)snprintf(threads_text, sizeof threads_text, "%zu",
                   threads != NULL ? (size_t)atoi(threads) : pool_cores());
    printf("ours, llama.cpp, ratio (medians of %zu turns, %s threads)\n", turns, threads_text);
    json_t *rows = json_array();
    json_t *agreement = agree(data == NULL ? "../shared/data" : data);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            char path[256];
            if (!chosen("SHAPES", shapes[s].name) || !chosen("TYPES", types[t].name))
                continue;
            (void)snprintf(path, sizeof path, "build/bench/%s-%s.gguf", shapes[s].name,
                           types[t].name);
            make_file(&shapes[s], types[t].type, path);
            json_array_append_new(rows, measure(&shapes[s], t, path, turns));
        }
    json_t *root = json_pack("{s:s,s:s,s:o,s:o}", "bench", "llm", "threads", threads_text,
                             "agreement", agreement, "models", rows);
    int failed = json_dump_file(root, "build/bench/llm.json", JSON_INDENT(2));
    json_decref(root);
    return failed == 0 ? 0 : 4;
}
