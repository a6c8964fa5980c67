/* Fuzzes the UTF-8, number and date readers of core/. */
#include "core/clock.h"
#include "core/str.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_make((const char *)data, size);
    int64_t integer;
    double number;
    clock_day day;
    (void)str_to_i64(text, &integer);
    (void)str_to_double(text, &number);
    if (clock_day_parse(text, &day)) {
        char back[16];
        clock_day_format(day, back);
    }
    if (utf8_columns(text.data, size) > 2 * utf8_count(text.data, size))
        __builtin_trap();
    if (utf8_floor(text.data, size, size / 2) > size)
        __builtin_trap();
    return 0;
}
