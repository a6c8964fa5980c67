/* kill -9 at random points of a first load, a load, a re-load and a deletion: afterwards the file
 * passes every check and holds exactly what it held before or what it should hold after.
 * KILLS=200 sets the number of points (default 8). */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kg/store.h"
#include "tests/unit/unit.h"

#define STATEMENTS 3000

static uint64_t state = 42;

static uint64_t next(void)
{
    uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static status say(kg_write *w, int from, int to, error *err)
{
    status code = STATUS_OK;
    for (int i = from; i < to && code == STATUS_OK; i++) {
        char s[64], o[64];
        (void)snprintf(s, sizeof s, "urn:x:s%d", i / 3);
        (void)snprintf(o, sizeof o, "value %d", i);
        kg_new_statement st = {.s = {.kind = KG_TERM_IRI, .lexical = str_from(s)},
                               .p = {.kind = KG_TERM_IRI,
                                     .lexical = STR("http://www.w3.org/2000/01/rdf-schema#label")},
                               .o = {.kind = KG_TERM_LITERAL, .lexical = str_from(o)},
                               .valid_from = CLOCK_DAY_UNKNOWN,
                               .valid_to = CLOCK_DAY_UNKNOWN,
                               .confidence = -1,
                               .line = (uint64_t)i + 1};
        code = kg_write_add(w, &st, err);
    }
    return code;
}

/* step 0: first load of a; 1: load of b; 2: re-load of a with half of it; 3: deletion of b. */
static status change(const char *path, int step, error *err)
{
    kg_store *store = NULL;
    kg_write *w = NULL;
    status code = kg_open(path, &(kg_open_options){.create = true}, &store, err);
    if (code == STATUS_OK)
        code = kg_write_begin(store, &w, err);
    if (code == STATUS_OK && step == 3)
        code = kg_write_delete_source(w, STR("b"), err);
    if (code == STATUS_OK && step != 3)
        code = kg_write_source(w, step == 1 ? STR("b") : STR("a"), STR("test"), 0.5, err);
    if (code == STATUS_OK && step == 0)
        code = say(w, 0, STATEMENTS, err);
    if (code == STATUS_OK && step == 1)
        code = say(w, STATEMENTS / 2, STATEMENTS * 2, err);
    if (code == STATUS_OK && step == 2)
        code = say(w, 0, STATEMENTS / 2, err);
    if (code == STATUS_OK)
        code = kg_write_commit(w, NULL, err);
    else
        kg_write_rollback(w);
    kg_close(store);
    return code;
}

static const uint64_t counts[] = {0, STATEMENTS, STATEMENTS * 2, STATEMENTS * 2, STATEMENTS / 2};

static void complain(void *context, const char *what)
{
    (void)context;
    print_message("check: %s\n", what);
}

/* Totals of the file, after every rule was checked; zeros when there is no file. */
static kg_totals checked(const char *path)
{
    kg_store *store = NULL;
    kg_read *read = NULL;
    kg_totals totals = {0};
    error err = {0};
    if (access(path, F_OK) != 0)
        return totals;
    if (kg_open(path, NULL, &store, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    if (kg_check(store, complain, NULL, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    assert_int_equal(kg_read_begin(store, &read, &err), STATUS_OK);
    assert_int_equal(kg_read_totals(read, &totals, &err), STATUS_OK);
    kg_read_end(read);
    kg_close(store);
    return totals;
}

static void clean(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-load", "-load-journal"};
    char name[128];
    for (size_t i = 0; i < CORE_COUNT(tails); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

/* Runs the step in a child and kills it after `delay_us`; was it done? */
static bool run_and_kill(const char *path, int step, uint64_t delay_us)
{
    pid_t child = fork();
    if (child == 0) {
        error err = {0};
        _exit(change(path, step, &err) == STATUS_OK ? 0 : 1);
    }
    struct timespec delay = {(time_t)(delay_us / 1000000), (long)(delay_us % 1000000) * 1000};
    (void)nanosleep(&delay, NULL);
    int result = 0;
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &result, 0);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

static void test_kill(void **unused)
{
    (void)unused;
    char path[64];
    const char *wanted = getenv("KILLS");
    int kills = wanted == NULL ? 8 : atoi(wanted);
    (void)snprintf(path, sizeof path, "/tmp/vouch-kill-%ld.kg", (long)getpid());
    clean(path);
    uint64_t longest = 60000;
    for (int i = 0, step = 0; i < kills; i++) {
        bool acknowledged = run_and_kill(path, step, next() % longest);
        kg_totals now = checked(path);
        uint64_t done = now.version; /* each commit adds one */
        assert_true(done == (uint64_t)step || done == (uint64_t)step + 1);
        assert_int_equal(now.statements, counts[done]);
        if (acknowledged)
            assert_int_equal(done, step + 1);
        longest = acknowledged ? longest * 9 / 10 + 1000 : longest + longest / 10;
        step = (int)done % 4;
        if (step == 0)
            clean(path);
    }
    clean(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
