/* The data files of schemas/ (packs, JSON Schemas, mappings, prompts, weights), linked into the
 * binary so that one installed file works anywhere. A folder named by the environment variable
 * VOUCH_SCHEMAS, where it holds the file, comes first. Immutable; any thread. */
#ifndef VOUCH_CORE_RESOURCE_H
#define VOUCH_CORE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/str.h"

/* Larger files are refused (STATUS_LIMIT). */
#define RESOURCE_MAX_BYTES ((size_t)256 << 20)

/* The linked-in file of that name relative to schemas/ ("medical.json", "mappings/x.json"), with a
 * NUL behind it; false when there is none. Lives as long as the process. */
bool resource_embedded(str name, str *out);

/* VOUCH_SCHEMAS/name where it exists, else the linked-in file. STATUS_NOT_FOUND when there is
 * neither. The text lives in the arena or in the binary. `name` may not leave its folder. */
status resource_get(str name, arena *a, str *out, error *err);

/* A whole file as one text; STATUS_NOT_FOUND, STATUS_IO or STATUS_LIMIT. */
status resource_read_file(const char *path, arena *a, str *out, error *err);

/* Names of the linked-in files in order; false behind the last. */
bool resource_name_at(size_t index, str *out);

#endif
