/* See error.h. Owns no memory; safe from any thread on distinct `error` values. */
#include "core/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

static const struct {
    const char *name;
    int exit_code;
} status_table[] = {
    [STATUS_OK] = {"ok", 0},
    [STATUS_USAGE] = {"usage", 2},
    [STATUS_SYNTAX] = {"syntax", 3},
    [STATUS_INVALID] = {"invalid", 3},
    [STATUS_UNSUPPORTED] = {"unsupported", 3},
    [STATUS_NOT_FOUND] = {"not_found", 3},
    [STATUS_EXISTS] = {"exists", 3},
    [STATUS_BUSY] = {"busy", 3},
    [STATUS_LIMIT] = {"limit", 3},
    [STATUS_CANCELLED] = {"cancelled", 4},
    [STATUS_DENIED] = {"denied", 3},
    [STATUS_IO] = {"io", 3},
    [STATUS_NET] = {"net", 3},
    [STATUS_CORRUPT] = {"corrupt", 3},
    [STATUS_MEMORY] = {"memory", 4},
    [STATUS_INTERNAL] = {"internal", 4},
};

const char *status_name(status code)
{
    if ((unsigned)code >= CORE_COUNT(status_table))
        return "unknown";
    return status_table[code].name;
}

int status_exit_code(status code)
{
    if ((unsigned)code >= CORE_COUNT(status_table))
        return 4;
    return status_table[code].exit_code;
}

/* Cuts a possibly truncated message back to whole UTF-8 characters. */
static void trim_to_character(char *text, size_t bytes)
{
    size_t length = strlen(text);
    if (length + 1 < bytes)
        return;
    size_t valid = utf8_first_invalid(text, length);
    if (length - valid < 4)
        text[valid] = '\0';
}

status error_setv(error *err, status code, const char *format, va_list args)
{
    if (err == NULL || err->code != STATUS_OK)
        return code;
    err->code = code;
    vsnprintf(err->message, sizeof err->message, format, args);
    trim_to_character(err->message, sizeof err->message);
    return code;
}

status error_set(error *err, status code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error_setv(err, code, format, args);
    va_end(args);
    return code;
}

status error_set_at(error *err, status code, const char *file, uint64_t line, uint64_t column,
                    const char *format, ...)
{
    if (err == NULL || err->code != STATUS_OK)
        return code;
    va_list args;
    va_start(args, format);
    error_setv(err, code, format, args);
    va_end(args);
    err->line = line;
    err->column = column;
    if (file != NULL) {
        snprintf(err->file, sizeof err->file, "%s", file);
        trim_to_character(err->file, sizeof err->file);
    }
    return code;
}

status error_memory(error *err)
{
    return error_set(err, STATUS_MEMORY, "out of memory");
}

status error_errno(error *err, status code, int errnum, const char *what)
{
    char text[128];
    /* POSIX strerror_r: vouch compiles with _POSIX_C_SOURCE, not _GNU_SOURCE. */
    if (strerror_r(errnum, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", errnum);
    return error_set(err, code, "%s: %s", what, text);
}

bool error_is_set(const error *err)
{
    return err != NULL && err->code != STATUS_OK;
}

void error_clear(error *err)
{
    if (err != NULL)
        memset(err, 0, sizeof *err);
}

const char *error_describe(const error *err, char *out, uint64_t out_bytes)
{
    if (err->file[0] != '\0' && err->line != 0 && err->column != 0)
        snprintf(out, out_bytes, "%s:%" PRIu64 ":%" PRIu64 ": %s", err->file, err->line,
                 err->column, err->message);
    else if (err->file[0] != '\0' && err->line != 0)
        snprintf(out, out_bytes, "%s:%" PRIu64 ": %s", err->file, err->line, err->message);
    else if (err->file[0] != '\0')
        snprintf(out, out_bytes, "%s: %s", err->file, err->message);
    else if (err->line != 0)
        snprintf(out, out_bytes, "line %" PRIu64 ": %s", err->line, err->message);
    else
        snprintf(out, out_bytes, "%s", err->message);
    trim_to_character(out, out_bytes);
    return out;
}
