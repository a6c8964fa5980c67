/* Checks a JSON value against a JSON Schema (the part of draft 2020-12 that schemas/ uses: type,
 * properties, required, additionalProperties, patternProperties, items, minItems, maxItems, enum,
 * const, pattern, minLength, maxLength, minimum, maximum, anyOf, oneOf, allOf, $ref within the
 * document). Other keywords are ignored. No state; any thread. */
#ifndef VOUCH_CORE_JSON_SCHEMA_H
#define VOUCH_CORE_JSON_SCHEMA_H

#include <jansson.h>

#include "core/error.h"

/* STATUS_INVALID with "at /json/pointer: what" for the first breach, in document order. */
status json_schema_check(const json_t *schema, const json_t *value, error *err);

/* Parses a JSON text (UTF-8, no duplicate keys); the caller decref's the value. STATUS_SYNTAX with
 * `file`, line and column. */
status json_schema_parse(const char *file, const char *data, size_t length, json_t **out,
                         error *err);

#endif
