/* The packed lists of later loads: how the rows from KG_LATER on are found. Inside kg/.
 *
 * A batch of rows comes in the order (s, p, o), numbered upwards, so that a subject's are a range
 * (later_out). An object's few rows are one blob of groups (later_in, as base_in's), many go by
 * pieces to base_hub, a relation's to base_relation. later_id: by the upper 12 bits of a
 * statement's id, entries of 8 bytes (the next 32 bits, the row). Lists only grow; a list whose
 * rows are mostly gone is made anew from the rows (kg_later_rebuild). */
#ifndef VOUCH_KG_LATER_H
#define VOUCH_KG_LATER_H

#include "kg/base.h"

typedef struct kg_later_row {
    uint32_t s, p, o, n;
    uint64_t id;
} kg_later_row;

/* Writes the lists of rows in the order (s, p, o), n ascending. */
status kg_later_put(kg_db *db, const kg_later_row *rows, size_t count, error *err);
/* Empties the lists of later rows and makes them anew. */
status kg_later_rebuild(kg_db *db, error *err);

/* Ranges [first, end) of a subject's later rows; the callback returns false to stop. */
typedef bool (*kg_later_visit)(void *context, int64_t first, int64_t end);
status kg_later_out(kg_db *db, kg_id s, kg_later_visit visit, void *context, error *err);
/* Rows whose id may be `id`, at most `most`. */
status kg_later_id(kg_db *db, kg_statement_id id, uint32_t *rows, size_t most, size_t *count,
                   error *err);

#endif
