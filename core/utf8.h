/* UTF-8 (RFC 3629): decoding, validation, and cutting without splitting a character. Strict:
 * over-long forms, surrogates and code points above U+10FFFF are invalid. Normalisation (NFKC,
 * case folding) is utf8proc's work, not done here. */
#ifndef VOUCH_CORE_UTF8_H
#define VOUCH_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu

/* Decodes the character at data[0..length). Returns its bytes (1-4) and sets *codepoint; at an
 * invalid sequence returns 1 and sets *codepoint to UINT32_MAX; 0 only when length is 0. */
size_t utf8_decode(const char *data, size_t length, uint32_t *codepoint);

/* Writes 1-4 bytes into out; what is no scalar value is written as U+FFFD. */
size_t utf8_encode(uint32_t codepoint, char out[4]);

bool utf8_valid(const char *data, size_t length);

/* Offset of the first invalid byte; `length` when all is valid. */
size_t utf8_first_invalid(const char *data, size_t length);

/* Code points in the text; an invalid byte counts as one. */
size_t utf8_count(const char *data, size_t length);

/* The largest character boundary at or before `offset` (offset <= length). */
size_t utf8_floor(const char *data, size_t length, size_t offset);

/* True for Han ideographs (the unified blocks, extensions A-H, compatibility, U+3007). */
bool utf8_is_han(uint32_t codepoint);
/* Whether the text holds any. */
bool utf8_has_han(const char *data, size_t length);

/* Terminal columns of the text: 2 for East Asian wide, 0 for combining marks and controls. */
size_t utf8_columns(const char *data, size_t length);

#endif
