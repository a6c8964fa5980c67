/* The pool's one word of state, `claim`, holds the number of the loop, its pieces and the next
 * piece to hand out. Taking a piece is one atomic add: the value that comes back says which loop
 * the piece belongs to, so a helper that was late for one loop takes a piece of the next one
 * soundly. The task and its context are plain fields: they change only while no piece is out. */
#define _GNU_SOURCE /* CPU affinity */
#include "core/pool.h"

#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIECE_BITS 20 /* room for the helpers' over-claims behind POOL_MAX_PIECES */
#define PIECE_MASK (((uint64_t)1 << PIECE_BITS) - 1)
#define LOOP_SHIFT (2 * PIECE_BITS)
#define SPINS_OF_HELPER 4000 /* of about 20 ns each */
#define SPINS_OF_CALLER 2000
#define MAX_CORES 1024

typedef struct helper {
    pool *owner;
    pthread_t thread;
    size_t worker;
} helper;

struct pool {
    _Alignas(64) _Atomic uint64_t claim; /* loop number | pieces | next piece */
    _Alignas(64) _Atomic uint32_t done;  /* pieces finished */
    _Atomic uint32_t caller_sleeps;
    _Alignas(64) _Atomic uint32_t wake; /* counts wake-ups; helpers sleep on it */
    _Atomic uint32_t sleepers;
    _Atomic uint32_t stop;
    pool_task task;
    void *context;
    uint64_t loop;
    size_t threads;
    helper *helpers;
    pthread_mutex_t lock;
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

static void futex_sleep(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static bool has_piece(uint64_t claim)
{
    return (claim & PIECE_MASK) < ((claim >> PIECE_BITS) & PIECE_MASK);
}

/* Takes pieces until none is left. */
static void work(pool *p, size_t worker)
{
    while (has_piece(atomic_load_explicit(&p->claim, memory_order_relaxed))) {
        uint64_t got = atomic_fetch_add(&p->claim, 1);
        if (!has_piece(got))
            return;
        uint32_t pieces = (uint32_t)((got >> PIECE_BITS) & PIECE_MASK);
        p->task(p->context, (size_t)(got & PIECE_MASK), worker);
        if (atomic_fetch_add(&p->done, 1) + 1 == pieces && worker != 0 &&
            atomic_load(&p->caller_sleeps) != 0)
            futex_wake(&p->done);
    }
}

/* Returns when there may be work: spins, then sleeps. */
static void await_work(pool *p)
{
    for (int i = 0; i < SPINS_OF_HELPER; i++) {
        if (has_piece(atomic_load_explicit(&p->claim, memory_order_relaxed)) ||
            atomic_load_explicit(&p->stop, memory_order_relaxed))
            return;
        relax();
    }
    uint32_t seen = atomic_load(&p->wake);
    atomic_fetch_add(&p->sleepers, 1);
    if (!has_piece(atomic_load(&p->claim)) && !atomic_load(&p->stop))
        futex_sleep(&p->wake, seen);
    atomic_fetch_sub(&p->sleepers, 1);
}

static void *helper_main(void *argument)
{
    helper *h = argument;
    while (!atomic_load(&h->owner->stop)) {
        work(h->owner, h->worker);
        await_work(h->owner);
    }
    return NULL;
}

static void wake_helpers(pool *p)
{
    if (atomic_load(&p->sleepers) == 0)
        return;
    atomic_fetch_add(&p->wake, 1);
    futex_wake(&p->wake);
}

static void await_done(pool *p, uint32_t pieces)
{
    for (int i = 0; i < SPINS_OF_CALLER; i++) {
        if (atomic_load_explicit(&p->done, memory_order_acquire) == pieces)
            return;
        relax();
    }
    atomic_store(&p->caller_sleeps, 1);
    for (;;) {
        uint32_t done = atomic_load(&p->done);
        if (done == pieces)
            break;
        futex_sleep(&p->done, done);
    }
    atomic_store(&p->caller_sleeps, 0);
}

void pool_run(pool *p, size_t count, pool_task task, void *context)
{
    if (count == 0)
        return;
    if (p->threads == 1 || count == 1) {
        for (size_t i = 0; i < count; i++)
            task(context, i, 0);
        return;
    }
    p->task = task;
    p->context = context;
    p->loop++;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    atomic_store(&p->claim, p->loop << LOOP_SHIFT | (uint64_t)count << PIECE_BITS);
    wake_helpers(p);
    work(p, 0);
    await_done(p, (uint32_t)count);
}

/* --- making and ending ---------------------------------------------------------------------- */

size_t pool_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : (size_t)n;
}

/* Pins helper `worker` to the worker-th of the cores that the process may use. */
static void pin(const helper *h)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    size_t seen = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || seen++ != h->worker)
            continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        pthread_setaffinity_np(h->thread, sizeof one, &one);
        return;
    }
}

status pool_new(size_t threads, bool pinned, pool **out, error *err)
{
    size_t cores = pool_cores();
    if (threads == 0 || threads > cores)
        threads = cores;
    if (threads > MAX_CORES)
        threads = MAX_CORES;
    pool *p = aligned_alloc(64, (sizeof *p + 63) / 64 * 64);
    helper *helpers = calloc(threads, sizeof *helpers);
    if (p == NULL || helpers == NULL) {
        free(p);
        free(helpers);
        return error_memory(err);
    }
    *p = (pool){.threads = 1, .helpers = helpers};
    pthread_mutex_init(&p->lock, NULL);
    for (size_t i = 1; i < threads; i++) {
        helper *h = &helpers[i];
        *h = (helper){.owner = p, .worker = i};
        int failed = pthread_create(&h->thread, NULL, helper_main, h);
        if (failed != 0) {
            pool_free(p);
            return error_errno(err, STATUS_LIMIT, failed, "cannot start a compute thread");
        }
        p->threads++;
        if (pinned)
            pin(h);
    }
    *out = p;
    return STATUS_OK;
}

void pool_free(pool *p)
{
    if (p == NULL)
        return;
    atomic_store(&p->stop, 1);
    atomic_fetch_add(&p->wake, 1);
    futex_wake(&p->wake);
    for (size_t i = 1; i < p->threads; i++)
        pthread_join(p->helpers[i].thread, NULL);
    pthread_mutex_destroy(&p->lock);
    free(p->helpers);
    free(p);
}

size_t pool_threads(const pool *p)
{
    return p->threads;
}

void pool_lock(pool *p)
{
    pthread_mutex_lock(&p->lock);
}

void pool_unlock(pool *p)
{
    pthread_mutex_unlock(&p->lock);
}
