/* Writes a whole graph as N-Quads with reification (docs/GRAPH_FORMAT.md), in one consistent
 * state, without holding it in memory. */
#ifndef VOUCH_KG_EXPORT_H
#define VOUCH_KG_EXPORT_H

#include "kg/store.h"

/* Takes bytes (whole lines); false stops the export with STATUS_IO. */
typedef bool (*kg_sink)(void *context, str bytes);

status kg_export(kg_read *read, kg_sink sink, void *context, error *err);

#endif
