/* Writing labels of later loads with what finds them: the label rows, their grams and near keys.
 * They wait in memory and go in by large batches, each in key order. Inside kg/. */
#ifndef VOUCH_KG_NAMES_H
#define VOUCH_KG_NAMES_H

#include "kg/write.h"

/* Adds a label; literal 0: the IRI's own. `text` is as it was said. */
status kg_names_add(kg_write *w, uint64_t term, kg_label_kind kind, uint64_t literal, str text,
                    error *err);
/* Writes what waits. */
status kg_names_flush(kg_write *w, error *err);
/* Takes a label out; its number stays in the lists. */
status kg_names_drop(kg_write *w, int64_t label, error *err);
/* Empties the lists of grams and near keys and makes them anew from the labels. */
status kg_names_rebuild(kg_write *w, error *err);
void kg_names_free(struct kg_names *names); /* accepts NULL */

#endif
