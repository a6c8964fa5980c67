/* A pool of compute threads for short parallel loops (microseconds to milliseconds each).
 *
 * The caller works too: a pool of n threads has n - 1 helpers, each pinned to one of the cores that
 * the process may use. Work is handed out in pieces by one atomic counter, and a loop is done when
 * its pieces are done, not when every helper has reported: a helper that the system has taken off
 * its core delays nothing unless it holds a piece. Whoever waits spins briefly (some tens of
 * microseconds), then sleeps on a futex, so that an idle pool uses no time and a busy machine does
 * not collapse it.
 *
 * Threads: one caller at a time holds the pool (pool_lock), others wait their turn. A task must not
 * call pool_run. */
#ifndef VOUCH_CORE_POOL_H
#define VOUCH_CORE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/status.h"

typedef struct pool pool;

/* Runs piece `index`. `worker` is 0 for the caller and 1 .. threads-1 for the helpers. */
typedef void (*pool_task)(void *context, size_t index, size_t worker);

/* Cores that this process may use, at least 1. */
size_t pool_cores(void);

/* threads 0 = all cores; more than the cores are cut to them. pin false leaves placing to the
 * system. */
status pool_new(size_t threads, bool pin, pool **out, error *err);
/* Stops the helpers. Nobody may hold the pool. */
void pool_free(pool *p);

size_t pool_threads(const pool *p);

/* Takes the pool for a series of pool_run calls, and gives it back. */
void pool_lock(pool *p);
void pool_unlock(pool *p);

/* Runs task(context, i, worker) for each i below count (at most POOL_MAX_PIECES), in any order, and
 * returns when all are done. The caller holds the pool. */
#define POOL_MAX_PIECES 65535u
void pool_run(pool *p, size_t count, pool_task task, void *context);

#endif
