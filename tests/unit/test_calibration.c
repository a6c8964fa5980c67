/* p(correct) and its threshold: what speaks against an answer never speaks for
 * it, and the threshold bounds the risk or says that none does. */
#include "fusion/calibration.h"

#include "tests/unit/unit.h"

enum { CASES = 600 };

/* Right where the margin is wide; every tenth the other way round. */
static calibration_case *make_cases(void)
{
    calibration_case *cases = calloc(CASES, sizeof *cases);
    assert_non_null(cases);
    for (size_t i = 0; i < CASES; i++) {
        bool wide = i % 2 == 0;
        cases[i].features[CALIBRATION_MARGIN] = wide ? 4 : 0.5;
        cases[i].features[CALIBRATION_LEFT] = wide ? 0.4 : 0.1; /* against all sense */
        cases[i].correct = wide != (i % 10 == 3 || i % 10 == 4);
    }
    return cases;
}

static void fitting_learns_what_speaks_for_an_answer(void **state)
{
    (void)state;
    calibration_case *cases = make_cases();
    calibration c = {0};
    error err = {0};
    assert_int_equal(calibration_fit(cases, CASES, 0.1, &c, &err), STATUS_OK);
    assert_true(c.weights[CALIBRATION_MARGIN] > 0);
    assert_true(c.weights[CALIBRATION_LEFT] <= 0); /* words left over never speak for it */
    double wide = calibration_probability(&c, cases[0].features);
    double narrow = calibration_probability(&c, cases[1].features);
    assert_true(wide > 0.6 && narrow < 0.4 && wide < 1 && narrow > 0);
    free(cases);
}

static void one_kind_of_case_fits_nothing(void **state)
{
    (void)state;
    calibration_case cases[8] = {0};
    calibration c = {0};
    error err = {0};
    for (size_t i = 0; i < 8; i++)
        cases[i].correct = true;
    assert_int_equal(calibration_fit(cases, 8, 0.1, &c, &err), STATUS_INVALID);
}

static void the_threshold_bounds_the_risk(void **state)
{
    (void)state;
    calibration_case *cases = make_cases();
    calibration c = {0};
    error err = {0};
    bool reached = false;
    assert_int_equal(calibration_fit(cases, CASES, 0.1, &c, &err), STATUS_OK);
    double threshold = calibration_conformal(&c, cases, CASES, 0.15, &reached);
    assert_true(reached && threshold < 1);
    size_t wrong = 0, answered = 0;
    for (size_t i = 0; i < CASES; i++)
        if (calibration_probability(&c, cases[i].features) >= threshold) {
            answered++;
            wrong += !cases[i].correct;
        }
    assert_true(answered > 0 && (double)wrong / CASES <= 0.15);
    assert_true(calibration_conformal(&c, cases, CASES, 0.0001, &reached) == 1 && !reached);
    free(cases);
}

static void the_shipped_data_is_read(void **state)
{
    (void)state;
    calibration_set set;
    error err = {0};
    assert_int_equal(calibration_open(NULL, &set, &err), STATUS_OK);
    double zh = calibration_threshold(&set.statement, STR("zh"));
    double en = calibration_threshold(&set.statement, STR("en"));
    assert_true(zh > 0 && zh < 1 && en > 0 && en < 1);
    assert_true(calibration_open("/nonexistent.json", &set, &err) != STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fitting_learns_what_speaks_for_an_answer),
        cmocka_unit_test(one_kind_of_case_fits_nothing),
        cmocka_unit_test(the_threshold_bounds_the_risk),
        cmocka_unit_test(the_shipped_data_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
