/* Log lines as JSON objects, one a line, to a file descriptor: {"time","level","event",...}. A line
 * is written with one write(2), so lines of several threads never mix. Values are escaped; what is
 * not valid UTF-8 is replaced. Secrets and questions are the caller's to leave out. */
#ifndef VOUCH_CORE_LOG_H
#define VOUCH_CORE_LOG_H

#include <stdint.h>

#include "core/str.h"

typedef enum log_level {
    LOG_DEBUG_LEVEL,
    LOG_INFO_LEVEL,
    LOG_WARN_LEVEL,
    LOG_ERROR_LEVEL
} log_level;

typedef struct logger {
    int fd;          /* -1: drop everything */
    log_level least; /* lines below are dropped */
} logger;

typedef enum log_field_kind { LOG_END, LOG_TEXT, LOG_INTEGER, LOG_NUMBER } log_field_kind;
typedef struct log_field {
    log_field_kind kind;
    const char *name;
    str text;
    int64_t integer;
    double number;
} log_field;

#define LOG_STR(name, value) ((log_field){LOG_TEXT, (name), (value), 0, 0})
#define LOG_CSTR(name, value) ((log_field){LOG_TEXT, (name), str_from(value), 0, 0})
#define LOG_INT(name, value) ((log_field){LOG_INTEGER, (name), {0}, (int64_t)(value), 0})
#define LOG_NUM(name, value) ((log_field){LOG_NUMBER, (name), {0}, 0, (value)})
#define LOG_LAST ((log_field){LOG_END, 0, {0}, 0, 0})

/* `fields` ends with LOG_LAST. */
void log_write(const logger *log, log_level level, const char *event, const log_field *fields);
#define LOG(log, level, event, ...)                                                                \
    log_write((log), (level), (event), (const log_field[]){__VA_ARGS__, LOG_LAST})

/* Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD. */
struct buf;
void log_json_string(struct buf *out, str text);

#endif
