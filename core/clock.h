/* Time: a monotonic clock for durations and the civil calendar for validity. */
#ifndef VOUCH_CORE_CLOCK_H
#define VOUCH_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* Monotonic nanoseconds since an arbitrary point. */
uint64_t clock_monotonic_ns(void);
/* Milliseconds between `since_ns` and now. */
double clock_elapsed_ms(uint64_t since_ns);
/* Seconds since 1970-01-01T00:00:00Z. */
int64_t clock_unix_seconds(void);

/* A day of the proleptic Gregorian calendar as days since 1970-01-01. */
typedef int32_t clock_day;
#define CLOCK_DAY_UNKNOWN INT32_MIN

/* Today in UTC. */
clock_day clock_today(void);
/* false when there is no such day. */
bool clock_day_from_civil(int year, int month, int day, clock_day *out);
void clock_day_to_civil(clock_day day, int *year, int *month, int *day_of_month);
/* "YYYY-MM-DD"; years 0001-9999. The whole text must match; also accepts "YYYY-MM" and "YYYY" (the
 * first day of it). */
bool clock_day_parse(str text, clock_day *out);
/* Writes "YYYY-MM-DD" and a NUL; an empty text for CLOCK_DAY_UNKNOWN. */
void clock_day_format(clock_day day, char out[16]);

#endif
