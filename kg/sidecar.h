/* SQLite's sidecars (-wal, -shm) of a graph whose file was replaced by rename while somebody had it
 * open: they lie beside the new file but belong to the old one. SQLite would take the old log for
 * the new file's. The -shm carries, as an extended attribute, which file it is of; where that is
 * another one, both are put aside before the file is opened (a log that holds something is kept as
 * NAME.kg-wal.replaced). Whoever has the old file open goes on with it.
 *
 * Where the file system has no extended attributes, nothing is done. Inside kg/. */
#ifndef VOUCH_KG_SIDECAR_H
#define VOUCH_KG_SIDECAR_H

#include <sys/stat.h>

#include "core/error.h"

/* Before a connection: puts sidecars of another file aside. `file` is the graph's. */
status kg_sidecar_clear(const char *path, const struct stat *file, error *err);
/* After it has read: notes which file the sidecars are of. */
void kg_sidecar_mark(const char *path, const struct stat *file);

#endif
