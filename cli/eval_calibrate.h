/* What `vouch eval --cases` keeps of each answer and `--calibrate` fits from: features, whether the
 * answer was right, language, kind. One case is a line of JSON, so that sets on different graphs
 * can be joined. */
#ifndef VOUCH_CLI_EVAL_CALIBRATE_H
#define VOUCH_CLI_EVAL_CALIBRATE_H

#include "core/error.h"
#include "fusion/answer.h"

typedef struct eval_cases eval_cases;

eval_cases *eval_cases_new(void); /* NULL when out of memory */
void eval_cases_free(eval_cases *c);

/* Keeps one answer; `wrong`: it was given and a value in it is wrong; `weight`: how
 * many cases it counts as. */
status eval_cases_add(eval_cases *c, const char *set, const answer *made, bool wrong, double weight,
                      error *err);
/* Appends what was kept to a file of cases, and reads the file's whole content in its place. */
status eval_cases_join(eval_cases *c, const char *path, error *err);
/* Fits both models, sets the thresholds for `alpha` per language, writes calibration.json. */
status eval_cases_fit(const eval_cases *c, double alpha, const char *path, error *err);

#endif
