/* Runs under an emulator: every kernel set of this CPU against the scalar ones, without the test
 * framework, which the cross compiler does not have. Prints what differs; exit code 1 then. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/kernels.h"

#define COLUMNS 512u
#define GROUPS 2u
#define MOST_ROWS 7u

/* The reader of files is not linked: what packing needs to know of types. */
bool gguf_type_block(uint32_t type, uint32_t *weights, uint32_t *bytes)
{
    static const uint32_t table[][3] = {
        {GGUF_TYPE_F32, 1, 4},      {GGUF_TYPE_F16, 1, 2},      {GGUF_TYPE_BF16, 1, 2},
        {GGUF_TYPE_Q8_0, 32, 34},   {GGUF_TYPE_Q4_0, 32, 18},   {GGUF_TYPE_Q5_0, 32, 22},
        {GGUF_TYPE_Q4_K, 256, 144}, {GGUF_TYPE_Q5_K, 256, 176}, {GGUF_TYPE_Q6_K, 256, 210},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i][0] == type) {
            *weights = table[i][1];
            *bytes = table[i][2];
            return true;
        }
    return false;
}

static uint32_t next_random(void)
{
    static uint64_t seed = 5;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static float next_float(void)
{
    return (float)next_random() / 1073741824.0f - 1.0f;
}

static int failures;

static void compare(const char *name, const char *what, const float *got, const float *want,
                    size_t n, float tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= tolerance * (1 + fabsf(want[i])))) {
            printf("%s %s: element %zu is %g, not %g\n", name, what, i, (double)got[i],
                   (double)want[i]);
            failures++;
            return;
        }
}

/* Random bytes with sane numbers where the packed layout has floats. */
static unsigned char *random_matrix(llm_matrix *m, uint32_t type)
{
    (void)llm_matrix_plan(m, type, GROUPS * MATRIX_LANES, COLUMNS);
    size_t bytes = llm_matrix_bytes(m);
    unsigned char *data = aligned_alloc(64, bytes);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)next_random();
    for (size_t g = 0; g < GROUPS; g++) {
        unsigned char *at = data + g * m->group_bytes;
        bool k_type = m->meta_at > 0;
        size_t halves = m->blocks == 0 ? 0 : (k_type ? m->meta_at : m->quant_at) / 2;
        for (size_t i = 0; i < halves; i++) {
            uint16_t h = llm_float_to_half(next_float() * 0.01f);
            memcpy(at + i * 2, &h, sizeof h);
        }
        for (size_t i = 0; m->blocks == 0 && i < (size_t)COLUMNS * MATRIX_LANES; i++) {
            float f = next_float();
            uint16_t h = llm_float_to_half(f);
            if (type == GGUF_TYPE_F32)
                memcpy(at + i * 4, &f, sizeof f);
            else if (type == GGUF_TYPE_F16)
                memcpy(at + i * 2, &h, sizeof h);
            else
                memcpy(at + i * 2, (unsigned char *)&f + 2, 2);
        }
    }
    m->data = data;
    return data;
}

static void check_products(const kernels *k, uint32_t type)
{
    static float x[MOST_ROWS * COLUMNS], got[MOST_ROWS * 32], want[MOST_ROWS * 32];
    static int8_t quants[MOST_ROWS * COLUMNS];
    static kernels_block blocks[MOST_ROWS * COLUMNS / 32];
    llm_matrix m;
    unsigned char *data = random_matrix(&m, type);
    for (size_t rows = 1; rows <= MOST_ROWS; rows++) {
        for (size_t i = 0; i < rows * COLUMNS; i++)
            x[i] = next_float();
        for (size_t i = 0; i < rows; i++) {
            size_t at = kernels_block_at(rows, COLUMNS / 32, i, 0);
            k->quantise(x + i * COLUMNS, COLUMNS / 32, kernels_tile_rows(rows, i), quants + at * 32,
                        blocks + at);
        }
        kernels_input in = {.rows = rows,
                            .columns = COLUMNS,
                            .values = x,
                            .stride = COLUMNS,
                            .quants = quants,
                            .blocks = blocks};
        k->multiply(&m, 0, GROUPS, &in, got, 32, false);
        kernels_scalar.multiply(&m, 0, GROUPS, &in, want, 32, false);
        char what[32];
        (void)snprintf(what, sizeof what, "type %u rows %zu", (unsigned)type, rows);
        compare(k->name, what, got, want, rows * 32, 1e-4f);
    }
    free(data);
}

static void check_elements(const kernels *k)
{
    float x[70], y[70], got[70], want[70];
    uint16_t half[70], want_half[70];
    for (size_t i = 0; i < 70; i++) {
        x[i] = next_float() * 10;
        y[i] = next_float();
    }
    k->rms_norm(x, y, 70, 1e-5f, got);
    kernels_scalar.rms_norm(x, y, 70, 1e-5f, want);
    compare(k->name, "rms_norm", got, want, 70, 1e-5f);
    k->silu_multiply(got, y, 70);
    kernels_scalar.silu_multiply(want, y, 70);
    compare(k->name, "silu", got, want, 70, 1e-5f);
    k->rotate(got, y, x, 35);
    kernels_scalar.rotate(want, y, x, 35);
    compare(k->name, "rotate", got, want, 70, 1e-4f);
    float a = k->exp_sum(got, 70, 3), b = kernels_scalar.exp_sum(want, 70, 3);
    compare(k->name, "exp_sum", &a, &b, 1, 1e-4f);
    a = k->dot(x, y, 70);
    b = kernels_scalar.dot(x, y, 70);
    compare(k->name, "dot", &a, &b, 1, 1e-4f);
    k->to_half(x, 70, half);
    kernels_scalar.to_half(x, 70, want_half);
    k->from_half(half, 70, got);
    kernels_scalar.from_half(want_half, 70, want);
    compare(k->name, "halves", got, want, 70, 0);
}

static void check_sgemm(const kernels *k)
{
    static float a[9 * 20], b[20 * 32], got[9 * 32], want[9 * 32];
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        a[i] = next_float();
    for (size_t i = 0; i < sizeof b / sizeof *b; i++)
        b[i] = next_float();
    for (size_t m = 1; m <= 9; m++) {
        k->sgemm(m, 32, 20, a, 20, b, 32, got, 32, m > 1);
        kernels_scalar.sgemm(m, 32, 20, a, 20, b, 32, want, 32, m > 1);
        compare(k->name, "sgemm", got, want, m * 32, 1e-5f);
    }
}

int main(void)
{
    static const uint32_t types[] = {GGUF_TYPE_F32,  GGUF_TYPE_F16,  GGUF_TYPE_BF16,
                                     GGUF_TYPE_Q8_0, GGUF_TYPE_Q4_0, GGUF_TYPE_Q5_0,
                                     GGUF_TYPE_Q4_K, GGUF_TYPE_Q5_K, GGUF_TYPE_Q6_K};
    const char *names[KERNELS_MAX];
    size_t n = kernels_list(names);
    for (size_t i = 0; i + 1 < n; i++) {
        const kernels *k = kernels_find(names[i]);
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            check_products(k, types[t]);
        check_elements(k);
        check_sgemm(k);
        printf("%s: %s\n", k->name, failures == 0 ? "equal to scalar" : "differs");
    }
    return failures == 0 && n > 1 ? 0 : 1;
}
