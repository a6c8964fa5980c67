/* Unit tests of core/: status and error, str, buf, arena, utf8, clock. */
#include "tests/unit/unit.h"

#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/str.h"
#include "core/utf8.h"

static void first_error_wins(void **state)
{
    (void)state;
    error err = {0};
    char text[600];
    assert_int_equal(error_set_at(&err, STATUS_SYNTAX, "a.nt", 3, 7, "bad %s", "thing"),
                     STATUS_SYNTAX);
    error_set(&err, STATUS_IO, "later");
    assert_string_equal(error_describe(&err, text, sizeof text), "a.nt:3:7: bad thing");
    assert_int_equal(status_exit_code(err.code), 3);
}

static void long_message_is_cut_at_a_character(void **state)
{
    (void)state;
    error err = {0};
    buf long_text = {0};
    for (int i = 0; i < 400; i++)
        buf_add_cstr(&long_text, "法");
    error_set(&err, STATUS_IO, "%s", long_text.data);
    assert_true(utf8_valid(err.message, strlen(err.message)));
    assert_true(strlen(err.message) > 500);
    buf_free(&long_text);
}

static void str_splits_and_parses(void **state)
{
    (void)state;
    str rest = STR("a||b");
    str field;
    assert_true(str_split(&rest, '|', &field) && str_equal(field, STR("a")));
    assert_true(str_split(&rest, '|', &field) && str_empty(field));
    assert_true(str_split(&rest, '|', &field) && str_equal(field, STR("b")));
    assert_false(str_split(&rest, '|', &field));
    int64_t i = 7;
    assert_true(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_false(str_to_i64(STR("9223372036854775808"), &i));
    assert_false(str_to_i64(STR("+"), &i));
    double d = 0;
    assert_true(str_to_double(STR("1.5e3"), &d) && d == 1500.0);
    assert_false(str_to_double(STR("0x10"), &d));
    assert_false(str_to_double(STR("inf"), &d));
    assert_int_equal(str_find(STR("abcabd"), STR("abd"), 0), 3);
    assert_int_equal(str_find(STR("abc"), STR("abd"), 0), STR_NONE);
}

static void utf8_is_strict(void **state)
{
    (void)state;
    assert_true(utf8_valid("肺结核 é", strlen("肺结核 é")));
    assert_false(utf8_valid("\xC0\xAF", 2));         /* over-long */
    assert_false(utf8_valid("\xED\xA0\x80", 3));     /* surrogate */
    assert_false(utf8_valid("\xF4\x90\x80\x80", 4)); /* above U+10FFFF */
    assert_int_equal(utf8_first_invalid("ab\xFFz", 4), 2);
    assert_int_equal(utf8_count("肺a", 4), 2);
    assert_int_equal(utf8_floor("肺a", 4, 2), 0);
    assert_int_equal(utf8_columns("肺a", 4), 3);
    for (uint32_t c = 0; c <= 0x10FFFF; c += 7) {
        char bytes[4];
        uint32_t back;
        size_t n = utf8_encode(c, bytes);
        assert_int_equal(utf8_decode(bytes, n, &back), n);
        assert_int_equal(back, c >= 0xD800 && c <= 0xDFFF ? UTF8_REPLACEMENT : c);
    }
}

static void arena_is_bounded_and_reusable(void **state)
{
    (void)state;
    arena *a = arena_new(1 << 20);
    assert_non_null(a);
    assert_null(arena_calloc(a, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(a, 2 << 20));
    assert_string_equal(arena_printf(a, "%d-%s", 5, "x"), "5-x");
    str copy = arena_str(a, STR("hello"));
    assert_string_equal(copy.data, "hello");
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    char *bytes = arena_alloc(a, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(bytes[i], 0);
    arena_free(a);
}

static void days_round_trip(void **state)
{
    (void)state;
    for (clock_day day = -700000; day < 2900000; day += 13) {
        int y, m, d;
        clock_day back;
        clock_day_to_civil(day, &y, &m, &d);
        if (y < 1 || y > 9999)
            continue;
        assert_true(clock_day_from_civil(y, m, d, &back));
        assert_int_equal(back, day);
    }
    clock_day day;
    assert_true(clock_day_parse(STR("2024-07-01"), &day));
    assert_int_equal(day, 19905);
    assert_false(clock_day_parse(STR("2023-02-29"), &day));
    assert_false(clock_day_parse(STR("2023-2-1"), &day));
    char text[16];
    clock_day_format(19905, text);
    assert_string_equal(text, "2024-07-01");
}

static void buf_grows(void **state)
{
    (void)state;
    buf b = {0};
    for (int i = 0; i < 1000; i++)
        assert_true(buf_printf(&b, "%d,", i));
    assert_true(str_ends(buf_str(&b), STR("998,999,")));
    char *taken = buf_take(&b);
    assert_non_null(taken);
    assert_null(b.data);
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(long_message_is_cut_at_a_character),
        cmocka_unit_test(str_splits_and_parses),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(arena_is_bounded_and_reusable),
        cmocka_unit_test(days_round_trip),
        cmocka_unit_test(buf_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
