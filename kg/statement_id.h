/* Stable hashes of terms and statements: the same in every graph and on every machine.
 *
 * A term's hash is XXH3-64 of its canonical text: `<iri>`, `_:label`, `"lexical"`,
 * `"lexical"@lang`, `"lexical"^^<datatype>` (unescaped). A statement's id is XXH3-64 of the
 * little-endian sequence hash(s), hash(p), hash(o), hash(g) or 0, valid_from, valid_to (64 bits
 * each, unknown = INT32_MIN), hash of its qualifiers or 0. Qualifiers hash by XXH3-64 chained over
 * their (hash(predicate), hash(object)) pairs in ascending order: their order does not matter. */
#ifndef VOUCH_KG_STATEMENT_ID_H
#define VOUCH_KG_STATEMENT_ID_H

#include <stddef.h>
#include <stdint.h>

#include "kg/term.h"

typedef struct kg_statement_key {
    uint64_t s, p, o, g; /* term hashes; g 0 = default graph */
    clock_day valid_from, valid_to;
    uint64_t qualifiers; /* kg_qualifiers_hash; 0 = none */
} kg_statement_key;

uint64_t kg_term_hash(kg_term term);
/* Sorts `pairs` (predicate hash, object hash) in place; 0 when count is 0, else never 0. */
uint64_t kg_qualifiers_hash(uint64_t (*pairs)[2], size_t count);
kg_statement_id kg_statement_id_of(const kg_statement_key *key);

#endif
