/* What went wrong and where. An `error` is a plain value on the caller's stack, zeroed before use;
 * the first error set wins, later ones are ignored, so that a cleanup path cannot hide the cause.
 * Messages are for people: lower case, no trailing period, with a hint after a semicolon where one
 * helps. They never contain secrets, and service/ never shows `file` to a client. */
#ifndef VOUCH_CORE_ERROR_H
#define VOUCH_CORE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/compiler.h"
#include "core/status.h"

#define ERROR_MESSAGE_BYTES 512
#define ERROR_FILE_BYTES 256

typedef struct error {
    status code;
    uint64_t line;   /* 1-based; 0 = unknown */
    uint64_t column; /* 1-based, in bytes; 0 = unknown */
    char file[ERROR_FILE_BYTES];
    char message[ERROR_MESSAGE_BYTES];
} error;

/* Sets the error (if `err` is not NULL and holds none yet) and returns `code`, so that a function
 * can `return error_set(err, STATUS_SYNTAX, "...")`. Over-long messages are cut at a character. */
status error_set(error *err, status code, const char *format, ...) CORE_PRINTF(3, 4);
status error_setv(error *err, status code, const char *format, va_list args);

/* As error_set, with a position. `file` may be NULL. */
status error_set_at(error *err, status code, const char *file, uint64_t line, uint64_t column,
                    const char *format, ...) CORE_PRINTF(6, 7);

/* STATUS_MEMORY with a message. */
status error_memory(error *err);

/* `code` with the text of the system's errno behind `what`. */
status error_errno(error *err, status code, int errnum, const char *what);

bool error_is_set(const error *err);
void error_clear(error *err);

/* Writes "file:line:column: message" (parts that are known) into `out`; returns `out`. */
const char *error_describe(const error *err, char *out, uint64_t out_bytes);

#endif
