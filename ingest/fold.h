/* Folds vouch's own export back (docs/GRAPH_FORMAT.md): the lines that describe a statement become
 * its validity, qualifiers and origins again, each under the source of its name. Plain lines are
 * passed over, since their description says the same and more. One thread. */
#ifndef VOUCH_INGEST_FOLD_H
#define VOUCH_INGEST_FOLD_H

#include "ingest/sink.h"

typedef struct ingest_fold ingest_fold;

/* Does a text begin as an export does? */
bool ingest_fold_looks(str head);

/* STATUS_UNSUPPORTED when the sink takes no sources. `where` names the file in errors. */
status ingest_fold_new(const ingest_sink *sink, const char *where, ingest_fold **out, error *err);
void ingest_fold_free(ingest_fold *fold);
/* One line's statement. */
status ingest_fold_take(ingest_fold *fold, const kg_new_statement *line, error *err);
/* Behind the last line; STATUS_SYNTAX when the export's tail is missing or counts otherwise. */
status ingest_fold_finish(ingest_fold *fold, error *err);

#endif
