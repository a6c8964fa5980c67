/* The audit log: who asked what when, one JSON object a line, appended and synced before the answer
 * leaves. Each line's "at" lets lines past the retention period be dropped; a user's lines can be
 * erased. Safe from any thread of one process. */
#ifndef VOUCH_SERVICE_AUDIT_H
#define VOUCH_SERVICE_AUDIT_H

#include <stdint.h>

#include "core/error.h"
#include "core/str.h"

typedef struct service_audit service_audit;

/* retention_days 0 = for ever. */
status service_audit_open(const char *path, unsigned retention_days, service_audit **out,
                          error *err);
void service_audit_close(service_audit *audit);

typedef struct audit_entry {
    str request_id, client, user, graph, action,
        detail; /* detail: the masked question, the source */
    str outcome;
} audit_entry;
status service_audit_append(service_audit *audit, const audit_entry *entry, error *err);

/* Drops lines older than the retention period. Called about once an hour. */
status service_audit_expire(service_audit *audit, int64_t now, error *err);
/* Drops every line of a user; *erased counts them. */
status service_audit_erase(service_audit *audit, str user, uint64_t *erased, error *err);

#endif
