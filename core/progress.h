/* When to show progress, and what to write: a bar's line for a terminal several times a second, a
 * plain line every few seconds otherwise. Formats only; whoever owns the stream prints. A plain
 * value; one thread. */
#ifndef VOUCH_CORE_PROGRESS_H
#define VOUCH_CORE_PROGRESS_H

#include "core/buf.h"

typedef struct progress_meter {
    bool terminal;
    uint64_t start_ns, next_ns;
} progress_meter;

void progress_start(progress_meter *meter, bool terminal);
/* True when a line is due now; the next one is due a while later. */
bool progress_due(progress_meter *meter);

/* "NAME  12.4 MB of 30.1 MB  41 %  312,040 statements/s  0:05 left": parts that are not known are
 * left out. bytes of total (0 = unknown); count of things named `unit`. */
void progress_format(const progress_meter *meter, const char *name, uint64_t bytes, uint64_t total,
                     uint64_t count, const char *unit, buf *out);

/* 1234567 -> "1,234,567". */
void progress_number(uint64_t value, buf *out);

#endif
