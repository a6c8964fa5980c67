/* The feedback store: what was asked, what could have been answered, what was shown, and what
 * people thought of it. One SQLite file, feedback.db, in the service's data folder; append-only but
 * for erasure of a user's records. Questions are masked by the caller before they come here. An
 * acknowledged record is on disk. Safe from any thread. */
#ifndef VOUCH_SERVICE_FEEDBACK_H
#define VOUCH_SERVICE_FEEDBACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/str.h"

typedef struct service_feedback service_feedback;

status service_feedback_open(const char *path, service_feedback **out, error *err);
void service_feedback_close(service_feedback *f);

typedef struct feedback_interaction {
    str answer_id, graph, client, user, question, lang, status, logical_form;
    double confidence;
    str answer_json; /* the answer object with candidates and verdicts */
    int64_t at;      /* Unix seconds */
} feedback_interaction;
/* Adding the same answer id again changes nothing. */
status service_feedback_add(service_feedback *f, const feedback_interaction *i, error *err);

typedef struct feedback_judgement {
    str answer_id, graph, client, user, reason, correction;
    int rating; /* +1 or -1 */
    int64_t at;
} feedback_judgement;
/* *id is the record's number. */
status service_feedback_judge(service_feedback *f, const feedback_judgement *j, int64_t *id,
                              error *err);

/* Erases every record of a user; *erased counts them. */
status service_feedback_erase(service_feedback *f, str user, uint64_t *erased, error *err);
/* Calls back with each record as a JSON object (borrowed), oldest first, from `since`. */
typedef bool (*feedback_visit)(void *context, json_t *record);
status service_feedback_export(service_feedback *f, int64_t since, feedback_visit visit,
                               void *context, error *err);
/* {from, to, asked, answered, abstained, unanswered:[{question,count}], judged_wrong:[...]} for the
 * seconds [from, to). */
status service_feedback_report(service_feedback *f, int64_t from, int64_t to, json_t **out,
                               error *err);

#endif
