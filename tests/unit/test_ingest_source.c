/* The byte source: encodings, compression and its bounds, lines, files that change, Chinese
 * numerals, progress. */
#include <fcntl.h>
#include <iconv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "core/buf.h"
#include "core/progress.h"
#include "ingest/chinese_number.h"
#include "ingest/lines.h"
#include "ingest/reader.h"
#include "tests/unit/unit.h"

static char *slurp_bytes(str bytes, const char *encoding, status expected, const char **used)
{
    error err = {0};
    ingest_source *s = NULL;
    ingest_source_options o = {.encoding = encoding};
    str out = {0};
    status st = ingest_source_memory(bytes, &o, &s, &err);
    if (st == STATUS_OK)
        st = ingest_source_slurp(s, (size_t)1 << 30, &out, &err);
    assert_int_equal(st, expected);
    if (used != NULL && s != NULL)
        *used = ingest_source_encoding(s);
    if (st != STATUS_OK)
        assert_true(err.message[0] != '\0');
    ingest_source_close(s);
    return (char *)(uintptr_t)out.data;
}

static str convert(const char *text, const char *to, char *out, size_t bytes)
{
    iconv_t ic = iconv_open(to, "UTF-8");
    char *from = (char *)(uintptr_t)text, *end = out;
    size_t left = strlen(text);
    iconv(ic, &from, &left, &end, &bytes);
    iconv_close(ic);
    return str_make(out, (size_t)(end - out));
}

static void test_encodings(void **state)
{
    (void)state;
    static const char text[] =
        "第一条 为了保护民事主体的合法权益，调整民事关系，维护社会和经济秩序。\n";
    static const char *const names[] = {"GB18030", "GBK", "UTF-16LE", "UTF-16BE", "UTF-16"};
    char bytes[1024];
    for (size_t i = 0; i < CORE_COUNT(names); i++) {
        str coded = convert(text, names[i], bytes, sizeof bytes);
        char *got = slurp_bytes(coded, NULL, STATUS_OK, NULL);
        assert_string_equal(got, text);
        free(got);
    }
    str coded = convert("\xc3\xa9t\xc3\xa9", "ISO-8859-1", bytes, sizeof bytes);
    char *got = slurp_bytes(coded, "ISO-8859-1", STATUS_OK, NULL);
    assert_string_equal(got, "\xc3\xa9t\xc3\xa9");
    free(got);
    got = slurp_bytes(STR("\xef\xbb\xbfhello"), NULL, STATUS_OK, NULL);
    assert_string_equal(got, "hello");
    free(got);
    slurp_bytes(STR("\x00\x01\x02\x03\xff\x00\x00\x00"), NULL, STATUS_SYNTAX, NULL);
    slurp_bytes(STR("\x7f"
                    "ELF\x02\x01\x01\x00\x00\x00\x00\x00"),
                NULL, STATUS_SYNTAX, NULL);
    slurp_bytes(STR("hello"), "no-such-encoding", STATUS_USAGE, NULL);
    got = slurp_bytes(STR(""), NULL, STATUS_OK, NULL);
    assert_string_equal(got, "");
    free(got);
}

static str gzip(const void *data, size_t length, char *out, size_t bytes)
{
    z_stream z = {0};
    deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *)(uintptr_t)data;
    z.avail_in = (uInt)length;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)bytes;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t n = bytes - z.avail_out;
    deflateEnd(&z);
    return str_make(out, n);
}

static void test_compression(void **state)
{
    (void)state;
    char packed[4096], twice[8192];
    str z = gzip("hello\n", 6, packed, sizeof packed);
    char *got = slurp_bytes(z, NULL, STATUS_OK, NULL);
    assert_string_equal(got, "hello\n");
    free(got);
    memcpy(twice, z.data, z.length); /* two members in a row, as `cat a.gz b.gz` makes */
    memcpy(twice + z.length, z.data, z.length);
    got = slurp_bytes(str_make(twice, 2 * z.length), NULL, STATUS_OK, NULL);
    assert_string_equal(got, "hello\nhello\n");
    free(got);
    slurp_bytes(str_make(z.data, z.length - 6), NULL, STATUS_SYNTAX, NULL);
    twice[12] ^= 0x55;
    slurp_bytes(str_make(twice, z.length), NULL, STATUS_SYNTAX, NULL);
    size_t n = ZSTD_compress(packed, sizeof packed, "zstd text", 9, 3);
    got = slurp_bytes(str_make(packed, n), NULL, STATUS_OK, NULL);
    assert_string_equal(got, "zstd text");
    free(got);
    slurp_bytes(str_make(packed, n - 3), NULL, STATUS_SYNTAX, NULL);
}

static void test_bomb(void **state)
{
    (void)state;
    size_t bytes = (size_t)1 << 30, room = (size_t)4 << 20;
    char *zeros = malloc((size_t)1 << 24), *packed = malloc(room);
    memset(zeros, ' ', (size_t)1 << 24);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_outBuffer out = {packed, room, 0};
    for (size_t done = 0; done < bytes; done += (size_t)1 << 24) {
        ZSTD_inBuffer in = {zeros, (size_t)1 << 24, 0};
        ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);
    }
    ZSTD_inBuffer none = {NULL, 0, 0};
    ZSTD_compressStream2(c, &out, &none, ZSTD_e_end);
    ZSTD_freeCCtx(c);
    error err = {0};
    ingest_source *s;
    ingest_source_options o = {0};
    assert_int_equal(ingest_source_memory(str_make(packed, out.pos), &o, &s, &err), STATUS_OK);
    status st = STATUS_OK;
    for (size_t got = 1; st == STATUS_OK && got > 0;)
        st = ingest_source_read(s, zeros, 65536, &got, &err);
    assert_int_equal(st, STATUS_LIMIT);
    ingest_source_close(s);
    free(zeros);
    free(packed);
}

static void test_long_line(void **state)
{
    (void)state;
    size_t n = INGEST_MAX_LINE * 3;
    char *text = malloc(n + 8);
    memset(text, 'x', n);
    memcpy(text + n, "\nab\r\ncd", 7);
    error err = {0};
    ingest_source *s;
    ingest_source_options o = {0};
    assert_int_equal(ingest_source_memory(str_make(text, n + 7), &o, &s, &err), STATUS_OK);
    ingest_lines lines;
    ingest_line line;
    bool more;
    ingest_lines_init(&lines, s);
    assert_int_equal(ingest_lines_next(&lines, &line, &more, &err), STATUS_OK);
    assert_true(more && line.too_long && line.number == 1);
    assert_true(lines.held.capacity < n);
    assert_int_equal(ingest_lines_next(&lines, &line, &more, &err), STATUS_OK);
    assert_true(more && line.number == 2 && str_equal(line.text, STR("ab")) && line.terminated);
    assert_int_equal(ingest_lines_next(&lines, &line, &more, &err), STATUS_OK);
    assert_true(more && str_equal(line.text, STR("cd")) && !line.terminated);
    assert_int_equal(ingest_lines_next(&lines, &line, &more, &err), STATUS_OK);
    assert_false(more);
    ingest_lines_free(&lines);
    ingest_source_close(s);
    free(text);
}

static void test_changing_file(void **state)
{
    (void)state;
    char path[] = "/tmp/vouch-test-XXXXXX";
    int fd = mkstemp(path);
    char block[4096];
    memset(block, 'a', sizeof block);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    error err = {0};
    ingest_source *s;
    ingest_source_options o = {0};
    assert_int_equal(ingest_source_open(path, &o, &s, &err), STATUS_OK);
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
    str out;
    assert_int_equal(ingest_source_slurp(s, (size_t)1 << 30, &out, &err), STATUS_INVALID);
    assert_non_null(strstr(err.message, "changed"));
    ingest_source_close(s);
    close(fd);
    unlink(path);
    err = (error){0};
    assert_int_equal(ingest_source_open("/no/such/file", &o, &s, &err), STATUS_NOT_FOUND);
    err = (error){0};
    assert_int_equal(ingest_source_open("/tmp", &o, &s, &err), STATUS_USAGE);
}

static void test_chinese_numbers(void **state)
{
    (void)state;
    char text[40];
    for (unsigned n = 1; n < 10000; n++) {
        unsigned back = 0;
        size_t bytes = chinese_number_write(n, text);
        assert_int_equal(chinese_number_read(str_from(text), 0, &back), bytes);
        assert_int_equal(back, n);
    }
    chinese_number_write(1260, text);
    assert_string_equal(text, "一千二百六十");
    chinese_number_write(105, text);
    assert_string_equal(text, "一百零五");
    chinese_number_write(12, text);
    assert_string_equal(text, "十二");
}

static void test_progress(void **state)
{
    (void)state;
    buf b = {0};
    progress_number(1234567, &b);
    progress_number(999, &b);
    assert_string_equal(b.data, "1,234,567999");
    buf_clear(&b);
    progress_meter m;
    progress_start(&m, false);
    assert_false(progress_due(&m));
    progress_format(&m, "x.nt", 500000, 1000000, 10, "statements", &b);
    assert_non_null(strstr(b.data, "0.5 of 1.0 MB  50 %"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings),     cmocka_unit_test(test_compression),
        cmocka_unit_test(test_bomb),          cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_changing_file), cmocka_unit_test(test_chinese_numbers),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
