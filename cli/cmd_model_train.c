/* vouch model train: a training run in a folder, resumed where it stopped, then the GGUF files. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/model.h"
#include "llm/train/export.h"
#include "llm/train/trainer.h"

static const char usage[] =
    "usage: vouch model train --out DIR (--budget 2h | --steps N) [options]\n"
    "       vouch model train --out DIR --export-only [--name NAME]\n"
    "       vouch model train --out DIR --evaluate N\n\n"
    "Makes the embedded model from schemas/concepts.tsv and the paraphrase grammar. DIR keeps the\n"
    "vocabulary, the checkpoint and curve.csv; the same command again continues the run. The "
    "budget\n"
    "counts all runs of DIR together. At the end DIR holds vouch-f32.gguf and vouch-q8_0.gguf.\n"
    "Ctrl-C keeps a checkpoint.\n\n"
    "  --size S          tiny, 2m, 2m-deep, 3m, 9m or 36m: the model's shape (default 2m)\n"
    "  --grow DIR        a new run that starts from DIR's smaller model: more layers or a wider\n"
    "                    feed-forward of the same width, which first compute what it computed;\n"
    "                    steps and the budget count on from its own\n"
    "  --products P      f32 or bf16: matrix products of single precision, or of factors rounded "
    "to\n"
    "                    bfloat16 (with AVX512_BF16 about twice as quick; default f32)\n"
    "  --threads N       one micro-batch each (default 2)\n"
    "  --seed N          of weights and data (default 1)\n"
    "  --episodes N      questions a step (default 24)\n"
    "  --rate X          peak learning rate (default by size)\n"
    "  --hold-out X      share of relation clusters kept for evaluation (default 0.08)\n"
    "  --concepts FILE   default schemas/concepts.tsv\n"
    "  --frames FILE     default llm/train/frames.tsv\n"
    "  --name NAME       general.name of the GGUF files (default vouch-SIZE)\n"
    "  --export-only     write the GGUF files from the checkpoint and stop\n"
    "  --evaluate N      rank N questions over held-out relations and stop\n"
    "  --rank FILE       rank the questions of a file of that form (tests/bench/ranking_sets.py)\n"
    "  --as TYPE         evaluate with the weights as f16, q8_0 or q4_0 keeps them\n"
    "  --init-only       prepare DIR (vocabulary, checkpoint of step 0) and stop\n"
    "  --write-episodes FILE  the tokenised episodes of --steps steps, for train_gpu.py\n"
    "  --dump FILE       write --evaluate's episodes as text too (to look at the data)\n";

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    printf("%s\n", text);
    fflush(stdout);
}

typedef struct size_choice {
    const char *name;
    int dim, layers, heads, ffn;
    size_t merges;
    double rate;
} size_choice;

static const size_choice sizes[] = {
    {"tiny", 32, 2, 2, 48, 200, 3e-3},       {"2m", 128, 4, 4, 384, 2500, 3e-3},
    {"2m-deep", 128, 8, 4, 384, 2500, 2e-3}, {"3m", 192, 4, 6, 512, 2500, 2e-3},
    {"9m", 256, 8, 8, 768, 4000, 1.5e-3},    {"36m", 512, 10, 8, 1280, 8000, 8e-4},
};

static const size_choice *find_size(const char *name)
{
    for (size_t i = 0; i < CORE_COUNT(sizes); i++)
        if (strcmp(sizes[i].name, name) == 0)
            return &sizes[i];
    return NULL;
}

/* "2h", "90m", "45s", "3600". */
static bool read_duration(const char *text, double *seconds)
{
    str s = str_from(text);
    double unit = 1;
    if (str_ends(s, STR("h")))
        unit = 3600;
    else if (str_ends(s, STR("m")))
        unit = 60;
    if (unit > 1 || str_ends(s, STR("s")))
        s.length--;
    double value;
    if (!str_to_double(s, &value) || value <= 0)
        return false;
    *seconds = value * unit;
    return true;
}

typedef struct train_arguments {
    const char *out, *budget, *size, *rate, *hold_out, *name, *dump, *episodes_file, *rank;
    int steps, threads, seed, episodes, evaluate;
    const char *as, *products;
    bool export_only, init_only;
    trainer_options options;
} train_arguments;

static int write_models(const train_arguments *a)
{
    static const struct {
        const char *file;
        export_type type;
    } kinds[] = {{"vouch-f32.gguf", EXPORT_F32}, {"vouch-q8_0.gguf", EXPORT_Q8_0}};
    error err = {0};
    trainer_result r;
    if (trainer_open(a->out, &r, &err) != STATUS_OK)
        return cli_fail(&err);
    char path[1024], name[64];
    snprintf(name, sizeof name, "vouch-%s", a->size);
    status st = STATUS_OK;
    for (size_t i = 0; i < CORE_COUNT(kinds) && st == STATUS_OK; i++) {
        snprintf(path, sizeof path, "%s/%s", a->out, kinds[i].file);
        st = export_write(path, r.net, r.vocab, a->name != NULL ? a->name : name, kinds[i].type,
                          &err);
        if (st == STATUS_OK)
            printf("wrote %s\n", path);
    }
    printf("%llu steps, %.1f million tokens, %.0f s\n", (unsigned long long)r.steps,
           (double)r.tokens / 1e6, r.seconds);
    trainer_close(&r);
    return st == STATUS_OK ? 0 : cli_fail(&err);
}

static void print_cell(const char *name, const evaluate_cell *c)
{
    if (c->n > 0)
        printf("  %-10s %6.0f %8.1f %8.1f %8.1f %8.1f\n", name, c->n, 100 * c->lexical / c->n,
               100 * c->gen / c->n, 100 * c->fit / c->n, 100 * c->all / c->n);
}

static status dump_episodes(const episode_source *source, size_t count, const char *path,
                            error *err)
{
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return error_set(err, STATUS_IO, "%s: cannot be written", path);
    episode e = {0};
    status st = STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        st = episode_make(source, i, &e, err);
        fprintf(f, "%s\t%.*s\n", episode_kind_name(e.kind), (int)e.prefix_text_length, e.text.data);
        for (size_t j = 0; j < e.candidates; j++)
            fprintf(f, "\t%s\t%.*s\n", e.candidate[j].gold ? "right" : "wrong",
                    (int)e.candidate[j].text_length, e.text.data + e.candidate[j].text_start);
    }
    episode_free(&e);
    fclose(f);
    return st;
}

static void print_report(const evaluate_report *e)
{
    printf("right form first, %% of questions\n"
           "  kind            n  lexical      gen      fit      all\n");
    for (int k = 0; k < EPISODE_KINDS; k++)
        print_cell(episode_kind_name((episode_kind)k), &e->kind[k]);
    print_cell("english", &e->language[CONCEPT_EN]);
    print_cell("chinese", &e->language[CONCEPT_ZH]);
    print_cell("all", &e->all);
    print_cell("operators", &e->operators);
    printf("right among the surest 80 %% (all): english %.1f, chinese %.1f %%\n",
           100 * e->surest[CONCEPT_EN], 100 * e->surest[CONCEPT_ZH]);
    if (e->unanswerable > 0)
        printf("unanswerable (%.0f): AUROC lexical %.3f, gen %.3f, fit %.3f, all %.3f\n",
               e->unanswerable, e->auroc_lexical, e->auroc_gen, e->auroc_fit, e->auroc_all);
}

static status evaluate_held_out(const train_arguments *a, const trainer_result *r,
                                evaluate_report *e, error *err)
{
    concepts *c = NULL;
    grammar *g = NULL;
    status st = concepts_load(a->options.concepts, a->options.hold_out, &c, err);
    if (st == STATUS_OK)
        st = grammar_load(a->options.frames, &g, err);
    if (st == STATUS_OK) {
        episode_source source = trainer_held_out(c, g, r->vocab);
        st = evaluate_ranking(r->net, r->vocab, evaluate_from_source, &source, (size_t)a->evaluate,
                              e, err);
        if (st == STATUS_OK && a->dump != NULL)
            st = dump_episodes(&source, (size_t)a->evaluate, a->dump, err);
    }
    grammar_free(g);
    concepts_free(c);
    return st;
}

static status evaluate_ranking_file(const train_arguments *a, const trainer_result *r,
                                    evaluate_report *e, error *err)
{
    evaluate_file file = {.f = fopen(a->rank, "r"), .vocab = r->vocab};
    if (file.f == NULL)
        return error_set(err, STATUS_NOT_FOUND, "%s: cannot be read", a->rank);
    status st = evaluate_ranking(r->net, r->vocab, evaluate_from_file, &file, 1u << 20, e, err);
    fclose(file.f);
    free(file.line);
    return st;
}

static int evaluate(const train_arguments *a)
{
    error err = {0};
    trainer_result r = {0};
    evaluate_report e;
    status st = trainer_open(a->out, &r, &err);
    if (st == STATUS_OK && a->as != NULL && !export_round_trip(r.net, a->as))
        st = error_set(&err, STATUS_USAGE, "--as is f16, q8_0 or q4_0, not '%s'", a->as);
    if (st == STATUS_OK)
        st = a->rank != NULL ? evaluate_ranking_file(a, &r, &e, &err)
                             : evaluate_held_out(a, &r, &e, &err);
    trainer_close(&r);
    if (st != STATUS_OK)
        return cli_fail(&err);
    print_report(&e);
    return 0;
}

/* Settles the options; an exit code when they make no sense, else -1. */
static int settle(train_arguments *a)
{
    const size_choice *size = find_size(a->size);
    if (a->out == NULL)
        return cli_usage("model train", "--out DIR is needed");
    if (size == NULL)
        return cli_usage("model train", "there is no size '%s'", a->size);
    trainer_options *o = &a->options;
    o->folder = a->out;
    o->shape.dim = size->dim;
    o->shape.layers = size->layers;
    o->shape.heads = size->heads;
    o->shape.ffn = size->ffn;
    o->merges = size->merges;
    o->peak_rate = size->rate;
    o->threads = a->threads;
    o->seed = (uint64_t)a->seed;
    o->episodes = (size_t)a->episodes;
    o->steps = (uint64_t)a->steps;
    if (a->budget != NULL && !read_duration(a->budget, &o->budget_seconds))
        return cli_usage("model train", "'%s' is no duration such as 2h or 90m", a->budget);
    if (a->rate != NULL && !str_to_double(str_from(a->rate), &o->peak_rate))
        return cli_usage("model train", "'%s' is no number", a->rate);
    if (a->hold_out != NULL && (!str_to_double(str_from(a->hold_out), &o->hold_out) ||
                                o->hold_out < 0 || o->hold_out > 0.9))
        return cli_usage("model train", "--hold-out is a share from 0 to 0.9");
    if (strcmp(a->products, "f32") != 0 && strcmp(a->products, "bf16") != 0)
        return cli_usage("model train", "--products is f32 or bf16");
    o->products = strcmp(a->products, "bf16") == 0 ? GEMM_BF16 : GEMM_F32;
    if (a->episodes < 1)
        return cli_usage("model train", "--episodes must be 1 or more");
    return -1;
}

int cmd_model_train(int argc, char **argv)
{
    train_arguments a = {.size = "2m", .threads = 2, .seed = 1, .episodes = 24, .products = "f32"};
    a.options = trainer_defaults();
    const args_option options[] = {{"--out", ARGS_TEXT, &a.out},
                                   {"--budget", ARGS_TEXT, &a.budget},
                                   {"--steps", ARGS_COUNT, &a.steps},
                                   {"--size", ARGS_TEXT, &a.size},
                                   {"--threads", ARGS_COUNT, &a.threads},
                                   {"--products", ARGS_TEXT, &a.products},
                                   {"--seed", ARGS_COUNT, &a.seed},
                                   {"--episodes", ARGS_COUNT, &a.episodes},
                                   {"--rate", ARGS_TEXT, &a.rate},
                                   {"--hold-out", ARGS_TEXT, &a.hold_out},
                                   {"--concepts", ARGS_TEXT, &a.options.concepts},
                                   {"--frames", ARGS_TEXT, &a.options.frames},
                                   {"--name", ARGS_TEXT, &a.name},
                                   {"--export-only", ARGS_FLAG, &a.export_only},
                                   {"--init-only", ARGS_FLAG, &a.init_only},
                                   {"--grow", ARGS_TEXT, &a.options.grow},
                                   {"--write-episodes", ARGS_TEXT, &a.episodes_file},
                                   {"--evaluate", ARGS_COUNT, &a.evaluate},
                                   {"--rank", ARGS_TEXT, &a.rank},
                                   {"--as", ARGS_TEXT, &a.as},
                                   {"--dump", ARGS_TEXT, &a.dump},
                                   {NULL, ARGS_FLAG, NULL}};
    int positional, code;
    if (!args_parse(argc, argv, options, usage, &positional, &code))
        return code;
    if (positional > 0)
        return cli_usage("model train", "'%s' is not expected", argv[1]);
    code = settle(&a);
    if (code >= 0)
        return code;
    if (a.export_only)
        return write_models(&a);
    if (a.evaluate > 0 || a.rank != NULL)
        return evaluate(&a);
    error err = {0};
    if (a.init_only || a.episodes_file != NULL) {
        status st = a.init_only ? trainer_prepare(&a.options, &err)
                                : trainer_write_episodes(&a.options, a.episodes_file, &err);
        return st == STATUS_OK ? 0 : cli_fail(&err);
    }
    signal(SIGINT, ask_to_stop);
    signal(SIGTERM, ask_to_stop);
    if (trainer_run(&a.options, &stop_asked, print_line, NULL, &err) != STATUS_OK)
        return cli_fail(&err);
    return write_models(&a);
}
