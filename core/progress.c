/* See progress.h. */
#include "core/progress.h"

#include <stdio.h>

#include "core/clock.h"

#define TERMINAL_NS ((uint64_t)200000000)
#define PLAIN_NS ((uint64_t)3000000000)

void progress_start(progress_meter *m, bool terminal)
{
    m->terminal = terminal;
    m->start_ns = clock_monotonic_ns();
    m->next_ns = m->start_ns + (terminal ? TERMINAL_NS : PLAIN_NS);
}

bool progress_due(progress_meter *m)
{
    uint64_t now = clock_monotonic_ns();
    if (now < m->next_ns)
        return false;
    m->next_ns = now + (m->terminal ? TERMINAL_NS : PLAIN_NS);
    return true;
}

void progress_number(uint64_t value, buf *out)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_add_char(out, ',');
        buf_add_char(out, digits[i]);
    }
}

void progress_format(const progress_meter *m, const char *name, uint64_t bytes, uint64_t total,
                     uint64_t count, const char *unit, buf *out)
{
    double seconds = clock_elapsed_ms(m->start_ns) / 1000.0;
    double share = total > 0 ? (double)bytes / (double)total : 0;
    buf_printf(out, "%s", name);
    if (total > 0)
        buf_printf(out, "  %.1f of %.1f MB  %.0f %%", (double)bytes / 1e6, (double)total / 1e6,
                   share * 100);
    else if (bytes > 0)
        buf_printf(out, "  %.1f MB", (double)bytes / 1e6);
    buf_add_cstr(out, "  ");
    progress_number(seconds > 0 ? (uint64_t)((double)count / seconds) : 0, out);
    buf_printf(out, " %s/s", unit);
    if (share > 0.01 && share < 1) {
        unsigned left = (unsigned)(seconds / share - seconds + 0.5);
        buf_printf(out, "  %u:%02u left", left / 60, left % 60);
    }
}
