/* What every unit test includes: cmocka with the headers that it expects before it. */
#ifndef VOUCH_TESTS_UNIT_H
#define VOUCH_TESTS_UNIT_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#endif
