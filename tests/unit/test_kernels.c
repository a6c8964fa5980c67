/* Unit tests of llm/matrix and of every set of kernels that this CPU runs. Each weight type is read
 * by a plain decoder of its own here (ggml's block formats, in doubles), so that packing and
 * kernels are not tested against themselves. */
#include "tests/unit/unit.h"

#include <math.h>

#include "llm/kernels.h"

#if defined(__x86_64__)
extern const kernels kernels_avx512_emulated; /* the kernels' logic without the instructions */
#endif

/* The kernels that can be tested here. */
static size_t testable(const kernels *found[KERNELS_MAX + 1])
{
    const char *names[KERNELS_MAX];
    size_t n = kernels_list(names);
    for (size_t i = 0; i < n; i++)
        found[i] = kernels_find(names[i]);
#if defined(__x86_64__)
    if (kernels_find("avx2") != NULL)
        found[n++] = &kernels_avx512_emulated;
#endif
    return n;
}

static uint64_t seed = 1;

static uint32_t next_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33);
}

static float next_float(void)
{
    return (float)next_random() / 1073741824.0f - 1.0f;
}

/* --- a decoder of raw blocks ---------------------------------------------------------------- */

static double half_at(const unsigned char *p)
{
    uint16_t h = (uint16_t)(p[0] | p[1] << 8);
    double sign = h & 0x8000 ? -1 : 1;
    int exponent = h >> 10 & 31, fraction = h & 1023;
    return sign * (exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25));
}

static void decode_k_scale(const unsigned char *s, int j, int *scale, int *min)
{
    *scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    *min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

static double decode_q6(const unsigned char *b, int k)
{
    int n = k / 128, r = k % 128, part = r / 32, l = r % 32;
    int low = b[n * 64 + part % 2 * 32 + l] >> (part / 2 * 4) & 15;
    int high = b[128 + n * 32 + l] >> (part * 2) & 3;
    return half_at(b + 208) * (int8_t)b[192 + k / 16] * ((low | high << 4) - 32);
}

static double decode(uint32_t type, const unsigned char *row, uint32_t k)
{
    uint32_t weights, bytes;
    assert_true(gguf_type_block(type, &weights, &bytes));
    const unsigned char *b = row + (size_t)(k / weights) * bytes;
    int i = (int)(k % weights), scale, min;
    float f;
    switch (type) {
    case GGUF_TYPE_F32:
        memcpy(&f, b, sizeof f);
        return (double)f;
    case GGUF_TYPE_F16:
        return half_at(b);
    case GGUF_TYPE_BF16: {
        uint32_t bits = (uint32_t)(b[0] | b[1] << 8) << 16;
        memcpy(&f, &bits, sizeof f);
        return (double)f;
    }
    case GGUF_TYPE_Q8_0:
        return half_at(b) * (int8_t)b[2 + i];
    case GGUF_TYPE_Q4_0:
        return half_at(b) * ((b[2 + i % 16] >> (i / 16 * 4) & 15) - 8);
    case GGUF_TYPE_Q5_0: {
        uint32_t high =
            (uint32_t)b[2] | (uint32_t)b[3] << 8 | (uint32_t)b[4] << 16 | (uint32_t)b[5] << 24;
        int q = (b[6 + i % 16] >> (i / 16 * 4) & 15) | (int)(high >> i & 1) << 4;
        return half_at(b) * (q - 16);
    }
    case GGUF_TYPE_Q4_K:
        decode_k_scale(b + 4, i / 32, &scale, &min);
        return half_at(b) * scale * (b[16 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15) -
               half_at(b + 2) * min;
    case GGUF_TYPE_Q5_K: {
        decode_k_scale(b + 4, i / 32, &scale, &min);
        int q = (b[48 + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4) & 15) |
                (b[16 + i % 32] >> (i / 32) & 1) << 4;
        return half_at(b) * scale * q - half_at(b + 2) * min;
    }
    default:
        return decode_q6(b, i);
    }
}

/* --- random matrices ------------------------------------------------------------------------ */

typedef struct sample {
    llm_matrix m;
    unsigned char *raw, *packed;
    size_t row_bytes;
} sample;

static void put_half(unsigned char *p, float value)
{
    uint16_t h = llm_float_to_half(value);
    p[0] = (unsigned char)h;
    p[1] = (unsigned char)(h >> 8);
}

/* Random bytes make sound blocks once their halves are sane. `extreme` sets all bits of quants. */
static void fill_block(uint32_t type, unsigned char *b, uint32_t bytes, bool extreme)
{
    for (uint32_t i = 0; i < bytes; i++)
        b[i] = extreme ? (unsigned char)(next_random() % 2 * 255) : (unsigned char)next_random();
    float f = next_float();
    switch (type) {
    case GGUF_TYPE_F32:
        memcpy(b, &f, sizeof f);
        break;
    case GGUF_TYPE_BF16:
        memcpy(b, (unsigned char *)&f + 2, 2);
        break;
    case GGUF_TYPE_F16:
        put_half(b, f);
        break;
    case GGUF_TYPE_Q6_K:
        put_half(b + 208, f * 0.01f);
        break;
    case GGUF_TYPE_Q4_K:
    case GGUF_TYPE_Q5_K:
        put_half(b, f * 0.01f);
        put_half(b + 2, next_float() * 0.01f);
        break;
    default:
        put_half(b, f * 0.1f);
        break;
    }
}

static sample make_sample(uint32_t type, uint32_t rows, uint32_t columns, bool extreme)
{
    sample s = {0};
    uint32_t weights, bytes;
    assert_true(gguf_type_block(type, &weights, &bytes));
    assert_true(llm_matrix_plan(&s.m, type, rows, columns));
    s.row_bytes = (size_t)columns / weights * bytes;
    s.raw = malloc(rows * s.row_bytes);
    s.packed = aligned_alloc(64, llm_matrix_bytes(&s.m));
    for (size_t b = 0; b < rows * s.row_bytes; b += bytes)
        fill_block(type, s.raw + b, bytes, extreme);
    for (uint32_t g = 0; g < s.m.groups; g++) {
        const unsigned char *lanes[MATRIX_LANES];
        for (uint32_t l = 0; l < MATRIX_LANES; l++) {
            uint32_t r = g * MATRIX_LANES + l;
            lanes[l] = r < rows ? s.raw + r * s.row_bytes : NULL;
        }
        assert_true(llm_matrix_pack(&s.m, lanes, s.packed + g * s.m.group_bytes));
    }
    s.m.data = s.packed;
    return s;
}

static void free_sample(sample *s)
{
    free(s->raw);
    free(s->packed);
}

static const uint32_t all_types[] = {
    GGUF_TYPE_F32,  GGUF_TYPE_F16,  GGUF_TYPE_BF16, GGUF_TYPE_Q8_0, GGUF_TYPE_Q4_0,
    GGUF_TYPE_Q5_0, GGUF_TYPE_Q4_K, GGUF_TYPE_Q5_K, GGUF_TYPE_Q6_K,
};

static void packed_rows_read_as_the_file_says(void **state)
{
    (void)state;
    float row[512];
    for (size_t t = 0; t < CORE_COUNT(all_types); t++) {
        sample s = make_sample(all_types[t], 37, 512, false);
        for (uint32_t r = 0; r < 37; r++) {
            llm_matrix_row(&s.m, r, row);
            for (uint32_t k = 0; k < 512; k++) {
                double want = decode(all_types[t], s.raw + r * s.row_bytes, k);
                assert_true(fabs((double)row[k] - want) <= 1e-6 * (1 + fabs(want)));
            }
        }
        free_sample(&s);
    }
}

static void weights_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    for (size_t t = 0; t < CORE_COUNT(all_types); t++) {
        sample s = make_sample(all_types[t], 16, 256, false);
        const unsigned char *lanes[MATRIX_LANES];
        for (uint32_t l = 0; l < MATRIX_LANES; l++)
            lanes[l] = s.raw + l * s.row_bytes;
        unsigned char *half = s.raw + 5 * s.row_bytes;
        uint32_t type = all_types[t];
        if (type == GGUF_TYPE_Q6_K)
            half += 208;
        half[0] = half[1] = 0xff;
        if (type == GGUF_TYPE_F32)
            half[2] = half[3] = 0xff;
        assert_false(llm_matrix_pack(&s.m, lanes, s.packed));
        free_sample(&s);
    }
}

/* --- products ------------------------------------------------------------------------------- */

#define MAX_ROWS 39
#define MAX_COLUMNS 1024

typedef struct activations {
    float values[MAX_ROWS * MAX_COLUMNS];
    int8_t quants[MAX_ROWS * MAX_COLUMNS];
    kernels_block blocks[MAX_ROWS * MAX_COLUMNS / 32];
    kernels_input input;
} activations;

static void make_activations(const kernels *k, activations *a, size_t rows, uint32_t columns,
                             bool extreme)
{
    for (size_t i = 0; i < rows * columns; i++)
        a->values[i] = extreme ? (next_random() % 2 ? 1.0f : -1.0f) : next_float();
    a->input = (kernels_input){.rows = rows,
                               .columns = columns,
                               .values = a->values,
                               .stride = columns,
                               .quants = a->quants,
                               .blocks = a->blocks};
    if (columns % MATRIX_BLOCK == 0)
        for (size_t i = 0; i < rows; i++) {
            size_t at = kernels_block_at(rows, columns / 32, i, 0);
            k->quantise(a->values + i * columns, columns / 32, kernels_tile_rows(rows, i),
                        a->quants + at * 32, a->blocks + at);
        }
}

/* Checks one product against doubles, element by element. */
static void check_product(const kernels *k, uint32_t type, uint32_t rows, uint32_t columns,
                          size_t count, bool extreme)
{
    static activations a;
    static float out[MAX_ROWS * 64];
    sample s = make_sample(type, rows, columns, extreme);
    make_activations(k, &a, count, columns, extreme);
    for (int add = 0; add < 2; add++) {
        for (size_t i = 0; i < CORE_COUNT(out); i++)
            out[i] = 3;
        k->multiply(&s.m, 0, s.m.groups, &a.input, out, 64, add == 1);
        for (size_t i = 0; i < count; i++)
            for (uint32_t r = 0; r < rows; r++) {
                double want = add == 1 ? 3 : 0, size = 1;
                for (uint32_t c = 0; c < columns; c++) {
                    double w = decode(type, s.raw + r * s.row_bytes, c);
                    double x = (double)a.values[i * columns + c];
                    size_t at = kernels_block_at(count, s.m.blocks, i, c / 32);
                    if (s.m.blocks > 0)
                        x = (double)a.blocks[at].scale * a.quants[at * 32 + c % 32];
                    want += w * x;
                    size += fabs(w * x);
                }
                double got = (double)out[i * 64 + r];
                if (!(fabs(got - want) <= 4e-6 * size))
                    fail_msg("%s %s %ux%u rows %zu: row %zu lane %u is %g, not %g", k->name,
                             gguf_type_name(type), rows, columns, count, i, r, got, want);
            }
    }
    free_sample(&s);
}

static void products_are_those_of_doubles(void **state)
{
    (void)state;
    const kernels *found[KERNELS_MAX + 1];
    size_t n = testable(found);
    for (size_t k = 0; k < n; k++)
        for (size_t t = 0; t < CORE_COUNT(all_types); t++)
            for (size_t count = 1; count <= MAX_ROWS; count += count < 5 ? 1 : count < 9 ? 4 : 30)
                for (int extreme = 0; extreme < 2; extreme++) {
                    const kernels *ks = found[k];
                    uint32_t type = all_types[t];
                    check_product(ks, type, 40, 768, count, extreme);
                    check_product(ks, type, 16, 256, count, extreme);
                    if (!llm_type_is_quantised(type))
                        check_product(ks, type, 20, 173, count, extreme);
                }
}

static void quantised_activations_agree(void **state)
{
    (void)state;
    const kernels *found[KERNELS_MAX + 1];
    size_t n = testable(found);
    static float x[256];
    static int8_t want[256], got[256];
    static kernels_block want_blocks[8], got_blocks[8];
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 256; i++)
            x[i] = i < 32 && round == 0 ? 0 : next_float() * (float)(round + 1);
        kernels_scalar.quantise(x, 8, 1, want, want_blocks);
        for (size_t k = 0; k < n; k++) {
            found[k]->quantise(x, 8, 1, got, got_blocks);
            for (size_t i = 0; i < 256; i++) /* a tie may round either way */
                assert_in_range(got[i] - want[i] + 1, 0, 2);
            for (size_t b = 0; b < 8; b++) {
                int pairs[4] = {0}, sum = 0;
                for (int i = 0; i < 32; i++) {
                    pairs[i / 16 * 2 + i / 2 % 2] += got[b * 32 + (size_t)i];
                    sum += got[b * 32 + (size_t)i];
                }
                const kernels_block *g = &got_blocks[b];
                assert_true(fabsf(g->scale - want_blocks[b].scale) <= 1e-6f * g->scale);
                assert_int_equal(g->low_pairs[0], pairs[0]);
                assert_int_equal(g->low_pairs[1], pairs[1]);
                assert_int_equal(g->pairs[0], pairs[0] + pairs[2]);
                assert_int_equal(g->pairs[1], pairs[1] + pairs[3]);
                assert_true(fabsf(g->scaled_sum - g->scale * (float)sum) <= 1e-4f);
            }
        }
    }
}

/* --- element-wise --------------------------------------------------------------------------- */

static void assert_near(const float *got, const float *want, size_t n, float tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= tolerance * (1 + fabsf(want[i]))))
            fail_msg("element %zu is %g, not %g", i, (double)got[i], (double)want[i]);
}

static void check_elementwise(const kernels *k, size_t n)
{
    float x[200], y[200], want[200], got[200];
    uint16_t half[200], want_half[200];
    for (size_t i = 0; i < 200; i++) {
        x[i] = next_float() * 20;
        y[i] = next_float();
    }
    kernels_scalar.rms_norm(x, y, n, 1e-5f, want);
    k->rms_norm(x, y, n, 1e-5f, got);
    assert_near(got, want, n, 1e-6f);
    memcpy(want, x, sizeof x);
    memcpy(got, x, sizeof x);
    kernels_scalar.silu_multiply(want, y, n);
    k->silu_multiply(got, y, n);
    assert_near(got, want, n, 2e-6f);
    kernels_scalar.rotate(want, y, x, n / 2);
    k->rotate(got, y, x, n / 2);
    assert_near(got, want, n, 1e-5f);
    assert_true(k->maximum(x, n) == kernels_scalar.maximum(x, n));
    memcpy(want, x, sizeof x);
    memcpy(got, x, sizeof x);
    float bias = k->maximum(x, n);
    float a = kernels_scalar.exp_sum(want, n, bias), b = k->exp_sum(got, n, bias);
    assert_near(got, want, n, 1e-6f);
    assert_near(&b, &a, 1, 1e-5f);
    k->scale(got, n, 0.5f);
    kernels_scalar.scale(want, n, 0.5f);
    assert_near(got, want, n, 1e-6f);
    a = kernels_scalar.dot(x, y, n);
    b = k->dot(x, y, n);
    assert_near(&b, &a, 1, 1e-4f);
    kernels_scalar.add_scaled(want, x, 0.3f, n);
    k->add_scaled(got, x, 0.3f, n);
    assert_near(got, want, n, 1e-6f);
    kernels_scalar.to_half(x, n, want_half);
    k->to_half(x, n, half);
    assert_memory_equal(half, want_half, n * sizeof *half);
    k->from_half(half, n, got);
    kernels_scalar.from_half(half, n, want);
    assert_memory_equal(got, want, n * sizeof *got);
}

static void check_sgemm(const kernels *k, size_t m, size_t n, size_t depth)
{
    static float a[20 * 70], b[70 * 48], want[20 * 50], got[20 * 50];
    for (size_t i = 0; i < CORE_COUNT(a); i++)
        a[i] = next_float();
    for (size_t i = 0; i < CORE_COUNT(b); i++)
        b[i] = next_float();
    for (int add = 0; add < 2; add++) {
        for (size_t i = 0; i < CORE_COUNT(want); i++)
            want[i] = got[i] = 1;
        kernels_scalar.sgemm(m, n, depth, a, 70, b, 48, want, 50, add == 1);
        k->sgemm(m, n, depth, a, 70, b, 48, got, 50, add == 1);
        assert_near(got, want, CORE_COUNT(want), 1e-5f);
    }
}

static void elementwise_kernels_agree(void **state)
{
    (void)state;
    const kernels *found[KERNELS_MAX + 1];
    size_t n = testable(found);
    for (size_t k = 0; k < n; k++) {
        const kernels *ks = found[k];
        for (size_t size = 1; size <= 200; size += size < 40 ? 1 : 32)
            check_elementwise(ks, size);
        for (size_t m = 1; m <= 20; m++)
            check_sgemm(ks, m, m % 3 * 16 + 16, m * 3 + 7);
    }
}

static void halves_convert_exactly(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float f = llm_half_to_float((uint16_t)h);
        if (isnan(f))
            assert_true(isnan(llm_half_to_float(llm_float_to_half(f))));
        else
            assert_int_equal(llm_float_to_half(f), h);
    }
    assert_int_equal(llm_float_to_half(65520.0f), 0x7c00);
    assert_int_equal(llm_float_to_half(65519.0f), 0x7bff);
    assert_int_equal(llm_float_to_half(1.0f + 0x1p-11f), 0x3c00); /* ties to even */
    assert_int_equal(llm_float_to_half(1.0f + 0x3p-11f), 0x3c02);
}

static void kernels_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(kernels_find("scalar"), &kernels_scalar);
    assert_null(kernels_find("abacus"));
    const char *names[KERNELS_MAX];
    assert_true(kernels_list(names) >= 1);
    assert_ptr_equal(kernels_find(NULL), kernels_find(names[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_rows_read_as_the_file_says),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
        cmocka_unit_test(products_are_those_of_doubles),
        cmocka_unit_test(quantised_activations_agree),
        cmocka_unit_test(elementwise_kernels_agree),
        cmocka_unit_test(halves_convert_exactly),
        cmocka_unit_test(kernels_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
