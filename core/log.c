/* See log.h. No state; safe from any thread. */
#include "core/log.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/utf8.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_json_string(buf *out, str text)
{
    buf_add_char(out, '"');
    for (size_t at = 0; at < text.length;) {
        uint32_t c;
        size_t bytes = utf8_decode(text.data + at, text.length - at, &c);
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", (char)c);
        else if (c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0) || c == 0x2028 || c == 0x2029)
            buf_printf(out, "\\u%04x", c);
        else
            buf_add_codepoint(out, c == UINT32_MAX ? UTF8_REPLACEMENT : c);
        at += bytes;
    }
    buf_add_char(out, '"');
}

static void add_time(buf *line)
{
    struct timespec now;
    struct tm utc;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(line, "{\"time\":\"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

void log_write(const logger *log, log_level level, const char *event, const log_field *fields)
{
    if (log == NULL || log->fd < 0 || level < log->least)
        return;
    buf line = {0};
    add_time(&line);
    buf_printf(&line, ",\"level\":\"%s\",\"event\":\"%s\"", level_names[level], event);
    for (const log_field *f = fields; f->kind != LOG_END; f++) {
        buf_printf(&line, ",\"%s\":", f->name);
        if (f->kind == LOG_TEXT)
            log_json_string(&line, f->text);
        else if (f->kind == LOG_INTEGER)
            buf_printf(&line, "%" PRId64, f->integer);
        else
            buf_printf(&line, "%.6g", isfinite(f->number) ? f->number : 0.0);
    }
    buf_add_cstr(&line, "}\n");
    if (!line.failed) {
        ssize_t written = write(log->fd, line.data, line.length);
        (void)written; /* a log that cannot be written must not stop the service */
    }
    buf_free(&line);
}
