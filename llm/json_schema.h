/* JSON by a schema: turns a subset of JSON Schema (2020-12) into a grammar (llm/grammar.h) whose
 * texts are the JSON documents that the schema allows, in compact or lightly spaced writing.
 *
 * Understood: type (also a list), properties with required, items, prefixItems (with items false),
 * minItems, maxItems, minLength, maxLength, enum, const, anyOf, oneOf, $ref to "#", "#/$defs/..."
 * and "#/definitions/...", true. Objects have their properties in the schema's order and no others
 * (additionalProperties counts as false); without properties an object is any object. Annotations
 * are ignored. Any other keyword that would restrict the document is STATUS_UNSUPPORTED, with its
 * JSON pointer: a schema is never loosened silently. oneOf is treated as anyOf. */
#ifndef VOUCH_LLM_JSON_SCHEMA_H
#define VOUCH_LLM_JSON_SCHEMA_H

#include "core/buf.h"
#include "core/error.h"

/* Appends the grammar's text to `out`. */
status llm_json_schema_to_grammar(str schema, buf *out, error *err);

/* The grammar's text of any JSON value. */
str llm_json_grammar(void);

#endif
