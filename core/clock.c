/* See clock.h. Civil-day arithmetic after H. Hinnant, "chrono-compatible low-level date
 * algorithms": eras of 400 years = 146,097 days, years that begin in March. */
#include "core/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double clock_elapsed_ms(uint64_t since_ns)
{
    return (double)(clock_monotonic_ns() - since_ns) / 1e6;
}

int64_t clock_unix_seconds(void)
{
    return (int64_t)time(NULL);
}

clock_day clock_today(void)
{
    return (clock_day)(clock_unix_seconds() / 86400);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_day_from_civil(int year, int month, int day, clock_day *out)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month))
        return false;
    int y = month <= 2 ? year - 1 : year;
    int era = y / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    *out = era * 146097 + day_of_era - 719468;
    return true;
}

void clock_day_to_civil(clock_day days, int *year, int *month, int *day_of_month)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;
    *day_of_month = (int)(day_of_year - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

/* Reads exactly `count` digits at `at`; false when they are not there. */
static bool digits(str text, size_t at, size_t count, int *out)
{
    if (at + count > text.length)
        return false;
    int value = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (text.data[i] - '0');
    }
    *out = value;
    return true;
}

bool clock_day_parse(str text, clock_day *out)
{
    int year;
    int month = 1;
    int day = 1;
    if (!digits(text, 0, 4, &year))
        return false;
    if (text.length != 4) {
        if (text.length < 7 || text.data[4] != '-' || !digits(text, 5, 2, &month))
            return false;
        if (text.length != 7 &&
            (text.length != 10 || text.data[7] != '-' || !digits(text, 8, 2, &day)))
            return false;
    }
    return clock_day_from_civil(year, month, day, out);
}

void clock_day_format(clock_day days, char out[16])
{
    if (days == CLOCK_DAY_UNKNOWN) {
        out[0] = '\0';
        return;
    }
    int year;
    int month;
    int day;
    clock_day_to_civil(days, &year, &month, &day);
    if (year < 1 || year > 9999) {
        out[0] = '\0';
        return;
    }
    snprintf(out, 16, "%04u-%02u-%02u", (unsigned)year, (unsigned)month, (unsigned)day);
}
