/* Induces a domain pack from a graph: its classes and relations with labels, domains, ranges and
 * statistics, and suggestions (functional, inverse) that are never applied by themselves. */
#ifndef VOUCH_FUSION_INDUCE_H
#define VOUCH_FUSION_INDUCE_H

#include <jansson.h>

#include "core/error.h"
#include "kg/store.h"

/* A new object that schemas/pack.schema.json accepts. `name` must be a pack's name. */
status induce_pack(kg_read *read, const char *name, json_t **out, error *err);

#endif
