/* Chinese numerals as statutes write them: 一 to 九千九百九十九, 〇 and 零 within. */
#ifndef VOUCH_INGEST_CHINESE_NUMBER_H
#define VOUCH_INGEST_CHINESE_NUMBER_H

#include <stdbool.h>

#include "core/str.h"

/* Reads the longest numeral at `at` (Chinese, or ASCII digits); returns its bytes, 0 when there is
 * none. */
size_t chinese_number_read(str text, size_t at, unsigned *out);

/* Writes 1-9999 and a NUL into `out`; returns the bytes written without the NUL. */
size_t chinese_number_write(unsigned value, char out[40]);

#endif
