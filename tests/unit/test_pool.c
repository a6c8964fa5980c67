/* Unit tests of core/pool: each piece runs once, whatever the number of threads, loops and callers.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "core/pool.h"

#define PIECES 1000

typedef struct job {
    _Atomic uint32_t runs[PIECES];
    uint64_t plain[PIECES]; /* each written by one piece, read by the caller */
    size_t threads;
    _Atomic uint32_t bad_worker;
} job;

static void count_piece(void *context, size_t index, size_t worker)
{
    job *j = context;
    atomic_fetch_add(&j->runs[index], 1);
    j->plain[index] += index;
    if (worker >= j->threads)
        atomic_store(&j->bad_worker, 1);
}

static void each_piece_runs_once(void **state)
{
    (void)state;
    static job j;
    error err = {0};
    for (size_t threads = 1; threads <= 3; threads++) {
        pool *p = NULL;
        assert_int_equal(pool_new(threads, threads != 2, &p, &err), STATUS_OK);
        assert_true(pool_threads(p) <= pool_cores());
        memset(&j, 0, sizeof j);
        j.threads = pool_threads(p);
        pool_lock(p);
        for (uint32_t loop = 1; loop <= 2000; loop++) {
            size_t n = loop % PIECES;
            if (loop % 500 == 0)
                nanosleep(&(struct timespec){.tv_nsec = 3000000},
                          NULL); /* so that the helpers fall asleep */
            pool_run(p, n, count_piece, &j);
        }
        pool_unlock(p);
        for (uint32_t i = 0; i < PIECES; i++) {
            uint32_t want = 2 * (PIECES - 1 - i);
            assert_int_equal(atomic_load(&j.runs[i]), want);
            assert_int_equal(j.plain[i], (uint64_t)want * i);
        }
        assert_int_equal(atomic_load(&j.bad_worker), 0);
        pool_free(p);
    }
}

typedef struct caller {
    pool *p;
    job j;
} caller;

static void *call_often(void *argument)
{
    caller *c = argument;
    for (int i = 0; i < 200; i++) {
        pool_lock(c->p);
        pool_run(c->p, 50, count_piece, &c->j);
        pool_unlock(c->p);
    }
    return NULL;
}

static void callers_take_turns(void **state)
{
    (void)state;
    static caller callers[8];
    pthread_t threads[8];
    pool *p = NULL;
    error err = {0};
    assert_int_equal(pool_new(0, true, &p, &err), STATUS_OK);
    for (size_t i = 0; i < 8; i++) {
        callers[i].p = p;
        callers[i].j.threads = pool_threads(p);
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 8; i++)
        for (size_t k = 0; k < 50; k++)
            assert_int_equal(atomic_load(&callers[i].j.runs[k]), 200);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_runs_once),
        cmocka_unit_test(callers_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
