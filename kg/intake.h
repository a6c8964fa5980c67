/* Statements on their way from the reader's thread to a second one that gives terms their numbers
 * and brings full batches into the tables, so that parsing and storing overlap. The thread starts
 * with the first full block: small loads never have one. Inside kg/.
 *
 * One thread puts; kg_intake_drain waits until all that was put has been taken, after which the
 * kg_write is the caller's alone until the next put. */
#ifndef VOUCH_KG_INTAKE_H
#define VOUCH_KG_INTAKE_H

#include "kg/internal.h"

typedef struct kg_intake kg_intake;

/* Takes one statement, whose texts live for the call. */
typedef status (*kg_intake_take)(void *context, const kg_new_statement *statement, error *err);

kg_intake *kg_intake_new(kg_intake_take take, void *context);
/* Copies a statement without qualifiers; the first failure of any statement before comes back. */
status kg_intake_put(kg_intake *in, const kg_new_statement *statement, error *err);
status kg_intake_drain(kg_intake *in, error *err);
/* Forgets what was not taken yet, stops the thread. Accepts NULL. */
void kg_intake_free(kg_intake *in);

#endif
