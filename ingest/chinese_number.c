/* See chinese_number.h. */
#include "ingest/chinese_number.h"

#include <stdint.h>

#include "core/compiler.h"
#include "core/utf8.h"

static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
static const struct {
    const char *text;
    unsigned value;
} units[] = {{"千", 1000}, {"百", 100}, {"十", 10}};

static bool read_digit(str text, size_t at, unsigned *out, size_t *length)
{
    str rest = str_slice(text, at, text.length);
    for (unsigned d = 0; d < 10; d++)
        if (str_starts(rest, str_from(digits[d]))) {
            *out = d;
            *length = 3;
            return true;
        }
    if (str_starts(rest, STR("〇")) || str_starts(rest, STR("○"))) {
        *out = 0;
        *length = 3;
        return true;
    }
    return false;
}

static bool read_unit(str text, size_t at, unsigned *out)
{
    for (size_t i = 0; i < CORE_COUNT(units); i++)
        if (str_starts(str_slice(text, at, text.length), str_from(units[i].text))) {
            *out = units[i].value;
            return true;
        }
    return false;
}

static size_t read_ascii(str text, size_t at, unsigned *out)
{
    size_t n = 0;
    unsigned value = 0;
    while (at + n < text.length && n < 6 && text.data[at + n] >= '0' && text.data[at + n] <= '9')
        value = value * 10 + (unsigned)(text.data[at + n++] - '0');
    *out = value;
    return n;
}

size_t chinese_number_read(str text, size_t at, unsigned *out)
{
    unsigned ascii;
    size_t n = read_ascii(text, at, &ascii);
    if (n > 0) {
        *out = ascii;
        return n;
    }
    unsigned total = 0, digit = 0, unit;
    bool have_digit = false, any = false;
    size_t i = at, length;
    while (i < text.length && i - at < 36) {
        if (read_digit(text, i, &digit, &length)) {
            have_digit = any = true;
            i += length;
        } else if (read_unit(text, i, &unit)) {
            total += (have_digit && digit > 0 ? digit : 1) * unit;
            have_digit = false;
            digit = 0;
            any = true;
            i += 3;
        } else {
            break;
        }
    }
    if (!any)
        return 0;
    *out = total + (have_digit ? digit : 0);
    return i - at;
}

size_t chinese_number_write(unsigned value, char out[40])
{
    size_t n = 0;
    bool gap = false, first = true;
    for (size_t i = 0; i <= CORE_COUNT(units); i++) {
        unsigned unit = i < CORE_COUNT(units) ? units[i].value : 1;
        unsigned d = value / unit % 10;
        if (d == 0) {
            gap = !first;
            continue;
        }
        if (gap)
            n += strlen(strcpy(out + n, digits[0]));
        if (!(first && unit == 10 && d == 1)) /* 十二, but 一百一十二 */
            n += strlen(strcpy(out + n, digits[d]));
        if (unit > 1)
            n += strlen(strcpy(out + n, units[i].text));
        first = gap = false;
    }
    out[n] = '\0';
    return n;
}
