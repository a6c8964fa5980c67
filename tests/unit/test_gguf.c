/* Unit tests of llm/gguf: a file made here, read back; then cut at every byte and bent in every
 * way that the format allows, always with an error and never a wild read. */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "core/buf.h"
#include "llm/gguf.h"

static void add_u32(buf *b, uint32_t v)
{
    buf_add(b, str_make((const char *)&v, sizeof v));
}

static void add_u64(buf *b, uint64_t v)
{
    buf_add(b, str_make((const char *)&v, sizeof v));
}

static void add_str(buf *b, const char *text)
{
    add_u64(b, strlen(text));
    buf_add_cstr(b, text);
}

static void add_tensor(buf *b, const char *name, uint64_t columns, uint64_t rows, uint32_t type,
                       uint64_t offset)
{
    add_str(b, name);
    add_u32(b, 2);
    add_u64(b, columns);
    add_u64(b, rows);
    add_u32(b, type);
    add_u64(b, offset);
}

/* What a test changes of the sound file. */
typedef struct bend {
    uint32_t version;
    uint64_t tensors, values;
    uint64_t string_count;
    uint32_t type_a;
    uint64_t columns_a, offset_b;
    const char *name_b;
    uint32_t alignment;
} bend;

static const bend sound = {3, 2, 5, 2, GGUF_TYPE_Q8_0, 32, 96, "b", 32};

static buf build(const bend *how)
{
    buf b = {0};
    buf_add_cstr(&b, "GGUF");
    add_u32(&b, how->version);
    add_u64(&b, how->tensors);
    add_u64(&b, how->values);
    add_str(&b, "general.architecture");
    add_u32(&b, GGUF_STRING);
    add_str(&b, "llama");
    add_str(&b, "general.alignment");
    add_u32(&b, GGUF_U32);
    add_u32(&b, how->alignment);
    add_str(&b, "tokens");
    add_u32(&b, GGUF_ARRAY);
    add_u32(&b, GGUF_STRING);
    add_u64(&b, how->string_count);
    add_str(&b, "ab");
    add_str(&b, "");
    add_str(&b, "scores");
    add_u32(&b, GGUF_ARRAY);
    add_u32(&b, GGUF_I32);
    add_u64(&b, 2);
    add_u32(&b, 7);
    add_u32(&b, (uint32_t)-3);
    add_str(&b, "flag");
    add_u32(&b, GGUF_BOOL);
    buf_add_char(&b, 1);
    add_tensor(&b, "a", how->columns_a, 2, how->type_a, 0);
    add_tensor(&b, how->name_b, 3, 1, GGUF_TYPE_F32, how->offset_b);
    while (b.length % 32 != 0)
        buf_add_char(&b, 0);
    for (int i = 0; i < 96 + 12; i++)
        buf_add_char(&b, (char)i);
    return b;
}

static status open_bent(const bend *how, error *err)
{
    buf b = build(how);
    gguf *g = NULL;
    status s = gguf_open_memory(b.data, b.length, "bent.gguf", &g, err);
    assert_true((s == STATUS_OK) == (g != NULL));
    gguf_close(g);
    buf_free(&b);
    return s;
}

static void check_sound(const gguf *g)
{
    str text;
    uint32_t number = 0;
    bool flag = false;
    const str *items;
    size_t count;
    int64_t score;
    assert_int_equal(gguf_version(g), 3);
    assert_int_equal(gguf_value_count(g), 5);
    assert_true(gguf_get_str(g, "general.architecture", &text) && str_equal(text, STR("llama")));
    assert_true(gguf_get_u32(g, "general.alignment", &number) && number == 32);
    assert_false(gguf_get_u32(g, "general.architecture", &number));
    assert_false(gguf_get_u32(g, "missing", &number));
    assert_true(gguf_get_bool(g, "flag", &flag) && flag);
    assert_true(gguf_get_strings(g, "tokens", &items, &count) && count == 2);
    assert_true(str_equal(items[0], STR("ab")) && str_empty(items[1]));
    assert_true(gguf_integer_at(gguf_find(g, "scores"), 1, &score) && score == -3);
    assert_false(gguf_integer_at(gguf_find(g, "scores"), 2, &score));
    const gguf_tensor *a = gguf_find_tensor(g, "a");
    const gguf_tensor *b = gguf_find_tensor(g, "b");
    assert_non_null(a);
    assert_non_null(b);
    assert_null(gguf_find_tensor(g, "c"));
    assert_int_equal(a->bytes, 68);
    assert_int_equal(b->bytes, 12);
    unsigned char bytes[12];
    error err = {0};
    assert_int_equal(gguf_tensor_read(g, b, 0, 12, bytes, &err), STATUS_OK);
    assert_int_equal(bytes[0], 96);
    assert_int_equal(bytes[11], 107);
    assert_int_equal(gguf_tensor_read(g, b, 1, 12, bytes, &err), STATUS_INVALID);
}

static void reads_memory(void **state)
{
    (void)state;
    buf b = build(&sound);
    gguf *g = NULL;
    error err = {0};
    assert_int_equal(gguf_open_memory(b.data, b.length, "m", &g, &err), STATUS_OK);
    check_sound(g);
    assert_non_null(gguf_tensor_data(g, gguf_find_tensor(g, "a")));
    gguf_close(g);
    buf_free(&b);
}

static void reads_file_and_survives_its_shrinking(void **state)
{
    (void)state;
    buf b = build(&sound);
    char path[] = "/tmp/vouch_gguf_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, b.data, b.length), b.length);
    gguf *g = NULL;
    error err = {0};
    assert_int_equal(gguf_open(path, &g, &err), STATUS_OK);
    check_sound(g);
    assert_int_equal(ftruncate(fd, 40), 0);
    unsigned char bytes[12];
    assert_int_equal(gguf_tensor_read(g, gguf_find_tensor(g, "b"), 0, 12, bytes, &err), STATUS_IO);
    gguf_close(g);
    close(fd);
    unlink(path);
    error missing = {0};
    assert_int_equal(gguf_open(path, &g, &missing), STATUS_NOT_FOUND);
    buf_free(&b);
}

static void cut_anywhere_is_an_error(void **state)
{
    (void)state;
    buf b = build(&sound);
    for (size_t length = 0; length < b.length; length++) {
        char *copy = malloc(length + 1); /* so that the sanitizer sees a read behind the end */
        memcpy(copy, b.data, length);
        gguf *g = NULL;
        error err = {0};
        assert_int_not_equal(gguf_open_memory(copy, length, "cut", &g, &err), STATUS_OK);
        assert_true(error_is_set(&err));
        assert_null(g);
        free(copy);
    }
    buf_free(&b);
}

static void flipped_bits_never_crash(void **state)
{
    (void)state;
    buf b = build(&sound);
    for (size_t bit = 0; bit < b.length * 8; bit++) {
        b.data[bit / 8] = (char)(b.data[bit / 8] ^ (1 << (bit % 8)));
        gguf *g = NULL;
        error err = {0};
        status s = gguf_open_memory(b.data, b.length, "flipped", &g, &err);
        assert_true((s == STATUS_OK) == (g != NULL));
        gguf_close(g);
        b.data[bit / 8] = (char)(b.data[bit / 8] ^ (1 << (bit % 8)));
    }
    buf_free(&b);
}

static void bent_headers_are_refused(void **state)
{
    (void)state;
    struct {
        bend how;
        status want;
        const char *says;
    } cases[11];
    size_t n = 0;
#define CASE(field, value, want_, says_)                                                           \
    cases[n].how = sound;                                                                          \
    cases[n].how.field = (value);                                                                  \
    cases[n].want = (want_);                                                                       \
    cases[n++].says = (says_)
    {
        /* clang-format off */
        CASE(version, 1, STATUS_UNSUPPORTED, "version 1");
        CASE(version, 0x03000000, STATUS_UNSUPPORTED, "version");
        CASE(tensors, UINT64_MAX, STATUS_INVALID, "absurd");
        CASE(values, (uint64_t)1 << 40, STATUS_INVALID, "absurd");
        CASE(string_count, UINT64_MAX / 8, STATUS_INVALID, "longer than the file");
        CASE(columns_a, 33, STATUS_INVALID, "does not fit its type");
        CASE(columns_a, 0, STATUS_INVALID, "does not fit its type");
        CASE(columns_a, (uint64_t)1 << 60, STATUS_INVALID, "does not fit its type");
        CASE(offset_b, 32, STATUS_INVALID, "overlap");
        CASE(name_b, "a", STATUS_INVALID, "are named 'a'");
        CASE(alignment, 24, STATUS_INVALID, "power of two");
        /* clang-format on */
    }
#undef CASE
    for (size_t i = 0; i < n; i++) {
        error err = {0};
        assert_int_equal(open_bent(&cases[i].how, &err), cases[i].want);
        assert_non_null(strstr(err.message, cases[i].says));
    }
    bend unknown = sound;
    unknown.type_a = 99; /* an unknown type is read: the model says that it is not supported */
    error err = {0};
    assert_int_equal(open_bent(&unknown, &err), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_memory),
        cmocka_unit_test(reads_file_and_survives_its_shrinking),
        cmocka_unit_test(cut_anywhere_is_an_error),
        cmocka_unit_test(flipped_bits_never_crash),
        cmocka_unit_test(bent_headers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
